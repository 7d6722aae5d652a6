#include "workload/convert.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "workload/output.h"
#include "workload/writer.h"

typedef struct conversion {
	const convert_target *target;
	const trace_writer *writer;
	nescsim_diag *diag;
	convert_result *result;
	uint32_t num_made; /* names tried */
} conversion;

/* ---- formats ----------------------------------------------------------------------------------------------------- */

const char *convert_format_of(const char *file_name)
{
	const char *slash = strrchr(file_name, '/');
	const char *at = slash ? slash + 1 : file_name;
	const char *found = NULL;

	/* Any other name says more than "csv", which may stand for commas alone. */
	while ((at = strchr(at, '.')) != NULL) {
		const size_t num_bytes = strcspn(++at, ".");

		for (size_t i = 0; i < trace_num_formats; i++)
			if (strlen(trace_formats[i].name) == num_bytes &&
			    strncmp(at, trace_formats[i].name, num_bytes) == 0 && (!found || strcmp(found, "csv") == 0))
				found = trace_formats[i].name;
	}
	return found;
}

static const char *list_formats(char *text, size_t text_bytes)
{
	size_t used = (size_t)snprintf(text, text_bytes, "one of");

	for (size_t i = 0; i < trace_num_formats && used < text_bytes; i++)
		if (trace_writer_of(trace_formats[i].name))
			used += (size_t)snprintf(text + used, text_bytes - used, " %s", trace_formats[i].name);
	return text;
}

static nescsim_status choose_writer(conversion *self)
{
	const char *format = self->target->format;
	char hint[256];

	if (!format)
		format = convert_format_of(self->target->file_name);
	if (!format)
		return diag_add(self->diag, NESCSIM_ERROR, NESCSIM_USAGE, NULL, list_formats(hint, sizeof(hint)),
				"the name '%s' does not say which format it shall have", self->target->file_name);
	self->writer = trace_writer_of(format);
	if (!self->writer)
		return diag_add(self->diag, NESCSIM_ERROR, NESCSIM_USAGE, NULL, list_formats(hint, sizeof(hint)),
				"there is no format '%s' that can be written", format);
	for (size_t i = 0; i < trace_num_formats; i++)
		if (strcmp(trace_formats[i].name, format) == 0)
			self->result->format = trace_formats[i].name;
	return NESCSIM_OK;
}

/* What is read back is this file; later it would be more. */
static nescsim_status check_name(const conversion *self)
{
	if (!trace_joins_others(self->target->file_name))
		return NESCSIM_OK;
	return diag_add(self->diag, NESCSIM_ERROR, NESCSIM_USAGE, NULL,
			"such as NAME.blktrace.0, where no other file is NAME's",
			"'%s' would be read as one of several files of a recording", self->target->file_name);
}

/* ---- devices ----------------------------------------------------------------------------------------------------- */

static bool is_number(const char *name)
{
	const size_t num_digits = strspn(name, "0123456789");

	return num_digits && !name[num_digits] && (*name != '0' || num_digits == 1) && num_digits <= 10 &&
	       strtoull(name, NULL, 10) <= UINT32_MAX;
}

/* What the format calls a device, new or not; NULL when out of memory. */
static const char *rename_device(conversion *self, const char *name)
{
	names *old_names = &self->result->old_names, *new_names = &self->result->new_names;
	char made[TRACE_DEVICE_BYTES];
	uint32_t number, known;
	bool fits;

	if (names_find(old_names, name, strlen(name), &number))
		return new_names->texts[number];
	fits = self->writer->name_fits ? self->writer->name_fits(name) : is_number(name);
	snprintf(made, sizeof(made), "%s", name);
	while (!fits || names_find(new_names, made, strlen(made), &known)) {
		if (self->writer->make_name)
			self->writer->make_name(self->num_made, made, sizeof(made));
		else
			snprintf(made, sizeof(made), "%u", self->num_made);
		self->num_made++;
		fits = true;
	}
	if (!names_add(old_names, name, strlen(name), &number) || !names_add(new_names, made, strlen(made), &known))
		return NULL;
	return new_names->texts[number];
}

