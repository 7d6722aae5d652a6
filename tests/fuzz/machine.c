#include "fuzz/machine.h"

#include <stdlib.h>
#include <string.h>

#include "config/config.h"
#include "run/machine.h"

#define MAX_VMS 64

bool machine_hashes = true;

typedef struct tally {
	uint64_t vcpu_hash[MAX_VMS + 1], served_hash;
	unsigned __int128 sum_latency_ps;
	machine_observer observer;
	void *context;
} tally;

static uint64_t mix(uint64_t hash, uint64_t value)
{
	hash ^= value + UINT64_C(0x9e3779b97f4a7c15) + (hash << 6) + (hash >> 2);
	hash *= UINT64_C(0xff51afd7ed558ccd);
	return hash ^ hash >> 32;
}

/* The order in which VMs (and a VM's cores) complete is the engine's business, so what is kept does not depend on it: a
 * sum per VM of the hashes of its requests. */
static void tally_completed(void *context, const vcpu_completion *completion)
{
	tally *self = context;
	uint64_t hash;

	self->sum_latency_ps += (unsigned __int128)(completion->block_end_ps - completion->block_start_ps);
	if (self->observer != NULL)
		self->observer(self->context, completion);
	if (!machine_hashes)
		return;
	hash = mix(completion->vm, completion->request->number);
	hash = mix(hash, (uint64_t)completion->request->first_sector);
	hash = mix(hash, (uint64_t)completion->status);
	hash = mix(hash, (uint64_t)completion->block_start_ps);
	hash = mix(hash, (uint64_t)completion->block_end_ps);
	for (int i = 0; completion->has_block && i < NUM_STAGES; i++) {
		hash = mix(hash, (uint64_t)completion->block_split->service_ps[i]);
		hash = mix(hash, (uint64_t)completion->block_split->wait_ps[i]);
	}
	hash = completion->has_app ? mix(hash, (uint64_t)completion->app_end_ps) : hash;
	for (int i = 0; completion->has_app && i < NUM_STAGES; i++) {
		hash = mix(hash, (uint64_t)completion->app_split->service_ps[i]);
		hash = mix(hash, (uint64_t)completion->app_split->wait_ps[i]);
	}
	self->vcpu_hash[completion->vm] += hash;
}

/* Misses are served one after the other, so their order is no accident. */
static void tally_served(void *context, const hypervisor_miss *miss)
{
	tally *self = context;

	self->served_hash = mix(self->served_hash, miss->vf);
	self->served_hash = mix(self->served_hash, (uint64_t)miss->begin_ps);
	self->served_hash = mix(self->served_hash, (uint64_t)miss->end_ps);
	self->served_hash = mix(self->served_hash, (uint64_t)miss->cpu_ps);
	self->served_hash = mix(self->served_hash, miss->num_interrupts);
}

