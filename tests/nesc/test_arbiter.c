/* Does the arbiter serve in the order that its policies promise, and does a rate limit hold to the picosecond? */
#include <stdbool.h>
#include <string.h>

#include "base/cmocka_all.h"
#include "base/rng.h"
#include "nesc/arbiter.h"

typedef unsigned __int128 u128;

#define MAX_BYTES NESC_MAX_NODE_BYTES
#define LATE_PS ((ps_t)(UINT64_C(1) << 62))

static const arbiter_function_params plain = { .weight = 1 };

static arbiter_function_params important(uint32_t priority)
{
	return (arbiter_function_params){ .weight = 1, .priority = priority };
}

static arbiter_function_params limited(uint64_t rate_bps, uint64_t burst_bytes)
{
	return (arbiter_function_params){ .weight = 1, .rate_bps = rate_bps, .burst_bytes = burst_bytes };
}

static uint64_t all_of(uint32_t num)
{
	return UINT64_MAX >> (64 - num);
}

static uint32_t serve(arbiter *a, uint64_t candidates, const uint32_t *head_bytes)
{
	const uint32_t slot = arbiter_choose(a, candidates, head_bytes);

	arbiter_taken(a, slot, head_bytes != NULL ? head_bytes[slot] : MAX_BYTES, 0);
	return slot;
}

/* Who is served at as many decisions as `expected` has letters, A for slot 0 and so on; candidates likewise. */
static void expect_order(arbiter *a, const char *candidates, const uint32_t *head_bytes, const char *expected)
{
	char order[128] = "";
	uint64_t set = 0;

	for (const char *c = candidates; *c != '\0'; c++)
		set |= UINT64_C(1) << (*c - 'A');
	for (size_t i = 0; i < strlen(expected); i++)
		order[i] = (char)('A' + serve(a, set, head_bytes));
	assert_string_equal(order, expected);
}

/* ---- orders worked out by hand ---------------------------------------------------------------------------------- */

static void test_round_robin_takes_the_first_candidate_after_the_last(void **state)
{
	arbiter a;

	(void)state;
	arbiter_init(&a, ARBITER_ROUND_ROBIN, 0);
	for (uint32_t i = 0; i < 4; i++)
		assert_int_equal(arbiter_add_function(&a, &plain), i);
	expect_order(&a, "ABCD", NULL, "ABCDA");
	expect_order(&a, "AC", NULL, "CAC");
	expect_order(&a, "ABC", NULL, "ABCA");
	expect_order(&a, "A", NULL, "AA");
	expect_order(&a, "BD", NULL, "BDB");
}

static void test_round_robin_goes_round_at_the_last_slot(void **state)
{
	arbiter a;

	(void)state;
	arbiter_init(&a, ARBITER_ROUND_ROBIN, 0);
	for (uint32_t i = 0; i < ARBITER_MAX_FUNCTIONS; i++)
		arbiter_add_function(&a, &plain);
	for (uint32_t i = 0; i < 3 * ARBITER_MAX_FUNCTIONS; i++)
		assert_int_equal(serve(&a, UINT64_MAX, NULL), i % ARBITER_MAX_FUNCTIONS);
	assert_int_equal(serve(&a, UINT64_C(1) << 63 | 2, NULL), 1);
	assert_int_equal(serve(&a, UINT64_C(1) << 63 | 2, NULL), 63);
	assert_int_equal(serve(&a, UINT64_C(1) << 63 | 2, NULL), 1);
}

static void test_weighted_serves_runs_of_weight(void **state)
{
	arbiter a;

	(void)state;
	arbiter_init(&a, ARBITER_WEIGHTED_ROUND_ROBIN, 0);
	arbiter_add_function(&a, &(arbiter_function_params){ .weight = 3 });
	arbiter_add_function(&a, &(arbiter_function_params){ .weight = 1 });
	arbiter_add_function(&a, &(arbiter_function_params){ .weight = 2 });
	expect_order(&a, "ABC", NULL, "AAABCCAAABCCA"); /* the last A begins a run of 3 */
	expect_order(&a, "BC", NULL, "B");              /* which ends, as A is no candidate */
	expect_order(&a, "ABC", NULL, "CCAAAB");
	expect_order(&a, "A", NULL, "AAAA"); /* alone: the fourth begins the next run */
	expect_order(&a, "AB", NULL, "AABA");
	expect_order(&a, "ABC", NULL, "AAB");
}

