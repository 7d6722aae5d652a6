#include "metrics/table.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"

#define GAP_COLUMNS 2 /* blanks between two columns */

struct table {
	size_t num_columns;
	char **titles;
	table_align *aligns;
	char **cells;       /* rows one after the other; NULL = blank */
	size_t num_cells;   /* of all rows, the one under way included */
	bool *group_before; /* per row: a blank line before it */
	size_t num_rows;    /* finished */
	size_t capacity_rows;
	bool group_next;
	bool out_of_memory; /* sticky */
};

table *table_create(const table_column *columns, size_t num_columns)
{
	table *self = calloc(1, sizeof(*self));

	NESC_ASSERT(num_columns > 0, "a table needs columns");
	if (!self)
		return NULL;
	self->num_columns = num_columns;
	self->titles = calloc(num_columns, sizeof(*self->titles));
	self->aligns = calloc(num_columns, sizeof(*self->aligns));
	if (!self->titles || !self->aligns)
		goto fail;
	for (size_t i = 0; i < num_columns; i++) {
		self->aligns[i] = columns[i].align;
		self->titles[i] = strdup(columns[i].title);
		if (!self->titles[i])
			goto fail;
	}
	return self;
fail:
	table_destroy(self);
	return NULL;
}

void table_destroy(table *self)
{
	if (!self)
		return;
	for (size_t i = 0; self->titles && i < self->num_columns; i++)
		free(self->titles[i]);
	for (size_t i = 0; i < self->num_cells; i++)
		free(self->cells[i]);
	free(self->titles);
	free(self->aligns);
	free(self->cells);
	free(self->group_before);
	free(self);
}

/* Makes room for one more row of cells. */
static bool reserve_row(table *self)
{
	if (self->num_rows == self->capacity_rows) {
		size_t capacity = self->capacity_rows ? 2 * self->capacity_rows : 16;
		bool *groups = realloc(self->group_before, capacity * sizeof(*groups));
		char **cells;

		if (!groups)
			return false;
		self->group_before = groups;
		cells = realloc(self->cells, capacity * self->num_columns * sizeof(*cells));
		if (!cells)
			return false;
		self->cells = cells;
		self->capacity_rows = capacity;
	}
	return true;
}

void table_cell(table *self, const char *format, ...)
{
	va_list args;
	char *text = NULL;
	int length;

	NESC_ASSERT(self->out_of_memory || self->num_cells - self->num_rows * self->num_columns < self->num_columns,
		    "the row has all its %zu cells", self->num_columns);
	if (self->out_of_memory || !reserve_row(self)) {
		self->out_of_memory = true;
		return;
	}
	va_start(args, format);
	length = vasprintf(&text, format, args);
	va_end(args);
	if (length < 0) {
		self->out_of_memory = true;
		return;
	}
	self->cells[self->num_cells++] = text;
}

void table_end_row(table *self)
{
	if (self->out_of_memory || !reserve_row(self)) {
		self->out_of_memory = true;
		return;
	}
	while (self->num_cells < (self->num_rows + 1) * self->num_columns)
		self->cells[self->num_cells++] = NULL;
	self->group_before[self->num_rows++] = self->group_next;
	self->group_next = false;
}

void table_group(table *self)
{
	self->group_next = self->num_rows > 0;
}

/* Decodes one character; anything that is not UTF-8 counts as one byte of its own. */
static size_t decode_utf8(const unsigned char *text, uint32_t *code_out)
{
	unsigned extra = *text >= 0xf0 ? 3 : *text >= 0xe0 ? 2 : 1;
	uint32_t code;

	*code_out = *text;
	if (*text < 0xc2 || *text > 0xf4)
		return 1;
	code = *text & (0x3fu >> extra);
	for (unsigned i = 1; i <= extra; i++) {
		if ((text[i] & 0xc0) != 0x80)
			return 1;
		code = code << 6 | (text[i] & 0x3f);
	}
	*code_out = code;
	return extra + 1;
}

