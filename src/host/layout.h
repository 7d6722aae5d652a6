/* Where the virtual disks lie on the medium: the host filesystem's allocation. */
#ifndef HOST_LAYOUT_H
#define HOST_LAYOUT_H

#include <stddef.h>
#include <stdint.h>

#include "host/host_config.h"
#include "host/real_map.h"
#include "nesc/tree.h"

/* The file behind one virtual disk. Extents of both kinds are sorted by logical block, and none overlaps another. What no
 * extent covers is a hole. An unwritten extent is one to all who read and write: but the filesystem has set blocks aside
 * for it, which it takes when the first write comes. */
typedef struct disk_layout {
	uint64_t num_bytes; /* size of the virtual disk */
	extent *extents;    /* written */
	size_t num_extents;
	uint64_t num_blocks; /* of `extents`, 1 KiB */
	extent *unwritten;
	size_t num_unwritten;
	uint64_t room_blocks; /* that the file was given on the medium, from first_block on: it lies there alone */
	bool keeps_gaps;      /* blocks of that room that no extent has are other files', not free */
} disk_layout;

/* Lays out one file (the first of `disk`) from physical block `first_block` on: draws from a stream of (seed, stream).
 *
 * Contiguous and fragmented files have room for all their bytes, holes leave their part of it free; a lazy one has none. A
 * map of a real file is packed: runs of blocks that touch on the real device keep touching, all others keep their order and
 * lie one block of the real filesystem apart, as they do from the room's ends. What the map has beyond the disk's end is
 * left out.
 *
 * Returns NESCSIM_OK, NESCSIM_NO_MEMORY, or why a map could not be read, as real_map_read() with `diag`, without its
 * warnings. To be freed with disk_layout_fini() whatever the outcome. */
nescsim_status disk_layout_init(disk_layout *layout, const disk_config *disk, uint64_t first_block, uint64_t seed,
				uint64_t stream, nescsim_diag *diag);
void disk_layout_fini(disk_layout *layout);

/* Packs a map as above. Returns NESCSIM_OK or NESCSIM_NO_MEMORY; to be freed likewise. */
nescsim_status disk_layout_pack(disk_layout *layout, const real_map *map, uint64_t num_bytes, uint64_t first_block);

/* The written extent that holds `block`, or NULL. */
const extent *disk_layout_find(const disk_layout *layout, uint64_t block);

#endif
