/* A request's life: the same in both placements, stage after stage, up to its latency. */
#include "run/run_test.h"

static const char text[] = "guest: {vcpus: 2}\n"
			   "vms: [{disk: {bytes: 8 MiB, map: fragmented},\n"
			   "       workload: {kind: dd, pattern: random, depth: 3, count: 30}}]\n";

static char *explain(const nescsim_config *config, uint64_t number, nescsim_status expected)
{
	nescsim_diag *diag = nescsim_diag_create();
	char *written = NULL;
	size_t num_bytes;
	FILE *out = open_memstream(&written, &num_bytes);

	assert_int_equal(nescsim_explain(config, number, out, diag), expected);
	fclose(out);
	assert_int_equal(nescsim_diag_num_errors(diag), expected == NESCSIM_OK ? 0 : 1);
	nescsim_diag_destroy(diag);
	return written;
}

static void lives_are_whole(void **state)
{
	static const char *const schemes[] = {"\nhost: ", "\nnesc: "};
	nescsim_config *config = load(text, NULL, 0);

	(void)state;
	for (uint64_t number = 0; number < 30; number += 7) {
		char *life = explain(config, number, NESCSIM_OK);

		for (size_t i = 0; i < NUM(schemes); i++) {
			const char *at = strstr(life, schemes[i]);
			double latency_us, to_us = 0;

			assert_non_null(at);
			latency_us = strtod(at + strlen(schemes[i]), NULL);
			at = strstr(at, "---\n") + 4;
			/* Each stage begins where the one before ended. */
			for (; *at != '\n' && *at != '\0'; at = strchr(at, '\n') + 1) {
				double from_us, until_us, wait_us, service_us;
				char stage[32];

				assert_int_equal(sscanf(at, "%31s %lf %lf %lf %lf", stage, &from_us, &until_us,
							&wait_us, &service_us),
						 5);
				assert_true(from_us == to_us);
				assert_true(until_us - from_us - wait_us - service_us < 1e-9);
				to_us = until_us;
			}
			assert_true(to_us == latency_us);
		}
		free(life);
	}
	nescsim_config_destroy(config);
}

static void placements_agree(void **state)
{
	static const nescsim_override per_unit = {"sim.placement", "per_unit"};
	nescsim_config *one = load(text, NULL, 0), *other = load(text, &per_unit, 1);

	(void)state;
	for (uint64_t number = 0; number < 30; number += 13) {
		char *a = explain(one, number, NESCSIM_OK), *b = explain(other, number, NESCSIM_OK);

		assert_same_text(a, b, "explain");
		free(a);
		free(b);
	}
	nescsim_config_destroy(one);
	nescsim_config_destroy(other);
}

static void beyond_the_last(void **state)
{
	nescsim_config *config = load(text, NULL, 0);

	(void)state;
	free(explain(config, 29, NESCSIM_OK));
	free(explain(config, 30, NESCSIM_USAGE));
	free(explain(config, UINT64_MAX, NESCSIM_USAGE));
	nescsim_config_destroy(config);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lives_are_whole),
		cmocka_unit_test(placements_agree),
		cmocka_unit_test(beyond_the_last),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
