#include "workload/tenants.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "workload/kind.h"
#include "workload/order.h"

#define NO_VM UINT32_MAX
#define DEVICE_ALIGNMENT_SECTORS (UINT64_C(1048576) / IO_SECTOR_BYTES)
#define RECORDS_PER_READ 256

typedef struct tenant {
	FILE *spool; /* of trace_records with the device's own sectors */
	order order;
	tenant_facts facts;
} tenant;

typedef struct tenant_device {
	uint32_t vm;           /* NO_VM: left out */
	uint32_t position;     /* among the rule's devices, as far as they are dealt out */
	uint64_t end_sector;   /* touched below this */
	uint64_t first_sector; /* on the VM's disk */
} tenant_device;

struct tenants {
	tenants_rule rule;
	trace *in;
	nescsim_diag *diag;
	tenant *vms;
	tenant_device *devices; /* by the trace's numbers */
	uint32_t num_devices, max_devices;
	uint32_t num_dealt; /* devices that fall to a VM */
	uint32_t *dealt;    /* these by their positions, once all are known */
	uint64_t num_left_out;
	ps_t span_ps;
};

struct tenant_reader {
	const tenants *of;
	int file;
	uint64_t next, num_requests;
	size_t at, num; /* in the buffer */
	trace_record buffer[RECORDS_PER_READ];
};

static void tenants_close(tenants *self)
{
	for (uint32_t vm = 0; self->vms && vm < self->rule.num_vms; vm++) {
		if (self->vms[vm].spool)
			fclose(self->vms[vm].spool);
		order_fini(&self->vms[vm].order);
	}
	trace_close(self->in);
	free(self->vms);
	free(self->devices);
	free(self->dealt);
}

void tenants_destroy(tenants *self)
{
	if (self)
		tenants_close(self);
	free(self);
}

static nescsim_status report_spool(const tenants *self)
{
	return diag_add(self->diag, NESCSIM_ERROR, NESCSIM_IO, NULL,
			"it holds 120 bytes per request; TMPDIR names another folder for it",
			"cannot write a temporary file: %s", strerror(errno));
}

/* A file that is gone when it is closed. */
static nescsim_status open_spool(const tenants *self, tenant *vm)
{
	const char *folder = getenv("TMPDIR");
	char name[4096];
	int file;

	snprintf(name, sizeof(name), "%s/nescsim-XXXXXX", folder && *folder ? folder : "/tmp");
	file = mkstemp(name);
	if (file < 0)
		return report_spool(self);
	unlink(name);
	vm->spool = fdopen(file, "w+b");
	if (vm->spool)
		return NESCSIM_OK;
	close(file);
	return NESCSIM_NO_MEMORY;
}

/* Which place the device has among those that are dealt out; false: it has none. */
static bool find_position(const tenants *self, const char *name, uint32_t *position_out)
{
	if (!self->rule.num_names) {
		*position_out = self->num_dealt;
		return true;
	}
	for (size_t i = 0; i < self->rule.num_names; i++) {
		if (strcmp(self->rule.names[i], name) == 0) {
			*position_out = (uint32_t)i;
			return true;
		}
	}
	return false;
}

/* Learns of devices up to this one. */
static bool add_devices(tenants *self, uint32_t device)
{
	while (self->num_devices <= device) {
		tenant_device *added;

		if (self->num_devices == self->max_devices) {
			uint32_t max = self->max_devices ? 2 * self->max_devices : 64;
			tenant_device *grown = realloc(self->devices, max * sizeof(*grown));

			if (!grown)
				return false;
			self->devices = grown;
			self->max_devices = max;
		}
		added = &self->devices[self->num_devices];
		*added = (tenant_device){ .vm = NO_VM };
		if (find_position(self, trace_device_name(self->in, self->num_devices), &added->position)) {
			if (self->rule.map == TENANTS_FOLD)
				added->vm = added->position % self->rule.num_vms;
			else if (added->position < self->rule.num_vms)
				added->vm = added->position;
			self->num_dealt++;
		}
		self->num_devices++;
	}
	return true;
}

static nescsim_status deal(tenants *self, trace_record *record)
{
	tenant_device *device;
	tenant *vm;

	if (!add_devices(self, record->device))
		return NESCSIM_NO_MEMORY;
	device = &self->devices[record->device];
	if (device->vm == NO_VM) {
		self->num_left_out++;
		return NESCSIM_OK;
	}
	vm = &self->vms[device->vm];
	self->span_ps = ps_max(self->span_ps, ps_max(record->queued_ps, record->completed_ps));
	if (record->first_sector + record->num_sectors > device->end_sector)
		device->end_sector = record->first_sector + record->num_sectors;
	vm->facts.num_requests++;
	vm->facts.num_sectors += record->op == IO_READ || record->op == IO_WRITE ? record->num_sectors : 0;
	vm->facts.num_completed += record->completed_ps != TRACE_NO_TIME;
	if (!order_add(&vm->order, record))
		return NESCSIM_NO_MEMORY;
	return fwrite(record, sizeof(*record), 1, vm->spool) == 1 ? NESCSIM_OK : report_spool(self);
}

