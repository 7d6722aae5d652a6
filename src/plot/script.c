#include "plot/script.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/units.h"

/* Pixels at 96 per inch. Letters and margins are rough: they only decide what has room. */
#define PANEL_WIDTH 540
#define LONE_PANEL_WIDTH 680
#define MAX_PANEL_WIDTH 1600
#define PANEL_HEIGHT 380
#define MARGIN_WIDTH 90
#define MARGIN_HEIGHT 110
#define LETTER_WIDTH 7
#define LETTER_HEIGHT 16
#define LEGEND_HEIGHT 20
#define TITLE_HEIGHT 34
#define MAX_TICS 64
#define MAX_BESIDE 256

const char *const plot_formats[] = {
#define FORMAT_NAME(name, terminal) name,
	PLOT_FORMAT_LIST(FORMAT_NAME)
#undef FORMAT_NAME
};

const size_t plot_num_formats = sizeof(plot_formats) / sizeof(plot_formats[0]);

/* Marks that are told apart without colour too: by point, dashes and darkness; fills by darkness and hatching. The colours
 * are Okabe and Ito's, which colour-blind eyes tell apart. */
static const struct {
	const char *colour;
	int point, dash;
	const char *fill;
} styles[] = {
	{ "#000000", 6, 2, "solid 0.25" }, { "#0072b2", 7, 1, "solid 1.0" },  { "#d55e00", 5, 4, "pattern 4" },
	{ "#009e73", 8, 5, "pattern 1" },  { "#cc79a7", 13, 1, "pattern 2" }, { "#e69f00", 4, 3, "solid 0.35" },
	{ "#56b4e9", 9, 2, "pattern 5" },  { "#7f7f7f", 12, 1, "solid 0.7" },
};

_Static_assert(sizeof(styles) / sizeof(styles[0]) == PLOT_NUM_STYLES, "the list of styles has another length");

typedef struct axis {
	double low, high;
	bool is_log;
	double pixels;
} axis;

/* ---- text ------------------------------------------------------------------------------------------------------- */

/* In single quotes nothing is replaced by gnuplot but a doubled quote. */
static void add_quoted(text_buffer *out, const char *text)
{
	text_add(out, "'");
	for (; *text != '\0'; text++) {
		if ((unsigned char)*text < ' ')
			text_add(out, " ");
		else
			text_add(out, *text == '\'' ? "''" : "%c", *text);
	}
	text_add(out, "'");
}

/* A tic's label is a format. */
static void add_tic_label(text_buffer *out, const char *text)
{
	text_buffer doubled = TEXT_EMPTY;

	for (; *text != '\0'; text++)
		text_add(&doubled, *text == '%' ? "%%%%" : "%c", *text);
	out->failed = out->failed || !text_ok(&doubled);
	add_quoted(out, text_get(&doubled));
	text_free(&doubled);
}

/* A word of the data file. */
static void add_word(text_buffer *out, const char *text)
{
	text_add(out, "\"");
	for (; *text != '\0'; text++)
		text_add(out, "%c", (unsigned char)*text < ' ' ? ' ' : *text == '"' || *text == '\\' ? '\'' : *text);
	text_add(out, "\"");
}

/* What stands behind # ends with the line. */
static void add_remark(text_buffer *out, const char *text)
{
	for (; *text != '\0'; text++)
		text_add(out, "%c", (unsigned char)*text < ' ' ? ' ' : *text);
}

static void add_number(text_buffer *out, double value)
{
	if (isnan(value))
		text_add(out, "NaN");
	else
		text_add(out, "%.10g", value);
}

/* A number as people read it beside a bar: three digits. */
static void format_label(double value, char label[32])
{
	const double size = fabs(value);

	snprintf(label, 32, "%.*f", size >= 99.95 ? 0 : size >= 9.995 ? 1 : 2, value);
}

