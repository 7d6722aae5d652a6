#include "nesc/nesc_config.h"

#include <stddef.h>

#include "nesc/arbiter.h"
#include "nesc/btlb.h"

#define KEYS(array) .keys = (array), .num_keys = sizeof(array) / sizeof((array)[0])

static const cfg_key device_keys[] = {
	{ .name = "clock",
	  .type = CFG_FREQUENCY,
	  .offset_in_struct = offsetof(device_config, clock_hz),
	  .default_text = "250 MHz",
	  .min_text = "1 MHz",
	  .max_text = "10 GHz",
	  .help = "Clock of every unit of the controller.",
	  .source = "assumption: a 7-series PCIe gen 2 x8 core of 128 bit runs at 250 MHz; the thesis states none" },
	{ .name = "functions",
	  .type = CFG_COUNT,
	  .offset_in_struct = offsetof(device_config, num_functions),
	  .default_text = "64",
	  .min_text = "1",
	  .max_text = "64",
	  .help = "Virtual functions (VFs) that the device has, beside the PF.",
	  .source = "thesis: stated" },
	{ .name = "sriov",
	  .type = CFG_BOOL,
	  .offset_in_struct = offsetof(device_config, sriov),
	  .default_text = "false",
	  .help = "True SR-IOV: the IOMMU knows the VFs (link.iommu), so guests need no trampoline buffers.",
	  .source = "thesis: stated (the prototype emulates SR-IOV by 4 KiB pages of its BAR)" },
	{ .name = "volatile_cache",
	  .type = CFG_BOOL,
	  .offset_in_struct = offsetof(device_config, volatile_cache),
	  .default_text = "false",
	  .help = "The device says that what it has taken can be lost: then the host's kernel flushes it for virtio "
		  "and "
		  "emulation, else it drops such flushes. (Drivers of a VF, and of the PF in `host`, pass a flush on "
		  "either "
		  "way: it waits for earlier writes.)",
	  .source = "assumption: the prototype's board is plain DRAM, its driver announces no cache" },
};

const cfg_section device_section = { .name = "device", KEYS(device_keys), .struct_bytes = sizeof(device_config) };

static const cfg_key queue_keys[] = {
	{ .name = "depth",
	  .type = CFG_COUNT,
	  .offset_in_struct = offsetof(nesc_config, queue.depth),
	  .default_text = "256",
	  .min_text = "1",
	  .max_text = "65535",
	  .help = "Scatter-gather nodes (up to 4 KiB each) that one ring of a function holds; also the driver's limit.",
	  .source = "assumption: 1 MiB of nodes, so that a 512 KiB request never waits for its own" },
};
static const cfg_section queue_section = { .name = "nesc.queue", KEYS(queue_keys) };

static const char *const mux_policies[] = {
#define X(symbol, name, help) name,
	ARBITER_POLICY_LIST(X)
#undef X
		NULL
};
static const cfg_key mux_keys[] = {
	{ .name = "policy",
	  .type = CFG_ENUM,
	  .offset_in_struct = offsetof(nesc_config, mux.policy),
	  .default_text = "round_robin",
	  .choices = mux_policies,
	  .help = "Which function's next node is taken; vms[].qos has the weights and priorities.",
	  .source = "thesis: stated" },
	{ .name = "quantum",
	  .type = CFG_BYTES,
	  .offset_in_struct = offsetof(nesc_config, mux.quantum_bytes),
	  .default_text = "4 KiB",
	  .min_text = "1 B",
	  .max_text = "1 GiB",
	  .help = "Bytes per round and weight under deficit_round_robin.",
	  .source = "choice: one full node" },
	{ .name = "block_cycles",
	  .type = CFG_CYCLES,
	  .offset_in_struct = offsetof(nesc_config, mux.block_cycles),
	  .default_text = "1 cycle",
	  .min_text = "1 cycle",
	  .max_text = "1000 cycles",
	  .help = "Cycles per 1 KiB block to cut a node into blocks.",
	  .source = "assumption: fully pipelined" },
};
static const cfg_section mux_section = { .name = "nesc.mux", KEYS(mux_keys) };

