#include "host/hypervisor.h"

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "host/driver.h"
#include "nesc/arbiter.h"
#include "nesc/regs.h"
#include "sim/thread.h"

#define PAGE_BYTES UINT64_C(4096)
#define CHUNK_NODES 32U       /* nodes of one of our requests, at most */
#define MAX_RETIRED_NODES 256 /* replaced tree nodes that may wait before a flush lets us free them */
#define SECTORS_PER_BLOCK (TREE_BLOCK_BYTES / NESC_SECTOR_BYTES)
#define CHUNK_SECTORS (CHUNK_NODES * NESC_MAX_NODE_BYTES / NESC_SECTOR_BYTES)

/* An action with its next time. */
typedef struct action {
	action_kind kind;
	const action_config *config;
	ps_t next_ps;
	int64_t num_done;
} action;

/* One of our requests under way. */
typedef struct own_request {
	nesc_request request;
	struct own_request *next_free;
	uint32_t num_nodes;
} own_request;

struct hypervisor {
	sim_unit unit;
	hypervisor_parts parts;
	nesc_device *device;
	host_fs fs;
	bool managed;
	bool over; /* the run is: nothing that is waited for will come */
	nesc_ring ring;
	ps_t costs[NUM_COSTS];

	/* what the interrupt queue brought */
	bool has_miss, has_reply, has_flush;
	bool acted_last; /* not served a miss */
	uint64_t reply;

	own_request *requests, *free_requests;
	uint32_t num_free_nodes, num_requests_out;
	uint64_t buffer_address, num_buffer_pages;
	content_stamp *zero_stamps, *meta_stamps, *scratch_stamps; /* a chunk's; NULL without check mode */

	uint64_t journal_first_block, journal_num_blocks, journal_next;
	uint32_t last_vf;
	uint64_t vm_blocks[BAR_MAX_VFS + 1]; /* size of each VM's disk, 0 = not there */
	bool is_deleted[BAR_MAX_VFS + 1];
	sim_queue *hot_plugs[BAR_MAX_VFS + 1][BAR_MAX_VF_RINGS];
	action *actions;
	size_t num_actions;
	host_fs_pieces pieces, given_up;

	uint32_t working_for; /* VM whose account the core's time goes to */
	ps_t cpu_ps[BAR_MAX_VFS + 1], total_cpu_ps, told_cpu_ps;
	uint64_t told_interrupts;
	ps_t end_ps; /* of the last thing done */
	uint64_t num_nodes_charged;
	hypervisor_counts counts;
};

/* ---- the core --------------------------------------------------------------------------------------------------- */

/* The core was busy for whoever it works for. */
static void account(hypervisor *self, ps_t cpu_ps)
{
	self->cpu_ps[self->working_for] += cpu_ps;
	self->total_cpu_ps += cpu_ps;
}

static void spend(hypervisor *self, cost of)
{
	sim_thread_delay(&self->unit, self->costs[of]);
	account(self, self->costs[of]);
}

/* Takes the next interrupt, as it comes. */
static void take(hypervisor *self, const sim_item *item)
{
	own_request *done;
	const nesc_request *request = item->payload;

	switch (item->kind) {
	case NESC_INTERRUPT_MISS:
		self->counts.num_interrupts++;
		self->has_miss = true;
		break;
	case NESC_INTERRUPT_REPLY:
		self->has_reply = true;
		self->reply = item->argument;
		break;
	default:
		spend(self, COST_HOST_IRQ_HANDLER);
		if (request->owner == NULL) {
			self->has_flush = true;
			break;
		}
		spend(self, COST_HOST_BLOCK_COMPLETE);
		NESC_ASSERT_ALWAYS(request->status == NESC_COMPLETION_OK, "a request of the hypervisor failed: %s",
				   nesc_completion_text(request->status));
		done = request->owner;
		done->next_free = self->free_requests;
		self->free_requests = done;
		self->num_free_nodes += done->num_nodes;
		self->num_requests_out--;
		sim_in_flight_add(self->unit.kernel, -1);
		break;
	}
}

static bool wait_for_interrupt(hypervisor *self)
{
	sim_item item;

	if (self->over || !sim_thread_receive(&self->unit, self->ring.interrupts, &item)) {
		self->over = true;
		return false;
	}
	take(self, &item);
	return true;
}

static void send(hypervisor *self, sim_item item)
{
	item.function = 0;
	if (!self->over && !sim_thread_send(&self->unit, self->ring.doorbells, self->parts.host->posted_write_ps, item))
		self->over = true;
}

/* ---- registers -------------------------------------------------------------------------------------------------- */

static void access_register(hypervisor *self, uint64_t bar_offset, uint64_t value, uint32_t num_bytes, bool is_read)
{
	nesc_mmio *access;

	if (self->over)
		return;
	access = nesc_device_new_mmio(self->device);
	access->bar_offset = bar_offset;
	access->value = value;
	access->num_bytes = num_bytes;
	access->is_read = is_read;
	spend(self, is_read ? COST_MMIO_READ : COST_MMIO_WRITE);
	send(self, (sim_item){ .kind = NESC_MMIO, .payload = access });
}

static void write_register(hypervisor *self, uint64_t bar_offset, uint64_t value, uint32_t num_bytes)
{
	access_register(self, bar_offset, value, num_bytes, false);
}

/* The core stands still until the answer is there. */
static uint64_t read_register(hypervisor *self, uint64_t bar_offset, uint32_t num_bytes)
{
	ps_t from_ps;

	self->has_reply = false;
	access_register(self, bar_offset, 0, num_bytes, true);
	from_ps = self->unit.local_ps;
	while (!self->has_reply)
		if (!wait_for_interrupt(self))
			return 0;
	account(self, self->unit.local_ps - from_ps);
	return self->reply;
}

