/* Does the map say of every block what was set there last, in as few extents as can be? */
#include "base/cmocka_all.h"

#include <stdlib.h>

#include "base/rng.h"
#include "host/extent_map.h"

#define NOT_MAPPED UINT64_MAX

/* The same in arrays. One cell stands for `unit` blocks, the first one for those from first_block on. */
typedef struct model {
	uint64_t num_cells, unit, first_block;
	uint64_t *physical; /* in units, or NOT_MAPPED */
	uint32_t *flags;
} model;

static model model_make(uint64_t num_cells, uint64_t unit, uint64_t first_block)
{
	model m = { .num_cells = num_cells, .unit = unit, .first_block = first_block };

	m.physical = malloc(num_cells * sizeof(*m.physical));
	m.flags = calloc(num_cells, sizeof(*m.flags));
	assert_non_null(m.physical);
	assert_non_null(m.flags);
	for (uint64_t i = 0; i < num_cells; i++)
		m.physical[i] = NOT_MAPPED;
	return m;
}

static void model_free(model *m)
{
	free(m->physical);
	free(m->flags);
}

static extent model_extent(const model *m, uint64_t cell, uint64_t num_cells)
{
	return (extent){ .logical_block = m->first_block + cell * m->unit,
			 .physical_block = m->physical[cell] * m->unit,
			 .num_blocks = num_cells * m->unit,
			 .flags = m->flags[cell] };
}

static bool is_same(const extent *a, const extent *b)
{
	return a->logical_block == b->logical_block && a->physical_block == b->physical_block &&
	       a->num_blocks == b->num_blocks && a->flags == b->flags;
}

static bool continues(const extent *a, const extent *b)
{
	return a->logical_block + a->num_blocks == b->logical_block &&
	       a->physical_block + a->num_blocks == b->physical_block && a->flags == b->flags &&
	       a->num_blocks + b->num_blocks <= UINT32_MAX;
}

/* The extent's blocks are mapped in the model, and to the same. */
static void check_extent(const model *m, const extent *e)
{
	uint64_t offset = e->logical_block - m->first_block;
	const uint64_t limit = offset + e->num_blocks;

	assert_true(e->num_blocks > 0 && e->num_blocks <= UINT32_MAX);
	assert_true(e->logical_block >= m->first_block && limit <= m->num_cells * m->unit);
	for (; offset < limit; offset = (offset / m->unit + 1) * m->unit) {
		const uint64_t cell = offset / m->unit;
		const uint64_t physical_block = e->physical_block + m->first_block + offset - e->logical_block;

		assert_true(m->physical[cell] != NOT_MAPPED);
		assert_true(physical_block == m->physical[cell] * m->unit + offset % m->unit);
		assert_int_equal(e->flags, m->flags[cell]);
	}
}

static void check_all(const extent_map *map, const model *m)
{
	uint64_t num_mapped = 0, num_seen = 0;
	size_t num_extents = 0;
	extent e, before = { .num_blocks = 0 };

	for (uint64_t at = 0; extent_map_next(map, at, &e); at = e.logical_block + e.num_blocks) {
		assert_true(e.logical_block >= at);
		check_extent(m, &e);
		if (m->unit == 1)
			assert_false(before.num_blocks > 0 && continues(&before, &e));
		before = e;
		num_seen += e.num_blocks;
		num_extents++;
	}
	for (uint64_t i = 0; i < m->num_cells; i++)
		num_mapped += m->physical[i] != NOT_MAPPED ? m->unit : 0;
	assert_true(num_seen == num_mapped);
	assert_true(extent_map_num_blocks(map) == num_mapped);
	assert_int_equal(extent_map_num_extents(map), num_extents);
}