static void test_weighted_begins_with_slot_0_also_with_all_slots(void **state)
{
	arbiter a;

	(void)state;
	arbiter_init(&a, ARBITER_WEIGHTED_ROUND_ROBIN, 0);
	for (uint32_t i = 0; i < ARBITER_MAX_FUNCTIONS; i++)
		arbiter_add_function(&a, &(arbiter_function_params){ .weight = ARBITER_MAX_WEIGHT });
	assert_int_equal(serve(&a, UINT64_MAX, NULL), 0);
}

static void test_priority_serves_the_lowest_number_and_round_robin_among_equal(void **state)
{
	const uint32_t priorities[] = { 7, 2, 7, 2, 63 };
	arbiter a;

	(void)state;
	arbiter_init(&a, ARBITER_STRICT_PRIORITY, 0);
	for (uint32_t i = 0; i < 5; i++) {
		const arbiter_function_params params = important(priorities[i]);

		arbiter_add_function(&a, &params);
	}
	expect_order(&a, "ABCDE", NULL, "BDBD");
	expect_order(&a, "ACE", NULL, "A");
	expect_order(&a, "ABCE", NULL, "BB");
	expect_order(&a, "ACE", NULL, "CAC"); /* B in between did not turn A and C back */
	expect_order(&a, "E", NULL, "EE");
	expect_order(&a, "ADE", NULL, "DDD");
	expect_order(&a, "AE", NULL, "AA");
}

static void test_deficit_serves_bytes(void **state)
{
	/* 2,048 B a round for A, which it needs twice for a node; 4,096 B for B, which are four nodes. */
	const uint32_t head_bytes[] = { 4096, 1024 };
	arbiter a;

	(void)state;
	arbiter_init(&a, ARBITER_DEFICIT_ROUND_ROBIN, 2048);
	arbiter_add_function(&a, &(arbiter_function_params){ .weight = 1 });
	arbiter_add_function(&a, &(arbiter_function_params){ .weight = 2 });
	expect_order(&a, "AB", head_bytes, "BBBBABBBBBBBBABBBBBBBBABBBB");
}

static void test_deficit_is_lost_without_a_candidate(void **state)
{
	const uint32_t head_bytes[] = { 1024, 1024 };
	arbiter a;

	(void)state;
	arbiter_init(&a, ARBITER_DEFICIT_ROUND_ROBIN, 4096);
	arbiter_add_function(&a, &plain);
	arbiter_add_function(&a, &plain);
	expect_order(&a, "AB", head_bytes, "A");        /* keeps 3,072 B */
	expect_order(&a, "B", head_bytes, "B");         /* A loses them, B keeps 3,072 B */
	expect_order(&a, "AB", head_bytes, "BBBAAAAB"); /* and uses them; A has one quantum */
	expect_order(&a, "A", head_bytes, "AA");
	expect_order(&a, "A", head_bytes, "AAA"); /* alone: another quantum when the first is used up */
	expect_order(&a, "AB", head_bytes, "AAABBBB");
}

static void test_deficit_goes_through_thousands_of_rounds(void **state)
{
	/* A byte a round: B is covered in every 512th round, A in round 4,096, before B. */
	const uint32_t head_bytes[] = { 4096, 512 };
	arbiter a;

	(void)state;
	arbiter_init(&a, ARBITER_DEFICIT_ROUND_ROBIN, 1);
	arbiter_add_function(&a, &plain);
	arbiter_add_function(&a, &plain);
	expect_order(&a, "AB", head_bytes, "BBBBBBBABBBBBBBBABBBBBBBBA");
}

static void test_deficit_charges_flushes(void **state)
{
	const uint32_t head_bytes[] = { 0, 4096 };
	arbiter a;

	(void)state;
	arbiter_init(&a, ARBITER_DEFICIT_ROUND_ROBIN, 4096);
	arbiter_add_function(&a, &plain);
	arbiter_add_function(&a, &plain);
	expect_order(&a, "AB", head_bytes, "AAAAAAAABAAAAAAAAB");
}

static void test_ring_set_goes_round(void **state)
{
	(void)state;
	assert_int_equal(arbiter_after(0x9, 63), 0);
	assert_int_equal(arbiter_after(0x9, 0), 3);
	assert_int_equal(arbiter_after(0x9, 2), 3);
	assert_int_equal(arbiter_after(0x9, 3), 0);
	assert_int_equal(arbiter_after(UINT64_C(1) << 63, 62), 63);
	assert_int_equal(arbiter_after(UINT64_C(1) << 63, 63), 63);
}

/* ---- against a naive model -------------------------------------------------------------------------------------- */

