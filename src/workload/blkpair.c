#include "workload/blkpair.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NONE UINT32_MAX
#define NUM_BUCKETS 16384 /* power of two */
#define MAX_DEVICES 256   /* with flush state of their own */
#define MAX_FLUSH_BIOS 1024
#define MAX_SCAN 256 /* bios looked at when a request begins inside a bio */

/* Where a bio with preflush or FUA stands. */
typedef enum flush_state {
	WAITS_FOR_PREFLUSH,
	IN_PREFLUSH,
	DATA_READY,
	DATA_ISSUED,
	WAITS_FOR_POSTFLUSH,
	IN_POSTFLUSH,
} flush_state;

/* Both a bio that was queued and not issued yet, and a request that was issued and not handed out yet. */
typedef struct entry {
	uint32_t device, file;
	io_op op;
	bool preflush, fua, failed;
	bool requeued;                      /* request: taken back by the block layer, will be issued again */
	bool done;                          /* request: completed or given up */
	flush_state state;                  /* flush bio */
	uint32_t flush_bio;                 /* request: the flush bio whose data it carries, or NONE */
	uint64_t first_sector, num_sectors; /* as queued or issued */
	uint64_t rest_first, rest_num;      /* bio: not issued yet; request: not completed yet */
	ps_t queued_ps, issued_ps, completed_ps;
	uint64_t sequence; /* number of the event that queued it: orders equal times */
	trace_position position;
	uint32_t hash_next;  /* older entries first */
	uint32_t prev, next; /* bio: its list, oldest first; free entries: next */
} entry;

typedef struct list {
	uint32_t head, tail;
	size_t num;
} list;

typedef struct device_state {
	uint32_t device;
	bool flushed;      /* flush_end_ps is valid */
	ps_t flush_end_ps; /* completion of the latest flush */
} device_state;

struct blkpair {
	entry *pool;
	uint32_t pool_num, free_head;
	uint64_t sequence;
	list bios; /* plain ones, in the order of queueing */
	list flush_bios;
	uint32_t *window; /* binary heap of requests by (queued_ps, sequence) */
	size_t window_num, window_capacity;
	ps_t last_queued_ps; /* of the request handed out last */
	size_t num_devices;
	bool finished;
	device_state devices[MAX_DEVICES];
	uint32_t bio_buckets[NUM_BUCKETS];
	uint32_t request_buckets[NUM_BUCKETS];
};

blkpair *blkpair_create(void)
{
	blkpair *self = calloc(1, sizeof(*self));

	if (!self)
		return NULL;
	memset(self->bio_buckets, 0xff, sizeof(self->bio_buckets));
	memset(self->request_buckets, 0xff, sizeof(self->request_buckets));
	self->free_head = NONE;
	self->bios = (list){ NONE, NONE, 0 };
	self->flush_bios = self->bios;
	return self;
}

void blkpair_destroy(blkpair *self)
{
	if (!self)
		return;
	free(self->pool);
	free(self->window);
	free(self);
}

/* Entries: a pool that grows to the depth of the trace and is then reused. */

static uint32_t entry_take(blkpair *self)
{
	uint32_t index;

	if (self->free_head == NONE) {
		uint32_t num = self->pool_num ? 2 * self->pool_num : 256;
		entry *pool = realloc(self->pool, num * sizeof(*pool));

		if (!pool)
			return NONE;
		self->pool = pool;
		for (uint32_t i = num; i-- > self->pool_num;) {
			pool[i].next = self->free_head;
			self->free_head = i;
		}
		self->pool_num = num;
	}
	index = self->free_head;
	self->free_head = self->pool[index].next;
	memset(&self->pool[index], 0, sizeof(entry));
	self->pool[index].hash_next = self->pool[index].prev = self->pool[index].next = NONE;
	self->pool[index].flush_bio = NONE;
	return index;
}

static void entry_give(blkpair *self, uint32_t index)
{
	self->pool[index].next = self->free_head;
	self->free_head = index;
}

