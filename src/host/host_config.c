#include "host/host_config.h"

#include <stddef.h>
#include <string.h>

#include "workload/source.h"

#define KEYS(array) .keys = (array), .num_keys = sizeof(array) / sizeof((array)[0])

/* ---- the hypervisor's actions ------------------------------------------------------------------------------------ */

#define ACTION_WHEN                                                                                                \
	{ .name = "at",                                                                                            \
	  .type = CFG_DURATION,                                                                                    \
	  .offset_in_struct = offsetof(action_config, at_ps),                                                      \
	  .default_text = "0 s",                                                                                   \
	  .min_text = "0",                                                                                         \
	  .help = "When, from the start of the run.",                                                              \
	  .source = "choice: at once" },                                                                           \
	{                                                                                                          \
		.name = "vm", .type = CFG_COUNT, .offset_in_struct = offsetof(action_config, vm), .min_text = "1", \
		.max_text = "64", .help = "Number of the VM whose disk it is about, from 1."                       \
	}

#define ACTION_REPEAT                                                                                   \
	{ .name = "every",                                                                              \
	  .type = CFG_DURATION,                                                                         \
	  .offset_in_struct = offsetof(action_config, every_ps),                                        \
	  .default_text = "1 ms",                                                                       \
	  .min_text = "1 ns",                                                                           \
	  .help = "Time between repetitions.",                                                          \
	  .source = "choice: matters where count is above 1 only" },                                    \
	{                                                                                               \
		.name = "count", .type = CFG_COUNT, .offset_in_struct = offsetof(action_config, count), \
		.default_text = "1", .min_text = "1", .max_text = "1000000", .help = "How many times.", \
		.source = "choice: once"                                                                \
	}

#define ACTION_RANGE                                                                                             \
	{ .name = "first",                                                                                       \
	  .type = CFG_BYTES,                                                                                     \
	  .offset_in_struct = offsetof(action_config, first_bytes),                                              \
	  .default_text = "0 B",                                                                                 \
	  .min_text = "0 B",                                                                                     \
	  .help = "First byte of the range (a whole KiB); each repetition takes the range behind the last one, " \
		  "around the disk.",                                                                            \
	  .source = "choice: the start of the disk" },                                                           \
	{                                                                                                        \
		.name = "bytes", .type = CFG_BYTES, .offset_in_struct = offsetof(action_config, num_bytes),      \
		.default_text = "64 KiB", .min_text = "1 KiB", .max_text = "64 MiB",                             \
		.help = "Length of the range (whole KiB).", .source = "choice: a few nodes' worth"               \
	}

static const cfg_key flush_keys[] = { ACTION_WHEN, ACTION_REPEAT, ACTION_RANGE };
static const cfg_key defragment_keys[] = { ACTION_WHEN, ACTION_REPEAT, ACTION_RANGE };
static const cfg_key deduplicate_keys[] = {
	ACTION_WHEN,
	ACTION_REPEAT,
	ACTION_RANGE,
	{ .name = "with",
	  .type = CFG_COUNT,
	  .offset_in_struct = offsetof(action_config, with_vm),
	  .min_text = "1",
	  .max_text = "64",
	  .help = "Number of the other VM: equal blocks at the same place of both disks become one, until one is "
		  "written." },
};
static const cfg_key resize_keys[] = {
	ACTION_WHEN,
	{ .name = "bytes",
	  .type = CFG_BYTES,
	  .offset_in_struct = offsetof(action_config, num_bytes),
	  .min_text = "4 KiB",
	  .max_text = "1024 TiB",
	  .help = "New size of the virtual disk (whole KiB). A disk grows by a hole; what a shrunk one loses is "
		  "freed." },
};
static const cfg_key delete_keys[] = { ACTION_WHEN };
static const cfg_key create_keys[] = { ACTION_WHEN };

static void action_check(const void *value, cfg_check *check)
{
	const action_config *action = value;

	if (action->first_bytes % 1024 != 0)
		cfg_conflict(check, "first", "a multiple of 1 KiB", "a virtual disk is made of blocks of 1 KiB");
	if (action->num_bytes % 1024 != 0)
		cfg_conflict(check, "bytes", "a multiple of 1 KiB", "a virtual disk is made of blocks of 1 KiB");
}

