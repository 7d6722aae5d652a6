#include "pcie/probe.h"

#include "pcie/root_complex.h"
#include "pcie/serializer.h"
#include "pcie/tlp.h"

#define BASE_ADDR (UINT64_C(1) << 32) /* the first address with 64-bit headers */
#define NUM_WARM_UP 1024              /* transfers before the rate is taken: more than any credits or tags */
#define NUM_MEASURED 4096

typedef unsigned __int128 u128;

static int64_t bytes_per_s(uint64_t bytes, ps_t time_ps)
{
	return (int64_t)((u128)bytes * PS_PER_S / (uint64_t)time_ps);
}

/* payload bytes / (wire bytes * byte time), rounded down. */
static int64_t closed_form(const pcie_link_config *config, pcie_kind kind, uint64_t bytes)
{
	pcie_geometry geometry = pcie_geometry_make(config);
	pcie_byte_time byte_time = pcie_byte_time_make(config);
	uint64_t wire_bytes = pcie_burst_of(&geometry, kind, BASE_ADDR, bytes).wire_bytes;
	/* 2^-24 ps is fine enough, and lets the dividend fit. */
	u128 time = (((u128)byte_time.whole_ps << 64) + byte_time.fraction) >> 40;

	return (int64_t)(((u128)bytes * PS_PER_S << 24) / (time * wire_bytes));
}

/* One after the other without a gap, all offered at time 0. */
static int64_t write_rate(const pcie_link_config *config, pcie_side side, uint64_t seed, uint64_t bytes)
{
	pcie_direction direction;
	ps_t from_ps;

	pcie_direction_init(&direction, config, side, seed, 0);
	for (int i = 0; i < NUM_WARM_UP; i++)
		pcie_direction_send(&direction, 0, PCIE_WRITE, BASE_ADDR, bytes, NULL);
	from_ps = direction.busy_until_ps;
	for (int i = 0; i < NUM_MEASURED; i++)
		pcie_direction_send(&direction, 0, PCIE_WRITE, BASE_ADDR, bytes, NULL);
	return bytes_per_s(NUM_MEASURED * bytes, direction.busy_until_ps - from_ps);
}

/* The parts that a DMA read passes. */
typedef struct read_path {
	pcie_geometry geometry;
	pcie_direction up, down;
	pcie_root_complex root;
	pcie_tags tags;
} read_path;

static void read_path_init(read_path *self, const pcie_link_config *config, uint64_t seed)
{
	self->geometry = pcie_geometry_make(config);
	pcie_direction_init(&self->up, config, PCIE_UP, seed, 0);
	pcie_direction_init(&self->down, config, PCIE_DOWN, seed, 0);
	pcie_root_complex_init(&self->root, config);
	pcie_tags_init(&self->tags, config);
}

/* Reads `bytes`, each request as soon as it has a tag; returns when the last data is there. Requests are answered in
 * order, as memory latency is constant, so that each may be followed to its end before the next is looked at. */
static ps_t read_through(read_path *self, ps_t earliest_ps, uint64_t bytes)
{
	uint64_t addr = BASE_ADDR, left = pcie_dw_bytes(addr, bytes);
	ps_t t_ps = earliest_ps;

	while (left > 0) {
		uint64_t asked = pcie_next_request(self->geometry.request_shift, addr, left);

		t_ps = pcie_tags_take(&self->tags, earliest_ps);
		t_ps = pcie_direction_send(&self->up, t_ps, PCIE_READ, addr, asked, NULL);
		t_ps = pcie_root_complex_read(&self->root, 0, addr, t_ps);
		t_ps = pcie_direction_send(&self->down, t_ps, PCIE_COMPLETION, addr, asked, NULL);
		pcie_tags_free(&self->tags, t_ps);
		addr += asked;
		left -= asked;
	}
	return t_ps;
}

static int64_t read_rate(const pcie_link_config *config, uint64_t seed, uint64_t bytes)
{
	read_path path;
	ps_t from_ps = 0, to_ps = 0;

	read_path_init(&path, config, seed);
	for (int i = 0; i < NUM_WARM_UP; i++)
		from_ps = read_through(&path, 0, bytes);
	for (int i = 0; i < NUM_MEASURED; i++)
		to_ps = read_through(&path, 0, bytes);
	return bytes_per_s(NUM_MEASURED * bytes, to_ps - from_ps);
}

static ps_t read_latency(const pcie_link_config *config, uint64_t seed, uint64_t bytes)
{
	read_path path;

	read_path_init(&path, config, seed);
	return read_through(&path, 0, bytes);
}

static ps_t write_latency(const pcie_link_config *config, uint64_t seed, uint64_t bytes)
{
	pcie_direction up;

	pcie_direction_init(&up, config, PCIE_UP, seed, 0);
	return pcie_direction_send(&up, 0, PCIE_WRITE, BASE_ADDR, bytes, NULL);
}

void pcie_probe_size(const pcie_link_config *config, uint64_t seed, uint64_t transfer_bytes, pcie_probe_row *row_out)
{
	row_out->transfer_bytes = transfer_bytes;
	row_out->write_up_bps = write_rate(config, PCIE_UP, seed, transfer_bytes);
	row_out->write_down_bps = write_rate(config, PCIE_DOWN, seed, transfer_bytes);
	row_out->write_limit_bps = closed_form(config, PCIE_WRITE, transfer_bytes);
	row_out->read_bps = read_rate(config, seed, transfer_bytes);
	row_out->read_limit_bps = closed_form(config, PCIE_COMPLETION, transfer_bytes);
	row_out->read_latency_ps = read_latency(config, seed, transfer_bytes);
	row_out->write_latency_ps = write_latency(config, seed, transfer_bytes);
}

void pcie_probe_all(const pcie_link_config *config, uint64_t seed, pcie_probe_row rows_out[PCIE_PROBE_NUM_ROWS])
{
	for (int i = 0; i < PCIE_PROBE_NUM_ROWS; i++)
		pcie_probe_size(config, seed, (uint64_t)PCIE_PROBE_MIN_BYTES << i, &rows_out[i]);
}
