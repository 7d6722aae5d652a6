/* nescsim trace generate: the requests of a fio job on a device that takes the same time for each, as a trace. */
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/units.h"
#include "run/trace_part.h"
#include "workload/fio_job.h"

#define DEFAULT_DISK_BYTES (INT64_C(1) << 30)
#define DEFAULT_SERVICE_PS (100 * PS_PER_US)

/* A request under way; all take the same time, so they end in their order. */
typedef struct under_way {
	ps_t end_ps;
	uint64_t number;
} under_way;

typedef struct generation {
	const cfg_variant *workload;
	source_context context;
	ps_t service_ps;
	/* The source as it is read, and its time. */
	nescsim_diag *diag;
	source *from;
	ps_t now_ps;
	under_way *ring;
	size_t first, num, max; /* max is a power of two */
} generation;

static bool push(generation *self, uint64_t number)
{
	if (self->num == self->max) {
		const size_t max = self->max == 0 ? 64 : 2 * self->max;
		under_way *ring = malloc(max * sizeof(*ring));

		if (ring == NULL)
			return false;
		for (size_t i = 0; i < self->num; i++)
			ring[i] = self->ring[(self->first + i) & (self->max - 1)];
		free(self->ring);
		self->ring = ring;
		self->first = 0;
		self->max = max;
	}
	self->ring[(self->first + self->num++) & (self->max - 1)] =
		(under_way){ .end_ps = self->now_ps + self->service_ps, .number = number };
	return true;
}

/* The end of the oldest request, or PS_MAX. */
static ps_t next_end_ps(const generation *self)
{
	return self->num == 0 ? PS_MAX : self->ring[self->first].end_ps;
}

/* Lets time pass, and what ends until then end. */
static void advance(generation *self, ps_t until_ps)
{
	while (next_end_ps(self) <= until_ps) {
		const under_way *done = &self->ring[self->first];

		self->first = (self->first + 1) & (self->max - 1);
		self->num--;
		source_completed(self->from, done->number, done->end_ps);
	}
	self->now_ps = ps_max(self->now_ps, until_ps);
}

/* Puts the source's request under way, or says why not. */
static bool begin_request(generation *self, uint64_t number)
{
	if (self->now_ps > PS_MAX - self->service_ps) {
		diag_add(self->diag, NESCSIM_ERROR, NESCSIM_TRACE, NULL,
			 "lower number_ios or runtime, or raise the rate",
			 "the last requests would end more than 106 days after the first");
		return false;
	}
	if (push(self, number))
		return true;
	diag_add(self->diag, NESCSIM_ERROR, NESCSIM_NO_MEMORY, NULL, NULL, "out of memory");
	return false;
}

static trace_result generate_next(void *self_in, trace_record *record_out)
{
	generation *self = self_in;

	for (;;) {
		source_step step;

		source_next(self->from, self->now_ps, &step);
		switch (step.action) {
		case SOURCE_SUBMIT:
			if (!begin_request(self, step.request.number))
				return TRACE_BROKEN;
			*record_out = (trace_record){
				.op = step.request.op,
				.flags = (step.request.preflush ? TRACE_PREFLUSH : 0U) |
					 (step.request.fua ? TRACE_FUA : 0U),
				.first_sector = step.request.first_sector,
				.num_sectors = step.request.num_sectors,
				.queued_ps = self->now_ps,
				.issued_ps = self->now_ps,
				.completed_ps = self->now_ps + self->service_ps,
			};
			return TRACE_RECORD;
		case SOURCE_THINK:
		case SOURCE_WORK:
			advance(self, self->now_ps + step.duration_ps);
			break;
		case SOURCE_WAIT_UNTIL:
			advance(self, step.until_ps);
			break;
		case SOURCE_WAIT_EITHER:
			advance(self, ps_min(step.until_ps, next_end_ps(self)));
			break;
		case SOURCE_WAIT:
			NESC_ASSERT(self->num != 0, "the source waits, and nothing is under way");
			advance(self, next_end_ps(self));
			break;
		case SOURCE_BEGIN:
		case SOURCE_FINISH:
			break;
		case SOURCE_END:
			return TRACE_END;
		case SOURCE_FAILED:
			return TRACE_BROKEN;
		}
	}
}

static const char *generate_device_name(void *self, uint32_t device)
{
	(void)self;
	(void)device;
	return "0";
}

/* A job makes at least one request: its options are checked. */
static void generate_report_empty(void *self)
{
	(void)self;
}

static void generate_close(void *self_in)
{
	generation *self = self_in;

	source_close(self->from);
	free(self->ring);
	self->ring = NULL;
}

static nescsim_status generate_open(void *context, nescsim_diag *diag, convert_stream *stream_out)
{
	generation *self = context;

	*stream_out =
		(convert_stream){ self, generate_next, generate_device_name, generate_report_empty, generate_close };
	self->diag = diag;
	self->now_ps = 0;
	self->first = self->num = self->max = 0;
	return source_open(self->workload, &self->context, NULL, diag, &self->from);
}

static nescsim_status parse_job(const nescsim_trace_job *job, nescsim_diag *diag, fio_job_file **parsed_out)
{
	/* Before the user's, which win: as much is under way as is asked for, and what is due arrives whatever the nominal
	 * device still does. */
	static const char *const defaults[] = { "ioengine=libaio", "io_submit_mode=offload" };
	const size_t num_defaults = sizeof(defaults) / sizeof(defaults[0]);
	const char **words;
	nescsim_status status;

	if (job->file_name != NULL && job->num_options != 0)
		return diag_add(diag, NESCSIM_ERROR, NESCSIM_USAGE, NULL, "write it into the file",
				"'%s' stands beside a job file", job->options[0]);
	if (job->file_name != NULL)
		return fio_job_open(job->file_name, job->file_name, NULL, diag, parsed_out);
	words = malloc((num_defaults + job->num_options) * sizeof(*words));
	if (words == NULL)
		return NESCSIM_NO_MEMORY;
	for (size_t i = 0; i < num_defaults + job->num_options; i++)
		words[i] = i < num_defaults ? defaults[i] : job->options[i - num_defaults];
	status = fio_job_words(words, num_defaults + job->num_options, "generate", diag, parsed_out);
	free(words);
	return status;
}

nescsim_status nescsim_trace_generate(const nescsim_trace_job *job, const nescsim_trace_output *target, FILE *out,
				      nescsim_diag *diag)
{
	generation self = { .service_ps = DEFAULT_SERVICE_PS };
	int64_t disk_bytes = DEFAULT_DISK_BYTES;
	fio_job_file *parsed;
	nescsim_status status = NESCSIM_OK;

	if (job->disk != NULL)
		status = trace_part_quantity("disk", UNITS_BYTES, job->disk, "such as 10 GiB", diag, &disk_bytes);
	if (job->service != NULL && status == NESCSIM_OK)
		status = trace_part_quantity("service", UNITS_DURATION, job->service, "such as 80 us", diag,
					     &self.service_ps);
	if (status == NESCSIM_OK)
		status = parse_job(job, diag, &parsed);
	if (status != NESCSIM_OK)
		return status;
	self.workload = fio_job_workload(parsed);
	self.context = (source_context){ .seed = job->seed,
					 .vm = 1,
					 .num_vcpus = 1,
					 .disk_bytes = (uint64_t)disk_bytes,
					 .instructions_per_ns_milli = 1000 };
	status = source_validate(self.workload, &self.context, NULL, diag);
	if (status == NESCSIM_OK)
		status = trace_part_write(generate_open, &self, target, out, diag);
	fio_job_close(parsed);
	return status;
}
