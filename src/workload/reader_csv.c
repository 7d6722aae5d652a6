/* Our own format, to convert others to: it carries all that a trace_record says. The first line names the columns: the
 * four of HEADER, then those of `extras` that there are, in their order.
 *
 * op is read, write, flush or discard; a flush has 0 in offset_bytes and size_bytes. Times may have six digits behind the
 * point. time_us may begin anywhere, and counts from the first request; since_start_us in its place counts from the start
 * of the recording. device is a name, between quotation marks if it has a comma or a blank. latency_us and issue_us count from the time of queueing to
 * completion and to issue; an empty latency_us is that of a request that was not seen to complete, an empty issue_us is 0.
 * flags are any of p (preflush), f (FUA) and e (the device failed it). Lines that begin with # are remarks. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "workload/names.h"
#include "workload/reader.h"
#include "workload/textlog.h"

#define HEADER "time_us,op,offset_bytes,size_bytes"
#define HEADER_BEHIND_TIME ",op,offset_bytes,size_bytes"

typedef enum csv_extra {
	EXTRA_DEVICE,
	EXTRA_LATENCY,
	EXTRA_ISSUE,
	EXTRA_FLAGS,
	NUM_EXTRAS,
} csv_extra;

static const char *const extras[NUM_EXTRAS] = {
	[EXTRA_DEVICE] = "device",
	[EXTRA_LATENCY] = "latency_us",
	[EXTRA_ISSUE] = "issue_us",
	[EXTRA_FLAGS] = "flags",
};

static const struct flag_letter {
	char letter;
	unsigned flag;
} flag_letters[] = {
	{ 'p', TRACE_PREFLUSH },
	{ 'f', TRACE_FUA },
	{ 'e', TRACE_DEVICE_ERROR },
};

#define NUM_FLAG_LETTERS (sizeof(flag_letters) / sizeof(flag_letters[0]))

static const char *const op_names[IO_NUM_OPS] = {
#define OP_NAME(symbol, name) name,
	IO_OP_LIST(OP_NAME)
#undef OP_NAME
};

typedef struct csv_state {
	textlog log;
	bool has_header, is_since_start;
	bool has[NUM_EXTRAS];
	names devices;
} csv_state;

/* A comma, and the column behind it. */
static bool take_comma(cursor *c, const char *what)
{
	cursor_skip_blanks(c);
	if (!cursor_char(c, ',', what))
		return false;
	cursor_skip_blanks(c);
	return true;
}

/* Takes this if it is there. */
static bool take_text(cursor *c, const char *text)
{
	if (strncmp(c->at, text, strlen(text)) != 0)
		return false;
	c->at += strlen(text);
	return true;
}

static bool take_header(csv_state *self, cursor *c)
{
	static const struct {
		const char *name, *comma, *expected;
	} columns[] = {
		{ "op", "a comma and the column op", "the column op" },
		{ "offset_bytes", "a comma and the column offset_bytes", "the column offset_bytes" },
		{ "size_bytes", "a comma and the column size_bytes", "the column size_bytes" },
	};

	self->is_since_start = take_text(c, "since_start_us");
	if (!self->is_since_start && !take_text(c, "time_us"))
		return cursor_miss(c, "the header " HEADER ", or since_start_us in the place of time_us");
	for (size_t i = 0; i < sizeof(columns) / sizeof(columns[0]); i++) {
		if (!take_comma(c, columns[i].comma))
			return false;
		if (!take_text(c, columns[i].name))
			return cursor_miss(c, columns[i].expected);
	}
	for (int extra = 0; extra < NUM_EXTRAS; extra++) {
		const char *begin = c->at;

		self->has[extra] = take_text(c, ",") && take_text(c, extras[extra]) && strchr(", \t", *c->at);
		if (!self->has[extra])
			c->at = begin;
	}
	self->has_header = true;
	cursor_skip_blanks(c);
	return *c->at == '\0' ||
	       cursor_miss(c, "the end of the header, or some of ,device,latency_us,issue_us,flags, in this order");
}

static bool take_op(cursor *c, io_op *op_out)
{
	const size_t num_bytes = strcspn(c->at, ", \t");

	for (int op = 0; op < IO_NUM_OPS; op++) {
		if (strlen(op_names[op]) == num_bytes && memcmp(op_names[op], c->at, num_bytes) == 0) {
			c->at += num_bytes;
			*op_out = (io_op)op;
			return true;
		}
	}
	return cursor_miss(c, "an operation: read, write, flush or discard");
}

