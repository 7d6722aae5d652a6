/* The host filesystem and the extent trees made from it, at run time: what the hypervisor knows and decides, without time.
 *
 * Files are maps from logical to physical blocks; blocks come from one pool. A tree exports one or several files, one
 * behind the other, to the VFs of all disks that are made of the same files. Trees follow the maps by copy on write
 * (nesc/tree_edit.h): a change makes a new root, which is to be written to ExtentTreeRoot of the tree's VFs.
 *
 * Pruning (ours): where the nodes of all trees take more than a budget, a hand that sweeps over the trees, disk by disk and
 * block by block, cuts the next leaf that is there, sparing the one that each VF asked for last.
 *
 * Unwritten extents are in no map and in no tree: to a VF they are holes, which read as zeros and miss when they are
 * written. But their blocks are set aside for their place in the file: an allocation there takes them, and no others.
 *
 * When our own memory is exhausted, these functions abort: simulated work has begun, and nothing could be undone.
 */
#ifndef HOST_HOST_FS_H
#define HOST_HOST_FS_H

#include "host/block_pool.h"
#include "host/storage.h"
#include "nesc/bar.h"
#include "nesc/content.h"
#include "nesc/nesc_config.h"
#include "nesc/tree_edit.h"

typedef struct host_fs_file {
	extent_map map;
	extent_map unwritten;   /* blocks set aside; never overlaps `map` */
	uint64_t num_blocks;    /* size, 1 KiB */
	uint64_t num_on_demand; /* blocks allocated at run time, without those that were set aside */
	uint64_t goal_block;    /* where the next allocation is tried first */
} host_fs_file;

typedef struct host_fs host_fs;

typedef struct host_fs_tree {
	host_fs *fs;
	const storage_disk *disk; /* whose parts it is made of */
	uint64_t vfs;             /* bit i - 1: it is VF i's */
	uint64_t root_address;
	bool root_changed; /* since host_fs_take_root() */
	tree_editor editor;
} host_fs_tree;

/* Physical blocks, with the place in the VM's disk that they are mapped to. */
typedef struct host_fs_piece {
	uint64_t logical_block, physical_block, num_blocks;
	bool was_set_aside; /* newly mapped ones: blocks of an unwritten extent */
} host_fs_piece;

/* A list that grows as needed; its owner empties it by num = 0. */
typedef struct host_fs_pieces {
	host_fs_piece *items;
	size_t num, max;
} host_fs_pieces;

struct host_fs {
	const storage_plan *plan;
	uint64_t alloc_blocks, quota_blocks; /* quota 0 = none */
	uint64_t max_nodes;                  /* of all trees; 0 = no limit */
	uint64_t least_nodes;                /* what the last sweep that found too little left over */
	block_pool pool;
	host_fs_file *files;
	host_fs_tree *trees;
	uint32_t num_trees;
	uint32_t tree_of_vm[BAR_MAX_VFS + 1];
	uint64_t num_nodes_written; /* by all edits: what the hypervisor's core has to write */
	uint64_t num_pruned, num_regenerated;
	uint32_t hand_tree;
	uint64_t hand_block;
	bool has_spared[BAR_MAX_VFS + 1]; /* by VM: its leaf of this block is not pruned */
	uint64_t spared_block[BAR_MAX_VFS + 1];
	host_fs_pieces taken;
	content *content; /* told of owners, if not NULL */
	ps_t now_ps;      /* since when they own */
};

/* X(symbol, config or log name): how an allocation ended */
typedef enum host_fs_outcome {
	HOST_FS_OK,
	HOST_FS_NO_SPACE,
	HOST_FS_QUOTA,
} host_fs_outcome;

typedef struct host_fs_config {
	const storage_plan *plan; /* must outlive it */
	const hypervisor_config *hypervisor;
	const nesc_config *nesc;
	host_memory *memory;
	uint64_t num_blocks; /* of the medium that files may use */
	bool with_trees;     /* else files and pool only */
} host_fs_config;

