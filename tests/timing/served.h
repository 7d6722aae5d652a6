/* Runs a machine from config text under a scheme with its parameters, and keeps every completion and what each core and
 * thread did. */
#ifndef TESTS_TIMING_SERVED_H
#define TESTS_TIMING_SERVED_H

#include "timing/replay.h"

#include <unistd.h>

#include "run/machine.h"

#include "timing/oracle.h"

#define SERVED_MAX_VMS 32

typedef struct served {
	seen *all; /* in the order in which they were told */
	size_t num;
	io_thread_counts counts[SERVED_MAX_VMS + 1];        /* by VM from 1; of schemes with threads */
	ps_t thread_ps[SERVED_MAX_VMS + 1][CPU_NUM_OWNERS]; /* likewise: core time of threads, */
	ps_t vcpu_ps[SERVED_MAX_VMS + 1][CPU_NUM_OWNERS];   /* and of vCPUs */
	ps_t pool_ps;                                       /* that the cores of the threads were held */
	ps_t last_complete_ps, thread_end_ps;               /* the latest of all VMs */
	nesc_device_counts device;
	uint64_t num_failed;
	uint64_t num_violations; /* check mode */
	char violation[CHECKER_TEXT_BYTES];
} served;

static inline void served_observe(void *context, const vcpu_completion *completion)
{
	served *run = context;

	if (run->num == MAX_SEEN)
		return;
	seen_keep(&run->all[run->num++], completion);
}

/* The scheme's parameters: of the `schemes` that the text lists, which must outlive them. */
static inline const void *served_params(const scenario *config, const char *scheme, const stack_ops **ops_out)
{
	for (size_t i = 0; i < config->schemes.num; i++) {
		const void *params;
		const stack_ops *ops = scenario_scheme(config, i, &params);

		if (strcmp(ops->name, scheme) == 0) {
			*ops_out = ops;
			return params;
		}
	}
	fail_msg("the config lists no scheme %s", scheme);
	return NULL;
}

static inline void served_collect(served *run, const machine *of)
{
	for (uint32_t vm = 1; vm <= of->num_vms; vm++) {
		const io_thread *thread = of->threads[vm - 1];

		for (int owner = 0; owner < CPU_NUM_OWNERS; owner++) {
			for (uint32_t i = 0; i < of->num_vcpus; i++)
				run->vcpu_ps[vm][owner] +=
					vcpu_cpu_ps(of->vcpus[(vm - 1) * of->num_vcpus + i], (cpu_owner)owner);
			if (thread != NULL)
				run->thread_ps[vm][owner] = io_thread_cpu_ps(thread, (cpu_owner)owner);
		}
		if (thread != NULL) {
			run->counts[vm] = io_thread_count(thread);
			run->thread_end_ps = ps_max(run->thread_end_ps, io_thread_busy_until_ps(thread));
		}
	}
	for (uint32_t i = 0; i < of->num_cores; i++) {
		run->num_failed += vcpu_num_failed(of->vcpus[i]);
		run->last_complete_ps = ps_max(run->last_complete_ps, vcpu_last_complete_ps(of->vcpus[i]));
	}
	if (of->io_cores != NULL)
		run->pool_ps = sim_core_pool_busy_ps(of->io_cores);
	run->device = nesc_device_count(of->device);
	if (of->checker != NULL) {
		nescsim_status status;

		run->num_violations = checker_verdict(of->checker, run->violation, &status);
		assert_int_equal(status, NESCSIM_OK);
	}
}

/* Runs, and checks what must hold of every run: it finishes, no piece of a request is negative, all of them sum exactly
 * to its latency, layer by layer, and in check mode nobody read what was not there. */
