#include <stdlib.h>

#include "metrics/folder.h"
#include "report/parts.h"

#define MAX_VM_ROWS 1000

typedef struct run_data {
	report_job *job;
	const report_source *source;
	json_t *json, *schemes;
	report_origin origin;
	plot_table summary, stages;
	report_measures measures;
	size_t scheme, layer, vm, op, bytes, mean, failed; /* columns of summary.csv */
} run_data;

/* ---- input ------------------------------------------------------------------------------------------------------ */

static const char *scheme_text(json_t *scheme, const char *key)
{
	return json_string_value(json_object_get(scheme, key));
}

static const char *bottleneck_text(json_t *scheme)
{
	return json_string_value(json_object_get(json_object_get(scheme, "bottleneck"), "text"));
}

static nescsim_status check_json(run_data *self)
{
	const char *path = report_path(self->job, self->source->folder, folder_file_names[FOLDER_RESULT]);
	nescsim_status status = report_find_origin(self->job, self->source, self->json, &self->origin);
	size_t index;
	json_t *scheme;

	if (path == NULL || status != NESCSIM_OK)
		return path == NULL ? NESCSIM_NO_MEMORY : status;
	self->schemes = json_object_get(self->json, "schemes");
	if (!json_is_array(self->schemes) || json_array_size(self->schemes) == 0)
		return report_lacks(self->job, path, "'schemes'");
	json_array_foreach(self->schemes, index, scheme)
	{
		if (scheme_text(scheme, "name") == NULL || scheme_text(scheme, "layer") == NULL ||
		    bottleneck_text(scheme) == NULL)
			return report_lacks(self->job, path, "'schemes (name, layer, bottleneck)'");
	}
	return NESCSIM_OK;
}

static nescsim_status find_columns(run_data *self)
{
	const struct {
		const char *name;
		size_t *column;
	} columns[] = { { "scheme", &self->scheme }, { "layer", &self->layer }, { "vm", &self->vm },
			{ "op", &self->op },         { "bytes", &self->bytes }, { "latency_mean_us", &self->mean },
			{ "failed", &self->failed } };
	nescsim_status status = report_find_measures(self->job, &self->summary, &self->measures);

	for (size_t i = 0; status == NESCSIM_OK && i < sizeof(columns) / sizeof(columns[0]); i++) {
		*columns[i].column = report_column(self->job, &self->summary, columns[i].name);
		if (*columns[i].column == PLOT_NO_COLUMN)
			status = NESCSIM_CONFIG;
	}
	return status;
}

static nescsim_status read_run(run_data *self)
{
	const char *file = folder_file_names[FOLDER_RESULT];
	nescsim_status status = report_read_json(self->job, self->source, file, &self->json), table;

	if (status == NESCSIM_OK)
		status = check_json(self);
	table = report_read_table(self->job, self->source, "summary.csv", &self->summary);
	if (table == NESCSIM_OK)
		table = find_columns(self);
	status = status != NESCSIM_OK ? status : table;
	table = report_read_table(self->job, self->source, "stages.csv", &self->stages);
	return status != NESCSIM_OK ? status : table;
}

/* ---- headline --------------------------------------------------------------------------------------------------- */

/* The row of this scheme, its outermost layer, VM and operation; PLOT_NO_COLUMN when there is none. */
static size_t find_row(const run_data *self, json_t *scheme, const char *vm, const char *op)
{
	for (size_t row = 0; row < self->summary.num_rows; row++)
		if (report_is(&self->summary, row, self->scheme, scheme_text(scheme, "name")) &&
		    report_is(&self->summary, row, self->layer, scheme_text(scheme, "layer")) &&
		    report_is(&self->summary, row, self->vm, vm) && report_is(&self->summary, row, self->op, op))
			return row;
	return PLOT_NO_COLUMN;
}

