/* Does back-pressure end at the recorded time of the right pop, and is every wait accounted for? */
#include "small_units.h"

/* Pushes `num` items as early as slots allow, each ready 3,000 ps later, into a server at 100 MHz that takes 5 cycles.
 * The server pops item k at 10,000 + k * 50,000: 10,000 is the first edge at or after 3,000, and then it is never idle
 * while each next item is ready in time. */
typedef struct flood {
	sim_kernel *kernel;
	feed feeds[16];
	feeder producer;
	server single;
	sim_queue *queue;
	sim_outcome outcome;
} flood;

enum {
	NUM_ITEMS = 12
};

static void flood_run(flood *self, sim_placement placement, uint64_t depth)
{
	memset(self, 0, sizeof(*self));
	for (uint64_t i = 0; i < NUM_ITEMS; i++)
		self->feeds[i] = (feed){ .push_ps = 0, .delay_ps = 3000, .argument = i };
	self->kernel = sim_kernel_create(placement);
	feeder_init(self->kernel, &self->producer, "producer", self->feeds, NUM_ITEMS);
	server_init(self->kernel, &self->single, "server", SIM_AHEAD, 100000000, 5);
	self->queue = self->producer.out =
		sim_queue_create(self->kernel, "in", &self->producer.unit, &self->single.unit, depth);
	self->outcome = sim_run(self->kernel);
}

static ps_t pop_ps(uint64_t k)
{
	return 10000 + 50000 * (ps_t)k;
}

static void push_k_waits_for_the_pop_of_k_minus_depth(void **state)
{
	static const uint64_t depths[] = { 1, 2, 3, 4, 5, 7, 8, 12 };

	(void)state;
	for (size_t p = 0; p < NUM(both_placements); p++)
		for (size_t d = 0; d < NUM(depths); d++) {
			flood run;

			flood_run(&run, both_placements[p], depths[d]);
			assert_int_equal(run.outcome, SIM_FINISHED);
			assert_int_equal(run.single.num_records, NUM_ITEMS);
			for (uint64_t k = 0; k < NUM_ITEMS; k++) {
				const ps_t push_ps = k < depths[d] ? 0 : pop_ps(k - depths[d]);

				assert_int_equal(run.single.records[k].argument, k);
				assert_int_equal(run.producer.pushed_ps[k], push_ps);
				assert_int_equal(run.single.records[k].ready_ps, push_ps + 3000);
				assert_int_equal(run.single.records[k].pop_ps, pop_ps(k));
			}
			sim_kernel_destroy(run.kernel);
		}
}

/* The producer always has a next item: it is stalled from each push to the next, in all until its last push; and each
 * item is in the queue from its push to its pop. */
static void stalls_and_occupancy_are_sums_of_waits(void **state)
{
	static const uint64_t depths[] = { 1, 3, 12 };

	(void)state;
	for (size_t p = 0; p < NUM(both_placements); p++)
		for (size_t d = 0; d < NUM(depths); d++) {
			ps_t occupied_ps = 0;
			flood run;

			flood_run(&run, both_placements[p], depths[d]);
			for (uint64_t k = 0; k < NUM_ITEMS; k++)
				occupied_ps += pop_ps(k) - (k < depths[d] ? 0 : pop_ps(k - depths[d]));
			assert_int_equal(run.queue->occupied_ps, occupied_ps);
			assert_int_equal(run.queue->stalled_ps,
					 depths[d] < NUM_ITEMS ? pop_ps(NUM_ITEMS - 1 - depths[d]) : 0);
			assert_int_equal(run.queue->num_pushed, NUM_ITEMS);
			assert_int_equal(run.queue->num_popped, NUM_ITEMS);
			sim_kernel_destroy(run.kernel);
		}
}

/* The recorded pop time counts, not the time at which the engine got to it: the server decides ahead of the engine (one
 * input), so its pops at 110,000 and 160,000 are executed long before. A producer that comes at 70,000 needs no slot at
 * all; one that comes at 0 waits for the pop, and not a picosecond longer. */
