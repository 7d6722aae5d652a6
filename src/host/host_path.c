#include "host/host_path.h"

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "workload/io.h"

#define CHUNK_RECORDS 32
#define DIRTY_FACTOR 2 /* Linux: dirty_ratio is twice dirty_background_ratio by default */
#define FS_BLOCKS (FILE_MAP_BLOCK_BYTES / TREE_BLOCK_BYTES)

/* What the device is asked for. */
typedef struct host_io {
	driver_io driven;
	host_op *op;
	struct host_io *next;
} host_io;

/* ---- records ---------------------------------------------------------------------------------------------------- */

static host_io *new_io(host_path *self)
{
	host_io *taken;

	if (self->free_ios == NULL) {
		host_io *chunk = calloc(CHUNK_RECORDS, sizeof(host_io));
		host_io **chunks = realloc(self->io_chunks, (self->num_io_chunks + 1) * sizeof(*chunks));

		NESC_ASSERT_ALWAYS(chunk != NULL && chunks != NULL, "out of memory for requests of the host");
		self->io_chunks = chunks;
		self->io_chunks[self->num_io_chunks++] = chunk;
		for (int i = CHUNK_RECORDS - 1; i >= 0; i--) {
			chunk[i].next = self->free_ios;
			self->free_ios = &chunk[i];
		}
	}
	taken = self->free_ios;
	self->free_ios = taken->next;
	return taken;
}

host_op *host_path_new_op(host_path *self)
{
	host_op *taken;

	if (self->free_ops == NULL) {
		host_op *chunk = calloc(CHUNK_RECORDS, sizeof(host_op));
		host_op **chunks = realloc(self->op_chunks, (self->num_op_chunks + 1) * sizeof(*chunks));

		NESC_ASSERT_ALWAYS(chunk != NULL && chunks != NULL, "out of memory for requests of the host");
		self->op_chunks = chunks;
		self->op_chunks[self->num_op_chunks++] = chunk;
		for (int i = CHUNK_RECORDS - 1; i >= 0; i--) {
			chunk[i].next = self->free_ops;
			self->free_ops = &chunk[i];
		}
	}
	taken = self->free_ops;
	self->free_ops = taken->next;
	*taken = (host_op){ .joined_stamps = taken->joined_stamps, .page_stamps = taken->page_stamps };
	return taken;
}

void host_path_free_op(host_path *self, host_op *op)
{
	op->next = self->free_ops;
	self->free_ops = op;
}

content_stamp *host_stamps_room(host_stamps *room, uint64_t num_sectors)
{
	if (room->max < num_sectors) {
		room->items = realloc(room->items, num_sectors * sizeof(content_stamp));
		NESC_ASSERT_ALWAYS(room->items != NULL, "out of memory for contents");
		room->max = num_sectors;
	}
	return room->items;
}

static void fail(host_op *op, nesc_completion_status status)
{
	if (status > op->status)
		op->status = status;
}

/* ---- the device ------------------------------------------------------------------------------------------------- */

/* Asks the device, at physical addresses. */
static void submit(host_path *self, host_op *op, nesc_op kind, uint64_t physical_byte, uint64_t num_bytes,
		   content_stamp *stamps)
{
	host_io *io = new_io(self);

	stage_mark_wait(&op->marks, STAGE_HOST, self->core->unit.local_ps);
	core_run(self->core, PHASE_BLOCK_SUBMIT, 0, &op->marks);
	*io = (host_io){
		.driven = { .op = kind,
			    .first_byte = physical_byte,
			    .num_bytes = num_bytes,
			    .stamps = stamps,
			    .marks = op->marks },
		.op = op,
	};
	op->num_left++;
	self->counts.num_device_requests++;
	ring_driver_queue(&self->ring, &io->driven);
}

static void wake_waiting(host_path *self)
{
	host_op *woken;

	while ((woken = host_ops_pop(&self->waiting)) != NULL)
		host_ops_append(&self->ready, woken);
}