static uint32_t *bucket_of(uint32_t *buckets, uint32_t device, io_op op, uint64_t sector)
{
	uint64_t key = (sector ^ ((uint64_t)device << 24) ^ ((uint64_t)op << 60)) * UINT64_C(0x9e3779b97f4a7c15);

	return &buckets[key >> 50];
}

static void hash_add(blkpair *self, uint32_t *buckets, uint32_t index)
{
	const entry *e = &self->pool[index];
	uint32_t *link = bucket_of(buckets, e->device, e->op, e->rest_first);

	while (*link != NONE)
		link = &self->pool[*link].hash_next;
	*link = index;
	self->pool[index].hash_next = NONE;
}

static void hash_remove(blkpair *self, uint32_t *buckets, uint32_t index)
{
	const entry *e = &self->pool[index];
	uint32_t *link = bucket_of(buckets, e->device, e->op, e->rest_first);

	while (*link != NONE && *link != index)
		link = &self->pool[*link].hash_next;
	if (*link == index)
		*link = e->hash_next;
}

/* The oldest entry that begins at this sector. */
static uint32_t hash_find(const blkpair *self, uint32_t *buckets, uint32_t device, io_op op, uint64_t sector)
{
	uint32_t index = *bucket_of(buckets, device, op, sector);

	while (index != NONE) {
		const entry *e = &self->pool[index];

		if (e->rest_first == sector && e->device == device && e->op == op)
			return index;
		index = e->hash_next;
	}
	return NONE;
}

static void list_add_after(blkpair *self, list *where, uint32_t after, uint32_t index)
{
	entry *e = &self->pool[index];

	e->prev = after;
	e->next = after == NONE ? where->head : self->pool[after].next;
	if (e->prev == NONE)
		where->head = index;
	else
		self->pool[e->prev].next = index;
	if (e->next == NONE)
		where->tail = index;
	else
		self->pool[e->next].prev = index;
	where->num++;
}

static void list_remove(blkpair *self, list *where, uint32_t index)
{
	entry *e = &self->pool[index];

	if (e->prev == NONE)
		where->head = e->next;
	else
		self->pool[e->prev].next = e->next;
	if (e->next == NONE)
		where->tail = e->prev;
	else
		self->pool[e->next].prev = e->prev;
	where->num--;
}

static void bio_drop(blkpair *self, uint32_t index)
{
	hash_remove(self, self->bio_buckets, index);
	list_remove(self, &self->bios, index);
	entry_give(self, index);
}

static void flush_bio_drop(blkpair *self, uint32_t index)
{
	/* A request that still names it must not find whatever is stored there next. */
	for (size_t i = 0; self->pool[index].state == DATA_ISSUED && i < self->window_num; i++)
		if (self->pool[self->window[i]].flush_bio == index)
			self->pool[self->window[i]].flush_bio = NONE;
	list_remove(self, &self->flush_bios, index);
	entry_give(self, index);
}

static device_state *device_of(blkpair *self, uint32_t device)
{
	for (size_t i = 0; i < self->num_devices; i++)
		if (self->devices[i].device == device)
			return &self->devices[i];
	if (self->num_devices == MAX_DEVICES)
		return NULL;
	self->devices[self->num_devices] = (device_state){ .device = device };
	return &self->devices[self->num_devices++];
}

/* The window: requests issued but not handed out, earliest queued first. */

static bool earlier(const entry *a, const entry *b)
{
	return a->queued_ps != b->queued_ps ? a->queued_ps < b->queued_ps : a->sequence < b->sequence;
}

static bool window_push(blkpair *self, uint32_t index)
{
	size_t i = self->window_num;

	if (i == self->window_capacity) {
		size_t capacity = i ? 2 * i : 256;
		uint32_t *window = realloc(self->window, capacity * sizeof(*window));

		if (!window)
			return false;
		self->window = window;
		self->window_capacity = capacity;
	}
	self->window_num++;
	while (i > 0 && earlier(&self->pool[index], &self->pool[self->window[(i - 1) / 2]])) {
		self->window[i] = self->window[(i - 1) / 2];
		i = (i - 1) / 2;
	}
	self->window[i] = index;
	return true;
}

