/* Is each block free or used just as often as it was taken and shared, and taken where it should be? */
#include "base/cmocka_all.h"

#include <stdlib.h>

#include "base/rng.h"
#include "host/block_pool.h"
#include "metrics/death.h"

#define MAX_CELLS 4000

/* The same in an array. One cell stands for `unit` blocks, the first one for those from first_block on. */
typedef struct model {
	uint64_t num_cells, unit, first_block;
	uint32_t num_references[MAX_CELLS];
} model;

static uint64_t block_of(const model *m, uint64_t cell)
{
	return m->first_block + cell * m->unit;
}

/* Cells from `cell` on that are all free, or all used. */
static uint64_t count_alike(const model *m, uint64_t cell, uint64_t max)
{
	uint64_t num = 0;

	while (num < max && cell + num < m->num_cells &&
	       (m->num_references[cell + num] == 0) == (m->num_references[cell] == 0))
		num++;
	return num;
}

static void change_model(model *m, uint64_t cell, uint64_t num, int change)
{
	for (uint64_t i = cell; i < cell + num; i++)
		m->num_references[i] += (uint32_t)change;
}

/* First free cell at or after `from`; num_cells if there is none. */
static uint64_t next_free(const model *m, uint64_t from)
{
	while (from < m->num_cells && m->num_references[from] != 0)
		from++;
	return from < m->num_cells ? from : m->num_cells;
}

/* The goal lies in the pool, or one cell beside it where there is room. */
static void take(block_pool *pool, model *m, rng_stream *rng)
{
	const uint64_t num_beside = m->first_block >= m->unit;
	const uint64_t goal = rng_uniform_u64(rng, m->num_cells + 1 + num_beside);
	const uint64_t max = 1 + rng_uniform_u64(rng, rng_chance(rng, 1, 10) ? m->num_cells : 8);
	uint64_t cell = next_free(m, goal < num_beside ? 0 : goal - num_beside), num = 0;
	block_run run;

	if (cell == m->num_cells)
		cell = next_free(m, 0);
	if (cell < m->num_cells)
		num = count_alike(m, cell, max);
	assert_int_equal(block_pool_take(pool, m->first_block + (goal - num_beside) * m->unit, max * m->unit, &run),
			 NESCSIM_OK);
	assert_true(run.num_blocks == num * m->unit);
	assert_true(num == 0 || run.first_block == block_of(m, cell));
	change_model(m, cell, num, 1);
}

static void change_both(block_pool *pool, model *m, rng_stream *rng)
{
	const uint64_t cell = rng_uniform_u64(rng, m->num_cells);
	const uint64_t num = count_alike(m, cell, 1 + rng_uniform_u64(rng, rng_chance(rng, 1, 10) ? m->num_cells : 12));
	const uint64_t block = block_of(m, cell), num_blocks = num * m->unit;
	const bool is_free = m->num_references[cell] == 0;

	if (rng_chance(rng, 1, 3)) {
		take(pool, m, rng);
	} else if (is_free && rng_chance(rng, 1, 4)) {
		assert_int_equal(block_pool_reserve(pool, block, num_blocks), NESCSIM_OK);
		change_model(m, cell, num, 1);
	} else if (!is_free && rng_chance(rng, 1, 3)) {
		assert_int_equal(block_pool_share(pool, block, num_blocks), NESCSIM_OK);
		change_model(m, cell, num, 1);
	} else if (!is_free) {
		assert_int_equal(block_pool_release(pool, block, num_blocks), NESCSIM_OK);
		change_model(m, cell, num, -1);
	}
}

/* Returns the highest number of references seen. */
static uint32_t check_all(const block_pool *pool, const model *m, rng_stream *rng)
{
	uint64_t num_free = 0;
	uint32_t max_references = 0;

	for (uint64_t cell = 0; cell < m->num_cells; cell++) {
		const uint64_t block = block_of(m, cell) + rng_uniform_u64(rng, m->unit);
		const uint32_t expected = m->num_references[cell];

		assert_int_equal(block_pool_num_references(pool, block), expected);
		num_free += expected == 0 ? m->unit : 0;
		max_references = expected > max_references ? expected : max_references;
	}
	assert_true(block_pool_num_free(pool) == num_free);
	return max_references;
}

