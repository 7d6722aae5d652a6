/* One VM and its device from config text, with the parts in reach. */
#ifndef TESTS_HOST_ONE_VM_H
#define TESTS_HOST_ONE_VM_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "host/driver.h"
#include "run/machine.h"

typedef struct one_vm {
	cfg_document *document;
	nescsim_diag *diag;
	scenario config;
	storage_plan plan;
	/* one_vm_make_device() */
	sim_kernel *kernel;
	nesc_device *device;
	hypervisor_parts parts;
	hypervisor *hypervisor;
	/* one_vm_run() */
	machine machine;
	vcpu *vcpu; /* the first one */
} one_vm;

static inline void one_vm_load(one_vm *self, const char *yaml)
{
	memset(self, 0, sizeof(*self));
	self->diag = nescsim_diag_create();
	if (cfg_load_text("one vm", yaml, NULL, 0, self->diag, &self->document) != NESCSIM_OK ||
	    cfg_decode(self->document, &scenario_section, &self->config, self->diag) != NESCSIM_OK) {
		nescsim_diag_print(self->diag, stderr);
		fail_msg("bad config");
	}
	assert_int_equal(machine_plan(&self->config, NULL, &self->plan), NESCSIM_OK);
}

/* A device alone, for the VFs of the plan. memory_bytes 0: as much as the hypervisor says that it needs. */
static inline void one_vm_make_device(one_vm *self, uint32_t num_vcpus, uint64_t memory_bytes)
{
	const medium_ops *medium = scenario_medium(&self->config);
	nesc_device_config config = {
		.device = &self->config.device,
		.nesc = &self->config.nesc,
		.link = &self->config.link,
		.medium = medium,
		.medium_params = self->config.media.params,
		.seed = 1,
		.num_vfs = self->plan.num_disks,
	};

	self->parts = (hypervisor_parts){
		.plan = &self->plan,
		.config = &self->config.hypervisor,
		.host = &self->config.host,
		.guest = &self->config.guest,
		.nesc = &self->config.nesc,
		.num_vcpus = num_vcpus,
		.medium_blocks = medium->capacity_bytes(self->config.media.params) / TREE_BLOCK_BYTES,
	};
	config.managed = config.uses_pf = hypervisor_is_needed(&self->plan, &self->config.hypervisor);
	config.memory_bytes = memory_bytes != 0 ? memory_bytes : hypervisor_memory_bytes(&self->parts);
	self->kernel = sim_kernel_create(SIM_CLUSTERED);
	self->device = nesc_device_create(self->kernel, &config);
	assert_non_null(self->device);
}

static inline const stack_ops *stack_named(const char *name)
{
	for (size_t i = 0; i < stack_table_num; i++)
		if (strcmp(stack_table[i]->name, name) == 0)
			return stack_table[i];
	fail_msg("no scheme %s", name);
	return NULL;
}

static inline void one_vm_completed(void *context, const vcpu_completion *completion)
{
	(void)context;
	(void)completion;
}

/* Builds the scheme over the VM and runs it to its end. */
static inline void one_vm_run(one_vm *self, const char *yaml, const stack_ops *stack)
{
	machine_config config = {
		.scenario = &self->config,
		.ops = stack,
		.plan = &self->plan,
		.placement = SIM_CLUSTERED,
		.completed = one_vm_completed,
	};

	one_vm_load(self, yaml);
	assert_int_equal(machine_build(&self->machine, &config, self->diag), NESCSIM_OK);
	self->vcpu = self->machine.vcpus[0];
	assert_int_equal(sim_run(self->machine.kernel), SIM_FINISHED);
}

static inline void one_vm_free(one_vm *self)
{
	machine_fini(&self->machine);
	sim_kernel_destroy(self->kernel);
	hypervisor_destroy(self->hypervisor);
	nesc_device_destroy(self->device);
	storage_plan_fini(&self->plan);
	nescsim_diag_destroy(self->diag);
	cfg_document_destroy(self->document);
}

#endif
