#include "cli/command.h"

static const cli_option options[] = { CLI_SET_OPTION, CLI_SEED_OPTION };

static nescsim_status run(const cli_args *args)
{
	nescsim_config *config;
	nescsim_status status = cli_load(args, &config);

	if (status == NESCSIM_OK)
		status = nescsim_link_print(config, stdout);
	nescsim_config_destroy(config);
	return status;
}

const cli_command command_link = {
	.name = "link",
	.arguments = "CONFIG",
	.help = "Probes the PCIe link alone: payload rates and latencies by transfer size.",
	.min_arguments = 1,
	.max_arguments = 1,
	.options = options,
	.num_options = sizeof(options) / sizeof(options[0]),
	.run = run,
};
