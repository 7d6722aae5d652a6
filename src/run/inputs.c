#include "run/inputs.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/real_map.h"
#include "run/machine.h"

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

/* Does the map of a real file read well, and is the disk as large as the file? */
static nescsim_status check_map(const nescsim_config *config, size_t vm, size_t file, nescsim_diag *diag)
{
	const vm_config *vms = config->scenario.vms.items;
	const disk_config *disk = disk_config_file(&vms[vm].disk, file);
	const disk_map_extents *from = disk->map.params;
	char key[64] = "disk", path[128];
	diag_place place;
	real_map_options options = { .format = disk_map_format(from), .place = &place };
	nescsim_status status;
	real_map map;

	if (file != 0)
		snprintf(key, sizeof(key), "disk.append[%zu]", file - 1);
	snprintf(path, sizeof(path), "vms[%zu].%s.map.file", vm, key);
	place = cfg_place(config->document, path);
	status = real_map_read(from->file.resolved, from->file.resolved, &options, diag, &map);
	if (status == NESCSIM_OK && (uint64_t)disk->num_bytes < map.file_bytes) {
		char hint[64];

		snprintf(hint, sizeof(hint), "at least %" PRIu64 " KiB", (map.file_bytes + 1023) / 1024);
		snprintf(path, sizeof(path), "vms[%zu].%s.bytes", vm, key);
		place = cfg_place(config->document, path);
		status = diag_add(diag, NESCSIM_ERROR, NESCSIM_CONFIG, &place, hint,
				  "the disk is smaller than the file that its map is of: %" PRIu64 " bytes",
				  map.file_bytes);
	}
	real_map_fini(&map);
	return status;
}

/* All maps of real files, and whether they fit the medium: only they say how much room they take. */
static nescsim_status check_maps(const nescsim_config *config, nescsim_diag *diag)
{
	const vm_config *vms = config->scenario.vms.items;
	nescsim_status first = NESCSIM_OK;
	bool has_maps = false;
	storage_plan plan;

	for (size_t i = 0; i < config->scenario.vms.num; i++)
		for (size_t j = 0; j <= vms[i].disk.append.num; j++) {
			nescsim_status status;

			if (disk_config_file(&vms[i].disk, j)->map.index != DISK_MAP_EXTENTS)
				continue;
			has_maps = true;
			status = check_map(config, i, j, diag);
			first = first == NESCSIM_OK ? status : first;
		}
	if (first != NESCSIM_OK || !has_maps)
		return first;
	/* What there is to say of the maps was said. */
	first = machine_plan(&config->scenario, NULL, &plan);
	if (first == NESCSIM_OK)
		first = scenario_check_room(config, &plan, diag);
	storage_plan_fini(&plan);
	return first;
}

nescsim_status inputs_prepare(inputs *self, const nescsim_config *config, nescsim_diag *diag)
{
	const scenario *given = &config->scenario;
	const vm_config *vms = given->vms.items;
	nescsim_status first = scenario_check_schemes(config, diag);
	const nescsim_status maps_status = check_maps(config, diag);
	uint32_t vm = 1;

	*self = (inputs){ .shared = calloc(given->vms.num + 1, sizeof(*self->shared)), .num = given->vms.num };
	if (self->shared == NULL)
		return NESCSIM_NO_MEMORY;
	first = first == NESCSIM_OK ? maps_status : first;
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
