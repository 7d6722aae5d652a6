#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "report/parts.h"

#define HALF_HINT "it is half a result: make it anew, or leave its folder out"

/* ---- input ------------------------------------------------------------------------------------------------------ */

const char *report_path(report_job *job, const char *folder, const char *name)
{
	const size_t num_bytes = strlen(folder) + strlen(name) + 2;
	char *path = arena_alloc(&job->memory, num_bytes);

	if (path != NULL)
		snprintf(path, num_bytes, "%s%s%s", folder, folder[strlen(folder) - 1] == '/' ? "" : "/", name);
	return path;
}

nescsim_status report_find_file(report_job *job, const report_source *source, const char *name, const char **path_out)
{
	const char *path = report_path(job, source->folder, name);
	const diag_place place = { .file = source->folder };

	*path_out = path;
	if (path == NULL)
		return NESCSIM_NO_MEMORY;
	if (access(path, F_OK) != 0 && errno == ENOENT)
		return diag_add(job->diag, NESCSIM_ERROR, NESCSIM_USAGE, &place,
				source->is_sweep ? "`nescsim sweep --resume` ends what was interrupted" : HALF_HINT,
				"there is no %s in it", name);
	return NESCSIM_OK;
}

nescsim_status report_read_json(report_job *job, const report_source *source, const char *name, json_t **json_out)
{
	const char *path;
	json_error_t error;
	nescsim_status status = report_find_file(job, source, name, &path);

	*json_out = NULL;
	if (status != NESCSIM_OK)
		return status;
	*json_out = json_load_file(path, JSON_REJECT_DUPLICATES, &error);
	if (*json_out == NULL && error.line < 0) {
		const diag_place place = { .file = path };

		return diag_add(job->diag, NESCSIM_ERROR, NESCSIM_IO, &place, NULL, "cannot read it: %s",
				strerror(errno));
	}
	if (*json_out == NULL) {
		const diag_place place = { .file = path,
					   .line = (size_t)error.line,
					   .column = error.column > 0 ? (size_t)error.column : 0 };

		return diag_add(job->diag, NESCSIM_ERROR, NESCSIM_CONFIG, &place, "was it cut off?", "%s", error.text);
	}
	if (json_string_value(json_object_get(*json_out, "nescsim")) == NULL)
		return report_damaged(job, path,
				      "this is nothing of nescsim's: it does not say of which version it is");
	return NESCSIM_OK;
}

nescsim_status report_read_table(report_job *job, const report_source *source, const char *name, plot_table *table_out)
{
	const char *path;
	nescsim_status status = report_find_file(job, source, name, &path);

	return status == NESCSIM_OK ? plot_table_read(path, &job->memory, job->diag, table_out) : status;
}

nescsim_status report_damaged(report_job *job, const char *file_name, const char *format, ...)
{
	const diag_place place = { .file = file_name };
	va_list arguments;

	va_start(arguments, format);
	diag_add_va(job->diag, NESCSIM_ERROR, NESCSIM_CONFIG, &place, NULL, format, arguments);
	va_end(arguments);
	return NESCSIM_CONFIG;
}

nescsim_status report_lacks(report_job *job, const char *file_name, const char *keys)
{
	return report_damaged(job, file_name, "it does not have %s as it should", keys);
}

size_t report_column(report_job *job, const plot_table *table, const char *name)
{
	const diag_place place = { .file = table->file_name, .line = 1 };
	const size_t column = plot_column(table, name);

	if (column == PLOT_NO_COLUMN)
		diag_add(job->diag, NESCSIM_ERROR, NESCSIM_CONFIG, &place, NULL, "there is no column '%s'", name);
	return column;
}

/* ---- numbers ---------------------------------------------------------------------------------------------------- */

void report_number(report_job *job, const char *classes, const char *text, unsigned num_decimals)
{
	char rounded[DECIMAL_TEXT_BYTES];
	metrics_i128 value;

	if (!decimal_millionths(text, &value)) {
		html_add(&job->page, "<td class=\"%s\">%s</td>", classes, text);
		return;
	}
	if (value > -10000000 && value < 10000000 && value % 1000000 != 0 && num_decimals < 3)
		num_decimals = 3;
	decimal_ratio(value, 1000000, num_decimals, rounded, sizeof(rounded));
	html_add(&job->page, "<td class=\"%s\">%s</td>", classes, rounded);
}

