#include "run/scheme.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "host/hypervisor.h"
#include "metrics/progress.h"

const metrics_op scheme_ops[IO_NUM_OPS] = {
#define X(symbol, op_name) { .name = op_name, .moves_data = IO_##symbol == IO_READ || IO_##symbol == IO_WRITE },
	IO_OP_LIST(X)
#undef X
};

/* ---- layouts ---------------------------------------------------------------------------------------------------- */

disk_layout *layouts_create(const scenario *given)
{
	const uint32_t num_vms = scenario_num_vms(given);
	disk_layout *layouts = calloc(num_vms, sizeof(*layouts));
	uint64_t first_block = 0;

	for (uint32_t vm = 1; layouts != NULL && vm <= num_vms; vm++) {
		const disk_config *disk = &scenario_vm(given, vm, NULL)->disk;

		if (disk_layout_init(&layouts[vm - 1], disk, first_block, (uint64_t)given->sim.seed, vm) !=
		    NESCSIM_OK) {
			layouts_destroy(layouts, vm - 1);
			return NULL;
		}
		first_block += (uint64_t)disk->num_bytes / TREE_BLOCK_BYTES;
	}
	return layouts;
}

void layouts_destroy(disk_layout *layouts, uint32_t num_vms)
{
	for (uint32_t i = 0; layouts != NULL && i < num_vms; i++)
		disk_layout_fini(&layouts[i]);
	free(layouts);
}

/* ---- the machine ------------------------------------------------------------------------------------------------ */

/* What lives during the run only. */
typedef struct machine {
	const scheme_run *run;
	const scenario *scenario;
	scheme_result *result;
	sim_kernel *kernel;
	nesc_device *device;
	source **sources;   /* by core */
	vcpu **vcpus;       /* by core: VM by VM */
	uint32_t num_vcpus; /* per VM */
	progress *progress;
	uint64_t num_completed, num_expected;
	size_t max_requests;
	bool out_of_memory;
	bool ended; /* by the observer */
} machine;

static void keep_request(machine *self, const vcpu_completion *completion)
{
	scheme_result *result = self->result;
	const io_request *request = completion->request;

	if (result->num_requests == self->max_requests) {
		const size_t max_requests = self->max_requests == 0 ? 1024 : 2 * self->max_requests;
		void *grown = realloc(result->requests, max_requests * sizeof(*result->requests));

		if (grown == NULL) {
			self->out_of_memory = true;
			return;
		}
		result->requests = grown;
		self->max_requests = max_requests;
	}
	result->requests[result->num_requests++] = (request_record){
		.vm = completion->vm,
		.op = request->op,
		.first_sector = request->first_sector,
		.num_sectors = request->num_sectors,
		.submit_ps = completion->block_start_ps,
		.complete_ps = completion->block_end_ps,
	};
}

/* Counts a completion in every layer that it has. */
static void record(machine *self, const vcpu_completion *completion)
{
	scheme_result *result = self->result;
	const uint32_t vm = completion->vm, op = completion->request->op;
	const uint64_t num_bytes = completion->request->num_sectors * IO_SECTOR_BYTES;
	const ps_t begin_ps = completion->has_app ? completion->app_start_ps : completion->block_start_ps;
	const ps_t end_ps = completion->has_app ? completion->app_end_ps : completion->block_end_ps;

	if (completion->has_app)
		metrics_record(result->metrics, vm, op, METRICS_APP, end_ps, end_ps - begin_ps, &completion->app_split,
			       num_bytes);
	metrics_record(result->metrics, vm, op, METRICS_BLOCK, completion->block_end_ps,
		       completion->block_end_ps - completion->block_start_ps, &completion->block_split, num_bytes);
	if (completion->has_device)
		metrics_record(result->metrics, vm, op, METRICS_DEVICE, completion->device_end_ps,
			       completion->device_end_ps - completion->device_start_ps, &completion->device_split,
			       num_bytes);
	result->begin_ps = ps_min(result->begin_ps, begin_ps);
	result->end_ps = ps_max(result->end_ps, end_ps);
	if (self->run->keep_requests)
		keep_request(self, completion);
}

static void on_completed(void *context, const vcpu_completion *completion)
{
	machine *self = context;
	scheme_result *result = self->result;

	if (completion->request->number >= (uint64_t)self->scenario->sim.warmup_requests)
		record(self, completion);
	if (self->run->observe != NULL && !self->ended && self->run->observe(self->run->context, completion)) {
		self->ended = true;
		sim_stop(self->kernel);
	}
	result->run_begin_ps = ps_min(result->run_begin_ps,
				      completion->has_app ? completion->app_start_ps : completion->block_start_ps);
	result->run_end_ps =
		ps_max(result->run_end_ps, completion->has_app ? completion->app_end_ps : completion->block_end_ps);
	progress_update(self->progress, ++self->num_completed, self->num_expected);
}

