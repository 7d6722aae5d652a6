/* The one writer of the page. Markup is what the program's own formats say; whatever else gets into the page comes in by %s and is
 * escaped on the way, so that no name or label of a user's can become markup. */
#ifndef REPORT_HTML_H
#define REPORT_HTML_H

#include "workload/output.h"

typedef struct html_page {
	output *out; /* keeps the first failure */
} html_page;

/* Adds markup. It may hold %s (text, which is escaped; characters that no page may have are replaced), %zu and %%. Anything
 * else is a bug (assert). */
void html_add(html_page *page, const char *markup, ...) __attribute__((format(printf, 2, 3)));

/* Adds text, escaped. */
void html_text(html_page *page, const char *bytes, size_t num_bytes);

/* Adds a text of the program's own as it stands: a style sheet, a script. */
void html_own(html_page *page, const char *text);

/* Adds bytes as base64, for data: addresses. */
void html_base64(html_page *page, const void *bytes, size_t num_bytes);

#endif
