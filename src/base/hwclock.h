/* A hardware clock: edges at whole picoseconds, exactly f edges per second, no division on the hot path.
 *
 * Edge n lies at floor(n * 10^12 / f) ps. The period need not be whole (156.25 MHz is 6,400 ps, 300 MHz is
 * 3,333.33 ps); it never drifts, because each edge is computed from its number.
 *
 * Why it is exact: with R = 10^12 mod f and F = ceil(R * 2^128 / f), n * F / 2^128 exceeds n * R / f by less than
 * n / 2^128, while n * R / f is at least 1 / f below the next whole number. So both have the same whole part for
 * every n < 2^128 / f, that is, for every 64-bit n. (64 bits of F would be right for the first minutes only.)
 */
#ifndef BASE_HWCLOCK_H
#define BASE_HWCLOCK_H

#include <stdint.h>

#include "base/time.h"

typedef struct hwclock {
	int64_t frequency_hz;  /* 1 kHz ... 1 THz */
	uint64_t period_ps;    /* whole part of the period */
	uint64_t fraction;     /* rest of the period in 2^-64 ps, rounded down; 0 = the period is whole ... */
	uint64_t fraction_low; /* ... and the 64 bits after it, rounded up */
	uint64_t reciprocal;   /* 2^64 / period, rounded down: estimates the edge number of a time */
} hwclock;

/* The clock of the given frequency (1 kHz ... 1 THz). */
hwclock hwclock_make(int64_t frequency_hz);

/* hwclock_edge() without the limit of ps_t: edges beyond the end of time can be compared with. */
static inline uint64_t hwclock_edge_unlimited(const hwclock *clock, uint64_t edge)
{
	unsigned __int128 low = (unsigned __int128)edge * clock->fraction_low;
	unsigned __int128 extra = (unsigned __int128)edge * clock->fraction + (uint64_t)(low >> 64);

	return edge * clock->period_ps + (uint64_t)(extra >> 64);
}

/* Time of edge number `edge` (from 0 at time 0), which must not lie beyond PS_MAX. */
static inline ps_t hwclock_edge(const hwclock *clock, uint64_t edge)
{
	return (ps_t)hwclock_edge_unlimited(clock, edge);
}

/* Number of the last edge at or before `t_ps` (0 ... PS_MAX). The estimate is never too high and at most two too
 * low: the reciprocal's error costs less than 1/2 edge over all of ps_t, the rounding of edges less than 1/10. */
static inline uint64_t hwclock_index(const hwclock *clock, ps_t t_ps)
{
	uint64_t edge = (uint64_t)(((unsigned __int128)(uint64_t)t_ps * clock->reciprocal) >> 64);

	while (hwclock_edge_unlimited(clock, edge + 1) <= (uint64_t)t_ps)
		edge++;
	return edge;
}

/* First edge strictly after `t_ps`; PS_MAX where that lies beyond the end of time. */
static inline ps_t hwclock_after(const hwclock *clock, ps_t t_ps)
{
	uint64_t edge_ps;

	if (clock->fraction == 0) { /* a whole period, as nearly all have: the same with fewer products */
		edge_ps = ((uint64_t)(((unsigned __int128)(uint64_t)t_ps * clock->reciprocal) >> 64) + 1) *
			  clock->period_ps;
		while (edge_ps <= (uint64_t)t_ps)
			edge_ps += clock->period_ps;
	} else {
		edge_ps = hwclock_edge_unlimited(clock, hwclock_index(clock, t_ps) + 1);
	}
	return edge_ps > (uint64_t)PS_MAX ? PS_MAX : (ps_t)edge_ps;
}

/* First edge at or after `t_ps`; PS_MAX where that lies beyond the end of time. */
static inline ps_t hwclock_align(const hwclock *clock, ps_t t_ps)
{
	return t_ps == 0 ? 0 : hwclock_after(clock, t_ps - 1);
}

/* Last edge at or before `t_ps` >= 0. */
static inline ps_t hwclock_floor(const hwclock *clock, ps_t t_ps)
{
	uint64_t edge_ps;

	if (clock->fraction != 0)
		return hwclock_edge(clock, hwclock_index(clock, t_ps));
	edge_ps = (uint64_t)(((unsigned __int128)(uint64_t)t_ps * clock->reciprocal) >> 64) * clock->period_ps;
	while (edge_ps + clock->period_ps <= (uint64_t)t_ps)
		edge_ps += clock->period_ps;
	return (ps_t)edge_ps;
}

/* The edge `num_cycles` after the edge at `edge_ps` (which must be an edge); at most PS_MAX. */
static inline ps_t hwclock_advance(const hwclock *clock, ps_t edge_ps, int64_t num_cycles)
{
	if (clock->fraction == 0)
		return edge_ps + num_cycles * (ps_t)clock->period_ps;
	return hwclock_edge(clock, hwclock_index(clock, edge_ps) + (uint64_t)num_cycles);
}

#endif
