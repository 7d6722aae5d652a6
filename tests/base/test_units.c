/* Is every quantity read and written exactly, and every bad one refused for the right reason? */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/cmocka_all.h"
#include "base/rng.h"
#include "base/units.h"

#define E12 INT64_C(1000000000000)

typedef struct parse_case {
	units_kind kind;
	int64_t scale;
	const char *text;
	units_result result;
	int64_t value;
} parse_case;

static void check_cases(const parse_case *cases, size_t num_cases)
{
	for (size_t i = 0; i < num_cases; i++) {
		int64_t value = -77;
		units_result result = units_parse(cases[i].kind, cases[i].scale, cases[i].text, &value);

		if (result != cases[i].result || value != (result == UNITS_OK ? cases[i].value : -77))
			fail_msg("'%s' gives result %d, value %" PRId64, cases[i].text, (int)result, value);
	}
}

#define CHECK(cases) check_cases(cases, sizeof(cases) / sizeof(cases[0]))

static void good_quantities_are_exact(void **state)
{
	static const parse_case cases[] = {
		{ UNITS_COUNT, 0, "0", UNITS_OK, 0 },
		{ UNITS_COUNT, 0, "-0", UNITS_OK, 0 },
		{ UNITS_COUNT, 0, "42", UNITS_OK, 42 },
		{ UNITS_COUNT, 0, "+42", UNITS_OK, 42 },
		{ UNITS_COUNT, 0, " -42 ", UNITS_OK, -42 },
		{ UNITS_COUNT, 0, "1_000_000", UNITS_OK, 1000000 },
		{ UNITS_COUNT, 0, "1e6", UNITS_OK, 1000000 },
		{ UNITS_COUNT, 0, "1.5e3", UNITS_OK, 1500 },
		{ UNITS_COUNT, 0, "12000e-3", UNITS_OK, 12 },
		{ UNITS_COUNT, 0, "1.0", UNITS_OK, 1 },
		{ UNITS_COUNT, 0, "0e999999999999999999999", UNITS_OK, 0 },
		{ UNITS_COUNT, 0, "9223372036854775807", UNITS_OK, INT64_MAX },
		{ UNITS_COUNT, 0, "-9223372036854775808", UNITS_OK, INT64_MIN },
		{ UNITS_DURATION, 0, "0", UNITS_OK, 0 },
		{ UNITS_DURATION, 0, "0.0", UNITS_OK, 0 },
		{ UNITS_DURATION, 0, "1ps", UNITS_OK, 1 },
		{ UNITS_DURATION, 0, "1.5us", UNITS_OK, 1500000 },
		{ UNITS_DURATION, 0, "-3 ns", UNITS_OK, -3000 },
		{ UNITS_DURATION, 0, ".5 ms", UNITS_OK, 500000000 },
		{ UNITS_DURATION, 0, "2\tmin", UNITS_OK, 120 * E12 },
		{ UNITS_DURATION, 0, "1 h", UNITS_OK, 3600 * E12 },
		{ UNITS_DURATION, 0, "106 d", UNITS_OK, 106 * 86400 * E12 },
		{ UNITS_DURATION, 0, "9223372.036854775807 s", UNITS_OK, INT64_MAX },
		{ UNITS_DURATION, 0, "1e-12 s", UNITS_OK, 1 },
		{ UNITS_BYTES, 0, "4 KiB", UNITS_OK, 4096 },
		{ UNITS_BYTES, 0, "4kB", UNITS_OK, 4000 },
		{ UNITS_BYTES, 0, "0.5 KiB", UNITS_OK, 512 },
		{ UNITS_BYTES, 0, "1e3 TB", UNITS_OK, 1000 * E12 },
		{ UNITS_BYTES, 0, "0.0000000000009094947017729282379150390625 TiB", UNITS_OK, 1 },
		{ UNITS_FREQUENCY, 0, "156.25 MHz", UNITS_OK, 156250000 },
		{ UNITS_FREQUENCY, 0, "0.333333333GHz", UNITS_OK, 333333333 },
		{ UNITS_RATE, 0, "3.2 GB/s", UNITS_OK, 3200000000 },
		{ UNITS_RATE, 0, "1 MiB/s", UNITS_OK, 1048576 },
		{ UNITS_CYCLES, 0, "12 cycles", UNITS_OK, 12 },
		{ UNITS_CYCLES, 0, "1 cycle", UNITS_OK, 1 },
		{ UNITS_DECIMAL, 1000, "2.4", UNITS_OK, 2400 },
		{ UNITS_DECIMAL, E12, "1e-12", UNITS_OK, 1 },
		{ UNITS_DECIMAL, 1, "7", UNITS_OK, 7 },
	};

	(void)state;
	CHECK(cases);
}

