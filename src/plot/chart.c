#include "plot/chart.h"

#include <math.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

#define MAX_COLUMNS 16    /* of one kind: by, and what is added up */
#define MAX_CONDITIONS 32 /* of figure and user */
#define LOG_FROM 20       /* values that span this factor are drawn on a logarithmic axis */
#define LOG_AT_LEAST 4    /* and those that span less than this are not */

/* column = one of the values, or none of them. */
typedef struct condition {
	size_t column;
	bool is_not;
	const char *name, *values; /* "read|write" */
} condition;

typedef struct columns {
	size_t at[MAX_COLUMNS];
	size_t num;
} columns;

typedef struct maker {
	const plot_figure *figure;
	const plot_table *table;
	arena *memory;
	nescsim_diag *diag;
	condition conditions[MAX_CONDITIONS];
	size_t num_conditions;
	size_t x, panel, along; /* or PLOT_NO_COLUMN */
	columns y[PLOT_MAX_Y], by;
	size_t num_y;
	size_t *rows; /* that are drawn */
	size_t num_rows;
} maker;

__attribute__((format(printf, 3, 4))) static nescsim_status complain(const maker *self, const char *hint,
								     const char *format, ...)
{
	const diag_place place = { .file = self->table->file_name };
	char message[512];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(message, sizeof(message), format, arguments);
	va_end(arguments);
	return diag_add(self->diag, NESCSIM_ERROR, NESCSIM_USAGE, &place, hint, "%s", message);
}

static const char *cell(const maker *self, size_t row, size_t column)
{
	return plot_cell(self->table, row, column);
}

/* printf into the chart's memory; NULL when out of memory. */
__attribute__((format(printf, 2, 3))) static const char *print(arena *memory, const char *format, ...)
{
	text_buffer text = TEXT_EMPTY;
	const char *copy = NULL;
	va_list arguments;

	va_start(arguments, format);
	text_add_va(&text, format, arguments);
	va_end(arguments);
	if (text_ok(&text))
		copy = arena_copy(memory, text_get(&text), text.num_bytes);
	else
		memory->failed = true;
	text_free(&text);
	return copy;
}

/* ---- columns ---------------------------------------------------------------------------------------------------- */

static bool varies(const plot_table *table, size_t column)
{
	for (size_t row = 1; row < table->num_rows; row++)
		if (strcmp(plot_cell(table, row, column), plot_cell(table, 0, column)) != 0)
			return true;
	return false;
}

/* The part of a text up to a separator; *rest is moved behind it. */
static const char *next_part(const maker *self, const char **rest, const char *separators)
{
	const size_t num_bytes = strcspn(*rest, separators);
	const char *part = arena_copy(self->memory, *rest, num_bytes);

	*rest += num_bytes + ((*rest)[num_bytes] != '\0');
	return part;
}

/* "a|b": the first that is there and has more than one value; else the first that is there. */
static nescsim_status resolve(const maker *self, const char *names, size_t *column_out)
{
	size_t found = PLOT_NO_COLUMN;
	const char *first = NULL;

	for (const char *rest = names; *rest != '\0';) {
		const char *name = next_part(self, &rest, "|");
		size_t column;

		if (name == NULL)
			return NESCSIM_NO_MEMORY;
		first = first == NULL ? name : first;
		column = plot_find_column(self->table, name);
		if (column == PLOT_NO_COLUMN)
			continue;
		if (found == PLOT_NO_COLUMN || !varies(self->table, found))
			found = column;
	}
	*column_out = found;
	if (found == PLOT_NO_COLUMN &&
	    plot_need_column(self->table, first != NULL ? first : "", self->diag) == PLOT_NO_COLUMN)
		return NESCSIM_USAGE;
	return NESCSIM_OK;
}

/* Columns between separators; `list` may be NULL. */
static nescsim_status resolve_list(const maker *self, const char *list, const char *separator, columns *columns_out)
{
	nescsim_status status = NESCSIM_OK;

	columns_out->num = 0;
	while (status == NESCSIM_OK && list != NULL && *list != '\0') {
		const char *name = next_part(self, &list, separator);

		if (name == NULL)
			return NESCSIM_NO_MEMORY;
		/* The last places are for what is found to vary. */
		if (columns_out->num == MAX_COLUMNS / 2)
			return complain(self, NULL, "too many columns");
		status = resolve(self, name, &columns_out->at[columns_out->num]);
		columns_out->num++;
	}
	return status;
}

