#include "host/io_thread.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/assert.h"
#include "workload/io.h"

/* A queue as the thread sees it. */
typedef struct served_queue {
	virtual_queue shared;
	guest_request *first, *last; /* seen, not taken yet */
	bool kicked;
	uint64_t num_interrupts; /* sent */
} served_queue;

/* What the thread does, or what it waits for. */
typedef enum io_state {
	IO_IDLE,   /* for something to do */
	IO_ASK,    /* for room to ask for a core of the pool */
	IO_CORE,   /* for the core */
	IO_SERVE,  /* it has one */
	IO_LOOKED, /* until all that came while it woke up and looped is known */
	IO_EVENTS, /* a round of its loop begins */
	IO_ANSWER, /* goes through what the host's kernel is through with; it may wait to know whether a guest looks */
	IO_GIVE,   /* for room to give the core back */
} io_state;

struct io_thread {
	host_core core;
	io_thread_config config;
	char name[32];
	host_path path;
	served_queue *queues;
	nesc_request *first_done, *last_done; /* that interrupts tell of */
	bool sleeps;
	sim_queue *core_requests, *core_grants; /* of the pool; NULL: its core is its own */
	io_state state;
	ps_t idle_from_ps;
	host_ops told;           /* IO_ANSWER: what the kernel is through with ... */
	host_op *finished;       /* ... of which this one's guest requests are being answered, ... */
	guest_request *answered; /* ... from this one on; */
	uint64_t answered_sector;
	bool is_prepared, must_know; /* it is ready to be sent; only when it is known whether the guest looks */
	uint32_t num_taken;          /* requests, not told of yet */
	bool flushing;               /* alone */
	host_ops batch;              /* taken in this pass, not handed to the kernel yet */
	host_ops returned;           /* the host's kernel is through with them */
	io_thread_counts counts;
};

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

/* Something came after it had nothing to do. */
static void begin_work(io_thread *self)
{
	const bool wakes = take_in(self);
	const ps_t idle_ps = self->core.unit.local_ps - self->idle_from_ps;

	/* What was put into a queue unkicked came while the thread was looking. */
	if (!self->sleeps && self->config.poll_ps != 0)
		self->core.cpu_ps[CPU_POLLING] += ps_min(idle_ps, self->config.poll_ps);
	if (wakes && idle_ps > self->config.poll_ps)
		self->sleeps = true;
}

/* ---- what goes out ---------------------------------------------------------------------------------------------- */

/* Requests that were joined share the path from then on. */
static void split_marks(const host_op *op, guest_request *request)
{
	for (int i = 0; i < NUM_STAGES; i++) {
		request->marks.split.service_ps[i] += op->marks.split.service_ps[i] - op->prefix.service_ps[i];
		request->marks.split.wait_ps[i] += op->marks.split.wait_ps[i] - op->prefix.wait_ps[i];
	}
	request->marks.last_ps = op->marks.last_ps;
}

/* The request has what became of it, and the thread is about to tell its guest. */
static void prepare_answer(io_thread *self, guest_request *request)
{
	const host_op *op = self->finished;
	const served_queue *queue = &self->queues[request->queue];
	const uint64_t num_sectors = request->num_bytes / IO_SECTOR_BYTES;

	request->status = op->status;
	request->has_part = op->has_part;
	request->part = op->part;
	if (op->first == op->last)
		request->marks = op->marks;
	else
		split_marks(op, request);
	for (uint64_t i = 0; op->first != op->last && op->op == NESC_READ && op->stamps != NULL && i < num_sectors; i++)
		request->stamps[i] = op->stamps[self->answered_sector + i];
	self->answered_sector += num_sectors;
	self->num_taken--;
	self->flushing = false;
	stage_mark_wait(&request->marks, STAGE_VMM, self->core.unit.local_ps);
	core_run(&self->core, PHASE_IO_DONE, 0, &request->marks);
	/* Whether the guest's handler looks at the queue has to be known for now. With all interrupts taken, all that could be
	 * said has been. */
	self->must_know =
		queue->shared.device.suppresses && queue->num_interrupts != queue->shared.num_interrupts_taken;
}

static void send_answer(io_thread *self, guest_request *request)
{
	sim_unit *unit = &self->core.unit;
	served_queue *queue = &self->queues[request->queue];
	const bool suppresses = queue->shared.device.suppresses;

	request->interrupts = !(suppresses && sim_signal_before(&queue->shared.handling, unit->local_ps));
	if (request->interrupts) {
		core_run(&self->core, PHASE_IO_NOTIFY, 0, &request->marks);
		queue->num_interrupts++;
		self->counts.num_interrupts++;
	} else {
		self->counts.num_suppressed_interrupts++;
	}
	if (self->config.poll_ps != 0 && suppresses) {
		/* It goes on looking. Said before the answer, so that the guest knows by then. */
		sim_signal_set(&queue->shared.looking, unit->local_ps, true);
		sim_signal_set(&queue->shared.looking, unit->local_ps + self->config.poll_ps, false);
	}
	sim_push(unit, queue->shared.completions, 0, (sim_item){ .payload = request });
}

