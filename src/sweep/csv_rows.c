#include "sweep/csv_rows.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static nescsim_status complain(const csv_rows *self, const char *what)
{
	const diag_place place = { .file = self->name, .line = self->line_number };

	return diag_add(self->diag, NESCSIM_ERROR, NESCSIM_IO, &place, "run its point again", "%s", what);
}

/* Takes the cell at *at apart in place; moves behind its comma, or to NULL behind the last one. */
static char *take_cell(char **at)
{
	char *cell = *at, *to = cell, *from = cell;

	if (*from == '"') {
		for (from++; *from != '\0' && !(from[0] == '"' && from[1] != '"'); from++) {
			if (*from == '"')
				from++;
			*to++ = *from;
		}
		from += *from == '"';
	} else {
		from += strcspn(from, ",");
		to = from;
	}
	*at = *from == ',' ? from + 1 : NULL;
	*to = '\0';
	return cell;
}

static nescsim_status read_line(csv_rows *self, bool *end_out)
{
	ssize_t num_bytes;

	errno = 0;
	num_bytes = getline(&self->line, &self->line_bytes, self->file);
	*end_out = num_bytes < 0;
	if (num_bytes < 0)
		return ferror(self->file) ? complain(self, "cannot be read")
					  : (errno == ENOMEM ? NESCSIM_NO_MEMORY : NESCSIM_OK);
	self->line_number++;
	if (num_bytes > 0 && self->line[num_bytes - 1] == '\n')
		self->line[num_bytes - 1] = '\0';
	return NESCSIM_OK;
}

nescsim_status csv_rows_open(const char *name, nescsim_diag *diag, csv_rows *self)
{
	nescsim_status status;
	bool end;
	char *at;

	*self = (csv_rows){ .name = name, .diag = diag };
	self->file = fopen(name, "re");
	if (self->file == NULL)
		return complain(self, strerror(errno));
	status = read_line(self, &end);
	if (status != NESCSIM_OK)
		return status;
	if (end)
		return complain(self, "is empty");
	self->header = strdup(self->line);
	/* No more cells than bytes, and one. */
	self->columns = calloc(strlen(self->line) + 1, sizeof(*self->columns));
	if (self->header == NULL || self->columns == NULL)
		return NESCSIM_NO_MEMORY;
	for (at = self->header; at != NULL;)
		self->columns[self->num_columns++] = take_cell(&at);
	self->cells = calloc(self->num_columns, sizeof(*self->cells));
	return self->cells == NULL ? NESCSIM_NO_MEMORY : NESCSIM_OK;
}

nescsim_status csv_rows_next(csv_rows *self, bool *end_out)
{
	nescsim_status status = read_line(self, end_out);
	char *at = self->line;
	size_t num_cells = 0;

	if (status != NESCSIM_OK || *end_out)
		return status;
	while (at != NULL && num_cells < self->num_columns)
		self->cells[num_cells++] = take_cell(&at);
	if (at != NULL || num_cells != self->num_columns)
		return complain(self, "has a row with another number of cells than columns");
	return NESCSIM_OK;
}

void csv_rows_close(csv_rows *self)
{
	if (self->file != NULL)
		fclose(self->file);
	free(self->line);
	free(self->header);
	free(self->columns);
	free(self->cells);
	*self = (csv_rows){ .file = NULL };
}

int csv_rows_column(const csv_rows *self, const char *name)
{
	for (size_t i = 0; i < self->num_columns; i++)
		if (strcmp(self->columns[i], name) == 0)
			return (int)i;
	return -1;
}

nescsim_status csv_rows_number(const csv_rows *self, size_t column, metrics_i128 *millionths_out, bool *has_out)
{
	const char *cell = self->cells[column];
	char what[256];

	*has_out = *cell != '\0' && decimal_millionths(cell, millionths_out);
	if (*has_out || *cell == '\0')
		return NESCSIM_OK;
	snprintf(what, sizeof(what), "'%.60s' in column '%.60s' is no number", cell, self->columns[column]);
	return complain(self, what);
}
