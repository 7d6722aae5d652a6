/* Does a unit take the right item at the right edge, whoever ran first? */
#include "small_units.h"

#define ARBITER_HZ 125000000 /* a cycle of 8,000 ps */

typedef struct schedule {
	uint32_t num;
	pop_record pops[MAX_RECORDS];
	sim_outcome outcome;
	sim_counters counters;
} schedule;

/* One feeder per item, in this order of creation, into one arbiter that takes a cycle for each. */
static schedule arbitrate(sim_placement placement, const feed *feeds, size_t num_feeds)
{
	sim_kernel *kernel = sim_kernel_create(placement);
	feeder feeders[8];
	server arbiter;
	schedule seen = { 0 };

	server_init(kernel, &arbiter, "arbiter", SIM_MERGE, ARBITER_HZ, 1);
	arbiter.ends_flight = true;
	sim_in_flight_add(kernel, (int64_t)num_feeds); /* or idle time would be skipped, by waking everybody */
	for (size_t i = 0; i < num_feeds; i++) {
		feeder_init(kernel, &feeders[i], "producer", &feeds[i], 1);
		feeders[i].out = sim_queue_create(kernel, "in", &feeders[i].unit, &arbiter.unit, 4);
	}
	seen.outcome = sim_run(kernel);
	seen.num = arbiter.num_records;
	memcpy(seen.pops, arbiter.records, sizeof(seen.pops));
	seen.counters = sim_kernel_counters(kernel);
	sim_kernel_destroy(kernel);
	return seen;
}

static void assert_pop(const schedule *seen, uint32_t index, uint64_t argument, ps_t pop_ps)
{
	assert_true(index < seen->num);
	assert_int_equal(seen->pops[index].argument, argument);
	assert_int_equal(seen->pops[index].pop_ps, pop_ps);
}

enum {
	A = 1,
	B = 2,
	C = 3,
	D = 4,
	E = 5
};

/* A's item is ready at 21,000: the arbiter's edge is 24,000, the first one strictly after. B pushes one that is ready
 * at b_ready_ps, 500 ps before that. */
static schedule worked_example(sim_placement placement, ps_t b_ready_ps)
{
	const feed feeds[] = {
		{ .push_ps = 1000, .delay_ps = 20000, .argument = A, .function = 1 },
		{ .push_ps = b_ready_ps - 500, .delay_ps = 500, .argument = B, .function = 2 },
	};

	return arbitrate(placement, feeds, NUM(feeds));
}

/* The design's example: 16,000 lies on an edge, so the first edge strictly after it is 24,000 too. Both were ready
 * strictly before: b goes first by its ready time, a one cycle later. */
static void b_at_an_edge_does_not_shorten_but_goes_first(void **state)
{
	(void)state;
	for (size_t p = 0; p < NUM(both_placements); p++) {
		const schedule seen = worked_example(both_placements[p], 16000);

		assert_int_equal(seen.outcome, SIM_FINISHED);
		assert_int_equal(seen.num, 2);
		assert_pop(&seen, 0, B, 24000);
		assert_pop(&seen, 1, A, 32000);
	}
}

/* 15,000: the first edge strictly after is 16,000; a keeps its own edge, at which the arbiter is free again. */
static void b_before_an_edge_shortens(void **state)
{
	(void)state;
	for (size_t p = 0; p < NUM(both_placements); p++) {
		const schedule seen = worked_example(both_placements[p], 15000);

		assert_int_equal(seen.num, 2);
		assert_pop(&seen, 0, B, 16000);
		assert_pop(&seen, 1, A, 24000);
	}
}

/* What shortening is for: behind the arbiter, a merge point with a finer clock (1 GHz) must see b, which leaves at
 * 16,000 and is ready at 17,000, before it decides for c at 21,000, the first edge strictly after 20,000. */