static void io_done(void *context, driver_io *driven, stage_marks *marks, const driver_part *part)
{
	host_path *self = context;
	host_io *io = (host_io *)driven;
	host_op *op = io->op;

	core_run(self->core, PHASE_BLOCK_COMPLETE, 0, marks);
	op->marks = *marks;
	fail(op, driven->status);
	if (part != NULL) {
		op->has_part = true;
		op->part = *part;
	}
	io->next = self->free_ios;
	self->free_ios = io;
	if (--op->num_left == 0)
		host_ops_append(&self->ready, op);
	wake_waiting(self);
}

/* ---- the file --------------------------------------------------------------------------------------------------- */

static bool is_mapped(const host_path *self, uint64_t first_block, uint64_t limit_block)
{
	while (first_block < limit_block) {
		const file_map_run run = file_map_find(&self->map, first_block, limit_block - first_block);

		if (!run.is_mapped)
			return false;
		first_block += run.num_blocks;
	}
	return true;
}

/* Zeroes what a new block holds beyond the data that is about to be written. */
static void zero_around(host_path *self, host_op *op, const host_fs_piece *piece, uint64_t first_byte,
			uint64_t limit_byte)
{
	const uint64_t from = piece->logical_block * TREE_BLOCK_BYTES, to = from + piece->num_blocks * TREE_BLOCK_BYTES;
	const uint64_t physical = piece->physical_block * TREE_BLOCK_BYTES;

	if (SIM_MUTATED(NO_ZEROING))
		return;
	if (first_byte > from) {
		const uint64_t end = first_byte < to ? first_byte : to;

		submit(self, op, NESC_WRITE, physical, end - from, self->zeros);
		self->counts.num_zeroed_blocks += (end - from + TREE_BLOCK_BYTES - 1) / TREE_BLOCK_BYTES;
	}
	if (limit_byte < to) {
		const uint64_t begin = limit_byte > from ? limit_byte : from;

		submit(self, op, NESC_WRITE, physical + (begin - from), to - begin, self->zeros);
		self->counts.num_zeroed_blocks += (to - begin + TREE_BLOCK_BYTES - 1) / TREE_BLOCK_BYTES;
	}
}

/* Gives the range blocks where it has none; `pieces` says which. False: none is free. */
static bool map_blocks(host_path *self, host_op *op, uint64_t first_block, uint64_t limit_block)
{
	stage_mark_wait(&op->marks, STAGE_HOST, self->core->unit.local_ps);
	core_run(self->core, PHASE_IO_ALLOCATE, 0, &op->marks);
	self->pieces.num = 0;
	if (file_map_allocate(&self->map, first_block, limit_block - first_block, &self->pieces) != HOST_FS_OK) {
		self->counts.num_failed_allocations++;
		fail(op, NESC_COMPLETION_NO_SPACE);
		return false;
	}
	for (size_t i = 0; i < self->pieces.num; i++)
		if (self->pieces.items[i].was_set_aside)
			self->counts.num_converted_blocks += self->pieces.items[i].num_blocks;
		else
			self->counts.num_allocated_blocks += self->pieces.items[i].num_blocks;
	return true;
}

