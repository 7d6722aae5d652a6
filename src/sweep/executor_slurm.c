/* Slurm: arrays of tasks, each of which runs this tool with --points, and so the local pool. Only result folders and logs of
 * points say what became of them, since Slurm calls tasks completed that never ran, starts tasks twice and forgets jobs.
 *
 * A point without a result is tried again in the next round, unless its log says why: a run depends on nothing but its
 * configuration, and would fail again. */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "metrics/progress.h"
#include "sweep/executor.h"
#include "sweep/interrupts.h"
#include "sweep/point.h"
#include "sweep/slurm.h"
#include "sweep/slurm_round.h"
#include "workload/output.h"

#define DEFAULT_NUM_TASKS 64
#define DEFAULT_NUM_ROUNDS 3
#define MAX_TASKS_SHOWN 5
#define ID_FILE "id"

#define MS INT64_C(1000000)
#define SECOND (1000 * MS)
#define TICK_NS (200 * MS)
#define FIRST_LOOK_NS (200 * MS) /* after the submission; half as much again before the next look, and so on */
#define MAX_LOOK_NS (5 * SECOND)
#define TIDY_NS (3 * SECOND)         /* for tasks to end whose points are all there */
#define END_NS (30 * SECOND)         /* for cancelled tasks to end */
#define PATIENCE_NS (60 * SECOND)    /* before it is said what tasks wait for */
#define MAX_SILENT_NS (900 * SECOND) /* without an answer of Slurm */

typedef struct rounds {
	sweep_job *job;
	nescsim_diag *diag;
	interrupts signals;
	slurm queue;
	char *folder;       /* where the sweep was started */
	char *slurm_folder; /* OUT/slurm */
	progress *line;
	slurm_round round;
	uint64_t *missing; /* points with neither a result nor a reason why not */
	uint64_t *there;   /* those of them that have a folder now, which may be one of another configuration */
	uint64_t num_missing, num_there, num_failed;
	int64_t still_since_ns; /* nothing runs */
	char told[112];         /* the reason that was told last */
} rounds;

static int64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * SECOND + now.tv_nsec;
}

/* An option of the user's for sbatch: one word, and none that makes it do something else. */
static nescsim_status check_option(const char *word, nescsim_diag *diag)
{
	static const char *const others[] = {
		"--wait", "-W", "--wrap", "--test-only", "--help", "-h", "--version", "-V"
	};
	const diag_place place = { .file = "--sbatch" };

	if (word[0] != '-' || word[1] == '\0')
		return diag_add(diag, NESCSIM_ERROR, NESCSIM_USAGE, &place, "such as --sbatch --partition=long",
				"'%s' is no option of sbatch", word);
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (strncmp(word, others[i], strcspn(word, "=")) == 0 && strlen(others[i]) == strcspn(word, "="))
			return diag_add(diag, NESCSIM_ERROR, NESCSIM_USAGE, &place, NULL,
					"%s would keep sbatch from submitting tasks", others[i]);
	return NESCSIM_OK;
}

static nescsim_status check(const sweep_plan *plan, nescsim_diag *diag)
{
	const nescsim_sweep_options *options = plan->options;
	nescsim_status status = NESCSIM_OK;
	interrupts signals;

	if (options->program == NULL)
		status = diag_add(diag, NESCSIM_ERROR, NESCSIM_USAGE, NULL, "name the tool nescsim",
				  "tasks of Slurm need a program to run");
	else if (strchr(options->program, '/') != NULL && access(options->program, X_OK) != 0)
		status = diag_add(diag, NESCSIM_ERROR, NESCSIM_USAGE, NULL, "has it been replaced?",
				  "tasks of Slurm cannot run '%s': %s", options->program, strerror(errno));
	for (size_t i = 0; i < options->num_submit_options; i++)
		if (check_option(options->submit_options[i], diag) != NESCSIM_OK)
			status = NESCSIM_USAGE;
	if (status != NESCSIM_OK)
		return status;
	interrupts_watch(&signals);
	status = slurm_check(&signals, diag);
	interrupts_unwatch(&signals);
	return status;
}

/* ---- which points ----------------------------------------------------------------------------------------------- */

