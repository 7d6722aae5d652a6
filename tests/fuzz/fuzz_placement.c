/* The proof that placements agree: random configs, run in both, compared by a hash of every request.
 *
 *   fuzz_placement FIRST COUNT            configs number FIRST ... FIRST + COUNT - 1; exit 1 on any difference
 *   fuzz_placement --mutants MAX          every seeded bug of the engine must be caught within MAX configs
 *   fuzz_placement --show NUMBER          prints that config
 *
 * Three families, by number modulo 3: general; everything on clock edges, so that ties abound; and zero hand-over
 * latencies. Hand-picked configs are no substitute: they agreed while the engine was wrong on a fifth of these.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "fuzz/machine.h"
#include "fuzz/mutants.h"
#include "nesc/arbiter.h"
#include "stacks/stack.h"

enum family {
	FAMILY_GENERAL,
	FAMILY_TIES,
	FAMILY_ZERO_LATENCY,
	NUM_FAMILIES
};

static const char *const family_names[] = { "general", "ties", "zero latency" };

#define TEXT_BYTES 65536
#define MAX_VMS 64

typedef struct config_text {
	char text[TEXT_BYTES];
	char scheme[16];
	uint64_t seed;
	bool may_fail;          /* requests, for want of space or of a disk */
	bool has_file[MAX_VMS]; /* by VM - 1: its disk is one file of its own */
} config_text;

static uint64_t pick(rng_stream *rng, uint64_t min, uint64_t max)
{
	return min + rng_uniform_u64(rng, max - min + 1);
}

/* A time of up to max_ns: any ps; whole clock edges of 4 ns; or none. */
static uint64_t pick_ps(rng_stream *rng, enum family family, uint64_t max_ns)
{
	if (family == FAMILY_ZERO_LATENCY)
		return 0;
	if (family == FAMILY_TIES)
		return pick(rng, 0, max_ns / 4) * 4000;
	return pick(rng, 0, max_ns * 1000);
}

static uint64_t pick_power(rng_stream *rng, uint64_t min, uint64_t max)
{
	uint64_t num = 0;

	while (min << (num + 1) <= max)
		num++;
	return min << pick(rng, 0, num);
}

static void make_link(rng_stream *rng, enum family family, FILE *out, bool iommu)
{
	static const char *const pieces[] = { "max_payload", "boundary" };
	/* 250 ps a byte and whole double words: every TLP ends on an edge of 1 GHz. */
	const bool on_edges = family != FAMILY_GENERAL;

	fprintf(out, "link: {generation: %" PRIu64 ", lanes: %" PRIu64 ", max_payload: %" PRIu64 " B, ",
		on_edges ? 2 : pick(rng, 1, 5), on_edges ? 8 : pick_power(rng, 1, 16), pick_power(rng, 128, 1024));
	fprintf(out, "max_read_request: %" PRIu64 " B, tags: %" PRIu64 ", completion_pieces: %s, ",
		pick_power(rng, 128, 1024), pick(rng, 0, 1) ? pick(rng, 1, 8) : 32, pieces[pick(rng, 0, 1)]);
	if (on_edges)
		fputs("dllp_share: false, ", out);
	if (iommu)
		fputs("iommu: true, iotlb_entries: 4, ", out);
	if (family == FAMILY_GENERAL && pick(rng, 0, 3) == 0)
		fputs("bit_error_rate: 0.000001, ", out);
	if (pick(rng, 0, 2) == 0)
		fprintf(out, "credits: {up: {posted_headers: %" PRIu64 "}, down: {completion_headers: %" PRIu64 "}}, ",
			pick(rng, 1, 8), pick(rng, 1, 8));
	fprintf(out, "credit_return: %" PRIu64 " ps, latency: %" PRIu64 " ps, rc_latency: %" PRIu64 " ps}\n",
		pick_ps(rng, family, 100), pick_ps(rng, family, 300), pick_ps(rng, family, 800));
}

