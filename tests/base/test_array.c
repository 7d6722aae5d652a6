/* Does an array keep its items while it grows, and move only when it must? */
#include <stdlib.h>

#include "base/array.h"
#include "base/cmocka_all.h"

static void items_stay_while_it_grows(void **unused)
{
	int *items = NULL;
	size_t max = 0, num_moves = 0;

	(void)unused;
	for (size_t num = 0; num < 1000; num++) {
		const size_t before = max;

		items = array_with_room(items, num, &max, sizeof(*items));
		assert_non_null(items);
		assert_true(max > num);
		num_moves += max != before;
		items[num] = (int)num;
	}
	for (size_t i = 0; i < 1000; i++)
		assert_int_equal(items[i], i);
	assert_in_range(num_moves, 1, 10);
	free(items);
}

/* Too large a one leaves the old one as it was: also where twice the room would begin again at 0. */
static void what_cannot_grow_stays(void **unused)
{
	static const size_t huge[] = { SIZE_MAX / 2, SIZE_MAX / 2 + 1, SIZE_MAX };
	size_t max = 0;
	int *items = array_with_room(NULL, 0, &max, sizeof(*items));
	const size_t before = max;

	(void)unused;
	items[0] = 7;
	for (size_t i = 0; i < sizeof(huge) / sizeof(huge[0]); i++) {
		size_t num = huge[i];

		assert_null(array_with_room(items, num, &num, sizeof(*items)));
		assert_int_equal(num, huge[i]);
	}
	assert_int_equal(max, before);
	assert_int_equal(items[0], 7);
	free(items);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(items_stay_while_it_grows),
		cmocka_unit_test(what_cannot_grow_stays),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
