/* The numbers of a result agree with each other, and with what was asked for. */
#include "run/run_test.h"

static const char two_vms[] = "guest: {vcpus: 2}\n"
			      "vms:\n"
			      "  - count: 2\n"
			      "    disk: {bytes: 16 MiB}\n"
			      "    workload: {kind: dd, op: mixed, pattern: random, depth: 3, count: 101}\n"
			      "  - disk: {bytes: 64 MiB, map: fragmented}\n"
			      "    workload: {kind: dd, op: write, request_bytes: 1 MiB, count: 7}\n";

static const char *const layers[] = { "app", "block", "device" };

static uint64_t requests_of(const nescsim_result *result, const char *scheme, const char *layer, uint32_t vm,
			    const char *op)
{
	const nescsim_row *row = nescsim_result_find(result, scheme, layer, vm, op);

	return row == NULL ? 0 : row->num_requests;
}

/* VMs sum to all VMs, reads and writes to all operations, and what went in came out. */
static void rows_add_up(void **state)
{
	nescsim_config *config = load(two_vms, NULL, 0);
	nescsim_result *result = run(config, NULL);

	(void)state;
	for (size_t i = 0; i < nescsim_result_num_schemes(result); i++) {
		const char *scheme = nescsim_result_bottleneck(result, i)->scheme;

		for (size_t j = 0; j < NUM(layers); j++) {
			uint64_t sum = 0;

			for (uint32_t vm = 0; vm <= 3; vm++)
				assert_int_equal(requests_of(result, scheme, layers[j], vm, "read") +
							 requests_of(result, scheme, layers[j], vm, "write"),
						 requests_of(result, scheme, layers[j], vm, "all"));
			for (uint32_t vm = 1; vm <= 3; vm++)
				sum += requests_of(result, scheme, layers[j], vm, "all");
			assert_int_equal(sum, requests_of(result, scheme, layers[j], 0, "all"));
			assert_int_equal(sum, 101 + 101 + 7);
			assert_int_equal(nescsim_result_find(result, scheme, layers[j], 0, "all")->num_bytes,
					 202 * 4096 + 7 * 1048576);
		}
	}
	nescsim_result_destroy(result);
	nescsim_config_destroy(config);
}

static void latencies_are_ordered(void **state)
{
	nescsim_config *config = load(two_vms, NULL, 0);
	nescsim_result *result = run(config, NULL);

	(void)state;
	for (size_t i = 0; i < nescsim_result_num_rows(result); i++) {
		const nescsim_row *row = nescsim_result_row(result, i);
		const nescsim_row *block = nescsim_result_find(result, row->scheme, "block", row->vm, row->op);

		assert_true(row->latency_min_ps > 0 && row->latency_min_ps <= row->latency_p50_ps);
		assert_true(row->latency_p50_ps <= row->latency_p90_ps && row->latency_p90_ps <= row->latency_p99_ps);
		assert_true(row->latency_p99_ps <= row->latency_p999_ps && row->latency_p999_ps <= row->latency_max_ps);
		assert_true(row->latency_mean_ps >= row->latency_min_ps && row->latency_mean_ps <= row->latency_max_ps);
		assert_true(row->latency_max_ps <= row->simulated_ps);
		if (strcmp(row->layer, "app") == 0)
			assert_true(row->latency_mean_ps > block->latency_mean_ps);
		if (strcmp(row->layer, "device") == 0)
			assert_true(row->latency_mean_ps < block->latency_mean_ps);
	}
	assert_null(nescsim_result_row(result, nescsim_result_num_rows(result)));
	assert_null(nescsim_result_find(result, "nesc", "block", 0, "flush"));
	assert_null(nescsim_result_bottleneck(result, nescsim_result_num_schemes(result)));
	nescsim_result_destroy(result);
	nescsim_config_destroy(config);
}

/* Cell number `column` of a line as text; the CSVs read here quote nothing. */
static void cell(const char *line, size_t column, char *text, size_t text_bytes)
{
	while (column-- > 0)
		line = strchr(line, ',') + 1;
	snprintf(text, text_bytes, "%.*s", (int)strcspn(line, ",\n"), line);
}

static double number(const char *line, size_t column)
{
	char text[64];

	cell(line, column, text, sizeof(text));
	return strtod(text, NULL);
}

static const char *next_line(const char *line)
{
	const char *end = strchr(line, '\n');

	return end == NULL || end[1] == '\0' ? NULL : end + 1;
}

