#include "run/scenario.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "host/hypervisor.h"
#include "nesc/bar.h"
#include "run/input_files.h"
#include "sim/sim.h"
#include "workload/source.h"

#define KEYS(array) .keys = (array), .num_keys = sizeof(array) / sizeof((array)[0])
#define SECTION(key, member, its_section, text)                                                   \
	{                                                                                         \
		.name = key, .type = CFG_SECTION, .offset_in_struct = offsetof(scenario, member), \
		.section = &(its_section), .help = text                                           \
	}

#define SWEEP "sweep"
#define FIGURES "figures"

/* In the order of sim_placement. */
static const char *const placements[] = { "clustered", "per_unit", NULL };

static const cfg_key sim_keys[] = {
	{ .name = "seed",
	  .type = CFG_COUNT,
	  .offset_in_struct = offsetof(scenario, sim.seed),
	  .default_text = "1",
	  .help = "Seed of every random stream: same seed, same bytes.",
	  .source = "choice: any number" },
	{ .name = "placement",
	  .type = CFG_ENUM,
	  .offset_in_struct = offsetof(scenario, sim.placement),
	  .default_text = "clustered",
	  .choices = placements,
	  .help = "Whether the device's units share one SimGrid actor or have one each. Results are the same; "
		  "clustered is faster.",
	  .source = "choice: the faster one" },
	{ .name = "warmup",
	  .type = CFG_COUNT,
	  .offset_in_struct = offsetof(scenario, sim.warmup_requests),
	  .default_text = "0",
	  .help = "Requests of each vCPU, from its first on, that are simulated but left out of latencies, rates and "
		  "requests.csv; units.csv covers the whole run.",
	  .source = "choice: a trace counts as a whole" },
	{ .name = "check",
	  .type = CFG_BOOL,
	  .offset_in_struct = offsetof(scenario, sim.check),
	  .default_text = "false",
	  .help = "Stamp every block's data and verify every read; a violation fails the run. Predictions stay the "
		  "same.",
	  .source = "choice: off" },
};
static const cfg_section sim_section = { .name = "sim", KEYS(sim_keys) };

static const cfg_key output_keys[] = {
	{ .name = "requests",
	  .type = CFG_BOOL,
	  .offset_in_struct = offsetof(scenario, output.requests),
	  .default_text = "false",
	  .help = "Write requests.csv, one row per request and scheme.",
	  .source = "choice: off, it is large" },
};
static const cfg_section output_section = { .name = "output", KEYS(output_keys) };

static const cfg_key sweep_param = {
	.name = "param",
	.type = CFG_STRING,
	.offset_in_struct = 0,
	.help = "KEY=LIST, or zip:KEY=LIST;KEY=LIST for keys that change together (docs/sweep.md).",
	.source = "none: required",
};

static const cfg_key sweep_keys[] = {
	{ .name = "params",
	  .type = CFG_LIST,
	  .offset_in_struct = offsetof(scenario, sweep.params),
	  .default_text = "[]",
	  .element = &sweep_param,
	  .one_or_list = true,
	  .help = "What `nescsim sweep` varies, each as --param takes it; the first varies slowest. Other commands "
		  "pass "
		  "over it.",
	  .source = "choice: nothing" },
	{ .name = "repeat",
	  .type = CFG_COUNT,
	  .offset_in_struct = offsetof(scenario, sweep.num_repeats),
	  .default_text = "1",
	  .min_text = "1",
	  .max_text = "1000000",
	  .help = "How often `nescsim sweep` runs each combination, with the seeds sim.seed, sim.seed + 1 and so on.",
	  .source = "choice: once" },
};
static const cfg_section sweep_section = { .name = "sweep", KEYS(sweep_keys) };

