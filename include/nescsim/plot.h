/* Figures of results, drawn by gnuplot. */
#ifndef NESCSIM_PLOT_H
#define NESCSIM_PLOT_H

#include <stddef.h>
#include <stdio.h>

#include <nescsim/error.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A figure that can be asked for. Strings are static. */
typedef struct nescsim_figure {
	const char *name; /* "latency_cdf" */
	const char *help; /* what it shows */
	const char *file; /* what it is made of: "histogram.csv", or "sweep.csv" for what needs a sweep */
} nescsim_figure;

/* Number of figures, and figure number `index` (from 0); its strings are NULL past the end. */
size_t nescsim_num_figures(void);
nescsim_figure nescsim_figure_at(size_t index);

/* A figure that has been drawn. Strings live as long as the call of nescsim_plot_options.on_drawn. */
typedef struct nescsim_drawn_figure {
	const char *name, *help;
	const char *title;     /* what stands above it; "" = nothing */
	const char *file_name; /* the picture */
} nescsim_drawn_figure;

/* What is to be drawn. */
typedef struct nescsim_plot_options {
	const char *input; /* a result folder, a folder with a sweep.csv, or a CSV */
	const char *
		figure; /* a figure's name, of the table or of the configuration's section `figures`; NULL: as x and y say, and without them all that the input has the data for */
	const char *x,
		*y; /* columns, in the place of the figure's; of y several with commas, a panel each. Both are needed
			     * where there is no figure. NULL = none */
	const char *
		by; /* columns whose values make a line or bar each, with commas between; NULL = the figure's, or scheme */
	const char *const *where; /* only rows with these: "op=read", "op=read|write", "vm!=all" */
	size_t num_where;
	const char *format; /* svg, png or pdf; NULL: as the end of `out` says, else svg */
	const char *
		out; /* the picture's file, or a folder (one that is there, or with a slash behind); NULL: a folder beside
			  * the input, by its name: results/vc707-figures */
	/* Called for each figure once its files are there, in their order; NULL = nobody is told. */
	void (*on_drawn)(const nescsim_drawn_figure *figure, void *context);
	void *context;
} nescsim_plot_options;

/* Draws figures. Each leaves three files that differ in their end: the picture, the gnuplot script (.gp) and its data (.dat).
 * What was there of these names is replaced, each whole. The same data give the same bytes. `list` gets the name of each
 * picture, a line each; NULL = none.
 *
 * In a sweep's CSV the columns before `scheme` are parameters; those that vary and are not drawn otherwise make lines of their
 * own. Rows for all VMs, all operations and the outermost layer are drawn where nothing else is said. Several rows at one
 * place are drawn as their mean, with a bar from the least to the most.
 *
 * Returns NESCSIM_OK; NESCSIM_USAGE (no such figure, column, format or row, nothing to draw, or an output that is no file);
 * NESCSIM_CONFIG (the CSV is none; place in diag); NESCSIM_IO (unreadable input, unwritable output, or gnuplot is not
 * installed); NESCSIM_RUN_FAILED (gnuplot fails); NESCSIM_NO_MEMORY. Figures drawn before a failure stay. */
nescsim_status nescsim_plot(const nescsim_plot_options *options, FILE *list, nescsim_diag *diag);

#ifdef __cplusplus
}
#endif
#endif
