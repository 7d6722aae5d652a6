#include "sweep/slurm.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SBATCH "sbatch"
#define SQUEUE "squeue"
#define SCANCEL "scancel"
/* Settings of these tools in the environment, such as SQUEUE_PARTITION, would hide tasks from us. Those of sbatch are the user's
 * to make, but for one that makes it wait for the end. */
#define NOT_FOR_SBATCH "SBATCH_WAIT"
#define NOT_FOR_SQUEUE "SQUEUE_"
#define NOT_FOR_SCANCEL "SCANCEL_"

#define SECONDS(number) ((number)*INT64_C(1000000000))
#define SUBMIT_NS SECONDS(120)
#define LOOK_NS SECONDS(60)
#define CANCEL_NS SECONDS(5)

#define MAX_WORDS 16

static nescsim_status report(nescsim_diag *diag, program_end end, const char *program, const char *what,
			     program_output *output)
{
	if (end == PROGRAM_INTERRUPTED)
		return interrupts_report(diag);
	if (end == PROGRAM_MISSING)
		return diag_add(diag, NESCSIM_ERROR, NESCSIM_USAGE, NULL,
				"run this where jobs can be submitted, or without --executor slurm",
				"there is no Slurm here: no program '%s'", program);
	return diag_add(diag, NESCSIM_ERROR, NESCSIM_RUN_FAILED, NULL, NULL, "%s: %s", what,
			program_reason(end, output));
}

nescsim_status slurm_check(const interrupts *signals, nescsim_diag *diag)
{
	static const char *const submits[] = { SBATCH, "--version", NULL }, *const cancels[] = { SCANCEL, "--version",
												 NULL };
	static const char *const looks[] = { SQUEUE, "--noheader", "--format=%i", "--name=nescsim", NULL };
	program_output output = { .out = TEXT_EMPTY };
	const struct {
		const char *const *words;
		const char *hidden, *mistake;
	} steps[] = {
		{ submits, NOT_FOR_SBATCH, "Slurm cannot be used" },
		{ cancels, NOT_FOR_SCANCEL, "Slurm cannot be used" },
		{ looks, NOT_FOR_SQUEUE, "Slurm does not answer" },
	};
	nescsim_status status = NESCSIM_OK;

	for (size_t i = 0; status == NESCSIM_OK && i < sizeof(steps) / sizeof(steps[0]); i++) {
		const program_end end = interrupts_run(signals, steps[i].words, steps[i].hidden, LOOK_NS, &output);

		if (end != PROGRAM_EXITED)
			status = report(diag, end, steps[i].words[0], steps[i].mistake, &output);
	}
	program_forget(&output);
	return status;
}

/* ---- submitting ------------------------------------------------------------------------------------------------- */

/* "17" or "17;cluster". */
static bool take_job(slurm *self, const char *said)
{
	const size_t num_digits = strspn(said, "0123456789");
	const char *rest = said + num_digits;
	const size_t cluster_bytes = *rest == ';' ? strcspn(rest + 1, " \n") : 0;

	if (num_digits == 0 || strchr(";\n", *rest) == NULL)
		return false;
	free(self->job);
	free(self->cluster);
	self->job = strndup(said, num_digits);
	self->cluster = cluster_bytes != 0 ? strndup(rest + 1, cluster_bytes) : NULL;
	return self->job != NULL && (cluster_bytes == 0 || self->cluster != NULL);
}

nescsim_status slurm_submit(slurm *self, const char *script, uint64_t num_tasks, uint32_t num_cores, const char *folder,
			    const char *log_folder, const char *const *options, size_t num_options, nescsim_diag *diag)
{
	/* The user's options stand between ours that they may change and ours that all depends on: the last one counts.
	 * The environment is taken along, since the tool may need it (libraries found by a module, say). */
	const char *ours[] = { SBATCH, "--requeue", "--nodes=1", "--ntasks=1", "--export=ALL" };
	const size_t num_ours = sizeof(ours) / sizeof(ours[0]);
	const char **words = calloc(num_ours + num_options + MAX_WORDS, sizeof(*words));
	text_buffer texts[6] = { TEXT_EMPTY };
	program_output output = { .out = TEXT_EMPTY };
	nescsim_status status = NESCSIM_NO_MEMORY;
	size_t num = 0;
	program_end end;

	text_add(&texts[0], "--array=0-%llu", (unsigned long long)num_tasks - 1);
	text_add(&texts[1], "--job-name=%s", self->job_name);
	text_add(&texts[2], "--cpus-per-task=%u", num_cores);
	text_add(&texts[3], "--chdir=%s", folder);
	text_add(&texts[4], "--output=");
	text_add(&texts[5], "--error=");
	for (const char *at = log_folder; *at != '\0'; at++)
		for (size_t i = 4; i < 6; i++)
			text_add(&texts[i], *at == '%' ? "%%%%" : "%c", *at);
	for (size_t i = 4; i < 6; i++)
		text_add(&texts[i], "/%%a.txt");
	if (words == NULL)
		goto out;
	for (size_t i = 0; i < num_ours; i++)
		words[num++] = ours[i];
	for (size_t i = 0; i < num_options; i++)
		words[num++] = options[i];
	words[num++] = "--parsable";
	words[num++] = "--open-mode=append"; /* a task that runs again does not hide what it said before */
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		if (!text_ok(&texts[i]))
			goto out;
		words[num++] = text_get(&texts[i]);
	}
	words[num++] = script;
	end = interrupts_run(self->signals, words, NOT_FOR_SBATCH, SUBMIT_NS, &output);
	status = NESCSIM_OK;
	if (end != PROGRAM_EXITED)
		status = report(diag, end, SBATCH, "Slurm does not take the tasks", &output);
	else if (!take_job(self, text_get(&output.out)))
		status = diag_add(diag, NESCSIM_ERROR, NESCSIM_RUN_FAILED, NULL, NULL,
				  SBATCH " did not say the number of the job, but: '%s'", text_get(&output.out));
