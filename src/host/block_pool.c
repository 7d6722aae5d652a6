#include "host/block_pool.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"

/* ---- References beyond the first ----
 *
 * A step function of the block number, 0 at first, kept as the steps at which it changes: from first_block up to the
 * next step each block has num_extra of them. The steps are a treap: a search tree by first_block that is a heap by
 * `priority`, a hash, which keeps it about log n deep without any balancing. */
struct reference_step {
	reference_step *left, *right;
	uint64_t first_block;
	uint32_t num_extra;
	uint32_t priority;
};

static uint32_t priority_of(uint64_t block)
{
	block = (block ^ (block >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	block = (block ^ (block >> 27)) * UINT64_C(0x94d049bb133111eb);
	return (uint32_t)(block >> 32);
}

/* Divides a tree into the steps before `block` and the others. */
static void split(reference_step *tree, uint64_t block, reference_step **low_out, reference_step **high_out)
{
	if (tree == NULL) {
		*low_out = *high_out = NULL;
	} else if (tree->first_block < block) {
		split(tree->right, block, &tree->right, high_out);
		*low_out = tree;
	} else {
		split(tree->left, block, low_out, &tree->left);
		*high_out = tree;
	}
}

/* One tree of two, all of `low` being before all of `high`. */
static reference_step *merge(reference_step *low, reference_step *high)
{
	if (low == NULL || high == NULL)
		return low == NULL ? high : low;
	if (low->priority >= high->priority) {
		low->right = merge(low->right, high);
		return low;
	}
	high->left = merge(low, high->left);
	return high;
}

static void add_to_all(reference_step *tree, int32_t change)
{
	if (tree == NULL)
		return;
	tree->num_extra += (uint32_t)change;
	add_to_all(tree->left, change);
	add_to_all(tree->right, change);
}

static void free_steps(reference_step *tree)
{
	if (tree == NULL)
		return;
	free_steps(tree->left);
	free_steps(tree->right);
	free(tree);
}

/* The function's value at `block`; *limit_out: it is the same up to there. */
static uint32_t extra_at(const reference_step *tree, uint64_t block, uint64_t *limit_out)
{
	uint32_t num_extra = 0;

	*limit_out = UINT64_MAX;
	while (tree != NULL) {
		if (tree->first_block <= block) {
			num_extra = tree->num_extra;
			tree = tree->right;
		} else {
			*limit_out = tree->first_block;
			tree = tree->left;
		}
	}
	return num_extra;
}

/* Makes `step` (one or none) the function's step to `after` at `block`, or none if nothing changes there. Uses *spare. */
static reference_step *place_step(reference_step *step, reference_step **spare, uint64_t block, uint32_t before,
				  uint32_t after)
{
	if (before == after) {
		free(step);
		return NULL;
	}
	if (step == NULL) {
		step = *spare;
		*spare = NULL;
		*step = (reference_step){ .first_block = block, .priority = priority_of(block) };
	}
	step->num_extra = after;
	return step;
}

/* Adds `change` to the function's values in the range, which has blocks. Returns NESCSIM_OK, or NESCSIM_NO_MEMORY and
 * nothing changed. */
static nescsim_status change_extra(block_pool *pool, uint64_t first_block, uint64_t limit_block, int32_t change)
{
	reference_step *low, *at_first, *inner, *at_limit, *high;
	reference_step *spare_first = malloc(sizeof(*spare_first)), *spare_limit = malloc(sizeof(*spare_limit));
	uint64_t ignored;
	const uint32_t before = first_block == 0 ? 0 : extra_at(pool->steps, first_block - 1, &ignored);
	const uint32_t first = extra_at(pool->steps, first_block, &ignored);
	const uint32_t last = extra_at(pool->steps, limit_block - 1, &ignored);
	const uint32_t after = extra_at(pool->steps, limit_block, &ignored);

	if (spare_first == NULL || spare_limit == NULL) {
		free(spare_first);
		free(spare_limit);
		return NESCSIM_NO_MEMORY;
	}
	split(pool->steps, first_block, &low, &high);
	split(high, first_block + 1, &at_first, &high);
	split(high, limit_block, &inner, &high);
	split(high, limit_block + 1, &at_limit, &high);
	add_to_all(inner, change);
	at_first = place_step(at_first, &spare_first, first_block, before, first + (uint32_t)change);
	at_limit = place_step(at_limit, &spare_limit, limit_block, last + (uint32_t)change, after);
	pool->steps = merge(merge(merge(low, at_first), inner), merge(at_limit, high));
	free(spare_first);
	free(spare_limit);
	return NESCSIM_OK;
}

/* ---- The pool ---- */

static bool is_within(const block_pool *pool, uint64_t first_block, uint64_t num_blocks)
{
	return first_block >= pool->all.first_block && num_blocks <= pool->all.num_blocks &&
	       first_block - pool->all.first_block <= pool->all.num_blocks - num_blocks;
}

/* The first free run that ends after `block`, from there on, up to max_blocks. */
static block_run find_free(const block_pool *pool, uint64_t block, uint64_t max_blocks)
{
	block_run run = { 0, 0 };
	extent found;

	if (!extent_map_next(&pool->free_blocks, block, &found))
		return run;
	run.first_block = found.logical_block > block ? found.logical_block : block;
	do {
		run.num_blocks = found.logical_block + found.num_blocks - run.first_block;
		/* A range too long for one extent goes on in the next one. */
	} while (run.num_blocks < max_blocks &&
		 extent_map_find(&pool->free_blocks, run.first_block + run.num_blocks, &found));
	if (run.num_blocks > max_blocks)
		run.num_blocks = max_blocks;
	return run;
}

static bool is_free(const block_pool *pool, uint64_t first_block, uint64_t num_blocks)
{
	const block_run run = find_free(pool, first_block, num_blocks);

	return num_blocks == 0 || (run.first_block == first_block && run.num_blocks == num_blocks);
}

static bool is_in_use(const block_pool *pool, uint64_t first_block, uint64_t num_blocks)
{
	extent found;

	return num_blocks == 0 || !extent_map_next(&pool->free_blocks, first_block, &found) ||
	       found.logical_block >= first_block + num_blocks;
}

static nescsim_status make_free(block_pool *pool, uint64_t first_block, uint64_t num_blocks)
{
	return extent_map_set(
		&pool->free_blocks,
		(extent){ .logical_block = first_block, .physical_block = first_block, .num_blocks = num_blocks });
}

nescsim_status block_pool_init(block_pool *pool, uint64_t first_block, uint64_t num_blocks)
{
	const extent all = { .logical_block = first_block, .physical_block = first_block, .num_blocks = num_blocks };

	NESC_ASSERT(first_block <= TREE_MAX_BLOCK && num_blocks <= TREE_MAX_BLOCK - first_block,
		    "the pool is too large");
	memset(pool, 0, sizeof(*pool));
	pool->all = (block_run){ first_block, num_blocks };
	return extent_map_init(&pool->free_blocks, &all, num_blocks > 0);
}

void block_pool_fini(block_pool *pool)
{
	extent_map_fini(&pool->free_blocks);
	free_steps(pool->steps);
	memset(pool, 0, sizeof(*pool));
}

nescsim_status block_pool_take(block_pool *pool, uint64_t goal_block, uint64_t max_blocks, block_run *run_out)
{
	block_run run;
	nescsim_status status;

	NESC_ASSERT(max_blocks > 0, "asked for no block");
	run = find_free(pool, goal_block, max_blocks);
	if (run.num_blocks == 0)
		run = find_free(pool, 0, max_blocks);
	status = extent_map_clear(&pool->free_blocks, run.first_block, run.num_blocks);
	*run_out = status == NESCSIM_OK ? run : (block_run){ 0, 0 };
	return status;
}

nescsim_status block_pool_reserve(block_pool *pool, uint64_t first_block, uint64_t num_blocks)
{
	NESC_ASSERT(is_within(pool, first_block, num_blocks), "blocks outside of the pool");
	NESC_ASSERT(is_free(pool, first_block, num_blocks), "blocks are not free");
	return extent_map_clear(&pool->free_blocks, first_block, num_blocks);
}

nescsim_status block_pool_share(block_pool *pool, uint64_t first_block, uint64_t num_blocks)
{
	NESC_ASSERT(is_within(pool, first_block, num_blocks), "blocks outside of the pool");
	NESC_ASSERT(is_in_use(pool, first_block, num_blocks), "blocks are free");
	return num_blocks == 0 ? NESCSIM_OK : change_extra(pool, first_block, first_block + num_blocks, 1);
}

nescsim_status block_pool_release(block_pool *pool, uint64_t first_block, uint64_t num_blocks)
{
	const uint64_t limit_block = first_block + num_blocks;
	nescsim_status status = NESCSIM_OK;

	NESC_ASSERT(is_within(pool, first_block, num_blocks), "blocks outside of the pool");
	NESC_ASSERT(is_in_use(pool, first_block, num_blocks), "blocks are free");
	while (first_block < limit_block && status == NESCSIM_OK) {
		uint64_t end_block;
		const uint32_t num_extra = extra_at(pool->steps, first_block, &end_block);

		if (end_block > limit_block)
			end_block = limit_block;
		if (num_extra == 0)
			status = make_free(pool, first_block, end_block - first_block);
		else
			status = change_extra(pool, first_block, end_block, -1);
		first_block = end_block;
	}
	return status;
}

uint64_t block_pool_num_free(const block_pool *pool)
{
	return extent_map_num_blocks(&pool->free_blocks);
}

uint32_t block_pool_num_references(const block_pool *pool, uint64_t block)
{
	uint64_t ignored;
	extent found;

	NESC_ASSERT(is_within(pool, block, 1), "a block outside of the pool");
	if (extent_map_find(&pool->free_blocks, block, &found))
		return 0;
	return 1 + extra_at(pool->steps, block, &ignored);
}
