/* Recordings of several files: a tool on a machine of many CPUs writes the events of each CPU to a file of its own,
 * NAME<infix>0, NAME<infix>1 and so on, any of them packed (NAME<infix>1.gz). All of them are one trace. */
#ifndef WORKLOAD_RECORDING_H
#define WORKLOAD_RECORDING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct recording {
	const char *name, *infix; /* as given, to outlive this */
	size_t num_stem_bytes;    /* of name: what stands before the infix */
	const char *packing;      /* of name; "" = none */
	uint32_t cpu;             /* of name, below 10,000 */
	uint32_t num_cpus;        /* highest number of a file that there is, plus 1 */
} recording;

/* Is this the name of a file of a recording? Fills all but num_cpus; looks at no file. */
bool recording_parse(const char *name, const char *infix, recording *recording_out);

/* Is this the name of a file of a recording that exists, or the NAME of one? */
bool recording_find(const char *name, const char *infix, recording *recording_out);

/* The file of CPU number `cpu`, if possible packed as the one that was named. False when there is none; then `text` is
 * what it would be called. */
bool recording_part(const recording *self, uint32_t cpu, char *text, size_t text_bytes);

/* Are these two names of one recording? */
bool recording_is_same(const recording *a, const recording *b);

#endif
