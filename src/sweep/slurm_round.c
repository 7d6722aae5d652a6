#include "sweep/slurm_round.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "metrics/folder.h"
#include "sweep/executor.h"
#include "sweep/point_list.h"
#include "workload/output.h"

/* So that a task's list is a word that a program can be given: Linux allows 128 KiB. */
#define MAX_POINTS_PER_TASK 10000

char *slurm_round_out_folder(const sweep_plan *plan, const char *start_folder)
{
	const char *out = plan->options->out_folder;
	char *path;

	return asprintf(&path, "%s%s%s", out[0] == '/' ? "" : start_folder, out[0] == '/' ? "" : "/", out) < 0 ? NULL
													       : path;
}

/* ---- dealing ---------------------------------------------------------------------------------------------------- */

/* Row by row, like cards, every second row backwards: what neighbours or the values of one key have in common, such as a long
 * time, is spread over all tasks. */
static uint64_t column(uint64_t row, uint64_t task, uint64_t num_tasks)
{
	return row % 2 == 0 ? task : num_tasks - 1 - task;
}

uint64_t slurm_round_task(const slurm_round *self, size_t index)
{
	return column(index / self->num_tasks, index % self->num_tasks, self->num_tasks);
}

static nescsim_status collect(slurm_round *self, const sweep_plan *plan, const uint64_t *missing, uint64_t most_tasks)
{
	uint64_t least_tasks;

	for (uint64_t point = 0; point < plan->num_points; point++)
		self->num_points += job_has(missing, point);
	self->points = calloc(self->num_points + 1, sizeof(*self->points));
	if (self->points == NULL)
		return NESCSIM_NO_MEMORY;
	self->num_points = 0;
	for (uint64_t point = 0; point < plan->num_points; point++)
		if (job_has(missing, point))
			self->points[self->num_points++] = point;
	least_tasks = (self->num_points + MAX_POINTS_PER_TASK - 1) / MAX_POINTS_PER_TASK;
	self->num_tasks = self->num_points < most_tasks ? self->num_points : most_tasks;
	if (self->num_tasks < least_tasks)
		self->num_tasks = least_tasks;
	return NESCSIM_OK;
}

static nescsim_status write_points(const slurm_round *self, nescsim_diag *diag)
{
	uint64_t *points = calloc(self->num_points, sizeof(*points));
	text_buffer lines = TEXT_EMPTY;
	char *path = NULL;
	nescsim_status status = NESCSIM_NO_MEMORY;

	for (uint64_t task = 0; points != NULL && task < self->num_tasks; task++) {
		size_t num = 0;

		for (uint64_t row = 0;; row++) {
			const uint64_t index = row * self->num_tasks + column(row, task, self->num_tasks);

			if (row * self->num_tasks >= self->num_points)
				break;
			if (index < self->num_points)
				points[num++] = self->points[index];
		}
		point_list_add(points, num, &lines);
		text_add(&lines, "\n");
	}
	if (points != NULL && asprintf(&path, "%s/points", self->folder) >= 0)
		status = output_save(path, &lines, diag);
	else
		path = NULL;
	text_free(&lines);
	free(points);
	free(path);
	return status;
}

/* ---- the script ------------------------------------------------------------------------------------------------- */

static void add_option(text_buffer *to, const char *option, const char *value)
{
	text_add(to, " \\\n\t--%s ", option);
	text_add_shell_word(to, value);
}

static void add_number(text_buffer *to, const char *option, uint64_t number)
{
	if (number != 0)
		text_add(to, " \\\n\t--%s %" PRIu64, option, number);
}

/* This sweep's command line, put together again. */
static void add_command(const sweep_plan *plan, const char *out_folder, text_buffer *to)
{
	const nescsim_sweep_options *options = plan->options;
	text_buffer word = TEXT_EMPTY;

	text_add_shell_word(to, options->program);
	text_add(to, " sweep --quiet --points \"$points\"");
	add_option(to, "out", out_folder);
	add_number(to, "jobs", options->num_jobs != 0 ? options->num_jobs : 1);
	add_number(to, "repeat", options->num_repeats);
	for (size_t i = 0; i < options->num_schemes; i++)
		text_add(&word, "%s%s", i == 0 ? "" : ",", options->schemes[i]);
	if (options->num_schemes != 0)
		add_option(to, "schemes", text_get(&word));
	for (size_t i = 0; i < options->num_overrides; i++) {
		text_cut(&word, 0);
		text_add(&word, "%s=%s", options->overrides[i].path, options->overrides[i].value);
		add_option(to, "set", text_get(&word));
	}
	for (size_t i = 0; i < options->num_params; i++)
		add_option(to, "param", options->params[i]);
	text_add(to, " \\\n\t-- ");
	text_add_shell_word(to, plan->file_name);
	text_add(to, "\n");
	to->failed |= !text_ok(&word);
	text_free(&word);
}

