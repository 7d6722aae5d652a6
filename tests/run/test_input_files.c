/* Does a result say what files it was made of, and what they held? */
#include <fcntl.h>
#include <jansson.h>
#include <sys/stat.h>
#include <unistd.h>

#include "run/input_files.h"
#include "run/run_test.h"

#define SHA_ABC "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
#define SHA_NOTHING "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

static void write_text(const scratch *place, const char *name, const char *text)
{
	char path[192];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", place->root, name);
	file = fopen(path, "w");
	assert_non_null(file);
	fputs(text, file);
	assert_int_equal(fclose(file), 0);
}

static void drop_file(const scratch *place, const char *name)
{
	char path[192];

	snprintf(path, sizeof(path), "%s/%s", place->root, name);
	assert_int_equal(unlink(path), 0);
}

/* The files of a configuration in the folder; to be freed. */
static char *list_of(const nescsim_config *config)
{
	uint64_t stamp;
	json_t *files = input_files_list(config, &stamp);
	char *text = json_dumps(files, JSON_COMPACT);

	assert_non_null(text);
	json_decref(files);
	return text;
}

static nescsim_config *load_in(const scratch *place, const char *text)
{
	char path[192], whole[1024];

	snprintf(whole, sizeof(whole), "media: {capacity: 64 GiB}\n%s", text);
	write_text(place, "all.yaml", whole);
	snprintf(path, sizeof(path), "%s/all.yaml", place->root);
	return load(path, NULL, 0);
}

static void expect(const scratch *place, const char *text, const char *wanted)
{
	nescsim_config *config = load_in(place, text);
	char *files = list_of(config);

	assert_string_equal(files, wanted);
	free(files);
	nescsim_config_destroy(config);
}

static void generators_read_none(void **state)
{
	const scratch place = scratch_make();
	nescsim_config *config;
	char *files;

	(void)state;
	config = load_in(&place, "vms: [{workload: {kind: dd, count: 1}}]\n");
	files = list_of(config);
	assert_string_equal(files, "[]");
	free(files);
	nescsim_config_destroy(config);
	scratch_remove(&place);
}

static void a_file_is_there_once_by_the_name_the_user_gave(void **state)
{
	const scratch place = scratch_make();

	(void)state;
	write_text(&place, "a.csv", "abc");
	write_text(&place, "b.fio", "");
	expect(&place,
	       "vms:\n"
	       "  - {workload: {kind: trace, file: ./a.csv}}\n"
	       "  - {workload: {kind: fio_job, file: b.fio}}\n"
	       "  - {workload: {kind: trace, file: ./a.csv}, disk: {map: {kind: extents, file: a.csv}}}\n",
	       "[{\"file\":\"./a.csv\",\"bytes\":3,\"sha256\":\"" SHA_ABC "\"},"
	       "{\"file\":\"b.fio\",\"bytes\":0,\"sha256\":\"" SHA_NOTHING "\"},"
	       "{\"file\":\"a.csv\",\"bytes\":3,\"sha256\":\"" SHA_ABC "\"}]");
	scratch_remove(&place);
}

static void patterns_and_recordings_are_all_their_files(void **state)
{
	const scratch place = scratch_make();

	(void)state;
	write_text(&place, "y.csv", "");
	write_text(&place, "x.csv", "abc");
	write_text(&place, "sda.blktrace.0", "abc");
	write_text(&place, "sda.blktrace.1", "");
	expect(&place,
	       "vms:\n"
	       "  - {workload: {kind: trace, file: '?.csv'}}\n"
	       "  - {workload: {kind: trace, file: sda}}\n",
	       "[{\"file\":\"x.csv\",\"bytes\":3,\"sha256\":\"" SHA_ABC "\"},"
	       "{\"file\":\"y.csv\",\"bytes\":0,\"sha256\":\"" SHA_NOTHING "\"},"
	       "{\"file\":\"sda.blktrace.0\",\"bytes\":3,\"sha256\":\"" SHA_ABC "\"},"
	       "{\"file\":\"sda.blktrace.1\",\"bytes\":0,\"sha256\":\"" SHA_NOTHING "\"}]");
	scratch_remove(&place);
}

