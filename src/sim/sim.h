/* Units, timed queues and merge points: the exact part of the engine, without any engine.
 *
 * NAME
 *   sim - integer-time discrete units that one or many SimGrid actors can run with the same result
 *
 * A *unit* is private state, finite timed queues to its neighbours and one non-blocking function
 * step(unit, limit): decide everything that can be decided up to time `limit`, then say what is waited for.
 * `limit` is a promise: no push that is still to come will be ready before it. What a unit decides depends
 * only on its own state and on what was ready strictly before the time of the decision, so the order in
 * which units happen to run cannot change any result.
 *
 * A *timed queue* has one producer and one consumer. Items become ready at a time; each pop's time is
 * recorded, and push number k into a queue of depth d may not happen before the recorded time of pop k - d.
 *
 * Rules (a)-(g) of docs/time.md are kept by the functions below; a unit that uses only them is exact.
 */
#ifndef SIM_SIM_H
#define SIM_SIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/assert.h"
#include "base/hwclock.h"
#include "base/time.h"

typedef struct sim_kernel sim_kernel;
typedef struct sim_unit sim_unit;
typedef struct sim_queue sim_queue;

/* ---- seeded bugs ------------------------------------------------------------------------------------------------ */

typedef enum sim_mutant {
	SIM_MUTANT_NONE,
#define X(symbol, class, what) SIM_MUTANT_##symbol,
#include "sim/mutants.def"
#undef X
	SIM_NUM_MUTANTS
} sim_mutant;

#ifdef NESCSIM_MUTANTS
extern sim_mutant sim_active_mutant; /* set by the fuzzer before a run */
#define SIM_MUTATED(symbol) __builtin_expect(sim_active_mutant == SIM_MUTANT_##symbol, 0)
#else
#define SIM_MUTATED(symbol) 0
#endif

/* ---- waits ------------------------------------------------------------------------------------------------------ */

typedef enum sim_state {
	SIM_RUNNING, /* being stepped, or about to be */
	SIM_IDLE,    /* waits for an item in any input */
	SIM_UNTIL,   /* waits for a time, or for an item that makes it act earlier */
	SIM_SLOT,    /* waits for a slot in a full output queue */
	SIM_DONE,    /* will never act again */
} sim_state;

/* What step() returns: never SIM_RUNNING. Two whole words, so that it comes back in registers. */
typedef struct sim_wait {
	union {
		ps_t until_ps;    /* SIM_UNTIL */
		sim_queue *queue; /* SIM_SLOT */
	};
	uint64_t state; /* a sim_state */
} sim_wait;

#define SIM_WAIT_ITEM ((sim_wait){ .state = SIM_IDLE })
#define SIM_WAIT_UNTIL(t_ps) ((sim_wait){ .state = SIM_UNTIL, .until_ps = (t_ps) })
#define SIM_WAIT_SLOT(q) ((sim_wait){ .state = SIM_SLOT, .queue = (q) })
#define SIM_WAIT_DONE ((sim_wait){ .state = SIM_DONE })

typedef sim_wait (*sim_step_fn)(sim_unit *self, ps_t limit_ps);

/* ---- queues ----------------------------------------------------------------------------------------------------- */

typedef struct sim_item {
	ps_t ready_ps;
	uint32_t function; /* breaks ties between equal ready times */
	uint32_t kind;     /* the consumer's business */
	void *payload;
	uint64_t argument;
} sim_item;

struct sim_queue {
	sim_item *items; /* ring */
	ps_t *pop_ps;    /* ring: time of each pop */
	ps_t *push_ps;   /* ring: time of each push (for the occupancy) */
	uint64_t ring_mask;
	uint64_t num_pushed, num_popped;
	uint64_t depth;
	sim_unit *producer, *consumer;
	uint32_t input; /* index among the consumer's inputs */
	const char *name;
	unsigned __int128 occupied_ps; /* sum over items of pop - push */
	ps_t stalled_ps;               /* time that the producer waited for slots with something to push */
};

/* ---- units ------------------------------------------------------------------------------------------------------ */

