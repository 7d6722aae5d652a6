/* The map of a file on a real filesystem: which of its bytes lie where, which are holes, and which are allocated but were
 * never written.
 *
 * Sources are listed in host/real_maps.def. Our own text is one line
 *
 *   nescsim extents 1 block_bytes 4096 file_bytes 1073741824
 *
 * and behind it one line per extent, sorted by the first number and apart from each other:
 *
 *   LOGICAL PHYSICAL LENGTH [unwritten]
 *
 * in blocks of block_bytes: the extent's first block in the file, its first block on the filesystem's device, and how
 * many blocks it has. What no extent covers is a hole. Empty lines, and from the second line on lines that begin with
 * '#', say nothing. Text is plain or compressed, as workload/input.h unpacks it.
 */
#ifndef HOST_REAL_MAP_H
#define HOST_REAL_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/diag.h"
#include "workload/output.h"

#define REAL_MAP_MAX_BYTES (UINT64_C(1) << 62) /* every place and size is below */

typedef struct real_extent {
	uint64_t logical_bytes;  /* its first byte in the file */
	uint64_t physical_bytes; /* its first byte on the filesystem's device */
	uint64_t num_bytes;
	uint64_t line; /* of a text, from 1; 0 = none */
	bool is_unwritten;
} real_extent;

/* Extents are sorted by logical_bytes, never empty, and overlap neither in the file nor on the device. All numbers are
 * multiples of 1 KiB, file_bytes excepted. */
typedef struct real_map {
	uint64_t file_bytes;  /* the file's size; extents may lie beyond it */
	uint64_t block_bytes; /* of the filesystem */
	real_extent *extents;
	size_t num_extents, max_extents;
	const char *format; /* the source's name in host/real_maps.def */
} real_map;

/* How a map may be found. */
typedef struct real_map_options {
	const char *format;      /* name in host/real_maps.def; NULL or "auto": by name and content */
	bool may_be_live;        /* else a file of a mounted filesystem is a mistake */
	bool is_again;           /* what there is to warn of was said before */
	const diag_place *place; /* where the user named the source; NULL = at the source itself */
} real_map_options;

/* Reads the map of `source`, which messages call `shown_source`. Returns NESCSIM_OK; NESCSIM_TRACE (content: all
 * mistakes, up to INPUT_MAX_ERRORS, are in diag with line and column, or with what the filesystem said); NESCSIM_IO
 * (unreadable); NESCSIM_USAGE (no such format); NESCSIM_NO_MEMORY. An image whose journal was not replayed gives a
 * warning. *map_out is to be freed with real_map_fini() whatever the outcome. */
nescsim_status real_map_read(const char *source, const char *shown_source, const real_map_options *options,
			     nescsim_diag *diag, real_map *map_out);
void real_map_fini(real_map *map);

/* Writes it as our own text, in blocks of block_bytes, or of 1 KiB where those do not do. */
void real_map_write(const real_map *map, output *out);

/* The image of a source that is named IMAGE:/path, on the heap; NULL when it is not, or when out of memory. */
char *real_map_image_of(const char *source);

typedef struct real_map_format {
	const char *name, *help;
} real_map_format;

/* The rows of host/real_maps.def. */
extern const real_map_format real_map_formats[];
extern const size_t real_map_num_formats;

/* Is `next` the extent behind `extent` in the file and on the device, and of its kind? */
bool real_map_continues(const real_extent *extent, const real_extent *next);

#endif