static void the_slot_is_free_at_the_recorded_time(void **state)
{
	(void)state;
	for (size_t p = 0; p < NUM(both_placements); p++) {
		const feed feeds[] = { { .push_ps = 0, .delay_ps = 107000 },
				       { .push_ps = 0, .delay_ps = 1 },
				       { .push_ps = 300000, .delay_ps = 1 } };
		sim_kernel *kernel = sim_kernel_create(both_placements[p]);
		feeder producer;
		server single;
		sim_queue *queue;

		feeder_init(kernel, &producer, "producer", feeds, NUM(feeds));
		server_init(kernel, &single, "server", SIM_AHEAD, 100000000, 5);
		queue = producer.out = sim_queue_create(kernel, "in", &producer.unit, &single.unit, 1);
		assert_int_equal(sim_run(kernel), SIM_FINISHED);
		assert_int_equal(single.records[0].pop_ps, 110000);
		assert_int_equal(producer.pushed_ps[1], 110000);
		assert_int_equal(single.records[1].ready_ps, 110001);
		assert_int_equal(single.records[1].pop_ps, 160000);
		assert_int_equal(producer.pushed_ps[2], 300000);
		assert_int_equal(single.records[2].pop_ps, 310000);
		assert_int_equal(queue->stalled_ps, 110000);
		sim_kernel_destroy(kernel);
	}
}

/* feeder -> relay (merge, 125 MHz, one cycle each) -> slow server (100 MHz, 5 cycles) over a queue of one. The relay
 * takes its output slot before it decides: at the first edge of its own clock at or after the pop. */
static void a_merge_takes_its_output_slot_at_its_own_edge(void **state)
{
	(void)state;
	for (size_t p = 0; p < NUM(both_placements); p++) {
		const feed feeds[] = { { .push_ps = 1000 }, { .push_ps = 1000 }, { .push_ps = 1000 } };
		sim_kernel *kernel = sim_kernel_create(both_placements[p]);
		sim_queue *between;
		feeder producer;
		server relay, slow;

		feeder_init(kernel, &producer, "producer", feeds, NUM(feeds));
		server_init(kernel, &relay, "relay", SIM_MERGE, 125000000, 1);
		server_init(kernel, &slow, "slow", SIM_AHEAD, 100000000, 5);
		relay.pass_on_ps = 8000;
		producer.out = sim_queue_create(kernel, "in", &producer.unit, &relay.unit, 4);
		between = relay.out = sim_queue_create(kernel, "between", &relay.unit, &slow.unit, 1);
		assert_int_equal(sim_run(kernel), SIM_FINISHED);
		/* 0: decided at 8,000, there at 16,000, popped at 20,000, which frees the slot;
		 * 1: decided at 24,000, there at 32,000; the server is free at 70,000;
		 * 2: slot at 70,000, edge 72,000, there at 80,000; the server is free at 120,000. */
		assert_int_equal(relay.records[0].pop_ps, 8000);
		assert_int_equal(relay.records[1].pop_ps, 24000);
		assert_int_equal(relay.records[2].pop_ps, 72000);
		assert_int_equal(slow.records[0].pop_ps, 20000);
		assert_int_equal(slow.records[1].pop_ps, 70000);
		assert_int_equal(slow.records[2].pop_ps, 120000);
		/* The relay stood still with an item before it from 16,000 to 24,000, and from 32,000 to 72,000. */
		assert_int_equal(between->stalled_ps, 8000 + 40000);
		sim_kernel_destroy(kernel);
	}
}

/* A slot that was waited for while there was nothing to send has stalled nobody. */
static void waiting_for_a_slot_without_an_item_is_no_stall(void **state)
{
	(void)state;
	for (size_t p = 0; p < NUM(both_placements); p++) {
		const feed feeds[] = { { .push_ps = 1000 }, { .push_ps = 60000 } };
		sim_kernel *kernel = sim_kernel_create(both_placements[p]);
		sim_queue *between;
		feeder producer;
		server relay, slow;

		feeder_init(kernel, &producer, "producer", feeds, NUM(feeds));
		server_init(kernel, &relay, "relay", SIM_MERGE, 125000000, 1);
		server_init(kernel, &slow, "slow", SIM_AHEAD, 100000000, 5);
		relay.pass_on_ps = 27000;
		producer.out = sim_queue_create(kernel, "in", &producer.unit, &relay.unit, 4);
		between = relay.out = sim_queue_create(kernel, "between", &relay.unit, &slow.unit, 1);
		assert_int_equal(sim_run(kernel), SIM_FINISHED);
		/* The first pops at 40,000, when the relay has nothing to send; the second item is ready at 60,000. */
		assert_int_equal(slow.records[0].pop_ps, 40000);
		assert_int_equal(relay.records[1].pop_ps, 64000);
		assert_int_equal(between->stalled_ps, 0);
		sim_kernel_destroy(kernel);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(push_k_waits_for_the_pop_of_k_minus_depth),
		cmocka_unit_test(stalls_and_occupancy_are_sums_of_waits),
		cmocka_unit_test(the_slot_is_free_at_the_recorded_time),
		cmocka_unit_test(a_merge_takes_its_output_slot_at_its_own_edge),
		cmocka_unit_test(waiting_for_a_slot_without_an_item_is_no_stall),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