static void what_cannot_be_read_has_a_name_only(void **state)
{
	const scratch place = scratch_make();

	(void)state;
	expect(&place,
	       "vms:\n"
	       "  - {workload: {kind: trace, file: none.csv}, disk: {map: {kind: extents, file: 'none.img:/a'}}}\n"
	       "  - {workload: {kind: trace, file: .}}\n"
	       "  - {workload: {kind: trace, file: 'none*'}}\n",
	       "[{\"file\":\"none.img:/a\"},{\"file\":\"none.csv\"},{\"file\":\".\"}]");
	scratch_remove(&place);
}

/* In place, with as many bytes and the old time of the content: only the time of the change differs. */
static void a_file_that_is_changed_is_read_again(void **state)
{
	const scratch place = scratch_make();
	const struct timespec past[] = { { .tv_sec = 1000000000 }, { .tv_sec = 1000000000 } };
	nescsim_config *config;
	char *before, *again, *after, path[192];

	(void)state;
	write_text(&place, "a.csv", "abc");
	snprintf(path, sizeof(path), "%s/a.csv", place.root);
	assert_int_equal(utimensat(AT_FDCWD, path, past, 0), 0);
	config = load_in(&place, "vms: [{workload: {kind: trace, file: a.csv}}]\n");
	before = list_of(config);
	again = list_of(config);
	assert_string_equal(before, again);
	usleep(50000); /* the kernel's clock of files has gone on */
	write_text(&place, "a.csv", "abd");
	assert_int_equal(utimensat(AT_FDCWD, path, past, 0), 0);
	after = list_of(config);
	assert_string_not_equal(before, after);
	free(before);
	free(again);
	free(after);
	nescsim_config_destroy(config);
	scratch_remove(&place);
}

static void what_is_remembered_does_not_change(void **state)
{
	const scratch place = scratch_make();
	nescsim_config *config;
	json_t *before, *after;

	(void)state;
	write_text(&place, "a.csv", "abc");
	config = load_in(&place, "vms: [{workload: {kind: trace, file: '*.csv'}}]\n");
	before = input_files_remembered(config);
	usleep(50000);
	write_text(&place, "a.csv", "abd");
	write_text(&place, "b.csv", "abc");
	after = input_files_remembered(config);
	assert_int_equal(json_array_size(after), 1);
	assert_true(json_equal(before, after));
	json_decref(before);
	json_decref(after);
	nescsim_config_destroy(config);
	scratch_remove(&place);
}

static void who_reads_them_learns_of_changes(void **state)
{
	const scratch place = scratch_make();
	nescsim_diag *diag = nescsim_diag_create();
	nescsim_config *config;
	uint64_t stamp;
	json_t *before;

	(void)state;
	write_text(&place, "a.csv", "abc");
	write_text(&place, "b.csv", "abc");
	config = load_in(&place, "vms: [{workload: {kind: trace, file: '*.csv'}}]\n");
	before = input_files_list(config, &stamp);
	assert_int_equal(input_files_check(config, before, stamp, diag), NESCSIM_OK);
	usleep(50000);
	write_text(&place, "b.csv", "abd");
	assert_int_equal(input_files_check(config, before, stamp, diag), NESCSIM_RUN_FAILED);
	assert_string_equal(nescsim_diag_at(diag, 0)->file, "b.csv");
	assert_string_equal(nescsim_diag_at(diag, 0)->message,
			    "a trace, job file or map was changed while it was read");
	/* Somebody may have read it meanwhile: the old bytes do not help. */
	write_text(&place, "b.csv", "abc");
	assert_int_equal(input_files_check(config, before, stamp, diag), NESCSIM_RUN_FAILED);
	assert_null(nescsim_diag_at(diag, 1)->file);
	json_decref(before);
	before = input_files_list(config, &stamp);
	assert_int_equal(input_files_check(config, before, stamp, diag), NESCSIM_OK);
	/* One more, or one less, is a change, too. */
	write_text(&place, "c.csv", "abc");
	assert_int_equal(input_files_check(config, before, stamp, diag), NESCSIM_RUN_FAILED);
	assert_string_equal(nescsim_diag_at(diag, 2)->file, "c.csv");
	drop_file(&place, "c.csv");
	drop_file(&place, "b.csv");
	assert_int_equal(input_files_check(config, before, stamp, diag), NESCSIM_RUN_FAILED);
	assert_string_equal(nescsim_diag_at(diag, 3)->file, "b.csv");
	json_decref(before);
	nescsim_config_destroy(config);
	nescsim_diag_destroy(diag);
	scratch_remove(&place);
}