/* Hands every request of the trace to `take` and reports all mistakes. */
static nescsim_status read_trace(tenants *self, nescsim_status (*take)(tenants *self, trace_record *record))
{
	nescsim_status status = NESCSIM_OK;
	uint64_t num_requests = 0;
	trace_record record;

	for (;;) {
		trace_result result = trace_next(self->in, &record);

		if (result == TRACE_END)
			break;
		if (result != TRACE_RECORD)
			status = NESCSIM_TRACE;
		if (result == TRACE_BROKEN)
			break;
		if (result != TRACE_RECORD)
			continue;
		num_requests++;
		if (status == NESCSIM_OK)
			status = take(self, &record);
		if (status != NESCSIM_OK && status != NESCSIM_TRACE)
			break;
	}
	if (status == NESCSIM_OK && !num_requests) {
		trace_report_empty(self->in);
		status = NESCSIM_TRACE;
	}
	return status;
}

/* Every device that is named must be there, and none twice. */
static nescsim_status check_names(const tenants *self, const diag_place *place)
{
	nescsim_status status = NESCSIM_OK;

	for (size_t i = 0; i < self->rule.num_names; i++) {
		bool found = false;

		for (uint32_t j = 0; j < self->num_devices && !found; j++)
			found = strcmp(trace_device_name(self->in, j), self->rule.names[i]) == 0;
		for (size_t j = 0; j < i; j++)
			if (strcmp(self->rule.names[i], self->rule.names[j]) == 0)
				status = kind_report(self->diag, place, "devices", "name it once",
						     "device '%s' is named twice", self->rule.names[i]);
		if (!found)
			status = kind_report(self->diag, place, "devices", "`nescsim trace info` lists them",
					     "the trace holds no request of device '%s'", self->rule.names[i]);
	}
	return status;
}

static nescsim_status check_rule(const tenants *self, const diag_place *place)
{
	const uint32_t num_devices = self->num_dealt, num_vms = self->rule.num_vms;
	char hint[96];

	if (num_devices < num_vms) {
		snprintf(hint, sizeof(hint), "lower count to %u", num_devices);
		return kind_report(self->diag, place, "map", hint, "the trace has %u devices for %u VMs", num_devices,
				   num_vms);
	}
	if (self->rule.map == TENANTS_BY_DEVICE && num_devices > num_vms) {
		snprintf(hint, sizeof(hint), "raise count to %u, choose map: fold, or list some as devices",
			 num_devices);
		return kind_report(self->diag, place, "map", hint, "the trace has %u devices for %u VMs", num_devices,
				   num_vms);
	}
	return NESCSIM_OK;
}

/* Gives each device its place on its VM's disk, in the order of the rule. */
static nescsim_status place_devices(tenants *self)
{
	self->dealt = malloc((self->num_dealt + 1) * sizeof(*self->dealt));
	if (!self->dealt)
		return NESCSIM_NO_MEMORY;
	for (uint32_t i = 0; i < self->num_devices; i++)
		if (self->devices[i].vm != NO_VM)
			self->dealt[self->devices[i].position] = i;
	for (uint32_t i = 0; i < self->num_dealt; i++) {
		tenant_device *device = &self->devices[self->dealt[i]];
		uint64_t *end_sector = &self->vms[device->vm].facts.end_sector;

		device->first_sector = (*end_sector + DEVICE_ALIGNMENT_SECTORS - 1) / DEVICE_ALIGNMENT_SECTORS *
				       DEVICE_ALIGNMENT_SECTORS;
		*end_sector = device->first_sector + device->end_sector;
		/* Before the sum of many is no number any more. */
		if (*end_sector > TRACE_MAX_SECTOR) {
			trace_report(self->in, NULL, "spread the devices over more VMs",
				     "the devices of one VM are larger than 2^63 bytes together");
			return NESCSIM_TRACE;
		}
	}
	return NESCSIM_OK;
}

static nescsim_status tenants_open(const char *file_name, const trace_options *options, const tenants_rule *rule,
				   const diag_place *place, nescsim_diag *diag, tenants *self)
{
	trace_options all = *options;

	*self = (tenants){ .rule = *rule, .diag = diag };
	all.any_device = true;
	return trace_open(file_name, file_name, &all, place, diag, &self->in);
}

