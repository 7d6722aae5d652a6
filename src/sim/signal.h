/* A flag in memory that one unit sets at times and another one looks at: nobody is woken by it.
 *
 * The writer's times may lie in its future, and it may change its mind about what it has not reached yet. The reader asks
 * about a time that it was promised (sim_thread_sync(), SIM_UNTIL): then everything that was set strictly before is known,
 * in whatever order the engine ran the two.
 */
#ifndef SIM_SIGNAL_H
#define SIM_SIGNAL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/time.h"

typedef struct sim_change {
	ps_t at_ps;
	bool value;
} sim_change;

/* Zeroed: false from the beginning. */
typedef struct sim_signal {
	sim_change *changes; /* ring */
	uint32_t first, num, max;
	bool value; /* before the first change */
} sim_signal;

/* From at_ps on; takes back what was set for later. */
void sim_signal_set(sim_signal *self, ps_t at_ps, bool value);

/* As it was just before t_ps. t_ps never decreases. */
bool sim_signal_before(sim_signal *self, ps_t t_ps);

void sim_signal_fini(sim_signal *self);

#endif
