/* A block trace as a stream of requests in the order in which they were queued.
 *
 * Whatever the format, a record says what was asked, when, and what it had to wait for: the dependency that a
 * closed-loop replay keeps. Memory use depends on how many requests were outstanding, not on the trace's length.
 *
 * A trace may be several files, named by a pattern such as "msr/\*.csv.gz": they are merged by their recorded times,
 * and a device of the same name in two files is one device. Time then counts from the earliest file's first event.
 *
 * The files of one recording are never several traces: blktrace writes one for each CPU, NAME.blktrace.0 and so on, packed
 * or not. Any of them names them all, alone or by a pattern, and so does NAME where no file is called that.
 */
#ifndef WORKLOAD_TRACE_H
#define WORKLOAD_TRACE_H

#include "base/diag.h"
#include "base/time.h"
#include "workload/input.h"
#include "workload/io.h"

#define TRACE_DEVICE_BYTES 256               /* a device's name, with its end */
#define TRACE_MAX_FILES 256                  /* read at once */
#define TRACE_NO_TIME INT64_C(-1)            /* completed_ps when the trace does not show a completion */
#define TRACE_MAX_SECTOR (UINT64_C(1) << 54) /* so that every byte address fits int64_t */

typedef enum trace_flags {
	TRACE_PREFLUSH = 1 << 0,
	TRACE_FUA = 1 << 1,
	TRACE_DEVICE_ERROR = 1 << 2, /* the traced device failed this request */
} trace_flags;

/* What a request follows in a closed loop. */
typedef enum trace_after {
	TRACE_AFTER_START,      /* the first request: `gap_ps` after the trace's first event */
	TRACE_AFTER_SUBMISSION, /* of request `anchor`, always the one before: nothing completed in between */
	TRACE_AFTER_COMPLETION, /* of request `anchor`, the last to complete before this one was queued */
} trace_after;

typedef struct trace_record {
	io_op op;
	unsigned flags;                     /* of trace_flags */
	uint32_t device;                    /* by trace_device_name(): numbered from 0 as they appear */
	uint32_t file;                      /* of the trace's files, from 0 */
	uint64_t first_sector, num_sectors; /* 512 B units; below TRACE_MAX_SECTOR; 0 sectors only for a flush */
	ps_t queued_ps;                     /* since the trace's first event; never decreases from record to record */
	ps_t issued_ps;                     /* to the device driver */
	ps_t completed_ps;                  /* or TRACE_NO_TIME */
	uint64_t ordinal;                   /* from 0 */
	trace_after after;
	uint64_t anchor;         /* ordinal of what this request follows (< ordinal) */
	ps_t gap_ps;             /* recorded time between that and queued_ps; >= 0 */
	trace_position position; /* where in the file the request was issued */
} trace_record;

typedef enum trace_result {
	TRACE_RECORD, /* *record_out is filled */
	TRACE_END,    /* the whole trace was read */
	TRACE_BAD,    /* a mistake was reported; reading may go on, to find more of them */
	TRACE_BROKEN, /* a mistake was reported and nothing more can be read */
} trace_result;

typedef struct trace_options {
	const char *format; /* reader's name; NULL, "" or "auto" = by content */
	const char *device; /* name: only this device's requests; NULL or "" = see below */
	bool any_device;    /* without `device`: true = requests of all devices, false = a second device is an error */
	ps_t skip_ps;       /* leave out what was queued earlier than this after the trace's start, which becomes the
			     * new start */
	ps_t window_ps;     /* leave out what was queued this long after the (new) start, or later; 0 = to the end */
} trace_options;

typedef struct trace trace;

/* Opens a trace: a file, the files of a recording, or those that a pattern with * ? [] names (see input_open() for
 * places and statuses; also NESCSIM_TRACE for an unknown format, or a recording of which a file is missing). On success
 * *trace_out is to be freed with trace_close(); `diag` and the strings of `options` (which may be NULL) must outlive it. */
nescsim_status trace_open(const char *file_name, const char *shown_name, const trace_options *options,
			  const diag_place *place, nescsim_diag *diag, trace **trace_out);

/* Names the files that trace_open() would read as `format`, without opening any; those that are not there, too. Returns NESCSIM_OK,
 * NESCSIM_IO (a pattern that matches none), NESCSIM_TRACE (or too many) or NESCSIM_NO_MEMORY. */
nescsim_status trace_visit_files(const char *file_name, const char *format, io_file_visitor *visit, void *context);

trace_result trace_next(trace *self, trace_record *record_out);

void trace_close(trace *self);

/* Adds an error about a record of this trace, at its place in the file. Returns false when there are too many. */
bool trace_report(trace *self, const trace_record *record, const char *hint, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* Adds the error that the trace holds no request. */
void trace_report_empty(trace *self);

/* Name of the format, and whether it records completions (a closed loop needs them). */
const char *trace_format(const trace *self);
bool trace_records_completions(const trace *self);

/* How many files are read; those of a recording count each, without those that are empty. */
size_t trace_num_files(const trace *self);

/* Devices that the records so far are of, and what the trace calls one: "254,16", "5", "usr_0", a file's name. */
uint32_t trace_num_devices(const trace *self);
const char *trace_device_name(const trace *self, uint32_t device);

/* What was left out of a file so far: reason number `index`, or NULL. */
const input_skips *trace_skipped(const trace *self, size_t file, size_t index);

/* What messages call a file. */
const char *trace_file_name(const trace *self, size_t file);

/* The table of formats, for lists and messages. */
typedef struct trace_format_row {
	const char *name, *help;
} trace_format_row;

extern const trace_format_row trace_formats[];
extern const size_t trace_num_formats;

/* Would a file of this name, if it were there, be read as one of several files of a recording, or not without them? */
bool trace_joins_others(const char *file_name);

/* How a format is written; NULL if it is not, or is none. */
const struct trace_writer *trace_writer_of(const char *format);

#endif
