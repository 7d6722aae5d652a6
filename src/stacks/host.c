/* The baseline: a process per tenant on the bare machine, on the PF's block device, at the very places of the medium that
 * the tenant's file occupies. No guest, no virtualization, no copies. */
#include "stacks/stack.h"

static const core_segment segments[] = {
	{ PHASE_APP_SUBMIT, "system call", STAGE_APP, CPU_KERNEL, COST_HOST_SYSCALL, false, WHEN_ALWAYS, 0 },
	{ PHASE_BLOCK_SUBMIT, "block layer", STAGE_BLOCK, CPU_KERNEL, COST_HOST_BLOCK_SUBMIT, false, WHEN_ALWAYS, 0 },
	{ PHASE_DRIVER_SUBMIT, "PF driver", STAGE_DRIVER, CPU_KERNEL, COST_HOST_DRIVER, false, WHEN_ALWAYS, 0 },
	{ PHASE_COMMAND_WRITE, "register write", STAGE_DOORBELL, CPU_KERNEL, COST_MMIO_WRITE, false, WHEN_ALWAYS, 0 },
	{ PHASE_NODE_WRITE, "register write", STAGE_DOORBELL, CPU_KERNEL, COST_MMIO_WRITE, false, WHEN_ALWAYS, 0 },
	{ PHASE_IRQ_HANDLER, "interrupt handler", STAGE_COMPLETE, CPU_KERNEL, COST_HOST_IRQ_HANDLER, false, WHEN_ALWAYS,
	  0 },
	{ PHASE_IRQ_NEXT, "next completion", STAGE_COMPLETE, CPU_KERNEL, COST_HOST_IRQ_NEXT, false, WHEN_ALWAYS, 0 },
	{ PHASE_BLOCK_COMPLETE, "block layer", STAGE_COMPLETE, CPU_KERNEL, COST_HOST_BLOCK_COMPLETE, false, WHEN_ALWAYS,
	  0 },
	{ PHASE_APP_WAKE, "process wakes", STAGE_APP, CPU_KERNEL, COST_HOST_PROCESS_WAKE, false, WHEN_ALWAYS, 0 },
	{ PHASE_APP_RETURN, "system call returns", STAGE_APP, CPU_KERNEL, COST_HOST_SYSCALL_RETURN, false, WHEN_ALWAYS,
	  0 },
	{ PHASE_DISCARD, "discard refused", STAGE_BLOCK, CPU_KERNEL, COST_HOST_DISCARD, false, WHEN_ALWAYS, 0 },
};

static const vcpu_stack stack = {
	.table = CORE_TABLE(segments),
	.on_pf = true,
	.trampoline = false,
	.in_guest = false,
};

const char stack_host_help[] = "One process per tenant on the bare machine, no virtualization: the baseline.";
const cfg_section stack_host_section = { .name = "schemes.host", .keys = NULL, .num_keys = 0, .struct_bytes = 1 };

const stack_ops stack_host = {
	.name = "host",
	.help = stack_host_help,
	.section = &stack_host_section,
	.uses_vfs = false,
	.uses_pf = true,
	.vcpus = &stack,
};
