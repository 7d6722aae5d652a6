#include "host/io_thread.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/assert.h"
#include "sim/thread.h"
#include "workload/io.h"

/* A queue as the thread sees it. */
typedef struct served_queue {
	virtual_queue shared;
	guest_request *first, *last; /* seen, not taken yet */
	bool kicked;
	uint64_t num_interrupts; /* sent */
} served_queue;

struct io_thread {
	host_core core;
	io_thread_config config;
	char name[32];
	host_path path;
	served_queue *queues;
	nesc_request *first_done, *last_done; /* that interrupts tell of */
	bool sleeps;
	sim_queue *core_requests, *core_grants; /* of the pool */
	bool has_core;
	uint32_t num_taken; /* requests, not told of yet */
	bool flushing;      /* alone */
	host_ops batch;     /* taken in this pass, not handed to the kernel yet */
	host_ops returned;  /* the host's kernel is through with them */
	io_thread_counts counts;
};

/* ---- cores ------------------------------------------------------------------------------------------------------ */

/* Waits for a core of the pool. */
static bool take_core(io_thread *self)
{
	sim_item item = { .kind = SIM_POOL_ACQUIRE };

	if (self->config.pool == NULL || self->has_core)
		return true;
	self->has_core = true;
	/* A merge point acts strictly after what woke it: others were promised that. */
	return sim_thread_send(&self->core.unit, self->core_requests, 0, item) &&
	       sim_thread_receive(&self->core.unit, self->core_grants, &item) &&
	       sim_thread_sync(&self->core.unit, self->core.unit.local_ps + 1);
}

static bool give_core(io_thread *self)
{
	const sim_item item = { .kind = SIM_POOL_RELEASE };

	if (!self->has_core)
		return true;
	self->has_core = false;
	return sim_thread_send(&self->core.unit, self->core_requests, 0, item);
}

/* ---- what comes in ---------------------------------------------------------------------------------------------- */

/* An interrupt of the device's tells of requests. */
static void add_done(io_thread *self, nesc_request *told)
{
	if (self->last_done == NULL)
		self->first_done = told;
	else
		self->last_done->next_done = told;
	while (told->next_done != NULL)
		told = told->next_done;
	self->last_done = told;
}

static void add_request(io_thread *self, served_queue *queue, guest_request *request)
{
	request->next = NULL;
	if (queue->last == NULL)
		queue->first = request;
	else
		queue->last->next = request;
	queue->last = request;
	queue->kicked |= request->kicked;
	if (request->kicked)
		self->counts.num_kicks++;
	else
		self->counts.num_suppressed_kicks++;
}

/* Takes in all that came before now. True if it would wake the thread. */
static bool take_in(io_thread *self)
{
	sim_unit *unit = &self->core.unit;
	bool wakes = false;
	sim_queue *queue;

	while ((queue = sim_merge_first(unit, NULL)) != NULL) {
		const sim_item item = sim_pop(unit, queue);

		if (queue == self->path.ring.ring.interrupts) {
			add_done(self, item.payload);
			wakes = true;
		} else {
			guest_request *request = item.payload;

			add_request(self, &self->queues[request->queue], request);
			wakes |= request->kicked;
		}
	}
	return wakes;
}

/* Waits for something to do. False when the run is over. */
static bool wait_for_work(io_thread *self)
{
	sim_unit *unit = &self->core.unit;
	const ps_t from_ps = unit->local_ps;
	bool wakes;
	ps_t idle_ps;
	sim_wait wait;

	while (!sim_merge_ready(unit, NULL, sim_engine_now(unit->kernel), &wait))
		if (!sim_thread_block(unit, wait))
			return false;
	wakes = take_in(self);
	/* What was put into a queue unkicked came while the thread was looking. */
	idle_ps = unit->local_ps - from_ps;
	if (!self->sleeps && self->config.poll_ps != 0)
		self->core.cpu_ps[CPU_POLLING] += ps_min(idle_ps, self->config.poll_ps);
	if (wakes && idle_ps > self->config.poll_ps)
		self->sleeps = true;
	return true;
}

/* ---- what goes out ---------------------------------------------------------------------------------------------- */

/* Is the guest's handler looking at the queue? It has to be known for now. */
static bool guest_is_looking(io_thread *self, served_queue *queue, bool *over_out)
{
	sim_unit *unit = &self->core.unit;

	if (!queue->shared.device.suppresses)
		return false;
	/* With all interrupts taken, all that could be said has been. */
	if (queue->num_interrupts != queue->shared.num_interrupts_taken && !sim_thread_sync(unit, unit->local_ps))
		*over_out = true;
	return sim_signal_before(&queue->shared.handling, unit->local_ps);
}

