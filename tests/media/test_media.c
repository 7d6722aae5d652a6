/* Does each medium serve at the times that its description says, and does any medium keep the common rules? */
#include "media_choice.h"

#include "base/rng.h"

static const medium_access kib_read = { .num_bytes = 1024 };
static const medium_access kib_write = { .is_write = true, .num_bytes = 1024 };

static void assert_times(medium_times times, ps_t start_ps, ps_t busy_ps, ps_t done_ps)
{
	assert_int_equal(times.start_ps, start_ps);
	assert_int_equal(times.busy_ps, busy_ps);
	assert_int_equal(times.done_ps, done_ps);
}

/* ---- dram ------------------------------------------------------------------------------------------------------- */

/* 1,024 B at 6,400 MB/s are 160 ns, then 60 ns of latency: the port is free after 160, the data there after 220. */
static void dram_pipelines_latency_but_not_the_port(void **state)
{
	media_choice dram = media_open("media: {kind: dram}", 1);

	(void)state;
	assert_times(media_serve(&dram, kib_read, 1000), 1000, 160000, 221000);
	assert_times(media_serve(&dram, kib_read, 1000), 161000, 160000, 381000);
	assert_times(media_serve(&dram, kib_write, 320999), 321000, 160000, 541000);
	assert_times(media_serve(&dram, kib_read, 481000), 481000, 160000, 701000);
	assert_times(media_serve(&dram, kib_read, 641001), 641001, 160000, 861001);
	media_close(&dram);
}

static void dram_time_is_by_bytes(void **state)
{
	media_choice dram =
		media_open("media: {kind: dram, read_latency: 7 ns, write_latency: 9 ns, bandwidth: 3 GB/s}", 1);
	const medium_access sector = { .num_bytes = 512 }, one = { .num_bytes = 1, .is_write = true };

	(void)state;
	/* 512 / 3 = 170.67 ns, rounded up to a whole ps; 1 / 3 = 333.3 ps */
	assert_times(media_serve(&dram, sector, 0), 0, 170667, 177667);
	assert_times(media_serve(&dram, one, 0), 170667, 334, 170667 + 334 + 9000);
	assert_false(dram.ops->in_order(dram.params)); /* a read may overtake a write */
	media_close(&dram);
}

/* ---- null ------------------------------------------------------------------------------------------------------- */

static void null_takes_no_time_by_default(void **state)
{
	media_choice null = media_open("media: {kind: null}", 1);

	(void)state;
	assert_times(media_serve(&null, kib_read, 77), 77, 0, 77);
	assert_times(media_serve(&null, kib_write, 77), 77, 0, 77);
	media_close(&null);
}

/* Two servers of 100 ps: the third arrival waits for the first, the fourth for the second. */
static void null_servers_are_taken_in_order_of_arrival(void **state)
{
	media_choice null = media_open("media: {kind: null, mean: 100 ps, servers: 2}", 1);

	(void)state;
	assert_int_equal(null.ops->num_servers(null.params), 2);
	assert_times(media_serve(&null, kib_read, 0), 0, 100, 100);
	assert_times(media_serve(&null, kib_read, 30), 30, 100, 130);
	assert_times(media_serve(&null, kib_read, 40), 100, 100, 200);
	assert_times(media_serve(&null, kib_read, 50), 130, 100, 230);
	assert_times(media_serve(&null, kib_read, 500), 500, 100, 600);
	media_close(&null);
}

/* Mean and variance of 200,000 draws: both have a standard error of under 0.5 % (1 / sqrt(n), and sqrt(8 / n) for the
 * variance of an exponential). */
static void null_draws_exponential_times(void **state)
{
	enum {
		NUM_DRAWS = 200000
	};
	media_choice null = media_open("media: {kind: null, service: exponential, mean: 1 us, servers: 1}", 3);
	double sum = 0, sum_of_squares = 0;

	(void)state;
	for (int i = 0; i < NUM_DRAWS; i++) {
		const double us = (double)media_serve(&null, kib_read, 0).busy_ps * 1e-6;

		sum += us;
		sum_of_squares += us * us;
	}
	sum /= NUM_DRAWS;
	sum_of_squares = sum_of_squares / NUM_DRAWS - sum * sum;
	assert_true(sum > 0.99 && sum < 1.01);
	assert_true(sum_of_squares > 0.97 && sum_of_squares < 1.03);
	media_close(&null);
}