/* Roots that changed go to all VFs of their trees; the core has written the nodes. */
static void publish_trees(hypervisor *self)
{
	host_fs *fs = &self->fs;

	for (; self->num_nodes_charged < fs->num_nodes_written; self->num_nodes_charged++)
		spend(self, COST_HYP_TREE_NODE);
	for (uint32_t i = 0; i < fs->num_trees; i++) {
		host_fs_tree *tree = &fs->trees[i];

		if (!tree->root_changed)
			continue;
		tree->root_changed = false;
		for (uint32_t vf = 1; vf <= BAR_MAX_VFS; vf++)
			if ((tree->vfs >> (vf - 1) & 1) != 0 && self->vm_blocks[vf] != 0)
				write_register(self, bar_window_register(vf, BAR_EXTENT_TREE_ROOT), tree->root_address,
					       8);
	}
}

/* Drops what the BTLB holds of the range and waits until nobody uses what it held. Then nobody reads replaced nodes either. */
static void flush(hypervisor *self, uint32_t vf, uint64_t first_block, uint64_t num_blocks)
{
	write_register(self, bar_pf_register(BAR_FLUSH_FUNCTION), vf, 4);
	write_register(self, bar_pf_register(BAR_FLUSH_FIRST_BLOCK), first_block, 8);
	write_register(self, bar_pf_register(BAR_FLUSH_NUM_BLOCKS), num_blocks, 8);
	self->has_flush = false;
	write_register(self, bar_pf_register(BAR_FLUSH_GO), 1, 4);
	while (!self->has_flush)
		if (!wait_for_interrupt(self))
			return;
	spend(self, COST_HOST_PROCESS_WAKE);
	host_fs_free_retired(&self->fs);
	self->fs.now_ps = self->unit.local_ps;
}

/* Lets replaced nodes go where there are many: the flush of an empty range only tells that no walk is left that could read
 * them. */
static void relieve(hypervisor *self, uint32_t vf)
{
	if (self->over || host_fs_num_retired(&self->fs) <= MAX_RETIRED_NODES)
		return;
	publish_trees(self);
	flush(self, vf, TREE_MAX_BLOCK, 1);
}

/* Flushes all VFs that export the VM's files. A block of a file may lie elsewhere in another disk, so that one loses
 * all its entries. */
static void flush_all_of(hypervisor *self, uint32_t vm, uint64_t first_block, uint64_t num_blocks)
{
	const storage_plan *plan = self->parts.plan;

	for (uint32_t vf = 1; vf <= plan->num_disks; vf++) {
		if ((self->vm_blocks[vf] == 0 && vf != vm) || !storage_shares_file(plan, vm, vf))
			continue;
		if (plan->disks[vm - 1].same_as == plan->disks[vf - 1].same_as)
			flush(self, vf, first_block, num_blocks);
		else
			flush(self, vf, 0, 0);
	}
}

/* ---- I/O through the PF ----------------------------------------------------------------------------------------- */

/* Waits for one of our requests to end until there is room for another of so many nodes. */
static bool wait_for_room(hypervisor *self, uint32_t num_nodes)
{
	while (self->free_requests == NULL || self->num_free_nodes < num_nodes)
		if (!wait_for_interrupt(self))
			return false;
	return true;
}

static void submit_request(hypervisor *self, nesc_op op, uint64_t first_block, uint64_t num_blocks,
			   content_stamp *stamps)
{
	const uint64_t num_bytes = num_blocks * TREE_BLOCK_BYTES;
	const uint32_t num_nodes = (uint32_t)((num_bytes + NESC_MAX_NODE_BYTES - 1) / NESC_MAX_NODE_BYTES);
	own_request *own;

	if (!wait_for_room(self, num_nodes))
		return;
	own = self->free_requests;
	self->free_requests = own->next_free;
	own->num_nodes = num_nodes;
	self->num_free_nodes -= num_nodes;
	self->num_requests_out++;
	self->counts.num_requests++;
	sim_in_flight_add(self->unit.kernel, 1);
	own->request = (nesc_request){
		.function = 0,
		.ring = self->ring.ring,
		.vcpu = self->ring.vcpu,
		.owner = own,
		.num_left = num_nodes,
		.num_bytes = (uint32_t)num_bytes,
		.stamps = stamps,
		.command = { .op = op,
			     .num_nodes = (uint16_t)num_nodes,
			     .tag = (uint32_t)(own - self->requests),
			     .first_sector = first_block * SECTORS_PER_BLOCK },
	};
	spend(self, COST_HOST_BLOCK_SUBMIT);
	spend(self, COST_HOST_DRIVER);
	for (uint32_t i = 0; i < num_nodes && !self->over; i++) {
		nesc_node_item *item = nesc_device_new_node(self->device);
		const uint64_t left = num_bytes - (uint64_t)i * NESC_MAX_NODE_BYTES;

		*item = (nesc_node_item){
			.request = &own->request,
			.index = i,
			.node = { .address = self->buffer_address + i % self->num_buffer_pages * PAGE_BYTES,
				  .bytes = (uint32_t)(left < NESC_MAX_NODE_BYTES ? left : NESC_MAX_NODE_BYTES) },
			.marks = { .last_ps = self->unit.local_ps },
		};
		for (int word = i == 0 ? 0 : 2; word < 4; word++)
			spend(self, COST_MMIO_WRITE);
		stage_mark_service(&item->marks, STAGE_DOORBELL,
				   self->unit.local_ps + self->parts.host->posted_write_ps);
		send(self, (sim_item){ .kind = NESC_DOORBELL, .payload = item });
	}
}

/* Reads or writes a run, cut into requests. `stamps`: one per sector, or one for all if `same`; NULL: contents do not
 * matter. */
