/* Are published claims judged as they are read: at their bounds, at every size, each kind for itself, from the very files
 * that are shipped? */
#include "run/run_test.h"

#include "run/validate.h"

static const nescsim_override two_schemes = { "schemes", "[host, nesc]", NULL };

static claim_value exactly(int64_t numerator, int64_t denominator)
{
	return (claim_value){ numerator, denominator };
}

static bool accepts(claim_bounds bounds, int64_t numerator, int64_t denominator)
{
	const claim_value value = exactly(numerator, denominator);

	return claim_misses(&bounds, 512, &value, 1) == 0;
}

/* In kB/s, ns and thousandths. */
static void quantities_are_exact(void **state)
{
	static const claim_measure slow = { .mean_ps = 7000001, .num_bytes = 4096, .simulated_ps = 9000000 },
				   fast = { .mean_ps = 2000000, .num_bytes = 8192, .simulated_ps = 3000000 };

	(void)state;
	assert_int_equal(claim_compare(claim_evaluate(CLAIM_RATE, &fast, NULL), exactly(8192000000, 3000)), 0);
	assert_int_equal(claim_compare(claim_evaluate(CLAIM_LATENCY, &slow, NULL), exactly(7000001, 1000)), 0);
	assert_int_equal(claim_compare(claim_evaluate(CLAIM_MORE_LATENCY, &slow, &fast), exactly(5000001, 1000)), 0);
	assert_int_equal(claim_compare(claim_evaluate(CLAIM_MORE_LATENCY, &fast, &slow), exactly(-5000001, 1000)), 0);
	assert_int_equal(claim_compare(claim_evaluate(CLAIM_TIMES_LATENCY, &slow, &fast), exactly(7000001, 2000)), 0);
	assert_int_equal(claim_compare(claim_evaluate(CLAIM_TIMES_RATE, &fast, &slow), exactly(6000, 1)), 0);
}

static void fractions_are_ordered(void **state)
{
	(void)state;
	assert_int_equal(claim_compare(exactly(1, 3), exactly(333, 1000)), 1);
	assert_int_equal(claim_compare(exactly(1, 3), exactly(334, 1000)), -1);
	assert_int_equal(claim_compare(exactly(2, 6), exactly(1, 3)), 0);
	assert_int_equal(claim_compare(exactly(-1, 3), exactly(0, 1)), -1);
	assert_int_equal(claim_compare(exactly(-1, 3), exactly(-2, 3)), 1);
	assert_int_equal(claim_compare(exactly(-7, 2), exactly(-7, 2)), 0);
	/* Their cross products do not fit 128 bits. */
	assert_int_equal(claim_compare((claim_value){ ((metrics_i128)1 << 100) + 1, (metrics_i128)1 << 99 },
				       (claim_value){ (metrics_i128)1 << 100, (metrics_i128)1 << 99 }),
			 1);
	assert_int_equal(claim_compare((claim_value){ (metrics_i128)1 << 99, ((metrics_i128)1 << 100) + 1 },
				       (claim_value){ (metrics_i128)1 << 99, (metrics_i128)1 << 100 }),
			 -1);
}

static void bounds_are_tight(void **state)
{
	static const claim_bounds within = { .low = 800, .high = 1200 };
	static const claim_bounds at_most = { .low = INT64_MIN, .high = 2000 };
	static const claim_bounds above = { .low = 6000, .high = INT64_MAX, .above = true };

	(void)state;
	assert_true(accepts(within, 800, 1) && accepts(within, 1200, 1));
	assert_false(accepts(within, 799999, 1000) || accepts(within, 1200001, 1000));
	assert_true(accepts(at_most, 2000, 1) && accepts(at_most, -5, 1));
	assert_false(accepts(at_most, 2000001, 1000));
	assert_true(accepts(above, 6000001, 1000));
	assert_false(accepts(above, 6000, 1) || accepts(above, 5999, 1));
}

static void every_size_counts(void **state)
{
	static const claim_bounds above = { .low = 10, .high = INT64_MAX, .above = true };
	static const claim_bounds peak = { .peak_bytes = 2048 };
	claim_value values[] = { { 11, 1 }, { 10, 1 }, { 12, 1 }, { 9, 1 } };

	(void)state;
	assert_int_equal(claim_misses(&above, 512, values, 4), 1 << 1 | 1 << 3);
	/* 512, 1024, 2048, 4096: the largest is where it should be; then as large elsewhere; then larger. */
	assert_int_equal(claim_misses(&peak, 512, values, 4), 0);
	values[0] = exactly(12, 1);
	assert_int_equal(claim_misses(&peak, 512, values, 4), 0);
	values[0] = exactly(121, 10);
	assert_int_equal(claim_misses(&peak, 512, values, 4), 1 << 0);
	assert_int_equal(claim_misses(&peak, 1024, values, 4), 1 << 0 | 1 << 2);
}

