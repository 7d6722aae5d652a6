/* Sweeps: a configuration run for every combination of some keys' values. docs/sweep.md explains them. */
#ifndef NESCSIM_SWEEP_H
#define NESCSIM_SWEEP_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <nescsim/config.h>
#include <nescsim/error.h>
#include <nescsim/info.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Most points of a sweep. */
#define NESCSIM_SWEEP_MAX_POINTS 1000000

/* What to run besides what the file's section `sweep` says. All zero but out_folder is the file as it is. */
typedef struct nescsim_sweep_options {
	const nescsim_override *overrides; /* of every point; applied before its parameters */
	size_t num_overrides;
	const char *const *schemes; /* as of nescsim_config_set_schemes(), for every point */
	size_t num_schemes;         /* 0 = those of the configuration */
	/* KEY=LIST or zip:KEY=LIST;KEY=LIST, one text per axis of the grid, the first of which varies slowest. They follow
	 * those of the file, where one that shares a key with them is replaced by them. */
	const char *const *params;
	size_t num_params;
	uint64_t num_repeats;   /* runs of each combination, each with the next seed; 0 = sweep.repeat */
	const char *out_folder; /* required */
	int dry_run;            /* check everything, count the points, and write nothing */
	int resume;             /* keep the points that are there and were made with the same effective configuration */
	const char *executor;   /* who runs the points: a name of nescsim_sweep_executor(); NULL = the first */
	uint32_t num_jobs;      /* points at a time; 0 = as many as this process has cores (in a task elsewhere: one) */
	/* Progress lines, written only when it is a terminal, and, wherever it leads, what tasks elsewhere wait for; NULL =
	 * none. */
	FILE *progress;
	/* Only these points of the sweep, by their numbers: "1-50,52"; NULL = all. See nescsim_sweep(). */
	const char *points;

	/* Of executors that start tasks elsewhere ("slurm"), and for them only: */
	const char *program; /* the nescsim tool, which a task runs: where this and all other hosts have it; required */
	uint32_t num_tasks;  /* tasks among which the points are dealt; 0 = 64 */
	uint32_t num_rounds; /* how often points are tried whose task left no result and no reason; 0 = 3 */
	const char *const *submit_options; /* for who takes the tasks, one word each: "--partition=long" for sbatch */
	size_t num_submit_options;
} nescsim_sweep_options;

/* Points by what becomes of them, and what that costs. */
typedef struct nescsim_sweep_counts {
	uint64_t num_points; /* all; repeats included */
	uint64_t num_kept;   /* were there already */
	uint64_t num_run;    /* have a result of this sweep */
	uint64_t num_failed; /* have none */
	/* Of those that are to run, all schemes together, as far as it is known before. */
	uint64_t num_requests;
	int has_more_requests; /* some workloads do not say how many they have: they end by the clock, say */
	/* What that may take, a guess by requests and bytes; too little when there are more. */
	uint64_t estimate_s;
} nescsim_sweep_counts;

/* The executors: their names, each with one line of help; both are NULL past the end. */
nescsim_item nescsim_sweep_executor(size_t index);
/* The estimate for people: "4 min 05 s". */
void nescsim_sweep_format_estimate(const nescsim_sweep_counts *counts, char *text, size_t text_bytes);

/* Runs a sweep. First all of it is checked: every combination must make a right configuration. Then each point runs in a
 * process of its own, made by fork(), and leaves its result folder at out_folder/points/0001 and so on, or
 * out_folder/points/0001.log, which says why not. At the end out_folder/sweep.csv has the rows of all points, in their
 * order. The strings of `options` need outlive only the call; *counts_out may be NULL.
 *
 * While it runs, SIGINT, SIGTERM and SIGHUP (those that are not ignored) end the sweep instead of the process, within a
 * second; finished points stay, sweep.csv is not written, and a later call with `resume` goes on.
 *
 * With `points` only those are checked and run, by the first executor, and those that have a result are kept; the counts are
 * of them. The folder may have an earlier part of the same sweep, but no other sweep. Nothing else in it is touched
 * and no sweep.csv is written, so that many such calls may work on one sweep at a time, also on several hosts that share the
 * folder, and on the same point. A later call without `points` and with `resume` makes the table.
 *
 * Returns NESCSIM_OK; NESCSIM_USAGE (no or malformed parameters, a key twice, more than NESCSIM_SWEEP_MAX_POINTS points,
 * malformed `points`, an unknown executor or one that cannot run here, something else at out_folder, or an earlier sweep and
 * no `resume`); NESCSIM_CONFIG,
 * NESCSIM_TRACE (a point's configuration is wrong: all mistakes are in diag, each with the parameters); NESCSIM_IO;
 * NESCSIM_NO_MEMORY; NESCSIM_RUN_FAILED (points failed, the others have run and are in sweep.csv; or interrupted). */
nescsim_status nescsim_sweep(const char *file_name, const nescsim_sweep_options *options, nescsim_diag *diag,
			     nescsim_sweep_counts *counts_out);

#ifdef __cplusplus
}
#endif
#endif
