/* A string that grows. A failed allocation is remembered instead of being reported at each step: the text then
 * stays as it was, and text_ok() says so once, at the end.
 */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct text_buffer {
	char *data; /* NUL-terminated; NULL until something was added */
	size_t num_bytes, capacity_bytes;
	bool failed;
} text_buffer;

#define TEXT_EMPTY ((text_buffer){ .data = NULL })

/* Appends as printf does. */
void text_add(text_buffer *target, const char *format, ...) __attribute__((format(printf, 2, 3)));
void text_add_va(text_buffer *target, const char *format, va_list arguments) __attribute__((format(printf, 2, 0)));

/* Appends num_bytes bytes. */
void text_add_bytes(text_buffer *target, const char *bytes, size_t num_bytes);

/* Appends a word as a shell takes it back, whatever is in it: between single quotation marks where it needs them. (Not as
 * the first word of a command if there is a '=' in it: that would be an assignment.) */
void text_add_shell_word(text_buffer *target, const char *word);

/* Cuts the text back to num_bytes (no more than it has). */
void text_cut(text_buffer *target, size_t num_bytes);

/* The text so far; never NULL; valid until the next call. */
const char *text_get(const text_buffer *source);

/* False when an allocation failed since the text was empty. */
bool text_ok(const text_buffer *source);

/* Frees the memory and empties the text. */
void text_free(text_buffer *target);

#define TEXT_HASH UINT64_C(0xcbf29ce484222325) /* to begin with */

/* FNV-1a of the text and its end, going on from `hash`: of one text behind the other. */
uint64_t text_hash(uint64_t hash, const char *text);

#endif
