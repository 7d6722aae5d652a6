/* Does a failed check say where, when and in which actor, and abort? */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/cmocka_all.h"

/* Runs `fails` in a child and returns what it wrote to stderr; the child must have aborted. */
static void abort_message(void (*fails)(void), char *message, size_t message_bytes)
{
	int ends[2], status;
	size_t length = 0;
	ssize_t got;
	pid_t child;

	assert_int_equal(pipe(ends), 0);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		signal(SIGABRT, SIG_DFL);
		dup2(ends[1], STDERR_FILENO);
		close(ends[0]);
		fails();
		_exit(0);
	}
	close(ends[1]);
	while ((got = read(ends[0], message + length, message_bytes - 1 - length)) > 0)
		length += (size_t)got;
	message[length] = '\0';
	close(ends[0]);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}

static void fail_outside_a_simulation(void)
{
	NESC_ASSERT_ALWAYS(1 + 1 == 3, "sums are %s", "wrong");
}

static void fail_in_an_actor(void)
{
	assert_context.now_ps = 24000;
	assert_context.actor = "mux";
	NESC_ASSERT(assert_context.now_ps == 0, "late");
}

static void refresh(assert_context_t *context)
{
	context->now_ps = 8000;
	context->actor = "walker 1";
}

static void fail_with_refresh(void)
{
	assert_context.refresh = refresh;
	NESC_ASSERT_ALWAYS(0, "late");
}

static void a_failure_names_place_condition_and_reason(void **state)
{
	char message[500];
	const char *tail;

	(void)state;
	abort_message(fail_outside_a_simulation, message, sizeof(message));
	tail = strstr(message, "test_assert.c:");
	assert_non_null(tail);
	tail = strstr(tail, ": bug:");
	assert_non_null(tail);
	assert_string_equal(tail, ": bug: sums are wrong [1 + 1 == 3]\n");
}

static void a_failure_tells_the_simulated_time_and_the_actor(void **state)
{
	char message[500];

	(void)state;
	abort_message(fail_in_an_actor, message, sizeof(message));
	assert_string_equal(strstr(message, "late"), "late [assert_context.now_ps == 0] at 24000 ps in actor 'mux'\n");
	abort_message(fail_with_refresh, message, sizeof(message));
	assert_string_equal(strstr(message, "late"), "late [0] at 8000 ps in actor 'walker 1'\n");
}

static int num_evaluations;

static int evaluate(void)
{
	return ++num_evaluations;
}

static void a_true_condition_is_evaluated_once_and_does_nothing(void **state)
{
	(void)state;
	num_evaluations = 0;
	NESC_ASSERT_ALWAYS(evaluate(), "never");
	assert_int_equal(num_evaluations, 1);
	NESC_ASSERT_OFF(evaluate() < 0, "never");
	assert_int_equal(num_evaluations, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_failure_names_place_condition_and_reason),
		cmocka_unit_test(a_failure_tells_the_simulated_time_and_the_actor),
		cmocka_unit_test(a_true_condition_is_evaluated_once_and_does_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
