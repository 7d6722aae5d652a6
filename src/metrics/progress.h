/* One line that says how far a long run is and how long it still takes; on a terminal only.
 *
 * Wall-clock time is read here and goes nowhere else: no result depends on it.
 */
#ifndef METRICS_PROGRESS_H
#define METRICS_PROGRESS_H

#include <stdint.h>
#include <stdio.h>

typedef struct progress progress;

/* "3 s", "4 min 05 s", "2 h 07 min" */
void progress_format_duration(int64_t duration_s, char *text, size_t text_bytes);

/* A progress line on `out` (stderr); `label` is copied. Returns NULL when `out` is no terminal or memory is out, and
 * every function below takes NULL and does nothing. */
progress *progress_create(FILE *out, const char *label);

/* `done` of `total` (0 = unknown) are finished. May be called for every request: the clock is read every few calls and
 * the line redrawn at most five times a second. */
void progress_update(progress *self, uint64_t done, uint64_t total);

/* Something to be shown behind the rest ("3 tasks wait"), from the next drawing on; copied, as far as a line has room. */
void progress_set_note(progress *self, const char *note);

/* Clears the line, so that something else can be written; the next update draws it again. */
void progress_clear(progress *self);

/* Clears the line and frees `self`. */
void progress_finish(progress *self);

#endif
