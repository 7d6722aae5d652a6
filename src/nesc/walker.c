/* A block walker: fetches the nodes of one extent tree by DMA, level after level, and matches them.
 *
 * It waits for one thing at a time - a job, or the node that it asked for - so it needs no synchronisation.
 */
#include "nesc/units.h"

/* Ends the walk: the outcome goes back to translation. */
static void walker_finish(walker_unit *walker, tree_outcome outcome)
{
	sim_unit *self = &walker->unit;

	walker->busy = false;
	self->busy_ps += self->local_ps - walker->begin_ps;
	self->num_served++;
	sim_push(self, walker->returns, unit_cycles_ps(self, walker->device->config.nesc->walker.handover_cycles),
		 (sim_item){ .payload = walker->block, .argument = outcome, .function = walker->index });
}

sim_wait walker_step(sim_unit *self, ps_t limit_ps)
{
	walker_unit *walker = (walker_unit *)self;
	nesc_device *device = walker->device;
	sim_wait wait;

	for (;;) {
		if (!walker->busy) {
			sim_item job;

			if (!sim_take_slot(self, walker->fetches))
				return SIM_WAIT_SLOT(walker->fetches);
			if (!sim_single_ready(self, walker->jobs, limit_ps, &wait))
				return wait;
			job = sim_pop(self, walker->jobs);
			walker->busy = true;
			walker->block = job.payload;
			walker->begin_ps = self->local_ps;
			walker->num_levels = 0;
			walker->address = job.argument;
			tree_start(&walker->answer);
		} else {
			const uint8_t *node;
			tree_outcome outcome;

			if (!sim_take_slot(self, walker->fetches))
				return SIM_WAIT_SLOT(walker->fetches);
			if (!sim_single_ready(self, walker->data, limit_ps, &wait))
				return wait;
			sim_pop(self, walker->data);
			self->local_ps += unit_cycles_ps(self, device->config.nesc->walker.match_cycles);
			node = memory_at(&device->memory, walker->address, device->node_bytes);
			outcome = node == NULL ? TREE_CORRUPT
					       : tree_match(node, device->node_bytes, walker->block->logical_block,
							    &walker->answer);
			/* A tree that points back up is no tree. */
			if (outcome == TREE_CHILD && ++walker->num_levels >= TREE_MAX_DEPTH)
				outcome = TREE_CORRUPT;
			if (outcome != TREE_CHILD) {
				walker_finish(walker, outcome);
				continue;
			}
			walker->address = walker->answer.child_address;
		}
		if (walker->address == 0) { /* no tree: every block is a hole */
			walker_finish(walker, TREE_HOLE);
			continue;
		}
		device->counts.num_walk_fetches++;
		sim_push(self, walker->fetches, unit_cycles_ps(self, device->config.nesc->walker.handover_cycles),
			 (sim_item){ .kind = NESC_DMA_WALK,
				     .argument = walker->index,
				     .function = walker->block->function,
				     .payload = walker->block });
	}
}