static void make_nesc(rng_stream *rng, enum family family, FILE *out, uint64_t depth)
{
	static const char *const hum[] = { "any", "other_functions", "none" };
	static const char *const merge[] = { "node", "none" };
	static const char *const policies[] = {
#define X(symbol, name, help) name,
		ARBITER_POLICY_LIST(X)
#undef X
	};
	static const char *const replacement[] = { "lru", "fifo" };
	static const char *const partition[] = { "none", "equal" };
	const bool fast = family == FAMILY_ZERO_LATENCY || pick(rng, 0, 2) == 0;

	fprintf(out, "nesc:\n  queue: {depth: %" PRIu64 "}\n  vlba_queue: %" PRIu64 "\n  plba_queue: %" PRIu64 "\n",
		depth, pick(rng, 1, 16), pick(rng, 1, 16));
	fprintf(out, "  mux: {block_cycles: %" PRIu64 " cycles, policy: %s, quantum: %" PRIu64 " B}\n", pick(rng, 1, 4),
		policies[pick(rng, 0, 3)], pick(rng, 1, 8192));
	if (pick(rng, 0, 2) == 0)
		fprintf(out, "  interrupts: {coalesce_count: %" PRIu64 ", coalesce_time: %" PRIu64 " ps}\n",
			pick(rng, 2, 8), pick_ps(rng, family, 20000));
	fprintf(out, "  btlb: {entries: %" PRIu64 ", replacement: %s, partition: %s}\n", pick(rng, 1, 16),
		replacement[pick(rng, 0, 1)], partition[pick(rng, 0, 1)]);
	fprintf(out,
		"  walker: {count: %" PRIu64 ", merge: %s, match_cycles: %" PRIu64 " cycles, handover: %" PRIu64
		" cycles}\n",
		pick(rng, 1, 4), merge[pick(rng, 0, 1)], pick(rng, 1, 20),
		family == FAMILY_ZERO_LATENCY ? 0 : pick(rng, 1, 3));
	fprintf(out, "  tree: {node_bytes: %" PRIu64 " B, max_entries: %" PRIu64 "}\n", pick_power(rng, 128, 1024),
		pick(rng, 0, 1) ? 0 : pick(rng, 2, 4));
	fprintf(out, "  translation: {hit_under_miss: %s, lookup_cycles: %" PRIu64 " cycles}\n", hum[pick(rng, 0, 2)],
		pick(rng, 1, 4));
	fprintf(out, "  miss: {policy: %s}\n", pick(rng, 0, 3) == 0 ? "block" : "park");
	fprintf(out, "  transfer: {cycles: %" PRIu64 " cycles}\n", pick(rng, 1, 4));
	fprintf(out,
		"  dma: {datapath: %" PRIu64 " B, read_setup: %" PRIu64 " cycles, write_setup: %" PRIu64
		" cycles, write_issue: %" PRIu64 " cycles, completion_setup: %" PRIu64
		" cycles, outstanding_reads: %" PRIu64 ", queue: %" PRIu64 ", policy: %s, lane_blocks: %" PRIu64 "}\n",
		pick_power(rng, 8, 128), pick(rng, 0, fast ? 4 : 250), pick(rng, 0, fast ? 4 : 250), pick(rng, 1, 64),
		pick(rng, 0, 8), pick(rng, 1, 8), pick(rng, 1, 8), pick(rng, 0, 1) ? "fifo" : "priority",
		pick(rng, 1, 20));
	fprintf(out, "  driver: {max_request_bytes: %" PRIu64 " KiB, trampoline_bytes: %" PRIu64 " KiB}\n",
		4 * pick(rng, 1, 16), 4 * pick(rng, 1, 16));
}

static void make_media(rng_stream *rng, enum family family, FILE *out)
{
	static const char *const service[] = { "constant", "exponential" };

	switch (pick(rng, 0, 2)) {
	case 0:
		fprintf(out, "media: {kind: dram, read_latency: %" PRIu64 " ps, write_latency: %" PRIu64 " ps}\n",
			pick_ps(rng, family, 200), pick_ps(rng, family, 200));
		break;
	case 1:
		fprintf(out, "media: {kind: null, service: %s, mean: %" PRIu64 " ps, servers: %" PRIu64 "}\n",
			service[family == FAMILY_TIES ? 0 : pick(rng, 0, 1)], pick_ps(rng, family, 3000),
			pick(rng, 1, 8));
		break;
	default:
		fprintf(out,
			"media: {kind: nvm, unit_bytes: %" PRIu64 " B, units: %" PRIu64 ", read_latency: %" PRIu64
			" ps, write_latency: %" PRIu64 " ps, occupancy: %" PRIu64 " ps, jitter: %" PRIu64
			" ps, tail_one_in: %" PRIu64 ", buffer: %" PRIu64 " KiB}\n",
			pick_power(rng, 512, 32768), pick(rng, 1, 8), pick_ps(rng, family, 3000),
			pick_ps(rng, family, 3000), pick_ps(rng, family, 3000),
			family == FAMILY_TIES ? 0 : pick_ps(rng, family, 300), pick(rng, 1, 1000), pick(rng, 1, 64));
	}
}

