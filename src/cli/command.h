/* What a sub-command is, and what it gets from its command line. */
#ifndef CLI_COMMAND_H
#define CLI_COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "nescsim/nescsim.h"

#define CLI_MAX_ARGUMENTS 32

typedef struct cli_option {
	const char *name;  /* without the dashes */
	const char *value; /* what the help calls its value ("DIR"); NULL = it takes none */
	const char *help;
} cli_option;

typedef struct cli_args cli_args;

typedef struct cli_command {
	const char *name;
	const char *arguments;               /* as the help shows them: "CONFIG" */
	const char *help;                    /* one sentence */
	size_t min_arguments, max_arguments; /* that are no options */
	const cli_option *options;
	size_t num_options;
	/* Mistakes go into args->diag, which the caller prints. The exit code is the status's. */
	nescsim_status (*run)(const cli_args *args);
} cli_command;

typedef struct cli_value {
	const cli_option *option;
	const char *text; /* NULL for an option without a value */
} cli_value;

/* A command line, taken apart. */
struct cli_args {
	const cli_command *command;
	const char *arguments[CLI_MAX_ARGUMENTS];
	size_t num_arguments;
	cli_value *values; /* the options given, in order */
	size_t num_values;
	bool wants_help;
	nescsim_diag *diag;
};

#define X(name) extern const cli_command command_##name;
#define COMMAND(name) X(name)
#include "cli/commands.def"
#undef COMMAND
#undef X

extern const cli_command *const cli_commands[];
extern const size_t cli_num_commands;

/* Takes the words after the command's name apart. Options may stand anywhere, with their values as next word or behind
 * `=`; behind `--` nothing is an option. Returns NESCSIM_OK, NESCSIM_USAGE or NESCSIM_NO_MEMORY; cli_args_fini() frees
 * in every case. */
nescsim_status cli_args_init(cli_args *args, const cli_command *command, int num_words, char *const *words,
			     nescsim_diag *diag);
void cli_args_fini(cli_args *args);

/* The value of the option given last, or NULL; whether an option is given. */
const char *cli_text(const cli_args *args, const char *option);
bool cli_flag(const cli_args *args, const char *option);

/* A whole number given as an option; `otherwise` when it is not given. Returns NESCSIM_OK or NESCSIM_USAGE. */
nescsim_status cli_number(const cli_args *args, const char *option, uint64_t otherwise, uint64_t *number_out);

/* --jobs; 0 when it is not given. Returns NESCSIM_OK or NESCSIM_USAGE. */
nescsim_status cli_jobs(const cli_args *args, uint32_t *num_out);

/* Adds a usage error with a hint (may be NULL) and returns NESCSIM_USAGE. */
nescsim_status cli_usage(nescsim_diag *diag, const char *hint, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Room for the changes that options ask for. */
#define CLI_MAX_OVERRIDES(args) (2 * (args)->num_values + 1)

/* The changes that options ask for: those of the tables below. `overrides` has room for CLI_MAX_OVERRIDES(args) entries;
 * what they point to lives as long as `args` and *memory_out, to be freed in every case.
 * Returns NESCSIM_OK, NESCSIM_USAGE or NESCSIM_NO_MEMORY. */
nescsim_status cli_overrides(const cli_args *args, nescsim_override *overrides, size_t *num_out, char **memory_out);

/* Loads the configuration named by the first argument, with the options below applied. */
nescsim_status cli_load(const cli_args *args, nescsim_config **config_out);

/* The names of --schemes; none when it is not given. Both *names_out and *memory_out, where they are kept, are to be
 * freed in every case. Returns NESCSIM_OK, NESCSIM_USAGE (none is named) or NESCSIM_NO_MEMORY. */
nescsim_status cli_schemes(const cli_args *args, const char ***names_out, size_t *num_out, char **memory_out);

/* "results/vc707" and the suffix for configs/vc707.yaml; to be freed, NULL when out of memory. */
char *cli_default_folder(const char *config_name, const char *suffix);

/* The file of this very program, as tasks elsewhere are to start it. False when that cannot be known. */
bool cli_program(char *path, size_t path_bytes);

/* The options that cli_load() knows; for the tables of commands. */
#define CLI_SET_OPTION                                                                                  \
	{                                                                                               \
		"set", "KEY=VALUE", "Changes a key of the configuration (may be given more than once)." \
	}
#define CLI_SCHEMES_OPTION                                                               \
	{                                                                                \
		"schemes", "A,B", "Simulates these schemes; the first is compared with." \
	}
#define CLI_FORMAT_OPTION                                                                                            \
	{                                                                                                            \
		"format", "NAME",                                                                                    \
			"Takes the trace to have this format (`nescsim readers`) instead of looking at its content." \
	}
#define CLI_TRACE_OPTIONS                                                                                  \
	{ "trace", "FILE",                                                                                 \
	  "Replays this trace in the first entry of vms; several files as a pattern: 'DIR/*.csv.gz'." },   \
		CLI_FORMAT_OPTION,                                                                         \
		{ "skip", "TIME", "Leaves out what the trace has before this time, such as '10 s'." },     \
		{ "window", "TIME", "Replays what the trace has in so much time, such as '1 min'." },      \
	{                                                                                                  \
		"time-scale", "FACTOR", "Makes the trace's times longer, or shorter (0.5: twice as fast)." \
	}
#define CLI_SEED_OPTION                       \
	{                                     \
		"seed", "N", "Sets sim.seed." \
	}
#define CLI_REQUESTS_OPTION                                                                  \
	{                                                                                    \
		"requests", NULL, "Writes requests.csv too: one row per request and scheme." \
	}

#define CLI_CHECK_OPTION                                                                             \
	{                                                                                            \
		"check", NULL, "Stamps every block's data and verifies every read (sim.check=true)." \
	}

/* The help page of all commands, or of one. */
void cli_print_help(FILE *out);
void cli_print_command_help(const cli_command *command, FILE *out);

/* The command of this name; NULL, and an error with the nearest match, when there is none. */
const cli_command *cli_find_command(const char *name, nescsim_diag *diag);

/* Prints a name with its help, or a list of them. */
void cli_print_item(nescsim_item item, FILE *out);
nescsim_status cli_print_list(nescsim_list list, FILE *out);

#endif
