/* Is each piece of a request's life exactly as long as the config's numbers say, on `host` and on `nesc`? */
#include "replay.h"

#include "oracle.h"

#define NO_DLLPS "link: {dllp_share: false}\n"

/* ---- by hand ---------------------------------------------------------------------------------------------------- */

/* The first 512 B read of a VF, all in ps (cycle 4,000; the BTLB is empty, the tree has one level):
 *
 * CPU: call at 0, block layer at 300,000, driver at 550,000, register writes (4 x 25,000) 750,000 to 850,000.
 *
 * Doorbell: at the root port at 870,000; 872,000 on the wire (4 x 28 B: 28,000); 900,000 + 120,000 = 1,020,000.
 *
 * Device: 1,024,000 multiplexer (1,020,000 is an edge: strictly after); 1,028,000 in the vLBA queue; 1,032,000 look-up,
 * a miss; 1,036,000 walker.
 *
 * Walk: 1,040,000 fetch at the DMA engine, 1,044,000 taken, 1,048,000 on the link: 24 B, 6,000; 120,000; 305,000:
 * 1,479,000; 1,480,000 data on the wire: 552 B, 138,000; 120,000: 1,738,000; 1,740,000 matched by 1,756,000; 1,760,000
 * back; 1,764,000 taken, 1,768,000 in the pLBA queue.
 *
 * Data: 1,772,000 data transfer unit; 1,776,000 medium: 80,000 + 60,000; 1,916,000 data there; 1,920,000 DMA engine:
 * (222 + 32) cycles: 2,936,000; on the wire 560 B: 3,076,000.
 *
 * Completion: entry ready at 2,976,000 follows on the wire at 3,076,000; 64 B: 3,092,000; 3,212,000 interrupt.
 *
 * CPU: 4,312,000 guest woken; 4,712,000 handler; 5,412,000 EOI exit; copy of 512 B at 8.5 GB/s, 60,236: 5,472,236;
 * 5,622,236 block layer; 1,300,000 later, 6,922,236, the process goes on. */
static void first_sector_read_of_a_vf(void **state)
{
	(void)state;
	for (size_t p = 0; p < NUM(both_placements); p++) {
		replay run = replay_run(NO_DLLPS "vms: [{workload: {kind: dd, request_bytes: 512 B, count: 1}}]",
					"nesc", both_placements[p]);
		const vcpu_completion *c = &run.all[0].c;
		const latency_split *s = c->app_split;
		static const struct {
			stage stage;
			ps_t service_ps, wait_ps;
		} pieces[] = {
			{ STAGE_APP, 300000 + 1300000, 0 },
			{ STAGE_BLOCK, 250000, 0 },
			{ STAGE_DRIVER, 200000, 0 },
			{ STAGE_COPY, 60236, 0 },
			/* register writes 100,000; 20,000 to the root port; 2,000 to an edge; 148,000 to the device */
			{ STAGE_DOORBELL, 100000 + 20000 + 148000, 2000 },
			{ STAGE_QUEUE, 4000, 4000 },
			{ STAGE_TRANSLATE, 4000 + 4000, 4000 }, /* look-up, and the cycle after the walk */
			{ STAGE_WALK, 728000, 0 },              /* 1,036,000 to 1,764,000 */
			{ STAGE_MEDIA, 140000, 0 },
			/* data transfer 4,000 after 4,000; DMA 1,016,000 after 4,000 */
			{ STAGE_DMA, 4000 + 1016000, 4000 + 4000 },
			{ STAGE_LINK, 100000, 0 }, /* the rest of the data, after the completion entry was made */
			{ STAGE_COMPLETION, 40000 + 136000, 0 },
			{ STAGE_INTERRUPT, 1100000 + 700000, 0 },
			{ STAGE_COMPLETE, 400000 + 150000, 0 },
		};
		ps_t sum_ps = 0;

		assert_int_equal(run.num, 1);
		assert_int_equal(c->app_start_ps, 0);
		assert_int_equal(c->block_start_ps, 300000);
		assert_int_equal(c->device_start_ps, 750000);
		assert_int_equal(c->device_end_ps, 3212000);
		assert_int_equal(c->block_end_ps, 5622236);
		assert_int_equal(c->app_end_ps, 6922236);
		for (size_t i = 0; i < NUM(pieces); i++) {
			assert_int_equal(s->service_ps[pieces[i].stage], pieces[i].service_ps);
			assert_int_equal(s->wait_ps[pieces[i].stage], pieces[i].wait_ps);
			sum_ps += pieces[i].service_ps + pieces[i].wait_ps;
		}
		assert_int_equal(sum_ps, 6922236);
		replay_free(&run);
	}
}

