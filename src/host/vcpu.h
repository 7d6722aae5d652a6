/* A core that runs a guest (a vCPU) or, on the bare machine, a tenant's process; with block layer and device driver.
 *
 * Software is a table of segments: which phase of a request's life, which stage it is charged to, whose time it is, and
 * what it costs. The difference between two schemes is the difference between two tables.
 *
 * The core is sequential. What an interrupt starts - delivery, handler, completion, the application's next steps - runs
 * as one task; interrupts that arrive meanwhile wait for its end. Think time is CPU work that interrupts push back.
 * A core with nothing to do idles, and pays for it when the next interrupt comes.
 */
#ifndef HOST_VCPU_H
#define HOST_VCPU_H

#include "base/stages.h"
#include "host/host_config.h"
#include "host/layout.h"
#include "host/ledger.h"
#include "metrics/account.h"
#include "nesc/device.h"
#include "workload/source.h"

/* X(symbol, name in units.csv, what): whose core time it is. All but GUEST count as host CPU. */
#define CPU_OWNER_LIST(X)                                            \
	X(GUEST, "guest", "guest mode: kernel, driver, application") \
	X(KVM, "kvm", "VM exits, injection and wake-up of vCPUs")    \
	X(KERNEL, "kernel", "host kernel and processes of the host") \
	X(APP, "app", "application work of a process of the host")

typedef enum cpu_owner {
#define CPU_OWNER_ENUM(symbol, name, what) CPU_##symbol,
	CPU_OWNER_LIST(CPU_OWNER_ENUM)
#undef CPU_OWNER_ENUM
	CPU_NUM_OWNERS
} cpu_owner;

/* X(symbol, when) */
#define VCPU_PHASE_LIST(X)                                                         \
	X(APP_SUBMIT, "the application calls")                                     \
	X(BLOCK_SUBMIT, "the block layer takes the request")                       \
	X(DRIVER_SUBMIT, "the driver prepares one piece of it")                    \
	X(COMMAND_WRITE, "each of a command's register writes")                    \
	X(NODE_COPY, "the data of a node is copied to the trampoline (writes)")    \
	X(NODE_WRITE, "each of a node's register writes")                          \
	X(IDLE_ENTER, "nothing is left to do")                                     \
	X(IRQ_IDLE, "an interrupt finds the core idle")                            \
	X(IRQ_BUSY, "an interrupt finds the core running")                         \
	X(IRQ_HANDLER, "the handler, to the end of interrupt")                     \
	X(IRQ_NEXT, "each further request that the interrupt tells of")            \
	X(PIECE_COPY, "the data of a piece is copied from the trampoline (reads)") \
	X(BLOCK_COMPLETE, "the block layer completes the request")                 \
	X(APP_RETURN, "the application goes on")                                   \
	X(DISCARD, "a discard that the device does not know")

typedef enum vcpu_phase {
#define VCPU_PHASE_ENUM(symbol, when) PHASE_##symbol,
	VCPU_PHASE_LIST(VCPU_PHASE_ENUM)
#undef VCPU_PHASE_ENUM
	NUM_PHASES
} vcpu_phase;

/* Rows that a platform's features leave out. */
typedef enum vcpu_when {
	WHEN_ALWAYS,
	WHEN_EXITS,  /* interrupts reach a guest by exits (host.interrupts) */
	WHEN_POSTED, /* by posted interrupts */
	WHEN_COPIES, /* data goes through trampoline buffers */
} vcpu_when;

/* One row of a scheme's table. */
typedef struct vcpu_segment {
	vcpu_phase phase;
	const char *name;
	stage stage;
	cpu_owner owner;
	cost cost;   /* COST_NONE with `copies` */
	bool copies; /* takes the bytes at the host's copy rate instead */
	vcpu_when when;
} vcpu_segment;

/* How a scheme drives the device. */
typedef struct vcpu_stack {
	const vcpu_segment *segments; /* in the order in which they run within a phase */
	uint32_t num_segments;
	bool on_pf;      /* on the PF's block device, at physical addresses, split where the file's extents end */
	bool trampoline; /* data goes through a buffer of driver.trampoline_bytes, unless the IOMMU knows the VF */
	bool in_guest;   /* application work is guest time */
} vcpu_stack;

/* Told when a request completes, and how; both layers' latencies end at `now`. */
typedef struct vcpu_completion {
	const io_request *request;
	uint32_t vm;
	nesc_completion_status status; /* the worst of its pieces' */
	ps_t block_start_ps, block_end_ps;
	latency_split block_split;
	bool has_app;
	ps_t app_start_ps, app_end_ps;
	latency_split app_split;
	/* device layer: the piece that finished last */
	bool has_device;
	ps_t device_start_ps, device_end_ps;
	latency_split device_split;
	const stage_piece *pieces; /* of the request that was asked for, backwards in time; else NULL */
} vcpu_completion;

typedef struct vcpu vcpu;

typedef struct vcpu_config {
	const vcpu_stack *stack;
	const host_config *host;
	const guest_config *guest;
	const hypervisor_config *hypervisor;
	const nesc_config *nesc;
	bool sriov; /* VFs are known to the IOMMU: no trampoline */
	const disk_layout *layout;
	uint32_t vm;    /* from 1: the VF, or the tenant's number */
	uint32_t index; /* of this vCPU in its VM */
	source *source; /* owned by the caller; NULL: the vCPU does nothing */
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

/* Makes the core and connects it to its ring of the device: VF `vm`, ring `index`; or a ring of the PF's.
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

/* Requests that completed with an error. */
uint64_t vcpu_num_failed(const vcpu *self);

/* The first request that ended with this status; only if there was one. */
io_request vcpu_first_ended(const vcpu *self, nesc_completion_status status);

/* Time of the first submission and the last completion. */
ps_t vcpu_first_submit_ps(const vcpu *self);
ps_t vcpu_last_complete_ps(const vcpu *self);

const char *cpu_owner_name(cpu_owner owner);

#endif
