/* A thread of the hypervisor's user space that serves one VM's virtual disk: an event loop (QEMU's main loop or an I/O thread)
 * over the queues of the virtual device and the host's way to the PF.
 *
 * It sleeps until a kick or the device's interrupt wakes it, then runs to its end: interrupts, completions, queues, hand-over to
 * the host's kernel. What arrived by the end of the event loop is part of the pass, what comes later waits for its end. Everything it does runs on one core: one of its
 * own, or one of a pool that it shares with others and keeps from wake-up to sleep; interrupts for it do not preempt others there.
 */
#ifndef HOST_IO_THREAD_H
#define HOST_IO_THREAD_H

#include "host/host_path.h"
#include "sim/core_pool.h"

typedef struct io_thread io_thread;

typedef struct io_thread_config {
	const core_table *table;
	uint32_t features; /* WHEN_*, beside the platform's */
	const host_config *host;
	const guest_config *guest;
	const hypervisor_config *hypervisor;
	uint64_t seed;
	uint32_t vm;         /* from 1 */
	uint32_t num_queues; /* of the virtual device: one per vCPU */
	virtual_device device;
	host_path_config path; /* host, cache and limits */
	ps_t poll_ps;          /* it looks for work so long before it sleeps */
	uint64_t merge_bytes;  /* requests that continue each other are joined up to this; 0: they are not */
	sim_core_pool *pool;   /* NULL: a core of its own */
} io_thread_config;

/* NULL when out of memory. Destroyed after the kernel. */
io_thread *io_thread_create(sim_kernel *kernel, nesc_device *device, const io_thread_config *config);
void io_thread_destroy(io_thread *self);

/* The guest's side of queue `index`: for vcpu_config.queue. */
virtual_queue *io_thread_queue(io_thread *self, uint32_t index);

typedef struct io_thread_counts {
	uint64_t num_requests, num_merged; /* taken out of queues; joined to the one before */
	uint64_t num_kicks, num_suppressed_kicks;
	uint64_t num_interrupts, num_suppressed_interrupts;
	uint64_t num_wakes, num_passes;
	host_path_counts path;
} io_thread_counts;

io_thread_counts io_thread_count(const io_thread *self);

/* Until when it was busy. */
ps_t io_thread_busy_until_ps(const io_thread *self);

/* Core time by owner, so far. */
ps_t io_thread_cpu_ps(const io_thread *self, cpu_owner owner);

#endif