static void submit_run(hypervisor *self, nesc_op op, uint64_t first_block, uint64_t num_blocks, content_stamp *stamps,
		       bool same)
{
	const uint64_t depth = (uint64_t)self->parts.nesc->queue.depth;
	const uint64_t max_blocks =
		(depth < CHUNK_NODES ? depth : CHUNK_NODES) * (NESC_MAX_NODE_BYTES / TREE_BLOCK_BYTES);

	while (num_blocks != 0 && !self->over) {
		const uint64_t chunk = num_blocks < max_blocks ? num_blocks : max_blocks;

		submit_request(self, op, first_block, chunk, stamps);
		first_block += chunk;
		num_blocks -= chunk;
		if (stamps != NULL && !same)
			stamps += chunk * SECTORS_PER_BLOCK;
	}
}

/* All that was submitted is done; the thread, which slept, wakes. */
static void wait_for_requests(hypervisor *self)
{
	if (self->num_requests_out == 0)
		return;
	while (self->num_requests_out != 0)
		if (!wait_for_interrupt(self))
			return;
	spend(self, COST_HOST_PROCESS_WAKE);
}

/* The journal is written round and round. */
static uint64_t journal_place(hypervisor *self, uint64_t num_blocks)
{
	uint64_t place;

	if (self->journal_next + num_blocks > self->journal_num_blocks)
		self->journal_next = 0;
	place = self->journal_first_block + self->journal_next;
	self->journal_next += num_blocks;
	return place;
}

static void submit_journal(hypervisor *self)
{
	const uint64_t num_blocks = (uint64_t)self->parts.config->journal_bytes / TREE_BLOCK_BYTES;

	submit_run(self, NESC_WRITE, journal_place(self, num_blocks), num_blocks, self->meta_stamps, true);
}

/* One stamp per sector of all pieces; NULL without check mode. */
static content_stamp *new_stamps(const hypervisor *self, const host_fs_pieces *pieces)
{
	uint64_t num_blocks = 0;
	content_stamp *stamps;

	if (self->parts.content == NULL)
		return NULL;
	for (size_t i = 0; i < pieces->num; i++)
		num_blocks += pieces->items[i].num_blocks;
	stamps = calloc(num_blocks * SECTORS_PER_BLOCK + 1, sizeof(*stamps));
	NESC_ASSERT_ALWAYS(stamps != NULL, "out of memory for contents");
	return stamps;
}

static void submit_pieces(hypervisor *self, nesc_op op, const host_fs_pieces *pieces, content_stamp *stamps)
{
	for (size_t i = 0; i < pieces->num; i++) {
		const host_fs_piece *piece = &pieces->items[i];

		submit_run(self, op, piece->physical_block, piece->num_blocks, stamps, false);
		if (stamps != NULL)
			stamps += piece->num_blocks * SECTORS_PER_BLOCK;
	}
}

/* ---- misses ----------------------------------------------------------------------------------------------------- */

/* New blocks hold what others left in them. */
static void submit_zeroing(hypervisor *self, const host_fs_piece *piece, uint64_t address, uint64_t num_bytes)
{
	const uint64_t from = piece->logical_block, to = from + piece->num_blocks;
	uint64_t covered_from = (address + TREE_BLOCK_BYTES - 1) / TREE_BLOCK_BYTES;
	uint64_t covered_to = (address + num_bytes) / TREE_BLOCK_BYTES;

	if (SIM_MUTATED(NO_ZEROING))
		return;
	if (self->parts.config->zeroing == HYPERVISOR_ZERO_ALL || covered_to <= from || covered_from >= to)
		covered_from = covered_to = to;
	if (covered_from < from)
		covered_from = from;
	if (covered_to > to)
		covered_to = to;
	self->counts.num_zeroed_blocks += (covered_from - from) + (to - covered_to);
	submit_run(self, NESC_WRITE, piece->physical_block, covered_from - from, self->zero_stamps, true);
	submit_run(self, NESC_WRITE, piece->physical_block + (covered_to - from), to - covered_to, self->zero_stamps,
		   true);
}

static regs_rewalk allocate(hypervisor *self, uint32_t vf, uint64_t address, uint64_t num_bytes)
{
	const uint64_t first_block = address / TREE_BLOCK_BYTES;
	const uint64_t limit_block = (address + num_bytes + TREE_BLOCK_BYTES - 1) / TREE_BLOCK_BYTES;
	host_fs_outcome outcome;

	spend(self, COST_HYP_ALLOCATE);
	self->pieces.num = 0;
	self->fs.now_ps = self->unit.local_ps;
	outcome = host_fs_allocate(&self->fs, vf, first_block, limit_block - first_block, &self->pieces);
	if (outcome != HOST_FS_OK) {
		self->counts.num_failed_allocations++;
		return outcome == HOST_FS_QUOTA ? REGS_FAIL_QUOTA : REGS_FAIL_NO_SPACE;
	}
	self->counts.num_allocations++;
	submit_journal(self);
	for (size_t i = 0; i < self->pieces.num; i++) {
		if (self->pieces.items[i].was_set_aside)
			self->counts.num_converted_blocks += self->pieces.items[i].num_blocks;
		else
			self->counts.num_allocated_blocks += self->pieces.items[i].num_blocks;
		submit_zeroing(self, &self->pieces.items[i], address, num_bytes);
	}
	wait_for_requests(self);
	return REGS_REWALK;
}

/* What was given up belongs to others from now on. */
static void release_given_up(hypervisor *self, uint32_t vf)
{
	self->fs.now_ps = self->unit.local_ps;
	for (size_t i = 0; i < self->given_up.num && !self->over; i++)
		host_fs_release(&self->fs, vf, &self->given_up.items[i]);
	self->given_up.num = 0;
}

/* Copies blocks to others, run by run. */
static void copy_pieces(hypervisor *self, const host_fs_pieces *from, const host_fs_pieces *to)
{
	content_stamp *stamps = new_stamps(self, from);

	submit_pieces(self, NESC_READ, from, stamps);
	wait_for_requests(self);
	submit_pieces(self, NESC_WRITE, to, stamps);
	wait_for_requests(self);
	free(stamps);
}

