/* The host's end of DMA reads: memory latency, the IOMMU's translation cache, and the device's read tags. */
#ifndef PCIE_ROOT_COMPLEX_H
#define PCIE_ROOT_COMPLEX_H

#include <stdbool.h>
#include <stdint.h>

#include "base/time.h"
#include "pcie/link_config.h"

#define PCIE_MAX_IOTLB_ENTRIES 1024
#define PCIE_MAX_TAGS 256

/* The IOMMU's cache of translations: pages of 4 KiB by requester, least recently used, fully associative.
 * (pcie-bench finds 64 entries in Intel's by the size at which latency jumps; replacement is an assumption.) */
typedef struct pcie_root_complex {
	ps_t rc_latency_ps;
	ps_t iotlb_miss_ps;
	bool iommu;
	uint32_t num_entries, num_used;
	uint64_t num_hits, num_misses;         /* of the IOTLB */
	uint64_t page[PCIE_MAX_IOTLB_ENTRIES]; /* most recently used first */
	uint32_t requester[PCIE_MAX_IOTLB_ENTRIES];
} pcie_root_complex;

void pcie_root_complex_init(pcie_root_complex *self, const pcie_link_config *config);

/* A read request of function `requester` arrives at `arrival_ps`; returns when its data can go back. The request stays
 * within one page (tlp.h cuts it so). */
ps_t pcie_root_complex_read(pcie_root_complex *self, uint32_t requester, uint64_t addr, ps_t arrival_ps);

/* A write of `bytes` at `addr`. Writes are posted, nobody waits for them; but they use and replace translations. */
void pcie_root_complex_write(pcie_root_complex *self, uint32_t requester, uint64_t addr, uint64_t bytes);

/* Drops the translations of one requester: an unmap or a reset of the function. */
void pcie_root_complex_invalidate(pcie_root_complex *self, uint32_t requester);

/* Read tags of the device: request number k may go when request k - tags is complete. */
typedef struct pcie_tags {
	uint32_t num_tags;
	uint64_t num_taken, num_freed;
	ps_t free_ps[PCIE_MAX_TAGS]; /* by request number % num_tags */
	uint32_t next_take, next_free;
} pcie_tags;

void pcie_tags_init(pcie_tags *self, const pcie_link_config *config);

/* True when a read may be issued without another one completing first (its time is then known). */
static inline bool pcie_tags_available(const pcie_tags *self)
{
	return self->num_taken - self->num_freed < self->num_tags;
}

/* Takes a tag for a read that wants to go at `earliest_ps`; returns when it can. Needs pcie_tags_available(). */
ps_t pcie_tags_take(pcie_tags *self, ps_t earliest_ps);

/* The oldest read not yet freed is complete (its last completion arrived) at `now_ps`. */
void pcie_tags_free(pcie_tags *self, ps_t now_ps);

#endif
