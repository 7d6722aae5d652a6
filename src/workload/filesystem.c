#include "workload/filesystem.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/assert.h"

/* ---- configuration ---------------------------------------------------------------------------------------------- */

typedef enum filesystem_variant {
	FILESYSTEM_NONE,
	FILESYSTEM_EXT4,
} filesystem_variant;

typedef enum ext4_file {
	EXT4_PREALLOCATED,
	EXT4_EMPTY,
} ext4_file;

typedef enum ext4_sync {
	EXT4_SYNC_NONE,
	EXT4_SYNC_FDATASYNC,
	EXT4_SYNC_FSYNC,
} ext4_sync;

typedef enum ext4_journal_requests {
	EXT4_JOURNAL_PER_BLOCK,
	EXT4_JOURNAL_MERGED,
} ext4_journal_requests;

typedef struct ext4_params {
	int64_t block_bytes, journal_bytes;
	int file, sync;
	int64_t sync_every;
	bool barriers;
	int journal_requests;
	ps_t timestamp_tick_ps;
	ps_t map_ps, allocate_ps, handle_ps, zero_block_ps, sync_ps;
	ps_t commit_begin_ps, commit_block_ps, commit_end_ps, wake_ps;
} ext4_params;

#define MIN_JOURNAL_BLOCKS 1024
#define FITTED "fitted to: ext4 in the guest adds ~40 us to NeSC's write latency (commit_begin and commit_end, alike)"

static const char *const file_choices[] = { "preallocated", "empty", NULL };
static const char *const sync_choices[] = { "none", "fdatasync", "fsync", NULL };
static const char *const journal_choices[] = { "per_block", "merged", NULL };

#define COST(key, member, value, text, from)                                                          \
	{                                                                                             \
		.name = key, .type = CFG_DURATION, .offset_in_struct = offsetof(ext4_params, member), \
		.default_text = value, .max_text = "1 s", .help = text, .source = from                \
	}

static const cfg_key ext4_keys[] = {
	{ .name = "block_bytes",
	  .type = CFG_BYTES,
	  .offset_in_struct = offsetof(ext4_params, block_bytes),
	  .default_text = "4 KiB",
	  .min_text = "1 KiB",
	  .max_text = "4 KiB",
	  .power_of_two = true,
	  .help = "Block of the filesystem: the unit of allocation and of the journal.",
	  .source = "mke2fs(8): 4 KiB, the largest that a kernel with pages of 4 KiB mounts" },
	{ .name = "journal_bytes",
	  .type = CFG_BYTES,
	  .offset_in_struct = offsetof(ext4_params, journal_bytes),
	  .default_text = "0 B",
	  .help = "Size of the journal, at least 1024 blocks, shared out to the vCPUs; 0 = what mke2fs takes: 1024 "
		  "blocks on a disk below 32 Ki blocks, 4096 below 256 Ki, 8192 below 512 Ki, 16384 below 1 Mi, else "
		  "32768.",
	  .source = "mke2fs(8): the rule of e2fsprogs 1.42, of the time of kernel 3.13" },
	{ .name = "file",
	  .type = CFG_ENUM,
	  .offset_in_struct = offsetof(ext4_params, file),
	  .default_text = "preallocated",
	  .choices = file_choices,
	  .help = "The file at the start: all its blocks are allocated and written, or it has none.",
	  .source = "assumption: a file that was written before, so that every write is alike" },
	{ .name = "sync",
	  .type = CFG_ENUM,
	  .offset_in_struct = offsetof(ext4_params, sync),
	  .default_text = "fsync",
	  .choices = sync_choices,
	  .help = "What makes writes durable; fdatasync commits metadata only where blocks were allocated or the file "
		  "grew.",
	  .source = "assumption: dd with oflag=direct,sync, without which no I/O but the data's follows a write" },
	{ .name = "sync_every",
	  .type = CFG_COUNT,
	  .offset_in_struct = offsetof(ext4_params, sync_every),
	  .default_text = "1",
	  .min_text = "1",
	  .help = "Writes of a vCPU from one sync to the next; the sync is a part of the last of them.",
	  .source = "assumption: dd with oflag=direct,sync" },
	{ .name = "barriers",
	  .type = CFG_BOOL,
	  .offset_in_struct = offsetof(ext4_params, barriers),
	  .default_text = "true",
	  .help = "Commit blocks are preflushed and FUA, and a sync without a commit flushes the disk.",
	  .source = "ext4(5): barrier is the default" },
	{ .name = "journal_requests",
	  .type = CFG_ENUM,
	  .offset_in_struct = offsetof(ext4_params, journal_requests),
	  .default_text = "per_block",
	  .choices = journal_choices,
	  .help = "Descriptor and metadata blocks of a commit as a request each, all at once, or merged into one.",
	  .source = "assumption: drivers get bio structures (thesis); jbd2 makes one for each block, nothing merges "
		    "them" },
	{ .name = "timestamp_tick",
	  .type = CFG_DURATION,
	  .offset_in_struct = offsetof(ext4_params, timestamp_tick_ps),
	  .default_text = "0 s",
	  .max_text = "1 s",
	  .help = "Overwrites within one tick of the kernel's clock change the inode once; 0 = each does.",
	  .source = "choice: the same sequence at any speed (a kernel at 250 Hz: 4 ms)" },
	COST("map", map_ps, "500 ns", "Look-up of each run of file blocks that are all allocated, or all not.",
	     "assumption: about 1200 cycles; the extents are cached"),
	COST("allocate", allocate_ps, "2 us", "Allocation of each run of new blocks.",
	     "assumption: a few thousand instructions of ext4's allocator, as hypervisor.allocate"),
	COST("handle", handle_ps, "500 ns", "Beginning and end of a journal handle, with the change of the inode.",
	     "assumption: about 1200 cycles"),
	COST("zero_block", zero_block_ps, "400 ns", "Zeros for each block read that is not allocated.",
	     "assumption: 4 KiB at 10 GB/s"),
	COST("sync_call", sync_ps, "500 ns", "Work of fsync or fdatasync for the process, without the commit.",
	     "assumption: about 1200 cycles"),
	COST("commit_begin", commit_begin_ps, "6 us",
	     "From the process that asks for a commit until the journal's thread has closed the transaction.", FITTED),
	COST("commit_block", commit_block_ps, "300 ns",
	     "Work of the journal's thread for each block that it writes to the journal, without the I/O.",
	     "assumption: about 700 cycles for buffer heads and tags"),
	COST("commit_end", commit_end_ps, "6 us",
	     "From the commit block's completion until the process has been told, without its own wake-up.", FITTED),
	COST("wake", wake_ps, "1100 ns",
	     "From a completion in the midst of an operation until the thread that waited for it runs.",
	     "secondary source: thread context switch ~1.1 us"),
};