static bool has(const columns *list, size_t column)
{
	for (size_t i = 0; i < list->num; i++)
		if (list->at[i] == column)
			return true;
	return false;
}

static nescsim_status resolve_all(maker *self)
{
	const plot_figure *figure = self->figure;
	nescsim_status status = NESCSIM_OK;

	self->x = self->panel = self->along = PLOT_NO_COLUMN;
	if (figure->x != NULL)
		status = resolve(self, figure->x, &self->x);
	if (status == NESCSIM_OK && figure->panel != NULL)
		status = resolve(self, figure->panel, &self->panel);
	if (status == NESCSIM_OK && figure->along != NULL)
		status = resolve(self, figure->along, &self->along);
	if (status == NESCSIM_OK)
		status = resolve_list(self, figure->by, ",", &self->by);
	for (; status == NESCSIM_OK && self->num_y < PLOT_MAX_Y && figure->y[self->num_y] != NULL; self->num_y++)
		status = resolve_list(self, figure->y[self->num_y], "+", &self->y[self->num_y]);
	return status;
}

/* ---- rows ------------------------------------------------------------------------------------------------------- */

/* Is the text one of "a|b"? An empty list has one, the empty text. */
static bool is_one_of(const char *text, const char *values)
{
	const size_t text_bytes = strlen(text);

	for (;;) {
		const size_t num_bytes = strcspn(values, "|");

		if (num_bytes == text_bytes && memcmp(values, text, num_bytes) == 0)
			return true;
		if (values[num_bytes] == '\0')
			return false;
		values += num_bytes + 1;
	}
}

static nescsim_status add_condition(maker *self, const char *text)
{
	const char *equals = strchr(text, '=');
	const bool is_not = equals != NULL && equals > text && equals[-1] == '!';
	condition *added = &self->conditions[self->num_conditions];
	nescsim_status status = NESCSIM_OK;

	if (equals == NULL || equals == text)
		return diag_add(self->diag, NESCSIM_ERROR, NESCSIM_USAGE, NULL, "such as --where op=read, or op!=all",
				"--where '%s' is not COLUMN=VALUE", text);
	if (self->num_conditions == MAX_CONDITIONS)
		return diag_add(self->diag, NESCSIM_ERROR, NESCSIM_USAGE, NULL, NULL, "too many conditions");
	*added = (condition){ .is_not = is_not, .values = equals + 1 };
	added->name = arena_copy(self->memory, text, (size_t)(equals - text) - is_not);
	if (added->name == NULL)
		return NESCSIM_NO_MEMORY;
	status = resolve(self, added->name, &added->column);
	self->num_conditions += status == NESCSIM_OK;
	return status;
}

static bool is_about(const maker *self, size_t column)
{
	for (size_t i = 0; i < self->num_conditions; i++)
		if (self->conditions[i].column == column)
			return true;
	return false;
}

/* The user's conditions, and the figure's on other columns. */
static nescsim_status take_conditions(maker *self, const char *const *where, size_t num_where)
{
	const char *rest = self->figure->where != NULL ? self->figure->where : "";
	nescsim_status status = NESCSIM_OK;
	size_t num_users;

	for (size_t i = 0; status == NESCSIM_OK && i < num_where; i++)
		status = add_condition(self, where[i]);
	num_users = self->num_conditions;
	while (status == NESCSIM_OK && *rest != '\0') {
		const char *text = next_part(self, &rest, ",");

		status = text == NULL ? NESCSIM_NO_MEMORY : add_condition(self, text);
		for (size_t i = 0; status == NESCSIM_OK && i < num_users; i++) {
			if (self->conditions[i].column == self->conditions[self->num_conditions - 1].column) {
				self->num_conditions--;
				break;
			}
		}
	}
	return status;
}

static nescsim_status nothing_left(const maker *self, const condition *at, const columns *values)
{
	text_buffer hint = TEXT_EMPTY;
	nescsim_status status;

	for (size_t i = 0; i < values->num; i++)
		text_add(&hint, "%s%s", i == 0 ? "there are: " : ", ", cell(self, values->at[i], at->column));
	if (values->num == MAX_COLUMNS)
		text_add(&hint, ", ...");
	status = complain(self, values->num != 0 ? text_get(&hint) : NULL, "no row is left with %s%s%s", at->name,
			  at->is_not ? "!=" : "=", at->values);
	text_free(&hint);
	return status;
}

