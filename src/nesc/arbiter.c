#include "nesc/arbiter.h"

#include <string.h>

#include "base/assert.h"

typedef unsigned __int128 u128;

#define PBYTES_PER_BYTE ((u128)PS_PER_S) /* a rate in bytes per second times a time in ps is in 10^-12 bytes */
#define LAST_SLOT (ARBITER_MAX_FUNCTIONS - 1)

static uint64_t bit(uint32_t index)
{
	return UINT64_C(1) << index;
}

void arbiter_init(arbiter *self, arbiter_policy policy, uint64_t quantum_bytes)
{
	NESC_ASSERT((uint32_t)policy < ARBITER_NUM_POLICIES, "policy %u", (unsigned int)policy);
	NESC_ASSERT(policy != ARBITER_DEFICIT_ROUND_ROBIN ||
			    (quantum_bytes >= 1 && quantum_bytes <= ARBITER_MAX_QUANTUM_BYTES),
		    "quantum of %llu B", (unsigned long long)quantum_bytes);
	memset(self, 0, sizeof(*self));
	self->policy = policy;
	self->quantum_bytes = quantum_bytes;
	self->turn = LAST_SLOT;
	self->num_in_row = UINT32_MAX; /* the turn that nobody had is used up */
	memset(self->level_turn, LAST_SLOT, sizeof(self->level_turn));
}

/* ---- parameters ------------------------------------------------------------------------------------------------- */

static void set_params(arbiter *self, uint32_t slot, const arbiter_function_params *params)
{
	NESC_ASSERT(params->weight >= 1 && params->weight <= ARBITER_MAX_WEIGHT, "weight %u", params->weight);
	NESC_ASSERT(params->priority < ARBITER_NUM_PRIORITIES, "priority %u", params->priority);
	NESC_ASSERT(params->rate_bps <= ARBITER_MAX_RATE_BPS, "%llu B/s", (unsigned long long)params->rate_bps);
	NESC_ASSERT(params->rate_bps == 0 || (params->burst_bytes >= ARBITER_MIN_BURST_BYTES &&
					      params->burst_bytes <= ARBITER_MAX_BURST_BYTES),
		    "burst of %llu B", (unsigned long long)params->burst_bytes);
	self->functions[slot].params = *params;
	self->level_slots[params->priority] |= bit(slot);
	self->used_levels |= bit(params->priority);
}

uint32_t arbiter_add_function(arbiter *self, const arbiter_function_params *params)
{
	const uint32_t slot = self->num_functions;

	NESC_ASSERT(slot < ARBITER_MAX_FUNCTIONS, "%u functions already", slot);
	set_params(self, slot, params);
	self->num_functions++;
	return slot;
}

/* What the bucket of a limited function lacks at now_ps. */
static u128 missing_pbytes(const arbiter_function *function, ps_t now_ps)
{
	const u128 now_pbytes = (u128)(uint64_t)now_ps * function->params.rate_bps;

	return function->full_pbytes > now_pbytes ? function->full_pbytes - now_pbytes : 0;
}

void arbiter_set_function(arbiter *self, uint32_t slot, const arbiter_function_params *params, ps_t now_ps)
{
	arbiter_function *function = &self->functions[slot];
	arbiter_function_params old;
	u128 old_burst_pbytes, old_missing_pbytes;

	NESC_ASSERT(slot < self->num_functions && now_ps >= 0, "slot %u of %u", slot, self->num_functions);
	old = function->params;
	old_burst_pbytes = old.burst_bytes * PBYTES_PER_BYTE;
	old_missing_pbytes = old.rate_bps != 0 ? missing_pbytes(function, now_ps) : 0;
	NESC_ASSERT(old_missing_pbytes <= old_burst_pbytes, "slot %u goes back in time", slot);
	self->level_slots[old.priority] &= ~bit(slot);
	set_params(self, slot, params);
	function->full_pbytes = 0;
	if (params->rate_bps != 0) {
		const u128 burst_pbytes = params->burst_bytes * PBYTES_PER_BYTE;
		const u128 tokens_pbytes = old.rate_bps != 0 ? old_burst_pbytes - old_missing_pbytes : burst_pbytes;

		function->full_pbytes = (u128)(uint64_t)now_ps * params->rate_bps;
		if (tokens_pbytes < burst_pbytes)
			function->full_pbytes += burst_pbytes - tokens_pbytes;
	}
}

/* ---- the rate limit --------------------------------------------------------------------------------------------- */

ps_t arbiter_eligible_ps(const arbiter *self, uint32_t slot, uint32_t bytes)
{
	const arbiter_function *function = &self->functions[slot];
	const uint64_t rate_bps = function->params.rate_bps;
	u128 spare_pbytes, t_ps;

	NESC_ASSERT_DEBUG(slot < self->num_functions && bytes <= NESC_MAX_NODE_BYTES, "slot %u, %u B", slot, bytes);
	if (rate_bps == 0)
		return 0;
	spare_pbytes = (function->params.burst_bytes - bytes) * PBYTES_PER_BYTE;
	if (function->full_pbytes <= spare_pbytes)
		return 0;
	t_ps = (function->full_pbytes - spare_pbytes + rate_bps - 1) / rate_bps;
	return t_ps > PS_MAX ? PS_MAX : (ps_t)t_ps;
}

static void charge_bucket(arbiter_function *function, uint32_t bytes, ps_t now_ps)
{
	const u128 now_pbytes = (u128)(uint64_t)now_ps * function->params.rate_bps;
	const u128 spare_pbytes = (function->params.burst_bytes - bytes) * PBYTES_PER_BYTE;

	NESC_ASSERT_DEBUG(function->full_pbytes <= now_pbytes + spare_pbytes, "%u B are not covered", bytes);
	if (function->full_pbytes < now_pbytes)
		function->full_pbytes = now_pbytes;
	function->full_pbytes += bytes * PBYTES_PER_BYTE;
}

