/* A file in the image of an unmounted ext2, ext3 or ext4 filesystem, through libext2fs. Nothing is written, and a journal is
 * not replayed: what it holds may be newer than what is read. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <ext2fs/ext2fs.h>

#include "host/real_map_source.h"

typedef struct image_file {
	const char *shown_source;
	const diag_place *place;
	bool is_again; /* the warning was given */
	nescsim_diag *diag;
	real_map *map;
	ext2_filsys fs;
	ext2_ino_t inode_number;
	nescsim_status status;
	/* Blocks of a file without extents, until they break off. */
	uint64_t first, physical, num;
	uint64_t num_listed; /* of its blocks, so far */
} image_file;

static void fail(image_file *self, nescsim_status status, const char *hint, const char *what, errcode_t error)
{
	self->status = real_map_report(self->diag, self->place, self->shown_source, status, hint, "%s: %s: %s",
				       self->shown_source, what, error_message(error));
}

static void add(image_file *self, uint64_t first, uint64_t physical, uint64_t num, bool is_unwritten)
{
	const char *problem;

	switch (real_map_add(self->map, first, physical, num, is_unwritten, 0, self->map->block_bytes, &problem)) {
	case REAL_MAP_ADDED:
		return;
	case REAL_MAP_WRONG:
		self->status = real_map_report(self->diag, self->place, self->shown_source, NESCSIM_TRACE,
					       "check the image: e2fsck -fn", "%s: block %" PRIu64 " of the file: %s",
					       self->shown_source, first, problem);
		return;
	case REAL_MAP_NO_MEMORY:
		self->status = NESCSIM_NO_MEMORY;
	}
}

static void read_extents(image_file *self)
{
	ext2_extent_handle_t handle;
	errcode_t error = ext2fs_extent_open(self->fs, self->inode_number, &handle);

	if (error != 0) {
		fail(self, NESCSIM_TRACE, "check the image: e2fsck -fn", "its extent tree cannot be read", error);
		return;
	}
	for (int next = EXT2_EXTENT_ROOT; self->status == NESCSIM_OK; next = EXT2_EXTENT_NEXT) {
		struct ext2fs_extent extent;

		error = ext2fs_extent_get(handle, next, &extent);
		if (error == EXT2_ET_EXTENT_NO_NEXT || error == EXT2_ET_NO_CURRENT_NODE)
			break;
		if (error != 0)
			fail(self, NESCSIM_TRACE, "check the image: e2fsck -fn", "its extent tree cannot be read",
			     error);
		else if ((extent.e_flags & (EXT2_EXTENT_FLAGS_LEAF | EXT2_EXTENT_FLAGS_SECOND_VISIT)) ==
			 EXT2_EXTENT_FLAGS_LEAF)
			add(self, extent.e_lblk, extent.e_pblk, extent.e_len,
			    (extent.e_flags & EXT2_EXTENT_FLAGS_UNINIT) != 0);
	}
	ext2fs_extent_free(handle);
}

static void end_run(image_file *self)
{
	if (self->num != 0)
		add(self, self->first, self->physical, self->num, false);
	self->num = 0;
}

/* For ext2fs_block_iterate3(). */
static int take_block(ext2_filsys fs, blk64_t *block, e2_blkcnt_t index, blk64_t reference_block, int reference_offset,
		      void *context)
{
	image_file *self = context;

	(void)reference_block;
	(void)reference_offset;
	if (*block == 0)
		return 0;
	/* Damaged block lists may lead into themselves: they would go on for terabytes. */
	if (++self->num_listed > ext2fs_blocks_count(fs->super)) {
		self->status = real_map_report(
			self->diag, self->place, self->shown_source, NESCSIM_TRACE, "check the image: e2fsck -fn",
			"%s: the file lists more blocks than the filesystem has", self->shown_source);
		return BLOCK_ABORT;
	}
	if (self->num == 0 || (uint64_t)index != self->first + self->num || *block != self->physical + self->num) {
		end_run(self);
		self->first = (uint64_t)index;
		self->physical = *block;
	}
	self->num++;
	return self->status == NESCSIM_OK ? 0 : BLOCK_ABORT;
}

