#include "workload/trace.h"

#include <glob.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "workload/foreign.h"
#include "workload/names.h"
#include "workload/order.h"
#include "workload/reader.h"
#include "workload/recording.h"

/* One of the trace's files, or the files of one recording. */
typedef struct trace_file {
	const trace_reader *reader;
	const char *format;
	uint32_t first_input; /* of the trace's; the others follow it */
	void *state;
	trace_record next; /* the file's next request, with its own times and devices */
	bool has_next, at_end;
	ps_t shift_ps; /* from the file's times to the trace's */
	/* The trace's devices by the file's: open addressing, a power of two. */
	struct device_slot {
		uint32_t device, index_plus_1; /* 0 = free */
	} * slots;
	uint32_t num_slots, num_used;
} trace_file;

struct trace {
	trace_file *files;
	size_t num_files;
	input **inputs; /* all that are read */
	uint32_t num_inputs;
	bool in_order; /* shifts are known: every file that is not at its end has its next request */
	trace_options options;
	bool any_device, filters;
	uint32_t device; /* the only one that is wanted, if the trace has shown it (has_device) */
	bool has_device;
	names devices;
	order order;
};

static const trace_reader *const readers[] = {
#define READER(name, help) &reader_##name,
#include "workload/readers.def"
#undef READER
};

const trace_format_row trace_formats[] = {
#define READER(name, help) { #name, help },
#include "workload/readers.def"
#undef READER
};

const size_t trace_num_formats = sizeof(trace_formats) / sizeof(trace_formats[0]);

const trace_writer *trace_writer_of(const char *format)
{
	for (size_t i = 0; i < trace_num_formats; i++)
		if (strcmp(format, trace_formats[i].name) == 0)
			return readers[i]->writer;
	return NULL;
}

bool trace_joins_others(const char *file_name)
{
	bool joins = false;
	recording of;

	for (size_t i = 0; i < trace_num_formats && !joins; i++)
		if (readers[i]->part_infix && recording_parse(file_name, readers[i]->part_infix, &of))
			joins = of.cpu != 0 ||
				(recording_find(file_name, readers[i]->part_infix, &of) && of.num_cpus > 1);
	return joins;
}

static const char *known_formats(char *text, size_t text_bytes)
{
	size_t used = (size_t)snprintf(text, text_bytes, "known formats:");

	for (size_t i = 0; i < trace_num_formats && used < text_bytes; i++)
		used += (size_t)snprintf(text + used, text_bytes - used, "%s %s", i ? "," : "", trace_formats[i].name);
	return text;
}

static void report_unknown(input *in, const uint8_t *head, size_t num_bytes)
{
	const foreign_file *foreign = foreign_find(head, num_bytes);
	char formats[256], hint[512], first_line[80];

	foreign_first_line(head, num_bytes, first_line, sizeof(first_line));
	known_formats(formats, sizeof(formats));
	if (foreign != NULL)
		input_report(in, NULL, foreign->hint, "the file is no trace, but %s", foreign->what);
	else if (*first_line == '\0')
		input_report(in, NULL, formats, "the file is no trace of a known format");
	else {
		snprintf(hint, sizeof(hint), "%s; with one of them named as its format, what does not fit is shown",
			 formats);
		input_report(in, NULL, hint, "the file is no trace of a known format: it begins with '%s'", first_line);
	}
}

static bool is_auto(const char *format)
{
	return !format || !*format || strcmp(format, "auto") == 0;
}

static nescsim_status choose_reader(trace_file *self, input *in, const char *format, const diag_place *place,
				    nescsim_diag *diag)
{
	char hint[256];
	const uint8_t *head;
	size_t num_bytes;

	if (!is_auto(format)) {
		for (size_t i = 0; i < trace_num_formats; i++) {
			if (strcmp(format, trace_formats[i].name) == 0) {
				self->reader = readers[i];
				self->format = trace_formats[i].name;
				return NESCSIM_OK;
			}
		}
		return diag_add(diag, NESCSIM_ERROR, NESCSIM_TRACE, place, known_formats(hint, sizeof(hint)),
				"unknown trace format '%s'", format);
	}
	num_bytes = input_head(in, &head);
	for (size_t i = 0; i < trace_num_formats; i++) {
		if (readers[i]->probe(head, num_bytes)) {
			self->reader = readers[i];
			self->format = trace_formats[i].name;
			return NESCSIM_OK;
		}
	}
	report_unknown(in, head, num_bytes);
	return NESCSIM_TRACE;
}

