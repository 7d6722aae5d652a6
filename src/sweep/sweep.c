#include "nescsim/sweep.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "metrics/folder.h"
#include "metrics/progress.h"
#include "sweep/executor.h"
#include "sweep/point.h"
#include "sweep/point_list.h"
#include "sweep/shelf.h"
#include "sweep/survey.h"
#include "sweep/sweep_csv.h"
#include "workload/output.h"

#define PLAN_FILE SWEEP_PLAN_FILE
#define MAX_FAILURES_SHOWN 20
#define MAX_LOCK_TRIES 50
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
		text_buffer *to = executors[i].executor->has_tasks ? &with_tasks : NULL;

		if (strcmp(executors[i].item.name, name) == 0)
			found = executors[i].executor;
		text_add(&names, "%s%s", i == 0 ? "there is " : ", ", executors[i].item.name);
		if (to != NULL)
			text_add(to, "%s%s", to->num_bytes == 0 ? "" : ", ", executors[i].item.name);
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

/* ---- the folder ------------------------------------------------------------------------------------------------- */

/* What a folder holds that is given for a sweep. */
typedef enum folder_state {
	FOLDER_FREE,
	FOLDER_SWEEP,
	FOLDER_FOREIGN
} folder_state;

static bool is_plan_file(const char *name)
{
	json_t *json = json_load_file(name, 0, NULL);
	const bool is_plan = json_object_get(json, "nescsim") != NULL && json_object_get(json, "params") != NULL;

	json_decref(json);
	return is_plan;
}

static nescsim_status look_at_folder(const char *path, nescsim_diag *diag, folder_state *state_out)
{
	const diag_place place = { .file = path };
	const struct dirent *entry;
	size_t num_entries = 0;
	DIR *dir = opendir(path);
	char *name;

	*state_out = FOLDER_FREE;
	if (dir == NULL && errno == ENOENT)
		return NESCSIM_OK;
	if (dir == NULL && errno == ENOTDIR)
		return diag_add(diag, NESCSIM_ERROR, NESCSIM_USAGE, &place, "choose another --out",
				"this exists and is not a folder");
	if (dir == NULL)
		return diag_add(diag, NESCSIM_ERROR, NESCSIM_IO, &place, "choose another --out",
				"cannot read the folder: %s", strerror(errno));
	/* A sweep that was killed at its very beginning left no more than a part of its plan. */
	while ((entry = readdir(dir)) != NULL)
		num_entries += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0 &&
			       strncmp(entry->d_name, PLAN_FILE ".partial", strlen(PLAN_FILE ".partial")) != 0;
	closedir(dir);
	if (asprintf(&name, "%s/" PLAN_FILE, path) < 0)
		return NESCSIM_NO_MEMORY;
	if (num_entries != 0)
		*state_out = is_plan_file(name) ? FOLDER_SWEEP : FOLDER_FOREIGN;
	free(name);
	return NESCSIM_OK;
}

/* Before anything is simulated or written. */
static nescsim_status check_folder(const nescsim_sweep_options *options, nescsim_diag *diag)
{
	const diag_place place = { .file = options->out_folder };
	folder_state state;
	nescsim_status status;

	if (*options->out_folder == '\0')
		return diag_add(diag, NESCSIM_ERROR, NESCSIM_USAGE, NULL, "such as --out results/grid",
				"the folder for the sweep has no name");
	status = look_at_folder(options->out_folder, diag, &state);
	if (status != NESCSIM_OK)
		return status;
	if (state == FOLDER_FOREIGN)
		return diag_add(diag, NESCSIM_ERROR, NESCSIM_USAGE, &place, "choose another --out",
				"the folder exists and holds no sweep (no " PLAN_FILE " of nescsim's)");
	if (state == FOLDER_SWEEP && !options->resume && !options->dry_run && options->points == NULL)
		return diag_add(
			diag, NESCSIM_ERROR, NESCSIM_USAGE, &place,
			"--resume keeps its points and runs what is missing or differs; or choose another --out",
			"the folder holds an earlier sweep");
	return NESCSIM_OK;
}

static json_t *texts_json(const char *const *texts, size_t num)
{
	json_t *array = json_array();

	for (size_t i = 0; i < num; i++)
		json_array_append_new(array, json_string(texts[i]));
	return array;
}

