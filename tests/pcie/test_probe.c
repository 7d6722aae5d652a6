/* Do the parts together behave as links were measured and as closed forms say? */
#include "link_defaults.h"

#include "pcie/probe.h"

#define TEST_SEED 1

static pcie_probe_row probe(const pcie_link_config *config, uint64_t bytes)
{
	pcie_probe_row row;

	pcie_probe_size(config, TEST_SEED, bytes, &row);
	return row;
}

/* Within one part in `parts`. */
static void assert_close(int64_t value, int64_t expected, int64_t parts)
{
	int64_t slack = expected / parts;

	assert_in_range(value, expected - slack, expected + slack);
}

/* pcie-bench: 560 ns on gen 3 x8 (the defaults are fitted to it, so this checks the sum, not the model).
 * Request 24 B and completion 84 B at 138.2057 ps: 3,317 + 11,610; two ways of 120,000, memory 305,000. */
static void a_read_of_64_bytes(void **state)
{
	pcie_link_config config = link_defaults(3, 8);
	pcie_probe_row row = probe(&config, 64);

	(void)state;
	assert_int_equal(row.read_latency_ps, 3317 + 11610 + 2 * 120000 + 305000);
	assert_close(row.read_latency_ps, 560000, 50);

	/* an IOTLB miss adds 240 ns */
	config.iommu = true;
	assert_int_equal(probe(&config, 64).read_latency_ps, row.read_latency_ps + 240000);

	/* gen 2 x8, byte time 250 * 243004 / 217764 = 278.9763 ps: 6,696 + 23,435, each rounded up */
	config = link_defaults(2, 8);
	assert_int_equal(probe(&config, 64).read_latency_ps, 6696 + 23435 + 545000);
}

/* Gen 2 x8 without DLLPs, 4 KiB: eight requests of 24 B, 6,000 ps each, one after the other; the first arrives at
 * 126,000, its data is ready at 431,000. From then on the line down is never idle: 16 completions of 276 B, 69,000 ps
 * each, end at 1,535,000 and arrive 120,000 later. */
static void a_read_of_4_kib(void **state)
{
	pcie_link_config config = link_bare(2, 8);

	(void)state;
	assert_int_equal(probe(&config, 4096).read_latency_ps, 431000 + 16 * 69000 + 120000);
	assert_int_equal(probe(&config, 4096).write_latency_ps, 16 * 70000 + 120000);

	/* with one tag each request waits for the data of the one before: 8 * (6,000 + 545,000 + 2 * 69,000) */
	config.tags = 1;
	assert_int_equal(probe(&config, 4096).read_latency_ps, 8 * (6000 + 545000 + 2 * 69000));
}

/* No credits, no errors: the rate is payload / wire bytes of the line's, for every link. */
static void saturation_equals_the_closed_form(void **state)
{
	(void)state;
	for (int64_t generation = 1; generation <= 5; generation++) {
		for (int64_t lanes = 1; lanes <= 16; lanes *= 4) {
			pcie_link_config config = link_defaults(generation, lanes);

			memset(&config.credits, 0, sizeof(config.credits));
			config.tags = 256;
			for (uint64_t bytes = 64; bytes <= 4096; bytes *= 4) {
				pcie_probe_row row = probe(&config, bytes);

				assert_close(row.write_up_bps, row.write_limit_bps, 1000000);
				assert_close(row.write_down_bps, row.write_limit_bps, 1000000);
				assert_true(row.read_bps <= row.read_limit_bps + row.read_limit_bps / 1000000 + 1);
				if (bytes >= 1024) /* 256 tags hide the latency of any link */
					assert_close(row.read_bps, row.read_limit_bps, 10000);
			}
		}
	}
}

/* Efficiencies by hand, gen 3 x8, 7,235.6 MB/s for TLPs: 256 of 280 B, 64 of 88 B; 256 of 276 B for reads. */
static void efficiencies_by_hand(void **state)
{
	pcie_link_config config = link_defaults(3, 8);
	const int64_t tlp_bps = INT64_C(1000000000000) * 64 / 8125 * 286794 / 312214;

	(void)state;
	assert_close(tlp_bps, INT64_C(57885000000) / 8, 10000);
	assert_close(probe(&config, 64).write_limit_bps, tlp_bps * 64 / 88, 1000000);
	assert_close(probe(&config, 256).write_limit_bps, tlp_bps * 256 / 280, 1000000);
	assert_close(probe(&config, 4096).write_limit_bps, tlp_bps * 256 / 280, 1000000);
	assert_close(probe(&config, 64).read_limit_bps, tlp_bps * 64 / 84, 1000000);
	assert_close(probe(&config, 4096).read_limit_bps, tlp_bps * 256 / 276, 1000000);
}

/* The default buffers do not hold the board's link back; small reads are bound by 32 tags. */
static void default_credits_and_tags(void **state)
{
	pcie_link_config config = link_defaults(2, 8);
	pcie_probe_row rows[PCIE_PROBE_NUM_ROWS];

	(void)state;
	pcie_probe_all(&config, TEST_SEED, rows);
	for (int i = 0; i < PCIE_PROBE_NUM_ROWS; i++) {
		assert_int_equal(rows[i].transfer_bytes, 64 << i);
		assert_close(rows[i].write_up_bps, rows[i].write_limit_bps, 10000);
		assert_close(rows[i].write_down_bps, rows[i].write_limit_bps, 10000);
		if (i > 0) {
			assert_true(rows[i].read_bps >= rows[i - 1].read_bps / 10000 * 9999);
			assert_true(rows[i].read_latency_ps > rows[i - 1].read_latency_ps);
		}
	}
	assert_close(rows[PCIE_PROBE_NUM_ROWS - 1].read_bps, rows[PCIE_PROBE_NUM_ROWS - 1].read_limit_bps, 10000);

	/* gen 5 x16: 32 reads of 64 B per round trip of 545 ns and a little */
	config = link_bare(5, 16);
	assert_close(probe(&config, 64).read_bps, INT64_C(32) * 64 * 1000000 * 1000 / 547, 200);
}

/* A window of h header credits lets h TLPs pass per TLP and round trip. Gen 2 x8: 2 * 256 B in 70,000 + 290,000 ps. */
static void few_credits_bound_the_rate(void **state)
{
	pcie_link_config config = link_bare(2, 8);

	(void)state;
	config.credits.down.posted_headers = 2;
	assert_int_equal(probe(&config, 256).write_down_bps, INT64_C(512) * 1000000000000 / 360000);
	assert_close(probe(&config, 256).write_up_bps, INT64_C(256) * 1000000000000 / 70000, 1000000);
}

/* 280 B at 1e-6: 2,800 bits, 0.28 % of TLPs take 410,000 ps more than their 70,000: 1.64 % lost. */
static void bit_errors_lower_the_rate(void **state)
{
	pcie_link_config config = link_bare(2, 8);
	int64_t clean = probe(&config, 4096).write_up_bps;

	(void)state;
	config.bit_error_rate = INT64_C(1000000000000);
	assert_close(probe(&config, 4096).write_up_bps, clean * 10000 / 10164, 500);
	assert_int_equal(probe(&config, 4096).write_up_bps, probe(&config, 4096).write_up_bps);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_read_of_64_bytes),
		cmocka_unit_test(a_read_of_4_kib),
		cmocka_unit_test(saturation_equals_the_closed_form),
		cmocka_unit_test(efficiencies_by_hand),
		cmocka_unit_test(default_credits_and_tags),
		cmocka_unit_test(few_credits_bound_the_rate),
		cmocka_unit_test(bit_errors_lower_the_rate),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
