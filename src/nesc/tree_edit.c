#include "nesc/tree_edit.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "nesc/tree_node.h"

typedef enum edit_kind {
	EDIT_REPLACE,
	EDIT_REGENERATE,
	EDIT_PRUNE
} edit_kind;

/* An entry of a node to be made: of a leaf, or (target 0 = pruned) of a node above. */
typedef struct edit_entry {
	uint64_t first, limit; /* blocks [first, limit) */
	uint64_t target;
	uint32_t flags;
} edit_entry;

/* An edit under way. It descends from the root and, coming back, has replaced every node it met by entries for the node
 * above, on a stack: those of a node lie on top of those that its parent has so far. */
typedef struct edit {
	tree_editor *editor;
	edit_kind kind;
	uint32_t fan_out;
	uint64_t first_block, limit_block; /* that changed, or the one block to regenerate or prune */

	edit_entry *entries;
	size_t num_entries, max_entries;
	uint64_t *made; /* nodes of ours, freed if the edit fails */
	size_t num_made, max_made;
	size_t num_replaced; /* nodes behind the editor's retired ones in the same array, retired if it succeeds */
} edit;

/* The array with room for one element more, moved perhaps; NULL, and the array as it was, when memory is exhausted. */
static void *make_room(void *array, size_t num, size_t *max, size_t element_bytes)
{
	size_t wanted = num < 32 ? 64 : 2 * num;
	void *grown;

	if (num < *max)
		return array;
	grown = realloc(array, wanted * element_bytes);
	if (grown)
		*max = wanted;
	return grown;
}

static bool push_entry(edit *e, uint64_t first, uint64_t limit, uint64_t target, uint32_t flags)
{
	edit_entry *entries = make_room(e->entries, e->num_entries, &e->max_entries, sizeof(*entries));

	if (!entries)
		return false;
	e->entries = entries;
	e->entries[e->num_entries++] = (edit_entry){ first, limit, target, flags };
	return true;
}

static const uint8_t *node_of(const tree_editor *editor, uint64_t address)
{
	const uint8_t *node = sound_node(editor->memory, editor->node_bytes, address);

	NESC_ASSERT(node, "no tree node at 0x%" PRIx64, address);
	return node;
}

/* Returns the address, or 0. */
static uint64_t make_node(edit *e, uint32_t height, const edit_entry *entries, size_t num_entries)
{
	tree_editor *editor = e->editor;
	uint64_t *made = make_room(e->made, e->num_made, &e->max_made, sizeof(*made));
	uint64_t address;
	uint8_t *node;

	if (!made)
		return 0;
	e->made = made;
	address = memory_alloc(editor->memory, editor->node_bytes, editor->node_bytes);
	if (address == 0)
		return 0;
	e->made[e->num_made++] = address;
	node = memory_at(editor->memory, address, editor->node_bytes);
	node_start(node, height == 0 ? TREE_EXTENTS : TREE_NODE_POINTERS);
	for (size_t i = 0; i < num_entries; i++)
		node_append(node, entries[i].first, entries[i].limit, entries[i].target, entries[i].flags);
	return address;
}

static bool retire(edit *e, uint64_t address)
{
	tree_editor *editor = e->editor;
	uint64_t *retired = make_room(editor->retired, editor->num_retired + e->num_replaced, &editor->max_retired,
				      sizeof(*retired));

	if (!retired)
		return false;
	editor->retired = retired;
	editor->retired[editor->num_retired + e->num_replaced++] = address;
	return true;
}

/* Takes a node out that may be one of ours, which no device has seen: that one is freed at once. */
static bool discard(edit *e, uint64_t address)
{
	for (size_t i = e->num_made; i-- > 0;) {
		if (e->made[i] == address) {
			memory_free(e->editor->memory, address, e->editor->node_bytes);
			e->made[i] = e->made[--e->num_made];
			return true;
		}
	}
	return retire(e, address);
}

