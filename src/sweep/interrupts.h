/* Signals that end a sweep instead of its process: SIGINT, SIGTERM and SIGHUP, but those that are ignored (nohup). While they
 * are watched they are blocked and taken one by one, so that none is lost between two looks; SIGCHLD is, too, and wakes. */
#ifndef SWEEP_INTERRUPTS_H
#define SWEEP_INTERRUPTS_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/diag.h"
#include "base/program.h"

typedef struct interrupts {
	sigset_t watched;
	sigset_t mask_before; /* for processes that are started meanwhile */
	struct sigaction child_before;
} interrupts;

/* Begins and ends. What came in between and was not waited for does not reach the process. */
void interrupts_watch(interrupts *self);
void interrupts_unwatch(const interrupts *self);

/* Waits for a signal or the end of a child, at most so long; true when a signal asks to end. */
bool interrupts_wait(const interrupts *self, int64_t most_ns);

/* Runs a program while signals are watched: one that asks to end ends it, PROGRAM_INTERRUPTED. It does not see the variables
 * that begin with `hidden`. */
program_end interrupts_run(const interrupts *self, const char *const *words, const char *hidden, int64_t most_ns,
			   program_output *output);

/* Says that the sweep was interrupted, and returns NESCSIM_RUN_FAILED. */
nescsim_status interrupts_report(nescsim_diag *diag);

#endif
