/* The medium as a unit: the service times are those of src/media. */
#include <stdlib.h>

#include "nesc/units.h"

static bool pending_before(const struct medium_pending *a, const struct medium_pending *b)
{
	return a->done_ps < b->done_ps || (a->done_ps == b->done_ps && a->sequence < b->sequence);
}

static void pending_push(medium_unit *unit, struct medium_pending entry)
{
	uint32_t at = unit->num_pending++;

	NESC_ASSERT(unit->num_pending <= unit->max_pending, "the medium holds more than %u accesses",
		    unit->max_pending);
	while (at != 0 && pending_before(&entry, &unit->heap[(at - 1) / 2])) {
		unit->heap[at] = unit->heap[(at - 1) / 2];
		at = (at - 1) / 2;
	}
	unit->heap[at] = entry;
}

static struct medium_pending pending_pop(medium_unit *unit)
{
	const struct medium_pending first = unit->heap[0];
	const struct medium_pending last = unit->heap[--unit->num_pending];
	uint32_t at = 0;

	for (;;) {
		uint32_t child = 2 * at + 1;

		if (child >= unit->num_pending)
			break;
		if (child + 1 < unit->num_pending && pending_before(&unit->heap[child + 1], &unit->heap[child]))
			child++;
		if (!pending_before(&unit->heap[child], &last))
			break;
		unit->heap[at] = unit->heap[child];
		at = child;
	}
	unit->heap[at] = last;
	return first;
}

/* Passes an access on that ends at done_ps >= local time. */
static void medium_emit(medium_unit *unit, nesc_block *block, ps_t done_ps)
{
	sim_unit *self = &unit->unit;
	const ps_t delay_ps = ps_max(done_ps - self->local_ps, unit_cycles_ps(self, 1));

	unit_mark_service_of(&block->marks, STAGE_MEDIA, self->local_ps + delay_ps, "access to the medium");
	if (block->op == NESC_READ) {
		sim_push(self, unit->data[unit->device->lane_of[block->function]], delay_ps,
			 (sim_item){ .kind = NESC_DMA_DATA, .payload = block, .function = block->function });
		return;
	}
	nesc_request *request = block->request;
	const uint32_t function = block->function;

	nesc_give_credit(self, unit->credits, block, delay_ps, unit->device->lane_of[function]);
	if (nesc_block_finish(unit->device, block))
		sim_push(self, unit->done[unit->device->lane_of[function]], delay_ps,
			 (sim_item){ .kind = NESC_DMA_DONE, .payload = request, .function = function });
}

/* Check mode: moves stamps instead of data. The hypervisor's own requests may do without. */
static void medium_check(medium_unit *unit, const nesc_block *block)
{
	content *medium = unit->device->config.content;
	content_stamp *stamps = nesc_block_stamps(block);
	const uint64_t first_sector =
		(block->physical_block * TREE_BLOCK_BYTES + block->first_byte) / NESC_SECTOR_BYTES;

	content_touch(medium, block->physical_block, block->function, unit->unit.local_ps);
	for (uint32_t i = 0; stamps != NULL && i < block->num_bytes / NESC_SECTOR_BYTES; i++) {
		uint64_t sector = first_sector + i;

		if (block->op == NESC_READ) {
			stamps[i] = content_read(medium, sector);
			continue;
		}
		if (SIM_MUTATED(LOSE_LAST_BLOCK) && unit->device->counts.num_written_blocks % 100 == 99)
			continue;
		if (SIM_MUTATED(OFF_BY_A_SECTOR) && block->num_bytes == NESC_SECTOR_BYTES)
			sector ^= 1;
		content_write(medium, sector, stamps[i]);
	}
}

/* Serves a block that is popped at local time; returns when it is done. */
static ps_t medium_serve(medium_unit *unit, nesc_block *block)
{
	sim_unit *self = &unit->unit;
	medium_times times;
	medium_access access;

	if (block->request == &unit->device->translate.fence_request) { /* behind all that came before it */
		ps_t done_ps = self->local_ps;

		for (uint32_t i = 0; i < unit->num_pending; i++)
			done_ps = ps_max(done_ps, unit->heap[i].done_ps);
		return done_ps;
	}
	if (block->kind == NESC_BLOCK_EMPTY)
		return self->local_ps;
	access = (medium_access){
		.is_write = block->op == NESC_WRITE,
		.first_byte = block->physical_block * TREE_BLOCK_BYTES + block->first_byte,
		.num_bytes = block->num_bytes,
	};
	if (unit->device->config.content != NULL)
		medium_check(unit, block);
	times = unit->ops->serve(unit->state, unit->params, &access, self->local_ps);
	unit_mark_wait(&block->marks, STAGE_MEDIA, times.start_ps);
	self->busy_ps += times.busy_ps;
	self->num_served++;
	if (access.is_write)
		unit->device->counts.num_written_blocks++;
	else
		unit->device->counts.num_read_blocks++;
	return times.done_ps;
}

