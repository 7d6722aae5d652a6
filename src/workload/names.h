/* Names by number, in the order in which they came, and numbers by name. */
#ifndef WORKLOAD_NAMES_H
#define WORKLOAD_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Zeroed at the start; ends with names_fini(). */
typedef struct names {
	char **texts;
	uint32_t num, max;
	uint32_t *slots; /* numbers + 1, open addressing; a power of two, at most half full */
	uint32_t num_slots;
} names;

/* The number of a name of num_bytes bytes; false when it is not known. */
bool names_find(const names *self, const char *text, size_t num_bytes, uint32_t *number_out);

/* The same, and one that is not known is added as number self->num. False when out of memory. */
bool names_add(names *self, const char *text, size_t num_bytes, uint32_t *number_out);

void names_fini(names *self);

#endif
