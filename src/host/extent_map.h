/* The host filesystem's own record of one file: which logical block (vLBA) lies at which physical block. The trees that
 * the device walks are made from it.
 *
 * Ours: sorted extents in leaves of at most 256, below a sorted array of the leaves. Finding is O(log n); a change
 * moves a part of one leaf, seldom of the array. Many extents take about 30 bytes each. The thesis leaves it to the
 * filesystem.
 *
 * Blocks are 1 KiB and their numbers below TREE_MAX_BLOCK. Extents neither overlap nor hold more than 2^32 - 1 blocks
 * each (longer mappings are kept in several); up to that length, those that continue each other logically and
 * physically with equal flags are one.
 */
#ifndef HOST_EXTENT_MAP_H
#define HOST_EXTENT_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "nescsim/error.h"
#include "nesc/tree.h"

typedef struct extent_map_leaf extent_map_leaf;

typedef struct extent_map {
	extent_map_leaf *leaves; /* sorted, none empty */
	size_t num_leaves, max_leaves;
	size_t num_extents;
	uint64_t num_blocks; /* mapped */
} extent_map;

/* A map of these extents, which must be sorted and apart (tree_find_bad_extent() finds nothing); may be none. Returns
 * NESCSIM_OK or NESCSIM_NO_MEMORY, and then there is nothing to free. To be freed with extent_map_fini(). */
nescsim_status extent_map_init(extent_map *map, const extent *extents, size_t num_extents);
void extent_map_fini(extent_map *map);

/* The extent that holds `block`; false in a hole, and then *found_out stays as it was. */
bool extent_map_find(const extent_map *map, uint64_t block, extent *found_out);

/* The first extent that ends after `block`: the one that holds it, or else the next one; false when there is none. To
 * see all extents, go on with logical_block + num_blocks of the one found. */
bool extent_map_next(const extent_map *map, uint64_t block, extent *found_out);

/* Maps the blocks of `mapping` (at least one), replacing what was mapped there. Returns NESCSIM_OK, or NESCSIM_NO_MEMORY
 * and nothing changed. */
nescsim_status extent_map_set(extent_map *map, extent mapping);

/* Makes [first_block, + num_blocks) a hole; parts that are one already, and those beyond TREE_MAX_BLOCK, are allowed.
 * Returns NESCSIM_OK, or NESCSIM_NO_MEMORY (a hole in an extent makes two of it) and nothing changed. */
nescsim_status extent_map_clear(extent_map *map, uint64_t first_block, uint64_t num_blocks);

/* Blocks that are mapped. */
uint64_t extent_map_num_blocks(const extent_map *map);

/* Extents that they are mapped by. */
size_t extent_map_num_extents(const extent_map *map);

#endif