static void format_tic(plot_unit unit, double value, char label[40])
{
	if (unit == PLOT_BYTES && value >= 0 && value < 9e18 && value == floor(value))
		units_format(UNITS_BYTES, 1, (int64_t)value, label, 40);
	else
		snprintf(label, 40, "%.6g", value);
}

static double width_of(const char *text)
{
	double letters = 0;

	for (; *text != '\0'; text++)
		letters += ((unsigned char)*text & 0xc0) != 0x80;
	return letters * LETTER_WIDTH;
}

/* ---- axes ------------------------------------------------------------------------------------------------------- */

static double position(const axis *on, double value)
{
	if (on->is_log)
		return log(value / on->low) / log(on->high / on->low) * on->pixels;
	return (value - on->low) / (on->high - on->low) * on->pixels;
}

/* The least and most of some panels; both 0 when there is nothing. */
static void find_range(const plot_panel *panels, size_t num_panels, bool of_x, double *low_out, double *high_out)
{
	double low = INFINITY, high = -INFINITY;

	for (size_t i = 0; i < num_panels; i++) {
		for (size_t j = 0; j < panels[i].num_series; j++) {
			for (size_t k = 0; k < panels[i].series[j].num_points; k++) {
				const plot_point *point = &panels[i].series[j].points[k];

				if (isnan(point->y))
					continue;
				low = fmin(low, of_x ? point->x : point->low);
				high = fmax(high, of_x ? point->x : point->high);
			}
		}
	}
	*low_out = low <= high ? low : 0;
	*high_out = low <= high ? high : 0;
}

static axis x_axis(const plot_chart *chart, double pixels)
{
	axis made = { .is_log = chart->x_is_log, .pixels = pixels };
	double low, high;

	find_range(chart->panels, chart->num_panels, true, &low, &high);
	if (chart->categories != NULL) {
		made.low = -0.5;
		made.high = (double)chart->num_categories - 0.5;
	} else if (chart->kind == PLOT_POINTS) {
		made.low = low - 0.5;
		made.high = high + 0.5;
	} else if (made.is_log) {
		const double factor = fmax(pow(high / low, 0.03), 1.08);

		made.low = low / factor;
		made.high = high * factor;
	} else {
		const double margin = high > low ? (high - low) * 0.04 : fmax(fabs(high), 1) * 0.04;

		/* From 0, unless that would push everything to one side. */
		made.low = low >= 0 && low < high * 0.4 ? 0 : low - margin;
		made.high = high + margin;
	}
	return made;
}

/* The top of the pile at each place. */
static double highest_pile(const plot_chart *chart, const plot_panel *panel)
{
	double highest = 0;

	for (size_t at = 0; at < chart->num_categories; at++) {
		double sum = 0;

		for (size_t i = 0; i < panel->num_series; i++)
			sum += isnan(panel->series[i].points[at].y) ? 0 : panel->series[i].points[at].y;
		highest = fmax(highest, sum);
	}
	return highest;
}

static axis y_axis(const plot_chart *chart, const plot_panel *panel, double pixels)
{
	axis made = { .is_log = panel->y_is_log, .pixels = pixels };
	const bool has_labels = chart->kind == PLOT_BARS || chart->kind == PLOT_STACK;
	/* Panels with the same title are read together. */
	bool is_shared = true;
	double low, high;

	for (size_t i = 0; i < chart->num_panels; i++)
		is_shared = is_shared && strcmp(chart->panels[i].y_title, panel->y_title) == 0;
	if (chart->kind == PLOT_CDF) {
		find_range(panel, 1, false, &low, &high);
		low = 100;
		for (size_t i = 0; i < panel->num_series; i++)
			for (size_t j = 0; j < panel->series[i].num_points; j++)
				low = fmin(low, panel->series[i].points[j].y);
		made.low = made.is_log ? low / 1.5 : 0;
		made.high = made.is_log ? 110 : 102;
		return made;
	}
	find_range(is_shared ? chart->panels : panel, is_shared ? chart->num_panels : 1, false, &low, &high);
	if (chart->kind == PLOT_STACK) {
		low = 0;
		high = highest_pile(chart, panel);
	}
	if (made.is_log) {
		/* Room for the numbers above the bars, and a bar for the least of all. */
		made.low = low / (has_labels ? 1.8 : 1.25);
		made.high = high * (has_labels ? 1.6 : 1.3);
	} else {
		const double span = high - fmin(low, 0);

		made.low = low < 0 ? low - 0.06 * span : 0;
		made.high = high <= 0 && low >= 0 ? 1 : high + (has_labels ? 0.12 : 0.07) * span;
	}
	if (panel->measure == PLOT_SHARE)
		made.high = 100;
	return made;
}

