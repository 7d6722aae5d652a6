/* Names of what is being written: never the same twice, and whose process has ended. */
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cmocka_all.h"
#include "base/partial.h"

static void names_differ(void **unused)
{
	char *one = partial_name("a/b"), *other = partial_name("a/b");

	(void)unused;
	assert_int_equal(strncmp(one, "a/b.partial-", 12), 0);
	assert_string_not_equal(one, other);
	assert_true(partial_is(one));
	assert_false(partial_is("a/b"));
	assert_false(partial_is_dead(one));
	free(one);
	free(other);
}

static void only_a_process_of_this_host_can_be_known_to_have_ended(void **unused)
{
	char name[256] = "", copy[256];
	int ends[2];
	pid_t child;

	(void)unused;
	assert_int_equal(pipe(ends), 0);
	child = fork();
	if (child == 0) {
		char *mine = partial_name("x");

		_exit(write(ends[1], mine, strlen(mine)) < 0);
	}
	assert_int_equal(waitpid(child, NULL, 0), child);
	assert_true(read(ends[0], name, sizeof(name) - 1) > 0);
	assert_true(partial_is_dead(name));
	strcpy(copy, name);
	copy[strlen("x.partial-")] ^= 1; /* another host */
	assert_false(partial_is_dead(copy));
	assert_false(partial_is_dead("x.partial-17-0")); /* of an earlier version */
	assert_false(partial_is_dead("x"));
	close(ends[0]);
	close(ends[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_differ),
		cmocka_unit_test(only_a_process_of_this_host_can_be_known_to_have_ended),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