static void make_software(rng_stream *rng, enum family family, FILE *out, uint64_t num_vcpus, bool shares_cores)
{
	static const char *const guest_costs[] = { "syscall",     "block_submit", "block_complete", "driver",
						   "irq_handler", "process_wake", "syscall_return" };
	static const char *const host_costs[] = {
		"syscall",        "block_submit",   "block_complete", "driver",
		"irq_handler",    "process_wake",   "syscall_return", "mmio_write",
		"exit_interrupt", "exit_eoi",       "exit_hlt",       "hlt_wake",
		"posted_write",   "exit_kick",      "eventfd_signal", "exit_user",
		"device_model",   "thread_wake",    "main_loop",      "aio_worker",
		"io_thread_loop", "virtqueue_take", "virtqueue_put",  "virtqueue_merge",
		"ata_start",      "ata_done",       "irqfd",          "irq_line",
		"aio_submit",     "fs_map",         "fs_allocate",    "fs_commit",
		"fsync",          "page",
	};

	/* All software free but for the wake-up of a vCPU: whoever relies on the rest taking time is wrong. */
	const bool is_free = pick(rng, 0, 4) == 0;

	fprintf(out, "guest: {vcpus: %" PRIu64, num_vcpus);
	for (size_t i = 0; i < sizeof(guest_costs) / sizeof(guest_costs[0]); i++)
		fprintf(out, ", %s: %" PRIu64 " ps", guest_costs[i],
			is_free ? 0 : pick_ps(rng, family, pick(rng, 0, 1) ? 50 : 2000));
	fprintf(out, "}\nhost: {cores: 1024, interrupts: %s", pick(rng, 0, 2) ? "exit" : "posted");
	for (size_t i = 0; i < sizeof(host_costs) / sizeof(host_costs[0]); i++)
		fprintf(out, ", %s: %" PRIu64 " ps", host_costs[i],
			is_free && strcmp(host_costs[i], "hlt_wake") != 0
				? 0
				: pick_ps(rng, family, pick(rng, 0, 1) ? 50 : 2000));
	if (family == FAMILY_TIES)
		fputs(", copy: 256 MB/s", out); /* 1 KiB = 4,000 ns */
	if (family == FAMILY_GENERAL && pick(rng, 0, 3) == 0)
		fprintf(out, ", jitter: %" PRIu64 " ps", pick_ps(rng, family, 500));
	if (shares_cores)
		fprintf(out, ", io_cores: %" PRIu64, pick(rng, 1, 4));
	fprintf(out, ", page_cache: %" PRIu64 " KiB, dirty: %" PRIu64 " KiB, writeback: %" PRIu64 " KiB}\n",
		pick(rng, 0, 1) ? pick(rng, 0, 128) : 4096, 4 * pick(rng, 1, 32), 4 * pick(rng, 1, 8));
}

