#include "nesc/units.h"

#include <stdlib.h>
#include <string.h>

#define POOL_CHUNK_RECORDS 64

/* The hypervisor reads MissPending, which follows its writes, after a few writes: so many are never under way. Were the
 * queue to fill, the link would stand still in front of the walkers' data. */
#define CONTROL_DEPTH 1024
#define MESSAGES_DEPTH 4
#define BLOCKS_PER_NODE (NESC_MAX_NODE_BYTES / TREE_BLOCK_BYTES + 1) /* one more where it begins inside a block */

void *nesc_pool_grow(nesc_pool *pool)
{
	char *chunk = calloc(POOL_CHUNK_RECORDS, pool->record_bytes);
	void **chunks = realloc(pool->chunks, (pool->num_chunks + 1) * sizeof(void *));

	NESC_ASSERT_ALWAYS(chunk != NULL && chunks != NULL, "out of memory for records of %zu bytes",
			   pool->record_bytes);
	pool->chunks = chunks;
	pool->chunks[pool->num_chunks++] = chunk;
	for (int i = POOL_CHUNK_RECORDS - 1; i >= 0; i--)
		nesc_pool_give(pool, chunk + (size_t)i * pool->record_bytes);
	return pool->first_free;
}

static void pool_init(nesc_pool *pool, size_t record_bytes, size_t next_offset)
{
	*pool = (nesc_pool){ .record_bytes = record_bytes, .next_offset = next_offset };
}

static void pool_fini(nesc_pool *pool)
{
	for (uint32_t i = 0; i < pool->num_chunks; i++)
		free(pool->chunks[i]);
	free(pool->chunks);
}

static void device_init_unit(nesc_device *device, sim_unit *unit, const char *name, sim_step_fn step, sim_role role)
{
	sim_unit_init(device->kernel, unit, name, step, role, device->config.device->clock_hz);
}

static void device_make_units(nesc_device *device)
{
	const uint32_t num_walkers = (uint32_t)device->config.nesc->walker.count;

	device_init_unit(device, &device->link_down.unit, "link_down", link_down_step, SIM_MERGE);
	if (device->config.num_vfs != 0) {
		device_init_unit(device, &device->mux.unit, "mux", mux_step, SIM_MERGE);
		device_init_unit(device, &device->translate.unit, "translation", translate_step, SIM_AHEAD);
		for (uint32_t i = 0; i < num_walkers; i++) {
			snprintf(device->walker_names[i], sizeof(device->walker_names[i]), "walker[%u]", i);
			device_init_unit(device, &device->walkers[i].unit, device->walker_names[i], walker_step,
					 SIM_AHEAD);
			device->walkers[i].device = device;
			device->walkers[i].index = i;
		}
	}
	if (device->config.uses_pf)
		device_init_unit(device, &device->mux_pf.unit, "mux_pf", mux_step, SIM_MERGE);
	device_init_unit(device, &device->transfer.unit, "transfer", transfer_step, SIM_MERGE);
	device_init_unit(device, &device->medium.unit, "medium", medium_step, SIM_AHEAD);
	device_init_unit(device, &device->dma.unit, "dma", dma_step, SIM_MERGE);
	device_init_unit(device, &device->link_up.unit, "link_up", link_up_step, SIM_AHEAD);
	device->link_down.device = device->mux.device = device->mux_pf.device = device->translate.device = device;
	device->transfer.device = device->medium.device = device->dma.device = device->link_up.device = device;
}

/* Read tags are modelled by tokens only where they can run out at all. */
static bool device_tags_matter(const nesc_device *device)
{
	const nesc_config *nesc = device->config.nesc;
	const pcie_link_config *link = device->config.link;
	const int64_t per_block = 1 + (TREE_BLOCK_BYTES - 1) / link->max_read_request + 1; /* one more across 4 KiB */
	const int64_t per_node = 1 + (nesc->tree.node_bytes - 1) / link->max_read_request;

	return nesc->dma.outstanding_reads * per_block + nesc->walker.count * per_node > link->tags;
}

