#include "base/rng.h"

#include <gsl/gsl_randist.h>
#include <math.h>

#include "base/assert.h"

static uint64_t rotate_left(uint64_t value, int num_bits)
{
	return value << num_bits | value >> (64 - num_bits);
}

/* SplitMix64: the next of a sequence that visits every 64-bit value once. */
static uint64_t splitmix64(uint64_t *state)
{
	uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

static uint64_t mix(uint64_t value)
{
	return splitmix64(&value);
}

static void rng_seed(rng_stream *rng, uint64_t seed)
{
	/* Four steps of a permutation: never all zero, the one state that xoshiro cannot leave. */
	for (int i = 0; i < 4; i++)
		rng->state[i] = splitmix64(&seed);
}

rng_stream rng_open(uint64_t seed, const char *name, uint64_t index)
{
	uint64_t name_hash = UINT64_C(0xcbf29ce484222325); /* FNV-1a */
	rng_stream rng;

	for (; *name; name++)
		name_hash = (name_hash ^ (unsigned char)*name) * UINT64_C(0x100000001b3);
	rng_seed(&rng, mix(mix(mix(seed) ^ name_hash) ^ index));
	return rng;
}

uint64_t rng_bits(rng_stream *rng)
{
	uint64_t *s = rng->state;
	uint64_t result = rotate_left(s[1] * 5, 7) * 9, shifted = s[1] << 17;

	s[2] ^= s[0];
	s[3] ^= s[1];
	s[1] ^= s[2];
	s[0] ^= s[3];
	s[2] ^= shifted;
	s[3] = rotate_left(s[3], 45);
	return result;
}

uint64_t rng_uniform_u64(rng_stream *rng, uint64_t bound)
{
	unsigned __int128 product;
	uint64_t threshold;

	NESC_ASSERT(bound > 0, "a random number below 0");
	/* Lemire's method: the high half of bits * bound is the draw; the few low halves that would favour some
	 * values are drawn again. */
	product = (unsigned __int128)rng_bits(rng) * bound;
	if ((uint64_t)product < bound) {
		threshold = -bound % bound;
		while ((uint64_t)product < threshold)
			product = (unsigned __int128)rng_bits(rng) * bound;
	}
	return (uint64_t)(product >> 64);
}

bool rng_chance(rng_stream *rng, uint64_t numerator, uint64_t denominator)
{
	return rng_uniform_u64(rng, denominator) < numerator;
}

/* GSL's view of the generator. GSL names the integers unsigned long, which has 64 bits on every LP64 system. */
_Static_assert(sizeof(unsigned long) == sizeof(uint64_t), "GSL hands out unsigned long");

static void xoshiro_set(void *state, unsigned long seed)
{
	rng_seed((rng_stream *)state, seed);
}

static unsigned long xoshiro_get(void *state)
{
	return rng_bits((rng_stream *)state);
}

static double xoshiro_get_double(void *state)
{
	return (double)(rng_bits((rng_stream *)state) >> 11) * 0x1p-53;
}

static const gsl_rng_type xoshiro_type = {
	.name = "xoshiro256**",
	.max = UINT64_MAX,
	.min = 0,
	.size = sizeof(rng_stream),
	.set = xoshiro_set,
	.get = xoshiro_get,
	.get_double = xoshiro_get_double,
};

gsl_rng rng_gsl(rng_stream *rng)
{
	return (gsl_rng){ .type = &xoshiro_type, .state = rng };
}

ps_t rng_exponential_ps(rng_stream *rng, ps_t mean_ps)
{
	gsl_rng generator = rng_gsl(rng);
	double draw_ps;

	NESC_ASSERT(mean_ps >= 0, "a negative mean");
	draw_ps = gsl_ran_exponential(&generator, (double)mean_ps);
	return draw_ps >= 0x1p63 ? PS_MAX : (ps_t)llround(draw_ps);
}
