/* Running a configuration. */
#ifndef NESCSIM_RUN_H
#define NESCSIM_RUN_H

#include <stdint.h>
#include <stdio.h>

#include <nescsim/config.h>
#include <nescsim/error.h>
#include <nescsim/result.h>

#ifdef __cplusplus
extern "C" {
#endif

/* All zero is a run without folder and progress. */
typedef struct nescsim_run_options {
	/* Where the result folder goes; NULL = none. It is there when the whole run succeeded and not at all otherwise.
	 * An earlier result folder of that name is replaced; anything else there is an error, found before the run. */
	const char *out_folder;
	/* Progress lines, written only when it is a terminal; NULL = none. */
	FILE *progress;
} nescsim_run_options;

/* Simulates every scheme of the configuration, with the same workload, data layout and seed. `options` may be NULL.
 *
 * Returns NESCSIM_OK; NESCSIM_RUN_FAILED (a request failed, or nothing can move any more: diag says which request, or what
 * waits for what; with out_folder also: a trace, job file or map was changed meanwhile); NESCSIM_CONFIG or NESCSIM_TRACE
 * (see nescsim_config_check_inputs()); NESCSIM_USAGE (something else is at out_folder); NESCSIM_IO; NESCSIM_NO_MEMORY. On
 * success *result_out is to be freed with nescsim_result_destroy(), otherwise it is NULL. The result does not need `config` any more. */
nescsim_status nescsim_run(const nescsim_config *config, const nescsim_run_options *options, nescsim_diag *diag,
			   nescsim_result **result_out);

/* Writes one request's timeline in every scheme to `out`: piece by piece, in the order of time, from its submission to
 * its latency. The request is number `request_number` (from 0) of VM 1's first vCPU, in the order of submission. A
 * scheme is simulated until that request has completed; that it failed is said, and no error.
 * Returns as nescsim_run(), and NESCSIM_USAGE when the vCPU has fewer requests. */
nescsim_status nescsim_explain(const nescsim_config *config, uint64_t request_number, FILE *out, nescsim_diag *diag);

#ifdef __cplusplus
}
#endif
#endif
