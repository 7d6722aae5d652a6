#include "plot/selection.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "metrics/account.h"

nescsim_status plot_complain(const plot_selection *self, const char *hint, const char *format, ...)
{
	const diag_place place = { .file = self->table->file_name };
	va_list arguments;

	va_start(arguments, format);
	diag_add_va(self->diag, NESCSIM_ERROR, NESCSIM_USAGE, &place, hint, format, arguments);
	va_end(arguments);
	return NESCSIM_USAGE;
}

const char *plot_print(arena *memory, const char *format, ...)
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
static const char *next_part(const plot_selection *self, const char **rest, const char *separators)
{
	const size_t num_bytes = strcspn(*rest, separators);
	const char *part = arena_copy(self->memory, *rest, num_bytes);

	*rest += num_bytes + ((*rest)[num_bytes] != '\0');
	return part;
}

/* "a|b": the first that is there and has more than one value; else the first that is there. */
static nescsim_status resolve(const plot_selection *self, const char *names, size_t *column_out)
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
static nescsim_status resolve_list(const plot_selection *self, const char *list, const char *separator,
				   plot_columns *columns_out)
{
	nescsim_status status = NESCSIM_OK;

	columns_out->num = 0;
	while (status == NESCSIM_OK && list != NULL && *list != '\0') {
		const char *name = next_part(self, &list, separator);

		if (name == NULL)
			return NESCSIM_NO_MEMORY;
		/* The last places are for what is found to vary. */
		if (columns_out->num == PLOT_MAX_COLUMNS / 2)
			return plot_complain(self, NULL, "too many columns");
		status = resolve(self, name, &columns_out->at[columns_out->num]);
		columns_out->num++;
	}
	return status;
}

/* "speed_up(a)", "a+b". */
static nescsim_status resolve_y(plot_selection *self, const char *text, size_t index)
{
	static const struct {
		const char *begin;
		plot_measure measure;
	} measures[] = { { "speed_up(", PLOT_SPEED_UP }, { "share(", PLOT_SHARE } };
	const size_t num_bytes = strlen(text);

	for (size_t i = 0; i < sizeof(measures) / sizeof(measures[0]); i++) {
		const size_t begin_bytes = strlen(measures[i].begin);

		if (num_bytes <= begin_bytes || strncmp(text, measures[i].begin, begin_bytes) != 0 ||
		    text[num_bytes - 1] != ')')
			continue;
		self->measure[index] = measures[i].measure;
		text = arena_copy(self->memory, text + begin_bytes, num_bytes - begin_bytes - 1);
		break;
	}
	return text == NULL ? NESCSIM_NO_MEMORY : resolve_list(self, text, "+", &self->y[index]);
}

static bool has(const plot_columns *list, size_t column)
{
	for (size_t i = 0; i < list->num; i++)
		if (list->at[i] == column)
			return true;
	return false;
}

static nescsim_status resolve_all(plot_selection *self)
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
		status = resolve_y(self, figure->y[self->num_y], self->num_y);
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

static nescsim_status add_condition(plot_selection *self, const char *text)
{
	const char *equals = strchr(text, '=');
	const bool is_not = equals != NULL && equals > text && equals[-1] == '!';
	plot_condition *added = &self->conditions[self->num_conditions];
	nescsim_status status = NESCSIM_OK;

	if (equals == NULL || equals == text)
		return diag_add(self->diag, NESCSIM_ERROR, NESCSIM_USAGE, NULL, "such as --where op=read, or op!=all",
				"--where '%s' is not COLUMN=VALUE", text);
	if (self->num_conditions == PLOT_MAX_CONDITIONS)
		return diag_add(self->diag, NESCSIM_ERROR, NESCSIM_USAGE, NULL, NULL, "too many conditions");
	*added = (plot_condition){ .is_not = is_not, .values = equals + 1 };
	added->name = arena_copy(self->memory, text, (size_t)(equals - text) - is_not);
	if (added->name == NULL)
		return NESCSIM_NO_MEMORY;
	status = resolve(self, added->name, &added->column);
	self->num_conditions += status == NESCSIM_OK;
	return status;
}

static bool is_about(const plot_selection *self, size_t column)
{
	for (size_t i = 0; i < self->num_conditions; i++)
		if (self->conditions[i].column == column)
			return true;
	return false;
}

/* The user's conditions, and the figure's on other columns. */
static nescsim_status take_conditions(plot_selection *self, const char *const *where, size_t num_where)
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

static nescsim_status nothing_left(const plot_selection *self, const plot_condition *at, const plot_columns *values)
{
	text_buffer hint = TEXT_EMPTY;
	nescsim_status status;

	for (size_t i = 0; i < values->num; i++)
		text_add(&hint, "%s%s", i == 0 ? "there are: " : ", ", plot_selected(self, values->at[i], at->column));
	if (values->num == PLOT_MAX_COLUMNS)
		text_add(&hint, ", ...");
	status = plot_complain(self, values->num != 0 ? text_get(&hint) : NULL, "no row is left with %s%s%s", at->name,
			       at->is_not ? "!=" : "=", at->values);
	text_free(&hint);
	return status;
}

