/* Does the engine room keep clear of every trap of the packaged SimGrid? One test per trap. */
#include "small_units.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/rng.h"
#include "sim/engine.h"

/* ---- time ------------------------------------------------------------------------------------------------------- */

typedef struct clock_check {
	ps_t start_ps;
	uint64_t num_checked, num_wrong;
} clock_check;

/* Odd steps from 1 ps to an hour, absolute: sums of sleeps in seconds would be off by then. */
static void keeping_time(void *argument)
{
	clock_check *check = argument;
	rng_stream rng = rng_open(1, "engine", 0);
	ps_t target_ps = check->start_ps = engine_now_ps();

	for (int i = 0; i < 20000; i++) {
		target_ps += 1 + (ps_t)rng_uniform_u64(&rng, 1000);
		engine_sleep_until(target_ps);
		check->num_checked++;
		check->num_wrong += engine_now_ps() != target_ps;
		if (i == 10000)
			target_ps += 3600 * PS_PER_S + 1;
	}
}

static void sleeping_until_is_exact_to_the_picosecond(void **state)
{
	clock_check check = { 0 };

	(void)state;
	assert_true(engine_start());
	engine_actor_create("clock", keeping_time, &check);
	engine_run();
	assert_int_equal(check.num_checked, 20000);
	assert_int_equal(check.num_wrong, 0);
	assert_true(engine_now_ps() > check.start_ps + 3600 * PS_PER_S);
}

/* The same with timeouts, which the engine takes as durations: an hour into the run, still to the picosecond. */
static void timing_out(void *argument)
{
	clock_check *check = argument;
	void *semaphore = engine_semaphore_create();

	for (int i = 0; i < 1000; i++) {
		const ps_t before_ps = engine_now_ps();
		const ps_t wait_ps = 1 + 7 * i;

		check->num_wrong += !engine_acquire_timeout(semaphore, wait_ps);
		check->num_wrong += engine_now_ps() != before_ps + wait_ps;
		check->num_checked++;
	}
	engine_semaphore_destroy(semaphore);
}

static void timeouts_are_exact_to_the_picosecond(void **state)
{
	clock_check check = { 0 };

	(void)state;
	engine_actor_create("timeouts", timing_out, &check);
	engine_run();
	assert_int_equal(check.num_checked, 1000);
	assert_int_equal(check.num_wrong, 0);
}

/* ---- order ------------------------------------------------------------------------------------------------------ */

typedef struct relay_race {
	bool other_ran, other_ran_after_sleep, other_ran_after_yield;
} relay_race;

static void impatient(void *argument)
{
	relay_race *race = argument;

	engine_sleep_until(engine_now_ps());
	race->other_ran_after_sleep = race->other_ran;
	engine_yield();
	race->other_ran_after_yield = race->other_ran;
}

static void bystander(void *argument)
{
	((relay_race *)argument)->other_ran = true;
}

/* A sleep until now lets nobody else run: who wants that has to yield. */
static void sleeping_until_now_does_not_yield(void **state)
{
	relay_race race = { 0 };

	(void)state;
	engine_actor_create("impatient", impatient, &race);
	engine_actor_create("bystander", bystander, &race);
	engine_run();
	assert_false(race.other_ran_after_sleep);
	assert_true(race.other_ran_after_yield);
}

/* ---- semaphores ------------------------------------------------------------------------------------------------- */

typedef struct close_call {
	void *semaphore;
	ps_t at_ps;
	bool timed_out, left_over;
} close_call;

static void call_waits(void *argument)
{
	close_call *call = argument;

	call->timed_out = engine_acquire_timeout(call->semaphore, call->at_ps - engine_now_ps());
	engine_sleep_until(call->at_ps + 1);
	call->left_over = !engine_acquire_timeout(call->semaphore, 1);
}

static void call_releases(void *argument)
{
	close_call *call = argument;

	engine_sleep_until(call->at_ps);
	engine_release(call->semaphore);
}

/* A timeout and a release at one instant: either the acquire got the token, or it timed out and the token is still
 * there. Never both, never neither. Hence the loops on a state word in both placements. */
static void a_token_is_neither_lost_nor_doubled(void **state)
{
	(void)state;
	for (int releaser_first = 0; releaser_first < 2; releaser_first++) {
		close_call call = { .semaphore = engine_semaphore_create(), .at_ps = engine_now_ps() + 1000 };

		if (releaser_first)
			engine_actor_create("releases", call_releases, &call);
		engine_actor_create("waits", call_waits, &call);
		if (!releaser_first)
			engine_actor_create("releases", call_releases, &call);
		engine_run();
		assert_int_equal(call.timed_out, call.left_over);
		engine_semaphore_destroy(call.semaphore);
	}
}

/* What such a token does to the reference placement: nothing. Software that wakes and items that arrive all at whole
 * multiples of the arbiter's period, so that timeouts and releases fall on the same instants again and again. */