/* Which of the missing points have a folder? The listing asks a network filesystem for news, too. */
static void see_points(rounds *self)
{
	char *points = points_folder(self->job->plan->options->out_folder);
	const struct dirent *entry;
	DIR *dir;

	if (points == NULL)
		return;
	dir = opendir(points);
	while (dir != NULL && (entry = readdir(dir)) != NULL) {
		char *end;
		const uint64_t number = strtoull(entry->d_name, &end, 10);

		if (*end != '\0' || number == 0 || number > self->job->plan->num_points ||
		    !job_has(self->missing, number - 1) || job_has(self->there, number - 1))
			continue;
		job_add(self->there, number - 1);
		self->num_there++;
	}
	if (dir != NULL)
		closedir(dir);
	free(points);
}

/* Has the point said why it failed? */
static bool has_reason(const rounds *self, uint64_t point)
{
	char *log = point_path(self->job->plan->options->out_folder, point, ".log");
	struct stat info;
	const bool has = log != NULL && stat(log, &info) == 0 && info.st_size != 0;

	free(log);
	return has;
}

/* Takes out of `missing` what a round has brought. */
static void judge_points(rounds *self)
{
	const sweep_plan *plan = self->job->plan;

	see_points(self);
	for (uint64_t point = 0; point < plan->num_points; point++) {
		nescsim_config *config = NULL;
		bool is_good = false;

		if (!job_has(self->missing, point))
			continue;
		if (job_has(self->there, point) && plan_load(plan, point, NULL, &config) == NESCSIM_OK)
			is_good = point_has_result(plan->options->out_folder, point, config);
		nescsim_config_destroy(config);
		self->job->num_good += is_good;
		if (!is_good && !has_reason(self, point))
			continue;
		self->num_failed += !is_good;
		job_remove(self->missing, point);
		self->num_missing--;
	}
}

/* Of an earlier sweep: they are no reason for this one. */
static void drop_logs(const rounds *self)
{
	const sweep_plan *plan = self->job->plan;

	for (uint64_t point = 0; point < plan->num_points; point++) {
		char *log = job_has(self->missing, point) ? point_path(plan->options->out_folder, point, ".log") : NULL;

		if (log != NULL)
			unlink(log);
		free(log);
	}
}

/* ---- waiting ---------------------------------------------------------------------------------------------------- */

/* Says what tasks wait for, where it does not come by itself or is long in coming. */
static void tell(rounds *self, const slurm_queue *queue)
{
	FILE *to = self->job->plan->options->progress;
	char note[192];

	if (queue->num_running != 0 || queue->num_waiting == 0)
		self->still_since_ns = now_ns();
	snprintf(note, sizeof(note), "%" PRIu64 " tasks run, %" PRIu64 " wait%s%s", queue->num_running,
		 queue->num_waiting, queue->reason[0] != '\0' ? ": " : "", queue->reason);
	progress_set_note(self->line, note);
	if (to == NULL || queue->num_waiting == 0 || strcmp(self->told, queue->reason) == 0 ||
	    (!queue->needs_help && now_ns() - self->still_since_ns < PATIENCE_NS))
		return;
	snprintf(self->told, sizeof(self->told), "%s", queue->reason);
	self->still_since_ns = now_ns(); /* reasons that come and go are told once a minute */
	progress_clear(self->line);
	fprintf(to, "slurm: %" PRIu64 " tasks of job %s wait: %s\n", queue->num_waiting, self->queue.job,
		queue->reason);
	fflush(to);
}

/* Until the queue has nothing more of the sweep, but not longer than that. Returns NESCSIM_OK, also when it is not, or
 * NESCSIM_RUN_FAILED (interrupted). */
static nescsim_status wait_for_empty_queue(rounds *self, bool all_jobs, int64_t most_ns)
{
	const int64_t until_ns = now_ns() + most_ns;

	for (;;) {
		slurm_queue queue;
		const slurm_answer answer = slurm_look(&self->queue, all_jobs, &queue);

		if (answer == SLURM_INTERRUPTED)
			return interrupts_report(self->diag);
		if (answer == SLURM_OK && queue.num_running + queue.num_waiting + queue.num_broken == 0)
			return NESCSIM_OK;
		if (now_ns() > until_ns)
			return NESCSIM_OK;
		if (interrupts_wait(&self->signals, FIRST_LOOK_NS))
			return interrupts_report(self->diag);
	}
}

