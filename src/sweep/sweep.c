#include "nescsim/sweep.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "metrics/folder.h"
#include "metrics/progress.h"
#include "sweep/executor.h"
#include "sweep/point.h"
#include "sweep/point_list.h"
#include "sweep/shelf.h"
#include "sweep/survey.h"
#include "sweep/sweep_csv.h"
#include "sweep/sweep_folder.h"

#define MAX_FAILURES_SHOWN 20
#define ERROR_PREFIX "error: " /* as nescsim_diag_print() begins */

static const struct {
	nescsim_item item;
	const sweep_executor *executor;
} executors[] = {
#define EXECUTOR(name, help) { { #name, help }, &executor_##name },
#include "sweep/executors.def"
#undef EXECUTOR
};

#define NUM_EXECUTORS (sizeof(executors) / sizeof(executors[0]))

nescsim_item nescsim_sweep_executor(size_t index)
{
	return index < NUM_EXECUTORS ? executors[index].item : (nescsim_item){ .name = NULL };
}

/* The one that the options name, when the others fit it. */
static const sweep_executor *find_executor(const nescsim_sweep_options *options, nescsim_diag *diag)
{
	const char *name = options->executor != NULL ? options->executor : executors[0].item.name;
	const sweep_executor *found = NULL;
	text_buffer names = TEXT_EMPTY, with_tasks = TEXT_EMPTY;

	for (size_t i = 0; i < NUM_EXECUTORS; i++) {
		if (strcmp(executors[i].item.name, name) == 0)
			found = executors[i].executor;
		text_add(&names, "%s%s", i == 0 ? "there is " : ", ", executors[i].item.name);
		if (executors[i].executor->has_tasks)
			text_add(&with_tasks, "%s%s", with_tasks.num_bytes == 0 ? "" : ", ", executors[i].item.name);
	}
	if (found == NULL) {
		diag_add(diag, NESCSIM_ERROR, NESCSIM_USAGE, NULL, text_get(&names), "there is no executor '%s'", name);
	} else if (!found->has_tasks &&
		   (options->num_tasks != 0 || options->num_rounds != 0 || options->num_submit_options != 0)) {
		diag_add(diag, NESCSIM_ERROR, NESCSIM_USAGE, NULL, NULL,
			 "the executor '%s' has no tasks: their number, rounds and options are for: %s", name,
			 text_get(&with_tasks));
		found = NULL;
	} else if (options->points != NULL && found != executors[0].executor) {
		diag_add(diag, NESCSIM_ERROR, NESCSIM_USAGE, NULL, "leave one of them out",
			 "chosen points run here, not by the executor '%s'", name);
		found = NULL;
	}
	text_free(&names);
	text_free(&with_tasks);
	return found;
}

/* ---- points ----------------------------------------------------------------------------------------------------- */

/* Those that have their result in its place. */
static void keep_points(const sweep_plan *plan, uint64_t *has_result, nescsim_sweep_counts *counts)
{
	for (uint64_t point = 0; point < plan->num_points; point++) {
		char *path = job_has(has_result, point) ? NULL : point_path(plan->options->out_folder, point, "");
		nescsim_config *config;

		/* One that is not there needs no look at its configuration now. */
		if (path != NULL && access(path, F_OK) == 0 && plan_load(plan, point, NULL, &config) == NESCSIM_OK) {
			if (point_has_result(plan->options->out_folder, point, config)) {
				job_add(has_result, point);
				counts->num_kept++;
			}
			nescsim_config_destroy(config);
		}
		free(path);
	}
}

/* Loads every point's configuration: all mistakes are found before anything runs. Points that need not run are put into
 * `has_result`; those that are there already are not looked at. */
