#include "pcie/serializer.h"

#include <inttypes.h>
#include <string.h>

#include "base/assert.h"

#define SLOT(number) ((number)&PCIE_MAX_HEADER_CREDITS)

typedef unsigned __int128 u128;

static const pcie_class class_of[PCIE_NUM_KINDS] = {
	[PCIE_WRITE] = PCIE_POSTED,
	[PCIE_READ] = PCIE_NONPOSTED,
	[PCIE_COMPLETION] = PCIE_COMPLETIONS,
	[PCIE_MESSAGE] = PCIE_POSTED,
};

static const pcie_cause credit_cause[PCIE_NUM_CLASSES] = {
	[PCIE_POSTED] = PCIE_CAUSE_POSTED,
	[PCIE_NONPOSTED] = PCIE_CAUSE_NONPOSTED,
	[PCIE_COMPLETIONS] = PCIE_CAUSE_COMPLETION,
};

const char *pcie_side_name(pcie_side side)
{
	return side == PCIE_UP ? "up" : "down";
}

const char *pcie_cause_name(pcie_cause cause)
{
	static const char *const names[PCIE_NUM_CAUSES] = {
		[PCIE_CAUSE_BUSY] = "busy",
		[PCIE_CAUSE_POSTED] = "posted_credits",
		[PCIE_CAUSE_NONPOSTED] = "nonposted_credits",
		[PCIE_CAUSE_COMPLETION] = "completion_credits",
		[PCIE_CAUSE_REPLAY] = "replay",
	};

	return names[cause];
}

/* ---- the rate ---- */

uint64_t pcie_raw_bytes_per_s(const pcie_link_config *config)
{
	uint64_t lanes = (uint64_t)config->lanes;

	if (config->generation <= 2)
		return (UINT64_C(250000000) << (config->generation - 1)) * lanes;
	return (UINT64_C(1000000000) << (config->generation - 3)) * lanes * 64 / 65;
}

uint64_t pcie_dllp_interval_bytes(const pcie_link_config *config)
{
	static const uint64_t internal_delay[] = { 19, 70, 115, 115, 115 };
	uint64_t tenths; /* of the spec's factor: fewer ACKs per TLP while TLPs are short for the link */

	if (config->max_payload <= 256)
		tenths = config->lanes == 16 ? 30 : config->lanes == 8 ? 25 : 14;
	else
		tenths = config->lanes == 16 ? 20 : 10;
	return ((uint64_t)config->max_payload + 28) * tenths / (10 * (uint64_t)config->lanes) +
	       internal_delay[config->generation - 1];
}

pcie_byte_time pcie_byte_time_make(const pcie_link_config *config)
{
	const uint64_t skip_interval = 1538, skip_bytes = 4;
	uint64_t numerator, denominator;
	pcie_byte_time time;

	if (config->generation <= 2) { /* 10 bits at 2.5 GT/s are 4,000 ps */
		numerator = UINT64_C(4000) >> (config->generation - 1);
		denominator = (uint64_t)config->lanes;
	} else { /* 8 * 130 / 128 bits at 8 GT/s are 8,125 / 8 ps */
		numerator = 8125;
		denominator = (UINT64_C(8) << (config->generation - 3)) * (uint64_t)config->lanes;
	}
	if (config->dllp_share) {
		uint64_t interval = pcie_dllp_interval_bytes(config);
		uint64_t both = interval * skip_interval;

		numerator *= both;
		denominator *= both - 2 * PCIE_DLLP_BYTES * skip_interval - skip_bytes * interval;
	}
	time.whole_ps = numerator / denominator;
	time.fraction = (uint64_t)(((u128)(numerator % denominator) << 64) / denominator);
	return time;
}

/* ---- credits ---- */

/* When a TLP with `num_data` data credits may go; *oldest_out is what `oldest` becomes when it does. */
static ps_t credits_ready(const pcie_credits *credits, uint32_t num_data, uint64_t *oldest_out)
{
	uint64_t oldest = credits->oldest;
	ps_t ready_ps = 0;

	if (credits->num_headers != 0 && credits->num_sent >= credits->num_headers) {
		uint64_t freed = credits->num_sent - credits->num_headers;

		ready_ps = credits->return_ps[SLOT(freed)];
		/* Returns are in order: older ones cannot hold the TLP up any more, and their slots are taken. */
		if (oldest < freed)
			oldest = freed;
	}
	if (credits->num_data != 0 && credits->data_sent + num_data > credits->num_data) {
		uint64_t needed = credits->data_sent + num_data - credits->num_data;

		while (credits->data_after[SLOT(oldest)] < needed)
			oldest++;
		ready_ps = credits->return_ps[SLOT(oldest)]; /* not before the header's: returns are in order */
	}
	*oldest_out = oldest;
	return ready_ps;
}

