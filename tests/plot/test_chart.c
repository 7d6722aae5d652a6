/* Which rows and numbers a figure is made of. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "plot/chart.h"
#include "plot/script.h"

/* A table of cells that stand in the test; the first row is the columns' names. */
#define TABLE(texts, width)                                                                                      \
	{                                                                                                        \
		.file_name = "test.csv", .columns = (texts), .num_columns = (width), .cells = (texts) + (width), \
		.num_rows = sizeof(texts) / sizeof((texts)[0]) / (width)-1                                       \
	}

static arena memory;
static nescsim_diag *diag;

static int begin(void **unused)
{
	(void)unused;
	memory = (arena){ 0 };
	diag = nescsim_diag_create();
	return 0;
}

static int end(void **unused)
{
	(void)unused;
	arena_free(&memory);
	nescsim_diag_destroy(diag);
	return 0;
}

static plot_chart make(const plot_figure *figure, const plot_table *table)
{
	plot_chart chart;

	assert_int_equal(plot_chart_make(figure, NULL, 0, table, &memory, diag, &chart), NESCSIM_OK);
	return chart;
}

static void refuse(const plot_figure *figure, const char *where, const plot_table *table, const char *says,
		   const char *hint)
{
	const size_t before = nescsim_diag_count(diag);
	const nescsim_diag_entry *entry;
	plot_chart chart;

	assert_int_equal(plot_chart_make(figure, &where, where != NULL, table, &memory, diag, &chart), NESCSIM_USAGE);
	assert_int_equal(nescsim_diag_count(diag), before + 1);
	entry = nescsim_diag_at(diag, before);
	assert_non_null(strstr(entry->message, says));
	if (hint != NULL)
		assert_non_null(strstr(entry->hint, hint));
}

static void assert_points(const plot_series *series, const char *label, const double *xy, size_t num_points)
{
	assert_string_equal(series->label, label);
	assert_int_equal(series->num_points, num_points);
	for (size_t i = 0; i < num_points; i++) {
		assert_true(fabs(series->points[i].x - xy[2 * i]) < 1e-9);
		assert_true(fabs(series->points[i].y - xy[2 * i + 1]) < 1e-9);
	}
}

/* clang-format off */
static const char *const sweep_cells[] = {
	"vms[0].workload.request_bytes", "nesc.btlb.entries", "sim.seed", "scheme", "layer", "vm", "op", "latency_mean_us", "iops",
	"4 KiB", "8", "1", "host", "app",    "1",   "read", "9",   "100",
	"4 KiB", "8", "1", "host", "app",    "1",   "all",  "10",  "100",
	"4 KiB", "8", "1", "host", "app",    "all", "all",  "11",  "100",
	"4 KiB", "8", "1", "host", "device", "all", "all",  "5",   "100",
	"4 KiB", "8", "1", "nesc", "app",    "all", "all",  "22",  "50",
	"512 B", "8", "1", "host", "app",    "all", "all",  "6",   "200",
	"512 B", "8", "1", "nesc", "app",    "all", "all",  "8",   "150",
	"512 B", "8", "2", "nesc", "app",    "all", "all",  "9",   "150",
	"512 B", "8", "3", "nesc", "app",    "all", "all",  "13",  "150",
};
/* clang-format on */
static const plot_table sweep = TABLE(sweep_cells, 9);

/* All VMs, all operations, the outermost layer; sizes in order; a scheme each; repetitions as their mean. */
static void the_habits(void **unused)
{
	const plot_figure figure = {
		.name = "f", .help = "", .title = "", .x = "request_bytes", .y = { "latency_mean_us" }
	};
	const double host[] = { 512, 6, 4096, 11 }, nesc[] = { 512, 10, 4096, 22 };
	const plot_chart chart = make(&figure, &sweep);

	(void)unused;
	assert_int_equal(chart.kind, PLOT_LINES);
	assert_int_equal(chart.x_unit, PLOT_BYTES);
	assert_true(chart.has_spans);
	assert_int_equal(chart.num_panels, 1);
	assert_int_equal(chart.panels[0].num_series, 2);
	assert_points(&chart.panels[0].series[0], "host", host, 2);
	assert_points(&chart.panels[0].series[1], "nesc", nesc, 2);
	assert_true(chart.panels[0].series[1].points[0].low == 8 && chart.panels[0].series[1].points[0].high == 13);
	assert_string_equal(chart.panels[0].y_title, "mean latency, µs");
	assert_string_equal(chart.x_title, "vms[0].workload.request_bytes");
}

