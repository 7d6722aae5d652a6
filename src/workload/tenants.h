/* One trace of many devices, dealt out to several VMs.
 *
 * The trace is read once. Each VM's requests go to a temporary file of its own, without a name, from which they are
 * read as often as needed (schemes, laps): so reading costs the same for 1 VM and for 64, and memory does not depend on
 * the trace's length. A request takes 120 bytes of disk in $TMPDIR, else /tmp.
 *
 * Devices that fall to one VM lie on its disk one behind the other, each from a whole MiB on, as far as each is touched.
 * What a request follows is worked out among its VM's requests; times stay those of the trace.
 */
#ifndef WORKLOAD_TENANTS_H
#define WORKLOAD_TENANTS_H

#include "workload/trace.h"

typedef enum tenants_map {
	TENANTS_SAME,      /* not dealt out: every VM replays the whole trace */
	TENANTS_BY_DEVICE, /* the first device to VM 1, the second to VM 2, ...: as many of these as of those */
	TENANTS_FOLD,      /* device number k (from 0) to VM k % num_vms: at least as many devices as VMs */
} tenants_map;

typedef struct tenants_rule {
	tenants_map map;          /* not TENANTS_SAME */
	const char *const *names; /* these devices in this order, others are left out; none: all, as they appear */
	size_t num_names;
	uint32_t num_vms;
} tenants_rule;

typedef struct tenants tenants;

/* Reads the whole trace (of trace_open(); options->any_device is implied). Returns NESCSIM_OK, NESCSIM_CONFIG (the
 * devices do not fit the rule: reported at `map`, `devices` or `device` of the workload at `place`), or as trace_open();
 * NESCSIM_IO when the temporary files cannot be written. To be freed with tenants_destroy(); `diag` and the strings
 * must outlive it. */
nescsim_status tenants_create(const char *file_name, const trace_options *options, const tenants_rule *rule,
			      const diag_place *place, nescsim_diag *diag, tenants **tenants_out);
void tenants_destroy(tenants *self);

/* How many devices a trace has that `rule` would deal out; its num_vms and map do not matter. As tenants_create(). */
nescsim_status tenants_count(const char *file_name, const trace_options *options, const tenants_rule *rule,
			     const diag_place *place, nescsim_diag *diag, uint32_t *num_devices_out);

/* The trace, read to its end: for messages and for what it is. */
trace *tenants_trace(const tenants *self);

/* What falls to a VM, numbered from 0. */
typedef struct tenant_facts {
	uint64_t num_requests, num_completed;
	uint64_t num_sectors; /* of reads and writes */
	uint64_t end_sector;  /* its disk is touched below this */
} tenant_facts;

const tenant_facts *tenants_facts(const tenants *self, uint32_t vm);

/* From the trace's start to the last queueing or completion, of all VMs. */
ps_t tenants_span_ps(const tenants *self);

/* The device number `index` (from 0) of a VM: its name, or NULL from the first unused index on. */
const char *tenants_device(const tenants *self, uint32_t vm, uint32_t index);

/* Requests of devices that the rule does not name. */
uint64_t tenants_num_left_out(const tenants *self);

/* One pass over a VM's requests. */
typedef struct tenant_reader tenant_reader;

/* NULL when out of memory. To be freed with tenant_close(). */
tenant_reader *tenant_open(const tenants *self, uint32_t vm);
void tenant_close(tenant_reader *self);

/* The next request, on the VM's disk: TRACE_RECORD, TRACE_END or TRACE_BROKEN (reported). */
trace_result tenant_next(tenant_reader *self, trace_record *record_out);

#endif
