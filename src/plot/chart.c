#include "plot/chart.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "plot/measure.h"
#include "plot/selection.h"

#define LOG_FROM 20    /* values that span this factor are drawn on a logarithmic axis */
#define LOG_AT_LEAST 4 /* and those that span less than this are not */

/* ---- values ----------------------------------------------------------------------------------------------------- */

/* The sum of a row's cells. *is_there_out is false where one is empty: undefined. */
static nescsim_status value_of(const plot_selection *self, size_t row, const plot_columns *sum, double *value_out,
			       bool *is_there_out)
{
	*value_out = 0;
	*is_there_out = true;
	for (size_t i = 0; i < sum->num; i++) {
		const char *text = plot_selected(self, row, sum->at[i]);
		plot_unit unit;
		double value;

		if (*text == '\0') {
			*is_there_out = false;
		} else if (!plot_number(text, &value, &unit)) {
			return plot_complain(self, NULL, "the column '%s' holds no numbers: '%s'",
					     self->table->columns[sum->at[i]], text);
		} else {
			*value_out += value;
		}
	}
	return NESCSIM_OK;
}

/* Is every x a number, and of what? */
static bool x_is_number(const plot_selection *self, plot_unit *unit_out)
{
	const char *name;
	plot_unit unit = PLOT_PLAIN;
	bool is_zero = true;

	if (self->x == PLOT_NO_COLUMN)
		return false;
	name = self->table->columns[self->x];
	for (size_t i = 0; i < self->num_rows; i++) {
		const char *text = plot_selected(self, self->rows[i], self->x);
		plot_unit one;
		double value;

		if (*text == '\0')
			continue;
		if (!plot_number(text, &value, &one))
			return false;
		/* A zero needs no unit. */
		if (value == 0 && one == PLOT_PLAIN)
			continue;
		if (!is_zero && one != unit)
			return false;
		unit = one;
		is_zero = false;
	}
	if (unit == PLOT_PLAIN && strlen(name) > 6 && strcmp(name + strlen(name) - 6, "_bytes") == 0)
		unit = PLOT_BYTES;
	*unit_out = unit;
	return true;
}

/* ---- series ----------------------------------------------------------------------------------------------------- */

/* A series under way: its rows have the same values as `row`. */
typedef struct draft {
	size_t row;
	size_t y; /* which, where each is a series of its own; else 0 */
	size_t max_points;
} draft;

/* Last parts of keys that say little alone. */
static bool is_plain(const char *name)
{
	static const char *const plain[] = { "kind", "count", "bytes", "file", "policy" };

	for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]); i++)
		if (strcmp(plain[i], name) == 0)
			return true;
	return false;
}

/* The last part of a parameter's key: "entries"; the last two ("walker.count"), where the last says little or another one ends
 * in the same. */
static const char *short_key(const plot_selection *self, size_t column)
{
	const char *name = self->table->columns[column], *dot = strrchr(name, '.');

	if (dot == NULL)
		return name;
	for (size_t i = 0; i < self->by.num; i++) {
		const char *other = strrchr(self->table->columns[self->by.at[i]], '.');

		if (!is_plain(dot + 1) && (self->by.at[i] == column || other == NULL || strcmp(other, dot) != 0))
			continue;
		while (dot > name && dot[-1] != '.')
			dot--;
		return dot;
	}
	return dot + 1;
}

/* Must it be said which column of `by` a value is of? Of those that the figure does not expect, and of numbers. */
static bool is_named(const plot_selection *self, size_t index, size_t row)
{
	const size_t column = self->by.at[index];
	plot_unit unit;
	double number;

	return strcmp(self->table->columns[column], "scheme") != 0 &&
	       (index >= self->num_expected || plot_number(plot_selected(self, row, column), &number, &unit));
}

/* "nesc", or "nesc, entries=8". */
static const char *series_label(const plot_selection *self, size_t row, size_t y)
{
	const char *y_name = self->figure->y_names[y];
	text_buffer text = TEXT_EMPTY;
	const char *copy;

	text_add(&text, "%s", y_name != NULL ? y_name : "");
	for (size_t i = 0; i < self->by.num; i++) {
		const size_t column = self->by.at[i];

		text_add(&text, "%s", i == 0 && y_name == NULL ? "" : ", ");
		if (is_named(self, i, row))
			text_add(&text, "%s=", short_key(self, column));
		text_add(&text, "%s", plot_selected(self, row, column));
	}
	copy = plot_print(self->memory, "%s", text_get(&text));
	if (!text_ok(&text))
		self->memory->failed = true;
	text_free(&text);
	return copy;
}

