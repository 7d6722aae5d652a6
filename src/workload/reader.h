/* What a trace format provides: one file, reader_<name>.c, and one line in readers.def. */
#ifndef WORKLOAD_READER_H
#define WORKLOAD_READER_H

#include "workload/trace.h"

typedef struct trace_reader {
	bool records_completions;
	bool numbered_devices;  /* a device is a number, not major and minor */
	size_t state_bytes;     /* of zeroed memory that the reader gets */
	const char *empty_hint; /* what would be a request, for a trace without one */

	/* Does a file that begins with these bytes have this format? */
	bool (*probe)(const uint8_t *head, size_t num_bytes);
	/* NESCSIM_OK or NESCSIM_NO_MEMORY. fini() is called in both cases. */
	nescsim_status (*init)(void *state, input *in);
	/* The next request in the order of queueing. Fills op, flags, device, sectors, the three times and the
	 * position; the dependency is worked out by the caller. Mistakes are reported with input_report(). */
	trace_result (*next)(void *state, trace_record *record_out);
	void (*fini)(void *state);
} trace_reader;

#define READER(name, help) extern const trace_reader reader_##name;
#include "workload/readers.def"
#undef READER

#endif
