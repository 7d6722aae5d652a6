/* The controller: its units, wired; and what drivers and the hypervisor see of it.
 *
 * Data's way: vCPU -> (MMIO queue) -> link down -> BAR decode -> request queue of (function, ring) -> multiplexer -> vLBA
 * queue -> translation <-> walkers -> pLBA queue -> data transfer -> medium -> DMA engine -> link up -> interrupt queue.
 * The PF's requests take the out-of-band channel from a multiplexer of their own to the data transfer unit.
 */
#ifndef NESC_DEVICE_H
#define NESC_DEVICE_H

#include "media/medium.h"
#include "nesc/arbiter.h"
#include "nesc/btlb.h"
#include "nesc/memory.h"
#include "nesc/model.h"
#include "nesc/nesc_config.h"
#include "pcie/root_complex.h"
#include "pcie/serializer.h"
#include "sim/sim.h"

typedef struct nesc_device nesc_device;

typedef struct nesc_device_config {
	const device_config *device;
	const nesc_config *nesc;
	const pcie_link_config *link;
	const medium_ops *medium;
	const void *medium_params;
	uint64_t seed;
	uint32_t num_vfs;                   /* VFs that are in use, from 1 */
	uint32_t num_rings;                 /* of each, at most */
	bool uses_pf;                       /* the PF's rings are in use */
	bool managed;                       /* a hypervisor writes registers at run time; needs uses_pf */
	uint64_t memory_bytes;              /* of simulated host memory, for trees and buffers */
	const arbiter_function_params *qos; /* by VF - 1, until the last ring is connected; NULL: all alike */
	content *content;                   /* check mode: what the medium holds; else NULL */
} nesc_device_config;

/* Makes the device and its units in `kernel`. NULL when out of memory. Freed after the kernel with
 * nesc_device_destroy(). The config's parts must outlive it. */
nesc_device *nesc_device_create(sim_kernel *kernel, const nesc_device_config *config);
void nesc_device_destroy(nesc_device *device);

/* One ring of a function, driven by one software unit. */
typedef struct nesc_ring {
	sim_queue *doorbells;  /* the driver pushes nesc_node_item: NESC_DOORBELL */
	sim_queue *interrupts; /* the driver receives nesc_request */
	uint32_t function, ring;
	uint32_t vcpu;
} nesc_ring;

/* Connects the ring (0-15 of a VF, 0-63 of the PF) to its driver. `max_requests` bounds the requests that the driver has
 * under way. Before the run only. */
nesc_ring nesc_device_connect(nesc_device *device, sim_unit *driver, uint32_t function, uint32_t ring,
			      uint64_t max_requests);

/* Simulated host memory, which the hypervisor and the drivers share with the device. */
host_memory *nesc_device_memory(nesc_device *device);

/* The hypervisor's register writes before the run (VF creation), by the rules of the BAR. */
void nesc_device_write_register(nesc_device *device, uint64_t bar_offset, uint64_t value, uint32_t num_bytes);

/* The hypervisor takes this ring of the PF's: its interrupt queue also gets misses and answers (NESC_INTERRUPT_*; it needs
 * room for NESC_HYPERVISOR_MESSAGES more), and its doorbell queue takes register accesses (NESC_MMIO). */
void nesc_device_connect_hypervisor(nesc_device *device, const nesc_ring *ring);
#define NESC_HYPERVISOR_MESSAGES 4

/* A record of a register access at run time, to fill in and push as `payload` of an item of kind NESC_MMIO; comes back by
 * itself. A read's answer arrives as NESC_INTERRUPT_REPLY. A write of 1 to FlushGo is done when an interrupt without an
 * owner arrives: a NESC_INTERRUPT_DONE whose request has none. */
nesc_mmio *nesc_device_new_mmio(nesc_device *device);

/* The trampoline window that the hypervisor gave a VF. */
memory_range nesc_device_window(const nesc_device *device, uint32_t vf);

/* A node record for the driver to fill in and push as `payload` of a doorbell item; comes back by itself. */
nesc_node_item *nesc_device_new_node(nesc_device *device);

/* Counts and times for units.csv. */
typedef struct nesc_unit_report {
	const char *name;
	ps_t busy_ps;
	uint64_t num_servers;
	uint64_t num_served;
	const sim_queue *const *inputs;
	uint32_t num_inputs;
} nesc_unit_report;

uint32_t nesc_device_num_units(const nesc_device *device);
nesc_unit_report nesc_device_unit(const nesc_device *device, uint32_t index);

typedef struct nesc_device_counts {
	uint64_t num_blocks, num_read_blocks, num_written_blocks, num_zero_blocks;
	uint64_t num_walks, num_walk_fetches, num_merged, num_errors, num_ignored_accesses;
	uint64_t num_misses[2];                   /* blocks parked for the hypervisor: reads, writes */
	uint64_t num_completions, num_interrupts; /* MSIs for them; misses have their own */
} nesc_device_counts;

nesc_device_counts nesc_device_count(const nesc_device *device);
btlb_counts nesc_device_btlb(const nesc_device *device, uint32_t function); /* 0 = all VFs together */
const pcie_stats *nesc_device_link_stats(const nesc_device *device, pcie_side side);

#endif
