/* What a file is that is no trace, for the message that says so. */
#ifndef WORKLOAD_FOREIGN_H
#define WORKLOAD_FOREIGN_H

#include <stdint.h>
#include <stddef.h>

typedef struct foreign_file {
	const char *what; /* "a zip archive" */
	const char *hint; /* what to do with it */
} foreign_file;

/* What a file is that begins with these bytes; NULL if it is not known. Of static storage. */
const foreign_file *foreign_find(const uint8_t *head, size_t num_bytes);

/* Its first line, for a message: what is printable of it, at most text_bytes - 1 bytes. Empty for a binary file. */
void foreign_first_line(const uint8_t *head, size_t num_bytes, char *text, size_t text_bytes);

#endif
