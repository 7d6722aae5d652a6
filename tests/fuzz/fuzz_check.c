/* Checked runs: does every read return what the last completed write left, and does nobody reach what is not his, while the
 * hypervisor allocates, prunes, moves, shares, flushes, resizes and deletes?
 *
 *   fuzz_check FIRST COUNT     random configs number FIRST ... FIRST + COUNT - 1; exit 1 on any violation
 *   fuzz_check --blocks NUM    one run of 64 VFs with at least NUM block operations, everything at once
 *   fuzz_check --mutants MAX   every seeded bug of the model must be caught within MAX configs
 *   fuzz_check --show NUMBER   prints that config
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "fuzz/machine.h"
#include "fuzz/mutants.h"
#include "nesc/arbiter.h"

#define TEXT_BYTES 65536
#define BIG_NUM_VMS 64
#define BIG_REQUEST_BLOCKS 4

static char text[TEXT_BYTES];
static const char *scheme;

static uint64_t pick(rng_stream *rng, uint64_t min, uint64_t max)
{
	return min + rng_uniform_u64(rng, max - min + 1);
}

/* What all these machines have in common: small disks, so that blocks are used again and again, and fast software. */
static void make_platform(rng_stream *rng, FILE *out)
{
	static const char *const hum[] = { "any", "other_functions", "none" };
	static const char *const policies[] = {
#define X(symbol, name, help) name,
		ARBITER_POLICY_LIST(X)
#undef X
	};
	const uint64_t medium = pick(rng, 0, 3);

	fputs("sim: {check: true}\nhost: {cores: 64, hlt_wake: 50 ns, exit_interrupt: 50 ns, exit_eoi: 50 ns, "
	      "exit_hlt: 0, "
	      "irq_handler: 0, process_wake: 0, block_submit: 0, block_complete: 0, driver: 0, main_loop: 0, "
	      "aio_worker: 0, "
	      "virtqueue_take: 10 ns, device_model: 10 ns, exit_user: 10 ns, fsync: 0, fs_commit: 0, page_cache: 32 "
	      "KiB, "
	      "dirty: 16 KiB}\n",
	      out);
	/* Slow host memory: what waits for it is easily overtaken. */
	fprintf(out, "link: {rc_latency: %" PRIu64 " ns}\n", pick(rng, 0, 5000));
	fputs("guest: {process_wake: 50 ns, syscall: 50 ns, syscall_return: 50 ns}\n", out);
	if (medium <= 1)
		fprintf(out, "media: {kind: dram, capacity: %" PRIu64 " MiB}\n", pick(rng, 96, 128));
	else if (medium == 2) /* accesses overtake each other, here and in nvm */
		fprintf(out,
			"media: {kind: null, service: exponential, mean: %" PRIu64 " ns, servers: %" PRIu64
			", capacity: %" PRIu64 " MiB}\n",
			pick(rng, 0, 3000), pick(rng, 1, 8), pick(rng, 96, 128));
	else
		fprintf(out,
			"media: {kind: nvm, units: %" PRIu64 ", occupancy: %" PRIu64 " ns, jitter: %" PRIu64
			" ns, buffer: %" PRIu64 " KiB, capacity: %" PRIu64 " MiB}\n",
			pick(rng, 1, 8), pick(rng, 0, 6000), pick(rng, 0, 1000), pick(rng, 1, 64), pick(rng, 96, 128));
	fprintf(out,
		"nesc:\n  btlb: {entries: %" PRIu64 "}\n  walker: {count: %" PRIu64
		"}\n  tree: {node_bytes: %d B}\n  translation: {hit_under_miss: %s}\n  miss: {policy: %s}\n"
		"  vlba_queue: %" PRIu64 "\n  plba_queue: %" PRIu64 "\n",
		pick(rng, 8, 256), pick(rng, 1, 8), pick(rng, 0, 1) ? 128 : 256, hum[pick(rng, 0, 2)],
		pick(rng, 0, 3) ? "park" : "block", pick(rng, 1, 16), pick(rng, 1, 16));
	fprintf(out,
		"  mux: {policy: %s}\n  interrupts: {coalesce_count: %" PRIu64
		", coalesce_time: 3 us}\n  dma: {read_setup: 16 cycles, write_setup: 16 cycles, outstanding_reads: "
		"%" PRIu64 ", queue: %" PRIu64 ", policy: %s, lane_blocks: %" PRIu64 "}\n",
		policies[pick(rng, 0, 3)], pick(rng, 0, 1) ? 1 : pick(rng, 2, 6), pick(rng, 1, 8), pick(rng, 1, 8),
		pick(rng, 0, 1) ? "fifo" : "priority", pick(rng, 1, 8));
}

