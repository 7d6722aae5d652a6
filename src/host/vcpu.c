#include "host/vcpu.h"

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "host/driver.h"

#define PAGE_BYTES 4096
#define NO_PAGE UINT32_MAX
#define CHUNK_IOS 32
#define SOFTWARE_CLOCK_HZ INT64_C(1000000000000) /* software acts to the picosecond */

/* One request of the workload. */
typedef struct io {
	io_request request;
	stage_marks marks; /* up to the block layer's end on the way down */
	ps_t app_start_ps, block_start_ps;
	ps_t app_service_ps; /* of the application before block_start_ps: no part of the block layer's latency */
	uint64_t next_byte;  /* of the request, not yet handed to the device */
	uint64_t num_bytes;
	uint32_t num_pieces_left;   /* handed over, not complete */
	uint32_t num_writes_before; /* flush, preflush: writes that must complete first */
	nesc_completion_status status;
	/* check mode */
	content_stamp *stamps; /* one per sector; kept for the record's next user */
	uint64_t num_stamps;
	uint64_t write_sequence;
	uint32_t read_handle;
	struct io *next; /* driver queue, barriers, or free */
} io;

/* What the device does in one piece. */
typedef struct piece {
	nesc_request request;
	io *io;
	uint32_t first_page, last_page; /* chain of buffer pages */
	uint32_t num_nodes;
	struct piece *next;
} piece;

typedef struct phase_costs {
	uint32_t first, num; /* in segments */
	ps_t fixed_ps;       /* sum, without copies */
} phase_costs;

typedef enum activity {
	ACT_RUN,    /* about to ask the source */
	ACT_ABSENT, /* its VM is not there yet */
	ACT_THINK,  /* application work */
	ACT_TIMER,  /* idle until a time */
	ACT_WAIT,   /* idle until a completion */
	ACT_ENDED,  /* no request will follow */
} activity;

struct vcpu {
	sim_unit unit; /* local_ps: until when the core is busy */
	vcpu_config config;
	nesc_device *device;
	nesc_ring ring;
	char name[32];
	bool has_app;

	ps_t costs[NUM_COSTS];
	vcpu_segment segments[64];
	phase_costs phases[NUM_PHASES];
	uint64_t copy_ps_per_byte_q32;

	activity activity;
	sim_queue *hot_plug; /* ACT_ABSENT */
	ps_t lookahead_ps;   /* of a core that is there */
	ps_t think_left_ps, until_ps;

	piece *pieces, *free_pieces;
	uint32_t *next_page;
	uint32_t free_page;
	uint64_t pages_address;
	uint32_t num_free_pages, num_free_nodes;
	uint64_t max_piece_bytes;

	io *queue_first, *queue_last; /* not yet wholly handed to the device */
	io *barriers;                 /* wait for earlier writes */
	io *free_ios;
	io **io_chunks;
	uint32_t num_io_chunks;
	uint32_t num_writes_out, num_outstanding;

	ps_t cpu_ps[CPU_NUM_OWNERS];
	uint64_t num_submitted, num_completed;
	uint64_t num_ended[NESC_NUM_COMPLETION_STATUS];
	io_request first_ended[NESC_NUM_COMPLETION_STATUS];
	ps_t first_submit_ps, last_complete_ps;
	vcpu_completion completion; /* filled in for the callback */
};

/* ---- costs ------------------------------------------------------------------------------------------------------ */

/* Runs a phase: the core is busy, its owners are charged, the request's marks move on (NULL: nobody waits for it). */
static void vcpu_run_phase(vcpu *self, vcpu_phase phase, uint64_t num_bytes, stage_marks *marks)
{
	const phase_costs *costs = &self->phases[phase];

	for (uint32_t i = costs->first; i < costs->first + costs->num; i++) {
		const vcpu_segment *segment = &self->segments[i];
		const ps_t cost_ps =
			segment->copies
				? (ps_t)(((unsigned __int128)self->copy_ps_per_byte_q32 * num_bytes + UINT32_MAX) >> 32)
				: self->costs[segment->cost];

		self->unit.local_ps += cost_ps;
		self->cpu_ps[segment->owner] += cost_ps;
		if (marks != NULL)
			stage_mark_service_of(marks, segment->stage, self->unit.local_ps, segment->name);
	}
}

