#include "metrics/batch.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/assert.h"

/* Two-sided 95 % quantiles of Student's t in thousandths, by degrees of freedom from BATCH_MIN_BATCHES - 1 to
 * BATCH_MAX_BATCHES - 1 (NIST/SEMATECH e-Handbook of Statistical Methods, section 1.3.6.7.2). */
static const unsigned student_t_milli[] = {
	2262, 2228, 2201, 2179, 2160, 2145, 2131, 2120, 2110, 2101, 2093,
};

_Static_assert(sizeof(student_t_milli) / sizeof(student_t_milli[0]) == BATCH_MAX_BATCHES - BATCH_MIN_BATCHES + 1,
	       "one quantile for each possible number of batches");

void batch_init(batch_means *self)
{
	memset(self, 0, sizeof(*self));
}

/* Joins bins until they are 2^shift ps long. */
static void coarsen(batch_means *self, unsigned shift)
{
	unsigned joined = shift - self->bin_shift;

	/* In place: bin i only ever moves down, onto a bin that has moved already. */
	for (unsigned i = 1; i < BATCH_NUM_BINS; i++) {
		uint64_t count = self->counts[i];
		metrics_u128 sum_ps = self->sums_ps[i];
		unsigned to = joined < 32 ? i >> joined : 0;

		self->counts[i] = 0;
		self->sums_ps[i] = 0;
		self->counts[to] += count;
		self->sums_ps[to] += sum_ps;
	}
	self->bin_shift = shift;
}

void batch_add(batch_means *self, ps_t time_ps, ps_t value_ps)
{
	uint64_t bin;

	NESC_ASSERT(time_ps >= 0 && value_ps >= 0, "%" PRId64 " ps at %" PRId64 " ps", value_ps, time_ps);
	bin = (uint64_t)time_ps >> self->bin_shift;
	if (bin >= BATCH_NUM_BINS) {
		unsigned shift = self->bin_shift;

		while ((uint64_t)time_ps >> shift >= BATCH_NUM_BINS)
			shift++;
		coarsen(self, shift);
		bin = (uint64_t)time_ps >> shift;
	}
	self->counts[bin]++;
	self->sums_ps[bin] += (uint64_t)value_ps;
}

void batch_merge(batch_means *self, const batch_means *other)
{
	unsigned joined;

	if (other->bin_shift > self->bin_shift)
		coarsen(self, other->bin_shift);
	joined = self->bin_shift - other->bin_shift;
	for (unsigned i = 0; i < BATCH_NUM_BINS; i++) {
		unsigned to = joined < 32 ? i >> joined : 0;

		self->counts[to] += other->counts[i];
		self->sums_ps[to] += other->sums_ps[i];
	}
}

/* Joins neighbouring bins into batches of nearly equal counts: batch k ends with the bin that reaches (k + 1) / MAX of
 * all samples. A bin that alone holds several batches' worth is one batch, so there may be fewer. */
static unsigned form_batches(const batch_means *self, uint64_t num_samples, uint64_t counts[BATCH_MAX_BATCHES],
			     metrics_u128 sums_ps[BATCH_MAX_BATCHES])
{
	unsigned num_batches = 0;
	uint64_t seen = 0, batch_count = 0;
	metrics_u128 batch_sum_ps = 0, reached = 1;

	for (unsigned i = 0; i < BATCH_NUM_BINS; i++) {
		batch_count += self->counts[i];
		batch_sum_ps += self->sums_ps[i];
		seen += self->counts[i];
		if ((metrics_u128)seen * BATCH_MAX_BATCHES < reached * num_samples)
			continue;
		counts[num_batches] = batch_count;
		sums_ps[num_batches] = batch_sum_ps;
		num_batches++;
		if (seen == num_samples)
			break;
		batch_count = 0;
		batch_sum_ps = 0;
		reached = (metrics_u128)seen * BATCH_MAX_BATCHES / num_samples + 1;
	}
	return num_batches;
}

bool batch_half_width(const batch_means *self, ps_t *half_width_ps_out)
{
	uint64_t counts[BATCH_MAX_BATCHES], num_samples = 0;
	metrics_u128 sums_ps[BATCH_MAX_BATCHES], sum_ps = 0, quotient_ps;
	unsigned num_batches;
	double rest_ps, squares = 0, half_width_ps;

	for (unsigned i = 0; i < BATCH_NUM_BINS; i++) {
		num_samples += self->counts[i];
		sum_ps += self->sums_ps[i];
	}
	if (num_samples < BATCH_MIN_SAMPLES)
		return false;
	num_batches = form_batches(self, num_samples, counts, sums_ps);
	if (num_batches < BATCH_MIN_BATCHES)
		return false;

	/* Deviations of the batch sums from count times mean. The whole part of the mean is taken off in whole numbers,
	 * so that nothing cancels and equal samples give exactly 0. */
	quotient_ps = sum_ps / num_samples;
	rest_ps = (double)(uint64_t)(sum_ps % num_samples) / (double)num_samples;
	for (unsigned i = 0; i < num_batches; i++) {
		metrics_i128 whole_ps = (metrics_i128)(sums_ps[i] - quotient_ps * counts[i]);
		double deviation_ps = (double)whole_ps - rest_ps * (double)counts[i];

		squares += deviation_ps * deviation_ps;
	}
	half_width_ps = student_t_milli[num_batches - BATCH_MIN_BATCHES] / 1000.0 *
			sqrt(squares * num_batches / (num_batches - 1)) / (double)num_samples;
	/* Samples are below 2^63 ps, but the half-width of a few wild ones need not be. */
	*half_width_ps_out = half_width_ps < 9.2e18 ? (ps_t)floor(half_width_ps + 0.5) : PS_MAX;
	return true;
}