/* A time since the queueing; `none` for an empty field. */
static bool take_since_queueing(cursor *c, const char *what, ps_t none, ps_t *time_out)
{
	const char *begin = c->at;
	unsigned __int128 time_ps;

	*time_out = none;
	if (*c->at == '\0' || *c->at == ',')
		return true;
	if (!cursor_decimal(c, 6, what, &time_ps))
		return false;
	if (time_ps > (uint64_t)PS_MAX) {
		c->at = begin;
		return cursor_miss(c, what);
	}
	*time_out = (ps_t)time_ps;
	return true;
}

static bool take_device(csv_state *self, cursor *c, uint32_t *device_out)
{
	const bool is_quoted = *c->at == '"';
	const char *begin = c->at + is_quoted;
	const size_t num_bytes = strcspn(begin, is_quoted ? "\"" : ", \t");

	if (num_bytes == 0 || num_bytes >= TRACE_DEVICE_BYTES)
		return cursor_miss(c, "a device's name of 1 to 255 bytes");
	if (is_quoted && begin[num_bytes] != '"')
		return cursor_miss(c, "a device's name with quotation marks on both sides");
	if (!names_add(&self->devices, begin, num_bytes, device_out))
		return cursor_miss(c, "fewer devices: memory is short");
	c->at = begin + num_bytes + is_quoted;
	return true;
}

static bool take_flags(cursor *c, unsigned *flags_out)
{
	for (; *c->at && !strchr(", \t", *c->at); c->at++) {
		size_t i = 0;

		while (i < NUM_FLAG_LETTERS && flag_letters[i].letter != *c->at)
			i++;
		if (i == NUM_FLAG_LETTERS)
			return cursor_miss(c, "flags: any of p (preflush), f (FUA) and e (failed)");
		*flags_out |= flag_letters[i].flag;
	}
	return true;
}

typedef struct csv_times {
	unsigned __int128 time_ps;
	ps_t latency_ps, issue_ps; /* since then */
} csv_times;

static bool take_request(csv_state *self, cursor *c, trace_record *record, csv_times *times)
{
	uint64_t offset_bytes, ignored;
	io_op op;

	if (!cursor_decimal(c, 6, "a time_us with at most six digits behind the point", &times->time_ps) ||
	    !take_comma(c, "a comma and op") || !take_op(c, &op) || !take_comma(c, "a comma and offset_bytes"))
		return false;
	*record = textlog_record(c, op, 0);
	if (!cursor_number(c, op == IO_FLUSH ? 0 : INT64_MAX,
			   op == IO_FLUSH ? "0 as a flush's offset_bytes" : "an offset_bytes below 2^63",
			   &offset_bytes) ||
	    !take_comma(c, "a comma and size_bytes"))
		return false;
	if (op == IO_FLUSH ? !cursor_number(c, 0, "0 as a flush's size_bytes", &ignored)
			   : !textlog_size(c, offset_bytes, record))
		return false;
	if (self->has[EXTRA_DEVICE] &&
	    (!take_comma(c, "a comma and the device") || !take_device(self, c, &record->device)))
		return false;
	times->latency_ps = TRACE_NO_TIME;
	if (self->has[EXTRA_LATENCY] &&
	    (!take_comma(c, "a comma and latency_us") ||
	     !take_since_queueing(c, "a latency_us below 106 days with at most six digits behind the point",
				  TRACE_NO_TIME, &times->latency_ps)))
		return false;
	times->issue_ps = 0;
	if (self->has[EXTRA_ISSUE] &&
	    (!take_comma(c, "a comma and issue_us") ||
	     !take_since_queueing(c, "an issue_us below 106 days with at most six digits behind the point", 0,
				  &times->issue_ps)))
		return false;
	if (self->has[EXTRA_FLAGS] && (!take_comma(c, "a comma and flags") || !take_flags(c, &record->flags)))
		return false;
	return cursor_end(c);
}

static bool csv_probe(const uint8_t *head, size_t num_bytes)
{
	static const char *const begins[] = { "time_us,", "since_start_us," };
	size_t at = 0;

	/* Blank lines and remarks may stand before the header. */
	while (at < num_bytes && strchr(" \t\r\n#", head[at]) && head[at]) {
		const uint8_t *end = head[at] == '#' ? memchr(head + at, '\n', num_bytes - at) : head + at;

		at = end ? (size_t)(end - head) + 1 : num_bytes;
	}
	for (size_t i = 0; i < sizeof(begins) / sizeof(begins[0]); i++)
		if (num_bytes - at >= strlen(begins[i]) && memcmp(head + at, begins[i], strlen(begins[i])) == 0)
			return true;
	return false;
}

