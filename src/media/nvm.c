/* Byte-addressable non-volatile memory behind a controller, as in Intel's Optane SSD P4800X.
 *
 * The medium is made of lines of `unit_bytes`, spread over `units` that work independently. Opening a line takes, in
 * order of arrival, one turn of the whole device's port (a line's bytes at the bandwidth of that direction), then the
 * line's unit for `occupancy`, and ends a latency and a random addition after the unit took it.
 *
 * A request's blocks arrive one by one. As long as a line is open, accesses of the same kind to parts of it that this
 * opening has not served yet go beside the first: from their own arrival on they take as long as it does, with the same
 * draw. So a 4 KiB read takes the time of one access, and one turn of the port. An access to a part that has been
 * served opens the line again, behind the first on the same unit. A small access costs as much as a line.
 *
 * Writes go in place: nothing is read before, nothing is erased.
 */
#include <stddef.h>

#include "base/rng.h"
#include "media/medium.h"

#define NVM_MAX_UNITS 256
#define NVM_SECTOR_BYTES 512 /* a line has at most 64: one bit each */
#define NVM_OPEN_LINES 4     /* per unit, the last ones: requests of several rings may mix their blocks */

typedef struct nvm_params {
	int64_t capacity_bytes;
	int64_t unit_bytes;
	int64_t num_units;
	ps_t read_latency_ps, write_latency_ps;
	ps_t occupancy_ps;
	int64_t read_bps, write_bps; /* bytes per second */
	ps_t jitter_ps;
	ps_t tail_ps;
	int64_t tail_one_in;
	int64_t buffer_bytes;
} nvm_params;

/* An opening of a line; all zero: over before anything arrives. */
typedef struct nvm_line {
	uint64_t line;
	uint64_t served_sectors; /* a bit each */
	ps_t start_ps;
	ps_t service_ps; /* of each access */
	bool is_write;
} nvm_line;

typedef struct nvm_bank {
	ps_t free_ps;
	uint32_t next_line; /* the oldest */
	nvm_line lines[NVM_OPEN_LINES];
} nvm_bank;

typedef struct nvm_state {
	rng_stream rng;
	ps_t port_free_ps;
	ps_t port_turn_ps[2]; /* of one line: read, write */
	bool counts_port;
	nvm_bank banks[NVM_MAX_UNITS];
} nvm_state;

