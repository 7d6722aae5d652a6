/* What the tests of src/run share: configurations from text, result folders, files. */
#ifndef TESTS_RUN_TEST_H
#define TESTS_RUN_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "nescsim/nescsim.h"

#define NUM(array) (sizeof(array) / sizeof((array)[0]))

/* An empty folder of the test's own; removed by scratch_remove(). */
typedef struct scratch {
	char root[64];
	char out[128]; /* root/out, which does not exist */
} scratch;

scratch scratch_make(void);
void scratch_remove(const scratch *place);

/* Number of entries of a folder. */
size_t count_entries(const char *path);

/* The whole file, NUL-terminated, to be freed. */
char *read_file(const char *folder, const char *name);

/* Loads a configuration and asserts that it is right; `text` may be a file's name instead (no line break in it). */
nescsim_config *load(const char *text, const nescsim_override *overrides, size_t num_overrides);

/* Runs and asserts success; `out` may be NULL. */
nescsim_result *run(const nescsim_config *config, const char *out);

/* Asserts that both texts are the same, and says where they begin to differ. */
void assert_same_text(const char *one, const char *other, const char *what);

#endif