static inline served served_run(const char *yaml, const char *scheme, sim_placement placement)
{
	served run = { .all = malloc(MAX_SEEN * sizeof(seen)) };
	nescsim_diag *diag = nescsim_diag_create();
	cfg_document *document = NULL;
	machine built = { .kernel = NULL };
	scenario config;
	storage_plan plan;
	machine_config wanted = {
		.scenario = &config,
		.plan = &plan,
		.placement = placement,
		.completed = served_observe,
		.context = &run,
	};
	sim_outcome outcome;

	assert_non_null(run.all);
	if (cfg_load_text("served", yaml, NULL, 0, diag, &document) != NESCSIM_OK ||
	    cfg_decode(document, &scenario_section, &config, diag) != NESCSIM_OK) {
		nescsim_diag_print(diag, stderr);
		fail_msg("bad config");
	}
	assert_in_range(scenario_num_vms(&config), 1, SERVED_MAX_VMS);
	wanted.params = served_params(&config, scheme, &wanted.ops);
	assert_int_equal(machine_plan(&config, NULL, &plan), NESCSIM_OK);
	if (machine_build(&built, &wanted, diag) != NESCSIM_OK) {
		nescsim_diag_print(diag, stderr);
		fail_msg("the machine cannot be built");
	}
	outcome = sim_run(built.kernel);
	if (outcome != SIM_FINISHED)
		fail_msg("outcome %d:\n%s", outcome, sim_describe(built.kernel));
	served_collect(&run, &built);
	machine_fini(&built);
	storage_plan_fini(&plan);
	nescsim_diag_destroy(diag);
	cfg_document_destroy(document);
	if (run.num_violations != 0)
		fail_msg("%s: %llu violations, first: %s", scheme, (unsigned long long)run.num_violations,
			 run.violation);
	for (size_t i = 0; i < run.num; i++)
		replay_check(&run.all[i].c);
	return run;
}

static inline void served_free(served *run)
{
	free(run->all);
}

/* Request `number` of a VM with one vCPU, as its block layer saw it. */
static inline const vcpu_completion *served_find(const served *run, uint32_t vm, uint64_t number)
{
	for (size_t i = 0; i < run->num; i++)
		if (run->all[i].vm == vm && run->all[i].request.number == number && run->all[i].c.has_block)
			return &run->all[i].c;
	fail_msg("request %u of VM %u did not complete", (unsigned)number, (unsigned)vm);
	return NULL;
}

/* When request `index` of a trace is recorded: "... @us", or 1 us after the one before. */
static inline int served_recorded_ns(const char *const *requests, size_t index)
{
	const char *at = strchr(requests[index], '@');

	return at != NULL ? 1000 * atoi(at + 1) : 1000 * (int)index;
}

/* A trace of "RWBS sector sectors" lines, in the order of their times; to be unlinked. */
static inline void served_write_trace(const char *const *requests, size_t num_requests, char name[64])
{
	FILE *file;

	strcpy(name, P_tmpdir "/nescsim-served-XXXXXX");
	file = fdopen(mkstemp(name), "w");
	assert_non_null(file);
	for (size_t i = 0; i < num_requests; i++) {
		char kind[8];
		unsigned sector = 0, sectors = 0;
		const int num = sscanf(requests[i], "%7s %u %u", kind, &sector, &sectors);

		for (int event = 0; event < 2; event++) {
			fprintf(file, "8,0 0 1 0.%09d 1 %c %s", served_recorded_ns(requests, i) + 500 * event,
				event == 0 ? 'D' : 'C', kind);
			if (num == 3)
				fprintf(file, " %u + %u", sector, sectors);
			else if (event == 1)
				fputs(" 0", file);
			fputs(event == 0 ? " [a]\n" : " [0]\n", file);
		}
	}
	fclose(file);
}

/* Replays such a trace with `depth` requests outstanding on this disk, as fast as the guest can, or (0) at the recorded
 * times; `config` says the rest. */
static inline served served_replay_on(const char *config, const char *disk, const char *const *requests,
				      size_t num_requests, int depth, const char *scheme, sim_placement placement)
{
	char name[64];
	served run;

	served_write_trace(requests, num_requests, name);
	run = served_run(text_of("%svms: [{disk: {%s}, workload: {kind: trace, file: %s, policy: %s, depth: %d}}]",
				 config, disk, name, depth == 0 ? "recorded" : "fast", depth == 0 ? 1 : depth),
			 scheme, placement);
	unlink(name);
	assert_int_equal(run.num, num_requests);
	return run;
}

static inline served served_replay(const char *config, const char *const *requests, size_t num_requests, int depth,
				   const char *scheme, sim_placement placement)
{
	return served_replay_on(config, "bytes: 16 MiB", requests, num_requests, depth, scheme, placement);
}

/* The device's part in a request of the PF's, alone: from its first register write, which is made at device_start_ps,
 * to its interrupt. `bytes` at most 4 KiB. */
static inline ps_t pf_device_ps(ps_t device_start_ps, bool write, uint64_t first_byte, uint64_t bytes)
{
	/* The oracle's process calls so long before: call 300, block layer 450, driver 200. */
	const answer a = life_of(&(question){
		.write = write, .first_byte = first_byte, .bytes = bytes, .submit_ps = device_start_ps - 950000 });

	return a.device_end_ps - device_start_ps;
}

#endif
