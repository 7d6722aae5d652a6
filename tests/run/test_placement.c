/* Same configuration, same bytes: on every run, and in both placements but for the placement's name. */
#include "run/run_test.h"

#include <glob.h>

static const char *const files[] = { "result.json", "summary.csv",   "stages.csv",
				     "units.csv",   "histogram.csv", "requests.csv" };

/* Runs a shipped configuration, shortened. */
static void run_shipped(const char *name, const char *placement, const char *out)
{
	/* Generators have a count, traces have none, and a fio job file says itself how much there is. */
	const char *const shorter[][2] = {
		{ "vms[0].workload.count", "500" },
		{ "vms[0].workload.max_requests", "1500" },
	};
	nescsim_config *config = NULL;
	nescsim_result *result;

	for (size_t i = 0; i <= NUM(shorter) && config == NULL; i++) {
		nescsim_override overrides[3] = {
			{ "sim.placement", placement, NULL },
			{ "output.requests", "true", NULL },
		};
		nescsim_diag *diag = nescsim_diag_create();

		if (i < NUM(shorter))
			overrides[2] = (nescsim_override){ .path = shorter[i][0], .value = shorter[i][1] };
		nescsim_config_load(name, overrides, i < NUM(shorter) ? 3 : 2, diag, &config);
		nescsim_diag_destroy(diag);
	}
	assert_non_null(config);
	result = run(config, out);
	nescsim_result_destroy(result);
	nescsim_config_destroy(config);
}

/* The text without the lines that name the placement; to be freed. */
static char *without_placement(const char *text)
{
	char *copy = calloc(strlen(text) + 1, 1), *to = copy;

	while (*text != '\0') {
		const size_t num_bytes = strcspn(text, "\n") + (strchr(text, '\n') != NULL);
		const char *found = strstr(text, "\"placement\"");

		if (found == NULL || found >= text + num_bytes) {
			memcpy(to, text, num_bytes);
			to += num_bytes;
		}
		text += num_bytes;
	}
	return copy;
}

static void compare_folders(const char *one, const char *other, bool same_placement)
{
	for (size_t i = 0; i < NUM(files); i++) {
		char *a = read_file(one, files[i]), *b = read_file(other, files[i]);

		if (!same_placement && i == 0) {
			char *rest_a = without_placement(a), *rest_b = without_placement(b);

			assert_string_not_equal(a, b);
			assert_true(strlen(rest_a) < strlen(a));
			assert_same_text(rest_a, rest_b, files[i]);
			free(rest_a);
			free(rest_b);
		} else {
			assert_same_text(a, b, files[i]);
		}
		free(a);
		free(b);
	}
}

static void shipped_configs(void **state)
{
	glob_t configs;

	(void)state;
	assert_int_equal(glob("configs/*.yaml", 0, NULL, &configs), 0);
	assert_true(configs.gl_pathc >= 4);
	for (size_t i = 0; i < configs.gl_pathc; i++) {
		const scratch place = scratch_make();
		char again[160], per_unit[160];

		print_message("%s\n", configs.gl_pathv[i]);
		snprintf(again, sizeof(again), "%s-again", place.out);
		snprintf(per_unit, sizeof(per_unit), "%s-per-unit", place.out);
		run_shipped(configs.gl_pathv[i], "clustered", place.out);
		run_shipped(configs.gl_pathv[i], "clustered", again);
		run_shipped(configs.gl_pathv[i], "per_unit", per_unit);
		compare_folders(place.out, again, true);
		compare_folders(place.out, per_unit, false);
		scratch_remove(&place);
	}
	globfree(&configs);
}

/* Another seed is another run, where anything is drawn. */
static void seeds_matter(void **state)
{
	static const char text[] =
		"vms: [{workload: {kind: dd, pattern: random, count: 30}}]\noutput: {requests: true}\n";
	static const nescsim_override other_seed = { "sim.seed", "2", NULL };
	const scratch place = scratch_make();
	nescsim_config *config = load(text, NULL, 0), *other = load(text, &other_seed, 1);
	char *one, *two;

	(void)state;
	nescsim_result_destroy(run(config, place.out));
	one = read_file(place.out, "requests.csv");
	nescsim_result_destroy(run(other, place.out));
	two = read_file(place.out, "requests.csv");
	assert_string_not_equal(one, two);
	free(one);
	free(two);
	nescsim_config_destroy(config);
	nescsim_config_destroy(other);
	scratch_remove(&place);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(shipped_configs),
		cmocka_unit_test(seeds_matter),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
