#include "cli/command.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const cli_command *const cli_commands[] = {
#define COMMAND(name) &command_##name,
#include "cli/commands.def"
#undef COMMAND
};

const size_t cli_num_commands = sizeof(cli_commands) / sizeof(cli_commands[0]);

static const cli_option help_option = { "help", NULL, "Shows this help." };

nescsim_status cli_usage(nescsim_diag *diag, const char *hint, const char *format, ...)
{
	char message[512];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(message, sizeof(message), format, arguments);
	va_end(arguments);
	return nescsim_diag_error(diag, NESCSIM_USAGE, message, hint);
}

/* ---- taking apart ----------------------------------------------------------------------------------------------- */

static const cli_option *find_option(const cli_command *command, const char *name, size_t num_bytes)
{
	for (size_t i = 0; i < command->num_options; i++) {
		const cli_option *option = &command->options[i];

		if (strlen(option->name) == num_bytes && memcmp(option->name, name, num_bytes) == 0)
			return option;
	}
	return num_bytes == 4 && memcmp(name, "help", 4) == 0 ? &help_option : NULL;
}

static nescsim_status unknown_option(const cli_args *args, const char *name, size_t num_bytes)
{
	const cli_command *command = args->command;
	const char **names = calloc(command->num_options + 1, sizeof(*names));
	char *copy = strndup(name, num_bytes);
	const char *nearest = NULL;
	char hint[128];
	nescsim_status status;

	if (names == NULL || copy == NULL) {
		free(names);
		free(copy);
		return NESCSIM_NO_MEMORY;
	}
	for (size_t i = 0; i < command->num_options; i++)
		names[i] = command->options[i].name;
	nearest = nescsim_nearest(copy, names, command->num_options);
	if (nearest != NULL)
		snprintf(hint, sizeof(hint), "did you mean --%s?", nearest);
	else
		snprintf(hint, sizeof(hint), "`nescsim %s --help` lists them", command->name);
	status = cli_usage(args->diag, hint, "`nescsim %s` has no option --%s", command->name, copy);
	free(names);
	free(copy);
	return status;
}

/* The option at words[*at], which begins with two dashes; its value may be the next word. */
static nescsim_status take_option(cli_args *args, int num_words, char *const *words, int *at)
{
	const char *name = words[*at] + 2;
	const char *equals = strchr(name, '=');
	const size_t num_bytes = equals != NULL ? (size_t)(equals - name) : strlen(name);
	const cli_option *option = find_option(args->command, name, num_bytes);
	cli_value *value = &args->values[args->num_values];

	if (option == NULL)
		return unknown_option(args, name, num_bytes);
	if (option->value == NULL && equals != NULL)
		return cli_usage(args->diag, NULL, "--%s takes no value", option->name);
	if (option == &help_option) {
		args->wants_help = true;
		return NESCSIM_OK;
	}
	*value = (cli_value){ .option = option };
	if (option->value != NULL) {
		if (equals == NULL && *at + 1 == num_words)
			return cli_usage(args->diag, NULL, "--%s needs a value: --%s %s", option->name, option->name,
					 option->value);
		value->text = equals != NULL ? equals + 1 : words[++*at];
	}
	args->num_values++;
	return NESCSIM_OK;
}

/* A word too many: often what the shell made of a pattern. */
static nescsim_status no_use_for(const cli_args *args, const char *word)
{
	const cli_value *last = args->num_values != 0 ? &args->values[args->num_values - 1] : NULL;
	char hint[128];

	if (last != NULL && last->text != NULL)
		snprintf(hint, sizeof(hint), "--%s takes one word: put a pattern, or blanks, between quotation marks",
			 last->option->name);
	return cli_usage(args->diag, last != NULL && last->text != NULL ? hint : NULL,
			 "`nescsim %s` has no use for '%s'", args->command->name, word);
}

static nescsim_status check_arguments(const cli_args *args)
{
	const cli_command *command = args->command;

	if (args->num_arguments < command->min_arguments)
		return cli_usage(args->diag, NULL, "`nescsim %s` needs an argument: nescsim %s %s", command->name,
				 command->name, command->arguments);
	return NESCSIM_OK;
}

