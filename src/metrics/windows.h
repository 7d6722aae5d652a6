/* How numbers change over a run, in constant memory: counts and sums in at most 1,024 equal windows of time.
 *
 * Windows start at time 0 and are 1 us wide; when a time lies beyond the last one, neighbours are merged pairwise and
 * the width doubles, so that a run of hours takes what a run of a millisecond does. Each of a few series (requests and
 * their latencies, misses, ...) has a count and a sum in every window. For a reader, windows are put together to a
 * few equal slices of the run.
 *
 * All numbers are whole and exact. The result depends on what was added and not on the order of adding. The widths are
 * ours.
 */
#ifndef METRICS_WINDOWS_H
#define METRICS_WINDOWS_H

#include <stdint.h>

#include "base/time.h"
#include "metrics/decimal.h"

#define WINDOWS_MAX 1024

typedef struct windows windows;

/* Of one series in one stretch of time. */
typedef struct windows_tally {
	uint64_t count;
	metrics_u128 sum; /* of the values, in their unit: the mean is sum / count */
} windows_tally;

typedef struct windows_slice {
	ps_t from_ps, until_ps; /* from_ps <= time < until_ps */
} windows_slice;

/* Empty windows of the series 0 ... num_series - 1 (at least one); takes 32 KiB for each. NULL when out of memory; to be
 * freed with windows_destroy(). */
windows *windows_create(unsigned num_series);

/* NULL is allowed. */
void windows_destroy(windows *self);

/* Adds one to the count of `series`, and `value` >= 0 (0 where only the count matters) to its sum, at the time
 * `at_ps` >= 0. Times may come in any order. */
void windows_add(windows *self, unsigned series, ps_t at_ps, int64_t value);

/* Cuts the time from 0 to `end_ps` >= 0 (inclusive) into as many equal slices of whole windows as there can be, up to
 * `num_slices` >= 1, and returns how many there are (at least 1; fewer than asked for where windows do not go up
 * evenly). Where something was added after end_ps, the slices go on until the last time added: every sample is in
 * exactly one slice.
 *
 * Slices go to slices_out[i] (room for num_slices), in order and without gaps; series j of slice i to
 * tallies_out[i * num_series + j] (room for num_slices * num_series). The last slice is as long as the others and so may
 * reach beyond the end: a rate over it wants the smaller of until_ps and end_ps. An until_ps that would be above PS_MAX
 * is PS_MAX, which then belongs to the slice. */
unsigned windows_slices(const windows *self, unsigned num_slices, ps_t end_ps, windows_slice *slices_out,
			windows_tally *tallies_out);

#endif
