/* The histogram against sorted arrays. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "metrics/histogram.h"

#define NUM_SAMPLES 20000

static uint64_t state;

/* xorshift64*: the tests need no more than a fixed sequence. */
static uint64_t draw(void)
{
	state ^= state >> 12;
	state ^= state << 25;
	state ^= state >> 27;
	return state * UINT64_C(2685821657736338717);
}

/* Each returns one sample of a shape that latencies take, or that is hard for buckets. */
static ps_t constant(void)
{
	return 4242424242;
}

static ps_t small(void)
{
	return (ps_t)(draw() % 2048);
}

static ps_t uniform(void)
{
	return (ps_t)(draw() % 100000000);
}

static ps_t log_uniform(void)
{
	return (ps_t)(draw() >> (1 + draw() % 63));
}

static ps_t bimodal(void)
{
	return draw() % 1000 == 0 ? 3000000000 + (ps_t)(draw() % 1000) : 12000000 + (ps_t)(draw() % 5000);
}

static ps_t bucket_edges(void)
{
	ps_t edge = (ps_t)1 << (draw() % 62 + 1);

	return edge + (ps_t)(draw() % 3) - 1;
}

static ps_t huge(void)
{
	return PS_MAX - (ps_t)(draw() % 1000);
}

static ps_t (*const shapes[])(void) = { constant, small, uniform, log_uniform, bimodal, bucket_edges, huge };

static int compare_ps(const void *a, const void *b)
{
	ps_t left = *(const ps_t *)a, right = *(const ps_t *)b;

	return (left > right) - (left < right);
}

static void check_against(const histogram *values, const ps_t *sorted, uint64_t count)
{
	static const uint32_t ppms[] = { 0,      1,      1000,   10000,  250000, 500000,
					 900000, 990000, 999000, 999900, 999999, 1000000 };
	metrics_u128 sum_ps = 0;

	for (uint64_t i = 0; i < count; i++)
		sum_ps += (uint64_t)sorted[i];
	assert_int_equal(values->count, count);
	assert_true(values->sum_ps == sum_ps);
	assert_int_equal(values->min_ps, sorted[0]);
	assert_int_equal(values->max_ps, sorted[count - 1]);
	for (size_t i = 0; i < sizeof(ppms) / sizeof(ppms[0]); i++) {
		uint64_t rank = (count * ppms[i] + 999999) / 1000000;
		ps_t exact = sorted[rank > 0 ? rank - 1 : 0];
		ps_t found = histogram_percentile(values, ppms[i]);
		metrics_u128 off = (metrics_u128)(found > exact ? found - exact : exact - found);

		assert_true(off * 1000 <= (metrics_u128)exact);
		if (exact < 2048)
			assert_int_equal(found, exact);
		assert_in_range(found, sorted[0], sorted[count - 1]);
	}
}

static void percentiles_are_within_a_thousandth(void **unused)
{
	static ps_t samples[NUM_SAMPLES];

	(void)unused;
	state = 88172645463325252;
	for (size_t shape = 0; shape < sizeof(shapes) / sizeof(shapes[0]); shape++) {
		static const uint64_t counts[] = { 1, 2, 3, 10, 999, 1000, 1001, NUM_SAMPLES };

		for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
			histogram values;

			histogram_init(&values);
			for (uint64_t j = 0; j < counts[i]; j++) {
				samples[j] = shapes[shape]();
				histogram_add(&values, samples[j]);
			}
			qsort(samples, counts[i], sizeof(samples[0]), compare_ps);
			check_against(&values, samples, counts[i]);
			histogram_fini(&values);
		}
	}
}

/* Every bucket's width, at both ends: of two samples around any value, the percentile of the first is near it. */
static void error_bound_holds_at_every_octave(void **unused)
{
	(void)unused;
	for (unsigned bit = 0; bit < 63; bit++) {
		for (int offset = -2; offset <= 2; offset++) {
			ps_t value = (ps_t)(UINT64_C(1) << bit) + offset;
			histogram values = { 0 };

			if (value < 0)
				continue;
			histogram_add(&values, 0);
			histogram_add(&values, value);
			histogram_add(&values, PS_MAX);
			assert_true(llabs(histogram_percentile(&values, 500000) - value) <= value / 1000);
			histogram_fini(&values);
		}
	}
}

static void nearest_rank_is_exact_for_few_values(void **unused)
{
	histogram values = { 0 };

	(void)unused;
	for (ps_t value = 1; value <= 1000; value++)
		histogram_add(&values, value);
	assert_int_equal(histogram_percentile(&values, 0), 1);
	assert_int_equal(histogram_percentile(&values, 1000), 1);
	assert_int_equal(histogram_percentile(&values, 1001), 2);
	assert_int_equal(histogram_percentile(&values, 500000), 500);
	assert_int_equal(histogram_percentile(&values, 500001), 501);
	assert_int_equal(histogram_percentile(&values, 999000), 999);
	assert_int_equal(histogram_percentile(&values, 999001), 1000);
	assert_int_equal(histogram_percentile(&values, 1000000), 1000);
	histogram_fini(&values);
}

