/* Are the disks made of the files that the configuration names, each file laid out once and where nothing else is? */
#include "base/cmocka_all.h"

#include <string.h>

#include "base/rng.h"
#include "host/storage.h"

#define NUM(array) (sizeof(array) / sizeof((array)[0]))
#define KIB INT64_C(1024)

static disk_config contiguous(int64_t kib, const char *file)
{
	return (disk_config){ .num_bytes = kib * KIB, .map = { .index = DISK_MAP_CONTIGUOUS }, .file = file };
}

static disk_config lazy(int64_t kib, const char *file)
{
	return (disk_config){ .num_bytes = kib * KIB, .map = { .index = DISK_MAP_LAZY }, .file = file };
}

static storage_plan plan_of(const disk_config *const *disks, uint32_t num_vms)
{
	storage_plan plan;

	assert_int_equal(storage_plan_init(&plan, disks, num_vms, 1, NULL), NESCSIM_OK);
	assert_int_equal(plan.num_disks, num_vms);
	return plan;
}

/* Three files one behind the other: blocks 0, 10 and 30 on, up to 35. */
static void files_lie_one_behind_the_other(void **state)
{
	static const uint64_t first_blocks[] = { 0, 10, 30 };
	const disk_config a = contiguous(10, ""), b = contiguous(20, ""), c = contiguous(5, NULL);
	const disk_config *disks[] = { &a, &b, &c };
	storage_plan plan = plan_of(disks, 3);

	(void)state;
	assert_int_equal(plan.num_files, 3);
	assert_int_equal(plan.num_blocks, 35);
	for (uint32_t i = 0; i < 3; i++) {
		assert_int_equal(plan.disks[i].num_parts, 1);
		assert_int_equal(plan.disks[i].parts[0].file, i);
		assert_int_equal(plan.disks[i].same_as, i);
		assert_int_equal(plan.disks[i].layout.num_bytes, disks[i]->num_bytes);
		assert_int_equal(plan.disks[i].layout.extents[0].physical_block, first_blocks[i]);
	}
	assert_int_equal(storage_num_blocks(disks, 3), 35);
	storage_plan_fini(&plan);
}

/* A named file is there once, as the first VM says that it is: what the second one says of it does not matter. */
static void a_named_file_is_laid_out_once(void **state)
{
	const disk_config first = contiguous(10, "common"), other = contiguous(4, "other");
	const disk_config second = contiguous(20, "common");
	const disk_config *disks[] = { &first, &other, &second };
	storage_plan plan = plan_of(disks, 3);

	(void)state;
	assert_int_equal(plan.num_files, 2);
	assert_int_equal(plan.num_blocks, 14);
	assert_string_equal(plan.files[0].name, "common");
	assert_int_equal(plan.disks[2].parts[0].file, 0);
	assert_int_equal(plan.disks[2].layout.num_bytes, 10 * KIB);
	assert_int_equal(plan.disks[2].same_as, 0);
	assert_int_equal(plan.disks[1].same_as, 1);
	assert_int_equal(storage_num_blocks(disks, 3), 14);
	storage_plan_fini(&plan);
}

/* Files without a name are files of their own, although their names are equal. */
static void no_name_is_no_common_name(void **state)
{
	const disk_config a = contiguous(10, ""), b = contiguous(10, NULL), *disks[] = { &a, &a, &b, &b };
	storage_plan plan = plan_of(disks, 4);

	(void)state;
	assert_int_equal(plan.num_files, 4);
	assert_int_equal(plan.num_blocks, 40);
	for (uint32_t i = 0; i < 4; i++)
		assert_int_equal(plan.disks[i].same_as, i);
	storage_plan_fini(&plan);
}

