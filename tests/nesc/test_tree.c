/* Does the tree in memory say of every block what the extents said, and does no byte pattern hurt the walker? */
#include <stdlib.h>
#include <string.h>

#include "base/cmocka_all.h"
#include "base/rng.h"
#include "nesc/tree.h"

#define ARENA_BYTES (UINT64_C(64) << 20)
#define MAX_EXTENTS 4000
#define MAX_BLOCKS 20000
#define NOT_MAPPED UINT64_MAX

static host_memory memory;

static int set_up(void **state)
{
	(void)state;
	return memory_init(&memory, HOST_MEMORY_BASE, ARENA_BYTES) != NESCSIM_OK;
}

static int tear_down(void **state)
{
	(void)state;
	memory_fini(&memory);
	return 0;
}

/* A table's word: the physical block and, from bit 60 on, the flags. */
#define FLAGS_SHIFT 60
#define PHYSICAL_MASK ((UINT64_C(1) << FLAGS_SHIFT) - 1)

/* A random sorted set over at most MAX_BLOCKS blocks; the table says where each block lies and with which flags. */
static size_t draw_extents(rng_stream *rng, extent *extents, uint64_t *table, uint64_t *num_blocks_out)
{
	size_t max_extents = 1 + rng_uniform_u64(rng, rng_chance(rng, 1, 8) ? MAX_EXTENTS : 200);
	uint64_t max_run = 1 + rng_uniform_u64(rng, 12), max_gap = rng_uniform_u64(rng, 6);
	uint64_t block = 0, physical_block = 0;
	uint32_t flags = 0;
	size_t num_extents = 0;

	while (num_extents < max_extents) {
		uint64_t gap = rng_uniform_u64(rng, max_gap + 1);
		uint64_t num_blocks = 1 + rng_uniform_u64(rng, max_run);

		if (block + gap + num_blocks > MAX_BLOCKS)
			break;
		for (uint64_t i = 0; i < gap; i++)
			table[block++] = NOT_MAPPED;
		if (rng_chance(rng, 2, 3)) /* otherwise it continues the one before on the medium */
			physical_block = rng_uniform_u64(rng, UINT64_C(1) << 40);
		if (rng_chance(rng, 1, 4))
			flags ^= EXTENT_READ_ONLY;
		extents[num_extents++] = (extent){ block, physical_block, num_blocks, flags };
		for (uint64_t i = 0; i < num_blocks; i++)
			table[block++] = physical_block++ | (uint64_t)flags << FLAGS_SHIFT;
	}
	*num_blocks_out = block;
	return num_extents;
}

static size_t count_merged(const extent *extents, size_t num_extents)
{
	size_t num_merged = 0;

	for (size_t i = 0; i < num_extents; i++) {
		const extent *before = i > 0 ? &extents[i - 1] : NULL;

		num_merged += !before || before->logical_block + before->num_blocks != extents[i].logical_block ||
			      before->physical_block + before->num_blocks != extents[i].physical_block ||
			      before->flags != extents[i].flags;
	}
	return num_merged;
}

static uint64_t nodes_for(uint64_t num_entries, uint32_t fan_out)
{
	uint64_t num_nodes = 1;

	while (num_entries > fan_out) {
		num_entries = (num_entries + fan_out - 1) / fan_out;
		num_nodes += num_entries;
	}
	return num_nodes;
}

