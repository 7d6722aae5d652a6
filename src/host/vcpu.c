#include "host/vcpu.h"

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "host/ring_driver.h"

#define CHUNK_IOS 32

/* One request of the workload. */
typedef struct io {
	driver_io driven; /* its marks: up to the block layer's end on the way down */
	io_request request;
	ps_t app_start_ps, block_start_ps;
	ps_t app_service_ps;        /* of the application before block_start_ps: no part of the block layer's latency */
	uint32_t num_writes_before; /* flush, preflush: writes that must complete first */
	/* check mode */
	content_stamp *stamps; /* one per sector; kept for the record's next user */
	uint64_t num_stamps;
	uint64_t write_sequence;
	uint32_t read_handle;
	struct io *next; /* barriers, or free */
} io;

typedef enum activity {
	ACT_RUN,    /* about to ask the source */
	ACT_ABSENT, /* its VM is not there yet */
	ACT_THINK,  /* application work */
	ACT_TIMER,  /* idle until a time */
	ACT_EITHER, /* idle until a time or a completion */
	ACT_WAIT,   /* idle until a completion */
	ACT_ENDED,  /* no request will follow */
} activity;

/* What the application asked of its filesystem. */
typedef struct operation {
	bool is_under_way;
	bool waits; /* for requests: its process sleeps */
	bool slept; /* its last wake-up is not part of the filesystem's work, as others are */
	io_request request;
	nesc_completion_status status;
	stage_marks marks;
	ps_t start_ps;
	/* the request that completed last */
	ps_t last_start_ps, last_end_ps;
	latency_split last_split;
} operation;

struct vcpu {
	host_core core;
	vcpu_config config;
	char name[32];
	bool has_app, has_operations;
	operation operation;
	sim_queue *interrupts; /* of the ring, or completions of the virtual queue */
	ring_driver ring;
	virtual_driver virtual; /* instead, where config.queue is given */
	bool driving;           /* it waits for a time */

	activity activity;
	sim_queue *hot_plug; /* ACT_ABSENT */
	ps_t think_left_ps, until_ps;

	io *barriers; /* wait for earlier writes */
	io *free_ios;
	io **io_chunks;
	uint32_t num_io_chunks;
	uint32_t num_writes_out, num_outstanding;

	uint64_t num_submitted, num_completed, num_operations;
	uint64_t num_ended[NESC_NUM_COMPLETION_STATUS];
	io_request first_ended[NESC_NUM_COMPLETION_STATUS];
	ps_t first_submit_ps, last_complete_ps;
	vcpu_completion completion; /* filled in for the callback */
	latency_split block_split;  /* for it, where the application's part follows */
};

/* The application worked. */
static void vcpu_account_work(vcpu *self, ps_t worked_ps)
{
	self->core.cpu_ps[self->config.stack.in_guest ? CPU_GUEST : CPU_APP] += worked_ps;
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
	const ps_t now_ps = self->core.unit.local_ps;

	if (request->op != IO_READ && request->op != IO_WRITE)
		return;
	if (begun->num_stamps < request->num_sectors) {
		begun->stamps = realloc(begun->stamps, request->num_sectors * sizeof(content_stamp));
		NESC_ASSERT_ALWAYS(begun->stamps != NULL, "out of memory for contents");
		begun->num_stamps = request->num_sectors;
	}
	begun->driven.stamps = begun->stamps;
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
	const ps_t now_ps = self->core.unit.local_ps;
	ledger_violation violation;

	if (done->request.op == IO_WRITE)
		ledger_write_end(self->config.book, done->write_sequence, done->driven.status != NESC_COMPLETION_OK,
				 now_ps);
	else if (done->request.op == IO_READ && done->driven.status != NESC_COMPLETION_OK)
		ledger_read_drop(self->config.book, done->read_handle, now_ps);
	else if (done->request.op == IO_READ &&
		 !ledger_read_end(self->config.book, done->read_handle, done->stamps, now_ps, &violation))
		self->config.violated(self->config.checker, &violation);
}

/* ---- completion ------------------------------------------------------------------------------------------------- */