static void deduplicate_check(const void *value, cfg_check *check)
{
	const action_config *action = value;

	action_check(value, check);
	if (action->vm == action->with_vm)
		cfg_conflict(check, "with", "the number of another VM", "a disk is compared with itself");
}

#define ACTION_SECTION(action, its_check)                                                         \
	static const cfg_section action##_section = { .name = "hypervisor.actions (" #action ")", \
						      KEYS(action##_keys),                        \
						      .struct_bytes = sizeof(action_config),      \
						      .check = its_check }
ACTION_SECTION(flush, action_check);
ACTION_SECTION(defragment, action_check);
ACTION_SECTION(deduplicate, deduplicate_check);
ACTION_SECTION(resize, action_check);
ACTION_SECTION(delete, NULL);
ACTION_SECTION(create, NULL);

/* In the order of action_kind. */
static const cfg_variant_row action_rows[] = {
	{ .name = "flush", .help = "The BTLB drops what it holds of the range.", .section = &flush_section },
	{ .name = "defragment",
	  .help = "The range is copied to one contiguous place, while the VM goes on.",
	  .section = &defragment_section },
	{ .name = "deduplicate",
	  .help = "Blocks of two VMs that are equal become one, copied again when written.",
	  .section = &deduplicate_section },
	{ .name = "resize", .help = "The virtual disk grows or shrinks.", .section = &resize_section },
	{ .name = "delete", .help = "The VF is deleted, with requests in flight.", .section = &delete_section },
	{ .name = "create", .help = "The VF is created; the VM begins then.", .section = &create_section },
};

static const cfg_variants action_variants = {
	.tag = "kind",
	.rows = action_rows,
	.num_rows = sizeof(action_rows) / sizeof(action_rows[0]),
};

static const cfg_key action_element = {
	.name = "action", .type = CFG_VARIANT, .variants = &action_variants, .help = "One action, once or repeated."
};

