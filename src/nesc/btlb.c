#include "nesc/btlb.h"

#include <stddef.h>
#include <string.h>

#include "base/assert.h"

#define NO_SLOT UINT16_MAX
#define FUNCTION_SHIFT 56

_Static_assert(EXTENT_ALL_FLAGS <= UINT16_MAX, "a slot has 16 bits for flags");

/* Entries lie in `slots`, linked by age within their group. `keys` is the index: sorted by function and first block,
 * so that, as entries of a function never overlap, the last key at or before a block is the only candidate. */

static uint64_t make_key(uint32_t function, uint64_t block)
{
	return ((uint64_t)function << FUNCTION_SHIFT) + block;
}

static bool slot_holds(const btlb_slot *slot, uint32_t function, uint64_t block)
{
	return slot->function == function && block - slot->first_block < slot->num_blocks;
}

static btlb_group *group_of(btlb *cache, uint32_t function)
{
	return &cache->groups[cache->partition == BTLB_EQUAL ? function : 0];
}

void btlb_init(btlb *cache, uint32_t num_entries, btlb_replacement replacement, btlb_partition partition,
	       uint32_t num_vfs)
{
	NESC_ASSERT(num_entries >= 1 && num_entries <= BTLB_MAX_ENTRIES, "%u entries", num_entries);
	NESC_ASSERT(num_vfs >= 1 && num_vfs < BTLB_MAX_FUNCTIONS, "%u VFs", num_vfs);
	memset(cache, 0, sizeof(*cache));
	cache->replacement = replacement;
	cache->partition = partition;
	cache->max_entries = num_entries;
	for (uint32_t i = 0; i < num_entries; i++)
		cache->slots[i].newer = (uint16_t)(i + 1 < num_entries ? i + 1 : NO_SLOT);
	for (uint32_t i = 0; i < BTLB_MAX_FUNCTIONS; i++)
		cache->groups[i] = (btlb_group){ .oldest = NO_SLOT, .newest = NO_SLOT };
	if (partition == BTLB_SHARED)
		cache->groups[0].max_entries = (uint16_t)num_entries;
	for (uint32_t vf = 1; partition == BTLB_EQUAL && vf <= num_vfs; vf++)
		cache->groups[vf].max_entries = (uint16_t)(num_entries / num_vfs + (vf <= num_entries % num_vfs));
}

/* Number of keys up to and including `key`. The loop runs log2(entries) times whatever it finds: nothing to predict.
 * A block beyond TREE_MAX_BLOCK may lead to another function's keys; so whoever finds a slot looks at its tag. */
static uint32_t count_keys(const btlb *cache, uint64_t key)
{
	const uint64_t *keys = cache->keys;
	uint32_t num = cache->num_used, position = 0;

	if (num == 0)
		return 0;
	while (num > 1) {
		uint32_t half = num / 2;

		position = keys[position + half] <= key ? position + half : position;
		num -= half;
	}
	return position + (keys[position] <= key);
}

static void unlink_slot(btlb *cache, btlb_group *group, uint16_t index)
{
	btlb_slot *slot = &cache->slots[index];

	if (slot->older == NO_SLOT)
		group->oldest = slot->newer;
	else
		cache->slots[slot->older].newer = slot->newer;
	if (slot->newer == NO_SLOT)
		group->newest = slot->older;
	else
		cache->slots[slot->newer].older = slot->older;
}

static void link_newest(btlb *cache, btlb_group *group, uint16_t index)
{
	btlb_slot *slot = &cache->slots[index];

	slot->older = group->newest;
	slot->newer = NO_SLOT;
	if (group->newest == NO_SLOT)
		group->oldest = index;
	else
		cache->slots[group->newest].newer = index;
	group->newest = index;
}

static void make_newest(btlb *cache, uint16_t index)
{
	btlb_group *group = group_of(cache, cache->slots[index].function);

	if (group->newest == index)
		return;
	unlink_slot(cache, group, index);
	link_newest(cache, group, index);
}

static uint16_t find_slot(const btlb *cache, uint32_t function, uint64_t block)
{
	uint16_t index = cache->last_hit[function];
	uint32_t num_keys;

	if (slot_holds(&cache->slots[index], function, block))
		return index;
	num_keys = count_keys(cache, make_key(function, block));
	if (num_keys == 0)
		return NO_SLOT;
	index = cache->key_slots[num_keys - 1];
	return slot_holds(&cache->slots[index], function, block) ? index : NO_SLOT;
}

bool btlb_lookup_again(btlb *cache, uint32_t function, uint64_t block, extent *extent_out)
{
	uint16_t index = find_slot(cache, function, block);
	const btlb_slot *slot;

	if (index == NO_SLOT)
		return false;
	slot = &cache->slots[index];
	*extent_out = (extent){ slot->first_block, slot->physical_block, slot->num_blocks, slot->flags };
	cache->last_hit[function] = index;
	if (cache->replacement == BTLB_LRU)
		make_newest(cache, index);
	return true;
}

bool btlb_peek(const btlb *cache, uint32_t function, uint64_t block, extent *extent_out)
{
	uint16_t index = find_slot(cache, function, block);
	const btlb_slot *slot;

	if (index == NO_SLOT)
		return false;
	slot = &cache->slots[index];
	*extent_out = (extent){ slot->first_block, slot->physical_block, slot->num_blocks, slot->flags };
	return true;
}

bool btlb_lookup(btlb *cache, uint32_t function, uint64_t block, extent *extent_out)
{
	bool is_hit = btlb_lookup_again(cache, function, block, extent_out);

	if (is_hit)
		cache->counts[function].hits++;
	else
		cache->counts[function].misses++;
	return is_hit;
}

