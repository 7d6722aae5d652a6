#include "host/hypervisor.h"

#define PAGE_BYTES UINT64_C(4096)

uint64_t driver_num_pages(const nesc_config *config, bool trampoline)
{
	const uint64_t depth = (uint64_t)config->queue.depth;
	const uint64_t pages = (uint64_t)config->driver.trampoline_bytes / PAGE_BYTES;

	/* More pages than nodes under way are of no use. */
	return trampoline && pages < depth ? pages : depth;
}

uint32_t driver_ring_entries(const nesc_config *config)
{
	uint32_t entries = 4;

	while (entries < (uint64_t)config->queue.depth)
		entries *= 2;
	return entries;
}

static uint64_t ring_bytes(const nesc_config *config)
{
	return ((uint64_t)driver_ring_entries(config) * NESC_COMPLETION_BYTES + PAGE_BYTES - 1) / PAGE_BYTES *
	       PAGE_BYTES;
}

uint64_t driver_window_bytes(const nesc_config *config, bool trampoline, uint32_t num_vcpus)
{
	return num_vcpus * (driver_num_pages(config, trampoline) * PAGE_BYTES + ring_bytes(config));
}

uint64_t hypervisor_memory_bytes(const nesc_config *config, const disk_layout *layouts, uint32_t num_vms,
				 uint32_t num_vcpus)
{
	const uint64_t node_bytes = (uint64_t)config->tree.node_bytes;
	uint64_t total = 16 * PAGE_BYTES;

	for (uint32_t i = 0; i < num_vms; i++) {
		/* At least two entries per node: never more nodes than twice the extents, with room for split ones. */
		total += (2 * layouts[i].num_extents + layouts[i].num_blocks / UINT32_MAX + 64) * node_bytes;
		total += driver_window_bytes(config, false, num_vcpus) + driver_window_bytes(config, true, num_vcpus);
	}
	return total;
}

nescsim_status hypervisor_create_vf(nesc_device *device, const nesc_config *config, uint32_t vf,
				    const disk_layout *layout, uint32_t num_vcpus)
{
	host_memory *memory = nesc_device_memory(device);
	const uint64_t window_bytes = driver_window_bytes(config, true, num_vcpus);
	const uint64_t window = memory_alloc(memory, window_bytes, PAGE_BYTES);
	const uint64_t root = tree_build(memory, (uint32_t)config->tree.node_bytes, (uint32_t)config->tree.max_entries,
					 layout->extents, layout->num_extents);

	if (window == 0 || root == 0)
		return NESCSIM_NO_MEMORY;
	nesc_device_write_register(device, bar_window_register(vf, BAR_EXTENT_TREE_ROOT), root, 8);
	nesc_device_write_register(device, bar_window_register(vf, BAR_DEVICE_SIZE), layout->num_bytes, 8);
	nesc_device_write_register(device, bar_pf_register(BAR_TRAMPOLINE_FUNCTION), vf, 4);
	nesc_device_write_register(device, bar_pf_register(BAR_TRAMPOLINE_BASE), window, 8);
	nesc_device_write_register(device, bar_pf_register(BAR_TRAMPOLINE_BYTES), window_bytes, 8);
	return NESCSIM_OK;
}
