#include <stdlib.h>

#include "metrics/folder.h"
#include "nescsim/info.h"
#include "report/parts.h"
#include "run/scenario.h"

/* ---- what is known ---------------------------------------------------------------------------------------------- */

/* What is there instead of a value, at the first such place, which is then added to the path; NULL when all is well. */
static const char *find_strange(json_t *value, text_buffer *path)
{
	const size_t mark = path->num_bytes;
	const char *key, *kind = json_is_null(value) ? "null" : json_is_real(value) ? "a fraction" : NULL;
	json_t *item;
	size_t index;

	json_object_foreach(value, key, item)
	{
		text_add(path, "%s%s", mark != 0 ? "." : "", key);
		kind = find_strange(item, path);
		if (kind != NULL)
			return kind;
		text_cut(path, mark);
	}
	json_array_foreach(value, index, item)
	{
		text_add(path, "[%zu]", index);
		kind = find_strange(item, path);
		if (kind != NULL)
			return kind;
		text_cut(path, mark);
	}
	return kind;
}

/* An array of objects that have a name each; none at all, of an earlier version, will do. */
static bool are_files(const json_t *files)
{
	json_t *file;
	size_t index;

	json_array_foreach(files, index, file)
	{
		if (!json_is_string(json_object_get(file, "file")))
			return false;
	}
	return files == NULL || json_is_array(files);
}

nescsim_status report_find_origin(report_job *job, const report_source *from, json_t *json, report_origin *origin_out)
{
	const char *file = report_path(job, from->folder, folder_file_names[FOLDER_RESULT]), *strange;
	text_buffer path = TEXT_EMPTY;
	nescsim_status status = NESCSIM_OK;

	*origin_out = (report_origin){ .version = json_string_value(json_object_get(json, "nescsim")),
				       .seed = json_object_get(json, "seed"),
				       .config = json_object_get(json, "config"),
				       .files = json_object_get(json, "files") };
	if (file == NULL)
		return NESCSIM_NO_MEMORY;
	if (!json_is_object(origin_out->config))
		return report_lacks(job, file, "'config'");
	if (!json_is_integer(origin_out->seed))
		return report_lacks(job, file, "'seed'");
	if (!are_files(origin_out->files))
		return report_damaged(job, file, "'files' is not what a run writes there");
	strange = find_strange(origin_out->config, &path);
	if (!text_ok(&path))
		status = NESCSIM_NO_MEMORY;
	else if (strange != NULL)
		status = report_damaged(job, file, "'%s' in 'config' is %s, which no value is", text_get(&path),
					strange);
	text_free(&path);
	return status;
}

/* ---- what is not the default ------------------------------------------------------------------------------------ */

typedef struct change_rows {
	report_job *job;
	const report_varying *varying;
	size_t num_rows;
	text_buffer files; /* keys that name files, with commas between */
} change_rows;

/* Is the one a place at or below the other? */
static bool is_below(const char *path, const char *key)
{
	const size_t num_bytes = strlen(key);

	return strncmp(path, key, num_bytes) == 0 &&
	       (path[num_bytes] == '\0' || path[num_bytes] == '.' || path[num_bytes] == '[');
}

static void add_change(const cfg_change *change, void *context)
{
	change_rows *self = context;
	html_page *page = &self->job->page;

	for (size_t i = 0; i < self->varying->num_keys; i++)
		if (is_below(change->path, self->varying->keys[i]) || is_below(self->varying->keys[i], change->path))
			return;
	if (self->num_rows++ == 0) {
		report_begin_table(self->job, "config", "Keys that are not at their default");
		report_head(self->job, "key", NULL);
		report_head(self->job, "value", "with its unit, where it has one");
		report_head(self->job, "default", NULL);
		report_head(self->job, "what it is", NULL);
		report_begin_rows(self->job);
	}
	html_add(page, "<tr><th scope=\"row\"><code>%s</code></th><td>%s</td>", change->path, change->value);
	if (change->default_text != NULL)
		html_add(page, "<td>%s</td>", *change->default_text != '\0' ? change->default_text : "(none)");
	else
		html_add(page, "<td class=\"missing\">%s</td>", change->help != NULL ? "must be given" : "");
	html_add(page, "<td>%s</td></tr>\n",
		 change->help != NULL ? change->help : "This version of nescsim has no such key.");
	if (change->is_file)
		text_add(&self->files, "%s%s", self->files.num_bytes != 0 ? ", " : "", change->path);
}