static void ext4_check(const void *value, cfg_check *check)
{
	const ext4_params *params = value;

	if (params->journal_bytes % params->block_bytes != 0)
		cfg_conflict(check, "journal_bytes", "a multiple of block_bytes", "the journal is made of blocks");
	if (params->journal_bytes != 0 && params->journal_bytes / params->block_bytes < MIN_JOURNAL_BLOCKS)
		cfg_conflict(check, "journal_bytes", "such as 4 MiB, or 0 for mke2fs's choice",
			     "a journal has at least %d blocks", MIN_JOURNAL_BLOCKS);
}

static const cfg_section none_section = { .name = "filesystem none", .keys = NULL, .num_keys = 0, .struct_bytes = 1 };

static const cfg_section ext4_section = {
	.name = "filesystem ext4",
	.keys = ext4_keys,
	.num_keys = sizeof(ext4_keys) / sizeof(ext4_keys[0]),
	.struct_bytes = sizeof(ext4_params),
	.check = ext4_check,
};

static const cfg_variant_row rows[] = {
	[FILESYSTEM_NONE] = { "none", "the workload asks the disk itself", &none_section },
	[FILESYSTEM_EXT4] = { "ext4", "a file per vCPU, metadata journaled in ordered mode, O_DIRECT", &ext4_section },
};

const cfg_variants filesystem_variants = {
	.tag = "kind",
	.default_name = "none",
	.rows = rows,
	.num_rows = sizeof(rows) / sizeof(rows[0]),
};

bool filesystem_is_used(const source_context *context)
{
	return context->filesystem != NULL && context->filesystem->index != FILESYSTEM_NONE;
}

/* ---- layout on the virtual disk --------------------------------------------------------------------------------- */

#define GROUP_DESCRIPTOR_BYTES 32
#define INODE_BYTES 256
#define INODE_RATIO_BYTES 16384 /* of disk per inode */
#define EXTENT_BYTES 12
#define NUM_EXTENTS_IN_INODE 4
#define MAX_EXTENT_BLOCKS 32768
#define JOURNAL_HEADER_BYTES 12
#define JOURNAL_UUID_BYTES 16
#define JOURNAL_TAG_BYTES 8

/* In blocks. From the front: superblock, group descriptors, bitmaps of blocks, bitmaps of inodes, inode tables, journal,
 * then a region per vCPU: the nodes of its file's extent tree, the file. */
typedef struct layout {
	uint64_t group_blocks, num_groups;
	uint64_t descriptor_block, bitmap_block, inode_table_block, journal_block, files_block;
	uint64_t num_journal_blocks;
	uint64_t leaf_span;                                  /* file blocks that each node of the extent tree maps */
	uint64_t num_leaves, num_file_blocks, region_blocks; /* of each region */
} layout;

static uint64_t divide_up(uint64_t a, uint64_t b)
{
	return a / b + (a % b != 0);
}

/* 0: mke2fs makes no journal on a disk that small. */
static uint64_t default_journal_blocks(uint64_t num_blocks)
{
	static const uint64_t ki_blocks[] = { 32, 256, 512, 1024 };
	static const uint64_t num_journal_blocks[] = { 1024, 4096, 8192, 16384 };

	if (num_blocks < 2048)
		return 0;
	for (int i = 0; i < 4; i++)
		if (num_blocks < ki_blocks[i] * 1024)
			return num_journal_blocks[i];
	return 32768;
}

/* All but the regions. */
static void lay_out_metadata(layout *out, const ext4_params *params, uint64_t num_blocks)
{
	const uint64_t block_bytes = (uint64_t)params->block_bytes;
	uint64_t inode_blocks;

	out->group_blocks = 8 * block_bytes;
	out->num_groups = divide_up(num_blocks, out->group_blocks);
	inode_blocks = out->group_blocks * block_bytes / INODE_RATIO_BYTES * INODE_BYTES / block_bytes;
	out->num_journal_blocks = params->journal_bytes != 0 ? (uint64_t)params->journal_bytes / block_bytes
							     : default_journal_blocks(num_blocks);
	out->descriptor_block = 1;
	out->bitmap_block = out->descriptor_block + divide_up(out->num_groups * GROUP_DESCRIPTOR_BYTES, block_bytes);
	out->inode_table_block = out->bitmap_block + 2 * out->num_groups;
	out->journal_block = out->inode_table_block + out->num_groups * inode_blocks;
	out->files_block = out->journal_block + out->num_journal_blocks;
	/* Every second block a run of its own: no file has more extents. */
	out->leaf_span = 2 * ((block_bytes - EXTENT_BYTES) / EXTENT_BYTES);
}

