#include "plot/measure.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

int plot_compare_points(const void *one, const void *other)
{
	const plot_point *a = one, *b = other;

	return (a->x > b->x) - (a->x < b->x);
}

void plot_set_styles(const plot_selection *self, plot_panel *panel)
{
	static const char *const schemes[] = {
#define X(name) #name,
#include "stacks/stacks.def"
#undef X
	};
	const size_t num_schemes = sizeof(schemes) / sizeof(schemes[0]);
	const bool is_scheme = self->by.num == 1 && strcmp(self->table->columns[self->by.at[0]], "scheme") == 0;

	for (size_t i = 0; i < panel->num_series; i++) {
		size_t at = 0;

		while (is_scheme && at < num_schemes && strcmp(schemes[at], panel->series[i].label) != 0)
			at++;
		/* Schemes of another version come behind those of this one. */
		panel->series[i].style = !is_scheme ? i : at < num_schemes ? at : num_schemes + i;
	}
}

/* More of it is better. Utilisation is not among them: busier is neither. */
static bool is_better_more(const char *column)
{
	static const char end[] = "_MBps";
	const size_t num_bytes = strlen(column);

	return strcmp(column, "iops") == 0 || strstr(column, "hit_rate") != NULL ||
	       (num_bytes > strlen(end) && strcmp(column + num_bytes - strlen(end), end) == 0);
}

nescsim_status plot_speed_up(const plot_selection *self, size_t y, bool has_places, plot_panel *panel)
{
	const plot_series *reference = &panel->series[0];
	size_t num_series = 1;
	const bool inverts = is_better_more(self->table->columns[self->y[y].at[0]]);

	if (panel->num_series < 2)
		return plot_complain(self, NULL, "a speed-up needs two schemes, and there is one");
	for (size_t i = 1; i < panel->num_series; i++) {
		plot_series *series = &panel->series[i];
		size_t num_kept = 0, num_ratios = 0;

		for (size_t j = 0; j < series->num_points; j++) {
			plot_point point = series->points[j];
			size_t k = 0;

			while (k < reference->num_points && reference->points[k].x != point.x)
				k++;
			if (k == reference->num_points)
				continue; /* nothing to compare with */
			point.y = inverts ? point.y / reference->points[k].y : reference->points[k].y / point.y;
			/* Over 0 there is no ratio. A bar leaves its place empty, a line goes on without the point. */
			if (isfinite(point.y))
				num_ratios++;
			else if (has_places)
				point.y = NAN;
			else
				continue;
			point.low = point.high = point.y;
			series->points[num_kept++] = point;
		}
		series->num_points = num_kept;
		if (num_ratios != 0)
			panel->series[num_series++] = *series;
	}
	panel->y_title = plot_print(self->memory, "speed-up over %s", reference->label);
	/* Beside another one it must say of what: "mean latency, µs" without its unit. */
	if (panel->y_title != NULL && self->num_y > 1) {
		char buffer[PLOT_TITLE_BYTES];
		const char *title = plot_column_title(self->table->columns[self->y[y].at[0]], buffer);

		panel->y_title = plot_print(self->memory, "%s (%.*s)", panel->y_title, (int)strcspn(title, ","), title);
	}
	panel->series++;
	panel->num_series = num_series - 1;
	return panel->y_title == NULL ? NESCSIM_NO_MEMORY : NESCSIM_OK;
}

static double sum_at(const plot_panel *panel, size_t category)
{
	double sum = 0;

	for (size_t i = 0; i < panel->num_series; i++)
		sum += isnan(panel->series[i].points[category].y) ? 0 : panel->series[i].points[category].y;
	return sum;
}

static size_t stage_index(const char *name)
{
	static const char *const stages[] = {
#define STAGE(symbol, name, help) #name,
#include "base/stages.def"
#undef STAGE
	};
	size_t i = 0;

	while (i < sizeof(stages) / sizeof(stages[0]) && strcmp(stages[i], name) != 0)
		i++;
	return i;
}