/* One look at results and queue. *over_out: the job has nothing more to bring. */
static nescsim_status look(rounds *self, int64_t *heard_ns, bool *over_out)
{
	slurm_queue queue;
	slurm_answer answer;
	nescsim_status status = NESCSIM_OK;

	see_points(self);
	if (self->num_there == self->num_missing) {
		/* What is left in the queue runs for a second time. */
		status = wait_for_empty_queue(self, false, TIDY_NS);
		*over_out = true;
		return status;
	}
	answer = slurm_look(&self->queue, false, &queue);
	if (answer == SLURM_INTERRUPTED)
		return interrupts_report(self->diag);
	if (answer == SLURM_OK) {
		*heard_ns = now_ns();
		*over_out = queue.num_running + queue.num_waiting == 0;
		tell(self, &queue);
	} else if (now_ns() - *heard_ns > MAX_SILENT_NS) {
		status = diag_add(self->diag, NESCSIM_ERROR, NESCSIM_RUN_FAILED, NULL,
				  "the same command with --resume goes on", "Slurm has not answered for %d minutes",
				  (int)(MAX_SILENT_NS / SECOND / 60));
	}
	return status;
}

static nescsim_status wait_for_round(rounds *self)
{
	int64_t pause_ns = FIRST_LOOK_NS, next_ns = now_ns() + pause_ns, heard_ns = now_ns();
	nescsim_status status = NESCSIM_OK;
	bool over = false;

	self->still_since_ns = now_ns();
	while (status == NESCSIM_OK && !over) {
		if (interrupts_wait(&self->signals, TICK_NS))
			return interrupts_report(self->diag);
		progress_update(self->line, self->job->num_good + self->num_failed + self->num_there,
				self->job->num_todo);
		if (now_ns() < next_ns)
			continue;
		status = look(self, &heard_ns, &over);
		pause_ns = pause_ns * 3 / 2 < MAX_LOOK_NS ? pause_ns * 3 / 2 : MAX_LOOK_NS;
		next_ns = now_ns() + pause_ns;
	}
	return status;
}

/* ---- jobs ------------------------------------------------------------------------------------------------------- */

static void cancel(rounds *self)
{
	if (!slurm_cancel(&self->queue))
		diag_add(self->diag, NESCSIM_WARNING, NESCSIM_RUN_FAILED, NULL, NULL,
			 "tasks may still be in Slurm's queue: scancel --name=%s", self->queue.job_name);
}

/* A name for the jobs of this sweep, kept in the folder so that a later sweep there knows them. *is_old_out: one was there. */
static nescsim_status find_name(rounds *self, bool *is_old_out)
{
	char *path = NULL;
	FILE *file;
	text_buffer text = TEXT_EMPTY;
	uint64_t id = 0, inode = 0;
	struct stat info;
	nescsim_status status = NESCSIM_OK;

	*is_old_out = false;
	/* By this a copy of the folder is told from it. */
	if (stat(self->slurm_folder, &info) != 0)
		info.st_ino = 0;
	if (asprintf(&path, "%s/" ID_FILE, self->slurm_folder) < 0)
		return NESCSIM_NO_MEMORY;
	file = fopen(path, "re");
	if (file != NULL) {
		*is_old_out = fscanf(file, "%16" SCNx64 " %" SCNu64, &id, &inode) == 2 && inode == info.st_ino;
		fclose(file);
	}
	if (!*is_old_out) {
		if (getrandom(&id, sizeof(id), 0) != (ssize_t)sizeof(id))
			id = (uint64_t)now_ns() ^ (uint64_t)getpid() << 40;
		text_add(&text, "%016" PRIx64 " %" PRIu64 "\n", id, (uint64_t)info.st_ino);
		status = output_save(path, &text, self->diag);
	}
	if (status == NESCSIM_OK && asprintf(&self->queue.job_name, "nescsim-%016" PRIx64, id) < 0) {
		self->queue.job_name = NULL;
		status = NESCSIM_NO_MEMORY;
	}
	text_free(&text);
	free(path);
	return status;
}

