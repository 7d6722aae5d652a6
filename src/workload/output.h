/* A file that is either whole or not there: written without a name (or, where the filesystem has no such files, under a
 * temporary one beside it), packed as its name's end says
 * (.gz, .bz2, .xz, .zst; else plain), synced, and named once its writer is content.
 *
 * The same bytes in give the same file, on every run. Memory use is one fixed buffer and what packing needs.
 */
#ifndef WORKLOAD_OUTPUT_H
#define WORKLOAD_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/diag.h"
#include "base/text.h"

typedef struct output output;

/* Begins `file_name`. What is there already is an error unless `replaces`; it stays until output_commit(). Returns
 * NESCSIM_OK, NESCSIM_USAGE (something is there that is not to be replaced, or is no file), NESCSIM_IO or
 * NESCSIM_NO_MEMORY; the reason is in `diag`, which must outlive it. On success *output_out ends with output_close(). */
nescsim_status output_open(const char *file_name, bool replaces, nescsim_diag *diag, output **output_out);

/* Adds bytes, or formatted text of at most 4 KiB. A failure is kept for output_finish(). */
void output_bytes(output *self, const void *bytes, size_t num_bytes);
void output_text(output *self, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Writes a number as so many bytes (1 to 8), the lowest first. */
static inline void output_number(uint8_t *bytes, size_t num_bytes, uint64_t value)
{
	for (size_t i = 0; i < num_bytes; i++)
		bytes[i] = (uint8_t)(value >> 8 * i);
}

/* All has been added: writes it to the temporary file, and syncs. Returns NESCSIM_OK or NESCSIM_IO (reported). */
nescsim_status output_finish(output *self);

/* Where it stands until output_commit(). */
const char *output_partial(const output *self);

/* Gives the finished file its name. Returns NESCSIM_OK or NESCSIM_IO (reported). */
nescsim_status output_commit(output *self);

/* All of that: with NESCSIM_OK it is finished and gets its name, otherwise nothing is left of it; it is freed. NULL is allowed.
 * Returns `status`, or what went wrong. */
nescsim_status output_end(output *self, nescsim_status status);

/* Makes a file of a text, or replaces one: whole, or not at all. Returns as output_open() and output_finish(), or
 * NESCSIM_NO_MEMORY where the text has failed. */
nescsim_status output_save(const char *file_name, const text_buffer *text, nescsim_diag *diag);

/* Frees it; without a commit nothing is left behind. NULL is allowed. */
void output_close(output *self);

#endif