static void device_wire(nesc_device *device)
{
	sim_kernel *kernel = device->kernel;
	const nesc_config *nesc = device->config.nesc;
	const uint64_t dma_depth = (uint64_t)nesc->dma.queue_blocks;
	const uint64_t num_reads = (uint64_t)nesc->dma.outstanding_reads;
	/* An access under way holds the place of its result. */
	const uint64_t result_depth = dma_depth + device->medium.max_pending;
	const uint32_t num_walkers = device->config.num_vfs == 0 ? 0 : (uint32_t)nesc->walker.count;
	/* What was let into a lane and what comes back from being parked always finds a place, so nobody waits for one. */
	const bool has_lanes = device->num_lanes > 1;
	const uint64_t max_requests =
		(uint64_t)device->config.num_vfs * device->config.num_rings * (uint64_t)nesc->queue.depth;
	const uint64_t lane_depth = (uint64_t)nesc->dma.lane_blocks * device->num_lanes +
				    (device->config.managed ? max_requests * BLOCKS_PER_NODE : 0) + 1;
	sim_unit *dma = &device->dma.unit, *down = &device->link_down.unit, *up = &device->link_up.unit;
	sim_unit *translate = &device->translate.unit, *transfer = &device->transfer.unit;
	sim_unit *medium = &device->medium.unit;

	device->link_down.from_root_complex =
		sim_queue_create(kernel, "read data", up, down, num_reads + NESC_MAX_WALKERS);
	device->link_up.to_link_down = device->link_down.from_root_complex;
	if (device->config.num_vfs != 0) {
		device->mux.out = device->translate.vlba = sim_queue_create(
			kernel, "vLBA", &device->mux.unit, translate, (uint64_t)nesc->vlba_queue_blocks);
		for (uint32_t lane = 0; lane < device->num_lanes; lane++)
			device->translate.plba[lane] = device->transfer.plba[lane] =
				sim_queue_create(kernel, "pLBA", translate, transfer,
						 has_lanes ? lane_depth : (uint64_t)nesc->plba_queue_blocks);
	}
	for (uint32_t i = 0; i < num_walkers; i++) {
		walker_unit *walker = &device->walkers[i];

		walker->jobs = device->translate.jobs[i] =
			sim_queue_create(kernel, "walks", translate, &walker->unit, 1);
		walker->data = sim_queue_create(kernel, "tree nodes", down, &walker->unit, 1);
		walker->fetches = sim_queue_create(kernel, "tree fetches", &walker->unit, dma, 1);
		walker->returns = device->translate.returns[i] =
			sim_queue_create(kernel, "walks done", &walker->unit, translate, 1);
	}
	device->dma.num_walker_inputs = num_walkers;
	if (device->config.uses_pf)
		device->mux_pf.out = device->transfer.oob = sim_queue_create(
			kernel, "out of band", &device->mux_pf.unit, transfer, (uint64_t)nesc->plba_queue_blocks);
	device->transfer.data = sim_queue_create(kernel, "write data", down, transfer, num_reads);
	device->transfer.to_medium = device->medium.in =
		sim_queue_create(kernel, "accesses", transfer, medium, dma_depth);
	for (uint32_t lane = 0; lane < device->num_lanes; lane++) {
		const uint64_t depth = has_lanes ? lane_depth : dma_depth;
		const uint32_t first_input = dma->num_inputs;

		device->medium.data[lane] =
			sim_queue_create(kernel, "data to host", medium, dma, has_lanes ? lane_depth : result_depth);
		device->transfer.zeros[lane] = sim_queue_create(kernel, "zeros to host", transfer, dma, depth);
		device->transfer.fetches[lane] = sim_queue_create(kernel, "data from host", transfer, dma, depth);
		device->medium.done[lane] = sim_queue_create(kernel, "completions", medium, dma,
							     has_lanes ? lane_depth + max_requests : result_depth);
		device->dma.lane_inputs[lane] = ((UINT64_C(1) << (dma->num_inputs - first_input)) - 1) << first_input;
	}
	if (has_lanes) {
		static const char name[] = "credits";
		sim_unit *mux = &device->mux.unit;

		device->dma.credits = device->mux.credits[MUX_CREDITS_DMA] =
			sim_queue_create(kernel, name, dma, mux, lane_depth);
		device->translate.credits = device->mux.credits[MUX_CREDITS_TRANSLATE] =
			sim_queue_create(kernel, name, translate, mux, lane_depth);
		device->medium.credits = device->mux.credits[MUX_CREDITS_MEDIUM] =
			sim_queue_create(kernel, name, medium, mux, lane_depth);
		for (uint32_t lane = 0; lane < device->num_lanes; lane++)
			device->mux.lanes[lane].num_credits = (uint64_t)nesc->dma.lane_blocks;
	}
	if (device->config.managed) {
		device->translate.control = sim_queue_create(kernel, "control", down, translate, CONTROL_DEPTH);
		device->translate.messages = sim_queue_create(kernel, "messages", translate, dma, MESSAGES_DEPTH);
		device->dma.lane_inputs[0] |= UINT64_C(1) << device->translate.messages->input;
	}
	device->dma.out = device->link_up.in = sim_queue_create(kernel, "to link", dma, up, dma_depth);
	if (device_tags_matter(device)) {
		device->link_up.tags =
			sim_queue_create(kernel, "read tags", down, up, (uint64_t)device->config.link->tags);
		device->link_up.num_fresh_tags = (uint32_t)device->config.link->tags;
	}
}

