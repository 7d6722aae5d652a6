/* A file of a mounted filesystem: the kernel is asked for its map. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/fs.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/real_map_source.h"

#define BATCH_EXTENTS 256

/* Where mistakes go. */
typedef struct asked_file {
	const char *shown_source;
	const diag_place *place;
	nescsim_diag *diag;
} asked_file;

static nescsim_status add_extent(const asked_file *asked, const struct fiemap_extent *from, real_map *map)
{
	static const struct {
		uint32_t flag;
		const char *problem;
	} flags[] = {
#define X(flag, name, problem) { flag, problem },
		REAL_MAP_FLAG_LIST(X)
#undef X
	};
	const char *problem = NULL;

	/* The last one that applies says most: an encoded extent's place is unknown, too. */
	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
		if ((from->fe_flags & flags[i].flag) != 0 && flags[i].problem != NULL)
			problem = flags[i].problem;
	if (problem == NULL)
		switch (real_map_add(map, from->fe_logical, from->fe_physical, from->fe_length,
				     (from->fe_flags & FIEMAP_EXTENT_UNWRITTEN) != 0, 0, 1, &problem)) {
		case REAL_MAP_ADDED:
			return NESCSIM_OK;
		case REAL_MAP_WRONG:
			break;
		case REAL_MAP_NO_MEMORY:
			return NESCSIM_NO_MEMORY;
		}
	return real_map_report(asked->diag, asked->place, asked->shown_source, NESCSIM_TRACE, REAL_MAP_FLAG_HINT,
			       "extent at byte %" PRIu64 ": %s", (uint64_t)from->fe_logical, problem);
}

static nescsim_status ask(const asked_file *asked, int descriptor, struct fiemap *question, real_map *map)
{
	nescsim_status status = NESCSIM_OK;
	uint64_t from = 0;
	bool is_last = false;

	while (status == NESCSIM_OK && !is_last) {
		*question = (struct fiemap){
			.fm_start = from,
			.fm_length = FIEMAP_MAX_OFFSET - from,
			.fm_flags = FIEMAP_FLAG_SYNC,
			.fm_extent_count = BATCH_EXTENTS,
		};
		if (ioctl(descriptor, FS_IOC_FIEMAP, question) != 0) {
			const bool is_unknown = errno == EOPNOTSUPP || errno == ENOTTY || errno == EINVAL;

			return real_map_report(asked->diag, asked->place, asked->shown_source, NESCSIM_IO,
					       is_unknown ? "tmpfs and some network filesystems cannot; name a file "
							    "on ext4, XFS or btrfs"
							  : NULL,
					       is_unknown ? "the filesystem of '%s' does not tell maps (FIEMAP): %s"
							  : "cannot read the map of '%s': %s",
					       asked->shown_source, strerror(errno));
		}
		is_last = question->fm_mapped_extents == 0;
		for (uint32_t i = 0; status == NESCSIM_OK && i < question->fm_mapped_extents; i++) {
			const struct fiemap_extent *e = &question->fm_extents[i];

			status = add_extent(asked, e, map);
			from = e->fe_logical + e->fe_length;
			is_last |= (e->fe_flags & FIEMAP_EXTENT_LAST) != 0;
		}
	}
	return status;
}

static nescsim_status read_fiemap(const char *source, const char *shown_source, const real_map_options *options,
				  nescsim_diag *diag, real_map *map)
{
	const diag_place *place = options->place;
	const asked_file asked = { .shown_source = shown_source, .place = place, .diag = diag };
	/* Not to wait for the other end of a pipe. */
	const int descriptor = open(source, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct fiemap *question = NULL;
	nescsim_status status;
	struct stat information;

	if (descriptor < 0 || fstat(descriptor, &information) != 0) {
		status = real_map_report(diag, place, shown_source, NESCSIM_IO, NULL, "cannot read '%s': %s",
					 shown_source, strerror(errno));
	} else if (!S_ISREG(information.st_mode)) {
		status = real_map_report(diag, place, shown_source, NESCSIM_IO,
					 "name the file of a virtual disk, a map, or a file in an image (IMAGE:/path)",
					 "'%s' is no regular file", shown_source);
	} else {
		int block_bytes = 0;

		map->file_bytes = (uint64_t)information.st_size;
		/* A filesystem without blocks of its own says nothing here. */
		if (ioctl(descriptor, FIGETBSZ, &block_bytes) != 0 || block_bytes < REAL_MAP_UNIT_BYTES ||
		    (block_bytes & (block_bytes - 1)) != 0)
			block_bytes = 4096;
		map->block_bytes = (uint64_t)block_bytes;
		question = malloc(sizeof(*question) + BATCH_EXTENTS * sizeof(struct fiemap_extent));
		status = question == NULL ? NESCSIM_NO_MEMORY : ask(&asked, descriptor, question, map);
	}
	free(question);
	if (descriptor >= 0)
		close(descriptor);
	return status;
}

const real_map_source real_map_fiemap = { .name = "fiemap", .read_file = read_fiemap };
