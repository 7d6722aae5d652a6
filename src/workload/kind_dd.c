/* dd: a generator of equal requests, sequential or random, in a closed or an open loop.
 *
 * Closed loop: `depth` requests are outstanding in the VM. Slot s belongs to vCPU s % num_vcpus, so with fewer slots
 * than vCPUs some vCPUs stay idle; the requests are dealt out to the vCPUs that have slots in the same way (request g
 * to vCPU g % number of those), so the sequence of each vCPU is the same in every scheme and on every device.
 * Open loop: arrivals do not wait for completions. A Poisson stream of the VM is the sum of one independent stream
 * per vCPU at 1/num_vcpus of the rate; periodic arrivals take turns.
 */
#include <stddef.h>

#include "base/rng.h"
#include "workload/kind.h"

typedef enum dd_op {
	DD_READ,
	DD_WRITE,
	DD_MIXED,
} dd_op;

typedef enum dd_pattern {
	DD_SEQUENTIAL,
	DD_RANDOM,
} dd_pattern;

typedef enum dd_arrival {
	DD_CLOSED,
	DD_POISSON,
	DD_PERIODIC,
} dd_arrival;

typedef struct dd_params {
	int op, pattern, arrival;
	int64_t read_percent;
	int64_t request_bytes, count, bytes;
	int64_t region_offset, region_bytes;
	int64_t depth;
	ps_t interval_ps, think_ps;
} dd_params;

static const char *const op_choices[] = { "read", "write", "mixed", NULL };
static const char *const pattern_choices[] = { "sequential", "random", NULL };
static const char *const arrival_choices[] = { "closed", "poisson", "periodic", NULL };

static const cfg_key dd_keys[] = {
	{ .name = "op",
	  .type = CFG_ENUM,
	  .offset_in_struct = offsetof(dd_params, op),
	  .default_text = "read",
	  .choices = op_choices,
	  .help = "What the requests do; `mixed` draws reads with probability read_percent.",
	  .source = "assumption: reads need no prepared extents to be interesting" },
	{ .name = "read_percent",
	  .type = CFG_COUNT,
	  .offset_in_struct = offsetof(dd_params, read_percent),
	  .default_text = "50",
	  .max_text = "100",
	  .help = "Share of reads in percent when op is `mixed`.",
	  .source = "assumption: as many reads as writes" },
	{ .name = "request_bytes",
	  .type = CFG_BYTES,
	  .offset_in_struct = offsetof(dd_params, request_bytes),
	  .default_text = "4 KiB",
	  .min_text = "512 B",
	  .max_text = "1 GiB",
	  .help = "Size of each request (dd's bs); a multiple of 512 B.",
	  .source = "assumption: one guest page" },
	{ .name = "count",
	  .type = CFG_COUNT,
	  .offset_in_struct = offsetof(dd_params, count),
	  .default_text = "0",
	  .max_text = "1000000000000",
	  .help = "Number of requests of the whole VM; 0 = given by `bytes`.",
	  .source = "none: give count or bytes" },
	{ .name = "bytes",
	  .type = CFG_BYTES,
	  .offset_in_struct = offsetof(dd_params, bytes),
	  .default_text = "0 B",
	  .help = "Bytes to move in all, a multiple of request_bytes; 0 = given by `count`.",
	  .source = "none: give count or bytes" },
	{ .name = "pattern",
	  .type = CFG_ENUM,
	  .offset_in_struct = offsetof(dd_params, pattern),
	  .default_text = "sequential",
	  .choices = pattern_choices,
	  .help = "Order of addresses; sequential starts over at the end of the region, random is aligned to "
		  "request_bytes.",
	  .source = "dd(1): sequential" },
	{ .name = "region_offset",
	  .type = CFG_BYTES,
	  .offset_in_struct = offsetof(dd_params, region_offset),
	  .default_text = "0 B",
	  .help = "Where the region begins on the virtual disk; a multiple of 512 B.",
	  .source = "dd(1): skip and seek are 0" },
	{ .name = "region_bytes",
	  .type = CFG_BYTES,
	  .offset_in_struct = offsetof(dd_params, region_bytes),
	  .default_text = "0 B",
	  .help = "Size of the region that is read or written; 0 = to the end of the disk.",
	  .source = "assumption: the whole disk" },
	{ .name = "depth",
	  .type = CFG_COUNT,
	  .offset_in_struct = offsetof(dd_params, depth),
	  .default_text = "1",
	  .min_text = "1",
	  .max_text = "65536",
	  .help = "Requests outstanding in the VM in a closed loop, dealt out to its vCPUs.",
	  .source = "dd(1): one at a time" },
	{ .name = "arrival",
	  .type = CFG_ENUM,
	  .offset_in_struct = offsetof(dd_params, arrival),
	  .default_text = "closed",
	  .choices = arrival_choices,
	  .help = "When requests arrive: after a completion, or at random or regular times whatever has completed.",
	  .source = "dd(1): closed" },
	{ .name = "interval",
	  .type = CFG_DURATION,
	  .offset_in_struct = offsetof(dd_params, interval_ps),
	  .default_text = "100 us",
	  .min_text = "1 ps",
	  .max_text = "1 d",
	  .help = "Mean time between arrivals in the VM when arrival is poisson or periodic.",
	  .source = "assumption: 10,000 requests/s" },
	{ .name = "think",
	  .type = CFG_DURATION,
	  .offset_in_struct = offsetof(dd_params, think_ps),
	  .default_text = "0 s",
	  .max_text = "1 d",
	  .help = "CPU work of the application before each request but the first, in a closed loop.",
	  .source = "dd(1): none beyond its system calls" },
};