static void check_block(const extent_map *map, const model *m, uint64_t offset)
{
	const uint64_t block = m->first_block + offset;
	uint64_t cell = offset / m->unit;
	extent found = { .num_blocks = 0 }, next = { .num_blocks = 0 };
	const bool is_found = extent_map_find(map, block, &found);
	const bool is_next = extent_map_next(map, block, &next);

	assert_int_equal(is_found, m->physical[cell] != NOT_MAPPED);
	if (is_found) {
		assert_true(is_next);
		assert_true(found.logical_block <= block && block - found.logical_block < found.num_blocks);
		assert_true(is_same(&next, &found));
		check_extent(m, &found);
		return;
	}
	assert_true(found.num_blocks == 0);
	while (cell < m->num_cells && m->physical[cell] == NOT_MAPPED)
		cell++;
	assert_int_equal(is_next, cell < m->num_cells);
	if (is_next)
		assert_true(next.logical_block == m->first_block + cell * m->unit);
}

typedef struct history {
	uint64_t num_cells, unit, first_block;
	uint64_t max_cells;                 /* in one operation */
	uint64_t max_long_cells, long_each; /* but up to so many in one of so many */
	int clear_percent;
	int num_operations, check_each;
	size_t min_leaves; /* that it comes to, to see that it tests what it should */
} history;

static void change_both(extent_map *map, model *m, rng_stream *rng, const history *h)
{
	const uint64_t max_cells = rng_chance(rng, 1, h->long_each) ? h->max_long_cells : h->max_cells;
	const uint64_t first = rng_uniform_u64(rng, m->num_cells);
	uint64_t num = 1 + rng_uniform_u64(rng, max_cells);

	if (num > m->num_cells - first)
		num = m->num_cells - first;
	if (rng_chance(rng, (uint64_t)h->clear_percent, 100)) {
		for (uint64_t i = first; i < first + num; i++)
			m->physical[i] = NOT_MAPPED;
		assert_int_equal(extent_map_clear(map, m->first_block + first * m->unit, num * m->unit), NESCSIM_OK);
		return;
	}
	/* One of few places, so that neighbours often continue each other. */
	m->physical[first] = first + rng_uniform_u64(rng, 3) * m->num_cells;
	for (uint64_t i = first; i < first + num; i++) {
		m->physical[i] = m->physical[first] + i - first;
		m->flags[i] = first % 4 == 0 ? EXTENT_READ_ONLY : 0;
	}
	assert_int_equal(extent_map_set(map, model_extent(m, first, num)), NESCSIM_OK);
}

static void follow(const history *h, uint64_t seed)
{
	rng_stream rng = rng_open(seed, "extent_map", 0);
	model m = model_make(h->num_cells, h->unit, h->first_block);
	size_t num_leaves = 0;
	extent_map map;

	assert_int_equal(extent_map_init(&map, NULL, 0), NESCSIM_OK);
	for (int i = 1; i <= h->num_operations; i++) {
		change_both(&map, &m, &rng, h);
		check_block(&map, &m, rng_uniform_u64(&rng, m.num_cells * m.unit));
		if (i % h->check_each == 0)
			check_all(&map, &m);
		num_leaves = map.num_leaves > num_leaves ? map.num_leaves : num_leaves;
	}
	assert_true(num_leaves >= h->min_leaves);
	extent_map_fini(&map);
	model_free(&m);
}

static void small_files_equal_their_table(void **state)
{
	static const history h = { .num_cells = 40,
				   .unit = 1,
				   .max_cells = 6,
				   .max_long_cells = 40,
				   .long_each = 50,
				   .clear_percent = 40,
				   .num_operations = 300,
				   .check_each = 1,
				   .min_leaves = 1 };

	(void)state;
	for (uint64_t seed = 1; seed <= 50; seed++)
		follow(&h, seed);
}

static void large_files_equal_their_table(void **state)
{
	static const history histories[] = {
		{ 3000, 1, 17, 3, 1000, 50, 20, 10000, 100, 2 },         /* comes and goes */
		{ 60000, 1, 1000, 2, 30, 50, 25, 40000, 4000, 60 },      /* grows: leaves split */
		{ 30000, 1, 1000, 2, 15000, 2000, 25, 40000, 2000, 20 }, /* whole leaves go */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(histories) / sizeof(histories[0]); i++)
		follow(&histories[i], i);
}

