#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/path.h"
#include "metrics/folder.h"
#include "nescsim/sweep.h"
#include "plot/figure.h"
#include "report/parts.h"
#include "sweep/param.h"
#include "sweep/point.h"

#define MAX_ROWS 2000 /* what a browser still sorts at once */
#define EXTRA "number extra"
#define MAX_VALUES_SHOWN 64 /* of a parameter */
#define MAX_MISSING_SHOWN 20

typedef struct sweep_data {
	report_job *job;
	const report_source *source;
	json_t *json, *params;
	uint64_t num_points;
	json_t *first;        /* result.json of the first point that has one; NULL = none is left */
	report_origin origin; /* that of its combination's first repeat, in `first` */
	plot_table table;
	report_measures measures;
	size_t scheme, layer, vm, op, repeat; /* columns; the parameters are before `scheme` */
} sweep_data;

/* ---- input ------------------------------------------------------------------------------------------------------ */

static nescsim_status check_json(sweep_data *self)
{
	const char *path = report_path(self->job, self->source->folder, SWEEP_PLAN_FILE), *key;
	json_t *axis, *values, *points = json_object_get(self->json, "points");
	size_t index;

	if (path == NULL)
		return NESCSIM_NO_MEMORY;
	self->params = json_object_get(self->json, "params");
	if (!json_is_array(self->params) || !json_is_integer(points))
		return report_lacks(self->job, path, "'params' and 'points'");
	/* What looks at each point would not end in a lifetime. */
	if (json_integer_value(points) < 1 || json_integer_value(points) > NESCSIM_SWEEP_MAX_POINTS)
		return report_damaged(self->job, path, "'points' is %" JSON_INTEGER_FORMAT ", and no sweep has so many",
				      json_integer_value(points));
	self->num_points = (uint64_t)json_integer_value(points);
	json_array_foreach(self->params, index, axis)
	{
		json_object_foreach(axis, key, values)
		{
			if (!json_is_array(values))
				return report_damaged(self->job, path, "the values of '%s' are no list", key);
		}
	}
	return NESCSIM_OK;
}

static bool has_repeats(const sweep_data *self)
{
	return json_integer_value(json_object_get(self->json, "repeat")) > 1;
}

static nescsim_status find_columns(sweep_data *self)
{
	const struct {
		const char *name;
		size_t *column;
	} columns[] = {
		{ "scheme", &self->scheme }, { "layer", &self->layer }, { "vm", &self->vm }, { "op", &self->op }
	};
	nescsim_status status = report_find_measures(self->job, &self->table, &self->measures);

	for (size_t i = 0; status == NESCSIM_OK && i < sizeof(columns) / sizeof(columns[0]); i++) {
		*columns[i].column = report_column(self->job, &self->table, columns[i].name);
		if (*columns[i].column == PLOT_NO_COLUMN)
			status = NESCSIM_CONFIG;
	}
	if (status == NESCSIM_OK && has_repeats(self)) {
		self->repeat = report_column(self->job, &self->table, "repeat");
		status = self->repeat == PLOT_NO_COLUMN ? NESCSIM_CONFIG : NESCSIM_OK;
	}
	return status;
}

/* Points count from 1 here. */
static bool has_point(const sweep_data *self, uint64_t point)
{
	char in_folder[64], *path;
	bool has;

	snprintf(in_folder, sizeof(in_folder), "/%s", folder_file_names[FOLDER_RESULT]);
	path = point_path(self->source->folder, point - 1, in_folder);
	has = path != NULL && access(path, F_OK) == 0;
	free(path);
	return has;
}