static void a_shortened_wait_is_seen_downstream(void **state)
{
	(void)state;
	for (size_t p = 0; p < NUM(both_placements); p++) {
		const feed a = { .push_ps = 1000, .delay_ps = 20000, .argument = A };
		const feed b = { .push_ps = 14500, .delay_ps = 500, .argument = B };
		const feed c = { .push_ps = 2000, .delay_ps = 18000, .argument = C };
		sim_kernel *kernel = sim_kernel_create(both_placements[p]);
		feeder from_a, from_b, from_c;
		server arbiter, fine;

		sim_in_flight_add(kernel, 3);
		server_init(kernel, &arbiter, "dma", SIM_MERGE, ARBITER_HZ, 1); /* a name that the seeded bugs know */
		server_init(kernel, &fine, "fine", SIM_MERGE, 1000000000, 1);
		fine.ends_flight = true;
		arbiter.pass_on_ps = 1000;
		feeder_init(kernel, &from_a, "a", &a, 1);
		feeder_init(kernel, &from_b, "b", &b, 1);
		feeder_init(kernel, &from_c, "c", &c, 1);
		from_a.out = sim_queue_create(kernel, "in", &from_a.unit, &arbiter.unit, 1);
		from_b.out = sim_queue_create(kernel, "in", &from_b.unit, &arbiter.unit, 1);
		arbiter.out = sim_queue_create(kernel, "between", &arbiter.unit, &fine.unit, 2);
		from_c.out = sim_queue_create(kernel, "in", &from_c.unit, &fine.unit, 1);
		assert_int_equal(sim_run(kernel), SIM_FINISHED);
		assert_int_equal(fine.num_records, 3);
		assert_int_equal(fine.records[0].argument, B);
		assert_int_equal(fine.records[0].pop_ps, 18000);
		assert_int_equal(fine.records[1].argument, C);
		assert_int_equal(fine.records[1].pop_ps, 21000);
		assert_int_equal(fine.records[2].argument, A);
		assert_int_equal(fine.records[2].pop_ps, 26000); /* left at 24,000 */
		sim_kernel_destroy(kernel);
	}
}

/* One picosecond decides: 15,999 is strictly before 16,000, and 16,000 is not. */
static void the_border_is_exact_to_a_picosecond(void **state)
{
	(void)state;
	for (size_t p = 0; p < NUM(both_placements); p++) {
		const schedule before = worked_example(both_placements[p], 15999);
		const schedule at = worked_example(both_placements[p], 16000);
		const schedule after = worked_example(both_placements[p], 16001);

		assert_pop(&before, 0, B, 16000);
		assert_pop(&at, 0, B, 24000);
		assert_pop(&after, 0, B, 24000);
	}
}

/* b is pushed while the arbiter already waits for 24,000. Ready at 23,999 it is a candidate there, but later than a; at
 * 24,000 it is none. Either way it gets the next edge; what differs is only who was looked at. */
static void what_is_ready_later_goes_later(void **state)
{
	static const ps_t b_ready_ps[] = { 21001, 23999, 24000 };

	(void)state;
	for (size_t p = 0; p < NUM(both_placements); p++)
		for (size_t i = 0; i < NUM(b_ready_ps); i++) {
			const schedule seen = worked_example(both_placements[p], b_ready_ps[i]);

			assert_pop(&seen, 0, A, 24000);
			assert_pop(&seen, 1, B, 32000);
		}
}

/* Alone: ready at an edge means the next edge. */
static void a_merge_decides_strictly_after(void **state)
{
	static const struct {
		ps_t ready_ps, pop_ps;
	} rows[] = { { 0, 8000 },     { 1, 8000 },      { 7999, 8000 },  { 8000, 16000 },
		     { 8001, 16000 }, { 15999, 16000 }, { 16000, 24000 } };

	(void)state;
	for (size_t p = 0; p < NUM(both_placements); p++)
		for (size_t i = 0; i < NUM(rows); i++) {
			const feed one = { .push_ps = rows[i].ready_ps, .argument = A };
			const schedule seen = arbitrate(both_placements[p], &one, 1);

			assert_int_equal(seen.num, 1);
			assert_pop(&seen, 0, A, rows[i].pop_ps);
		}
}

/* In the reference a push that does not shorten leaves the arbiter asleep; one that does wakes it. */
static void only_a_shortening_push_wakes(void **state)
{
	const schedule shortened = worked_example(SIM_PER_UNIT, 15000);
	const schedule left_alone = worked_example(SIM_PER_UNIT, 16000);

	(void)state;
	assert_int_equal(shortened.counters.num_releases, left_alone.counters.num_releases + 1);
}

