/* Does the host's kernel below a thread of the hypervisor ask the device for what the cache mode, the page cache and
 * the file's holes say, in the right order, and does everybody read what was written? */
#include "timing/served.h"

#define NO_DLLPS "link: {dllp_share: false}\n"
/* A device that has to be flushed, so that it is seen. */
#define FLUSHED "device: {volatile_cache: true}\n"
#define CHECKED FLUSHED "sim: {check: true}\n"

/* virtio in the main loop, requests of a trace. Down: block layer 250, driver 300, kick 1,200. */
#define GUEST_DOWN_PS 1750000
/* Seen, wake-up 1,100, loop 15,500, take 1,000, worker and call 2,500. */
#define THREAD_DOWN_PS 20100001
#define HOST_DOWN_PS 650000 /* block layer, PF driver */
/* From the device's interrupt until the thread goes on: seen, handler 400, block layer 350, wake-up 1,100, loop 15,500.
 */
#define AGAIN_PS 17350001
/* The same until the host's kernel goes on with a call of several steps: a worker's wake-up 1,100. */
#define STEP_PS 1850001
/* Used ring 500, irqfd 500; wake-up 1,100, handler 1,100, block layer 150. */
#define DONE_PS 3350000
#define FSYNC_PS 3200000
/* A flush is a call of its own, by a worker. */
#define FLUSH_DOWN_PS (THREAD_DOWN_PS - 2500000 + FSYNC_PS)
/* Looked up, and copied at 8.5 GB/s; then the thread hears of what needed no device in its loop's next pass. */
#define PAGE_PS (300000 + 481883)
#define LOOP_PS 15500000

static ps_t block_ps(const vcpu_completion *c)
{
	return c->block_end_ps - c->block_start_ps;
}

/* A request alone whose device part begins down_ps after its submission and is the last one. */
static void assert_one_access(const vcpu_completion *c, ps_t down_ps, bool write, uint64_t bytes)
{
	const ps_t device_start_ps = c->block_start_ps + down_ps;

	assert_int_equal(c->device_start_ps, device_start_ps);
	assert_int_equal(c->device_end_ps, device_start_ps + pf_device_ps(device_start_ps, write, 0, bytes));
	assert_int_equal(c->block_end_ps, c->device_end_ps + AGAIN_PS + DONE_PS);
}

/* ---- cache modes ------------------------------------------------------------------------------------------------ */

static const char *const write_and_flush[] = { "W 0 8", "FN" };

/* Past the cache: the write is the device's, the flush is the device's. */
static void without_a_cache_a_flush_is_the_devices(void **state)
{
	(void)state;
	for (size_t p = 0; p < NUM(both_placements); p++) {
		served run = served_replay(CHECKED NO_DLLPS "schemes: [virtio]\n", write_and_flush, 2, 1, "virtio",
					   both_placements[p]);
		const vcpu_completion *flush = served_find(&run, 1, 1);

		assert_one_access(served_find(&run, 1, 0), GUEST_DOWN_PS + THREAD_DOWN_PS + HOST_DOWN_PS, true, 4096);
		assert_int_equal(flush->device_start_ps - flush->block_start_ps,
				 GUEST_DOWN_PS + FLUSH_DOWN_PS + HOST_DOWN_PS);
		assert_int_equal(flush->block_end_ps, flush->device_end_ps + AGAIN_PS + DONE_PS);
		assert_int_equal(run.counts[1].path.num_device_requests, 2);
		assert_int_equal(run.counts[1].path.num_pages_written, 0);
		served_free(&run);
	}
}

/* A device without a volatile cache is not flushed: the host's kernel drops it. */
static void a_device_without_a_cache_is_not_flushed(void **state)
{
	(void)state;
	for (size_t p = 0; p < NUM(both_placements); p++) {
		served run = served_replay("schemes: [virtio]\n", write_and_flush, 2, 1, "virtio", both_placements[p]);
		const vcpu_completion *flush = served_find(&run, 1, 1);

		assert_false(flush->has_device);
		assert_int_equal(run.counts[1].path.num_device_requests, 1);
		/* down and up again; the loop finds it without having slept */
		assert_int_equal(flush->block_end_ps - flush->block_start_ps,
				 GUEST_DOWN_PS + FLUSH_DOWN_PS + 15500000 + DONE_PS);
		served_free(&run);
	}
}