typedef struct model {
	arbiter_policy policy;
	uint32_t num, last, num_left; /* num_left: of the run */
	uint32_t last_of_priority[ARBITER_NUM_PRIORITIES];
	uint64_t quantum_bytes;
	uint64_t deficits[ARBITER_MAX_FUNCTIONS];
	arbiter_function_params params[ARBITER_MAX_FUNCTIONS];
} model;

static bool has(uint64_t set, uint32_t slot)
{
	return set >> slot & 1;
}

static uint32_t model_next(const model *m, uint64_t set, uint32_t last)
{
	do
		last = (last + 1) % m->num;
	while (!has(set, last));
	return last;
}

static uint32_t model_serve(model *m, uint64_t candidates, const uint32_t *head_bytes)
{
	uint32_t slot = m->last;

	if (m->policy == ARBITER_ROUND_ROBIN) {
		slot = model_next(m, candidates, slot);
	} else if (m->policy == ARBITER_WEIGHTED_ROUND_ROBIN) {
		if (!has(candidates, slot) || m->num_left == 0) {
			slot = model_next(m, candidates, slot);
			m->num_left = m->params[slot].weight;
		}
		m->num_left--;
	} else if (m->policy == ARBITER_STRICT_PRIORITY) {
		uint32_t best = UINT32_MAX;
		uint64_t equals = 0;

		for (uint32_t i = 0; i < m->num; i++)
			if (has(candidates, i) && m->params[i].priority < best)
				best = m->params[i].priority;
		for (uint32_t i = 0; i < m->num; i++)
			if (has(candidates, i) && m->params[i].priority == best)
				equals |= UINT64_C(1) << i;
		slot = m->last_of_priority[best] = model_next(m, equals, m->last_of_priority[best]);
	} else {
		for (uint32_t i = 0; i < m->num; i++)
			if (!has(candidates, i))
				m->deficits[i] = 0;
		while (!has(candidates, slot) || m->deficits[slot] < (head_bytes[slot] ? head_bytes[slot] : 512)) {
			slot = (slot + 1) % m->num;
			if (has(candidates, slot))
				m->deficits[slot] += m->quantum_bytes * m->params[slot].weight;
		}
		m->deficits[slot] -= head_bytes[slot] ? head_bytes[slot] : 512;
	}
	m->last = slot;
	return slot;
}

/* A random machine, the same in both. */
static void make_both(arbiter *a, model *m, arbiter_policy policy, rng_stream *rng)
{
	const uint32_t max_weight = rng_chance(rng, 1, 2) ? 4 : 40;
	const uint32_t num_priorities = rng_chance(rng, 1, 2) ? 3 : ARBITER_NUM_PRIORITIES;

	*m = (model){ .policy = policy };
	m->num = rng_chance(rng, 1, 4) ? ARBITER_MAX_FUNCTIONS : 1 + (uint32_t)rng_uniform_u64(rng, 12);
	m->last = m->num - 1;
	m->quantum_bytes =
		rng_chance(rng, 1, 4) ? 1 + rng_uniform_u64(rng, 100) : UINT64_C(256) << rng_uniform_u64(rng, 8);
	arbiter_init(a, policy, m->quantum_bytes);
	for (uint32_t i = 0; i < ARBITER_NUM_PRIORITIES; i++)
		m->last_of_priority[i] = m->num - 1;
	for (uint32_t i = 0; i < m->num; i++) {
		m->params[i].weight = 1 + (uint32_t)rng_uniform_u64(rng, max_weight);
		m->params[i].priority = (uint32_t)rng_uniform_u64(rng, num_priorities);
		assert_int_equal(arbiter_add_function(a, &m->params[i]), i);
	}
}

static uint32_t draw_bytes(rng_stream *rng)
{
	return 512 * (1 + (uint32_t)rng_uniform_u64(rng, MAX_BYTES / 512));
}

