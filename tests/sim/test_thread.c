/* Do the blocking calls of sequential software return at the right time with the right item? */
#include "small_units.h"

#define MAX_STEPS 32

/* A thread that runs a script; what it saw is asserted after the run. */
typedef struct actor {
	sim_unit unit;
	sim_queue *out, *in, *other;
	ps_t at_ps[MAX_STEPS]; /* local time after each step */
	uint64_t got[MAX_STEPS];
	bool ok[MAX_STEPS];
	uint32_t num_steps;
	bool ended;
} actor;

static void note(actor *self, bool ok, uint64_t got)
{
	self->ok[self->num_steps] = ok;
	self->got[self->num_steps] = got;
	self->at_ps[self->num_steps++] = self->unit.local_ps;
}

typedef struct pair {
	sim_kernel *kernel;
	actor a, b;
	sim_queue *a_to_b, *b_to_a;
} pair;

static void pair_init(pair *self, sim_placement placement, void (*a_body)(sim_unit *), void (*b_body)(sim_unit *),
		      uint64_t depth)
{
	memset(self, 0, sizeof(*self));
	self->kernel = sim_kernel_create(placement);
	sim_thread_init(self->kernel, &self->a.unit, "a", a_body);
	sim_thread_init(self->kernel, &self->b.unit, "b", b_body);
	self->a_to_b = self->a.out = self->b.in =
		sim_queue_create(self->kernel, "a to b", &self->a.unit, &self->b.unit, depth);
	self->b_to_a = self->b.out = self->a.in =
		sim_queue_create(self->kernel, "b to a", &self->b.unit, &self->a.unit, depth);
}

/* ---- receive and send ------------------------------------------------------------------------------------------- */

static void ping_body(sim_unit *unit)
{
	actor *self = (actor *)unit;
	sim_item item;

	for (uint64_t i = 0; i < 3; i++) {
		sim_thread_delay(unit, 100);
		if (!sim_thread_send(unit, self->out, 7, (sim_item){ .argument = i }))
			return;
		note(self, true, i);
		if (!sim_thread_receive(unit, self->in, &item))
			return;
		note(self, true, item.argument);
	}
	self->ended = true;
}

static void pong_body(sim_unit *unit)
{
	actor *self = (actor *)unit;
	sim_item item;

	for (int i = 0; i < 3; i++) {
		if (!sim_thread_receive(unit, self->in, &item))
			return;
		note(self, true, item.argument);
		sim_thread_delay(unit, 1000);
		if (!sim_thread_send(unit, self->out, 13, (sim_item){ .argument = item.argument + 10 }))
			return;
	}
	self->ended = true;
}

/* Each round: 100 of a's time, 7 on the way, 1,000 of b's time, 13 on the way: 1,120 ps. */
static void ping_pong_takes_the_sum_of_its_parts(void **state)
{
	(void)state;
	for (size_t p = 0; p < NUM(both_placements); p++) {
		pair run;

		pair_init(&run, both_placements[p], ping_body, pong_body, 1);
		assert_int_equal(sim_run(run.kernel), SIM_FINISHED);
		assert_true(run.a.ended && run.b.ended);
		for (uint32_t i = 0; i < 3; i++) {
			assert_int_equal(run.a.at_ps[2 * i], 1120 * i + 100);
			assert_int_equal(run.b.at_ps[i], 1120 * i + 107);
			assert_int_equal(run.b.got[i], i);
			assert_int_equal(run.a.at_ps[2 * i + 1], 1120 * i + 1120);
			assert_int_equal(run.a.got[2 * i + 1], i + 10);
		}
		sim_kernel_destroy(run.kernel);
	}
}

static void burst_body(sim_unit *unit)
{
	actor *self = (actor *)unit;

	for (uint64_t i = 0; i < 5; i++) {
		if (!sim_thread_send(unit, self->out, 0, (sim_item){ .argument = i }))
			return;
		note(self, true, i);
		sim_thread_delay(unit, 10);
	}
}

static void slow_body(sim_unit *unit)
{
	actor *self = (actor *)unit;
	sim_item item;

	for (uint64_t i = 0; i < 5; i++) {
		sim_thread_delay(unit, 1000);
		if (!sim_thread_receive(unit, self->in, &item))
			return;
		note(self, true, item.argument);
	}
}

