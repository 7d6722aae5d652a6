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

typedef struct host_config {
	int64_t num_cores;
	int64_t copy_bps;     /* bytes per second of a memory copy by a core */
	ps_t posted_write_ps; /* from the core to the root port */
#define COST_guest(symbol)
#define COST_host(symbol) ps_t symbol##_ps;
#define X(symbol, section, key, value, help, source) COST_##section(symbol)
#include "host/costs.def"
#undef X
#undef COST_guest
#undef COST_host
} host_config;

typedef struct guest_config {
	int64_t num_vcpus;
	int64_t instructions_per_ns_milli;
#define COST_guest(symbol) ps_t symbol##_ps;
#define COST_host(symbol)
#define X(symbol, section, key, value, help, source) COST_##section(symbol)
#include "host/costs.def"
#undef X
#undef COST_guest
#undef COST_host
} guest_config;

typedef enum disk_map_kind {
	DISK_MAP_CONTIGUOUS,
	DISK_MAP_FRAGMENTED
} disk_map_kind;

/* Parameters of the fragmented map. */
typedef struct disk_map_fragmented {
	int64_t min_extent_bytes, max_extent_bytes;
	int64_t hole_percent;
} disk_map_fragmented;

typedef struct disk_config {
	int64_t num_bytes;
	cfg_variant map;
} disk_config;

/* One entry of `vms`: `count` VMs alike. */
typedef struct vm_config {
	int64_t count;
	disk_config disk;
	cfg_variant workload; /* workload_variants; decoded there */
} vm_config;

extern const cfg_section host_section;
extern const cfg_section guest_section;
extern const cfg_key vm_element; /* element of the `vms` list */

/* All costs in one table, by name. */
void host_costs(const host_config *host, const guest_config *guest, ps_t costs_out[NUM_COSTS]);

#endif
