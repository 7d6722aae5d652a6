/* Is every job of a shared core served when the policy says, to the picosecond? */
#include "small_units.h"

#include "base/rng.h"
#include "sim/core_pool.h"

#define MAX_CLIENTS 6
#define MAX_JOBS 12

/* A client works for itself (`think_ps`), then asks for core time, again and again. */
typedef struct client {
	sim_unit unit;
	sim_queue *submit, *done;
	uint32_t num_jobs;
	ps_t think_ps[MAX_JOBS], job_ps[MAX_JOBS];
	ps_t done_ps[MAX_JOBS];
} client;

static void client_body(sim_unit *unit)
{
	client *self = (client *)unit;

	for (uint32_t i = 0; i < self->num_jobs; i++) {
		sim_item item = { .argument = (uint64_t)self->job_ps[i], .payload = &self->job_ps[i] };

		sim_thread_delay(unit, self->think_ps[i]);
		if (!sim_thread_send(unit, self->submit, 0, item) || !sim_thread_receive(unit, self->done, &item))
			return;
		self->done_ps[i] = item.payload == &self->job_ps[i] ? unit->local_ps : -1;
	}
}

typedef struct pool_case {
	sim_pool_policy policy;
	uint32_t num_cores, num_clients;
	ps_t quantum_ps;
	client clients[MAX_CLIENTS];
} pool_case;

static ps_t run_pool(pool_case *self, sim_placement placement)
{
	sim_kernel *kernel = sim_kernel_create(placement);
	sim_core_pool *pool = sim_core_pool_create(kernel, "pool", self->policy, self->num_cores, self->quantum_ps,
						   self->num_clients);
	sim_outcome outcome;
	ps_t busy_ps;

	for (uint32_t i = 0; i < self->num_clients; i++) {
		sim_thread_init(kernel, &self->clients[i].unit, "client", client_body);
		sim_core_pool_connect(pool, &self->clients[i].unit, &self->clients[i].submit, &self->clients[i].done);
	}
	outcome = sim_run(kernel);
	busy_ps = sim_core_pool_busy_ps(pool);
	sim_kernel_destroy(kernel);
	sim_core_pool_destroy(pool);
	assert_int_equal(outcome, SIM_FINISHED);
	return busy_ps;
}

/* One job per client: arrival, length, and when it must be done. */
typedef struct job {
	ps_t arrival_ps, job_ps, done_ps;
} job;

static void assert_jobs(sim_pool_policy policy, uint32_t num_cores, ps_t quantum_ps, const job *jobs, size_t num_jobs)
{
	for (size_t p = 0; p < NUM(both_placements); p++) {
		pool_case it = { .policy = policy,
				 .num_cores = num_cores,
				 .quantum_ps = quantum_ps,
				 .num_clients = (uint32_t)num_jobs };
		ps_t sum_ps = 0;

		for (size_t i = 0; i < num_jobs; i++) {
			it.clients[i].num_jobs = 1;
			it.clients[i].think_ps[0] = jobs[i].arrival_ps;
			it.clients[i].job_ps[0] = jobs[i].job_ps;
			sum_ps += jobs[i].job_ps;
		}
		assert_int_equal(run_pool(&it, both_placements[p]), sum_ps);
		for (size_t i = 0; i < num_jobs; i++)
			assert_int_equal(it.clients[i].done_ps[0], jobs[i].done_ps);
	}
}

/* ---- by hand ---------------------------------------------------------------------------------------------------- */

static void fifo_on_one_core(void **state)
{
	/* In the order of arrival, then client: 0-10,000, 10,000-15,000, 15,000-16,000; the last finds it idle. */
	const job jobs[] = { { 0, 10000, 10000 }, { 2000, 5000, 15000 }, { 2000, 1000, 16000 }, { 20000, 1, 20001 } };

	(void)state;
	assert_jobs(SIM_POOL_FIFO, 1, 1000, jobs, NUM(jobs));
}

static void fifo_is_by_arrival_not_by_client(void **state)
{
	const job jobs[] = { { 3001, 100, 3200 }, { 3000, 100, 3100 } };

	(void)state;
	assert_jobs(SIM_POOL_FIFO, 1, 1000, jobs, NUM(jobs));
}

static void fifo_on_two_cores(void **state)
{
	/* Core 0 until 10,000; core 1 2,000-7,000, 7,000-8,000; then core 1 again is free first: 8,000-9,000; then
	 * 9,000- 12,000 beside core 0. */
	const job jobs[] = { { 0, 10000, 10000 },
			     { 2000, 5000, 7000 },
			     { 2000, 1000, 8000 },
			     { 2500, 1000, 9000 },
			     { 2501, 3000, 12000 } };

	(void)state;
	assert_jobs(SIM_POOL_FIFO, 2, 1000, jobs, NUM(jobs));
}

