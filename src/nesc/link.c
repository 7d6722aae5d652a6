/* The two directions of the PCIe link as units. The arithmetic of TLPs and credits is src/pcie's. */
#include "nesc/units.h"

/* The MMIO window lies below 4 GiB: 3-DW headers. */
#define BAR_BUS_ADDRESS UINT64_C(0xd0000000)
#define MSI_BUS_ADDRESS UINT64_C(0xfee00000)

/* Why a node can not be carried out, by the registers as they are when it is written; or OK. */
static nesc_completion_status link_down_check(const regs *registers, const nesc_node_item *item)
{
	const nesc_request *request = item->request;
	const uint64_t device_bytes = registers->functions[request->function].device_bytes;
	const uint64_t node_first_byte =
		request->command.first_sector * NESC_SECTOR_BYTES + (uint64_t)item->index * NESC_MAX_NODE_BYTES;

	if (device_bytes == 0)
		return NESC_COMPLETION_NO_FUNCTION;
	if (request->command.op == NESC_FLUSH)
		return NESC_COMPLETION_OK;
	if (request->command.first_sector > device_bytes / NESC_SECTOR_BYTES || item->node.bytes > device_bytes ||
	    node_first_byte > device_bytes - item->node.bytes)
		return NESC_COMPLETION_OUT_OF_RANGE;
	if (!regs_dma_allowed(registers, request->function, item->node.address + item->node.offset, item->node.bytes))
		return NESC_COMPLETION_BAD_ADDRESS;
	return NESC_COMPLETION_OK;
}

/* Where the request's completion entry goes: the driver set the ring's address, so it is trusted no more than a node's. */
static uint64_t link_down_completion_address(const regs *registers, const nesc_request *request)
{
	const regs_ring *ring = regs_ring_of(registers, request->function, request->ring);
	uint64_t address;

	if (ring->num_completions == 0)
		return 0;
	address =
		ring->completion_address + (request->command.tag & (ring->num_completions - 1)) * NESC_COMPLETION_BYTES;
	return regs_dma_allowed(registers, request->function, address, NESC_COMPLETION_BYTES) ? address : 0;
}

/* The hypervisor's access to a register: writes take effect here, in order, and where another unit must know, it is told. */
static ps_t link_down_access(link_down_unit *link, nesc_mmio *access)
{
	regs *registers = &link->device->regs;
	const uint32_t num_bytes = access->is_read ? 0 : access->num_bytes;
	const ps_t arrival_ps =
		pcie_direction_send(&link->direction, link->unit.local_ps, access->is_read ? PCIE_READ : PCIE_WRITE,
				    BAR_BUS_ADDRESS + access->bar_offset, access->num_bytes, NULL);

	if (num_bytes != 0)
		regs_write(registers, access->bar_offset, access->value, num_bytes, &access->effect);
	return arrival_ps;
}

/* The driver's posted writes for one node, as its first words reach the BAR: two for the command (with the first node),
 * two for the node. Returns when the last one has arrived. */
static ps_t link_down_write_node(link_down_unit *link, nesc_node_item *item)
{
	nesc_device *device = link->device;
	nesc_request *request = item->request;
	uint64_t words[2];
	ps_t arrival_ps = link->unit.local_ps;
	regs_effect effect;

	if (item->index == 0) {
		const uint64_t at = bar_command(request->function, request->ring);

		nesc_command_pack(&request->command, words);
		for (int i = 0; i < 2; i++) {
			arrival_ps = pcie_direction_send(&link->direction, link->unit.local_ps, PCIE_WRITE,
							 BAR_BUS_ADDRESS + at, 8, NULL);
			regs_write(&device->regs, at, words[i], 8, &effect);
		}
		request->command_valid = effect.action == REGS_COMMAND && effect.valid;
		request->completion_address = link_down_completion_address(&device->regs, request);
	}
	/* Nodes of no command are carried out no more than it. */
	item->status = request->command_valid ? NESC_COMPLETION_OK : NESC_COMPLETION_BAD_COMMAND;
	if (request->command.num_nodes == 0) {
		item->node = (nesc_node){ 0 };
		if (item->status == NESC_COMPLETION_OK)
			item->status = link_down_check(&device->regs, item);
		return arrival_ps;
	}
	const uint64_t at = bar_dma_list_entry(request->function, request->ring);

	nesc_node_pack(&item->node, words);
	for (int i = 0; i < 2; i++) {
		arrival_ps = pcie_direction_send(&link->direction, link->unit.local_ps, PCIE_WRITE,
						 BAR_BUS_ADDRESS + at, 8, NULL);
		regs_write(&device->regs, at, words[i], 8, &effect);
	}
	if (effect.action == REGS_NODE)
		item->node = effect.node;
	if (effect.action != REGS_NODE || !effect.valid)
		item->status = NESC_COMPLETION_BAD_COMMAND;
	if (item->status == NESC_COMPLETION_OK)
		item->status = link_down_check(&device->regs, item);
	return arrival_ps;
}

