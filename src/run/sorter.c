#include "run/sorter.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/array.h"

#define BUFFER_RECORDS 64 /* of each run while they are merged */

/* A sorted part of the file; the last one is in memory. */
typedef struct sorter_run {
	uint64_t next, end; /* records of the file that are not in the buffer */
	char *buffer;
	size_t at, num; /* in the buffer */
} sorter_run;

struct sorter {
	size_t record_bytes;
	sorter_compare_fn compare;
	FILE *file; /* NULL until memory is full */
	char *pending;
	size_t num_pending;
	uint64_t num_written;
	sorter_run *runs;
	size_t num_runs, max_runs;
	size_t *heap; /* of runs, by their first record */
	size_t num_heap;
	bool started, failed;
};

sorter *sorter_create(size_t record_bytes, sorter_compare_fn compare)
{
	sorter *self = calloc(1, sizeof(*self));

	if (self == NULL)
		return NULL;
	self->record_bytes = record_bytes;
	self->compare = compare;
	return self;
}

void sorter_destroy(sorter *self)
{
	if (self == NULL)
		return;
	for (size_t i = 0; i < self->num_runs; i++)
		if (self->runs[i].buffer != self->pending)
			free(self->runs[i].buffer);
	if (self->file != NULL)
		fclose(self->file);
	free(self->pending);
	free(self->runs);
	free(self->heap);
	free(self);
}

bool sorter_failed(const sorter *self)
{
	return self->failed;
}

static bool fail(sorter *self)
{
	self->failed = true;
	return false;
}

static sorter_run *new_run(sorter *self)
{
	sorter_run *runs = array_with_room(self->runs, self->num_runs, &self->max_runs, sizeof(*runs));

	if (runs == NULL)
		return NULL;
	self->runs = runs;
	self->runs[self->num_runs] = (sorter_run){ .next = 0 };
	return &self->runs[self->num_runs++];
}

static bool write_run(sorter *self)
{
	sorter_run *run = new_run(self);

	if (self->file == NULL)
		self->file = tmpfile();
	if (run == NULL || self->file == NULL)
		return fail(self);
	qsort(self->pending, self->num_pending, self->record_bytes, self->compare);
	if (fwrite(self->pending, self->record_bytes, self->num_pending, self->file) != self->num_pending)
		return fail(self);
	run->next = self->num_written;
	self->num_written += self->num_pending;
	run->end = self->num_written;
	self->num_pending = 0;
	return true;
}

bool sorter_add(sorter *self, const void *record)
{
	if (self->failed)
		return false;
	if (self->pending == NULL)
		self->pending = malloc(SORTER_RUN_RECORDS * self->record_bytes);
	if (self->pending == NULL)
		return fail(self);
	if (self->num_pending == SORTER_RUN_RECORDS && !write_run(self))
		return false;
	memcpy(self->pending + self->num_pending++ * self->record_bytes, record, self->record_bytes);
	return true;
}

/* ---- reading ----------------------------------------------------------------------------------------------------- */

static const char *first_of(const sorter *self, size_t run)
{
	return self->runs[run].buffer + self->runs[run].at * self->record_bytes;
}

/* Has the run a record in its buffer, after reading if need be? */
static bool refill(sorter *self, sorter_run *run)
{
	uint64_t num = run->end - run->next;

	if (run->at < run->num)
		return true;
	if (num == 0)
		return false;
	if (num > BUFFER_RECORDS)
		num = BUFFER_RECORDS;
	if (pread(fileno(self->file), run->buffer, num * self->record_bytes, (off_t)(run->next * self->record_bytes)) !=
	    (ssize_t)(num * self->record_bytes))
		return fail(self);
	run->next += num;
	run->at = 0;
	run->num = num;
	return true;
}

static void sift_down(sorter *self, size_t at)
{
	const size_t run = self->heap[at];

	for (;;) {
		size_t child = 2 * at + 1;

		if (child >= self->num_heap)
			break;
		if (child + 1 < self->num_heap &&
		    self->compare(first_of(self, self->heap[child + 1]), first_of(self, self->heap[child])) < 0)
			child++;
		if (self->compare(first_of(self, run), first_of(self, self->heap[child])) <= 0)
			break;
		self->heap[at] = self->heap[child];
		at = child;
	}
	self->heap[at] = run;
}

bool sorter_begin(sorter *self)
{
	sorter_run *last;

	if (self->failed)
		return false;
	if (self->file != NULL && fflush(self->file) != 0)
		return fail(self);
	for (size_t i = 0; i < self->num_runs; i++) {
		self->runs[i].buffer = malloc(BUFFER_RECORDS * self->record_bytes);
		if (self->runs[i].buffer == NULL)
			return fail(self);
	}
	last = new_run(self);
	self->heap = malloc((self->num_runs + 1) * sizeof(*self->heap));
	if (last == NULL || self->heap == NULL)
		return fail(self);
	if (self->num_pending != 0)
		qsort(self->pending, self->num_pending, self->record_bytes, self->compare);
	last->buffer = self->pending;
	last->num = self->num_pending;
	for (size_t i = 0; i < self->num_runs; i++)
		if (refill(self, &self->runs[i]))
			self->heap[self->num_heap++] = i;
	for (size_t i = self->num_heap / 2; i-- > 0;)
		sift_down(self, i);
	return !self->failed;
}

const void *sorter_next(sorter *self)
{
	/* The record that was given last is still in its run. */
	if (self->started && self->num_heap != 0) {
		sorter_run *run = &self->runs[self->heap[0]];

		run->at++;
		if (!refill(self, run))
			self->heap[0] = self->heap[--self->num_heap];
		if (self->num_heap != 0)
			sift_down(self, 0);
	}
	self->started = true;
	return self->num_heap == 0 || self->failed ? NULL : first_of(self, self->heap[0]);
}
