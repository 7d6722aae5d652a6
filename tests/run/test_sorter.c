/* Does the sorter bring everything back in order, in memory and through its file? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/rng.h"
#include "run/sorter.h"

typedef struct pair {
	uint64_t key, check;
} pair;

static int compare(const void *a, const void *b)
{
	const pair *one = a, *two = b;

	return one->key < two->key ? -1 : one->key > two->key;
}

static void sorts(size_t num, uint64_t num_keys)
{
	rng_stream rng = rng_open(num, "sorter", num_keys);
	sorter *self = sorter_create(sizeof(pair), compare);
	uint64_t last = 0, sum = 0, num_found = 0;
	const pair *found;

	for (size_t i = 0; i < num; i++) {
		const uint64_t key = rng_uniform_u64(&rng, num_keys);
		const pair added = { key, 3 * key + 1 };

		sum += key;
		assert_true(sorter_add(self, &added));
	}
	assert_true(sorter_begin(self));
	while ((found = sorter_next(self)) != NULL) {
		assert_true(found->key >= last);
		assert_int_equal(found->check, 3 * found->key + 1);
		last = found->key;
		sum -= found->key;
		num_found++;
	}
	assert_int_equal(num_found, num);
	assert_int_equal(sum, 0);
	assert_null(sorter_next(self));
	assert_false(sorter_failed(self));
	sorter_destroy(self);
}

static void any_number_comes_back_in_order(void **state)
{
	static const size_t nums[] = {
		0, 1, 2, 1000, SORTER_RUN_RECORDS, SORTER_RUN_RECORDS + 1, 5 * SORTER_RUN_RECORDS + 77
	};

	(void)state;
	for (size_t i = 0; i < sizeof(nums) / sizeof(nums[0]); i++) {
		sorts(nums[i], UINT64_C(1) << 60);
		sorts(nums[i], 10);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(any_number_comes_back_in_order) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
