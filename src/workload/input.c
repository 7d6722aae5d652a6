#include "workload/input.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#endif

#define BUFFER_BYTES (4 * INPUT_MAX_LINE_BYTES)
#define HEAD_BYTES 4096
#define READ_BLOCK_BYTES 65536
#define FENCE_BYTES 256

const input_words input_trace_words = {
	.noun = "trace",
	.if_empty = "give a trace with at least one request",
	.if_stream = "a trace is read more than once: write it to a file first",
	.if_long = "a text trace has one short event per line",
};

const input_words input_part_words = {
	.noun = "trace",
	.if_stream = "a trace is read more than once: write it to a file first",
	.if_long = "a text trace has one short event per line",
};

static const struct {
	const char *ending;
	int (*enable)(struct archive *);
} packings[] = {
	{ "", NULL },
	{ ".gz", archive_read_support_filter_gzip },
	{ ".bz2", archive_read_support_filter_bzip2 },
	{ ".xz", archive_read_support_filter_xz },
	{ ".zst", archive_read_support_filter_zstd },
};

#define NUM_PACKINGS (sizeof(packings) / sizeof(packings[0]))

struct input {
	struct archive *archive;
	const input_words *words;
	nescsim_diag *diag;
	char *name;
	size_t begin, end; /* unread bytes in buffer[begin, end) */
	bool at_end;       /* the file has no more bytes than those in the buffer */
	bool failed;       /* reading failed and was reported */
	uint64_t num_bytes, num_lines;
	unsigned num_errors;
	input_skips skips[INPUT_MAX_SKIPS];
	const char *fence;                           /* see put_fence() */
	char buffer[BUFFER_BYTES + 1 + FENCE_BYTES]; /* one more for the NUL behind a last line without line end */
};

/* What a reader reads behind the piece that it was given is in the buffer, so the address sanitizer would not mind. */
static void put_fence(input *self, const char *behind)
{
	self->fence = behind;
#ifdef __SANITIZE_ADDRESS__
	ASAN_POISON_MEMORY_REGION(behind, FENCE_BYTES);
#endif
}

static void lift_fence(input *self)
{
#ifdef __SANITIZE_ADDRESS__
	if (self->fence)
		ASAN_UNPOISON_MEMORY_REGION(self->fence, FENCE_BYTES);
#endif
	self->fence = NULL;
}

bool input_report(input *self, const trace_position *position, const char *hint, const char *format, ...)
{
	diag_place place = { .file = self->name };
	char message[1024];
	int prefix_bytes = 0;
	va_list arguments;

	if (self->num_errors >= INPUT_MAX_ERRORS)
		return false;
	if (position) {
		place.line = (size_t)position->line;
		place.column = (size_t)position->column;
		if (position->event)
			prefix_bytes = snprintf(message, sizeof(message),
						"event %llu at byte %llu: ", (unsigned long long)position->event,
						(unsigned long long)position->byte);
	}
	va_start(arguments, format);
	vsnprintf(message + prefix_bytes, sizeof(message) - (size_t)prefix_bytes, format, arguments);
	va_end(arguments);
	self->num_errors++;
	diag_add(self->diag, NESCSIM_ERROR, NESCSIM_TRACE, &place, hint, "%s", message);
	if (self->num_errors < INPUT_MAX_ERRORS)
		return true;
	diag_add(self->diag, NESCSIM_WARNING, NESCSIM_TRACE, &(diag_place){ .file = self->name }, NULL,
		 "what is wrong after the first %d mistakes is not listed", INPUT_MAX_ERRORS);
	return false;
}

static nescsim_status report_open(nescsim_diag *diag, const diag_place *place, const char *shown_name,
				  const input_words *words, const char *hint, const char *what)
{
	diag_place file_place = { .file = shown_name };

	return diag_add(diag, NESCSIM_ERROR, NESCSIM_IO, place ? place : &file_place, hint, "cannot read %s '%s': %s",
			words->noun, shown_name, what);
}

/* The next file of a tar archive, or the file itself. */
static int next_file(input *self, struct archive_entry **entry_out)
{
	int result;

	do
		result = archive_read_next_header(self->archive, entry_out);
	while ((result == ARCHIVE_OK || result == ARCHIVE_WARN) && archive_entry_filetype(*entry_out) != AE_IFREG);
	return result;
}

