/* nescsim trace info: one pass over a trace, and what it shows. */
#include "nescsim/trace.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "metrics/decimal.h"
#include "metrics/table.h"
#include "nesc/content.h"
#include "run/scheme.h"
#include "run/trace_part.h"
#include "workload/trace.h"

#define PAGE_BYTES 4096
#define SECTORS_PER_PAGE (PAGE_BYTES / IO_SECTOR_BYTES)
#define CHUNK_PAGES UINT64_C(32768) /* a bitmap of 4 KiB */
#define MAX_ROWS 32                 /* devices with a row of their own; the others share one */
#define NUM_SIZES 13                /* up to 512 B, 1 KiB, ... 1 MiB, and beyond */
#define NUM_GAPS 9                  /* below 1 us, 10 us, ... 10 s, and from there on */

typedef struct device_counts {
	uint64_t num_by_op[IO_NUM_OPS], bytes_by_op[IO_NUM_OPS];
	uint64_t end_sector;     /* behind the highest one touched */
	uint64_t next_sector;    /* behind the last read or write */
	uint64_t num_sequential; /* reads and writes that begin there */
} device_counts;

typedef struct touched {
	page_map chunks; /* of bitmaps, by (device, chunk) */
	uint64_t num_pages;
} touched;

typedef struct trace_facts {
	device_counts all, *devices; /* by the trace's numbers */
	uint32_t num_devices, max_devices;
	uint64_t num_by_size[NUM_SIZES][2]; /* reads, writes */
	uint64_t num_by_gap[NUM_GAPS];
	touched touched;
	uint64_t max_depth, num_completed, num_without_completion;
	metrics_u128 latency_ps;
	ps_t last_queued_ps, span_ps;
	bool out_of_memory;
	/* completions to come, a heap: how many requests are under way */
	ps_t *completions;
	size_t num_completions, max_completions;
} trace_facts;

/* ---- the pass --------------------------------------------------------------------------------------------------- */

static void touch(trace_facts *self, const trace_record *record)
{
	const uint64_t first = record->first_sector / SECTORS_PER_PAGE;
	const uint64_t limit = (record->first_sector + record->num_sectors + SECTORS_PER_PAGE - 1) / SECTORS_PER_PAGE;

	for (uint64_t page = first; page < limit; page++) {
		const uint64_t number = (uint64_t)record->device << 32 ^ page / CHUNK_PAGES;
		uint64_t *bits = page_map_find(&self->touched.chunks, number);
		const uint64_t mask = UINT64_C(1) << (page & 63);
		uint64_t *word;

		if (bits == NULL) {
			bits = calloc(CHUNK_PAGES / 64, sizeof(*bits));
			if (bits == NULL || !page_map_add(&self->touched.chunks, number, bits)) {
				free(bits);
				self->out_of_memory = true;
				return;
			}
		}
		word = &bits[page % CHUNK_PAGES / 64];
		self->touched.num_pages += (*word & mask) == 0;
		*word |= mask;
	}
}

static void heap_down(trace_facts *self, size_t at)
{
	ps_t *heap = self->completions;
	const ps_t value = heap[at];

	for (;;) {
		size_t child = 2 * at + 1;

		if (child >= self->num_completions)
			break;
		if (child + 1 < self->num_completions && heap[child + 1] < heap[child])
			child++;
		if (heap[child] >= value)
			break;
		heap[at] = heap[child];
		at = child;
	}
	heap[at] = value;
}

static void heap_add(trace_facts *self, ps_t value)
{
	size_t at = self->num_completions;

	if (at == self->max_completions) {
		const size_t max = at == 0 ? 64 : 2 * at;
		ps_t *grown = realloc(self->completions, max * sizeof(*grown));

		if (grown == NULL) {
			self->out_of_memory = true;
			return;
		}
		self->completions = grown;
		self->max_completions = max;
	}
	self->num_completions++;
	for (; at != 0 && self->completions[(at - 1) / 2] > value; at = (at - 1) / 2)
		self->completions[at] = self->completions[(at - 1) / 2];
	self->completions[at] = value;
}