/* Priorities in use become lanes, in their order. The PF is in the first: others wait for what the hypervisor does. */
static void device_make_lanes(nesc_device *device)
{
	const arbiter_function_params *qos = device->config.qos;

	device->num_lanes = 1;
	if (device->config.nesc->dma.policy != NESC_DMA_PRIORITY || qos == NULL || device->config.num_vfs == 0)
		return;
	device->num_lanes = 0;
	for (uint32_t priority = 0; priority < ARBITER_NUM_PRIORITIES; priority++) {
		bool is_used = false;

		for (uint32_t vf = 1; vf <= device->config.num_vfs; vf++)
			if (qos[vf - 1].priority == priority) {
				device->lane_of[vf] = (uint8_t)device->num_lanes;
				is_used = true;
			}
		device->num_lanes += is_used;
	}
	NESC_ASSERT_ALWAYS(device->num_lanes <= NESC_MAX_LANES, "%u priorities in the DMA engine", device->num_lanes);
}

nesc_device *nesc_device_create(sim_kernel *kernel, const nesc_device_config *config)
{
	nesc_device *device = calloc(1, sizeof(*device));
	medium_unit *medium;

	if (device == NULL)
		return NULL;
	device->kernel = kernel;
	device->config = *config;
	device->node_bytes = (uint32_t)config->nesc->tree.node_bytes;
	pool_init(&device->nodes, sizeof(nesc_node_item), offsetof(nesc_node_item, next_free));
	pool_init(&device->blocks, sizeof(nesc_block), offsetof(nesc_block, next));
	pool_init(&device->mmios, sizeof(nesc_mmio), offsetof(nesc_mmio, next_free));
	medium = &device->medium;
	device_make_lanes(device);
	device_make_units(device);
	medium->ops = config->medium;
	medium->params = config->medium_params;
	medium->in_order = config->medium->in_order(config->medium_params);
	medium->num_servers = config->medium->num_servers(config->medium_params);
	medium->max_pending = config->medium->max_pending(config->medium_params);
	medium->state = calloc(1, config->medium->state_bytes);
	medium->heap = calloc(medium->max_pending, sizeof(*medium->heap));
	if (medium->state == NULL || medium->heap == NULL ||
	    memory_init(&device->memory, HOST_MEMORY_BASE, config->memory_bytes) != NESCSIM_OK) {
		nesc_device_destroy(device);
		return NULL;
	}
	config->medium->init(medium->state, config->medium_params, config->seed);
	regs_init(&device->regs, config->num_vfs, config->medium->capacity_bytes(config->medium_params));
	btlb_init(&device->btlb, (uint32_t)config->nesc->btlb.num_entries,
		  (btlb_replacement)config->nesc->btlb.replacement, (btlb_partition)config->nesc->btlb.partition,
		  config->num_vfs == 0 ? 1 : config->num_vfs);
	for (uint32_t lane = 0; lane < device->num_lanes; lane++)
		arbiter_init(&device->mux.lanes[lane].arbiter, (arbiter_policy)config->nesc->mux.policy,
			     (uint64_t)config->nesc->mux.quantum_bytes);
	arbiter_init(&device->mux_pf.lanes[0].arbiter, ARBITER_ROUND_ROBIN, 1);
	pcie_direction_init(&device->link_down.direction, config->link, PCIE_DOWN, config->seed, 0);
	pcie_direction_init(&device->link_up.direction, config->link, PCIE_UP, config->seed, 0);
	pcie_root_complex_init(&device->link_up.root_complex, config->link);
	device_wire(device);
	return device;
}

