/* A table for people: aligned columns, a header with a rule below it, blank lines between groups.
 *
 * Widths are counted in terminal columns (UTF-8; combining marks take none, East Asian wide characters two), whatever
 * the locale. No line has trailing blanks.
 */
#ifndef METRICS_TABLE_H
#define METRICS_TABLE_H

#include <stdio.h>

#include "base/diag.h"

typedef enum table_align {
	TABLE_LEFT,
	TABLE_RIGHT, /* numbers */
} table_align;

typedef struct table_column {
	const char *title; /* copied */
	table_align align; /* of the title too */
} table_column;

typedef struct table table;

/* A new empty table, to be freed with table_destroy(); NULL when out of memory. */
table *table_create(const table_column *columns, size_t num_columns);

/* NULL is allowed. */
void table_destroy(table *self);

/* The next cell of the row under way, formatted as by printf. More cells than columns are a bug (assert). */
void table_cell(table *self, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Ends the row; cells not given are blank. */
void table_end_row(table *self);

/* A blank line before the next row (not before the first, after the last, or twice). */
void table_group(table *self);

/* Writes the table. Returns NESCSIM_OK, NESCSIM_NO_MEMORY (some cell was lost; nothing is written) or NESCSIM_IO. */
nescsim_status table_print(const table *self, FILE *out);

/* Terminal columns that UTF-8 text takes; a byte that is not UTF-8 takes one. */
size_t table_text_width(const char *text);

#endif
