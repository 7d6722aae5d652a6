#include "sim/kernel.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "sim/engine.h"
#include "sim/thread.h"

#ifdef NESCSIM_MUTANTS
sim_mutant sim_active_mutant;
#endif

const sim_unit *kernel_current_unit;

static void kernel_refresh_context(assert_context_t *context)
{
	if (kernel_current_unit == NULL)
		return;
	context->actor = kernel_current_unit->name;
	context->now_ps = kernel_current_unit->local_ps;
}

sim_kernel *sim_kernel_create(sim_placement placement)
{
	sim_kernel *kernel = calloc(1, sizeof(*kernel));

	if (kernel != NULL)
		kernel->placement = placement;
	return kernel;
}

void sim_kernel_destroy(sim_kernel *kernel)
{
	if (kernel == NULL)
		return;
	kernel_current_unit = NULL;
	for (uint32_t i = 0; i < kernel->num_queues; i++) {
		free(kernel->queues[i]->items);
		free(kernel->queues[i]->pop_ps);
		free(kernel->queues[i]->push_ps);
		free(kernel->queues[i]);
	}
	for (uint32_t i = 0; i < kernel->num_units; i++) {
		sim_unit *unit = kernel->units[i];

		if (unit->semaphore != NULL)
			engine_semaphore_destroy(unit->semaphore);
		free(unit->inputs);
		free(unit->nonempty);
	}
	free(kernel->queues);
	free(kernel->units);
	free(kernel->heap);
	free(kernel->run_list);
	free(kernel->ready_software);
	free(kernel->released);
	free(kernel->wakes);
	free(kernel);
}

/* Set-up happens before any simulated work; running out of memory there is as fatal as it is unlikely. */
static void *checked(void *memory)
{
	if (memory == NULL)
		abort();
	return memory;
}

void sim_unit_init(sim_kernel *kernel, sim_unit *unit, const char *name, sim_step_fn step, sim_role role,
		   int64_t frequency_hz)
{
	if (kernel->num_units == kernel->max_units) {
		kernel->max_units = kernel->max_units == 0 ? 32 : 2 * kernel->max_units;
		kernel->units = checked(realloc(kernel->units, kernel->max_units * sizeof(sim_unit *)));
	}
	memset(unit, 0, sizeof(*unit));
	unit->kernel = kernel;
	unit->name = name;
	unit->step = step;
	unit->role = role;
	unit->clock = hwclock_make(frequency_hz);
	unit->number = kernel->num_units;
	unit->state = SIM_RUNNING;
	kernel->units[kernel->num_units++] = unit;
}

sim_queue *sim_queue_create(sim_kernel *kernel, const char *name, sim_unit *producer, sim_unit *consumer,
			    uint64_t depth)
{
	sim_queue *queue = checked(calloc(1, sizeof(*queue)));
	uint64_t capacity = 1;
	uint32_t num_words;

	NESC_ASSERT(depth >= 1, "queue '%s' has no slot", name);
	while (capacity < depth)
		capacity *= 2;
	queue->items = checked(calloc(capacity, sizeof(sim_item)));
	queue->pop_ps = checked(calloc(capacity, sizeof(ps_t)));
	queue->push_ps = checked(calloc(capacity, sizeof(ps_t)));
	queue->ring_mask = capacity - 1;
	queue->depth = depth;
	queue->name = name;
	queue->producer = producer;
	queue->consumer = consumer;
	queue->input = consumer->num_inputs;
	consumer->inputs = checked(realloc(consumer->inputs, (consumer->num_inputs + 1) * sizeof(sim_queue *)));
	consumer->inputs[consumer->num_inputs++] = queue;
	num_words = (consumer->num_inputs + 63) / 64;
	if (num_words != consumer->num_nonempty_words) {
		consumer->nonempty = checked(realloc(consumer->nonempty, num_words * sizeof(uint64_t)));
		consumer->nonempty[num_words - 1] = 0;
		consumer->num_nonempty_words = num_words;
	}
	if (kernel->num_queues == kernel->max_queues) {
		kernel->max_queues = kernel->max_queues == 0 ? 32 : 2 * kernel->max_queues;
		kernel->queues = checked(realloc(kernel->queues, kernel->max_queues * sizeof(sim_queue *)));
	}
	kernel->queues[kernel->num_queues++] = queue;
	return queue;
}

void sim_in_flight_add(sim_kernel *kernel, int64_t num_requests)
{
	kernel->num_in_flight += num_requests;
	NESC_ASSERT_DEBUG(kernel->num_in_flight >= 0, "more requests completed than submitted");
}

void sim_stop(sim_kernel *kernel)
{
	if (!kernel->stopping)
		kernel->outcome = SIM_STOPPED;
	kernel->stopping = true;
}

sim_counters sim_kernel_counters(const sim_kernel *kernel)
{
	return kernel->counters;
}

/* ---- decisions -------------------------------------------------------------------------------------------------- */

ps_t sim_ahead_limit(const sim_unit *self, ps_t limit_ps)
{
	return self->kernel->placement == SIM_CLUSTERED ? PS_MAX : limit_ps;
}