/* The stages of each row of summary.csv sum to its mean latency; shares sum to 100 %. */
static void stages_sum_to_latency(void **state)
{
	const scratch place = scratch_make();
	nescsim_config *config = load(two_vms, NULL, 0);
	nescsim_result *result = run(config, place.out);
	char *summary = read_file(place.out, "summary.csv"), *stages = read_file(place.out, "stages.csv");
	size_t num_rows = 0;

	(void)state;
	for (const char *row = next_line(summary); row != NULL; row = next_line(row), num_rows++) {
		/* Both files begin with scheme, layer, vm, op. */
		size_t key_bytes = 0;
		double sum_us = 0, share = 0;

		for (int commas = 0; commas < 4; key_bytes++)
			commas += row[key_bytes] == ',';
		for (const char *line = next_line(stages); line != NULL; line = next_line(line)) {
			if (strncmp(line, row, key_bytes) != 0)
				continue;
			sum_us += number(line, 5) + number(line, 6);
			share += number(line, 7);
		}
		assert_true(sum_us - number(row, 9) < 2e-5 && number(row, 9) - sum_us < 2e-5);
		assert_true(share > 99.9999 && share < 100.0001);
	}
	assert_int_equal(num_rows, nescsim_result_num_rows(result));
	free(summary);
	free(stages);
	nescsim_result_destroy(result);
	nescsim_config_destroy(config);
	scratch_remove(&place);
}

/* Every line of requests.csv is a request of summary.csv, with the same mean. */
static void requests_agree_with_summary(void **state)
{
	static const nescsim_override with_requests = { "output.requests", "true", NULL };
	const scratch place = scratch_make();
	nescsim_config *config = load(two_vms, &with_requests, 1);
	nescsim_result *result = run(config, place.out);
	char *requests = read_file(place.out, "requests.csv");

	(void)state;
	for (size_t i = 0; i < nescsim_result_num_schemes(result); i++) {
		const char *scheme = nescsim_result_bottleneck(result, i)->scheme;
		const nescsim_row *row = nescsim_result_find(result, scheme, "block", 0, "all");
		uint64_t num = 0;
		double sum_us = 0, mean_us = (double)row->latency_mean_ps / 1e6;

		for (const char *line = next_line(requests); line != NULL; line = next_line(line)) {
			char name[32];

			cell(line, 0, name, sizeof(name));
			if (strcmp(name, scheme) != 0)
				continue;
			num++;
			sum_us += number(line, 8);
			assert_true(number(line, 7) > number(line, 6));
		}
		assert_int_equal(num, row->num_requests);
		assert_true(sum_us / (double)num - mean_us < 1e-5 && mean_us - sum_us / (double)num < 1e-5);
	}
	free(requests);
	nescsim_result_destroy(result);
	nescsim_config_destroy(config);
	scratch_remove(&place);
}

/* Warm-up requests are simulated, but counted nowhere but in units.csv. */
static void warmup_is_left_out(void **state)
{
	static const nescsim_override warm = { "sim.warmup", "10", NULL };
	const char *text = "vms: [{workload: {kind: dd, count: 50}}]\n";
	nescsim_config *cold_config = load(text, NULL, 0), *warm_config = load(text, &warm, 1);
	nescsim_result *cold_result = run(cold_config, NULL), *warm_result = run(warm_config, NULL);

	(void)state;
	assert_int_equal(requests_of(cold_result, "nesc", "app", 0, "all"), 50);
	assert_int_equal(requests_of(warm_result, "nesc", "app", 0, "all"), 40);
	/* The first request walks the extent tree. */
	assert_true(nescsim_result_find(cold_result, "nesc", "app", 0, "all")->latency_max_ps >
		    nescsim_result_find(warm_result, "nesc", "app", 0, "all")->latency_max_ps);
	assert_true(nescsim_result_find(cold_result, "nesc", "app", 0, "all")->simulated_ps >
		    nescsim_result_find(warm_result, "nesc", "app", 0, "all")->simulated_ps);
	nescsim_result_destroy(cold_result);
	nescsim_result_destroy(warm_result);
	nescsim_config_destroy(cold_config);
	nescsim_config_destroy(warm_config);
}

/* A medium that is much slower than everything else is the bottleneck when enough requests are under way. */
static void bottleneck_is_named(void **state)
{
	static const nescsim_override deep = { "vms[0].workload.depth", "8", NULL };
	const char *text = "media: {kind: \"null\", mean: 100 us}\n"
			   "vms: [{workload: {kind: dd, count: 40}}]\n";
	nescsim_config *config = load(text, &deep, 1);
	nescsim_result *result = run(config, NULL);

	(void)state;
	for (size_t i = 0; i < nescsim_result_num_schemes(result); i++) {
		const nescsim_bottleneck *finding = nescsim_result_bottleneck(result, i);

		assert_string_equal(finding->unit, "medium");
		assert_true(finding->saturated && finding->utilisation_ppm > 990000 &&
			    finding->utilisation_ppm <= 1000000);
		assert_non_null(strstr(finding->sentence, "saturated: medium"));
	}
	nescsim_result_destroy(result);
	nescsim_config_destroy(config);
}

