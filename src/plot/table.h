/* A CSV in memory: one header line of column names, then rows of as many cells. Cells are text as it stands in the file,
 * quoted by RFC 4180 or not; what a number is, plot_number() says.
 */
#ifndef PLOT_TABLE_H
#define PLOT_TABLE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/diag.h"
#include "config/arena.h"

#define PLOT_NO_COLUMN ((size_t)-1)

typedef struct plot_table {
	const char *file_name;
	const char *const *columns; /* their names */
	size_t num_columns;
	const char *const *cells; /* row by row */
	size_t num_rows;
} plot_table;

/* Reads a file of any length. Returns NESCSIM_OK; NESCSIM_IO (unreadable); NESCSIM_CONFIG (no CSV: empty, not text, a row
 * with another number of cells, a column twice: file, line and reason are in `diag`); NESCSIM_NO_MEMORY. What *table_out
 * points to belongs to `memory`, file_name to the caller. */
nescsim_status plot_table_read(const char *file_name, arena *memory, nescsim_diag *diag, plot_table *table_out);

/* The cell of a row, both from 0. */
static inline const char *plot_cell(const plot_table *table, size_t row, size_t column)
{
	return table->cells[row * table->num_columns + column];
}

/* The column of this name, or PLOT_NO_COLUMN. */
size_t plot_column(const plot_table *table, const char *name);

/* The column that somebody means by `name`: the one of this name; else the one whose name ends with it behind a dot, if it
 * is the only one ("btlb.entries" is nesc.btlb.entries, "filesystem.kind" is vms[0].filesystem.kind). PLOT_NO_COLUMN when
 * there is none or several. */
size_t plot_find_column(const plot_table *table, const char *name);

/* plot_find_column(), where there must be one: PLOT_NO_COLUMN is reported as NESCSIM_USAGE, with the nearest name. */
size_t plot_need_column(const plot_table *table, const char *name, nescsim_diag *diag);

/* What a number counts. */
typedef enum plot_unit {
	PLOT_PLAIN,
	PLOT_BYTES,
	PLOT_US,   /* from a duration with its unit */
	PLOT_MBPS, /* 10^6 bytes per second, from a rate */
	PLOT_MHZ,
} plot_unit;

/* Reads a cell as a number: a plain one ("9.25"), or one with a unit as configurations have it ("4 KiB"). False when it is
 * none. */
bool plot_number(const char *text, double *value_out, plot_unit *unit_out);

#endif
