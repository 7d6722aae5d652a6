#include "host/driver.h"

#include "nesc/regs.h"

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