static void credits_take(pcie_credits *credits, uint32_t num_data, uint64_t oldest, ps_t return_ps)
{
	uint64_t slot = SLOT(credits->num_sent);

	credits->oldest = oldest;
	credits->data_sent += num_data;
	credits->data_after[slot] = credits->data_sent;
	credits->return_ps[slot] = return_ps;
	credits->num_sent++;
}

static bool has_credits(const pcie_credits *credits, uint64_t num_tlps, uint64_t num_data)
{
	return (credits->num_headers == 0 ||
		credits->num_sent + num_tlps - credits->num_returned <= credits->num_headers) &&
	       (credits->num_data == 0 || credits->data_sent + num_data - credits->data_returned <= credits->num_data);
}

/* May these TLPs go one after the other from t_ps on, without waiting for a credit? A no may be wrong, a yes is not. */
static bool has_credits_at(pcie_credits *credits, uint64_t num_tlps, uint64_t num_data, ps_t t_ps)
{
	uint64_t number = credits->num_sent;

	if (has_credits(credits, num_tlps, num_data))
		return true;
	/* Few are on their way back: from the newest. */
	while (number != credits->num_returned && credits->return_ps[SLOT(number - 1)] > t_ps)
		number--;
	if (number != credits->num_returned) {
		credits->num_returned = number;
		credits->data_returned = credits->data_after[SLOT(number - 1)];
	}
	return has_credits(credits, num_tlps, num_data);
}

/* ---- sending ---- */

/* The TLPs of one transfer, one after the other. */
typedef struct pieces {
	uint64_t addr, left; /* double-word address and bytes to go */
	uint64_t asked;      /* completions: what is left of the current read request */
} pieces;

static pieces pieces_start(uint64_t addr, uint64_t bytes)
{
	return (pieces){ .addr = addr & ~(uint64_t)(PCIE_DW_BYTES - 1), .left = pcie_dw_bytes(addr, bytes) };
}

/* Cuts off the next TLP, of which at least one must be left; returns the data bytes that it carries or asks for. */
static uint64_t pieces_next(pieces *self, const pcie_geometry *geometry, pcie_kind kind)
{
	uint64_t bytes;

	if (kind == PCIE_COMPLETION) {
		if (self->asked == 0)
			self->asked = pcie_next_request(geometry->request_shift, self->addr, self->left);
		bytes = pcie_next_completion(geometry, self->addr, self->asked);
		self->asked -= bytes;
	} else {
		bytes = pcie_next_request(kind == PCIE_READ ? geometry->request_shift : geometry->payload_shift,
					  self->addr, self->left);
	}
	self->addr += bytes;
	self->left -= bytes;
	return bytes;
}

static uint32_t data_credits(pcie_kind kind, uint64_t bytes)
{
	if (kind == PCIE_READ)
		return 0;
	return (uint32_t)((bytes + (1u << PCIE_DATA_CREDIT_SHIFT) - 1) >> PCIE_DATA_CREDIT_SHIFT);
}

/* The line idles until t_ps. A byte that is due in the very picosecond in which the line falls free follows at once,
 * so that callers who wait for busy_until_ps do not lose the fraction each time. */
static void idle_until(pcie_direction *self, ps_t t_ps)
{
	if (t_ps > self->busy_until_ps) {
		self->busy_until_ps = t_ps;
		self->busy_early = 0;
	}
}

/* Puts bytes > 0 on the line; returns the time that it took between whole picoseconds. */
static ps_t serialize(pcie_direction *self, uint64_t bytes)
{
	u128 advance = ((u128)(bytes * self->byte_time.whole_ps) << 64) + (u128)bytes * self->byte_time.fraction -
		       self->busy_early;
	uint64_t whole_ps = (uint64_t)((advance + UINT64_MAX) >> 64);

	self->busy_until_ps += (ps_t)whole_ps;
	self->busy_early = (uint64_t)(((u128)whole_ps << 64) - advance);
	return (ps_t)whole_ps;
}

static bool is_corrupt(pcie_direction *self, uint64_t bytes)
{
	uint64_t bits = (bytes * self->line_bits_per_8_bytes + 7) >> 3;
	u128 chance = (u128)bits * self->error_chance;

	return rng_bits(&self->errors) < (chance > UINT64_MAX ? UINT64_MAX : (uint64_t)chance);
}