static bool same_series(const plot_selection *self, size_t one, size_t other)
{
	for (size_t i = 0; i < self->by.num; i++)
		if (strcmp(plot_selected(self, one, self->by.at[i]), plot_selected(self, other, self->by.at[i])) != 0)
			return false;
	return true;
}

static nescsim_status add_point(const plot_selection *self, plot_series *series, draft *of, plot_point point)
{
	if (series->num_points == of->max_points) {
		const size_t max_points = of->max_points == 0 ? 16 : 2 * of->max_points;
		plot_point *points = arena_alloc(self->memory, max_points * sizeof(*points));

		if (points == NULL)
			return NESCSIM_NO_MEMORY;
		if (series->num_points != 0)
			memcpy(points, series->points, series->num_points * sizeof(*points));
		series->points = points;
		of->max_points = max_points;
	}
	series->points[series->num_points++] = point;
	return NESCSIM_OK;
}

/* The series of a row, made if it is new. */
static nescsim_status series_of(const plot_selection *self, plot_panel *panel, draft *drafts, size_t row, size_t y,
				size_t *index_out)
{
	size_t i = 0;

	while (i < panel->num_series && (drafts[i].y != y || !same_series(self, drafts[i].row, row)))
		i++;
	*index_out = i;
	if (i < panel->num_series)
		return NESCSIM_OK;
	if (i == PLOT_MAX_SERIES)
		return plot_complain(self, "--where COLUMN=VALUE takes some of them, --by COLUMN puts others together",
				     "more than %d lines or bars are not told apart", PLOT_MAX_SERIES);
	drafts[i] = (draft){ .row = row, .y = y };
	panel->series[i] = (plot_series){ .label = series_label(self, row, y), .row = row };
	panel->num_series++;
	return panel->series[i].label == NULL ? NESCSIM_NO_MEMORY : NESCSIM_OK;
}

/* A point stands for all of these: are two of them of the same repeat? */
static bool has_mixture(const plot_selection *self, const plot_point *points, size_t num)
{
	for (size_t i = 1; i < num; i++)
		for (size_t j = 0; j < i; j++)
			if (!plot_is_another_repeat(self, points[i].row, points[j].row))
				return true;
	return false;
}

/* Sorted by x, those of the same x made one. */
static void merge_points(const plot_selection *self, plot_chart *chart, plot_series *series)
{
	size_t num_points = 0;

	/* A few equal ones, whose order does not matter: mean, least and most are made of them. */
	qsort(series->points, series->num_points, sizeof(*series->points), plot_compare_points);
	for (size_t i = 0; i < series->num_points;) {
		plot_point merged = series->points[i];
		double sum = 0;
		size_t num = 0;

		for (; i < series->num_points && series->points[i].x == merged.x; i++, num++) {
			sum += series->points[i].y;
			merged.low = fmin(merged.low, series->points[i].y);
			merged.high = fmax(merged.high, series->points[i].y);
		}
		merged.y = num == 1 ? merged.y : sum / (double)num;
		chart->has_spans = chart->has_spans || num > 1;
		chart->has_mixture = chart->has_mixture || has_mixture(self, &series->points[i - num], num);
		series->points[num_points++] = merged;
	}
	series->num_points = num_points;
}

/* One point per category, NAN where there is none. */
static nescsim_status fill_categories(const plot_selection *self, const plot_chart *chart, plot_series *series)
{
	plot_point *points = arena_alloc(self->memory, chart->num_categories * sizeof(*points));
	size_t next = 0;

	if (points == NULL)
		return NESCSIM_NO_MEMORY;
	for (size_t i = 0; i < chart->num_categories; i++) {
		if (next < series->num_points && series->points[next].x == (double)i)
			points[i] = series->points[next++];
		else
			points[i] = (plot_point){ .x = (double)i, .y = NAN, .low = NAN, .high = NAN };
	}
	series->points = points;
	series->num_points = chart->num_categories;
	return NESCSIM_OK;
}

/* Points in the order of `along`, which stands beside each, those of the same `along` made one: x is a result, which need not
 * rise and differs between repeats. */
