/* Simulated host memory: pinned pages that the device reaches by DMA.
 *
 * Extent-tree nodes, completion rings and trampoline buffers lie here at host (DMA) addresses. The bytes are real:
 * what one side stores the other one reads. The arena is one sparse reservation, so pages that nobody touched
 * cost nothing, and every range inside it is contiguous. Address 0 never belongs to it.
 */
#ifndef NESC_MEMORY_H
#define NESC_MEMORY_H

#include <stddef.h>
#include <stdint.h>

#include "nescsim/error.h"

#define HOST_MEMORY_BASE UINT64_C(0x100000000) /* default base: above 4 GiB, so that 3-DW headers do not suffice */

typedef struct memory_range {
	uint64_t address, bytes;
} memory_range;

typedef struct host_memory {
	uint8_t *pages; /* byte 0 is the byte at `base` */
	uint64_t base;  /* host address, a multiple of 4096, not 0 */
	uint64_t bytes; /* size of the arena */
	uint64_t used_bytes;
	uint64_t high_bytes; /* nothing from here on was ever allocated, so it is still zero */
	memory_range *free;  /* by address, never adjacent, never empty */
	size_t num_free, max_free;
	size_t num_allocations;
} host_memory;

/* Makes an empty arena of `bytes` (rounded up to 4096) at host address `base`. Returns NESCSIM_OK, or NESCSIM_NO_MEMORY
 * when the reservation fails; then nothing is to be undone. To be ended with memory_fini(). */
nescsim_status memory_init(host_memory *memory, uint64_t base, uint64_t bytes);

/* Frees the arena with all that lies in it. A zeroed host_memory is allowed. */
void memory_fini(host_memory *memory);

/* Allocates `bytes` > 0 contiguous zeroed bytes at a multiple of `align` (a power of two): the lowest address that
 * fits. Returns the host address, or 0 when nothing fits. May grow our own table, so not for the request path. */
uint64_t memory_alloc(host_memory *memory, uint64_t bytes, uint64_t align);

/* Gives back exactly what one memory_alloc() of `bytes` returned. Never fails. Address 0 is allowed. */
void memory_free(host_memory *memory, uint64_t address, uint64_t bytes);

/* The bytes [address, address + bytes), or NULL when they do not all lie in the arena. The arena owns them; that they
 * are allocated is not checked. */
static inline uint8_t *memory_at(const host_memory *memory, uint64_t address, uint64_t bytes)
{
	uint64_t offset = address - memory->base;

	if (bytes > memory->bytes || offset > memory->bytes - bytes)
		return NULL;
	return memory->pages + offset;
}

/* Little-endian numbers at any alignment, on any host. */
static inline uint16_t le16_load(const uint8_t *at)
{
	return (uint16_t)(at[0] | at[1] << 8);
}

static inline uint32_t le32_load(const uint8_t *at)
{
	return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

static inline uint64_t le64_load(const uint8_t *at)
{
	return (uint64_t)le32_load(at) | (uint64_t)le32_load(at + 4) << 32;
}

static inline void le16_store(uint8_t *at, uint16_t value)
{
	at[0] = (uint8_t)value;
	at[1] = (uint8_t)(value >> 8);
}

static inline void le32_store(uint8_t *at, uint32_t value)
{
	le16_store(at, (uint16_t)value);
	le16_store(at + 2, (uint16_t)(value >> 16));
}

static inline void le64_store(uint8_t *at, uint64_t value)
{
	le32_store(at, (uint32_t)value);
	le32_store(at + 4, (uint32_t)(value >> 32));
}

#endif
