#include "pcie/root_complex.h"

#include <string.h>

#include "base/assert.h"
#include "pcie/tlp.h"

void pcie_root_complex_init(pcie_root_complex *self, const pcie_link_config *config)
{
	memset(self, 0, sizeof(*self));
	self->rc_latency_ps = config->rc_latency;
	self->iotlb_miss_ps = config->iotlb_miss;
	self->iommu = config->iommu;
	self->num_entries = (uint32_t)config->iotlb_entries;
}

/* Makes the translation the most recently used one; true if it was there. */
static bool look_up(pcie_root_complex *self, uint32_t requester, uint64_t page)
{
	uint32_t i = 0;
	bool hit;

	while (i < self->num_used && (self->page[i] != page || self->requester[i] != requester))
		i++;
	hit = i < self->num_used;
	if (!hit) {
		if (self->num_used < self->num_entries)
			self->num_used++;
		i = self->num_used - 1; /* a new one, or the least recently used */
		self->num_misses++;
	} else {
		self->num_hits++;
	}
	memmove(self->page + 1, self->page, i * sizeof(self->page[0]));
	memmove(self->requester + 1, self->requester, i * sizeof(self->requester[0]));
	self->page[0] = page;
	self->requester[0] = requester;
	return hit;
}

ps_t pcie_root_complex_read(pcie_root_complex *self, uint32_t requester, uint64_t addr, ps_t arrival_ps)
{
	ps_t ready_ps = arrival_ps + self->rc_latency_ps;

	if (self->iommu && !look_up(self, requester, addr / PCIE_PAGE_BYTES))
		ready_ps += self->iotlb_miss_ps;
	return ready_ps;
}

void pcie_root_complex_write(pcie_root_complex *self, uint32_t requester, uint64_t addr, uint64_t bytes)
{
	if (!self->iommu || bytes == 0)
		return;
	for (uint64_t page = addr / PCIE_PAGE_BYTES; page <= (addr + bytes - 1) / PCIE_PAGE_BYTES; page++)
		look_up(self, requester, page);
}

void pcie_root_complex_invalidate(pcie_root_complex *self, uint32_t requester)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < self->num_used; i++) {
		if (self->requester[i] == requester)
			continue;
		self->page[kept] = self->page[i];
		self->requester[kept++] = self->requester[i];
	}
	self->num_used = kept;
}

void pcie_tags_init(pcie_tags *self, const pcie_link_config *config)
{
	memset(self, 0, sizeof(*self));
	self->num_tags = (uint32_t)config->tags;
}

ps_t pcie_tags_take(pcie_tags *self, ps_t earliest_ps)
{
	ps_t ready_ps;

	NESC_ASSERT(pcie_tags_available(self), "all %u read tags are taken", self->num_tags);
	/* The slot holds the completion of request k - num_tags, or 0 when there was none. */
	ready_ps = ps_max(earliest_ps, self->free_ps[self->next_take]);
	self->num_taken++;
	if (++self->next_take == self->num_tags)
		self->next_take = 0;
	return ready_ps;
}

void pcie_tags_free(pcie_tags *self, ps_t now_ps)
{
	NESC_ASSERT(self->num_freed < self->num_taken, "no read is outstanding");
	self->free_ps[self->next_free] = now_ps;
	self->num_freed++;
	if (++self->next_free == self->num_tags)
		self->next_free = 0;
}