void plot_order_by_life(plot_panel *panel)
{
	for (size_t i = 1; i < panel->num_series; i++) {
		const plot_series moved = panel->series[i];
		size_t to = i;

		for (; to > 0 && stage_index(panel->series[to - 1].label) > stage_index(moved.label); to--)
			panel->series[to] = panel->series[to - 1];
		panel->series[to] = moved;
	}
}

/* Is the series at least this share of some pile, in percent? */
static bool reaches(const plot_panel *panel, const plot_series *series, double percent)
{
	for (size_t i = 0; i < series->num_points; i++)
		if (series->points[i].y > 0 && series->points[i].y * 100 >= percent * sum_at(panel, i))
			return true;
	return false;
}

void plot_sum_up_small(const plot_figure *figure, plot_panel *panel, size_t num_categories)
{
	plot_series others = { .num_points = 0 };
	plot_series *shown[PLOT_MAX_SERIES];
	size_t num_shown = 0, num_kept = 0, num_small = 0;
	bool is_small[PLOT_MAX_SERIES];

	for (size_t i = 0; i < panel->num_series; i++) {
		if (!reaches(panel, &panel->series[i], 0))
			continue;
		is_small[num_shown] = !reaches(panel, &panel->series[i], figure->least);
		num_small += is_small[num_shown];
		shown[num_shown++] = &panel->series[i];
	}
	for (size_t i = 0; i < num_shown; i++) {
		plot_series *series = shown[i];

		if (!is_small[i] || num_small < 2) {
			panel->series[num_kept++] = *series;
			continue;
		}
		for (size_t j = 0; others.num_points != 0 && j < num_categories; j++)
			if (!isnan(series->points[j].y))
				others.points[j].y =
					series->points[j].y + (isnan(others.points[j].y) ? 0 : others.points[j].y);
		if (others.num_points == 0)
			others = *series;
	}
	if (others.num_points != 0) {
		others.label = "others";
		panel->series[num_kept++] = others;
	}
	panel->num_series = num_kept;
}

void plot_take_shares(plot_panel *panel, size_t num_categories)
{
	for (size_t j = 0; j < num_categories; j++) {
		const double sum = sum_at(panel, j);

		for (size_t i = 0; i < panel->num_series; i++)
			panel->series[i].points[j].y *= sum > 0 ? 100 / sum : 0;
	}
}

nescsim_status plot_add_jain(const plot_selection *self, plot_panel *panel)
{
	for (size_t i = 0; i < panel->num_series; i++) {
		plot_series *series = &panel->series[i];
		double sum = 0, squares = 0;

		for (size_t j = 0; j < series->num_points; j++) {
			sum += series->points[j].y;
			squares += series->points[j].y * series->points[j].y;
		}
		if (squares > 0)
			series->label = plot_print(self->memory, "%s (%.3f)", series->label,
						   sum * sum / ((double)series->num_points * squares));
		if (series->label == NULL)
			return NESCSIM_NO_MEMORY;
	}
	return NESCSIM_OK;
}

nescsim_status plot_accumulate(const plot_selection *self, plot_series *series, bool is_tail)
{
	plot_point *points = arena_alloc(self->memory, 2 * series->num_points * sizeof(*points));
	double total = 0, sum = 0;
	size_t num_points = 0;

	if (points == NULL)
		return NESCSIM_NO_MEMORY;
	qsort(series->points, series->num_points, sizeof(*points), plot_compare_points);
	for (size_t i = 0; i < series->num_points; i++)
		total += series->points[i].y;
	for (size_t i = 0; i < series->num_points; i++) {
		const double x = series->points[i].x;

		points[num_points++] = (plot_point){ .x = x, .y = 100 * (is_tail ? total - sum : sum) / total };
		sum += series->points[i].y;
		while (i + 1 < series->num_points && series->points[i + 1].x == x)
			sum += series->points[++i].y;
		/* No logarithm of nothing: the tail ends at the last request. */
		if (!is_tail || sum < total)
			points[num_points++] = (plot_point){ .x = x, .y = 100 * (is_tail ? total - sum : sum) / total };
	}
	series->points = points;
	series->num_points = num_points;
	return NESCSIM_OK;
}
