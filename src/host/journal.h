/* The host filesystem's journal: a part of the medium that is written round and round. */
#ifndef HOST_JOURNAL_H
#define HOST_JOURNAL_H

#include <stdint.h>

typedef struct journal_area {
	uint64_t first_block, num_blocks; /* of the medium, 1 KiB */
	uint64_t next_block;              /* of the area */
} journal_area;

/* Where the next num_blocks (at most all) go. */
static inline uint64_t journal_place(journal_area *area, uint64_t num_blocks)
{
	uint64_t place;

	if (area->next_block + num_blocks > area->num_blocks)
		area->next_block = 0;
	place = area->first_block + area->next_block;
	area->next_block += num_blocks;
	return place;
}

#endif
