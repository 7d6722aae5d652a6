/* Multiplexers: choose the next function's node, and cut it into blocks of 1 KiB. */
#include "nesc/units.h"

/* What a node costs its function. */
static uint32_t mux_node_bytes(const sim_queue *ring)
{
	const nesc_node_item *node = sim_head(ring)->payload;

	return node->status == NESC_COMPLETION_OK ? node->node.bytes : 0;
}

/* From when on a ring's head may be taken: when it is there, and its function's rate limit allows it. */
static ps_t mux_ready_ps(const mux_lane *lane, uint32_t slot, const sim_queue *ring)
{
	const mux_function *function = &lane->functions[slot];
	const ps_t ready_ps = sim_head(ring)->ready_ps;
	uint32_t num_bytes;

	if (!function->is_limited)
		return ready_ps;
	num_bytes = mux_node_bytes(ring);
	/* Small nodes of one ring must not keep the tokens from a large one of another. */
	if (num_bytes != 0 && function->num_rings > 1)
		num_bytes = NESC_MAX_NODE_BYTES;
	return ps_max(ready_ps, arbiter_eligible_ps(&lane->arbiter, slot, num_bytes));
}

static bool mux_has_item(const sim_unit *self, uint32_t input)
{
	return (self->nonempty[input >> 6] >> (input & 63) & 1) != 0;
}

/* The earliest time at which any ring's head of the lane may be taken, or any time at which the next decision is due at once;
 * PS_MAX: there is none. */
static ps_t mux_first_ready_ps(const mux_unit *mux, const mux_lane *lane)
{
	const sim_unit *self = &mux->unit;
	ps_t first_ps = PS_MAX;

	for (uint32_t slot = 0; slot < lane->arbiter.num_functions; slot++) {
		const mux_function *function = &lane->functions[slot];

		for (uint32_t i = function->first_input; i < function->first_input + function->num_rings; i++) {
			ps_t ready_ps;

			if (!mux_has_item(self, i))
				continue;
			ready_ps = mux_ready_ps(lane, slot, self->inputs[i]);
			/* Under load nearly always the first one that is looked at. */
			if (sim_decision_ps(self, ready_ps) == self->local_ps)
				return ready_ps;
			first_ps = ps_min(first_ps, ready_ps);
		}
	}
	return first_ps;
}

/* The function's next ring of those that may be taken before local time; NULL if there is none. */
static sim_queue *mux_next_ring(const mux_unit *mux, const mux_lane *lane, uint32_t slot, uint32_t *ring_out)
{
	const sim_unit *self = &mux->unit;
	const mux_function *function = &lane->functions[slot];

	for (uint32_t i = 0, ring = function->last_ring; i < function->num_rings; i++) {
		sim_queue *queue;

		ring = ring + 1 == function->num_rings ? 0 : ring + 1;
		queue = self->inputs[function->first_input + ring];
		if (mux_has_item(self, function->first_input + ring) &&
		    mux_ready_ps(lane, slot, queue) < self->local_ps) {
			*ring_out = ring;
			return queue;
		}
	}
	return NULL;
}

static nesc_node_item *mux_take_from(mux_unit *mux, mux_lane *lane, uint32_t slot, uint32_t ring)
{
	sim_queue *queue = mux->unit.inputs[lane->functions[slot].first_input + ring];

	arbiter_taken(&lane->arbiter, slot, mux_node_bytes(queue), mux->unit.local_ps);
	lane->functions[slot].last_ring = ring;
	return sim_pop(&mux->unit, queue).payload;
}

