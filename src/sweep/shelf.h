/* Results of an earlier sweep in the same folder that this one wants under other numbers: points are numbered through, so
 * that one value more in the middle moves all behind it. */
#ifndef SWEEP_SHELF_H
#define SWEEP_SHELF_H

#include "sweep/plan.h"

/* All zero is the empty one. */
typedef struct sweep_shelf {
	struct shelf_result *results; /* sorted by key */
	size_t num, capacity;
} sweep_shelf;

/* Looks at all results in the folder of points but those of `has_result`, which are where they belong. Returns NESCSIM_OK,
 * also when there is no such folder, or NESCSIM_NO_MEMORY. To be freed with shelf_fini() in every case. */
nescsim_status shelf_fill(sweep_shelf *self, const sweep_plan *plan, const uint64_t *has_result);
void shelf_fini(sweep_shelf *self);

/* Takes a result of this configuration for the point, if there is one. Nothing is moved yet. */
bool shelf_take(sweep_shelf *self, const nescsim_config *config, uint64_t point);

/* Moves what was taken to its new place, and removes the result in its way there, which no point wants; what is none, stays.
 * Only for who has the folder for himself. Points whose move fails are taken out of `has_result`; returns how many. */
uint64_t shelf_move(sweep_shelf *self, const sweep_plan *plan, uint64_t *has_result);

/* Takes the result of another configuration or other files out of the point's place; a later call finds it. */
void shelf_put_aside(const sweep_plan *plan, uint64_t point);

/* Removes what a call that was killed has left between two places. */
void shelf_remove_leftovers(const sweep_plan *plan);

#endif
