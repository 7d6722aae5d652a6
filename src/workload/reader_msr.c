/* MSR Cambridge's CSV: times since 1601 and response times in units of 100 ns, offsets and sizes in bytes, no header.
 * Lines are written when requests complete, so times are a little out of order. Hostname and DiskNumber together are
 * the device, named as MSR named its files: usr_0. */
#include "workload/csv_trace.h"

static const csv_column columns[] = {
	{ "Timestamp", CSV_TIME, "a time in units of 100 ns" },
	{ "Hostname", CSV_HOST, NULL },
	{ "DiskNumber", CSV_DEVICE, "a disk number below 2^24" },
	{ "Type", CSV_OP, "Read or Write" },
	{ "Offset", CSV_OFFSET, "an offset in bytes up to 2^63" },
	{ "Size", CSV_SIZE, "a size in bytes that ends below 2^63" },
	{ "ResponseTime", CSV_RESPONSE, "a response time below 106 days in units of 100 ns" },
};

static const csv_format format = {
	.columns = columns,
	.num_columns = sizeof(columns) / sizeof(columns[0]),
	.read = "Read",
	.write = "Write",
	.tick_ps = 100 * PS_PER_NS,
	.unit_bytes = 1,
	.hint = "a line looks like '128166372003061629,usr,0,Read,7014609920,24576,41286'",
};

static bool msr_probe(const uint8_t *head, size_t num_bytes)
{
	return csv_trace_probe(&format, head, num_bytes);
}

static nescsim_status msr_init(void *state, input *in)
{
	return csv_trace_init(state, &format, in);
}

static bool msr_put(void *state, output *out, const trace_record *record, const char *device)
{
	(void)state;
	csv_trace_put(&format, out, record, device);
	return true;
}

static const trace_writer writer = {
	.ops = 1 << IO_READ | 1 << IO_WRITE,
	.needs_completions = true,
	.make_name = csv_trace_make_host_device,
	.name_fits = csv_trace_is_host_device,
	.put = msr_put,
};

const trace_reader reader_msr = {
	.records_completions = true,
	.state_bytes = sizeof(csv_trace),
	.empty_hint = CSV_EMPTY_HINT,
	.probe = msr_probe,
	.init = msr_init,
	.next = csv_trace_next,
	.origin = readahead_origin,
	.device_name = csv_trace_device_name,
	.fini = csv_trace_fini,
	.writer = &writer,
};
