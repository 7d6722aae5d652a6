/* Does a DMA read wait for memory, for its translation and for a tag, and for nothing else? */
#include "link_defaults.h"

#include "pcie/root_complex.h"

#define PAGE(n) ((uint64_t)(n) << 12)

static void memory_latency_alone_without_an_iommu(void **state)
{
	pcie_link_config config = link_defaults(2, 8);
	pcie_root_complex root;

	(void)state;
	pcie_root_complex_init(&root, &config);
	assert_int_equal(pcie_root_complex_read(&root, 1, PAGE(5), 1000), 306000);
	pcie_root_complex_write(&root, 1, PAGE(5), 64);
	assert_int_equal(root.num_hits + root.num_misses, 0);
}

static void translations_are_kept_by_use(void **state)
{
	pcie_link_config config = link_defaults(2, 8);
	const ps_t hit = 305000, miss = 305000 + 240000;
	pcie_root_complex root;

	(void)state;
	config.iommu = true;
	config.iotlb_entries = 2;
	pcie_root_complex_init(&root, &config);
	assert_int_equal(pcie_root_complex_read(&root, 1, PAGE(5), 0), miss);
	assert_int_equal(pcie_root_complex_read(&root, 1, PAGE(5) + 4095, 0), hit);
	assert_int_equal(pcie_root_complex_read(&root, 2, PAGE(5), 0), miss); /* another function's page 5 */
	assert_int_equal(pcie_root_complex_read(&root, 1, PAGE(5), 0), hit);
	assert_int_equal(pcie_root_complex_read(&root, 1, PAGE(6), 0), miss); /* replaces function 2's */
	assert_int_equal(pcie_root_complex_read(&root, 1, PAGE(5), 0), hit);
	assert_int_equal(pcie_root_complex_read(&root, 2, PAGE(5), 0), miss);

	/* writes do not wait, but they translate: both pages that this one touches */
	pcie_root_complex_write(&root, 1, PAGE(8) - 1, 2);
	assert_int_equal(pcie_root_complex_read(&root, 1, PAGE(7), 0), hit);
	assert_int_equal(pcie_root_complex_read(&root, 1, PAGE(8), 0), hit);
	pcie_root_complex_write(&root, 1, PAGE(9), 0);
	pcie_root_complex_write(&root, 1, PAGE(7), 4096); /* this page and not the next: 8 stays the older one */
	assert_int_equal(root.page[0], 7);
	assert_int_equal(root.page[1], 8);

	/* an unmap drops one function's pages and leaves the room to others */
	assert_int_equal(pcie_root_complex_read(&root, 2, PAGE(7), 0), miss);
	pcie_root_complex_invalidate(&root, 1);
	assert_int_equal(root.num_used, 1);
	assert_int_equal(pcie_root_complex_read(&root, 2, PAGE(7), 0), hit);
	assert_int_equal(pcie_root_complex_read(&root, 1, PAGE(7), 0), miss);
	assert_int_equal(pcie_root_complex_read(&root, 2, PAGE(7), 0), hit);
	assert_int_equal(root.num_hits, 8);
	assert_int_equal(root.num_misses, 8);
}

static void a_read_waits_for_the_tag_of_the_one_before(void **state)
{
	pcie_link_config config = link_defaults(2, 8);
	pcie_tags tags;

	(void)state;
	config.tags = 2;
	pcie_tags_init(&tags, &config);
	assert_true(pcie_tags_available(&tags));
	assert_int_equal(pcie_tags_take(&tags, 10), 10);
	assert_int_equal(pcie_tags_take(&tags, 11), 11);
	assert_false(pcie_tags_available(&tags));
	pcie_tags_free(&tags, 500);
	assert_true(pcie_tags_available(&tags));
	assert_int_equal(pcie_tags_take(&tags, 12), 500);
	pcie_tags_free(&tags, 600);
	pcie_tags_free(&tags, 1100);
	assert_int_equal(pcie_tags_take(&tags, 700), 700);
	assert_int_equal(pcie_tags_take(&tags, 700), 1100);
	assert_false(pcie_tags_available(&tags));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(memory_latency_alone_without_an_iommu),
		cmocka_unit_test(translations_are_kept_by_use),
		cmocka_unit_test(a_read_waits_for_the_tag_of_the_one_before),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
