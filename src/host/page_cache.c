#include "host/page_cache.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"

#define CLEAN_LIST 0
#define DIRTY_LIST 1
#define FIRST_SLOT 2
#define NO_SLOT 0
#define NO_LIST UINT32_MAX
#define NO_PAGE UINT64_MAX /* of a free slot */

#define FLAG_READING UINT32_C(1)
#define FLAG_HELD UINT32_C(2)
#define FLAG_DIRTY UINT32_C(4)
#define FLAG_WRITEBACK UINT32_C(8)

/* A bijection, so that no two pages are equal in the tree's heap. */
static uint64_t mix(uint64_t page)
{
	page = (page ^ page >> 32) * UINT64_C(0xd6e8feb86659fd93);
	page = (page ^ page >> 32) * UINT64_C(0xd6e8feb86659fd93);
	return page ^ page >> 32;
}

static uint64_t min_u64(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static uint64_t max_u64(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

static void check_sectors(const page_cache *cache, uint64_t first_sector, uint64_t num_sectors)
{
	NESC_ASSERT(num_sectors > 0 && num_sectors <= cache->config.num_sectors &&
			    first_sector <= cache->config.num_sectors - num_sectors,
		    "%" PRIu64 " sectors from %" PRIu64 " are not of the disk", num_sectors, first_sector);
}

static void check_pages(const page_cache *cache, uint64_t first_page, uint64_t num_pages)
{
	const uint64_t disk_pages = (cache->config.num_sectors - 1) / PAGE_CACHE_PAGE_SECTORS + 1;

	NESC_ASSERT(num_pages > 0 && num_pages <= disk_pages && first_page <= disk_pages - num_pages,
		    "%" PRIu64 " pages from %" PRIu64 " are not of the disk", num_pages, first_page);
}

/* ---- From a page to its slot ---- */

static uint32_t home_of(const page_cache *cache, uint64_t page)
{
	return (uint32_t)(mix(page) >> 32) & cache->bucket_mask;
}

/* The bucket of the page, or the free one where it would be. */
static uint32_t find_bucket(const page_cache *cache, uint64_t page)
{
	uint32_t bucket = home_of(cache, page);

	while (cache->buckets[bucket] != NO_SLOT && cache->slots[cache->buckets[bucket]].page != page)
		bucket = (bucket + 1) & cache->bucket_mask;
	return bucket;
}

static uint32_t find_slot(const page_cache *cache, uint64_t page)
{
	return cache->buckets[find_bucket(cache, page)];
}

/* Moves later entries of the chain forward instead of leaving a mark: chains never grow old. */
static void empty_bucket(page_cache *cache, uint32_t bucket)
{
	const uint32_t mask = cache->bucket_mask;

	for (uint32_t next = (bucket + 1) & mask; cache->buckets[next] != NO_SLOT; next = (next + 1) & mask) {
		const uint32_t home = home_of(cache, cache->slots[cache->buckets[next]].page);

		if (((next - home) & mask) >= ((next - bucket) & mask)) {
			cache->buckets[bucket] = cache->buckets[next];
			bucket = next;
		}
	}
	cache->buckets[bucket] = NO_SLOT;
}

/* ---- Lists: clean pages by use, dirty ones by age ---- */

static void append(page_cache *cache, uint32_t list, uint32_t slot)
{
	const uint32_t newest = cache->slots[list].older;

	cache->slots[slot].older = newest;
	cache->slots[slot].newer = list;
	cache->slots[newest].newer = slot;
	cache->slots[list].older = slot;
}

static void unlink_slot(page_cache *cache, uint32_t slot)
{
	const page_cache_slot *self = &cache->slots[slot];

	cache->slots[self->older].newer = self->newer;
	cache->slots[self->newer].older = self->older;
}

static uint32_t list_of(uint32_t flags)
{
	if (flags == 0)
		return CLEAN_LIST;
	return (flags & (FLAG_DIRTY | FLAG_WRITEBACK)) == FLAG_DIRTY ? DIRTY_LIST : NO_LIST;
}

/* ---- Dirty pages in ascending order: a treap, the priority of a page being its hash ---- */

static bool is_above(const page_cache *cache, uint32_t slot, uint32_t other)
{
	return mix(cache->slots[slot].page) > mix(cache->slots[other].page);
}

/* The link to the slot, or where it belongs if it is not there. */
static uint32_t *find_link(page_cache *cache, uint32_t slot)
{
	const uint64_t page = cache->slots[slot].page;
	uint32_t *link = &cache->dirty_root;

	while (*link != NO_SLOT && *link != slot && is_above(cache, *link, slot))
		link = page < cache->slots[*link].page ? &cache->slots[*link].left : &cache->slots[*link].right;
	return link;
}

static void add_to_tree(page_cache *cache, uint32_t slot)
{
	page_cache_slot *self = &cache->slots[slot];
	uint32_t *link = find_link(cache, slot), *low = &self->left, *high = &self->right;
	uint32_t rest = *link;

	/* What was there is divided into the pages before and behind this one. */
	*link = slot;
	while (rest != NO_SLOT) {
		page_cache_slot *at = &cache->slots[rest];

		if (at->page < self->page) {
			*low = rest;
			low = &at->right;
			rest = at->right;
		} else {
			*high = rest;
			high = &at->left;
			rest = at->left;
		}
	}
	*low = *high = NO_SLOT;
}

static void remove_from_tree(page_cache *cache, uint32_t slot)
{
	uint32_t *link = find_link(cache, slot);
	uint32_t low = cache->slots[slot].left, high = cache->slots[slot].right;

	while (low != NO_SLOT && high != NO_SLOT) {
		if (is_above(cache, low, high)) {
			*link = low;
			link = &cache->slots[low].right;
			low = *link;
		} else {
			*link = high;
			link = &cache->slots[high].left;
			high = *link;
		}
	}
	*link = low != NO_SLOT ? low : high;
}

/* The first dirty page at or behind `page`. */
static uint32_t next_dirty(const page_cache *cache, uint64_t page)
{
	uint32_t slot = cache->dirty_root, found = NO_SLOT;

	while (slot != NO_SLOT) {
		if (cache->slots[slot].page >= page) {
			found = slot;
			slot = cache->slots[slot].left;
		} else {
			slot = cache->slots[slot].right;
		}
	}
	return found;
}

/* ---- States ---- */

/* Whatever follows from a page's state follows here. */
static void set_flags(page_cache *cache, uint32_t slot, uint32_t flags)
{
	const uint32_t before = cache->slots[slot].flags;
	const uint32_t from = list_of(before), to = list_of(flags);

	if (from != to) {
		if (from != NO_LIST)
			unlink_slot(cache, slot);
		if (to != NO_LIST)
			append(cache, to, slot);
	}
	if ((before ^ flags) & FLAG_DIRTY) {
		if (flags & FLAG_DIRTY)
			add_to_tree(cache, slot);
		else
			remove_from_tree(cache, slot);
	}
	cache->num_clean += (uint32_t)(to == CLEAN_LIST) - (uint32_t)(from == CLEAN_LIST);
	cache->num_dirty += (uint32_t)((flags & FLAG_DIRTY) != 0) - (uint32_t)((before & FLAG_DIRTY) != 0);
	cache->num_writeback += (uint32_t)((flags & FLAG_WRITEBACK) != 0) - (uint32_t)((before & FLAG_WRITEBACK) != 0);
	cache->slots[slot].flags = flags;
}

static void remove_page(page_cache *cache, uint32_t slot)
{
	/* Out of all lists. */
	set_flags(cache, slot, FLAG_READING);
	empty_bucket(cache, find_bucket(cache, cache->slots[slot].page));
	cache->slots[slot].page = NO_PAGE;
	cache->slots[slot].newer = cache->free_slot;
	cache->free_slot = slot;
	cache->num_pages--;
}

/* Until there is room for this many more within the capacity, or nothing is clean. */
static void evict(page_cache *cache, uint32_t num_more)
{
	while (cache->num_clean > 0 && (uint64_t)cache->num_pages + num_more > cache->config.capacity_pages)
		remove_page(cache, cache->slots[CLEAN_LIST].newer);
}

/* The page, which is absent, as one that is being read. */
static uint32_t add_page(page_cache *cache, uint64_t page)
{
	uint32_t slot;

	evict(cache, 1);
	NESC_ASSERT(cache->num_pages < cache->max_pages, "no page is available");
	slot = cache->free_slot;
	if (slot != NO_SLOT)
		cache->free_slot = cache->slots[slot].newer;
	else
		slot = cache->num_used_slots++;
	cache->slots[slot].page = page;
	cache->slots[slot].flags = FLAG_READING;
	cache->buckets[find_bucket(cache, page)] = slot;
	cache->num_pages++;
	return slot;
}

static content_stamp *stamps_of(const page_cache *cache, uint32_t slot)
{
	return &cache->stamps[(uint64_t)slot * PAGE_CACHE_PAGE_SECTORS];
}

static uint64_t sectors_of_page(const page_cache *cache, uint64_t page)
{
	return min_u64(cache->config.num_sectors - page * PAGE_CACHE_PAGE_SECTORS, PAGE_CACHE_PAGE_SECTORS);
}

/* ---- The whole cache ---- */

nescsim_status page_cache_init(page_cache *cache, const page_cache_config *config)
{
	const uint64_t max_pages = (uint64_t)config->capacity_pages + config->num_spare_pages;
	uint64_t num_buckets = 4;

	NESC_ASSERT(config->num_sectors > 0 && max_pages > 0 && max_pages <= PAGE_CACHE_MAX_PAGES,
		    "a cache of %" PRIu64 " pages for %" PRIu64 " sectors", max_pages, config->num_sectors);
	while (num_buckets < 2 * max_pages)
		num_buckets *= 2;
	*cache = (page_cache){
		.config = *config,
		.max_pages = (uint32_t)max_pages,
		/* Zeroed by the system when it is touched. */
		.slots = calloc(max_pages + FIRST_SLOT, sizeof(page_cache_slot)),
		.buckets = calloc(num_buckets, sizeof(uint32_t)),
		.bucket_mask = (uint32_t)(num_buckets - 1),
		.num_used_slots = FIRST_SLOT,
	};
	if (config->with_contents)
		cache->stamps = calloc(max_pages + FIRST_SLOT, PAGE_CACHE_PAGE_SECTORS * sizeof(content_stamp));
	if (cache->slots == NULL || cache->buckets == NULL || (config->with_contents && cache->stamps == NULL))
		return NESCSIM_NO_MEMORY;
	for (uint32_t list = CLEAN_LIST; list <= DIRTY_LIST; list++)
		cache->slots[list].newer = cache->slots[list].older = list;
	return NESCSIM_OK;
}

void page_cache_fini(page_cache *cache)
{
	free(cache->slots);
	free(cache->buckets);
	free(cache->stamps);
	*cache = (page_cache){ 0 };
}

/* ---- Reading ---- */

static page_cache_state state_of(const page_cache *cache, uint64_t page)
{
	const uint32_t slot = find_slot(cache, page);

	if (slot == NO_SLOT)
		return PAGE_CACHE_ABSENT;
	return cache->slots[slot].flags & FLAG_READING ? PAGE_CACHE_READING : PAGE_CACHE_PRESENT;
}

page_cache_run page_cache_find(const page_cache *cache, uint64_t first_page, uint64_t num_pages)
{
	page_cache_run run = { .first_page = first_page, .num_pages = 1 };

	check_pages(cache, first_page, num_pages);
	run.state = state_of(cache, first_page);
	while (run.num_pages < min_u64(num_pages, UINT32_MAX) &&
	       state_of(cache, first_page + run.num_pages) == run.state)
		run.num_pages++;
	return run;
}

/* Copies the part of a page that lies in the range; returns the page's slot. */
static uint32_t copy_page(const page_cache *cache, uint64_t page, uint64_t first_sector, uint64_t num_sectors,
			  content_stamp *stamps_out)
{
	const uint32_t slot = find_slot(cache, page);
	const uint64_t start = page * PAGE_CACHE_PAGE_SECTORS, from = max_u64(start, first_sector);
	const uint64_t limit = min_u64(start + PAGE_CACHE_PAGE_SECTORS, first_sector + num_sectors);

	NESC_ASSERT(slot != NO_SLOT && !(cache->slots[slot].flags & FLAG_READING), "page %" PRIu64 " is not present",
		    page);
	if (cache->stamps != NULL)
		memcpy(&stamps_out[from - first_sector], stamps_of(cache, slot) + (from - start),
		       (limit - from) * sizeof(*stamps_out));
	return slot;
}

void page_cache_read(page_cache *cache, uint64_t first_sector, uint64_t num_sectors, content_stamp *stamps_out)
{
	check_sectors(cache, first_sector, num_sectors);
	for (uint64_t page = first_sector / PAGE_CACHE_PAGE_SECTORS;
	     page <= (first_sector + num_sectors - 1) / PAGE_CACHE_PAGE_SECTORS; page++) {
		const uint32_t slot = copy_page(cache, page, first_sector, num_sectors, stamps_out);

		if (cache->slots[slot].flags == 0) {
			unlink_slot(cache, slot);
			append(cache, CLEAN_LIST, slot);
		}
	}
}

void page_cache_peek(const page_cache *cache, uint64_t first_sector, uint64_t num_sectors, content_stamp *stamps_out)
{
	check_sectors(cache, first_sector, num_sectors);
	for (uint64_t page = first_sector / PAGE_CACHE_PAGE_SECTORS;
	     page <= (first_sector + num_sectors - 1) / PAGE_CACHE_PAGE_SECTORS; page++)
		copy_page(cache, page, first_sector, num_sectors, stamps_out);
}

void page_cache_begin_read(page_cache *cache, uint64_t first_page, uint32_t num_pages)
{
	check_pages(cache, first_page, num_pages);
	for (uint64_t page = first_page; page < first_page + num_pages; page++) {
		NESC_ASSERT(find_slot(cache, page) == NO_SLOT, "page %" PRIu64 " is not absent", page);
		add_page(cache, page);
	}
}

/* The slot of a page that must be in this state. */
static uint32_t slot_with(const page_cache *cache, uint64_t page, uint32_t flag)
{
	const uint32_t slot = find_slot(cache, page);

	NESC_ASSERT(slot != NO_SLOT && (cache->slots[slot].flags & flag), "page %" PRIu64 " is not under way", page);
	return slot;
}

void page_cache_end_read(page_cache *cache, uint64_t first_page, uint32_t num_pages, const content_stamp *stamps)
{
	check_pages(cache, first_page, num_pages);
	for (uint64_t page = first_page; page < first_page + num_pages; page++) {
		const uint32_t slot = slot_with(cache, page, FLAG_READING);

		if (cache->stamps != NULL)
			memcpy(stamps_of(cache, slot), &stamps[(page - first_page) * PAGE_CACHE_PAGE_SECTORS],
			       sectors_of_page(cache, page) * sizeof(*stamps));
		set_flags(cache, slot, FLAG_HELD);
	}
}

void page_cache_fail_read(page_cache *cache, uint64_t first_page, uint32_t num_pages)
{
	check_pages(cache, first_page, num_pages);
	for (uint64_t page = first_page; page < first_page + num_pages; page++)
		remove_page(cache, slot_with(cache, page, FLAG_READING));
}

void page_cache_release(page_cache *cache, uint64_t first_page, uint32_t num_pages)
{
	check_pages(cache, first_page, num_pages);
	for (uint64_t page = first_page; page < first_page + num_pages; page++) {
		const uint32_t slot = slot_with(cache, page, FLAG_HELD);

		set_flags(cache, slot, cache->slots[slot].flags & ~FLAG_HELD);
		evict(cache, 0);
	}
}

/* ---- Writing ---- */

/* Does the range cover all of the page that there is? */
static bool is_whole(const page_cache *cache, uint64_t page, uint64_t first_sector, uint64_t limit_sector)
{
	const uint64_t start = page * PAGE_CACHE_PAGE_SECTORS;

	return first_sector <= start && start + sectors_of_page(cache, page) <= limit_sector;
}

bool page_cache_may_write(const page_cache *cache, uint64_t first_sector, uint64_t num_sectors, uint64_t *page_out)
{
	const uint64_t limit_sector = first_sector + num_sectors;

	check_sectors(cache, first_sector, num_sectors);
	for (uint64_t page = first_sector / PAGE_CACHE_PAGE_SECTORS;
	     page <= (limit_sector - 1) / PAGE_CACHE_PAGE_SECTORS; page++) {
		const page_cache_state state = state_of(cache, page);

		if (state == PAGE_CACHE_READING ||
		    (state == PAGE_CACHE_ABSENT && !is_whole(cache, page, first_sector, limit_sector))) {
			*page_out = page;
			return false;
		}
	}
	return true;
}

void page_cache_write(page_cache *cache, uint64_t first_sector, uint64_t num_sectors, const content_stamp *stamps)
{
	const uint64_t limit_sector = first_sector + num_sectors;
	const uint64_t first_page = first_sector / PAGE_CACHE_PAGE_SECTORS;
	const uint64_t last_page = (limit_sector - 1) / PAGE_CACHE_PAGE_SECTORS;
	uint64_t page, num_present = 0;

	check_sectors(cache, first_sector, num_sectors);
	/* Those that are there first, so that room for the others is not made of them. */
	for (page = first_page; page <= last_page; page++) {
		const uint32_t slot = find_slot(cache, page);

		if (slot == NO_SLOT)
			continue;
		NESC_ASSERT(!(cache->slots[slot].flags & FLAG_READING), "page %" PRIu64 " is being read", page);
		set_flags(cache, slot, cache->slots[slot].flags | FLAG_DIRTY);
		num_present++;
	}
	for (page = first_page; num_present <= last_page - first_page && page <= last_page; page++) {
		if (find_slot(cache, page) != NO_SLOT)
			continue;
		NESC_ASSERT(is_whole(cache, page, first_sector, limit_sector), "page %" PRIu64 " must be read first",
			    page);
		set_flags(cache, add_page(cache, page), FLAG_DIRTY);
		num_present++;
	}
	for (page = first_page; cache->stamps != NULL && page <= last_page; page++) {
		const uint64_t start = page * PAGE_CACHE_PAGE_SECTORS, from = max_u64(start, first_sector);
		const uint64_t limit = min_u64(start + PAGE_CACHE_PAGE_SECTORS, limit_sector);

		memcpy(stamps_of(cache, find_slot(cache, page)) + (from - start), &stamps[from - first_sector],
		       (limit - from) * sizeof(*stamps));
	}
}

/* ---- Writing back ---- */

/* Is the page dirty, and like that under writeback or not? */
static bool is_dirty_like(const page_cache *cache, uint64_t page, uint32_t flags)
{
	const uint32_t slot = find_slot(cache, page);

	return slot != NO_SLOT && (cache->slots[slot].flags & (FLAG_DIRTY | FLAG_WRITEBACK)) == flags;
}

static void take(page_cache *cache, const page_cache_run *run)
{
	for (uint64_t page = run->first_page; page < run->first_page + run->num_pages; page++) {
		const uint32_t slot = find_slot(cache, page);

		set_flags(cache, slot, (cache->slots[slot].flags & ~FLAG_DIRTY) | FLAG_WRITEBACK);
	}
}

page_cache_taken page_cache_take_dirty(page_cache *cache, uint64_t first_page, uint64_t limit_page, uint32_t max_pages,
				       page_cache_run *run_out)
{
	const uint32_t slot = next_dirty(cache, first_page);
	page_cache_run run = { .num_pages = 1, .state = PAGE_CACHE_PRESENT };
	uint32_t flags;

	NESC_ASSERT(max_pages > 0, "asked for no page");
	if (slot == NO_SLOT || cache->slots[slot].page >= limit_page)
		return PAGE_CACHE_NONE;
	run.first_page = cache->slots[slot].page;
	flags = cache->slots[slot].flags & (FLAG_DIRTY | FLAG_WRITEBACK);
	while (run.num_pages < max_pages && run.first_page + run.num_pages < limit_page &&
	       is_dirty_like(cache, run.first_page + run.num_pages, flags))
		run.num_pages++;
	*run_out = run;
	if (flags & FLAG_WRITEBACK)
		return PAGE_CACHE_BUSY;
	take(cache, &run);
	return PAGE_CACHE_TAKEN;
}

bool page_cache_take_oldest(page_cache *cache, uint32_t max_pages, page_cache_run *run_out)
{
	const uint32_t slot = cache->slots[DIRTY_LIST].newer;
	page_cache_run run = { .num_pages = 1, .state = PAGE_CACHE_PRESENT };

	NESC_ASSERT(max_pages > 0, "asked for no page");
	if (slot == DIRTY_LIST)
		return false;
	run.first_page = cache->slots[slot].page;
	while (run.num_pages < max_pages && run.first_page > 0 &&
	       is_dirty_like(cache, run.first_page - 1, FLAG_DIRTY)) {
		run.first_page--;
		run.num_pages++;
	}
	while (run.num_pages < max_pages && is_dirty_like(cache, run.first_page + run.num_pages, FLAG_DIRTY))
		run.num_pages++;
	take(cache, &run);
	*run_out = run;
	return true;
}

void page_cache_end_writeback(page_cache *cache, uint64_t first_page, uint32_t num_pages, bool failed)
{
	check_pages(cache, first_page, num_pages);
	for (uint64_t page = first_page; page < first_page + num_pages; page++) {
		const uint32_t slot = slot_with(cache, page, FLAG_WRITEBACK);
		const uint32_t flags = cache->slots[slot].flags & ~FLAG_WRITEBACK;

		set_flags(cache, slot, failed ? flags | FLAG_DIRTY : flags);
		evict(cache, 0);
	}
}

/* ---- Discarding ---- */

/* Number `index` of the slots that may hold a page of the range: by page, or if that is longer, by slot. */
static uint32_t candidate(const page_cache *cache, uint64_t first_page, uint64_t num_pages, uint32_t index)
{
	uint32_t slot;

	if (num_pages < cache->num_used_slots)
		return find_slot(cache, first_page + index);
	slot = FIRST_SLOT + index;
	return cache->slots[slot].page - first_page < num_pages ? slot : NO_SLOT;
}

bool page_cache_drop(page_cache *cache, uint64_t first_page, uint64_t num_pages)
{
	const uint32_t num_candidates =
		num_pages < cache->num_used_slots ? (uint32_t)num_pages : cache->num_used_slots - FIRST_SLOT;

	check_pages(cache, first_page, num_pages);
	for (uint32_t i = 0; i < num_candidates; i++) {
		const uint32_t slot = candidate(cache, first_page, num_pages, i);

		if (slot != NO_SLOT && (cache->slots[slot].flags & ~FLAG_DIRTY))
			return false;
	}
	for (uint32_t i = 0; i < num_candidates; i++) {
		const uint32_t slot = candidate(cache, first_page, num_pages, i);

		if (slot != NO_SLOT)
			remove_page(cache, slot);
	}
	return true;
}
