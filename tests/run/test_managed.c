/* Does a controller with a hypervisor behind it do what it is to: misses, refusals, pruning, and disks that change
 * while they are used? */
#include "timing/replay.h"

#include "timing/oracle.h"

#include <unistd.h>

#define NO_DLLPS "link: {dllp_share: false}\n"
#define CHECK "sim: {check: true}\n"

static replay run_clustered(const char *yaml)
{
	return replay_run(yaml, "nesc", SIM_CLUSTERED);
}

/* Requests of the VM (0: of any) that ended so. */
static size_t num_ended(const replay *run, uint32_t vm, nesc_completion_status status)
{
	size_t num = 0;

	for (size_t i = 0; i < run->num; i++)
		num += (vm == 0 || run->all[i].vm == vm) && run->all[i].c.status == status;
	return num;
}

static ps_t latency_of(const seen *request)
{
	return request->c.block_end_ps - request->c.block_start_ps;
}

static ps_t max_latency(const replay *run, uint32_t vm)
{
	ps_t max_ps = 0;

	for (size_t i = 0; i < run->num; i++)
		if (run->all[i].vm == vm)
			max_ps = ps_max(max_ps, latency_of(&run->all[i]));
	return max_ps;
}

static ps_t miss_time(const seen *request)
{
	return request->c.block_split->service_ps[STAGE_MISS] + request->c.block_split->wait_ps[STAGE_MISS];
}

static void assert_clean(const replay *run)
{
	if (run->result.num_violations != 0)
		fail_msg("%s", run->result.violation);
}

/* ---- a miss, by hand -------------------------------------------------------------------------------------------- */

#define LAZY_WRITES(count)                                                                                             \
	"vms: [{disk: {bytes: 1 MiB, map: lazy}, workload: {kind: dd, op: write, request_bytes: 1 KiB, count: " #count \
	"}}]"

/* The first 1 KiB write to a lazy disk, in ps (cycle 4,000). See tests/timing for the parts that every request has.
 *
 * CPU: copy of 1,024 B 120,471, so driver's register writes from 870,471 to 970,471; root port 990,471; wire 992,000
 * to 1,020,000; device 1,140,000; multiplexer 1,144,000; look-up 1,152,000; walker 1,156,000; one level, 720,000, of
 * an empty root: 1,876,000; back 1,880,000; taken 1,884,000: a hole. The block is parked.
 *
 * MSI: at the DMA engine 1,888,000, taken 1,892,000, one beat: 1,896,000; 24 B 6,000 + 120,000: 2,022,000.
 *
 * Hypervisor: interrupt 400,000, thread 1,100,000: 3,522,000. It reads three registers, each 25,000 of its time and
 * 20,000 to the root port: MissPending at 3,567,000; wire 3,568,000 + 20 B 5,000 + 120,000 = 3,693,000; translation
 * 3,696,000, DMA engine 3,700,000, taken 3,704,000, one beat 3,708,000; 28 B 7,000 + 120,000: 3,835,000. MissAddress at
 * 3,880,000 (an edge): 3,884,000 + 125,000 = 4,009,000; 4,012,000; 4,016,000; 4,020,000; 4,024,000; 4,151,000. MissSize
 * at 4,196,000 (an edge): 4,200,000 + 125,000 = 4,325,000; 4,328,000; ... 4,340,000; 4,467,000.
 *
 * Allocation: 2,000,000: 6,467,000. The journal's 12 KiB: block layer and driver 650,000, command and first node
 * 100,000: 7,217,000, two more nodes 50,000 each. 4 KiB of zeros behind it. The journal's first node is at the root
 * port at 7,237,000; wire 7,240,000 to 7,268,000; device 7,388,000 (an edge); PF's multiplexer 7,392,000; data
 * transfer 7,400,000, DMA engine 7,408,000. There each of the 16 blocks takes 258 cycles, 1,032,000, so the last one
 * begins at 22,888,000 and its data is asked for at 23,144,000; 12,000 + 120,000 + 305,000: 23,581,000; wire
 * 23,584,000 + 276,000 + 120,000: 23,980,000 (an edge); data transfer 23,988,000; medium 160,000 + 60,000:
 * 24,208,000; DMA engine 24,212,000 + 40,000; 16,000 + 120,000: 24,388,000. (The journal's own completion waits for
 * the engine until 23,920,000, and arrives at 24,096,000.)
 *
 * Two interrupts, 750,000 each from 24,096,000 on, and the thread 1,100,000: 26,696,000. One node 200,000;
 * ExtentTreeRoot 25,000, RewalkTree 25,000: 26,946,000, at the root port 20,000 later. Wire: the root 26,944,000 to
 * 26,951,000, RewalkTree 26,968,000 to 26,974,000, + 120,000: 27,094,000. Taken 27,096,000:
 * 25,212,000 after the block was parked.
 *
 * It looks up at 27,100,000, walker 27,104,000, level 720,000: 27,824,000; taken 27,832,000; pLBA 27,836,000; data
 * transfer 27,840,000; DMA engine 27,848,000; data asked for 28,104,000; 437,000: 28,541,000; 28,544,000 + 396,000 =
 * 28,940,000 (an edge); data transfer 28,948,000; medium 220,000: 29,168,000; DMA engine 29,172,000 + 40,000;
 * 136,000: 29,348,000. */
static void the_first_write_to_a_hole(void **state)
{
	(void)state;
	for (size_t p = 0; p < NUM(both_placements); p++) {
		replay run = replay_run(NO_DLLPS LAZY_WRITES(1), "nesc", both_placements[p]);
		const vcpu_completion *c = &run.all[0].c;

		assert_int_equal(c->device_start_ps, 870471);
		assert_int_equal(c->device_end_ps, 29348000);
		assert_int_equal(c->block_end_ps, 29348000 + 1100000 + 400000 + 700000 + 150000);
		assert_int_equal(c->block_split->service_ps[STAGE_MISS], 25212000);
		assert_int_equal(c->block_split->wait_ps[STAGE_MISS], 0);
		replay_free(&run);
	}
}

/* The same without I/O: no journal, one block, and the write covers it. After 6,467,000: one node 200,000, the two
 * registers: 6,717,000; RewalkTree at the root port 6,737,000; wire 6,740,000 + 6,000 + 120,000 = 6,866,000, taken
 * 6,868,000. From there on as above: 27,096,000 to 29,348,000 are 2,252,000, and 6,868,000 + 2,252,000 = 9,120,000. */
static void a_miss_without_io(void **state)
{
	(void)state;
	for (size_t p = 0; p < NUM(both_placements); p++) {
		replay run = replay_run(NO_DLLPS "hypervisor: {journal_bytes: 0 B, alloc_bytes: 1 KiB, zeroing: "
						 "uncovered}\n" LAZY_WRITES(1),
					"nesc", both_placements[p]);

		assert_int_equal(run.all[0].c.device_end_ps, 9120000);
		assert_int_equal(run.result.hypervisor.num_requests, 0);
		assert_int_equal(run.result.hypervisor.num_zeroed_blocks, 0);
		replay_free(&run);
	}
}

/* What is mapped now is like what always was: the three other blocks of the unit are written as on any disk. */
static void what_was_allocated_misses_no_more(void **state)
{
	replay run = run_clustered(NO_DLLPS LAZY_WRITES(4));

	(void)state;
	for (uint64_t i = 1; i < 4; i++) {
		const question q = { .nesc = true,
				     .write = true,
				     .first_byte = i * 1024,
				     .bytes = 1024,
				     .submit_ps = run.all[i].c.app_start_ps };

		assert_int_equal(run.all[i].c.app_start_ps, run.all[i - 1].c.app_end_ps);
		assert_int_equal(run.all[i].c.device_end_ps, life_of(&q).device_end_ps);
		assert_int_equal(run.all[i].c.block_end_ps, life_of(&q).block_end_ps);
	}
	assert_int_equal(run.result.hypervisor.num_misses, 1);
	replay_free(&run);
}

