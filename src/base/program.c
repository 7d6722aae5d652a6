#include "sweep/program.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define TICK_NS INT64_C(100000000)
#define NS_PER_S INT64_C(1000000000)

extern char **environ;

static int64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * NS_PER_S + now.tv_nsec;
}

/* The environment without what begins with `hidden`; the texts are not copied. NULL when out of memory. */
static char **make_environment(const char *hidden)
{
	size_t num = 0;
	char **copy;

	while (environ[num] != NULL)
		num++;
	copy = calloc(num + 1, sizeof(*copy));
	if (copy == NULL)
		return NULL;
	num = 0;
	for (char *const *at = environ; *at != NULL; at++)
		if (strncmp(*at, hidden, strlen(hidden)) != 0)
			copy[num++] = *at;
	return copy;
}

/* posix_spawn() takes words that may be written, and does not write. */
static char **copy_words(const char *const *words)
{
	size_t num = 0;
	char **copy;

	while (words[num] != NULL)
		num++;
	copy = calloc(num + 1, sizeof(*copy));
	for (size_t i = 0; copy != NULL && i < num; i++)
		copy[i] = strdup(words[i]);
	return copy;
}

static void free_words(char **words, const char *const *like)
{
	for (size_t i = 0; words != NULL && like[i] != NULL; i++)
		free(words[i]);
	free(words);
}

static bool has_all(char *const *words, const char *const *like)
{
	for (size_t i = 0; like[i] != NULL; i++)
		if (words == NULL || words[i] == NULL)
			return false;
	return words != NULL;
}

static int spawn(char *const *words, char *const *environment, const interrupts *signals, int out, int err,
		 pid_t *child)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t how;
	int error = posix_spawn_file_actions_init(&actions);

	if (error != 0)
		return error;
	error = posix_spawnattr_init(&how);
	if (error != 0) {
		posix_spawn_file_actions_destroy(&actions);
		return error;
	}
	posix_spawnattr_setflags(&how, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK);
	posix_spawnattr_setsigmask(&how, &signals->mask_before);
	error = posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	if (error == 0)
		error = posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
	if (error == 0)
		error = posix_spawn_file_actions_adddup2(&actions, err, STDERR_FILENO);
	if (error == 0)
		error = posix_spawnp(child, words[0], &actions, &how, words, environment);
	posix_spawnattr_destroy(&how);
	posix_spawn_file_actions_destroy(&actions);
	return error;
}

static program_end wait_for(pid_t child, const interrupts *signals, int64_t most_ns)
{
	const int64_t until_ns = now_ns() + most_ns;
	program_end end = PROGRAM_FAILED;
	int how = 0;

	while (waitpid(child, &how, WNOHANG) == 0) {
		const bool is_late = now_ns() > until_ns;

		if (!is_late && !interrupts_wait(signals, TICK_NS))
			continue;
		kill(-child, SIGKILL);
		waitpid(child, &how, 0);
		return is_late ? PROGRAM_LATE : PROGRAM_INTERRUPTED;
	}
	if (WIFEXITED(how) && WEXITSTATUS(how) == 0)
		end = PROGRAM_EXITED;
	return end;
}

static void take_all(int from, text_buffer *to)
{
	char block[4096];
	ssize_t num_bytes;

	if (lseek(from, 0, SEEK_SET) != 0)
		return;
	while ((num_bytes = read(from, block, sizeof(block))) > 0)
		text_add_bytes(to, block, (size_t)num_bytes);
}

program_end program_run(const char *const *words, const char *hidden, const interrupts *signals, int64_t most_ns,
			program_output *output)
{
	const int out = memfd_create("out", MFD_CLOEXEC), err = memfd_create("err", MFD_CLOEXEC);
	char **environment = make_environment(hidden), **copy = copy_words(words);
	program_end end = PROGRAM_NO_START;
	int error = ENOMEM;
	pid_t child;

	program_forget(output);
	if (out < 0 || err < 0)
		error = errno;
	else if (environment != NULL && has_all(copy, words))
		error = spawn(copy, environment, signals, out, err, &child);
	if (error == 0) {
		end = wait_for(child, signals, most_ns);
		take_all(out, &output->out);
		take_all(err, &output->err);
	} else if (error == ENOENT) {
		end = PROGRAM_MISSING;
	} else {
		text_add(&output->err, "%s", strerror(error));
	}
	free_words(copy, words);
	free(environment);
	if (out >= 0)
		close(out);
	if (err >= 0)
		close(err);
	return end;
}

void program_forget(program_output *output)
{
	text_free(&output->out);
	text_free(&output->err);
}

const char *program_reason(program_end end, program_output *output)
{
	size_t num_bytes;

	if (end == PROGRAM_LATE)
		return "it does not answer";
	if (end == PROGRAM_MISSING)
		return "it is not installed";
	num_bytes = strcspn(text_get(&output->err), "\n");
	if (num_bytes == 0)
		return "without a word";
	text_cut(&output->err, num_bytes);
	return text_get(&output->err);
}