/* The answer and the range it is said to hold for, against the table. */
static void check_block(uint32_t node_bytes, uint64_t root, const uint64_t *table, uint64_t num_blocks, uint64_t block,
			uint32_t depth)
{
	tree_answer answer;
	uint32_t num_nodes;
	tree_outcome outcome = tree_lookup(&memory, node_bytes, root, block, &answer, &num_nodes);
	uint64_t expected = block < MAX_BLOCKS && block < num_blocks ? table[block] : NOT_MAPPED;
	uint64_t limit = answer.limit_block < num_blocks ? answer.limit_block : num_blocks;

	assert_true(answer.first_block <= block && block < answer.limit_block);
	if (expected == NOT_MAPPED) {
		assert_int_equal(outcome, TREE_HOLE);
		assert_true(num_nodes <= depth);
		/* The hole is known to its very ends: nothing but the two neighbouring extents limits it. */
		for (uint64_t i = answer.first_block; i < limit; i++)
			assert_true(table[i] == NOT_MAPPED);
		assert_true(answer.first_block == 0 || table[answer.first_block - 1] != NOT_MAPPED);
		if (answer.limit_block < num_blocks)
			assert_true(table[answer.limit_block] != NOT_MAPPED);
		return;
	}
	assert_int_equal(outcome, TREE_EXTENT);
	assert_int_equal(num_nodes, depth);
	assert_true(answer.extent.physical_block + (block - answer.extent.logical_block) == (expected & PHYSICAL_MASK));
	assert_true(answer.extent.flags == expected >> FLAGS_SHIFT);
	assert_true(answer.first_block == answer.extent.logical_block);
	assert_true(answer.limit_block == answer.extent.logical_block + answer.extent.num_blocks);
	for (uint64_t i = answer.first_block; i < limit; i++)
		assert_true((table[i] & PHYSICAL_MASK) == answer.extent.physical_block + (i - answer.first_block));
}

static void random_trees_equal_their_table(void **state)
{
	static extent extents[MAX_EXTENTS];
	static uint64_t table[MAX_BLOCKS];
	rng_stream rng = rng_open(1, "tree", 0);
	uint32_t max_depth = 0;

	(void)state;
	for (int round = 0; round < 2000; round++) {
		uint32_t node_bytes = UINT32_C(128) << rng_uniform_u64(&rng, 6);
		uint32_t capacity = tree_capacity(node_bytes);
		uint32_t max_entries = rng_chance(&rng, 1, 2) ? 0 : 2 + (uint32_t)rng_uniform_u64(&rng, capacity - 1);
		uint32_t fan_out = max_entries ? max_entries : capacity;
		uint64_t num_blocks;
		size_t num_extents = draw_extents(&rng, extents, table, &num_blocks);
		size_t num_merged = count_merged(extents, num_extents);
		uint32_t depth = tree_depth_for(num_merged, fan_out);
		uint64_t root;

		assert_int_equal(tree_find_bad_extent(extents, num_extents), num_extents);
		root = tree_build(&memory, node_bytes, max_entries, extents, num_extents);
		assert_true(root != 0 && root % node_bytes == 0);
		assert_int_equal(tree_depth(&memory, node_bytes, root), depth);
		assert_true(tree_num_nodes(&memory, node_bytes, root) == nodes_for(num_merged, fan_out));
		assert_true(memory.used_bytes == nodes_for(num_merged, fan_out) * node_bytes);
		for (uint64_t block = 0; block < num_blocks + 3; block++)
			check_block(node_bytes, root, table, num_blocks, block, depth);
		check_block(node_bytes, root, table, num_blocks, TREE_MAX_BLOCK - 1, depth);
		max_depth = depth > max_depth ? depth : max_depth;
		tree_free(&memory, node_bytes, root);
		assert_true(memory.used_bytes == 0 && memory.num_free == 1);
	}
	assert_true(max_depth >= 6);
}