/* ---- how many --------------------------------------------------------------------------------------------------- */

/* One request at a time, two passes over `kib` KiB: a miss per unit, or per node of 4 KiB where the unit is smaller
 * (the register tells how far the node goes), an interrupt each, and none in the second pass. */
static void each_unit_misses_once(void **state)
{
	static const struct {
		int request_kib, alloc_kib, kib, num_misses;
	} cases[] = {
		{ 1, 4, 16, 4 }, { 1, 1, 16, 16 }, { 1, 16, 16, 1 }, { 4, 4, 16, 4 },   { 4, 1, 16, 4 },
		{ 4, 2, 16, 4 }, { 8, 4, 32, 8 },  { 8, 8, 32, 4 },  { 16, 1, 64, 16 }, { 4, 64, 64, 1 },
	};

	(void)state;
	for (size_t i = 0; i < NUM(cases); i++) {
		const int count = cases[i].kib / cases[i].request_kib;
		replay run = run_clustered(text_of("hypervisor: {alloc_bytes: %d KiB}\nvms: [{disk: {bytes: 1 MiB, "
						   "map: lazy}, workload: {kind: dd, op: "
						   "write, region_bytes: %d KiB, request_bytes: %d KiB, count: %d}}]",
						   cases[i].alloc_kib, cases[i].kib, cases[i].request_kib, 2 * count));
		const hypervisor_counts *counts = &run.result.hypervisor;

		assert_int_equal(run.result.num_failed, 0);
		assert_int_equal(counts->num_misses, cases[i].num_misses);
		assert_int_equal(counts->num_interrupts, cases[i].num_misses);
		assert_int_equal(counts->num_allocations, cases[i].num_misses);
		assert_int_equal(counts->num_allocated_blocks, cases[i].kib);
		assert_int_equal(counts->num_zeroed_blocks, cases[i].kib);
		for (int j = count; j < 2 * count; j++)
			assert_int_equal(miss_time(replay_find(&run, 1, (uint64_t)j)), 0);
		replay_free(&run);
	}
}

/* Reads of holes are zeros, and the hypervisor never hears of them. */
static void a_read_of_a_hole_is_no_miss(void **state)
{
	replay run = run_clustered(
		CHECK "vms: [{disk: {bytes: 1 MiB, map: lazy}, workload: {kind: dd, count: 20, depth: 4}}]");

	(void)state;
	assert_clean(&run);
	assert_int_equal(run.result.counts.num_zero_blocks, 80);
	assert_int_equal(run.result.counts.num_misses[0], 0);
	assert_int_equal(run.result.hypervisor.num_interrupts, 0);
	assert_int_equal(run.result.hypervisor.num_requests, 0);
	replay_free(&run);
}

/* Four requests of four blocks, to four units, at once. The registers hold one miss: each RewalkTree lets through
 * one request, and the blocks of the others are parked again: 16 + 12 + 8 + 4. MissPending is 0 in between, so each
 * is told anew. */
static void the_registers_hold_one_miss_of_a_vf(void **state)
{
	(void)state;
	for (size_t p = 0; p < NUM(both_placements); p++) {
		replay run =
			replay_run("vms: [{disk: {bytes: 1 MiB, map: lazy}, workload: {kind: dd, op: write, count: 4, "
				   "depth: 4}}]",
				   "nesc", both_placements[p]);

		assert_int_equal(run.result.num_failed, 0);
		assert_int_equal(run.result.counts.num_misses[1], 16 + 12 + 8 + 4);
		assert_int_equal(run.result.hypervisor.num_misses, 4);
		assert_int_equal(run.result.hypervisor.num_allocations, 4);
		assert_int_equal(run.result.hypervisor.num_interrupts, 4);
		for (uint64_t i = 1; i < 4; i++) /* one after the other, 20 us of DMA apart at least */
			assert_true(replay_find(&run, 1, i)->c.device_end_ps >
				    replay_find(&run, 1, i - 1)->c.device_end_ps + 20 * PS_PER_US);
		replay_free(&run);
	}
}

/* Three VFs, three requests each: 1, 2, 3, 1, 2, 3, ... As a miss is always pending, one interrupt is enough. */
static void vfs_are_served_in_turn(void **state)
{
	replay run = run_clustered("vms: [{count: 3, disk: {bytes: 1 MiB, map: lazy}, workload: {kind: dd, op: write, "
				   "count: 3, depth: 3}}]");
	ps_t last_ps = 0;

	(void)state;
	assert_int_equal(run.result.hypervisor.num_misses, 9);
	assert_int_equal(run.result.hypervisor.num_interrupts, 1);
	for (uint64_t i = 0; i < 9; i++) {
		const ps_t end_ps = replay_find(&run, 1 + (uint32_t)(i % 3), i / 3)->c.device_end_ps;

		assert_true(end_ps > last_ps + 20 * PS_PER_US);
		last_ps = end_ps;
	}
	replay_free(&run);
}

/* Only what can miss needs somebody to tell; and as long as he has nothing to do, all times are the same. */
static void an_idle_hypervisor_changes_nothing(void **state)
{
	static const char vms[] =
		"vms: [{count: 2, disk: {bytes: 256 KiB, map: {kind: fragmented, min_extent: 1 KiB, max_extent: 6 "
		"KiB}}, "
		"workload: {kind: dd, op: mixed, pattern: random, request_bytes: 6 KiB, count: 60, depth: 4}}]";
	replay without = run_clustered(vms);
	replay with = run_clustered(text_of("hypervisor: {tree_memory: 1 GiB}\n%s", vms));

	(void)state;
	assert_int_equal(with.num, without.num);
	for (uint32_t vm = 1; vm <= 2; vm++)
		for (uint64_t i = 0; i < 60; i++) {
			const vcpu_completion *a = &replay_find(&without, vm, i)->c, *b = &replay_find(&with, vm, i)->c;

			assert_int_equal(a->device_start_ps, b->device_start_ps);
			assert_int_equal(a->device_end_ps, b->device_end_ps);
			assert_memory_equal(a->block_split, b->block_split, sizeof(latency_split));
		}
	replay_free(&without);
	replay_free(&with);
}

/* ---- whom a miss holds up --------------------------------------------------------------------------------------- */

/* VM 1 writes to a hole once, at the start; VM 2 reads, one request at a time. The host filesystem is slow. */
#define MISS_BESIDE_READS                                                                                      \
	"hypervisor: {allocate: 100 us}\nnesc: {miss: {policy: %s}}\nvms: [{disk: {bytes: 1 MiB, map: lazy}, " \
	"workload: "                                                                                           \
	"{kind: dd, op: write, count: 1}}, {disk: {bytes: 1 MiB}, workload: {kind: dd, count: 40}}]"

/* With `block` one read waits for as long as the hypervisor takes. With `park` none does: all that the miss costs
 * others is the DMA engine, for its 16 blocks of 258 cycles. The hypervisor's own I/O passes either way. */
static void a_miss_stalls_others_only_if_it_blocks(void **state)
{
	(void)state;
	for (size_t p = 0; p < NUM(both_placements); p++) {
		replay block = replay_run(text_of(MISS_BESIDE_READS, "block"), "nesc", both_placements[p]);
		replay park = replay_run(text_of(MISS_BESIDE_READS, "park"), "nesc", both_placements[p]);
		const ps_t alone_ps = latency_of(replay_find(&park, 2, 39));
		size_t num_stalled = 0;

		for (uint64_t i = 0; i < 40; i++)
			num_stalled += latency_of(replay_find(&block, 2, i)) > 100 * PS_PER_US;
		assert_int_equal(num_stalled, 1);
		assert_true(max_latency(&park, 2) < alone_ps + cycles(17 * 258));
		for (size_t i = 0; i < 2; i++) {
			const machine_result *result = i == 0 ? &block.result : &park.result;

			assert_int_equal(result->num_failed, 0);
			assert_int_equal(result->hypervisor.num_misses, 1);
			assert_int_equal(result->hypervisor.num_requests, 2);
			assert_int_equal(result->counts.num_read_blocks, 160);
		}
		replay_free(&block);
		replay_free(&park);
	}
}