static nescsim_status order_along(const plot_selection *self, plot_chart *chart, plot_series *series)
{
	plot_point *points = arena_alloc(self->memory, series->num_points * sizeof(*points));
	size_t num_points = 0;

	if (points == NULL)
		return NESCSIM_NO_MEMORY;
	/* What stood in x until now is `along`; the real x is in `high`. */
	qsort(series->points, series->num_points, sizeof(*points), plot_compare_points);
	for (size_t i = 0; i < series->num_points;) {
		const plot_point first = series->points[i];
		plot_point merged = { .low = first.y, .high = first.y, .beside = first.beside };
		size_t num = 0;

		for (; i < series->num_points && series->points[i].x == first.x; i++, num++) {
			const plot_point *point = &series->points[i];

			merged.x += point->high;
			merged.y += point->y;
			merged.low = fmin(merged.low, point->y);
			merged.high = fmax(merged.high, point->y);
		}
		merged.x /= (double)num;
		merged.y /= (double)num;
		chart->has_spans = chart->has_spans || num > 1;
		chart->has_mixture = chart->has_mixture || has_mixture(self, &series->points[i - num], num);
		points[num_points++] = merged;
	}
	series->points = points;
	series->num_points = num_points;
	return NESCSIM_OK;
}

/* The index of a category, made if it is new. */
static nescsim_status category_of(const plot_selection *self, plot_chart *chart, const char **categories,
				  const char *text, size_t *index_out)
{
	size_t i = 0;

	while (i < chart->num_categories && strcmp(categories[i], text) != 0)
		i++;
	*index_out = i;
	if (i < chart->num_categories)
		return NESCSIM_OK;
	if (i == PLOT_MAX_CATEGORIES)
		return plot_complain(self, "--where COLUMN=VALUE takes some of them",
				     "more than %d places beside each other", PLOT_MAX_CATEGORIES);
	categories[chart->num_categories++] = text;
	return NESCSIM_OK;
}

/* A row's point: x, and what is beside it. */
static nescsim_status place_point(const plot_selection *self, plot_chart *chart, const char **categories, size_t row,
				  plot_point *point, bool *is_there)
{
	const plot_columns x = { .at = { self->x }, .num = 1 }, along = { .at = { self->along }, .num = 1 };
	nescsim_status status;
	size_t index;

	if (chart->categories != NULL) {
		status = category_of(self, chart, categories, plot_selected(self, row, self->x), &index);
		point->x = (double)index;
		return status;
	}
	status = value_of(self, row, &x, &point->x, is_there);
	if (status == NESCSIM_OK && *is_there && self->along != PLOT_NO_COLUMN) {
		point->high = point->x;
		point->beside = plot_selected(self, row, self->along);
		status = value_of(self, row, &along, &point->x, is_there);
	}
	return status;
}

/* Fills a panel with the rows whose panel column has this value (NULL: all), one of y's drawn. Where every y is an x of its
 * own, all of them are. */
static nescsim_status fill_panel(const plot_selection *self, plot_chart *chart, plot_panel *panel, const char *value,
				 size_t y, const char **categories)
{
	const bool melts = self->x == PLOT_NO_COLUMN, together = self->figure->y_names[0] != NULL;
	draft drafts[PLOT_MAX_SERIES];
	nescsim_status status = NESCSIM_OK;

	panel->series = arena_alloc(self->memory, PLOT_MAX_SERIES * sizeof(*panel->series));
	if (panel->series == NULL)
		return NESCSIM_NO_MEMORY;
	for (size_t i = 0; status == NESCSIM_OK && i < self->num_rows; i++) {
		const size_t row = self->rows[i];
		const bool all = melts || together;
		const size_t first_y = all ? 0 : y, end_y = all ? self->num_y : y + 1;

		if (value != NULL && strcmp(plot_selected(self, row, self->panel), value) != 0)
			continue;
		for (size_t j = first_y; status == NESCSIM_OK && j < end_y; j++) {
			plot_point point = { .x = (double)j, .row = row };
			bool is_there = false;
			size_t index = 0;

			status = series_of(self, panel, drafts, row, together ? j : 0, &index);
			if (status == NESCSIM_OK)
				status = value_of(self, row, &self->y[j], &point.y, &is_there);
			point.low = point.high = point.y;
			if (status == NESCSIM_OK && is_there && !melts)
				status = place_point(self, chart, categories, row, &point, &is_there);
			if (status == NESCSIM_OK && is_there)
				status = add_point(self, &panel->series[index], &drafts[index], point);
		}
	}
	return status;
}

