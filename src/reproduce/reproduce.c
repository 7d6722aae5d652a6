#include "nescsim/reproduce.h"

#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/array.h"
#include "base/diag.h"
#include "base/path.h"
#include "metrics/folder.h"
#include "nescsim/plot.h"
#include "nescsim/report.h"
#include "nescsim/run.h"
#include "nescsim/sweep.h"
#include "nescsim/validate.h"
#include "plot/script.h"
#include "run/scenario.h"

#define FIGURES_FOLDER "figures"
#define REPORT_FILE "report.html"
#define CONFIG_END ".yaml"

/* One configuration. */
typedef struct experiment {
	char *file_name;
	char *name;         /* "btlb" of "configs/figures/btlb.yaml" */
	char *folder;       /* of its results */
	size_t num_figures; /* that it names */
	bool is_sweep;
	bool has_result;
} experiment;

typedef struct job {
	const nescsim_reproduce_options *options;
	nescsim_diag *diag;
	experiment *experiments;
	size_t num, capacity;
	char **figures; /* names of all of them */
	size_t num_figures;
	nescsim_validation *validation; /* NULL: not wanted, or it failed */
	nescsim_status first;           /* mistake */
	bool is_interrupted;
} job;

static void keep_first(job *self, nescsim_status status)
{
	if (self->first == NESCSIM_OK)
		self->first = status;
}

/* ---- which configurations ---------------------------------------------------------------------------------------- */

static char *name_of(const char *file_name)
{
	const char *name = path_last_name(file_name);

	return strndup(name, strlen(name) - (path_has_end(name, CONFIG_END) ? strlen(CONFIG_END) : 0));
}

static nescsim_status add_experiment(job *self, const char *file_name, const scenario *of)
{
	const diag_place place = { .file = file_name };
	experiment *experiments, *added;

	experiments = array_with_room(self->experiments, self->num, &self->capacity, sizeof(*experiments));
	if (experiments == NULL)
		return NESCSIM_NO_MEMORY;
	self->experiments = experiments;
	added = &self->experiments[self->num++];
	*added = (experiment){ .file_name = strdup(file_name),
			       .name = name_of(file_name),
			       .num_figures = of->figures.num,
			       .is_sweep = of->sweep.params.num != 0 || of->sweep.num_repeats > 1 };
	if (added->file_name == NULL || added->name == NULL ||
	    asprintf(&added->folder, "%s/%s", self->options->out_folder, added->name) < 0) {
		added->folder = NULL;
		return NESCSIM_NO_MEMORY;
	}
	if (strcmp(added->name, FIGURES_FOLDER) == 0 || strcmp(added->name, REPORT_FILE) == 0 || *added->name == '\0')
		return diag_add(self->diag, NESCSIM_ERROR, NESCSIM_USAGE, &place, "give it another name",
				"its results would be where figures and report go");
	for (size_t i = 0; i + 1 < self->num; i++)
		if (strcmp(self->experiments[i].name, added->name) == 0)
			return diag_add(self->diag, NESCSIM_ERROR, NESCSIM_USAGE, &place,
					"give one of them another name, or run them apart",
					"its results would be where those of '%s' are", self->experiments[i].file_name);
	return NESCSIM_OK;
}

/* Two figures of one name would be one. */
static nescsim_status check_figure(job *self, const char *file_name, const char *name)
{
	const diag_place place = { .file = file_name, .path = "figures" };
	char **names = realloc(self->figures, (self->num_figures + 1) * sizeof(*names));

	if (names == NULL)
		return NESCSIM_NO_MEMORY;
	self->figures = names;
	for (size_t i = 0; i < self->num_figures; i++)
		if (strcmp(names[i], name) == 0)
			return diag_add(self->diag, NESCSIM_ERROR, NESCSIM_USAGE, &place, "call one of them otherwise",
					"another configuration has a figure '%s', too", name);
	names[self->num_figures] = strdup(name);
	return names[self->num_figures++] == NULL ? NESCSIM_NO_MEMORY : NESCSIM_OK;
}

/* Of a folder, what wants no figures is no experiment of its own: a base, or another one's part. */
static nescsim_status add_config(job *self, const char *file_name, bool is_of_folder)
{
	const nescsim_reproduce_options *options = self->options;
	nescsim_config *config;
	nescsim_status status =
		nescsim_config_load(file_name, options->overrides, options->num_overrides, self->diag, &config);

	if (status == NESCSIM_OK && (!is_of_folder || config->scenario.figures.num != 0))
		status = add_experiment(self, file_name, &config->scenario);
	for (size_t i = 0; status == NESCSIM_OK && i < config->scenario.figures.num; i++)
		status = check_figure(self, file_name, ((const figure_config *)config->scenario.figures.items)[i].name);
	nescsim_config_destroy(config);
	return status;
}

