/* Counts allocations, apart: those of nescsim's own code and those of the whole process, SimGrid included. */
#ifndef BENCH_ALLOC_COUNT_H
#define BENCH_ALLOC_COUNT_H

#include <stdint.h>

typedef struct alloc_counts {
	uint64_t own; /* malloc, calloc and realloc called from the program itself */
	uint64_t all; /* called from anywhere, so by operator new too */
} alloc_counts;       /* stay 0 where the C library is not glibc */

extern alloc_counts alloc_count;

#endif
