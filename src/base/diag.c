#include "base/diag.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/array.h"
#include "base/text.h"

/* Entries are allocated one by one, so that a pointer from nescsim_diag_at() survives later additions. */
struct nescsim_diag {
	nescsim_diag_entry **entries;
	size_t num_entries, capacity, num_errors;
};

nescsim_diag *nescsim_diag_create(void)
{
	return (nescsim_diag *)calloc(1, sizeof(nescsim_diag));
}

static void entry_destroy(nescsim_diag_entry *entry)
{
	/* The strings are ours; const in the public struct only. */
	free((char *)(uintptr_t)entry->file);
	free((char *)(uintptr_t)entry->path);
	free((char *)(uintptr_t)entry->message);
	free((char *)(uintptr_t)entry->hint);
	free(entry);
}

void nescsim_diag_destroy(nescsim_diag *diag)
{
	if (!diag)
		return;
	for (size_t i = 0; i < diag->num_entries; i++)
		entry_destroy(diag->entries[i]);
	free(diag->entries);
	free(diag);
}

size_t nescsim_diag_count(const nescsim_diag *diag)
{
	return diag ? diag->num_entries : 0;
}

size_t nescsim_diag_num_errors(const nescsim_diag *diag)
{
	return diag ? diag->num_errors : 0;
}

const nescsim_diag_entry *nescsim_diag_at(const nescsim_diag *diag, size_t index)
{
	return diag && index < diag->num_entries ? diag->entries[index] : NULL;
}

void nescsim_diag_print(const nescsim_diag *diag, FILE *out)
{
	for (size_t i = 0; i < nescsim_diag_count(diag); i++) {
		const nescsim_diag_entry *entry = diag->entries[i];

		if (entry->file) {
			fputs(entry->file, out);
			if (entry->line) {
				fprintf(out, ":%zu", entry->line);
				if (entry->column)
					fprintf(out, ":%zu", entry->column);
			}
			fputs(": ", out);
		}
		fputs(entry->severity == NESCSIM_ERROR ? "error: " : "warning: ", out);
		if (entry->path)
			fprintf(out, "%s: ", entry->path);
		fputs(entry->message, out);
		if (entry->hint)
			fprintf(out, " (%s)", entry->hint);
		fputc('\n', out);
	}
}

/* A copy that is safe on a terminal; NULL stays NULL. *failed is set when out of memory. */
static char *copy_printable(const char *source, bool *failed)
{
	text_buffer copy = TEXT_EMPTY;

	if (!source)
		return NULL;
	text_add_bytes(&copy, "", 0);
	for (const char *c = source; *c; c++) {
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			text_add(&copy, "\\x%02x", (unsigned)(unsigned char)*c);
		else
			text_add_bytes(&copy, c, 1);
	}
	if (!text_ok(&copy)) {
		*failed = true;
		text_free(&copy);
	}
	return copy.data;
}

nescsim_status diag_add_va(nescsim_diag *diag, nescsim_severity severity, nescsim_status status,
			   const diag_place *place, const char *hint, const char *format, va_list arguments)
{
	nescsim_diag_entry **entries, *entry;
	text_buffer message = TEXT_EMPTY;
	bool failed = false;

	if (!diag)
		return status;
	if (severity == NESCSIM_ERROR)
		diag->num_errors++; /* counted even if no memory is left to say what it was */
	entries = array_with_room(diag->entries, diag->num_entries, &diag->capacity, sizeof(*diag->entries));
	if (!entries)
		return status;
	diag->entries = entries;
	entry = (nescsim_diag_entry *)calloc(1, sizeof(*entry));
	if (!entry)
		return status;
	text_add_va(&message, format, arguments);
	entry->severity = severity;
	entry->status = status;
	if (place) {
		entry->file = copy_printable(place->file, &failed);
		entry->line = place->line;
		entry->column = place->column;
		entry->path = copy_printable(place->path, &failed);
	}
	entry->message = copy_printable(text_get(&message), &failed);
	entry->hint = copy_printable(hint, &failed);
	if (failed || !text_ok(&message))
		entry_destroy(entry);
	else
		diag->entries[diag->num_entries++] = entry;
	text_free(&message);
	return status;
}

nescsim_status diag_add(nescsim_diag *diag, nescsim_severity severity, nescsim_status status, const diag_place *place,
			const char *hint, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	diag_add_va(diag, severity, status, place, hint, format, arguments);
	va_end(arguments);
	return status;
}

#define MAX_WORD_BYTES 63

static int lower(char c)
{
	return tolower((unsigned char)c);
}

/* Edit distance with swaps of neighbours (optimal string alignment), ignoring letter case. */
static size_t edit_distance(const char *a, size_t a_bytes, const char *b, size_t b_bytes)
{
	size_t rows[3][MAX_WORD_BYTES + 1];

	for (size_t j = 0; j <= b_bytes; j++)
		rows[0][j] = j;
	for (size_t i = 1; i <= a_bytes; i++) {
		size_t *row = rows[i % 3];
		const size_t *above = rows[(i + 2) % 3], *above2 = rows[(i + 1) % 3];

		row[0] = i;
		for (size_t j = 1; j <= b_bytes; j++) {
			size_t best = above[j - 1] + (lower(a[i - 1]) != lower(b[j - 1]));

			if (above[j] + 1 < best)
				best = above[j] + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			if (i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) &&
			    lower(a[i - 2]) == lower(b[j - 1]) && above2[j - 2] + 1 < best)
				best = above2[j - 2] + 1;
			row[j] = best;
		}
	}
	return rows[a_bytes % 3][b_bytes];
}

const char *diag_nearest(const char *word, const char *const *candidates, size_t num_candidates)
{
	size_t word_bytes = strlen(word), best_distance = SIZE_MAX;
	const char *best = NULL;

	if (word_bytes == 0 || word_bytes > MAX_WORD_BYTES)
		return NULL;
	for (size_t i = 0; i < num_candidates; i++) {
		size_t candidate_bytes = strlen(candidates[i]);
		size_t longer = word_bytes > candidate_bytes ? word_bytes : candidate_bytes;
		size_t distance;

		if (candidate_bytes == 0 || candidate_bytes > MAX_WORD_BYTES)
			continue;
		distance = edit_distance(word, word_bytes, candidates[i], candidate_bytes);
		if (3 * distance <= longer + 1 && distance < longer && distance < best_distance) {
			best = candidates[i];
			best_distance = distance;
		}
	}
	/* An abbreviation ("lat" for "latency") is far away in letters, yet plain. */
	for (size_t i = 0; !best && word_bytes >= 3 && i < num_candidates; i++) {
		if (strncasecmp(word, candidates[i], word_bytes) == 0)
			best = candidates[i];
	}
	return best;
}
