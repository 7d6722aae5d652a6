/* Do maps, trees and pool agree after whatever the hypervisor does to the files, and does it get what it asked for? */
#include "base/cmocka_all.h"

#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "host/host_fs.h"

#define NUM(array) (sizeof(array) / sizeof((array)[0]))
#define KIB INT64_C(1024)
#define MAX_VMS 8
#define MAX_FILE_BLOCKS 128
#define MAX_MEDIUM_BLOCKS 1024
#define NOT_MAPPED UINT64_MAX

/* ---- a filesystem to ask ---------------------------------------------------------------------------------------- */

/* What each test varies. */
typedef struct setting {
	const disk_config *const *disks; /* by VM - 1 */
	uint32_t num_vms;
	uint64_t num_free_blocks; /* beside those of the files at the start */
	int64_t alloc_kib, quota_kib, tree_bytes;
	int64_t node_bytes; /* 0: 128 */
	uint64_t seed;
} setting;

typedef struct world {
	hypervisor_config hypervisor;
	nesc_config nesc;
	storage_plan plan;
	host_memory memory;
	host_fs fs;
	host_fs_pieces pieces;
} world;

static void make_world(world *w, const setting *given)
{
	host_fs_config config = {
		.plan = &w->plan,
		.hypervisor = &w->hypervisor,
		.nesc = &w->nesc,
		.memory = &w->memory,
		.with_trees = true,
	};

	memset(w, 0, sizeof(*w));
	w->hypervisor.alloc_bytes = given->alloc_kib * KIB;
	w->hypervisor.quota_bytes = given->quota_kib * KIB;
	w->hypervisor.tree_bytes = given->tree_bytes;
	w->nesc.tree.node_bytes = given->node_bytes == 0 ? 128 : given->node_bytes;
	assert_int_equal(storage_plan_init(&w->plan, given->disks, given->num_vms, given->seed, NULL), NESCSIM_OK);
	assert_int_equal(memory_init(&w->memory, HOST_MEMORY_BASE, 4 << 20), NESCSIM_OK);
	config.num_blocks = w->plan.num_blocks + given->num_free_blocks;
	assert_int_equal(host_fs_init(&w->fs, &config), NESCSIM_OK);
}

static void free_world(world *w)
{
	host_fs_pieces_fini(&w->pieces);
	host_fs_fini(&w->fs);
	memory_fini(&w->memory);
	storage_plan_fini(&w->plan);
}

static tree_outcome look_up(const world *w, uint32_t vm, uint64_t block, tree_answer *answer)
{
	const host_fs_tree *tree = &w->fs.trees[w->fs.tree_of_vm[vm]];

	return tree_lookup(&w->memory, (uint32_t)w->nesc.tree.node_bytes, tree->root_address, block, answer, NULL);
}

/* Where the VM's tree says that the block lies; NOT_MAPPED in a hole. */
static uint64_t place_of(const world *w, uint32_t vm, uint64_t block)
{
	tree_answer answer;
	const tree_outcome outcome = look_up(w, vm, block, &answer);

	if (outcome == TREE_HOLE)
		return NOT_MAPPED;
	assert_int_equal(outcome, TREE_EXTENT);
	return answer.extent.physical_block + (block - answer.extent.logical_block);
}

static host_fs_outcome allocate(world *w, uint32_t vm, uint64_t first_block, uint64_t num_blocks)
{
	w->pieces.num = 0;
	return host_fs_allocate(&w->fs, vm, first_block, num_blocks, &w->pieces);
}

static void assert_piece(const world *w, size_t index, uint64_t logical_block, uint64_t num_blocks)
{
	assert_true(index < w->pieces.num);
	assert_int_equal(w->pieces.items[index].logical_block, logical_block);
	assert_int_equal(w->pieces.items[index].num_blocks, num_blocks);
}

static uint64_t num_free(const world *w)
{
	return block_pool_num_free(&w->fs.pool);
}

#define DISK(kib, its_map, ...) ((disk_config){ .num_bytes = (kib)*KIB, .map = { .index = its_map }, __VA_ARGS__ })
#define LAZY(kib, ...) DISK(kib, DISK_MAP_LAZY, __VA_ARGS__)
#define CONTIGUOUS(kib, ...) DISK(kib, DISK_MAP_CONTIGUOUS, __VA_ARGS__)

/* traces/extents/small.map: 128 blocks in 17 extents, 39 of them unwritten. */
static const disk_map_extents small_map = { .file = { .resolved = "traces/extents/small.map" } };
#define REAL(kib, ...)                                                                                 \
	((disk_config){ .num_bytes = (kib)*KIB,                                                        \
			.map = { .index = DISK_MAP_EXTENTS, .params = (void *)(uintptr_t)&small_map }, \
			__VA_ARGS__ })

/* ---- by hand ---------------------------------------------------------------------------------------------------- */

/* Units of 4 KiB from the start of the file, cut at its end (10 KiB). */
static void an_allocation_is_a_whole_unit(void **state)
{
	const disk_config disk = LAZY(10), *disks[] = { &disk };
	world w;

	(void)state;
	make_world(&w, &(setting){ .disks = disks, .num_vms = 1, .num_free_blocks = 100, .alloc_kib = 4 });
	assert_int_equal(allocate(&w, 1, 5, 1), HOST_FS_OK);
	assert_int_equal(w.pieces.num, 1);
	assert_piece(&w, 0, 4, 4);
	assert_int_equal(allocate(&w, 1, 9, 1), HOST_FS_OK);
	assert_int_equal(w.pieces.num, 1);
	assert_piece(&w, 0, 8, 2);
	assert_int_equal(num_free(&w), 94);
	for (uint64_t block = 0; block < 10; block++)
		assert_int_equal(place_of(&w, 1, block) == NOT_MAPPED, block < 4);
	free_world(&w);
}

/* Only what is a hole is mapped: 8 KiB around 4 KiB that are there already. */
static void an_allocation_leaves_what_is_mapped(void **state)
{
	const disk_config disk = LAZY(64), *disks[] = { &disk };
	uint64_t place;
	world w;

	(void)state;
	make_world(&w, &(setting){ .disks = disks, .num_vms = 1, .num_free_blocks = 100, .alloc_kib = 4 });
	assert_int_equal(allocate(&w, 1, 20, 4), HOST_FS_OK);
	place = place_of(&w, 1, 20);
	assert_int_equal(allocate(&w, 1, 18, 8), HOST_FS_OK); /* 16 ... 27 */
	assert_int_equal(w.pieces.num, 2);
	assert_piece(&w, 0, 16, 4);
	assert_piece(&w, 1, 24, 4);
	assert_int_equal(place_of(&w, 1, 20), place);
	assert_int_equal(allocate(&w, 1, 16, 12), HOST_FS_OK); /* nothing to do is no failure */
	assert_int_equal(w.pieces.num, 0);
	assert_int_equal(num_free(&w), 88);
	free_world(&w);
}

/* A file that is written from its start to its end is one extent, whatever others allocate in between: files begin
 * apart. */
static void files_written_side_by_side_stay_contiguous(void **state)
{
	const disk_config disk = LAZY(64), *disks[] = { &disk, &disk };
	tree_answer answer;
	world w;

	(void)state;
	make_world(&w, &(setting){ .disks = disks, .num_vms = 2, .num_free_blocks = 200, .alloc_kib = 4 });
	for (uint64_t block = 0; block < 64; block += 4)
		for (uint32_t vm = 1; vm <= 2; vm++)
			assert_int_equal(allocate(&w, vm, block, 4), HOST_FS_OK);
	for (uint32_t vm = 1; vm <= 2; vm++) {
		assert_int_equal(look_up(&w, vm, 40, &answer), TREE_EXTENT);
		assert_int_equal(answer.extent.logical_block, 0);
		assert_int_equal(answer.extent.num_blocks, 64);
	}
	free_world(&w);
}