static void lay_out(layout *out, const ext4_params *params, uint64_t disk_bytes, uint32_t num_regions)
{
	const uint64_t num_blocks = disk_bytes / (uint64_t)params->block_bytes;

	lay_out_metadata(out, params, num_blocks);
	out->region_blocks = out->num_journal_blocks == 0 || out->files_block >= num_blocks
				     ? 0
				     : (num_blocks - out->files_block) / num_regions;
	out->num_leaves = params->file == EXT4_EMPTY ? divide_up(out->region_blocks, out->leaf_span + 1) : 0;
	out->num_file_blocks = out->region_blocks - out->num_leaves;
}

/* Blocks of the smallest disk with files of this size. */
static uint64_t smallest_disk_blocks(const ext4_params *params, uint64_t num_file_blocks, uint32_t num_regions)
{
	uint64_t num_blocks = 0, needed = 2048;
	layout metadata;

	/* More disk needs more metadata, a fraction of what is added, so this ends at the smallest that will do. */
	while (num_blocks < needed) {
		uint64_t region_blocks = num_file_blocks;

		num_blocks = needed;
		lay_out_metadata(&metadata, params, num_blocks);
		if (params->file == EXT4_EMPTY)
			region_blocks += divide_up(num_file_blocks, metadata.leaf_span);
		needed = metadata.files_block + num_regions * region_blocks;
	}
	return num_blocks;
}

static uint64_t tags_per_descriptor(const ext4_params *params)
{
	return ((uint64_t)params->block_bytes - JOURNAL_HEADER_BYTES - JOURNAL_UUID_BYTES) / JOURNAL_TAG_BYTES;
}

/* Blocks of the journal that a commit of this many blocks of metadata takes. */
static uint64_t transaction_blocks(const ext4_params *params, uint64_t num_dirty)
{
	return divide_up(num_dirty, tags_per_descriptor(params)) + num_dirty + 1;
}

/* Blocks of metadata that one operation changes at most. */
static uint64_t operation_max_dirty(const layout *on, const ext4_params *params, uint64_t operation_bytes)
{
	const uint64_t num_blocks = operation_bytes / (uint64_t)params->block_bytes + 2;
	const uint64_t num_groups = num_blocks / on->group_blocks + 2;

	if (params->file != EXT4_EMPTY)
		return 1;
	return 1 + num_groups + num_groups * GROUP_DESCRIPTOR_BYTES / (uint64_t)params->block_bytes + 2 +
	       num_blocks / on->leaf_span + 2;
}

/* Blocks of a vCPU's part of the journal that hold transactions: all but its superblock. */
static uint64_t log_blocks(const layout *on, uint32_t num_regions)
{
	return on->num_journal_blocks / num_regions - 1;
}

static nescsim_status check_disk(const layout *on, const ext4_params *params, const source_file_needs *needs,
				 const source_context *context, nescsim_diag *diag)
{
	const uint64_t block_bytes = (uint64_t)params->block_bytes;
	const uint64_t num_file_blocks = divide_up(needs->file_bytes, block_bytes);
	const diag_place *place = context->filesystem_place;
	char hint[96] = "no disk is that large";
	uint64_t num_disk_blocks;

	if (num_file_blocks <= on->num_file_blocks)
		return NESCSIM_OK;
	num_disk_blocks = smallest_disk_blocks(params, num_file_blocks, context->num_vcpus);
	if (num_disk_blocks <= INT64_MAX / block_bytes)
		snprintf(hint, sizeof(hint), "raise disk.bytes to %" PRIu64 " B or more, or ask for less of the file",
			 num_disk_blocks * block_bytes);
	return diag_add(diag, NESCSIM_ERROR, NESCSIM_CONFIG, place, hint,
			"the disk of %" PRIu64 " bytes is too small for the filesystem with a file of %" PRIu64
			" bytes for each vCPU",
			context->disk_bytes, needs->file_bytes);
}

static nescsim_status check_journal(const layout *on, const ext4_params *params, const source_file_needs *needs,
				    const source_context *context, nescsim_diag *diag)
{
	const uint64_t num_blocks = transaction_blocks(params, operation_max_dirty(on, params, needs->operation_bytes));
	/* As much as jbd2 lets a transaction have; each vCPU's part has a superblock. */
	const uint64_t needed = (4 * num_blocks + 1) * context->num_vcpus;
	char hint[96];

	if (num_blocks <= log_blocks(on, context->num_vcpus) / 4)
		return NESCSIM_OK;
	snprintf(hint, sizeof(hint), "raise it to %" PRIu64 " B or more", needed * (uint64_t)params->block_bytes);
	return kind_report(diag, context->filesystem_place, "journal_bytes", hint,
			   "a transaction of one write, %" PRIu64
			   " blocks, is more than a quarter of a vCPU's share of the journal",
			   num_blocks);
}