static void window_pop(blkpair *self)
{
	uint32_t last = self->window[--self->window_num];
	size_t i = 0;

	for (;;) {
		size_t child = 2 * i + 1;

		if (child >= self->window_num)
			break;
		if (child + 1 < self->window_num &&
		    earlier(&self->pool[self->window[child + 1]], &self->pool[self->window[child]]))
			child++;
		if (!earlier(&self->pool[self->window[child]], &self->pool[last]))
			break;
		self->window[i] = self->window[child];
		i = child;
	}
	self->window[i] = last;
}

/* A bio was queued. */
static bool take_queue(blkpair *self, const blk_event *event)
{
	bool is_flush_bio = event->preflush || event->fua;
	uint32_t index;
	entry *e;

	if (event->num_sectors == 0 && !event->preflush)
		return true;
	index = entry_take(self);
	if (index == NONE)
		return false;
	e = &self->pool[index];
	e->device = event->device;
	e->op = event->op;
	e->preflush = event->preflush;
	e->fua = event->fua;
	e->first_sector = e->rest_first = event->first_sector;
	e->num_sectors = e->rest_num = event->num_sectors;
	e->queued_ps = event->time_ps;
	e->sequence = self->sequence;
	if (is_flush_bio) {
		e->state = event->preflush ? WAITS_FOR_PREFLUSH : DATA_READY;
		if (self->flush_bios.num == MAX_FLUSH_BIOS)
			flush_bio_drop(self, self->flush_bios.head);
		list_add_after(self, &self->flush_bios, self->flush_bios.tail, index);
		return true;
	}
	if (self->bios.num == BLKPAIR_MAX_PENDING)
		bio_drop(self, self->bios.head);
	list_add_after(self, &self->bios, self->bios.tail, index);
	hash_add(self, self->bio_buckets, index);
	return true;
}

/* Cuts a bio at a sector strictly inside it: the front stays, the rest becomes a bio of the same age. */
static uint32_t bio_cut(blkpair *self, uint32_t index, uint64_t sector)
{
	uint32_t rest = entry_take(self);
	uint32_t hash_next, prev, next;
	entry *e, *r;

	if (rest == NONE)
		return NONE;
	e = &self->pool[index];
	r = &self->pool[rest];
	hash_next = r->hash_next;
	prev = r->prev;
	next = r->next;
	*r = *e;
	r->hash_next = hash_next;
	r->prev = prev;
	r->next = next;
	r->rest_first = sector;
	r->rest_num = e->rest_first + e->rest_num - sector;
	e->rest_num = sector - e->rest_first;
	list_add_after(self, &self->bios, index, rest);
	hash_add(self, self->bio_buckets, rest);
	return rest;
}

static bool take_split(blkpair *self, const blk_event *event)
{
	uint32_t index = hash_find(self, self->bio_buckets, event->device, event->op, event->first_sector);

	if (index == NONE || event->split_sector <= event->first_sector ||
	    event->split_sector - event->first_sector >= self->pool[index].rest_num)
		return true;
	return bio_cut(self, index, event->split_sector) != NONE;
}

/* Takes the bios that the sectors [first, first + num) were made of; lowers the request's queue time to theirs. */
static bool consume_bios(blkpair *self, entry *request, uint64_t first, uint64_t num, bool *found_out)
{
	uint64_t end = first + num;

	*found_out = false;
	while (first < end) {
		uint32_t index = hash_find(self, self->bio_buckets, request->device, request->op, first);
		entry *bio;

		if (index == NONE) {
			/* A request may begin inside a bio when parts of a split bio are issued out of order. */
			uint32_t scan = self->bios.head;

			for (int i = 0; i < MAX_SCAN && scan != NONE; i++, scan = self->pool[scan].next) {
				bio = &self->pool[scan];
				if (bio->device == request->device && bio->op == request->op &&
				    bio->rest_first < first && first - bio->rest_first < bio->rest_num)
					break;
			}
			if (scan == NONE || self->pool[scan].rest_first >= first ||
			    self->pool[scan].device != request->device || self->pool[scan].op != request->op ||
			    first - self->pool[scan].rest_first >= self->pool[scan].rest_num)
				return true;
			index = bio_cut(self, scan, first);
			if (index == NONE)
				return false;
		}
		bio = &self->pool[index];
		if (!*found_out || earlier(bio, request)) {
			request->queued_ps = bio->queued_ps;
			request->sequence = bio->sequence;
		}
		*found_out = true;
		if (bio->rest_num <= end - first) {
			first += bio->rest_num;
			bio_drop(self, index);
		} else {
			hash_remove(self, self->bio_buckets, index);
			bio->rest_num -= end - first;
			bio->rest_first = end;
			hash_add(self, self->bio_buckets, index);
			first = end;
		}
	}
	return true;
}

