/* A whole configuration, decoded: the root of the schema. */
#ifndef RUN_SCENARIO_H
#define RUN_SCENARIO_H

#include "config/config.h"
#include "host/storage.h"
#include "media/medium.h"
#include "nesc/nesc_config.h"
#include "nescsim/config.h"
#include "pcie/link_config.h"
#include "plot/figure_config.h"
#include "stacks/stack.h"

typedef struct scenario {
	struct {
		int64_t seed;
		int placement; /* sim_placement */
		int64_t warmup_requests;
		bool check;
	} sim;
	device_config device;
	pcie_link_config link;
	nesc_config nesc;
	cfg_variant media; /* index into medium_table */
	host_config host;
	guest_config guest;
	hypervisor_config hypervisor;
	cfg_list vms;     /* of vm_config */
	cfg_list schemes; /* of cfg_variant; index into stack_table */
	struct {
		bool requests;
	} output;
	struct {
		cfg_list params; /* of const char * */
		int64_t num_repeats;
	} sweep;          /* no part of what one run depends on */
	cfg_list figures; /* of figure_config; neither are they */
} scenario;

extern const cfg_section scenario_section;

struct nescsim_config {
	cfg_document *document;
	scenario scenario;
	/* Of nescsim_config_set_schemes(). */
	cfg_list listed_schemes;     /* the document's own */
	cfg_variant *chosen_schemes; /* those in use, if others */
	cfg_document *all_document;  /* all schemes with their defaults, made when first needed */
	cfg_list all_schemes;
	struct input_digests *digests; /* of the configuration that this one was loaded again from, or its own */
	bool has_own_digests;
};

/* As nescsim_config_load(), from files that are part of the program (cfg_load_files()). */
nescsim_status scenario_load_builtin(const char *name, const cfg_file *files, size_t num_files,
				     const nescsim_override *overrides, size_t num_overrides, nescsim_diag *diag,
				     nescsim_config **config_out);

/* As nescsim_config_load(), of the files of `original` as they were when it was loaded. `original` must
 * outlive it. */
nescsim_status scenario_load_again(const nescsim_config *original, const nescsim_override *overrides,
				   size_t num_overrides, nescsim_diag *diag, nescsim_config **config_out);

/* The effective configuration, as a result folder keeps it: all that a run depends on. A new reference, NULL when out of
 * memory. */
json_t *scenario_effective(const scenario *self);

/* The section `figures`, a list, for what a result is drawn by. A new reference, NULL when out of memory. */
json_t *scenario_figures(const scenario *self);

/* VMs of all entries together. */
uint32_t scenario_num_vms(const scenario *self);

/* The entry of `vms` that VM number `vm` (from 1) belongs to; its index in *index_out, which may be NULL. */
const vm_config *scenario_vm(const scenario *self, uint32_t vm, size_t *index_out);

/* Is a file of the VM's disk part of another VM's too? */
bool scenario_shares_files(const scenario *self, uint32_t vm);

/* Does an action of the hypervisor look at what blocks hold? */
bool scenario_compares_contents(const scenario *self);

/* Does an action of the hypervisor change the size of the VM's disk? */
bool scenario_vm_is_resized(const scenario *self, uint32_t vm);

/* Checks the limits of the schemes in use; NESCSIM_OK, or NESCSIM_CONFIG with the reasons in diag. */
nescsim_status scenario_check_schemes(const nescsim_config *config, nescsim_diag *diag);

/* Do the files of the plan fit the medium? The configuration's own check knows nothing of maps of real files. NESCSIM_OK, or
 * NESCSIM_CONFIG with the reason in diag. */
nescsim_status scenario_check_room(const nescsim_config *config, const storage_plan *plan, nescsim_diag *diag);

/* Scheme number `index`: its operations; parameters in *params_out. */
const stack_ops *scenario_scheme(const scenario *self, size_t index, const void **params_out);

const medium_ops *scenario_medium(const scenario *self);

#endif
