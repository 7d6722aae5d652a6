#include "host/extent_map.h"

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"

#define LEAF_MAX_ENTRIES 256
#define LEAF_GRAIN 32 /* a leaf grows by this many entries, so that little memory lies idle */
#define ENTRY_MAX_BLOCKS UINT32_MAX
#define NUM_LOCAL_ENTRIES 8

typedef struct map_entry {
	uint64_t logical_block, physical_block;
	uint32_t num_blocks, flags;
} map_entry;

struct extent_map_leaf {
	uint64_t first_block; /* of its first entry */
	map_entry *entries;
	uint32_t num_entries, max_entries;
};

/* Before entry number `at` of a leaf, or behind its last entry. */
typedef struct place {
	size_t leaf;
	size_t at;
} place;

static uint64_t end_of(const map_entry *entry)
{
	return entry->logical_block + entry->num_blocks;
}

static extent as_extent(const map_entry *entry)
{
	return (extent){ .logical_block = entry->logical_block,
			 .physical_block = entry->physical_block,
			 .num_blocks = entry->num_blocks,
			 .flags = entry->flags };
}

/* ---- Finding ---- */

/* Behind the last entry that starts before `block`, in that entry's leaf; 0, 0 when no entry does. */
static place find_place(const extent_map *map, uint64_t block)
{
	size_t leaf = 0, low = 0, num = map->num_leaves;

	while (num > 1) {
		const size_t half = num / 2;

		leaf = map->leaves[leaf + half].first_block < block ? leaf + half : leaf;
		num -= half;
	}
	if (num == 0 || map->leaves[leaf].first_block >= block)
		return (place){ 0, 0 };
	num = map->leaves[leaf].num_entries;
	while (num > 1) {
		const size_t half = num / 2;

		low = map->leaves[leaf].entries[low + half].logical_block < block ? low + half : low;
		num -= half;
	}
	return (place){ leaf, low + 1 };
}

/* NULL when there is none. A place from find_place() is behind its predecessor in the same leaf, if there is one. */
static const map_entry *entry_before(const extent_map *map, place at)
{
	return at.at == 0 ? NULL : &map->leaves[at.leaf].entries[at.at - 1];
}

/* The same place, seen from the entry behind it if that is in the next leaf. */
static place skip_to_entry(const extent_map *map, place at)
{
	if (at.leaf < map->num_leaves && at.at == map->leaves[at.leaf].num_entries)
		return (place){ at.leaf + 1, 0 };
	return at;
}

static const map_entry *entry_after(const extent_map *map, place at)
{
	at = skip_to_entry(map, at);
	return at.leaf < map->num_leaves ? &map->leaves[at.leaf].entries[at.at] : NULL;
}

bool extent_map_find(const extent_map *map, uint64_t block, extent *found_out)
{
	extent found;

	if (!extent_map_next(map, block, &found) || found.logical_block > block)
		return false;
	*found_out = found;
	return true;
}

bool extent_map_next(const extent_map *map, uint64_t block, extent *found_out)
{
	const place at = find_place(map, block);
	const map_entry *entry = entry_before(map, at);

	if (entry == NULL || end_of(entry) <= block)
		entry = entry_after(map, at);
	if (entry == NULL)
		return false;
	*found_out = as_extent(entry);
	return true;
}

/* ---- Leaves ---- */

static bool leaf_reserve(extent_map_leaf *leaf, size_t num_entries)
{
	const size_t max_entries = (num_entries + LEAF_GRAIN - 1) / LEAF_GRAIN * LEAF_GRAIN;
	map_entry *entries;

	if (num_entries <= leaf->max_entries)
		return true;
	entries = realloc(leaf->entries, max_entries * sizeof(*entries));
	if (entries == NULL)
		return false;
	leaf->entries = entries;
	leaf->max_entries = (uint32_t)max_entries;
	return true;
}