static void vcpu_queue_io(vcpu *self, io *queued)
{
	if (self->config.queue != NULL)
		virtual_driver_queue(&self->virtual, &queued->driven);
	else
		ring_driver_queue(&self->ring, &queued->driven);
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
static void vcpu_complete_io(vcpu *self, io *done, stage_marks *marks, const driver_part *part)
{
	vcpu_completion *completion = &self->completion;

	if (self->config.book != NULL)
		vcpu_check_end(self, done);
	core_run(&self->core, PHASE_BLOCK_COMPLETE, 0, marks);
	completion->request = &done->request;
	completion->number = self->has_operations ? self->operation.request.number : done->request.number;
	completion->vm = self->config.vm;
	completion->has_block = true;
	completion->in_operation = self->has_operations;
	completion->status = done->driven.status;
	completion->block_start_ps = done->block_start_ps;
	completion->block_end_ps = self->core.unit.local_ps;
	completion->block_split = &marks->split;
	if (self->has_app) {
		self->block_split = marks->split;
		self->block_split.service_ps[STAGE_APP] -= done->app_service_ps;
		completion->block_split = &self->block_split;
	}
	completion->has_device = part != NULL;
	if (part != NULL) {
		completion->device_start_ps = part->start_ps;
		completion->device_end_ps = part->end_ps;
		completion->device_split = &part->split;
	}
	completion->pieces = marks->pieces;
	completion->has_app = self->has_app;
	if (self->has_app) {
		core_run(&self->core, PHASE_APP_WAKE, 0, marks);
		core_run(&self->core, PHASE_APP_RETURN, 0, marks);
		completion->app_start_ps = done->app_start_ps;
		completion->app_end_ps = self->core.unit.local_ps;
		completion->app_split = &marks->split;
		completion->pieces = marks->pieces;
	}
	if (self->operation.is_under_way) {
		self->operation.last_start_ps = completion->block_start_ps;
		self->operation.last_end_ps = completion->block_end_ps;
		self->operation.last_split = *completion->block_split;
		if (done->driven.status > self->operation.status)
			self->operation.status = done->driven.status;
	}
	if (done->request.op == IO_WRITE) {
		self->num_writes_out--;
		vcpu_release_barriers(self, done->request.number);
	}
	if (self->num_ended[done->driven.status]++ == 0)
		self->first_ended[done->driven.status] = done->request;
	self->num_completed++;
	self->num_outstanding--;
	self->last_complete_ps = self->core.unit.local_ps;
	sim_in_flight_add(self->core.unit.kernel, -1);
	self->config.completed(self->config.context, completion);
	source_completed(self->config.source, done->request.number, self->core.unit.local_ps);
	done->next = self->free_ios;
	self->free_ios = done;
	if (self->activity == ACT_WAIT || self->activity == ACT_EITHER)
		self->activity = ACT_RUN;
}

/* ---- submission ------------------------------------------------------------------------------------------------- */

static nesc_op vcpu_device_op(io_op op)
{
	return op == IO_READ ? NESC_READ : op == IO_WRITE ? NESC_WRITE : NESC_FLUSH;
}

/* The driver is through with it. */
static void vcpu_driven(void *context, driver_io *driven, stage_marks *marks, const driver_part *part)
{
	vcpu_complete_io(context, (io *)driven, marks, part);
}

/* Hands over what fits. False where that has to wait for a time: nothing else may happen before. */
static bool vcpu_drive(vcpu *self, ps_t limit_ps, sim_wait *wait_out)
{
	self->driving = false;
	if (self->config.queue == NULL) {
		ring_driver_drive(&self->ring);
		return true;
	}
	return virtual_driver_drive(&self->virtual, limit_ps, wait_out);
}

static void vcpu_submit(vcpu *self, const source_step *step)
{
	io *submitted = vcpu_take_io(self);
	const ps_t arrival_ps = step->arrival_ps >= 0 ? step->arrival_ps : self->core.unit.local_ps;

	submitted->request = step->request;
	submitted->driven.op = vcpu_device_op(step->request.op);
	submitted->driven.preflush = step->request.preflush;
	submitted->driven.fua = step->request.fua;
	submitted->driven.first_byte = step->request.first_sector * IO_SECTOR_BYTES;
	submitted->driven.num_bytes = step->request.op == IO_FLUSH ? 0 : step->request.num_sectors * IO_SECTOR_BYTES;
	submitted->driven.marks.last_ps = arrival_ps;
	if (self->config.log != NULL && step->request.number == self->config.logged_number)
		submitted->driven.marks.log = self->config.log;
	submitted->app_start_ps = arrival_ps;
	if (self->num_submitted++ == 0)
		self->first_submit_ps = arrival_ps;
	self->num_outstanding++;
	sim_in_flight_add(self->core.unit.kernel, 1);
	stage_mark_wait(&submitted->driven.marks, STAGE_APP, self->core.unit.local_ps);
	submitted->block_start_ps = arrival_ps;
	if (self->has_app) {
		core_run(&self->core, PHASE_APP_SUBMIT, 0, &submitted->driven.marks);
		/* An open-loop arrival's delay counts in both layers. */
		submitted->app_service_ps = submitted->driven.marks.split.service_ps[STAGE_APP];
		submitted->block_start_ps += submitted->app_service_ps;
	}
	core_run(&self->core, PHASE_BLOCK_SUBMIT, 0, &submitted->driven.marks);
	if (self->config.book != NULL)
		vcpu_check_begin(self, submitted);
	if (step->request.op == IO_DISCARD) {
		core_run(&self->core, PHASE_DISCARD, 0, &submitted->driven.marks);
		vcpu_complete_io(self, submitted, &submitted->driven.marks, NULL);
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
	self->driving = true;
}

/* ---- operations --------------------------------------------------------------------------------------------------- */

static void vcpu_begin_operation(vcpu *self, const io_request *request)
{
	const ps_t now_ps = self->core.unit.local_ps;

	self->operation = (operation){
		.is_under_way = true, .request = *request, .marks = { .last_ps = now_ps }, .start_ps = now_ps
	};
	core_run(&self->core, PHASE_APP_SUBMIT, 0, &self->operation.marks);
}

/* The requests that it waited for are done: the path of the last one is its own. */
static void vcpu_resume_operation(vcpu *self)
{
	operation *of = &self->operation;

	of->waits = false;
	if (of->last_start_ps >= of->marks.last_ps) {
		/* The core submitted others before. */
		stage_mark_wait(&of->marks, STAGE_BLOCK, of->last_start_ps);
		for (int i = 0; i < NUM_STAGES; i++) {
			of->marks.split.service_ps[i] += of->last_split.service_ps[i];
			of->marks.split.wait_ps[i] += of->last_split.wait_ps[i];
		}
		of->marks.last_ps = of->last_end_ps;
	}
	stage_mark_wait(&of->marks, STAGE_APP, self->core.unit.local_ps);
	of->slept = true;
}

/* The kernel's own, between its requests. */
static void vcpu_work(vcpu *self, ps_t duration_ps, const char *what)
{
	sim_unit *unit = &self->core.unit;

	/* It submitted requests meanwhile, or served interrupts. */
	stage_mark_wait(&self->operation.marks, STAGE_BLOCK, unit->local_ps);
	unit->local_ps += duration_ps;
	self->core.cpu_ps[self->config.stack.in_guest ? CPU_GUEST : CPU_KERNEL] += duration_ps;
	stage_mark_service_of(&self->operation.marks, STAGE_FS, unit->local_ps, what);
}

static void vcpu_finish_operation(vcpu *self)
{
	vcpu_completion *completion = &self->completion;
	operation *of = &self->operation;

	stage_mark_wait(&of->marks, STAGE_BLOCK, self->core.unit.local_ps);
	if (of->slept)
		core_run(&self->core, PHASE_APP_WAKE, 0, &of->marks);
	core_run(&self->core, PHASE_APP_RETURN, 0, &of->marks);
	of->is_under_way = false;
	self->num_operations++;
	*completion = (vcpu_completion){
		.request = &of->request,
		.number = of->request.number,
		.vm = self->config.vm,
		.status = of->status,
		.has_app = true,
		.in_operation = true,
		.app_start_ps = of->start_ps,
		.app_end_ps = self->core.unit.local_ps,
		.app_split = &of->marks.split,
	};
	self->config.completed(self->config.context, completion);
}

/* ---- interrupts ------------------------------------------------------------------------------------------------- */

/* The device tells of one request, or of several. */
static void vcpu_ring_interrupt(vcpu *self, nesc_request *request, core_phase delivery)
{
	nesc_request *next;
	stage_marks *marks = &request->marks;

	ring_driver_note(&self->ring, request);
	stage_mark_wait(marks, STAGE_INTERRUPT, self->core.unit.local_ps);
	core_run(&self->core, delivery, 0, marks);
	core_run(&self->core, PHASE_IRQ_HANDLER, 0, marks);
	next = request->next_done; /* its record is free once it is complete */
	ring_driver_complete(&self->ring, request, marks);
	while (next != NULL) {
		request = next;
		next = request->next_done;
		marks = &request->marks;
		ring_driver_note(&self->ring, request);
		stage_mark_wait(marks, STAGE_INTERRUPT, self->core.unit.local_ps);
		core_run(&self->core, PHASE_IRQ_NEXT, 0, marks);
		ring_driver_complete(&self->ring, request, marks);
	}
}

/* The hypervisor's thread tells of one. */
static void vcpu_virtual_interrupt(vcpu *self, guest_request *request, core_phase delivery, bool found)
{
	stage_marks *marks = &request->marks;

	stage_mark_wait(marks, STAGE_INTERRUPT, self->core.unit.local_ps);
	if (request->interrupts)
		self->config.queue->num_interrupts_taken++;
	if (found) {
		core_run(&self->core, PHASE_IRQ_NEXT, 0, marks);
	} else {
		ps_t from_ps;

		core_run(&self->core, delivery, 0, marks);
		from_ps = self->core.unit.local_ps;
		core_run(&self->core, PHASE_IRQ_HANDLER, 0, marks);
		virtual_driver_handled(&self->virtual, from_ps);
	}
	virtual_driver_complete(&self->virtual, request);
}

/* One interrupt: delivery, handler, completion, and what the driver can hand over then. */
static void vcpu_interrupt(vcpu *self)
{
	sim_unit *unit = &self->core.unit;
	const ps_t ready_ps = sim_head(self->interrupts)->ready_ps;
	const bool found =
		self->config.queue != NULL && virtual_driver_found(&self->virtual, sim_head(self->interrupts));
	const bool idle = self->activity != ACT_THINK && ready_ps > unit->local_ps && !found;
	const core_phase delivery = idle ? PHASE_IRQ_IDLE : PHASE_IRQ_BUSY;
	void *payload;

	if (self->activity == ACT_THINK && ready_ps > unit->local_ps) {
		const ps_t worked_ps = ready_ps - unit->local_ps;

		self->think_left_ps -= worked_ps;
		vcpu_account_work(self, worked_ps);
	}
	if (idle)
		core_run(&self->core, PHASE_IDLE_ENTER, 0, NULL);
	unit->local_ps = ps_max(unit->local_ps, ready_ps);
	payload = sim_pop(unit, self->interrupts).payload;
	if (self->config.queue != NULL)
		vcpu_virtual_interrupt(self, payload, delivery, found);
	else
		vcpu_ring_interrupt(self, payload, delivery);
	self->driving = true;
}

/* ---- the unit --------------------------------------------------------------------------------------------------- */

/* Asks the source. */
static void vcpu_run(vcpu *self)
{
	source_step step;

	source_next(self->config.source, self->core.unit.local_ps, &step);
	if (self->operation.waits && step.action != SOURCE_WAIT)
		vcpu_resume_operation(self);
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
	case SOURCE_WAIT_EITHER:
		self->until_ps = step.until_ps;
		self->activity = ACT_EITHER;
		break;
	case SOURCE_WAIT:
		self->operation.waits = self->operation.is_under_way;
		self->activity = ACT_WAIT;
		break;
	case SOURCE_END:
		self->activity = ACT_ENDED;
		break;
	case SOURCE_BEGIN:
		vcpu_begin_operation(self, &step.request);
		break;
	case SOURCE_WORK:
		vcpu_work(self, step.duration_ps, step.what);
		break;
	case SOURCE_FINISH:
		vcpu_finish_operation(self);
		break;
	case SOURCE_FAILED:
		sim_stop(self->core.unit.kernel);
		self->activity = ACT_ENDED;
		break;
	}
}

static sim_wait vcpu_step(sim_unit *unit, ps_t limit_ps)
{
	vcpu *self = (vcpu *)unit;
	sim_queue *interrupts = self->interrupts;

	for (;;) {
		ps_t event_ps = PS_MAX;
		sim_wait wait;

		if (self->driving && !vcpu_drive(self, limit_ps, &wait)) {
			self->driving = true;
			return wait;
		}
		switch (self->activity) {
		case ACT_ABSENT:
			if (sim_empty(self->hot_plug))
				return SIM_WAIT_ITEM;
			unit->local_ps = ps_max(unit->local_ps, sim_head(self->hot_plug)->ready_ps);
			sim_pop(unit, self->hot_plug);
			self->activity = ACT_RUN;
			continue;
		case ACT_RUN:
			vcpu_run(self);
			continue;
		case ACT_THINK:
			event_ps = unit->local_ps + self->think_left_ps;
			break;
		case ACT_TIMER:
		case ACT_EITHER:
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
			vcpu_account_work(self, self->think_left_ps);
			unit->local_ps = event_ps;
		} else if (event_ps > unit->local_ps) {
			core_run(&self->core, PHASE_IDLE_ENTER, 0, NULL);
			unit->local_ps = ps_max(unit->local_ps, event_ps);
			core_run(&self->core, PHASE_IRQ_IDLE, 0, NULL);
		}
		self->activity = ACT_RUN;
	}
}

/* ---- making one ------------------------------------------------------------------------------------------------- */

/* Its ring: of the VF, or of the PF. */
static bool vcpu_connect_ring(vcpu *self, nesc_device *device, bool trampoline)
{
	const vcpu_config *config = &self->config;
	const bool on_pf = config->stack.on_pf;
	const ring_driver_params params = {
		.nesc = config->nesc,
		.posted_write_ps = config->host->posted_write_ps,
		.function = on_pf ? 0 : config->vm,
		.ring = on_pf ? (config->vm - 1) * (uint32_t)config->guest->num_vcpus + config->index : config->index,
		.trampoline = trampoline,
		.mapping = on_pf ? RING_MAPS_LAYOUT : RING_MAPS_NOTHING,
		.layout = config->layout,
		.window_index = config->index,
		.wait_stage = STAGE_DRIVER,
		.done = vcpu_driven,
		.context = self,
	};

	if (!ring_driver_init(&self->ring, &self->core, device, &params))
		return false;
	self->interrupts = self->ring.ring.interrupts;
	return true;
}

vcpu *vcpu_create(sim_kernel *kernel, nesc_device *device, const vcpu_config *config)
{
	const bool trampoline = config->stack.trampoline && !config->sriov;
	const core_params params = {
		.host = config->host,
		.guest = config->guest,
		.hypervisor = config->hypervisor,
		.table = &config->stack.table,
		.features =
			config->stack.features | core_platform_features(config->host) | (trampoline ? WHEN_COPIES : 0),
		.seed = config->seed,
		.stream = (uint64_t)config->vm << 32 | config->index,
	};
	vcpu *self = calloc(1, sizeof(*self));
	sim_unit *unit;
	bool connected;

	if (self == NULL)
		return NULL;
	self->config = *config;
	unit = &self->core.unit;
	snprintf(self->name, sizeof(self->name), "vm[%u].vcpu[%u]", config->vm, config->index);
	sim_unit_init(kernel, unit, self->name, vcpu_step, SIM_AHEAD, CORE_CLOCK_HZ);
	unit->software = true;
	core_init(&self->core, &params);
	if (config->queue == NULL) {
		connected = vcpu_connect_ring(self, device, trampoline);
	} else {
		connected = virtual_driver_init(&self->virtual, &self->core, config->queue, vcpu_driven, self);
		self->interrupts = config->queue->completions;
	}
	if (!connected) {
		vcpu_destroy(self);
		return NULL;
	}
	if (config->source == NULL)
		self->activity = ACT_ENDED;
	else {
		self->has_operations = source_has_operations(config->source);
		self->has_app = source_has_app_layer(config->source) && !self->has_operations;
	}
	return self;
}

sim_queue *vcpu_wait_for(vcpu *self, sim_unit *creator)
{
	self->hot_plug = sim_queue_create(self->core.unit.kernel, "hot plug", creator, &self->core.unit, 1);
	if (self->activity == ACT_RUN)
		self->activity = ACT_ABSENT;
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
	ring_driver_fini(&self->ring);
	virtual_driver_fini(&self->virtual);
	free(self);
}

ps_t vcpu_cpu_ps(const vcpu *self, cpu_owner owner)
{
	return self->core.cpu_ps[owner];
}

sim_unit *vcpu_unit(vcpu *self)
{
	return &self->core.unit;
}

uint64_t vcpu_num_submitted(const vcpu *self)
{
	return self->num_submitted;
}

uint64_t vcpu_num_completed(const vcpu *self)
{
	return self->num_completed;
}

uint64_t vcpu_num_answered(const vcpu *self)
{
	return self->has_operations ? self->num_operations : self->num_completed;
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