static nescsim_status machine_open_sources(machine *self, nescsim_diag *diag)
{
	const nescsim_config *config = self->run->config;
	const scenario *given = self->scenario;

	for (uint32_t i = 0; i < self->result->num_cores; i++) {
		const uint32_t vm = i / self->num_vcpus + 1;
		size_t index;
		const vm_config *of = scenario_vm(given, vm, &index);
		const source_context context = {
			.seed = (uint64_t)given->sim.seed,
			.vm = vm,
			.vcpu = i % self->num_vcpus,
			.num_vcpus = self->num_vcpus,
			.disk_bytes = (uint64_t)of->disk.num_bytes,
			.instructions_per_ns_milli = given->guest.instructions_per_ns_milli,
		};
		char path[64];
		diag_place place;
		nescsim_status status;

		snprintf(path, sizeof(path), "vms[%zu].workload", index);
		place = cfg_place(config->document, path);
		status = source_open(&of->workload, &context, &place, diag, &self->sources[i]);
		if (status != NESCSIM_OK)
			return status;
		self->num_expected += source_expected_requests(self->sources[i]);
	}
	return NESCSIM_OK;
}

static nescsim_status machine_build(machine *self, nescsim_diag *diag)
{
	const scenario *given = self->scenario;
	scheme_result *result = self->result;
	const uint32_t num_vms = result->num_vms;
	const void *params;
	const stack_ops *ops = scenario_scheme(given, self->run->scheme_index, &params);
	const nesc_device_config config = {
		.device = &given->device,
		.nesc = &given->nesc,
		.link = &given->link,
		.medium = scenario_medium(given),
		.medium_params = given->media.params,
		.seed = (uint64_t)given->sim.seed,
		.num_vfs = ops->uses_vfs ? num_vms : 0,
		.uses_pf = ops->uses_pf,
		.memory_bytes = hypervisor_memory_bytes(&given->nesc, self->run->layouts, num_vms, self->num_vcpus),
	};
	nescsim_status status = machine_open_sources(self, diag);

	if (status != NESCSIM_OK)
		return status;
	self->kernel = sim_kernel_create((sim_placement)given->sim.placement);
	if (self->kernel == NULL)
		return NESCSIM_NO_MEMORY;
	self->device = nesc_device_create(self->kernel, &config);
	if (self->device == NULL)
		return NESCSIM_NO_MEMORY;
	for (uint32_t vm = 1; vm <= num_vms; vm++) {
		const size_t first_core = (size_t)(vm - 1) * self->num_vcpus;
		const stack_vm stack = {
			.kernel = self->kernel,
			.device = self->device,
			.host = &given->host,
			.guest = &given->guest,
			.nesc = &given->nesc,
			.layout = &self->run->layouts[vm - 1],
			.vm = vm,
			.num_vcpus = self->num_vcpus,
			.sources = &self->sources[first_core],
			.log = vm == 1 ? self->run->log : NULL,
			.logged_number = self->run->logged_number,
			.completed = on_completed,
			.context = self,
			.vcpus_out = &self->vcpus[first_core],
		};

		if (ops->uses_vfs)
			status = hypervisor_create_vf(self->device, &given->nesc, vm, stack.layout, self->num_vcpus);
		if (status == NESCSIM_OK)
			status = ops->build(&stack, params);
		if (status != NESCSIM_OK)
			return status;
	}
	nesc_device_seal(self->device);
	return NESCSIM_OK;
}

static void machine_fini(machine *self)
{
	progress_finish(self->progress);
	sim_kernel_destroy(self->kernel);
	for (uint32_t i = 0; i < self->result->num_cores; i++) {
		if (self->vcpus != NULL)
			vcpu_destroy(self->vcpus[i]);
		if (self->sources != NULL)
			source_close(self->sources[i]);
	}
	nesc_device_destroy(self->device);
	free(self->vcpus);
	free(self->sources);
}

/* ---- after the run ---------------------------------------------------------------------------------------------- */

/* A failed request: the run's numbers would be about something else than what was asked for. */
static nescsim_status report_failed_request(const machine *self, const vcpu *core, const core_result *place,
					    nescsim_diag *diag)
{
	io_request request;
	const nesc_completion_status status = vcpu_first_failure(core, &request);
	const char *hint = NULL;

	if (status == NESC_COMPLETION_NO_MAPPING)
		hint = "blocks are not allocated on demand in this version: set the disk's map.hole_percent to 0";
	else if (status == NESC_COMPLETION_OUT_OF_RANGE)
		hint = "make the disk larger";
	return diag_add(diag, NESCSIM_ERROR, NESCSIM_RUN_FAILED, NULL, hint,
			"%s: %" PRIu64 " requests of VM %" PRIu32 " failed, first a %s of %" PRIu64
			" bytes at byte %" PRIu64 ": %s",
			self->result->ops->name, vcpu_num_failed(core), place->vm, scheme_ops[request.op].name,
			request.num_sectors * IO_SECTOR_BYTES, request.first_sector * IO_SECTOR_BYTES,
			nesc_completion_text(status));
}

