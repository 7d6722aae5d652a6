/* The units of the controller and what they share. Private to this room. */
#ifndef NESC_UNITS_H
#define NESC_UNITS_H

#include "base/assert.h"
#include "nesc/arbiter.h"
#include "nesc/device.h"

/* Kinds of items (sim_item.kind). */
enum {
	/* into link down, beside what comes from drivers */
	NESC_READ_BLOCK = NESC_MMIO + 1, /* data of a host read for a block: payload nesc_block */
	NESC_READ_NODE,                  /* a tree node for a walker: argument = walker */
	/* into the DMA engine and link up */
	NESC_DMA_WALK,  /* argument = walker */
	NESC_DMA_DATA,  /* payload nesc_block: to the host */
	NESC_DMA_FETCH, /* payload nesc_block: from the host */
	NESC_DMA_DONE,  /* payload nesc_request: completion entry and MSI */
	NESC_DMA_MISS,  /* MSI to the PF: MissPending is no longer 0 */
	NESC_DMA_REPLY, /* argument: value of a register that the hypervisor reads */
};

/* Records come from chunks and go back to a list: no allocation once the run is warm. */
typedef struct nesc_pool {
	void *first_free;
	void **chunks;
	uint32_t num_chunks;
	size_t record_bytes, next_offset; /* where the record keeps its free-list link */
} nesc_pool;

void *nesc_pool_grow(nesc_pool *pool);

static inline void *nesc_pool_take(nesc_pool *pool)
{
	void *record = pool->first_free;

	if (record == NULL)
		record = nesc_pool_grow(pool);
	pool->first_free = *(void **)((char *)record + pool->next_offset);
	return record;
}

static inline void nesc_pool_give(nesc_pool *pool, void *record)
{
	*(void **)((char *)record + pool->next_offset) = pool->first_free;
	pool->first_free = record;
}

#define NESC_MAX_RINGS (BAR_MAX_PF_RINGS + BAR_MAX_VFS * BAR_MAX_VF_RINGS)
#define NESC_MAX_WALKERS 16

/* Host to device: merges the drivers' writes and the root complex's completions onto the wire; decodes the BAR. */
typedef struct link_down_unit {
	sim_unit unit;
	nesc_device *device;
	pcie_direction direction;
	sim_queue *from_root_complex;
	sim_queue **rings; /* by input: where a doorbell's node goes */
	sim_queue *chosen; /* decided, waiting for its output's slot */
} link_down_unit;

/* Completions that wait for their interrupt. */
typedef struct coalesced {
	nesc_request *first, *last;
	uint32_t num_requests;
	ps_t deadline_ps; /* no later than this */
} coalesced;

/* Device to host, with the root complex behind it. */
typedef struct link_up_unit {
	sim_unit unit;
	nesc_device *device;
	pcie_direction direction;
	pcie_root_complex root_complex;
	sim_queue *in, *tags; /* tags: tokens that link down gives back */
	sim_queue *to_link_down;
	sim_queue *hypervisor;   /* its interrupts; NULL: none at run time */
	coalesced *waiting;      /* by vCPU; NULL: every completion has an interrupt of its own */
	uint32_t num_fresh_tags; /* never used yet */
} link_up_unit;

/* A function's rings are neighbours among the inputs. */
typedef struct mux_function {
	uint32_t function;
	uint32_t first_input, num_rings;
	uint32_t last_ring; /* served last */
	bool is_limited;    /* it has a rate limit */
} mux_function;

/* Functions that wait for nobody but each other: those of one priority where the DMA engine tells priorities apart, else all.
 * Nodes of different lanes may be cut alternately. */
typedef struct mux_lane {
	arbiter arbiter;
	mux_function functions[ARBITER_MAX_FUNCTIONS]; /* by slot of the arbiter */
	nesc_node_item *node;                          /* being cut */
	uint32_t next_byte;                            /* of the node, from its start */
	uint64_t node_first_byte;                      /* of the virtual disk */
	uint64_t num_credits;                          /* blocks that may still go into this lane */
} mux_lane;

/* Who gives places of a lane back. */
enum {
	MUX_CREDITS_DMA,       /* a read's data goes to the host */
	MUX_CREDITS_MEDIUM,    /* a write is done */
	MUX_CREDITS_TRANSLATE, /* the block is parked */
	MUX_NUM_CREDITS,
};

