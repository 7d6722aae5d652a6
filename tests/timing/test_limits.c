/* Does every limit of the controller bind exactly where it should? */
#include "replay.h"

#define NO_DLLPS "link: {dllp_share: false}\n"

/* What 32 KiB more cost a lone request at the device: 32 blocks through whatever is the bottleneck. The second
 * request is measured, 10 ms after the first: the extent is known then, so that no walk competes with doorbells for
 * the link. */
static ps_t cost_of_32_blocks(const char *config, const char *op, const char *scheme, sim_placement placement)
{
	ps_t device_ps[2];

	for (int i = 0; i < 2; i++) {
		replay run =
			replay_run(text_of("%svms: [{workload: {kind: dd, op: %s, request_bytes: %d KiB, count: 2, "
					   "arrival: periodic, interval: 10 ms}}]",
					   config, op, i == 0 ? 32 : 64),
				   scheme, placement);

		device_ps[i] = run.all[1].c.device_end_ps - run.all[1].c.device_start_ps;
		replay_free(&run);
	}
	return device_ps[1] - device_ps[0];
}

static void assert_cost(const char *config, const char *op, const char *scheme, ps_t expected_ps)
{
	for (size_t p = 0; p < NUM(both_placements); p++)
		assert_int_equal(cost_of_32_blocks(config, op, scheme, both_placements[p]), expected_ps);
}

/* Set-up and beats of 16 B: (222 + 64) cycles of 4 ns to the host, (194 + 64) from it. */
static void blocks_follow_each_other_at_the_dma_engines_pace(void **state)
{
	(void)state;
	assert_cost(NO_DLLPS, "read", "nesc", 32 * 1144000);
	assert_cost(NO_DLLPS, "write", "nesc", 32 * 1032000);
	assert_cost(NO_DLLPS, "read", "host", 32 * 1144000);
	assert_cost(NO_DLLPS, "write", "host", 32 * 1032000);
}

static void a_wider_datapath_has_fewer_beats(void **state)
{
	(void)state;
	assert_cost(NO_DLLPS "nesc: {dma: {datapath: 32 B}}\n", "read", "nesc", 32 * (222 + 32) * 4000);
	assert_cost(NO_DLLPS "nesc: {dma: {read_setup: 300 cycles}}\n", "read", "nesc", 32 * (300 + 64) * 4000);
}

/* One read of the host at a time. From the data transfer unit's decision: a cycle, a cycle to the DMA engine's
 * decision, 64 cycles to issue: 264,000; two requests 12,000, link 120,000, memory 305,000: 701,000; edge 704,000;
 * four completions 276,000, link 120,000: 1,100,000; edge strictly after 1,104,000; a cycle for the data: 1,108,000. */
static void one_outstanding_read_makes_writes_wait_for_the_round_trip(void **state)
{
	(void)state;
	assert_cost(NO_DLLPS "nesc: {dma: {outstanding_reads: 1}}\n", "write", "nesc", 32 * 1108000);
	assert_cost(NO_DLLPS "nesc: {dma: {outstanding_reads: 1}}\n", "write", "host", 32 * 1108000);
	assert_cost(NO_DLLPS "nesc: {dma: {outstanding_reads: 2}}\n", "write", "nesc", 32 * 1032000);
}

/* The medium has a place for the result of every access that its latency covers, however short the queue to the DMA
 * engine is: 10 us of latency cost one request 10 us, not its pace. */
static void the_mediums_latency_overlaps(void **state)
{
	static const char text[] = NO_DLLPS "media: {kind: dram, read_latency: 10 us, write_latency: 10 us}\n"
					    "nesc: {dma: {queue: %d}}\n";

	(void)state;
	assert_cost(text_of(text, 1), "read", "nesc", 32 * 1144000);
	assert_cost(text_of(text, 4), "read", "nesc", 32 * 1144000);
	assert_cost(text_of(text, 4), "write", "host", 32 * 1032000);
}

/* Every queue one deep: the pace is still that of the slowest unit. */
static void queues_of_one_only_cost_what_cannot_overlap(void **state)
{
	static const char shallow[] = NO_DLLPS "nesc: {vlba_queue: 1, plba_queue: 1, dma: {queue: 1}}\n";

	(void)state;
	assert_cost(shallow, "read", "nesc", 32 * 1144000);
	assert_cost(shallow, "write", "nesc", 32 * 1032000);
	assert_cost(text_of("%smedia: {kind: null, mean: 3 us}\n", shallow), "write", "host", 32 * 3000000);
}

