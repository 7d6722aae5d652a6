/* Direct assignment of the whole device to one VM: its driver drives the PF, the IOMMU keeps it to its memory. No hypervisor on
 * the way, no copies, and no protection of the medium: the upper bound. Nothing can be shared. */
#include "stacks/rows.h"
#include "stacks/stack.h"

static const core_segment segments[] = { ROWS_OF_A_GUEST, ROWS_OF_A_VF_DRIVER };

static const vcpu_stack stack = { .table = CORE_TABLE(segments), .on_pf = true, .in_guest = true };

const char stack_vfio_help[] = "The whole device assigned to one VM, unprotected: the upper bound.";
const cfg_section stack_vfio_section = { .name = "schemes.vfio", .keys = NULL, .num_keys = 0, .struct_bytes = 1 };

const stack_ops stack_vfio = {
	.name = "vfio",
	.help = stack_vfio_help,
	.section = &stack_vfio_section,
	.uses_pf = true,
	.max_vms = 1,
	.vcpus = &stack,
};
