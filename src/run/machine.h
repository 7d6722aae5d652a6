/* A scenario under one scheme, wired and ready to run: engine, device, hypervisor, cores and what they are asked to do. */
#ifndef RUN_MACHINE_H
#define RUN_MACHINE_H

#include "host/hypervisor.h"
#include "run/checker.h"
#include "run/inputs.h"
#include "run/scenario.h"
#include "sim/core_pool.h"

typedef struct machine_config {
	const scenario *scenario;
	const cfg_document *document; /* for the places of messages; may be NULL */
	const stack_ops *ops;
	const void *params; /* the scheme's */
	const storage_plan *plan;
	const inputs *inputs; /* NULL: workloads are opened alone */
	sim_placement placement;
	/* Keeps the pieces of request number `logged_number` of VM 1's first vCPU; no log: of none. */
	stage_log *log;
	uint64_t logged_number;
	void (*completed)(void *context, const vcpu_completion *completion); /* of every request */
	void (*served)(void *context, const hypervisor_miss *miss);          /* of every miss; may be NULL */
	void *context;
} machine_config;

typedef struct machine_work {
	uint64_t num_requests, num_bytes;
	bool is_least; /* some VM's source does not know: there are more */
} machine_work;

typedef struct machine {
	machine_config config;
	sim_kernel *kernel;
	nesc_device *device;
	checker *checker;       /* check mode, or where contents are compared; else NULL */
	hypervisor *hypervisor; /* of schemes with VFs; else NULL */
	source **sources;       /* by core: VM by VM */
	vcpu **vcpus;
	io_thread **threads;                    /* by VM, of schemes with any; else NULLs */
	sim_core_pool *io_cores;                /* that they share; or NULL */
	uint32_t num_vms, num_vcpus, num_cores; /* num_vcpus per VM */
	uint64_t num_expected;                  /* requests, as far as sources know */
} machine;

/* The plan of all VMs' disks; the same for every scheme. Returns as storage_plan_init(); to be freed with
 * storage_plan_fini() whatever the outcome. */
nescsim_status machine_plan(const scenario *given, nescsim_diag *diag, storage_plan *plan);

/* Checks what the configuration refers to, as nescsim_config_check_inputs(), and counts the requests of one scheme's run and
 * their bytes, as far as their sources know. *work_out is valid with NESCSIM_OK. */
nescsim_status machine_count_work(const nescsim_config *config, nescsim_diag *diag, machine_work *work_out);

/* Builds it. Returns NESCSIM_OK, NESCSIM_NO_MEMORY, or why a workload could not be opened (NESCSIM_TRACE, NESCSIM_CONFIG,
 * NESCSIM_IO), with the reason in diag. To be freed with machine_fini() whatever the outcome. */
nescsim_status machine_build(machine *self, const machine_config *config, nescsim_diag *diag);
void machine_fini(machine *self);

#endif
