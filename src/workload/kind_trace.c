/* trace: replay of a recorded block trace on vCPU 0, by one of three policies.
 *
 * closed    What the traced program did is kept, not when: requests are submitted in the order in which the trace
 *           queued them, one after the other on one vCPU, and each follows one event.
 *           - If the trace completed requests between the queueing of request i-1 and that of request i, then i
 *             follows the last of these completions, the anchor: the vCPU waits until the anchor has completed in the
 *             simulation (it often has already), then works for the time recorded between the anchor's completion and
 *             the queueing of i, then submits.
 *           - Otherwise i follows the submission of i-1 by the time recorded between the two. So several requests
 *             that the trace queued after one completion are submitted one after the other, each after its own
 *             recorded share of work, and none of that work is counted twice.
 *           With the recorded device times and the recorded processor the recorded queue times come out again. The
 *           trace's wait between the queueing of i-1 and the anchor's completion is never replayed as work: it becomes
 *           whatever the simulated device makes of it. Completions other than anchors may come in any order.
 *           A recorded gap is CPU work, divided by guest.instructions_per_ns; a gap above timer_threshold is a timer,
 *           waited for at its recorded length from the moment when the vCPU found its anchor complete.
 * recorded  Each request arrives at its recorded time, whatever has completed; latency counts from there.
 * fast      As fast as possible with at most `depth` requests outstanding.
 *
 * A trace of many devices is dealt out to the VMs of an entry by `map`; each replays its share as a trace of its own, at the
 * trace's times.
 *
 * Repeated laps of a trace begin when everything of the lap before has completed (closed), at the recorded end of the
 * lap before (recorded), or at once (fast).
 */
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "workload/kind.h"
#include "workload/tenants.h"
#include "workload/trace.h"

#define TIME_SCALE INT64_C(1000000) /* decimals of time_scale */
#define ALIGNED_SECTORS 8           /* scaled addresses keep an alignment to 4 KiB */

typedef enum replay_policy {
	REPLAY_AUTO,
	REPLAY_CLOSED,
	REPLAY_RECORDED,
	REPLAY_FAST,
} replay_policy;

typedef enum address_policy {
	ADDRESS_ERROR,
	ADDRESS_WRAP,
	ADDRESS_SCALE,
} address_policy;

typedef struct trace_params {
	cfg_path file;
	int format, policy, address;
	int64_t depth, loop, max_requests;
	ps_t timer_threshold_ps;
	int64_t time_scale; /* times TIME_SCALE */
	const char *device;
	int map;          /* tenants_map */
	cfg_list devices; /* of const char * */
	ps_t skip_ps, window_ps;
} trace_params;

static const char *const format_choices[] = {
	"auto",
#define READER(name, help) #name,
#include "workload/readers.def"
#undef READER
	NULL,
};
static const char *const policy_choices[] = { "auto", "closed", "recorded", "fast", NULL };
static const char *const map_choices[] = { "same", "by_device", "fold", NULL }; /* in the order of tenants_map */
static const char *const address_choices[] = { "error", "wrap", "scale", NULL };

static const cfg_key device_element = {
	.name = "device", .type = CFG_STRING, .default_text = "", .help = "What the trace calls it.", .source = "none"
};