/* Read-only blocks that others use too are copied before they are written; those that nobody else uses become writable. */
static regs_rewalk copy_shared(hypervisor *self, uint32_t vf, uint64_t first_block, uint64_t num_blocks)
{
	host_fs *fs = &self->fs;
	regs_rewalk outcome = REGS_REWALK;

	spend(self, COST_HYP_ALLOCATE);
	self->pieces.num = self->given_up.num = 0;
	for (uint64_t at = first_block; at < first_block + num_blocks; at++) {
		host_fs_piece copy = { .logical_block = at, .num_blocks = 1 };
		extent found;

		if (!host_fs_find(fs, vf, at, &found) || (found.flags & EXTENT_READ_ONLY) == 0)
			continue;
		found.physical_block += at - found.logical_block;
		if (host_fs_num_users(fs, found.physical_block) == 1 || SIM_MUTATED(NO_COPY)) {
			host_fs_protect(fs, vf, at, 1, false);
			continue;
		}
		if (!host_fs_take_run(fs, 1, &copy.physical_block)) {
			self->counts.num_failed_allocations++;
			outcome = REGS_FAIL_NO_SPACE;
			break;
		}
		host_fs_pieces_add(&self->pieces, copy);
		copy.physical_block = found.physical_block;
		host_fs_pieces_add(&self->given_up, copy);
	}
	copy_pieces(self, &self->given_up, &self->pieces);
	fs->now_ps = self->unit.local_ps;
	for (size_t i = 0; i < self->pieces.num && !self->over; i++)
		host_fs_move(fs, vf, &self->pieces.items[i]);
	self->counts.num_copies += self->pieces.num;
	submit_journal(self);
	wait_for_requests(self);
	publish_trees(self);
	flush_all_of(self, vf, first_block, num_blocks);
	release_given_up(self, vf);
	return outcome;
}

/* Everything that this block needs is done at once: did it miss again for another reason, a neighbour's miss could overtake it
 * and undo what was done, for ever. */
static regs_rewalk serve_block(hypervisor *self, uint32_t vf, uint64_t address, uint64_t num_bytes, bool is_read)
{
	host_fs *fs = &self->fs;
	const host_fs_tree *tree = host_fs_tree_of(fs, vf);
	const uint64_t first_block = address / TREE_BLOCK_BYTES;
	const uint64_t num_blocks = (address + num_bytes + TREE_BLOCK_BYTES - 1) / TREE_BLOCK_BYTES - first_block;
	regs_rewalk outcome = REGS_REWALK;
	tree_answer answer;
	extent found;

	if (first_block + num_blocks > self->vm_blocks[vf])
		return REGS_FAIL_OUT_OF_RANGE;
	if (tree_lookup(tree->editor.memory, tree->editor.node_bytes, tree->root_address, first_block, &answer, NULL) ==
	    TREE_PRUNED) {
		const uint64_t num_read = (uint64_t)self->parts.config->regenerate_bytes / TREE_BLOCK_BYTES;

		spend(self, COST_HYP_REGENERATE);
		submit_run(self, NESC_READ, journal_place(self, num_read), num_read, self->scratch_stamps, true);
		wait_for_requests(self);
		self->counts.num_regenerations++;
	}
	if (!is_read && !host_fs_find(fs, vf, first_block, &found))
		outcome = allocate(self, vf, address, num_bytes);
	else if (!is_read && (found.flags & EXTENT_READ_ONLY) != 0)
		outcome = copy_shared(self, vf, first_block, num_blocks);
	/* Also where new extents behind a pruned part went into it. */
	host_fs_regenerate(fs, vf, first_block);
	return outcome;
}

static void serve_miss(hypervisor *self, uint32_t vf, uint64_t address, uint64_t miss_size)
{
	const bool is_read = (miss_size & REGS_MISS_READ) != 0;
	regs_rewalk outcome;

	self->counts.num_misses++;
	outcome = serve_block(self, vf, address, miss_size & ~(uint64_t)REGS_MISS_READ, is_read);
	publish_trees(self);
	write_register(self, bar_window_register(vf, BAR_REWALK_TREE), (uint64_t)outcome, 4);
}

/* The action that is due first; of several the one that is written first. NULL: none is left. */
static action *next_action(hypervisor *self)
{
	action *first = NULL;

	for (size_t i = 0; i < self->num_actions; i++)
		if (self->actions[i].next_ps != PS_MAX && (first == NULL || self->actions[i].next_ps < first->next_ps))
			first = &self->actions[i];
	return first;
}

static ps_t next_action_ps(hypervisor *self)
{
	const action *due = next_action(self);

	return due == NULL ? PS_MAX : due->next_ps;
}

static void tell_served(hypervisor *self, uint32_t vf, ps_t begin_ps)
{
	const hypervisor_miss miss = {
		.vf = vf,
		.begin_ps = begin_ps,
		.end_ps = self->unit.local_ps,
		.cpu_ps = self->total_cpu_ps - self->told_cpu_ps,
		.num_interrupts = self->counts.num_interrupts - self->told_interrupts,
	};

	self->end_ps = self->unit.local_ps;
	self->told_cpu_ps = self->total_cpu_ps;
	self->told_interrupts = self->counts.num_interrupts;
	if (self->parts.served != NULL && !self->over)
		self->parts.served(self->parts.context, &miss);
}

