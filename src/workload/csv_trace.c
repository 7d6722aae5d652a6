#include "workload/csv_trace.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "workload/cursor.h"
#include "workload/textlog.h"

#define END_BYTES ((uint64_t)TRACE_MAX_SECTOR * IO_SECTOR_BYTES) /* 2^63 */

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* A field without the blanks around it. */
typedef struct csv_text {
	const char *at;
	size_t num_bytes;
} csv_text;

/* Takes the next field of *rest and moves behind its comma; *rest is NULL behind the last field. */
static csv_text split(const char **rest)
{
	csv_text text = { .at = *rest };

	text.num_bytes = strcspn(text.at, ",");
	*rest = text.at[text.num_bytes] ? text.at + text.num_bytes + 1 : NULL;
	for (; text.num_bytes && is_blank(*text.at); text.at++)
		text.num_bytes--;
	while (text.num_bytes && is_blank(text.at[text.num_bytes - 1]))
		text.num_bytes--;
	return text;
}

static bool text_is(csv_text text, const char *word)
{
	return strlen(word) == text.num_bytes && strncasecmp(text.at, word, text.num_bytes) == 0;
}

static bool is_header(const csv_format *format, const char *line)
{
	for (size_t i = 0; i < format->num_columns; i++)
		if (!line || !text_is(split(&line), format->columns[i].name))
			return false;
	return !line;
}

/* The operation's field; *num_columns_out counts all fields. */
static csv_text find_op(const csv_format *format, const char *line, size_t *num_columns_out)
{
	csv_text op = { .at = line };
	size_t column = 0;

	for (; line; column++) {
		csv_text text = split(&line);

		if (column < format->num_columns && format->columns[column].field == CSV_OP)
			op = text;
	}
	*num_columns_out = column;
	return op;
}

bool csv_trace_probe(const csv_format *format, const uint8_t *head, size_t num_bytes)
{
	char line[256];
	size_t begin = 0, num_columns, length;
	csv_text op;

	while (begin < num_bytes && (head[begin] == '\n' || head[begin] == '\r' || is_blank((char)head[begin])))
		begin++;
	for (length = 0; begin + length < num_bytes && head[begin + length] != '\n'; length++)
		if (length == sizeof(line) - 1 || !head[begin + length])
			return false;
	memcpy(line, head + begin, length);
	if (length && line[length - 1] == '\r')
		length--;
	line[length] = '\0';
	if (is_header(format, line))
		return true;
	op = find_op(format, line, &num_columns);
	return num_columns == format->num_columns && *line >= '0' && *line <= '9' &&
	       (text_is(op, format->read) || text_is(op, format->write) || (format->skips_blank_op && !op.num_bytes));
}

nescsim_status csv_trace_init(csv_trace *self, const csv_format *format, input *in)
{
	size_t column = 0;

	while (format->columns[column].field != CSV_TIME)
		column++;
	snprintf(self->late_hint, sizeof(self->late_hint),
		 "sort the lines by column %zu, such as by sort -s -t, -k%zu,%zun", column + 1, column + 1, column + 1);
	self->format = format;
	self->ahead = (readahead){
		.in = in, .tick_ps = format->tick_ps, .spreads = format->spreads, .late_hint = self->late_hint
	};
	return NESCSIM_OK;
}

void csv_trace_fini(void *state)
{
	csv_trace *self = state;

	readahead_fini(&self->ahead);
}

static bool take_ticks(cursor *c, const csv_format *format, const char *expected, uint64_t max, uint64_t *ticks_out)
{
	const char *begin = c->at;
	unsigned __int128 ticks;

	if (!format->decimal_seconds)
		return cursor_number(c, max, expected, ticks_out);
	if (!cursor_decimal(c, 9, expected, &ticks))
		return false;
	if (ticks > max) {
		c->at = begin;
		return cursor_miss(c, expected);
	}
	*ticks_out = (uint64_t)ticks;
	return true;
}

