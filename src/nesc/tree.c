#include "nesc/tree.h"

#include <inttypes.h>

#include "base/assert.h"
#include "sim/sim.h"
#include "nesc/tree_node.h"

/* Number of entries that begin at or before the block. Whatever the bytes: entry result - 1, if there is one, begins
 * at or before it, and entry result, if there is one, behind it. */
static uint32_t count_up_to(const uint8_t *node, uint32_t num_entries, uint64_t block)
{
	uint32_t low = 0, high = num_entries;

	while (low < high) {
		uint32_t middle = (low + high) / 2;

		if (entry_first(node, middle) <= block)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

tree_outcome tree_match(const uint8_t *node, uint32_t node_bytes, uint64_t block, tree_answer *answer)
{
	uint64_t limit_block = answer->limit_block;
	uint64_t first, target, end;
	uint32_t num_entries, num_up_to, num_blocks, flags;
	bool is_leaf;

	if (!node_is_sound(node, node_bytes))
		return TREE_CORRUPT;
	if (block >= TREE_MAX_BLOCK)
		return TREE_HOLE;
	is_leaf = node_kind(node) == TREE_EXTENTS;
	num_entries = node_num_entries(node);
	num_up_to = count_up_to(node, num_entries, block);
	if (num_up_to < num_entries && entry_first(node, num_up_to) < limit_block)
		limit_block = entry_first(node, num_up_to);
	if (num_up_to == 0) {
		answer->limit_block = limit_block;
		return TREE_HOLE;
	}

	first = entry_first(node, num_up_to - 1);
	target = entry_target(node, num_up_to - 1);
	num_blocks = entry_num_blocks(node, num_up_to - 1);
	flags = entry_flags(node, num_up_to - 1);
	end = first + num_blocks;
	if (num_blocks == 0 || end > TREE_MAX_BLOCK || (flags & ~(is_leaf ? EXTENT_ALL_FLAGS : 0)) != 0)
		return TREE_CORRUPT;
	if (num_up_to < num_entries && entry_first(node, num_up_to) < end)
		return TREE_CORRUPT;
	if (is_leaf ? target > TREE_MAX_BLOCK - num_blocks : (target & (node_bytes - 1)) != 0)
		return TREE_CORRUPT;
	if (!is_leaf && num_blocks == TREE_SATURATED)
		end = limit_block;

	if (SIM_MUTATED(EXTENT_END) && is_leaf && block == end)
		num_blocks++, end++;
	if (block >= end) {
		if (answer->first_block < end)
			answer->first_block = end;
		answer->limit_block = limit_block;
		return TREE_HOLE;
	}
	if (answer->first_block < first)
		answer->first_block = first;
	answer->limit_block = limit_block < end ? limit_block : end;
	if (is_leaf) {
		answer->extent = (extent){ first, target, num_blocks, flags };
		return TREE_EXTENT;
	}
	answer->child_address = target;
	return target == 0 ? TREE_PRUNED : TREE_CHILD;
}

tree_outcome tree_lookup(const host_memory *memory, uint32_t node_bytes, uint64_t root_address, uint64_t block,
			 tree_answer *answer, uint32_t *num_nodes_out)
{
	tree_outcome outcome = TREE_CORRUPT;
	uint64_t address = root_address;
	uint32_t num_nodes = 0;

	tree_start(answer);
	while (num_nodes < TREE_MAX_DEPTH) {
		const uint8_t *node = memory_at(memory, address, node_bytes);

		outcome = node ? tree_match(node, node_bytes, block, answer) : TREE_CORRUPT;
		num_nodes += node != NULL;
		if (outcome != TREE_CHILD)
			break;
		address = answer->child_address;
	}
	if (num_nodes_out)
		*num_nodes_out = num_nodes;
	return outcome == TREE_CHILD ? TREE_CORRUPT : outcome;
}

size_t tree_find_bad_extent(const extent *extents, size_t num_extents)
{
	uint64_t end = 0;

	for (size_t i = 0; i < num_extents; i++) {
		const extent *e = &extents[i];

		if (e->num_blocks == 0 || e->num_blocks > TREE_MAX_BLOCK || e->logical_block < end ||
		    e->logical_block > TREE_MAX_BLOCK - e->num_blocks ||
		    e->physical_block > TREE_MAX_BLOCK - e->num_blocks || (e->flags & ~EXTENT_ALL_FLAGS) != 0)
			return i;
		end = e->logical_block + e->num_blocks;
	}
	return num_extents;
}

/* One level of a tree under construction: its last node is still open. Every finished node is either open here or
 * named by an entry one level up, so nothing is lost when memory runs out. */
typedef struct build_level {
	uint8_t *node; /* NULL = none open */
	uint64_t address;
	uint64_t first_block, limit_block; /* that the open node covers */
	uint32_t num_entries;
	bool closed_one; /* an earlier node of this level exists, so there is a level above */
} build_level;

typedef struct builder {
	host_memory *memory;
	uint32_t node_bytes, max_entries;
	build_level levels[TREE_MAX_DEPTH];
} builder;

static bool open_node(builder *b, uint32_t level)
{
	build_level *l = &b->levels[level];

	l->address = memory_alloc(b->memory, b->node_bytes, b->node_bytes);
	if (l->address == 0)
		return false;
	l->node = memory_at(b->memory, l->address, b->node_bytes);
	l->num_entries = 0;
	node_start(l->node, level == 0 ? TREE_EXTENTS : TREE_NODE_POINTERS);
	return true;
}

static bool add_entry(builder *b, uint32_t level, uint64_t first, uint64_t limit, uint64_t target, uint32_t flags);

/* Hands the open node of a level to the level above. */
static bool close_node(builder *b, uint32_t level)
{
	build_level *l = &b->levels[level];

	if (!add_entry(b, level + 1, l->first_block, l->limit_block, l->address, 0))
		return false;
	l->node = NULL;
	l->closed_one = true;
	return true;
}

/* A full node is closed only when there is more to come: so a level's open node is never empty at the end. */
static bool add_entry(builder *b, uint32_t level, uint64_t first, uint64_t limit, uint64_t target, uint32_t flags)
{
	build_level *l = &b->levels[level];

	NESC_ASSERT(level < TREE_MAX_DEPTH, "level %u", level);
	if (l->node && l->num_entries == b->max_entries && !close_node(b, level))
		return false;
	if (!l->node && !open_node(b, level))
		return false;
	if (l->num_entries == 0)
		l->first_block = first;
	l->limit_block = limit;
	node_append(l->node, first, limit, target, flags);
	l->num_entries++;
	return true;
}

static bool add_extent(builder *b, extent e)
{
	while (e.num_blocks > 0) {
		uint64_t num_blocks = e.num_blocks < UINT32_MAX ? e.num_blocks : UINT32_MAX;

		if (!add_entry(b, 0, e.logical_block, e.logical_block + num_blocks, e.physical_block, e.flags))
			return false;
		e.logical_block += num_blocks;
		e.physical_block += num_blocks;
		e.num_blocks -= num_blocks;
	}
	return true;
}

static bool add_extents(builder *b, const extent *extents, size_t num_extents)
{
	extent merged = { 0 };

	for (size_t i = 0; i < num_extents; i++) {
		const extent *e = &extents[i];

		if (merged.num_blocks > 0 && merged.logical_block + merged.num_blocks == e->logical_block &&
		    merged.physical_block + merged.num_blocks == e->physical_block && merged.flags == e->flags) {
			merged.num_blocks += e->num_blocks;
			continue;
		}
		if (!add_extent(b, merged))
			return false;
		merged = *e;
	}
	return add_extent(b, merged);
}

/* Closes the open nodes from the leaves up to the root. Returns the root's address, or 0. */
static uint64_t finish(builder *b)
{
	uint32_t level = 0;

	if (!b->levels[0].node && !open_node(b, 0)) /* no extents: an empty root */
		return 0;
	while (b->levels[level].closed_one) {
		if (!close_node(b, level))
			return 0;
		level++;
	}
	return b->levels[level].address;
}

uint64_t tree_build(host_memory *memory, uint32_t node_bytes, uint32_t max_entries, const extent *extents,
		    size_t num_extents)
{
	builder b = { .memory = memory, .node_bytes = node_bytes };
	uint64_t root_address;

	NESC_ASSERT(node_bytes >= TREE_MIN_NODE_BYTES && node_bytes <= TREE_MAX_NODE_BYTES &&
			    (node_bytes & (node_bytes - 1)) == 0,
		    "nodes of %u B", node_bytes);
	NESC_ASSERT(max_entries != 1 && max_entries <= tree_capacity(node_bytes), "fan-out %u", max_entries);
	NESC_ASSERT(tree_find_bad_extent(extents, num_extents) == num_extents, "extent %zu is out of order",
		    tree_find_bad_extent(extents, num_extents));
	b.max_entries = max_entries ? max_entries : tree_capacity(node_bytes);
	if (add_extents(&b, extents, num_extents)) {
		root_address = finish(&b);
		if (root_address != 0)
			return root_address;
	}
	for (uint32_t level = 0; level < TREE_MAX_DEPTH; level++) {
		if (b.levels[level].node)
			tree_free(memory, node_bytes, b.levels[level].address);
	}
	return 0;
}

uint32_t tree_depth_for(uint64_t num_entries, uint32_t max_entries)
{
	uint32_t depth = 1;

	NESC_ASSERT(max_entries >= 2, "fan-out %u", max_entries);
	while (num_entries > max_entries) {
		num_entries = num_entries / max_entries + (num_entries % max_entries != 0);
		depth++;
	}
	return depth;
}

void tree_free(host_memory *memory, uint32_t node_bytes, uint64_t root_address)
{
	const uint8_t *node;

	if (root_address == 0)
		return;
	node = sound_node(memory, node_bytes, root_address);
	NESC_ASSERT(node, "no tree node at 0x%" PRIx64, root_address);
	if (node_kind(node) == TREE_NODE_POINTERS) {
		for (uint32_t i = 0; i < node_num_entries(node); i++)
			tree_free(memory, node_bytes, entry_target(node, i));
	}
	memory_free(memory, root_address, node_bytes);
}

uint32_t tree_depth(const host_memory *memory, uint32_t node_bytes, uint64_t root_address)
{
	uint64_t address = root_address;

	for (uint32_t depth = 1; depth <= TREE_MAX_DEPTH; depth++) {
		const uint8_t *node = sound_node(memory, node_bytes, address);
		uint32_t i = 0;

		if (!node)
			return 0;
		if (node_kind(node) == TREE_EXTENTS)
			return depth;
		while (i < node_num_entries(node) && entry_target(node, i) == 0)
			i++;
		if (i == node_num_entries(node)) /* all below is pruned */
			return depth;
		address = entry_target(node, i);
	}
	return 0;
}

static uint64_t count_nodes(const host_memory *memory, uint32_t node_bytes, uint64_t address, uint32_t depth)
{
	const uint8_t *node = sound_node(memory, node_bytes, address);
	uint64_t num_nodes = 1;

	if (!node || depth > TREE_MAX_DEPTH)
		return 0;
	if (node_kind(node) == TREE_EXTENTS)
		return 1;
	for (uint32_t i = 0; i < node_num_entries(node); i++) {
		uint64_t num_below;

		if (entry_target(node, i) == 0)
			continue;
		num_below = count_nodes(memory, node_bytes, entry_target(node, i), depth + 1);
		if (num_below == 0)
			return 0;
		num_nodes += num_below;
	}
	return num_nodes;
}

uint64_t tree_num_nodes(const host_memory *memory, uint32_t node_bytes, uint64_t root_address)
{
	return count_nodes(memory, node_bytes, root_address, 1);
}