/* What was asked for, by which it can be asked for again. */
static json_t *command_json(const sweep_plan *plan)
{
	const nescsim_sweep_options *options = plan->options;
	json_t *set = json_array();

	for (size_t i = 0; i < options->num_overrides; i++)
		json_array_append_new(set,
				      json_sprintf("%s=%s", options->overrides[i].path, options->overrides[i].value));
	return json_pack("{s:s, s:o, s:o, s:o, s:I}", "config", plan->file_name, "set", set, "schemes",
			 texts_json(options->schemes, options->num_schemes), "params",
			 texts_json(options->params, options->num_params), "repeat", (json_int_t)options->num_repeats);
}

static json_t *plan_json(const sweep_plan *plan)
{
	json_t *params = json_array();
	char hash[24];

	for (size_t i = 0; i < plan->num_axes; i++) {
		const param_axis *axis = &plan->axes[i];
		json_t *keys = json_object();

		for (size_t j = 0; j < axis->num_keys; j++) {
			json_t *values = json_array();

			for (size_t k = 0; k < axis->num_values; k++)
				json_array_append_new(values, json_string(axis->keys[j].values.items[k]));
			char *name = NULL;

			if (asprintf(&name, "%s%s", axis->keys[j].is_label ? "@" : "", axis->keys[j].path) >= 0)
				json_object_set(keys, name, values);
			else
				name = NULL;
			json_decref(values);
			free(name);
		}
		json_array_append_new(params, keys);
	}
	snprintf(hash, sizeof(hash), "%016" PRIx64, plan->files_hash);
	return json_pack("{s:s, s:o, s:s, s:o, s:I, s:I, s:O*}", "nescsim", NESCSIM_VERSION, "command",
			 command_json(plan), "files", hash, "params", params, "repeat", (json_int_t)plan->num_repeats,
			 "points", (json_int_t)plan->num_points, "figures",
			 json_array_size(plan->figures) != 0 ? plan->figures : NULL);
}

static int add_bytes(const char *bytes, size_t num_bytes, void *to)
{
	output_bytes(to, bytes, num_bytes);
	return 0;
}

/* Says what the folder holds: the parameters, in their order. */
static nescsim_status write_plan(const sweep_plan *plan, nescsim_diag *diag)
{
	json_t *json = plan_json(plan);
	output *to = NULL;
	char *name = NULL;
	nescsim_status status = NESCSIM_NO_MEMORY;

	if (json != NULL && asprintf(&name, "%s/" PLAN_FILE, plan->options->out_folder) >= 0)
		status = output_open(name, true, diag, &to);
	else
		name = NULL;
	if (status == NESCSIM_OK && json_dump_callback(json, add_bytes, to, JSON_INDENT(2)) != 0)
		status = NESCSIM_NO_MEMORY;
	if (status == NESCSIM_OK) {
		output_bytes(to, "\n", 1);
		status = output_finish(to);
	}
	if (status == NESCSIM_OK)
		status = output_commit(to);
	output_close(to);
	free(name);
	json_decref(json);
	return status;
}

static nescsim_status remove_table(const sweep_plan *plan, nescsim_diag *diag)
{
	char *csv;
	nescsim_status status = NESCSIM_OK;

	if (asprintf(&csv, "%s/" SWEEP_TABLE_FILE, plan->options->out_folder) < 0)
		return NESCSIM_NO_MEMORY;
	if (unlink(csv) != 0 && errno != ENOENT)
		status = diag_add(diag, NESCSIM_ERROR, NESCSIM_IO, NULL, NULL, "cannot remove '%s': %s", csv,
				  strerror(errno));
	free(csv);
	return status;
}

/* For a part of a sweep: its folder as it is, or a new one. Others may do the same at this moment. */
static nescsim_status join_folder(const sweep_plan *plan, uint64_t num_to_run, nescsim_diag *diag)
{
	const diag_place place = { .file = plan->options->out_folder };
	char *points = point_path(plan->options->out_folder, 0, ""), *name = NULL;
	json_t *mine = plan_json(plan), *theirs = NULL;
	nescsim_status status = NESCSIM_NO_MEMORY;

	if (points != NULL && mine != NULL && asprintf(&name, "%s/" PLAN_FILE, place.file) >= 0) {
		*strrchr(points, '/') = '\0';
		status = folder_make(place.file, diag);
		theirs = json_load_file(name, 0, NULL);
	} else {
		name = NULL;
	}
	if (status == NESCSIM_OK && theirs == NULL)
		status = write_plan(plan, diag);
	else if (status == NESCSIM_OK && !json_equal(mine, theirs))
		status = diag_add(
			diag, NESCSIM_ERROR, NESCSIM_USAGE, &place,
			"repeat its parameters; or --resume without --points begins again; or choose another --out",
			"the folder holds a sweep of other parameters, another version, or a configuration that "
			"was edited since");
	/* What a part brings is not in an earlier table. */
	if (status == NESCSIM_OK && num_to_run != 0)
		status = remove_table(plan, diag);
	if (status == NESCSIM_OK)
		status = folder_make(points, diag);
	json_decref(mine);
	json_decref(theirs);
	free(name);
	free(points);
	return status;
}

