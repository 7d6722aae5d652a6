#include "cli/command.h"

static nescsim_status run(const cli_args *args)
{
	(void)args;
	return cli_print_list(NESCSIM_LIST_WORKLOADS, stdout);
}

const cli_command command_workloads = {
	.name = "workloads",
	.arguments = "",
	.help = "Lists the kinds of workload.",
	.run = run,
};