/* The configuration of the first repeat, from that of point `number`: each repeat has the seed behind the one before. */
static nescsim_status rewind_seed(sweep_data *self, uint64_t number)
{
	const json_int_t num_repeats = json_integer_value(json_object_get(self->json, "repeat"));
	const json_int_t behind = num_repeats > 1 ? (json_int_t)((number - 1) % (uint64_t)num_repeats) : 0;
	json_t *sim = json_object_get(self->origin.config, "sim"), *seed = json_object_get(sim, "seed");

	if (behind == 0 || json_integer_value(seed) < behind)
		return NESCSIM_OK;
	if (json_integer_set(seed, json_integer_value(seed) - behind) != 0 ||
	    json_integer_set(self->origin.seed, json_integer_value(seed)) != 0)
		return NESCSIM_NO_MEMORY;
	return NESCSIM_OK;
}

static nescsim_status read_first(sweep_data *self)
{
	report_source point = { .name = "" };
	uint64_t number = 1;
	char *path;
	nescsim_status status;

	while (number <= self->num_points && !has_point(self, number))
		number++;
	if (number > self->num_points)
		return NESCSIM_OK;
	path = point_path(self->source->folder, number - 1, "");
	if (path == NULL)
		return NESCSIM_NO_MEMORY;
	point.folder = path;
	status = report_read_json(self->job, &point, folder_file_names[FOLDER_RESULT], &self->first);
	if (status == NESCSIM_OK)
		status = report_find_origin(self->job, &point, self->first, &self->origin);
	free(path);
	return status == NESCSIM_OK ? rewind_seed(self, number) : status;
}

static nescsim_status read_sweep(sweep_data *self)
{
	const char *path;
	nescsim_status status = report_read_json(self->job, self->source, SWEEP_PLAN_FILE, &self->json), table;

	if (status == NESCSIM_OK)
		status = check_json(self);
	if (status == NESCSIM_OK)
		status = read_first(self);
	table = report_find_file(self->job, self->source, SWEEP_TABLE_FILE, &path);
	return status != NESCSIM_OK ? status : table;
}

/* ---- parameters ------------------------------------------------------------------------------------------------- */

static void add_missing(const sweep_data *self)
{
	uint64_t num_missing = 0;
	html_page *page = &self->job->page;

	/* Without any, the points were taken away, and the table is what is left. */
	if (self->first == NULL) {
		report_note(self->job, "The folders of the points are gone: their configuration cannot be shown.");
		return;
	}
	for (uint64_t point = 1; point <= self->num_points; point++) {
		if (has_point(self, point))
			continue;
		if (num_missing == 0)
			html_add(page,
				 "<p class=\"note\">These points have no result, and are in no table or figure: ");
		if (num_missing < MAX_MISSING_SHOWN)
			html_add(page, "%s%zu", num_missing == 0 ? "" : ", ", (size_t)point);
		num_missing++;
	}
	if (num_missing > MAX_MISSING_SHOWN)
		html_add(page, " and %zu more", (size_t)(num_missing - MAX_MISSING_SHOWN));
	if (num_missing != 0)
		html_add(page, ". Each one's .log in points/ says why.</p>\n");
}

static void add_values(const sweep_data *self, json_t *values)
{
	const size_t num = json_array_size(values);

	for (size_t i = 0; i < num && i < MAX_VALUES_SHOWN; i++) {
		const char *value = json_string_value(json_array_get(values, i));

		html_add(&self->job->page, "%s<code>%s</code>", i == 0 ? "" : ", ", value != NULL ? value : "?");
	}
	if (num > MAX_VALUES_SHOWN)
		html_add(&self->job->page, " and %zu more", num - MAX_VALUES_SHOWN);
}

static void add_params(const sweep_data *self)
{
	html_page *page = &self->job->page;
	json_t *repeat = json_object_get(self->json, "repeat"), *axis, *values;
	const char *key;
	size_t index;

	report_heading(self->job, "parameters", "What varies");
	report_begin_table(self->job, "", "Keys and their values; the first varies slowest");
	report_head(self->job, "key", NULL);
	report_head(self->job, "values", NULL);
	report_begin_rows(self->job);
	json_array_foreach(self->params, index, axis)
	{
		const char *first = json_object_iter_key(json_object_iter(axis));

		json_object_foreach(axis, key, values)
		{
			html_add(page, "<tr><th scope=\"row\"><code>%s</code></th><td>", key);
			add_values(self, values);
			if (key != first && first != NULL)
				html_add(page, " (together with %s)", first);
			html_add(page, "</td></tr>\n");
		}
	}
	report_end_table(self->job);
	html_add(page, "<p>%zu points", (size_t)self->num_points);
	if (json_integer_value(repeat) > 1)
		html_add(page, ": each combination %zu times, with seeds that follow each other",
			 (size_t)json_integer_value(repeat));
	html_add(page, ".</p>\n");
	add_missing(self);
}

