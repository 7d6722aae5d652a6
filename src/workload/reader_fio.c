/* fio's iolog, versions 2 and 3:
 *
 *     fio version 2 iolog            fio version 3 iolog
 *     file add|open|close            us file add|open|close
 *     file action offset length      us file action offset length
 *
 * with actions read, write, trim, sync, datasync and, in version 2, wait; offset and length in bytes. A file is a device,
 * numbered from 0 in the order of its first `add`.
 *
 * `wait` is read as fio's manual defines it: microseconds since the wait before. fio's source compares the number with
 * the milliseconds since its start instead; but fio never writes a wait, those who do have the manual. A file that was
 * written for the source is turned into version 3, which leaves no such choice (traces/README.md).
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "workload/names.h"
#include "workload/reader.h"
#include "workload/textlog.h"

typedef struct fio_state {
	textlog log;
	unsigned version;            /* 0 = the first line is still to come */
	unsigned __int128 waited_ps; /* version 2: the sum of all waits */
	names files;
} fio_state;

typedef enum fio_action {
	FIO_ADD,
	FIO_OPEN,
	FIO_CLOSE,
	FIO_READ,
	FIO_WRITE,
	FIO_TRIM,
	FIO_SYNC,
	FIO_DATASYNC,
	FIO_WAIT,
	FIO_NUM_ACTIONS,
} fio_action;

static const char *const actions[FIO_NUM_ACTIONS] = {
	[FIO_ADD] = "add",   [FIO_OPEN] = "open",         [FIO_CLOSE] = "close",
	[FIO_READ] = "read", [FIO_WRITE] = "write",       [FIO_TRIM] = "trim",
	[FIO_SYNC] = "sync", [FIO_DATASYNC] = "datasync", [FIO_WAIT] = "wait",
};

/* Bytes up to the next blank. */
static size_t word_bytes(const cursor *c)
{
	return strcspn(c->at, " \t");
}

static bool take_header(fio_state *self, cursor *c)
{
	static const char begin[] = "fio version ";
	static const char what[] = "'fio version 2 iolog' or 'fio version 3 iolog'";

	if (strncmp(c->at, begin, sizeof(begin) - 1) != 0)
		return cursor_miss(c, what);
	c->at += sizeof(begin) - 1;
	if ((*c->at != '2' && *c->at != '3') || strncmp(c->at + 1, " iolog", 6) != 0)
		return cursor_miss(c, "version '2 iolog' or '3 iolog'");
	self->version = (unsigned)(*c->at - '0');
	c->at += 7;
	return cursor_end(c);
}

static bool take_action(const fio_state *self, cursor *c, fio_action *action_out)
{
	const size_t num_bytes = word_bytes(c);

	for (int i = 0; i < FIO_NUM_ACTIONS; i++) {
		if (strlen(actions[i]) != num_bytes || memcmp(actions[i], c->at, num_bytes) != 0)
			continue;
		if (i == FIO_WAIT && self->version == 3)
			break;
		c->at += num_bytes;
		*action_out = (fio_action)i;
		return true;
	}
	return cursor_miss(c, self->version == 3 ? "add, open, close, read, write, trim, sync or datasync"
						 : "add, open, close, read, write, trim, sync, datasync or wait");
}

/* The number of the file whose name c is at. */
static bool find_file(const fio_state *self, cursor *c, uint32_t *device_out)
{
	const size_t num_bytes = word_bytes(c);

	if (names_find(&self->files, c->at, num_bytes, device_out))
		return true;
	return cursor_miss(c, "a file that was added before");
}

static bool add_file(fio_state *self, cursor *c)
{
	const size_t num_bytes = word_bytes(c);
	uint32_t device;

	if (num_bytes >= TRACE_DEVICE_BYTES) /* fio's limit, too */
		return cursor_miss(c, "a file name of at most 255 bytes");
	return names_add(&self->files, c->at, num_bytes, &device) || cursor_miss(c, "fewer files: memory is short");
}

/* Offset and length, of a read, a write or a trim. */
static bool take_extent(cursor *c, trace_record *record)
{
	uint64_t offset_bytes;

	if (!cursor_number(c, INT64_MAX, "an offset in bytes below 2^63", &offset_bytes))
		return false;
	cursor_skip_blanks(c);
	return textlog_size(c, offset_bytes, record);
}

/* The numbers of an action that has no use for a length: none, or one or two. */
static bool take_numbers(cursor *c, const char *what, uint64_t *first_out)
{
	uint64_t ignored;

	if (!cursor_number(c, UINT64_MAX, what, first_out))
		return false;
	cursor_skip_blanks(c);
	return *c->at == '\0' || cursor_number(c, UINT64_MAX, "a length in bytes", &ignored);
}

