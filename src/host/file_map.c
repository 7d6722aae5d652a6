#include "host/file_map.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/assert.h"

#define FS_BLOCKS (FILE_MAP_BLOCK_BYTES / TREE_BLOCK_BYTES)

static void must(nescsim_status status)
{
	NESC_ASSERT_ALWAYS(status == NESCSIM_OK, "out of memory for the map of a file");
}

static uint64_t min_u64(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* ---- Leaves ---- */

/* Extents of the filesystem that so many contiguous blocks take. */
static uint64_t count_extents(uint64_t num_blocks)
{
	return (num_blocks + FILE_MAP_GROUP_BLOCKS - 1) / FILE_MAP_GROUP_BLOCKS;
}

/* One more leaf as number `index`. */
static nescsim_status insert_leaf(file_map *map, size_t index, uint64_t first_block, uint64_t num_extents)
{
	file_map_leaf *leaves = array_with_room(map->leaves, map->num_leaves, &map->max_leaves, sizeof(*leaves));

	if (leaves == NULL)
		return NESCSIM_NO_MEMORY;
	map->leaves = leaves;
	memmove(&map->leaves[index + 1], &map->leaves[index], (map->num_leaves - index) * sizeof(*map->leaves));
	map->leaves[index] = (file_map_leaf){ .first_block = first_block, .num_extents = (uint32_t)num_extents };
	map->num_leaves++;
	return NESCSIM_OK;
}

/* The first extent of either kind that ends after `block`. */
static bool next_of_all(const file_map *map, uint64_t block, extent *found_out)
{
	extent written, unwritten;
	const bool has_written = extent_map_next(&map->extents, block, &written);
	const bool has_unwritten = extent_map_next(&map->unwritten, block, &unwritten);

	if (has_unwritten && (!has_written || unwritten.logical_block < written.logical_block))
		*found_out = unwritten;
	else if (has_written)
		*found_out = written;
	return has_written || has_unwritten;
}

/* Full leaves, as when the file was written from the start to the end. */
static nescsim_status make_leaves(file_map *map)
{
	nescsim_status status = insert_leaf(map, 0, 0, 0);
	uint64_t num_all = 0;
	extent e;

	for (uint64_t at = 0; status == NESCSIM_OK && next_of_all(map, at, &e); at = e.logical_block + e.num_blocks) {
		const uint64_t num_extents = count_extents(e.num_blocks);

		num_all += num_extents;
		for (uint64_t num_placed = 0; status == NESCSIM_OK && num_placed < num_extents;) {
			file_map_leaf *leaf = &map->leaves[map->num_leaves - 1];
			const uint64_t num =
				min_u64(num_extents - num_placed, FILE_MAP_LEAF_EXTENTS - leaf->num_extents);

			leaf->num_extents += (uint32_t)num;
			num_placed += num;
			if (num == 0)
				status = insert_leaf(map, map->num_leaves,
						     e.logical_block + num_placed * FILE_MAP_GROUP_BLOCKS, 0);
		}
	}
	map->is_in_inode = num_all <= FILE_MAP_INODE_EXTENTS;
	return status;
}

/* Index of the leaf whose extents lie around the block. */
static size_t find_leaf(const file_map *map, uint64_t block)
{
	size_t index = 0, num = map->num_leaves;

	while (num > 1) {
		const size_t half = num / 2;

		index = map->leaves[index + half].first_block <= block ? index + half : index;
		num -= half;
	}
	return index;
}

/* First block behind what the leaf holds. */
static uint64_t limit_of_leaf(const file_map *map, size_t index)
{
	return index + 1 < map->num_leaves ? map->leaves[index + 1].first_block : map->num_blocks;
}

/* Extents of the filesystem in [first_block, limit_block), those that reach over an end cut there; *start_out: where the
 * first one begins, if there is any. */
static uint64_t count_starts(const file_map *map, uint64_t first_block, uint64_t limit_block, uint64_t *start_out)
{
	uint64_t num_starts = 0;
	extent e;

	for (uint64_t at = first_block; at < limit_block && next_of_all(map, at, &e) && e.logical_block < limit_block;
	     at = e.logical_block + e.num_blocks) {
		const uint64_t from = at > e.logical_block ? at : e.logical_block;

		if (num_starts == 0)
			*start_out = from;
		num_starts += count_extents(min_u64(e.logical_block + e.num_blocks, limit_block) - from);
	}
	return num_starts;
}

static void dirty_leaf(file_map *map, size_t index)
{
	if (map->leaves[index].dirty_in == map->commit)
		return;
	map->leaves[index].dirty_in = map->commit;
	map->num_dirty++;
}

static void add_leaf(file_map *map, size_t index, uint64_t first_block, uint64_t num_extents)
{
	must(insert_leaf(map, index, first_block, num_extents));
	dirty_leaf(map, index);
	map->num_new_leaves++;
}

/* More extents than the leaf can hold: those behind `grown` move to a new leaf; if there are still too many, the last
 * ones of `grown` fill new leaves. */
static void split_leaf(file_map *map, size_t index, const extent *grown)
{
	const uint64_t end_block = grown->logical_block + grown->num_blocks;
	uint64_t border = 0, num_more;
	const uint64_t num_behind = count_starts(map, end_block, limit_of_leaf(map, index), &border);

	if (num_behind > 0) {
		map->leaves[index].num_extents -= (uint32_t)num_behind;
		add_leaf(map, index + 1, border, num_behind);
	}
	while (map->leaves[index].num_extents > FILE_MAP_LEAF_EXTENTS) {
		num_more = map->leaves[index].num_extents - FILE_MAP_LEAF_EXTENTS;
		border = grown->logical_block + (count_extents(grown->num_blocks) - num_more) * FILE_MAP_GROUP_BLOCKS;
		map->leaves[index].num_extents = FILE_MAP_LEAF_EXTENTS;
		add_leaf(map, ++index, border, num_more);
	}
}

/* The leaf that holds first_block has num_extents now, after a change whose last blocks are those of `grown`. */
static void follow(file_map *map, const extent *grown, uint64_t first_block, uint64_t num_extents)
{
	const size_t index = find_leaf(map, first_block);
	file_map_leaf *leaf = &map->leaves[index];

	leaf->num_extents = (uint32_t)num_extents;
	if (map->is_in_inode && leaf->num_extents <= FILE_MAP_INODE_EXTENTS)
		return;
	map->is_in_inode = false;
	dirty_leaf(map, index);
	if (leaf->num_extents > FILE_MAP_LEAF_EXTENTS)
		split_leaf(map, index, grown);
}

/* ---- Blocks ---- */

nescsim_status file_map_init(file_map *map, const disk_layout *layout, uint64_t first_block, uint64_t num_blocks)
{
	const uint64_t first_group = first_block / FILE_MAP_GROUP_BLOCKS;
	const uint64_t last_group = (first_block + num_blocks) / FILE_MAP_GROUP_BLOCKS;
	const uint64_t first_table = first_group / FILE_MAP_DESCRIPTOR_GROUPS;
	const uint64_t last_table = last_group / FILE_MAP_DESCRIPTOR_GROUPS;

	NESC_ASSERT(first_block <= TREE_MAX_BLOCK && num_blocks <= TREE_MAX_BLOCK - first_block,
		    "the arena is too large");
	for (size_t i = 0; num_blocks > 0 && i < layout->num_extents; i++)
		NESC_ASSERT(layout->extents[i].physical_block + layout->extents[i].num_blocks <= first_block,
			    "the arena begins before the end of what was laid out");
	*map = (file_map){
		.num_blocks = layout->num_bytes / TREE_BLOCK_BYTES,
		.free_block = first_block,
		.limit_block = first_block + num_blocks,
		.commit = 1,
		.groups_dirty_in = calloc(last_group - first_group + 1, sizeof(uint64_t)),
		.tables_dirty_in = calloc(last_table - first_table + 1, sizeof(uint64_t)),
		.first_group = first_group,
	};
	if (map->groups_dirty_in == NULL || map->tables_dirty_in == NULL ||
	    extent_map_init(&map->extents, layout->extents, layout->num_extents) != NESCSIM_OK ||
	    extent_map_init(&map->unwritten, layout->unwritten, layout->num_unwritten) != NESCSIM_OK)
		return NESCSIM_NO_MEMORY;
	return make_leaves(map);
}

void file_map_fini(file_map *map)
{
	extent_map_fini(&map->extents);
	extent_map_fini(&map->unwritten);
	free(map->leaves);
	free(map->groups_dirty_in);
	free(map->tables_dirty_in);
	*map = (file_map){ 0 };
}

file_map_run file_map_find(const file_map *map, uint64_t first_block, uint64_t max_blocks)
{
	file_map_run run = { .is_mapped = false };
	extent next;

	NESC_ASSERT(first_block < map->num_blocks && max_blocks > 0, "block %" PRIu64 " is not of the disk",
		    first_block);
	run.num_blocks = min_u64(max_blocks, map->num_blocks - first_block);
	if (!extent_map_next(&map->extents, first_block, &next))
		return run;
	if (next.logical_block > first_block) {
		run.num_blocks = min_u64(run.num_blocks, next.logical_block - first_block);
		return run;
	}
	run.is_mapped = true;
	run.physical_block = next.physical_block + (first_block - next.logical_block);
	run.num_blocks = min_u64(run.num_blocks, next.logical_block + next.num_blocks - first_block);
	return run;
}

/* Marks one entry of a table as dirty. */
static void dirty_entry(file_map *map, uint64_t *entry)
{
	if (*entry == map->commit)
		return;
	*entry = map->commit;
	map->num_dirty++;
}

static void dirty_groups(file_map *map, const extent *piece)
{
	const uint64_t last = (piece->physical_block + piece->num_blocks - 1) / FILE_MAP_GROUP_BLOCKS;

	for (uint64_t group = piece->physical_block / FILE_MAP_GROUP_BLOCKS; group <= last; group++) {
		dirty_entry(map, &map->groups_dirty_in[group - map->first_group]);
		dirty_entry(map, &map->tables_dirty_in[group / FILE_MAP_DESCRIPTOR_GROUPS -
						       map->first_group / FILE_MAP_DESCRIPTOR_GROUPS]);
	}
}

/* Maps the hole [first_block, + num_blocks) to the next free blocks. They lie behind all others of the file: they can
 * continue the extent before the hole, never the one behind it. */
static void fill_hole(file_map *map, uint64_t first_block, uint64_t num_blocks, host_fs_pieces *pieces)
{
	const extent piece = { .logical_block = first_block,
			       .physical_block = map->free_block,
			       .num_blocks = num_blocks };
	extent grown;

	map->free_block += num_blocks;
	must(extent_map_set(&map->extents, piece));
	extent_map_find(&map->extents, first_block, &grown);
	follow(map, &grown, first_block,
	       map->leaves[find_leaf(map, first_block)].num_extents + count_extents(grown.num_blocks) -
		       count_extents(first_block - grown.logical_block));
	dirty_groups(map, &piece);
	host_fs_pieces_add(pieces, (host_fs_piece){ .logical_block = first_block,
						    .physical_block = piece.physical_block,
						    .num_blocks = num_blocks });
}

/* Maps a part of an unwritten extent that lies in one leaf to its own blocks. What becomes of the extent - cut in two or
 * three, or joined to written ones - is counted anew. */
static void convert_in_leaf(file_map *map, const extent *part, host_fs_pieces *pieces)
{
	const size_t index = find_leaf(map, part->logical_block);
	uint64_t start;

	must(extent_map_clear(&map->unwritten, part->logical_block, part->num_blocks));
	must(extent_map_set(&map->extents, *part));
	follow(map, part, part->logical_block,
	       count_starts(map, map->leaves[index].first_block, limit_of_leaf(map, index), &start));
	host_fs_pieces_add(pieces, (host_fs_piece){ .logical_block = part->logical_block,
						    .physical_block = part->physical_block,
						    .num_blocks = part->num_blocks,
						    .was_set_aside = true });
}

/* The hole [first_block, + num_blocks) lies in the unwritten extent `of`. */
static void convert(file_map *map, const extent *of, uint64_t first_block, uint64_t num_blocks, host_fs_pieces *pieces)
{
	const uint64_t limit_block = first_block + num_blocks;

	while (first_block < limit_block) {
		const uint64_t end = min_u64(limit_block, limit_of_leaf(map, find_leaf(map, first_block)));
		const extent part = { .logical_block = first_block,
				      .physical_block = of->physical_block + (first_block - of->logical_block),
				      .num_blocks = end - first_block };

		convert_in_leaf(map, &part, pieces);
		first_block = end;
	}
}

/* The part of an unmapped run that begins at its start and is all a hole, or all in one unwritten extent (*of_out, and
 * true). */
static bool cut_run(const file_map *map, uint64_t first_block, uint64_t *num_blocks, extent *of_out)
{
	if (!extent_map_next(&map->unwritten, first_block, of_out))
		return false;
	if (of_out->logical_block > first_block) {
		*num_blocks = min_u64(*num_blocks, of_out->logical_block - first_block);
		return false;
	}
	*num_blocks = min_u64(*num_blocks, of_out->logical_block + of_out->num_blocks - first_block);
	return true;
}

host_fs_outcome file_map_allocate(file_map *map, uint64_t first_block, uint64_t num_blocks, host_fs_pieces *pieces)
{
	const uint64_t first = first_block / FS_BLOCKS * FS_BLOCKS;
	uint64_t limit, num_missing = 0, num_unwritten = 0;
	file_map_run run;
	extent of;

	NESC_ASSERT(num_blocks > 0 && num_blocks <= FILE_MAP_MAX_BLOCKS && num_blocks <= map->num_blocks &&
			    first_block <= map->num_blocks - num_blocks,
		    "%" PRIu64 " blocks from %" PRIu64 " are not of the disk", num_blocks, first_block);
	limit = min_u64((first_block + num_blocks + FS_BLOCKS - 1) / FS_BLOCKS * FS_BLOCKS, map->num_blocks);
	for (uint64_t at = first; at < limit; at += run.num_blocks) {
		run = file_map_find(map, at, limit - at);
		if (run.is_mapped)
			continue;
		if (cut_run(map, at, &run.num_blocks, &of))
			num_unwritten += run.num_blocks;
		else
			num_missing += run.num_blocks;
	}
	if (num_missing > map->limit_block - map->free_block)
		return HOST_FS_NO_SPACE;
	if (num_missing + num_unwritten == 0)
		return HOST_FS_OK;
	/* The inode goes with every other block. */
	map->num_dirty += map->num_dirty == 0;
	for (uint64_t at = first; at < limit; at += run.num_blocks) {
		run = file_map_find(map, at, limit - at);
		if (run.is_mapped)
			continue;
		if (cut_run(map, at, &run.num_blocks, &of))
			convert(map, &of, at, run.num_blocks, pieces);
		else
			fill_hole(map, at, run.num_blocks, pieces);
	}
	return HOST_FS_OK;
}

/* ---- Metadata ---- */

uint64_t file_map_dirty_metadata_blocks(const file_map *map)
{
	const uint64_t num_indexes = map->num_leaves <= FILE_MAP_INODE_EXTENTS
					     ? 0
					     : (map->num_leaves + FILE_MAP_LEAF_EXTENTS - 1) / FILE_MAP_LEAF_EXTENTS;

	return map->num_dirty + min_u64(map->num_new_leaves, num_indexes);
}

void file_map_committed(file_map *map)
{
	map->num_dirty = map->num_new_leaves = 0;
	map->commit++;
}

/* ---- Arenas ---- */

static bool has_holes(const disk_layout *layout)
{
	return layout->num_blocks < layout->num_bytes / TREE_BLOCK_BYTES;
}

bool file_map_has_arenas(const storage_plan *plan)
{
	for (uint32_t file = 0; file < plan->num_files; file++) {
		uint32_t num_uses = 0;

		if (!has_holes(&plan->files[file].layout))
			continue;
		for (uint32_t i = 0; i < plan->num_disks; i++)
			for (uint32_t j = 0; j < plan->disks[i].num_parts; j++)
				num_uses += plan->disks[i].parts[j].file == file;
		if (num_uses > 1)
			return false;
	}
	return true;
}

void file_map_arena(const storage_plan *plan, uint64_t medium_file_blocks, uint32_t vm, uint64_t *first_block_out,
		    uint64_t *num_blocks_out)
{
	const uint64_t first = (plan->num_blocks + FS_BLOCKS - 1) / FS_BLOCKS * FS_BLOCKS;
	const uint64_t num_free = medium_file_blocks > first ? medium_file_blocks - first : 0;
	uint64_t num_arenas = 0, index = 0, share;

	for (uint32_t i = 0; i < plan->num_disks; i++) {
		if (!has_holes(&plan->disks[i].layout))
			continue;
		index += i + 1 < vm;
		num_arenas++;
	}
	*first_block_out = first;
	*num_blocks_out = 0;
	if (num_arenas == 0 || !has_holes(&plan->disks[vm - 1].layout))
		return;
	share = num_free / num_arenas / FS_BLOCKS * FS_BLOCKS;
	*first_block_out = first + index * share;
	*num_blocks_out = share;
}
