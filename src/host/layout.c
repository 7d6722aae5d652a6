#include "host/layout.h"

#include <stdlib.h>
#include <string.h>

#include "base/rng.h"

typedef struct piece {
	uint64_t first_block, num_blocks;
} piece;

static nescsim_status layout_fragmented(disk_layout *layout, const disk_map_fragmented *map, uint64_t num_blocks,
					uint64_t first_block, uint64_t seed, uint64_t stream)
{
	const uint64_t min = (uint64_t)map->min_extent_bytes / TREE_BLOCK_BYTES;
	const uint64_t max = (uint64_t)map->max_extent_bytes / TREE_BLOCK_BYTES;
	const size_t max_pieces = num_blocks / min + 1;
	rng_stream rng = rng_open(seed, "host.layout", stream);
	size_t *order;
	uint64_t at = 0;

	layout->extents = malloc(max_pieces * sizeof(extent));
	order = malloc(max_pieces * sizeof(size_t));
	if (layout->extents == NULL || order == NULL) {
		free(order);
		return NESCSIM_NO_MEMORY;
	}
	while (at < num_blocks) {
		uint64_t length = min + rng_uniform_u64(&rng, max - min + 1);

		if (length > num_blocks - at)
			length = num_blocks - at;
		if (!rng_chance(&rng, (uint64_t)map->hole_percent, 100)) {
			layout->extents[layout->num_extents] = (extent){ .logical_block = at, .num_blocks = length };
			order[layout->num_extents] = layout->num_extents;
			layout->num_extents++;
			layout->num_blocks += length;
		}
		at += length;
	}
	/* Placed in a random order, so that neighbours in the file are none on the medium. */
	for (size_t i = layout->num_extents; i > 1; i--) {
		const size_t j = rng_uniform_u64(&rng, i), last = order[i - 1];

		order[i - 1] = order[j];
		order[j] = last;
	}
	for (size_t i = 0; i < layout->num_extents; i++) {
		layout->extents[order[i]].physical_block = first_block;
		first_block += layout->extents[order[i]].num_blocks;
	}
	free(order);
	return NESCSIM_OK;
}

nescsim_status disk_layout_init(disk_layout *layout, const disk_config *disk, uint64_t first_block, uint64_t seed,
				uint64_t stream)
{
	const uint64_t num_blocks = (uint64_t)disk->num_bytes / TREE_BLOCK_BYTES;

	memset(layout, 0, sizeof(*layout));
	layout->num_bytes = (uint64_t)disk->num_bytes;
	if (disk->map.index == DISK_MAP_FRAGMENTED)
		return layout_fragmented(layout, disk->map.params, num_blocks, first_block, seed, stream);
	if (disk->map.index == DISK_MAP_LAZY)
		return NESCSIM_OK;
	layout->extents = malloc(sizeof(extent));
	if (layout->extents == NULL)
		return NESCSIM_NO_MEMORY;
	layout->extents[0] = (extent){ .physical_block = first_block, .num_blocks = num_blocks };
	layout->num_extents = 1;
	layout->num_blocks = num_blocks;
	return NESCSIM_OK;
}

void disk_layout_fini(disk_layout *layout)
{
	free(layout->extents);
	memset(layout, 0, sizeof(*layout));
}

const extent *disk_layout_find(const disk_layout *layout, uint64_t block)
{
	size_t low = 0, high = layout->num_extents;

	while (low < high) {
		const size_t middle = low + (high - low) / 2;
		const extent *at = &layout->extents[middle];

		if (block < at->logical_block)
			high = middle;
		else if (block - at->logical_block >= at->num_blocks)
			low = middle + 1;
		else
			return at;
	}
	return NULL;
}