/* b takes one item each 1,000; a has room for two: its third send waits for b's first receive, and so on. Then 10 of
 * its own time. */
static void send_waits_for_a_slot(void **state)
{
	static const ps_t sent_ps[] = { 0, 10, 1000, 2000, 3000 };

	(void)state;
	for (size_t p = 0; p < NUM(both_placements); p++) {
		pair run;

		pair_init(&run, both_placements[p], burst_body, slow_body, 2);
		assert_int_equal(sim_run(run.kernel), SIM_FINISHED);
		assert_int_equal(run.a.num_steps, 5);
		assert_int_equal(run.b.num_steps, 5);
		for (uint32_t i = 0; i < 5; i++) {
			assert_int_equal(run.a.at_ps[i], sent_ps[i]);
			assert_int_equal(run.b.at_ps[i], 1000 * (i + 1));
			assert_int_equal(run.b.got[i], i);
		}
		/* 1,000 - 20, 2,000 - 1,010, 3,000 - 2,010 */
		assert_int_equal(run.a_to_b->stalled_ps, 980 + 990 + 990);
		sim_kernel_destroy(run.kernel);
	}
}

/* A receive on one queue is not ended by an item in another. */
static void choosy_body(sim_unit *unit)
{
	actor *self = (actor *)unit;
	sim_item item;
	bool ok = sim_thread_receive(unit, self->other, &item);

	note(self, ok, ok ? item.argument : 0);
	ok = sim_thread_receive(unit, self->in, &item);
	note(self, ok, ok ? item.argument : 0);
}

static void a_receive_takes_from_its_queue_only(void **state)
{
	(void)state;
	for (size_t p = 0; p < NUM(both_placements); p++) {
		const feed early = { .push_ps = 1000, .argument = 1 },
			   late = { .push_ps = 5000, .delay_ps = 50, .argument = 2 };
		sim_kernel *kernel = sim_kernel_create(both_placements[p]);
		feeder first, second;
		actor thread = { 0 };

		sim_thread_init(kernel, &thread.unit, "choosy", choosy_body);
		feeder_init(kernel, &first, "first", &early, 1);
		feeder_init(kernel, &second, "second", &late, 1);
		thread.in = first.out = sim_queue_create(kernel, "in", &first.unit, &thread.unit, 1);
		thread.other = second.out = sim_queue_create(kernel, "other", &second.unit, &thread.unit, 1);
		assert_int_equal(sim_run(kernel), SIM_FINISHED);
		assert_int_equal(thread.num_steps, 2);
		assert_true(thread.ok[0] && thread.ok[1]);
		assert_int_equal(thread.got[0], 2);
		assert_int_equal(thread.at_ps[0], 5050);
		assert_int_equal(thread.got[1], 1);
		assert_int_equal(thread.at_ps[1], 5050); /* it lay there since 1,000 */
		sim_kernel_destroy(kernel);
	}
}

/* ---- sync ------------------------------------------------------------------------------------------------------- */

/* After sync(t): is what is ready before t there? */
static void syncing_body(sim_unit *unit)
{
	actor *self = (actor *)unit;
	static const ps_t times_ps[] = { 0, 30000, 40001, 40001, 20000, 90000 };

	for (size_t i = 0; i < NUM(times_ps); i++) {
		const bool ok = sim_thread_sync(unit, times_ps[i]);

		note(self, ok, self->in->num_pushed);
	}
}

static void sync_sees_all_that_is_ready_before(void **state)
{
	(void)state;
	for (size_t p = 0; p < NUM(both_placements); p++) {
		const feed feeds[] = { { .push_ps = 39000, .delay_ps = 1000 }, { .push_ps = 70000 } };
		sim_kernel *kernel = sim_kernel_create(both_placements[p]);
		feeder producer;
		actor thread = { 0 };

		sim_thread_init(kernel, &thread.unit, "thread", syncing_body);
		feeder_init(kernel, &producer, "producer", feeds, NUM(feeds));
		thread.in = producer.out = sim_queue_create(kernel, "in", &producer.unit, &thread.unit, 4);
		assert_int_equal(sim_run(kernel), SIM_FINISHED);
		assert_int_equal(thread.num_steps, 6);
		for (uint32_t i = 0; i < 6; i++)
			assert_true(thread.ok[i]);
		assert_int_equal(thread.at_ps[0], 0);
		assert_int_equal(thread.at_ps[1], 30000);
		assert_int_equal(thread.got[1], 0); /* pushed at 39,000 */
		assert_int_equal(thread.at_ps[2], 40001);
		assert_int_equal(thread.got[2], 1);
		assert_int_equal(thread.at_ps[3], 40001);
		assert_int_equal(thread.at_ps[4], 40001); /* a time that is past takes none */
		assert_int_equal(thread.at_ps[5], 90000);
		assert_int_equal(thread.got[5], 2);
		sim_kernel_destroy(kernel);
	}
}