static void test_every_policy_decides_as_the_naive_model(void **state)
{
	rng_stream rng = rng_open(1, "policies", 0);
	uint32_t head_bytes[ARBITER_MAX_FUNCTIONS];
	arbiter a;
	model m;

	(void)state;
	for (uint32_t machine = 0; machine < 80 * ARBITER_NUM_POLICIES; machine++) {
		const uint64_t density = 1 + rng_uniform_u64(&rng, 8);

		make_both(&a, &m, machine % ARBITER_NUM_POLICIES, &rng);
		for (uint32_t i = 0; i < m.num; i++)
			head_bytes[i] = draw_bytes(&rng);
		for (uint32_t decision = 0; decision < 400; decision++) {
			uint64_t candidates = 0;
			uint32_t slot;

			for (uint32_t i = 0; i < m.num; i++)
				candidates |= (uint64_t)rng_chance(&rng, density, 8) << i;
			if (candidates == 0)
				continue;
			slot = model_serve(&m, candidates, head_bytes);
			assert_int_equal(arbiter_choose(&a, candidates, head_bytes), slot);
			if (rng_chance(&rng, 1, 4)) /* asked again, it answers the same */
				assert_int_equal(arbiter_choose(&a, candidates, head_bytes), slot);
			arbiter_taken(&a, slot, head_bytes[slot], 0);
			head_bytes[slot] = rng_chance(&rng, 1, 10) ? 0 : draw_bytes(&rng);
			if (rng_chance(&rng, 1, 50)) { /* new parameters, from the next decision on */
				const uint32_t changed = (uint32_t)rng_uniform_u64(&rng, m.num);

				m.params[changed].priority = (uint32_t)rng_uniform_u64(&rng, 4);
				if (m.policy != ARBITER_WEIGHTED_ROUND_ROBIN)
					m.params[changed].weight = 1 + (uint32_t)rng_uniform_u64(&rng, 4);
				arbiter_set_function(&a, changed, &m.params[changed], 0);
			}
		}
	}
}

/* ---- shares and gaps -------------------------------------------------------------------------------------------- */

static void test_weighted_shares_are_the_weights_exactly(void **state)
{
	rng_stream rng = rng_open(1, "weighted shares", 0);
	arbiter a;
	model m;

	(void)state;
	for (uint32_t machine = 0; machine < 20; machine++) {
		uint64_t counts[ARBITER_MAX_FUNCTIONS] = { 0 };
		uint64_t round = 0;

		make_both(&a, &m, ARBITER_WEIGHTED_ROUND_ROBIN, &rng);
		for (uint32_t i = 0; i < m.num; i++)
			round += m.params[i].weight;
		for (uint64_t decision = 0; decision < 7 * round; decision++)
			counts[serve(&a, all_of(m.num), NULL)]++;
		for (uint32_t i = 0; i < m.num; i++)
			assert_int_equal(counts[i], 7 * m.params[i].weight);
	}
}

/* While all have candidates, any two differ in bytes / weight by less than a quantum and a node / weight, at any time:
 * the bound for deficit round robin. */
static void test_deficit_shares_are_bytes_by_weight_within_a_quantum(void **state)
{
	rng_stream rng = rng_open(1, "deficit shares", 0);
	arbiter a;
	model m;

	(void)state;
	for (uint32_t machine = 0; machine < 30; machine++) {
		uint64_t served_bytes[ARBITER_MAX_FUNCTIONS] = { 0 };
		uint32_t head_bytes[ARBITER_MAX_FUNCTIONS];

		make_both(&a, &m, ARBITER_DEFICIT_ROUND_ROBIN, &rng);
		for (uint32_t i = 0; i < m.num; i++)
			head_bytes[i] = draw_bytes(&rng);
		for (uint32_t decision = 0; decision < 3000; decision++) {
			const uint32_t slot = serve(&a, all_of(m.num), head_bytes);
			const uint64_t w = m.params[slot].weight;

			served_bytes[slot] += head_bytes[slot];
			head_bytes[slot] = machine % 2 == 0 ? draw_bytes(&rng) : 512 * (1 + slot % 8);
			for (uint32_t i = 0; i < m.num; i++) {
				const uint64_t v = m.params[i].weight;
				const uint64_t quantum = m.quantum_bytes * w * v;

				if (i == slot)
					continue;
				assert_true(served_bytes[slot] * v < served_bytes[i] * w + quantum + MAX_BYTES * w);
				assert_true(served_bytes[i] * w < served_bytes[slot] * v + quantum + MAX_BYTES * v);
			}
		}
	}
}

static void test_priority_never_serves_the_less_important(void **state)
{
	rng_stream rng = rng_open(1, "priority", 0);
	arbiter a;
	model m;

	(void)state;
	for (uint32_t machine = 0; machine < 20; machine++) {
		make_both(&a, &m, ARBITER_STRICT_PRIORITY, &rng);
		for (uint32_t decision = 0; decision < 500; decision++) {
			const uint64_t candidates = (rng_bits(&rng) & all_of(m.num)) | 1;
			const uint32_t slot = serve(&a, candidates, NULL);

			assert_true(has(candidates, slot));
			for (uint32_t i = 0; i < m.num; i++)
				assert_true(!has(candidates, i) || m.params[slot].priority <= m.params[i].priority);
		}
	}
}

/* Slot `victim` always has a candidate, the others come and go as they like: how much do they get in between? Nodes, or
 * bytes with deficit round robin. */
