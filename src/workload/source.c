#include "workload/source.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "workload/filesystem.h"
#include "workload/trace.h"

static const source_kind *const kinds[] = {
#define WORKLOAD(name, help) &kind_##name,
#include "workload/workloads.def"
#undef WORKLOAD
};

static const cfg_variant_row rows[] = {
#define WORKLOAD(name, help) { #name, help, &kind_##name##_section },
#include "workload/workloads.def"
#undef WORKLOAD
};

const cfg_variants workload_variants = {
	.tag = "kind",
	.rows = rows,
	.num_rows = sizeof(rows) / sizeof(rows[0]),
};

struct source {
	const source_kind *kind;
	void *state;
};

const source_kind *kind_of(const cfg_variant *workload)
{
	return kinds[workload->index];
}

nescsim_status kind_report(nescsim_diag *diag, const diag_place *place, const char *key, const char *hint,
			   const char *format, ...)
{
	char path[512];
	diag_place at = place ? *place : (diag_place){ .file = NULL };
	va_list arguments;

	snprintf(path, sizeof(path), "%s%s%s", at.path ? at.path : "", at.path && *at.path ? "." : "", key);
	at.path = path;
	va_start(arguments, format);
	diag_add_va(diag, NESCSIM_ERROR, NESCSIM_CONFIG, &at, hint, format, arguments);
	va_end(arguments);
	return NESCSIM_CONFIG;
}

nescsim_status source_open(const cfg_variant *workload, const source_context *context, const diag_place *place,
			   nescsim_diag *diag, source **source_out)
{
	const bool on_filesystem = filesystem_is_used(context);
	const source_kind *kind = on_filesystem ? &filesystem_kind : kind_of(workload);
	nescsim_status status;
	source *self;

	*source_out = NULL;
	self = calloc(1, sizeof(*self));
	if (!self)
		return NESCSIM_NO_MEMORY;
	self->kind = kind;
	self->state = calloc(1, kind->state_bytes);
	if (!self->state) {
		free(self);
		return NESCSIM_NO_MEMORY;
	}
	status = kind->open(self->state, on_filesystem ? workload : workload->params, context, place, diag);
	if (status != NESCSIM_OK) {
		source_close(self);
		return status;
	}
	*source_out = self;
	return NESCSIM_OK;
}

void source_next(source *self, ps_t now_ps, source_step *step_out)
{
	self->kind->next(self->state, now_ps, step_out);
}

void source_completed(source *self, uint64_t request_number, ps_t now_ps)
{
	self->kind->completed(self->state, request_number, now_ps);
}

bool source_has_app_layer(const source *self)
{
	return self->kind->has_app_layer;
}

bool source_has_operations(const source *self)
{
	return self->kind->has_operations;
}

uint64_t source_expected_requests(const source *self)
{
	return self->kind->expected_requests(self->state);
}

uint64_t source_expected_bytes(const source *self)
{
	return self->kind->expected_bytes == NULL ? 0 : self->kind->expected_bytes(self->state);
}

void source_close(source *self)
{
	if (!self)
		return;
	self->kind->close(self->state);
	free(self->state);
	free(self);
}

struct source_shared {
	const source_kind *kind;
	void *data;
};

nescsim_status source_prepare(const cfg_variant *workload, const source_context *context, const diag_place *place,
			      nescsim_diag *diag, source_shared **shared_out)
{
	const bool on_filesystem = filesystem_is_used(context);
	const source_kind *kind = on_filesystem ? &filesystem_kind : kind_of(workload);
	const void *params = on_filesystem ? workload : workload->params;
	source_shared *self = calloc(1, sizeof(*self));
	nescsim_status status = NESCSIM_NO_MEMORY;

	*shared_out = NULL;
	if (!self)
		return status;
	self->kind = kind;
	if (kind->prepare)
		status = kind->prepare(params, context, place, diag, &self->data);
	else
		status = kind->validate(params, context, place, diag);
	if (status == NESCSIM_OK)
		*shared_out = self;
	else
		free(self);
	return status;
}

void source_unshare(source_shared *self)
{
	if (self && self->data)
		self->kind->unshare(self->data);
	free(self);
}

const void *source_shared_data(const source_shared *self)
{
	return self ? self->data : NULL;
}

const char *source_notes(const source_shared *self)
{
	return self && self->data && self->kind->notes ? self->kind->notes(self->data) : "";
}

nescsim_status source_validate(const cfg_variant *workload, const source_context *context, const diag_place *place,
			       nescsim_diag *diag)
{
	source_shared *shared;
	nescsim_status status = source_prepare(workload, context, place, diag, &shared);

	source_unshare(shared);
	return status;
}

nescsim_status source_count_tenants(const cfg_variant *workload, const diag_place *place, nescsim_diag *diag,
				    uint32_t *num_out)
{
	const source_kind *kind = kind_of(workload);

	if (!kind->count_tenants)
		return kind_report(diag, place, "kind", "give count",
				   "count: 0 means one VM for each device of a trace, and this is none");
	return kind->count_tenants(workload->params, place, diag, num_out);
}

bool source_reads_files(const cfg_variant *workload, source_files *files_out)
{
	const source_kind *kind = kind_of(workload);

	if (kind->files)
		*files_out = kind->files(workload->params);
	return kind->files;
}

nescsim_status source_visit_files(const source_files *files, io_file_visitor *visit, void *context)
{
	if (files->trace_format)
		return trace_visit_files(files->path->resolved, files->trace_format, visit, context);
	visit(context, files->path->resolved);
	return NESCSIM_OK;
}
