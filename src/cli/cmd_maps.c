#include "cli/command.h"

static nescsim_status run(const cli_args *args)
{
	(void)args;
	return cli_print_list(NESCSIM_LIST_MAPS, stdout);
}

const cli_command command_maps = {
	.name = "maps",
	.arguments = "",
	.help = "Lists where maps of files can be read from.",
	.run = run,
};
