/* Does the page cache keep what it should as long as it should, and does nothing that was written get lost in it? */
#include "base/cmocka_all.h"

#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "host/page_cache.h"
#include "metrics/death.h"

#define PAGE_SECTORS PAGE_CACHE_PAGE_SECTORS
#define NUM_PAGES 40
#define NUM_SECTORS (NUM_PAGES * PAGE_SECTORS - 3) /* the last page is short */

/* ---- The same in arrays ---- */

typedef struct model_page {
	bool is_cached, is_reading, is_held, is_dirty, is_under_writeback;
	uint64_t used_at, dirty_at; /* step */
} model_page;

typedef struct model {
	page_cache cache;
	rng_stream rng;
	uint64_t step;
	uint64_t num_writes;
	model_page pages[NUM_PAGES];
	content_stamp newest[NUM_SECTORS], medium[NUM_SECTORS], on_the_way[NUM_SECTORS];
	/* what happened at all */
	uint64_t num_hits, num_evicted, num_busy, num_refused, num_in_the_way, num_dropped, num_redirtied;
} model;

static bool is_clean(const model_page *page)
{
	return page->is_cached && !page->is_reading && !page->is_held && !page->is_dirty && !page->is_under_writeback;
}

static bool may_be_taken(const model_page *page)
{
	return page->is_dirty && !page->is_under_writeback;
}

static uint32_t count_cached(const model *m)
{
	uint32_t num = 0;

	for (uint32_t i = 0; i < NUM_PAGES; i++)
		num += m->pages[i].is_cached;
	return num;
}

static uint32_t count_clean(const model *m)
{
	uint32_t num = 0;

	for (uint32_t i = 0; i < NUM_PAGES; i++)
		num += is_clean(&m->pages[i]);
	return num;
}

static uint32_t count_available(const model *m)
{
	const page_cache_config *config = &m->cache.config;

	return config->capacity_pages + config->num_spare_pages - count_cached(m) + count_clean(m);
}

static void evict(model *m, uint32_t num_more)
{
	while (count_cached(m) + num_more > m->cache.config.capacity_pages && count_clean(m) > 0) {
		model_page *oldest = NULL;

		for (uint32_t i = 0; i < NUM_PAGES; i++) {
			model_page *page = &m->pages[i];

			if (is_clean(page) && (oldest == NULL || page->used_at < oldest->used_at))
				oldest = page;
		}
		*oldest = (model_page){ .is_cached = false };
		m->num_evicted++;
	}
}

static void mark_clean(model *m, model_page *page)
{
	if (is_clean(page))
		page->used_at = ++m->step;
	evict(m, 0);
}

static uint64_t sectors_of(uint64_t page)
{
	return page == NUM_PAGES - 1 ? NUM_SECTORS - page * PAGE_SECTORS : PAGE_SECTORS;
}

static page_cache_state state_of(const model_page *page)
{
	if (!page->is_cached)
		return PAGE_CACHE_ABSENT;
	return page->is_reading ? PAGE_CACHE_READING : PAGE_CACHE_PRESENT;
}

/* ---- Both ---- */

/* A part of [0, limit) with something in it, mostly short. */
static void draw_range(model *m, uint64_t limit, uint64_t *first_out, uint64_t *num_out)
{
	const uint64_t longest = rng_chance(&m->rng, 1, 20) ? limit : limit / 10;
	uint64_t num = 1 + rng_uniform_u64(&m->rng, longest);

	*first_out = rng_uniform_u64(&m->rng, limit);
	if (num > limit - *first_out)
		num = limit - *first_out;
	*num_out = num;
}

static bool has(const model *m, uint64_t page, size_t offset_of_flag)
{
	return page < NUM_PAGES && *(const bool *)((const char *)&m->pages[page] + offset_of_flag);
}

