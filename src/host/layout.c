#include "host/layout.h"

#include <stdlib.h>
#include <string.h>

#include "base/rng.h"

/* ---- fragmented ------------------------------------------------------------------------------------------------- */

static uint64_t draw_log_uniform(rng_stream *rng, uint64_t min, uint64_t max)
{
	uint64_t num_doublings = 1, first, limit;

	for (uint64_t at = min; at <= max / 2; at *= 2)
		num_doublings++;
	first = min << rng_uniform_u64(rng, num_doublings);
	limit = first > max / 2 ? max + 1 : 2 * first;
	return first + rng_uniform_u64(rng, limit - first);
}

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
		uint64_t length = map->sizes == DISK_MAP_LOG_UNIFORM ? draw_log_uniform(&rng, min, max)
								     : min + rng_uniform_u64(&rng, max - min + 1);

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

/* ---- extents ---------------------------------------------------------------------------------------------------- */

static int by_place(const void *a, const void *b)
{
	const real_extent *one = *(const real_extent *const *)a, *two = *(const real_extent *const *)b;

	return one->physical_bytes < two->physical_bytes ? -1 : one->physical_bytes > two->physical_bytes;
}

/* Appends an extent of the map, cut to the disk. */
static void add_packed(disk_layout *layout, const real_extent *from, uint64_t physical_block)
{
	const uint64_t logical_block = from->logical_bytes / TREE_BLOCK_BYTES;
	const uint64_t limit_block = layout->num_bytes / TREE_BLOCK_BYTES;
	extent packed = { .logical_block = logical_block,
			  .physical_block = physical_block,
			  .num_blocks = from->num_bytes / TREE_BLOCK_BYTES };

	if (packed.num_blocks > limit_block - logical_block)
		packed.num_blocks = limit_block - logical_block;
	if (from->is_unwritten) {
		layout->unwritten[layout->num_unwritten++] = packed;
	} else {
		layout->extents[layout->num_extents++] = packed;
		layout->num_blocks += packed.num_blocks;
	}
}

nescsim_status disk_layout_pack(disk_layout *layout, const real_map *map, uint64_t num_bytes, uint64_t first_block)
{
	const uint64_t gap_blocks = map->block_bytes / TREE_BLOCK_BYTES;
	const real_extent **order = malloc((map->num_extents + 1) * sizeof(*order));
	uint64_t *places = malloc((map->num_extents + 1) * sizeof(*places));
	uint64_t place = first_block, last_end_bytes = 0;
	size_t num = 0;

	*layout = (disk_layout){
		.num_bytes = num_bytes,
		.extents = malloc((map->num_extents + 1) * sizeof(extent)),
		.unwritten = malloc((map->num_extents + 1) * sizeof(extent)),
		.keeps_gaps = true,
	};
	if (order == NULL || places == NULL || layout->extents == NULL || layout->unwritten == NULL) {
		free(order);
		free(places);
		disk_layout_fini(layout);
		return NESCSIM_NO_MEMORY;
	}
	/* They are sorted by their place in the file: those on the disk come first. */
	while (num < map->num_extents &&
	       map->extents[num].logical_bytes < num_bytes / TREE_BLOCK_BYTES * TREE_BLOCK_BYTES) {
		order[num] = &map->extents[num];
		num++;
	}
	qsort(order, num, sizeof(*order), by_place);
	for (size_t i = 0; i < num; i++) {
		if (i == 0 || order[i]->physical_bytes != last_end_bytes)
			place += gap_blocks;
		places[order[i] - map->extents] = place;
		place += order[i]->num_bytes / TREE_BLOCK_BYTES;
		last_end_bytes = order[i]->physical_bytes + order[i]->num_bytes;
	}
	for (size_t i = 0; i < num; i++)
		add_packed(layout, &map->extents[i], places[i]);
	layout->room_blocks = num == 0 ? 0 : place + gap_blocks - first_block;
	free(order);
	free(places);
	return NESCSIM_OK;
}

static nescsim_status layout_extents(disk_layout *layout, const disk_map_extents *from, uint64_t num_bytes,
				     uint64_t first_block, nescsim_diag *diag)
{
	const real_map_options options = { .format = disk_map_format(from), .is_again = true };
	real_map map;
	nescsim_status status = real_map_read(from->file.resolved, from->file.resolved, &options, diag, &map);

	if (status == NESCSIM_OK)
		status = disk_layout_pack(layout, &map, num_bytes, first_block);
	real_map_fini(&map);
	return status;
}

/* ---- all -------------------------------------------------------------------------------------------------------- */

nescsim_status disk_layout_init(disk_layout *layout, const disk_config *disk, uint64_t first_block, uint64_t seed,
				uint64_t stream, nescsim_diag *diag)
{
	const uint64_t num_blocks = (uint64_t)disk->num_bytes / TREE_BLOCK_BYTES;

	memset(layout, 0, sizeof(*layout));
	layout->num_bytes = (uint64_t)disk->num_bytes;
	if (disk->map.index == DISK_MAP_EXTENTS)
		return layout_extents(layout, disk->map.params, layout->num_bytes, first_block, diag);
	if (disk->map.index == DISK_MAP_LAZY)
		return NESCSIM_OK;
	layout->room_blocks = num_blocks;
	if (disk->map.index == DISK_MAP_FRAGMENTED)
		return layout_fragmented(layout, disk->map.params, num_blocks, first_block, seed, stream);
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
	free(layout->unwritten);
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