/* Two latencies of a system at rest, in neighbouring buckets or in one: the percentiles are the latencies. */
static void repeated_values_are_exact(void **unused)
{
	(void)unused;
	for (ps_t step_ps = 1; step_ps < 100000000; step_ps *= 10) {
		histogram values = { 0 };
		ps_t low_ps = 123456789;

		for (unsigned i = 0; i < 990; i++)
			histogram_add(&values, low_ps + step_ps * 100000);
		for (unsigned i = 0; i < 10; i++)
			histogram_add(&values, low_ps + step_ps * 200000);
		assert_int_equal(histogram_percentile(&values, 500000), low_ps + step_ps * 100000);
		assert_int_equal(histogram_percentile(&values, 990000), low_ps + step_ps * 100000);
		assert_int_equal(histogram_percentile(&values, 990001), low_ps + step_ps * 200000);
		histogram_fini(&values);
	}
}

static void the_ends_of_a_bucket_are_exact(void **unused)
{
	histogram values = { 0 };

	(void)unused;
	histogram_add(&values, 0);
	histogram_add(&values, 1000000007);
	histogram_add(&values, 1000000003);
	histogram_add(&values, PS_MAX);
	assert_int_equal(histogram_percentile(&values, 500000), 1000000003);
	assert_int_equal(histogram_percentile(&values, 750000), 1000000007);
	histogram_fini(&values);
}

static bool same(const histogram *a, const histogram *b)
{
	if (a->count != b->count || a->sum_ps != b->sum_ps || a->min_ps != b->min_ps || a->max_ps != b->max_ps)
		return false;
	for (unsigned i = 0; i < HISTOGRAM_NUM_OCTAVES; i++) {
		if (!a->octaves[i] != !b->octaves[i])
			return false;
		if (a->octaves[i] && memcmp(a->octaves[i], b->octaves[i], sizeof(*a->octaves[i])) != 0)
			return false;
	}
	return true;
}

static void merging_equals_adding_everything_to_one(void **unused)
{
	histogram parts[3] = { { 0 } }, whole = { 0 }, merged = { 0 }, nothing = { 0 };

	(void)unused;
	state = 1234567;
	for (unsigned i = 0; i < 30000; i++) {
		ps_t value = shapes[i % 7]();

		histogram_add(&parts[draw() % 3], value);
		histogram_add(&whole, value);
	}
	for (unsigned i = 0; i < 3; i++)
		assert_true(histogram_merge(&merged, &parts[2 - i]));
	assert_true(histogram_merge(&merged, &nothing));
	assert_true(same(&merged, &whole));
	assert_true(histogram_merge(&nothing, &whole));
	assert_true(same(&nothing, &whole));
	for (unsigned i = 0; i < 3; i++)
		histogram_fini(&parts[i]);
	histogram_fini(&whole);
	histogram_fini(&merged);
	histogram_fini(&nothing);
}

static void the_sum_does_not_overflow(void **unused)
{
	histogram values = { 0 };

	(void)unused;
	for (unsigned i = 0; i < 1000; i++)
		histogram_add(&values, PS_MAX);
	assert_true(values.sum_ps == (metrics_u128)PS_MAX * 1000);
	assert_int_equal(histogram_percentile(&values, 500000), PS_MAX);
	histogram_fini(&values);
	assert_int_equal(values.count, 0);
}

/* Every value is in the first slice whose largest value is not below it, and no slice is wider than 1/32 of its values. */
static void slices_hold_every_value_once(void **unused)
{
	static ps_t samples[NUM_SAMPLES];
	static histogram_slice slices[HISTOGRAM_MAX_SLICES];

	(void)unused;
	for (size_t shape = 0; shape < sizeof(shapes) / sizeof(shapes[0]); shape++) {
		histogram values = { 0 };
		size_t num_slices, at = 0;

		for (size_t i = 0; i < NUM_SAMPLES; i++)
			histogram_add(&values, samples[i] = shapes[shape]());
		qsort(samples, NUM_SAMPLES, sizeof(samples[0]), compare_ps);
		num_slices = histogram_slices(&values, slices);
		assert_true(num_slices > 0 && num_slices <= HISTOGRAM_MAX_SLICES);
		for (size_t i = 0; i < num_slices; i++) {
			assert_true(slices[i].count > 0 && slices[i].count <= NUM_SAMPLES - at);
			if (at > 0)
				assert_true(samples[at] > samples[at - 1]);
			/* Below 1,024 ps a slice is 32 ps wide. */
			assert_true(slices[i].high_ps - samples[at] < ps_max(32, samples[at] / 32 + 1));
			at += (size_t)slices[i].count;
			assert_int_equal(slices[i].high_ps, samples[at - 1]);
		}
		assert_int_equal(at, NUM_SAMPLES);
		histogram_fini(&values);
		assert_int_equal(histogram_slices(&values, slices), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(percentiles_are_within_a_thousandth),
		cmocka_unit_test(error_bound_holds_at_every_octave),
		cmocka_unit_test(nearest_rank_is_exact_for_few_values),
		cmocka_unit_test(repeated_values_are_exact),
		cmocka_unit_test(the_ends_of_a_bucket_are_exact),
		cmocka_unit_test(merging_equals_adding_everything_to_one),
		cmocka_unit_test(the_sum_does_not_overflow),
		cmocka_unit_test(slices_hold_every_value_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