/* A VM with 64 KiB that are there and as much that is not writes to the hole and, 10 us later, reads what is there. */
static replay write_then_read(const char *policy)
{
	char name[] = P_tmpdir "/nescsim-managed-XXXXXX";
	const int descriptor = mkstemp(name);
	FILE *file = fdopen(descriptor, "w");
	replay run;

	assert_non_null(file);
	fputs("8,0 0 1 0.000000000 1 D W 128 + 8 [a]\n8,0 0 1 0.000000500 1 C W 128 + 8 [0]\n"
	      "8,0 0 1 0.000010000 1 D R 0 + 8 [a]\n8,0 0 1 0.000010500 1 C R 0 + 8 [0]\n",
	      file);
	fclose(file);
	run = run_clustered(text_of(
		"hypervisor: {allocate: 100 us}\nnesc: {miss: {policy: %s}}\nvms: [{disk: {bytes: 64 KiB, append: "
		"[{bytes: 64 KiB, map: lazy}]}, workload: {kind: trace, file: %s, policy: recorded}}]",
		policy, name));
	unlink(name);
	assert_int_equal(run.num, 2);
	assert_int_equal(run.result.num_failed, 0);
	return run;
}

/* Parked are the blocks that miss, not their VF. */
static void hits_of_the_same_vf_pass_a_parked_miss(void **state)
{
	replay park = write_then_read("park"), block = write_then_read("block");

	(void)state;
	assert_true(replay_find(&park, 1, 1)->c.device_end_ps < 50 * PS_PER_US);
	assert_true(replay_find(&park, 1, 0)->c.device_end_ps > 100 * PS_PER_US);
	assert_true(replay_find(&block, 1, 1)->c.device_end_ps > 100 * PS_PER_US);
	replay_free(&park);
	replay_free(&block);
}

/* Everything as narrow as can be and a medium that is full of misses: what the hypervisor does for one VF never
 * waits for a VF that waits for it. */
static void the_hypervisor_passes_stalled_vfs(void **state)
{
	static const char *const policies[] = { "park", "block" };

	(void)state;
	for (size_t i = 0; i < NUM(policies); i++) {
		replay run = run_clustered(text_of(
			CHECK
			"nesc: {miss: {policy: %s}, queue: {depth: 2}, vlba_queue: 1, plba_queue: 1, walker: {count: "
			"1}, "
			"btlb: {entries: 1}, dma: {queue: 1, outstanding_reads: 1}}\n"
			"vms: [{count: 4, disk: {bytes: 64 KiB, map: lazy}, workload: {kind: dd, op: mixed, pattern: "
			"random, request_bytes: 4 KiB, count: 20, depth: 2}}]",
			policies[i]));

		assert_clean(&run);
		assert_int_equal(run.result.num_completed, 80);
		assert_int_equal(run.result.num_failed, 0);
		assert_true(run.result.hypervisor.num_misses > 20);
		replay_free(&run);
	}
}

/* ---- refusals --------------------------------------------------------------------------------------------------- */

/* 10 KiB of quota, units of 4: two of five writes can be given their blocks. VM 2 does not notice but for the time. */
static void a_quota_refuses_one_vm(void **state)
{
	replay run = run_clustered(
		CHECK "hypervisor: {quota: 10 KiB}\nvms: [{disk: {bytes: 1 MiB, map: lazy}, workload: {kind: dd, "
		      "op: write, count: 5}}, {disk: {bytes: 64 KiB}, workload: {kind: dd, op: mixed, "
		      "pattern: random, count: 50, depth: 2}}]");

	(void)state;
	assert_clean(&run);
	for (uint64_t i = 0; i < 5; i++)
		assert_int_equal(replay_find(&run, 1, i)->c.status, i < 2 ? NESC_COMPLETION_OK : NESC_COMPLETION_QUOTA);
	assert_int_equal(num_ended(&run, 2, NESC_COMPLETION_OK), 50);
	assert_int_equal(run.result.hypervisor.num_failed_allocations, 3);
	assert_int_equal(run.result.hypervisor.num_allocations, 2);
	assert_int_equal(run.result.hypervisor.num_allocated_blocks, 8);
	assert_int_equal(run.result.counts.num_errors, 3 * 4); /* all blocks of the refused ones */
	replay_free(&run);
}

/* A medium of 2 MiB: 1 MiB of journal, 1,008 KiB of VM 2: 16 KiB are left, four units for ten writes of VM 1. VM 2 has
 * its blocks, and VM 3, which reads holes, needs none. */
static void a_full_medium_refuses(void **state)
{
	replay run = run_clustered(
		CHECK
		"media: {capacity: 2 MiB}\nvms: [{disk: {bytes: 1 MiB, map: lazy}, workload: {kind: dd, op: write, "
		"count: 10}}, {disk: {bytes: 1008 KiB}, workload: {kind: dd, op: mixed, pattern: random, count: "
		"100, depth: 2}}, {disk: {bytes: 64 KiB, map: lazy}, workload: {kind: dd, count: 20}}]");

	(void)state;
	assert_clean(&run);
	for (uint64_t i = 0; i < 10; i++)
		assert_int_equal(replay_find(&run, 1, i)->c.status,
				 i < 4 ? NESC_COMPLETION_OK : NESC_COMPLETION_NO_SPACE);
	assert_int_equal(num_ended(&run, 2, NESC_COMPLETION_OK), 100);
	assert_int_equal(num_ended(&run, 3, NESC_COMPLETION_OK), 20); /* reads of holes need nothing */
	assert_int_equal(run.result.hypervisor.num_failed_allocations, 6);
	replay_free(&run);
}

/* Several requests parked together: a refusal ends one of them, the others are asked for in turn. */
static void a_refusal_ends_one_request(void **state)
{
	replay run = run_clustered(
		CHECK "hypervisor: {quota: 4 KiB}\nvms: [{disk: {bytes: 1 MiB, map: lazy}, workload: {kind: "
		      "dd, op: write, count: 6, depth: 6}}]");

	(void)state;
	assert_clean(&run);
	assert_int_equal(num_ended(&run, 1, NESC_COMPLETION_OK), 1);
	assert_int_equal(num_ended(&run, 1, NESC_COMPLETION_QUOTA), 5);
	assert_int_equal(run.result.hypervisor.num_misses, 6);
	assert_int_equal(run.result.hypervisor.num_failed_allocations, 5);
	replay_free(&run);
}

/* 4 KiB over the end of a file of 6 KiB, the rest of them in a file that VM 1 has filled up to its quota: refused as
 * a whole. What the first file might have been given must not come to light unzeroed. */
static void a_refusal_across_two_files_leaks_nothing(void **state)
{
	replay run = run_clustered(
		CHECK
		"hypervisor: {quota: 4 KiB}\nvms: [{disk: {bytes: 64 KiB, map: lazy, file: second}, workload: {kind: "
		"dd, "
		"op: write, region_offset: 32 KiB, count: 1}}, {disk: {bytes: 6 KiB, map: lazy, append: [{bytes: 64 "
		"KiB, map: lazy, file: second}]}, workload: {kind: dd, op: mixed, region_offset: 4 KiB, "
		"region_bytes: 4 KiB, count: 10, arrival: periodic, interval: 100 us}}]");

	(void)state;
	assert_clean(&run);
	assert_true(num_ended(&run, 2, NESC_COMPLETION_QUOTA) > 0);
	assert_int_equal(run.result.hypervisor.num_allocated_blocks, 4);
	replay_free(&run);
}