/* What of the source's next extent lies in [block, limit_block); false if nothing is mapped there. */
static bool next_mapped(const edit *e, uint64_t block, uint64_t limit_block, extent *mapped)
{
	const tree_source *source = &e->editor->source;
	uint64_t limit;

	if (block >= limit_block || !source->next(source->context, block, mapped) ||
	    mapped->logical_block >= limit_block)
		return false;
	limit = mapped->logical_block + mapped->num_blocks;
	NESC_ASSERT(limit > block, "the source's extent behind block %" PRIu64 " ends at %" PRIu64, block, limit);
	if (limit > limit_block)
		limit = limit_block;
	if (mapped->logical_block < block) {
		mapped->physical_block += block - mapped->logical_block;
		mapped->logical_block = block;
	}
	mapped->num_blocks = limit - mapped->logical_block;
	NESC_ASSERT(tree_find_bad_extent(mapped, 1) == 1, "bad extent at block %" PRIu64, mapped->logical_block);
	return true;
}

/* Pushes the leaf entries of what is mapped in [block, limit_block), at most max_num of them. */
static bool push_mapped(edit *e, uint64_t block, uint64_t limit_block, size_t max_num)
{
	size_t begin = e->num_entries;
	extent mapped;

	while (next_mapped(e, block, limit_block, &mapped)) {
		block = mapped.logical_block + mapped.num_blocks;
		if (e->num_entries > begin) {
			edit_entry *last = &e->entries[e->num_entries - 1];
			uint64_t room = UINT32_MAX - (last->limit - last->first);

			if (last->limit == mapped.logical_block && last->flags == mapped.flags &&
			    last->target + (last->limit - last->first) == mapped.physical_block) {
				room = room < mapped.num_blocks ? room : mapped.num_blocks;
				last->limit += room;
				mapped.logical_block += room;
				mapped.physical_block += room;
				mapped.num_blocks -= room;
			}
		}
		while (mapped.num_blocks > 0) {
			uint64_t num_blocks = mapped.num_blocks < UINT32_MAX ? mapped.num_blocks : UINT32_MAX;

			if (e->num_entries - begin == max_num)
				return true;
			if (!push_entry(e, mapped.logical_block, mapped.logical_block + num_blocks,
					mapped.physical_block, mapped.flags))
				return false;
			mapped.logical_block += num_blocks;
			mapped.physical_block += num_blocks;
			mapped.num_blocks -= num_blocks;
		}
	}
	return true;
}

/* Makes one entry of pruned neighbours among the entries from `begin` on. */
static void merge_pruned(edit *e, size_t begin)
{
	size_t num = begin;

	for (size_t i = begin; i < e->num_entries; i++) {
		if (num > begin && e->entries[num - 1].target == 0 && e->entries[i].target == 0)
			e->entries[num - 1].limit = e->entries[i].limit;
		else
			e->entries[num++] = e->entries[i];
	}
	e->num_entries = num;
}

/* Packs the entries from `begin` on into evenly filled nodes of this height, and puts the entries of those in their
 * place. Nothing is made of no entries, nor of a pruned one alone, which is moved up. */
static bool pack(edit *e, size_t begin, uint32_t height)
{
	size_t num_entries, num_nodes, from = begin;

	if (height > 0)
		merge_pruned(e, begin);
	num_entries = e->num_entries - begin;
	num_nodes = (num_entries + e->fan_out - 1) / e->fan_out;
	for (size_t i = 0; i < num_nodes; i++) {
		size_t num = num_entries / num_nodes + (i < num_entries % num_nodes);
		const edit_entry *entries = &e->entries[from];
		edit_entry above = { .first = entries[0].first, .limit = entries[num - 1].limit };

		if (height == 0 || num > 1 || entries[0].target != 0) {
			above.target = make_node(e, height, entries, num);
			if (above.target == 0)
				return false;
		}
		e->entries[begin + i] = above; /* at or before the entries just packed */
		from += num;
	}
	e->num_entries = begin + num_nodes;
	return true;
}