/* What a sweep that was killed has left in the queue. Its tasks would do no harm, but take the place of ours. */
static nescsim_status cancel_earlier(rounds *self)
{
	slurm_queue queue;
	const slurm_answer answer = slurm_look(&self->queue, true, &queue);

	if (answer == SLURM_INTERRUPTED)
		return interrupts_report(self->diag);
	if (answer == SLURM_OK && queue.num_running + queue.num_waiting + queue.num_broken == 0)
		return NESCSIM_OK;
	cancel(self);
	return wait_for_empty_queue(self, true, END_NS);
}

static nescsim_status submit(rounds *self)
{
	const nescsim_sweep_options *options = self->job->plan->options;
	nescsim_status status;

	slurm_round_fini(&self->round);
	status = slurm_round_make(self->job->plan, self->missing,
				  options->num_tasks != 0 ? options->num_tasks : DEFAULT_NUM_TASKS, self->folder,
				  self->diag, &self->round);
	if (status != NESCSIM_OK)
		return status;
	return slurm_submit(&self->queue, self->round.script, self->round.num_tasks,
			    options->num_jobs != 0 ? options->num_jobs : 1, self->folder, self->round.log_folder,
			    options->submit_options, options->num_submit_options, self->diag);
}

static nescsim_status run_round(rounds *self)
{
	nescsim_status status;

	/* Folders of another configuration are replaced, which cannot be seen: they count when the round is over. */
	memset(self->there, 0, job_num_words(self->job->plan) * sizeof(*self->there));
	self->num_there = 0;
	see_points(self);
	self->num_there = 0;
	status = submit(self);
	if (status == NESCSIM_OK)
		status = wait_for_round(self);
	if (status != NESCSIM_OK) {
		see_points(self);
		self->job->num_good += self->num_there;
		cancel(self);
		return status;
	}
	judge_points(self);
	return NESCSIM_OK;
}

/* ---- the end ---------------------------------------------------------------------------------------------------- */

/* The last line that says something: Slurm's own words come last. To be freed; NULL when there is none. */
static char *last_line(const char *path)
{
	FILE *file = fopen(path, "re");
	char *line = NULL, *last = NULL;
	size_t line_bytes = 0;

	while (file != NULL && getline(&line, &line_bytes, file) > 0) {
		line[strcspn(line, "\n")] = '\0';
		if (line[0] == '\0')
			continue;
		free(last);
		last = strdup(line);
	}
	free(line);
	if (file != NULL)
		fclose(file);
	return last;
}

/* Points that are still without a result and a reason: what their tasks said last. */
static void report_missing(rounds *self, uint64_t num_rounds)
{
	uint64_t last = UINT64_MAX;
	int num_shown = 0;

	diag_add(self->diag, NESCSIM_WARNING, NESCSIM_RUN_FAILED, NULL, "--resume tries again, --rounds more often",
		 "after %" PRIu64 " arrays of tasks %" PRIu64 " points have neither a result nor a reason why not",
		 num_rounds, self->num_missing);
	for (size_t i = 0; i < self->round.num_points && num_shown < MAX_TASKS_SHOWN; i++) {
		const uint64_t task = slurm_round_task(&self->round, i);
		char *log, *said;

		if (!job_has(self->missing, self->round.points[i]) || task == last)
			continue;
		last = task;
		log = slurm_round_log(&self->round, task);
		said = log != NULL ? last_line(log) : NULL;
		if (said != NULL) {
			const diag_place place = { .file = log };

			diag_add(self->diag, NESCSIM_WARNING, NESCSIM_RUN_FAILED, &place, NULL,
				 "task %" PRIu64 " of job %s said: %s", task, self->queue.job, said);
			num_shown++;
		}
		free(said);
		free(log);
	}
}

/* Removes a folder with all that is in it, `is_top` only what we put there; links are not followed. */
static void remove_tree(const char *path, bool is_top)
{
	const int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
	const struct dirent *entry;

	while (dir != NULL && (entry = readdir(dir)) != NULL) {
		char *below;

		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 ||
		    (is_top && strcmp(entry->d_name, ID_FILE) != 0 && !isdigit((unsigned char)entry->d_name[0])) ||
		    unlinkat(dirfd(dir), entry->d_name, 0) == 0 || asprintf(&below, "%s/%s", path, entry->d_name) < 0)
			continue;
		remove_tree(below, false);
		free(below);
	}
	if (dir != NULL)
		closedir(dir);
	rmdir(path);
}