static bool is_tar(const input *self)
{
	return (archive_format(self->archive) & ARCHIVE_FORMAT_BASE_MASK) == ARCHIVE_FORMAT_TAR;
}

/* Some traces are published as a tar archive of one file. Of more than one it is not clear which is meant. */
static bool has_another_file(input *self)
{
	struct archive_entry *entry;
	const char *name;

	if (!is_tar(self))
		return false;
	switch (next_file(self, &entry)) {
	case ARCHIVE_EOF:
		return false;
	case ARCHIVE_OK:
	case ARCHIVE_WARN:
		name = archive_entry_pathname(entry);
		input_report(self, NULL, "unpack it, and name the files by a pattern, such as 'DIR/*.csv.gz'",
			     "the tar archive holds more than one file: '%s' is another", name ? name : "?");
		return true;
	default:
		name = archive_error_string(self->archive);
		input_report(self, NULL, "copy or download it again", "the tar archive is damaged or cut off: %s",
			     name ? name : "no reason given");
		return true;
	}
}

/* Moves what is unread to the front and reads until num_bytes are there or the file ends. */
static int refill(input *self, size_t num_bytes)
{
	if (self->failed)
		return -1;
	if (self->end - self->begin >= num_bytes || self->at_end)
		return 0;
	memmove(self->buffer, self->buffer + self->begin, self->end - self->begin);
	self->end -= self->begin;
	self->begin = 0;
	while (self->end < num_bytes) {
		la_ssize_t got = archive_read_data(self->archive, self->buffer + self->end, BUFFER_BYTES - self->end);

		if (got == 0) {
			self->failed = has_another_file(self);
			if (self->failed)
				return -1;
			self->at_end = true;
			break;
		}
		if (got < 0) {
			const char *why = archive_error_string(self->archive);

			self->failed = true;
			input_report(self, NULL, "copy or download it again",
				     "the compressed file is damaged or cut off after %llu unpacked bytes: %s",
				     (unsigned long long)(self->num_bytes + self->end), why ? why : "no reason given");
			return -1;
		}
		self->end += (size_t)got;
	}
	return 0;
}

/* What some editors and spreadsheets put before UTF-8 text. Binary formats have no text behind these bytes. */
static void skip_byte_order_mark(input *self)
{
	const uint8_t *begin = (const uint8_t *)self->buffer + self->begin;

	if (self->end - self->begin > 3 && memcmp(begin, "\xef\xbb\xbf", 3) == 0 && begin[3] >= ' ' && begin[3] < 127) {
		self->begin += 3;
		self->num_bytes += 3;
	}
}

nescsim_status input_open(const char *file_name, const char *shown_name, const input_words *words,
			  const diag_place *place, nescsim_diag *diag, input **input_out)
{
	struct archive_entry *entry;
	struct stat information;
	input *self;
	int result;

	*input_out = NULL;
	if (stat(file_name, &information) != 0)
		return report_open(diag, place, shown_name, words, NULL, strerror(errno));
	if (S_ISDIR(information.st_mode))
		return report_open(diag, place, shown_name, words, "name one file in it", "it is a directory");
	if (!S_ISREG(information.st_mode))
		return report_open(diag, place, shown_name, words, words->if_stream, "it is no regular file");
	self = calloc(1, sizeof(*self));
	if (!self)
		return NESCSIM_NO_MEMORY;
	self->diag = diag;
	self->words = words;
	self->name = strdup(shown_name);
	self->archive = archive_read_new();
	if (!self->name || !self->archive) {
		input_close(self);
		return NESCSIM_NO_MEMORY;
	}
	for (size_t i = 0; i < NUM_PACKINGS; i++)
		if (packings[i].enable)
			packings[i].enable(self->archive);
	archive_read_support_format_tar(self->archive);
	archive_read_support_format_raw(self->archive);
	archive_read_support_format_empty(self->archive);
	result = archive_read_open_filename(self->archive, file_name, READ_BLOCK_BYTES);
	if (result == ARCHIVE_OK)
		result = next_file(self, &entry);
	if (result == ARCHIVE_EOF) {
		self->at_end = true;
		if (is_tar(self)) {
			input_report(self, NULL, words->if_empty, "nothing but zeros, or a tar archive without a file");
			input_close(self);
			return NESCSIM_TRACE;
		}
	} else if (result != ARCHIVE_OK && result != ARCHIVE_WARN) {
		const char *why = archive_error_string(self->archive);
		int error = archive_errno(self->archive);
		nescsim_status status = NESCSIM_TRACE;

		/* libarchive's own codes are negative or 0; errno values mean that the file itself is unreadable. */
		if (error == EACCES || error == EPERM || error == EIO || error == EISDIR)
			status = report_open(diag, place, shown_name, words, NULL, strerror(error));
		else
			input_report(self, NULL, "copy or download it again", "the compressed file is damaged: %s",
				     why ? why : "no reason given");
		input_close(self);
		return status;
	}
	if (refill(self, HEAD_BYTES) != 0) {
		input_close(self);
		return NESCSIM_TRACE;
	}
	skip_byte_order_mark(self);
	if (self->end == 0) {
		if (words->if_empty)
			input_report(self, NULL, words->if_empty, "the file is empty");
		input_close(self);
		return words->if_empty ? NESCSIM_TRACE : NESCSIM_OK;
	}
	*input_out = self;
	return NESCSIM_OK;
}