/* Keeps the rows that fulfil a condition. */
static nescsim_status apply(maker *self, const condition *at)
{
	columns values = { .num = 0 }; /* rows with different values, to tell them */
	size_t num_kept = 0;

	for (size_t i = 0; i < self->num_rows; i++) {
		const char *text = cell(self, self->rows[i], at->column);
		size_t known = 0;

		if (is_one_of(text, at->values) != at->is_not) {
			self->rows[num_kept++] = self->rows[i];
			continue;
		}
		while (known < values.num && strcmp(cell(self, values.at[known], at->column), text) != 0)
			known++;
		if (known == values.num && num_kept == 0 && values.num < MAX_COLUMNS)
			values.at[values.num++] = self->rows[i];
	}
	if (num_kept == 0)
		return nothing_left(self, at, &values);
	self->num_rows = num_kept;
	return NESCSIM_OK;
}

/* Does any row left have this value? */
static bool is_left(const maker *self, size_t column, const char *value)
{
	for (size_t i = 0; i < self->num_rows; i++)
		if (strcmp(cell(self, self->rows[i], column), value) == 0)
			return true;
	return false;
}

/* What is meant where nothing is said: all VMs, all operations, the outermost layer. Where they are drawn one by one, their
 * sum is left out. */
static nescsim_status apply_habits(maker *self)
{
	static const char *const sums[] = { "vm", "op" };
	static const char *const layers[] = { "app", "block", "device" };
	const size_t layer = plot_column(self->table, "layer");
	nescsim_status status = NESCSIM_OK;

	for (size_t i = 0; status == NESCSIM_OK && i < sizeof(sums) / sizeof(sums[0]); i++) {
		condition all = { .column = plot_column(self->table, sums[i]), .name = sums[i], .values = "all" };

		if (all.column == PLOT_NO_COLUMN || is_about(self, all.column) || !is_left(self, all.column, "all"))
			continue;
		all.is_not = all.column == self->x || all.column == self->panel || has(&self->by, all.column);
		status = apply(self, &all);
	}
	if (status != NESCSIM_OK || layer == PLOT_NO_COLUMN || is_about(self, layer) || layer == self->x ||
	    layer == self->panel || has(&self->by, layer))
		return status;
	for (size_t i = 0; i < sizeof(layers) / sizeof(layers[0]); i++) {
		const condition outermost = { .column = layer, .name = "layer", .values = layers[i] };

		if (is_left(self, layer, layers[i]))
			return apply(self, &outermost);
	}
	return NESCSIM_OK;
}

static nescsim_status select_rows(maker *self, const char *const *where, size_t num_where)
{
	nescsim_status status = take_conditions(self, where, num_where);

	if (status != NESCSIM_OK)
		return status;
	if (self->table->num_rows == 0)
		return complain(self, NULL, "it has no rows");
	self->rows = arena_alloc(self->memory, self->table->num_rows * sizeof(*self->rows));
	if (self->rows == NULL)
		return NESCSIM_NO_MEMORY;
	self->num_rows = self->table->num_rows;
	for (size_t i = 0; i < self->num_rows; i++)
		self->rows[i] = i;
	for (size_t i = 0; status == NESCSIM_OK && i < self->num_conditions; i++)
		status = apply(self, &self->conditions[i]);
	return status == NESCSIM_OK ? apply_habits(self) : status;
}

/* ---- what else makes a series ------------------------------------------------------------------------------------ */

/* A point of a sweep may have been run several times. */
static bool is_repetition(const char *column)
{
	static const char *const names[] = { "seed", "sim.seed", "repeat", "point" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(column, names[i]) == 0)
			return true;
	return false;
}

typedef struct order {
	const maker *maker;
	size_t columns[MAX_COLUMNS + 4];
	size_t num;
} order;

static int compare_rows(const void *one, const void *other, void *context)
{
	const order *by = context;

	for (size_t i = 0; i < by->num; i++) {
		const int compared = strcmp(cell(by->maker, *(const size_t *)one, by->columns[i]),
					    cell(by->maker, *(const size_t *)other, by->columns[i]));

		if (compared != 0)
			return compared;
	}
	return 0;
}