/* Reads or writes a range of the disk, run by run. */
static void move(host_path *self, host_op *op, nesc_op kind, uint64_t first_byte, uint64_t num_bytes,
		 content_stamp *stamps)
{
	const uint64_t limit_byte = first_byte + num_bytes;
	uint64_t at = first_byte;

	while (at < limit_byte) {
		const uint64_t block = at / TREE_BLOCK_BYTES;
		const uint64_t max_blocks = (limit_byte + TREE_BLOCK_BYTES - 1) / TREE_BLOCK_BYTES - block;
		const file_map_run run = file_map_find(&self->map, block, max_blocks);
		content_stamp *part = stamps == NULL ? NULL : stamps + (at - first_byte) / IO_SECTOR_BYTES;
		uint64_t end = (block + run.num_blocks) * TREE_BLOCK_BYTES;

		if (end > limit_byte)
			end = limit_byte;
		stage_mark_wait(&op->marks, STAGE_HOST, self->core->unit.local_ps);
		core_run(self->core, PHASE_IO_MAP, 0, &op->marks);
		if (run.is_mapped)
			submit(self, op, kind, run.physical_block * TREE_BLOCK_BYTES + at % TREE_BLOCK_BYTES, end - at,
			       part);
		else if (kind == NESC_WRITE)
			fail(op, NESC_COMPLETION_NO_MAPPING);
		else
			for (uint64_t i = 0; part != NULL && i < (end - at) / IO_SECTOR_BYTES; i++)
				part[i] = content_zero();
		at = end;
	}
	ring_driver_drive(&self->ring);
}

/* Ranges that are being allocated are nobody's to read or write before they are filled. */
static bool is_being_allocated(const host_path *self, const host_op *op)
{
	const uint64_t limit_byte = op->first_byte + op->num_bytes;

	for (const host_op *other = self->allocating; other != NULL; other = other->next_allocating) {
		const uint64_t from = other->first_byte / FILE_MAP_BLOCK_BYTES * FILE_MAP_BLOCK_BYTES;
		const uint64_t to = (other->first_byte + other->num_bytes + FILE_MAP_BLOCK_BYTES - 1) /
				    FILE_MAP_BLOCK_BYTES * FILE_MAP_BLOCK_BYTES;

		if (op->first_byte < to && limit_byte > from)
			return true;
	}
	return false;
}

static void end_allocation(host_path *self, host_op *op)
{
	host_op **link = &self->allocating;

	if (!op->allocates)
		return;
	op->allocates = false;
	while (*link != op)
		link = &(*link)->next_allocating;
	*link = op->next_allocating;
	wake_waiting(self);
}

/* Gives a write past the page cache blocks where there are none. False: none is free. */
static bool prepare_write(host_path *self, host_op *op)
{
	const uint64_t limit_byte = op->first_byte + op->num_bytes;
	const uint64_t first_block = op->first_byte / TREE_BLOCK_BYTES;
	const uint64_t limit_block = (limit_byte + TREE_BLOCK_BYTES - 1) / TREE_BLOCK_BYTES;

	if (!self->config.is_file || is_mapped(self, first_block, limit_block))
		return true;
	if (!map_blocks(self, op, first_block, limit_block))
		return false;
	for (size_t i = 0; i < self->pieces.num; i++)
		zero_around(self, op, &self->pieces.items[i], op->first_byte, limit_byte);
	op->allocates = true;
	op->next_allocating = self->allocating;
	self->allocating = op;
	return true;
}

/* Waits until something else has come to its end. */
static bool wait_for_others(host_path *self, host_op *op)
{
	host_ops_append(&self->waiting, op);
	return false;
}

/* Past the page cache. False: it waits for others. */
static bool begin_direct(host_path *self, host_op *op)
{
	if (self->allocating != NULL && !SIM_MUTATED(READ_UNFILLED) && is_being_allocated(self, op))
		return wait_for_others(self, op);
	op->step = HOST_STEP_MOVED;
	if (op->op == NESC_READ || prepare_write(self, op))
		move(self, op, op->op, op->first_byte, op->num_bytes, op->stamps);
	return true;
}

/* ---- the page cache --------------------------------------------------------------------------------------------- */

/* Bytes of these pages that are of the disk. */
static uint64_t pages_bytes(const host_path *self, uint64_t first_page, uint64_t num_pages)
{
	const uint64_t from = first_page * PAGE_CACHE_PAGE_BYTES, to = from + num_pages * PAGE_CACHE_PAGE_BYTES;
	const uint64_t limit = self->config.layout->num_bytes;

	return (to < limit ? to : limit) - from;
}