/* A thread's own time may be ahead of everyone's: that is no reason to believe that all has been pushed. */
static void ahead_body(sim_unit *unit)
{
	actor *self = (actor *)unit;
	bool ok;

	sim_thread_delay(unit, 100000);
	ok = sim_thread_sync(unit, 50000);
	note(self, ok, self->in->num_pushed);
}

static void sync_does_not_trust_its_own_time(void **state)
{
	(void)state;
	for (size_t p = 0; p < NUM(both_placements); p++) {
		const feed feeds[] = { { .push_ps = 39000, .delay_ps = 1000 } };
		sim_kernel *kernel = sim_kernel_create(both_placements[p]);
		feeder producer;
		actor thread = { 0 };

		sim_thread_init(kernel, &thread.unit, "thread", ahead_body);
		feeder_init(kernel, &producer, "producer", feeds, NUM(feeds));
		thread.in = producer.out = sim_queue_create(kernel, "in", &producer.unit, &thread.unit, 4);
		assert_int_equal(sim_run(kernel), SIM_FINISHED);
		assert_true(thread.ok[0]);
		assert_int_equal(thread.at_ps[0], 100000);
		assert_int_equal(thread.got[0], 1);
		sim_kernel_destroy(kernel);
	}
}

/* ---- many threads ----------------------------------------------------------------------------------------------- */

enum {
	NUM_RING = 40,
	NUM_LAPS = 5
};

typedef struct ring_thread {
	sim_unit unit;
	sim_queue *in, *out;
	bool first;
	ps_t end_ps;
} ring_thread;

static void ring_body(sim_unit *unit)
{
	ring_thread *self = (ring_thread *)unit;
	sim_item item = { 0 };

	for (int lap = 0; lap < NUM_LAPS; lap++) {
		if (!(self->first && lap == 0) && !sim_thread_receive(unit, self->in, &item))
			return;
		sim_thread_delay(unit, 3);
		if (!sim_thread_send(unit, self->out, 2, item))
			return;
	}
	self->end_ps = unit->local_ps;
}

/* A token goes round: 3 ps of each thread's time and 2 on each way. Thread i sends it for the last time at the end of
 * its part of the last lap. */
static void a_token_goes_round(void **state)
{
	(void)state;
	for (size_t p = 0; p < NUM(both_placements); p++) {
		sim_kernel *kernel = sim_kernel_create(both_placements[p]);
		static ring_thread threads[NUM_RING];

		memset(threads, 0, sizeof(threads));
		for (int i = 0; i < NUM_RING; i++) {
			sim_thread_init(kernel, &threads[i].unit, "thread", ring_body);
			threads[i].first = i == 0;
		}
		for (int i = 0; i < NUM_RING; i++)
			threads[i].out = threads[(i + 1) % NUM_RING].in = sim_queue_create(
				kernel, "token", &threads[i].unit, &threads[(i + 1) % NUM_RING].unit, 1);
		assert_int_equal(sim_run(kernel), SIM_FINISHED);
		for (int i = 0; i < NUM_RING; i++)
			assert_int_equal(threads[i].end_ps, 5 * NUM_RING * (NUM_LAPS - 1) + 5 * i + 3);
		sim_kernel_destroy(kernel);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ping_pong_takes_the_sum_of_its_parts),
		cmocka_unit_test(send_waits_for_a_slot),
		cmocka_unit_test(a_receive_takes_from_its_queue_only),
		cmocka_unit_test(sync_sees_all_that_is_ready_before),
		cmocka_unit_test(sync_does_not_trust_its_own_time),
		cmocka_unit_test(a_token_goes_round),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
