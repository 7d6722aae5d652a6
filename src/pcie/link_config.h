/* The `link` section of the configuration: one PCIe link between the device and its root complex. */
#ifndef PCIE_LINK_CONFIG_H
#define PCIE_LINK_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

#include "config/schema.h"

/* Buffer space that one receiver advertises. Headers: 1-127, data: 1-2047 credits of 16 B; 0 = infinite. */
typedef struct pcie_credit_config {
	int64_t posted_headers, posted_data;         /* memory writes, MSI, messages */
	int64_t nonposted_headers;                   /* read requests, which carry no data */
	int64_t completion_headers, completion_data; /* read data */
} pcie_credit_config;

/* Which piece a completer cuts read data into. */
enum pcie_completion_pieces {
	PCIE_PIECES_MAX_PAYLOAD, /* as large as the maximum payload size allows */
	PCIE_PIECES_BOUNDARY,    /* one per read completion boundary, as older chipsets do */
};

typedef struct pcie_link_config {
	int64_t generation;               /* 1-5 */
	int64_t lanes;                    /* 1-16, a power of two */
	int64_t max_payload;              /* bytes, 128-4096, a power of two */
	int64_t max_read_request;         /* bytes, 128-4096, a power of two */
	int64_t read_completion_boundary; /* bytes, 64 or 128 */
	int completion_pieces;            /* enum pcie_completion_pieces */
	struct {
		pcie_credit_config up;   /* advertised by the root complex: for what the device sends */
		pcie_credit_config down; /* advertised by the device: for what the root complex sends */
	} credits;
	int64_t credit_return;  /* ps from a TLP's arrival until its receiver frees the buffer */
	int64_t tags;           /* read requests that the device may have outstanding, 1-256 */
	int64_t latency;        /* ps one way: from the last byte on the wire to the receiver's logic */
	int64_t rc_latency;     /* ps from a read request's arrival at the root complex to its data */
	bool iommu;             /* DMA addresses are translated by an IOMMU */
	int64_t iotlb_entries;  /* pages of 4 KiB that the IOMMU's cache holds, 1-1024 */
	int64_t iotlb_miss;     /* ps that a read waits for the IOMMU's page walk */
	bool dllp_share;        /* ACK, flow-control DLLPs and SKIP take their share of the rate */
	int64_t bit_error_rate; /* errors per bit on the line, in 1e-18 */
	int64_t nak_latency;    /* ps from the arrival of a corrupt TLP until its NAK is sent */
} pcie_link_config;

extern const cfg_section pcie_link_section;

#endif
