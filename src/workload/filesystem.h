/* The guest's filesystem: turns each operation of a process on its file into block requests and work of the kernel.
 *
 * docs/filesystem.md says what becomes what. It wraps a workload whose requests are one process's operations on one file, and
 * takes the place of a workload kind itself; source_open() and source_validate() put it there.
 */
#ifndef WORKLOAD_FILESYSTEM_H
#define WORKLOAD_FILESYSTEM_H

#include "workload/kind.h"

/* Does this context have a filesystem (of kind other than `none`)? */
bool filesystem_is_used(const source_context *context);

#endif