/* Are there rows that would be one point, but for this column? */
static nescsim_status splits(const maker *self, size_t column, bool *splits_out)
{
	order by = { .maker = self };
	size_t *rows = malloc(self->num_rows * sizeof(*rows));
	const size_t places[] = { self->x, self->panel, self->along };

	if (rows == NULL)
		return NESCSIM_NO_MEMORY;
	memcpy(rows, self->rows, self->num_rows * sizeof(*rows));
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		if (places[i] != PLOT_NO_COLUMN && !(i == 0 && self->along != PLOT_NO_COLUMN))
			by.columns[by.num++] = places[i];
	for (size_t i = 0; i < self->by.num; i++)
		by.columns[by.num++] = self->by.at[i];
	qsort_r(rows, self->num_rows, sizeof(*rows), compare_rows, &by);
	*splits_out = false;
	for (size_t i = 1; i < self->num_rows && !*splits_out; i++)
		*splits_out = compare_rows(&rows[i - 1], &rows[i], &by) == 0 &&
			      strcmp(cell(self, rows[i - 1], column), cell(self, rows[i], column)) != 0;
	free(rows);
	return NESCSIM_OK;
}

/* Parameters of a sweep (the columns before `scheme`), and `scheme`, that would put different things into one point. */
static nescsim_status add_what_varies(maker *self)
{
	const size_t scheme = plot_column(self->table, "scheme");
	nescsim_status status = NESCSIM_OK;

	if (scheme == PLOT_NO_COLUMN || self->figure->kind == PLOT_CDF)
		return NESCSIM_OK;
	for (size_t i = 0; status == NESCSIM_OK && i <= scheme; i++) {
		const size_t column = (i + scheme) % (scheme + 1); /* the scheme first */
		bool added = false;

		if (column == self->x || column == self->panel || column == self->along || has(&self->by, column) ||
		    is_repetition(self->table->columns[column]))
			continue;
		status = splits(self, column, &added);
		if (status == NESCSIM_OK && added && self->by.num < MAX_COLUMNS)
			self->by.at[self->by.num++] = column;
	}
	return status;
}

/* ---- values ----------------------------------------------------------------------------------------------------- */

/* The sum of a row's cells. *is_there_out is false where one is empty: undefined. */
static nescsim_status value_of(const maker *self, size_t row, const columns *sum, double *value_out, bool *is_there_out)
{
	*value_out = 0;
	*is_there_out = true;
	for (size_t i = 0; i < sum->num; i++) {
		const char *text = cell(self, row, sum->at[i]);
		plot_unit unit;
		double value;

		if (*text == '\0') {
			*is_there_out = false;
		} else if (!plot_number(text, &value, &unit)) {
			return complain(self, NULL, "the column '%s' holds no numbers: '%s'",
					self->table->columns[sum->at[i]], text);
		} else {
			*value_out += value;
		}
	}
	return NESCSIM_OK;
}