static void schemes_can_be_chosen(void **state)
{
	static const char *const reversed[] = { "nesc", "host" }, *const one[] = { "host" },
				 *const wrong[] = { "nesk" }, *const twice[] = { "host", "host", NULL };
	nescsim_config *config = load("schemes: [nesc]\nvms: [{workload: {kind: dd, count: 3}}]\n", NULL, 0);
	nescsim_diag *diag = nescsim_diag_create();
	nescsim_result *result;

	(void)state;
	assert_int_equal(nescsim_config_set_schemes(config, wrong, 1, diag), NESCSIM_USAGE);
	assert_string_equal(nescsim_diag_at(diag, 0)->hint, "did you mean nesc?");
	assert_int_equal(nescsim_config_set_schemes(config, twice, 2, diag), NESCSIM_USAGE);
	assert_int_equal(nescsim_config_set_schemes(config, one, 0, diag), NESCSIM_USAGE);
	result = run(config, NULL);
	assert_int_equal(nescsim_result_num_schemes(result), 1);
	assert_string_equal(nescsim_result_bottleneck(result, 0)->scheme, "nesc");
	nescsim_result_destroy(result);

	assert_int_equal(nescsim_config_set_schemes(config, one, 1, diag), NESCSIM_OK);
	assert_int_equal(nescsim_config_set_schemes(config, reversed, 2, diag), NESCSIM_OK);
	result = run(config, NULL);
	assert_int_equal(nescsim_result_num_schemes(result), 2);
	assert_string_equal(nescsim_result_bottleneck(result, 1)->scheme, "host");
	nescsim_result_destroy(result);
	nescsim_diag_destroy(diag);
	nescsim_config_destroy(config);
}

/* What nescsim_config_print() writes loads back to the same, and gives the same result. */
static void printed_config_is_the_same(void **state)
{
	const scratch place = scratch_make();
	nescsim_config *config = load(two_vms, NULL, 0), *again;
	nescsim_result *result = run(config, place.out), *result_again;
	char *text = NULL, *json, *json_again;
	size_t num_bytes;
	FILE *out = open_memstream(&text, &num_bytes);

	(void)state;
	assert_int_equal(nescsim_config_print(config, out), NESCSIM_OK);
	fclose(out);
	again = load(text, NULL, 0);
	json = read_file(place.out, "result.json");
	result_again = run(again, place.out);
	json_again = read_file(place.out, "result.json");
	assert_same_text(json, json_again, "result.json");
	free(text);
	free(json);
	free(json_again);
	nescsim_result_destroy(result);
	nescsim_result_destroy(result_again);
	nescsim_config_destroy(config);
	nescsim_config_destroy(again);
	scratch_remove(&place);
}

/* A table for every kind of result: one VM, some, many. */
static void tables_can_be_printed(void **state)
{
	static const char *const counts[] = { "1", "16", "17" };

	(void)state;
	for (size_t i = 0; i < NUM(counts); i++) {
		const nescsim_override count = { "vms[0].count", counts[i], NULL };
		nescsim_config *config =
			load("host: {cores: 17}\nvms: [{disk: {bytes: 1 MiB}, workload: {kind: dd, count: 5}}]\n",
			     &count, 1);
		nescsim_result *result = run(config, NULL);
		char *text = NULL;
		size_t num_bytes;
		FILE *out = open_memstream(&text, &num_bytes);

		assert_int_equal(nescsim_result_print(result, out), NESCSIM_OK);
		fclose(out);
		assert_non_null(strstr(text, "\nhost: "));
		assert_non_null(strstr(text, "\nnesc: "));
		assert_non_null(strstr(text, "1.00x"));
		assert_true((strstr(text, "17 VMs are shown together") != NULL) == (i == 2));
		free(text);
		nescsim_result_destroy(result);
		nescsim_config_destroy(config);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_add_up),           cmocka_unit_test(latencies_are_ordered),
		cmocka_unit_test(stages_sum_to_latency), cmocka_unit_test(requests_agree_with_summary),
		cmocka_unit_test(warmup_is_left_out),    cmocka_unit_test(bottleneck_is_named),
		cmocka_unit_test(schemes_can_be_chosen), cmocka_unit_test(printed_config_is_the_same),
		cmocka_unit_test(tables_can_be_printed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
