#include "workload/blkwrite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* "8,16" as major << 20 | minor; false for any other name. */
static bool parse_name(const char *name, uint32_t *device_out)
{
	unsigned major, minor;
	char again[32];

	if (sscanf(name, "%4u,%7u", &major, &minor) != 2 || major > 4095 || minor >= 1u << 20)
		return false;
	*device_out = major << 20 | minor;
	blkpair_device_name(NULL, *device_out, again, sizeof(again));
	return strcmp(again, name) == 0;
}

bool blkwrite_name_fits(const char *name)
{
	uint32_t device;

	return parse_name(name, &device);
}

/* As disks of the kind sd are numbered: 16 partitions each. */
void blkwrite_make_name(uint32_t number, char *text, size_t text_bytes)
{
	blkpair_device_name(NULL, (8 + (number >> 16)) << 20 | (number & 0xffff) << 4, text, text_bytes);
}

static bool is_before(const blkwrite_event *a, const blkwrite_event *b)
{
	return a->event.time_ps != b->event.time_ps ? a->event.time_ps < b->event.time_ps : a->order < b->order;
}

static bool push(blkwrite *self, const blkwrite_event *event)
{
	size_t at = self->num;

	if (at == self->max) {
		const size_t max = at ? 2 * at : 64;
		blkwrite_event *heap = realloc(self->heap, max * sizeof(*heap));

		if (!heap)
			return false;
		self->heap = heap;
		self->max = max;
	}
	self->num++;
	for (; at && is_before(event, &self->heap[(at - 1) / 2]); at = (at - 1) / 2)
		self->heap[at] = self->heap[(at - 1) / 2];
	self->heap[at] = *event;
	return true;
}

static void pop(blkwrite *self)
{
	const blkwrite_event last = self->heap[--self->num];
	size_t at = 0;

	for (;;) {
		size_t child = 2 * at + 1;

		if (child >= self->num)
			break;
		if (child + 1 < self->num && is_before(&self->heap[child + 1], &self->heap[child]))
			child++;
		if (!is_before(&self->heap[child], &last))
			break;
		self->heap[at] = self->heap[child];
		at = child;
	}
	self->heap[at] = last;
}

static void put_event(blkwrite *self, output *out, const blk_event *event, blkwrite_put_fn put)
{
	put(out, ++self->sequence, event->time_ps, event->device, event);
}

/* All events up to a time. */
static void put_until(blkwrite *self, output *out, ps_t until_ps, blkwrite_put_fn put)
{
	while (self->num && self->heap[0].event.time_ps <= until_ps) {
		put_event(self, out, &self->heap[0].event, put);
		pop(self);
	}
}

bool blkwrite_put(blkwrite *self, output *out, const trace_record *record, const char *device, blkwrite_put_fn put)
{
	const uint64_t order = 2 * self->num_requests;
	blkwrite_event issue = { .order = order }, complete;
	blk_event queue = {
		.action = BLK_QUEUE,
		.op = record->op == IO_FLUSH ? IO_WRITE : record->op,
		.preflush = record->op == IO_FLUSH || record->flags & TRACE_PREFLUSH,
		.fua = record->flags & TRACE_FUA,
		.first_sector = record->first_sector,
		.num_sectors = record->num_sectors,
		.time_ps = record->queued_ps,
	};

	if (!parse_name(device, &queue.device))
		return false;
	if (self->num_requests++ == 0 && record->queued_ps > 0)
		put(out, ++self->sequence, 0, queue.device, NULL);
	put_until(self, out, record->queued_ps, put);
	put_event(self, out, &queue, put);
	issue.event = queue;
	issue.event.action = BLK_ISSUE;
	issue.event.time_ps = record->issued_ps;
	complete = issue;
	complete.order++;
	complete.event.action = BLK_COMPLETE;
	complete.event.time_ps = record->completed_ps;
	complete.event.failed = record->flags & TRACE_DEVICE_ERROR;
	return push(self, &issue) && (record->completed_ps == TRACE_NO_TIME || push(self, &complete));
}

void blkwrite_end(blkwrite *self, output *out, blkwrite_put_fn put)
{
	put_until(self, out, PS_MAX, put);
}

void blkwrite_fini(void *state)
{
	blkwrite *self = state;

	free(self->heap);
}
