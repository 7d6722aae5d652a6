/* Do VMs get from the device what they are entitled to? Shares, limits, priorities, interrupts, and a storm of misses. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/cmocka_all.h"
#include "fuzz/machine.h"

#define TEXT_BYTES 8192
#define MAX_VMS 64

/* What a VM got. */
typedef struct got {
	uint64_t num_requests, num_bytes;
	ps_t last_ps, latencies_ps[4096];
} got;

typedef struct outcome {
	got vms[MAX_VMS + 1];
	ps_t until_ps; /* only what ends before counts in num_bytes; 0: all */
	machine_result result;
} outcome;

static outcome run;

static void observe(void *context, const vcpu_completion *completion)
{
	got *vm = &run.vms[completion->vm];

	(void)context;
	if (vm->num_requests < sizeof(vm->latencies_ps) / sizeof(vm->latencies_ps[0]))
		vm->latencies_ps[vm->num_requests] = completion->app_end_ps - completion->app_start_ps;
	vm->num_requests++;
	vm->last_ps = ps_max(vm->last_ps, completion->block_end_ps);
	if (run.until_ps == 0 || completion->block_end_ps < run.until_ps)
		vm->num_bytes += completion->request->num_sectors * IO_SECTOR_BYTES;
}

static void simulate(const char *yaml, ps_t until_ps)
{
	run = (outcome){ .until_ps = until_ps };
	run.result = machine_run(yaml, "nesc", SIM_CLUSTERED, 1, observe, NULL);
	assert_true(run.result.config_ok);
	assert_int_equal(run.result.outcome, SIM_FINISHED);
	assert_int_equal(run.result.num_failed, 0);
}

static int by_value(const void *a, const void *b)
{
	const ps_t *one = a, *two = b;

	return *one < *two ? -1 : *one > *two;
}

/* Nearest rank, of a VM with at most 4,096 requests. */
static ps_t percentile(uint32_t vm, unsigned percent)
{
	got *of = &run.vms[vm];

	qsort(of->latencies_ps, of->num_requests, sizeof(ps_t), by_value);
	return of->latencies_ps[(of->num_requests * percent + 99) / 100 - 1];
}

/* Three VMs that always have requests waiting; each entry is {weight, priority, request size in KiB}. */
static const char *three_vms(const char *policy, const unsigned vms[3][3])
{
	static char text[TEXT_BYTES];
	int at = snprintf(text, TEXT_BYTES, "nesc: {mux: {policy: %s}}\nvms:\n", policy);

	for (int i = 0; i < 3; i++)
		at += snprintf(
			text + at, (size_t)(TEXT_BYTES - at),
			"  - {qos: {weight: %u, priority: %u}, disk: {bytes: 16 MiB}, workload: {kind: dd, pattern: "
			"random, request_bytes: %u KiB, count: 3000, depth: %u}}\n",
			vms[i][0], vms[i][1], vms[i][2], 512 / vms[i][2]);
	return text;
}

static void assert_shares(const unsigned weights[3])
{
	for (int i = 0; i < 3; i++) {
		const double share = (double)run.vms[i + 1].num_bytes / (double)run.vms[1].num_bytes;
		const double wanted = (double)weights[i] / weights[0];

		if (share < wanted * 0.98 || share > wanted * 1.02)
			fail_msg("VM %d has %.3f of VM 1's bytes instead of %.3f", i + 1, share, wanted);
	}
}

/* While all three are saturated; deficit round robin counts bytes, so it may be requests of any size. */
static void weights_are_shares(void **state)
{
	static const unsigned nodes[3][3] = { { 1, 0, 16 }, { 2, 0, 16 }, { 4, 0, 16 } };
	static const unsigned bytes[3][3] = { { 1, 0, 16 }, { 2, 0, 4 }, { 4, 0, 64 } };
	static const unsigned weights[3] = { 1, 2, 4 };

	(void)state;
	simulate(three_vms("weighted_round_robin", nodes), 50 * PS_PER_MS);
	assert_shares(weights);
	simulate(three_vms("deficit_round_robin", bytes), 30 * PS_PER_MS);
	assert_shares(weights);
}

/* Two that ask for 64 KiB at a time do not keep out one that asks for 4 KiB, nor any of them another. */
static void nobody_starves_under_round_robin(void **state)
{
	static const unsigned vms[3][3] = { { 1, 0, 4 }, { 1, 0, 64 }, { 1, 0, 64 } };
	static const unsigned equal[3] = { 1, 1, 1 };

	(void)state;
	simulate(three_vms("round_robin", vms), 20 * PS_PER_MS);
	assert_shares(equal);
}

