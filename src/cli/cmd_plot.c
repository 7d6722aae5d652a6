#include <stdlib.h>
#include <string.h>

#include "cli/command.h"

static const cli_option options[] = {
	{ "figure", "NAME", "Draws this figure (default: all that the data are there for)." },
	{ "x", "COLUMN", "What to draw against: a column of the CSV, or the end of its name (btlb.entries)." },
	{ "y", "COLUMN", "What to draw; several with commas between, a panel each." },
	{ "by", "COLUMN", "A line or bar for each value of this column, or of several with commas between." },
	{ "where", "COLUMN=VALUE",
	  "Takes only rows with this value; op=read|write: with one of them; vm!=1: with another (may be given more "
	  "than once)." },
	{ "out", "FILE",
	  "The picture's name; or a folder, with a slash behind (default: beside the input, NAME-figures/)." },
	{ "format", "NAME", "svg, png or pdf (default: what FILE ends in, else svg)." },
	{ "list", NULL, "Names the figures, and what each is made of." },
};

static nescsim_status list_figures(FILE *out)
{
	for (size_t i = 0; i < nescsim_num_figures(); i++) {
		const nescsim_figure figure = nescsim_figure_at(i);

		fprintf(out, "%-18s %-14s %s\n", figure.name, figure.file, figure.help);
	}
	return fflush(out) != 0 || ferror(out) ? NESCSIM_IO : NESCSIM_OK;
}

static nescsim_status run(const cli_args *args)
{
	const char **where = calloc(args->num_values + 1, sizeof(*where));
	nescsim_plot_options plot = { .input = args->arguments[0],
				      .figure = cli_text(args, "figure"),
				      .x = cli_text(args, "x"),
				      .y = cli_text(args, "y"),
				      .by = cli_text(args, "by"),
				      .where = where,
				      .format = cli_text(args, "format"),
				      .out = cli_text(args, "out") };
	nescsim_status status;

	if (where == NULL)
		return NESCSIM_NO_MEMORY;
	for (size_t i = 0; i < args->num_values; i++)
		if (strcmp(args->values[i].option->name, "where") == 0)
			where[plot.num_where++] = args->values[i].text;
	if (cli_flag(args, "list"))
		status = list_figures(stdout);
	else if (args->num_arguments == 0)
		status =
			cli_usage(args->diag, "such as results/vc707", "`nescsim plot` needs a result folder or a CSV");
	else
		status = nescsim_plot(&plot, stdout, args->diag);
	free(where);
	return status;
}

const cli_command command_plot = {
	.name = "plot",
	.arguments = "DIR|CSV",
	.help = "Draws figures of a result folder or of a sweep, with gnuplot.",
	.min_arguments = 0,
	.max_arguments = 1,
	.options = options,
	.num_options = sizeof(options) / sizeof(options[0]),
	.run = run,
};