static const cfg_key root_keys[] = {
	{ .name = "sim",
	  .type = CFG_SECTION,
	  .offset_in_struct = 0,
	  .section = &sim_section,
	  .help = "The simulation itself." },
	SECTION("device", device, device_section, "The storage controller as a whole."),
	SECTION("link", link, pcie_link_section, "The PCIe link between the host and the device."),
	SECTION("nesc", nesc, nesc_section, "The controller's units."),
	{ .name = "media",
	  .type = CFG_VARIANT,
	  .offset_in_struct = offsetof(scenario, media),
	  .default_text = "dram",
	  .variants = &media_variants,
	  .help = "What the device stores its blocks on.",
	  .source = "thesis: stated (DDR3 on the VC707 board)" },
	SECTION("host", host, host_section, "The physical machine and its kernel."),
	SECTION("guest", guest, guest_section, "The virtual machines' CPUs and kernel."),
	SECTION("hypervisor", hypervisor, hypervisor_section,
		"What the host does about the VMs' disks while they run."),
	{ .name = "vms",
	  .type = CFG_LIST,
	  .offset_in_struct = offsetof(scenario, vms),
	  .element = &vm_element,
	  .help = "The virtual machines (tenants of the bare machine in `host`), numbered from 1 in this order.",
	  .source = "none: required" },
	{ .name = "schemes",
	  .type = CFG_NAMED,
	  .offset_in_struct = offsetof(scenario, schemes),
	  .default_text = "[host, nesc]",
	  .variants = &stack_variants,
	  .help = "The virtualization schemes to simulate; the first is what the others are compared with.",
	  .source = "choice: the baseline first" },
	{ .name = "output",
	  .type = CFG_SECTION,
	  .offset_in_struct = 0,
	  .section = &output_section,
	  .help = "What a result folder holds beside result.json, summary.csv, stages.csv and units.csv." },
	{ .name = SWEEP,
	  .type = CFG_SECTION,
	  .offset_in_struct = 0,
	  .section = &sweep_section,
	  .help = "What `nescsim sweep` runs." },
	{ .name = FIGURES,
	  .type = CFG_LIST,
	  .offset_in_struct = offsetof(scenario, figures),
	  .default_text = "[]",
	  .element = &figure_element,
	  .help = "What `nescsim plot`, `report` and `reproduce` draw of the results.",
	  .source = "choice: all figures that there are data for" },
};

/* Where blocks may be allocated at run time the host filesystem needs room of its own. */
static bool needs_journal(const scenario *self)
{
	const vm_config *vms = self->vms.items;
	bool needs = self->hypervisor.tree_bytes != 0 || self->hypervisor.actions.num != 0;

	for (size_t i = 0; i < self->vms.num; i++)
		for (size_t j = 0; j <= vms[i].disk.append.num; j++)
			needs |= disk_config_has_holes(disk_config_file(&vms[i].disk, j));
	return needs;
}

/* Says that the files do not fit; "": they do. */
static void say_room(unsigned __int128 num_bytes, uint64_t capacity_bytes, char *text_out, size_t text_bytes)
{
	text_out[0] = '\0';
	if (num_bytes > capacity_bytes)
		snprintf(text_out, text_bytes,
			 "disks of %" PRIu64 " KiB at the start, journal included, do not fit the medium of %" PRIu64
			 " KiB",
			 (uint64_t)(num_bytes / 1024), capacity_bytes / 1024);
}

#define HINT_ROOM "raise media.capacity or make the disks smaller"

nescsim_status scenario_check_room(const nescsim_config *config, const storage_plan *plan, nescsim_diag *diag)
{
	const scenario *self = &config->scenario;
	const diag_place place = cfg_place(config->document, "vms");
	const uint64_t capacity_bytes = scenario_medium(self)->capacity_bytes(self->media.params);
	const uint64_t capacity_blocks = capacity_bytes / TREE_BLOCK_BYTES;
	const uint64_t journal_blocks =
		capacity_blocks - hypervisor_file_blocks(plan, &self->hypervisor, capacity_blocks);
	char text[128];

	say_room((unsigned __int128)(plan->num_blocks + journal_blocks) * TREE_BLOCK_BYTES, capacity_bytes, text,
		 sizeof(text));
	return text[0] == '\0' ? NESCSIM_OK
			       : diag_add(diag, NESCSIM_ERROR, NESCSIM_CONFIG, &place, HINT_ROOM, "%s", text);
}