/* Units of 2^30 blocks up to the last block there is: an extent holds at most three, a mapping needs many. */
static void huge_extents_equal_their_table(void **state)
{
	static const history h = { .num_cells = 200,
				   .unit = UINT64_C(1) << 30,
				   .first_block = TREE_MAX_BLOCK - (UINT64_C(200) << 30),
				   .max_cells = 5,
				   .max_long_cells = 200,
				   .long_each = 50,
				   .clear_percent = 30,
				   .num_operations = 2000,
				   .check_each = 1,
				   .min_leaves = 1 };

	(void)state;
	follow(&h, 1);
}

static void init_equals_setting_each(void **state)
{
	rng_stream rng = rng_open(1, "extent_map.init", 0);

	(void)state;
	for (int round = 0; round < 50; round++) {
		model m = model_make(5000, 1, 7);
		extent *extents = malloc(m.num_cells * sizeof(*extents));
		size_t num_extents = 0;
		extent_map map;

		assert_non_null(extents);
		for (uint64_t at = 0; at < m.num_cells;) {
			uint64_t num = 1 + rng_uniform_u64(&rng, 5);

			if (num > m.num_cells - at)
				num = m.num_cells - at;
			if (rng_chance(&rng, 3, 4)) {
				m.physical[at] = at + rng_uniform_u64(&rng, 2) * m.num_cells;
				for (uint64_t i = 0; i < num; i++) {
					m.physical[at + i] = m.physical[at] + i;
					m.flags[at + i] = round % 2 == 1 ? EXTENT_READ_ONLY : 0;
				}
				extents[num_extents++] = model_extent(&m, at, num);
			}
			at += num;
		}
		assert_int_equal(extent_map_init(&map, extents, num_extents), NESCSIM_OK);
		check_all(&map, &m);
		assert_true(extent_map_num_extents(&map) < num_extents); /* some were merged */
		extent_map_fini(&map);
		free(extents);
		model_free(&m);
	}
}

static void an_empty_map_holds_nothing(void **state)
{
	extent found = { .num_blocks = 77 };
	extent_map map;

	(void)state;
	assert_int_equal(extent_map_init(&map, NULL, 0), NESCSIM_OK);
	assert_false(extent_map_find(&map, 0, &found));
	assert_false(extent_map_next(&map, 0, &found));
	assert_false(extent_map_next(&map, UINT64_MAX, &found));
	assert_int_equal(found.num_blocks, 77);
	assert_int_equal(extent_map_clear(&map, 0, 0), NESCSIM_OK);
	assert_int_equal(extent_map_clear(&map, UINT64_MAX, UINT64_MAX), NESCSIM_OK);
	assert_int_equal(extent_map_clear(&map, 0, UINT64_MAX), NESCSIM_OK);
	assert_int_equal(extent_map_num_blocks(&map), 0);
	assert_int_equal(extent_map_num_extents(&map), 0);
	extent_map_fini(&map);
}

static void an_extent_ends_at_32_bits(void **state)
{
	const uint64_t max = UINT32_MAX;
	extent_map map;
	extent found;

	(void)state;
	assert_int_equal(extent_map_init(&map, &(extent){ .physical_block = 5, .num_blocks = max - 1 }, 1), NESCSIM_OK);
	assert_int_equal(extent_map_set(&map, (extent){ max - 1, max + 4, 1, 0 }), NESCSIM_OK);
	assert_int_equal(extent_map_num_extents(&map), 1); /* just fits */
	assert_int_equal(extent_map_set(&map, (extent){ max, max + 5, 1, 0 }), NESCSIM_OK);
	assert_int_equal(extent_map_num_extents(&map), 2);
	assert_true(extent_map_find(&map, max, &found));
	assert_true(found.logical_block == max && found.num_blocks == 1 && found.physical_block == max + 5);

	/* The longest mapping, in one call and gone in one. */
	assert_int_equal(extent_map_set(&map, (extent){ 0, 0, TREE_MAX_BLOCK, EXTENT_READ_ONLY }), NESCSIM_OK);
	assert_int_equal(extent_map_clear(&map, UINT64_MAX, 2), NESCSIM_OK); /* beyond: nothing */
	assert_true(extent_map_num_blocks(&map) == TREE_MAX_BLOCK);
	assert_int_equal(extent_map_num_extents(&map), TREE_MAX_BLOCK / max + 1);
	assert_true(extent_map_find(&map, TREE_MAX_BLOCK - 1, &found));
	assert_true(found.logical_block + found.num_blocks == TREE_MAX_BLOCK);
	assert_int_equal(extent_map_clear(&map, 1, UINT64_MAX), NESCSIM_OK);
	assert_int_equal(extent_map_num_blocks(&map), 1);
	assert_int_equal(extent_map_num_extents(&map), 1);
	extent_map_fini(&map);
}