/* The format whose recordings are named so, or NULL. A format that was named by the user is the only one. */
static const trace_reader *find_recording(const trace *self, const char *name,
					  bool (*find)(const char *name, const char *infix, recording *recording_out),
					  recording *recording_out)
{
	const char *format = self->options.format;

	for (size_t i = 0; i < trace_num_formats; i++)
		if (readers[i]->part_infix && (is_auto(format) || strcmp(format, trace_formats[i].name) == 0) &&
		    find(name, readers[i]->part_infix, recording_out))
			return readers[i];
	return NULL;
}

/* One more file to be read; NULL in *in_out if it is empty and may be. */
static nescsim_status add_input(trace *self, const char *file_name, const char *shown_name, bool may_be_empty,
				const diag_place *place, nescsim_diag *diag, input **in_out)
{
	input **inputs = realloc(self->inputs, (self->num_inputs + 1) * sizeof(*inputs));
	nescsim_status status;

	*in_out = NULL;
	if (!inputs)
		return NESCSIM_NO_MEMORY;
	self->inputs = inputs;
	if (self->num_inputs == TRACE_MAX_FILES)
		return diag_add(diag, NESCSIM_ERROR, NESCSIM_TRACE, place, "join some, or match fewer",
				"the trace has more than %d files", TRACE_MAX_FILES);
	status = input_open(file_name, shown_name, may_be_empty ? &input_part_words : &input_trace_words, place, diag,
			    in_out);
	if (*in_out)
		inputs[self->num_inputs++] = *in_out;
	return status;
}

static nescsim_status start_reader(trace_file *file, input *in, const char *format, const diag_place *place,
				   nescsim_diag *diag)
{
	const nescsim_status status = choose_reader(file, in, format, place, diag);

	if (status != NESCSIM_OK)
		return status;
	file->state = calloc(1, file->reader->state_bytes);
	return file->state ? file->reader->init(file->state, in) : NESCSIM_NO_MEMORY;
}

/* Is there a file of every CPU, and not too many of them? */
static nescsim_status check_recording(const recording *of, const diag_place *place, nescsim_diag *diag)
{
	char name[PATH_MAX], first[PATH_MAX];
	uint32_t num_missing = 0;

	for (uint32_t cpu = 0; cpu < of->num_cpus; cpu++)
		if (!recording_part(of, cpu, num_missing ? name : first, PATH_MAX))
			num_missing++;
	if (num_missing)
		return diag_add(diag, NESCSIM_ERROR, NESCSIM_TRACE, &(diag_place){ .file = first },
				"copy all from where they were recorded; an empty file stands for a CPU that was off",
				"the recording has files of up to %u CPUs, but %u are missing, this one first",
				of->num_cpus, num_missing);
	if (of->num_cpus > TRACE_MAX_FILES)
		return diag_add(diag, NESCSIM_ERROR, NESCSIM_TRACE, place, "join them by blkparse -i NAME -d FILE",
				"the recording has %u files, %d are read at once", of->num_cpus, TRACE_MAX_FILES);
	return NESCSIM_OK;
}

