#include "nesc/memory.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/assert.h"

#define PAGE_BYTES UINT64_C(4096)

nescsim_status memory_init(host_memory *memory, uint64_t base, uint64_t bytes)
{
	void *pages;

	NESC_ASSERT(base != 0 && base % PAGE_BYTES == 0, "host memory at base 0x%" PRIx64, base);
	NESC_ASSERT(bytes > 0 && bytes <= UINT64_MAX - base - PAGE_BYTES, "host memory of %" PRIu64 " B", bytes);
	bytes = (bytes + PAGE_BYTES - 1) & ~(PAGE_BYTES - 1);
	*memory = (host_memory){ .base = base, .bytes = bytes, .max_free = 16 };
	memory->free = malloc(memory->max_free * sizeof(*memory->free));
	if (!memory->free)
		return NESCSIM_NO_MEMORY;
	/* A simulated host may have more memory than this one: no page is backed before it is touched. */
	pages = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (pages == MAP_FAILED) {
		free(memory->free);
		*memory = (host_memory){ 0 };
		return NESCSIM_NO_MEMORY;
	}
	memory->pages = pages;
	memory->free[memory->num_free++] = (memory_range){ base, bytes };
	return NESCSIM_OK;
}

void memory_fini(host_memory *memory)
{
	if (memory->pages)
		munmap(memory->pages, memory->bytes);
	free(memory->free);
	*memory = (host_memory){ 0 };
}

/* There is at most one free range before each allocation and one after the last. With room for those that this
 * allocation may leave, memory_free() never has to grow the table and so cannot fail. */
static bool reserve_ranges(host_memory *memory)
{
	size_t needed = memory->num_allocations + 2;
	memory_range *grown;

	if (needed <= memory->max_free)
		return true;
	grown = realloc(memory->free, 2 * needed * sizeof(*grown));
	if (!grown)
		return false;
	memory->free = grown;
	memory->max_free = 2 * needed;
	return true;
}

static void insert_range(host_memory *memory, size_t index, memory_range range)
{
	NESC_ASSERT(memory->num_free < memory->max_free, "more holes than allocations allow: a double free?");
	memmove(memory->free + index + 1, memory->free + index, (memory->num_free - index) * sizeof(range));
	memory->free[index] = range;
	memory->num_free++;
}

static void remove_range(host_memory *memory, size_t index)
{
	memory->num_free--;
	memmove(memory->free + index, memory->free + index + 1, (memory->num_free - index) * sizeof(*memory->free));
}

/* Takes [address, + bytes) out of a free range and zeroes what an earlier owner may have left. */
static void take(host_memory *memory, size_t index, uint64_t address, uint64_t bytes)
{
	memory_range *range = &memory->free[index];
	uint64_t before_bytes = address - range->address;
	uint64_t after_bytes = range->bytes - before_bytes - bytes;
	uint64_t offset = address - memory->base;

	if (before_bytes == 0 && after_bytes == 0) {
		remove_range(memory, index);
	} else if (before_bytes == 0) {
		*range = (memory_range){ address + bytes, after_bytes };
	} else {
		range->bytes = before_bytes;
		if (after_bytes != 0)
			insert_range(memory, index + 1, (memory_range){ address + bytes, after_bytes });
	}
	memory->num_allocations++;
	memory->used_bytes += bytes;
	if (offset < memory->high_bytes) {
		uint64_t stale_bytes = memory->high_bytes - offset;

		memset(memory->pages + offset, 0, stale_bytes < bytes ? stale_bytes : bytes);
	}
	if (memory->high_bytes < offset + bytes)
		memory->high_bytes = offset + bytes;
}

uint64_t memory_alloc(host_memory *memory, uint64_t bytes, uint64_t align)
{
	NESC_ASSERT(bytes > 0 && align > 0 && (align & (align - 1)) == 0, "%" PRIu64 " B aligned to %" PRIu64, bytes,
		    align);
	if (!reserve_ranges(memory))
		return 0;
	for (size_t i = 0; i < memory->num_free; i++) {
		const memory_range *range = &memory->free[i];
		uint64_t pad_bytes = -range->address & (align - 1);

		if (pad_bytes <= range->bytes && bytes <= range->bytes - pad_bytes) {
			uint64_t address = range->address + pad_bytes;

			take(memory, i, address, bytes);
			return address;
		}
	}
	return 0;
}

void memory_free(host_memory *memory, uint64_t address, uint64_t bytes)
{
	size_t low = 0, high = memory->num_free; /* ends as the first free range behind the one given back */
	memory_range *before, *after;

	if (address == 0)
		return;
	NESC_ASSERT(bytes > 0 && memory_at(memory, address, bytes) && memory->num_allocations > 0,
		    "free of %" PRIu64 " B at 0x%" PRIx64, bytes, address);
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (memory->free[middle].address < address)
			low = middle + 1;
		else
			high = middle;
	}
	before = low > 0 ? &memory->free[low - 1] : NULL;
	after = low < memory->num_free ? &memory->free[low] : NULL;
	NESC_ASSERT((!before || before->address + before->bytes <= address) &&
			    (!after || address + bytes <= after->address),
		    "second free of %" PRIu64 " B at 0x%" PRIx64, bytes, address);
	memory->num_allocations--;
	memory->used_bytes -= bytes;
	if (before && before->address + before->bytes == address) {
		before->bytes += bytes;
		if (after && address + bytes == after->address) {
			before->bytes += after->bytes;
			remove_range(memory, low);
		}
	} else if (after && address + bytes == after->address) {
		*after = (memory_range){ address, bytes + after->bytes };
	} else {
		insert_range(memory, low, (memory_range){ address, bytes });
	}
}
