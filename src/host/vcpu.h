/* A core that runs a guest (a vCPU) or, on the bare machine, a tenant's process; with block layer and a driver: of a ring of the
 * device, or of a virtual device's queue that a thread of the hypervisor serves.
 *
 * The core is sequential. What an interrupt starts - delivery, handler, completion, the application's next steps - runs
 * as one task; interrupts that arrive meanwhile wait for its end. Think time is CPU work that interrupts push back.
 * A core with nothing to do idles, and pays for it when the next interrupt comes.
 */
#ifndef HOST_VCPU_H
#define HOST_VCPU_H

#include "host/core.h"
#include "host/layout.h"
#include "host/ledger.h"
#include "host/virtual_queue.h"
#include "metrics/account.h"
#include "nesc/device.h"
#include "workload/source.h"

/* How a scheme's vCPUs reach the storage. */
typedef struct vcpu_stack {
	core_table table;
	uint32_t features; /* WHEN_*, beside the platform's */
	bool on_pf;        /* on the PF's block device, at physical addresses, split where the file's extents end */
	bool trampoline;   /* data goes through a buffer of driver.trampoline_bytes, unless the IOMMU knows the VF */
	bool in_guest;     /* application work is guest time */
} vcpu_stack;

/* Told when a request completes, and how (what it points to is its own during the call only); both layers' latencies end at `now`. Or when an operation of the application's ends
 * that a filesystem made requests of: that has the app layer only, and its requests have none. */
typedef struct vcpu_completion {
	const io_request *request;
	uint64_t number; /* of the operation under way; else the request's */
	uint32_t vm;
	nesc_completion_status status; /* the worst of its pieces' */
	bool has_block, in_operation;
	ps_t block_start_ps, block_end_ps;
	const latency_split *block_split;
	bool has_app;
	ps_t app_start_ps, app_end_ps;
	const latency_split *app_split;
	/* device layer: the piece that finished last */
	bool has_device;
	ps_t device_start_ps, device_end_ps;
	const latency_split *device_split;
	const stage_piece *pieces; /* of the request that was asked for, backwards in time; else NULL */
} vcpu_completion;

typedef struct vcpu vcpu;

typedef struct vcpu_config {
	vcpu_stack stack;
	const host_config *host;
	const guest_config *guest;
	const hypervisor_config *hypervisor;
	const nesc_config *nesc;
	uint64_t seed;
	bool sriov; /* VFs are known to the IOMMU: no trampoline */
	const disk_layout *layout;
	virtual_queue *queue; /* drives this instead of a ring of the device; NULL: a ring */
	uint32_t vm;          /* from 1: the VF, or the tenant's number */
	uint32_t index;       /* of this vCPU in its VM */
	source *source;       /* owned by the caller; NULL: the vCPU does nothing */
	/* The request whose pieces are kept, by its number in the source; no log: none. */
	stage_log *log;
	uint64_t logged_number;
	/* Check mode: what the VM may read, and who is told when it reads something else; else NULL. */
	ledger *book;
	void (*violated)(void *checker, const ledger_violation *violation);
	void *checker;
	/* Called in the vCPU's own order for every request. */
	void (*completed)(void *context, const vcpu_completion *completion);
	void *context;
} vcpu_config;

/* Makes the core and connects it to its ring of the device: VF `vm`, ring `index`; or a ring of the PF's; or to its virtual queue,
 * whose two sim_queues its thread then makes.
 * NULL when out of memory. Destroyed after the kernel. */
vcpu *vcpu_create(sim_kernel *kernel, nesc_device *device, const vcpu_config *config);
void vcpu_destroy(vcpu *self);

/* The core begins when an item arrives in the queue that is returned: its VM is created at run time by `creator`. Before the
 * run only. */
sim_queue *vcpu_wait_for(vcpu *self, sim_unit *creator);

/* Core time by owner, so far. */
ps_t vcpu_cpu_ps(const vcpu *self, cpu_owner owner);

/* Requests handed to the block layer, completed, and completed with this status. */
uint64_t vcpu_num_submitted(const vcpu *self);
uint64_t vcpu_num_completed(const vcpu *self);
uint64_t vcpu_num_ended(const vcpu *self, nesc_completion_status status);

/* What the application asked for and got an answer to: operations, where a filesystem makes requests of them; else requests. */
uint64_t vcpu_num_answered(const vcpu *self);

/* Requests that completed with an error. */
uint64_t vcpu_num_failed(const vcpu *self);

/* The first request that ended with this status; only if there was one. */
io_request vcpu_first_ended(const vcpu *self, nesc_completion_status status);

/* Time of the first submission and the last completion. */
ps_t vcpu_first_submit_ps(const vcpu *self);
ps_t vcpu_last_complete_ps(const vcpu *self);

/* Who pushes into the virtual queue and is answered through it. */
sim_unit *vcpu_unit(vcpu *self);

#endif
