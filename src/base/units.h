/* Quantities as people write them, to and from whole numbers. Integer arithmetic throughout. */
#ifndef BASE_UNITS_H
#define BASE_UNITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The dimension decides which unit suffixes are known and what the whole number counts. */
typedef enum units_kind {
	UNITS_COUNT,     /* plain whole number; takes no unit and no k/M/G */
	UNITS_DURATION,  /* ps, ns, us, ms, s, min, h, d          -> picoseconds */
	UNITS_BYTES,     /* B, kB, MB, GB, TB, KiB, MiB, GiB, TiB -> bytes */
	UNITS_FREQUENCY, /* Hz, kHz, MHz, GHz                     -> hertz */
	UNITS_RATE,      /* B/s, kB/s, MB/s, GB/s, KiB/s, MiB/s, GiB/s -> bytes per second */
	UNITS_CYCLES,    /* "12 cycles", "1 cycle"                -> cycles */
	UNITS_DECIMAL,   /* plain decimal fraction ("2.4", "1e-12") -> value * scale */
} units_kind;

typedef enum units_result {
	UNITS_OK,
	UNITS_NO_NUMBER, /* not a number at all, or one with leading zeros (it would be octal elsewhere) */
	UNITS_NO_UNIT,   /* a number, but the unit is missing */
	UNITS_BAD_UNIT,  /* the unit belongs to no or to another dimension */
	UNITS_OVERFLOW,  /* does not fit int64 */
	UNITS_INEXACT,   /* finer than the whole number can say ("0.5 B", "1.5 ps") */
} units_result;

/* Parses text ("4 KiB", "250 MHz", "1.5us", "-3 ns", "2.4") exactly. A number has an optional sign, digits that may
 * be grouped by `_`, an optional fraction and an optional exponent ("1_000", ".5", "1e6"; the result must be whole).
 * Blanks around it and between number and unit are optional; units are case-sensitive. A bare zero needs no unit.
 * `scale` (a power of ten) is used by UNITS_DECIMAL only. *value_out is written on UNITS_OK only. */
units_result units_parse(units_kind kind, int64_t scale, const char *text, int64_t *value_out);

/* Canonical text, the shortest that units_parse() reads back to the same value (of equals, the largest unit
 * that is not larger than the value; zero is "0"). Always terminates; returns the length that was needed. 40 bytes
 * are enough for every value. */
size_t units_format(units_kind kind, int64_t scale, int64_t value, char *text, size_t text_bytes);

/* A list of the known units for messages ("ps, ns, us, ms, s, min, h, d"); "" where there are none. */
const char *units_list(units_kind kind);

/* What the dimension is called in messages ("a duration"). */
const char *units_kind_name(units_kind kind);

#endif
