#include "cli/command.h"

static const cli_option options[] = {
	{ "out", "MAP", "Writes the map to this file, as a configuration's disk.map can name it." },
	{ "format", "NAME",
	  "Takes the source to be this one of `nescsim maps` instead of looking at name and content." },
};

static nescsim_status run(const cli_args *args)
{
	return nescsim_extents(args->arguments[0], cli_text(args, "format"), cli_text(args, "out"), stdout, args->diag);
}

const cli_command command_extents = {
	.name = "extents",
	.arguments = "SOURCE",
	.help = "Says how a file lies on its filesystem: a file, a list of its extents, or IMAGE:/path.",
	.min_arguments = 1,
	.max_arguments = 1,
	.options = options,
	.num_options = sizeof(options) / sizeof(options[0]),
	.run = run,
};