/* How the hypervisor serves the scheme's VMs. `is_file`: holes are allocated. */
static void make_schemes(rng_stream *rng, enum family family, FILE *out, const char *scheme, bool is_file,
			 bool shares_cores)
{
	static const char *const caches[] = { "none", "writethrough", "writeback" };
	const uint64_t cache = is_file ? pick(rng, 0, 2) : 0; /* a block device with holes is not cached */
	const bool is_ide = pick(rng, 0, 1) == 0, in_main_loop = pick(rng, 0, 1) == 0;

	fprintf(out, "schemes:\n  - %s:\n      cache: %s\n      file: %s\n      aio: %s\n", scheme, caches[cache],
		is_file ? "true" : "false", cache == 0 && pick(rng, 0, 1) ? "native" : "threads");
	if (strcmp(scheme, "emulation") == 0) {
		fprintf(out, "      controller: %s\n      mode: %s\n      lba48: %s\n", is_ide ? "ide" : "ahci",
			is_ide && pick(rng, 0, 1) ? "pio" : "dma", is_ide && pick(rng, 0, 1) ? "true" : "false");
		return;
	}
	fprintf(out,
		"      ring: %" PRIu64 "\n      indirect: %s\n      thread: %s\n      max_request: %" PRIu64
		" KiB\n      merge: %" PRIu64 " KiB\n      suppress: %s\n      poll: %" PRIu64 " ps\n",
		pick_power(rng, 32, 256), pick(rng, 0, 1) ? "true" : "false", in_main_loop ? "main_loop" : "iothread",
		4 * pick(rng, 1, 16), pick(rng, 0, 1) * pick(rng, 1, 64), pick(rng, 0, 3) ? "true" : "false",
		shares_cores || in_main_loop || pick(rng, 0, 2) ? 0 : pick_ps(rng, family, 20000));
}

/* An action on VM `vm`. */
static void make_action(rng_stream *rng, FILE *out, uint64_t vm, uint64_t num_vms, const config_text *config)
{
	static const char *const kinds[] = { "flush", "defragment", "deduplicate", "resize", "delete", "create" };
	uint64_t kind = pick(rng, 0, 7);

	kind = kind > 5 ? pick(rng, 0, 1) : kind; /* mostly those that do no harm */
	if ((kind == 2 && num_vms == 1) || (kind == 3 && !config->has_file[vm - 1]))
		kind = 1;
	fprintf(out, "    - {kind: %s, at: %" PRIu64 " ns, vm: %" PRIu64, kinds[kind], pick(rng, 0, 400) * 1000, vm);
	if (kind <= 2)
		fprintf(out,
			", every: %" PRIu64 " us, count: %" PRIu64 ", first: %" PRIu64 " KiB, bytes: %" PRIu64 " KiB",
			pick(rng, 1, 100), pick(rng, 1, 6), pick(rng, 0, 1000), pick(rng, 1, 300));
	if (kind == 2)
		fprintf(out, ", with: %" PRIu64, vm == num_vms ? 1 : vm + 1);
	if (kind == 3)
		fprintf(out, ", bytes: %" PRIu64 " KiB", pick(rng, 4, 1500));
	fputs("}\n", out);
}

/* The hypervisor at run time: allocation, quotas, pruning, actions. */
static void make_hypervisor(rng_stream *rng, enum family family, FILE *out, uint64_t num_vms, config_text *config)
{
	static const char *const costs[] = { "allocate", "regenerate", "tree_node" };
	const bool has_actions = pick(rng, 0, 2) == 0;

	fprintf(out,
		"hypervisor:\n  alloc_bytes: %" PRIu64 " KiB\n  journal_bytes: %" PRIu64
		" KiB\n  regenerate_bytes: %" PRIu64 " KiB\n  journal_area: 64 KiB\n",
		pick_power(rng, 1, 64), pick(rng, 0, 16), pick(rng, 0, 8));
	if (pick(rng, 0, 2) == 0) {
		fprintf(out, "  quota: %" PRIu64 " KiB\n", pick(rng, 64, 600));
		config->may_fail = true;
	}
	if (pick(rng, 0, 2) == 0)
		fprintf(out, "  tree_memory: %" PRIu64 " KiB\n", pick(rng, 1, 16));
	for (size_t i = 0; i < sizeof(costs) / sizeof(costs[0]); i++)
		fprintf(out, "  %s: %" PRIu64 " ps\n", costs[i], pick_ps(rng, family, pick(rng, 0, 1) ? 50 : 2000));
	if (!has_actions)
		return;
	config->may_fail = true;
	fputs("  actions:\n", out);
	for (uint64_t vm = 1; vm <= num_vms && vm <= 8; vm++)
		make_action(rng, out, vm, num_vms, config);
}

