/* The register files of all functions, and the words that drivers write into them.
 *
 * Stated in the thesis: the registers' names, widths and meanings; a node is {dma address, offset from it, length
 * <= 4 KiB}, nodes are written one by one, and a list of them is one request. Ours: the words.
 *
 *   Command, two writes:       0: operation (bits 0-7) | flags (8-15) | num_nodes (16-31) | tag (32-63)
 *                              1: first vLBA, in 512 B sectors
 *   DMAListEntry, two writes:  0: dma address
 *                              1: offset in bytes (0-31) | length in bytes (32-63)
 *   Completion, 16 B by DMA:   0 u32 tag | 4 u32 status | 8 u64 reserved
 */
#ifndef NESC_REGS_H
#define NESC_REGS_H

#include <stdbool.h>
#include <stdint.h>

#include "nesc/bar.h"

/* X(symbol, code, name). Code 0 is none, so that a zeroed word is no command. */
#define NESC_OP_LIST(X)      \
	X(READ, 1, "read")   \
	X(WRITE, 2, "write") \
	X(FLUSH, 3, "flush")

typedef enum nesc_op {
#define NESC_OP_ENUM(symbol, code, name) NESC_##symbol = code,
	NESC_OP_LIST(NESC_OP_ENUM)
#undef NESC_OP_ENUM
} nesc_op;

#define NESC_PREFLUSH 0x01 /* writes: earlier ones become durable first */
#define NESC_FUA 0x02      /* writes: durable at completion */

/* X(symbol, text): how a request ended; the number goes into its completion entry */
#define NESC_COMPLETION_LIST(X)                                                \
	X(OK, "ok")                                                            \
	X(BAD_COMMAND, "malformed command or node")                            \
	X(BAD_ADDRESS, "a node lies outside the function's trampoline window") \
	X(NO_MAPPING, "a block has no mapping and none will be made")          \
	X(OUT_OF_RANGE, "beyond the end of the device")                        \
	X(NO_SPACE, "the host could not allocate a block")                     \
	X(QUOTA, "the function's quota is used up")                            \
	X(NO_FUNCTION, "the function was deleted")

typedef enum nesc_completion_status {
#define NESC_COMPLETION_ENUM(symbol, text) NESC_COMPLETION_##symbol,
	NESC_COMPLETION_LIST(NESC_COMPLETION_ENUM)
#undef NESC_COMPLETION_ENUM
	NESC_NUM_COMPLETION_STATUS
} nesc_completion_status;

#define NESC_SECTOR_BYTES 512
#define NESC_MAX_NODE_BYTES 4096
#define NESC_MAX_NODES 65535
#define NESC_COMPLETION_BYTES 16

typedef struct nesc_command {
	nesc_op op;
	uint8_t flags;         /* NESC_PREFLUSH, NESC_FUA: writes only */
	uint16_t num_nodes;    /* reads, writes: 1 ... 65535; flush: 0 */
	uint32_t tag;          /* the driver's; comes back in the completion */
	uint64_t first_sector; /* 512 B units */
} nesc_command;

typedef struct nesc_node {
	uint64_t address; /* host (DMA) address that the offset counts from */
	uint32_t offset;  /* bytes */
	uint32_t bytes;   /* 512 ... 4096, whole sectors */
} nesc_node;

typedef struct nesc_completion {
	uint32_t tag;
	nesc_completion_status status;
} nesc_completion;

/* Drivers' side: the values must be in the ranges above (asserted). */
void nesc_command_pack(const nesc_command *command, uint64_t words_out[2]);
void nesc_node_pack(const nesc_node *node, uint64_t words_out[2]);
void nesc_completion_pack(const nesc_completion *completion, uint8_t bytes_out[NESC_COMPLETION_BYTES]);

/* Other side: any words are safe. False if they break the ranges above (or the node wraps around 2^64); what was
 * written is there all the same, an unknown operation or status as its number. */
bool nesc_command_unpack(const uint64_t words[2], nesc_command *command_out);
bool nesc_node_unpack(const uint64_t words[2], nesc_node *node_out);
bool nesc_completion_unpack(const uint8_t bytes[NESC_COMPLETION_BYTES], nesc_completion *completion_out);

/* The status in words; never NULL. */
const char *nesc_completion_text(nesc_completion_status status);

/* What the hypervisor may write into RewalkTree. 1 is stated in the thesis; the others are ours: allocation failed. */
typedef enum regs_rewalk {
	REGS_REWALK = 1,        /* reissue the VF's stalled requests to the walk unit */
	REGS_FAIL_NO_SPACE,     /* end the request in the Miss registers with NO_SPACE, reissue the others */
	REGS_FAIL_QUOTA,        /* the same with QUOTA */
	REGS_FAIL_OUT_OF_RANGE, /* the same with OUT_OF_RANGE: the disk has shrunk */
	REGS_NUM_REWALKS,
} regs_rewalk;

/* The status of the missed request that a write of RewalkTree ends it with; OK: it is reissued like the others. */
static inline nesc_completion_status regs_rewalk_status(regs_rewalk value)
{
	switch (value) {
	case REGS_FAIL_NO_SPACE:
		return NESC_COMPLETION_NO_SPACE;
	case REGS_FAIL_QUOTA:
		return NESC_COMPLETION_QUOTA;
	case REGS_FAIL_OUT_OF_RANGE:
		return NESC_COMPLETION_OUT_OF_RANGE;
	case REGS_REWALK:
	case REGS_NUM_REWALKS:
		break;
	}
	return NESC_COMPLETION_OK;
}

