/* BTLB: the device's cache of recently used extents, shared by all VFs.
 *
 * Stated in the thesis: it holds the last 8 extents used, "evicting the oldest entry", and the PF can flush it. Ours:
 * the oldest is the least recently used (`lru`) or the first that came in (`fifo`); fully associative; tagged with the
 * function, also where functions share a tree; no two entries of a function ever overlap, so an extent is in it once.
 */
#ifndef NESC_BTLB_H
#define NESC_BTLB_H

#include <stdbool.h>
#include <stdint.h>

#include "nesc/tree.h"

#define BTLB_MAX_ENTRIES 1024
#define BTLB_MAX_FUNCTIONS 65 /* functions 0 (the PF, never cached) ... 64 */
#define BTLB_ALL_FUNCTIONS 0  /* for btlb_flush() */

/* X(symbol, name in the config) */
#define BTLB_REPLACEMENT_LIST(X) \
	X(LRU, "lru")            \
	X(FIFO, "fifo")

typedef enum btlb_replacement {
#define BTLB_REPLACEMENT_ENUM(symbol, name) BTLB_##symbol,
	BTLB_REPLACEMENT_LIST(BTLB_REPLACEMENT_ENUM)
#undef BTLB_REPLACEMENT_ENUM
} btlb_replacement;

/* X(symbol, name in the config). `equal`: VF i of n owns entries / n entries, and the first entries % n VFs one more; a
 * VF evicts only its own, and one whose share is 0 (entries < n) is never cached. */
#define BTLB_PARTITION_LIST(X) \
	X(SHARED, "none")      \
	X(EQUAL, "equal")

typedef enum btlb_partition {
#define BTLB_PARTITION_ENUM(symbol, name) BTLB_##symbol,
	BTLB_PARTITION_LIST(BTLB_PARTITION_ENUM)
#undef BTLB_PARTITION_ENUM
} btlb_partition;

/* Counts of one function. */
typedef struct btlb_counts {
	uint64_t hits, misses; /* of btlb_lookup() */
	uint64_t merged;       /* blocks that waited for another block's walk */
	uint64_t inserts;      /* new entries; a refreshed one does not count */
	uint64_t evictions;    /* entries of this function that made room, whoever needed it */
	uint64_t flushed;      /* entries dropped by btlb_flush() or replaced because they overlapped a newer one */
} btlb_counts;

typedef struct btlb_slot {
	uint64_t first_block, num_blocks; /* num_blocks 0 = slot is free */
	uint64_t physical_block;
	uint16_t older, newer; /* neighbours by age in the slot's group */
	uint16_t function;
	uint16_t flags; /* the extent's */
} btlb_slot;

/* Entries that compete: all of them (`none`) or those of one function (`equal`). */
typedef struct btlb_group {
	uint16_t oldest, newest;
	uint16_t num_entries, max_entries;
} btlb_group;

typedef struct btlb {
	btlb_replacement replacement;
	btlb_partition partition;
	uint32_t num_used, max_entries;
	uint16_t free_slot;                    /* chain of free slots through `newer` */
	uint16_t last_hit[BTLB_MAX_FUNCTIONS]; /* slot to try first; any value is safe */
	btlb_group groups[BTLB_MAX_FUNCTIONS]; /* [0] for `none`, [function] for `equal` */
	btlb_counts counts[BTLB_MAX_FUNCTIONS];
	uint64_t epochs[BTLB_MAX_FUNCTIONS];
	uint64_t keys[BTLB_MAX_ENTRIES];      /* sorted: function << 56 | first block */
	uint16_t key_slots[BTLB_MAX_ENTRIES]; /* slot of each key */
	btlb_slot slots[BTLB_MAX_ENTRIES];
} btlb;

/* Makes it empty: num_entries 1 ... BTLB_MAX_ENTRIES, shared by VFs 1 ... num_vfs (1 ... 64). Owns nothing outside the
 * struct (about 55 KB). */
void btlb_init(btlb *cache, uint32_t num_entries, btlb_replacement replacement, btlb_partition partition,
	       uint32_t num_vfs);

/* True, and the cached extent, if one of `function` (1 ... num_vfs) holds `block`; with LRU it becomes the newest.
 * Counts a hit or a miss. extent_out is written on a hit only. */
bool btlb_lookup(btlb *cache, uint32_t function, uint64_t block, extent *extent_out);

/* The same, counting nothing: for a block that looks up again after another block's walk. */
bool btlb_lookup_again(btlb *cache, uint32_t function, uint64_t block, extent *extent_out);

/* What a look-up would answer; changes nothing, not even ages. */
bool btlb_peek(const btlb *cache, uint32_t function, uint64_t block, extent *extent_out);

/* A block of the function waits for a walk that is under way: it was merged, neither hit nor miss. */
static inline void btlb_count_merged(btlb *cache, uint32_t function)
{
	cache->counts[function].merged++;
}

/* Caches an extent (tree_find_bad_extent() finds nothing) of `function`, evicting the oldest entry of its group if that
 * is full. If the very same extent with the same flags is there, LRU makes it the newest and FIFO leaves its age.
 * Entries of the function that overlap it otherwise are stale and dropped first. */
void btlb_insert(btlb *cache, uint32_t function, const extent *mapping);

/* Drops every entry that overlaps [first_block, + num_blocks) of `function`, or of every function with
 * BTLB_ALL_FUNCTIONS; num_blocks may be UINT64_MAX. Returns how many were dropped. */
uint32_t btlb_flush(btlb *cache, uint32_t function, uint64_t first_block, uint64_t num_blocks);

/* Number of flushes so far that named the function. A walk that saw another number when it began may have read the old
 * tree: its extent must not be inserted. */
static inline uint64_t btlb_epoch(const btlb *cache, uint32_t function)
{
	return cache->epochs[function];
}

/* Number of cached extents, of one function or of all with BTLB_ALL_FUNCTIONS. Not for the request path. */
uint32_t btlb_num_entries(const btlb *cache, uint32_t function);

#endif
