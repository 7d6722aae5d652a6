/* Does idle time cost the engine's exact range nothing, and is the end of that range noticed? */
#include "small_units.h"

#include "sim/engine.h"

#define HOUR_PS (3600 * PS_PER_S)
#define DAY_PS (24 * HOUR_PS)
#define MAX_WAKES 128

/* A software unit that wakes by timers and each time sends an item, if it has an output. */
typedef struct sleeper {
	sim_unit unit;
	ps_t first_ps, interval_ps;
	uint32_t num_wakes, num_done;
	ps_t woke_ps[MAX_WAKES];
	sim_queue *out;
} sleeper;

static sim_wait sleeper_step(sim_unit *self, ps_t limit_ps)
{
	sleeper *unit = (sleeper *)self;

	while (unit->num_done < unit->num_wakes) {
		const ps_t next_ps = unit->first_ps + unit->num_done * unit->interval_ps;

		if (next_ps > limit_ps)
			return SIM_WAIT_UNTIL(next_ps);
		self->local_ps = next_ps;
		unit->woke_ps[unit->num_done++] = limit_ps; /* what the engine believes */
		if (unit->out != NULL)
			sim_push(self, unit->out, 0, (sim_item){ .argument = unit->num_done });
	}
	return SIM_WAIT_DONE;
}

static void sleeper_init(sim_kernel *kernel, sleeper *unit, ps_t first_ps, ps_t interval_ps, uint32_t num_wakes)
{
	memset(unit, 0, sizeof(*unit));
	sim_unit_init(kernel, &unit->unit, "sleeper", sleeper_step, SIM_MERGE, INT64_C(1000000000000));
	unit->unit.software = true;
	unit->first_ps = first_ps;
	unit->interval_ps = interval_ps;
	unit->num_wakes = num_wakes;
}

/* 60 days in steps of a day and 7 ps are 575 times the engine's range. Each wake-up is at its very picosecond. */
static void timers_days_apart_are_exact(void **state)
{
	(void)state;
	for (size_t p = 0; p < NUM(both_placements); p++) {
		sim_kernel *kernel = sim_kernel_create(both_placements[p]);
		sleeper unit;

		sleeper_init(kernel, &unit, 3, DAY_PS + 7, 60);
		assert_true(59 * (DAY_PS + 7) > 500 * ENGINE_HORIZON_PS);
		assert_int_equal(sim_run(kernel), SIM_FINISHED);
		assert_int_equal(unit.num_done, 60);
		for (uint32_t i = 0; i < 60; i++)
			assert_int_equal(unit.woke_ps[i], 3 + i * (DAY_PS + 7));
		sim_kernel_destroy(kernel);
	}
}

/* Two of them, 1 ps apart each day, into an arbiter: after days, 1 ps and one clock edge still decide. */
static void the_order_holds_after_days(void **state)
{
	(void)state;
	for (size_t p = 0; p < NUM(both_placements); p++) {
		sim_kernel *kernel = sim_kernel_create(both_placements[p]);
		sleeper late, early;
		server arbiter;

		server_init(kernel, &arbiter, "arbiter", SIM_MERGE, 125000000, 1);
		sleeper_init(kernel, &late, 7999, DAY_PS, 30);
		sleeper_init(kernel, &early, 7998, DAY_PS, 30);
		late.out = sim_queue_create(kernel, "late", &late.unit, &arbiter.unit, 2);
		early.out = sim_queue_create(kernel, "early", &early.unit, &arbiter.unit, 2);
		assert_int_equal(sim_run(kernel), SIM_FINISHED);
		assert_int_equal(arbiter.num_records, 60);
		for (uint32_t i = 0; i < 30; i++) { /* a day is a whole number of cycles of 8,000 ps */
			assert_int_equal(arbiter.records[2 * i].input, 1);
			assert_int_equal(arbiter.records[2 * i].pop_ps, i * DAY_PS + 8000);
			assert_int_equal(arbiter.records[2 * i + 1].input, 0);
			assert_int_equal(arbiter.records[2 * i + 1].pop_ps, i * DAY_PS + 16000);
		}
		sim_kernel_destroy(kernel);
	}
}

/* A thread that works for 20 us with a request in flight, then sleeps half a day, and so on. */
typedef struct worker {
	sim_unit unit;
	uint32_t num_rounds;
	ps_t ended_ps[MAX_WAKES];
} worker;

