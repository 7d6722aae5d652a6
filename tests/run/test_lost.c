/* A request that is lost in the machine fails the run, names who waits, and leaves no folder. Nothing that a user can
 * write loses one, so an engine bug does it. */
#include "run/run_test.h"

#include "sim/sim.h"

static void check_lost(const char *placement)
{
	const scratch place = scratch_make();
	const nescsim_run_options options = { .out_folder = place.out };
	char text[256];
	nescsim_config *config;
	nescsim_diag *diag = nescsim_diag_create();
	nescsim_result *result;
	const char *message;

	snprintf(text, sizeof(text),
		 "sim: {placement: %s}\nschemes: [nesc]\nvms: [{workload: {kind: dd, count: 10}}]\n", placement);
	config = load(text, NULL, 0);
	sim_active_mutant = SIM_MUTANT_LOSE_INTERRUPT;
	assert_int_equal(nescsim_run(config, &options, diag, &result), NESCSIM_RUN_FAILED);
	sim_active_mutant = SIM_MUTANT_NONE;
	assert_int_equal(nescsim_status_exit_code(NESCSIM_RUN_FAILED), 1);
	assert_null(result);
	assert_int_equal(nescsim_diag_num_errors(diag), 1);
	message = nescsim_diag_at(diag, 0)->message;
	assert_non_null(strstr(message, "nesc: nothing can move any more"));
	assert_non_null(strstr(message, "vm[1].vcpu[0]"));
	assert_non_null(strstr(message, "waits for an item"));
	assert_int_equal(count_entries(place.root), 0);
	nescsim_diag_destroy(diag);
	nescsim_config_destroy(config);
	scratch_remove(&place);
}

static void lost_when_clustered(void **state)
{
	(void)state;
	check_lost("clustered");
}

static void lost_per_unit(void **state)
{
	(void)state;
	check_lost("per_unit");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lost_when_clustered),
		cmocka_unit_test(lost_per_unit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