static void check_vms(const scenario *self, cfg_check *check)
{
	char text[128];
	const uint32_t num_vms = scenario_num_vms(self);
	const uint64_t num_cores = (uint64_t)num_vms * (uint64_t)self->guest.num_vcpus;
	const uint64_t capacity_bytes = scenario_medium(self)->capacity_bytes(self->media.params);
	const disk_config *disks[BAR_MAX_VFS];
	unsigned __int128 num_bytes;

	if (self->vms.num == 0) {
		cfg_conflict(check, "vms", "such as [{workload: {kind: dd, count: 1000}}]",
			     "there is no VM to simulate");
		return;
	}
	if (num_vms > self->device.num_functions)
		cfg_conflict(check, "vms", "raise device.functions or lower the counts",
			     "%" PRIu32 " VMs need a function each, the device has %" PRId64, num_vms,
			     self->device.num_functions);
	if (num_cores > (uint64_t)self->host.num_cores)
		cfg_conflict(check, "vms", "raise host.cores, or lower guest.vcpus or the number of VMs",
			     "%" PRIu32 " VMs of %" PRId64 " vCPUs need %" PRIu64 " cores, the host has %" PRId64,
			     num_vms, self->guest.num_vcpus, num_cores, self->host.num_cores);
	for (uint32_t vm = 1; vm <= num_vms && vm <= BAR_MAX_VFS; vm++)
		disks[vm - 1] = &scenario_vm(self, vm, NULL)->disk;
	num_bytes = (unsigned __int128)storage_num_blocks(disks, num_vms < BAR_MAX_VFS ? num_vms : BAR_MAX_VFS) *
		    TREE_BLOCK_BYTES;
	if (needs_journal(self))
		num_bytes += (uint64_t)self->hypervisor.journal_area_bytes;
	say_room(num_bytes, capacity_bytes, text, sizeof(text));
	if (needs_journal(self) && (uint64_t)self->hypervisor.journal_area_bytes >= capacity_bytes)
		cfg_conflict(check, "hypervisor.journal_area", "lower it, or raise media.capacity",
			     "the host filesystem's journal takes all of the medium of %" PRIu64 " KiB",
			     capacity_bytes / 1024);
	else if (text[0] != '\0')
		cfg_conflict(check, "vms", HINT_ROOM, "%s", text);
}

bool scenario_shares_files(const scenario *self, uint32_t vm)
{
	const disk_config *disk = &scenario_vm(self, vm, NULL)->disk;

	for (size_t i = 0; i <= disk->append.num; i++) {
		const char *name = disk_config_file(disk, i)->file;

		for (uint32_t other = 1; name[0] != '\0' && other <= scenario_num_vms(self); other++) {
			const disk_config *theirs = &scenario_vm(self, other, NULL)->disk;

			for (size_t j = 0; other != vm && j <= theirs->append.num; j++)
				if (strcmp(disk_config_file(theirs, j)->file, name) == 0)
					return true;
		}
	}
	return false;
}

/* Is the VM's disk one file that no other VM names? */
static bool has_file_of_its_own(const scenario *self, uint32_t vm)
{
	return scenario_vm(self, vm, NULL)->disk.append.num == 0 && !scenario_shares_files(self, vm);
}

static unsigned num_priorities(const scenario *self)
{
	const vm_config *vms = self->vms.items;
	uint64_t used = 0;

	for (size_t i = 0; i < self->vms.num; i++)
		used |= UINT64_C(1) << vms[i].qos.priority;
	return (unsigned)__builtin_popcountll(used);
}

static void check_actions(const scenario *self, cfg_check *check)
{
	const cfg_variant *actions = self->hypervisor.actions.items;
	const int64_t num_vms = scenario_num_vms(self);
	uint64_t created = 0;

	for (size_t i = 0; i < self->hypervisor.actions.num; i++) {
		const action_config *action = actions[i].params;
		char key[64];

		snprintf(key, sizeof(key), "hypervisor.actions[%zu].vm", i);
		if (action->vm > num_vms) {
			cfg_conflict(check, key, "a VM's number, from 1", "there is no VM %" PRId64 ", only %" PRId64,
				     action->vm, num_vms);
			continue;
		}
		if (actions[i].index == ACTION_RESIZE && !has_file_of_its_own(self, (uint32_t)action->vm))
			cfg_conflict(check, key, "a VM whose disk is one file of its own",
				     "a disk of several or shared files keeps its size");
		if (actions[i].index == ACTION_CREATE) {
			if ((created >> (action->vm - 1) & 1) != 0)
				cfg_conflict(check, key, "create it once", "VM %" PRId64 " is created twice",
					     action->vm);
			created |= UINT64_C(1) << (action->vm - 1);
		}
		snprintf(key, sizeof(key), "hypervisor.actions[%zu].with", i);
		if (actions[i].index == ACTION_DEDUPLICATE && action->with_vm > num_vms)
			cfg_conflict(check, key, "a VM's number, from 1", "there is no VM %" PRId64 ", only %" PRId64,
				     action->with_vm, num_vms);
	}
}