nescsim_status cli_args_init(cli_args *args, const cli_command *command, int num_words, char *const *words,
			     nescsim_diag *diag)
{
	bool options_end = false;
	nescsim_status status = NESCSIM_OK;

	*args = (cli_args){ .command = command, .diag = diag };
	args->values = calloc((size_t)num_words + 1, sizeof(*args->values));
	if (args->values == NULL)
		return NESCSIM_NO_MEMORY;
	for (int i = 0; status == NESCSIM_OK && i < num_words; i++) {
		const char *word = words[i];

		if (!options_end && strcmp(word, "--") == 0) {
			options_end = true;
		} else if (!options_end && strncmp(word, "--", 2) == 0) {
			status = take_option(args, num_words, words, &i);
		} else if (!options_end && strcmp(word, "-h") == 0) {
			args->wants_help = true;
		} else if (!options_end && word[0] == '-' && word[1] != '\0') {
			status = cli_usage(diag, "options begin with two dashes", "`nescsim %s` has no option %s",
					   command->name, word);
		} else if (args->num_arguments == command->max_arguments) {
			status = no_use_for(args, word);
		} else {
			args->arguments[args->num_arguments++] = word;
		}
	}
	if (status == NESCSIM_OK && !args->wants_help)
		status = check_arguments(args);
	return status;
}

void cli_args_fini(cli_args *args)
{
	free(args->values);
}

/* ---- values ----------------------------------------------------------------------------------------------------- */

const char *cli_text(const cli_args *args, const char *option)
{
	for (size_t i = args->num_values; i > 0; i--)
		if (strcmp(args->values[i - 1].option->name, option) == 0)
			return args->values[i - 1].text;
	return NULL;
}

bool cli_flag(const cli_args *args, const char *option)
{
	for (size_t i = 0; i < args->num_values; i++)
		if (strcmp(args->values[i].option->name, option) == 0)
			return true;
	return false;
}

nescsim_status cli_number(const cli_args *args, const char *option, uint64_t otherwise, uint64_t *number_out)
{
	const char *text = cli_text(args, option);
	char *end;

	*number_out = otherwise;
	if (text == NULL)
		return NESCSIM_OK;
	errno = 0;
	*number_out = strtoull(text, &end, 10);
	if (!isdigit((unsigned char)text[0]) || *end != '\0' || errno != 0 || *number_out > INT64_MAX)
		return cli_usage(args->diag, NULL, "--%s '%s' is not a whole number", option, text);
	return NESCSIM_OK;
}

/* ---- configurations --------------------------------------------------------------------------------------------- */

/* Options that stand for a key. */
static const struct shorthand {
	const char *option, *path;
	const char *value; /* NULL: the option's */
	bool is_text;      /* the value is no YAML: a file's name, say */
	const char *with;  /* only for commands that have this option, too; NULL: for all */
} shorthands[] = {
	{ "seed", "sim.seed", NULL, false, NULL },
	{ "requests", "output.requests", "true", false, NULL },
	{ "check", "sim.check", "true", false, NULL },
	{ "trace", "vms[0].workload.kind", "trace", false, NULL },
	{ "trace", "vms[0].workload.file", NULL, true, NULL },
	{ "format", "vms[0].workload.format", NULL, true, "trace" },
	{ "skip", "vms[0].workload.skip", NULL, false, NULL },
	{ "window", "vms[0].workload.window", NULL, false, NULL },
	{ "time-scale", "vms[0].workload.time_scale", NULL, false, NULL },
};

#define NUM_SHORTHANDS (sizeof(shorthands) / sizeof(shorthands[0]))

/* The text between YAML's single quotation marks; moves *memory behind it. */
static const char *quote(const char *text, char **memory)
{
	char *begin = *memory, *at = begin;

	*at++ = '\'';
	for (; *text; text++) {
		if (*text == '\'')
			*at++ = '\'';
		*at++ = *text;
	}
	*at++ = '\'';
	*at++ = '\0';
	*memory = at;
	return begin;
}

