#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Makes room for num_bytes more and a NUL. */
static bool text_reserve(text_buffer *target, size_t num_bytes)
{
	size_t needed = target->num_bytes + num_bytes + 1;

	if (target->failed)
		return false;
	if (needed > target->capacity_bytes) {
		size_t capacity = needed < 64 ? 64 : needed + needed / 2;
		char *data = (char *)realloc(target->data, capacity);

		if (!data) {
			target->failed = true;
			return false;
		}
		target->data = data;
		target->capacity_bytes = capacity;
	}
	return true;
}

void text_add_bytes(text_buffer *target, const char *bytes, size_t num_bytes)
{
	if (!text_reserve(target, num_bytes))
		return;
	if (num_bytes)
		memcpy(target->data + target->num_bytes, bytes, num_bytes);
	target->num_bytes += num_bytes;
	target->data[target->num_bytes] = '\0';
}

void text_add_va(text_buffer *target, const char *format, va_list arguments)
{
	va_list again;
	int length;

	va_copy(again, arguments);
	length = vsnprintf(NULL, 0, format, arguments);
	if (length < 0)
		target->failed = true;
	else if (text_reserve(target, (size_t)length)) {
		vsnprintf(target->data + target->num_bytes, (size_t)length + 1, format, again);
		target->num_bytes += (size_t)length;
	}
	va_end(again);
}

void text_add(text_buffer *target, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	text_add_va(target, format, arguments);
	va_end(arguments);
}

void text_add_shell_word(text_buffer *target, const char *word)
{
	const bool is_plain =
		*word != '\0' && strspn(word, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
					      "_-+=.,:/@%") == strlen(word);

	if (is_plain) {
		text_add(target, "%s", word);
		return;
	}
	text_add(target, "'");
	for (; *word != '\0'; word++)
		text_add(target, *word == '\'' ? "'\\''" : "%c", *word);
	text_add(target, "'");
}

void text_cut(text_buffer *target, size_t num_bytes)
{
	if (num_bytes < target->num_bytes) {
		target->num_bytes = num_bytes;
		target->data[num_bytes] = '\0';
	}
}

const char *text_get(const text_buffer *source)
{
	return source->data ? source->data : "";
}

bool text_ok(const text_buffer *source)
{
	return !source->failed;
}

void text_free(text_buffer *target)
{
	free(target->data);
	*target = TEXT_EMPTY;
}

uint64_t text_hash(uint64_t hash, const char *text)
{
	do
		hash = (hash ^ (unsigned char)*text) * UINT64_C(0x100000001b3);
	while (*text++ != '\0');
	return hash;
}