/* Marks at 1, 2 and 5 of each decade, or at decades only. */
static void add_log_tics(text_buffer *out, const char *which, const axis *on)
{
	static const double all[] = { 1, 2, 5 };
	const double decades = log10(on->high / on->low);
	const size_t num_steps = decades > 3 ? 1 : 3;
	bool is_first = true;

	text_add(out, "set %stics (", which);
	for (int decade = (int)floor(log10(on->low)); decade <= (int)ceil(log10(on->high)); decade++) {
		for (size_t i = 0; i < num_steps; i++) {
			const double value = all[i] * pow(10, decade);

			if (value < on->low || value > on->high)
				continue;
			text_add(out, "%s%.6g", is_first ? "" : ", ", value);
			is_first = false;
		}
	}
	text_add(out, ")\n");
}

static int compare_numbers(const void *one, const void *other)
{
	const double a = *(const double *)one, b = *(const double *)other;

	return (a > b) - (a < b);
}

/* The different values of x, when they are few; their number, or 0. */
static size_t few_xs(const plot_chart *chart, double xs[MAX_TICS])
{
	size_t num_xs = 0;

	for (size_t i = 0; i < chart->num_panels; i++) {
		for (size_t j = 0; j < chart->panels[i].num_series; j++) {
			for (size_t k = 0; k < chart->panels[i].series[j].num_points; k++) {
				const double x = chart->panels[i].series[j].points[k].x;
				size_t known = 0;

				while (known < num_xs && xs[known] != x)
					known++;
				if (known == MAX_TICS)
					return 0;
				if (known == num_xs)
					xs[num_xs++] = x;
			}
		}
	}
	qsort(xs, num_xs, sizeof(*xs), compare_numbers);
	return num_xs;
}

/* Every value of x that has room for its label. */
static bool add_value_tics(const plot_chart *chart, const axis *on, text_buffer *out)
{
	double xs[MAX_TICS], taken_to = -INFINITY;
	const size_t num_xs = few_xs(chart, xs);

	if (num_xs == 0)
		return false;
	text_add(out, "set xtics (");
	for (size_t i = 0; i < num_xs; i++) {
		char label[40];
		double half, at = position(on, xs[i]);

		format_tic(chart->x_unit, xs[i], label);
		half = width_of(label) / 2 + 4;
		if (at - half < taken_to)
			continue;
		text_add(out, "%s", taken_to > -INFINITY ? ", " : "");
		add_tic_label(out, label);
		text_add(out, " %.10g", xs[i]);
		taken_to = at + half;
	}
	text_add(out, ")\n");
	return true;
}

static void add_category_tics(const plot_chart *chart, const axis *on, text_buffer *out)
{
	const double room = on->pixels / (double)chart->num_categories;
	double widest = 0;

	for (size_t i = 0; i < chart->num_categories; i++)
		widest = fmax(widest, width_of(chart->categories[i]));
	text_add(out, "set xtics %s(", widest + 6 > room ? "rotate by 40 right " : "");
	for (size_t i = 0; i < chart->num_categories; i++) {
		text_add(out, "%s", i == 0 ? "" : ", ");
		add_tic_label(out, chart->categories[i]);
		text_add(out, " %zu", i);
	}
	text_add(out, ")\n");
}

