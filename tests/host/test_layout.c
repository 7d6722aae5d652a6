/* Does a laid-out file cover what it should, nothing twice, and the same each time? */
#include "base/cmocka_all.h"

#include <stdlib.h>
#include <string.h>

#include "host/layout.h"

static const uint64_t FIRST_BLOCK = 1000;

static disk_layout fragmented(uint64_t num_blocks, int64_t min_kib, int64_t max_kib, int64_t hole_percent,
			      uint64_t seed, uint32_t vm)
{
	disk_map_fragmented map = { .min_extent_bytes = min_kib * 1024,
				    .max_extent_bytes = max_kib * 1024,
				    .hole_percent = hole_percent };
	const disk_config disk = { .num_bytes = (int64_t)num_blocks * 1024,
				   .map = { .index = DISK_MAP_FRAGMENTED, .params = &map } };
	disk_layout layout;

	assert_int_equal(disk_layout_init(&layout, &disk, FIRST_BLOCK, seed, vm, NULL), NESCSIM_OK);
	return layout;
}

static void contiguous_is_one_extent(void **state)
{
	const disk_config disk = { .num_bytes = 5 * 1024, .map = { .index = DISK_MAP_CONTIGUOUS } };
	disk_layout layout;

	(void)state;
	assert_int_equal(disk_layout_init(&layout, &disk, 77, 1, 1, NULL), NESCSIM_OK);
	assert_int_equal(layout.num_extents, 1);
	assert_int_equal(layout.num_bytes, 5 * 1024);
	assert_int_equal(layout.num_blocks, 5);
	assert_int_equal(layout.extents[0].logical_block, 0);
	assert_int_equal(layout.extents[0].physical_block, 77);
	assert_int_equal(layout.extents[0].num_blocks, 5);
	disk_layout_fini(&layout);
}

/* Logical blocks in order and, without holes, one extent right after the other; sizes in range but for the last;
 * physical blocks each used once, none outside. */
static void every_block_has_one_place(void **state)
{
	enum {
		NUM_BLOCKS = 5001
	};

	(void)state;
	for (uint64_t seed = 1; seed <= 20; seed++) {
		disk_layout layout = fragmented(NUM_BLOCKS, 4, 64, 0, seed, 1);
		uint8_t used[NUM_BLOCKS] = { 0 };
		uint64_t at = 0;

		assert_int_equal(layout.num_blocks, NUM_BLOCKS);
		for (size_t i = 0; i < layout.num_extents; i++) {
			const extent *e = &layout.extents[i];

			assert_int_equal(e->logical_block, at);
			assert_true(e->num_blocks <= 64);
			assert_true(e->num_blocks >= 4 || i + 1 == layout.num_extents);
			for (uint64_t block = e->physical_block; block < e->physical_block + e->num_blocks; block++) {
				assert_true(block >= FIRST_BLOCK && block < FIRST_BLOCK + NUM_BLOCKS);
				assert_int_equal(used[block - FIRST_BLOCK]++, 0);
			}
			at += e->num_blocks;
		}
		assert_int_equal(at, NUM_BLOCKS);
		disk_layout_fini(&layout);
	}
}

static void holes_take_no_room(void **state)
{
	enum {
		NUM_BLOCKS = 100000
	};
	disk_layout layout = fragmented(NUM_BLOCKS, 1, 9, 30, 3, 1);
	uint64_t allocated = 0, end = 0, physical_end = 0;

	(void)state;
	for (size_t i = 0; i < layout.num_extents; i++) {
		const extent *e = &layout.extents[i];

		assert_true(e->logical_block >= end);
		end = e->logical_block + e->num_blocks;
		allocated += e->num_blocks;
		if (e->physical_block + e->num_blocks > physical_end)
			physical_end = e->physical_block + e->num_blocks;
	}
	assert_true(end <= NUM_BLOCKS);
	assert_int_equal(layout.num_blocks, allocated);
	assert_int_equal(physical_end, FIRST_BLOCK + allocated); /* packed */
	/* 20,000 pieces, 30 % holes: the standard error is 0.3 %, and a bit more for the pieces' sizes */
	assert_in_range(allocated, NUM_BLOCKS * 68 / 100, NUM_BLOCKS * 72 / 100);
	disk_layout_fini(&layout);
}

static void a_disk_may_be_one_hole(void **state)
{
	disk_layout layout = fragmented(100, 4, 4, 100, 1, 1);

	(void)state;
	assert_int_equal(layout.num_extents, 0);
	assert_int_equal(layout.num_blocks, 0);
	assert_null(disk_layout_find(&layout, 0));
	assert_null(disk_layout_find(&layout, 99));
	disk_layout_fini(&layout);
}

/* Neighbours in the file are seldom neighbours on the medium: of n extents in random order, one on average. */
static void extents_are_scattered(void **state)
{
	disk_layout layout = fragmented(40000, 4, 4, 0, 1, 1);
	size_t num_neighbours = 0;

	(void)state;
	assert_int_equal(layout.num_extents, 10000);
	for (size_t i = 1; i < layout.num_extents; i++)
		num_neighbours += layout.extents[i].physical_block == layout.extents[i - 1].physical_block + 4;
	assert_true(num_neighbours < 10);
	disk_layout_fini(&layout);
}

static bool same(const disk_layout *a, const disk_layout *b)
{
	if (a->num_extents != b->num_extents)
		return false;
	for (size_t i = 0; i < a->num_extents; i++)
		if (a->extents[i].logical_block != b->extents[i].logical_block ||
		    a->extents[i].physical_block != b->extents[i].physical_block ||
		    a->extents[i].num_blocks != b->extents[i].num_blocks)
			return false;
	return true;
}

static void a_layout_depends_on_seed_and_vm_alone(void **state)
{
	disk_layout a = fragmented(1000, 1, 16, 10, 7, 2), b = fragmented(1000, 1, 16, 10, 7, 2);
	disk_layout other_seed = fragmented(1000, 1, 16, 10, 8, 2), other_vm = fragmented(1000, 1, 16, 10, 7, 3);

	(void)state;
	assert_true(same(&a, &b));
	assert_false(same(&a, &other_seed));
	assert_false(same(&a, &other_vm));
	disk_layout_fini(&a);
	disk_layout_fini(&b);
	disk_layout_fini(&other_seed);
	disk_layout_fini(&other_vm);
}

static void find_agrees_with_looking_at_all(void **state)
{
	disk_layout layout = fragmented(3000, 1, 7, 25, 4, 1);

	(void)state;
	for (uint64_t block = 0; block < 3100; block++) {
		const extent *expected = NULL;

		for (size_t i = 0; i < layout.num_extents; i++)
			if (block >= layout.extents[i].logical_block &&
			    block < layout.extents[i].logical_block + layout.extents[i].num_blocks)
				expected = &layout.extents[i];
		assert_ptr_equal(disk_layout_find(&layout, block), expected);
	}
	disk_layout_fini(&layout);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(contiguous_is_one_extent),
		cmocka_unit_test(every_block_has_one_place),
		cmocka_unit_test(holes_take_no_room),
		cmocka_unit_test(a_disk_may_be_one_hole),
		cmocka_unit_test(extents_are_scattered),
		cmocka_unit_test(a_layout_depends_on_seed_and_vm_alone),
		cmocka_unit_test(find_agrees_with_looking_at_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