static nescsim_status csv_init(void *state, input *in)
{
	csv_state *self = state;

	self->log = (textlog){ .in = in,
			       .separator = ',',
			       .hint = "the first line is '" HEADER
				       "', and behind it device, latency_us and so on if there "
				       "are such" };
	return NESCSIM_OK;
}

/* The next line that is no remark. */
static trace_result read_line(csv_state *self, cursor *c_out)
{
	trace_result result;

	do
		result = textlog_line(&self->log, c_out);
	while (result == TRACE_RECORD && *c_out->at == '#');
	return result;
}

static trace_result csv_next(void *state, trace_record *record_out)
{
	csv_state *self = state;
	csv_times times;
	cursor c;
	trace_result result = read_line(self, &c);

	if (result == TRACE_RECORD && !self->has_header) {
		if (!take_header(self, &c)) {
			textlog_bad(&self->log, &c);
			return TRACE_BROKEN;
		}
		self->log.hint = "a line looks like '551.706,write,4096,8192', with what the header says behind it";
		if (self->is_since_start)
			textlog_start(&self->log, 0);
		result = read_line(self, &c);
	}
	if (result != TRACE_RECORD)
		return result;
	if (!take_request(self, &c, record_out, &times))
		return textlog_bad(&self->log, &c);
	result = textlog_time(&self->log, times.time_ps, times.latency_ps, record_out);
	if (result == TRACE_RECORD)
		record_out->issued_ps += ps_min(times.issue_ps, PS_MAX - record_out->issued_ps);
	return result;
}

static void csv_device_name(const void *state, uint32_t device, char *text, size_t text_bytes)
{
	const csv_state *self = state;

	/* Without a column there is one device. */
	snprintf(text, text_bytes, "%s", self->devices.num ? self->devices.texts[device] : "0");
}

static void csv_fini(void *state)
{
	csv_state *self = state;

	names_fini(&self->devices);
}

/* ---- writing ----------------------------------------------------------------------------------------------------- */

static bool csv_name_fits(const char *name)
{
	return textlog_is_printable(name) && !strchr(name, '"');
}

static void csv_begin(void *state, output *out)
{
	(void)state;
	output_text(out, "since_start_us" HEADER_BEHIND_TIME);
	for (int extra = 0; extra < NUM_EXTRAS; extra++)
		output_text(out, ",%s", extras[extra]);
	output_text(out, "\n");
}

static bool csv_put(void *state, output *out, const trace_record *record, const char *device)
{
	(void)state;
	textlog_put_decimal(out, record->queued_ps, 6);
	output_text(out, ",%s,%" PRIu64 ",%" PRIu64 ",", op_names[record->op], record->first_sector * IO_SECTOR_BYTES,
		    record->num_sectors * IO_SECTOR_BYTES);
	output_text(out, strpbrk(device, ", ") ? "\"%s\"," : "%s,", device);
	if (record->completed_ps != TRACE_NO_TIME)
		textlog_put_decimal(out, record->completed_ps - record->queued_ps, 6);
	output_text(out, ",");
	if (record->issued_ps != record->queued_ps)
		textlog_put_decimal(out, record->issued_ps - record->queued_ps, 6);
	output_text(out, ",");
	for (size_t i = 0; i < NUM_FLAG_LETTERS; i++)
		if (record->flags & flag_letters[i].flag)
			output_bytes(out, &flag_letters[i].letter, 1);
	output_text(out, "\n");
	return true;
}

static const trace_writer writer = {
	.ops = 1 << IO_READ | 1 << IO_WRITE | 1 << IO_FLUSH | 1 << IO_DISCARD,
	.name_fits = csv_name_fits,
	.begin = csv_begin,
	.put = csv_put,
};

const trace_reader reader_csv = {
	.records_completions = true, /* where there is a latency_us */
	.state_bytes = sizeof(csv_state),
	.empty_hint = "a request is a line such as '551.706,write,4096,8192'",
	.probe = csv_probe,
	.init = csv_init,
	.next = csv_next,
	.device_name = csv_device_name,
	.origin = textlog_origin,
	.fini = csv_fini,
	.writer = &writer,
};