static void slices_on_one_core(void **state)
{
	/* Quantum 4,000. a 0-4,000 and goes behind b and c: b 4,000-8,000, c 8,000-9,000, a 9,000-13,000, b
	 * 13,000-14,000, a 14,000-16,000. */
	const job jobs[] = { { 0, 10000, 16000 }, { 2000, 5000, 14000 }, { 2000, 1000, 9000 } };

	(void)state;
	assert_jobs(SIM_POOL_SLICED, 1, 4000, jobs, NUM(jobs));
}

/* What arrives at the very end of a slice queues behind the job that is put back then; what arrives a picosecond before
 * it goes first. */
static void an_arrival_at_the_end_of_a_slice_goes_behind(void **state)
{
	const job at_end[] = { { 0, 10000, 11000 }, { 4000, 1000, 9000 } };      /* a 0-4 and 4-8, b 8-9, a 9-11 */
	const job just_before[] = { { 0, 10000, 11000 }, { 3999, 1000, 5000 } }; /* a 0-4, b 4-5, a 5-9-11 */

	(void)state;
	assert_jobs(SIM_POOL_SLICED, 1, 4000, at_end, NUM(at_end));
	assert_jobs(SIM_POOL_SLICED, 1, 4000, just_before, NUM(just_before));
}

static void slices_on_two_cores(void **state)
{
	/* Quantum 1,000. a on core 0, b on core 1, c waits. 1,000: a (core 0) goes behind c, so c takes core 0; b
	 * (core 1) goes behind a, so a takes core 1. 2,000: c (core 0) is done (1,000), b takes core 0; a (core 1)
	 * goes behind nobody and runs on. 3,000: b is done (2 slices), and so is a (3). */
	const job jobs[] = { { 0, 3000, 3000 }, { 0, 2000, 3000 }, { 0, 1000, 2000 } };

	(void)state;
	assert_jobs(SIM_POOL_SLICED, 2, 1000, jobs, NUM(jobs));
}

static void a_long_quantum_makes_slices_fifo(void **state)
{
	const job jobs[] = { { 0, 10000, 10000 }, { 2000, 5000, 15000 }, { 2000, 1000, 16000 }, { 20000, 1, 20001 } };

	(void)state;
	assert_jobs(SIM_POOL_SLICED, 1, 10000, jobs, NUM(jobs));
}

/* ---- against naive schedulers ----------------------------------------------------------------------------------- */

typedef struct naive_client {
	uint32_t next;
	ps_t arrival_ps; /* of the next job; -1 while one is with the pool */
} naive_client;

/* Jobs in the order (arrival, client), each to the core that is free first. */
static void naive_fifo(const pool_case *it, ps_t done_ps[MAX_CLIENTS][MAX_JOBS])
{
	ps_t free_ps[8] = { 0 };
	naive_client clients[MAX_CLIENTS] = { { 0 } };

	for (uint32_t i = 0; i < it->num_clients; i++)
		clients[i].arrival_ps = it->clients[i].think_ps[0];
	for (;;) {
		int first = -1, core = 0;

		for (uint32_t i = 0; i < it->num_clients; i++)
			if (clients[i].next < it->clients[i].num_jobs &&
			    (first < 0 || clients[i].arrival_ps < clients[first].arrival_ps))
				first = (int)i;
		if (first < 0)
			return;
		for (uint32_t i = 1; i < it->num_cores; i++)
			if (free_ps[i] < free_ps[core])
				core = (int)i;
		free_ps[core] = ps_max(free_ps[core], clients[first].arrival_ps) +
				it->clients[first].job_ps[clients[first].next];
		done_ps[first][clients[first].next++] = free_ps[core];
		clients[first].arrival_ps = free_ps[core] + it->clients[first].think_ps[clients[first].next % MAX_JOBS];
	}
}