/* ---- records ---------------------------------------------------------------------------------------------------- */

static io *vcpu_take_io(vcpu *self)
{
	io *taken;

	if (self->free_ios == NULL) {
		io *chunk = calloc(CHUNK_IOS, sizeof(io));
		io **chunks = realloc(self->io_chunks, (self->num_io_chunks + 1) * sizeof(io *));

		NESC_ASSERT_ALWAYS(chunk != NULL && chunks != NULL, "out of memory for requests");
		self->io_chunks = chunks;
		self->io_chunks[self->num_io_chunks++] = chunk;
		for (int i = CHUNK_IOS - 1; i >= 0; i--) {
			chunk[i].next = self->free_ios;
			self->free_ios = &chunk[i];
		}
	}
	taken = self->free_ios;
	self->free_ios = taken->next;
	*taken = (io){ .stamps = taken->stamps, .num_stamps = taken->num_stamps };
	return taken;
}

/* ---- check mode ------------------------------------------------------------------------------------------------- */

static void vcpu_check_begin(vcpu *self, io *begun)
{
	const io_request *request = &begun->request;
	const ps_t now_ps = self->unit.local_ps;

	if (request->op != IO_READ && request->op != IO_WRITE)
		return;
	if (begun->num_stamps < request->num_sectors) {
		begun->stamps = realloc(begun->stamps, request->num_sectors * sizeof(content_stamp));
		NESC_ASSERT_ALWAYS(begun->stamps != NULL, "out of memory for contents");
		begun->num_stamps = request->num_sectors;
	}
	if (request->op == IO_READ) {
		begun->read_handle =
			ledger_read_begin(self->config.book, request->first_sector, request->num_sectors, now_ps);
		/* What nobody fills in is no data. */
		for (uint64_t i = 0; i < request->num_sectors; i++)
			begun->stamps[i] = content_garbage();
		return;
	}
	begun->write_sequence =
		ledger_write_begin(self->config.book, request->first_sector, request->num_sectors, now_ps);
	for (uint64_t i = 0; i < request->num_sectors; i++)
		begun->stamps[i] = content_data(self->config.vm, request->first_sector + i, begun->write_sequence);
}

static void vcpu_check_end(vcpu *self, const io *done)
{
	const ps_t now_ps = self->unit.local_ps;
	ledger_violation violation;

	if (done->request.op == IO_WRITE)
		ledger_write_end(self->config.book, done->write_sequence, done->status != NESC_COMPLETION_OK, now_ps);
	else if (done->request.op == IO_READ && done->status != NESC_COMPLETION_OK)
		ledger_read_drop(self->config.book, done->read_handle, now_ps);
	else if (done->request.op == IO_READ &&
		 !ledger_read_end(self->config.book, done->read_handle, done->stamps, now_ps, &violation))
		self->config.violated(self->config.checker, &violation);
}

static uint32_t vcpu_take_page(vcpu *self, piece *of)
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

static void vcpu_give_piece(vcpu *self, piece *done)
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

/* ---- completion ------------------------------------------------------------------------------------------------- */

static latency_split split_difference(const latency_split *all, const latency_split *prefix)
{
	latency_split rest;

	for (int i = 0; i < NUM_STAGES; i++) {
		rest.service_ps[i] = all->service_ps[i] - prefix->service_ps[i];
		rest.wait_ps[i] = all->wait_ps[i] - prefix->wait_ps[i];
	}
	return rest;
}

static void vcpu_queue_io(vcpu *self, io *queued)
{
	queued->next = NULL;
	if (self->queue_last == NULL)
		self->queue_first = queued;
	else
		self->queue_last->next = queued;
	self->queue_last = queued;
}

