/* Tidy CSV: columns are declared once, every row has one cell for each, and numbers are exact.
 *
 * Lines end in a single line feed. Text is quoted by RFC 4180 where it must be. Fractions have six decimals, computed
 * in whole numbers. A cell without a defined value is empty.
 *
 * Write errors stay in the stream and are reported by csv_finish(). For a CSV in memory, pass an open_memstream().
 */
#ifndef METRICS_CSV_H
#define METRICS_CSV_H

#include <stdint.h>
#include <stdio.h>

#include "base/diag.h"
#include "base/time.h"
#include "metrics/decimal.h"

typedef struct csv_writer {
	FILE *out;
	size_t num_columns;
	size_t num_cells; /* of the row under way */
} csv_writer;

/* Starts a CSV on `out` (which stays the caller's) and writes the header line. */
void csv_begin(csv_writer *self, FILE *out, const char *const *columns, size_t num_columns);

/* The next cell of the row. More cells than columns are a bug of the caller (assert). */
void csv_text(csv_writer *self, const char *text);
void csv_int(csv_writer *self, int64_t value);
void csv_uint(csv_writer *self, uint64_t value);
/* A time in microseconds with six decimals, which is exact. */
void csv_us(csv_writer *self, ps_t value_ps);
/* numerator / denominator with six decimals, halves away from zero; empty when the denominator is 0. */
void csv_ratio(csv_writer *self, metrics_i128 numerator, metrics_i128 denominator);
void csv_empty(csv_writer *self);

/* Ends the row. Fewer cells than columns are a bug of the caller (assert). */
void csv_end_row(csv_writer *self);

/* Flushes. Returns NESCSIM_OK, or NESCSIM_IO when anything could not be written. The writer may be dropped then. */
nescsim_status csv_finish(csv_writer *self);

#endif