/* All is given back: nothing must be left behind. */
static void release_all(block_pool *pool, model *m)
{
	block_run run;

	for (uint64_t cell = 0; cell < m->num_cells; cell++) {
		while (m->num_references[cell] > 0) {
			const uint64_t num = count_alike(m, cell, m->num_cells);

			assert_int_equal(block_pool_release(pool, block_of(m, cell), num * m->unit), NESCSIM_OK);
			change_model(m, cell, num, -1);
		}
	}
	assert_null(pool->steps);
	assert_int_equal(block_pool_take(pool, 0, UINT64_MAX, &run), NESCSIM_OK);
	assert_true(run.first_block == m->first_block && run.num_blocks == m->num_cells * m->unit);
	assert_int_equal(block_pool_num_free(pool), 0);
}

static void follow(uint64_t num_cells, uint64_t unit, uint64_t first_block, int num_operations, int check_each,
		   uint64_t seed)
{
	model m = { .num_cells = num_cells, .unit = unit, .first_block = first_block };
	rng_stream rng = rng_open(seed, "block_pool", num_cells);
	uint32_t max_references = 0;
	block_pool pool;

	assert_int_equal(block_pool_init(&pool, first_block, num_cells * unit), NESCSIM_OK);
	for (int i = 0; i < num_operations; i++) {
		change_both(&pool, &m, &rng);
		if (i % check_each == 0) {
			const uint32_t seen = check_all(&pool, &m, &rng);

			max_references = seen > max_references ? seen : max_references;
		}
	}
	assert_true(max_references > 2);
	release_all(&pool, &m);
	block_pool_fini(&pool);
}

static void small_pools_equal_their_table(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 50; seed++)
		follow(30, 1, seed % 2 * 1000, 500, 1, seed);
}

static void large_pools_equal_their_table(void **state)
{
	(void)state;
	follow(MAX_CELLS, 1, 12345, 60000, 500, 1);
}

/* Up to the last block there is; free ranges do not fit in one extent. */
static void huge_runs_equal_their_table(void **state)
{
	(void)state;
	follow(150, UINT64_C(1) << 31, TREE_MAX_BLOCK - (UINT64_C(150) << 31), 5000, 10, 1);
}

static void check_take(block_pool *pool, uint64_t goal, uint64_t max, uint64_t first, uint64_t num)
{
	block_run run;

	assert_int_equal(block_pool_take(pool, goal, max, &run), NESCSIM_OK);
	assert_int_equal(run.first_block, first);
	assert_int_equal(run.num_blocks, num);
}

static void takes_at_the_goal_then_behind_it_then_from_the_start(void **state)
{
	block_pool pool;
	block_run run;

	(void)state;
	assert_int_equal(block_pool_init(&pool, 100, 50), NESCSIM_OK);
	check_take(&pool, 120, 10, 120, 10);
	check_take(&pool, 115, 10, 115, 5); /* up to what is taken */
	check_take(&pool, 120, 4, 130, 4);
	check_take(&pool, 134, UINT64_MAX, 134, 16);
	check_take(&pool, 140, 10, 100, 10); /* nothing behind the goal */
	check_take(&pool, 0, 3, 110, 3);     /* a goal before the pool */
	check_take(&pool, UINT64_MAX, 9, 113, 2);
	assert_int_equal(block_pool_take(&pool, 100, 1, &run), NESCSIM_OK);
	assert_int_equal(run.num_blocks, 0);
	assert_int_equal(block_pool_num_free(&pool), 0);
	block_pool_fini(&pool);
}

