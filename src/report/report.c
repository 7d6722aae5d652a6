#include "nescsim/report.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/path.h"
#include "metrics/folder.h"
#include "nescsim/info.h"
#include "report/parts.h"

#define MAX_SECTIONS 500
#define CLAIMS_TITLE "Published and simulated"

/* What a folder is. */
typedef enum folder_kind {
	KIND_OTHER,
	KIND_RUN,
	KIND_SWEEP,
} folder_kind;

typedef struct sources {
	report_source *items;
	size_t num;
	bool is_collection;
} sources;

static bool has_file(const char *folder_path, const char *name)
{
	char *path;
	bool has;

	if (asprintf(&path, "%s/%s", folder_path, name) < 0)
		return false;
	has = access(path, F_OK) == 0;
	free(path);
	return has;
}

/* Half a result counts as one: what it lacks is said when it is read. */
static folder_kind kind_of(const char *folder_path)
{
	if (has_file(folder_path, SWEEP_PLAN_FILE) || has_file(folder_path, SWEEP_TABLE_FILE))
		return KIND_SWEEP;
	return has_file(folder_path, "result.json") || has_file(folder_path, "summary.csv") ? KIND_RUN : KIND_OTHER;
}

static int is_visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.' && strstr(entry->d_name, ".partial-") == NULL;
}

/* By bytes, wherever it runs. */
static int by_name(const struct dirent **one, const struct dirent **other)
{
	return strcmp((*one)->d_name, (*other)->d_name);
}

/* A folder in the input, if it is something that has a section. */
static nescsim_status add_source(const char *folder_path, const char *name, arena *memory, sources *found)
{
	const size_t num_bytes = strlen(folder_path) + strlen(name) + 2;
	char *path = arena_alloc(memory, num_bytes);
	folder_kind kind;

	if (path == NULL)
		return NESCSIM_NO_MEMORY;
	snprintf(path, num_bytes, "%s/%s", folder_path, name);
	kind = path_is_folder(path) ? kind_of(path) : KIND_OTHER;
	if (kind != KIND_OTHER && found->num <= MAX_SECTIONS)
		found->items[found->num++] = (report_source){ .folder = path,
							      .name = path + strlen(folder_path) + 1,
							      .is_sweep = kind == KIND_SWEEP };
	return NESCSIM_OK;
}

static nescsim_status add_all(const char *folder_path, const diag_place *place, arena *memory, nescsim_diag *diag,
			      sources *found)
{
	struct dirent **entries = NULL;
	const int num_entries = scandir(folder_path, &entries, is_visible, by_name);
	nescsim_status status = NESCSIM_OK;

	if (num_entries < 0)
		return diag_add(diag, NESCSIM_ERROR, NESCSIM_IO, place, NULL, "cannot read the folder: %s",
				strerror(errno));
	for (int i = 0; i < num_entries; i++) {
		if (status == NESCSIM_OK)
			status = add_source(folder_path, entries[i]->d_name, memory, found);
		free(entries[i]);
	}
	free(entries);
	return status;
}

static nescsim_status find_in_collection(const char *folder_path, const nescsim_report_options *options, arena *memory,
					 nescsim_diag *diag, sources *found)
{
	const diag_place place = { .file = options->input };
	nescsim_status status = NESCSIM_OK;

	found->is_collection = true;
	found->items = arena_alloc(memory, (MAX_SECTIONS + 1) * sizeof(*found->items));
	if (found->items == NULL)
		return NESCSIM_NO_MEMORY;
	if (options->sections == NULL)
		status = add_all(folder_path, &place, memory, diag, found);
	for (size_t i = 0; options->sections != NULL && status == NESCSIM_OK && i < options->num_sections; i++)
		status = add_source(folder_path, options->sections[i], memory, found);
	if (status == NESCSIM_OK && found->num > MAX_SECTIONS)
		status = diag_add(diag, NESCSIM_ERROR, NESCSIM_USAGE, &place,
				  "for the points of a sweep, give the sweep's folder",
				  "more than %d result folders make no page", MAX_SECTIONS);
	if (status == NESCSIM_OK && found->num == 0)
		status = diag_add(diag, NESCSIM_ERROR, NESCSIM_USAGE, &place,
				  "`nescsim run` and `nescsim sweep` leave such",
				  "this is no result folder, and there is none in it");
	return status;
}

/* The input without slashes at its end, and with a name to go by: "." is taken to be what it stands for. */
static nescsim_status name_input(const char *input, arena *memory, nescsim_diag *diag, const char **folder_out)
{
	const diag_place place = { .file = input };
	size_t num_bytes = strlen(input);
	char whole[PATH_MAX];

	*folder_out = NULL;
	if (*input == '\0' || !path_is_folder(input))
		return diag_add(diag, NESCSIM_ERROR,
				access(input, F_OK) == 0 || *input == '\0' ? NESCSIM_USAGE : NESCSIM_IO, &place,
				"such as results/vc707", "this is no folder");
	while (num_bytes > 1 && input[num_bytes - 1] == '/')
		num_bytes--;
	*folder_out = arena_copy(memory, input, num_bytes);
	if (*folder_out != NULL && strspn(path_last_name(*folder_out), ".") == strlen(path_last_name(*folder_out)) &&
	    realpath(input, whole) != NULL)
		*folder_out = arena_copy(memory, whole, strlen(whole));
	return *folder_out == NULL ? NESCSIM_NO_MEMORY : NESCSIM_OK;
}

