/* blktrace's binary format: struct blk_io_trace of linux/blktrace_api.h, 48 bytes and then pdu_len bytes, in the byte
 * order of the machine that captured it. One file holds the events of one CPU in order of time: NAME.blktrace.0 and so
 * on (workload/recording.h). Those of all CPUs are merged before requests are made of them, because a request may be
 * queued, issued and completed on different ones: by time, and where it is equal in the order of the CPUs, as the numbers
 * in the events count each CPU's own. `blkparse -d` makes one file of them, of the same format. */
#include <stdlib.h>

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

/* The file of one CPU. */
typedef struct blktrace_part {
	input *in;
	bool big_endian, at_end, has_last;
	uint32_t cpu;     /* with has_last */
	uint64_t last_ns; /* time of the latest event */
	uint64_t num_events;
	/* The next event that is no message; wanted if it concerns a request. */
	bool has_next, wanted;
	uint64_t next_ns;
	blk_event next;
} blktrace_part;

typedef struct blktrace_state {
	blkpair *pair;
	blktrace_part *parts;
	uint32_t num_parts;
	bool has_base;
	uint64_t base_ns; /* time of the first event */
	bool has_device;
	uint32_t device; /* with several parts: the one that they are of, known with the first event */
} blktrace_state;

static bool is_magic(uint64_t word)
{
	return (word & 0xffffff00u) == MAGIC;
}

static bool blktrace_probe(const uint8_t *head, size_t num_bytes)
{
	return num_bytes >= 4 && (is_magic(input_number(head, 4, false)) || is_magic(input_number(head, 4, true)));
}

static nescsim_status blktrace_add_part(void *state, input *in)
{
	blktrace_state *self = state;
	blktrace_part *parts = realloc(self->parts, (self->num_parts + 1) * sizeof(*parts));
	const uint8_t *head;

	if (!parts)
		return NESCSIM_NO_MEMORY;
	self->parts = parts;
	parts += self->num_parts++;
	*parts = (blktrace_part){ .in = in };
	if (input_head(in, &head) >= 4)
		parts->big_endian = is_magic(input_number(head, 4, true));
	return NESCSIM_OK;
}

static nescsim_status blktrace_init(void *state, input *in)
{
	blktrace_state *self = state;

	self->pair = blkpair_create();
	return self->pair ? blktrace_add_part(self, in) : NESCSIM_NO_MEMORY;
}