/* A folder that is a pattern by its name, and a file whose name is no text. */
static void strange_names_are_shown(void **state)
{
	static const char text[] = "media: {capacity: 64 GiB}\nvms: [{workload: {kind: trace, file: '*.csv'}}]\n";
	const scratch place = scratch_make();
	nescsim_config *config;
	char path[192], wanted[512], *files;

	(void)state;
	write_text(&place, "b\xe9.csv", "abc");
	expect(&place, "vms: [{workload: {kind: trace, file: '*.csv'}}]\n",
	       "[{\"file\":\"b\\\\xe9.csv\",\"bytes\":3,\"sha256\":\"" SHA_ABC "\"}]");
	snprintf(path, sizeof(path), "%s/a", place.root);
	assert_int_equal(mkdir(path, 0700), 0);
	snprintf(path, sizeof(path), "%s/[abcdefghijklmnopqrstuvwxyz]", place.root);
	assert_int_equal(mkdir(path, 0700), 0);
	write_text(&place, "a/x.csv", "abc");
	write_text(&place, "[abcdefghijklmnopqrstuvwxyz]/all.yaml", text);
	snprintf(path, sizeof(path), "%s/[abcdefghijklmnopqrstuvwxyz]/all.yaml", place.root);
	config = load(path, NULL, 0);
	files = list_of(config);
	snprintf(wanted, sizeof(wanted), "[{\"file\":\"%s/a/x.csv\",\"bytes\":3,\"sha256\":\"" SHA_ABC "\"}]",
		 place.root);
	assert_string_equal(files, wanted);
	free(files);
	nescsim_config_destroy(config);
	scratch_remove(&place);
}

/* Each has its own digest. */
static void many_files_are_right_too(void **state)
{
	enum {
		num_files = 4200,
		num_per_trace = 100
	};
	const scratch place = scratch_make();
	const json_t *file;
	nescsim_config *config;
	uint64_t stamp;
	json_t *one, *other;
	char *text = NULL, path[192];
	size_t num_bytes = 0;
	FILE *out = open_memstream(&text, &num_bytes);

	(void)state;
	fputs("media: {capacity: 64 GiB}\nhost: {cores: 64}\nvms:\n", out);
	for (int i = 0; i < num_files; i++) {
		char name[24], digits[24];

		snprintf(name, sizeof(name), "%d-%d", i / num_per_trace, i);
		snprintf(digits, sizeof(digits), "%d", i);
		write_text(&place, name, digits);
		if (i % num_per_trace == 0)
			fprintf(out, "  - {workload: {kind: trace, file: '%d-*'}, disk: {bytes: 1 MiB}}\n",
				i / num_per_trace);
	}
	fclose(out);
	write_text(&place, "all.yaml", text);
	snprintf(path, sizeof(path), "%s/all.yaml", place.root);
	config = load(path, NULL, 0);
	one = input_files_list(config, &stamp);
	other = input_files_list(config, &stamp);
	assert_true(json_equal(one, other));
	assert_int_equal(json_array_size(one), num_files);
	file = json_array_get(one, 0);
	assert_string_equal(json_string_value(json_object_get(file, "file")), "0-0");
	assert_string_equal(json_string_value(json_object_get(file, "sha256")),
			    "5feceb66ffc86f38d952786c6d696c79c2dbc239dd4e91b46729d73a27fb57e9"); /* of "0" */
	json_decref(one);
	json_decref(other);
	nescsim_config_destroy(config);
	free(text);
	scratch_remove(&place);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(generators_read_none),
		cmocka_unit_test(a_file_is_there_once_by_the_name_the_user_gave),
		cmocka_unit_test(patterns_and_recordings_are_all_their_files),
		cmocka_unit_test(what_cannot_be_read_has_a_name_only),
		cmocka_unit_test(a_file_that_is_changed_is_read_again),
		cmocka_unit_test(what_is_remembered_does_not_change),
		cmocka_unit_test(who_reads_them_learns_of_changes),
		cmocka_unit_test(strange_names_are_shown),
		cmocka_unit_test(many_files_are_right_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
