/* What a scenario asks of the schemes that it lists. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "run/scenario.h"
#include "sim/sim.h"

/* What is checked. */
typedef struct scheme_checks {
	const scenario *scenario;
	const stack_ops *ops;
	stack_served served; /* of schemes with a thread */
	diag_place place;
	nescsim_diag *diag;
	nescsim_status status;
} scheme_checks;

static void complain(scheme_checks *self, const char *hint, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static void complain(scheme_checks *self, const char *hint, const char *format, ...)
{
	char message[256];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(message, sizeof(message), format, arguments);
	va_end(arguments);
	self->status = diag_add(self->diag, NESCSIM_ERROR, NESCSIM_CONFIG, &self->place, hint, "%s %s", self->ops->name,
				message);
}

/* On the PF every core, or every thread, has a ring. */
static void check_rings(scheme_checks *self)
{
	const uint64_t num_vms = scenario_num_vms(self->scenario);
	const bool by_thread = self->ops->serve != NULL;
	const uint64_t num_rings = by_thread ? num_vms * stack_num_threads(self->ops)
					     : num_vms * (uint64_t)self->scenario->guest.num_vcpus;

	if (self->ops->uses_pf && !self->ops->uses_vfs && num_rings > BAR_MAX_PF_RINGS)
		complain(self, "leave the scheme out, or lower guest.vcpus or the number of VMs",
			 "gives every %s a ring of the PF's, which has only %d", by_thread ? "thread" : "core",
			 BAR_MAX_PF_RINGS);
}

static void check_cores(scheme_checks *self)
{
	const scenario *given = self->scenario;
	const uint64_t num_vcpus = scenario_num_vms(given) * (uint64_t)given->guest.num_vcpus;
	const uint64_t num_threads = (uint64_t)scenario_num_vms(given) * stack_num_threads(self->ops);
	const uint64_t num_io_cores = num_threads == 0                ? 0
				      : given->host.num_io_cores != 0 ? (uint64_t)given->host.num_io_cores
								      : num_threads;

	if (num_threads != 0 && num_vcpus + num_io_cores > (uint64_t)given->host.num_cores)
		complain(self, "raise host.cores, lower the number of VMs, or let threads share host.io_cores",
			 "needs %" PRIu64 " cores for vCPUs and %" PRIu64 " for I/O threads, the host has %" PRId64,
			 num_vcpus, num_io_cores, given->host.num_cores);
}

static bool has_lazy_file(const disk_config *disk)
{
	for (size_t i = 0; i <= disk->append.num; i++)
		if (disk_config_file(disk, i)->map.index == DISK_MAP_LAZY)
			return true;
	return false;
}

static bool has_holes(const disk_config *disk)
{
	for (size_t i = 0; i <= disk->append.num; i++)
		if (disk_config_has_holes(disk_config_file(disk, i)))
			return true;
	return false;
}

/* Who allocates? */
static void check_disks(scheme_checks *self)
{
	const bool is_served = self->ops->serve != NULL;
	const bool is_file = is_served && self->served.backing.is_file;
	const bool is_cached = is_served && self->served.backing.cache != HOST_CACHE_NONE;

	for (uint32_t vm = 1; vm <= scenario_num_vms(self->scenario); vm++) {
		const disk_config *disk = &scenario_vm(self->scenario, vm, NULL)->disk;
		const bool shares = scenario_shares_files(self->scenario, vm);

		if (!self->ops->uses_vfs && !is_file && has_lazy_file(disk)) {
			complain(self,
				 is_served ? "set the scheme's file: true, or leave it out" : "leave the scheme out",
				 "allocates no blocks at run time, and a disk is lazy");
			return;
		}
		if (is_file && shares && has_holes(disk)) {
			complain(self, "preallocate the file, or leave the scheme out",
				 "has a map of its own for each VM, and VM %" PRIu32 " shares a file with holes", vm);
			return;
		}
		if (is_cached && !is_file && has_holes(disk)) {
			complain(self, "set the scheme's file: true, or its cache: none",
				 "caches pages of a block device, which has no holes, and VM %" PRIu32
				 "'s disk has some",
				 vm);
			return;
		}
		if (is_served && self->served.device.max_disk_bytes != 0 &&
		    disk_total_bytes(disk) > self->served.device.max_disk_bytes) {
			complain(self, "set the scheme's lba48: true, or make the disk smaller",
				 "reaches %" PRIu64 " GiB with addresses of 28 bits, VM %" PRIu32 "'s disk is larger",
				 self->served.device.max_disk_bytes >> 30, vm);
			return;
		}
		if (is_cached && shares) {
			complain(self, "set the scheme's cache: none, or leave it out",
				 "caches pages for each VM by itself, and VM %" PRIu32 " shares a file", vm);
			return;
		}
	}
}

/* Entitlements that no policy looks at. */
static void warn_of_unused_qos(const nescsim_config *config, nescsim_diag *diag)
{
	const scenario *self = &config->scenario;
	const vm_config *vms = self->vms.items;
	const diag_place place = cfg_place(config->document, "vms");
	const int policy = self->nesc.mux.policy;
	bool has_weight = false, has_priority = false;

	for (size_t i = 0; i < self->vms.num; i++) {
		has_weight |= vms[i].qos.weight != 1;
		has_priority |= vms[i].qos.priority != 0;
	}
	if (has_weight && policy != ARBITER_WEIGHTED_ROUND_ROBIN && policy != ARBITER_DEFICIT_ROUND_ROBIN)
		diag_add(diag, NESCSIM_WARNING, NESCSIM_OK, &place,
			 "set nesc.mux.policy: weighted_round_robin or deficit_round_robin",
			 "qos.weight has no effect under this nesc.mux.policy");
	if (has_priority && policy != ARBITER_STRICT_PRIORITY && self->nesc.dma.policy != NESC_DMA_PRIORITY)
		diag_add(diag, NESCSIM_WARNING, NESCSIM_OK, &place,
			 "set nesc.mux.policy: strict_priority, nesc.dma.policy: priority, or both",
			 "qos.priority has no effect under these policies");
}

nescsim_status scenario_check_schemes(const nescsim_config *config, nescsim_diag *diag)
{
	const scenario *given = &config->scenario;
	nescsim_status status = NESCSIM_OK;

	warn_of_unused_qos(config, diag);
	for (size_t i = 0; i < given->schemes.num; i++) {
		const void *params;
		scheme_checks checks = {
			.scenario = given,
			.ops = scenario_scheme(given, i, &params),
			.place = cfg_place(config->document, "schemes"),
			.diag = diag,
			.status = NESCSIM_OK,
		};

		if (checks.ops->serve != NULL)
			checks.ops->serve(params, &checks.served);
		if (checks.ops->max_vms != 0 && scenario_num_vms(given) > checks.ops->max_vms)
			complain(&checks, "leave the scheme out, or simulate fewer VMs",
				 "gives the whole device to one VM, there are %" PRIu32, scenario_num_vms(given));
		if (checks.served.max_vcpus != 0 && given->guest.num_vcpus > checks.served.max_vcpus)
			complain(&checks, "lower guest.vcpus, or take another controller, or leave the scheme out",
				 "drives its controller from %" PRIu32 " vCPU at most, VMs have %" PRId64,
				 checks.served.max_vcpus, given->guest.num_vcpus);
		if (checks.ops->serve != NULL && checks.served.poll_ps != 0 && given->host.num_io_cores != 0)
			complain(&checks, "poll: 0 us, or host.io_cores: 0",
				 "polls, and its threads share cores: who polls would keep others from working");
		check_rings(&checks);
		check_cores(&checks);
		check_disks(&checks);
		if (!checks.ops->uses_vfs && given->hypervisor.actions.num != 0)
			diag_add(diag, NESCSIM_WARNING, NESCSIM_OK, &checks.place, NULL,
				 "%s has no VFs: hypervisor.actions do nothing there", checks.ops->name);
		status = checks.status != NESCSIM_OK ? checks.status : status;
	}
	return status;
}
