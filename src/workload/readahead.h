/* Requests whose times are nearly in order, given out in order: what formats share that are written as requests
 * complete.
 *
 * They are read READAHEAD_WINDOW requests ahead and given out by time, in the order of the file where times are equal;
 * a request that comes later than that is a mistake. Times count from the earliest request among the first
 * READAHEAD_WINDOW. Memory is that of the window, with `spreads` also that of the requests of one tick.
 */
#ifndef WORKLOAD_READAHEAD_H
#define WORKLOAD_READAHEAD_H

#include "workload/reader.h"

#define READAHEAD_WINDOW 16384             /* requests */
#define READAHEAD_MAX_PER_TICK (1 << 20)   /* of equal time, where they are spread */
#define READAHEAD_NO_RESPONSE (UINT64_MAX) /* response_ticks of a request whose end was not recorded */

typedef struct readahead_request {
	uint64_t ticks, response_ticks;
	uint64_t number; /* of its line or record, from 1 */
	uint64_t first_sector, num_sectors;
	uint32_t device;
	io_op op;
} readahead_request;

/* What the first five say is set by the reader's init. The requests read ahead are a ring, sorted by time. */
typedef struct readahead {
	input *in;
	ps_t tick_ps;          /* at least 1 ns */
	bool spreads;          /* n requests of one tick are 1/n tick apart */
	uint64_t record_bytes; /* of a binary format, whose records all have this length; 0 = a line each */
	const char *late_hint; /* what to do about requests that come too late */
	readahead_request *ring;
	size_t first, num, capacity; /* the capacity is a power of two */
	size_t num_earliest;         /* at the front, of equal time */
	bool at_end, has_base;
	uint64_t base_ticks, last_ticks;   /* of the first and the latest request that was given out */
	uint64_t spread_size, spread_left; /* requests of the tick that is being spread */
} readahead;

/* Reads one line or record of the reader `state`: TRACE_RECORD (and whether it is a request), TRACE_END, or what is
 * wrong. */
typedef trace_result (*readahead_read_fn)(void *state, readahead_request *request_out, bool *wanted_out);

/* The next request of a trace that `read` brings: a reader's whole `next`. */
trace_result readahead_next(readahead *self, readahead_read_fn read, void *state, trace_record *record_out);

/* A reader's `origin`; its state begins with a readahead. */
trace_instant readahead_origin(const void *state);

void readahead_fini(readahead *self);

#endif
