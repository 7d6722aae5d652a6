#include "cli/command.h"

static nescsim_status run(const cli_args *args)
{
	const cli_command *command;

	if (args->num_arguments == 0) {
		cli_print_help(stdout);
		return NESCSIM_OK;
	}
	command = cli_find_command(args->arguments[0], args->diag);
	if (command == NULL)
		return NESCSIM_USAGE;
	cli_print_command_help(command, stdout);
	return NESCSIM_OK;
}

const cli_command command_help = {
	.name = "help",
	.arguments = "[COMMAND]",
	.help = "Shows the help of all commands or of one.",
	.max_arguments = 1,
	.run = run,
};