/* What the workload sees: the file as its disk. */
static source_context file_context(const source_context *context, const layout *on, const ext4_params *params)
{
	source_context inner = *context;

	inner.filesystem = NULL;
	inner.disk_bytes = on->num_file_blocks * (uint64_t)params->block_bytes;
	inner.has_own_file = true;
	return inner;
}

static nescsim_status plan(const cfg_variant *workload, const source_context *context, const diag_place *place,
			   nescsim_diag *diag, layout *out, source_file_needs *needs)
{
	const ext4_params *params = context->filesystem->params;
	const source_kind *kind = kind_of(workload);
	nescsim_status status;

	if (kind->file_needs == NULL)
		return diag_add(diag, NESCSIM_ERROR, NESCSIM_CONFIG, context->filesystem_place,
				"filesystem: none, or another workload",
				"workload '%s' is block requests, which go past a filesystem", workload->name);
	status = kind->file_needs(workload->params, context, place, diag, needs);
	if (status != NESCSIM_OK)
		return status;
	lay_out(out, params, context->disk_bytes, context->num_vcpus);
	status = check_disk(out, params, needs, context, diag);
	if (status == NESCSIM_OK)
		status = check_journal(out, params, needs, context, diag);
	return status;
}

static nescsim_status filesystem_validate(const void *workload_in, const source_context *context,
					  const diag_place *place, nescsim_diag *diag)
{
	const cfg_variant *workload = workload_in;
	source_file_needs needs;
	source_context inner;
	layout on;
	nescsim_status status = plan(workload, context, place, diag, &on, &needs);

	if (status != NESCSIM_OK)
		return status;
	inner = file_context(context, &on, context->filesystem->params);
	return source_validate(workload, &inner, place, diag);
}

/* ---- state ------------------------------------------------------------------------------------------------------ */

/* What comes next. */
typedef enum phase {
	AT_REST, /* between operations */
	AT_MAP,
	AT_ZEROS,
	AT_READ_DATA,
	AT_HANDLE,
	AT_ALLOCATE,
	AT_WRITE_DATA,
	AT_DATA_DONE,
	AT_SYNC,
	AT_FLUSH,
	AT_COMMIT,
	AT_COMMIT_BLOCKS,
	AT_COMMIT_SPACE,
	AT_COMMIT_LOG,
	AT_COMMIT_LOG_DONE,
	AT_COMMIT_RECORD,
	AT_COMMIT_RECORD_DONE,
	AT_COMMITTED,
	AT_FINISH,
} phase;

/* Blocks of metadata by index: the inode's, then bitmaps, group descriptors, nodes of the extent tree. */
typedef struct metadata_set {
	uint32_t *list; /* in the order of being added */
	bool *has;
	size_t num;
} metadata_set;

typedef enum checkpoint_phase {
	CHECKPOINT_NONE,
	CHECKPOINT_SUBMIT, /* in-place writes are still to be submitted */
	CHECKPOINT_WAIT,
	CHECKPOINT_TAIL, /* all in place: the journal's superblock is to be written */
	CHECKPOINT_TAIL_WAIT,
} checkpoint_phase;

typedef struct filesystem_state {
	const ext4_params *params;
	source *inner;
	layout on;
	uint64_t sectors_per_block;
	uint64_t data_block, leaf_block, inode_block; /* on the disk: where this vCPU's begin */
	uint64_t next_number;                         /* of block requests */
	uint64_t num_waited_for;                      /* requests in flight that the operation waits for */

	phase at;
	io_request operation;
	uint64_t first_block, end_block; /* of the operation, in the file */
	uint64_t cursor;                 /* AT_READ_DATA: the next file block to look at */
	uint64_t num_runs, num_new_runs, num_new_blocks;
	bool is_finished; /* the workload has not been told yet */

	/* the file */
	uint8_t *allocated; /* a bit per block; NULL: all are */
	uint64_t num_extents;
	uint64_t end_sector; /* its size */
	ps_t timestamp_ps;   /* beginning of the tick in which it was last changed; -1 = never */
	int64_t num_unsynced_writes;

	/* the running transaction */
	uint64_t first_group, first_descriptor; /* of the metadata's indices */
	uint64_t bitmaps_at, descriptors_at, leaves_at, num_metadata;
	metadata_set dirty;
	bool data_needs_it; /* blocks were allocated, or the file grew: fdatasync commits */
	uint64_t max_dirty, operation_dirty;
	phase after_commit;

	/* the journal */
	uint64_t log_block, num_log_blocks; /* behind its superblock */
	uint64_t log_head;                  /* where the next transaction begins, from 0 */
	uint64_t num_used;                  /* blocks up to the head that may not be overwritten */
	uint64_t num_to_log, num_logged;    /* of this commit, commit block excluded */
	metadata_set in_log;                /* committed, not in place */

	checkpoint_phase checkpoint;
	metadata_set in_checkpoint;
	size_t num_checkpoint_submitted;
	uint64_t first_checkpoint_number, num_checkpoint_left;
	uint64_t tail_number;
	uint64_t num_checkpoint_frees; /* blocks of the journal */
} filesystem_state;

static bool set_open(metadata_set *set, uint64_t num)
{
	set->list = calloc(num, sizeof(*set->list));
	set->has = calloc(num, sizeof(*set->has));
	return set->list != NULL && set->has != NULL;
}

static void set_close(metadata_set *set)
{
	free(set->list);
	free(set->has);
}