/* What they hold, as far as contents matter. */
static content_stamp *page_stamps(const host_path *self, host_op *op, uint64_t first_page, uint64_t num_pages)
{
	return self->config.is_checked
		       ? host_stamps_room(&op->page_stamps, pages_bytes(self, first_page, num_pages) / IO_SECTOR_BYTES)
		       : NULL;
}

/* Writes these pages, which are under writeback; `parent` waits for them, or nobody. */
static void write_run(host_path *self, const page_cache_run *run, host_op *parent)
{
	host_op *op = host_path_new_op(self);
	content_stamp *stamps;

	op->op = NESC_WRITE;
	op->first_byte = run->first_page * PAGE_CACHE_PAGE_BYTES;
	op->num_bytes = pages_bytes(self, run->first_page, run->num_pages);
	op->first_page = run->first_page;
	op->num_pages = run->num_pages;
	op->step = HOST_STEP_WRITTEN;
	op->parent = parent;
	if (parent == NULL) {
		op->marks.last_ps = self->core->unit.local_ps;
		self->num_background++;
	} else {
		op->marks = parent->marks;
		parent->num_left++;
	}
	stamps = page_stamps(self, op, run->first_page, run->num_pages);
	if (stamps != NULL)
		page_cache_peek(&self->cache, op->first_byte / IO_SECTOR_BYTES, op->num_bytes / IO_SECTOR_BYTES,
				stamps);
	self->counts.num_pages_written += run->num_pages;
	if (!(SIM_MUTATED(LOSE_PAGES) && run->first_page % 7 == 0))
		move(self, op, NESC_WRITE, op->first_byte, op->num_bytes, stamps);
	op->run_number = ++self->num_runs;
	if (self->last_run == NULL)
		self->first_run = op;
	else
		self->last_run->next_run = op;
	self->last_run = op;
	if (op->num_left == 0)
		host_ops_append(&self->ready, op);
}

/* Writes pages so that no more than the limit is dirty, or that there is room. */
static void write_in_background(host_path *self, bool for_room)
{
	page_cache_run run;

	while ((for_room || page_cache_num_dirty(&self->cache) > self->config.max_dirty_pages) &&
	       self->num_background < self->config.max_requests &&
	       page_cache_take_oldest(&self->cache, self->config.writeback_pages, &run)) {
		write_run(self, &run, NULL);
		for_room = false;
	}
}

/* The run is on the medium. */
static void end_run(host_path *self, host_op *op)
{
	host_op *parent = op->parent, **link = &self->first_run, *before = NULL;

	/* Its blocks were there when it was taken in, and the device refuses nothing. */
	NESC_ASSERT_ALWAYS(op->status == NESC_COMPLETION_OK, "a page could not be written back: %s",
			   nesc_completion_text(op->status));
	while (*link != op) {
		before = *link;
		link = &before->next_run;
	}
	*link = op->next_run;
	if (self->last_run == op)
		self->last_run = before;
	page_cache_end_writeback(&self->cache, op->first_page, op->num_pages, false);
	if (parent == NULL) {
		self->num_background--;
		write_in_background(self, false);
	} else {
		parent->marks = op->marks;
		if (op->has_part) {
			parent->has_part = true;
			parent->part = op->part;
		}
		if (--parent->num_left == 0)
			host_ops_append(&self->ready, parent);
	}
	host_path_free_op(self, op);
	wake_waiting(self);
}

/* Asks the device for pages that are not there. */
static void read_pages(host_path *self, host_op *op, uint64_t first_page, uint32_t num_pages)
{
	op->first_page = first_page;
	op->num_pages = num_pages;
	op->step = HOST_STEP_FILLED;
	page_cache_begin_read(&self->cache, first_page, num_pages);
	move(self, op, NESC_READ, first_page * PAGE_CACHE_PAGE_BYTES, pages_bytes(self, first_page, num_pages),
	     page_stamps(self, op, first_page, num_pages));
}