static void conditions_take_rows(void **unused)
{
	const plot_figure figure = {
		.name = "f", .help = "", .title = "", .x = "request_bytes", .y = { "latency_mean_us" }
	};
	const char *const where[] = { "layer=device|none", "scheme!=nesc" };
	const double device[] = { 4096, 5 };
	plot_chart chart;

	(void)unused;
	assert_int_equal(plot_chart_make(&figure, where, 2, &sweep, &memory, diag, &chart), NESCSIM_OK);
	assert_points(&chart.panels[0].series[0], "", device, 1);
	refuse(&figure, "scheme=nesk", &sweep, "no row is left with scheme=nesk", "there are: host, nesc");
	refuse(&figure, "skeme=nesc", &sweep, "no column 'skeme'", "did you mean scheme?");
	refuse(&figure, "nesc", &sweep, "is not COLUMN=VALUE", "op=read");
}

/* Rows that sum up the repeats are none of them, whichever repeats are left; only who names them gets them. */
static void sums_of_repeats_are_no_repeats(void **unused)
{
	/* clang-format off */
	static const char *const cells[] = {
		"depth", "repeat", "scheme", "iops",
		"1", "1", "nesc", "10",
		"1", "2", "nesc", "20",
		"1", "3", "nesc", "40",
		"1", "mean", "nesc", "500",
		"1", "ci95", "nesc", "7000",
	};
	/* clang-format on */
	static const struct {
		const char *where;
		double iops;
	} cases[] = {
		{ "depth=1", 70.0 / 3 },      { "repeat!=1", 30 },     { "repeat=2|3", 30 },
		{ "repeat!=ci95", 70.0 / 3 }, { "repeat=ci95", 7000 }, { "repeat=3|mean", 270 },
		{ "repeat!=1|2|3", 500 },
	};
	const plot_table table = TABLE(cells, 4);
	const plot_figure figure = { .name = "f", .help = "", .title = "", .x = "depth", .y = { "iops" } };

	(void)unused;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const double point[] = { 1, cases[i].iops };
		plot_chart chart;

		assert_int_equal(plot_chart_make(&figure, &cases[i].where, 1, &table, &memory, diag, &chart),
				 NESCSIM_OK);
		assert_points(&chart.panels[0].series[0], "", point, 1);
	}
}

/* A figure's own condition gives way to the user's on the same column. */
static void the_users_conditions_win(void **unused)
{
	const plot_figure figure = { .name = "f",
				     .help = "",
				     .title = "",
				     .x = "request_bytes",
				     .y = { "latency_mean_us" },
				     .where = "op=write,vm=1" };
	const char *const where[] = { "op=read" };
	const double read[] = { 4096, 9 };
	plot_chart chart;

	(void)unused;
	refuse(&figure, NULL, &sweep, "op=write", "read");
	assert_int_equal(plot_chart_make(&figure, where, 1, &sweep, &memory, diag, &chart), NESCSIM_OK);
	assert_points(&chart.panels[0].series[0], "", read, 1);
}

/* Of parameters, those that vary otherwise than with x make lines; those that go along with it do not. */
static void parameters_that_vary_make_series(void **unused)
{
	/* clang-format off */
	static const char *const cells[] = {
		"a.size", "a.count", "b.walkers", "scheme", "iops",
		"1", "100", "2", "nesc", "10",
		"2", "50",  "2", "nesc", "20",
		"1", "100", "4", "nesc", "30",
		"2", "50",  "4", "nesc", "40",
	};
	/* clang-format on */
	const plot_table table = TABLE(cells, 5);
	const plot_figure figure = {
		.name = "f", .help = "", .title = "", .x = "a.size", .y = { "iops" }, .by = "scheme"
	};
	const double two[] = { 1, 10, 2, 20 }, four[] = { 1, 30, 2, 40 };
	const plot_chart chart = make(&figure, &table);

	(void)unused;
	assert_int_equal(chart.panels[0].num_series, 2);
	assert_points(&chart.panels[0].series[0], "nesc, walkers=2", two, 2);
	assert_points(&chart.panels[0].series[1], "nesc, walkers=4", four, 2);
	assert_false(chart.has_spans);
}

