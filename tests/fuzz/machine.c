#include "fuzz/machine.h"

#include <stdlib.h>
#include <string.h>

#include "config/config.h"
#include "host/hypervisor.h"
#include "run/scenario.h"

#define MAX_VMS 64
#define MAX_VCPUS (MAX_VMS * 16)

bool machine_hashes = true;

typedef struct tally {
	uint64_t vcpu_hash[MAX_VMS + 1];
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
	hash = mix(hash, (uint64_t)completion->block_start_ps);
	hash = mix(hash, (uint64_t)completion->block_end_ps);
	for (int i = 0; i < NUM_STAGES; i++) {
		hash = mix(hash, (uint64_t)completion->block_split.service_ps[i]);
		hash = mix(hash, (uint64_t)completion->block_split.wait_ps[i]);
	}
	self->vcpu_hash[completion->vm] += hash;
}

static const stack_ops *find_stack(const char *name)
{
	for (size_t i = 0; i < stack_table_num; i++)
		if (strcmp(stack_table[i]->name, name) == 0)
			return stack_table[i];
	return NULL;
}

machine_result machine_run(const char *yaml, const char *scheme, sim_placement placement, uint64_t seed,
			   machine_observer observer, void *context)
{
	static disk_layout layouts[MAX_VMS];
	static source *sources[MAX_VCPUS];
	static vcpu *vcpus[MAX_VCPUS];
	machine_result result = { 0 };
	tally counted = { .observer = observer, .context = context };
	nescsim_diag *diag = nescsim_diag_create();
	cfg_document *document = NULL;
	scenario config;
	const stack_ops *stack = find_stack(scheme);
	uint32_t num_vms = 0, num_vcpus, num_cores = 0;
	uint64_t first_block = 0;
	const vm_config *kinds;
	sim_kernel *kernel;
	nesc_device *device;

	if (stack == NULL || cfg_load_text("fuzz", yaml, NULL, 0, diag, &document) != NESCSIM_OK ||
	    cfg_decode(document, &scenario_section, &config, diag) != NESCSIM_OK) {
		nescsim_diag_print(diag, stderr);
		nescsim_diag_destroy(diag);
		cfg_document_destroy(document);
		return result;
	}
	result.config_ok = true;
	kinds = config.vms.items;
	num_vcpus = (uint32_t)config.guest.num_vcpus;
	for (size_t i = 0; i < config.vms.num; i++)
		for (int64_t j = 0; j < kinds[i].count; j++) {
			disk_layout_init(&layouts[num_vms], &kinds[i].disk, first_block, seed, num_vms + 1);
			first_block += (uint64_t)kinds[i].disk.num_bytes / TREE_BLOCK_BYTES;
			num_vms++;
		}
	kernel = sim_kernel_create(placement);
	device = nesc_device_create(
		kernel, &(nesc_device_config){
				.device = &config.device,
				.nesc = &config.nesc,
				.link = &config.link,
				.medium = scenario_medium(&config),
				.medium_params = config.media.params,
				.seed = seed,
				.num_vfs = stack->uses_vfs ? num_vms : 0,
				.uses_pf = stack->uses_pf,
				.memory_bytes = hypervisor_memory_bytes(&config.nesc, layouts, num_vms, num_vcpus),
			});
	num_vms = 0;
	for (size_t i = 0; i < config.vms.num; i++)
		for (int64_t j = 0; j < kinds[i].count; j++, num_vms++) {
			stack_vm vm = {
				.kernel = kernel,
				.device = device,
				.host = &config.host,
				.guest = &config.guest,
				.nesc = &config.nesc,
				.layout = &layouts[num_vms],
				.vm = num_vms + 1,
				.num_vcpus = num_vcpus,
				.sources = &sources[num_cores],
				.completed = tally_completed,
				.context = &counted,
				.vcpus_out = &vcpus[num_cores],
			};

			if (stack->uses_vfs)
				hypervisor_create_vf(device, &config.nesc, num_vms + 1, &layouts[num_vms], num_vcpus);
			for (uint32_t k = 0; k < num_vcpus; k++) {
				const source_context at = {
					.seed = seed,
					.vm = num_vms + 1,
					.vcpu = k,
					.num_vcpus = num_vcpus,
					.disk_bytes = layouts[num_vms].num_bytes,
					.instructions_per_ns_milli = config.guest.instructions_per_ns_milli,
				};

				sources[num_cores + k] = NULL;
				if (source_open(&kinds[i].workload, &at, NULL, diag, &sources[num_cores + k]) !=
				    NESCSIM_OK)
					nescsim_diag_print(diag, stderr);
			}
			stack->build(&vm, NULL);
			num_cores += num_vcpus;
		}
	nesc_device_seal(device);
	result.outcome = sim_run(kernel);
	if (result.outcome != SIM_FINISHED)
		result.description = sim_describe(kernel);
	for (uint32_t i = 0; i <= num_vms; i++)
		result.hash = mix(result.hash, counted.vcpu_hash[i]);
	for (uint32_t i = 0; i < num_cores; i++) {
		result.num_submitted += vcpu_num_submitted(vcpus[i]);
		result.num_completed += vcpu_num_completed(vcpus[i]);
		result.num_failed += vcpu_num_failed(vcpus[i]);
		result.end_ps = ps_max(result.end_ps, vcpu_last_complete_ps(vcpus[i]));
		for (int owner = 0; owner < CPU_NUM_OWNERS; owner++)
			result.hash = mix(result.hash, (uint64_t)vcpu_cpu_ps(vcpus[i], (cpu_owner)owner));
	}
	result.sum_latency_ps = counted.sum_latency_ps;
	result.counts = nesc_device_count(device);
	result.btlb = nesc_device_btlb(device, 0);
	result.engine = sim_kernel_counters(kernel);
	result.hash = mix(result.hash, result.counts.num_walk_fetches);
	result.hash = mix(result.hash, result.btlb.hits);
	result.hash = mix(result.hash, result.btlb.misses);
	for (uint32_t i = 0; i < nesc_device_num_units(device); i++) {
		const nesc_unit_report unit = nesc_device_unit(device, i);

		result.hash = mix(result.hash, (uint64_t)unit.busy_ps);
		for (uint32_t j = 0; j < unit.num_inputs; j++) {
			result.hash = mix(result.hash, (uint64_t)unit.inputs[j]->occupied_ps);
			result.hash = mix(result.hash, (uint64_t)unit.inputs[j]->stalled_ps);
		}
	}
	sim_kernel_destroy(kernel);
	for (uint32_t i = 0; i < num_cores; i++) {
		vcpu_destroy(vcpus[i]);
		source_close(sources[i]);
	}
	nesc_device_destroy(device);
	for (uint32_t i = 0; i < num_vms; i++)
		disk_layout_fini(&layouts[i]);
	nescsim_diag_destroy(diag);
	cfg_document_destroy(document);
	return result;
}
