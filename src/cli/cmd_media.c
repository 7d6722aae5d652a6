#include "cli/command.h"

static nescsim_status run(const cli_args *args)
{
	(void)args;
	return cli_print_list(NESCSIM_LIST_MEDIA, stdout);
}

const cli_command command_media = {
	.name = "media",
	.arguments = "",
	.help = "Lists the storage media.",
	.run = run,
};