nescsim_status cli_overrides(const cli_args *args, nescsim_override *overrides, size_t *num_out, char **memory_out)
{
	size_t num_bytes = 1;
	char *memory;
	uint64_t seed;
	nescsim_status status = cli_number(args, "seed", 0, &seed);

	*num_out = 0;
	*memory_out = NULL;
	if (status != NESCSIM_OK)
		return status;
	for (size_t i = 0; i < args->num_values; i++)
		if (args->values[i].text != NULL)
			num_bytes += 2 * strlen(args->values[i].text) + 3;
	*memory_out = memory = calloc(num_bytes, 1);
	if (memory == NULL)
		return NESCSIM_NO_MEMORY;
	for (size_t i = 0; i < args->num_values; i++) {
		const char *name = args->values[i].option->name, *text = args->values[i].text;

		if (strcmp(name, "set") == 0) {
			const char *equals = strchr(text, '=');

			if (equals == NULL || equals == text)
				return cli_usage(args->diag, "such as --set nesc.btlb.entries=16",
						 "--set '%s' is not KEY=VALUE", text);
			memcpy(memory, text, (size_t)(equals - text));
			overrides[(*num_out)++] = (nescsim_override){ .path = memory, .value = equals + 1 };
			memory += equals - text + 1;
			continue;
		}
		for (size_t j = 0; j < NUM_SHORTHANDS; j++) {
			const struct shorthand *of = &shorthands[j];

			if (strcmp(name, of->option) == 0 &&
			    (of->with == NULL || find_option(args->command, of->with, strlen(of->with)) != NULL))
				overrides[(*num_out)++] = (nescsim_override){
					.path = of->path,
					.value = of->value != NULL ? of->value
						 : of->is_text     ? quote(text, &memory)
								   : text,
				};
		}
	}
	return NESCSIM_OK;
}

nescsim_status cli_schemes(const cli_args *args, const char ***names_out, size_t *num_out, char **memory_out)
{
	const char *text = cli_text(args, "schemes");
	char *word, *rest = NULL;

	*names_out = NULL;
	*memory_out = NULL;
	*num_out = 0;
	if (text == NULL)
		return NESCSIM_OK;
	*memory_out = strdup(text);
	*names_out = calloc(strlen(text) + 1, sizeof(**names_out));
	if (*memory_out == NULL || *names_out == NULL)
		return NESCSIM_NO_MEMORY;
	for (word = strtok_r(*memory_out, ", ", &rest); word != NULL; word = strtok_r(NULL, ", ", &rest))
		(*names_out)[(*num_out)++] = word;
	return *num_out == 0 ? cli_usage(args->diag, "such as --schemes host,nesc", "no scheme is named") : NESCSIM_OK;
}

static nescsim_status set_schemes(const cli_args *args, nescsim_config *config)
{
	const char **names;
	char *memory;
	size_t num_names;
	nescsim_status status = cli_schemes(args, &names, &num_names, &memory);

	if (status == NESCSIM_OK && num_names != 0)
		status = nescsim_config_set_schemes(config, names, num_names, args->diag);
	free(names);
	free(memory);
	return status;
}

nescsim_status cli_load(const cli_args *args, nescsim_config **config_out)
{
	nescsim_override *overrides = calloc(CLI_MAX_OVERRIDES(args), sizeof(*overrides));
	size_t num_overrides;
	char *memory = NULL;
	nescsim_status status = NESCSIM_NO_MEMORY;

	*config_out = NULL;
	if (overrides != NULL)
		status = cli_overrides(args, overrides, &num_overrides, &memory);
	if (status == NESCSIM_OK)
		status = nescsim_config_load(args->arguments[0], overrides, num_overrides, args->diag, config_out);
	free(overrides);
	free(memory);
	if (status == NESCSIM_OK)
		status = set_schemes(args, *config_out);
	if (status != NESCSIM_OK) {
		nescsim_config_destroy(*config_out);
		*config_out = NULL;
	}
	return status;
}