/* The files of all CPUs, of which some may be empty. *opened_out is false if all are. */
static nescsim_status open_recording(trace *self, trace_file *file, const trace_reader *reader, const recording *of,
				     const diag_place *place, nescsim_diag *diag, bool *opened_out)
{
	nescsim_status first = check_recording(of, place, diag);
	const uint32_t num_cpus = first == NESCSIM_OK ? of->num_cpus : 0;
	char name[PATH_MAX];

	*opened_out = false;
	for (uint32_t cpu = 0; cpu < num_cpus && first != NESCSIM_NO_MEMORY; cpu++) {
		nescsim_status status;
		input *in;

		recording_part(of, cpu, name, sizeof(name));
		status = add_input(self, name, name, true, place, diag, &in);
		if (status == NESCSIM_OK && in && !file->reader)
			status = start_reader(file, in, self->options.format, place, diag);
		else if (status == NESCSIM_OK && in)
			status = file->reader->add_part(file->state, in);
		first = first == NESCSIM_OK ? status : first;
		*opened_out |= file->reader != NULL;
		/* Of another format than its name says: none of the others is read with it. */
		if (status == NESCSIM_OK && file->reader && file->reader != reader) {
			if (num_cpus > 1) {
				input_report(in, NULL, "name its format, or rename it",
					     "it is called as one of the %u files of a recording, but is of format %s",
					     num_cpus, file->format);
				status = NESCSIM_TRACE;
			}
			return status;
		}
	}
	return first;
}