static bool reserve_leaves(extent_map *map, size_t num_leaves)
{
	const size_t max_leaves = num_leaves > 4 ? num_leaves + num_leaves / 2 : num_leaves;
	extent_map_leaf *leaves;

	if (num_leaves <= map->max_leaves)
		return true;
	leaves = realloc(map->leaves, max_leaves * sizeof(*leaves));
	if (leaves == NULL)
		return false;
	map->leaves = leaves;
	map->max_leaves = max_leaves;
	return true;
}

static void free_leaves(extent_map_leaf *leaves, size_t num_leaves)
{
	for (size_t i = 0; i < num_leaves; i++)
		free(leaves[i].entries);
}

/* Puts `fresh` in the place of the leaves [first, + num_old); there is room. */
static void replace_leaves(extent_map *map, size_t first, size_t num_old, const extent_map_leaf *fresh,
			   size_t num_fresh)
{
	const size_t num_behind = map->num_leaves - first - num_old;

	if (num_old == 0 && num_fresh == 0)
		return;
	free_leaves(map->leaves + first, num_old);
	memmove(map->leaves + first + num_fresh, map->leaves + first + num_old, num_behind * sizeof(*map->leaves));
	if (num_fresh > 0)
		memcpy(map->leaves + first, fresh, num_fresh * sizeof(*fresh));
	map->num_leaves = first + num_fresh + num_behind;
}

/* Keeps a thinned out map from holding many nearly empty leaves. Without memory it stays as it is. */
static void absorb_next_leaf(extent_map *map, size_t index)
{
	extent_map_leaf *leaf = &map->leaves[index];
	const extent_map_leaf *next = leaf + 1;

	if (index + 1 >= map->num_leaves || leaf->num_entries + next->num_entries > LEAF_MAX_ENTRIES / 2 ||
	    !leaf_reserve(leaf, leaf->num_entries + next->num_entries))
		return;
	memcpy(leaf->entries + leaf->num_entries, next->entries, next->num_entries * sizeof(*next->entries));
	leaf->num_entries += next->num_entries;
	replace_leaves(map, index + 1, 1, NULL, 0);
}

/* ---- Changing ---- */

/* A change: what lies between two places (find_place(), from <= to) gives way to `entries`. */
typedef struct change {
	place from, to;
	const map_entry *entries;
	size_t num_entries;
	size_t num_suffix; /* entries behind `to` in its leaf */
	size_t num_total;  /* in the leaves from ... to, afterwards */
} change;

/* All fits into the first leaf. */
static nescsim_status change_leaf(extent_map *map, const change *c)
{
	extent_map_leaf *leaf = &map->leaves[c->from.leaf];

	if (!leaf_reserve(leaf, c->num_total))
		return NESCSIM_NO_MEMORY;
	memmove(leaf->entries + c->from.at + c->num_entries, map->leaves[c->to.leaf].entries + c->to.at,
		c->num_suffix * sizeof(map_entry));
	memcpy(leaf->entries + c->from.at, c->entries, c->num_entries * sizeof(map_entry));
	leaf->num_entries = (uint32_t)c->num_total;
	leaf->first_block = leaf->entries[0].logical_block;
	replace_leaves(map, c->from.leaf + 1, c->to.leaf - c->from.leaf, NULL, 0);
	if (c->num_total < LEAF_MAX_ENTRIES / 4) {
		absorb_next_leaf(map, c->from.leaf);
		if (c->from.leaf > 0)
			absorb_next_leaf(map, c->from.leaf - 1);
	}
	return NESCSIM_OK;
}

/* Entry number `index` of those that the leaves from ... to will hold. */
static map_entry changed_entry(const extent_map *map, const change *c, size_t index)
{
	if (index < c->from.at)
		return map->leaves[c->from.leaf].entries[index];
	index -= c->from.at;
	if (index < c->num_entries)
		return c->entries[index];
	return map->leaves[c->to.leaf].entries[c->to.at + index - c->num_entries];
}