static void left_over_tokens_do_no_harm(void **state)
{
	enum {
		NUM_FEEDS = 50
	};
	feed feeds[4][NUM_FEEDS];
	pop_record expected[4 * NUM_FEEDS];

	(void)state;
	for (size_t p = 0; p < NUM(both_placements); p++) {
		sim_kernel *kernel = sim_kernel_create(both_placements[p]);
		feeder feeders[4];
		server arbiter;

		server_init(kernel, &arbiter, "arbiter", SIM_MERGE, 125000000, 1);
		for (size_t i = 0; i < 4; i++) {
			for (size_t j = 0; j < NUM_FEEDS; j++)
				feeds[i][j] = (feed){ .push_ps = (ps_t)(8000 * (i + 1) * j),
						      .function = (uint32_t)i,
						      .delay_ps = (ps_t)(8000 * (j % 3)),
						      .argument = j };
			feeder_init(kernel, &feeders[i], "producer", feeds[i], NUM_FEEDS);
			feeders[i].out = sim_queue_create(kernel, "in", &feeders[i].unit, &arbiter.unit, 1 + i % 2);
		}
		assert_int_equal(sim_run(kernel), SIM_FINISHED);
		assert_int_equal(arbiter.num_records, 4 * NUM_FEEDS);
		if (p == 0)
			memcpy(expected, arbiter.records, sizeof(expected));
		else
			assert_memory_equal(expected, arbiter.records, sizeof(expected));
		for (uint32_t i = 1; i < arbiter.num_records; i++)
			assert_true(arbiter.records[i].pop_ps >= arbiter.records[i - 1].pop_ps + 8000);
		sim_kernel_destroy(kernel);
	}
}

/* ---- one process, many runs ------------------------------------------------------------------------------------- */

static void the_engine_starts_once(void **state)
{
	(void)state;
	assert_true(engine_start());
	assert_true(engine_start()); /* a second platform would abort */
}

/* The engine's clock goes on from run to run where it is used; each run's time begins at 0 all the same. */
static void every_run_begins_at_zero(void **state)
{
	(void)state;
	for (int run = 0; run < 200; run++) {
		const ps_t engine_before_ps = engine_now_ps();
		const feed feeds[] = { { .push_ps = 5000 }, { .push_ps = 1000001 } };
		const sim_placement placement = both_placements[run % 3 == 0];
		sim_kernel *kernel = sim_kernel_create(placement);
		feeder producer;
		server arbiter;

		sim_in_flight_add(kernel, 2);
		server_init(kernel, &arbiter, "arbiter", SIM_MERGE, 125000000, 1);
		arbiter.ends_flight = true;
		feeder_init(kernel, &producer, "producer", feeds, NUM(feeds));
		producer.unit.software = true;
		producer.out = sim_queue_create(kernel, "in", &producer.unit, &arbiter.unit, 1);
		assert_int_equal(sim_run(kernel), SIM_FINISHED);
		assert_int_equal(arbiter.num_records, 2);
		assert_int_equal(arbiter.records[0].pop_ps, 8000);
		assert_int_equal(arbiter.records[1].pop_ps, 1008000);
		sim_kernel_destroy(kernel);
		assert_true(engine_now_ps() >= engine_before_ps + (placement == SIM_PER_UNIT ? 1000001 : 0));
	}
}

/* ---- silence ---------------------------------------------------------------------------------------------------- */

static void stuck_body(sim_unit *unit)
{
	sim_item item;

	sim_thread_receive(unit, unit->inputs[0], &item);
}

/* Everything that is written to descriptors 1 and 2 during body(), in bytes. */
static long bytes_written_by(void (*body)(void))
{
	FILE *file = tmpfile();
	const int saved_out = dup(1), saved_err = dup(2);
	long num_bytes;

	fflush(NULL);
	dup2(fileno(file), 1);
	dup2(fileno(file), 2);
	body();
	fflush(NULL);
	dup2(saved_out, 1);
	dup2(saved_err, 2);
	close(saved_out);
	close(saved_err);
	num_bytes = (long)lseek(fileno(file), 0, SEEK_END);
	fclose(file);
	return num_bytes;
}

static void run_to_a_deadlock(void)
{
	for (size_t p = 0; p < NUM(both_placements); p++) {
		sim_kernel *kernel = sim_kernel_create(both_placements[p]);
		sim_unit thread;

		sim_thread_init(kernel, &thread, "stuck", stuck_body);
		sim_queue_create(kernel, "never", &thread, &thread, 1);
		sim_run(kernel);
		sim_kernel_destroy(kernel);
	}
}

/* The engine has its own opinion of deadlocks ("Oops!") and would write it between ours. */
static void the_engine_is_silent(void **state)
{
	(void)state;
	assert_int_equal(bytes_written_by(run_to_a_deadlock), 0);
}

/* ---- actors ----------------------------------------------------------------------------------------------------- */

typedef struct greeting {
	uint64_t number, seen;
} greeting;

static void greet(void *argument)
{
	greeting *of = argument;

	engine_yield();
	of->seen = of->number;
}

/* Each actor gets its own data, though the engine's one-call constructor could not pass any. 1,000 actors at once. */
static void each_actor_has_its_own_data(void **state)
{
	enum {
		NUM_ACTORS = 1000
	};
	static greeting greetings[NUM_ACTORS];

	(void)state;
	for (uint64_t i = 0; i < NUM_ACTORS; i++) {
		greetings[i] = (greeting){ .number = i + 1 };
		assert_non_null(engine_actor_create("greeter", greet, &greetings[i]));
	}
	engine_run();
	for (uint64_t i = 0; i < NUM_ACTORS; i++)
		assert_int_equal(greetings[i].seen, i + 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_engine_starts_once),
		cmocka_unit_test(the_engine_is_silent),
		cmocka_unit_test(sleeping_until_is_exact_to_the_picosecond),
		cmocka_unit_test(timeouts_are_exact_to_the_picosecond),
		cmocka_unit_test(sleeping_until_now_does_not_yield),
		cmocka_unit_test(a_token_is_neither_lost_nor_doubled),
		cmocka_unit_test(left_over_tokens_do_no_harm),
		cmocka_unit_test(every_run_begins_at_zero),
		cmocka_unit_test(each_actor_has_its_own_data),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
