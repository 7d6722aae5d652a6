/* DiskSim's default ASCII format: "time device block blocks flags" with the time in ms (with a point), blocks of 512 B
 * and hexadecimal flags, of which bit 0 says what is done: 1 = read, 0 = write. No completions.
 *
 * MQSim's lines look the same but for the time, which is a whole number there. So a first line with a point in its time
 * is DiskSim's; one without is taken for MQSim's, which stops at the first time with a point: a wrong guess is noticed,
 * unless DiskSim's times are whole to the end. */
#include <inttypes.h>
#include <string.h>

#include "workload/reader.h"
#include "workload/textlog.h"

/* Only the last hexadecimal digit matters. */
static bool take_flags(cursor *c, unsigned *last_digit_out)
{
	static const char what[] = "hexadecimal flags with bit 0 = 1 for a read";
	static const char digits[] = "0123456789abcdefABCDEF";
	const char *at = c->at;
	size_t num_digits;

	if (at[0] == '0' && (at[1] == 'x' || at[1] == 'X'))
		at += 2;
	num_digits = strspn(at, digits);
	at += num_digits;
	if (num_digits == 0 || (*at != ' ' && *at != '\t' && *at != '\0'))
		return cursor_miss(c, what);
	*last_digit_out = at[-1] <= '9' ? (unsigned)(at[-1] - '0') : (unsigned)((at[-1] | 0x20) - 'a') + 10;
	c->at = at;
	return true;
}

static bool take_request(cursor *c, trace_record *record, unsigned __int128 *time_out)
{
	uint64_t device;
	unsigned last_digit = 0;

	if (!cursor_decimal(c, 9, "milliseconds with at most nine digits behind the point", time_out))
		return false;
	cursor_skip_blanks(c);
	if (!cursor_number(c, UINT32_MAX, "a device number below 2^32", &device))
		return false;
	*record = textlog_record(c, IO_WRITE, (uint32_t)device);
	cursor_skip_blanks(c);
	if (!cursor_number(c, TRACE_MAX_SECTOR - 1, "a block below 2^54", &record->first_sector))
		return false;
	cursor_skip_blanks(c);
	if (!textlog_sectors(c, record))
		return false;
	cursor_skip_blanks(c);
	if (!take_flags(c, &last_digit))
		return false;
	if (last_digit & 1)
		record->op = IO_READ;
	return cursor_end(c);
}

static bool disksim_probe(const uint8_t *head, size_t num_bytes)
{
	return textlog_looks_like(head, num_bytes, "9.9_9_9_9_x$");
}

static nescsim_status disksim_init(void *state, input *in)
{
	textlog *log = state;

	*log = (textlog){ .in = in, .hint = "a line looks like '0.551706 0 20941264 16 1', in ms; flags 1 = read" };
	return NESCSIM_OK;
}

static trace_result disksim_next(void *state, trace_record *record_out)
{
	return textlog_next(state, take_request, record_out);
}

static bool disksim_put(void *state, output *out, const trace_record *record, const char *device)
{
	(void)state;
	/* The point stays where it is not needed: it tells the format. */
	output_text(out, "%" PRId64 ".%09" PRId64 " %s %" PRIu64 " %" PRIu64 " %d\n", record->queued_ps / PS_PER_MS,
		    record->queued_ps % PS_PER_MS, device, record->first_sector, record->num_sectors,
		    record->op == IO_READ);
	return true;
}

static const trace_writer writer = {
	.ops = 1 << IO_READ | 1 << IO_WRITE,
	.put = disksim_put,
};

const trace_reader reader_disksim = {
	.records_completions = false,
	.state_bytes = sizeof(textlog),
	.empty_hint = "a request is a line such as '0.551706 0 20941264 16 1'",
	.probe = disksim_probe,
	.init = disksim_init,
	.next = disksim_next,
	.origin = textlog_origin,
	.fini = textlog_fini,
	.writer = &writer,
};
