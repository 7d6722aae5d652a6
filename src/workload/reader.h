/* What a trace format provides: one file, reader_<name>.c, and one line in readers.def. */
#ifndef WORKLOAD_READER_H
#define WORKLOAD_READER_H

#include "workload/trace.h"
#include "workload/writer.h"

/* A recorded time, whatever its epoch. */
typedef unsigned __int128 trace_instant; /* ps */

/* What a mistake's reader returns, by what input_report() said. */
static inline trace_result trace_bad(bool go_on)
{
	return go_on ? TRACE_BAD : TRACE_BROKEN;
}

typedef struct trace_reader {
	bool records_completions;
	size_t state_bytes;     /* of zeroed memory that the reader gets */
	const char *empty_hint; /* what would be a request, for a trace without one */

	/* Does a file that begins with these bytes have this format? */
	bool (*probe)(const uint8_t *head, size_t num_bytes);
	/* NESCSIM_OK or NESCSIM_NO_MEMORY. fini() is called in both cases. */
	nescsim_status (*init)(void *state, input *in);
	/* The next request in the order of queueing. Fills op, flags, device (any number that stands for one), sectors,
	 * the three times, file (which part of the recording) and the position; all else is worked out by the caller.
	 * Mistakes are reported with input_report(), what is no request and not obviously none with input_skip(). */
	trace_result (*next)(void *state, trace_record *record_out);
	/* For formats whose recordings are several files, one per CPU (else both are NULL): what stands between their
	 * common name and the number (workload/recording.h). */
	const char *part_infix;
	/* After init(), whose file is part 0, and before next(): the next part. NESCSIM_OK or NESCSIM_NO_MEMORY. */
	nescsim_status (*add_part)(void *state, input *in);
	/* What the trace calls a device. NULL: by its number. */
	void (*device_name)(const void *state, uint32_t device, char *text, size_t text_bytes);
	/* The recorded time that queued_ps counts from, on a clock that is common to all files of this format. Asked
	 * after the first request. */
	trace_instant (*origin)(const void *state);
	void (*fini)(void *state);
	const trace_writer *writer; /* NULL: the format is only read */
} trace_reader;

#define READER(name, help) extern const trace_reader reader_##name;
#include "workload/readers.def"
#undef READER

#endif