/* Repeats the TLP just sent until it passes; returns the time lost. */
static ps_t replay(pcie_direction *self, uint64_t wire_bytes)
{
	ps_t lost_ps = 0;

	for (int i = 0; i < PCIE_MAX_REPLAYS && is_corrupt(self, wire_bytes); i++) {
		self->busy_until_ps += self->nak_round_trip_ps;
		lost_ps += self->nak_round_trip_ps + serialize(self, wire_bytes);
		self->stats.num_replays++;
	}
	return lost_ps;
}

static void send_tlp(pcie_direction *self, pcie_class class, uint64_t wire_bytes, uint32_t num_data,
		     pcie_timing *timing)
{
	pcie_credits *credits = &self->credits[class];
	uint64_t oldest;
	ps_t ready_ps = credits_ready(credits, num_data, &oldest);

	if (ready_ps > self->busy_until_ps) {
		timing->credit_ps += ready_ps - self->busy_until_ps;
		idle_until(self, ready_ps);
	}
	if (timing->num_tlps++ == 0)
		timing->start_ps = self->busy_until_ps;
	timing->wire_bytes += wire_bytes;
	timing->serialization_ps += serialize(self, wire_bytes);
	if (self->error_chance != 0)
		timing->replay_ps += replay(self, wire_bytes);
	credits_take(credits, num_data, oldest, self->busy_until_ps + self->credit_round_trip_ps);
	if (timing->num_tlps == 1)
		timing->first_arrival_ps = self->busy_until_ps + self->latency_ps;
}

static void count(pcie_direction *self, pcie_kind kind, uint64_t bytes, const pcie_timing *timing)
{
	pcie_stats *stats = &self->stats;

	stats->num_transfers++;
	stats->num_tlps += timing->num_tlps;
	stats->wire_bytes += timing->wire_bytes;
	stats->busy_ps += timing->serialization_ps;
	if (kind != PCIE_READ)
		stats->payload_bytes += bytes;
	stats->stall_ps[PCIE_CAUSE_BUSY] += timing->wait_ps;
	stats->stall_ps[credit_cause[class_of[kind]]] += timing->credit_ps;
	stats->stall_ps[PCIE_CAUSE_REPLAY] += timing->replay_ps;
}

/* What most transfers are, for less: a write or a read within a page, with all credits at hand and no bit errors. All its
 * TLPs but the last have one size. False where it is something else: then nothing is sent. */
static bool send_within_page(pcie_direction *self, ps_t earliest_ps, pcie_kind kind, const pieces *what, uint64_t bytes)
{
	const bool carries = kind == PCIE_WRITE;
	const uint32_t shift = carries ? self->geometry.payload_shift : self->geometry.request_shift;
	const uint64_t full = UINT64_C(1) << shift, num_full = what->left >> shift, rest = what->left & (full - 1);
	const uint64_t overhead = pcie_overhead_bytes(kind, what->addr), num_tlps = num_full + (rest != 0);
	const uint32_t full_data = data_credits(kind, full), rest_data = data_credits(kind, rest);
	pcie_credits *credits = &self->credits[class_of[kind]];
	const ps_t wait_ps = ps_max(self->busy_until_ps - earliest_ps, 0);
	uint64_t number = credits->num_sent, data_sent = credits->data_sent, fraction, early;
	ps_t begin_ps, busy_ps, whole_ps;
	u128 each;

	if (self->error_chance != 0 || (what->addr & (PCIE_PAGE_BYTES - 1)) + what->left > PCIE_PAGE_BYTES ||
	    (credits->num_headers == 0 && credits->num_data != 0) || /* `oldest` would have to keep up */
	    !has_credits_at(credits, num_tlps, num_full * full_data + rest_data,
			    ps_max(self->busy_until_ps, earliest_ps)))
		return false;
	idle_until(self, earliest_ps);
	begin_ps = busy_ps = self->busy_until_ps;
	early = self->busy_early;
	/* serialize(), with the product worked out once. */
	each = ((u128)((overhead + (carries ? full : 0)) * self->byte_time.whole_ps) << 64) +
	       (u128)(overhead + (carries ? full : 0)) * self->byte_time.fraction;
	whole_ps = (ps_t)(each >> 64);
	fraction = (uint64_t)each;
	for (const uint64_t end = number + num_full; number != end; number++) {
		busy_ps += whole_ps + (fraction > early);
		early -= fraction;
		data_sent += full_data;
		credits->data_after[SLOT(number)] = data_sent;
		credits->return_ps[SLOT(number)] = busy_ps + self->credit_round_trip_ps;
	}
	self->busy_until_ps = busy_ps;
	self->busy_early = early;
	credits->num_sent = number;
	credits->data_sent = data_sent;
	if (rest != 0) {
		serialize(self, overhead + (carries ? rest : 0));
		credits_take(credits, rest_data, credits->oldest, self->busy_until_ps + self->credit_round_trip_ps);
	}
	self->stats.num_transfers++;
	self->stats.num_tlps += num_tlps;
	self->stats.wire_bytes += num_tlps * overhead + (carries ? what->left : 0);
	self->stats.busy_ps += self->busy_until_ps - begin_ps;
	self->stats.payload_bytes += carries ? bytes : 0;
	self->stats.stall_ps[PCIE_CAUSE_BUSY] += wait_ps;
	return true;
}

