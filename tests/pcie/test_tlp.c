/* Is a transfer cut where the spec cuts it, and are the bytes on the wire those of the pcie-bench model? */
#include "link_defaults.h"

#include "base/rng.h"
#include "pcie/tlp.h"

#define HIGH UINT64_C(0x100000000) /* 4 GiB: from here on headers have 64-bit addresses */

static pcie_geometry defaults(void)
{
	pcie_link_config config = link_defaults(2, 8);

	return pcie_geometry_make(&config);
}

static void check(const pcie_geometry *geometry, pcie_kind kind, uint64_t addr, uint64_t bytes, uint64_t num_tlps,
		  uint64_t wire_bytes)
{
	pcie_burst burst = pcie_burst_of(geometry, kind, addr, bytes);

	assert_int_equal(burst.num_tlps, num_tlps);
	assert_int_equal(burst.wire_bytes, wire_bytes);
}

static void overheads_are_those_of_pcie_bench(void **state)
{
	(void)state;
	assert_int_equal(pcie_overhead_bytes(PCIE_WRITE, HIGH), 24);
	assert_int_equal(pcie_overhead_bytes(PCIE_WRITE, HIGH - 4), 20);
	assert_int_equal(pcie_overhead_bytes(PCIE_READ, HIGH), 24);
	assert_int_equal(pcie_overhead_bytes(PCIE_READ, 0), 20);
	assert_int_equal(pcie_overhead_bytes(PCIE_COMPLETION, HIGH), 20);
	assert_int_equal(pcie_overhead_bytes(PCIE_MESSAGE, 0), 24);
}

static void writes(void **state)
{
	pcie_geometry g = defaults(); /* payload 256, request 512, boundary 64 */

	(void)state;
	check(&g, PCIE_WRITE, HIGH, 0, 0, 0);
	check(&g, PCIE_WRITE, HIGH, 1, 1, 24 + 4); /* one double word */
	check(&g, PCIE_WRITE, HIGH + 3, 1, 1, 24 + 4);
	check(&g, PCIE_WRITE, HIGH + 3, 2, 1, 24 + 8); /* two, one byte in each */
	check(&g, PCIE_WRITE, HIGH, 256, 1, 24 + 256);
	check(&g, PCIE_WRITE, HIGH, 257, 2, 48 + 260);
	check(&g, PCIE_WRITE, HIGH + 1, 256, 2, 48 + 260); /* 65 double words do not fit 256 B */
	check(&g, PCIE_WRITE, HIGH, 4096, 16, 16 * 24 + 4096);
	/* from 0xf0: 15 of 256 B up to 0xff0, 16 B to the page's end, 240 B */
	check(&g, PCIE_WRITE, HIGH + 0xf0, 4096, 17, 17 * 24 + 4096);
	check(&g, PCIE_WRITE, HIGH + 4092, 8, 2, 48 + 8);                   /* never across a page */
	check(&g, PCIE_WRITE, HIGH - 4, 8, 2, 20 + 24 + 8);                 /* below 4 GiB the short header */
	check(&g, PCIE_WRITE, UINT64_C(0xfee00000), PCIE_MSI_BYTES, 1, 24); /* an MSI */
	check(&g, PCIE_MESSAGE, 0, 0, 1, 24);
}

static void reads(void **state)
{
	pcie_geometry g = defaults();

	(void)state;
	check(&g, PCIE_READ, HIGH, 0, 0, 0);
	check(&g, PCIE_READ, HIGH, 64, 1, 24);
	check(&g, PCIE_READ, HIGH, 512, 1, 24);
	check(&g, PCIE_READ, HIGH, 513, 2, 48);
	check(&g, PCIE_READ, HIGH + 2, 512, 2, 48);
	check(&g, PCIE_READ, HIGH, 4096, 8, 8 * 24);
	check(&g, PCIE_READ, HIGH + 4096 - 64, 128, 2, 48);
	check(&g, PCIE_READ, HIGH - 64, 128, 2, 44);
}