/* ---- pruning ---------------------------------------------------------------------------------------------------- */

#define SCATTERED "{bytes: 64 KiB, map: {kind: fragmented, min_extent: 1 KiB, max_extent: 1 KiB}}"

/* 64 extents, four to a leaf: with room for nothing but the leaf asked for last, a pass over the disk needs each of
 * 16 leaves again. Reads miss, and read what is there. */
static void pruned_leaves_come_back(void **state)
{
	replay run = run_clustered(
		CHECK "hypervisor: {tree_memory: 128 B}\nnesc: {tree: {node_bytes: 128 B}}\nvms: [{disk: " SCATTERED
		      ", workload: {kind: dd, request_bytes: 1 KiB, count: 128}}]");
	const hypervisor_counts *counts = &run.result.hypervisor;

	(void)state;
	assert_clean(&run);
	assert_int_equal(run.result.num_failed, 0);
	assert_int_equal(counts->num_regenerations, 2 * 16);
	assert_int_equal(counts->num_misses, counts->num_regenerations);
	assert_int_equal(run.result.counts.num_misses[0], counts->num_misses);
	assert_int_equal(run.result.counts.num_misses[1], 0);
	assert_int_equal(counts->num_allocations, 0);
	assert_int_equal(run.result.counts.num_zero_blocks, 0);
	replay_free(&run);
}

/* Room for all: nothing is cut, nothing misses. */
static void a_budget_that_is_enough_costs_nothing(void **state)
{
	replay run = run_clustered(
		"hypervisor: {tree_memory: 4 KiB}\nnesc: {tree: {node_bytes: 128 B}}\nvms: [{disk: " SCATTERED
		", workload: {kind: dd, request_bytes: 1 KiB, count: 128}}]");

	(void)state;
	assert_int_equal(run.result.hypervisor.num_misses, 0);
	assert_int_equal(run.result.hypervisor.num_pruned, 0);
	assert_true(run.result.hypervisor.num_tree_nodes >= 1 + 4 + 10 && run.result.hypervisor.num_tree_nodes <= 21);
	replay_free(&run);
}

/* ---- deletion --------------------------------------------------------------------------------------------------- */

/* VM 1 reads with eight requests under way; at 100 us it is deleted: 50 ns for the two registers, 20 to the root
 * port, and some 130 on the link. What had ended has ended well, what rings the bell later finds no function, and of
 * what is in between the later ones do. VM 2 goes on. */
static void a_deleted_vm_ends(void **state)
{
	const ps_t deleted_ps = 100 * PS_PER_US;

	(void)state;
	for (size_t p = 0; p < NUM(both_placements); p++) {
		replay run =
			replay_run("hypervisor: {actions: [{kind: delete, at: 100 us, vm: 1}]}\nvms: [{count: 2, disk: "
				   "{bytes: 1 MiB}, workload: {kind: dd, count: 80, depth: 8}}]",
				   "nesc", both_placements[p]);
		size_t num_stopped = 0;

		assert_int_equal(run.result.hypervisor.num_actions, 1);
		assert_int_equal(num_ended(&run, 2, NESC_COMPLETION_OK), 80);
		for (uint64_t i = 0; i < 80; i++) {
			const vcpu_completion *c = &replay_find(&run, 1, i)->c;

			/* of eight, some are not yet translated */
			num_stopped += c->device_start_ps < deleted_ps && c->status != NESC_COMPLETION_OK;
			if (c->device_end_ps < deleted_ps)
				assert_int_equal(c->status, NESC_COMPLETION_OK);
			else if (c->device_start_ps > deleted_ps + PS_PER_US)
				assert_int_equal(c->status, NESC_COMPLETION_NO_FUNCTION);
			else
				assert_true(c->status == NESC_COMPLETION_OK ||
					    c->status == NESC_COMPLETION_NO_FUNCTION);
			if (i > 0 && replay_find(&run, 1, i - 1)->c.status != NESC_COMPLETION_OK)
				assert_int_equal(c->status, NESC_COMPLETION_NO_FUNCTION);
		}
		assert_true(num_stopped >= 2);
		assert_true(num_ended(&run, 1, NESC_COMPLETION_OK) >= 5);
		replay_free(&run);
	}
}

/* Deleted while six of its writes wait for the hypervisor, at one time or another of serving them: all of its
 * requests end, no more than those that were served have done well, and VM 2's never notice. */
static void a_vm_with_parked_misses_can_be_deleted(void **state)
{
	(void)state;
	for (int at_us = 1; at_us < 100; at_us += 10) {
		replay run = run_clustered(
			text_of(CHECK "hypervisor: {actions: [{kind: delete, at: %d us, vm: 1}]}\nvms: [{disk: {bytes: "
				      "1 MiB, map: lazy}, "
				      "workload: {kind: dd, op: write, count: 20, depth: 6}}, {disk: {bytes: 64 KiB}, "
				      "workload: {kind: dd, op: mixed, pattern: random, count: 40, depth: 2}}]",
				at_us));
		const size_t num_ok = num_ended(&run, 1, NESC_COMPLETION_OK);

		assert_clean(&run);
		assert_int_equal(run.result.num_completed, 60);
		assert_int_equal(num_ended(&run, 2, NESC_COMPLETION_OK), 40);
		assert_int_equal(num_ok + num_ended(&run, 1, NESC_COMPLETION_NO_FUNCTION), 20);
		/* A miss takes 25 us at least, and the one that is being served is served first. */
		assert_true(num_ok <= run.result.hypervisor.num_allocations);
		assert_true(run.result.hypervisor.num_allocations <= (uint64_t)at_us / 25 + 1);
		replay_free(&run);
	}
}

/* Misses of others that never cease do not put it off: each may be served first, but not all. */
static void a_deletion_comes_before_later_misses(void **state)
{
	replay run = run_clustered("hypervisor: {actions: [{kind: delete, at: 100 us, vm: 1}]}\nvms: [{disk: {bytes: 1 "
				   "MiB}, workload: {kind: dd, count: "
				   "100}}, {count: 4, disk: {bytes: 8 MiB, map: lazy}, workload: {kind: dd, op: write, "
				   "count: 20, depth: 2}}]");

	(void)state;
	assert_int_equal(run.result.hypervisor.num_actions, 1);
	for (uint64_t i = 0; i < 100; i++) {
		const vcpu_completion *c = &replay_find(&run, 1, i)->c;

		if (c->device_start_ps > 300 * PS_PER_US)
			assert_int_equal(c->status, NESC_COMPLETION_NO_FUNCTION);
	}
	replay_free(&run);
}

/* VM 1 has all of the medium but for the journal, until 460 us. VM 2 wants 4 KiB every 50 us: it is refused ten
 * times, and then given VM 1's blocks. */
static void a_deleted_vms_blocks_are_used_again(void **state)
{
	replay run = run_clustered(
		CHECK
		"media: {capacity: 2 MiB}\nhypervisor: {alloc_bytes: 16 KiB, actions: [{kind: delete, at: 460 us, vm: "
		"1}]}\nvms: [{disk: {bytes: 1 MiB}, workload: {kind: dd, op: mixed, pattern: random, count: 300, "
		"depth: 2}}, {disk: {bytes: 1 MiB, map: lazy}, workload: {kind: dd, op: write, request_bytes: 1 KiB, "
		"count: 20, arrival: periodic, interval: 50 us}}, {disk: {bytes: 64 KiB, map: lazy}, workload: "
		"{kind: dd, count: 20}}]");

	(void)state;
	assert_clean(&run);
	for (uint64_t i = 0; i < 20; i++)
		assert_int_equal(replay_find(&run, 2, i)->c.status,
				 i < 10 ? NESC_COMPLETION_NO_SPACE : NESC_COMPLETION_OK);
	assert_int_equal(run.result.hypervisor.num_failed_allocations, 10);
	assert_int_equal(run.result.hypervisor.num_allocations, 2); /* blocks 10 ... 19: two units of 16 KiB */
	assert_true(num_ended(&run, 1, NESC_COMPLETION_NO_FUNCTION) > 0);
	replay_free(&run);
}