/* ---- ties ------------------------------------------------------------------------------------------------------- */

static void equal_ready_times_go_by_function(void **state)
{
	const feed feeds[] = {
		{ .push_ps = 3000, .argument = A, .function = 9 },
		{ .push_ps = 3000, .argument = B, .function = 7 },
		{ .push_ps = 3000, .argument = C, .function = 8 },
	};

	(void)state;
	for (size_t p = 0; p < NUM(both_placements); p++) {
		const schedule seen = arbitrate(both_placements[p], feeds, NUM(feeds));

		assert_pop(&seen, 0, B, 8000);
		assert_pop(&seen, 1, C, 16000);
		assert_pop(&seen, 2, A, 24000);
	}
}

static void equal_functions_go_by_input(void **state)
{
	const feed feeds[] = {
		{ .push_ps = 3000, .argument = A, .function = 7 },
		{ .push_ps = 3000, .argument = B, .function = 7 },
		{ .push_ps = 3000, .argument = C, .function = 7 },
	};

	(void)state;
	for (size_t p = 0; p < NUM(both_placements); p++) {
		const schedule seen = arbitrate(both_placements[p], feeds, NUM(feeds));

		assert_pop(&seen, 0, A, 8000);
		assert_pop(&seen, 1, B, 16000);
		assert_pop(&seen, 2, C, 24000);
	}
}

static void ready_time_beats_function_and_input(void **state)
{
	const feed feeds[] = {
		{ .push_ps = 3001, .argument = A, .function = 1 },
		{ .push_ps = 3000, .argument = B, .function = 2 },
	};

	(void)state;
	for (size_t p = 0; p < NUM(both_placements); p++) {
		const schedule seen = arbitrate(both_placements[p], feeds, NUM(feeds));

		assert_pop(&seen, 0, B, 8000);
		assert_pop(&seen, 1, A, 16000);
	}
}

/* The engine wakes five actors of one instant in an order that is not theirs, and another one the next time. Every
 * order of creation must give the same schedule. Three rounds, because the engine's order changes from instant to
 * instant. */
static void the_order_of_wake_ups_does_not_matter(void **state)
{
	static const uint32_t orders[][5] = {
		{ 1, 2, 3, 4, 5 }, { 5, 4, 3, 2, 1 }, { 3, 1, 5, 2, 4 }, { 2, 5, 1, 4, 3 }, { 4, 3, 5, 1, 2 }
	};
	enum {
		NUM_ROUNDS = 3
	};

	(void)state;
	for (size_t p = 0; p < NUM(both_placements); p++)
		for (size_t order = 0; order < NUM(orders); order++) {
			sim_kernel *kernel = sim_kernel_create(both_placements[p]);
			feed feeds[5][NUM_ROUNDS];
			feeder feeders[5];
			server arbiter;

			server_init(kernel, &arbiter, "arbiter", SIM_MERGE, ARBITER_HZ, 1);
			for (size_t i = 0; i < 5; i++) {
				/* All wake at 100,000 and push what is ready at once; then again every 100,000. */
				for (size_t round = 0; round < NUM_ROUNDS; round++)
					feeds[i][round] = (feed){ .push_ps = 100000 * ((ps_t)round + 1),
								  .argument = orders[order][i],
								  .function = orders[order][i] };
				feeder_init(kernel, &feeders[i], "producer", feeds[i], NUM_ROUNDS);
				feeders[i].out = sim_queue_create(kernel, "in", &feeders[i].unit, &arbiter.unit, 4);
			}
			assert_int_equal(sim_run(kernel), SIM_FINISHED);
			assert_int_equal(arbiter.num_records, 5 * NUM_ROUNDS);
			for (uint32_t i = 0; i < 5 * NUM_ROUNDS; i++) {
				/* 104,000 is the first edge after 100,000; 200,000 is an edge: 208,000; then
				 * 304,000. */
				static const ps_t first_ps[NUM_ROUNDS] = { 104000, 208000, 304000 };

				assert_int_equal(arbiter.records[i].function, i % 5 + 1);
				assert_int_equal(arbiter.records[i].pop_ps, first_ps[i / 5] + 8000 * (ps_t)(i % 5));
			}
			sim_kernel_destroy(kernel);
		}
}