/* Tells the guest of one request. */
static bool complete_request(io_thread *self, guest_request *request)
{
	served_queue *queue = &self->queues[request->queue];
	bool over = false;

	self->num_taken--;
	self->flushing = false;
	stage_mark_wait(&request->marks, STAGE_VMM, self->core.unit.local_ps);
	core_run(&self->core, PHASE_IO_DONE, 0, &request->marks);
	request->interrupts = !guest_is_looking(self, queue, &over);
	if (over)
		return false;
	if (request->interrupts) {
		core_run(&self->core, PHASE_IO_NOTIFY, 0, &request->marks);
		queue->num_interrupts++;
		self->counts.num_interrupts++;
	} else {
		self->counts.num_suppressed_interrupts++;
	}
	if (self->config.poll_ps != 0 && queue->shared.device.suppresses) {
		/* It goes on looking. Said before the answer, so that the guest knows by then. */
		sim_signal_set(&queue->shared.looking, self->core.unit.local_ps, true);
		sim_signal_set(&queue->shared.looking, self->core.unit.local_ps + self->config.poll_ps, false);
	}
	sim_push(&self->core.unit, queue->shared.completions, 0, (sim_item){ .payload = request });
	return true;
}

/* Requests that were joined share the path from then on. */
static void split_marks(const host_op *op, guest_request *request)
{
	for (int i = 0; i < NUM_STAGES; i++) {
		request->marks.split.service_ps[i] += op->marks.split.service_ps[i] - op->prefix.service_ps[i];
		request->marks.split.wait_ps[i] += op->marks.split.wait_ps[i] - op->prefix.wait_ps[i];
	}
	request->marks.last_ps = op->marks.last_ps;
}

static bool finish(io_thread *self, host_op *op)
{
	guest_request *request = op->first, *next;
	uint64_t sector = 0;

	for (; request != NULL; request = next) {
		const uint64_t num_sectors = request->num_bytes / IO_SECTOR_BYTES;

		next = request->next;
		request->status = op->status;
		request->has_part = op->has_part;
		request->part = op->part;
		if (op->first == op->last)
			request->marks = op->marks;
		else
			split_marks(op, request);
		for (uint64_t i = 0;
		     op->first != op->last && op->op == NESC_READ && op->stamps != NULL && i < num_sectors; i++)
			request->stamps[i] = op->stamps[sector + i];
		sector += num_sectors;
		if (!complete_request(self, request))
			return false;
	}
	host_path_free_op(&self->path, op);
	return true;
}

/* What the host's kernel is through with: the guest is told, or the flush that has to follow is asked for. */
static bool go_on(io_thread *self, host_op *op)
{
	if (op->step == HOST_STEP_DONE)
		return finish(self, op);
	if (host_path_advance(&self->path, op))
		host_ops_append(&self->returned, op);
	return true;
}

/* ---- queues ----------------------------------------------------------------------------------------------------- */

/* Joins the request to the last one of the batch. False where it does not continue that. */
static bool join(io_thread *self, guest_request *request)
{
	host_op *op = self->batch.last;

	if (op == NULL || request->num_bytes == 0 || op->op != request->op ||
	    op->first_byte + op->num_bytes != request->first_byte ||
	    op->num_bytes + request->num_bytes > self->config.merge_bytes)
		return false;
	core_run(&self->core, PHASE_IO_MERGE, 0, &request->marks);
	op->last->next = request;
	op->last = request;
	op->num_bytes += request->num_bytes;
	self->counts.num_merged++;
	return true;
}

/* Has the device room for the queue's next request? */
static bool may_take(const io_thread *self, const served_queue *queue)
{
	const virtual_device *device = &self->config.device;

	if (queue->first == NULL || self->flushing ||
	    (device->max_commands != 0 && self->num_taken >= device->max_commands))
		return false;
	return !device->flush_alone || queue->first->op != NESC_FLUSH || self->num_taken == 0;
}

static void take_request(io_thread *self, guest_request *request)
{
	host_op *op;

	stage_mark_wait(&request->marks, STAGE_VMM, self->core.unit.local_ps);
	core_run(&self->core, PHASE_IO_TAKE, 0, &request->marks);
	self->counts.num_requests++;
	self->num_taken++;
	self->flushing = self->config.device.flush_alone && request->op == NESC_FLUSH;
	request->next = NULL;
	if (join(self, request))
		return;
	op = host_path_new_op(&self->path);
	op->op = request->op;
	op->first_byte = request->first_byte;
	op->num_bytes = request->num_bytes;
	op->stamps = request->stamps;
	op->first = op->last = request;
	host_ops_append(&self->batch, op);
}

