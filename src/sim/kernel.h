/* What the two placements share. Private to this room. */
#ifndef SIM_KERNEL_H
#define SIM_KERNEL_H

#include "sim/sim.h"

struct sim_kernel {
	sim_placement placement;
	sim_unit **units;
	uint32_t num_units, max_units;
	sim_queue **queues;
	uint32_t num_queues, max_queues;

	ps_t now_ps;           /* clustered: promise up to which everything has been pushed */
	ps_t engine_offset_ps; /* simulated time = engine time + this */
	int64_t num_in_flight;
	uint32_t num_software_left; /* software units that are not done (daemons do not count) */
	bool stopping;
	sim_outcome outcome;
	sim_counters counters;

	/* clustered */
	sim_unit **heap; /* 1-based binary heap by target_ps */
	uint32_t heap_count;
	sim_unit **run_list; /* hardware that may act without synchronisation */
	uint32_t run_count;
	sim_unit **ready_software; /* software with an item to act on, whenever convenient */
	sim_unit **released;       /* the list that is being released: those who run may make a new one */
	uint32_t ready_count;
	uint32_t num_handed_over; /* software units running now */

	/* per unit */
	sim_unit **wakes; /* marked runnable, to be released before the marking actor blocks */
	uint32_t wake_count;
	uint32_t num_running;
};

/* Placement entry points, chosen by kernel->placement. */
/* The unit can act at act_ps: on an item, or on a slot that came free. */
void cluster_notify(sim_unit *unit, ps_t act_ps, bool by_item);
void cluster_start(sim_kernel *kernel);
bool cluster_block(sim_unit *unit, sim_wait wait);

void per_unit_notify(sim_unit *unit, ps_t act_ps);
void per_unit_start(sim_kernel *kernel);
bool per_unit_block(sim_unit *unit, sim_wait wait);

/* Who was stepped last: what a failing assertion names. */
extern const sim_unit *kernel_current_unit;

static inline sim_wait kernel_step(sim_unit *unit, ps_t limit_ps)
{
	kernel_current_unit = unit;
	unit->kernel->counters.num_steps++;
	return unit->step(unit, limit_ps);
}

#endif