/* 10 KiB of quota are two units of 4; a third does not fit, and nothing of it is taken. Each file has a quota of its
 * own. */
static void a_quota_is_per_file(void **state)
{
	const disk_config disk = LAZY(64), *disks[] = { &disk, &disk };
	uint64_t root_address;
	world w;

	(void)state;
	make_world(&w,
		   &(setting){ .disks = disks, .num_vms = 2, .num_free_blocks = 100, .alloc_kib = 4, .quota_kib = 10 });
	assert_int_equal(allocate(&w, 1, 0, 4), HOST_FS_OK);
	assert_int_equal(allocate(&w, 1, 10, 1), HOST_FS_OK);
	root_address = host_fs_tree_of(&w.fs, 1)->root_address;
	assert_int_equal(allocate(&w, 1, 40, 1), HOST_FS_QUOTA);
	assert_int_equal(w.pieces.num, 0);
	assert_int_equal(num_free(&w), 92);
	assert_int_equal(host_fs_tree_of(&w.fs, 1)->root_address, root_address);
	assert_int_equal(allocate(&w, 1, 8, 4), HOST_FS_OK); /* what is there costs nothing */
	assert_int_equal(allocate(&w, 2, 0, 8), HOST_FS_OK);
	assert_int_equal(num_free(&w), 84);
	free_world(&w);
}

/* The quota is for what a file has, not for all that it ever had. */
static void what_a_file_gives_up_it_may_be_given_again(void **state)
{
	const disk_config disk = LAZY(64), *disks[] = { &disk };
	world w;

	(void)state;
	make_world(&w,
		   &(setting){ .disks = disks, .num_vms = 1, .num_free_blocks = 100, .alloc_kib = 4, .quota_kib = 8 });
	assert_int_equal(allocate(&w, 1, 0, 8), HOST_FS_OK);
	assert_int_equal(allocate(&w, 1, 20, 4), HOST_FS_QUOTA);
	host_fs_unmap(&w.fs, 1, 4, 4, &w.pieces);
	assert_int_equal(allocate(&w, 1, 20, 4), HOST_FS_OK);
	assert_int_equal(allocate(&w, 1, 4, 4), HOST_FS_QUOTA);
	free_world(&w);
}

/* 10 blocks are free: two units of 4, and none of the third, of which two would fit. */
static void no_space_takes_nothing(void **state)
{
	const disk_config disk = LAZY(64), *disks[] = { &disk };
	world w;

	(void)state;
	make_world(&w, &(setting){ .disks = disks, .num_vms = 1, .num_free_blocks = 10, .alloc_kib = 4 });
	assert_int_equal(allocate(&w, 1, 0, 1), HOST_FS_OK);
	assert_int_equal(allocate(&w, 1, 30, 1), HOST_FS_OK);
	assert_int_equal(allocate(&w, 1, 60, 4), HOST_FS_NO_SPACE);
	assert_int_equal(w.pieces.num, 0);
	assert_int_equal(num_free(&w), 2);
	assert_int_equal(place_of(&w, 1, 60), NOT_MAPPED);
	free_world(&w);
}

/* Free space in pieces: an allocation takes several runs, and all of it is one mapping without a gap. */
static void an_allocation_may_take_several_runs(void **state)
{
	const disk_config lazy = LAZY(64), full = CONTIGUOUS(64), *disks[] = { &full, &lazy };
	uint64_t num_blocks = 0;
	world w;

	(void)state;
	make_world(&w, &(setting){ .disks = disks, .num_vms = 2, .alloc_kib = 8 });
	host_fs_unmap(&w.fs, 1, 10, 3, &w.pieces);
	host_fs_unmap(&w.fs, 1, 30, 6, &w.pieces);
	for (size_t i = 0; i < w.pieces.num; i++)
		host_fs_release(&w.fs, 1, &w.pieces.items[i]);
	assert_int_equal(allocate(&w, 2, 0, 1), HOST_FS_OK);
	for (size_t i = 0; i < w.pieces.num; i++) {
		assert_int_equal(w.pieces.items[i].logical_block, num_blocks);
		num_blocks += w.pieces.items[i].num_blocks;
	}
	assert_true(w.pieces.num >= 2);
	assert_int_equal(num_blocks, 8);
	assert_int_equal(num_free(&w), 1);
	free_world(&w);
}

/* One file of two VMs: one tree, one allocation, and a root for both. */
static void disks_of_one_file_share_a_tree(void **state)
{
	const disk_config disk = LAZY(64, .file = "common"), other = LAZY(64), *disks[] = { &disk, &other, &disk };
	host_fs_tree *tree;
	world w;

	(void)state;
	make_world(&w, &(setting){ .disks = disks, .num_vms = 3, .num_free_blocks = 100, .alloc_kib = 4 });
	tree = host_fs_tree_of(&w.fs, 1);
	assert_ptr_equal(host_fs_tree_of(&w.fs, 3), tree);
	assert_ptr_not_equal(host_fs_tree_of(&w.fs, 2), tree);
	assert_int_equal(w.fs.num_trees, 2);
	assert_int_equal(tree->vfs, 5); /* VFs 1 and 3 */
	tree->root_changed = host_fs_tree_of(&w.fs, 2)->root_changed = false;
	assert_int_equal(allocate(&w, 3, 8, 4), HOST_FS_OK);
	assert_true(tree->root_changed);
	assert_false(host_fs_tree_of(&w.fs, 2)->root_changed);
	assert_int_equal(place_of(&w, 1, 8), w.pieces.items[0].physical_block);
	assert_int_equal(num_free(&w), 96);
	free_world(&w);
}

/* A file of 6 KiB and one of 64 KiB behind it: units of 4 KiB count from the start of each file, so that blocks 5 and 6
 * want 4 and 5, and 6 ... 9. The second file is also another VM's disk of its own. */
static void an_allocation_across_two_files_is_aligned_in_each(void **state)
{
	disk_config second = LAZY(64, .file = "second");
	const disk_config both = LAZY(6, .append = { .num = 1, .items = &second }), *disks[] = { &both, &second };
	uint64_t num_blocks = 0;
	world w;

	(void)state;
	make_world(&w, &(setting){ .disks = disks, .num_vms = 2, .num_free_blocks = 100, .alloc_kib = 4 });
	assert_int_equal(allocate(&w, 1, 5, 2), HOST_FS_OK);
	for (size_t i = 0; i < w.pieces.num; i++) {
		assert_int_equal(w.pieces.items[i].logical_block, 4 + num_blocks);
		num_blocks += w.pieces.items[i].num_blocks;
	}
	assert_int_equal(num_blocks, 2 + 4);
	assert_int_equal(place_of(&w, 1, 3), NOT_MAPPED);
	assert_int_equal(place_of(&w, 1, 10), NOT_MAPPED);
	for (uint64_t block = 0; block < 4; block++)
		assert_int_equal(place_of(&w, 2, block), place_of(&w, 1, 6 + block));
	assert_int_equal(place_of(&w, 2, 4), NOT_MAPPED);
	free_world(&w);
}