/* All VFs with a miss in their registers, round robin. */
static void serve_misses(hypervisor *self)
{
	const ps_t before_ps = self->cpu_ps[0];

	spend(self, COST_HOST_IRQ_HANDLER);
	spend(self, COST_HOST_PROCESS_WAKE);
	while (!self->over) {
		const ps_t begin_ps = self->unit.local_ps;
		const uint64_t pending = read_register(self, bar_pf_register(BAR_MISS_PENDING), 8);
		uint64_t address, miss_size;
		uint32_t vf;

		/* A miss that was announced before the answer is in the answer. */
		self->has_miss = false;
		if (pending == 0 || self->over)
			return;
		vf = arbiter_after(pending, self->last_vf == 0 ? 63 : self->last_vf - 1) + 1;
		self->last_vf = vf;
		self->working_for = vf;
		/* What it took to find out is the VF's too. */
		self->cpu_ps[vf] += self->cpu_ps[0] - before_ps;
		self->cpu_ps[0] = before_ps;
		address = read_register(self, bar_window_register(vf, BAR_MISS_ADDRESS), 8);
		miss_size = read_register(self, bar_window_register(vf, BAR_MISS_SIZE), 4);
		if (!self->over)
			serve_miss(self, vf, address, miss_size);
		relieve(self, vf);
		self->working_for = 0;
		tell_served(self, vf, begin_ps);
		/* Misses that never cease must not put an action off. */
		if (next_action_ps(self) <= self->unit.local_ps) {
			self->has_miss = true;
			return;
		}
	}
}

/* ---- actions ---------------------------------------------------------------------------------------------------- */

/* The range of this repetition, within the disk. False: there is none. */
static bool action_range(const hypervisor *self, const action *of, uint64_t *first_out, uint64_t *num_out)
{
	const uint64_t disk_blocks = self->vm_blocks[of->config->vm];
	const uint64_t num_blocks = (uint64_t)of->config->num_bytes / TREE_BLOCK_BYTES;

	if (disk_blocks == 0)
		return false;
	*first_out = ((uint64_t)of->config->first_bytes / TREE_BLOCK_BYTES + (uint64_t)of->num_done * num_blocks) %
		     disk_blocks;
	*num_out = num_blocks < disk_blocks - *first_out ? num_blocks : disk_blocks - *first_out;
	return true;
}

/* Writes to the range miss from now on, and none is under way. */
static void hold_writes(hypervisor *self, uint32_t vf, uint64_t first_block, uint64_t num_blocks)
{
	host_fs_protect(&self->fs, vf, first_block, num_blocks, true);
	publish_trees(self);
	flush_all_of(self, vf, first_block, num_blocks);
}

/* Blocks of the range that nobody else uses are writable again. */
static void let_writes(hypervisor *self, uint32_t vf, uint64_t first_block, uint64_t num_blocks)
{
	uint64_t first = first_block;

	/* Run by run: most neighbours are alike. */
	for (uint64_t at = first_block; at <= first_block + num_blocks && !self->over; at++) {
		extent found;

		if (at < first_block + num_blocks && host_fs_find(&self->fs, vf, at, &found) &&
		    (found.flags & EXTENT_READ_ONLY) != 0 &&
		    host_fs_num_users(&self->fs, found.physical_block + (at - found.logical_block)) == 1)
			continue;
		if (at > first)
			host_fs_protect(&self->fs, vf, first, at - first, false);
		first = at + 1;
		relieve(self, vf);
	}
}

static bool do_flush(hypervisor *self, const action *of)
{
	uint64_t first_block, num_blocks;

	if (!action_range(self, of, &first_block, &num_blocks))
		return false;
	flush(self, (uint32_t)of->config->vm, first_block, num_blocks);
	return true;
}

/* Copies the range to one run of free blocks, while reads go on and writes wait. */
static bool do_defragment(hypervisor *self, const action *of)
{
	const uint32_t vf = (uint32_t)of->config->vm;
	host_fs_pieces moved = { 0 };
	uint64_t first_block, num_blocks, total = 0, to;
	extent found;

	if (!action_range(self, of, &first_block, &num_blocks))
		return false;
	self->given_up.num = 0;
	host_fs_list(&self->fs, vf, first_block, num_blocks, &self->given_up);
	for (size_t i = 0; i < self->given_up.num; i++) {
		total += self->given_up.items[i].num_blocks;
		if (host_fs_find(&self->fs, vf, self->given_up.items[i].logical_block, &found) &&
		    (found.flags & EXTENT_READ_ONLY) != 0)
			return false; /* shared blocks stay where they are */
	}
	if (self->given_up.num < 2 || !host_fs_take_run(&self->fs, total, &to))
		return false;
	hold_writes(self, vf, first_block, num_blocks);
	for (size_t i = 0; i < self->given_up.num; i++) {
		host_fs_piece piece = self->given_up.items[i];

		piece.physical_block = to;
		to += piece.num_blocks;
		host_fs_pieces_add(&moved, piece);
	}
	if (SIM_MUTATED(EARLY_RELEASE)) {
		self->fs.now_ps = self->unit.local_ps;
		for (size_t i = 0; i < self->given_up.num; i++)
			host_fs_release(&self->fs, vf, &self->given_up.items[i]);
	}
	copy_pieces(self, &self->given_up, &moved);
	submit_journal(self);
	wait_for_requests(self);
	self->fs.now_ps = self->unit.local_ps;
	for (size_t i = 0; i < moved.num && !self->over; i++) {
		host_fs_move(&self->fs, vf, &moved.items[i]);
		relieve(self, vf);
	}
	publish_trees(self);
	flush_all_of(self, vf, first_block, num_blocks);
	if (!SIM_MUTATED(EARLY_RELEASE))
		release_given_up(self, vf);
	self->counts.num_moved_blocks += total;
	host_fs_pieces_fini(&moved);
	return true;
}

/* Is the whole block of both contents the same? */
static bool same_block(const content_stamp *one, const content_stamp *two)
{
	for (uint32_t i = 0; i < SECTORS_PER_BLOCK; i++)
		if (!content_equal(one[i], two[i]) || content_kind_of(one[i]) == CONTENT_GARBAGE)
			return false;
	return true;
}

