/* fio_job: the jobs of a fio job file, all in one VM. */
#include <stddef.h>

#include "workload/fio_job.h"

static const cfg_key job_keys[] = {
	{ .name = "file",
	  .type = CFG_PATH,
	  .offset_in_struct = offsetof(fio_job_params, file),
	  .help = "The job file, relative to the file that names it. Its options are the keys of the kind fio, "
		  "in fio's own notation." },
};

const cfg_section kind_fio_job_section = {
	.name = "workload fio_job",
	.keys = job_keys,
	.num_keys = sizeof(job_keys) / sizeof(job_keys[0]),
	.struct_bytes = sizeof(fio_job_params),
};

typedef struct job_state {
	fio_job_file *opened; /* by itself */
	fio_source *source;
} job_state;

/* The jobs of the params; *opened_out is a file that had to be opened for them, else NULL. */
static nescsim_status find_jobs(const fio_job_params *params, const diag_place *place, nescsim_diag *diag,
				fio_job_file **opened_out, const fio_job_file **file_out)
{
	const char *resolved = params->file.resolved ? params->file.resolved : params->file.text;
	nescsim_status status = NESCSIM_OK;

	*opened_out = NULL;
	if (!params->parsed)
		status = fio_job_open(resolved, resolved, place, diag, opened_out);
	*file_out = params->parsed ? params->parsed : *opened_out;
	return status;
}

static nescsim_status job_open(void *state, const void *params, const source_context *context, const diag_place *place,
			       nescsim_diag *diag)
{
	job_state *self = state;
	const fio_job_file *file = context->shared;
	nescsim_status status = NESCSIM_OK;
	const fio_job *jobs;
	size_t num_jobs;

	if (!file)
		status = find_jobs(params, place, diag, &self->opened, &file);
	if (status != NESCSIM_OK)
		return status;
	jobs = fio_job_jobs(file, &num_jobs);
	return fio_source_open(jobs, num_jobs, context, diag, &self->source);
}

/* Sources share the file, so that it is parsed once. */
static nescsim_status job_prepare(const void *params, const source_context *context, const diag_place *place,
				  nescsim_diag *diag, void **shared_out)
{
	fio_job_file *opened;
	const fio_job_file *file;
	nescsim_status status = find_jobs(params, place, diag, &opened, &file);

	if (status == NESCSIM_OK) {
		size_t num_jobs;
		const fio_job *jobs = fio_job_jobs(file, &num_jobs);

		status = fio_validate(jobs, num_jobs, context, diag);
	}
	if (status == NESCSIM_OK)
		*shared_out = opened;
	else
		fio_job_close(opened);
	return status;
}

static void job_unshare(void *shared)
{
	fio_job_close(shared);
}

static void job_next(void *state, ps_t now_ps, source_step *step_out)
{
	fio_source_next(((job_state *)state)->source, now_ps, step_out);
}

static void job_completed(void *state, uint64_t request_number, ps_t now_ps)
{
	fio_source_completed(((job_state *)state)->source, request_number, now_ps);
}

static uint64_t job_expected(const void *state)
{
	return fio_source_expected_requests(((const job_state *)state)->source);
}

static void job_close(void *state)
{
	job_state *self = state;

	fio_source_close(self->source);
	fio_job_close(self->opened);
}

static source_files job_files(const void *params)
{
	return (source_files){ .path = &((const fio_job_params *)params)->file };
}

const source_kind kind_fio_job = {
	.state_bytes = sizeof(job_state),
	.has_app_layer = true,
	.open = job_open,
	.next = job_next,
	.completed = job_completed,
	.expected_requests = job_expected,
	.close = job_close,
	.prepare = job_prepare,
	.unshare = job_unshare,
	.files = job_files,
};