/* How an item that arrives while the unit waits changes when the unit should be stepped. */
typedef enum sim_role {
	SIM_MERGE, /* decides at the first edge strictly after the item's ready time */
	SIM_AHEAD, /* its decisions on this item need no synchronisation: step it whenever convenient */
} sim_role;

struct sim_unit {
	const char *name;
	sim_kernel *kernel;
	sim_step_fn step;
	hwclock clock;
	ps_t local_ps;     /* never decreases */
	ps_t lookahead_ps; /* threads: what they push follows what woke them by at least this */
	sim_role role;
	bool software; /* a guest or host thread: the run ends when all are done */
	bool daemon;   /* software that serves others and never ends by itself */

	sim_state state;
	ps_t target_ps;          /* SIM_UNTIL; in the cluster's heap: when to step it */
	sim_queue *waited_queue; /* SIM_SLOT */

	sim_queue **inputs;
	uint32_t num_inputs;
	uint64_t *nonempty; /* one bit per input */
	uint32_t num_nonempty_words;

	ps_t slot_from_ps, slot_to_ps; /* wait for the output slots taken ahead of a decision; to = 0: none */
	sim_queue *slot_queue;
	ps_t popped_ready_ps; /* ready time of the item popped last */
	ps_t busy_ps;         /* service time given, for utilisations */
	uint64_t num_served;

	/* the placement's own */
	void (*body)(sim_unit *self); /* sequential software instead of a step */
	uint32_t heap_index;          /* 0 = not in the heap */
	uint32_t number;
	bool listed;
	void *actor, *semaphore;
};

/* Kernel entry points behind the inline functions below. */
void sim_notify_item(sim_queue *queue, ps_t ready_ps);
void sim_notify_slot(sim_unit *producer, ps_t slot_ps);
ps_t sim_engine_now(const sim_kernel *kernel);

/* True when the k-th push has to wait for a pop that has not been executed yet: return SIM_WAIT_SLOT. */
static inline bool sim_full(const sim_queue *queue)
{
	return queue->num_pushed - queue->num_popped >= queue->depth;
}

/* Recorded time from which the next slot is free. Only when not full. */
static inline ps_t sim_slot_ps(const sim_queue *queue)
{
	if (queue->num_pushed < queue->depth)
		return 0;
	if (SIM_MUTATED(SLOT_ENGINE_TIME))
		return sim_engine_now(queue->producer->kernel);
	return queue->pop_ps[(queue->num_pushed - queue->depth) & queue->ring_mask];
}

static inline bool sim_empty(const sim_queue *queue)
{
	return queue->num_pushed == queue->num_popped;
}

static inline sim_item *sim_head(const sim_queue *queue)
{
	return &queue->items[queue->num_popped & queue->ring_mask];
}

/* Pushes at self->local_ps, which is first advanced to the slot's time; the item is ready `delay_ps` >= 0 later.
 * The queue must not be full and self must be its producer. */
static inline void sim_push(sim_unit *self, sim_queue *queue, ps_t delay_ps, sim_item item)
{
	ps_t slot_ps = sim_slot_ps(queue);
	uint64_t at = queue->num_pushed & queue->ring_mask;
	sim_unit *consumer = queue->consumer;
	sim_item *slot;
	ps_t ready_ps;

	if (slot_ps > self->local_ps) {
		queue->stalled_ps += slot_ps - self->local_ps;
		self->local_ps = slot_ps;
	}
	if (self->slot_to_ps != 0) { /* a slot taken ahead of the decision stalled it only once there was an item */
		const ps_t from_ps = ps_max(self->slot_from_ps, self->popped_ready_ps);

		if (self->slot_to_ps > from_ps)
			self->slot_queue->stalled_ps += self->slot_to_ps - from_ps;
		self->slot_to_ps = 0;
	}
	ready_ps = self->local_ps + delay_ps;
	/* Field by field: an item that is put together and then copied at once makes the processor wait for its own stores. */
	slot = &queue->items[at];
	slot->ready_ps = ready_ps;
	slot->function = item.function;
	slot->kind = item.kind;
	slot->payload = item.payload;
	slot->argument = item.argument;
	queue->push_ps[at] = self->local_ps;
	if (queue->num_pushed++ == queue->num_popped)
		consumer->nonempty[queue->input >> 6] |= UINT64_C(1) << (queue->input & 63);
	if (consumer->state == SIM_IDLE || consumer->state == SIM_UNTIL)
		sim_notify_item(queue, ready_ps);
}

