#include "cli/command.h"

static const cli_option options[] = {
	{ "out", "FILE", "The page's name, which ends in .html (default: beside the input, NAME.html)." },
	{ "title", "TEXT", "What stands above the page (default: the input's name)." },
};

static nescsim_status run(const cli_args *args)
{
	const nescsim_report_options report = { .input = args->arguments[0],
						.out = cli_text(args, "out"),
						.title = cli_text(args, "title") };

	return nescsim_report(&report, stdout, args->diag);
}

const cli_command command_report = {
	.name = "report",
	.arguments = "DIR",
	.help = "Makes one HTML page of a result folder, of a sweep, or of a folder with several of them.",
	.min_arguments = 1,
	.max_arguments = 1,
	.options = options,
	.num_options = sizeof(options) / sizeof(options[0]),
	.run = run,
};
