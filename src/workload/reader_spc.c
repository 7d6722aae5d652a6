/* SPC, the Storage Performance Council's format, as in UMass' Financial and WebSearch:
 *
 *     ASU,LBA,size,opcode,timestamp[,anything]
 *
 * ASU = application storage unit, the device; LBA in blocks, of 512 B here; size in bytes; opcode r or w in either case;
 * seconds since the start. No header, no completions. */
#include <inttypes.h>

#include "workload/reader.h"
#include "workload/textlog.h"

static bool take_comma(cursor *c, const char *what)
{
	cursor_skip_blanks(c);
	if (!cursor_char(c, ',', what))
		return false;
	cursor_skip_blanks(c);
	return true;
}

static bool take_opcode(cursor *c, io_op *op_out)
{
	const char letter = *c->at;

	if (letter != 'r' && letter != 'R' && letter != 'w' && letter != 'W')
		return cursor_miss(c, "an opcode: r or R, w or W");
	*op_out = letter == 'r' || letter == 'R' ? IO_READ : IO_WRITE;
	c->at++;
	return true;
}

static bool take_request(cursor *c, trace_record *record, unsigned __int128 *time_out)
{
	uint64_t asu, lba;

	if (!cursor_number(c, UINT32_MAX, "an ASU number below 2^32", &asu) || !take_comma(c, "a comma and the LBA") ||
	    !cursor_number(c, TRACE_MAX_SECTOR - 1, "an LBA below 2^54", &lba) ||
	    !take_comma(c, "a comma and the size"))
		return false;
	*record = textlog_record(c, IO_READ, (uint32_t)asu);
	if (!textlog_size(c, lba * IO_SECTOR_BYTES, record) || !take_comma(c, "a comma and the opcode") ||
	    !take_opcode(c, &record->op) || !take_comma(c, "a comma and the time") ||
	    !cursor_decimal(c, 12, "seconds with at most twelve digits behind the point", time_out))
		return false;
	cursor_skip_blanks(c);
	return *c->at == ',' || cursor_end(c);
}

static bool spc_probe(const uint8_t *head, size_t num_bytes)
{
	return textlog_looks_like(head, num_bytes, "9,9,9,a,9");
}

static nescsim_status spc_init(void *state, input *in)
{
	textlog *log = state;

	*log = (textlog){ .in = in, .separator = ',', .hint = "a line looks like '0,20941264,8192,W,0.551706'" };
	return NESCSIM_OK;
}

static trace_result spc_next(void *state, trace_record *record_out)
{
	return textlog_next(state, take_request, record_out);
}

static bool spc_put(void *state, output *out, const trace_record *record, const char *device)
{
	(void)state;
	output_text(out, "%s,%" PRIu64 ",%" PRIu64 ",%c,", device, record->first_sector,
		    record->num_sectors * IO_SECTOR_BYTES, record->op == IO_READ ? 'R' : 'W');
	textlog_put_decimal(out, record->queued_ps, 12);
	output_text(out, "\n");
	return true;
}

static const trace_writer writer = {
	.ops = 1 << IO_READ | 1 << IO_WRITE,
	.put = spc_put,
};

const trace_reader reader_spc = {
	.records_completions = false,
	.state_bytes = sizeof(textlog),
	.empty_hint = "a request is a line such as '0,20941264,8192,W,0.551706'",
	.probe = spc_probe,
	.init = spc_init,
	.next = spc_next,
	.origin = textlog_origin,
	.fini = textlog_fini,
	.writer = &writer,
};
