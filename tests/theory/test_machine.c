/* Does the whole machine obey queueing theory where one of its units is the bottleneck? */
#include "timing/replay.h"

/* Everything costs next to nothing but the medium: 512 B are one block, one access. */
#define FREE_MACHINE                                                                                         \
	"device: {clock: 10 GHz}\n"                                                                          \
	"link: {generation: 5, lanes: 16, latency: 0 ps, rc_latency: 0 ps}\n"                                \
	"guest: {syscall: 0 ps, block_submit: 0 ps, block_complete: 0 ps, driver: 0 ps, irq_handler: 0 ps, " \
	"process_wake: 0 ps, syscall_return: 0 ps}\n"                                                        \
	"host: {copy: 1000 GB/s, posted_write: 0 ps, mmio_write: 0 ps, exit_interrupt: 0 ps, exit_eoi: 0 "   \
	"ps, "                                                                                               \
	"exit_hlt: 0 ps, hlt_wake: 0 ps}\n"                                                                  \
	"nesc: {dma: {read_setup: 0, write_setup: 0, completion_setup: 0, datapath: 128 B, queue: 64}, "     \
	"plba_queue: 1024, vlba_queue: 1024}\n"

static void assert_within(const char *what, double got, double expected, double percent)
{
	const double error = 100 * (got / expected - 1);

	print_message("%s: %.3f, theory %.3f, %+.3f %%\n", what, got, expected, error);
	assert_true(error > -percent && error < percent);
}

/* Mean time from arrival to completion, less what a request takes beside queue and medium: that of a run without
 * load. */
static double mean_beside_medium_us(const char *text, uint64_t seed)
{
	const machine_result result = machine_run(text, "nesc", SIM_CLUSTERED, seed, NULL, NULL);

	assert_int_equal(result.outcome, SIM_FINISHED);
	return (double)result.sum_latency_ps / (double)result.num_completed * 1e-6;
}

#define OPEN_LOOP                                                                                              \
	FREE_MACHINE "media: {kind: null, service: %s, mean: %d us, servers: %d}\n"                            \
		     "vms: [{workload: {kind: dd, request_bytes: 512 B, pattern: random, count: %d, arrival: " \
		     "poisson, interval: %d ns}}]"

/* An open loop of exponential arrivals, a medium of 10 us: time in the system as M/M/1 and M/D/1 have it. The standard
 * error with 300,000 arrivals is about 0.6 % at a load of 0.5, and the machine's own time is 0.2 %, measured and taken
 * off. */
static void open_loops_wait_as_theory_says(void **state)
{
	static const struct {
		const char *name, *service;
		int servers, interval_ns;
		double expected_us;
	} rows[] = {
		{ "M/M/1 at load 0.5, us", "exponential", 1, 20000, 10 / (1 - 0.5) },
		{ "M/D/1 at load 0.5, us", "constant", 1, 20000, 10 + 0.5 * 10 / (2 * (1 - 0.5)) },
		{ "M/M/2 at load 0.5, us", "exponential", 2, 10000, 10 / (1 - 0.25) },
		{ "M/M/1 at load 0.7, us", "exponential", 1, 14286, 10 / (1 - 0.7) },
	};
	/* a medium that takes no time and arrivals far apart: what all else takes */
	const double rest_us = mean_beside_medium_us(text_of(OPEN_LOOP, "constant", 0, 1, 2000, 100000), 2);

	(void)state;
	print_message("beside the medium: %.4f us\n", rest_us);
	assert_true(rest_us < 0.2);
	for (size_t i = 0; i < NUM(rows); i++) {
		const double us = mean_beside_medium_us(text_of(OPEN_LOOP, rows[i].service, 10, rows[i].servers,
								i == 3 ? 600000 : 300000, rows[i].interval_ns),
							2);

		assert_within(rows[i].name, us - rest_us, rows[i].expected_us, 2);
	}
}

/* ---- closed loops ----------------------------------------------------------------------------------------------- */

static int by_device_end(const void *a, const void *b)
{
	const ps_t x = ((const seen *)a)->c.device_end_ps, y = ((const seen *)b)->c.device_end_ps;

	return x < y ? -1 : x > y;
}

