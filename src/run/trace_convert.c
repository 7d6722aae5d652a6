/* nescsim trace convert: a trace in another format, and what was lost on the way. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/units.h"
#include "metrics/decimal.h"
#include "run/trace_part.h"

#define MAX_RENAMED 8 /* devices that are listed */

nescsim_status trace_part_quantity(const char *name, units_kind kind, const char *text, const char *example,
				   nescsim_diag *diag, int64_t *value_out)
{
	if (units_parse(kind, 1, text, value_out) == UNITS_OK && *value_out >= 0)
		return NESCSIM_OK;
	return diag_add(diag, NESCSIM_ERROR, NESCSIM_USAGE, NULL, example, "%s: '%s' is not %s", name, text,
			units_kind_name(kind));
}

nescsim_status trace_part_options(const nescsim_trace_input *part, nescsim_diag *diag, trace_options *options_out)
{
	static const char example[] = "a number and a unit: 10 s, 250 ms, 2 h";
	nescsim_status status = NESCSIM_OK;

	*options_out = (trace_options){ .format = part->format, .device = part->device, .any_device = true };
	if (part->skip != NULL)
		status = trace_part_quantity("skip", UNITS_DURATION, part->skip, example, diag, &options_out->skip_ps);
	if (part->window != NULL && status == NESCSIM_OK)
		status = trace_part_quantity("window", UNITS_DURATION, part->window, example, diag,
					     &options_out->window_ps);
	return status;
}

void trace_part_print_skipped(const trace *of, FILE *out)
{
	for (size_t file = 0; file < trace_num_files(of); file++) {
		const input_skips *skips;

		for (size_t i = 0; (skips = trace_skipped(of, file, i)) != NULL; i++) {
			const char *what = skips->first_event != 0 ? "record" : "line";

			fprintf(out, "Left out: %" PRIu64 " %s%s %s, the first at %s:", skips->num, what,
				skips->num == 1 ? "" : "s", skips->why, trace_file_name(of, file));
			if (skips->first_event != 0)
				fprintf(out, " event %" PRIu64 ".\n", skips->first_event);
			else
				fprintf(out, "%" PRIu64 ".\n", skips->first_line);
		}
	}
}

/* ---- what was lost ----------------------------------------------------------------------------------------------- */

static const char *microseconds(ps_t time_ps, char *text, size_t text_bytes)
{
	decimal_ratio(time_ps, PS_PER_US,
		      time_ps % PS_PER_US == 0   ? 0
		      : time_ps % PS_PER_NS == 0 ? 3
						 : 6,
		      text, text_bytes);
	return text;
}

static bool print_times(const convert_times *times, const char *what, FILE *out)
{
	char text[DECIMAL_TEXT_BYTES];

	if (times->num != 0)
		fprintf(out, "Changed: the times of %s of %" PRIu64 " requests, by at most %s us.\n", what, times->num,
			microseconds(times->most_ps, text, sizeof(text)));
	return times->num != 0;
}

static bool print_renamed(const convert_result *result, FILE *out)
{
	uint32_t num_renamed = 0;

	for (uint32_t i = 0; i < result->old_names.num; i++) {
		if (strcmp(result->old_names.texts[i], result->new_names.texts[i]) == 0)
			continue;
		if (num_renamed < MAX_RENAMED)
			fprintf(out, "%s %s is now %s", num_renamed == 0 ? "Renamed: device" : ",",
				result->old_names.texts[i], result->new_names.texts[i]);
		num_renamed++;
	}
	if (num_renamed > MAX_RENAMED)
		fprintf(out, ", and %u more", num_renamed - MAX_RENAMED);
	if (num_renamed != 0)
		fputs(".\n", out);
	return num_renamed != 0;
}

static bool print_count(const char *before, uint64_t num, const char *behind, FILE *out)
{
	if (num != 0)
		fprintf(out, "%s%" PRIu64 " request%s%s.\n", before, num, num == 1 ? "" : "s", behind);
	return num != 0;
}