static nescsim_status check_points(const sweep_plan *plan, uint64_t *has_result, sweep_shelf *shelf,
				   nescsim_sweep_counts *counts, nescsim_diag *diag)
{
	const nescsim_sweep_options *options = plan->options;
	progress *line = options->progress != NULL ? progress_create(options->progress, "checking points") : NULL;
	plan_mistakes mistakes = { .num = 0 };
	sweep_survey survey = { .num = 0 };
	nescsim_status status = NESCSIM_OK;

	if (options->resume || options->points != NULL)
		keep_points(plan, has_result, counts);
	if (options->resume && options->points == NULL && counts->num_kept < plan->num_points)
		status = shelf_fill(shelf, plan, has_result);
	for (uint64_t point = 0; status == NESCSIM_OK && point < plan->num_points; point++) {
		nescsim_diag *found;
		nescsim_config *config = NULL;
		nescsim_status loaded;

		if (job_has(has_result, point))
			continue;
		found = nescsim_diag_create();
		loaded = found == NULL ? NESCSIM_NO_MEMORY : plan_load(plan, point, found, &config);
		if (loaded == NESCSIM_OK && shelf_take(shelf, config, point)) {
			job_add(has_result, point);
			counts->num_kept++;
		} else if (loaded == NESCSIM_OK) {
			loaded = survey_add(&survey, config, found);
		}
		if (loaded != NESCSIM_OK)
			status = plan_mistakes_add(&mistakes, point, loaded, found);
		if (plan_mistakes_are_enough(&mistakes))
			point = plan->num_points;
		nescsim_config_destroy(config);
		nescsim_diag_destroy(found);
		progress_update(line, point + 1, plan->num_points);
	}
	progress_finish(line);
	if (status == NESCSIM_OK)
		status = plan_mistakes_report(&mistakes, plan, diag);
	plan_mistakes_fini(&mistakes);
	counts->num_requests = survey_num_requests(&survey);
	counts->has_more_requests = survey.known.is_least;
	counts->estimate_s = survey_estimate_s(&survey, executor_local_jobs(options));
	return status;
}

/* Its first line that says more than nothing, or what an empty log means; to be freed. */
static char *first_line(const char *log)
{
	FILE *file = fopen(log, "re");
	char *line = NULL;
	size_t line_bytes = 0;
	ssize_t num_bytes = -1;

	if (file != NULL) {
		num_bytes = getline(&line, &line_bytes, file);
		fclose(file);
	}
	if (num_bytes <= 0) {
		free(line);
		return strdup("it ended without a word (killed, or the disk is full?)");
	}
	line[strcspn(line, "\n")] = '\0';
	return line;
}

/* Does it say why there is no result? An empty one does: its process was killed. */
static bool log_explains(const char *log)
{
	FILE *file = fopen(log, "re");
	char *line = NULL;
	size_t line_bytes = 0;
	bool is_empty = true, explains = false;

	while (file != NULL && !explains && getline(&line, &line_bytes, file) > 0) {
		is_empty = false;
		explains = strstr(line, ERROR_PREFIX) != NULL;
	}
	if (file != NULL)
		fclose(file);
	free(line);
	return file != NULL && (is_empty || explains);
}

/* For the log of a point that ran well, but of other files than the rest. */
static void explain_change(const char *log)
{
	FILE *file = fopen(log, "we");

	if (file == NULL)
		return;
	fputs(ERROR_PREFIX "a file that it reads (a trace or a map) was changed while the sweep ran\n", file);
	fclose(file);
}

static void report_failure(const sweep_plan *plan, uint64_t point, nescsim_diag *diag)
{
	char *log = point_path(plan->options->out_folder, point, ".log");
	char *why = log != NULL ? first_line(log) : NULL;
	const diag_place place = { .file = log };
	const size_t prefix_bytes =
		why != NULL && strncmp(why, ERROR_PREFIX, strlen(ERROR_PREFIX)) == 0 ? strlen(ERROR_PREFIX) : 0;
	text_buffer values = TEXT_EMPTY;

	plan_add_values(plan, point, &values);
	diag_add(diag, NESCSIM_ERROR, NESCSIM_RUN_FAILED, &place, NULL, "point %" PRIu64 " (%s) failed: %s", point + 1,
		 text_get(&values), why != NULL ? why + prefix_bytes : "");
	text_free(&values);
	free(why);
	free(log);
}