static void add_x_axis(const plot_chart *chart, const axis *on, text_buffer *out)
{
	text_add(out, "set xrange [%.10g:%.10g]\nset xlabel ", on->low, on->high);
	add_quoted(out, chart->x_title);
	text_add(out, "\n%s", on->is_log ? "set logscale x\n" : "");
	if (chart->categories != NULL) {
		add_category_tics(chart, on, out);
		return;
	}
	/* Where x was chosen, its values are marked; where it is a result, round numbers are. */
	if (chart->kind != PLOT_CDF && chart->panels[0].series[0].points[0].beside == NULL &&
	    add_value_tics(chart, on, out))
		return;
	if (on->is_log)
		add_log_tics(out, "x", on);
}

static void add_y_axis(const plot_panel *panel, const axis *on, text_buffer *out)
{
	text_add(out, "set yrange [%.10g:%.10g]\nset ylabel ", on->low, on->high);
	add_quoted(out, panel->y_title);
	text_add(out, "\n%s", on->is_log ? "set logscale y\n" : "unset logscale y\nset ytics autofreq\n");
	if (on->is_log)
		add_log_tics(out, "y", on);
}

/* ---- sizes ------------------------------------------------------------------------------------------------------ */

/* What the widest label of a legend takes, with its mark. */
static double legend_width(const plot_panel *panel)
{
	double widest = 0;

	for (size_t i = 0; i < panel->num_series; i++)
		widest = fmax(widest, width_of(panel->series[i].label));
	return widest + 60;
}

/* How many lines the legend of a panel takes. */
static size_t legend_rows(const plot_panel *panel, double pixels)
{
	const size_t per_row = (size_t)fmax(1, floor(pixels / legend_width(panel)));

	return (panel->num_series + per_row - 1) / per_row;
}

/* A panel's width: as usual, or so that the legend fits. */
static int width_of_panel(const plot_chart *chart)
{
	double width = chart->num_panels == 1 ? LONE_PANEL_WIDTH : PANEL_WIDTH;

	for (size_t i = 0; i < chart->num_panels; i++)
		width = fmax(width, fmin(legend_width(&chart->panels[i]) + MARGIN_WIDTH + 30, MAX_PANEL_WIDTH));
	return (int)width;
}

/* ---- data ------------------------------------------------------------------------------------------------------- */

static void add_head(const plot_chart *chart, text_buffer *out)
{
	text_add(out, "# %s: ", chart->name);
	add_remark(out, chart->help);
	text_add(out, "\n");
}

/* Is there room for it beside what was written before? */
static bool take_room(const axis *x, const axis *y, const plot_point *point, double taken[][2], size_t *num_taken)
{
	const double at_x = position(x, point->x), at_y = position(y, point->y);
	const double width = width_of(point->beside) + 10;

	for (size_t i = 0; i < *num_taken; i++)
		if (fabs(taken[i][0] - at_x) < width && fabs(taken[i][1] - at_y) < LETTER_HEIGHT)
			return false;
	if (*num_taken == MAX_BESIDE)
		return false;
	taken[*num_taken][0] = at_x;
	taken[(*num_taken)++][1] = at_y;
	return true;
}

static void add_points(const plot_chart *chart, const plot_panel *panel, const plot_series *series, double (*taken)[2],
		       size_t *num_taken, text_buffer *out)
{
	const axis x = x_axis(chart, PANEL_WIDTH - MARGIN_WIDTH),
		   y = y_axis(chart, panel, PANEL_HEIGHT - MARGIN_HEIGHT);

	text_add(out, "%s\n", chart->kind == PLOT_CDF ? "# x y" : chart->has_spans ? "# x mean least most" : "# x y");
	for (size_t i = 0; i < series->num_points; i++) {
		const plot_point *point = &series->points[i];

		add_number(out, point->x);
		text_add(out, " ");
		add_number(out, point->y);
		if (chart->has_spans) {
			text_add(out, " ");
			add_number(out, point->low);
			text_add(out, " ");
			add_number(out, point->high);
		}
		if (point->beside != NULL) {
			text_add(out, " ");
			add_word(out, take_room(&x, &y, point, taken, num_taken) ? point->beside : "");
		}
		text_add(out, "\n");
	}
}

