/* Per-unit placement, the reference: every unit is a SimGrid actor that blocks for each wait it names.
 *
 * One semaphore and one state word per unit. A push or a pop only marks its neighbour as running and lists it; the
 * list is released when the marking actor is itself about to block, so a step is atomic. Tokens may be left over
 * (a timeout and a release at one instant), hence the loops on the state word.
 */
#include "sim/engine.h"
#include "sim/kernel.h"

static void per_unit_mark(sim_kernel *kernel, sim_unit *unit)
{
	unit->state = SIM_RUNNING;
	kernel->num_running++;
	kernel->wakes[kernel->wake_count++] = unit;
}

void per_unit_notify(sim_unit *unit, ps_t act_ps)
{
	if (unit->state == SIM_UNTIL && act_ps >= unit->target_ps)
		return;
	per_unit_mark(unit->kernel, unit);
}

static void per_unit_flush(sim_kernel *kernel)
{
	/* Others run inside a release and may list more, or flush themselves. */
	while (kernel->wake_count != 0) {
		sim_unit *unit = kernel->wakes[--kernel->wake_count];

		kernel->counters.num_releases++;
		engine_release(unit->semaphore);
	}
}

static void per_unit_end(sim_kernel *kernel)
{
	kernel->stopping = true;
	for (uint32_t i = 0; i < kernel->num_units; i++)
		engine_release(kernel->units[i]->semaphore);
}

/* Nobody is running: time will pass, or the run is over. */
static void per_unit_quiescent(sim_kernel *kernel)
{
	const ps_t now_ps = sim_engine_now(kernel);
	ps_t next_ps = PS_MAX;

	for (uint32_t i = 0; i < kernel->num_units; i++)
		if (kernel->units[i]->state == SIM_UNTIL)
			next_ps = ps_min(next_ps, kernel->units[i]->target_ps);
	if (next_ps == PS_MAX) {
		if (kernel->num_software_left != 0 || kernel->num_in_flight != 0)
			kernel->outcome = SIM_DEADLOCK;
		per_unit_end(kernel);
		return;
	}
	if (kernel->num_in_flight != 0 || next_ps <= now_ps)
		return;
	/* Nothing is in flight anywhere: the gap goes into the offset, and all who sleep look again. */
	kernel->engine_offset_ps += next_ps - now_ps;
	for (uint32_t i = 0; i < kernel->num_units; i++)
		if (kernel->units[i]->state == SIM_UNTIL)
			per_unit_mark(kernel, kernel->units[i]);
	per_unit_flush(kernel);
}

bool per_unit_block(sim_unit *unit, sim_wait wait)
{
	sim_kernel *kernel = unit->kernel;

	if (kernel->stopping) {
		per_unit_end(kernel);
		return false;
	}
	if (wait.state == SIM_UNTIL)
		unit->target_ps = wait.until_ps;
	if (wait.state == SIM_SLOT)
		unit->waited_queue = wait.queue;
	unit->state = (sim_state)wait.state; /* before the flush: others run inside it */
	kernel->num_running--;
	if (wait.state == SIM_DONE && unit->software && !unit->daemon)
		kernel->num_software_left--;
	per_unit_flush(kernel);
	if (kernel->num_running == 0 && !kernel->stopping) /* others that ran inside the flush may have ended it */
		per_unit_quiescent(kernel);
	if (wait.state == SIM_DONE)
		return false;
	while (unit->state != SIM_RUNNING && !kernel->stopping) {
		if (unit->state == SIM_UNTIL) {
			const ps_t now_ps = sim_engine_now(kernel);

			if (unit->target_ps <= now_ps) {
				unit->state = SIM_RUNNING;
				kernel->num_running++;
				break;
			}
			kernel->counters.num_sleeps++;
			if (engine_acquire_timeout(unit->semaphore, unit->target_ps - now_ps) &&
			    unit->state == SIM_UNTIL) {
				unit->state = SIM_RUNNING;
				kernel->num_running++;
			}
		} else {
			kernel->counters.num_blocks++;
			engine_acquire(unit->semaphore);
		}
	}
	if (engine_now_ps() > ENGINE_HORIZON_PS && !kernel->stopping) {
		kernel->outcome = SIM_HORIZON;
		per_unit_end(kernel);
	}
	return !kernel->stopping;
}

static void per_unit_main(void *argument)
{
	sim_unit *unit = argument;

	if (unit->body != NULL) {
		unit->body(unit);
		per_unit_block(unit, SIM_WAIT_DONE);
		return;
	}
	for (;;) {
		sim_wait wait = kernel_step(unit, sim_engine_now(unit->kernel));

		if (!per_unit_block(unit, wait))
			return;
	}
}

void per_unit_start(sim_kernel *kernel)
{
	for (uint32_t i = 0; i < kernel->num_units; i++) {
		kernel->units[i]->state = SIM_RUNNING;
		kernel->units[i]->semaphore = engine_semaphore_create();
		kernel->num_running++;
	}
	for (uint32_t i = 0; i < kernel->num_units; i++)
		kernel->units[i]->actor = engine_actor_create(kernel->units[i]->name, per_unit_main, kernel->units[i]);
}
