/* A line of a text trace, taken field by field; what is missing is said with its column. */
#ifndef WORKLOAD_CURSOR_H
#define WORKLOAD_CURSOR_H

#include "base/time.h"
#include "workload/input.h"

/* What is left of the line, and where it began: the difference is the column. */
typedef struct cursor {
	const char *at, *begin;
	trace_position position;
	char separator;       /* of fields, besides blanks; '\0' = none */
	const char *expected; /* what was not found at `at`; NULL = no mistake yet */
} cursor;

/* At the start of the line that input_line() gave last. */
cursor cursor_begin(const input *in, const char *line);

void cursor_skip_blanks(cursor *c);

/* Notes that `expected` (words that outlive the cursor) is not here; only the first is kept. Returns false (inline, so that
 * compilers see it and do not take what was missed for used). */
static inline bool cursor_miss(cursor *c, const char *expected)
{
	if (!c->expected)
		c->expected = expected;
	return false;
}

/* Each of these takes what it names, or misses `what` and takes nothing. */
bool cursor_number(cursor *c, uint64_t max, const char *what, uint64_t *value_out);
bool cursor_char(cursor *c, char wanted, const char *what);

/* Seconds "12.000000345" with exactly nine digits behind the point. */
bool cursor_seconds(cursor *c, ps_t *time_out);

/* A number with a point and up to num_digits (<= 12) digits behind it, or without; exactly, times 10^num_digits. */
bool cursor_decimal(cursor *c, unsigned num_digits, const char *what, unsigned __int128 *value_out);

/* Nothing but blanks may be left. */
bool cursor_end(cursor *c);

/* Reports what was missed, and what is there up to the next blank or separator. As input_report(). */
bool cursor_report(input *in, cursor *c, const char *hint);

#endif