/* All or nothing holds for the whole range, not file by file: the first file could be given its unit, the second one
 * has used up its quota. */
static void a_range_over_two_files_is_all_or_nothing(void **state)
{
	disk_config second = LAZY(64, .file = "second");
	const disk_config both = LAZY(6, .append = { .num = 1, .items = &second }), *disks[] = { &both, &second };
	world w;

	(void)state;
	make_world(&w,
		   &(setting){ .disks = disks, .num_vms = 2, .num_free_blocks = 100, .alloc_kib = 4, .quota_kib = 8 });
	assert_int_equal(allocate(&w, 2, 40, 8), HOST_FS_OK);
	assert_int_equal(allocate(&w, 1, 4, 4), HOST_FS_QUOTA);
	assert_int_equal(w.pieces.num, 0);
	assert_int_equal(place_of(&w, 1, 4), NOT_MAPPED);
	assert_int_equal(num_free(&w), 92);
	free_world(&w);
}

/* Writes to it miss, reads go on: the same place, with the flag. */
static void a_protected_range_is_read_only(void **state)
{
	const disk_config disk = CONTIGUOUS(64), *disks[] = { &disk };
	tree_answer answer;
	world w;

	(void)state;
	make_world(&w, &(setting){ .disks = disks, .num_vms = 1, .alloc_kib = 4 });
	host_fs_protect(&w.fs, 1, 10, 5, true);
	for (uint64_t block = 0; block < 64; block++) {
		assert_int_equal(look_up(&w, 1, block, &answer), TREE_EXTENT);
		assert_int_equal(answer.extent.flags, block >= 10 && block < 15 ? EXTENT_READ_ONLY : 0);
		assert_int_equal(place_of(&w, 1, block), block);
	}
	host_fs_protect(&w.fs, 1, 0, 64, false);
	assert_int_equal(look_up(&w, 1, 12, &answer), TREE_EXTENT);
	assert_int_equal(answer.extent.flags, 0);
	assert_int_equal(answer.extent.num_blocks, 64); /* one extent again */
	free_world(&w);
}

/* A block that two files share is free when both have given it up, no sooner. */
static void a_shared_block_has_two_users(void **state)
{
	const disk_config disk = CONTIGUOUS(16), *disks[] = { &disk, &disk };
	const host_fs_piece shared = { .logical_block = 3, .physical_block = 16 + 3, .num_blocks = 1 };
	const host_fs_piece given_up = { .logical_block = 3, .physical_block = 3, .num_blocks = 1 };
	tree_answer answer;
	world w;

	(void)state;
	make_world(&w, &(setting){ .disks = disks, .num_vms = 2, .alloc_kib = 4 });
	host_fs_share(&w.fs, 1, &shared);
	assert_int_equal(host_fs_num_users(&w.fs, 19), 2);
	assert_int_equal(host_fs_num_users(&w.fs, 3), 1); /* still in use: not yet released */
	assert_int_equal(look_up(&w, 1, 3, &answer), TREE_EXTENT);
	assert_int_equal(answer.extent.flags, EXTENT_READ_ONLY);
	assert_int_equal(place_of(&w, 1, 3), 19);
	host_fs_release(&w.fs, 1, &given_up);
	assert_int_equal(num_free(&w), 1);
	for (uint32_t vm = 1; vm <= 2; vm++) {
		w.pieces.num = 0;
		host_fs_unmap(&w.fs, vm, 3, 1, &w.pieces);
		assert_int_equal(w.pieces.num, 1);
		host_fs_release(&w.fs, vm, &w.pieces.items[0]);
		assert_int_equal(num_free(&w), vm); /* the second one frees it */
	}
	free_world(&w);
}

/* A run must be as long as was asked for, although enough blocks are free in all. */
static void a_run_is_contiguous(void **state)
{
	const disk_config disk = CONTIGUOUS(64), *disks[] = { &disk };
	uint64_t first;
	world w;

	(void)state;
	make_world(&w, &(setting){ .disks = disks, .num_vms = 1, .num_free_blocks = 8, .alloc_kib = 4 });
	host_fs_unmap(&w.fs, 1, 20, 7, &w.pieces);
	host_fs_release(&w.fs, 1, &w.pieces.items[0]);
	assert_false(host_fs_take_run(&w.fs, 9, &first));
	assert_int_equal(num_free(&w), 15);
	assert_true(host_fs_take_run(&w.fs, 8, &first));
	assert_int_equal(first, 64);
	assert_true(host_fs_take_run(&w.fs, 7, &first));
	assert_int_equal(first, 20);
	assert_false(host_fs_take_run(&w.fs, 1, &first));
	free_world(&w);
}

/* Check mode is told who owns a block, from when on: block 4 of the file, mapped at 1 us, given up at 2 us. */
static bool may_touch(void *context, uint32_t function, uint32_t owner)
{
	(void)context;
	return function == owner;
}

static content_stamp no_stamp(void *context, uint64_t physical_sector)
{
	(void)context;
	(void)physical_sector;
	return content_garbage();
}

static uint32_t no_owner(void *context, uint64_t block)
{
	(void)context;
	(void)block;
	return CONTENT_FREE;
}

static void owners_are_told(void **state)
{
	const content_hooks hooks = { .initial = no_stamp, .initial_owner = no_owner, .may_touch = may_touch };
	const disk_config disk = LAZY(64), *disks[] = { &disk, &disk };
	content medium;
	uint64_t place;
	world w;

	(void)state;
	content_init(&medium, &hooks);
	make_world(&w, &(setting){ .disks = disks, .num_vms = 2, .num_free_blocks = 100, .alloc_kib = 4 });
	w.fs.content = &medium;
	w.fs.now_ps = 1000000;
	assert_int_equal(allocate(&w, 2, 4, 1), HOST_FS_OK);
	place = w.pieces.items[0].physical_block;
	assert_true(content_touch(&medium, place, 2, 1500000)); /* file 1, told as 2 */
	assert_false(content_touch(&medium, place, 1, 1500000));
	assert_true(content_touch(&medium, place + 3, 2, 1500000));
	assert_false(content_touch(&medium, place + 4, 2, 1500000));
	w.pieces.num = 0;
	host_fs_unmap(&w.fs, 2, 4, 4, &w.pieces);
	assert_true(content_touch(&medium, place, 2, 1700000)); /* until it is given up */
	w.fs.now_ps = 2000000;
	host_fs_release(&w.fs, 2, &w.pieces.items[0]);
	assert_false(content_touch(&medium, place, 2, 2500000));
	free_world(&w);
	content_fini(&medium);
}

/* 64 extents, apart on the medium, in nodes of four: 16 leaves, 4 nodes above them and a root. With room for 8 nodes
 * all but a few leaves are cut before the run; what the VM asks for comes back, and something else goes. */
