#include "metrics/progress.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define MAX_LABEL_BYTES 64
#define REDRAW_NS INT64_C(200000000)
#define CHECK_NS INT64_C(10000000) /* aim at reading the clock about this often */
#define MAX_CALLS_PER_CHECK 65536
#define NS_PER_S INT64_C(1000000000)

struct progress {
	FILE *out;
	char label[MAX_LABEL_BYTES];
	int64_t start_ns, checked_ns, drawn_ns;
	uint32_t calls_per_check, calls_left;
	int width; /* of the line on the screen */
	char note[MAX_LABEL_BYTES];
};

static int64_t wall_clock_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * NS_PER_S + now.tv_nsec;
}

progress *progress_create(FILE *out, const char *label)
{
	progress *self;

	if (!isatty(fileno(out)))
		return NULL;
	self = calloc(1, sizeof(*self));
	if (!self)
		return NULL;
	self->out = out;
	strncpy(self->label, label, sizeof(self->label) - 1);
	self->start_ns = wall_clock_ns();
	self->checked_ns = self->start_ns;
	self->drawn_ns = self->start_ns;
	self->calls_per_check = 1;
	self->calls_left = 1;
	return self;
}

void progress_format_duration(int64_t duration_s, char *text, size_t text_bytes)
{
	if (duration_s < 60)
		snprintf(text, text_bytes, "%" PRId64 " s", duration_s);
	else if (duration_s < 3600)
		snprintf(text, text_bytes, "%" PRId64 " min %02" PRId64 " s", duration_s / 60, duration_s % 60);
	else
		snprintf(text, text_bytes, "%" PRId64 " h %02" PRId64 " min", duration_s / 3600, duration_s / 60 % 60);
}

static void draw(progress *self, uint64_t done, uint64_t total, int64_t now_ns)
{
	char line[160], noted[160 + MAX_LABEL_BYTES], rest[48];
	int width;

	if (done > total)
		total = 0; /* the estimate was wrong: say nothing about the rest */
	if (total == 0) {
		width = snprintf(line, sizeof(line), "%s: %" PRIu64, self->label, done);
	} else if (done == 0) {
		width = snprintf(line, sizeof(line), "%s:   0 %%", self->label);
	} else {
		double rest_s = (double)(now_ns - self->start_ns) / NS_PER_S * (double)(total - done) / (double)done;

		progress_format_duration(rest_s < 1e9 ? (int64_t)(rest_s + 0.5) : INT64_C(1000000000), rest,
					 sizeof(rest));
		width = snprintf(line, sizeof(line), "%s: %3d %%, about %s left", self->label,
				 (int)(100.0 * (double)done / (double)total), rest);
	}
	if (self->note[0] != '\0')
		width = snprintf(noted, sizeof(noted), "%s (%s)", line, self->note);
	/* Blanks instead of an escape sequence, so that a dumb terminal shows it too. */
	fprintf(self->out, "\r%-*s", self->width, self->note[0] != '\0' ? noted : line);
	fflush(self->out);
	if (width > self->width)
		self->width = width;
}

void progress_update(progress *self, uint64_t done, uint64_t total)
{
	int64_t now_ns, passed_ns;

	if (!self || --self->calls_left > 0)
		return;
	now_ns = wall_clock_ns();
	passed_ns = now_ns - self->checked_ns;
	self->checked_ns = now_ns;
	if (passed_ns < CHECK_NS / 2 && self->calls_per_check < MAX_CALLS_PER_CHECK)
		self->calls_per_check *= 2;
	else if (passed_ns > CHECK_NS * 2)
		self->calls_per_check = self->calls_per_check > 16 ? self->calls_per_check / 16 : 1;
	self->calls_left = self->calls_per_check;
	if (now_ns - self->drawn_ns < REDRAW_NS)
		return;
	self->drawn_ns = now_ns;
	draw(self, done, total, now_ns);
}

void progress_set_note(progress *self, const char *note)
{
	if (self)
		snprintf(self->note, sizeof(self->note), "%s", note);
}

void progress_clear(progress *self)
{
	if (!self || self->width == 0)
		return;
	fprintf(self->out, "\r%-*s\r", self->width, "");
	fflush(self->out);
	self->width = 0;
}

void progress_finish(progress *self)
{
	progress_clear(self);
	free(self);
}
