#include "nescsim/run.h"

#include <stdlib.h>
#include <string.h>

#include "run/input_files.h"
#include "run/inputs.h"
#include "run/machine.h"
#include "run/outcome.h"

nescsim_status nescsim_config_check_inputs(const nescsim_config *config, nescsim_diag *diag)
{
	inputs checked;
	const nescsim_status status = inputs_prepare(&checked, config, diag);

	inputs_fini(&checked);
	return status;
}

/* Simulates all schemes and evaluates them. */
static nescsim_status simulate(const nescsim_config *config, const inputs *ready, const nescsim_run_options *options,
			       nescsim_diag *diag, nescsim_result *result)
{
	const scenario *given = &config->scenario;
	storage_plan plan;
	nescsim_status status = machine_plan(given, diag, &plan);

	result->num_vms = scenario_num_vms(given);
	result->seed = given->sim.seed;
	result->has_requests = given->output.requests;
	result->is_checked = given->sim.check;
	result->config = scenario_effective(given);
	/* What says what it varies has its figures drawn of a sweep. */
	result->figures = given->sweep.params.num != 0 ? json_array() : scenario_figures(given);
	result->notes = inputs_notes(ready);
	result->schemes = calloc(given->schemes.num, sizeof(*result->schemes));
	result->bottlenecks = calloc(given->schemes.num, sizeof(*result->bottlenecks));
	if (result->config == NULL || result->figures == NULL || result->notes == NULL || result->schemes == NULL ||
	    result->bottlenecks == NULL)
		status = NESCSIM_NO_MEMORY;
	for (size_t i = 0; status == NESCSIM_OK && i < given->schemes.num; i++) {
		const scheme_run run = {
			.config = config,
			.scheme_index = i,
			.inputs = ready,
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
	inputs ready = { .num = 0 };
	uint64_t stamp = 0;
	nescsim_status status = result == NULL ? NESCSIM_NO_MEMORY : NESCSIM_OK;

	*result_out = NULL;
	if (options == NULL)
		options = &no_options;
	/* Only a folder keeps them. */
	if (status == NESCSIM_OK && options->out_folder != NULL) {
		result->files = input_files_list(config, &stamp);
		status = result->files == NULL ? NESCSIM_NO_MEMORY : NESCSIM_OK;
	}
	if (status == NESCSIM_OK)
		status = inputs_prepare(&ready, config, diag);
	/* Before the run, so that a wrong folder costs no simulation. */
	if (status == NESCSIM_OK && options->out_folder != NULL) {
		result->out_folder = strdup(options->out_folder);
		status = result->out_folder == NULL ? NESCSIM_NO_MEMORY
						    : folder_check_writable(options->out_folder, diag);
	}
	if (status == NESCSIM_OK)
		status = simulate(config, &ready, options, diag, result);
	inputs_fini(&ready);
	/* Traces are read for each scheme. */
	if (status == NESCSIM_OK && result->files != NULL)
		status = input_files_check(config, result->files, stamp, diag);
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
