#include "sweep/sweep_csv.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "metrics/csv.h"
#include "metrics/folder.h"
#include "sweep/csv_rows.h"
#include "sweep/executor.h"
#include "sweep/point.h"
#include "sweep/spread.h"
#include "workload/output.h"

#define MILLION 1000000
#define ALL_VMS "all"

/* The metrics of units.csv that become columns. */
static const char *const rate_metrics[] = { "hit_rate_percent", "utilisation_percent" };

/* One number of a point's units.csv. */
typedef struct rate {
	char *scheme, *vm; /* vm: "" = of no VM */
	size_t column;     /* of the table below */
	metrics_i128 millionths;
} rate;

/* What tells the rows of a combination apart: the cells before the first number. */
enum {
	SCHEME,
	LAYER,
	VM,
	OP,
	NUM_NAMES
};

/* A row of summary.csv and its rates, over the repeats of a combination. */
typedef struct joint_row {
	char *names[NUM_NAMES];
	spread *cells; /* of all columns behind the names */
} joint_row;

typedef struct table {
	const sweep_plan *plan;
	const uint64_t *has_result;
	nescsim_diag *diag;
	char **summary; /* the columns of summary.csv */
	size_t num_summary;
	char **rates; /* the columns made of units.csv */
	size_t num_rates;
	rate *found; /* in the point under way */
	size_t num_found, max_found;
	joint_row *joint; /* of the combination under way */
	size_t num_joint, max_joint;
	csv_writer csv;
} table;

/* ---- units.csv -------------------------------------------------------------------------------------------------- */

/* "vm[1].vcpu[0]" and "utilisation_percent": "vcpu_utilisation_percent". */
static void column_name(const char *unit, const char *metric, char *name_out, size_t name_bytes)
{
	const char *of_vm = strncmp(unit, "vm[", 3) == 0 ? strstr(unit, "].") : NULL;
	size_t num_bytes;

	if (of_vm != NULL)
		unit = of_vm + 2;
	num_bytes = strcspn(unit, "[");
	snprintf(name_out, name_bytes, "%.*s_%s", (int)num_bytes, unit, metric);
}

static bool is_rate(const char *metric)
{
	for (size_t i = 0; i < sizeof(rate_metrics) / sizeof(rate_metrics[0]); i++)
		if (strcmp(metric, rate_metrics[i]) == 0)
			return true;
	return false;
}

/* The column of this name; a new one if there is none. SIZE_MAX when out of memory. */
static size_t rate_column(table *self, const char *name)
{
	char **rates;

	for (size_t i = 0; i < self->num_rates; i++)
		if (strcmp(self->rates[i], name) == 0)
			return i;
	rates = realloc(self->rates, (self->num_rates + 1) * sizeof(*rates));
	if (rates == NULL)
		return SIZE_MAX;
	self->rates = rates;
	rates[self->num_rates] = strdup(name);
	return rates[self->num_rates] == NULL ? SIZE_MAX : self->num_rates++;
}

static void forget_rates(table *self)
{
	for (size_t i = 0; i < self->num_found; i++) {
		free(self->found[i].scheme);
		free(self->found[i].vm);
	}
	self->num_found = 0;
}

static nescsim_status open_file(const table *self, uint64_t point, folder_file file, char **name_out, csv_rows *rows)
{
	char suffix[64];

	snprintf(suffix, sizeof(suffix), "/%s", folder_file_names[file]);
	*name_out = point_path(self->plan->options->out_folder, point, suffix);
	*rows = (csv_rows){ .file = NULL };
	return *name_out == NULL ? NESCSIM_NO_MEMORY : csv_rows_open(*name_out, self->diag, rows);
}