/* The write ends in the page cache. The flush writes the page, and when that is on the device flushes it. */
static void with_writeback_a_flush_writes_pages_before(void **state)
{
	(void)state;
	for (size_t p = 0; p < NUM(both_placements); p++) {
		served run = served_replay(CHECKED NO_DLLPS "schemes: [virtio: {cache: writeback}]\n", write_and_flush,
					   2, 1, "virtio", both_placements[p]);
		const vcpu_completion *write = served_find(&run, 1, 0), *flush = served_find(&run, 1, 1);
		const ps_t page_start_ps = flush->block_start_ps + GUEST_DOWN_PS + FLUSH_DOWN_PS + HOST_DOWN_PS;
		const ps_t page_end_ps = page_start_ps + pf_device_ps(page_start_ps, true, 0, 4096);

		assert_false(write->has_device);
		assert_int_equal(block_ps(write), GUEST_DOWN_PS + THREAD_DOWN_PS + PAGE_PS + LOOP_PS + DONE_PS);
		assert_int_equal(flush->device_start_ps, page_end_ps + STEP_PS + HOST_DOWN_PS);
		assert_int_equal(flush->block_end_ps, flush->device_end_ps + AGAIN_PS + DONE_PS);
		assert_int_equal(run.counts[1].path.num_device_requests, 2);
		assert_int_equal(run.counts[1].path.num_pages_written, 1);
		served_free(&run);
	}
}

/* Each write is written and flushed before it ends, by two calls between which the loop runs; the guest is told of no volatile cache, and sends no flush: 150 for
 * its block layer's end. */
static void with_writethrough_every_write_pays(void **state)
{
	(void)state;
	for (size_t p = 0; p < NUM(both_placements); p++) {
		served run = served_replay(CHECKED NO_DLLPS "schemes: [virtio: {cache: writethrough}]\n",
					   write_and_flush, 2, 1, "virtio", both_placements[p]);
		const vcpu_completion *write = served_find(&run, 1, 0), *flush = served_find(&run, 1, 1);
		const ps_t page_start_ps = GUEST_DOWN_PS + THREAD_DOWN_PS + PAGE_PS + LOOP_PS + FSYNC_PS + HOST_DOWN_PS;
		const ps_t page_end_ps = page_start_ps + pf_device_ps(page_start_ps, true, 0, 4096);

		assert_int_equal(write->device_start_ps, page_end_ps + STEP_PS + HOST_DOWN_PS);
		assert_int_equal(write->block_end_ps, write->device_end_ps + AGAIN_PS + DONE_PS);
		assert_false(flush->has_device);
		assert_int_equal(block_ps(flush), 250000 + 150000);
		assert_int_equal(run.counts[1].num_requests, 1);
		assert_int_equal(run.counts[1].path.num_device_requests, 2);
		served_free(&run);
	}
}

/* A preflush and FUA are flushes before and behind where there is a volatile cache. */
static void flags_become_flushes(void **state)
{
	static const struct {
		const char *write, *cache;
		int num_requests, num_device_requests;
	} rows[] = {
		{ "W 0 8", "none", 1, 1 },           { "FW 0 8", "none", 2, 2 },
		{ "WF 0 8", "none", 2, 2 },          { "FWF 0 8", "none", 3, 3 },
		{ "FW 0 8", "writeback", 2, 1 },     { "WF 0 8", "writeback", 2, 2 },
		{ "FWF 0 8", "writeback", 3, 3 },    { "W 0 8", "writethrough", 1, 2 },
		{ "FWF 0 8", "writethrough", 1, 2 },
	};

	(void)state;
	for (size_t i = 0; i < NUM(rows); i++) {
		served run = served_replay(text_of(CHECKED "schemes: [virtio: {cache: %s}]\n", rows[i].cache),
					   &rows[i].write, 1, 1, "virtio", SIM_CLUSTERED);

		assert_int_equal(run.counts[1].num_requests, rows[i].num_requests);
		assert_int_equal(run.counts[1].path.num_device_requests, rows[i].num_device_requests);
		served_free(&run);
	}
}

