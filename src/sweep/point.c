#include "sweep/point.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "metrics/folder.h"
#include "nescsim/run.h"
#include "run/input_files.h"
#include "run/scenario.h"

char *points_folder(const char *out_folder)
{
	char *path;

	return asprintf(&path, "%s/" POINTS_FOLDER, out_folder) < 0 ? NULL : path;
}

char *point_path(const char *out_folder, uint64_t point, const char *suffix)
{
	char *path;

	return asprintf(&path, "%s/" POINTS_FOLDER "/%04" PRIu64 "%s", out_folder, point + 1, suffix) < 0 ? NULL : path;
}

/* Are the files there that the table is made of? */
static bool is_whole(const char *path)
{
	static const folder_file needed[] = { FOLDER_SUMMARY, FOLDER_UNITS };
	bool whole = true;

	for (size_t i = 0; whole && i < sizeof(needed) / sizeof(needed[0]); i++) {
		struct stat info;
		char *file;

		if (asprintf(&file, "%s/%s", path, folder_file_names[needed[i]]) < 0)
			return false;
		whole = stat(file, &info) == 0 && info.st_size != 0;
		free(file);
	}
	return whole;
}

/* What a result depends on, from new references. As text, since the order of the schemes counts, too; to be freed. NULL when
 * out of memory. */
static char *identity_text(json_t *config, json_t *files)
{
	json_t *both = json_pack("[o, o]", config, files);
	char *text = both == NULL ? NULL : json_dumps(both, JSON_COMPACT);

	json_decref(both);
	return text;
}

static char *config_text(const nescsim_config *config)
{
	return identity_text(scenario_effective(&config->scenario), input_files_remembered(config));
}

/* result.json of a folder, a new reference. NULL: it has none, is not whole, or of another version. */
static json_t *folder_result(const char *path)
{
	json_t *result = NULL;
	const char *version;
	char *file;

	if (asprintf(&file, "%s/%s", path, folder_file_names[FOLDER_RESULT]) < 0)
		return NULL;
	result = json_load_file(file, 0, NULL);
	free(file);
	version = json_string_value(json_object_get(result, "nescsim"));
	if (version != NULL && strcmp(version, NESCSIM_VERSION) == 0 && is_whole(path))
		return result;
	json_decref(result);
	return NULL;
}

/* As config_text(), of a folder's result. */
static char *folder_text(const char *path)
{
	json_t *result = folder_result(path);
	char *text = result == NULL ? NULL
				    : identity_text(json_incref(json_object_get(result, "config")),
						    json_incref(json_object_get(result, "files")));

	json_decref(result);
	return text;
}

bool point_has_result(const char *out_folder, uint64_t point, const nescsim_config *config)
{
	char *path = point_path(out_folder, point, "");
	char *there = path == NULL ? NULL : folder_text(path), *wanted = there == NULL ? NULL : config_text(config);
	const bool has_result = wanted != NULL && strcmp(there, wanted) == 0;

	free(wanted);
	free(there);
	free(path);
	return has_result;
}

bool point_read_other_files(const char *out_folder, uint64_t point, const nescsim_config *config)
{
	char *path = point_path(out_folder, point, "");
	json_t *result = path == NULL ? NULL : folder_result(path);
	json_t *effective = scenario_effective(&config->scenario), *files = input_files_remembered(config);
	const bool did = json_equal(json_object_get(result, "config"), effective) &&
			 !json_equal(json_object_get(result, "files"), files);

	json_decref(files);
	json_decref(effective);
	json_decref(result);
	free(path);
	return did;
}

/* Frees the text. */
static uint64_t key_of(char *text)
{
	const uint64_t key = text == NULL ? 0 : text_hash(TEXT_HASH, text);

	free(text);
	return key;
}

uint64_t point_key(const nescsim_config *config)
{
	return key_of(config_text(config));
}

uint64_t point_key_of_folder(const char *path)
{
	return key_of(folder_text(path));
}

void point_drop_empty_log(const char *out_folder, uint64_t point)
{
	char *log = point_path(out_folder, point, ".log");
	struct stat info;

	if (log != NULL && stat(log, &info) == 0 && info.st_size == 0)
		unlink(log);
	free(log);
}

nescsim_status point_run(const sweep_plan *plan, uint64_t point, nescsim_diag *diag)
{
	char *path = point_path(plan->options->out_folder, point, "");
	const nescsim_run_options options = { .out_folder = path };
	nescsim_config *config = NULL;
	nescsim_result *result = NULL;
	nescsim_status status = path == NULL ? NESCSIM_NO_MEMORY : plan_load(plan, point, diag, &config);

	if (status == NESCSIM_OK)
		status = nescsim_run(config, &options, diag, &result);
	/* Somebody else may have run it at the same time, and been faster. */
	if (status != NESCSIM_OK && config != NULL && point_has_result(plan->options->out_folder, point, config))
		status = NESCSIM_OK;
	nescsim_result_destroy(result);
	nescsim_config_destroy(config);
	free(path);
	return status;
}
