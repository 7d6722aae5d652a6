/* blkparse's default text: "maj,min cpu sequence seconds.nanoseconds pid action RWBS" and, for what concerns a
 * request, "sector + sectors [process]" or, at completion, "sector + sectors [error]". A summary follows the events. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "workload/blkpair.h"
#include "workload/blkwrite.h"
#include "workload/cursor.h"
#include "workload/reader.h"

#define LINE_HINT "a line looks like '8,16 0 1 0.000000000 123 Q WS 2048 + 8 [dd]'"

typedef struct blkparse_state {
	input *in;
	blkpair *pair;
	bool has_base;
	ps_t base_ps, last_ps; /* time of the first and of the latest event */
} blkparse_state;

/* An action of one or two capital letters (or m for a message). */
static bool take_action(cursor *c, char action[3])
{
	static const char known[] = "Q G M F D C I P U S X A B R T m";
	const char *at = c->at;

	action[0] = *at;
	if (*at == '\0' || *at == ' ' || !strchr(known, *at))
		return cursor_miss(c, "an action (Q, G, M, D, C, ...)");
	action[1] = at[1] == 'T' ? 'T' : '\0';
	action[2] = '\0';
	at += action[1] ? 2 : 1;
	if (*at != ' ' && *at != '\t' && *at != '\0')
		return cursor_miss(c, "an action (Q, G, M, D, C, ...)");
	c->at = at;
	return true;
}

/* RWBS: F before the operation is a preflush, after it FUA. Returns the operation letter in *letter_out. */
static bool take_rwbs(cursor *c, blk_event *event, char *letter_out)
{
	const char *at = c->at;

	event->preflush = event->fua = false;
	if (*at == 'F') {
		event->preflush = true;
		at++;
	}
	switch (*at) {
	case 'R':
	case 'N':
		event->op = IO_READ;
		break;
	case 'W':
		event->op = IO_WRITE;
		break;
	case 'D':
		event->op = IO_DISCARD;
		break;
	case 'F': /* a bare flush in some kernels: "FF" */
		event->op = IO_READ;
		break;
	default:
		return cursor_miss(c, "an operation such as R, WS, FWFSM, DS or FN");
	}
	*letter_out = *at++;
	for (; *at >= 'A' && *at <= 'Z'; at++)
		event->fua |= *at == 'F';
	if (*at != ' ' && *at != '\t' && *at != '\0')
		return cursor_miss(c, "an operation such as R, WS, FWFSM, DS or FN");
	c->at = at;
	return true;
}

/* "[name]" to the end of the line. */
static bool take_process(cursor *c)
{
	size_t num_bytes = strlen(c->at);

	while (num_bytes && (c->at[num_bytes - 1] == ' ' || c->at[num_bytes - 1] == '\t'))
		num_bytes--;
	if (num_bytes < 2 || *c->at != '[' || c->at[num_bytes - 1] != ']')
		return cursor_miss(c, "the process as [name]");
	return true;
}

static bool take_error(cursor *c, bool *failed_out)
{
	uint64_t error;

	/* With blkparse -t the time since the issue stands in front: "( 1234)". */
	if (*c->at == '(') {
		const char *end = strchr(c->at, ')');

		if (!end)
			return cursor_miss(c, "a time in parentheses");
		c->at = end + 1;
		cursor_skip_blanks(c);
	}
	if (!cursor_char(c, '[', "the error as [number]"))
		return false;
	if (*c->at == '-')
		c->at++;
	if (!cursor_number(c, UINT32_MAX, "an error number", &error) || !cursor_char(c, ']', "the error as [number]"))
		return false;
	*failed_out = error != 0;
	return true;
}

/* The part behind RWBS. *wanted_out is false for what has no request (a passthrough command, say). */
static bool take_sectors(cursor *c, blk_event *event, bool *wanted_out)
{
	static const char too_far[] = "a sector below 2^54";

	*wanted_out = true;
	event->first_sector = event->num_sectors = 0;
	event->failed = false;
	if (*c->at == '[') {
		if (event->action == BLK_COMPLETE)
			return take_error(c, &event->failed);
		return take_process(c);
	}
	if (*c->at == '(') { /* the bytes of a passthrough command */
		*wanted_out = false;
		return true;
	}
	if (!cursor_number(c, TRACE_MAX_SECTOR, too_far, &event->first_sector))
		return false;
	cursor_skip_blanks(c);
	if (event->action == BLK_SPLIT) {
		if (!cursor_char(c, '/', "'/' and the sector of the rest"))
			return false;
		cursor_skip_blanks(c);
		if (!cursor_number(c, TRACE_MAX_SECTOR, too_far, &event->split_sector))
			return false;
		cursor_skip_blanks(c);
		return take_process(c);
	}
	if (*c->at == '(') {
		if (event->action == BLK_COMPLETE)
			return take_error(c, &event->failed);
		*wanted_out = false;
		return true;
	}
	if (*c->at == '+') {
		c->at++;
		cursor_skip_blanks(c);
		if (!cursor_number(c, TRACE_MAX_SECTOR - event->first_sector,
				   "a number of sectors that ends below 2^54", &event->num_sectors))
			return false;
		cursor_skip_blanks(c);
	}
	if (event->action == BLK_COMPLETE)
		return take_error(c, &event->failed);
	return take_process(c);
}

