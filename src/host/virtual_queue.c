#include "host/virtual_queue.h"

#include <stdlib.h>

#include "base/assert.h"
#include "workload/io.h"

#define PAGE_BYTES 4096

bool virtual_driver_init(virtual_driver *self, host_core *on, virtual_queue *queue, driver_done_fn *done, void *context)
{
	const virtual_device *device = &queue->device;

	*self = (virtual_driver){ .core = on, .queue = queue, .done = done, .context = context };
	self->requests = calloc(device->max_requests, sizeof(guest_request));
	if (self->requests == NULL)
		return false;
	for (uint32_t i = device->max_requests; i > 0; i--) {
		self->requests[i - 1].next = self->free_requests;
		self->free_requests = &self->requests[i - 1];
	}
	self->num_free_descriptors = device->num_descriptors;
	queue->submissions =
		sim_queue_create(on->unit.kernel, "requests", &on->unit, queue->server, device->max_requests);
	queue->completions =
		sim_queue_create(on->unit.kernel, "completions", queue->server, &on->unit, device->max_requests);
	return true;
}

void virtual_driver_fini(virtual_driver *self)
{
	free(self->requests);
	self->requests = NULL;
}

/* The core moves the data by itself, chunk by chunk. */
static void move_chunks(virtual_driver *self, guest_request *request)
{
	const uint64_t chunk_bytes = self->queue->device.chunk_bytes;

	for (uint64_t at = 0; chunk_bytes != 0 && at < request->num_bytes; at += chunk_bytes) {
		const uint64_t left = request->num_bytes - at;

		if (at != 0)
			core_run(self->core, PHASE_CHUNK_NEXT, 0, &request->marks);
		core_run(self->core, PHASE_CHUNK, left < chunk_bytes ? left : chunk_bytes, &request->marks);
	}
}

static uint32_t num_descriptors(const virtual_device *device, uint64_t num_bytes)
{
	if (device->num_descriptors == 0)
		return 0;
	return device->header_descriptors + (uint32_t)((num_bytes + PAGE_BYTES - 1) / PAGE_BYTES);
}

/* Which part of the request at the head comes next. */
typedef enum part {
	PART_PREFLUSH,
	PART_DATA,
	PART_FLUSH, /* of a flush, or for FUA */
} part;

static part next_part(const virtual_driver *self, const driver_io *of)
{
	if (of->op == NESC_WRITE && of->preflush && self->queue->device.has_volatile_cache)
		return PART_PREFLUSH;
	return of->next_byte < of->num_bytes ? PART_DATA : PART_FLUSH;
}

/* Is there something left of it once `taken` is in the ring? */
static bool is_last_part(const virtual_driver *self, const driver_io *of, part taken)
{
	if (taken == PART_DATA)
		return of->next_byte == of->num_bytes && !(of->fua && self->queue->device.has_volatile_cache);
	return taken == PART_FLUSH;
}

/* Takes one piece out of the request at the head. False when there is no room for it, or it has to wait for its other
 * pieces. */
static bool prepare(virtual_driver *self)
{
	const virtual_device *device = &self->queue->device;
	driver_io *of = self->waiting.first;
	const part taken = next_part(self, of);
	guest_request *request = self->free_requests;
	uint64_t num_bytes = 0;
	uint32_t needed;

	/* What stands for a flag guards what comes after it, or what came before. */
	if (of->num_pieces_left != 0 && (taken != PART_DATA || of->next_byte == 0))
		return false;
	if (taken == PART_DATA) {
		num_bytes = of->num_bytes - of->next_byte;
		if (num_bytes > device->max_request_bytes)
			num_bytes = device->max_request_bytes;
	}
	needed = num_descriptors(device, num_bytes);
	if (request == NULL || needed > self->num_free_descriptors || self->flushing ||
	    (taken != PART_DATA && device->flush_alone && self->num_under_way != 0))
		return false;
	self->free_requests = request->next;
	self->num_free_descriptors -= needed;
	*request = (guest_request){
		.op = taken == PART_DATA ? of->op : NESC_FLUSH,
		.first_byte = of->first_byte + of->next_byte,
		.num_bytes = num_bytes,
		.stamps =
			of->stamps == NULL || taken != PART_DATA ? NULL : of->stamps + of->next_byte / IO_SECTOR_BYTES,
		.marks = of->marks,
		.io = of,
		.queue = self->queue->number,
	};
	if (taken == PART_PREFLUSH)
		of->preflush = false;
	of->next_byte += num_bytes;
	of->num_pieces_left++;
	self->flushing = taken != PART_DATA && device->flush_alone;
	if (is_last_part(self, of, taken))
		driver_queue_pop(&self->waiting);
	self->prepared = request;
	return true;
}