/* Takes all requests out of a queue; meanwhile the guest need not kick. */
static void serve_queue(io_thread *self, served_queue *queue)
{
	const ps_t from_ps = self->core.unit.local_ps;
	guest_request *request;

	if (queue->kicked) {
		stage_mark_wait(&queue->first->marks, STAGE_VMM, from_ps);
		core_run(&self->core, PHASE_IO_KICK, 0, &queue->first->marks);
	}
	queue->kicked = false;
	while (may_take(self, queue)) {
		request = queue->first;
		queue->first = request->next;
		if (queue->first == NULL)
			queue->last = NULL;
		take_request(self, request);
	}
	if (queue->shared.device.suppresses) {
		sim_signal_set(&queue->shared.looking, from_ps, true);
		sim_signal_set(&queue->shared.looking, self->core.unit.local_ps + self->config.poll_ps, false);
	}
}

static void serve_queues(io_thread *self)
{
	for (uint32_t i = 0; i < self->config.num_queues; i++)
		if (may_take(self, &self->queues[i]))
			serve_queue(self, &self->queues[i]);
}

/* All pieces of a request that were joined, in one place. */
static void gather_stamps(host_op *op)
{
	content_stamp *to;

	if (op->first == op->last || op->stamps == NULL)
		return;
	to = host_stamps_room(&op->joined_stamps, op->num_bytes / IO_SECTOR_BYTES);
	op->stamps = to;
	for (const guest_request *request = op->first; request != NULL; request = request->next)
		for (uint64_t i = 0; i < request->num_bytes / IO_SECTOR_BYTES; i++)
			*to++ = op->op == NESC_WRITE ? request->stamps[i] : content_garbage();
}

/* Hands the batch to the host's kernel. */
static void submit_batch(io_thread *self)
{
	bool first = true;
	host_op *op;

	while ((op = host_ops_pop(&self->batch)) != NULL) {
		stage_marks *marks = &op->first->marks;

		stage_mark_wait(marks, STAGE_VMM, self->core.unit.local_ps);
		if (op->op != NESC_FLUSH) { /* a flush is a call of its own: PHASE_IO_SYNC */
			if (first)
				core_run(&self->core, PHASE_IO_SUBMIT, 0, marks);
			first = false;
			core_run(&self->core, PHASE_IO_START, 0, marks);
		}
		for (guest_request *joined = op->first->next; joined != NULL; joined = joined->next)
			stage_mark_wait(&joined->marks, STAGE_VMM, self->core.unit.local_ps);
		op->marks = *marks;
		if (op->first != op->last)
			op->prefix = marks->split;
		gather_stamps(op);
		if (host_path_advance(&self->path, op))
			host_ops_append(&self->returned, op);
	}
}

/* ---- a pass ----------------------------------------------------------------------------------------------------- */

/* The device's interrupts: the host's kernel takes completions, whoever runs. */
static void serve_interrupts(io_thread *self)
{
	core_phase phase = self->sleeps ? PHASE_IRQ_IDLE : PHASE_IRQ_BUSY;
	bool first = true;

	while (self->first_done != NULL) {
		nesc_request *request = self->first_done;
		stage_marks *marks = &request->marks;

		self->first_done = request->next_done;
		if (self->first_done == NULL)
			self->last_done = NULL;
		ring_driver_note(&self->path.ring, request);
		stage_mark_wait(marks, STAGE_HOST, self->core.unit.local_ps);
		if (first) {
			core_run(&self->core, phase, 0, marks);
			core_run(&self->core, PHASE_IRQ_HANDLER, 0, marks);
		} else {
			core_run(&self->core, PHASE_IRQ_NEXT, 0, marks);
		}
		first = false;
		ring_driver_complete(&self->path.ring, request, marks);
	}
	ring_driver_drive(&self->path.ring);
	host_path_advance_ready(&self->path, &self->returned);
}

/* The request that the thread wakes up for, and how its event loop finds it; NUM_PHASES: it is looking already. */
static stage_marks *first_event(io_thread *self, core_phase *loop_out)
{
	*loop_out = PHASE_IO_LOOP;
	if (self->returned.first != NULL)
		return &self->returned.first->marks;
	*loop_out = PHASE_IO_LOOP_KICK;
	for (uint32_t i = 0; i < self->config.num_queues; i++)
		if (self->queues[i].kicked && may_take(self, &self->queues[i]))
			return &self->queues[i].first->marks;
	*loop_out = NUM_PHASES;
	for (uint32_t i = 0; i < self->config.num_queues; i++)
		if (may_take(self, &self->queues[i]))
			return &self->queues[i].first->marks;
	return NULL;
}