static void a_tree_is_pruned_to_its_budget(void **state)
{
	disk_map_fragmented map = { .min_extent_bytes = KIB, .max_extent_bytes = KIB };
	const disk_config disk = { .num_bytes = 64 * KIB, .map = { .index = DISK_MAP_FRAGMENTED, .params = &map } };
	const disk_config *disks[] = { &disk };
	uint64_t num_pruned = 0;
	tree_answer answer;
	world w;

	(void)state;
	make_world(&w,
		   &(setting){
			   .disks = disks, .num_vms = 1, .num_free_blocks = 8, .alloc_kib = 4, .tree_bytes = 8 * 128 });
	assert_true(host_fs_num_nodes(&w.fs) <= 8);
	assert_int_equal(host_fs_num_retired(&w.fs), 0); /* nobody can be reading them yet */
	for (uint64_t block = 0; block < 64; block++)
		num_pruned += look_up(&w, 1, block, &answer) == TREE_PRUNED;
	assert_true(num_pruned >= 64 - 8 * 4 && num_pruned < 64);
	for (uint64_t block = 0; block < 64; block += 7) {
		const bool is_pruned = look_up(&w, 1, block, &answer) == TREE_PRUNED;

		assert_int_equal(host_fs_regenerate(&w.fs, 1, block), is_pruned);
		assert_int_equal(look_up(&w, 1, block, &answer), TREE_EXTENT);
		assert_true(host_fs_num_nodes(&w.fs) - host_fs_num_retired(&w.fs) <= 8);
		host_fs_free_retired(&w.fs);
		assert_true(host_fs_num_nodes(&w.fs) <= 8);
	}
	free_world(&w);
}

/* Two VFs, and room for much less than what both want: what each asked for last stays. */
static void the_leaf_asked_for_last_is_spared(void **state)
{
	disk_map_fragmented map = { .min_extent_bytes = KIB, .max_extent_bytes = KIB };
	const disk_config disk = { .num_bytes = 64 * KIB, .map = { .index = DISK_MAP_FRAGMENTED, .params = &map } };
	const disk_config *disks[] = { &disk, &disk };
	uint64_t last[2] = { NOT_MAPPED, NOT_MAPPED };
	rng_stream rng = rng_open(1, "spared", 0);
	tree_answer answer;
	world w;

	(void)state;
	make_world(&w,
		   &(setting){ .disks = disks, .num_vms = 2, .num_free_blocks = 8, .alloc_kib = 4, .tree_bytes = 128 });
	for (int i = 0; i < 200; i++) {
		const uint32_t vm = 1 + (uint32_t)rng_uniform_u64(&rng, 2);
		const uint64_t block = rng_uniform_u64(&rng, 64);

		if (host_fs_regenerate(&w.fs, vm, block))
			last[vm - 1] = block;
		for (uint32_t other = 1; other <= 2; other++)
			if (last[other - 1] != NOT_MAPPED)
				assert_int_equal(look_up(&w, other, last[other - 1], &answer), TREE_EXTENT);
		host_fs_free_retired(&w.fs);
		assert_true(host_fs_num_nodes(&w.fs) <= 2 * 3); /* of each tree a path of three */
	}
	free_world(&w);
}

/* A hole too: what a VF asked for is not cut off again before it has looked. Two leaves of four extents, with block
 * 18, a hole since, between them; with room for one node. */
static void the_hole_asked_for_last_is_spared(void **state)
{
	static const uint64_t blocks[] = { 2, 4, 6, 18, 28, 30, 32, 34 };
	const disk_config disk = LAZY(64), *disks[] = { &disk };
	tree_answer answer;
	world w;

	(void)state;
	make_world(
		&w,
		&(setting){ .disks = disks, .num_vms = 1, .num_free_blocks = 50, .alloc_kib = 1, .tree_bytes = 128 });
	for (size_t i = 0; i < NUM(blocks); i++)
		assert_int_equal(allocate(&w, 1, blocks[i], 1), HOST_FS_OK);
	assert_int_equal(look_up(&w, 1, 2, &answer), TREE_PRUNED);
	w.pieces.num = 0;
	host_fs_unmap(&w.fs, 1, 18, 1, &w.pieces);
	assert_int_equal(look_up(&w, 1, 18, &answer), TREE_PRUNED);
	assert_true(host_fs_regenerate(&w.fs, 1, 18));
	assert_int_equal(look_up(&w, 1, 18, &answer), TREE_HOLE);
	free_world(&w);
}

/* ---- against a model -------------------------------------------------------------------------------------------- */

typedef struct model_file {
	uint64_t num_blocks, num_on_demand;
	uint64_t physical[MAX_FILE_BLOCKS]; /* or NOT_MAPPED */
	bool read_only[MAX_FILE_BLOCKS];
} model_file;

/* Given up by a VM's map, not yet released. */
typedef struct held_piece {
	uint32_t vm;
	host_fs_piece piece;
} held_piece;

typedef struct model {
	world w;
	const setting *given;
	rng_stream rng;
	model_file files[MAX_VMS * 2];
	uint32_t num_references[MAX_MEDIUM_BLOCKS];
	uint64_t num_medium_blocks;
	held_piece held[4096];
	size_t num_held;
	bool has_asked[MAX_VMS + 1];
	uint64_t worst_floor; /* nodes that the budget had to leave, so far */
	uint64_t num_outcomes[3], num_moves, num_shares, num_regenerations, num_too_long, num_resizes, num_rebuilds;
} model;

static uint64_t pick(model *m, uint64_t min, uint64_t max)
{
	return min + rng_uniform_u64(&m->rng, max - min + 1);
}

static const storage_disk *disk_of(const model *m, uint32_t vm)
{
	return &m->w.plan.disks[vm - 1];
}

/* The file and the block of it that lie there; false beyond the end. */
static bool locate(model *m, uint32_t vm, uint64_t block, model_file **file_out, uint64_t *file_block_out)
{
	for (uint32_t i = 0; i < disk_of(m, vm)->num_parts; i++) {
		model_file *file = &m->files[disk_of(m, vm)->parts[i].file];

		if (block < file->num_blocks) {
			*file_out = file;
			*file_block_out = block;
			return true;
		}
		block -= file->num_blocks;
	}
	return false;
}

static uint64_t disk_blocks(model *m, uint32_t vm)
{
	uint64_t num_blocks = 0;

	for (uint32_t i = 0; i < disk_of(m, vm)->num_parts; i++)
		num_blocks += m->files[disk_of(m, vm)->parts[i].file].num_blocks;
	return num_blocks;
}

static uint64_t model_place(model *m, uint32_t vm, uint64_t block, bool *read_only_out)
{
	model_file *file;
	uint64_t at;

	if (!locate(m, vm, block, &file, &at))
		return NOT_MAPPED;
	*read_only_out = file->read_only[at];
	return file->physical[at];
}

/* Whether the maps, and so the trees, can be told apart from the model's. */
static void check_extent(model *m, uint32_t vm, const extent *found, uint64_t block)
{
	assert_true(found->logical_block <= block && block - found->logical_block < found->num_blocks);
	for (uint64_t i = 0; i < found->num_blocks; i++) {
		bool read_only = false;

		assert_int_equal(model_place(m, vm, found->logical_block + i, &read_only), found->physical_block + i);
		assert_int_equal(found->flags, read_only ? EXTENT_READ_ONLY : 0);
	}
}

static void check_disk(model *m, uint32_t vm)
{
	const uint64_t num_blocks = disk_blocks(m, vm);
	const bool has_tree = host_fs_tree_of(&m->w.fs, vm)->root_address != 0;
	uint64_t found_block = 0, found_limit = 0; /* of the last extent that the maps told of */
	uint64_t known_block = 0, known_limit = 0; /* and the tree */

	for (uint64_t block = 0; block < num_blocks + 3; block++) {
		bool read_only;
		const bool is_mapped = model_place(m, vm, block, &read_only) != NOT_MAPPED;
		extent found;
		tree_answer answer;
		tree_outcome outcome;

		assert_int_equal(host_fs_find(&m->w.fs, vm, block, &found), is_mapped);
		if (is_mapped && (block < found_block || block >= found_limit)) {
			check_extent(m, vm, &found, block);
			found_block = found.logical_block;
			found_limit = found_block + found.num_blocks;
		}
		if (!has_tree)
			continue;
		outcome = look_up(&m->w, vm, block, &answer);
		if (outcome == TREE_PRUNED) {
			assert_true(m->given->tree_bytes != 0);
			continue;
		}
		assert_int_equal(outcome, is_mapped ? TREE_EXTENT : TREE_HOLE);
		if (is_mapped && (block < known_block || block >= known_limit)) {
			check_extent(m, vm, &answer.extent, block);
			known_block = answer.extent.logical_block;
			known_limit = known_block + answer.extent.num_blocks;
		}
	}
}

