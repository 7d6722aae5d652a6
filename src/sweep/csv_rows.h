/* Reads the CSVs of result folders row by row, in the memory of one row. */
#ifndef SWEEP_CSV_ROWS_H
#define SWEEP_CSV_ROWS_H

#include <stdbool.h>
#include <stdio.h>

#include "base/diag.h"
#include "metrics/decimal.h"

typedef struct csv_rows {
	FILE *file;
	const char *name; /* for messages; the caller's */
	nescsim_diag *diag;
	char *line;
	size_t line_bytes;
	size_t line_number; /* of the row, from 1; 0 before the header is read */
	char **columns;     /* the names, of the header line */
	char **cells;       /* of the row that csv_rows_next() read; valid until its next call */
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

/* The number in this column of the row, in millionths: *has_out is false when the cell is empty, and *millionths_out then
 * left as it was. Returns NESCSIM_OK, or NESCSIM_IO when it is neither a number nor empty (reported, with its line). */
nescsim_status csv_rows_number(const csv_rows *self, size_t column, metrics_i128 *millionths_out, bool *has_out);

#endif
