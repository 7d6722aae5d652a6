#include "sweep/survey.h"

#include <stdlib.h>

#include "base/text.h"
#include "run/input_files.h"

/* docs/sweep.md has what was measured. */
#define NS_PER_REQUEST 300
#define NS_PER_KIB 400
#define NS_PER_POINT 20000000
#define NS_PER_S 1000000000

/* Of all that requests depend on: equal VMs have equal keys. 0 when out of memory. */
static uint64_t key_of(const nescsim_config *config)
{
	json_t *all = scenario_effective(&config->scenario);
	json_t *part = json_pack("[O, O]", json_object_get(all, "vms"), json_object_get(all, "guest"));
	char *text = part == NULL ? NULL : json_dumps(part, JSON_COMPACT);
	const uint64_t key = text == NULL ? 0 : text_hash(TEXT_HASH, text);

	free(text);
	json_decref(part);
	json_decref(all);
	return key;
}

nescsim_status survey_add(sweep_survey *self, const nescsim_config *config, nescsim_diag *diag)
{
	const uint64_t key = key_of(config), num_schemes = config->scenario.schemes.num;
	size_t i = 0;

	self->num_points++;
	self->num_runs += num_schemes;
	while (i < self->num && self->keys[i] != key)
		i++;
	if (i == SURVEY_MAX_LOOKS)
		return NESCSIM_OK;
	if (i == self->num) {
		const nescsim_status status = machine_count_work(config, diag, &self->work[i]);

		if (status != NESCSIM_OK)
			return status;
		self->keys[i] = key;
		self->num++;
		/* Read here once, and not in each point's process. */
		json_decref(input_files_remembered(config));
	}
	self->num_known_runs += num_schemes;
	self->known.num_requests += self->work[i].num_requests * num_schemes;
	self->known.num_bytes += self->work[i].num_bytes * num_schemes;
	self->known.is_least |= self->work[i].is_least;
	return NESCSIM_OK;
}

/* What all schemes of all points have, of what the known ones have. */
static unsigned __int128 of_all(const sweep_survey *self, uint64_t known)
{
	return self->num_known_runs == 0 ? 0 : (unsigned __int128)known * self->num_runs / self->num_known_runs;
}

uint64_t survey_num_requests(const sweep_survey *self)
{
	return (uint64_t)of_all(self, self->known.num_requests);
}

uint64_t survey_estimate_s(const sweep_survey *self, uint32_t num_jobs)
{
	const unsigned __int128 all_ns = of_all(self, self->known.num_requests) * NS_PER_REQUEST +
					 of_all(self, self->known.num_bytes / 1024) * NS_PER_KIB +
					 (unsigned __int128)self->num_points * NS_PER_POINT;
	const uint64_t places = num_jobs < self->num_points ? num_jobs : self->num_points;

	return places == 0 ? 0 : (uint64_t)((all_ns / places + NS_PER_S - 1) / NS_PER_S);
}