nescsim_status report_changes(report_job *job, const report_origin *origin, const report_varying *varying)
{
	static const report_varying none = { .num_keys = 0 };
	change_rows rows = { .job = job, .varying = varying != NULL ? varying : &none, .files = TEXT_EMPTY };
	nescsim_status status;

	report_heading(job, "configuration", "Configuration");
	if (strcmp(origin->version, nescsim_version()) != 0)
		html_add(&job->page,
			 "<p class=\"note\">The results are of version %s; the defaults shown are those of %s.</p>\n",
			 origin->version, nescsim_version());
	status = cfg_list_changes(&scenario_section, origin->config, add_change, &rows);
	if (rows.num_rows != 0)
		report_end_table(job);
	else
		html_add(&job->page, "<p>All keys are at their defaults.</p>\n");
	if (rows.files.num_bytes != 0)
		html_add(&job->page,
			 "<p>Names of files (<code>%s</code>) are relative to the folder of the configuration: save it "
			 "where "
			 "they lead to the same files.</p>\n",
			 text_get(&rows.files));
	if (!text_ok(&rows.files))
		status = NESCSIM_NO_MEMORY;
	text_free(&rows.files);
	return status;
}

/* ---- making it again -------------------------------------------------------------------------------------------- */

void report_add_word(text_buffer *command, const char *word)
{
	text_add(command, "%s", command->num_bytes != 0 ? " " : "");
	text_add_shell_word(command, word);
}

nescsim_status report_reproduce(report_job *job, const report_source *from, const report_origin *origin,
				const char *command)
{
	char *yaml = NULL, seed[24];
	size_t num_bytes = 0;
	FILE *to = open_memstream(&yaml, &num_bytes);
	html_page *page = &job->page;

	if (to == NULL)
		return NESCSIM_NO_MEMORY;
	fputs("# The effective configuration: every default is filled in.\n", to);
	cfg_dump_json_as_yaml(origin->config, to);
	if (fclose(to) != 0) {
		free(yaml);
		return NESCSIM_NO_MEMORY;
	}
	snprintf(seed, sizeof(seed), "%" JSON_INTEGER_FORMAT, json_integer_value(origin->seed));
	html_add(page,
		 "<p>These numbers are of nescsim %s, seed %s. The same version, configuration and seed give the same "
		 "bytes. "
		 "With the configuration saved as <a download=\"%s.yaml\" href=\"data:text/plain;base64,",
		 origin->version, seed, from->name);
	html_base64(page, yaml, num_bytes);
	html_add(page,
		 "\">%s.yaml</a>:</p>\n<pre><code>%s</code></pre>\n<details><summary>%s.yaml</summary>\n<pre "
		 "class=\"yaml\"><code>",
		 from->name, command, from->name);
	html_text(page, yaml, num_bytes);
	html_add(page, "</code></pre>\n</details>\n");
	free(yaml);
	return NESCSIM_OK;
}

static const char *string_of(const json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key));
}

void report_files(report_job *job, const report_origin *origin, const char *who)
{
	html_page *page = &job->page;
	size_t index, num_files = 0;
	json_t *file;

	/* sha256sum knows nothing of maps in images. */
	json_array_foreach(origin->files, index, file)
	{
		const char *digest = string_of(file, "sha256");

		if (digest == NULL || json_object_get(file, "bytes") == NULL)
			continue;
		if (num_files++ == 0)
			html_add(page,
				 "<p>%s read these files; names are as the configuration has them. <code>sha256sum "
				 "--check</code> "
				 "compares them with the digests.</p>\n<pre><code>",
				 who);
		html_add(page, "%s  %s\n", digest, string_of(file, "file"));
	}
	if (num_files != 0)
		html_add(page, "</code></pre>\n");
	json_array_foreach(origin->files, index, file)
	{
		const char *digest = string_of(file, "sha256");

		if (digest != NULL && json_object_get(file, "bytes") == NULL)
			html_add(page,
				 "<p>%s read the map <code>%s</code>, whose extents have the SHA-256 digest "
				 "<code>%s</code>.</p>\n",
				 who, string_of(file, "file"), digest);
	}
}