/* Some run of pages that have the flag; false if no page has it. */
static bool draw_run(model *m, size_t offset_of_flag, uint64_t *first_out, uint32_t *num_out)
{
	const uint64_t start = rng_uniform_u64(&m->rng, NUM_PAGES), max = 1 + rng_uniform_u64(&m->rng, 4);
	uint64_t first = start;

	while (!has(m, first, offset_of_flag)) {
		first = (first + 1) % NUM_PAGES;
		if (first == start)
			return false;
	}
	*first_out = first;
	for (*num_out = 1; *num_out < max && has(m, first + *num_out, offset_of_flag); (*num_out)++)
		;
	return true;
}

static void read_present(model *m, uint64_t page, uint64_t num_pages)
{
	const uint64_t cut = rng_uniform_u64(&m->rng, 3); /* sectors of the first page that are not asked for */
	const uint64_t first = page * PAGE_SECTORS + cut;
	uint64_t num = num_pages * PAGE_SECTORS - cut;
	content_stamp stamps[NUM_PAGES * PAGE_SECTORS];

	if (num > NUM_SECTORS - first)
		num = NUM_SECTORS - first;
	page_cache_read(&m->cache, first, num, stamps);
	for (uint64_t i = 0; m->cache.stamps != NULL && i < num; i++)
		assert_true(content_equal(stamps[i], m->newest[first + i]));
	for (uint64_t i = page; i < page + num_pages; i++)
		m->pages[i].used_at = ++m->step;
	m->num_hits += num_pages;
}

static void read_both(model *m)
{
	uint64_t first, num;

	draw_range(m, NUM_PAGES, &first, &num);
	while (num > 0) {
		const page_cache_run run = page_cache_find(&m->cache, first, num);
		uint32_t expected = 1;

		while (expected < num && state_of(&m->pages[first + expected]) == state_of(&m->pages[first]))
			expected++;
		assert_int_equal(run.first_page, first);
		assert_int_equal(run.num_pages, expected);
		assert_int_equal(run.state, state_of(&m->pages[first]));
		if (run.state == PAGE_CACHE_PRESENT)
			read_present(m, first, run.num_pages);
		if (run.state == PAGE_CACHE_ABSENT) {
			if (run.num_pages > page_cache_num_available(&m->cache))
				return;
			page_cache_begin_read(&m->cache, first, run.num_pages);
			for (uint64_t page = first; page < first + run.num_pages; page++) {
				evict(m, 1);
				m->pages[page] = (model_page){ .is_cached = true, .is_reading = true };
			}
		}
		first += run.num_pages;
		num -= run.num_pages;
	}
}

static void end_read_both(model *m)
{
	const bool fails = rng_chance(&m->rng, 1, 8);
	uint64_t first;
	uint32_t num;

	if (!draw_run(m, offsetof(model_page, is_reading), &first, &num))
		return;
	if (fails)
		page_cache_fail_read(&m->cache, first, num);
	else
		page_cache_end_read(&m->cache, first, num, &m->medium[first * PAGE_SECTORS]);
	for (uint64_t page = first; page < first + num; page++)
		m->pages[page] = (model_page){ .is_cached = !fails, .is_held = !fails };
}

static void release_both(model *m)
{
	uint64_t first;
	uint32_t num;

	if (!draw_run(m, offsetof(model_page, is_held), &first, &num))
		return;
	page_cache_release(&m->cache, first, num);
	for (uint64_t page = first; page < first + num; page++) {
		m->pages[page].is_held = false;
		mark_clean(m, &m->pages[page]);
	}
}

/* The first page that keeps a write of the range off; NUM_PAGES if none does. */
static uint64_t find_in_the_way(const model *m, uint64_t first_sector, uint64_t num_sectors)
{
	for (uint64_t page = 0; page < NUM_PAGES; page++) {
		uint64_t num_covered = 0;

		for (uint64_t i = 0; i < sectors_of(page); i++)
			num_covered += page * PAGE_SECTORS + i - first_sector < num_sectors;
		if (num_covered > 0 &&
		    (m->pages[page].is_reading || (!m->pages[page].is_cached && num_covered < sectors_of(page))))
			return page;
	}
	return NUM_PAGES;
}

