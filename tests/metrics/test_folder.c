/* Result folders: whole, or not there. */
#include <dirent.h>
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "metrics/death.h"
#include "metrics/folder.h"

/* Every test works in an empty folder of its own. */
struct place {
	char root[64];
	char path[128]; /* "root/out" */
	nescsim_diag *diag;
};

/* The filesystem's renames, which a test can make fail. */
static bool can_exchange;
static int num_renames_left; /* before they fail; -1 = no limit */

int __real_rename(const char *from, const char *to);
int __wrap_rename(const char *from, const char *to);
int __real_renameat2(int from_fd, const char *from, int to_fd, const char *to, unsigned flags);
int __wrap_renameat2(int from_fd, const char *from, int to_fd, const char *to, unsigned flags);

int __wrap_rename(const char *from, const char *to)
{
	/* One failure only: undoing works again. */
	if (num_renames_left-- == 0) {
		errno = EIO;
		return -1;
	}
	return __real_rename(from, to);
}

int __wrap_renameat2(int from_fd, const char *from, int to_fd, const char *to, unsigned flags)
{
	if (!can_exchange) {
		errno = EINVAL;
		return -1;
	}
	return __real_renameat2(from_fd, from, to_fd, to, flags);
}

static int set_up(void **state)
{
	struct place *place = calloc(1, sizeof(*place));

	strcpy(place->root, "/tmp/nescsim-folder-XXXXXX");
	if (!mkdtemp(place->root))
		return -1;
	snprintf(place->path, sizeof(place->path), "%s/out", place->root);
	place->diag = nescsim_diag_create();
	can_exchange = true;
	num_renames_left = -1;
	*state = place;
	return 0;
}

static int tear_down(void **state)
{
	struct place *place = *state;
	char command[128];

	nescsim_diag_destroy(place->diag);
	snprintf(command, sizeof(command), "rm -rf '%s'", place->root);
	free(place);
	return system(command);
}

static void put(const char *folder_path, const char *name, const char *content)
{
	char path[256];
	FILE *file;

	mkdir(folder_path, 0777);
	snprintf(path, sizeof(path), "%s/%s", folder_path, name);
	file = fopen(path, "w");
	assert_non_null(file);
	fputs(content, file);
	fclose(file);
}

static void check_content(const char *folder_path, const char *name, const char *expected)
{
	char path[512], content[256];
	size_t num_bytes;
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", folder_path, name);
	file = fopen(path, "r");
	assert_non_null(file);
	num_bytes = fread(content, 1, sizeof(content) - 1, file);
	content[num_bytes] = '\0';
	fclose(file);
	assert_string_equal(content, expected);
}

static unsigned count_entries(const char *path)
{
	unsigned num_entries = 0;
	const struct dirent *entry;
	DIR *dir = opendir(path);

	assert_non_null(dir);
	while ((entry = readdir(dir)))
		num_entries += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
	closedir(dir);
	return num_entries;
}

static bool exists(const char *path)
{
	struct stat info;

	return lstat(path, &info) == 0;
}

/* A result.json that is known as ours. */
#define OURS(text) "{\"nescsim\": \"" text "\"}"

/* Writes a whole result with the given text in its two files. */
static nescsim_status write_result(const char *path, const char *text, nescsim_diag *diag)
{
	static const char *const names[] = { "result.json", "summary.csv" };
	folder *result;
	nescsim_status status = folder_begin(path, diag, &result);

	if (status)
		return status;
	for (unsigned i = 0; i < 2; i++) {
		FILE *file = folder_open_file(result, names[i]);

		assert_non_null(file);
		fputs(text, file);
		assert_int_equal(folder_close_file(result, file), NESCSIM_OK);
	}
	return folder_commit(result);
}

