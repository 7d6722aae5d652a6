#include "base/array.h"

#include <stdint.h>
#include <stdlib.h>

#define FIRST_ITEMS 16

void *array_with_room(void *items, size_t num, size_t *max, size_t item_bytes)
{
	const size_t more = *max == 0 ? FIRST_ITEMS : 2 * *max;
	void *moved;

	if (num < *max)
		return items;
	if (*max > SIZE_MAX / 2 / item_bytes)
		return NULL;
	moved = reallocarray(items, more, item_bytes);
	if (moved != NULL)
		*max = more;
	return moved;
}
