#include "run/inputs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Place of a key of the entry `index` of `vms`; it keeps the pointer path_out. */
static diag_place vm_place(const nescsim_config *config, size_t index, const char *key, char *path_out,
			   size_t path_bytes)
{
	snprintf(path_out, path_bytes, "vms[%zu].%s", index, key);
	return cfg_place(config->document, path_out);
}

static nescsim_status prepare_entry(inputs *self, const nescsim_config *config, size_t index, uint32_t first_vm,
				    nescsim_diag *diag)
{
	const scenario *given = &config->scenario;
	const vm_config *vms = given->vms.items;
	char path[64], filesystem_path[64];
	const diag_place place = vm_place(config, index, "workload", path, sizeof(path));
	const diag_place filesystem_place =
		vm_place(config, index, "filesystem", filesystem_path, sizeof(filesystem_path));
	const source_context context = {
		.seed = (uint64_t)given->sim.seed,
		.vm = first_vm,
		.num_vcpus = (uint32_t)given->guest.num_vcpus,
		.disk_bytes = disk_total_bytes(&vms[index].disk),
		.instructions_per_ns_milli = given->guest.instructions_per_ns_milli,
		.filesystem = &vms[index].filesystem,
		.filesystem_place = &filesystem_place,
		.num_tenants = (uint32_t)vms[index].count,
	};

	return source_prepare(&vms[index].workload, &context, &place, diag, &self->shared[index]);
}

nescsim_status inputs_prepare(inputs *self, const nescsim_config *config, nescsim_diag *diag)
{
	const scenario *given = &config->scenario;
	const vm_config *vms = given->vms.items;
	nescsim_status first = scenario_check_schemes(config, diag);
	uint32_t vm = 1;

	*self = (inputs){ .shared = calloc(given->vms.num + 1, sizeof(*self->shared)), .num = given->vms.num };
	if (self->shared == NULL)
		return NESCSIM_NO_MEMORY;
	for (size_t i = 0; i < given->vms.num; i++) {
		const nescsim_status status = prepare_entry(self, config, i, vm, diag);

		if (first == NESCSIM_OK)
			first = status;
		vm += (uint32_t)vms[i].count;
	}
	return first;
}

void inputs_fini(inputs *self)
{
	for (size_t i = 0; self->shared != NULL && i < self->num; i++)
		source_unshare(self->shared[i]);
	free(self->shared);
	*self = (inputs){ .num = 0 };
}

json_t *inputs_notes(const inputs *self)
{
	json_t *notes = json_array();

	for (size_t i = 0; notes != NULL && i < self->num; i++) {
		const char *text = source_notes(self->shared[i]);

		while (*text != '\0') {
			const size_t num_bytes = strcspn(text, "\n");

			if (json_array_append_new(notes, json_stringn(text, num_bytes)) != 0) {
				json_decref(notes);
				return NULL;
			}
			text += num_bytes + (text[num_bytes] == '\n');
		}
	}
	return notes;
}
