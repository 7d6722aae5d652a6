/* Running another program: what it prints and how it ends, and that signals of ours end the wait. */
#include <unistd.h>

#include "sweep/program.h"
#include "sweep/sweep_test.h"

#define SECOND INT64_C(1000000000)

static program_end run(const char *script, const char *hidden, int64_t most_ns, program_output *output)
{
	const char *const words[] = { "sh", "-c", script, NULL };
	interrupts signals;
	program_end end;

	interrupts_watch(&signals);
	end = program_run(words, hidden, &signals, most_ns, output);
	interrupts_unwatch(&signals);
	return end;
}

static void it_is_heard_and_judged(void **unused)
{
	static const char *const missing[] = { "nescsim-no-such-program", NULL };
	program_output output = { .out = TEXT_EMPTY };
	interrupts signals;

	(void)unused;
	assert_int_equal(run("echo out; echo err >&2", "X", SECOND * 20, &output), PROGRAM_EXITED);
	assert_string_equal(text_get(&output.out), "out\n");
	assert_string_equal(text_get(&output.err), "err\n");
	assert_int_equal(run("echo why >&2; echo more >&2; exit 3", "X", SECOND * 20, &output), PROGRAM_FAILED);
	assert_string_equal(text_get(&output.out), "");
	assert_string_equal(program_reason(PROGRAM_FAILED, &output), "why");
	assert_int_equal(run("kill -SEGV $$", "X", SECOND * 20, &output), PROGRAM_FAILED);
	assert_int_equal(run("sleep 60", "X", SECOND / 5, &output), PROGRAM_LATE);
	interrupts_watch(&signals);
	assert_int_equal(program_run(missing, "X", &signals, SECOND, &output), PROGRAM_MISSING);
	interrupts_unwatch(&signals);
	program_forget(&output);
}

static void some_variables_are_hidden(void **unused)
{
	program_output output = { .out = TEXT_EMPTY };

	(void)unused;
	setenv("NESCSIM_TEST_A", "1", 1);
	setenv("NESCSIM_OTHER", "2", 1);
	assert_int_equal(run("echo \"[$NESCSIM_TEST_A] [$NESCSIM_OTHER]\"", "NESCSIM_TEST", SECOND * 20, &output),
			 PROGRAM_EXITED);
	assert_string_equal(text_get(&output.out), "[] [2]\n");
	program_forget(&output);
}

/* The program of a sweep that is told to end is not waited for; its own signals are as they were. */
static void a_signal_ends_the_wait(void **unused)
{
	program_output output = { .out = TEXT_EMPTY };

	(void)unused;
	assert_int_equal(run("kill -INT $PPID; sleep 60", "X", SECOND * 20, &output), PROGRAM_INTERRUPTED);
	assert_int_equal(run("kill -TERM $$; sleep 60", "X", SECOND * 20, &output), PROGRAM_FAILED);
	program_forget(&output);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_is_heard_and_judged),
		cmocka_unit_test(some_variables_are_hidden),
		cmocka_unit_test(a_signal_ends_the_wait),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