/* How much shorter the mean latency is than the reference's, for operations that move data. */
static void add_speed_up(const run_data *self, size_t row)
{
	const char *vm = plot_cell(&self->summary, row, self->vm), *op = plot_cell(&self->summary, row, self->op);
	const size_t reference = find_row(self, json_array_get(self->schemes, 0), vm, op);
	metrics_i128 mean = 0, reference_mean = 0;

	if (reference != PLOT_NO_COLUMN && !report_is(&self->summary, row, self->bytes, "0") &&
	    (!decimal_millionths(plot_cell(&self->summary, reference, self->mean), &reference_mean) ||
	     !decimal_millionths(plot_cell(&self->summary, row, self->mean), &mean)))
		mean = 0;
	report_ratio(self->job, reference_mean, mean, 2, "×");
}

/* The operation's rows, the schemes one below the other. */
static void add_rows(const run_data *self, const char *vm, const char *op, const char *label, bool shows_vm)
{
	size_t index;
	json_t *scheme;

	json_array_foreach(self->schemes, index, scheme)
	{
		const size_t row = find_row(self, scheme, vm, op);

		if (row == PLOT_NO_COLUMN)
			continue;
		html_add(&self->job->page, "<tr><th scope=\"row\">%s</th>", scheme_text(scheme, "name"));
		report_cell(self->job, shows_vm ? vm : label);
		report_measure_cells(self->job, &self->summary, &self->measures, row);
		add_speed_up(self, row);
		html_add(&self->job->page, "</tr>\n");
	}
}

/* The operations with rows of their own, in the order of the first one's. */
static size_t find_ops(const run_data *self, const char **ops, size_t max_ops)
{
	size_t num_ops = 0;

	for (size_t row = 0; row < self->summary.num_rows; row++) {
		const char *op = plot_cell(&self->summary, row, self->op);
		size_t i = 0;

		while (i < num_ops && strcmp(ops[i], op) != 0)
			i++;
		if (i == num_ops && num_ops < max_ops && strcmp(op, "all") != 0)
			ops[num_ops++] = op;
	}
	return num_ops;
}

static void begin_headline(const run_data *self, const char *caption, const char *second)
{
	char help[96];

	report_begin_table(self->job, "sortable", caption);
	report_head(self->job, "scheme", NULL);
	report_head(self->job, second, NULL);
	report_measure_heads(self->job);
	snprintf(help, sizeof(help), "mean latency of %.32s, divided by the scheme's",
		 scheme_text(json_array_get(self->schemes, 0), "name"));
	report_number_head(self->job, "number", "speed-up", help);
	report_begin_rows(self->job);
}

static void add_by_vm(const run_data *self)
{
	const char *first = scheme_text(json_array_get(self->schemes, 0), "name");
	size_t num_vms = 0;

	for (size_t row = 0; row < self->summary.num_rows; row++) {
		const char *vm = plot_cell(&self->summary, row, self->vm);

		if (report_is(&self->summary, row, self->op, "all") && strcmp(vm, "all") != 0 &&
		    report_is(&self->summary, row, self->scheme, first) &&
		    report_is(&self->summary, row, self->layer, scheme_text(json_array_get(self->schemes, 0), "layer")))
			num_vms++;
	}
	if (num_vms < 2)
		return;
	begin_headline(self, "Each VM (reads and writes)", "VM");
	for (size_t vm = 1; vm <= num_vms && vm * json_array_size(self->schemes) <= MAX_VM_ROWS; vm++) {
		char number[24];

		snprintf(number, sizeof(number), "%zu", vm);
		add_rows(self, number, "all", "", true);
	}
	report_end_table(self->job);
	if (num_vms * json_array_size(self->schemes) > MAX_VM_ROWS)
		html_add(&self->job->page,
			 "<p class=\"note\">Not all of the %zu VMs are shown; summary.csv has a row for each.</p>\n",
			 num_vms);
}

