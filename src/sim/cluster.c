/* Clustered placement: one SimGrid actor, the conductor, steps all units over a heap of (time, unit).
 *
 * What the earliest entry of the heap may act on has all been pushed, so its time is the promise (`limit`) that a step
 * needs. Units that need no promise sit on the run list and are stepped first; a guest is one of them. Sequential software
 * (a thread, with a `body`) stays on actors of its own, since it blocks amid its code. When the earliest entry is a thread,
 * the conductor hands over: it releases every thread that has something to do (their answers cannot come before the heap's
 * earliest time), and sleeps until that time, so that the engine's clock stays honest; one sleep for a batch of threads.
 */
#include "base/assert.h"
#include "sim/engine.h"
#include "sim/kernel.h"

static void heap_place(sim_kernel *kernel, sim_unit *unit, uint32_t index)
{
	kernel->heap[index] = unit;
	unit->heap_index = index;
}

static void heap_up(sim_kernel *kernel, sim_unit *unit, uint32_t index)
{
	while (index > 1 && kernel->heap[index / 2]->target_ps > unit->target_ps) {
		heap_place(kernel, kernel->heap[index / 2], index);
		index /= 2;
	}
	heap_place(kernel, unit, index);
}

static void heap_down(sim_kernel *kernel, sim_unit *unit, uint32_t index)
{
	for (;;) {
		uint32_t child = 2 * index;

		if (child > kernel->heap_count)
			break;
		if (child < kernel->heap_count && kernel->heap[child + 1]->target_ps < kernel->heap[child]->target_ps)
			child++;
		if (kernel->heap[child]->target_ps >= unit->target_ps)
			break;
		heap_place(kernel, kernel->heap[child], index);
		index = child;
	}
	heap_place(kernel, unit, index);
}

static void heap_put(sim_kernel *kernel, sim_unit *unit, ps_t target_ps)
{
	uint32_t index = unit->heap_index;

	kernel->counters.num_heap_events++;
	if (index == 0) {
		unit->target_ps = target_ps;
		heap_up(kernel, unit, ++kernel->heap_count);
	} else if (target_ps < unit->target_ps) {
		unit->target_ps = target_ps;
		heap_up(kernel, unit, index);
	} else {
		unit->target_ps = target_ps;
		heap_down(kernel, unit, index);
	}
}

static void heap_remove(sim_kernel *kernel, sim_unit *unit)
{
	const uint32_t index = unit->heap_index;
	sim_unit *last;

	unit->heap_index = 0;
	last = kernel->heap[kernel->heap_count--];
	if (last == unit)
		return;
	if (index > 1 && kernel->heap[index / 2]->target_ps > last->target_ps)
		heap_up(kernel, last, index);
	else
		heap_down(kernel, last, index);
}

/* Sequential software blocks amid its body, so it needs a stack of its own. */
static bool has_actor(const sim_unit *unit)
{
	return unit->body != NULL;
}

void cluster_notify(sim_unit *unit, ps_t act_ps, bool by_item)
{
	sim_kernel *kernel = unit->kernel;

	if (unit->role == SIM_AHEAD && !has_actor(unit)) {
		if (!unit->listed) {
			unit->listed = true;
			kernel->run_list[kernel->run_count++] = unit;
		}
		return;
	}
	if (has_actor(unit) && by_item) {
		/* It may act on the item at once; nothing that it pushes is ready before act + lookahead. */
		if (unit->role == SIM_AHEAD) {
			act_ps += unit->lookahead_ps;
			if (!unit->listed) {
				unit->listed = true;
				kernel->ready_software[kernel->ready_count++] = unit;
			}
		}
	}
	NESC_ASSERT_DEBUG(act_ps >= kernel->now_ps || unit->software, "%s would act at %lld ps, which is past",
			  unit->name, (long long)act_ps);
	if (unit->state == SIM_UNTIL && act_ps >= unit->target_ps)
		return;
	unit->state = SIM_UNTIL;
	heap_put(kernel, unit, act_ps);
}

static void cluster_settle(sim_unit *unit, sim_wait wait)
{
	sim_kernel *kernel = unit->kernel;

	unit->state = (sim_state)wait.state;
	switch (unit->state) {
	case SIM_UNTIL:
		heap_put(kernel, unit, wait.until_ps);
		return;
	case SIM_SLOT:
		unit->waited_queue = wait.queue;
		break;
	case SIM_DONE:
		if (unit->software && !unit->daemon)
			kernel->num_software_left--;
		break;
	case SIM_IDLE:
	case SIM_RUNNING:
		break;
	}
	NESC_ASSERT_DEBUG(wait.state != SIM_RUNNING, "a step named nothing to wait for");
	if (unit->heap_index != 0)
		heap_remove(kernel, unit);
}

/* Everything up to t_ps has been pushed. */
static void cluster_pass_time(sim_kernel *kernel, ps_t t_ps)
{
	if (t_ps <= kernel->now_ps)
		return;
	/* Nothing is in flight anywhere: idle time need not use up the engine's exact range. */
	if (kernel->num_in_flight == 0)
		kernel->engine_offset_ps += t_ps - kernel->now_ps;
	kernel->now_ps = t_ps;
}