/* Blocks at one place of both disks, one by one. */
static void list_pairs(hypervisor *self, const action *of, uint64_t first_block, uint64_t num_blocks,
		       host_fs_pieces *mine, host_fs_pieces *others)
{
	for (uint64_t at = first_block; at < first_block + num_blocks; at++) {
		extent one, other;

		if (!host_fs_find(&self->fs, (uint32_t)of->config->vm, at, &one) ||
		    !host_fs_find(&self->fs, (uint32_t)of->config->with_vm, at, &other))
			continue;
		one.physical_block += at - one.logical_block;
		other.physical_block += at - other.logical_block;
		if (one.physical_block == other.physical_block)
			continue;
		host_fs_pieces_add(
			mine,
			(host_fs_piece){ .logical_block = at, .physical_block = one.physical_block, .num_blocks = 1 });
		host_fs_pieces_add(others, (host_fs_piece){ .logical_block = at,
							    .physical_block = other.physical_block,
							    .num_blocks = 1 });
	}
}

/* Reads both ranges, while writes wait, and keeps one of each pair of equal blocks. */
static bool do_deduplicate(hypervisor *self, const action *of)
{
	const uint32_t vf = (uint32_t)of->config->vm, other_vf = (uint32_t)of->config->with_vm;
	host_fs_pieces mine = { 0 }, others = { 0 };
	content_stamp *my_stamps, *other_stamps;
	uint64_t first_block, num_blocks;

	if (!action_range(self, of, &first_block, &num_blocks) || self->vm_blocks[other_vf] == 0)
		return false;
	hold_writes(self, vf, first_block, num_blocks);
	hold_writes(self, other_vf, first_block, num_blocks);
	list_pairs(self, of, first_block, num_blocks, &mine, &others);
	my_stamps = new_stamps(self, &mine);
	other_stamps = new_stamps(self, &others);
	submit_pieces(self, NESC_READ, &mine, my_stamps);
	submit_pieces(self, NESC_READ, &others, other_stamps);
	wait_for_requests(self);
	self->given_up.num = 0;
	self->fs.now_ps = self->unit.local_ps;
	for (size_t i = 0; my_stamps != NULL && i < mine.num && !self->over; i++) {
		if (!same_block(&my_stamps[i * SECTORS_PER_BLOCK], &other_stamps[i * SECTORS_PER_BLOCK]))
			continue;
		host_fs_share(&self->fs, vf, &others.items[i]);
		host_fs_pieces_add(&self->given_up, mine.items[i]);
		self->counts.num_shared_blocks++;
		relieve(self, vf);
	}
	free(my_stamps);
	free(other_stamps);
	host_fs_pieces_fini(&mine);
	host_fs_pieces_fini(&others);
	let_writes(self, vf, first_block, num_blocks);
	let_writes(self, other_vf, first_block, num_blocks);
	submit_journal(self);
	wait_for_requests(self);
	publish_trees(self);
	flush_all_of(self, vf, first_block, num_blocks);
	flush_all_of(self, other_vf, first_block, num_blocks);
	release_given_up(self, vf);
	return true;
}

static void write_device_size(hypervisor *self, uint32_t vf, uint64_t num_blocks)
{
	self->vm_blocks[vf] = num_blocks;
	write_register(self, bar_window_register(vf, BAR_DEVICE_SIZE), num_blocks * TREE_BLOCK_BYTES, 8);
}

/* A disk that shrinks ends first, then loses its blocks. */
static bool do_resize(hypervisor *self, const action *of)
{
	const uint32_t vf = (uint32_t)of->config->vm;
	const uint64_t before = self->vm_blocks[vf], num_blocks = (uint64_t)of->config->num_bytes / TREE_BLOCK_BYTES;

	if (before == 0)
		return false;
	write_device_size(self, vf, num_blocks);
	if (num_blocks < before) {
		self->given_up.num = 0;
		host_fs_unmap(&self->fs, vf, num_blocks, before - num_blocks, &self->given_up);
		submit_journal(self);
		wait_for_requests(self);
		publish_trees(self);
		flush_all_of(self, vf, num_blocks, before - num_blocks);
		release_given_up(self, vf);
	}
	host_fs_resize(&self->fs, vf, num_blocks);
	return true;
}

/* Do other VMs, those to come included, use a file of this one's disk? */
static bool files_are_shared(const hypervisor *self, uint32_t vm)
{
	const storage_plan *plan = self->parts.plan;

	for (uint32_t other = 1; other <= plan->num_disks; other++)
		if (other != vm && !self->is_deleted[other] && storage_shares_file(plan, vm, other))
			return true;
	return false;
}

/* The function goes first, with its requests in flight; then its file. */
static bool do_delete(hypervisor *self, const action *of)
{
	const uint32_t vf = (uint32_t)of->config->vm;
	const uint64_t before = self->vm_blocks[vf];

	if (before == 0)
		return false;
	/* In this order: a function without a tree would still read zeros. */
	write_device_size(self, vf, 0);
	write_register(self, bar_window_register(vf, BAR_EXTENT_TREE_ROOT), 0, 8);
	self->is_deleted[vf] = true;
	flush(self, vf, 0, 0);
	if (files_are_shared(self, vf) || self->over)
		return true;
	self->given_up.num = 0;
	host_fs_drop_tree(&self->fs, vf);
	host_fs_unmap(&self->fs, vf, 0, before, &self->given_up);
	submit_journal(self);
	wait_for_requests(self);
	release_given_up(self, vf);
	return true;
}

static bool do_create(hypervisor *self, const action *of)
{
	const uint32_t vf = (uint32_t)of->config->vm;

	if (self->is_deleted[vf])
		return false;
	self->vm_blocks[vf] = self->parts.plan->disks[vf - 1].layout.num_bytes / TREE_BLOCK_BYTES;
	if (host_fs_tree_of(&self->fs, vf)->root_address == 0)
		host_fs_build_tree(&self->fs, vf);
	host_fs_tree_of(&self->fs, vf)->root_changed = true;
	publish_trees(self);
	write_device_size(self, vf, self->vm_blocks[vf]);
	for (uint32_t i = 0; i < self->parts.num_vcpus && !self->over; i++)
		if (self->hot_plugs[vf][i] != NULL &&
		    !sim_thread_send(&self->unit, self->hot_plugs[vf][i], self->parts.host->posted_write_ps,
				     (sim_item){ 0 }))
			self->over = true;
	return true;
}