/* Depth: requests queued and not complete. */
static void follow_depth(trace_facts *self, const trace_record *record)
{
	if (record->completed_ps == TRACE_NO_TIME) {
		self->num_without_completion++;
		return;
	}
	self->num_completed++;
	self->latency_ps += (metrics_u128)(record->completed_ps - record->issued_ps);
	while (self->num_completions != 0 && self->completions[0] <= record->queued_ps) {
		self->completions[0] = self->completions[--self->num_completions];
		heap_down(self, 0);
	}
	heap_add(self, record->completed_ps);
	if (self->num_completions > self->max_depth)
		self->max_depth = self->num_completions;
}

static void count(device_counts *of, const trace_record *record)
{
	const uint64_t end = record->first_sector + record->num_sectors;

	of->num_by_op[record->op]++;
	of->bytes_by_op[record->op] += record->num_sectors * IO_SECTOR_BYTES;
	if (end > of->end_sector)
		of->end_sector = end;
	if (record->op != IO_READ && record->op != IO_WRITE)
		return;
	of->num_sequential += of->next_sector == record->first_sector && of->next_sector != 0;
	of->next_sector = end;
}

static device_counts *device_of(trace_facts *self, uint32_t device)
{
	while (device >= self->max_devices) {
		const uint32_t max = self->max_devices == 0 ? 16 : 2 * self->max_devices;
		device_counts *grown = realloc(self->devices, max * sizeof(*grown));

		if (grown == NULL)
			return NULL;
		self->devices = grown;
		self->max_devices = max;
	}
	while (self->num_devices <= device)
		self->devices[self->num_devices++] = (device_counts){ .end_sector = 0 };
	return &self->devices[device];
}

static void add_counts(device_counts *to, const device_counts *of)
{
	for (int op = 0; op < IO_NUM_OPS; op++) {
		to->num_by_op[op] += of->num_by_op[op];
		to->bytes_by_op[op] += of->bytes_by_op[op];
	}
	to->num_sequential += of->num_sequential;
	if (of->end_sector > to->end_sector)
		to->end_sector = of->end_sector;
}

static uint32_t size_class(uint64_t num_sectors)
{
	uint32_t class = 0;

	while (class < NUM_SIZES - 1 && num_sectors > UINT64_C(1) << class)
		class ++;
	return class;
}

static uint32_t gap_class(ps_t gap_ps)
{
	uint32_t class = 0;

	for (ps_t limit_ps = PS_PER_US; class < NUM_GAPS - 1 && gap_ps >= limit_ps; limit_ps *= 10)
		class ++;
	return class;
}

static void add_record(trace_facts *self, const trace_record *record)
{
	device_counts *of = device_of(self, record->device);

	if (of == NULL) {
		self->out_of_memory = true;
		return;
	}
	count(of, record);
	if (record->op == IO_READ || record->op == IO_WRITE) {
		self->num_by_size[size_class(record->num_sectors)][record->op == IO_WRITE]++;
		touch(self, record);
	}
	if (record->ordinal != 0)
		self->num_by_gap[gap_class(record->queued_ps - self->last_queued_ps)]++;
	self->last_queued_ps = record->queued_ps;
	self->span_ps = ps_max(self->span_ps, ps_max(record->queued_ps, record->completed_ps));
	follow_depth(self, record);
}

/* ---- words ------------------------------------------------------------------------------------------------------ */

static uint64_t num_data(const device_counts *of)
{
	return of->num_by_op[IO_READ] + of->num_by_op[IO_WRITE];
}

static uint64_t num_requests(const device_counts *of)
{
	uint64_t num = 0;

	for (int op = 0; op < IO_NUM_OPS; op++)
		num += of->num_by_op[op];
	return num;
}

static const char *ratio(metrics_i128 numerator, metrics_i128 denominator, unsigned num_decimals, char *text,
			 size_t text_bytes)
{
	if (denominator == 0)
		snprintf(text, text_bytes, "-");
	else
		decimal_ratio(numerator, denominator, num_decimals, text, text_bytes);
	return text;
}