static void appears_at_the_commit(void **state)
{
	struct place *place = *state;
	folder *result;
	FILE *file;

	assert_int_equal(folder_check_writable(place->path, place->diag), NESCSIM_OK);
	assert_int_equal(count_entries(place->root), 0);
	assert_int_equal(folder_begin(place->path, place->diag, &result), NESCSIM_OK);
	assert_false(exists(place->path));
	file = folder_open_file(result, "result.json");
	assert_non_null(file);
	fputs("{}\n", file);
	assert_int_equal(folder_close_file(result, file), NESCSIM_OK);
	assert_false(exists(place->path));
	assert_int_equal(folder_commit(result), NESCSIM_OK);
	check_content(place->path, "result.json", "{}\n");
	assert_int_equal(count_entries(place->root), 1);
	assert_int_equal(count_entries(place->path), 1);
	assert_int_equal(nescsim_diag_count(place->diag), 0);
}

static void an_abort_leaves_nothing(void **state)
{
	struct place *place = *state;
	folder *result;
	FILE *file;

	assert_int_equal(folder_begin(place->path, place->diag, &result), NESCSIM_OK);
	file = folder_open_file(result, "summary.csv");
	fputs("a,b\n", file);
	assert_int_equal(folder_close_file(result, file), NESCSIM_OK);
	assert_int_equal(count_entries(place->root), 1);
	folder_abort(result);
	assert_int_equal(count_entries(place->root), 0);
	folder_abort(NULL);
}

static void an_abort_keeps_earlier_results(void **state)
{
	struct place *place = *state;
	folder *result;
	FILE *file;

	assert_int_equal(write_result(place->path, OURS("first"), place->diag), NESCSIM_OK);
	assert_int_equal(folder_begin(place->path, place->diag, &result), NESCSIM_OK);
	file = folder_open_file(result, "result.json");
	assert_int_equal(folder_close_file(result, file), NESCSIM_OK);
	check_content(place->path, "result.json", OURS("first"));
	folder_abort(result);
	check_content(place->path, "result.json", OURS("first"));
	assert_int_equal(count_entries(place->root), 1);
}

/* A file that cannot be written whole: nothing may be left that looks like a result. */
static void a_failed_write_leaves_nothing(void **state)
{
	struct place *place = *state;
	struct rlimit before, small;
	folder *result;
	FILE *file;

	assert_int_equal(write_result(place->path, OURS("first"), place->diag), NESCSIM_OK);
	assert_int_equal(folder_begin(place->path, place->diag, &result), NESCSIM_OK);
	file = folder_open_file(result, "requests.csv");
	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &before);
	small = before;
	small.rlim_cur = 4096;
	setrlimit(RLIMIT_FSIZE, &small);
	for (unsigned i = 0; i < 10000; i++)
		fputs("1,2,3,4\n", file);
	assert_int_equal(folder_close_file(result, file), NESCSIM_IO);
	setrlimit(RLIMIT_FSIZE, &before);
	signal(SIGXFSZ, SIG_DFL);

	file = folder_open_file(result, "result.json");
	assert_int_equal(folder_close_file(result, file), NESCSIM_OK);
	assert_int_equal(folder_commit(result), NESCSIM_IO);
	check_content(place->path, "result.json", OURS("first"));
	assert_int_equal(count_entries(place->root), 1);
	assert_int_equal(nescsim_diag_num_errors(place->diag), 1);
	assert_non_null(strstr(nescsim_diag_at(place->diag, 0)->message, "cannot write 'requests.csv'"));
	assert_string_equal(nescsim_diag_at(place->diag, 0)->file, place->path);
}

static void a_name_can_be_used_once(void **state)
{
	struct place *place = *state;
	folder *result;
	FILE *file;

	assert_int_equal(folder_begin(place->path, place->diag, &result), NESCSIM_OK);
	file = folder_open_file(result, "a.csv");
	assert_null(folder_open_file(result, "a.csv"));
	assert_int_equal(folder_close_file(result, file), NESCSIM_OK);
	assert_int_equal(folder_commit(result), NESCSIM_IO);
	assert_int_equal(count_entries(place->root), 0);
}

