/* Block traces: looking at them, turning them into other formats, making them. */
#ifndef NESCSIM_TRACE_H
#define NESCSIM_TRACE_H

#include <stdint.h>
#include <stdio.h>

#include <nescsim/error.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A trace, or a part of it. */
typedef struct nescsim_trace_input {
	const char *file_name; /* or a pattern, for several files that are one trace */
	const char *format;    /* a reader's name; NULL or "auto" = by content */
	const char *device;    /* this device's requests only; NULL = all */
	const char *skip;      /* "10 s": leave out what was queued earlier than this after the start; NULL = nothing */
	const char *window;    /* "1 min": leave out what was queued later than this after that; NULL = nothing */
} nescsim_trace_input;

/* A trace file to be made. It appears whole or not at all. */
typedef struct nescsim_trace_output {
	const char *file_name; /* packed as its end says: .gz, .bz2, .xz, .zst */
	const char *format;    /* a format's name; NULL = as the file's name says: x.msr.csv.gz is msr */
	int replaces;          /* not 0: a file of this name is replaced; 0: it is an error */
} nescsim_trace_output;

/* Reads a whole trace and writes what it holds: its format, requests by operation and by device, their mix, sizes, rate,
 * depth, latency where it is recorded, how sequential they are, the bytes that they touch, and how a workload can replay it.
 *
 * Returns NESCSIM_OK; NESCSIM_TRACE (every mistake, up to 20, is in diag with its place; nothing is written); NESCSIM_IO
 * (unreadable file, or `out` fails); NESCSIM_USAGE (no such format or device, or no time); NESCSIM_NO_MEMORY. Memory
 * depends on how many bytes of the disk the trace touches (1/32768 of them), not on its length. */
nescsim_status nescsim_trace_info(const nescsim_trace_input *part, FILE *out, nescsim_diag *diag);

/* Writes a trace in another format (or the same), reads it back, and says on `out` what the format could not carry.
 *
 * Returns as nescsim_trace_info(); also NESCSIM_USAGE for an output that cannot be made (there already, unknown format),
 * NESCSIM_TRACE when the format can hold none of the requests. Memory depends on how many requests were outstanding at
 * a time. */
nescsim_status nescsim_trace_convert(const nescsim_trace_input *part, const nescsim_trace_output *target, FILE *out,
				     nescsim_diag *diag);

/* What makes requests: options of fio, and a device that takes the same time for each. */
typedef struct nescsim_trace_job {
	const char *file_name; /* a fio job file, or NULL */
	const char *const
		*options; /* without a file, one job's: "rw=randrw"; direct=1 and ioengine=libaio go without saying */
	size_t num_options;
	const char *disk;    /* "10 GiB": the device; NULL = 1 GiB */
	const char *service; /* "100 us": from submission to completion; NULL = 100 us */
	uint64_t seed;       /* of what is drawn at random */
} nescsim_trace_job;

/* Writes the requests that a job makes as a trace. The same job and seed give the same file.
 *
 * Returns as nescsim_trace_convert(); NESCSIM_CONFIG for options that are no job. */
nescsim_status nescsim_trace_generate(const nescsim_trace_job *job, const nescsim_trace_output *target, FILE *out,
				      nescsim_diag *diag);

#ifdef __cplusplus
}
#endif
#endif
