/* Runs a machine from config text and keeps every completion, for exact comparisons after the run. */
#ifndef TESTS_TIMING_REPLAY_H
#define TESTS_TIMING_REPLAY_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fuzz/machine.h"

#define NUM(array) (sizeof(array) / sizeof((array)[0]))
#define MAX_SEEN 65536

static const sim_placement both_placements[] = { SIM_CLUSTERED, SIM_PER_UNIT };

/* One completion, in the order in which they were told. */
typedef struct seen {
	io_request request;
	uint32_t vm;
	vcpu_completion c;       /* c.request does not outlive the call */
	latency_split splits[3]; /* what c's point to */
} seen;

/* Keeps what the callback was told. */
static inline void seen_keep(seen *kept, const vcpu_completion *completion)
{
	vcpu_completion *c = &kept->c;
	const latency_split **links[] = { &c->block_split, &c->app_split, &c->device_split };
	const bool has[] = { completion->has_block, completion->has_app, completion->has_device };

	*kept = (seen){ .request = *completion->request, .vm = completion->vm, .c = *completion };
	c->request = NULL;
	for (int i = 0; i < 3; i++) {
		if (has[i])
			kept->splits[i] = **links[i];
		*links[i] = &kept->splits[i];
	}
}

typedef struct replay {
	machine_result result;
	seen *all;
	size_t num;
} replay;

static inline void replay_observe(void *context, const vcpu_completion *completion)
{
	replay *run = context;

	if (run->num == MAX_SEEN)
		return;
	seen_keep(&run->all[run->num++], completion);
}

static inline ps_t split_sum(const latency_split *split)
{
	ps_t sum_ps = 0;

	for (int i = 0; i < NUM_STAGES; i++)
		sum_ps += split->service_ps[i] + split->wait_ps[i];
	return sum_ps;
}

/* No piece is negative, and all pieces of a request sum exactly to its latency, layer by layer. */
static inline void replay_check(const vcpu_completion *c)
{
	assert_int_equal(split_sum(c->block_split), c->block_end_ps - c->block_start_ps);
	if (c->has_app)
		assert_int_equal(split_sum(c->app_split), c->app_end_ps - c->app_start_ps);
	if (c->has_device)
		assert_int_equal(split_sum(c->device_split), c->device_end_ps - c->device_start_ps);
	for (int s = 0; s < NUM_STAGES; s++) {
		assert_true(c->block_split->service_ps[s] >= 0);
		assert_true(c->block_split->wait_ps[s] >= 0);
		assert_true(c->app_split->service_ps[s] >= 0);
		assert_true(c->app_split->wait_ps[s] >= 0);
	}
}

/* Runs, and checks what must hold of every run: it finishes, nothing fails, no piece is negative, and all pieces of a
 * request sum exactly to its latency, layer by layer. */
static inline replay replay_run_seeded(const char *yaml, const char *scheme, sim_placement placement, uint64_t seed)
{
	replay run = { .all = malloc(MAX_SEEN * sizeof(seen)) };

	assert_non_null(run.all);
	run.result = machine_run(yaml, scheme, placement, seed, replay_observe, &run);
	assert_true(run.result.config_ok);
	if (run.result.outcome != SIM_FINISHED)
		fail_msg("outcome %d:\n%s", run.result.outcome, run.result.description);
	assert_int_equal(run.result.num_completed, run.result.num_submitted);
	for (size_t i = 0; i < run.num; i++)
		replay_check(&run.all[i].c);
	return run;
}

static inline replay replay_run(const char *yaml, const char *scheme, sim_placement placement)
{
	return replay_run_seeded(yaml, scheme, placement, 1);
}

static inline void replay_free(replay *run)
{
	free(run->all);
	free(run->result.description);
}

/* The completion of request `number` of a VM with one vCPU. */
static inline const seen *replay_find(const replay *run, uint32_t vm, uint64_t number)
{
	for (size_t i = 0; i < run->num; i++)
		if (run->all[i].vm == vm && run->all[i].request.number == number)
			return &run->all[i];
	fail_msg("request %u of VM %u did not complete", (unsigned)number, (unsigned)vm);
	return NULL;
}

static inline double replay_mean_ns(const replay *run)
{
	return (double)run->result.sum_latency_ps / (double)run->result.num_completed / 1000;
}

/* Config text from a format; good for the next 15 calls. */
__attribute__((format(printf, 1, 2))) static inline const char *text_of(const char *format, ...)
{
	static char texts[16][4096];
	static unsigned next;
	char *text = texts[next++ % NUM(texts)];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(texts[0]), format, arguments);
	va_end(arguments);
	return text;
}

#endif
