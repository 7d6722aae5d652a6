#include "base/units.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/assert.h"

typedef struct unit {
	const char *name; /* NULL ends the table */
	int64_t factor;
} unit;

#define KIBI (INT64_C(1) << 10)
#define MEBI (INT64_C(1) << 20)
#define GIBI (INT64_C(1) << 30)
#define TEBI (INT64_C(1) << 40)

/* From small to large; units_format() prefers later ones. */
static const unit no_units[] = { { NULL, 0 } };
static const unit durations[] = {
	{ "ps", 1 },       { "ns", PS_PER_NS },      { "us", PS_PER_US },      { "ms", PS_PER_MS },
	{ "s", PS_PER_S }, { "min", 60 * PS_PER_S }, { "h", 3600 * PS_PER_S }, { "d", 86400 * PS_PER_S },
	{ NULL, 0 }
};
static const unit sizes[] = {
	{ "B", 1 },      { "kB", 1000 },  { "MB", 1000000 }, { "GB", 1000000000 }, { "TB", INT64_C(1000000000000) },
	{ "KiB", KIBI }, { "MiB", MEBI }, { "GiB", GIBI },   { "TiB", TEBI },      { NULL, 0 }
};
static const unit frequencies[] = {
	{ "Hz", 1 }, { "kHz", 1000 }, { "MHz", 1000000 }, { "GHz", 1000000000 }, { NULL, 0 }
};
static const unit rates[] = { { "B/s", 1 },      { "kB/s", 1000 },  { "MB/s", 1000000 }, { "GB/s", 1000000000 },
			      { "KiB/s", KIBI }, { "MiB/s", MEBI }, { "GiB/s", GIBI },   { NULL, 0 } };
static const unit cycles[] = { { "cycles", 1 }, { "cycle", 1 }, { NULL, 0 } };

static const struct {
	const unit *units;
	const char *list, *name;
} kinds[] = {
	[UNITS_COUNT] = { no_units, "", "a whole number" },
	[UNITS_DURATION] = { durations, "ps, ns, us, ms, s, min, h, d", "a duration" },
	[UNITS_BYTES] = { sizes, "B, kB, MB, GB, TB, KiB, MiB, GiB, TiB", "a size" },
	[UNITS_FREQUENCY] = { frequencies, "Hz, kHz, MHz, GHz", "a frequency" },
	[UNITS_RATE] = { rates, "B/s, kB/s, MB/s, GB/s, KiB/s, MiB/s, GiB/s", "a data rate" },
	[UNITS_CYCLES] = { cycles, "cycles", "a number of cycles" },
	[UNITS_DECIMAL] = { no_units, "", "a decimal number" },
};

const char *units_list(units_kind kind)
{
	return kinds[kind].list;
}

const char *units_kind_name(units_kind kind)
{
	return kinds[kind].name;
}

/* A number as written: digits and where the point lies among them. */
typedef struct numeral {
	bool negative;
	const char *digits; /* first digit; may contain '_' and '.' */
	size_t num_chars;   /* of digits */
	long exponent;      /* clamped far beyond what can fit */
} numeral;

#define MAX_EXPONENT 100000

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Skips digits grouped by single '_' (between digits only); returns how many digits. */
static size_t skip_digits(const char **cursor)
{
	const char *c = *cursor;
	size_t num_digits = 0;

	while (is_digit(*c) || (*c == '_' && num_digits > 0 && c[-1] != '_' && is_digit(c[1]))) {
		num_digits += *c != '_';
		c++;
	}
	*cursor = c;
	return num_digits;
}

/* Reads a numeral; returns what follows it, or NULL when there is none. */
static const char *scan_numeral(const char *c, numeral *out)
{
	size_t num_whole, num_fraction = 0;

	*out = (numeral){ .negative = *c == '-' };
	if (*c == '-' || *c == '+')
		c++;
	out->digits = c;
	num_whole = skip_digits(&c);
	if (num_whole > 1 && out->digits[0] == '0')
		return NULL;
	if (*c == '.') {
		c++;
		num_fraction = skip_digits(&c);
		if (num_fraction == 0)
			return NULL;
	}
	if (num_whole + num_fraction == 0)
		return NULL;
	out->num_chars = (size_t)(c - out->digits);
	if ((*c == 'e' || *c == 'E') && (is_digit(c[1]) || ((c[1] == '+' || c[1] == '-') && is_digit(c[2])))) {
		bool negative = c[1] == '-';

		c += is_digit(c[1]) ? 1 : 2;
		for (; is_digit(*c); c++)
			out->exponent = out->exponent < MAX_EXPONENT ? 10 * out->exponent + (*c - '0') : MAX_EXPONENT;
		if (negative)
			out->exponent = -out->exponent;
	}
	return c;
}

/* No factor has more than 63 factors of 2 or of 5, so a fraction with more decimals is never whole. */
#define MAX_DECIMALS 64
#define MAX_WHOLE_DIGITS 19

