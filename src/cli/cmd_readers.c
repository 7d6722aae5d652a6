#include "cli/command.h"

static nescsim_status run(const cli_args *args)
{
	(void)args;
	return cli_print_list(NESCSIM_LIST_READERS, stdout);
}

const cli_command command_readers = {
	.name = "readers",
	.arguments = "",
	.help = "Lists the trace formats.",
	.run = run,
};
