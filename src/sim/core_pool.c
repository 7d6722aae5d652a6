#include "sim/core_pool.h"

#include <stdlib.h>

#include "base/assert.h"

#define POOL_CLOCK_HZ INT64_C(1000000000000) /* decides to the picosecond */

typedef struct pool_job {
	uint32_t client;
	ps_t left_ps;
	sim_item item;
} pool_job;

typedef struct pool_core {
	bool busy;
	ps_t free_ps; /* end of the slice, or since when it is free */
	pool_job job;
} pool_core;

struct sim_core_pool {
	sim_unit unit;
	sim_pool_policy policy;
	ps_t quantum_ps;
	pool_core *cores;
	uint32_t num_cores;
	sim_queue **done; /* by client */
	uint32_t num_clients, max_clients;
	pool_job *waiting; /* ring of max_clients: one job per client at most */
	uint32_t waiting_first, num_waiting;
	ps_t *held_from_ps; /* by client */
	uint32_t num_held;
};

static sim_wait pool_step_fifo(sim_unit *self, ps_t limit_ps)
{
	sim_core_pool *pool = (sim_core_pool *)self;
	sim_wait wait;

	for (;;) {
		sim_queue *queue;
		sim_item item;
		pool_core *core = &pool->cores[0];
		ps_t done_ps;

		/* Decided when all that arrived up to now is known, but started when it arrived. */
		if (!sim_merge_ready(self, NULL, limit_ps, &wait))
			return wait;
		queue = sim_merge_first(self, NULL);
		item = sim_pop(self, queue);
		for (uint32_t i = 1; i < pool->num_cores; i++)
			if (pool->cores[i].free_ps < core->free_ps)
				core = &pool->cores[i];
		done_ps = ps_max(core->free_ps, item.ready_ps) + (ps_t)item.argument;
		core->free_ps = done_ps;
		self->busy_ps += (ps_t)item.argument;
		self->num_served++;
		sim_push(self, pool->done[queue->input], ps_max(0, done_ps - self->local_ps), item);
	}
}

static void pool_dispatch(sim_core_pool *pool, ps_t now_ps)
{
	for (uint32_t i = 0; i < pool->num_cores && pool->num_waiting != 0; i++) {
		pool_core *core = &pool->cores[i];

		if (core->busy)
			continue;
		core->job = pool->waiting[pool->waiting_first];
		pool->waiting_first = pool->waiting_first + 1 == pool->max_clients ? 0 : pool->waiting_first + 1;
		pool->num_waiting--;
		core->busy = true;
		core->free_ps = now_ps + ps_min(core->job.left_ps, pool->quantum_ps);
	}
}

static void pool_enqueue(sim_core_pool *pool, pool_job job)
{
	uint32_t at = pool->waiting_first + pool->num_waiting++;

	NESC_ASSERT_DEBUG(pool->num_waiting <= pool->max_clients, "a client has two jobs in the pool");
	pool->waiting[at >= pool->max_clients ? at - pool->max_clients : at] = job;
}

static sim_wait pool_step_sliced(sim_unit *self, ps_t limit_ps)
{
	sim_core_pool *pool = (sim_core_pool *)self;

	for (;;) {
		sim_queue *arrival = NULL;
		pool_core *ending = NULL;
		ps_t arrival_ps = PS_MAX;

		for (uint32_t i = 0; i < pool->num_cores; i++)
			if (pool->cores[i].busy && (ending == NULL || pool->cores[i].free_ps < ending->free_ps))
				ending = &pool->cores[i];
		for (uint32_t i = 0; i < self->num_inputs; i++)
			if (!sim_empty(self->inputs[i]) && sim_head(self->inputs[i])->ready_ps < arrival_ps) {
				arrival = self->inputs[i];
				arrival_ps = sim_head(arrival)->ready_ps;
			}
		if (ending == NULL && arrival == NULL)
			return SIM_WAIT_ITEM;
		if (ending != NULL && ending->free_ps <= arrival_ps) {
			const ps_t slice_ps = ps_min(ending->job.left_ps, pool->quantum_ps);

			if (ending->free_ps > limit_ps)
				return SIM_WAIT_UNTIL(ending->free_ps);
			self->local_ps = ps_max(self->local_ps, ending->free_ps);
			self->busy_ps += slice_ps;
			ending->busy = false;
			ending->job.left_ps -= slice_ps;
			if (ending->job.left_ps > 0) {
				pool_enqueue(pool, ending->job);
			} else {
				self->num_served++;
				sim_push(self, pool->done[ending->job.client], 0, ending->job.item);
			}
			pool_dispatch(pool, ending->free_ps);
			continue;
		}
		if (arrival_ps + 1 > limit_ps)
			return SIM_WAIT_UNTIL(arrival_ps + 1);
		self->local_ps =
			ps_max(self->local_ps, arrival_ps + 1); /* decided when all of that instant are known */
		{
			pool_job job = { .client = arrival->input, .item = sim_pop(self, arrival) };

			job.left_ps = (ps_t)job.item.argument;
			pool_enqueue(pool, job);
		}
		pool_dispatch(pool, arrival_ps);
	}
}

