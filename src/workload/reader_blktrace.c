/* blktrace's binary format: struct blk_io_trace of linux/blktrace_api.h, 48 bytes and then pdu_len bytes, in the byte
 * order of the machine that captured it. One file holds the events of one CPU in order of time; `blkparse -d` merges
 * the files of several CPUs into one of the same format. */
#include <stdlib.h>
#include <string.h>

#include "workload/blkpair.h"
#include "workload/blkwrite.h"
#include "workload/reader.h"

#define EVENT_BYTES 48
#define MAGIC UINT32_C(0x65617400)
#define VERSION 7

/* Categories, in the upper half of the action word */
#define CATEGORY_READ (1u << 0)
#define CATEGORY_WRITE (1u << 1)
#define CATEGORY_FLUSH (1u << 2)
#define CATEGORY_QUEUE (1u << 4)
#define CATEGORY_ISSUE (1u << 6)
#define CATEGORY_COMPLETE (1u << 7)
#define CATEGORY_PASSTHROUGH (1u << 9)
#define CATEGORY_NOTIFY (1u << 10)
#define CATEGORY_DISCARD (1u << 13)
#define CATEGORY_FUA (1u << 15)

/* Actions, in the lower half; a flag says that a control-group number comes with the event */
#define ACTION_QUEUE 1
#define ACTION_REQUEUE 6
#define ACTION_ISSUE 7
#define ACTION_COMPLETE 8
#define ACTION_PLUG 10
#define ACTION_SPLIT 12
#define ACTION_LAST 17
#define ACTION_CGROUP 0x100u

typedef struct blktrace_state {
	input *in;
	blkpair *pair;
	bool big_endian, has_base;
	uint64_t base_ns, last_ns; /* time of the first and of the latest event */
	uint64_t num_events;
} blktrace_state;

static bool is_magic(uint64_t word)
{
	return (word & 0xffffff00u) == MAGIC;
}

static bool blktrace_probe(const uint8_t *head, size_t num_bytes)
{
	return num_bytes >= 4 && (is_magic(input_number(head, 4, false)) || is_magic(input_number(head, 4, true)));
}

static nescsim_status blktrace_init(void *state, input *in)
{
	blktrace_state *self = state;
	const uint8_t *head;

	self->in = in;
	if (input_head(in, &head) >= 4)
		self->big_endian = is_magic(input_number(head, 4, true));
	self->pair = blkpair_create();
	return self->pair ? NESCSIM_OK : NESCSIM_NO_MEMORY;
}

static trace_result broken(blktrace_state *self, const trace_position *position, const char *hint, const char *what)
{
	input_report(self->in, position, hint, "%s", what);
	return TRACE_BROKEN;
}

static trace_result bad(bool go_on)
{
	return go_on ? TRACE_BAD : TRACE_BROKEN;
}

/* Skips or, where it says where a bio was split, reads what follows the event. */
static trace_result read_payload(blktrace_state *self, const trace_position *position, size_t num_bytes,
				 uint64_t *split_sector_out)
{
	const uint8_t *payload;
	int64_t got;

	*split_sector_out = 0;
	if (num_bytes == 0)
		return TRACE_RECORD;
	got = input_bytes(self->in, num_bytes, &payload);
	if (got < 0)
		return TRACE_BROKEN;
	if ((size_t)got < num_bytes) {
		input_report(self->in, position, "copy it again, or stop blktrace before copying",
			     "the file ends within the event: %lld of %zu payload bytes", (long long)got, num_bytes);
		return TRACE_BROKEN;
	}
	if (num_bytes >= 8)
		*split_sector_out = input_number(payload, 8, true); /* always big-endian */
	return TRACE_RECORD;
}