static void dd_check(const void *value, cfg_check *check)
{
	const dd_params *params = value;

	if (params->request_bytes % IO_SECTOR_BYTES)
		cfg_conflict(check, "request_bytes", "such as 512 B or 4 KiB", "%lld bytes are not a multiple of 512",
			     (long long)params->request_bytes);
	if (params->region_offset % IO_SECTOR_BYTES)
		cfg_conflict(check, "region_offset", "such as 1 MiB", "%lld bytes are not a multiple of 512",
			     (long long)params->region_offset);
	if (!params->count == !params->bytes)
		cfg_conflict(check, params->count ? "bytes" : "count", "such as count: 1000, or bytes: 64 MiB",
			     params->count ? "both count and bytes are given" : "neither count nor bytes is given");
	if (params->bytes % params->request_bytes)
		cfg_conflict(check, "bytes", "a multiple of request_bytes", "%lld bytes are not whole requests of %lld",
			     (long long)params->bytes, (long long)params->request_bytes);
	if (params->region_bytes && params->region_bytes < params->request_bytes)
		cfg_conflict(check, "region_bytes", "at least request_bytes",
			     "the region holds no request of %lld bytes", (long long)params->request_bytes);
	if (params->think_ps && params->arrival != DD_CLOSED)
		cfg_conflict(check, "think", "remove it, or arrival: closed", "an open loop has no think time");
}

const cfg_section kind_dd_section = {
	.name = "workload dd",
	.keys = dd_keys,
	.num_keys = sizeof(dd_keys) / sizeof(dd_keys[0]),
	.struct_bytes = sizeof(dd_params),
	.check = dd_check,
};

typedef struct dd_state {
	const dd_params *params;
	uint64_t first_slot_sector, sectors_per_request;
	uint64_t num_slots;                   /* places for a request in the region */
	uint64_t lane, num_lanes;             /* this vCPU's place among those that issue, and their number */
	uint64_t first_slot, slot_stride;     /* of a sequence */
	uint64_t depth, outstanding;          /* of this vCPU */
	uint64_t num_requests, num_submitted; /* of this vCPU */
	bool started;
	bool has_thought; /* before the request to come */
	ps_t arrival_ps;  /* open loop: of the request to come */
	rng_stream place_rng, op_rng, arrival_rng;
} dd_state;