static void test_no_candidate_starves(void **state)
{
	rng_stream rng = rng_open(1, "starvation", 0);
	arbiter a;
	model m;

	(void)state;
	for (uint32_t machine = 0; machine < 90; machine++) {
		const bool by_deficit = machine % 3 == 2;
		uint32_t head_bytes[ARBITER_MAX_FUNCTIONS];
		uint64_t most = 0, between = 0;
		uint32_t victim;

		make_both(&a, &m,
			  by_deficit ? ARBITER_DEFICIT_ROUND_ROBIN
				     : (arbiter_policy[]){ ARBITER_ROUND_ROBIN,
							   ARBITER_WEIGHTED_ROUND_ROBIN }[machine % 3],
			  &rng);
		victim = (uint32_t)rng_uniform_u64(&rng, m.num);
		for (uint32_t i = 0; i < m.num; i++) {
			const uint64_t own = m.quantum_bytes * m.params[victim].weight;
			const uint64_t num_visits = (MAX_BYTES + own - 1) / own;

			head_bytes[i] = draw_bytes(&rng);
			if (i == victim)
				continue;
			if (by_deficit) /* as often as the victim must be visited, and what was left to it before */
				most += num_visits * m.quantum_bytes * m.params[i].weight + MAX_BYTES;
			else
				most += m.policy == ARBITER_ROUND_ROBIN ? 1 : m.params[i].weight;
		}
		for (uint32_t decision = 0; decision < 1500; decision++) {
			const uint64_t others = rng_chance(&rng, 1, 2) ? UINT64_MAX : rng_bits(&rng);
			const uint64_t candidates = (others & all_of(m.num)) | UINT64_C(1) << victim;
			const uint32_t slot = serve(&a, candidates, head_bytes);

			between = slot == victim ? 0 : between + (by_deficit ? head_bytes[slot] : 1);
			assert_true(between <= most);
			head_bytes[slot] = draw_bytes(&rng);
		}
	}
}

/* ---- rate limits ------------------------------------------------------------------------------------------------ */

static uint32_t only_function(arbiter *a, arbiter_function_params params)
{
	arbiter_init(a, ARBITER_ROUND_ROBIN, 0);
	return arbiter_add_function(a, &params);
}

static void test_no_limit_is_always_eligible(void **state)
{
	arbiter a;

	(void)state;
	only_function(&a, plain);
	for (uint32_t i = 0; i < 10; i++) {
		assert_int_equal(arbiter_eligible_ps(&a, 0, MAX_BYTES), 0);
		arbiter_taken(&a, 0, MAX_BYTES, LATE_PS);
	}
}

static void test_bucket_begins_full_and_holds_no_more_than_its_burst(void **state)
{
	arbiter a;

	(void)state;
	only_function(&a, limited(1000, 10000));
	for (ps_t t_ps = 0; t_ps <= LATE_PS; t_ps += LATE_PS / 4) {
		assert_true(arbiter_eligible_ps(&a, 0, MAX_BYTES) <= t_ps);
		arbiter_taken(&a, 0, MAX_BYTES, t_ps);
		assert_true(arbiter_eligible_ps(&a, 0, MAX_BYTES) <= t_ps);
		arbiter_taken(&a, 0, MAX_BYTES, t_ps);
		/* 1,808 B are left; 1 B is a ms */
		assert_true(arbiter_eligible_ps(&a, 0, 1808) <= t_ps);
		assert_int_equal(arbiter_eligible_ps(&a, 0, 1809), t_ps + PS_PER_MS);
		assert_int_equal(arbiter_eligible_ps(&a, 0, MAX_BYTES), t_ps + 2288 * PS_PER_MS);
		assert_true(arbiter_eligible_ps(&a, 0, 0) <= t_ps);
	}
}

static void test_eligible_times_are_rounded_up_to_the_ps(void **state)
{
	arbiter a;

	(void)state;
	only_function(&a, limited(3, MAX_BYTES));
	arbiter_taken(&a, 0, MAX_BYTES, 0);
	assert_int_equal(arbiter_eligible_ps(&a, 0, 1), INT64_C(333333333334));
	assert_int_equal(arbiter_eligible_ps(&a, 0, 2), INT64_C(666666666667));
	assert_int_equal(arbiter_eligible_ps(&a, 0, 3), INT64_C(1000000000000));
	/* What came in beyond the node is kept: three nodes of 1 B take 1 s, not three times a third rounded up. */
	arbiter_taken(&a, 0, 1, INT64_C(333333333334));
	assert_int_equal(arbiter_eligible_ps(&a, 0, 1), INT64_C(666666666667));
	arbiter_taken(&a, 0, 1, INT64_C(666666666667));
	assert_int_equal(arbiter_eligible_ps(&a, 0, 1), INT64_C(1000000000000));
}

