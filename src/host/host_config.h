/* The `host`, `guest`, `hypervisor` and `vms` sections of the configuration. */
#ifndef HOST_HOST_CONFIG_H
#define HOST_HOST_CONFIG_H

#include "base/time.h"
#include "config/schema.h"

/* Software costs by name, so that a scheme's table can point at them. */
typedef enum cost {
#define X(symbol, section, key, value, help, source) COST_##symbol,
#include "host/costs.def"
#undef X
	COST_NONE,
	NUM_COSTS
} cost;

typedef enum host_interrupts {
	HOST_INTERRUPTS_EXIT,   /* an exit and an injection per interrupt, an exit at its end */
	HOST_INTERRUPTS_POSTED, /* none of these where the vCPU runs */
} host_interrupts;

typedef enum host_journal {
	HOST_JOURNAL_METADATA,
	HOST_JOURNAL_NONE,
} host_journal;

typedef struct host_config {
	int64_t num_cores;
	int64_t num_io_cores; /* that the hypervisor's threads share; 0: one each */
	int journal;          /* host_journal: of the host's filesystem, for virtual disks that are files */
	int64_t page_cache_bytes, dirty_bytes, writeback_bytes; /* per virtual disk */
	int interrupts;                                         /* host_interrupts */
	int64_t copy_bps;                                       /* bytes per second of a memory copy by a core */
	ps_t posted_write_ps;                                   /* from the core to the root port */
	ps_t jitter_ps;                                         /* mean of what a segment takes longer */
#define COST_guest(symbol)
#define COST_host(symbol) ps_t symbol##_ps;
#define COST_hypervisor(symbol)
#define X(symbol, section, key, value, help, source) COST_##section(symbol)
#include "host/costs.def"
#undef X
#undef COST_guest
#undef COST_host
#undef COST_hypervisor
} host_config;

typedef struct guest_config {
	int64_t num_vcpus;
	int64_t instructions_per_ns_milli;
#define COST_guest(symbol) ps_t symbol##_ps;
#define COST_host(symbol)
#define COST_hypervisor(symbol)
#define X(symbol, section, key, value, help, source) COST_##section(symbol)
#include "host/costs.def"
#undef X
#undef COST_guest
#undef COST_host
#undef COST_hypervisor
} guest_config;

typedef enum hypervisor_zeroing {
	HYPERVISOR_ZERO_ALL,       /* every new block, before the VF may reach it */
	HYPERVISOR_ZERO_UNCOVERED, /* those that the missed write does not cover */
} hypervisor_zeroing;

typedef struct hypervisor_config {
	int64_t alloc_bytes; /* allocated at once, aligned */
	int zeroing;         /* hypervisor_zeroing */
	int64_t quota_bytes; /* that a file may get on demand; 0 = no limit */
	int64_t tree_bytes;  /* that the nodes of all trees may take; 0 = no limit */
	int64_t journal_bytes, journal_area_bytes;
	int64_t regenerate_bytes; /* read from the host filesystem per regeneration */
	cfg_list actions;         /* of cfg_variant; index is an action_kind */
#define COST_guest(symbol)
#define COST_host(symbol)
#define COST_hypervisor(symbol) ps_t symbol##_ps;
#define X(symbol, section, key, value, help, source) COST_##section(symbol)
#include "host/costs.def"
#undef X
#undef COST_guest
#undef COST_host
#undef COST_hypervisor
} hypervisor_config;

typedef enum disk_map_kind {
	DISK_MAP_CONTIGUOUS,
	DISK_MAP_FRAGMENTED,
	DISK_MAP_LAZY,
	DISK_MAP_EXTENTS,
} disk_map_kind;

/* How the fragmented map draws sizes. */
typedef enum disk_map_sizes {
	DISK_MAP_UNIFORM,     /* every size alike */
	DISK_MAP_LOG_UNIFORM, /* every doubling alike, every size in it alike */
} disk_map_sizes;

/* Parameters of the fragmented map. */
typedef struct disk_map_fragmented {
	int64_t min_extent_bytes, max_extent_bytes;
	int64_t hole_percent;
	int sizes; /* disk_map_sizes */
} disk_map_fragmented;

/* Parameters of the map of a real file. */
typedef struct disk_map_extents {
	cfg_path file;
	int format; /* as disk_map_format() says it */
} disk_map_extents;

/* One file; as the first of a virtual disk also those that follow it. */
typedef struct disk_config {
	int64_t num_bytes;
	cfg_variant map;
	const char *file;  /* files of one name are one file; "": a file of the VM's own */
	const char *image; /* files of one image hold the same at the start; "": an image of its own */
	cfg_list append;   /* of disk_config */
} disk_config;

/* What the hypervisor does at set times. */
typedef enum action_kind {
	ACTION_FLUSH,       /* empties the BTLB of a VM's extents */
	ACTION_DEFRAGMENT,  /* moves a range to one contiguous place */
	ACTION_DEDUPLICATE, /* shares equal blocks of two VMs */
	ACTION_RESIZE,
	ACTION_DELETE,
	ACTION_CREATE, /* the VM is not there before */
} action_kind;

typedef struct action_config {
	ps_t at_ps, every_ps;
	int64_t count;
	int64_t vm, with_vm; /* from 1 */
	int64_t first_bytes, num_bytes;
} action_config;

/* What a VM is entitled to in the device. */
typedef struct qos_config {
	int64_t weight, priority;
	int64_t rate_bps; /* 0 = no limit */
	int64_t burst_bytes;
} qos_config;

/* One entry of `vms`: `count` VMs alike. */
typedef struct vm_config {
	int64_t count;
	qos_config qos;
	disk_config disk;
	cfg_variant workload;   /* workload_variants; decoded there */
	cfg_variant filesystem; /* filesystem_variants; likewise */
} vm_config;

extern const cfg_section host_section;
extern const cfg_section guest_section;
extern const cfg_section hypervisor_section;
extern const cfg_key vm_element; /* element of the `vms` list */

/* All costs in one table, by name. */
void host_costs(const host_config *host, const guest_config *guest, const hypervisor_config *hypervisor,
		ps_t costs_out[NUM_COSTS]);

/* File number `index` of a disk, 0 ... append.num: its own, then those behind it. */
const disk_config *disk_config_file(const disk_config *disk, size_t index);

/* Can the file (the first one of `disk`) have holes at the start? A map in a file may say anything, so it can. */
bool disk_config_has_holes(const disk_config *disk);

/* Are two files of one name described alike? */
bool disk_config_is_same(const disk_config *one, const disk_config *other);

/* Name of the map's format, for real_map_read(). */
const char *disk_map_format(const disk_map_extents *map);

/* Bytes of a virtual disk: all its files together. */
uint64_t disk_total_bytes(const disk_config *disk);

#endif
