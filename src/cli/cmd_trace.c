#include <string.h>

#include "cli/command.h"

static const cli_option options[] = {
	{ "format", "NAME",
	  "Takes the file to have this format (`nescsim readers`) instead of looking at its content." },
	{ "device", "NAME", "Looks at the requests of this device only." },
};

static nescsim_status run(const cli_args *args)
{
	static const char *const actions[] = { "info" };
	const char *action = args->arguments[0];

	if (strcmp(action, "info") != 0) {
		const char *nearest = nescsim_nearest(action, actions, sizeof(actions) / sizeof(actions[0]));

		return cli_usage(args->diag, nearest == NULL ? "nescsim trace info FILE" : "did you mean info?",
				 "there is no 'trace %s'", action);
	}
	return nescsim_trace_info(args->arguments[1], cli_text(args, "format"), cli_text(args, "device"), stdout,
				  args->diag);
}

const cli_command command_trace = {
	.name = "trace",
	.arguments = "info FILE",
	.help = "Says what a trace holds, or which of its lines is wrong.",
	.min_arguments = 2,
	.max_arguments = 2,
	.options = options,
	.num_options = sizeof(options) / sizeof(options[0]),
	.run = run,
};
