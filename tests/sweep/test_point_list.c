/* Lists of points: what they name, what is refused, and that both directions agree. */
#include "base/diag.h"
#include "base/text.h"
#include "sweep/executor.h"
#include "sweep/point_list.h"
#include "sweep/sweep_test.h"

static const sweep_plan plan = { .num_points = 130 };

static nescsim_status parse(const char *text, nescsim_diag *diag, uint64_t bits[3], uint64_t *num)
{
	memset(bits, 0, 3 * sizeof(*bits));
	return point_list_parse(text, &plan, diag, bits, num);
}

static void numbers_and_ranges_are_from_one(void **unused)
{
	uint64_t bits[3], num;

	(void)unused;
	assert_int_equal(parse("1,3-5,130,4", NULL, bits, &num), NESCSIM_OK);
	assert_int_equal(num, 5);
	for (uint64_t point = 0; point < 130; point++)
		assert_int_equal(job_has(bits, point), point == 0 || (point >= 2 && point <= 4) || point == 129);
	assert_int_equal(parse("1-130", NULL, bits, &num), NESCSIM_OK);
	assert_int_equal(num, 130);
}

static void all_mistakes_are_told(void **unused)
{
	nescsim_diag *diag = nescsim_diag_create();
	uint64_t bits[3], num;

	(void)unused;
	assert_int_equal(parse("x,0,2-1,131,,1-,1 2,99999999999999999999999", diag, bits, &num), NESCSIM_USAGE);
	assert_int_equal(nescsim_diag_num_errors(diag), 8);
	assert_entry(diag, 0, "'x' is no number", "1-50,52");
	assert_entry(diag, 1, "'0' is not among the points", "from 1 to 130");
	assert_entry(diag, 2, "'2-1' is empty", "smaller");
	assert_entry(diag, 3, "'131' is not among", "from 1 to 130");
	assert_entry(diag, 4, "'' is no number", NULL);
	assert_entry(diag, 5, "'1-' is no range", NULL);
	assert_entry(diag, 6, "'1 2' is no number or range", NULL);
	assert_entry(diag, 7, "is not among", NULL);
	nescsim_diag_destroy(diag);
}

static void what_is_written_is_read_back(void **unused)
{
	static const uint64_t points[] = { 0, 1, 2, 7, 9, 10, 129 };
	text_buffer text = TEXT_EMPTY;
	uint64_t bits[3], num;

	(void)unused;
	point_list_add(points, NUM(points), &text);
	assert_string_equal(text_get(&text), "1-3,8,10-11,130");
	assert_int_equal(parse(text_get(&text), NULL, bits, &num), NESCSIM_OK);
	assert_int_equal(num, NUM(points));
	for (size_t i = 0; i < NUM(points); i++)
		assert_true(job_has(bits, points[i]));
	text_free(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_and_ranges_are_from_one),
		cmocka_unit_test(all_mistakes_are_told),
		cmocka_unit_test(what_is_written_is_read_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