static const cfg_key trace_keys[] = {
	{ .name = "file",
	  .type = CFG_PATH,
	  .offset_in_struct = offsetof(trace_params, file),
	  .help = "The trace, plain or compressed with gzip, bzip2, xz or zstd; relative to the file that names it. A "
		  "pattern such as 'msr/*.csv.gz' names several, which are merged by their recorded times. blktrace's "
		  "files of all CPUs are one trace: NAME.blktrace.0 or NAME names them all.",
	  .source = "none: required" },
	{ .name = "format",
	  .type = CFG_ENUM,
	  .offset_in_struct = offsetof(trace_params, format),
	  .default_text = "auto",
	  .choices = format_choices,
	  .help = "Format of the trace; auto = by its content.",
	  .source = "assumption: formats are told apart by content" },
	{ .name = "policy",
	  .type = CFG_ENUM,
	  .offset_in_struct = offsetof(trace_params, policy),
	  .default_text = "auto",
	  .choices = policy_choices,
	  .help = "When requests are submitted: closed loop with think time, at recorded times, or as fast as "
		  "possible; "
		  "auto = closed where the trace records completions, else recorded.",
	  .source = "assumption: applications wait for their I/O" },
	{ .name = "depth",
	  .type = CFG_COUNT,
	  .offset_in_struct = offsetof(trace_params, depth),
	  .default_text = "32",
	  .min_text = "1",
	  .max_text = "65536",
	  .help = "Requests outstanding at most with policy fast.",
	  .source = "assumption: a common queue depth" },
	{ .name = "timer_threshold",
	  .type = CFG_DURATION,
	  .offset_in_struct = offsetof(trace_params, timer_threshold_ps),
	  .default_text = "50 ms",
	  .help = "A recorded gap longer than this is a timer, kept as it is; a shorter one is CPU work.",
	  .source = "assumption: no program computes this long between requests" },
	{ .name = "time_scale",
	  .type = CFG_DECIMAL,
	  .offset_in_struct = offsetof(trace_params, time_scale),
	  .default_text = "1",
	  .min_text = "0.000001",
	  .max_text = "1000000",
	  .decimal_scale = TIME_SCALE,
	  .help = "Factor on all recorded times and gaps: 2 = twice as slow.",
	  .source = "the trace as recorded" },
	{ .name = "loop",
	  .type = CFG_COUNT,
	  .offset_in_struct = offsetof(trace_params, loop),
	  .default_text = "1",
	  .min_text = "1",
	  .max_text = "1000000",
	  .help = "How many times the trace is replayed.",
	  .source = "the trace as recorded" },
	{ .name = "max_requests",
	  .type = CFG_COUNT,
	  .offset_in_struct = offsetof(trace_params, max_requests),
	  .default_text = "0",
	  .help = "Stop after this many requests, all laps together; 0 = all.",
	  .source = "the trace as recorded" },
	{ .name = "address",
	  .type = CFG_ENUM,
	  .offset_in_struct = offsetof(trace_params, address),
	  .default_text = "error",
	  .choices = address_choices,
	  .help = "What happens beyond the disk: an error, wrapping around, or scaling the trace's address range to "
		  "the disk.",
	  .source = "assumption: a wrong disk size should be noticed" },
	{ .name = "device",
	  .type = CFG_STRING,
	  .offset_in_struct = offsetof(trace_params, device),
	  .default_text = "",
	  .help = "Replay only this device's requests; `nescsim trace info` shows what the trace calls its devices. "
		  "Empty "
		  "= the only device, or all of them under `map`.",
	  .source = "assumption: one disk per trace" },
	{ .name = "map",
	  .type = CFG_ENUM,
	  .offset_in_struct = offsetof(trace_params, map),
	  .default_text = "same",
	  .choices = map_choices,
	  .help = "Which of the entry's VMs replays what: each the whole trace; one device each, in the order in which "
		  "they "
		  "appear; or as many devices as there are, dealt out in turn (one VM's devices lie on its disk one "
		  "behind "
		  "the other, each from a whole MiB on).",
	  .source = "assumption: one disk per trace" },
	{ .name = "devices",
	  .type = CFG_LIST,
	  .offset_in_struct = offsetof(trace_params, devices),
	  .default_text = "[]",
	  .element = &device_element,
	  .help = "Which devices `map` deals out, in this order; the requests of others are left out. Empty = all.",
	  .source = "the trace as recorded" },
	{ .name = "skip",
	  .type = CFG_DURATION,
	  .offset_in_struct = offsetof(trace_params, skip_ps),
	  .default_text = "0 s",
	  .help = "Leave out what was queued in this first part of the recorded time; the rest begins at once.",
	  .source = "the trace as recorded" },
	{ .name = "window",
	  .type = CFG_DURATION,
	  .offset_in_struct = offsetof(trace_params, window_ps),
	  .default_text = "0 s",
	  .help = "Replay only what was queued in so much recorded time, counted from the end of `skip`; 0 = to the "
		  "end.",
	  .source = "the trace as recorded" },
};

static void trace_check(const void *value, cfg_check *check)
{
	const trace_params *params = value;

	if (params->map != TENANTS_SAME && params->device && *params->device)
		cfg_conflict(check, "device", "name it in devices: [...]", "map: %s deals out devices, not one",
			     map_choices[params->map]);
	if (params->map == TENANTS_SAME && params->devices.num)
		cfg_conflict(check, "devices", "choose map: by_device or map: fold, or name one as device",
			     "map: same deals out no devices");
}

const cfg_section kind_trace_section = {
	.name = "workload trace",
	.keys = trace_keys,
	.num_keys = sizeof(trace_keys) / sizeof(trace_keys[0]),
	.struct_bytes = sizeof(trace_params),
	.check = trace_check,
};