static nescsim_status report_stuck(const machine *self, sim_outcome outcome, nescsim_diag *diag)
{
	const char *scheme = self->result->ops->name;
	char *what = sim_describe(self->kernel);
	nescsim_status status;

	if (outcome == SIM_NO_ENGINE)
		status = diag_add(diag, NESCSIM_ERROR, NESCSIM_RUN_FAILED, NULL,
				  "it needs memfd_create() and a mounted /proc",
				  "%s: the engine (SimGrid) could not be started", scheme);
	else if (outcome == SIM_HORIZON)
		status = diag_add(
			diag, NESCSIM_ERROR, NESCSIM_RUN_FAILED, NULL,
			"simulate fewer requests, fewer schemes per run, or a shorter window of the workload",
			"%s: the engine's exact range of 2^53 ps is used up: about 2.5 hours of simulated time "
			"in which requests are in flight, all schemes of the run together",
			scheme);
	else
		status = diag_add(diag, NESCSIM_ERROR, NESCSIM_RUN_FAILED, NULL,
				  "this is a bug of the model or a queue that is too small",
				  "%s: nothing can move any more:\n%s", scheme, what == NULL ? "" : what);
	free(what);
	return status;
}

static nescsim_status machine_check(const machine *self, sim_outcome outcome, nescsim_diag *diag)
{
	const scheme_result *result = self->result;

	if (outcome == SIM_STOPPED && self->ended)
		return self->out_of_memory ? NESCSIM_NO_MEMORY : NESCSIM_OK;
	/* Why an input broke midway is in diag already. */
	if (outcome == SIM_STOPPED)
		return diag_add(diag, NESCSIM_ERROR, NESCSIM_TRACE, NULL, NULL, "%s: the workload broke off",
				result->ops->name);
	if (outcome != SIM_FINISHED)
		return report_stuck(self, outcome, diag);
	for (uint32_t i = 0; i < result->num_cores; i++) {
		const vcpu *core = self->vcpus[i];
		const core_result *place = &result->cores[i];

		if (vcpu_num_failed(core) != 0)
			return report_failed_request(self, core, place, diag);
		if (vcpu_num_completed(core) != vcpu_num_submitted(core))
			return diag_add(diag, NESCSIM_ERROR, NESCSIM_RUN_FAILED, NULL, "this is a bug of the model",
					"%s: of %" PRIu64 " requests of VM %" PRIu32 " %" PRIu64 " completed",
					result->ops->name, vcpu_num_submitted(core), place->vm,
					vcpu_num_completed(core));
	}
	if (result->end_ps == 0)
		return diag_add(diag, NESCSIM_ERROR, NESCSIM_CONFIG, NULL, "lower sim.warmup",
				"%s: all of the %" PRIu64 " requests belong to the warm-up", result->ops->name,
				self->num_completed);
	return self->out_of_memory ? NESCSIM_NO_MEMORY : NESCSIM_OK;
}

static void add_queue(unit_result *unit, const sim_queue *queue)
{
	queue_result *found = unit->queues;

	while (found < unit->queues + unit->num_queues && strcmp(found->name, queue->name) != 0)
		found++;
	if (found == unit->queues + UNIT_MAX_QUEUES)
		return;
	if (found == unit->queues + unit->num_queues)
		unit->queues[unit->num_queues++] = (queue_result){ .name = queue->name, .depth = queue->depth };
	found->num_queues++;
	found->num_items += queue->num_pushed;
	found->occupied_ps += (metrics_i128)queue->occupied_ps;
	found->stalled_ps += queue->stalled_ps;
}

static nescsim_status collect_units(const machine *self)
{
	scheme_result *result = self->result;

	result->num_units = nesc_device_num_units(self->device);
	result->units = calloc(result->num_units, sizeof(*result->units));
	if (result->units == NULL)
		return NESCSIM_NO_MEMORY;
	for (uint32_t i = 0; i < result->num_units; i++) {
		const nesc_unit_report report = nesc_device_unit(self->device, i);
		unit_result *unit = &result->units[i];

		snprintf(unit->name, sizeof(unit->name), "%s", report.name);
		unit->busy_ps = report.busy_ps;
		unit->num_servers = report.num_servers;
		unit->num_served = report.num_served;
		for (uint32_t input = 0; input < report.num_inputs; input++)
			add_queue(unit, report.inputs[input]);
	}
	for (uint32_t vf = 0; result->ops->uses_vfs && vf <= result->num_vms; vf++)
		result->btlb[vf] = nesc_device_btlb(self->device, vf);
	result->device = nesc_device_count(self->device);
	for (int side = 0; side < PCIE_NUM_SIDES; side++)
		result->link[side] = *nesc_device_link_stats(self->device, (pcie_side)side);
	return NESCSIM_OK;
}

