/* From the block layer's events to requests: pairs what was queued, issued and completed.
 *
 * A request is what was issued to the driver (D). It carries the queue time (Q) of the earliest bio merged into it,
 * and the time of its completion (C). Facts that make this more than a lookup, seen in real traces:
 * - A request may contain many bios (merges) and a bio may feed several requests (splits). Bios are found by walking
 *   the request's sectors.
 * - A write with preflush or FUA to a device with a volatile cache is issued as up to three requests - flush, data,
 *   flush - and its bio then completes once more with zero length. Each of the three counts, as it did for the device.
 *   The flushes have no Q of their own: a flush is queued when the oldest bio waiting for one was queued (or its data
 *   were completed), but not before the previous flush ended, because the block layer runs one at a time; the data of
 *   a preflushed write are queued when that flush ended. One flush may serve several bios.
 * - A requeued request (R) is issued twice and counts once, with its first issue time.
 * - A completion may cover a part of its request.
 */
#ifndef WORKLOAD_BLKPAIR_H
#define WORKLOAD_BLKPAIR_H

#include "workload/reader.h"
#include "workload/trace.h"

#define BLKPAIR_MAX_PENDING 65536 /* bios and requests kept; the oldest is given up beyond that */

typedef enum blk_action {
	BLK_QUEUE,
	BLK_SPLIT,
	BLK_ISSUE,
	BLK_REQUEUE,
	BLK_COMPLETE,
} blk_action;

typedef struct blk_event {
	blk_action action;
	io_op op; /* READ, WRITE or DISCARD; a flush is a preflush without sectors */
	bool preflush, fua, failed;
	uint32_t device;
	uint64_t first_sector, num_sectors;
	uint64_t split_sector; /* BLK_SPLIT: where the rest of the bio begins */
	ps_t time_ps;
	uint32_t file; /* part of the recording that it stands in */
	trace_position position;
} blk_event;

#define BLKPAIR_EMPTY_HINT "a request is an issue event (D); record at least queue, issue and complete"

typedef struct blkpair blkpair;

/* NULL when out of memory. */
blkpair *blkpair_create(void);
void blkpair_destroy(blkpair *self);

/* Takes the next event; times must not decrease. False when out of memory. */
bool blkpair_event(blkpair *self, const blk_event *event);

/* The trace has ended: what has no completion yet has none. */
void blkpair_finish(blkpair *self);

/* Reads one event of the reader `state`: TRACE_RECORD (and whether it is wanted), TRACE_END, or what is wrong. */
typedef trace_result (*blkpair_read_fn)(void *state, blk_event *event_out, bool *wanted_out);

/* The next request of a trace whose events `read` brings: a reader's whole `next`. */
trace_result blkpair_next(blkpair *self, input *in, blkpair_read_fn read, void *state, trace_record *record_out);

/* A reader's `device_name`: "major,minor". */
void blkpair_device_name(const void *state, uint32_t device, char *text, size_t text_bytes);

/* The next request in the order of queueing, once nothing earlier can still turn up. False when there is none yet. */
bool blkpair_pop(blkpair *self, trace_record *record_out);

#endif