/* Keeps the rows that fulfil a condition. */
static nescsim_status apply(plot_selection *self, const plot_condition *at)
{
	plot_columns values = { .num = 0 }; /* rows with different values, to tell them */
	size_t num_kept = 0;

	for (size_t i = 0; i < self->num_rows; i++) {
		const char *text = plot_selected(self, self->rows[i], at->column);
		size_t known = 0;

		if (is_one_of(text, at->values) != at->is_not) {
			self->rows[num_kept++] = self->rows[i];
			continue;
		}
		while (known < values.num && strcmp(plot_selected(self, values.at[known], at->column), text) != 0)
			known++;
		if (known == values.num && num_kept == 0 && values.num < PLOT_MAX_COLUMNS)
			values.at[values.num++] = self->rows[i];
	}
	if (num_kept == 0)
		return nothing_left(self, at, &values);
	self->num_rows = num_kept;
	return NESCSIM_OK;
}

/* Does any row left have one of these values, or (is_not) another one? */
static bool is_left(const plot_selection *self, size_t column, const char *values, bool is_not)
{
	for (size_t i = 0; i < self->num_rows; i++)
		if (is_one_of(plot_selected(self, self->rows[i], column), values) != is_not)
			return true;
	return false;
}

/* What a sweep says of its repeats is no further repeat: taken only where a condition names it, or nothing else is left. An
 * interval is no value at all beside a mean. */
static nescsim_status drop_summaries(plot_selection *self)
{
	plot_condition single = { .name = "repeat", .is_not = true };

	single.column = plot_column(self->table, single.name);
	if (single.column == PLOT_NO_COLUMN)
		return NESCSIM_OK;
	for (size_t i = 0; i < self->num_conditions; i++)
		if (self->conditions[i].column == single.column && !self->conditions[i].is_not)
			return NESCSIM_OK;
	single.values = is_left(self, single.column, "mean|ci95", true) ? "mean|ci95" : "ci95";
	return is_left(self, single.column, single.values, true) ? apply(self, &single) : NESCSIM_OK;
}

/* What is meant where nothing is said: all VMs, all operations, the outermost layer. Where they are drawn one by one, their
 * sum is left out. */
static nescsim_status apply_habits(plot_selection *self)
{
	static const char *const sums[] = { "vm", "op" };
	const size_t layer = plot_column(self->table, "layer");
	nescsim_status status = drop_summaries(self);

	for (size_t i = 0; status == NESCSIM_OK && i < sizeof(sums) / sizeof(sums[0]); i++) {
		plot_condition all = { .column = plot_column(self->table, sums[i]), .name = sums[i], .values = "all" };

		if (all.column == PLOT_NO_COLUMN || is_about(self, all.column) ||
		    !is_left(self, all.column, "all", false))
			continue;
		all.is_not = all.column == self->x || all.column == self->panel || has(&self->by, all.column);
		status = apply(self, &all);
	}
	if (status != NESCSIM_OK || layer == PLOT_NO_COLUMN || is_about(self, layer) || layer == self->x ||
	    layer == self->panel || has(&self->by, layer))
		return status;
	for (int i = 0; i < METRICS_NUM_LAYERS; i++) {
		const plot_condition outermost = { .column = layer,
						   .name = "layer",
						   .values = metrics_layer_name((metrics_layer)i) };

		if (is_left(self, layer, outermost.values, false))
			return apply(self, &outermost);
	}
	return NESCSIM_OK;
}

static nescsim_status select_rows(plot_selection *self, const char *const *where, size_t num_where)
{
	nescsim_status status = take_conditions(self, where, num_where);

	if (status != NESCSIM_OK)
		return status;
	if (self->table->num_rows == 0)
		return plot_complain(self, NULL, "it has no rows");
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

bool plot_is_another_repeat(const plot_selection *self, size_t one, size_t other)
{
	for (size_t i = 0; i < self->table->num_columns; i++)
		if (is_repetition(self->table->columns[i]) &&
		    strcmp(plot_selected(self, one, i), plot_selected(self, other, i)) != 0)
			return true;
	return false;
}

typedef struct order {
	const plot_selection *selection;
	size_t columns[PLOT_MAX_COLUMNS + 4];
	size_t num;
} order;

static int compare_rows(const void *one, const void *other, void *context)
{
	const order *by = context;

	for (size_t i = 0; i < by->num; i++) {
		const int compared = strcmp(plot_selected(by->selection, *(const size_t *)one, by->columns[i]),
					    plot_selected(by->selection, *(const size_t *)other, by->columns[i]));

		if (compared != 0)
			return compared;
	}
	return 0;
}

/* Are there rows that would be one point, but for this column? */
static nescsim_status splits(const plot_selection *self, size_t column, bool *splits_out)
{
	order by = { .selection = self };
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
		*splits_out =
			compare_rows(&rows[i - 1], &rows[i], &by) == 0 &&
			strcmp(plot_selected(self, rows[i - 1], column), plot_selected(self, rows[i], column)) != 0;
	free(rows);
	return NESCSIM_OK;
}

/* Parameters of a sweep (the columns before `scheme`), and `scheme`, that would put different things into one point. */
static nescsim_status add_what_varies(plot_selection *self)
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
		if (status == NESCSIM_OK && added && self->by.num < PLOT_MAX_COLUMNS)
			self->by.at[self->by.num++] = column;
	}
	return status;
}

nescsim_status plot_select(const plot_figure *figure, const char *const *where, size_t num_where,
			   const plot_table *table, arena *memory, nescsim_diag *diag, plot_selection *selection_out)
{
	plot_selection self = { .figure = figure, .table = table, .memory = memory, .diag = diag };
	nescsim_status status = resolve_all(&self);

	self.num_expected = self.by.num;
	if (status == NESCSIM_OK)
		status = select_rows(&self, where, num_where);
	if (status == NESCSIM_OK)
		status = add_what_varies(&self);
	*selection_out = self;
	return status;
}