/* The same of a process of the bare machine, untranslated:
 *
 * 0 call, 300,000 block layer (450,000), 750,000 driver, 950,000 register writes, 1,050,000; root port 1,070,000; wire
 * 1,072,000-1,100,000; device 1,220,000 (an edge); multiplexer 1,224,000; out of band 1,228,000; data transfer
 * 1,232,000; medium 1,236,000 to 1,376,000; DMA 1,380,000 to 2,396,000; wire to 2,536,000; completion 16,000;
 * interrupt 2,672,000; handler 3,072,000; block layer 3,422,000; process 4,722,000. */
static void first_sector_read_of_the_host(void **state)
{
	(void)state;
	for (size_t p = 0; p < NUM(both_placements); p++) {
		replay run = replay_run(NO_DLLPS "vms: [{workload: {kind: dd, request_bytes: 512 B, count: 1}}]",
					"host", both_placements[p]);
		const vcpu_completion *c = &run.all[0].c;

		assert_int_equal(c->device_start_ps, 950000);
		assert_int_equal(c->device_end_ps, 2672000);
		assert_int_equal(c->block_end_ps, 3422000);
		assert_int_equal(c->app_end_ps, 4722000);
		assert_int_equal(c->app_split->service_ps[STAGE_WALK], 0);
		assert_int_equal(c->app_split->service_ps[STAGE_COPY], 0);
		assert_int_equal(c->app_split->service_ps[STAGE_INTERRUPT], 0);
		replay_free(&run);
	}
}

/* A 4 KiB write of a VF. Copy of 4,096 B: 481,883, so 750,000 + 481,883 + 100,000 = 1,331,883; root port 1,351,883;
 * wire 1,352,000 to 1,380,000; device 1,500,000 (an edge); multiplexer 1,504,000; look-up 1,512,000, walker 1,516,000,
 * one level 720,000 (442,000 rounded to 444,000 + 258,000 rounded to 704,000 + 16,000), 2,236,000; back 2,240,000,
 * taken 2,244,000, pLBA 2,248,000; data transfer 2,252,000; DMA engine 2,256,000 + 4,000 = 2,260,000. Each block keeps
 * it (194 + 64) cycles, 1,032,000: the fourth begins at 5,356,000. 256,000 later its data is asked for: 5,612,000; 48
 * B 12,000 + 120,000 + 305,000: 6,049,000; 6,052,000 on the wire, 1,104 B 276,000 + 120,000: 6,448,000 (an edge); data
 * transfer 6,452,000; medium 6,456,000 + 160,000 + 60,000: 6,676,000 (an edge); DMA 6,680,000 + 40,000; 16,000 +
 * 120,000: 6,856,000 interrupt. 1,100 + 400 + 700 + 150 ns: 9,206,000. */
static void first_page_write_of_a_vf(void **state)
{
	(void)state;
	for (size_t p = 0; p < NUM(both_placements); p++) {
		replay run =
			replay_run(NO_DLLPS "vms: [{workload: {kind: dd, op: write, request_bytes: 4 KiB, count: 1}}]",
				   "nesc", both_placements[p]);
		const vcpu_completion *c = &run.all[0].c;

		assert_int_equal(c->device_start_ps, 1231883);
		assert_int_equal(c->device_end_ps, 6856000);
		assert_int_equal(c->block_end_ps, 9206000);
		assert_int_equal(c->app_end_ps, 10506000);
		assert_int_equal(c->block_split->service_ps[STAGE_COPY], 481883);
		replay_free(&run);
	}
}