void nesc_device_destroy(nesc_device *device)
{
	if (device == NULL)
		return;
	pool_fini(&device->nodes);
	pool_fini(&device->blocks);
	pool_fini(&device->mmios);
	memory_fini(&device->memory);
	free(device->medium.state);
	free(device->medium.heap);
	free(device->link_down.rings);
	free(device->interrupts);
	free(device->link_up.waiting);
	free(device);
}

/* Rings of a function come one behind the other. */
static void device_add_ring(nesc_device *device, mux_unit *mux, uint32_t function, uint32_t input)
{
	static const arbiter_function_params plain = { .weight = 1 };
	const arbiter_function_params *params =
		function == 0 || device->config.qos == NULL ? &plain : &device->config.qos[function - 1];
	mux_lane *lane = &mux->lanes[device->lane_of[function]];
	const uint32_t num_functions = lane->arbiter.num_functions;
	mux_function *last = num_functions == 0 ? NULL : &lane->functions[num_functions - 1];

	if (last == NULL || last->function != function) {
		last = &lane->functions[arbiter_add_function(&lane->arbiter, params)];
		*last = (mux_function){ .function = function,
					.first_input = input,
					.is_limited = params->rate_bps != 0 };
	}
	NESC_ASSERT(input == last->first_input + last->num_rings, "rings of function %u are apart", function);
	last->num_rings++;
	last->last_ring = last->num_rings - 1; /* round robin begins with the first */
}

nesc_ring nesc_device_connect(nesc_device *device, sim_unit *driver, uint32_t function, uint32_t ring,
			      uint64_t max_requests)
{
	const uint64_t depth = (uint64_t)device->config.nesc->queue.depth;
	link_down_unit *down = &device->link_down;
	nesc_ring connected = { .function = function, .ring = ring, .vcpu = device->num_vcpus };
	sim_unit *mux = function == 0 ? &device->mux_pf.unit : &device->mux.unit;
	sim_queue *requests;

	NESC_ASSERT(ring < bar_num_rings(function) && device->ring_queues[function][ring] == NULL,
		    "function %u has no free ring %u", function, ring);
	connected.doorbells = sim_queue_create(device->kernel, "posted writes", driver, &down->unit, depth);
	requests = sim_queue_create(device->kernel, "requests", &down->unit, mux, depth);
	device->ring_queues[function][ring] = requests;
	device_add_ring(device, function == 0 ? &device->mux_pf : &device->mux, function, requests->input);
	down->rings = realloc(down->rings, down->unit.num_inputs * sizeof(sim_queue *));
	device->interrupts = realloc(device->interrupts, (device->num_vcpus + 1) * sizeof(sim_queue *));
	NESC_ASSERT_ALWAYS(down->rings != NULL && device->interrupts != NULL, "out of memory");
	down->rings[connected.doorbells->input] = requests;
	connected.interrupts =
		sim_queue_create(device->kernel, "interrupts", &device->link_up.unit, driver, max_requests + 1);
	device->interrupts[device->num_vcpus++] = connected.interrupts;
	if (device->config.nesc->interrupts.coalesce_count > 1) {
		device->link_up.waiting =
			realloc(device->link_up.waiting, device->num_vcpus * sizeof(*device->link_up.waiting));
		NESC_ASSERT_ALWAYS(device->link_up.waiting != NULL, "out of memory");
		device->link_up.waiting[device->num_vcpus - 1] = (coalesced){ 0 };
	}
	return connected;
}

