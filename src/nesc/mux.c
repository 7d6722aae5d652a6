/* Multiplexers: choose the next function's node, and cut it into blocks of 1 KiB. */
#include "nesc/units.h"

/* The first candidate after the one served last, in ring order. */
static sim_queue *mux_next(mux_unit *mux)
{
	sim_unit *self = &mux->unit;
	const uint32_t num = self->num_inputs;

	for (uint32_t i = 0, input = mux->last_input; i < num; i++) {
		input = input + 1 == num ? 0 : input + 1;
		if (self->nonempty[input >> 6] >> (input & 63) & 1 && sim_candidate(self, self->inputs[input])) {
			mux->last_input = input;
			return self->inputs[input];
		}
	}
	return NULL;
}

static void mux_begin(mux_unit *mux, nesc_node_item *node)
{
	const nesc_request *request = node->request;

	mux->node = node;
	mux->next_byte = 0;
	mux->node_first_byte =
		request->command.first_sector * NESC_SECTOR_BYTES + (uint64_t)node->index * NESC_MAX_NODE_BYTES;
	stage_mark_wait(&node->marks, STAGE_QUEUE, mux->unit.local_ps);
}

/* The next block of the node; the node's last one sets *last_out. */
static nesc_block *mux_cut(mux_unit *mux, bool *last_out)
{
	nesc_device *device = mux->device;
	nesc_node_item *node = mux->node;
	nesc_request *request = node->request;
	nesc_block *block = nesc_pool_take(&device->blocks);
	const uint64_t first_byte = mux->node_first_byte + mux->next_byte;

	block->request = request;
	block->function = request->function;
	block->node_index = node->index;
	block->op = request->command.op;
	block->marks = node->marks;
	block->merged = block->missed = false;
	block->logical_block = first_byte >> TREE_BLOCK_SHIFT;
	block->physical_block = block->logical_block; /* the PF's requests are untranslated */
	block->first_byte = (uint32_t)(first_byte & (TREE_BLOCK_BYTES - 1));
	block->dma_address = node->node.address + node->node.offset + mux->next_byte;
	*last_out = true;
	block->node_left_bytes = node->node.bytes - mux->next_byte;
	if (node->status != NESC_COMPLETION_OK) {
		nesc_block_fail(device, block, node->status);
	} else if (request->command.op == NESC_FLUSH) {
		block->kind = NESC_BLOCK_EMPTY;
		block->num_bytes = 0;
	} else {
		const uint32_t room = TREE_BLOCK_BYTES - block->first_byte;

		block->kind = NESC_BLOCK_DATA;
		block->num_bytes = block->node_left_bytes < room ? block->node_left_bytes : room;
		mux->next_byte += block->num_bytes;
		*last_out = mux->next_byte == node->node.bytes;
	}
	if (!*last_out)
		request->num_left++;
	device->counts.num_blocks++;
	return block;
}

sim_wait mux_step(sim_unit *self, ps_t limit_ps)
{
	mux_unit *mux = (mux_unit *)self;
	nesc_device *device = mux->device;
	sim_wait wait;

	for (;;) {
		nesc_block *block;
		ps_t cut_ps;
		bool last;

		if (!sim_take_slot(self, mux->out))
			return SIM_WAIT_SLOT(mux->out);
		if (mux->node == NULL) {
			if (!sim_merge_ready(self, NULL, limit_ps, &wait))
				return wait;
			mux_begin(mux, sim_pop(self, mux_next(mux)).payload);
		}
		block = mux_cut(mux, &last);
		cut_ps = unit_cycles_ps(self, device->config.nesc->mux.block_cycles);
		stage_mark_wait(&block->marks, STAGE_QUEUE, self->local_ps);
		stage_mark_service_of(&block->marks, STAGE_QUEUE, self->local_ps + cut_ps, "cut into blocks");
		sim_push(self, mux->out, cut_ps, (sim_item){ .payload = block, .function = block->function });
		self->busy_ps += cut_ps;
		self->local_ps += cut_ps;
		if (last) {
			nesc_pool_give(&device->nodes, mux->node);
			mux->node = NULL;
			self->num_served++;
		}
	}
}