sim_wait link_down_step(sim_unit *self, ps_t limit_ps)
{
	link_down_unit *link = (link_down_unit *)self;
	nesc_device *device = link->device;
	sim_wait wait;

	for (;;) {
		sim_queue *in, *out;
		sim_item item;
		ps_t arrival_ps, begin_ps;

		if (link->chosen == NULL) {
			if (!sim_merge_ready(self, NULL, limit_ps, &wait))
				return wait;
			link->chosen = sim_merge_first(self, NULL);
		}
		/* Where it goes depends on what was chosen: what is chosen waits at the head of the line. */
		in = link->chosen;
		switch (sim_head(in)->kind) {
		case NESC_DOORBELL:
			out = link->rings[in->input];
			break;
		case NESC_MMIO:
			out = device->translate.control;
			break;
		case NESC_READ_BLOCK:
			out = device->transfer.data;
			break;
		default:
			out = device->walkers[(uint32_t)sim_head(in)->argument].data;
			break;
		}
		if (!sim_take_slot(self, out))
			return SIM_WAIT_SLOT(out);
		item = sim_pop(self, in);
		link->chosen = NULL;
		begin_ps = ps_max(self->local_ps, link->direction.busy_until_ps);
		if (item.kind == NESC_DOORBELL) {
			nesc_node_item *node = item.payload;

			stage_mark_wait(&node->marks, STAGE_DOORBELL, begin_ps);
			arrival_ps = link_down_write_node(link, node);
			stage_mark_service_of(&node->marks, STAGE_DOORBELL, arrival_ps,
					      "down the link to the registers");
		} else if (item.kind == NESC_READ_BLOCK) {
			nesc_block *block = item.payload;

			unit_mark_wait(&block->marks, STAGE_LINK, begin_ps);
			arrival_ps = pcie_direction_send(&link->direction, self->local_ps, PCIE_COMPLETION,
							 block->dma_address, block->num_bytes, NULL);
			unit_mark_service_of(&block->marks, STAGE_LINK, arrival_ps, "data down the link");
		} else if (item.kind == NESC_MMIO) {
			arrival_ps = link_down_access(link, item.payload);
		} else {
			arrival_ps = pcie_direction_send(&link->direction, self->local_ps, PCIE_COMPLETION,
							 device->walkers[(uint32_t)item.argument].address,
							 device->node_bytes, NULL);
		}
		sim_push(self, out, arrival_ps - self->local_ps, item);
		self->num_served++;
		if (item.kind != NESC_DOORBELL && item.kind != NESC_MMIO && device->link_up.tags != NULL) {
			const uint32_t num_tags = (uint32_t)(item.argument >> 32);

			/* One token per read request; the queue is as deep as there are tags. */
			for (uint32_t i = 0; i < num_tags; i++)
				sim_push(self, device->link_up.tags, arrival_ps - self->local_ps, (sim_item){ 0 });
		}
		self->busy_ps = link->direction.stats.busy_ps;
		/* The next choice is made when the wire is about to be free; the serializer knows when exactly. */
		self->local_ps = ps_max(self->local_ps, hwclock_floor(&self->clock, link->direction.busy_until_ps));
	}
}

/* Takes the tags of a read, waiting for tokens where none is fresh. False: none is there yet. */
static bool link_up_take_tags(link_up_unit *link, uint32_t num_tags, ps_t limit_ps, sim_wait *wait_out)
{
	sim_unit *self = &link->unit;

	if (link->tags == NULL)
		return true;
	while (link->num_fresh_tags < num_tags) {
		if (!sim_single_ready(self, link->tags, limit_ps, wait_out))
			return false;
		sim_pop(self, link->tags);
		link->num_fresh_tags++;
	}
	return true;
}

static uint32_t link_up_num_requests(const link_up_unit *link, uint64_t address, uint32_t num_bytes)
{
	const uint32_t num_requests =
		(uint32_t)pcie_burst_of(&link->direction.geometry, PCIE_READ, address, num_bytes).num_tlps;
	const uint32_t num_tags = (uint32_t)link->device->config.link->tags;

	/* A transfer of more requests than there are tags takes them all. */
	return num_requests < num_tags ? num_requests : num_tags;
}

