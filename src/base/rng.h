/* Seeded random streams: xoshiro256** behind GSL's generator interface, so that GSL's distributions can be drawn
 * from it. A stream is a plain value: no allocation, and a copy continues on its own from the same point.
 */
#ifndef BASE_RNG_H
#define BASE_RNG_H

#include <gsl/gsl_rng.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/time.h"

typedef struct rng_stream {
	uint64_t state[4];
} rng_stream;

/* The stream of this name and index (a VF number, say) under the run's seed. Streams that differ in any of the
 * three are independent, and adding a stream never changes the draws of another. */
rng_stream rng_open(uint64_t seed, const char *name, uint64_t index);

/* 64 random bits. */
uint64_t rng_bits(rng_stream *rng);

/* 0 ... bound - 1, every value exactly equally likely. `bound` must not be 0. */
uint64_t rng_uniform_u64(rng_stream *rng, uint64_t bound);

/* True with probability numerator / denominator exactly (always when numerator >= denominator > 0). */
bool rng_chance(rng_stream *rng, uint64_t numerator, uint64_t denominator);

/* Exponentially distributed time of the given mean (>= 0), rounded to the nearest whole ps, at most PS_MAX. */
ps_t rng_exponential_ps(rng_stream *rng, ps_t mean_ps);

/* The stream as a GSL generator, for gsl_ran_...(); valid as long as *rng stays where it is. Round the result to a
 * whole number at the draw. */
gsl_rng rng_gsl(rng_stream *rng);

#endif
