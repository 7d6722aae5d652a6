/* What a source of maps is made of; included by src/host/real_map*.c only. */
#ifndef HOST_REAL_MAP_SOURCE_H
#define HOST_REAL_MAP_SOURCE_H

#include <linux/fiemap.h>

#include "host/real_map.h"
#include "workload/input.h"

#define REAL_MAP_UNIT_BYTES 1024 /* of all places and lengths: a block of the virtual disk */

typedef struct real_map_source {
	const char *name;
	bool (*detect)(const char *head, size_t num_bytes); /* MAP_TEXT: is it this one? */
	/* Each reads into an empty map and reports all mistakes; statuses as real_map_read(). */
	nescsim_status (*read_text)(input *in, real_map *map);
	nescsim_status (*read_file)(const char *source, const char *shown_source, const real_map_options *options,
				    nescsim_diag *diag, real_map *map);
} real_map_source;

#define MAP_TEXT(name, help) extern const real_map_source real_map_##name;
#define MAP_IMAGE MAP_TEXT
#define MAP_LIVE MAP_TEXT
#include "host/real_maps.def"
#undef MAP_TEXT
#undef MAP_IMAGE
#undef MAP_LIVE

/* X(flag of linux/fiemap.h, name that filefrag prints, why such an extent has no place or NULL): what filesystems say of an
 * extent. The flags that change its meaning without making it useless are looked at by name. */
#define REAL_MAP_FLAG_LIST(X)                                                                                 \
	X(FIEMAP_EXTENT_LAST, "last", NULL)                                                                   \
	X(FIEMAP_EXTENT_UNKNOWN, "unknown_loc", "the filesystem does not know the extent's place")            \
	X(FIEMAP_EXTENT_DELALLOC, "delalloc", "the filesystem has not chosen the extent's place yet")         \
	X(FIEMAP_EXTENT_ENCODED, "encoded", "the extent is compressed or otherwise not the file's own bytes") \
	X(FIEMAP_EXTENT_DATA_ENCRYPTED, "encrypted", "the extent is encrypted, not the file's own bytes")     \
	X(FIEMAP_EXTENT_NOT_ALIGNED, "not_aligned", "the extent does not begin or end with a block")          \
	X(FIEMAP_EXTENT_DATA_INLINE, "inline", "the data lies within the filesystem's metadata, in no block") \
	X(FIEMAP_EXTENT_DATA_TAIL, "tail_packed", "the data shares a block with other files")                 \
	X(FIEMAP_EXTENT_UNWRITTEN, "unwritten", NULL)                                                         \
	X(FIEMAP_EXTENT_MERGED, "merged", NULL)                                                               \
	X(FIEMAP_EXTENT_SHARED, "shared", NULL)

#define REAL_MAP_FLAG_HINT                                                                               \
	"a virtual disk needs blocks of its own: write the file out (sync), or copy it to a filesystem " \
	"without compression, encryption and inline data"

typedef enum real_map_added {
	REAL_MAP_ADDED,
	REAL_MAP_WRONG,
	REAL_MAP_NO_MEMORY,
} real_map_added;

/* Appends an extent, given in units of block_bytes, if it may follow the others; else *problem_out says why not. */
real_map_added real_map_add(real_map *map, uint64_t logical, uint64_t physical, uint64_t num, bool is_unwritten,
			    uint64_t line, uint64_t unit_bytes, const char **problem_out);

/* Is the line that input_line() gave last all text? A zero byte would hide what is behind it: it is reported, and
 * *go_on_out says whether to go on. */
bool real_map_is_text(input *in, const char *line, size_t num_bytes, bool *go_on_out);

/* Adds a mistake about the whole source, at `place` or else at the source. */
nescsim_status real_map_report(nescsim_diag *diag, const diag_place *place, const char *shown_source,
			       nescsim_status status, const char *hint, const char *format, ...)
	__attribute__((format(printf, 6, 7)));

#endif
