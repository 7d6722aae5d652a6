/* Reading CSVs back: cells, quotes, broken rows, decimals. */
#include <unistd.h>

#include "sweep/csv_rows.h"
#include "sweep/sweep_test.h"

static void write_file(char name[64], const char *text)
{
	int fd;

	strcpy(name, "/tmp/nescsim-rows-XXXXXX");
	fd = mkstemp(name);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
}

static void rows_come_one_by_one(void **unused)
{
	nescsim_diag *diag = nescsim_diag_create();
	csv_rows rows;
	char name[64];
	bool end;

	(void)unused;
	write_file(name, "a,b,c\n1,,\"x,\"\"y\"\"\"\n,,last");
	assert_int_equal(csv_rows_open(name, diag, &rows), NESCSIM_OK);
	assert_int_equal(rows.num_columns, 3);
	assert_int_equal(csv_rows_column(&rows, "c"), 2);
	assert_int_equal(csv_rows_column(&rows, "d"), -1);
	assert_int_equal(csv_rows_next(&rows, &end), NESCSIM_OK);
	assert_false(end);
	assert_string_equal(rows.cells[0], "1");
	assert_string_equal(rows.cells[1], "");
	assert_string_equal(rows.cells[2], "x,\"y\"");
	assert_int_equal(csv_rows_next(&rows, &end), NESCSIM_OK);
	assert_string_equal(rows.cells[2], "last");
	assert_string_equal(rows.columns[2], "c");
	assert_int_equal(csv_rows_next(&rows, &end), NESCSIM_OK);
	assert_true(end);
	csv_rows_close(&rows);
	unlink(name);
	nescsim_diag_destroy(diag);
}

static void broken_files_are_reported(void **unused)
{
	static const char *const texts[] = { "a,b\n1\n", "a,b\n1,2,3\n", "" };

	(void)unused;
	for (size_t i = 0; i <= NUM(texts); i++) {
		nescsim_diag *diag = nescsim_diag_create();
		nescsim_status status;
		csv_rows rows;
		char name[64];
		bool end;

		write_file(name, i < NUM(texts) ? texts[i] : "");
		if (i == NUM(texts))
			unlink(name);
		status = csv_rows_open(name, diag, &rows);
		if (status == NESCSIM_OK)
			status = csv_rows_next(&rows, &end);
		assert_int_equal(status, NESCSIM_IO);
		assert_int_equal(nescsim_diag_num_errors(diag), 1);
		assert_string_equal(nescsim_diag_at(diag, 0)->file, name);
		assert_int_equal(nescsim_diag_at(diag, 0)->line, i < 2 ? 2 : 0);
		csv_rows_close(&rows);
		unlink(name);
		nescsim_diag_destroy(diag);
	}
}

static void cells_are_numbers_or_empty(void **unused)
{
	nescsim_diag *diag = nescsim_diag_create();
	metrics_i128 millionths = 7;
	csv_rows rows;
	char name[64];
	bool end, has = true;

	(void)unused;
	write_file(name, "a,b,c\n,9400000000000.5,1e3\n");
	assert_int_equal(csv_rows_open(name, diag, &rows), NESCSIM_OK);
	assert_int_equal(csv_rows_next(&rows, &end), NESCSIM_OK);
	assert_int_equal(csv_rows_number(&rows, 0, &millionths, &has), NESCSIM_OK);
	assert_true(!has && millionths == 7);
	assert_int_equal(csv_rows_number(&rows, 1, &millionths, &has), NESCSIM_OK);
	assert_true(has && millionths == (metrics_i128)94000000000005 * 100000);
	assert_int_equal(csv_rows_number(&rows, 2, &millionths, &has), NESCSIM_IO);
	assert_false(has);
	assert_entry(diag, 0, "'1e3' in column 'c' is no number", "run its point again");
	assert_int_equal(nescsim_diag_at(diag, 0)->line, 2);
	csv_rows_close(&rows);
	unlink(name);
	nescsim_diag_destroy(diag);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_come_one_by_one),
		cmocka_unit_test(broken_files_are_reported),
		cmocka_unit_test(cells_are_numbers_or_empty),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
