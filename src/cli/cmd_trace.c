#include <string.h>

#include "cli/command.h"

static const cli_option options[] = {
	CLI_FORMAT_OPTION,
	{ "device", "NAME", "Takes the requests of this device only." },
	{ "skip", "TIME", "Leaves out what was queued earlier than this after the start, such as '10 s'." },
	{ "window", "TIME", "Takes only what was queued in so much time, such as '1 min'." },
	{ "to", "NAME", "convert, generate: the format of OUT (default: what its name says; x.msr.csv.gz is msr)." },
	{ "force", NULL, "convert, generate: replaces OUT if it is there." },
	{ "job", "FILE", "generate: a fio job file, in the place of options." },
	{ "disk", "BYTES", "generate: the disk's size (default 1 GiB)." },
	{ "service", "TIME", "generate: the time that a request takes (default 100 us)." },
	{ "seed", "N", "generate: of what is drawn at random (default 1)." },
};

#define MAX_ACTION_OPTIONS 10

typedef struct trace_action {
	const char *name, *usage;
	size_t min_arguments, max_arguments;
	const char *options[MAX_ACTION_OPTIONS]; /* that it takes */
	nescsim_status (*run)(const cli_args *args);
} trace_action;

static nescsim_trace_input input_of(const cli_args *args)
{
	return (nescsim_trace_input){ .file_name = args->arguments[1],
				      .format = cli_text(args, "format"),
				      .device = cli_text(args, "device"),
				      .skip = cli_text(args, "skip"),
				      .window = cli_text(args, "window") };
}

static nescsim_trace_output output_of(const cli_args *args, int argument)
{
	return (nescsim_trace_output){ .file_name = args->arguments[argument],
				       .format = cli_text(args, "to"),
				       .replaces = cli_flag(args, "force") };
}

static nescsim_status info(const cli_args *args)
{
	const nescsim_trace_input input = input_of(args);

	return nescsim_trace_info(&input, stdout, args->diag);
}

static nescsim_status convert(const cli_args *args)
{
	const nescsim_trace_input input = input_of(args);
	const nescsim_trace_output output = output_of(args, 2);

	return nescsim_trace_convert(&input, &output, stdout, args->diag);
}

static nescsim_status generate(const cli_args *args)
{
	const nescsim_trace_output output = output_of(args, 1);
	nescsim_trace_job job = { .file_name = cli_text(args, "job"),
				  .options = args->arguments + 2,
				  .num_options = args->num_arguments - 2,
				  .disk = cli_text(args, "disk"),
				  .service = cli_text(args, "service") };
	nescsim_status status = cli_number(args, "seed", 1, &job.seed);

	return status == NESCSIM_OK ? nescsim_trace_generate(&job, &output, stdout, args->diag) : status;
}

static const trace_action actions[] = {
	{ "info",
	  "nescsim trace info FILE; several files as a pattern: 'DIR/*.csv.gz'",
	  2,
	  2,
	  { "format", "device", "skip", "window" },
	  info },
	{ "convert",
	  "nescsim trace convert FILE OUT; several files as a pattern: 'DIR/*.csv.gz'",
	  3,
	  3,
	  { "format", "device", "skip", "window", "to", "force" },
	  convert },
	{ "generate",
	  "nescsim trace generate OUT rw=randread bs=4k ..., or --job FILE",
	  2,
	  CLI_MAX_ARGUMENTS,
	  { "to", "force", "job", "disk", "service", "seed" },
	  generate },
};

#define NUM_ACTIONS (sizeof(actions) / sizeof(actions[0]))

static nescsim_status check_action(const trace_action *action, const cli_args *args)
{
	if (args->num_arguments < action->min_arguments || args->num_arguments > action->max_arguments)
		return cli_usage(args->diag, action->usage, "'trace %s' takes other arguments", action->name);
	for (size_t i = 0; i < args->num_values; i++) {
		const char *name = args->values[i].option->name;
		size_t known = 0;

		while (known < MAX_ACTION_OPTIONS && action->options[known] != NULL &&
		       strcmp(action->options[known], name) != 0)
			known++;
		if (known == MAX_ACTION_OPTIONS || action->options[known] == NULL)
			return cli_usage(args->diag, "`nescsim help trace` lists the options",
					 "'trace %s' has no option --%s", action->name, name);
	}
	return NESCSIM_OK;
}

static nescsim_status run(const cli_args *args)
{
	const char *names[NUM_ACTIONS], *nearest;
	char hint[64];

	for (size_t i = 0; i < NUM_ACTIONS; i++) {
		nescsim_status status;

		names[i] = actions[i].name;
		if (strcmp(args->arguments[0], actions[i].name) != 0)
			continue;
		status = check_action(&actions[i], args);
		return status == NESCSIM_OK ? actions[i].run(args) : status;
	}
	nearest = nescsim_nearest(args->arguments[0], names, NUM_ACTIONS);
	snprintf(hint, sizeof(hint), nearest == NULL ? "`nescsim help trace` lists them" : "did you mean %s?", nearest);
	return cli_usage(args->diag, hint, "there is no 'trace %s'", args->arguments[0]);
}

const cli_command command_trace = {
	.name = "trace",
	.arguments = "info FILE | convert FILE OUT | generate OUT OPTION...",
	.help = "Says what a trace holds, or which of its lines is wrong; writes it in another format, or one that a "
		"fio job makes.",
	.min_arguments = 2,
	.max_arguments = CLI_MAX_ARGUMENTS,
	.options = options,
	.num_options = sizeof(options) / sizeof(options[0]),
	.run = run,
};
