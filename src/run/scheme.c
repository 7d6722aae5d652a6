#include "run/scheme.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "metrics/progress.h"
#include "run/machine.h"

const metrics_op scheme_ops[IO_NUM_OPS] = {
#define X(symbol, op_name) { .name = op_name, .moves_data = IO_##symbol == IO_READ || IO_##symbol == IO_WRITE },
	IO_OP_LIST(X)
#undef X
};

/* ---- the run ---------------------------------------------------------------------------------------------------- */

/* What lives during the run only. */
typedef struct scheme_state {
	const scheme_run *run;
	const scenario *scenario;
	scheme_result *result;
	machine machine;
	progress *progress;
	uint64_t num_completed;
	bool ended; /* by the observer */
} scheme_state;

static void keep_request(scheme_state *self, const vcpu_completion *completion)
{
	const io_request *request = completion->request;
	request_record kept;

	memset(&kept, 0, sizeof(kept)); /* it goes to a file as it is */
	kept.vm = completion->vm;
	kept.op = request->op;
	kept.first_sector = request->first_sector;
	kept.num_sectors = request->num_sectors;
	kept.submit_ps = completion->block_start_ps;
	kept.complete_ps = completion->block_end_ps;
	kept.status = completion->status;
	sorter_add(self->result->requests, &kept); /* a failure is kept, and seen at the end */
}

static void record(scheme_state *self, const vcpu_completion *completion)
{
	scheme_result *result = self->result;
	const uint32_t vm = completion->vm, op = completion->request->op;
	const uint64_t num_bytes = completion->request->num_sectors * IO_SECTOR_BYTES;
	const ps_t begin_ps = completion->has_app ? completion->app_start_ps : completion->block_start_ps;
	const ps_t end_ps = completion->has_app ? completion->app_end_ps : completion->block_end_ps;

	result->begin_ps = ps_min(result->begin_ps, begin_ps);
	result->end_ps = ps_max(result->end_ps, end_ps);
	if (self->run->keep_requests && completion->has_block)
		keep_request(self, completion);
	if (completion->has_block)
		windows_add(result->windows, WINDOW_REQUESTS, end_ps, end_ps - begin_ps);
	if (!completion->has_app && !completion->in_operation)
		result->num_without_app++;
	if (completion->status != NESC_COMPLETION_OK) {
		if (completion->has_app)
			metrics_record_failed(result->metrics, vm, op, METRICS_APP);
		if (completion->has_block)
			metrics_record_failed(result->metrics, vm, op, METRICS_BLOCK);
		return;
	}
	if (completion->has_app)
		metrics_record(result->metrics, vm, op, METRICS_APP, end_ps, end_ps - begin_ps, completion->app_split,
			       num_bytes);
	if (completion->has_block)
		metrics_record(result->metrics, vm, op, METRICS_BLOCK, completion->block_end_ps,
			       completion->block_end_ps - completion->block_start_ps, completion->block_split,
			       num_bytes);
	if (completion->has_device)
		metrics_record(result->metrics, vm, op, METRICS_DEVICE, completion->device_end_ps,
			       completion->device_end_ps - completion->device_start_ps, completion->device_split,
			       num_bytes);
}

/* The hypervisor served a miss. */
static void on_served(void *context, const hypervisor_miss *miss)
{
	scheme_state *self = context;
	windows *over_time = self->result->windows;

	windows_add(over_time, WINDOW_MISSES, miss->end_ps, miss->end_ps - miss->begin_ps);
	windows_add(over_time, WINDOW_CPU, miss->end_ps, miss->cpu_ps);
	windows_add(over_time, WINDOW_INTERRUPTS, miss->end_ps, (int64_t)miss->num_interrupts);
}

