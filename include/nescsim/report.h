/* Reports: one HTML page about results. docs/report.md explains them. */
#ifndef NESCSIM_REPORT_H
#define NESCSIM_REPORT_H

#include <stddef.h>
#include <stdio.h>

#include <nescsim/error.h>
#include <nescsim/validate.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What the page is about. */
typedef struct nescsim_report_options {
	/* A result folder of a run, a sweep's folder, or a folder of several such folders: a section each, in the order of
	 * their names. */
	const char *input;
	const char *const *sections; /* of such a folder only these, by name and in this order; NULL = all */
	size_t num_sections;
	const char *out;   /* ends in .html; NULL: beside the input, by its name: results/vc707.html */
	const char *title; /* NULL: the input's name */
	/* Published claims, which get the first section of a folder of several; NULL = none. */
	const nescsim_validation *validation;
} nescsim_report_options;

/* Writes the page: one file that needs nothing else, no network either; what was there of this name is replaced. The same input
 * gives the same bytes, with the same gnuplot and fonts. It is written whole, or not at all. `list` gets its name; NULL = none.
 *
 * Figures are those that nescsim_plot() draws when none is named. Where it cannot draw (gnuplot is not installed, say), the
 * page says so in their place, and diag has a warning.
 *
 * Returns NESCSIM_OK; NESCSIM_USAGE (the input is nothing of nescsim's, or half of it; too many folders; `out` is no name for a
 * page); NESCSIM_CONFIG (a file in it is damaged: place in diag); NESCSIM_IO (unreadable input, unwritable output);
 * NESCSIM_NO_MEMORY. The strings of `options` need outlive only the call. */
nescsim_status nescsim_report(const nescsim_report_options *options, FILE *list, nescsim_diag *diag);

#ifdef __cplusplus
}
#endif
#endif
