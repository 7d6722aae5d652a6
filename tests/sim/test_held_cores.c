/* Does everybody who asks for a core get one when its turn comes, to the picosecond, and is what it keeps counted? */
#include "small_units.h"

#include "base/rng.h"
#include "sim/core_pool.h"

#define MAX_CLIENTS 6
#define MAX_TURNS 12

/* A client works for itself (`think_ps`), asks for a core and keeps it for `hold_ps`, again and again. */
typedef struct client {
	sim_unit unit;
	sim_queue *requests, *grants;
	uint32_t num_turns;
	ps_t think_ps[MAX_TURNS], hold_ps[MAX_TURNS];
	ps_t granted_ps[MAX_TURNS];
} client;

static void client_body(sim_unit *unit)
{
	client *self = (client *)unit;

	for (uint32_t i = 0; i < self->num_turns; i++) {
		sim_item item = { .kind = SIM_POOL_ACQUIRE };

		sim_thread_delay(unit, self->think_ps[i]);
		if (!sim_thread_send(unit, self->requests, 0, item) || !sim_thread_receive(unit, self->grants, &item))
			return;
		self->granted_ps[i] = unit->local_ps;
		sim_thread_delay(unit, self->hold_ps[i]);
		if (!sim_thread_send(unit, self->requests, 0, (sim_item){ .kind = SIM_POOL_RELEASE }))
			return;
	}
}

typedef struct pool_case {
	uint32_t num_cores, num_clients;
	client clients[MAX_CLIENTS];
} pool_case;

/* Returns the core time that the pool says it gave. */
static ps_t run_pool(pool_case *self, sim_placement placement)
{
	sim_kernel *kernel = sim_kernel_create(placement);
	sim_core_pool *pool =
		sim_core_pool_create(kernel, "cores", SIM_POOL_HELD, self->num_cores, 0, self->num_clients);
	sim_outcome outcome;
	ps_t busy_ps;

	for (uint32_t i = 0; i < self->num_clients; i++) {
		client *of = &self->clients[i];

		sim_thread_init(kernel, &of->unit, "client", client_body);
		sim_core_pool_connect(pool, &of->unit, &of->requests, &of->grants);
	}
	outcome = sim_run(kernel);
	busy_ps = sim_core_pool_busy_ps(pool);
	sim_kernel_destroy(kernel);
	sim_core_pool_destroy(pool);
	assert_int_equal(outcome, SIM_FINISHED);
	return busy_ps;
}

/* One turn per client: when it asks, how long it holds, when it must get the core. A pool decides a picosecond after it
 * is asked, or after a core is given back. */
typedef struct turn {
	ps_t ask_ps, hold_ps, granted_ps;
} turn;

static void assert_turns(uint32_t num_cores, const turn *turns, size_t num_turns)
{
	for (size_t p = 0; p < NUM(both_placements); p++) {
		pool_case it = { .num_cores = num_cores, .num_clients = (uint32_t)num_turns };
		ps_t sum_ps = 0;

		for (size_t i = 0; i < num_turns; i++) {
			it.clients[i].num_turns = 1;
			it.clients[i].think_ps[0] = turns[i].ask_ps;
			it.clients[i].hold_ps[0] = turns[i].hold_ps;
			sum_ps += turns[i].hold_ps;
		}
		assert_int_equal(run_pool(&it, both_placements[p]), sum_ps);
		for (size_t i = 0; i < num_turns; i++)
			assert_int_equal(it.clients[i].granted_ps[0], turns[i].granted_ps);
	}
}

static void a_free_core_is_had_at_once(void **state)
{
	const turn turns[] = { { 0, 1000, 1 }, { 5000, 1000, 5001 } };

	(void)state;
	assert_turns(1, turns, NUM(turns));
}

/* One core: 1-1,001; then who asked first (the third), though the second has the smaller number. */
static void who_asked_first_is_first(void **state)
{
	const turn turns[] = { { 0, 1000, 1 }, { 501, 100, 1103 }, { 500, 100, 1002 } };

	(void)state;
	assert_turns(1, turns, NUM(turns));
}

static void of_those_who_ask_at_once_the_first_client_is_first(void **state)
{
	const turn turns[] = { { 500, 1000, 501 }, { 500, 100, 1502 }, { 500, 100, 1603 } };

	(void)state;
	assert_turns(1, turns, NUM(turns));
}

