/* The local pool: a child of this very process for each point, so that one that crashes costs no other. The child is a fork
 * without exec, which costs the start of a program less per point. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "metrics/progress.h"
#include "sweep/executor.h"
#include "sweep/interrupts.h"
#include "sweep/point.h"

#define TICK_NS 200000000 /* between updates of the progress line */

typedef struct child {
	pid_t process; /* 0 = none */
	uint64_t point;
} child;

typedef struct pool {
	sweep_job *job;
	nescsim_diag *diag;
	child *children;
	uint32_t num_children, num_running;
	uint64_t next_point, num_ended;
	interrupts signals;
	progress *line;
} pool;

static uint32_t num_cores(void)
{
	cpu_set_t cores;
	long online;

	if (sched_getaffinity(0, sizeof(cores), &cores) == 0)
		return (uint32_t)CPU_COUNT(&cores);
	online = sysconf(_SC_NPROCESSORS_ONLN);
	return online < 1 ? 1 : (uint32_t)online;
}

uint32_t executor_local_jobs(const nescsim_sweep_options *options)
{
	return options->num_jobs != 0 ? options->num_jobs : num_cores();
}

/* Standard output and error go into the log, also those of a crash. */
static bool redirect(const char *log)
{
	const int in = open("/dev/null", O_RDONLY);
	const int out = open(log, O_WRONLY | O_CREAT | O_TRUNC, 0666);

	return in >= 0 && out >= 0 && dup2(in, STDIN_FILENO) >= 0 && dup2(out, STDOUT_FILENO) >= 0 &&
	       dup2(out, STDERR_FILENO) >= 0;
}

/* The child's whole life. */
static _Noreturn void live(const pool *self, uint64_t point, pid_t parent)
{
	const char *out_folder = self->job->plan->options->out_folder;
	char *log = point_path(out_folder, point, ".log");
	nescsim_diag *diag = nescsim_diag_create();
	nescsim_status status = NESCSIM_NO_MEMORY;

	/* A killed parent must not leave orphans at work; Ctrl-C is the parent's to act on. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGINT, SIG_IGN);
	sigprocmask(SIG_SETMASK, &self->signals.mask_before, NULL);
	if (getppid() != parent || log == NULL || diag == NULL || !redirect(log))
		_exit(nescsim_status_exit_code(NESCSIM_IO));
	status = point_run(self->job->plan, point, diag);
	/* Not the errors of a run whose result somebody else has made. */
	if (status != NESCSIM_OK || nescsim_diag_num_errors(diag) == 0)
		nescsim_diag_print(diag, stderr);
	if (status != NESCSIM_OK && nescsim_diag_num_errors(diag) == 0)
		fprintf(stderr, "error: %s\n", nescsim_status_text(status));
	fflush(stderr);
	if (status == NESCSIM_OK)
		point_drop_empty_log(out_folder, point);
	_exit(nescsim_status_exit_code(status));
}

static nescsim_status start(pool *self, child *in, uint64_t point)
{
	const pid_t parent = getpid();
	const pid_t process = fork();

	if (process < 0)
		return diag_add(self->diag, NESCSIM_ERROR, NESCSIM_RUN_FAILED, NULL, "fewer --jobs",
				"cannot start a process: %s", strerror(errno));
	if (process == 0)
		live(self, point, parent);
	*in = (child){ .process = process, .point = point };
	self->num_running++;
	return NESCSIM_OK;
}

/* Gives every idle place a point. */
static nescsim_status fill(pool *self)
{
	const sweep_job *job = self->job;
	nescsim_status status = NESCSIM_OK;

	for (uint32_t i = 0; status == NESCSIM_OK && i < self->num_children; i++) {
		if (self->children[i].process != 0)
			continue;
		while (self->next_point < job->plan->num_points && !job_has(job->todo, self->next_point))
			self->next_point++;
		if (self->next_point == job->plan->num_points)
			break;
		status = start(self, &self->children[i], self->next_point++);
	}
	return status;
}

static void reap(pool *self)
{
	for (uint32_t i = 0; i < self->num_children; i++) {
		child *of = &self->children[i];
		int ended = -1;

		/* By number: the caller's other children are not ours to wait for. */
		if (of->process == 0 || waitpid(of->process, &ended, WNOHANG) == 0)
			continue;
		self->job->num_good += ended == 0;
		of->process = 0;
		self->num_running--;
		self->num_ended++;
	}
}

static void kill_all(pool *self)
{
	for (uint32_t i = 0; i < self->num_children; i++) {
		const child *of = &self->children[i];
		char *log;

		if (of->process == 0)
			continue;
		kill(of->process, SIGKILL);
		waitpid(of->process, NULL, 0);
		/* What it may have said is no reason to fail. */
		log = point_path(self->job->plan->options->out_folder, of->point, ".log");
		if (log != NULL)
			unlink(log);
		free(log);
	}
}

static nescsim_status work(pool *self)
{
	nescsim_status status = fill(self);

	while (status == NESCSIM_OK && self->num_running != 0) {
		if (interrupts_wait(&self->signals, TICK_NS))
			return interrupts_report(self->diag);
		reap(self);
		progress_update(self->line, self->num_ended, self->job->num_todo);
		status = fill(self);
	}
	return status;
}

static nescsim_status run(sweep_job *job, nescsim_diag *diag)
{
	const nescsim_sweep_options *options = job->plan->options;
	const uint32_t num_jobs = executor_local_jobs(options);
	pool self = { .job = job, .diag = diag };
	nescsim_status status;

	self.num_children = num_jobs < job->num_todo ? num_jobs : (uint32_t)job->num_todo;
	self.children = calloc(self.num_children, sizeof(*self.children));
	if (self.children == NULL)
		return self.num_children == 0 ? NESCSIM_OK : NESCSIM_NO_MEMORY;
	if (options->progress != NULL)
		self.line = progress_create(options->progress, "points");
	interrupts_watch(&self.signals);
	status = work(&self);
	kill_all(&self);
	interrupts_unwatch(&self.signals);
	progress_finish(self.line);
	free(self.children);
	return status;
}

const sweep_executor executor_local = { .run = run };