/* ---- writing ----------------------------------------------------------------------------------------------------- */

/* Has the format a notation for it? Counts where it has none. */
static bool fits(const conversion *self, const trace_record *record, convert_result *counts)
{
	if (!(self->writer->ops & 1u << record->op))
		counts->num_left_out[record->op]++;
	else if (self->writer->max_sectors && record->num_sectors > self->writer->max_sectors)
		counts->num_too_large++;
	else if (self->writer->needs_completions && record->completed_ps == TRACE_NO_TIME)
		counts->num_incomplete++;
	else
		return true;
	return false;
}

static nescsim_status write_all(conversion *self, convert_stream *from, void *state, output *out)
{
	const trace_writer *writer = self->writer;
	nescsim_status status = NESCSIM_OK;
	trace_record record;
	trace_result got;
	bool is_empty = true;

	if (writer->begin)
		writer->begin(state, out);
	while ((got = from->next(from->self, &record)) != TRACE_END) {
		const char *device;

		if (got == TRACE_BROKEN)
			return NESCSIM_TRACE;
		if (got == TRACE_BAD)
			status = NESCSIM_TRACE;
		is_empty = false;
		if (status != NESCSIM_OK || !fits(self, &record, self->result))
			continue;
		device = rename_device(self, from->device_name(from->self, record.device));
		if (!device)
			return NESCSIM_NO_MEMORY;
		if (writer->is_one_device && self->result->new_names.num > 1)
			return diag_add(self->diag, NESCSIM_ERROR, NESCSIM_TRACE, NULL,
					"--device NAME takes one of them",
					"a file of format %s is one device's, and there are several: %s and %s",
					self->result->format, self->result->old_names.texts[0],
					self->result->old_names.texts[1]);
		if (!writer->put(state, out, &record, device))
			return NESCSIM_NO_MEMORY;
		self->result->num_written++;
	}
	if (is_empty) {
		from->report_empty(from->self);
		return NESCSIM_TRACE;
	}
	if (status == NESCSIM_OK && writer->end)
		writer->end(state, out);
	return status;
}

static nescsim_status write_file(conversion *self, convert_open_fn open, void *context, output *out)
{
	convert_stream from;
	void *state = NULL;
	nescsim_status status = open(context, self->diag, &from);

	if (status != NESCSIM_OK)
		return status;
	if (self->writer->state_bytes)
		state = calloc(1, self->writer->state_bytes);
	if (self->writer->state_bytes && !state)
		status = NESCSIM_NO_MEMORY;
	else
		status = write_all(self, &from, state, out);
	if (state && self->writer->fini)
		self->writer->fini(state);
	free(state);
	from.close(from.self);
	return status;
}

/* A trace of which the format can hold nothing is a mistake, not an empty file. */
static nescsim_status check_written(const conversion *self)
{
	const convert_result *result = self->result;
	const char *what = "the trace holds flushes or discards only, for which the format has no notation";
	const char *hint = NULL;

	if (result->num_written)
		return NESCSIM_OK;
	if (result->num_incomplete) {
		what = "the format needs to know when requests completed, and the trace does not show it";
		hint = "convert it to another format";
	} else if (result->num_too_large) {
		what = "every request is larger than the format can say";
	}
	return diag_add(self->diag, NESCSIM_ERROR, NESCSIM_TRACE, NULL, hint, "nothing to write to '%s': %s",
			self->target->file_name, what);
}

/* ---- reading back ------------------------------------------------------------------------------------------------ */

static void compare_times(convert_times *self, ps_t before_ps, ps_t after_ps)
{
	const ps_t difference_ps = before_ps > after_ps ? before_ps - after_ps : after_ps - before_ps;

	self->num += difference_ps != 0;
	self->most_ps = ps_max(self->most_ps, difference_ps);
}

