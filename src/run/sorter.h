/* Sorts more records than fit memory: sorted runs go to a file without a name, and are merged when they are read. */
#ifndef RUN_SORTER_H
#define RUN_SORTER_H

#include <stdbool.h>
#include <stddef.h>

#define SORTER_RUN_RECORDS 65536 /* sorted in memory */

typedef struct sorter sorter;

typedef int (*sorter_compare_fn)(const void *a, const void *b);

/* For records of record_bytes. Records that compare as equal come in any order. NULL when out of memory; freed with
 * sorter_destroy() (NULL is allowed), which also ends the file. */
sorter *sorter_create(size_t record_bytes, sorter_compare_fn compare);
void sorter_destroy(sorter *self);

/* Adds a record. False when the temporary file failed or memory is out; it stays so. */
bool sorter_add(sorter *self, const void *record);

/* No more will be added: begins to read. Returns as sorter_add(). */
bool sorter_begin(sorter *self);

/* The next record, in order: valid until the next call. NULL at the end, and when reading failed (see sorter_failed()). */
const void *sorter_next(sorter *self);

bool sorter_failed(const sorter *self);

#endif