static void set_add(metadata_set *set, uint64_t index)
{
	if (set->has[index])
		return;
	set->has[index] = true;
	set->list[set->num++] = (uint32_t)index;
}

static void set_clear(metadata_set *set)
{
	while (set->num > 0)
		set->has[set->list[--set->num]] = false;
}

/* Moves all of `from` into `to`. */
static void set_move(metadata_set *from, metadata_set *to)
{
	for (size_t i = 0; i < from->num; i++)
		set_add(to, from->list[i]);
	set_clear(from);
}

static nescsim_status open_metadata(filesystem_state *self)
{
	const layout *on = &self->on;
	const uint64_t per_block = (uint64_t)self->params->block_bytes / GROUP_DESCRIPTOR_BYTES;
	const uint64_t last_group = (self->data_block + on->num_file_blocks - 1) / on->group_blocks;

	self->first_group = self->leaf_block / on->group_blocks;
	self->first_descriptor = self->first_group / per_block;
	self->bitmaps_at = 1;
	self->descriptors_at = self->bitmaps_at + (last_group - self->first_group + 1);
	self->leaves_at = self->descriptors_at + (last_group / per_block - self->first_descriptor + 1);
	self->num_metadata = self->params->file == EXT4_EMPTY ? self->leaves_at + on->num_leaves : 1;
	if (!set_open(&self->dirty, self->num_metadata) || !set_open(&self->in_log, self->num_metadata) ||
	    !set_open(&self->in_checkpoint, self->num_metadata))
		return NESCSIM_NO_MEMORY;
	if (self->params->file == EXT4_EMPTY) {
		self->allocated = calloc(on->num_file_blocks / 8 + 1, 1);
		if (self->allocated == NULL)
			return NESCSIM_NO_MEMORY;
	}
	return NESCSIM_OK;
}

static nescsim_status filesystem_open(void *state, const void *workload_in, const source_context *context,
				      const diag_place *place, nescsim_diag *diag)
{
	filesystem_state *self = state;
	const cfg_variant *workload = workload_in;
	const ext4_params *params = context->filesystem->params;
	layout *on = &self->on;
	uint64_t max_blocks;
	source_file_needs needs;
	source_context inner;
	nescsim_status status = plan(workload, context, place, diag, on, &needs);

	if (status != NESCSIM_OK)
		return status;
	self->params = params;
	self->sectors_per_block = (uint64_t)params->block_bytes / IO_SECTOR_BYTES;
	self->leaf_block = on->files_block + context->vcpu * on->region_blocks;
	self->data_block = self->leaf_block + on->num_leaves;
	/* Inodes of one block would be changed by all vCPUs; ext4 puts files of different folders apart as well. */
	self->inode_block = on->inode_table_block + context->vcpu;
	self->num_log_blocks = log_blocks(on, context->num_vcpus);
	self->log_block = on->journal_block + context->vcpu * (self->num_log_blocks + 1) + 1;
	self->end_sector = params->file == EXT4_EMPTY ? 0 : on->num_file_blocks * self->sectors_per_block;
	self->timestamp_ps = -1;
	/* jbd2 closes a transaction before it outgrows a quarter of the journal. */
	max_blocks = self->num_log_blocks / 4;
	self->max_dirty = max_blocks - 1 - divide_up(max_blocks, tags_per_descriptor(params));
	self->operation_dirty = operation_max_dirty(on, params, needs.operation_bytes);
	status = open_metadata(self);
	if (status != NESCSIM_OK)
		return status;
	inner = file_context(context, on, params);
	return source_open(workload, &inner, place, diag, &self->inner);
}

static void filesystem_close(void *state)
{
	filesystem_state *self = state;

	source_close(self->inner);
	set_close(&self->dirty);
	set_close(&self->in_log);
	set_close(&self->in_checkpoint);
	free(self->allocated);
}

static uint64_t filesystem_expected_requests(const void *state)
{
	const filesystem_state *self = state;

	return source_expected_requests(self->inner);
}

static uint64_t filesystem_expected_bytes(const void *state)
{
	const filesystem_state *self = state;

	return source_expected_bytes(self->inner);
}

/* ---- the file --------------------------------------------------------------------------------------------------- */

static bool is_allocated(const filesystem_state *self, uint64_t block)
{
	return self->allocated == NULL || (self->allocated[block / 8] >> block % 8 & 1) != 0;
}

/* End of the run of blocks from `block` to at most `end` that are allocated, or not, like the first. */
static uint64_t run_end(const filesystem_state *self, uint64_t block, uint64_t end)
{
	const bool state = is_allocated(self, block);

	if (self->allocated == NULL)
		return end;
	for (block++; block < end && is_allocated(self, block) == state; block++)
		;
	return block;
}

/* The runs of the operation. */
static void count_runs(filesystem_state *self)
{
	self->num_runs = self->num_new_runs = self->num_new_blocks = 0;
	for (uint64_t block = self->first_block; block < self->end_block;) {
		const uint64_t end = run_end(self, block, self->end_block);

		self->num_runs++;
		if (!is_allocated(self, block)) {
			self->num_new_runs++;
			self->num_new_blocks += end - block;
		}
		block = end;
	}
}