/* A pruned entry that owns [lowest_block, highest_limit) and covers [.., limit) of it, over the changed source. */
static bool replace_pruned(edit *e, uint64_t limit, uint64_t lowest_block, uint64_t highest_limit)
{
	uint64_t block = limit > e->first_block ? limit : e->first_block;
	uint64_t changed_limit = highest_limit < e->limit_block ? highest_limit : e->limit_block;
	uint64_t first;
	extent mapped;

	if (!next_mapped(e, lowest_block, highest_limit, &mapped))
		return true;
	first = mapped.logical_block;
	while (next_mapped(e, block, changed_limit, &mapped)) {
		block = mapped.logical_block + mapped.num_blocks;
		limit = block;
	}
	NESC_ASSERT(limit > first, "the source changed outside of [%" PRIu64 ", %" PRIu64 ")", e->first_block,
		    e->limit_block);
	return push_entry(e, first, limit, 0, 0);
}

/* Number of leaf entries for what is mapped in [block, limit_block), at most; counted up to one more than max_num. */
static uint64_t count_mapped(const edit *e, uint64_t block, uint64_t limit_block, uint64_t max_num)
{
	uint64_t num = 0;
	extent mapped;

	while (num <= max_num && next_mapped(e, block, limit_block, &mapped)) {
		num += (mapped.num_blocks + UINT32_MAX - 1) / UINT32_MAX;
		block = mapped.logical_block + mapped.num_blocks;
	}
	return num;
}

/* A pruned entry [first, limit) of a node of this height (>= 1) becomes entries for a leaf around the block, with all
 * nodes down to it, and for what remains pruned before and behind that leaf. As the first block of a pruned entry is
 * always mapped, the leaf begins at or before the block, so that nothing pruned before it can reach there. */
static bool regenerate_entry(edit *e, uint64_t first, uint64_t limit, uint32_t height)
{
	uint64_t low = first, leaf_first = e->first_block; /* the leaf begins in [low, leaf_first] */
	size_t begin = e->num_entries, leaf_begin;
	uint32_t num_before = e->fan_out / 2;
	extent mapped;

	while (low < leaf_first) {
		uint64_t middle = low + (leaf_first - low) / 2;

		if (count_mapped(e, middle, e->first_block, num_before) > num_before)
			low = middle + 1;
		else
			leaf_first = middle;
	}
	if (next_mapped(e, first, leaf_first, &mapped) && !push_entry(e, mapped.logical_block, leaf_first, 0, 0))
		return false;
	leaf_begin = e->num_entries;
	if (!push_mapped(e, leaf_first, limit, e->fan_out))
		return false;
	if (e->num_entries > leaf_begin)
		leaf_first = e->entries[e->num_entries - 1].limit;
	if (!pack(e, leaf_begin, 0))
		return false;
	if (next_mapped(e, leaf_first, limit, &mapped) && !push_entry(e, mapped.logical_block, limit, 0, 0))
		return false;
	for (uint32_t level = 1; level < height; level++) {
		if (!pack(e, begin, level))
			return false;
	}
	return true;
}

/* Entry `index` of a node that owns blocks up to highest_limit. */
static edit_entry read_entry(const uint8_t *node, uint32_t index, uint64_t highest_limit)
{
	uint32_t num_blocks = entry_num_blocks(node, index);
	edit_entry entry = { .first = entry_first(node, index),
			     .target = entry_target(node, index),
			     .flags = entry_flags(node, index) };

	entry.limit = entry.first + num_blocks;
	if (node_kind(node) == TREE_NODE_POINTERS && num_blocks == TREE_SATURATED)
		entry.limit = index + 1 < node_num_entries(node) ? entry_first(node, index + 1) : highest_limit;
	return entry;
}

/* Puts the entries of a node that owns blocks up to highest_limit on the stack, before its entry number `at`. */
static bool insert_entries(edit *e, size_t at, const uint8_t *node, uint64_t highest_limit)
{
	uint32_t num_entries = node_num_entries(node);
	size_t num_behind = e->num_entries - at;

	for (uint32_t i = 0; i < num_entries; i++) {
		if (!push_entry(e, 0, 0, 0, 0))
			return false;
	}
	memmove(e->entries + at + num_entries, e->entries + at, num_behind * sizeof(*e->entries));
	for (uint32_t i = 0; i < num_entries; i++)
		e->entries[at + i] = read_entry(node, i, highest_limit);
	return true;
}