ps_t pcie_direction_send(pcie_direction *self, ps_t earliest_ps, pcie_kind kind, uint64_t addr, uint64_t bytes,
			 pcie_timing *out)
{
	pcie_class class = class_of[kind];
	pieces left = pieces_start(addr, bytes);
	pcie_timing timing;

	NESC_ASSERT(earliest_ps >= 0, "a transfer at %" PRId64 " ps", earliest_ps);
	NESC_ASSERT(kind != PCIE_MESSAGE || bytes == 0, "a message with %" PRIu64 " B", bytes);
	if (out == NULL && left.left > 0 && (kind == PCIE_WRITE || kind == PCIE_READ) &&
	    send_within_page(self, earliest_ps, kind, &left, bytes))
		return self->busy_until_ps + self->latency_ps;
	timing = (pcie_timing){ .start_ps = earliest_ps,
				.end_ps = earliest_ps,
				.first_arrival_ps = earliest_ps,
				.arrival_ps = earliest_ps };
	if (kind == PCIE_MESSAGE || left.left > 0) {
		timing.wait_ps = ps_max(self->busy_until_ps - earliest_ps, 0);
		idle_until(self, earliest_ps);
		if (kind == PCIE_MESSAGE)
			send_tlp(self, class, pcie_overhead_bytes(kind, addr), 0, &timing);
		while (left.left > 0) {
			uint64_t wire_bytes = pcie_overhead_bytes(kind, left.addr);
			uint64_t data = pieces_next(&left, &self->geometry, kind);

			if (kind != PCIE_READ)
				wire_bytes += data;
			send_tlp(self, class, wire_bytes, data_credits(kind, data), &timing);
		}
		timing.end_ps = self->busy_until_ps;
		timing.arrival_ps = timing.end_ps + self->latency_ps;
		count(self, kind, bytes, &timing);
	}
	if (out != NULL)
		*out = timing;
	return timing.arrival_ps;
}

ps_t pcie_direction_ready(const pcie_direction *self, ps_t earliest_ps, pcie_kind kind, uint64_t addr, uint64_t bytes)
{
	pieces left = pieces_start(addr, bytes);
	uint32_t num_data = 0;
	uint64_t oldest;

	if (kind != PCIE_MESSAGE) {
		if (left.left == 0)
			return earliest_ps;
		num_data = data_credits(kind, pieces_next(&left, &self->geometry, kind));
	}
	return ps_max(ps_max(earliest_ps, self->busy_until_ps),
		      credits_ready(&self->credits[class_of[kind]], num_data, &oldest));
}

void pcie_direction_init(pcie_direction *self, const pcie_link_config *config, pcie_side side, uint64_t seed,
			 uint64_t link_index)
{
	const pcie_credit_config *limits = side == PCIE_UP ? &config->credits.up : &config->credits.down;

	memset(self, 0, sizeof(*self));
	self->geometry = pcie_geometry_make(config);
	self->byte_time = pcie_byte_time_make(config);
	self->latency_ps = config->latency;
	self->credit_round_trip_ps = 2 * config->latency + config->credit_return;
	self->nak_round_trip_ps = 2 * config->latency + config->nak_latency;
	self->error_chance = (uint64_t)(((u128)(uint64_t)config->bit_error_rate << 64) / UINT64_C(1000000000000000000));
	self->line_bits_per_8_bytes = config->generation <= 2 ? 80 : 65;
	self->credits[PCIE_POSTED].num_headers = (uint32_t)limits->posted_headers;
	self->credits[PCIE_POSTED].num_data = (uint32_t)limits->posted_data;
	self->credits[PCIE_NONPOSTED].num_headers = (uint32_t)limits->nonposted_headers;
	self->credits[PCIE_COMPLETIONS].num_headers = (uint32_t)limits->completion_headers;
	self->credits[PCIE_COMPLETIONS].num_data = (uint32_t)limits->completion_data;
	self->errors = rng_open(seed, side == PCIE_UP ? "pcie.up" : "pcie.down", link_index);
}
