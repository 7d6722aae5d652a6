/* What is drawn, as numbers: the rows of a CSV that a figure is made of, put into panels and series. Nothing here knows how
 * it is drawn.
 */
#ifndef PLOT_CHART_H
#define PLOT_CHART_H

#include "plot/figure.h"
#include "plot/table.h"

#define PLOT_NUM_STYLES 8 /* those of a higher number have the colours of the first ones again, and other marks */
#define PLOT_MAX_PANELS 6
#define PLOT_MAX_SERIES 24 /* more cannot be told apart */
#define PLOT_MAX_CATEGORIES 64

typedef struct plot_point {
	double x;           /* the category's index where x is no number */
	double y;           /* NAN: there is none (of a category) */
	double low, high;   /* least and most, where several rows share x: y is their mean */
	const char *beside; /* text beside the point, or NULL */
	size_t row;         /* of the table; of several the first */
} plot_point;

typedef struct plot_series {
	const char *label;
	size_t style; /* which mark it has */
	size_t row;   /* of the table, its first: all have what makes the series */
	plot_point *points;
	size_t num_points;
} plot_series;

typedef struct plot_panel {
	const char *title; /* "" = none */
	const char *y_title;
	bool y_is_log;
	plot_measure measure;
	size_t y_index; /* which of the figure's y it shows */
	plot_series *series;
	size_t num_series;
} plot_panel;

typedef struct plot_chart {
	const char *name, *help, *title;
	plot_kind kind; /* never PLOT_AUTO */
	const char *x_title;
	plot_unit x_unit;
	bool x_is_log;
	const char *const *categories; /* NULL: x is a number */
	size_t num_categories;
	plot_panel panels[PLOT_MAX_PANELS];
	size_t num_panels;
	bool has_spans;   /* some point stands for several rows */
	bool has_mixture; /* and these differ in more than what repeats them */
} plot_chart;

/* Makes the chart of a figure. `where` are the user's conditions, "column=value" as in plot_figure.where; they take the place
 * of the figure's on the same column. Returns NESCSIM_OK; NESCSIM_USAGE (no such column, no rows, no numbers, too much to
 * draw: the reason is in `diag`); NESCSIM_NO_MEMORY. The chart belongs to `memory` and points into figure and table. */
nescsim_status plot_chart_make(const plot_figure *figure, const char *const *where, size_t num_where,
			       const plot_table *table, arena *memory, nescsim_diag *diag, plot_chart *chart_out);

#endif
