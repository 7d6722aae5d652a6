/* Which columns and rows of a table a figure is made of. */
#ifndef PLOT_SELECTION_H
#define PLOT_SELECTION_H

#include "plot/figure.h"
#include "plot/table.h"

#define PLOT_MAX_COLUMNS 16    /* of one kind: by, and what is added up */
#define PLOT_MAX_CONDITIONS 32 /* of figure and user */

/* column = one of the values, or none of them. */
typedef struct plot_condition {
	size_t column;
	bool is_not;
	const char *name, *values; /* "read|write" */
} plot_condition;

typedef struct plot_columns {
	size_t at[PLOT_MAX_COLUMNS];
	size_t num;
} plot_columns;

typedef struct plot_selection {
	const plot_figure *figure;
	const plot_table *table;
	arena *memory;
	nescsim_diag *diag;
	plot_condition conditions[PLOT_MAX_CONDITIONS];
	size_t num_conditions;
	size_t x, panel, along; /* columns, or PLOT_NO_COLUMN */
	plot_columns y[PLOT_MAX_Y], by;
	plot_measure measure[PLOT_MAX_Y];
	size_t num_y;
	size_t num_expected; /* of `by`, those that the figure names; the others were found to vary */
	size_t *rows;        /* that are drawn */
	size_t num_rows;
} plot_selection;

/* Finds the columns of a figure, the rows that fulfil its conditions and the user's (see plot_chart_make()), and the
 * parameters that vary among them. Returns NESCSIM_OK; NESCSIM_USAGE (no such column, no row left: the reason is in `diag`);
 * NESCSIM_NO_MEMORY. What the selection points to belongs to figure, table and memory. */
nescsim_status plot_select(const plot_figure *figure, const char *const *where, size_t num_where,
			   const plot_table *table, arena *memory, nescsim_diag *diag, plot_selection *selection_out);

/* A row's cell; `row` is one of the table's. */
static inline const char *plot_selected(const plot_selection *self, size_t row, size_t column)
{
	return plot_cell(self->table, row, column);
}

/* Do two rows differ in what says which repeat they are of (a seed, say)? */
bool plot_is_another_repeat(const plot_selection *self, size_t one, size_t other);

/* Reports a NESCSIM_USAGE about the table; returns it. `hint` may be NULL. */
nescsim_status plot_complain(const plot_selection *self, const char *hint, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* printf into the memory; NULL when out of memory. */
const char *plot_print(arena *memory, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