/* Dirty pages go in runs of at most host.writeback. Pages 0, 1, 2 and 9. */
static void neighbours_are_written_together(void **state)
{
	static const char *const requests[] = { "W 8 8", "W 0 8", "W 72 8", "W 16 8", "FN", "FN" };
	static const struct {
		const char *writeback;
		int num_writes;
	} rows[] = { { "4 KiB", 4 }, { "8 KiB", 3 }, { "16 KiB", 2 } };

	(void)state;
	for (size_t i = 0; i < NUM(rows); i++) {
		served run =
			served_replay(text_of(CHECKED "host: {writeback: %s}\nschemes: [virtio: {cache: writeback}]\n",
					      rows[i].writeback),
				      requests, NUM(requests), 1, "virtio", SIM_CLUSTERED);

		/* and two flushes, the second of which finds nothing to write */
		assert_int_equal(run.counts[1].path.num_device_requests, rows[i].num_writes + 2);
		assert_int_equal(run.counts[1].path.num_pages_written, 4);
		served_free(&run);
	}
}

#define SLOW FLUSHED "media: {kind: \"null\", mean: 1 ms, servers: 64}\n"

/* The second flush finds nothing dirty, but the first one's page is still on its way: it waits for that too. */
static void a_flush_waits_for_pages_that_others_write(void **state)
{
	static const char *const requests[] = { "W 0 8", "FN", "FN" };

	(void)state;
	for (size_t p = 0; p < NUM(both_placements); p++) {
		served run = served_replay(SLOW "schemes: [virtio: {cache: writeback}]\n", requests, 3, 3, "virtio",
					   both_placements[p]);
		const vcpu_completion *first = served_find(&run, 1, 1), *second = served_find(&run, 1, 2);

		assert_int_equal(run.counts[1].path.num_pages_written, 1);
		/* Both go on when the page's end tells, who waited for others first: each takes a wake-up of 1,100, 450 in
		 * the block layer, a driver of 200, two register writes. */
		assert_true(second->device_start_ps > PS_PER_MS);
		assert_int_equal(first->device_start_ps, second->device_start_ps + 1800000);
		served_free(&run);
	}
}

/* What others begin to write later is no concern of a flush. The first writes a page, from 0.1 to 1.1 ms; the others
 * find nothing dirty and wait for it. Meanwhile two pages become dirty: one is written in the background, one by who of
 * the two goes on first. The last one has waited for what was under way when it came. */
static void a_flush_waits_for_nothing_that_begins_later(void **state)
{
	static const char *const requests[] = { "W 0 8 @0", "FN @100",     "FN @200",
						"FN @300",  "W 80 8 @800", "W 160 8 @900" };

	(void)state;
	for (size_t p = 0; p < NUM(both_placements); p++) {
		served run = served_replay(SLOW "host: {dirty: 4 KiB}\nschemes: [virtio: {cache: writeback}]\n",
					   requests, NUM(requests), 0, "virtio", both_placements[p]);

		assert_int_equal(run.counts[1].path.num_pages_written, 3);
		assert_in_range(served_find(&run, 1, 2)->device_start_ps, 2 * PS_PER_MS, 5 * PS_PER_MS / 2);
		assert_in_range(served_find(&run, 1, 3)->device_start_ps, 11 * PS_PER_MS / 10, 12 * PS_PER_MS / 10);
		served_free(&run);
	}
}

