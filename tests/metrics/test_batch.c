/* Batch means against sequences whose true mean is known. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <gsl/gsl_cdf.h>

#include "metrics/batch.h"

static uint64_t state;

static uint64_t draw(void)
{
	state ^= state >> 12;
	state ^= state << 25;
	state ^= state >> 27;
	return state * UINT64_C(2685821657736338717);
}

/* Uniform in [-1, 1), mean 0, variance 1/3. */
static double noise(void)
{
	return (double)(draw() >> 11) / 4503599627370496.0 - 1;
}

static double mean_ps(const batch_means *batches)
{
	double sum_ps = 0, count = 0;

	for (unsigned i = 0; i < BATCH_NUM_BINS; i++) {
		sum_ps += (double)batches->sums_ps[i];
		count += (double)batches->counts[i];
	}
	return sum_ps / count;
}

/* Share of 1,000 runs of `length` samples of x' = phi x + noise whose interval holds the true mean; and the mean
 * half-width. */
static double coverage(double phi, unsigned length, double *half_width_ps_out)
{
	const double centre_ps = 1e9;
	unsigned num_hits = 0;

	*half_width_ps_out = 0;
	for (unsigned run = 0; run < 1000; run++) {
		batch_means batches = { 0 };
		double x = 0;
		ps_t half_width_ps, time_ps = 0;

		for (unsigned i = 0; i < 200; i++)
			x = phi * x + noise();
		for (unsigned i = 0; i < length; i++) {
			x = phi * x + noise();
			time_ps += 900 + (ps_t)(draw() % 200);
			batch_add(&batches, time_ps, (ps_t)llround(centre_ps + 1e6 * x));
		}
		assert_true(batch_half_width(&batches, &half_width_ps));
		num_hits += fabs(mean_ps(&batches) - centre_ps) <= (double)half_width_ps;
		*half_width_ps_out += (double)half_width_ps / 1000;
	}
	return num_hits / 1000.0;
}

static void covers_the_mean_of_independent_samples(void **unused)
{
	double half_width_ps, share;

	(void)unused;
	state = 42;
	share = coverage(0, 4000, &half_width_ps);
	/* 95 % of 1,000 runs, give or take four standard deviations. */
	assert_true(share > 0.92 && share < 0.98);
	/* t(19) * sigma / sqrt(n), with sigma = 1e6 * sqrt(1/3). */
	assert_true(fabs(half_width_ps / (2.093 * 1e6 * sqrt(1 / 3.0) / sqrt(4000)) - 1) < 0.05);
}

static void covers_the_mean_of_correlated_samples(void **unused)
{
	double half_width_ps, share, naive_ps = 2.093 * 1e6 * sqrt(1 / 3.0) / sqrt(8000);

	(void)unused;
	state = 43;
	share = coverage(0.9, 8000, &half_width_ps);
	assert_true(share > 0.91 && share < 0.98);
	/* The mean of an AR(1) varies 1 / (1 - phi) times as much as its noise alone. */
	assert_true(fabs(half_width_ps / (naive_ps / (1 - 0.9)) - 1) < 0.1);
}

static void the_quantiles_are_students(void **unused)
{
	(void)unused;
	/* k bins of 4 samples each, one bin per batch: the interval is known in closed form. */
	for (unsigned k = BATCH_MIN_BATCHES; k <= BATCH_MAX_BATCHES; k++) {
		batch_means batches = { 0 };
		double squares = 0, mean = 0, expected;
		ps_t half_width_ps;

		for (unsigned i = 0; i < k; i++) {
			ps_t value_ps = 1000000000 + (ps_t)i * i * 10000000;

			mean += (double)value_ps / k;
			for (unsigned j = 0; j < 4; j++)
				batch_add(&batches, i, value_ps);
		}
		for (unsigned i = 0; i < k; i++)
			squares += pow(1e9 + i * i * 1e7 - mean, 2);
		expected = gsl_cdf_tdist_Pinv(0.975, k - 1) * sqrt(squares / (k - 1) / k);
		assert_true(batch_half_width(&batches, &half_width_ps));
		/* The table has three decimals. */
		assert_true(fabs((double)half_width_ps / expected - 1) < 0.0005);
	}
}

