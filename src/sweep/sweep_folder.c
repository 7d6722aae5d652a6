#include "sweep/sweep_folder.h"

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

#include "base/path.h"
#include "metrics/folder.h"
#include "sweep/point.h"
#include "workload/output.h"

#define MAX_LOCK_TRIES 50

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
		num_entries +=
			strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0 &&
			strncmp(entry->d_name, SWEEP_PLAN_FILE ".partial", strlen(SWEEP_PLAN_FILE ".partial")) != 0;
	closedir(dir);
	if (asprintf(&name, "%s/" SWEEP_PLAN_FILE, path) < 0)
		return NESCSIM_NO_MEMORY;
	if (num_entries != 0)
		*state_out = is_plan_file(name) ? FOLDER_SWEEP : FOLDER_FOREIGN;
	free(name);
	return NESCSIM_OK;
}

nescsim_status sweep_folder_check(const nescsim_sweep_options *options, nescsim_diag *diag)
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
				"the folder exists and holds no sweep (no " SWEEP_PLAN_FILE " of nescsim's)");
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

/* {"key": [values], "@label": [values]} */
static json_t *axis_json(const param_axis *axis)
{
	json_t *keys = json_object();

	for (size_t i = 0; i < axis->num_keys; i++) {
		const param_key *key = &axis->keys[i];
		text_buffer name = TEXT_EMPTY;

		text_add(&name, "%s%s", key->is_label ? "@" : "", key->path);
		json_object_set_new(keys, text_get(&name),
				    texts_json((const char *const *)key->values.items, axis->num_values));
		text_free(&name);
	}
	return keys;
}

static json_t *plan_json(const sweep_plan *plan)
{
	json_t *params = json_array();
	char hash[24];

	for (size_t i = 0; i < plan->num_axes; i++)
		json_array_append_new(params, axis_json(&plan->axes[i]));
	snprintf(hash, sizeof(hash), "%016" PRIx64, plan->files_hash);
	return json_pack("{s:s, s:o, s:s, s:o, s:I, s:I, s:O*}", "nescsim", NESCSIM_VERSION, "command",
			 command_json(plan), "files", hash, "params", params, "repeat", (json_int_t)plan->num_repeats,
			 "points", (json_int_t)plan->num_points, "figures",
			 json_array_size(plan->figures) != 0 ? plan->figures : NULL);
}

/* Says what the folder holds: the parameters, in their order. */
static nescsim_status write_plan(const sweep_plan *plan, nescsim_diag *diag)
{
	json_t *json = plan_json(plan);
	char *words = json == NULL ? NULL : json_dumps(json, JSON_INDENT(2)), *name = NULL;
	text_buffer text = TEXT_EMPTY;
	nescsim_status status = NESCSIM_NO_MEMORY;

	if (words != NULL && asprintf(&name, "%s/" SWEEP_PLAN_FILE, plan->options->out_folder) >= 0) {
		text_add(&text, "%s\n", words);
		status = output_save(name, &text, diag);
		free(name);
	}
	text_free(&text);
	free(words);
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

nescsim_status sweep_folder_join(const sweep_plan *plan, uint64_t num_to_run, nescsim_diag *diag)
{
	const diag_place place = { .file = plan->options->out_folder };
	char *points = points_folder(place.file), *name = NULL;
	json_t *mine = plan_json(plan), *theirs = NULL;
	nescsim_status status = NESCSIM_NO_MEMORY;

	if (points != NULL && mine != NULL && asprintf(&name, "%s/" SWEEP_PLAN_FILE, place.file) >= 0) {
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

nescsim_status sweep_folder_lock(const nescsim_sweep_options *options, nescsim_diag *diag, int *lock_fd)
{
	return path_is_folder(options->out_folder) ? lock_folder(options->out_folder, diag, lock_fd) : NESCSIM_OK;
}

nescsim_status sweep_folder_prepare(const sweep_plan *plan, nescsim_diag *diag, int *lock_fd)
{
	const char *out_folder = plan->options->out_folder;
	char *points = points_folder(out_folder);
	nescsim_status status = points == NULL ? NESCSIM_NO_MEMORY : folder_make(out_folder, diag);

	if (status == NESCSIM_OK && *lock_fd < 0)
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

void sweep_folder_tidy(const sweep_plan *plan)
{
	char *points = points_folder(plan->options->out_folder);

	if (points != NULL)
		folder_remove_leftovers(points, true);
	free(points);
}