out:
	program_forget(&output);
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		text_free(&texts[i]);
	free(words);
	return status;
}

/* ---- looking ---------------------------------------------------------------------------------------------------- */

static bool begins_with_one_of(const char *text, const char *const *beginnings)
{
	for (size_t i = 0; beginnings[i] != NULL; i++)
		if (strncmp(text, beginnings[i], strlen(beginnings[i])) == 0)
			return true;
	return false;
}

/* One line: "STATE reason". Everything that is not known to be an end is taken as alive. */
static void count_task(const char *line, slurm_queue *to)
{
	static const char *const ends[] = { "COMPLETED",     "CANCELLED", "FAILED",    "TIMEOUT",
					    "NODE_FAIL",     "PREEMPTED", "BOOT_FAIL", "DEADLINE",
					    "OUT_OF_MEMORY", "REVOKED",   NULL };
	static const char *const waits[] = { "PENDING", "REQUEUE", "SPECIAL_EXIT", "RESV_DEL_HOLD", "SUSPENDED", NULL };
	static const char *const broken[] = { "launch failed", "launch_failed", NULL };
	static const char *const helpless[] = {
		"JobHeld",   "DependencyNeverSatisfied", "BadConstraints",
		"Partition", "ReqNodeNotAvail",          "Nodes required for job are DOWN",
		NULL
	};
	const char *reason = strchr(line, ' ');
	bool needs_help;

	if (!isupper((unsigned char)line[0]) || begins_with_one_of(line, ends))
		return; /* or a line that names a cluster: "CLUSTER: x" has no state */
	if (!begins_with_one_of(line, waits)) {
		to->num_running += strncmp(line, "CLUSTER: ", 9) != 0;
		return;
	}
	reason = reason != NULL ? reason + 1 : "";
	if (begins_with_one_of(reason, broken)) {
		to->num_broken++;
		return;
	}
	to->num_waiting++;
	needs_help = begins_with_one_of(reason, helpless);
	if (needs_help || !to->needs_help)
		snprintf(to->reason, sizeof(to->reason), "%s", reason);
	to->needs_help |= needs_help;
}

slurm_answer slurm_look(const slurm *self, bool all_jobs, slurm_queue *queue_out)
{
	text_buffer name = TEXT_EMPTY, which = TEXT_EMPTY, cluster = TEXT_EMPTY;
	const char *words[MAX_WORDS] = { SQUEUE, "--noheader", "--array", "--states=all", "--format=%T %r" };
	program_output output = { .out = TEXT_EMPTY };
	slurm_answer answer = SLURM_SILENT;
	size_t num = 5;
	program_end end;

	*queue_out = (slurm_queue){ .num_running = 0 };
	text_add(&name, "--name=%s", self->job_name);
	words[num++] = text_get(&name);
	if (all_jobs)
		text_add(&which, "--user=%lu", (unsigned long)getuid()); /* spares the controller those of all others */
	else
		text_add(&which, "--jobs=%s", self->job);
	words[num++] = text_get(&which);
	if (self->cluster != NULL) {
		text_add(&cluster, "--clusters=%s", self->cluster);
		words[num++] = text_get(&cluster);
	}
	end = text_ok(&name) && text_ok(&which) && text_ok(&cluster)
		      ? interrupts_run(self->signals, words, NOT_FOR_SQUEUE, LOOK_NS, &output)
		      : PROGRAM_NO_START;
	if (end == PROGRAM_INTERRUPTED) {
		answer = SLURM_INTERRUPTED;
	} else if (end == PROGRAM_EXITED && text_ok(&output.out)) {
		answer = SLURM_OK;
		for (const char *line = text_get(&output.out); line != NULL && *line != '\0';) {
			char one[128];

			snprintf(one, sizeof(one), "%.*s", (int)strcspn(line, "\n"), line);
			count_task(one, queue_out);
			line = strchr(line, '\n');
			line = line != NULL ? line + 1 : NULL;
		}
	} else if (end == PROGRAM_FAILED && strstr(text_get(&output.err), "Invalid job id") != NULL) {
		answer = SLURM_OK; /* over for so long that it is forgotten */
	}
	program_forget(&output);
	text_free(&name);
	text_free(&which);
	text_free(&cluster);
	return answer;
}

bool slurm_cancel(const slurm *self)
{
	text_buffer name = TEXT_EMPTY, cluster = TEXT_EMPTY;
	const char *words[MAX_WORDS] = { SCANCEL, "--quiet" };
	interrupts deaf = *self->signals; /* whoever has asked to end asks often, but this must be done */
	program_output output = { .out = TEXT_EMPTY };
	size_t num = 2;
	program_end end = PROGRAM_NO_START;

	text_add(&name, "--name=%s", self->job_name);
	words[num++] = text_get(&name);
	if (self->cluster != NULL) {
		text_add(&cluster, "--clusters=%s", self->cluster);
		words[num++] = text_get(&cluster);
	}
	sigemptyset(&deaf.watched);
	sigaddset(&deaf.watched, SIGCHLD);
	if (text_ok(&name) && text_ok(&cluster))
		end = interrupts_run(&deaf, words, NOT_FOR_SCANCEL, CANCEL_NS, &output);
	program_forget(&output);
	text_free(&name);
	text_free(&cluster);
	return end == PROGRAM_EXITED;
}

void slurm_fini(slurm *self)
{
	free(self->job_name);
	free(self->job);
	free(self->cluster);
}