/* Takes the lane's next node by policy, at local time; NULL: none may be taken. */
static nesc_node_item *mux_take(mux_unit *mux, mux_lane *lane)
{
	const uint32_t num_functions = lane->arbiter.num_functions;
	uint32_t rings[ARBITER_MAX_FUNCTIONS], head_bytes[ARBITER_MAX_FUNCTIONS];
	uint64_t candidates = 0;
	uint32_t slot = lane->arbiter.turn;

	for (uint32_t i = 0; i < num_functions; i++) {
		const sim_queue *head;

		/* From the one after the turn: round robin takes the first. */
		slot = slot + 1 >= num_functions ? 0 : slot + 1;
		head = mux_next_ring(mux, lane, slot, &rings[slot]);
		if (head == NULL)
			continue;
		if (lane->arbiter.policy == ARBITER_ROUND_ROBIN)
			return mux_take_from(mux, lane, slot, rings[slot]);
		candidates |= UINT64_C(1) << slot;
		head_bytes[slot] = mux_node_bytes(head);
	}
	if (candidates == 0)
		return NULL;
	slot = arbiter_choose(&lane->arbiter, candidates, head_bytes);
	return mux_take_from(mux, lane, slot, rings[slot]);
}

static void mux_begin(mux_unit *mux, mux_lane *lane, nesc_node_item *node)
{
	const nesc_request *request = node->request;

	lane->node = node;
	node->num_left = 1;
	lane->next_byte = 0;
	lane->node_first_byte =
		request->command.first_sector * NESC_SECTOR_BYTES + (uint64_t)node->index * NESC_MAX_NODE_BYTES;
	stage_mark_wait(&node->marks, STAGE_QUEUE, mux->unit.local_ps);
}

/* The next block of the node; the node's last one sets *last_out. */
static nesc_block *mux_cut(mux_unit *mux, mux_lane *lane, bool *last_out)
{
	nesc_device *device = mux->device;
	nesc_node_item *node = lane->node;
	nesc_request *request = node->request;
	nesc_block *block = nesc_pool_take(&device->blocks);
	const uint64_t first_byte = lane->node_first_byte + lane->next_byte;

	block->request = request;
	block->function = request->function;
	block->node_index = node->index;
	block->op = request->command.op;
	block->node = node;
	node->num_left++;
	unit_marks_begin(&block->marks, &node->marks);
	block->merged = block->missed = false;
	block->credited = mux->credits[0] != NULL;
	block->logical_block = first_byte >> TREE_BLOCK_SHIFT;
	block->physical_block = block->logical_block; /* the PF's requests are untranslated */
	block->first_byte = (uint32_t)(first_byte & (TREE_BLOCK_BYTES - 1));
	block->dma_address = node->node.address + node->node.offset + lane->next_byte;
	*last_out = true;
	block->node_left_bytes = node->node.bytes - lane->next_byte;
	if (node->status != NESC_COMPLETION_OK) {
		nesc_block_fail(device, block, node->status);
	} else if (request->command.op == NESC_FLUSH) {
		block->kind = NESC_BLOCK_EMPTY;
		block->num_bytes = 0;
	} else {
		const uint32_t room = TREE_BLOCK_BYTES - block->first_byte;

		block->kind = NESC_BLOCK_DATA;
		block->num_bytes = block->node_left_bytes < room ? block->node_left_bytes : room;
		lane->next_byte += block->num_bytes;
		*last_out = lane->next_byte == node->node.bytes;
	}
	if (!*last_out)
		request->num_left++;
	device->counts.num_blocks++;
	return block;
}

/* Blocks that left their lane made room in it. */
static void mux_take_credits(mux_unit *mux)
{
	sim_unit *self = &mux->unit;

	for (uint32_t i = 0; i < MUX_NUM_CREDITS && mux->credits[i] != NULL; i++)
		while (!sim_empty(mux->credits[i]) && sim_candidate(self, mux->credits[i]))
			mux->lanes[sim_pop(self, mux->credits[i]).argument].num_credits++;
}

/* Work of the most important lane that has some and has room: a node under way, or the next one. NULL: there is none, and
 * *wait_out says what to wait for, or is left SIM_RUNNING: look again. */