static void act(hypervisor *self, action *due)
{
	static bool (*const functions[])(hypervisor *, const action *) = {
		[ACTION_FLUSH] = do_flush,   [ACTION_DEFRAGMENT] = do_defragment, [ACTION_DEDUPLICATE] = do_deduplicate,
		[ACTION_RESIZE] = do_resize, [ACTION_DELETE] = do_delete,         [ACTION_CREATE] = do_create,
	};

	self->working_for = (uint32_t)due->config->vm;
	self->fs.now_ps = self->unit.local_ps;
	if (functions[due->kind](self, due)) {
		self->counts.num_actions++;
		self->end_ps = self->unit.local_ps;
	} else {
		self->counts.num_failed_actions++;
	}
	self->working_for = 0;
	due->num_done++;
	/* Only flush, defragment and deduplicate repeat; the others leave count 0. */
	due->next_ps = due->num_done < due->config->count ? due->next_ps + due->config->every_ps : PS_MAX;
}

static void hypervisor_body(sim_unit *unit)
{
	hypervisor *self = (hypervisor *)unit;

	while (!self->over) {
		action *due = next_action(self);
		sim_item item;

		/* Actions that never cease must not keep misses waiting either: they take turns. */
		if (due != NULL && due->next_ps <= unit->local_ps && !(self->has_miss && self->acted_last)) {
			self->acted_last = true;
			act(self, due);
			continue;
		}
		self->acted_last = false;
		if (self->has_miss) {
			self->has_miss = false;
			serve_misses(self);
			continue;
		}
		switch (sim_thread_receive_before(unit, self->ring.interrupts, due == NULL ? PS_MAX : due->next_ps,
						  &item)) {
		case SIM_ARRIVAL_ITEM:
			take(self, &item);
			break;
		case SIM_ARRIVAL_TIME:
			act(self, due);
			break;
		case SIM_ARRIVAL_OVER:
			return;
		}
	}
}

/* ---- making it -------------------------------------------------------------------------------------------------- */

bool hypervisor_is_needed(const storage_plan *plan, const hypervisor_config *config)
{
	return storage_has_holes(plan) || config->tree_bytes != 0 || config->actions.num != 0;
}

uint64_t hypervisor_file_blocks(const storage_plan *plan, const hypervisor_config *config, uint64_t medium_blocks)
{
	return hypervisor_is_needed(plan, config)
		       ? medium_blocks - (uint64_t)config->journal_area_bytes / TREE_BLOCK_BYTES
		       : medium_blocks;
}

uint64_t hypervisor_memory_bytes(const hypervisor_parts *parts)
{
	const nesc_config *config = parts->nesc;
	const storage_plan *plan = parts->plan;
	const uint64_t node_bytes = (uint64_t)config->tree.node_bytes;
	const uint64_t max_entries = config->tree.max_entries != 0 ? (uint64_t)config->tree.max_entries
								   : tree_capacity((uint32_t)node_bytes);
	uint64_t total = 16 * PAGE_BYTES + driver_window_bytes(config, false, 1), num_blocks = 0;

	for (uint32_t i = 0; i < plan->num_disks; i++) {
		const disk_layout *layout = &plan->disks[i].layout;

		/* At least two entries per node: never more nodes than twice the extents, with room for split ones. */
		total += (2 * layout->num_extents + layout->num_blocks / UINT32_MAX + 64) * node_bytes;
		total += driver_window_bytes(config, false, parts->num_vcpus) +
			 driver_window_bytes(config, true, parts->num_vcpus);
		num_blocks += layout->num_bytes / TREE_BLOCK_BYTES;
	}
	if (!hypervisor_is_needed(plan, parts->config))
		return total;
	/* Each block may become an extent of its own, in nodes that are half full; and copies wait to be freed. */
	if (num_blocks > 4 * parts->medium_blocks)
		num_blocks = 4 * parts->medium_blocks;
	return total + (16 * num_blocks / max_entries + 64 * MAX_RETIRED_NODES) * node_bytes;
}

bool hypervisor_vm_is_late(const hypervisor_config *config, uint32_t vm)
{
	const cfg_variant *actions = config->actions.items;

	for (size_t i = 0; i < config->actions.num; i++)
		if (actions[i].index == ACTION_CREATE && ((const action_config *)actions[i].params)->vm == vm)
			return true;
	return false;
}

static bool create_vf(hypervisor *self, uint32_t vf)
{
	const disk_layout *layout = &self->parts.plan->disks[vf - 1].layout;
	const uint64_t window_bytes = driver_window_bytes(self->parts.nesc, !self->parts.sriov, self->parts.num_vcpus);
	const uint64_t window = memory_alloc(nesc_device_memory(self->device), window_bytes, PAGE_BYTES);
	host_fs_tree *tree = host_fs_tree_of(&self->fs, vf);
	const bool late = hypervisor_vm_is_late(self->parts.config, vf);

	if (window == 0)
		return false;
	self->vm_blocks[vf] = late ? 0 : layout->num_bytes / TREE_BLOCK_BYTES;
	tree->root_changed = false;
	nesc_device_write_register(self->device, bar_window_register(vf, BAR_EXTENT_TREE_ROOT),
				   late ? 0 : tree->root_address, 8);
	nesc_device_write_register(self->device, bar_window_register(vf, BAR_DEVICE_SIZE), late ? 0 : layout->num_bytes,
				   8);
	nesc_device_write_register(self->device, bar_pf_register(BAR_TRAMPOLINE_FUNCTION), vf, 4);
	nesc_device_write_register(self->device, bar_pf_register(BAR_TRAMPOLINE_BASE), window, 8);
	nesc_device_write_register(self->device, bar_pf_register(BAR_TRAMPOLINE_BYTES), window_bytes, 8);
	return true;
}

