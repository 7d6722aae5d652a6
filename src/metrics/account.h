/* What a scheme's requests cost, and the rows of summary.csv, stages.csv and histogram.csv that say it.
 *
 * One `metrics` belongs to one scheme. It keeps a cell per (layer, VM, operation): requests, bytes, a histogram of
 * latencies, batch means, the time per stage, and how many requests failed. A request of the warm-up is simply not
 * recorded.
 *
 * The row `all` of the operations is the sum of those that move data (reads and writes): flushes and discards have
 * rows of their own and never count in the requests, bytes, bandwidth, latency, stages or failures of `all`. Their own
 * rows have 0 bytes and no bandwidth. The row `all` of the VMs merges the VMs, also when there is only one.
 *
 * A request that ends with an error counts in the column `failed` and nowhere else: all other numbers are about
 * requests that were served (ours).
 *
 * The result depends on what was recorded and not on the order of recording.
 */
#ifndef METRICS_ACCOUNT_H
#define METRICS_ACCOUNT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/diag.h"
#include "base/stages.h"
#include "base/time.h"
#include "metrics/csv.h"

/* The stage's name in stages.csv ("walk"), and one line of help. */
const char *stage_name(stage which);
const char *stage_help(stage which);

/* Sum of all pieces. */
ps_t latency_split_sum(const latency_split *split);

/* Where a latency is measured: at the system call, at the (guest's) block layer, at the device. */
#define METRICS_LAYER_LIST(X) \
	X(APP, "app")         \
	X(BLOCK, "block")     \
	X(DEVICE, "device")

typedef enum metrics_layer {
#define METRICS_LAYER_ENUM(symbol, name) METRICS_##symbol,
	METRICS_LAYER_LIST(METRICS_LAYER_ENUM)
#undef METRICS_LAYER_ENUM
	METRICS_NUM_LAYERS
} metrics_layer;

const char *metrics_layer_name(metrics_layer layer);

typedef struct metrics_op {
	const char *name; /* in the CSVs; must outlive the metrics */
	bool moves_data;  /* counts in `all` and in bytes (reads and writes) */
} metrics_op;

typedef struct metrics metrics;

#define METRICS_ALL_VMS 0u         /* VMs count from 1 */
#define METRICS_ALL_OPS UINT32_MAX /* all operations that move data */

/* Empty metrics of one scheme with VMs 1 ... num_vms; operations are small numbers that index `ops` (rows come in that
 * order). `scheme` is copied, `ops` too. NULL when out of memory; to be freed with metrics_destroy(). */
metrics *metrics_create(const char *scheme, uint32_t num_vms, const metrics_op *ops, uint32_t num_ops);

/* NULL is allowed. */
void metrics_destroy(metrics *self);

const char *metrics_scheme(const metrics *self);
uint32_t metrics_num_vms(const metrics *self);

/* Records a request that completed at `completion_ps`. `split` must sum exactly to `latency_ps`: a difference is our
 * bug and asserted in every build. It may be NULL where a layer knows no stages; such requests are left out of
 * stages.csv. `bytes` of an operation that moves no data are ignored. */
void metrics_record(metrics *self, uint32_t vm, uint32_t op, metrics_layer layer, ps_t completion_ps, ps_t latency_ps,
		    const latency_split *split, uint64_t bytes);

/* Records a request that ended with an error; the arguments as above. It counts in num_failed and nowhere else: not in
 * requests, bytes, latencies, stages or rates. */
void metrics_record_failed(metrics *self, uint32_t vm, uint32_t op, metrics_layer layer);

/* One row's numbers. */
typedef struct metrics_summary {
	uint64_t num_requests; /* served */
	uint64_t num_failed;   /* ended with an error; in no other number here */
	uint64_t num_bytes;
	bool moves_data;     /* false for a flush or discard row, where bytes and bandwidth say nothing */
	metrics_u128 sum_ps; /* of the latencies: the mean is sum_ps / num_requests */
	ps_t min_ps, p50_ps, p90_ps, p99_ps, p999_ps, max_ps;
	bool has_ci95;
	ps_t mean_ci95_ps;  /* half-width of the mean's 95 % confidence interval, when has_ci95 */
	uint64_t num_split; /* requests that had a split */
	metrics_u128 service_ps[NUM_STAGES], wait_ps[NUM_STAGES]; /* sums over those */
} metrics_summary;

/* The numbers of one row; `vm` may be METRICS_ALL_VMS and `op` METRICS_ALL_OPS. All numbers of a row without requests
 * are 0, but num_failed may not be. Returns NESCSIM_OK or NESCSIM_NO_MEMORY. */
nescsim_status metrics_summarize(const metrics *self, metrics_layer layer, uint32_t vm, uint32_t op,
				 metrics_summary *summary_out);

/* What only the caller knows. */
typedef struct metrics_host_cpu {
	metrics_u128 busy_ps;  /* core time outside guest mode, polling included */
	uint64_t num_requests; /* that it was spent on, failed ones too if the caller counts them; 0 = undefined */
} metrics_host_cpu;

typedef struct metrics_run {
	ps_t simulated_ps;                /* the scheme's first submission to its last completion; 0 = undefined */
	const metrics_host_cpu *host_cpu; /* [0] for all VMs together, [vm] for each: num_vms + 1 of them */
} metrics_run;

/* Has summary.csv a column of this name? */
bool metrics_has_summary_column(const char *name);

/* Declares the columns of summary.csv and writes the header; then call metrics_write_summary() for each scheme. */
void metrics_begin_summary(csv_writer *csv, FILE *out);

/* The scheme's rows of summary.csv: per layer, per VM (1 ... n, then all), per operation (then all); rows with neither
 * requests nor failures are left out. A row with failures only has 0 requests, bytes, IOPS and bandwidth, and empty
 * cells for everything about latency. The host's CPU time is known per VM and not per operation, so it stands in the
 * rows of all operations and where a row's operation is the only one that its VM issued, failed requests included.
 * Statuses as metrics_summarize(). */
nescsim_status metrics_write_summary(const metrics *self, const metrics_run *run, csv_writer *csv);

/* The same for stages.csv: a row per stage with any time, means over the row's requests, share of their latency.
 * Failed requests have no part in it. */
void metrics_begin_stages(csv_writer *csv, FILE *out);
nescsim_status metrics_write_stages(const metrics *self, csv_writer *csv);

/* The scheme's rows of histogram.csv: how many requests took no longer than latency_us and longer than the row above
 * says, in slices of 3.1 % at most (metrics/histogram.h). A row per layer, VM, operation and slice that holds something:
 * no sums, since rows can be added up. Those of one VM and operation sum to its requests in summary.csv, and the last one
 * is their maximum. Returns NESCSIM_OK or NESCSIM_NO_MEMORY. */
void metrics_begin_histogram(csv_writer *csv, FILE *out);
nescsim_status metrics_write_histogram(const metrics *self, csv_writer *csv);

#endif
