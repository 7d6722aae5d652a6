#include "alloc_count.h"

#include <stddef.h>
#include <stdlib.h>

alloc_counts alloc_count;

#ifdef __GLIBC__
/* A program's own malloc goes before the C library's, for shared libraries too. Told apart by the caller: the rooms are
 * linked statically, SimGrid is not. (The linker's --wrap would do as well, but not with link-time optimisation.) */

extern const char __executable_start[], etext[]; /* by the linker */

void *__libc_malloc(size_t num_bytes);
void *__libc_calloc(size_t num, size_t num_bytes);
void *__libc_realloc(void *memory, size_t num_bytes);

static inline void count(const void *caller)
{
	const uintptr_t address = (uintptr_t)caller;

	alloc_count.all++;
	if (address >= (uintptr_t)__executable_start && address < (uintptr_t)etext)
		alloc_count.own++;
}

void *malloc(size_t num_bytes)
{
	count(__builtin_return_address(0));
	return __libc_malloc(num_bytes);
}

void *calloc(size_t num, size_t num_bytes)
{
	count(__builtin_return_address(0));
	return __libc_calloc(num, num_bytes);
}

void *realloc(void *memory, size_t num_bytes)
{
	count(__builtin_return_address(0));
	return __libc_realloc(memory, num_bytes);
}
#endif
