/* Alibaba's block traces of 2020: times since 1970 in microseconds, offsets and lengths in bytes, no completions.
 * device_id is the device. */
#include "workload/csv_trace.h"

static const csv_column columns[] = {
	{ "device_id", CSV_DEVICE, "a device number below 2^32" },
	{ "opcode", CSV_OP, "R or W" },
	{ "offset", CSV_OFFSET, "an offset in bytes up to 2^63" },
	{ "length", CSV_SIZE, "a length in bytes that ends below 2^63" },
	{ "timestamp", CSV_TIME, "a time in microseconds" },
};

static const csv_format format = {
	.columns = columns,
	.num_columns = sizeof(columns) / sizeof(columns[0]),
	.read = "R",
	.write = "W",
	.tick_ps = PS_PER_US,
	.unit_bytes = 1,
	.hint = "a line looks like '419,W,8792731648,16384,1577808144360767'",
};

static bool alibaba_probe(const uint8_t *head, size_t num_bytes)
{
	return csv_trace_probe(&format, head, num_bytes);
}

static nescsim_status alibaba_init(void *state, input *in)
{
	return csv_trace_init(state, &format, in);
}

static bool alibaba_put(void *state, output *out, const trace_record *record, const char *device)
{
	(void)state;
	csv_trace_put(&format, out, record, device);
	return true;
}

static const trace_writer writer = {
	.ops = 1 << IO_READ | 1 << IO_WRITE,
	.put = alibaba_put,
};

const trace_reader reader_alibaba = {
	.records_completions = false,
	.state_bytes = sizeof(csv_trace),
	.empty_hint = CSV_EMPTY_HINT,
	.probe = alibaba_probe,
	.init = alibaba_init,
	.next = csv_trace_next,
	.origin = readahead_origin,
	.fini = csv_trace_fini,
	.writer = &writer,
};
