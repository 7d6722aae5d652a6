#include "workload/trace.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "workload/reader.h"

/* One completion that no later request has been compared with yet. */
typedef struct completion {
	ps_t time_ps;
	uint64_t ordinal;
} completion;

/* A binary heap, earliest on top; of equal times the lower ordinal. Its depth is that of the trace. */
typedef struct completion_heap {
	completion *items;
	size_t num, capacity;
} completion_heap;

struct trace {
	const trace_reader *reader;
	const char *format;
	input *in;
	void *state;
	bool any_device; /* requests of all devices */
	bool filters;    /* only those of `device`, as the user asked */
	bool has_device;
	uint32_t device;
	completion_heap completions;
	ps_t last_queued_ps;
	uint64_t num_records;
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

static bool completion_before(completion a, completion b)
{
	return a.time_ps != b.time_ps ? a.time_ps < b.time_ps : a.ordinal < b.ordinal;
}

static bool heap_push(completion_heap *heap, completion item)
{
	size_t i = heap->num;

	if (i == heap->capacity) {
		size_t capacity = i ? 2 * i : 64;
		completion *items = realloc(heap->items, capacity * sizeof(*items));

		if (!items)
			return false;
		heap->items = items;
		heap->capacity = capacity;
	}
	heap->num++;
	while (i > 0 && completion_before(item, heap->items[(i - 1) / 2])) {
		heap->items[i] = heap->items[(i - 1) / 2];
		i = (i - 1) / 2;
	}
	heap->items[i] = item;
	return true;
}

static completion heap_pop(completion_heap *heap)
{
	completion top = heap->items[0], last = heap->items[--heap->num];
	size_t i = 0;

	for (;;) {
		size_t child = 2 * i + 1;

		if (child >= heap->num)
			break;
		if (child + 1 < heap->num && completion_before(heap->items[child + 1], heap->items[child]))
			child++;
		if (!completion_before(heap->items[child], last))
			break;
		heap->items[i] = heap->items[child];
		i = child;
	}
	heap->items[i] = last;
	return top;
}

void trace_device_format(uint32_t device, bool is_number, char *text, size_t text_bytes)
{
	if (is_number)
		snprintf(text, text_bytes, "%u", device);
	else
		snprintf(text, text_bytes, "%u,%u", device >> 20, device & 0xfffffu);
}

bool trace_device_parse(const char *text, uint32_t *device_out, bool *is_number_out)
{
	unsigned long major, minor;
	char *end;

	if (*text < '0' || *text > '9')
		return false;
	major = strtoul(text, &end, 10);
	*is_number_out = *end == '\0';
	if (*is_number_out && major <= UINT32_MAX) {
		*device_out = (uint32_t)major;
		return true;
	}
	if (*end != ',' || end[1] < '0' || end[1] > '9' || major > 4095)
		return false;
	minor = strtoul(end + 1, &end, 10);
	if (*end || minor >= 1ul << 20)
		return false;
	*device_out = (uint32_t)(major << 20 | minor);
	return true;
}

static const char *known_formats(char *text, size_t text_bytes)
{
	size_t used = (size_t)snprintf(text, text_bytes, "known formats:");

	for (size_t i = 0; i < trace_num_formats && used < text_bytes; i++)
		used += (size_t)snprintf(text + used, text_bytes - used, "%s %s", i ? "," : "", trace_formats[i].name);
	return text;
}

static nescsim_status choose_reader(trace *self, const char *format, const diag_place *place, nescsim_diag *diag)
{
	char hint[256];
	const uint8_t *head;
	size_t num_bytes;

	if (format && *format && strcmp(format, "auto") != 0) {
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
	num_bytes = input_head(self->in, &head);
	for (size_t i = 0; i < trace_num_formats; i++) {
		if (readers[i]->probe(head, num_bytes)) {
			self->reader = readers[i];
			self->format = trace_formats[i].name;
			return NESCSIM_OK;
		}
	}
	input_report(self->in, NULL, known_formats(hint, sizeof(hint)), "the file is no trace of a known format");
	return NESCSIM_TRACE;
}

static nescsim_status choose_device(trace *self, const char *text, const diag_place *place, nescsim_diag *diag)
{
	const bool numbered = self->reader->numbered_devices;
	bool is_number;

	self->filters = self->has_device = true;
	self->any_device = false;
	if (trace_device_parse(text, &self->device, &is_number) && is_number == numbered)
		return NESCSIM_OK;
	return diag_add(diag, NESCSIM_ERROR, NESCSIM_TRACE, place, numbered ? "such as '5'" : "such as '8,16'",
			"the device '%s' is not given as %s, as format %s has it", text,
			numbered ? "a number" : "major,minor", self->format);
}

nescsim_status trace_open(const char *file_name, const char *shown_name, const trace_options *options,
			  const diag_place *place, nescsim_diag *diag, trace **trace_out)
{
	static const trace_options defaults;
	nescsim_status status;
	trace *self;

	*trace_out = NULL;
	if (!options)
		options = &defaults;
	self = calloc(1, sizeof(*self));
	if (!self)
		return NESCSIM_NO_MEMORY;
	self->any_device = options->any_device;
	status = input_open(file_name, shown_name, place, diag, &self->in);
	if (status == NESCSIM_OK)
		status = choose_reader(self, options->format, place, diag);
	if (status == NESCSIM_OK && options->device && *options->device)
		status = choose_device(self, options->device, place, diag);
	if (status == NESCSIM_OK) {
		self->state = calloc(1, self->reader->state_bytes);
		status = self->state ? self->reader->init(self->state, self->in) : NESCSIM_NO_MEMORY;
	}
	if (status != NESCSIM_OK) {
		trace_close(self);
		return status;
	}
	*trace_out = self;
	return NESCSIM_OK;
}

void trace_close(trace *self)
{
	if (!self)
		return;
	if (self->state)
		self->reader->fini(self->state);
	free(self->state);
	input_close(self->in);
	free(self->completions.items);
	free(self);
}

bool trace_report(trace *self, const trace_record *record, const char *hint, const char *format, ...)
{
	char message[768];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(message, sizeof(message), format, arguments);
	va_end(arguments);
	return input_report(self->in, record ? &record->position : NULL, hint, "%s", message);
}

/* What the record follows. The completions of earlier requests are compared in order of time, each once: those up to
 * this record's queueing that an earlier record has not taken lie between the predecessor's queueing and this one's. */
static bool find_anchor(trace *self, trace_record *record)
{
	record->ordinal = self->num_records++;
	record->after = record->ordinal ? TRACE_AFTER_SUBMISSION : TRACE_AFTER_START;
	record->anchor = record->ordinal ? record->ordinal - 1 : 0;
	record->gap_ps = record->queued_ps - self->last_queued_ps;
	while (self->completions.num && self->completions.items[0].time_ps <= record->queued_ps) {
		completion done = heap_pop(&self->completions);

		record->after = TRACE_AFTER_COMPLETION;
		record->anchor = done.ordinal;
		record->gap_ps = record->queued_ps - done.time_ps;
	}
	self->last_queued_ps = record->queued_ps;
	if (record->completed_ps == TRACE_NO_TIME)
		return true;
	return heap_push(&self->completions, (completion){ record->completed_ps, record->ordinal });
}

void trace_report_empty(trace *self)
{
	char device[24], message[96] = "the trace holds no request";

	if (self->filters) {
		trace_device_format(self->device, self->reader->numbered_devices, device, sizeof(device));
		snprintf(message, sizeof(message), "the trace holds no request of device %s", device);
	}
	input_report(self->in, NULL, self->reader->empty_hint, "%s", message);
}

/* Leaves out other devices where one was asked for; without a choice a second device is a mistake. */
static trace_result check_device(trace *self, const trace_record *record)
{
	char first[24], second[24], hint[64];

	if (self->any_device || (self->has_device && record->device == self->device))
		return TRACE_RECORD;
	if (self->filters)
		return TRACE_END;
	if (!self->has_device) {
		self->has_device = true;
		self->device = record->device;
		return TRACE_RECORD;
	}
	trace_device_format(self->device, self->reader->numbered_devices, first, sizeof(first));
	trace_device_format(record->device, self->reader->numbered_devices, second, sizeof(second));
	snprintf(hint, sizeof(hint), "choose one with device: '%s'", first);
	trace_report(self, record, hint, "the trace holds requests of several devices: %s and %s", first, second);
	return TRACE_BROKEN;
}

trace_result trace_next(trace *self, trace_record *record_out)
{
	for (;;) {
		trace_result result = self->reader->next(self->state, record_out);

		if (result != TRACE_RECORD)
			return result;
		result = check_device(self, record_out);
		if (result == TRACE_BROKEN)
			return result;
		if (result == TRACE_END)
			continue;
		if (!find_anchor(self, record_out)) {
			input_report(self->in, NULL, NULL, "out of memory");
			return TRACE_BROKEN;
		}
		return TRACE_RECORD;
	}
}

const char *trace_format(const trace *self)
{
	return self->format;
}

bool trace_records_completions(const trace *self)
{
	return self->reader->records_completions;
}

static void count_record(trace_summary *summary, const trace_record *record, uint64_t depth)
{
	size_t i;

	summary->num_requests++;
	summary->num_by_op[record->op]++;
	summary->bytes_by_op[record->op] += record->num_sectors * IO_SECTOR_BYTES;
	if (record->completed_ps == TRACE_NO_TIME)
		summary->num_without_completion++;
	if (record->first_sector + record->num_sectors > summary->end_sector)
		summary->end_sector = record->first_sector + record->num_sectors;
	if (depth > summary->max_depth)
		summary->max_depth = depth;
	summary->span_ps = ps_max(summary->span_ps, ps_max(record->queued_ps, record->completed_ps));
	for (i = 0; i < summary->num_devices && i < TRACE_MAX_DEVICES; i++)
		if (summary->devices[i] == record->device)
			return;
	if (i < TRACE_MAX_DEVICES)
		summary->devices[i] = record->device;
	summary->num_devices = i < TRACE_MAX_DEVICES ? i + 1 : TRACE_MAX_DEVICES;
}

nescsim_status trace_summarize(const char *file_name, const char *shown_name, const trace_options *options,
			       const diag_place *place, nescsim_diag *diag, trace_summary *summary_out)
{
	nescsim_status status;
	trace_record record;
	trace *self;

	memset(summary_out, 0, sizeof(*summary_out));
	status = trace_open(file_name, shown_name, options, place, diag, &self);
	if (status != NESCSIM_OK)
		return status;
	summary_out->format = self->format;
	for (;;) {
		trace_result result = trace_next(self, &record);

		if (result == TRACE_END)
			break;
		if (result != TRACE_RECORD)
			status = NESCSIM_TRACE;
		if (result == TRACE_BROKEN)
			break;
		if (result == TRACE_RECORD)
			count_record(summary_out, &record, self->completions.num);
	}
	if (status == NESCSIM_OK && summary_out->num_requests == 0) {
		trace_report_empty(self);
		status = NESCSIM_TRACE;
	}
	trace_close(self);
	return status;
}