/* The first mention of a file of this name in VMs before `end`, and that VM's index. NULL: there is none. */
static const disk_config *first_mention(const vm_config *vms, size_t end, const char *name, size_t *vm_out)
{
	for (size_t i = 0; i < end; i++)
		for (size_t j = 0; j <= vms[i].disk.append.num; j++)
			if (strcmp(disk_config_file(&vms[i].disk, j)->file, name) == 0) {
				*vm_out = i;
				return disk_config_file(&vms[i].disk, j);
			}
	return NULL;
}

/* Files of one name are one file, so they must be described alike. */
static void check_files(const scenario *self, cfg_check *check)
{
	const vm_config *vms = self->vms.items;

	for (size_t i = 0; i < self->vms.num; i++)
		for (size_t j = 0; j <= vms[i].disk.append.num; j++) {
			const disk_config *file = disk_config_file(&vms[i].disk, j), *first;
			char key[64];
			size_t vm = i; /* its own mention, if there is no earlier one */

			if (file->file[0] == '\0')
				continue;
			snprintf(key, sizeof(key), "vms[%zu].disk", i);
			for (size_t k = 0; k < j; k++)
				if (strcmp(disk_config_file(&vms[i].disk, k)->file, file->file) == 0)
					cfg_conflict(check, key, "name other files", "file '%s' is in one disk twice",
						     file->file);
			first = first_mention(vms, i + 1, file->file, &vm);
			if (!disk_config_is_same(first, file))
				cfg_conflict(check, key, "describe it alike, or give it another name",
					     "file '%s' has another size, map or image than in vms[%zu]", file->file,
					     vm);
		}
}

/* An entry with count: 0 is counted once the workload is known; then all is decoded again. */
static bool has_open_count(const scenario *self)
{
	const vm_config *vms = self->vms.items;

	for (size_t i = 0; i < self->vms.num; i++)
		if (vms[i].count == 0)
			return true;
	return false;
}

static void scenario_check(const void *value, cfg_check *check)
{
	const scenario *self = value;

	if (has_open_count(self))
		return;
	if (self->device.sriov && !self->link.iommu)
		cfg_conflict(check, "device.sriov", "set link.iommu: true as well",
			     "with true SR-IOV VFs reach their VM's memory, so an IOMMU must keep them to it");
	if (self->nesc.dma.policy == NESC_DMA_PRIORITY && num_priorities(self) > NESC_MAX_LANES)
		cfg_conflict(check, "nesc.dma.policy", "give more VMs the same qos.priority",
			     "the VMs have %u priorities, the DMA engine tells %d apart", num_priorities(self),
			     NESC_MAX_LANES);
	if (self->schemes.num == 0)
		cfg_conflict(check, "schemes", "such as [host, nesc]", "there is no scheme to simulate");
	check_vms(self, check);
	check_actions(self, check);
	check_files(self, check);
	figure_configs_check(&self->figures, self->sweep.params.num != 0, check);
}

const cfg_section scenario_section = {
	.name = "the configuration", KEYS(root_keys), .struct_bytes = sizeof(scenario), .check = scenario_check
};

json_t *scenario_effective(const scenario *self)
{
	json_t *all = cfg_dump_json(&scenario_section, self);

	if (all != NULL) {
		json_object_del(all, SWEEP);
		json_object_del(all, FIGURES);
	}
	return all;
}

json_t *scenario_figures(const scenario *self)
{
	json_t *all = cfg_dump_json(&scenario_section, self);
	json_t *figures = json_incref(json_object_get(all, FIGURES));

	json_decref(all);
	return figures;
}

uint32_t scenario_num_vms(const scenario *self)
{
	const vm_config *vms = self->vms.items;
	uint64_t num = 0;

	for (size_t i = 0; i < self->vms.num; i++)
		num += (uint64_t)vms[i].count;
	return num > UINT32_MAX ? UINT32_MAX : (uint32_t)num;
}