/* Where the metadata block of this index lies on the disk. */
static uint64_t metadata_block(const filesystem_state *self, uint64_t index)
{
	if (index < self->bitmaps_at)
		return self->inode_block;
	if (index < self->descriptors_at)
		return self->on.bitmap_block + self->first_group + (index - self->bitmaps_at);
	if (index < self->leaves_at)
		return self->on.descriptor_block + self->first_descriptor + (index - self->descriptors_at);
	return self->leaf_block + (index - self->leaves_at);
}

/* Joins file and disk blocks from `first` to `end`, none of which has been allocated. A file block lies as far into the
 * region as into the file, so an extent is a run of the file. */
static void allocate_run(filesystem_state *self, uint64_t first, uint64_t end)
{
	const uint64_t per_block = (uint64_t)self->params->block_bytes / GROUP_DESCRIPTOR_BYTES;

	for (uint64_t block = first; block < end; block++) {
		const bool starts_extent =
			block % MAX_EXTENT_BLOCKS == 0 || block == 0 || !is_allocated(self, block - 1);
		const bool joins_next = (block + 1) % MAX_EXTENT_BLOCKS != 0 && block + 1 < self->on.num_file_blocks &&
					is_allocated(self, block + 1);

		self->allocated[block / 8] |= (uint8_t)(1u << block % 8);
		self->num_extents += starts_extent;
		self->num_extents -= joins_next;
	}
	for (uint64_t block = self->data_block + first; block < self->data_block + end;
	     block = (block / self->on.group_blocks + 1) * self->on.group_blocks) {
		const uint64_t group = block / self->on.group_blocks;

		set_add(&self->dirty, self->bitmaps_at + (group - self->first_group));
		set_add(&self->dirty, self->descriptors_at + (group / per_block - self->first_descriptor));
	}
	if (self->num_extents > NUM_EXTENTS_IN_INODE)
		for (uint64_t leaf = first / self->on.leaf_span; leaf <= (end - 1) / self->on.leaf_span; leaf++)
			set_add(&self->dirty, self->leaves_at + leaf);
}

static void allocate(filesystem_state *self)
{
	for (uint64_t block = self->first_block; block < self->end_block;) {
		const uint64_t end = run_end(self, block, self->end_block);

		if (!is_allocated(self, block))
			allocate_run(self, block, end);
		block = end;
	}
	self->data_needs_it = true;
}

/* The inode's part of a write: timestamps, and the size. */
static void change_inode(filesystem_state *self, ps_t now_ps)
{
	const uint64_t end_sector = self->operation.first_sector + self->operation.num_sectors;
	const ps_t tick_ps = self->params->timestamp_tick_ps;
	const ps_t timestamp_ps = tick_ps == 0 ? now_ps : now_ps - now_ps % tick_ps;
	const bool grows = end_sector > self->end_sector;

	if (tick_ps == 0 || timestamp_ps != self->timestamp_ps || grows || self->num_new_blocks != 0)
		set_add(&self->dirty, 0);
	self->timestamp_ps = timestamp_ps;
	if (grows) {
		self->end_sector = end_sector;
		self->data_needs_it = true;
	}
}

/* ---- steps ------------------------------------------------------------------------------------------------------ */

/* Work of no duration is no step. */
static bool work(source_step *step, const char *what, ps_t duration_ps)
{
	step->action = SOURCE_WORK;
	step->what = what;
	step->duration_ps = duration_ps;
	return duration_ps > 0;
}

static void submit(filesystem_state *self, source_step *step, io_op op, uint64_t first_sector, uint64_t num_sectors)
{
	step->action = SOURCE_SUBMIT;
	step->arrival_ps = -1;
	step->request = (io_request){
		.number = self->next_number++,
		.first_sector = first_sector,
		.num_sectors = num_sectors,
		.op = op,
	};
}

static void submit_blocks(filesystem_state *self, source_step *step, uint64_t block, uint64_t num_blocks)
{
	submit(self, step, IO_WRITE, block * self->sectors_per_block, num_blocks * self->sectors_per_block);
}

static void make_durable(const filesystem_state *self, source_step *step)
{
	step->request.preflush = step->request.fua = self->params->barriers;
}

/* The next request of a read: the part of it in the next run of allocated blocks. False when there is none. */
static bool submit_read(filesystem_state *self, source_step *step)
{
	const uint64_t first_sector = self->operation.first_sector;
	const uint64_t end_sector = first_sector + self->operation.num_sectors;
	uint64_t block = self->cursor, from_sector, to_sector;

	if (block < self->end_block && !is_allocated(self, block))
		block = run_end(self, block, self->end_block);
	if (block == self->end_block)
		return false;
	self->cursor = run_end(self, block, self->end_block);
	from_sector = block * self->sectors_per_block;
	to_sector = self->cursor * self->sectors_per_block;
	if (from_sector < first_sector)
		from_sector = first_sector;
	if (to_sector > end_sector)
		to_sector = end_sector;
	submit(self, step, IO_READ, self->data_block * self->sectors_per_block + from_sector, to_sector - from_sector);
	self->num_waited_for++;
	return true;
}

/* A write's data in one request. A new block is written whole, its rest zeroed. */
static void submit_write(filesystem_state *self, source_step *step, bool pads_first, bool pads_last)
{
	uint64_t from_sector = self->operation.first_sector;
	uint64_t to_sector = from_sector + self->operation.num_sectors;

	if (pads_first)
		from_sector = self->first_block * self->sectors_per_block;
	if (pads_last)
		to_sector = self->end_block * self->sectors_per_block;
	submit(self, step, IO_WRITE, self->data_block * self->sectors_per_block + from_sector, to_sector - from_sector);
	self->num_waited_for++;
}