nescsim_status tenants_create(const char *file_name, const trace_options *options, const tenants_rule *rule,
			      const diag_place *place, nescsim_diag *diag, tenants **tenants_out)
{
	tenants *self = calloc(1, sizeof(*self));
	nescsim_status status;

	*tenants_out = NULL;
	if (!self)
		return NESCSIM_NO_MEMORY;
	status = tenants_open(file_name, options, rule, place, diag, self);
	self->vms = calloc(rule->num_vms, sizeof(*self->vms));
	if (status == NESCSIM_OK && !self->vms)
		status = NESCSIM_NO_MEMORY;
	for (uint32_t vm = 0; status == NESCSIM_OK && vm < rule->num_vms; vm++)
		status = open_spool(self, &self->vms[vm]);
	if (status == NESCSIM_OK)
		status = read_trace(self, deal);
	if (status == NESCSIM_OK)
		status = check_names(self, place);
	if (status == NESCSIM_OK)
		status = check_rule(self, place);
	if (status == NESCSIM_OK)
		status = place_devices(self);
	for (uint32_t vm = 0; status == NESCSIM_OK && vm < rule->num_vms; vm++)
		if (fflush(self->vms[vm].spool) != 0)
			status = report_spool(self);
	if (status != NESCSIM_OK) {
		tenants_destroy(self);
		return status;
	}
	*tenants_out = self;
	return NESCSIM_OK;
}

static nescsim_status count_only(tenants *self, trace_record *record)
{
	return add_devices(self, record->device) ? NESCSIM_OK : NESCSIM_NO_MEMORY;
}

nescsim_status tenants_count(const char *file_name, const trace_options *options, const tenants_rule *rule,
			     const diag_place *place, nescsim_diag *diag, uint32_t *num_devices_out)
{
	tenants self;
	nescsim_status status = tenants_open(file_name, options, rule, place, diag, &self);

	self.rule.num_vms = 0;
	self.rule.map = TENANTS_BY_DEVICE;
	if (status == NESCSIM_OK)
		status = read_trace(&self, count_only);
	if (status == NESCSIM_OK)
		status = check_names(&self, place);
	*num_devices_out = self.num_dealt;
	tenants_close(&self);
	return status;
}

trace *tenants_trace(const tenants *self)
{
	return self->in;
}

const tenant_facts *tenants_facts(const tenants *self, uint32_t vm)
{
	return &self->vms[vm].facts;
}

ps_t tenants_span_ps(const tenants *self)
{
	return self->span_ps;
}

const char *tenants_device(const tenants *self, uint32_t vm, uint32_t index)
{
	const uint64_t position = (uint64_t)index * self->rule.num_vms + vm;

	return position < self->num_dealt ? trace_device_name(self->in, self->dealt[position]) : NULL;
}

uint64_t tenants_num_left_out(const tenants *self)
{
	return self->num_left_out;
}

tenant_reader *tenant_open(const tenants *self, uint32_t vm)
{
	tenant_reader *reader = malloc(sizeof(*reader));

	if (!reader)
		return NULL;
	reader->of = self;
	reader->file = fileno(self->vms[vm].spool);
	reader->next = 0;
	reader->num_requests = self->vms[vm].facts.num_requests;
	reader->at = reader->num = 0;
	return reader;
}

void tenant_close(tenant_reader *self)
{
	free(self);
}

/* Several readers share the file, so its own position is of no use. */
static bool fill_buffer(tenant_reader *self)
{
	const uint64_t left = self->num_requests - self->next;
	const size_t num = left < RECORDS_PER_READ ? (size_t)left : RECORDS_PER_READ;
	size_t num_bytes = 0;

	while (num_bytes < num * sizeof(trace_record)) {
		ssize_t got =
			pread(self->file, (char *)self->buffer + num_bytes, num * sizeof(trace_record) - num_bytes,
			      (off_t)(self->next * sizeof(trace_record) + num_bytes));

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return false;
		num_bytes += (size_t)got;
	}
	self->next += num;
	self->at = 0;
	self->num = num;
	return true;
}

trace_result tenant_next(tenant_reader *self, trace_record *record_out)
{
	if (self->at == self->num) {
		if (self->next == self->num_requests)
			return TRACE_END;
		if (!fill_buffer(self)) {
			trace_report(self->of->in, NULL, NULL, "its temporary file cannot be read: %s",
				     strerror(errno));
			return TRACE_BROKEN;
		}
	}
	*record_out = self->buffer[self->at++];
	if (record_out->num_sectors)
		record_out->first_sector += self->of->devices[record_out->device].first_sector;
	return TRACE_RECORD;
}