/* One MSI to a vCPU, for the requests from `first` on. There is a slot for it. */
static void link_up_interrupt(link_up_unit *link, uint32_t vcpu, nesc_request *first)
{
	sim_unit *self = &link->unit;
	nesc_device *device = link->device;
	const ps_t arrival_ps = pcie_direction_send(&link->direction, self->local_ps, PCIE_WRITE, MSI_BUS_ADDRESS,
						    PCIE_MSI_BYTES, NULL);

	for (nesc_request *request = first; request != NULL; request = request->next_done) {
		if (request->marks.last_ps < self->local_ps) /* it waited for others */
			stage_mark_wait(&request->marks, STAGE_COMPLETION, self->local_ps);
		stage_mark_service_of(&request->marks, STAGE_COMPLETION, arrival_ps, "entry and MSI up the link");
	}
	device->counts.num_interrupts++;
	if (!SIM_MUTATED(LOSE_INTERRUPT) || device->counts.num_interrupts != 3)
		sim_push(self, device->interrupts[vcpu], arrival_ps - self->local_ps,
			 (sim_item){ .kind = NESC_INTERRUPT_DONE, .payload = first, .function = first->function });
}

/* The completion's interrupt waits for others, or for its time. The hypervisor's never wait. */
static bool link_up_coalesces(const link_up_unit *link, uint32_t vcpu)
{
	return link->waiting != NULL && link->device->interrupts[vcpu] != link->hypervisor;
}

static void link_up_coalesce(link_up_unit *link, nesc_request *request)
{
	const nesc_config *config = link->device->config.nesc;
	coalesced *waiting = &link->waiting[request->vcpu];

	if (waiting->num_requests++ == 0) {
		waiting->first = request;
		waiting->deadline_ps =
			hwclock_align(&link->unit.clock, link->unit.local_ps + config->interrupts.coalesce_ps);
	} else {
		waiting->last->next_done = request;
	}
	waiting->last = request;
	if (waiting->num_requests >= (uint64_t)config->interrupts.coalesce_count) {
		link_up_interrupt(link, request->vcpu, waiting->first);
		*waiting = (coalesced){ 0 };
	}
}

/* The head of the input is a request that is done: its completion entry, and the MSI behind it. False: no slot yet. */
static bool link_up_complete(link_up_unit *link)
{
	sim_unit *self = &link->unit;
	nesc_device *device = link->device;
	nesc_request *request = sim_head(link->in)->payload;
	ps_t begin_ps;

	if (!sim_take_slot(self, device->interrupts[request->vcpu]))
		return false;
	sim_pop(self, link->in);
	begin_ps = ps_max(self->local_ps, link->direction.busy_until_ps);
	/* A read's last data is still on the wire: the entry follows it. */
	if (request->command.op == NESC_READ)
		stage_mark_service_of(&request->marks, STAGE_LINK, begin_ps, "last data up the link");
	else
		stage_mark_wait(&request->marks, STAGE_COMPLETION, begin_ps);
	if (request->completion_address != 0)
		pcie_direction_send(&link->direction, self->local_ps, PCIE_WRITE, request->completion_address,
				    NESC_COMPLETION_BYTES, NULL);
	device->counts.num_completions++;
	request->next_done = NULL;
	if (link_up_coalesces(link, request->vcpu))
		link_up_coalesce(link, request);
	else
		link_up_interrupt(link, request->vcpu, request);
	return true;
}

/* The interrupt that is due first; NULL: none waits. */
static coalesced *link_up_first_due(link_up_unit *link)
{
	coalesced *first = NULL;

	for (uint32_t i = 0; link->waiting != NULL && i < link->device->num_vcpus; i++)
		if (link->waiting[i].num_requests != 0 &&
		    (first == NULL || link->waiting[i].deadline_ps < first->deadline_ps))
			first = &link->waiting[i];
	return first;
}

/* What becomes of the interrupt that is due first. */
typedef enum link_up_due {
	DUE_NONE, /* nothing waits, or what comes in goes first */
	DUE_SENT,
	DUE_WAITS, /* for its time, or for a slot */
} link_up_due;

/* An interrupt whose time has come goes before what is ready then or later. */
static link_up_due link_up_send_due(link_up_unit *link, ps_t limit_ps, sim_wait *wait_out)
{
	sim_unit *self = &link->unit;
	coalesced *due = link_up_first_due(link);
	uint32_t vcpu;

	if (due == NULL || (!sim_empty(link->in) && sim_head(link->in)->ready_ps < due->deadline_ps))
		return DUE_NONE;
	if (due->deadline_ps > limit_ps) { /* something that is ready before it may still be to come */
		*wait_out = SIM_WAIT_UNTIL(due->deadline_ps);
		return DUE_WAITS;
	}
	vcpu = (uint32_t)(due - link->waiting);
	self->local_ps = ps_max(self->local_ps, due->deadline_ps);
	if (!sim_take_slot(self, link->device->interrupts[vcpu])) {
		*wait_out = SIM_WAIT_SLOT(link->device->interrupts[vcpu]);
		return DUE_WAITS;
	}
	link_up_interrupt(link, vcpu, due->first);
	*due = (coalesced){ 0 };
	self->busy_ps = link->direction.stats.busy_ps;
	self->local_ps = ps_max(self->local_ps, hwclock_floor(&self->clock, link->direction.busy_until_ps));
	return DUE_SENT;
}

