#include "config/arena.h"

#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

#define CHUNK_BYTES ((size_t)16384)

struct arena_chunk {
	arena_chunk *next;
	size_t num_used, capacity_bytes;
	alignas(max_align_t) unsigned char data[];
};

void *arena_alloc(arena *owner, size_t num_bytes)
{
	const size_t alignment = alignof(max_align_t);
	arena_chunk *chunk = owner->chunks;
	void *memory;

	num_bytes = (num_bytes + alignment - 1) / alignment * alignment;
	if (!chunk || chunk->capacity_bytes - chunk->num_used < num_bytes) {
		size_t capacity = num_bytes > CHUNK_BYTES ? num_bytes : CHUNK_BYTES;

		chunk = (arena_chunk *)calloc(1, sizeof(*chunk) + capacity);
		if (!chunk) {
			owner->failed = true;
			return NULL;
		}
		chunk->capacity_bytes = capacity;
		chunk->next = owner->chunks;
		owner->chunks = chunk;
	}
	memory = chunk->data + chunk->num_used;
	chunk->num_used += num_bytes;
	return memory;
}

char *arena_copy(arena *owner, const char *bytes, size_t num_bytes)
{
	char *copy = (char *)arena_alloc(owner, num_bytes + 1);

	if (copy && num_bytes)
		memcpy(copy, bytes, num_bytes);
	return copy;
}

void arena_free(arena *owner)
{
	while (owner->chunks) {
		arena_chunk *next = owner->chunks->next;

		free(owner->chunks);
		owner->chunks = next;
	}
}
