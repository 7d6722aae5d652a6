/* Does the BTLB hold exactly what a list of entries by age would hold, after any sequence of operations? */
#include <stdlib.h>
#include <string.h>

#include "base/cmocka_all.h"
#include "base/rng.h"
#include "nesc/btlb.h"

/* The naive model: entries from the oldest to the newest. */
typedef struct model_entry {
	uint32_t function;
	extent extent;
} model_entry;

typedef struct model {
	btlb_replacement replacement;
	btlb_partition partition;
	uint32_t max_entries, num_vfs, num_entries;
	model_entry entries[BTLB_MAX_ENTRIES + 1];
	btlb_counts counts[BTLB_MAX_FUNCTIONS];
	uint64_t epochs[BTLB_MAX_FUNCTIONS];
} model;

static bool is_same(const extent *a, const extent *b)
{
	return a->logical_block == b->logical_block && a->physical_block == b->physical_block &&
	       a->num_blocks == b->num_blocks && a->flags == b->flags;
}

static bool overlap(const extent *e, uint64_t first_block, uint64_t num_blocks)
{
	unsigned __int128 limit = (unsigned __int128)first_block + num_blocks;

	return num_blocks > 0 && e->logical_block < limit && first_block < e->logical_block + e->num_blocks;
}

static model_entry model_remove(model *m, uint32_t index)
{
	model_entry entry = m->entries[index];

	m->num_entries--;
	memmove(m->entries + index, m->entries + index + 1, (m->num_entries - index) * sizeof(entry));
	return entry;
}

static void model_touch(model *m, uint32_t index)
{
	if (m->replacement == BTLB_LRU) {
		model_entry entry = model_remove(m, index);

		m->entries[m->num_entries++] = entry;
	}
}

static bool model_lookup(model *m, uint32_t function, uint64_t block, extent *extent_out)
{
	for (uint32_t i = 0; i < m->num_entries; i++) {
		if (m->entries[i].function == function && overlap(&m->entries[i].extent, block, 1)) {
			*extent_out = m->entries[i].extent;
			model_touch(m, i);
			return true;
		}
	}
	return false;
}

static uint32_t model_drop(model *m, uint32_t function, uint64_t first_block, uint64_t num_blocks)
{
	uint32_t num_dropped = 0;

	for (uint32_t i = 0; i < m->num_entries;) {
		if ((function == 0 || m->entries[i].function == function) &&
		    overlap(&m->entries[i].extent, first_block, num_blocks)) {
			m->counts[m->entries[i].function].flushed++;
			model_remove(m, i);
			num_dropped++;
		} else {
			i++;
		}
	}
	return num_dropped;
}

static void model_insert(model *m, uint32_t function, const extent *e)
{
	uint32_t share = m->max_entries, num_competitors = 0;

	if (m->partition == BTLB_EQUAL)
		share = m->max_entries / m->num_vfs + (function <= m->max_entries % m->num_vfs);
	if (share == 0)
		return;
	for (uint32_t i = 0; i < m->num_entries; i++) {
		const model_entry *entry = &m->entries[i];

		if (entry->function == function && is_same(&entry->extent, e)) {
			model_touch(m, i);
			return;
		}
	}
	model_drop(m, function, e->logical_block, e->num_blocks);
	for (uint32_t i = 0; i < m->num_entries; i++)
		num_competitors += m->partition == BTLB_SHARED || m->entries[i].function == function;
	for (uint32_t i = 0; num_competitors == share; i++) {
		if (m->partition == BTLB_SHARED || m->entries[i].function == function) {
			m->counts[model_remove(m, i).function].evictions++;
			break;
		}
	}
	m->entries[m->num_entries++] = (model_entry){ function, *e };
	m->counts[function].inserts++;
}

/* Every count, and everything that is in it. Looking leaves traces, so this looks at copies. */
static void check_same(const btlb *cache, const model *m)
{
	static btlb copy;
	uint32_t num_per_function[BTLB_MAX_FUNCTIONS] = { 0 };

	copy = *cache;
	for (uint32_t i = 0; i < m->num_entries; i++) {
		const extent *e = &m->entries[i].extent;
		extent found;

		num_per_function[m->entries[i].function]++;
		assert_true(btlb_peek(cache, m->entries[i].function, e->logical_block, &found));
		assert_true(is_same(&found, e));
		assert_true(btlb_lookup_again(&copy, m->entries[i].function, e->logical_block, &found));
		assert_true(is_same(&found, e));
		assert_true(
			btlb_lookup_again(&copy, m->entries[i].function, e->logical_block + e->num_blocks - 1, &found));
		assert_true(is_same(&found, e));
	}
	assert_int_equal(btlb_num_entries(cache, BTLB_ALL_FUNCTIONS), m->num_entries);
	for (uint32_t function = 1; function < BTLB_MAX_FUNCTIONS; function++) {
		assert_int_equal(btlb_num_entries(cache, function), num_per_function[function]);
		assert_true(btlb_epoch(cache, function) == m->epochs[function]);
	}
	assert_memory_equal(cache->counts, m->counts, sizeof(m->counts));
}

