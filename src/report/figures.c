/* Figures are pictures of their own (<img> with a data: address) rather than SVG within the page: gnuplot gives the parts of each
 * the same ids, and what a label says could become markup. The price is that text in them cannot be marked; tables have the
 * numbers. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "nescsim/plot.h"
#include "report/parts.h"

typedef struct gallery {
	report_job *job;
	size_t num_drawn;
	nescsim_status status;
} gallery;

static nescsim_status read_picture(const char *file_name, text_buffer *picture)
{
	FILE *file = fopen(file_name, "re");
	char block[65536];
	size_t num_bytes;

	if (file == NULL)
		return NESCSIM_IO;
	while ((num_bytes = fread(block, 1, sizeof(block), file)) > 0)
		text_add_bytes(picture, block, num_bytes);
	num_bytes = (size_t)ferror(file);
	fclose(file);
	return num_bytes != 0 ? NESCSIM_IO : text_ok(picture) ? NESCSIM_OK : NESCSIM_NO_MEMORY;
}

/* The caption says what gnuplot has above the figure, and what that shows. */
static void add_picture(report_job *job, const nescsim_drawn_figure *figure, const text_buffer *picture)
{
	const char *box = strstr(text_get(picture), "viewBox=\"0 0 ");
	const bool has_title = figure->title != NULL && *figure->title != '\0';
	unsigned width = 0, height = 0;

	html_add(&job->page, "<figure>\n<div class=\"picture\"><img alt=\"%s%s%s\" ", has_title ? figure->title : "",
		 has_title ? ": " : "", figure->help);
	/* Known beforehand, so that nothing on the page moves when it is there. */
	if (box != NULL && sscanf(box, "viewBox=\"0 0 %u %u\"", &width, &height) == 2)
		html_add(&job->page, "width=\"%zu\" height=\"%zu\" style=\"--natural: %zu\" ", (size_t)width,
			 (size_t)height, (size_t)width);
	html_add(&job->page, "src=\"data:image/svg+xml;base64,");
	html_base64(&job->page, text_get(picture), picture->num_bytes);
	html_add(&job->page, "\"/></div>\n<figcaption>");
	if (has_title)
		html_add(&job->page, "<strong>%s:</strong> ", figure->title);
	html_add(&job->page, "%s</figcaption>\n</figure>\n", figure->help);
}

static void on_drawn(const nescsim_drawn_figure *figure, void *context)
{
	gallery *self = context;
	text_buffer picture = TEXT_EMPTY;
	nescsim_status status = read_picture(figure->file_name, &picture);

	if (status == NESCSIM_OK) {
		add_picture(self->job, figure, &picture);
		self->num_drawn++;
	} else {
		self->status = status;
		diag_add(self->job->diag, NESCSIM_ERROR, status, NULL, NULL, "cannot read the picture '%s'",
			 figure->file_name);
	}
	text_free(&picture);
}

/* Adds `message` with `old` as `new` wherever it stands: names of folders that differ from run to run. */
static void add_replaced(text_buffer *to, const char *message, const char *old, const char *new)
{
	const char *found;

	while ((found = strstr(message, old)) != NULL) {
		text_add(to, "%.*s%s", (int)(found - message), message, new);
		message = found + strlen(old);
	}
	text_add(to, "%s", message);
}

/* What nescsim_plot() had to say: to the page. What it could not do is a warning as well, but for damaged data, which are errors. */
static nescsim_status add_problems(const gallery *self, const report_source *source, const char *scratch,
				   const nescsim_diag *problems, nescsim_status plotted)
{
	report_job *job = self->job;
	nescsim_status status = NESCSIM_OK;

	for (size_t i = 0; i < nescsim_diag_count(problems); i++) {
		const nescsim_diag_entry *entry = nescsim_diag_at(problems, i);
		const diag_place place = { .file = entry->file, .line = entry->line, .column = entry->column };
		const bool is_error = entry->severity == NESCSIM_ERROR;
		const bool is_damage = is_error && entry->file != NULL &&
				       (entry->status == NESCSIM_CONFIG || entry->status == NESCSIM_IO);
		text_buffer bare = TEXT_EMPTY, note = TEXT_EMPTY;

		add_replaced(&bare, entry->message, scratch, "");
		if (is_damage) {
			diag_add(job->diag, NESCSIM_ERROR, entry->status, &place, entry->hint, "%s", text_get(&bare));
			status = entry->status;
		} else if (is_error) {
			diag_add(job->diag, NESCSIM_WARNING, entry->status, &place,
				 entry->status == NESCSIM_USAGE ? "`nescsim plot --figure NAME` says why" : entry->hint,
				 "the page lacks figures: %s", text_get(&bare));
		}
		text_add(&note, "%s", is_error ? "Figures are missing: " : "");
		add_replaced(&note, text_get(&bare), source->folder, source->name);
		if (!text_ok(&bare) || !text_ok(&note))
			status = NESCSIM_NO_MEMORY;
		report_note(job, text_get(&note));
		text_free(&bare);
		text_free(&note);
	}
	return plotted == NESCSIM_NO_MEMORY ? plotted : status;
}

/* A new folder, with a slash behind; to be freed. */
static char *make_scratch(nescsim_diag *diag)
{
	const char *parent = getenv("TMPDIR");
	char *scratch;

	if (asprintf(&scratch, "%s/nescsim-report-XXXXXX", parent != NULL && *parent != '\0' ? parent : "/tmp") < 0)
		return NULL;
	if (mkdtemp(scratch) == NULL) {
		diag_add(diag, NESCSIM_ERROR, NESCSIM_IO, NULL, "TMPDIR says where", "cannot make the folder '%s': %s",
			 scratch, strerror(errno));
		free(scratch);
		return NULL;
	}
	return scratch;
}

static void remove_scratch(const char *scratch)
{
	DIR *dir = opendir(scratch);
	const struct dirent *entry;

	while (dir != NULL && (entry = readdir(dir)) != NULL)
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			unlinkat(dirfd(dir), entry->d_name, 0);
	if (dir != NULL)
		closedir(dir);
	rmdir(scratch);
}

nescsim_status report_figures(report_job *job, const report_source *source)
{
	gallery self = { .job = job, .status = NESCSIM_OK };
	char *scratch = make_scratch(job->diag), *folder = NULL;
	nescsim_diag *problems = nescsim_diag_create();
	nescsim_status status = scratch == NULL ? NESCSIM_IO : NESCSIM_NO_MEMORY;

	report_heading(job, "figures", "Figures");
	if (scratch != NULL && problems != NULL && asprintf(&folder, "%s/", scratch) < 0)
		folder = NULL;
	if (folder != NULL) {
		const nescsim_plot_options options = {
			.input = source->folder, .format = "svg", .out = folder, .on_drawn = on_drawn, .context = &self
		};

		status = nescsim_plot(&options, NULL, problems);
		status = add_problems(&self, source, folder, problems, status);
	}
	if (scratch != NULL)
		remove_scratch(scratch);
	nescsim_diag_destroy(problems);
	free(folder);
	free(scratch);
	return status != NESCSIM_OK ? status : self.status;
}
