/* Tencent's cloud block storage: times since 1970 in seconds, offsets and sizes in sectors, 0 reads and 1 writes, no
 * completions. VolumeID is the device. The requests of one second, of all volumes together, are spread over it at
 * equal distances in the order of the file. */
#include "workload/csv_trace.h"

static const csv_column columns[] = {
	{ "Timestamp", CSV_TIME, "a time in seconds" },
	{ "Offset", CSV_OFFSET, "an offset in sectors up to 2^54" },
	{ "Size", CSV_SIZE, "a size in sectors that ends below 2^54" },
	{ "IOType", CSV_OP, "0 (read) or 1 (write)" },
	{ "VolumeID", CSV_DEVICE, "a volume number below 2^32" },
};

static const csv_format format = {
	.columns = columns,
	.num_columns = sizeof(columns) / sizeof(columns[0]),
	.read = "0",
	.write = "1",
	.tick_ps = PS_PER_S,
	.spreads = true,
	.unit_bytes = IO_SECTOR_BYTES,
	.hint = "a line looks like '1538323200,12910952,128,0,1283'",
};

static bool tencent_probe(const uint8_t *head, size_t num_bytes)
{
	return csv_trace_probe(&format, head, num_bytes);
}

static nescsim_status tencent_init(void *state, input *in)
{
	return csv_trace_init(state, &format, in);
}

static bool tencent_put(void *state, output *out, const trace_record *record, const char *device)
{
	(void)state;
	csv_trace_put(&format, out, record, device);
	return true;
}

static const trace_writer writer = {
	.ops = 1 << IO_READ | 1 << IO_WRITE,
	.put = tencent_put,
};

const trace_reader reader_tencent = {
	.records_completions = false,
	.state_bytes = sizeof(csv_trace),
	.empty_hint = CSV_EMPTY_HINT,
	.probe = tencent_probe,
	.init = tencent_init,
	.next = csv_trace_next,
	.origin = readahead_origin,
	.fini = csv_trace_fini,
	.writer = &writer,
};
