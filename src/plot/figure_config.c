#include "plot/figure_config.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "metrics/folder.h"
#include "plot/figure.h"

static const char *const choices[] = {
	FIGURE_OF_COLUMNS,
#define FIGURE(figure, ...) #figure,
#include "plot/figures.def"
#undef FIGURE
	NULL,
};

static const cfg_key condition = {
	.name = "condition",
	.type = CFG_STRING,
	.offset_in_struct = 0,
	.help = "COLUMN=VALUE, as --where of `nescsim plot` takes it.",
	.source = "none: required",
};

#define TEXT(key, member, default, why, text)                                                         \
	{                                                                                             \
		.name = key, .type = CFG_STRING, .offset_in_struct = offsetof(figure_config, member), \
		.default_text = default, .help = text, .source = why                                  \
	}

static const cfg_key keys[] = {
	TEXT("name", name, NULL, "none: required", "What the figure's files are called, without their ends."),
	{ .name = "figure",
	  .type = CFG_ENUM,
	  .offset_in_struct = offsetof(figure_config, figure),
	  .default_text = FIGURE_OF_COLUMNS,
	  .choices = choices,
	  .help = "A figure of `nescsim plot --list`; columns: what x and y say.",
	  .source = "choice: none" },
	TEXT("title", title, "", "choice: the figure's own", "What stands above it."),
	TEXT("x", x, "", "choice: the figure's own", "The column to draw against."),
	TEXT("y", y, "", "choice: the figure's own", "The column to draw; several with commas, a panel each."),
	TEXT("by", by, "", "choice: the figure's own, or the scheme", "A line or bar for each value of these columns."),
	{ .name = "where",
	  .type = CFG_LIST,
	  .offset_in_struct = offsetof(figure_config, where),
	  .default_text = "[]",
	  .element = &condition,
	  .one_or_list = true,
	  .help = "Only rows with these values.",
	  .source = "choice: what the figure needs" },
};

static const cfg_section section = {
	.name = "a figure",
	.keys = keys,
	.num_keys = sizeof(keys) / sizeof(keys[0]),
	.struct_bytes = sizeof(figure_config),
};

const cfg_key figure_element = { .name = "figure", .type = CFG_SECTION, .section = &section, .help = "One figure." };

static bool is_file_name(const char *name)
{
	if (*name == '\0' || *name == '.' || *name == '-')
		return false;
	for (; *name != '\0'; name++)
		if (!isalnum((unsigned char)*name) && strchr("._-", *name) == NULL)
			return false;
	return true;
}

void figure_configs_check(const cfg_list *figures, bool sweeps, cfg_check *check)
{
	const figure_config *items = figures->items;

	for (size_t i = 0; i < figures->num; i++) {
		char key[48];

		snprintf(key, sizeof(key), "figures[%zu].name", i);
		if (!is_file_name(items[i].name))
			cfg_conflict(check, key, "letters, digits, '_', '-' and '.'", "'%s' is no name of a file",
				     items[i].name);
		for (size_t j = 0; j < i; j++)
			if (strcmp(items[j].name, items[i].name) == 0)
				cfg_conflict(check, key, NULL, "figures[%zu] has the same name, '%s'", j,
					     items[i].name);
		snprintf(key, sizeof(key), "figures[%zu].figure", i);
		if (items[i].figure == 0 && (items[i].x[0] == '\0' || items[i].y[0] == '\0'))
			cfg_conflict(check, key, "or name a figure of `nescsim plot --list`",
				     "columns need both x and y");
		if (items[i].figure != 0 && sweeps &&
		    strcmp(plot_figures[items[i].figure - 1].file, SWEEP_TABLE_FILE) != 0)
			cfg_conflict(check, key, "`nescsim plot` draws it of a point's folder",
				     "'%s' shows a single run, and this configuration sweeps",
				     choices[items[i].figure]);
	}
}
