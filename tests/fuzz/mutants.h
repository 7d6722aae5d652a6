/* Does a test catch the bugs that are seeded on purpose? */
#ifndef TESTS_FUZZ_MUTANTS_H
#define TESTS_FUZZ_MUTANTS_H

#include <stdbool.h>
#include <stdint.h>

typedef enum mutants_class {
	MUTANTS_ENGINE,
	MUTANTS_MODEL,
} mutants_class;

/* Runs config after config, up to max_configs, under each bug of the class and under none: `run` returns 1 where something is
 * wrong. Prints which config caught which bug. Returns 0 when all are caught and the program without bugs never is. */
int run_mutants(mutants_class which, uint64_t max_configs, int (*run)(uint64_t number, bool talk));

#endif
