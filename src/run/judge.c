#include <stdint.h>

#include "base/assert.h"
#include "run/validate.h"

claim_value claim_evaluate(claim_quantity quantity, const claim_measure *subject, const claim_measure *reference)
{
	switch (quantity) {
	case CLAIM_RATE: /* kB/s = bytes / ps * 10^12 / 10^3 */
		return (claim_value){ (metrics_i128)subject->num_bytes * (PS_PER_S / 1000), subject->simulated_ps };
	case CLAIM_LATENCY:
		return (claim_value){ subject->mean_ps, PS_PER_NS };
	case CLAIM_MORE_LATENCY:
		return (claim_value){ (metrics_i128)subject->mean_ps - reference->mean_ps, PS_PER_NS };
	case CLAIM_TIMES_LATENCY:
		return (claim_value){ (metrics_i128)subject->mean_ps * 1000, reference->mean_ps };
	case CLAIM_TIMES_RATE:
		break;
	}
	return (claim_value){ (metrics_i128)subject->num_bytes * reference->simulated_ps * 1000,
			      (metrics_i128)reference->num_bytes * subject->simulated_ps };
}

static metrics_i128 floor_quotient(claim_value value)
{
	const metrics_i128 quotient = value.numerator / value.denominator;

	return value.numerator % value.denominator < 0 ? quotient - 1 : quotient;
}

/* Cross products could overflow, so whole parts are compared, and of equals the reciprocals of what is left. */
int claim_compare(claim_value one, claim_value other)
{
	for (int sign = 1;; sign = -sign) {
		const metrics_i128 a = floor_quotient(one), b = floor_quotient(other);
		const metrics_i128 rest = one.numerator - a * one.denominator;
		const metrics_i128 other_rest = other.numerator - b * other.denominator;

		if (a != b)
			return a < b ? -sign : sign;
		if (rest == 0 || other_rest == 0)
			return sign * ((rest != 0) - (other_rest != 0));
		one = (claim_value){ one.denominator, rest };
		other = (claim_value){ other.denominator, other_rest };
	}
}

static bool within(const claim_bounds *bounds, claim_value value)
{
	const int to_low = claim_compare(value, (claim_value){ bounds->low, 1 });

	return (bounds->above ? to_low > 0 : to_low >= 0) &&
	       claim_compare(value, (claim_value){ bounds->high, 1 }) <= 0;
}

unsigned claim_misses(const claim_bounds *bounds, int64_t first_bytes, const claim_value *values, unsigned num_values)
{
	unsigned misses = 0, peak = 0;

	if (bounds->peak_bytes == 0) {
		for (unsigned i = 0; i < num_values; i++)
			misses |= (unsigned)!within(bounds, values[i]) << i;
		return misses;
	}
	while (peak < num_values && first_bytes << peak != bounds->peak_bytes)
		peak++;
	NESC_ASSERT(peak < num_values, "the peak is none of %u sizes", num_values);
	for (unsigned i = 0; i < num_values; i++)
		misses |= (unsigned)(claim_compare(values[i], values[peak]) > 0) << i;
	return misses;
}