/* Only what the more important one leaves over. */
static void strict_priority_is_strict(void **state)
{
	static const unsigned vms[3][3] = { { 1, 2, 16 }, { 1, 1, 16 }, { 1, 0, 16 } };

	(void)state;
	simulate(three_vms("strict_priority", vms), 0);
	assert_true(run.vms[3].last_ps < run.vms[2].last_ps && run.vms[2].last_ps < run.vms[1].last_ps);
	/* The last one begins in earnest when the one before it ends. */
	assert_true(percentile(1, 50) < (run.vms[1].last_ps - run.vms[2].last_ps));
}

/* 50 MB/s of a device that could do 800: the other VM has the rest. */
static void a_rate_limit_holds(void **state)
{
	static const char yaml[] =
		"vms:\n"
		"  - {qos: {rate: 50 MB/s}, disk: {bytes: 16 MiB}, workload: {kind: dd, pattern: random, count: "
		"3000, depth: 16}}\n"
		"  - {disk: {bytes: 16 MiB}, workload: {kind: dd, pattern: random, count: 40000, depth: 32}}\n";
	double mbps;

	(void)state;
	simulate(yaml, 200 * PS_PER_MS);
	mbps = (double)run.vms[1].num_bytes / 0.2 / 1e6;
	assert_true(mbps > 49.5 && mbps < 50.5);
	mbps = (double)run.vms[2].num_bytes / 0.2 / 1e6;
	assert_true(mbps > 700);
}

/* One VM alone, or the first beside 63 that saturate the device; `op` of its requests, `noise` of the others'. */
static const char *first_of(unsigned num_noisy, const char *op, const char *noise)
{
	static char text[TEXT_BYTES];
	int at = snprintf(
		text, TEXT_BYTES,
		"host: {cores: 64}\nnesc: {mux: {policy: strict_priority}, dma: {policy: priority}, btlb: {entries: "
		"64, partition: equal}}\nvms:\n  - {qos: {priority: 0}, disk: {bytes: 8 MiB}, workload: {kind: dd, "
		"op: %s, pattern: random, count: 1000}}\n",
		op);

	if (num_noisy != 0)
		snprintf(text + at, (size_t)(TEXT_BYTES - at),
			 "  - {count: %u, qos: {priority: 1}, disk: {bytes: 8 MiB}, workload: {kind: dd, op: %s, "
			 "pattern: "
			 "random, request_bytes: 16 KiB, count: 80, depth: 16}}\n",
			 num_noisy, noise);
	return text;
}

/* As the application sees it. The engine does not interrupt a block that it moves, so a write may wait for one of the others
 * twice: for its data and for its completion. */
static void priority_protects_from_63_noisy_neighbours(void **state)
{
	static const char *const ops[] = { "read", "write" };

	(void)state;
	for (int op = 0; op < 2; op++)
		for (int noise = 0; noise < 2; noise++) {
			ps_t alone_ps, beside_ps;

			simulate(first_of(0, ops[op], NULL), 0);
			alone_ps = percentile(1, 99);
			simulate(first_of(63, ops[op], ops[noise]), 0);
			/* They were there all the time. */
			for (uint32_t vm = 2; vm <= 64; vm++)
				assert_true(run.vms[vm].last_ps > run.vms[1].last_ps);
			beside_ps = percentile(1, 99);
			if (beside_ps > alone_ps * 12 / 10)
				fail_msg("%s beside %s: p99 %" PRId64 " ps, alone %" PRId64 " ps", ops[op], ops[noise],
					 beside_ps, alone_ps);
		}
}

/* Three of equal priority beside a more important one, with the engine's priorities on: what that one takes does not set their
 * turns back. */