static void make_action(rng_stream *rng, FILE *out, const char *kind, uint64_t vm, uint64_t every_us, uint64_t count)
{
	fprintf(out,
		"    - {kind: %s, at: %" PRIu64 " us, vm: %" PRIu64 ", every: %" PRIu64 " us, count: %" PRIu64
		", first: %" PRIu64 " KiB, bytes: %" PRIu64 " KiB",
		kind, pick(rng, 1, every_us), vm, every_us, count, pick(rng, 0, 200), pick(rng, 4, 40));
}

/* Flushes, moves and sharing, over and over; with `deadly` also a resize and a deletion. */
static void make_hypervisor(rng_stream *rng, FILE *out, uint64_t num_vms, uint64_t every_us, uint64_t count,
			    bool deadly, uint64_t quota_kib, uint64_t tree_kib)
{
	fprintf(out,
		"hypervisor:\n  alloc_bytes: %d KiB\n  quota: %" PRIu64 " KiB\n  tree_memory: %" PRIu64
		" KiB\n  allocate: 100 ns\n  regenerate: 100 ns\n  tree_node: 10 ns\n  actions:\n",
		1 << pick(rng, 0, 4), quota_kib, tree_kib);
	for (uint64_t vm = 1; vm <= num_vms; vm++) {
		make_action(rng, out, "flush", vm, every_us, count);
		fputs("}\n", out);
		make_action(rng, out, "defragment", vm, num_vms > 8 ? 8 * every_us : every_us,
			    count); /* it makes trees small */
		fputs("}\n", out);
		if (num_vms > 1) {
			make_action(rng, out, "deduplicate", vm, every_us, count);
			fprintf(out, ", with: %" PRIu64 "}\n", vm == num_vms ? 1 : vm + 1);
		}
	}
	if (!deadly)
		return;
	fprintf(out, "    - {kind: resize, at: %" PRIu64 " us, vm: 1, bytes: %" PRIu64 " KiB}\n", pick(rng, 1, 2000),
		pick(rng, 16, 600));
	if (num_vms > 1)
		fprintf(out, "    - {kind: delete, at: %" PRIu64 " us, vm: %" PRIu64 "}\n", pick(rng, 1, 1000),
			num_vms);
	if (num_vms > 2)
		fprintf(out, "    - {kind: create, at: %" PRIu64 " us, vm: 2}\n", pick(rng, 1, 100));
}

