/* SNIA's SYSTOR '17 traces: times since 1970 and response times in seconds with decimals, offsets and sizes in
 * bytes, one file per hour and LUN, each with a header. A blank IOType is some other command: no request. LUN is the
 * device. */
#include "workload/csv_trace.h"

static const csv_column columns[] = {
	{ "Timestamp", CSV_TIME, "a time in seconds with up to nine decimals" },
	{ "Response", CSV_RESPONSE, "a response time below 106 days in seconds with up to nine decimals" },
	{ "IOType", CSV_OP, "R, W or nothing" },
	{ "LUN", CSV_DEVICE, "a LUN below 2^32" },
	{ "Offset", CSV_OFFSET, "an offset in bytes up to 2^63" },
	{ "Size", CSV_SIZE, "a size in bytes that ends below 2^63" },
};

static const csv_format format = {
	.columns = columns,
	.num_columns = sizeof(columns) / sizeof(columns[0]),
	.read = "R",
	.write = "W",
	.skips_blank_op = true,
	.decimal_seconds = true,
	.tick_ps = PS_PER_NS,
	.unit_bytes = 1,
	.has_header = true,
	.hint = "a line looks like '1455592863.117450000,0.000185,W,0,8192,4096'",
};

static bool systor17_probe(const uint8_t *head, size_t num_bytes)
{
	return csv_trace_probe(&format, head, num_bytes);
}

static nescsim_status systor17_init(void *state, input *in)
{
	return csv_trace_init(state, &format, in);
}

static void systor17_begin(void *state, output *out)
{
	(void)state;
	csv_trace_begin(&format, out);
}

static bool systor17_put(void *state, output *out, const trace_record *record, const char *device)
{
	(void)state;
	csv_trace_put(&format, out, record, device);
	return true;
}

static const trace_writer writer = {
	.ops = 1 << IO_READ | 1 << IO_WRITE,
	.needs_completions = true,
	.begin = systor17_begin,
	.put = systor17_put,
};

const trace_reader reader_systor17 = {
	.records_completions = true,
	.state_bytes = sizeof(csv_trace),
	.empty_hint = CSV_EMPTY_HINT,
	.probe = systor17_probe,
	.init = systor17_init,
	.next = csv_trace_next,
	.origin = readahead_origin,
	.fini = csv_trace_fini,
	.writer = &writer,
};