static void earlier_results_are_replaced(void **state)
{
	struct place *place = *state;

	assert_int_equal(write_result(place->path, OURS("first"), place->diag), NESCSIM_OK);
	put(place->path, "stages.csv", "of the first");
	put(place->path, "requests.csv", "of the first");
	assert_int_equal(folder_check_writable(place->path, place->diag), NESCSIM_OK);
	assert_int_equal(write_result(place->path, OURS("second"), place->diag), NESCSIM_OK);
	check_content(place->path, "result.json", OURS("second"));
	assert_int_equal(count_entries(place->path), 2);
	assert_int_equal(count_entries(place->root), 1);
	assert_int_equal(nescsim_diag_count(place->diag), 0);
}

static void replacing_works_without_an_exchange(void **state)
{
	struct place *place = *state;

	can_exchange = false;
	assert_int_equal(write_result(place->path, OURS("first"), place->diag), NESCSIM_OK);
	assert_int_equal(write_result(place->path, OURS("second"), place->diag), NESCSIM_OK);
	check_content(place->path, "result.json", OURS("second"));
	assert_int_equal(count_entries(place->root), 1);
	assert_int_equal(nescsim_diag_count(place->diag), 0);
}

static void a_failed_replacement_loses_neither(void **state)
{
	struct place *place = *state;

	can_exchange = false;
	assert_int_equal(write_result(place->path, OURS("first"), place->diag), NESCSIM_OK);
	for (int i = 0; i < 2; i++) {
		num_renames_left = i;
		assert_int_equal(write_result(place->path, OURS("second"), place->diag), NESCSIM_IO);
		check_content(place->path, "result.json", OURS("first"));
		/* The new results are aside, once per round. */
		assert_int_equal(count_entries(place->root), 2 + i);
		assert_non_null(strstr(nescsim_diag_at(place->diag, 2 * (size_t)i + 1)->message, "are kept in"));
	}
}

static void an_empty_folder_is_filled(void **state)
{
	struct place *place = *state;

	mkdir(place->path, 0777);
	assert_int_equal(write_result(place->path, OURS("first"), place->diag), NESCSIM_OK);
	check_content(place->path, "result.json", OURS("first"));
	assert_int_equal(count_entries(place->root), 1);
}

/* Refused in both calls, with a reason and a hint, and nothing touched. */
static void check_refused(struct place *place, const char *path, nescsim_status expected, const char *reason)
{
	folder *result;
	unsigned num_entries = count_entries(place->root);
	const nescsim_diag_entry *entry;

	for (unsigned i = 0; i < 2; i++) {
		size_t num_before = nescsim_diag_count(place->diag);

		assert_int_equal(i == 0 ? folder_check_writable(path, place->diag)
					: folder_begin(path, place->diag, &result),
				 expected);
		assert_int_equal(nescsim_diag_count(place->diag), num_before + 1);
		entry = nescsim_diag_at(place->diag, num_before);
		assert_int_equal(entry->status, expected);
		assert_non_null(strstr(entry->message, reason));
		assert_non_null(entry->hint);
		assert_int_equal(count_entries(place->root), num_entries);
	}
}

static void foreign_folders_are_refused(void **state)
{
	struct place *place = *state;
	char inner[160];

	put(place->path, "thesis.tex", "years of work");
	check_refused(place, place->path, NESCSIM_USAGE, "no results of an earlier run");
	/* A result.json in a folder that holds other things does not make it ours. */
	put(place->path, "result.json", "{}");
	check_refused(place, place->path, NESCSIM_USAGE, "no results of an earlier run");
	put(place->path, "result.json", OURS("first"));
	check_refused(place, place->path, NESCSIM_USAGE, "'thesis.tex'");
	check_content(place->path, "thesis.tex", "years of work");
	snprintf(inner, sizeof(inner), "%s/thesis.tex", place->path);
	unlink(inner);
	snprintf(inner, sizeof(inner), "%s/photos.csv", place->path);
	put(inner, "a.csv", "a folder, whatever its name");
	check_refused(place, place->path, NESCSIM_USAGE, "'photos.csv'");
	check_content(inner, "a.csv", "a folder, whatever its name");
}

