/* How a fio job draws places: pure functions on plain values. Ranks and places are whole numbers below `num`. */
#ifndef WORKLOAD_FIO_DRAW_H
#define WORKLOAD_FIO_DRAW_H

#include "base/rng.h"

#define PERMUTATION_ROUNDS 6

/* A random order of 0 ... num - 1 that takes no memory: a Feistel network over an even power of two, walked until
 * it is back inside. */
typedef struct permutation {
	uint64_t num;
	unsigned half_bits;
	uint64_t keys[PERMUTATION_ROUNDS];
} permutation;

/* Draws one; `num` must not be 0. */
permutation permutation_draw(rng_stream *rng, uint64_t num);

/* Where `rank` (< num) comes: every place exactly once. */
uint64_t permutation_at(const permutation *self, uint64_t rank);

/* Zipf's law: rank k of 1 ... num with a probability proportional to k^-theta, theta > 0. Exact but for the rounding of
 * doubles, at one or two uniform draws each, whatever `num` is (rejection-inversion). */
typedef struct zipf {
	uint64_t num;
	double theta, low, high, sure;
} zipf;

/* `num` must not be 0. */
zipf zipf_make(uint64_t num, double theta);

/* A rank from 0. */
uint64_t zipf_draw(const zipf *self, rng_stream *rng);

/* fio's pareto of input h, 0 < h < 1: a share h of the ranks gets a share 1 - h of the draws, and so on within that
 * share. */
typedef struct pareto {
	uint64_t num;
	double exponent;
} pareto;

/* `num` must not be 0. */
pareto pareto_make(uint64_t num, double h);

/* A rank from 0. */
uint64_t pareto_draw(const pareto *self, rng_stream *rng);

#endif