const vm_config *scenario_vm(const scenario *self, uint32_t vm, size_t *index_out)
{
	const vm_config *vms = self->vms.items;
	uint64_t last = 0;

	for (size_t i = 0; i < self->vms.num; i++) {
		last += (uint64_t)vms[i].count;
		if (vm <= last) {
			if (index_out != NULL)
				*index_out = i;
			return &vms[i];
		}
	}
	return NULL;
}

bool scenario_compares_contents(const scenario *self)
{
	const cfg_variant *actions = self->hypervisor.actions.items;

	for (size_t i = 0; i < self->hypervisor.actions.num; i++)
		if (actions[i].index == ACTION_DEDUPLICATE)
			return true;
	return false;
}

bool scenario_vm_is_resized(const scenario *self, uint32_t vm)
{
	const cfg_variant *actions = self->hypervisor.actions.items;

	for (size_t i = 0; i < self->hypervisor.actions.num; i++)
		if (actions[i].index == ACTION_RESIZE && ((const action_config *)actions[i].params)->vm == vm)
			return true;
	return false;
}

const stack_ops *scenario_scheme(const scenario *self, size_t index, const void **params_out)
{
	const cfg_variant *scheme = &((const cfg_variant *)self->schemes.items)[index];

	if (params_out != NULL)
		*params_out = scheme->params;
	return stack_table[scheme->index];
}

const medium_ops *scenario_medium(const scenario *self)
{
	return medium_table[self->media.index];
}

/* ---- the public interface --------------------------------------------------------------------------------------- */

/* Same members, so that callers need not see ours; the strings are only read. */
static cfg_override *copy_overrides(const nescsim_override *overrides, size_t num_overrides)
{
	cfg_override *copy = calloc(num_overrides + 1, sizeof(*copy));

	for (size_t i = 0; copy != NULL && i < num_overrides; i++)
		copy[i] = (cfg_override){ .path = overrides[i].path,
					  .value = overrides[i].value,
					  .folder = overrides[i].folder };
	return copy;
}

/* Where a configuration comes from: `text`, or `files` if there are any, or else the disk. */
typedef struct config_origin {
	const char *name, *text;
	const cfg_file *files;
	size_t num_files;
	struct input_digests *digests; /* to share; NULL = it gets its own */
} config_origin;

static nescsim_status decode(const config_origin *from, const cfg_override *overrides, size_t num_overrides,
			     nescsim_diag *diag, nescsim_config *config)
{
	nescsim_status status;

	if (from->text != NULL)
		status = cfg_load_text(from->name, from->text, overrides, num_overrides, diag, &config->document);
	else if (from->files != NULL)
		status = cfg_load_files(from->name, from->files, from->num_files, overrides, num_overrides, diag,
					&config->document);
	else
		status = cfg_load(from->name, overrides, num_overrides, diag, &config->document);
	if (status == NESCSIM_OK)
		status = cfg_decode(config->document, &scenario_section, &config->scenario, diag);
	return status;
}

/* The VMs of the entry, one for each device of its trace. */
static nescsim_status count_vms(const nescsim_config *config, size_t index, nescsim_diag *diag, uint32_t *num_out)
{
	const vm_config *vms = config->scenario.vms.items;
	char path[48], count_path[48];
	diag_place place, count_place;
	nescsim_status status;

	snprintf(path, sizeof(path), "vms[%zu].workload", index);
	snprintf(count_path, sizeof(count_path), "vms[%zu].count", index);
	place = cfg_place(config->document, path);
	count_place = cfg_place(config->document, count_path);
	status = source_count_tenants(&vms[index].workload, &place, diag, num_out);
	if (status == NESCSIM_OK && *num_out > BAR_MAX_VFS)
		return diag_add(diag, NESCSIM_ERROR, NESCSIM_CONFIG, &count_place,
				"choose count: 64 and map: fold, or name some in workload.devices",
				"the trace has %" PRIu32 " devices, there are at most %d VMs", *num_out, BAR_MAX_VFS);
	return status;
}