static void add_headline(const run_data *self)
{
	const char *ops[16];
	const size_t num_ops = find_ops(self, ops, sizeof(ops) / sizeof(ops[0]));
	const bool is_app = strcmp(scheme_text(json_array_get(self->schemes, 0), "layer"), "app") == 0;
	html_page *page = &self->job->page;

	report_heading(self->job, "results", "Results");
	begin_headline(self, "Latencies, rates and core time of each scheme", "operation");
	add_rows(self, "all", "all", num_ops == 1 ? ops[0] : "all", false);
	for (size_t i = 0; i < num_ops && num_ops > 1; i++)
		add_rows(self, "all", ops[i], ops[i], false);
	report_end_table(self->job);
	html_add(page,
		 "<p class=\"remark\">Latencies are measured %s. %sHost CPU is core time outside guest mode, per "
		 "request "
		 "of any operation; on the bare host that includes the application's own work.",
		 is_app ? "as the application sees them, system call included" : "at the (guest's) block layer",
		 num_ops > 1 ? "Operation \"all\" is reads and writes. " : "");
	if (json_array_size(self->schemes) > 1)
		html_add(page, " The speed-up is the mean latency of %s, divided by the scheme's.",
			 scheme_text(json_array_get(self->schemes, 0), "name"));
	html_add(page, "</p>\n");
	add_by_vm(self);
}

/* ---- the other parts -------------------------------------------------------------------------------------------- */

static void add_bottlenecks(const run_data *self)
{
	size_t index;
	json_t *scheme;

	report_heading(self->job, "bottlenecks", "What limits");
	html_add(&self->job->page, "<dl>\n");
	json_array_foreach(self->schemes, index, scheme)
	{
		html_add(&self->job->page, "<dt>%s</dt><dd>%s.</dd>\n", scheme_text(scheme, "name"),
			 bottleneck_text(scheme));
	}
	html_add(&self->job->page, "</dl>\n");
}

/* Columns of stages.csv. */
typedef struct stage_columns {
	size_t scheme, layer, vm, op, stage, service, wait, share;
} stage_columns;

static nescsim_status find_stage_columns(const run_data *self, stage_columns *at)
{
	const struct {
		const char *name;
		size_t *column;
	} columns[] = { { "scheme", &at->scheme },
			{ "layer", &at->layer },
			{ "vm", &at->vm },
			{ "op", &at->op },
			{ "stage", &at->stage },
			{ "service_mean_us", &at->service },
			{ "wait_mean_us", &at->wait },
			{ "share_percent", &at->share } };
	nescsim_status status = NESCSIM_OK;

	for (size_t i = 0; i < sizeof(columns) / sizeof(columns[0]); i++) {
		*columns[i].column = report_column(self->job, &self->stages, columns[i].name);
		if (*columns[i].column == PLOT_NO_COLUMN)
			status = NESCSIM_CONFIG;
	}
	return status;
}

/* Mean time in the stage, in millionths of a microsecond; -1 when the scheme does not have it. */
static metrics_i128 stage_time(const run_data *self, const stage_columns *at, json_t *scheme, const char *name)
{
	const plot_table *table = &self->stages;

	for (size_t row = 0; row < table->num_rows; row++) {
		metrics_i128 service, wait;

		if (report_is(table, row, at->scheme, scheme_text(scheme, "name")) &&
		    report_is(table, row, at->layer, scheme_text(scheme, "layer")) &&
		    report_is(table, row, at->vm, "all") && report_is(table, row, at->op, "all") &&
		    report_is(table, row, at->stage, name) &&
		    decimal_millionths(plot_cell(table, row, at->service), &service) &&
		    decimal_millionths(plot_cell(table, row, at->wait), &wait))
			return service + wait;
	}
	return -1;
}

static void add_stage_row(const run_data *self, const stage_columns *at, const char *name, const char *help,
			  metrics_i128 *sums)
{
	bool is_new = true;
	size_t index;
	json_t *scheme;

	json_array_foreach(self->schemes, index, scheme)
	{
		const metrics_i128 time = stage_time(self, at, scheme, name);

		sums[index] += time > 0 ? time : 0;
		/* A stage that no scheme has leaves no row. */
		for (size_t i = 0; is_new && i < json_array_size(self->schemes); i++) {
			if (stage_time(self, at, json_array_get(self->schemes, i), name) <= 0)
				continue;
			html_add(&self->job->page, "<tr><th scope=\"row\" title=\"%s\">%s</th>", help, name);
			is_new = false;
		}
		if (is_new)
			return;
		report_ratio(self->job, time, time >= 0 ? 1000000 : 0, 3, "");
	}
	html_add(&self->job->page, "</tr>\n");
}