static void cell(table *to, metrics_i128 numerator, metrics_i128 denominator, unsigned num_decimals)
{
	char text[DECIMAL_TEXT_BYTES];

	table_cell(to, "%s", ratio(numerator, denominator, num_decimals, text, sizeof(text)));
}

static void device_row(table *to, const char *name, const device_counts *of)
{
	table_cell(to, "%s", name);
	for (int op = 0; op < IO_NUM_OPS; op++)
		table_cell(to, "%" PRIu64, of->num_by_op[op]);
	cell(to, of->bytes_by_op[IO_READ], 1000000, 1);
	cell(to, of->bytes_by_op[IO_WRITE], 1000000, 1);
	cell(to, (metrics_i128)(of->bytes_by_op[IO_READ] + of->bytes_by_op[IO_WRITE]),
	     (metrics_i128)num_data(of) * 1024, 1);
	cell(to, (metrics_i128)of->num_sequential * 100, (metrics_i128)num_data(of), 1);
	cell(to, (metrics_i128)of->end_sector * IO_SECTOR_BYTES, INT64_C(1) << 20, 1);
	table_end_row(to);
}

static nescsim_status print_table(table *to, FILE *out)
{
	const nescsim_status status = to == NULL ? NESCSIM_NO_MEMORY : table_print(to, out);

	table_destroy(to);
	return status;
}

static nescsim_status print_devices(const trace_facts *self, const trace *of, FILE *out)
{
	static const table_column columns[] = {
		{ "device", TABLE_LEFT },      { "reads", TABLE_RIGHT },    { "writes", TABLE_RIGHT },
		{ "flushes", TABLE_RIGHT },    { "discards", TABLE_RIGHT }, { "MB read", TABLE_RIGHT },
		{ "MB written", TABLE_RIGHT }, { "mean KiB", TABLE_RIGHT }, { "sequential %", TABLE_RIGHT },
		{ "end, MiB", TABLE_RIGHT },
	};
	table *to = table_create(columns, sizeof(columns) / sizeof(columns[0]));
	device_counts others = { .end_sector = 0 };

	for (uint32_t i = 0; to != NULL && i < self->num_devices; i++) {
		if (i < MAX_ROWS)
			device_row(to, trace_device_name(of, i), &self->devices[i]);
		else
			add_counts(&others, &self->devices[i]);
	}
	if (to != NULL && self->num_devices > MAX_ROWS) {
		char name[32];

		snprintf(name, sizeof(name), "%u others", self->num_devices - MAX_ROWS);
		device_row(to, name, &others);
	}
	if (to != NULL && self->num_devices > 1) {
		table_group(to);
		device_row(to, "all", &self->all);
	}
	return print_table(to, out);
}

static nescsim_status print_histograms(const trace_facts *self, FILE *out)
{
	static const table_column columns[] = {
		{ "size up to", TABLE_RIGHT }, { "reads", TABLE_RIGHT },     { "writes", TABLE_RIGHT },
		{ "", TABLE_RIGHT },           { "gap below", TABLE_RIGHT }, { "requests", TABLE_RIGHT },
	};
	static const char *const gaps[NUM_GAPS] = { "1 us",   "10 us", "100 us", "1 ms", "10 ms",
						    "100 ms", "1 s",   "10 s",   "more" };
	table *to = table_create(columns, sizeof(columns) / sizeof(columns[0]));

	for (uint32_t i = 0; to != NULL && i < NUM_SIZES; i++) {
		if (i == 0)
			table_cell(to, "512 B");
		else if (i == NUM_SIZES - 1)
			table_cell(to, "more");
		else
			table_cell(to, "%u KiB", 1U << (i - 1));
		table_cell(to, "%" PRIu64, self->num_by_size[i][0]);
		table_cell(to, "%" PRIu64, self->num_by_size[i][1]);
		if (i < NUM_GAPS) {
			table_cell(to, "%s", "");
			table_cell(to, "%s", gaps[i]);
			table_cell(to, "%" PRIu64, self->num_by_gap[i]);
		}
		table_end_row(to);
	}
	return print_table(to, out);
}

