#include "cli/command.h"

static nescsim_status run(const cli_args *args)
{
	return nescsim_config_describe(args->num_arguments != 0 ? args->arguments[0] : NULL, stdout, args->diag);
}

const cli_command command_params = {
	.name = "params",
	.arguments = "[KEY]",
	.help = "Prints the reference of the configuration's keys: unit, range, default and its source.",
	.max_arguments = 1,
	.run = run,
};
