/* Translation: vLBA to pLBA, by the BTLB or by a walk; and what becomes of blocks that have no place.
 *
 * Only its own decisions change the BTLB, so while no walk is outstanding and no hypervisor writes registers it needs no
 * synchronisation; else it is a merge point of returns, register accesses, blocks that look up again, and new blocks.
 *
 * A miss - a write to a hole or to a read-only extent, or anything in a pruned part - parks its block until the hypervisor
 * writes RewalkTree. A VF has one miss in its registers, later ones queue behind it.
 */
#include "nesc/units.h"

/* The function that the block's entries are tagged with. */
static uint32_t translate_tag(const nesc_block *block)
{
	return SIM_MUTATED(TAG_WITHOUT_VF) ? 1 : block->function;
}

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

	if (block->kind == NESC_BLOCK_EMPTY || unit->functions[block->function].deleted)
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
	if (unit->num_walks < count ||
	    btlb_peek(&unit->device->btlb, translate_tag(block), block->logical_block, &found))
		return WAY_LOOK_UP;
	return WAY_BLOCKED;
}

static void translate_emit(translate_unit *unit, nesc_block *block)
{
	sim_unit *self = &unit->unit;
	const ps_t cycles_ps = unit_cycles_ps(self, unit->device->config.nesc->translation.lookup_cycles);

	unit_mark_service_of(&block->marks, STAGE_TRANSLATE, self->local_ps + cycles_ps, "BTLB look-up");
	sim_push(self, unit->plba[unit->device->lane_of[block->function]], cycles_ps,
		 (sim_item){ .payload = block, .function = block->function });
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
	unit_mark_service_of(&block->marks, STAGE_TRANSLATE, self->local_ps + cycles_ps, "BTLB look-up");
	sim_push(self, unit->jobs[walker], cycles_ps,
		 (sim_item){ .payload = block,
			     .function = block->function,
			     .argument = unit->functions[block->function].tree_root_address });
}

/* ---- misses ----------------------------------------------------------------------------------------------------- */

/* The miss enters the VF's registers, which are free; the hypervisor is told when it has none to handle already. */
static void translate_tell(translate_unit *unit, const nesc_block *block)
{
	regs *registers = &unit->device->regs;
	const bool tell = registers->miss_pending == 0;

	regs_set_miss(registers, block->function, block->logical_block * TREE_BLOCK_BYTES + block->first_byte,
		      block->node_left_bytes | (block->op == NESC_READ ? REGS_MISS_READ : 0));
	if (tell)
		sim_push(&unit->unit, unit->messages, unit_cycles_ps(&unit->unit, 1),
			 (sim_item){ .kind = NESC_DMA_MISS });
}

/* `found`: the read-only extent that a write hit; else NULL. */
static void translate_miss(translate_unit *unit, nesc_block *block, const extent *found)
{
	translate_function *of = &unit->functions[block->function];

	if (SIM_MUTATED(WRITE_READ_ONLY) && block->op == NESC_WRITE && found != NULL) {
		block->physical_block = found->physical_block + (block->logical_block - found->logical_block);
		translate_emit(unit, block);
		return;
	}
	if (unit->control == NULL) { /* nobody would ever allocate */
		nesc_block_fail(unit->device, block, NESC_COMPLETION_NO_MAPPING);
		translate_emit(unit, block);
		return;
	}
	unit->device->counts.num_misses[block->op == NESC_WRITE]++;
	block->missed = true;
	/* It may wait for long, and others of its lane must not wait for it. */
	nesc_give_credit(&unit->unit, unit->credits, block, unit_cycles_ps(&unit->unit, 1),
			 unit->device->lane_of[block->function]);
	if (of->missed.first == NULL)
		unit->num_missing++;
	block_list_append(&of->missed, block, block);
	if (!regs_miss_pending(&unit->device->regs, block->function))
		translate_tell(unit, block);
	else if (SIM_MUTATED(MISS_OVERWRITES)) {
		regs_end_miss(&unit->device->regs, block->function);
		of->missed = (block_list){ block, block };
		translate_tell(unit, block);
	}
}

