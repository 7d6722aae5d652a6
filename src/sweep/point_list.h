/* Points by number, as in --points: "1-50,52,60". */
#ifndef SWEEP_POINT_LIST_H
#define SWEEP_POINT_LIST_H

#include "sweep/plan.h"

/* Sets the bit of each point that the list names; *num_out is how many bits that are. All mistakes go into diag. Returns
 * NESCSIM_OK or NESCSIM_USAGE (nothing is named, an item is no number or range, or not one of the plan's points). */
nescsim_status point_list_parse(const char *text, const sweep_plan *plan, nescsim_diag *diag, uint64_t *bits,
				uint64_t *num_out);

/* Adds a list that names these points (counted from 0, ascending). */
void point_list_add(const uint64_t *points, size_t num_points, text_buffer *to);

#endif
