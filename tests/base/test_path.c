/* What do names of files say? */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cmocka_all.h"
#include "base/path.h"

static void the_last_name_is_behind_the_last_slash(void **state)
{
	static const char *const cases[][2] = {
		{ "a/b/c.yaml", "c.yaml" },
		{ "c.yaml", "c.yaml" },
		{ "/c", "c" },
		{ "a/", "" },
		{ "", "" },
		{ "..", ".." },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_string_equal(path_last_name(cases[i][0]), cases[i][1]);
}

static void an_end_needs_something_before_it(void **state)
{
	(void)state;
	assert_true(path_has_end("a.yaml", ".yaml"));
	assert_false(path_has_end(".yaml", ".yaml"));
	assert_false(path_has_end("l", ".yaml"));
	assert_false(path_has_end("", ".yaml"));
	assert_false(path_has_end("a.yaml.old", ".yaml"));
	assert_false(path_has_end("a.YAML", ".yaml"));
}

static void links_to_folders_are_folders(void **state)
{
	char folder[] = "/tmp/nescsim-path-XXXXXX", link[64], file[64];
	FILE *made;

	(void)state;
	assert_non_null(mkdtemp(folder));
	snprintf(link, sizeof(link), "%s/link", folder);
	snprintf(file, sizeof(file), "%s/file", folder);
	assert_int_equal(symlink(folder, link), 0);
	made = fopen(file, "w");
	assert_non_null(made);
	fclose(made);
	assert_true(path_is_folder(folder));
	assert_true(path_is_folder(link));
	assert_false(path_is_folder(file));
	unlink(link);
	unlink(file);
	rmdir(folder);
	assert_false(path_is_folder(folder));
	assert_false(path_is_folder(""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_last_name_is_behind_the_last_slash),
		cmocka_unit_test(an_end_needs_something_before_it),
		cmocka_unit_test(links_to_folders_are_folders),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
