#include "workload/cursor.h"

cursor cursor_begin(const input *in, const char *line)
{
	return (cursor){ .at = line, .begin = line, .position = { .line = input_position_lines(in) } };
}

void cursor_skip_blanks(cursor *c)
{
	while (*c->at == ' ' || *c->at == '\t')
		c->at++;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

bool cursor_number(cursor *c, uint64_t max, const char *what, uint64_t *value_out)
{
	const char *at = c->at;
	uint64_t value = 0;

	if (!is_digit(*at))
		return cursor_miss(c, what);
	for (; is_digit(*at); at++) {
		unsigned digit = (unsigned)(*at - '0');

		if (digit > max || value > (max - digit) / 10)
			return cursor_miss(c, what);
		value = value * 10 + digit;
	}
	c->at = at;
	*value_out = value;
	return true;
}

bool cursor_char(cursor *c, char wanted, const char *what)
{
	if (*c->at != wanted)
		return cursor_miss(c, what);
	c->at++;
	return true;
}

bool cursor_seconds(cursor *c, ps_t *time_out)
{
	const char *begin = c->at;
	uint64_t seconds, nanoseconds;

	if (!cursor_number(c, PS_MAX / PS_PER_S - 1, "a time below 106 days as seconds.nanoseconds", &seconds) ||
	    !cursor_char(c, '.', "a time as seconds.nanoseconds"))
		return false;
	begin = c->at;
	if (!cursor_number(c, 999999999, "nine digits of nanoseconds", &nanoseconds))
		return false;
	if (c->at - begin != 9) {
		c->at = begin;
		return cursor_miss(c, "nine digits of nanoseconds");
	}
	*time_out = (ps_t)seconds * PS_PER_S + (ps_t)nanoseconds * PS_PER_NS;
	return true;
}

bool cursor_decimal(cursor *c, unsigned num_digits, const char *what, unsigned __int128 *value_out)
{
	const char *begin = c->at;
	unsigned __int128 value;
	uint64_t whole;

	if (!cursor_number(c, UINT64_MAX, what, &whole))
		return false;
	value = whole;
	if (*c->at == '.') {
		if (!is_digit(*++c->at)) {
			c->at = begin;
			return cursor_miss(c, what);
		}
		for (; is_digit(*c->at) && num_digits; num_digits--)
			value = value * 10 + (unsigned)(*c->at++ - '0');
		if (is_digit(*c->at)) {
			c->at = begin;
			return cursor_miss(c, what);
		}
	}
	for (; num_digits; num_digits--)
		value *= 10;
	*value_out = value;
	return true;
}

bool cursor_end(cursor *c)
{
	cursor_skip_blanks(c);
	return *c->at == '\0' || cursor_miss(c, "the end of the line");
}

/* Does the field at hand end after num bytes? A separator that stands there itself is one. */
static bool ends_field(const cursor *c, size_t num)
{
	char next = c->at[num];

	if (next == '\0' || next == ' ' || next == '\t')
		return true;
	return num && c->separator && (next == c->separator || *c->at == c->separator);
}

bool cursor_report(input *in, cursor *c, const char *hint)
{
	char found[32];
	size_t num = 0;

	c->position.column = (uint64_t)(c->at - c->begin) + 1;
	for (; num < sizeof(found) - 1 && !ends_field(c, num); num++)
		found[num] = c->at[num] > ' ' && c->at[num] <= '~' ? c->at[num] : '?';
	found[num] = '\0';
	if (!num)
		return input_report(in, &c->position, hint, "expected %s, found the end of the line", c->expected);
	return input_report(in, &c->position, hint, "expected %s, found '%s'", c->expected, found);
}