/* Chooses among its functions by the arbiter's policy, and among a function's rings round robin; cuts nodes into blocks. */
typedef struct mux_unit {
	sim_unit unit;
	nesc_device *device;
	sim_queue *out;
	mux_lane lanes[NESC_MAX_LANES];
	sim_queue *credits[MUX_NUM_CREDITS]; /* places that blocks give back; argument: lane; NULL: there is one lane */
} mux_unit;

typedef struct walker_unit {
	sim_unit unit;
	nesc_device *device;
	uint32_t index;
	sim_queue *jobs, *data, *fetches, *returns; /* a job's argument: the tree's root */
	/* the walk under way */
	bool busy;
	nesc_block *block;
	uint64_t address;
	uint32_t num_levels;
	tree_answer answer;
	ps_t begin_ps;
} walker_unit;

/* Blocks in the order in which they came. */
typedef struct block_list {
	nesc_block *first, *last;
} block_list;

static inline void block_list_append(block_list *list, nesc_block *first, nesc_block *last)
{
	if (first == NULL)
		return;
	last->next = NULL;
	if (list->last == NULL)
		list->first = first;
	else
		list->last->next = first;
	list->last = last;
}

static inline nesc_block *block_list_pop(block_list *list)
{
	nesc_block *block = list->first;

	list->first = block->next;
	if (block->next == NULL)
		list->last = NULL;
	return block;
}

static inline void block_list_prepend(block_list *list, nesc_block *block)
{
	block->next = list->first;
	if (list->first == NULL)
		list->last = block;
	list->first = block;
}

/* What translation remembers of a walk under way. */
typedef struct pending_walk {
	bool busy;
	bool before_fence; /* began before the flush whose fence is still to be sent */
	nesc_block *block;
	block_list parked;
	uint64_t epoch;
} pending_walk;

/* What translation knows of a VF. */
typedef struct translate_function {
	uint64_t tree_root_address;
	bool deleted;
	block_list missed; /* parked until RewalkTree; the first one's miss is in the registers */
} translate_function;

typedef struct translate_unit {
	sim_unit unit;
	nesc_device *device;
	sim_queue *vlba;
	sim_queue *plba[NESC_MAX_LANES]; /* by lane */
	sim_queue *credits;              /* places given back; NULL: there is one lane */
	sim_queue *control;              /* the hypervisor's register accesses; NULL: there are none at run time */
	sim_queue *messages;             /* MSIs and answers to it */
	translate_function functions[BAR_MAX_FUNCTIONS];
	uint32_t num_missing; /* VFs with parked blocks */
	uint64_t num_rewalks;
	bool fence; /* a flush is done when the walks that began before it are, and what they let through */
	uint32_t num_walks_before_fence;
	nesc_request fence_request;
	sim_queue *jobs[NESC_MAX_WALKERS], *returns[NESC_MAX_WALKERS];
	pending_walk walks[NESC_MAX_WALKERS];
	uint32_t num_walks;
	block_list retries; /* blocks that waited for a walk and look up again: before all others */
	block_list rewalks; /* blocks that RewalkTree reissued: in turn with new ones */
	bool rewalk_turn;
	ps_t filled_ps;                /* since when every walker is busy, while they are */
	ps_t full_from_ps, full_to_ps; /* the last time that they were, and ceased to be */
} translate_unit;

typedef struct transfer_unit {
	sim_unit unit;
	nesc_device *device;
	sim_queue *plba[NESC_MAX_LANES], *oob, *data; /* data: from the host, for writes */
	sim_queue *to_medium, *fetches[NESC_MAX_LANES], *zeros[NESC_MAX_LANES];
	uint32_t num_outstanding; /* host reads under way */
	uint32_t num_outstanding_of[NESC_MAX_LANES];
} transfer_unit;

typedef struct medium_unit {
	sim_unit unit;
	nesc_device *device;
	const medium_ops *ops;
	const void *params;
	void *state;
	bool in_order;
	uint32_t num_servers;
	sim_queue *in, *data[NESC_MAX_LANES], *done[NESC_MAX_LANES];
	sim_queue *credits; /* places given back; NULL: there is one lane */
	/* accesses under way, by end: only where they may overtake each other */
	struct medium_pending {
		ps_t done_ps;
		uint64_t sequence;
		nesc_block *block;
	} * heap;
	uint32_t num_pending, max_pending;
	uint64_t num_accesses;
	ps_t last_done_ps; /* in order: nothing ends before it */
} medium_unit;

