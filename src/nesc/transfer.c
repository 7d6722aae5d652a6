/* The data transfer unit: brings translated blocks, the PF's untranslated ones, and data from the host together.
 *
 * With one source of blocks and no host read outstanding it decides alone; otherwise it is a merge point.
 */
#include "nesc/units.h"

/* A write needs its data first: not while as many as may be are on their way. A fence passes when none of its lane is. */
static bool transfer_blocked(const transfer_unit *unit, const sim_queue *queue, uint32_t lane)
{
	const uint32_t max_outstanding = (uint32_t)unit->device->config.nesc->dma.outstanding_reads;
	const nesc_block *block;

	if (sim_empty(queue))
		return false;
	block = sim_head(queue)->payload;
	if (block->request == &unit->device->translate.fence_request)
		return unit->num_outstanding_of[lane] != 0 && !SIM_MUTATED(FENCE_PASSES_WRITES);
	if (block->op != NESC_WRITE || block->kind != NESC_BLOCK_DATA)
		return false;
	/* One is kept for the most important lane, so that it does not wait for the others' data. */
	if (lane != 0 && max_outstanding > 1)
		return unit->num_outstanding >= max_outstanding - 1;
	return unit->num_outstanding >= max_outstanding;
}

/* Inputs whose heads may not go on yet are left out. */
static uint64_t transfer_mask(const transfer_unit *unit)
{
	uint64_t mask = UINT64_MAX;

	if (unit->num_outstanding == 0)
		return mask;
	for (uint32_t lane = 0; lane < unit->device->num_lanes; lane++)
		if (unit->plba[lane] != NULL && transfer_blocked(unit, unit->plba[lane], lane))
			mask &= ~(UINT64_C(1) << unit->plba[lane]->input);
	if (unit->oob != NULL && transfer_blocked(unit, unit->oob, 0))
		mask &= ~(UINT64_C(1) << unit->oob->input);
	return mask;
}

/* What goes next: data from the host, whose write is under way, then the lanes in their order; without lanes the first that
 * came. */
static sim_queue *transfer_choose(transfer_unit *unit, uint64_t mask)
{
	sim_unit *self = &unit->unit;
	const uint32_t num_lanes = unit->device->num_lanes;

	if (unit->device->num_lanes == 1)
		return sim_merge_first(self, &mask);
	if (!sim_empty(unit->data) && sim_candidate(self, unit->data))
		return unit->data;
	for (uint32_t lane = 0; lane < num_lanes; lane++) {
		uint64_t inputs = UINT64_C(1) << unit->plba[lane]->input;
		sim_queue *first;

		if (lane == 0 && unit->oob != NULL)
			inputs |= UINT64_C(1) << unit->oob->input;
		inputs &= mask;
		first = inputs == 0 ? NULL : sim_merge_first(self, &inputs);
		if (first != NULL)
			return first;
	}
	return NULL;
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
		uint32_t lane;

		self->role = one_source && unit->num_outstanding == 0 ? SIM_AHEAD : SIM_MERGE;
		if (!sim_take_slot(self, unit->to_medium))
			return SIM_WAIT_SLOT(unit->to_medium);
		/* With lanes there is a place for every block that was let in. */
		if (unit->device->num_lanes == 1 && !sim_take_slot(self, unit->fetches[0]))
			return SIM_WAIT_SLOT(unit->fetches[0]);
		if (unit->device->num_lanes == 1 && !sim_take_slot(self, unit->zeros[0]))
			return SIM_WAIT_SLOT(unit->zeros[0]);
		mask = transfer_mask(unit);
		if (!sim_merge_ready(self, &mask, self->role == SIM_AHEAD ? sim_ahead_limit(self, limit_ps) : limit_ps,
				     &wait))
			return wait;
		chosen = transfer_choose(unit, mask);
		block = sim_pop(self, chosen).payload;
		lane = device->lane_of[block->function];
		cycles_ps = unit_cycles_ps(self, device->config.nesc->transfer.transfer_cycles);
		unit_mark_wait(&block->marks, STAGE_DMA, self->local_ps);
		unit_mark_service_of(&block->marks, STAGE_DMA, self->local_ps + cycles_ps, "data transfer unit");
		if (chosen == unit->data) {
			unit->num_outstanding--;
			unit->num_outstanding_of[lane]--;
			sim_push(self, unit->to_medium, cycles_ps,
				 (sim_item){ .payload = block, .function = block->function });
		} else if (block->op == NESC_WRITE && block->kind == NESC_BLOCK_DATA) {
			unit->num_outstanding++;
			unit->num_outstanding_of[lane]++;
			sim_push(self, unit->fetches[lane], cycles_ps,
				 (sim_item){ .kind = NESC_DMA_FETCH, .payload = block, .function = block->function });
		} else if (block->op == NESC_READ && block->kind != NESC_BLOCK_DATA) {
			sim_push(self, unit->zeros[lane], cycles_ps,
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
