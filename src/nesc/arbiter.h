/* Arbitration of a multiplexer: which function's next node is taken, and from when on a rate limit allows it.
 *
 * Stated in the thesis: round robin over the VFs. Ours: the other policies, and the rate limit.
 *
 * An arbiter has up to 64 functions in slots 0, 1, ... (the 64 VFs, or the PF). At each decision the caller gives a set
 * of candidates: the functions that have a node which may be taken now. The *turn* is at the function served last.
 *
 *   round_robin           the first candidate after the turn, in order of slots; at first slot 0 comes first
 *   weighted_round_robin  the turn stays for up to `weight` nodes in a row; it passes on when they are used up or when
 *                         there is a decision at which its function is no candidate
 *   strict_priority       the candidate of the lowest `priority`; round robin among equal ones, each priority with a
 *                         turn of its own
 *   deficit_round_robin   each time that the turn comes to a candidate its deficit grows by quantum_bytes * weight, and
 *                         it is served, for that many bytes, while its deficit covers its next node. A deficit is lost
 *                         at a decision at which its function is no candidate. A node costs at least a sector here, so
 *                         that flushes alone, which move no bytes, cannot keep the turn.
 *
 * The rate limit of a function is a token bucket under any policy: rate_bps tokens (bytes) come in per second, up to
 * burst_bytes; at time 0 it is full; a node may be taken from the time at which the bucket holds its bytes. All of it
 * is whole numbers without rounding, so neither bytes nor time drift. A flush needs no tokens.
 *
 * What this answers depends only on the calls made so far, never on what is about to arrive; so a merge point may treat
 * max(ready, arbiter_eligible_ps()) as its head's ready time. It then decides at an edge strictly after that, or later
 * still; what comes in meanwhile is lost if the bucket is full by then. So nodes of 4 KiB get slightly less than the
 * rate with a burst of 4 KiB, and exactly the rate with a burst that has room for what comes in while they wait their
 * turn.
 */
#ifndef NESC_ARBITER_H
#define NESC_ARBITER_H

#include <stdint.h>

#include "base/time.h"
#include "nesc/regs.h"

#define ARBITER_MAX_FUNCTIONS 64
#define ARBITER_MAX_WEIGHT 65536
#define ARBITER_NUM_PRIORITIES 64
#define ARBITER_MAX_QUANTUM_BYTES (UINT64_C(1) << 30)
#define ARBITER_MAX_RATE_BPS UINT64_C(1000000000000)
#define ARBITER_MIN_BURST_BYTES NESC_MAX_NODE_BYTES /* any node can be covered */
#define ARBITER_MAX_BURST_BYTES (UINT64_C(1) << 40)

/* X(symbol, name in the config, help) */
#define ARBITER_POLICY_LIST(X)                                                                             \
	X(ROUND_ROBIN, "round_robin", "one node of each function in turn")                                 \
	X(WEIGHTED_ROUND_ROBIN, "weighted_round_robin", "up to `weight` nodes of each function in turn")   \
	X(STRICT_PRIORITY, "strict_priority", "the lowest `priority` first, round robin among equal ones") \
	X(DEFICIT_ROUND_ROBIN, "deficit_round_robin", "quantum times `weight` bytes of each function in turn")

typedef enum arbiter_policy {
#define ARBITER_POLICY_ENUM(symbol, name, help) ARBITER_##symbol,
	ARBITER_POLICY_LIST(ARBITER_POLICY_ENUM)
#undef ARBITER_POLICY_ENUM
	ARBITER_NUM_POLICIES
} arbiter_policy;

typedef struct arbiter_function_params {
	uint32_t weight;      /* 1 ... ARBITER_MAX_WEIGHT; weighted and deficit round robin */
	uint32_t priority;    /* 0 (most important) ... ARBITER_NUM_PRIORITIES - 1; strict priority */
	uint64_t rate_bps;    /* bytes per second: 1 ... ARBITER_MAX_RATE_BPS, or 0 = no limit */
	uint64_t burst_bytes; /* ARBITER_MIN_BURST_BYTES ... ARBITER_MAX_BURST_BYTES; ignored without a limit */
} arbiter_function_params;

/* A bucket is kept as the time at which it will be full (or was) times its rate, in 10^-12 bytes. So it has nothing to
 * update as time passes, and no remainders. */
typedef struct arbiter_function {
	arbiter_function_params params;
	unsigned __int128 full_pbytes;
	uint64_t deficit_bytes;
} arbiter_function;

typedef struct arbiter {
	arbiter_policy policy;
	uint32_t num_functions;
	uint64_t quantum_bytes;
	uint32_t turn;         /* slot served last */
	uint32_t num_in_row;   /* nodes served since the turn came; weighted round robin */
	uint64_t with_deficit; /* slots whose deficit may not be 0 */
	uint64_t used_levels;  /* priorities that some function has or had */
	uint64_t level_slots[ARBITER_NUM_PRIORITIES];
	uint8_t level_turn[ARBITER_NUM_PRIORITIES];
	arbiter_function functions[ARBITER_MAX_FUNCTIONS];
} arbiter;

/* The first member after `last` (0 ... 63) of a set that is not empty, going round: round robin over anything that
 * there are up to 64 of, such as a function's rings. With last = 63 member 0 comes first. */
static inline uint32_t arbiter_after(uint64_t set, uint32_t last)
{
	const uint64_t later = set & ~((UINT64_C(2) << last) - 1);

	return (uint32_t)__builtin_ctzll(later != 0 ? later : set);
}

/* An arbiter without functions. quantum_bytes 1 ... ARBITER_MAX_QUANTUM_BYTES is for deficit round robin; any value
 * will do for the others. Owns nothing outside the struct (about 5 KB). */
void arbiter_init(arbiter *self, arbiter_policy policy, uint64_t quantum_bytes);

/* Adds a function with a full bucket; returns its slot: 0, 1, ... in order of the calls. There is room for
 * ARBITER_MAX_FUNCTIONS. */
uint32_t arbiter_add_function(arbiter *self, const arbiter_function_params *params);

/* New parameters from now_ps on, not before any time given for this function so far. The bucket keeps its tokens, as
 * far as the new burst holds them; one that was not limited begins with a full bucket. */
void arbiter_set_function(arbiter *self, uint32_t slot, const arbiter_function_params *params, ps_t now_ps);

/* Earliest time at which a node of `bytes` (0 ... 4096) of this function may be taken, given what was taken so far; it
 * may have passed, and is 0 without a limit. PS_MAX where it lies beyond the end of time. It changes only with
 * arbiter_taken() of this slot, which never makes it earlier, and with arbiter_set_function(); it never falls as
 * `bytes` grows. A function with several rings: if each head is asked about with its own bytes, the small nodes of one
 * ring may go on taking the tokens that a large node of another waits for; asked with NESC_MAX_NODE_BYTES for all, they
 * may not. */
ps_t arbiter_eligible_ps(const arbiter *self, uint32_t slot, uint32_t bytes);

/* Chooses among candidates (bit = slot; not empty). head_bytes[slot] (0 ... 4096) is the next node of each candidate:
 * read by deficit round robin only, NULL will do for the others. Nothing is charged: asked again with the same
 * candidates, it answers the same. Does not look at buckets: who may not be taken yet must not be a candidate. */
uint32_t arbiter_choose(arbiter *self, uint64_t candidates, const uint32_t *head_bytes);

/* The node of `bytes` of the slot that arbiter_choose() just returned is taken at now_ps, at or after its eligible time
 * and not before any time given for this function so far. */
void arbiter_taken(arbiter *self, uint32_t slot, uint32_t bytes, ps_t now_ps);

#endif