/* Is every x a number, and of what? */
static bool x_is_number(const maker *self, plot_unit *unit_out)
{
	const char *name;
	plot_unit unit = PLOT_PLAIN;
	bool is_zero = true;

	if (self->x == PLOT_NO_COLUMN)
		return false;
	name = self->table->columns[self->x];
	for (size_t i = 0; i < self->num_rows; i++) {
		const char *text = cell(self, self->rows[i], self->x);
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
	size_t max_points;
} draft;

/* The last part of a parameter's key: "entries"; the last two ("btlb.entries"), where another one ends in the same. */
static const char *short_key(const maker *self, size_t column)
{
	const char *name = self->table->columns[column], *dot = strrchr(name, '.');

	if (dot == NULL)
		return name;
	for (size_t i = 0; i < self->by.num; i++) {
		const char *other = strrchr(self->table->columns[self->by.at[i]], '.');

		if (self->by.at[i] == column || other == NULL || strcmp(other, dot) != 0)
			continue;
		while (dot > name && dot[-1] != '.')
			dot--;
		return dot;
	}
	return dot + 1;
}

/* "nesc", or "nesc, entries=8": columns that the figure does not expect are named. */
static const char *series_label(const maker *self, size_t row, size_t num_expected)
{
	text_buffer text = TEXT_EMPTY;
	const char *copy;

	for (size_t i = 0; i < self->by.num; i++) {
		const size_t column = self->by.at[i];

		text_add(&text, "%s", i == 0 ? "" : ", ");
		if (i >= num_expected && strcmp(self->table->columns[column], "scheme") != 0)
			text_add(&text, "%s=", short_key(self, column));
		text_add(&text, "%s", cell(self, row, column));
	}
	copy = print(self->memory, "%s", text_get(&text));
	if (!text_ok(&text))
		self->memory->failed = true;
	text_free(&text);
	return copy;
}

static bool same_series(const maker *self, size_t one, size_t other)
{
	for (size_t i = 0; i < self->by.num; i++)
		if (strcmp(cell(self, one, self->by.at[i]), cell(self, other, self->by.at[i])) != 0)
			return false;
	return true;
}

static nescsim_status add_point(const maker *self, plot_series *series, draft *of, plot_point point)
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
static nescsim_status series_of(const maker *self, plot_panel *panel, draft *drafts, size_t row, size_t num_expected,
				size_t *index_out)
{
	size_t i = 0;

	while (i < panel->num_series && !same_series(self, drafts[i].row, row))
		i++;
	*index_out = i;
	if (i < panel->num_series)
		return NESCSIM_OK;
	if (i == PLOT_MAX_SERIES)
		return complain(self, "--where COLUMN=VALUE takes some of them, --by COLUMN puts others together",
				"more than %d lines or bars are not told apart", PLOT_MAX_SERIES);
	drafts[i] = (draft){ .row = row };
	panel->series[i] = (plot_series){ .label = series_label(self, row, num_expected) };
	panel->num_series++;
	return panel->series[i].label == NULL ? NESCSIM_NO_MEMORY : NESCSIM_OK;
}

static int compare_points(const void *one, const void *other)
{
	const plot_point *a = one, *b = other;

	return (a->x > b->x) - (a->x < b->x);
}

/* Sorted by x, those of the same x made one. */
static void merge_points(plot_chart *chart, plot_series *series)
{
	size_t num_points = 0;

	/* A few equal ones, whose order does not matter: mean, least and most are made of them. */
	qsort(series->points, series->num_points, sizeof(*series->points), compare_points);
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
		series->points[num_points++] = merged;
	}
	series->num_points = num_points;
}

/* One point per category, NAN where there is none. */
static nescsim_status fill_categories(const maker *self, const plot_chart *chart, plot_series *series)
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

/* Points in the order of `along`, which stands beside each: x is a result and need not rise. */
static nescsim_status order_along(const maker *self, plot_chart *chart, plot_series *series)
{
	plot_point *points = arena_alloc(self->memory, series->num_points * sizeof(*points));

	if (points == NULL)
		return NESCSIM_NO_MEMORY;
	/* What stood in x until now is `along`; the real x is in `high`. */
	qsort(series->points, series->num_points, sizeof(*points), compare_points);
	for (size_t i = 0; i < series->num_points; i++) {
		plot_point *point = &series->points[i];

		points[i] = (plot_point){
			.x = point->high, .y = point->y, .low = point->y, .high = point->y, .beside = point->beside
		};
	}
	series->points = points;
	chart->has_spans = false;
	return NESCSIM_OK;
}

/* The index of a category, made if it is new. */
static nescsim_status category_of(const maker *self, plot_chart *chart, const char **categories, const char *text,
				  size_t *index_out)
{
	size_t i = 0;

	while (i < chart->num_categories && strcmp(categories[i], text) != 0)
		i++;
	*index_out = i;
	if (i < chart->num_categories)
		return NESCSIM_OK;
	if (i == PLOT_MAX_CATEGORIES)
		return complain(self, "--where COLUMN=VALUE takes some of them",
				"more than %d places beside each other", PLOT_MAX_CATEGORIES);
	categories[chart->num_categories++] = text;
	return NESCSIM_OK;
}