/* Skips or, where it says where a bio was split, reads what follows the event. */
static trace_result read_payload(blktrace_part *self, const trace_position *position, size_t num_bytes,
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

/* A recording is of one device, and a file of it of one CPU: what else bears its name is of another one. */
static bool is_of_recording(blktrace_state *self, blktrace_part *part, const trace_position *position, uint32_t cpu)
{
	static const char hint[] = "keep the files of one recording, and no others of its name, in a folder";
	char device[2][TRACE_DEVICE_BYTES];

	if (self->num_parts == 1)
		return true;
	if (!self->has_device) {
		self->has_device = true;
		self->device = part->next.device;
	}
	if (self->device != part->next.device) {
		blkpair_device_name(NULL, part->next.device, device[0], sizeof(device[0]));
		blkpair_device_name(NULL, self->device, device[1], sizeof(device[1]));
		input_report(part->in, position, hint, "the event is of device %s, the recording of %s", device[0],
			     device[1]);
		return false;
	}
	if (part->has_last && part->cpu != cpu) {
		input_report(part->in, position, hint,
			     "the event is of CPU %u, those before of CPU %u: of several files, each is of one CPU",
			     cpu, part->cpu);
		return false;
	}
	for (uint32_t i = 0; !part->has_last && i < self->num_parts; i++) {
		if (self->parts[i].has_last && self->parts[i].cpu == cpu) {
			input_report(part->in, position, hint, "the event is of CPU %u, as those of %s", cpu,
				     input_name(self->parts[i].in));
			return false;
		}
	}
	part->cpu = cpu;
	return true;
}

/* One event. TRACE_RECORD with has_next still false: a message. */
static trace_result read_part(blktrace_state *whole, blktrace_part *self)
{
	blk_event *event = &self->next;
	trace_position position = { .event = self->num_events + 1, .byte = input_position_bytes(self->in) };
	const uint8_t *bytes;
	uint64_t time_ns, split_sector;
	uint32_t magic, action, category, cpu, num_bytes;
	trace_result result;
	int64_t got = input_bytes(self->in, EVENT_BYTES, &bytes);

	self->wanted = false;
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
	event->first_sector = input_number(bytes + 16, 8, self->big_endian);
	num_bytes = (uint32_t)input_number(bytes + 24, 4, self->big_endian);
	action = (uint32_t)input_number(bytes + 28, 4, self->big_endian);
	event->device = (uint32_t)input_number(bytes + 36, 4, self->big_endian);
	cpu = (uint32_t)input_number(bytes + 40, 4, self->big_endian);
	event->failed = input_number(bytes + 44, 2, self->big_endian) != 0;
	event->num_sectors = num_bytes / IO_SECTOR_BYTES;
	event->position = position;
	result = read_payload(self, &position, (size_t)input_number(bytes + 46, 2, self->big_endian), &split_sector);
	if (result != TRACE_RECORD)
		return result;
	event->split_sector = split_sector;
	category = action >> 16;
	action &= 0xffffu & ~ACTION_CGROUP;
	if (category & CATEGORY_NOTIFY)
		return TRACE_RECORD;
	if (action == 0 || action > ACTION_LAST) {
		return trace_bad(input_report(self->in, &position, "the file is damaged", "unknown action %u", action));
	}
	if (!is_of_recording(whole, self, &position, cpu))
		return TRACE_BROKEN;
	if (self->has_last && time_ns < self->last_ns) {
		uint64_t last_ns = self->last_ns;

		self->last_ns = time_ns;
		return trace_bad(
			input_report(self->in, &position,
				     "leave the files of several CPUs apart, or join them by blkparse -i NAME -d FILE",
				     "the time %llu ns is before that of the event before (%llu ns)",
				     (unsigned long long)time_ns, (unsigned long long)last_ns));
	}
	self->has_last = true;
	self->last_ns = self->next_ns = time_ns;
	switch (action) {
	case ACTION_QUEUE:
		event->action = BLK_QUEUE;
		break;
	case ACTION_REQUEUE:
		event->action = BLK_REQUEUE;
		break;
	case ACTION_ISSUE:
		event->action = BLK_ISSUE;
		break;
	case ACTION_COMPLETE:
		event->action = BLK_COMPLETE;
		break;
	case ACTION_SPLIT:
		event->action = BLK_SPLIT;
		break;
	default:
		self->has_next = true;
		return TRACE_RECORD;
	}
	if (category & CATEGORY_PASSTHROUGH) {
		self->has_next = true;
		return TRACE_RECORD;
	}
	event->op = category & CATEGORY_DISCARD ? IO_DISCARD : category & CATEGORY_WRITE ? IO_WRITE : IO_READ;
	event->preflush = (category & CATEGORY_FLUSH) != 0;
	event->fua = (category & CATEGORY_FUA) != 0;
	/* A flush has no place on the disk, whatever is left in the field. */
	if (event->num_sectors == 0)
		event->first_sector = 0;
	if (event->first_sector > TRACE_MAX_SECTOR - event->num_sectors) {
		return trace_bad(input_report(self->in, &position, "the file is damaged",
					      "sector %llu is beyond any disk",
					      (unsigned long long)event->first_sector));
	}
	self->has_next = self->wanted = true;
	return TRACE_RECORD;
}

/* The earliest event of all files. TRACE_RECORD with *wanted_out false: one that concerns no request. */
static trace_result read_event(void *state, blk_event *event_out, bool *wanted_out)
{
	blktrace_state *self = state;
	blktrace_part *from = NULL;

	for (uint32_t i = 0; i < self->num_parts; i++) {
		blktrace_part *part = &self->parts[i];

		while (!part->has_next && !part->at_end) {
			const trace_result result = read_part(self, part);

			part->at_end = result == TRACE_END;
			if (result != TRACE_RECORD && result != TRACE_END)
				return result;
		}
		if (part->has_next && (!from || part->next_ns < from->next_ns))
			from = part;
	}
	if (!from)
		return TRACE_END;
	from->has_next = false;
	if (!self->has_base) {
		self->has_base = true;
		self->base_ns = from->next_ns;
	}
	if (from->next_ns > self->base_ns && from->next_ns - self->base_ns > (uint64_t)(PS_MAX / PS_PER_NS)) {
		input_report(from->in, &from->next.position, "the file is damaged, or of another recording",
			     "the time is more than 106 days after the first event");
		return TRACE_BROKEN;
	}
	*event_out = from->next;
	*wanted_out = from->wanted;
	event_out->file = (uint32_t)(from - self->parts);
	/* Before the first event only after an error that was reported. */
	event_out->time_ps = from->next_ns > self->base_ns ? (ps_t)(from->next_ns - self->base_ns) * PS_PER_NS : 0;
	return TRACE_RECORD;
}

static trace_result blktrace_next(void *state, trace_record *record_out)
{
	blktrace_state *self = state;

	return blkpair_next(self->pair, self->parts[0].in, read_event, self, record_out);
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
	free(self->parts);
}

/* ---- writing ----------------------------------------------------------------------------------------------------- */

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
	output_number(bytes, 4, MAGIC | VERSION);
	output_number(bytes + 4, 4, sequence);
	output_number(bytes + 8, 8, (uint64_t)(time_ps / PS_PER_NS));
	output_number(bytes + 28, 4, action);
	output_number(bytes + 36, 4, device);
	if (event) {
		output_number(bytes + 16, 8, event->first_sector);
		output_number(bytes + 24, 4, event->num_sectors * IO_SECTOR_BYTES);
		output_number(bytes + 44, 2, event->action == BLK_COMPLETE && event->failed ? 5 : 0); /* EIO */
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
	.part_infix = ".blktrace.",
	.add_part = blktrace_add_part,
	.next = blktrace_next,
	.origin = blktrace_origin,
	.device_name = blkpair_device_name,
	.fini = blktrace_fini,
	.writer = &writer,
};
