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
		cmocka_unit_test(every_medium_keeps_the_rules),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
