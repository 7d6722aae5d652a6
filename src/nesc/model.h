/* What travels through the controller: requests, nodes and blocks. */
#ifndef NESC_MODEL_H
#define NESC_MODEL_H

#include <stdint.h>

#include "base/stages.h"
#include "nesc/regs.h"

/* A request as the driver hands it to the device. The driver owns it until its interrupt arrives. */
typedef struct nesc_request {
	uint32_t function, ring;
	uint32_t vcpu;        /* whose interrupt: index of the interrupt queue */
	nesc_command command; /* num_nodes 0 for a flush */
	uint32_t num_bytes;
	uint32_t num_left; /* nodes not yet cut, and blocks not yet done */
	nesc_completion_status status;
	bool command_valid;   /* the device took its command */
	ps_t doorbell_ps;     /* when the driver began to write its command */
	latency_split prefix; /* pieces before that: what the device layer does not count */
	stage_marks marks;    /* at the end: the path of the block that finished last */
	void *owner;          /* the driver's */
} nesc_request;

/* One scatter-gather node on its way to the multiplexer. */
typedef struct nesc_node_item {
	nesc_request *request;
	uint32_t index;
	nesc_node node; /* as unpacked from the words that were written */
	bool valid;
	stage_marks marks;
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
	uint32_t function;
	uint32_t node_index;
	nesc_op op;
	nesc_block_kind kind;
	uint64_t logical_block;  /* vLBA, 1 KiB units */
	uint64_t physical_block; /* pLBA */
	uint32_t first_byte;     /* within the block */
	uint32_t num_bytes;
	bool merged; /* counted as such */
	uint64_t dma_address;
	stage_marks marks;
	struct nesc_block *next; /* parked behind a walk; free list */
} nesc_block;

#endif
