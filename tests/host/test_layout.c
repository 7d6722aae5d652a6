/* Does a laid-out file cover what it should, nothing twice, and the same each time? */
#include "base/cmocka_all.h"

#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
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

/* ---- other ways to draw, and maps of real files ----------------------------------------------------------------- */

/* Each of the sizes 4 ... 19 KiB has a sixteenth of the pieces: 5,700 of them, with a standard deviation of 1.3 %. */
static void every_size_is_alike(void **state)
{
	disk_layout layout = fragmented(UINT64_C(1) << 20, 4, 19, 0, 1, 1);
	uint64_t num_of[20] = { 0 };

	(void)state;
	for (size_t i = 0; i + 1 < layout.num_extents; i++) {
		assert_in_range(layout.extents[i].num_blocks, 4, 19);
		num_of[layout.extents[i].num_blocks]++;
	}
	for (size_t i = 4; i < 20; i++)
		assert_in_range(num_of[i], layout.num_extents / 16 * 95 / 100, layout.num_extents / 16 * 105 / 100);
	disk_layout_fini(&layout);
}

/* From 4 to 512 KiB there are seven doublings: each has a seventh of the pieces, where even sizes would give the smallest
 * half a percent. */
static void every_doubling_is_alike(void **state)
{
	disk_map_fragmented map = { .min_extent_bytes = 4 * 1024,
				    .max_extent_bytes = 511 * 1024,
				    .sizes = DISK_MAP_LOG_UNIFORM };
	const disk_config disk = { .num_bytes = INT64_C(1) << 30,
				   .map = { .index = DISK_MAP_FRAGMENTED, .params = &map } };
	uint64_t num_in[7] = { 0 }, sum = 0;
	disk_layout layout;

	(void)state;
	assert_int_equal(disk_layout_init(&layout, &disk, 0, 1, 1, NULL), NESCSIM_OK);
	for (size_t i = 0; i + 1 < layout.num_extents; i++) {
		const uint64_t num = layout.extents[i].num_blocks;
		size_t doubling = 0;

		assert_in_range(num, 4, 511);
		while (num >= UINT64_C(8) << doubling)
			doubling++;
		num_in[doubling]++;
	}
	for (size_t i = 0; i < 7; i++) {
		assert_in_range(num_in[i], layout.num_extents / 7 * 93 / 100, layout.num_extents / 7 * 107 / 100);
		sum += num_in[i];
	}
	assert_int_equal(sum + 1, layout.num_extents);
	disk_layout_fini(&layout);
}

/* The last doubling may be cut, down to one size. */
static void the_last_doubling_may_be_cut(void **state)
{
	static const int64_t maxima[] = { 4, 5, 7, 8, 9, 100 };

	(void)state;
	for (size_t i = 0; i < sizeof(maxima) / sizeof(maxima[0]); i++) {
		disk_map_fragmented map = { .min_extent_bytes = 4 * 1024,
					    .max_extent_bytes = maxima[i] * 1024,
					    .sizes = DISK_MAP_LOG_UNIFORM };
		const disk_config disk = { .num_bytes = INT64_C(64) << 20,
					   .map = { .index = DISK_MAP_FRAGMENTED, .params = &map } };
		uint64_t least = UINT64_MAX, most = 0;
		disk_layout layout;

		assert_int_equal(disk_layout_init(&layout, &disk, 0, 1, 1, NULL), NESCSIM_OK);
		for (size_t j = 0; j + 1 < layout.num_extents; j++) {
			least = layout.extents[j].num_blocks < least ? layout.extents[j].num_blocks : least;
			most = layout.extents[j].num_blocks > most ? layout.extents[j].num_blocks : most;
		}
		assert_int_equal(least, 4);
		assert_int_equal(most, maxima[i]);
		disk_layout_fini(&layout);
	}
}

enum {
	MAX_EXTENTS = 40
};

/* Extents in the order of the file, at random places of a device of up to 2^60 bytes; about half of them touch another. */
static void draw_map(real_map *map, real_extent *extents, rng_stream *rng)
{
	size_t order[MAX_EXTENTS];
	uint64_t logical = 0, physical = rng_uniform_u64(rng, UINT64_C(1) << 30) * 4096;

	*map = (real_map){ .block_bytes = 4096, .extents = extents, .num_extents = rng_uniform_u64(rng, MAX_EXTENTS) };
	for (size_t i = 0; i < map->num_extents; i++) {
		logical += rng_chance(rng, 1, 3) ? (1 + rng_uniform_u64(rng, 50)) * 4096 : 0;
		extents[i] = (real_extent){ .logical_bytes = logical,
					    .num_bytes = (1 + rng_uniform_u64(rng, 20)) * 4096,
					    .is_unwritten = rng_chance(rng, 1, 3) };
		logical += extents[i].num_bytes;
		order[i] = i;
	}
	for (size_t i = map->num_extents; i > 1 && rng_chance(rng, 4, 5); i--) {
		const size_t j = rng_uniform_u64(rng, i), last = order[i - 1];

		order[i - 1] = order[j];
		order[j] = last;
	}
	for (size_t i = 0; i < map->num_extents; i++) {
		physical += rng_chance(rng, 1, 2) ? (1 + rng_uniform_u64(rng, UINT64_C(1) << 40)) * 4096 : 0;
		extents[order[i]].physical_bytes = physical;
		physical += extents[order[i]].num_bytes;
	}
	map->file_bytes = logical;
}