static void write_both(model *m)
{
	uint64_t first_sector, num_sectors, in_the_way, found = NUM_PAGES, first_page, last_page;

	if (rng_chance(&m->rng, 1, 2)) {
		draw_range(m, NUM_SECTORS, &first_sector, &num_sectors);
	} else {
		draw_range(m, NUM_PAGES - 1, &first_page, &num_sectors);
		first_sector = first_page * PAGE_SECTORS;
		num_sectors *= PAGE_SECTORS;
	}
	in_the_way = find_in_the_way(m, first_sector, num_sectors);
	assert_int_equal(page_cache_may_write(&m->cache, first_sector, num_sectors, &found), in_the_way == NUM_PAGES);
	assert_int_equal(found, in_the_way);
	first_page = first_sector / PAGE_SECTORS;
	last_page = (first_sector + num_sectors - 1) / PAGE_SECTORS;
	if (in_the_way < NUM_PAGES) {
		m->num_in_the_way++;
		return;
	}
	if (last_page - first_page + 1 > page_cache_num_available(&m->cache))
		return;
	m->num_writes++;
	for (uint64_t i = first_sector; i < first_sector + num_sectors; i++)
		m->newest[i] = content_data(1, i, m->num_writes);
	page_cache_write(&m->cache, first_sector, num_sectors, &m->newest[first_sector]);
	for (uint64_t i = first_page; i <= last_page; i++) {
		model_page *page = &m->pages[i];

		m->num_redirtied += page->is_under_writeback && !page->is_dirty;
		if (page->is_cached && !page->is_dirty) {
			page->is_dirty = true;
			page->dirty_at = ++m->step;
		}
	}
	for (uint64_t i = first_page; i <= last_page; i++) {
		if (m->pages[i].is_cached)
			continue;
		evict(m, 1);
		m->pages[i] = (model_page){ .is_cached = true, .is_dirty = true, .dirty_at = ++m->step };
	}
}

static void take_in_model(model *m, const page_cache_run *run)
{
	const uint64_t first = run->first_page * PAGE_SECTORS;
	const uint64_t limit = (run->first_page + run->num_pages) * PAGE_SECTORS;

	assert_int_equal(run->state, PAGE_CACHE_PRESENT);
	for (uint64_t page = run->first_page; page < run->first_page + run->num_pages; page++) {
		m->pages[page].is_dirty = false;
		m->pages[page].is_under_writeback = true;
	}
	page_cache_peek(&m->cache, first, (limit < NUM_SECTORS ? limit : NUM_SECTORS) - first, &m->on_the_way[first]);
}

static void take_both(model *m)
{
	uint64_t first, num, expected, num_expected = 1;
	const uint32_t max_pages = 1 + (uint32_t)rng_uniform_u64(&m->rng, 6);
	page_cache_run run;
	page_cache_taken taken;

	draw_range(m, NUM_PAGES, &first, &num);
	for (expected = first; expected < first + num && !m->pages[expected].is_dirty; expected++)
		;
	taken = page_cache_take_dirty(&m->cache, first, first + num, max_pages, &run);
	if (expected == first + num) {
		assert_int_equal(taken, PAGE_CACHE_NONE);
		return;
	}
	while (num_expected < max_pages && expected + num_expected < first + num &&
	       m->pages[expected + num_expected].is_dirty &&
	       m->pages[expected + num_expected].is_under_writeback == m->pages[expected].is_under_writeback)
		num_expected++;
	assert_int_equal(run.first_page, expected);
	assert_int_equal(run.num_pages, num_expected);
	assert_int_equal(taken, m->pages[expected].is_under_writeback ? PAGE_CACHE_BUSY : PAGE_CACHE_TAKEN);
	m->num_busy += taken == PAGE_CACHE_BUSY;
	if (taken == PAGE_CACHE_TAKEN)
		take_in_model(m, &run);
}

