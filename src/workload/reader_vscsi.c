/* VMware's vscsiStats traces as CloudPhysics published them and libCacheSim reads them: SCSI commands of a virtual
 * disk, one record each, little-endian:
 *
 *     version 1, 32 bytes: u32 number, u32 bytes, u32 elements, u16 command, u16 version, u64 block, u64 time
 *     version 2, 40 bytes: u16 command, u16 version, u32 number, u32 bytes, u32 elements, u64 block, u64 time, u64 rt
 *
 * The version is in the upper byte of its word, times are in us, blocks are of 512 B. `rt` sounds like a response time,
 * but nobody who published the format says in which unit or from when, so it is not taken for one: no completions.
 * Records are put in order, as some captures write them when commands complete. */
#include "workload/readahead.h"

#define RECORD_1_BYTES 32
#define RECORD_2_BYTES 40
#define MAX_PROBED 16 /* records looked at */

/* Operation codes of SCSI's block commands */
enum {
	READ_6 = 0x08,
	WRITE_6 = 0x0a,
	READ_10 = 0x28,
	WRITE_10 = 0x2a,
	SYNCHRONIZE_CACHE_10 = 0x35,
	WRITE_SAME_10 = 0x41,
	UNMAP = 0x42,
	READ_16 = 0x88,
	WRITE_16 = 0x8a,
	SYNCHRONIZE_CACHE_16 = 0x91,
	WRITE_SAME_16 = 0x93,
	READ_12 = 0xa8,
	WRITE_12 = 0xaa,
};

typedef struct vscsi_state {
	readahead ahead;
	unsigned version;
	uint64_t num_records;
} vscsi_state;

static uint64_t get(const uint8_t *bytes, size_t num_bytes)
{
	return input_number(bytes, num_bytes, false);
}

static size_t record_bytes(unsigned version)
{
	return version == 2 ? RECORD_2_BYTES : RECORD_1_BYTES;
}

static unsigned version_at(const uint8_t *record, unsigned version)
{
	return (unsigned)get(record + (version == 2 ? 2 : 14), 2) >> 8;
}

static unsigned command_at(const uint8_t *record, unsigned version)
{
	return (unsigned)get(record + (version == 2 ? 0 : 12), 2);
}

/* How many of the first records are of this version; 0 if one is not. Text has no byte as low where the version is. */
static size_t count_records(const uint8_t *head, size_t num_bytes, unsigned version)
{
	size_t num = 0;

	for (; num < MAX_PROBED && (num + 1) * record_bytes(version) <= num_bytes; num++) {
		const uint8_t *record = head + num * record_bytes(version);

		if (version_at(record, version) != version || command_at(record, version) > 0xff)
			return 0;
	}
	return num;
}

/* The version that the first records have, or 0. A few records' numbers can look like the other version's word. */
static unsigned find_version(const uint8_t *head, size_t num_bytes)
{
	const size_t num_1 = count_records(head, num_bytes, 1), num_2 = count_records(head, num_bytes, 2);

	return num_1 > num_2 ? 1 : num_2 ? 2 : 0;
}

static bool vscsi_probe(const uint8_t *head, size_t num_bytes)
{
	return find_version(head, num_bytes) != 0;
}

static nescsim_status vscsi_init(void *state, input *in)
{
	vscsi_state *self = state;
	const uint8_t *head;
	const size_t num_bytes = input_head(in, &head);

	self->version = find_version(head, num_bytes);
	/* Some record is wrong, or there is none: which is said when it is read. */
	if (!self->version)
		self->version = num_bytes >= 4 && version_at(head, 2) == 2 ? 2 : 1;
	self->ahead = (readahead){
		.in = in,
		.tick_ps = PS_PER_US,
		.record_bytes = record_bytes(self->version),
		.late_hint = "sort the records by time",
	};
	return NESCSIM_OK;
}

/* What is done, or false: then why it is left out. */
static bool find_op(unsigned command, io_op *op_out, const char **why_out)
{
	switch (command) {
	case READ_6:
	case READ_10:
	case READ_12:
	case READ_16:
		*op_out = IO_READ;
		return true;
	case WRITE_6:
	case WRITE_10:
	case WRITE_12:
	case WRITE_16:
		*op_out = IO_WRITE;
		return true;
	case SYNCHRONIZE_CACHE_10:
	case SYNCHRONIZE_CACHE_16:
		*op_out = IO_FLUSH;
		return true;
	case UNMAP:
	case WRITE_SAME_10:
	case WRITE_SAME_16:
		*why_out = "of UNMAP or WRITE SAME, whose blocks are not recorded";
		return false;
	default:
		*why_out = "of commands that neither read, write nor flush";
		return false;
	}
}

