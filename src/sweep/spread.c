#include "sweep/spread.h"

#include <gsl/gsl_cdf.h>
#include <math.h>

void spread_add(spread *self, metrics_i128 value_millionths)
{
	metrics_i128 difference;

	if (self->num++ == 0)
		self->first_millionths = value_millionths;
	difference = value_millionths - self->first_millionths;
	self->sum_millionths += difference;
	self->squares += (double)difference * (double)difference;
}

bool spread_mean(const spread *self, metrics_i128 *sum_out, uint64_t *count_out)
{
	if (self->num == 0)
		return false;
	*sum_out = self->first_millionths * self->num + self->sum_millionths;
	*count_out = self->num;
	return true;
}

bool spread_half_width(const spread *self, metrics_i128 *millionths_out)
{
	const double num = (double)self->num, sum = (double)self->sum_millionths;
	double variance, half_width;

	if (self->num < 2)
		return false;
	variance = (self->squares - sum * sum / num) / (num - 1);
	if (variance < 0)
		variance = 0; /* rounding */
	half_width = gsl_cdf_tdist_Pinv(0.975, num - 1) * sqrt(variance / num);
	*millionths_out = (metrics_i128)floor(half_width + 0.5);
	return true;
}