/* The request is the flush that the block layer issues on behalf of the bios that wait for one. */
static void issue_flush(blkpair *self, entry *request)
{
	const device_state *device = device_of(self, request->device);
	bool found = false;

	for (uint32_t i = self->flush_bios.head; i != NONE; i = self->pool[i].next) {
		entry *bio = &self->pool[i];

		if (bio->device != request->device ||
		    (bio->state != WAITS_FOR_PREFLUSH && bio->state != WAITS_FOR_POSTFLUSH))
			continue;
		if (!found || earlier(bio, request)) {
			request->queued_ps = bio->queued_ps;
			request->sequence = bio->sequence;
		}
		found = true;
		bio->state = bio->state == WAITS_FOR_PREFLUSH ? IN_PREFLUSH : IN_POSTFLUSH;
	}
	if (found && device && device->flushed)
		request->queued_ps = ps_max(request->queued_ps, device->flush_end_ps);
}

/* The request carries the data of a bio with preflush or FUA. */
static bool issue_flush_data(blkpair *self, entry *request, bool native_fua)
{
	const device_state *device = device_of(self, request->device);

	for (uint32_t i = self->flush_bios.head; i != NONE; i = self->pool[i].next) {
		entry *bio = &self->pool[i];

		if (bio->device != request->device || bio->first_sector != request->first_sector ||
		    bio->op != request->op || bio->num_sectors == 0 || bio->state >= DATA_ISSUED)
			continue;
		request->queued_ps = bio->queued_ps;
		request->sequence = bio->sequence;
		if (bio->state != DATA_READY && bio->preflush && !request->preflush && device && device->flushed)
			request->queued_ps = ps_max(request->queued_ps, device->flush_end_ps);
		if (bio->fua && !native_fua) {
			bio->state = DATA_ISSUED;
			request->flush_bio = i;
		} else {
			flush_bio_drop(self, i);
		}
		return true;
	}
	return false;
}

static uint32_t find_requeued(const blkpair *self, uint32_t *buckets, const blk_event *event, io_op op,
			      uint64_t first_sector)
{
	uint32_t index = *bucket_of(buckets, event->device, op, first_sector);

	for (; index != NONE; index = self->pool[index].hash_next) {
		const entry *e = &self->pool[index];

		if (e->requeued && e->device == event->device && e->op == op && e->rest_first == first_sector)
			return index;
	}
	return NONE;
}

static bool is_flush(const blk_event *event)
{
	return event->preflush && event->num_sectors == 0;
}

