#include "workload/names.h"

#include <stdlib.h>
#include <string.h>

static uint32_t *slot_of(const names *self, const char *text, size_t num_bytes)
{
	const uint32_t mask = self->num_slots - 1;
	uint32_t hash = UINT32_C(2166136261); /* FNV-1a */

	for (size_t i = 0; i < num_bytes; i++)
		hash = (hash ^ (uint8_t)text[i]) * UINT32_C(16777619);
	for (uint32_t at = hash & mask;; at = (at + 1) & mask) {
		const char *there;

		if (!self->slots[at])
			return &self->slots[at];
		there = self->texts[self->slots[at] - 1];
		if (strncmp(there, text, num_bytes) == 0 && there[num_bytes] == '\0')
			return &self->slots[at];
	}
}

bool names_find(const names *self, const char *text, size_t num_bytes, uint32_t *number_out)
{
	const uint32_t *slot = self->num ? slot_of(self, text, num_bytes) : NULL;

	if (!slot || !*slot)
		return false;
	*number_out = *slot - 1;
	return true;
}

static bool grow(names *self)
{
	const uint32_t max = self->max ? 2 * self->max : 16;
	char **texts = realloc(self->texts, max * sizeof(*texts));
	uint32_t *slots = calloc(2 * (size_t)max, sizeof(*slots));

	if (texts)
		self->texts = texts;
	if (!texts || !slots) {
		free(slots);
		return false;
	}
	free(self->slots);
	self->slots = slots;
	self->num_slots = 2 * max;
	self->max = max;
	for (uint32_t i = 0; i < self->num; i++)
		*slot_of(self, texts[i], strlen(texts[i])) = i + 1;
	return true;
}

bool names_add(names *self, const char *text, size_t num_bytes, uint32_t *number_out)
{
	if (names_find(self, text, num_bytes, number_out))
		return true;
	if (self->num == self->max && !grow(self))
		return false;
	self->texts[self->num] = strndup(text, num_bytes);
	if (!self->texts[self->num])
		return false;
	*number_out = self->num++;
	*slot_of(self, text, num_bytes) = *number_out + 1;
	return true;
}

void names_fini(names *self)
{
	for (uint32_t i = 0; i < self->num; i++)
		free(self->texts[i]);
	free(self->texts);
	free(self->slots);
	*self = (names){ .num = 0 };
}
