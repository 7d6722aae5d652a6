/* What text formats with one request per line share: lines, times that never decrease, bytes as sectors. */
#ifndef WORKLOAD_TEXTLOG_H
#define WORKLOAD_TEXTLOG_H

#include "workload/cursor.h"
#include "workload/reader.h"

typedef struct textlog {
	input *in;
	const char *hint; /* what a line looks like */
	char separator;   /* of fields; '\0' = blanks */
	bool has_base;
	unsigned __int128 base_ps, last_ps; /* time of the first and of the latest line */
	ps_t last_queued_ps;
} textlog;

/* Does the first line that is not blank look like this? In `shape` 9 stands for digits, x for hexadecimal ones, a for a
 * letter, _ for blanks, $ for the end of the line, all else for itself. Other blanks are skipped. */
bool textlog_looks_like(const uint8_t *head, size_t num_bytes, const char *shape);

/* The next line that is not blank. TRACE_RECORD: *c_out is at its first field. */
trace_result textlog_line(textlog *self, cursor *c_out);

/* Takes a line apart: the request, and its time. False: the cursor says what was missed. */
typedef bool (*textlog_take_fn)(cursor *c, trace_record *record, unsigned __int128 *time_out);

/* The next request of a format without completions: a reader's whole `next`. */
trace_result textlog_next(textlog *self, textlog_take_fn take, trace_record *record_out);

/* Reports what the cursor missed. Returns TRACE_BAD or TRACE_BROKEN. */
trace_result textlog_bad(textlog *self, cursor *c);

/* A request at this place, without a completion. */
trace_record textlog_record(const cursor *c, io_op op, uint32_t device);

/* Takes a size in bytes and sets the record's sectors: all those that the bytes touch. offset_bytes is below 2^63. */
bool textlog_size(cursor *c, uint64_t offset_bytes, trace_record *record);

/* Takes a number of sectors; first_sector is set. */
bool textlog_sectors(cursor *c, trace_record *record);

/* Sets the record's times from that of its line (since whenever) and its latency, or TRACE_NO_TIME. A time that is
 * before the last one or 106 days after the first is reported. */
trace_result textlog_time(textlog *self, unsigned __int128 time_ps, ps_t latency_ps, trace_record *record);

/* Times count from here, not from the first line's; to be called before it. */
void textlog_start(textlog *self, unsigned __int128 time_ps);

/* A reader's `origin`, and its `fini`, which has nothing to do; its state begins with a textlog. */
trace_instant textlog_origin(const void *state);
void textlog_fini(void *state);

/* For writers: a number that is counted in units of 10^-num_digits (up to 12), with a point only where it needs one. */
void textlog_put_decimal(output *out, ps_t value, unsigned num_digits);

/* Are these 1 to 255 bytes without control characters? And without blanks? */
bool textlog_is_printable(const char *name);
bool textlog_is_word(const char *name);

#endif
