/* A queue of a virtual device: a guest's driver on one side, a thread of the hypervisor on the other.
 *
 * The guest's driver puts requests into it and, unless the thread says that it is looking anyway, kicks. The thread answers
 * and, unless the guest's handler is running anyway, interrupts. Who suppresses whom is decided by what was set strictly before
 * the decision, so it is the same in every placement. Ours: a kick that finds its request already taken costs nothing.
 */
#ifndef HOST_VIRTUAL_QUEUE_H
#define HOST_VIRTUAL_QUEUE_H

#include "host/core.h"
#include "host/driver_io.h"
#include "sim/signal.h"

/* A request of the guest's on its way through the hypervisor. */
typedef struct guest_request {
	nesc_op op;
	uint64_t first_byte, num_bytes; /* of the virtual disk; 0 bytes: a flush */
	content_stamp *stamps;          /* check mode; else NULL */
	nesc_completion_status status;
	stage_marks marks; /* at the hand-over; when it comes back, its whole path */
	bool kicked;
	bool interrupts; /* the guest is interrupted for it */
	bool has_part;   /* the device was needed: */
	driver_part part;
	driver_io *io;  /* the guest's */
	uint32_t queue; /* number of its queue at the thread */
	struct guest_request *next;
} guest_request;

/* What the virtual device is like: a scheme's. */
typedef struct virtual_device {
	uint32_t max_requests;       /* under way in one queue */
	uint32_t max_commands;       /* that the device takes at a time, whosever queue they are in; 0: any number */
	uint32_t num_descriptors;    /* of a ring; 0: requests need none */
	uint32_t header_descriptors; /* of a request, beside one per 4 KiB */
	uint64_t max_request_bytes;
	uint64_t max_disk_bytes; /* 0: any */
	uint64_t chunk_bytes;    /* that the core moves at once (PHASE_CHUNK); 0: it moves nothing */
	bool suppresses;         /* kicks and interrupts, where the other side is looking anyway */
	bool has_volatile_cache; /* the guest sends flushes, and turns preflush and FUA into them */
	bool flush_alone;        /* a flush waits for all that came before, all that comes waits for it */
} virtual_device;

typedef struct virtual_queue {
	virtual_device device;
	sim_unit *server;              /* the thread */
	uint32_t number;               /* at the thread */
	sim_queue *submissions;        /* payload: guest_request */
	sim_queue *completions;        /* the same, back */
	sim_signal looking;            /* the thread is: no kick */
	sim_signal handling;           /* the guest's handler is: no interrupt */
	uint64_t num_interrupts_taken; /* whose `handling` has been said */
} virtual_queue;

/* The guest's driver. It runs on its vCPU. */
typedef struct virtual_driver {
	host_core *core;
	virtual_queue *queue;
	guest_request *requests, *free_requests;
	uint32_t num_free_descriptors;
	uint32_t num_under_way;
	bool flushing; /* alone */
	driver_queue waiting;
	guest_request *prepared; /* in the ring; whether to kick is still to be decided */
	ps_t handled_ps;         /* until when the handler looked last */
	driver_done_fn *done;
	void *context;
} virtual_driver;

/* Connects `on`, whose unit is registered, to the queue's server. False when out of memory; freed with virtual_driver_fini() in
 * every case. The queue belongs to its thread. */
bool virtual_driver_init(virtual_driver *self, host_core *on, virtual_queue *queue, driver_done_fn *done,
			 void *context);
void virtual_driver_fini(virtual_driver *self);

static inline void virtual_driver_queue(virtual_driver *self, driver_io *added)
{
	driver_queue_append(&self->waiting, added);
}

/* Hands over what fits. False where it has to wait for a time first, to know whether to kick: *wait_out says so; call again
 * before anything else happens on the core. */
bool virtual_driver_drive(virtual_driver *self, ps_t limit_ps, sim_wait *wait_out);

/* Does the head of `completions` need no interrupt: it came before the handler looked last? */
bool virtual_driver_found(const virtual_driver *self, const sim_item *item);

/* The handler runs from `from_ps` until now. */
void virtual_driver_handled(virtual_driver *self, ps_t from_ps);

/* A request that came back. */
void virtual_driver_complete(virtual_driver *self, guest_request *request);

#endif
