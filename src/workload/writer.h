/* What a trace format provides that can be written, too: a `writer` of its reader. What a format cannot carry need not
 * be declared: who writes a trace reads it back and compares (convert.h). */
#ifndef WORKLOAD_WRITER_H
#define WORKLOAD_WRITER_H

#include "workload/output.h"
#include "workload/trace.h"

typedef struct trace_writer {
	size_t state_bytes;     /* of zeroed memory that the writer gets; 0 = none */
	unsigned ops;           /* of 1 << io_op: the requests that have a notation */
	bool needs_completions; /* a request without one has none */
	bool is_one_device;     /* a file is one device's */
	uint64_t max_sectors;   /* of a request; 0 = any number */

	/* What the format calls device number `number`, from 0. NULL: by the number. */
	void (*make_name)(uint32_t number, char *text, size_t text_bytes);
	/* Can a device have this name? Those that cannot are given a made one. NULL: any number below 2^32 without
	 * leading zeros. */
	bool (*name_fits)(const char *name);
	/* What stands before the requests. NULL: nothing. */
	void (*begin)(void *state, output *out);
	/* A request, in the order of queueing. False when out of memory. */
	bool (*put)(void *state, output *out, const trace_record *record, const char *device);
	/* What is still to be written behind the last request. NULL: nothing. */
	void (*end)(void *state, output *out);
	void (*fini)(void *state);
} trace_writer;

#endif
