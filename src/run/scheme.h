/* One scheme's simulation: machine, run, and everything that results need of it. */
#ifndef RUN_SCHEME_H
#define RUN_SCHEME_H

#include <stdio.h>

#include "host/hypervisor.h"
#include "host/io_thread.h"
#include "host/vcpu.h"
#include "metrics/account.h"
#include "metrics/windows.h"
#include "nesc/btlb.h"
#include "nesc/device.h"
#include "pcie/serializer.h"
#include "run/inputs.h"
#include "run/scenario.h"
#include "run/sorter.h"

#define UNIT_NAME_BYTES 32
#define UNIT_MAX_QUEUES 16

/* All queues of one name that lead into a unit (there is one per ring), together. */
typedef struct queue_result {
	const char *name; /* static */
	uint64_t num_queues, depth, num_items;
	metrics_i128 occupied_ps;
	ps_t stalled_ps;
} queue_result;

typedef struct unit_result {
	char name[UNIT_NAME_BYTES];
	ps_t busy_ps;
	uint64_t num_servers, num_served;
	queue_result queues[UNIT_MAX_QUEUES];
	uint32_t num_queues;
} unit_result;

/* A core of a VM. */
typedef struct core_result {
	uint32_t vm, vcpu; /* VM from 1 */
	uint64_t num_requests;
	uint64_t num_ended[NESC_NUM_COMPLETION_STATUS];
	ps_t cpu_ps[CPU_NUM_OWNERS];
} core_result;

/* A thread of the hypervisor's. */
typedef struct thread_result {
	uint32_t vm;
	ps_t cpu_ps[CPU_NUM_OWNERS];
	io_thread_counts counts;
} thread_result;

/* What result windows count: requests with their latencies; misses with the time to serve each; the core time and the
 * interrupts that they took (sums). */
enum {
	WINDOW_REQUESTS,
	WINDOW_MISSES,
	WINDOW_CPU,
	WINDOW_INTERRUPTS,
	NUM_WINDOW_SERIES
};

/* A request for requests.csv. */
typedef struct request_record {
	uint32_t vm;
	io_op op;
	uint64_t first_sector, num_sectors;
	ps_t submit_ps, complete_ps;
	nesc_completion_status status;
} request_record;

typedef struct scheme_result {
	const stack_ops *ops;
	uint32_t num_vms;
	metrics *metrics;
	ps_t begin_ps, end_ps;         /* first submission and last completion of what the metrics hold */
	ps_t run_begin_ps, run_end_ps; /* the same, with the warm-up and what the hypervisor does after it */
	uint64_t num_without_app;      /* requests that the metrics hold and no application's view covers */
	metrics_host_cpu *host_cpu;    /* [0] all VMs, [vm] each */
	core_result *cores;
	uint32_t num_cores;
	thread_result *threads;             /* by VM, of schemes with any */
	uint32_t num_threads, num_io_cores; /* the cores that they run on */
	bool has_io_cores;                  /* they share them: */
	ps_t io_cores_busy_ps;
	ps_t cores_end_ps; /* from 0 to here all cores' time is accounted */
	unit_result *units;
	uint32_t num_units;
	btlb_counts btlb[BTLB_MAX_FUNCTIONS]; /* [0] = all VFs; of schemes with VFs */
	nesc_device_counts device;
	pcie_stats link[PCIE_NUM_SIDES];
	bool has_hypervisor_core;
	ps_t hypervisor_busy_ps;
	bool has_hypervisor; /* it had something to do at run time */
	hypervisor_counts hypervisor;
	ps_t hypervisor_cpu_ps[BAR_MAX_VFS + 1]; /* [0] all VMs, [vm] for each */
	windows *windows;                        /* by time of completion */
	sorter *requests;                        /* of request_record, by VM, then submission; NULL unless asked for */
} scheme_result;

/* Time that utilisations are shares of. */
ps_t scheme_run_ps(const scheme_result *result);

/* Core time of the scheme by owner, and what is left: idle. All cores together, from 0 to cores_end_ps. */
typedef struct scheme_cpu {
	uint64_t num_cores;
	metrics_i128 owner_ps[CPU_NUM_OWNERS];
	metrics_i128 idle_ps;
} scheme_cpu;

scheme_cpu scheme_cores(const scheme_result *result);

/* Time that rates are shares of. */
ps_t scheme_simulated_ps(const scheme_result *result);

typedef struct scheme_run {
	const nescsim_config *config;
	size_t scheme_index;
	const inputs *inputs; /* NULL: workloads are opened alone */
	const storage_plan *plan;
	FILE *progress; /* or NULL */
	bool keep_requests;
	/* Keeps the pieces of request number `logged_number` of VM 1's first vCPU; no log: of none. */
	stage_log *log;
	uint64_t logged_number;
	/* Optional: sees every completion (of each vCPU in its order; in no order between vCPUs). True: that was all that
	 * is wanted of this run, which ends there. */
	bool (*observe)(void *context, const vcpu_completion *completion);
	void *context;
} scheme_run;

/* Simulates and fills in *result_out, to be freed with scheme_fini() whatever the outcome; where `observe` has ended
 * the run, it says nothing of cores and units. Returns NESCSIM_OK, NESCSIM_RUN_FAILED, NESCSIM_TRACE (the trace broke
 * midway), NESCSIM_CONFIG, NESCSIM_IO or NESCSIM_NO_MEMORY. */
nescsim_status scheme_simulate(const scheme_run *run, nescsim_diag *diag, scheme_result *result_out);
void scheme_fini(scheme_result *result);

/* The operations as rows of the metrics, in the order of io_op. */
extern const metrics_op scheme_ops[IO_NUM_OPS];

#endif