static void take_oldest_both(model *m)
{
	const uint32_t max_pages = 1 + (uint32_t)rng_uniform_u64(&m->rng, 6);
	uint64_t first = NUM_PAGES, limit;
	page_cache_run run;

	for (uint64_t i = 0; i < NUM_PAGES; i++)
		if (may_be_taken(&m->pages[i]) &&
		    (first == NUM_PAGES || m->pages[i].dirty_at < m->pages[first].dirty_at))
			first = i;
	if (!page_cache_take_oldest(&m->cache, max_pages, &run)) {
		assert_int_equal(first, NUM_PAGES);
		return;
	}
	assert_true(first < NUM_PAGES);
	limit = first + 1;
	while (limit - first < max_pages && first > 0 && may_be_taken(&m->pages[first - 1]))
		first--;
	while (limit - first < max_pages && limit < NUM_PAGES && may_be_taken(&m->pages[limit]))
		limit++;
	assert_int_equal(run.first_page, first);
	assert_int_equal(run.num_pages, limit - first);
	take_in_model(m, &run);
}

static void end_writeback_both(model *m)
{
	const bool failed = rng_chance(&m->rng, 1, 8);
	uint64_t first;
	uint32_t num;

	if (!draw_run(m, offsetof(model_page, is_under_writeback), &first, &num))
		return;
	page_cache_end_writeback(&m->cache, first, num, failed);
	for (uint64_t i = first; i < first + num; i++) {
		model_page *page = &m->pages[i];

		if (!failed)
			memcpy(&m->medium[i * PAGE_SECTORS], &m->on_the_way[i * PAGE_SECTORS],
			       sectors_of(i) * sizeof(content_stamp));
		page->is_under_writeback = false;
		page->is_dirty |= failed;
		if (page->is_dirty)
			page->dirty_at = ++m->step;
		mark_clean(m, page);
	}
}

static void drop_both(model *m)
{
	uint64_t first, num;
	bool may_drop = true;

	draw_range(m, NUM_PAGES, &first, &num);
	for (uint64_t i = first; i < first + num; i++)
		may_drop &= !m->pages[i].is_reading && !m->pages[i].is_held && !m->pages[i].is_under_writeback;
	assert_int_equal(page_cache_drop(&m->cache, first, num), may_drop);
	m->num_refused += !may_drop;
	for (uint64_t i = first; may_drop && i < first + num; i++) {
		m->num_dropped += m->pages[i].is_dirty;
		m->pages[i] = (model_page){ .is_cached = false };
		memcpy(&m->newest[i * PAGE_SECTORS], &m->medium[i * PAGE_SECTORS],
		       sectors_of(i) * sizeof(content_stamp));
	}
}

static void check_all(const model *m)
{
	const bool has_contents = m->cache.stamps != NULL;
	uint32_t num_dirty = 0, num_writeback = 0;

	for (uint64_t i = 0; i < NUM_PAGES; i++) {
		const model_page *page = &m->pages[i];
		const page_cache_run run = page_cache_find(&m->cache, i, 1);
		const content_stamp *newest = &m->newest[i * PAGE_SECTORS];
		/* Nothing is lost: who reads an absent page from the medium gets the newest. */
		const content_stamp *held = &m->medium[i * PAGE_SECTORS];
		content_stamp stamps[PAGE_SECTORS];

		num_dirty += page->is_dirty;
		num_writeback += page->is_under_writeback;
		assert_int_equal(run.state, state_of(page));
		if (!has_contents)
			continue;
		if (run.state == PAGE_CACHE_PRESENT) {
			page_cache_peek(&m->cache, i * PAGE_SECTORS, sectors_of(i), stamps);
			held = stamps;
		}
		for (uint64_t j = 0; j < sectors_of(i); j++)
			assert_true(content_equal(held[j], newest[j]));
	}
	assert_int_equal(page_cache_num_pages(&m->cache), count_cached(m));
	assert_int_equal(page_cache_num_dirty(&m->cache), num_dirty);
	assert_int_equal(page_cache_num_writeback(&m->cache), num_writeback);
	assert_int_equal(page_cache_num_available(&m->cache), count_available(m));
}

