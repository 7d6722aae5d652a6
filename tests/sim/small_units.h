/* Small units to build schedules from that fit in a comment: a feeder that pushes by a script, and a server that writes
 * down what it popped when. Nothing is asserted while a run is under way: an assertion in an actor aborts. */
#ifndef TESTS_SIM_SMALL_UNITS_H
#define TESTS_SIM_SMALL_UNITS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sim/sim.h"
#include "sim/thread.h"

#define NUM(array) (sizeof(array) / sizeof((array)[0]))
#define MAX_RECORDS 256

static const sim_placement both_placements[] = { SIM_CLUSTERED, SIM_PER_UNIT };

/* Pushes item i at push_ps[i] (later only for lack of a slot), ready delay_ps after. */
typedef struct feed {
	ps_t push_ps, delay_ps;
	uint64_t argument;
	uint32_t function;
} feed;

typedef struct feeder {
	sim_unit unit;
	const feed *feeds;
	uint32_t num_feeds, next;
	sim_queue *out;
	ps_t pushed_ps[MAX_RECORDS];
} feeder;

static inline sim_wait feeder_step(sim_unit *self, ps_t limit_ps)
{
	feeder *from = (feeder *)self;

	while (from->next < from->num_feeds) {
		const feed *at = &from->feeds[from->next];

		if (at->push_ps > self->local_ps && at->push_ps > limit_ps)
			return SIM_WAIT_UNTIL(at->push_ps);
		if (sim_full(from->out))
			return SIM_WAIT_SLOT(from->out);
		self->local_ps = ps_max(self->local_ps, at->push_ps);
		sim_push(self, from->out, at->delay_ps,
			 (sim_item){ .argument = at->argument, .function = at->function });
		from->pushed_ps[from->next++] = self->local_ps;
	}
	return SIM_WAIT_DONE;
}

static inline void feeder_init(sim_kernel *kernel, feeder *self, const char *name, const feed *feeds, size_t num_feeds)
{
	memset(self, 0, sizeof(*self));
	sim_unit_init(kernel, &self->unit, name, feeder_step, SIM_MERGE, 1000000000);
	self->feeds = feeds;
	self->num_feeds = (uint32_t)num_feeds;
}

typedef struct pop_record {
	ps_t pop_ps, ready_ps;
	uint32_t input, function;
	uint64_t argument;
} pop_record;

/* Pops, keeps busy for service_cycles, and passes on if it has an output. */
typedef struct server {
	sim_unit unit;
	int64_t service_cycles;
	ps_t pass_on_ps;  /* hand-over to `out` */
	bool ends_flight; /* each item it pops is a request that ends */
	sim_queue *out;
	uint32_t num_records;
	pop_record records[MAX_RECORDS];
} server;

static inline void server_serve(server *to, sim_queue *queue)
{
	sim_unit *self = &to->unit;
	const sim_item item = sim_pop(self, queue);
	const ps_t busy_ps = hwclock_advance(&self->clock, self->local_ps, to->service_cycles) - self->local_ps;

	if (to->num_records < MAX_RECORDS)
		to->records[to->num_records++] = (pop_record){
			.pop_ps = self->local_ps,
			.ready_ps = item.ready_ps,
			.input = queue->input,
			.function = item.function,
			.argument = item.argument,
		};
	if (to->out != NULL)
		sim_push(self, to->out, to->pass_on_ps, item);
	if (to->ends_flight)
		sim_in_flight_add(self->kernel, -1);
	self->busy_ps += busy_ps;
	self->num_served++;
	self->local_ps += busy_ps;
}

static inline sim_wait merge_step(sim_unit *self, ps_t limit_ps)
{
	server *to = (server *)self;
	sim_wait wait;

	for (;;) {
		if (to->out != NULL && !sim_take_slot(self, to->out))
			return SIM_WAIT_SLOT(to->out);
		if (!sim_merge_ready(self, NULL, limit_ps, &wait))
			return wait;
		server_serve(to, sim_merge_first(self, NULL));
	}
}

static inline sim_wait single_step(sim_unit *self, ps_t limit_ps)
{
	server *to = (server *)self;
	sim_wait wait;

	for (;;) {
		if (to->out != NULL && !sim_take_slot(self, to->out))
			return SIM_WAIT_SLOT(to->out);
		if (!sim_single_ready(self, self->inputs[0], limit_ps, &wait))
			return wait;
		server_serve(to, self->inputs[0]);
	}
}

static inline void server_init(sim_kernel *kernel, server *self, const char *name, sim_role role, int64_t frequency_hz,
			       int64_t service_cycles)
{
	memset(self, 0, sizeof(*self));
	sim_unit_init(kernel, &self->unit, name, role == SIM_MERGE ? merge_step : single_step, role, frequency_hz);
	self->service_cycles = service_cycles;
}

#endif