/* Which requests have completed: everything below `base`, and one bit for each from there to the newest. */
typedef struct done_set {
	uint64_t *words;
	uint64_t capacity_bits; /* power of two; bit number % capacity */
	uint64_t base, end;     /* oldest outstanding request; number of the next request */
} done_set;

static bool done_grow(done_set *set)
{
	uint64_t capacity_bits = set->capacity_bits ? 2 * set->capacity_bits : 1024;
	uint64_t *words = calloc(capacity_bits / 64, sizeof(*words));

	if (!words)
		return false;
	for (uint64_t number = set->base; number < set->end; number++) {
		uint64_t from = number % set->capacity_bits, to = number % capacity_bits;

		if (set->words[from / 64] >> from % 64 & 1)
			words[to / 64] |= UINT64_C(1) << to % 64;
	}
	free(set->words);
	set->words = words;
	set->capacity_bits = capacity_bits;
	return true;
}

/* The next request is outstanding from now on. */
static bool done_add(done_set *set)
{
	uint64_t bit;

	if (set->end - set->base == set->capacity_bits && !done_grow(set))
		return false;
	bit = set->end++ % set->capacity_bits;
	set->words[bit / 64] &= ~(UINT64_C(1) << bit % 64);
	return true;
}

static bool done_has(const done_set *set, uint64_t number)
{
	uint64_t bit;

	if (number < set->base)
		return true;
	if (number >= set->end)
		return false;
	bit = number % set->capacity_bits;
	return set->words[bit / 64] >> bit % 64 & 1;
}

static void done_mark(done_set *set, uint64_t number)
{
	uint64_t bit;

	if (number < set->base || number >= set->end)
		return;
	bit = number % set->capacity_bits;
	set->words[bit / 64] |= UINT64_C(1) << bit % 64;
	while (set->base < set->end && done_has(set, set->base))
		set->base++;
}

/* What is left to do for the request at hand. */
typedef enum replay_phase {
	PHASE_FETCH,  /* nothing at hand */
	PHASE_ANCHOR, /* wait until what it follows has happened */
	PHASE_GAP,    /* spend the recorded gap */
	PHASE_TIMER,  /* wait for until_ps */
	PHASE_SUBMIT,
	PHASE_END,
	PHASE_FAILED,
} replay_phase;

/* What one pass over the trace has shown, for all VMs of an entry. */
typedef struct trace_shared {
	tenants *tenants;   /* NULL: every VM replays the whole trace */
	tenant_facts whole; /* of a trace that is not dealt out */
	ps_t span_ps;
	text_buffer notes; /* lines */
} trace_shared;

typedef struct replay {
	const trace_params *params;
	const trace_shared *shared;
	trace_shared *own;     /* if the caller gave none */
	trace *in;             /* one of the two: the trace itself */
	tenant_reader *tenant; /* or what of it falls to this VM */
	uint32_t vm;           /* of the entry, from 0 */
	nescsim_diag *diag;
	int64_t instructions_per_ns_milli;
	uint64_t disk_sectors, trace_end_sector;
	replay_policy policy;
	replay_phase phase;
	trace_record record; /* at hand */
	int64_t lap;         /* from 0 */
	uint64_t lap_base;   /* number of the lap's first request */
	ps_t lap_offset_ps;  /* recorded time at which the lap begins, scaled */
	ps_t lap_span_ps;    /* of what was read of the lap, recorded */
	bool started, fetched_first, has_record;
	ps_t start_ps, until_ps;
	uint64_t outstanding;
	done_set done;
} replay;

static trace_options options_of(const trace_params *params)
{
	return (trace_options){
		.format = format_choices[params->format],
		.device = params->device,
		.skip_ps = params->skip_ps,
		.window_ps = params->window_ps,
	};
}

static tenants_rule rule_of(const trace_params *params, uint32_t num_vms)
{
	return (tenants_rule){
		.map = (tenants_map)params->map,
		.names = params->devices.items,
		.num_names = params->devices.num,
		.num_vms = num_vms,
	};
}

static const char *file_of(const trace_params *params)
{
	return params->file.resolved ? params->file.resolved : params->file.text;
}

static nescsim_status open_trace(const trace_params *params, const diag_place *place, nescsim_diag *diag, trace **out)
{
	trace_options options = options_of(params);

	return trace_open(file_of(params), file_of(params), &options, place, diag, out);
}

