/* A chart in gnuplot's words: its data as a table of blocks, and a script that draws them as SVG, PNG or PDF. The same chart
 * gives the same bytes.
 */
#ifndef PLOT_SCRIPT_H
#define PLOT_SCRIPT_H

#include "base/text.h"
#include "plot/chart.h"

/* Formats that a script can draw: X(name, set terminal, of what). */
#define PLOT_FORMAT_LIST(X)                                                                                           \
	X("svg", "svg noenhanced size width, height font 'sans-serif,12' background 'white'")                         \
	X("png", "pngcairo noenhanced size 2 * width, 2 * height fontscale 2 linewidth 2 pointscale 2 font 'sans,9'") \
	X("pdf", "pdfcairo noenhanced size width / 96.0, height / 96.0 font 'sans,9' linewidth 0.7")

extern const char *const plot_formats[];
extern const size_t plot_num_formats;

/* Is it one of them, or NULL? Returns NESCSIM_OK or NESCSIM_USAGE (reported). */
nescsim_status plot_check_format(const char *name, nescsim_diag *diag);

/* Appends the blocks, separated by two empty lines, with what they are in remarks. `stem` is the files' name without its
 * end, and what both call each other. */
void plot_script_data(const plot_chart *chart, const char *stem, text_buffer *out);

/* Appends the script. It reads `stem`.dat and draws `stem`.FORMAT, both in the folder where gnuplot runs; with `to_stdout`
 * defined (gnuplot -e to_stdout=1) it draws to standard output. */
void plot_script(const plot_chart *chart, const char *stem, const char *format, text_buffer *out);

#endif
