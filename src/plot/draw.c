#include "plot/draw.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PROGRAM "gnuplot"
#define PACKAGE "gnuplot-nox"

extern char **environ;

static nescsim_status fail(nescsim_diag *diag, const char *what, int error)
{
	return diag_add(diag, NESCSIM_ERROR, NESCSIM_IO, NULL, NULL, "cannot %s: %s", what, strerror(error));
}

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Takes everything out of a file or pipe, until `end_ms`; 0 or what is wrong. */
static int take_all(int from, int64_t end_ms, text_buffer *target)
{
	char block[65536];

	for (;;) {
		struct pollfd is_ready = { .fd = from, .events = POLLIN };
		const int64_t left_ms = end_ms - now_ms();
		ssize_t num_bytes;

		if (left_ms <= 0)
			return ETIMEDOUT;
		if (poll(&is_ready, 1, left_ms < INT_MAX ? (int)left_ms : INT_MAX) <= 0)
			continue;
		num_bytes = read(from, block, sizeof(block));
		if (num_bytes == 0)
			return 0;
		if (num_bytes > 0)
			text_add_bytes(target, block, (size_t)num_bytes);
		else if (errno != EINTR)
			return errno;
	}
}

/* Waits for the child until `end_ms`; then, and where it has failed already, the child is killed. Returns `error`, or what is
 * wrong now. */
static int wait_for(pid_t child, int64_t end_ms, int error, int *how_out)
{
	/* It has closed the picture, and is about to end. */
	while (error == 0) {
		const pid_t ended = waitpid(child, how_out, WNOHANG);

		if (ended == child)
			return 0;
		if (ended < 0 && errno != EINTR)
			return errno;
		if (now_ms() >= end_ms)
			error = ETIMEDOUT;
		else
			poll(NULL, 0, 1);
	}
	kill(child, SIGKILL);
	while (waitpid(child, how_out, 0) < 0 && errno == EINTR)
		;
	return error;
}

/* The first line that gnuplot complained in, without what it was about: it says "line N: reason" behind it. */
static nescsim_status report(int messages, nescsim_diag *diag)
{
	text_buffer said = TEXT_EMPTY;
	const char *line;

	if (lseek(messages, 0, SEEK_SET) == 0)
		take_all(messages, INT64_MAX, &said);
	line = strstr(text_get(&said), "line ");
	line = line != NULL ? line : text_get(&said);
	while (isspace((unsigned char)*line))
		line++;
	diag_add(diag, NESCSIM_ERROR, NESCSIM_RUN_FAILED, NULL, NULL, PROGRAM " fails: %.*s",
		 (int)(*line != '\0' ? strcspn(line, "\n") : 14), *line != '\0' ? line : "without a word");
	text_free(&said);
	return NESCSIM_RUN_FAILED;
}

/* Does a variable change what is drawn? "GNU" begins gnuplot's own: GNUTERM is tried even where a script sets another one. */
static bool is_setting(const char *variable)
{
	static const char *const begins[] = { "GNU", "FIT_", "TZ=" };

	for (size_t i = 0; i < sizeof(begins) / sizeof(begins[0]); i++)
		if (strncmp(variable, begins[i], strlen(begins[i])) == 0)
			return true;
	return false;
}

/* The environment without settings; a PDF says when it was made, and in which time zone. NULL when out of memory; the strings
 * belong to the environment. */
static char **make_environment(void)
{
	static char utc[] = "TZ=UTC";
	size_t num = 0, num_kept = 0;
	char **kept;

	while (environ[num] != NULL)
		num++;
	kept = malloc((num + 2) * sizeof(*kept));
	if (kept == NULL)
		return NULL;
	for (size_t i = 0; i < num; i++)
		if (!is_setting(environ[i]))
			kept[num_kept++] = environ[i];
	kept[num_kept++] = utc;
	kept[num_kept] = NULL;
	return kept;
}