/* A file that another VM uses stays as it is. */
static void a_shared_file_outlives_its_vm(void **state)
{
	replay run =
		run_clustered(CHECK "hypervisor: {actions: [{kind: delete, at: 50 us, vm: 1}]}\nvms: [{count: 2, disk: "
				    "{bytes: 64 KiB, file: common}, workload: {kind: dd, count: 60}}]");

	(void)state;
	assert_clean(&run);
	assert_true(num_ended(&run, 1, NESC_COMPLETION_NO_FUNCTION) > 40);
	assert_int_equal(num_ended(&run, 2, NESC_COMPLETION_OK), 60);
	assert_int_equal(run.result.counts.num_zero_blocks, 0);
	replay_free(&run);
}

/* ---- creation --------------------------------------------------------------------------------------------------- */

/* At 300 us the hypervisor writes ExtentTreeRoot and DeviceSize, 25 ns each, and starts the VM, 20 ns away. Then it
 * is a VM like any other. */
static void a_vm_begins_when_it_is_created(void **state)
{
	replay run = run_clustered(CHECK
				   "hypervisor: {actions: [{kind: create, at: 300 us, vm: 2}]}\nvms: [{count: 3, disk: "
				   "{bytes: 64 KiB}, workload: {kind: dd, op: mixed, pattern: random, count: 20}}]");

	(void)state;
	assert_clean(&run);
	assert_int_equal(run.result.num_failed, 0);
	assert_int_equal(run.result.num_completed, 60);
	assert_int_equal(replay_find(&run, 2, 0)->c.app_start_ps, 300070000);
	assert_int_equal(replay_find(&run, 1, 0)->c.app_start_ps, 0);
	assert_int_equal(replay_find(&run, 3, 0)->c.app_start_ps, 0);
	replay_free(&run);
}

/* From its creation to its deletion. */
static void a_vm_lives_between_creation_and_deletion(void **state)
{
	replay run = run_clustered(
		CHECK "hypervisor: {actions: [{kind: delete, at: 400 us, vm: 1}, {kind: create, at: 200 us, vm: 1}]}\n"
		      "vms: [{count: 2, disk: {bytes: 64 KiB, map: lazy}, workload: {kind: dd, op: mixed, "
		      "pattern: random, count: 60}}]");

	(void)state;
	assert_clean(&run);
	assert_int_equal(run.result.hypervisor.num_actions, 2);
	for (uint64_t i = 0; i < 60; i++) {
		const vcpu_completion *c = &replay_find(&run, 1, i)->c;

		assert_true(c->app_start_ps >= 200 * PS_PER_US);
		if (c->status == NESC_COMPLETION_OK)
			assert_true(c->device_end_ps < 450 * PS_PER_US); /* a miss may be finished first */
		else
			assert_true(c->device_end_ps > 400 * PS_PER_US);
	}
	assert_true(num_ended(&run, 1, NESC_COMPLETION_OK) > 0);
	assert_true(num_ended(&run, 1, NESC_COMPLETION_NO_FUNCTION) > 0);
	assert_int_equal(num_ended(&run, 2, NESC_COMPLETION_OK), 60);
	replay_free(&run);
}

/* ---- size ------------------------------------------------------------------------------------------------------- */

/* 16 requests go over 64 KiB, one every 20 us, round and round. From 210 us on the disk has 32 KiB, from 1,010 us on
 * 64 again: in between every request to the upper half fails and none to the lower half; afterwards the upper half
 * is there, as a hole. */
static void a_disk_shrinks_and_grows(void **state)
{
	(void)state;
	for (size_t p = 0; p < NUM(both_placements); p++) {
		replay run = replay_run(
			CHECK "hypervisor: {actions: [{kind: resize, at: 210 us, vm: 1, bytes: 32 KiB}, {kind: resize, "
			      "at: 1010 us, vm: 1, bytes: 64 KiB}]}\nvms: [{disk: {bytes: 64 KiB}, workload: {kind: "
			      "dd, count: 96, arrival: periodic, interval: 20 us}}]",
			"nesc", both_placements[p]);
		uint64_t num_zeros = 0;

		assert_clean(&run);
		assert_int_equal(run.result.hypervisor.num_actions, 2);
		for (uint64_t i = 0; i < 96; i++) {
			const seen *request = replay_find(&run, 1, i);
			const bool upper = i % 16 >= 8, shrunk = i * 20 > 210 && i * 20 < 1010;

			assert_int_equal(request->request.first_sector, i % 16 * 8);
			assert_int_equal(request->c.app_start_ps, (ps_t)i * 20 * PS_PER_US);
			assert_int_equal(request->c.status,
					 upper && shrunk ? NESC_COMPLETION_OUT_OF_RANGE : NESC_COMPLETION_OK);
			num_zeros += upper && i * 20 > 1010 ? 4 : 0;
		}
		assert_int_equal(run.result.counts.num_zero_blocks, num_zeros);
		assert_int_equal(run.result.hypervisor.num_misses, 0);
		replay_free(&run);
	}
}

/* What the disk lost is free: 16 KiB of the 32 for VM 2, which had none before. After the disk has grown, writes to
 * its new part are allocated like any others: the other 16. */
static void what_a_disk_lost_is_used_again(void **state)
{
	replay run = run_clustered(
		CHECK
		"media: {capacity: 1088 KiB}\nhypervisor: {actions: [{kind: resize, at: 90 us, vm: 1, bytes: 32 KiB}, "
		"{kind: resize, at: 1000 us, vm: 1, bytes: 64 KiB}]}\nvms: [{disk: {bytes: 64 KiB}, workload: {kind: "
		"dd, "
		"op: write, region_offset: 32 KiB, count: 32, arrival: periodic, interval: 60 us}}, {disk: "
		"{bytes: 64 KiB, map: lazy}, workload: {kind: dd, op: write, region_bytes: 16 KiB, count: 8, arrival: "
		"periodic, interval: 60 us}}]");

	(void)state;
	assert_clean(&run);
	assert_int_equal(replay_find(&run, 2, 0)->c.status, NESC_COMPLETION_NO_SPACE);
	assert_int_equal(num_ended(&run, 2, NESC_COMPLETION_OK) + num_ended(&run, 2, NESC_COMPLETION_NO_SPACE), 8);
	assert_int_equal(replay_find(&run, 2, 7)->c.status, NESC_COMPLETION_OK);
	for (uint64_t i = 0; i < 32; i++) {
		const nesc_completion_status status = replay_find(&run, 1, i)->c.status;

		if (i < 2)
			assert_int_equal(status, NESC_COMPLETION_OK);
		else if (i <= 16)
			assert_int_equal(status, NESC_COMPLETION_OUT_OF_RANGE);
		else
			assert_true(status == NESC_COMPLETION_OK || status == NESC_COMPLETION_NO_SPACE);
	}
	/* 32 KiB for both: whatever VM 2 was given, VM 1 was not. */
	assert_int_equal(run.result.hypervisor.num_allocated_blocks, 32);
	replay_free(&run);
}

/* ---- shared files, several files -------------------------------------------------------------------------------- */

/* VM 1 writes 16 KiB of a file at the start; VM 2, created later, writes and reads the same: four allocations serve
 * both, and no read finds a hole. */