static void other_things_are_refused(void **state)
{
	struct place *place = *state;
	char path[160];

	put(place->root, "out", "a file");
	check_refused(place, place->path, NESCSIM_USAGE, "not a folder");
	snprintf(path, sizeof(path), "%s/out/deeper", place->root);
	check_refused(place, path, NESCSIM_IO, "cannot");
	snprintf(path, sizeof(path), "%s/link", place->root);
	assert_int_equal(symlink("nowhere", path), 0);
	check_refused(place, path, NESCSIM_USAGE, "symbolic link");
	check_refused(place, "", NESCSIM_USAGE, "cannot be a result folder");
	check_refused(place, "/", NESCSIM_USAGE, "cannot be a result folder");
	check_refused(place, ".", NESCSIM_USAGE, "cannot be a result folder");
	snprintf(path, sizeof(path), "%s/..", place->root);
	check_refused(place, path, NESCSIM_USAGE, "cannot be a result folder");
}

static void links_are_followed(void **state)
{
	struct place *place = *state;
	char path[160];
	struct stat info;

	assert_int_equal(write_result(place->path, OURS("first"), place->diag), NESCSIM_OK);
	snprintf(path, sizeof(path), "%s/latest", place->root);
	assert_int_equal(symlink("out", path), 0);
	assert_int_equal(write_result(path, OURS("second"), place->diag), NESCSIM_OK);
	check_content(place->path, "result.json", OURS("second"));
	assert_int_equal(lstat(path, &info), 0);
	assert_true(S_ISLNK(info.st_mode));
}

static void missing_parents_are_made(void **state)
{
	struct place *place = *state;
	char path[160];

	snprintf(path, sizeof(path), "%s/a/b/c//", place->root);
	assert_int_equal(folder_check_writable(path, place->diag), NESCSIM_OK);
	assert_int_equal(count_entries(place->root), 0);
	assert_int_equal(write_result(path, OURS("deep"), place->diag), NESCSIM_OK);
	check_content(path, "result.json", OURS("deep"));
}

static void relative_names_work(void **state)
{
	struct place *place = *state;
	int back = open(".", O_RDONLY | O_DIRECTORY);

	assert_int_equal(chdir(place->root), 0);
	assert_int_equal(write_result("out", OURS("first"), place->diag), NESCSIM_OK);
	assert_int_equal(write_result("out/", OURS("second"), place->diag), NESCSIM_OK);
	assert_int_equal(write_result("x/y", "third", place->diag), NESCSIM_OK);
	assert_int_equal(fchdir(back), 0);
	close(back);
	check_content(place->path, "result.json", OURS("second"));
	assert_int_equal(count_entries(place->root), 2);
}

