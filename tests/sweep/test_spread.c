/* Mean and half-width of a few values, against the textbook. */
#include "sweep/spread.h"
#include "sweep/sweep_test.h"

static spread spread_of(const metrics_i128 *values, size_t num)
{
	spread self = { .num = 0 };

	for (size_t i = 0; i < num; i++)
		spread_add(&self, values[i]);
	return self;
}

static void too_few_values_have_none(void **unused)
{
	static const metrics_i128 one[] = { 5 };
	spread self = spread_of(NULL, 0);
	metrics_i128 sum;
	uint64_t count;
	metrics_i128 width;

	(void)unused;
	assert_false(spread_mean(&self, &sum, &count));
	assert_false(spread_half_width(&self, &width));
	self = spread_of(one, 1);
	assert_true(spread_mean(&self, &sum, &count));
	assert_true(sum == 5 && count == 1);
	assert_false(spread_half_width(&self, &width));
}

/* 1, 2, 3, 4: standard deviation 1.290994, t(3) = 3.182446: 3.182446 * 1.290994 / 2 = 2.054260. */
static void it_is_student_s(void **unused)
{
	static const metrics_i128 four[] = { 4000000, 1000000, 3000000, 2000000 };
	static const metrics_i128 two[] = { -1000000, 1000000 };
	spread self = spread_of(four, 4);
	metrics_i128 sum;
	uint64_t count;
	metrics_i128 width;

	(void)unused;
	assert_true(spread_mean(&self, &sum, &count));
	assert_true(sum == 10000000 && count == 4);
	assert_true(spread_half_width(&self, &width));
	assert_true(width == 2054260);
	/* t(1) = 12.706205, standard deviation sqrt(2), over sqrt(2). */
	self = spread_of(two, 2);
	assert_true(spread_half_width(&self, &width));
	assert_true(width == 12706205);
}

static void equal_values_have_no_width(void **unused)
{
	static const metrics_i128 large[] = { INT64_MAX, INT64_MAX, INT64_MAX };
	spread self = spread_of(large, 3);
	metrics_i128 sum;
	uint64_t count;
	metrics_i128 width;

	(void)unused;
	assert_true(spread_mean(&self, &sum, &count));
	assert_true(sum == (metrics_i128)INT64_MAX * 3);
	assert_true(spread_half_width(&self, &width));
	assert_true(width == 0);
}

/* 9.0e12, 9.4e12, 9.1e12: standard deviation 0.2081666e12, t(2) = 4.302653. And the largest that can be. */
static void large_values_count(void **unused)
{
	static const metrics_i128 bytes[] = { (metrics_i128)9000000000000 * 1000000,
					      (metrics_i128)9400000000000 * 1000000,
					      (metrics_i128)9100000000000 * 1000000 };
	static const metrics_i128 largest[] = { DECIMAL_MAX_MILLIONTHS - 1, 1 - DECIMAL_MAX_MILLIONTHS };
	spread self = spread_of(bytes, 3);
	metrics_i128 sum, width;
	uint64_t count;

	(void)unused;
	assert_true(spread_mean(&self, &sum, &count));
	assert_true(sum == (metrics_i128)27500000000000 * 1000000 && count == 3);
	assert_true(spread_half_width(&self, &width));
	assert_int_equal(width / 1000000 / 1000000, 517114);
	self = spread_of(largest, 2);
	assert_true(spread_half_width(&self, &width));
	assert_true(width > DECIMAL_MAX_MILLIONTHS * 12 && width < DECIMAL_MAX_MILLIONTHS * 13);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(too_few_values_have_none),
		cmocka_unit_test(it_is_student_s),
		cmocka_unit_test(equal_values_have_no_width),
		cmocka_unit_test(large_values_count),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