/* A write that is flushed writes its own pages: it does not wait for a page that two others write again and again. */
static void a_write_is_flushed_by_itself(void **state)
{
	static const char *const requests[] = { "W 0 8 @0", "W 0 8 @500", "W 80 8 @510" };
	served run = served_replay(SLOW "schemes: [virtio: {cache: writethrough}]\n", requests, 3, 0, "virtio",
				   SIM_CLUSTERED);

	(void)state;
	/* the second write's page is taken when the first one's is on the medium */
	assert_in_range(served_find(&run, 1, 1)->device_start_ps, 2 * PS_PER_MS, 5 * PS_PER_MS / 2);
	assert_in_range(served_find(&run, 1, 2)->device_start_ps, 3 * PS_PER_MS / 2, 2 * PS_PER_MS);
	served_free(&run);
}

/* Two writes into a page before it is written for the first: the second one waits for that too. */
static void a_write_waits_for_its_page_that_another_writes(void **state)
{
	static const char *const requests[] = { "W 0 8", "W 0 8" };
	served run = served_replay(SLOW "schemes: [virtio: {cache: writethrough}]\n", requests, 2, 2, "virtio",
				   SIM_CLUSTERED);

	(void)state;
	assert_int_equal(run.counts[1].path.num_pages_written, 1);
	assert_in_range(served_find(&run, 1, 0)->device_start_ps, PS_PER_MS, 3 * PS_PER_MS / 2);
	assert_in_range(served_find(&run, 1, 1)->device_start_ps, PS_PER_MS, 3 * PS_PER_MS / 2);
	served_free(&run);
}

/* ---- the page cache --------------------------------------------------------------------------------------------- */

/* What is there needs no device; what is not is read as whole pages. */
static void a_hit_needs_no_device(void **state)
{
	static const char *const requests[] = { "R 1 1", "R 0 8" };

	(void)state;
	for (size_t p = 0; p < NUM(both_placements); p++) {
		served run = served_replay(CHECKED NO_DLLPS "schemes: [virtio: {cache: writeback}]\n", requests, 2, 1,
					   "virtio", both_placements[p]);
		const vcpu_completion *miss = served_find(&run, 1, 0), *hit = served_find(&run, 1, 1);
		const ps_t device_start_ps = GUEST_DOWN_PS + THREAD_DOWN_PS + HOST_DOWN_PS;

		assert_int_equal(miss->device_start_ps, device_start_ps);
		assert_int_equal(miss->device_end_ps, device_start_ps + pf_device_ps(device_start_ps, false, 0, 4096));
		/* looked up, and 512 B copied: 60,236 ps; then the thread wakes up and loops */
		assert_int_equal(miss->block_end_ps,
				 miss->device_end_ps + STEP_PS + 300000 + 60236 + 1100000 + LOOP_PS + DONE_PS);
		assert_false(hit->has_device);
		assert_int_equal(block_ps(hit), GUEST_DOWN_PS + THREAD_DOWN_PS + PAGE_PS + LOOP_PS + DONE_PS);
		assert_int_equal(run.counts[1].path.num_cache_hits, 1);
		assert_int_equal(run.counts[1].path.num_cache_misses, 1);
		served_free(&run);
	}
}

static void pages_that_are_missing_are_read(void **state)
{
	static const struct {
		const char *requests[5];
		const char *page_cache;
		int num_requests, num_hits, num_misses, num_reads;
	} rows[] = {
		{ { "R 0 16" }, "1 MiB", 1, 0, 2, 1 },
		{ { "R 0 8", "R 0 16" }, "1 MiB", 2, 1, 2, 2 },
		{ { "R 8 8", "R 0 24" }, "1 MiB", 2, 1, 3, 3 }, /* what is there splits what is read */
		{ { "W 0 8", "R 0 8" }, "1 MiB", 2, 1, 0, 0 },
		{ { "R 0 8", "R 8 8", "R 16 8", "R 0 8" }, "12 KiB", 4, 1, 3, 3 },
		{ { "R 0 8", "R 8 8", "R 16 8", "R 0 8" }, "8 KiB", 4, 0, 4, 4 },          /* the oldest went */
		{ { "R 0 8", "R 8 8", "R 0 8", "R 16 8", "R 0 8" }, "8 KiB", 5, 2, 3, 3 }, /* the one not used went */
		{ { "R 0 8", "R 0 8" }, "0 B", 2, 0, 2, 2 },
	};

	(void)state;
	for (size_t i = 0; i < NUM(rows); i++) {
		served run =
			served_replay(text_of(CHECKED "host: {page_cache: %s}\nschemes: [virtio: {cache: writeback}]\n",
					      rows[i].page_cache),
				      rows[i].requests, (size_t)rows[i].num_requests, 1, "virtio", SIM_CLUSTERED);

		assert_int_equal(run.counts[1].path.num_cache_hits, rows[i].num_hits);
		assert_int_equal(run.counts[1].path.num_cache_misses, rows[i].num_misses);
		assert_int_equal(run.counts[1].path.num_device_requests, rows[i].num_reads);
		served_free(&run);
	}
}