static bool take_issue(blkpair *self, const blk_event *event)
{
	io_op op = is_flush(event) ? IO_FLUSH : event->op;
	uint64_t first_sector = op == IO_FLUSH ? 0 : event->first_sector;
	uint32_t index;
	bool found = true;
	entry *e, request;

	if (event->num_sectors == 0 && op != IO_FLUSH)
		return true;
	index = find_requeued(self, self->request_buckets, event, op, first_sector);
	if (index != NONE) {
		e = &self->pool[index];
		e->requeued = false;
		/* Bios may have been merged into it while it waited to be issued again. */
		if (op != IO_FLUSH && event->num_sectors > e->rest_num) {
			request = *e;
			if (!consume_bios(self, &request, first_sector + e->rest_num, event->num_sectors - e->rest_num,
					  &found))
				return false;
			e = &self->pool[index];
			e->num_sectors += event->num_sectors - e->rest_num;
			e->rest_num = event->num_sectors;
		}
		return true;
	}
	request = (entry){
		.device = event->device,
		.op = op,
		.preflush = op == IO_WRITE && event->preflush,
		.fua = op == IO_WRITE && event->fua,
		.first_sector = first_sector,
		.num_sectors = event->num_sectors,
		.rest_first = first_sector,
		.rest_num = event->num_sectors,
		.queued_ps = event->time_ps,
		.issued_ps = event->time_ps,
		.completed_ps = TRACE_NO_TIME,
		.sequence = self->sequence,
		.file = event->file,
		.position = event->position,
		.flush_bio = NONE,
		.prev = NONE,
		.next = NONE,
	};
	if (op == IO_FLUSH) {
		issue_flush(self, &request);
	} else {
		if (!consume_bios(self, &request, first_sector, event->num_sectors, &found))
			return false;
		if (!found)
			issue_flush_data(self, &request, event->fua);
	}
	index = entry_take(self);
	if (index == NONE)
		return false;
	self->pool[index] = request;
	if (!window_push(self, index)) {
		entry_give(self, index);
		return false;
	}
	hash_add(self, self->request_buckets, index);
	return true;
}

static void complete_flush(blkpair *self, uint32_t device_number, ps_t now_ps)
{
	device_state *device = device_of(self, device_number);
	uint32_t next;

	if (device) {
		device->flushed = true;
		device->flush_end_ps = now_ps;
	}
	for (uint32_t i = self->flush_bios.head; i != NONE; i = next) {
		entry *bio = &self->pool[i];

		next = bio->next;
		if (bio->device != device_number)
			continue;
		if (bio->state == IN_POSTFLUSH || (bio->state == IN_PREFLUSH && bio->num_sectors == 0)) {
			flush_bio_drop(self, i);
		} else if (bio->state == IN_PREFLUSH) {
			bio->state = DATA_READY;
			bio->queued_ps = now_ps;
			bio->sequence = self->sequence;
		}
	}
}

/* The request that an event names: with its very length if there is one, else the oldest that begins there. */
static uint32_t find_request(const blkpair *self, uint32_t *buckets, const blk_event *event, io_op op,
			     uint64_t first_sector)
{
	uint32_t oldest = hash_find(self, buckets, event->device, op, first_sector);

	for (uint32_t i = oldest; i != NONE; i = self->pool[i].hash_next) {
		const entry *e = &self->pool[i];

		if (e->rest_num == event->num_sectors && e->rest_first == first_sector && e->device == event->device &&
		    e->op == op)
			return i;
	}
	return oldest;
}

static void take_complete(blkpair *self, const blk_event *event)
{
	io_op op = is_flush(event) ? IO_FLUSH : event->op;
	uint64_t first_sector = op == IO_FLUSH ? 0 : event->first_sector;
	uint32_t index;
	entry *e;

	/* A bio that was issued in parts completes once more, with zero length, after its parts. */
	if (event->num_sectors == 0 && op != IO_FLUSH)
		return;
	index = find_request(self, self->request_buckets, event, op, first_sector);
	if (index == NONE)
		return;
	hash_remove(self, self->request_buckets, index);
	e = &self->pool[index];
	e->failed |= event->failed;
	if (op != IO_FLUSH && event->num_sectors < e->rest_num) {
		e->rest_first += event->num_sectors;
		e->rest_num -= event->num_sectors;
		hash_add(self, self->request_buckets, index);
		return;
	}
	e->completed_ps = event->time_ps;
	e->done = true;
	if (op == IO_FLUSH) {
		complete_flush(self, event->device, event->time_ps);
	} else if (e->flush_bio != NONE) {
		entry *bio = &self->pool[e->flush_bio];

		bio->state = WAITS_FOR_POSTFLUSH;
		bio->queued_ps = event->time_ps;
		bio->sequence = self->sequence;
		e->flush_bio = NONE;
	}
}

