/* Arrays on the heap that grow. */
#ifndef BASE_ARRAY_H
#define BASE_ARRAY_H

#include <stddef.h>

/* The array `items` (NULL: none yet) of `num` items, with room for one more: itself where there is some, or else moved to twice
 * the room. *max is how many have room. NULL when out of memory, or when the bytes cannot be counted; then the array is as it
 * was. */
void *array_with_room(void *items, size_t num, size_t *max, size_t item_bytes);

#endif
