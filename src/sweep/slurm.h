/* Slurm, as far as a sweep needs it: an array job is submitted, looked at and cancelled, by its command-line tools. What they
 * say of the success of tasks is not asked for: it is not to be relied on. */
#ifndef SWEEP_SLURM_H
#define SWEEP_SLURM_H

#include "sweep/interrupts.h"

typedef struct slurm {
	const interrupts *signals; /* watched */
	char *job_name;            /* of all jobs of this sweep, and of no other: numbers of jobs come again */
	char *job;                 /* the number of the one submitted last; NULL = none */
	char *cluster;             /* where that is, if Slurm names one */
} slurm;

/* What the queue holds of a job. */
typedef struct slurm_queue {
	uint64_t num_running, num_waiting;
	/* Held by Slurm because they could not be started, on broken nodes; they would stay for ever. Not among the waiting. */
	uint64_t num_broken;
	char reason[112]; /* that one of the waiting has, as Slurm calls it; rather one that needs help; "" = none */
	bool needs_help;  /* some wait for what does not come by itself: held by somebody, an impossible request */
} slurm_queue;

typedef enum slurm_answer {
	SLURM_OK,
	SLURM_SILENT, /* it cannot be contacted, for now */
	SLURM_INTERRUPTED
} slurm_answer;

/* Are the tools there, and does the controller answer? Returns NESCSIM_OK, NESCSIM_USAGE (not installed),
 * NESCSIM_RUN_FAILED (no answer, or interrupted); reported. */
nescsim_status slurm_check(const interrupts *signals, nescsim_diag *diag);

/* Submits `script` as an array of tasks 0 to num_tasks - 1, each of which may use so many cores, writes what it prints into
 * log_folder/<task>.txt and begins in `folder`; all three are absolute. `options` are the user's. Returns NESCSIM_OK,
 * NESCSIM_RUN_FAILED (refused, no answer, or interrupted; reported) or NESCSIM_NO_MEMORY. */
nescsim_status slurm_submit(slurm *self, const char *script, uint64_t num_tasks, uint32_t num_cores, const char *folder,
			    const char *log_folder, const char *const *options, size_t num_options, nescsim_diag *diag);

/* Looks at the job submitted last or, `all_jobs`, at all of the sweep's name. A job that is over has nothing in the queue. */
slurm_answer slurm_look(const slurm *self, bool all_jobs, slurm_queue *queue_out);

/* Cancels all jobs of the sweep's name. Does not wait for their end, and for no signal; takes 5 s at
 * most. False when Slurm does not answer. */
bool slurm_cancel(const slurm *self);

/* Frees what it holds. */
void slurm_fini(slurm *self);

#endif
