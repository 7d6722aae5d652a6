/* What is made of the values of a panel: ratios, shares, sums, an index, a distribution; and which mark each series gets. */
#ifndef PLOT_MEASURE_H
#define PLOT_MEASURE_H

#include "plot/chart.h"
#include "plot/selection.h"

/* Gives each series its style: a scheme the same in all figures, everything else in its order. */
void plot_set_styles(const plot_selection *self, plot_panel *panel);

/* Divides the first series' values by each other's (where more is better: the other way round), and drops it and those that are
 * left without a ratio; `y` is which y they are of. Points without a ratio are NAN where they have places (categories), else
 * dropped. Returns NESCSIM_OK, NESCSIM_USAGE (it is the only one; reported) or NESCSIM_NO_MEMORY. */
nescsim_status plot_speed_up(const plot_selection *self, size_t y, bool has_places, plot_panel *panel);

/* Puts stages into the order of a request's life, whichever scheme has them; all else stays as it is. */
void plot_order_by_life(plot_panel *panel);

/* Of a stack: sums up the series that are less than figure->least percent of every pile, and leaves out those that are
 * nothing. */
void plot_sum_up_small(const plot_figure *figure, plot_panel *panel, size_t num_categories);

/* Makes values percent of the sum of all series' at the same x. */
void plot_take_shares(plot_panel *panel);

/* Adds Jain's index to each label: 1 when all values are the same, 1/n when one of n has everything. Returns NESCSIM_OK or
 * NESCSIM_NO_MEMORY. */
nescsim_status plot_add_jain(const plot_selection *self, plot_panel *panel);

/* Makes counts at their values the corners of a staircase: percent that are not above, or in the tail, that are above.
 * Returns NESCSIM_OK or NESCSIM_NO_MEMORY. */
nescsim_status plot_accumulate(const plot_selection *self, plot_series *series, bool is_tail);

/* Points by x, for qsort(). */
int plot_compare_points(const void *one, const void *other);

#endif