/* A producer that runs ahead of the engine (a thread spends its own time without asking) pushes early what is ready
 * late: one from the future must not overtake one that is still to be pushed. */
typedef struct hasty {
	sim_unit unit;
	sim_queue *out;
	ps_t spend_ps;
	uint64_t argument;
} hasty;

static void hasty_body(sim_unit *self)
{
	hasty *from = (hasty *)self;

	sim_thread_delay(self, from->spend_ps);
	sim_thread_send(self, from->out, 0, (sim_item){ .argument = from->argument });
}

static void an_early_push_of_a_late_item_waits_its_turn(void **state)
{
	(void)state;
	for (size_t p = 0; p < NUM(both_placements); p++) {
		const feed late = { .push_ps = 49000, .delay_ps = 0, .argument = B };
		sim_kernel *kernel = sim_kernel_create(both_placements[p]);
		server arbiter;
		feeder producer;
		hasty thread = { 0 };

		server_init(kernel, &arbiter, "arbiter", SIM_MERGE, ARBITER_HZ, 1);
		sim_thread_init(kernel, &thread.unit, "hasty", hasty_body);
		feeder_init(kernel, &producer, "producer", &late, 1);
		thread.spend_ps = 50000; /* pushed when the engine is at 0 */
		thread.argument = A;
		thread.out = sim_queue_create(kernel, "in", &thread.unit, &arbiter.unit, 1);
		producer.out = sim_queue_create(kernel, "in", &producer.unit, &arbiter.unit, 1);
		assert_int_equal(sim_run(kernel), SIM_FINISHED);
		/* Both are ready before the edge at 56,000: b by 1,000 ps. */
		assert_int_equal(arbiter.num_records, 2);
		assert_int_equal(arbiter.records[0].argument, B);
		assert_int_equal(arbiter.records[0].pop_ps, 56000);
		assert_int_equal(arbiter.records[1].argument, A);
		assert_int_equal(arbiter.records[1].pop_ps, 64000);
		sim_kernel_destroy(kernel);
	}
}

/* ---- taking turns ----------------------------------------------------------------------------------------------- */

/* Input 1's turn first, then 0's, and so on, among the candidates. */
static sim_wait turns_step(sim_unit *self, ps_t limit_ps)
{
	server *to = (server *)self;
	sim_wait wait;

	for (;;) {
		const uint32_t turn = 1 - to->num_records % 2;

		if (!sim_merge_ready(self, NULL, limit_ps, &wait))
			return wait;
		server_serve(to, !sim_empty(self->inputs[turn]) && sim_candidate(self, self->inputs[turn])
					 ? self->inputs[turn]
					 : self->inputs[1 - turn]);
	}
}

/* Where the choice is not by ready time, what is ready at the very edge must not be seen: whether it has been pushed by
 * then depends on who ran first. Input 0 is ready at 21,000, so the edge is 24,000; it is input 1's turn. */
static void what_is_ready_at_the_edge_is_not_seen(void **state)
{
	static const struct {
		ps_t ready_ps;
		uint64_t first;
	} rows[] = { { 23999, B }, { 24000, A }, { 24001, A } };

	(void)state;
	for (size_t p = 0; p < NUM(both_placements); p++)
		for (size_t i = 0; i < NUM(rows); i++) {
			const feed a = { .push_ps = 1000, .delay_ps = 20000, .argument = A };
			const feed b = { .push_ps = 2000, .delay_ps = rows[i].ready_ps - 2000, .argument = B };
			sim_kernel *kernel = sim_kernel_create(both_placements[p]);
			feeder from_a, from_b;
			server arbiter;

			server_init(kernel, &arbiter, "arbiter", SIM_MERGE, ARBITER_HZ, 1);
			arbiter.unit.step = turns_step;
			feeder_init(kernel, &from_a, "a", &a, 1);
			feeder_init(kernel, &from_b, "b", &b, 1);
			from_a.out = sim_queue_create(kernel, "in", &from_a.unit, &arbiter.unit, 1);
			from_b.out = sim_queue_create(kernel, "in", &from_b.unit, &arbiter.unit, 1);
			assert_int_equal(sim_run(kernel), SIM_FINISHED);
			assert_int_equal(arbiter.num_records, 2);
			assert_int_equal(arbiter.records[0].argument, rows[i].first);
			assert_int_equal(arbiter.records[0].pop_ps, 24000);
			assert_int_equal(arbiter.records[1].pop_ps, 32000);
			sim_kernel_destroy(kernel);
		}
}