/* Parked blocks of the VF look up again, the one that was in the registers first; those of the missed request end with `status`, if that is not OK. */
static void translate_release(translate_unit *unit, uint32_t function, nesc_completion_status status)
{
	translate_function *of = &unit->functions[function];
	const nesc_request *missed = of->missed.first == NULL ? NULL : of->missed.first->request;

	regs_end_miss(&unit->device->regs, function);
	if (missed == NULL)
		return;
	for (nesc_block *block = of->missed.first; block != NULL; block = block->next) {
		if (block == of->missed.first)
			unit_mark_service_of(&block->marks, STAGE_MISS, unit->unit.local_ps,
					     "the hypervisor handles the miss");
		else
			unit_mark_wait(&block->marks, STAGE_MISS, unit->unit.local_ps);
		block->missed = false;
		if (block->request == missed && status != NESC_COMPLETION_OK)
			nesc_block_fail(unit->device, block, status);
	}
	/* The block that was served goes before all others: until its walk has begun, what was done for it could be undone for
	 * another of the VF's blocks, and so on for ever. */
	block_list_prepend(&unit->retries, block_list_pop(&of->missed));
	block_list_append(&unit->rewalks, of->missed.first, of->missed.last);
	of->missed = (block_list){ 0 };
	unit->num_missing--;
}

/* ---- register accesses ------------------------------------------------------------------------------------------ */

void translate_set(translate_unit *unit, const regs_effect *effect)
{
	translate_function *of = &unit->functions[effect->function];

	switch (effect->action) {
	case REGS_ROOT:
		if (!SIM_MUTATED(DELETED_GOES_ON) || effect->tree_root_address != 0)
			of->tree_root_address = effect->tree_root_address;
		break;
	case REGS_SIZE:
		of->deleted = effect->device_bytes == 0 && !SIM_MUTATED(DELETED_GOES_ON);
		if (of->deleted)
			translate_release(unit, effect->function, NESC_COMPLETION_NO_FUNCTION);
		break;
	case REGS_RETRY:
		if (SIM_MUTATED(LOSE_REWALK) && ++unit->num_rewalks % 3 == 0) {
			regs_end_miss(&unit->device->regs, effect->function);
			break;
		}
		translate_release(unit, effect->function, regs_rewalk_status(effect->rewalk));
		break;
	case REGS_FLUSH:
		if (!SIM_MUTATED(NO_FLUSH))
			btlb_flush(&unit->device->btlb, effect->function, effect->first_block, effect->num_blocks);
		break;
	case REGS_NOTHING:
	case REGS_COMMAND:
	case REGS_NODE:
		break;
	}
}

/* Walks that began before the flush may still bring what it was to drop: its fence follows the last of them. */
static void translate_begin_fence(translate_unit *unit)
{
	const uint32_t count = (uint32_t)unit->device->config.nesc->walker.count;

	NESC_ASSERT(!unit->fence, "a flush before the one before was done");
	unit->fence = true;
	unit->num_walks_before_fence = SIM_MUTATED(FENCE_PASSES_WALKS) ? 0 : unit->num_walks;
	for (uint32_t i = 0; i < count; i++)
		unit->walks[i].before_fence = unit->walks[i].busy;
}

/* Sends the fence after all that was translated before, in every lane. */
static void translate_send_fence(translate_unit *unit)
{
	const uint32_t num_lanes = unit->device->num_lanes;
	nesc_request *request = &unit->fence_request;

	request->command = (nesc_command){ .op = NESC_FLUSH };
	request->num_left = num_lanes;
	for (uint32_t lane = 0; lane < num_lanes; lane++) {
		nesc_block *block = nesc_pool_take(&unit->device->blocks);

		*block = (nesc_block){ .request = request,
				       .op = NESC_FLUSH,
				       .kind = NESC_BLOCK_EMPTY,
				       .marks = { .last_ps = unit->unit.local_ps } };
		sim_push(&unit->unit, unit->plba[lane], unit_cycles_ps(&unit->unit, 1), (sim_item){ .payload = block });
	}
	unit->fence = false;
}