/* The next request of a commit's descriptors and metadata: one block, or all up to the journal's end. */
static void submit_log(filesystem_state *self, source_step *step)
{
	const uint64_t at = (self->log_head + self->num_logged) % self->num_log_blocks;
	uint64_t num_blocks = 1;

	if (self->params->journal_requests == EXT4_JOURNAL_MERGED) {
		num_blocks = self->num_to_log - self->num_logged;
		if (num_blocks > self->num_log_blocks - at)
			num_blocks = self->num_log_blocks - at;
	}
	submit_blocks(self, step, self->log_block + at, num_blocks);
	self->num_logged += num_blocks;
	self->num_waited_for++;
}

/* ---- checkpoints ------------------------------------------------------------------------------------------------ */

static void start_checkpoint(filesystem_state *self)
{
	if (self->checkpoint != CHECKPOINT_NONE)
		return;
	set_move(&self->in_log, &self->in_checkpoint);
	self->num_checkpoint_submitted = 0;
	self->num_checkpoint_left = self->in_checkpoint.num;
	self->first_checkpoint_number = self->next_number;
	self->num_checkpoint_frees = self->num_used;
	self->checkpoint = CHECKPOINT_SUBMIT;
}

/* The checkpoint's next request, if it has one now. Nobody waits for it, unless the journal is full. */
static bool submit_checkpoint(filesystem_state *self, source_step *step)
{
	switch (self->checkpoint) {
	case CHECKPOINT_SUBMIT:
		submit_blocks(self, step,
			      metadata_block(self, self->in_checkpoint.list[self->num_checkpoint_submitted++]), 1);
		if (self->num_checkpoint_submitted == self->in_checkpoint.num) {
			set_clear(&self->in_checkpoint);
			self->checkpoint = CHECKPOINT_WAIT;
		}
		return true;
	case CHECKPOINT_TAIL:
		/* The log may only be overwritten when what it held is durable and the superblock no longer points there. */
		submit_blocks(self, step, self->log_block - 1, 1);
		make_durable(self, step);
		self->tail_number = step->request.number;
		self->checkpoint = CHECKPOINT_TAIL_WAIT;
		return true;
	case CHECKPOINT_NONE:
	case CHECKPOINT_WAIT:
	case CHECKPOINT_TAIL_WAIT:
		break;
	}
	return false;
}

/* Was this request the checkpoint's? */
static bool complete_checkpoint(filesystem_state *self, uint64_t number)
{
	if (self->checkpoint == CHECKPOINT_TAIL_WAIT && number == self->tail_number) {
		self->num_used -= self->num_checkpoint_frees;
		self->checkpoint = CHECKPOINT_NONE;
		return true;
	}
	if ((self->checkpoint != CHECKPOINT_SUBMIT && self->checkpoint != CHECKPOINT_WAIT) ||
	    number < self->first_checkpoint_number ||
	    number >= self->first_checkpoint_number + self->num_checkpoint_submitted)
		return false;
	if (--self->num_checkpoint_left == 0)
		self->checkpoint = CHECKPOINT_TAIL;
	return true;
}

/* ---- the operation ---------------------------------------------------------------------------------------------- */

static void begin(filesystem_state *self, source_step *step)
{
	NESC_ASSERT(step->request.op == IO_READ || step->request.op == IO_WRITE, "operation %d on a file",
		    (int)step->request.op);
	self->operation = step->request;
	self->first_block = step->request.first_sector / self->sectors_per_block;
	self->end_block = divide_up(step->request.first_sector + step->request.num_sectors, self->sectors_per_block);
	self->cursor = self->first_block;
	count_runs(self);
	step->action = SOURCE_BEGIN;
	step->arrival_ps = -1;
	self->at = AT_MAP;
}

/* Between operations: the checkpoint's in-place writes, then what the workload wants. */
static void rest(filesystem_state *self, ps_t now_ps, source_step *step)
{
	if (self->is_finished) {
		self->is_finished = false;
		source_completed(self->inner, self->operation.number, now_ps);
	}
	if (self->num_used >= self->num_log_blocks / 4 && self->in_log.num != 0)
		start_checkpoint(self);
	if (self->checkpoint == CHECKPOINT_SUBMIT && submit_checkpoint(self, step))
		return;
	source_next(self->inner, now_ps, step);
	if (step->action == SOURCE_SUBMIT)
		begin(self, step);
}

static bool needs_commit(const filesystem_state *self)
{
	return self->params->sync == EXT4_SYNC_FSYNC ? self->dirty.num != 0 : self->data_needs_it;
}

