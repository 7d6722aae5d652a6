#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/command.h"

static const cli_option options[] = {
	{ "param", "KEY=LIST",
	  "Varies a key: 1,2,4 or 1..64*2 or 4..32+4; several make a grid, zip:KEY=LIST;KEY=LIST pairs keys." },
	{ "repeat", "N", "Runs each combination N times, with the seeds sim.seed, sim.seed + 1 and so on." },
	{ "out", "DIR", "Where the sweep goes (default: results/, the configuration's name and -sweep)." },
	{ "dry-run", NULL,
	  "Checks everything, says how much there is to run and how long that may take, and runs nothing." },
	{ "resume", NULL, "Keeps the points in DIR that were made with the same configuration, runs the others." },
	{ "jobs", "N", "Runs N points at a time (default: one per core)." },
	{ "points", "LIST",
	  "Runs only these points, such as 1-50,52, that have no result yet, and makes no sweep.csv; --resume does." },
	{ "executor", "NAME", "Who runs the points (`nescsim executors` lists them; default: the first)." },
	{ "tasks", "N", "Deals the points to N tasks of the executor (default: 64)." },
	{ "rounds", "N", "Tries points whose task left nothing N times (default: 3)." },
	{ "sbatch", "OPTION", "For --executor slurm: an option of sbatch, in one word: --sbatch --partition=long." },
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
	uint64_t num_tasks, num_rounds;
	nescsim_status status = cli_number(args, "repeat", 0, &to->num_repeats);

	if (status == NESCSIM_OK)
		status = cli_jobs(args, &to->num_jobs);
	if (status == NESCSIM_OK)
		status = cli_number(args, "tasks", 0, &num_tasks);
	if (status == NESCSIM_OK)
		status = cli_number(args, "rounds", 0, &num_rounds);
	if (status != NESCSIM_OK)
		return status;
	if (cli_text(args, "repeat") != NULL && to->num_repeats == 0)
		return cli_usage(args->diag, NULL, "--repeat 0 runs nothing");
	if (cli_text(args, "tasks") != NULL && (num_tasks == 0 || num_tasks > NESCSIM_SWEEP_MAX_POINTS))
		return cli_usage(args->diag, NULL, "--tasks is 1 to %d", NESCSIM_SWEEP_MAX_POINTS);
	if (cli_text(args, "rounds") != NULL && (num_rounds == 0 || num_rounds > 1000))
		return cli_usage(args->diag, NULL, "--rounds is 1 to 1000");
	to->num_tasks = (uint32_t)num_tasks;
	to->num_rounds = (uint32_t)num_rounds;
	return NESCSIM_OK;
}

static void print_points(const char *before, uint64_t num)
{
	printf("%s%llu point%s", before, (unsigned long long)num, num == 1 ? "" : "s");
}

static void print_plan(const nescsim_sweep_counts *counts)
{
	char duration[48];

	print_points("", counts->num_points);
	if (counts->num_kept != 0)
		printf(", %llu kept", (unsigned long long)counts->num_kept);
	print_points("\nTo run: ", counts->num_points - counts->num_kept);
	if (counts->has_more_requests) {
		printf(", at least %llu requests in all schemes (some workloads do not say how many they have)\n",
		       (unsigned long long)counts->num_requests);
		return;
	}
	nescsim_sweep_format_estimate(counts, duration, sizeof(duration));
	printf(", %llu requests in all schemes, about %s\n", (unsigned long long)counts->num_requests, duration);
}

static void print_end(const nescsim_sweep_counts *counts, const char *folder, bool is_part)
{
	print_points("", counts->num_points);
	printf(": %llu run", (unsigned long long)counts->num_run);
	if (counts->num_kept != 0)
		printf(", %llu kept", (unsigned long long)counts->num_kept);
	if (is_part)
		printf("\nResults: %s (points/; the same command with --resume instead of --points makes the table)\n",
		       folder);
	else
		printf("\nResults: %s (sweep.csv, and a result folder for each point in points/)\n", folder);
}

static nescsim_status sweep(const cli_args *args, nescsim_sweep_options *to)
{
	nescsim_sweep_counts counts;
	nescsim_status status = read_numbers(args, to);

	if (status == NESCSIM_OK)
		status = nescsim_sweep(args->arguments[0], to, args->diag, &counts);
	if (status == NESCSIM_OK && to->dry_run)
		print_plan(&counts);
	else if (status == NESCSIM_OK && !cli_flag(args, "quiet"))
		print_end(&counts, to->out_folder, to->points != NULL);
	return status;
}

/* The values of an option that may be given several times. */
static size_t collect(const cli_args *args, const char *option, const char **values)
{
	size_t num = 0;

	for (size_t i = 0; i < args->num_values; i++)
		if (strcmp(args->values[i].option->name, option) == 0)
			values[num++] = args->values[i].text;
	return num;
}

static nescsim_status run(const cli_args *args)
{
	char program[4096];
	const char *out = cli_text(args, "out");
	char *folder = out != NULL ? strdup(out) : cli_default_folder(args->arguments[0], "-sweep");
	nescsim_override *overrides = calloc(CLI_MAX_OVERRIDES(args), sizeof(*overrides));
	const char **params = calloc(args->num_values + 1, sizeof(*params)), **schemes = NULL;
	const char **submit_options = calloc(args->num_values + 1, sizeof(*submit_options));
	char *override_memory = NULL, *scheme_memory = NULL;
	nescsim_sweep_options to = {
		.overrides = overrides,
		.params = params,
		.out_folder = folder,
		.dry_run = cli_flag(args, "dry-run"),
		.resume = cli_flag(args, "resume"),
		.executor = cli_text(args, "executor"),
		.points = cli_text(args, "points"),
		.program = cli_program(program, sizeof(program)) ? program : NULL,
		.submit_options = submit_options,
		.progress = cli_flag(args, "quiet") ? NULL : stderr,
	};
	nescsim_status status = NESCSIM_NO_MEMORY;

	if (folder != NULL && overrides != NULL && params != NULL && submit_options != NULL) {
		to.num_params = collect(args, "param", params);
		to.num_submit_options = collect(args, "sbatch", submit_options);
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
	free(submit_options);
	free(overrides);
	free(folder);
	return status;
}

const cli_command command_sweep = {
	.name = "sweep",
	.arguments = "CONFIG",
	.help = "Runs a configuration for every combination of some keys' values, on all cores or a cluster.",
	.min_arguments = 1,
	.max_arguments = 1,
	.options = options,
	.num_options = sizeof(options) / sizeof(options[0]),
	.run = run,
};