/* Reports a request that has no place on the disk. Discards too long for it are cut unless they are errors. */
static bool check_address(const trace_params *params, uint64_t disk_sectors, trace *in, const trace_record *record,
			  bool *go_on_out)
{
	uint64_t end_sector = record->first_sector + record->num_sectors;

	*go_on_out = true;
	if (params->address == ADDRESS_ERROR && end_sector > disk_sectors) {
		*go_on_out = trace_report(in, record, "make the disk larger, or choose address: wrap or address: scale",
					  "the request ends at byte %llu, the disk has %llu",
					  (unsigned long long)(end_sector * IO_SECTOR_BYTES),
					  (unsigned long long)(disk_sectors * IO_SECTOR_BYTES));
		return false;
	}
	if (record->num_sectors > disk_sectors && record->op != IO_DISCARD) {
		*go_on_out = trace_report(in, record, "make the disk larger",
					  "the request of %llu bytes is larger than the disk of %llu",
					  (unsigned long long)(record->num_sectors * IO_SECTOR_BYTES),
					  (unsigned long long)(disk_sectors * IO_SECTOR_BYTES));
		return false;
	}
	return true;
}

/* From the first request on. */
static nescsim_status open_lap(replay *self, const diag_place *place)
{
	if (!self->shared || !self->shared->tenants)
		return open_trace(self->params, place, self->diag, &self->in);
	self->tenant = tenant_open(self->shared->tenants, self->vm);
	return self->tenant ? NESCSIM_OK : NESCSIM_NO_MEMORY;
}

static void close_lap(replay *self)
{
	trace_close(self->in);
	tenant_close(self->tenant);
	self->in = NULL;
	self->tenant = NULL;
}

/* For messages. */
static trace *trace_of(const replay *self)
{
	return self->in ? self->in : tenants_trace(self->shared->tenants);
}

static nescsim_status report_no_completions(const diag_place *place, nescsim_diag *diag)
{
	return kind_report(diag, place, "policy", "policy: recorded or policy: fast",
			   "a closed loop needs completions and the trace records none");
}

static void note_skipped(trace_shared *shared, const trace *in)
{
	for (size_t file = 0; file < trace_num_files(in); file++) {
		const input_skips *skips;

		for (size_t i = 0; (skips = trace_skipped(in, file, i)) != NULL; i++) {
			const char *what = skips->first_event ? "record" : "line";

			text_add(&shared->notes, "%s: %" PRIu64 " %s%s %s left out, the first at %s %" PRIu64 "\n",
				 trace_file_name(in, file), skips->num, what, skips->num == 1 ? "" : "s", skips->why,
				 what, skips->first_event ? skips->first_event : skips->first_line);
		}
	}
}

/* What address: wrap or scale does to a VM's requests; false if nothing, and then it adds no text. */
static bool note_addresses(trace_shared *shared, const trace_params *params, const char *before, uint64_t num_beyond,
			   const tenant_facts *facts, uint64_t disk_sectors)
{
	const unsigned long long end_mib = facts->end_sector * IO_SECTOR_BYTES >> 20,
				 disk_mib = disk_sectors * IO_SECTOR_BYTES >> 20;

	if (params->address == ADDRESS_WRAP && num_beyond)
		text_add(&shared->notes,
			 "%s%" PRIu64 " of %" PRIu64 " requests lie beyond its disk of %llu MiB, up to %llu MiB, and "
			 "are wrapped around",
			 before, num_beyond, facts->num_requests, disk_mib, end_mib);
	else if (params->address == ADDRESS_SCALE && facts->end_sector != disk_sectors)
		text_add(&shared->notes, "%saddresses up to %llu MiB are scaled to its disk of %llu MiB", before,
			 end_mib, disk_mib);
	else
		return false;
	return true;
}

/* With the size that would do. */
static nescsim_status report_beyond(const source_context *context, uint32_t vm, const tenant_facts *facts,
				    const diag_place *place, nescsim_diag *diag)
{
	const uint64_t end_bytes = facts->end_sector * IO_SECTOR_BYTES;
	char hint[128];

	snprintf(hint, sizeof(hint), "make disk.bytes %llu MiB or more, or choose address: wrap or address: scale",
		 (unsigned long long)((end_bytes + 1048575) >> 20));
	return kind_report(diag, place, "address", hint, "VM %u's requests reach up to byte %llu, its disk has %llu",
			   vm, (unsigned long long)end_bytes, (unsigned long long)context->disk_bytes);
}