static void depth_and_bytes_are_the_documented_ones(void **state)
{
	static extent extents[401];
	tree_answer answer;
	uint32_t num_nodes;
	uint64_t root;
	const uint8_t *node;

	(void)state;
	assert_int_equal(tree_capacity(128), 4);
	assert_int_equal(tree_capacity(512), 20);
	assert_int_equal(tree_capacity(4096), 170);
	for (uint32_t i = 0; i < 401; i++)
		extents[i] = (extent){ 10 * i + 5, 1000 + 20 * i, 3, i % 2 ? EXTENT_READ_ONLY : 0 };

	root = tree_build(&memory, 512, 0, extents, 400); /* 20 leaves of 20: exactly full */
	assert_int_equal(tree_depth(&memory, 512, root), 2);
	node = memory_at(&memory, root, 512);
	assert_memory_equal(node, "NeSC\0\0\x14\0\0\0\0\0\0\0\0\0", 16);
	assert_true(le64_load(node + 16 + 24) == 205); /* entry 1: extents 20 ... 39 */
	assert_int_equal(le32_load(node + 16 + 24 + 16), 395 + 3 - 205);
	node = memory_at(&memory, le64_load(node + 16 + 24 + 8), 512);
	assert_memory_equal(node, "NeSC\1\0\x14\0\0\0\0\0\0\0\0\0", 16);
	/* entry 1: block 215 lies at 1420 and is read-only */
	assert_memory_equal(node + 16 + 24, "\xd7\0\0\0\0\0\0\0\x8c\5\0\0\0\0\0\0\3\0\0\0\1\0\0\0", 24);
	assert_int_equal(tree_lookup(&memory, 512, root, 203, &answer, &num_nodes), TREE_HOLE);
	assert_int_equal(num_nodes, 1); /* between two leaves: the root knows */
	assert_true(answer.first_block == 198 && answer.limit_block == 205);
	tree_free(&memory, 512, root);

	root = tree_build(&memory, 512, 0, extents, 401);
	assert_int_equal(tree_depth(&memory, 512, root), 3);
	tree_free(&memory, 512, root);
	root = tree_build(&memory, 512, 2, extents, 400);
	assert_int_equal(tree_depth(&memory, 512, root), 9); /* 2^9 = 512 */
	tree_free(&memory, 512, root);

	root = tree_build(&memory, 512, 0, NULL, 0);
	assert_int_equal(tree_depth(&memory, 512, root), 1);
	assert_int_equal(tree_lookup(&memory, 512, root, 7, &answer, NULL), TREE_HOLE);
	assert_true(answer.first_block == 0 && answer.limit_block == TREE_MAX_BLOCK);
	assert_int_equal(tree_lookup(&memory, 512, root, TREE_MAX_BLOCK, &answer, NULL), TREE_HOLE);
	assert_int_equal(tree_lookup(&memory, 512, root, UINT64_MAX, &answer, NULL), TREE_HOLE);
	tree_free(&memory, 512, root);
	tree_free(&memory, 512, 0);
	assert_true(memory.used_bytes == 0);
}

static void long_extents_are_split_and_wide_pointers_saturate(void **state)
{
	const uint64_t max_run = UINT32_MAX;
	const extent extents[] = {
		{ 100, UINT64_C(1) << 50, 3 * max_run + 7, 0 },
		{ UINT64_C(1) << 45, 5, max_run, 0 },
		{ (UINT64_C(1) << 45) + max_run, 5 + max_run, 1, 0 }, /* merged, then split again */
		{ UINT64_C(1) << 46, 5, 1, 0 },
		{ TREE_MAX_BLOCK - 2, TREE_MAX_BLOCK - 2, 2, 0 },
	};
	const uint64_t probes[][2] = {
		/* block, pLBA */
		{ 0, NOT_MAPPED },
		{ 99, NOT_MAPPED },
		{ 100, UINT64_C(1) << 50 },
		{ 99 + max_run, (UINT64_C(1) << 50) + max_run - 1 },
		{ 100 + max_run, (UINT64_C(1) << 50) + max_run },
		{ 100 + 3 * max_run + 6, (UINT64_C(1) << 50) + 3 * max_run + 6 },
		{ 100 + 3 * max_run + 7, NOT_MAPPED },
		{ (UINT64_C(1) << 45) - 1, NOT_MAPPED },
		{ (UINT64_C(1) << 45) + max_run, 5 + max_run },
		{ (UINT64_C(1) << 45) + max_run + 1, NOT_MAPPED },
		{ UINT64_C(1) << 46, 5 },
		{ (UINT64_C(1) << 46) + 1, NOT_MAPPED },
		{ TREE_MAX_BLOCK - 3, NOT_MAPPED },
		{ TREE_MAX_BLOCK - 1, TREE_MAX_BLOCK - 1 },
	};

	(void)state;
	for (uint32_t fan_out = 2; fan_out <= 5; fan_out++) {
		uint64_t root = tree_build(&memory, 256, fan_out, extents, 5);

		assert_int_equal(tree_depth(&memory, 256, root), tree_depth_for(8, fan_out));
		for (size_t i = 0; i < sizeof(probes) / sizeof(probes[0]); i++) {
			tree_answer answer;
			tree_outcome outcome = tree_lookup(&memory, 256, root, probes[i][0], &answer, NULL);

			assert_int_equal(outcome, probes[i][1] == NOT_MAPPED ? TREE_HOLE : TREE_EXTENT);
			assert_true(answer.first_block <= probes[i][0] && probes[i][0] < answer.limit_block);
			if (outcome == TREE_EXTENT)
				assert_true(answer.extent.physical_block + probes[i][0] - answer.extent.logical_block ==
					    probes[i][1]);
		}
		tree_free(&memory, 256, root);
	}
	assert_true(memory.used_bytes == 0);
}

