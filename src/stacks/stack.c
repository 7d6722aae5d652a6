#include "stacks/stack.h"

#define X(name)                                          \
	extern const cfg_section stack_##name##_section; \
	extern const char stack_##name##_help[];
#include "stacks/stacks.def"
#undef X

const stack_ops *const stack_table[] = {
#define X(name) &stack_##name,
#include "stacks/stacks.def"
#undef X
};

const size_t stack_table_num = sizeof(stack_table) / sizeof(stack_table[0]);

static const cfg_variant_row stack_rows[] = {
#define X(scheme) { .name = #scheme, .help = stack_##scheme##_help, .section = &stack_##scheme##_section },
#include "stacks/stacks.def"
#undef X
};

const cfg_variants stack_variants = {
	.tag = "kind",
	.rows = stack_rows,
	.num_rows = sizeof(stack_rows) / sizeof(stack_rows[0]),
};

nescsim_status stack_build_vcpus(const stack_vm *vm, const vcpu_stack *stack)
{
	for (uint32_t i = 0; i < vm->num_vcpus; i++) {
		const vcpu_config config = {
			.stack = stack,
			.host = vm->host,
			.guest = vm->guest,
			.hypervisor = vm->hypervisor,
			.nesc = vm->nesc,
			.seed = vm->seed,
			.sriov = vm->sriov,
			.layout = vm->layout,
			.vm = vm->vm,
			.index = i,
			.source = vm->sources[i],
			.log = i == 0 ? vm->log : NULL,
			.logged_number = vm->logged_number,
			.book = vm->books[i],
			.violated = vm->violated,
			.checker = vm->checker,
			.completed = vm->completed,
			.context = vm->context,
		};

		vm->vcpus_out[i] = vcpu_create(vm->kernel, vm->device, &config);
		if (vm->vcpus_out[i] == NULL)
			return NESCSIM_NO_MEMORY;
	}
	return NESCSIM_OK;
}