/* Pops the head at self->local_ps. The returned copy stays valid. */
static inline sim_item sim_pop(sim_unit *self, sim_queue *queue)
{
	uint64_t at = queue->num_popped & queue->ring_mask;
	const sim_item *slot = &queue->items[at];
	/* Field by field, as it was put there. */
	const sim_item item = {
		.ready_ps = slot->ready_ps,
		.function = slot->function,
		.kind = slot->kind,
		.payload = slot->payload,
		.argument = slot->argument,
	};
	sim_unit *producer = queue->producer;

	queue->pop_ps[at] = self->local_ps;
	self->popped_ready_ps = item.ready_ps;
	queue->occupied_ps += (uint64_t)(self->local_ps - queue->push_ps[at]);
	if (++queue->num_popped == queue->num_pushed)
		self->nonempty[queue->input >> 6] &= ~(UINT64_C(1) << (queue->input & 63));
	if (producer->state == SIM_SLOT && producer->waited_queue == queue)
		sim_notify_slot(producer, self->local_ps);
	return item;
}

/* Takes the output slot before deciding what to put into it: advances local time to the slot and to a clock edge.
 * False when the slot's pop has not been executed yet. */
static inline bool sim_take_slot(sim_unit *self, sim_queue *queue)
{
	ps_t slot_ps;

	if (sim_full(queue))
		return false;
	slot_ps = sim_slot_ps(queue);
	if (slot_ps > self->local_ps) {
		/* Of several slots for one decision, the last one to come is what it waited for. */
		if (self->slot_to_ps == 0)
			self->slot_from_ps = self->local_ps;
		self->slot_queue = queue;
		self->local_ps = self->slot_to_ps = hwclock_align(&self->clock, slot_ps);
	}
	return true;
}

/* The limit up to which a decision that depends on nobody else may be taken: everything when units may run ahead of the
 * engine, `limit_ps` in the reference placement, which blocks for each wait. */
ps_t sim_ahead_limit(const sim_unit *self, ps_t limit_ps);

/* Single-input service: when the head of `queue` may be popped. On true, self->local_ps is the pop's time (an edge).
 * On false, *wait_out says what to wait for. */
static inline bool sim_single_ready(sim_unit *self, sim_queue *queue, ps_t limit_ps, sim_wait *wait_out)
{
	ps_t t_ps;

	if (sim_empty(queue)) {
		*wait_out = SIM_WAIT_ITEM;
		return false;
	}
	t_ps = sim_head(queue)->ready_ps;
	t_ps = t_ps <= self->local_ps ? self->local_ps : hwclock_align(&self->clock, t_ps);
	if (t_ps > sim_ahead_limit(self, limit_ps)) {
		*wait_out = SIM_WAIT_UNTIL(t_ps);
		return false;
	}
	self->local_ps = t_ps;
	return true;
}

/* The first time at which a choice between inputs may be made when the earliest actionable item is ready at rmin. */
static inline ps_t sim_decision_ps(const sim_unit *self, ps_t rmin_ps)
{
	/* Local time is an edge: what was ready before it needs no other. */
	if (rmin_ps < self->local_ps) {
		NESC_ASSERT_DEBUG(hwclock_after(&self->clock, rmin_ps) <= self->local_ps,
				  "%s is between edges at %lld ps", self->name, (long long)self->local_ps);
		return self->local_ps;
	}
	return hwclock_after(&self->clock, rmin_ps);
}

/* Merge point: decides when a choice may be made among the heads of all inputs (or of those in `mask`, one bit per
 * input; NULL = all). On true, self->local_ps is the decision's time t (an edge), and the candidates are the heads
 * with sim_candidate(). On false, *wait_out says what to wait for. */
