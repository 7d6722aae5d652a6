#include "run/machine.h"

#include <stdlib.h>

nescsim_status machine_plan(const scenario *given, nescsim_diag *diag, storage_plan *plan)
{
	const uint32_t num_vms = scenario_num_vms(given);
	const disk_config **disks = calloc(num_vms + 1, sizeof(*disks));
	nescsim_status status = NESCSIM_NO_MEMORY;

	*plan = (storage_plan){ .num_files = 0 };
	for (uint32_t vm = 1; disks != NULL && vm <= num_vms; vm++)
		disks[vm - 1] = &scenario_vm(given, vm, NULL)->disk;
	if (disks != NULL)
		status = storage_plan_init(plan, disks, num_vms, (uint64_t)given->sim.seed, diag);
	free(disks);
	return status;
}

static nescsim_status open_sources(machine *self, nescsim_diag *diag)
{
	const scenario *given = self->config.scenario;
	const inputs *shared = self->config.inputs;
	const vm_config *last = NULL;
	uint32_t entry_vm = 1; /* the entry's first */

	for (uint32_t i = 0; i < self->num_cores; i++) {
		const uint32_t vm = i / self->num_vcpus + 1;
		char path[64], filesystem_path[64];
		diag_place place, filesystem_place;
		size_t index;
		const vm_config *of = scenario_vm(given, vm, &index);
		source_context context = {
			.seed = (uint64_t)given->sim.seed,
			.vm = vm,
			.vcpu = i % self->num_vcpus,
			.num_vcpus = self->num_vcpus,
			.disk_bytes = self->config.plan->disks[vm - 1].layout.num_bytes,
			.instructions_per_ns_milli = given->guest.instructions_per_ns_milli,
			.filesystem = &of->filesystem,
			.num_tenants = (uint32_t)of->count,
			.shared = shared == NULL ? NULL : source_shared_data(shared->shared[index]),
		};
		nescsim_status status;

		if (of != last) {
			last = of;
			entry_vm = vm;
		}
		context.tenant = vm - entry_vm;
		snprintf(path, sizeof(path), "vms[%zu].workload", index);
		snprintf(filesystem_path, sizeof(filesystem_path), "vms[%zu].filesystem", index);
		if (self->config.document != NULL) {
			place = cfg_place(self->config.document, path);
			filesystem_place = cfg_place(self->config.document, filesystem_path);
			context.filesystem_place = &filesystem_place;
		}
		status = source_open(&of->workload, &context, self->config.document == NULL ? NULL : &place, diag,
				     &self->sources[i]);
		if (status != NESCSIM_OK)
			return status;
		self->num_expected += source_expected_requests(self->sources[i]);
	}
	return NESCSIM_OK;
}

nescsim_status machine_count_work(const nescsim_config *config, nescsim_diag *diag, machine_work *work_out)
{
	const scenario *given = &config->scenario;
	machine self = { .kernel = NULL };
	storage_plan plan = { .num_files = 0 };
	inputs ready;
	nescsim_status status = inputs_prepare(&ready, config, diag);

	if (status == NESCSIM_OK)
		status = machine_plan(given, diag, &plan);
	self.config =
		(machine_config){ .scenario = given, .document = config->document, .plan = &plan, .inputs = &ready };
	self.num_vms = scenario_num_vms(given);
	self.num_vcpus = (uint32_t)given->guest.num_vcpus;
	self.num_cores = self.num_vms * self.num_vcpus;
	self.sources = calloc(self.num_cores + 1, sizeof(source *));
	if (self.sources == NULL && status == NESCSIM_OK)
		status = NESCSIM_NO_MEMORY;
	if (status == NESCSIM_OK)
		status = open_sources(&self, diag);
	*work_out = (machine_work){ .num_requests = self.num_expected };
	for (uint32_t vm = 0; status == NESCSIM_OK && vm < self.num_vms; vm++) {
		uint64_t num_requests = 0;

		for (uint32_t i = vm * self.num_vcpus; i < (vm + 1) * self.num_vcpus; i++) {
			num_requests += source_expected_requests(self.sources[i]);
			work_out->num_bytes += source_expected_bytes(self.sources[i]);
		}
		work_out->is_least |= num_requests == 0;
	}
	machine_fini(&self);
	storage_plan_fini(&plan);
	inputs_fini(&ready);
	return status;
}

/* The VM's cores, driven by the scheme's table. */
static nescsim_status build_vm(machine *self, uint32_t vm)
{
	const scenario *given = self->config.scenario;
	const size_t first_core = (size_t)(vm - 1) * self->num_vcpus;
	ledger *books[BAR_MAX_VF_RINGS] = { NULL };
	const stack_vm stack = {
		.kernel = self->kernel,
		.device = self->device,
		.sriov = given->device.sriov,
		.volatile_cache = given->device.volatile_cache,
		.host = &given->host,
		.guest = &given->guest,
		.hypervisor = &given->hypervisor,
		.nesc = &given->nesc,
		.seed = (uint64_t)given->sim.seed,
		.layout = &self->config.plan->disks[vm - 1].layout,
		.vm = vm,
		.num_vcpus = self->num_vcpus,
		.sources = &self->sources[first_core],
		.log = vm == 1 ? self->config.log : NULL,
		.logged_number = self->config.logged_number,
		.books = books,
		.violated = checker_violated,
		.checker = self->checker,
		.completed = self->config.completed,
		.context = self->config.context,
		.plan = self->config.plan,
		.medium_blocks = scenario_medium(given)->capacity_bytes(given->media.params) / TREE_BLOCK_BYTES,
		.is_checked = self->checker != NULL,
		.io_cores = self->io_cores,
		.vcpus_out = &self->vcpus[first_core],
		.thread_out = &self->threads[vm - 1],
	};
	nescsim_status status;

	for (uint32_t i = 0; i < self->num_vcpus; i++)
		books[i] = checker_ledger(self->checker, vm, i);
	status = stack_build(self->config.ops, self->config.params, &stack);
	for (uint32_t i = 0; status == NESCSIM_OK && self->hypervisor != NULL && i < self->num_vcpus; i++)
		hypervisor_add_vcpu(self->hypervisor, vm, self->vcpus[first_core + i]);
	return status;
}