/* Decodes again, with the counts that were left open. */
static nescsim_status fill_in_counts(const config_origin *from, const nescsim_override *overrides, size_t num_overrides,
				     nescsim_diag *diag, nescsim_config *config)
{
	const size_t num_vms = config->scenario.vms.num;
	const vm_config *vms = config->scenario.vms.items;
	struct count_texts {
		char path[48], value[16];
	} *texts = calloc(num_vms, sizeof(*texts));
	nescsim_override *all = calloc(num_overrides + num_vms, sizeof(*all));
	cfg_override *copy = NULL;
	nescsim_status first = texts == NULL || all == NULL ? NESCSIM_NO_MEMORY : NESCSIM_OK;
	size_t num_all = num_overrides;

	if (first == NESCSIM_OK && num_overrides != 0)
		memcpy(all, overrides, num_overrides * sizeof(*all));
	for (size_t i = 0; i < num_vms && first != NESCSIM_NO_MEMORY; i++) {
		nescsim_status status;
		uint32_t num;

		if (vms[i].count != 0)
			continue;
		status = count_vms(config, i, diag, &num);
		if (first == NESCSIM_OK)
			first = status;
		if (status != NESCSIM_OK)
			continue;
		snprintf(texts[i].path, sizeof(texts[i].path), "vms[%zu].count", i);
		snprintf(texts[i].value, sizeof(texts[i].value), "%" PRIu32, num);
		all[num_all++] = (nescsim_override){ .path = texts[i].path, .value = texts[i].value };
	}
	if (first == NESCSIM_OK) {
		copy = copy_overrides(all, num_all);
		cfg_document_destroy(config->document);
		config->document = NULL;
		first = copy == NULL ? NESCSIM_NO_MEMORY : decode(from, copy, num_all, diag, config);
	}
	free(copy);
	free(all);
	free(texts);
	return first;
}

static nescsim_status load(const config_origin *from, const nescsim_override *overrides, size_t num_overrides,
			   nescsim_diag *diag, nescsim_config **config_out)
{
	cfg_override *copy = copy_overrides(overrides, num_overrides);
	nescsim_config *config = calloc(1, sizeof(*config));
	nescsim_status status = NESCSIM_NO_MEMORY;

	*config_out = NULL;
	if (copy != NULL && config != NULL)
		status = decode(from, copy, num_overrides, diag, config);
	free(copy);
	if (status == NESCSIM_OK) {
		config->has_own_digests = from->digests == NULL;
		config->digests = from->digests != NULL ? from->digests : input_digests_create();
		status = config->digests != NULL ? NESCSIM_OK : NESCSIM_NO_MEMORY;
	}
	if (status == NESCSIM_OK && has_open_count(&config->scenario))
		status = fill_in_counts(from, overrides, num_overrides, diag, config);
	if (status != NESCSIM_OK) {
		nescsim_config_destroy(config);
		return status;
	}
	config->listed_schemes = config->scenario.schemes;
	*config_out = config;
	return NESCSIM_OK;
}

nescsim_status nescsim_config_load(const char *file_name, const nescsim_override *overrides, size_t num_overrides,
				   nescsim_diag *diag, nescsim_config **config_out)
{
	const config_origin from = { .name = file_name };

	return load(&from, overrides, num_overrides, diag, config_out);
}

nescsim_status nescsim_config_load_text(const char *name, const char *text, const nescsim_override *overrides,
					size_t num_overrides, nescsim_diag *diag, nescsim_config **config_out)
{
	const config_origin from = { .name = name, .text = text };

	return load(&from, overrides, num_overrides, diag, config_out);
}

nescsim_status scenario_load_builtin(const char *name, const cfg_file *files, size_t num_files,
				     const nescsim_override *overrides, size_t num_overrides, nescsim_diag *diag,
				     nescsim_config **config_out)
{
	const config_origin from = { .name = name, .files = files, .num_files = num_files };

	return load(&from, overrides, num_overrides, diag, config_out);
}

nescsim_status scenario_load_again(const nescsim_config *original, const nescsim_override *overrides,
				   size_t num_overrides, nescsim_diag *diag, nescsim_config **config_out)
{
	config_origin from = { .digests = original->digests };

	from.files = cfg_files(original->document, &from.num_files);
	from.name = from.files[0].name;
	return load(&from, overrides, num_overrides, diag, config_out);
}

void nescsim_config_destroy(nescsim_config *config)
{
	if (config == NULL)
		return;
	cfg_document_destroy(config->document);
	cfg_document_destroy(config->all_document);
	if (config->has_own_digests)
		input_digests_destroy(config->digests);
	free(config->chosen_schemes);
	free(config);
}

