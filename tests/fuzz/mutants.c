#include "fuzz/mutants.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sim/sim.h"

#define MAX_SECONDS 20 /* of one config: a bug may make it endless */

#ifdef NESCSIM_MUTANTS
typedef struct mutant_row {
	const char *name;
	mutants_class class;
} mutant_row;

static const mutant_row mutants[] = {
	{ "no mutant", MUTANTS_ENGINE },
#define X(symbol, class, what) { #symbol, MUTANTS_##class },
#include "sim/mutants.def"
#undef X
};

/* In a child of its own: a bug may abort, or never end. */
static bool caught_in_child(uint64_t number, int (*run)(uint64_t number, bool talk))
{
	int status;
	pid_t child;

	fflush(NULL);
	child = fork();
	if (child == 0) {
		if (freopen("/dev/null", "w", stderr) == NULL)
			_exit(3);
		alarm(MAX_SECONDS);
		_exit(run(number, false));
	}
	if (child < 0 || waitpid(child, &status, 0) != child)
		return false;
	return !WIFEXITED(status) || WEXITSTATUS(status) == 1;
}

int run_mutants(mutants_class which, uint64_t max_configs, int (*run)(uint64_t number, bool talk))
{
	int num_missed = 0;

	for (int mutant = 0; mutant < SIM_NUM_MUTANTS; mutant++) {
		uint64_t number = 0;
		bool caught = false;

		if (mutant != SIM_MUTANT_NONE && mutants[mutant].class != which)
			continue;
		sim_active_mutant = (sim_mutant)mutant;
		for (; number < max_configs && !caught; number++)
			caught = caught_in_child(number, run);
		if (mutant == SIM_MUTANT_NONE) {
			printf("%-22s %s\n", mutants[mutant].name, caught ? "IS WRONG" : "is right");
			num_missed += caught;
		} else if (caught) {
			printf("%-22s caught by config %" PRIu64 "\n", mutants[mutant].name, number - 1);
		} else {
			printf("%-22s MISSED by %" PRIu64 " configs\n", mutants[mutant].name, max_configs);
			num_missed++;
		}
	}
	return num_missed == 0 ? 0 : 1;
}
#else
int run_mutants(mutants_class which, uint64_t max_configs, int (*run)(uint64_t number, bool talk))
{
	(void)which;
	(void)max_configs;
	(void)run;
	fprintf(stderr, "this program has no seeded bugs\n");
	return 2;
}
#endif