/* Picosecond by picosecond: slices end, core by core; then arrivals join the line. */
static void naive_sliced(const pool_case *it, ps_t done_ps[MAX_CLIENTS][MAX_JOBS])
{
	struct {
		int client; /* -1: idle */
		ps_t end_ps;
	} cores[8];
	ps_t left_ps[MAX_CLIENTS] = { 0 };
	naive_client clients[MAX_CLIENTS] = { { 0 } };
	int line[MAX_CLIENTS], num_line = 0;
	uint32_t num_left = 0;

#define DISPATCH()                                                                           \
	for (uint32_t d = 0; d < it->num_cores && num_line != 0; d++)                        \
		if (cores[d].client < 0) {                                                   \
			cores[d].client = line[0];                                           \
			cores[d].end_ps = now_ps + ps_min(left_ps[line[0]], it->quantum_ps); \
			memmove(line, line + 1, (size_t)--num_line * sizeof(line[0]));       \
		}
	for (uint32_t i = 0; i < it->num_cores; i++)
		cores[i].client = -1;
	for (uint32_t i = 0; i < it->num_clients; i++) {
		clients[i].arrival_ps = it->clients[i].think_ps[0];
		num_left += it->clients[i].num_jobs;
	}
	for (ps_t now_ps = 0; num_left != 0; now_ps++) {
		for (uint32_t i = 0; i < it->num_cores; i++) {
			const int who = cores[i].client;

			if (who < 0 || cores[i].end_ps != now_ps)
				continue;
			cores[i].client = -1;
			left_ps[who] -= ps_min(left_ps[who], it->quantum_ps);
			if (left_ps[who] != 0) {
				line[num_line++] = who;
			} else {
				done_ps[who][clients[who].next++] = now_ps;
				num_left--;
				if (clients[who].next < it->clients[who].num_jobs)
					clients[who].arrival_ps = now_ps + it->clients[who].think_ps[clients[who].next];
			}
			DISPATCH();
		}
		for (uint32_t i = 0; i < it->num_clients; i++)
			if (clients[i].arrival_ps == now_ps) {
				clients[i].arrival_ps = -1;
				left_ps[i] = it->clients[i].job_ps[clients[i].next];
				line[num_line++] = (int)i;
				DISPATCH();
			}
	}
#undef DISPATCH
}

/* Small numbers, so that ties and full lines abound. */
static void random_schedules(sim_pool_policy policy, uint64_t num_cases)
{
	for (uint64_t number = 0; number < num_cases; number++) {
		rng_stream rng = rng_open(number, "pool", policy);
		ps_t expected_ps[MAX_CLIENTS][MAX_JOBS];
		pool_case it = { .policy = policy };
		ps_t sum_ps = 0;

		it.num_cores = 1 + (uint32_t)rng_uniform_u64(&rng, 3);
		it.num_clients = 1 + (uint32_t)rng_uniform_u64(&rng, MAX_CLIENTS);
		it.quantum_ps = 1 + (ps_t)rng_uniform_u64(&rng, 20);
		for (uint32_t i = 0; i < it.num_clients; i++) {
			it.clients[i].num_jobs = 1 + (uint32_t)rng_uniform_u64(&rng, MAX_JOBS);
			for (uint32_t j = 0; j < it.clients[i].num_jobs; j++) {
				it.clients[i].think_ps[j] = 1 + (ps_t)rng_uniform_u64(&rng, 30);
				it.clients[i].job_ps[j] = 1 + (ps_t)rng_uniform_u64(&rng, 40);
				sum_ps += it.clients[i].job_ps[j];
			}
		}
		if (policy == SIM_POOL_FIFO)
			naive_fifo(&it, expected_ps);
		else
			naive_sliced(&it, expected_ps);
		for (size_t p = 0; p < NUM(both_placements); p++) {
			assert_int_equal(run_pool(&it, both_placements[p]), sum_ps);
			for (uint32_t i = 0; i < it.num_clients; i++)
				for (uint32_t j = 0; j < it.clients[i].num_jobs; j++)
					if (it.clients[i].done_ps[j] != expected_ps[i][j])
						fail_msg("case %d, %s, client %u, job %u: done at %lld, not at %lld",
							 (int)number, p == 0 ? "clustered" : "per unit", i, j,
							 (long long)it.clients[i].done_ps[j],
							 (long long)expected_ps[i][j]);
		}
	}
}

static void fifo_agrees_with_a_naive_scheduler(void **state)
{
	(void)state;
	random_schedules(SIM_POOL_FIFO, 150);
}

static void slices_agree_with_a_naive_scheduler(void **state)
{
	(void)state;
	random_schedules(SIM_POOL_SLICED, 150);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fifo_on_one_core),
		cmocka_unit_test(fifo_is_by_arrival_not_by_client),
		cmocka_unit_test(fifo_on_two_cores),
		cmocka_unit_test(slices_on_one_core),
		cmocka_unit_test(an_arrival_at_the_end_of_a_slice_goes_behind),
		cmocka_unit_test(slices_on_two_cores),
		cmocka_unit_test(a_long_quantum_makes_slices_fifo),
		cmocka_unit_test(fifo_agrees_with_a_naive_scheduler),
		cmocka_unit_test(slices_agree_with_a_naive_scheduler),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