/* The whole trace for every VM: one pass to check it. */
static nescsim_status prepare_same(const trace_params *params, const source_context *context, const diag_place *place,
				   nescsim_diag *diag, trace_shared *shared)
{
	const uint64_t disk_sectors = context->disk_bytes / IO_SECTOR_BYTES;
	uint64_t num_beyond = 0;
	char before[32];
	trace_record record;
	trace *in;
	nescsim_status status = open_trace(params, place, diag, &in);

	if (status != NESCSIM_OK)
		return status;
	for (bool go_on = true; go_on;) {
		trace_result result = trace_next(in, &record);
		uint64_t end_sector;

		if (result == TRACE_END)
			break;
		if (result != TRACE_RECORD) {
			status = NESCSIM_TRACE;
			go_on = result == TRACE_BAD;
			continue;
		}
		end_sector = record.first_sector + record.num_sectors;
		shared->whole.num_requests++;
		shared->whole.num_sectors += record.op == IO_READ || record.op == IO_WRITE ? record.num_sectors : 0;
		shared->whole.num_completed += record.completed_ps != TRACE_NO_TIME;
		if (end_sector > shared->whole.end_sector)
			shared->whole.end_sector = end_sector;
		num_beyond += end_sector > disk_sectors;
		/* A disk that is too small is one mistake: its first request is shown, the others are below. */
		if (params->address == ADDRESS_ERROR && end_sector > disk_sectors && num_beyond > 1)
			continue;
		shared->span_ps = ps_max(shared->span_ps, ps_max(record.queued_ps, record.completed_ps));
		if (!check_address(params, disk_sectors, in, &record, &go_on))
			status = NESCSIM_TRACE;
	}
	if (status == NESCSIM_OK && !shared->whole.num_requests) {
		trace_report_empty(in);
		status = NESCSIM_TRACE;
	}
	if (status == NESCSIM_OK && params->policy == REPLAY_CLOSED && !shared->whole.num_completed)
		status = report_no_completions(place, diag);
	if (params->address == ADDRESS_ERROR && num_beyond > 1)
		report_beyond(context, context->vm, &shared->whole, place, diag);
	note_skipped(shared, in);
	snprintf(before, sizeof(before), "VM %u: ", context->vm);
	if (note_addresses(shared, params, before, num_beyond, &shared->whole, disk_sectors))
		text_add(&shared->notes, "\n");
	trace_close(in);
	return status;
}

/* Which devices a VM replays: the beginning of the VM's line. */
static void note_devices(trace_shared *shared, uint32_t number, uint32_t vm)
{
	const char *name;

	text_add(&shared->notes, "VM %u replays device", number);
	for (uint32_t i = 0; (name = tenants_device(shared->tenants, vm, i)) != NULL; i++)
		text_add(&shared->notes, "%s %s", i ? "," : "", name);
}

/* A pass over a VM's requests: do they fit its disk? The VM's line of the notes says what it replays, and how. */
static nescsim_status check_tenant(const trace_params *params, const source_context *context, uint32_t vm,
				   const diag_place *place, nescsim_diag *diag, trace_shared *shared)
{
	const tenant_facts *facts = tenants_facts(shared->tenants, vm);
	const uint64_t disk_sectors = context->disk_bytes / IO_SECTOR_BYTES;
	tenant_reader *reader;
	uint64_t num_beyond = 0;
	trace_record record;
	trace_result result;
	bool go_on;

	if (params->policy == REPLAY_CLOSED && !facts->num_completed)
		return report_no_completions(place, diag);
	note_devices(shared, context->vm + vm, vm);
	if (facts->end_sector <= disk_sectors) {
		note_addresses(shared, params, "; ", 0, facts, disk_sectors);
		text_add(&shared->notes, "\n");
		return NESCSIM_OK;
	}
	if (params->address == ADDRESS_ERROR)
		return report_beyond(context, context->vm + vm, facts, place, diag);
	reader = tenant_open(shared->tenants, vm);
	if (!reader)
		return NESCSIM_NO_MEMORY;
	while ((result = tenant_next(reader, &record)) == TRACE_RECORD) {
		num_beyond += record.first_sector + record.num_sectors > disk_sectors;
		if (!check_address(params, disk_sectors, tenants_trace(shared->tenants), &record, &go_on)) {
			result = TRACE_BROKEN;
			break;
		}
	}
	tenant_close(reader);
	note_addresses(shared, params, "; ", num_beyond, facts, disk_sectors);
	text_add(&shared->notes, "\n");
	return result == TRACE_END ? NESCSIM_OK : NESCSIM_TRACE;
}