static void add_bars(const plot_chart *chart, const plot_series *series, double *pile, text_buffer *out)
{
	text_add(out, "# place y %s\n", pile != NULL ? "from to name" : "label name");
	for (size_t i = 0; i < chart->num_categories; i++) {
		const double y = series->points[i].y;
		char label[32];

		text_add(out, "%zu ", i);
		add_number(out, y);
		if (pile != NULL) {
			text_add(out, " ");
			add_number(out, pile[i]);
			pile[i] += isnan(y) ? 0 : y;
			text_add(out, " ");
			add_number(out, pile[i]);
		} else {
			format_label(y, label);
			text_add(out, " ");
			add_word(out, isnan(y) ? "" : label);
		}
		text_add(out, " ");
		add_word(out, chart->categories[i]);
		text_add(out, "\n");
	}
}

/* What all pieces at a place come to. */
static void add_piles(const plot_chart *chart, const double *pile, text_buffer *out)
{
	text_add(out, "# sums\n# place sum label\n");
	for (size_t i = 0; i < chart->num_categories; i++) {
		char label[32];

		format_label(pile[i], label);
		text_add(out, "%zu ", i);
		add_number(out, pile[i]);
		text_add(out, " ");
		add_word(out, label);
		text_add(out, "\n");
	}
	text_add(out, "\n\n");
}

void plot_script_data(const plot_chart *chart, const char *stem, text_buffer *out)
{
	add_head(chart, out);
	text_add(out, "# Drawn by ");
	add_remark(out, stem);
	text_add(out, ".gp; blocks are counted from 0.\n");
	for (size_t i = 0; i < chart->num_panels; i++) {
		const plot_panel *panel = &chart->panels[i];
		double taken[MAX_BESIDE][2], pile[PLOT_MAX_CATEGORIES] = { 0 };
		size_t num_taken = 0;

		for (size_t j = 0; j < panel->num_series; j++) {
			text_add(out, "# ");
			add_remark(out, panel->title);
			text_add(out, *panel->title != '\0' ? ": " : "");
			add_remark(out, panel->series[j].label);
			text_add(out, "; ");
			add_remark(out, panel->y_title);
			text_add(out, "\n");
			if (chart->categories != NULL)
				add_bars(chart, &panel->series[j], chart->kind == PLOT_STACK ? pile : NULL, out);
			else
				add_points(chart, panel, &panel->series[j], taken, &num_taken, out);
			text_add(out, "\n\n");
		}
		if (chart->kind == PLOT_STACK)
			add_piles(chart, pile, out);
	}
}

/* ---- script ----------------------------------------------------------------------------------------------------- */

static void add_styles(const plot_chart *chart, text_buffer *out)
{
	bool used[PLOT_NUM_STYLES * (PLOT_MAX_SERIES + 1)] = { false };

	for (size_t i = 0; i < chart->num_panels; i++)
		for (size_t j = 0; j < chart->panels[i].num_series; j++)
			used[chart->panels[i].series[j].style] = true;
	text_add(out, "# Marks: told apart without colour, too.\n");
	for (size_t i = 0; i < sizeof(used) / sizeof(used[0]); i++) {
		const size_t of = i % PLOT_NUM_STYLES;
		/* From the second round on, other points and dashes. */
		const int round = (int)(i / PLOT_NUM_STYLES);

		if (used[i])
			text_add(out,
				 "set style line %zu linecolor rgb '%s' linewidth 1.6 pointtype %d pointsize 0.8 "
				 "dashtype %d\n",
				 i + 1, styles[of].colour, (styles[of].point + 2 * round) % 15 + (round > 0),
				 (styles[of].dash + round - 1) % 5 + 1);
	}
}