static void lanes_share_fairly_within(void **state)
{
	static const char format[] =
		"nesc: {mux: {policy: %s}, dma: {policy: priority}}\nvms:\n  - {qos: {priority: 0}, disk: "
		"{bytes: 8 MiB}, workload: {kind: dd, pattern: random, count: 1000}}\n  - {qos: {priority: "
		"1, weight: 1}, disk: {bytes: 8 MiB}, workload: {kind: dd, pattern: random, count: 3000, "
		"depth: 64}}\n  - {qos: {priority: 1, weight: 2}, disk: {bytes: 8 MiB}, workload: {kind: dd, "
		"pattern: random, count: 3000, depth: 64}}\n";
	static const char *const policies[] = { "round_robin", "weighted_round_robin", "deficit_round_robin" };
	static char text[TEXT_BYTES];

	(void)state;
	for (size_t i = 0; i < sizeof(policies) / sizeof(policies[0]); i++) {
		double share;

		snprintf(text, TEXT_BYTES, format, policies[i]);
		simulate(text, 9 * PS_PER_MS); /* VM 1 goes on for longer */
		share = (double)run.vms[3].num_bytes / (double)run.vms[2].num_bytes;
		if (share < (i == 0 ? 0.98 : 1.96) || share > (i == 0 ? 1.02 : 2.04))
			fail_msg("%s: VM 3 has %.3f of VM 2's bytes", policies[i], share);
	}
}

/* Writes of a less important VM fill a slow medium no further than their lane's places. */
static void lanes_bound_what_waits_for_the_medium(void **state)
{
	static const char format[] =
		"nesc: {dma: {policy: priority, lane_blocks: %u}}\nmedia: {kind: null, service: constant, mean: "
		"20 us, servers: 1}\nvms:\n  - {disk: {bytes: 8 MiB}, workload: {kind: dd, pattern: random, "
		"request_bytes: 1 KiB, count: 100}}\n  - {count: 3, qos: {priority: 1}, disk: {bytes: 8 MiB}, "
		"workload: {kind: dd, op: write, pattern: random, count: 60, depth: 16}}\n";
	static char text[TEXT_BYTES];

	(void)state;
	for (unsigned lane_blocks = 1; lane_blocks <= 16; lane_blocks *= 4) {
		snprintf(text, TEXT_BYTES, format, lane_blocks);
		simulate(text, 0);
		/* Those in the lane, its own, and some 10 us of software and link. */
		assert_true(percentile(1, 99) <= (ps_t)(lane_blocks + 1) * 20 * PS_PER_US + 15 * PS_PER_US);
	}
}

/* A storm of write misses costs the others no more than the same bytes through the DMA engine would (4 KiB written, 12 KiB of
 * journal and 4 KiB of zeros per miss, at the storm's rate); when it blocks the shared queue, it costs several times that. */
static void a_storm_of_misses_costs_its_share_of_the_engine(void **state)
{
	static const char format[] =
		"nesc: {btlb: {entries: 64}, miss: {policy: %s}}\nvms:\n  - {disk: {bytes: 64 MiB, map: %s}, workload: "
		"{kind: "
		"dd, op: write, pattern: sequential, request_bytes: %u KiB, count: 1000, depth: 16%s}}\n  - {count: 7, "
		"disk: "
		"{bytes: 64 MiB}, workload: {kind: dd, pattern: random, count: 600, think: 60 us}}\n";
	static char text[TEXT_BYTES];
	ps_t quiet_ps, load_ps = 0, park_ps = 0, block_ps = 0, period_ps;
	char arrival[64];

	(void)state;
	snprintf(text, TEXT_BYTES, "vms: [{disk: {bytes: 64 MiB}, workload: {kind: dd, pattern: random, count: 600}}]");
	simulate(text, 0);
	quiet_ps = percentile(1, 99);
	snprintf(text, TEXT_BYTES, format, "park", "lazy", 4U, "");
	simulate(text, 0);
	assert_int_equal(run.result.hypervisor.num_misses, 1000);
	for (uint32_t vm = 2; vm <= 8; vm++)
		park_ps = ps_max(park_ps, percentile(vm, 99));
	period_ps = run.vms[1].last_ps / 1000;
	snprintf(text, TEXT_BYTES, format, "block", "lazy", 4U, "");
	simulate(text, 0);
	for (uint32_t vm = 2; vm <= 8; vm++)
		block_ps = ps_max(block_ps, percentile(vm, 99));
	snprintf(arrival, sizeof(arrival), ", arrival: periodic, interval: %" PRId64 " ps", period_ps);
	snprintf(text, TEXT_BYTES, format, "park", "contiguous", 20U, arrival);
	simulate(text, 0);
	for (uint32_t vm = 2; vm <= 8; vm++)
		load_ps = ps_max(load_ps, percentile(vm, 99));
	assert_true(park_ps > quiet_ps);
	if (park_ps > load_ps || block_ps < 3 * park_ps)
		fail_msg("p99 of the worst honest VM: alone %" PRId64 ", same bytes %" PRId64 ", park %" PRId64
			 ", block %" PRId64 " ps",
			 quiet_ps, load_ps, park_ps, block_ps);
}

