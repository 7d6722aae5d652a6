/* Our own format, to convert others to. The first line is the header
 *
 *     time_us,op,offset_bytes,size_bytes[,device][,latency_us]
 *
 * which says by itself which of the last two columns are there. op is read, write, flush or discard; a flush has 0 in
 * offset_bytes and size_bytes. time_us and latency_us may have six digits behind the point; an empty latency_us is that
 * of a request that was not seen to complete. Lines that begin with # are remarks. */
#include <string.h>

#include "workload/reader.h"
#include "workload/textlog.h"

#define HEADER "time_us,op,offset_bytes,size_bytes"

typedef struct csv_state {
	textlog log;
	bool has_header, has_device, has_latency;
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
	if (!take_text(c, HEADER))
		return cursor_miss(c, "the header " HEADER "[,device][,latency_us]");
	self->has_device = take_text(c, ",device");
	self->has_latency = take_text(c, ",latency_us");
	self->has_header = true;
	cursor_skip_blanks(c);
	return *c->at == '\0' ||
	       cursor_miss(c, self->has_latency  ? "the end of the header"
			      : self->has_device ? "',latency_us' or the end of the header"
						 : "',device', ',latency_us' or the end of the header");
}

static bool take_op(cursor *c, io_op *op_out)
{
	static const char *const names[IO_NUM_OPS] = {
		[IO_READ] = "read",
		[IO_WRITE] = "write",
		[IO_FLUSH] = "flush",
		[IO_DISCARD] = "discard",
	};
	const size_t num_bytes = strcspn(c->at, ", \t");

	for (int op = 0; op < IO_NUM_OPS; op++) {
		if (strlen(names[op]) == num_bytes && memcmp(names[op], c->at, num_bytes) == 0) {
			c->at += num_bytes;
			*op_out = (io_op)op;
			return true;
		}
	}
	return cursor_miss(c, "an operation: read, write, flush or discard");
}

static bool take_latency(cursor *c, ps_t *latency_out)
{
	static const char what[] = "a latency_us below 106 days with at most six digits behind the point";
	const char *begin;
	unsigned __int128 latency_ps;

	if (!take_comma(c, "a comma and latency_us"))
		return false;
	begin = c->at;
	if (*c->at == '\0')
		return true;
	if (!cursor_decimal(c, 6, what, &latency_ps))
		return false;
	if (latency_ps > (uint64_t)PS_MAX) {
		c->at = begin;
		return cursor_miss(c, what);
	}
	*latency_out = (ps_t)latency_ps;
	return true;
}

static bool take_request(const csv_state *self, cursor *c, trace_record *record, unsigned __int128 *time_out,
			 ps_t *latency_out)
{
	uint64_t offset_bytes, device = 0, ignored;
	io_op op;

	if (!cursor_decimal(c, 6, "a time_us with at most six digits behind the point", time_out) ||
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
	if (self->has_device && (!take_comma(c, "a comma and the device") ||
				 !cursor_number(c, UINT32_MAX, "a device number below 2^32", &device)))
		return false;
	record->device = (uint32_t)device;
	*latency_out = TRACE_NO_TIME;
	if (self->has_latency && !take_latency(c, latency_out))
		return false;
	return cursor_end(c);
}

static bool csv_probe(const uint8_t *head, size_t num_bytes)
{
	static const char begin[] = "time_us,";
	size_t at = 0;

	/* Blank lines and remarks may stand before the header. */
	while (at < num_bytes && strchr(" \t\r\n#", head[at]) && head[at]) {
		const uint8_t *end = head[at] == '#' ? memchr(head + at, '\n', num_bytes - at) : head + at;

		at = end ? (size_t)(end - head) + 1 : num_bytes;
	}
	return num_bytes - at >= sizeof(begin) - 1 && memcmp(head + at, begin, sizeof(begin) - 1) == 0;
}

static nescsim_status csv_init(void *state, input *in)
{
	csv_state *self = state;

	self->log = (textlog){ .in = in,
			       .separator = ',',
			       .hint = "the first line is '" HEADER "', and device or latency_us if there are such" };
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
	unsigned __int128 time_ps;
	ps_t latency_ps;
	cursor c;
	trace_result result = read_line(self, &c);

	if (result == TRACE_RECORD && !self->has_header) {
		if (!take_header(self, &c)) {
			textlog_bad(&self->log, &c);
			return TRACE_BROKEN;
		}
		self->log.hint = "a line looks like '551.706,write,4096,8192', with what the header says behind it";
		result = read_line(self, &c);
	}
	if (result != TRACE_RECORD)
		return result;
	if (!take_request(self, &c, record_out, &time_ps, &latency_ps))
		return textlog_bad(&self->log, &c);
	return textlog_time(&self->log, time_ps, latency_ps, record_out);
}

static void csv_fini(void *state)
{
	(void)state;
}

const trace_reader reader_csv = {
	.records_completions = true, /* where there is a latency_us */
	.state_bytes = sizeof(csv_state),
	.empty_hint = "a request is a line such as '551.706,write,4096,8192'",
	.probe = csv_probe,
	.init = csv_init,
	.next = csv_next,
	.origin = textlog_origin,
	.fini = csv_fini,
};