/* A node that is being taken out: it stands `height` (>= 1) above the leaves and owns [lowest_block, highest_limit). */
typedef struct taken_node {
	const uint8_t *node;
	uint32_t height;
	uint64_t lowest_block, highest_limit;
	size_t begin;        /* where its entries begin on the stack */
	uint32_t next_index; /* of its entries: the first that was not taken yet */
} taken_node;

static uint64_t lowest_of(const taken_node *taken, uint32_t index)
{
	return index == 0 ? taken->lowest_block : entry_first(taken->node, index);
}

static uint64_t limit_of(const taken_node *taken, uint32_t index)
{
	return index + 1 < node_num_entries(taken->node) ? entry_first(taken->node, index + 1) : taken->highest_limit;
}

typedef enum sibling {
	SIBLING_NONE,
	SIBLING_LEFT,
	SIBLING_RIGHT
} sibling;

/* Would the entries from `begin` on, of a child of `taken`, need a node less if a neighbour's were packed with them?
 * Not asked when they fill a node rather well alone: so a node is not split and joined again at every turn. Any
 * neighbour will do, but for one on the right that is still to be edited. */
static sibling choose_sibling(const edit *e, const taken_node *taken, size_t begin)
{
	size_t num = e->num_entries - begin, fan_out = e->fan_out;
	size_t spare = (num + fan_out - 1) / fan_out * fan_out - num; /* a neighbour of so many entries saves a node */
	uint32_t right = taken->next_index;

	if (num == 0 || (num <= fan_out && num > fan_out / 2))
		return SIBLING_NONE;
	if (right < node_num_entries(taken->node) && entry_target(taken->node, right) != 0 &&
	    entry_first(taken->node, right) >= e->limit_block &&
	    node_num_entries(node_of(e->editor, entry_target(taken->node, right))) <= spare)
		return SIBLING_RIGHT;
	if (begin > taken->begin && e->entries[begin - 1].target != 0 &&
	    node_num_entries(node_of(e->editor, e->entries[begin - 1].target)) <= spare)
		return SIBLING_LEFT;
	return SIBLING_NONE;
}

/* Packs the entries from `begin` on, which child number `index` (height >= 1) of the node had, changed. */
static bool pack_child(edit *e, taken_node *taken, size_t begin, uint32_t index)
{
	sibling chosen = SIBLING_NONE;
	uint64_t address;

	merge_pruned(e, begin);
	if (e->num_entries != begin + 1 || e->entries[begin].target != 0)
		chosen = choose_sibling(e, taken, begin);
	if (chosen == SIBLING_RIGHT) {
		address = entry_target(taken->node, taken->next_index);
		if (!retire(e, address) ||
		    !insert_entries(e, e->num_entries, node_of(e->editor, address), limit_of(taken, taken->next_index)))
			return false;
		taken->next_index++;
	} else if (chosen == SIBLING_LEFT) {
		address = e->entries[begin - 1].target;
		if (!insert_entries(e, begin, node_of(e->editor, address), lowest_of(taken, index)) ||
		    !discard(e, address))
			return false;
		e->num_entries--;
		begin--;
		memmove(e->entries + begin, e->entries + begin + 1, (e->num_entries - begin) * sizeof(*e->entries));
	}
	return pack(e, begin, taken->height - 1);
}

/* Leaf number `index` and those right behind it that overlap the changed range become leaves of the source. */
static bool replace_leaves(edit *e, taken_node *taken, uint32_t index)
{
	uint64_t lowest_block = lowest_of(taken, index);
	size_t begin = e->num_entries;
	sibling chosen;

	if (!retire(e, entry_target(taken->node, index)))
		return false;
	while (taken->next_index < node_num_entries(taken->node) && entry_target(taken->node, taken->next_index) != 0 &&
	       entry_first(taken->node, taken->next_index) < e->limit_block) {
		if (!retire(e, entry_target(taken->node, taken->next_index++)))
			return false;
	}
	if (!push_mapped(e, lowest_block, limit_of(taken, taken->next_index - 1), SIZE_MAX))
		return false;
	chosen = choose_sibling(e, taken, begin);
	if (chosen != SIBLING_NONE) { /* once more, with the neighbour */
		bool is_out;

		if (chosen == SIBLING_LEFT) {
			begin--;
			lowest_block = e->entries[begin].first;
			is_out = discard(e, e->entries[begin].target);
		} else {
			is_out = retire(e, entry_target(taken->node, taken->next_index++));
		}
		e->num_entries = begin;
		if (!is_out || !push_mapped(e, lowest_block, limit_of(taken, taken->next_index - 1), SIZE_MAX))
			return false;
	}
	return pack(e, begin, 0);
}