static nescsim_status add_stages(const run_data *self)
{
	metrics_i128 *sums = calloc(json_array_size(self->schemes), sizeof(*sums));
	stage_columns at;
	size_t index;
	json_t *scheme;
	nescsim_status status = find_stage_columns(self, &at);

	if (sums == NULL || status != NESCSIM_OK) {
		free(sums);
		return status != NESCSIM_OK ? status : NESCSIM_NO_MEMORY;
	}
	report_heading(self->job, "stages", "Where the time of a request goes");
	report_begin_table(self->job, "sortable", "Mean time in each stage, µs (reads and writes)");
	report_head(self->job, "stage", NULL);
	json_array_foreach(self->schemes, index, scheme)
	{
		report_number_head(self->job, "number", scheme_text(scheme, "name"), NULL);
	}
	report_begin_rows(self->job);
	for (int i = 0; i < NUM_STAGES; i++)
		add_stage_row(self, &at, stage_name((stage)i), stage_help((stage)i), sums);
	html_add(&self->job->page, "</tbody>\n<tfoot><tr><th scope=\"row\">latency</th>");
	json_array_foreach(self->schemes, index, scheme)
	{
		report_ratio(self->job, sums[index], 1000000, 3, "");
	}
	html_add(&self->job->page, "</tr></tfoot>\n</table>\n</div>\n");
	free(sums);
	return NESCSIM_OK;
}

static void add_failed(const run_data *self)
{
	size_t index;
	json_t *scheme;

	json_array_foreach(self->schemes, index, scheme)
	{
		metrics_i128 num_failed = 0, in_row;

		for (size_t row = 0; row < self->summary.num_rows; row++)
			if (report_is(&self->summary, row, self->scheme, scheme_text(scheme, "name")) &&
			    report_is(&self->summary, row, self->layer, scheme_text(scheme, "layer")) &&
			    report_is(&self->summary, row, self->vm, "all") &&
			    !report_is(&self->summary, row, self->op, "all") &&
			    decimal_millionths(plot_cell(&self->summary, row, self->failed), &in_row))
				num_failed += in_row / 1000000;
		if (num_failed != 0)
			html_add(&self->job->page,
				 "<p class=\"note\">%s: %zu requests failed and are in no other number; units.csv says "
				 "why.</p>\n",
				 scheme_text(scheme, "name"), (size_t)num_failed);
	}
}

static void add_notes(const run_data *self)
{
	json_t *notes = json_object_get(self->json, "notes"), *note;
	size_t index;

	if (json_array_size(notes) == 0)
		return;
	report_heading(self->job, "notes", "What to know about the workload");
	html_add(&self->job->page, "<ul>\n");
	json_array_foreach(notes, index, note)
	{
		if (json_is_string(note))
			html_add(&self->job->page, "<li>%s.</li>\n", json_string_value(note));
	}
	html_add(&self->job->page, "</ul>\n");
}

static nescsim_status add_reproduce(const run_data *self)
{
	text_buffer name = TEXT_EMPTY, command = TEXT_EMPTY;
	nescsim_status status;

	report_heading(self->job, "reproduce", "How to reproduce");
	text_add(&name, "%s.yaml", self->source->name);
	text_add(&command, "nescsim run");
	report_add_word(&command, text_get(&name));
	report_add_word(&command, "--out");
	report_add_word(&command, self->source->name);
	status = text_ok(&name) && text_ok(&command)
			 ? report_reproduce(self->job, self->source, &self->origin, text_get(&command))
			 : NESCSIM_NO_MEMORY;
	if (status == NESCSIM_OK)
		report_files(self->job, &self->origin, "The run");
	text_free(&name);
	text_free(&command);
	return status;
}

nescsim_status report_run(report_job *job, const report_source *source)
{
	run_data self = { .job = job, .source = source };
	nescsim_status status = read_run(&self);

	if (status == NESCSIM_OK) {
		add_failed(&self);
		add_headline(&self);
		add_bottlenecks(&self);
		status = report_figures(job, source);
	}
	if (status == NESCSIM_OK)
		status = add_stages(&self);
	if (status == NESCSIM_OK)
		status = report_changes(job, &self.origin, NULL);
	if (status == NESCSIM_OK) {
		add_notes(&self);
		status = add_reproduce(&self);
	}
	json_decref(self.json);
	return status;
}
