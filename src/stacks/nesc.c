/* The self-virtualizing controller: the guest's driver drives its VF by itself. No hypervisor on the way, but the prototype
 * has no posted interrupts (an exit or a wake-up per interrupt, an exit at its end) and copies through trampolines; with
 * host.interrupts=posted and device.sriov=true it has neither (configs/nesc-sriov.yaml). */
#include "stacks/stack.h"

static const core_segment segments[] = {
	{ PHASE_APP_SUBMIT, "system call", STAGE_APP, CPU_GUEST, COST_GUEST_SYSCALL, false, WHEN_ALWAYS, 0 },
	{ PHASE_BLOCK_SUBMIT, "guest block layer", STAGE_BLOCK, CPU_GUEST, COST_GUEST_BLOCK_SUBMIT, false, WHEN_ALWAYS,
	  0 },
	{ PHASE_DRIVER_SUBMIT, "VF driver", STAGE_DRIVER, CPU_GUEST, COST_GUEST_DRIVER, false, WHEN_ALWAYS, 0 },
	{ PHASE_COMMAND_WRITE, "register write", STAGE_DOORBELL, CPU_GUEST, COST_MMIO_WRITE, false, WHEN_ALWAYS, 0 },
	{ PHASE_NODE_COPY, "copy to the trampoline", STAGE_COPY, CPU_GUEST, COST_NONE, true, WHEN_COPIES, 0 },
	{ PHASE_NODE_WRITE, "register write", STAGE_DOORBELL, CPU_GUEST, COST_MMIO_WRITE, false, WHEN_ALWAYS, 0 },
	{ PHASE_IDLE_ENTER, "HLT exit", STAGE_INTERRUPT, CPU_KVM, COST_EXIT_HLT, false, WHEN_ALWAYS, 0 },
	{ PHASE_IRQ_IDLE, "wake-up and injection", STAGE_INTERRUPT, CPU_KVM, COST_HLT_WAKE, false, WHEN_ALWAYS, 0 },
	{ PHASE_IRQ_BUSY, "interrupt exit and injection", STAGE_INTERRUPT, CPU_KVM, COST_EXIT_INTERRUPT, false,
	  WHEN_EXITS, 0 },
	{ PHASE_IRQ_BUSY, "posted interrupt", STAGE_INTERRUPT, CPU_GUEST, COST_POSTED_INTERRUPT, false, WHEN_POSTED,
	  0 },
	{ PHASE_IRQ_HANDLER, "interrupt handler", STAGE_COMPLETE, CPU_GUEST, COST_GUEST_IRQ_HANDLER, false, WHEN_ALWAYS,
	  0 },
	{ PHASE_IRQ_HANDLER, "EOI exit", STAGE_INTERRUPT, CPU_KVM, COST_EXIT_EOI, false, WHEN_EXITS, 0 },
	{ PHASE_IRQ_NEXT, "next completion", STAGE_COMPLETE, CPU_GUEST, COST_GUEST_IRQ_NEXT, false, WHEN_ALWAYS, 0 },
	{ PHASE_PIECE_COPY, "copy from the trampoline", STAGE_COPY, CPU_GUEST, COST_NONE, true, WHEN_COPIES, 0 },
	{ PHASE_BLOCK_COMPLETE, "guest block layer", STAGE_COMPLETE, CPU_GUEST, COST_GUEST_BLOCK_COMPLETE, false,
	  WHEN_ALWAYS, 0 },
	{ PHASE_APP_WAKE, "process wakes", STAGE_APP, CPU_GUEST, COST_GUEST_PROCESS_WAKE, false, WHEN_ALWAYS, 0 },
	{ PHASE_APP_RETURN, "system call returns", STAGE_APP, CPU_GUEST, COST_GUEST_SYSCALL_RETURN, false, WHEN_ALWAYS,
	  0 },
	{ PHASE_DISCARD, "discard refused", STAGE_BLOCK, CPU_GUEST, COST_GUEST_DISCARD, false, WHEN_ALWAYS, 0 },
};

static const vcpu_stack stack = {
	.table = CORE_TABLE(segments),
	.on_pf = false,
	.trampoline = true,
	.in_guest = true,
};

static nescsim_status nesc_build(const stack_vm *vm, const void *params)
{
	(void)params;
	return stack_build_vcpus(vm, &stack);
}

const char stack_nesc_help[] =
	"NeSC: each VM drives a virtual function of the controller, which walks its extent tree.";
const cfg_section stack_nesc_section = { .name = "schemes.nesc", .keys = NULL, .num_keys = 0, .struct_bytes = 1 };

const stack_ops stack_nesc = {
	.name = "nesc",
	.help = stack_nesc_help,
	.section = &stack_nesc_section,
	.uses_vfs = true,
	.uses_pf = false,
	.build = nesc_build,
};