/* ---- against the oracle ----------------------------------------------------------------------------------------- */

/* A seed for which no extent of 4 KiB lies on the medium right behind its neighbour: the tree would merge them. */
static uint64_t seed_without_neighbours(uint64_t disk_kib)
{
	const disk_map_fragmented map = { .min_extent_bytes = 4096, .max_extent_bytes = 4096 };
	disk_map_fragmented params = map;
	const disk_config disk = { .num_bytes = (int64_t)disk_kib * 1024,
				   .map = { .index = DISK_MAP_FRAGMENTED, .params = &params } };

	for (uint64_t seed = 1;; seed++) {
		disk_layout layout;
		bool apart = true;

		assert_int_equal(disk_layout_init(&layout, &disk, 0, seed, 1, NULL), NESCSIM_OK);
		for (size_t i = 1; i < layout.num_extents; i++)
			apart &= layout.extents[i].physical_block != layout.extents[i - 1].physical_block + 4;
		disk_layout_fini(&layout);
		if (apart)
			return seed;
	}
}

/* One request after the other, so that each meets an idle machine but at another phase of the clock. */
static void follow_requests(bool nesc, bool write, uint64_t bytes, int num_levels, const char *map, uint64_t disk_kib,
			    bool hole)
{
	const uint64_t count = num_levels > 1 ? disk_kib * 1024 / bytes : 24;
	const uint64_t seed = num_levels > 1 ? seed_without_neighbours(disk_kib) : 1;

	for (size_t p = 0; p < NUM(both_placements); p++) {
		replay run =
			replay_run_seeded(text_of("link: {dllp_share: %s}\nnesc: {tree: {max_entries: %d}}\n"
						  "vms: [{disk: {bytes: %d KiB%s}, workload: {kind: dd, op: %s, "
						  "request_bytes: %d B, count: %d}}]",
						  oracle_dllps ? "true" : "false", num_levels > 1 ? 2 : 0,
						  (int)disk_kib, map, write ? "write" : "read", (int)bytes, (int)count),
					  nesc ? "nesc" : "host", both_placements[p], seed);
		question q = { .nesc = nesc, .write = write, .bytes = bytes, .hole = hole };
		ps_t submit_ps = 0;

		assert_int_equal(run.num, count);
		for (uint64_t i = 0; i < count; i++) {
			const vcpu_completion *c = &run.all[i].c;
			answer a;

			q.first_byte = i * bytes;
			q.submit_ps = submit_ps;
			q.num_levels = i == 0 || num_levels > 1 || hole ? num_levels : 0;
			a = life_of(&q);
			assert_int_equal(run.all[i].request.first_sector * 512, q.first_byte);
			assert_int_equal(c->app_start_ps, submit_ps);
			assert_int_equal(c->block_start_ps, a.block_start_ps);
			assert_int_equal(c->device_start_ps, a.device_start_ps);
			assert_int_equal(c->device_end_ps, a.device_end_ps);
			assert_int_equal(c->block_end_ps, a.block_end_ps);
			assert_int_equal(c->app_end_ps, a.app_end_ps);
			submit_ps = a.app_end_ps;
		}
		if (num_levels > 1)
			assert_int_equal(run.result.counts.num_walk_fetches, count * (uint64_t)num_levels);
		replay_free(&run);
	}
}

static const uint64_t sizes[] = { 512, 1024, 1536, 2048, 2560, 3584, 4096 };

static void reads_of_a_vf(void **state)
{
	(void)state;
	for (size_t i = 0; i < NUM(sizes); i++)
		follow_requests(true, false, sizes[i], 1, "", 1024, false);
}