static void bad_extents_are_found(void **state)
{
	const extent sets[][2] = {
		{ { 0, 0, 0, 0 }, { 5, 5, 5, 0 } },
		{ { 0, 0, 5, 0 }, { 4, 9, 1, 0 } },
		{ { 9, 0, 5, 0 }, { 4, 9, 1, 0 } },
		{ { 0, 0, 5, 0 }, { TREE_MAX_BLOCK, 9, 1, 0 } },
		{ { 0, 0, 5, 0 }, { 8, TREE_MAX_BLOCK, 1, 0 } },
		{ { 0, 0, 5, 0 }, { 8, 0, UINT64_MAX, 0 } },
		{ { 0, 0, 5, 0 }, { UINT64_MAX, UINT64_MAX, 2, 0 } },
		{ { 0, 0, 5, 0 }, { 5, 0, TREE_MAX_BLOCK - 5, EXTENT_READ_ONLY } },
		{ { 0, 0, 5, EXTENT_READ_ONLY }, { 5, 0, 5, 2 } },
	};
	const size_t bad[] = { 0, 1, 1, 1, 1, 1, 1, 2, 1 };

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(tree_find_bad_extent(sets[i], 2), bad[i]);
	assert_int_equal(tree_find_bad_extent(NULL, 0), 0);
}

static void an_exhausted_memory_is_left_as_it_was(void **state)
{
	static extent extents[300];
	host_memory small;
	bool was_built = false;

	(void)state;
	for (uint32_t i = 0; i < 300; i++)
		extents[i] = (extent){ 2 * i, 7 * i, 1, 0 };
	assert_int_equal(memory_init(&small, HOST_MEMORY_BASE, 65536), NESCSIM_OK);
	/* Take away ever less, so that the build fails at every node in turn. */
	for (uint64_t free_bytes = 0; free_bytes <= 16384; free_bytes += 128) {
		uint64_t taken = memory_alloc(&small, 65536 - free_bytes, 1);
		uint64_t root = tree_build(&small, 128, 0, extents, 300);

		assert_true((root != 0) == (free_bytes >= nodes_for(300, 4) * 128));
		was_built |= root != 0;
		tree_free(&small, 128, root);
		memory_free(&small, taken, 65536 - free_bytes);
		assert_true(small.used_bytes == 0 && small.num_free == 1);
	}
	assert_true(was_built);
	memory_fini(&small);
}