static void read_blocks(image_file *self)
{
	const errcode_t error = ext2fs_block_iterate3(
		self->fs, self->inode_number, BLOCK_FLAG_DATA_ONLY | BLOCK_FLAG_READ_ONLY, NULL, take_block, self);

	if (error != 0 && self->status == NESCSIM_OK)
		fail(self, NESCSIM_TRACE, "check the image: e2fsck -fn", "its blocks cannot be listed", error);
	if (self->status == NESCSIM_OK)
		end_run(self);
}

static void read_file(image_file *self, const char *path)
{
	errcode_t error = ext2fs_namei_follow(self->fs, EXT2_ROOT_INO, EXT2_ROOT_INO, path, &self->inode_number);
	struct ext2_inode inode;

	if (error == 0)
		error = ext2fs_read_inode(self->fs, self->inode_number, &inode);
	if (error != 0) {
		fail(self, NESCSIM_IO, "debugfs -R 'ls -l /' IMAGE lists what is there", "there is no such file",
		     error);
		return;
	}
	if (!LINUX_S_ISREG(inode.i_mode)) {
		self->status = real_map_report(self->diag, self->place, self->shown_source, NESCSIM_IO, NULL,
					       "%s: '%s' is no regular file", self->shown_source, path);
		return;
	}
	if (!self->is_again && ext2fs_has_feature_journal_needs_recovery(self->fs->super)) {
		const diag_place at_source = { .file = self->shown_source };

		diag_add(self->diag, NESCSIM_WARNING, NESCSIM_OK, self->place != NULL ? self->place : &at_source,
			 "mount it once, or let e2fsck replay the journal, on a copy",
			 "%s: the filesystem was not unmounted and its journal is not replayed here: the map may be "
			 "older than the last changes",
			 self->shown_source);
	}
	self->map->file_bytes = EXT2_I_SIZE(&inode);
	self->map->block_bytes = self->fs->blocksize;
	if ((inode.i_flags & (EXT4_INLINE_DATA_FL | EXT4_ENCRYPT_FL)) != 0)
		self->status = real_map_report(self->diag, self->place, self->shown_source, NESCSIM_TRACE,
					       REAL_MAP_FLAG_HINT, "%s: the file's data %s", self->shown_source,
					       (inode.i_flags & EXT4_ENCRYPT_FL) != 0
						       ? "is encrypted: its blocks do not hold the file's own bytes"
						       : "lies within its inode, in no block");
	else if ((inode.i_flags & EXT4_EXTENTS_FL) != 0)
		read_extents(self);
	else
		read_blocks(self);
}

static nescsim_status read_image(const char *source, const char *shown_source, const real_map_options *options,
				 nescsim_diag *diag, real_map *map)
{
	const diag_place *place = options->place;
	image_file self = { .shown_source = shown_source,
			    .place = place,
			    .is_again = options->is_again,
			    .diag = diag,
			    .map = map,
			    .status = NESCSIM_OK };
	const char *colon = strstr(source, ":/");
	struct stat information;
	errcode_t error;
	char *image;

	if (colon == NULL || colon == source)
		return real_map_report(diag, place, shown_source, NESCSIM_IO, "such as disk.img:/vdisk.img",
				       "'%s' names no file in an image: IMAGE:/path", shown_source);
	image = real_map_image_of(source);
	if (image == NULL)
		return NESCSIM_NO_MEMORY;
	initialize_ext2_error_table();
	if (stat(image, &information) != 0) {
		self.status = real_map_report(diag, place, shown_source, NESCSIM_IO, NULL,
					      "cannot read the image of '%s': %s", shown_source, strerror(errno));
	} else {
		error = ext2fs_open(image, EXT2_FLAG_64BITS, 0, 0, unix_io_manager, &self.fs);
		if (error != 0) {
			fail(&self, NESCSIM_TRACE,
			     "an ext2, ext3 or ext4 filesystem in a raw image (qemu-img convert -O raw)",
			     "no filesystem that libext2fs can read", error);
		} else {
			read_file(&self, colon + 1);
			ext2fs_close_free(&self.fs);
		}
	}
	free(image);
	return self.status;
}

const real_map_source real_map_image = { .name = "image", .read_file = read_image };