/* The thread's user space. False when the run is over. */
static bool serve_events(io_thread *self)
{
	core_phase loop;
	stage_marks *marks = first_event(self, &loop);

	if (marks == NULL)
		return true;
	self->counts.num_passes++;
	stage_mark_wait(marks, STAGE_VMM, self->core.unit.local_ps);
	if (self->sleeps) {
		self->counts.num_wakes++;
		core_run(&self->core, loop == PHASE_IO_LOOP ? PHASE_IO_WAKE : PHASE_IO_WAKE_KICK, 0, marks);
	}
	self->sleeps = false;
	if (loop != NUM_PHASES) {
		core_run(&self->core, loop, 0, marks);
		/* It finds what came while it woke up and looped, too. */
		if (!sim_thread_sync(&self->core.unit, self->core.unit.local_ps))
			return false;
		take_in(self);
		serve_interrupts(self);
	}
	for (;;) {
		host_ops told = self->returned;
		host_op *op;

		self->returned = (host_ops){ .first = NULL };
		while ((op = host_ops_pop(&told)) != NULL)
			if (!go_on(self, op))
				return false;
		serve_queues(self);
		submit_batch(self);
		host_path_advance_ready(&self->path, &self->returned);
		if (self->returned.first == NULL)
			return true;
		/* What needed no device: the loop hears of it in its next pass all the same. */
		self->counts.num_passes++;
		stage_mark_wait(&self->returned.first->marks, STAGE_VMM, self->core.unit.local_ps);
		core_run(&self->core, PHASE_IO_LOOP, 0, &self->returned.first->marks);
	}
}

static void io_thread_body(sim_unit *unit)
{
	io_thread *self = (io_thread *)unit;

	while (wait_for_work(self)) {
		if (!take_core(self))
			return;
		serve_interrupts(self);
		if (!serve_events(self) || !give_core(self))
			return;
	}
}

/* ---- making one ------------------------------------------------------------------------------------------------- */

io_thread *io_thread_create(sim_kernel *kernel, nesc_device *device, const io_thread_config *config)
{
	const core_params params = {
		.host = config->host,
		.guest = config->guest,
		.hypervisor = config->hypervisor,
		.table = config->table,
		.features = config->features | core_platform_features(config->host),
		.seed = config->seed,
		.stream = (uint64_t)config->vm << 32 | UINT32_MAX,
	};
	io_thread *self = calloc(1, sizeof(*self));
	sim_unit *unit;

	if (self == NULL)
		return NULL;
	self->config = *config;
	self->sleeps = true;
	unit = &self->core.unit;
	snprintf(self->name, sizeof(self->name), "vm[%u].io_thread", config->vm);
	sim_thread_init(kernel, unit, self->name, io_thread_body);
	unit->role = SIM_MERGE;
	unit->clock = hwclock_make(CORE_CLOCK_HZ);
	unit->daemon = true;
	core_init(&self->core, &params);
	self->queues = calloc(config->num_queues, sizeof(served_queue));
	if (self->queues == NULL || host_path_init(&self->path, &self->core, device, &config->path) != NESCSIM_OK) {
		io_thread_destroy(self);
		return NULL;
	}
	for (uint32_t i = 0; i < config->num_queues; i++)
		self->queues[i].shared = (virtual_queue){ .device = config->device, .server = unit, .number = i };
	if (config->pool != NULL)
		sim_core_pool_connect(config->pool, unit, &self->core_requests, &self->core_grants);
	return self;
}

void io_thread_destroy(io_thread *self)
{
	if (self == NULL)
		return;
	host_path_fini(&self->path);
	for (uint32_t i = 0; self->queues != NULL && i < self->config.num_queues; i++) {
		sim_signal_fini(&self->queues[i].shared.looking);
		sim_signal_fini(&self->queues[i].shared.handling);
	}
	free(self->queues);
	free(self);
}

virtual_queue *io_thread_queue(io_thread *self, uint32_t index)
{
	return &self->queues[index].shared;
}

io_thread_counts io_thread_count(const io_thread *self)
{
	io_thread_counts counts = self->counts;

	counts.path = self->path.counts;
	return counts;
}

ps_t io_thread_busy_until_ps(const io_thread *self)
{
	return self->core.unit.local_ps;
}

ps_t io_thread_cpu_ps(const io_thread *self, cpu_owner owner)
{
	return self->core.cpu_ps[owner];
}