sim_queue *sim_merge_first(sim_unit *self, const uint64_t *mask)
{
	sim_queue *best = NULL;

	if (self->num_nonempty_words == 1) {
		const uint64_t bits = self->nonempty[0] & (mask != NULL ? *mask : UINT64_MAX);

		if (bits != 0 && (bits & (bits - 1)) == 0) { /* no choice */
			best = self->inputs[__builtin_ctzll(bits)];
			return sim_candidate(self, best) ? best : NULL;
		}
	}
	for (uint32_t word = 0; word < self->num_nonempty_words; word++) {
		uint64_t bits = self->nonempty[word] & (mask != NULL ? mask[word] : UINT64_MAX);

		for (; bits != 0; bits &= bits - 1) {
			sim_queue *queue = self->inputs[word * 64 + (uint32_t)__builtin_ctzll(bits)];
			const sim_item *item = sim_head(queue), *other;

			if (!sim_candidate(self, queue))
				continue;
			if (best == NULL) {
				best = queue;
				continue;
			}
			other = sim_head(best);
			if (item->ready_ps < other->ready_ps ||
			    (item->ready_ps == other->ready_ps && item->function < other->function))
				best = queue;
		}
	}
	return best;
}

/* ---- waking ----------------------------------------------------------------------------------------------------- */

ps_t sim_engine_now(const sim_kernel *kernel)
{
	if (kernel->placement == SIM_CLUSTERED)
		return kernel->now_ps;
	return engine_now_ps() + kernel->engine_offset_ps;
}

void sim_notify_item(sim_queue *queue, ps_t ready_ps)
{
	sim_unit *unit = queue->consumer;
	ps_t act_ps = unit->role == SIM_MERGE ? sim_decision_ps(unit, ready_ps) : ps_max(unit->local_ps, ready_ps);

	if (unit->state == SIM_UNTIL) {
		if (SIM_MUTATED(NO_SHORTEN_LINK) && strcmp(unit->name, "link_down") == 0)
			return;
		if (SIM_MUTATED(NO_SHORTEN_DMA) && strcmp(unit->name, "dma") == 0)
			return;
	}
	if (unit->kernel->placement == SIM_CLUSTERED)
		cluster_notify(unit, act_ps, true);
	else
		per_unit_notify(unit, act_ps);
}

void sim_notify_slot(sim_unit *producer, ps_t slot_ps)
{
	ps_t act_ps = ps_max(producer->local_ps, slot_ps);

	if (producer->kernel->placement == SIM_CLUSTERED)
		cluster_notify(producer, act_ps, false);
	else
		per_unit_notify(producer, act_ps);
}

/* ---- running ---------------------------------------------------------------------------------------------------- */

sim_outcome sim_run(sim_kernel *kernel)
{
	const size_t bytes = ((size_t)kernel->num_units + 1) * sizeof(sim_unit *);

	if (!engine_start())
		return SIM_NO_ENGINE;
	kernel->heap = checked(malloc(bytes));
	kernel->run_list = checked(malloc(bytes));
	kernel->ready_software = checked(malloc(bytes));
	kernel->released = checked(malloc(bytes));
	kernel->wakes = checked(malloc(bytes));
	/* The engine's clock goes on from run to run; ours starts at 0. */
	kernel->engine_offset_ps = -engine_now_ps();
	kernel->outcome = SIM_FINISHED;
	assert_context.refresh = kernel_refresh_context;
	for (uint32_t i = 0; i < kernel->num_units; i++)
		if (kernel->units[i]->software && !kernel->units[i]->daemon)
			kernel->num_software_left++;
	if (kernel->placement == SIM_CLUSTERED)
		cluster_start(kernel);
	else
		per_unit_start(kernel);
	engine_run();
	return kernel->outcome;
}

bool sim_thread_block(sim_unit *self, sim_wait wait)
{
	return self->kernel->placement == SIM_CLUSTERED ? cluster_block(self, wait) : per_unit_block(self, wait);
}

/* ---- describing a failed run ------------------------------------------------------------------------------------ */

char *sim_describe(const sim_kernel *kernel)
{
	char *text = NULL;
	size_t num_bytes = 0;
	FILE *out = open_memstream(&text, &num_bytes);

	if (out == NULL)
		return NULL;
	for (uint32_t i = 0; i < kernel->num_units; i++) {
		const sim_unit *unit = kernel->units[i];
		bool holds = false;

		for (uint32_t j = 0; j < unit->num_inputs; j++)
			holds |= !sim_empty(unit->inputs[j]);
		if (!holds && (unit->state == SIM_DONE || (unit->state == SIM_IDLE && !unit->software)))
			continue;
		fprintf(out, "  %s at %lld ps ", unit->name, (long long)unit->local_ps);
		switch (unit->state) {
		case SIM_RUNNING:
			fprintf(out, "was running");
			break;
		case SIM_IDLE:
			fprintf(out, "waits for an item");
			break;
		case SIM_UNTIL:
			fprintf(out, "waits until %lld ps", (long long)unit->target_ps);
			break;
		case SIM_SLOT:
			fprintf(out, "waits for a slot in '%s' (full, %llu of %llu, read by %s)",
				unit->waited_queue->name,
				(unsigned long long)(unit->waited_queue->num_pushed - unit->waited_queue->num_popped),
				(unsigned long long)unit->waited_queue->depth, unit->waited_queue->consumer->name);
			break;
		case SIM_DONE:
			fprintf(out, "is done");
			break;
		}
		for (uint32_t j = 0; j < unit->num_inputs; j++) {
			const sim_queue *queue = unit->inputs[j];

			if (!sim_empty(queue))
				fprintf(out, "; holds %llu of %llu in '%s'",
					(unsigned long long)(queue->num_pushed - queue->num_popped),
					(unsigned long long)queue->depth, queue->name);
		}
		fputc('\n', out);
	}
	fclose(out);
	return text;
}
