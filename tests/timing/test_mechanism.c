/* Do the controller's mechanisms act as the thesis says: BTLB size, walkers, tree depth? The tables are printed. */
#include "replay.h"

/* Random reads over a file of 1,024 scattered extents, by 4 vCPUs, so that no core is the bottleneck. */
#define RANDOM_READS                                                                                                \
	"guest: {vcpus: 4}\n"                                                                                       \
	"nesc: {btlb: {entries: %d}, walker: {count: %d}, tree: {max_entries: %d}, dma: {read_setup: %d cycles}}\n" \
	"vms: [{disk: {bytes: 8 MiB, map: {kind: fragmented, min_extent: 8 KiB, max_extent: 8 KiB}}, "              \
	"workload: {kind: dd, pattern: random, request_bytes: %d KiB, count: 3000, depth: %d}}]"

typedef struct point {
	int entries, walkers, max_entries, read_setup_cycles, request_kib, depth;
} point;

typedef struct measured {
	double mean_ns, device_ns, kiops;
	uint64_t num_walks, num_fetches;
} measured;

static measured measure(point at)
{
	replay run = replay_run(text_of(RANDOM_READS, at.entries, at.walkers, at.max_entries, at.read_setup_cycles,
					at.request_kib, at.depth),
				"nesc", SIM_CLUSTERED);
	measured got = {
		.mean_ns = replay_mean_ns(&run),
		.kiops = (double)run.result.num_completed / ((double)run.result.end_ps * 1e-12) / 1000,
		.num_walks = run.result.counts.num_walks,
		.num_fetches = run.result.counts.num_walk_fetches,
	};

	for (size_t i = 0; i < run.num; i++)
		got.device_ns += (double)(run.all[i].c.device_end_ps - run.all[i].c.device_start_ps) / 1000;
	got.device_ns /= (double)run.num;
	replay_free(&run);
	return got;
}

static const int request_kibs[] = { 1, 4 };

/* Each step to more entries makes the mean latency strictly smaller; with room for all extents only first look-ups
 * miss. */
static void latency_falls_with_btlb_entries(void **state)
{
	static const int entries[] = { 1, 8, 64, 512, 1024 };

	(void)state;
	for (size_t k = 0; k < NUM(request_kibs); k++) {
		double last_ns = 1e300;

		for (size_t i = 0; i < NUM(entries); i++) {
			const measured got = measure((point){ entries[i], 2, 2, 222, request_kibs[k], 4 });

			print_message("%d KiB, depth 4, 2 walkers, BTLB of %4d: %7.1f ns, %6.1f kIOPS, %5d walks\n",
				      request_kibs[k], entries[i], got.mean_ns, got.kiops, (int)got.num_walks);
			assert_true(got.mean_ns < last_ns);
			last_ns = got.mean_ns;
			if (entries[i] == 1024)
				assert_true(got.num_walks <= 1024 + 16);
		}
	}
}

/* 10 levels to walk and an engine that is no bottleneck: more walkers, less waiting. */
static void latency_falls_with_walkers(void **state)
{
	static const int walkers[] = { 1, 2, 4 };

	(void)state;
	for (size_t k = 0; k < NUM(request_kibs); k++) {
		double last_ns = 1e300;

		for (size_t i = 0; i < NUM(walkers); i++) {
			const measured got = measure((point){ 8, walkers[i], 2, 222, request_kibs[k], 4 });

			print_message("%d KiB, depth 4, BTLB of 8, %d walkers: %7.1f ns, %6.1f kIOPS\n",
				      request_kibs[k], walkers[i], got.mean_ns, got.kiops);
			assert_true(got.mean_ns < last_ns);
			last_ns = got.mean_ns;
		}
	}
}

/* 1,024 extents make 1,024 / fan-out^levels: every level is one more fetch, 720 ns without DLLPs (see test_life.c), a
 * bit more with them. Depth 1, so that nothing else waits. */
static void latency_rises_by_a_fetch_per_level(void **state)
{
	/* about 1,024 extents, a few merged: 20 per node 3 levels; 10: 4 (10^3 < 1,024); 4: 5; 3: 7; 2: 10 */
	static const int fan_outs[] = { 20, 10, 4, 3, 2 };
	double last_ns = 0;
	uint64_t last_levels = 0;

	(void)state;
	for (size_t i = 0; i < NUM(fan_outs); i++) {
		const measured got = measure((point){ 1, 1, fan_outs[i], 222, 1, 1 });
		const uint64_t levels = (got.num_fetches + got.num_walks / 2) / got.num_walks;
		const double per_level_ns = (got.device_ns - last_ns) / (double)(levels - last_levels);

		print_message("1 KiB, depth 1, BTLB of 1, fan-out %2d: %2d levels, device latency %7.1f ns",
			      fan_outs[i], (int)levels, got.device_ns);
		if (i != 0) {
			print_message(", %.1f ns per level", per_level_ns);
			assert_true(levels > last_levels);
			assert_true(per_level_ns > 715 && per_level_ns < 760);
		}
		print_message("\n");
		last_ns = got.device_ns;
		last_levels = levels;
	}
}

/* Bound by walks (10 levels each, no set-up for data), two walks at a time hide each other's DMA reads. Not wholly:
 * the data blocks and the other walk keep the DMA engine and the link for their own bytes (256 + 128 of each 735
 * ns). */
static void two_walks_nearly_double_the_rate(void **state)
{
	(void)state;
	for (size_t k = 0; k < NUM(request_kibs); k++) {
		const measured one = measure((point){ 1, 1, 2, 0, request_kibs[k], 16 });
		const measured two = measure((point){ 1, 2, 2, 0, request_kibs[k], 16 });

		print_message("%d KiB, depth 16, walk-bound: 1 walker %.1f kIOPS, 2 walkers %.1f kIOPS: x%.3f\n",
			      request_kibs[k], one.kiops, two.kiops, two.kiops / one.kiops);
		assert_true(two.kiops > 1.85 * one.kiops);
		assert_true(two.kiops < 2.001 * one.kiops);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(latency_falls_with_btlb_entries),
		cmocka_unit_test(latency_falls_with_walkers),
		cmocka_unit_test(latency_rises_by_a_fetch_per_level),
		cmocka_unit_test(two_walks_nearly_double_the_rate),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