/* Keeps the point's rates, and makes their columns. */
static nescsim_status read_rates(table *self, uint64_t point)
{
	static const char *const names[] = { "scheme", "unit", "vm", "metric", "value" };
	int at[sizeof(names) / sizeof(names[0])];
	bool end = false;
	csv_rows rows;
	char *name;
	nescsim_status status = open_file(self, point, FOLDER_UNITS, &name, &rows);

	forget_rates(self);
	for (size_t i = 0; status == NESCSIM_OK && i < sizeof(names) / sizeof(names[0]); i++) {
		at[i] = csv_rows_column(&rows, names[i]);
		if (at[i] < 0)
			status = diag_add(self->diag, NESCSIM_ERROR, NESCSIM_IO, NULL, "run its point again",
					  "'%s' has no column '%s'", name, names[i]);
	}
	while (status == NESCSIM_OK && (status = csv_rows_next(&rows, &end)) == NESCSIM_OK && !end) {
		char column[128];
		rate *all, *found;
		bool has;

		if (!is_rate(rows.cells[at[3]]))
			continue;
		all = array_with_room(self->found, self->num_found, &self->max_found, sizeof(*all));
		if (all == NULL) {
			status = NESCSIM_NO_MEMORY;
			break;
		}
		self->found = all;
		column_name(rows.cells[at[1]], rows.cells[at[3]], column, sizeof(column));
		found = &self->found[self->num_found];
		*found = (rate){ .column = rate_column(self, column) };
		status = csv_rows_number(&rows, (size_t)at[4], &found->millionths, &has);
		if (status != NESCSIM_OK || !has)
			continue; /* 0 of 0: no value */
		found->scheme = strdup(rows.cells[at[0]]);
		found->vm = strdup(rows.cells[at[2]]);
		self->num_found++;
		if (found->column == SIZE_MAX || found->scheme == NULL || found->vm == NULL)
			status = NESCSIM_NO_MEMORY;
	}
	csv_rows_close(&rows);
	free(name);
	return status;
}

/* The number of a rate's column in the rows of this scheme and VM: *sum_out millionths over *num_out units. */
static void find_rate(const table *self, size_t column, const char *scheme, const char *vm, metrics_i128 *sum_out,
		      int64_t *num_out)
{
	metrics_i128 all_sum = 0;
	int64_t all_num = 0;

	*sum_out = 0;
	*num_out = 0;
	for (size_t i = 0; i < self->num_found; i++) {
		const rate *found = &self->found[i];

		if (found->column != column || strcmp(found->scheme, scheme) != 0)
			continue;
		if (found->vm[0] == '\0' || strcmp(found->vm, vm) == 0) {
			*sum_out += found->millionths;
			(*num_out)++;
		} else {
			all_sum += found->millionths;
			all_num++;
		}
	}
	if (*num_out == 0 && strcmp(vm, ALL_VMS) == 0) {
		*sum_out = all_sum;
		*num_out = all_num;
	}
}

/* ---- rows ------------------------------------------------------------------------------------------------------- */

static size_t num_numbers(const table *self)
{
	return self->num_summary - NUM_NAMES + self->num_rates;
}

static void begin_row(table *self, uint64_t point, const char *repeat)
{
	for (size_t i = 0; i < self->plan->num_keys; i++)
		csv_text(&self->csv, plan_value(self->plan, i, point));
	if (repeat != NULL)
		csv_text(&self->csv, repeat);
}

/* The row over all repeats that these names belong to; NULL when out of memory. */
static joint_row *joint_for(table *self, char *const *names)
{
	joint_row *all, *row;
	bool complete = true;

	for (size_t i = 0; i < self->num_joint; i++) {
		bool same = true;

		row = &self->joint[i];
		for (int j = 0; j < NUM_NAMES; j++)
			same = same && strcmp(row->names[j], names[j]) == 0;
		if (same)
			return row;
	}
	all = array_with_room(self->joint, self->num_joint, &self->max_joint, sizeof(*all));
	if (all == NULL)
		return NULL;
	self->joint = all;
	row = &self->joint[self->num_joint++];
	*row = (joint_row){ .cells = calloc(num_numbers(self), sizeof(*row->cells)) };
	for (int j = 0; j < NUM_NAMES; j++) {
		row->names[j] = strdup(names[j]);
		complete = complete && row->names[j] != NULL;
	}
	return complete && row->cells != NULL ? row : NULL;
}