/* Requests per second at the device between the 500th completion and the last but 500. */
static double rate(const char *text, const char *scheme)
{
	replay run = replay_run(text, scheme, SIM_CLUSTERED);
	double per_s;

	assert_true(run.num > 1500 && run.num < MAX_SEEN);
	qsort(run.all, run.num, sizeof(seen), by_device_end);
	per_s = (double)(run.num - 1001) /
		((double)(run.all[run.num - 501].c.device_end_ps - run.all[500].c.device_end_ps) * 1e-12);
	replay_free(&run);
	return per_s;
}

#define CLOSED_LOOP                                                                                              \
	"guest: {vcpus: 4}\n%s"                                                                                  \
	"vms: [{count: %d, disk: {bytes: 64 MiB}, workload: {kind: dd, op: %s, request_bytes: %d B, count: %d, " \
	"depth: 32}}]"

/* A deep closed loop runs at the pace of its slowest unit: 1 / bottleneck. */
static void a_deep_loop_runs_at_the_pace_of_the_bottleneck(void **state)
{
	static const struct {
		const char *name, *config, *op;
		int bytes;
		double bottleneck_us; /* per request */
	} rows[] = {
		/* DMA engine, 250 MHz: 4 blocks of 222 + 64 cycles and a completion of 8 + 2 */
		{ "DMA, 4 KiB reads, requests/s", "", "read", 4096, (4 * 286 + 10) * 0.004 },
		/* the same of 194 + 64 */
		{ "DMA, 4 KiB writes, requests/s", "", "write", 4096, (4 * 258 + 10) * 0.004 },
		{ "DMA, 1 KiB reads, requests/s", "", "read", 1024, (286 + 10) * 0.004 },
		{ "medium, constant 5 us, requests/s", "media: {kind: null, mean: 5 us}\n", "read", 4096, 20 },
		{ "medium, constant 5 us, 3 servers, requests/s", "media: {kind: null, mean: 5 us, servers: 3}\n",
		  "write", 4096, 20 / 3.0 },
		/* port of 400 MB/s: 10.24 us for 4 KiB */
		{ "medium, dram of 400 MB/s, requests/s", "media: {kind: dram, bandwidth: 400 MB/s}\n", "read", 4096,
		  10.24 },
		/* gen 1 x1 at 4 ns per byte: 16 writes of 280 B, 40 B of completion entry, 24 B of MSI */
		{ "link up, 4 KiB reads, requests/s", "link: {generation: 1, lanes: 1, dllp_share: false}\n", "read",
		  4096, (16 * 280 + 64) * 0.004 },
	};

	(void)state;
	for (size_t i = 0; i < NUM(rows); i++) {
		assert_within(rows[i].name,
			      rate(text_of(CLOSED_LOOP, rows[i].config, 1, rows[i].op, rows[i].bytes, 5000), "nesc"),
			      1e6 / rows[i].bottleneck_us, 0.1);
		assert_within("    on the host",
			      rate(text_of(CLOSED_LOOP, rows[i].config, 1, rows[i].op, rows[i].bytes, 5000), "host"),
			      1e6 / rows[i].bottleneck_us, 0.1);
	}
}

/* The bottleneck is shared, not multiplied. */
static void more_vms_share_one_bottleneck(void **state)
{
	(void)state;
	assert_within("DMA, 4 KiB reads of 8 VMs, requests/s",
		      rate(text_of(CLOSED_LOOP, "host: {cores: 32}\n", 8, "read", 4096, 1000), "nesc"),
		      1e6 / ((4 * 286 + 10) * 0.004), 0.1);
}

/* Little's law over the whole machine: in a closed loop of fixed depth, requests in the system times ... is the depth:
 * rate times mean latency. All from the block layer's submission to the next one's: 4 cores, 32 requests. */
static void depth_is_rate_times_latency(void **state)
{
	replay run = replay_run(
		text_of(CLOSED_LOOP, "media: {kind: null, service: exponential, mean: 5 us}\n", 1, "read", 4096, 8000),
		"nesc", SIM_CLUSTERED);
	double sum_ps = 0;

	(void)state;
	for (size_t i = 0; i < run.num; i++)
		sum_ps += (double)(run.all[i].c.app_end_ps - run.all[i].c.app_start_ps);
	/* the loop fills and empties once in 8,000 */
	assert_within("requests outstanding of 32", sum_ps / (double)run.result.end_ps, 32, 2);
	replay_free(&run);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(open_loops_wait_as_theory_says),
		cmocka_unit_test(a_deep_loop_runs_at_the_pace_of_the_bottleneck),
		cmocka_unit_test(more_vms_share_one_bottleneck),
		cmocka_unit_test(depth_is_rate_times_latency),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
