/* Which files there are, where they lie on the medium at the start, and which VM's disk is made of which. */
#ifndef HOST_STORAGE_H
#define HOST_STORAGE_H

#include "host/layout.h"

/* A file of the host filesystem. */
typedef struct storage_file {
	disk_layout layout; /* of the file; its extents' physical blocks are the medium's */
	const char *name;   /* the configuration's, "": none */
	const char *image_name;
	uint32_t image; /* index of the first file of its image */
} storage_file;

/* A part of a virtual disk: a whole file. */
typedef struct storage_part {
	uint32_t file;        /* index */
	uint64_t first_block; /* of the disk */
	uint64_t num_blocks;
} storage_part;

typedef struct storage_disk {
	storage_part *parts; /* one behind the other */
	uint32_t num_parts;
	disk_layout layout; /* the parts' extents as the disk's */
	uint32_t same_as;   /* index of the first disk of the same files: these share an extent tree */
} storage_disk;

typedef struct storage_plan {
	storage_file *files;
	uint32_t num_files;
	storage_disk *disks; /* by VM - 1 */
	uint32_t num_disks;
	uint64_t num_blocks; /* of the medium that files were laid out on: all beyond is free */
} storage_plan;

/* Lays out the disks of VMs 1 ... num_vms one file behind the other, in this order; `disks` has one entry per VM. Draws from
 * streams of (seed, VM, file). Returns NESCSIM_OK, NESCSIM_NO_MEMORY, or why a map could not be read, as
 * disk_layout_init() with `diag`; to be freed with storage_plan_fini(). The configuration must outlive it (names). */
nescsim_status storage_plan_init(storage_plan *plan, const disk_config *const *disks, uint32_t num_vms, uint64_t seed,
				 nescsim_diag *diag);
void storage_plan_fini(storage_plan *plan);

/* Blocks that the files of these disks can take up at the start, each shared file once: an upper bound that needs no
 * layout, but for files with the map of a real one, which count as nothing. */
uint64_t storage_num_blocks(const disk_config *const *disks, uint32_t num_vms);

/* Is a file part of both disks? VMs are numbered from 1. */
bool storage_shares_file(const storage_plan *plan, uint32_t vm, uint32_t other_vm);

/* True if any disk has a block that no extent maps. */
bool storage_has_holes(const storage_plan *plan);

#endif
