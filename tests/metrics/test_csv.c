/* CSV cells and decimals, byte by byte. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "metrics/csv.h"
#include "metrics/death.h"

#define U128_HALF ((metrics_i128)1 << 126)

static void check_ratio(metrics_i128 numerator, metrics_i128 denominator, unsigned num_decimals, const char *expected)
{
	char text[DECIMAL_TEXT_BYTES];

	assert_int_equal(decimal_ratio(numerator, denominator, num_decimals, text, sizeof(text)), strlen(expected));
	assert_string_equal(text, expected);
}

static void ratios_are_exact(void **unused)
{
	(void)unused;
	check_ratio(0, 1, 6, "0.000000");
	check_ratio(1, 3, 6, "0.333333");
	check_ratio(2, 3, 6, "0.666667");
	check_ratio(1, 2000000, 6, "0.000001"); /* half goes away from zero */
	check_ratio(1, 2000001, 6, "0.000000");
	check_ratio(3, 2000000, 6, "0.000002");
	check_ratio(-1, 2000000, 6, "-0.000001");
	check_ratio(-1, 2000001, 6, "0.000000"); /* no minus zero */
	check_ratio(-7, 2, 6, "-3.500000");
	check_ratio(9999999, 10000000, 6, "1.000000"); /* carries all the way */
	check_ratio(19999999, 2000000, 6, "10.000000");
	check_ratio(5, 10, 0, "1");
	check_ratio(4, 10, 0, "0");
	check_ratio(7, 8, 9, "0.875000000");
	check_ratio(U128_HALF, 1, 6, "85070591730234615865843651857942052864.000000");
	check_ratio(-U128_HALF - U128_HALF, 1, 1, "-170141183460469231731687303715884105728.0");
	check_ratio(((metrics_i128)1 << 120) - 1, (metrics_i128)1 << 120, 6, "1.000000");
	check_ratio((metrics_i128)1 << 119, (metrics_i128)1 << 120, 6, "0.500000");
}

static void a_ratio_needs_a_denominator(void **unused)
{
	char text[DECIMAL_TEXT_BYTES];

	(void)unused;
	assert_aborts(decimal_ratio(1, 0, 6, text, sizeof(text)));
	assert_aborts(decimal_ratio(1, -1, 6, text, sizeof(text)));
}

static void cells_are_typed(void **unused)
{
	static const char *const columns[] = { "name", "a,b", "n", "u", "t_us", "r", "none" };
	char *bytes = NULL;
	size_t num_bytes = 0;
	FILE *out = open_memstream(&bytes, &num_bytes);
	csv_writer csv;

	(void)unused;
	csv_begin(&csv, out, columns, 7);
	csv_text(&csv, "plain text; no quotes");
	csv_text(&csv, "say \"hi\", twice");
	csv_int(&csv, INT64_MIN);
	csv_uint(&csv, UINT64_MAX);
	csv_us(&csv, PS_MAX);
	csv_ratio(&csv, 10, 4);
	csv_empty(&csv);
	csv_end_row(&csv);
	csv_text(&csv, "");
	csv_text(&csv, "two\nlines");
	csv_int(&csv, -1);
	csv_uint(&csv, 0);
	csv_us(&csv, 1);
	csv_ratio(&csv, 10, 0);
	csv_text(&csv, "cr\r");
	csv_end_row(&csv);
	assert_int_equal(csv_finish(&csv), NESCSIM_OK);
	fclose(out);
	assert_string_equal(bytes, "name,\"a,b\",n,u,t_us,r,none\n"
				   "plain text; no quotes,\"say \"\"hi\"\", twice\",-9223372036854775808,"
				   "18446744073709551615,9223372036854.775807,2.500000,\n"
				   ",\"two\nlines\",-1,0,0.000001,,\"cr\r\"\n");
	free(bytes);
}

static void rows_must_be_whole(void **unused)
{
	static const char *const columns[] = { "a", "b" };
	FILE *out = fopen("/dev/null", "w");
	csv_writer csv;

	(void)unused;
	csv_begin(&csv, out, columns, 2);
	csv_int(&csv, 1);
	assert_aborts(csv_end_row(&csv));
	assert_aborts(csv_finish(&csv));
	csv_int(&csv, 2);
	assert_aborts(csv_int(&csv, 3));
	csv_end_row(&csv);
	assert_int_equal(csv_finish(&csv), NESCSIM_OK);
	fclose(out);
}

static void a_full_disk_is_reported(void **unused)
{
	static const char *const columns[] = { "a" };
	FILE *out = fopen("/dev/full", "w");
	csv_writer csv;

	(void)unused;
	if (!out)
		skip();
	csv_begin(&csv, out, columns, 1);
	csv_int(&csv, 1);
	csv_end_row(&csv);
	assert_int_equal(csv_finish(&csv), NESCSIM_IO);
	fclose(out);
}

static void texts_are_read_exactly(void **unused)
{
	static const struct {
		const char *text;
		metrics_i128 millionths;
	} right[] = {
		{ "0", 0 },
		{ "12", 12000000 },
		{ "0.000001", 1 },
		{ "-3.5", -3500000 },
		{ "9223372036854.775807", INT64_MAX },
		{ "9223372036854.775808", (metrics_i128)INT64_MAX + 1 },
		{ "-9400000000000", (metrics_i128)-9400000000000 * 1000000 },
		{ "999999999999999999999999.999999", DECIMAL_MAX_MILLIONTHS - 1 },
	};
	static const char *const wrong[] = { "",    "-",   ".5",    "5.",
					     "-.5", "x",   "1x",    " 1",
					     "1 ",  "+1",  "1.2.3", "1.0000000",
					     "1e3", "nan", "--1",   "1000000000000000000000000" };
	metrics_i128 millionths;

	(void)unused;
	for (size_t i = 0; i < sizeof(right) / sizeof(right[0]); i++) {
		assert_true(decimal_millionths(right[i].text, &millionths));
		assert_true(millionths == right[i].millionths);
	}
	millionths = 7;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_false(decimal_millionths(wrong[i], &millionths));
	assert_true(millionths == 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ratios_are_exact),
		cmocka_unit_test(texts_are_read_exactly),
		cmocka_unit_test(a_ratio_needs_a_denominator),
		cmocka_unit_test(cells_are_typed),
		cmocka_unit_test(rows_must_be_whole),
		cmocka_unit_test(a_full_disk_is_reported),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