static void bars_have_places(void **unused)
{
	/* clang-format off */
	static const char *const cells[] = {
		"scheme", "unit", "value",
		"host", "dma", "50",
		"host", "idle", "0.1",
		"nesc", "dma", "25",
		"nesc", "btlb", "5",
		"nesc", "empty", "",
	};
	/* clang-format on */
	const plot_table table = TABLE(cells, 3);
	const plot_figure figure = { .name = "f",
				     .help = "",
				     .title = "",
				     .x = "unit",
				     .y = { "value" },
				     .by = "scheme",
				     .kind = PLOT_BARS,
				     .least = 1 };
	const plot_chart chart = make(&figure, &table);

	(void)unused;
	assert_int_equal(chart.num_categories, 2);
	assert_string_equal(chart.categories[0], "dma");
	assert_string_equal(chart.categories[1], "btlb");
	assert_true(chart.panels[0].series[0].points[0].y == 50);
	assert_true(isnan(chart.panels[0].series[0].points[1].y));
	assert_true(chart.panels[0].series[1].points[1].y == 5);
}

static void a_speed_up_is_over_the_first(void **unused)
{
	const plot_figure figure = { .name = "f",
				     .help = "",
				     .title = "",
				     .kind = PLOT_BARS,
				     .x = "request_bytes",
				     .by = "scheme",
				     .y = { "speed_up(latency_mean_us)" } };
	const plot_chart chart = make(&figure, &sweep);
	const double nesc[] = { 0, 0.5, 1, 0.6 };

	(void)unused;
	assert_int_equal(chart.panels[0].num_series, 1);
	assert_points(&chart.panels[0].series[0], "nesc", nesc, 2);
	assert_string_equal(chart.panels[0].y_title, "speed-up over host");
	refuse(&figure, "scheme=nesc", &sweep, "needs two schemes", NULL);
}

/* More of a rate is better; and what the first scheme has no value for is not compared. */
static void a_speed_up_of_rates_is_the_other_way_round(void **unused)
{
	/* clang-format off */
	static const char *const cells[] = {
		"depth", "scheme", "iops", "bandwidth_MBps",
		"1", "virtio", "10", "4",
		"2", "virtio", "20", "8",
		"1", "nesc", "30", "6",
		"2", "nesc", "80", "8",
		"4", "nesc", "99", "9",
	};
	/* clang-format on */
	const plot_table table = TABLE(cells, 4);
	const plot_figure figure = { .name = "f",
				     .help = "",
				     .title = "",
				     .kind = PLOT_LINES,
				     .x = "depth",
				     .by = "scheme",
				     .y = { "speed_up(iops)", "bandwidth_MBps", "speed_up(bandwidth_MBps)" } };
	const double iops[] = { 1, 3, 2, 4 }, plain[] = { 1, 4, 2, 8 }, rate[] = { 1, 1.5, 2, 1 };
	const plot_chart chart = make(&figure, &table);

	(void)unused;
	assert_int_equal(chart.num_panels, 3);
	assert_points(&chart.panels[0].series[0], "nesc", iops, 2);
	assert_points(&chart.panels[1].series[0], "virtio", plain, 2);
	assert_points(&chart.panels[2].series[0], "nesc", rate, 2);
}

/* Of a hit rate more is better; of a utilisation it is not said. */
static void a_speed_up_of_shares_goes_by_what_they_are_of(void **unused)
{
	/* clang-format off */
	static const char *const cells[] = {
		"depth", "scheme", "btlb_hit_rate_percent", "dma_utilisation_percent",
		"1", "virtio", "40", "40",
		"1", "nesc", "80", "80",
	};
	/* clang-format on */
	const plot_table table = TABLE(cells, 4);
	const plot_figure figure = { .name = "f",
				     .help = "",
				     .title = "",
				     .kind = PLOT_LINES,
				     .x = "depth",
				     .by = "scheme",
				     .y = { "speed_up(btlb_hit_rate_percent)", "speed_up(dma_utilisation_percent)" } };
	const double twice[] = { 1, 2 }, half[] = { 1, 0.5 };
	const plot_chart chart = make(&figure, &table);

	(void)unused;
	assert_points(&chart.panels[0].series[0], "nesc", twice, 1);
	assert_points(&chart.panels[1].series[0], "nesc", half, 1);
}