/* All schemes with their defaults, in the order of stack_table. */
static nescsim_status load_all_schemes(nescsim_config *config, nescsim_diag *diag)
{
	static const cfg_key key = { .name = "schemes",
				     .type = CFG_NAMED,
				     .offset_in_struct = 0,
				     .variants = &stack_variants,
				     .help = "All schemes." };
	static const cfg_section section = {
		.name = "schemes", .keys = &key, .num_keys = 1, .struct_bytes = sizeof(cfg_list)
	};
	text_buffer text = TEXT_EMPTY;
	nescsim_status status = NESCSIM_NO_MEMORY;

	if (config->all_document != NULL)
		return NESCSIM_OK;
	text_add(&text, "schemes: [");
	for (size_t i = 0; i < stack_table_num; i++)
		text_add(&text, "%s%s", i == 0 ? "" : ", ", stack_table[i]->name);
	text_add(&text, "]\n");
	if (text_ok(&text))
		status = cfg_load_text("schemes", text_get(&text), NULL, 0, diag, &config->all_document);
	if (status == NESCSIM_OK)
		status = cfg_decode(config->all_document, &section, &config->all_schemes, diag);
	text_free(&text);
	return status;
}

/* Row of stack_table, or -1. */
static int find_scheme(const char *name, nescsim_diag *diag)
{
	const char **names = calloc(stack_table_num, sizeof(*names));
	const char *nearest = NULL;
	char hint[64];

	for (size_t i = 0; i < stack_table_num; i++) {
		if (strcmp(stack_table[i]->name, name) == 0) {
			free(names);
			return (int)i;
		}
		if (names != NULL)
			names[i] = stack_table[i]->name;
	}
	if (names != NULL)
		nearest = diag_nearest(name, names, stack_table_num);
	if (nearest != NULL)
		snprintf(hint, sizeof(hint), "did you mean %s?", nearest);
	else
		snprintf(hint, sizeof(hint), "`nescsim schemes` lists them");
	diag_add(diag, NESCSIM_ERROR, NESCSIM_USAGE, NULL, hint, "there is no scheme '%s'", name);
	free(names);
	return -1;
}

/* The scheme with the configuration's parameters if it lists it, else with its defaults. */
static cfg_variant scheme_variant(const nescsim_config *config, int index)
{
	const cfg_variant *listed = config->listed_schemes.items;

	for (size_t i = 0; i < config->listed_schemes.num; i++)
		if (listed[i].index == index)
			return listed[i];
	return ((const cfg_variant *)config->all_schemes.items)[index];
}

nescsim_status nescsim_config_set_schemes(nescsim_config *config, const char *const *names, size_t num_names,
					  nescsim_diag *diag)
{
	cfg_variant *chosen = calloc(num_names + 1, sizeof(*chosen));
	nescsim_status status = chosen == NULL ? NESCSIM_NO_MEMORY : load_all_schemes(config, diag);

	if (status == NESCSIM_OK && num_names == 0)
		status = diag_add(diag, NESCSIM_ERROR, NESCSIM_USAGE, NULL, NULL, "no scheme is named");
	for (size_t i = 0; status == NESCSIM_OK && i < num_names; i++) {
		const int index = find_scheme(names[i], diag);

		if (index < 0) {
			status = NESCSIM_USAGE;
			break;
		}
		for (size_t j = 0; j < i; j++)
			if (chosen[j].index == index)
				status = diag_add(diag, NESCSIM_ERROR, NESCSIM_USAGE, NULL, NULL,
						  "scheme '%s' is named twice", names[i]);
		chosen[i] = scheme_variant(config, index);
	}
	if (status != NESCSIM_OK) {
		free(chosen);
		return status;
	}
	free(config->chosen_schemes);
	config->chosen_schemes = chosen;
	config->scenario.schemes = (cfg_list){ .num = num_names, .items = chosen };
	return NESCSIM_OK;
}

nescsim_status nescsim_config_print(const nescsim_config *config, FILE *out)
{
	cfg_dump_yaml(&scenario_section, &config->scenario, out);
	return fflush(out) != 0 || ferror(out) ? NESCSIM_IO : NESCSIM_OK;
}

nescsim_status nescsim_config_describe(const char *path, const char *from, FILE *out, nescsim_diag *diag)
{
	nescsim_status status = cfg_describe(&scenario_section, path, from, out, diag);

	if (status == NESCSIM_OK && (fflush(out) != 0 || ferror(out)))
		status = NESCSIM_IO;
	return status;
}