/* Pages that a write covers in part are read first, one after the other; whole ones and those that are there are not.
 * Behind them the guest flushes and reads them back: contents are checked. */
static void pages_written_in_part_are_read_first(void **state)
{
	static const struct {
		const char *requests[2]; /* before, and the write in question */
		int num_reads, num_pages;
	} rows[] = {
		{ { "R 800 8", "W 0 8" }, 0, 1 }, { { "R 800 8", "W 1 1" }, 1, 1 },  { { "R 800 8", "W 0 12" }, 1, 2 },
		{ { "R 800 8", "W 4 8" }, 2, 2 }, { { "R 800 8", "W 4 16" }, 2, 3 }, { { "R 0 8", "W 1 1" }, 0, 1 },
		{ { "R 8 8", "W 4 8" }, 1, 2 },
	};

	(void)state;
	for (size_t i = 0; i < NUM(rows); i++)
		for (size_t p = 0; p < NUM(both_placements); p++) {
			const char *const requests[] = { rows[i].requests[0], rows[i].requests[1], "FN", "R 0 24" };
			served run = served_replay(CHECKED "schemes: [virtio: {cache: writeback}]\n", requests, 4, 1,
						   "virtio", both_placements[p]);
			const vcpu_completion *write = served_find(&run, 1, 1);
			const host_path_counts *counts = &run.counts[1].path;

			assert_int_equal(write->has_device, rows[i].num_reads != 0);
			/* Kick and end have a loop of 15,500 each; the thread wakes up for the kick, and for the end if there
			 * was something to wait for. */
			assert_int_equal(write->block_split->service_ps[STAGE_VMM],
					 2 * LOOP_PS + 1100000 + 1000000 + 500000 +
						 (rows[i].num_reads == 0 ? 0 : 1100000));
			assert_int_equal(counts->num_pages_written, rows[i].num_pages);
			/* the flush, and the first and the last request's reads */
			assert_int_equal(counts->num_device_requests, rows[i].num_reads + rows[i].num_pages + 1 + 1 +
									      (counts->num_cache_misses - 1 != 0));
			served_free(&run);
		}
}

/* With more than host.dirty the oldest pages are written, nobody waits for it, and no more than that are. */
static void too_many_dirty_pages_are_written_in_the_background(void **state)
{
	static const char *const requests[] = { "W 0 8", "W 80 8", "W 160 8", "W 240 8", "W 320 8" };
	static const struct {
		const char *dirty;
		int num_written;
	} rows[] = { { "20 KiB", 0 }, { "16 KiB", 1 }, { "8 KiB", 3 }, { "4 KiB", 4 } };

	(void)state;
	for (size_t i = 0; i < NUM(rows); i++)
		for (size_t p = 0; p < NUM(both_placements); p++) {
			served run = served_replay(text_of(CHECKED
							   "host: {dirty: %s}\nschemes: [virtio: {cache: writeback}]\n",
							   rows[i].dirty),
						   requests, NUM(requests), 1, "virtio", both_placements[p]);

			assert_int_equal(run.counts[1].path.num_pages_written, rows[i].num_written);
			assert_int_equal(run.device.num_completions, rows[i].num_written);
			for (size_t j = 0; j < run.num; j++)
				assert_false(run.all[j].c.has_device);
			served_free(&run);
		}
}