static void test_extreme_rates_and_times(void **state)
{
	const ps_t times_ps[] = { 0, 1, LATE_PS - 1, LATE_PS };
	arbiter a;

	(void)state;
	for (uint32_t i = 0; i < 4; i++) {
		only_function(&a, limited(1, MAX_BYTES));
		arbiter_taken(&a, 0, MAX_BYTES, times_ps[i]);
		assert_int_equal(arbiter_eligible_ps(&a, 0, 1), times_ps[i] + PS_PER_S);
		assert_int_equal(arbiter_eligible_ps(&a, 0, MAX_BYTES), times_ps[i] + 4096 * PS_PER_S);
		only_function(&a, limited(ARBITER_MAX_RATE_BPS, MAX_BYTES));
		arbiter_taken(&a, 0, MAX_BYTES, times_ps[i]);
		assert_int_equal(arbiter_eligible_ps(&a, 0, 1), times_ps[i] + 1);
		assert_int_equal(arbiter_eligible_ps(&a, 0, MAX_BYTES), times_ps[i] + 4096);
		/* The largest burst, used for 4 KiB: the second node is covered as well. */
		only_function(&a, limited(ARBITER_MAX_RATE_BPS, ARBITER_MAX_BURST_BYTES));
		arbiter_taken(&a, 0, MAX_BYTES, times_ps[i]);
		assert_true(arbiter_eligible_ps(&a, 0, MAX_BYTES) <= times_ps[i]);
	}
	only_function(&a, limited(1, MAX_BYTES));
	arbiter_taken(&a, 0, MAX_BYTES, PS_MAX - 512 * PS_PER_S);
	assert_int_equal(arbiter_eligible_ps(&a, 0, 511), PS_MAX - PS_PER_S);
	assert_int_equal(arbiter_eligible_ps(&a, 0, 513), PS_MAX);
	arbiter_taken(&a, 0, 512, PS_MAX);
	assert_int_equal(arbiter_eligible_ps(&a, 0, MAX_BYTES), PS_MAX);
}

/* Nodes taken as early as allowed: after `taken` bytes from `begin_ps` on, the next node is due when rate * t has
 * brought what the burst did not hold. Exact for every node, so nothing drifts. The burst must be at least a byte more
 * than a node, or the rate whole bytes per ps: else the bucket overflows within the ps in which it covers the node. */
static void expect_no_drift(uint64_t rate_bps, uint64_t burst_bytes, ps_t begin_ps, uint64_t num_nodes, rng_stream *rng)
{
	u128 taken_bytes = 0;
	ps_t now_ps = begin_ps;
	arbiter a;

	only_function(&a, limited(rate_bps, burst_bytes));
	for (uint64_t i = 0; i < num_nodes; i++) {
		const uint32_t bytes = rng != NULL ? draw_bytes(rng) : MAX_BYTES;
		const u128 needed_bytes = taken_bytes + bytes;
		ps_t due_ps = begin_ps;

		if (needed_bytes > burst_bytes)
			due_ps += (ps_t)(((needed_bytes - burst_bytes) * PS_PER_S + rate_bps - 1) / rate_bps);
		now_ps = ps_max(now_ps, arbiter_eligible_ps(&a, 0, bytes));
		if (now_ps != due_ps)
			assert_int_equal(now_ps, due_ps);
		arbiter_taken(&a, 0, bytes, now_ps);
		taken_bytes = needed_bytes;
	}
}

static void test_long_run_rate_does_not_drift(void **state)
{
	const uint64_t rates_bps[] = { 1000003, 999999937, UINT64_C(1000000000), UINT64_C(333333333333),
				       ARBITER_MAX_RATE_BPS };
	rng_stream rng = rng_open(1, "drift", 0);

	(void)state;
	for (uint32_t i = 0; i < 5; i++) {
		expect_no_drift(rates_bps[i], MAX_BYTES + 1, 0, 100000, NULL);
		expect_no_drift(rates_bps[i], MAX_BYTES + 1, 12345678901, 100000, &rng);
		expect_no_drift(rates_bps[i], 100001, LATE_PS, 100000, &rng);
		expect_no_drift(rates_bps[i], 1 << 27, 1, 100000, NULL);
	}
	expect_no_drift(1, MAX_BYTES, 0, 2000, NULL);
	expect_no_drift(ARBITER_MAX_RATE_BPS, MAX_BYTES, 0, 100000, NULL); /* whole ps */
	expect_no_drift(7, 5000, LATE_PS, 2000, &rng);
}

