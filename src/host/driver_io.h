/* What a driver is asked to do, and the queue in front of it. */
#ifndef HOST_DRIVER_IO_H
#define HOST_DRIVER_IO_H

#include "base/stages.h"
#include "nesc/model.h"

/* A request as a block layer hands it to a driver, which cuts it into what its device takes. Embedded in its owner's record. */
typedef struct driver_io {
	nesc_op op;
	bool preflush, fua;
	uint64_t first_byte;           /* of the disk that is driven */
	uint64_t num_bytes;            /* 0 for a flush */
	uint64_t next_byte;            /* of the request, not yet handed over */
	uint32_t num_pieces_left;      /* handed over, not complete */
	nesc_completion_status status; /* the worst of its pieces' */
	content_stamp *stamps;         /* check mode: one per sector; else NULL */
	stage_marks marks;             /* up to the hand-over of the last piece */
	struct driver_io *next;
} driver_io;

/* The device's part in the piece that finished last. */
typedef struct driver_part {
	ps_t start_ps, end_ps;
	latency_split split;
} driver_part;

/* A request is complete. `marks` is the path of the piece that finished last; `part` is NULL where no device was needed. */
typedef void driver_done_fn(void *context, driver_io *done, stage_marks *marks, const driver_part *part);

typedef struct driver_queue {
	driver_io *first, *last;
} driver_queue;

static inline void driver_queue_append(driver_queue *queue, driver_io *added)
{
	added->next = NULL;
	if (queue->last == NULL)
		queue->first = added;
	else
		queue->last->next = added;
	queue->last = added;
}

static inline driver_io *driver_queue_pop(driver_queue *queue)
{
	driver_io *first = queue->first;

	queue->first = first->next;
	if (first->next == NULL)
		queue->last = NULL;
	return first;
}

static inline void driver_io_fail(driver_io *of, nesc_completion_status status)
{
	if (status > of->status)
		of->status = status;
}

#endif