void input_close(input *self)
{
	if (!self)
		return;
	if (self->archive)
		archive_read_free(self->archive);
	free(self->name);
	free(self);
}

const char *input_packing(size_t index)
{
	return index < NUM_PACKINGS ? packings[index].ending : NULL;
}

size_t input_head(input *self, const uint8_t **bytes_out)
{
	size_t num_bytes = self->end - self->begin;

	if (num_bytes > HEAD_BYTES)
		num_bytes = HEAD_BYTES;
	lift_fence(self);
	put_fence(self, self->buffer + self->begin + num_bytes);
	*bytes_out = (const uint8_t *)self->buffer + self->begin;
	return num_bytes;
}

int input_line(input *self, char **line_out, size_t *num_bytes_out)
{
	size_t available = self->end - self->begin, num_bytes, consumed;
	char *line = self->buffer + self->begin, *end;

	lift_fence(self);
	end = memchr(line, '\n', available);
	if (!end) {
		if (refill(self, INPUT_MAX_LINE_BYTES + 1) != 0)
			return -1;
		available = self->end - self->begin;
		if (available == 0)
			return 0;
		line = self->buffer + self->begin;
		end = memchr(line, '\n', available);
	}
	num_bytes = end ? (size_t)(end - line) : available;
	consumed = end ? num_bytes + 1 : num_bytes;
	self->num_lines++;
	if (num_bytes > INPUT_MAX_LINE_BYTES) {
		trace_position position = { .line = self->num_lines };

		self->failed = true;
		input_report(self, &position, self->words->if_long, "the line is longer than %d bytes",
			     INPUT_MAX_LINE_BYTES);
		return -1;
	}
	self->begin += consumed;
	self->num_bytes += consumed;
	if (num_bytes && line[num_bytes - 1] == '\r')
		num_bytes--;
	line[num_bytes] = '\0';
	put_fence(self, line + num_bytes + 1);
	*line_out = line;
	*num_bytes_out = num_bytes;
	return 1;
}

int64_t input_bytes(input *self, size_t num_bytes, const uint8_t **bytes_out)
{
	size_t available;

	lift_fence(self);
	if (refill(self, num_bytes) != 0)
		return -1;
	available = self->end - self->begin;
	if (available > num_bytes)
		available = num_bytes;
	*bytes_out = (const uint8_t *)self->buffer + self->begin;
	self->begin += available;
	self->num_bytes += available;
	put_fence(self, self->buffer + self->begin);
	return (int64_t)available;
}

uint64_t input_position_bytes(const input *self)
{
	return self->num_bytes;
}

uint64_t input_position_lines(const input *self)
{
	return self->num_lines;
}

static void skip(input *self, uint64_t line, uint64_t event, const char *why)
{
	size_t i = 0;

	while (i < INPUT_MAX_SKIPS - 1 && self->skips[i].why && self->skips[i].why != why)
		i++;
	if (!self->skips[i].why)
		self->skips[i] = (input_skips){ .why = why, .first_line = line, .first_event = event };
	self->skips[i].num++;
}

void input_skip(input *self, const char *why)
{
	skip(self, self->num_lines, 0, why);
}

void input_skip_event(input *self, uint64_t event, const char *why)
{
	skip(self, 0, event, why);
}

const input_skips *input_skipped(const input *self, size_t index)
{
	return index < INPUT_MAX_SKIPS && self->skips[index].why ? &self->skips[index] : NULL;
}

const char *input_name(const input *self)
{
	return self->name;
}
