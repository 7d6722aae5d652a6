/* The driver of a ring of the device: cuts requests into pieces and nodes, writes the registers, takes completions.
 *
 * It has no time of its own: it runs on its owner's core, a vCPU's or a host thread's.
 */
#ifndef HOST_RING_DRIVER_H
#define HOST_RING_DRIVER_H

#include "host/core.h"
#include "host/driver_io.h"
#include "host/layout.h"
#include "nesc/device.h"

/* How the disk's blocks become the function's. */
typedef enum ring_mapping {
	RING_MAPS_NOTHING, /* the function's own addresses: a VF's, or the PF's where the owner maps */
	RING_MAPS_LAYOUT,  /* the disk's extents on the PF: pieces end where they end */
} ring_mapping;

typedef struct ring_piece ring_piece;

typedef struct ring_driver_params {
	const nesc_config *nesc;
	ps_t posted_write_ps;
	uint32_t function, ring;
	bool trampoline; /* data goes through a bounded buffer */
	ring_mapping mapping;
	const disk_layout *layout; /* RING_MAPS_LAYOUT */
	/* Of the VF's trampoline window: its part number `window_index`. Of the PF: memory of its own. */
	uint32_t window_index;
	stage wait_stage; /* of requests that wait for the core, or for room */
	driver_done_fn *done;
	void *context;
} ring_driver_params;

typedef struct ring_driver {
	host_core *core;
	nesc_device *device;
	nesc_ring ring;
	ring_driver_params params;
	ring_piece *pieces, *free_pieces;
	uint32_t *next_page;
	uint32_t free_page;
	uint64_t pages_address;
	uint32_t num_free_pages, num_free_nodes, num_nodes;
	uint64_t max_piece_bytes;
	driver_queue queue; /* not yet wholly handed to the device */
	driver_part part;   /* of the completion being handled */
} ring_driver;

/* Connects the ring to `on`, whose unit is registered. False when out of (simulated) memory; freed with ring_driver_fini() in
 * every case. */
bool ring_driver_init(ring_driver *self, host_core *on, nesc_device *device, const ring_driver_params *params);
void ring_driver_fini(ring_driver *self);

static inline void ring_driver_queue(ring_driver *self, driver_io *added)
{
	driver_queue_append(&self->queue, added);
}

/* Hands over what fits. Pieces go whole: each waits until its nodes and buffer pages are free. */
void ring_driver_drive(ring_driver *self);

/* What is known of the device's part as the interrupt is handled: call before the handler's time is charged. */
void ring_driver_note(ring_driver *self, const nesc_request *request);

/* One request that an interrupt tells of; `marks` are its own. */
void ring_driver_complete(ring_driver *self, nesc_request *request, stage_marks *marks);

#endif