/* A line goes on without it, a bar's place stays empty, and a series of nothing else is not drawn. */
static void over_zero_there_is_no_speed_up(void **unused)
{
	/* clang-format off */
	static const char *const cells[] = {
		"depth", "scheme", "wait_us",
		"1", "virtio", "4", "2", "virtio", "0", "4", "virtio", "6",
		"1", "host",   "0", "2", "host",   "0", "4", "host",   "0",
		"1", "nesc",   "0", "2", "nesc",   "0", "4", "nesc",   "2",
	};
	/* clang-format on */
	const plot_table table = TABLE(cells, 3);
	plot_figure figure = { .name = "f",
			       .help = "",
			       .title = "",
			       .kind = PLOT_LINES,
			       .x = "depth",
			       .by = "scheme",
			       .y = { "speed_up(wait_us)" } };
	const double line[] = { 4, 3 };
	plot_chart chart = make(&figure, &table);

	(void)unused;
	assert_int_equal(chart.panels[0].num_series, 1);
	assert_points(&chart.panels[0].series[0], "nesc", line, 1);
	figure.kind = PLOT_BARS;
	chart = make(&figure, &table);
	assert_int_equal(chart.panels[0].num_series, 1);
	assert_int_equal(chart.panels[0].series[0].num_points, 3);
	assert_true(isnan(chart.panels[0].series[0].points[0].y) && isnan(chart.panels[0].series[0].points[1].low));
	assert_true(chart.panels[0].series[0].points[2].y == 3);
	refuse(&figure, "scheme!=nesc", &table, "no values to draw", NULL);
}

/* clang-format off */
static const char *const depths_cells[] = {
	"entries", "depth", "scheme", "iops", "latency_mean_us",
	"8",  "1", "host", "10", "4",
	"8",  "2", "host", "20", "6",
	"16", "1", "host", "10", "5",
	"16", "2", "host", "20", "8",
	"8",  "1", "nesc", "30", "2",
	"8",  "2", "nesc", "20", "2",
	"16", "1", "nesc", "30", "1",
	"16", "2", "nesc", "60", "1",
};
/* clang-format on */

/* Of what varies besides, each value is compared with the first scheme at the same. */
static void a_speed_up_compares_like_with_like(void **unused)
{
	const plot_table table = TABLE(depths_cells, 5);
	const plot_figure figure = { .name = "f",
				     .help = "",
				     .title = "",
				     .kind = PLOT_LINES,
				     .x = "entries",
				     .by = "scheme",
				     .y = { "speed_up(latency_mean_us)" } };
	const double shallow[] = { 8, 2, 16, 5 }, deep[] = { 8, 3, 16, 8 };
	const plot_chart chart = make(&figure, &table);

	(void)unused;
	assert_int_equal(chart.panels[0].num_series, 2);
	assert_points(&chart.panels[0].series[0], "nesc, depth=1", shallow, 2);
	assert_points(&chart.panels[0].series[1], "nesc, depth=2", deep, 2);
	assert_string_equal(chart.panels[0].y_title, "speed-up over host");
}

static void shares_are_of_the_sum_at_each_x(void **unused)
{
	const plot_table table = TABLE(depths_cells, 5);
	const plot_figure figure = { .name = "f",
				     .help = "",
				     .title = "",
				     .kind = PLOT_LINES,
				     .x = "entries",
				     .by = "scheme",
				     .y = { "share(iops)" } };
	static const char *const deep[] = { "depth=2" };
	const double host[] = { 8, 50, 16, 25 }, nesc[] = { 8, 50, 16, 75 };
	plot_chart chart;

	(void)unused;
	assert_int_equal(plot_chart_make(&figure, deep, 1, &table, &memory, diag, &chart), NESCSIM_OK);
	assert_points(&chart.panels[0].series[0], "host", host, 2);
	assert_points(&chart.panels[0].series[1], "nesc", nesc, 2);
}

