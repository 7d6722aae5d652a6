#include "base/program.h"

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
#define NAP_NS INT64_C(1000000)
#define NS_PER_S INT64_C(1000000000)

extern char **environ;

static int64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * NS_PER_S + now.tv_nsec;
}

static bool is_hidden(const program_call *call, const char *variable)
{
	for (const char *const *begin = call->hidden; begin != NULL && *begin != NULL; begin++)
		if (strncmp(variable, *begin, strlen(*begin)) == 0)
			return true;
	return false;
}

/* The environment that the call asks for; the texts are not copied. NULL when out of memory. */
static const char **make_environment(const program_call *call)
{
	size_t num = 0;
	const char **copy;

	while (environ[num] != NULL)
		num++;
	copy = calloc(num + 2, sizeof(*copy));
	if (copy == NULL)
		return NULL;
	num = 0;
	for (char *const *at = environ; *at != NULL; at++)
		if (!is_hidden(call, *at))
			copy[num++] = *at;
	copy[num] = call->added;
	return copy;
}

/* For posix_spawn(), which takes texts that may be written, and does not write. */
static char *const *writable(const char *const *texts)
{
	const union {
		const char *const *given;
		char *const *taken;
	} same = { .given = texts };

	return same.taken;
}

static int spawn(const program_call *call, const char **environment, int out, int err, pid_t *child)
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
	posix_spawnattr_setflags(&how, (short)((call->wait != NULL ? POSIX_SPAWN_SETPGROUP : 0) |
					       (call->mask != NULL ? POSIX_SPAWN_SETSIGMASK : 0)));
	if (call->mask != NULL)
		posix_spawnattr_setsigmask(&how, call->mask);
	error = posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	if (error == 0)
		error = posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
	if (error == 0)
		error = posix_spawn_file_actions_adddup2(&actions, err, STDERR_FILENO);
	if (error == 0 && call->folder != NULL)
		error = posix_spawn_file_actions_addchdir_np(&actions, call->folder);
	if (error == 0)
		error = posix_spawnp(child, call->words[0], &actions, &how, writable(call->words),
				     writable(environment));
	posix_spawnattr_destroy(&how);
	posix_spawn_file_actions_destroy(&actions);
	return error;
}

static bool nap(const void *unused, int64_t most_ns)
{
	static const struct timespec one = { .tv_nsec = NAP_NS };

	(void)unused;
	(void)most_ns;
	nanosleep(&one, NULL);
	return false;
}

/* Its end, -1 and errno, or with WNOHANG 0. */
static pid_t look_at(pid_t child, int *how_out, int options)
{
	pid_t ended;

	do
		ended = waitpid(child, how_out, options);
	while (ended < 0 && errno == EINTR);
	return ended;
}

/* *error_out: why its end cannot be known, with PROGRAM_NO_START; where SIGCHLD is ignored it cannot. */
static program_end wait_for(pid_t child, const program_call *call, int *error_out)
{
	const int64_t until_ns = now_ns() + call->most_ns;
	pid_t ended;
	int how = 0;

	while ((ended = look_at(child, &how, WNOHANG)) == 0) {
		const bool is_late = now_ns() > until_ns;

		if (!is_late && !(call->wait != NULL ? call->wait : nap)(call->context, TICK_NS))
			continue;
		kill(call->wait != NULL ? -child : child, SIGKILL);
		look_at(child, &how, 0);
		return is_late ? PROGRAM_LATE : PROGRAM_INTERRUPTED;
	}
	if (ended < 0) {
		*error_out = errno;
		return PROGRAM_NO_START;
	}
	return WIFEXITED(how) && WEXITSTATUS(how) == 0 ? PROGRAM_EXITED : PROGRAM_FAILED;
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

program_end program_run(const program_call *call, program_output *output)
{
	const int out = memfd_create("out", MFD_CLOEXEC), err = memfd_create("err", MFD_CLOEXEC);
	const char **environment = make_environment(call);
	program_end end = PROGRAM_NO_START;
	int error = ENOMEM;
	pid_t child;

	program_forget(output);
	if (out < 0 || err < 0)
		error = errno;
	else if (environment != NULL)
		error = spawn(call, environment, out, err, &child);
	if (error == 0) {
		end = wait_for(child, call, &error);
		take_all(out, &output->out);
		take_all(err, &output->err);
	} else if (error == ENOENT) {
		end = PROGRAM_MISSING;
	}
	if (end == PROGRAM_NO_START) {
		text_cut(&output->err, 0);
		text_add(&output->err, "%s", strerror(error));
	}
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
