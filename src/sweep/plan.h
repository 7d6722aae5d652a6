/* The points of a sweep: every combination of the parameters' values, repeats innermost. Nothing is kept per point. */
#ifndef SWEEP_PLAN_H
#define SWEEP_PLAN_H

#include <jansson.h>

#include "base/text.h"
#include "nescsim/sweep.h"
#include "sweep/param.h"

typedef struct sweep_plan {
	const char *file_name;
	const nescsim_sweep_options *options;
	param_axis *axes; /* the first varies slowest */
	size_t num_axes;
	size_t num_keys;      /* of all axes */
	uint64_t num_repeats; /* of each combination */
	uint64_t num_points;  /* numbered from 0 here, from 1 for the user */
	json_t *figures;      /* that the configuration wants of the sweep */
	/* With the overrides of all points. Its files are read once: points are made of them, even when they are edited. */
	nescsim_config *config;
	uint64_t files_hash; /* of what they hold, wherever they are */
} sweep_plan;

/* Puts together what the file and the options ask for; both must outlive the plan. No point is looked at. Returns the
 * statuses of nescsim_sweep(); *plan_out is to be freed with plan_fini() in every case. */
nescsim_status plan_make(const char *file_name, const nescsim_sweep_options *options, nescsim_diag *diag,
			 sweep_plan *plan_out);
void plan_fini(sweep_plan *plan);

/* Key (or label) number `index` of all axes, in their order, and its value in a point. */
const char *plan_key(const sweep_plan *plan, size_t index);
const char *plan_value(const sweep_plan *plan, size_t index, uint64_t point);

/* Which repeat of its combination the point is, from 0. */
uint64_t plan_repeat(const sweep_plan *plan, uint64_t point);

/* "nesc.btlb.entries=4, nesc.walker.count=2, repeat 1" */
void plan_add_values(const sweep_plan *plan, uint64_t point, text_buffer *to);

/* The point's configuration, to be freed with nescsim_config_destroy(). */
nescsim_status plan_load(const sweep_plan *plan, uint64_t point, nescsim_diag *diag, nescsim_config **config_out);

/* Mistakes in the configurations of points, each kept once however many points have it. All zero is the empty one. */
typedef struct plan_mistakes {
	struct plan_mistake *items;
	size_t num;
	uint64_t num_points; /* that have any */
	uint64_t num_looked; /* points up to the last of these */
	nescsim_status status;
} plan_mistakes;

/* Adds what `found`, of loading the point, says. Returns NESCSIM_OK or NESCSIM_NO_MEMORY. */
nescsim_status plan_mistakes_add(plan_mistakes *self, uint64_t point, nescsim_status status, const nescsim_diag *found);

/* Are there so many that looking for more helps nobody? */
bool plan_mistakes_are_enough(const plan_mistakes *self);

/* Reports all, each with the parameters of the first point that has it; returns the first one's status. */
nescsim_status plan_mistakes_report(const plan_mistakes *self, const sweep_plan *plan, nescsim_diag *diag);
void plan_mistakes_fini(plan_mistakes *self);

#endif