static int is_config(const struct dirent *entry)
{
	return *entry->d_name != '.' && path_has_end(entry->d_name, CONFIG_END);
}

static int by_bytes(const struct dirent **one, const struct dirent **other)
{
	return strcmp((*one)->d_name, (*other)->d_name);
}

static nescsim_status add_folder(job *self, const char *path)
{
	const diag_place place = { .file = path };
	const size_t num_before = self->num, path_bytes = strlen(path);
	struct dirent **entries;
	const int num = scandir(path, &entries, is_config, by_bytes);

	if (num < 0)
		return diag_add(self->diag, NESCSIM_ERROR, NESCSIM_IO, &place, NULL, "cannot read the folder: %s",
				strerror(errno));
	for (int i = 0; i < num; i++) {
		char *file_name;

		if (asprintf(&file_name, "%s%s%s", path, path[path_bytes - 1] == '/' ? "" : "/", entries[i]->d_name) <
		    0) {
			keep_first(self, NESCSIM_NO_MEMORY);
		} else {
			keep_first(self, add_config(self, file_name, true));
			free(file_name);
		}
		free(entries[i]);
	}
	free(entries);
	if (self->num == num_before && self->first == NESCSIM_OK)
		return diag_add(self->diag, NESCSIM_ERROR, NESCSIM_USAGE, &place,
				"docs/plot.md says how a configuration says what is drawn of it",
				"there is no configuration with a section 'figures' in this folder");
	return NESCSIM_OK;
}

/* Nothing of it is ours to put more into. */
static nescsim_status check_out_folder(const job *self)
{
	const char *out_folder = self->options->out_folder;
	static const char *const others[] = { SWEEP_PLAN_FILE, NULL };
	const diag_place place = { .file = out_folder };
	nescsim_status status = NESCSIM_OK;

	if (*out_folder == '\0')
		return diag_add(self->diag, NESCSIM_ERROR, NESCSIM_USAGE, NULL, "such as --out results/thesis",
				"the folder for the results has no name");
	for (size_t i = 0; status == NESCSIM_OK && i < sizeof(others) / sizeof(others[0]); i++) {
		char *path;

		if (asprintf(&path, "%s/%s", out_folder,
			     others[i] != NULL ? others[i] : folder_file_names[FOLDER_RESULT]) < 0)
			return NESCSIM_NO_MEMORY;
		if (access(path, F_OK) == 0)
			status = diag_add(self->diag, NESCSIM_ERROR, NESCSIM_USAGE, &place, "choose another --out",
					  "the folder holds the result of a single run or sweep");
		free(path);
	}
	return status;
}

static nescsim_status sweep(const job *self, const experiment *of, bool is_dry_run, nescsim_sweep_counts *counts_out)
{
	const nescsim_sweep_options options = {
		.overrides = self->options->overrides,
		.num_overrides = self->options->num_overrides,
		.out_folder = of->folder,
		.dry_run = is_dry_run,
		.resume = 1,
		.executor = self->options->executor,
		.program = self->options->program,
		.num_jobs = self->options->num_jobs,
		.progress = self->options->progress,
	};

	return nescsim_sweep(of->file_name, &options, self->diag, counts_out);
}

/* All are loaded before anything runs; their mistakes come together. */
static nescsim_status find_experiments(job *self)
{
	keep_first(self, check_out_folder(self));
	keep_first(self, plot_check_format(self->options->format, self->diag));
	for (size_t i = 0; i < self->options->num_inputs; i++) {
		const char *input = self->options->inputs[i];

		keep_first(self, path_is_folder(input) ? add_folder(self, input) : add_config(self, input, false));
	}
	for (size_t i = 0; self->first != NESCSIM_NO_MEMORY && i < self->num; i++)
		if (self->experiments[i].is_sweep)
			keep_first(self, sweep(self, &self->experiments[i], true, NULL));
	return self->first;
}

/* ---- running, drawing, reporting ----------------------------------------------------------------------------------- */

static nescsim_status run(const job *self, const experiment *of)
{
	const nescsim_run_options options = { .out_folder = of->folder, .progress = self->options->progress };
	nescsim_config *config;
	nescsim_result *result = NULL;
	nescsim_status status = nescsim_config_load(of->file_name, self->options->overrides,
						    self->options->num_overrides, self->diag, &config);

	if (status == NESCSIM_OK)
		status = nescsim_run(config, &options, self->diag, &result);
	nescsim_result_destroy(result);
	nescsim_config_destroy(config);
	return status;
}

