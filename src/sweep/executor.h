/* Running many points. An executor gets the numbers of the points to run and sees to it that each is run by point_run(),
 * in a process of its own; result folders alone decide afterwards which have succeeded. A chunk of
 * points is a job with fewer bits, which executor_local runs as well as a whole. */
#ifndef SWEEP_EXECUTOR_H
#define SWEEP_EXECUTOR_H

#include "sweep/plan.h"

typedef struct sweep_job {
	const sweep_plan *plan;
	const uint64_t *todo; /* a bit for each point of the plan, lowest first: to be run? */
	uint64_t num_todo;
	uint64_t num_good; /* made by the executor: how many seem to have gone well, for messages */
} sweep_job;

static inline bool job_has(const uint64_t *todo, uint64_t point)
{
	return (todo[point / 64] >> point % 64 & 1) != 0;
}

static inline void job_add(uint64_t *todo, uint64_t point)
{
	todo[point / 64] |= UINT64_C(1) << point % 64;
}

static inline void job_remove(uint64_t *todo, uint64_t point)
{
	todo[point / 64] &= ~(UINT64_C(1) << point % 64);
}

/* Words that hold a bit for each point of the plan, and one more. */
static inline size_t job_num_words(const sweep_plan *plan)
{
	return (size_t)(plan->num_points / 64 + 1);
}

typedef struct sweep_executor {
	bool has_tasks; /* it starts tasks elsewhere: the options of tasks are for it */
	/* Can it run here? Asked before anything is written; NULL = always. Returns NESCSIM_OK, NESCSIM_USAGE (what it needs
	 * is not there), NESCSIM_RUN_FAILED (that does not answer, or a signal came) or NESCSIM_NO_MEMORY; reported. */
	nescsim_status (*check)(const sweep_plan *plan, nescsim_diag *diag);
	/* Ends what an earlier call in this folder has left at work, which may write results of other points; NULL = nothing can
	 * be. Called while the folder is locked, before results of that call are taken. Returns NESCSIM_OK, NESCSIM_RUN_FAILED
	 * (interrupted; reported) or NESCSIM_NO_MEMORY. */
	nescsim_status (*calm)(const sweep_plan *plan, nescsim_diag *diag);
	/* Runs them all; a point that fails leaves its mistakes in its ".log" (point_path()) and stops no other one. The
	 * folder of results is there. Returns NESCSIM_OK when all have been tried; NESCSIM_RUN_FAILED when a signal, or what
	 * diag says, ended it before; NESCSIM_IO, NESCSIM_NO_MEMORY. */
	nescsim_status (*run)(sweep_job *job, nescsim_diag *diag);
} sweep_executor;

/* How many points the local pool runs at a time. */
uint32_t executor_local_jobs(const nescsim_sweep_options *options);

#define EXECUTOR(name, help) extern const sweep_executor executor_##name;
#include "sweep/executors.def"
#undef EXECUTOR

#endif