/* Pages from next_byte on are the request's data. */
static void copy_pages(host_path *self, host_op *op, uint64_t limit_page)
{
	uint64_t to = limit_page * PAGE_CACHE_PAGE_BYTES;
	const uint64_t from = op->next_byte;

	if (to > op->first_byte + op->num_bytes)
		to = op->first_byte + op->num_bytes;
	stage_mark_wait(&op->marks, STAGE_HOST, self->core->unit.local_ps);
	for (uint64_t page = from / PAGE_CACHE_PAGE_BYTES; page < limit_page; page++)
		core_run(self->core, PHASE_IO_CACHE, 0, &op->marks);
	core_run(self->core, PHASE_IO_COPY, to - from, &op->marks);
	page_cache_read(&self->cache, from / IO_SECTOR_BYTES, (to - from) / IO_SECTOR_BYTES,
			op->stamps == NULL ? NULL : op->stamps + (from - op->first_byte) / IO_SECTOR_BYTES);
	op->next_byte = to;
}

/* Reads run by run what is there, and asks for the first that is not. False: it waits for others. */
static bool read_cached(host_path *self, host_op *op)
{
	const uint64_t limit_byte = op->first_byte + op->num_bytes;

	if (op->next_byte < op->first_byte)
		op->next_byte = op->first_byte;
	while (op->next_byte < limit_byte) {
		const uint64_t page = op->next_byte / PAGE_CACHE_PAGE_BYTES;
		const uint64_t limit = (limit_byte + PAGE_CACHE_PAGE_BYTES - 1) / PAGE_CACHE_PAGE_BYTES;
		const page_cache_run run = page_cache_find(&self->cache, page, limit - page);

		if (run.state == PAGE_CACHE_PRESENT) {
			self->counts.num_cache_hits += run.num_pages;
			copy_pages(self, op, page + run.num_pages);
			continue;
		}
		if (run.state == PAGE_CACHE_READING)
			return wait_for_others(self, op);
		if (run.num_pages > page_cache_num_available(&self->cache)) {
			write_in_background(self, true);
			return wait_for_others(self, op);
		}
		self->counts.num_cache_misses += run.num_pages;
		read_pages(self, op, page, run.num_pages);
		return true;
	}
	op->step = HOST_STEP_MOVED;
	return true;
}

/* Gives a write into the page cache blocks where there are none; whole pages of them will be written. False: none is
 * free. Ours: when it is made, where ext4 reserves them then and chooses them later. */
static bool reserve(host_path *self, host_op *op)
{
	const uint64_t first_page = op->first_byte / PAGE_CACHE_PAGE_BYTES;
	const uint64_t limit_page =
		(op->first_byte + op->num_bytes + PAGE_CACHE_PAGE_BYTES - 1) / PAGE_CACHE_PAGE_BYTES;
	const uint64_t first_block = first_page * FS_BLOCKS;
	const uint64_t num_blocks = pages_bytes(self, first_page, limit_page - first_page) / TREE_BLOCK_BYTES;

	if (!self->config.is_file || is_mapped(self, first_block, first_block + num_blocks))
		return true;
	return map_blocks(self, op, first_block, first_block + num_blocks);
}

