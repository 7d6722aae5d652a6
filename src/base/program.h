/* Running another program to its end, without a shell, and getting what it prints. */
#ifndef SWEEP_PROGRAM_H
#define SWEEP_PROGRAM_H

#include "base/text.h"
#include "sweep/interrupts.h"

typedef enum program_end {
	PROGRAM_EXITED,      /* with code 0 */
	PROGRAM_FAILED,      /* with another one, or by a signal */
	PROGRAM_LATE,        /* took too long, and was killed */
	PROGRAM_INTERRUPTED, /* a signal asks this process to end; killed */
	PROGRAM_MISSING,     /* there is no such program */
	PROGRAM_NO_START,    /* for another reason, which is in `err` */
} program_end;

typedef struct program_output {
	text_buffer out, err;
} program_output;

/* Runs `words`, which end with NULL; the first is looked for in PATH. It gets this process's environment but the variables
 * that begin with `hidden`, /dev/null for input, and a process group of its own, so that Ctrl-C reaches this process only.
 * `signals` are being watched. What `output` had is freed before; program_forget() frees it in the end. */
program_end program_run(const char *const *words, const char *hidden, const interrupts *signals, int64_t most_ns,
			program_output *output);
void program_forget(program_output *output);

/* The first line of what it printed to stderr, or else what its end means; valid as long as `output`. */
const char *program_reason(program_end end, program_output *output);

#endif