/* Takes a node out that stands `height` (>= 1) above the leaves and owns [lowest_block, highest_limit): pushes the
 * entries that it had, changed. */
static bool take_entries(edit *e, uint64_t address, uint32_t height, uint64_t lowest_block, uint64_t highest_limit)
{
	taken_node taken = { node_of(e->editor, address), height, lowest_block, highest_limit, e->num_entries, 0 };

	while (taken.next_index < node_num_entries(taken.node)) {
		uint32_t index = taken.next_index++;
		edit_entry entry = read_entry(taken.node, index, highest_limit);
		uint64_t lowest = lowest_of(&taken, index); /* it owns [lowest, limit) */
		uint64_t limit = limit_of(&taken, index);
		bool is_taken;

		if (limit <= e->first_block || lowest >= e->limit_block) {
			is_taken = push_entry(e, entry.first, entry.limit, entry.target, 0);
		} else if (entry.target == 0 && e->kind == EDIT_REGENERATE) {
			is_taken = regenerate_entry(e, entry.first, entry.limit, height);
		} else if (entry.target == 0) {
			is_taken = replace_pruned(e, entry.limit, lowest, limit);
		} else if (height > 1) {
			size_t begin = e->num_entries;

			is_taken = take_entries(e, entry.target, height - 1, lowest, limit) &&
				   pack_child(e, &taken, begin, index);
		} else if (e->kind == EDIT_REPLACE) {
			is_taken = replace_leaves(e, &taken, index);
		} else {
			is_taken = retire(e, entry.target) && push_entry(e, entry.first, entry.limit, 0, 0);
		}
		if (!is_taken)
			return false;
	}
	return retire(e, address);
}

/* Makes the root of the entries that are left, of nodes of this height. Returns its address, or 0. */
static uint64_t make_root(edit *e, uint32_t height)
{
	uint64_t address;

	if (height > 0)
		merge_pruned(e, 0);
	while (e->num_entries > e->fan_out) {
		if (!pack(e, 0, height))
			return 0;
		height++;
		NESC_ASSERT(height < TREE_MAX_DEPTH, "a tree of %u levels", height + 1);
		merge_pruned(e, 0);
	}
	if (e->num_entries == 0)
		return make_node(e, 0, NULL, 0);
	if (height == 0 || e->num_entries > 1 || e->entries[0].target == 0)
		return make_node(e, height, e->entries, e->num_entries);

	/* A root with a single child: the tree begins there, or further down where that has a single child as well. */
	address = e->entries[0].target;
	for (;;) {
		const uint8_t *node = node_of(e->editor, address);
		uint64_t child_address = entry_target(node, 0);

		if (node_kind(node) == TREE_EXTENTS || node_num_entries(node) > 1)
			return address;
		if (!discard(e, address))
			return 0;
		address = child_address;
	}
}

/* Distance of the root from the leaves. Above nothing but pruned entries it is ours to choose. */
static uint32_t height_of(const tree_editor *editor, uint64_t root_address)
{
	uint32_t depth = tree_depth(editor->memory, editor->node_bytes, root_address);

	NESC_ASSERT(depth > 0, "the tree at 0x%" PRIx64 " is corrupt", root_address);
	if (node_kind(node_of(editor, root_address)) == TREE_EXTENTS)
		return 0;
	return depth > 1 ? depth - 1 : 1;
}