static nescsim_status dd_validate(const void *params_in, const source_context *context, const diag_place *place,
				  nescsim_diag *diag)
{
	const dd_params *params = params_in;
	uint64_t offset = (uint64_t)params->region_offset;
	uint64_t needed = (uint64_t)(params->region_bytes ? params->region_bytes : params->request_bytes);

	if (offset > context->disk_bytes || needed > context->disk_bytes - offset)
		return kind_report(diag, place, params->region_bytes ? "region_bytes" : "request_bytes",
				   "make the disk larger or the region smaller",
				   "%llu bytes at offset %llu do not fit the disk of %llu bytes",
				   (unsigned long long)needed, (unsigned long long)offset,
				   (unsigned long long)context->disk_bytes);
	return NESCSIM_OK;
}

static nescsim_status dd_file_needs(const void *params_in, const source_context *context, const diag_place *place,
				    nescsim_diag *diag, source_file_needs *needs_out)
{
	const dd_params *params = params_in;
	nescsim_status status = NESCSIM_OK;

	needs_out->operation_bytes = (uint64_t)params->request_bytes;
	needs_out->file_bytes = (uint64_t)params->region_offset +
				(uint64_t)(params->region_bytes ? params->region_bytes : params->request_bytes);
	if (params->arrival != DD_CLOSED)
		status = kind_report(diag, place, "arrival", "arrival: closed, or filesystem: none",
				     "on a filesystem each vCPU is a process that does one operation at a time");
	if (params->arrival == DD_CLOSED && (uint64_t)params->depth > context->num_vcpus)
		status = kind_report(
			diag, place, "depth", "lower it, raise guest.vcpus, or filesystem: none",
			"on a filesystem each vCPU is a process that does one operation at a time, and there "
			"are %u vCPUs",
			context->num_vcpus);
	return status;
}

/* Time to the next arrival at this vCPU. */
static ps_t draw_interval(dd_state *self)
{
	__int128 mean_ps = (__int128)self->params->interval_ps * (__int128)self->num_lanes;

	if (self->params->arrival == DD_POISSON)
		return rng_exponential_ps(&self->arrival_rng, mean_ps > PS_MAX ? PS_MAX : (ps_t)mean_ps);
	return mean_ps > PS_MAX ? PS_MAX : (ps_t)mean_ps;
}

static ps_t add_time(ps_t a, ps_t b)
{
	return a > PS_MAX - b ? PS_MAX : a + b;
}

static nescsim_status dd_open(void *state, const void *params_in, const source_context *context,
			      const diag_place *place, nescsim_diag *diag)
{
	dd_state *self = state;
	const dd_params *params = params_in;
	uint64_t stream = (uint64_t)context->vm << 32 | context->vcpu;
	uint64_t depth = (uint64_t)params->depth, total, region_bytes;
	nescsim_status status = dd_validate(params, context, place, diag);

	if (status != NESCSIM_OK)
		return status;
	self->params = params;
	region_bytes = params->region_bytes ? (uint64_t)params->region_bytes
					    : context->disk_bytes - (uint64_t)params->region_offset;
	total = (uint64_t)(params->count ? params->count : params->bytes / params->request_bytes);
	self->first_slot_sector = (uint64_t)params->region_offset / IO_SECTOR_BYTES;
	self->sectors_per_request = (uint64_t)params->request_bytes / IO_SECTOR_BYTES;
	self->num_slots = region_bytes / (uint64_t)params->request_bytes;
	self->lane = context->vcpu;
	self->num_lanes = context->num_vcpus;
	if (params->arrival == DD_CLOSED) {
		if (depth < self->num_lanes)
			self->num_lanes = depth;
		self->depth = self->lane < self->num_lanes ? (depth - self->lane - 1) / self->num_lanes + 1 : 0;
	}
	if (self->lane < self->num_lanes && self->lane < total)
		self->num_requests = (total - self->lane - 1) / self->num_lanes + 1;
	self->first_slot = context->has_own_file ? 0 : self->lane;
	self->slot_stride = context->has_own_file ? 1 : self->num_lanes;
	self->place_rng = rng_open(context->seed, "dd place", stream);
	self->op_rng = rng_open(context->seed, "dd operation", stream);
	self->arrival_rng = rng_open(context->seed, "dd arrival", stream);
	return NESCSIM_OK;
}