static void one_allocation_serves_all_vms_of_a_file(void **state)
{
	replay run = run_clustered(
		CHECK
		"hypervisor: {actions: [{kind: create, at: 200 us, vm: 2}]}\nvms: [{disk: {bytes: 64 KiB, map: lazy, "
		"file: common}, workload: {kind: dd, op: write, region_bytes: 16 KiB, count: 4}}, {disk: {bytes: 64 "
		"KiB, map: lazy, file: common}, workload: {kind: dd, op: mixed, pattern: random, region_bytes: 16 KiB, "
		"count: 40}}]");

	(void)state;
	assert_clean(&run);
	assert_int_equal(run.result.num_failed, 0);
	assert_int_equal(run.result.hypervisor.num_misses, 4);
	assert_int_equal(run.result.hypervisor.num_allocated_blocks, 16);
	assert_int_equal(run.result.counts.num_zero_blocks, 0);
	assert_true(run.result.counts.num_read_blocks > 40);
	assert_int_equal(run.result.hypervisor.num_tree_nodes, 1 + 4); /* one tree of one node, and those replaced */
	replay_free(&run);
}

/* Both at once: whoever comes second finds the block mapped when its miss is served. */
static void two_vms_miss_the_same_block(void **state)
{
	replay run = run_clustered(
		CHECK "vms: [{count: 2, disk: {bytes: 64 KiB, map: lazy, file: common}, workload: {kind: dd, "
		      "op: write, count: 1}}]");

	(void)state;
	assert_clean(&run);
	assert_int_equal(run.result.num_failed, 0);
	assert_int_equal(run.result.hypervisor.num_misses, 2);
	assert_int_equal(run.result.hypervisor.num_allocations, 1);
	assert_int_equal(run.result.hypervisor.num_allocated_blocks, 4);
	replay_free(&run);
}

/* Files of 6, 5 and 64 KiB: requests over 7 sectors read what each file holds, and what was written, over both borders. */
static void reads_pass_from_file_to_file(void **state)
{
	static const char *const maps[] = {
		"contiguous", "{kind: fragmented, min_extent: 1 KiB, max_extent: 3 KiB}",
		"{kind: fragmented, min_extent: 1 KiB, max_extent: 3 KiB, hole_percent: 40}", "lazy"
	};

	(void)state;
	for (size_t i = 0; i < NUM(maps); i++) {
		replay run = run_clustered(text_of(
			CHECK
			"vms: [{disk: {bytes: 6 KiB, map: %s, append: [{bytes: 5 KiB, map: %s}, {bytes: 64 KiB, map: "
			"contiguous}]}, workload: {kind: dd, op: mixed, read_percent: 70, pattern: random, "
			"request_bytes: "
			"3584 B, region_bytes: 16 KiB, count: 200, depth: 3}}, {disk: {bytes: 64 KiB, map: %s}, "
			"workload: {kind: dd, op: mixed, pattern: random, count: 50}}]",
			maps[i], maps[i], maps[i]));

		assert_clean(&run);
		assert_int_equal(run.result.num_failed, 0);
		assert_int_equal(run.result.num_completed, 250);
		replay_free(&run);
	}
}

/* A file that begins one disk and ends another one: what VM 1 writes at its start, VM 2 reads 16 KiB further on. */
static void a_file_may_lie_elsewhere_in_another_disk(void **state)
{
	replay run = run_clustered(
		CHECK "vms: [{disk: {bytes: 64 KiB, file: common}, workload: {kind: dd, op: write, count: 16}}, {disk: "
		      "{bytes: 16 KiB, append: [{bytes: 64 KiB, file: common}]}, workload: {kind: dd, count: 60}}]");

	(void)state;
	assert_clean(&run);
	assert_int_equal(run.result.num_failed, 0);
	replay_free(&run);
}

/* 4 KiB at 4 KiB, over the end of a file of 6 KiB: one miss, and units of 4 KiB in both files: blocks 4 and 5,
 * and 6 to 9. */
static void a_write_over_the_border_is_one_miss(void **state)
{
	replay run = run_clustered(
		CHECK "vms: [{disk: {bytes: 6 KiB, map: lazy, append: [{bytes: 64 KiB, map: lazy}]}, workload: {kind: "
		      "dd, op: write, region_offset: 4 KiB, count: 1}}]");

	(void)state;
	assert_clean(&run);
	assert_int_equal(run.result.num_failed, 0);
	assert_int_equal(run.result.hypervisor.num_misses, 1);
	assert_int_equal(run.result.hypervisor.num_allocated_blocks, 6);
	assert_int_equal(run.result.hypervisor.num_zeroed_blocks, 6);
	replay_free(&run);
}

/* ---- blocks that move ------------------------------------------------------------------------------------------- */

#define READS_OF_SCATTERED                                                                                           \
	"nesc: {tree: {node_bytes: 128 B}}\nvms: [{disk: " SCATTERED ", workload: {kind: dd, request_bytes: 1 KiB, " \
	"count: 300}}]"
#define DEFRAGMENT_ALL "hypervisor: {actions: [{kind: defragment, at: 400 us, vm: 1, bytes: 64 KiB}]}\n"

/* 64 blocks, each an extent, in a tree of three levels. Afterwards they are one extent in one node, which the BTLB
 * keeps: the last walk is the first one after the action. Meanwhile reads go on, each behind some of the PF's
 * blocks, but none waits until it is over. */
static void defragmenting_makes_one_extent(void **state)
{
	const ps_t begin_ps = 400 * PS_PER_US;

	(void)state;
	for (size_t p = 0; p < NUM(both_placements); p++) {
		replay run = replay_run(CHECK DEFRAGMENT_ALL READS_OF_SCATTERED, "nesc", both_placements[p]);
		size_t num_before = 0, num_meanwhile = 0, num_after = 0;
		ps_t last_walk_ps = 0;

		assert_clean(&run);
		assert_int_equal(run.result.num_failed, 0);
		assert_int_equal(run.result.hypervisor.num_actions, 1);
		assert_int_equal(run.result.hypervisor.num_moved_blocks, 64);
		assert_int_equal(run.result.hypervisor.num_tree_nodes, 1);
		assert_int_equal(run.result.hypervisor.num_misses, 0);
		for (size_t i = 0; i < run.num; i++)
			if (run.all[i].c.block_split->service_ps[STAGE_WALK] > 0)
				last_walk_ps = ps_max(last_walk_ps, run.all[i].c.device_start_ps);
		/* 64 blocks are read, written, and 12 of the journal: 258 cycles each at least. */
		assert_true(last_walk_ps > begin_ps + cycles(140 * 258));
		for (size_t i = 0; i < run.num; i++) {
			const vcpu_completion *c = &run.all[i].c;

			num_before += c->device_end_ps < begin_ps;
			num_meanwhile += c->device_start_ps > begin_ps && c->device_end_ps < last_walk_ps;
			num_after += c->device_start_ps > last_walk_ps;
		}
		assert_true(num_before >= 40 && num_meanwhile >= 10 && num_after >= 100);
		assert_true(max_latency(&run, 1) < (last_walk_ps - begin_ps) / 2);
		replay_free(&run);
	}
}

/* The same disk without the action: never less than two fetches per read, 64 extents of which the BTLB knows eight. */
static void a_defragmented_disk_is_walked_less(void **state)
{
	replay without = run_clustered(READS_OF_SCATTERED), with = run_clustered(DEFRAGMENT_ALL READS_OF_SCATTERED);
	ps_t tail_without_ps = 0, tail_with_ps = 0;

	(void)state;
	assert_true(without.result.hypervisor.num_tree_nodes >= 15);
	assert_true(without.result.counts.num_walk_fetches > 2 * 300);
	assert_true(with.result.counts.num_walk_fetches < without.result.counts.num_walk_fetches / 2);
	for (uint64_t i = 200; i < 300; i++) {
		tail_without_ps += latency_of(replay_find(&without, 1, i));
		tail_with_ps += latency_of(replay_find(&with, 1, i));
	}
	/* A level of a walk takes 0.7 us at least. */
	assert_true(tail_without_ps > tail_with_ps + 100 * 2 * 700 * PS_PER_NS);
	replay_free(&without);
	replay_free(&with);
}