/* Colours by the scheme, marks by the rest; numbers say of which column they are; a sum has the titles of all. */
static void series_are_known_by_what_they_are(void **unused)
{
	const plot_table table = TABLE(depths_cells, 5);
	const plot_figure figure = { .name = "f",
				     .help = "",
				     .title = "",
				     .kind = PLOT_LINES,
				     .x = "entries",
				     .by = "depth,scheme",
				     .y = { "latency_mean_us+iops" } };
	const plot_chart chart = make(&figure, &table);
	const plot_panel *panel = &chart.panels[0];

	(void)unused;
	assert_int_equal(panel->num_series, 4);
	assert_string_equal(panel->series[0].label, "depth=1, host");
	assert_string_equal(panel->series[3].label, "depth=2, nesc");
	assert_int_equal(panel->series[0].style % PLOT_NUM_STYLES, panel->series[1].style % PLOT_NUM_STYLES);
	assert_int_not_equal(panel->series[0].style, panel->series[1].style);
	assert_int_not_equal(panel->series[1].style % PLOT_NUM_STYLES, panel->series[2].style % PLOT_NUM_STYLES);
	assert_string_equal(panel->y_title, "mean latency + requests per second, µs");
}

static void there_are_no_more_panels_than_have_room(void **unused)
{
	const plot_table table = TABLE(depths_cells, 5);
	const plot_figure figure = { .name = "f",
				     .help = "",
				     .title = "",
				     .kind = PLOT_LINES,
				     .x = "entries",
				     .by = "scheme,depth",
				     .y = { "iops", "iops", "iops", "iops", "iops", "iops", "iops" } };

	(void)unused;
	refuse(&figure, NULL, &table, "more than 6 panels", NULL);
}

/* Rows that differ in a seed are one point, without a word; others are, too, but are told. */
static void a_mixture_is_told_from_repeats(void **unused)
{
	/* clang-format off */
	static const char *const cells[] = {
		"entries", "repeat", "which", "iops",
		"8", "1", "a", "10",
		"8", "2", "a", "20",
		"8", "1", "b", "30",
	};
	/* clang-format on */
	const plot_table table = TABLE(cells, 4);
	const plot_figure figure = {
		.name = "f", .help = "", .title = "", .kind = PLOT_LINES, .x = "entries", .y = { "iops" }
	};
	static const char *const one[] = { "which=a" };
	plot_chart chart;

	(void)unused;
	assert_int_equal(plot_chart_make(&figure, one, 1, &table, &memory, diag, &chart), NESCSIM_OK);
	assert_true(chart.has_spans && !chart.has_mixture);
	chart = make(&figure, &table);
	assert_true(chart.has_spans && chart.has_mixture);
}

static void several_y_can_be_series_of_one_panel(void **unused)
{
	/* clang-format off */
	static const char *const cells[] = {
		"setting", "published_us", "scheme", "latency_mean_us",
		"bare metal", "12.7", "host", "12",
		"main loop", "45.8", "virtio", "46",
	};
	/* clang-format on */
	const plot_table table = TABLE(cells, 4);
	const plot_figure figure = { .name = "f",
				     .help = "",
				     .title = "",
				     .kind = PLOT_BARS,
				     .x = "setting",
				     .y = { "published_us", "latency_mean_us" },
				     .y_names = { "published", "simulated" } };
	const double published[] = { 0, 12.7, 1, 45.8 }, simulated[] = { 0, 12, 1, 46 };
	const plot_chart chart = make(&figure, &table);

	(void)unused;
	assert_int_equal(chart.num_panels, 1);
	assert_int_equal(chart.panels[0].num_series, 2);
	assert_points(&chart.panels[0].series[0], "published", published, 2);
	assert_points(&chart.panels[0].series[1], "simulated", simulated, 2);
}

static void stages_come_in_their_order_and_small_ones_together(void **unused)
{
	/* clang-format off */
	static const char *const cells[] = {
		"scheme", "stage", "service_mean_us", "wait_mean_us",
		"nesc", "link", "30", "30",
		"nesc", "driver", "30", "0",
		"nesc", "dma", "5", "0",
		"nesc", "copy", "4", "1",
		"nesc", "walk", "0", "0",
	};
	/* clang-format on */
	const plot_table table = TABLE(cells, 4);
	const plot_figure figure = { .name = "f",
				     .help = "",
				     .title = "",
				     .kind = PLOT_STACK,
				     .x = "scheme",
				     .by = "stage",
				     .y = { "service_mean_us+wait_mean_us", "share(service_mean_us+wait_mean_us)" },
				     .least = 6 };
	const double driver[] = { 0, 30 }, link[] = { 0, 60 }, others[] = { 0, 10 };
	const plot_chart chart = make(&figure, &table);

	(void)unused;
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(chart.panels[i].num_series, 3);
		assert_points(&chart.panels[i].series[0], "driver", driver, 1);
		assert_points(&chart.panels[i].series[1], "link", link, 1);
		assert_points(&chart.panels[i].series[2], "others", others, 1);
	}
}

