#include "nescsim/run.h"

#include <stdlib.h>
#include <string.h>

#include "run/machine.h"
#include "run/outcome.h"

/* Place of a key of the entry `index` of `vms`; it keeps the pointer path_out. */
static diag_place vm_place(const nescsim_config *config, size_t index, const char *key, char *path_out,
			   size_t path_bytes)
{
	snprintf(path_out, path_bytes, "vms[%zu].%s", index, key);
	return cfg_place(config->document, path_out);
}

nescsim_status nescsim_config_check_inputs(const nescsim_config *config, nescsim_diag *diag)
{
	const scenario *given = &config->scenario;
	const vm_config *vms = given->vms.items;
	nescsim_status first = scenario_check_schemes(config, diag);

	for (size_t i = 0; i < given->vms.num; i++) {
		char path[64], filesystem_path[64];
		const diag_place place = vm_place(config, i, "workload", path, sizeof(path));
		const diag_place filesystem_place =
			vm_place(config, i, "filesystem", filesystem_path, sizeof(filesystem_path));
		const source_context context = {
			.seed = (uint64_t)given->sim.seed,
			.vm = 1,
			.num_vcpus = (uint32_t)given->guest.num_vcpus,
			.disk_bytes = disk_total_bytes(&vms[i].disk),
			.instructions_per_ns_milli = given->guest.instructions_per_ns_milli,
			.filesystem = &vms[i].filesystem,
			.filesystem_place = &filesystem_place,
		};
		const nescsim_status status = source_validate(&vms[i].workload, &context, &place, diag);

		if (first == NESCSIM_OK)
			first = status;
	}
	return first;
}

/* Simulates all schemes and evaluates them. */
static nescsim_status simulate(const nescsim_config *config, const nescsim_run_options *options, nescsim_diag *diag,
			       nescsim_result *result)
{
	const scenario *given = &config->scenario;
	storage_plan plan;
	nescsim_status status = machine_plan(given, &plan);

	result->num_vms = scenario_num_vms(given);
	result->seed = given->sim.seed;
	result->has_requests = given->output.requests;
	result->is_checked = given->sim.check;
	result->config = cfg_dump_json(&scenario_section, given);
	result->schemes = calloc(given->schemes.num, sizeof(*result->schemes));
	result->bottlenecks = calloc(given->schemes.num, sizeof(*result->bottlenecks));
	if (result->config == NULL || result->schemes == NULL || result->bottlenecks == NULL)
		status = NESCSIM_NO_MEMORY;
	for (size_t i = 0; status == NESCSIM_OK && i < given->schemes.num; i++) {
		const scheme_run run = {
			.config = config,
			.scheme_index = i,
			.plan = &plan,
			.progress = options->progress,
			.keep_requests = result->has_requests,
		};

		result->num_schemes++;
		status = scheme_simulate(&run, diag, &result->schemes[i]);
	}
	storage_plan_fini(&plan);
	return status == NESCSIM_OK ? result_evaluate(result) : status;
}

nescsim_status nescsim_run(const nescsim_config *config, const nescsim_run_options *options, nescsim_diag *diag,
			   nescsim_result **result_out)
{
	static const nescsim_run_options no_options;
	nescsim_result *result = calloc(1, sizeof(*result));
	folder *into = NULL;
	nescsim_status status = result == NULL ? NESCSIM_NO_MEMORY : NESCSIM_OK;

	*result_out = NULL;
	if (options == NULL)
		options = &no_options;
	if (status == NESCSIM_OK)
		status = nescsim_config_check_inputs(config, diag);
	/* Before the run, so that a wrong folder costs no simulation. */
	if (status == NESCSIM_OK && options->out_folder != NULL) {
		result->out_folder = strdup(options->out_folder);
		status = result->out_folder == NULL ? NESCSIM_NO_MEMORY
						    : folder_check_writable(options->out_folder, diag);
	}
	if (status == NESCSIM_OK)
		status = simulate(config, options, diag, result);
	/* Made only now, so that a run that is interrupted leaves nothing. */
	if (status == NESCSIM_OK && options->out_folder != NULL)
		status = folder_begin(options->out_folder, diag, &into);
	if (status == NESCSIM_OK && into != NULL)
		status = result_write(result, into);
	if (status != NESCSIM_OK) {
		folder_abort(into);
		nescsim_result_destroy(result);
		return status;
	}
	if (into != NULL)
		status = folder_commit(into);
	if (status != NESCSIM_OK) {
		nescsim_result_destroy(result);
		return status;
	}
	*result_out = result;
	return NESCSIM_OK;
}