static void claims_are_told_apart(void **state)
{
	(void)state;
	assert_null(nescsim_claim_at(nescsim_num_claims()));
	for (size_t i = 0; i < nescsim_num_claims(); i++) {
		const nescsim_claim *claim = nescsim_claim_at(i);

		assert_true(strlen(claim->published) > 0 && strlen(claim->source) > 0);
		assert_true(strcmp(claim->op, "read") == 0 || strcmp(claim->op, "write") == 0);
		for (size_t j = 0; j < i; j++)
			if (strcmp(nescsim_claim_at(j)->id, claim->id) == 0)
				assert_string_not_equal(nescsim_claim_at(j)->op, claim->op);
	}
}

static void experiments_are_the_shipped_files(void **state)
{
	(void)state;
	assert_true(num_experiment_files > 1);
	for (size_t i = 0; i < num_experiment_files; i++) {
		char *text = read_file("configs", experiment_files[i].name);

		assert_same_text(experiment_files[i].text, text, experiment_files[i].name);
		free(text);
	}
}

static nescsim_validation *validate(const char *id, const nescsim_override *overrides, size_t num_overrides)
{
	nescsim_diag *diag = nescsim_diag_create();
	nescsim_validation *validation;
	const nescsim_status status = nescsim_validate(&id, 1, overrides, num_overrides, NULL, diag, &validation);

	nescsim_diag_print(diag, stderr);
	assert_int_equal(status, NESCSIM_OK);
	nescsim_diag_destroy(diag);
	return validation;
}

/* What a claim says is what a run of the experiment says. */
static void values_are_those_of_a_run(void **state)
{
	nescsim_config *config = load("configs/figures/raw_bandwidth.yaml", &two_schemes, 1);
	nescsim_result *result = run(config, NULL);
	const nescsim_row *row = nescsim_result_find(result, "nesc", "app", 1, "read");
	nescsim_validation *validation = validate("device-bandwidth", &two_schemes, 1);
	const nescsim_finding *finding = nescsim_validation_at(validation, 0);
	char expected[64];

	(void)state;
	snprintf(expected, sizeof(expected), "%.1f MB/s", 1e6 * (double)row->num_bytes / (double)row->simulated_ps);
	assert_int_equal(nescsim_validation_num(validation), 2);
	assert_string_equal(finding->simulated, expected);
	assert_string_equal(finding->reading, "776 ... 824 MB/s, 1 MiB");
	assert_int_equal(finding->verdict, NESCSIM_HOLDS);
	assert_string_equal(finding->missed_at, "");
	assert_int_equal(nescsim_validation_count(validation, 1, NESCSIM_HOLDS), 2);
	assert_int_equal(nescsim_validation_count(validation, 0, NESCSIM_HOLDS), 0);
	assert_null(nescsim_validation_at(validation, 2));
	nescsim_validation_destroy(validation);
	nescsim_result_destroy(result);
	nescsim_config_destroy(config);
}

static void overrides_reach_the_experiments(void **state)
{
	const nescsim_override slow[] = { two_schemes, { "nesc.dma.read_setup", "444 cycles", NULL } };
	const nescsim_override alone = { "schemes", "[host]", NULL };
	nescsim_validation *validation = validate("device-bandwidth", slow, 2);

	(void)state;
	assert_int_equal(nescsim_validation_at(validation, 0)->verdict, NESCSIM_MISS);
	assert_string_equal(nescsim_validation_at(validation, 0)->missed_at, "1 MiB");
	assert_int_equal(nescsim_validation_at(validation, 1)->verdict, NESCSIM_HOLDS);
	nescsim_validation_destroy(validation);

	validation = validate("nesc-host-latency", &alone, 1);
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(nescsim_validation_at(validation, i)->verdict, NESCSIM_NOT_SIMULATED);
		assert_string_equal(nescsim_validation_at(validation, i)->simulated, "");
	}
	nescsim_validation_destroy(validation);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(quantities_are_exact),      cmocka_unit_test(fractions_are_ordered),
		cmocka_unit_test(bounds_are_tight),          cmocka_unit_test(every_size_counts),
		cmocka_unit_test(claims_are_told_apart),     cmocka_unit_test(experiments_are_the_shipped_files),
		cmocka_unit_test(values_are_those_of_a_run), cmocka_unit_test(overrides_reach_the_experiments),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
