/* Does every edge lie where exact arithmetic puts it, after any number of cycles? */
#include <inttypes.h>

#include "base/cmocka_all.h"
#include "base/hwclock.h"
#include "base/rng.h"

static const int64_t frequencies_hz[] = { 250000000,   156250000,    300000000,    333333333,    1000,
					  1001,        1000000,      999999937,    1000000000,   2400000000,
					  99999999977, 100000000000, 999999999989, 1000000000000 };
#define NUM_FREQUENCIES (sizeof(frequencies_hz) / sizeof(frequencies_hz[0]))

/* The definition, by division. */
static uint64_t true_edge_ps(int64_t frequency_hz, uint64_t edge)
{
	return (uint64_t)((unsigned __int128)edge * (uint64_t)PS_PER_S / (uint64_t)frequency_hz);
}

static void check_edge(const hwclock *clock, uint64_t edge)
{
	uint64_t edge_ps = true_edge_ps(clock->frequency_hz, edge),
		 next_ps = true_edge_ps(clock->frequency_hz, edge + 1);

	if (edge_ps > (uint64_t)PS_MAX)
		return;
	assert_true(hwclock_edge(clock, edge) == (ps_t)edge_ps);
	assert_true(hwclock_index(clock, (ps_t)edge_ps) == edge);
	assert_true(hwclock_align(clock, (ps_t)edge_ps) == (ps_t)edge_ps);
	assert_true(hwclock_floor(clock, (ps_t)edge_ps) == (ps_t)edge_ps);
	if (next_ps > (uint64_t)PS_MAX) {
		assert_true(hwclock_after(clock, (ps_t)edge_ps) == PS_MAX);
		return;
	}
	assert_true(hwclock_after(clock, (ps_t)edge_ps) == (ps_t)next_ps);
	assert_true(hwclock_after(clock, (ps_t)next_ps - 1) == (ps_t)next_ps);
	assert_true(hwclock_align(clock, (ps_t)edge_ps + 1) == (ps_t)next_ps);
	assert_true(hwclock_index(clock, (ps_t)next_ps - 1) == edge);
	assert_true(hwclock_floor(clock, (ps_t)next_ps - 1) == (ps_t)edge_ps);
	assert_true(hwclock_advance(clock, (ps_t)edge_ps, 1) == (ps_t)next_ps);
	assert_true(hwclock_advance(clock, (ps_t)edge_ps, 0) == (ps_t)edge_ps);
}

static void edges_are_exact_at_the_start_and_after_ten_million_seconds(void **state)
{
	(void)state;
	for (size_t i = 0; i < NUM_FREQUENCIES; i++) {
		hwclock clock = hwclock_make(frequencies_hz[i]);
		uint64_t per_s = (uint64_t)frequencies_hz[i];

		for (uint64_t edge = 0; edge < 2000; edge++) {
			check_edge(&clock, edge);
			check_edge(&clock, 9000000 * per_s + edge);
			if (edge > 0)
				check_edge(&clock, 9000000 * per_s - edge);
		}
		/* 10^7 s and more do not fit ps_t, but the arithmetic is exact there, too. */
		for (uint64_t edge = 10000000 * per_s - 1000; edge < 10000000 * per_s + 1000; edge++)
			assert_true(hwclock_edge_unlimited(&clock, edge) == true_edge_ps(frequencies_hz[i], edge));
	}
}

static void edges_are_exact_at_random_places(void **state)
{
	rng_stream rng = rng_open(1, "clock", 0);

	(void)state;
	for (int i = 0; i < 200000; i++) {
		int64_t frequency_hz =
			(int64_t)rng_uniform_u64(&rng, UINT64_C(100000000000) >> rng_uniform_u64(&rng, 25)) + 1000;
		hwclock clock = hwclock_make(frequency_hz > 100000000000 ? 100000000000 : frequency_hz);

		check_edge(&clock, hwclock_index(&clock, (ps_t)(rng_bits(&rng) >> (1 + rng_uniform_u64(&rng, 50)))));
	}
}

static void the_estimate_needs_at_most_two_corrections(void **state)
{
	rng_stream rng = rng_open(1, "estimate", 0);

	(void)state;
	for (size_t i = 0; i < NUM_FREQUENCIES; i++) {
		hwclock clock = hwclock_make(frequencies_hz[i]);

		for (int j = 0; j < 20000; j++) {
			ps_t t_ps = j < 1000 ? PS_MAX - j : (ps_t)(rng_bits(&rng) >> (1 + rng_uniform_u64(&rng, 60)));
			uint64_t estimate = (uint64_t)(((unsigned __int128)(uint64_t)t_ps * clock.reciprocal) >> 64);
			uint64_t index = hwclock_index(&clock, t_ps);

			assert_true(index >= estimate && index - estimate <= 2);
			assert_true(true_edge_ps(frequencies_hz[i], index) <= (uint64_t)t_ps);
			assert_true(true_edge_ps(frequencies_hz[i], index + 1) > (uint64_t)t_ps);
		}
	}
}

static void a_long_walk_does_not_drift(void **state)
{
	hwclock clock = hwclock_make(300000000);
	ps_t now_ps = 0;

	(void)state;
	for (int i = 0; i < 300000; i++)
		now_ps = hwclock_after(&clock, now_ps);
	assert_true(now_ps == PS_PER_MS);
	assert_true(hwclock_advance(&clock, now_ps, 299700000) == PS_PER_S);
	assert_true(hwclock_advance(&clock, PS_PER_S, -300000000) == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(edges_are_exact_at_the_start_and_after_ten_million_seconds),
		cmocka_unit_test(edges_are_exact_at_random_places),
		cmocka_unit_test(the_estimate_needs_at_most_two_corrections),
		cmocka_unit_test(a_long_walk_does_not_drift),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
