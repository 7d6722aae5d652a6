#include "host/host_config.h"

#include <stddef.h>

#include "workload/source.h"

#define KEYS(array) .keys = (array), .num_keys = sizeof(array) / sizeof((array)[0])

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
#define COST_host(symbol, key, value, help, source) COST_ROW(host_config, symbol, key, value, help, source)
static const cfg_key host_keys[] = {
	{ .name = "cores",
	  .type = CFG_COUNT,
	  .offset_in_struct = offsetof(host_config, num_cores),
	  .default_text = "16",
	  .min_text = "1",
	  .max_text = "1024",
	  .help = "Physical cores of the host; every vCPU and every tenant has one of its own.",
	  .source = "thesis: stated (2 x Xeon E5-2665, 8 cores each)" },
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
#define X(symbol, section, key, value, help, source) COST_##section(symbol, key, value, help, source)
#include "host/costs.def"
#undef X
};
#undef COST_guest
#undef COST_host

#define COST_guest(symbol, key, value, help, source) COST_ROW(guest_config, symbol, key, value, help, source)
#define COST_host(symbol, key, value, help, source)
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
	  .help = "Instructions that a core retires per nanosecond: divides recorded think time.",
	  .source = "assumption: one instruction per cycle at 2.4 GHz" },
#define X(symbol, section, key, value, help, source) COST_##section(symbol, key, value, help, source)
#include "host/costs.def"
#undef X
};
#undef COST_guest
#undef COST_host

const cfg_section host_section = { .name = "host", KEYS(host_keys), .struct_bytes = sizeof(host_config) };
const cfg_section guest_section = { .name = "guest", KEYS(guest_keys), .struct_bytes = sizeof(guest_config) };

void host_costs(const host_config *host, const guest_config *guest, ps_t costs_out[NUM_COSTS])
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

static const cfg_key map_fragmented_keys[] = {
	{ .name = "min_extent",
	  .type = CFG_BYTES,
	  .offset_in_struct = offsetof(disk_map_fragmented, min_extent_bytes),
	  .default_text = "4 KiB",
	  .min_text = "1 KiB",
	  .max_text = "1 TiB",
	  .help = "Smallest extent (whole KiB); sizes are drawn evenly up to max_extent.",
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

/* In the order of disk_map_kind. */
static const cfg_variant_row map_rows[] = {
	{ .name = "contiguous", .help = "One extent.", .section = &map_contiguous_section },
	{ .name = "fragmented",
	  .help = "Extents of random size, scattered over the disk's part of the medium.",
	  .section = &map_fragmented_section },
};

static const cfg_variants map_variants = {
	.tag = "kind",
	.default_name = "contiguous",
	.rows = map_rows,
	.num_rows = sizeof(map_rows) / sizeof(map_rows[0]),
};

static const cfg_key disk_keys[] = {
	{ .name = "bytes",
	  .type = CFG_BYTES,
	  .offset_in_struct = offsetof(disk_config, num_bytes),
	  .default_text = "1 GiB",
	  .min_text = "4 KiB",
	  .max_text = "1024 TiB",
	  .help = "Size of the virtual disk (whole KiB).",
	  .source = "choice: the medium of the VC707 board" },
	{ .name = "map",
	  .type = CFG_VARIANT,
	  .offset_in_struct = offsetof(disk_config, map),
	  .default_text = "{}",
	  .variants = &map_variants,
	  .help = "Where the disk's file lies on the medium.",
	  .source = "assumption: a fresh, preallocated file" },
};

static void disk_check(const void *value, cfg_check *check)
{
	const disk_config *disk = value;

	if (disk->num_bytes % 1024 != 0)
		cfg_conflict(check, "bytes", "a multiple of 1 KiB", "a virtual disk is made of blocks of 1 KiB");
}

static const cfg_section disk_section = {
	.name = "disk", KEYS(disk_keys), .struct_bytes = sizeof(disk_config), .check = disk_check
};

static const cfg_key vm_keys[] = {
	{ .name = "count",
	  .type = CFG_COUNT,
	  .offset_in_struct = offsetof(vm_config, count),
	  .default_text = "1",
	  .min_text = "1",
	  .max_text = "64",
	  .help = "How many VMs alike.",
	  .source = "choice: one VM" },
	{ .name = "disk",
	  .type = CFG_SECTION,
	  .offset_in_struct = offsetof(vm_config, disk),
	  .section = &disk_section,
	  .help = "The virtual disk." },
	{ .name = "workload",
	  .type = CFG_VARIANT,
	  .offset_in_struct = offsetof(vm_config, workload),
	  .variants = &workload_variants,
	  .help = "What the VM asks of its disk." },
};

static const cfg_section vm_section = { .name = "vms", KEYS(vm_keys), .struct_bytes = sizeof(vm_config) };

const cfg_key vm_element = { .name = "vm", .type = CFG_SECTION, .section = &vm_section, .help = "One kind of VM." };