static nescsim_status write_script(const slurm_round *self, const sweep_plan *plan, const char *start_folder,
				   nescsim_diag *diag)
{
	char *out_folder = slurm_round_out_folder(plan, start_folder);
	text_buffer script = TEXT_EMPTY;
	nescsim_status status = NESCSIM_NO_MEMORY;

	text_add(&script,
		 "#!/bin/sh\n# A task of a nescsim sweep: runs the points in its line of the file `points`.\n");
	/* Slurm begins somewhere else when a node does not have the folder. */
	text_add(&script, "cd ");
	text_add_shell_word(&script, start_folder);
	text_add(&script, " || exit\npoints=$(sed -n \"$((SLURM_ARRAY_TASK_ID + 1))p\" ");
	text_add_shell_word(&script, self->folder);
	text_add(&script,
		 "/points)\n[ -n \"$points\" ] || {\n"
		 "\techo \"error: there are no points for task $SLURM_ARRAY_TASK_ID\" >&2\n\texit 1\n}\nexec ");
	if (out_folder != NULL) {
		add_command(plan, out_folder, &script);
		status = output_save(self->script, &script, diag);
	}
	text_free(&script);
	free(out_folder);
	return status;
}

/* ---- the folder ------------------------------------------------------------------------------------------------- */

static nescsim_status make_folder(slurm_round *self, const sweep_plan *plan, const char *start_folder,
				  nescsim_diag *diag)
{
	char *out_folder = slurm_round_out_folder(plan, start_folder);
	int made = -1;

	errno = EEXIST;
	for (uint64_t number = 1; out_folder != NULL && made != 0 && errno == EEXIST; number++) {
		free(self->folder);
		if (asprintf(&self->folder, "%s/" SLURM_FOLDER "/%" PRIu64, out_folder, number) < 0) {
			self->folder = NULL;
			break;
		}
		made = mkdir(self->folder, 0777);
	}
	free(out_folder);
	if (self->folder == NULL)
		return NESCSIM_NO_MEMORY;
	if (made != 0)
		return diag_add(diag, NESCSIM_ERROR, NESCSIM_IO, NULL, NULL, "cannot make the folder '%s': %s",
				self->folder, strerror(errno));
	if (asprintf(&self->script, "%s/task.sh", self->folder) < 0)
		self->script = NULL;
	if (asprintf(&self->log_folder, "%s/log", self->folder) < 0)
		self->log_folder = NULL;
	if (self->script == NULL || self->log_folder == NULL)
		return NESCSIM_NO_MEMORY;
	return folder_make(self->log_folder, diag);
}

nescsim_status slurm_round_make(const sweep_plan *plan, const uint64_t *missing, uint64_t most_tasks,
				const char *start_folder, nescsim_diag *diag, slurm_round *round_out)
{
	nescsim_status status;

	*round_out = (slurm_round){ .folder = NULL };
	status = collect(round_out, plan, missing, most_tasks);
	if (status == NESCSIM_OK)
		status = make_folder(round_out, plan, start_folder, diag);
	if (status == NESCSIM_OK)
		status = write_points(round_out, diag);
	if (status == NESCSIM_OK)
		status = write_script(round_out, plan, start_folder, diag);
	return status;
}

void slurm_round_fini(slurm_round *self)
{
	free(self->folder);
	free(self->script);
	free(self->log_folder);
	free(self->points);
}

char *slurm_round_log(const slurm_round *self, uint64_t task)
{
	char *path;

	return asprintf(&path, "%s/%" PRIu64 ".txt", self->log_folder, task) < 0 ? NULL : path;
}