/* `real` draws which disks have the map of a real file; of its own, so that what else is drawn stays the same. */
static void make_vm(rng_stream *rng, rng_stream *real, FILE *out, uint64_t request_bytes, uint64_t count)
{
	static const char *const real_one = "{kind: extents, file: traces/extents/small.map}";
	static const char *const maps[] = {
		"lazy", "{kind: fragmented, min_extent: 1 KiB, max_extent: 6 KiB}",
		"{kind: fragmented, min_extent: 1 KiB, max_extent: 8 KiB, hole_percent: 30}"
	};
	static const uint64_t sizes[] = { 512, 1024, 1536, 2048, 4096, 4096, 8192, 12288 };
	const bool is_fio = request_bytes == 0 && pick(rng, 0, 3) == 0;
	const uint64_t map = pick(rng, 0, 2);

	fprintf(out,
		"  - qos: {weight: %" PRIu64 ", priority: %" PRIu64 ", rate: %" PRIu64
		" MB/s}\n    disk: {bytes: %" PRIu64 " KiB, image: golden, map: %s}\n",
		pick(rng, 1, 4), pick(rng, 0, 2), pick(rng, 0, 3) ? 0 : pick(rng, 20, 200), 4 * pick(rng, 32, 128),
		rng_chance(real, 1, 3) ? real_one : maps[map]);
	if (request_bytes == 0)
		request_bytes = sizes[pick(rng, 0, 7)];
	if (is_fio)
		fprintf(out,
			"    workload: {kind: fio, rw: %s, rwmixread: %" PRIu64 ", bs: %" PRIu64
			" B, number_ios: %" PRIu64 ", io_size: 1 TiB, ioengine: libaio, iodepth: %" PRIu64
			", numjobs: 2, norandommap: true, fdatasync: %" PRIu64 "}\n",
			pick(rng, 0, 2) ? "randrw" : "randtrimwrite", pick(rng, 30, 60), request_bytes, count / 2 + 1,
			pick(rng, 1, 4), pick(rng, 0, 4));
	else
		fprintf(out,
			"    workload: {kind: dd, op: mixed, read_percent: %" PRIu64
			", pattern: random, request_bytes: %" PRIu64 " B, count: %" PRIu64 ", depth: %" PRIu64 "}\n",
			pick(rng, 30, 60), request_bytes, count, pick(rng, 1, 8));
}

/* Disks that are files of the host's filesystem, behind a page cache that is too small. */
static void make_served(rng_stream *rng, FILE *out)
{
	static const char *const caches[] = { "none", "writethrough", "writeback" };

	fprintf(out, "schemes:\n  - %s: {file: true, cache: %s%s}\nhypervisor: {journal_area: 256 KiB}\n", scheme,
		caches[pick(rng, 0, 2)],
		strcmp(scheme, "virtio") != 0 ? ", controller: ahci"
		: pick(rng, 0, 1) == 0        ? ", thread: iothread, merge: 32 KiB"
					      : ", thread: main_loop");
}

static void make_config(uint64_t number)
{
	rng_stream rng = rng_open(number, "check", 0), real = rng_open(number, "check.real", 0);
	const uint64_t num_vms = pick(&rng, 1, 8);
	FILE *out = fmemopen(text, TEXT_BYTES, "w");

	scheme = number % 3 != 2 ? "nesc" : number % 2 ? "virtio" : "emulation";
	fprintf(out, "# checked config %" PRIu64 ", %s\n", number, scheme);
	make_platform(&rng, out);
	if (strcmp(scheme, "nesc") != 0)
		make_served(&rng, out);
	else
		make_hypervisor(&rng, out, num_vms, pick(&rng, 20, 200), 40, pick(&rng, 0, 1) == 0,
				pick(&rng, 0, 2) ? pick(&rng, 100, 500) : 0, num_vms * pick(&rng, 1, 6));
	fputs("vms:\n", out);
	for (uint64_t i = 0; i < num_vms; i++)
		make_vm(&rng, &real, out, 0, 400);
	fclose(out);
}

static void make_big_config(uint64_t num_blocks)
{
	rng_stream rng = rng_open(1, "check", 1), real = rng_open(1, "check.real", 1);
	const uint64_t count = (num_blocks + BIG_NUM_VMS * BIG_REQUEST_BLOCKS - 1) / (BIG_NUM_VMS * BIG_REQUEST_BLOCKS);
	FILE *out = fmemopen(text, TEXT_BYTES, "w");

	scheme = "nesc";
	make_platform(&rng, out);
	/* About as long as the requests take. */
	make_hypervisor(&rng, out, BIG_NUM_VMS, 20000, 1 + count / 500, true, 200, BIG_NUM_VMS);
	fputs("vms:\n", out);
	for (uint64_t i = 0; i < BIG_NUM_VMS; i++)
		make_vm(&rng, &real, out, BIG_REQUEST_BLOCKS * 1024, count);
	fclose(out);
}