static nescsim_status prepare_tenants(const trace_params *params, const source_context *context,
				      const diag_place *place, nescsim_diag *diag, trace_shared *shared)
{
	const trace_options options = options_of(params);
	const tenants_rule rule = rule_of(params, context->num_tenants ? context->num_tenants : 1);
	nescsim_status first = tenants_create(file_of(params), &options, &rule, place, diag, &shared->tenants);

	if (first != NESCSIM_OK)
		return first;
	shared->span_ps = tenants_span_ps(shared->tenants);
	note_skipped(shared, tenants_trace(shared->tenants));
	if (tenants_num_left_out(shared->tenants))
		text_add(&shared->notes, "%" PRIu64 " requests of devices that `devices` does not name are left out\n",
			 tenants_num_left_out(shared->tenants));
	for (uint32_t vm = 0; vm < rule.num_vms; vm++) {
		const nescsim_status status = check_tenant(params, context, vm, place, diag, shared);

		if (first == NESCSIM_OK)
			first = status;
	}
	return first;
}

static void trace_unshare(void *shared_in)
{
	trace_shared *shared = shared_in;

	if (!shared)
		return;
	tenants_destroy(shared->tenants);
	text_free(&shared->notes);
	free(shared);
}

static nescsim_status trace_prepare(const void *params_in, const source_context *context, const diag_place *place,
				    nescsim_diag *diag, void **shared_out)
{
	const trace_params *params = params_in;
	trace_shared *shared = calloc(1, sizeof(*shared));
	nescsim_status status = NESCSIM_NO_MEMORY;

	*shared_out = NULL;
	if (!shared)
		return status;
	if (params->map == TENANTS_SAME)
		status = prepare_same(params, context, place, diag, shared);
	else
		status = prepare_tenants(params, context, place, diag, shared);
	if (status == NESCSIM_OK && !text_ok(&shared->notes))
		status = NESCSIM_NO_MEMORY;
	if (status != NESCSIM_OK) {
		trace_unshare(shared);
		return status;
	}
	*shared_out = shared;
	return NESCSIM_OK;
}

static source_files trace_files(const void *params_in)
{
	const trace_params *params = params_in;

	return (source_files){ .path = &params->file, .trace_format = format_choices[params->format] };
}

static const char *trace_notes(const void *shared)
{
	return text_get(&((const trace_shared *)shared)->notes);
}

static nescsim_status trace_count_tenants(const void *params_in, const diag_place *place, nescsim_diag *diag,
					  uint32_t *num_out)
{
	const trace_params *params = params_in;
	const trace_options options = options_of(params);
	const tenants_rule rule = rule_of(params, 0);

	if (params->map != TENANTS_BY_DEVICE)
		return kind_report(diag, place, "map", "map: by_device", "count: 0 needs one VM per device, map is %s",
				   map_choices[params->map]);
	return tenants_count(file_of(params), &options, &rule, place, diag, num_out);
}

/* What a lap has; NULL: the length of a stream that nobody has looked at is unknown before its end. */
static const tenant_facts *facts_of(const replay *self)
{
	if (self->shared == NULL)
		return NULL;
	return self->shared->tenants ? tenants_facts(self->shared->tenants, self->vm) : &self->shared->whole;
}

static nescsim_status replay_open(void *state, const void *params_in, const source_context *context,
				  const diag_place *place, nescsim_diag *diag)
{
	replay *self = state;
	const trace_params *params = params_in;

	self->params = params;
	self->diag = diag;
	self->vm = context->tenant;
	self->policy = (replay_policy)params->policy;
	self->instructions_per_ns_milli =
		context->instructions_per_ns_milli > 0 ? context->instructions_per_ns_milli : 1000;
	self->disk_sectors = context->disk_bytes / IO_SECTOR_BYTES;
	if (context->vcpu != 0) {
		self->phase = PHASE_END;
		return NESCSIM_OK;
	}
	self->shared = context->shared;
	if (!self->shared && (params->map != TENANTS_SAME || params->address == ADDRESS_SCALE)) {
		void *own;
		nescsim_status status = trace_prepare(params, context, place, diag, &own);

		if (status != NESCSIM_OK)
			return status;
		self->shared = self->own = own;
	}
	if (!done_grow(&self->done))
		return NESCSIM_NO_MEMORY;
	if (self->shared)
		self->trace_end_sector = facts_of(self)->end_sector;
	return open_lap(self, place);
}