static void translate_access(translate_unit *unit, nesc_mmio *access)
{
	nesc_device *device = unit->device;
	const bool is_flush = !access->is_read && access->effect.action == REGS_FLUSH;

	/* The other registers belong to the unit that decodes the BAR. */
	NESC_ASSERT(!access->is_read || access->bar_offset == bar_pf_register(BAR_MISS_PENDING) ||
			    access->bar_offset >= BAR_WINDOWS,
		    "a read of another unit's register at run time");
	if (access->is_read)
		sim_push(&unit->unit, unit->messages, unit_cycles_ps(&unit->unit, 1),
			 (sim_item){ .kind = NESC_DMA_REPLY,
				     .argument = regs_read(&device->regs, access->bar_offset, access->num_bytes) });
	else
		translate_set(unit, &access->effect);
	if (is_flush)
		translate_begin_fence(unit);
	nesc_pool_give(&device->mmios, access);
}

/* ---- look-ups ---------------------------------------------------------------------------------------------------- */

/* One look-up of a block that may go (WAY_PASS or WAY_LOOK_UP). */
static void translate_look_up(translate_unit *unit, nesc_block *block, bool again)
{
	btlb *cache = &unit->device->btlb;
	extent found;

	if (block->kind != NESC_BLOCK_EMPTY && unit->functions[block->function].deleted)
		nesc_block_fail(unit->device, block, NESC_COMPLETION_NO_FUNCTION);
	if (block->kind == NESC_BLOCK_EMPTY) {
		translate_emit(unit, block);
		return;
	}
	if (again ? btlb_lookup_again(cache, translate_tag(block), block->logical_block, &found)
		  : btlb_lookup(cache, translate_tag(block), block->logical_block, &found)) {
		if (block->op == NESC_WRITE && (found.flags & EXTENT_READ_ONLY) != 0) {
			translate_miss(unit, block, &found);
			return;
		}
		block->physical_block = found.physical_block + (block->logical_block - found.logical_block);
		translate_emit(unit, block);
		return;
	}
	translate_start_walk(unit, block);
}

static void translate_park(translate_unit *unit, nesc_block *block, pending_walk *walk)
{
	block_list_append(&walk->parked, block, block);
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
		unit_mark_wait(&block->marks, STAGE_TRANSLATE, ps_max(block->marks.last_ps, unit->full_from_ps));
		unit_mark_wait(&block->marks, STAGE_WALK, ps_min(now_ps, unit->full_to_ps));
	}
	unit_mark_wait(&block->marks, STAGE_TRANSLATE, now_ps);
}

/* What the walk found is the block's place. */
static void translate_found(translate_unit *unit, const pending_walk *walk, const extent *found)
{
	nesc_device *device = unit->device;
	nesc_block *block = walk->block;

	if (walk->epoch == btlb_epoch(&device->btlb, block->function) || SIM_MUTATED(STALE_INSERT))
		btlb_insert(&device->btlb, translate_tag(block), found);
	if (block->op == NESC_WRITE && (found->flags & EXTENT_READ_ONLY) != 0) {
		translate_miss(unit, block, found);
		return;
	}
	block->physical_block = found->physical_block + (block->logical_block - found->logical_block);
	translate_emit(unit, block);
}

/* Must the hypervisor do something before the block can go on? */
static bool translate_is_miss(tree_outcome outcome, const nesc_block *block)
{
	return outcome == TREE_PRUNED || (outcome == TREE_HOLE && block->op == NESC_WRITE);
}

/* Blocks of the node that waited for the walk and lie in the same hole, or in the same pruned part, miss with it; the others
 * look up again. */
static void translate_share_miss(translate_unit *unit, block_list *parked, const tree_answer *answer)
{
	nesc_block *block = parked->first;

	while (block != NULL) {
		nesc_block *next = block->next;

		if (block->logical_block >= answer->first_block && block->logical_block < answer->limit_block)
			translate_miss(unit, block, NULL);
		else
			block_list_append(&unit->retries, block, block);
		block = next;
	}
}