/* Sweeps first: they fork, and must not inherit an engine that has run. Ends early when interrupted. */
static void run_all(job *self)
{
	for (int sweeps = 1; sweeps >= 0; sweeps--) {
		for (size_t i = 0; i < self->num; i++) {
			experiment *of = &self->experiments[i];
			nescsim_sweep_counts counts = { .num_points = 0 };
			nescsim_status status;

			if (of->is_sweep != (sweeps == 1))
				continue;
			status = sweeps ? sweep(self, of, false, &counts) : run(self, of);
			keep_first(self, status);
			self->is_interrupted = status == NESCSIM_RUN_FAILED &&
					       counts.num_kept + counts.num_run + counts.num_failed < counts.num_points;
			if (self->is_interrupted)
				return;
			/* A sweep of which some points failed has a table of the others. */
			of->has_result = status == NESCSIM_OK || counts.num_kept + counts.num_run != 0;
		}
	}
}

/* Behind all sweeps, as a run. */
static nescsim_status validate(job *self)
{
	const nescsim_reproduce_options *options = self->options;

	return nescsim_validate(NULL, 0, options->overrides, options->num_overrides, options->progress, self->diag,
				&self->validation);
}

/* Figures that a configuration names have names of their own; those that are drawn unasked get a folder. */
static nescsim_status draw(const job *self, const experiment *of)
{
	char *path = NULL;
	nescsim_status status = NESCSIM_NO_MEMORY;

	if (asprintf(&path, "%s/" FIGURES_FOLDER "/%s%s", self->options->out_folder,
		     of->num_figures == 0 ? of->name : "", of->num_figures == 0 ? "/" : "") < 0)
		path = NULL;
	if (path != NULL)
		status = folder_make(path, self->diag);
	if (status == NESCSIM_OK) {
		const nescsim_plot_options options = {
			.input = of->folder,
			.format = self->options->format,
			.out = path,
		};

		status = nescsim_plot(&options, self->options->list, self->diag);
	}
	free(path);
	return status;
}

/* Their names; not what an earlier call with other inputs has left in the folder. `names` may be NULL. */
static size_t num_with_result(const job *self, const char **names)
{
	size_t num = 0;

	for (size_t i = 0; i < self->num; i++) {
		if (!self->experiments[i].has_result)
			continue;
		if (names != NULL)
			names[num] = self->experiments[i].name;
		num++;
	}
	return num;
}

static char *report_name(const job *self)
{
	char *name;

	return asprintf(&name, "%s/" REPORT_FILE, self->options->out_folder) < 0 ? NULL : name;
}

/* An earlier one does not speak of what is run now. */
static void remove_report(const job *self)
{
	char *name = report_name(self);

	if (name != NULL)
		unlink(name);
	free(name);
}

static nescsim_status report(const job *self)
{
	const char **names = calloc(self->num, sizeof(*names));
	char *file_name = report_name(self);
	const nescsim_report_options options = {
		.input = self->options->out_folder,
		.sections = names,
		.num_sections = num_with_result(self, names),
		.out = file_name,
		.validation = self->validation,
	};
	nescsim_status status = NESCSIM_NO_MEMORY;

	if (names != NULL && file_name != NULL)
		status = nescsim_report(&options, self->options->list, self->diag);
	free(file_name);
	free(names);
	return status;
}

nescsim_status nescsim_reproduce(const nescsim_reproduce_options *options, nescsim_diag *diag)
{
	job self = { .options = options, .diag = diag };

	if (find_experiments(&self) == NESCSIM_OK) {
		remove_report(&self);
		run_all(&self);
	}
	if (!self.is_interrupted) {
		if (options->validate && num_with_result(&self, NULL) != 0)
			keep_first(&self, validate(&self));
		for (size_t i = 0; i < self.num; i++)
			if (self.experiments[i].has_result)
				keep_first(&self, draw(&self, &self.experiments[i]));
		if (num_with_result(&self, NULL) != 0)
			keep_first(&self, report(&self));
	}
	for (size_t i = 0; i < self.num; i++) {
		free(self.experiments[i].file_name);
		free(self.experiments[i].name);
		free(self.experiments[i].folder);
	}
	for (size_t i = 0; i < self.num_figures; i++)
		free(self.figures[i]);
	free(self.figures);
	free(self.experiments);
	nescsim_validation_destroy(self.validation);
	return self.first;
}
