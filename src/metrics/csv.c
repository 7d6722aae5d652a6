#include "metrics/csv.h"

#include <inttypes.h>
#include <string.h>

#include "base/assert.h"

void csv_begin(csv_writer *self, FILE *out, const char *const *columns, size_t num_columns)
{
	NESC_ASSERT(num_columns > 0, "a CSV needs columns");
	*self = (csv_writer){ .out = out, .num_columns = num_columns };
	for (size_t i = 0; i < num_columns; i++)
		csv_text(self, columns[i]);
	csv_end_row(self);
}

static void begin_cell(csv_writer *self)
{
	NESC_ASSERT(self->num_cells < self->num_columns, "the row has all its %zu cells", self->num_columns);
	if (self->num_cells++ > 0)
		fputc(',', self->out);
}

void csv_text(csv_writer *self, const char *text)
{
	begin_cell(self);
	if (!strpbrk(text, ",\"\r\n")) {
		fputs(text, self->out);
		return;
	}
	fputc('"', self->out);
	for (; *text; text++) {
		if (*text == '"')
			fputc('"', self->out);
		fputc(*text, self->out);
	}
	fputc('"', self->out);
}

void csv_int(csv_writer *self, int64_t value)
{
	begin_cell(self);
	fprintf(self->out, "%" PRId64, value);
}

void csv_uint(csv_writer *self, uint64_t value)
{
	begin_cell(self);
	fprintf(self->out, "%" PRIu64, value);
}

void csv_us(csv_writer *self, ps_t value_ps)
{
	csv_ratio(self, value_ps, PS_PER_US);
}

void csv_ratio(csv_writer *self, metrics_i128 numerator, metrics_i128 denominator)
{
	char text[DECIMAL_TEXT_BYTES];

	begin_cell(self);
	if (denominator == 0)
		return;
	decimal_ratio(numerator, denominator, 6, text, sizeof(text));
	fputs(text, self->out);
}

void csv_empty(csv_writer *self)
{
	begin_cell(self);
}

void csv_end_row(csv_writer *self)
{
	NESC_ASSERT(self->num_cells == self->num_columns, "the row has %zu of %zu cells", self->num_cells,
		    self->num_columns);
	fputc('\n', self->out);
	self->num_cells = 0;
}

nescsim_status csv_finish(csv_writer *self)
{
	NESC_ASSERT(self->num_cells == 0, "the last row has %zu of %zu cells", self->num_cells, self->num_columns);
	if (fflush(self->out) != 0 || ferror(self->out))
		return NESCSIM_IO;
	return NESCSIM_OK;
}