/* 6 KiB, a hole of 8 KiB, and 10 KiB: parts begin at blocks 0, 6 and 14, and the disk's extents say so. */
static void a_disk_is_its_files_in_order(void **state)
{
	disk_config more[] = { lazy(8, ""), contiguous(10, "tail") };
	disk_config disk = contiguous(6, "");
	const disk_config *disks[] = { &disk };
	const disk_layout *layout;
	storage_plan plan;

	(void)state;
	disk.append = (cfg_list){ .num = NUM(more), .items = more };
	plan = plan_of(disks, 1);
	layout = &plan.disks[0].layout;
	assert_int_equal(plan.disks[0].num_parts, 3);
	assert_int_equal(plan.disks[0].parts[0].first_block, 0);
	assert_int_equal(plan.disks[0].parts[1].first_block, 6);
	assert_int_equal(plan.disks[0].parts[1].num_blocks, 8);
	assert_int_equal(plan.disks[0].parts[2].first_block, 14);
	assert_int_equal(plan.disks[0].parts[2].num_blocks, 10);
	assert_int_equal(layout->num_bytes, 24 * KIB);
	assert_int_equal(layout->num_blocks, 16);
	assert_int_equal(layout->num_extents, 2);
	assert_int_equal(layout->extents[1].logical_block, 14);
	assert_int_equal(layout->extents[1].physical_block, 6); /* the hole takes no room */
	assert_non_null(disk_layout_find(layout, 5));
	assert_null(disk_layout_find(layout, 6));
	assert_null(disk_layout_find(layout, 13));
	assert_non_null(disk_layout_find(layout, 14));
	assert_int_equal(plan.files[2].layout.extents[0].logical_block, 0); /* the file's own stay its own */
	storage_plan_fini(&plan);
}

/* An extent tree is shared by disks of the same files in the same order only. */
static void the_same_disk_is_the_same_files_in_order(void **state)
{
	disk_config a = contiguous(6, "a"), b = contiguous(8, "b"), c = contiguous(8, "c");
	disk_config a_b = a, b_a = b, a_c = a, again = a;
	const disk_config *disks[] = { &a, &a_b, &b_a, &a_c, &again, &b, &a };
	static const uint32_t same_as[] = { 0, 1, 2, 3, 1, 5, 0 };
	storage_plan plan;

	(void)state;
	a_b.append = again.append = (cfg_list){ .num = 1, .items = &b };
	b_a.append = (cfg_list){ .num = 1, .items = &a };
	a_c.append = (cfg_list){ .num = 1, .items = &c };
	plan = plan_of(disks, NUM(disks));
	assert_int_equal(plan.num_files, 3);
	assert_int_equal(plan.num_blocks, 22);
	for (uint32_t i = 0; i < NUM(disks); i++)
		assert_int_equal(plan.disks[i].same_as, same_as[i]);
	assert_int_equal(storage_num_blocks(disks, NUM(disks)), 22);
	storage_plan_fini(&plan);
}

static void a_lazy_file_takes_no_room(void **state)
{
	const disk_config a = lazy(1 << 20, ""), b = contiguous(8, ""), *disks[] = { &a, &b };
	storage_plan plan = plan_of(disks, 2);

	(void)state;
	assert_int_equal(plan.num_blocks, 8);
	assert_int_equal(storage_num_blocks(disks, 2), 8);
	assert_int_equal(plan.disks[0].layout.num_extents, 0);
	assert_int_equal(plan.disks[0].layout.num_bytes, INT64_C(1) << 30);
	assert_int_equal(plan.disks[1].layout.extents[0].physical_block, 0);
	storage_plan_fini(&plan);
}

/* Files of one image hold the same, files without an image something of their own. */
static void images_are_numbered_by_their_first_file(void **state)
{
	static const char *const images[] = { "", "gold", NULL, "silver", "gold", "", "silver" };
	static const uint32_t expected[] = { 0, 1, 2, 3, 1, 5, 3 };
	disk_config configs[NUM(images)];
	const disk_config *disks[NUM(images)];
	storage_plan plan;

	(void)state;
	for (size_t i = 0; i < NUM(images); i++) {
		configs[i] = contiguous(4, "");
		configs[i].image = images[i];
		disks[i] = &configs[i];
	}
	plan = plan_of(disks, NUM(images));
	for (size_t i = 0; i < NUM(images); i++)
		assert_int_equal(plan.files[i].image, expected[i]);
	storage_plan_fini(&plan);
}

static void holes_are_seen(void **state)
{
	disk_map_fragmented map = { .min_extent_bytes = KIB, .max_extent_bytes = 4 * KIB, .hole_percent = 50 };
	disk_config full = contiguous(64, ""), none = lazy(4, ""), some = full, both = full;
	const disk_config *full_disks[] = { &full, &full }, *some_disks[] = { &full, &some };
	const disk_config *appended[] = { &both };
	storage_plan plan = plan_of(full_disks, 2);

	(void)state;
	assert_false(storage_has_holes(&plan));
	storage_plan_fini(&plan);
	some.map = (cfg_variant){ .index = DISK_MAP_FRAGMENTED, .params = &map };
	plan = plan_of(some_disks, 2);
	assert_true(storage_has_holes(&plan));
	storage_plan_fini(&plan);
	both.append = (cfg_list){ .num = 1, .items = &none };
	plan = plan_of(appended, 1);
	assert_true(storage_has_holes(&plan));
	storage_plan_fini(&plan);
}