/* Frees the slot of key number `position`; the caller closes the gap in the index. */
static void release_slot(btlb *cache, uint32_t position)
{
	uint16_t index = cache->key_slots[position];
	btlb_slot *slot = &cache->slots[index];
	btlb_group *group = group_of(cache, slot->function);

	unlink_slot(cache, group, index);
	group->num_entries--;
	slot->num_blocks = 0;
	slot->newer = cache->free_slot;
	cache->free_slot = index;
}

/* Closes the gap [position, position + num) in the index. */
static void close_gap(btlb *cache, uint32_t position, uint32_t num)
{
	uint32_t num_behind = cache->num_used - position - num;

	memmove(cache->keys + position, cache->keys + position + num, num_behind * sizeof(cache->keys[0]));
	memmove(cache->key_slots + position, cache->key_slots + position + num,
		num_behind * sizeof(cache->key_slots[0]));
	cache->num_used -= num;
}

static void evict_oldest(btlb *cache, btlb_group *group)
{
	const btlb_slot *slot = &cache->slots[group->oldest];
	uint32_t position = count_keys(cache, make_key(slot->function, slot->first_block)) - 1;

	cache->counts[slot->function].evictions++;
	release_slot(cache, position);
	close_gap(cache, position, 1);
}

static bool overlaps(const btlb_slot *slot, uint64_t first_block, uint64_t num_blocks)
{
	return slot->first_block < first_block ? first_block - slot->first_block < slot->num_blocks
					       : slot->first_block - first_block < num_blocks;
}

/* Drops the entries of one function that overlap the range. They are neighbours in the index. */
static uint32_t drop_range(btlb *cache, uint32_t function, uint64_t first_block, uint64_t num_blocks)
{
	uint32_t begin = count_keys(cache, make_key(function, first_block));
	uint32_t end;

	if (begin > 0) {
		const btlb_slot *before = &cache->slots[cache->key_slots[begin - 1]];

		if (before->function == function && overlaps(before, first_block, num_blocks))
			begin--;
	}
	for (end = begin; end < cache->num_used; end++) {
		const btlb_slot *slot = &cache->slots[cache->key_slots[end]];

		if (slot->function != function || !overlaps(slot, first_block, num_blocks))
			break;
		release_slot(cache, end);
	}
	if (end > begin)
		close_gap(cache, begin, end - begin);
	cache->counts[function].flushed += end - begin;
	return end - begin;
}

void btlb_insert(btlb *cache, uint32_t function, const extent *mapping)
{
	btlb_group *group = group_of(cache, function);
	uint64_t key = make_key(function, mapping->logical_block);
	uint16_t index;
	btlb_slot *slot;
	uint32_t position;

	NESC_ASSERT(function > 0 && function < BTLB_MAX_FUNCTIONS, "function %u", function);
	NESC_ASSERT(tree_find_bad_extent(mapping, 1) == 1, "bad extent of function %u", function);
	if (group->max_entries == 0)
		return;
	index = find_slot(cache, function, mapping->logical_block);
	if (index != NO_SLOT) {
		slot = &cache->slots[index];
		if (slot->first_block == mapping->logical_block && slot->num_blocks == mapping->num_blocks &&
		    slot->physical_block == mapping->physical_block && slot->flags == mapping->flags) {
			if (cache->replacement == BTLB_LRU)
				make_newest(cache, index);
			return;
		}
	}
	drop_range(cache, function, mapping->logical_block, mapping->num_blocks);
	if (group->num_entries == group->max_entries)
		evict_oldest(cache, group);

	index = cache->free_slot;
	NESC_ASSERT(index != NO_SLOT, "no slot is free");
	slot = &cache->slots[index];
	cache->free_slot = slot->newer;
	slot->first_block = mapping->logical_block;
	slot->num_blocks = mapping->num_blocks;
	slot->physical_block = mapping->physical_block;
	slot->function = (uint16_t)function;
	slot->flags = (uint16_t)mapping->flags;
	link_newest(cache, group, index);
	group->num_entries++;
	cache->counts[function].inserts++;
	cache->last_hit[function] = index; /* the block that missed is served next */

	position = count_keys(cache, key);
	memmove(cache->keys + position + 1, cache->keys + position,
		(cache->num_used - position) * sizeof(cache->keys[0]));
	memmove(cache->key_slots + position + 1, cache->key_slots + position,
		(cache->num_used - position) * sizeof(cache->key_slots[0]));
	cache->keys[position] = key;
	cache->key_slots[position] = index;
	cache->num_used++;
}

uint32_t btlb_flush(btlb *cache, uint32_t function, uint64_t first_block, uint64_t num_blocks)
{
	uint32_t num_dropped = 0;

	NESC_ASSERT(function < BTLB_MAX_FUNCTIONS, "function %u", function);
	if (function != BTLB_ALL_FUNCTIONS) {
		cache->epochs[function]++;
		return num_blocks == 0 ? 0 : drop_range(cache, function, first_block, num_blocks);
	}
	for (function = 1; function < BTLB_MAX_FUNCTIONS; function++)
		num_dropped += btlb_flush(cache, function, first_block, num_blocks);
	return num_dropped;
}

uint32_t btlb_num_entries(const btlb *cache, uint32_t function)
{
	if (function == BTLB_ALL_FUNCTIONS)
		return cache->num_used;
	return count_keys(cache, make_key(function + 1, 0) - 1) - count_keys(cache, make_key(function, 0) - 1);
}
