#include "sim/signal.h"

#include <stdlib.h>

#include "base/assert.h"

static sim_change *change_at(const sim_signal *self, uint32_t index)
{
	return &self->changes[(self->first + index) & (self->max - 1)];
}

static void grow(sim_signal *self)
{
	const uint32_t max = self->max == 0 ? 8 : 2 * self->max;
	sim_change *grown = malloc(max * sizeof(*grown));

	NESC_ASSERT_ALWAYS(grown != NULL, "out of memory for a signal");
	for (uint32_t i = 0; i < self->num; i++)
		grown[i] = *change_at(self, i);
	free(self->changes);
	self->changes = grown;
	self->first = 0;
	self->max = max;
}

void sim_signal_set(sim_signal *self, ps_t at_ps, bool value)
{
	while (self->num != 0 && change_at(self, self->num - 1)->at_ps >= at_ps)
		self->num--;
	if (value == (self->num == 0 ? self->value : change_at(self, self->num - 1)->value))
		return;
	if (self->num == self->max)
		grow(self);
	self->num++;
	*change_at(self, self->num - 1) = (sim_change){ .at_ps = at_ps, .value = value };
}

bool sim_signal_before(sim_signal *self, ps_t t_ps)
{
	while (self->num != 0 && change_at(self, 0)->at_ps < t_ps) {
		self->value = change_at(self, 0)->value;
		self->first = (self->first + 1) & (self->max - 1);
		self->num--;
	}
	return self->value;
}

void sim_signal_fini(sim_signal *self)
{
	free(self->changes);
	*self = (sim_signal){ .num = 0 };
}
