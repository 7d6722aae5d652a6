#include "nesc/content.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Owners in one word. */
#define OWNERS_INITIAL 0         /* what hooks.initial_owner() says */
#define OWNERS_SHARED (1u << 31) /* | index in `sets` */
#define OWNERS_ANYONE UINT32_MAX /* more than a set can hold */
#define MAX_SETS (OWNERS_SHARED - 1)

/* Words of 64 sectors. */
#define WORD_SECTORS 64

typedef struct stamp_page {
	uint64_t is_written[CONTENT_PAGE_SECTORS / WORD_SECTORS];
	content_stamp stamps[CONTENT_PAGE_SECTORS];
} stamp_page;

typedef struct content_page {
	stamp_page *stamps;    /* NULL = nothing was written */
	content_block *blocks; /* NULL = all are like `all` */
	content_block all;     /* nobody touched any of them */
} content_page;

const char *content_text(content_stamp stamp, char *text, size_t text_bytes)
{
	static const char *const names[] = {
#define KIND_NAME(symbol, name) [CONTENT_##symbol] = name,
		CONTENT_KIND_LIST(KIND_NAME)
#undef KIND_NAME
	};
	content_kind kind = content_kind_of(stamp);
	uint32_t owner = content_owner_of(stamp);
	uint64_t sector = content_sector_of(stamp), sequence = content_sequence_of(stamp);

	if (kind == CONTENT_DATA)
		snprintf(text, text_bytes, "%s of VM %u, sector %" PRIu64 ", write %" PRIu64, names[kind], owner,
			 sector, sequence);
	else if (kind == CONTENT_INITIAL && sequence == 0)
		snprintf(text, text_bytes, "%s of image %u, sector %" PRIu64, names[kind], owner, sector);
	else if ((size_t)kind < sizeof(names) / sizeof(names[0]) && stamp.where == 0 && sequence == 0)
		snprintf(text, text_bytes, "%s", names[kind]);
	else
		snprintf(text, text_bytes, "no stamp (0x%016" PRIx64 " 0x%016" PRIx64 ")", stamp.what, stamp.where);
	return text;
}

/* ---- Pages by number ---- */

static page_slot *find_slot(const page_map *map, uint64_t number)
{
	uint64_t mask = map->num_slots - 1, index = (number * UINT64_C(0x9e3779b97f4a7c15)) >> 32;

	for (index &= mask; map->slots[index].page && map->slots[index].number != number; index = (index + 1) & mask)
		;
	return &map->slots[index];
}

void *page_map_find(page_map *map, uint64_t number)
{
	const page_slot *slot;

	if (map->last.page && map->last.number == number)
		return map->last.page;
	if (map->num_slots == 0)
		return NULL;
	slot = find_slot(map, number);
	if (slot->page)
		map->last = *slot;
	return slot->page;
}

static bool grow_map(page_map *map)
{
	page_map grown = { .num_slots = map->num_slots ? 2 * map->num_slots : 64, .num_pages = map->num_pages };

	grown.slots = calloc(grown.num_slots, sizeof(*grown.slots));
	if (!grown.slots)
		return false;
	for (uint64_t i = 0; i < map->num_slots; i++) {
		if (map->slots[i].page)
			*find_slot(&grown, map->slots[i].number) = map->slots[i];
	}
	free(map->slots);
	*map = grown;
	return true;
}

bool page_map_add(page_map *map, uint64_t number, void *page)
{
	page_slot *slot;

	if (map->num_pages >= map->num_slots / 2 && !grow_map(map))
		return false;
	slot = find_slot(map, number);
	NESC_ASSERT_DEBUG(page && !slot->page, "page %" PRIu64 " is there already", number);
	*slot = (page_slot){ number, page };
	map->last = *slot;
	map->num_pages++;
	return true;
}

void page_map_fini(page_map *map, void (*free_page)(void *page))
{
	for (uint64_t i = 0; i < map->num_slots; i++) {
		if (map->slots[i].page)
			free_page(map->slots[i].page);
	}
	free(map->slots);
	*map = (page_map){ 0 };
}

/* ---- The medium ---- */

void content_init(content *medium, const content_hooks *hooks)
{
	NESC_ASSERT(hooks->initial && hooks->initial_owner && hooks->may_touch, "a hook is missing");
	*medium = (content){ .hooks = *hooks };
}

static void free_content_page(void *page_argument)
{
	content_page *page = page_argument;

	free(page->stamps);
	free(page->blocks);
	free(page);
}

void content_fini(content *medium)
{
	page_map_fini(&medium->pages, free_content_page);
	free(medium->sets);
	free(medium->buckets);
	*medium = (content){ 0 };
}

