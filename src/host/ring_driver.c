#include "host/ring_driver.h"

#include <stdlib.h>

#include "base/assert.h"
#include "host/driver.h"
#include "workload/io.h"

#define PAGE_BYTES 4096
#define NO_PAGE UINT32_MAX

/* What the device does in one piece. */
struct ring_piece {
	nesc_request request;
	driver_io *io;
	uint32_t first_page, last_page; /* chain of buffer pages */
	uint32_t num_nodes;
	struct ring_piece *next;
};

static void split_difference(const latency_split *all, const latency_split *prefix, latency_split *rest_out)
{
	for (int i = 0; i < NUM_STAGES; i++) {
		rest_out->service_ps[i] = all->service_ps[i] - prefix->service_ps[i];
		rest_out->wait_ps[i] = all->wait_ps[i] - prefix->wait_ps[i];
	}
}

static uint32_t take_page(ring_driver *self, ring_piece *of)
{
	const uint32_t page = self->free_page;

	self->free_page = self->next_page[page];
	self->num_free_pages--;
	self->next_page[page] = NO_PAGE;
	if (of->first_page == NO_PAGE)
		of->first_page = page;
	else
		self->next_page[of->last_page] = page;
	of->last_page = page;
	return page;
}

static void give_piece(ring_driver *self, ring_piece *done)
{
	if (done->first_page != NO_PAGE) {
		self->next_page[done->last_page] = self->free_page;
		self->free_page = done->first_page;
		self->num_free_pages += done->num_nodes;
	}
	self->num_free_nodes += done->num_nodes == 0 ? 1 : done->num_nodes;
	done->next = self->free_pieces;
	self->free_pieces = done;
}

/* The next piece of the request: its length, and where it lies on the function. With a layout it ends where the file's
 * extent ends; *hole_out is set where there is none. */
static uint64_t next_piece(const ring_driver *self, const driver_io *of, uint64_t *first_sector_out, bool *hole_out)
{
	const uint64_t at = of->first_byte + of->next_byte;
	uint64_t left = of->num_bytes - of->next_byte;

	*hole_out = false;
	*first_sector_out = at / IO_SECTOR_BYTES;
	if (left > self->max_piece_bytes)
		left = self->max_piece_bytes;
	if (self->params.mapping == RING_MAPS_LAYOUT) {
		const uint64_t block = at >> TREE_BLOCK_SHIFT;
		const extent *found = disk_layout_find(self->params.layout, block);
		uint64_t end;

		if (found == NULL) {
			*hole_out = true;
			end = ((block + 1) << TREE_BLOCK_SHIFT) - at;
			return left < end ? left : end;
		}
		end = ((found->logical_block + found->num_blocks) << TREE_BLOCK_SHIFT) - at;
		*first_sector_out = ((found->physical_block << TREE_BLOCK_SHIFT) +
				     (at - (found->logical_block << TREE_BLOCK_SHIFT))) /
				    IO_SECTOR_BYTES;
		if (left > end)
			left = end;
	}
	return left;
}

