/* The 95 % confidence interval of a mean by batch means, for samples that are correlated in time.
 *
 * Samples go into equal time bins, anchored at time 0, by the time given with them; when the time passes the last bin,
 * bins are joined and their length doubles, so that storage is fixed. For the result, neighbouring bins are joined into
 * at most 20 batches of nearly equal counts, and the interval is Student's over the batch means, weighted by their
 * counts (the ratio estimator). It is honest while a batch is much longer than the correlation of the samples.
 *
 * Batches are bins of time and not of arrival order, since the order in which same-instant completions of different VMs
 * are recorded is an accident of the engine: here the result depends on the multiset of (time, value) only, and merging
 * equals adding everything to one. Sums are whole numbers; floating point appears in the last step only.
 *
 * All-zero storage is an empty batch_means. Nothing is allocated.
 */
#ifndef METRICS_BATCH_H
#define METRICS_BATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/time.h"
#include "metrics/decimal.h"

#define BATCH_NUM_BINS 256
#define BATCH_MAX_BATCHES 20
#define BATCH_MIN_BATCHES 10 /* fewer say nothing about the spread */
#define BATCH_MIN_SAMPLES 40 /* two per batch on average */

typedef struct batch_means {
	unsigned bin_shift; /* a bin is 2^bin_shift ps long */
	uint64_t counts[BATCH_NUM_BINS];
	metrics_u128 sums_ps[BATCH_NUM_BINS];
} batch_means;

/* Makes the storage empty. */
void batch_init(batch_means *self);

/* Adds the sample `value_ps` >= 0, which belongs to time `time_ps` >= 0 (times may come in any order). */
void batch_add(batch_means *self, ps_t time_ps, ps_t value_ps);

/* Adds everything that `other` holds. */
void batch_merge(batch_means *self, const batch_means *other);

/* The half-width of the 95 % confidence interval of the mean, rounded to whole ps. Returns false, and leaves the result
 * alone, when there are fewer than BATCH_MIN_SAMPLES samples or they fill fewer than BATCH_MIN_BATCHES batches. */
bool batch_half_width(const batch_means *self, ps_t *half_width_ps_out);

#endif
