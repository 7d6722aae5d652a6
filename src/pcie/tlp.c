#include "pcie/tlp.h"

#define FOUR_GIB (UINT64_C(1) << 32)

static uint32_t log2_of(int64_t power_of_two)
{
	return (uint32_t)__builtin_ctzll((unsigned long long)power_of_two);
}

pcie_geometry pcie_geometry_make(const pcie_link_config *config)
{
	pcie_geometry geometry = {
		.payload_shift = log2_of(config->max_payload),
		.request_shift = log2_of(config->max_read_request),
		.boundary_shift = log2_of(config->read_completion_boundary),
	};

	geometry.piece_shift =
		config->completion_pieces == PCIE_PIECES_BOUNDARY ? geometry.boundary_shift : geometry.payload_shift;
	return geometry;
}

static uint64_t pieces_of(uint32_t shift, uint64_t bytes)
{
	return (bytes + (UINT64_C(1) << shift) - 1) >> shift;
}

/* Requests for double-word bytes [addr, addr + bytes): the rest of the first page, whole pages, the last page. */
static uint64_t num_requests(uint32_t shift, uint64_t addr, uint64_t bytes)
{
	uint64_t room = PCIE_PAGE_BYTES - (addr & (PCIE_PAGE_BYTES - 1));
	uint64_t head = bytes < room ? bytes : room;
	uint64_t rest = bytes - head;
	uint64_t per_page = PCIE_PAGE_BYTES >> shift;

	return pieces_of(shift, head) + rest / PCIE_PAGE_BYTES * per_page +
	       pieces_of(shift, rest & (PCIE_PAGE_BYTES - 1));
}

static pcie_burst requests(pcie_kind kind, uint32_t shift, uint64_t addr, uint64_t bytes)
{
	pcie_burst burst = { .num_tlps = num_requests(shift, addr, bytes) };

	burst.wire_bytes = burst.num_tlps * pcie_overhead_bytes(kind, addr) + (kind == PCIE_WRITE ? bytes : 0);
	return burst;
}

static pcie_burst completions(const pcie_geometry *geometry, uint64_t addr, uint64_t bytes)
{
	pcie_burst burst = { .num_tlps = 0 };
	uint64_t left = bytes;

	while (left > 0) {
		uint64_t asked = pcie_next_request(geometry->request_shift, addr, left);
		uint64_t first = pcie_next_completion(geometry, addr, asked);

		burst.num_tlps += 1 + pieces_of(geometry->piece_shift, asked - first);
		addr += asked;
		left -= asked;
	}
	burst.wire_bytes = burst.num_tlps * pcie_overhead_bytes(PCIE_COMPLETION, 0) + bytes;
	return burst;
}

pcie_burst pcie_burst_of(const pcie_geometry *geometry, pcie_kind kind, uint64_t addr, uint64_t bytes)
{
	uint64_t dw_addr = addr & ~(uint64_t)(PCIE_DW_BYTES - 1);
	uint64_t dw_bytes = pcie_dw_bytes(addr, bytes);
	uint32_t shift = kind == PCIE_READ ? geometry->request_shift : geometry->payload_shift;
	pcie_burst burst, high;

	if (kind == PCIE_MESSAGE)
		return (pcie_burst){ .num_tlps = 1, .wire_bytes = pcie_overhead_bytes(kind, addr) };
	if (dw_bytes == 0)
		return (pcie_burst){ .num_tlps = 0 };
	if (kind == PCIE_COMPLETION)
		return completions(geometry, dw_addr, dw_bytes);
	if (dw_addr >= FOUR_GIB || dw_bytes <= FOUR_GIB - dw_addr)
		return requests(kind, shift, dw_addr, dw_bytes);

	/* Headers grow at 4 GiB, which is a page boundary, so that no TLP lies across it. */
	burst = requests(kind, shift, dw_addr, FOUR_GIB - dw_addr);
	high = requests(kind, shift, FOUR_GIB, dw_bytes - (FOUR_GIB - dw_addr));
	burst.num_tlps += high.num_tlps;
	burst.wire_bytes += high.wire_bytes;
	return burst;
}