/* The line behind its time. Sets record->device and so on if *wanted_out. */
static bool take_line(fio_state *self, cursor *c, trace_record *record, bool *wanted_out)
{
	cursor file = *c;
	uint64_t number;
	uint32_t device = 0;
	fio_action action;

	*wanted_out = false;
	c->at += word_bytes(c);
	cursor_skip_blanks(c);
	if (!take_action(self, c, &action))
		return false;
	cursor_skip_blanks(c);
	if (action != FIO_WAIT && !(action == FIO_ADD ? add_file(self, &file) : find_file(self, &file, &device))) {
		*c = file;
		return false;
	}
	*record = textlog_record(c, IO_FLUSH, device);
	switch (action) {
	case FIO_READ:
	case FIO_WRITE:
	case FIO_TRIM:
		record->op = action == FIO_READ ? IO_READ : action == FIO_WRITE ? IO_WRITE : IO_DISCARD;
		if (!take_extent(c, record))
			return false;
		*wanted_out = true;
		break;
	case FIO_SYNC:
	case FIO_DATASYNC:
		if (*c->at && !take_numbers(c, "an offset in bytes", &number))
			return false;
		*wanted_out = true;
		break;
	case FIO_WAIT:
		if (!take_numbers(c, "microseconds to wait", &number))
			return false;
		if (!cursor_end(c))
			return false;
		self->waited_ps += (unsigned __int128)number * PS_PER_US;
		break;
	default:
		break;
	}
	return cursor_end(c);
}

static void fio_device_name(const void *state, uint32_t device, char *text, size_t text_bytes)
{
	const fio_state *self = state;

	snprintf(text, text_bytes, "%s", self->files.texts[device]);
}

static bool fio_probe(const uint8_t *head, size_t num_bytes)
{
	return textlog_looks_like(head, num_bytes, "fio_version_9");
}

static nescsim_status fio_init(void *state, input *in)
{
	fio_state *self = state;

	self->log = (textlog){ .in = in, .hint = "the first line of an iolog is 'fio version 2 iolog'" };
	return NESCSIM_OK;
}

static trace_result read_header(fio_state *self)
{
	cursor c;
	trace_result result = textlog_line(&self->log, &c);

	if (result != TRACE_RECORD)
		return result;
	if (!take_header(self, &c)) {
		textlog_bad(&self->log, &c);
		return TRACE_BROKEN;
	}
	self->log.hint = self->version == 2 ? "a line looks like '/dev/sda read 4096 8192'"
					    : "a line looks like '1500 /dev/sda read 4096 8192', in us";
	return TRACE_RECORD;
}

static trace_result fio_next(void *state, trace_record *record_out)
{
	fio_state *self = state;
	trace_result result = self->version ? TRACE_RECORD : read_header(self);

	while (result == TRACE_RECORD) {
		unsigned __int128 time_ps = 0;
		uint64_t time_us;
		bool wanted;
		cursor c;

		result = textlog_line(&self->log, &c);
		if (result != TRACE_RECORD)
			break;
		if (self->version == 3) {
			if (!cursor_number(&c, UINT64_MAX, "a time in microseconds", &time_us))
				return textlog_bad(&self->log, &c);
			if (*c.at != ' ' && *c.at != '\t') {
				cursor_miss(&c, "a blank and the file's name");
				return textlog_bad(&self->log, &c);
			}
			cursor_skip_blanks(&c);
			time_ps = (unsigned __int128)time_us * PS_PER_US;
		}
		if (!take_line(self, &c, record_out, &wanted))
			return textlog_bad(&self->log, &c);
		if (self->version == 2)
			time_ps = self->waited_ps;
		result = textlog_time(&self->log, time_ps, TRACE_NO_TIME, record_out);
		if (wanted)
			break;
	}
	return result;
}

static void fio_fini(void *state)
{
	fio_state *self = state;

	names_fini(&self->files);
}

/* ---- writing: version 3, which alone has times ------------------------------------------------------------------- */

static bool fio_put(void *state, output *out, const trace_record *record, const char *device)
{
	static const fio_action action_of[IO_NUM_OPS] = {
		[IO_READ] = FIO_READ,
		[IO_WRITE] = FIO_WRITE,
		[IO_FLUSH] = FIO_SYNC,
		[IO_DISCARD] = FIO_TRIM,
	};
	names *files = state;
	const int64_t time_us = record->queued_ps / PS_PER_US;
	const uint32_t num_before = files->num;
	uint32_t number;

	if (!names_add(files, device, strlen(device), &number))
		return false;
	/* The first line's time is where the trace begins. */
	if (files->num != num_before)
		output_text(out, "%" PRId64 " %s add\n%" PRId64 " %s open\n", num_before ? time_us : 0, device,
			    num_before ? time_us : 0, device);
	output_text(out, "%" PRId64 " %s %s %" PRIu64 " %" PRIu64 "\n", time_us, device, actions[action_of[record->op]],
		    record->first_sector * IO_SECTOR_BYTES, record->num_sectors * IO_SECTOR_BYTES);
	return true;
}

static void fio_begin(void *state, output *out)
{
	(void)state;
	output_text(out, "fio version 3 iolog\n");
}

static void fio_writer_fini(void *state)
{
	names_fini(state);
}

static const trace_writer writer = {
	.state_bytes = sizeof(names),
	.ops = 1 << IO_READ | 1 << IO_WRITE | 1 << IO_FLUSH | 1 << IO_DISCARD,
	.name_fits = textlog_is_word,
	.begin = fio_begin,
	.put = fio_put,
	.fini = fio_writer_fini,
};

const trace_reader reader_fio = {
	.records_completions = false,
	.state_bytes = sizeof(fio_state),
	.empty_hint = "a request is a line with read, write, trim, sync or datasync",
	.probe = fio_probe,
	.init = fio_init,
	.next = fio_next,
	.origin = textlog_origin,
	.device_name = fio_device_name,
	.fini = fio_fini,
	.writer = &writer,
};