static void on_completed(void *context, const vcpu_completion *completion)
{
	scheme_state *self = context;
	scheme_result *result = self->result;

	if (completion->number >= (uint64_t)self->scenario->sim.warmup_requests)
		record(self, completion);
	if (self->run->observe != NULL && !self->ended && self->run->observe(self->run->context, completion)) {
		self->ended = true;
		sim_stop(self->machine.kernel);
	}
	result->run_begin_ps = ps_min(result->run_begin_ps,
				      completion->has_app ? completion->app_start_ps : completion->block_start_ps);
	result->run_end_ps =
		ps_max(result->run_end_ps, completion->has_app ? completion->app_end_ps : completion->block_end_ps);
	if (completion->has_app || !completion->in_operation)
		self->num_completed++;
	progress_update(self->progress, self->num_completed, self->machine.num_expected);
}

/* ---- after the run ---------------------------------------------------------------------------------------------- */

/* Ends that belong to what is simulated: the storage says no, and the VM goes on. */
static bool is_expected(const scheme_state *self, uint32_t vm, nesc_completion_status status)
{
	switch (status) {
	case NESC_COMPLETION_OK:
	case NESC_COMPLETION_NO_SPACE:
	case NESC_COMPLETION_QUOTA:
	case NESC_COMPLETION_NO_FUNCTION:
		return true;
	case NESC_COMPLETION_OUT_OF_RANGE:
		return self->result->ops->uses_vfs && scenario_vm_is_resized(self->scenario, vm);
	case NESC_COMPLETION_BAD_COMMAND:
	case NESC_COMPLETION_BAD_ADDRESS:
	case NESC_COMPLETION_NO_MAPPING:
	case NESC_NUM_COMPLETION_STATUS:
		break;
	}
	return false;
}

/* A request that failed for no reason of the model's: the run's numbers would be about something else than what was asked
 * for. */
static nescsim_status report_failed_request(const scheme_state *self, const vcpu *core, uint32_t vm,
					    nesc_completion_status failure, nescsim_diag *diag)
{
	const io_request request = vcpu_first_ended(core, failure);
	const char *hint = NULL;

	if (failure == NESC_COMPLETION_NO_MAPPING)
		hint = "this scheme does not allocate blocks on demand: leave it out, or choose a disk.map without "
		       "holes";
	else if (failure == NESC_COMPLETION_OUT_OF_RANGE)
		hint = "make the disk larger";
	return diag_add(diag, NESCSIM_ERROR, NESCSIM_RUN_FAILED, NULL, hint,
			"%s: %" PRIu64 " requests of VM %" PRIu32 " failed, first a %s of %" PRIu64
			" bytes at byte %" PRIu64 ": %s",
			self->result->ops->name, vcpu_num_ended(core, failure), vm, scheme_ops[request.op].name,
			request.num_sectors * IO_SECTOR_BYTES, request.first_sector * IO_SECTOR_BYTES,
			nesc_completion_text(failure));
}