static void a_shared_block_is_free_when_all_have_released_it(void **state)
{
	block_pool pool;

	(void)state;
	assert_int_equal(block_pool_init(&pool, 0, 100), NESCSIM_OK);
	assert_int_equal(block_pool_reserve(&pool, 10, 20), NESCSIM_OK);
	assert_int_equal(block_pool_share(&pool, 15, 5), NESCSIM_OK);
	assert_int_equal(block_pool_share(&pool, 15, 5), NESCSIM_OK);
	assert_int_equal(block_pool_num_references(&pool, 14), 1);
	assert_int_equal(block_pool_num_references(&pool, 15), 3);
	assert_int_equal(block_pool_num_references(&pool, 19), 3);
	assert_int_equal(block_pool_num_references(&pool, 20), 1);

	assert_int_equal(block_pool_release(&pool, 10, 20), NESCSIM_OK);
	assert_int_equal(block_pool_num_free(&pool), 95);
	assert_int_equal(block_pool_num_references(&pool, 14), 0);
	assert_int_equal(block_pool_num_references(&pool, 15), 2);
	assert_int_equal(block_pool_release(&pool, 15, 5), NESCSIM_OK);
	assert_int_equal(block_pool_num_free(&pool), 95);
	assert_int_equal(block_pool_release(&pool, 15, 5), NESCSIM_OK);
	assert_int_equal(block_pool_num_free(&pool), 100);
	block_pool_fini(&pool);
}

static void a_pool_may_end_with_shared_blocks(void **state)
{
	block_pool pool;

	(void)state;
	assert_int_equal(block_pool_init(&pool, 0, 100), NESCSIM_OK);
	assert_int_equal(block_pool_reserve(&pool, 0, 100), NESCSIM_OK);
	for (uint64_t block = 0; block < 100; block += 3)
		assert_int_equal(block_pool_share(&pool, block, 1), NESCSIM_OK);
	block_pool_fini(&pool); /* the sanitizer sees what is left */
	assert_null(pool.steps);
}

static void runs_without_blocks_change_nothing(void **state)
{
	block_pool pool;
	block_run run;

	(void)state;
	assert_int_equal(block_pool_init(&pool, 10, 0), NESCSIM_OK);
	assert_int_equal(block_pool_take(&pool, 10, 1, &run), NESCSIM_OK);
	assert_int_equal(run.num_blocks, 0);
	block_pool_fini(&pool);

	assert_int_equal(block_pool_init(&pool, 10, 10), NESCSIM_OK);
	assert_int_equal(block_pool_reserve(&pool, 15, 0), NESCSIM_OK);
	assert_int_equal(block_pool_share(&pool, 15, 0), NESCSIM_OK);
	assert_int_equal(block_pool_release(&pool, 20, 0), NESCSIM_OK);
	assert_int_equal(block_pool_num_free(&pool), 10);
	assert_null(pool.steps);
	block_pool_fini(&pool);
}

static void misuse_is_an_assertion(void **state)
{
	block_pool pool;
	block_run run;

	(void)state;
	assert_int_equal(block_pool_init(&pool, 10, 20), NESCSIM_OK);
	assert_int_equal(block_pool_reserve(&pool, 15, 5), NESCSIM_OK);
	assert_aborts((void)block_pool_reserve(&pool, 12, 4));
	assert_aborts((void)block_pool_reserve(&pool, 19, 4));
	assert_aborts((void)block_pool_reserve(&pool, 9, 2));
	assert_aborts((void)block_pool_reserve(&pool, 29, 2));
	assert_aborts((void)block_pool_share(&pool, 19, 2));
	assert_aborts((void)block_pool_release(&pool, 14, 2));
	assert_aborts((void)block_pool_take(&pool, 10, 0, &run));
	assert_aborts((void)block_pool_num_references(&pool, 30));
	block_pool_fini(&pool);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(small_pools_equal_their_table),
		cmocka_unit_test(large_pools_equal_their_table),
		cmocka_unit_test(huge_runs_equal_their_table),
		cmocka_unit_test(takes_at_the_goal_then_behind_it_then_from_the_start),
		cmocka_unit_test(a_shared_block_is_free_when_all_have_released_it),
		cmocka_unit_test(a_pool_may_end_with_shared_blocks),
		cmocka_unit_test(runs_without_blocks_change_nothing),
		cmocka_unit_test(misuse_is_an_assertion),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