static void print_losses(const convert_result *result, FILE *out)
{
	char text[DECIMAL_TEXT_BYTES];
	bool lost = false;

	lost |= print_count("Left out: ", result->num_left_out[IO_READ] + result->num_left_out[IO_WRITE],
			    " to read or write, for which the format has no notation", out);
	lost |= print_count("Left out: ", result->num_left_out[IO_FLUSH],
			    " to flush, for which the format has no notation", out);
	lost |= print_count("Left out: ", result->num_left_out[IO_DISCARD],
			    " to discard, for which the format has no notation", out);
	lost |= print_count("Left out: ", result->num_too_large, " larger than the format can say", out);
	lost |= print_count("Left out: ", result->num_incomplete,
			    " not seen to complete, which the format needs to know", out);
	if (result->lead_ps != 0)
		fprintf(out, "Lost: the %s us before the first request.\n",
			microseconds(result->lead_ps, text, sizeof(text)));
	lost |= result->lead_ps != 0;
	lost |= print_times(&result->queueing, "queueing", out);
	if (result->shows_issue)
		lost |= print_times(&result->issue, "issue", out);
	else
		lost |= print_count("Lost: the times of issue of ", result->issue.num, "", out);
	lost |= print_times(&result->completion, "completion", out);
	lost |= print_count("Lost: the completions of ", result->num_lost_completions, "", out);
	lost |= print_count("Lost: the flags (preflush, FUA, failed) of ", result->num_lost_flags, "", out);
	lost |= print_count("Changed: the devices of ", result->num_other_devices, "", out);
	lost |= print_renamed(result, out);
	if (!lost)
		fputs("Nothing is lost: read back, every request is the same.\n", out);
}

nescsim_status trace_part_write(convert_open_fn open, void *context, const nescsim_trace_output *target, FILE *out,
				nescsim_diag *diag)
{
	const convert_target to = { target->file_name, target->format, target->replaces };
	convert_result result;
	nescsim_status status = convert(open, context, &to, diag, &result);

	if (status == NESCSIM_OK) {
		fprintf(out, "%s: %s, %" PRIu64 " request%s of %u device%s\n", target->file_name, result.format,
			result.num_written, result.num_written == 1 ? "" : "s", result.old_names.num,
			result.old_names.num == 1 ? "" : "s");
		print_losses(&result, out);
		if (fflush(out) != 0 || ferror(out))
			status = NESCSIM_IO;
	}
	convert_result_fini(&result);
	return status;
}

/* ---- a trace as a stream ----------------------------------------------------------------------------------------- */

typedef struct conversion_input {
	const nescsim_trace_input *part;
	const char *target_name;
	trace_options options;
	trace *opened;
	FILE *notes; /* for what is left out of the input */
	bool is_noted;
} conversion_input;

static trace_result stream_next(void *self, trace_record *record_out)
{
	return trace_next(((conversion_input *)self)->opened, record_out);
}

static const char *stream_device_name(void *self, uint32_t device)
{
	return trace_device_name(((conversion_input *)self)->opened, device);
}

static void stream_report_empty(void *self)
{
	trace_report_empty(((conversion_input *)self)->opened);
}

static void stream_close(void *self_in)
{
	conversion_input *self = self_in;

	/* It is read twice. */
	if (!self->is_noted)
		trace_part_print_skipped(self->opened, self->notes);
	self->is_noted = true;
	trace_close(self->opened);
}

/* It would be gone, with all that the new format cannot say. */
static nescsim_status refuse_itself(const conversion_input *self, nescsim_diag *diag)
{
	struct stat target, file;

	if (stat(self->target_name, &target) != 0)
		return NESCSIM_OK;
	for (size_t i = 0; i < trace_num_files(self->opened); i++)
		if (stat(trace_file_name(self->opened, i), &file) == 0 && file.st_dev == target.st_dev &&
		    file.st_ino == target.st_ino)
			return diag_add(diag, NESCSIM_ERROR, NESCSIM_USAGE, NULL, "give another name",
					"'%s' is the trace itself", self->target_name);
	return NESCSIM_OK;
}

static nescsim_status stream_open(void *context, nescsim_diag *diag, convert_stream *stream_out)
{
	conversion_input *self = context;
	nescsim_status status =
		trace_open(self->part->file_name, self->part->file_name, &self->options, NULL, diag, &self->opened);

	*stream_out = (convert_stream){ self, stream_next, stream_device_name, stream_report_empty, stream_close };
	if (status != NESCSIM_OK)
		return status;
	status = refuse_itself(self, diag);
	if (status != NESCSIM_OK)
		trace_close(self->opened);
	return status;
}

nescsim_status nescsim_trace_convert(const nescsim_trace_input *part, const nescsim_trace_output *target, FILE *out,
				     nescsim_diag *diag)
{
	conversion_input from = { .part = part, .target_name = target->file_name };
	char *notes = NULL;
	size_t num_bytes;
	nescsim_status status = trace_part_options(part, diag, &from.options);

	if (status != NESCSIM_OK)
		return status;
	from.notes = open_memstream(&notes, &num_bytes);
	if (from.notes == NULL)
		return NESCSIM_NO_MEMORY;
	status = trace_part_write(stream_open, &from, target, out, diag);
	fclose(from.notes);
	if (status == NESCSIM_OK && (fputs(notes, out) < 0 || fflush(out) != 0))
		status = NESCSIM_IO;
	free(notes);
	return status;
}
