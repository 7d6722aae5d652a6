/* A pool of CPU cores shared by software threads: an exact resource, in whole picoseconds.
 *
 * Each client pushes one job at a time (argument = CPU time in ps) and gets it back when it has been served.
 * SIM_POOL_FIFO: jobs in the order of their arrival (then client), each to the core that is free first, to its end.
 * SIM_POOL_SLICED: round robin with a quantum; a job that still needs time goes behind those that wait.
 * SIM_POOL_HELD: a client asks for a core (SIM_POOL_ACQUIRE), gets an item when it has one, and gives it back when it likes
 * (SIM_POOL_RELEASE, ready when it does): for threads that do not know beforehand how long they will run. In the order of
 * their asking, then client.
 * Arrivals at the very instant of a slice's end queue behind the job that is put back then.
 */
#ifndef SIM_CORE_POOL_H
#define SIM_CORE_POOL_H

#include "sim/sim.h"

typedef enum sim_pool_policy {
	SIM_POOL_FIFO,
	SIM_POOL_SLICED,
	SIM_POOL_HELD,
} sim_pool_policy;

/* Kinds of items for SIM_POOL_HELD. */
enum {
	SIM_POOL_ACQUIRE,
	SIM_POOL_RELEASE,
};

typedef struct sim_core_pool sim_core_pool;

/* A pool of num_cores (1-1024) cores with room for max_clients; quantum_ps > 0 is used by SIM_POOL_SLICED.
 * Returns NULL when out of memory; freed with sim_core_pool_destroy() after the run. */
sim_core_pool *sim_core_pool_create(sim_kernel *kernel, const char *name, sim_pool_policy policy, uint32_t num_cores,
				    ps_t quantum_ps, uint32_t max_clients);
void sim_core_pool_destroy(sim_core_pool *pool);

/* Connects a thread: it pushes jobs into *submit_out and receives them from *done_out (same payload). */
void sim_core_pool_connect(sim_core_pool *pool, sim_unit *client, sim_queue **submit_out, sim_queue **done_out);

/* Core time given so far, over all cores. */
ps_t sim_core_pool_busy_ps(const sim_core_pool *pool);

#endif