/* Writes to the range wait until it has moved, and are not lost. Those outside of it do not wait. */
static void writes_wait_for_blocks_that_move(void **state)
{
	static const struct {
		const char *region;
		bool waits;
	} cases[] = { { "region_bytes: 32 KiB", true }, { "region_offset: 32 KiB, region_bytes: 32 KiB", false } };

	(void)state;
	for (size_t i = 0; i < NUM(cases); i++) {
		replay run = run_clustered(text_of(
			CHECK "hypervisor: {actions: [{kind: defragment, at: 100 us, vm: 1, bytes: 32 KiB}]}\nvms: "
			      "[{disk: " SCATTERED
			      ", workload: {kind: dd, op: mixed, %s, pattern: random, request_bytes: 1 KiB, count: "
			      "200, depth: 4}}]",
			cases[i].region));
		size_t num_waited = 0;

		assert_clean(&run);
		assert_int_equal(run.result.num_failed, 0);
		assert_int_equal(run.result.hypervisor.num_moved_blocks, 32);
		assert_int_equal(run.result.hypervisor.num_allocations, 0);
		assert_int_equal(run.result.hypervisor.num_misses > 0, cases[i].waits);
		for (size_t j = 0; j < run.num; j++) {
			num_waited += miss_time(&run.all[j]) > 0;
			if (miss_time(&run.all[j]) > 0)
				assert_int_equal(run.all[j].request.op, IO_WRITE);
		}
		assert_int_equal(num_waited > 0, cases[i].waits);
		replay_free(&run);
	}
}

/* A disk with nothing to gather is left alone, and so is one that there is no room for. */
static void what_cannot_be_defragmented_stays(void **state)
{
	static const char *const texts[] = {
		CHECK DEFRAGMENT_ALL "vms: [{disk: {bytes: 64 KiB}, workload: {kind: dd, count: 100}}]",
		CHECK "media: {capacity: 1088 KiB}\n" DEFRAGMENT_ALL "vms: [{disk: " SCATTERED
		      ", workload: {kind: dd, count: 100}}]",
	};

	(void)state;
	for (size_t i = 0; i < NUM(texts); i++) {
		replay run = run_clustered(texts[i]);

		assert_clean(&run);
		assert_int_equal(run.result.hypervisor.num_actions, 0);
		assert_int_equal(run.result.hypervisor.num_failed_actions, 1);
		assert_int_equal(run.result.hypervisor.num_requests, 0);
		replay_free(&run);
	}
}

/* ---- blocks that are shared ------------------------------------------------------------------------------------- */

/* VMs 1 and 2 fill the medium with the same 64 KiB each. At 100 us the first 16 KiB become one. VM 3 wants 4 KiB
 * every 200 us, from the start: one refusal, four allocations, and then the medium is full again. */
static void deduplicated_blocks_make_room(void **state)
{
	replay run = run_clustered(
		CHECK "media: {capacity: 1152 KiB}\nhypervisor: {actions: [{kind: deduplicate, at: 100 us, vm: 1, "
		      "with: 2, "
		      "bytes: 16 KiB}]}\nvms: [{count: 2, disk: {bytes: 64 KiB, image: golden}, workload: {kind: dd, "
		      "pattern: random, count: 40}}, {disk: {bytes: 64 KiB, map: lazy}, workload: {kind: dd, op: "
		      "write, count: 8, arrival: periodic, interval: 200 us}}]");

	(void)state;
	assert_clean(&run);
	assert_int_equal(run.result.hypervisor.num_shared_blocks, 16);
	assert_int_equal(run.result.hypervisor.num_copies, 0);
	assert_int_equal(num_ended(&run, 1, NESC_COMPLETION_OK) + num_ended(&run, 2, NESC_COMPLETION_OK), 80);
	for (uint64_t i = 0; i < 8; i++)
		assert_int_equal(replay_find(&run, 3, i)->c.status,
				 i >= 1 && i <= 4 ? NESC_COMPLETION_OK : NESC_COMPLETION_NO_SPACE);
	replay_free(&run);
}

/* What was written before differs: of 16 blocks 12 are equal still. And blocks of other images are not. */
static void only_equal_blocks_are_shared(void **state)
{
	static const struct {
		const char *images[2];
		uint64_t num_shared;
	} cases[] = { { { "golden", "golden" }, 12 }, { { "golden", "silver" }, 0 }, { { "\"\"", "\"\"" }, 0 } };

	(void)state;
	for (size_t i = 0; i < NUM(cases); i++) {
		replay run = run_clustered(text_of(
			CHECK
			"hypervisor: {actions: [{kind: deduplicate, at: 100 us, vm: 1, with: 2, bytes: 16 KiB}]}\nvms: "
			"[{disk: "
			"{bytes: 64 KiB, image: %s}, workload: {kind: dd, op: write, region_offset: 4 KiB, "
			"region_bytes: "
			"4 KiB, count: 1}}, {disk: {bytes: 64 KiB, image: %s}, workload: {kind: dd, count: 100}}]",
			cases[i].images[0], cases[i].images[1]));

		assert_clean(&run);
		assert_int_equal(run.result.hypervisor.num_actions, 1);
		assert_int_equal(run.result.hypervisor.num_shared_blocks, cases[i].num_shared);
		replay_free(&run);
	}
}

/* The whole of both disks is shared at the start, while VM 1's first write waits. VM 1 writes the same 4 KiB six
 * times: one miss, four blocks copied. VM 3, which is created later, writes VM 2's file at that place twice: one
 * miss, but nobody else uses its blocks any more, so nothing is copied. */
static void a_shared_block_is_copied_when_it_is_written(void **state)
{
	replay run = run_clustered(
		CHECK "hypervisor: {actions: [{kind: create, at: 700 us, vm: 3}, {kind: deduplicate, at: 0 us, vm: 1, "
		      "with: 2, bytes: "
		      "16 KiB}]}\nvms: [{disk: {bytes: 16 KiB, image: golden}, workload: {kind: dd, op: write, "
		      "region_offset: 4 "
		      "KiB, region_bytes: 4 KiB, count: 6, arrival: periodic, interval: 100 us}}, {disk: {bytes: 16 "
		      "KiB, image: "
		      "golden, file: second}, workload: {kind: dd, count: 100}}, {disk: {bytes: 16 KiB, image: golden, "
		      "file: second}, "
		      "workload: {kind: dd, op: write, region_offset: 4 KiB, region_bytes: 4 KiB, count: 2}}]");

	(void)state;
	assert_clean(&run);
	assert_int_equal(run.result.num_failed, 0);
	assert_int_equal(run.result.hypervisor.num_shared_blocks, 16);
	assert_int_equal(run.result.hypervisor.num_misses, 2);
	assert_int_equal(run.result.hypervisor.num_copies, 4);
	assert_int_equal(run.result.hypervisor.num_allocations, 0);
	replay_free(&run);
}

/* ---- progress --------------------------------------------------------------------------------------------------- */

/* VFs that want more of their trees than there is room for take it from each other, and still every miss that is served lets a
 * block go on. (Both machines stood still once.) */
