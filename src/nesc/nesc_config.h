/* The `device` and `nesc` sections of the configuration. */
#ifndef NESC_NESC_CONFIG_H
#define NESC_NESC_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

#include "config/schema.h"

typedef struct device_config {
	int64_t clock_hz;
	int64_t num_functions; /* VFs, 1-64 */
	bool sriov; /* true: VFs have requester IDs of their own; false: emulated by address, with trampolines */
	bool volatile_cache; /* what it has taken can be lost until it is flushed */
} device_config;

typedef enum nesc_hit_under_miss {
	NESC_HUM_ANY,             /* look-ups pass all pending walks */
	NESC_HUM_OTHER_FUNCTIONS, /* those of other functions do */
	NESC_HUM_NONE,            /* none does */
} nesc_hit_under_miss;

typedef enum nesc_miss_policy {
	NESC_MISS_PARK,  /* a block that misses waits aside; other functions and other requests go on */
	NESC_MISS_BLOCK, /* it stalls the shared queue */
} nesc_miss_policy;

typedef enum nesc_dma_policy {
	NESC_DMA_FIFO,     /* whoever comes first */
	NESC_DMA_PRIORITY, /* the VF of the least priority number first */
} nesc_dma_policy;

#define NESC_MAX_LANES 8 /* priorities that the DMA engine tells apart */

typedef enum nesc_merge {
	NESC_MERGE_NODE, /* a block whose node already has a walk under way waits for it */
	NESC_MERGE_NONE,
} nesc_merge;

typedef struct nesc_config {
	struct {
		int64_t depth; /* nodes per ring */
	} queue;
	int64_t vlba_queue_blocks, plba_queue_blocks;
	struct {
		int policy; /* arbiter_policy */
		int64_t block_cycles;
		int64_t quantum_bytes;
	} mux;
	struct {
		int64_t num_entries;
		int replacement, partition;
	} btlb;
	struct {
		int64_t count;
		int merge;
		int64_t match_cycles;
		int64_t handover_cycles;
	} walker;
	struct {
		int64_t node_bytes;
		int64_t max_entries; /* 0 = as many as fit */
	} tree;
	struct {
		int hit_under_miss;
		int64_t lookup_cycles;
	} translation;
	struct {
		int policy; /* nesc_miss_policy */
	} miss;
	struct {
		int64_t transfer_cycles; /* data transfer unit, per block */
	} transfer;
	struct {
		int64_t datapath_bytes;
		int64_t read_setup_cycles, write_setup_cycles, completion_setup_cycles;
		int64_t write_issue_cycles;
		int64_t outstanding_reads;
		int64_t queue_blocks;
		int policy; /* nesc_dma_policy */
		int64_t lane_blocks;
	} dma;
	struct {
		int64_t coalesce_count;
		int64_t coalesce_ps;
	} interrupts;
	struct {
		int64_t max_request_bytes;
		int64_t trampoline_bytes;
	} driver;
} nesc_config;

extern const cfg_section device_section;
extern const cfg_section nesc_section;

#endif