static nescsim_status report_stuck(const scheme_state *self, sim_outcome outcome, nescsim_diag *diag)
{
	const char *scheme = self->result->ops->name;
	char *what = sim_describe(self->machine.kernel);
	nescsim_status status;

	if (outcome == SIM_NO_ENGINE)
		status = diag_add(diag, NESCSIM_ERROR, NESCSIM_RUN_FAILED, NULL,
				  "it needs memfd_create() and a mounted /proc",
				  "%s: the engine (SimGrid) could not be started", scheme);
	else if (outcome == SIM_HORIZON)
		status = diag_add(
			diag, NESCSIM_ERROR, NESCSIM_RUN_FAILED, NULL,
			"choose sim.placement: clustered, or simulate fewer requests or schemes per run",
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

static nescsim_status check_run(const scheme_state *self, sim_outcome outcome, nescsim_diag *diag)
{
	const scheme_result *result = self->result;

	if (outcome == SIM_STOPPED && self->ended)
		return NESCSIM_OK;
	/* Why an input broke midway is in diag already. */
	if (outcome == SIM_STOPPED)
		return diag_add(diag, NESCSIM_ERROR, NESCSIM_TRACE, NULL, NULL, "%s: the workload broke off",
				result->ops->name);
	if (outcome != SIM_FINISHED)
		return report_stuck(self, outcome, diag);
	for (uint32_t i = 0; i < result->num_cores; i++) {
		const vcpu *core = self->machine.vcpus[i];
		const core_result *place = &result->cores[i];

		for (int ended = 0; ended < NESC_NUM_COMPLETION_STATUS; ended++)
			if (vcpu_num_ended(core, (nesc_completion_status)ended) != 0 &&
			    !is_expected(self, place->vm, (nesc_completion_status)ended))
				return report_failed_request(self, core, place->vm, (nesc_completion_status)ended,
							     diag);
		if (vcpu_num_completed(core) != vcpu_num_submitted(core))
			return diag_add(diag, NESCSIM_ERROR, NESCSIM_RUN_FAILED, NULL, "this is a bug of the model",
					"%s: of %" PRIu64 " requests of VM %" PRIu32 " %" PRIu64 " completed",
					result->ops->name, vcpu_num_submitted(core), place->vm,
					vcpu_num_completed(core));
	}
	if (self->machine.checker != NULL) {
		char text[CHECKER_TEXT_BYTES];
		nescsim_status status;
		const uint64_t num_violations = checker_verdict(self->machine.checker, text, &status);

		if (status != NESCSIM_OK)
			return status;
		if (num_violations != 0)
			return diag_add(diag, NESCSIM_ERROR, NESCSIM_RUN_FAILED, NULL,
					self->scenario->hypervisor.zeroing == HYPERVISOR_ZERO_ALL
						? "this is a bug of the model"
						: "hypervisor.zeroing: all isolates",
					"%s: %" PRIu64 " violations of what VMs may read and reach, first: %s",
					result->ops->name, num_violations, text);
	}
	if (result->end_ps == 0)
		return diag_add(diag, NESCSIM_ERROR, NESCSIM_CONFIG, NULL, "lower sim.warmup",
				"%s: all of the %" PRIu64 " requests belong to the warm-up", result->ops->name,
				self->num_completed);
	return NESCSIM_OK;
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

static nescsim_status collect_units(const scheme_state *self)
{
	scheme_result *result = self->result;

	result->num_units = nesc_device_num_units(self->machine.device);
	result->units = calloc(result->num_units, sizeof(*result->units));
	if (result->units == NULL)
		return NESCSIM_NO_MEMORY;
	for (uint32_t i = 0; i < result->num_units; i++) {
		const nesc_unit_report report = nesc_device_unit(self->machine.device, i);
		unit_result *unit = &result->units[i];

		snprintf(unit->name, sizeof(unit->name), "%s", report.name);
		unit->busy_ps = report.busy_ps;
		unit->num_servers = report.num_servers;
		unit->num_served = report.num_served;
		for (uint32_t input = 0; input < report.num_inputs; input++)
			add_queue(unit, report.inputs[input]);
	}
	for (uint32_t vf = 0; result->ops->uses_vfs && vf <= result->num_vms; vf++)
		result->btlb[vf] = nesc_device_btlb(self->machine.device, vf);
	result->device = nesc_device_count(self->machine.device);
	for (int side = 0; side < PCIE_NUM_SIDES; side++)
		result->link[side] = *nesc_device_link_stats(self->machine.device, (pcie_side)side);
	return NESCSIM_OK;
}

/* What a VM's thread does is what the VM costs the host. */
static void collect_threads(const scheme_state *self)
{
	scheme_result *result = self->result;

	result->has_io_cores = self->machine.io_cores != NULL;
	if (result->has_io_cores)
		result->io_cores_busy_ps = sim_core_pool_busy_ps(self->machine.io_cores);
	for (uint32_t i = 0; i < result->num_threads; i++) {
		thread_result *thread = &result->threads[i];

		thread->vm = i + 1;
		thread->counts = io_thread_count(self->machine.threads[i]);
		for (int owner = 0; owner < CPU_NUM_OWNERS; owner++) {
			thread->cpu_ps[owner] = io_thread_cpu_ps(self->machine.threads[i], (cpu_owner)owner);
			result->host_cpu[thread->vm].busy_ps += (metrics_u128)thread->cpu_ps[owner];
			result->host_cpu[0].busy_ps += (metrics_u128)thread->cpu_ps[owner];
		}
		/* Units may be busy for it after the last request. */
		result->run_end_ps = ps_max(result->run_end_ps, io_thread_busy_until_ps(self->machine.threads[i]));
	}
}

static void collect_cores(const scheme_state *self)
{
	scheme_result *result = self->result;

	for (uint32_t i = 0; i < result->num_cores; i++) {
		core_result *core = &result->cores[i];
		metrics_host_cpu *of_vm = &result->host_cpu[core->vm];

		core->num_requests = vcpu_num_answered(self->machine.vcpus[i]);
		result->cores_end_ps = ps_max(result->cores_end_ps, vcpu_unit(self->machine.vcpus[i])->local_ps);
		for (int owner = 0; owner < CPU_NUM_OWNERS; owner++) {
			core->cpu_ps[owner] = vcpu_cpu_ps(self->machine.vcpus[i], (cpu_owner)owner);
			if (owner != CPU_GUEST) {
				of_vm->busy_ps += (metrics_u128)core->cpu_ps[owner];
				result->host_cpu[0].busy_ps += (metrics_u128)core->cpu_ps[owner];
			}
		}
		of_vm->num_requests += core->num_requests;
		result->host_cpu[0].num_requests += core->num_requests;
		for (int ended = 0; ended < NESC_NUM_COMPLETION_STATUS; ended++)
			core->num_ended[ended] = vcpu_num_ended(self->machine.vcpus[i], (nesc_completion_status)ended);
	}
	collect_threads(self);
	if (self->machine.hypervisor == NULL)
		return;
	result->has_hypervisor_core = hypervisor_has_core(self->machine.hypervisor);
	result->cores_end_ps = ps_max(result->cores_end_ps, hypervisor_end_ps(self->machine.hypervisor));
	result->cores_end_ps = ps_max(result->cores_end_ps, hypervisor_busy_until_ps(self->machine.hypervisor));
	result->hypervisor_busy_ps = hypervisor_busy_ps(self->machine.hypervisor);
	/* The hypervisor's work for a VM is part of what that VM costs the host. */
	result->hypervisor = hypervisor_count(self->machine.hypervisor);
	/* Units may be busy for it after the last request. */
	result->run_end_ps = ps_max(result->run_end_ps, hypervisor_end_ps(self->machine.hypervisor));
	for (uint32_t vm = 0; vm <= result->num_vms; vm++) {
		const ps_t cpu_ps = hypervisor_cpu_ps(self->machine.hypervisor, vm);

		result->hypervisor_cpu_ps[vm] = cpu_ps;
		result->hypervisor_cpu_ps[0] += vm == 0 ? 0 : cpu_ps;
		result->host_cpu[vm].busy_ps += vm == 0 ? 0 : (metrics_u128)cpu_ps;
		result->host_cpu[0].busy_ps += (metrics_u128)cpu_ps;
	}
	result->has_hypervisor = result->hypervisor.num_misses != 0 || result->hypervisor.num_actions != 0 ||
				 result->hypervisor.num_failed_actions != 0;
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
	BY(status);
#undef BY
	return 0;
}

static nescsim_status run_machine(scheme_state *self, nescsim_diag *diag)
{
	scheme_result *result = self->result;
	const scheme_run *run = self->run;
	machine_config config = {
		.scenario = self->scenario,
		.document = run->config->document,
		.plan = run->plan,
		.inputs = run->inputs,
		.placement = (sim_placement)self->scenario->sim.placement,
		.log = run->log,
		.logged_number = run->logged_number,
		.completed = on_completed,
		.served = on_served,
		.context = self,
	};
	nescsim_status status;
	sim_outcome outcome;

	if (run->keep_requests) {
		result->requests = sorter_create(sizeof(request_record), compare_requests);
		if (result->requests == NULL)
			return NESCSIM_NO_MEMORY;
	}
	config.ops = scenario_scheme(self->scenario, run->scheme_index, &config.params);
	status = machine_build(&self->machine, &config, diag);
	if (status != NESCSIM_OK)
		return status;
	self->progress = run->progress == NULL ? NULL : progress_create(run->progress, result->ops->name);
	outcome = sim_run(self->machine.kernel);
	status = check_run(self, outcome, diag);
	if (status != NESCSIM_OK || self->ended)
		return status;
	status = collect_units(self);
	if (status != NESCSIM_OK)
		return status;
	collect_cores(self);
	result->cores_end_ps = ps_max(result->cores_end_ps, result->run_end_ps);
	if (result->requests != NULL && !sorter_begin(result->requests))
		return diag_add(diag, NESCSIM_ERROR, NESCSIM_IO, NULL,
				"is there room for temporary files, in memory and on the disk?",
				"%s: the requests for requests.csv could not be kept", result->ops->name);
	return NESCSIM_OK;
}

nescsim_status scheme_simulate(const scheme_run *run, nescsim_diag *diag, scheme_result *result_out)
{
	const scenario *given = &run->config->scenario;
	const uint32_t num_vcpus = (uint32_t)given->guest.num_vcpus;
	scheme_state self = { .run = run, .scenario = given, .result = result_out };
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
	result_out->num_threads = result_out->num_vms * stack_num_threads(result_out->ops);
	result_out->num_io_cores = result_out->num_threads == 0 || given->host.num_io_cores == 0
					   ? result_out->num_threads
					   : (uint32_t)given->host.num_io_cores;
	result_out->threads = calloc(result_out->num_threads + 1, sizeof(*result_out->threads));
	result_out->windows = windows_create(NUM_WINDOW_SERIES);
	if (result_out->metrics != NULL && result_out->windows != NULL && result_out->host_cpu != NULL &&
	    result_out->cores != NULL && result_out->threads != NULL) {
		for (uint32_t i = 0; i < result_out->num_cores; i++) {
			result_out->cores[i].vm = i / num_vcpus + 1;
			result_out->cores[i].vcpu = i % num_vcpus;
		}
		status = run_machine(&self, diag);
	}
	progress_finish(self.progress);
	machine_fini(&self.machine);
	return status;
}

void scheme_fini(scheme_result *result)
{
	metrics_destroy(result->metrics);
	windows_destroy(result->windows);
	free(result->host_cpu);
	free(result->cores);
	free(result->threads);
	free(result->units);
	sorter_destroy(result->requests);
	*result = (scheme_result){ .num_vms = 0 };
}

scheme_cpu scheme_cores(const scheme_result *result)
{
	scheme_cpu sum = { .num_cores = result->num_cores + result->num_io_cores };

	for (int owner = 0; owner < CPU_NUM_OWNERS; owner++) {
		for (uint32_t i = 0; i < result->num_cores; i++)
			sum.owner_ps[owner] += result->cores[i].cpu_ps[owner];
		for (uint32_t i = 0; i < result->num_threads; i++)
			sum.owner_ps[owner] += result->threads[i].cpu_ps[owner];
	}
	if (result->has_hypervisor_core) {
		sum.num_cores++;
		sum.owner_ps[CPU_KERNEL] += result->hypervisor_busy_ps;
	}
	sum.idle_ps = (metrics_i128)sum.num_cores * result->cores_end_ps;
	for (int owner = 0; owner < CPU_NUM_OWNERS; owner++)
		sum.idle_ps -= sum.owner_ps[owner];
	NESC_ASSERT_ALWAYS(sum.idle_ps >= 0, "%s: the cores were busy for longer than there was time",
			   result->ops->name);
	return sum;
}

ps_t scheme_run_ps(const scheme_result *result)
{
	return result->run_end_ps > result->run_begin_ps ? result->run_end_ps - result->run_begin_ps : 0;
}

ps_t scheme_simulated_ps(const scheme_result *result)
{
	return result->end_ps > result->begin_ps ? result->end_ps - result->begin_ps : 0;
}
