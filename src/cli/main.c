/* The command-line tool: finds the sub-command, prints its mistakes, and ends with its status. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "cli/command.h"

/* With a standard descriptor closed, the next file opened would take its number and our output would end up in it. */
static void keep_standard_descriptors(void)
{
	for (int descriptor = 0; descriptor <= 2; descriptor++)
		if (fcntl(descriptor, F_GETFD) < 0 && errno == EBADF)
			/* The wrong direction, so that writing still fails. */
			(void)open("/dev/null", descriptor == 0 ? O_WRONLY : O_RDONLY);
}

static nescsim_status run_command(const cli_command *command, int num_words, char *const *words, nescsim_diag *diag)
{
	cli_args args;
	nescsim_status status = cli_args_init(&args, command, num_words, words, diag);

	if (status == NESCSIM_OK) {
		if (args.wants_help)
			cli_print_command_help(command, stdout);
		else
			status = command->run(&args);
	}
	cli_args_fini(&args);
	return status;
}

int main(int argc, char *argv[])
{
	nescsim_diag *diag = nescsim_diag_create();
	nescsim_status status = NESCSIM_USAGE;
	const char *name = argc > 1 ? argv[1] : NULL;

	keep_standard_descriptors();
	if (diag == NULL) {
		status = NESCSIM_NO_MEMORY;
	} else if (name == NULL) {
		cli_print_help(stderr);
	} else if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0) {
		cli_print_help(stdout);
		status = NESCSIM_OK;
	} else if (strcmp(name, "--version") == 0) {
		status = run_command(&command_version, 0, argv, diag);
	} else {
		const cli_command *command = cli_find_command(name, diag);

		if (command != NULL)
			status = run_command(command, argc - 2, argv + 2, diag);
	}
	if (fflush(stdout) != 0 || ferror(stdout)) {
		if (status == NESCSIM_OK || status == NESCSIM_IO)
			status = nescsim_diag_error(diag, NESCSIM_IO, "standard output cannot be written", NULL);
	}
	nescsim_diag_print(diag, stderr);
	if (status != NESCSIM_OK && nescsim_diag_num_errors(diag) == 0 && name != NULL)
		fprintf(stderr, "error: %s\n", nescsim_status_text(status));
	nescsim_diag_destroy(diag);
	return nescsim_status_exit_code(status);
}
