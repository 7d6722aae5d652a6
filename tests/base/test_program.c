/* Running another program: what it prints, how it ends, and what it is given. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cmocka_all.h"
#include "base/program.h"

#define SECOND INT64_C(1000000000)

/* `more` says the rest of the call. */
static program_end run(const char *script, program_call more, program_output *output)
{
	const char *const words[] = { "sh", "-c", script, NULL };

	more.words = words;
	more.most_ns = more.most_ns != 0 ? more.most_ns : SECOND * 20;
	return program_run(&more, output);
}

static const program_call plain;

static void it_is_heard_and_judged(void **unused)
{
	static const char *const missing[] = { "nescsim-no-such-program", NULL };
	const program_call late = { .most_ns = SECOND / 5 }, none = { .words = missing, .most_ns = SECOND };
	program_output output = { .out = TEXT_EMPTY };

	(void)unused;
	assert_int_equal(run("echo out; echo err >&2", plain, &output), PROGRAM_EXITED);
	assert_string_equal(text_get(&output.out), "out\n");
	assert_string_equal(text_get(&output.err), "err\n");
	assert_int_equal(run("echo why >&2; echo more >&2; exit 3", plain, &output), PROGRAM_FAILED);
	assert_string_equal(text_get(&output.out), "");
	assert_string_equal(program_reason(PROGRAM_FAILED, &output), "why");
	assert_int_equal(run("kill -SEGV $$", plain, &output), PROGRAM_FAILED);
	assert_int_equal(run("sleep 60", late, &output), PROGRAM_LATE);
	assert_int_equal(program_run(&none, &output), PROGRAM_MISSING);
	program_forget(&output);
}

static void its_surroundings_are_as_asked_for(void **unused)
{
	static const char *const hidden[] = { "NESCSIM_A", "NESCSIM_B", NULL };
	const program_call call = { .folder = "/usr", .hidden = hidden, .added = "NESCSIM_B=new" };
	program_output output = { .out = TEXT_EMPTY };

	(void)unused;
	setenv("NESCSIM_A_LONGER", "1", 1);
	setenv("NESCSIM_B", "2", 1);
	setenv("NESCSIM_C", "3", 1);
	assert_int_equal(run("pwd; echo \"[$NESCSIM_A_LONGER] [$NESCSIM_B] [$NESCSIM_C]\"", call, &output),
			 PROGRAM_EXITED);
	assert_string_equal(text_get(&output.out), "/usr\n[] [new] [3]\n");
	assert_int_equal(run("cat; echo \"[$NESCSIM_B]\"", plain, &output), PROGRAM_EXITED);
	assert_string_equal(text_get(&output.out), "[2]\n");
	program_forget(&output);
}

static bool give_up(const void *count, int64_t most_ns)
{
	int *const *left = count;

	(void)most_ns;
	usleep(10000);
	return --**left == 0;
}

/* A zombie that nobody has taken yet is dead, too. */
static bool is_alive(const char *process)
{
	char path[64], line[8] = "";
	FILE *file;
	size_t num;

	snprintf(path, sizeof(path), "/proc/%d/cmdline", atoi(process));
	file = fopen(path, "r");
	if (file == NULL)
		return false;
	num = fread(line, 1, sizeof(line), file);
	fclose(file);
	return num != 0;
}

/* And its children die with it. */
static void who_waits_may_give_up(void **unused)
{
	int left = 100, *at = &left;
	const program_call call = { .wait = give_up, .context = &at };
	program_output output = { .out = TEXT_EMPTY };

	(void)unused;
	assert_int_equal(run("sleep 60 & echo $!; wait", call, &output), PROGRAM_INTERRUPTED);
	assert_int_equal(left, 0);
	assert_true(atoi(text_get(&output.out)) > 1);
	for (int i = 0; i < 500 && is_alive(text_get(&output.out)); i++)
		usleep(10000);
	assert_false(is_alive(text_get(&output.out)));
	program_forget(&output);
}

/* Ctrl-C reaches a program that nobody can give up, as it reaches us. */
static void groups_are_as_said(void **unused)
{
	int left = 1000000, *at = &left;
	const program_call watched = { .wait = give_up, .context = &at };
	program_output output = { .out = TEXT_EMPTY };

	(void)unused;
	assert_int_equal(run("cut -d ' ' -f 5 /proc/$$/stat", plain, &output), PROGRAM_EXITED);
	assert_int_equal(atoi(text_get(&output.out)), getpgrp());
	assert_int_equal(run("cut -d ' ' -f 5 /proc/$$/stat", watched, &output), PROGRAM_EXITED);
	assert_int_not_equal(atoi(text_get(&output.out)), getpgrp());
	program_forget(&output);
}

/* What has failed is no success where the kernel keeps its end to itself. */
static void without_an_end_there_is_no_success(void **unused)
{
	program_output output = { .out = TEXT_EMPTY };

	(void)unused;
	signal(SIGCHLD, SIG_IGN);
	assert_int_equal(run("exit 1", plain, &output), PROGRAM_NO_START);
	assert_string_equal(program_reason(PROGRAM_NO_START, &output), "No child processes");
	signal(SIGCHLD, SIG_DFL);
	program_forget(&output);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_is_heard_and_judged),
		cmocka_unit_test(its_surroundings_are_as_asked_for),
		cmocka_unit_test(who_waits_may_give_up),
		cmocka_unit_test(groups_are_as_said),
		cmocka_unit_test(without_an_end_there_is_no_success),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
