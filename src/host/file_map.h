/* The host filesystem's map of the file behind one virtual disk, for schemes in which software on the host maps the
 * guest's blocks: where they lie on the medium, which blocks a hole gets, and what metadata that dirties.
 *
 * Ours, after ext4; the thesis leaves it to the filesystem. Blocks are 1 KiB as everywhere; the filesystem's own are
 * 4 KiB, and holes are filled by these. New blocks come from an arena, a part of the medium that is this file's alone:
 * which blocks a file gets never depends on when other VMs run. ext4's block groups come near that. As nothing is ever
 * given back, the arena is handed out from its start to its end: what is written in order lies in order. A disk of
 * several files is mapped as one file would be.
 *
 * Metadata is counted in filesystem blocks of 4 KiB, as an allocation dirties it:
 *
 *   inode              1
 *   block bitmaps      1 per group of 128 MiB of the medium that blocks were taken from
 *   group descriptors  1 per 64 such groups
 *   extent leaves      the inode itself holds 4 extents; from the fifth on they are in leaves of 340, and those that
 *                      changed count. An extent has at most 128 MiB. A full leaf is split as by ext4: what lies behind
 *                      the new extent moves to a new leaf
 *   index blocks       with more than 4 leaves, 1 per 340 of them, at most 1 per new leaf
 *
 * An unwritten extent is in the leaves like any other, and reads as a hole does. A write to it takes the blocks that are set
 * aside there: the extent is cut or joined, which dirties inode and leaf; bitmaps know these blocks already.
 *
 * Not counted: the journal's own descriptor and commit blocks, and the room on the medium that leaves take up.
 * Overwriting dirties nothing but the inode's timestamps, which fdatasync does not write: nothing is to be told of it.
 *
 * When our own memory is exhausted, file_map_allocate() aborts: simulated work has begun. It needs more of it only
 * where extents become more.
 */
#ifndef HOST_FILE_MAP_H
#define HOST_FILE_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "host/host_fs.h"

#define FILE_MAP_BLOCK_BYTES 4096 /* of the filesystem */
#define FILE_MAP_INODE_EXTENTS 4
#define FILE_MAP_LEAF_EXTENTS 340
#define FILE_MAP_GROUP_BLOCKS UINT64_C(131072) /* 1 KiB: a group, and the longest extent */
#define FILE_MAP_DESCRIPTOR_GROUPS 64
#define FILE_MAP_MAX_BLOCKS (UINT64_C(1) << 31) /* of one allocation: 2 TiB, so that an extent_map keeps it in one */

/* A leaf of the file's extents, or the inode as long as they fit there. */
typedef struct file_map_leaf {
	uint64_t first_block; /* it holds the extents from here on */
	uint64_t dirty_in;    /* number of the commit that has to write it */
	uint32_t num_extents;
} file_map_leaf;

typedef struct file_map {
	extent_map extents;
	extent_map unwritten;             /* blocks set aside; never overlaps `extents` */
	uint64_t num_blocks;              /* of the disk */
	uint64_t free_block, limit_block; /* physical: what is left of the arena */
	file_map_leaf *leaves;
	size_t num_leaves, max_leaves;
	bool is_in_inode;          /* never had more than FILE_MAP_INODE_EXTENTS */
	uint64_t commit;           /* number of the next commit, from 1 */
	uint64_t *groups_dirty_in; /* by group of the arena: number of a commit, as above */
	uint64_t *tables_dirty_in; /* by block of group descriptors */
	uint64_t first_group;
	uint64_t num_dirty;      /* all but index blocks */
	uint64_t num_new_leaves; /* since the last commit */
} file_map;

/* [first_block, + num_blocks) as asked for: at physical_block and the following ones, or a hole. */
typedef struct file_map_run {
	uint64_t physical_block; /* 0 in a hole */
	uint64_t num_blocks;
	bool is_mapped;
} file_map_run;

/* The file as the plan lays it out (`layout` is copied), with the arena [first_block, + num_blocks), which may have no
 * block and else lies behind all that was laid out. Returns NESCSIM_OK or NESCSIM_NO_MEMORY; to be freed with
 * file_map_fini() whatever the outcome. */
nescsim_status file_map_init(file_map *map, const disk_layout *layout, uint64_t first_block, uint64_t num_blocks);
void file_map_fini(file_map *map);

/* Where the disk's block lies, and how many blocks from there on, up to max_blocks (at least 1) and the disk's end, lie
 * behind it on the medium or are holes like it. first_block must be of the disk. */
file_map_run file_map_find(const file_map *map, uint64_t first_block, uint64_t max_blocks);

/* Maps all holes of the range (1 ... FILE_MAP_MAX_BLOCKS, within the disk), widened to whole filesystem blocks, and
 * appends what was mapped to *pieces in ascending order, one piece per hole or part of an unwritten extent, so that the
 * caller can clear what its write does not cover. Unwritten extents get the blocks set aside for them, other holes blocks of
 * the arena. Mapped blocks stay where they are. HOST_FS_OK; or HOST_FS_NO_SPACE, as the arena has fewer blocks left, and
 * nothing changed. */
host_fs_outcome file_map_allocate(file_map *map, uint64_t first_block, uint64_t num_blocks, host_fs_pieces *pieces);

/* Blocks of 4 KiB of metadata that a commit would have to write now; 0 if nothing was allocated since the last. */
uint64_t file_map_dirty_metadata_blocks(const file_map *map);

/* A commit has taken them: nothing is dirty. */
void file_map_committed(file_map *map);

/* ---- Arenas ---- */

/* Can every file with holes have an arena of its own? False if such a file is part of two disks, or twice of one: they
 * would need a common map. */
bool file_map_has_arenas(const storage_plan *plan);

/* The arena of VM `vm` (from 1): the blocks beyond the plan's, up to medium_file_blocks (what is reserved, as the
 * journal, lies behind that), are divided equally among the VMs whose disks have holes, in their order, in whole
 * filesystem blocks. *num_blocks_out is 0 for any other VM, and where nothing is free. */
void file_map_arena(const storage_plan *plan, uint64_t medium_file_blocks, uint32_t vm, uint64_t *first_block_out,
		    uint64_t *num_blocks_out);

#endif
