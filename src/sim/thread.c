#include "sim/thread.h"

#define THREAD_CLOCK_HZ INT64_C(1000000000) /* software has no clock edges; only merges would look at it */

void sim_thread_init(sim_kernel *kernel, sim_unit *thread, const char *name, void (*body)(sim_unit *self))
{
	sim_unit_init(kernel, thread, name, NULL, SIM_AHEAD, THREAD_CLOCK_HZ);
	thread->software = true;
	thread->body = body;
}

bool sim_thread_sync(sim_unit *self, ps_t t_ps)
{
	/* An item may cut the wait short: wait on. */
	while (sim_engine_now(self->kernel) < t_ps)
		if (!sim_thread_block(self, SIM_WAIT_UNTIL(t_ps)))
			return false;
	self->local_ps = ps_max(self->local_ps, t_ps);
	return true;
}

bool sim_thread_receive(sim_unit *self, sim_queue *queue, sim_item *item_out)
{
	while (sim_empty(queue))
		if (!sim_thread_block(self, SIM_WAIT_ITEM))
			return false;
	self->local_ps = ps_max(self->local_ps, sim_head(queue)->ready_ps);
	*item_out = sim_pop(self, queue);
	return true;
}

sim_arrival sim_thread_receive_before(sim_unit *self, sim_queue *queue, ps_t t_ps, sim_item *item_out)
{
	for (;;) {
		if (!sim_empty(queue) && sim_head(queue)->ready_ps < t_ps) {
			self->local_ps = ps_max(self->local_ps, sim_head(queue)->ready_ps);
			*item_out = sim_pop(self, queue);
			return SIM_ARRIVAL_ITEM;
		}
		if (t_ps <= sim_engine_now(self->kernel)) {
			self->local_ps = ps_max(self->local_ps, t_ps);
			return SIM_ARRIVAL_TIME;
		}
		if (!sim_thread_block(self, t_ps == PS_MAX ? SIM_WAIT_ITEM : SIM_WAIT_UNTIL(t_ps)))
			return SIM_ARRIVAL_OVER;
	}
}

bool sim_thread_send(sim_unit *self, sim_queue *queue, ps_t delay_ps, sim_item item)
{
	while (sim_full(queue))
		if (!sim_thread_block(self, SIM_WAIT_SLOT(queue)))
			return false;
	sim_push(self, queue, delay_ps, item);
	return true;
}