/* A guest's filesystem on a disk of its own, and one process per vCPU. */
static void make_filesystem(rng_stream *rng, FILE *out, bool managed)
{
	static const char *const syncs[] = { "none", "fdatasync", "fsync" };

	fprintf(out,
		"    disk: {bytes: 8 MiB, map: %s}\n    filesystem: {kind: ext4, block_bytes: %d KiB, file: %s, sync: "
		"%s, "
		"sync_every: %" PRIu64 ", barriers: %s, journal_requests: %s}\n",
		managed && pick(rng, 0, 1) ? "lazy" : "contiguous", pick(rng, 0, 1) ? 1 : 4,
		pick(rng, 0, 1) ? "preallocated" : "empty", syncs[pick(rng, 0, 2)], pick(rng, 1, 4),
		pick(rng, 0, 1) ? "true" : "false", pick(rng, 0, 1) ? "merged" : "per_block");
}

static uint64_t pick_request_bytes(rng_stream *rng)
{
	static const uint64_t sizes[] = { 512, 1024, 1536, 2048, 4096, 4608, 8192, 32768, 262144 };

	return sizes[pick(rng, 0, 8)];
}

static void make_dd(rng_stream *rng, enum family family, FILE *out, uint64_t num_requests, bool reads_only,
		    bool has_filesystem)
{
	static const char *const ops[] = { "read", "write", "mixed" };

	fprintf(out,
		"    workload: {kind: dd, op: %s, read_percent: %" PRIu64 ", pattern: %s, request_bytes: %" PRIu64
		" B, count: %" PRIu64 ", depth: %" PRIu64,
		reads_only ? "read" : ops[pick(rng, 0, 2)], pick(rng, 0, 100),
		pick(rng, 0, 3) ? "random" : "sequential", pick_request_bytes(rng), num_requests,
		has_filesystem ? 1 : pick(rng, 1, 16));
	if (!has_filesystem && pick(rng, 0, 3) == 0)
		fprintf(out, ", arrival: %s, interval: %" PRIu64 " ns", pick(rng, 0, 1) ? "poisson" : "periodic",
			pick(rng, 500, 20000));
	else if (pick(rng, 0, 3) == 0)
		fprintf(out, ", think: %" PRIu64 " ps", pick_ps(rng, family, 3000));
	fputs("}\n", out);
}

/* A job with anything that decides when and in which order it submits. */
static void make_fio(rng_stream *rng, enum family family, FILE *out, uint64_t num_requests, bool reads_only)
{
	static const char *const orders[] = {
		"read", "randread", "write", "rw", "randrw", "trimwrite", "randtrimwrite"
	};
	static const char *const laws[] = { "random", "{kind: zipf, theta: 1.2}", "{kind: pareto, h: 0.2}" };
	static const char *const paces[] = { "linear", "poisson", "bursty" };
	const uint64_t num_jobs = pick(rng, 1, 3), think_ps = pick_ps(rng, family, 20000);

	fprintf(out,
		"    workload: {kind: fio, rw: %s, ioengine: %s, bs: %" PRIu64 " B, iodepth: %" PRIu64
		", numjobs: %" PRIu64 ", number_ios: %" PRIu64 ", io_size: 1 GiB, random_distribution: %s",
		orders[reads_only ? pick(rng, 0, 1) : pick(rng, 0, 6)], pick(rng, 0, 3) ? "libaio" : "psync",
		pick_request_bytes(rng), pick(rng, 1, 8), num_jobs, 1 + num_requests / num_jobs, laws[pick(rng, 0, 2)]);
	if (pick(rng, 0, 2) == 0)
		fprintf(out, ", rate_iops: %" PRIu64 ", rate_process: %s, io_submit_mode: %s",
			pick(rng, 20000, 2000000), paces[pick(rng, 0, 2)], pick(rng, 0, 1) ? "inline" : "offload");
	if (pick(rng, 0, 2) == 0)
		fprintf(out, ", thinktime: %" PRIu64 " ps, thinktime_spin: %" PRIu64 " ps, thinktime_blocks: %" PRIu64,
			think_ps, pick(rng, 0, 1) ? think_ps / 2 : 0, pick(rng, 1, 5));
	if (pick(rng, 0, 2) == 0)
		fprintf(out, ", fdatasync: %" PRIu64 ", end_fsync: true", pick(rng, 1, 5));
	if (pick(rng, 0, 2) == 0)
		fprintf(out, ", runtime: %" PRIu64 " ps, startdelay: %" PRIu64 " ps", pick(rng, 100, 3000) * 1000000,
			pick_ps(rng, family, 3000));
	fputs("}\n", out);
}

