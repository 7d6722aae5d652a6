/* Where the virtual disks lie on the medium: the host filesystem's allocation. */
#ifndef HOST_LAYOUT_H
#define HOST_LAYOUT_H

#include <stddef.h>
#include <stdint.h>

#include "host/host_config.h"
#include "nesc/tree.h"

/* The file behind one virtual disk. Extents are sorted by logical block and never overlap. */
typedef struct disk_layout {
	uint64_t num_bytes; /* size of the virtual disk */
	extent *extents;
	size_t num_extents;
	uint64_t num_blocks; /* allocated, 1 KiB */
} disk_layout;

/* Lays out one file (the first of `disk`) from physical block `first_block` on: draws from a stream of (seed, stream). Holes
 * take no room, so it ends at most num_bytes further; nothing of a lazy one is there. Returns NESCSIM_OK or NESCSIM_NO_MEMORY; to be freed with
 * disk_layout_fini(). */
nescsim_status disk_layout_init(disk_layout *layout, const disk_config *disk, uint64_t first_block, uint64_t seed,
				uint64_t stream);
void disk_layout_fini(disk_layout *layout);

/* The extent that holds `block`, or NULL in a hole. */
const extent *disk_layout_find(const disk_layout *layout, uint64_t block);

#endif