static const cfg_key nvm_keys[] = {
	{ .name = "capacity",
	  .type = CFG_BYTES,
	  .offset_in_struct = offsetof(nvm_params, capacity_bytes),
	  .default_text = "366292584 KiB",
	  .min_text = "1 MiB",
	  .max_text = "1024 TiB",
	  .help = "Size of the medium.",
	  .source = "P4800X spec: 375 GB, as the industry counts sectors for it (732,585,168)" },
	{ .name = "unit_bytes",
	  .type = CFG_BYTES,
	  .offset_in_struct = offsetof(nvm_params, unit_bytes),
	  .default_text = "4 KiB",
	  .min_text = "512 B",
	  .max_text = "32 KiB",
	  .power_of_two = true,
	  .help = "A line: what one unit opens at once, and what even a smaller access costs; writes go in place.",
	  .source = "unwritten contract: accesses in the same 4 KB contend, smaller ones waste bandwidth; in place: "
		    "Intel "
		    "on 3D XPoint" },
	{ .name = "units",
	  .type = CFG_COUNT,
	  .offset_in_struct = offsetof(nvm_params, num_units),
	  .default_text = "7",
	  .min_text = "1",
	  .max_text = "256",
	  .help = "Units that open lines independently; neighbouring lines lie on neighbouring units.",
	  .source = "assumption: one line per channel of the P4800X, which has 7 (AnandTech, ComputerBase)" },
	{ .name = "read_latency",
	  .type = CFG_DURATION,
	  .offset_in_struct = offsetof(nvm_params, read_latency_ps),
	  .default_text = "5.4 us",
	  .min_text = "0",
	  .max_text = "1 s",
	  .help = "From a unit's start on a line to its data, without the random additions.",
	  .source =
		  "fitted to: P4800X with SPDK, one 4 KiB read in 8.9 us on average, less 1.5 us of software and link "
		  "(assumed), a turn of the port (1.7) and jitter (0.3)" },
	{ .name = "write_latency",
	  .type = CFG_DURATION,
	  .offset_in_struct = offsetof(nvm_params, write_latency_ps),
	  .default_text = "5.4 us",
	  .min_text = "0",
	  .max_text = "1 s",
	  .help = "From a unit's start on a line until a write is stored, without the random additions.",
	  .source = "assumption: as the read latency, which keeps a 4 KiB write below the spec's 10 us" },
	{ .name = "occupancy",
	  .type = CFG_DURATION,
	  .offset_in_struct = offsetof(nvm_params, occupancy_ps),
	  .default_text = "5.4 us",
	  .min_text = "0",
	  .max_text = "1 s",
	  .help = "For how long a line keeps its unit from others.",
	  .source = "assumption: as the latencies, a unit does one thing at a time" },
	{ .name = "read_bandwidth",
	  .type = CFG_RATE,
	  .offset_in_struct = offsetof(nvm_params, read_bps),
	  .default_text = "2400 MB/s",
	  .min_text = "1 kB/s",
	  .max_text = "1000 GB/s",
	  .help = "Rate at which the port passes lines that are read, one at a time with those that are written.",
	  .source = "P4800X spec: sequential reads (so 586 K lines/s; measured with SPDK: 584.8 K)" },
	{ .name = "write_bandwidth",
	  .type = CFG_RATE,
	  .offset_in_struct = offsetof(nvm_params, write_bps),
	  .default_text = "2000 MB/s",
	  .min_text = "1 kB/s",
	  .max_text = "1000 GB/s",
	  .help = "Rate at which the port passes lines that are written.",
	  .source = "P4800X spec: sequential writes (so 488 K lines/s; spec: 500 K)" },
	{ .name = "jitter",
	  .type = CFG_DURATION,
	  .offset_in_struct = offsetof(nvm_params, jitter_ps),
	  .default_text = "300 ns",
	  .min_text = "0",
	  .max_text = "1 s",
	  .help = "Mean of an exponential addition to every opening's latency.",
	  .source = "fitted to: P4800X with SPDK, p99 of one 4 KiB read 1.1 us above the mean (3.6 times this)" },
	{ .name = "tail",
	  .type = CFG_DURATION,
	  .offset_in_struct = offsetof(nvm_params, tail_ps),
	  .default_text = "12 us",
	  .min_text = "0",
	  .max_text = "1 s",
	  .help = "Mean of a further exponential addition that few openings have; 0: none.",
	  .source = "fitted to: P4800X with SPDK, p99.999 of one 4 KiB read 37 us, given tail_one_in" },
	{ .name = "tail_one_in",
	  .type = CFG_COUNT,
	  .offset_in_struct = offsetof(nvm_params, tail_one_in),
	  .default_text = "10000",
	  .min_text = "1",
	  .max_text = "1000000000",
	  .help = "One opening in so many, at random, has the tail's addition.",
	  .source = "assumption: rare enough to leave p99 and the mean alone" },
	{ .name = "buffer",
	  .type = CFG_BYTES,
	  .offset_in_struct = offsetof(nvm_params, buffer_bytes),
	  .default_text = "256 KiB",
	  .min_text = "1 KiB",
	  .max_text = "4 MiB",
	  .help = "Room for the data of accesses under way, 1 KiB each; further ones wait in front of the medium.",
	  .source = "choice: 64 requests of 4 KiB" },
};

const cfg_section medium_nvm_section = {
	.name = "media (nvm)",
	.keys = nvm_keys,
	.num_keys = sizeof(nvm_keys) / sizeof(nvm_keys[0]),
	.struct_bytes = sizeof(nvm_params),
};

const char medium_nvm_help[] = "Non-volatile memory written in place, in parallel units (Intel Optane SSD P4800X).";

/* What one line keeps the port for, rounded up to a whole ps. */
static ps_t nvm_port_turn_ps(const nvm_params *given, bool is_write)
{
	const uint64_t rate_bps = (uint64_t)(is_write ? given->write_bps : given->read_bps);

	return (ps_t)(((unsigned __int128)(uint64_t)given->unit_bytes * PS_PER_S + rate_bps - 1) / rate_bps);
}

/* The utilisation is that of whatever limits when lines spread evenly over the units: the port or the units. */
static bool nvm_port_limits(const nvm_params *given)
{
	const ps_t turn_ps = ps_min(nvm_port_turn_ps(given, false), nvm_port_turn_ps(given, true));

	return turn_ps >= (given->occupancy_ps + given->num_units - 1) / given->num_units;
}

static void nvm_init(void *state, const void *params, uint64_t seed)
{
	nvm_state *self = state;
	const nvm_params *given = params;

	self->rng = rng_open(seed, "media.nvm", 0);
	self->port_turn_ps[false] = nvm_port_turn_ps(given, false);
	self->port_turn_ps[true] = nvm_port_turn_ps(given, true);
	self->counts_port = nvm_port_limits(given);
}

static uint64_t nvm_capacity_bytes(const void *params)
{
	return (uint64_t)((const nvm_params *)params)->capacity_bytes;
}

static bool nvm_in_order(const void *params)
{
	(void)params;
	return false; /* another unit may be free sooner */
}

static uint32_t nvm_num_servers(const void *params)
{
	const nvm_params *given = params;

	return nvm_port_limits(given) ? 1 : (uint32_t)given->num_units;
}