/* A recorded time or gap, scaled; PS_MAX when it does not fit. */
static ps_t scale_time(const replay *self, ps_t time_ps)
{
	__int128 scaled = (__int128)time_ps * self->params->time_scale / TIME_SCALE;

	return scaled > PS_MAX ? PS_MAX : (ps_t)scaled;
}

static ps_t add_time(ps_t a, ps_t b)
{
	return a > PS_MAX - b ? PS_MAX : a + b;
}

/* Begins the next lap, or ends. */
static void finish_lap(replay *self)
{
	const diag_place place = { .file = file_of(self->params) };

	if (!self->has_record) {
		trace_report_empty(trace_of(self));
		self->phase = PHASE_FAILED;
		return;
	}
	if (++self->lap == self->params->loop) {
		self->phase = PHASE_END;
		return;
	}
	self->lap_base = self->done.end;
	/* The laps of all VMs that share a trace begin together. */
	if (self->tenant)
		self->lap_span_ps = self->shared->span_ps;
	self->lap_offset_ps = add_time(self->lap_offset_ps, scale_time(self, self->lap_span_ps));
	self->lap_span_ps = 0;
	self->has_record = false;
	close_lap(self);
	if (open_lap(self, &place) != NESCSIM_OK)
		self->phase = PHASE_FAILED;
}

/* Where the request lies on the simulated disk. */
static void map_address(const replay *self, const trace_record *record, io_request *request)
{
	request->first_sector = record->first_sector;
	request->num_sectors = record->num_sectors;
	if (record->op == IO_FLUSH || self->params->address == ADDRESS_ERROR)
		return;
	if (request->num_sectors > self->disk_sectors)
		request->num_sectors = self->disk_sectors;
	if (self->params->address == ADDRESS_WRAP) {
		request->first_sector %= self->disk_sectors;
	} else {
		request->first_sector = (uint64_t)((unsigned __int128)record->first_sector * self->disk_sectors /
						   self->trace_end_sector);
		if (record->first_sector % ALIGNED_SECTORS == 0)
			request->first_sector -= request->first_sector % ALIGNED_SECTORS;
	}
	if (request->first_sector > self->disk_sectors - request->num_sectors)
		request->first_sector = self->disk_sectors - request->num_sectors;
}

/* Reads the next request. */
static void fetch(replay *self)
{
	trace_result result;
	bool go_on;

	if (self->params->max_requests && self->done.end == (uint64_t)self->params->max_requests) {
		self->phase = PHASE_END;
		return;
	}
	result = self->tenant ? tenant_next(self->tenant, &self->record) : trace_next(self->in, &self->record);
	if (result == TRACE_END) {
		finish_lap(self);
		return;
	}
	if (result != TRACE_RECORD ||
	    !check_address(self->params, self->disk_sectors, trace_of(self), &self->record, &go_on)) {
		self->phase = PHASE_FAILED;
		return;
	}
	self->has_record = true;
	self->lap_span_ps = ps_max(self->lap_span_ps, ps_max(self->record.queued_ps, self->record.completed_ps));
	if (!self->fetched_first) {
		bool completes =
			trace_records_completions(trace_of(self)) && self->record.completed_ps != TRACE_NO_TIME;

		self->fetched_first = true;
		if (self->policy == REPLAY_AUTO)
			self->policy = completes ? REPLAY_CLOSED : REPLAY_RECORDED;
	}
	self->phase = self->policy == REPLAY_FAST ? PHASE_SUBMIT : PHASE_ANCHOR;
}

static bool anchor_reached(const replay *self)
{
	switch (self->record.after) {
	case TRACE_AFTER_START:
		return self->outstanding == 0;
	case TRACE_AFTER_SUBMISSION:
		return true;
	case TRACE_AFTER_COMPLETION:
		return done_has(&self->done, self->lap_base + self->record.anchor);
	}
	return true;
}

static void submit(replay *self, source_step *step)
{
	step->request = (io_request){
		.number = self->done.end,
		.op = self->record.op,
		.preflush = self->record.flags & TRACE_PREFLUSH,
		.fua = self->record.flags & TRACE_FUA,
	};
	map_address(self, &self->record, &step->request);
	if (!done_add(&self->done)) {
		self->phase = PHASE_FAILED;
		return;
	}
	step->action = SOURCE_SUBMIT;
	step->arrival_ps = self->policy == REPLAY_RECORDED ? self->until_ps : -1;
	self->outstanding++;
	self->phase = PHASE_FETCH;
}

