/* Status codes and collected diagnostics: how every nescsim call reports what went wrong.
 *
 * The library never prints and never exits. A call that can fail returns a nescsim_status and, where a
 * user's input is to blame, adds one entry per mistake to the nescsim_diag that the caller passed in, so
 * that all mistakes of a file are seen at once.
 */
#ifndef NESCSIM_ERROR_H
#define NESCSIM_ERROR_H

#include <stddef.h>
#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

/* X(symbol, exit code of the command-line tool, text) */
#define NESCSIM_STATUS_LIST(X)                       \
	X(OK, 0, "ok")                               \
	X(RUN_FAILED, 1, "the simulation failed")    \
	X(MISSED, 1, "not every claim holds")        \
	X(NO_MEMORY, 1, "out of memory")             \
	X(USAGE, 2, "wrong usage")                   \
	X(CONFIG, 3, "the configuration has errors") \
	X(TRACE, 3, "the trace has errors")          \
	X(IO, 4, "input or output failed")

typedef enum nescsim_status {
#define NESCSIM_STATUS_ENUM(symbol, exit_code, text) NESCSIM_##symbol,
	NESCSIM_STATUS_LIST(NESCSIM_STATUS_ENUM)
#undef NESCSIM_STATUS_ENUM
} nescsim_status;

/* The status in words; never NULL. */
const char *nescsim_status_text(nescsim_status status);

/* The exit code (0-4) that the command-line tool ends with for this status. */
int nescsim_status_exit_code(nescsim_status status);

typedef enum nescsim_severity {
	NESCSIM_ERROR,
	NESCSIM_WARNING,
} nescsim_severity;

/* One mistake. Strings belong to the nescsim_diag and live as long as it does. */
typedef struct nescsim_diag_entry {
	nescsim_severity severity;
	nescsim_status status;
	const char *file;    /* file name as the user gave it, or "--set" for an override, or NULL */
	size_t line;         /* from 1; 0 = the whole file */
	size_t column;       /* from 1; 0 = the whole line */
	const char *path;    /* place in the document ("vms[0].disk.bytes"), or NULL */
	const char *message; /* what is wrong */
	const char *hint;    /* what would be right, or NULL */
} nescsim_diag_entry;

typedef struct nescsim_diag nescsim_diag;

/* A new empty collection, to be freed with nescsim_diag_destroy(); NULL when out of memory. */
nescsim_diag *nescsim_diag_create(void);

/* Frees the collection and all its strings. NULL is allowed. */
void nescsim_diag_destroy(nescsim_diag *diag);

/* Number of entries; errors and warnings alike. */
size_t nescsim_diag_count(const nescsim_diag *diag);

/* Number of entries of severity NESCSIM_ERROR. */
size_t nescsim_diag_num_errors(const nescsim_diag *diag);

/* Entry number index (from 0), or NULL past the end. */
const nescsim_diag_entry *nescsim_diag_at(const nescsim_diag *diag, size_t index);

/* Writes every entry as "file:line:column: error: path: message (hint)", one per line. */
void nescsim_diag_print(const nescsim_diag *diag, FILE *out);

#ifdef __cplusplus
}
#endif
#endif
