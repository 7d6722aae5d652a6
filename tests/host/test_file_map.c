/* Does a file keep its blocks, get the right ones of its arena for its holes, and count what that dirties? */
#include "base/cmocka_all.h"

#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "host/file_map.h"
#include "metrics/death.h"

#define MAX_BLOCKS 8000
#define HOLE UINT64_MAX
#define GROUP FILE_MAP_GROUP_BLOCKS

static uint64_t min_u64(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* ---- The same in arrays ---- */

typedef struct model {
	file_map map;
	rng_stream rng;
	uint64_t num_blocks, first_arena_block, num_arena_blocks;
	uint64_t physical[MAX_BLOCKS + 1];  /* of the disk's blocks, or HOLE */
	uint64_t unwritten[MAX_BLOCKS + 1]; /* what is set aside for holes, or HOLE */
	uint64_t num_taken;                 /* of the arena */
	uint64_t num_leaves_at_commit;
	bool has_dirty_group[2], has_dirty_table[2], has_dirty_inode;
	uint64_t num_refused, num_converted;
} model;

/* Does the next block go on in the same extent? */
static bool continues(const model *m, uint64_t block)
{
	return m->physical[block] != HOLE && m->physical[block + 1] == m->physical[block] + 1;
}

/* Extents in the range, of both kinds, cut at its ends. */
static uint64_t count_extents(const model *m, uint64_t first_block, uint64_t limit_block)
{
	uint64_t num = 0;

	for (uint64_t i = first_block; i < limit_block; i++) {
		num += m->physical[i] != HOLE && (i == first_block || !continues(m, i - 1));
		num += m->unwritten[i] != HOLE && (i == first_block || m->unwritten[i - 1] != m->unwritten[i] - 1);
	}
	return num;
}

static void check_find(const model *m, uint64_t block, uint64_t max_blocks)
{
	const file_map_run run = file_map_find(&m->map, block, max_blocks);
	const bool is_mapped = m->physical[block] != HOLE;
	uint64_t num = 1;

	while (num < max_blocks && block + num < m->num_blocks &&
	       (is_mapped ? continues(m, block + num - 1) : m->physical[block + num] == HOLE))
		num++;
	assert_int_equal(run.is_mapped, is_mapped);
	assert_int_equal(run.physical_block, is_mapped ? m->physical[block] : 0);
	assert_int_equal(run.num_blocks, num);
}

static void map_block(model *m, uint64_t block)
{
	uint64_t physical_block, group;

	m->has_dirty_inode = true;
	if (m->unwritten[block] != HOLE) {
		m->physical[block] = m->unwritten[block];
		m->unwritten[block] = HOLE;
		m->num_converted++;
		return;
	}
	physical_block = m->first_arena_block + m->num_taken++;
	group = physical_block / GROUP;
	m->physical[block] = physical_block;
	m->has_dirty_group[group - m->first_arena_block / GROUP] = true;
	m->has_dirty_table[group / 64 - m->first_arena_block / GROUP / 64] = true;
}

/* The pieces are the range's former holes, in order and where the model has them. */
static void check_pieces(const model *m, const host_fs_pieces *pieces, const bool *was_hole, uint64_t first_block,
			 uint64_t limit_block)
{
	uint64_t at = first_block;

	for (size_t i = 0; i < pieces->num; i++) {
		const host_fs_piece *piece = &pieces->items[i];

		for (; at < piece->logical_block; at++)
			assert_false(was_hole[at]);
		assert_true(at == piece->logical_block && piece->num_blocks > 0);
		for (; at < piece->logical_block + piece->num_blocks; at++) {
			assert_true(was_hole[at]);
			assert_int_equal(m->physical[at], piece->physical_block + (at - piece->logical_block));
		}
	}
	for (; at < limit_block; at++)
		assert_false(was_hole[at]);
	assert_int_equal(at, limit_block);
}

static void allocate_both(model *m, host_fs_pieces *pieces)
{
	const uint64_t longest = rng_chance(&m->rng, 1, 30) ? m->num_blocks / 4 : 9;
	const uint64_t first = rng_uniform_u64(&m->rng, m->num_blocks);
	const uint64_t num = min_u64(1 + rng_uniform_u64(&m->rng, longest), m->num_blocks - first);
	const uint64_t from = first - first % 4, to = min_u64((first + num + 3) / 4 * 4, m->num_blocks);
	uint64_t num_missing = 0;
	static bool was_hole[MAX_BLOCKS];
	host_fs_outcome outcome;

	for (uint64_t i = from; i < to; i++) {
		was_hole[i] = m->physical[i] == HOLE;
		num_missing += was_hole[i] && m->unwritten[i] == HOLE;
	}
	pieces->num = 0;
	outcome = file_map_allocate(&m->map, first, num, pieces);
	if (num_missing > m->num_arena_blocks - m->num_taken) {
		assert_int_equal(outcome, HOST_FS_NO_SPACE);
		assert_int_equal(pieces->num, 0);
		m->num_refused++;
		return;
	}
	assert_int_equal(outcome, HOST_FS_OK);
	for (uint64_t i = from; i < to; i++)
		if (was_hole[i])
			map_block(m, i);
	check_pieces(m, pieces, was_hole, from, to);
	/* The leaf that has the extents is dirty. */
	for (size_t i = 0; i < pieces->num && !m->map.is_in_inode; i++) {
		size_t leaf = 0;

		while (leaf + 1 < m->map.num_leaves &&
		       m->map.leaves[leaf + 1].first_block <= pieces->items[i].logical_block)
			leaf++;
		assert_int_equal(m->map.leaves[leaf].dirty_in, m->map.commit);
	}
}

/* Each leaf holds the extents of its part of the disk, and not too many. Returns how many leaves are dirty. */
static uint64_t check_leaves(const model *m)
{
	uint64_t num_extents = 0, num_dirty = 0;

	for (size_t i = 0; i < m->map.num_leaves; i++) {
		const file_map_leaf *leaf = &m->map.leaves[i];
		const uint64_t limit = i + 1 < m->map.num_leaves ? leaf[1].first_block : m->num_blocks;
		const uint64_t num_held = count_extents(m, i == 0 ? 0 : leaf->first_block, limit);

		assert_true(leaf->num_extents <= 340);
		assert_true(leaf->first_block < limit);
		assert_int_equal(leaf->num_extents, num_held);
		num_extents += leaf->num_extents;
		num_dirty += leaf->dirty_in == m->map.commit;
	}
	assert_true(!m->map.is_in_inode || (num_extents <= 4 && m->map.num_leaves == 1 && num_dirty == 0));
	return num_dirty;
}

static void check_all(const model *m)
{
	uint64_t num_dirty = check_leaves(m);

	for (uint64_t block = 0; block < m->num_blocks; block++)
		check_find(m, block, UINT64_MAX);
	num_dirty += m->has_dirty_inode + m->has_dirty_group[0] + m->has_dirty_group[1] + m->has_dirty_table[0] +
		     m->has_dirty_table[1];
	num_dirty += m->map.num_leaves > 4 && m->map.num_leaves > m->num_leaves_at_commit;
	assert_int_equal(file_map_dirty_metadata_blocks(&m->map), num_dirty);
}

static void commit_both(model *m)
{
	file_map_committed(&m->map);
	assert_int_equal(file_map_dirty_metadata_blocks(&m->map), 0);
	memset(m->has_dirty_group, 0, sizeof(m->has_dirty_group));
	memset(m->has_dirty_table, 0, sizeof(m->has_dirty_table));
	m->has_dirty_inode = false;
	m->num_leaves_at_commit = m->map.num_leaves;
}

/* Makes about half of the layout's blocks unwritten, so that extents of both kinds touch. */
static void unwrite(disk_layout *layout, rng_stream *rng)
{
	extent *written = malloc((layout->num_blocks + 1) * sizeof(extent));
	size_t num_written = 0;

	layout->unwritten = malloc((layout->num_blocks + 1) * sizeof(extent));
	assert_true(written != NULL && layout->unwritten != NULL);
	for (size_t i = 0; i < layout->num_extents; i++) {
		extent left = layout->extents[i];

		while (left.num_blocks > 0) {
			extent part = left;

			part.num_blocks = 1 + rng_uniform_u64(rng, left.num_blocks);
			if (rng_chance(rng, 1, 2))
				layout->unwritten[layout->num_unwritten++] = part;
			else
				written[num_written++] = part;
			left.logical_block += part.num_blocks;
			left.physical_block += part.num_blocks;
			left.num_blocks -= part.num_blocks;
		}
	}
	free(layout->extents);
	layout->extents = written;
	layout->num_extents = num_written;
}

/* The disk as laid out; the arena lies across a border of groups and of their descriptors' blocks. Returns how many blocks of
 * unwritten extents were written. */
static uint64_t follow(const disk_config *disk, bool has_unwritten, uint64_t num_arena_blocks, int num_operations,
		       uint64_t seed)
{
	model *m = calloc(1, sizeof(*m));
	host_fs_pieces pieces = { 0 };
	disk_layout layout;
	uint64_t num_converted;

	assert_non_null(m);
	m->rng = rng_open(seed, "file_map", num_arena_blocks);
	assert_int_equal(disk_layout_init(&layout, disk, 100, seed, 1, NULL), NESCSIM_OK);
	m->num_blocks = (uint64_t)disk->num_bytes / TREE_BLOCK_BYTES;
	m->num_arena_blocks = num_arena_blocks;
	m->first_arena_block = 64 * GROUP - num_arena_blocks / 3;
	if (has_unwritten)
		unwrite(&layout, &m->rng);
	for (uint64_t i = 0; i <= m->num_blocks; i++)
		m->physical[i] = m->unwritten[i] = HOLE;
	for (size_t i = 0; i < layout.num_unwritten; i++)
		for (uint64_t j = 0; j < layout.unwritten[i].num_blocks; j++)
			m->unwritten[layout.unwritten[i].logical_block + j] = layout.unwritten[i].physical_block + j;
	for (size_t i = 0; i < layout.num_extents; i++)
		for (uint64_t j = 0; j < layout.extents[i].num_blocks; j++)
			m->physical[layout.extents[i].logical_block + j] = layout.extents[i].physical_block + j;
	assert_int_equal(file_map_init(&m->map, &layout, m->first_arena_block, num_arena_blocks), NESCSIM_OK);
	disk_layout_fini(&layout); /* it was copied */
	m->num_leaves_at_commit = m->map.num_leaves;
	for (int i = 0; i < num_operations; i++) {
		allocate_both(m, &pieces);
		check_find(m, rng_uniform_u64(&m->rng, m->num_blocks), 1 + rng_uniform_u64(&m->rng, 20));
		if (m->num_blocks < 200 || i % 50 == 0)
			check_all(m);
		if (rng_chance(&m->rng, 1, 40))
			commit_both(m);
	}
	check_all(m);
	assert_true(m->num_taken > 0);
	assert_true(m->num_refused > 0 || num_arena_blocks == m->num_blocks);
	num_converted = m->num_converted;
	host_fs_pieces_fini(&pieces);
	file_map_fini(&m->map);
	free(m);
	return num_converted;
}

static void small_files_equal_their_table(void **state)
{
	disk_map_fragmented map = { .min_extent_bytes = 1024, .max_extent_bytes = 9216, .hole_percent = 60 };
	const disk_config lazy = { .num_bytes = 61 * 1024, .map = { .index = DISK_MAP_LAZY } };
	const disk_config mixed = { .num_bytes = 130 * 1024, .map = { .index = DISK_MAP_FRAGMENTED, .params = &map } };

	uint64_t num_converting = 0;

	(void)state;
	for (uint64_t seed = 1; seed <= 100; seed++) {
		assert_int_equal(follow(&lazy, false, seed % 2 == 0 ? 61 : 40, 60, seed), 0);
		assert_int_equal(follow(&mixed, false, seed % 2 == 0 ? 130 : 17, 60, seed), 0);
		num_converting += follow(&mixed, true, seed % 2 == 0 ? 130 : 17, 60, seed) > 0;
	}
	/* In few of them all extents are drawn as written. */
	assert_in_range(num_converting, 90, 100);
}

/* Many leaves: a thousand extents and more. */
static void large_files_equal_their_table(void **state)
{
	disk_map_fragmented map = { .min_extent_bytes = 1024, .max_extent_bytes = 4096, .hole_percent = 50 };
	const disk_config lazy = { .num_bytes = MAX_BLOCKS * 1024, .map = { .index = DISK_MAP_LAZY } };
	const disk_config mixed = { .num_bytes = MAX_BLOCKS * 1024,
				    .map = { .index = DISK_MAP_FRAGMENTED, .params = &map } };

	(void)state;
	for (uint64_t seed = 1; seed <= 4; seed++) {
		assert_int_equal(follow(&lazy, false, MAX_BLOCKS, 4000, seed), 0);
		assert_int_equal(follow(&mixed, false, MAX_BLOCKS - 5000 * (seed % 2), 3000, seed), 0);
		assert_true(follow(&mixed, true, MAX_BLOCKS - 5000 * (seed % 2), 3000, seed) > 0);
	}
}

/* ---- Small stories ---- */

static file_map open_lazy(uint64_t num_blocks, uint64_t first_arena_block, uint64_t num_arena_blocks)
{
	const disk_layout layout = { .num_bytes = num_blocks * TREE_BLOCK_BYTES };
	file_map map;

	assert_int_equal(file_map_init(&map, &layout, first_arena_block, num_arena_blocks), NESCSIM_OK);
	return map;
}

static void check_piece(const host_fs_piece *piece, uint64_t logical, uint64_t physical, uint64_t num)
{
	assert_int_equal(piece->logical_block, logical);
	assert_int_equal(piece->physical_block, physical);
	assert_int_equal(piece->num_blocks, num);
}

/* Block 5 alone gets 4 ... 7; the disk's last block, 9, gets 8 and 9 behind them. */
static void holes_are_filled_by_whole_filesystem_blocks(void **state)
{
	file_map map = open_lazy(10, 1000, 100);
	host_fs_pieces pieces = { 0 };

	(void)state;
	assert_int_equal(file_map_allocate(&map, 5, 1, &pieces), HOST_FS_OK);
	assert_int_equal(file_map_allocate(&map, 9, 1, &pieces), HOST_FS_OK);
	assert_int_equal(file_map_allocate(&map, 4, 6, &pieces), HOST_FS_OK); /* an overwrite */
	assert_int_equal(pieces.num, 2);
	check_piece(&pieces.items[0], 4, 1000, 4);
	check_piece(&pieces.items[1], 8, 1004, 2);
	assert_int_equal(file_map_find(&map, 4, 100).num_blocks, 6);
	assert_false(file_map_find(&map, 3, 100).is_mapped);
	host_fs_pieces_fini(&pieces);
	file_map_fini(&map);
}

/* Two streams in turn: an arena does not know which blocks will be wanted together. One alone lies in order. */
static void blocks_are_handed_out_in_order(void **state)
{
	file_map map = open_lazy(1000, 5000, 1000);
	host_fs_pieces pieces = { 0 };

	(void)state;
	assert_int_equal(file_map_allocate(&map, 0, 8, &pieces), HOST_FS_OK);
	assert_int_equal(file_map_allocate(&map, 500, 8, &pieces), HOST_FS_OK);
	assert_int_equal(file_map_allocate(&map, 8, 8, &pieces), HOST_FS_OK);
	assert_int_equal(file_map_allocate(&map, 16, 4, &pieces), HOST_FS_OK);
	assert_int_equal(file_map_allocate(&map, 504, 16, &pieces), HOST_FS_OK); /* half of it is there */
	assert_int_equal(pieces.num, 5);
	check_piece(&pieces.items[1], 500, 5008, 8);
	check_piece(&pieces.items[2], 8, 5016, 8);
	check_piece(&pieces.items[3], 16, 5024, 4);
	check_piece(&pieces.items[4], 508, 5028, 12);
	assert_int_equal(file_map_find(&map, 0, 100).num_blocks, 8);
	assert_int_equal(file_map_find(&map, 8, 100).num_blocks, 12);
	host_fs_pieces_fini(&pieces);
	file_map_fini(&map);
}

static void too_little_space_changes_nothing(void **state)
{
	file_map map = open_lazy(100, 5000, 10), none = open_lazy(100, 0, 0);
	host_fs_pieces pieces = { 0 };

	(void)state;
	assert_int_equal(file_map_allocate(&map, 0, 12, &pieces), HOST_FS_NO_SPACE);
	assert_int_equal(file_map_dirty_metadata_blocks(&map), 0);
	assert_int_equal(file_map_find(&map, 0, 100).num_blocks, 100);
	assert_int_equal(file_map_allocate(&map, 0, 8, &pieces), HOST_FS_OK);
	assert_int_equal(file_map_allocate(&map, 8, 1, &pieces), HOST_FS_NO_SPACE); /* widened to 4, 2 are left */
	assert_int_equal(file_map_allocate(&none, 99, 1, &pieces), HOST_FS_NO_SPACE);
	assert_int_equal(pieces.num, 1);
	host_fs_pieces_fini(&pieces);
	file_map_fini(&map);
	file_map_fini(&none);
}

/* Blocks 0 ... 39 lie at 1000 on, of which 8 ... 31 were never written. A write into their middle takes the blocks that are
 * set aside there; the arena keeps its own. */
static void an_unwritten_extent_keeps_its_blocks(void **state)
{
	extent written[] = { { .physical_block = 1000, .num_blocks = 8 },
			     { .logical_block = 32, .physical_block = 1032, .num_blocks = 8 } };
	extent unwritten = { .logical_block = 8, .physical_block = 1008, .num_blocks = 24 };
	const disk_layout layout = { .num_bytes = 48 * TREE_BLOCK_BYTES,
				     .extents = written,
				     .num_extents = 2,
				     .unwritten = &unwritten,
				     .num_unwritten = 1 };
	host_fs_pieces pieces = { 0 };
	file_map map;

	(void)state;
	assert_int_equal(file_map_init(&map, &layout, 2000, 8), NESCSIM_OK);
	assert_false(file_map_find(&map, 8, 100).is_mapped);
	assert_int_equal(file_map_find(&map, 8, 100).num_blocks, 24);
	assert_int_equal(file_map_allocate(&map, 17, 2, &pieces), HOST_FS_OK);
	assert_int_equal(pieces.num, 1);
	check_piece(&pieces.items[0], 16, 1016, 4);
	assert_true(pieces.items[0].was_set_aside);
	/* The inode, which holds four extents, and the leaf that the five of now need. No bitmap, no descriptor. */
	assert_int_equal(file_map_dirty_metadata_blocks(&map), 2);
	file_map_committed(&map);
	/* What is joined to its neighbours needs no extent of its own; a hole behind it all is filled from the arena. */
	pieces.num = 0;
	assert_int_equal(file_map_allocate(&map, 8, 40, &pieces), HOST_FS_OK);
	assert_int_equal(pieces.num, 3);
	check_piece(&pieces.items[0], 8, 1008, 8);
	check_piece(&pieces.items[1], 20, 1020, 12);
	check_piece(&pieces.items[2], 40, 2000, 8);
	assert_false(pieces.items[2].was_set_aside);
	assert_int_equal(file_map_find(&map, 0, 100).num_blocks, 40);
	assert_int_equal(map.leaves[0].num_extents, 2);
	/* Inode, leaf, one bitmap, one block of descriptors. */
	assert_int_equal(file_map_dirty_metadata_blocks(&map), 4);
	host_fs_pieces_fini(&pieces);
	file_map_fini(&map);
}

/* Without a block in the arena unwritten extents can still be written, holes cannot. */
static void a_full_medium_refuses_holes_only(void **state)
{
	extent unwritten = { .logical_block = 4, .physical_block = 100, .num_blocks = 4 };
	const disk_layout layout = { .num_bytes = 8 * TREE_BLOCK_BYTES, .unwritten = &unwritten, .num_unwritten = 1 };
	host_fs_pieces pieces = { 0 };
	file_map map;

	(void)state;
	assert_int_equal(file_map_init(&map, &layout, 200, 0), NESCSIM_OK);
	assert_int_equal(file_map_allocate(&map, 2, 4, &pieces), HOST_FS_NO_SPACE);
	assert_int_equal(pieces.num, 0);
	assert_int_equal(file_map_dirty_metadata_blocks(&map), 0);
	assert_int_equal(file_map_allocate(&map, 4, 1, &pieces), HOST_FS_OK);
	assert_int_equal(pieces.num, 1);
	check_piece(&pieces.items[0], 4, 100, 4);
	host_fs_pieces_fini(&pieces);
	file_map_fini(&map);
}

/* Fills every second filesystem block from number `first` to `limit`, each an extent of its own. */
static void fill_every_second(file_map *map, uint64_t first, uint64_t limit)
{
	host_fs_pieces pieces = { 0 };

	for (uint64_t i = first; i < limit; i++)
		assert_int_equal(file_map_allocate(map, 8 * i, 4, &pieces), HOST_FS_OK);
	host_fs_pieces_fini(&pieces);
}

/* Inode, bitmap and descriptors, then leaves and an index. */
static void metadata_is_what_an_allocation_dirties(void **state)
{
	file_map map = open_lazy(100000, 0, 100000);

	(void)state;
	assert_int_equal(file_map_dirty_metadata_blocks(&map), 0);
	fill_every_second(&map, 0, 4);
	assert_int_equal(file_map_dirty_metadata_blocks(&map), 3);
	fill_every_second(&map, 4, 5); /* the inode is full: a leaf */
	assert_int_equal(file_map_dirty_metadata_blocks(&map), 4);
	file_map_committed(&map);
	fill_every_second(&map, 0, 5); /* overwritten */
	assert_int_equal(file_map_dirty_metadata_blocks(&map), 0);
	fill_every_second(&map, 5, 340);
	assert_int_equal(map.num_leaves, 1);
	assert_int_equal(file_map_dirty_metadata_blocks(&map), 4);
	file_map_committed(&map);
	fill_every_second(&map, 340, 341); /* a new leaf beside the full one */
	assert_int_equal(map.num_leaves, 2);
	assert_int_equal(file_map_dirty_metadata_blocks(&map), 5);
	fill_every_second(&map, 341, 4 * 340);
	file_map_committed(&map);
	fill_every_second(&map, 4 * 340, 4 * 340 + 1); /* the fifth leaf: an index block too */
	assert_int_equal(map.num_leaves, 5);
	assert_int_equal(file_map_dirty_metadata_blocks(&map), 6);
	file_map_committed(&map);
	fill_every_second(&map, 4 * 340 + 1, 4 * 340 + 2);
	assert_int_equal(file_map_dirty_metadata_blocks(&map), 4);
	file_map_fini(&map);
}

/* 339 extents behind a hole: those move when the 341st comes in front of them. */
static void a_full_leaf_is_split_behind_the_new_extent(void **state)
{
	file_map map = open_lazy(100000, 0, 100000);

	(void)state;
	fill_every_second(&map, 0, 1);
	fill_every_second(&map, 10, 349);
	assert_int_equal(map.num_leaves, 1);
	file_map_committed(&map);
	fill_every_second(&map, 5, 6);
	assert_int_equal(map.num_leaves, 2);
	assert_int_equal(map.leaves[0].num_extents, 2);
	assert_int_equal(map.leaves[1].num_extents, 339);
	assert_int_equal(map.leaves[1].first_block, 80);
	assert_int_equal(file_map_dirty_metadata_blocks(&map), 5);
	file_map_fini(&map);
}

/* 50 GiB at once: 400 extents of 128 MiB, all its groups and their descriptors. */
static void a_large_allocation_takes_many_extents(void **state)
{
	file_map map = open_lazy(1000 * GROUP, 64 * GROUP, 400 * GROUP);
	host_fs_pieces pieces = { 0 };

	(void)state;
	assert_int_equal(file_map_allocate(&map, 0, 400 * GROUP, &pieces), HOST_FS_OK);
	assert_int_equal(pieces.num, 1);
	assert_int_equal(map.num_leaves, 2);
	assert_int_equal(map.leaves[1].first_block, 340 * GROUP);
	assert_int_equal(file_map_dirty_metadata_blocks(&map), 1 + 400 + 7 + 2);
	file_map_committed(&map);
	assert_int_equal(file_map_allocate(&map, 400 * GROUP, 4, &pieces), HOST_FS_NO_SPACE);
	host_fs_pieces_fini(&pieces);
	file_map_fini(&map);
}

/* A laid out file begins with full leaves. */
static void a_long_file_has_leaves_from_the_start(void **state)
{
	extent whole = { .physical_block = 0, .num_blocks = 700 * GROUP };
	const disk_layout layout = { .num_bytes = 800 * GROUP * TREE_BLOCK_BYTES,
				     .extents = &whole,
				     .num_extents = 1,
				     .num_blocks = 700 * GROUP };
	host_fs_pieces pieces = { 0 };
	file_map map;

	(void)state;
	assert_int_equal(file_map_init(&map, &layout, 1000 * GROUP, 8), NESCSIM_OK);
	assert_int_equal(map.num_leaves, 3);
	assert_int_equal(map.leaves[1].first_block, 340 * GROUP);
	assert_int_equal(map.leaves[2].num_extents, 20);
	assert_int_equal(file_map_allocate(&map, 750 * GROUP, 4, &pieces), HOST_FS_OK);
	assert_int_equal(map.leaves[2].num_extents, 21);
	assert_int_equal(file_map_dirty_metadata_blocks(&map), 4);
	host_fs_pieces_fini(&pieces);
	file_map_fini(&map);
}

static void misuse_is_an_assertion(void **state)
{
	extent e = { .physical_block = 20, .num_blocks = 10 };
	const disk_layout layout = { .num_bytes = 10240, .extents = &e, .num_extents = 1, .num_blocks = 10 };
	file_map map = open_lazy(100, 0, 100), other;
	host_fs_pieces pieces = { 0 };

	(void)state;
	assert_aborts((void)file_map_init(&other, &layout, 29, 1));
	assert_aborts((void)file_map_init(&other, &layout, 30, UINT64_MAX));
	assert_aborts((void)file_map_find(&map, 100, 1));
	assert_aborts((void)file_map_find(&map, 0, 0));
	assert_aborts((void)file_map_allocate(&map, 0, 0, &pieces));
	assert_aborts((void)file_map_allocate(&map, 99, 2, &pieces));
	file_map_fini(&map);
}

/* ---- Arenas ---- */

static disk_config disk_of(int64_t kib, int kind, const char *file)
{
	return (disk_config){ .num_bytes = kib * 1024, .map = { .index = kind }, .file = file };
}

static storage_plan plan_of(const disk_config *const *disks, uint32_t num_vms)
{
	storage_plan plan;

	assert_int_equal(storage_plan_init(&plan, disks, num_vms, 1, NULL), NESCSIM_OK);
	return plan;
}

static void check_arena(const storage_plan *plan, uint64_t medium_file_blocks, uint32_t vm, uint64_t first,
			uint64_t num)
{
	uint64_t first_block = HOLE, num_blocks = HOLE;

	file_map_arena(plan, medium_file_blocks, vm, &first_block, &num_blocks);
	assert_int_equal(num_blocks, num);
	assert_true(num == 0 || first_block == first);
}

/* Laid out: 10 and 11 blocks. 24 ... 1023 are divided in two, 24 ... 1021 too; 24 ... 31 are one block each. */
static void disks_with_holes_get_equal_arenas(void **state)
{
	const disk_config a = disk_of(10, DISK_MAP_CONTIGUOUS, ""), b = disk_of(5000, DISK_MAP_LAZY, "");
	const disk_config c = disk_of(11, DISK_MAP_CONTIGUOUS, ""), *disks[] = { &a, &b, &c, &b };
	storage_plan plan = plan_of(disks, 4);

	(void)state;
	for (uint64_t medium_blocks = 1018; medium_blocks <= 1024; medium_blocks += 2) {
		const uint64_t num = medium_blocks >= 1024 ? 500 : 496;

		check_arena(&plan, medium_blocks, 1, 0, 0);
		check_arena(&plan, medium_blocks, 2, 24, num);
		check_arena(&plan, medium_blocks, 3, 0, 0);
		check_arena(&plan, medium_blocks, 4, 24 + num, num);
	}
	check_arena(&plan, 32, 4, 28, 4);
	check_arena(&plan, 31, 4, 0, 0);
	check_arena(&plan, 21, 2, 0, 0);
	assert_true(file_map_has_arenas(&plan));
	storage_plan_fini(&plan);
}

static void a_common_file_with_holes_has_no_arena(void **state)
{
	disk_config own = disk_of(10, DISK_MAP_LAZY, ""), whole = disk_of(10, DISK_MAP_CONTIGUOUS, "whole");
	disk_config common = disk_of(10, DISK_MAP_LAZY, "common"), twice = own;
	const disk_config *disks[] = { &own, &common, &whole, &whole, &common };
	storage_plan plan = plan_of(disks, 4);

	(void)state;
	assert_true(file_map_has_arenas(&plan)); /* what is common has no holes */
	storage_plan_fini(&plan);
	plan = plan_of(disks, 5);
	assert_false(file_map_has_arenas(&plan));
	storage_plan_fini(&plan);

	twice.append = (cfg_list){ .items = (disk_config[]){ common, common }, .num = 2 };
	disks[0] = &twice;
	plan = plan_of(disks, 1);
	assert_false(file_map_has_arenas(&plan));
	storage_plan_fini(&plan);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(small_files_equal_their_table),
		cmocka_unit_test(large_files_equal_their_table),
		cmocka_unit_test(holes_are_filled_by_whole_filesystem_blocks),
		cmocka_unit_test(blocks_are_handed_out_in_order),
		cmocka_unit_test(too_little_space_changes_nothing),
		cmocka_unit_test(an_unwritten_extent_keeps_its_blocks),
		cmocka_unit_test(a_full_medium_refuses_holes_only),
		cmocka_unit_test(metadata_is_what_an_allocation_dirties),
		cmocka_unit_test(a_full_leaf_is_split_behind_the_new_extent),
		cmocka_unit_test(a_large_allocation_takes_many_extents),
		cmocka_unit_test(a_long_file_has_leaves_from_the_start),
		cmocka_unit_test(misuse_is_an_assertion),
		cmocka_unit_test(disks_with_holes_get_equal_arenas),
		cmocka_unit_test(a_common_file_with_holes_has_no_arena),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
