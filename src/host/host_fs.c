#include "host/host_fs.h"

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "sim/sim.h"

static void must(nescsim_status status)
{
	NESC_ASSERT_ALWAYS(status == NESCSIM_OK, "out of memory for the host filesystem's maps");
}

static uint64_t min_u64(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static uint64_t max_u64(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* ---- lists ------------------------------------------------------------------------------------------------------ */

void host_fs_pieces_add(host_fs_pieces *pieces, host_fs_piece piece)
{
	if (pieces->num == pieces->max) {
		const size_t max = pieces->max == 0 ? 16 : 2 * pieces->max;
		host_fs_piece *items = realloc(pieces->items, max * sizeof(*items));

		NESC_ASSERT_ALWAYS(items != NULL, "out of memory for a list of extents");
		pieces->items = items;
		pieces->max = max;
	}
	pieces->items[pieces->num++] = piece;
}

void host_fs_pieces_fini(host_fs_pieces *pieces)
{
	free(pieces->items);
	*pieces = (host_fs_pieces){ 0 };
}

/* ---- from a disk to its files ----------------------------------------------------------------------------------- */

static const storage_disk *disk_of(const host_fs *fs, uint32_t vm)
{
	return &fs->plan->disks[vm - 1];
}

/* A part of [first_block, + num_blocks) of a disk that lies in one file. */
typedef struct file_range {
	uint32_t file;
	uint64_t first_block, num_blocks; /* of the file */
	uint64_t disk_block;              /* where the file begins in the disk */
} file_range;

/* The range's part in the disk's part number `index`; false if there is none. */
static bool range_in_part(const host_fs *fs, const storage_disk *disk, uint32_t index, uint64_t first_block,
			  uint64_t num_blocks, file_range *out)
{
	const storage_part *part = &disk->parts[index];
	/* A resized disk has one part. */
	const uint64_t part_blocks = disk->num_parts == 1 ? fs->files[part->file].num_blocks : part->num_blocks;
	const uint64_t limit = num_blocks > UINT64_MAX - first_block ? UINT64_MAX : first_block + num_blocks;
	const uint64_t from = max_u64(first_block, part->first_block);
	const uint64_t to = min_u64(limit, part->first_block + part_blocks);

	if (from >= to)
		return false;
	*out = (file_range){ .file = part->file,
			     .first_block = from - part->first_block,
			     .num_blocks = to - from,
			     .disk_block = part->first_block };
	return true;
}

/* tree_source.next of a tree. */
static bool tree_next(const void *context, uint64_t block, extent *found_out)
{
	const host_fs_tree *tree = context;
	const host_fs *fs = tree->fs;
	file_range range;

	for (uint32_t i = 0; i < tree->disk->num_parts; i++) {
		if (!range_in_part(fs, tree->disk, i, block, UINT64_MAX, &range))
			continue;
		if (extent_map_next(&fs->files[range.file].map, range.first_block, found_out)) {
			found_out->logical_block += range.disk_block;
			return true;
		}
	}
	return false;
}

bool host_fs_find(const host_fs *fs, uint32_t vm, uint64_t block, extent *found_out)
{
	const storage_disk *disk = disk_of(fs, vm);
	file_range range;

	for (uint32_t i = 0; i < disk->num_parts; i++) {
		if (!range_in_part(fs, disk, i, block, 1, &range))
			continue;
		if (!extent_map_find(&fs->files[range.file].map, range.first_block, found_out))
			return false;
		found_out->logical_block += range.disk_block;
		return true;
	}
	return false;
}

/* The mapped extents of a range of a file, cut to it, one by one: *at goes from the range's first block to its end. */
static bool next_mapped(const host_fs_file *file, uint64_t *at, uint64_t limit, extent *found_out)
{
	uint64_t cut;

	if (*at >= limit || !extent_map_next(&file->map, *at, found_out) || found_out->logical_block >= limit)
		return false;
	if (found_out->logical_block < *at) {
		cut = *at - found_out->logical_block;
		found_out->logical_block += cut;
		found_out->physical_block += cut;
		found_out->num_blocks -= cut;
	}
	found_out->num_blocks = min_u64(found_out->num_blocks, limit - found_out->logical_block);
	*at = found_out->logical_block + found_out->num_blocks;
	return true;
}

void host_fs_list(const host_fs *fs, uint32_t vm, uint64_t first_block, uint64_t num_blocks, host_fs_pieces *pieces)
{
	const storage_disk *disk = disk_of(fs, vm);
	file_range range;
	extent found;

	for (uint32_t i = 0; i < disk->num_parts; i++) {
		if (!range_in_part(fs, disk, i, first_block, num_blocks, &range))
			continue;
		for (uint64_t at = range.first_block, limit = at + range.num_blocks;
		     next_mapped(&fs->files[range.file], &at, limit, &found);)
			host_fs_pieces_add(pieces,
					   (host_fs_piece){ .logical_block = found.logical_block + range.disk_block,
							    .physical_block = found.physical_block,
							    .num_blocks = found.num_blocks });
	}
}

/* ---- trees ------------------------------------------------------------------------------------------------------ */

uint64_t host_fs_num_nodes(const host_fs *fs)
{
	uint64_t num_nodes = 0;

	for (uint32_t i = 0; i < fs->num_trees; i++)
		num_nodes += fs->trees[i].editor.num_nodes + fs->trees[i].editor.num_retired;
	return num_nodes;
}

size_t host_fs_num_retired(const host_fs *fs)
{
	size_t num_retired = 0;

	for (uint32_t i = 0; i < fs->num_trees; i++)
		num_retired += fs->trees[i].editor.num_retired;
	return num_retired;
}

void host_fs_free_retired(host_fs *fs)
{
	for (uint32_t i = 0; i < fs->num_trees; i++)
		tree_editor_free_retired(&fs->trees[i].editor, fs->trees[i].editor.num_retired);
}

/* Takes the outcome of an edit; `num_nodes` were there before it, with the retired ones. */
static void tree_edited(host_fs_tree *tree, uint64_t root_address, uint64_t num_nodes)
{
	NESC_ASSERT_ALWAYS(root_address != 0, "simulated host memory has no room for a node of the tree");
	tree->fs->num_nodes_written += tree->editor.num_nodes + tree->editor.num_retired - num_nodes;
	tree->root_changed |= root_address != tree->root_address;
	tree->root_address = root_address;
}

static uint64_t tree_num_held(const host_fs_tree *tree)
{
	return tree->editor.num_nodes + tree->editor.num_retired;
}

/* Every tree that exports the file follows its map in this range of the file. */
static void follow(host_fs *fs, uint32_t file, uint64_t first_block, uint64_t num_blocks)
{
	for (uint32_t i = 0; i < fs->num_trees; i++) {
		host_fs_tree *tree = &fs->trees[i];

		if (tree->root_address == 0)
			continue;
		for (uint32_t j = 0; j < tree->disk->num_parts; j++) {
			const storage_part *part = &tree->disk->parts[j];
			const uint64_t num_nodes = tree_num_held(tree);

			if (part->file == file)
				tree_edited(tree,
					    tree_edit_replace(&tree->editor, tree->root_address,
							      part->first_block + first_block, num_blocks),
					    num_nodes);
		}
	}
}

/* Address of the node where a walk for `block` ends; what it says is in *outcome_out and *answer_out. */
static uint64_t walk(const host_fs_tree *tree, uint64_t block, tree_outcome *outcome_out, tree_answer *answer_out)
{
	uint64_t address = tree->root_address;

	tree_start(answer_out);
	for (;;) {
		const uint8_t *node = memory_at(tree->editor.memory, address, tree->editor.node_bytes);

		*outcome_out = tree_match(node, tree->editor.node_bytes, block, answer_out);
		if (*outcome_out != TREE_CHILD)
			return address;
		address = answer_out->child_address;
	}
}

/* Cuts the leaf of this block, if there is one beside the root. */
static bool prune_leaf(host_fs_tree *tree, uint64_t block)
{
	const uint64_t num_nodes = tree_num_held(tree), before = tree->editor.num_nodes;
	const uint64_t root_address = tree_edit_prune(&tree->editor, tree->root_address, block);

	tree_edited(tree, root_address, num_nodes);
	return tree->editor.num_nodes < before;
}

/* The next mapped block under the hand, which moves behind it; false when the sweep went on to the next tree. */
static bool move_hand(host_fs *fs, uint64_t *block_out, uint64_t *leaf_out, bool *pruned_out)
{
	const host_fs_tree *tree = &fs->trees[fs->hand_tree];
	tree_outcome outcome;
	tree_answer answer;
	extent found;

	if (tree->root_address == 0 || !tree_next(tree, fs->hand_block, &found)) {
		fs->hand_tree = fs->hand_tree + 1 == fs->num_trees ? 0 : fs->hand_tree + 1;
		fs->hand_block = 0;
		return false;
	}
	*block_out = max_u64(found.logical_block, fs->hand_block);
	*leaf_out = walk(tree, *block_out, &outcome, &answer);
	*pruned_out = outcome == TREE_PRUNED;
	fs->hand_block = max_u64(answer.limit_block, *block_out + 1);
	return true;
}

/* Did a VF of the tree ask for this leaf last? */
static bool is_spared(const host_fs *fs, const host_fs_tree *tree, uint64_t leaf)
{
	tree_outcome outcome;
	tree_answer answer;

	for (uint64_t vfs = tree->vfs; vfs != 0; vfs &= vfs - 1) {
		const uint32_t vf = (uint32_t)__builtin_ctzll(vfs) + 1;

		if (fs->has_spared[vf] && walk(tree, fs->spared_block[vf], &outcome, &answer) == leaf)
			return true;
	}
	return false;
}

/* Prunes until the live nodes are within the budget: replaced ones go by themselves; before the run, when no device reads
 * them, at once. */
static void prune_to_budget(host_fs *fs, bool before_run)
{
	uint64_t num_live = host_fs_num_nodes(fs) - host_fs_num_retired(fs);
	uint64_t block, leaf;
	uint32_t num_trees_left = fs->num_trees + 1;
	bool is_pruned;

	if (fs->max_nodes == 0 || num_live <= max_u64(fs->max_nodes, fs->least_nodes))
		return;
	while (num_live > fs->max_nodes && num_trees_left != 0) {
		host_fs_tree *tree = &fs->trees[fs->hand_tree];

		if (!move_hand(fs, &block, &leaf, &is_pruned)) {
			num_trees_left--;
			continue;
		}
		if (is_pruned || is_spared(fs, tree, leaf))
			continue;
		num_live -= tree->editor.num_nodes;
		if (prune_leaf(tree, block))
			fs->num_pruned++;
		num_live += tree->editor.num_nodes;
		if (before_run)
			host_fs_free_retired(fs);
	}
	/* A whole sweep was not enough: no need to try again before there is more. */
	if (num_live > fs->max_nodes)
		fs->least_nodes = num_live;
}

/* The VF's next miss is served after this one's blocks have begun to walk again: so long their leaf stays, or VFs that want
 * more than there is room for would take it from each other for ever. */
static void spare(host_fs *fs, uint32_t vm, uint64_t block)
{
	fs->has_spared[vm] = true;
	fs->spared_block[vm] = block;
}

bool host_fs_regenerate(host_fs *fs, uint32_t vm, uint64_t block)
{
	host_fs_tree *tree = host_fs_tree_of(fs, vm);
	const uint64_t num_nodes = tree_num_held(tree), root_address = tree->root_address;

	tree_edited(tree, tree_edit_regenerate(&tree->editor, root_address, block), num_nodes);
	if (tree->root_address == root_address)
		return false;
	fs->num_regenerated++;
	spare(fs, vm, block);
	prune_to_budget(fs, false);
	return true;
}

void host_fs_build_tree(host_fs *fs, uint32_t vm)
{
	host_fs_tree *tree = host_fs_tree_of(fs, vm);
	host_fs_pieces pieces = { 0 };
	extent *extents, found;
	size_t num = 0;

	/* From the maps as they are now. */
	for (uint64_t at = 0; tree_next(tree, at, &found); at = found.logical_block + found.num_blocks)
		host_fs_pieces_add(&pieces, (host_fs_piece){ .logical_block = found.logical_block });
	extents = malloc((pieces.num + 1) * sizeof(*extents));
	NESC_ASSERT_ALWAYS(extents != NULL, "out of memory for a list of extents");
	for (uint64_t at = 0; tree_next(tree, at, &found); at = found.logical_block + found.num_blocks)
		extents[num++] = found;
	tree->root_address =
		tree_build(tree->editor.memory, tree->editor.node_bytes, tree->editor.max_entries, extents, num);
	free(extents);
	host_fs_pieces_fini(&pieces);
	if (tree->root_address == 0)
		return;
	tree->root_changed = true;
	tree->editor.num_nodes = tree_num_nodes(tree->editor.memory, tree->editor.node_bytes, tree->root_address);
	fs->num_nodes_written += tree->editor.num_nodes;
}

void host_fs_drop_tree(host_fs *fs, uint32_t vm)
{
	host_fs_tree *tree = host_fs_tree_of(fs, vm);

	tree_free(tree->editor.memory, tree->editor.node_bytes, tree->root_address);
	tree->root_address = 0;
	tree->editor.num_nodes = 0;
}

/* ---- blocks ----------------------------------------------------------------------------------------------------- */

/* Check mode: from now on these blocks are the file's too, or no more. */
static void own(host_fs *fs, uint32_t file, uint64_t first_block, uint64_t num_blocks, bool owns)
{
	if (fs->content == NULL)
		return;
	if (owns)
		content_add_owner(fs->content, first_block, num_blocks, file + 1, fs->now_ps);
	else
		content_remove_owner(fs->content, first_block, num_blocks, file + 1, fs->now_ps);
}

/* Whole units of alloc_blocks around the range, within the file. */
static file_range widen(const host_fs *fs, file_range range)
{
	const uint64_t unit = fs->alloc_blocks, limit = range.first_block + range.num_blocks;

	range.first_block = range.first_block / unit * unit;
	range.num_blocks =
		min_u64((limit + unit - 1) / unit * unit, fs->files[range.file].num_blocks) - range.first_block;
	return range;
}

/* Appends what is set aside at `at`, up to `limit`, to fs->taken, and moves `at` behind it. Otherwise *limit_out is where
 * the next such blocks begin, if that is before `limit`. */
static bool take_set_aside(host_fs *fs, const file_range *range, uint64_t *at, uint64_t limit, uint64_t *limit_out)
{
	extent next;
	uint64_t num_blocks;

	*limit_out = limit;
	if (!extent_map_next(&fs->files[range->file].unwritten, *at, &next))
		return false;
	if (next.logical_block > *at) {
		*limit_out = min_u64(limit, next.logical_block);
		return false;
	}
	num_blocks = min_u64(limit, next.logical_block + next.num_blocks) - *at;
	host_fs_pieces_add(&fs->taken,
			   (host_fs_piece){ .logical_block = range->disk_block + *at,
					    .physical_block = next.physical_block + (*at - next.logical_block),
					    .num_blocks = num_blocks,
					    .was_set_aside = true });
	*at += num_blocks;
	return true;
}

/* Appends runs for all holes of the range to fs->taken. */
static host_fs_outcome take_for_holes(host_fs *fs, const file_range *range)
{
	host_fs_file *file = &fs->files[range->file];
	const uint64_t limit = range->first_block + range->num_blocks;
	uint64_t num_taken = 0;

	for (uint64_t at = range->first_block; at < limit;) {
		extent next;
		const bool is_mapped = extent_map_next(&file->map, at, &next);
		uint64_t end = is_mapped ? min_u64(limit, next.logical_block) : limit;
		block_run run;

		if (is_mapped && next.logical_block <= at) {
			at = next.logical_block + next.num_blocks;
			continue;
		}
		if (take_set_aside(fs, range, &at, end, &end))
			continue;
		num_taken += end - at;
		if (fs->quota_blocks != 0 && file->num_on_demand + num_taken > fs->quota_blocks)
			return HOST_FS_QUOTA;
		while (at < end) {
			extent before;

			/* Right behind the block before it, if there is one. */
			if (at > 0 && extent_map_find(&file->map, at - 1, &before))
				file->goal_block = before.physical_block + before.num_blocks;
			must(block_pool_take(&fs->pool, file->goal_block, end - at, &run));
			if (run.num_blocks == 0)
				return HOST_FS_NO_SPACE;
			file->goal_block = run.first_block + run.num_blocks;
			host_fs_pieces_add(&fs->taken, (host_fs_piece){ .logical_block = range->disk_block + at,
									.physical_block = run.first_block,
									.num_blocks = run.num_blocks });
			at += run.num_blocks;
		}
	}
	return HOST_FS_OK;
}

/* Maps what was taken for the range, and appends it to *pieces. */
static void map_taken(host_fs *fs, const file_range *range, host_fs_pieces *pieces)
{
	host_fs_file *file = &fs->files[range->file];
	const uint64_t first = range->disk_block + range->first_block;
	bool has_changed = false;

	for (size_t i = 0; i < fs->taken.num; i++) {
		const host_fs_piece *run = &fs->taken.items[i];

		if (run->logical_block < first || run->logical_block - first >= range->num_blocks)
			continue;
		must(extent_map_set(&file->map, (extent){ .logical_block = run->logical_block - range->disk_block,
							  .physical_block = run->physical_block,
							  .num_blocks = run->num_blocks }));
		own(fs, range->file, run->physical_block, run->num_blocks, true);
		if (run->was_set_aside)
			must(extent_map_clear(&file->unwritten, run->logical_block - range->disk_block,
					      run->num_blocks));
		else
			file->num_on_demand += run->num_blocks;
		host_fs_pieces_add(pieces, *run);
		has_changed = true;
	}
	if (has_changed)
		follow(fs, range->file, range->first_block, range->num_blocks);
}

host_fs_outcome host_fs_allocate(host_fs *fs, uint32_t vm, uint64_t first_block, uint64_t num_blocks,
				 host_fs_pieces *pieces)
{
	const storage_disk *disk = disk_of(fs, vm);
	host_fs_outcome outcome = HOST_FS_OK;
	file_range range;

	fs->taken.num = 0;
	for (uint32_t i = 0; outcome == HOST_FS_OK && i < disk->num_parts; i++)
		if (range_in_part(fs, disk, i, first_block, num_blocks, &range)) {
			range = widen(fs, range);
			outcome = take_for_holes(fs, &range);
		}
	for (size_t i = 0; outcome != HOST_FS_OK && i < fs->taken.num; i++)
		if (!fs->taken.items[i].was_set_aside)
			must(block_pool_release(&fs->pool, fs->taken.items[i].physical_block,
						fs->taken.items[i].num_blocks));
	if (outcome != HOST_FS_OK)
		return outcome;
	for (uint32_t i = 0; i < disk->num_parts; i++)
		if (range_in_part(fs, disk, i, first_block, num_blocks, &range)) {
			range = widen(fs, range);
			map_taken(fs, &range, pieces);
		}
	spare(fs, vm, first_block);
	prune_to_budget(fs, false);
	return HOST_FS_OK;
}

/* Maps one piece of a disk, in its file. */
static void map_piece(host_fs *fs, uint32_t vm, const host_fs_piece *piece, uint32_t flags)
{
	const storage_disk *disk = disk_of(fs, vm);
	file_range range;

	for (uint32_t i = 0; i < disk->num_parts; i++) {
		if (!range_in_part(fs, disk, i, piece->logical_block, piece->num_blocks, &range))
			continue;
		must(extent_map_set(
			&fs->files[range.file].map,
			(extent){ .logical_block = range.first_block,
				  .physical_block = piece->physical_block +
						    (range.first_block + range.disk_block - piece->logical_block),
				  .num_blocks = range.num_blocks,
				  .flags = flags }));
		own(fs, range.file, piece->physical_block, piece->num_blocks, true);
		follow(fs, range.file, range.first_block, range.num_blocks);
	}
}

void host_fs_protect(host_fs *fs, uint32_t vm, uint64_t first_block, uint64_t num_blocks, bool read_only)
{
	const storage_disk *disk = disk_of(fs, vm);
	file_range range;
	extent found;

	for (uint32_t i = 0; i < disk->num_parts; i++) {
		if (!range_in_part(fs, disk, i, first_block, num_blocks, &range))
			continue;
		for (uint64_t at = range.first_block, limit = at + range.num_blocks;
		     next_mapped(&fs->files[range.file], &at, limit, &found);) {
			found.flags = read_only ? EXTENT_READ_ONLY : 0;
			must(extent_map_set(&fs->files[range.file].map, found));
		}
		follow(fs, range.file, range.first_block, range.num_blocks);
	}
}

bool host_fs_take_run(host_fs *fs, uint64_t num_blocks, uint64_t *first_out)
{
	extent free_run;

	for (uint64_t at = 0; extent_map_next(&fs->pool.free_blocks, at, &free_run);
	     at = free_run.logical_block + free_run.num_blocks)
		if (free_run.num_blocks >= num_blocks) {
			must(block_pool_reserve(&fs->pool, free_run.logical_block, num_blocks));
			*first_out = free_run.logical_block;
			return true;
		}
	return false;
}

void host_fs_move(host_fs *fs, uint32_t vm, const host_fs_piece *piece)
{
	map_piece(fs, vm, piece, 0);
}

void host_fs_share(host_fs *fs, uint32_t vm, const host_fs_piece *piece)
{
	must(block_pool_share(&fs->pool, piece->physical_block, piece->num_blocks));
	map_piece(fs, vm, piece, EXTENT_READ_ONLY);
}

/* The file that this place of the disk lies in. */
static uint32_t file_at(const host_fs *fs, uint32_t vm, uint64_t block)
{
	const storage_disk *disk = disk_of(fs, vm);
	uint32_t index = 0;

	while (index + 1 < disk->num_parts && block >= disk->parts[index + 1].first_block)
		index++;
	return disk->parts[index].file;
}

void host_fs_release(host_fs *fs, uint32_t vm, const host_fs_piece *piece)
{
	own(fs, file_at(fs, vm, piece->logical_block), piece->physical_block, piece->num_blocks, false);
	must(block_pool_release(&fs->pool, piece->physical_block, piece->num_blocks));
}

uint32_t host_fs_num_users(const host_fs *fs, uint64_t physical_block)
{
	return block_pool_num_references(&fs->pool, physical_block);
}

/* The file gives up what is set aside for this range of it. */
static void give_up_set_aside(host_fs *fs, host_fs_file *file, uint64_t first_block, uint64_t num_blocks)
{
	extent found;

	while (extent_map_next(&file->unwritten, first_block, &found) &&
	       found.logical_block < first_block + num_blocks) {
		const uint64_t from = max_u64(first_block, found.logical_block);
		const uint64_t to = min_u64(first_block + num_blocks, found.logical_block + found.num_blocks);

		must(block_pool_release(&fs->pool, found.physical_block + (from - found.logical_block), to - from));
		must(extent_map_clear(&file->unwritten, from, to - from));
	}
}

void host_fs_unmap(host_fs *fs, uint32_t vm, uint64_t first_block, uint64_t num_blocks, host_fs_pieces *pieces)
{
	const storage_disk *disk = disk_of(fs, vm);
	file_range range;

	host_fs_list(fs, vm, first_block, num_blocks, pieces);
	for (uint32_t i = 0; i < disk->num_parts; i++) {
		host_fs_file *file;
		uint64_t num_before;

		if (!range_in_part(fs, disk, i, first_block, num_blocks, &range))
			continue;
		file = &fs->files[range.file];
		num_before = extent_map_num_blocks(&file->map);
		must(extent_map_clear(&file->map, range.first_block, range.num_blocks));
		give_up_set_aside(fs, file, range.first_block, range.num_blocks);
		/* A file that gives blocks up may be given others. */
		file->num_on_demand -= min_u64(file->num_on_demand, num_before - extent_map_num_blocks(&file->map));
		follow(fs, range.file, range.first_block, range.num_blocks);
	}
}

void host_fs_resize(host_fs *fs, uint32_t vm, uint64_t num_blocks)
{
	fs->files[disk_of(fs, vm)->parts[0].file].num_blocks = num_blocks;
}

/* ---- making it -------------------------------------------------------------------------------------------------- */

static nescsim_status reserve(block_pool *pool, const extent *extents, size_t num_extents)
{
	for (size_t i = 0; i < num_extents; i++)
		if (block_pool_reserve(pool, extents[i].physical_block, extents[i].num_blocks) != NESCSIM_OK)
			return NESCSIM_NO_MEMORY;
	return NESCSIM_OK;
}

/* What is free in [first_block, limit_block) is not: it is other files'. */
static nescsim_status reserve_gaps(block_pool *pool, uint64_t first_block, uint64_t limit_block)
{
	extent gap;

	while (extent_map_next(&pool->free_blocks, first_block, &gap) && gap.logical_block < limit_block) {
		const uint64_t from = max_u64(gap.logical_block, first_block);
		const uint64_t to = min_u64(gap.logical_block + gap.num_blocks, limit_block);

		if (block_pool_reserve(pool, from, to - from) != NESCSIM_OK)
			return NESCSIM_NO_MEMORY;
		first_block = to;
	}
	return NESCSIM_OK;
}

static nescsim_status open_files(host_fs *fs)
{
	const storage_plan *plan = fs->plan;
	const uint64_t num_free = fs->pool.all.num_blocks - plan->num_blocks;
	uint64_t room = 0; /* where the file's begins */

	for (uint32_t i = 0; i < plan->num_files; i++) {
		const disk_layout *layout = &plan->files[i].layout;
		host_fs_file *file = &fs->files[i];

		if (extent_map_init(&file->map, layout->extents, layout->num_extents) != NESCSIM_OK ||
		    extent_map_init(&file->unwritten, layout->unwritten, layout->num_unwritten) != NESCSIM_OK)
			return NESCSIM_NO_MEMORY;
		for (size_t j = 0; SIM_MUTATED(READ_UNWRITTEN) && j < layout->num_unwritten; j++)
			must(extent_map_set(&file->map, layout->unwritten[j]));
		file->num_blocks = layout->num_bytes / TREE_BLOCK_BYTES;
		/* Files begin apart, as in the block groups of ext4. */
		file->goal_block = plan->num_blocks + (uint64_t)((unsigned __int128)num_free * i / plan->num_files);
		if (reserve(&fs->pool, layout->extents, layout->num_extents) != NESCSIM_OK ||
		    reserve(&fs->pool, layout->unwritten, layout->num_unwritten) != NESCSIM_OK ||
		    (layout->keeps_gaps && reserve_gaps(&fs->pool, room, room + layout->room_blocks) != NESCSIM_OK))
			return NESCSIM_NO_MEMORY;
		room += layout->room_blocks;
	}
	return NESCSIM_OK;
}

/* Trees are built in the order of the VMs, one for all disks of the same files. */
static nescsim_status make_trees(host_fs *fs, const host_fs_config *config)
{
	const storage_plan *plan = fs->plan;

	for (uint32_t vm = 1; vm <= plan->num_disks; vm++) {
		const storage_disk *disk = &plan->disks[vm - 1];
		host_fs_tree *tree = &fs->trees[fs->num_trees];

		if (disk->same_as != vm - 1) {
			fs->tree_of_vm[vm] = fs->tree_of_vm[disk->same_as + 1];
			fs->trees[fs->tree_of_vm[vm]].vfs |= UINT64_C(1) << (vm - 1);
			continue;
		}
		*tree = (host_fs_tree){
			.fs = fs,
			.disk = disk,
			.vfs = UINT64_C(1) << (vm - 1),
			.editor = { .memory = config->memory,
				    .node_bytes = (uint32_t)config->nesc->tree.node_bytes,
				    .max_entries = (uint32_t)config->nesc->tree.max_entries },
		};
		tree->editor.source = (tree_source){ .next = tree_next, .context = tree };
		fs->tree_of_vm[vm] = fs->num_trees++;
		host_fs_build_tree(fs, vm);
		if (tree->root_address == 0)
			return NESCSIM_NO_MEMORY;
		prune_to_budget(fs, true);
	}
	fs->num_nodes_written = fs->num_pruned = 0;
	return NESCSIM_OK;
}

nescsim_status host_fs_init(host_fs *fs, const host_fs_config *config)
{
	const hypervisor_config *hypervisor = config->hypervisor;

	*fs = (host_fs){
		.plan = config->plan,
		.alloc_blocks = (uint64_t)hypervisor->alloc_bytes / TREE_BLOCK_BYTES,
		.quota_blocks = (uint64_t)hypervisor->quota_bytes / TREE_BLOCK_BYTES,
		.max_nodes = (uint64_t)hypervisor->tree_bytes / (uint64_t)config->nesc->tree.node_bytes,
		.files = calloc(config->plan->num_files + 1, sizeof(host_fs_file)),
		.trees = calloc(config->plan->num_disks + 1, sizeof(host_fs_tree)),
	};
	if (hypervisor->tree_bytes != 0 && fs->max_nodes == 0)
		fs->max_nodes = 1;
	if (fs->files == NULL || fs->trees == NULL || block_pool_init(&fs->pool, 0, config->num_blocks) != NESCSIM_OK ||
	    open_files(fs) != NESCSIM_OK)
		return NESCSIM_NO_MEMORY;
	return config->with_trees ? make_trees(fs, config) : NESCSIM_OK;
}

void host_fs_fini(host_fs *fs)
{
	for (uint32_t i = 0; fs->files != NULL && i < fs->plan->num_files; i++) {
		extent_map_fini(&fs->files[i].map);
		extent_map_fini(&fs->files[i].unwritten);
	}
	for (uint32_t i = 0; i < fs->num_trees; i++) {
		free(fs->trees[i].editor.retired);
		fs->trees[i].editor.retired = NULL;
	}
	block_pool_fini(&fs->pool);
	host_fs_pieces_fini(&fs->taken);
	free(fs->files);
	free(fs->trees);
	*fs = (host_fs){ .plan = NULL };
}