/* Two sweeps in one folder would take each other's files away. The lock is the kernel's and ends with the last process that
 * has it, children of a killed sweep included, which are dying then: hence the wait. A filesystem without locks has none.
 * *fd_out is -1 or to be closed in the end. */
static nescsim_status lock_folder(const char *path, nescsim_diag *diag, int *fd_out)
{
	static const struct timespec pause = { .tv_nsec = 20000000 };
	const diag_place place = { .file = path };

	*fd_out = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	for (int i = 0; *fd_out >= 0 && flock(*fd_out, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK; i++) {
		if (i == MAX_LOCK_TRIES)
			return diag_add(diag, NESCSIM_ERROR, NESCSIM_USAGE, &place,
					"wait for it, or choose another --out",
					"another sweep is at work in this folder");
		nanosleep(&pause, NULL);
	}
	return NESCSIM_OK;
}

/* Makes and locks the folder, tidies it, and takes away the table of an earlier sweep, which is not that of the new points. */
static nescsim_status prepare_folder(const sweep_plan *plan, nescsim_diag *diag, int *lock_fd)
{
	const char *out_folder = plan->options->out_folder;
	char *points = NULL;
	nescsim_status status = NESCSIM_NO_MEMORY;

	if (asprintf(&points, "%s/" POINTS_FOLDER, out_folder) < 0)
		return status;
	status = folder_make(out_folder, diag);
	if (status == NESCSIM_OK)
		status = lock_folder(out_folder, diag, lock_fd);
	/* In this order: no table stands beside another sweep's plan, and the folder is known as a sweep's. */
	if (status == NESCSIM_OK)
		status = remove_table(plan, diag);
	if (status == NESCSIM_OK)
		status = write_plan(plan, diag);
	if (status == NESCSIM_OK)
		status = folder_make(points, diag);
	if (status == NESCSIM_OK) {
		folder_remove_leftovers(points, false);
		folder_remove_leftovers(out_folder, false);
	}
	free(points);
	return status;
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
		} else if (counts->num_failed++ < MAX_FAILURES_SHOWN) {
			report_failure(plan, point, diag);
		}
		nescsim_config_destroy(config);
	}
	if (counts->num_failed > MAX_FAILURES_SHOWN)
		diag_add(diag, NESCSIM_ERROR, NESCSIM_RUN_FAILED, NULL, "each has a .log beside the folders of points",
			 "%" PRIu64 " more points failed", counts->num_failed - MAX_FAILURES_SHOWN);
	return counts->num_failed == 0 ? NESCSIM_OK : NESCSIM_RUN_FAILED;
}

/* Also those of other hosts: whoever still writes there writes what is there already. */
static void remove_all_leftovers(const sweep_plan *plan)
{
	char *points = point_path(plan->options->out_folder, 0, "");

	if (points == NULL)
		return;
	*strrchr(points, '/') = '\0';
	folder_remove_leftovers(points, true);
	shelf_remove_leftovers(plan);
	free(points);
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
	if (found == NESCSIM_OK)
		remove_all_leftovers(plan);
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
	nescsim_sweep_format_estimate(counts, duration, sizeof(duration));
	fprintf(to, "%" PRIu64 " points to run, about %s\n", counts->num_points - counts->num_kept, duration);
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
		status = check_folder(options, diag);
	if (status == NESCSIM_OK)
		status = choose_points(&plan, diag, &has_result, &counts.num_points);
	if (status == NESCSIM_OK)
		status = check_points(&plan, has_result, &shelf, &counts, diag);
	if (status != NESCSIM_OK || options->dry_run)
		goto out;
	if (executor->check != NULL)
		status = executor->check(&plan, diag);
	if (status == NESCSIM_OK)
		status = options->points != NULL ? join_folder(&plan, counts.num_points - counts.num_kept, diag)
						 : prepare_folder(&plan, diag, &lock_fd);
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