static void a_tiny_budget_for_trees_is_slow_but_not_endless(void **state)
{
	static const char *const texts[] = {
		"nesc: {tree: {node_bytes: 128 B}}\nhypervisor: {tree_memory: 1 B}\nvms: [{count: 8, disk: {bytes: 1 "
		"MiB, map: "
		"{kind: fragmented, min_extent: 1 KiB, max_extent: 2 KiB}}, workload: {kind: dd, pattern: random, "
		"request_bytes: 16 KiB, count: 10, depth: 16}}]",
		"link: {rc_latency: 2266 ns}\nhost: {irq_handler: 0, process_wake: 0, block_submit: 0, block_complete: "
		"0, "
		"driver: 0}\nnesc: {walker: {count: 1}, tree: {node_bytes: 128 B}}\nhypervisor: {tree_memory: 128 B, "
		"regenerate: 100 ns, regenerate_bytes: 0 B}\nvms: [{count: 6, disk: {bytes: 256 KiB, map: {kind: "
		"fragmented, "
		"min_extent: 1 KiB, max_extent: 6 KiB}}, workload: {kind: dd, op: mixed, pattern: random, count: 60, "
		"depth: "
		"4}}]",
	};

	(void)state;
	for (size_t i = 0; i < NUM(texts); i++) {
		replay run = run_clustered(texts[i]);

		assert_int_equal(run.result.num_failed, 0);
		assert_true(run.result.hypervisor.num_regenerations > 100);
		/* At most one for each block and its neighbours in the node. */
		assert_true(run.result.hypervisor.num_misses < 4 * run.result.counts.num_blocks);
		replay_free(&run);
	}
}

/* ---- check mode ------------------------------------------------------------------------------------------------- */

/* Stamps take no time: every request, every stage and every unit's time is the same with and without. */
static void same_with_check(const char *text)
{
	replay without = run_clustered(text), with = run_clustered(text_of(CHECK "%s", text));

	assert_clean(&with);
	assert_true(with.result.hypervisor.num_requests > 0);
	assert_memory_equal(&with.result.hypervisor, &without.result.hypervisor, sizeof(hypervisor_counts));
	assert_memory_equal(&with.result.counts, &without.result.counts, sizeof(nesc_device_counts));
	assert_int_equal(with.result.end_ps, without.result.end_ps);
	assert_true(with.result.hash == without.result.hash);
	replay_free(&without);
	replay_free(&with);
}

static void checking_changes_no_prediction(void **state)
{
	static const char *const texts[] = {
		"vms: [{count: 2, disk: {bytes: 256 KiB, map: lazy}, workload: {kind: dd, op: mixed, pattern: random, "
		"count: 60, "
		"depth: 4}}]",
		"hypervisor: {tree_memory: 1 KiB, actions: [{kind: defragment, at: 50 us, vm: 1, every: 100 us, count: "
		"5}, {kind: "
		"flush, at: 20 us, vm: 2, every: 30 us, count: 20}, {kind: resize, at: 300 us, vm: 2, bytes: 32 KiB}, "
		"{kind: "
		"delete, at: 500 us, vm: 3}]}\nnesc: {tree: {node_bytes: 128 B}}\nvms: [{count: 3, disk: " SCATTERED
		", workload: {kind: dd, op: mixed, pattern: random, request_bytes: 2 KiB, count: 80, depth: 3}}]",
		"nesc: {miss: {policy: block}}\nhypervisor: {quota: 64 KiB, actions: [{kind: create, at: 100 us, vm: "
		"1}]}\nvms: "
		"[{count: 2, disk: {bytes: 256 KiB, map: lazy, file: common}, workload: {kind: dd, op: mixed, pattern: "
		"random, "
		"count: 60, depth: 4}}]",
	};

	(void)state;
	for (size_t i = 0; i < NUM(texts); i++)
		same_with_check(texts[i]);
}

/* What is equal does not depend on whether somebody looks. */
static void checking_changes_no_deduplication(void **state)
{
	(void)state;
	same_with_check(
		"hypervisor: {actions: [{kind: deduplicate, at: 20 us, vm: 1, with: 2, every: 100 us, count: "
		"6}]}\nvms: [{count: 2, "
		"disk: {bytes: 64 KiB, image: golden}, workload: {kind: dd, op: mixed, pattern: random, count: 80, "
		"depth: 3}}]");
}

/* Blocks that the missed write will cover may be left as they are, says `uncovered`; but the VF can read them before
 * the write has reached them, and sees what is none of its business. That is why the default is `all`. */
static void unzeroed_blocks_are_seen(void **state)
{
	static const char config[] =
		CHECK "hypervisor: {zeroing: %s}\nvms: [{disk: {bytes: 256 KiB, map: lazy}, workload: {kind: dd, "
		      "op: mixed, pattern: random, region_bytes: 32 KiB, count: 100, depth: 8}}]";
	replay uncovered = run_clustered(text_of(config, "uncovered")), all = run_clustered(text_of(config, "all"));

	(void)state;
	assert_true(uncovered.result.num_violations > 0);
	assert_non_null(strstr(uncovered.result.violation, "garbage"));
	assert_true(uncovered.result.hypervisor.num_zeroed_blocks < uncovered.result.hypervisor.num_allocated_blocks);
	assert_clean(&all);
	assert_int_equal(all.result.hypervisor.num_zeroed_blocks, all.result.hypervisor.num_allocated_blocks);
	replay_free(&uncovered);
	replay_free(&all);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_write_to_a_hole),
		cmocka_unit_test(a_miss_without_io),
		cmocka_unit_test(what_was_allocated_misses_no_more),
		cmocka_unit_test(each_unit_misses_once),
		cmocka_unit_test(a_read_of_a_hole_is_no_miss),
		cmocka_unit_test(the_registers_hold_one_miss_of_a_vf),
		cmocka_unit_test(vfs_are_served_in_turn),
		cmocka_unit_test(an_idle_hypervisor_changes_nothing),
		cmocka_unit_test(a_miss_stalls_others_only_if_it_blocks),
		cmocka_unit_test(hits_of_the_same_vf_pass_a_parked_miss),
		cmocka_unit_test(the_hypervisor_passes_stalled_vfs),
		cmocka_unit_test(a_quota_refuses_one_vm),
		cmocka_unit_test(a_full_medium_refuses),
		cmocka_unit_test(a_refusal_ends_one_request),
		cmocka_unit_test(a_refusal_across_two_files_leaks_nothing),
		cmocka_unit_test(pruned_leaves_come_back),
		cmocka_unit_test(a_budget_that_is_enough_costs_nothing),
		cmocka_unit_test(a_deleted_vm_ends),
		cmocka_unit_test(a_vm_with_parked_misses_can_be_deleted),
		cmocka_unit_test(a_deletion_comes_before_later_misses),
		cmocka_unit_test(a_deleted_vms_blocks_are_used_again),
		cmocka_unit_test(a_shared_file_outlives_its_vm),
		cmocka_unit_test(a_vm_begins_when_it_is_created),
		cmocka_unit_test(a_vm_lives_between_creation_and_deletion),
		cmocka_unit_test(a_disk_shrinks_and_grows),
		cmocka_unit_test(what_a_disk_lost_is_used_again),
		cmocka_unit_test(one_allocation_serves_all_vms_of_a_file),
		cmocka_unit_test(two_vms_miss_the_same_block),
		cmocka_unit_test(reads_pass_from_file_to_file),
		cmocka_unit_test(a_file_may_lie_elsewhere_in_another_disk),
		cmocka_unit_test(a_write_over_the_border_is_one_miss),
		cmocka_unit_test(defragmenting_makes_one_extent),
		cmocka_unit_test(a_defragmented_disk_is_walked_less),
		cmocka_unit_test(writes_wait_for_blocks_that_move),
		cmocka_unit_test(what_cannot_be_defragmented_stays),
		cmocka_unit_test(deduplicated_blocks_make_room),
		cmocka_unit_test(only_equal_blocks_are_shared),
		cmocka_unit_test(a_shared_block_is_copied_when_it_is_written),
		cmocka_unit_test(checking_changes_no_prediction),
		cmocka_unit_test(checking_changes_no_deduplication),
		cmocka_unit_test(unzeroed_blocks_are_seen),
		cmocka_unit_test(a_tiny_budget_for_trees_is_slow_but_not_endless),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
