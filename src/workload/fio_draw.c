#include "workload/fio_draw.h"

#include <gsl/gsl_rng.h>
#include <math.h>

#include "base/assert.h"

/* ---- permutation ------------------------------------------------------------------------------------------------ */

permutation permutation_draw(rng_stream *rng, uint64_t num)
{
	permutation self = { .num = num, .half_bits = 4 }; /* smaller networks favour some orders */

	NESC_ASSERT(num > 0, "an order of nothing");
	while (self.half_bits < 32 && (num - 1) >> 2 * self.half_bits != 0)
		self.half_bits++;
	for (int i = 0; i < PERMUTATION_ROUNDS; i++)
		self.keys[i] = rng_bits(rng);
	return self;
}

/* Any function of both will do, the better the more it mixes. */
static uint64_t scramble(uint64_t half, uint64_t key)
{
	uint64_t mixed = (half ^ key) * UINT64_C(0x9e3779b97f4a7c15);

	mixed = (mixed ^ mixed >> 32) * UINT64_C(0xd6e8feb86659fd93);
	return mixed ^ mixed >> 32;
}

uint64_t permutation_at(const permutation *self, uint64_t rank)
{
	const uint64_t mask = (UINT64_C(1) << self->half_bits) - 1;
	uint64_t place = rank;

	NESC_ASSERT(rank < self->num, "a rank that is none");
	/* At most 4 * num values, or 256: a few turns on average but for the smallest. */
	do {
		uint64_t left = place >> self->half_bits, right = place & mask;

		for (int i = 0; i < PERMUTATION_ROUNDS; i++) {
			const uint64_t next = left ^ (scramble(right, self->keys[i]) & mask);

			left = right;
			right = next;
		}
		place = left << self->half_bits | right;
	} while (place >= self->num);
	return place;
}

/* ---- Zipf ------------------------------------------------------------------------------------------------------- */

/* The integral of x^-theta from 1, and its inverse. */
static double area(const zipf *self, double x)
{
	const double power = 1 - self->theta;

	return fabs(power) < 1e-9 ? log(x) : expm1(power * log(x)) / power;
}

static double area_inverse(const zipf *self, double y)
{
	const double power = 1 - self->theta;

	return fabs(power) < 1e-9 ? exp(y) : exp(log1p(fmax(power * y, -1.0)) / power);
}

static double weight(const zipf *self, double x)
{
	return exp(-self->theta * log(x));
}

zipf zipf_make(uint64_t num, double theta)
{
	zipf self = { .num = num, .theta = theta };

	NESC_ASSERT(num > 0 && theta > 0, "no law of Zipf's");
	self.low = area(&self, 1.5) - 1;
	self.high = area(&self, (double)num + 0.5);
	/* Closer than this below a whole number nothing is rejected. */
	self.sure = 2 - area_inverse(&self, area(&self, 2.5) - weight(&self, 2));
	return self;
}

uint64_t zipf_draw(const zipf *self, rng_stream *rng)
{
	const gsl_rng generator = rng_gsl(rng);

	/* A point under the curve, in the strip of the nearest rank; the strip is a little larger than the rank's share. */
	for (;;) {
		const double y = self->high + gsl_rng_uniform(&generator) * (self->low - self->high);
		const double x = area_inverse(self, y);
		uint64_t rank = x < 1 ? 1 : x >= (double)self->num ? self->num : (uint64_t)llround(x);

		if (rank > self->num)
			rank = self->num;
		if ((double)rank - x <= self->sure || y >= area(self, (double)rank + 0.5) - weight(self, (double)rank))
			return rank - 1;
	}
}

/* ---- pareto ----------------------------------------------------------------------------------------------------- */

pareto pareto_make(uint64_t num, double h)
{
	NESC_ASSERT(num > 0 && h > 0 && h < 1, "no law of Pareto's");
	return (pareto){ .num = num, .exponent = log(h) / log(1 - h) };
}

uint64_t pareto_draw(const pareto *self, rng_stream *rng)
{
	const gsl_rng generator = rng_gsl(rng);
	const double share = pow(gsl_rng_uniform(&generator), self->exponent);
	const uint64_t rank = (uint64_t)(share * (double)self->num);

	return rank < self->num ? rank : self->num - 1;
}
