#include "plot/figure.h"

#include <stdio.h>
#include <string.h>

const plot_figure plot_figures[] = {
#define FIGURE(figure, ...) { .name = #figure, __VA_ARGS__ },
#include "plot/figures.def"
#undef FIGURE
};

const size_t plot_num_figures = sizeof(plot_figures) / sizeof(plot_figures[0]);

static const struct {
	const char *column, *title, *beside;
} titles[] = {
#define TITLE(column, title, beside) { #column, title, beside },
#include "plot/titles.def"
#undef TITLE
};

/* Units as column names end in, and as axes have them. */
static const struct {
	const char *end, *unit;
} units[] = {
	{ "_us", "µs" }, { "_s", "s" }, { "_percent", "%" }, { "_MBps", "MB/s" }, { "_bytes", "bytes" },
};

const char *plot_column_title(const char *column, char text[PLOT_TITLE_BYTES])
{
	const size_t num_bytes = strlen(column);

	for (size_t i = 0; i < sizeof(titles) / sizeof(titles[0]); i++)
		if (strcmp(titles[i].column, column) == 0)
			return titles[i].title;
	snprintf(text, PLOT_TITLE_BYTES, "%s", column);
	/* A parameter is called by its key, so that it can be found. */
	if (strchr(column, '.') != NULL)
		return text;
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		const size_t end_bytes = strlen(units[i].end);

		if (num_bytes > end_bytes && strcmp(column + num_bytes - end_bytes, units[i].end) == 0) {
			snprintf(text, PLOT_TITLE_BYTES, "%.*s, %s", (int)(num_bytes - end_bytes), column,
				 units[i].unit);
			break;
		}
	}
	for (char *at = text; *at != '\0'; at++)
		if (*at == '_')
			*at = ' ';
	return text;
}

const char *plot_column_short(const char *column)
{
	for (size_t i = 0; i < sizeof(titles) / sizeof(titles[0]); i++)
		if (titles[i].beside != NULL && strcmp(titles[i].column, column) == 0)
			return titles[i].beside;
	return column;
}