static void null_draws_by_seed(void **state)
{
	static const char text[] = "media: {kind: null, service: exponential, mean: 1 us}";
	media_choice a = media_open(text, 3), b = media_open(text, 3), c = media_open(text, 4);
	int num_same = 0;

	(void)state;
	for (int i = 0; i < 100; i++) {
		const ps_t busy_ps = media_serve(&a, kib_read, 0).busy_ps;

		assert_int_equal(media_serve(&b, kib_read, 0).busy_ps, busy_ps);
		num_same += media_serve(&c, kib_read, 0).busy_ps == busy_ps;
	}
	assert_true(num_same < 5);
	media_close(&a);
	media_close(&b);
	media_close(&c);
}

/* ---- nvm -------------------------------------------------------------------------------------------------------- */

#define NVM_EXACT "media: {kind: nvm, jitter: 0 ps, tail: 0 ps"

static medium_access nvm_block(uint64_t first_kib, bool is_write)
{
	return (medium_access){ .is_write = is_write, .first_byte = first_kib * 1024, .num_bytes = 1024 };
}

/* A line takes 1.024 us of the port and 5 us of its unit; its four blocks share both, each from its own arrival on. */
static void nvm_opens_a_line_once(void **state)
{
	media_choice nvm = media_open(
		NVM_EXACT ", read_latency: 5 us, write_latency: 7 us, occupancy: 5 us, read_bandwidth: 4 GB/s, "
			  "write_bandwidth: 2 GB/s}",
		1);

	(void)state;
	assert_int_equal(nvm.ops->num_servers(nvm.params), 1); /* 7 units in 5 us: the port limits */
	assert_times(media_serve(&nvm, nvm_block(0, false), 1000), 1000, 1024000, 6025000);
	assert_times(media_serve(&nvm, nvm_block(3, false), 13000), 13000, 0, 6037000);
	assert_times(media_serve(&nvm, nvm_block(1, false), 6024999), 6024999, 0, 12048999);
	/* The first opening is over: the unit is free, and so is the port. */
	assert_times(media_serve(&nvm, nvm_block(2, false), 6025000), 6025000, 1024000, 12049000);
	/* A part again, before its end: behind on the same unit, which is free at 12.049. */
	assert_times(media_serve(&nvm, nvm_block(2, false), 6025000), 11025000, 1024000, 17049000);
	/* A write does not go with a read; it has turn and latency of its own. */
	assert_times(media_serve(&nvm, nvm_block(3, true), 20000000), 20000000, 2048000, 29048000);
	assert_times(media_serve(&nvm, nvm_block(2, true), 23000000), 23000000, 0, 32048000);
	assert_times(media_serve(&nvm, nvm_block(1, false), 23000000), 26024000, 1024000, 32048000);
	media_close(&nvm);
}

/* Blocks of requests to other lines of the same unit come between: up to four lines stay open. */
static void nvm_keeps_four_lines_open(void **state)
{
	media_choice nvm = media_open(NVM_EXACT ", units: 1, occupancy: 0 ps}", 1);

	(void)state;
	for (uint64_t line = 0; line < 5; line++)
		assert_true(media_serve(&nvm, nvm_block(4 * line, false), 0).busy_ps > 0);
	for (uint64_t line = 1; line < 5; line++)
		assert_int_equal(media_serve(&nvm, nvm_block(4 * line + 1, false), 0).busy_ps, 0);
	assert_true(media_serve(&nvm, nvm_block(1, false), 0).busy_ps > 0);
	assert_int_equal(media_serve(&nvm, nvm_block(2, false), 0).busy_ps, 0);
	assert_true(media_serve(&nvm, nvm_block(1, false), 0).busy_ps >
		    0); /* served by this opening, though not last */
	media_close(&nvm);
}