static const char *const btlb_replacements[] = {
#define X(symbol, name) name,
	BTLB_REPLACEMENT_LIST(X)
#undef X
		NULL
};
static const char *const btlb_partitions[] = {
#define X(symbol, name) name,
	BTLB_PARTITION_LIST(X)
#undef X
		NULL
};
static const cfg_key btlb_keys[] = {
	{ .name = "entries",
	  .type = CFG_COUNT,
	  .offset_in_struct = offsetof(nesc_config, btlb.num_entries),
	  .default_text = "8",
	  .min_text = "1",
	  .max_text = "1024",
	  .help = "Extents that the block translation lookaside buffer holds, for all VFs together.",
	  .source = "thesis: stated" },
	{ .name = "replacement",
	  .type = CFG_ENUM,
	  .offset_in_struct = offsetof(nesc_config, btlb.replacement),
	  .default_text = "lru",
	  .choices = btlb_replacements,
	  .help = "Which extent makes room.",
	  .source = "thesis: \"the last 8 extents used\" (lru); \"evicting the oldest entry\" (fifo) is the other "
		    "reading" },
	{ .name = "partition",
	  .type = CFG_ENUM,
	  .offset_in_struct = offsetof(nesc_config, btlb.partition),
	  .default_text = "none",
	  .choices = btlb_partitions,
	  .help = "Whether each VF has an equal share of the entries.",
	  .source = "thesis: stated (shared by all VFs)" },
};
static const cfg_section btlb_section = { .name = "nesc.btlb", KEYS(btlb_keys) };

static const char *const walker_merges[] = { "node", "none", NULL };
static const cfg_key walker_keys[] = {
	{ .name = "count",
	  .type = CFG_COUNT,
	  .offset_in_struct = offsetof(nesc_config, walker.count),
	  .default_text = "2",
	  .min_text = "1",
	  .max_text = "16",
	  .help = "Block walkers, each with one walk under way.",
	  .source = "thesis: stated (two walks overlap)" },
	{ .name = "merge",
	  .type = CFG_ENUM,
	  .offset_in_struct = offsetof(nesc_config, walker.merge),
	  .default_text = "node",
	  .choices = walker_merges,
	  .help = "Whether a block waits for the walk that another block of its node has under way.",
	  .source = "assumption: four blocks of a node nearly always lie in one extent" },
	{ .name = "match_cycles",
	  .type = CFG_CYCLES,
	  .offset_in_struct = offsetof(nesc_config, walker.match_cycles),
	  .default_text = "4 cycles",
	  .min_text = "1 cycle",
	  .max_text = "10000 cycles",
	  .help = "Cycles to match a block in a fetched tree node.",
	  .source = "assumption: binary search over 20 entries, one comparison per cycle" },
	{ .name = "handover",
	  .type = CFG_CYCLES,
	  .offset_in_struct = offsetof(nesc_config, walker.handover_cycles),
	  .default_text = "1 cycle",
	  .min_text = "0",
	  .max_text = "10000 cycles",
	  .help = "Cycles for a walker's fetch to reach the DMA engine, and for its result to reach the translation "
		  "unit.",
	  .source = "assumption: one register stage" },
};
static const cfg_section walker_section = { .name = "nesc.walker", KEYS(walker_keys) };

static const cfg_key tree_keys[] = {
	{ .name = "node_bytes",
	  .type = CFG_BYTES,
	  .offset_in_struct = offsetof(nesc_config, tree.node_bytes),
	  .default_text = "512 B",
	  .min_text = "128 B",
	  .max_text = "4 KiB",
	  .power_of_two = true,
	  .help = "Size of an extent-tree node in host memory.",
	  .source = "assumption: one maximum read request" },
	{ .name = "max_entries",
	  .type = CFG_COUNT,
	  .offset_in_struct = offsetof(nesc_config, tree.max_entries),
	  .default_text = "0",
	  .min_text = "0",
	  .max_text = "170",
	  .help = "Limit to the entries per node (0 = as many as fit; 1 is not a tree): deepens the tree for "
		  "experiments.",
	  .source = "choice: nodes are filled" },
};
static const cfg_section tree_section = { .name = "nesc.tree", KEYS(tree_keys) };

static const char *const hit_under_miss_names[] = { "any", "other_functions", "none", NULL };
static const cfg_key translation_keys[] = {
	{ .name = "hit_under_miss",
	  .type = CFG_ENUM,
	  .offset_in_struct = offsetof(nesc_config, translation.hit_under_miss),
	  .default_text = "any",
	  .choices = hit_under_miss_names,
	  .help = "Which look-ups may pass pending walks.",
	  .source = "assumption: the thesis states overlapped walks only" },
	{ .name = "lookup_cycles",
	  .type = CFG_CYCLES,
	  .offset_in_struct = offsetof(nesc_config, translation.lookup_cycles),
	  .default_text = "1 cycle",
	  .min_text = "1 cycle",
	  .max_text = "1000 cycles",
	  .help = "Cycles of one look-up in the BTLB.",
	  .source = "assumption: fully associative, 8 comparators" },
};
static const cfg_section translation_section = { .name = "nesc.translation", KEYS(translation_keys) };