/* Writes the leaves from ... to (num_old; 0 in an empty map) anew. */
static nescsim_status rebuild_leaves(extent_map *map, const change *c, size_t num_old)
{
	const size_t num_fresh = (c->num_total + LEAF_MAX_ENTRIES - 1) / LEAF_MAX_ENTRIES;
	/* Whoever appends, appends again: leaves stay full then. */
	const bool is_append = c->num_suffix == 0 && c->from.leaf + num_old == map->num_leaves;
	extent_map_leaf *fresh = calloc(num_fresh, sizeof(*fresh));
	size_t index = 0;

	if (fresh == NULL || !reserve_leaves(map, map->num_leaves - num_old + num_fresh))
		goto no_memory;
	for (size_t i = 0; i < num_fresh; i++) {
		const size_t share = is_append ? (i + 1) * LEAF_MAX_ENTRIES : c->num_total * (i + 1) / num_fresh;
		const size_t limit = share < c->num_total ? share : c->num_total;

		if (!leaf_reserve(&fresh[i], limit - index))
			goto no_memory;
		while (index < limit)
			fresh[i].entries[fresh[i].num_entries++] = changed_entry(map, c, index++);
		fresh[i].first_block = fresh[i].entries[0].logical_block;
	}
	replace_leaves(map, c->from.leaf, num_old, fresh, num_fresh);
	free(fresh);
	return NESCSIM_OK;

no_memory:
	if (fresh != NULL)
		free_leaves(fresh, num_fresh);
	free(fresh);
	return NESCSIM_NO_MEMORY;
}

static nescsim_status replace_entries(extent_map *map, place from, place to, const map_entry *entries,
				      size_t num_entries)
{
	const size_t num_old = map->num_leaves == 0 ? 0 : to.leaf - from.leaf + 1;
	size_t num_extents = map->num_extents + num_entries;
	uint64_t num_blocks = map->num_blocks;
	change c = { .from = from, .to = to, .entries = entries, .num_entries = num_entries };
	nescsim_status status = NESCSIM_OK;

	for (size_t i = from.leaf; i < from.leaf + num_old; i++) {
		const extent_map_leaf *leaf = &map->leaves[i];
		const size_t limit = i == to.leaf ? to.at : leaf->num_entries;

		for (size_t at = i == from.leaf ? from.at : 0; at < limit; at++) {
			num_blocks -= leaf->entries[at].num_blocks;
			num_extents--;
		}
	}
	for (size_t i = 0; i < num_entries; i++)
		num_blocks += entries[i].num_blocks;

	if (num_old > 0)
		c.num_suffix = map->leaves[to.leaf].num_entries - to.at;
	c.num_total = from.at + num_entries + c.num_suffix;
	if (c.num_total == 0)
		replace_leaves(map, from.leaf, num_old, NULL, 0);
	else if (num_old > 0 && c.num_total <= LEAF_MAX_ENTRIES)
		status = change_leaf(map, &c);
	else
		status = rebuild_leaves(map, &c, num_old);
	if (status == NESCSIM_OK) {
		map->num_extents = num_extents;
		map->num_blocks = num_blocks;
	}
	return status;
}

/* Appends the extent (or none) in pieces that an entry can hold. */
static size_t add_entries(map_entry *entries, size_t num_entries, extent e)
{
	while (e.num_blocks > 0) {
		const uint64_t num_blocks = e.num_blocks < ENTRY_MAX_BLOCKS ? e.num_blocks : ENTRY_MAX_BLOCKS;

		entries[num_entries++] = (map_entry){ .logical_block = e.logical_block,
						      .physical_block = e.physical_block,
						      .num_blocks = (uint32_t)num_blocks,
						      .flags = e.flags };
		e.logical_block += num_blocks;
		e.physical_block += num_blocks;
		e.num_blocks -= num_blocks;
	}
	return num_entries;
}