static void check_pool(const model *m)
{
	uint64_t num_unused = 0;

	for (uint64_t block = 0; block < m->num_medium_blocks; block++) {
		assert_int_equal(host_fs_num_users(&m->w.fs, block), m->num_references[block]);
		num_unused += m->num_references[block] == 0;
	}
	assert_int_equal(num_free(&m->w), num_unused);
}

/* Nodes are where the editors say, all of them, and none is lost. */
static void check_nodes(const model *m)
{
	uint64_t num_nodes = 0;

	for (uint32_t i = 0; i < m->w.fs.num_trees; i++) {
		const host_fs_tree *tree = &m->w.fs.trees[i];

		if (tree->root_address != 0)
			assert_int_equal(tree_num_nodes(&m->w.memory, tree->editor.node_bytes, tree->root_address),
					 tree->editor.num_nodes);
		num_nodes += tree->editor.num_nodes + tree->editor.num_retired;
	}
	assert_int_equal(num_nodes, host_fs_num_nodes(&m->w.fs));
	assert_int_equal(num_nodes, m->w.memory.num_allocations);
}

/* The budget can be kept but for the roots and the path to the leaf that each VF asked for last. Where a sweep found
 * no more to cut, it is not tried again before there is more than that. */
static void check_budget(model *m)
{
	const host_fs *fs = &m->w.fs;
	uint64_t num_needed = 0;

	if (m->given->tree_bytes == 0)
		return;
	for (uint32_t vm = 1; vm <= m->w.plan.num_disks; vm++) {
		const host_fs_tree *tree = &fs->trees[fs->tree_of_vm[vm]];

		if (tree->root_address == 0)
			continue;
		num_needed += disk_of(m, vm)->same_as == vm - 1;
		if (m->has_asked[vm])
			num_needed += tree_depth(&m->w.memory, tree->editor.node_bytes, tree->root_address) - 1;
	}
	if (num_needed > m->worst_floor)
		m->worst_floor = num_needed;
	num_needed = fs->max_nodes > m->worst_floor ? fs->max_nodes : m->worst_floor;
	assert_true(host_fs_num_nodes(fs) - host_fs_num_retired(fs) <= num_needed);
}

static void check_all(model *m)
{
	for (uint32_t vm = 1; vm <= m->w.plan.num_disks; vm++)
		check_disk(m, vm);
	check_pool(m);
	check_nodes(m);
}

/* A range of the VM's disk, mostly short; it may pass the end. */
static void pick_range(model *m, uint32_t vm, uint64_t *first_out, uint64_t *num_out)
{
	*first_out = pick(m, 0, disk_blocks(m, vm) - 1);
	*num_out = pick(m, 1, pick(m, 0, 4) != 0 ? 6 : 60);
}

/* Of each file of the disk the range's whole units: [first, limit); false if it has no part of it. */
static bool unit_range(model *m, uint32_t vm, uint32_t part, uint64_t first_block, uint64_t num_blocks,
		       model_file **file_out, uint64_t *first_out, uint64_t *limit_out)
{
	const uint64_t unit = (uint64_t)m->given->alloc_kib;
	bool is_any = false;

	*file_out = &m->files[disk_of(m, vm)->parts[part].file];
	for (uint64_t i = 0; i < num_blocks; i++) {
		model_file *file;
		uint64_t at;

		if (!locate(m, vm, first_block + i, &file, &at) || file != *file_out)
			continue;
		if (!is_any)
			*first_out = at / unit * unit;
		is_any = true;
		*limit_out = (at / unit + 1) * unit < file->num_blocks ? (at / unit + 1) * unit : file->num_blocks;
	}
	return is_any;
}

/* Both may be true; then either outcome is right. */
static void expect_failure(model *m, uint32_t vm, uint64_t first_block, uint64_t num_blocks, bool *no_space_out,
			   bool *quota_out)
{
	const uint64_t quota = (uint64_t)m->given->quota_kib;
	uint64_t num_holes = 0, first = 0, limit = 0;
	model_file *file;

	*quota_out = false;
	for (uint32_t i = 0; i < disk_of(m, vm)->num_parts; i++) {
		uint64_t num_of_file = 0;

		if (!unit_range(m, vm, i, first_block, num_blocks, &file, &first, &limit))
			continue;
		for (uint64_t at = first; at < limit; at++)
			num_of_file += file->physical[at] == NOT_MAPPED;
		*quota_out |= quota != 0 && num_of_file != 0 && file->num_on_demand + num_of_file > quota;
		num_holes += num_of_file;
	}
	*no_space_out = num_holes > num_free(&m->w);
}

/* Each piece lies in holes of the units, on blocks that nobody had; all together fill them. */
static void take_allocation(model *m, uint32_t vm, uint64_t first_block, uint64_t num_blocks)
{
	const host_fs_pieces *pieces = &m->w.pieces;
	uint64_t first = 0, limit = 0;
	model_file *file = NULL;

	for (size_t i = 0; i < pieces->num; i++)
		for (uint64_t j = 0; j < pieces->items[i].num_blocks; j++) {
			const uint64_t physical_block = pieces->items[i].physical_block + j;
			uint64_t at = 0;

			assert_true(locate(m, vm, pieces->items[i].logical_block + j, &file, &at));
			assert_true(file->physical[at] == NOT_MAPPED);
			assert_true(physical_block < m->num_medium_blocks);
			assert_int_equal(m->num_references[physical_block]++, 0);
			file->physical[at] = physical_block;
			file->read_only[at] = false;
			file->num_on_demand++;
		}
	for (uint32_t i = 0; i < disk_of(m, vm)->num_parts; i++) {
		if (!unit_range(m, vm, i, first_block, num_blocks, &file, &first, &limit))
			continue;
		for (uint64_t at = first; at < limit; at++)
			assert_true(file->physical[at] != NOT_MAPPED);
	}
}

/* Beside what was asked for, nothing may have been mapped: as many blocks as there were holes in the units. */
static uint64_t count_holes(model *m, uint32_t vm, uint64_t first_block, uint64_t num_blocks)
{
	uint64_t num_holes = 0, first = 0, limit = 0;
	model_file *file;

	for (uint32_t i = 0; i < disk_of(m, vm)->num_parts; i++) {
		if (!unit_range(m, vm, i, first_block, num_blocks, &file, &first, &limit))
			continue;
		for (uint64_t at = first; at < limit; at++)
			num_holes += file->physical[at] == NOT_MAPPED;
	}
	return num_holes;
}

