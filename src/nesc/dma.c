/* The DMA engine: all traffic to and from host memory goes through it, one transfer at a time.
 *
 * What limits the rate is occupancy - set-up and beats of the datapath - not the round trip: a read of the host is asked
 * for at once, and keeps the engine for as long as its data will. Walkers go first; a fetch costs its own bytes only.
 */
#include "nesc/units.h"

static int64_t dma_beats(const dma_unit *dma, uint64_t num_bytes)
{
	const uint64_t width = (uint64_t)dma->device->config.nesc->dma.datapath_bytes;

	return (int64_t)((num_bytes + width - 1) >> __builtin_ctzll(width));
}

static void dma_occupy(dma_unit *dma, int64_t num_cycles)
{
	const ps_t busy_ps = unit_cycles_ps(&dma->unit, num_cycles);

	dma->unit.busy_ps += busy_ps;
	dma->unit.local_ps += busy_ps;
	dma->unit.num_served++;
}

/* The completion entry and the MSI behind it. */
static void dma_complete(dma_unit *dma, nesc_request *request)
{
	sim_unit *self = &dma->unit;

	stage_mark_wait(&request->marks, STAGE_COMPLETION, self->local_ps);
	dma_occupy(dma, dma->device->config.nesc->dma.completion_setup_cycles +
				dma_beats(dma, NESC_COMPLETION_BYTES + PCIE_MSI_BYTES));
	stage_mark_service_of(&request->marks, STAGE_COMPLETION, self->local_ps, "DMA of the completion entry");
	sim_push(self, dma->out, 0,
		 (sim_item){ .kind = NESC_DMA_DONE, .payload = request, .function = request->function });
}

/* Walkers first, by number; then by lane; then the earliest. */
static sim_queue *dma_choose(dma_unit *dma)
{
	sim_unit *self = &dma->unit;

	for (uint32_t i = 0; i < dma->num_walker_inputs; i++)
		if (!sim_empty(self->inputs[i]) && sim_candidate(self, self->inputs[i]))
			return self->inputs[i];
	for (uint32_t lane = 0; lane < dma->device->num_lanes; lane++) {
		sim_queue *first = sim_merge_first(self, &dma->lane_inputs[lane]);

		if (first != NULL)
			return first;
	}
	return NULL;
}

static void dma_to_host(dma_unit *dma, sim_item item)
{
	const nesc_config *config = dma->device->config.nesc;
	nesc_block *block = item.payload;
	nesc_request *request = block->request;
	const bool moves = block->kind != NESC_BLOCK_EMPTY;

	nesc_give_credit(&dma->unit, dma->credits, block, unit_cycles_ps(&dma->unit, 1),
			 dma->device->lane_of[block->function]);
	unit_mark_wait(&block->marks, STAGE_DMA, dma->unit.local_ps);
	dma_occupy(dma, moves ? config->dma.read_setup_cycles + dma_beats(dma, block->num_bytes) : 1);
	unit_mark_service_of(&block->marks, STAGE_DMA, dma->unit.local_ps, "DMA engine: set-up and beats");
	if (block->kind == NESC_BLOCK_ZEROS) {
		content_stamp *stamps = nesc_block_stamps(block);

		dma->device->counts.num_zero_blocks++;
		for (uint32_t i = 0; stamps != NULL && i < block->num_bytes / NESC_SECTOR_BYTES; i++)
			stamps[i] = content_zero();
	}
	if (nesc_block_done(dma->device, block))
		dma->finished = request;
	if (moves)
		sim_push(&dma->unit, dma->out, 0, item);
	else
		nesc_pool_give(&dma->device->blocks, block);
}

sim_wait dma_step(sim_unit *self, ps_t limit_ps)
{
	dma_unit *dma = (dma_unit *)self;
	const nesc_config *config = dma->device->config.nesc;
	sim_wait wait;

	for (;;) {
		sim_item item;

		if (!sim_take_slot(self, dma->out))
			return SIM_WAIT_SLOT(dma->out);
		if (dma->finished != NULL) {
			nesc_request *request = dma->finished;

			dma->finished = NULL;
			dma_complete(dma, request);
			continue;
		}
		if (!sim_merge_ready(self, NULL, SIM_MUTATED(DMA_NO_SYNC) ? sim_ahead_limit(self, limit_ps) : limit_ps,
				     &wait))
			return wait;
		item = sim_pop(self, dma_choose(dma));
		switch (item.kind) {
		case NESC_DMA_WALK:
			sim_push(self, dma->out, unit_cycles_ps(self, 1), item);
			dma_occupy(dma, dma_beats(dma, dma->device->node_bytes));
			break;
		case NESC_DMA_FETCH: {
			nesc_block *block = item.payload;
			const ps_t issue_ps = unit_cycles_ps(self, config->dma.write_issue_cycles);

			unit_mark_wait(&block->marks, STAGE_DMA, self->local_ps);
			unit_mark_service_of(&block->marks, STAGE_DMA, self->local_ps + issue_ps,
					     "DMA engine: set-up of the fetch");
			sim_push(self, dma->out, issue_ps, item);
			dma_occupy(dma, config->dma.write_setup_cycles + dma_beats(dma, block->num_bytes));
			break;
		}
		case NESC_DMA_DATA:
			dma_to_host(dma, item);
			break;
		case NESC_DMA_MISS:
		case NESC_DMA_REPLY:
			dma_occupy(dma, dma_beats(dma, PCIE_MSI_BYTES));
			sim_push(self, dma->out, 0, item);
			break;
		default:
			dma_complete(dma, item.payload);
			break;
		}
	}
}