/* A walk came back: its block goes on or is parked, those parked behind the walk look up again. */
static void translate_return(translate_unit *unit, sim_item item)
{
	nesc_device *device = unit->device;
	pending_walk walk = unit->walks[item.function];
	nesc_block *block = item.payload;

	unit_mark_service_of(&block->marks, STAGE_WALK, unit->unit.local_ps, "walk of the extent tree");
	for (nesc_block *parked = walk.parked.first; parked != NULL; parked = parked->next)
		unit_mark_wait(&parked->marks, STAGE_WALK, unit->unit.local_ps);
	unit->walks[item.function] = (pending_walk){ 0 };
	if (unit->num_walks-- == (uint32_t)device->config.nesc->walker.count) {
		unit->full_from_ps = unit->filled_ps;
		unit->full_to_ps = unit->unit.local_ps;
	}
	if (walk.before_fence)
		unit->num_walks_before_fence--;
	if (unit->functions[block->function].deleted) {
		block_list_append(&unit->retries, walk.parked.first, walk.parked.last);
		nesc_block_fail(device, block, NESC_COMPLETION_NO_FUNCTION);
		translate_emit(unit, block);
		return;
	}
	if (unit->control != NULL && translate_is_miss((tree_outcome)item.argument, block)) {
		translate_miss(unit, block, NULL);
		translate_share_miss(unit, &walk.parked, &device->walkers[item.function].answer);
		return;
	}
	block_list_append(&unit->retries, walk.parked.first, walk.parked.last);
	switch ((tree_outcome)item.argument) {
	case TREE_EXTENT:
		translate_found(unit, &walk, &device->walkers[item.function].answer.extent);
		return;
	case TREE_HOLE:
		if (block->op == NESC_WRITE) {
			translate_miss(unit, block, NULL);
			return;
		}
		block->kind = SIM_MUTATED(HOLE_FROM_MEDIUM) ? NESC_BLOCK_DATA : NESC_BLOCK_ZEROS;
		block->physical_block = 0;
		break;
	case TREE_PRUNED:
		translate_miss(unit, block, NULL);
		return;
	case TREE_CHILD:
	case TREE_CORRUPT:
		nesc_block_fail(device, block, NESC_COMPLETION_NO_MAPPING);
		break;
	}
	translate_emit(unit, block);
}

/* ---- the unit --------------------------------------------------------------------------------------------------- */

/* The walk whose result is first: by ready time, then by walker. */
static sim_queue *translate_first_return(translate_unit *unit)
{
	const uint32_t count = (uint32_t)unit->device->config.nesc->walker.count;
	sim_queue *first = NULL;

	for (uint32_t i = 0; unit->num_walks != 0 && i < count; i++) {
		sim_queue *queue = unit->returns[i];

		if (unit->walks[i].busy && !sim_empty(queue) && sim_candidate(&unit->unit, queue) &&
		    (first == NULL || sim_head(queue)->ready_ps < sim_head(first)->ready_ps))
			first = queue;
	}
	return first;
}

/* Takes a block that may go from the front of its queue or list. */
static void translate_take(translate_unit *unit, nesc_block *block, translate_way way, bool again)
{
	translate_mark_wait(unit, block);
	if (way == WAY_PARK)
		translate_park(unit, block, translate_node_walk(unit, block));
	else
		translate_look_up(unit, block, again);
}

/* What the first block of each kind may do. */
typedef struct translate_ways {
	translate_way retry, rewalk, head;
} translate_ways;