/* A two-level tree of two leaves, in which single fields are then broken. */
static void every_broken_field_is_noticed(void **state)
{
	const extent extents[] = {
		{ 10, 100, 5, 0 }, { 20, 200, 5, 0 }, { 30, 300, 5, 0 }, { 40, 400, 5, 0 }, { 50, 500, 5, 0 }
	};
	const struct {
		uint32_t offset, bytes;
		uint64_t value;
		bool in_leaf;
	} cases[] = {
		{ 0, 4, 0, false },
		{ 0, 4, 0x4353654f, true }, /* magic */
		{ 4, 2, 2, false },
		{ 4, 2, 0xffff, true }, /* kind */
		{ 6, 2, 5, false },
		{ 6, 2, 0xffff, true }, /* more entries than fit */
		{ 16 + 16, 4, 0, false },
		{ 16 + 16, 4, 0, true }, /* an entry that covers nothing */
		{ 16 + 16, 4, 100, false },
		{ 16 + 16, 4, 11, true }, /* reaches into its neighbour */
		{ 16 + 8, 8, 64, false },
		{ 16 + 8, 8, UINT64_C(1) << 63, false }, /* unaligned child; outside */
		{ 16 + 8, 8, TREE_MAX_BLOCK - 4, true },
		{ 16 + 8, 8, UINT64_MAX, true }, /* beyond any medium */
		{ 16 + 20, 4, 2, true },
		{ 16 + 20, 4, UINT32_C(1) << 31, true }, /* flags that nobody knows */
		{ 16 + 20, 4, EXTENT_READ_ONLY, false }, /* they are an extent's */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint64_t root = tree_build(&memory, 128, 0, extents, 5), saved, leaf;
		uint8_t *at;
		tree_answer answer;
		uint8_t *node = memory_at(&memory, root, 128);

		leaf = le64_load(node + 16 + 8);
		if (cases[i].in_leaf)
			node = memory_at(&memory, leaf, 128);
		at = node + cases[i].offset;
		assert_int_equal(tree_lookup(&memory, 128, root, 12, &answer, NULL), TREE_EXTENT);
		saved = le64_load(at);
		if (cases[i].bytes == 2)
			le16_store(at, (uint16_t)cases[i].value);
		else if (cases[i].bytes == 4)
			le32_store(at, (uint32_t)cases[i].value);
		else
			le64_store(at, cases[i].value);
		if (tree_lookup(&memory, 128, root, 12, &answer, NULL) != TREE_CORRUPT)
			fail_msg("case %zu was not noticed", i);
		le64_store(at, saved);
		tree_free(&memory, 128, root);
	}
}

/* Nothing that a lower node claims reaches beyond what the nodes above it left over. */
static void answers_only_narrow(void **state)
{
	const extent extents[] = { { 100, 7, 50, 0 }, { TREE_MAX_BLOCK - 4, 0, 4, 0 } };
	uint64_t root = tree_build(&memory, 128, 0, extents, 2);
	uint8_t *node = memory_at(&memory, root, 128);
	tree_answer answer = { .first_block = 110, .limit_block = 120 };

	(void)state;
	assert_int_equal(tree_match(node, 128, 115, &answer), TREE_EXTENT);
	assert_true(answer.first_block == 110 && answer.limit_block == 120 && answer.extent.num_blocks == 50);
	answer = (tree_answer){ .first_block = 155, .limit_block = 160 };
	assert_int_equal(tree_match(node, 128, 157, &answer), TREE_HOLE);
	assert_true(answer.first_block == 155 && answer.limit_block == 160);

	assert_int_equal(tree_lookup(&memory, 128, root, TREE_MAX_BLOCK - 1, &answer, NULL), TREE_EXTENT);
	le32_store(node + 16 + 24 + 16, 5); /* one past the last block there can be */
	assert_int_equal(tree_lookup(&memory, 128, root, TREE_MAX_BLOCK - 1, &answer, NULL), TREE_CORRUPT);
	tree_free(&memory, 128, root);
}

static void a_loop_ends(void **state)
{
	const extent extents[] = {
		{ 0, 0, 9, 0 }, { 10, 20, 9, 0 }, { 20, 0, 9, 0 }, { 30, 0, 9, 0 }, { 40, 0, 9, 0 }
	};
	uint64_t root = tree_build(&memory, 128, 0, extents, 5), child;
	uint8_t *node = memory_at(&memory, root, 128);
	tree_answer answer;
	uint32_t num_nodes;

	(void)state;
	child = le64_load(node + 16 + 8);
	le64_store(node + 16 + 8, root);
	assert_int_equal(tree_lookup(&memory, 128, root, 0, &answer, &num_nodes), TREE_CORRUPT);
	assert_int_equal(num_nodes, TREE_MAX_DEPTH);
	assert_int_equal(tree_depth(&memory, 128, root), 0);
	assert_true(tree_num_nodes(&memory, 128, root) == 0);
	le64_store(node + 16 + 8, child);
	tree_free(&memory, 128, root);
}