static void run_against_model(uint32_t num_entries, btlb_replacement replacement, btlb_partition partition,
			      uint32_t num_vfs, uint64_t seed, int num_steps)
{
	static btlb cache;
	static model m;
	rng_stream rng = rng_open(seed, "btlb", num_entries);
	uint64_t max_block = 4 + rng_uniform_u64(&rng, 16 * num_entries);
	uint64_t max_run = 1 + rng_uniform_u64(&rng, 12);
	uint64_t base = rng_chance(&rng, 1, 4) ? TREE_MAX_BLOCK - max_block - max_run : 0;

	memset(&m, 0, sizeof(m));
	m.replacement = replacement;
	m.partition = partition;
	m.max_entries = num_entries;
	m.num_vfs = num_vfs;
	btlb_init(&cache, num_entries, replacement, partition, num_vfs);
	for (int step = 0; step < num_steps; step++) {
		uint32_t function = 1 + (uint32_t)rng_uniform_u64(&rng, num_vfs);
		uint64_t block = base + rng_uniform_u64(&rng, max_block);
		uint64_t action = rng_uniform_u64(&rng, 200);
		extent found = { 0 }, expected = { 0 };

		if (action < 2) {
			uint64_t num_blocks = rng_uniform_u64(&rng, 2 * max_run);
			uint32_t whose = rng_chance(&rng, 1, 2) ? BTLB_ALL_FUNCTIONS : function;

			if (rng_chance(&rng, 1, 3))
				num_blocks = UINT64_MAX;
			if (rng_chance(&rng, 1, 3))
				block = rng_chance(&rng, 1, 2) ? 0 : rng_bits(&rng);
			for (uint32_t i = 1; i < BTLB_MAX_FUNCTIONS; i++)
				m.epochs[i] += whose == BTLB_ALL_FUNCTIONS || whose == i;
			assert_int_equal(btlb_flush(&cache, whose, block, num_blocks),
					 model_drop(&m, whose, block, num_blocks));
		} else if (action < 60) {
			/* Mostly the extents of a fixed map, as walks of an unchanged tree bring them. */
			extent e = { block - block % max_run, (block - block % max_run) / 2 + function, max_run, 0 };

			if (rng_chance(&rng, 1, 10))
				e = (extent){ block, rng_uniform_u64(&rng, 4), 1 + rng_uniform_u64(&rng, max_run), 0 };
			if (rng_chance(&rng, 1, 10))
				e.flags = EXTENT_READ_ONLY;
			btlb_insert(&cache, function, &e);
			model_insert(&m, function, &e);
		} else {
			bool is_again = rng_chance(&rng, 1, 8), is_hit;

			if (rng_chance(&rng, 1, 50))
				block = rng_bits(&rng) >> rng_uniform_u64(&rng, 12);
			is_hit = is_again ? btlb_lookup_again(&cache, function, block, &found)
					  : btlb_lookup(&cache, function, block, &found);
			assert_int_equal(is_hit, model_lookup(&m, function, block, &expected));
			assert_true(is_same(&found, &expected));
			if (!is_again && is_hit)
				m.counts[function].hits++;
			else if (!is_again)
				m.counts[function].misses++;
			if (!is_again && !is_hit && rng_chance(&rng, 1, 8)) {
				btlb_count_merged(&cache, function);
				m.counts[function].merged++;
			}
		}
		if (step % 64 == 0)
			check_same(&cache, &m);
	}
	check_same(&cache, &m);
}

static void random_use_equals_the_model(void **state)
{
	static const uint32_t sizes[] = { 1, 2, 3, 7, 8, 9, 16, 63, 64, 100, 1024 };
	static const uint32_t vfs[] = { 1, 2, 5, 64 };

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		for (uint64_t seed = 0; seed < 16; seed++)
			run_against_model(sizes[i], seed & 1 ? BTLB_FIFO : BTLB_LRU,
					  seed & 2 ? BTLB_EQUAL : BTLB_SHARED, vfs[seed >> 2 & 3], seed,
					  sizes[i] > 64 ? 6000 : 4000);
	}
}