/* Two units of 3 us, a turn of the port of 4,096 ps: lines 0 and 1 go in parallel, 2 and 3 behind them. */
static void nvm_units_work_in_parallel(void **state)
{
	media_choice nvm =
		media_open(NVM_EXACT ", units: 2, read_latency: 5 us, occupancy: 3 us, read_bandwidth: 1000 GB/s}", 1);

	(void)state;
	assert_int_equal(nvm.ops->num_servers(nvm.params), 2);
	assert_times(media_serve(&nvm, nvm_block(0, false), 0), 0, 3000000, 5004096);
	assert_times(media_serve(&nvm, nvm_block(4, false), 0), 4096, 3000000, 5008192);
	assert_times(media_serve(&nvm, nvm_block(12, false), 0), 3004096, 3000000, 8008192);
	assert_times(media_serve(&nvm, nvm_block(8, false), 0), 3000000, 3000000, 8004096);
	assert_times(media_serve(&nvm, nvm_block(16, false), 9000000), 9000000, 3000000, 14004096);
	media_close(&nvm);
}

/* An access of 2 KiB from the middle of line 0 on covers two lines; in lines of 512 B, four, two per unit. */
static void nvm_access_may_cover_lines(void **state)
{
	static const medium_access across = { .first_byte = 3072, .num_bytes = 2048 };
	media_choice large = media_open(NVM_EXACT ", read_latency: 5 us, read_bandwidth: 1024 MB/s}", 1);
	media_choice small = media_open(NVM_EXACT ", unit_bytes: 512 B, units: 2, read_latency: 5 us, occupancy: 2 us, "
						  "read_bandwidth: 512 MB/s, write_bandwidth: 512 MB/s}",
					1);

	(void)state;
	assert_times(media_serve(&large, across, 0), 0, 8000000, 13000000); /* two turns of 4 us */
	/* Block 4 is served again when the unit is free, 5.4 us after 8; block 5 goes with it, not with the first opening. */
	assert_times(media_serve(&large, nvm_block(4, false), 100), 9400000, 4000000, 18400000);
	assert_times(media_serve(&large, nvm_block(5, false), 200), 9400000, 0, 18400000);
	/* Turns of 1 us; each unit's second line after the first's 2 us: 1 + 2 + 5 and 2 + 2 + 5 us. */
	assert_times(media_serve(&small, across, 0), 0, 4000000, 9000000);
	media_close(&large);
	media_close(&small);
}