nescsim_status content_status(const content *medium)
{
	return medium->is_out_of_memory ? NESCSIM_NO_MEMORY : NESCSIM_OK;
}

/* Makes the page if need be; NULL when out of memory. */
static content_page *want_page(content *medium, uint64_t number)
{
	content_page *page = page_map_find(&medium->pages, number);

	if (page)
		return page;
	page = calloc(1, sizeof(*page));
	if (page && page_map_add(&medium->pages, number, page))
		return page;
	free(page);
	medium->is_out_of_memory = true;
	return NULL;
}

content_stamp content_read(content *medium, uint64_t physical_sector)
{
	const content_page *page = page_map_find(&medium->pages, physical_sector / CONTENT_PAGE_SECTORS);
	uint64_t index = physical_sector % CONTENT_PAGE_SECTORS;

	if (page && page->stamps && page->stamps->is_written[index / WORD_SECTORS] >> index % WORD_SECTORS & 1)
		return page->stamps->stamps[index];
	return medium->hooks.initial(medium->hooks.context, physical_sector);
}

void content_write(content *medium, uint64_t physical_sector, content_stamp stamp)
{
	content_page *page = want_page(medium, physical_sector / CONTENT_PAGE_SECTORS);
	uint64_t index = physical_sector % CONTENT_PAGE_SECTORS;

	if (!page)
		return;
	if (!page->stamps) {
		page->stamps = calloc(1, sizeof(*page->stamps));
		if (!page->stamps) {
			medium->is_out_of_memory = true;
			return;
		}
	}
	page->stamps->is_written[index / WORD_SECTORS] |= UINT64_C(1) << index % WORD_SECTORS;
	page->stamps->stamps[index] = stamp;
}

/* ---- Sets of owners ---- */

static content_owners owners_of_file(uint32_t file)
{
	return file + 1;
}

/* "As at the start" becomes the file itself. */
static content_owners resolve(const content *medium, content_owners owners, uint64_t block)
{
	if (owners == OWNERS_INITIAL)
		return owners_of_file(medium->hooks.initial_owner(medium->hooks.context, block));
	return owners;
}

/* The files of resolved owners (not of anyone's); returns how many, none for a free block. */
static uint32_t list_files(const content *medium, content_owners owners, uint32_t files[CONTENT_MAX_SHARERS])
{
	const content_set *set;

	if (!(owners & OWNERS_SHARED)) {
		files[0] = owners - 1;
		return files[0] != CONTENT_FREE;
	}
	set = &medium->sets[owners & ~OWNERS_SHARED];
	memcpy(files, set->files, sizeof(set->files));
	return set->num_files;
}

static uint32_t *bucket_of(content *medium, const uint32_t *files, uint32_t num_files)
{
	uint64_t hash = num_files;

	for (uint32_t i = 0; i < num_files; i++)
		hash = (hash ^ files[i]) * UINT64_C(0x9e3779b97f4a7c15);
	return &medium->buckets[(hash >> 32) & (medium->max_sets - 1)];
}

static bool grow_sets(content *medium)
{
	uint32_t max_sets = medium->max_sets ? 2 * medium->max_sets : 16;
	content_set *sets = realloc(medium->sets, max_sets * sizeof(*sets));
	uint32_t *buckets;

	if (!sets)
		return false;
	medium->sets = sets;
	buckets = calloc(max_sets, sizeof(*buckets));
	if (!buckets)
		return false;
	free(medium->buckets);
	medium->buckets = buckets;
	medium->max_sets = max_sets;
	for (uint32_t i = 0; i < medium->num_sets; i++) {
		uint32_t *bucket = bucket_of(medium, sets[i].files, sets[i].num_files);

		sets[i].next = *bucket;
		*bucket = i + 1;
	}
	return true;
}

/* The word for these files (ascending). */
static content_owners owners_of_files(content *medium, const uint32_t *files, uint32_t num_files)
{
	content_set *set;
	uint32_t *bucket;

	if (num_files == 0)
		return owners_of_file(CONTENT_FREE);
	if (num_files == 1)
		return owners_of_file(files[0]);
	if (num_files > CONTENT_MAX_SHARERS)
		return OWNERS_ANYONE;
	if (medium->num_sets == medium->max_sets && (medium->num_sets >= MAX_SETS / 2 || !grow_sets(medium))) {
		medium->is_out_of_memory = true;
		return OWNERS_ANYONE;
	}
	bucket = bucket_of(medium, files, num_files);
	for (uint32_t i = *bucket; i != 0; i = set->next) {
		set = &medium->sets[i - 1];
		if (set->num_files == num_files && memcmp(set->files, files, num_files * sizeof(*files)) == 0)
			return OWNERS_SHARED | (i - 1);
	}
	set = &medium->sets[medium->num_sets];
	*set = (content_set){ .num_files = num_files, .next = *bucket };
	memcpy(set->files, files, num_files * sizeof(*files));
	*bucket = ++medium->num_sets;
	return OWNERS_SHARED | (medium->num_sets - 1);
}

