/* A run that cannot be whole leaves nothing, and says why. */
#include "run/run_test.h"

#include <sys/stat.h>
#include <unistd.h>

/* Runs, expects the status, a message that contains `words`, and nothing in the folder but what was there. */
static void expect(const char *text, const char *out, nescsim_status expected, const char *words)
{
	const nescsim_run_options options = { .out_folder = out };
	nescsim_config *config = load(text, NULL, 0);
	nescsim_diag *diag = nescsim_diag_create();
	nescsim_result *result;
	bool found = false;

	assert_int_equal(nescsim_run(config, &options, diag, &result), expected);
	assert_null(result);
	for (size_t i = 0; i < nescsim_diag_count(diag); i++)
		found = found || strstr(nescsim_diag_at(diag, i)->message, words) != NULL;
	if (!found) {
		nescsim_diag_print(diag, stderr);
		fail_msg("no message says '%s'", words);
	}
	nescsim_diag_destroy(diag);
	nescsim_config_destroy(config);
}

static void failed_request(void **state)
{
	const scratch place = scratch_make();

	(void)state;
	expect("schemes: [host]\n"
	       "vms: [{disk: {bytes: 1 MiB, map: {kind: fragmented, hole_percent: 100}}, workload: {kind: dd, op: "
	       "write, count: "
	       "9}}]\n",
	       place.out, NESCSIM_RUN_FAILED,
	       "host: 9 requests of VM 1 failed, first a write of 4096 bytes at byte 0: a block has no mapping");
	assert_int_equal(count_entries(place.root), 0);
	scratch_remove(&place);
}

static void only_warmup(void **state)
{
	const scratch place = scratch_make();

	(void)state;
	expect("sim: {warmup: 5}\nvms: [{workload: {kind: dd, count: 5}}]\n", place.out, NESCSIM_CONFIG,
	       "all of the 5 requests belong to the warm-up");
	assert_int_equal(count_entries(place.root), 0);
	scratch_remove(&place);
}

static void bad_inputs(void **state)
{
	const scratch place = scratch_make();
	nescsim_config *config = load("vms:\n  - workload: {kind: trace, file: nowhere.blktrace}\n"
				      "  - workload: {kind: dd, count: 1, request_bytes: 1 GiB}\n"
				      "    disk: {bytes: 1 MiB}\n"
				      "media: {capacity: 2 GiB}\n",
				      NULL, 0);
	nescsim_diag *diag = nescsim_diag_create();

	(void)state;
	/* Both mistakes in one pass, each at its place. */
	assert_int_equal(nescsim_config_check_inputs(config, diag), NESCSIM_IO);
	assert_int_equal(nescsim_diag_num_errors(diag), 2);
	assert_string_equal(nescsim_diag_at(diag, 0)->file, "test.yaml");
	assert_int_equal(nescsim_diag_at(diag, 0)->line, 2);
	assert_int_equal(nescsim_diag_at(diag, 1)->line, 3);
	nescsim_diag_destroy(diag);
	nescsim_config_destroy(config);
	expect("vms: [{workload: {kind: trace, file: CMakeLists.txt}}]\n", place.out, NESCSIM_TRACE,
	       "no trace of a known format");
	assert_int_equal(count_entries(place.root), 0);
	scratch_remove(&place);
}

/* A folder that holds something else is refused before anything runs, and left alone. */
static void foreign_folder(void **state)
{
	static const char text[] = "vms: [{workload: {kind: dd, count: 1000000000}}]\n";
	const scratch place = scratch_make();
	char path[256];
	FILE *file;

	(void)state;
	assert_int_equal(mkdir(place.out, 0777), 0);
	snprintf(path, sizeof(path), "%s/thesis.tex", place.out);
	file = fopen(path, "w");
	assert_non_null(file);
	fclose(file);
	expect(text, place.out, NESCSIM_USAGE, "no results of an earlier run");
	assert_int_equal(count_entries(place.out), 1);
	expect(text, path, NESCSIM_USAGE, "not a folder");
	expect(text, "/dev/null/out", NESCSIM_IO, "cannot write here");
	scratch_remove(&place);
}

/* An earlier result survives a failed run and is replaced by a good one. */
static void earlier_result(void **state)
{
	static const char good[] = "vms: [{workload: {kind: dd, count: 3}}]\n";
	const scratch place = scratch_make();
	nescsim_config *config = load(good, NULL, 0);
	char *before, *after;

	(void)state;
	nescsim_result_destroy(run(config, place.out));
	before = read_file(place.out, "result.json");
	expect("sim: {warmup: 5}\nvms: [{workload: {kind: dd, count: 5}}]\n", place.out, NESCSIM_CONFIG, "warm-up");
	after = read_file(place.out, "result.json");
	assert_same_text(before, after, "result.json");
	nescsim_result_destroy(run(config, place.out));
	assert_int_equal(count_entries(place.root), 1);
	assert_int_equal(count_entries(place.out), 6);
	free(before);
	free(after);
	nescsim_config_destroy(config);
	scratch_remove(&place);
}