/* Another VM in front changes no file's own layout but for its place. */
static void a_layout_is_of_seed_vm_and_file(void **state)
{
	disk_map_fragmented map = { .min_extent_bytes = KIB, .max_extent_bytes = 8 * KIB };
	const disk_config first = contiguous(16, ""), longer = contiguous(20, "");
	const disk_config fragmented = { .num_bytes = 200 * KIB,
					 .map = { .index = DISK_MAP_FRAGMENTED, .params = &map },
					 .file = "" };
	const disk_config *one[] = { &first, &fragmented }, *other[] = { &longer, &fragmented };
	storage_plan a = plan_of(one, 2), b = plan_of(other, 2);
	const disk_layout *x = &a.disks[1].layout, *y = &b.disks[1].layout;

	(void)state;
	assert_int_equal(x->num_extents, y->num_extents);
	for (size_t i = 0; i < x->num_extents; i++) {
		assert_int_equal(x->extents[i].logical_block, y->extents[i].logical_block);
		assert_int_equal(x->extents[i].physical_block + 4, y->extents[i].physical_block);
	}
	storage_plan_fini(&a);
	storage_plan_fini(&b);
}

/* Random disks: files never overlap on the medium nor pass its used part; the bound holds, and is exact without
 * holes. */
static void no_two_files_overlap(void **state)
{
	static const char *const names[] = { "", "", "", "a", "b", "c" };

	(void)state;
	for (uint64_t seed = 1; seed <= 60; seed++) {
		rng_stream rng = rng_open(seed, "storage", 0);
		disk_map_fragmented maps[8];
		disk_config configs[8], more[8][3];
		const disk_config *disks[8];
		const uint32_t num_vms = 1 + (uint32_t)rng_uniform_u64(&rng, 8);
		uint8_t used[4000] = { 0 };
		uint64_t num_used = 0;
		bool has_holes = false;
		storage_plan plan;

		for (uint32_t i = 0; i < num_vms; i++) {
			const size_t num_more = rng_uniform_u64(&rng, 4);

			maps[i] = (disk_map_fragmented){ .min_extent_bytes = KIB,
							 .max_extent_bytes = 6 * KIB,
							 .hole_percent = rng_chance(&rng, 1, 2) ? 25 : 0 };
			for (size_t j = 0; j <= num_more; j++) {
				disk_config *file = j == 0 ? &configs[i] : &more[i][j - 1];
				const int kind = (int)rng_uniform_u64(&rng, 3);

				*file = contiguous(4 + (int64_t)rng_uniform_u64(&rng, 100),
						   names[rng_uniform_u64(&rng, NUM(names))]);
				file->map = (cfg_variant){ .index = kind, .params = &maps[i] };
			}
			configs[i].append = (cfg_list){ .num = num_more, .items = more[i] };
			disks[i] = &configs[i];
		}
		plan = plan_of(disks, num_vms);
		assert_true(plan.num_blocks <= NUM(used));
		for (uint32_t i = 0; i < plan.num_files; i++) {
			const disk_layout *layout = &plan.files[i].layout;

			has_holes |= layout->num_blocks * 1024 < layout->num_bytes;
			for (size_t j = 0; j < layout->num_extents; j++)
				for (uint64_t k = 0; k < layout->extents[j].num_blocks; k++) {
					const uint64_t block = layout->extents[j].physical_block + k;

					assert_true(block < plan.num_blocks);
					assert_int_equal(used[block]++, 0);
					num_used++;
				}
		}
		assert_true(num_used <= plan.num_blocks);
		assert_int_equal(storage_has_holes(&plan), has_holes);
		assert_true(storage_num_blocks(disks, num_vms) >= plan.num_blocks);
		if (!has_holes)
			assert_int_equal(storage_num_blocks(disks, num_vms), num_used);
		storage_plan_fini(&plan);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(files_lie_one_behind_the_other),
		cmocka_unit_test(a_named_file_is_laid_out_once),
		cmocka_unit_test(no_name_is_no_common_name),
		cmocka_unit_test(a_disk_is_its_files_in_order),
		cmocka_unit_test(the_same_disk_is_the_same_files_in_order),
		cmocka_unit_test(a_lazy_file_takes_no_room),
		cmocka_unit_test(images_are_numbered_by_their_first_file),
		cmocka_unit_test(holes_are_seen),
		cmocka_unit_test(a_layout_is_of_seed_vm_and_file),
		cmocka_unit_test(no_two_files_overlap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