/* ---- one input -------------------------------------------------------------------------------------------------- */

/* A unit with one input takes an item at the first edge at or after its ready time: alone, it need not wait for
 * others. */
static void a_single_input_is_taken_at_the_edge(void **state)
{
	static const struct {
		ps_t ready_ps, pop_ps;
	} rows[] = { { 0, 0 }, { 1, 8000 }, { 7999, 8000 }, { 8000, 8000 }, { 8001, 16000 }, { 16000, 16000 } };

	(void)state;
	for (size_t p = 0; p < NUM(both_placements); p++)
		for (size_t i = 0; i < NUM(rows); i++) {
			const feed one = { .push_ps = rows[i].ready_ps };
			sim_kernel *kernel = sim_kernel_create(both_placements[p]);
			feeder producer;
			server single;

			server_init(kernel, &single, "single", SIM_AHEAD, ARBITER_HZ, 1);
			feeder_init(kernel, &producer, "producer", &one, 1);
			producer.out = sim_queue_create(kernel, "in", &producer.unit, &single.unit, 1);
			assert_int_equal(sim_run(kernel), SIM_FINISHED);
			assert_int_equal(single.num_records, 1);
			assert_int_equal(single.records[0].pop_ps, rows[i].pop_ps);
			sim_kernel_destroy(kernel);
		}
}

/* 300 MHz: edges at 0, 3,333, 6,666, 10,000 ... An item ready at 3,334 has to wait for 6,666. Service of two cycles. */
static void a_clock_without_whole_period_keeps_its_edges(void **state)
{
	(void)state;
	for (size_t p = 0; p < NUM(both_placements); p++) {
		const feed feeds[] = { { .push_ps = 3334 }, { .push_ps = 3335 }, { .push_ps = 1000000001 } };
		sim_kernel *kernel = sim_kernel_create(both_placements[p]);
		feeder producer;
		server single;

		server_init(kernel, &single, "single", SIM_AHEAD, 300000000, 2);
		feeder_init(kernel, &producer, "producer", feeds, NUM(feeds));
		producer.out = sim_queue_create(kernel, "in", &producer.unit, &single.unit, 4);
		assert_int_equal(sim_run(kernel), SIM_FINISHED);
		assert_int_equal(single.records[0].pop_ps, 6666);  /* edge 2 */
		assert_int_equal(single.records[1].pop_ps, 13333); /* edge 4 */
		/* 10^9 ps are 300,000 cycles; the next edge is floor(300,001 * 10,000 / 3) */
		assert_int_equal(single.records[2].pop_ps, 1000003333);
		sim_kernel_destroy(kernel);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(b_at_an_edge_does_not_shorten_but_goes_first),
		cmocka_unit_test(b_before_an_edge_shortens),
		cmocka_unit_test(a_shortened_wait_is_seen_downstream),
		cmocka_unit_test(the_border_is_exact_to_a_picosecond),
		cmocka_unit_test(what_is_ready_later_goes_later),
		cmocka_unit_test(a_merge_decides_strictly_after),
		cmocka_unit_test(only_a_shortening_push_wakes),
		cmocka_unit_test(equal_ready_times_go_by_function),
		cmocka_unit_test(equal_functions_go_by_input),
		cmocka_unit_test(ready_time_beats_function_and_input),
		cmocka_unit_test(the_order_of_wake_ups_does_not_matter),
		cmocka_unit_test(an_early_push_of_a_late_item_waits_its_turn),
		cmocka_unit_test(what_is_ready_at_the_edge_is_not_seen),
		cmocka_unit_test(a_single_input_is_taken_at_the_edge),
		cmocka_unit_test(a_clock_without_whole_period_keeps_its_edges),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
