/* Exact decimal text of ratios of whole numbers: the only way that nescsim prints a fraction, so that the same
 * counts give the same bytes everywhere. And the way back.
 */
#ifndef METRICS_DECIMAL_H
#define METRICS_DECIMAL_H

#include <stdbool.h>
#include <stddef.h>

__extension__ typedef __int128 metrics_i128;
__extension__ typedef unsigned __int128 metrics_u128;

#define DECIMAL_TEXT_BYTES 64 /* enough for every value of decimal_ratio() */

/* Writes numerator / denominator with `num_decimals` (0-9) digits after the point, halves rounded away from zero, and
 * no minus sign on a zero. `denominator` is 1 ... 2^120. `text` is always terminated; returns the length of the text.
 * DECIMAL_TEXT_BYTES are always enough, less is a bug of the caller. */
size_t decimal_ratio(metrics_i128 numerator, metrics_i128 denominator, unsigned num_decimals, char *text,
		     size_t text_bytes);

/* Reads a number as csv_ratio() and printf write them: digits, then a point and one to six digits or neither, a minus
 * sign before them if it is negative. *millionths_out is exact, and its magnitude below DECIMAL_MAX_MILLIONTHS, so that
 * 2^20 of them can be added up. False, and *millionths_out left as it was, when the text is something else or too large:
 * more than 24 digits, leading zeros included, before the point. */
bool decimal_millionths(const char *text, metrics_i128 *millionths_out);

/* 10^30 */
#define DECIMAL_MAX_MILLIONTHS ((metrics_i128)1000000000000000 * 1000000000000000)

#endif