/* The other way to keep a bucket: whole tokens and a remainder, brought up to date at each event. */
typedef struct bucket_model {
	arbiter_function_params params;
	uint64_t tokens, remainder; /* bytes, and 10^-12 bytes */
	ps_t last_ps;
} bucket_model;

static void bucket_advance(bucket_model *b, ps_t now_ps)
{
	const u128 inflow = (u128)(uint64_t)(now_ps - b->last_ps) * b->params.rate_bps + b->remainder;
	const u128 tokens = b->tokens + inflow / PS_PER_S;

	b->last_ps = now_ps;
	if (tokens >= b->params.burst_bytes) {
		b->tokens = b->params.burst_bytes;
		b->remainder = 0;
	} else {
		b->tokens = (uint64_t)tokens;
		b->remainder = (uint64_t)(inflow % PS_PER_S);
	}
}

static bool bucket_covers(bucket_model b, uint32_t bytes, ps_t t_ps)
{
	bucket_advance(&b, t_ps);
	return b.tokens >= bytes;
}

static arbiter_function_params draw_limit(rng_stream *rng)
{
	arbiter_function_params params = limited(1, ARBITER_MIN_BURST_BYTES + (rng_bits(rng) >> 50));

	for (uint64_t digits = rng_uniform_u64(rng, 12); digits > 0; digits--)
		params.rate_bps *= 10;
	params.rate_bps += rng_uniform_u64(rng, 9 * params.rate_bps + 1);
	if (rng_chance(rng, 1, 10))
		params.burst_bytes = ARBITER_MIN_BURST_BYTES;
	return params;
}

static void test_eligible_is_the_first_ps_that_a_naive_bucket_covers(void **state)
{
	rng_stream rng = rng_open(1, "bucket", 0);

	(void)state;
	for (uint32_t machine = 0; machine < 300; machine++) {
		bucket_model b = { .params = draw_limit(&rng) };
		arbiter a;

		b.tokens = b.params.burst_bytes;
		only_function(&a, b.params);
		for (uint32_t i = 0; i < 200; i++) {
			const uint32_t bytes = rng_chance(&rng, 1, 20) ? 0 : draw_bytes(&rng);
			const ps_t eligible_ps = arbiter_eligible_ps(&a, 0, bytes);
			ps_t now_ps = b.last_ps;

			if (eligible_ps > LATE_PS)
				break;
			/* Is that the first time, and is it so for every time that matters? */
			if (eligible_ps > b.last_ps) {
				assert_true(!bucket_covers(b, bytes, eligible_ps - 1));
				assert_true(bucket_covers(b, bytes, eligible_ps));
				assert_true(!bucket_covers(b, bytes, b.last_ps));
				now_ps = eligible_ps;
			} else {
				assert_true(bucket_covers(b, bytes, b.last_ps));
			}
			assert_true(arbiter_eligible_ps(&a, 0, bytes / 2) <= eligible_ps);
			/* Taken at once, or somewhat later: an edge, or the time to fill the bucket or not quite. */
			if (rng_chance(&rng, 1, 2))
				now_ps += (ps_t)rng_uniform_u64(&rng, 8000);
			else if (rng_chance(&rng, 1, 2))
				now_ps += (ps_t)rng_uniform_u64(&rng, (uint64_t)((u128)b.params.burst_bytes * 2 *
										 PS_PER_S / b.params.rate_bps));
			if (now_ps > LATE_PS)
				break;
			bucket_advance(&b, now_ps);
			b.tokens -= bytes;
			arbiter_taken(&a, 0, bytes, now_ps);
			assert_true(arbiter_eligible_ps(&a, 0, bytes) >= eligible_ps);
			if (rng_chance(&rng, 1, 20)) { /* a new limit at some later time; the tokens stay */
				now_ps += (ps_t)rng_uniform_u64(&rng, 1000000);
				bucket_advance(&b, now_ps);
				b.params = draw_limit(&rng);
				arbiter_set_function(&a, 0, &b.params, now_ps);
				bucket_advance(&b, now_ps);
			}
		}
	}
}