static bool may_touch(const content *medium, content_owners owners, uint64_t block, uint32_t function)
{
	const content_hooks *hooks = &medium->hooks;
	uint32_t files[CONTENT_MAX_SHARERS] = { CONTENT_FREE };
	uint32_t num_files;

	if (owners == OWNERS_ANYONE)
		return true;
	num_files = list_files(medium, resolve(medium, owners, block), files);
	if (num_files == 0)
		return hooks->may_touch(hooks->context, function, CONTENT_FREE);
	for (uint32_t i = 0; i < num_files; i++) {
		if (hooks->may_touch(hooks->context, function, files[i]))
			return true;
	}
	return false;
}

/* ---- Changes and accesses ---- */

static void record_violation(content *medium, content_violation violation, content_owners owners)
{
	uint32_t files[CONTENT_MAX_SHARERS] = { CONTENT_FREE };

	if (medium->num_violations++ > 0)
		return;
	list_files(medium, resolve(medium, owners, violation.block), files);
	violation.owner = files[0];
	medium->first_violation = violation;
}

/* The page's blocks one by one; NULL when out of memory. */
static content_block *want_blocks(content *medium, uint64_t page_number)
{
	content_page *page = want_page(medium, page_number);

	if (!page || page->blocks)
		return page ? page->blocks : NULL;
	page->blocks = calloc(CONTENT_PAGE_BLOCKS, sizeof(*page->blocks));
	if (!page->blocks) {
		medium->is_out_of_memory = true;
		return NULL;
	}
	if (page->all.owners != OWNERS_INITIAL || page->all.since_ps != 0) {
		for (size_t i = 0; i < CONTENT_PAGE_BLOCKS; i++)
			page->blocks[i] = page->all;
	}
	return page->blocks;
}

static void change_block(content_block *block, content_owners owners, ps_t since_ps)
{
	NESC_ASSERT(since_ps >= block->since_ps,
		    "a block's owner of %" PRId64 " ps is told after that of %" PRId64 " ps", since_ps,
		    block->since_ps);
	if (owners == block->owners)
		return;
	if (since_ps > block->since_ps) {
		block->previous = block->owners;
		block->previous_since_ps = block->since_ps;
		block->since_ps = since_ps;
	}
	block->owners = owners;
}

typedef enum change_kind {
	CHANGE_SET,
	CHANGE_ADD,
	CHANGE_REMOVE,
} change_kind;

/* The owners of a block after the change; the very same word if nothing changes. */
static content_owners changed_owners(content *medium, content_owners owners, uint64_t block, change_kind kind,
				     uint32_t file)
{
	uint32_t files[CONTENT_MAX_SHARERS + 1];
	uint32_t num_files, place;
	bool is_there;

	if (kind == CHANGE_SET)
		return owners_of_file(file);
	if (owners == OWNERS_ANYONE)
		return owners;
	num_files = list_files(medium, resolve(medium, owners, block), files);
	for (place = 0; place < num_files && files[place] < file; place++)
		;
	is_there = place < num_files && files[place] == file;
	if (is_there == (kind == CHANGE_ADD))
		return owners;
	if (kind == CHANGE_ADD) {
		memmove(files + place + 1, files + place, (num_files - place) * sizeof(*files));
		files[place] = file;
		return owners_of_files(medium, files, num_files + 1);
	}
	memmove(files + place, files + place + 1, (num_files - place - 1) * sizeof(*files));
	return owners_of_files(medium, files, num_files - 1);
}