static void a_slow_medium_sets_the_pace(void **state)
{
	(void)state;
	assert_cost(NO_DLLPS "media: {kind: null, mean: 5 us}\n", "read", "nesc", 32 * 5000000);
	/* on 4 servers: 32 blocks are 8 rounds */
	assert_cost(NO_DLLPS "media: {kind: null, mean: 8 us, servers: 4}\nnesc: {dma: {queue: 16}}\n", "write", "nesc",
		    8 * 8000000);
}

/* A link of one lane, gen 1: 4 ns per byte: 1,120 B of a block in four writes take 4,480,000 ps. */
static void a_slow_link_sets_the_pace(void **state)
{
	(void)state;
	assert_cost("link: {dllp_share: false, generation: 1, lanes: 1}\n", "read", "nesc", 32 * 4480000);
}

/* ---- translation ------------------------------------------------------------------------------------------------ */

/* Two single blocks of one extent: the first misses (look-up, and as long again when the walk is back), the second
 * hits. */
static void look_ups_cost_their_cycles(void **state)
{
	(void)state;
	for (size_t p = 0; p < NUM(both_placements); p++) {
		ps_t device_ps[2][2];

		for (int slow = 0; slow < 2; slow++) {
			/* Think time that makes both requests begin at the same phase of the clock whatever came
			 * before. */
			replay run = replay_run(text_of(NO_DLLPS "nesc: {translation: {lookup_cycles: %d cycles}}\n"
								 "vms: [{workload: {kind: dd, request_bytes: 1 KiB, "
								 "count: 2, arrival: periodic, "
								 "interval: 1 ms}}]",
							slow ? 100 : 1),
						"nesc", both_placements[p]);

			for (int i = 0; i < 2; i++)
				device_ps[slow][i] = run.all[i].c.device_end_ps - run.all[i].c.device_start_ps;
			assert_int_equal(run.result.btlb.misses, 1);
			assert_int_equal(run.result.btlb.hits, 1);
			replay_free(&run);
		}
		assert_int_equal(device_ps[1][0] - device_ps[0][0], 2 * 99 * 4000);
		assert_int_equal(device_ps[1][1] - device_ps[0][1], 99 * 4000);
	}
}

/* Each block is looked up once, however often it waits: extents of 1 KiB make three of a node's four blocks wait for a
 * walk that does not answer them. */
static void every_block_is_counted_once(void **state)
{
	static const char *const merges[] = { "node", "none" };

	(void)state;
	for (size_t i = 0; i < NUM(merges); i++) {
		replay run = replay_run(text_of("nesc: {walker: {merge: %s}}\nvms: [{disk: {bytes: 256 KiB, map: "
						"{kind: fragmented, min_extent: "
						"1 KiB, max_extent: 1 KiB}}, workload: {kind: dd, request_bytes: 4 "
						"KiB, count: 64, depth: 4}}]",
						merges[i]),
					"nesc", SIM_CLUSTERED);

		assert_int_equal(run.result.counts.num_blocks, 256);
		assert_int_equal(run.result.btlb.hits + run.result.btlb.misses + run.result.btlb.merged, 256);
		replay_free(&run);
	}
}

/* ---- sharing ---------------------------------------------------------------------------------------------------- */

static int by_device_end(const void *a, const void *b)
{
	const ps_t x = ((const seen *)a)->c.device_end_ps, y = ((const seen *)b)->c.device_end_ps;

	return x < y ? -1 : x > y;
}

/* Four VFs that always have a node waiting: after any number of nodes, no VF is more than one ahead of another. (The
 * very first ones miss, and hits may pass them.) */