static void a_distribution_is_a_staircase(void **unused)
{
	/* clang-format off */
	static const char *const cells[] = {
		"scheme", "layer", "vm", "op", "latency_us", "requests",
		"nesc", "block", "1", "read",  "10", "6",
		"nesc", "block", "1", "read",  "20", "2",
		"nesc", "block", "1", "write", "10", "1",
		"nesc", "block", "2", "read",  "40", "1",
	};
	/* clang-format on */
	const plot_table table = TABLE(cells, 6);
	const plot_figure figure = { .name = "f",
				     .help = "",
				     .title = "",
				     .kind = PLOT_CDF,
				     .x = "latency_us",
				     .by = "scheme",
				     .y = { "requests" } };
	const double all[] = { 10, 0, 10, 70, 20, 70, 20, 90, 40, 90, 40, 100 };
	const double tail[] = { 10, 100, 10, 30, 20, 30, 20, 10, 40, 10 };
	const plot_chart chart = make(&figure, &table);

	(void)unused;
	assert_int_equal(chart.num_panels, 2);
	assert_points(&chart.panels[0].series[0], "nesc", all, 6);
	assert_points(&chart.panels[1].series[0], "nesc", tail, 5);
}

static void points_along_a_parameter_keep_its_order(void **unused)
{
	/* Beyond saturation the bandwidth falls again. */
	/* clang-format off */
	static const char *const cells[] = {
		"depth", "scheme", "bandwidth_MBps", "latency_mean_us",
		"16", "nesc", "80", "50",
		"1", "nesc", "20", "10",
		"4", "nesc", "90", "12",
	};
	/* clang-format on */
	const plot_table table = TABLE(cells, 4);
	const plot_figure figure = { .name = "f",
				     .help = "",
				     .title = "",
				     .kind = PLOT_LINES,
				     .x = "bandwidth_MBps",
				     .along = "depth",
				     .by = "scheme",
				     .y = { "latency_mean_us" } };
	const double points[] = { 20, 10, 90, 12, 80, 50 };
	const plot_chart chart = make(&figure, &table);

	(void)unused;
	assert_points(&chart.panels[0].series[0], "nesc", points, 3);
	assert_string_equal(chart.panels[0].series[0].points[1].beside, "4");
}

/* Repeats are one point, at the mean of both results; what stands beside it is the text behind the numbers. */
static void repeats_along_a_parameter_are_one_point(void **unused)
{
	/* clang-format off */
	static const char *const cells[] = {
		"depth", "repeat", "scheme", "bandwidth_MBps", "latency_mean_us",
		"1", "1", "nesc", "20", "10",
		"1", "2", "nesc", "24", "16",
		"4", "1", "nesc", "90", "30",
		"4", "2", "nesc", "80", "50",
		"1", "mean", "nesc", "22", "13",
	};
	/* clang-format on */
	const plot_table table = TABLE(cells, 5);
	const plot_figure figure = { .name = "f",
				     .help = "",
				     .title = "",
				     .kind = PLOT_LINES,
				     .x = "bandwidth_MBps",
				     .along = "depth",
				     .by = "scheme",
				     .y = { "latency_mean_us" } };
	const double points[] = { 22, 13, 85, 40 };
	const plot_chart chart = make(&figure, &table);
	const plot_series *series = &chart.panels[0].series[0];
	text_buffer script = TEXT_EMPTY, data = TEXT_EMPTY;

	(void)unused;
	assert_points(series, "nesc", points, 2);
	assert_true(chart.has_spans);
	assert_true(series->points[1].low == 30 && series->points[1].high == 50);
	plot_script(&chart, "f", "svg", &script);
	plot_script_data(&chart, "f", &data);
	assert_non_null(strstr(text_get(&data), "\n85 40 30 50 \"4\"\n"));
	assert_non_null(strstr(text_get(&script), "using 1:2:5 with labels"));
	text_free(&script);
	text_free(&data);
}