/* Writes into the cache; pages that are covered in part are read before. False: it waits for others. */
static bool write_cached(host_path *self, host_op *op)
{
	const uint64_t first_sector = op->first_byte / IO_SECTOR_BYTES, num_sectors = op->num_bytes / IO_SECTOR_BYTES;
	const uint64_t first_page = op->first_byte / PAGE_CACHE_PAGE_BYTES;
	const uint64_t limit_page =
		(op->first_byte + op->num_bytes + PAGE_CACHE_PAGE_BYTES - 1) / PAGE_CACHE_PAGE_BYTES;
	uint64_t page;

	/* Who dirties pages much faster than they are written waits, and does so for their writing. */
	if (limit_page - first_page > page_cache_num_available(&self->cache) ||
	    (self->num_background != 0 &&
	     page_cache_num_dirty(&self->cache) > DIRTY_FACTOR * self->config.max_dirty_pages)) {
		write_in_background(self, true);
		return wait_for_others(self, op);
	}
	if (!page_cache_may_write(&self->cache, first_sector, num_sectors, &page)) {
		if (page_cache_find(&self->cache, page, 1).state == PAGE_CACHE_READING)
			return wait_for_others(self, op);
		read_pages(self, op, page, 1);
		return true;
	}
	if (reserve(self, op)) {
		stage_mark_wait(&op->marks, STAGE_HOST, self->core->unit.local_ps);
		for (page = first_page; page < limit_page; page++)
			core_run(self->core, PHASE_IO_CACHE, 0, &op->marks);
		core_run(self->core, PHASE_IO_COPY, op->num_bytes, &op->marks);
		page_cache_write(&self->cache, first_sector, num_sectors, op->stamps);
	}
	for (uint32_t i = 0; i < op->num_held_pages; i++)
		page_cache_release(&self->cache, op->held_pages[i], 1);
	op->num_held_pages = 0;
	op->step = HOST_STEP_MOVED;
	write_in_background(self, false);
	return true;
}

/* Pages were read for the op, all or none of them. */
static void end_fill(host_path *self, host_op *op)
{
	if (op->status != NESC_COMPLETION_OK) {
		page_cache_fail_read(&self->cache, op->first_page, op->num_pages);
		op->step = HOST_STEP_MOVED;
	} else {
		page_cache_end_read(&self->cache, op->first_page, op->num_pages, op->page_stamps.items);
		if (op->op == NESC_READ) {
			copy_pages(self, op, op->first_page + op->num_pages);
			page_cache_release(&self->cache, op->first_page, op->num_pages);
		} else {
			op->held_pages[op->num_held_pages++] = op->first_page;
		}
		op->step = HOST_STEP_BEGIN;
	}
	wake_waiting(self);
}

static bool begin(host_path *self, host_op *op)
{
	if (self->config.cache == HOST_CACHE_NONE)
		return begin_direct(self, op);
	return op->op == NESC_READ ? read_cached(self, op) : write_cached(self, op);
}

/* ---- flushes ---------------------------------------------------------------------------------------------------- */

/* Which pages a flush writes. */
static void begin_sync(host_path *self, host_op *op)
{
	stage_mark_wait(&op->marks, STAGE_HOST, self->core->unit.local_ps);
	core_run(self->core, PHASE_IO_SYNC, 0, &op->marks);
	op->first_page = op->op == NESC_FLUSH ? 0 : op->first_byte / PAGE_CACHE_PAGE_BYTES;
	op->limit_page = op->op == NESC_FLUSH
				 ? UINT64_MAX
				 : (op->first_byte + op->num_bytes + PAGE_CACHE_PAGE_BYTES - 1) / PAGE_CACHE_PAGE_BYTES;
	op->step = self->config.cache == HOST_CACHE_NONE ? HOST_STEP_JOURNAL : HOST_STEP_PAGES;
}

/* Are pages of its range still being written that were when it looked? */
static bool has_to_wait(const host_path *self, const host_op *op)
{
	const uint64_t limit_byte = op->first_byte + op->num_bytes;

	for (const host_op *run = self->first_run; run != NULL && run->run_number <= op->limit_run; run = run->next_run)
		if (op->op == NESC_FLUSH ||
		    (run->first_byte < limit_byte && run->first_byte + run->num_bytes > op->first_byte))
			return true;
	return false;
}