static void change_both(model *m)
{
	static void (*const operations[])(model *) = {
		read_both,  end_read_both, end_read_both, release_both,     write_both,
		write_both, take_both,     take_both,     take_oldest_both, end_writeback_both,
	};

	if (rng_chance(&m->rng, 1, 60))
		drop_both(m);
	else
		operations[rng_uniform_u64(&m->rng, sizeof(operations) / sizeof(operations[0]))](m);
	check_all(m);
}

static void follow(uint32_t capacity_pages, uint32_t num_spare_pages, bool with_contents, uint64_t seed)
{
	const page_cache_config config = { .num_sectors = NUM_SECTORS,
					   .capacity_pages = capacity_pages,
					   .num_spare_pages = num_spare_pages,
					   .with_contents = with_contents };
	model *m = calloc(1, sizeof(*m));

	assert_non_null(m);
	m->rng = rng_open(seed, "page_cache", capacity_pages);
	assert_int_equal(page_cache_init(&m->cache, &config), NESCSIM_OK);
	for (uint64_t i = 0; i < NUM_SECTORS; i++)
		m->newest[i] = m->medium[i] = content_initial(1, i);
	for (int i = 0; i < 25000; i++)
		change_both(m);
	/* Each kind of thing happened. */
	assert_true(m->num_writes > 5 && m->num_hits > 5 && m->num_in_the_way > 5 && m->num_busy > 5);
	assert_true(m->num_refused > 5 && m->num_dropped > 5 && m->num_redirtied > 5);
	assert_true(m->num_evicted > 5 || capacity_pages >= NUM_PAGES);
	page_cache_fini(&m->cache);
	free(m);
}

static void caches_of_any_capacity_equal_their_table(void **state)
{
	static const uint32_t capacities[][2] = { { 0, 6 }, { 0, 100 }, { 8, 0 }, { 10, 5 }, { 25, 1 }, { 60, 0 } };

	(void)state;
	for (size_t i = 0; i < sizeof(capacities) / sizeof(capacities[0]); i++)
		for (uint64_t seed = 1; seed <= 2; seed++)
			follow(capacities[i][0], capacities[i][1], seed == 1, seed);
}

/* ---- Small stories ---- */

static page_cache open_cache(uint32_t capacity_pages, uint32_t num_spare_pages)
{
	const page_cache_config config = { .num_sectors = UINT64_C(1) << 40,
					   .capacity_pages = capacity_pages,
					   .num_spare_pages = num_spare_pages };
	page_cache cache;

	assert_int_equal(page_cache_init(&cache, &config), NESCSIM_OK);
	return cache;
}

static void read_in(page_cache *cache, uint64_t first_page, uint32_t num_pages)
{
	page_cache_begin_read(cache, first_page, num_pages);
	page_cache_end_read(cache, first_page, num_pages, NULL);
	page_cache_release(cache, first_page, num_pages);
}

static void write_pages(page_cache *cache, uint64_t first_page, uint64_t num_pages)
{
	page_cache_write(cache, first_page * PAGE_SECTORS, num_pages * PAGE_SECTORS, NULL);
}

static void check_run(const page_cache_run *run, uint64_t first_page, uint32_t num_pages)
{
	assert_int_equal(run->first_page, first_page);
	assert_int_equal(run->num_pages, num_pages);
}

static bool is_present(const page_cache *cache, uint64_t page)
{
	return page_cache_find(cache, page, 1).state == PAGE_CACHE_PRESENT;
}

