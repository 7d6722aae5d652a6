/* A machine from config text, for the fuzzer and for theory tests: one scheme, one placement, no result folder. */
#ifndef TESTS_FUZZ_MACHINE_H
#define TESTS_FUZZ_MACHINE_H

#include <stdbool.h>
#include <stdint.h>

#include "host/hypervisor.h"
#include "run/checker.h"
#include "sim/sim.h"

typedef struct machine_result {
	bool config_ok; /* else nothing ran */
	sim_outcome outcome;
	uint64_t hash; /* of every (function, vCPU, request, submit, complete) and the final counts */
	uint64_t num_submitted, num_completed, num_failed;
	unsigned __int128 sum_latency_ps;
	ps_t end_ps; /* last completion */
	nesc_device_counts counts;
	btlb_counts btlb;
	hypervisor_counts hypervisor;
	sim_counters engine;
	uint64_t num_violations; /* check mode */
	char violation[CHECKER_TEXT_BYTES];
	char *description; /* of a run that did not finish; to be freed */
} machine_result;

/* False: completions are counted but not hashed (bench/ measures the simulator, not the hash). */
extern bool machine_hashes;

/* Called for every completion when set. */
typedef void (*machine_observer)(void *context, const vcpu_completion *completion);

/* Runs `scheme` of the config text. The caller frees result.description. */
machine_result machine_run(const char *yaml, const char *scheme, sim_placement placement, uint64_t seed,
			   machine_observer observer, void *context);

#endif
