/* Translation: vLBA to pLBA, by the BTLB or by a walk.
 *
 * Only its own decisions change the BTLB, so while no walk is outstanding it needs no synchronisation; with walks
 * outstanding it is a merge point of returns, blocks that look up again, and new blocks.
 */
#include "nesc/units.h"

/* Where a block of `function` may go now. */
typedef enum translate_way {
	WAY_PASS,    /* moves nothing: no look-up */
	WAY_LOOK_UP, /* hit, or a free walker takes it */
	WAY_PARK,    /* its node's walk is under way */
	WAY_BLOCKED, /* must wait for a walk to end */
} translate_way;

static pending_walk *translate_node_walk(translate_unit *unit, const nesc_block *block)
{
	const uint32_t count = (uint32_t)unit->device->config.nesc->walker.count;

	if (unit->num_walks == 0 || unit->device->config.nesc->walker.merge != NESC_MERGE_NODE)
		return NULL;
	for (uint32_t i = 0; i < count; i++)
		if (unit->walks[i].busy && unit->walks[i].block->request == block->request &&
		    unit->walks[i].block->node_index == block->node_index)
			return &unit->walks[i];
	return NULL;
}

static translate_way translate_way_of(translate_unit *unit, const nesc_block *block)
{
	const nesc_config *config = unit->device->config.nesc;
	const uint32_t count = (uint32_t)config->walker.count;
	extent found;

	if (block->kind == NESC_BLOCK_EMPTY)
		return WAY_PASS;
	if (unit->num_walks == 0)
		return WAY_LOOK_UP;
	if (translate_node_walk(unit, block) != NULL)
		return WAY_PARK;
	if (config->translation.hit_under_miss == NESC_HUM_NONE)
		return WAY_BLOCKED;
	if (config->translation.hit_under_miss == NESC_HUM_OTHER_FUNCTIONS)
		for (uint32_t i = 0; i < count; i++)
			if (unit->walks[i].busy && unit->walks[i].block->function == block->function)
				return WAY_BLOCKED;
	if (unit->num_walks < count || btlb_peek(&unit->device->btlb, block->function, block->logical_block, &found))
		return WAY_LOOK_UP;
	return WAY_BLOCKED;
}

static void translate_emit(translate_unit *unit, nesc_block *block)
{
	sim_unit *self = &unit->unit;
	const ps_t cycles_ps = unit_cycles_ps(self, unit->device->config.nesc->translation.lookup_cycles);

	stage_mark_service_of(&block->marks, STAGE_TRANSLATE, self->local_ps + cycles_ps, "BTLB look-up");
	sim_push(self, unit->plba, cycles_ps, (sim_item){ .payload = block, .function = block->function });
}

static void translate_start_walk(translate_unit *unit, nesc_block *block)
{
	sim_unit *self = &unit->unit;
	const ps_t cycles_ps = unit_cycles_ps(self, unit->device->config.nesc->translation.lookup_cycles);
	uint32_t walker = 0;

	while (unit->walks[walker].busy)
		walker++;
	unit->walks[walker] = (pending_walk){ .busy = true,
					      .block = block,
					      .epoch = btlb_epoch(&unit->device->btlb, block->function) };
	unit->num_walks++;
	if (unit->num_walks == (uint32_t)unit->device->config.nesc->walker.count)
		unit->filled_ps = self->local_ps;
	unit->device->counts.num_walks++;
	stage_mark_service_of(&block->marks, STAGE_TRANSLATE, self->local_ps + cycles_ps, "BTLB look-up");
	sim_push(self, unit->jobs[walker], cycles_ps, (sim_item){ .payload = block, .function = block->function });
}

/* One look-up of a block that may go (WAY_PASS or WAY_LOOK_UP). */
static void translate_look_up(translate_unit *unit, nesc_block *block, bool again)
{
	btlb *cache = &unit->device->btlb;
	extent found;

	if (block->kind == NESC_BLOCK_EMPTY) {
		translate_emit(unit, block);
		return;
	}
	if (again ? btlb_lookup_again(cache, block->function, block->logical_block, &found)
		  : btlb_lookup(cache, block->function, block->logical_block, &found)) {
		block->physical_block = found.physical_block + (block->logical_block - found.logical_block);
		translate_emit(unit, block);
		return;
	}
	translate_start_walk(unit, block);
}

static void translate_park(translate_unit *unit, nesc_block *block, pending_walk *walk)
{
	block->next = NULL;
	if (walk->parked_last == NULL)
		walk->parked_first = block;
	else
		walk->parked_last->next = block;
	walk->parked_last = block;
	if (block->merged)
		return; /* it may wait for several walks, but is one block */
	block->merged = true;
	btlb_count_merged(&unit->device->btlb, block->function);
	unit->device->counts.num_merged++;
}

/* Until now the block waited in the queue: for its turn, or for a walker while all were busy. */
static void translate_mark_wait(const translate_unit *unit, nesc_block *block)
{
	const ps_t now_ps = unit->unit.local_ps;

	if (unit->full_to_ps > block->marks.last_ps) {
		stage_mark_wait(&block->marks, STAGE_TRANSLATE, ps_max(block->marks.last_ps, unit->full_from_ps));
		stage_mark_wait(&block->marks, STAGE_WALK, ps_min(now_ps, unit->full_to_ps));
	}
	stage_mark_wait(&block->marks, STAGE_TRANSLATE, now_ps);
}