static void lru_and_fifo_differ_as_they_should(void **state)
{
	static btlb cache;
	const extent extents[] = { { 0, 0, 8, 0 }, { 8, 100, 8, 0 }, { 16, 200, 8, 0 } };
	extent found;

	(void)state;
	for (int replacement = BTLB_LRU; replacement <= BTLB_FIFO; replacement++) {
		btlb_init(&cache, 2, (btlb_replacement)replacement, BTLB_SHARED, 64);
		btlb_insert(&cache, 3, &extents[0]);
		btlb_insert(&cache, 3, &extents[1]);
		assert_true(btlb_lookup(&cache, 3, 7, &found));
		assert_true(found.physical_block == 0);
		assert_false(btlb_lookup(&cache, 4, 7, &found)); /* another function's, even if the tree is shared */
		btlb_insert(&cache, 3, &extents[2]);
		assert_int_equal(btlb_lookup(&cache, 3, 0, &found), replacement == BTLB_LRU);
		assert_int_equal(btlb_lookup(&cache, 3, 8, &found), replacement == BTLB_FIFO);
		assert_true(cache.counts[3].hits == 2 && cache.counts[3].misses == 1 && cache.counts[3].evictions == 1);
		assert_true(cache.counts[4].misses == 1);
	}
}

static void equal_shares_are_the_documented_ones(void **state)
{
	static btlb cache;

	(void)state;
	btlb_init(&cache, 8, BTLB_LRU, BTLB_EQUAL, 3); /* 3, 3, 2 */
	for (uint32_t function = 1; function <= 3; function++) {
		for (uint64_t i = 0; i < 10; i++)
			btlb_insert(&cache, function, &(extent){ 4 * i, 4 * i, 4, 0 });
	}
	assert_int_equal(btlb_num_entries(&cache, 1), 3);
	assert_int_equal(btlb_num_entries(&cache, 2), 3);
	assert_int_equal(btlb_num_entries(&cache, 3), 2);

	btlb_init(&cache, 2, BTLB_LRU, BTLB_EQUAL, 3); /* 1, 1, 0 */
	for (uint32_t function = 1; function <= 3; function++)
		btlb_insert(&cache, function, &(extent){ 0, 0, 4, 0 });
	assert_int_equal(btlb_num_entries(&cache, 1), 1);
	assert_int_equal(btlb_num_entries(&cache, 2), 1);
	assert_int_equal(btlb_num_entries(&cache, 3), 0);
}

static void a_flush_drops_what_it_touches_and_no_more(void **state)
{
	static btlb cache;
	static const struct {
		uint32_t function;
		uint64_t first_block, num_blocks;
		uint32_t num_dropped;
	} cases[] = {
		{ 1, 0, 10, 0 },         { 1, 0, 11, 1 },          { 1, 19, 1, 1 },
		{ 1, 20, 10, 0 },        { 1, 19, 12, 2 },         { 1, 0, 0, 0 },
		{ 1, 15, 0, 0 },         { 1, 40, UINT64_MAX, 0 }, { 1, 39, UINT64_MAX, 1 },
		{ 2, 0, UINT64_MAX, 1 }, { 0, 15, 1, 2 },          { 0, 0, UINT64_MAX, 3 },
		{ 3, 0, UINT64_MAX, 0 }, { 0, UINT64_MAX, 1, 0 },  { 0, UINT64_MAX, UINT64_MAX, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		btlb_init(&cache, 8, BTLB_LRU, BTLB_SHARED, 3);
		btlb_insert(&cache, 1, &(extent){ 10, 0, 10, 0 });
		btlb_insert(&cache, 1, &(extent){ 30, 0, 10, 0 });
		btlb_insert(&cache, 2, &(extent){ 10, 0, 10, 0 });
		assert_int_equal(btlb_flush(&cache, cases[i].function, cases[i].first_block, cases[i].num_blocks),
				 cases[i].num_dropped);
		assert_int_equal(btlb_num_entries(&cache, BTLB_ALL_FUNCTIONS), 3 - cases[i].num_dropped);
		assert_int_equal(btlb_epoch(&cache, 1), cases[i].function <= 1);
		assert_int_equal(btlb_epoch(&cache, 2), cases[i].function == 0 || cases[i].function == 2);
	}
}

/* As when the hypervisor shares blocks (copy on write) or has ended sharing them. */
static void other_flags_replace_the_stale_entry(void **state)
{
	static btlb cache;
	extent found;

	(void)state;
	btlb_init(&cache, 8, BTLB_FIFO, BTLB_SHARED, 3);
	for (uint32_t i = 0; i < 4; i++) {
		btlb_insert(&cache, 1, &(extent){ 10, 50, 10, i % 2 });
		assert_true(btlb_peek(&cache, 1, 12, &found));
		assert_int_equal(found.flags, i % 2 ? EXTENT_READ_ONLY : 0);
		assert_int_equal(btlb_num_entries(&cache, 1), 1);
		assert_true(cache.counts[1].inserts == i + 1 && cache.counts[1].flushed == i);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lru_and_fifo_differ_as_they_should),
		cmocka_unit_test(equal_shares_are_the_documented_ones),
		cmocka_unit_test(a_flush_drops_what_it_touches_and_no_more),
		cmocka_unit_test(other_flags_replace_the_stale_entry),
		cmocka_unit_test(random_use_equals_the_model),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
