#include "cli/command.h"

static nescsim_status run(const cli_args *args)
{
	(void)args;
	return cli_print_list(NESCSIM_LIST_SCHEMES, stdout);
}

const cli_command command_schemes = {
	.name = "schemes",
	.arguments = "",
	.help = "Lists the virtualization schemes.",
	.run = run,
};
