#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/command.h"

static const cli_option options[] = {
	{ "param", "KEY=LIST",
	  "Varies a key: 1,2,4 or 1..64*2 or 4..32+4; several make a grid, zip:KEY=LIST;KEY=LIST pairs keys." },
	{ "repeat", "N", "Runs each combination N times, with the seeds sim.seed, sim.seed + 1 and so on." },
	{ "out", "DIR", "Where the sweep goes (default: results/, the configuration's name and -sweep)." },
	{ "resume", NULL, "Keeps the points in DIR that were made with the same configuration, runs the others." },
	{ "jobs", "N", "Runs N points at a time (default: one per core)." },
	{ "executor", "NAME", "Who runs the points: local (default)." },
	CLI_SET_OPTION,
	CLI_SCHEMES_OPTION,
	CLI_SEED_OPTION,
	CLI_TRACE_OPTIONS,
	CLI_REQUESTS_OPTION,
	CLI_CHECK_OPTION,
	{ "quiet", NULL, "Prints nothing but mistakes." },
};

static nescsim_status read_numbers(const cli_args *args, nescsim_sweep_options *to)
{
	uint64_t num_jobs;
	nescsim_status status = cli_number(args, "repeat", 0, &to->num_repeats);

	if (status == NESCSIM_OK)
		status = cli_number(args, "jobs", 0, &num_jobs);
	if (status != NESCSIM_OK)
		return status;
	if (cli_text(args, "repeat") != NULL && to->num_repeats == 0)
		return cli_usage(args->diag, NULL, "--repeat 0 runs nothing");
	if (cli_text(args, "jobs") != NULL && (num_jobs == 0 || num_jobs > 4096))
		return cli_usage(args->diag, NULL, "--jobs is 1 to 4096");
	to->num_jobs = (uint32_t)num_jobs;
	return NESCSIM_OK;
}

static void print_end(const nescsim_sweep_counts *counts, const char *folder)
{
	printf("%llu points: %llu run", (unsigned long long)counts->num_points, (unsigned long long)counts->num_run);
	if (counts->num_kept != 0)
		printf(", %llu kept", (unsigned long long)counts->num_kept);
	printf("\nResults: %s (sweep.csv, and a result folder for each point in points/)\n", folder);
}

static nescsim_status sweep(const cli_args *args, nescsim_sweep_options *to)
{
	nescsim_sweep_counts counts;
	nescsim_status status = read_numbers(args, to);

	if (status == NESCSIM_OK)
		status = nescsim_sweep(args->arguments[0], to, args->diag, &counts);
	if (status == NESCSIM_OK && !cli_flag(args, "quiet"))
		print_end(&counts, to->out_folder);
	return status;
}

static nescsim_status run(const cli_args *args)
{
	const char *out = cli_text(args, "out");
	char *folder = out != NULL ? strdup(out) : cli_default_folder(args->arguments[0], "-sweep");
	nescsim_override *overrides = calloc(CLI_MAX_OVERRIDES(args), sizeof(*overrides));
	const char **params = calloc(args->num_values + 1, sizeof(*params)), **schemes = NULL;
	char *override_memory = NULL, *scheme_memory = NULL;
	nescsim_sweep_options to = {
		.overrides = overrides,
		.params = params,
		.out_folder = folder,
		.resume = cli_flag(args, "resume"),
		.executor = cli_text(args, "executor"),
		.progress = cli_flag(args, "quiet") ? NULL : stderr,
	};
	nescsim_status status = NESCSIM_NO_MEMORY;

	if (folder != NULL && overrides != NULL && params != NULL) {
		for (size_t i = 0; i < args->num_values; i++)
			if (strcmp(args->values[i].option->name, "param") == 0)
				params[to.num_params++] = args->values[i].text;
		status = cli_overrides(args, overrides, &to.num_overrides, &override_memory);
	}
	if (status == NESCSIM_OK)
		status = cli_schemes(args, &schemes, &to.num_schemes, &scheme_memory);
	to.schemes = schemes;
	if (status == NESCSIM_OK)
		status = sweep(args, &to);
	free(schemes);
	free(scheme_memory);
	free(override_memory);
	free(params);
	free(overrides);
	free(folder);
	return status;
}

const cli_command command_sweep = {
	.name = "sweep",
	.arguments = "CONFIG",
	.help = "Runs a configuration for every combination of some keys' values, on all cores.",
	.min_arguments = 1,
	.max_arguments = 1,
	.options = options,
	.num_options = sizeof(options) / sizeof(options[0]),
	.run = run,
};
