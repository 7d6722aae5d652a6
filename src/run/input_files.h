/* Which files a run reads besides its configuration, and what they hold: a result that keeps this says what it was made of.
 * Another trace under the same name is another input. */
#ifndef RUN_INPUT_FILES_H
#define RUN_INPUT_FILES_H

#include <jansson.h>

#include "run/scenario.h"

/* Of files that were looked at already. A file is read again when it is another one, or was changed since: by inode, size
 * and time of its last change. */
typedef struct input_digests input_digests;

input_digests *input_digests_create(void);
void input_digests_destroy(input_digests *self);

/* An array of one object per file, in the order of the VMs:
 *
 *   {"file": as the user would name it, "bytes": its size, "sha256": of its bytes, in hexadecimal}
 *
 * A map in the image of a filesystem has "extents" (how many) instead of "bytes", and "sha256" is of a line for each:
 * "LOGICAL PHYSICAL LENGTH WRITTEN" in bytes, WRITTEN 0 or 1, behind a line of the file's bytes and those of a block. A file
 * that cannot be read, or is no regular one, has neither. *stamp_out is another one when any of the files was changed or
 * replaced, be it by the same bytes. A new reference; NULL when out of memory. */
json_t *input_files_list(const nescsim_config *config, uint64_t *stamp_out);

/* The same as it was when it was first asked for, of this configuration or one that shares its digests: what is judged by it
 * is judged by the same files, whatever happens to them meanwhile. */
json_t *input_files_remembered(const nescsim_config *config);

/* Are they what they were when `before` and its stamp were taken? Returns NESCSIM_OK, NESCSIM_RUN_FAILED (reported) or
 * NESCSIM_NO_MEMORY. */
nescsim_status input_files_check(const nescsim_config *config, json_t *before, uint64_t stamp, nescsim_diag *diag);

#endif