static void worker_body(sim_unit *self)
{
	worker *unit = (worker *)self;

	for (uint32_t i = 0; i < 40; i++) {
		sim_in_flight_add(self->kernel, 1);
		for (int j = 0; j < 4; j++)
			if (!sim_thread_sync(self, self->local_ps + 5 * PS_PER_US + 1))
				return;
		sim_in_flight_add(self->kernel, -1);
		unit->ended_ps[unit->num_rounds++] = sim_engine_now(self->kernel);
		if (!sim_thread_sync(self, self->local_ps + DAY_PS / 2))
			return;
	}
}

static void work_between_long_gaps_is_exact(void **state)
{
	(void)state;
	for (size_t p = 0; p < NUM(both_placements); p++) {
		sim_kernel *kernel = sim_kernel_create(both_placements[p]);
		worker unit = { .num_rounds = 0 };

		sim_thread_init(kernel, &unit.unit, "worker", worker_body);
		assert_int_equal(sim_run(kernel), SIM_FINISHED);
		assert_int_equal(unit.num_rounds, 40);
		for (uint32_t i = 0; i < 40; i++)
			assert_int_equal(unit.ended_ps[i], i * (DAY_PS / 2) + (i + 1) * (20 * PS_PER_US + 4));
		sim_kernel_destroy(kernel);
	}
}

/* 2^53 ps are 9,007.2 s. With something in flight, the reference placement has to sleep all that time; a conductor keeps its
 * own, and passes its limit without losing a picosecond. (This and the next tests use up most of the engine's range, which is
 * the process's: so they come last.) */
static void busy_body(sim_unit *self)
{
	worker *unit = (worker *)self;

	sim_in_flight_add(self->kernel, 1);
	for (uint32_t i = 0; i < 40; i++) {
		if (!sim_thread_sync(self, self->local_ps + HOUR_PS + 1))
			return;
		unit->ended_ps[unit->num_rounds++] = sim_engine_now(self->kernel);
	}
	sim_in_flight_add(self->kernel, -1);
}

static void a_conductor_passes_the_end_of_the_range(void **state)
{
	sim_kernel *kernel = sim_kernel_create(SIM_CLUSTERED);
	worker unit = { .num_rounds = 0 };

	(void)state;
	sim_thread_init(kernel, &unit.unit, "busy", busy_body);
	assert_int_equal(sim_run(kernel), SIM_FINISHED);
	assert_int_equal(unit.num_rounds, 40);
	for (uint32_t i = 0; i < 40; i++)
		assert_int_equal(unit.ended_ps[i], (i + 1) * (HOUR_PS + 1));
	sim_kernel_destroy(kernel);
}

static void what_is_in_flight_may_take_hours(void **state)
{
	sim_kernel *kernel = sim_kernel_create(SIM_PER_UNIT);
	sleeper unit;

	(void)state;
	sleeper_init(kernel, &unit, 2 * HOUR_PS + 1, 1, 100);
	sim_in_flight_add(kernel, 1);
	assert_int_equal(sim_run(kernel), SIM_DEADLOCK); /* the request in flight never ends */
	assert_int_equal(unit.num_done, 100);
	for (uint32_t i = 0; i < 100; i++)
		assert_int_equal(unit.woke_ps[i], 2 * HOUR_PS + 1 + i);
	sim_kernel_destroy(kernel);
}

/* The engine's clock went on for two hours above, and another hour is more than it has. */
static void per_unit_notices_the_end_of_the_range(void **state)
{
	sim_kernel *kernel = sim_kernel_create(SIM_PER_UNIT);
	sleeper unit;

	(void)state;
	sleeper_init(kernel, &unit, HOUR_PS, 1, 1);
	sim_in_flight_add(kernel, 1);
	assert_int_equal(sim_run(kernel), SIM_HORIZON);
	assert_int_equal(unit.num_done, 0);
	sim_kernel_destroy(kernel);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(timers_days_apart_are_exact),
		cmocka_unit_test(the_order_holds_after_days),
		cmocka_unit_test(work_between_long_gaps_is_exact),
		cmocka_unit_test(what_is_in_flight_may_take_hours),
		cmocka_unit_test(per_unit_notices_the_end_of_the_range),
		cmocka_unit_test(a_conductor_passes_the_end_of_the_range),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
