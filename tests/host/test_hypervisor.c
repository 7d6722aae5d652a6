/* Does the hypervisor give each VF the tree of its own file, and a window of its own? */
#include "one_vm.h"

#include "nesc/units.h"

#define DISK                                                                                                       \
	"disk: {bytes: 3 MiB, map: {kind: fragmented, min_extent: 1 KiB, max_extent: 12 KiB, hole_percent: 20}}, " \
	"workload: {kind: dd, count: 1}"

static void the_tree_says_what_the_layout_says(void **state)
{
	static const char *const trees[] = { "{}", "{node_bytes: 128 B}", "{max_entries: 2}", "{node_bytes: 4 KiB}" };

	(void)state;
	for (size_t i = 0; i < sizeof(trees) / sizeof(trees[0]); i++) {
		char yaml[256];
		one_vm vm;
		uint32_t node_bytes;
		uint64_t root, num_mapped = 0;

		snprintf(yaml, sizeof(yaml), "nesc: {tree: %s}\nvms: [{" DISK "}]", trees[i]);
		one_vm_load(&vm, yaml);
		one_vm_make_device(&vm, 1, 0);
		vm.hypervisor = hypervisor_create(vm.kernel, vm.device, &vm.parts);
		assert_non_null(vm.hypervisor);
		node_bytes = (uint32_t)vm.config.nesc.tree.node_bytes;
		root = vm.device->regs.functions[1].tree_root_address;
		assert_int_equal(root % node_bytes, 0);
		assert_int_equal(vm.device->regs.functions[1].device_bytes, 3 << 20);
		for (uint64_t block = 0; block < 3072; block++) {
			const extent *expected = disk_layout_find(&vm.plan.disks[0].layout, block);
			tree_answer answer;
			const tree_outcome outcome =
				tree_lookup(nesc_device_memory(vm.device), node_bytes, root, block, &answer, NULL);

			if (expected == NULL) {
				assert_int_equal(outcome, TREE_HOLE);
				continue;
			}
			num_mapped++;
			assert_int_equal(outcome, TREE_EXTENT);
			assert_int_equal(answer.extent.physical_block + (block - answer.extent.logical_block),
					 expected->physical_block + (block - expected->logical_block));
		}
		assert_int_equal(num_mapped, vm.plan.disks[0].layout.num_blocks);
		one_vm_free(&vm);
	}
}

/* Windows are whole pages, as large as the drivers need, and no two of them, nor one and a tree, overlap. */
static void windows_are_apart(void **state)
{
	enum {
		NUM_VFS = 5,
		NUM_VCPUS = 3
	};
	memory_range windows[NUM_VFS];
	one_vm vm;

	(void)state;
	one_vm_load(&vm, "vms: [{count: 5, " DISK "}]");
	one_vm_make_device(&vm, NUM_VCPUS, 0);
	vm.hypervisor = hypervisor_create(vm.kernel, vm.device, &vm.parts);
	assert_non_null(vm.hypervisor);
	for (uint32_t i = 0; i < NUM_VFS; i++) {
		windows[i] = nesc_device_window(vm.device, i + 1);
		assert_int_equal(windows[i].address % 4096, 0);
		assert_int_equal(windows[i].bytes, driver_window_bytes(&vm.config.nesc, true, NUM_VCPUS));
	}
	for (uint32_t i = 0; i < NUM_VFS; i++) {
		const uint64_t root = vm.device->regs.functions[i + 1].tree_root_address;

		for (uint32_t j = 0; j < NUM_VFS; j++) {
			assert_true(root < windows[j].address || root >= windows[j].address + windows[j].bytes);
			assert_true(i == j || windows[i].address + windows[i].bytes <= windows[j].address ||
				    windows[j].address + windows[j].bytes <= windows[i].address);
		}
	}
	one_vm_free(&vm);
}

static void too_little_memory_is_told(void **state)
{
	one_vm vm;

	(void)state;
	one_vm_load(&vm, "vms: [{" DISK "}]");
	/* room for the window (512 KiB of pages, 4 KiB of ring), none for the tree of some 400 extents */
	one_vm_make_device(&vm, 1, driver_window_bytes(&vm.config.nesc, true, 1) + 4096);
	assert_null(hypervisor_create(vm.kernel, vm.device, &vm.parts));
	one_vm_free(&vm);
}

/* Pages for the trampoline, but no more than nodes that may be under way; completion rings hold every request. */
static void the_driver_has_what_it_can_use(void **state)
{
	nesc_config config = { .queue = { .depth = 256 }, .driver = { .trampoline_bytes = 512 << 10 } };

	(void)state;
	assert_int_equal(driver_num_pages(&config, true), 128);
	assert_int_equal(driver_num_pages(&config, false), 256);
	assert_int_equal(driver_ring_entries(&config), 256);
	assert_int_equal(driver_window_bytes(&config, true, 2), 2 * (128 * 4096 + 4096)); /* 256 entries of 16 B */
	config.queue.depth = 100;
	assert_int_equal(driver_num_pages(&config, true), 100);
	assert_int_equal(driver_ring_entries(&config), 128);
	config.queue.depth = 1;
	assert_int_equal(driver_num_pages(&config, true), 1);
	assert_int_equal(driver_ring_entries(&config), 4);
	assert_int_equal(driver_window_bytes(&config, true, 1), 8192);
	config.queue.depth = 257;
	assert_int_equal(driver_ring_entries(&config), 512);
	assert_int_equal(driver_window_bytes(&config, false, 1), 257 * 4096 + 8192);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_tree_says_what_the_layout_says),
		cmocka_unit_test(windows_are_apart),
		cmocka_unit_test(too_little_memory_is_told),
		cmocka_unit_test(the_driver_has_what_it_can_use),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