/* A write is done: flushes that waited for it and for no other may go. */
static void vcpu_release_barriers(vcpu *self, uint64_t done_number)
{
	io **link = &self->barriers;

	while (*link != NULL) {
		io *waiting = *link;

		if (waiting->request.number > done_number && --waiting->num_writes_before == 0) {
			*link = waiting->next;
			vcpu_queue_io(self, waiting);
		} else {
			link = &waiting->next;
		}
	}
}

/* The block layer ends the request whose marks are `marks`; then its application goes on. */
static void vcpu_complete_io(vcpu *self, io *done, stage_marks *marks, const piece *last_piece)
{
	vcpu_completion *completion = &self->completion;

	if (self->config.book != NULL)
		vcpu_check_end(self, done);
	vcpu_run_phase(self, PHASE_BLOCK_COMPLETE, 0, marks);
	completion->request = &done->request;
	completion->vm = self->config.vm;
	completion->status = done->status;
	completion->block_start_ps = done->block_start_ps;
	completion->block_end_ps = self->unit.local_ps;
	completion->block_split = marks->split;
	completion->block_split.service_ps[STAGE_APP] -= done->app_service_ps;
	completion->has_device = last_piece != NULL;
	completion->pieces = marks->pieces;
	completion->has_app = self->has_app;
	if (self->has_app) {
		vcpu_run_phase(self, PHASE_APP_RETURN, 0, marks);
		completion->app_start_ps = done->app_start_ps;
		completion->app_end_ps = self->unit.local_ps;
		completion->app_split = marks->split;
		completion->pieces = marks->pieces;
	}
	if (done->request.op == IO_WRITE) {
		self->num_writes_out--;
		vcpu_release_barriers(self, done->request.number);
	}
	if (self->num_ended[done->status]++ == 0)
		self->first_ended[done->status] = done->request;
	self->num_completed++;
	self->num_outstanding--;
	self->last_complete_ps = self->unit.local_ps;
	sim_in_flight_add(self->unit.kernel, -1);
	self->config.completed(self->config.context, completion);
	source_completed(self->config.source, done->request.number, self->unit.local_ps);
	done->next = self->free_ios;
	self->free_ios = done;
	if (self->activity == ACT_WAIT)
		self->activity = ACT_RUN;
}

/* ---- submission ------------------------------------------------------------------------------------------------- */

/* The next piece of the request: its length, and where it lies on the function that is driven. On the PF it ends where the
 * file's extent ends; *hole_out is set where there is none. */