/* A file, or all files of the recording that it belongs to. */
static nescsim_status open_file(trace *self, trace_file *file, const char *file_name, const char *shown_name,
				const diag_place *place, nescsim_diag *diag)
{
	nescsim_status status;
	char first[PATH_MAX];
	bool opened = false;
	recording of;
	const trace_reader *reader = find_recording(self, file_name, recording_find, &of);
	input *in;

	file->first_input = self->num_inputs;
	if (reader) {
		status = open_recording(self, file, reader, &of, place, diag, &opened);
		if (opened || status != NESCSIM_OK)
			return status;
		/* To say that it is empty */
		recording_part(&of, 0, first, sizeof(first));
		file_name = shown_name = first;
	}
	status = add_input(self, file_name, shown_name, false, place, diag, &in);
	return status == NESCSIM_OK ? start_reader(file, in, self->options.format, place, diag) : status;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The files that a pattern names, in the order of their bytes whatever the locale. Without one: none. */
static nescsim_status list_files(const char *pattern, const diag_place *place, nescsim_diag *diag, glob_t *found)
{
	struct stat information;

	*found = (glob_t){ .gl_pathc = 0 };
	if (!strpbrk(pattern, "*?[") || stat(pattern, &information) == 0)
		return NESCSIM_OK;
	switch (glob(pattern, GLOB_NOSORT | GLOB_ERR, NULL, found)) {
	case 0:
		break;
	case GLOB_NOSPACE:
		return NESCSIM_NO_MEMORY;
	default:
		return diag_add(diag, NESCSIM_ERROR, NESCSIM_IO, place, "such as 'traces/*.csv.gz'",
				"the pattern '%s' matches no file", pattern);
	}
	if (found->gl_pathc > TRACE_MAX_FILES)
		return diag_add(diag, NESCSIM_ERROR, NESCSIM_TRACE, place, "join some, or match fewer",
				"the pattern '%s' matches %zu files, %d are read at once", pattern,
				(size_t)found->gl_pathc, TRACE_MAX_FILES);
	qsort(found->gl_pathv, found->gl_pathc, sizeof(*found->gl_pathv), compare_names);
	return NESCSIM_OK;
}

/* Of the files that a pattern names, those of one recording count once; the others are moved to the end. Returns how
 * many are left. */
static size_t join_recordings(const trace *self, const glob_t *found)
{
	char **paths = found->gl_pathv;
	size_t num = 0;

	for (size_t i = 0; i < found->gl_pathc; i++) {
		char *const name = paths[i];
		recording this, other;
		bool is_new = true;

		if (find_recording(self, name, recording_parse, &this))
			for (size_t j = 0; j < num && is_new; j++)
				is_new = !find_recording(self, paths[j], recording_parse, &other) ||
					 !recording_is_same(&this, &other);
		if (is_new) {
			paths[i] = paths[num];
			paths[num++] = name;
		}
	}
	return num;
}

nescsim_status trace_open(const char *file_name, const char *shown_name, const trace_options *options,
			  const diag_place *place, nescsim_diag *diag, trace **trace_out)
{
	trace *self = calloc(1, sizeof(*self));
	nescsim_status status, first = NESCSIM_OK;
	glob_t found;

	*trace_out = NULL;
	if (!self)
		return NESCSIM_NO_MEMORY;
	if (options)
		self->options = *options;
	self->filters = self->options.device && *self->options.device;
	self->any_device = self->options.any_device && !self->filters;
	first = list_files(file_name, place, diag, &found);
	if (first == NESCSIM_OK) {
		self->num_files = found.gl_pathc ? join_recordings(self, &found) : 1;
		self->files = calloc(self->num_files, sizeof(*self->files));
		if (!self->files)
			first = NESCSIM_NO_MEMORY;
	}
	/* All that are broken are reported. */
	for (size_t i = 0; self->files && i < self->num_files && first != NESCSIM_NO_MEMORY; i++) {
		const char *name = found.gl_pathc ? found.gl_pathv[i] : file_name;

		status = open_file(self, &self->files[i], name, found.gl_pathc ? name : shown_name, place, diag);
		if (first == NESCSIM_OK)
			first = status;
	}
	globfree(&found);
	if (first != NESCSIM_OK) {
		trace_close(self);
		return first;
	}
	*trace_out = self;
	return NESCSIM_OK;
}

nescsim_status trace_visit_files(const char *file_name, const char *format, io_file_visitor *visit, void *context)
{
	const trace wanted = { .options = { .format = format } };
	glob_t found;
	nescsim_status status = list_files(file_name, NULL, NULL, &found);
	const size_t num_files = status != NESCSIM_OK ? 0 : found.gl_pathc ? join_recordings(&wanted, &found) : 1;

	for (size_t i = 0; i < num_files; i++) {
		const char *name = found.gl_pathc ? found.gl_pathv[i] : file_name;
		char part[PATH_MAX];
		recording of;

		if (!find_recording(&wanted, name, recording_find, &of)) {
			visit(context, name);
			continue;
		}
		for (uint32_t cpu = 0; cpu < of.num_cpus; cpu++) {
			recording_part(&of, cpu, part, sizeof(part));
			visit(context, part);
		}
	}
	globfree(&found);
	return status;
}

void trace_close(trace *self)
{
	if (!self)
		return;
	for (size_t i = 0; self->files && i < self->num_files; i++) {
		trace_file *file = &self->files[i];

		if (file->state)
			file->reader->fini(file->state);
		free(file->state);
		free(file->slots);
	}
	for (uint32_t i = 0; i < self->num_inputs; i++)
		input_close(self->inputs[i]);
	free(self->inputs);
	names_fini(&self->devices);
	free(self->files);
	order_fini(&self->order);
	free(self);
}

bool trace_report(trace *self, const trace_record *record, const char *hint, const char *format, ...)
{
	char message[768];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(message, sizeof(message), format, arguments);
	va_end(arguments);
	return input_report(self->inputs[record ? record->file : 0], record ? &record->position : NULL, hint, "%s",
			    message);
}

static bool add_device_list(const trace *self, char *text, size_t text_bytes)
{
	size_t used = (size_t)snprintf(text, text_bytes, "it has");

	for (uint32_t i = 0; i < self->devices.num && i < 8; i++) {
		used += (size_t)snprintf(text + used, text_bytes - used, "%s %s", i ? "," : "", self->devices.texts[i]);
		if (used >= text_bytes)
			return false;
	}
	if (self->devices.num > 8)
		snprintf(text + used, text_bytes - used, " and %u more", self->devices.num - 8);
	return self->devices.num;
}

void trace_report_empty(trace *self)
{
	const char *hint = self->files[0].reader->empty_hint;
	char devices[2560];

	if (self->filters) {
		if (add_device_list(self, devices, sizeof(devices)))
			hint = devices;
		trace_report(self, NULL, hint, "the trace holds no request of device '%s'", self->options.device);
	} else if (self->options.skip_ps || self->options.window_ps) {
		trace_report(self, NULL, "lower skip, or raise window", "the trace holds no request in this window");
	} else {
		trace_report(self, NULL, hint, "the trace holds no request");
	}
}

/* ---- devices: the files' numbers become the trace's -------------------------------------------------------------- */

static struct device_slot *find_slot(const trace_file *file, uint32_t device)
{
	const uint32_t mask = file->num_slots - 1;
	uint32_t at = device * UINT32_C(2654435761) & mask;

	while (file->slots[at].index_plus_1 && file->slots[at].device != device)
		at = (at + 1) & mask;
	return &file->slots[at];
}

static bool grow_slots(trace_file *file)
{
	const trace_file old = *file;
	const uint32_t num_slots = old.num_slots ? 2 * old.num_slots : 16;

	file->slots = calloc(num_slots, sizeof(*file->slots));
	if (!file->slots) {
		file->slots = old.slots;
		return false;
	}
	file->num_slots = num_slots;
	for (uint32_t i = 0; i < old.num_slots; i++)
		if (old.slots[i].index_plus_1)
			*find_slot(file, old.slots[i].device) = old.slots[i];
	free(old.slots);
	return true;
}

/* Replaces the number of the record's device in its file by the trace's. */
static bool number_device(trace *self, trace_file *file, trace_record *record)
{
	struct device_slot *slot;
	char name[TRACE_DEVICE_BYTES];
	uint32_t index;

	if (2 * file->num_used >= file->num_slots && !grow_slots(file))
		return false;
	slot = find_slot(file, record->device);
	if (!slot->index_plus_1) {
		if (file->reader->device_name)
			file->reader->device_name(file->state, record->device, name, sizeof(name));
		else
			snprintf(name, sizeof(name), "%u", record->device);
		if (!names_add(&self->devices, name, strlen(name), &index))
			return false;
		*slot = (struct device_slot){ record->device, index + 1 };
		file->num_used++;
		if (self->filters && strcmp(name, self->options.device) == 0) {
			self->has_device = true;
			self->device = index;
		}
	}
	record->device = slot->index_plus_1 - 1;
	return true;
}

/* Leaves out other devices where one was asked for; without a choice a second device is a mistake. */
static trace_result check_device(trace *self, const trace_record *record)
{
	char hint[TRACE_DEVICE_BYTES + 128];

	if (self->any_device || (self->has_device && record->device == self->device))
		return TRACE_RECORD;
	if (self->filters)
		return TRACE_END;
	if (!self->has_device) {
		self->has_device = true;
		self->device = record->device;
		return TRACE_RECORD;
	}
	snprintf(hint, sizeof(hint), "choose one with device: '%s', or give each a VM with count: 0 and map: by_device",
		 self->devices.texts[self->device]);
	trace_report(self, record, hint, "the trace holds requests of several devices: %s and %s",
		     self->devices.texts[self->device], self->devices.texts[record->device]);
	return TRACE_BROKEN;
}

/* ---- the files' requests in one order ---------------------------------------------------------------------------- */

static trace_result read_next(trace *self, size_t index)
{
	trace_file *file = &self->files[index];
	trace_result result = file->reader->next(file->state, &file->next);

	file->next.file += file->first_input;
	file->has_next = result == TRACE_RECORD;
	file->at_end |= result == TRACE_END;
	return result;
}

/* The trace begins when the earliest of its files does. */
static trace_result find_shifts(trace *self)
{
	trace_instant first = ~(trace_instant)0;

	for (size_t i = 0; i < self->num_files; i++) {
		const trace_file *file = &self->files[i];

		if (file->has_next && file->reader->origin(file->state) < first)
			first = file->reader->origin(file->state);
	}
	for (size_t i = 0; i < self->num_files; i++) {
		trace_file *file = &self->files[i];
		trace_instant later;

		if (!file->has_next)
			continue;
		later = file->reader->origin(file->state) - first;
		if (later > (trace_instant)PS_MAX) {
			trace_report(self, &file->next, "match files of one recording",
				     "the file begins more than 106 days after the earliest one");
			return TRACE_BROKEN;
		}
		file->shift_ps = (ps_t)later;
	}
	self->in_order = true;
	return TRACE_RECORD;
}

/* To the trace's times; false: they do not fit, which is reported. */
static bool shift_times(trace *self, trace_file *file)
{
	trace_record *record = &file->next;
	const ps_t shift_ps = file->shift_ps;
	const ps_t last_ps = ps_max(record->queued_ps, ps_max(record->issued_ps, record->completed_ps));

	if (last_ps > PS_MAX - shift_ps) {
		trace_report(self, record, "cut the trace",
			     "the request is, or ends, more than 106 days after the first");
		return false;
	}
	record->queued_ps += shift_ps;
	record->issued_ps += shift_ps;
	if (record->completed_ps != TRACE_NO_TIME)
		record->completed_ps += shift_ps;
	return true;
}

/* The next request of all files together, in the order of time and then of the files. */
static trace_result next_merged(trace *self, trace_record *record_out, trace_file **from_out)
{
	trace_file *from = NULL;

	for (size_t i = 0; i < self->num_files; i++) {
		trace_file *file = &self->files[i];

		if (!file->has_next && !file->at_end) {
			trace_result result = read_next(self, i);

			if (result != TRACE_RECORD && result != TRACE_END)
				return result;
			if (result == TRACE_RECORD && self->in_order && !shift_times(self, file))
				return TRACE_BROKEN;
		}
	}
	if (!self->in_order) {
		trace_result result = find_shifts(self);

		if (result != TRACE_RECORD)
			return result;
		for (size_t i = 0; i < self->num_files; i++)
			if (self->files[i].has_next && !shift_times(self, &self->files[i]))
				return TRACE_BROKEN;
	}
	for (size_t i = 0; i < self->num_files; i++)
		if (self->files[i].has_next && (!from || self->files[i].next.queued_ps < from->next.queued_ps))
			from = &self->files[i];
	if (!from)
		return TRACE_END;
	*record_out = from->next;
	*from_out = from;
	from->has_next = false;
	return TRACE_RECORD;
}

/* Is the request in the window? Its times then count from there. TRACE_END: neither it nor a later one. */
static bool is_in_window(const trace *self, trace_record *record, bool *ended_out)
{
	const ps_t skip_ps = self->options.skip_ps, window_ps = self->options.window_ps;

	*ended_out = false;
	if (record->queued_ps < skip_ps)
		return false;
	if (window_ps && record->queued_ps - skip_ps >= window_ps) {
		*ended_out = true;
		return false;
	}
	record->queued_ps -= skip_ps;
	record->issued_ps -= skip_ps;
	if (record->completed_ps != TRACE_NO_TIME)
		record->completed_ps -= skip_ps;
	return true;
}

trace_result trace_next(trace *self, trace_record *record_out)
{
	for (;;) {
		trace_file *from = &self->files[0];
		trace_result result;
		bool ended;

		if (self->num_files == 1)
			result = from->reader->next(from->state, record_out);
		else
			result = next_merged(self, record_out, &from);
		if (result != TRACE_RECORD)
			return result;
		if (!is_in_window(self, record_out, &ended)) {
			if (ended)
				return TRACE_END;
			continue;
		}
		if (!number_device(self, from, record_out)) {
			trace_report(self, NULL, NULL, "out of memory");
			return TRACE_BROKEN;
		}
		result = check_device(self, record_out);
		if (result == TRACE_BROKEN)
			return result;
		if (result == TRACE_END)
			continue;
		if (!order_add(&self->order, record_out)) {
			trace_report(self, NULL, NULL, "out of memory");
			return TRACE_BROKEN;
		}
		return TRACE_RECORD;
	}
}

const char *trace_format(const trace *self)
{
	return self->files[0].format;
}

bool trace_records_completions(const trace *self)
{
	for (size_t i = 0; i < self->num_files; i++)
		if (self->files[i].reader->records_completions)
			return true;
	return false;
}

size_t trace_num_files(const trace *self)
{
	return self->num_inputs;
}

const char *trace_file_name(const trace *self, size_t file)
{
	return input_name(self->inputs[file]);
}

uint32_t trace_num_devices(const trace *self)
{
	return self->devices.num;
}

const char *trace_device_name(const trace *self, uint32_t device)
{
	return self->devices.texts[device];
}

const input_skips *trace_skipped(const trace *self, size_t file, size_t index)
{
	return input_skipped(self->inputs[file], index);
}