static void the_least_recently_used_page_makes_room(void **state)
{
	page_cache cache = open_cache(3, 0);

	(void)state;
	read_in(&cache, 10, 3);
	page_cache_read(&cache, 10 * PAGE_SECTORS, 1, NULL);
	read_in(&cache, 20, 1);
	assert_true(is_present(&cache, 10) && !is_present(&cache, 11) && is_present(&cache, 12));
	read_in(&cache, 30, 2);
	assert_true(!is_present(&cache, 10) && !is_present(&cache, 12) && is_present(&cache, 20));
	page_cache_fini(&cache);
}

static void without_capacity_only_what_is_under_way_is_kept(void **state)
{
	page_cache cache = open_cache(0, 4);
	page_cache_run run;

	(void)state;
	page_cache_begin_read(&cache, 5, 2);
	page_cache_end_read(&cache, 5, 2, NULL);
	assert_true(is_present(&cache, 5)); /* its reader has it */
	page_cache_release(&cache, 5, 2);
	assert_int_equal(page_cache_num_pages(&cache), 0);

	write_pages(&cache, 7, 1);
	assert_int_equal(page_cache_take_dirty(&cache, 0, UINT64_MAX, 9, &run), PAGE_CACHE_TAKEN);
	assert_true(is_present(&cache, 7));
	page_cache_end_writeback(&cache, 7, 1, false);
	assert_int_equal(page_cache_num_pages(&cache), 0);
	page_cache_fini(&cache);
}

/* A write of page 1's end, pages 2 and 3, and page 4's start: 1 and 4 must be read first. */
static void a_partial_write_wants_its_page(void **state)
{
	const uint64_t first = 2 * PAGE_SECTORS - 1, num = 2 * PAGE_SECTORS + 2;
	page_cache cache = open_cache(8, 0);
	uint64_t page = 0;

	(void)state;
	assert_false(page_cache_may_write(&cache, first, num, &page));
	assert_int_equal(page, 1);
	page_cache_begin_read(&cache, 1, 1);
	assert_false(page_cache_may_write(&cache, first, num, &page));
	assert_int_equal(page, 1); /* is being read */
	page_cache_end_read(&cache, 1, 1, NULL);
	assert_false(page_cache_may_write(&cache, first, num, &page));
	assert_int_equal(page, 4);
	page_cache_begin_read(&cache, 4, 1);
	page_cache_end_read(&cache, 4, 1, NULL);
	assert_true(page_cache_may_write(&cache, first, num, &page));
	page_cache_write(&cache, first, num, NULL);
	page_cache_release(&cache, 1, 1);
	page_cache_release(&cache, 4, 1);
	assert_int_equal(page_cache_num_dirty(&cache), 4);
	assert_int_equal(page_cache_num_pages(&cache), 4);
	page_cache_fini(&cache);
}

/* All that there is of the last page is covered. */
static void a_short_last_page_is_whole(void **state)
{
	const page_cache_config config = { .num_sectors = 2 * PAGE_SECTORS + 2, .capacity_pages = 4 };
	page_cache cache;
	uint64_t page = 0;

	(void)state;
	assert_int_equal(page_cache_init(&cache, &config), NESCSIM_OK);
	assert_true(page_cache_may_write(&cache, 2 * PAGE_SECTORS, 2, &page));
	assert_false(page_cache_may_write(&cache, 2 * PAGE_SECTORS, 1, &page));
	assert_int_equal(page, 2);
	page_cache_write(&cache, 2 * PAGE_SECTORS, 2, NULL);
	assert_true(is_present(&cache, 2));
	page_cache_fini(&cache);
}

