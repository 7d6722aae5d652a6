/* What a figure is: which CSV, which of its rows, what is drawn against what. The table is figures.def, a row per figure.
 *
 * Columns may be named by their end behind a dot (plot_find_column()), and by several names, the first that is there
 * that varies, counting: "workload.request_bytes|workload.bs".
 */
#ifndef PLOT_FIGURE_H
#define PLOT_FIGURE_H

#include <stdbool.h>
#include <stddef.h>

#define PLOT_MAX_Y 8

typedef enum plot_kind {
	PLOT_AUTO,   /* lines where x is a number, else bars */
	PLOT_LINES,  /* a point per x, joined */
	PLOT_POINTS, /* not joined */
	PLOT_BARS,   /* side by side at each x */
	PLOT_STACK,  /* one upon the other at each x */
	PLOT_CDF,    /* how many of y (requests) are not above x */
} plot_kind;

typedef enum plot_scale {
	PLOT_SCALE_AUTO, /* logarithmic where the values span a lot */
	PLOT_LINEAR,     /* from 0 */
	PLOT_LOG,
} plot_scale;

/* A y that is computed from the column. */
typedef enum plot_measure {
	PLOT_AS_IS,
	PLOT_SPEED_UP, /* the first scheme's value, divided by this one; where more is better, the other way round */
	PLOT_SHARE,    /* percent of the sum of all series at this x */
} plot_measure;

/* Strings are static; NULL where a figure needs none. */
typedef struct plot_figure {
	const char *name, *help;
	const char *file;  /* of a result folder; sweep.csv for what needs one */
	const char *title; /* above the figure */
	plot_kind kind;
	const char *x; /* column; NULL: each of y is an x of its own */
	const char *x_title;
	plot_scale x_scale;
	/* Columns, each a panel of its own but when there is no x. "a+b" is their sum, "speed_up(a)" and "share(a+b)" what
	 * plot_measure says. */
	const char *y[PLOT_MAX_Y];
	const char *y_names[PLOT_MAX_Y]; /* with these, each y is a series of its own, called so, of the same panel */
	const char *y_title;             /* of all */
	plot_scale y_scale;
	const char *by;    /* columns whose values make a series, with commas */
	const char *panel; /* column whose values make a panel each */
	const char *along; /* column by whose value points are joined, and which stands beside them */
	/* Only rows with these: "metric=utilisation_percent,queue=": with | between several values, != for all others. */
	const char *where;
	double least; /* leave out an x (of bars), or sum up the series (of a stack, in percent), with less than this */
	bool has_jain; /* say how fair each series' values are */
	size_t min_xs; /* nothing to see with fewer values of x */
} plot_figure;

extern const plot_figure plot_figures[];
extern const size_t plot_num_figures;

#define PLOT_TITLE_BYTES 256

/* How an axis calls a column: "mean latency, µs". The text is static or in `buffer`. */
const char *plot_column_title(const char *column, char buffer[PLOT_TITLE_BYTES]);

/* The same beside others of its kind: "mean". */
const char *plot_column_short(const char *column);

#endif