static void run_and_tally(machine *run, const tally *counted, machine_result *result)
{
	result->outcome = sim_run(run->kernel);
	if (result->outcome != SIM_FINISHED)
		result->description = sim_describe(run->kernel);
	result->hash = counted->served_hash;
	for (uint32_t i = 0; i <= run->num_vms; i++)
		result->hash = mix(result->hash, counted->vcpu_hash[i]);
	for (uint32_t i = 0; i < run->num_cores; i++) {
		const vcpu *core = run->vcpus[i];

		result->num_submitted += vcpu_num_submitted(core);
		result->num_completed += vcpu_num_completed(core);
		result->num_failed += vcpu_num_failed(core);
		result->end_ps = ps_max(result->end_ps, vcpu_last_complete_ps(core));
		for (int owner = 0; owner < CPU_NUM_OWNERS; owner++)
			result->hash = mix(result->hash, (uint64_t)vcpu_cpu_ps(core, (cpu_owner)owner));
	}
	for (uint32_t i = 0; i < run->num_vms; i++)
		for (int owner = 0; run->threads[i] != NULL && owner < CPU_NUM_OWNERS; owner++)
			result->hash = mix(result->hash, (uint64_t)io_thread_cpu_ps(run->threads[i], (cpu_owner)owner));
	for (uint32_t i = 0; i < run->num_vms && run->threads[i] != NULL; i++) {
		const io_thread_counts counts = io_thread_count(run->threads[i]);

		result->hash = mix(result->hash, counts.num_wakes);
		result->hash = mix(result->hash, counts.num_kicks);
		result->hash = mix(result->hash, counts.num_interrupts);
		result->hash = mix(result->hash, counts.path.num_device_requests);
	}
	for (uint32_t vm = 0; run->hypervisor != NULL && vm <= run->num_vms; vm++)
		result->hash = mix(result->hash, (uint64_t)hypervisor_cpu_ps(run->hypervisor, vm));
	if (run->hypervisor != NULL)
		result->hypervisor = hypervisor_count(run->hypervisor);
	if (run->checker != NULL) {
		nescsim_status status;

		result->num_violations = checker_verdict(run->checker, result->violation, &status);
	}
	result->sum_latency_ps = counted->sum_latency_ps;
	result->counts = nesc_device_count(run->device);
	result->btlb = nesc_device_btlb(run->device, 0);
	result->engine = sim_kernel_counters(run->kernel);
	result->hash = mix(result->hash, result->counts.num_walk_fetches);
	result->hash = mix(result->hash, result->btlb.hits);
	result->hash = mix(result->hash, result->btlb.misses);
	for (uint32_t i = 0; i < nesc_device_num_units(run->device); i++) {
		const nesc_unit_report unit = nesc_device_unit(run->device, i);

		result->hash = mix(result->hash, (uint64_t)unit.busy_ps);
		for (uint32_t j = 0; j < unit.num_inputs; j++) {
			result->hash = mix(result->hash, (uint64_t)unit.inputs[j]->occupied_ps);
			result->hash = mix(result->hash, (uint64_t)unit.inputs[j]->stalled_ps);
		}
	}
}

static const stack_ops *find_stack(const char *name)
{
	for (size_t i = 0; i < stack_table_num; i++)
		if (strcmp(stack_table[i]->name, name) == 0)
			return stack_table[i];
	return NULL;
}

/* The scheme's parameters: as the config lists it, else its defaults, which belong to *defaults. */
static const void *find_params(const scenario *config, const char *scheme, cfg_document **defaults, nescsim_diag *diag)
{
	static scenario listed;
	const void *params;
	char text[128];

	for (size_t i = 0; i < config->schemes.num; i++)
		if (strcmp(scenario_scheme(config, i, &params)->name, scheme) == 0)
			return params;
	snprintf(text, sizeof(text), "schemes: [%s]\nvms: [{workload: {kind: dd, count: 1}}]\n", scheme);
	if (cfg_load_text("defaults", text, NULL, 0, diag, defaults) != NESCSIM_OK ||
	    cfg_decode(*defaults, &scenario_section, &listed, diag) != NESCSIM_OK)
		return NULL;
	scenario_scheme(&listed, 0, &params);
	return params;
}

machine_result machine_run(const char *yaml, const char *scheme, sim_placement placement, uint64_t seed,
			   machine_observer observer, void *context)
{
	machine_result result = { 0 };
	tally counted = { .observer = observer, .context = context };
	nescsim_diag *diag = nescsim_diag_create();
	cfg_document *document = NULL, *defaults = NULL;
	machine run = { .kernel = NULL };
	storage_plan plan;
	scenario config;
	machine_config wanted = {
		.scenario = &config,
		.ops = find_stack(scheme),
		.plan = &plan,
		.placement = placement,
		.completed = tally_completed,
		.served = tally_served,
		.context = &counted,
	};

	if (wanted.ops == NULL || cfg_load_text("fuzz", yaml, NULL, 0, diag, &document) != NESCSIM_OK ||
	    cfg_decode(document, &scenario_section, &config, diag) != NESCSIM_OK) {
		nescsim_diag_print(diag, stderr);
		nescsim_diag_destroy(diag);
		cfg_document_destroy(document);
		return result;
	}
	config.sim.seed = (int64_t)seed;
	wanted.params = find_params(&config, scheme, &defaults, diag);
	result.config_ok = wanted.params != NULL && machine_plan(&config, diag, &plan) == NESCSIM_OK &&
			   machine_build(&run, &wanted, diag) == NESCSIM_OK;
	if (!result.config_ok)
		nescsim_diag_print(diag, stderr);
	else
		run_and_tally(&run, &counted, &result);
	machine_fini(&run);
	storage_plan_fini(&plan);
	nescsim_diag_destroy(diag);
	cfg_document_destroy(document);
	cfg_document_destroy(defaults);
	return result;
}