/* One step, or false when the operation has moved on without one. */
static bool advance(filesystem_state *self, ps_t now_ps, source_step *step)
{
	const ext4_params *params = self->params;
	uint64_t num_blocks;
	bool pads_first, pads_last;

	switch (self->at) {
	case AT_REST:
		rest(self, now_ps, step);
		return true;
	case AT_MAP:
		self->at = self->operation.op == IO_READ ? AT_ZEROS : AT_HANDLE;
		return work(step, "extent look-up", params->map_ps * (ps_t)self->num_runs);
	case AT_ZEROS:
		self->at = AT_READ_DATA;
		return work(step, "zeros", params->zero_block_ps * (ps_t)self->num_new_blocks);
	case AT_READ_DATA:
		if (submit_read(self, step))
			return true;
		self->at = AT_DATA_DONE;
		return false;
	case AT_HANDLE:
		if (self->dirty.num + self->operation_dirty > self->max_dirty && self->dirty.num != 0) {
			self->after_commit = AT_HANDLE;
			self->at = AT_COMMIT;
			return false;
		}
		change_inode(self, now_ps);
		self->at = AT_ALLOCATE;
		return work(step, "journal handle", params->handle_ps);
	case AT_ALLOCATE:
		self->at = AT_WRITE_DATA;
		return work(step, "block allocation", params->allocate_ps * (ps_t)self->num_new_runs);
	case AT_WRITE_DATA:
		pads_first = !is_allocated(self, self->first_block);
		pads_last = !is_allocated(self, self->end_block - 1);
		if (self->num_new_runs != 0)
			allocate(self);
		submit_write(self, step, pads_first, pads_last);
		self->num_unsynced_writes++;
		self->at = AT_DATA_DONE;
		return true;
	case AT_DATA_DONE:
		self->at = AT_FINISH;
		if (self->operation.op == IO_READ || params->sync == EXT4_SYNC_NONE ||
		    self->num_unsynced_writes < params->sync_every)
			return false;
		self->num_unsynced_writes = 0;
		self->at = AT_SYNC;
		/* Where nothing follows, the process's wake-up belongs to the end of the operation. */
		return (needs_commit(self) || params->barriers) && work(step, "wake-up", params->wake_ps);
	case AT_SYNC:
		self->after_commit = AT_FINISH;
		self->at = needs_commit(self) ? AT_COMMIT : params->barriers ? AT_FLUSH : AT_FINISH;
		return work(step, "sync", params->sync_ps);
	case AT_FLUSH:
		submit(self, step, IO_FLUSH, 0, 0);
		self->num_waited_for++;
		self->at = AT_FINISH;
		return true;
	case AT_COMMIT:
		self->at = AT_COMMIT_SPACE;
		return work(step, "commit begin", params->commit_begin_ps);
	case AT_COMMIT_SPACE:
		num_blocks = transaction_blocks(params, self->dirty.num);
		if (self->num_used + num_blocks > self->num_log_blocks) {
			start_checkpoint(self);
			if (!submit_checkpoint(self, step))
				step->action = SOURCE_WAIT;
			return true;
		}
		self->num_to_log = num_blocks - 1;
		self->num_logged = 0;
		self->at = AT_COMMIT_BLOCKS;
		return false;
	case AT_COMMIT_BLOCKS:
		self->at = AT_COMMIT_LOG;
		return work(step, "commit blocks", params->commit_block_ps * (ps_t)(self->num_to_log + 1));
	case AT_COMMIT_LOG:
		submit_log(self, step);
		if (self->num_logged == self->num_to_log)
			self->at = AT_COMMIT_LOG_DONE;
		return true;
	case AT_COMMIT_LOG_DONE:
		self->at = AT_COMMIT_RECORD;
		return work(step, "wake-up", params->wake_ps);
	case AT_COMMIT_RECORD:
		submit_blocks(self, step, self->log_block + (self->log_head + self->num_to_log) % self->num_log_blocks,
			      1);
		make_durable(self, step);
		self->num_waited_for++;
		self->at = AT_COMMIT_RECORD_DONE;
		return true;
	case AT_COMMIT_RECORD_DONE:
		self->at = AT_COMMITTED;
		return work(step, "wake-up", params->wake_ps);
	case AT_COMMITTED:
		self->log_head = (self->log_head + self->num_to_log + 1) % self->num_log_blocks;
		self->num_used += self->num_to_log + 1;
		set_move(&self->dirty, &self->in_log);
		self->data_needs_it = false;
		self->at = self->after_commit;
		/* The process's wake-up belongs to the end of the operation, if this is it. */
		return work(step, "commit end", params->commit_end_ps + (self->at == AT_FINISH ? 0 : params->wake_ps));
	case AT_FINISH:
		self->at = AT_REST;
		self->is_finished = true;
		step->action = SOURCE_FINISH;
		return true;
	}
	return false;
}

/* Does the operation wait for its requests before it goes on? */
static bool waits(phase at)
{
	return at == AT_DATA_DONE || at == AT_COMMIT_LOG_DONE || at == AT_COMMIT_RECORD_DONE || at == AT_FINISH;
}

static void filesystem_next(void *state, ps_t now_ps, source_step *step_out)
{
	filesystem_state *self = state;

	*step_out = (source_step){ .action = SOURCE_WAIT };
	if (self->checkpoint == CHECKPOINT_TAIL && submit_checkpoint(self, step_out))
		return;
	do {
		*step_out = (source_step){ .action = SOURCE_WAIT };
		if (self->num_waited_for != 0 && waits(self->at))
			return;
	} while (!advance(self, now_ps, step_out));
}

static void filesystem_completed(void *state, uint64_t request_number, ps_t now_ps)
{
	filesystem_state *self = state;

	(void)now_ps;
	if (!complete_checkpoint(self, request_number))
		self->num_waited_for--;
}

const source_kind filesystem_kind = {
	.state_bytes = sizeof(filesystem_state),
	.has_app_layer = true,
	.has_operations = true,
	.open = filesystem_open,
	.next = filesystem_next,
	.completed = filesystem_completed,
	.expected_requests = filesystem_expected_requests,
	.expected_bytes = filesystem_expected_bytes,
	.close = filesystem_close,
	.validate = filesystem_validate,
};