#define COST_ROW(its_struct, symbol, key_name, value, its_help, its_source) \
	{ .name = #key_name,                                                \
	  .type = CFG_DURATION,                                             \
	  .offset_in_struct = offsetof(its_struct, symbol##_ps),            \
	  .default_text = value,                                            \
	  .min_text = "0",                                                  \
	  .max_text = "1 s",                                                \
	  .help = its_help,                                                 \
	  .source = its_source },

#define COST_guest(symbol, key, value, help, source)
#define COST_hypervisor(symbol, key, value, help, source)
#define COST_host(symbol, key, value, help, source) COST_ROW(host_config, symbol, key, value, help, source)
static const char *const journal_choices[] = { "metadata", "none", NULL };
static const char *const interrupt_choices[] = { "exit", "posted", NULL };
static const cfg_key host_keys[] = {
	{ .name = "cores",
	  .type = CFG_COUNT,
	  .offset_in_struct = offsetof(host_config, num_cores),
	  .default_text = "16",
	  .min_text = "1",
	  .max_text = "1024",
	  .help = "Physical cores of the host; every vCPU and every tenant has one of its own.",
	  .source = "thesis: stated (2 x Xeon E5-2665, 8 cores each)" },
	{ .name = "io_cores",
	  .type = CFG_COUNT,
	  .offset_in_struct = offsetof(host_config, num_io_cores),
	  .default_text = "0",
	  .min_text = "0",
	  .max_text = "1024",
	  .help = "Cores that the I/O threads of all VMs share, first come first served; 0 = every thread has one of "
		  "its own.",
	  .source = "choice: no contention, as with one VM" },
	{ .name = "journal",
	  .type = CFG_ENUM,
	  .offset_in_struct = offsetof(host_config, journal),
	  .default_text = "metadata",
	  .choices = journal_choices,
	  .help = "What the host's filesystem journals of virtual disks that are files and that it allocates blocks "
		  "for: their metadata, or nothing. With a guest's filesystem that has a journal, journals are nested. "
		  "(Under nesc it is hypervisor.journal_bytes.)",
	  .source = "thesis: stated (metadata only for a virtual disk's file)" },
	{ .name = "page_cache",
	  .type = CFG_BYTES,
	  .offset_in_struct = offsetof(host_config, page_cache_bytes),
	  .default_text = "256 MiB",
	  .min_text = "0 B",
	  .max_text = "1 TiB",
	  .help = "Host memory that caches pages of one virtual disk, where the hypervisor uses the page cache.",
	  .source = "assumption: a fraction of 64 GB; more than the traced working sets" },
	{ .name = "dirty",
	  .type = CFG_BYTES,
	  .offset_in_struct = offsetof(host_config, dirty_bytes),
	  .default_text = "25 MiB",
	  .min_text = "4 KiB",
	  .max_text = "1 TiB",
	  .help = "Dirty pages of one virtual disk (page_cache, if that is less) from which on the host writes the "
		  "oldest in the background; who writes beyond twice as much waits.",
	  .source = "Linux: dirty_background_ratio is 10 % of memory by default; of page_cache here" },
	{ .name = "writeback",
	  .type = CFG_BYTES,
	  .offset_in_struct = offsetof(host_config, writeback_bytes),
	  .default_text = "4 KiB",
	  .min_text = "4 KiB",
	  .max_text = "16 MiB",
	  .help = "Largest request that dirty pages are written by (whole 4 KiB).",
	  .source = "assumption: a bio per page, which nothing below the page cache merges" },
	{ .name = "interrupts",
	  .type = CFG_ENUM,
	  .offset_in_struct = offsetof(host_config, interrupts),
	  .default_text = "exit",
	  .choices = interrupt_choices,
	  .help = "How an interrupt reaches a guest that runs: by an exit and an injection, with another exit at its "
		  "end, or posted, without any. An idle vCPU wakes up either way.",
	  .source = "thesis: stated (Sandy Bridge has no posted interrupts)" },
	{ .name = "copy",
	  .type = CFG_RATE,
	  .offset_in_struct = offsetof(host_config, copy_bps),
	  .default_text = "8500 MB/s",
	  .min_text = "1 MB/s",
	  .max_text = "1000 GB/s",
	  .help = "Rate at which a core copies memory (trampoline buffers).",
	  .source = "fitted to: reads from 32 KiB on ~10 % below host (0.12 us per KiB)" },
	{ .name = "posted_write",
	  .type = CFG_DURATION,
	  .offset_in_struct = offsetof(host_config, posted_write_ps),
	  .default_text = "20 ns",
	  .min_text = "0",
	  .max_text = "1 ms",
	  .help = "From a core's register write to the root port.",
	  .source = "assumption: on-die interconnect" },
	{ .name = "jitter",
	  .type = CFG_DURATION,
	  .offset_in_struct = offsetof(host_config, jitter_ps),
	  .default_text = "0 ns",
	  .min_text = "0",
	  .max_text = "1 ms",
	  .help = "Mean of what each segment of software takes longer than its cost, drawn from an exponential "
		  "distribution.",
	  .source = "choice: none, costs are means" },
#define X(symbol, section, key, value, help, source) COST_##section(symbol, key, value, help, source)
#include "host/costs.def"
#undef X
};
#undef COST_guest
#undef COST_host
#undef COST_hypervisor

#define COST_guest(symbol, key, value, help, source) COST_ROW(guest_config, symbol, key, value, help, source)
#define COST_host(symbol, key, value, help, source)
#define COST_hypervisor(symbol, key, value, help, source)
static const cfg_key guest_keys[] = {
	{ .name = "vcpus",
	  .type = CFG_COUNT,
	  .offset_in_struct = offsetof(guest_config, num_vcpus),
	  .default_text = "1",
	  .min_text = "1",
	  .max_text = "16",
	  .help = "vCPUs per VM, each with a core, a ring and an interrupt of its own; a trace is replayed on the "
		  "first.",
	  .source = "assumption: the traces were captured with one" },
	{ .name = "instructions_per_ns",
	  .type = CFG_DECIMAL,
	  .decimal_scale = 1000,
	  .offset_in_struct = offsetof(guest_config, instructions_per_ns_milli),
	  .default_text = "2.4",
	  .min_text = "0.001",
	  .max_text = "1000",
	  .help = "Instructions that a core retires per nanosecond: divides recorded think time. The default is for "
		  "traces captured under instruction counting, as those shipped are; 1 leaves a real machine's as it "
		  "is.",
	  .source = "assumption: one instruction per cycle at 2.4 GHz" },
#define X(symbol, section, key, value, help, source) COST_##section(symbol, key, value, help, source)
#include "host/costs.def"
#undef X
};
#undef COST_guest
#undef COST_host
#undef COST_hypervisor

#define COST_guest(symbol, key, value, help, source)
#define COST_host(symbol, key, value, help, source)
#define COST_hypervisor(symbol, key, value, help, source) COST_ROW(hypervisor_config, symbol, key, value, help, source)
static const char *const zeroing_choices[] = { "all", "uncovered", NULL };
static const cfg_key hypervisor_keys[] = {
	{ .name = "alloc_bytes",
	  .type = CFG_BYTES,
	  .offset_in_struct = offsetof(hypervisor_config, alloc_bytes),
	  .default_text = "4 KiB",
	  .min_text = "1 KiB",
	  .max_text = "64 MiB",
	  .power_of_two = true,
	  .help = "What a write to a hole allocates at once, aligned in the file.",
	  .source = "assumption: one block of ext4" },
	{ .name = "zeroing",
	  .type = CFG_ENUM,
	  .offset_in_struct = offsetof(hypervisor_config, zeroing),
	  .default_text = "all",
	  .choices = zeroing_choices,
	  .help = "Which new blocks are zeroed through the PF before the VF may reach them: all, or those that the "
		  "missed write does not cover. With `uncovered` a read that races with the write can see old data of "
		  "another file; `--check` finds it.",
	  .source = "choice: the one that isolates" },
	{ .name = "quota",
	  .type = CFG_BYTES,
	  .offset_in_struct = offsetof(hypervisor_config, quota_bytes),
	  .default_text = "0 B",
	  .min_text = "0 B",
	  .max_text = "1024 TiB",
	  .help = "What a file may be given on demand; 0 = no limit. Beyond it writes to holes fail.",
	  .source = "choice: no limit" },
	{ .name = "tree_memory",
	  .type = CFG_BYTES,
	  .offset_in_struct = offsetof(hypervisor_config, tree_bytes),
	  .default_text = "0 B",
	  .min_text = "0 B",
	  .max_text = "1 TiB",
	  .help = "Host memory for the nodes of all extent trees; 0 = no limit. Beyond it leaves are pruned, and "
		  "regenerated when a walk needs them.",
	  .source = "choice: no limit" },
	{ .name = "journal_bytes",
	  .type = CFG_BYTES,
	  .offset_in_struct = offsetof(hypervisor_config, journal_bytes),
	  .default_text = "12 KiB",
	  .min_text = "0 B",
	  .max_text = "1 MiB",
	  .help = "Metadata that the host filesystem journals per allocation, through the PF.",
	  .source = "assumption: descriptor, one metadata block and commit of 4 KiB each (ext4, data=ordered)" },
	{ .name = "journal_area",
	  .type = CFG_BYTES,
	  .offset_in_struct = offsetof(hypervisor_config, journal_area_bytes),
	  .default_text = "1 MiB",
	  .min_text = "64 KiB",
	  .max_text = "1 GiB",
	  .help = "Part of the medium, at its end, that the host filesystem keeps for journal and metadata where "
		  "blocks "
		  "are allocated at run time.",
	  .source = "assumption: its size matters only for what is left to files" },
	{ .name = "regenerate_bytes",
	  .type = CFG_BYTES,
	  .offset_in_struct = offsetof(hypervisor_config, regenerate_bytes),
	  .default_text = "4 KiB",
	  .min_text = "0 B",
	  .max_text = "1 MiB",
	  .help = "Metadata that the host filesystem reads through the PF to regenerate a pruned part of a tree.",
	  .source = "assumption: one block of ext4's own extent tree" },
	{ .name = "actions",
	  .type = CFG_LIST,
	  .offset_in_struct = offsetof(hypervisor_config, actions),
	  .default_text = "[]",
	  .element = &action_element,
	  .help = "What the hypervisor does to the VMs' disks while they run.",
	  .source = "choice: nothing" },
#define X(symbol, section, key, value, help, source) COST_##section(symbol, key, value, help, source)
#include "host/costs.def"
#undef X
};
#undef COST_guest
#undef COST_host
#undef COST_hypervisor

static void hypervisor_check(const void *value, cfg_check *check)
{
	const hypervisor_config *config = value;

	if (config->journal_bytes % 1024 != 0)
		cfg_conflict(check, "journal_bytes", "a multiple of 1 KiB", "metadata is made of blocks of 1 KiB");
	if (config->regenerate_bytes % 1024 != 0)
		cfg_conflict(check, "regenerate_bytes", "a multiple of 1 KiB", "metadata is made of blocks of 1 KiB");
	if (config->journal_area_bytes % 1024 != 0)
		cfg_conflict(check, "journal_area", "a multiple of 1 KiB", "the medium is made of blocks of 1 KiB");
	if (config->quota_bytes != 0 && config->quota_bytes < config->alloc_bytes)
		cfg_conflict(check, "quota", "0 (none), or at least alloc_bytes",
			     "the quota is smaller than what one miss allocates: every write to a hole would fail");
	if (config->journal_bytes > config->journal_area_bytes || config->regenerate_bytes > config->journal_area_bytes)
		cfg_conflict(check, "journal_area", "at least journal_bytes and regenerate_bytes",
			     "the area for metadata is smaller than what is written or read at once");
}

static void host_check(const void *value, cfg_check *check)
{
	const host_config *config = value;

	if (config->writeback_bytes % 4096 != 0)
		cfg_conflict(check, "writeback", "a multiple of 4 KiB", "pages are written as a whole");
}

const cfg_section host_section = {
	.name = "host", KEYS(host_keys), .struct_bytes = sizeof(host_config), .check = host_check
};
const cfg_section guest_section = { .name = "guest", KEYS(guest_keys), .struct_bytes = sizeof(guest_config) };
const cfg_section hypervisor_section = { .name = "hypervisor",
					 KEYS(hypervisor_keys),
					 .struct_bytes = sizeof(hypervisor_config),
					 .check = hypervisor_check };

void host_costs(const host_config *host, const guest_config *guest, const hypervisor_config *hypervisor,
		ps_t costs_out[NUM_COSTS])
{
#define X(symbol, section, key, value, help, source) costs_out[COST_##symbol] = section->symbol##_ps;
#include "host/costs.def"
#undef X
	costs_out[COST_NONE] = 0;
}

/* ---- vms -------------------------------------------------------------------------------------------------------- */

typedef struct disk_map_contiguous {
	char unused;
} disk_map_contiguous;

static const cfg_section map_contiguous_section = {
	.name = "disk.map (contiguous)", .keys = NULL, .num_keys = 0, .struct_bytes = sizeof(disk_map_contiguous)
};

/* In the order of disk_map_sizes. */
static const char *const size_choices[] = { "uniform", "log_uniform", NULL };

static const cfg_key map_fragmented_keys[] = {
	{ .name = "min_extent",
	  .type = CFG_BYTES,
	  .offset_in_struct = offsetof(disk_map_fragmented, min_extent_bytes),
	  .default_text = "4 KiB",
	  .min_text = "1 KiB",
	  .max_text = "1 TiB",
	  .help = "Smallest extent (whole KiB); `sizes` says how sizes up to max_extent are drawn.",
	  .source = "choice: one block of ext4" },
	{ .name = "max_extent",
	  .type = CFG_BYTES,
	  .offset_in_struct = offsetof(disk_map_fragmented, max_extent_bytes),
	  .default_text = "64 KiB",
	  .min_text = "1 KiB",
	  .max_text = "1 TiB",
	  .help = "Largest extent (whole KiB).",
	  .source = "choice: as the traced map frag64k (8-64 KiB)" },
	{ .name = "hole_percent",
	  .type = CFG_COUNT,
	  .offset_in_struct = offsetof(disk_map_fragmented, hole_percent),
	  .default_text = "0",
	  .min_text = "0",
	  .max_text = "100",
	  .help = "Share of the pieces that are holes instead of extents.",
	  .source = "choice: preallocated" },
	{ .name = "sizes",
	  .type = CFG_ENUM,
	  .offset_in_struct = offsetof(disk_map_fragmented, sizes),
	  .default_text = "uniform",
	  .choices = size_choices,
	  .help = "How sizes of extents and holes are drawn: every size alike, or every doubling from min_extent on "
		  "alike (many small ones, few large ones).",
	  .source = "choice: the simplest" },
};

static void map_fragmented_check(const void *value, cfg_check *check)
{
	const disk_map_fragmented *map = value;

	if (map->min_extent_bytes % 1024 != 0)
		cfg_conflict(check, "min_extent", "a multiple of 1 KiB", "extents are made of blocks of 1 KiB");
	if (map->max_extent_bytes % 1024 != 0)
		cfg_conflict(check, "max_extent", "a multiple of 1 KiB", "extents are made of blocks of 1 KiB");
	if (map->min_extent_bytes > map->max_extent_bytes)
		cfg_conflict(check, "max_extent", "at least min_extent",
			     "the largest extent is smaller than the smallest");
}

static const cfg_section map_fragmented_section = { .name = "disk.map (fragmented)",
						    KEYS(map_fragmented_keys),
						    .struct_bytes = sizeof(disk_map_fragmented),
						    .check = map_fragmented_check };

typedef disk_map_contiguous disk_map_lazy;

static const cfg_section map_lazy_section = {
	.name = "disk.map (lazy)", .keys = NULL, .num_keys = 0, .struct_bytes = sizeof(disk_map_lazy)
};

static const char *const map_format_choices[] = {
	"auto",
#define MAP_TEXT(name, help) #name,
#define MAP_IMAGE MAP_TEXT
#define MAP_LIVE(name, help)
#include "host/real_maps.def"
#undef MAP_TEXT
#undef MAP_IMAGE
#undef MAP_LIVE
	NULL,
};

static const cfg_key map_extents_keys[] = {
	{ .name = "file",
	  .type = CFG_PATH,
	  .offset_in_struct = offsetof(disk_map_extents, file),
	  .help = "The map, plain or compressed, or IMAGE:/path for a file in the image of an ext2, ext3 or ext4 "
		  "filesystem; relative to the file that names it. `nescsim extents` reads and writes maps.",
	  .source = "none: required" },
	{ .name = "format",
	  .type = CFG_ENUM,
	  .offset_in_struct = offsetof(disk_map_extents, format),
	  .default_text = "auto",
	  .choices = map_format_choices,
	  .help = "Format of the map; auto = by its name and content.",
	  .source = "assumption: formats are told apart by content" },
};

static const cfg_section map_extents_section = { .name = "disk.map (extents)",
						 KEYS(map_extents_keys),
						 .struct_bytes = sizeof(disk_map_extents) };

/* In the order of disk_map_kind. */
static const cfg_variant_row map_rows[] = {
	{ .name = "contiguous", .help = "One extent.", .section = &map_contiguous_section },
	{ .name = "fragmented",
	  .help = "Extents of random size, scattered over the disk's part of the medium.",
	  .section = &map_fragmented_section },
	{ .name = "lazy",
	  .help = "Nothing is allocated at first; blocks are when they are first written.",
	  .section = &map_lazy_section },
	{ .name = "extents",
	  .help = "The map of a real file. Runs of blocks keep their order on the medium and stay apart, one block "
		  "of the file's filesystem between two of them; holes and unwritten extents stay what they are.",
	  .section = &map_extents_section },
};

static const cfg_variants map_variants = {
	.tag = "kind",
	.default_name = "contiguous",
	.rows = map_rows,
	.num_rows = sizeof(map_rows) / sizeof(map_rows[0]),
};

#define DISK_FILE                                                                                                 \
	{ .name = "bytes",                                                                                        \
	  .type = CFG_BYTES,                                                                                      \
	  .offset_in_struct = offsetof(disk_config, num_bytes),                                                   \
	  .default_text = "1 GiB",                                                                                \
	  .min_text = "4 KiB",                                                                                    \
	  .max_text = "1024 TiB",                                                                                 \
	  .help = "Size of the virtual disk, or of this file of it (whole KiB).",                                 \
	  .source = "choice: the medium of the VC707 board" },                                                    \
		{ .name = "map",                                                                                  \
		  .type = CFG_VARIANT,                                                                            \
		  .offset_in_struct = offsetof(disk_config, map),                                                 \
		  .default_text = "{}",                                                                           \
		  .variants = &map_variants,                                                                      \
		  .help = "Where the disk's file lies on the medium.",                                            \
		  .source = "assumption: a fresh, preallocated file" },                                           \
		{ .name = "file",                                                                                 \
		  .type = CFG_STRING,                                                                             \
		  .offset_in_struct = offsetof(disk_config, file),                                                \
		  .default_text = "",                                                                             \
		  .help = "Name of the file: VMs that name the same file share it, and its extent tree.",         \
		  .source = "choice: a file of the VM's own" },                                                   \
	{                                                                                                         \
		.name = "image", .type = CFG_STRING, .offset_in_struct = offsetof(disk_config, image),            \
		.default_text = "",                                                                               \
		.help = "Name of what the file holds at the start: files of the same image can be deduplicated.", \
		.source = "choice: an image of its own"                                                           \
	}

static void disk_check(const void *value, cfg_check *check)
{
	const disk_config *disk = value;

	if (disk->num_bytes % 1024 != 0)
		cfg_conflict(check, "bytes", "a multiple of 1 KiB", "a virtual disk is made of blocks of 1 KiB");
}

static const cfg_key disk_file_keys[] = { DISK_FILE };

static const cfg_section disk_file_section = {
	.name = "disk.append", KEYS(disk_file_keys), .struct_bytes = sizeof(disk_config), .check = disk_check
};

static const cfg_key disk_file_element = {
	.name = "file", .type = CFG_SECTION, .section = &disk_file_section, .help = "One more file."
};

static const cfg_key disk_keys[] = {
	DISK_FILE,
	{ .name = "append",
	  .type = CFG_LIST,
	  .offset_in_struct = offsetof(disk_config, append),
	  .default_text = "[]",
	  .element = &disk_file_element,
	  .help = "More files: the VF exports them behind the first one as one disk.",
	  .source = "choice: one file" },
};

static const cfg_section disk_section = {
	.name = "disk", KEYS(disk_keys), .struct_bytes = sizeof(disk_config), .check = disk_check
};

const disk_config *disk_config_file(const disk_config *disk, size_t index)
{
	return index == 0 ? disk : &((const disk_config *)disk->append.items)[index - 1];
}

bool disk_config_has_holes(const disk_config *disk)
{
	return disk->map.index == DISK_MAP_LAZY || disk->map.index == DISK_MAP_EXTENTS ||
	       (disk->map.index == DISK_MAP_FRAGMENTED &&
		((const disk_map_fragmented *)disk->map.params)->hole_percent != 0);
}

static bool same_fragmented(const disk_map_fragmented *a, const disk_map_fragmented *b)
{
	return a->min_extent_bytes == b->min_extent_bytes && a->max_extent_bytes == b->max_extent_bytes &&
	       a->hole_percent == b->hole_percent && a->sizes == b->sizes;
}

static bool same_extents(const disk_map_extents *a, const disk_map_extents *b)
{
	return strcmp(a->file.resolved, b->file.resolved) == 0 && a->format == b->format;
}

bool disk_config_is_same(const disk_config *one, const disk_config *other)
{
	if (one->num_bytes != other->num_bytes || one->map.index != other->map.index ||
	    strcmp(one->image, other->image) != 0)
		return false;
	if (one->map.index == DISK_MAP_FRAGMENTED)
		return same_fragmented(one->map.params, other->map.params);
	return one->map.index != DISK_MAP_EXTENTS || same_extents(one->map.params, other->map.params);
}

const char *disk_map_format(const disk_map_extents *map)
{
	return map_format_choices[map->format];
}

uint64_t disk_total_bytes(const disk_config *disk)
{
	uint64_t total = 0;

	for (size_t i = 0; i <= disk->append.num; i++)
		total += (uint64_t)disk_config_file(disk, i)->num_bytes;
	return total;
}

static const cfg_key qos_keys[] = {
	{ .name = "weight",
	  .type = CFG_COUNT,
	  .offset_in_struct = offsetof(qos_config, weight),
	  .default_text = "1",
	  .min_text = "1",
	  .max_text = "65536",
	  .help = "Share of the VF under weighted_round_robin (nodes) and deficit_round_robin (bytes).",
	  .source = "choice: all alike" },
	{ .name = "priority",
	  .type = CFG_COUNT,
	  .offset_in_struct = offsetof(qos_config, priority),
	  .default_text = "0",
	  .min_text = "0",
	  .max_text = "63",
	  .help = "0 is the most important: under strict_priority, and in the DMA engine with "
		  "nesc.dma.policy=priority.",
	  .source = "choice: all alike" },
	{ .name = "rate",
	  .type = CFG_RATE,
	  .offset_in_struct = offsetof(qos_config, rate_bps),
	  .default_text = "0 MB/s",
	  .min_text = "0",
	  .max_text = "1000 GB/s",
	  .help = "Limit to the VF's bytes per second, reads and writes together, under any policy; 0 = none.",
	  .source = "choice: no limit" },
	{ .name = "burst",
	  .type = CFG_BYTES,
	  .offset_in_struct = offsetof(qos_config, burst_bytes),
	  .default_text = "64 KiB",
	  .min_text = "4 KiB",
	  .max_text = "1 TiB",
	  .help = "Bytes that a VF which has used less than its rate may take at once.",
	  .source = "assumption: a few nodes, so that waiting for a turn costs no rate" },
};
static const cfg_section qos_section = { .name = "vms.qos", KEYS(qos_keys), .struct_bytes = sizeof(qos_config) };

static const cfg_key vm_keys[] = {
	{ .name = "count",
	  .type = CFG_COUNT,
	  .offset_in_struct = offsetof(vm_config, count),
	  .default_text = "1",
	  .min_text = "0",
	  .max_text = "64",
	  .help = "How many VMs alike; 0 = one for each device of a trace with map: by_device.",
	  .source = "choice: one VM" },
	{ .name = "disk",
	  .type = CFG_SECTION,
	  .offset_in_struct = offsetof(vm_config, disk),
	  .section = &disk_section,
	  .help = "The virtual disk." },
	{ .name = "qos",
	  .type = CFG_SECTION,
	  .offset_in_struct = offsetof(vm_config, qos),
	  .section = &qos_section,
	  .help = "What the VM's VF is entitled to in the device." },
	{ .name = "workload",
	  .type = CFG_VARIANT,
	  .offset_in_struct = offsetof(vm_config, workload),
	  .variants = &workload_variants,
	  .help = "What the VM asks of its disk." },
	{ .name = "filesystem",
	  .type = CFG_VARIANT,
	  .offset_in_struct = offsetof(vm_config, filesystem),
	  .default_text = "none",
	  .variants = &filesystem_variants,
	  .help = "What the workload goes through in the guest on its way to the disk.",
	  .source = "choice: the disk itself" },
};

static const cfg_section vm_section = { .name = "vms", KEYS(vm_keys), .struct_bytes = sizeof(vm_config) };

const cfg_key vm_element = { .name = "vm", .type = CFG_SECTION, .section = &vm_section, .help = "One kind of VM." };