struct code_range {
	uint32_t first, last;
};

static bool in_ranges(uint32_t code, const struct code_range *ranges, size_t num_ranges)
{
	for (size_t i = 0; i < num_ranges; i++)
		if (code >= ranges[i].first && code <= ranges[i].last)
			return true;
	return false;
}

size_t table_text_width(const char *text)
{
	/* Combining marks and joiners; then East Asian wide and emoji blocks: coarse, but right for names of VMs. */
	static const struct code_range empty[] = {
		{ 0x0300, 0x036f }, { 0x1ab0, 0x1aff }, { 0x200b, 0x200d }, { 0x20d0, 0x20ff }, { 0xfe00, 0xfe0f },
	};
	static const struct code_range wide[] = {
		{ 0x1100, 0x115f }, { 0x2e80, 0x303e }, { 0x3041, 0xa4cf }, { 0xac00, 0xd7a3 },   { 0xf900, 0xfaff },
		{ 0xfe30, 0xfe6f }, { 0xff00, 0xff60 }, { 0xffe0, 0xffe6 }, { 0x1f300, 0x1faff }, { 0x20000, 0x3fffd },
	};
	size_t width = 0;
	uint32_t code;

	for (const unsigned char *at = (const unsigned char *)text; *at;) {
		at += decode_utf8(at, &code);
		if (in_ranges(code, empty, sizeof(empty) / sizeof(empty[0])))
			continue;
		width += in_ranges(code, wide, sizeof(wide) / sizeof(wide[0])) ? 2 : 1;
	}
	return width;
}

static void print_blanks(FILE *out, size_t num_blanks)
{
	while (num_blanks-- > 0)
		fputc(' ', out);
}

/* Blanks are held back until something follows them, so that no line ends in one. */
static void print_row(const table *self, char *const *cells, const size_t *widths, FILE *out)
{
	size_t pending = 0;

	for (size_t i = 0; i < self->num_columns; i++) {
		const char *text = cells[i] ? cells[i] : "";
		size_t pad = widths[i] - table_text_width(text);

		if (i > 0)
			pending += GAP_COLUMNS;
		if (self->aligns[i] == TABLE_RIGHT)
			pending += pad;
		if (*text) {
			print_blanks(out, pending);
			fputs(text, out);
			pending = 0;
		}
		if (self->aligns[i] == TABLE_LEFT)
			pending += pad;
	}
	fputc('\n', out);
}

nescsim_status table_print(const table *self, FILE *out)
{
	size_t *widths;
	size_t rule_width = 0;

	NESC_ASSERT(self->out_of_memory || self->num_cells == self->num_rows * self->num_columns,
		    "the last row is not ended");
	if (self->out_of_memory)
		return NESCSIM_NO_MEMORY;
	widths = calloc(self->num_columns, sizeof(*widths));
	if (!widths)
		return NESCSIM_NO_MEMORY;
	for (size_t i = 0; i < self->num_columns; i++) {
		widths[i] = table_text_width(self->titles[i]);
		for (size_t row = 0; row < self->num_rows; row++) {
			const char *text = self->cells[row * self->num_columns + i];
			size_t width = text ? table_text_width(text) : 0;

			widths[i] = width > widths[i] ? width : widths[i];
		}
		rule_width += widths[i] + (i > 0 ? GAP_COLUMNS : 0);
	}

	print_row(self, self->titles, widths, out);
	for (size_t i = 0; i < rule_width; i++)
		fputc('-', out);
	fputc('\n', out);
	for (size_t row = 0; row < self->num_rows; row++) {
		if (self->group_before[row])
			fputc('\n', out);
		print_row(self, self->cells + row * self->num_columns, widths, out);
	}
	free(widths);
	if (fflush(out) != 0 || ferror(out))
		return NESCSIM_IO;
	return NESCSIM_OK;
}