typedef struct dma_unit {
	sim_unit unit;
	nesc_device *device;
	sim_queue *out;
	uint32_t num_walker_inputs;           /* the first inputs: served first */
	uint64_t lane_inputs[NESC_MAX_LANES]; /* the others by lane, as bits */
	sim_queue *credits;                   /* places given back; NULL: there is one lane */
	nesc_request *finished;               /* its completion entry is next */
} dma_unit;

struct nesc_device {
	sim_kernel *kernel;
	nesc_device_config config;
	host_memory memory;
	regs regs;
	btlb btlb;
	nesc_pool nodes, blocks, mmios;
	nesc_device_counts counts;
	uint32_t node_bytes;
	uint32_t num_lanes;                 /* priorities that are told apart; 1: none are */
	uint8_t lane_of[BAR_MAX_FUNCTIONS]; /* 0 = the most important; the PF's too */

	link_down_unit link_down;
	link_up_unit link_up;
	mux_unit mux, mux_pf;
	translate_unit translate;
	walker_unit walkers[NESC_MAX_WALKERS];
	char walker_names[NESC_MAX_WALKERS][24];
	transfer_unit transfer;
	medium_unit medium;
	dma_unit dma;

	sim_queue **interrupts; /* by vCPU */
	uint32_t num_vcpus;
	sim_queue *ring_queues[BAR_MAX_FUNCTIONS][BAR_MAX_PF_RINGS];
};

sim_wait link_down_step(sim_unit *self, ps_t limit_ps);
sim_wait link_up_step(sim_unit *self, ps_t limit_ps);
sim_wait mux_step(sim_unit *self, ps_t limit_ps);
sim_wait walker_step(sim_unit *self, ps_t limit_ps);
sim_wait translate_step(sim_unit *self, ps_t limit_ps);
/* What a register write means to translation; before the run, or when it arrives. */
void translate_set(translate_unit *unit, const regs_effect *effect);
sim_wait transfer_step(sim_unit *self, ps_t limit_ps);
sim_wait medium_step(sim_unit *self, ps_t limit_ps);
sim_wait dma_step(sim_unit *self, ps_t limit_ps);

/* A node of which another part is done: its record comes back with the last one. */
static inline void nesc_node_release(nesc_device *device, nesc_node_item *node)
{
	if (--node->num_left == 0)
		nesc_pool_give(&device->nodes, node);
}

/* Nothing more is to be marked in the block. True when it was the last of its request, whose marks then are the path of this
 * block. */
static inline bool nesc_block_done(nesc_device *device, nesc_block *block)
{
	nesc_request *request = block->request;
	const bool last = --request->num_left == 0;

	if (last && block->node != NULL) {
		request->marks = block->node->marks;
		stage_marks_add(&request->marks, &block->marks);
	}
	if (block->node != NULL)
		nesc_node_release(device, block->node);
	return last;
}

/* The same, and the block goes no further. */
static inline bool nesc_block_finish(nesc_device *device, nesc_block *block)
{
	const bool last = nesc_block_done(device, block);

	nesc_pool_give(&device->blocks, block);
	return last;
}

/* Ends the block with an error: it still goes the whole way, moving nothing. */
static inline void nesc_block_fail(nesc_device *device, nesc_block *block, nesc_completion_status status)
{
	block->kind = NESC_BLOCK_EMPTY;
	block->num_bytes = 0;
	/* The greatest, not the first: units that fail blocks at one instant must not depend on their order. */
	if (status > block->request->status)
		block->request->status = status;
	device->counts.num_errors++;
}

/* Check mode: the request's stamps of the block's bytes, one per sector; NULL otherwise. */
static inline content_stamp *nesc_block_stamps(const nesc_block *block)
{
	const nesc_request *request = block->request;
	const uint64_t sector = (block->logical_block * TREE_BLOCK_BYTES + block->first_byte) / NESC_SECTOR_BYTES;

	return request->stamps == NULL ? NULL : request->stamps + (sector - request->command.first_sector);
}

/* The block's place in its lane is free again, `delay_ps` from now: the multiplexer may let another one in. */
static inline void nesc_give_credit(sim_unit *self, sim_queue *credits, nesc_block *block, ps_t delay_ps, uint32_t lane)
{
	if (!block->credited)
		return;
	block->credited = false;
	sim_push(self, credits, delay_ps, (sim_item){ .argument = lane, .function = block->function });
}

/* `cycles` after local time, which must be on an edge. */
static inline ps_t unit_cycles_ps(const sim_unit *unit, int64_t cycles)
{
	return hwclock_advance(&unit->clock, unit->local_ps, cycles) - unit->local_ps;
}

#endif