/* numeral * factor, exactly. */
static units_result numeral_value(const numeral *number, int64_t factor, int64_t *value_out)
{
	unsigned char decimals[MAX_DECIMALS] = { 0 };
	unsigned __int128 value, limit = (unsigned __int128)INT64_MAX + number->negative;
	uint64_t whole = 0;
	long position = number->exponent; /* of the digit at hand: it counts 10^position */
	unsigned __int128 carry = 0;
	bool too_fine = false;

	for (size_t i = 0; i < number->num_chars && number->digits[i] != '.'; i++)
		position += number->digits[i] != '_';
	for (size_t i = 0; i < number->num_chars; i++) {
		unsigned char digit;

		if (!is_digit(number->digits[i]))
			continue;
		digit = (unsigned char)(number->digits[i] - '0');
		position--;
		if (digit == 0)
			continue;
		if (position >= MAX_WHOLE_DIGITS)
			return UNITS_OVERFLOW;
		if (position < -MAX_DECIMALS) {
			too_fine = true;
		} else if (position < 0) {
			decimals[-position - 1] = digit;
		} else {
			uint64_t addend = digit;

			for (long p = 0; p < position; p++)
				addend *= 10;
			whole += addend; /* below 10^19 in all: fits 64 bits */
		}
	}
	if ((unsigned __int128)whole * (uint64_t)factor > limit)
		return UNITS_OVERFLOW;
	if (too_fine)
		return UNITS_INEXACT;
	/* Multiply the fraction as on paper, from its last digit: what stays behind the point must be zero. */
	for (int i = MAX_DECIMALS - 1; i >= 0; i--) {
		unsigned __int128 product = (unsigned __int128)decimals[i] * (uint64_t)factor + carry;

		if (product % 10)
			return UNITS_INEXACT;
		carry = product / 10;
	}
	value = (unsigned __int128)whole * (uint64_t)factor + carry;
	if (value > limit)
		return UNITS_OVERFLOW;
	*value_out = number->negative ? (int64_t) - (uint64_t)value : (int64_t)value;
	return UNITS_OK;
}

static bool is_power_of_ten(int64_t value)
{
	while (value > 0 && value % 10 == 0)
		value /= 10;
	return value == 1;
}

units_result units_parse(units_kind kind, int64_t scale, const char *text, int64_t *value_out)
{
	const unit *row;
	const char *rest;
	size_t rest_bytes;
	numeral number;

	NESC_ASSERT(kind != UNITS_DECIMAL || is_power_of_ten(scale), "a decimal's scale must be a power of ten");
	while (isblank((unsigned char)*text))
		text++;
	rest = scan_numeral(text, &number);
	if (!rest)
		return UNITS_NO_NUMBER;
	while (isblank((unsigned char)*rest))
		rest++;
	rest_bytes = strlen(rest);
	while (rest_bytes > 0 && isblank((unsigned char)rest[rest_bytes - 1]))
		rest_bytes--;
	if (rest_bytes == 0) {
		int64_t factor = kind == UNITS_DECIMAL ? scale : 1, value;
		units_result result;

		if (kinds[kind].units == no_units)
			return numeral_value(&number, factor, value_out);
		result = numeral_value(&number, factor, &value);
		if (result != UNITS_OK || value != 0)
			return UNITS_NO_UNIT;
		*value_out = 0;
		return UNITS_OK;
	}
	for (row = kinds[kind].units; row->name; row++) {
		if (strlen(row->name) == rest_bytes && memcmp(row->name, rest, rest_bytes) == 0)
			return numeral_value(&number, row->factor, value_out);
	}
	return UNITS_BAD_UNIT;
}

/* Writes magnitude / factor as a decimal ("1.5"); returns its length, or 0 when it needs more than MAX_SHOWN
 * decimals (then another unit is shorter). */
#define MAX_SHOWN 18

static size_t format_quotient(uint64_t magnitude, uint64_t factor, char *text, size_t text_bytes)
{
	int length = snprintf(text, text_bytes, "%llu", (unsigned long long)(magnitude / factor));
	unsigned __int128 rest = magnitude % factor;

	if (rest)
		text[length++] = '.';
	for (int i = 0; rest; i++) {
		if (i == MAX_SHOWN)
			return 0;
		rest *= 10;
		text[length++] = (char)('0' + (int)(rest / factor));
		rest %= factor;
	}
	text[length] = '\0';
	return (size_t)length;
}

/* "0.0000012" as "1.2e-6" where that is shorter. */
static void shorten_small(char *text)
{
	char mantissa[48];
	const char *first = text + 2;
	size_t num_digits;

	if (strncmp(text, "0.", 2) != 0)
		return;
	first += strspn(first, "0");
	num_digits = strlen(first);
	snprintf(mantissa, sizeof(mantissa), "%c%s%se-%d", first[0], num_digits > 1 ? "." : "", first + 1,
		 (int)(first - text) - 1);
	if (strlen(mantissa) < strlen(text))
		strcpy(text, mantissa);
}

size_t units_format(units_kind kind, int64_t scale, int64_t value, char *text, size_t text_bytes)
{
	uint64_t magnitude = value < 0 ? -(uint64_t)value : (uint64_t)value;
	char best[64] = "", candidate[64];

	NESC_ASSERT(kind != UNITS_DECIMAL || is_power_of_ten(scale), "a decimal's scale must be a power of ten");
	if (value == 0)
		return (size_t)snprintf(text, text_bytes, "0");
	if (kinds[kind].units == no_units) {
		format_quotient(magnitude, kind == UNITS_DECIMAL ? (uint64_t)scale : 1, best, sizeof(best));
		shorten_small(best);
	}
	for (const unit *row = kinds[kind].units; row->name; row++) {
		size_t length = format_quotient(magnitude, (uint64_t)row->factor, candidate, 40);
		bool at_least_one = magnitude >= (uint64_t)row->factor;

		if (length == 0)
			continue;
		if (kind == UNITS_CYCLES && (magnitude == 1) != (strcmp(row->name, "cycle") == 0))
			continue;
		length += (size_t)snprintf(candidate + length, sizeof(candidate) - length, " %s", row->name);
		if (best[0] == '\0' || length < strlen(best) || (length == strlen(best) && at_least_one))
			strcpy(best, candidate);
	}
	return (size_t)snprintf(text, text_bytes, "%s%s", value < 0 ? "-" : "", best);
}