nescsim_status machine_build(machine *self, const machine_config *config, nescsim_diag *diag)
{
	const scenario *given = config->scenario;
	const stack_ops *ops = config->ops;
	const medium_ops *medium = scenario_medium(given);
	hypervisor_parts parts = {
		.plan = config->plan,
		.config = &given->hypervisor,
		.host = &given->host,
		.guest = &given->guest,
		.nesc = &given->nesc,
		.num_vcpus = (uint32_t)given->guest.num_vcpus,
		.sriov = given->device.sriov,
		.medium_blocks = medium->capacity_bytes(given->media.params) / TREE_BLOCK_BYTES,
		.served = config->served,
		.context = config->context,
	};
	const bool managed = ops->uses_vfs && hypervisor_is_needed(config->plan, &given->hypervisor);
	nesc_device_config device = {
		.device = &given->device,
		.nesc = &given->nesc,
		.link = &given->link,
		.medium = medium,
		.medium_params = given->media.params,
		.seed = (uint64_t)given->sim.seed,
		.uses_pf = ops->uses_pf || managed,
		.managed = managed,
		.memory_bytes = hypervisor_memory_bytes(&parts),
	};
	arbiter_function_params qos[BAR_MAX_VFS];
	nescsim_status status;

	device.qos = qos;
	for (uint32_t vm = 1; vm <= scenario_num_vms(given); vm++) {
		const qos_config *of = &scenario_vm(given, vm, NULL)->qos;

		qos[vm - 1] = (arbiter_function_params){
			.weight = (uint32_t)of->weight,
			.priority = (uint32_t)of->priority,
			.rate_bps = (uint64_t)of->rate_bps,
			.burst_bytes = (uint64_t)of->burst_bytes,
		};
	}
	*self = (machine){
		.config = *config,
		.num_vms = scenario_num_vms(given),
		.num_vcpus = parts.num_vcpus,
	};
	self->num_cores = self->num_vms * self->num_vcpus;
	device.num_vfs = ops->uses_vfs ? self->num_vms : 0;
	device.num_rings = self->num_vcpus;
	self->sources = calloc(self->num_cores + 1, sizeof(source *));
	self->vcpus = calloc(self->num_cores + 1, sizeof(vcpu *));
	self->threads = calloc(self->num_vms + 1, sizeof(io_thread *));
	if (self->sources == NULL || self->vcpus == NULL || self->threads == NULL)
		return NESCSIM_NO_MEMORY;
	if (given->sim.check || (ops->uses_vfs && scenario_compares_contents(given))) {
		self->checker = checker_create(given, config->plan);
		if (self->checker == NULL)
			return NESCSIM_NO_MEMORY;
		device.content = parts.content = &self->checker->content;
	}
	status = open_sources(self, diag);
	if (status != NESCSIM_OK)
		return status;
	self->kernel = sim_kernel_create(config->placement);
	if (self->kernel == NULL)
		return NESCSIM_NO_MEMORY;
	self->device = nesc_device_create(self->kernel, &device);
	if (self->device == NULL)
		return NESCSIM_NO_MEMORY;
	if (ops->uses_vfs) {
		self->hypervisor = hypervisor_create(self->kernel, self->device, &parts);
		if (self->hypervisor == NULL)
			return NESCSIM_NO_MEMORY;
	}
	if (stack_num_threads(ops) != 0 && given->host.num_io_cores != 0) {
		self->io_cores = sim_core_pool_create(self->kernel, "io_cores", SIM_POOL_HELD,
						      (uint32_t)given->host.num_io_cores, 0,
						      self->num_vms * stack_num_threads(ops));
		if (self->io_cores == NULL)
			return NESCSIM_NO_MEMORY;
	}
	for (uint32_t vm = 1; status == NESCSIM_OK && vm <= self->num_vms; vm++)
		status = build_vm(self, vm);
	return status;
}

void machine_fini(machine *self)
{
	sim_kernel_destroy(self->kernel);
	for (uint32_t i = 0; i < self->num_cores; i++) {
		if (self->vcpus != NULL)
			vcpu_destroy(self->vcpus[i]);
		if (self->sources != NULL)
			source_close(self->sources[i]);
	}
	for (uint32_t vm = 1; self->threads != NULL && vm <= self->num_vms; vm++)
		io_thread_destroy(self->threads[vm - 1]);
	sim_core_pool_destroy(self->io_cores);
	hypervisor_destroy(self->hypervisor);
	nesc_device_destroy(self->device);
	checker_destroy(self->checker);
	free(self->vcpus);
	free(self->threads);
	free(self->sources);
	*self = (machine){ .kernel = NULL };
}
