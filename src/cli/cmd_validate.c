#include <stdlib.h>

#include "cli/command.h"

static const cli_option options[] = {
	CLI_SET_OPTION,
};

static bool all_hold(const nescsim_validation *validation)
{
	return nescsim_validation_count(validation, 0, NESCSIM_HOLDS) +
		       nescsim_validation_count(validation, 1, NESCSIM_HOLDS) ==
	       nescsim_validation_num(validation);
}

static nescsim_status run(const cli_args *args)
{
	nescsim_override *overrides = calloc(CLI_MAX_OVERRIDES(args), sizeof(*overrides));
	nescsim_validation *validation = NULL;
	size_t num_overrides;
	char *memory = NULL;
	nescsim_status status = NESCSIM_NO_MEMORY;

	if (overrides != NULL)
		status = cli_overrides(args, overrides, &num_overrides, &memory);
	if (status == NESCSIM_OK)
		status = nescsim_validate(args->arguments, args->num_arguments, overrides, num_overrides, stderr,
					  args->diag, &validation);
	if (status == NESCSIM_OK)
		status = nescsim_validation_print(validation, stdout);
	if (status == NESCSIM_OK && !all_hold(validation))
		status = NESCSIM_MISSED;
	nescsim_validation_destroy(validation);
	free(overrides);
	free(memory);
	return status;
}

const cli_command command_validate = {
	.name = "validate",
	.arguments = "[CLAIM...]",
	.help = "Simulates the published experiments and says which claims hold.",
	.max_arguments = CLI_MAX_ARGUMENTS,
	.options = options,
	.num_options = sizeof(options) / sizeof(options[0]),
	.run = run,
};
