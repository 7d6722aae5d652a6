/* A histogram of times with bounded relative error: every latency of a run in a few tens of kilobytes.
 *
 * Values below 2,048 ps have a bucket each; above, every octave [2^k, 2^(k+1)) is cut into 1,024 equal buckets, so a
 * bucket is never wider than 1/1,024 (0.098 %) of its values. A bucket also keeps its extreme values, so that a bucket
 * whose values are all equal, the usual case in an unloaded simulated system, loses nothing. An octave's buckets are
 * allocated when its first value arrives. Count, sum, minimum and maximum are exact.
 *
 * The result depends on the multiset of values only, not on the order of adding, and merging two histograms equals
 * adding all values to one.
 *
 * Lifecycle: histogram_init() on the owner's storage (or all-zero storage, which is the same), histogram_fini().
 */
#ifndef METRICS_HISTOGRAM_H
#define METRICS_HISTOGRAM_H

#include <stdbool.h>
#include <stdint.h>

#include "base/time.h"
#include "metrics/decimal.h"

#define HISTOGRAM_OCTAVE_BUCKETS 1024
#define HISTOGRAM_NUM_OCTAVES 54 /* 0: [0, 1024), k: [2^(9+k), 2^(10+k)), up to 2^63 */

typedef struct histogram_bucket {
	uint64_t count;
	ps_t low_ps, high_ps; /* of its values; meaningless while count is 0 */
} histogram_bucket;

typedef struct histogram_octave {
	uint64_t count; /* of all its buckets: lets a percentile skip whole octaves */
	histogram_bucket buckets[HISTOGRAM_OCTAVE_BUCKETS];
} histogram_octave;

typedef struct histogram {
	uint64_t count;
	metrics_u128 sum_ps;
	ps_t min_ps, max_ps; /* meaningless while count is 0 */
	bool out_of_memory;  /* sticky: an octave could not be allocated, so percentiles are unknown */
	histogram_octave *octaves[HISTOGRAM_NUM_OCTAVES];
} histogram;

/* Makes the storage an empty histogram. */
void histogram_init(histogram *self);

/* Frees what the histogram holds and makes it empty again. */
void histogram_fini(histogram *self);

/* Adds one value >= 0. Constant time; allocates only for the first value of an octave. When that fails the exact
 * numbers are still right and out_of_memory is set. */
void histogram_add(histogram *self, ps_t value_ps);

/* Adds everything that `other` holds. Returns false (and sets out_of_memory) when out of memory. */
bool histogram_merge(histogram *self, const histogram *other);

/* The percentile by nearest rank: the smallest value such that at least `ppm` millionths (0 ... 1,000,000) of all
 * values are not above it, so 500,000 is the median and 999,000 the 99.9th percentile; 0 means the minimum. Within
 * 0.1 % of the exact sample (exact, when all values of its bucket are equal) and never outside [min, max]. The
 * histogram must hold at least one value. */
ps_t histogram_percentile(const histogram *self, uint32_t ppm);

#define HISTOGRAM_OCTAVE_SLICES 32
#define HISTOGRAM_MAX_SLICES (HISTOGRAM_NUM_OCTAVES * HISTOGRAM_OCTAVE_SLICES)

/* Values that lie close together: an octave has 32 slices, so a slice is never wider than 1/32 (3.1 %) of its values. */
typedef struct histogram_slice {
	uint64_t count; /* > 0 */
	ps_t high_ps;   /* the largest of its values */
} histogram_slice;

/* The distribution in fewer numbers, for files and figures: the slices that hold something, in rising order, and how many.
 * Their counts sum to all values, and the last one's high_ps is the maximum. `slices` has room for HISTOGRAM_MAX_SLICES.
 * The histogram must not be out_of_memory. */
size_t histogram_slices(const histogram *self, histogram_slice *slices);

#endif
