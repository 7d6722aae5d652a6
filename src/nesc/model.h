/* What travels through the controller: requests, nodes and blocks. */
#ifndef NESC_MODEL_H
#define NESC_MODEL_H

#include <stdint.h>

#include "base/stages.h"
#include "nesc/content.h"
#include "nesc/regs.h"

/* A request as the driver hands it to the device. The driver owns it until its interrupt arrives. */
typedef struct nesc_request {
	uint32_t function, ring;
	uint32_t vcpu;        /* whose interrupt: index of the interrupt queue */
	nesc_command command; /* num_nodes 0 for a flush */
	uint32_t num_bytes;
	uint32_t num_left; /* nodes not yet cut, and blocks not yet done */
	nesc_completion_status status;
	bool command_valid; /* the device took its command */
	uint64_t
		completion_address; /* of its completion entry, as the device's registers had it then; 0: none allowed */
	ps_t doorbell_ps;           /* when the driver began to write its command */
	latency_split prefix;       /* pieces before that: what the device layer does not count */
	stage_marks marks;          /* at the end: the path of the block that finished last */
	void *owner;                /* the driver's */
	struct nesc_request *next_done; /* told by the same interrupt */
	content_stamp *stamps;          /* check mode: what each sector holds, to write or as read; else NULL */
} nesc_request;

/* One scatter-gather node on its way to the multiplexer. */
typedef struct nesc_node_item {
	nesc_request *request;
	uint32_t index;
	nesc_node node;                /* as unpacked from the words that were written */
	nesc_completion_status status; /* why it can not be carried out, or OK: decided as it reaches the registers */
	stage_marks marks;
	uint32_t num_left; /* its blocks that are not done, and 1 while it is being cut */
	struct nesc_node_item *next_free;
} nesc_node_item;

typedef enum nesc_block_kind {
	NESC_BLOCK_DATA,  /* moves its bytes */
	NESC_BLOCK_ZEROS, /* a read of a hole: zeros by DMA, no medium */
	NESC_BLOCK_EMPTY, /* a flush, or a block that ends in an error: moves nothing */
} nesc_block_kind;

/* At most 1 KiB: the unit of translation and transfer. */
typedef struct nesc_block {
	nesc_request *request;
	nesc_node_item *node; /* NULL: it is of none (a fence) */
	uint32_t function;
	uint32_t node_index;
	nesc_op op;
	nesc_block_kind kind;
	uint64_t logical_block;  /* vLBA, 1 KiB units */
	uint64_t physical_block; /* pLBA */
	uint32_t first_byte;     /* within the block */
	uint32_t num_bytes;
	uint32_t node_left_bytes; /* from the block's first byte to the end of its node */
	bool merged;              /* counted as such */
	bool missed;              /* parked until RewalkTree */
	bool credited;            /* holds a place of its lane */
	uint64_t dma_address;
	unit_marks marks;        /* since its node was cut */
	struct nesc_block *next; /* parked behind a walk or a miss; free list */
} nesc_block;

/* A register access of the hypervisor's at run time. */
typedef struct nesc_mmio {
	uint64_t bar_offset;
	uint64_t value; /* to write; of a read: the answer */
	uint32_t num_bytes;
	bool is_read;
	regs_effect effect; /* of a write */
	struct nesc_mmio *next_free;
} nesc_mmio;

/* What the device finds in a doorbell queue (sim_item.kind). */
enum {
	NESC_DOORBELL, /* payload nesc_node_item */
	NESC_MMIO,     /* payload nesc_mmio: the hypervisor's only */
};

/* What a driver finds in its interrupt queue (sim_item.kind). */
enum {
	NESC_INTERRUPT_DONE,  /* payload nesc_request, with those that follow it by next_done */
	NESC_INTERRUPT_MISS,  /* to the hypervisor: MissPending is no longer 0 */
	NESC_INTERRUPT_REPLY, /* to the hypervisor; argument: the value that was read */
};

#endif