static bool take_op(cursor *c, const csv_format *format, const char *expected, io_op *op_out)
{
	const char *rest = c->at;
	csv_text text = split(&rest);

	if (text_is(text, format->read))
		*op_out = IO_READ;
	else if (text_is(text, format->write))
		*op_out = IO_WRITE;
	else
		return cursor_miss(c, expected);
	c->at += text.num_bytes;
	return true;
}

/* The host's index. */
static bool take_host(csv_trace *self, cursor *c, uint32_t *host_out)
{
	const char *rest = c->at;
	csv_text text = split(&rest);
	uint32_t host = 0;

	while (host < self->num_hosts && !(strlen(self->hosts[host]) == text.num_bytes &&
					   memcmp(self->hosts[host], text.at, text.num_bytes) == 0))
		host++;
	if (host == self->num_hosts) {
		if (host == CSV_MAX_HOSTS)
			return cursor_miss(c, "one of the 64 hosts before");
		if (text.num_bytes == 0 || text.num_bytes >= CSV_HOST_BYTES)
			return cursor_miss(c, "a host's name of 1 to 63 bytes");
		memcpy(self->hosts[host], text.at, text.num_bytes); /* the rest is zero */
		self->num_hosts++;
	}
	c->at += text.num_bytes;
	*host_out = host;
	return true;
}

/* The whole line. Of a request of zero bytes, num_sectors is 0. */
static bool take_request(csv_trace *self, cursor *c, readahead_request *request)
{
	const csv_format *format = self->format;
	uint64_t offset_bytes = 0, number;
	uint32_t host = 0;
	bool has_host = false;

	*request = (readahead_request){ .response_ticks = READAHEAD_NO_RESPONSE, .number = c->position.line };
	for (size_t i = 0; i < format->num_columns; i++) {
		const char *expected = format->columns[i].expected;

		cursor_skip_blanks(c);
		switch (format->columns[i].field) {
		case CSV_TIME:
			if (!take_ticks(c, format, expected, INT64_MAX, &request->ticks))
				return false;
			break;
		case CSV_RESPONSE:
			if (!take_ticks(c, format, expected, (uint64_t)(PS_MAX / format->tick_ps),
					&request->response_ticks))
				return false;
			break;
		case CSV_OP:
			if (!take_op(c, format, expected, &request->op))
				return false;
			break;
		case CSV_HOST:
			if (!take_host(self, c, &host))
				return false;
			has_host = true;
			break;
		case CSV_DEVICE:
			number = 0;
			if (*c->at != ',' && *c->at &&
			    !cursor_number(c, has_host ? CSV_MAX_HOST_DEVICES - 1 : UINT32_MAX, expected, &number))
				return false;
			request->device = host * CSV_MAX_HOST_DEVICES + (uint32_t)number;
			break;
		case CSV_OFFSET:
			if (!cursor_number(c, END_BYTES / format->unit_bytes, expected, &number))
				return false;
			offset_bytes = number * format->unit_bytes;
			break;
		case CSV_SIZE:
			if (!cursor_number(c, (END_BYTES - offset_bytes) / format->unit_bytes, expected, &number))
				return false;
			request->first_sector = offset_bytes / IO_SECTOR_BYTES;
			if (number)
				request->num_sectors =
					(offset_bytes + number * format->unit_bytes - 1) / IO_SECTOR_BYTES + 1 -
					request->first_sector;
			break;
		case CSV_IGNORED:
			c->at += strcspn(c->at, ",");
			break;
		}
		cursor_skip_blanks(c);
		if (i + 1 < format->num_columns && !cursor_char(c, ',', "a comma"))
			return false;
	}
	return *c->at == '\0' || cursor_miss(c, "the end of the line");
}

