/* Checks that a statement aborts, as an assertion does. */
#ifndef TESTS_METRICS_DEATH_H
#define TESTS_METRICS_DEATH_H

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define assert_aborts(statement)                                                   \
	do {                                                                       \
		pid_t child_ = fork();                                             \
		int status_ = 0;                                                   \
		if (child_ == 0) {                                                 \
			const struct rlimit no_core_ = { 0, 0 };                   \
			int null_ = open("/dev/null", O_WRONLY);                   \
			setrlimit(RLIMIT_CORE, &no_core_);                         \
			signal(SIGABRT, SIG_DFL);                                  \
			dup2(null_, STDERR_FILENO);                                \
			statement;                                                 \
			_exit(0);                                                  \
		}                                                                  \
		assert_true(child_ > 0);                                           \
		assert_int_equal(waitpid(child_, &status_, 0), child_);            \
		assert_true(WIFSIGNALED(status_) && WTERMSIG(status_) == SIGABRT); \
	} while (0)

#endif