/* Eight completions an interrupt, or what is there after 5 us. */
static void interrupts_are_coalesced(void **state)
{
	static const char format[] =
		"nesc: {interrupts: {coalesce_count: %u, coalesce_time: %u us}}\nvms: [{disk: {bytes: 16 "
		"MiB}, workload: {kind: dd, pattern: random, count: 800, depth: %u}}]\n";
	static char text[TEXT_BYTES];
	ps_t plain_ps, late_ps;

	(void)state;
	snprintf(text, TEXT_BYTES, format, 1U, 5U, 1U);
	simulate(text, 0);
	assert_int_equal(run.result.counts.num_interrupts, 800);
	plain_ps = percentile(1, 50);
	/* One outstanding: every completion waits its 5 us in vain. */
	snprintf(text, TEXT_BYTES, format, 8U, 5U, 1U);
	simulate(text, 0);
	assert_int_equal(run.result.counts.num_interrupts, 800);
	late_ps = percentile(1, 50) - plain_ps;
	assert_true(late_ps > 5 * PS_PER_US - 50000 && late_ps <= 5 * PS_PER_US + 4000);
	/* Always enough outstanding: one interrupt per eight. */
	snprintf(text, TEXT_BYTES, format, 8U, 1000U, 32U);
	simulate(text, 0);
	assert_int_equal(run.result.counts.num_interrupts, 100);
}

/* Core time by owner of a VM that is busy when its interrupts come: with exits 1.4 us of KVM for each, posted none. */
static void posted_interrupts_need_no_exits(void **state)
{
	static const char format[] =
		"host: {interrupts: %s, hlt_wake: 0, exit_hlt: 0, posted_interrupt: 0}\nvms: [{disk: "
		"{bytes: 16 MiB}, workload: {kind: dd, pattern: random, count: 500, depth: 1}}]\n";
	static char text[TEXT_BYTES];
	ps_t exits_ps, posted_ps;

	(void)state;
	snprintf(text, TEXT_BYTES, format, "exit");
	simulate(text, 0);
	exits_ps = percentile(1, 50);
	snprintf(text, TEXT_BYTES, format, "posted");
	simulate(text, 0);
	posted_ps = percentile(1, 50);
	assert_true(exits_ps - posted_ps == 700000); /* the end of interrupt; nothing else is left of an idle vCPU's */
}

/* A true SR-IOV function takes the guest's own buffers: what is saved is the copy, to the picosecond. */
static void sriov_needs_no_copies(void **state)
{
	static const char format[] =
		"device: {sriov: %s}\nlink: {iommu: true, iotlb_miss: 0}\nhost: {copy: 1024 MB/s}\nvms: "
		"[{disk: {bytes: 16 MiB}, workload: {kind: dd, op: %s, pattern: random, count: 300}}]\n";
	static char text[TEXT_BYTES];

	(void)state;
	for (int write = 0; write < 2; write++) {
		ps_t copied_ps;

		snprintf(text, TEXT_BYTES, format, "false", write ? "write" : "read");
		simulate(text, 0);
		copied_ps = percentile(1, 50);
		snprintf(text, TEXT_BYTES, format, "true", write ? "write" : "read");
		simulate(text, 0);
		assert_int_equal(copied_ps - percentile(1, 50), 4 * PS_PER_US); /* 4 KiB at 1,024 bytes per us */
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(weights_are_shares),
		cmocka_unit_test(nobody_starves_under_round_robin),
		cmocka_unit_test(strict_priority_is_strict),
		cmocka_unit_test(a_rate_limit_holds),
		cmocka_unit_test(priority_protects_from_63_noisy_neighbours),
		cmocka_unit_test(lanes_share_fairly_within),
		cmocka_unit_test(lanes_bound_what_waits_for_the_medium),
		cmocka_unit_test(a_storm_of_misses_costs_its_share_of_the_engine),
		cmocka_unit_test(interrupts_are_coalesced),
		cmocka_unit_test(posted_interrupts_need_no_exits),
		cmocka_unit_test(sriov_needs_no_copies),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
