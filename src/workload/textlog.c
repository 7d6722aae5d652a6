#include "workload/textlog.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static bool is_blank(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static bool is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

static bool is_letter(uint8_t c)
{
	return (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
}

static bool is_hex_digit(uint8_t c)
{
	return is_digit(c) || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f');
}

bool textlog_looks_like(const uint8_t *head, size_t num_bytes, const char *shape)
{
	size_t at = 0;

	while (at < num_bytes && (is_blank(head[at]) || head[at] == '\n'))
		at++;
	for (; *shape; shape++) {
		const size_t begin = at;

		while (at < num_bytes && is_blank(head[at]))
			at++;
		if (*shape == '_') {
			if (at == begin)
				return false;
			continue;
		}
		if (*shape == '$')
			return at == num_bytes || head[at] == '\n';
		if (at == num_bytes)
			return false;
		if (*shape == '9' || *shape == 'x') {
			bool (*is_one)(uint8_t) = *shape == '9' ? is_digit : is_hex_digit;

			if (!is_one(head[at]))
				return false;
			while (at < num_bytes && is_one(head[at]))
				at++;
			continue;
		}
		if (*shape == 'a' ? !is_letter(head[at]) : head[at] != (uint8_t)*shape)
			return false;
		at++;
	}
	return true;
}

trace_result textlog_line(textlog *self, cursor *c_out)
{
	char *line;
	size_t num_bytes;

	for (;;) {
		int got = input_line(self->in, &line, &num_bytes);

		if (got <= 0)
			return got < 0 ? TRACE_BROKEN : TRACE_END;
		*c_out = cursor_begin(self->in, line);
		c_out->separator = self->separator;
		if (strlen(line) != num_bytes)
			return trace_bad(input_report(self->in, &c_out->position, "the file is damaged",
						      "the line holds a zero byte"));
		cursor_skip_blanks(c_out);
		if (*c_out->at)
			return TRACE_RECORD;
	}
}

trace_result textlog_bad(textlog *self, cursor *c)
{
	return trace_bad(cursor_report(self->in, c, self->hint));
}

trace_record textlog_record(const cursor *c, io_op op, uint32_t device)
{
	return (trace_record){
		.op = op, .device = device, .completed_ps = TRACE_NO_TIME, .position = { .line = c->position.line }
	};
}

/* A number from 1 to max. */
static bool take_size(cursor *c, uint64_t max, const char *what, uint64_t *value_out)
{
	const char *begin = c->at;

	if (!cursor_number(c, max, what, value_out))
		return false;
	if (*value_out == 0) {
		c->at = begin;
		return cursor_miss(c, "a size above zero");
	}
	return true;
}

bool textlog_size(cursor *c, uint64_t offset_bytes, trace_record *record)
{
	uint64_t size_bytes;

	if (!take_size(c, (UINT64_C(1) << 63) - offset_bytes, "a size in bytes that ends below 2^63", &size_bytes))
		return false;
	record->first_sector = offset_bytes / IO_SECTOR_BYTES;
	record->num_sectors =
		(offset_bytes + size_bytes + IO_SECTOR_BYTES - 1) / IO_SECTOR_BYTES - record->first_sector;
	return true;
}

bool textlog_sectors(cursor *c, trace_record *record)
{
	return take_size(c, TRACE_MAX_SECTOR - record->first_sector, "a number of sectors that ends below 2^54",
			 &record->num_sectors);
}

void textlog_start(textlog *self, unsigned __int128 time_ps)
{
	self->has_base = true;
	self->base_ps = self->last_ps = time_ps;
}

trace_result textlog_time(textlog *self, unsigned __int128 time_ps, ps_t latency_ps, trace_record *record)
{
	trace_position position = { .line = input_position_lines(self->in) };

	if (!self->has_base)
		textlog_start(self, time_ps);
	if (time_ps < self->last_ps) {
		unsigned __int128 early_ps = self->last_ps - time_ps;

		/* Only this line is wrong: the next one is compared with it. */
		self->last_ps = time_ps;
		return trace_bad(input_report(self->in, &position, "sort the lines by time",
					      "the time is %llu.%06llu us before that of the line before",
					      (unsigned long long)(early_ps / PS_PER_US),
					      (unsigned long long)(early_ps % PS_PER_US)));
	}
	self->last_ps = time_ps;
	if (time_ps > self->base_ps && time_ps - self->base_ps > (uint64_t)PS_MAX)
		return trace_bad(input_report(self->in, &position, "is it in the format's unit?",
					      "the time is more than 106 days after the first"));
	/* Before the first or the last only after an error that was reported. */
	record->queued_ps = time_ps > self->base_ps ? (ps_t)(time_ps - self->base_ps) : 0;
	record->queued_ps = ps_max(record->queued_ps, self->last_queued_ps);
	self->last_queued_ps = record->issued_ps = record->queued_ps;
	if (latency_ps == TRACE_NO_TIME)
		return TRACE_RECORD;
	if (latency_ps > PS_MAX - record->queued_ps)
		return trace_bad(input_report(self->in, &position, "is it in the format's unit?",
					      "the request completes more than 106 days after the first"));
	record->completed_ps = record->queued_ps + latency_ps;
	return TRACE_RECORD;
}

trace_result textlog_next(textlog *self, textlog_take_fn take, trace_record *record_out)
{
	unsigned __int128 time_ps;
	cursor c;
	trace_result result = textlog_line(self, &c);

	if (result != TRACE_RECORD)
		return result;
	if (!take(&c, record_out, &time_ps))
		return textlog_bad(self, &c);
	return textlog_time(self, time_ps, TRACE_NO_TIME, record_out);
}

void textlog_fini(void *state)
{
	(void)state;
}

trace_instant textlog_origin(const void *state)
{
	const textlog *self = state;

	return self->base_ps;
}

void textlog_put_decimal(output *out, ps_t value, unsigned num_digits)
{
	char digits[16];
	ps_t rest = value, unit = 1;

	for (unsigned i = 0; i < num_digits; i++)
		unit *= 10;
	rest %= unit;
	output_text(out, "%" PRId64, value / unit);
	if (rest == 0)
		return;
	for (unsigned i = num_digits; i-- > 0; rest /= 10)
		digits[i] = (char)('0' + rest % 10);
	while (digits[num_digits - 1] == '0')
		num_digits--;
	output_text(out, ".%.*s", (int)num_digits, digits);
}

bool textlog_is_printable(const char *name)
{
	const size_t num_bytes = strlen(name);

	for (size_t i = 0; i < num_bytes; i++)
		if ((unsigned char)name[i] < ' ' || name[i] == 0x7f)
			return false;
	return num_bytes && num_bytes < TRACE_DEVICE_BYTES;
}

bool textlog_is_word(const char *name)
{
	return textlog_is_printable(name) && !strchr(name, ' ');
}