/* Where a map's extent was put. */
static const extent *packed_of(const disk_layout *layout, const real_extent *from)
{
	const extent *list = from->is_unwritten ? layout->unwritten : layout->extents;
	const size_t num = from->is_unwritten ? layout->num_unwritten : layout->num_extents;

	for (size_t i = 0; i < num; i++)
		if (list[i].logical_block == from->logical_bytes / 1024)
			return &list[i];
	return NULL;
}

/* Any two extents keep their order on the medium; they touch there if, and only if, they touch on the device; all lie in the
 * file's room, a block from its ends; and the room is no larger than that takes. */
static void packing_keeps_order_and_distance(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 300; seed++) {
		rng_stream rng = rng_open(seed, "packing", 0);
		real_extent extents[MAX_EXTENTS];
		uint64_t num_blocks = 0, num_runs = 0;
		disk_layout layout;
		real_map map;

		draw_map(&map, extents, &rng);
		assert_int_equal(disk_layout_pack(&layout, &map, map.file_bytes, FIRST_BLOCK), NESCSIM_OK);
		assert_int_equal(layout.num_extents + layout.num_unwritten, map.num_extents);
		assert_int_equal(tree_find_bad_extent(layout.extents, layout.num_extents), layout.num_extents);
		assert_int_equal(tree_find_bad_extent(layout.unwritten, layout.num_unwritten), layout.num_unwritten);
		for (size_t i = 0; i < map.num_extents; i++) {
			const extent *one = packed_of(&layout, &extents[i]);
			bool is_touched = false;

			assert_non_null(one);
			assert_int_equal(one->num_blocks * 1024, extents[i].num_bytes);
			assert_true(one->physical_block >= FIRST_BLOCK + 4);
			assert_true(one->physical_block + one->num_blocks + 4 <= FIRST_BLOCK + layout.room_blocks);
			for (size_t j = 0; j < map.num_extents; j++) {
				const extent *other = packed_of(&layout, &extents[j]);
				const bool touch =
					extents[i].physical_bytes + extents[i].num_bytes == extents[j].physical_bytes;

				if (extents[i].physical_bytes >= extents[j].physical_bytes)
					continue;
				is_touched |= touch;
				assert_true(one->physical_block + one->num_blocks + (touch ? 0 : 4) <=
					    other->physical_block);
				if (touch)
					assert_int_equal(one->physical_block + one->num_blocks, other->physical_block);
			}
			num_blocks += one->num_blocks;
			num_runs += !is_touched;
		}
		assert_int_equal(layout.room_blocks, map.num_extents == 0 ? 0 : num_blocks + 4 * (num_runs + 1));
		disk_layout_fini(&layout);
	}
}

/* A disk of 10 KiB of a file of 16: what lies beyond its end is left out, an extent across it is cut. */
static void a_map_is_cut_at_the_disks_end(void **state)
{
	real_extent extents[] = { { .physical_bytes = 80 * 1024, .num_bytes = 4096 },
				  { .logical_bytes = 8192, .physical_bytes = 40 * 1024, .num_bytes = 4096 },
				  { .logical_bytes = 12288, .physical_bytes = 60 * 1024, .num_bytes = 4096 } };
	const real_map map = { .block_bytes = 4096, .file_bytes = 16384, .extents = extents, .num_extents = 3 };
	disk_layout layout;

	(void)state;
	assert_int_equal(disk_layout_pack(&layout, &map, 10 * 1024, 0), NESCSIM_OK);
	assert_int_equal(layout.num_extents, 2);
	assert_int_equal(layout.num_blocks, 6);
	assert_int_equal(layout.extents[0].physical_block, 12);
	assert_int_equal(layout.extents[1].physical_block, 4);
	assert_int_equal(layout.extents[1].num_blocks, 2);
	assert_int_equal(layout.num_bytes, 10 * 1024);
	disk_layout_fini(&layout);
}

/* The captured maps: as many runs on the medium as on the real device, and of the same lengths. */
static void a_captured_map_keeps_its_runs(void **state)
{
	static const char *const names[] = { "traces/extents/fresh.map", "traces/extents/frag1m.map",
					     "traces/extents/frag64k.map.xz" };

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		disk_map_extents from = { .file = { .resolved = names[i] } };
		const disk_config disk = { .num_bytes = INT64_C(1) << 30,
					   .map = { .index = DISK_MAP_EXTENTS, .params = &from } };
		const real_map_options options = { .format = "text" };
		disk_layout layout;
		real_map map;

		assert_int_equal(real_map_read(names[i], names[i], &options, NULL, &map), NESCSIM_OK);
		assert_int_equal(disk_layout_init(&layout, &disk, FIRST_BLOCK, 1, 1, NULL), NESCSIM_OK);
		assert_int_equal(layout.num_extents + layout.num_unwritten, map.num_extents);
		for (size_t j = 0; j + 1 < map.num_extents; j++) {
			const extent *one = packed_of(&layout, &map.extents[j]);
			const extent *next = packed_of(&layout, &map.extents[j + 1]);

			assert_int_equal(one->physical_block + one->num_blocks == next->physical_block,
					 map.extents[j].physical_bytes + map.extents[j].num_bytes ==
						 map.extents[j + 1].physical_bytes);
		}
		real_map_fini(&map);
		disk_layout_fini(&layout);
	}
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
		cmocka_unit_test(every_size_is_alike),
		cmocka_unit_test(every_doubling_is_alike),
		cmocka_unit_test(the_last_doubling_may_be_cut),
		cmocka_unit_test(packing_keeps_order_and_distance),
		cmocka_unit_test(a_map_is_cut_at_the_disks_end),
		cmocka_unit_test(a_captured_map_keeps_its_runs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