static void change_owners(content *medium, uint64_t first_block, uint64_t num_blocks, change_kind kind, uint32_t file,
			  ps_t since_ps)
{
	NESC_ASSERT(since_ps >= 0 && file <= CONTENT_MAX_FILE, "file %u from %" PRId64 " ps", file, since_ps);
	NESC_ASSERT(num_blocks <= UINT64_MAX - first_block, "%" PRIu64 " blocks", num_blocks);
	for (uint64_t block = first_block, end = first_block + num_blocks; block < end;) {
		uint64_t number = block / CONTENT_PAGE_BLOCKS, page_end = (number + 1) * CONTENT_PAGE_BLOCKS;
		content_page *page = want_page(medium, number);
		content_block *blocks;

		if (!page)
			return;
		if (!page->blocks && block % CONTENT_PAGE_BLOCKS == 0 && page_end <= end &&
		    (kind == CHANGE_SET || page->all.owners != OWNERS_INITIAL)) {
			change_block(&page->all, changed_owners(medium, page->all.owners, block, kind, file), since_ps);
			block = page_end;
			continue;
		}
		blocks = want_blocks(medium, number);
		if (!blocks)
			return;
		for (; block < page_end && block < end; block++) {
			content_block *at = &blocks[block % CONTENT_PAGE_BLOCKS];
			content_owners owners = changed_owners(medium, at->owners, block, kind, file);

			change_block(at, owners, since_ps);
			if (medium->is_out_of_memory || at->access_ps <= since_ps ||
			    may_touch(medium, owners, block, at->access_function))
				continue;
			record_violation(medium,
					 (content_violation){ .kind = CONTENT_LATE,
							      .function = at->access_function,
							      .block = block,
							      .at_ps = at->access_ps,
							      .owned_since_ps = since_ps },
					 owners);
			at->access_ps = 0; /* said once */
		}
	}
}

void content_set_owner(content *medium, uint64_t first_block, uint64_t num_blocks, uint32_t owner, ps_t since_ps)
{
	change_owners(medium, first_block, num_blocks, CHANGE_SET, owner, since_ps);
}

void content_add_owner(content *medium, uint64_t first_block, uint64_t num_blocks, uint32_t owner, ps_t since_ps)
{
	NESC_ASSERT(owner != CONTENT_FREE, "no file is added");
	change_owners(medium, first_block, num_blocks, CHANGE_ADD, owner, since_ps);
}

void content_remove_owner(content *medium, uint64_t first_block, uint64_t num_blocks, uint32_t owner, ps_t since_ps)
{
	NESC_ASSERT(owner != CONTENT_FREE, "no file is removed");
	change_owners(medium, first_block, num_blocks, CHANGE_REMOVE, owner, since_ps);
}

/* Judges an access from before the current owners, or at the instant that they came. */
static bool might_touch(content *medium, const content_block *at, uint64_t block, uint32_t function, ps_t now_ps)
{
	bool is_first = at->previous == OWNERS_INITIAL; /* nobody came before them */

	if ((is_first || now_ps >= at->previous_since_ps) && may_touch(medium, at->previous, block, function))
		return true;
	if (is_first || now_ps > at->previous_since_ps)
		return false;
	medium->num_unjudged++;
	return true;
}

bool content_touch(content *medium, uint64_t block, uint32_t function, ps_t now_ps)
{
	content_block *blocks = want_blocks(medium, block / CONTENT_PAGE_BLOCKS), *at;
	bool is_current;

	NESC_ASSERT(now_ps >= 0, "access at %" PRId64 " ps", now_ps);
	if (!blocks || medium->is_out_of_memory)
		return true;
	at = &blocks[block % CONTENT_PAGE_BLOCKS];
	is_current = now_ps >= at->since_ps;
	if (!(is_current && may_touch(medium, at->owners, block, function)) &&
	    !(now_ps <= at->since_ps && might_touch(medium, at, block, function, now_ps))) {
		record_violation(
			medium,
			(content_violation){ .kind = CONTENT_FOREIGN,
					     .function = function,
					     .block = block,
					     .at_ps = now_ps,
					     .owned_since_ps = is_current ? at->since_ps : at->previous_since_ps },
			is_current ? at->owners : at->previous);
		return false;
	}
	if (now_ps >= at->access_ps) {
		at->access_ps = now_ps;
		at->access_function = function;
	}
	return true;
}

const char *content_violation_text(const content_violation *violation, char *text, size_t text_bytes)
{
	static const char *const texts[] = {
#define BREACH_TEXT(symbol, text) [CONTENT_##symbol] = text,
		CONTENT_BREACH_LIST(BREACH_TEXT)
#undef BREACH_TEXT
	};
	int length =
		snprintf(text, text_bytes,
			 "function %u %s: block %" PRIu64 " at %" PRId64 " ps; since %" PRId64 " ps it belonged to ",
			 violation->function, texts[violation->kind], violation->block, violation->at_ps,
			 violation->owned_since_ps);

	if (length >= 0 && (size_t)length < text_bytes) {
		if (violation->owner == CONTENT_FREE)
			snprintf(text + length, text_bytes - (size_t)length, "no file");
		else
			snprintf(text + length, text_bytes - (size_t)length, "file %u", violation->owner);
	}
	return text;
}