/* Once the port is busy all the time it passes a line per turn, however little of each is read. */
static void nvm_bandwidth_limits(void **state)
{
	static const struct {
		bool is_write;
		uint32_t num_bytes;
		ps_t turn_ps;
	} cases[] = {
		{ false, 4096, 1706667 }, /* 4,096 B at 2,400 MB/s, rounded up */
		{ false, 512, 1706667 },
		{ true, 4096, 2048000 },
		{ true, 512, 2048000 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		media_choice nvm = media_open(NVM_EXACT "}", 1);
		ps_t busy_ps = 0, last_done_ps = 0;

		for (uint64_t line = 0; line < 1000; line++) {
			const medium_access access = { .is_write = cases[i].is_write,
						       .first_byte = line * 4096,
						       .num_bytes = cases[i].num_bytes };
			const medium_times times = media_serve(&nvm, access, 0);

			busy_ps += times.busy_ps;
			last_done_ps = times.done_ps;
		}
		assert_int_equal(busy_ps, 1000 * cases[i].turn_ps);
		assert_int_equal(last_done_ps, 1000 * cases[i].turn_ps + 5400000);
		media_close(&nvm);
	}
}

static void nvm_draws_by_seed(void **state)
{
	media_choice a = media_open("media: {kind: nvm}", 3), b = media_open("media: {kind: nvm}", 3);
	media_choice c = media_open("media: {kind: nvm}", 4);
	int num_same = 0;

	(void)state;
	for (uint64_t line = 0; line < 100; line++) {
		const ps_t done_ps = media_serve(&a, nvm_block(4 * line, false), 0).done_ps;

		assert_int_equal(media_serve(&b, nvm_block(4 * line, false), 0).done_ps, done_ps);
		num_same += media_serve(&c, nvm_block(4 * line, false), 0).done_ps == done_ps;
	}
	assert_true(num_same < 5);
	media_close(&a);
	media_close(&b);
	media_close(&c);
}

/* Standard errors over 200,000 draws: 0.22 % of the mean, 0.63 % of the variance, 0.7 % of the share of one in ten
 * and of the mean of those. */
static void nvm_draws_exponential_additions(void **state)
{
	enum {
		NUM_DRAWS = 200000
	};
	media_choice jitter = media_open(
		"media: {kind: nvm, read_latency: 0 ps, jitter: 1 us, tail: 0 ps, read_bandwidth: 1 GB/s}", 3);
	media_choice tail = media_open("media: {kind: nvm, read_latency: 0 ps, jitter: 0 ps, tail: 1 us, tail_one_in: "
				       "10, read_bandwidth: 1 GB/s}",
				       3);
	media_choice both = media_open("media: {kind: nvm, read_latency: 0 ps, jitter: 1 us, tail: 2 us, tail_one_in: "
				       "1, read_bandwidth: 1 GB/s}",
				       3);
	double sum = 0, sum_of_squares = 0, tail_sum = 0, sum_of_both = 0;
	int num_tails = 0;

	(void)state;
	for (int i = 0; i < NUM_DRAWS; i++) {
		const ps_t now_ps = (ps_t)i * PS_PER_S;
		const double us =
			(double)(media_serve(&jitter, nvm_block(0, false), now_ps).done_ps - now_ps - 4096000) * 1e-6;
		const ps_t tail_ps = media_serve(&tail, nvm_block(0, false), now_ps).done_ps - now_ps - 4096000;

		sum += us;
		sum_of_squares += us * us;
		num_tails += tail_ps > 0;
		tail_sum += (double)tail_ps * 1e-6;
		sum_of_both +=
			(double)(media_serve(&both, nvm_block(0, false), now_ps).done_ps - now_ps - 4096000) * 1e-6;
	}
	sum /= NUM_DRAWS;
	sum_of_squares = sum_of_squares / NUM_DRAWS - sum * sum;
	assert_true(sum > 0.99 && sum < 1.01);
	assert_true(sum_of_squares > 0.97 && sum_of_squares < 1.03);
	assert_true(num_tails > 19400 && num_tails < 20600);
	assert_true(tail_sum / num_tails > 0.97 && tail_sum / num_tails < 1.03);
	assert_true(sum_of_both / NUM_DRAWS > 2.97 && sum_of_both / NUM_DRAWS < 3.03);
	media_close(&jitter);
	media_close(&tail);
	media_close(&both);
}

static int compare_ps(const void *a, const void *b)
{
	const ps_t x = *(const ps_t *)a, y = *(const ps_t *)b;

	return x < y ? -1 : x > y;
}

/* The defaults give what they were fitted to: reads of 4 KiB, one at a time, with 1.5 us for software and link, in 8.9 us
 * on average; p99 10 us, p99.999 37 us. The last rests on 20 of 2,000,000 draws, so it is only known to about 3 us. */
static void nvm_meets_the_published_latencies(void **state)
{
	enum {
		NUM_READS = 2000000
	};
	const ps_t outside_ps = 1500 * PS_PER_NS;
	media_choice nvm = media_open("media: {kind: nvm}", 1);
	rng_stream rng = rng_open(1, "lines", 0);
	ps_t *latencies_ps = calloc(NUM_READS, sizeof(*latencies_ps)), now_ps = 0, sum_ps = 0;

	(void)state;
	assert_non_null(latencies_ps);
	for (int i = 0; i < NUM_READS; i++) {
		const uint64_t line = rng_uniform_u64(&rng, nvm.ops->capacity_bytes(nvm.params) / 4096);
		ps_t end_ps = 0;

		for (uint64_t block = 0; block < 4; block++)
			end_ps = ps_max(end_ps, media_serve(&nvm, nvm_block(4 * line + block, false),
							    now_ps + 12000 * (ps_t)block)
							.done_ps);
		latencies_ps[i] = end_ps - now_ps + outside_ps;
		sum_ps += latencies_ps[i];
		now_ps = end_ps + outside_ps;
	}
	qsort(latencies_ps, NUM_READS, sizeof(*latencies_ps), compare_ps);
	assert_in_range(sum_ps / NUM_READS, 8850 * PS_PER_NS, 8990 * PS_PER_NS);
	assert_in_range(latencies_ps[NUM_READS / 100 * 99], 9900 * PS_PER_NS, 10100 * PS_PER_NS);
	assert_in_range(latencies_ps[NUM_READS - 20], 32 * PS_PER_US, 42 * PS_PER_US);
	free(latencies_ps);
	media_close(&nvm);
}

/* ---- every medium ----------------------------------------------------------------------------------------------- */

static const char *const variants_of_all[] = {
	"",
	", capacity: 64 MiB",
};

/* Whatever comes: an access starts no sooner than it arrives, ends no sooner than it starts, keeps its server no longer
 * than there is time, and where the medium says that accesses end in order they do. */
static void every_medium_keeps_the_rules(void **state)
{
	(void)state;
	for (size_t m = 0; m < medium_table_num; m++)
		for (size_t v = 0; v < sizeof(variants_of_all) / sizeof(variants_of_all[0]); v++) {
			char text[128];
			media_choice medium;
			rng_stream rng = rng_open(5, "media", m);
			ps_t now_ps = 0, last_done_ps = 0, sum_busy_ps = 0, end_ps = 0;
			uint64_t num_blocks;

			snprintf(text, sizeof(text), "media: {kind: %s%s}", medium_table[m]->name, variants_of_all[v]);
			medium = media_open(text, 9);
			num_blocks = medium.ops->capacity_bytes(medium.params) / 1024;
			assert_true(num_blocks > 0);
			assert_true(medium.ops->num_servers(medium.params) >= 1);
			assert_true(medium.ops->max_pending(medium.params) >= 1);
			if (v == 1)
				assert_int_equal(num_blocks, 65536);
			for (int i = 0; i < 20000; i++) {
				const medium_access access = {
					.is_write = rng_chance(&rng, 1, 2),
					.first_byte = rng_uniform_u64(&rng, num_blocks) * 1024,
					.num_bytes = 512 * (1 + (uint32_t)rng_uniform_u64(&rng, 2)),
				};
				medium_times times;

				now_ps += (ps_t)rng_uniform_u64(&rng, 400000);
				times = media_serve(&medium, access, now_ps);
				assert_true(times.start_ps >= now_ps);
				assert_true(times.busy_ps >= 0);
				assert_true(times.done_ps >= times.start_ps);
				if (medium.ops->in_order(medium.params))
					assert_true(times.done_ps >= last_done_ps);
				last_done_ps = times.done_ps;
				end_ps = ps_max(end_ps, times.done_ps);
				sum_busy_ps += times.busy_ps;
			}
			assert_true(sum_busy_ps <= (ps_t)medium.ops->num_servers(medium.params) * end_ps);
			media_close(&medium);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(dram_pipelines_latency_but_not_the_port),
		cmocka_unit_test(dram_time_is_by_bytes),
		cmocka_unit_test(null_takes_no_time_by_default),
		cmocka_unit_test(null_servers_are_taken_in_order_of_arrival),
		cmocka_unit_test(null_draws_exponential_times),
		cmocka_unit_test(null_draws_by_seed),
		cmocka_unit_test(nvm_opens_a_line_once),
		cmocka_unit_test(nvm_keeps_four_lines_open),
		cmocka_unit_test(nvm_units_work_in_parallel),
		cmocka_unit_test(nvm_access_may_cover_lines),
		cmocka_unit_test(nvm_bandwidth_limits),
		cmocka_unit_test(nvm_draws_by_seed),
		cmocka_unit_test(nvm_draws_exponential_additions),
		cmocka_unit_test(nvm_meets_the_published_latencies),
		cmocka_unit_test(every_medium_keeps_the_rules),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