/* A walk came back: its block goes on, those parked behind it look up again. */
static void translate_return(translate_unit *unit, sim_item item)
{
	nesc_device *device = unit->device;
	pending_walk *walk = &unit->walks[item.function];
	const walker_unit *walker = &device->walkers[item.function];
	nesc_block *block = item.payload;

	stage_mark_service_of(&block->marks, STAGE_WALK, unit->unit.local_ps, "walk of the extent tree");
	for (nesc_block *parked = walk->parked_first; parked != NULL; parked = parked->next)
		stage_mark_wait(&parked->marks, STAGE_WALK, unit->unit.local_ps);
	switch ((tree_outcome)item.argument) {
	case TREE_EXTENT: {
		const extent *found = &walker->answer.extent;

		block->physical_block = found->physical_block + (block->logical_block - found->logical_block);
		if (walk->epoch == btlb_epoch(&device->btlb, block->function))
			btlb_insert(&device->btlb, block->function, found);
		break;
	}
	case TREE_HOLE:
		if (block->op == NESC_READ)
			block->kind = NESC_BLOCK_ZEROS;
		else
			nesc_block_fail(device, block, NESC_COMPLETION_NO_MAPPING);
		break;
	case TREE_PRUNED:
	case TREE_CHILD:
	case TREE_CORRUPT:
		nesc_block_fail(device, block, NESC_COMPLETION_NO_MAPPING);
		break;
	}
	if (walk->parked_first != NULL) {
		if (unit->retry_last == NULL)
			unit->retry_first = walk->parked_first;
		else
			unit->retry_last->next = walk->parked_first;
		unit->retry_last = walk->parked_last;
	}
	*walk = (pending_walk){ 0 };
	if (unit->num_walks-- == (uint32_t)device->config.nesc->walker.count) {
		unit->full_from_ps = unit->filled_ps;
		unit->full_to_ps = unit->unit.local_ps;
	}
	translate_emit(unit, block);
}

sim_wait translate_step(sim_unit *self, ps_t limit_ps)
{
	translate_unit *unit = (translate_unit *)self;
	const uint32_t num_walkers = (uint32_t)unit->device->config.nesc->walker.count;

	for (;;) {
		nesc_block *retry, *head;
		translate_way retry_way = WAY_BLOCKED, head_way = WAY_BLOCKED;
		sim_queue *returned = NULL;
		ps_t rmin_ps = PS_MAX, t_ps;

		self->role = unit->num_walks == 0 ? SIM_AHEAD : SIM_MERGE;
		if (!sim_take_slot(self, unit->plba))
			return SIM_WAIT_SLOT(unit->plba);
		retry = unit->retry_first;
		head = sim_empty(unit->vlba) ? NULL : sim_head(unit->vlba)->payload;
		/* Blocks that look up again go first, and new ones wait behind them. */
		if (retry != NULL)
			retry_way = translate_way_of(unit, retry);
		else if (head != NULL)
			head_way = translate_way_of(unit, head);
		for (uint32_t i = 0; unit->num_walks != 0 && i < num_walkers; i++)
			if (unit->walks[i].busy && !sim_empty(unit->returns[i]))
				rmin_ps = ps_min(rmin_ps, sim_head(unit->returns[i])->ready_ps);
		if (head_way != WAY_BLOCKED)
			rmin_ps = ps_min(rmin_ps, sim_head(unit->vlba)->ready_ps);
		if (retry_way != WAY_BLOCKED)
			t_ps = self->local_ps; /* ready since the walk came back */
		else if (rmin_ps != PS_MAX)
			t_ps = sim_decision_ps(self, rmin_ps);
		else
			return SIM_WAIT_ITEM;
		t_ps = hwclock_align(&self->clock, t_ps);
		if (unit->num_walks == 0 || SIM_MUTATED(TRANSLATE_NO_SYNC) ? t_ps > sim_ahead_limit(self, limit_ps)
									   : t_ps > limit_ps)
			return SIM_WAIT_UNTIL(t_ps);
		self->local_ps = t_ps;
		/* Returns first (by ready time, then walker), then second look-ups, then new blocks. */
		for (uint32_t i = 0; unit->num_walks != 0 && i < num_walkers; i++) {
			sim_queue *queue = unit->returns[i];

			if (unit->walks[i].busy && !sim_empty(queue) && sim_candidate(self, queue) &&
			    (returned == NULL || sim_head(queue)->ready_ps < sim_head(returned)->ready_ps))
				returned = queue;
		}
		if (returned != NULL) {
			translate_return(unit, sim_pop(self, returned));
		} else if (retry_way != WAY_BLOCKED) {
			unit->retry_first = retry->next;
			if (retry->next == NULL)
				unit->retry_last = NULL;
			translate_mark_wait(unit, retry);
			if (retry_way == WAY_PARK)
				translate_park(unit, retry, translate_node_walk(unit, retry));
			else
				translate_look_up(unit, retry, true);
		} else if (head_way != WAY_BLOCKED && sim_candidate(self, unit->vlba)) {
			sim_pop(self, unit->vlba);
			translate_mark_wait(unit, head);
			if (head_way == WAY_PARK)
				translate_park(unit, head, translate_node_walk(unit, head));
			else
				translate_look_up(unit, head, false);
			self->num_served++;
		} else {
			continue;
		}
		{
			const ps_t cycles_ps =
				unit_cycles_ps(self, unit->device->config.nesc->translation.lookup_cycles);

			self->busy_ps += cycles_ps;
			self->local_ps += cycles_ps;
		}
	}
}