/* Returns false if it is not even the same request. */
static bool compare(conversion *self, const trace_record *before, const trace_record *after, const char *device)
{
	convert_result *result = self->result;

	if (before->op != after->op || before->first_sector != after->first_sector ||
	    before->num_sectors != after->num_sectors)
		return false;
	compare_times(&result->queueing, before->queued_ps - result->lead_ps, after->queued_ps);
	result->shows_issue |= after->issued_ps != after->queued_ps;
	compare_times(&result->issue, before->issued_ps - before->queued_ps, after->issued_ps - after->queued_ps);
	if (before->completed_ps != TRACE_NO_TIME) {
		if (after->completed_ps == TRACE_NO_TIME)
			result->num_lost_completions++;
		else
			compare_times(&result->completion, before->completed_ps - result->lead_ps, after->completed_ps);
	}
	result->num_lost_flags += before->flags != after->flags;
	result->num_other_devices += device != NULL;
	return true;
}

static nescsim_status differs(const conversion *self, uint64_t number)
{
	return diag_add(self->diag, NESCSIM_ERROR, NESCSIM_TRACE, NULL, "convert it to another format, such as csv",
			"the format %s does not keep the requests apart: read back, request %llu is another one",
			self->result->format, (unsigned long long)number);
}

static nescsim_status read_back(conversion *self, convert_stream *from, trace *back)
{
	convert_result ignored = { .num_written = 0 };
	trace_record before, after;
	uint64_t number = 0;
	trace_result got;

	while ((got = from->next(from->self, &before)) == TRACE_RECORD) {
		const char *name, *device;
		uint32_t known;

		if (!fits(self, &before, &ignored))
			continue;
		if (trace_next(back, &after) != TRACE_RECORD)
			return differs(self, number);
		/* Some formats have no notation for the trace's start. */
		if (number == 0 && after.queued_ps == 0)
			self->result->lead_ps = before.queued_ps;
		name = from->device_name(from->self, before.device);
		names_find(&self->result->old_names, name, strlen(name), &known);
		device = trace_device_name(back, after.device);
		if (self->writer->is_one_device || strcmp(self->result->new_names.texts[known], device) == 0)
			device = NULL;
		if (!compare(self, &before, &after, device))
			return differs(self, number);
		number++;
	}
	if (got != TRACE_END || trace_next(back, &after) != TRACE_END)
		return differs(self, number);
	return NESCSIM_OK;
}

static nescsim_status verify(conversion *self, convert_open_fn open, void *context, const output *out)
{
	const trace_options options = { .format = self->result->format, .any_device = true };
	convert_stream from;
	trace *back;
	nescsim_status status = open(context, self->diag, &from);

	if (status != NESCSIM_OK)
		return status;
	status = trace_open(output_partial(out), self->target->file_name, &options, NULL, self->diag, &back);
	if (status == NESCSIM_OK) {
		status = read_back(self, &from, back);
		trace_close(back);
	}
	from.close(from.self);
	return status;
}

nescsim_status convert(convert_open_fn open, void *context, const convert_target *target, nescsim_diag *diag,
		       convert_result *result_out)
{
	conversion self = { .target = target, .diag = diag, .result = result_out };
	nescsim_status status;
	output *out;

	*result_out = (convert_result){ .num_written = 0 };
	status = choose_writer(&self);
	if (status == NESCSIM_OK)
		status = check_name(&self);
	if (status == NESCSIM_OK)
		status = output_open(target->file_name, target->replaces, diag, &out);
	if (status != NESCSIM_OK)
		return status;
	status = write_file(&self, open, context, out);
	if (status == NESCSIM_OK)
		status = check_written(&self);
	if (status == NESCSIM_OK)
		status = output_finish(out);
	if (status == NESCSIM_OK)
		status = verify(&self, open, context, out);
	if (status == NESCSIM_OK)
		status = output_commit(out);
	output_close(out);
	return status;
}

void convert_result_fini(convert_result *self)
{
	names_fini(&self->old_names);
	names_fini(&self->new_names);
}
