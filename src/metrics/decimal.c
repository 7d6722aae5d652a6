#include "metrics/decimal.h"

#include <ctype.h>

#include "base/assert.h"

#define MAX_DECIMALS 9
#define MAX_INTEGER_DIGITS 39 /* of 2^128 */
#define MAX_READ_DIGITS 24    /* before the point */
#define READ_DECIMALS 6

size_t decimal_ratio(metrics_i128 numerator, metrics_i128 denominator, unsigned num_decimals, char *text,
		     size_t text_bytes)
{
	metrics_u128 divisor = (metrics_u128)denominator;
	bool negative = numerator < 0;
	metrics_u128 magnitude = negative ? -(metrics_u128)numerator : (metrics_u128)numerator;
	metrics_u128 whole, rest;
	char digits[MAX_INTEGER_DIGITS];
	unsigned decimals[MAX_DECIMALS];
	size_t num_digits = 0, length = 0;
	bool zero;

	NESC_ASSERT(denominator > 0 && denominator <= (metrics_i128)1 << 120, "denominator out of range");
	NESC_ASSERT(num_decimals <= MAX_DECIMALS, "%u decimals", num_decimals);
	NESC_ASSERT(text_bytes >= DECIMAL_TEXT_BYTES, "only %zu bytes", text_bytes);

	/* Digit by digit, since a scaled numerator may not fit. */
	whole = magnitude / divisor;
	rest = magnitude % divisor;
	for (unsigned i = 0; i < num_decimals; i++) {
		rest *= 10;
		decimals[i] = (unsigned)(rest / divisor);
		rest %= divisor;
	}
	if (rest * 2 >= divisor) {
		unsigned i = num_decimals;

		while (i > 0 && decimals[i - 1] == 9)
			decimals[--i] = 0;
		if (i > 0)
			decimals[i - 1]++;
		else
			whole++;
	}

	zero = whole == 0;
	for (unsigned i = 0; i < num_decimals; i++)
		zero = zero && decimals[i] == 0;
	if (negative && !zero)
		text[length++] = '-';
	do {
		digits[num_digits++] = (char)('0' + (int)(whole % 10));
		whole /= 10;
	} while (whole > 0);
	while (num_digits > 0)
		text[length++] = digits[--num_digits];
	if (num_decimals > 0)
		text[length++] = '.';
	for (unsigned i = 0; i < num_decimals; i++)
		text[length++] = (char)('0' + (int)decimals[i]);
	text[length] = '\0';
	return length;
}

bool decimal_millionths(const char *text, metrics_i128 *millionths_out)
{
	const bool negative = *text == '-';
	metrics_i128 value = 0;
	int num_digits = 0, num_decimals = 0;

	for (text += negative; isdigit((unsigned char)*text) && num_digits < MAX_READ_DIGITS; text++, num_digits++)
		value = 10 * value + (*text - '0');
	if (num_digits > 0 && text[0] == '.' && isdigit((unsigned char)text[1]))
		for (text++; isdigit((unsigned char)*text) && num_decimals < READ_DECIMALS; text++, num_decimals++)
			value = 10 * value + (*text - '0');
	if (num_digits == 0 || *text != '\0')
		return false;
	for (; num_decimals < READ_DECIMALS; num_decimals++)
		value *= 10;
	*millionths_out = negative ? -value : value;
	return true;
}