char *cli_default_folder(const char *config_name, const char *suffix)
{
	size_t end = strlen(config_name), begin, num_bytes;
	const char *name, *dot;
	char *folder = NULL;

	while (end > 1 && config_name[end - 1] == '/')
		end--;
	for (begin = end; begin > 0 && config_name[begin - 1] != '/';)
		begin--;
	name = config_name + begin;
	dot = memrchr(name, '.', end - begin);
	num_bytes = dot != NULL && dot != name ? (size_t)(dot - name) : end - begin;

	return asprintf(&folder, "results/%.*s%s", (int)num_bytes, name, suffix) < 0 ? NULL : folder;
}

nescsim_status cli_jobs(const cli_args *args, uint32_t *num_out)
{
	uint64_t num;
	nescsim_status status = cli_number(args, "jobs", 0, &num);

	*num_out = 0;
	if (status == NESCSIM_OK && cli_text(args, "jobs") != NULL && (num == 0 || num > 4096))
		return cli_usage(args->diag, NULL, "--jobs is 1 to 4096");
	if (status == NESCSIM_OK)
		*num_out = (uint32_t)num;
	return status;
}

bool cli_program(char *path, size_t path_bytes)
{
	const ssize_t num_bytes = readlink("/proc/self/exe", path, path_bytes - 1);

	path[num_bytes < 0 ? 0 : num_bytes] = '\0';
	return num_bytes > 0;
}

/* ---- help ------------------------------------------------------------------------------------------------------- */

void cli_print_help(FILE *out)
{
	fprintf(out,
		"nescsim %s: exact simulation of storage virtualization\n\n"
		"usage: nescsim COMMAND [ARGUMENT...] [--OPTION...]\n\n",
		nescsim_version());
	for (size_t i = 0; i < cli_num_commands; i++) {
		const cli_command *command = cli_commands[i];
		const int column = fprintf(out, "  %s %s", command->name, command->arguments);

		fprintf(out, "%*s%s\n", column < 22 ? 22 - column : 1, "", command->help);
	}
	fprintf(out, "\n`nescsim help COMMAND` tells more. A first try: nescsim run configs/vc707.yaml\n"
		     "Exit codes: 0 ok, 1 failed run or claim, 2 wrong usage, 3 error in a configuration or trace, 4 "
		     "input or output.\n");
}

void cli_print_command_help(const cli_command *command, FILE *out)
{
	fprintf(out, "usage: nescsim %s%s%s%s\n\n%s\n", command->name, *command->arguments ? " " : "",
		command->arguments, command->num_options != 0 ? " [--OPTION...]" : "", command->help);
	for (size_t i = 0; i < command->num_options; i++) {
		const cli_option *option = &command->options[i];
		int column;

		if (i == 0)
			fputc('\n', out);
		column = fprintf(out, "  --%s%s%s", option->name, option->value != NULL ? " " : "",
				 option->value != NULL ? option->value : "");
		fprintf(out, "%*s%s\n", column < 22 ? 22 - column : 1, "", option->help);
	}
}

const cli_command *cli_find_command(const char *name, nescsim_diag *diag)
{
	const char *names[sizeof(cli_commands) / sizeof(cli_commands[0])];
	const char *nearest;
	char hint[128];

	for (size_t i = 0; i < cli_num_commands; i++) {
		if (strcmp(cli_commands[i]->name, name) == 0)
			return cli_commands[i];
		names[i] = cli_commands[i]->name;
	}
	nearest = nescsim_nearest(name, names, cli_num_commands);
	if (nearest != NULL)
		snprintf(hint, sizeof(hint), "did you mean %s?", nearest);
	else
		snprintf(hint, sizeof(hint), "`nescsim --help` lists them");
	cli_usage(diag, hint, "there is no command '%s'", name);
	return NULL;
}

void cli_print_item(nescsim_item item, FILE *out)
{
	fprintf(out, "%-12s %s\n", item.name, item.help);
}

nescsim_status cli_print_list(nescsim_list list, FILE *out)
{
	for (size_t i = 0; i < nescsim_list_num(list); i++)
		cli_print_item(nescsim_list_item(list, i), out);
	return fflush(out) != 0 || ferror(out) ? NESCSIM_IO : NESCSIM_OK;
}
