/* The data transfer unit: brings translated blocks, the PF's untranslated ones, and data from the host together.
 *
 * With one source of blocks and no host read outstanding it decides alone; otherwise it is a merge point.
 */
#include "nesc/units.h"

/* A write needs its data first: not while as many as may be are on their way. A fence passes when nothing is. */
static bool transfer_blocked(const transfer_unit *unit, const sim_queue *queue)
{
	const uint32_t max_outstanding = (uint32_t)unit->device->config.nesc->dma.outstanding_reads;
	const nesc_block *block;

	if (unit->num_outstanding == 0 || queue == unit->data || sim_empty(queue))
		return false;
	block = sim_head(queue)->payload;
	if (block->request == &unit->device->translate.fence_request)
		return !SIM_MUTATED(FENCE_PASSES_WRITES);
	return unit->num_outstanding >= max_outstanding && block->op == NESC_WRITE && block->kind == NESC_BLOCK_DATA;
}

sim_wait transfer_step(sim_unit *self, ps_t limit_ps)
{
	transfer_unit *unit = (transfer_unit *)self;
	nesc_device *device = unit->device;
	const bool one_source = self->num_inputs == 2;
	sim_wait wait;

	for (;;) {
		sim_queue *chosen = NULL;
		nesc_block *block;
		uint64_t mask;
		ps_t cycles_ps;

		self->role = one_source && unit->num_outstanding == 0 ? SIM_AHEAD : SIM_MERGE;
		if (!sim_take_slot(self, unit->to_medium))
			return SIM_WAIT_SLOT(unit->to_medium);
		if (!sim_take_slot(self, unit->fetches))
			return SIM_WAIT_SLOT(unit->fetches);
		if (!sim_take_slot(self, unit->zeros))
			return SIM_WAIT_SLOT(unit->zeros);
		mask = UINT64_MAX;
		for (uint32_t i = 0; unit->num_outstanding != 0 && i < self->num_inputs; i++)
			if (transfer_blocked(unit, self->inputs[i]))
				mask &= ~(UINT64_C(1) << i);
		if (!sim_merge_ready(self, &mask, self->role == SIM_AHEAD ? sim_ahead_limit(self, limit_ps) : limit_ps,
				     &wait))
			return wait;
		chosen = sim_merge_first(self, &mask);
		block = sim_pop(self, chosen).payload;
		cycles_ps = unit_cycles_ps(self, device->config.nesc->transfer.transfer_cycles);
		stage_mark_wait(&block->marks, STAGE_DMA, self->local_ps);
		stage_mark_service_of(&block->marks, STAGE_DMA, self->local_ps + cycles_ps, "data transfer unit");
		if (chosen == unit->data) {
			unit->num_outstanding--;
			sim_push(self, unit->to_medium, cycles_ps,
				 (sim_item){ .payload = block, .function = block->function });
		} else if (block->op == NESC_WRITE && block->kind == NESC_BLOCK_DATA) {
			unit->num_outstanding++;
			sim_push(self, unit->fetches, cycles_ps,
				 (sim_item){ .kind = NESC_DMA_FETCH, .payload = block, .function = block->function });
		} else if (block->op == NESC_READ && block->kind != NESC_BLOCK_DATA) {
			sim_push(self, unit->zeros, cycles_ps,
				 (sim_item){ .kind = NESC_DMA_DATA, .payload = block, .function = block->function });
		} else {
			sim_push(self, unit->to_medium, cycles_ps,
				 (sim_item){ .payload = block, .function = block->function });
		}
		self->num_served++;
		self->busy_ps += cycles_ps;
		self->local_ps += cycles_ps;
	}
}