static void a_page_written_during_its_writeback_is_written_back_again(void **state)
{
	page_cache cache = open_cache(8, 0);
	page_cache_run run;

	(void)state;
	write_pages(&cache, 3, 2);
	assert_int_equal(page_cache_take_dirty(&cache, 0, 100, 8, &run), PAGE_CACHE_TAKEN);
	check_run(&run, 3, 2);
	assert_int_equal(page_cache_num_dirty(&cache), 0);
	write_pages(&cache, 4, 1);
	write_pages(&cache, 9, 1);
	assert_int_equal(page_cache_take_dirty(&cache, 0, 100, 8, &run), PAGE_CACHE_BUSY);
	check_run(&run, 4, 1);
	assert_true(page_cache_take_oldest(&cache, 8, &run));
	check_run(&run, 9, 1);
	assert_false(page_cache_take_oldest(&cache, 8, &run));
	page_cache_end_writeback(&cache, 3, 2, false);
	assert_int_equal(page_cache_take_dirty(&cache, 0, 100, 8, &run), PAGE_CACHE_TAKEN);
	check_run(&run, 4, 1);
	assert_int_equal(page_cache_take_dirty(&cache, 0, 100, 8, &run), PAGE_CACHE_NONE);
	page_cache_fini(&cache);
}

/* 50 is the oldest, written again or not; 49 goes with it, 51 as far as there is room. */
static void the_oldest_goes_with_its_neighbours(void **state)
{
	page_cache cache = open_cache(20, 0);
	page_cache_run run;

	(void)state;
	write_pages(&cache, 50, 1);
	write_pages(&cache, 10, 1);
	write_pages(&cache, 51, 2);
	write_pages(&cache, 49, 1);
	write_pages(&cache, 50, 1);
	assert_true(page_cache_take_oldest(&cache, 3, &run));
	check_run(&run, 49, 3);
	assert_true(page_cache_take_oldest(&cache, 3, &run));
	check_run(&run, 10, 1);
	assert_true(page_cache_take_oldest(&cache, 3, &run));
	check_run(&run, 52, 1);
	page_cache_fini(&cache);
}

static void a_failed_writeback_loses_nothing(void **state)
{
	page_cache cache = open_cache(0, 20);
	page_cache_run run;

	(void)state;
	write_pages(&cache, 1, 1);
	write_pages(&cache, 5, 1);
	assert_true(page_cache_take_oldest(&cache, 4, &run));
	check_run(&run, 1, 1);
	page_cache_end_writeback(&cache, 1, 1, true);
	assert_int_equal(page_cache_num_dirty(&cache), 2);
	assert_true(page_cache_take_oldest(&cache, 4, &run)); /* it is the newest now */
	check_run(&run, 5, 1);
	page_cache_end_writeback(&cache, 5, 1, false);
	assert_true(is_present(&cache, 1) && !is_present(&cache, 5));
	page_cache_fini(&cache);
}

static void a_sync_ends_although_others_write(void **state)
{
	page_cache cache = open_cache(64, 0);
	page_cache_run run;
	uint64_t at = 0;
	int num_runs = 0;

	(void)state;
	for (uint64_t page = 0; page < 20; page += 2)
		write_pages(&cache, page, 1);
	while (page_cache_take_dirty(&cache, at, 20, 4, &run) == PAGE_CACHE_TAKEN) {
		check_run(&run, at, 1);
		page_cache_end_writeback(&cache, run.first_page, run.num_pages, false);
		at = run.first_page + 2;
		write_pages(&cache, run.first_page, 1);
		num_runs++;
	}
	assert_int_equal(num_runs, 10);
	page_cache_fini(&cache);
}

