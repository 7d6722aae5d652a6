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
 * Repeated laps of a trace begin when everything of the lap before has completed (closed), at the recorded end of the
 * lap before (recorded), or at once (fast).
 */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "workload/kind.h"
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
} trace_params;

static const char *const format_choices[] = {
	"auto",
#define READER(name, help) #name,
#include "workload/readers.def"
#undef READER
	NULL,
};
static const char *const policy_choices[] = { "auto", "closed", "recorded", "fast", NULL };
static const char *const address_choices[] = { "error", "wrap", "scale", NULL };

static const cfg_key trace_keys[] = {
	{ .name = "file",
	  .type = CFG_PATH,
	  .offset_in_struct = offsetof(trace_params, file),
	  .help = "The trace, plain or compressed with gzip, bzip2, xz or zstd; relative to the file that names it.",
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
	  .help = "Replay only this device's requests, given as 'major,minor', or as its number in formats that number "
		  "disks "
		  "or volumes; empty = the only device of the trace.",
	  .source = "assumption: one disk per trace" },
};

const cfg_section kind_trace_section = {
	.name = "workload trace",
	.keys = trace_keys,
	.num_keys = sizeof(trace_keys) / sizeof(trace_keys[0]),
	.struct_bytes = sizeof(trace_params),
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

typedef struct replay {
	const trace_params *params;
	trace *in;
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
	return (trace_options){ .format = format_choices[params->format], .device = params->device };
}

static nescsim_status open_trace(const trace_params *params, const diag_place *place, nescsim_diag *diag, trace **out)
{
	trace_options options = options_of(params);
	const char *resolved = params->file.resolved ? params->file.resolved : params->file.text;

	return trace_open(resolved, resolved, &options, place, diag, out);
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

static nescsim_status report_no_completions(const diag_place *place, nescsim_diag *diag)
{
	return kind_report(diag, place, "policy", "policy: recorded or policy: fast",
			   "a closed loop needs completions and the trace records none");
}

static nescsim_status trace_validate(const void *params_in, const source_context *context, const diag_place *place,
				     nescsim_diag *diag)
{
	const trace_params *params = params_in;
	uint64_t num_requests = 0, num_completed = 0;
	trace_record record;
	trace *in;
	nescsim_status status;

	status = open_trace(params, place, diag, &in);
	if (status != NESCSIM_OK)
		return status;
	for (bool go_on = true; go_on;) {
		trace_result result = trace_next(in, &record);

		if (result == TRACE_END)
			break;
		if (result != TRACE_RECORD) {
			status = NESCSIM_TRACE;
			go_on = result == TRACE_BAD;
			continue;
		}
		num_requests++;
		num_completed += record.completed_ps != TRACE_NO_TIME;
		if (!check_address(params, context->disk_bytes / IO_SECTOR_BYTES, in, &record, &go_on))
			status = NESCSIM_TRACE;
	}
	if (status == NESCSIM_OK && !num_requests) {
		trace_report_empty(in);
		status = NESCSIM_TRACE;
	}
	if (status == NESCSIM_OK && params->policy == REPLAY_CLOSED && !num_completed)
		status = report_no_completions(place, diag);
	trace_close(in);
	return status;
}

static nescsim_status replay_open(void *state, const void *params_in, const source_context *context,
				  const diag_place *place, nescsim_diag *diag)
{
	replay *self = state;
	const trace_params *params = params_in;
	nescsim_status status;

	self->params = params;
	self->diag = diag;
	self->policy = (replay_policy)params->policy;
	self->instructions_per_ns_milli =
		context->instructions_per_ns_milli > 0 ? context->instructions_per_ns_milli : 1000;
	self->disk_sectors = context->disk_bytes / IO_SECTOR_BYTES;
	if (context->vcpu != 0) {
		self->phase = PHASE_END;
		return NESCSIM_OK;
	}
	if (params->address == ADDRESS_SCALE) {
		trace_options options = options_of(params);
		const char *resolved = params->file.resolved ? params->file.resolved : params->file.text;
		trace_summary summary;

		status = trace_summarize(resolved, resolved, &options, place, diag, &summary);
		if (status != NESCSIM_OK)
			return status;
		self->trace_end_sector = summary.end_sector;
	}
	if (!done_grow(&self->done))
		return NESCSIM_NO_MEMORY;
	return open_trace(params, place, diag, &self->in);
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
	const cfg_path *file = &self->params->file;
	diag_place place = { .file = file->resolved ? file->resolved : file->text };

	if (!self->has_record) {
		trace_report_empty(self->in);
		self->phase = PHASE_FAILED;
		return;
	}
	if (++self->lap == self->params->loop) {
		self->phase = PHASE_END;
		return;
	}
	self->lap_base = self->done.end;
	self->lap_offset_ps = add_time(self->lap_offset_ps, scale_time(self, self->lap_span_ps));
	self->lap_span_ps = 0;
	self->has_record = false;
	trace_close(self->in);
	if (open_trace(self->params, &place, self->diag, &self->in) != NESCSIM_OK)
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
	result = trace_next(self->in, &self->record);
	if (result == TRACE_END) {
		finish_lap(self);
		return;
	}
	if (result != TRACE_RECORD ||
	    !check_address(self->params, self->disk_sectors, self->in, &self->record, &go_on)) {
		self->phase = PHASE_FAILED;
		return;
	}
	self->has_record = true;
	self->lap_span_ps = ps_max(self->lap_span_ps, ps_max(self->record.queued_ps, self->record.completed_ps));
	if (!self->fetched_first) {
		bool completes = trace_records_completions(self->in) && self->record.completed_ps != TRACE_NO_TIME;

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

static void replay_next(void *state, ps_t now_ps, source_step *step_out)
{
	replay *self = state;
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
				if (self->until_ps == PS_MAX) {
					trace_report(self->in, &self->record, "lower loop or time_scale",
						     "the request arrives more than 106 days after the start");
					self->phase = PHASE_FAILED;
				} else {
					self->phase = PHASE_TIMER;
				}
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
				continue;
			}
			self->phase = PHASE_SUBMIT;
			step_out->duration_ps = (ps_t)((__int128)gap_ps * 1000 / self->instructions_per_ns_milli);
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

	/* The length of a stream is unknown before its end. */
	return (uint64_t)self->params->max_requests;
}

static void replay_close(void *state)
{
	replay *self = state;

	trace_close(self->in);
	free(self->done.words);
}

const source_kind kind_trace = {
	.state_bytes = sizeof(replay),
	.open = replay_open,
	.next = replay_next,
	.completed = replay_completed,
	.expected_requests = replay_expected_requests,
	.close = replay_close,
	.validate = trace_validate,
};