static const char *const miss_policies[] = { "park", "block", NULL };
static const cfg_key miss_keys[] = {
	{ .name = "policy",
	  .type = CFG_ENUM,
	  .offset_in_struct = offsetof(nesc_config, miss.policy),
	  .default_text = "park",
	  .choices = miss_policies,
	  .help = "What a block that needs the hypervisor does meanwhile: it waits aside (park), or it stalls the "
		  "shared "
		  "queue with all VFs behind it (block).",
	  .source = "assumption: the thesis states the registers and RewalkTree only" },
};
static const cfg_section miss_section = { .name = "nesc.miss", KEYS(miss_keys) };

static const cfg_key transfer_keys[] = {
	{ .name = "cycles",
	  .type = CFG_CYCLES,
	  .offset_in_struct = offsetof(nesc_config, transfer.transfer_cycles),
	  .default_text = "1 cycle",
	  .min_text = "1 cycle",
	  .max_text = "1000 cycles",
	  .help = "Cycles per block in the data transfer unit.",
	  .source = "assumption: fully pipelined" },
};
static const cfg_section transfer_section = { .name = "nesc.transfer", KEYS(transfer_keys) };

static const char *const dma_policies[] = { "fifo", "priority", NULL };
static const cfg_key dma_keys[] = {
	{ .name = "datapath",
	  .type = CFG_BYTES,
	  .offset_in_struct = offsetof(nesc_config, dma.datapath_bytes),
	  .default_text = "16 B",
	  .min_text = "4 B",
	  .max_text = "128 B",
	  .power_of_two = true,
	  .help = "Bytes that the DMA engine moves per cycle.",
	  .source = "assumption: 128 bit, as the PCIe core" },
	{ .name = "read_setup",
	  .type = CFG_CYCLES,
	  .offset_in_struct = offsetof(nesc_config, dma.read_setup_cycles),
	  .default_text = "222 cycles",
	  .min_text = "0",
	  .max_text = "1000000 cycles",
	  .help = "Cycles for which a block to the host (a device read) keeps the engine beside its beats.",
	  .source = "fitted to: 800 MB/s for 1 MiB reads of a VF" },
	{ .name = "write_setup",
	  .type = CFG_CYCLES,
	  .offset_in_struct = offsetof(nesc_config, dma.write_setup_cycles),
	  .default_text = "194 cycles",
	  .min_text = "0",
	  .max_text = "1000000 cycles",
	  .help = "Cycles for which a block from the host (a device write) keeps the engine beside its beats.",
	  .source = "fitted to: 950-1000 MB/s for 1 MiB writes of a VF" },
	{ .name = "write_issue",
	  .type = CFG_CYCLES,
	  .offset_in_struct = offsetof(nesc_config, dma.write_issue_cycles),
	  .default_text = "64 cycles",
	  .min_text = "1 cycle",
	  .max_text = "1000000 cycles",
	  .help = "Cycles of a device write's set-up that pass before its data is asked for (part of the round trip).",
	  .source = "fitted to: NeSC latency 6-8 us for 512 B-2 KiB, writes too" },
	{ .name = "completion_setup",
	  .type = CFG_CYCLES,
	  .offset_in_struct = offsetof(nesc_config, dma.completion_setup_cycles),
	  .default_text = "8 cycles",
	  .min_text = "0",
	  .max_text = "1000000 cycles",
	  .help = "Cycles for which a completion entry with its MSI keeps the engine beside its beats.",
	  .source = "assumption: a descriptor made in hardware" },
	{ .name = "outstanding_reads",
	  .type = CFG_COUNT,
	  .offset_in_struct = offsetof(nesc_config, dma.outstanding_reads),
	  .default_text = "8",
	  .min_text = "1",
	  .max_text = "256",
	  .help = "Blocks that may be on their way from host memory at once.",
	  .source = "assumption: at least 4, so that occupancy and not the round trip limits writes" },
	{ .name = "queue",
	  .type = CFG_COUNT,
	  .offset_in_struct = offsetof(nesc_config, dma.queue_blocks),
	  .default_text = "4",
	  .min_text = "1",
	  .max_text = "1024",
	  .help = "Blocks that each queue into the DMA engine holds.",
	  .source = "assumption" },
	{ .name = "policy",
	  .type = CFG_ENUM,
	  .offset_in_struct = offsetof(nesc_config, dma.policy),
	  .default_text = "fifo",
	  .choices = dma_policies,
	  .help = "Which block the engine moves next: the first that came, or the one of the VF with the least "
		  "vms[].qos.priority; walkers always go first.",
	  .source = "thesis: stated (fifo: a plain engine; priority: proposed, not built)" },
	{ .name = "lane_blocks",
	  .type = CFG_COUNT,
	  .offset_in_struct = offsetof(nesc_config, dma.lane_blocks),
	  .default_text = "16",
	  .min_text = "1",
	  .max_text = "65536",
	  .help = "With policy=priority: blocks of one priority that may be between the multiplexer and the engine. "
		  "They have places of their own there, so that those of another priority never wait behind them.",
	  .source = "assumption: as plba_queue" },
};
static const cfg_section dma_section = { .name = "nesc.dma", KEYS(dma_keys) };

