/* Plain DRAM, as on the VC707 board: one pipelined port with an access latency and a bandwidth.
 *
 * Accesses keep the port busy for their bytes at the bandwidth and end one latency after their last byte.
 * Source: the thesis states 1 GB DDR3 "with plain DRAM latency"; the figures are assumptions (DDR3-1600, 64 bit).
 */
#include <stddef.h>

#include "media/medium.h"

typedef struct dram_params {
	int64_t capacity_bytes;
	ps_t read_latency_ps, write_latency_ps;
	int64_t bandwidth_bps; /* bytes per second */
} dram_params;

typedef struct dram_state {
	ps_t free_ps;
	unsigned __int128 ps_per_byte_q32; /* 2^-32 ps */
} dram_state;

static const cfg_key dram_keys[] = {
	{ .name = "capacity",
	  .type = CFG_BYTES,
	  .offset_in_struct = offsetof(dram_params, capacity_bytes),
	  .default_text = "1 GiB",
	  .min_text = "1 MiB",
	  .max_text = "1024 TiB",
	  .help = "Size of the medium.",
	  .source = "thesis: stated (1 GB DDR3 on the VC707 board)" },
	{ .name = "read_latency",
	  .type = CFG_DURATION,
	  .offset_in_struct = offsetof(dram_params, read_latency_ps),
	  .default_text = "60 ns",
	  .min_text = "0",
	  .max_text = "1 s",
	  .help = "From the start of a read to its first byte.",
	  .source = "assumption: DDR3-1600 row miss through a memory controller" },
	{ .name = "write_latency",
	  .type = CFG_DURATION,
	  .offset_in_struct = offsetof(dram_params, write_latency_ps),
	  .default_text = "60 ns",
	  .min_text = "0",
	  .max_text = "1 s",
	  .help = "From the last byte of a write until it is stored.",
	  .source = "assumption: as the read latency" },
	{ .name = "bandwidth",
	  .type = CFG_RATE,
	  .offset_in_struct = offsetof(dram_params, bandwidth_bps),
	  .default_text = "6400 MB/s",
	  .min_text = "1 kB/s",
	  .max_text = "1000 GB/s",
	  .help = "Rate of the one port, reads and writes together.",
	  .source = "assumption: half of DDR3-1600 x 64 bit (12,800 MB/s)" },
};

const cfg_section medium_dram_section = {
	.name = "media (dram)",
	.keys = dram_keys,
	.num_keys = sizeof(dram_keys) / sizeof(dram_keys[0]),
	.struct_bytes = sizeof(dram_params),
};

const char medium_dram_help[] = "DRAM behind one port: access latency and bandwidth (the VC707 board).";

static void dram_init(void *state, const void *params, uint64_t seed)
{
	dram_state *dram = state;
	const dram_params *given = params;

	(void)seed;
	dram->ps_per_byte_q32 = (((unsigned __int128)PS_PER_S << 32) + (uint64_t)given->bandwidth_bps - 1) /
				(uint64_t)given->bandwidth_bps;
}

static uint64_t dram_capacity_bytes(const void *params)
{
	return (uint64_t)((const dram_params *)params)->capacity_bytes;
}

static bool dram_in_order(const void *params)
{
	const dram_params *given = params;

	/* A write's latency counts after its bytes, a read's too: the order holds when both are the same. */
	return given->read_latency_ps == given->write_latency_ps;
}

static uint32_t dram_num_servers(const void *params)
{
	(void)params;
	return 1;
}

/* As many 1 KiB accesses as the latency covers, beside the one whose bytes move. */
static uint32_t dram_max_pending(const void *params)
{
	const dram_params *given = params;
	const ps_t latency_ps = ps_max(given->read_latency_ps, given->write_latency_ps);
	const unsigned __int128 covered = (unsigned __int128)(uint64_t)latency_ps * (uint64_t)given->bandwidth_bps /
					  ((unsigned __int128)PS_PER_S * 1024);

	return covered > 4094 ? 4096 : (uint32_t)covered + 2;
}

static medium_times dram_serve(void *state, const void *params, const medium_access *access, ps_t arrival_ps)
{
	dram_state *dram = state;
	const dram_params *given = params;
	const ps_t busy_ps = (ps_t)((dram->ps_per_byte_q32 * access->num_bytes + UINT32_MAX) >> 32);
	const ps_t start_ps = ps_max(arrival_ps, dram->free_ps);

	dram->free_ps = start_ps + busy_ps;
	return (medium_times){
		.start_ps = start_ps,
		.busy_ps = busy_ps,
		.done_ps = dram->free_ps + (access->is_write ? given->write_latency_ps : given->read_latency_ps),
	};
}

const medium_ops medium_dram = {
	.name = "dram",
	.help = medium_dram_help,
	.section = &medium_dram_section,
	.state_bytes = sizeof(dram_state),
	.init = dram_init,
	.capacity_bytes = dram_capacity_bytes,
	.in_order = dram_in_order,
	.num_servers = dram_num_servers,
	.max_pending = dram_max_pending,
	.serve = dram_serve,
};
