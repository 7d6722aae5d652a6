#include "plot/draw.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define PROGRAM "gnuplot"
#define PACKAGE "gnuplot-nox"

extern char **environ;

static nescsim_status fail(nescsim_diag *diag, const char *what, int error)
{
	return diag_add(diag, NESCSIM_ERROR, NESCSIM_IO, NULL, NULL, "cannot %s: %s", what, strerror(error));
}

/* Takes everything out of a pipe; false when it fails. */
static bool take_all(int from, text_buffer *target)
{
	char block[65536];
	ssize_t num_bytes;

	while ((num_bytes = read(from, block, sizeof(block))) != 0) {
		if (num_bytes > 0)
			text_add_bytes(target, block, (size_t)num_bytes);
		else if (errno != EINTR)
			return false;
	}
	return true;
}

/* The first line that gnuplot complained in, without what it was about: it says "line N: reason" behind it. */
static nescsim_status report(int messages, nescsim_diag *diag)
{
	text_buffer said = TEXT_EMPTY;
	const char *line;

	if (lseek(messages, 0, SEEK_SET) == 0)
		take_all(messages, &said);
	line = strstr(text_get(&said), "line ");
	line = line != NULL ? line : text_get(&said);
	while (isspace((unsigned char)*line))
		line++;
	diag_add(diag, NESCSIM_ERROR, NESCSIM_RUN_FAILED, NULL, NULL, PROGRAM " fails: %.*s",
		 (int)(*line != '\0' ? strcspn(line, "\n") : 14), *line != '\0' ? line : "without a word");
	text_free(&said);
	return NESCSIM_RUN_FAILED;
}

/* Starts it with stdout and stderr to these; 0 or what is wrong. */
static int start(const char *folder, const char *script, int picture, int messages, pid_t *child_out)
{
	/* -d: without the settings of whoever runs this. */
	char program[] = PROGRAM, defaults[] = "-d", execute[] = "-e", to_stdout[] = "to_stdout = 1";
	char *path = strdup(script);
	char *arguments[] = { program, defaults, execute, to_stdout, path, NULL };
	posix_spawn_file_actions_t actions;
	int error = path == NULL ? ENOMEM : posix_spawn_file_actions_init(&actions);

	if (error != 0) {
		free(path);
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
		error = posix_spawnp(child_out, program, &actions, NULL, arguments, environ);
	posix_spawn_file_actions_destroy(&actions);
	free(path);
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

nescsim_status plot_draw(const char *folder, const char *script, text_buffer *picture, nescsim_diag *diag)
{
	const int messages = memfd_create("gnuplot", MFD_CLOEXEC);
	int ends[2] = { -1, -1 }, error = 0, how = 0;
	nescsim_status status = NESCSIM_OK;
	bool is_whole;
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
	is_whole = take_all(ends[0], picture);
	while (waitpid(child, &how, 0) < 0 && errno == EINTR)
		;
	if (!is_whole)
		status = fail(diag, "read what " PROGRAM " draws", errno);
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