static void equal_samples_have_no_width(void **unused)
{
	batch_means batches = { 0 };
	ps_t half_width_ps = -1;

	(void)unused;
	for (unsigned i = 0; i < 1000; i++)
		batch_add(&batches, i * PS_PER_S, PS_MAX - 12345);
	assert_true(batch_half_width(&batches, &half_width_ps));
	assert_int_equal(half_width_ps, 0);

	/* Nor have equal batches, also where the mean (0.99 ps here) is not whole. */
	batch_init(&batches);
	for (unsigned i = 0; i < BATCH_MIN_BATCHES * 100; i++)
		batch_add(&batches, i / 100, i % 100 > 0);
	assert_true(batch_half_width(&batches, &half_width_ps));
	assert_int_equal(half_width_ps, 0);
}

static void too_little_is_undefined(void **unused)
{
	batch_means batches = { 0 };
	ps_t half_width_ps = -1;

	(void)unused;
	assert_false(batch_half_width(&batches, &half_width_ps));
	for (unsigned i = 0; i < BATCH_MIN_SAMPLES - 1; i++)
		batch_add(&batches, i * PS_PER_US, i);
	assert_false(batch_half_width(&batches, &half_width_ps));
	assert_int_equal(half_width_ps, -1);
	batch_add(&batches, 10 * PS_PER_US, 7);
	assert_true(batch_half_width(&batches, &half_width_ps));

	/* Many samples, but all of them in three bursts. */
	batch_init(&batches);
	for (unsigned i = 0; i < 3000; i++)
		batch_add(&batches, i % 3 * PS_PER_S, i);
	assert_false(batch_half_width(&batches, &half_width_ps));
}

/* The order of recording and the grouping into VMs must not show. */
static void order_and_merging_do_not_matter(void **unused)
{
	static ps_t times_ps[5000], values_ps[5000];
	batch_means forward = { 0 }, backward = { 0 }, parts[2] = { { 0 } };
	ps_t half_width_ps, merged_half_width_ps;

	(void)unused;
	state = 7;
	for (unsigned i = 0; i < 5000; i++) {
		times_ps[i] = (ps_t)(draw() >> (i % 4 == 0 ? 40 : 1));
		values_ps[i] = (ps_t)(draw() % 1000000007);
	}
	for (unsigned i = 0; i < 5000; i++) {
		batch_add(&forward, times_ps[i], values_ps[i]);
		batch_add(&backward, times_ps[4999 - i], values_ps[4999 - i]);
		/* One part stays fine-grained, so that merging has to join bins. */
		batch_add(&parts[i % 4 == 0], times_ps[i], values_ps[i]);
	}
	assert_memory_equal(&forward, &backward, sizeof(forward));
	for (unsigned i = 0; i < 2; i++) {
		batch_means merged = { 0 };

		batch_merge(&merged, &parts[i]);
		batch_merge(&merged, &parts[1 - i]);
		assert_memory_equal(&forward, &merged, sizeof(forward));
		assert_true(batch_half_width(&forward, &half_width_ps));
		assert_true(batch_half_width(&merged, &merged_half_width_ps));
		assert_int_equal(half_width_ps, merged_half_width_ps);
	}
}

static void the_whole_range_of_time_fits(void **unused)
{
	batch_means batches = { 0 };

	(void)unused;
	batch_add(&batches, 0, 1);
	batch_add(&batches, PS_MAX, 2);
	assert_int_equal(batches.counts[0], 1);
	assert_int_equal(batches.counts[BATCH_NUM_BINS - 1], 1);
	batch_add(&batches, PS_MAX / 2, PS_MAX);
	assert_int_equal(batches.counts[BATCH_NUM_BINS / 2 - 1], 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(covers_the_mean_of_independent_samples),
		cmocka_unit_test(covers_the_mean_of_correlated_samples),
		cmocka_unit_test(the_quantiles_are_students),
		cmocka_unit_test(equal_samples_have_no_width),
		cmocka_unit_test(too_little_is_undefined),
		cmocka_unit_test(order_and_merging_do_not_matter),
		cmocka_unit_test(the_whole_range_of_time_fits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
