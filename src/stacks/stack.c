#include "stacks/stack.h"

#include "host/hypervisor.h"

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

const char *const stack_cache_choices[] = { "none", "writethrough", "writeback", NULL };
const char *const stack_aio_choices[] = { "threads", "native", NULL };

void stack_backing_check(const stack_backing *backing, cfg_check *check)
{
	if (backing->aio == STACK_AIO_NATIVE && backing->cache != HOST_CACHE_NONE)
		cfg_conflict(check, "aio", "threads, or cache: none",
			     "the host's asynchronous I/O blocks where it goes through the page cache");
}

uint32_t stack_num_threads(const stack_ops *ops)
{
	return ops->serve != NULL ? 1 : 0;
}

/* The VM's cores; with a thread, driving its queues. */
static nescsim_status build_vcpus(const stack_vm *vm, const vcpu_stack *stack, io_thread *thread)
{
	for (uint32_t i = 0; i < vm->num_vcpus; i++) {
		const vcpu_config config = {
			.stack = *stack,
			.host = vm->host,
			.guest = vm->guest,
			.hypervisor = vm->hypervisor,
			.nesc = vm->nesc,
			.seed = vm->seed,
			.sriov = vm->sriov,
			.layout = vm->layout,
			.queue = thread == NULL ? NULL : io_thread_queue(thread, i),
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

/* This VM's share of the host filesystem's journal. */
static journal_area journal_share(const stack_vm *vm)
{
	const uint64_t num_blocks =
		(uint64_t)vm->hypervisor->journal_area_bytes / TREE_BLOCK_BYTES / vm->plan->num_disks;
	const uint64_t first_block = hypervisor_file_blocks(vm->plan, vm->hypervisor, vm->medium_blocks);

	return (journal_area){ .first_block = first_block + (vm->vm - 1) * num_blocks, .num_blocks = num_blocks };
}

static nescsim_status build_served(const stack_vm *vm, const stack_served *served)
{
	const stack_backing *backing = &served->backing;
	const uint32_t features = served->features | (backing->is_file ? WHEN_FILE : 0) |
				  (backing->cache != HOST_CACHE_NONE ? WHEN_CACHED : 0) |
				  (backing->aio == STACK_AIO_NATIVE ? WHEN_AIO_NATIVE : WHEN_AIO_THREADS);
	vcpu_stack guest = *served->guest;
	io_thread_config config = {
		.table = served->thread,
		.features = features,
		.host = vm->host,
		.guest = vm->guest,
		.hypervisor = vm->hypervisor,
		.seed = vm->seed,
		.vm = vm->vm,
		.num_queues = vm->num_vcpus,
		.device = served->device,
		.path = { .host = vm->host,
			  .nesc = vm->nesc,
			  .layout = vm->layout,
			  .cache = (host_cache)backing->cache,
			  .device_is_volatile = vm->volatile_cache,
			  .is_file = backing->is_file,
			  .pf_ring = vm->vm - 1,
			  .is_checked = vm->is_checked,
			  .max_requests = served->device.max_requests * vm->num_vcpus,
			  .max_request_bytes = served->merge_bytes > served->device.max_request_bytes
						       ? served->merge_bytes
						       : served->device.max_request_bytes,
			  .cache_pages = (uint32_t)(vm->host->page_cache_bytes / PAGE_CACHE_PAGE_BYTES),
			  .max_dirty_pages = (uint32_t)(vm->host->dirty_bytes / PAGE_CACHE_PAGE_BYTES),
			  .writeback_pages = (uint32_t)(vm->host->writeback_bytes / PAGE_CACHE_PAGE_BYTES) },
		.poll_ps = served->poll_ps,
		.merge_bytes = served->merge_bytes,
		.pool = vm->io_cores,
	};

	guest.features |= features;
	if (config.path.max_dirty_pages > config.path.cache_pages)
		config.path.max_dirty_pages = config.path.cache_pages;
	config.device.has_volatile_cache = backing->cache != HOST_CACHE_WRITETHROUGH;
	if (backing->is_file && storage_has_holes(vm->plan)) {
		file_map_arena(vm->plan, hypervisor_file_blocks(vm->plan, vm->hypervisor, vm->medium_blocks), vm->vm,
			       &config.path.arena_first_block, &config.path.arena_num_blocks);
		config.path.journal = journal_share(vm);
	}
	*vm->thread_out = io_thread_create(vm->kernel, vm->device, &config);
	if (*vm->thread_out == NULL)
		return NESCSIM_NO_MEMORY;
	return build_vcpus(vm, &guest, *vm->thread_out);
}

nescsim_status stack_build(const stack_ops *ops, const void *params, const stack_vm *vm)
{
	stack_served served;

	if (ops->serve == NULL)
		return build_vcpus(vm, ops->vcpus, NULL);
	ops->serve(params, &served);
	return build_served(vm, &served);
}
