#include "cli/command.h"

static nescsim_status run(const cli_args *args)
{
	(void)args;
	printf("nescsim %s\n", nescsim_version());
	return NESCSIM_OK;
}

const cli_command command_version = {
	.name = "version",
	.arguments = "",
	.help = "Prints the version.",
	.run = run,
};
