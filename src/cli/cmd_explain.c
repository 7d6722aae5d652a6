#include "cli/command.h"

static const cli_option options[] = {
	{ "request", "N", "Which request of VM 1's first vCPU, from 0 in the order of submission (default: 0)." },
	CLI_SCHEMES_OPTION,
	CLI_SET_OPTION,
	CLI_SEED_OPTION,
	CLI_TRACE_OPTIONS,
};

static nescsim_status run(const cli_args *args)
{
	nescsim_config *config = NULL;
	uint64_t number;
	nescsim_status status = cli_number(args, "request", 0, &number);

	if (status == NESCSIM_OK)
		status = cli_load(args, &config);
	if (status == NESCSIM_OK)
		status = nescsim_explain(config, number, stdout, args->diag);
	nescsim_config_destroy(config);
	return status;
}

const cli_command command_explain = {
	.name = "explain",
	.arguments = "CONFIG",
	.help = "Shows one request's timeline in every scheme: what it is in, waits for or is worked on by, and when.",
	.min_arguments = 1,
	.max_arguments = 1,
	.options = options,
	.num_options = sizeof(options) / sizeof(options[0]),
	.run = run,
};
