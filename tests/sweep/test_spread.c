/* Mean and half-width of a few values, against the textbook. */
#include "sweep/spread.h"
#include "sweep/sweep_test.h"

static spread spread_of(const int64_t *values, size_t num)
{
	spread self = { .num = 0 };

	for (size_t i = 0; i < num; i++)
		spread_add(&self, values[i]);
	return self;
}

static void too_few_values_have_none(void **unused)
{
	static const int64_t one[] = { 5 };
	spread self = spread_of(NULL, 0);
	metrics_i128 sum;
	uint64_t count;
	int64_t width;

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
	static const int64_t four[] = { 4000000, 1000000, 3000000, 2000000 };
	static const int64_t two[] = { -1000000, 1000000 };
	spread self = spread_of(four, 4);
	metrics_i128 sum;
	uint64_t count;
	int64_t width;

	(void)unused;
	assert_true(spread_mean(&self, &sum, &count));
	assert_true(sum == 10000000 && count == 4);
	assert_true(spread_half_width(&self, &width));
	assert_int_equal(width, 2054260);
	/* t(1) = 12.706205, standard deviation sqrt(2), over sqrt(2). */
	self = spread_of(two, 2);
	assert_true(spread_half_width(&self, &width));
	assert_int_equal(width, 12706205);
}

static void equal_values_have_no_width(void **unused)
{
	static const int64_t large[] = { INT64_MAX, INT64_MAX, INT64_MAX };
	spread self = spread_of(large, 3);
	metrics_i128 sum;
	uint64_t count;
	int64_t width;

	(void)unused;
	assert_true(spread_mean(&self, &sum, &count));
	assert_true(sum == (metrics_i128)INT64_MAX * 3);
	assert_true(spread_half_width(&self, &width));
	assert_int_equal(width, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(too_few_values_have_none),
		cmocka_unit_test(it_is_student_s),
		cmocka_unit_test(equal_values_have_no_width),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
