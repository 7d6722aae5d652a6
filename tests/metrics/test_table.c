/* Tables, byte by byte. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "metrics/death.h"
#include "metrics/table.h"

static void check_print(const table *self, const char *expected)
{
	char *bytes = NULL;
	size_t num_bytes = 0;
	FILE *out = open_memstream(&bytes, &num_bytes);

	assert_int_equal(table_print(self, out), NESCSIM_OK);
	fclose(out);
	assert_string_equal(bytes, expected);
	free(bytes);
}

static const table_column columns[] = {
	{ "scheme", TABLE_LEFT },
	{ "latency (µs)", TABLE_RIGHT },
	{ "note", TABLE_LEFT },
};

static void aligns_and_groups(void **unused)
{
	table *self = table_create(columns, 3);

	(void)unused;
	table_group(self); /* nothing above: no blank line */
	table_cell(self, "host");
	table_cell(self, "%d.%d", 12, 5);
	table_cell(self, "reference");
	table_end_row(self);
	table_cell(self, "%s", "émulation"); /* 9 columns, 10 bytes */
	table_cell(self, "1234567.125");
	table_end_row(self);
	table_group(self);
	table_group(self);
	table_cell(self, "虛擬"); /* 4 columns, 6 bytes */
	table_cell(self, "%s", "");
	table_cell(self, "wide");
	table_end_row(self);
	table_group(self); /* nothing below: no blank line */
	check_print(self, "scheme     latency (µs)  note\n"
			  "----------------------------------\n"
			  "host               12.5  reference\n"
			  "émulation   1234567.125\n"
			  "\n"
			  "虛擬                     wide\n");
	table_destroy(self);
}

static void an_empty_table_has_a_header(void **unused)
{
	table *self = table_create(columns, 3);

	(void)unused;
	check_print(self, "scheme  latency (µs)  note\n"
			  "--------------------------\n");
	table_destroy(self);
	table_destroy(NULL);
}

static void many_rows_fit(void **unused)
{
	table *self = table_create(columns, 2);
	char *bytes = NULL;
	size_t num_bytes = 0, num_lines = 0;
	FILE *out = open_memstream(&bytes, &num_bytes);

	(void)unused;
	for (int i = 0; i < 1000; i++) {
		table_cell(self, "vm%d", i);
		table_cell(self, "%d", i * i);
		table_end_row(self);
	}
	assert_int_equal(table_print(self, out), NESCSIM_OK);
	fclose(out);
	for (size_t i = 0; i < num_bytes; i++)
		num_lines += bytes[i] == '\n';
	assert_int_equal(num_lines, 1002);
	free(bytes);
	table_destroy(self);
}

static void misuse_aborts(void **unused)
{
	table *self = table_create(columns, 2);

	(void)unused;
	table_cell(self, "a");
	assert_aborts(table_print(self, stdout));
	table_cell(self, "b");
	assert_aborts(table_cell(self, "c"));
	table_destroy(self); /* a row under way is freed, too */
}

static void widths_are_those_of_a_terminal(void **unused)
{
	(void)unused;
	assert_int_equal(table_text_width(""), 0);
	assert_int_equal(table_text_width("abc"), 3);
	assert_int_equal(table_text_width("µs"), 2);
	assert_int_equal(table_text_width("e\xcc\x81"), 1); /* e and a combining accent */
	assert_int_equal(table_text_width("→×"), 2);
	assert_int_equal(table_text_width("한국"), 4);
	assert_int_equal(table_text_width("\xf0\x9f\x9a\x80"), 2); /* emoji */
	assert_int_equal(table_text_width("\xff\xfe"), 2);         /* not UTF-8 */
	assert_int_equal(table_text_width("a\xc3"), 2);            /* cut off */
	assert_int_equal(table_text_width("a\xe2\x82"), 3);
}

static void a_full_disk_is_reported(void **unused)
{
	table *self = table_create(columns, 3);
	FILE *out = fopen("/dev/full", "w");

	(void)unused;
	if (out) {
		assert_int_equal(table_print(self, out), NESCSIM_IO);
		fclose(out);
	}
	table_destroy(self);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(aligns_and_groups),
		cmocka_unit_test(an_empty_table_has_a_header),
		cmocka_unit_test(many_rows_fit),
		cmocka_unit_test(misuse_aborts),
		cmocka_unit_test(widths_are_those_of_a_terminal),
		cmocka_unit_test(a_full_disk_is_reported),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