/* ---- putting it together ----------------------------------------------------------------------------------------- */

/* Is everything above 0, and the most so many times the least? */
static bool spans(const plot_panel *panels, size_t num_panels, bool of_x, double factor)
{
	double least = INFINITY, most = 0;

	for (size_t i = 0; i < num_panels; i++) {
		for (size_t j = 0; j < panels[i].num_series; j++) {
			for (size_t k = 0; k < panels[i].series[j].num_points; k++) {
				const plot_point *point = &panels[i].series[j].points[k];
				const double value = of_x ? point->x : point->y;

				if (!isnan(value)) {
					least = fmin(least, value);
					most = fmax(most, value);
				}
			}
		}
	}
	return least > 0 && most >= factor * least;
}

/* On a logarithmic axis, values that are close together would have hardly a number beside them. */
static bool is_logarithmic(plot_scale scale, const plot_panel *panels, size_t num_panels, bool of_x,
			   double least_factor)
{
	return scale != PLOT_LINEAR && spans(panels, num_panels, of_x, scale == PLOT_LOG ? least_factor : LOG_FROM);
}

/* The points are in: brings them into the shape of the chart's kind. */
static nescsim_status finish_panel(const plot_selection *self, plot_chart *chart, plot_panel *panel)
{
	nescsim_status status = NESCSIM_OK;
	size_t num_kept = 0;

	for (size_t i = 0; status == NESCSIM_OK && i < panel->num_series; i++) {
		plot_series *series = &panel->series[i];

		if (series->num_points == 0)
			continue;
		if (chart->kind == PLOT_CDF)
			status = plot_accumulate(self, series, panel->y_is_log);
		else if (self->along != PLOT_NO_COLUMN)
			status = order_along(self, chart, series);
		else
			merge_points(self, chart, series);
		if (status == NESCSIM_OK && chart->categories != NULL)
			status = fill_categories(self, chart, series);
		panel->series[num_kept++] = *series;
	}
	panel->num_series = num_kept;
	if (status != NESCSIM_OK || num_kept == 0)
		return status;
	plot_set_styles(self, panel);
	if (panel->measure == PLOT_SPEED_UP)
		status = plot_speed_up(self, panel->y_index, chart->categories != NULL, panel);
	if (status == NESCSIM_OK && self->figure->has_jain)
		status = plot_add_jain(self, panel);
	if (chart->kind == PLOT_STACK) {
		if (self->by.num == 1 && strcmp(self->table->columns[self->by.at[0]], "stage") == 0)
			plot_order_by_life(panel);
		plot_sum_up_small(self->figure, panel, chart->num_categories);
	}
	if (chart->kind == PLOT_STACK)
		for (size_t i = 0; i < panel->num_series; i++)
			panel->series[i].style = i;
	if (panel->measure == PLOT_SHARE)
		plot_take_shares(panel);
	return status;
}

/* Bars that are small in all series are left out. */
static void drop_small_categories(const plot_selection *self, plot_chart *chart, const char **categories)
{
	size_t num_kept = 0;

	for (size_t at = 0; at < chart->num_categories; at++) {
		bool is_small = true;

		for (size_t i = 0; i < chart->num_panels; i++)
			for (size_t j = 0; j < chart->panels[i].num_series; j++)
				if (chart->panels[i].series[j].points[at].y >= self->figure->least)
					is_small = false;
		if (is_small)
			continue;
		categories[num_kept] = categories[at];
		for (size_t i = 0; i < chart->num_panels; i++) {
			for (size_t j = 0; j < chart->panels[i].num_series; j++) {
				plot_point *points = chart->panels[i].series[j].points;

				points[num_kept] = points[at];
				points[num_kept].x = (double)num_kept;
			}
		}
		num_kept++;
	}
	if (num_kept == 0)
		return;
	chart->num_categories = num_kept;
	for (size_t i = 0; i < chart->num_panels; i++)
		for (size_t j = 0; j < chart->panels[i].num_series; j++)
			chart->panels[i].series[j].num_points = num_kept;
}