/* Opens the files as the plan lays them out and builds all trees. Returns NESCSIM_OK or NESCSIM_NO_MEMORY; to be freed with
 * host_fs_fini() whatever the outcome. */
nescsim_status host_fs_init(host_fs *fs, const host_fs_config *config);
void host_fs_fini(host_fs *fs);

static inline host_fs_tree *host_fs_tree_of(host_fs *fs, uint32_t vm)
{
	return &fs->trees[fs->tree_of_vm[vm]];
}

/* The extent that holds `block` of the VM's disk; false in a hole or beyond the end. */
bool host_fs_find(const host_fs *fs, uint32_t vm, uint64_t block, extent *found_out);

/* Appends the mapped pieces of [first_block, + num_blocks) of the VM's disk. */
void host_fs_list(const host_fs *fs, uint32_t vm, uint64_t first_block, uint64_t num_blocks, host_fs_pieces *pieces);
void host_fs_pieces_fini(host_fs_pieces *pieces);
void host_fs_pieces_add(host_fs_pieces *pieces, host_fs_piece piece);

/* Maps all holes of the range (widened to whole units of alloc_blocks), unwritten extents to the blocks that are set aside
 * for them, and appends what was mapped to *pieces. Trees follow. All or nothing: NO_SPACE and QUOTA (which set-aside blocks
 * do not count to) change nothing. */
host_fs_outcome host_fs_allocate(host_fs *fs, uint32_t vm, uint64_t first_block, uint64_t num_blocks,
				 host_fs_pieces *pieces);

/* Makes what is mapped in the range read-only, or writable again. Trees follow. */
void host_fs_protect(host_fs *fs, uint32_t vm, uint64_t first_block, uint64_t num_blocks, bool read_only);

/* Takes one run of exactly num_blocks, for host_fs_move(); false when no run is that long. */
bool host_fs_take_run(host_fs *fs, uint64_t num_blocks, uint64_t *first_out);

/* Maps `piece` (its place in the VM's disk is mapped elsewhere) as writable. Trees follow. The old blocks are still in use:
 * the caller releases them when no access to them is under way any more. */
void host_fs_move(host_fs *fs, uint32_t vm, const host_fs_piece *piece);

/* Maps `piece` of the VM's disk to blocks that another file uses, read-only; they get one more reference. Trees follow, the
 * old blocks are still in use. */
void host_fs_share(host_fs *fs, uint32_t vm, const host_fs_piece *piece);

/* The VM's file gives up its reference to these blocks. */
void host_fs_release(host_fs *fs, uint32_t vm, const host_fs_piece *piece);

/* How many files (or places of a file) use this block. */
uint32_t host_fs_num_users(const host_fs *fs, uint64_t physical_block);

/* Unmaps the range; appends what was mapped to *pieces, still in use. Blocks set aside in it are free at once: nobody could
 * reach them. Trees follow. */
void host_fs_unmap(host_fs *fs, uint32_t vm, uint64_t first_block, uint64_t num_blocks, host_fs_pieces *pieces);

/* Sets the size of the VM's only file. */
void host_fs_resize(host_fs *fs, uint32_t vm, uint64_t num_blocks);

/* The tree says again what is mapped around `block`, if that part was pruned; then others are pruned to the budget.
 * True if it was pruned. */
bool host_fs_regenerate(host_fs *fs, uint32_t vm, uint64_t block);

/* Drops the VM's tree (its VFs must not use it any more), or builds it again. */
void host_fs_drop_tree(host_fs *fs, uint32_t vm);
void host_fs_build_tree(host_fs *fs, uint32_t vm);

/* Nodes that were replaced and wait until no walk can be reading them. */
size_t host_fs_num_retired(const host_fs *fs);
void host_fs_free_retired(host_fs *fs);

/* Nodes of all trees, with those that were replaced. */
uint64_t host_fs_num_nodes(const host_fs *fs);

#endif
