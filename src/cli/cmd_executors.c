#include "cli/command.h"

static nescsim_status run(const cli_args *args)
{
	(void)args;
	for (size_t i = 0; nescsim_sweep_executor(i).name != NULL; i++)
		cli_print_item(nescsim_sweep_executor(i), stdout);
	return fflush(stdout) != 0 || ferror(stdout) ? NESCSIM_IO : NESCSIM_OK;
}

const cli_command command_executors = {
	.name = "executors",
	.arguments = "",
	.help = "Lists who can run the points of a sweep.",
	.run = run,
};
