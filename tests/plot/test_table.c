/* CSVs as they are read back: cells, columns by their names, numbers with units, and what is no CSV. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "plot/table.h"

typedef struct fixture {
	char file_name[64];
	arena memory;
	nescsim_diag *diag;
	plot_table table;
} fixture;

static nescsim_status read_text(fixture *of, const char *text, size_t num_bytes)
{
	FILE *file;
	int descriptor;

	*of = (fixture){ .file_name = "/tmp/plot_table_XXXXXX", .diag = nescsim_diag_create() };
	descriptor = mkstemp(of->file_name);
	file = fdopen(descriptor, "w");
	assert_non_null(file);
	assert_int_equal(fwrite(text, 1, num_bytes, file), num_bytes);
	fclose(file);
	return plot_table_read(of->file_name, &of->memory, of->diag, &of->table);
}

static void drop(fixture *of)
{
	unlink(of->file_name);
	arena_free(&of->memory);
	nescsim_diag_destroy(of->diag);
}

static void cells_are_read_as_they_are_written(void **unused)
{
	/* Quotation marks, commas and line feeds within cells, an empty cell, both line ends, no line feed at the end. */
	static const char text[] = "a,b,c\r\n1,\"x, \"\"y\"\"\n z\",\n,,last";
	static const char *const cells[] = { "1", "x, \"y\"\n z", "", "", "", "last" };
	fixture of;

	(void)unused;
	assert_int_equal(read_text(&of, text, sizeof(text) - 1), NESCSIM_OK);
	assert_int_equal(of.table.num_columns, 3);
	assert_int_equal(of.table.num_rows, 2);
	assert_string_equal(of.table.columns[2], "c");
	for (size_t i = 0; i < 6; i++)
		assert_string_equal(plot_cell(&of.table, i / 3, i % 3), cells[i]);
	drop(&of);
}

/* Spreadsheets write one before the first column's name, in quotation marks or not. */
static void a_byte_order_mark_is_skipped(void **unused)
{
	static const char *const texts[] = { "\xef\xbb\xbf"
					     "a,b\n1,2\n",
					     "\xef\xbb\xbf\"a\",b\n1,2\n" };

	(void)unused;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		fixture of;

		assert_int_equal(read_text(&of, texts[i], strlen(texts[i])), NESCSIM_OK);
		assert_int_equal(plot_column(&of.table, "a"), 0);
		assert_string_equal(plot_cell(&of.table, 0, 0), "1");
		drop(&of);
	}
}

static void what_is_no_csv_is_refused_with_its_line(void **unused)
{
	static const struct {
		const char *text;
		size_t num_bytes, line;
		const char *says;
	} bad[] = {
		{ "", 0, 0, "empty" },
		{ "\xef\xbb\xbf", 3, 1, "names 1 columns" },
		{ "a,b\n1,2\n3\n", 10, 3, "1 cells" },
		{ "a,b\n1,\"2\n3,4\n", 13, 2, "never closed" },
		{ "a,b\n1,\"2\"x\n", 11, 2, "no CSV" },
		{ "a,b\n1,\0\n", 8, 0, "no text" },
		{ "just words\n", 11, 1, "names 1 columns" },
		{ "a,b,a\n", 6, 1, "'a' is there twice" },
	};

	(void)unused;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		fixture of;

		assert_int_equal(read_text(&of, bad[i].text, bad[i].num_bytes), NESCSIM_CONFIG);
		assert_int_equal(nescsim_diag_count(of.diag), 1);
		assert_int_equal(nescsim_diag_at(of.diag, 0)->line, bad[i].line);
		assert_non_null(strstr(nescsim_diag_at(of.diag, 0)->message, bad[i].says));
		drop(&of);
	}
}

static void unreadable_files_are_reported(void **unused)
{
	nescsim_diag *diag = nescsim_diag_create();
	arena memory = { 0 };
	plot_table table;

	(void)unused;
	assert_int_equal(plot_table_read("/nowhere/at/all.csv", &memory, diag, &table), NESCSIM_IO);
	assert_int_equal(plot_table_read("/", &memory, diag, &table), NESCSIM_IO);
	assert_int_equal(nescsim_diag_count(diag), 2);
	nescsim_diag_destroy(diag);
	arena_free(&memory);
}

static void columns_are_found_by_the_end_of_their_name(void **unused)
{
	static const char text[] = "nesc.btlb.entries,vms[0].workload.depth,vms[1].workload.depth,depth,scheme\n";
	fixture of;

	(void)unused;
	assert_int_equal(read_text(&of, text, sizeof(text) - 1), NESCSIM_OK);
	assert_int_equal(plot_find_column(&of.table, "btlb.entries"), 0);
	assert_int_equal(plot_find_column(&of.table, "entries"), 0);
	assert_int_equal(plot_find_column(&of.table, "nesc.btlb.entries"), 0);
	assert_int_equal(plot_find_column(&of.table, "vms[1].workload.depth"), 2);
	/* The whole name comes before ends of others; two that end so are none. */
	assert_int_equal(plot_find_column(&of.table, "depth"), 3);
	assert_int_equal(plot_find_column(&of.table, "workload.depth"), PLOT_NO_COLUMN);
	assert_int_equal(plot_find_column(&of.table, "tries"), PLOT_NO_COLUMN);
	assert_int_equal(plot_find_column(&of.table, ""), PLOT_NO_COLUMN);
	assert_int_equal(plot_need_column(&of.table, "schem", of.diag), PLOT_NO_COLUMN);
	assert_string_equal(nescsim_diag_at(of.diag, 0)->hint, "did you mean scheme?");
	drop(&of);
}

static void numbers_have_units_or_none(void **unused)
{
	static const struct {
		const char *text;
		double value;
		plot_unit unit;
	} good[] = {
		{ "0", 0, PLOT_PLAIN },       { "9.250000", 9.25, PLOT_PLAIN }, { "-3", -3, PLOT_PLAIN },
		{ "1e6", 1e6, PLOT_PLAIN },   { "512 B", 512, PLOT_BYTES },     { "4 KiB", 4096, PLOT_BYTES },
		{ "1.5 ms", 1500, PLOT_US },  { "10ns", 0.01, PLOT_US },        { "3.6 GB/s", 3600, PLOT_MBPS },
		{ "250 MHz", 250, PLOT_MHZ }, { "12 cycles", 12, PLOT_PLAIN },
	};
	static const char *const bad[] = { "", "all", "nan", "inf", "0x10", "1 2", "4 KiBs", "-", "vm1" };
	plot_unit unit;
	double value;

	(void)unused;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_true(plot_number(good[i].text, &value, &unit));
		assert_true(value > good[i].value - 1e-9 && value < good[i].value + 1e-9);
		assert_int_equal(unit, good[i].unit);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(plot_number(bad[i], &value, &unit));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cells_are_read_as_they_are_written),
		cmocka_unit_test(a_byte_order_mark_is_skipped),
		cmocka_unit_test(what_is_no_csv_is_refused_with_its_line),
		cmocka_unit_test(unreadable_files_are_reported),
		cmocka_unit_test(columns_are_found_by_the_end_of_their_name),
		cmocka_unit_test(numbers_have_units_or_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
