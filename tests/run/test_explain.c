/* A request's timeline: the same in both placements, piece after piece, up to its latency. */
#include <ctype.h>

#include "run/run_test.h"

static const char text[] = "guest: {vcpus: 2}\n"
			   "vms: [{disk: {bytes: 8 MiB, map: fragmented},\n"
			   "       workload: {kind: dd, pattern: random, depth: 4, count: 60}}]\n";

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

/* Reads "12.345678" as picoseconds; *at moves behind it. */
static int64_t take_ps(const char **at)
{
	int64_t value_ps = 0;

	while (**at == ' ')
		++*at;
	assert_true(isdigit((unsigned char)**at));
	for (; isdigit((unsigned char)**at) || **at == '.'; ++*at)
		if (**at != '.')
			value_ps = value_ps * 10 + (**at - '0');
	return value_ps;
}

/* Checks one scheme's table from its first row on; returns the total. */
static int64_t check_rows(const char *row)
{
	int64_t end_ps = 0;

	for (;;) {
		int64_t from_ps, to_ps, duration_ps;

		if (*row == '\n') { /* before the total */
			row++;
			from_ps = take_ps(&row);
			to_ps = take_ps(&row);
			duration_ps = take_ps(&row);
			assert_int_equal(strncmp(row, "  total\n", 8), 0);
			assert_int_equal(from_ps, 0);
			assert_int_equal(to_ps, end_ps);
			assert_int_equal(duration_ps, end_ps);
			return end_ps;
		}
		from_ps = take_ps(&row);
		to_ps = take_ps(&row);
		duration_ps = take_ps(&row);
		assert_int_equal(from_ps, end_ps);
		assert_int_equal(duration_ps, to_ps - from_ps);
		assert_true(duration_ps > 0);
		end_ps = to_ps;
		row = strchr(row, '\n') + 1;
	}
}

static void timelines_are_whole(void **state)
{
	static const char *const schemes[] = { "\nhost:\n", "\nnesc:\n" };
	nescsim_config *config = load(text, NULL, 0);

	(void)state;
	for (uint64_t number = 0; number < 30; number += 7) {
		char *life = explain(config, number, NESCSIM_OK);

		assert_non_null(strstr(life, " of VM 1's first vCPU: read of "));
		for (size_t i = 0; i < NUM(schemes); i++) {
			const char *at = strstr(life, schemes[i]);

			assert_non_null(at);
			assert_true(check_rows(strstr(at, "---\n") + 4) > 0);
		}
		free(life);
	}
	nescsim_config_destroy(config);
}

/* The total is what a run of that one request says. */
static void timelines_end_at_the_latency(void **state)
{
	static const char *const ops[] = { "read", "write" };

	(void)state;
	for (size_t i = 0; i < NUM(ops); i++) {
		const nescsim_override overrides[] = { { "vms[0].workload.op", ops[i], NULL },
						       { "vms[0].workload.count", "1", NULL },
						       { "vms[0].workload.request_bytes", "1300 KiB", NULL } };
		nescsim_config *config = load(text, overrides, NUM(overrides));
		nescsim_result *result = run(config, NULL);
		char *life = explain(config, 0, NESCSIM_OK);

		assert_int_equal(check_rows(strstr(strstr(life, "\nnesc:\n"), "---\n") + 4),
				 nescsim_result_find(result, "nesc", "app", 1, ops[i])->latency_mean_ps);
		assert_int_equal(check_rows(strstr(strstr(life, "\nhost:\n"), "---\n") + 4),
				 nescsim_result_find(result, "host", "app", 1, ops[i])->latency_mean_ps);
		free(life);
		nescsim_result_destroy(result);
		nescsim_config_destroy(config);
	}
}

/* What is no device's work: a hole of the file. */
static void requests_without_device(void **state)
{
	static const char holes[] = "schemes: [host]\n"
				    "vms: [{disk: {bytes: 1 MiB, map: {kind: fragmented, hole_percent: 100}},\n"
				    "       workload: {kind: dd, count: 3}}]\n";
	nescsim_config *config = load(holes, NULL, 0);
	char *life = explain(config, 1, NESCSIM_OK);

	(void)state;
	assert_true(check_rows(strstr(strstr(life, "\nhost:\n"), "---\n") + 4) > 0);
	free(life);
	nescsim_config_destroy(config);
}

/* A request that fails has a timeline too, and the failures of later ones do not matter. */
static void failed_requests(void **state)
{
	static const char failing[] = "hypervisor: {quota: 4 KiB}\n"
				      "vms: [{disk: {bytes: 1 MiB, map: {kind: fragmented, hole_percent: 100}},\n"
				      "       workload: {kind: dd, op: write, count: 9}}]\n";
	nescsim_config *config = load(failing, NULL, 0);
	char *life = explain(config, 4, NESCSIM_OK);

	(void)state;
	assert_non_null(strstr(life, "\nhost (the request fails):\n"));
	assert_non_null(strstr(life, "\nnesc (the request fails):\n"));
	free(life);
	free(explain(config, 9, NESCSIM_RUN_FAILED));
	nescsim_config_destroy(config);
}

static void placements_agree(void **state)
{
	static const nescsim_override per_unit = { "sim.placement", "per_unit", NULL };
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

/* Only what the request needs is simulated. */
static void long_workloads(void **state)
{
	static const nescsim_override count = { "vms[0].workload.count", "1000000000000", NULL };
	nescsim_config *config = load(text, &count, 1);

	(void)state;
	free(explain(config, 20, NESCSIM_OK));
	nescsim_config_destroy(config);
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
		cmocka_unit_test(timelines_are_whole),     cmocka_unit_test(timelines_end_at_the_latency),
		cmocka_unit_test(requests_without_device), cmocka_unit_test(failed_requests),
		cmocka_unit_test(placements_agree),        cmocka_unit_test(long_workloads),
		cmocka_unit_test(beyond_the_last),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