/* ---- the choice ------------------------------------------------------------------------------------------------- */

static uint32_t choose_weighted(const arbiter *self, uint64_t candidates)
{
	const uint32_t turn = self->turn;

	if ((candidates & bit(turn)) != 0 && self->num_in_row < self->functions[turn].params.weight)
		return turn;
	return arbiter_after(candidates, turn);
}

static uint32_t choose_by_priority(const arbiter *self, uint64_t candidates)
{
	for (uint64_t levels = self->used_levels;; levels &= levels - 1) {
		const uint32_t level = (uint32_t)__builtin_ctzll(levels);
		const uint64_t equals = candidates & self->level_slots[level];

		if (equals != 0)
			return arbiter_after(equals, self->level_turn[level]);
	}
}

static uint64_t deficit_cost_bytes(uint32_t bytes)
{
	return bytes < NESC_SECTOR_BYTES ? NESC_SECTOR_BYTES : bytes;
}

static uint64_t visit_bytes(const arbiter *self, uint32_t slot)
{
	return self->quantum_bytes * self->functions[slot].params.weight;
}

/* All rounds but the last before one of the candidates is covered, at once: a small quantum may need thousands. */
static void skip_rounds(arbiter *self, uint64_t candidates, const uint32_t *head_bytes)
{
	uint64_t num_rounds = UINT64_MAX;

	for (uint64_t rest = candidates; rest != 0; rest &= rest - 1) {
		const uint32_t slot = (uint32_t)__builtin_ctzll(rest);
		const uint64_t lacking_bytes =
			deficit_cost_bytes(head_bytes[slot]) - self->functions[slot].deficit_bytes;
		const uint64_t num_skipped = (lacking_bytes - 1) / visit_bytes(self, slot);

		if (num_skipped < num_rounds)
			num_rounds = num_skipped;
	}
	for (uint64_t rest = candidates; rest != 0 && num_rounds != 0; rest &= rest - 1) {
		const uint32_t slot = (uint32_t)__builtin_ctzll(rest);

		self->functions[slot].deficit_bytes += num_rounds * visit_bytes(self, slot);
	}
}

static uint32_t choose_by_deficit(arbiter *self, uint64_t candidates, const uint32_t *head_bytes)
{
	const int num_candidates = __builtin_popcountll(candidates);
	uint32_t slot = self->turn;

	for (uint64_t lost = self->with_deficit & ~candidates; lost != 0; lost &= lost - 1)
		self->functions[__builtin_ctzll(lost)].deficit_bytes = 0;
	self->with_deficit &= candidates;
	if ((candidates & bit(slot)) != 0 &&
	    self->functions[slot].deficit_bytes >= deficit_cost_bytes(head_bytes[slot]))
		return slot;
	for (;;) {
		for (int i = 0; i < num_candidates; i++) {
			slot = arbiter_after(candidates, slot);
			self->functions[slot].deficit_bytes += visit_bytes(self, slot);
			self->with_deficit |= bit(slot);
			if (self->functions[slot].deficit_bytes >= deficit_cost_bytes(head_bytes[slot])) {
				self->turn = slot;
				return slot;
			}
		}
		skip_rounds(self, candidates, head_bytes);
	}
}

uint32_t arbiter_choose(arbiter *self, uint64_t candidates, const uint32_t *head_bytes)
{
	NESC_ASSERT_DEBUG(candidates != 0 && arbiter_after(candidates, LAST_SLOT) < self->num_functions &&
				  LAST_SLOT - (uint32_t)__builtin_clzll(candidates) < self->num_functions,
			  "candidates %llx of %u", (unsigned long long)candidates, self->num_functions);
	switch (self->policy) {
	case ARBITER_WEIGHTED_ROUND_ROBIN:
		return choose_weighted(self, candidates);
	case ARBITER_STRICT_PRIORITY:
		return choose_by_priority(self, candidates);
	case ARBITER_DEFICIT_ROUND_ROBIN:
		return choose_by_deficit(self, candidates, head_bytes);
	default:
		return arbiter_after(candidates, self->turn);
	}
}

void arbiter_taken(arbiter *self, uint32_t slot, uint32_t bytes, ps_t now_ps)
{
	arbiter_function *function = &self->functions[slot];

	NESC_ASSERT_DEBUG(slot < self->num_functions && bytes <= NESC_MAX_NODE_BYTES && now_ps >= 0,
			  "slot %u, %u B, %lld ps", slot, bytes, (long long)now_ps);
	if (function->params.rate_bps != 0)
		charge_bucket(function, bytes, now_ps);
	switch (self->policy) {
	case ARBITER_WEIGHTED_ROUND_ROBIN:
		if (slot == self->turn && self->num_in_row < function->params.weight)
			self->num_in_row++;
		else
			self->num_in_row = 1;
		break;
	case ARBITER_STRICT_PRIORITY:
		self->level_turn[function->params.priority] = (uint8_t)slot;
		break;
	case ARBITER_DEFICIT_ROUND_ROBIN:
		NESC_ASSERT_DEBUG(slot == self->turn && function->deficit_bytes >= deficit_cost_bytes(bytes),
				  "slot %u was not chosen for %u B", slot, bytes);
		function->deficit_bytes -= deficit_cost_bytes(bytes);
		break;
	default:
		break;
	}
	self->turn = slot;
}