static void try_allocate(model *m, uint32_t vm)
{
	const uint64_t num_before = num_free(&m->w);
	uint64_t first_block, num_blocks, num_holes;
	bool no_space, quota;
	host_fs_outcome outcome;

	pick_range(m, vm, &first_block, &num_blocks);
	num_holes = count_holes(m, vm, first_block, num_blocks);
	expect_failure(m, vm, first_block, num_blocks, &no_space, &quota);
	outcome = allocate(&m->w, vm, first_block, num_blocks);
	m->num_outcomes[outcome]++;
	if (!no_space && !quota) {
		assert_int_equal(outcome, HOST_FS_OK);
		take_allocation(m, vm, first_block, num_blocks);
		assert_int_equal(num_free(&m->w), num_before - num_holes);
		m->has_asked[vm] = true;
		check_budget(m);
		return;
	}
	assert_true((outcome == HOST_FS_NO_SPACE && no_space) || (outcome == HOST_FS_QUOTA && quota));
	assert_int_equal(m->w.pieces.num, 0);
}

static void try_protect(model *m, uint32_t vm)
{
	const bool read_only = pick(m, 0, 1) == 0;
	uint64_t first_block, num_blocks;

	pick_range(m, vm, &first_block, &num_blocks);
	host_fs_protect(&m->w.fs, vm, first_block, num_blocks, read_only);
	for (uint64_t i = 0; i < num_blocks; i++) {
		model_file *file;
		uint64_t at;

		if (locate(m, vm, first_block + i, &file, &at) && file->physical[at] != NOT_MAPPED)
			file->read_only[at] = read_only;
	}
}

static void hold(model *m, uint32_t vm, host_fs_piece piece)
{
	assert_true(m->num_held < NUM(m->held));
	m->held[m->num_held++] = (held_piece){ vm, piece };
}

/* The VM's mapped pieces of a range are the model's, in order; all of them together as many blocks as are mapped. */
static uint64_t list_pieces(model *m, uint32_t vm, uint64_t first_block, uint64_t num_blocks)
{
	uint64_t num_listed = 0, num_mapped = 0, at = 0;
	bool read_only;

	m->w.pieces.num = 0;
	host_fs_list(&m->w.fs, vm, first_block, num_blocks, &m->w.pieces);
	for (size_t i = 0; i < m->w.pieces.num; i++) {
		const host_fs_piece *piece = &m->w.pieces.items[i];

		assert_true(piece->num_blocks > 0 && piece->logical_block >= at && piece->logical_block >= first_block);
		at = piece->logical_block + piece->num_blocks;
		assert_true(at <= first_block + num_blocks);
		num_listed += piece->num_blocks;
		for (uint64_t j = 0; j < piece->num_blocks; j++)
			assert_int_equal(model_place(m, vm, piece->logical_block + j, &read_only),
					 piece->physical_block + j);
	}
	for (uint64_t i = 0; i < num_blocks; i++)
		num_mapped += model_place(m, vm, first_block + i, &read_only) != NOT_MAPPED;
	assert_int_equal(num_listed, num_mapped);
	return num_listed;
}

static void set_model(model *m, uint32_t vm, const host_fs_piece *piece, bool read_only)
{
	for (uint64_t i = 0; i < piece->num_blocks; i++) {
		model_file *file = NULL;
		uint64_t at = 0;

		assert_true(locate(m, vm, piece->logical_block + i, &file, &at));
		file->physical[at] = piece->physical_block + i;
		file->read_only[at] = read_only;
	}
}

static uint64_t longest_free_run(const model *m)
{
	uint64_t longest = 0, num = 0;

	for (uint64_t block = 0; block < m->num_medium_blocks; block++) {
		num = m->num_references[block] == 0 ? num + 1 : 0;
		longest = num > longest ? num : longest;
	}
	return longest;
}

static void try_move(model *m, uint32_t vm)
{
	const uint64_t longest = longest_free_run(m);
	uint64_t first_block, num_blocks, total, to;

	pick_range(m, vm, &first_block, &num_blocks);
	total = list_pieces(m, vm, first_block, num_blocks);
	if (total == 0)
		return;
	assert_int_equal(host_fs_take_run(&m->w.fs, total, &to), total <= longest);
	if (total > longest) {
		m->num_too_long++;
		return;
	}
	for (uint64_t i = 0; i < total; i++) {
		assert_true(to + i < m->num_medium_blocks);
		assert_int_equal(m->num_references[to + i]++, 0);
	}
	for (size_t i = 0; i < m->w.pieces.num; i++) {
		host_fs_piece piece = m->w.pieces.items[i];

		hold(m, vm, piece);
		piece.physical_block = to;
		to += piece.num_blocks;
		host_fs_move(&m->w.fs, vm, &piece);
		set_model(m, vm, &piece, false);
	}
	m->num_moves++;
}

/* Some mapped blocks of a VM become those of another one, or of another place. */
static void try_share(model *m, uint32_t vm)
{
	const uint32_t with_vm = (uint32_t)pick(m, 1, m->w.plan.num_disks);
	const uint64_t block = pick(m, 0, disk_blocks(m, vm) - 1);
	const uint64_t with_block = pick(m, 0, disk_blocks(m, with_vm) - 1);
	host_fs_piece piece = { .logical_block = block }, given_up = piece;
	uint64_t room, other_room;
	extent one, other;

	if (!host_fs_find(&m->w.fs, vm, block, &one) || !host_fs_find(&m->w.fs, with_vm, with_block, &other))
		return;
	room = one.logical_block + one.num_blocks - block;
	other_room = other.logical_block + other.num_blocks - with_block;
	piece.num_blocks = given_up.num_blocks = pick(m, 1, room < other_room ? room : other_room);
	piece.physical_block = other.physical_block + (with_block - other.logical_block);
	given_up.physical_block = one.physical_block + (block - one.logical_block);
	host_fs_share(&m->w.fs, vm, &piece);
	for (uint64_t i = 0; i < piece.num_blocks; i++)
		m->num_references[piece.physical_block + i]++;
	set_model(m, vm, &piece, true);
	hold(m, vm, given_up);
	m->num_shares++;
}

static void try_unmap(model *m, uint32_t vm, uint64_t first_block, uint64_t num_blocks)
{
	host_fs_pieces pieces = { 0 };

	list_pieces(m, vm, first_block, num_blocks);
	host_fs_unmap(&m->w.fs, vm, first_block, num_blocks, &pieces);
	assert_int_equal(pieces.num, m->w.pieces.num);
	for (size_t i = 0; i < pieces.num; i++) {
		assert_memory_equal(&pieces.items[i], &m->w.pieces.items[i], sizeof(host_fs_piece));
		hold(m, vm, pieces.items[i]);
	}
	for (uint64_t i = 0; i < num_blocks; i++) {
		model_file *file;
		uint64_t at;

		if (!locate(m, vm, first_block + i, &file, &at))
			continue;
		if (file->physical[at] != NOT_MAPPED && file->num_on_demand > 0)
			file->num_on_demand--; /* the quota is for what the file has */
		file->physical[at] = NOT_MAPPED;
		file->read_only[at] = false;
	}
	host_fs_pieces_fini(&pieces);
}

static void release_one(model *m)
{
	held_piece released;
	size_t index;

	if (m->num_held == 0)
		return;
	index = pick(m, 0, m->num_held - 1);
	released = m->held[index];
	m->held[index] = m->held[--m->num_held];
	host_fs_release(&m->w.fs, released.vm, &released.piece);
	for (uint64_t i = 0; i < released.piece.num_blocks; i++)
		m->num_references[released.piece.physical_block + i]--;
}