static void take_requeue(blkpair *self, const blk_event *event)
{
	io_op op = is_flush(event) ? IO_FLUSH : event->op;
	uint32_t index = find_request(self, self->request_buckets, event, op, op == IO_FLUSH ? 0 : event->first_sector);

	if (index != NONE)
		self->pool[index].requeued = true;
}

bool blkpair_event(blkpair *self, const blk_event *event)
{
	self->sequence++;
	switch (event->action) {
	case BLK_QUEUE:
		return take_queue(self, event);
	case BLK_SPLIT:
		return take_split(self, event);
	case BLK_ISSUE:
		return take_issue(self, event);
	case BLK_REQUEUE:
		take_requeue(self, event);
		return true;
	case BLK_COMPLETE:
		take_complete(self, event);
		return true;
	}
	return true;
}

void blkpair_finish(blkpair *self)
{
	self->finished = true;
}

/* True when a bio that is still to be issued was queued before this request: it must be handed out first. */
static bool is_blocked(const blkpair *self, const entry *request)
{
	if (self->bios.head != NONE && earlier(&self->pool[self->bios.head], request))
		return true;
	for (uint32_t i = self->flush_bios.head; i != NONE; i = self->pool[i].next) {
		const entry *bio = &self->pool[i];

		if ((bio->state == WAITS_FOR_PREFLUSH || bio->state == DATA_READY ||
		     bio->state == WAITS_FOR_POSTFLUSH) &&
		    earlier(bio, request))
			return true;
	}
	return false;
}

bool blkpair_pop(blkpair *self, trace_record *record_out)
{
	bool forced = self->finished || self->window_num > BLKPAIR_MAX_PENDING;
	uint32_t index;
	entry *e;

	if (self->window_num == 0)
		return false;
	index = self->window[0];
	e = &self->pool[index];
	if (!forced && (!e->done || is_blocked(self, e)))
		return false;
	if (!e->done) {
		hash_remove(self, self->request_buckets, index);
		if (e->flush_bio != NONE)
			flush_bio_drop(self, e->flush_bio);
	}
	/* Only after a request was given up can an earlier one turn up late. */
	self->last_queued_ps = ps_max(self->last_queued_ps, e->queued_ps);
	memset(record_out, 0, sizeof(*record_out));
	record_out->op = e->op;
	record_out->flags =
		(e->preflush ? TRACE_PREFLUSH : 0u) | (e->fua ? TRACE_FUA : 0u) | (e->failed ? TRACE_DEVICE_ERROR : 0u);
	record_out->device = e->device;
	record_out->file = e->file;
	record_out->first_sector = e->first_sector;
	record_out->num_sectors = e->num_sectors;
	record_out->queued_ps = self->last_queued_ps;
	record_out->issued_ps = ps_max(e->issued_ps, self->last_queued_ps);
	record_out->completed_ps =
		e->completed_ps == TRACE_NO_TIME ? TRACE_NO_TIME : ps_max(e->completed_ps, self->last_queued_ps);
	record_out->position = e->position;
	window_pop(self);
	entry_give(self, index);
	return true;
}

trace_result blkpair_next(blkpair *self, input *in, blkpair_read_fn read, void *state, trace_record *record_out)
{
	blk_event event;
	bool wanted;

	for (;;) {
		trace_result result;

		if (blkpair_pop(self, record_out))
			return TRACE_RECORD;
		if (self->finished)
			return TRACE_END;
		result = read(state, &event, &wanted);
		if (result == TRACE_END) {
			blkpair_finish(self);
		} else if (result != TRACE_RECORD) {
			return result;
		} else if (wanted && !blkpair_event(self, &event)) {
			input_report(in, NULL, NULL, "out of memory");
			return TRACE_BROKEN;
		}
	}
}

void blkpair_device_name(const void *state, uint32_t device, char *text, size_t text_bytes)
{
	(void)state;
	snprintf(text, text_bytes, "%u,%u", device >> 20, device & 0xfffffu);
}
