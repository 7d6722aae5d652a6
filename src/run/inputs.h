/* What the VMs' workloads share, made ready once for all schemes of a run. */
#ifndef RUN_INPUTS_H
#define RUN_INPUTS_H

#include <jansson.h>

#include "run/scenario.h"
#include "workload/source.h"

typedef struct inputs {
	source_shared **shared; /* by entry of `vms` */
	size_t num;
} inputs;

/* Checks all workloads and maps of real files, and reads what workloads share. Returns NESCSIM_OK, NESCSIM_TRACE,
 * NESCSIM_CONFIG, NESCSIM_IO (all mistakes are in diag) or NESCSIM_NO_MEMORY. To be freed with inputs_fini() whatever the
 * outcome; the configuration and diag must outlive it. */
nescsim_status inputs_prepare(inputs *self, const nescsim_config *config, nescsim_diag *diag);
void inputs_fini(inputs *self);

/* The notes of all entries (source_notes()), one per element. To be freed; NULL when out of memory. */
json_t *inputs_notes(const inputs *self);

#endif