/* "mean latency, µs"; of a sum "service mean + wait mean, µs", with the unit of the first. */
static const char *title_of_y(const plot_selection *self, const plot_columns *sum)
{
	char buffer[PLOT_TITLE_BYTES];
	const char *title = plot_column_title(self->table->columns[sum->at[0]], buffer);
	const char *unit = plot_print(self->memory, "%s", title + strcspn(title, ","));
	const char *text = plot_print(self->memory, "%.*s", (int)strcspn(title, ","), title);

	for (size_t i = 1; text != NULL && i < sum->num; i++) {
		title = plot_column_title(self->table->columns[sum->at[i]], buffer);
		text = plot_print(self->memory, "%s + %.*s", text, (int)strcspn(title, ","), title);
	}
	return text == NULL || unit == NULL ? NULL : plot_print(self->memory, "%s%s", text, unit);
}

/* The panels: each value of the panel column, and each y. */
static nescsim_status make_panels(const plot_selection *self, plot_chart *chart, const char **categories)
{
	const bool melts = self->x == PLOT_NO_COLUMN, is_cdf = chart->kind == PLOT_CDF;
	/* A distribution has two: all of it, and its tail. */
	const size_t num_y = melts || self->figure->y_names[0] != NULL ? 1 : is_cdf ? 2 : self->num_y;
	size_t values[PLOT_MAX_PANELS], num_values = 0; /* rows that have them */
	nescsim_status status = NESCSIM_OK;

	for (size_t i = 0; self->panel != PLOT_NO_COLUMN && i < self->num_rows; i++) {
		size_t known = 0;

		while (known < num_values && strcmp(plot_selected(self, values[known], self->panel),
						    plot_selected(self, self->rows[i], self->panel)) != 0)
			known++;
		if (known == PLOT_MAX_PANELS)
			return plot_complain(self, "--where COLUMN=VALUE takes some of them", "more than %d panels",
					     PLOT_MAX_PANELS);
		if (known == num_values)
			values[num_values++] = self->rows[i];
	}
	if ((num_values != 0 ? num_values : 1) * num_y > PLOT_MAX_PANELS)
		return plot_complain(self, "--where COLUMN=VALUE takes some of them", "more than %d panels",
				     PLOT_MAX_PANELS);
	for (size_t i = 0; status == NESCSIM_OK && i < (num_values != 0 ? num_values : 1); i++) {
		const char *value = num_values != 0 ? plot_selected(self, values[i], self->panel) : NULL;

		for (size_t j = 0; status == NESCSIM_OK && j < num_y; j++) {
			const size_t y = is_cdf ? 0 : j;
			plot_panel *panel = &chart->panels[chart->num_panels];

			*panel = (plot_panel){ .title = value != NULL ? value : "",
					       .measure = self->measure[j],
					       .y_index = y };
			panel->y_is_log = is_cdf && j == 1;
			if (is_cdf)
				panel->y_title =
					j == 0 ? "requests up to this latency, %" : "requests above this latency, %";
			else if (panel->measure == PLOT_SHARE)
				panel->y_title = "share, %";
			else if (self->figure->y_title != NULL)
				panel->y_title = self->figure->y_title;
			else
				panel->y_title = title_of_y(self, &self->y[j]);
			if (panel->y_title == NULL)
				return NESCSIM_NO_MEMORY;
			status = fill_panel(self, chart, panel, value, y, categories);
			chart->num_panels++;
		}
	}
	for (size_t i = 0; status == NESCSIM_OK && i < chart->num_panels; i++)
		status = finish_panel(self, chart, &chart->panels[i]);
	num_values = chart->num_panels;
	chart->num_panels = 0;
	for (size_t i = 0; i < num_values; i++)
		if (chart->panels[i].num_series != 0)
			chart->panels[chart->num_panels++] = chart->panels[i];
	return status;
}