/* `managed`: writes to holes allocate. */
static void make_vms(rng_stream *rng, enum family family, FILE *out, uint64_t num_vms, uint64_t num_requests,
		     bool managed, bool is_served, config_text *config)
{
	/* Of their own, so that what else is drawn stays the same. */
	rng_stream maps = rng_open(config->seed, "fuzz.maps", 0);

	fputs("vms:\n", out);
	for (uint64_t i = 0; i < num_vms; i++) {
		const bool holes = pick(rng, 0, 3) == 0;
		const uint64_t min_kib = pick(rng, 1, 8);

		fprintf(out,
			"  - qos: {weight: %" PRIu64 ", priority: %" PRIu64 ", rate: %" PRIu64 " MB/s, burst: %" PRIu64
			" KiB}\n",
			pick(rng, 1, 5), pick(rng, 0, 3), pick(rng, 0, 3) ? 0 : pick(rng, 1, 400), pick(rng, 4, 64));
		const bool has_filesystem = num_vms <= 6 && pick(rng, 0, 5) == 0;

		config->has_file[i] = has_filesystem || !managed || is_served || pick(rng, 0, 1) == 0;
		if (has_filesystem)
			make_filesystem(rng, out, managed);
		else if (!config->has_file[i] && pick(rng, 0, 1) == 0)
			fputs("    disk: {bytes: 1 MiB, map: lazy, file: shared}\n", out);
		else if (!config->has_file[i])
			fputs("    disk: {bytes: 512 KiB, append: [{bytes: 300 KiB, map: lazy}, {bytes: 100 KiB}]}\n",
			      out);
		else if (managed && pick(rng, 0, 1) == 0)
			fputs("    disk: {bytes: 1 MiB, map: lazy}\n", out);
		else if (pick(rng, 0, 2) == 0)
			fputs("    disk: {bytes: 1 MiB}\n", out);
		else {
			const uint64_t max_kib = min_kib + pick(rng, 0, 16);

			if ((holes || managed) && rng_chance(&maps, 1, 2))
				fputs("    disk: {bytes: 1 MiB, map: {kind: extents, file: "
				      "traces/extents/small.map}}\n",
				      out);
			else
				fprintf(out,
					"    disk: {bytes: 1 MiB, map: {kind: fragmented, min_extent: %" PRIu64
					" KiB, max_extent: %" PRIu64 " KiB, hole_percent: %d, sizes: %s}}\n",
					min_kib, max_kib, holes ? 20 : 0,
					rng_chance(&maps, 1, 2) ? "uniform" : "log_uniform");
		}
		if (!has_filesystem && pick(rng, 0, 3) == 0)
			make_fio(rng, family, out, num_requests, holes && !managed);
		else
			make_dd(rng, family, out, num_requests, holes && !managed, has_filesystem);
	}
}

static void make_config(uint64_t number, config_text *out)
{
	const enum family family = (enum family)(number % NUM_FAMILIES);
	rng_stream rng = rng_open(number, "fuzz", family);
	const uint64_t num_vms = pick(&rng, 0, 9) == 0 ? pick(&rng, 16, 64) : pick(&rng, 1, 6);
	const uint64_t num_vcpus = num_vms > 8 ? 1 : pick(&rng, 1, 3);
	FILE *text = fmemopen(out->text, TEXT_BYTES, "w");
	const stack_ops *stack;
	const bool iommu = family == FAMILY_GENERAL && pick(&rng, 0, 3) == 0;
	const bool shares_cores = pick(&rng, 0, 2) == 0;
	bool managed, served;

	out->may_fail = false;
	/* Mostly the scheme that uses the whole controller; any other of the table where its rings suffice. */
	stack = stack_table[pick(&rng, 0, stack_table_num - 1)];
	if (pick(&rng, 0, 9) < 5 || (stack->uses_pf && num_vms * num_vcpus > BAR_MAX_PF_RINGS) ||
	    (stack->max_vms != 0 && num_vms > stack->max_vms))
		stack = &stack_nesc;
	served = stack->serve != NULL;
	snprintf(out->scheme, sizeof(out->scheme), "%s", stack->name);
	out->seed = number;
	fprintf(text, "# config %" PRIu64 ", family %s, scheme %s\n", number, family_names[family], out->scheme);
	if (pick(&rng, 0, 1) == 0)
		fputs("sim: {check: true}\n", text);
	fprintf(text, "device: {clock: %" PRIu64 " kHz, sriov: %s}\n",
		family == FAMILY_GENERAL ? pick(&rng, 100000, 400000)
		: family == FAMILY_TIES  ? 250000
					 : 1000000,
		iommu && pick(&rng, 0, 1) == 0 ? "true" : "false");
	make_link(&rng, family, text, iommu);
	make_nesc(&rng, family, text, pick(&rng, 0, 1) ? pick(&rng, 1, 16) : 64);
	make_media(&rng, family, text);
	make_software(&rng, family, text, num_vcpus, shares_cores);
	managed = (stack->uses_vfs || served) && pick(&rng, 0, 1) == 0;
	if (served)
		make_schemes(&rng, family, text, out->scheme, managed, shares_cores);
	make_vms(&rng, family, text, num_vms, num_vms > 8 ? 20 : 60, managed, served, out);
	if (managed && !served)
		make_hypervisor(&rng, family, text, num_vms, out);
	out->may_fail |= managed && served; /* a VM's arena may be used up */
	fclose(text);
}