/* Pages that are dirty again while they are being written cannot be written meanwhile: beyond twice host.dirty (a page
 * here) who dirties another one waits, until the first one is on the medium. */
static void who_dirties_too_fast_waits(void **state)
{
	/* the second, third and fifth begin to write the oldest page */
	static const char *const requests[] = { "W 0 8", "W 80 8", "W 0 8", "W 80 8", "W 160 8", "W 160 8", "W 240 8" };
	static const bool begins[] = { false, true, true, false, true, false };

	(void)state;
	for (size_t p = 0; p < NUM(both_placements); p++) {
		served run = served_replay(SLOW "host: {dirty: 4 KiB}\nschemes: [virtio: {cache: writeback}]\n",
					   requests, NUM(requests), 1, "virtio", both_placements[p]);

		/* block layer 450, PF driver 200, four register writes */
		for (uint64_t i = 0; i < NUM(begins); i++)
			assert_int_equal(block_ps(served_find(&run, 1, i)), GUEST_DOWN_PS + THREAD_DOWN_PS + PAGE_PS +
										    (begins[i] ? 750000 : 0) + LOOP_PS +
										    DONE_PS);
		/* the first writing begins with the second request, and takes 1 ms */
		assert_in_range(served_find(&run, 1, 6)->block_end_ps, PS_PER_MS + 50 * PS_PER_US,
				PS_PER_MS + 100 * PS_PER_US);
		served_free(&run);
	}
}

/* ---- files ------------------------------------------------------------------------------------------------------ */

#define LAZY "bytes: 16 MiB, map: lazy"
#define FILE_MODE "schemes: [virtio: {file: true}]\n"

/* The first write of a block allocates (2,000), looks up (300) and writes. The flush commits: descriptor and metadata
 * (inode, bitmap, group descriptors) in one write; then, when they are on the device, the commit block; then the
 * device's flush. The next flush has nothing to commit. */
static void an_allocation_is_committed_by_the_flush(void **state)
{
	static const char *const requests[] = { "W 0 8", "FN", "W 0 8", "FN" };

	(void)state;
	for (int journal = 0; journal < 2; journal++)
		for (size_t p = 0; p < NUM(both_placements); p++) {
			served run = served_replay_on(text_of(CHECKED NO_DLLPS "host: {journal: %s}\n" FILE_MODE,
							      journal ? "metadata" : "none"),
						      LAZY, requests, 4, 1, "virtio", both_placements[p]);
			const host_path_counts *counts = &run.counts[1].path;
			const int num_steps = journal ? 3 : 1;

			assert_one_access(served_find(&run, 1, 0),
					  GUEST_DOWN_PS + THREAD_DOWN_PS + 2000000 + 300000 + HOST_DOWN_PS, true, 4096);
			assert_one_access(served_find(&run, 1, 2),
					  GUEST_DOWN_PS + THREAD_DOWN_PS + 300000 + HOST_DOWN_PS, true, 4096);
			for (uint64_t flush = 1; flush < 4; flush += 2) {
				const latency_split *split = served_find(&run, 1, flush)->block_split;
				const int num = flush == 1 ? num_steps : 1;

				assert_int_equal(split->service_ps[STAGE_VMM], 16600000 + 1000000 + 16600000 + 500000);
				/* between the steps a worker wakes up */
				assert_int_equal(split->service_ps[STAGE_HOST], FSYNC_PS + (num == 3 ? 10000000 : 0) +
											num * (HOST_DOWN_PS + 750000) +
											(num - 1) * 1100000);
			}
			assert_int_equal(counts->num_allocated_blocks, 4);
			assert_int_equal(counts->num_zeroed_blocks, 0);
			assert_int_equal(counts->num_commits, journal);
			assert_int_equal(counts->num_journal_blocks, journal ? 1 + 3 + 1 : 0);
			assert_int_equal(counts->num_device_requests, 2 + 2 + (journal ? 2 : 0));
			served_free(&run);
		}
}