static inline bool sim_merge_ready(sim_unit *self, const uint64_t *mask, ps_t limit_ps, sim_wait *wait_out)
{
	ps_t rmin_ps = PS_MAX, t_ps;

	for (uint32_t word = 0; word < self->num_nonempty_words; word++) {
		uint64_t bits = self->nonempty[word] & (mask != NULL ? mask[word] : UINT64_MAX);

		for (; bits != 0; bits &= bits - 1) {
			const sim_queue *queue = self->inputs[word * 64 + (uint32_t)__builtin_ctzll(bits)];

			rmin_ps = ps_min(rmin_ps, sim_head(queue)->ready_ps);
		}
	}
	if (rmin_ps == PS_MAX) {
		*wait_out = SIM_WAIT_ITEM;
		return false;
	}
	t_ps = sim_decision_ps(self, rmin_ps);
	if (t_ps > limit_ps) {
		*wait_out = SIM_WAIT_UNTIL(t_ps);
		return false;
	}
	self->local_ps = t_ps;
	return true;
}

/* Is the head of a non-empty input a candidate of the decision at self->local_ps? Strictly before, never at. */
static inline bool sim_candidate(const sim_unit *self, const sim_queue *queue)
{
	if (SIM_MUTATED(READY_LE))
		return sim_head(queue)->ready_ps <= self->local_ps;
	return sim_head(queue)->ready_ps < self->local_ps;
}

/* Among all candidates the one with the least (ready, function, input); NULL when there is none. */
sim_queue *sim_merge_first(sim_unit *self, const uint64_t *mask);

/* ---- kernel ----------------------------------------------------------------------------------------------------- */

typedef enum sim_placement {
	SIM_CLUSTERED, /* all hardware units on one actor, over a heap of (time, unit) */
	SIM_PER_UNIT,  /* every unit an actor that blocks for each wait: the reference */
} sim_placement;

/* What a run cost the engine. Not part of any result. */
typedef struct sim_counters {
	uint64_t num_sleeps; /* sleeps and waits with a timeout */
	uint64_t num_blocks; /* waits without a timeout */
	uint64_t num_yields;
	uint64_t num_releases; /* semaphore releases, resumptions */
	uint64_t num_steps;
	uint64_t num_heap_events;
} sim_counters;

/* A kernel for one run; NULL when out of memory. Units and queues made with it are freed with it. */
sim_kernel *sim_kernel_create(sim_placement placement);
void sim_kernel_destroy(sim_kernel *kernel);

/* Registers a unit whose memory the caller owns (embed it as first member). `name` must outlive the kernel. */
void sim_unit_init(sim_kernel *kernel, sim_unit *unit, const char *name, sim_step_fn step, sim_role role,
		   int64_t frequency_hz);

/* A queue of `depth` >= 1 items from producer to the consumer's next input. */
sim_queue *sim_queue_create(sim_kernel *kernel, const char *name, sim_unit *producer, sim_unit *consumer,
			    uint64_t depth);

/* Simulated requests in flight, anywhere: while there are none, idle time costs the engine's horizon nothing. */
void sim_in_flight_add(sim_kernel *kernel, int64_t num_requests);

typedef enum sim_outcome {
	SIM_FINISHED,  /* all software units are done and nothing moves any more */
	SIM_DEADLOCK,  /* something waits that nobody will ever serve: sim_describe() says what */
	SIM_STOPPED,   /* sim_stop() */
	SIM_NO_ENGINE, /* SimGrid could not be started; nothing ran */
	SIM_HORIZON,   /* SIM_PER_UNIT: the engine's exact range of 2^53 ps without an idle moment is over */
} sim_outcome;

/* Runs until all software units are done, on the SimGrid engine of this process (one run at a time; runs may follow
 * each other, each from time 0). */
sim_outcome sim_run(sim_kernel *kernel);

/* Ends the run soon (an input broke); callable from a step. */
void sim_stop(sim_kernel *kernel);

/* Units with their waits and queue levels in words, for a failed run. Malloc'ed text, to be freed. */
char *sim_describe(const sim_kernel *kernel);

sim_counters sim_kernel_counters(const sim_kernel *kernel);

#endif