/* ---- the table -------------------------------------------------------------------------------------------------- */

/* The outermost layer that there is. */
static const char *find_layer(const sweep_data *self)
{
	for (int layer = 0; layer < METRICS_NUM_LAYERS; layer++)
		for (size_t row = 0; row < self->table.num_rows; row++)
			if (report_is(&self->table, row, self->layer, metrics_layer_name((metrics_layer)layer)))
				return metrics_layer_name((metrics_layer)layer);
	return "";
}

/* All VMs and operations together; of repeats, their mean. */
static bool is_shown(const sweep_data *self, const char *layer, size_t row)
{
	return report_is(&self->table, row, self->layer, layer) && report_is(&self->table, row, self->vm, "all") &&
	       report_is(&self->table, row, self->op, "all") &&
	       (!has_repeats(self) || report_is(&self->table, row, self->repeat, "mean"));
}

/* Hit rates and utilisations that some row has. */
static bool is_extra(const sweep_data *self, size_t column)
{
	if (column <= self->scheme || !path_has_end(self->table.columns[column], "_percent"))
		return false;
	for (size_t row = 0; row < self->table.num_rows; row++)
		if (*plot_cell(&self->table, row, column) != '\0')
			return true;
	return false;
}

/* The confidence interval of a mean's row is in a row behind it, with the same parameters, scheme and so on. */
static void add_confidence(const sweep_data *self, size_t mean_row)
{
	const plot_table *table = &self->table;
	const size_t same[] = { self->scheme, self->layer, self->vm, self->op };
	bool is_combination = true;

	for (size_t row = mean_row + 1; row < table->num_rows && is_combination; row++) {
		bool is_it = report_is(table, row, self->repeat, "ci95");

		for (size_t i = 0; i < self->scheme && is_combination; i++)
			is_combination = i == self->repeat || report_is(table, row, i, plot_cell(table, mean_row, i));
		for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++)
			is_it = is_it && report_is(table, row, same[i], plot_cell(table, mean_row, same[i]));
		if (is_it && is_combination) {
			report_number(self->job, "number", plot_cell(table, row, plot_column(table, "latency_mean_us")),
				      3);
			return;
		}
	}
	html_add(&self->job->page, "<td></td>");
}

static void add_row(const sweep_data *self, size_t row, const bool *is_extra_column)
{
	html_add(&self->job->page, "<tr>");
	for (size_t column = 0; column < self->scheme; column++)
		if (column != self->repeat)
			report_cell(self->job, plot_cell(&self->table, row, column));
	html_add(&self->job->page, "<th scope=\"row\">%s</th>", plot_cell(&self->table, row, self->scheme));
	report_measure_cells(self->job, &self->table, &self->measures, row);
	if (has_repeats(self))
		add_confidence(self, row);
	for (size_t column = 0; column < self->table.num_columns; column++)
		if (is_extra_column[column])
			report_number(self->job, EXTRA, plot_cell(&self->table, row, column), 1);
	html_add(&self->job->page, "</tr>\n");
}