sim_wait link_up_step(sim_unit *self, ps_t limit_ps)
{
	link_up_unit *link = (link_up_unit *)self;
	nesc_device *device = link->device;
	sim_wait wait;

	for (;;) {
		sim_item *head, item;
		ps_t arrival_ps, begin_ps;

		if (link->waiting != NULL) {
			const link_up_due due = link_up_send_due(link, limit_ps, &wait);

			if (due == DUE_WAITS)
				return wait;
			if (due == DUE_SENT)
				continue;
		}
		if (!sim_single_ready(self, link->in, limit_ps, &wait))
			return wait;
		head = sim_head(link->in);
		if (head->kind == NESC_DMA_WALK || head->kind == NESC_DMA_FETCH) {
			const nesc_block *block = head->payload;
			const uint64_t address = head->kind == NESC_DMA_WALK ? device->walkers[head->argument].address
									     : block->dma_address;
			const uint32_t num_bytes = head->kind == NESC_DMA_WALK ? device->node_bytes : block->num_bytes;
			const uint32_t num_tags =
				link->tags == NULL ? 1 : link_up_num_requests(link, address, num_bytes);
			const uint32_t requester = head->function;

			if (!link_up_take_tags(link, num_tags, limit_ps, &wait))
				return wait;
			if (!sim_take_slot(self, link->to_link_down))
				return SIM_WAIT_SLOT(link->to_link_down);
			link->num_fresh_tags -= link->tags == NULL ? 0 : num_tags;
			item = sim_pop(self, link->in);
			begin_ps = ps_max(self->local_ps, link->direction.busy_until_ps);
			arrival_ps = pcie_direction_send(&link->direction, self->local_ps, PCIE_READ, address,
							 num_bytes, NULL);
			arrival_ps = pcie_root_complex_read(&link->root_complex, requester, address, arrival_ps);
			item.argument |= (uint64_t)num_tags << 32; /* given back with the data */
			if (item.kind == NESC_DMA_FETCH) {
				nesc_block *fetched = item.payload;

				unit_mark_wait(&fetched->marks, STAGE_LINK, begin_ps);
				unit_mark_service_of(&fetched->marks, STAGE_LINK, arrival_ps,
						     "read request up the link, host memory");
				item.kind = NESC_READ_BLOCK;
			} else {
				item.kind = NESC_READ_NODE;
			}
			sim_push(self, link->to_link_down, arrival_ps - self->local_ps, item);
		} else if (head->kind == NESC_DMA_DATA) {
			nesc_block *block;

			item = sim_pop(self, link->in);
			block = item.payload;
			/* The block is done when its bytes are in memory; later ones, and the completion, follow in
			 * order on the same wire. */
			pcie_direction_send(&link->direction, self->local_ps, PCIE_WRITE, block->dma_address,
					    block->num_bytes, NULL);
			pcie_root_complex_write(&link->root_complex, block->function, block->dma_address,
						block->num_bytes);
			nesc_pool_give(&device->blocks, block);
		} else if (head->kind == NESC_DMA_DONE) {
			if (!link_up_complete(link))
				return SIM_WAIT_SLOT(device->interrupts[((nesc_request *)head->payload)->vcpu]);
		} else {
			const bool is_miss = head->kind == NESC_DMA_MISS;

			if (!sim_take_slot(self, link->hypervisor))
				return SIM_WAIT_SLOT(link->hypervisor);
			item = sim_pop(self, link->in);
			item.kind = is_miss ? NESC_INTERRUPT_MISS : NESC_INTERRUPT_REPLY;
			arrival_ps = pcie_direction_send(&link->direction, self->local_ps,
							 is_miss ? PCIE_WRITE : PCIE_COMPLETION,
							 is_miss ? MSI_BUS_ADDRESS : BAR_BUS_ADDRESS,
							 is_miss ? PCIE_MSI_BYTES : sizeof(uint64_t), NULL);
			sim_push(self, link->hypervisor, arrival_ps - self->local_ps, item);
		}
		self->num_served++;
		self->busy_ps = link->direction.stats.busy_ps;
		self->local_ps = ps_max(self->local_ps, hwclock_floor(&self->clock, link->direction.busy_until_ps));
	}
}
