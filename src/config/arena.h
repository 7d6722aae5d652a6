/* Memory that lives as long as a document: allocated piece by piece, freed at once. */
#ifndef CONFIG_ARENA_H
#define CONFIG_ARENA_H

#include <stdbool.h>
#include <stddef.h>

typedef struct arena_chunk arena_chunk;

typedef struct arena {
	arena_chunk *chunks;
	bool failed; /* an allocation failed at some time */
} arena;

/* Zeroed memory, aligned for any type; NULL when out of memory. */
void *arena_alloc(arena *owner, size_t num_bytes);

/* A copy of num_bytes bytes with a NUL behind them; NULL when out of memory. */
char *arena_copy(arena *owner, const char *bytes, size_t num_bytes);

/* Frees everything. */
void arena_free(arena *owner);

#endif