/* Hands one piece to the device, node by node: execution starts as they arrive. */
static void submit_piece(ring_driver *self, driver_io *of, uint64_t first_sector, uint64_t num_bytes)
{
	host_core *on = self->core;
	ring_piece *submitted = self->free_pieces;
	nesc_request *request = &submitted->request;
	stage_marks *marks = &of->marks; /* what the core does for this piece, the next one waits for */
	const uint32_t num_nodes = (uint32_t)((num_bytes + PAGE_BYTES - 1) / PAGE_BYTES);
	const uint32_t num_items = num_nodes == 0 ? 1 : num_nodes; /* a flush is a command without nodes */

	self->free_pieces = submitted->next;
	submitted->io = of;
	submitted->first_page = submitted->last_page = NO_PAGE;
	submitted->num_nodes = num_nodes;
	self->num_free_nodes -= num_items;
	of->num_pieces_left++;
	of->next_byte += num_bytes;

	/* Since the block layer, or the piece before, let it go: the core was busy with others, or resources were short. */
	stage_mark_wait(marks, self->params.wait_stage, on->unit.local_ps);
	core_run(on, PHASE_DRIVER_SUBMIT, 0, marks);
	request->function = self->ring.function;
	request->ring = self->ring.ring;
	request->vcpu = self->ring.vcpu;
	request->owner = submitted;
	request->status = NESC_COMPLETION_OK;
	request->num_left = num_items;
	request->num_bytes = (uint32_t)num_bytes;
	request->stamps = of->stamps == NULL ? NULL : of->stamps + (of->next_byte - num_bytes) / IO_SECTOR_BYTES;
	request->command = (nesc_command){
		.op = of->op,
		.flags = (uint8_t)((of->preflush ? NESC_PREFLUSH : 0) | (of->fua ? NESC_FUA : 0)),
		.num_nodes = (uint16_t)num_nodes,
		.tag = (uint32_t)(submitted - self->pieces),
		.first_sector = of->op == NESC_FLUSH ? 0 : first_sector,
	};
	for (uint32_t i = 0; i < num_items; i++) {
		nesc_node_item *item = nesc_device_new_node(self->device);
		const uint64_t left = num_bytes - (uint64_t)i * PAGE_BYTES; /* 0 for a flush */
		const uint32_t node_bytes = (uint32_t)(left < PAGE_BYTES ? left : PAGE_BYTES);

		if (of->op == NESC_WRITE)
			core_run(on, PHASE_NODE_COPY, node_bytes, marks);
		if (i == 0) {
			request->doorbell_ps = on->unit.local_ps;
			request->prefix = marks->split;
			for (int word = 0; word < 2; word++)
				core_run(on, PHASE_COMMAND_WRITE, 0, marks);
		}
		if (num_nodes != 0) {
			item->node = (nesc_node){
				.address = self->pages_address + (uint64_t)take_page(self, submitted) * PAGE_BYTES,
				.bytes = node_bytes,
			};
			for (int word = 0; word < 2; word++)
				core_run(on, PHASE_NODE_WRITE, 0, marks);
		}
		item->request = request;
		item->index = i;
		item->marks = *marks;
		stage_mark_service_of(&item->marks, STAGE_DOORBELL, on->unit.local_ps + self->params.posted_write_ps,
				      "posted write on its way");
		/* The queue has a slot for every node that may be under way, so pushing never waits. */
		sim_push(&on->unit, self->ring.doorbells, self->params.posted_write_ps,
			 (sim_item){ .payload = item, .function = self->ring.function });
	}
}

/* Nothing of the file is there: the host's block path gives zeros, or has nothing to write to. */
static void serve_hole(ring_driver *self, driver_io *of, uint64_t num_bytes)
{
	if (of->op == NESC_WRITE) {
		driver_io_fail(of, NESC_COMPLETION_NO_MAPPING);
	} else {
		stage_mark_wait(&of->marks, self->params.wait_stage, self->core->unit.local_ps);
		core_run(self->core, PHASE_PIECE_COPY, num_bytes, &of->marks);
		for (uint64_t i = 0; of->stamps != NULL && i < num_bytes / IO_SECTOR_BYTES; i++)
			of->stamps[of->next_byte / IO_SECTOR_BYTES + i] = content_zero();
	}
	of->next_byte += num_bytes;
}

void ring_driver_drive(ring_driver *self)
{
	while (self->queue.first != NULL) {
		driver_io *first = self->queue.first;
		uint64_t first_sector = 0, num_bytes = 0;
		bool hole = false;

		if (first->op != NESC_FLUSH)
			num_bytes = next_piece(self, first, &first_sector, &hole);
		if (hole) {
			serve_hole(self, first, num_bytes);
		} else {
			const uint32_t num_nodes = (uint32_t)((num_bytes + PAGE_BYTES - 1) / PAGE_BYTES);

			if (self->num_free_nodes < (num_nodes == 0 ? 1 : num_nodes) ||
			    self->num_free_pages < num_nodes || self->free_pieces == NULL)
				return;
			submit_piece(self, first, first_sector, num_bytes);
		}
		if (first->next_byte == first->num_bytes) {
			driver_queue_pop(&self->queue);
			if (first->num_pieces_left == 0) {
				stage_mark_wait(&first->marks, self->params.wait_stage, self->core->unit.local_ps);
				self->params.done(self->params.context, first, &first->marks, NULL);
			}
		}
	}
}