/* From the second round on, a colour has the fill of another one. */
static void add_fill(size_t style, text_buffer *out)
{
	text_add(out, "fill %s border rgb '#333333'",
		 styles[(style + 3 * (style / PLOT_NUM_STYLES)) % PLOT_NUM_STYLES].fill);
}

static void add_bar_plot(const plot_chart *chart, const plot_panel *panel, const axis *x, size_t block,
			 text_buffer *out)
{
	const double room = 0.8, width = room / (double)panel->num_series;
	const double bar_pixels = x->pixels / (double)chart->num_categories * width;

	text_add(out, "set boxwidth %.4g\nplot \\\n", width * 0.94);
	for (size_t i = 0; i < panel->num_series; i++) {
		const size_t style = panel->series[i].style;

		text_add(out, "  data index %zu using ($1 + %.4g):2 with boxes linestyle %zu dashtype 1 linewidth 0.8 ",
			 block + i, ((double)i - ((double)panel->num_series - 1) / 2) * width, style + 1);
		add_fill(style, out);
		text_add(out, " title ");
		add_quoted(out, panel->series[i].label);
		text_add(out, i + 1 < panel->num_series || bar_pixels >= 28 ? ", \\\n" : "\n");
	}
	for (size_t i = 0; bar_pixels >= 28 && i < panel->num_series; i++)
		text_add(out, "  data index %zu using ($1 + %.4g):2:3 with labels offset 0,0.6 font ',9' notitle%s\n",
			 block + i, ((double)i - ((double)panel->num_series - 1) / 2) * width,
			 i + 1 < panel->num_series ? ", \\" : "");
}

static void add_stack_plot(const plot_panel *panel, size_t block, text_buffer *out)
{
	text_add(out, "plot \\\n");
	for (size_t i = 0; i < panel->num_series; i++) {
		const size_t style = panel->series[i].style;

		text_add(out,
			 "  data index %zu using 1:4:($1 - 0.33):($1 + 0.33):3:4 with boxxyerror linestyle %zu "
			 "dashtype 1 "
			 "linewidth 0.8 ",
			 block + i, style + 1);
		add_fill(style, out);
		text_add(out, " title ");
		add_quoted(out, panel->series[i].label);
		text_add(out, i + 1 < panel->num_series || panel->measure != PLOT_SHARE ? ", \\\n" : "\n");
	}
	if (panel->measure != PLOT_SHARE)
		text_add(out, "  data index %zu using 1:2:3 with labels offset 0,0.6 font ',9' notitle\n",
			 block + panel->num_series);
}

static void add_line_plot(const plot_chart *chart, const plot_panel *panel, size_t block, text_buffer *out)
{
	const bool has_beside = panel->series[0].points[0].beside != NULL, has_spans = chart->has_spans;
	const char *using = has_spans ? "2:3:4" : "2";
	const char *style = chart->kind == PLOT_POINTS ? (has_spans ? "yerrorbars" : "points")
			    : has_spans                ? "yerrorlines"
						       : "linespoints";

	text_add(out, "plot \\\n");
	for (size_t i = 0; i < panel->num_series; i++) {
		text_add(out, "  data index %zu using ", block + i);
		/* Equal values lie beside each other. */
		if (chart->kind == PLOT_POINTS)
			text_add(out, "($1 + %.4g)", ((double)i - ((double)panel->num_series - 1) / 2) * 0.08);
		else
			text_add(out, "1");
		text_add(out, ":%s with %s linestyle %zu%s title ", using, style, panel->series[i].style + 1,
			 chart->kind == PLOT_CDF ? " pointnumber 8" : "");
		add_quoted(out, panel->series[i].label);
		text_add(out, i + 1 < panel->num_series || has_beside ? ", \\\n" : "\n");
	}
	for (size_t i = 0; has_beside && i < panel->num_series; i++)
		text_add(out, "  data index %zu using 1:2:%d with labels left offset 0.8,0.4 font ',8' notitle%s\n",
			 block + i, has_spans ? 5 : 3, i + 1 < panel->num_series ? ", \\" : "");
}

