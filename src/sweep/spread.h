/* Mean and 95 % confidence half-width of a few values: the same cell of several repeats.
 *
 * Values are whole numbers of millionths, as decimals with six digits are, so that the mean is exact and equal values
 * have a half-width of exactly 0.
 */
#ifndef SWEEP_SPREAD_H
#define SWEEP_SPREAD_H

#include <stdbool.h>
#include <stdint.h>

#include "metrics/decimal.h"

/* All zero is the empty one. */
typedef struct spread {
	uint64_t num;
	metrics_i128 first_millionths;
	metrics_i128 sum_millionths; /* of differences from the first */
	double squares;              /* of the same differences */
} spread;

/* The magnitude of a value is below DECIMAL_MAX_MILLIONTHS, as decimal_millionths() reads them, and there are no more than
 * 2^20: then no sum overflows. */
void spread_add(spread *self, metrics_i128 value_millionths);

/* The mean is *sum_out / *count_out millionths; false when there is no value. */
bool spread_mean(const spread *self, metrics_i128 *sum_out, uint64_t *count_out);

/* Half of the 95 % confidence interval of the mean, by Student's t. False when there are fewer than two values. */
bool spread_half_width(const spread *self, metrics_i128 *millionths_out);

#endif