/* Writes the dirty pages of its range. False: it waits. */
static bool write_pages(host_path *self, host_op *op)
{
	page_cache_run run;

	for (;;) {
		switch (page_cache_take_dirty(&self->cache, op->first_page, op->limit_page,
					      self->config.writeback_pages, &run)) {
		case PAGE_CACHE_TAKEN:
			op->first_page = run.first_page + run.num_pages;
			write_run(self, &run, op);
			continue;
		case PAGE_CACHE_BUSY:
			break;
		case PAGE_CACHE_NONE:
			if (op->num_left != 0)
				return false;
			/* What others were writing when it looked has to be on the medium too. */
			if (op->limit_run == 0)
				op->limit_run = self->num_runs;
			if (has_to_wait(self, op))
				break;
			op->step = HOST_STEP_JOURNAL;
			return true;
		}
		return op->num_left != 0 ? false : wait_for_others(self, op);
	}
}

static void write_journal(host_path *self, host_op *op, uint64_t num_blocks)
{
	const uint64_t max_blocks = self->journal.num_blocks / FS_BLOCKS;

	stage_mark_wait(&op->marks, STAGE_HOST, self->core->unit.local_ps);
	self->counts.num_journal_blocks += num_blocks;
	while (num_blocks != 0) {
		const uint64_t chunk = num_blocks < max_blocks ? num_blocks : max_blocks;

		submit(self, op, NESC_WRITE, journal_place(&self->journal, chunk * FS_BLOCKS) * TREE_BLOCK_BYTES,
		       chunk * FILE_MAP_BLOCK_BYTES, NULL);
		num_blocks -= chunk;
	}
	ring_driver_drive(&self->ring);
}

/* Descriptor and metadata, in one transaction at a time. False: it waits. */
static bool commit(host_path *self, host_op *op)
{
	const uint64_t num_dirty = file_map_dirty_metadata_blocks(&self->map);

	if (self->is_committing)
		return wait_for_others(self, op);
	if (!self->config.is_file || self->config.host->journal == HOST_JOURNAL_NONE || num_dirty == 0 ||
	    self->journal.num_blocks < FS_BLOCKS) {
		op->step = HOST_STEP_FLUSH;
		return true;
	}
	self->is_committing = op->commits = true;
	self->counts.num_commits++;
	stage_mark_wait(&op->marks, STAGE_HOST, self->core->unit.local_ps);
	core_run(self->core, PHASE_IO_COMMIT, 0, &op->marks);
	file_map_committed(&self->map);
	op->step = HOST_STEP_COMMIT;
	write_journal(self, op, num_dirty + 1);
	return true;
}

/* ---- steps ------------------------------------------------------------------------------------------------------ */

bool host_path_advance(host_path *self, host_op *op)
{
	for (;;) {
		switch (op->step) {
		case HOST_STEP_BEGIN:
			if (op->op == NESC_FLUSH)
				op->step = HOST_STEP_SYNC;
			else if (!begin(self, op))
				return false;
			break;
		case HOST_STEP_FILLED:
			end_fill(self, op);
			break;
		case HOST_STEP_MOVED:
			end_allocation(self, op);
			op->step = HOST_STEP_DONE;
			if (op->op != NESC_WRITE || self->config.cache != HOST_CACHE_WRITETHROUGH ||
			    op->status != NESC_COMPLETION_OK)
				break;
			op->step = HOST_STEP_SYNC;
			stage_mark_wait(&op->marks, STAGE_HOST, self->core->unit.local_ps);
			return true;
		case HOST_STEP_SYNC:
			begin_sync(self, op);
			break;
		case HOST_STEP_PAGES:
			if (!write_pages(self, op))
				return false;
			break;
		case HOST_STEP_JOURNAL:
			if (!commit(self, op))
				return false;
			break;
		case HOST_STEP_COMMIT: /* descriptor and metadata are written: the commit block makes them count */
			op->step = HOST_STEP_FLUSH;
			write_journal(self, op, 1);
			break;
		case HOST_STEP_FLUSH:
			if (op->commits) {
				self->is_committing = op->commits = false;
				wake_waiting(self);
			}
			op->step = HOST_STEP_DONE;
			if (self->config.device_is_volatile) { /* else the block layer drops it */
				submit(self, op, NESC_FLUSH, 0, 0, NULL);
				ring_driver_drive(&self->ring);
			}
			break;
		case HOST_STEP_WRITTEN:
			end_run(self, op);
			return false;
		case HOST_STEP_DONE:
			stage_mark_wait(&op->marks, STAGE_HOST, self->core->unit.local_ps);
			return true;
		}
		if (op->num_left != 0)
			return false;
	}
}

