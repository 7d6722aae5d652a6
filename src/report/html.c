#include "report/html.h"

#include <stdarg.h>
#include <string.h>

#include "base/assert.h"

#define REPLACEMENT "\xef\xbf\xbd"

/* Bytes of the character at `at`, or 0 when it is none that a page may have: control characters, what is no UTF-8. */
static size_t character_bytes(const unsigned char *at, size_t num_bytes)
{
	const size_t length = *at < 0x80 ? 1 : *at < 0xc2 ? 0 : *at < 0xe0 ? 2 : *at < 0xf0 ? 3 : *at < 0xf5 ? 4 : 0;

	if (length == 0 || length > num_bytes)
		return 0;
	if (length == 1)
		return (*at >= ' ' && *at != 0x7f) || *at == '\n' || *at == '\t';
	for (size_t i = 1; i < length; i++)
		if ((at[i] & 0xc0) != 0x80)
			return 0;
	/* Overlong forms, surrogates, past the last character, and the two that are none. */
	if ((*at == 0xe0 && at[1] < 0xa0) || (*at == 0xed && at[1] > 0x9f) || (*at == 0xf0 && at[1] < 0x90) ||
	    (*at == 0xf4 && at[1] > 0x8f) || (*at == 0xef && at[1] == 0xbf && at[2] > 0xbd) ||
	    (*at == 0xc2 && at[1] < 0xa0))
		return 0;
	return length;
}

void html_text(html_page *page, const char *bytes, size_t num_bytes)
{
	static const struct {
		char character;
		const char *entity;
	} special[] = { { '&', "&amp;" }, { '<', "&lt;" }, { '>', "&gt;" }, { '"', "&quot;" }, { '\'', "&#39;" } };
	const char *end = bytes + num_bytes;

	while (bytes < end) {
		const size_t length = character_bytes((const unsigned char *)bytes, (size_t)(end - bytes));
		const char *as = length == 0 ? REPLACEMENT : NULL;

		for (size_t i = 0; as == NULL && i < sizeof(special) / sizeof(special[0]); i++)
			if (*bytes == special[i].character)
				as = special[i].entity;
		if (as != NULL)
			output_bytes(page->out, as, strlen(as));
		else
			output_bytes(page->out, bytes, length);
		bytes += length == 0 ? 1 : length;
	}
}

void html_own(html_page *page, const char *text)
{
	output_bytes(page->out, text, strlen(text));
}

void html_add(html_page *page, const char *markup, ...)
{
	va_list arguments;

	va_start(arguments, markup);
	while (*markup != '\0') {
		const size_t num_bytes = strcspn(markup, "%");

		output_bytes(page->out, markup, num_bytes);
		markup += num_bytes;
		if (strncmp(markup, "%s", 2) == 0) {
			const char *text = va_arg(arguments, const char *);

			html_text(page, text, strlen(text));
			markup += 2;
		} else if (strncmp(markup, "%zu", 3) == 0) {
			output_text(page->out, "%zu", va_arg(arguments, size_t));
			markup += 3;
		} else if (*markup != '\0') {
			NESC_ASSERT_ALWAYS(strncmp(markup, "%%", 2) == 0, "a format that html_add() does not know: %s",
					   markup);
			output_bytes(page->out, "%", 1);
			markup += 2;
		}
	}
	va_end(arguments);
}

void html_base64(html_page *page, const void *bytes, size_t num_bytes)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const unsigned char *at = bytes;

	for (size_t i = 0; i < num_bytes; i += 3) {
		const size_t num_left = num_bytes - i;
		const unsigned second = num_left > 1 ? at[i + 1] : 0, third = num_left > 2 ? at[i + 2] : 0;
		const unsigned triple = (unsigned)at[i] << 16 | second << 8 | third;
		const char four[] = { digits[triple >> 18], digits[triple >> 12 & 63],
				      num_left > 1 ? digits[triple >> 6 & 63] : '=',
				      num_left > 2 ? digits[triple & 63] : '=' };

		output_bytes(page->out, four, sizeof(four));
	}
}