static nescsim_status name_axes(const plot_selection *self, plot_chart *chart)
{
	static const char *const units[] = { [PLOT_US] = ", µs", [PLOT_MBPS] = ", MB/s", [PLOT_MHZ] = ", MHz" };
	char buffer[PLOT_TITLE_BYTES];
	const char *unit = chart->x_unit < sizeof(units) / sizeof(units[0]) ? units[chart->x_unit] : NULL;

	/* The length of a bar says something from 0 on only. */
	const plot_scale y_scale = chart->kind == PLOT_BARS && self->figure->y_scale == PLOT_SCALE_AUTO
					   ? PLOT_LINEAR
					   : self->figure->y_scale;

	chart->x_title = self->figure->x_title;
	if (chart->x_title == NULL && self->x == PLOT_NO_COLUMN)
		chart->x_title = "";
	if (chart->x_title == NULL)
		chart->x_title =
			plot_print(self->memory, "%s%s", plot_column_title(self->table->columns[self->x], buffer),
				   unit != NULL ? unit : "");
	chart->x_is_log =
		chart->categories == NULL && is_logarithmic(self->figure->x_scale, chart->panels, chart->num_panels,
							    true, chart->kind == PLOT_LINES ? 2 : LOG_AT_LEAST);
	for (size_t i = 0; i < chart->num_panels; i++) {
		plot_panel *panel = &chart->panels[i];
		/* Panels of the same y have the same scale. */
		const bool share = self->num_y == 1 && chart->kind != PLOT_CDF;

		if (chart->kind != PLOT_CDF && chart->kind != PLOT_STACK)
			panel->y_is_log = is_logarithmic(y_scale, share ? chart->panels : panel,
							 share ? chart->num_panels : 1, false, LOG_AT_LEAST);
	}
	return chart->x_title == NULL ? NESCSIM_NO_MEMORY : NESCSIM_OK;
}

/* How many different x (or, where points are joined along something, of that) there are. */
static size_t count_xs(const plot_chart *chart)
{
	size_t most = 0;

	for (size_t i = 0; i < chart->num_panels; i++)
		for (size_t j = 0; j < chart->panels[i].num_series; j++)
			if (chart->panels[i].series[j].num_points > most)
				most = chart->panels[i].series[j].num_points;
	return most;
}

nescsim_status plot_chart_make(const plot_figure *figure, const char *const *where, size_t num_where,
			       const plot_table *table, arena *memory, nescsim_diag *diag, plot_chart *chart_out)
{
	plot_selection self;
	plot_chart chart = { .name = figure->name, .help = figure->help, .title = figure->title, .kind = figure->kind };
	const char **categories = arena_alloc(memory, PLOT_MAX_CATEGORIES * sizeof(*categories));
	size_t num_drawn = 0;
	nescsim_status status = categories == NULL ? NESCSIM_NO_MEMORY : NESCSIM_OK;

	if (status == NESCSIM_OK)
		status = plot_select(figure, where, num_where, table, memory, diag, &self);
	if (status != NESCSIM_OK)
		return status;
	if (!x_is_number(&self, &chart.x_unit)) {
		if (chart.kind == PLOT_LINES || chart.kind == PLOT_POINTS || chart.kind == PLOT_CDF)
			return plot_complain(&self, "lines need numbers of one unit",
					     "the column '%s' holds other things than numbers", table->columns[self.x]);
		chart.categories = categories;
	} else if (chart.kind == PLOT_BARS || chart.kind == PLOT_STACK) {
		chart.categories = categories;
	}
	if (chart.kind == PLOT_AUTO)
		chart.kind = chart.categories != NULL ? PLOT_BARS : PLOT_LINES;
	for (size_t i = 0; self.x == PLOT_NO_COLUMN && i < self.num_y; i++)
		categories[chart.num_categories++] = plot_column_short(table->columns[self.y[i].at[0]]);
	status = make_panels(&self, &chart, categories);
	if (status == NESCSIM_OK && chart.kind == PLOT_BARS && figure->least > 0)
		drop_small_categories(&self, &chart, categories);
	for (size_t i = 0; status == NESCSIM_OK && i < chart.num_panels; i++)
		num_drawn += chart.panels[i].num_series;
	if (status == NESCSIM_OK && num_drawn == 0)
		status = plot_complain(&self, NULL, "the rows have no values to draw");
	if (status == NESCSIM_OK && count_xs(&chart) < figure->min_xs)
		status = plot_complain(&self, NULL, "'%s' needs more than one value of '%s'", figure->name,
				       table->columns[self.along != PLOT_NO_COLUMN ? self.along : self.x]);
	if (status == NESCSIM_OK)
		status = name_axes(&self, &chart);
	if (status == NESCSIM_OK && memory->failed)
		status = NESCSIM_NO_MEMORY;
	*chart_out = chart;
	return status;
}
