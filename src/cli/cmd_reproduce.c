#include <stdlib.h>
#include <string.h>

#include "cli/command.h"

static const cli_option options[] = {
	{ "out", "DIR",
	  "Where results, figures/ and report.html go (default: results/, the last input's name and -report)." },
	{ "format", "NAME", "Of the figures: svg (default), png or pdf." },
	{ "jobs", "N", "Runs N points of a sweep at a time (default: one per core)." },
	{ "executor", "NAME", "Who runs the points of sweeps (`nescsim executors` lists them; default: the first)." },
	{ "validate", NULL, "Says in the report which published claims hold, as `nescsim validate` does." },
	CLI_SET_OPTION,
	{ "quiet", NULL, "Prints nothing but mistakes." },
};

static nescsim_status run(const cli_args *args)
{
	char program[4096];
	const char *out = cli_text(args, "out");
	char *folder =
		out != NULL ? strdup(out) : cli_default_folder(args->arguments[args->num_arguments - 1], "-report");
	nescsim_override *overrides = calloc(CLI_MAX_OVERRIDES(args), sizeof(*overrides));
	char *memory = NULL;
	nescsim_reproduce_options to = {
		.inputs = args->arguments,
		.num_inputs = args->num_arguments,
		.overrides = overrides,
		.out_folder = folder,
		.format = cli_text(args, "format"),
		.executor = cli_text(args, "executor"),
		.program = cli_program(program, sizeof(program)) ? program : NULL,
		.validate = cli_flag(args, "validate"),
		.progress = cli_flag(args, "quiet") ? NULL : stderr,
		.list = cli_flag(args, "quiet") ? NULL : stdout,
	};
	nescsim_status status = NESCSIM_NO_MEMORY;

	if (folder != NULL && overrides != NULL)
		status = cli_overrides(args, overrides, &to.num_overrides, &memory);
	if (status == NESCSIM_OK)
		status = cli_jobs(args, &to.num_jobs);
	if (status == NESCSIM_OK)
		status = nescsim_reproduce(&to, args->diag);
	free(memory);
	free(overrides);
	free(folder);
	return status;
}

const cli_command command_reproduce = {
	.name = "reproduce",
	.arguments = "CONFIG|DIR...",
	.help = "Runs experiments, draws their figures, and collects them in one report.",
	.min_arguments = 1,
	.max_arguments = CLI_MAX_ARGUMENTS,
	.options = options,
	.num_options = sizeof(options) / sizeof(options[0]),
	.run = run,
};