/* What is given back goes to who waits longest. */
static sim_wait pool_step_held(sim_unit *self, ps_t limit_ps)
{
	sim_core_pool *pool = (sim_core_pool *)self;
	sim_wait wait;

	for (;;) {
		sim_queue *queue;
		sim_item item;

		if (!sim_merge_ready(self, NULL, limit_ps, &wait))
			return wait;
		queue = sim_merge_first(self, NULL);
		item = sim_pop(self, queue);
		if (item.kind == SIM_POOL_ACQUIRE) {
			pool_enqueue(pool, (pool_job){ .client = queue->input });
		} else {
			self->busy_ps += item.ready_ps - pool->held_from_ps[queue->input];
			pool->num_held--;
		}
		while (pool->num_waiting != 0 && pool->num_held < pool->num_cores) {
			const uint32_t client = pool->waiting[pool->waiting_first].client;

			pool->waiting_first =
				pool->waiting_first + 1 == pool->max_clients ? 0 : pool->waiting_first + 1;
			pool->num_waiting--;
			pool->num_held++;
			self->num_served++;
			pool->held_from_ps[client] = self->local_ps;
			sim_push(self, pool->done[client], 0, (sim_item){ .argument = client });
		}
	}
}

sim_core_pool *sim_core_pool_create(sim_kernel *kernel, const char *name, sim_pool_policy policy, uint32_t num_cores,
				    ps_t quantum_ps, uint32_t max_clients)
{
	static const sim_step_fn steps[] = { pool_step_fifo, pool_step_sliced, pool_step_held };
	sim_core_pool *pool = calloc(1, sizeof(*pool));

	if (pool == NULL)
		return NULL;
	pool->cores = calloc(num_cores, sizeof(pool_core));
	pool->done = calloc(max_clients, sizeof(sim_queue *));
	pool->waiting = calloc(max_clients, sizeof(pool_job));
	pool->held_from_ps = calloc(max_clients, sizeof(ps_t));
	if (pool->cores == NULL || pool->done == NULL || pool->waiting == NULL || pool->held_from_ps == NULL) {
		sim_core_pool_destroy(pool);
		return NULL;
	}
	pool->policy = policy;
	pool->num_cores = num_cores;
	pool->quantum_ps = quantum_ps;
	pool->max_clients = max_clients;
	sim_unit_init(kernel, &pool->unit, name, steps[policy], SIM_MERGE, POOL_CLOCK_HZ);
	return pool;
}

void sim_core_pool_destroy(sim_core_pool *pool)
{
	if (pool == NULL)
		return;
	free(pool->cores);
	free(pool->done);
	free(pool->waiting);
	free(pool->held_from_ps);
	free(pool);
}

void sim_core_pool_connect(sim_core_pool *pool, sim_unit *client, sim_queue **submit_out, sim_queue **done_out)
{
	sim_kernel *kernel = pool->unit.kernel;

	NESC_ASSERT(pool->num_clients < pool->max_clients, "the pool has room for %u clients", pool->max_clients);
	*submit_out = sim_queue_create(kernel, "jobs", client, &pool->unit, pool->policy == SIM_POOL_HELD ? 2 : 1);
	*done_out = sim_queue_create(kernel, "jobs done", &pool->unit, client, 1);
	pool->done[pool->num_clients++] = *done_out;
}

ps_t sim_core_pool_busy_ps(const sim_core_pool *pool)
{
	return pool->unit.busy_ps;
}
