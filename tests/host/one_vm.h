/* One VM and its device from config text, with the parts in reach. */
#ifndef TESTS_HOST_ONE_VM_H
#define TESTS_HOST_ONE_VM_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "host/hypervisor.h"
#include "run/scenario.h"

typedef struct one_vm {
	cfg_document *document;
	nescsim_diag *diag;
	scenario config;
	disk_layout layout;
	sim_kernel *kernel;
	nesc_device *device;
	source *source;
	vcpu *vcpu;
} one_vm;

static inline void one_vm_load(one_vm *self, const char *yaml)
{
	memset(self, 0, sizeof(*self));
	self->diag = nescsim_diag_create();
	if (cfg_load_text("one vm", yaml, NULL, 0, self->diag, &self->document) != NESCSIM_OK ||
	    cfg_decode(self->document, &scenario_section, &self->config, self->diag) != NESCSIM_OK) {
		nescsim_diag_print(self->diag, stderr);
		fail_msg("bad config");
	}
	assert_int_equal(disk_layout_init(&self->layout, &((vm_config *)self->config.vms.items)->disk, 0, 1, 1),
			 NESCSIM_OK);
	self->kernel = sim_kernel_create(SIM_CLUSTERED);
}

/* memory_bytes 0: as much as the hypervisor says that it needs. */
static inline void one_vm_make_device(one_vm *self, uint32_t num_vfs, uint64_t memory_bytes)
{
	const nesc_device_config config = {
		.device = &self->config.device,
		.nesc = &self->config.nesc,
		.link = &self->config.link,
		.medium = scenario_medium(&self->config),
		.medium_params = self->config.media.params,
		.seed = 1,
		.num_vfs = num_vfs,
		.uses_pf = num_vfs == 0,
		.memory_bytes = memory_bytes != 0 ? memory_bytes
						  : hypervisor_memory_bytes(&self->config.nesc, &self->layout, 1, 1),
	};

	self->device = nesc_device_create(self->kernel, &config);
	assert_non_null(self->device);
}

static inline const stack_ops *stack_named(const char *name)
{
	for (size_t i = 0; i < stack_table_num; i++)
		if (strcmp(stack_table[i]->name, name) == 0)
			return stack_table[i];
	fail_msg("no scheme %s", name);
	return NULL;
}

static inline void one_vm_completed(void *context, const vcpu_completion *completion)
{
	(void)context;
	(void)completion;
}

/* Builds the scheme over the VM and runs it to its end. */
static inline void one_vm_run(one_vm *self, const char *yaml, const stack_ops *stack)
{
	const vm_config *kind;
	source_context at = { .seed = 1, .vm = 1, .num_vcpus = 1 };
	stack_vm vm;

	one_vm_load(self, yaml);
	kind = self->config.vms.items;
	one_vm_make_device(self, stack->uses_vfs ? 1 : 0, 0);
	if (stack->uses_vfs)
		assert_int_equal(hypervisor_create_vf(self->device, &self->config.nesc, 1, &self->layout, 1),
				 NESCSIM_OK);
	at.disk_bytes = self->layout.num_bytes;
	at.instructions_per_ns_milli = self->config.guest.instructions_per_ns_milli;
	assert_int_equal(source_open(&kind->workload, &at, NULL, self->diag, &self->source), NESCSIM_OK);
	vm = (stack_vm){
		.kernel = self->kernel,
		.device = self->device,
		.host = &self->config.host,
		.guest = &self->config.guest,
		.nesc = &self->config.nesc,
		.layout = &self->layout,
		.vm = 1,
		.num_vcpus = 1,
		.sources = &self->source,
		.completed = one_vm_completed,
		.vcpus_out = &self->vcpu,
	};
	assert_int_equal(stack->build(&vm, NULL), NESCSIM_OK);
	nesc_device_seal(self->device);
	assert_int_equal(sim_run(self->kernel), SIM_FINISHED);
}

static inline void one_vm_free(one_vm *self)
{
	sim_kernel_destroy(self->kernel);
	vcpu_destroy(self->vcpu);
	source_close(self->source);
	nesc_device_destroy(self->device);
	disk_layout_fini(&self->layout);
	nescsim_diag_destroy(self->diag);
	cfg_document_destroy(self->document);
}

#endif