/* What of a new block of 4 KiB the write does not cover is zeroed before anybody may read it; holes are zeros without
 * asking the device. */
static void new_blocks_hold_nothing_old(void **state)
{
	static const struct {
		const char *write;
		int num_allocated, num_zeroed, num_writes;
	} rows[] = {
		{ "W 0 8", 4, 0, 1 }, { "W 1 1", 4, 4, 3 }, /* 512 B before, 3 KiB behind */
		{ "W 0 7", 4, 1, 2 }, { "W 2 6", 4, 1, 2 }, { "W 4 8", 8, 4, 3 }, { "W 0 64", 32, 0, 1 },
	};

	(void)state;
	for (size_t i = 0; i < NUM(rows); i++)
		for (size_t p = 0; p < NUM(both_placements); p++) {
			const char *const requests[] = { "R 0 16", rows[i].write, "R 0 16", "R 4000 8" };
			served run =
				served_replay_on(CHECKED FILE_MODE, LAZY, requests, 4, 4, "virtio", both_placements[p]);
			const host_path_counts *counts = &run.counts[1].path;

			assert_false(served_find(&run, 1, 0)->has_device);
			assert_false(served_find(&run, 1, 3)->has_device);
			assert_int_equal(counts->num_allocated_blocks, rows[i].num_allocated);
			assert_int_equal(counts->num_zeroed_blocks, rows[i].num_zeroed);
			/* and what is there of the third request, in one piece */
			assert_int_equal(counts->num_device_requests, rows[i].num_writes + 1);
			served_free(&run);
		}
}

/* A medium of 3 MiB, 1 MiB of it the journal's: two VMs have 1 MiB each. Of 300 blocks of 4 KiB 256 find room. */
static void a_full_arena_refuses(void **state)
{
	static const char *const caches[] = { "none", "writethrough", "writeback" };

	(void)state;
	for (size_t i = 0; i < NUM(caches); i++) {
		served run = served_run(text_of(CHECKED
						"media: {capacity: 3 MiB}\nschemes: [virtio: {file: true, cache: %s}]\n"
						"vms: [{count: 2, disk: {" LAZY "}, workload: {kind: dd, op: write, "
						"count: 300}}]",
						caches[i]),
					"virtio", SIM_CLUSTERED);
		uint64_t num_refused = 0;

		assert_int_equal(run.num, 600);
		for (size_t j = 0; j < run.num; j++) {
			const bool refused = run.all[j].c.status == NESC_COMPLETION_NO_SPACE;

			assert_true(refused || run.all[j].c.status == NESC_COMPLETION_OK);
			assert_int_equal(refused, run.all[j].request.number >= 256);
			num_refused += refused;
		}
		assert_int_equal(num_refused, 88);
		assert_int_equal(run.counts[1].path.num_allocated_blocks, 1024);
		served_free(&run);
	}
}

/* A write into the page cache that finds no room fails at once and leaves nothing behind: a later flush has nothing to
 * write of it, and who reads there reads zeros. */
static void what_was_refused_is_not_there(void **state)
{
	char text[258][16];
	const char *requests[260];
	served run;

	(void)state;
	for (int i = 0; i < 258; i++) {
		snprintf(text[i], sizeof(text[i]), "W %d 8", 8 * i);
		requests[i] = text[i];
	}
	requests[258] = "FN";
	requests[259] = "R 2048 16";
	run = served_replay_on(CHECKED "media: {capacity: 2 MiB}\nschemes: [virtio: {file: true, cache: writeback}]\n",
			       LAZY, requests, 260, 1, "virtio", SIM_CLUSTERED);
	assert_int_equal(served_find(&run, 1, 255)->status, NESC_COMPLETION_OK);
	assert_int_equal(served_find(&run, 1, 256)->status, NESC_COMPLETION_NO_SPACE);
	assert_int_equal(served_find(&run, 1, 257)->status, NESC_COMPLETION_NO_SPACE);
	assert_int_equal(served_find(&run, 1, 258)->status, NESC_COMPLETION_OK);
	assert_false(served_find(&run, 1, 259)->has_device);
	assert_int_equal(run.counts[1].path.num_pages_written, 256);
	served_free(&run);
}