/* The next event. TRACE_RECORD with *wanted_out false: one that concerns no request. */
static trace_result read_event(void *state, blk_event *event_out, bool *wanted_out)
{
	blktrace_state *self = state;
	trace_position position = { .event = self->num_events + 1, .byte = input_position_bytes(self->in) };
	const uint8_t *bytes;
	uint64_t time_ns, split_sector;
	uint32_t magic, action, category, num_bytes;
	trace_result result;
	int64_t got = input_bytes(self->in, EVENT_BYTES, &bytes);

	*wanted_out = false;
	if (got < 0)
		return TRACE_BROKEN;
	if (got == 0)
		return TRACE_END;
	if (got < EVENT_BYTES) {
		input_report(self->in, &position, "copy it again, or stop blktrace before copying",
			     "the file ends within the event: %lld of %d bytes", (long long)got, EVENT_BYTES);
		return TRACE_BROKEN;
	}
	self->num_events++;
	magic = (uint32_t)input_number(bytes, 4, self->big_endian);
	if (!is_magic(magic)) {
		input_report(self->in, &position, "the file is damaged or not a blktrace file",
			     "the event begins with 0x%08x instead of the magic number 0x%08x", magic, MAGIC | VERSION);
		return TRACE_BROKEN;
	}
	if ((magic & 0xff) != VERSION) {
		input_report(self->in, &position, "convert it with blkparse to text",
			     "the event has format version %u, only %d is known", magic & 0xff, VERSION);
		return TRACE_BROKEN;
	}
	time_ns = input_number(bytes + 8, 8, self->big_endian);
	event_out->first_sector = input_number(bytes + 16, 8, self->big_endian);
	num_bytes = (uint32_t)input_number(bytes + 24, 4, self->big_endian);
	action = (uint32_t)input_number(bytes + 28, 4, self->big_endian);
	event_out->device = (uint32_t)input_number(bytes + 36, 4, self->big_endian);
	event_out->failed = input_number(bytes + 44, 2, self->big_endian) != 0;
	event_out->num_sectors = num_bytes / IO_SECTOR_BYTES;
	event_out->position = position;
	result = read_payload(self, &position, (size_t)input_number(bytes + 46, 2, self->big_endian), &split_sector);
	if (result != TRACE_RECORD)
		return result;
	event_out->split_sector = split_sector;
	category = action >> 16;
	action &= 0xffffu & ~ACTION_CGROUP;
	if (category & CATEGORY_NOTIFY)
		return TRACE_RECORD;
	if (action == 0 || action > ACTION_LAST) {
		return bad(input_report(self->in, &position, "the file is damaged", "unknown action %u", action));
	}
	if (!self->has_base) {
		self->has_base = true;
		self->base_ns = self->last_ns = time_ns;
	}
	if (time_ns < self->last_ns) {
		uint64_t last_ns = self->last_ns;

		self->last_ns = time_ns;
		return bad(input_report(self->in, &position,
					"merge the files of several CPUs with blkparse -i NAME -d FILE",
					"the time %llu ns is before that of the event before (%llu ns)",
					(unsigned long long)time_ns, (unsigned long long)last_ns));
	}
	if (time_ns > self->base_ns && time_ns - self->base_ns > (uint64_t)(PS_MAX / PS_PER_NS))
		return broken(self, &position, "the file is damaged",
			      "the time is more than 106 days after the first event");
	self->last_ns = time_ns;
	/* Before the first event only after an error that was reported. */
	event_out->time_ps = time_ns > self->base_ns ? (ps_t)(time_ns - self->base_ns) * PS_PER_NS : 0;
	switch (action) {
	case ACTION_QUEUE:
		event_out->action = BLK_QUEUE;
		break;
	case ACTION_REQUEUE:
		event_out->action = BLK_REQUEUE;
		break;
	case ACTION_ISSUE:
		event_out->action = BLK_ISSUE;
		break;
	case ACTION_COMPLETE:
		event_out->action = BLK_COMPLETE;
		break;
	case ACTION_SPLIT:
		event_out->action = BLK_SPLIT;
		break;
	default:
		return TRACE_RECORD;
	}
	if (category & CATEGORY_PASSTHROUGH)
		return TRACE_RECORD;
	event_out->op = category & CATEGORY_DISCARD ? IO_DISCARD : category & CATEGORY_WRITE ? IO_WRITE : IO_READ;
	event_out->preflush = (category & CATEGORY_FLUSH) != 0;
	event_out->fua = (category & CATEGORY_FUA) != 0;
	/* A flush has no place on the disk, whatever is left in the field. */
	if (event_out->num_sectors == 0)
		event_out->first_sector = 0;
	if (event_out->first_sector > TRACE_MAX_SECTOR - event_out->num_sectors) {
		return bad(input_report(self->in, &position, "the file is damaged", "sector %llu is beyond any disk",
					(unsigned long long)event_out->first_sector));
	}
	*wanted_out = true;
	return TRACE_RECORD;
}

