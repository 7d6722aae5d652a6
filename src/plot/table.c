#include "plot/table.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/array.h"
#include "base/text.h"
#include "base/units.h"

#define MAX_COLUMNS 1000

/* Taking the text of a file apart, which is changed on the way: cells end where a comma or line feed was. */
typedef struct parser {
	const char *file_name;
	nescsim_diag *diag;
	char *at, *end;
	size_t line; /* of `at` */
	/* What is found. */
	const char **cells;
	size_t num_cells, max_cells;
} parser;

__attribute__((format(printf, 4, 5))) static nescsim_status complain(const parser *self, size_t line, const char *hint,
								     const char *format, ...)
{
	const diag_place place = { .file = self->file_name, .line = line };
	va_list arguments;

	va_start(arguments, format);
	diag_add_va(self->diag, NESCSIM_ERROR, NESCSIM_CONFIG, &place, hint, format, arguments);
	va_end(arguments);
	return NESCSIM_CONFIG;
}

static nescsim_status keep_cell(parser *self, const char *cell)
{
	const char **cells = array_with_room(self->cells, self->num_cells, &self->max_cells, sizeof(*cells));

	if (cells == NULL)
		return NESCSIM_NO_MEMORY;
	self->cells = cells;
	self->cells[self->num_cells++] = cell;
	return NESCSIM_OK;
}

/* Takes a cell between quotation marks, at the first of them; two stand for one. */
static nescsim_status take_quoted(parser *self, char **cell_out)
{
	const size_t line = self->line;
	char *to = ++self->at;

	*cell_out = to;
	while (self->at < self->end) {
		if (*self->at == '"' && self->at[1] != '"') {
			self->at++;
			*to = '\0';
			return NESCSIM_OK;
		}
		if (*self->at == '"')
			self->at++;
		self->line += *self->at == '\n';
		*to++ = *self->at++;
	}
	return complain(self, line, NULL, "a quotation mark is never closed");
}

/* Takes one row; *num_out is how many cells it has. */
static nescsim_status take_row(parser *self, size_t *num_out)
{
	const size_t line = self->line, before = self->num_cells;
	bool row_ends = false;

	while (!row_ends) {
		char *cell = self->at, *cell_end;
		nescsim_status status = NESCSIM_OK;

		if (*self->at == '"')
			status = take_quoted(self, &cell);
		else
			self->at += strcspn(self->at, ",\r\n");
		if (status == NESCSIM_OK)
			status = keep_cell(self, cell);
		if (status != NESCSIM_OK)
			return status;
		cell_end = self->at;
		if (*self->at == '\r' && self->at[1] == '\n')
			self->at++;
		row_ends = self->at >= self->end || *self->at == '\n';
		if (!row_ends && *self->at != ',')
			return complain(self, line, "line feeds between rows, commas between cells", "this is no CSV");
		self->line += row_ends;
		if (self->at < self->end)
			self->at++;
		*cell_end = '\0';
	}
	*num_out = self->num_cells - before;
	return NESCSIM_OK;
}

static nescsim_status take_header(parser *self, size_t *num_out)
{
	nescsim_status status = take_row(self, num_out);

	if (status != NESCSIM_OK)
		return status;
	if (*num_out < 2 || *num_out > MAX_COLUMNS)
		return complain(self, 1, "summary.csv and sweep.csv are such",
				"this is no CSV of results: its first line names %zu columns", *num_out);
	for (size_t i = 0; i < *num_out; i++)
		for (size_t j = 0; j < i; j++)
			if (strcmp(self->cells[i], self->cells[j]) == 0)
				return complain(self, 1, NULL, "the column '%s' is there twice", self->cells[i]);
	return NESCSIM_OK;
}

static nescsim_status take_all(parser *self, size_t *num_columns_out)
{
	nescsim_status status = take_header(self, num_columns_out);

	while (status == NESCSIM_OK && self->at < self->end) {
		const size_t line = self->line;
		size_t num_cells;

		status = take_row(self, &num_cells);
		if (status == NESCSIM_OK && num_cells != *num_columns_out)
			status = complain(self, line, "was it cut off?",
					  "%zu cells, and the first line names %zu columns", num_cells,
					  *num_columns_out);
	}
	return status;
}

/* The whole file with a NUL behind it. */
static nescsim_status read_all(const char *file_name, nescsim_diag *diag, text_buffer *text)
{
	const diag_place place = { .file = file_name };
	FILE *file = fopen(file_name, "re");
	char block[65536];
	size_t num_bytes;
	struct stat info;
	int error = 0;

	if (file == NULL || fstat(fileno(file), &info) != 0)
		error = errno;
	else if (S_ISDIR(info.st_mode))
		error = EISDIR;
	while (error == 0 && (num_bytes = fread(block, 1, sizeof(block), file)) > 0)
		text_add_bytes(text, block, num_bytes);
	if (error == 0 && ferror(file))
		error = errno;
	if (file != NULL)
		fclose(file);
	if (error != 0)
		return diag_add(diag, NESCSIM_ERROR, NESCSIM_IO, &place, NULL, "cannot read it: %s", strerror(error));
	return text_ok(text) ? NESCSIM_OK : NESCSIM_NO_MEMORY;
}