/* The limits of a scheme count only where it is simulated. */
static void limits_of_a_scheme(void **state)
{
	static const char *const only_nesc[] = { "nesc" };
	nescsim_config *config = load("host: {cores: 1024}\nguest: {vcpus: 16}\n"
				      "vms: [{count: 5, disk: {bytes: 1 MiB}, workload: {kind: dd, count: 1}}]\n",
				      NULL, 0);
	nescsim_diag *diag = nescsim_diag_create();

	(void)state;
	assert_int_equal(nescsim_config_check_inputs(config, diag), NESCSIM_CONFIG);
	assert_int_equal(nescsim_diag_num_errors(diag), 1);
	assert_non_null(strstr(nescsim_diag_at(diag, 0)->message, "the PF's, which has only 64"));
	assert_non_null(nescsim_diag_at(diag, 0)->hint);
	assert_int_equal(nescsim_config_set_schemes(config, only_nesc, 1, diag), NESCSIM_OK);
	assert_int_equal(nescsim_config_check_inputs(config, diag), NESCSIM_OK);
	nescsim_diag_destroy(diag);
	nescsim_config_destroy(config);
}

/* What no key alone shows: reported with a place and with advice, all in one pass. */
static void conflicts(void **state)
{
	static const char text[] = "device: {functions: 4, sriov: true}\n"
				   "guest: {vcpus: 16}\n"
				   "vms: [{count: 5, workload: {kind: dd, count: 1}}]\n";
	static const char *const words[] = { "an IOMMU must keep them", "the device has 4",
					     "need 80 cores, the host has 16", "do not fit the medium" };
	nescsim_diag *diag = nescsim_diag_create();
	nescsim_config *config;

	(void)state;
	assert_int_equal(nescsim_config_load_text("test.yaml", text, NULL, 0, diag, &config), NESCSIM_CONFIG);
	assert_null(config);
	assert_int_equal(nescsim_diag_num_errors(diag), NUM(words));
	for (size_t i = 0; i < NUM(words); i++) {
		assert_non_null(strstr(nescsim_diag_at(diag, i)->message, words[i]));
		assert_non_null(nescsim_diag_at(diag, i)->hint);
	}
	assert_int_equal(nescsim_diag_at(diag, 0)->line, 1);
	assert_int_equal(nescsim_diag_at(diag, 1)->line, 3);
	assert_int_equal(nescsim_diag_at(diag, 2)->line, 3);
	nescsim_diag_destroy(diag);
}

/* What the hypervisor cannot do, or what would mean something else than it says. */
static void conflicts_of_disks_and_actions(void **state)
{
	static const char text[] =
		"vms:\n"
		"  - {disk: {bytes: 1 MiB, file: a}, workload: {kind: dd, count: 1}}\n"
		"  - {disk: {bytes: 2 MiB, file: a}, workload: {kind: dd, count: 1}}\n"
		"  - {disk: {bytes: 1 MiB, file: b, append: [{bytes: 1 MiB, file: b}]}, workload: {kind: dd, "
		"count: 1}}\n"
		"hypervisor:\n"
		"  actions:\n"
		"    - {kind: delete, vm: 9}\n"
		"    - {kind: resize, vm: 1, bytes: 1 MiB}\n"
		"    - {kind: create, vm: 2}\n"
		"    - {kind: create, vm: 2}\n"
		"    - {kind: deduplicate, vm: 1, with: 7}\n";
	static const char *const words[] = { "there is no VM 9",          "keeps its size",
					     "VM 2 is created twice",     "there is no VM 7",
					     "file 'a' has another size", "file 'b' is in one disk twice" };
	nescsim_diag *diag = nescsim_diag_create();
	nescsim_config *config;

	(void)state;
	assert_int_equal(nescsim_config_load_text("test.yaml", text, NULL, 0, diag, &config), NESCSIM_CONFIG);
	assert_null(config);
	assert_int_equal(nescsim_diag_num_errors(diag), NUM(words));
	for (size_t i = 0; i < NUM(words); i++) {
		bool found = false;

		for (size_t j = 0; j < NUM(words); j++)
			found = found || strstr(nescsim_diag_at(diag, j)->message, words[i]) != NULL;
		if (!found)
			fail_msg("no message says '%s'", words[i]);
		assert_non_null(nescsim_diag_at(diag, i)->hint);
		assert_true(nescsim_diag_at(diag, i)->line != 0);
	}
	nescsim_diag_destroy(diag);
}

/* Entitlements that no policy looks at are no mistake, but hardly meant. */
static void unused_entitlements_are_warned_of(void **state)
{
	static const char text[] =
		"vms: [{qos: {weight: 2, priority: 1}, workload: {kind: dd, count: 1}}]\nschemes: [nesc]\n";
	nescsim_config *config = load(text, NULL, 0);
	nescsim_diag *diag = nescsim_diag_create();

	(void)state;
	assert_int_equal(nescsim_config_check_inputs(config, diag), NESCSIM_OK);
	assert_int_equal(nescsim_diag_num_errors(diag), 0);
	assert_int_equal(nescsim_diag_count(diag), 2);
	assert_non_null(strstr(nescsim_diag_at(diag, 0)->message, "qos.weight has no effect"));
	assert_non_null(strstr(nescsim_diag_at(diag, 1)->message, "qos.priority has no effect"));
	nescsim_diag_destroy(diag);
	nescsim_config_destroy(config);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(failed_request),
		cmocka_unit_test(only_warmup),
		cmocka_unit_test(bad_inputs),
		cmocka_unit_test(foreign_folder),
		cmocka_unit_test(earlier_result),
		cmocka_unit_test(conflicts),
		cmocka_unit_test(limits_of_a_scheme),
		cmocka_unit_test(conflicts_of_disks_and_actions),
		cmocka_unit_test(unused_entitlements_are_warned_of),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
