/* The host's page cache of one virtual disk: which 4 KiB pages of it are in host memory, which of them the medium does
 * not hold yet, and what they hold. It has one user (the disk's I/O thread), waits for nothing and is not told the
 * time.
 *
 * Ours, after Linux's; the thesis does not say which cache mode its hypervisor used. A page is in one of these states:
 *
 *   absent     not in the cache
 *   reading    room was made for it by page_cache_begin_read(), it holds nothing yet; other requests wait for the end
 *   clean      as on the medium
 *   dirty      newer than the medium
 *   writeback  being written to the medium. It may be read, and written: then it is dirty too, but is taken for
 *              writeback again only when the first one has ended, and counts as newly dirty then
 *
 * Who began to read a page holds it, clean or dirty, up to page_cache_release(): it is still there for what it was
 * read for. Only clean pages that nobody holds are evicted: as soon as more than capacity_pages are cached, the least
 * recently used one first. A use is a read, or that a page becomes clean or is let go; within a call, pages in
 * ascending order.
 *
 * Pages are counted from the start of the disk; sectors are 512 B. Ranges have at least one page or sector and lie
 * within the disk, whose last page may be short. What happens depends on the calls alone. Nothing is allocated after
 * page_cache_init(), and memory that was never needed is never touched.
 */
#ifndef HOST_PAGE_CACHE_H
#define HOST_PAGE_CACHE_H

#include <stdbool.h>
#include <stdint.h>

#include "nesc/content.h"
#include "nescsim/error.h"

#define PAGE_CACHE_PAGE_BYTES 4096
#define PAGE_CACHE_PAGE_SECTORS 8
#define PAGE_CACHE_MAX_PAGES (UINT32_C(1) << 30) /* capacity and spare pages together: 4 TiB */

typedef struct page_cache_config {
	uint64_t num_sectors;     /* of the disk, at least 1 */
	uint32_t capacity_pages;  /* 0 = clean pages are not kept */
	uint32_t num_spare_pages; /* beyond these, for pages that are dirty or under way */
	bool with_contents;       /* check mode: a stamp per sector; else all `stamps` are ignored and may be NULL */
} page_cache_config;

/* One page in the cache, or the head of a list of them. Slots are named by index; 0 = none. */
typedef struct page_cache_slot {
	uint64_t page;
	uint32_t newer, older; /* in the list of clean or dirty pages; `newer` of a free slot: the next free one */
	uint32_t left, right;  /* in the tree of dirty pages */
	uint32_t flags;
} page_cache_slot;

typedef struct page_cache {
	page_cache_config config;
	uint32_t max_pages;     /* capacity and spare pages */
	page_cache_slot *slots; /* 0: head of the clean pages; 1: of the dirty ones; from 2 on pages */
	content_stamp *stamps;  /* by slot, PAGE_CACHE_PAGE_SECTORS each; NULL without contents */
	uint32_t *buckets;      /* slots by page: open addressing */
	uint32_t bucket_mask;
	uint32_t num_used_slots, free_slot; /* those that were ever used; the first of the free ones among them */
	uint32_t dirty_root;                /* pages that are dirty, also those under writeback, by page */
	uint32_t num_pages, num_clean, num_dirty, num_writeback;
} page_cache;

typedef enum page_cache_state {
	PAGE_CACHE_ABSENT,
	PAGE_CACHE_READING,
	PAGE_CACHE_PRESENT, /* clean, dirty or under writeback: it holds something */
} page_cache_state;

/* Pages [first_page, + num_pages), all in the same state. */
typedef struct page_cache_run {
	uint64_t first_page;
	uint32_t num_pages;
	page_cache_state state;
} page_cache_run;

/* What page_cache_take_dirty() found. */
typedef enum page_cache_taken {
	PAGE_CACHE_NONE,  /* no dirty page */
	PAGE_CACHE_TAKEN, /* the run is under writeback now */
	PAGE_CACHE_BUSY,  /* nothing taken: the run is dirty, but still under an earlier writeback */
} page_cache_taken;

/* An empty cache; capacity and spare pages together are 1 ... PAGE_CACHE_MAX_PAGES. Returns NESCSIM_OK or
 * NESCSIM_NO_MEMORY; to be freed with page_cache_fini() whatever the outcome. */
nescsim_status page_cache_init(page_cache *cache, const page_cache_config *config);
void page_cache_fini(page_cache *cache);