typedef struct regs_ring {
	uint64_t completion_address;  /* host address, 0 = none; set by the driver: to be checked like a node's */
	uint32_t num_completions;     /* entries, a power of two up to 65,536 */
	bool half_command, half_node; /* one of the two words is there */
	uint64_t command_word, node_word;
} regs_ring;

typedef struct regs_function {
	uint64_t tree_root_address; /* 0 = none: every block is a hole */
	uint64_t miss_address;      /* bytes from the start of the virtual disk */
	uint32_t miss_bytes;        /* with REGS_MISS_READ */
	uint64_t device_bytes;
	uint64_t trampoline_address, trampoline_bytes;
	uint64_t ignored[BAR_NUM_VERDICTS]; /* accesses through this page, by reason; [BAR_ALLOWED] = bad values */
} regs_function;

typedef struct regs {
	uint32_t num_vfs;
	uint64_t miss_pending; /* bit i - 1: VF i */
	uint32_t flush_function;
	uint64_t flush_first_block, flush_num_blocks;
	uint32_t trampoline_function;
	regs_function functions[BAR_MAX_FUNCTIONS];
	regs_ring pf_rings[BAR_MAX_PF_RINGS];
	regs_ring vf_rings[BAR_MAX_VFS][BAR_MAX_VF_RINGS]; /* [VF - 1] */
} regs;

typedef enum regs_action {
	REGS_NOTHING, /* ignored, or stored and that was all */
	REGS_COMMAND, /* a request begins on `ring` of `function` */
	REGS_NODE,    /* the next node of the ring's list */
	REGS_ROOT,    /* ExtentTreeRoot of VF `function` is `tree_root_address` now */
	REGS_SIZE,    /* DeviceSize of VF `function` is `device_bytes` now; 0: there is no such device */
	REGS_RETRY,   /* RewalkTree of VF `function` */
	REGS_FLUSH,   /* drop BTLB entries */
} regs_action;

/* What the device has to do about a write. */
typedef struct regs_effect {
	regs_action action;
	uint32_t function; /* REGS_FLUSH: 0 = all VFs */
	uint32_t ring;     /* REGS_COMMAND, REGS_NODE */
	bool ignored;      /* counted in the asking function's `ignored` */
	bool valid;        /* REGS_COMMAND, REGS_NODE: else the request is to end with BAD_COMMAND */
	union {
		nesc_command command; /* REGS_COMMAND */
		nesc_node node;       /* REGS_NODE */
		uint64_t tree_root_address, device_bytes;
		regs_rewalk rewalk; /* REGS_RETRY */
		struct {
			uint64_t first_block, num_blocks; /* REGS_FLUSH: UINT64_MAX = to the end */
		};
	};
} regs_effect;

/* All zero, for num_vfs (0 ... 64) VFs; the PF's size is that of the device. Owns nothing outside the struct. */
void regs_init(regs *self, uint32_t num_vfs, uint64_t device_bytes);

/* A write of the low `bytes` (4 or 8) of `value` at an offset in the BAR; any numbers are safe. What the device has to do
 * about it goes into *effect_out (there are four writes per node: a returned struct would be copied twice). */
void regs_write(regs *self, uint64_t bar_offset, uint64_t value, uint32_t bytes, regs_effect *effect_out);

/* A read; 0 if it is ignored. */
uint64_t regs_read(regs *self, uint64_t bar_offset, uint32_t bytes);

/* In MissSize: a read found a pruned part. Without it the hypervisor could not know whether a hole behind it is to be filled,
 * and a write would have to miss twice; ours. */
#define REGS_MISS_READ UINT32_C(0x80000000)

/* The device's side of a miss: fills VF `function`'s Miss registers and sets its bit in MissPending. They must be free
 * (see regs_miss_pending()): a VF has one miss in its registers. At run time they belong to the translation unit, while all
 * others belong to the unit that decodes the BAR. */
void regs_set_miss(regs *self, uint32_t function, uint64_t address, uint32_t bytes);

/* RewalkTree arrived: frees the VF's Miss registers. False if there was no miss in them. */
bool regs_end_miss(regs *self, uint32_t function);

static inline bool regs_miss_pending(const regs *self, uint32_t function)
{
	return self->miss_pending >> (function - 1) & 1;
}

static inline const regs_ring *regs_ring_of(const regs *self, uint32_t function, uint32_t ring)
{
	return function == 0 ? &self->pf_rings[ring] : &self->vf_rings[function - 1][ring];
}

/* True if [address, address + bytes) lies in the function's trampoline window; the PF may reach everything. Asked about
 * each node and, as the driver sets the completion ring's address too, about each completion. */
static inline bool regs_dma_allowed(const regs *self, uint32_t function, uint64_t address, uint64_t bytes)
{
	const regs_function *of = &self->functions[function];
	uint64_t offset = address - of->trampoline_address;

	if (function == 0)
		return true;
	return bytes <= of->trampoline_bytes && offset <= of->trampoline_bytes - bytes;
}

/* Accesses through the function's page that had no effect, for whatever reason. */
uint64_t regs_num_ignored(const regs *self, uint32_t function);

#endif
