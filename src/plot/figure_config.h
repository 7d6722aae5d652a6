/* The section `figures` of a configuration: what is drawn of its results where nothing else is said. */
#ifndef PLOT_FIGURE_CONFIG_H
#define PLOT_FIGURE_CONFIG_H

#include "config/schema.h"

/* Instead of a figure of the table: x against y. */
#define FIGURE_OF_COLUMNS "columns"

/* Texts are owned by the document; "" = none. */
typedef struct figure_config {
	const char *name; /* of its files */
	int figure;       /* 0 = columns, else the row of figures.def before it */
	const char *title, *x, *y, *by;
	cfg_list where; /* of const char * */
} figure_config;

extern const cfg_key figure_element;

/* Reports names that are used twice, columns that are missing and, where the configuration `sweeps` something, figures of a
 * single run, to the check of the section that has `figures`. */
void figure_configs_check(const cfg_list *figures, bool sweeps, cfg_check *check);

#endif