/* Where the sweep was started, and OUT/slurm, which need not be there. */
static nescsim_status find_folders(rounds *self)
{
	char *out_folder;

	/* As the shell calls it: the name that links give may be the only one that nodes have. */
	self->folder = get_current_dir_name();
	if (self->folder == NULL)
		return diag_add(self->diag, NESCSIM_ERROR, NESCSIM_IO, NULL, NULL, "cannot find the folder: %s",
				strerror(errno));
	out_folder = slurm_round_out_folder(self->job->plan, self->folder);
	if (out_folder == NULL || asprintf(&self->slurm_folder, "%s/" SLURM_FOLDER, out_folder) < 0)
		self->slurm_folder = NULL;
	free(out_folder);
	return self->slurm_folder == NULL ? NESCSIM_NO_MEMORY : NESCSIM_OK;
}

static nescsim_status prepare(rounds *self)
{
	const sweep_plan *plan = self->job->plan;
	bool is_old;
	nescsim_status status = find_folders(self);

	if (status != NESCSIM_OK)
		return status;
	self->missing = calloc(job_num_words(plan), sizeof(*self->missing));
	self->there = calloc(job_num_words(plan), sizeof(*self->there));
	if (self->missing == NULL || self->there == NULL)
		return NESCSIM_NO_MEMORY;
	for (uint64_t point = 0; point < plan->num_points; point++)
		if (job_has(self->job->todo, point))
			job_add(self->missing, point);
	self->num_missing = self->job->num_todo;
	if (mkdir(self->slurm_folder, 0777) != 0 && errno != EEXIST)
		return diag_add(self->diag, NESCSIM_ERROR, NESCSIM_IO, NULL, NULL, "cannot make the folder '%s': %s",
				self->slurm_folder, strerror(errno));
	status = find_name(self, &is_old);
	if (status == NESCSIM_OK)
		drop_logs(self);
	return status;
}

static nescsim_status work(rounds *self)
{
	const nescsim_sweep_options *options = self->job->plan->options;
	const uint64_t most_rounds = options->num_rounds != 0 ? options->num_rounds : DEFAULT_NUM_ROUNDS;
	uint64_t num_rounds = 0;
	nescsim_status status = prepare(self);

	while (status == NESCSIM_OK && self->num_missing != 0 && num_rounds < most_rounds) {
		status = run_round(self);
		num_rounds++;
	}
	if (status == NESCSIM_OK && self->num_missing != 0)
		report_missing(self, num_rounds);
	if (status != NESCSIM_OK)
		return status;
	/* Doubles of tasks, and tasks that Slurm cannot start. */
	if (num_rounds != 0)
		cancel(self);
	if (self->num_missing + self->num_failed == 0)
		remove_tree(self->slurm_folder, true);
	return NESCSIM_OK;
}

static void begin(rounds *self)
{
	interrupts_watch(&self->signals);
	self->queue.signals = &self->signals;
}

static void end(rounds *self)
{
	interrupts_unwatch(&self->signals);
	slurm_round_fini(&self->round);
	slurm_fini(&self->queue);
	free(self->folder);
	free(self->slurm_folder);
	free(self->missing);
	free(self->there);
}

static nescsim_status calm(const sweep_plan *plan, nescsim_diag *diag)
{
	sweep_job nothing = { .plan = plan };
	rounds self = { .job = &nothing, .diag = diag };
	bool is_old = false;
	nescsim_status status;

	begin(&self);
	status = find_folders(&self);
	/* Without the folder there was no sweep by Slurm, or nothing is left of it. */
	if (status == NESCSIM_OK && access(self.slurm_folder, F_OK) == 0)
		status = find_name(&self, &is_old);
	if (status == NESCSIM_OK && is_old)
		status = cancel_earlier(&self);
	end(&self);
	return status;
}

static nescsim_status run(sweep_job *job, nescsim_diag *diag)
{
	rounds self = { .job = job, .diag = diag };
	nescsim_status status;

	if (job->plan->options->progress != NULL)
		self.line = progress_create(job->plan->options->progress, "points");
	begin(&self);
	status = work(&self);
	progress_finish(self.line);
	end(&self);
	return status;
}

const sweep_executor executor_slurm = { .has_tasks = true, .check = check, .calm = calm, .run = run };
