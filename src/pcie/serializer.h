/* One direction of a PCIe link: when does a TLP leave, when does it arrive, what did it wait for?
 *
 * A pure calculator: the caller says from when a transfer may go, the direction answers with exact times and remembers
 * what it sent. Transfers go in the order of the calls (links do not reorder what has been handed to them), each one's
 * TLPs back to back unless credits stall them.
 *
 * Rate. Generations 1-2: 2.5, 5 GT/s per lane, 8b/10b; 3-5: 8, 16, 32 GT/s, 128b/130b. The position of the last byte
 * is kept in 2^-64 ps, so a busy link does not drift: every reported time is the exact one rounded up to a whole ps,
 * for 2^36 bytes without one idle instant (gen 3 x8: 9 s; then within 1 ps) even where the byte time is no binary
 * fraction.
 *
 * DLLPs. As pcie-bench does: one ACK and one flow-control update of 8 B per L bytes on the wire, and 4 B SKIP per 1538.
 * L is the spec's ACK latency limit, (max_payload + 28) * factor / lanes + internal delay, the number that the spec
 * gives in symbol times. They answer the TLPs of the other direction; traffic is taken as symmetric, so each direction
 * is charged for its own. The share (gen 3 x8, 256 B: 8.1 %) stretches the byte time, it does not come in lumps.
 * pcie-bench takes the number as bytes whatever the width, which is more than the spec asks of wide links; it is what
 * fits measured bandwidth.
 *
 * Credits. A TLP takes one header credit and one data credit per 16 B of its kind, and waits until enough have come
 * back. The receiver frees them `credit_return` after the TLP's arrival and the update takes `latency` back.
 *
 * Bit errors. A TLP of n line bits is corrupt with chance n * p (for 1 - (1 - p)^n; too high by less than (np)^2 / 2),
 * at most 1; one draw per transmission from a stream of the direction's own. The receiver drops the corrupt TLP and all
 * that follow, and sends a NAK, known to the sender at end + 2 * latency + nak_latency. Then the TLP goes again from
 * the replay buffer and everything behind it follows. Nothing that was sent in between counts, so the direction is
 * simply lost from the end of the corrupt TLP to the NAK. (The rest of a TLP under way at the NAK is not charged.)
 * After four replays (the spec's REPLAY_NUM) the fifth transmission passes; the retraining that real links then do is
 * not modelled.
 */
#ifndef PCIE_SERIALIZER_H
#define PCIE_SERIALIZER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/rng.h"
#include "base/time.h"
#include "pcie/link_config.h"
#include "pcie/tlp.h"

#define PCIE_MAX_HEADER_CREDITS 127 /* what an 8-bit credit counter can tell apart */
#define PCIE_MAX_REPLAYS 4

typedef enum pcie_side {
	PCIE_UP,   /* device to root complex */
	PCIE_DOWN, /* root complex to device */
	PCIE_NUM_SIDES
} pcie_side;

/* What a transfer can wait for. */
typedef enum pcie_cause {
	PCIE_CAUSE_BUSY,       /* earlier transfers on the wire */
	PCIE_CAUSE_POSTED,     /* credits for writes and messages */
	PCIE_CAUSE_NONPOSTED,  /* credits for read requests */
	PCIE_CAUSE_COMPLETION, /* credits for read data */
	PCIE_CAUSE_REPLAY,     /* NAK round trips and repeated transmissions */
	PCIE_NUM_CAUSES
} pcie_cause;

const char *pcie_side_name(pcie_side side);    /* "up", "down" */
const char *pcie_cause_name(pcie_cause cause); /* "busy", "posted_credits", ... as in units.csv */

/* Time per byte on the wire: whole ps and the rest in 2^-64 ps. */
typedef struct pcie_byte_time {
	uint64_t whole_ps;
	uint64_t fraction;
} pcie_byte_time;

/* Times and waits of one transfer. end_ps - earliest = wait_ps + serialization_ps + credit_ps + replay_ps, exactly. */
typedef struct pcie_timing {
	ps_t start_ps;         /* the first TLP's first byte */
	ps_t end_ps;           /* the last TLP's last byte left */
	ps_t first_arrival_ps; /* the first TLP is complete at the receiver */
	ps_t arrival_ps;       /* the last TLP is complete at the receiver */
	ps_t wait_ps;          /* for earlier transfers */
	ps_t serialization_ps; /* on the wire, each TLP once */
	ps_t credit_ps;        /* without credits */
	ps_t replay_ps;        /* lost to bit errors */
	uint64_t num_tlps;
	uint64_t wire_bytes; /* each TLP once */
} pcie_timing;

