/* Names of files and folders that are being written, beside what they will be: "NAME.partial-HOST-PROCESS-RANDOM". No two
 * processes choose the same, on whatever host of a shared folder they are. */
#ifndef BASE_PARTIAL_H
#define BASE_PARTIAL_H

#include <stdbool.h>

/* A new such name for `path`; to be freed, NULL when out of memory. */
char *partial_name(const char *path);

/* Is this such a name? Those of earlier versions are, too. */
bool partial_is(const char *name);

/* Has its process ended? False also when that cannot be known: it is another host's. */
bool partial_is_dead(const char *name);

#endif
