#include "metrics/histogram.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"

#define OCTAVE_BITS 10 /* log2 of HISTOGRAM_OCTAVE_BUCKETS */

_Static_assert(1 << OCTAVE_BITS == HISTOGRAM_OCTAVE_BUCKETS, "an octave has 2^OCTAVE_BITS buckets");

/* Octave 0 starts at 0 and octave k at 2^(OCTAVE_BITS + k - 1). */
static unsigned octave_of(uint64_t value)
{
	if (value < HISTOGRAM_OCTAVE_BUCKETS)
		return 0;
	return 64 - (unsigned)__builtin_clzll(value) - OCTAVE_BITS;
}

/* log2 of the width of an octave's buckets: the first two octaves are exact. */
static unsigned width_shift(unsigned octave)
{
	return octave > 0 ? octave - 1 : 0;
}

static uint64_t octave_start(unsigned octave)
{
	return octave > 0 ? (uint64_t)HISTOGRAM_OCTAVE_BUCKETS << (octave - 1) : 0;
}

void histogram_init(histogram *self)
{
	memset(self, 0, sizeof(*self));
}

void histogram_fini(histogram *self)
{
	for (unsigned i = 0; i < HISTOGRAM_NUM_OCTAVES; i++)
		free(self->octaves[i]);
	histogram_init(self);
}

static histogram_octave *octave_at(histogram *self, unsigned octave)
{
	if (!self->octaves[octave]) {
		self->octaves[octave] = calloc(1, sizeof(*self->octaves[octave]));
		if (!self->octaves[octave])
			self->out_of_memory = true;
	}
	return self->octaves[octave];
}

static inline void add_values(histogram_bucket *bucket, uint64_t count, ps_t low_ps, ps_t high_ps)
{
	if (count == 0)
		return;
	bucket->low_ps = bucket->count > 0 ? ps_min(bucket->low_ps, low_ps) : low_ps;
	bucket->high_ps = ps_max(bucket->high_ps, high_ps);
	bucket->count += count;
}

void histogram_add(histogram *self, ps_t value_ps)
{
	unsigned octave;
	histogram_octave *buckets;

	NESC_ASSERT(value_ps >= 0, "a latency of %" PRId64 " ps", value_ps);
	if (self->count == 0 || value_ps < self->min_ps)
		self->min_ps = value_ps;
	if (self->count == 0 || value_ps > self->max_ps)
		self->max_ps = value_ps;
	self->count++;
	self->sum_ps += (uint64_t)value_ps;

	octave = octave_of((uint64_t)value_ps);
	buckets = octave_at(self, octave);
	if (!buckets)
		return;
	buckets->count++;
	add_values(&buckets->buckets[((uint64_t)value_ps - octave_start(octave)) >> width_shift(octave)], 1, value_ps,
		   value_ps);
}

bool histogram_merge(histogram *self, const histogram *other)
{
	if (other->count == 0)
		return !self->out_of_memory;
	if (self->count == 0 || other->min_ps < self->min_ps)
		self->min_ps = other->min_ps;
	if (self->count == 0 || other->max_ps > self->max_ps)
		self->max_ps = other->max_ps;
	self->count += other->count;
	self->sum_ps += other->sum_ps;
	self->out_of_memory = self->out_of_memory || other->out_of_memory;

	for (unsigned i = 0; i < HISTOGRAM_NUM_OCTAVES; i++) {
		const histogram_octave *from = other->octaves[i];
		histogram_octave *to;

		if (!from)
			continue;
		to = octave_at(self, i);
		if (!to)
			continue;
		to->count += from->count;
		for (unsigned j = 0; j < HISTOGRAM_OCTAVE_BUCKETS; j++)
			add_values(&to->buckets[j], from->buckets[j].count, from->buckets[j].low_ps,
				   from->buckets[j].high_ps);
	}
	return !self->out_of_memory;
}

ps_t histogram_percentile(const histogram *self, uint32_t ppm)
{
	uint64_t rank, seen = 0;

	NESC_ASSERT(self->count > 0 && ppm <= 1000000, "%" PRIu32 " ppm of %" PRIu64 " values", ppm, self->count);
	rank = (uint64_t)(((metrics_u128)self->count * ppm + 999999) / 1000000);
	/* The first and the last sample are known exactly. */
	if (rank <= 1)
		return self->min_ps;
	if (rank == self->count)
		return self->max_ps;

	for (unsigned i = 0; i < HISTOGRAM_NUM_OCTAVES; i++) {
		const histogram_octave *octave = self->octaves[i];

		if (!octave)
			continue;
		if (seen + octave->count < rank) {
			seen += octave->count;
			continue;
		}
		for (unsigned j = 0; j < HISTOGRAM_OCTAVE_BUCKETS; j++) {
			const histogram_bucket *bucket = &octave->buckets[j];

			if (seen + bucket->count < rank) {
				seen += bucket->count;
				continue;
			}
			if (rank == seen + 1)
				return bucket->low_ps;
			if (rank == seen + bucket->count)
				return bucket->high_ps;
			return bucket->low_ps + (bucket->high_ps - bucket->low_ps) / 2;
		}
	}
	return self->max_ps; /* buckets were lost for want of memory */
}

size_t histogram_slices(const histogram *self, histogram_slice *slices)
{
	const unsigned slice_buckets = HISTOGRAM_OCTAVE_BUCKETS / HISTOGRAM_OCTAVE_SLICES;
	size_t num_slices = 0;

	NESC_ASSERT(!self->out_of_memory, "buckets were lost");
	for (unsigned i = 0; i < HISTOGRAM_NUM_OCTAVES; i++) {
		for (unsigned j = 0; self->octaves[i] && j < HISTOGRAM_OCTAVE_BUCKETS; j += slice_buckets) {
			histogram_bucket sum = { 0 };

			for (unsigned k = j; k < j + slice_buckets; k++) {
				const histogram_bucket *bucket = &self->octaves[i]->buckets[k];

				add_values(&sum, bucket->count, bucket->low_ps, bucket->high_ps);
			}
			if (sum.count > 0)
				slices[num_slices++] = (histogram_slice){ .count = sum.count, .high_ps = sum.high_ps };
		}
	}
	return num_slices;
}