static nescsim_status add_table(const sweep_data *self)
{
	bool *is_extra_column = arena_alloc(&self->job->memory, self->table.num_columns);
	const char *layer = find_layer(self);
	size_t num_rows = 0;

	if (is_extra_column == NULL)
		return NESCSIM_NO_MEMORY;
	report_heading(self->job, "results", "Results");
	report_begin_table(self->job, "sortable filterable", "Each point and scheme: all VMs, reads and writes");
	for (size_t column = 0; column < self->scheme; column++)
		if (column != self->repeat)
			report_head(self->job, self->table.columns[column], NULL);
	report_head(self->job, "scheme", NULL);
	report_measure_heads(self->job);
	if (has_repeats(self))
		report_number_head(self->job, "number", "mean ±, µs",
				   "half of the 95 % confidence interval of the mean latency, over the repeats");
	for (size_t column = 0; column < self->table.num_columns; column++) {
		char buffer[PLOT_TITLE_BYTES];

		is_extra_column[column] = is_extra(self, column);
		if (is_extra_column[column])
			report_number_head(self->job, EXTRA, plot_column_title(self->table.columns[column], buffer),
					   NULL);
	}
	report_begin_rows(self->job);
	for (size_t row = 0; row < self->table.num_rows; row++)
		if (is_shown(self, layer, row) && num_rows++ < MAX_ROWS)
			add_row(self, row, is_extra_column);
	report_end_table(self->job);
	if (num_rows > MAX_ROWS)
		html_add(&self->job->page,
			 "<p class=\"note\">Only the first %zu of %zu rows are shown here; " SWEEP_TABLE_FILE
			 " has all.</p>\n",
			 (size_t)MAX_ROWS, num_rows);
	html_add(&self->job->page,
		 "<p class=\"remark\">Latencies are those of layer %s. " SWEEP_TABLE_FILE
		 " has the other layers, VMs and "
		 "operations%s.</p>\n",
		 layer,
		 self->repeat == PLOT_NO_COLUMN ? ""
						: ", and each repeat; ci95 is half of the 95 % confidence interval");
	return NESCSIM_OK;
}

/* ---- making it again -------------------------------------------------------------------------------------------- */

/* KEY=a,b or zip:KEY=a,b;KEY=c,d */
static void add_axis(text_buffer *command, json_t *axis)
{
	text_buffer word = TEXT_EMPTY;
	json_t *values, *value;
	const char *key;
	size_t index;

	text_add(&word, "%s", json_object_size(axis) > 1 ? "zip:" : "");
	json_object_foreach(axis, key, values)
	{
		text_add(&word, "%s%s=", word.num_bytes > strlen("zip:") ? ";" : "", key);
		json_array_foreach(values, index, value)
		{
			const char *text = json_is_string(value) ? json_string_value(value) : "";

			text_add(&word, "%s", index == 0 ? "" : ",");
			if (*key == '@')
				param_add_label_value(&word, text);
			else
				text_add(&word, "%s", text);
		}
	}
	report_add_word(command, "--param");
	report_add_word(command, text_get(&word));
	command->failed = command->failed || !text_ok(&word);
	text_free(&word);
}

static void add_option(text_buffer *command, const char *option, json_t *values)
{
	json_t *value;
	size_t index;

	json_array_foreach(values, index, value)
	{
		report_add_word(command, option);
		report_add_word(command, json_is_string(value) ? json_string_value(value) : "");
	}
}

static void add_end(const sweep_data *self, text_buffer *command, json_int_t num_repeats)
{
	char number[24];

	if (num_repeats > 0) {
		snprintf(number, sizeof(number), "%" JSON_INTEGER_FORMAT, num_repeats);
		report_add_word(command, "--repeat");
		report_add_word(command, number);
	}
	report_add_word(command, "--out");
	report_add_word(command, self->source->name);
}

/* What the user said; NULL (of an earlier version) when it is not known. Where a configuration lies on that machine is
 * nobody else's business. */