static void forget_joint(table *self)
{
	for (size_t i = 0; i < self->num_joint; i++) {
		for (int j = 0; j < NUM_NAMES; j++)
			free(self->joint[i].names[j]);
		free(self->joint[i].cells);
	}
	self->num_joint = 0;
}

/* A row of a point's summary.csv, with its rates. */
static nescsim_status write_row(table *self, uint64_t point, const csv_rows *rows)
{
	const bool repeats = self->plan->num_repeats > 1;
	joint_row *joint = repeats ? joint_for(self, rows->cells) : NULL;
	char repeat[24];
	metrics_i128 value;
	nescsim_status status = NESCSIM_OK;

	if (repeats && joint == NULL)
		return NESCSIM_NO_MEMORY;
	snprintf(repeat, sizeof(repeat), "%" PRIu64, plan_repeat(self->plan, point) + 1);
	begin_row(self, point, repeats ? repeat : NULL);
	for (size_t i = 0; i < self->num_summary; i++) {
		bool has = false;

		csv_text(&self->csv, rows->cells[i]);
		if (i >= NUM_NAMES && status == NESCSIM_OK)
			status = csv_rows_number(rows, i, &value, &has);
		if (joint != NULL && has)
			spread_add(&joint->cells[i - NUM_NAMES], value);
	}
	for (size_t i = 0; i < self->num_rates; i++) {
		int64_t num;

		find_rate(self, i, rows->cells[SCHEME], rows->cells[VM], &value, &num);
		csv_ratio(&self->csv, value, (metrics_i128)num * MILLION);
		if (joint != NULL && num != 0)
			spread_add(&joint->cells[self->num_summary - NUM_NAMES + i], value / num);
	}
	csv_end_row(&self->csv);
	return status;
}

static nescsim_status write_point(table *self, uint64_t point)
{
	nescsim_status status = read_rates(self, point);
	bool end = false;
	csv_rows rows;
	char *name = NULL;

	if (status != NESCSIM_OK)
		return status;
	status = open_file(self, point, FOLDER_SUMMARY, &name, &rows);
	for (size_t i = 0; status == NESCSIM_OK && i < self->num_summary; i++)
		if (rows.num_columns != self->num_summary || strcmp(rows.columns[i], self->summary[i]) != 0)
			status = diag_add(self->diag, NESCSIM_ERROR, NESCSIM_IO, NULL, "run its point again",
					  "'%s' has other columns than the first point", name);
	while (status == NESCSIM_OK && (status = csv_rows_next(&rows, &end)) == NESCSIM_OK && !end)
		status = write_row(self, point, &rows);
	csv_rows_close(&rows);
	free(name);
	return status;
}

/* The rows over all repeats of the combination that `point` belongs to. */
static void write_joint(table *self, uint64_t point)
{
	for (int widths = 0; widths < 2; widths++) {
		for (size_t i = 0; i < self->num_joint; i++) {
			const joint_row *row = &self->joint[i];

			begin_row(self, point, widths ? "ci95" : "mean");
			for (int j = 0; j < NUM_NAMES; j++)
				csv_text(&self->csv, row->names[j]);
			for (size_t j = 0; j < num_numbers(self); j++) {
				metrics_i128 sum = 0;
				uint64_t count = 0;
				metrics_i128 width = 0;

				if (widths) {
					count = spread_half_width(&row->cells[j], &width) ? 1 : 0;
					sum = width;
				} else if (!spread_mean(&row->cells[j], &sum, &count)) {
					count = 0;
				}
				csv_ratio(&self->csv, sum, (metrics_i128)count * MILLION);
			}
			csv_end_row(&self->csv);
		}
	}
	forget_joint(self);
}

/* ---- the file --------------------------------------------------------------------------------------------------- */