static trace_result blktrace_next(void *state, trace_record *record_out)
{
	blktrace_state *self = state;

	return blkpair_next(self->pair, self->in, read_event, self, record_out);
}

static trace_instant blktrace_origin(const void *state)
{
	const blktrace_state *self = state;

	return (trace_instant)self->base_ns * PS_PER_NS;
}

static void blktrace_fini(void *state)
{
	blktrace_state *self = state;

	blkpair_destroy(self->pair);
}

/* ---- writing ----------------------------------------------------------------------------------------------------- */

static void set(uint8_t *bytes, size_t num_bytes, uint64_t value)
{
	for (size_t i = 0; i < num_bytes; i++)
		bytes[i] = (uint8_t)(value >> 8 * i);
}

static void put_event(output *out, uint32_t sequence, ps_t time_ps, uint32_t device, const blk_event *event)
{
	static const uint32_t actions[] = {
		[BLK_QUEUE] = CATEGORY_QUEUE << 16 | ACTION_QUEUE,
		[BLK_ISSUE] = CATEGORY_ISSUE << 16 | ACTION_ISSUE,
		[BLK_COMPLETE] = CATEGORY_COMPLETE << 16 | ACTION_COMPLETE,
	};
	static const uint32_t categories[IO_NUM_OPS] = {
		[IO_READ] = CATEGORY_READ,
		[IO_WRITE] = CATEGORY_WRITE,
		[IO_DISCARD] = CATEGORY_WRITE | CATEGORY_DISCARD,
	};
	uint8_t bytes[EVENT_BYTES] = { 0 };
	uint32_t action = CATEGORY_QUEUE << 16 | ACTION_PLUG;

	if (event)
		action = actions[event->action] | categories[event->op] << 16 |
			 (event->preflush ? CATEGORY_FLUSH << 16 : 0) | (event->fua ? CATEGORY_FUA << 16 : 0);
	set(bytes, 4, MAGIC | VERSION);
	set(bytes + 4, 4, sequence);
	set(bytes + 8, 8, (uint64_t)(time_ps / PS_PER_NS));
	set(bytes + 28, 4, action);
	set(bytes + 36, 4, device);
	if (event) {
		set(bytes + 16, 8, event->first_sector);
		set(bytes + 24, 4, event->num_sectors * IO_SECTOR_BYTES);
		set(bytes + 44, 2, event->action == BLK_COMPLETE && event->failed ? 5 : 0); /* EIO */
	}
	output_bytes(out, bytes, sizeof(bytes));
}

static bool blktrace_put(void *state, output *out, const trace_record *record, const char *device)
{
	return blkwrite_put(state, out, record, device, put_event);
}

static void blktrace_end(void *state, output *out)
{
	blkwrite_end(state, out, put_event);
}

static const trace_writer writer = {
	.state_bytes = sizeof(blkwrite),
	.ops = 1 << IO_READ | 1 << IO_WRITE | 1 << IO_FLUSH | 1 << IO_DISCARD,
	.max_sectors = UINT32_MAX / IO_SECTOR_BYTES,
	.make_name = blkwrite_make_name,
	.name_fits = blkwrite_name_fits,
	.put = blktrace_put,
	.end = blktrace_end,
	.fini = blkwrite_fini,
};

const trace_reader reader_blktrace = {
	.records_completions = true,
	.state_bytes = sizeof(blktrace_state),
	.empty_hint = BLKPAIR_EMPTY_HINT,
	.probe = blktrace_probe,
	.init = blktrace_init,
	.next = blktrace_next,
	.origin = blktrace_origin,
	.device_name = blkpair_device_name,
	.fini = blktrace_fini,
	.writer = &writer,
};