static edit begin_edit(tree_editor *editor, edit_kind kind, uint64_t first_block, uint64_t limit_block)
{
	uint32_t capacity = tree_capacity(editor->node_bytes);

	NESC_ASSERT(capacity >= 2, "nodes of %u B", editor->node_bytes);
	NESC_ASSERT(editor->max_entries != 1 && editor->max_entries <= capacity, "fan-out %u", editor->max_entries);
	return (edit){ .editor = editor,
		       .kind = kind,
		       .fan_out = editor->max_entries ? editor->max_entries : capacity,
		       .first_block = first_block,
		       .limit_block = limit_block };
}

/* The edit of the whole tree. Returns the new root or 0. */
static uint64_t edit_tree(edit *e, uint64_t root_address)
{
	uint32_t height = height_of(e->editor, root_address);
	bool is_taken;

	if (height > 0)
		is_taken = take_entries(e, root_address, height, 0, TREE_MAX_BLOCK);
	else
		is_taken = push_mapped(e, 0, TREE_MAX_BLOCK, SIZE_MAX) && retire(e, root_address);
	return is_taken ? make_root(e, height) : 0;
}

/* Passes the result on and keeps or undoes everything. */
static uint64_t end_edit(edit *e, uint64_t root_address)
{
	tree_editor *editor = e->editor;

	if (root_address != 0) {
		editor->num_retired += e->num_replaced;
		editor->num_nodes += e->num_made;
		editor->num_nodes -= e->num_replaced;
	} else {
		for (size_t i = 0; i < e->num_made; i++)
			memory_free(editor->memory, e->made[i], editor->node_bytes);
	}
	free(e->entries);
	free(e->made);
	return root_address;
}

uint64_t tree_edit_replace(tree_editor *editor, uint64_t root_address, uint64_t first_block, uint64_t num_blocks)
{
	uint64_t limit_block = TREE_MAX_BLOCK;
	edit e;

	if (num_blocks == 0 || first_block >= TREE_MAX_BLOCK)
		return root_address;
	if (num_blocks < TREE_MAX_BLOCK - first_block)
		limit_block = first_block + num_blocks;
	e = begin_edit(editor, EDIT_REPLACE, first_block, limit_block);
	return end_edit(&e, edit_tree(&e, root_address));
}

uint64_t tree_edit_regenerate(tree_editor *editor, uint64_t root_address, uint64_t block)
{
	tree_answer answer;
	edit e;

	if (tree_lookup(editor->memory, editor->node_bytes, root_address, block, &answer, NULL) != TREE_PRUNED)
		return root_address;
	e = begin_edit(editor, EDIT_REGENERATE, block, block + 1);
	return end_edit(&e, edit_tree(&e, root_address));
}

uint64_t tree_edit_prune(tree_editor *editor, uint64_t root_address, uint64_t block)
{
	uint32_t height = height_of(editor, root_address), num_nodes;
	tree_outcome outcome;
	tree_answer answer;
	edit e;

	outcome = tree_lookup(editor->memory, editor->node_bytes, root_address, block, &answer, &num_nodes);
	NESC_ASSERT(outcome != TREE_CORRUPT, "the tree at 0x%" PRIx64 " is corrupt", root_address);
	if (height == 0 || outcome == TREE_PRUNED || num_nodes <= height)
		return root_address;
	e = begin_edit(editor, EDIT_PRUNE, block, block + 1);
	return end_edit(&e, edit_tree(&e, root_address));
}

void tree_editor_free_retired(tree_editor *editor, size_t num)
{
	NESC_ASSERT(num <= editor->num_retired, "%zu of %zu retired nodes", num, editor->num_retired);
	if (num == 0)
		return;
	for (size_t i = 0; i < num; i++)
		memory_free(editor->memory, editor->retired[i], editor->node_bytes);
	editor->num_retired -= num;
	memmove(editor->retired, editor->retired + num, editor->num_retired * sizeof(*editor->retired));
}

void tree_editor_fini(tree_editor *editor)
{
	tree_editor_free_retired(editor, editor->num_retired);
	free(editor->retired);
	editor->retired = NULL;
	editor->max_retired = 0;
}
