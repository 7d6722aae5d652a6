/* Looking ahead: do the files that points name read well, and how much work is it all? */
#ifndef SWEEP_SURVEY_H
#define SWEEP_SURVEY_H

#include "run/machine.h"

#define SURVEY_MAX_LOOKS 64

/* All zero is the empty one. */
typedef struct sweep_survey {
	uint64_t keys[SURVEY_MAX_LOOKS];     /* of VMs that were looked at and are fine */
	machine_work work[SURVEY_MAX_LOOKS]; /* of a scheme */
	size_t num;
	uint64_t num_points;     /* added */
	uint64_t num_runs;       /* their schemes */
	uint64_t num_known_runs; /* those of points that were looked at, or that equal one */
	machine_work known;      /* of the latter; is_least: of any */
} sweep_survey;

/* Adds a point. Reading long traces takes its time: VMs that are described alike are looked at once, and after
 * SURVEY_MAX_LOOKS different ones no more; what others refer to is seen when they run. Returns NESCSIM_OK, or as
 * nescsim_config_check_inputs(). */
nescsim_status survey_add(sweep_survey *self, const nescsim_config *config, nescsim_diag *diag);

/* The requests of all points added, those that were not looked at being like the others. */
uint64_t survey_num_requests(const sweep_survey *self);

/* What they may take, so many points at a time. */
uint64_t survey_estimate_s(const sweep_survey *self, uint32_t num_jobs);

#endif