static void completions_end_on_the_boundary(void **state)
{
	pcie_geometry g = defaults();
	pcie_link_config config = link_defaults(2, 8);

	(void)state;
	check(&g, PCIE_COMPLETION, HIGH, 64, 1, 84);
	check(&g, PCIE_COMPLETION, HIGH, 512, 2, 40 + 512);
	check(&g, PCIE_COMPLETION, HIGH, 4096, 16, 16 * 20 + 4096);
	/* 512 B from 0x20: to 0x100 (224 B, the last boundary within 256 B), 256 B, 32 B */
	check(&g, PCIE_COMPLETION, HIGH + 0x20, 512, 3, 60 + 512);
	assert_int_equal(pcie_next_completion(&g, HIGH + 0x20, 512), 224);
	assert_int_equal(pcie_next_completion(&g, HIGH + 0x100, 288), 256);
	assert_int_equal(pcie_next_completion(&g, HIGH + 0x3c, 512), 0x100 - 0x3c);
	assert_int_equal(pcie_next_completion(&g, HIGH + 0x40, 512), 256);
	/* 64 B from 0x20 fit in one: only completions that are not the last must end on a boundary */
	check(&g, PCIE_COMPLETION, HIGH + 0x20, 64, 1, 84);
	/* two requests (512, 64), though 64 B would have fitted behind the first's 32 */
	check(&g, PCIE_COMPLETION, HIGH + 0x20, 576, 4, 80 + 576);

	config.completion_pieces = PCIE_PIECES_BOUNDARY;
	g = pcie_geometry_make(&config);
	check(&g, PCIE_COMPLETION, HIGH, 512, 8, 160 + 512);
	check(&g, PCIE_COMPLETION, HIGH + 0x20, 64, 2, 40 + 64);
}

/* The closed forms against a walk that takes one double word at a time and asks each rule in turn. */
static void closed_forms_equal_a_walk(void **state)
{
	rng_stream rng = rng_open(1, "test_tlp", 0);

	(void)state;
	for (int i = 0; i < 3000; i++) {
		pcie_link_config config = link_defaults(2, 8);
		pcie_kind kind = (pcie_kind)rng_uniform_u64(&rng, 3);
		uint64_t addr = HIGH - 16384 + rng_uniform_u64(&rng, 32768);
		uint64_t bytes = 1 + rng_uniform_u64(&rng, 12000);
		uint64_t first = addr & ~UINT64_C(3), end = (addr + bytes + 3) & ~UINT64_C(3);
		uint64_t num_tlps = 0, wire_bytes = 0, tlp_from = first, request_from = first;
		pcie_geometry g;

		config.max_payload = INT64_C(128) << rng_uniform_u64(&rng, 6);
		config.max_read_request = INT64_C(128) << rng_uniform_u64(&rng, 6);
		config.read_completion_boundary = INT64_C(64) << rng_uniform_u64(&rng, 2);
		config.completion_pieces = (int)rng_uniform_u64(&rng, 2);
		g = pcie_geometry_make(&config);
		for (uint64_t at = first; at < end; at += 4) {
			uint64_t next = at + 4;
			bool request_ends = next == end || next % 4096 == 0;
			bool tlp_ends;

			if (kind == PCIE_WRITE) {
				tlp_ends = request_ends || next - tlp_from == (uint64_t)config.max_payload;
			} else {
				request_ends |= next - request_from == (uint64_t)config.max_read_request;
				tlp_ends = request_ends;
			}
			if (kind == PCIE_COMPLETION && !tlp_ends) {
				uint64_t boundary = (uint64_t)config.read_completion_boundary;
				uint64_t most = config.completion_pieces == PCIE_PIECES_BOUNDARY
							? boundary
							: (uint64_t)config.max_payload;

				/* end here if the next boundary is out of reach */
				tlp_ends = next % boundary == 0 && next + boundary - tlp_from > most;
			}
			if (tlp_ends) {
				num_tlps++;
				wire_bytes += kind == PCIE_READ ? 0 : next - tlp_from;
				wire_bytes += kind == PCIE_COMPLETION || tlp_from < HIGH ? 20 : 24;
				tlp_from = next;
			}
			if (request_ends)
				request_from = next;
		}
		check(&g, kind, addr, bytes, num_tlps, wire_bytes);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(overheads_are_those_of_pcie_bench),
		cmocka_unit_test(writes),
		cmocka_unit_test(reads),
		cmocka_unit_test(completions_end_on_the_boundary),
		cmocka_unit_test(closed_forms_equal_a_walk),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