static void bad_quantities_are_refused_for_the_right_reason(void **state)
{
	static const parse_case cases[] = {
		{ UNITS_COUNT, 0, "", UNITS_NO_NUMBER, 0 },
		{ UNITS_COUNT, 0, "-", UNITS_NO_NUMBER, 0 },
		{ UNITS_COUNT, 0, ".", UNITS_NO_NUMBER, 0 },
		{ UNITS_COUNT, 0, "5.", UNITS_NO_NUMBER, 0 },
		{ UNITS_COUNT, 0, "ten", UNITS_NO_NUMBER, 0 },
		{ UNITS_COUNT, 0, "nan", UNITS_NO_NUMBER, 0 },
		{ UNITS_COUNT, 0, "_1", UNITS_NO_NUMBER, 0 },
		{ UNITS_COUNT, 0, "010", UNITS_NO_NUMBER, 0 },
		{ UNITS_COUNT, 0, "00.5", UNITS_NO_NUMBER, 0 },
		{ UNITS_COUNT, 0, "0x10", UNITS_BAD_UNIT, 0 },
		{ UNITS_COUNT, 0, "1__0", UNITS_BAD_UNIT, 0 },
		{ UNITS_COUNT, 0, "1_", UNITS_BAD_UNIT, 0 },
		{ UNITS_COUNT, 0, "4k", UNITS_BAD_UNIT, 0 },
		{ UNITS_COUNT, 0, "1e", UNITS_BAD_UNIT, 0 },
		{ UNITS_COUNT, 0, "1 2", UNITS_BAD_UNIT, 0 },
		{ UNITS_COUNT, 0, "1.5", UNITS_INEXACT, 0 },
		{ UNITS_COUNT, 0, "1e-999999999999999999999", UNITS_INEXACT, 0 },
		{ UNITS_COUNT, 0, "1e99999999999999999999", UNITS_OVERFLOW, 0 },
		{ UNITS_COUNT, 0, "9223372036854775808", UNITS_OVERFLOW, 0 },
		{ UNITS_COUNT, 0, "-9223372036854775809", UNITS_OVERFLOW, 0 },
		{ UNITS_COUNT, 0, "99999999999999999999999999999999999999999999999", UNITS_OVERFLOW, 0 },
		{ UNITS_DURATION, 0, "10", UNITS_NO_UNIT, 0 },
		{ UNITS_DURATION, 0, "0.1", UNITS_NO_UNIT, 0 },
		{ UNITS_DURATION, 0, "1e30", UNITS_NO_UNIT, 0 },
		{ UNITS_DURATION, 0, "10 KiB", UNITS_BAD_UNIT, 0 },
		{ UNITS_DURATION, 0, "10 NS", UNITS_BAD_UNIT, 0 },
		{ UNITS_DURATION, 0, "1.5 ps", UNITS_INEXACT, 0 },
		{ UNITS_DURATION, 0, "107 d", UNITS_OVERFLOW, 0 },
		{ UNITS_DURATION, 0, "9223372.036854775808 s", UNITS_OVERFLOW, 0 },
		{ UNITS_BYTES, 0, "0.5 B", UNITS_INEXACT, 0 },
		{ UNITS_BYTES, 0, "4 KB", UNITS_BAD_UNIT, 0 },
		{ UNITS_BYTES, 0, "4 kib", UNITS_BAD_UNIT, 0 },
		{ UNITS_FREQUENCY, 0, "250", UNITS_NO_UNIT, 0 },
		{ UNITS_RATE, 0, "1 GB", UNITS_BAD_UNIT, 0 },
		{ UNITS_CYCLES, 0, "12", UNITS_NO_UNIT, 0 },
		{ UNITS_CYCLES, 0, "12 ns", UNITS_BAD_UNIT, 0 },
		{ UNITS_CYCLES, 0, "1.5 cycles", UNITS_INEXACT, 0 },
		{ UNITS_DECIMAL, 1000, "2.4001", UNITS_INEXACT, 0 },
		{ UNITS_DECIMAL, 1000, "2.4x", UNITS_BAD_UNIT, 0 },
	};

	(void)state;
	CHECK(cases);
}