static uint64_t vcpu_next_piece(const vcpu *self, const io *of, uint64_t *first_sector_out, bool *hole_out)
{
	const uint64_t at = of->request.first_sector * IO_SECTOR_BYTES + of->next_byte;
	uint64_t left = of->num_bytes - of->next_byte;

	*hole_out = false;
	*first_sector_out = at / IO_SECTOR_BYTES;
	if (left > self->max_piece_bytes)
		left = self->max_piece_bytes;
	if (self->config.stack->on_pf) {
		const uint64_t block = at >> TREE_BLOCK_SHIFT;
		const extent *found = disk_layout_find(self->config.layout, block);
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

static nesc_op vcpu_device_op(io_op op)
{
	return op == IO_READ ? NESC_READ : op == IO_WRITE ? NESC_WRITE : NESC_FLUSH;
}

/* Hands one piece to the device, node by node: execution starts as they arrive. */
static void vcpu_submit_piece(vcpu *self, io *of, uint64_t first_sector, uint64_t num_bytes)
{
	piece *submitted = self->free_pieces;
	nesc_request *request = &submitted->request;
	stage_marks marks = of->marks;
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
	stage_mark_wait(&marks, STAGE_DRIVER, self->unit.local_ps);
	vcpu_run_phase(self, PHASE_DRIVER_SUBMIT, 0, &marks);
	request->function = self->ring.function;
	request->ring = self->ring.ring;
	request->vcpu = self->ring.vcpu;
	request->owner = submitted;
	request->status = NESC_COMPLETION_OK;
	request->num_left = num_items;
	request->num_bytes = (uint32_t)num_bytes;
	request->stamps = self->config.book == NULL ? NULL : of->stamps + (of->next_byte - num_bytes) / IO_SECTOR_BYTES;
	request->command = (nesc_command){
		.op = vcpu_device_op(of->request.op),
		.flags = (uint8_t)((of->request.preflush ? NESC_PREFLUSH : 0) | (of->request.fua ? NESC_FUA : 0)),
		.num_nodes = (uint16_t)num_nodes,
		.tag = (uint32_t)(submitted - self->pieces),
		.first_sector = of->request.op == IO_FLUSH ? 0 : first_sector,
	};
	for (uint32_t i = 0; i < num_items; i++) {
		nesc_node_item *item = nesc_device_new_node(self->device);
		const uint64_t left = num_bytes - (uint64_t)i * PAGE_BYTES; /* 0 for a flush */
		const uint32_t node_bytes = (uint32_t)(left < PAGE_BYTES ? left : PAGE_BYTES);

		if (of->request.op == IO_WRITE)
			vcpu_run_phase(self, PHASE_NODE_COPY, node_bytes, &marks);
		if (i == 0) {
			request->doorbell_ps = self->unit.local_ps;
			request->prefix = marks.split;
			for (int word = 0; word < 2; word++)
				vcpu_run_phase(self, PHASE_COMMAND_WRITE, 0, &marks);
		}
		if (num_nodes != 0) {
			item->node = (nesc_node){
				.address = self->pages_address + (uint64_t)vcpu_take_page(self, submitted) * PAGE_BYTES,
				.bytes = node_bytes,
			};
			for (int word = 0; word < 2; word++)
				vcpu_run_phase(self, PHASE_NODE_WRITE, 0, &marks);
		}
		item->request = request;
		item->index = i;
		item->marks = marks;
		stage_mark_service_of(&item->marks, STAGE_DOORBELL,
				      self->unit.local_ps + self->config.host->posted_write_ps,
				      "posted write on its way");
		/* The queue has a slot for every node that may be under way, so pushing never waits. */
		sim_push(&self->unit, self->ring.doorbells, self->config.host->posted_write_ps,
			 (sim_item){ .payload = item, .function = self->ring.function });
	}
	/* What the core did for this piece, the next one waited for. */
	of->marks = marks;
}

static void vcpu_fail(io *of, nesc_completion_status status)
{
	if (status > of->status)
		of->status = status;
}

/* Hands over what fits. Pieces go whole: each waits until its nodes and buffer pages are free. */
static void vcpu_drive(vcpu *self)
{
	while (self->queue_first != NULL) {
		io *first = self->queue_first;
		uint64_t first_sector = 0, num_bytes = 0;
		bool hole = false;

		if (first->request.op != IO_FLUSH)
			num_bytes = vcpu_next_piece(self, first, &first_sector, &hole);
		if (hole) {
			/* Nothing of the file is there: the host's block path gives zeros, or has nothing to write to. */
			if (first->request.op == IO_WRITE) {
				vcpu_fail(first, NESC_COMPLETION_NO_MAPPING);
			} else {
				stage_mark_wait(&first->marks, STAGE_DRIVER, self->unit.local_ps);
				vcpu_run_phase(self, PHASE_PIECE_COPY, num_bytes, &first->marks);
				for (uint64_t i = 0; self->config.book != NULL && i < num_bytes / IO_SECTOR_BYTES; i++)
					first->stamps[first->next_byte / IO_SECTOR_BYTES + i] = content_zero();
			}
			first->next_byte += num_bytes;
		} else {
			const uint32_t num_nodes = (uint32_t)((num_bytes + PAGE_BYTES - 1) / PAGE_BYTES);

			if (self->num_free_nodes < (num_nodes == 0 ? 1 : num_nodes) ||
			    self->num_free_pages < num_nodes || self->free_pieces == NULL)
				return;
			vcpu_submit_piece(self, first, first_sector, num_bytes);
		}
		if (first->next_byte == first->num_bytes) {
			self->queue_first = first->next;
			if (first->next == NULL)
				self->queue_last = NULL;
			if (first->num_pieces_left == 0) {
				stage_mark_wait(&first->marks, STAGE_DRIVER, self->unit.local_ps);
				vcpu_complete_io(self, first, &first->marks, NULL);
			}
		}
	}
}

static void vcpu_submit(vcpu *self, const source_step *step)
{
	io *submitted = vcpu_take_io(self);
	const ps_t arrival_ps = step->arrival_ps >= 0 ? step->arrival_ps : self->unit.local_ps;

	submitted->request = step->request;
	submitted->num_bytes = step->request.op == IO_FLUSH ? 0 : step->request.num_sectors * IO_SECTOR_BYTES;
	submitted->marks.last_ps = arrival_ps;
	if (self->config.log != NULL && step->request.number == self->config.logged_number)
		submitted->marks.log = self->config.log;
	submitted->app_start_ps = arrival_ps;
	if (self->num_submitted++ == 0)
		self->first_submit_ps = arrival_ps;
	self->num_outstanding++;
	sim_in_flight_add(self->unit.kernel, 1);
	stage_mark_wait(&submitted->marks, STAGE_APP, self->unit.local_ps);
	submitted->block_start_ps = arrival_ps;
	if (self->has_app) {
		vcpu_run_phase(self, PHASE_APP_SUBMIT, 0, &submitted->marks);
		/* An open-loop arrival's delay counts in both layers. */
		submitted->app_service_ps = submitted->marks.split.service_ps[STAGE_APP];
		submitted->block_start_ps += submitted->app_service_ps;
	}
	vcpu_run_phase(self, PHASE_BLOCK_SUBMIT, 0, &submitted->marks);
	if (self->config.book != NULL)
		vcpu_check_begin(self, submitted);
	if (step->request.op == IO_DISCARD) {
		vcpu_run_phase(self, PHASE_DISCARD, 0, &submitted->marks);
		vcpu_complete_io(self, submitted, &submitted->marks, NULL);
		return;
	}
	if ((step->request.op == IO_FLUSH || step->request.preflush) && self->num_writes_out != 0) {
		io **link = &self->barriers;

		submitted->num_writes_before = self->num_writes_out;
		while (*link != NULL)
			link = &(*link)->next;
		*link = submitted;
		submitted->next = NULL;
	} else {
		vcpu_queue_io(self, submitted);
	}
	if (step->request.op == IO_WRITE)
		self->num_writes_out++;
	vcpu_drive(self);
}

/* ---- interrupts ------------------------------------------------------------------------------------------------- */

/* One request that an interrupt tells of. */
static void vcpu_complete_piece(vcpu *self, nesc_request *request, stage_marks *marks)
{
	piece *done = request->owner;
	io *of = done->io;

	if (of->request.op == IO_READ)
		vcpu_run_phase(self, PHASE_PIECE_COPY, request->num_bytes, marks);
	vcpu_fail(of, request->status);
	of->num_pieces_left--;
	if (of->num_pieces_left == 0 && of->next_byte == of->num_bytes)
		vcpu_complete_io(self, of, marks, done);
	vcpu_give_piece(self, done);
}

/* What is known of the device's part as its interrupt is handled. */
static void vcpu_note_device(vcpu *self, const nesc_request *request)
{
	self->completion.device_start_ps = request->doorbell_ps;
	self->completion.device_end_ps = request->marks.last_ps;
	self->completion.device_split = split_difference(&request->marks.split, &request->prefix);
}

/* One interrupt: delivery, handler, completion, and what the driver can hand over then. */
static void vcpu_interrupt(vcpu *self)
{
	sim_unit *unit = &self->unit;
	const ps_t ready_ps = sim_head(self->ring.interrupts)->ready_ps;
	const bool idle = self->activity != ACT_THINK && ready_ps > unit->local_ps;
	nesc_request *request, *next;
	stage_marks *marks;

	if (self->activity == ACT_THINK && ready_ps > unit->local_ps) {
		const ps_t worked_ps = ready_ps - unit->local_ps;

		self->think_left_ps -= worked_ps;
		self->cpu_ps[self->config.stack->in_guest ? CPU_GUEST : CPU_APP] += worked_ps;
	}
	if (idle)
		vcpu_run_phase(self, PHASE_IDLE_ENTER, 0, NULL);
	unit->local_ps = ps_max(unit->local_ps, ready_ps);
	request = sim_pop(unit, self->ring.interrupts).payload;
	marks = &request->marks;
	vcpu_note_device(self, request);
	stage_mark_wait(marks, STAGE_INTERRUPT, unit->local_ps);
	vcpu_run_phase(self, idle ? PHASE_IRQ_IDLE : PHASE_IRQ_BUSY, 0, marks);
	vcpu_run_phase(self, PHASE_IRQ_HANDLER, 0, marks);
	next = request->next_done; /* its record is free once it is complete */
	vcpu_complete_piece(self, request, marks);
	while (next != NULL) {
		request = next;
		next = request->next_done;
		marks = &request->marks;
		vcpu_note_device(self, request);
		stage_mark_wait(marks, STAGE_INTERRUPT, unit->local_ps);
		vcpu_run_phase(self, PHASE_IRQ_NEXT, 0, marks);
		vcpu_complete_piece(self, request, marks);
	}
	vcpu_drive(self);
}

/* ---- the unit --------------------------------------------------------------------------------------------------- */

/* Asks the source. */
static void vcpu_run(vcpu *self)
{
	source_step step;

	source_next(self->config.source, self->unit.local_ps, &step);
	switch (step.action) {
	case SOURCE_SUBMIT:
		vcpu_submit(self, &step);
		break;
	case SOURCE_THINK:
		self->think_left_ps = step.duration_ps;
		self->activity = ACT_THINK;
		break;
	case SOURCE_WAIT_UNTIL:
		self->until_ps = step.until_ps;
		self->activity = ACT_TIMER;
		break;
	case SOURCE_WAIT:
		self->activity = ACT_WAIT;
		break;
	case SOURCE_END:
		self->activity = ACT_ENDED;
		break;
	case SOURCE_FAILED:
		sim_stop(self->unit.kernel);
		self->activity = ACT_ENDED;
		break;
	}
}

static sim_wait vcpu_step(sim_unit *unit, ps_t limit_ps)
{
	vcpu *self = (vcpu *)unit;
	sim_queue *interrupts = self->ring.interrupts;

	for (;;) {
		ps_t event_ps = PS_MAX;

		switch (self->activity) {
		case ACT_ABSENT:
			if (sim_empty(self->hot_plug))
				return SIM_WAIT_ITEM;
			unit->local_ps = ps_max(unit->local_ps, sim_head(self->hot_plug)->ready_ps);
			sim_pop(unit, self->hot_plug);
			unit->lookahead_ps = self->lookahead_ps;
			self->activity = ACT_RUN;
			continue;
		case ACT_RUN:
			vcpu_run(self);
			continue;
		case ACT_THINK:
			event_ps = unit->local_ps + self->think_left_ps;
			break;
		case ACT_TIMER:
			event_ps = self->until_ps;
			break;
		case ACT_WAIT:
		case ACT_ENDED:
			break;
		}
		/* Interrupts come in order, so one that is ready before our own next event needs no promise. */
		if (!sim_empty(interrupts) && sim_head(interrupts)->ready_ps < event_ps) {
			vcpu_interrupt(self);
			continue;
		}
		if (event_ps == PS_MAX)
			return self->activity == ACT_ENDED && self->num_outstanding == 0 ? SIM_WAIT_DONE
											 : SIM_WAIT_ITEM;
		if (event_ps > limit_ps)
			return SIM_WAIT_UNTIL(event_ps);
		if (self->activity == ACT_THINK) {
			self->cpu_ps[self->config.stack->in_guest ? CPU_GUEST : CPU_APP] += self->think_left_ps;
			unit->local_ps = event_ps;
		} else if (event_ps > unit->local_ps) {
			vcpu_run_phase(self, PHASE_IDLE_ENTER, 0, NULL);
			unit->local_ps = ps_max(unit->local_ps, event_ps);
			vcpu_run_phase(self, PHASE_IRQ_IDLE, 0, NULL);
		}
		self->activity = ACT_RUN;
	}
}

/* ---- making one ------------------------------------------------------------------------------------------------- */

static bool vcpu_uses_trampoline(const vcpu *self)
{
	return self->config.stack->trampoline && !self->config.sriov;
}

static bool vcpu_has_segment(const vcpu *self, vcpu_when when)
{
	switch (when) {
	case WHEN_ALWAYS:
		break;
	case WHEN_EXITS:
		return self->config.host->interrupts == HOST_INTERRUPTS_EXIT;
	case WHEN_POSTED:
		return self->config.host->interrupts == HOST_INTERRUPTS_POSTED;
	case WHEN_COPIES:
		return vcpu_uses_trampoline(self);
	}
	return true;
}

/* Copies the scheme's table, phase by phase. */
static void vcpu_set_segments(vcpu *self)
{
	const vcpu_stack *stack = self->config.stack;
	uint32_t num = 0;

	NESC_ASSERT_ALWAYS(stack->num_segments <= sizeof(self->segments) / sizeof(self->segments[0]),
			   "a scheme of %u segments", stack->num_segments);
	for (int phase = 0; phase < NUM_PHASES; phase++) {
		self->phases[phase].first = num;
		for (uint32_t i = 0; i < stack->num_segments; i++) {
			if (stack->segments[i].phase != (vcpu_phase)phase ||
			    !vcpu_has_segment(self, stack->segments[i].when))
				continue;
			self->segments[num++] = stack->segments[i];
			if (!stack->segments[i].copies)
				self->phases[phase].fixed_ps += self->costs[stack->segments[i].cost];
		}
		self->phases[phase].num = num - self->phases[phase].first;
	}
}

/* Buffer pages and the completion ring: in the VF's trampoline window, or anywhere for the PF. */
static bool vcpu_set_memory(vcpu *self)
{
	const nesc_config *nesc = self->config.nesc;
	const bool trampoline = vcpu_uses_trampoline(self);
	const uint64_t bytes = driver_window_bytes(nesc, trampoline, 1);
	const uint32_t num_pages = (uint32_t)driver_num_pages(nesc, trampoline);
	const uint32_t entries = driver_ring_entries(nesc);
	uint64_t base;

	if (self->config.stack->on_pf)
		base = memory_alloc(nesc_device_memory(self->device), bytes, PAGE_BYTES);
	else
		base = nesc_device_window(self->device, self->ring.function).address + self->config.index * bytes;
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

vcpu *vcpu_create(sim_kernel *kernel, nesc_device *device, const vcpu_config *config)
{
	const uint64_t depth = (uint64_t)config->nesc->queue.depth;
	vcpu *self = calloc(1, sizeof(*self));
	uint64_t max_piece_bytes = (uint64_t)config->nesc->driver.max_request_bytes;
	uint32_t function, ring;

	if (self == NULL)
		return NULL;
	self->config = *config;
	self->device = device;
	snprintf(self->name, sizeof(self->name), "vm[%u].vcpu[%u]", config->vm, config->index);
	sim_unit_init(kernel, &self->unit, self->name, vcpu_step, SIM_AHEAD, SOFTWARE_CLOCK_HZ);
	self->unit.software = true;
	host_costs(config->host, config->guest, config->hypervisor, self->costs);
	vcpu_set_segments(self);
	self->copy_ps_per_byte_q32 =
		(uint64_t)((((unsigned __int128)PS_PER_S << 32) + (uint64_t)config->host->copy_bps - 1) /
			   (uint64_t)config->host->copy_bps);
	/* Nothing that an interrupt starts reaches the device sooner. */
	self->unit.lookahead_ps = ps_min(self->phases[PHASE_IRQ_IDLE].fixed_ps, self->phases[PHASE_IRQ_BUSY].fixed_ps) +
				  self->phases[PHASE_IRQ_HANDLER].fixed_ps;
	function = config->stack->on_pf ? 0 : config->vm;
	ring = config->stack->on_pf ? (config->vm - 1) * (uint32_t)config->guest->num_vcpus + config->index
				    : config->index;
	self->ring = nesc_device_connect(device, &self->unit, function, ring, depth);
	self->pieces = calloc(depth, sizeof(piece));
	if (self->pieces == NULL || !vcpu_set_memory(self)) {
		vcpu_destroy(self);
		return NULL;
	}
	for (uint64_t i = depth; i > 0; i--) {
		self->pieces[i - 1].next = self->free_pieces;
		self->free_pieces = &self->pieces[i - 1];
	}
	self->num_free_nodes = (uint32_t)depth;
	if (max_piece_bytes > (uint64_t)self->num_free_pages * PAGE_BYTES)
		max_piece_bytes = (uint64_t)self->num_free_pages * PAGE_BYTES;
	self->max_piece_bytes = max_piece_bytes;
	if (config->source == NULL)
		self->activity = ACT_ENDED;
	else
		self->has_app = source_has_app_layer(config->source);
	return self;
}

sim_queue *vcpu_wait_for(vcpu *self, sim_unit *creator)
{
	self->hot_plug = sim_queue_create(self->unit.kernel, "hot plug", creator, &self->unit, 1);
	if (self->activity == ACT_RUN) {
		/* It may submit as soon as it is there, sooner than an interrupt would make it. */
		self->lookahead_ps = self->unit.lookahead_ps;
		self->unit.lookahead_ps = 0;
		self->activity = ACT_ABSENT;
	}
	return self->hot_plug;
}

void vcpu_destroy(vcpu *self)
{
	if (self == NULL)
		return;
	for (uint32_t i = 0; i < self->num_io_chunks; i++) {
		for (uint32_t j = 0; j < CHUNK_IOS; j++)
			free(self->io_chunks[i][j].stamps);
		free(self->io_chunks[i]);
	}
	free(self->io_chunks);
	free(self->pieces);
	free(self->next_page);
	free(self);
}

ps_t vcpu_cpu_ps(const vcpu *self, cpu_owner owner)
{
	return self->cpu_ps[owner];
}

uint64_t vcpu_num_submitted(const vcpu *self)
{
	return self->num_submitted;
}

uint64_t vcpu_num_completed(const vcpu *self)
{
	return self->num_completed;
}

uint64_t vcpu_num_ended(const vcpu *self, nesc_completion_status status)
{
	return self->num_ended[status];
}

uint64_t vcpu_num_failed(const vcpu *self)
{
	return self->num_completed - self->num_ended[NESC_COMPLETION_OK];
}

io_request vcpu_first_ended(const vcpu *self, nesc_completion_status status)
{
	return self->first_ended[status];
}

ps_t vcpu_first_submit_ps(const vcpu *self)
{
	return self->first_submit_ps;
}

ps_t vcpu_last_complete_ps(const vcpu *self)
{
	return self->last_complete_ps;
}

const char *cpu_owner_name(cpu_owner owner)
{
	static const char *const names[] = {
#define X(symbol, name, what) name,
		CPU_OWNER_LIST(X)
#undef X
	};

	return names[owner];
}
