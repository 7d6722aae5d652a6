/* One array of tasks that a sweep submits: which task runs which points, and the files that tell the tasks.
 *
 *   OUT/slurm/<number>/points     a line for each task: its points, as --points takes them
 *   OUT/slurm/<number>/task.sh    what each task runs: this tool, with the line of its number
 *   OUT/slurm/<number>/log/       what they print
 *
 * A number is used once, so that a task that Slurm starts again late still finds what it was given.
 */
#ifndef SWEEP_SLURM_ROUND_H
#define SWEEP_SLURM_ROUND_H

#include "sweep/plan.h"

#define SLURM_FOLDER "slurm"

typedef struct slurm_round {
	char *folder;     /* "/…/OUT/slurm/1" */
	char *script;     /* in it */
	char *log_folder; /* in it */
	uint64_t *points; /* that the tasks run, ascending */
	size_t num_points;
	uint64_t num_tasks;
} slurm_round;

/* Deals the points of `missing` (a bit for each, lowest first; some are set) to at most `most_tasks` tasks, and writes the
 * files. `start_folder`, which is absolute, is where the tasks begin. Returns NESCSIM_OK, NESCSIM_IO (reported) or
 * NESCSIM_NO_MEMORY; slurm_round_fini() frees in every case and leaves the files. */
nescsim_status slurm_round_make(const sweep_plan *plan, const uint64_t *missing, uint64_t most_tasks,
				const char *start_folder, nescsim_diag *diag, slurm_round *round_out);
void slurm_round_fini(slurm_round *self);

/* The task that has points[index]. */
uint64_t slurm_round_task(const slurm_round *self, size_t index);

/* What task number `task` printed; to be freed, NULL when out of memory. */
char *slurm_round_log(const slurm_round *self, uint64_t task);

/* The name of OUT, absolute; to be freed, NULL when out of memory. */
char *slurm_round_out_folder(const sweep_plan *plan, const char *start_folder);

#endif
