#include "cli/command.h"

static const cli_option options[] = {
	CLI_SET_OPTION,
	CLI_SEED_OPTION,
	CLI_TRACE_OPTIONS,
	CLI_SCHEMES_OPTION,
	{ "print", NULL, "Prints the effective configuration, every default filled in." },
};

static nescsim_status run(const cli_args *args)
{
	nescsim_config *config;
	nescsim_status status = cli_load(args, &config);

	if (status == NESCSIM_OK)
		status = nescsim_config_check_inputs(config, args->diag);
	if (status == NESCSIM_OK && cli_flag(args, "print"))
		status = nescsim_config_print(config, stdout);
	else if (status == NESCSIM_OK)
		printf("%s: ok\n", args->arguments[0]);
	nescsim_config_destroy(config);
	return status;
}

const cli_command command_check = {
	.name = "check",
	.arguments = "CONFIG",
	.help = "Checks a configuration and its traces without running anything.",
	.min_arguments = 1,
	.max_arguments = 1,
	.options = options,
	.num_options = sizeof(options) / sizeof(options[0]),
	.run = run,
};
