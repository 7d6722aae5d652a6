/* What a run found out. */
#ifndef NESCSIM_RESULT_H
#define NESCSIM_RESULT_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <nescsim/error.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct nescsim_result nescsim_result;

/* NULL is allowed. */
void nescsim_result_destroy(nescsim_result *result);

/* One row of summary.csv. Strings live as long as the result. Times are picoseconds. */
typedef struct nescsim_row {
	const char *scheme;
	const char *layer;     /* "app", "block" or "device" */
	uint32_t vm;           /* from 1; 0 = all VMs */
	const char *op;        /* "read", "write", "flush", "discard", or "all": reads and writes */
	uint64_t num_requests; /* that succeeded */
	uint64_t num_failed; /* that ended with an error of the storage's: no space, quota, a deleted or shrunk disk */
	uint64_t num_bytes;
	int64_t simulated_ps; /* of the scheme: from the first submission to the last completion */
	int64_t latency_mean_ps, latency_min_ps, latency_p50_ps, latency_p90_ps;
	int64_t latency_p99_ps, latency_p999_ps, latency_max_ps;
	int64_t latency_mean_ci95_ps;    /* half-width of the mean's 95 % confidence interval; -1 = unknown */
	int64_t host_cpu_ps_per_request; /* core time outside guest mode, over the VM's requests of all operations */
} nescsim_row;

/* Number of rows: those of summary.csv, in its order. Rows without requests, failed or not, are left out. */
size_t nescsim_result_num_rows(const nescsim_result *result);

/* Row number `index` (from 0), or NULL past the end. */
const nescsim_row *nescsim_result_row(const nescsim_result *result, size_t index);

/* The row of this scheme, layer, VM (0 = all) and operation, or NULL when it had no requests. */
const nescsim_row *nescsim_result_find(const nescsim_result *result, const char *scheme, const char *layer, uint32_t vm,
				       const char *op);

/* What limits a scheme. */
typedef struct nescsim_bottleneck {
	const char *scheme;
	const char *unit;         /* the busiest unit: "dma", "link_up", "vm[1].vcpu[0]" */
	uint32_t utilisation_ppm; /* its busy time in millionths of the run's, per server */
	int saturated;            /* 1: the unit is the bottleneck; 0: no unit is, latency is */
	const char *stage;        /* stage with the largest share of the latency */
	uint32_t stage_ppm;       /* that share, in millionths */
	const char *sentence;     /* the finding in words */
} nescsim_bottleneck;

/* Number of schemes, and the finding about each, in the order of the run; NULL past the end. */
size_t nescsim_result_num_schemes(const nescsim_result *result);
const nescsim_bottleneck *nescsim_result_bottleneck(const nescsim_result *result, size_t index);

/* Writes the table for people: latencies, rates, host CPU time, speed-ups against the first scheme, bottlenecks.
 * Returns NESCSIM_OK, NESCSIM_IO or NESCSIM_NO_MEMORY. */
nescsim_status nescsim_result_print(const nescsim_result *result, FILE *out);

#ifdef __cplusplus
}
#endif
#endif