/* Two cores: a 1-5,001, b 1-2,001; c has b's at 2,002-3,002, d has c's, until 9,003; e has a's. */
static void two_cores_serve_two(void **state)
{
	const turn turns[] = {
		{ 0, 5000, 1 }, { 0, 2000, 1 }, { 100, 1000, 2002 }, { 101, 6000, 3003 }, { 102, 10, 5002 }
	};

	(void)state;
	assert_turns(2, turns, NUM(turns));
}

/* Who asks as a core is given back stands behind those who wait already. */
static void nobody_jumps_the_queue(void **state)
{
	const turn turns[] = { { 1001, 100, 1103 }, { 0, 1000, 1 }, { 900, 100, 1002 } };

	(void)state;
	assert_turns(1, turns, NUM(turns));
}

/* Picosecond by picosecond: cores come back, then those who ask join the line. */
static void naive(const pool_case *it, ps_t granted_ps[MAX_CLIENTS][MAX_TURNS])
{
	ps_t ask_ps[MAX_CLIENTS], release_ps[MAX_CLIENTS];
	uint32_t next[MAX_CLIENTS] = { 0 };
	uint32_t line[MAX_CLIENTS], num_line = 0, num_held = 0, num_left = 0;

	for (uint32_t i = 0; i < it->num_clients; i++) {
		ask_ps[i] = it->clients[i].think_ps[0];
		release_ps[i] = -1;
		num_left += it->clients[i].num_turns;
	}
	for (ps_t now_ps = 1; num_left != 0; now_ps++) {
		for (uint32_t i = 0; i < it->num_clients; i++)
			if (release_ps[i] == now_ps - 1) {
				release_ps[i] = -1;
				num_held--;
			}
		for (uint32_t i = 0; i < it->num_clients; i++)
			if (ask_ps[i] == now_ps - 1) {
				ask_ps[i] = -1;
				line[num_line++] = i;
			}
		while (num_line != 0 && num_held < it->num_cores) {
			const uint32_t who = line[0];
			const client *of = &it->clients[who];

			memmove(line, line + 1, --num_line * sizeof(line[0]));
			num_held++;
			granted_ps[who][next[who]] = now_ps;
			release_ps[who] = now_ps + of->hold_ps[next[who]++];
			if (next[who] < of->num_turns)
				ask_ps[who] = release_ps[who] + of->think_ps[next[who]];
			num_left--;
		}
	}
}

/* Small numbers, so that ties and full lines abound; some hold a core for no time, or ask again at once. */
static void agrees_with_a_naive_scheduler(void **state)
{
	(void)state;
	for (uint64_t number = 0; number < 200; number++) {
		rng_stream rng = rng_open(number, "held", 0);
		ps_t expected_ps[MAX_CLIENTS][MAX_TURNS];
		pool_case it = { .num_cores = 1 + (uint32_t)rng_uniform_u64(&rng, 3) };
		ps_t sum_ps = 0;

		it.num_clients = 1 + (uint32_t)rng_uniform_u64(&rng, MAX_CLIENTS);
		for (uint32_t i = 0; i < it.num_clients; i++) {
			it.clients[i].num_turns = 1 + (uint32_t)rng_uniform_u64(&rng, MAX_TURNS);
			for (uint32_t j = 0; j < it.clients[i].num_turns; j++) {
				it.clients[i].think_ps[j] = (ps_t)rng_uniform_u64(&rng, 12);
				it.clients[i].hold_ps[j] = (ps_t)rng_uniform_u64(&rng, 16);
				sum_ps += it.clients[i].hold_ps[j];
			}
		}
		naive(&it, expected_ps);
		for (size_t p = 0; p < NUM(both_placements); p++) {
			assert_int_equal(run_pool(&it, both_placements[p]), sum_ps);
			for (uint32_t i = 0; i < it.num_clients; i++)
				for (uint32_t j = 0; j < it.clients[i].num_turns; j++)
					if (it.clients[i].granted_ps[j] != expected_ps[i][j])
						fail_msg("case %d, %s, client %u, turn %u: core at %lld, not at %lld",
							 (int)number, p == 0 ? "clustered" : "per unit", i, j,
							 (long long)it.clients[i].granted_ps[j],
							 (long long)expected_ps[i][j]);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_free_core_is_had_at_once),
		cmocka_unit_test(who_asked_first_is_first),
		cmocka_unit_test(of_those_who_ask_at_once_the_first_client_is_first),
		cmocka_unit_test(two_cores_serve_two),
		cmocka_unit_test(nobody_jumps_the_queue),
		cmocka_unit_test(agrees_with_a_naive_scheduler),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