/* One line. TRACE_RECORD also for one that is no request. */
static trace_result read_line(void *state, readahead_request *request_out, bool *wanted_out)
{
	csv_trace *self = state;
	input *in = self->ahead.in;
	size_t num_bytes, num_columns;
	char *line;
	cursor c;
	int got = input_line(in, &line, &num_bytes);

	*wanted_out = false;
	if (got <= 0)
		return got < 0 ? TRACE_BROKEN : TRACE_END;
	c = cursor_begin(in, line);
	c.separator = ',';
	if (strlen(line) != num_bytes)
		return trace_bad(input_report(in, &c.position, "the file is damaged", "the line holds a NUL byte"));
	if (line[strspn(line, " \t")] == '\0' || is_header(self->format, line))
		return TRACE_RECORD;
	if (self->format->skips_blank_op && !find_op(self->format, line, &num_columns).num_bytes &&
	    num_columns == self->format->num_columns) {
		input_skip(in, "without an operation");
		return TRACE_RECORD;
	}
	if (!take_request(self, &c, request_out))
		return trace_bad(cursor_report(in, &c, self->format->hint));
	if (!request_out->num_sectors) {
		input_skip(in, "of zero bytes");
		return TRACE_RECORD;
	}
	*wanted_out = true;
	return TRACE_RECORD;
}

trace_result csv_trace_next(void *state, trace_record *record_out)
{
	csv_trace *self = state;

	return readahead_next(&self->ahead, read_line, self, record_out);
}

void csv_trace_device_name(const void *state, uint32_t device, char *text, size_t text_bytes)
{
	const csv_trace *self = state;

	snprintf(text, text_bytes, "%s_%u", self->hosts[device / CSV_MAX_HOST_DEVICES], device % CSV_MAX_HOST_DEVICES);
}

/* ---- writing ----------------------------------------------------------------------------------------------------- */

void csv_trace_begin(const csv_format *format, output *out)
{
	for (size_t i = 0; format->has_header && i < format->num_columns; i++)
		output_text(out, "%s%s", format->columns[i].name, i + 1 < format->num_columns ? "," : "\n");
}

static void put_ticks(const csv_format *format, output *out, ps_t ticks)
{
	/* A tick is 1 ns where times have decimals. */
	textlog_put_decimal(out, ticks, format->decimal_seconds ? 9 : 0);
}

void csv_trace_put(const csv_format *format, output *out, const trace_record *record, const char *device)
{
	const char *number = strrchr(device, '_');

	number = number ? number + 1 : device;
	for (size_t i = 0; i < format->num_columns; i++) {
		switch (format->columns[i].field) {
		case CSV_TIME:
			put_ticks(format, out, record->queued_ps / format->tick_ps);
			break;
		case CSV_RESPONSE:
			/* So that both the time and the completion are rounded down, not their difference. */
			put_ticks(format, out,
				  record->completed_ps / format->tick_ps - record->queued_ps / format->tick_ps);
			break;
		case CSV_OP:
			output_text(out, "%s", record->op == IO_READ ? format->read : format->write);
			break;
		case CSV_HOST:
			output_bytes(out, device, (size_t)(number - 1 - device));
			break;
		case CSV_DEVICE:
			output_text(out, "%s", number);
			break;
		case CSV_OFFSET:
			output_text(out, "%" PRIu64, record->first_sector * IO_SECTOR_BYTES / format->unit_bytes);
			break;
		case CSV_SIZE:
			output_text(out, "%" PRIu64, record->num_sectors * IO_SECTOR_BYTES / format->unit_bytes);
			break;
		case CSV_IGNORED:
			break;
		}
		output_text(out, i + 1 < format->num_columns ? "," : "\n");
	}
}

bool csv_trace_is_host_device(const char *name)
{
	const char *number = strrchr(name, '_');
	const size_t num_digits = number ? strspn(number + 1, "0123456789") : 0;

	return textlog_is_word(name) && !strchr(name, ',') && number && number != name &&
	       (size_t)(number - name) < CSV_HOST_BYTES && num_digits && !number[1 + num_digits] &&
	       (number[1] != '0' || num_digits == 1) && num_digits <= 8 &&
	       strtoul(number + 1, NULL, 10) < CSV_MAX_HOST_DEVICES;
}

void csv_trace_make_host_device(uint32_t number, char *text, size_t text_bytes)
{
	snprintf(text, text_bytes, "disk_%" PRIu32, number);
}