host_memory *nesc_device_memory(nesc_device *device)
{
	return &device->memory;
}

void nesc_device_write_register(nesc_device *device, uint64_t bar_offset, uint64_t value, uint32_t num_bytes)
{
	regs_effect effect;

	regs_write(&device->regs, bar_offset, value, num_bytes, &effect);
	NESC_ASSERT(!effect.ignored, "register write at BAR offset %llu was ignored", (unsigned long long)bar_offset);
	translate_set(&device->translate, &effect);
}

nesc_mmio *nesc_device_new_mmio(nesc_device *device)
{
	return nesc_pool_take(&device->mmios);
}

void nesc_device_connect_hypervisor(nesc_device *device, const nesc_ring *ring)
{
	NESC_ASSERT(device->config.managed && ring->function == 0, "no device that is managed at run time");
	device->link_up.hypervisor = ring->interrupts;
	device->translate.fence_request = (nesc_request){ .function = 0, .ring = ring->ring, .vcpu = ring->vcpu };
}

nesc_node_item *nesc_device_new_node(nesc_device *device)
{
	return nesc_pool_take(&device->nodes);
}

static const sim_unit *device_unit_at(const nesc_device *device, uint32_t index)
{
	const sim_unit *const units[] = {
		&device->link_down.unit, &device->mux.unit,    &device->mux_pf.unit, &device->translate.unit,
		&device->transfer.unit,  &device->medium.unit, &device->dma.unit,    &device->link_up.unit,
	};
	const uint32_t num_units = sizeof(units) / sizeof(units[0]);

	for (uint32_t i = 0; i < num_units + NESC_MAX_WALKERS; i++) {
		const sim_unit *unit = i < num_units ? units[i] : &device->walkers[i - num_units].unit;

		if (unit->name != NULL && index-- == 0)
			return unit;
	}
	return NULL;
}

uint32_t nesc_device_num_units(const nesc_device *device)
{
	uint32_t num = 0;

	while (device_unit_at(device, num) != NULL)
		num++;
	return num;
}

nesc_unit_report nesc_device_unit(const nesc_device *device, uint32_t index)
{
	const sim_unit *unit = device_unit_at(device, index);

	return (nesc_unit_report){
		.name = unit->name,
		.busy_ps = unit->busy_ps,
		.num_servers = unit == &device->medium.unit ? device->medium.num_servers : 1,
		.num_served = unit->num_served,
		.inputs = (const sim_queue *const *)unit->inputs,
		.num_inputs = unit->num_inputs,
	};
}

nesc_device_counts nesc_device_count(const nesc_device *device)
{
	nesc_device_counts counts = device->counts;

	for (uint32_t i = 0; i <= device->config.num_vfs; i++)
		counts.num_ignored_accesses += regs_num_ignored(&device->regs, i);
	return counts;
}

btlb_counts nesc_device_btlb(const nesc_device *device, uint32_t function)
{
	btlb_counts sum = { 0 };

	if (function != 0)
		return device->btlb.counts[function];
	for (uint32_t i = 1; i <= device->config.num_vfs; i++) {
		const btlb_counts *counts = &device->btlb.counts[i];

		sum.hits += counts->hits;
		sum.misses += counts->misses;
		sum.merged += counts->merged;
		sum.inserts += counts->inserts;
		sum.evictions += counts->evictions;
		sum.flushed += counts->flushed;
	}
	return sum;
}

const pcie_stats *nesc_device_link_stats(const nesc_device *device, pcie_side side)
{
	return side == PCIE_UP ? &device->link_up.direction.stats : &device->link_down.direction.stats;
}

memory_range nesc_device_window(const nesc_device *device, uint32_t vf)
{
	const regs_function *function = &device->regs.functions[vf];

	return (memory_range){ .address = function->trampoline_address, .bytes = function->trampoline_bytes };
}
