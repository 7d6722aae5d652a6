/* A hardware clock: edges at whole picoseconds, exactly f edges per second, no division on the hot path.
 *
 * Edge n lies at ceil(n * 10^12 / f) ps. The period need not be whole (156.25 MHz is 6,400 ps, 300 MHz is
 * 3,333.33 ps); it never drifts, because each edge is computed from its number.
 */
#ifndef BASE_HWCLOCK_H
#define BASE_HWCLOCK_H

#include <stdint.h>

#include "base/time.h"

typedef struct hwclock {
	int64_t frequency_hz;  /* 1 kHz ... 100 GHz */
	uint64_t period_ps;    /* whole part of the period */
	uint64_t fraction;     /* rest of the period in 2^-64 ps, rounded up */
	uint64_t reciprocal;   /* 2^64 / period, rounded down: estimates the edge number of a time */
} hwclock;

/* The clock of the given frequency (1 kHz ... 100 GHz). */
hwclock hwclock_make(int64_t frequency_hz);

/* Time of edge number `edge` (from 0 at time 0). */
static inline ps_t hwclock_edge(const hwclock *clock, uint64_t edge)
{
	uint64_t extra = (uint64_t)(((unsigned __int128)edge * clock->fraction) >> 64);

	return (ps_t)(edge * clock->period_ps + extra);
}

/* Number of the last edge at or before `t_ps` >= 0. */
static inline uint64_t hwclock_index(const hwclock *clock, ps_t t_ps)
{
	uint64_t edge = (uint64_t)(((unsigned __int128)(uint64_t)t_ps * clock->reciprocal) >> 64);

	while (hwclock_edge(clock, edge) > t_ps)
		edge--;
	while (hwclock_edge(clock, edge + 1) <= t_ps)
		edge++;
	return edge;
}

/* First edge strictly after `t_ps`. */
static inline ps_t hwclock_after(const hwclock *clock, ps_t t_ps)
{
	return hwclock_edge(clock, hwclock_index(clock, t_ps) + 1);
}

/* First edge at or after `t_ps`. */
static inline ps_t hwclock_align(const hwclock *clock, ps_t t_ps)
{
	uint64_t edge = hwclock_index(clock, t_ps);
	ps_t edge_ps = hwclock_edge(clock, edge);

	return edge_ps == t_ps ? t_ps : hwclock_edge(clock, edge + 1);
}

/* The edge `num_cycles` after the edge at `edge_ps` (which must be an edge). */
static inline ps_t hwclock_advance(const hwclock *clock, ps_t edge_ps, int64_t num_cycles)
{
	if (clock->fraction == 0)
		return edge_ps + num_cycles * (ps_t)clock->period_ps;
	return hwclock_edge(clock, hwclock_index(clock, edge_ps) + (uint64_t)num_cycles);
}

#endif
