/* The folder of a sweep: what may be there, what it says of itself (sweep.json), and who may work in it. */
#ifndef SWEEP_SWEEP_FOLDER_H
#define SWEEP_SWEEP_FOLDER_H

#include "sweep/plan.h"

/* May the sweep go there? Touches nothing. Returns NESCSIM_OK; NESCSIM_USAGE (something else is there, or an earlier sweep that
 * the options do not continue), NESCSIM_IO or NESCSIM_NO_MEMORY; reported. */
nescsim_status sweep_folder_check(const nescsim_sweep_options *options, nescsim_diag *diag);

/* Locks the folder of an earlier sweep, if it is there, before its results are looked at: what another sweep moves meanwhile
 * would be taken for another point's. *lock_fd as in sweep_folder_prepare(); so is what it returns. */
nescsim_status sweep_folder_lock(const nescsim_sweep_options *options, nescsim_diag *diag, int *lock_fd);

/* Makes and locks the folder, unless it is locked, tidies it, and takes away the table of an earlier sweep, which is not that of the new points.
 * *lock_fd is -1 before; then it may be a descriptor that holds the lock, to be closed in the end. Returns NESCSIM_OK,
 * NESCSIM_USAGE (another sweep is at work there), NESCSIM_IO or NESCSIM_NO_MEMORY; reported. */
nescsim_status sweep_folder_prepare(const sweep_plan *plan, nescsim_diag *diag, int *lock_fd);

/* For a part of a sweep: its folder as it is, or a new one. Others may do the same at this moment. The table goes if there is
 * anything to run. Returns as sweep_folder_prepare(), NESCSIM_USAGE when the folder is of another sweep. */
nescsim_status sweep_folder_join(const sweep_plan *plan, uint64_t num_to_run, nescsim_diag *diag);

/* Of a sweep that is complete: removes what others, also on other hosts, have left half-written. Whoever still writes there
 * writes what is there already. */
void sweep_folder_tidy(const sweep_plan *plan);

#endif