static void canonical_text_is_the_shortest(void **state)
{
	static const struct {
		units_kind kind;
		int64_t scale, value;
		const char *text;
	} cases[] = {
		{ UNITS_COUNT, 0, 1000000, "1000000" },
		{ UNITS_COUNT, 0, INT64_MIN, "-9223372036854775808" },
		{ UNITS_DURATION, 0, 0, "0" },
		{ UNITS_DURATION, 0, 1, "1 ps" },
		{ UNITS_DURATION, 0, 1500000, "1.5 us" },
		{ UNITS_DURATION, 0, 100, "100 ps" },
		{ UNITS_DURATION, 0, -3000, "-3 ns" },
		{ UNITS_DURATION, 0, 6400, "6.4 ns" },
		{ UNITS_DURATION, 0, 30 * E12, "30 s" },
		{ UNITS_DURATION, 0, 86400 * E12, "1 d" },
		{ UNITS_DURATION, 0, INT64_MAX, "9223372.036854775807 s" },
		{ UNITS_BYTES, 0, 4096, "4 KiB" },
		{ UNITS_BYTES, 0, 4000, "4 kB" },
		{ UNITS_BYTES, 0, 512, "512 B" },
		{ UNITS_BYTES, 0, INT64_C(1) << 40, "1 TiB" },
		{ UNITS_FREQUENCY, 0, 250000000, "250 MHz" },
		{ UNITS_FREQUENCY, 0, 156250000, "156.25 MHz" },
		{ UNITS_RATE, 0, 3200000000, "3.2 GB/s" },
		{ UNITS_CYCLES, 0, 1, "1 cycle" },
		{ UNITS_CYCLES, 0, 12, "12 cycles" },
		{ UNITS_CYCLES, 0, -1, "-1 cycle" },
		{ UNITS_DECIMAL, 1000, 2400, "2.4" },
		{ UNITS_DECIMAL, 1000, -2400, "-2.4" },
		{ UNITS_DECIMAL, 1000, 50, "0.05" },
		{ UNITS_DECIMAL, E12, 1, "1e-12" },
		{ UNITS_DECIMAL, E12, 1500, "1.5e-9" },
	};
	char text[40], tiny[4];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		size_t length = units_format(cases[i].kind, cases[i].scale, cases[i].value, text, sizeof(text));

		assert_string_equal(text, cases[i].text);
		assert_int_equal(length, strlen(cases[i].text));
	}
	assert_int_equal(units_format(UNITS_COUNT, 0, 123456, tiny, sizeof(tiny)), 6);
	assert_string_equal(tiny, "123");
}

static void formatting_and_parsing_round_trip(void **state)
{
	static const int64_t corners[] = { 0,    1,    -1,   9,         10,        999,          1000,
					   1023, 1024, 1025, INT64_MAX, INT64_MIN, INT64_MAX - 1 };
	static const int64_t scales[] = { 1, 10, 1000, E12, 1000000 * E12 };
	rng_stream rng = rng_open(1, "round trip", 0);

	(void)state;
	for (int i = 0; i < 50000; i++) {
		units_kind kind = (units_kind)rng_uniform_u64(&rng, UNITS_DECIMAL + 1);
		int64_t scale = scales[rng_uniform_u64(&rng, 5)];
		int64_t value = (int64_t)rng_bits(&rng) >> rng_uniform_u64(&rng, 64), back = -77;
		char text[40];

		if (rng_chance(&rng, 1, 10))
			value = corners[rng_uniform_u64(&rng, sizeof(corners) / sizeof(corners[0]))];
		else if (rng_chance(&rng, 1, 2))
			value = value / 1000000 * 1000000;
		assert_true(units_format(kind, scale, value, text, sizeof(text)) < sizeof(text));
		if (units_parse(kind, scale, text, &back) != UNITS_OK || back != value)
			fail_msg("%" PRId64 " is written '%s', read back as %" PRId64, value, text, back);
	}
}

static void every_listed_unit_is_known(void **state)
{
	(void)state;
	for (int kind = UNITS_COUNT; kind <= UNITS_DECIMAL; kind++) {
		char list[80], *rest = list, *unit_name;

		assert_true(strlen(units_kind_name((units_kind)kind)) > 0);
		snprintf(list, sizeof(list), "%s", units_list((units_kind)kind));
		while ((unit_name = strtok_r(rest, ", ", &rest)) != NULL) {
			char text[40];
			int64_t value;

			snprintf(text, sizeof(text), "3 %s", unit_name);
			assert_int_equal(units_parse((units_kind)kind, 1, text, &value), UNITS_OK);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_quantities_are_exact),
		cmocka_unit_test(bad_quantities_are_refused_for_the_right_reason),
		cmocka_unit_test(canonical_text_is_the_shortest),
		cmocka_unit_test(formatting_and_parsing_round_trip),
		cmocka_unit_test(every_listed_unit_is_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