static void try_regenerate(model *m, uint32_t vm)
{
	const uint64_t block = pick(m, 0, disk_blocks(m, vm) - 1);
	tree_answer answer;
	bool is_pruned, read_only;

	if (host_fs_tree_of(&m->w.fs, vm)->root_address == 0)
		return;
	is_pruned = look_up(&m->w, vm, block, &answer) == TREE_PRUNED;
	assert_int_equal(host_fs_regenerate(&m->w.fs, vm, block), is_pruned);
	/* A hole between two leaves belongs to neither. */
	if (model_place(m, vm, block, &read_only) != NOT_MAPPED)
		assert_int_equal(look_up(&m->w, vm, block, &answer), TREE_EXTENT);
	if (!is_pruned)
		return;
	m->num_regenerations++;
	m->has_asked[vm] = true;
	check_budget(m);
}

/* The last VM's disk is a file of its own. */
static void try_resize(model *m)
{
	const uint32_t vm = m->w.plan.num_disks;
	model_file *file = &m->files[disk_of(m, vm)->parts[0].file];
	const uint64_t num_blocks = pick(m, 4, MAX_FILE_BLOCKS);

	if (num_blocks < file->num_blocks)
		try_unmap(m, vm, num_blocks, file->num_blocks - num_blocks);
	host_fs_resize(&m->w.fs, vm, num_blocks);
	for (uint64_t at = file->num_blocks; at < num_blocks; at++)
		file->physical[at] = NOT_MAPPED;
	file->num_blocks = num_blocks;
	m->num_resizes++;
}

static void try_rebuild(model *m)
{
	const uint32_t vm = m->w.plan.num_disks;

	if (host_fs_tree_of(&m->w.fs, vm)->root_address != 0) {
		host_fs_drop_tree(&m->w.fs, vm);
		assert_int_equal(host_fs_tree_of(&m->w.fs, vm)->root_address, 0);
		return;
	}
	host_fs_build_tree(&m->w.fs, vm);
	m->num_rebuilds++;
}

static void change(model *m)
{
	const uint32_t vm = (uint32_t)pick(m, 1, m->w.plan.num_disks);
	uint64_t roots[MAX_VMS * 2], first_block, num_blocks;

	for (uint32_t i = 0; i < m->w.fs.num_trees; i++) {
		roots[i] = m->w.fs.trees[i].root_address;
		m->w.fs.trees[i].root_changed = false;
	}
	switch (pick(m, 0, 15)) {
	case 0 ... 4:
		try_allocate(m, vm);
		break;
	case 5:
		try_protect(m, vm);
		break;
	case 6:
		try_move(m, vm);
		break;
	case 7:
		try_share(m, vm);
		break;
	case 8:
		pick_range(m, vm, &first_block, &num_blocks);
		try_unmap(m, vm, first_block, num_blocks);
		break;
	case 9 ... 10:
		release_one(m);
		break;
	case 11 ... 12:
		try_regenerate(m, vm);
		break;
	case 13:
		try_resize(m);
		break;
	case 14:
		host_fs_free_retired(&m->w.fs);
		assert_int_equal(host_fs_num_retired(&m->w.fs), 0);
		break;
	default:
		try_rebuild(m);
		break;
	}
	/* Who has to tell the device, knows it. */
	for (uint32_t i = 0; i < m->w.fs.num_trees; i++)
		if (m->w.fs.trees[i].root_address != roots[i] && m->w.fs.trees[i].root_address != 0)
			assert_true(m->w.fs.trees[i].root_changed);
}

static void start_model(model *m, const setting *given)
{
	const storage_plan *plan = &m->w.plan;

	memset(m, 0, sizeof(*m));
	m->given = given;
	m->rng = rng_open(given->seed, "host_fs", 0);
	make_world(&m->w, given);
	m->num_medium_blocks = plan->num_blocks + given->num_free_blocks;
	assert_true(plan->num_files <= NUM(m->files) && m->num_medium_blocks <= MAX_MEDIUM_BLOCKS);
	for (uint32_t i = 0; i < plan->num_files; i++) {
		const disk_layout *layout = &plan->files[i].layout;

		m->files[i].num_blocks = layout->num_bytes / 1024;
		assert_true(m->files[i].num_blocks <= MAX_FILE_BLOCKS);
		for (uint64_t at = 0; at < MAX_FILE_BLOCKS; at++) {
			const extent *found = disk_layout_find(layout, at);

			m->files[i].physical[at] = NOT_MAPPED;
			if (found == NULL)
				continue;
			m->files[i].physical[at] = found->physical_block + (at - found->logical_block);
			m->num_references[m->files[i].physical[at]]++;
		}
	}
	check_budget(m);
	check_all(m);
}

/* In the end everything is given up: all blocks are free. */
static void finish_model(model *m)
{
	while (m->num_held != 0)
		release_one(m);
	for (uint32_t vm = 1; vm <= m->w.plan.num_disks; vm++)
		try_unmap(m, vm, 0, disk_blocks(m, vm));
	while (m->num_held != 0)
		release_one(m);
	check_all(m);
	assert_int_equal(num_free(&m->w), m->num_medium_blocks);
	free_world(&m->w);
}

/* VMs 1 and 2 have one file, which is also the last part of VM 4's disk; "b" is VM 5's and the first part of VM 4's. */
static void maps_trees_and_pool_agree(void **state)
{
	static const struct {
		int64_t alloc_kib, quota_kib, tree_bytes, node_bytes;
		uint64_t num_free_blocks;
	} variants[] = {
		{ 4, 0, 0, 128, 150 },       { 1, 0, 8 * 128, 128, 80 },  { 8, 40, 20 * 128, 128, 100 },
		{ 4, 24, 1, 256, 40 },       { 2, 0, 6 * 512, 512, 200 }, { 16, 70, 12 * 128, 128, 60 },
		{ 4, 0, 40 * 128, 128, 20 }, { 1, 30, 0, 512, 60 },
	};
	static model m;
	disk_map_fragmented holes = { .min_extent_bytes = KIB, .max_extent_bytes = 4 * KIB, .hole_percent = 30 };
	disk_map_fragmented small = { .min_extent_bytes = KIB, .max_extent_bytes = 2 * KIB };
	const disk_config a = { .num_bytes = 61 * KIB,
				.map = { .index = DISK_MAP_FRAGMENTED, .params = &holes },
				.file = "a" };
	disk_config more[] = { LAZY(23), a };
	const disk_config lazy = LAZY(90), two_and_shared = CONTIGUOUS(37, .file = "b", .append = { 2, more });
	const disk_config b = CONTIGUOUS(37, .file = "b");
	const disk_config own = { .num_bytes = 50 * KIB, .map = { .index = DISK_MAP_FRAGMENTED, .params = &small } };
	const disk_config *disks[] = { &a, &a, &lazy, &two_and_shared, &b, &own };
	uint64_t num_no_space = 0, num_quota = 0, num_regenerations = 0, num_too_long = 0;

	(void)state;
	for (size_t i = 0; i < NUM(variants); i++) {
		const setting given = {
			.disks = disks,
			.num_vms = NUM(disks),
			.num_free_blocks = variants[i].num_free_blocks,
			.alloc_kib = variants[i].alloc_kib,
			.quota_kib = variants[i].quota_kib,
			.tree_bytes = variants[i].tree_bytes,
			.node_bytes = variants[i].node_bytes,
			.seed = 1 + i,
		};

		start_model(&m, &given);
		for (int step = 0; step < 300; step++) {
			change(&m);
			check_all(&m);
		}
		assert_true(m.num_outcomes[HOST_FS_OK] > 5 && m.num_moves > 2 && m.num_shares > 2);
		assert_true(m.num_resizes > 2 && m.num_rebuilds > 2);
		num_no_space += m.num_outcomes[HOST_FS_NO_SPACE];
		num_quota += m.num_outcomes[HOST_FS_QUOTA];
		num_regenerations += m.num_regenerations;
		num_too_long += m.num_too_long;
		finish_model(&m);
	}
	assert_true(num_no_space > 10 && num_quota > 10 && num_regenerations > 10 && num_too_long > 2);
}