nescsim_status plot_table_read(const char *file_name, arena *memory, nescsim_diag *diag, plot_table *table_out)
{
	static const char byte_order_mark[] = "\xef\xbb\xbf";
	parser self = { .file_name = file_name, .diag = diag, .line = 1 };
	text_buffer text = TEXT_EMPTY;
	size_t num_columns = 0;
	nescsim_status status = read_all(file_name, diag, &text);

	if (status == NESCSIM_OK && text.num_bytes == 0)
		status = complain(&self, 0, NULL, "the file is empty");
	else if (status == NESCSIM_OK && memchr(text.data, '\0', text.num_bytes) != NULL)
		status = complain(&self, 0, "`nescsim plot` takes the CSVs of result folders and sweeps",
				  "this is no text");
	if (status == NESCSIM_OK) {
		self.at = arena_copy(memory, text.data, text.num_bytes);
		status = self.at == NULL ? NESCSIM_NO_MEMORY : NESCSIM_OK;
	}
	if (status == NESCSIM_OK) {
		self.end = self.at + text.num_bytes;
		/* What other programs put before UTF-8 is no part of the first column's name. */
		if (strncmp(self.at, byte_order_mark, strlen(byte_order_mark)) == 0)
			self.at += strlen(byte_order_mark);
		status = take_all(&self, &num_columns);
	}
	if (status == NESCSIM_OK) {
		const size_t num_bytes = self.num_cells * sizeof(*self.cells);
		const char **cells = arena_alloc(memory, num_bytes);

		if (cells == NULL) {
			status = NESCSIM_NO_MEMORY;
		} else {
			memcpy(cells, self.cells, num_bytes);
			*table_out = (plot_table){ .file_name = file_name,
						   .columns = cells,
						   .num_columns = num_columns,
						   .cells = cells + num_columns,
						   .num_rows = self.num_cells / num_columns - 1 };
		}
	}
	free(self.cells);
	text_free(&text);
	return status;
}

size_t plot_column(const plot_table *table, const char *name)
{
	for (size_t i = 0; i < table->num_columns; i++)
		if (strcmp(table->columns[i], name) == 0)
			return i;
	return PLOT_NO_COLUMN;
}

size_t plot_find_column(const plot_table *table, const char *name)
{
	const size_t num_bytes = strlen(name);
	size_t found = plot_column(table, name);
	bool is_alone = true;

	if (found != PLOT_NO_COLUMN || num_bytes == 0)
		return found;
	for (size_t i = 0; i < table->num_columns; i++) {
		const size_t column_bytes = strlen(table->columns[i]);

		if (column_bytes <= num_bytes || strcmp(table->columns[i] + column_bytes - num_bytes, name) != 0 ||
		    table->columns[i][column_bytes - num_bytes - 1] != '.')
			continue;
		is_alone = found == PLOT_NO_COLUMN;
		found = i;
	}
	return is_alone ? found : PLOT_NO_COLUMN;
}

size_t plot_need_column(const plot_table *table, const char *name, nescsim_diag *diag)
{
	const size_t found = plot_find_column(table, name);
	const diag_place place = { .file = table->file_name };
	const char *nearest;
	text_buffer hint = TEXT_EMPTY;

	if (found != PLOT_NO_COLUMN)
		return found;
	nearest = diag_nearest(name, table->columns, table->num_columns);
	if (nearest != NULL) {
		text_add(&hint, "did you mean %s?", nearest);
	} else {
		text_add(&hint, "it has:");
		for (size_t i = 0; i < table->num_columns; i++)
			text_add(&hint, " %s", table->columns[i]);
	}
	diag_add(diag, NESCSIM_ERROR, NESCSIM_USAGE, &place, text_get(&hint), "there is no column '%s'", name);
	text_free(&hint);
	return PLOT_NO_COLUMN;
}

bool plot_number(const char *text, double *value_out, plot_unit *unit_out)
{
	static const struct {
		units_kind kind;
		plot_unit unit;
		double per_unit;
	} kinds[] = {
		{ UNITS_BYTES, PLOT_BYTES, 1 },     { UNITS_DURATION, PLOT_US, 1e6 }, { UNITS_RATE, PLOT_MBPS, 1e6 },
		{ UNITS_FREQUENCY, PLOT_MHZ, 1e6 }, { UNITS_CYCLES, PLOT_PLAIN, 1 },
	};
	char *end;
	double value;

	/* strtod() also knows "nan", "inf" and 0x10. */
	if (isdigit((unsigned char)*text) || ((*text == '-' || *text == '.') && text[1] != '\0')) {
		value = strtod(text, &end);
		if (*end == '\0' && strpbrk(text, "xXnN") == NULL && isfinite(value)) {
			*value_out = value;
			*unit_out = PLOT_PLAIN;
			return true;
		}
	}
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		int64_t number;

		if (units_parse(kinds[i].kind, 1, text, &number) == UNITS_OK) {
			*value_out = (double)number / kinds[i].per_unit;
			*unit_out = kinds[i].unit;
			return true;
		}
	}
	return false;
}