/* Random reads and writes of odd sizes over files with holes, many at once, in every mode: check mode verifies what is
 * read, and both placements agree. */
static void contents_hold_in_every_mode(void **state)
{
	static const char *const schemes[] = { "virtio: {%s}",
					       "virtio: {thread: iothread, poll: 5 us, merge: 32 KiB, %s}",
					       "emulation: {controller: ahci, %s}" };
	static const char *const backings[] = { "file: true", "file: true, cache: writeback",
						"file: true, cache: writethrough" };

	(void)state;
	for (size_t s = 0; s < NUM(schemes); s++)
		for (size_t b = 0; b < NUM(backings); b++) {
			const char *name = s == 2 ? "emulation" : "virtio";
			char scheme[128];
			const char *text;
			served runs[2];

			snprintf(scheme, sizeof(scheme), schemes[s], backings[b]);
			text = text_of(
				CHECKED
				"guest: {vcpus: 2}\nhost: {page_cache: 64 KiB, dirty: 16 KiB}\nschemes: [%s]\n"
				"vms: [{count: 2, disk: {bytes: 256 KiB, map: {kind: fragmented, max_extent: 8 KiB, "
				"hole_percent: 50}}, workload: {kind: dd, op: mixed, pattern: random, "
				"request_bytes: 6656 B, count: 400, depth: 6}}]",
				scheme);
			for (size_t p = 0; p < 2; p++)
				runs[p] = served_run(text, name, both_placements[p]);
			assert_int_equal(runs[0].num, 800);
			assert_int_equal(runs[0].num_failed, 0);
			assert_int_equal(runs[1].last_complete_ps, runs[0].last_complete_ps);
			assert_int_equal(runs[1].thread_end_ps, runs[0].thread_end_ps);
			for (uint32_t vm = 1; vm <= 2; vm++) {
				assert_memory_equal(&runs[1].counts[vm], &runs[0].counts[vm],
						    sizeof(runs[0].counts[vm]));
				assert_memory_equal(runs[1].thread_ps[vm], runs[0].thread_ps[vm],
						    sizeof(runs[0].thread_ps[vm]));
				assert_true(runs[0].counts[vm].path.num_allocated_blocks > 50);
			}
			served_free(&runs[0]);
			served_free(&runs[1]);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_a_cache_a_flush_is_the_devices),
		cmocka_unit_test(a_device_without_a_cache_is_not_flushed),
		cmocka_unit_test(with_writeback_a_flush_writes_pages_before),
		cmocka_unit_test(with_writethrough_every_write_pays),
		cmocka_unit_test(flags_become_flushes),
		cmocka_unit_test(neighbours_are_written_together),
		cmocka_unit_test(a_flush_waits_for_pages_that_others_write),
		cmocka_unit_test(a_flush_waits_for_nothing_that_begins_later),
		cmocka_unit_test(a_write_is_flushed_by_itself),
		cmocka_unit_test(a_write_waits_for_its_page_that_another_writes),
		cmocka_unit_test(a_hit_needs_no_device),
		cmocka_unit_test(pages_that_are_missing_are_read),
		cmocka_unit_test(pages_written_in_part_are_read_first),
		cmocka_unit_test(too_many_dirty_pages_are_written_in_the_background),
		cmocka_unit_test(who_dirties_too_fast_waits),
		cmocka_unit_test(an_allocation_is_committed_by_the_flush),
		cmocka_unit_test(new_blocks_hold_nothing_old),
		cmocka_unit_test(a_full_arena_refuses),
		cmocka_unit_test(what_was_refused_is_not_there),
		cmocka_unit_test(contents_hold_in_every_mode),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