static trace_result read_record(void *state, readahead_request *request_out, bool *wanted_out)
{
	vscsi_state *self = state;
	input *in = self->ahead.in;
	const size_t wanted_bytes = (size_t)self->ahead.record_bytes;
	const trace_position position = { .event = self->num_records + 1, .byte = input_position_bytes(in) };
	const uint8_t *record;
	uint64_t num_bytes;
	unsigned command;
	const char *why;
	int64_t got = input_bytes(in, wanted_bytes, &record);

	*wanted_out = false;
	if (got <= 0)
		return got < 0 ? TRACE_BROKEN : TRACE_END;
	if ((size_t)got < wanted_bytes) {
		input_report(in, &position, "copy or download it again",
			     "the file ends within the record: %lld of %zu bytes", (long long)got, wanted_bytes);
		return TRACE_BROKEN;
	}
	self->num_records++;
	if (version_at(record, self->version) != self->version) {
		input_report(in, &position, "the file is damaged or no vscsi trace",
			     "the record has version %u instead of %u", version_at(record, self->version),
			     self->version);
		return TRACE_BROKEN;
	}
	command = command_at(record, self->version);
	if (command > 0xff)
		return trace_bad(
			input_report(in, &position, "the file is damaged", "0x%04x is no SCSI command", command));
	*request_out = (readahead_request){ .number = self->num_records, .response_ticks = READAHEAD_NO_RESPONSE };
	if (!find_op(command, &request_out->op, &why)) {
		input_skip_event(in, self->num_records, why);
		return TRACE_RECORD;
	}
	num_bytes = get(record + (self->version == 2 ? 8 : 4), 4);
	request_out->first_sector = get(record + 16, 8);
	request_out->ticks = get(record + 24, 8);
	if (request_out->ticks > INT64_MAX)
		return trace_bad(input_report(in, &position, "the file is damaged",
					      "the time %llu us is beyond any clock",
					      (unsigned long long)request_out->ticks));
	*wanted_out = true;
	if (request_out->op == IO_FLUSH) {
		request_out->first_sector = 0;
		return TRACE_RECORD;
	}
	request_out->num_sectors = (num_bytes + IO_SECTOR_BYTES - 1) / IO_SECTOR_BYTES;
	if (request_out->first_sector > TRACE_MAX_SECTOR - request_out->num_sectors) {
		*wanted_out = false;
		return trace_bad(input_report(in, &position, "the file is damaged", "sector %llu is beyond any disk",
					      (unsigned long long)request_out->first_sector));
	}
	if (!num_bytes) {
		input_skip_event(in, self->num_records, "of zero bytes");
		*wanted_out = false;
	}
	return TRACE_RECORD;
}

static trace_result vscsi_next(void *state, trace_record *record_out)
{
	vscsi_state *self = state;

	return readahead_next(&self->ahead, read_record, self, record_out);
}

static void vscsi_fini(void *state)
{
	vscsi_state *self = state;

	readahead_fini(&self->ahead);
}

/* ---- writing: version 2 ------------------------------------------------------------------------------------------ */

static bool vscsi_put(void *state, output *out, const trace_record *record, const char *device)
{
	static const uint16_t commands[IO_NUM_OPS] = {
		[IO_READ] = READ_16,
		[IO_WRITE] = WRITE_16,
		[IO_FLUSH] = SYNCHRONIZE_CACHE_16,
	};
	uint32_t *number = state;
	uint8_t bytes[RECORD_2_BYTES] = { 0 };

	(void)device;
	output_number(bytes, 2, commands[record->op]);
	output_number(bytes + 2, 2, 2 << 8);
	output_number(bytes + 4, 4, ++*number);
	output_number(bytes + 8, 4, record->num_sectors * IO_SECTOR_BYTES);
	output_number(bytes + 12, 4, 1);
	output_number(bytes + 16, 8, record->first_sector);
	output_number(bytes + 24, 8, (uint64_t)(record->queued_ps / PS_PER_US));
	output_bytes(out, bytes, sizeof(bytes));
	return true;
}

static const trace_writer writer = {
	.state_bytes = sizeof(uint32_t),
	.ops = 1 << IO_READ | 1 << IO_WRITE | 1 << IO_FLUSH,
	.is_one_device = true,
	.max_sectors = UINT32_MAX / IO_SECTOR_BYTES,
	.put = vscsi_put,
};

const trace_reader reader_vscsi = {
	.records_completions = false,
	.state_bytes = sizeof(vscsi_state),
	.empty_hint = "a request is a record with the command of a read, a write or a flush",
	.probe = vscsi_probe,
	.init = vscsi_init,
	.next = vscsi_next,
	.origin = readahead_origin,
	.fini = vscsi_fini,
	.writer = &writer,
};