/* The earliest time at which anything can be done, or PS_MAX. */
static ps_t translate_next_ps(translate_unit *unit, translate_ways *ways)
{
	sim_unit *self = &unit->unit;
	const nesc_config *config = unit->device->config.nesc;
	const uint32_t num_walkers = (uint32_t)config->walker.count;
	ps_t rmin_ps = PS_MAX;

	*ways = (translate_ways){ WAY_BLOCKED, WAY_BLOCKED, WAY_BLOCKED };
	/* Others wait behind blocks that look up again after a walk. */
	if (unit->retries.first != NULL) {
		ways->retry = translate_way_of(unit, unit->retries.first);
	} else {
		if (unit->rewalks.first != NULL)
			ways->rewalk = translate_way_of(unit, unit->rewalks.first);
		if (!sim_empty(unit->vlba) &&
		    (config->miss.policy == NESC_MISS_PARK || (unit->num_missing == 0 && unit->rewalks.first == NULL)))
			ways->head = translate_way_of(unit, sim_head(unit->vlba)->payload);
	}
	if (ways->retry != WAY_BLOCKED || ways->rewalk != WAY_BLOCKED ||
	    (unit->fence && unit->num_walks_before_fence == 0))
		return self->local_ps; /* since the walk came back, or RewalkTree arrived */
	for (uint32_t i = 0; unit->num_walks != 0 && i < num_walkers; i++)
		if (unit->walks[i].busy && !sim_empty(unit->returns[i]))
			rmin_ps = ps_min(rmin_ps, sim_head(unit->returns[i])->ready_ps);
	if (unit->control != NULL && !sim_empty(unit->control))
		rmin_ps = ps_min(rmin_ps, sim_head(unit->control)->ready_ps);
	if (ways->head != WAY_BLOCKED)
		rmin_ps = ps_min(rmin_ps, sim_head(unit->vlba)->ready_ps);
	return rmin_ps == PS_MAX ? PS_MAX : sim_decision_ps(self, rmin_ps);
}

/* The next block that may look up, at local time: after those that waited for a walk, reissued and new ones take turns, so
 * that a storm of misses of one VF does not keep the others out. False: none may. */
static bool translate_take_next(translate_unit *unit, const translate_ways *ways)
{
	sim_unit *self = &unit->unit;
	const bool head_ready = ways->head != WAY_BLOCKED && sim_candidate(self, unit->vlba);

	if (ways->retry != WAY_BLOCKED) {
		translate_take(unit, block_list_pop(&unit->retries), ways->retry, true);
	} else if (ways->rewalk != WAY_BLOCKED && (unit->rewalk_turn || !head_ready)) {
		unit->rewalk_turn = false;
		translate_take(unit, block_list_pop(&unit->rewalks), ways->rewalk, true);
	} else if (head_ready) {
		unit->rewalk_turn = true;
		translate_take(unit, sim_pop(self, unit->vlba).payload, ways->head, false);
		self->num_served++;
	} else {
		return false;
	}
	return true;
}

sim_wait translate_step(sim_unit *self, ps_t limit_ps)
{
	translate_unit *unit = (translate_unit *)self;

	for (;;) {
		translate_ways ways;
		sim_queue *returned;
		ps_t t_ps, cycles_ps;

		self->role = unit->num_walks == 0 && unit->control == NULL ? SIM_AHEAD : SIM_MERGE;
		/* With lanes there is a place for every block that was let in. */
		if (unit->credits == NULL && !sim_take_slot(self, unit->plba[0]))
			return SIM_WAIT_SLOT(unit->plba[0]);
		if (unit->messages != NULL && !sim_take_slot(self, unit->messages))
			return SIM_WAIT_SLOT(unit->messages);
		t_ps = translate_next_ps(unit, &ways);
		if (t_ps == PS_MAX)
			return SIM_WAIT_ITEM;
		t_ps = hwclock_align(&self->clock, t_ps);
		if (self->role == SIM_AHEAD || SIM_MUTATED(TRANSLATE_NO_SYNC) ? t_ps > sim_ahead_limit(self, limit_ps)
									      : t_ps > limit_ps)
			return SIM_WAIT_UNTIL(t_ps);
		self->local_ps = t_ps;
		returned = translate_first_return(unit);
		/* Returns first, then the hypervisor, then look-ups. */
		if (returned != NULL) {
			translate_return(unit, sim_pop(self, returned));
		} else if (unit->control != NULL && !sim_empty(unit->control) && sim_candidate(self, unit->control)) {
			translate_access(unit, sim_pop(self, unit->control).payload);
		} else if (unit->fence && unit->num_walks_before_fence == 0) {
			translate_send_fence(unit);
		} else if (!translate_take_next(unit, &ways)) {
			continue;
		}
		cycles_ps = unit_cycles_ps(self, unit->device->config.nesc->translation.lookup_cycles);
		self->busy_ps += cycles_ps;
		self->local_ps += cycles_ps;
	}
}