/* `config` is NULL when it could not be loaded again. What is in the point's place must not be taken for its result. */
static void fail_point(const sweep_plan *plan, uint64_t point, const nescsim_config *config)
{
	const char *out_folder = plan->options->out_folder;
	char *log = point_path(out_folder, point, ".log");

	if (config != NULL && log != NULL && !log_explains(log) && point_read_other_files(out_folder, point, config))
		explain_change(log);
	if (plan->options->points == NULL)
		shelf_put_aside(plan, point);
	free(log);
}

/* Looks for the results of the points that were to run. */
static nescsim_status find_results(const sweep_plan *plan, uint64_t *has_result, nescsim_sweep_counts *counts,
				   nescsim_diag *diag)
{
	for (uint64_t point = 0; point < plan->num_points; point++) {
		nescsim_config *config;

		if (job_has(has_result, point))
			continue;
		if (plan_load(plan, point, NULL, &config) == NESCSIM_OK &&
		    point_has_result(plan->options->out_folder, point, config)) {
			job_add(has_result, point);
			counts->num_run++;
		} else {
			fail_point(plan, point, config);
			if (counts->num_failed++ < MAX_FAILURES_SHOWN)
				report_failure(plan, point, diag);
		}
		nescsim_config_destroy(config);
	}
	if (counts->num_failed > MAX_FAILURES_SHOWN)
		diag_add(diag, NESCSIM_ERROR, NESCSIM_RUN_FAILED, NULL, "each has a .log beside the folders of points",
			 "%" PRIu64 " more points failed", counts->num_failed - MAX_FAILURES_SHOWN);
	return counts->num_failed == 0 ? NESCSIM_OK : NESCSIM_RUN_FAILED;
}

/* Makes the bits of points that this call need not run, before any result is looked at. */
static nescsim_status choose_points(const sweep_plan *plan, nescsim_diag *diag, uint64_t **has_result_out,
				    uint64_t *num_points_out)
{
	uint64_t *bits = calloc(job_num_words(plan), sizeof(*bits));
	nescsim_status status;

	*has_result_out = bits;
	*num_points_out = plan->num_points;
	if (bits == NULL)
		return NESCSIM_NO_MEMORY;
	if (plan->options->points == NULL)
		return NESCSIM_OK;
	status = point_list_parse(plan->options->points, plan, diag, bits, num_points_out);
	for (size_t i = 0; i < job_num_words(plan); i++)
		bits[i] = ~bits[i];
	return status;
}

static nescsim_status run_points(const sweep_plan *plan, const sweep_executor *executor, uint64_t *has_result,
				 nescsim_sweep_counts *counts, nescsim_diag *diag)
{
	const bool is_part = plan->options->points != NULL;
	uint64_t *todo = calloc(job_num_words(plan), sizeof(*todo));
	sweep_job job = { .plan = plan, .todo = todo, .num_todo = counts->num_points - counts->num_kept };
	const diag_place place = { .file = plan->options->out_folder };
	nescsim_status status, found;

	if (todo == NULL)
		return NESCSIM_NO_MEMORY;
	for (size_t i = 0; i < job_num_words(plan); i++)
		todo[i] = ~has_result[i];
	/* Of points whose process was killed just behind its result. */
	for (uint64_t point = 0; !is_part && counts->num_kept != 0 && point < plan->num_points; point++)
		if (job_has(has_result, point))
			point_drop_empty_log(plan->options->out_folder, point);
	status = executor->run(&job, diag);
	free(todo);
	/* Cut short: a table now would look whole. And it must end soon, so no folder is looked at. */
	if (status != NESCSIM_OK) {
		counts->num_run = job.num_good;
		diag_add(diag, NESCSIM_WARNING, status, &place, NULL, "%" PRIu64 " of %" PRIu64 " points are done",
			 counts->num_kept + counts->num_run, counts->num_points);
		return status;
	}
	found = find_results(plan, has_result, counts, diag);
	if (is_part)
		return found;
	if (found == NESCSIM_OK) {
		sweep_folder_tidy(plan);
		shelf_remove_leftovers(plan);
	}
	status = sweep_csv_write(plan, has_result, diag);
	if (status == NESCSIM_OK && found == NESCSIM_RUN_FAILED && counts->num_failed < counts->num_points)
		diag_add(diag, NESCSIM_WARNING, found, &place, "--resume tries the others again",
			 SWEEP_TABLE_FILE " has %" PRIu64 " of %" PRIu64 " points",
			 counts->num_points - counts->num_failed, counts->num_points);
	return status != NESCSIM_OK ? status : found;
}