/* A row's point: x, and what is beside it. */
static nescsim_status place_point(const maker *self, plot_chart *chart, const char **categories, size_t row,
				  plot_point *point, bool *is_there)
{
	const columns x = { .at = { self->x }, .num = 1 }, along = { .at = { self->along }, .num = 1 };
	nescsim_status status;
	size_t index;

	if (chart->categories != NULL) {
		status = category_of(self, chart, categories, cell(self, row, self->x), &index);
		point->x = (double)index;
		return status;
	}
	status = value_of(self, row, &x, &point->x, is_there);
	if (status == NESCSIM_OK && *is_there && self->along != PLOT_NO_COLUMN) {
		point->high = point->x;
		point->beside = cell(self, row, self->along);
		status = value_of(self, row, &along, &point->x, is_there);
	}
	return status;
}

/* Fills a panel with the rows whose panel column has this value (NULL: all), one of y's drawn. Where every y is an x of its
 * own, all of them are. */
static nescsim_status fill_panel(const maker *self, plot_chart *chart, plot_panel *panel, const char *value, size_t y,
				 size_t num_expected, const char **categories)
{
	const bool melts = self->x == PLOT_NO_COLUMN;
	draft drafts[PLOT_MAX_SERIES];
	nescsim_status status = NESCSIM_OK;

	panel->series = arena_alloc(self->memory, PLOT_MAX_SERIES * sizeof(*panel->series));
	if (panel->series == NULL)
		return NESCSIM_NO_MEMORY;
	for (size_t i = 0; status == NESCSIM_OK && i < self->num_rows; i++) {
		const size_t row = self->rows[i];
		const size_t first_y = melts ? 0 : y, end_y = melts ? self->num_y : y + 1;
		size_t index;

		if (value != NULL && strcmp(cell(self, row, self->panel), value) != 0)
			continue;
		status = series_of(self, panel, drafts, row, num_expected, &index);
		for (size_t j = first_y; status == NESCSIM_OK && j < end_y; j++) {
			plot_point point = { .x = (double)j };
			bool is_there;

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

/* ---- measures --------------------------------------------------------------------------------------------------- */

/* Which style a series has: a scheme the same in all figures, everything else in its order. */
static void set_styles(const maker *self, plot_panel *panel)
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

/* Divides the first series' values by each other's, and drops it. */
static nescsim_status speed_up(const maker *self, plot_panel *panel)
{
	const plot_series *reference = &panel->series[0];

	if (panel->num_series < 2)
		return complain(self, NULL, "a speed-up needs two schemes, and there is one");
	for (size_t i = 1; i < panel->num_series; i++) {
		plot_series *series = &panel->series[i];

		for (size_t j = 0; j < series->num_points; j++) {
			plot_point *point = &series->points[j];

			for (size_t k = 0; k < reference->num_points; k++) {
				if (reference->points[k].x == point->x) {
					point->y = reference->points[k].y / point->y;
					break;
				}
			}
			point->low = point->high = point->y;
		}
	}
	panel->y_title = print(self->memory, "speed-up over %s", reference->label);
	panel->series++;
	panel->num_series--;
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

/* Stages in the order of a request's life, whichever scheme has them; all else stays as it is. */
static void order_by_life(plot_panel *panel)
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

/* Sums up the series of a stack that are small everywhere, and leaves out those that are nothing. */
static void sum_up_small(const plot_figure *figure, plot_panel *panel, size_t num_categories)
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

static void take_shares(plot_panel *panel, size_t num_categories)
{
	for (size_t j = 0; j < num_categories; j++) {
		const double sum = sum_at(panel, j);

		for (size_t i = 0; i < panel->num_series; i++)
			panel->series[i].points[j].y *= sum > 0 ? 100 / sum : 0;
	}
}

/* Jain's index: 1 when all values are the same, 1/n when one has everything. */
static nescsim_status add_jain(const maker *self, plot_panel *panel)
{
	for (size_t i = 0; i < panel->num_series; i++) {
		plot_series *series = &panel->series[i];
		double sum = 0, squares = 0;

		for (size_t j = 0; j < series->num_points; j++) {
			sum += series->points[j].y;
			squares += series->points[j].y * series->points[j].y;
		}
		if (squares > 0)
			series->label = print(self->memory, "%s (%.3f)", series->label,
					      sum * sum / ((double)series->num_points * squares));
		if (series->label == NULL)
			return NESCSIM_NO_MEMORY;
	}
	return NESCSIM_OK;
}

/* Makes counts at their values the corners of a staircase: percent that are not above (or, in the tail, that are above). */
static nescsim_status accumulate(const maker *self, plot_series *series, bool is_tail)
{
	plot_point *points = arena_alloc(self->memory, 2 * series->num_points * sizeof(*points));
	double total = 0, sum = 0;
	size_t num_points = 0;

	if (points == NULL)
		return NESCSIM_NO_MEMORY;
	qsort(series->points, series->num_points, sizeof(*points), compare_points);
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
static nescsim_status finish_panel(const maker *self, plot_chart *chart, plot_panel *panel)
{
	nescsim_status status = NESCSIM_OK;
	size_t num_kept = 0;

	for (size_t i = 0; status == NESCSIM_OK && i < panel->num_series; i++) {
		plot_series *series = &panel->series[i];

		if (series->num_points == 0)
			continue;
		if (chart->kind == PLOT_CDF)
			status = accumulate(self, series, panel->y_is_log);
		else if (self->along != PLOT_NO_COLUMN)
			status = order_along(self, chart, series);
		else
			merge_points(chart, series);
		if (status == NESCSIM_OK && chart->categories != NULL)
			status = fill_categories(self, chart, series);
		panel->series[num_kept++] = *series;
	}
	panel->num_series = num_kept;
	if (status != NESCSIM_OK || num_kept == 0)
		return status;
	set_styles(self, panel);
	if (panel->measure == PLOT_SPEED_UP)
		status = speed_up(self, panel);
	if (status == NESCSIM_OK && self->figure->has_jain)
		status = add_jain(self, panel);
	if (chart->kind == PLOT_STACK) {
		if (self->by.num == 1 && strcmp(self->table->columns[self->by.at[0]], "stage") == 0)
			order_by_life(panel);
		sum_up_small(self->figure, panel, chart->num_categories);
	}
	if (chart->kind == PLOT_STACK)
		for (size_t i = 0; i < panel->num_series; i++)
			panel->series[i].style = i;
	if (panel->measure == PLOT_SHARE)
		take_shares(panel, chart->num_categories);
	return status;
}

/* Bars that are small in all series are left out. */
static void drop_small_categories(const maker *self, plot_chart *chart, const char **categories)
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

/* The panels: each value of the panel column, and each y. */
static nescsim_status make_panels(const maker *self, plot_chart *chart, size_t num_expected, const char **categories)
{
	const bool melts = self->x == PLOT_NO_COLUMN, is_cdf = chart->kind == PLOT_CDF;
	/* A distribution has two: all of it, and its tail. */
	const size_t num_y = melts ? 1 : is_cdf ? 2 : self->num_y;
	size_t values[PLOT_MAX_PANELS], num_values = 0; /* rows that have them */
	nescsim_status status = NESCSIM_OK;

	for (size_t i = 0; self->panel != PLOT_NO_COLUMN && i < self->num_rows; i++) {
		size_t known = 0;

		while (known < num_values &&
		       strcmp(cell(self, values[known], self->panel), cell(self, self->rows[i], self->panel)) != 0)
			known++;
		if (known == PLOT_MAX_PANELS)
			return complain(self, "--where COLUMN=VALUE takes some of them", "more than %d panels",
					PLOT_MAX_PANELS);
		if (known == num_values)
			values[num_values++] = self->rows[i];
	}
	if (num_values * num_y > PLOT_MAX_PANELS)
		return complain(self, "--where COLUMN=VALUE takes some of them", "more than %d panels",
				PLOT_MAX_PANELS);
	for (size_t i = 0; status == NESCSIM_OK && i < (num_values != 0 ? num_values : 1); i++) {
		const char *value = num_values != 0 ? cell(self, values[i], self->panel) : NULL;

		for (size_t j = 0; status == NESCSIM_OK && j < num_y; j++) {
			const size_t y = is_cdf ? 0 : j;
			plot_panel *panel = &chart->panels[chart->num_panels];
			char buffer[PLOT_TITLE_BYTES];

			*panel = (plot_panel){ .title = value != NULL ? value : "",
					       .measure = self->figure->measure[j] };
			panel->y_is_log = is_cdf && j == 1;
			if (is_cdf)
				panel->y_title =
					j == 0 ? "requests up to this latency, %" : "requests above this latency, %";
			else if (panel->measure == PLOT_SHARE)
				panel->y_title = "share, %";
			else if (self->figure->y_title != NULL)
				panel->y_title = self->figure->y_title;
			else
				panel->y_title =
					print(self->memory, "%s",
					      plot_column_title(self->table->columns[self->y[j].at[0]], buffer));
			if (panel->y_title == NULL)
				return NESCSIM_NO_MEMORY;
			status = fill_panel(self, chart, panel, value, y, num_expected, categories);
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

static nescsim_status name_axes(const maker *self, plot_chart *chart)
{
	static const char *const units[] = { [PLOT_US] = ", µs", [PLOT_MBPS] = ", MB/s", [PLOT_MHZ] = ", MHz" };
	char buffer[PLOT_TITLE_BYTES];
	const char *unit = chart->x_unit < sizeof(units) / sizeof(units[0]) ? units[chart->x_unit] : NULL;

	chart->x_title = self->figure->x_title;
	if (chart->x_title == NULL && self->x == PLOT_NO_COLUMN)
		chart->x_title = "";
	if (chart->x_title == NULL)
		chart->x_title = print(self->memory, "%s%s", plot_column_title(self->table->columns[self->x], buffer),
				       unit != NULL ? unit : "");
	chart->x_is_log =
		chart->categories == NULL && is_logarithmic(self->figure->x_scale, chart->panels, chart->num_panels,
							    true, chart->kind == PLOT_LINES ? 2 : LOG_AT_LEAST);
	for (size_t i = 0; i < chart->num_panels; i++) {
		plot_panel *panel = &chart->panels[i];
		/* Panels of the same y have the same scale. */
		const bool share = self->num_y == 1 && chart->kind != PLOT_CDF;

		if (chart->kind != PLOT_CDF && chart->kind != PLOT_STACK)
			panel->y_is_log = is_logarithmic(self->figure->y_scale, share ? chart->panels : panel,
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
	maker self = { .figure = figure, .table = table, .memory = memory, .diag = diag };
	plot_chart chart = { .name = figure->name, .help = figure->help, .title = figure->title, .kind = figure->kind };
	const char **categories = arena_alloc(memory, PLOT_MAX_CATEGORIES * sizeof(*categories));
	size_t num_expected, num_drawn = 0;
	nescsim_status status = categories == NULL ? NESCSIM_NO_MEMORY : resolve_all(&self);

	num_expected = self.by.num;
	if (status == NESCSIM_OK)
		status = select_rows(&self, where, num_where);
	if (status == NESCSIM_OK)
		status = add_what_varies(&self);
	if (status != NESCSIM_OK)
		return status;
	if (!x_is_number(&self, &chart.x_unit)) {
		if (chart.kind == PLOT_LINES || chart.kind == PLOT_POINTS || chart.kind == PLOT_CDF)
			return complain(&self, "lines need numbers of one unit",
					"the column '%s' holds other things than numbers", table->columns[self.x]);
		chart.categories = categories;
	} else if (chart.kind == PLOT_BARS || chart.kind == PLOT_STACK) {
		chart.categories = categories;
	}
	if (chart.kind == PLOT_AUTO)
		chart.kind = chart.categories != NULL ? PLOT_BARS : PLOT_LINES;
	for (size_t i = 0; self.x == PLOT_NO_COLUMN && i < self.num_y; i++)
		categories[chart.num_categories++] = plot_column_short(table->columns[self.y[i].at[0]]);
	status = make_panels(&self, &chart, num_expected, categories);
	if (status == NESCSIM_OK && chart.kind == PLOT_BARS && figure->least > 0)
		drop_small_categories(&self, &chart, categories);
	for (size_t i = 0; status == NESCSIM_OK && i < chart.num_panels; i++)
		num_drawn += chart.panels[i].num_series;
	if (status == NESCSIM_OK && num_drawn == 0)
		status = complain(&self, NULL, "the rows have no values to draw");
	if (status == NESCSIM_OK && count_xs(&chart) < figure->min_xs)
		status = complain(&self, NULL, "'%s' needs more than one value of '%s'", figure->name,
				  table->columns[self.along != PLOT_NO_COLUMN ? self.along : self.x]);
	if (status == NESCSIM_OK)
		status = name_axes(&self, &chart);
	if (status == NESCSIM_OK && memory->failed)
		status = NESCSIM_NO_MEMORY;
	*chart_out = chart;
	return status;
}