void report_ratio(report_job *job, metrics_i128 numerator, metrics_i128 denominator, unsigned num_decimals,
		  const char *behind)
{
	char text[DECIMAL_TEXT_BYTES];

	if (denominator <= 0) {
		html_add(&job->page, "<td></td>");
		return;
	}
	decimal_ratio(numerator, denominator, num_decimals, text, sizeof(text));
	html_add(&job->page, "<td class=\"number\" data-value=\"%s\">%s%s</td>", text, text, behind);
}

/* ---- tables ----------------------------------------------------------------------------------------------------- */

void report_heading(report_job *job, const char *what, const char *text)
{
	html_add(&job->page, "<h%zu id=\"s%zu-%s\">%s</h%zu>\n", job->level, job->number, what, text, job->level);
}

void report_begin_table(report_job *job, const char *classes, const char *caption)
{
	html_add(&job->page,
		 "<div class=\"box\" tabindex=\"0\" role=\"group\" aria-label=\"%s\">\n<table class=\"%s\">\n"
		 "<caption>%s</caption>\n<thead><tr>",
		 caption, classes, caption);
}

static void add_head(report_job *job, const char *title, const char *help, const char *classes)
{
	html_add(&job->page, "<th scope=\"col\"");
	if (classes != NULL)
		html_add(&job->page, " class=\"%s\"", classes);
	if (help != NULL)
		html_add(&job->page, " title=\"%s\"", help);
	html_add(&job->page, ">%s</th>", title);
}

void report_head(report_job *job, const char *title, const char *help)
{
	add_head(job, title, help, NULL);
}

void report_number_head(report_job *job, const char *classes, const char *title, const char *help)
{
	add_head(job, title, help, classes);
}

void report_begin_rows(report_job *job)
{
	html_add(&job->page, "</tr></thead>\n<tbody>\n");
}

void report_end_table(report_job *job)
{
	html_add(&job->page, "</tbody>\n</table>\n</div>\n");
}

void report_cell(report_job *job, const char *text)
{
	plot_unit unit;
	double value;

	if (!plot_number(text, &value, &unit)) {
		html_add(&job->page, "<td>%s</td>", text);
	} else if (unit == PLOT_PLAIN) {
		html_add(&job->page, "<td class=\"number\">%s</td>", text);
	} else {
		char plain[40];

		snprintf(plain, sizeof(plain), "%.17g", value);
		html_add(&job->page, "<td class=\"number\" data-value=\"%s\">%s</td>", plain, text);
	}
}

void report_note(report_job *job, const char *text)
{
	html_add(&job->page, "<p class=\"note\">%s</p>\n", text);
}

/* ---- measures --------------------------------------------------------------------------------------------------- */

static const struct {
	const char *column, *title, *help;
	unsigned num_decimals;
} measures[REPORT_NUM_MEASURES] = {
	{ "requests", "requests", "requests that succeeded", 0 },
	{ "iops", "IOPS", "requests per second", 0 },
	{ "bandwidth_MBps", "MB/s", "bandwidth, 10^6 bytes per second", 1 },
	{ "latency_mean_us", "mean, µs", "mean latency", 3 },
	{ "latency_p50_us", "p50, µs", "median latency", 3 },
	{ "latency_p99_us", "p99, µs", "99th percentile of latency", 3 },
	{ "latency_p999_us", "p99.9, µs", "99.9th percentile of latency", 3 },
	{ "latency_max_us", "max, µs", "longest latency", 3 },
	{ "host_cpu_us_per_request", "host CPU, µs", "core time outside guest mode, per request of any operation", 3 },
};

nescsim_status report_find_measures(report_job *job, const plot_table *table, report_measures *measures_out)
{
	nescsim_status status = NESCSIM_OK;

	for (size_t i = 0; i < REPORT_NUM_MEASURES; i++) {
		measures_out->columns[i] = report_column(job, table, measures[i].column);
		if (measures_out->columns[i] == PLOT_NO_COLUMN)
			status = NESCSIM_CONFIG;
	}
	return status;
}

void report_measure_heads(report_job *job)
{
	for (size_t i = 0; i < REPORT_NUM_MEASURES; i++)
		report_number_head(job, "number", measures[i].title, measures[i].help);
}

void report_measure_cells(report_job *job, const plot_table *table, const report_measures *found, size_t row)
{
	for (size_t i = 0; i < REPORT_NUM_MEASURES; i++)
		report_number(job, "number", plot_cell(table, row, found->columns[i]), measures[i].num_decimals);
}