/* Starts it with stdout and stderr to these; 0 or what is wrong. */
static int start(const char *folder, const char *script, int picture, int messages, pid_t *child_out)
{
	/* -d: without the files of settings of whoever runs this; those in the environment are taken out of it. */
	char program[] = PROGRAM, defaults[] = "-d", execute[] = "-e", to_stdout[] = "to_stdout = 1";
	char *path = strdup(script), **environment = make_environment();
	char *arguments[] = { program, defaults, execute, to_stdout, path, NULL };
	posix_spawn_file_actions_t actions;
	int error = path == NULL || environment == NULL ? ENOMEM : posix_spawn_file_actions_init(&actions);

	if (error != 0) {
		free(path);
		free(environment);
		return error;
	}
	error = posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	if (error == 0)
		error = posix_spawn_file_actions_adddup2(&actions, picture, STDOUT_FILENO);
	if (error == 0)
		error = posix_spawn_file_actions_adddup2(&actions, messages, STDERR_FILENO);
	if (error == 0)
		error = posix_spawn_file_actions_addchdir_np(&actions, folder);
	if (error == 0)
		error = posix_spawnp(child_out, program, &actions, NULL, arguments, environment);
	posix_spawn_file_actions_destroy(&actions);
	free(path);
	free(environment);
	return error;
}

/* A PDF says when it was made, which would make two runs differ: that becomes the same day for all. */
static void forget_the_time(text_buffer *picture)
{
	static const char key[] = "/CreationDate (D:", day[] = "20000101000000";
	char *at = picture->num_bytes > 4 && memcmp(picture->data, "%PDF", 4) == 0
			   ? memmem(picture->data, picture->num_bytes, key, sizeof(key) - 1)
			   : NULL;

	if (at == NULL || (size_t)(picture->data + picture->num_bytes - at) < sizeof(key) + sizeof(day))
		return;
	at += sizeof(key) - 1;
	for (size_t i = 0; i < sizeof(day) - 1; i++)
		at[i] = isdigit((unsigned char)at[i]) ? day[i] : at[i];
}

nescsim_status plot_draw(const char *folder, const char *script, int limit_ms, text_buffer *picture, nescsim_diag *diag)
{
	const int64_t end_ms = now_ms() + limit_ms;
	const int messages = memfd_create("gnuplot", MFD_CLOEXEC);
	int ends[2] = { -1, -1 }, error = 0, how = 0;
	nescsim_status status = NESCSIM_OK;
	pid_t child;

	if (messages < 0 || pipe2(ends, O_CLOEXEC) != 0) {
		status = fail(diag, "run " PROGRAM, errno);
		goto out;
	}
	error = start(folder, script, ends[1], messages, &child);
	close(ends[1]);
	if (error == ENOENT)
		status = diag_add(diag, NESCSIM_ERROR, NESCSIM_IO, NULL, "on Debian it is in the package " PACKAGE,
				  "figures are drawn by " PROGRAM ", which is not installed");
	else if (error != 0)
		status = fail(diag, "run " PROGRAM, error);
	if (status != NESCSIM_OK)
		goto out;
	error = wait_for(child, end_ms, take_all(ends[0], end_ms, picture), &how);
	if (error == ETIMEDOUT)
		status = diag_add(diag, NESCSIM_ERROR, NESCSIM_RUN_FAILED, NULL, NULL,
				  PROGRAM " was killed: it has drawn nothing in %.3g s", limit_ms / 1e3);
	else if (error != 0)
		status = fail(diag, "read what " PROGRAM " draws", error);
	else if (!WIFEXITED(how) || WEXITSTATUS(how) != 0 || picture->num_bytes == 0)
		status = report(messages, diag);
	else if (!text_ok(picture))
		status = NESCSIM_NO_MEMORY;
	else
		forget_the_time(picture);
out:
	if (ends[0] >= 0)
		close(ends[0]);
	if (messages >= 0)
		close(messages);
	return status;
}