static const cfg_key driver_keys[] = {
	{ .name = "max_request_bytes",
	  .type = CFG_BYTES,
	  .offset_in_struct = offsetof(nesc_config, driver.max_request_bytes),
	  .default_text = "512 KiB",
	  .min_text = "4 KiB",
	  .max_text = "16 MiB",
	  .help = "Largest request that the driver hands to the device in one piece.",
	  .source = "assumption: Linux's default max_sectors_kb of the time (512)" },
	{ .name = "trampoline_bytes",
	  .type = CFG_BYTES,
	  .offset_in_struct = offsetof(nesc_config, driver.trampoline_bytes),
	  .default_text = "512 KiB",
	  .min_text = "4 KiB",
	  .max_text = "1 GiB",
	  .help = "Trampoline buffer per vCPU: bounds the bytes that a guest has under way.",
	  .source = "assumption: one largest request" },
};
static const cfg_section driver_section = { .name = "nesc.driver", KEYS(driver_keys) };

static const cfg_key interrupt_keys[] = {
	{ .name = "coalesce_count",
	  .type = CFG_COUNT,
	  .offset_in_struct = offsetof(nesc_config, interrupts.coalesce_count),
	  .default_text = "1",
	  .min_text = "1",
	  .max_text = "65535",
	  .help = "Completions of a ring that are told by one interrupt; 1 = each has its own.",
	  .source = "thesis: stated (one \"finished\" interrupt per request)" },
	{ .name = "coalesce_time",
	  .type = CFG_DURATION,
	  .offset_in_struct = offsetof(nesc_config, interrupts.coalesce_ps),
	  .default_text = "20 us",
	  .min_text = "0",
	  .max_text = "1 s",
	  .help = "Longest time that a completion waits for others to share its interrupt.",
	  .source = "choice: matters where coalesce_count is above 1 only" },
};
static const cfg_section interrupt_section = { .name = "nesc.interrupts", KEYS(interrupt_keys) };

#define NESTED(key, its_section, text)                                                                           \
	{                                                                                                        \
		.name = key, .type = CFG_SECTION, .offset_in_struct = 0, .section = &(its_section), .help = text \
	}

static const cfg_key nesc_keys[] = {
	NESTED("queue", queue_section, "The functions' request queues."),
	{ .name = "vlba_queue",
	  .type = CFG_COUNT,
	  .offset_in_struct = offsetof(nesc_config, vlba_queue_blocks),
	  .default_text = "16",
	  .min_text = "1",
	  .max_text = "65536",
	  .help = "Blocks between the multiplexer and the translation unit.",
	  .source = "assumption" },
	{ .name = "plba_queue",
	  .type = CFG_COUNT,
	  .offset_in_struct = offsetof(nesc_config, plba_queue_blocks),
	  .default_text = "16",
	  .min_text = "1",
	  .max_text = "65536",
	  .help = "Translated blocks that wait for the data transfer unit.",
	  .source = "assumption" },
	NESTED("mux", mux_section, "The multiplexer of the request queues."),
	NESTED("btlb", btlb_section, "The block translation lookaside buffer."),
	NESTED("walker", walker_section, "The block walkers."),
	NESTED("tree", tree_section, "The extent trees in host memory."),
	NESTED("translation", translation_section, "The translation unit."),
	NESTED("miss", miss_section, "What happens where there is no mapping."),
	NESTED("transfer", transfer_section, "The data transfer unit."),
	NESTED("dma", dma_section, "The shared DMA engine."),
	NESTED("interrupts", interrupt_section, "Interrupts of completions."),
	NESTED("driver", driver_section, "What the drivers of the device do."),
};

static void nesc_check(const void *value, cfg_check *check)
{
	const nesc_config *config = value;
	const int64_t fits = (config->tree.node_bytes - TREE_HEADER_BYTES) / TREE_ENTRY_BYTES;

	if (config->tree.max_entries == 1)
		cfg_conflict(check, "tree.max_entries", "0, or at least 2", "a node of one entry makes no tree");
	if (config->tree.max_entries > fits)
		cfg_conflict(check, "tree.max_entries", "raise nesc.tree.node_bytes or lower this",
			     "a node of %lld bytes holds only %lld entries", (long long)config->tree.node_bytes,
			     (long long)fits);
	if (config->driver.trampoline_bytes < 4096 || config->driver.max_request_bytes % 4096 != 0)
		cfg_conflict(check, "driver.max_request_bytes", "a multiple of 4 KiB",
			     "nodes are 4 KiB, so a largest request must be a multiple of that");
}

const cfg_section nesc_section = {
	.name = "nesc", KEYS(nesc_keys), .struct_bytes = sizeof(nesc_config), .check = nesc_check
};