static nescsim_status find_sources(const char *folder_path, const nescsim_report_options *options, arena *memory,
				   nescsim_diag *diag, sources *found)
{
	const folder_kind kind = kind_of(folder_path);

	if (kind == KIND_OTHER)
		return find_in_collection(folder_path, options, memory, diag, found);
	found->items = arena_alloc(memory, sizeof(*found->items));
	if (found->items == NULL)
		return NESCSIM_NO_MEMORY;
	found->items[found->num++] = (report_source){ .folder = folder_path,
						      .name = path_last_name(folder_path),
						      .is_sweep = kind == KIND_SWEEP };
	return NESCSIM_OK;
}

/* So that no configuration or table is replaced by mistake. */
static nescsim_status choose_output(const nescsim_report_options *options, const char *folder_path, arena *memory,
				    nescsim_diag *diag, const char **out)
{
	static const char end[] = ".html";
	size_t num_bytes;
	char *name;

	if (options->out == NULL) {
		num_bytes = strlen(folder_path);
		*out = name = arena_alloc(memory, num_bytes + sizeof(end));
		if (name == NULL)
			return NESCSIM_NO_MEMORY;
		memcpy(name, folder_path, num_bytes);
		memcpy(name + num_bytes, end, sizeof(end));
		return NESCSIM_OK;
	}
	*out = options->out;
	if (!path_has_end(path_last_name(*out), end))
		return diag_add(diag, NESCSIM_ERROR, NESCSIM_USAGE, NULL, "such as report.html",
				"'%s' does not name a page: it does not end in .html", *out);
	return NESCSIM_OK;
}

/* ---- the page --------------------------------------------------------------------------------------------------- */

/* Nothing may be fetched from anywhere: the browser is told so, too. */
static void begin_page(report_job *job, const char *title)
{
	html_add(&job->page,
		 "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n"
		 "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n"
		 "<meta name=\"generator\" content=\"nescsim %s\"/>\n"
		 "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src data:; "
		 "style-src 'unsafe-inline'; script-src 'unsafe-inline'\"/>\n"
		 "<link rel=\"icon\" href=\"data:,\"/>\n<title>%s</title>\n<style>\n",
		 nescsim_version(), title);
	html_own(&job->page, report_css);
	html_add(&job->page, "</style>\n</head>\n<body>\n<header><h1>%s</h1></header>\n", title);
}

static void end_page(report_job *job)
{
	html_add(&job->page, "</main>\n<footer>Made by nescsim %s.</footer>\n<script>/*<![CDATA[*/\n",
		 nescsim_version());
	html_own(&job->page, report_js);
	html_add(&job->page, "/*]]>*/</script>\n</body>\n</html>\n");
}

static void add_contents(report_job *job, const sources *from, bool has_claims)
{
	html_add(&job->page, "<nav aria-labelledby=\"contents\">\n<h2 id=\"contents\">Contents</h2>\n<ol>\n");
	if (has_claims)
		html_add(&job->page, "<li><a href=\"#s0\">" CLAIMS_TITLE "</a></li>\n");
	for (size_t i = 0; i < from->num; i++)
		html_add(&job->page, "<li><a href=\"#s%zu\">%s</a> (%s)</li>\n", i + 1, from->items[i].name,
			 from->items[i].is_sweep ? "sweep" : "run");
	html_add(&job->page, "</ol>\n</nav>\n");
}

static nescsim_status add_section(report_job *job, const report_source *source, bool is_collection)
{
	nescsim_status status;

	job->number++;
	job->level = is_collection ? 3 : 2;
	html_add(&job->page, "<section id=\"s%zu\">\n", job->number);
	if (is_collection)
		html_add(&job->page, "<h2>%s</h2>\n", source->name);
	status = source->is_sweep ? report_sweep(job, source) : report_run(job, source);
	html_add(&job->page, "</section>\n");
	arena_free(&job->memory);
	return status;
}

static nescsim_status add_claims(report_job *job, const nescsim_validation *from)
{
	nescsim_status status;

	job->level = 3;
	html_add(&job->page, "<section id=\"s0\">\n<h2>" CLAIMS_TITLE "</h2>\n");
	status = report_claims(job, from);
	html_add(&job->page, "</section>\n");
	return status;
}

/* All sections, even behind one that fails: mistakes are seen at once. */
static nescsim_status write_page(report_job *job, const sources *from, const nescsim_validation *claims,
				 const char *title)
{
	nescsim_status status = NESCSIM_OK;

	begin_page(job, title);
	if (from->is_collection)
		add_contents(job, from, claims != NULL);
	html_add(&job->page, "<main>\n");
	if (from->is_collection && claims != NULL)
		status = add_claims(job, claims);
	for (size_t i = 0; i < from->num && status != NESCSIM_NO_MEMORY; i++) {
		const nescsim_status section = add_section(job, &from->items[i], from->is_collection);

		status = status == NESCSIM_OK ? section : status;
	}
	end_page(job);
	return status;
}

nescsim_status nescsim_report(const nescsim_report_options *options, FILE *list, nescsim_diag *diag)
{
	report_job job = { .diag = diag };
	sources from = { .num = 0 };
	arena memory = { .chunks = NULL };
	const char *folder_path, *out = NULL;
	nescsim_status status = name_input(options->input, &memory, diag, &folder_path);

	if (status == NESCSIM_OK)
		status = choose_output(options, folder_path, &memory, diag, &out);
	if (status == NESCSIM_OK)
		status = find_sources(folder_path, options, &memory, diag, &from);
	if (status == NESCSIM_OK)
		status = output_open(out, true, diag, &job.page.out);
	if (status == NESCSIM_OK)
		status = write_page(&job, &from, options->validation,
				    options->title != NULL ? options->title : path_last_name(folder_path));
	status = output_end(job.page.out, status);
	if (status == NESCSIM_OK && list != NULL && (fprintf(list, "%s\n", out) < 0 || fflush(list) != 0))
		status = NESCSIM_IO;
	arena_free(&memory);
	return status;
}
