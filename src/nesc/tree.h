/* The extent tree: maps a VF's logical blocks (vLBA) to the device's physical blocks (pLBA).
 *
 * Stated in the thesis: a B+ tree in pinned host memory, like ext4's; a node's header says whether its entries are
 * node pointers {first logical block, blocks covered, child address or NULL = pruned} or extents {first logical block,
 * first physical block, blocks}; the depth follows the mapping; a gap between extents is a hole.
 *
 * Ours: the bytes. All numbers are little-endian, blocks are 1 KiB and their numbers below 2^54 (bytes fit 64 bits).
 *
 *   header, 16 B:  0 u32 magic | 4 u16 kind (0 node pointers, 1 extents) | 6 u16 num_entries | 8 u64 reserved
 *   entry,  24 B:  0 u64 first_logical_block | 8 u64 child_address or first_physical_block
 *                  | 16 u32 num_blocks | 20 u32 flags of an extent, 0 in a node pointer
 *
 * Entries are sorted and do not overlap. A node lies at a multiple of its size. All leaves have the same depth. An
 * empty tree is a root (of kind extents) without entries. A node pointer covers its child from the first block
 * mapped below to the last, so that holes between subtrees are seen without a fetch. Its num_blocks saturates:
 * 2^32 - 1 means "as many or more" and the child is taken to reach to the next entry.
 */
#ifndef NESC_TREE_H
#define NESC_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "nesc/memory.h"

#define TREE_BLOCK_BYTES 1024
#define TREE_BLOCK_SHIFT 10
#define TREE_MAX_BLOCK (UINT64_C(1) << 54) /* every block number is below */

#define TREE_MAGIC UINT32_C(0x4353654e) /* "NeSC" */
#define TREE_HEADER_BYTES 16
#define TREE_ENTRY_BYTES 24
#define TREE_MIN_NODE_BYTES 128
#define TREE_MAX_NODE_BYTES 4096
#define TREE_MAX_DEPTH 64 /* a walk that is longer found a loop: the tree is corrupt */

/* Logical blocks [logical_block, + num_blocks) lie at physical blocks [physical_block, + num_blocks). */
typedef struct extent {
	uint64_t logical_block, physical_block; /* 1 KiB blocks */
	uint64_t num_blocks;                    /* in a node at most 2^32 - 1: tree_build() splits longer ones */
	uint32_t flags;                         /* EXTENT_... */
} extent;

/* Ours: a write to it is a miss, so that blocks can be shared or moved while they are live. */
#define EXTENT_READ_ONLY UINT32_C(1)
#define EXTENT_ALL_FLAGS EXTENT_READ_ONLY /* any other bit in a node is TREE_CORRUPT */

/* Entries that a node of `node_bytes` can hold: 4 (128 B), 20 (512 B), 170 (4 KiB). Not for the request path. */
static inline uint32_t tree_capacity(uint32_t node_bytes)
{
	return (node_bytes - TREE_HEADER_BYTES) / TREE_ENTRY_BYTES;
}

/* ---- The walker's half: reads fetched bytes, trusts nothing ---- */

/* What a node says about a block. */
typedef enum tree_outcome {
	TREE_EXTENT,  /* mapped: answer.extent */
	TREE_CHILD,   /* fetch the node at answer.child_address and match again */
	TREE_HOLE,    /* not mapped */
	TREE_PRUNED,  /* the hypervisor cut this part off: a miss for reads and for writes */
	TREE_CORRUPT, /* not a node, or its entries contradict each other */
} tree_outcome;

typedef struct tree_answer {
	/* The blocks around the one asked for that are known to share its outcome; in and out: each level narrows. */
	uint64_t first_block, limit_block; /* [first, limit) */
	extent extent;                     /* TREE_EXTENT: the whole entry */
	uint64_t child_address;            /* TREE_CHILD: never 0, a multiple of node_bytes */
} tree_answer;

/* Makes the answer with which a walk starts at the root. */
static inline void tree_start(tree_answer *answer)
{
	*answer = (tree_answer){ .limit_block = TREE_MAX_BLOCK };
}

/* Matches `block` in the node_bytes (128-4096, a power of two) at `node`, by binary search; blocks from TREE_MAX_BLOCK
 * on are holes. Any bytes are safe. A walk calls tree_start() once and this once per level, at most TREE_MAX_DEPTH
 * times: a well-formed node may still point back up. TREE_CORRUPT leaves *answer as it was. */
tree_outcome tree_match(const uint8_t *node, uint32_t node_bytes, uint64_t block, tree_answer *answer);

/* The whole walk in software: EXTENT, HOLE, PRUNED or CORRUPT (also: a node outside of memory). *num_nodes_out, if not
 * NULL, gets the number of nodes read. */
tree_outcome tree_lookup(const host_memory *memory, uint32_t node_bytes, uint64_t root_address, uint64_t block,
			 tree_answer *answer, uint32_t *num_nodes_out);

/* ---- The hypervisor's half: makes trees (nesc/tree_edit.h changes them) ---- */

/* First extent that is empty, out of order, overlaps its predecessor, passes TREE_MAX_BLOCK or has an unknown flag;
 * num_extents if none. */
size_t tree_find_bad_extent(const extent *extents, size_t num_extents);

/* Builds a tree bottom up with full nodes (the last one of each level holds the rest). The extents must be sorted and
 * apart (tree_find_bad_extent() finds nothing); those that continue each other logically and physically, with the same
 * flags, are merged, those over 2^32 - 1 blocks split. `max_entries` (2 ... capacity, 0 = capacity) limits the fan-out,
 * which deepens the tree over the same extents: for experiments. Returns the root's address; 0 when memory is exhausted
 * (nothing stays allocated). The tree belongs to the caller, to be freed with tree_free(). */
uint64_t tree_build(host_memory *memory, uint32_t node_bytes, uint32_t max_entries, const extent *extents,
		    size_t num_extents);

/* Levels of a full tree over `num_entries` extents (after merging and splitting) with this fan-out: >= 1. */
uint32_t tree_depth_for(uint64_t num_entries, uint32_t max_entries);

/* Frees every node below and including the root. Root 0 is allowed. */
void tree_free(host_memory *memory, uint32_t node_bytes, uint64_t root_address);

/* Levels of the tree, a lone root being 1; pruned subtrees do not count. 0 when it is corrupt. */
uint32_t tree_depth(const host_memory *memory, uint32_t node_bytes, uint64_t root_address);

/* Number of nodes that are there; 0 when the tree is corrupt. */
uint64_t tree_num_nodes(const host_memory *memory, uint32_t node_bytes, uint64_t root_address);

#endif
