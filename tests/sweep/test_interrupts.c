/* Do signals end the wait for another program, and reach it as they did before? */
#include <unistd.h>

#include "sweep/interrupts.h"
#include "sweep/sweep_test.h"

#define SECOND INT64_C(1000000000)

static program_end run(const char *script, program_output *output)
{
	const char *const words[] = { "sh", "-c", script, NULL };
	interrupts signals;
	program_end end;

	interrupts_watch(&signals);
	end = interrupts_run(&signals, words, "NESCSIM_TEST", SECOND * 20, output);
	interrupts_unwatch(&signals);
	return end;
}

static void it_is_heard_without_what_is_hidden(void **unused)
{
	program_output output = { .out = TEXT_EMPTY };

	(void)unused;
	setenv("NESCSIM_TEST_A", "1", 1);
	setenv("NESCSIM_OTHER", "2", 1);
	assert_int_equal(run("echo \"[$NESCSIM_TEST_A] [$NESCSIM_OTHER]\"", &output), PROGRAM_EXITED);
	assert_string_equal(text_get(&output.out), "[] [2]\n");
	program_forget(&output);
}

/* The program of a sweep that is told to end is not waited for; its own signals are as they were. */
static void a_signal_ends_the_wait(void **unused)
{
	program_output output = { .out = TEXT_EMPTY };

	(void)unused;
	assert_int_equal(run("kill -INT $PPID; sleep 60", &output), PROGRAM_INTERRUPTED);
	assert_int_equal(run("kill -TERM $$; sleep 60", &output), PROGRAM_FAILED);
	program_forget(&output);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_is_heard_without_what_is_hidden),
		cmocka_unit_test(a_signal_ends_the_wait),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