/* Simulated time ends before the request at hand. */
static void fail_late(replay *self)
{
	trace_report(trace_of(self), &self->record, "lower loop or time_scale",
		     "the request arrives more than 106 days after the start");
	self->phase = PHASE_FAILED;
}

static void replay_next(void *state, ps_t now_ps, source_step *step_out)
{
	replay *self = state;
	__int128 work_ps;
	ps_t gap_ps;

	*step_out = (source_step){ .action = SOURCE_END };
	if (!self->started) {
		self->started = true;
		self->start_ps = now_ps;
	}
	for (;;) {
		switch (self->phase) {
		case PHASE_FETCH:
			fetch(self);
			continue;
		case PHASE_ANCHOR:
			if (self->policy == REPLAY_RECORDED) {
				self->until_ps =
					add_time(self->start_ps, add_time(self->lap_offset_ps,
									  scale_time(self, self->record.queued_ps)));
				self->phase = PHASE_TIMER;
				if (self->until_ps == PS_MAX)
					fail_late(self);
				continue;
			}
			if (!anchor_reached(self)) {
				step_out->action = SOURCE_WAIT;
				return;
			}
			self->phase = PHASE_GAP;
			continue;
		case PHASE_GAP:
			gap_ps = scale_time(self, self->record.gap_ps);
			if (self->record.gap_ps > self->params->timer_threshold_ps) {
				self->until_ps = add_time(now_ps, gap_ps);
				self->phase = PHASE_TIMER;
				if (self->until_ps == PS_MAX)
					fail_late(self);
				continue;
			}
			work_ps = (__int128)gap_ps * 1000 / self->instructions_per_ns_milli;
			if (work_ps >= PS_MAX - now_ps) {
				fail_late(self);
				continue;
			}
			self->phase = PHASE_SUBMIT;
			step_out->duration_ps = (ps_t)work_ps;
			if (step_out->duration_ps == 0)
				continue;
			step_out->action = SOURCE_THINK;
			return;
		case PHASE_TIMER:
			if (now_ps < self->until_ps) {
				step_out->action = SOURCE_WAIT_UNTIL;
				step_out->until_ps = self->until_ps;
				return;
			}
			self->phase = PHASE_SUBMIT;
			continue;
		case PHASE_SUBMIT:
			if (self->policy == REPLAY_FAST && self->outstanding >= (uint64_t)self->params->depth) {
				step_out->action = SOURCE_WAIT;
				return;
			}
			submit(self, step_out);
			if (self->phase == PHASE_FAILED)
				continue;
			return;
		case PHASE_END:
			return;
		case PHASE_FAILED:
			step_out->action = SOURCE_FAILED;
			return;
		}
	}
}

static void replay_completed(void *state, uint64_t request_number, ps_t now_ps)
{
	replay *self = state;

	(void)now_ps;
	self->outstanding--;
	done_mark(&self->done, request_number);
}

static uint64_t replay_expected_requests(const void *state)
{
	const replay *self = state;
	const tenant_facts *lap = facts_of(self);
	const uint64_t limit = (uint64_t)self->params->max_requests;
	uint64_t num_requests;

	if (self->done.words == NULL)
		return 0; /* vCPU 0 replays it */
	if (lap == NULL)
		return limit;
	num_requests = lap->num_requests * (uint64_t)self->params->loop;
	return limit != 0 && limit < num_requests ? limit : num_requests;
}

static uint64_t replay_expected_bytes(const void *state)
{
	const replay *self = state;
	const tenant_facts *lap = facts_of(self);

	if (lap == NULL || lap->num_requests == 0)
		return 0;
	/* The part of a lap that is cut short is like the whole. */
	return (uint64_t)((unsigned __int128)replay_expected_requests(state) * lap->num_sectors * IO_SECTOR_BYTES /
			  lap->num_requests);
}

static void replay_close(void *state)
{
	replay *self = state;

	close_lap(self);
	trace_unshare(self->own);
	free(self->done.words);
}

const source_kind kind_trace = {
	.state_bytes = sizeof(replay),
	.open = replay_open,
	.next = replay_next,
	.completed = replay_completed,
	.expected_requests = replay_expected_requests,
	.expected_bytes = replay_expected_bytes,
	.close = replay_close,
	.prepare = trace_prepare,
	.notes = trace_notes,
	.unshare = trace_unshare,
	.files = trace_files,
	.count_tenants = trace_count_tenants,
};
