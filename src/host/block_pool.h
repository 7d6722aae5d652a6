/* The host filesystem's allocator: which physical blocks of the medium are free, and how many files use each other one.
 *
 * Ours, after ext4's goal allocation: the blocks at the goal if they are free, else the next free range after it, else
 * the first one of all. The thesis leaves it to the filesystem. Taking, sharing and releasing a run is O(log n) in the
 * ranges that are free or shared.
 *
 * Blocks are 1 KiB. A run may have no blocks, unless said otherwise; it must lie within the pool.
 */
#ifndef HOST_BLOCK_POOL_H
#define HOST_BLOCK_POOL_H

#include <stdint.h>

#include "host/extent_map.h"
#include "nescsim/error.h"

/* Physical blocks [first_block, + num_blocks). */
typedef struct block_run {
	uint64_t first_block, num_blocks;
} block_run;

typedef struct reference_step reference_step;

typedef struct block_pool {
	block_run all;
	extent_map free_blocks; /* a set: logical block = physical block */
	reference_step *steps;  /* references beyond the first one */
} block_pool;

/* A pool of the blocks [first_block, + num_blocks), all free, up to TREE_MAX_BLOCK. Returns NESCSIM_OK or
 * NESCSIM_NO_MEMORY, and then there is nothing to free. To be freed with block_pool_fini(). */
nescsim_status block_pool_init(block_pool *pool, uint64_t first_block, uint64_t num_blocks);
void block_pool_fini(block_pool *pool);

/* Takes one run near `goal_block` (any number), as long as it can be up to `max_blocks` (at least 1); its blocks then
 * have one reference. *run_out has no blocks when none is free. Returns NESCSIM_OK, or NESCSIM_NO_MEMORY, nothing taken
 * and no blocks in *run_out. */
nescsim_status block_pool_take(block_pool *pool, uint64_t goal_block, uint64_t max_blocks, block_run *run_out);

/* Takes exactly this run, all of which must be free. Returns NESCSIM_OK, or NESCSIM_NO_MEMORY and nothing changed. */
nescsim_status block_pool_reserve(block_pool *pool, uint64_t first_block, uint64_t num_blocks);

/* One more reference to each block of the run, all of which must be in use. Returns NESCSIM_OK, or NESCSIM_NO_MEMORY
 * and nothing changed. */
nescsim_status block_pool_share(block_pool *pool, uint64_t first_block, uint64_t num_blocks);

/* One reference less to each block of the run, all of which must be in use; those without any are free. Returns
 * NESCSIM_OK or NESCSIM_NO_MEMORY; then a run whose blocks had different numbers of references may be released up to
 * some block, from any other nothing. */
nescsim_status block_pool_release(block_pool *pool, uint64_t first_block, uint64_t num_blocks);

/* Blocks that are free. */
uint64_t block_pool_num_free(const block_pool *pool);

/* References to a block of the pool; 0 = free. */
uint32_t block_pool_num_references(const block_pool *pool, uint64_t block);

#endif
