/* TLP arithmetic: how a transfer is cut into transaction-layer packets and how many bytes they take on the wire.
 *
 * Source: the pcie-bench model (Neugebauer et al., SIGCOMM 2018; its pcie.py). Every TLP has 2 B framing and 6 B
 * data link layer (2 B sequence number, 4 B LCRC), then a header of 3 or 4 double words (12 or 16 B). From generation
 * 3 on, the STP token's 4 B carry framing and sequence number together: the sum is the same.
 *   write, read request   24 B, or 20 B below 4 GiB, where 64-bit headers are forbidden (PCIe base spec 2.2.4.1)
 *   completion with data  20 B
 *   message               24 B
 * Payload travels in whole double words, so a transfer that starts or ends inside one carries the whole of it, and
 * every limit below counts in double words too.
 *
 * Cutting, in ascending address order, each piece as large as allowed:
 *   write         at most max_payload, never across 4 KiB
 *   read request  at most max_read_request, never across 4 KiB
 *   completion    at most max_payload (or one boundary: completion_pieces); all but the last of a request end on a
 *                 read completion boundary, so the first is shorter when the address is not on one
 */
#ifndef PCIE_TLP_H
#define PCIE_TLP_H

#include <stdint.h>

#include "pcie/link_config.h"

#define PCIE_FRAMING_BYTES 2    /* start and end of the packet */
#define PCIE_LINK_LAYER_BYTES 6 /* sequence number 2, LCRC 4 */
#define PCIE_DW_BYTES 4
#define PCIE_HEADER_3DW_BYTES 12
#define PCIE_HEADER_4DW_BYTES 16
#define PCIE_DLLP_BYTES 8              /* one ACK or one flow-control update, with framing and CRC */
#define PCIE_MSI_BYTES 4               /* an MSI is a posted write of 4 B */
#define PCIE_DATA_CREDIT_SHIFT 4       /* one data credit is 16 B */
#define PCIE_PAGE_BYTES UINT64_C(4096) /* no request may cross this boundary */

typedef enum pcie_kind {
	PCIE_WRITE,      /* memory write: posted. DMA to the host, doorbells to the device, MSI */
	PCIE_READ,       /* memory read request: non-posted, no payload on the wire */
	PCIE_COMPLETION, /* completion with data */
	PCIE_MESSAGE,    /* message without data: posted (power management, errors, INTx) */
	PCIE_NUM_KINDS
} pcie_kind;

/* The link's cutting rules in the form that the hot path wants. */
typedef struct pcie_geometry {
	uint32_t payload_shift;  /* log2 of max_payload */
	uint32_t request_shift;  /* log2 of max_read_request */
	uint32_t piece_shift;    /* log2 of the largest completion */
	uint32_t boundary_shift; /* log2 of read_completion_boundary */
} pcie_geometry;

/* What a transfer comes to. */
typedef struct pcie_burst {
	uint64_t num_tlps;
	uint64_t wire_bytes; /* with framing, data link layer and header; without DLLPs */
} pcie_burst;

/* The rules of a decoded (so: valid) configuration. */
pcie_geometry pcie_geometry_make(const pcie_link_config *config);

/* Bytes of one TLP beside its payload: framing, data link layer, header. `addr` is used by writes and reads only. */
static inline uint64_t pcie_overhead_bytes(pcie_kind kind, uint64_t addr)
{
	uint64_t link = PCIE_FRAMING_BYTES + PCIE_LINK_LAYER_BYTES;

	if (kind == PCIE_COMPLETION || (kind != PCIE_MESSAGE && addr >> 32 == 0))
		return link + PCIE_HEADER_3DW_BYTES;
	return link + PCIE_HEADER_4DW_BYTES;
}

/* The double words that bytes [addr, addr + bytes) touch, in bytes. 0 for no bytes. */
static inline uint64_t pcie_dw_bytes(uint64_t addr, uint64_t bytes)
{
	uint64_t mask = PCIE_DW_BYTES - 1;

	return bytes == 0 ? 0 : ((addr & mask) + bytes + mask) & ~mask;
}

/* Length of the next write or read request of a transfer that has `left` > 0 double-word bytes to go from the
 * double-word address `addr`; `shift` is payload_shift or request_shift. */
static inline uint64_t pcie_next_request(uint32_t shift, uint64_t addr, uint64_t left)
{
	uint64_t room = PCIE_PAGE_BYTES - (addr & (PCIE_PAGE_BYTES - 1));
	uint64_t limit = UINT64_C(1) << shift;

	if (limit > room)
		limit = room;
	return left < limit ? left : limit;
}

/* Length of the next completion of one read request, likewise. */
static inline uint64_t pcie_next_completion(const pcie_geometry *geometry, uint64_t addr, uint64_t left)
{
	uint64_t end = (addr + (UINT64_C(1) << geometry->piece_shift)) >> geometry->boundary_shift
										  << geometry->boundary_shift;

	return left < end - addr ? left : end - addr;
}

/* Number of TLPs and wire bytes for `bytes` at `addr`; 0 bytes need no TLP. addr + bytes must not wrap around.
 * For completions: of all read requests that fetch these bytes. Constant time for writes and reads; completions take
 * one step per read request. A message is always one TLP. */
pcie_burst pcie_burst_of(const pcie_geometry *geometry, pcie_kind kind, uint64_t addr, uint64_t bytes);

#endif