/* True for a line of the summary that blkparse appends; what follows it is no trace. */
static bool begins_summary(const char *line)
{
	static const char *const beginnings[] = { "CPU", "Total", "Throughput", "Events", "Skips" };

	for (size_t i = 0; i < sizeof(beginnings) / sizeof(beginnings[0]); i++)
		if (strncmp(line, beginnings[i], strlen(beginnings[i])) == 0)
			return true;
	return false;
}

static bool take_event(cursor *c, blk_event *event, bool *wanted_out, ps_t *time_out)
{
	uint64_t major, minor, ignored;
	char action[3] = "", letter = '\0';

	*wanted_out = false;
	cursor_skip_blanks(c);
	if (!cursor_number(c, 4095, "the device as major,minor", &major) ||
	    !cursor_char(c, ',', "the device as major,minor") ||
	    !cursor_number(c, (1u << 20) - 1, "the device as major,minor", &minor))
		return false;
	event->device = (uint32_t)(major << 20 | minor);
	cursor_skip_blanks(c);
	if (!cursor_number(c, UINT32_MAX, "a CPU number", &ignored))
		return false;
	cursor_skip_blanks(c);
	if (!cursor_number(c, UINT64_MAX, "a sequence number", &ignored))
		return false;
	cursor_skip_blanks(c);
	if (!cursor_seconds(c, time_out))
		return false;
	cursor_skip_blanks(c);
	if (!cursor_number(c, UINT32_MAX, "a process number", &ignored))
		return false;
	cursor_skip_blanks(c);
	if (!take_action(c, action))
		return false;
	if (action[0] == 'm') {
		*time_out = -1;
		return true;
	}
	cursor_skip_blanks(c);
	if (!take_rwbs(c, event, &letter))
		return false;
	cursor_skip_blanks(c);
	if (action[1] != '\0')
		return true;
	switch (action[0]) {
	case 'Q':
		event->action = BLK_QUEUE;
		break;
	case 'X':
		event->action = BLK_SPLIT;
		break;
	case 'D':
		event->action = BLK_ISSUE;
		break;
	case 'R':
		event->action = BLK_REQUEUE;
		break;
	case 'C':
		event->action = BLK_COMPLETE;
		break;
	default:
		return true;
	}
	event->file = 0;
	event->position = c->position;
	if (!take_sectors(c, event, wanted_out))
		return false;
	/* N with sectors is a command that moves neither data nor blocks. */
	if (letter == 'N' && event->num_sectors)
		*wanted_out = false;
	return true;
}

/* One line. TRACE_RECORD: *event is filled when *wanted_out. */
static trace_result read_line(void *state, blk_event *event, bool *wanted_out)
{
	blkparse_state *self = state;
	cursor c = { .at = NULL };
	char *line;
	size_t num_bytes;
	ps_t time_ps = -1;
	int got = input_line(self->in, &line, &num_bytes);

	*wanted_out = false;
	if (got < 0)
		return TRACE_BROKEN;
	if (got == 0)
		return TRACE_END;
	c = cursor_begin(self->in, line);
	if (line[strspn(line, " \t")] == '\0' && strlen(line) == num_bytes)
		return TRACE_RECORD;
	if (strncmp(line, "Input file ", 11) == 0)
		return TRACE_RECORD;
	if (begins_summary(line))
		return TRACE_END;
	if (!take_event(&c, event, wanted_out, &time_ps)) {
		*wanted_out = false;
		return trace_bad(cursor_report(self->in, &c, LINE_HINT));
	}
	if (time_ps < 0)
		return TRACE_RECORD;
	if (!self->has_base) {
		self->has_base = true;
		self->base_ps = self->last_ps = time_ps;
	}
	if (time_ps < self->last_ps) {
		ps_t last_ps = self->last_ps;

		*wanted_out = false;
		self->last_ps = time_ps;
		return trace_bad(
			input_report(self->in, &c.position, "sort the lines by time (blkparse -i NAME does)",
				     "the time %lld.%09lld s is before that of the event before (%lld.%09lld s)",
				     (long long)(time_ps / PS_PER_S), (long long)(time_ps % PS_PER_S / PS_PER_NS),
				     (long long)(last_ps / PS_PER_S), (long long)(last_ps % PS_PER_S / PS_PER_NS)));
	}
	self->last_ps = time_ps;
	/* Before the first event only after an error that was reported. */
	event->time_ps = ps_max(time_ps - self->base_ps, 0);
	return TRACE_RECORD;
}