static void a_page_under_way_cannot_be_dropped(void **state)
{
	const uint64_t disk_pages = (UINT64_C(1) << 40) / PAGE_SECTORS;
	page_cache cache = open_cache(8, 0);
	page_cache_run run;

	(void)state;
	write_pages(&cache, 3, 2);
	read_in(&cache, 100, 1);
	page_cache_begin_read(&cache, 7, 1);
	assert_false(page_cache_drop(&cache, 0, disk_pages));
	assert_false(page_cache_drop(&cache, 7, 1));
	page_cache_end_read(&cache, 7, 1, NULL);
	assert_false(page_cache_drop(&cache, 7, 1));
	page_cache_release(&cache, 7, 1);
	assert_int_equal(page_cache_take_dirty(&cache, 4, 5, 1, &run), PAGE_CACHE_TAKEN);
	assert_false(page_cache_drop(&cache, 3, 2));
	assert_true(page_cache_drop(&cache, 3, 1));
	page_cache_end_writeback(&cache, 4, 1, false);
	assert_int_equal(page_cache_num_pages(&cache), 3);
	assert_true(page_cache_drop(&cache, 0, disk_pages));
	assert_int_equal(page_cache_num_pages(&cache), 0);
	page_cache_fini(&cache);
}

/* 256 MiB, used three times over, and all of it dirty in descending order. */
static void a_large_cache_works_too(void **state)
{
	const uint32_t capacity = 65536;
	const uint64_t stride = 500009, num = 3 * capacity;
	page_cache cache = open_cache(capacity, 0);
	page_cache_run run;
	uint64_t at = 0;

	(void)state;
	for (uint64_t i = 0; i < num; i++)
		read_in(&cache, i * stride, 1);
	for (uint64_t i = 0; i < num; i++)
		assert_int_equal(is_present(&cache, i * stride), i >= num - capacity);
	for (uint64_t i = capacity; i-- > 0;)
		write_pages(&cache, i * stride, 1);
	assert_int_equal(page_cache_num_dirty(&cache), capacity);
	assert_int_equal(page_cache_num_available(&cache), 0);
	for (uint64_t i = 0; i < capacity; i++) {
		assert_int_equal(page_cache_take_dirty(&cache, at, UINT64_MAX, 16, &run), PAGE_CACHE_TAKEN);
		check_run(&run, i * stride, 1);
		at = run.first_page + 1;
	}
	page_cache_fini(&cache);
}

static void misuse_is_an_assertion(void **state)
{
	page_cache cache = open_cache(2, 0);
	page_cache_run run;

	(void)state;
	assert_aborts(page_cache_read(&cache, 0, 1, NULL));
	assert_aborts(page_cache_write(&cache, 1, 1, NULL));
	assert_aborts(page_cache_write(&cache, 0, 3 * PAGE_SECTORS, NULL));
	assert_aborts(page_cache_begin_read(&cache, 0, 3));
	assert_aborts(page_cache_end_read(&cache, 0, 1, NULL));
	assert_aborts(page_cache_end_writeback(&cache, 0, 1, false));
	assert_aborts((void)page_cache_take_oldest(&cache, 0, &run));
	assert_aborts((void)page_cache_find(&cache, UINT64_MAX, 2));
	page_cache_begin_read(&cache, 0, 1);
	assert_aborts(page_cache_begin_read(&cache, 0, 1));
	assert_aborts(page_cache_release(&cache, 0, 1));
	assert_aborts(page_cache_read(&cache, 0, 1, NULL));
	assert_aborts(write_pages(&cache, 0, 1));
	page_cache_fini(&cache);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(caches_of_any_capacity_equal_their_table),
		cmocka_unit_test(the_least_recently_used_page_makes_room),
		cmocka_unit_test(without_capacity_only_what_is_under_way_is_kept),
		cmocka_unit_test(a_partial_write_wants_its_page),
		cmocka_unit_test(a_short_last_page_is_whole),
		cmocka_unit_test(a_page_written_during_its_writeback_is_written_back_again),
		cmocka_unit_test(the_oldest_goes_with_its_neighbours),
		cmocka_unit_test(a_failed_writeback_loses_nothing),
		cmocka_unit_test(a_sync_ends_although_others_write),
		cmocka_unit_test(a_page_under_way_cannot_be_dropped),
		cmocka_unit_test(a_large_cache_works_too),
		cmocka_unit_test(misuse_is_an_assertion),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