/* Steps a unit until it waits for something that only others can bring. */
static void cluster_advance(sim_kernel *kernel, sim_unit *unit)
{
	for (;;) {
		sim_wait wait;

		unit->state = SIM_RUNNING;
		wait = kernel_step(unit, kernel->now_ps);
		/* Still the earliest of all? Then no need to go through the heap. */
		if (wait.state == SIM_UNTIL && kernel->run_count == 0 &&
		    (kernel->heap_count == 0 || unit->heap_index == 1 || wait.until_ps <= kernel->heap[1]->target_ps)) {
			bool earliest = kernel->heap_count == 0 || unit->heap_index != 1;

			if (!earliest) {
				/* The unit itself is the root: compare with the root's children. */
				earliest = (kernel->heap_count < 2 || wait.until_ps <= kernel->heap[2]->target_ps) &&
					   (kernel->heap_count < 3 || wait.until_ps <= kernel->heap[3]->target_ps);
			}
			if (earliest && !kernel->stopping) {
				cluster_pass_time(kernel, wait.until_ps);
				continue;
			}
		}
		cluster_settle(unit, wait);
		return;
	}
}

/* A thread's actor: runs when handed over to. */
static bool cluster_wait_for_hand_over(sim_unit *unit)
{
	sim_kernel *kernel = unit->kernel;

	while (unit->state != SIM_RUNNING && !kernel->stopping) {
		kernel->counters.num_blocks++;
		engine_suspend(unit->actor);
	}
	return !kernel->stopping;
}

bool cluster_block(sim_unit *unit, sim_wait wait)
{
	if (unit->kernel->stopping)
		return false;
	cluster_settle(unit, wait);
	unit->kernel->num_handed_over--;
	return cluster_wait_for_hand_over(unit);
}

static void cluster_software_run(sim_unit *unit)
{
	sim_kernel *kernel = unit->kernel;

	if (!cluster_wait_for_hand_over(unit))
		return;
	unit->body(unit);
	if (!kernel->stopping) {
		cluster_settle(unit, SIM_WAIT_DONE);
		kernel->num_handed_over--;
	}
}

static void cluster_software_main(void *argument)
{
	sim_unit *unit = argument;

	cluster_software_run(unit);
	unit->actor = NULL; /* ends with this call: nobody may resume it */
}

static void cluster_release(sim_kernel *kernel, sim_unit *unit)
{
	if (unit->heap_index != 0)
		heap_remove(kernel, unit);
	unit->state = SIM_RUNNING;
	kernel->num_handed_over++;
	kernel->counters.num_releases++;
	engine_resume(unit->actor);
}

static void cluster_hand_over(sim_kernel *kernel, sim_unit *first)
{
	ps_t engine_ps = kernel->now_ps - kernel->engine_offset_ps;
	const ps_t engine_now = engine_now_ps();
	const uint32_t num_ready = kernel->ready_count;
	sim_unit **ready = kernel->ready_software;

	kernel->ready_software = kernel->released;
	kernel->released = ready;
	kernel->ready_count = 0;
	for (uint32_t i = 0; i < num_ready; i++)
		ready[i]->listed = false;
	if (engine_ps > ENGINE_HORIZON_PS) {
		/* Nobody but the conductor sleeps, and it keeps its own time: the engine's clock may stay behind. */
		kernel->engine_offset_ps = kernel->now_ps - engine_now;
		engine_ps = engine_now;
	}
	for (uint32_t i = 0; i < num_ready; i++)
		if (ready[i] != first)
			cluster_release(kernel, ready[i]);
	cluster_release(kernel, first);
	if (engine_ps > engine_now) {
		kernel->counters.num_sleeps++;
		engine_sleep_until(engine_ps);
	}
	while (kernel->num_handed_over != 0 && !kernel->stopping) {
		kernel->counters.num_yields++;
		engine_yield();
	}
}

static void cluster_conductor(void *argument)
{
	sim_kernel *kernel = argument;

	while (!kernel->stopping) {
		sim_unit *unit;

		if (kernel->run_count != 0) {
			unit = kernel->run_list[--kernel->run_count];
			unit->listed = false;
			cluster_advance(kernel, unit);
			continue;
		}
		if (kernel->heap_count == 0) {
			if (kernel->num_software_left != 0 || kernel->num_in_flight != 0)
				kernel->outcome = SIM_DEADLOCK;
			break;
		}
		unit = kernel->heap[1];
		cluster_pass_time(kernel, unit->target_ps);
		if (has_actor(unit))
			cluster_hand_over(kernel, unit);
		else
			cluster_advance(kernel, unit);
	}
	kernel->stopping = true; /* actors that still wait end */
	for (uint32_t i = 0; i < kernel->num_units; i++)
		if (kernel->units[i]->actor != NULL)
			engine_resume(kernel->units[i]->actor);
}

void cluster_start(sim_kernel *kernel)
{
	for (uint32_t i = 0; i < kernel->num_units; i++) {
		sim_unit *unit = kernel->units[i];

		unit->state = SIM_UNTIL;
		heap_put(kernel, unit, 0);
		if (has_actor(unit)) {
			unit->actor = engine_actor_create(unit->name, cluster_software_main, unit);
		}
	}
	engine_actor_create("conductor", cluster_conductor, kernel);
}