static content_stamp *same_stamps(content_stamp stamp)
{
	content_stamp *stamps = malloc(CHUNK_SECTORS * sizeof(*stamps));

	for (uint32_t i = 0; stamps != NULL && i < CHUNK_SECTORS; i++)
		stamps[i] = stamp;
	return stamps;
}

/* The PF's driver: its ring, its buffers, its requests. */
static bool make_driver(hypervisor *self)
{
	const nesc_config *nesc = self->parts.nesc;
	const uint64_t depth = (uint64_t)nesc->queue.depth;
	const uint64_t window =
		memory_alloc(nesc_device_memory(self->device), driver_window_bytes(nesc, false, 1), PAGE_BYTES);

	self->ring = nesc_device_connect(self->device, &self->unit, 0, 0, depth + NESC_HYPERVISOR_MESSAGES);
	nesc_device_connect_hypervisor(self->device, &self->ring);
	self->requests = calloc(depth, sizeof(*self->requests));
	if (self->requests == NULL || window == 0)
		return false;
	for (uint64_t i = depth; i > 0; i--) {
		self->requests[i - 1].next_free = self->free_requests;
		self->free_requests = &self->requests[i - 1];
	}
	self->num_free_nodes = (uint32_t)depth;
	self->buffer_address = window;
	self->num_buffer_pages = driver_num_pages(nesc, false);
	nesc_device_write_register(
		self->device, bar_completion_ring(0, 0),
		(window + self->num_buffer_pages * PAGE_BYTES) | (uint64_t)__builtin_ctz(driver_ring_entries(nesc)), 8);
	if (self->parts.content == NULL)
		return true;
	self->zero_stamps = same_stamps(content_zero());
	self->meta_stamps = same_stamps(content_meta());
	self->scratch_stamps = same_stamps(content_meta());
	return self->zero_stamps != NULL && self->meta_stamps != NULL && self->scratch_stamps != NULL;
}

static bool make_thread(hypervisor *self, sim_kernel *kernel)
{
	const hypervisor_config *config = self->parts.config;
	const cfg_variant *actions = config->actions.items;

	sim_thread_init(kernel, &self->unit, "hypervisor", hypervisor_body);
	self->unit.daemon = true;
	/* Whatever it does about an interrupt, it is a posted write away from the device. */
	self->unit.lookahead_ps = self->parts.host->posted_write_ps;
	host_costs(self->parts.host, self->parts.guest, config, self->costs);
	self->journal_first_block = hypervisor_file_blocks(self->parts.plan, config, self->parts.medium_blocks);
	self->journal_num_blocks = (uint64_t)config->journal_area_bytes / TREE_BLOCK_BYTES;
	self->actions = calloc(config->actions.num + 1, sizeof(*self->actions));
	if (self->actions == NULL)
		return false;
	for (size_t i = 0; i < config->actions.num; i++) {
		const action_config *of = actions[i].params;

		if (of->vm <= self->parts.plan->num_disks)
			self->actions[self->num_actions++] =
				(action){ .kind = (action_kind)actions[i].index, .config = of, .next_ps = of->at_ps };
	}
	return make_driver(self);
}

hypervisor *hypervisor_create(sim_kernel *kernel, nesc_device *device, const hypervisor_parts *parts)
{
	hypervisor *self = calloc(1, sizeof(*self));
	const host_fs_config config = {
		.plan = parts->plan,
		.hypervisor = parts->config,
		.nesc = parts->nesc,
		.memory = nesc_device_memory(device),
		.num_blocks = hypervisor_file_blocks(parts->plan, parts->config, parts->medium_blocks),
		.with_trees = true,
	};
	bool ok;

	if (self == NULL)
		return NULL;
	self->parts = *parts;
	self->device = device;
	self->managed = hypervisor_is_needed(parts->plan, parts->config);
	ok = host_fs_init(&self->fs, &config) == NESCSIM_OK;
	self->fs.content = parts->content;
	for (uint32_t vf = 1; ok && vf <= parts->plan->num_disks; vf++)
		ok = create_vf(self, vf);
	if (ok && self->managed)
		ok = make_thread(self, kernel);
	if (!ok) {
		hypervisor_destroy(self);
		return NULL;
	}
	return self;
}

void hypervisor_destroy(hypervisor *self)
{
	if (self == NULL)
		return;
	host_fs_fini(&self->fs);
	host_fs_pieces_fini(&self->pieces);
	host_fs_pieces_fini(&self->given_up);
	free(self->requests);
	free(self->actions);
	free(self->zero_stamps);
	free(self->meta_stamps);
	free(self->scratch_stamps);
	free(self);
}

void hypervisor_add_vcpu(hypervisor *self, uint32_t vm, vcpu *core)
{
	uint32_t index = 0;

	if (!self->managed || !hypervisor_vm_is_late(self->parts.config, vm))
		return;
	while (self->hot_plugs[vm][index] != NULL)
		index++;
	self->hot_plugs[vm][index] = vcpu_wait_for(core, &self->unit);
}

hypervisor_counts hypervisor_count(const hypervisor *self)
{
	hypervisor_counts counts = self->counts;

	counts.num_pruned = self->fs.num_pruned;
	counts.num_tree_nodes = host_fs_num_nodes(&self->fs);
	counts.num_tree_nodes_written = self->fs.num_nodes_written;
	return counts;
}

ps_t hypervisor_end_ps(const hypervisor *self)
{
	return self->end_ps;
}

bool hypervisor_has_core(const hypervisor *self)
{
	return self->managed;
}

ps_t hypervisor_busy_ps(const hypervisor *self)
{
	return self->total_cpu_ps;
}

ps_t hypervisor_busy_until_ps(const hypervisor *self)
{
	return self->managed ? self->unit.local_ps : 0;
}

ps_t hypervisor_cpu_ps(const hypervisor *self, uint32_t vm)
{
	return self->cpu_ps[vm];
}
