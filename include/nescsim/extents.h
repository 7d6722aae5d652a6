/* Looking at how real files lie on their filesystems. */
#ifndef NESCSIM_EXTENTS_H
#define NESCSIM_EXTENTS_H

#include <stdio.h>

#include <nescsim/error.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Reads the map of a file and writes what it shows to `out`: sizes, holes, extents, runs of blocks that lie together, and
 * the extent tree that NeSC would walk for it, with the default settings of nesc.tree.
 *
 * `source_name` is a file of a mounted filesystem, a map in a file, or IMAGE:/path for a file in an unmounted image;
 * `format` names the one meant (NESCSIM_LIST_MAPS), NULL or "auto" tells by name and content. Unless map_name is NULL, the
 * map is written there as text that a configuration can name (disk.map: {kind: extents, file: ...}): whole, or not at all.
 * It replaces another map or an empty file, and nothing else.
 *
 * Returns NESCSIM_OK; NESCSIM_TRACE (mistakes in the map, up to 20, are in diag with their places); NESCSIM_IO
 * (unreadable source, or one without a map; `out` or map_name cannot be written); NESCSIM_USAGE (no such format, or
 * something else at map_name); NESCSIM_NO_MEMORY. */
nescsim_status nescsim_extents(const char *source_name, const char *format, const char *map_name, FILE *out,
			       nescsim_diag *diag);

#ifdef __cplusplus
}
#endif
#endif
