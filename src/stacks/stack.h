/* Virtualization schemes. A scheme is one file with a stack_ops table and one line in stacks.def. */
#ifndef STACKS_STACK_H
#define STACKS_STACK_H

#include "host/vcpu.h"

/* What a scheme builds on: one VM (or tenant) at a time. */
typedef struct stack_vm {
	sim_kernel *kernel;
	nesc_device *device;
	const host_config *host;
	const guest_config *guest;
	const hypervisor_config *hypervisor;
	const nesc_config *nesc;
	uint64_t seed;
	bool sriov; /* true SR-IOV: VFs are known to the IOMMU */
	const disk_layout *layout;
	uint32_t vm; /* from 1 */
	uint32_t num_vcpus;
	source *const *sources; /* by vCPU; NULL: nothing to do */
	stage_log *log;         /* vcpu_config.log, for the first vCPU; NULL: none */
	uint64_t logged_number;
	ledger *const *books; /* by vCPU: vcpu_config.book and what belongs to it */
	void (*violated)(void *checker, const ledger_violation *violation);
	void *checker;
	void (*completed)(void *context, const vcpu_completion *completion);
	void *context;
	vcpu **vcpus_out; /* num_vcpus entries to fill in */
} stack_vm;

typedef struct stack_ops {
	const char *name;
	const char *help;
	const cfg_section *section; /* schemes.<name>.… */
	bool uses_vfs, uses_pf;     /* what the device must have */
	/* Connects one VM. Returns NESCSIM_OK or NESCSIM_NO_MEMORY. */
	nescsim_status (*build)(const stack_vm *vm, const void *params);
} stack_ops;

#define X(name) extern const stack_ops stack_##name;
#include "stacks/stacks.def"
#undef X

/* For schemes whose VMs drive the device themselves: a vCPU per ring, all with the same table. */
nescsim_status stack_build_vcpus(const stack_vm *vm, const vcpu_stack *stack);

extern const stack_ops *const stack_table[];
extern const size_t stack_table_num;
extern const cfg_variants stack_variants; /* of `schemes` */

#endif
