#include "plot/measure.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

int plot_compare_points(const void *one, const void *other)
{
	const plot_point *a = one, *b = other;

	return (a->x > b->x) - (a->x < b->x);
}

static bool has_column(const plot_columns *list, size_t column)
{
	for (size_t i = 0; i < list->num; i++)
		if (list->at[i] == column)
			return true;
	return false;
}

static bool differ(const plot_selection *self, const plot_panel *panel, size_t column)
{
	for (size_t i = 1; i < panel->num_series; i++)
		if (strcmp(plot_selected(self, panel->series[i].row, column),
			   plot_selected(self, panel->series[0].row, column)) != 0)
			return true;
	return false;
}

void plot_set_styles(const plot_selection *self, plot_panel *panel)
{
	static const char *const schemes[] = {
#define X(name) #name,
#include "stacks/stacks.def"
#undef X
	};
	const size_t num_schemes = sizeof(schemes) / sizeof(schemes[0]);
	const size_t scheme = plot_column(self->table, "scheme");
	const bool by_scheme = scheme != PLOT_NO_COLUMN && has_column(&self->by, scheme) &&
			       (self->by.num == 1 || differ(self, panel, scheme));

	for (size_t i = 0; i < panel->num_series; i++) {
		const char *name = by_scheme ? plot_selected(self, panel->series[i].row, scheme) : "";
		size_t at = 0, round = 0;

		while (by_scheme && at < num_schemes && strcmp(schemes[at], name) != 0)
			at++;
		for (size_t j = 0; by_scheme && j < i; j++)
			round += strcmp(plot_selected(self, panel->series[j].row, scheme), name) == 0;
		/* Schemes of another version come behind those of this one. */
		panel->series[i].style = !by_scheme         ? i
					 : at < num_schemes ? at + round * PLOT_NUM_STYLES
							    : num_schemes + i;
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

/* The column of `by` that says what is compared: the scheme, or the first. PLOT_NO_COLUMN: there is none. */
static size_t compared_column(const plot_selection *self)
{
	const size_t scheme = plot_column(self->table, "scheme");

	if (scheme != PLOT_NO_COLUMN && has_column(&self->by, scheme))
		return scheme;
	return self->by.num != 0 ? self->by.at[0] : PLOT_NO_COLUMN;
}

static bool same_cell(const plot_selection *self, const plot_series *one, const plot_series *other, size_t column)
{
	return strcmp(plot_selected(self, one->row, column), plot_selected(self, other->row, column)) == 0;
}

/* The one of the first scheme that is like `series` in all else; NULL when there is none. */
static const plot_series *reference_of(const plot_selection *self, const plot_series *all, size_t num_all,
				       const plot_series *series, size_t compared)
{
	for (size_t i = 0; i < num_all; i++) {
		bool is_like = same_cell(self, &all[i], &all[0], compared);

		for (size_t j = 0; is_like && j < self->by.num; j++)
			is_like = self->by.at[j] == compared || same_cell(self, &all[i], series, self->by.at[j]);
		if (is_like)
			return &all[i];
	}
	return NULL;
}

/* Keeps the ratios that there are. A bar leaves its place empty where there is none, a line goes on without the point. */
static size_t take_ratios(const plot_series *reference, bool inverts, bool has_places, plot_series *series)
{
	size_t num_kept = 0, num_ratios = 0;

	for (size_t j = 0; j < series->num_points; j++) {
		plot_point point = series->points[j];
		size_t k = 0;

		while (k < reference->num_points && reference->points[k].x != point.x)
			k++;
		if (k == reference->num_points)
			continue; /* nothing to compare with */
		point.y = inverts ? point.y / reference->points[k].y : reference->points[k].y / point.y;
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
	return num_ratios;
}

nescsim_status plot_speed_up(const plot_selection *self, size_t y, bool has_places, plot_panel *panel)
{
	const bool inverts = is_better_more(self->table->columns[self->y[y].at[0]]);
	const size_t compared = compared_column(self);
	plot_series *all = arena_alloc(self->memory, (panel->num_series + 1) * sizeof(*all));
	bool has_others = false;
	size_t num_kept = 0;

	if (all == NULL)
		return NESCSIM_NO_MEMORY;
	memcpy(all, panel->series, panel->num_series * sizeof(*all));
	for (size_t i = 0; compared != PLOT_NO_COLUMN && i < panel->num_series; i++) {
		const plot_series *reference = reference_of(self, all, panel->num_series, &all[i], compared);
		plot_series others = all[i];

		if (same_cell(self, &all[i], &all[0], compared))
			continue;
		has_others = true;
		if (reference != NULL && take_ratios(reference, inverts, has_places, &others) != 0)
			panel->series[num_kept++] = others;
	}
	if (!has_others)
		return plot_complain(self, NULL, "a speed-up needs two schemes, and there is one");
	panel->y_title = plot_print(self->memory, "speed-up over %s", plot_selected(self, all[0].row, compared));
	/* Beside another one it must say of what: "mean latency, µs" without its unit. */
	if (panel->y_title != NULL && self->num_y > 1) {
		char buffer[PLOT_TITLE_BYTES];
		const char *title = plot_column_title(self->table->columns[self->y[y].at[0]], buffer);

		panel->y_title = plot_print(self->memory, "%s (%.*s)", panel->y_title, (int)strcspn(title, ","), title);
	}
	panel->num_series = num_kept;
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

/* At the same x. */
static double sum_of_all(const plot_panel *panel, double x)
{
	double sum = 0;

	for (size_t i = 0; i < panel->num_series; i++)
		for (size_t j = 0; j < panel->series[i].num_points; j++)
			if (panel->series[i].points[j].x == x && !isnan(panel->series[i].points[j].y))
				sum += panel->series[i].points[j].y;
	return sum;
}

void plot_take_shares(plot_panel *panel)
{
	/* A point at a time: all that share its x, which each series has once, while none of them is a share yet. */
	for (size_t i = 0; i < panel->num_series; i++)
		for (size_t j = 0; j < panel->series[i].num_points; j++)
			panel->series[i].points[j].high = sum_of_all(panel, panel->series[i].points[j].x);
	for (size_t i = 0; i < panel->num_series; i++) {
		for (size_t j = 0; j < panel->series[i].num_points; j++) {
			plot_point *point = &panel->series[i].points[j];

			point->y *= point->high > 0 ? 100 / point->high : 0;
			point->low = point->high = point->y;
		}
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
