/* Writes a stream of requests in a trace format, and says what was lost: the file is read back and compared with the
 * stream, request by request, before it gets its name. */
#ifndef WORKLOAD_CONVERT_H
#define WORKLOAD_CONVERT_H

#include "workload/names.h"
#include "workload/trace.h"

/* Requests in the order of queueing: a trace, or what generates them. */
typedef struct convert_stream {
	void *self;
	/* As trace_next(); what is wrong is reported by the stream. */
	trace_result (*next)(void *self, trace_record *record_out);
	const char *(*device_name)(void *self, uint32_t device);
	/* Reports that there was none. */
	void (*report_empty)(void *self);
	void (*close)(void *self);
} convert_stream;

/* Opens the stream; called twice, it brings the same requests again. Returns NESCSIM_OK or the status of what it
 * reported. */
typedef nescsim_status (*convert_open_fn)(void *context, nescsim_diag *diag, convert_stream *stream_out);

typedef struct convert_target {
	const char *file_name;
	const char *format; /* a format's name; NULL = by the file's name: "x.msr.csv.gz" is msr */
	bool replaces;      /* a file that is there */
} convert_target;

/* Times that came back as others. */
typedef struct convert_times {
	uint64_t num;
	ps_t most_ps; /* the largest difference */
} convert_times;

/* What there was, and what of it is not in the file. Ends with convert_result_fini(). */
typedef struct convert_result {
	const char *format;
	uint64_t num_written;
	uint64_t num_left_out[IO_NUM_OPS];         /* operations without a notation */
	uint64_t num_too_large;                    /* for the format, left out */
	uint64_t num_incomplete;                   /* left out: not seen to complete, and the format needs it */
	ps_t lead_ps;                              /* before the first request */
	convert_times queueing, issue, completion; /* issue: since queueing */
	bool shows_issue;                          /* the format does */
	uint64_t num_lost_completions;             /* the format does not show them */
	uint64_t num_lost_flags;                   /* requests with other flags */
	uint64_t num_other_devices; /* requests that are another device's, because of how blktrace pairs events */
	names old_names, new_names; /* of devices, in the same order */
} convert_result;

/* The format that a file's name stands for, or NULL. */
const char *convert_format_of(const char *file_name);

/* Returns NESCSIM_OK; NESCSIM_USAGE (no such format, one that is only read, or a target that cannot be);
 * NESCSIM_TRACE (the stream is broken; or the format cannot hold it: what it cannot is reported); NESCSIM_IO;
 * NESCSIM_NO_MEMORY. Whatever fails, nothing is left of the file. *result_out is to be freed in every case. */
nescsim_status convert(convert_open_fn open, void *context, const convert_target *target, nescsim_diag *diag,
		       convert_result *result_out);

void convert_result_fini(convert_result *self);

#endif