static uint32_t nvm_max_pending(const void *params)
{
	return (uint32_t)(((const nvm_params *)params)->buffer_bytes / 1024);
}

/* Random additions to the latency of one opening. */
static ps_t nvm_draw_ps(nvm_state *self, const nvm_params *given)
{
	ps_t draw_ps = rng_exponential_ps(&self->rng, given->jitter_ps);

	if (given->tail_ps != 0 && rng_chance(&self->rng, 1, (uint64_t)given->tail_one_in))
		draw_ps += rng_exponential_ps(&self->rng, given->tail_ps);
	return draw_ps;
}

/* Opens a line for an access that arrives at arrival_ps. */
static nvm_line *nvm_open(nvm_state *self, const nvm_params *given, nvm_bank *bank, bool is_write, ps_t arrival_ps)
{
	const ps_t turn_ps = self->port_turn_ps[is_write];
	nvm_line *open = &bank->lines[bank->next_line];
	ps_t unit_start_ps;

	bank->next_line = (bank->next_line + 1) % NVM_OPEN_LINES;
	self->port_free_ps = ps_max(arrival_ps, self->port_free_ps) + turn_ps;
	unit_start_ps = ps_max(self->port_free_ps, bank->free_ps);
	bank->free_ps = unit_start_ps + given->occupancy_ps;
	*open = (nvm_line){
		.start_ps = unit_start_ps - turn_ps, /* whatever it waits for counts as waiting before the turn */
		.service_ps = turn_ps + (is_write ? given->write_latency_ps : given->read_latency_ps) +
			      nvm_draw_ps(self, given),
		.is_write = is_write,
	};
	return open;
}

/* The part of an access that lies in one line. */
static medium_times nvm_serve_line(nvm_state *self, const nvm_params *given, uint64_t line, uint64_t sectors,
				   bool is_write, ps_t arrival_ps)
{
	nvm_bank *bank = &self->banks[line % (uint64_t)given->num_units];
	nvm_line *open = NULL;
	medium_times times = { 0 };

	/* The newest first: what belongs together stays together. */
	for (uint32_t age = 1; age <= NVM_OPEN_LINES && open == NULL; age++) {
		nvm_line *candidate = &bank->lines[(bank->next_line + NVM_OPEN_LINES - age) % NVM_OPEN_LINES];

		if (candidate->line == line && candidate->is_write == is_write &&
		    (candidate->served_sectors & sectors) == 0 &&
		    arrival_ps < candidate->start_ps + candidate->service_ps)
			open = candidate;
	}
	if (open == NULL) {
		open = nvm_open(self, given, bank, is_write, arrival_ps);
		open->line = line;
		times.busy_ps = self->counts_port ? self->port_turn_ps[is_write] : given->occupancy_ps;
	}
	open->served_sectors |= sectors;
	times.start_ps = ps_max(arrival_ps, open->start_ps);
	times.done_ps = times.start_ps + open->service_ps;
	return times;
}

/* An access of several lines starts with its first and ends with its last. */
static medium_times nvm_serve(void *state, const void *params, const medium_access *access, ps_t arrival_ps)
{
	const nvm_params *given = params;
	const uint64_t unit_bytes = (uint64_t)given->unit_bytes;
	const uint64_t end_byte = access->first_byte + access->num_bytes;
	medium_times all = { .start_ps = PS_MAX };

	for (uint64_t at_byte = access->first_byte; at_byte < end_byte;) {
		const uint64_t line = at_byte / unit_bytes, line_byte = line * unit_bytes;
		const uint64_t stop_byte = end_byte < line_byte + unit_bytes ? end_byte : line_byte + unit_bytes;
		const uint64_t first_sector = (at_byte - line_byte) / NVM_SECTOR_BYTES;
		const uint64_t last_sector = (stop_byte - 1 - line_byte) / NVM_SECTOR_BYTES;
		const uint64_t sectors = UINT64_MAX >> (63 - last_sector + first_sector) << first_sector;
		const medium_times times = nvm_serve_line(state, given, line, sectors, access->is_write, arrival_ps);

		all.start_ps = ps_min(all.start_ps, times.start_ps);
		all.done_ps = ps_max(all.done_ps, times.done_ps);
		all.busy_ps += times.busy_ps;
		at_byte = stop_byte;
	}
	return all;
}

const medium_ops medium_nvm = {
	.name = "nvm",
	.help = medium_nvm_help,
	.section = &medium_nvm_section,
	.state_bytes = sizeof(nvm_state),
	.init = nvm_init,
	.capacity_bytes = nvm_capacity_bytes,
	.in_order = nvm_in_order,
	.num_servers = nvm_num_servers,
	.max_pending = nvm_max_pending,
	.serve = nvm_serve,
};