typedef struct pcie_stats {
	uint64_t num_transfers;
	uint64_t num_tlps;              /* each TLP once */
	uint64_t num_replays;           /* repeated transmissions */
	uint64_t payload_bytes;         /* as asked for; read requests carry none */
	uint64_t wire_bytes;            /* each TLP once */
	ps_t busy_ps;                   /* on the wire, each TLP once */
	ps_t stall_ps[PCIE_NUM_CAUSES]; /* waits summed over transfers (BUSY: they overlap when several wait) */
} pcie_stats;

/* Buffer space of one kind at the receiver, seen by the sender. TLP number n uses slot n % 128. */
typedef struct pcie_credits {
	uint32_t num_headers, num_data;       /* 0 = infinite */
	uint64_t num_sent;                    /* TLPs so far */
	uint64_t data_sent;                   /* data credits so far, modulo 2^64 */
	uint64_t oldest;                      /* first TLP whose return a data credit may still wait for */
	uint64_t num_returned, data_returned; /* at least these had returned when a transfer last looked */
	ps_t return_ps[PCIE_MAX_HEADER_CREDITS + 1];
	uint64_t data_after[PCIE_MAX_HEADER_CREDITS + 1]; /* data_sent after that TLP */
} pcie_credits;

typedef enum pcie_class {
	PCIE_POSTED,
	PCIE_NONPOSTED,
	PCIE_COMPLETIONS,
	PCIE_NUM_CLASSES
} pcie_class;

/* One direction. Filled in by pcie_direction_init(); owns nothing, so it may be copied and needs no clean-up. */
typedef struct pcie_direction {
	pcie_geometry geometry;
	pcie_byte_time byte_time;
	ps_t busy_until_ps;  /* the last byte sent is out (rounded up) */
	uint64_t busy_early; /* how much earlier it really was, in 2^-64 ps */
	ps_t latency_ps;
	ps_t credit_round_trip_ps; /* end of a TLP to the return of its credits */
	ps_t nak_round_trip_ps;    /* end of a corrupt TLP to the NAK */
	uint64_t error_chance;     /* per line bit, in 2^-64; 0 = no bit errors */
	uint32_t line_bits_per_8_bytes;
	pcie_credits credits[PCIE_NUM_CLASSES];
	rng_stream errors;
	pcie_stats stats;
} pcie_direction;

/* Prepares one direction of a link with a valid configuration. Bit errors are drawn from the stream
 * ("pcie.up" or "pcie.down", link_index) of `seed`. */
void pcie_direction_init(pcie_direction *self, const pcie_link_config *config, pcie_side side, uint64_t seed,
			 uint64_t link_index);

/* Sends `bytes` at `addr` (cut as tlp.h says), not before `earliest_ps` >= 0. For PCIE_READ `bytes` is the amount asked
 * for, for PCIE_MESSAGE it must be 0. Returns the time at which the last TLP is complete at the receiver, and the
 * details in *out if it is not NULL. 0 bytes (but for a message) send nothing: all times are earliest_ps.
 * Calls need not have ascending earliest_ps; they are served in call order. */
ps_t pcie_direction_send(pcie_direction *self, ps_t earliest_ps, pcie_kind kind, uint64_t addr, uint64_t bytes,
			 pcie_timing *out);

/* When the first TLP of such a transfer would start; changes nothing. For arbiters that choose what to send. */
ps_t pcie_direction_ready(const pcie_direction *self, ps_t earliest_ps, pcie_kind kind, uint64_t addr, uint64_t bytes);

/* Time per byte of a valid configuration, with the share of DLLPs when dllp_share is set. */
pcie_byte_time pcie_byte_time_make(const pcie_link_config *config);

/* Bytes per second of the bare line (after 8b/10b or 128b/130b), rounded down. */
uint64_t pcie_raw_bytes_per_s(const pcie_link_config *config);

/* Bytes on the wire per ACK (and per flow-control update): see above. */
uint64_t pcie_dllp_interval_bytes(const pcie_link_config *config);

#endif
