/* The smallest guest that a source can be fed to: one vCPU without costs, and a device that completes each request a
 * given time after its submission, whatever else is outstanding. */
#ifndef TESTS_WORKLOAD_REPLAY_HARNESS_H
#define TESTS_WORKLOAD_REPLAY_HARNESS_H

#include "workload/workload_test.h"

#define MAX_SUBMITTED 4096

typedef struct submitted {
	io_request request;
	ps_t submitted_ps, arrival_ps, completed_ps;
	bool reported; /* its completion */
} submitted;

typedef struct harness {
	submitted log[MAX_SUBMITTED];
	size_t num;
	size_t max_outstanding;
	ps_t think_ps, wait_until_ps; /* sums */
	source_action last;           /* SOURCE_END or SOURCE_FAILED */
} harness;

/* Reports all completions up to now_ps, in order of time. Returns the time of the next one, or PS_MAX. */
static inline ps_t harness_report(harness *self, source *from, ps_t now_ps)
{
	for (;;) {
		submitted *first = NULL;

		for (size_t i = 0; i < self->num; i++)
			if (!self->log[i].reported && (!first || self->log[i].completed_ps < first->completed_ps))
				first = &self->log[i];
		if (!first)
			return PS_MAX;
		if (first->completed_ps > now_ps)
			return first->completed_ps;
		first->reported = true;
		source_completed(from, first->request.number, first->completed_ps);
	}
}

/* Runs the source to its end; request number n takes latency_ps[n % num_latencies]. */
static inline void harness_run(harness *self, source *from, const ps_t *latency_ps, size_t num_latencies)
{
	ps_t now_ps = 0, next_ps;
	size_t outstanding;
	source_step step;

	memset(self, 0, sizeof(*self));
	for (;;) {
		next_ps = harness_report(self, from, now_ps);
		source_next(from, now_ps, &step);
		switch (step.action) {
		case SOURCE_SUBMIT:
			assert_true(self->num < MAX_SUBMITTED);
			assert_int_equal(step.request.number, self->num);
			self->log[self->num] = (submitted){
				.request = step.request,
				.submitted_ps = now_ps,
				.arrival_ps = step.arrival_ps,
				.completed_ps = now_ps + latency_ps[self->num % num_latencies],
			};
			self->num++;
			outstanding = 0;
			for (size_t i = 0; i < self->num; i++)
				outstanding += !self->log[i].reported;
			if (outstanding > self->max_outstanding)
				self->max_outstanding = outstanding;
			break;
		case SOURCE_THINK:
			assert_true(step.duration_ps > 0);
			now_ps += step.duration_ps;
			self->think_ps += step.duration_ps;
			break;
		case SOURCE_WAIT_UNTIL:
			assert_true(step.until_ps > now_ps);
			self->wait_until_ps += step.until_ps - now_ps;
			now_ps = step.until_ps;
			break;
		case SOURCE_WAIT_EITHER:
			assert_true(step.until_ps > now_ps);
			next_ps = ps_min(step.until_ps, next_ps);
			self->wait_until_ps += next_ps - now_ps;
			now_ps = next_ps;
			break;
		case SOURCE_WAIT:
			assert_true(next_ps != PS_MAX);
			now_ps = next_ps;
			break;
		case SOURCE_BEGIN:
		case SOURCE_WORK:
		case SOURCE_FINISH:
			fail_msg("the source has operations");
			break;
		case SOURCE_END:
		case SOURCE_FAILED:
			self->last = step.action;
			return;
		}
	}
}

#endif
