/* A trace file, or another file of measured facts, as a stream: plain, gzip, bzip2, xz or zstd, told apart by content
 * and unpacked on the fly.
 *
 * Memory use is one fixed buffer, whatever the length of the file. All messages about the file's content go
 * through input_report(), which knows the file's name and stops at INPUT_MAX_ERRORS.
 */
#ifndef WORKLOAD_INPUT_H
#define WORKLOAD_INPUT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/diag.h"

#define INPUT_MAX_ERRORS 20
#define INPUT_MAX_SKIPS 4          /* reasons for leaving something out */
#define INPUT_MAX_LINE_BYTES 65536 /* longest line, and longest contiguous piece for input_bytes() */

/* A place in the unpacked file: lines and columns in text, event number and byte offset in binary formats. */
typedef struct trace_position {
	uint64_t line;   /* from 1; 0 = not a text format */
	uint64_t column; /* from 1; 0 = the whole line */
	uint64_t event;  /* binary: number of the event from 1; 0 = the whole file */
	uint64_t byte;   /* binary: offset of the event's first byte, unpacked */
} trace_position;

typedef struct input input;

/* What messages call the file and its parts. */
typedef struct input_words {
	const char *noun;      /* "cannot read NOUN 'file'" */
	const char *if_empty;  /* hint: what an empty file lacks; NULL: it may be empty */
	const char *if_stream; /* hint: why a pipe will not do */
	const char *if_long;   /* hint: what a line is */
} input_words;

/* Of a trace, and of a file that is one part of a trace. */
extern const input_words input_trace_words, input_part_words;

/* Opens `file_name`; `words` must outlive it; `shown_name` (copied) is what messages call it. An unreadable file is
 * reported at `place` (where the user named it; NULL = at the file itself). Returns NESCSIM_OK, NESCSIM_IO, NESCSIM_TRACE
 * (empty file, broken compression) or NESCSIM_NO_MEMORY. On success *input_out is to be freed with input_close(), and
 * `diag` must outlive it; it is NULL for an empty file that may be empty. */
nescsim_status input_open(const char *file_name, const char *shown_name, const input_words *words,
			  const diag_place *place, nescsim_diag *diag, input **input_out);

void input_close(input *self);

/* What the names of packed files end in, "" (not packed) first; NULL behind the last. */
const char *input_packing(size_t index);

/* The first bytes of the unpacked file (up to 4 KiB), without consuming them. Valid until the next read. */
size_t input_head(input *self, const uint8_t **bytes_out);

/* The next line without its end ("\n" or "\r\n"), NUL-terminated in place; valid until the next call.
 * Returns 1, 0 at the end of the file, or -1 when reading failed (reported). */
int input_line(input *self, char **line_out, size_t *num_bytes_out);

/* The next num_bytes (<= INPUT_MAX_LINE_BYTES) as one piece, valid until the next call. Returns how many there are
 * (fewer only at the end of the file), or -1 when reading failed (reported). */
int64_t input_bytes(input *self, size_t num_bytes, const uint8_t **bytes_out);

/* The unsigned number that these bytes (1 to 8) are. */
static inline uint64_t input_number(const uint8_t *bytes, size_t num_bytes, bool big_endian)
{
	uint64_t value = 0;

	for (size_t i = 0; i < num_bytes; i++)
		value |= (uint64_t)bytes[i] << 8 * (big_endian ? num_bytes - 1 - i : i);
	return value;
}

/* Number of unpacked bytes, and of lines, consumed so far. */
uint64_t input_position_bytes(const input *self);
uint64_t input_position_lines(const input *self);

/* Adds an error about the file's content. Returns false once INPUT_MAX_ERRORS have been reported: give up then. */
bool input_report(input *self, const trace_position *position, const char *hint, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* Notes that the line that was read last, or record number `event` (from 1) of a binary file, is left out, and why:
 * words of static storage that go on after "N lines" or "N records". */
void input_skip(input *self, const char *why);
void input_skip_event(input *self, uint64_t event, const char *why);

/* What was left out so far, by reason. */
typedef struct input_skips {
	const char *why;
	uint64_t num;
	uint64_t first_line, first_event; /* the one that the format has not is 0 */
} input_skips;

/* The reason number `index`, or NULL. */
const input_skips *input_skipped(const input *self, size_t index);

/* What messages call the file. */
const char *input_name(const input *self);

#endif
