/* The BAR: which register an address means, and who may touch it.
 *
 * Stated in the thesis: the BAR is cut in 4 KiB pages, page 0 is the PF's, page i VF i's, and the device routes by
 * address alone (address 4224 is VF 1, offset 128); each function has 2048 B of registers. Ours: the offsets below, and
 * the rule of privilege: as a device cannot tell guest from hypervisor, what only the hypervisor may do is done in the
 * PF's page, which no guest maps.
 *
 *   every page       0x000  ExtentTreeRoot, MissAddress, MissSize, RewalkTree: seen through the PF's windows only
 *                    0x018  DeviceSize            8  read    bytes
 *                    0x200 + 8 r   CompletionRing 8          address (64 B aligned) | log2(entries) in bits 0-5
 *                    0x400 + 16 r  Command        8  write   two writes per request (regs.h)
 *                    0x408 + 16 r  DMAListEntry   8  write   two writes per node (regs.h)
 *                                  rings r: 0-63 on the PF, 0-15 on a VF
 *   PF's page        0x040  MissPending           8  read    bit i - 1: VF i has a miss in its registers
 *                    0x050  FlushFunction         4          VF, or 0 = all
 *                    0x058  FlushFirstBlock       8          1 KiB blocks
 *                    0x060  FlushNumBlocks        8          1 KiB blocks; 0 = to the end
 *                    0x068  FlushGo               4  write   1: the BTLB drops what the three registers name
 *                    0x080  TrampolineFunction    4          VF that the next two are about
 *                    0x088  TrampolineBase        8          host address of the VF's trampoline window
 *                    0x090  TrampolineBytes       8          its size; 0 = the VF may reach nothing
 *   PF's window of VF i at 0x800 + 32 (i - 1), the half that guests' pages leave unused:
 *                    + 0x00 ExtentTreeRoot        8          host address of the tree's root
 *                    + 0x08 MissAddress           8  read    bytes
 *                    + 0x10 MissSize              4  read    bytes (bits 0-30) | 1 for a read (bit 31)
 *                    + 0x14 RewalkTree            4  write   1: walk again; 2, 3: end the missed request with an error
 *                    + 0x18 DeviceSize            8          bytes
 *
 * A register answers to accesses of exactly its width. Everything else is ignored, reads 0 and is counted.
 */
#ifndef NESC_BAR_H
#define NESC_BAR_H

#include <stdbool.h>
#include <stdint.h>

#define BAR_MAX_VFS 64
#define BAR_MAX_FUNCTIONS (BAR_MAX_VFS + 1)
#define BAR_PAGE_BYTES 4096
#define BAR_REGISTER_BYTES 2048 /* per function; on the PF's page the windows follow */
#define BAR_BYTES (BAR_MAX_FUNCTIONS * BAR_PAGE_BYTES)

#define BAR_MAX_PF_RINGS 64 /* one per tenant of the host baseline */
#define BAR_MAX_VF_RINGS 16

#define BAR_COMPLETION_RINGS 0x200
#define BAR_COMPLETION_RING_BYTES 8
#define BAR_RINGS 0x400
#define BAR_RING_BYTES 16
#define BAR_WINDOWS 0x800
#define BAR_WINDOW_BYTES 32

/* X(symbol, name, offset, bytes, readable, writable): in the PF's window of a VF */
#define BAR_WINDOW_REGISTER_LIST(X)                                \
	X(EXTENT_TREE_ROOT, "ExtentTreeRoot", 0x00, 8, true, true) \
	X(MISS_ADDRESS, "MissAddress", 0x08, 8, true, false)       \
	X(MISS_SIZE, "MissSize", 0x10, 4, true, false)             \
	X(REWALK_TREE, "RewalkTree", 0x14, 4, false, true)         \
	X(DEVICE_SIZE, "DeviceSize", 0x18, 8, true, true)

/* The same: in the PF's page */
#define BAR_PF_REGISTER_LIST(X)                                           \
	X(MISS_PENDING, "MissPending", 0x40, 8, true, false)              \
	X(FLUSH_FUNCTION, "FlushFunction", 0x50, 4, true, true)           \
	X(FLUSH_FIRST_BLOCK, "FlushFirstBlock", 0x58, 8, true, true)      \
	X(FLUSH_NUM_BLOCKS, "FlushNumBlocks", 0x60, 8, true, true)        \
	X(FLUSH_GO, "FlushGo", 0x68, 4, false, true)                      \
	X(TRAMPOLINE_FUNCTION, "TrampolineFunction", 0x80, 4, true, true) \
	X(TRAMPOLINE_BASE, "TrampolineBase", 0x88, 8, true, true)         \
	X(TRAMPOLINE_BYTES, "TrampolineBytes", 0x90, 8, true, true)