static void collect_cores(const machine *self)
{
	scheme_result *result = self->result;

	for (uint32_t i = 0; i < result->num_cores; i++) {
		core_result *core = &result->cores[i];
		metrics_host_cpu *of_vm = &result->host_cpu[core->vm];

		core->num_requests = vcpu_num_completed(self->vcpus[i]);
		for (int owner = 0; owner < CPU_NUM_OWNERS; owner++) {
			core->cpu_ps[owner] = vcpu_cpu_ps(self->vcpus[i], (cpu_owner)owner);
			if (owner != CPU_GUEST) {
				of_vm->busy_ps += (metrics_u128)core->cpu_ps[owner];
				result->host_cpu[0].busy_ps += (metrics_u128)core->cpu_ps[owner];
			}
		}
		of_vm->num_requests += core->num_requests;
		result->host_cpu[0].num_requests += core->num_requests;
	}
}

/* The order of recording between vCPUs is the engine's; that of the file is the data's. */
static int compare_requests(const void *a, const void *b)
{
	const request_record *one = a, *two = b;

#define BY(member)                      \
	if (one->member != two->member) \
	return one->member < two->member ? -1 : 1
	BY(vm);
	BY(submit_ps);
	BY(first_sector);
	BY(num_sectors);
	BY(op);
	BY(complete_ps);
#undef BY
	return 0;
}

static nescsim_status machine_run(machine *self, nescsim_diag *diag)
{
	scheme_result *result = self->result;
	nescsim_status status = machine_build(self, diag);
	sim_outcome outcome;

	if (status != NESCSIM_OK)
		return status;
	self->progress = self->run->progress == NULL ? NULL : progress_create(self->run->progress, result->ops->name);
	outcome = sim_run(self->kernel);
	status = machine_check(self, outcome, diag);
	if (status != NESCSIM_OK || self->ended)
		return status;
	status = collect_units(self);
	if (status != NESCSIM_OK)
		return status;
	collect_cores(self);
	if (result->num_requests != 0)
		qsort(result->requests, result->num_requests, sizeof(*result->requests), compare_requests);
	return NESCSIM_OK;
}

nescsim_status scheme_simulate(const scheme_run *run, nescsim_diag *diag, scheme_result *result_out)
{
	const scenario *given = &run->config->scenario;
	const uint32_t num_vcpus = (uint32_t)given->guest.num_vcpus;
	machine self = { .run = run, .scenario = given, .result = result_out, .num_vcpus = num_vcpus };
	nescsim_status status = NESCSIM_NO_MEMORY;

	*result_out = (scheme_result){
		.ops = scenario_scheme(given, run->scheme_index, NULL),
		.num_vms = scenario_num_vms(given),
		.begin_ps = PS_MAX,
		.run_begin_ps = PS_MAX,
	};
	result_out->num_cores = result_out->num_vms * num_vcpus;
	result_out->metrics = metrics_create(result_out->ops->name, result_out->num_vms, scheme_ops, IO_NUM_OPS);
	result_out->host_cpu = calloc(result_out->num_vms + 1, sizeof(*result_out->host_cpu));
	result_out->cores = calloc(result_out->num_cores, sizeof(*result_out->cores));
	self.sources = calloc(result_out->num_cores, sizeof(source *));
	self.vcpus = calloc(result_out->num_cores, sizeof(vcpu *));
	if (result_out->metrics != NULL && result_out->host_cpu != NULL && result_out->cores != NULL &&
	    self.sources != NULL && self.vcpus != NULL) {
		for (uint32_t i = 0; i < result_out->num_cores; i++) {
			result_out->cores[i].vm = i / num_vcpus + 1;
			result_out->cores[i].vcpu = i % num_vcpus;
		}
		status = machine_run(&self, diag);
	}
	machine_fini(&self);
	return status;
}

void scheme_fini(scheme_result *result)
{
	metrics_destroy(result->metrics);
	free(result->host_cpu);
	free(result->cores);
	free(result->units);
	free(result->requests);
	*result = (scheme_result){ .num_vms = 0 };
}

ps_t scheme_run_ps(const scheme_result *result)
{
	return result->run_end_ps > result->run_begin_ps ? result->run_end_ps - result->run_begin_ps : 0;
}

ps_t scheme_simulated_ps(const scheme_result *result)
{
	return result->end_ps > result->begin_ps ? result->end_ps - result->begin_ps : 0;
}
