/* The self-virtualizing controller: the guest's driver drives its VF by itself. No hypervisor on the way, but the prototype
 * has no posted interrupts (an exit or a wake-up per interrupt, an exit at its end) and copies through trampolines; with
 * host.interrupts=posted and device.sriov=true it has neither (configs/nesc-sriov.yaml). */
#include "stacks/rows.h"
#include "stacks/stack.h"

static const core_segment segments[] = {
	ROWS_OF_A_GUEST,
	ROWS_OF_A_VF_DRIVER,
	{ PHASE_NODE_COPY, "copy to the trampoline", STAGE_COPY, CPU_GUEST, COST_NONE, true, WHEN_COPIES, 0 },
	{ PHASE_PIECE_COPY, "copy from the trampoline", STAGE_COPY, CPU_GUEST, COST_NONE, true, WHEN_COPIES, 0 },
};

static const vcpu_stack stack = {
	.table = CORE_TABLE(segments),
	.on_pf = false,
	.trampoline = true,
	.in_guest = true,
};

const char stack_nesc_help[] =
	"NeSC: each VM drives a virtual function of the controller, which walks its extent tree.";
const cfg_section stack_nesc_section = { .name = "schemes.nesc", .keys = NULL, .num_keys = 0, .struct_bytes = 1 };

const stack_ops stack_nesc = {
	.name = "nesc",
	.help = stack_nesc_help,
	.section = &stack_nesc_section,
	.uses_vfs = true,
	.uses_pf = false,
	.vcpus = &stack,
};