/* The first line that is neither blank nor a remark must be an event. */
static bool blkparse_probe(const uint8_t *head, size_t num_bytes)
{
	size_t begin = 0;

	for (;;) {
		size_t end = begin, i;
		unsigned num_commas = 0, num_digits = 0;

		while (end < num_bytes && head[end] != '\n')
			end++;
		for (i = begin; i < end && (head[i] == ' ' || head[i] == '\t'); i++)
			;
		if ((i == end && end < num_bytes) || (end - begin > 11 && !memcmp(head + begin, "Input file ", 11))) {
			if (end >= num_bytes)
				return false;
			begin = end + 1;
			continue;
		}
		for (; i < end && ((head[i] >= '0' && head[i] <= '9') || head[i] == ','); i++) {
			num_commas += head[i] == ',';
			num_digits += head[i] != ',';
		}
		return num_commas == 1 && num_digits >= 2 && i < end && (head[i] == ' ' || head[i] == '\t');
	}
}

static nescsim_status blkparse_init(void *state, input *in)
{
	blkparse_state *self = state;

	self->in = in;
	self->pair = blkpair_create();
	return self->pair ? NESCSIM_OK : NESCSIM_NO_MEMORY;
}

static trace_result blkparse_next(void *state, trace_record *record_out)
{
	blkparse_state *self = state;

	return blkpair_next(self->pair, self->in, read_line, self, record_out);
}

static trace_instant blkparse_origin(const void *state)
{
	const blkparse_state *self = state;

	return (trace_instant)self->base_ps;
}

static void blkparse_fini(void *state)
{
	blkparse_state *self = state;

	blkpair_destroy(self->pair);
}

/* ---- writing ----------------------------------------------------------------------------------------------------- */

static void put_event(output *out, uint32_t sequence, ps_t time_ps, uint32_t device, const blk_event *event)
{
	static const char actions[] = { [BLK_QUEUE] = 'Q', [BLK_ISSUE] = 'D', [BLK_COMPLETE] = 'C' };
	static const char ops[IO_NUM_OPS] = { [IO_READ] = 'R', [IO_WRITE] = 'W', [IO_DISCARD] = 'D' };
	char rwbs[8] = "FWS";

	/* A flush is asked for by an empty write, and goes to the device as an operation of its own. */
	if (event && event->num_sectors == 0 && event->action != BLK_QUEUE)
		snprintf(rwbs, sizeof(rwbs), "FN");
	else if (event && event->num_sectors != 0)
		snprintf(rwbs, sizeof(rwbs), "%s%c%s", event->preflush ? "F" : "", ops[event->op],
			 event->fua ? "F" : "");
	output_text(out, "%3u,%-3u  0 %8" PRIu32 " %5" PRId64 ".%09" PRId64 "     0  %c %3s ", device >> 20,
		    device & 0xfffff, sequence, time_ps / PS_PER_S, time_ps % PS_PER_S / PS_PER_NS,
		    event ? actions[event->action] : 'P', event ? rwbs : "N");
	if (event && event->num_sectors)
		output_text(out, "%" PRIu64 " + %" PRIu64 " ", event->first_sector, event->num_sectors);
	else if (event && event->action == BLK_COMPLETE)
		output_text(out, "0 ");
	if (event && event->action == BLK_COMPLETE)
		output_text(out, "[%d]\n", event->failed ? -5 : 0); /* EIO */
	else
		output_text(out, "[nescsim]\n");
}

static bool blkparse_put(void *state, output *out, const trace_record *record, const char *device)
{
	return blkwrite_put(state, out, record, device, put_event);
}

static void blkparse_end(void *state, output *out)
{
	blkwrite_end(state, out, put_event);
}

static const trace_writer writer = {
	.state_bytes = sizeof(blkwrite),
	.ops = 1 << IO_READ | 1 << IO_WRITE | 1 << IO_FLUSH | 1 << IO_DISCARD,
	.make_name = blkwrite_make_name,
	.name_fits = blkwrite_name_fits,
	.put = blkparse_put,
	.end = blkparse_end,
	.fini = blkwrite_fini,
};

const trace_reader reader_blkparse = {
	.records_completions = true,
	.state_bytes = sizeof(blkparse_state),
	.empty_hint = BLKPAIR_EMPTY_HINT,
	.probe = blkparse_probe,
	.init = blkparse_init,
	.next = blkparse_next,
	.origin = blkparse_origin,
	.device_name = blkpair_device_name,
	.fini = blkparse_fini,
	.writer = &writer,
};