static void jain_is_one_when_all_have_the_same(void **unused)
{
	/* clang-format off */
	static const char *const cells[] = {
		"scheme", "vm", "iops",
		"host", "1", "5", "host", "2", "5", "host", "all", "10",
		"nesc", "1", "9", "nesc", "2", "0", "nesc", "all", "9",
	};
	/* clang-format on */
	const plot_table table = TABLE(cells, 3);
	const plot_figure figure = { .name = "f",
				     .help = "",
				     .title = "",
				     .kind = PLOT_POINTS,
				     .x = "vm",
				     .by = "scheme",
				     .y = { "iops" },
				     .has_jain = true };
	const plot_chart chart = make(&figure, &table);

	(void)unused;
	assert_string_equal(chart.panels[0].series[0].label, "host (1.000)");
	assert_string_equal(chart.panels[0].series[1].label, "nesc (0.500)");
	assert_int_equal(chart.panels[0].series[0].num_points, 2);
}

/* What stands in a CSV is data to gnuplot, never a command. */
static void texts_are_no_commands(void **unused)
{
	/* clang-format off */
	static const char *const cells[] = {
		"scheme", "kind", "iops",
		"it's `touch x`\n! y", "a\"\n\\ 50 %", "5",
	};
	/* clang-format on */
	const plot_table table = TABLE(cells, 3);
	const plot_figure figure = {
		.name = "f", .help = "", .title = "", .x = "kind", .by = "scheme", .y = { "iops" }
	};
	const plot_chart chart = make(&figure, &table);
	text_buffer script = TEXT_EMPTY, data = TEXT_EMPTY;

	(void)unused;
	plot_script(&chart, "it's", "svg", &script);
	plot_script_data(&chart, "it's", &data);
	assert_non_null(strstr(text_get(&script), "title 'it''s `touch x` ! y'"));
	assert_non_null(strstr(text_get(&script), "'a\" \\ 50 %%' 0"));
	assert_non_null(strstr(text_get(&script), "stem = 'it''s'"));
	assert_non_null(strstr(text_get(&data), "\"a' ' 50 %\""));
	assert_null(strstr(text_get(&script), "\n!"));
	text_free(&script);
	text_free(&data);
}

static void what_cannot_be_drawn_is_refused(void **unused)
{
	const plot_figure words = { .name = "f", .help = "", .title = "", .x = "request_bytes", .y = { "layer" } };
	const plot_figure lines = { .name = "f",
				    .help = "",
				    .title = "",
				    .kind = PLOT_LINES,
				    .x = "scheme",
				    .y = { "iops" },
				    .where = "layer=app" };
	const plot_figure alone = {
		.name = "alone", .help = "", .title = "", .x = "btlb.entries", .y = { "iops" }, .min_xs = 2
	};

	(void)unused;
	refuse(&words, NULL, &sweep, "'layer' holds no numbers: 'app'", NULL);
	refuse(&lines, NULL, &sweep, "'scheme' holds other things than numbers", NULL);
	refuse(&alone, NULL, &sweep, "'alone' needs more than one value of 'nesc.btlb.entries'", NULL);
}

static void every_figure_is_described(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < plot_num_figures; i++) {
		assert_true(strlen(plot_figures[i].help) > 10);
		assert_non_null(plot_figures[i].file);
		assert_non_null(plot_figures[i].title);
		assert_non_null(plot_figures[i].y[0]);
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(plot_figures[i].name, plot_figures[j].name);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_habits),
		TEST(conditions_take_rows),
		TEST(sums_of_repeats_are_no_repeats),
		TEST(the_users_conditions_win),
		TEST(parameters_that_vary_make_series),
		TEST(bars_have_places),
		TEST(a_speed_up_is_over_the_first),
		TEST(a_speed_up_of_rates_is_the_other_way_round),
		TEST(a_speed_up_of_shares_goes_by_what_they_are_of),
		TEST(over_zero_there_is_no_speed_up),
		TEST(a_speed_up_compares_like_with_like),
		TEST(shares_are_of_the_sum_at_each_x),
		TEST(series_are_known_by_what_they_are),
		TEST(there_are_no_more_panels_than_have_room),
		TEST(a_mixture_is_told_from_repeats),
		TEST(several_y_can_be_series_of_one_panel),
		TEST(stages_come_in_their_order_and_small_ones_together),
		TEST(a_distribution_is_a_staircase),
		TEST(points_along_a_parameter_keep_its_order),
		TEST(repeats_along_a_parameter_are_one_point),
		TEST(jain_is_one_when_all_have_the_same),
		TEST(texts_are_no_commands),
		TEST(what_cannot_be_drawn_is_refused),
		TEST(every_figure_is_described),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