void ring_driver_note(ring_driver *self, const nesc_request *request)
{
	self->part.start_ps = request->doorbell_ps;
	self->part.end_ps = request->marks.last_ps;
	split_difference(&request->marks.split, &request->prefix, &self->part.split);
}

void ring_driver_complete(ring_driver *self, nesc_request *request, stage_marks *marks)
{
	ring_piece *done = request->owner;
	driver_io *of = done->io;

	if (of->op == NESC_READ)
		core_run(self->core, PHASE_PIECE_COPY, request->num_bytes, marks);
	driver_io_fail(of, request->status);
	of->num_pieces_left--;
	if (of->num_pieces_left == 0 && of->next_byte == of->num_bytes)
		self->params.done(self->params.context, of, marks, &self->part);
	give_piece(self, done);
}

/* Buffer pages and the completion ring: in the VF's trampoline window, or anywhere for the PF. */
static bool set_memory(ring_driver *self)
{
	const nesc_config *nesc = self->params.nesc;
	const bool trampoline = self->params.trampoline;
	const uint64_t bytes = driver_window_bytes(nesc, trampoline, 1);
	const uint32_t num_pages = (uint32_t)driver_num_pages(nesc, trampoline);
	const uint32_t entries = driver_ring_entries(nesc);
	uint64_t base;

	if (self->ring.function == 0)
		base = memory_alloc(nesc_device_memory(self->device), bytes, PAGE_BYTES);
	else
		base = nesc_device_window(self->device, self->ring.function).address +
		       self->params.window_index * bytes;
	self->next_page = calloc(num_pages, sizeof(uint32_t));
	if (base == 0 || self->next_page == NULL)
		return false;
	self->pages_address = base;
	for (uint32_t i = 0; i < num_pages; i++)
		self->next_page[i] = i + 1 == num_pages ? NO_PAGE : i + 1;
	self->num_free_pages = num_pages;
	nesc_device_write_register(self->device, bar_completion_ring(self->ring.function, self->ring.ring),
				   (base + (uint64_t)num_pages * PAGE_BYTES) | (uint64_t)__builtin_ctz(entries), 8);
	return true;
}

bool ring_driver_init(ring_driver *self, host_core *on, nesc_device *device, const ring_driver_params *params)
{
	const uint64_t depth = (uint64_t)params->nesc->queue.depth;
	uint64_t max_piece_bytes = (uint64_t)params->nesc->driver.max_request_bytes;

	*self = (ring_driver){ .core = on, .device = device, .params = *params };
	self->ring = nesc_device_connect(device, &on->unit, params->function, params->ring, depth);
	self->pieces = calloc(depth, sizeof(ring_piece));
	if (self->pieces == NULL || !set_memory(self))
		return false;
	for (uint64_t i = depth; i > 0; i--) {
		self->pieces[i - 1].next = self->free_pieces;
		self->free_pieces = &self->pieces[i - 1];
	}
	self->num_nodes = self->num_free_nodes = (uint32_t)depth;
	if (max_piece_bytes > (uint64_t)self->num_free_pages * PAGE_BYTES)
		max_piece_bytes = (uint64_t)self->num_free_pages * PAGE_BYTES;
	self->max_piece_bytes = max_piece_bytes;
	return true;
}

void ring_driver_fini(ring_driver *self)
{
	free(self->pieces);
	free(self->next_page);
	self->pieces = NULL;
	self->next_page = NULL;
}
