/* Reads the CSVs of result folders row by row, in the memory of one row. */
#ifndef SWEEP_CSV_ROWS_H
#define SWEEP_CSV_ROWS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/diag.h"

typedef struct csv_rows {
	FILE *file;
	const char *name; /* for messages; the caller's */
	nescsim_diag *diag;
	char *line;
	size_t line_bytes;
	char **columns; /* the names, of the header line */
	char **cells;   /* of the row that csv_rows_next() read; valid until its next call */
	size_t num_columns;
	char *header; /* that the names point into */
} csv_rows;

/* Opens the file and reads its header. Returns NESCSIM_OK, NESCSIM_IO (unreadable or no header; reported) or
 * NESCSIM_NO_MEMORY. To be closed with csv_rows_close() in every case. */
nescsim_status csv_rows_open(const char *name, nescsim_diag *diag, csv_rows *self);

/* Reads the next row; *end_out is true when there is none. A row with another number of cells than the header is an
 * error. Returns NESCSIM_OK, NESCSIM_IO (reported) or NESCSIM_NO_MEMORY. */
nescsim_status csv_rows_next(csv_rows *self, bool *end_out);

void csv_rows_close(csv_rows *self);

/* The column of this name, or -1. */
int csv_rows_column(const csv_rows *self, const char *name);

/* A number of at most six decimals as millionths; false when the text is none, or too large. */
bool csv_millionths(const char *text, int64_t *millionths_out);

#endif