void nescsim_sweep_format_estimate(const nescsim_sweep_counts *counts, char *text, size_t text_bytes)
{
	const uint64_t most = UINT64_C(1000000000);

	progress_format_duration((int64_t)(counts->estimate_s < most ? counts->estimate_s : most), text, text_bytes);
}

static void announce(const sweep_plan *plan, const nescsim_sweep_counts *counts)
{
	FILE *to = plan->options->progress;
	char duration[48];

	if (to == NULL || !isatty(fileno(to)))
		return;
	fprintf(to, "%" PRIu64 " points to run", counts->num_points - counts->num_kept);
	if (!counts->has_more_requests) {
		nescsim_sweep_format_estimate(counts, duration, sizeof(duration));
		fprintf(to, ", about %s", duration);
	}
	fputc('\n', to);
}

nescsim_status nescsim_sweep(const char *file_name, const nescsim_sweep_options *options, nescsim_diag *diag,
			     nescsim_sweep_counts *counts_out)
{
	const sweep_executor *executor = find_executor(options, diag);
	nescsim_sweep_counts counts = { .num_points = 0 };
	uint64_t *has_result = NULL;
	sweep_shelf shelf = { .num = 0 };
	int lock_fd = -1;
	sweep_plan plan;
	nescsim_status status = plan_make(file_name, options, diag, &plan);

	if (status == NESCSIM_OK && executor == NULL)
		status = NESCSIM_USAGE;
	if (status == NESCSIM_OK)
		status = sweep_folder_check(options, diag);
	if (status == NESCSIM_OK)
		status = choose_points(&plan, diag, &has_result, &counts.num_points);
	if (status == NESCSIM_OK && options->resume && options->points == NULL && !options->dry_run)
		status = sweep_folder_lock(options, diag, &lock_fd);
	if (status == NESCSIM_OK)
		status = check_points(&plan, has_result, &shelf, &counts, diag);
	if (status != NESCSIM_OK || options->dry_run)
		goto out;
	if (executor->check != NULL)
		status = executor->check(&plan, diag);
	if (status == NESCSIM_OK)
		status = options->points != NULL ? sweep_folder_join(&plan, counts.num_points - counts.num_kept, diag)
						 : sweep_folder_prepare(&plan, diag, &lock_fd);
	if (status == NESCSIM_OK && executor->calm != NULL)
		status = executor->calm(&plan, diag);
	if (status == NESCSIM_OK)
		counts.num_kept -= shelf_move(&shelf, &plan, has_result);
	if (status == NESCSIM_OK)
		announce(&plan, &counts);
	if (status == NESCSIM_OK)
		status = run_points(&plan, executor, has_result, &counts, diag);
out:
	if (counts_out != NULL)
		*counts_out = counts;
	if (lock_fd >= 0)
		close(lock_fd);
	free(has_result);
	shelf_fini(&shelf);
	plan_fini(&plan);
	return status;
}
