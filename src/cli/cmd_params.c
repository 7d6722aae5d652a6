#include "cli/command.h"

static const cli_option options[] = {
	{ "fitted", NULL, "Only the keys whose default was fitted to a published figure." },
};

static nescsim_status run(const cli_args *args)
{
	const char *path = args->num_arguments != 0 ? args->arguments[0] : NULL;

	return nescsim_config_describe(path, cli_flag(args, "fitted") ? "fitted to" : NULL, stdout, args->diag);
}

const cli_command command_params = {
	.name = "params",
	.arguments = "[KEY]",
	.help = "Prints the reference of the configuration's keys: unit, range, default and its source.",
	.max_arguments = 1,
	.options = options,
	.num_options = sizeof(options) / sizeof(options[0]),
	.run = run,
};