/* Appends `next` to `e` when the two can be one. */
static bool join(extent *e, const extent *next)
{
	if (e->num_blocks == 0 || next->num_blocks == 0 || e->logical_block + e->num_blocks != next->logical_block ||
	    e->physical_block + e->num_blocks != next->physical_block || e->flags != next->flags ||
	    e->num_blocks + next->num_blocks > ENTRY_MAX_BLOCKS)
		return false;
	e->num_blocks += next->num_blocks;
	return true;
}

/* Unmaps [first_block, limit_block) and puts `middle` there: it fills the range or has no blocks. The entries that reach
 * over the edges are taken out with the rest and put back, cut and joined; so are neighbours that it continues. */
static nescsim_status replace_range(extent_map *map, uint64_t first_block, uint64_t limit_block, extent middle)
{
	place from = find_place(map, first_block), to = find_place(map, limit_block);
	const map_entry *before = entry_before(map, from), *last = entry_before(map, to), *after = entry_after(map, to);
	extent left = { .num_blocks = 0 }, right = { .num_blocks = 0 };
	map_entry local[NUM_LOCAL_ENTRIES], *entries = local;
	size_t num_entries = middle.num_blocks / ENTRY_MAX_BLOCKS + 3;
	nescsim_status status;

	if (before != NULL && end_of(before) >= first_block) {
		left = as_extent(before);
		left.num_blocks = first_block - left.logical_block;
		from.at--;
	}
	if (join(&left, &middle)) {
		middle = left;
		left.num_blocks = 0;
	}
	if (last != NULL && end_of(last) > limit_block) {
		right = as_extent(last);
		right.logical_block = limit_block;
		right.physical_block += limit_block - last->logical_block;
		right.num_blocks = end_of(last) - limit_block;
		if (join(&middle, &right))
			right.num_blocks = 0;
	} else if (after != NULL) {
		const extent next = as_extent(after);

		if (join(&middle, &next)) {
			to = skip_to_entry(map, to);
			to.at++;
		}
	}

	if (num_entries > NUM_LOCAL_ENTRIES) {
		entries = malloc(num_entries * sizeof(*entries));
		if (entries == NULL)
			return NESCSIM_NO_MEMORY;
	}
	num_entries = add_entries(entries, 0, left);
	num_entries = add_entries(entries, num_entries, middle);
	num_entries = add_entries(entries, num_entries, right);
	status = replace_entries(map, from, to, entries, num_entries);
	if (entries != local)
		free(entries);
	return status;
}

nescsim_status extent_map_set(extent_map *map, extent mapping)
{
	NESC_ASSERT(tree_find_bad_extent(&mapping, 1) == 1, "extent is empty or too large");
	return replace_range(map, mapping.logical_block, mapping.logical_block + mapping.num_blocks, mapping);
}

nescsim_status extent_map_clear(extent_map *map, uint64_t first_block, uint64_t num_blocks)
{
	if (first_block >= TREE_MAX_BLOCK || num_blocks == 0)
		return NESCSIM_OK;
	if (num_blocks > TREE_MAX_BLOCK - first_block)
		num_blocks = TREE_MAX_BLOCK - first_block;
	return replace_range(map, first_block, first_block + num_blocks, (extent){ .num_blocks = 0 });
}

/* ---- The whole map ---- */

nescsim_status extent_map_init(extent_map *map, const extent *extents, size_t num_extents)
{
	NESC_ASSERT(tree_find_bad_extent(extents, num_extents) == num_extents, "extents are not sorted and apart");
	memset(map, 0, sizeof(*map));
	for (size_t i = 0; i < num_extents; i++) {
		if (extent_map_set(map, extents[i]) != NESCSIM_OK) {
			extent_map_fini(map);
			return NESCSIM_NO_MEMORY;
		}
	}
	return NESCSIM_OK;
}

void extent_map_fini(extent_map *map)
{
	free_leaves(map->leaves, map->num_leaves);
	free(map->leaves);
	memset(map, 0, sizeof(*map));
}

uint64_t extent_map_num_blocks(const extent_map *map)
{
	return map->num_blocks;
}

size_t extent_map_num_extents(const extent_map *map)
{
	return map->num_extents;
}
