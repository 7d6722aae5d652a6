/* Simulated time: whole picoseconds. */
#ifndef BASE_TIME_H
#define BASE_TIME_H

#include <stdint.h>

typedef int64_t ps_t; /* 0 ... 9.2e18 ps (106 days) */

#define PS_MAX INT64_MAX
#define PS_PER_NS INT64_C(1000)
#define PS_PER_US INT64_C(1000000)
#define PS_PER_MS INT64_C(1000000000)
#define PS_PER_S INT64_C(1000000000000)

static inline ps_t ps_max(ps_t a, ps_t b)
{
	return a > b ? a : b;
}

static inline ps_t ps_min(ps_t a, ps_t b)
{
	return a < b ? a : b;
}

#endif
