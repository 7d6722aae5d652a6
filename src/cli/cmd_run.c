#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli/command.h"

static const cli_option options[] = {
	CLI_SET_OPTION,
	CLI_SCHEMES_OPTION,
	CLI_SEED_OPTION,
	CLI_TRACE_OPTIONS,
	CLI_REQUESTS_OPTION,
	CLI_CHECK_OPTION,
	{ "out", "DIR", "Where the result folder goes (default: results/ and the configuration's name)." },
	{ "quiet", NULL, "Prints nothing but mistakes." },
};

static double seconds_since(const struct timespec *begin)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)(now.tv_sec - begin->tv_sec) + 1e-9 * (double)(now.tv_nsec - begin->tv_nsec);
}

/* How fast the simulator was: for people at a terminal, never part of a result. */
static void print_speed(const nescsim_result *result, const struct timespec *begin)
{
	static const char *const ops[] = { "all", "flush", "discard" };
	const double elapsed_s = seconds_since(begin);
	uint64_t num_requests = 0;

	for (size_t i = 0; i < nescsim_result_num_schemes(result); i++) {
		for (size_t j = 0; j < sizeof(ops) / sizeof(ops[0]); j++) {
			const char *scheme = nescsim_result_bottleneck(result, i)->scheme;
			const nescsim_row *row = nescsim_result_find(result, scheme, "block", 0, ops[j]);

			num_requests += row != NULL ? row->num_requests : 0;
		}
	}
	fprintf(stderr, "%llu requests in %.2f s (%.0f per second)\n", (unsigned long long)num_requests, elapsed_s,
		elapsed_s > 0 ? (double)num_requests / elapsed_s : 0.0);
}

static nescsim_status run(const cli_args *args)
{
	const bool quiet = cli_flag(args, "quiet");
	const char *out = cli_text(args, "out");
	char *folder = out != NULL ? strdup(out) : cli_default_folder(args->arguments[0], "");
	nescsim_run_options run_options = { .out_folder = folder, .progress = quiet ? NULL : stderr };
	nescsim_config *config = NULL;
	nescsim_result *result = NULL;
	struct timespec begin;
	nescsim_status status = folder == NULL ? NESCSIM_NO_MEMORY : cli_load(args, &config);

	clock_gettime(CLOCK_MONOTONIC, &begin);
	if (status == NESCSIM_OK)
		status = nescsim_run(config, &run_options, args->diag, &result);
	if (status == NESCSIM_OK && !quiet) {
		if (isatty(STDERR_FILENO))
			print_speed(result, &begin);
		status = nescsim_result_print(result, stdout);
	}
	nescsim_result_destroy(result);
	nescsim_config_destroy(config);
	free(folder);
	return status;
}

const cli_command command_run = {
	.name = "run",
	.arguments = "CONFIG",
	.help = "Simulates a configuration with every scheme that it lists, and compares them.",
	.min_arguments = 1,
	.max_arguments = 1,
	.options = options,
	.num_options = sizeof(options) / sizeof(options[0]),
	.run = run,
};