static void make_request(dd_state *self, source_step *step)
{
	const dd_params *params = self->params;
	uint64_t slot;

	if (params->pattern == DD_RANDOM)
		slot = rng_uniform_u64(&self->place_rng, self->num_slots);
	else
		slot = (self->first_slot + self->num_submitted * self->slot_stride) % self->num_slots;
	step->action = SOURCE_SUBMIT;
	step->arrival_ps = -1;
	step->request = (io_request){
		.number = self->num_submitted,
		.first_sector = self->first_slot_sector + slot * self->sectors_per_request,
		.num_sectors = self->sectors_per_request,
		.op = params->op == DD_WRITE ? IO_WRITE : IO_READ,
	};
	if (params->op == DD_MIXED && !rng_chance(&self->op_rng, (uint64_t)params->read_percent, 100))
		step->request.op = IO_WRITE;
	self->num_submitted++;
	self->outstanding++;
	self->has_thought = false;
}

/* Open loop: the request arrives at its time; one that finds the vCPU late is submitted at once. */
static void next_open(dd_state *self, ps_t now_ps, source_step *step)
{
	if (!self->started) {
		self->started = true;
		if (self->params->arrival == DD_PERIODIC) {
			__int128 offset_ps = (__int128)self->params->interval_ps * (__int128)self->lane;

			self->arrival_ps = add_time(now_ps, offset_ps > PS_MAX ? PS_MAX : (ps_t)offset_ps);
		} else {
			self->arrival_ps = add_time(now_ps, draw_interval(self));
		}
	}
	if (now_ps < self->arrival_ps) {
		step->action = SOURCE_WAIT_UNTIL;
		step->until_ps = self->arrival_ps;
		return;
	}
	make_request(self, step);
	step->arrival_ps = self->arrival_ps;
	self->arrival_ps = add_time(self->arrival_ps, draw_interval(self));
}

static void dd_next(void *state, ps_t now_ps, source_step *step_out)
{
	dd_state *self = state;

	*step_out = (source_step){ .action = SOURCE_END };
	if (self->num_submitted == self->num_requests)
		return;
	if (self->params->arrival != DD_CLOSED) {
		next_open(self, now_ps, step_out);
		return;
	}
	if (self->outstanding == self->depth) {
		step_out->action = SOURCE_WAIT;
		return;
	}
	if (self->params->think_ps && self->num_submitted && !self->has_thought) {
		self->has_thought = true;
		step_out->action = SOURCE_THINK;
		step_out->duration_ps = self->params->think_ps;
		return;
	}
	make_request(self, step_out);
}

static void dd_completed(void *state, uint64_t request_number, ps_t now_ps)
{
	dd_state *self = state;

	(void)request_number;
	(void)now_ps;
	self->outstanding--;
}

static uint64_t dd_expected_requests(const void *state)
{
	const dd_state *self = state;

	return self->num_requests;
}

static uint64_t dd_expected_bytes(const void *state)
{
	const dd_state *self = state;

	return self->num_requests * self->sectors_per_request * IO_SECTOR_BYTES;
}

static void dd_close(void *state)
{
	(void)state;
}

const source_kind kind_dd = {
	.state_bytes = sizeof(dd_state),
	.has_app_layer = true,
	.open = dd_open,
	.next = dd_next,
	.completed = dd_completed,
	.expected_requests = dd_expected_requests,
	.expected_bytes = dd_expected_bytes,
	.close = dd_close,
	.validate = dd_validate,
	.file_needs = dd_file_needs,
};