static void add_original(const sweep_data *self, text_buffer *command)
{
	json_t *said = json_object_get(self->json, "command"), *schemes = json_object_get(said, "schemes"), *scheme;
	const char *config = json_string_value(json_object_get(said, "config"));
	text_buffer names = TEXT_EMPTY;
	size_t index;

	if (config == NULL)
		return;
	text_add(command, "nescsim sweep");
	report_add_word(command, config[0] == '/' ? path_last_name(config) : config);
	json_array_foreach(schemes, index, scheme) text_add(&names, "%s%s", index == 0 ? "" : ",",
							    json_is_string(scheme) ? json_string_value(scheme) : "");
	if (names.num_bytes != 0) {
		report_add_word(command, "--schemes");
		report_add_word(command, text_get(&names));
	}
	add_option(command, "--set", json_object_get(said, "set"));
	add_option(command, "--param", json_object_get(said, "params"));
	add_end(self, command, json_integer_value(json_object_get(said, "repeat")));
	command->failed = command->failed || !text_ok(&names);
	text_free(&names);
}

static nescsim_status add_reproduce(const sweep_data *self)
{
	text_buffer original = TEXT_EMPTY, name = TEXT_EMPTY, command = TEXT_EMPTY;
	const json_int_t num_repeats = json_integer_value(json_object_get(self->json, "repeat"));
	nescsim_status status;
	json_t *axis;
	size_t index;

	report_heading(self->job, "reproduce", "How to reproduce");
	add_original(self, &original);
	if (original.num_bytes != 0)
		html_add(&self->job->page, "<p>The sweep was made by</p>\n<pre><code>%s</code></pre>\n",
			 text_get(&original));
	text_add(&name, "%s.yaml", self->source->name);
	text_add(&command, "nescsim sweep");
	report_add_word(&command, text_get(&name));
	json_array_foreach(self->params, index, axis) add_axis(&command, axis);
	add_end(self, &command, num_repeats > 1 ? num_repeats : 0);
	status = text_ok(&original) && text_ok(&name) && text_ok(&command) ? NESCSIM_OK : NESCSIM_NO_MEMORY;
	if (status == NESCSIM_OK && self->first != NULL)
		status = report_reproduce(self->job, self->source, &self->origin, text_get(&command));
	if (status == NESCSIM_OK && self->first != NULL)
		report_files(self->job, &self->origin, "The first point");
	text_free(&original);
	text_free(&name);
	text_free(&command);
	return status;
}

/* What all points have in common. */
static nescsim_status add_configuration(const sweep_data *self)
{
	size_t num_keys = 1, index;
	const char **keys, *key;
	json_t *axis, *values;
	nescsim_status status;

	json_array_foreach(self->params, index, axis) num_keys += json_object_size(axis);
	keys = arena_alloc(&self->job->memory, num_keys * sizeof(*keys));
	if (keys == NULL)
		return NESCSIM_NO_MEMORY;
	num_keys = 0;
	json_array_foreach(self->params, index, axis)
	{
		json_object_foreach(axis, key, values) keys[num_keys++] = key;
	}
	if (json_integer_value(json_object_get(self->json, "repeat")) > 1)
		keys[num_keys++] = "sim.seed";
	status = report_changes(self->job, &self->origin, &(report_varying){ .keys = keys, .num_keys = num_keys });
	html_add(&self->job->page, "<p class=\"remark\">That is what all points have in common.</p>\n");
	return status;
}

nescsim_status report_sweep(report_job *job, const report_source *source)
{
	sweep_data self = { .job = job, .source = source, .repeat = PLOT_NO_COLUMN };
	nescsim_status status = read_sweep(&self);

	if (status == NESCSIM_OK) {
		add_params(&self);
		status = report_figures(job, source);
	}
	/* Not before: a large table is in memory once. */
	if (status == NESCSIM_OK)
		status = report_read_table(job, source, SWEEP_TABLE_FILE, &self.table);
	if (status == NESCSIM_OK)
		status = find_columns(&self);
	if (status == NESCSIM_OK)
		status = add_table(&self);
	if (status == NESCSIM_OK && self.first != NULL)
		status = add_configuration(&self);
	if (status == NESCSIM_OK)
		status = add_reproduce(&self);
	json_decref(self.json);
	json_decref(self.first);
	return status;
}
