/* sweep.csv: the rows of all points' summary.csv in one table, in the order of the points.
 *
 * Columns: the keys that are swept, with the values as they were given; `repeat`, when there are several; those of
 * summary.csv; then, from units.csv, hit rates and utilisations in percent. Units that a number tells apart share a
 * column (walker[0] and walker[1]: walker_utilisation_percent) with their mean; those of one VM are in its rows, and
 * their mean in those of all VMs; the others are the same in all rows of their scheme.
 *
 * With repeats, the rows of a combination's repeats are followed by the same rows twice more: `mean`, the mean of each
 * number over the repeats that have it, and `ci95`, half of that mean's 95 % confidence interval (Student's t; empty for
 * fewer than two repeats).
 */
#ifndef SWEEP_SWEEP_CSV_H
#define SWEEP_SWEEP_CSV_H

#include "sweep/plan.h"

/* Writes out_folder/sweep.csv from the points that `has_result` (a bit for each, lowest first) names; what was there is
 * replaced once all is written. Memory is that of one combination. Returns NESCSIM_OK, NESCSIM_IO (reported) or
 * NESCSIM_NO_MEMORY. */
nescsim_status sweep_csv_write(const sweep_plan *plan, const uint64_t *has_result, nescsim_diag *diag);

#endif