/* ---- unwritten extents ------------------------------------------------------------------------------------------ */

/* Where the plan set a block of the disk's only file aside; NOT_MAPPED if it did not. */
static uint64_t set_aside_for(const world *w, uint64_t block)
{
	const disk_layout *layout = &w->plan.files[0].layout;

	for (size_t i = 0; i < layout->num_unwritten; i++)
		if (block - layout->unwritten[i].logical_block < layout->unwritten[i].num_blocks)
			return layout->unwritten[i].physical_block + (block - layout->unwritten[i].logical_block);
	return NOT_MAPPED;
}

/* To a walk they are holes; a write there gets the blocks that are set aside, and takes none of the pool. */
static void an_unwritten_extent_is_a_hole_with_a_place(void **state)
{
	const disk_config disk = REAL(128), *disks[] = { &disk };
	uint64_t num_before, num_seen = 0;
	world w;

	(void)state;
	make_world(&w,
		   &(setting){ .disks = disks, .num_vms = 1, .num_free_blocks = 100, .alloc_kib = 1, .quota_kib = 1 });
	num_before = num_free(&w);
	assert_int_equal(num_before, 100); /* gaps are others' */
	for (uint64_t block = 0; block < 128; block++) {
		const uint64_t place = set_aside_for(&w, block);

		if (place == NOT_MAPPED)
			continue;
		num_seen++;
		assert_int_equal(place_of(&w, 1, block), NOT_MAPPED);
		assert_int_equal(allocate(&w, 1, block, 1), HOST_FS_OK);
		assert_int_equal(w.pieces.num, 1);
		assert_piece(&w, 0, block, 1);
		assert_true(w.pieces.items[0].was_set_aside);
		assert_int_equal(w.pieces.items[0].physical_block, place);
		assert_int_equal(place_of(&w, 1, block), place);
	}
	assert_int_equal(num_seen, 39);
	assert_int_equal(num_free(&w), num_before);
	assert_int_equal(w.fs.files[0].num_on_demand, 0);
	assert_int_equal(extent_map_num_blocks(&w.fs.files[0].unwritten), 0);
	free_world(&w);
}

/* Blocks 3 and 4 are unwritten, 5 is written, 6 and 7 are a hole: one write gets two blocks set aside and two of the pool. */
static void a_write_may_need_both(void **state)
{
	const disk_config disk = REAL(128), *disks[] = { &disk };
	world w;

	(void)state;
	make_world(&w, &(setting){ .disks = disks, .num_vms = 1, .num_free_blocks = 100, .alloc_kib = 1 });
	assert_int_equal(allocate(&w, 1, 3, 5), HOST_FS_OK);
	assert_int_equal(w.pieces.num, 2);
	assert_piece(&w, 0, 3, 2);
	assert_piece(&w, 1, 6, 2);
	assert_true(w.pieces.items[0].was_set_aside && !w.pieces.items[1].was_set_aside);
	assert_int_equal(num_free(&w), 98);
	/* 0 ... 4 lie together on the medium: one extent. */
	assert_int_equal(place_of(&w, 1, 4), place_of(&w, 1, 0) + 4);
	free_world(&w);
}

/* What is refused leaves unwritten extents as they were. */
static void a_refusal_keeps_what_is_set_aside(void **state)
{
	const disk_config disk = REAL(128), *disks[] = { &disk };
	world w;

	(void)state;
	for (int with_quota = 0; with_quota <= 1; with_quota++) {
		const host_fs_outcome outcome = with_quota ? HOST_FS_QUOTA : HOST_FS_NO_SPACE;

		make_world(&w, &(setting){ .disks = disks,
					   .num_vms = 1,
					   .num_free_blocks = with_quota ? 100 : 1,
					   .alloc_kib = 1,
					   .quota_kib = with_quota });
		assert_int_equal(allocate(&w, 1, 3, 5), outcome);
		assert_int_equal(num_free(&w), with_quota ? 100 : 1);
		assert_int_equal(extent_map_num_blocks(&w.fs.files[0].unwritten), 39);
		assert_int_equal(place_of(&w, 1, 3), NOT_MAPPED);
		assert_int_equal(allocate(&w, 1, 3, 2), HOST_FS_OK);
		assert_int_equal(place_of(&w, 1, 3), set_aside_for(&w, 3));
		free_world(&w);
	}
}

/* A file that is cut gives up what was set aside, too: everything that it had is free then, but for the gaps. */
static void what_is_set_aside_is_given_up_with_the_rest(void **state)
{
	const disk_config disk = REAL(128), *disks[] = { &disk };
	uint64_t num_mapped = 0;
	world w;

	(void)state;
	make_world(&w, &(setting){ .disks = disks, .num_vms = 1, .num_free_blocks = 10, .alloc_kib = 1 });
	w.pieces.num = 0;
	/* Within the unwritten extent of 26 ... 35. */
	host_fs_unmap(&w.fs, 1, 30, 98, &w.pieces);
	assert_int_equal(num_free(&w), 10 + 39 - 2 - 4);
	assert_int_equal(extent_map_num_blocks(&w.fs.files[0].unwritten), 2 + 4);
	host_fs_unmap(&w.fs, 1, 0, 30, &w.pieces);
	for (size_t i = 0; i < w.pieces.num; i++) {
		num_mapped += w.pieces.items[i].num_blocks;
		host_fs_release(&w.fs, 1, &w.pieces.items[i]);
	}
	assert_int_equal(num_mapped, w.plan.files[0].layout.num_blocks);
	assert_int_equal(num_free(&w), 10 + 39 + num_mapped);
	free_world(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_allocation_is_a_whole_unit),
		cmocka_unit_test(an_allocation_leaves_what_is_mapped),
		cmocka_unit_test(files_written_side_by_side_stay_contiguous),
		cmocka_unit_test(a_quota_is_per_file),
		cmocka_unit_test(what_a_file_gives_up_it_may_be_given_again),
		cmocka_unit_test(no_space_takes_nothing),
		cmocka_unit_test(an_allocation_may_take_several_runs),
		cmocka_unit_test(disks_of_one_file_share_a_tree),
		cmocka_unit_test(an_allocation_across_two_files_is_aligned_in_each),
		cmocka_unit_test(a_range_over_two_files_is_all_or_nothing),
		cmocka_unit_test(a_protected_range_is_read_only),
		cmocka_unit_test(a_shared_block_has_two_users),
		cmocka_unit_test(a_run_is_contiguous),
		cmocka_unit_test(owners_are_told),
		cmocka_unit_test(a_tree_is_pruned_to_its_budget),
		cmocka_unit_test(the_leaf_asked_for_last_is_spared),
		cmocka_unit_test(the_hole_asked_for_last_is_spared),
		cmocka_unit_test(an_unwritten_extent_is_a_hole_with_a_place),
		cmocka_unit_test(a_write_may_need_both),
		cmocka_unit_test(a_refusal_keeps_what_is_set_aside),
		cmocka_unit_test(what_is_set_aside_is_given_up_with_the_rest),
		cmocka_unit_test(maps_trees_and_pool_agree),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