static void the_multiplexer_is_fair_to_a_node(void **state)
{
	enum {
		NUM_VMS = 4,
		COUNT = 100
	};
	replay run = replay_run("vms: [{count: 3, disk: {bytes: 1 MiB}, workload: {kind: dd, count: 100, depth: 8}}, "
				"{disk: {bytes: 1 MiB}, workload: {kind: dd, count: 100, depth: 16}}]",
				"nesc", SIM_CLUSTERED);
	int served[NUM_VMS + 1] = { 0 };

	(void)state;
	assert_int_equal(run.num, NUM_VMS * COUNT);
	qsort(run.all, run.num, sizeof(seen), by_device_end);
	for (size_t i = 0; i < (COUNT - 20) * NUM_VMS; i++) {
		int min = COUNT, max = 0;

		served[run.all[i].vm]++;
		for (int vm = 1; vm <= NUM_VMS; vm++) {
			min = served[vm] < min ? served[vm] : min;
			max = served[vm] > max ? served[vm] : max;
		}
		if (i >= 4 * NUM_VMS)
			assert_true(max - min <= 1);
	}
	replay_free(&run);
}

/* Most bytes that the device had under way at once. */
static uint64_t most_under_way(const replay *run)
{
	uint64_t most = 0;

	for (size_t i = 0; i < run->num; i++) {
		const ps_t t_ps = run->all[i].c.device_start_ps;
		uint64_t bytes = 0;

		for (size_t j = 0; j < run->num; j++)
			if (run->all[j].c.device_start_ps <= t_ps && t_ps < run->all[j].c.device_end_ps)
				bytes += run->all[j].request.num_sectors * 512;
		most = bytes > most ? bytes : most;
	}
	return most;
}

static void the_trampoline_bounds_bytes_under_way(void **state)
{
	static const int windows_kib[] = { 4, 8, 20 };

	(void)state;
	for (size_t i = 0; i < NUM(windows_kib); i++) {
		const char *text = text_of("nesc: {driver: {trampoline_bytes: %d KiB}}\n"
					   "vms: [{workload: {kind: dd, request_bytes: 4 KiB, count: 100, depth: 16}}]",
					   windows_kib[i]);
		replay nesc = replay_run(text, "nesc", SIM_CLUSTERED);
		replay host = replay_run(text, "host", SIM_CLUSTERED);

		assert_int_equal(most_under_way(&nesc), windows_kib[i] * 1024);
		assert_true(most_under_way(&host) > 40 * 1024); /* no trampoline: only the depth bounds it */
		replay_free(&nesc);
		replay_free(&host);
	}
}

/* A request larger than the window goes in pieces of the window, one after the other. */
static void a_request_larger_than_the_window_goes_in_pieces(void **state)
{
	replay run = replay_run("nesc: {driver: {trampoline_bytes: 16 KiB}}\n"
				"vms: [{workload: {kind: dd, request_bytes: 64 KiB, count: 3}}]",
				"nesc", SIM_CLUSTERED);

	(void)state;
	assert_int_equal(run.result.num_completed, 3);
	assert_int_equal(run.result.counts.num_completions, 12);
	assert_int_equal(run.result.counts.num_read_blocks, 192);
	replay_free(&run);
}

/* The ring's depth is the driver's limit too. */
static void the_ring_bounds_nodes_under_way(void **state)
{
	replay run = replay_run(
		"nesc: {queue: {depth: 3}}\nvms: [{workload: {kind: dd, request_bytes: 4 KiB, count: 60, depth: 16}}]",
		"nesc", SIM_CLUSTERED);

	(void)state;
	assert_int_equal(most_under_way(&run), 3 * 4096);
	replay_free(&run);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(blocks_follow_each_other_at_the_dma_engines_pace),
		cmocka_unit_test(a_wider_datapath_has_fewer_beats),
		cmocka_unit_test(one_outstanding_read_makes_writes_wait_for_the_round_trip),
		cmocka_unit_test(the_mediums_latency_overlaps),
		cmocka_unit_test(queues_of_one_only_cost_what_cannot_overlap),
		cmocka_unit_test(a_slow_medium_sets_the_pace),
		cmocka_unit_test(a_slow_link_sets_the_pace),
		cmocka_unit_test(look_ups_cost_their_cycles),
		cmocka_unit_test(every_block_is_counted_once),
		cmocka_unit_test(the_multiplexer_is_fair_to_a_node),
		cmocka_unit_test(the_trampoline_bounds_bytes_under_way),
		cmocka_unit_test(a_request_larger_than_the_window_goes_in_pieces),
		cmocka_unit_test(the_ring_bounds_nodes_under_way),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