/* Tells the guest of an op's requests. False: not before local time. */
static bool answer(io_thread *self, ps_t limit_ps)
{
	while (self->answered != NULL) {
		guest_request *request = self->answered;

		if (!self->is_prepared)
			prepare_answer(self, request);
		self->is_prepared = true;
		if (self->must_know && limit_ps < self->core.unit.local_ps)
			return false;
		self->is_prepared = false;
		self->answered = request->next; /* then the record is the guest's */
		send_answer(self, request);
	}
	host_path_free_op(&self->path, self->finished);
	self->finished = NULL;
	return true;
}

/* What the host's kernel is through with: the guest is told, or the flush that has to follow is asked for. False: not before
 * local time. */
static bool answer_all(io_thread *self, ps_t limit_ps)
{
	for (;;) {
		host_op *op;

		if (self->finished != NULL && !answer(self, limit_ps))
			return false;
		op = host_ops_pop(&self->told);
		if (op == NULL)
			return true;
		if (op->step == HOST_STEP_DONE) {
			self->finished = op;
			self->answered = op->first;
			self->answered_sector = 0;
		} else if (host_path_advance(&self->path, op)) {
			host_ops_append(&self->returned, op);
		}
	}
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

/* Its event loop finds something, or not. */
static io_state begin_events(io_thread *self)
{
	core_phase loop;
	stage_marks *marks = first_event(self, &loop);

	if (marks == NULL)
		return IO_GIVE;
	self->counts.num_passes++;
	stage_mark_wait(marks, STAGE_VMM, self->core.unit.local_ps);
	if (self->sleeps) {
		self->counts.num_wakes++;
		core_run(&self->core, loop == PHASE_IO_LOOP ? PHASE_IO_WAKE : PHASE_IO_WAKE_KICK, 0, marks);
	}
	self->sleeps = false;
	if (loop == NUM_PHASES)
		return IO_EVENTS;
	core_run(&self->core, loop, 0, marks);
	return IO_LOOKED;
}

/* The guests know what was done for them: what they ask for. */
static io_state end_events(io_thread *self)
{
	serve_queues(self);
	submit_batch(self);
	host_path_advance_ready(&self->path, &self->returned);
	if (self->returned.first == NULL)
		return IO_GIVE;
	/* What needed no device: the loop hears of it in its next pass all the same. */
	self->counts.num_passes++;
	stage_mark_wait(&self->returned.first->marks, STAGE_VMM, self->core.unit.local_ps);
	core_run(&self->core, PHASE_IO_LOOP, 0, &self->returned.first->marks);
	return IO_EVENTS;
}

static sim_wait io_thread_step(sim_unit *unit, ps_t limit_ps)
{
	io_thread *self = (io_thread *)unit;
	sim_wait wait;

	for (;;) {
		switch (self->state) {
		case IO_IDLE:
			if (!sim_merge_ready(unit, NULL, limit_ps, &wait))
				return wait;
			begin_work(self);
			self->state = self->core_requests == NULL ? IO_SERVE : IO_ASK;
			break;
		case IO_ASK:
			if (sim_full(self->core_requests))
				return SIM_WAIT_SLOT(self->core_requests);
			sim_push(unit, self->core_requests, 0, (sim_item){ .kind = SIM_POOL_ACQUIRE });
			self->state = IO_CORE;
			break;
		case IO_CORE: {
			ps_t granted_ps;

			if (sim_empty(self->core_grants))
				return SIM_WAIT_ITEM;
			/* A merge point acts strictly after what woke it: others were promised that. */
			granted_ps = ps_max(unit->local_ps, sim_head(self->core_grants)->ready_ps) + 1;
			if (limit_ps < granted_ps)
				return SIM_WAIT_UNTIL(granted_ps);
			unit->local_ps = granted_ps - 1;
			sim_pop(unit, self->core_grants);
			unit->local_ps = granted_ps;
			self->state = IO_SERVE;
			break;
		}
		case IO_SERVE:
			serve_interrupts(self);
			self->state = begin_events(self);
			break;
		case IO_LOOKED:
			if (limit_ps < unit->local_ps)
				return SIM_WAIT_UNTIL(unit->local_ps);
			take_in(self);
			serve_interrupts(self);
			self->state = IO_EVENTS;
			break;
		case IO_EVENTS:
			self->told = self->returned;
			self->returned = (host_ops){ .first = NULL };
			self->state = IO_ANSWER;
			break;
		case IO_ANSWER:
			if (!answer_all(self, limit_ps))
				return SIM_WAIT_UNTIL(unit->local_ps);
			self->state = end_events(self);
			break;
		case IO_GIVE:
			if (self->core_requests != NULL) {
				if (sim_full(self->core_requests))
					return SIM_WAIT_SLOT(self->core_requests);
				sim_push(unit, self->core_requests, 0, (sim_item){ .kind = SIM_POOL_RELEASE });
			}
			self->idle_from_ps = unit->local_ps;
			self->state = IO_IDLE;
			break;
		}
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
	sim_unit_init(kernel, unit, self->name, io_thread_step, SIM_MERGE, CORE_CLOCK_HZ);
	unit->software = unit->daemon = true;
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