static nescsim_status print_facts(const trace_facts *self, const trace *of, const char *file_name, bool by_content,
				  FILE *out)
{
	char text[DECIMAL_TEXT_BYTES], other[DECIMAL_TEXT_BYTES];
	nescsim_status status;

	fprintf(out, "%s: %s%s", file_name, trace_format(of), by_content ? " by its content" : "");
	if (trace_num_files(of) > 1)
		fprintf(out, ", %zu files", trace_num_files(of));
	fprintf(out, ", %" PRIu64 " requests\n\n", num_requests(&self->all));
	status = print_devices(self, of, out);
	if (status != NESCSIM_OK)
		return status;
	fprintf(out, "\n%s s, %s requests per second; reads and writes touch %s MiB.\n",
		ratio(self->span_ps, PS_PER_S, 3, text, sizeof(text)),
		ratio((metrics_i128)num_requests(&self->all) * PS_PER_S, self->span_ps, 0, other, sizeof(other)),
		ratio((metrics_i128)self->touched.num_pages * PAGE_BYTES, INT64_C(1) << 20, 1, (char[64]){ 0 }, 64));
	if (trace_records_completions(of))
		fprintf(out, "Completions are recorded: mean %s us from issue, at most %" PRIu64 " at a time%s.\n",
			ratio((metrics_i128)self->latency_ps, (metrics_i128)self->num_completed * PS_PER_US, 3, text,
			      sizeof(text)),
			self->max_depth, self->num_without_completion != 0 ? "; some requests have none" : "");
	else
		fputs("Completions are not recorded: it is replayed at recorded times, or as fast as possible.\n", out);
	trace_part_print_skipped(of, out);
	fputc('\n', out);
	status = print_histograms(self, out);
	if (status != NESCSIM_OK)
		return status;
	return fflush(out) != 0 || ferror(out) ? NESCSIM_IO : NESCSIM_OK;
}

/* ---- the call --------------------------------------------------------------------------------------------------- */

static nescsim_status read_all(trace_facts *self, trace *from)
{
	nescsim_status status = NESCSIM_OK;
	trace_record record;

	for (;;) {
		const trace_result result = trace_next(from, &record);

		if (result == TRACE_END)
			break;
		if (result != TRACE_RECORD)
			status = NESCSIM_TRACE;
		if (result == TRACE_BROKEN)
			break;
		if (result == TRACE_RECORD)
			add_record(self, &record);
	}
	for (uint32_t i = 0; i < self->num_devices; i++)
		add_counts(&self->all, &self->devices[i]);
	if (status == NESCSIM_OK && num_requests(&self->all) == 0) {
		trace_report_empty(from);
		status = NESCSIM_TRACE;
	}
	return self->out_of_memory ? NESCSIM_NO_MEMORY : status;
}

nescsim_status nescsim_trace_info(const nescsim_trace_input *part, FILE *out, nescsim_diag *diag)
{
	const bool by_content = part->format == NULL || strcmp(part->format, "auto") == 0;
	trace_options options;
	nescsim_status status = trace_part_options(part, diag, &options);
	trace_facts *facts;
	trace *from;

	if (status != NESCSIM_OK)
		return status;
	facts = calloc(1, sizeof(*facts));
	if (facts == NULL)
		return NESCSIM_NO_MEMORY;
	status = trace_open(part->file_name, part->file_name, &options, NULL, diag, &from);
	if (status == NESCSIM_OK) {
		status = read_all(facts, from);
		if (status == NESCSIM_OK)
			status = print_facts(facts, from, part->file_name, by_content, out);
		trace_close(from);
	}
	page_map_fini(&facts->touched.chunks, free);
	free(facts->completions);
	free(facts->devices);
	free(facts);
	return status;
}