static int verdict_of(machine_result *result, bool talk)
{
	const bool wrong = result->outcome != SIM_FINISHED || result->num_submitted != result->num_completed ||
			   result->num_violations != 0;

	if (wrong && talk) {
		printf("outcome %d, submitted/completed/failed %" PRIu64 "/%" PRIu64 "/%" PRIu64 ", %" PRIu64
		       " violations%s%s\n",
		       result->outcome, result->num_submitted, result->num_completed, result->num_failed,
		       result->num_violations, result->num_violations != 0 ? ": " : "", result->violation);
		if (result->description != NULL)
			printf("%s", result->description);
	}
	free(result->description);
	return wrong;
}

/* 1: something is wrong; 2: the config is bad, which is our own mistake. */
static int check(uint64_t number, bool talk)
{
	machine_result result;

	make_config(number);
	result = machine_run(text, scheme, SIM_CLUSTERED, number, NULL, NULL);
	if (!result.config_ok)
		return 2;
	if (verdict_of(&result, talk) == 0)
		return 0;
	if (talk)
		printf("^ config %" PRIu64 "\n", number);
	return 1;
}

static int check_big(uint64_t num_blocks)
{
	machine_result result;
	const hypervisor_counts *counts = &result.hypervisor;

	make_big_config(num_blocks);
	result = machine_run(text, "nesc", SIM_CLUSTERED, 1, NULL, NULL);
	if (!result.config_ok)
		return 2;
	printf("%" PRIu64 " block operations of 64 VFs, %" PRIu64 " requests, %" PRIu64 " of which failed\n",
	       result.counts.num_blocks, result.num_completed, result.num_failed);
	printf("%" PRIu64 " misses: %" PRIu64 " allocations, %" PRIu64 " refused, %" PRIu64 " regenerations, %" PRIu64
	       " copies of shared blocks\n",
	       counts->num_misses, counts->num_allocations, counts->num_failed_allocations, counts->num_regenerations,
	       counts->num_copies);
	printf("%" PRIu64 " leaves pruned, %" PRIu64 " BTLB entries flushed, %" PRIu64 " blocks moved, %" PRIu64
	       " shared, %" PRIu64 " zeroed; %" PRIu64 " actions\n",
	       counts->num_pruned, result.btlb.flushed, counts->num_moved_blocks, counts->num_shared_blocks,
	       counts->num_zeroed_blocks, counts->num_actions);
	printf("%" PRIu64 " violations\n", result.num_violations);
	return verdict_of(&result, true);
}

int main(int argc, char **argv)
{
	uint64_t first, count, num_wrong = 0;

	if (argc != 3) {
		fprintf(stderr, "usage: %s FIRST COUNT | --blocks NUM | --mutants MAX | --show NUMBER\n", argv[0]);
		return 2;
	}
	first = strtoull(argv[1], NULL, 10);
	count = strtoull(argv[2], NULL, 10);
	if (strcmp(argv[1], "--show") == 0) {
		make_config(count);
		fputs(text, stdout);
		return 0;
	}
	if (strcmp(argv[1], "--blocks") == 0)
		return check_big(count);
	if (strcmp(argv[1], "--mutants") == 0)
		return run_mutants(MUTANTS_MODEL, count, check);
	for (uint64_t number = first; number < first + count; number++) {
		const int verdict = check(number, true);

		if (verdict == 2)
			return 2;
		num_wrong += verdict != 0;
	}
	printf("%" PRIu64 " checked configs, %" PRIu64 " wrong\n", count, num_wrong);
	return num_wrong == 0 ? 0 : 1;
}
