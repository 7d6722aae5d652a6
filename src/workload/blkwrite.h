/* From requests to the block layer's events, for the formats that have those: what blkpair.h turns into the same requests
 * again. A request is queued (Q), issued (D) and, if its completion is known, completed (C).
 *
 * blkpair works out when a flush was queued, and matches events by their sectors: flushes that overlap, and requests for
 * the same sectors that overlap, may come back with other times. Memory use depends on how many requests are outstanding.
 */
#ifndef WORKLOAD_BLKWRITE_H
#define WORKLOAD_BLKWRITE_H

#include "workload/blkpair.h"
#include "workload/output.h"

/* BLK_QUEUE, BLK_ISSUE or BLK_COMPLETE; NULL: no request's, it only shows where the trace begins. */
typedef void (*blkwrite_put_fn)(output *out, uint32_t sequence, ps_t time_ps, uint32_t device, const blk_event *event);

/* One event to come. */
typedef struct blkwrite_event {
	uint64_t order; /* of equal times */
	blk_event event;
} blkwrite_event;

/* The state of each writer, zeroed at the start. */
typedef struct blkwrite {
	blkwrite_event *heap; /* earliest on top */
	size_t num, max;
	uint64_t num_requests;
	uint32_t sequence; /* of the event written last */
} blkwrite;

/* The members of a writer. */
bool blkwrite_put(blkwrite *self, output *out, const trace_record *record, const char *device, blkwrite_put_fn put);
void blkwrite_end(blkwrite *self, output *out, blkwrite_put_fn put);
void blkwrite_fini(void *state);
bool blkwrite_name_fits(const char *name);
void blkwrite_make_name(uint32_t number, char *text, size_t text_bytes);

#endif
