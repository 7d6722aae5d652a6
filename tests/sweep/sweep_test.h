/* What the tests of src/sweep share. */
#ifndef TESTS_SWEEP_TEST_H
#define TESTS_SWEEP_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "nescsim/error.h"

#define NUM(array) (sizeof(array) / sizeof((array)[0]))

/* The entry `index` says `message`, and its hint `hint` (each a part of it; NULL = anything). */
static inline void assert_entry(const nescsim_diag *diag, size_t index, const char *message, const char *hint)
{
	const nescsim_diag_entry *entry = nescsim_diag_at(diag, index);

	if (entry == NULL)
		fail_msg("there is no entry %zu that says '%s'", index, message);
	if (strstr(entry->message, message) == NULL)
		fail_msg("'%s' does not say '%s'", entry->message, message);
	if (hint != NULL && (entry->hint == NULL || strstr(entry->hint, hint) == NULL))
		fail_msg("the hint of '%s' is '%s', not '%s'", message, entry->hint, hint);
}

#endif