static void test_a_limit_set_later_begins_with_a_full_bucket(void **state)
{
	arbiter_function_params params = limited(1000, 8192);
	arbiter a;

	(void)state;
	only_function(&a, plain);
	arbiter_taken(&a, 0, MAX_BYTES, 5);
	arbiter_set_function(&a, 0, &params, 1000);
	assert_true(arbiter_eligible_ps(&a, 0, MAX_BYTES) <= 1000);
	arbiter_taken(&a, 0, MAX_BYTES, 1000);
	assert_true(arbiter_eligible_ps(&a, 0, MAX_BYTES) <= 1000);
	arbiter_taken(&a, 0, MAX_BYTES, 1000);
	assert_int_equal(arbiter_eligible_ps(&a, 0, 1), 1000 + PS_PER_MS);
	arbiter_set_function(&a, 0, &plain, 2000);
	assert_int_equal(arbiter_eligible_ps(&a, 0, MAX_BYTES), 0);
}

static void test_a_larger_burst_brings_no_tokens_and_a_smaller_one_takes_them(void **state)
{
	arbiter_function_params params = limited(1000, 8192);
	arbiter a;

	(void)state;
	only_function(&a, params);
	arbiter_taken(&a, 0, MAX_BYTES, 0);
	params.burst_bytes = ARBITER_MAX_BURST_BYTES;
	arbiter_set_function(&a, 0, &params, 0);
	arbiter_taken(&a, 0, MAX_BYTES, 0);
	assert_int_equal(arbiter_eligible_ps(&a, 0, 100), 100 * PS_PER_MS);
	params.burst_bytes = MAX_BYTES;
	arbiter_set_function(&a, 0, &params, 20000 * PS_PER_MS); /* when there were 20,000 */
	arbiter_taken(&a, 0, MAX_BYTES, 20000 * PS_PER_MS);
	assert_int_equal(arbiter_eligible_ps(&a, 0, 1), 20001 * PS_PER_MS);
}

static void test_buckets_are_separate_and_outlast_the_turns(void **state)
{
	arbiter_function_params params = limited(1000000, MAX_BYTES);
	const uint32_t head_bytes[] = { MAX_BYTES, MAX_BYTES };

	(void)state;
	for (uint32_t policy = 0; policy < ARBITER_NUM_POLICIES; policy++) {
		arbiter a;

		arbiter_init(&a, policy, 4096);
		arbiter_add_function(&a, &params);
		arbiter_add_function(&a, &plain);
		assert_int_equal(serve(&a, 3, head_bytes), 0);
		assert_int_equal(arbiter_eligible_ps(&a, 1, MAX_BYTES), 0);
		assert_int_equal(arbiter_eligible_ps(&a, 0, MAX_BYTES), 4096 * PS_PER_US);
		for (uint32_t i = 0; i < 10; i++)
			assert_int_equal(serve(&a, 2, head_bytes), 1);
		assert_int_equal(arbiter_eligible_ps(&a, 0, MAX_BYTES), 4096 * PS_PER_US);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_robin_takes_the_first_candidate_after_the_last),
		cmocka_unit_test(test_round_robin_goes_round_at_the_last_slot),
		cmocka_unit_test(test_weighted_serves_runs_of_weight),
		cmocka_unit_test(test_weighted_begins_with_slot_0_also_with_all_slots),
		cmocka_unit_test(test_priority_serves_the_lowest_number_and_round_robin_among_equal),
		cmocka_unit_test(test_deficit_serves_bytes),
		cmocka_unit_test(test_deficit_is_lost_without_a_candidate),
		cmocka_unit_test(test_deficit_goes_through_thousands_of_rounds),
		cmocka_unit_test(test_deficit_charges_flushes),
		cmocka_unit_test(test_ring_set_goes_round),
		cmocka_unit_test(test_every_policy_decides_as_the_naive_model),
		cmocka_unit_test(test_weighted_shares_are_the_weights_exactly),
		cmocka_unit_test(test_deficit_shares_are_bytes_by_weight_within_a_quantum),
		cmocka_unit_test(test_priority_never_serves_the_less_important),
		cmocka_unit_test(test_no_candidate_starves),
		cmocka_unit_test(test_no_limit_is_always_eligible),
		cmocka_unit_test(test_bucket_begins_full_and_holds_no_more_than_its_burst),
		cmocka_unit_test(test_eligible_times_are_rounded_up_to_the_ps),
		cmocka_unit_test(test_extreme_rates_and_times),
		cmocka_unit_test(test_long_run_rate_does_not_drift),
		cmocka_unit_test(test_eligible_is_the_first_ps_that_a_naive_bucket_covers),
		cmocka_unit_test(test_a_limit_set_later_begins_with_a_full_bucket),
		cmocka_unit_test(test_a_larger_burst_brings_no_tokens_and_a_smaller_one_takes_them),
		cmocka_unit_test(test_buckets_are_separate_and_outlast_the_turns),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
