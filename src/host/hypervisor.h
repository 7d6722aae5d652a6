/* The hypervisor: makes VFs out of files before the run, and looks after them while it goes on.
 *
 * At run time it is one thread of the host on a core of its own, driving the PF: it serves misses one VF after the other
 * (allocation with journal and zeroing, or regeneration of a pruned part), and carries out the actions of the
 * configuration. All its I/O takes the PF's out-of-band channel. Where no disk can miss and no action is asked for there is
 * no such thread.
 *
 * Ours, beside what the thesis states: a mapping that moves is protected first (read-only, so that writes miss), then
 * flushed; FlushGo is done when no walk and no access that used the old mapping is under way; only then are the old blocks
 * given to others.
 */
#ifndef HOST_HYPERVISOR_H
#define HOST_HYPERVISOR_H

#include "host/host_fs.h"
#include "host/vcpu.h"
#include "nesc/device.h"

typedef struct hypervisor hypervisor;

/* A miss that was served. */
typedef struct hypervisor_miss {
	uint32_t vf;
	ps_t begin_ps, end_ps;   /* from the look at MissPending to RewalkTree and what follows it */
	ps_t cpu_ps;             /* of its core since the miss before, interrupts included */
	uint64_t num_interrupts; /* since the miss before */
} hypervisor_miss;

typedef struct hypervisor_parts {
	const storage_plan *plan;
	const hypervisor_config *config;
	const host_config *host;
	const guest_config *guest;
	const nesc_config *nesc;
	uint32_t num_vcpus;     /* per VM */
	bool sriov;             /* VFs reach their VM's memory through the IOMMU, not a trampoline */
	uint64_t medium_blocks; /* of the medium, 1 KiB */
	content *content;       /* check mode; else NULL */
	/* Told of every miss that was served; may be NULL. */
	void (*served)(void *context, const hypervisor_miss *miss);
	void *context;
} hypervisor_parts;

/* Whether the VFs of such disks need a hypervisor at run time: the device must then be `managed` and use the PF. */
bool hypervisor_is_needed(const storage_plan *plan, const hypervisor_config *config);

/* Blocks of the medium that files may use: without the journal's, where there is one. */
uint64_t hypervisor_file_blocks(const storage_plan *plan, const hypervisor_config *config, uint64_t medium_blocks);

/* Creates a VF per VM of the plan: builds the extent trees in simulated host memory, and writes ExtentTreeRoot, DeviceSize and
 * the trampoline window through the PF. If the device is managed, adds the thread. NULL when out of memory, or when the
 * simulated memory has no room. The parts must outlive it. Destroyed after the kernel. */
hypervisor *hypervisor_create(sim_kernel *kernel, nesc_device *device, const hypervisor_parts *parts);
void hypervisor_destroy(hypervisor *self);

/* A core of a VM that is created at run time begins when its VF is there. Call for every core, before the run. */
void hypervisor_add_vcpu(hypervisor *self, uint32_t vm, vcpu *core);

/* Is the VM there from the start? */
bool hypervisor_vm_is_late(const hypervisor_config *config, uint32_t vm);

typedef struct hypervisor_counts {
	uint64_t num_interrupts; /* of the PF, for misses */
	uint64_t num_misses, num_allocations, num_copies, num_regenerations, num_failed_allocations;
	uint64_t num_allocated_blocks, num_zeroed_blocks, num_moved_blocks, num_shared_blocks;
	uint64_t num_converted_blocks; /* of unwritten extents, on their first write */
	uint64_t num_pruned, num_tree_nodes, num_tree_nodes_written;
	uint64_t num_actions, num_failed_actions; /* actions done; those that found no room or nothing to do */
	uint64_t num_requests;                    /* of its own, through the PF */
} hypervisor_counts;

hypervisor_counts hypervisor_count(const hypervisor *self);

/* When the last miss or action ended that had an effect; 0: there was none. */
ps_t hypervisor_end_ps(const hypervisor *self);

/* Has it a thread, and so a core? For how long was that busy, for whomever, and until when? */
bool hypervisor_has_core(const hypervisor *self);
ps_t hypervisor_busy_ps(const hypervisor *self);
ps_t hypervisor_busy_until_ps(const hypervisor *self);

/* Core time that it spent for a VM; 0 = for none in particular. */
ps_t hypervisor_cpu_ps(const hypervisor *self, uint32_t vm);

/* Host memory that the trees of these files, and the drivers' buffers and rings, need at most. */
uint64_t hypervisor_memory_bytes(const hypervisor_parts *parts);

#endif