static void writes_of_a_vf(void **state)
{
	(void)state;
	for (size_t i = 0; i < NUM(sizes); i++)
		follow_requests(true, true, sizes[i], 1, "", 1024, false);
}

static void reads_of_the_host(void **state)
{
	(void)state;
	for (size_t i = 0; i < NUM(sizes); i++)
		follow_requests(false, false, sizes[i], 0, "", 1024, false);
}

static void writes_of_the_host(void **state)
{
	(void)state;
	for (size_t i = 0; i < NUM(sizes); i++)
		follow_requests(false, true, sizes[i], 0, "", 1024, false);
}

/* The default link carries DLLPs, which stretch every byte to 278.98 ps. */
static int with_dllps(void **state)
{
	(void)state;
	oracle_dllps = true;
	return 0;
}

static int without_dllps(void **state)
{
	(void)state;
	oracle_dllps = false;
	return 0;
}

static void dllps_stretch_every_transfer(void **state)
{
	(void)state;
	for (size_t i = 0; i < NUM(sizes); i++) {
		follow_requests(true, false, sizes[i], 1, "", 1024, false);
		follow_requests(true, true, sizes[i], 1, "", 1024, false);
		follow_requests(false, false, sizes[i], 0, "", 1024, false);
		follow_requests(false, true, sizes[i], 0, "", 1024, false);
	}
}

/* Extents of 4 KiB, two to a node: 4, 8 and 16 of them make 2, 3 and 4 levels, and every request walks. */
static void each_level_of_the_tree_costs_one_fetch(void **state)
{
	static const char map[] = ", map: {kind: fragmented, min_extent: 4 KiB, max_extent: 4 KiB}";

	(void)state;
	follow_requests(true, false, 4096, 2, map, 16, false);
	follow_requests(true, false, 4096, 3, map, 32, false);
	follow_requests(true, true, 4096, 3, map, 32, false);
	follow_requests(true, false, 4096, 4, map, 64, false);
	assert_int_equal(walk_level_ps(4000) - 4000, 720000); /* the oracle's own number, as above by hand */
}

/* A disk without any extent: an empty root is fetched each time (a hole is not cached), the medium never asked; zeros
 * cross the link like data. Requests of one block: those parked behind a hole walk on their own. */
static void a_hole_reads_zeros_without_the_medium(void **state)
{
	static const char map[] = ", map: {kind: fragmented, hole_percent: 100}";

	(void)state;
	follow_requests(true, false, 1024, 1, map, 1024, true);
	follow_requests(true, false, 512, 1, map, 1024, true);
}

static void a_hole_leaves_the_medium_alone(void **state)
{
	replay run = replay_run("vms: [{disk: {bytes: 1 MiB, map: {kind: fragmented, hole_percent: 100}}, "
				"workload: {kind: dd, request_bytes: 4 KiB, count: 10}}]",
				"nesc", SIM_CLUSTERED);

	(void)state;
	assert_int_equal(run.result.counts.num_zero_blocks, 40);
	assert_int_equal(run.result.counts.num_read_blocks, 0);
	for (size_t i = 0; i < run.num; i++)
		assert_int_equal(run.all[i].c.block_split->service_ps[STAGE_MEDIA], 0);
	replay_free(&run);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(first_sector_read_of_a_vf),
		cmocka_unit_test(first_sector_read_of_the_host),
		cmocka_unit_test(first_page_write_of_a_vf),
		cmocka_unit_test(reads_of_a_vf),
		cmocka_unit_test(writes_of_a_vf),
		cmocka_unit_test(reads_of_the_host),
		cmocka_unit_test(writes_of_the_host),
		cmocka_unit_test_setup_teardown(dllps_stretch_every_transfer, with_dllps, without_dllps),
		cmocka_unit_test(each_level_of_the_tree_costs_one_fetch),
		cmocka_unit_test(a_hole_reads_zeros_without_the_medium),
		cmocka_unit_test(a_hole_leaves_the_medium_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