/* The columns of summary.csv, of the first point, and all that units.csv gives, of all points. */
static nescsim_status find_columns(table *self)
{
	nescsim_status status = NESCSIM_OK;

	for (uint64_t point = 0; status == NESCSIM_OK && point < self->plan->num_points; point++) {
		char *name = NULL;
		csv_rows rows = { .file = NULL };

		if (!job_has(self->has_result, point))
			continue;
		if (self->summary == NULL) {
			status = open_file(self, point, FOLDER_SUMMARY, &name, &rows);
			self->summary = calloc(rows.num_columns + 1, sizeof(*self->summary));
			if (self->summary == NULL)
				status = NESCSIM_NO_MEMORY;
			for (size_t i = 0; status == NESCSIM_OK && i < rows.num_columns; i++) {
				self->summary[self->num_summary++] = strdup(rows.columns[i]);
				if (self->summary[i] == NULL)
					status = NESCSIM_NO_MEMORY;
			}
			csv_rows_close(&rows);
			free(name);
		}
		if (status == NESCSIM_OK)
			status = read_rates(self, point);
	}
	return status;
}

static nescsim_status write_all(table *self, FILE *file)
{
	const sweep_plan *plan = self->plan;
	const bool repeats = plan->num_repeats > 1;
	const size_t num_columns = plan->num_keys + repeats + self->num_summary + self->num_rates;
	const char **columns = calloc(num_columns, sizeof(*columns));
	size_t num = 0;
	nescsim_status status = NESCSIM_OK;

	if (columns == NULL)
		return NESCSIM_NO_MEMORY;
	for (size_t i = 0; i < plan->num_keys; i++)
		columns[num++] = plan_key(plan, i);
	if (repeats)
		columns[num++] = "repeat";
	for (size_t i = 0; i < self->num_summary; i++)
		columns[num++] = self->summary[i];
	for (size_t i = 0; i < self->num_rates; i++)
		columns[num++] = self->rates[i];
	csv_begin(&self->csv, file, columns, num_columns);
	for (uint64_t point = 0; status == NESCSIM_OK && point < plan->num_points; point++) {
		if (job_has(self->has_result, point))
			status = write_point(self, point);
		if (repeats && plan_repeat(plan, point) + 1 == plan->num_repeats)
			write_joint(self, point);
	}
	free(columns);
	return status == NESCSIM_OK ? csv_finish(&self->csv) : status;
}

static ssize_t write_bytes(void *cookie, const char *bytes, size_t num_bytes)
{
	output_bytes(cookie, bytes, num_bytes);
	return (ssize_t)num_bytes;
}

nescsim_status sweep_csv_write(const sweep_plan *plan, const uint64_t *has_result, nescsim_diag *diag)
{
	static const cookie_io_functions_t functions = { .write = write_bytes };
	table self = { .plan = plan, .has_result = has_result, .diag = diag };
	char *name = NULL;
	output *to = NULL;
	FILE *file = NULL;
	nescsim_status status = find_columns(&self);

	if (status == NESCSIM_OK && self.num_summary < NUM_NAMES)
		goto out; /* no point has a result */
	if (status == NESCSIM_OK && asprintf(&name, "%s/" SWEEP_TABLE_FILE, plan->options->out_folder) < 0) {
		name = NULL;
		status = NESCSIM_NO_MEMORY;
	}
	if (status == NESCSIM_OK)
		status = output_open(name, true, diag, &to);
	if (status == NESCSIM_OK && (file = fopencookie(to, "w", functions)) == NULL)
		status = NESCSIM_NO_MEMORY;
	if (status == NESCSIM_OK)
		status = write_all(&self, file);
	if (file != NULL && fclose(file) != 0 && status == NESCSIM_OK)
		status = NESCSIM_IO;
	status = output_end(to, status);
out:
	free(name);
	forget_rates(&self);
	forget_joint(&self);
	for (size_t i = 0; i < self.num_summary; i++)
		free(self.summary[i]);
	for (size_t i = 0; i < self.num_rates; i++)
		free(self.rates[i]);
	free(self.summary);
	free(self.rates);
	free(self.found);
	free(self.joint);
	return status;
}
