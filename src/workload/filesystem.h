/* The guest's filesystem: turns each operation of a process on its file into block requests and work of the kernel.
 *
 * docs/filesystem.md says what becomes what. To the vCPU it is a workload kind, whose `params` are the workload that it
 * wraps (a cfg_variant); its own parameters come with the context. source_open() and source_validate() put it there.
 *
 * The model is of one process and one file per vCPU, with a journal of its own: nothing is shared between vCPUs but
 * blocks of metadata that several of them write.
 */
#ifndef WORKLOAD_FILESYSTEM_H
#define WORKLOAD_FILESYSTEM_H

#include "workload/kind.h"

extern const source_kind filesystem_kind;

/* Does this context have a filesystem, of a kind other than `none`? */
bool filesystem_is_used(const source_context *context);

#endif
