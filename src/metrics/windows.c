#include "metrics/windows.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"

#define START_WIDTH_PS PS_PER_US

struct windows {
	unsigned num_series;
	unsigned width_shift;   /* a window is START_WIDTH_PS * 2^width_shift wide */
	ps_t last_ps;           /* the latest time added; 0 = none yet, which comes to the same */
	windows_tally *tallies; /* [window][series] */
};

windows *windows_create(unsigned num_series)
{
	windows *self = calloc(1, sizeof(*self));

	NESC_ASSERT(num_series > 0, "windows of no series");
	if (!self)
		return NULL;
	self->num_series = num_series;
	self->tallies = calloc((size_t)WINDOWS_MAX * num_series, sizeof(*self->tallies));
	if (!self->tallies) {
		windows_destroy(self);
		return NULL;
	}
	return self;
}

void windows_destroy(windows *self)
{
	if (!self)
		return;
	free(self->tallies);
	free(self);
}

/* The window that a time lies in, which may be one beyond the last. */
static inline uint64_t window_of(const windows *self, ps_t at_ps)
{
	return (uint64_t)(at_ps / START_WIDTH_PS) >> self->width_shift;
}

static void add_to(windows_tally *to, const windows_tally *from, unsigned num_series)
{
	for (unsigned i = 0; i < num_series; i++) {
		to[i].count += from[i].count;
		to[i].sum += from[i].sum;
	}
}

/* Merges windows pairwise, in place: a window only ever moves down, onto one that has moved already. */
static void double_width(windows *self)
{
	const unsigned num_series = self->num_series;
	windows_tally *tallies = self->tallies;

	for (size_t i = 0; i < WINDOWS_MAX / 2; i++) {
		if (i > 0)
			memcpy(&tallies[i * num_series], &tallies[2 * i * num_series], num_series * sizeof(*tallies));
		add_to(&tallies[i * num_series], &tallies[(2 * i + 1) * num_series], num_series);
	}
	memset(&tallies[(size_t)WINDOWS_MAX / 2 * num_series], 0,
	       (size_t)WINDOWS_MAX / 2 * num_series * sizeof(*tallies));
	self->width_shift++;
}

void windows_add(windows *self, unsigned series, ps_t at_ps, int64_t value)
{
	windows_tally *tally;
	uint64_t window;

	NESC_ASSERT(series < self->num_series && at_ps >= 0 && value >= 0,
		    "%" PRId64 " at %" PRId64 " ps in series %u of %u", value, at_ps, series, self->num_series);
	for (window = window_of(self, at_ps); window >= WINDOWS_MAX; window >>= 1)
		double_width(self);
	self->last_ps = ps_max(self->last_ps, at_ps);
	tally = &self->tallies[window * self->num_series + series];
	tally->count++;
	tally->sum += (uint64_t)value;
}

unsigned windows_slices(const windows *self, unsigned num_slices, ps_t end_ps, windows_slice *slices_out,
			windows_tally *tallies_out)
{
	uint64_t num_windows, slice_windows;
	metrics_u128 slice_ps;
	unsigned num_given;

	NESC_ASSERT(num_slices > 0 && end_ps >= 0, "%u slices up to %" PRId64 " ps", num_slices, end_ps);
	/* The end may lie far beyond the windows that are kept: those in between are empty. */
	num_windows = window_of(self, ps_max(end_ps, self->last_ps)) + 1;
	slice_windows = (num_windows + num_slices - 1) / num_slices;
	num_given = (unsigned)((num_windows + slice_windows - 1) / slice_windows);
	slice_ps = ((metrics_u128)START_WIDTH_PS << self->width_shift) * slice_windows;

	memset(tallies_out, 0, (size_t)num_given * self->num_series * sizeof(*tallies_out));
	for (unsigned i = 0; i < num_given; i++) {
		const metrics_u128 until_ps = slice_ps * (i + 1);

		slices_out[i].from_ps = (ps_t)(slice_ps * i);
		slices_out[i].until_ps = until_ps < PS_MAX ? (ps_t)until_ps : PS_MAX;
	}
	for (uint64_t i = 0; i < WINDOWS_MAX && i < num_windows; i++)
		add_to(&tallies_out[i / slice_windows * self->num_series], &self->tallies[i * self->num_series],
		       self->num_series);
	return num_given;
}