void host_path_advance_ready(host_path *self, host_ops *returned)
{
	host_op *op;

	while ((op = host_ops_pop(&self->ready)) != NULL) {
		/* A thread of the kernel's or a worker waited in the middle of the call. */
		if (op->first != NULL && op->step != HOST_STEP_MOVED && op->step != HOST_STEP_DONE) {
			stage_mark_wait(&op->marks, STAGE_HOST, self->core->unit.local_ps);
			core_run(self->core, PHASE_IO_STEP, 0, &op->marks);
		}
		if (host_path_advance(self, op))
			host_ops_append(returned, op);
	}
}

/* ---- making one ------------------------------------------------------------------------------------------------- */

nescsim_status host_path_init(host_path *self, host_core *on, nesc_device *device, const host_path_config *config)
{
	const ring_driver_params params = {
		.nesc = config->nesc,
		.posted_write_ps = config->host->posted_write_ps,
		.function = 0,
		.ring = config->pf_ring,
		.mapping = RING_MAPS_NOTHING,
		.wait_stage = STAGE_HOST,
		.done = io_done,
		.context = self,
	};
	nescsim_status status;

	*self = (host_path){ .core = on, .config = *config, .journal = config->journal };
	if (!ring_driver_init(&self->ring, on, device, &params))
		return NESCSIM_NO_MEMORY;
	status = file_map_init(&self->map, config->layout, config->arena_first_block, config->arena_num_blocks);
	if (status == NESCSIM_OK && config->cache != HOST_CACHE_NONE) {
		const uint64_t max_pages = config->max_request_bytes / PAGE_CACHE_PAGE_BYTES + 2;
		const page_cache_config cache = {
			.num_sectors = config->layout->num_bytes / IO_SECTOR_BYTES,
			.capacity_pages = config->cache_pages,
			/* Of what is under way at once, and of what may be dirty beyond the capacity. */
			.num_spare_pages = (uint32_t)(2 * max_pages) + 2 * config->max_requests,
			.with_contents = config->is_checked,
		};

		status = page_cache_init(&self->cache, &cache);
		self->has_cache = true;
	}
	if (status == NESCSIM_OK && config->is_checked) {
		self->zeros = calloc(FILE_MAP_BLOCK_BYTES / IO_SECTOR_BYTES, sizeof(content_stamp));
		for (uint32_t i = 0; self->zeros != NULL && i < FILE_MAP_BLOCK_BYTES / IO_SECTOR_BYTES; i++)
			self->zeros[i] = content_zero();
		status = self->zeros == NULL ? NESCSIM_NO_MEMORY : NESCSIM_OK;
	}
	return status;
}

void host_path_fini(host_path *self)
{
	for (uint32_t i = 0; i < self->num_op_chunks; i++) {
		for (uint32_t j = 0; j < CHUNK_RECORDS; j++) {
			free(self->op_chunks[i][j].joined_stamps.items);
			free(self->op_chunks[i][j].page_stamps.items);
		}
		free(self->op_chunks[i]);
	}
	for (uint32_t i = 0; i < self->num_io_chunks; i++)
		free(self->io_chunks[i]);
	free(self->op_chunks);
	free(self->io_chunks);
	free(self->zeros);
	free(self->pieces.items);
	if (self->has_cache)
		page_cache_fini(&self->cache);
	file_map_fini(&self->map);
	ring_driver_fini(&self->ring);
}