static sim_wait medium_step_in_order(medium_unit *unit, ps_t limit_ps)
{
	const uint32_t num_lanes = unit->device->num_lanes;
	sim_unit *self = &unit->unit;
	sim_wait wait;

	for (;;) {
		nesc_block *block;
		ps_t done_ps;

		/* An access that starts holds the place where its result will go. */
		for (uint32_t lane = 0; lane < num_lanes; lane++) {
			if (!sim_take_slot(self, unit->data[lane]))
				return SIM_WAIT_SLOT(unit->data[lane]);
			if (!sim_take_slot(self, unit->done[lane]))
				return SIM_WAIT_SLOT(unit->done[lane]);
		}
		if (!sim_single_ready(self, unit->in, limit_ps, &wait))
			return wait;
		block = sim_pop(self, unit->in).payload;
		unit_mark_wait(&block->marks, STAGE_MEDIA, self->local_ps);
		done_ps = ps_max(medium_serve(unit, block), unit->last_done_ps);
		if (block->kind == NESC_BLOCK_EMPTY) /* only waits for what came before */
			unit_mark_wait(&block->marks, STAGE_MEDIA, done_ps);
		unit->last_done_ps = done_ps;
		medium_emit(unit, block, done_ps);
	}
}

/* Where accesses may overtake each other, their ends are events of their own, and an end may only be acted on when no
 * access that could end earlier can still arrive. */
static sim_wait medium_step_any_order(medium_unit *unit, ps_t limit_ps)
{
	const uint32_t num_lanes = unit->device->num_lanes;
	sim_unit *self = &unit->unit;

	for (;;) {
		const ps_t end_ps = unit->num_pending == 0 ? PS_MAX : ps_max(self->local_ps, unit->heap[0].done_ps);
		ps_t begin_ps = PS_MAX, slots_ps;

		if (!sim_empty(unit->in) && unit->num_pending < unit->max_pending)
			begin_ps = hwclock_align(&self->clock, ps_max(self->local_ps, sim_head(unit->in)->ready_ps));
		if (end_ps == PS_MAX && begin_ps == PS_MAX)
			return SIM_WAIT_ITEM;
		if (begin_ps <= end_ps) { /* single input: no need to synchronise */
			nesc_block *block;
			ps_t done_ps;

			if (begin_ps > sim_ahead_limit(self, limit_ps))
				return SIM_WAIT_UNTIL(begin_ps);
			self->local_ps = begin_ps;
			block = sim_pop(self, unit->in).payload;
			unit_mark_wait(&block->marks, STAGE_MEDIA, self->local_ps);
			done_ps = medium_serve(unit, block);
			pending_push(unit, (struct medium_pending){ .done_ps = done_ps,
								    .sequence = unit->num_accesses++,
								    .block = block });
			continue;
		}
		if (end_ps > limit_ps)
			return SIM_WAIT_UNTIL(end_ps);
		slots_ps = 0;
		for (uint32_t lane = 0; lane < num_lanes; lane++) {
			if (sim_full(unit->data[lane]))
				return SIM_WAIT_SLOT(unit->data[lane]);
			if (sim_full(unit->done[lane]))
				return SIM_WAIT_SLOT(unit->done[lane]);
			slots_ps =
				ps_max(slots_ps, ps_max(sim_slot_ps(unit->data[lane]), sim_slot_ps(unit->done[lane])));
		}
		self->local_ps = hwclock_align(&self->clock, ps_max(end_ps, slots_ps));
		medium_emit(unit, pending_pop(unit).block, self->local_ps);
	}
}

sim_wait medium_step(sim_unit *self, ps_t limit_ps)
{
	medium_unit *unit = (medium_unit *)self;

	return unit->in_order ? medium_step_in_order(unit, limit_ps) : medium_step_any_order(unit, limit_ps);
}