static void flags_keep_neighbours_apart(void **state)
{
	extent_map map;
	extent found;

	(void)state;
	assert_int_equal(extent_map_init(&map, &(extent){ .physical_block = 100, .num_blocks = 30 }, 1), NESCSIM_OK);
	assert_int_equal(extent_map_set(&map, (extent){ 10, 110, 10, EXTENT_READ_ONLY }), NESCSIM_OK);
	assert_int_equal(extent_map_num_extents(&map), 3);
	assert_true(extent_map_find(&map, 19, &found));
	assert_true(is_same(&found, &(extent){ 10, 110, 10, EXTENT_READ_ONLY }));
	assert_int_equal(extent_map_set(&map, (extent){ 10, 110, 10, 0 }), NESCSIM_OK);
	assert_int_equal(extent_map_num_extents(&map), 1);
	extent_map_fini(&map);
}

static void leaves_are_full_or_nearly_so(void **state)
{
	rng_stream rng = rng_open(1, "extent_map.leaves", 0);
	extent_map map;

	(void)state;
	assert_int_equal(extent_map_init(&map, NULL, 0), NESCSIM_OK);
	for (uint64_t i = 0; i < 25600; i++) /* appended */
		assert_int_equal(extent_map_set(&map, (extent){ i, 3 * i, 1, 0 }), NESCSIM_OK);
	assert_int_equal(map.num_leaves, 25600 / 256);
	extent_map_fini(&map);

	assert_int_equal(extent_map_init(&map, NULL, 0), NESCSIM_OK);
	for (uint64_t i = 0; i < 25600; i++)
		assert_int_equal(extent_map_set(&map, (extent){ rng_bits(&rng) >> 20, 0, 1, 0 }), NESCSIM_OK);
	assert_int_equal(extent_map_num_extents(&map), 25600);
	assert_true(map.num_leaves <= 25600 / 128);
	extent_map_fini(&map);
}

/* Of each leaf one extent is left; leaves thin out from either side. */
static void a_thinned_out_map_gives_its_leaves_back(void **state)
{
	const uint64_t num = 25600;
	extent_map map;

	(void)state;
	for (int is_down = 0; is_down <= 1; is_down++) {
		assert_int_equal(extent_map_init(&map, NULL, 0), NESCSIM_OK);
		for (uint64_t i = 0; i < num; i++)
			assert_int_equal(extent_map_set(&map, (extent){ i, 3 * i, 1, 0 }), NESCSIM_OK);
		for (uint64_t i = 0; i < num; i++) {
			const uint64_t block = is_down ? num - 1 - i : i;

			if (block % 256 != 0)
				assert_int_equal(extent_map_clear(&map, block, 1), NESCSIM_OK);
		}
		assert_int_equal(extent_map_num_extents(&map), num / 256);
		assert_true(map.num_leaves <= 3);
		assert_int_equal(extent_map_clear(&map, 0, num), NESCSIM_OK);
		assert_int_equal(map.num_leaves, 0);
		extent_map_fini(&map);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(small_files_equal_their_table),
		cmocka_unit_test(large_files_equal_their_table),
		cmocka_unit_test(huge_extents_equal_their_table),
		cmocka_unit_test(init_equals_setting_each),
		cmocka_unit_test(an_empty_map_holds_nothing),
		cmocka_unit_test(an_extent_ends_at_32_bits),
		cmocka_unit_test(flags_keep_neighbours_apart),
		cmocka_unit_test(leaves_are_full_or_nearly_so),
		cmocka_unit_test(a_thinned_out_map_gives_its_leaves_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
