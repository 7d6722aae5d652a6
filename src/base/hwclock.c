#include "base/hwclock.h"

#include <inttypes.h>

#include "base/assert.h"

#define MIN_FREQUENCY_HZ INT64_C(1000)
#define MAX_FREQUENCY_HZ INT64_C(1000000000000)

hwclock hwclock_make(int64_t frequency_hz)
{
	uint64_t frequency = (uint64_t)frequency_hz;
	unsigned __int128 rest;
	hwclock clock = { .frequency_hz = frequency_hz };

	NESC_ASSERT(frequency_hz >= MIN_FREQUENCY_HZ && frequency_hz <= MAX_FREQUENCY_HZ, "a clock of %" PRId64 " Hz",
		    frequency_hz);
	clock.period_ps = (uint64_t)PS_PER_S / frequency;
	rest = (unsigned __int128)((uint64_t)PS_PER_S % frequency) << 64;
	clock.fraction = (uint64_t)(rest / frequency);
	rest = rest % frequency << 64;
	clock.fraction_low = (uint64_t)((rest + frequency - 1) / frequency);
	/* At 1 THz the reciprocal is 2^64 itself; one less is an estimate as good as any. */
	clock.reciprocal = frequency_hz == MAX_FREQUENCY_HZ
				   ? UINT64_MAX
				   : (uint64_t)(((unsigned __int128)frequency << 64) / (uint64_t)PS_PER_S);
	return clock;
}