/* The same: in every page, per ring; offsets from BAR_COMPLETION_RINGS and BAR_RINGS */
#define BAR_RING_REGISTER_LIST(X)                                \
	X(COMPLETION_RING, "CompletionRing", 0x0, 8, true, true) \
	X(COMMAND, "Command", 0x0, 8, false, true)               \
	X(DMA_LIST_ENTRY, "DMAListEntry", 0x8, 8, false, true)

typedef enum bar_register {
#define BAR_REGISTER_ENUM(symbol, name, offset, bytes, readable, writable) BAR_##symbol,
	BAR_WINDOW_REGISTER_LIST(BAR_REGISTER_ENUM)
	BAR_PF_REGISTER_LIST(BAR_REGISTER_ENUM) BAR_RING_REGISTER_LIST(BAR_REGISTER_ENUM)
#undef BAR_REGISTER_ENUM
		BAR_NUM_REGISTERS
} bar_register;

/* X(symbol, text): what became of an access */
#define BAR_VERDICT_LIST(X)                                                         \
	X(ALLOWED, "allowed")                                                       \
	X(PRIVILEGED, "only through the PF's page")                                 \
	X(UNUSED_HALF, "in the unused half of a page")                              \
	X(NO_REGISTER, "no register there, or not of this width")                   \
	X(WRONG_DIRECTION, "read of a write-only or write of a read-only register") \
	X(NO_FUNCTION, "beyond the last function")

typedef enum bar_verdict {
#define BAR_VERDICT_ENUM(symbol, text) BAR_##symbol,
	BAR_VERDICT_LIST(BAR_VERDICT_ENUM)
#undef BAR_VERDICT_ENUM
	BAR_NUM_VERDICTS
} bar_verdict;

typedef struct bar_target {
	bar_verdict verdict;
	bar_register reg;     /* defined if ALLOWED or WRONG_DIRECTION, else BAR_NUM_REGISTERS */
	uint32_t function;    /* whose page: who is asking */
	uint32_t subject;     /* whose register: the VF of a PF's window, else = function */
	uint32_t page_offset; /* bytes */
	uint32_t ring;        /* ring registers only */
} bar_target;

/* Decodes an access of `bytes` at `bar_offset` on a device with num_vfs (0 ... 64) VFs. Any numbers are safe. */
bar_target bar_decode(uint64_t bar_offset, uint32_t bytes, bool is_write, uint32_t num_vfs);

/* The register's name as in the tables above; never NULL. */
const char *bar_register_name(bar_register reg);

/* The verdict in words; never NULL. */
const char *bar_verdict_text(bar_verdict verdict);

/* Rings that a function has. */
static inline uint32_t bar_num_rings(uint32_t function)
{
	return function == 0 ? BAR_MAX_PF_RINGS : BAR_MAX_VF_RINGS;
}

/* Where drivers find the registers: offsets in the BAR. */
static inline uint64_t bar_page(uint32_t function)
{
	return (uint64_t)function * BAR_PAGE_BYTES;
}

static inline uint64_t bar_command(uint32_t function, uint32_t ring)
{
	return bar_page(function) + BAR_RINGS + ring * BAR_RING_BYTES;
}

static inline uint64_t bar_dma_list_entry(uint32_t function, uint32_t ring)
{
	return bar_command(function, ring) + 8;
}

static inline uint64_t bar_completion_ring(uint32_t function, uint32_t ring)
{
	return bar_page(function) + BAR_COMPLETION_RINGS + ring * BAR_COMPLETION_RING_BYTES;
}

/* Offset of a register of BAR_PF_REGISTER_LIST. */
uint64_t bar_pf_register(bar_register reg);

/* Offset of a register of BAR_WINDOW_REGISTER_LIST in the PF's window of `vf` (1 ... 64). */
uint64_t bar_window_register(uint32_t vf, bar_register reg);

/* Offset of the function's own view of its device size. */
static inline uint64_t bar_own_device_size(uint32_t function)
{
	return bar_page(function) + 0x18;
}

#endif