/* The virtual device has no volatile cache: there is nothing to flush, and nobody is told. */
static bool drop_flush(virtual_driver *self)
{
	driver_io *of = self->waiting.first;

	if (of->op != NESC_FLUSH || self->queue->device.has_volatile_cache)
		return false;
	driver_queue_pop(&self->waiting);
	stage_mark_wait(&of->marks, STAGE_DRIVER, self->core->unit.local_ps);
	self->done(self->context, of, &of->marks, NULL);
	return true;
}

bool virtual_driver_drive(virtual_driver *self, ps_t limit_ps, sim_wait *wait_out)
{
	host_core *on = self->core;
	virtual_queue *queue = self->queue;

	for (;;) {
		guest_request *request = self->prepared;

		if (request == NULL) {
			if (self->waiting.first == NULL)
				return true;
			if (drop_flush(self))
				continue;
			if (!prepare(self))
				return true;
			request = self->prepared;
			stage_mark_wait(&request->marks, STAGE_DRIVER, on->unit.local_ps);
			core_run(on, PHASE_DRIVER_SUBMIT, 0, &request->marks);
			if (request->op == NESC_WRITE)
				move_chunks(self, request);
		}
		/* Where nothing of ours is under way, all that the thread could say was said before its last answer. */
		if (queue->device.suppresses && self->num_under_way != 0 && on->unit.local_ps > limit_ps) {
			*wait_out = SIM_WAIT_UNTIL(on->unit.local_ps);
			return false;
		}
		request->kicked = !queue->device.suppresses || !sim_signal_before(&queue->looking, on->unit.local_ps);
		if (request->kicked)
			core_run(on, PHASE_KICK, 0, &request->marks);
		self->prepared = NULL;
		self->num_under_way++;
		/* What the core did for this piece, the next one waited for. */
		request->io->marks = request->marks;
		sim_push(&on->unit, queue->submissions, 0, (sim_item){ .payload = request });
	}
}

bool virtual_driver_found(const virtual_driver *self, const sim_item *item)
{
	const guest_request *request = item->payload;

	return !request->interrupts || (self->queue->device.suppresses && item->ready_ps < self->handled_ps);
}

void virtual_driver_handled(virtual_driver *self, ps_t from_ps)
{
	self->handled_ps = self->core->unit.local_ps;
	if (!self->queue->device.suppresses)
		return;
	sim_signal_set(&self->queue->handling, from_ps, true);
	sim_signal_set(&self->queue->handling, self->handled_ps, false);
}

void virtual_driver_complete(virtual_driver *self, guest_request *request)
{
	driver_io *of = request->io;
	const virtual_device *device = &self->queue->device;

	if (request->op == NESC_READ)
		move_chunks(self, request);
	driver_io_fail(of, request->status);
	of->num_pieces_left--;
	self->num_under_way--;
	self->num_free_descriptors += num_descriptors(device, request->num_bytes);
	if (request->op == NESC_FLUSH)
		self->flushing = false;
	if (of->num_pieces_left == 0 && self->waiting.first == of)
		of->marks = request->marks; /* what is left waited for this */
	else if (of->num_pieces_left == 0)
		self->done(self->context, of, &request->marks, request->has_part ? &request->part : NULL);
	request->next = self->free_requests;
	self->free_requests = request;
}