static void an_unwritable_parent_is_reported(void **state)
{
	struct place *place = *state;
	int status;
	pid_t child;

	chmod(place->root, 0555);
	child = fork();
	if (child == 0) {
		folder *result;
		char deeper[160];

		/* Nothing is unwritable for root. */
		if (geteuid() == 0 && setresuid(65534, 65534, 65534) != 0)
			_exit(2);
		snprintf(deeper, sizeof(deeper), "%s/a/b", place->root);
		_exit(!(folder_check_writable(place->path, place->diag) == NESCSIM_IO &&
			folder_begin(place->path, place->diag, &result) == NESCSIM_IO &&
			folder_check_writable(deeper, place->diag) == NESCSIM_IO &&
			nescsim_diag_num_errors(place->diag) == 3 &&
			strstr(nescsim_diag_at(place->diag, 0)->message, strerror(EACCES))));
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	chmod(place->root, 0777);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

/* Something else took the name during the run: it is not touched, and an hour's results are not lost. */
static void a_taken_name_keeps_the_results_aside(void **state)
{
	struct place *place = *state;
	const nescsim_diag_entry *entry;
	const char *quote;
	char kept[128];
	folder *result;
	FILE *file;

	assert_int_equal(folder_begin(place->path, place->diag, &result), NESCSIM_OK);
	file = folder_open_file(result, "result.json");
	fputs("an hour's work", file);
	assert_int_equal(folder_close_file(result, file), NESCSIM_OK);
	put(place->path, "thesis.tex", "years of work");
	assert_int_equal(folder_commit(result), NESCSIM_USAGE);
	check_content(place->path, "thesis.tex", "years of work");
	assert_int_equal(nescsim_diag_count(place->diag), 2);
	entry = nescsim_diag_at(place->diag, 1);
	assert_int_equal(entry->severity, NESCSIM_WARNING);
	quote = strchr(entry->message, '\'');
	assert_non_null(quote);
	snprintf(kept, sizeof(kept), "%.*s", (int)strcspn(quote + 1, "'"), quote + 1);
	check_content(kept, "result.json", "an hour's work");
	assert_non_null(strstr(kept, ".partial-"));
}

static void two_runs_do_not_meet(void **state)
{
	struct place *place = *state;
	folder *first, *second;
	FILE *file;

	assert_int_equal(folder_begin(place->path, place->diag, &first), NESCSIM_OK);
	assert_int_equal(folder_begin(place->path, place->diag, &second), NESCSIM_OK);
	assert_int_equal(count_entries(place->root), 2);
	file = folder_open_file(first, "result.json");
	fputs(OURS("first"), file);
	assert_int_equal(folder_close_file(first, file), NESCSIM_OK);
	file = folder_open_file(second, "result.json");
	fputs(OURS("second"), file);
	assert_int_equal(folder_close_file(second, file), NESCSIM_OK);
	assert_int_equal(folder_commit(second), NESCSIM_OK);
	assert_int_equal(folder_commit(first), NESCSIM_OK);
	check_content(place->path, "result.json", OURS("first")); /* the last commit counts */
	assert_int_equal(count_entries(place->root), 1);
}

/* Two hosts that run the same point: the folder that is there may be being read. */
static void of_two_equal_runs_the_first_one_stays(void **state)
{
	struct place *place = *state;
	struct stat before, after;
	folder *runs[2];

	for (size_t i = 0; i < 2; i++) {
		FILE *file;

		assert_int_equal(folder_begin(place->path, place->diag, &runs[i]), NESCSIM_OK);
		file = folder_open_file(runs[i], "result.json");
		fputs(OURS("equal"), file);
		assert_int_equal(folder_close_file(runs[i], file), NESCSIM_OK);
	}
	assert_int_equal(folder_commit(runs[0]), NESCSIM_OK);
	assert_int_equal(stat(place->path, &before), 0);
	assert_int_equal(folder_commit(runs[1]), NESCSIM_OK);
	assert_int_equal(stat(place->path, &after), 0);
	assert_int_equal(before.st_ino, after.st_ino);
	assert_int_equal(count_entries(place->root), 1);
	/* A run that found it there replaces it, as always. */
	assert_int_equal(write_result(place->path, OURS("equal"), place->diag), NESCSIM_OK);
	assert_int_equal(stat(place->path, &after), 0);
	assert_int_not_equal(before.st_ino, after.st_ino);
}

static void a_plain_folder_is_made(void **state)
{
	struct place *place = *state;
	char path[160];

	snprintf(path, sizeof(path), "%s/a/b", place->root);
	assert_int_equal(folder_make(path, place->diag), NESCSIM_OK);
	assert_int_equal(count_entries(path), 0);
	assert_int_equal(folder_make(path, place->diag), NESCSIM_OK);
	assert_int_equal(nescsim_diag_count(place->diag), 0);
	assert_int_equal(folder_make("/dev/null/a", place->diag), NESCSIM_IO);
	assert_int_equal(nescsim_diag_count(place->diag), 1);
}

static void leftovers_are_removed_and_results_stay(void **state)
{
	struct place *place = *state;
	char path[160];
	folder *alive;
	pid_t crashed;

	assert_int_equal(write_result(place->path, OURS("kept"), place->diag), NESCSIM_OK);
	snprintf(path, sizeof(path), "%s/crashed", place->root);
	crashed = fork();
	if (crashed == 0)
		_exit(folder_begin(path, place->diag, &alive) != NESCSIM_OK ||
		      folder_close_file(alive, folder_open_file(alive, "result.json")) != NESCSIM_OK);
	assert_int_equal(waitpid(crashed, NULL, 0), crashed);
	snprintf(path, sizeof(path), "%s/alive", place->root);
	assert_int_equal(folder_begin(path, place->diag, &alive), NESCSIM_OK);
	snprintf(path, sizeof(path), "%s/table.csv.partial-another.host-1-00000000", place->root);
	fclose(fopen(path, "w"));
	assert_int_equal(count_entries(place->root), 4);
	folder_remove_leftovers(place->root, false);
	assert_int_equal(count_entries(place->root), 3);
	folder_remove_leftovers(place->root, true);
	assert_int_equal(count_entries(place->root), 1);
	check_content(place->path, "result.json", OURS("kept"));
	folder_abort(alive);
	folder_remove_leftovers("/nowhere", true);
}

static void misuse_aborts(void **state)
{
	struct place *place = *state;
	folder *result;
	FILE *file;

	assert_int_equal(folder_begin(place->path, place->diag, &result), NESCSIM_OK);
	assert_aborts(folder_open_file(result, "../escape"));
	file = folder_open_file(result, "a.csv");
	assert_aborts(folder_commit(result));
	assert_int_equal(folder_close_file(result, file), NESCSIM_OK);
	folder_abort(result);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(appears_at_the_commit, set_up, tear_down),
		cmocka_unit_test_setup_teardown(an_abort_leaves_nothing, set_up, tear_down),
		cmocka_unit_test_setup_teardown(an_abort_keeps_earlier_results, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_failed_write_leaves_nothing, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_name_can_be_used_once, set_up, tear_down),
		cmocka_unit_test_setup_teardown(earlier_results_are_replaced, set_up, tear_down),
		cmocka_unit_test_setup_teardown(replacing_works_without_an_exchange, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_failed_replacement_loses_neither, set_up, tear_down),
		cmocka_unit_test_setup_teardown(an_empty_folder_is_filled, set_up, tear_down),
		cmocka_unit_test_setup_teardown(foreign_folders_are_refused, set_up, tear_down),
		cmocka_unit_test_setup_teardown(other_things_are_refused, set_up, tear_down),
		cmocka_unit_test_setup_teardown(links_are_followed, set_up, tear_down),
		cmocka_unit_test_setup_teardown(missing_parents_are_made, set_up, tear_down),
		cmocka_unit_test_setup_teardown(relative_names_work, set_up, tear_down),
		cmocka_unit_test_setup_teardown(an_unwritable_parent_is_reported, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_taken_name_keeps_the_results_aside, set_up, tear_down),
		cmocka_unit_test_setup_teardown(two_runs_do_not_meet, set_up, tear_down),
		cmocka_unit_test_setup_teardown(of_two_equal_runs_the_first_one_stays, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_plain_folder_is_made, set_up, tear_down),
		cmocka_unit_test_setup_teardown(leftovers_are_removed_and_results_stay, set_up, tear_down),
		cmocka_unit_test_setup_teardown(misuse_aborts, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