/* Pages that are cached in any state; that are dirty (also while under writeback); that are under writeback. */
static inline uint32_t page_cache_num_pages(const page_cache *cache)
{
	return cache->num_pages;
}

static inline uint32_t page_cache_num_dirty(const page_cache *cache)
{
	return cache->num_dirty;
}

static inline uint32_t page_cache_num_writeback(const page_cache *cache)
{
	return cache->num_writeback;
}

/* A read or write of up to this many pages can begin now. More come by the end of writebacks and by
 * page_cache_release(). */
static inline uint32_t page_cache_num_available(const page_cache *cache)
{
	return cache->max_pages - cache->num_pages + cache->num_clean;
}

/* ---- Reading ---- */

/* The run of pages in one state that begins at first_page, up to num_pages. No use of them. */
page_cache_run page_cache_find(const page_cache *cache, uint64_t first_page, uint64_t num_pages);

/* Uses these pages, which must be present, and copies what the sectors hold to stamps_out[num_sectors]. */
void page_cache_read(page_cache *cache, uint64_t first_sector, uint64_t num_sectors, content_stamp *stamps_out);

/* The same, but no use: for the data of a writeback, at the instant at which it is taken. */
void page_cache_peek(const page_cache *cache, uint64_t first_sector, uint64_t num_sectors, content_stamp *stamps_out);

/* The caller is going to read these pages from the medium; all must be absent, and num_pages available. Clean pages
 * that the same request found may be evicted by it: copy them first. Ends by one of the next two. */
void page_cache_begin_read(page_cache *cache, uint64_t first_page, uint32_t num_pages);

/* These pages (all, or some of those begun together) were read: they hold stamps[], one per sector up to the disk's
 * end, and are clean. Their reader still holds them. */
void page_cache_end_read(page_cache *cache, uint64_t first_page, uint32_t num_pages, const content_stamp *stamps);

/* They could not be read, and are absent again. Nobody holds them. */
void page_cache_fail_read(page_cache *cache, uint64_t first_page, uint32_t num_pages);

/* The reader of these pages lets them go: after having copied or written what it read them for. */
void page_cache_release(page_cache *cache, uint64_t first_page, uint32_t num_pages);

/* ---- Writing ---- */

/* Can all of this range be written? If not, *page_out is the first page in the way: it is absent, and must be read
 * first as the range covers it in part only; or somebody is reading it, and has to come to an end. */
bool page_cache_may_write(const page_cache *cache, uint64_t first_sector, uint64_t num_sectors, uint64_t *page_out);

/* The sectors hold stamps[num_sectors], and their pages are dirty. page_cache_may_write() must be true, and as many
 * pages available as the range touches. A page that is dirty already stays as old as it is. */
void page_cache_write(page_cache *cache, uint64_t first_sector, uint64_t num_sectors, const content_stamp *stamps);

/* ---- Writing back ---- */

/* The first run of dirty pages in [first_page, limit_page), at most max_pages (at least 1); limit_page may lie beyond
 * the disk. Whoever syncs goes on behind each run that was taken, waits where the outcome is BUSY, and in the end for
 * the writebacks under way: so it ends although others write meanwhile. On NONE *run_out stays as it was. */
page_cache_taken page_cache_take_dirty(page_cache *cache, uint64_t first_page, uint64_t limit_page, uint32_t max_pages,
				       page_cache_run *run_out);

/* Takes the page that has been dirty longest, with the dirty pages around it, at most max_pages (at least 1): those
 * before it come first. Pages under an earlier writeback are left out. False if there is none, and *run_out stays as
 * it was. */
bool page_cache_take_oldest(page_cache *cache, uint32_t max_pages, page_cache_run *run_out);

/* The writeback of these pages (all, or some of those taken together) has ended. When it failed they are dirty again,
 * as the newest ones: nothing is lost, and who gives up drops them. */
void page_cache_end_writeback(page_cache *cache, uint64_t first_page, uint32_t num_pages, bool failed);

/* ---- Discarding ---- */

/* Forgets these pages, dirty ones too. False, and nothing changed, if any of them is under way: being read, held or
 * under writeback. Costs no more than the pages that are cached, however long the range. */
bool page_cache_drop(page_cache *cache, uint64_t first_page, uint64_t num_pages);

#endif