/* Any bytes: random ones, and sound nodes with some bits flipped. What is answered must at least be consistent. */
static void no_bytes_hurt_the_matcher(void **state)
{
	static extent extents[170];
	rng_stream rng = rng_open(1, "fuzz", 0);
	uint64_t num_outcomes[TREE_CORRUPT + 1] = { 0 };

	(void)state;
	for (uint32_t i = 0; i < 170; i++)
		extents[i] = (extent){ 8 * i, 16 * i, 5, 0 };
	for (int round = 0; round < 200000; round++) {
		uint32_t node_bytes = UINT32_C(128) << rng_uniform_u64(&rng, 6);
		uint8_t *node = malloc(node_bytes); /* exactly so large that a sanitizer sees a byte too many */
		uint32_t num_entries = (uint32_t)rng_uniform_u64(&rng, tree_capacity(node_bytes) + 1);
		uint64_t block = rng_chance(&rng, 1, 8) ? rng_bits(&rng) >> rng_uniform_u64(&rng, 64)
							: rng_uniform_u64(&rng, 1400);
		tree_answer answer, before;
		tree_outcome outcome;

		assert_non_null(node);
		memset(node, 0, node_bytes);
		le32_store(node, TREE_MAGIC);
		le16_store(node + 4, (uint16_t)rng_uniform_u64(&rng, 2));
		le16_store(node + 6, (uint16_t)num_entries);
		for (uint32_t i = 0; i < num_entries; i++) {
			uint8_t *entry = node + 16 + 24 * i;

			le64_store(entry, extents[i].logical_block);
			le64_store(entry + 8, rng_chance(&rng, 1, 4) ? 0 : rng_uniform_u64(&rng, 1000) * node_bytes);
			le32_store(entry + 16, rng_chance(&rng, 1, 50) ? UINT32_MAX : 5);
		}
		if (rng_chance(&rng, 1, 10)) {
			for (uint32_t i = rng_chance(&rng, 1, 2) ? 0 : 8; i < node_bytes; i++)
				node[i] = (uint8_t)rng_bits(&rng);
		}
		for (uint64_t flips = rng_uniform_u64(&rng, 4) * rng_uniform_u64(&rng, 9); flips > 0; flips--)
			node[rng_uniform_u64(&rng, node_bytes)] ^= (uint8_t)(1 << rng_uniform_u64(&rng, 8));
		tree_start(&answer);
		before = answer;
		outcome = tree_match(node, node_bytes, block, &answer);
		num_outcomes[outcome]++;
		if (outcome == TREE_CORRUPT)
			assert_true(answer.first_block == before.first_block &&
				    answer.limit_block == before.limit_block);
		else if (block < TREE_MAX_BLOCK)
			assert_true(answer.first_block <= block && block < answer.limit_block &&
				    answer.limit_block <= TREE_MAX_BLOCK);
		else
			assert_int_equal(outcome, TREE_HOLE);
		if (outcome == TREE_EXTENT)
			assert_true(tree_find_bad_extent(&answer.extent, 1) == 1 &&
				    answer.first_block == answer.extent.logical_block &&
				    answer.limit_block == answer.first_block + answer.extent.num_blocks);
		if (outcome == TREE_CHILD)
			assert_true(answer.child_address != 0 && answer.child_address % node_bytes == 0);
		free(node);
	}
	for (int i = 0; i <= TREE_CORRUPT; i++)
		assert_true(num_outcomes[i] > 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_trees_equal_their_table),
		cmocka_unit_test(depth_and_bytes_are_the_documented_ones),
		cmocka_unit_test(long_extents_are_split_and_wide_pointers_saturate),
		cmocka_unit_test(bad_extents_are_found),
		cmocka_unit_test(an_exhausted_memory_is_left_as_it_was),
		cmocka_unit_test(every_broken_field_is_noticed),
		cmocka_unit_test(answers_only_narrow),
		cmocka_unit_test(a_loop_ends),
		cmocka_unit_test(no_bytes_hurt_the_matcher),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