void plot_script(const plot_chart *chart, const char *stem, const char *format, text_buffer *out)
{
	static const char *const terminals[] = {
#define FORMAT_TERMINAL(name, terminal) terminal,
		PLOT_FORMAT_LIST(FORMAT_TERMINAL)
#undef FORMAT_TERMINAL
	};
	const size_t num_columns = chart->num_panels > 1 ? 2 : 1;
	const size_t num_rows = (chart->num_panels + num_columns - 1) / num_columns;
	const int panel_width = width_of_panel(chart);
	const axis x = x_axis(chart, panel_width - MARGIN_WIDTH);
	size_t block = 0, num_legend_rows = 0;

	NESC_ASSERT(chart->num_panels > 0, "a chart without panels");
	for (size_t i = 0; i < chart->num_panels; i++) {
		const size_t rows = legend_rows(&chart->panels[i], panel_width - MARGIN_WIDTH - 30);

		num_legend_rows = rows > num_legend_rows ? rows : num_legend_rows;
	}
	add_head(chart, out);
	text_add(out, "# Made by nescsim plot. To draw it again, in this folder: gnuplot ");
	add_remark(out, stem);
	text_add(out, ".gp\n# or in another format (svg, png, pdf): gnuplot -e \"format='pdf'\" ");
	add_remark(out, stem);
	text_add(out,
		 ".gp\nif (!exists('format')) format = '%s'\n"
		 "width = %d; height = %d\n",
		 format, (int)num_columns * panel_width,
		 (int)num_rows * (PANEL_HEIGHT + LEGEND_HEIGHT * (int)num_legend_rows) + TITLE_HEIGHT);
	for (size_t i = 0; i < plot_num_formats; i++)
		text_add(out, "if (format eq '%s') set terminal %s\n", plot_formats[i], terminals[i]);
	text_add(out, "set encoding utf8\nstem = ");
	add_quoted(out, stem);
	text_add(out, "\nif (!exists('to_stdout')) set output './' . stem . '.' . format\n"
		      "data = './' . stem . '.dat'\n\n");
	add_styles(chart, out);
	text_add(out,
		 "set grid %s linecolor rgb '#cccccc' linewidth 0.8 dashtype 1\nset border 3 linewidth 0.8\nset tics "
		 "nomirror\n",
		 chart->categories != NULL ? "ytics" : "xtics ytics");
	text_add(out, "set key bmargin center horizontal Left reverse samplen 3 width 1 height 0.7\nset rmargin 4\n\n");
	add_x_axis(chart, &x, out);
	text_add(out, "\nset multiplot layout %zu,%zu title ", num_rows, num_columns);
	add_quoted(out, chart->title);
	text_add(out, "\n");
	for (size_t i = 0; i < chart->num_panels; i++) {
		const plot_panel *panel = &chart->panels[i];
		const axis y = y_axis(chart, panel, PANEL_HEIGHT - MARGIN_HEIGHT);

		text_add(out, "\nset title ");
		add_quoted(out, panel->title);
		text_add(out, "\n");
		add_y_axis(panel, &y, out);
		if (chart->kind == PLOT_BARS)
			add_bar_plot(chart, panel, &x, block, out);
		else if (chart->kind == PLOT_STACK)
			add_stack_plot(panel, block, out);
		else
			add_line_plot(chart, panel, block, out);
		block += panel->num_series + (chart->kind == PLOT_STACK);
	}
	text_add(out, "unset multiplot\n");
}
