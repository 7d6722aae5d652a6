/* Adding to the collections that include/nescsim/error.h hands to users. */
#ifndef BASE_DIAG_H
#define BASE_DIAG_H

#include <stdarg.h>

#include "nescsim/error.h"

/* A place in a user's input. All strings are copied by diag_add(). */
typedef struct diag_place {
	const char *file;
	size_t line, column; /* from 1; 0 = unknown */
	const char *path;    /* dotted path in the document, or NULL */
} diag_place;

/* Adds one entry and returns its status, so that callers can "return diag_add(...)". `diag` may be NULL
 * (nothing is kept), and so may `place` and `hint`. The message is formatted as by printf; control characters
 * in it (they come from broken inputs) are kept as \xNN. */
nescsim_status diag_add(nescsim_diag *diag, nescsim_severity severity, nescsim_status status, const diag_place *place,
			const char *hint, const char *format, ...) __attribute__((format(printf, 6, 7)));

/* The same with the arguments of a function that says more about its place. */
nescsim_status diag_add_va(nescsim_diag *diag, nescsim_severity severity, nescsim_status status,
			   const diag_place *place, const char *hint, const char *format, va_list arguments)
	__attribute__((format(printf, 6, 0)));

/* Candidate nearest to `word` by edit distance (letter case and swapped neighbours count little), or NULL when
 * none is near enough to be what was meant. Of equals, the first. */
const char *diag_nearest(const char *word, const char *const *candidates, size_t num_candidates);

#endif