/* 0: they agree; 1: they do not; 2: the config is bad, which is the fuzzer's own mistake. */
static int compare(uint64_t number, bool talk)
{
	static config_text config;
	machine_result clustered, per_unit;
	int verdict;

	make_config(number, &config);
	clustered = machine_run(config.text, config.scheme, SIM_CLUSTERED, config.seed, NULL, NULL);
	if (!clustered.config_ok) {
		printf("%s", config.text);
		return 2;
	}
	per_unit = machine_run(config.text, config.scheme, SIM_PER_UNIT, config.seed, NULL, NULL);
	verdict = clustered.hash != per_unit.hash || clustered.outcome != SIM_FINISHED ||
		  per_unit.outcome != SIM_FINISHED || clustered.num_submitted != clustered.num_completed ||
		  per_unit.num_submitted != per_unit.num_completed || (clustered.num_failed != 0 && !config.may_fail) ||
		  clustered.num_violations != 0 || per_unit.num_violations != 0;
	if (verdict != 0 && talk) {
		printf("config %" PRIu64 " (%s): hashes %016" PRIx64 " and %016" PRIx64 ", outcomes %d and %d, "
		       "submitted/completed/failed %" PRIu64 "/%" PRIu64 "/%" PRIu64 " and %" PRIu64 "/%" PRIu64
		       "/%" PRIu64 "\n",
		       number, family_names[number % NUM_FAMILIES], clustered.hash, per_unit.hash, clustered.outcome,
		       per_unit.outcome, clustered.num_submitted, clustered.num_completed, clustered.num_failed,
		       per_unit.num_submitted, per_unit.num_completed, per_unit.num_failed);
		if (clustered.num_violations != 0)
			printf("%" PRIu64 " violations, first: %s\n", clustered.num_violations, clustered.violation);
		if (clustered.description != NULL)
			printf("clustered:\n%s", clustered.description);
		if (per_unit.description != NULL)
			printf("per_unit:\n%s", per_unit.description);
	}
	free(clustered.description);
	free(per_unit.description);
	return verdict;
}

int main(int argc, char **argv)
{
	uint64_t first, count, num_different = 0;

	if (argc == 3 && strcmp(argv[1], "--show") == 0) {
		static config_text config;

		make_config(strtoull(argv[2], NULL, 10), &config);
		fputs(config.text, stdout);
		return 0;
	}
#ifdef NESCSIM_MUTANTS
	if (argc == 3 && strcmp(argv[1], "--mutants") == 0)
		return run_mutants(MUTANTS_ENGINE, strtoull(argv[2], NULL, 10), compare);
#endif
	if (argc != 3) {
		fprintf(stderr, "usage: %s FIRST COUNT\n", argv[0]);
		return 2;
	}
	first = strtoull(argv[1], NULL, 10);
	count = strtoull(argv[2], NULL, 10);
	for (uint64_t number = first; number < first + count; number++) {
		const int verdict = compare(number, true);

		if (verdict == 2)
			return 2;
		num_different += verdict != 0;
	}
	printf("%" PRIu64 " configs, %" PRIu64 " differ\n", count, num_different);
	return num_different == 0 ? 0 : 1;
}
