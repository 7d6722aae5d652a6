/* Running another program to its end, without a shell, and getting what it prints. */
#ifndef BASE_PROGRAM_H
#define BASE_PROGRAM_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/text.h"

typedef enum program_end {
	PROGRAM_EXITED,      /* with code 0 */
	PROGRAM_FAILED,      /* with another one, or by a signal */
	PROGRAM_LATE,        /* took too long, and was killed */
	PROGRAM_INTERRUPTED, /* the wait was given up; killed */
	PROGRAM_MISSING,     /* there is no such program */
	PROGRAM_NO_START,    /* it did not start, or nobody knows its end; why is in `err` */
} program_end;

/* It gets /dev/null for input. */
typedef struct program_call {
	const char *const *words; /* end with NULL; the first is looked for in PATH */
	const char *folder;       /* to run in; NULL = that of this process */
	const char *const
		*hidden;      /* variables of the environment that begin so are left out; end with NULL; NULL = none */
	const char *added;    /* a variable more, "NAME=value"; NULL = none */
	const sigset_t *mask; /* signals that it blocks; NULL = as this process */
	int64_t most_ns;      /* that it may take */
	/* Waits until something may have happened, at most so long; true = give up. Then the program has a process group of its
	 * own, so that Ctrl-C reaches this process only. NULL: naps, and it is in the same group. */
	bool (*wait)(const void *context, int64_t most_ns);
	const void *context;
} program_call;

typedef struct program_output {
	text_buffer out, err;
} program_output;

/* What `output` had is freed before; program_forget() frees it in the end. */
program_end program_run(const program_call *call, program_output *output);
void program_forget(program_output *output);

/* The first line of what it printed to stderr, or else what its end means; valid as long as `output`. */
const char *program_reason(program_end end, program_output *output);

#endif
