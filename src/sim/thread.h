/* Sequential software: code that blocks, on an actor of its own in every placement.
 *
 * A thread is a unit with a body instead of a step. Its own delays need no engine (a thread decides alone);
 * it blocks for items, for slots, and where it wants to know that nothing earlier can still arrive.
 * Every blocking call returns false when the run is over: the body must then return.
 */
#ifndef SIM_THREAD_H
#define SIM_THREAD_H

#include "sim/sim.h"

/* Registers a thread; body(self) runs once. Items of `role` SIM_AHEAD: one input, taken in order. */
void sim_thread_init(sim_kernel *kernel, sim_unit *thread, const char *name, void (*body)(sim_unit *self));

/* Blocks for what `wait` names. */
bool sim_thread_block(sim_unit *self, sim_wait wait);

/* Spends `duration_ps` >= 0 of its own time. */
static inline void sim_thread_delay(sim_unit *self, ps_t duration_ps)
{
	self->local_ps += duration_ps;
}

/* Waits until everything that is ready before `t_ps` has been pushed; local time becomes at least t_ps. */
bool sim_thread_sync(sim_unit *self, ps_t t_ps);

/* Takes the next item of an input, no earlier than it is ready. */
bool sim_thread_receive(sim_unit *self, sim_queue *queue, sim_item *item_out);

/* What came first. */
typedef enum sim_arrival {
	SIM_ARRIVAL_ITEM,
	SIM_ARRIVAL_TIME,
	SIM_ARRIVAL_OVER, /* the run is: the body must return */
} sim_arrival;

/* Takes the next item of an input if it is ready before `t_ps`; else it is t_ps, and local time at least that. PS_MAX: waits
 * for an item only. */
sim_arrival sim_thread_receive_before(sim_unit *self, sim_queue *queue, ps_t t_ps, sim_item *item_out);

/* Puts an item, ready delay_ps later, waiting for a slot where needed. */
bool sim_thread_send(sim_unit *self, sim_queue *queue, ps_t delay_ps, sim_item item);

#endif