static mux_lane *mux_choose_lane(mux_unit *mux, ps_t limit_ps, sim_wait *wait_out)
{
	sim_unit *self = &mux->unit;
	const uint32_t num_lanes = mux->device->num_lanes;
	bool goes_on = false, is_full = false;
	ps_t first_ps = PS_MAX, t_ps;

	for (uint32_t i = 0; i < num_lanes; i++) {
		const mux_lane *lane = &mux->lanes[i];

		goes_on |= lane->num_credits != 0 && lane->node != NULL;
		is_full |= lane->num_credits == 0;
		if (lane->num_credits != 0 && lane->node == NULL)
			first_ps = ps_min(first_ps, mux_first_ready_ps(mux, lane));
	}
	for (uint32_t i = 0; is_full && i < MUX_NUM_CREDITS; i++)
		if (!sim_empty(mux->credits[i]))
			first_ps = ps_min(first_ps, sim_head(mux->credits[i])->ready_ps);
	if (!goes_on && first_ps == PS_MAX) {
		*wait_out = SIM_WAIT_ITEM;
		return NULL;
	}
	t_ps = goes_on ? self->local_ps : sim_decision_ps(self, first_ps);
	if (t_ps > limit_ps) {
		*wait_out = SIM_WAIT_UNTIL(t_ps);
		return NULL;
	}
	self->local_ps = t_ps;
	mux_take_credits(mux);
	for (uint32_t i = 0; i < num_lanes; i++) {
		mux_lane *lane = &mux->lanes[i];

		if (lane->num_credits == 0)
			continue;
		if (lane->node == NULL) {
			nesc_node_item *node = mux_take(mux, lane);

			if (node == NULL)
				continue;
			mux_begin(mux, lane, node);
		}
		lane->num_credits--;
		return lane;
	}
	wait_out->state = SIM_RUNNING;
	return NULL;
}

/* The same without lanes: a node that is begun is cut to its end, so there is nothing to decide before. */
static mux_lane *mux_choose(mux_unit *mux, ps_t limit_ps, sim_wait *wait_out)
{
	sim_unit *self = &mux->unit;
	mux_lane *lane = &mux->lanes[0];
	ps_t first_ps, t_ps;

	if (lane->node != NULL)
		return lane;
	first_ps = mux_first_ready_ps(mux, lane);
	if (first_ps == PS_MAX) {
		*wait_out = SIM_WAIT_ITEM;
		return NULL;
	}
	t_ps = sim_decision_ps(self, first_ps);
	if (t_ps > limit_ps) {
		*wait_out = SIM_WAIT_UNTIL(t_ps);
		return NULL;
	}
	self->local_ps = t_ps;
	mux_begin(mux, lane, mux_take(mux, lane));
	return lane;
}

sim_wait mux_step(sim_unit *self, ps_t limit_ps)
{
	mux_unit *mux = (mux_unit *)self;
	nesc_device *device = mux->device;

	for (;;) {
		sim_wait wait;
		mux_lane *lane;
		nesc_block *block;
		ps_t cut_ps;
		bool last;

		if (!sim_take_slot(self, mux->out))
			return SIM_WAIT_SLOT(mux->out);
		lane = mux->credits[0] != NULL ? mux_choose_lane(mux, limit_ps, &wait)
					       : mux_choose(mux, limit_ps, &wait);
		if (lane == NULL && wait.state == SIM_RUNNING)
			continue;
		if (lane == NULL)
			return wait;
		block = mux_cut(mux, lane, &last);
		cut_ps = unit_cycles_ps(self, device->config.nesc->mux.block_cycles);
		unit_mark_wait(&block->marks, STAGE_QUEUE, self->local_ps);
		unit_mark_service_of(&block->marks, STAGE_QUEUE, self->local_ps + cut_ps, "cut into blocks");
		sim_push(self, mux->out, cut_ps, (sim_item){ .payload = block, .function = block->function });
		self->busy_ps += cut_ps;
		self->local_ps += cut_ps;
		if (last) {
			nesc_node_release(device, lane->node);
			lane->node = NULL;
			self->num_served++;
		}
	}
}
