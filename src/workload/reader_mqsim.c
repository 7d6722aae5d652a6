/* MQSim's ASCII format: "time device LBA sectors type" with the time in whole ns (MQSim's default; its configuration may
 * say ps or us: time_scale 0.001 or 1000 then), sectors of 512 B, and type 0 = write, 1 = read. No completions.
 *
 * MQSim ignores the device and stops without a word at a line that has not five fields; here a second device has to be
 * chosen or left out, and such a line is an error. reader_disksim.c says how the two formats are told apart. */
#include <inttypes.h>

#include "workload/reader.h"
#include "workload/textlog.h"

/* A whole number that is a field by itself. */
static bool take_field(cursor *c, uint64_t max, const char *what, uint64_t *value_out)
{
	const char *begin = c->at;

	if (!cursor_number(c, max, what, value_out))
		return false;
	if (*c->at != ' ' && *c->at != '\t' && *c->at != '\0') {
		c->at = begin;
		return cursor_miss(c, what);
	}
	cursor_skip_blanks(c);
	return true;
}

static bool take_request(cursor *c, trace_record *record, unsigned __int128 *time_out)
{
	uint64_t time_ns, device, type;

	if (!take_field(c, UINT64_MAX, "whole nanoseconds", &time_ns) ||
	    !take_field(c, UINT32_MAX, "a device number below 2^32", &device))
		return false;
	*time_out = (unsigned __int128)time_ns * PS_PER_NS;
	*record = textlog_record(c, IO_WRITE, (uint32_t)device);
	if (!take_field(c, TRACE_MAX_SECTOR - 1, "an LBA below 2^54", &record->first_sector) ||
	    !textlog_sectors(c, record))
		return false;
	cursor_skip_blanks(c);
	if (!take_field(c, 1, "a type: 0 = write, 1 = read", &type))
		return false;
	if (type == 1)
		record->op = IO_READ;
	return cursor_end(c);
}

static bool mqsim_probe(const uint8_t *head, size_t num_bytes)
{
	return textlog_looks_like(head, num_bytes, "9_9_9_9_9$");
}

static nescsim_status mqsim_init(void *state, input *in)
{
	textlog *log = state;

	*log = (textlog){ .in = in,
			  .hint = "a line looks like '551706 0 20941264 16 1', in ns; with times in ms and flags it is "
				  "format: disksim" };
	return NESCSIM_OK;
}

static trace_result mqsim_next(void *state, trace_record *record_out)
{
	return textlog_next(state, take_request, record_out);
}

static bool mqsim_put(void *state, output *out, const trace_record *record, const char *device)
{
	(void)state;
	output_text(out, "%" PRId64 " %s %" PRIu64 " %" PRIu64 " %d\n", record->queued_ps / PS_PER_NS, device,
		    record->first_sector, record->num_sectors, record->op == IO_READ);
	return true;
}

static const trace_writer writer = {
	.ops = 1 << IO_READ | 1 << IO_WRITE,
	.put = mqsim_put,
};

const trace_reader reader_mqsim = {
	.records_completions = false,
	.state_bytes = sizeof(textlog),
	.empty_hint = "a request is a line such as '551706 0 20941264 16 1'",
	.probe = mqsim_probe,
	.init = mqsim_init,
	.next = mqsim_next,
	.origin = textlog_origin,
	.fini = textlog_fini,
	.writer = &writer,
};
