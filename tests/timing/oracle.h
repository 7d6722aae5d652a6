/* The life of one request alone on an idle default machine, step by step from the numbers of the config and the TLP
 * arithmetic: written from the description of the hardware, independently of the simulator, without queues or actors.
 *
 * Device clock 250 MHz: a cycle is 4,000 ps. Link: gen 2 x8: 250 ps per byte; 120 ns one way; 305 ns from a read
 * request's arrival to its data. With DLLPs, per 158 * 1538 = 243,004 bytes on the wire 16 * 1538 are ACKs and updates
 * (8 B each per 158 B) and 4 * 158 SKIPs, so that 217,764 are left; a transfer's time is rounded up to a whole ps.
 * Host memory lies above 4 GiB: 4-DW headers, 24 B per TLP; completions and writes below 4 GiB (BAR, MSI) 20 B. A unit
 * that merges inputs decides at the first edge strictly after an item is ready; one with a single input at the first
 * edge at or after. */
#ifndef TESTS_TIMING_ORACLE_H
#define TESTS_TIMING_ORACLE_H

#include <stdbool.h>

#include "base/time.h"

#define CYCLE_PS 4000
#define LINK_PS 120000
#define MEMORY_PS 305000
#define POSTED_PS 20000

static inline ps_t edge_at(ps_t t_ps)
{
	return (t_ps + CYCLE_PS - 1) / CYCLE_PS * CYCLE_PS;
}

static inline ps_t edge_after(ps_t t_ps)
{
	return (t_ps / CYCLE_PS + 1) * CYCLE_PS;
}

static inline ps_t cycles(ps_t num)
{
	return num * CYCLE_PS;
}

static bool oracle_dllps; /* does the link carry DLLPs? */

static inline ps_t edge_before(ps_t t_ps)
{
	return t_ps / CYCLE_PS * CYCLE_PS;
}

/* One direction: until when the line is taken, in fractions of a picosecond. */
typedef struct wire {
	int64_t end; /* in 1 / 217,764 ps */
} wire;

static inline ps_t wire_end_ps(const wire *of)
{
	return (of->end + 217763) / 217764;
}

/* Sends from `from_ps` on, or right behind what is being sent. Returns when the last byte is out, rounded up. */
static inline ps_t wire_send(wire *of, ps_t from_ps, uint64_t bytes)
{
	if (from_ps > wire_end_ps(of))
		of->end = from_ps * 217764;
	of->end += (int64_t)bytes * 250 * (oracle_dllps ? 243004 : 217764);
	return wire_end_ps(of);
}

/* On an idle line. */
static inline ps_t wire_ps(uint64_t bytes)
{
	wire idle = { .end = 0 };

	return wire_send(&idle, 0, bytes);
}

static inline uint64_t pieces_of(uint64_t bytes, uint64_t most)
{
	return (bytes + most - 1) / most;
}

/* 1,024 B: four writes of 256 B. */
static inline uint64_t write_bytes(uint64_t bytes)
{
	return bytes + 24 * pieces_of(bytes, 256);
}

/* 1,024 B: two requests of 512 B. */
static inline uint64_t request_bytes(uint64_t bytes)
{
	return 24 * pieces_of(bytes, 512);
}

/* 1,024 B: four completions of 256 B. */
static inline uint64_t completion_bytes(uint64_t bytes)
{
	return bytes + 20 * pieces_of(bytes, 256);
}

typedef struct question {
	bool nesc; /* a VF's request; else the PF's */
	bool write;
	uint64_t first_byte; /* on the disk */
	uint64_t bytes;      /* at most 4 KiB: one node */
	ps_t submit_ps;      /* the application's call */
	int num_levels;      /* of the walk; 0: the BTLB knows the extent */
	bool hole;           /* the walk ends in one: zeros */
} question;

typedef struct answer {
	ps_t block_start_ps, device_start_ps, device_end_ps, block_end_ps, app_end_ps;
} answer;

/* One level of a walk that the walker begins at an edge: a cycle to the DMA engine, which decides a cycle later and
 * hands the request on within one; request; memory; 512 B of node in two completions; four cycles to match. */
static inline ps_t walk_level_ps(ps_t walker_ps)
{
	const ps_t request_ps = walker_ps + cycles(3) + wire_ps(request_bytes(512)) + LINK_PS + MEMORY_PS;
	const ps_t node_ps = edge_after(request_ps) + wire_ps(completion_bytes(512)) + LINK_PS;

	return edge_at(node_ps) + cycles(4);
}

static inline ps_t beats_ps(uint64_t bytes)
{
	return cycles((ps_t)((bytes + 15) / 16));
}

static inline answer life_of(const question *q)
{
	const ps_t copy_ps = (ps_t)((q->bytes * 2000 + 16) / 17); /* at 8,500 MB/s, rounded up */
	uint64_t block_bytes[5];
	ps_t ready_ps[5] = { 0 }; /* of each block at the DMA engine, or at the data transfer unit */
	ps_t t_ps = q->submit_ps, dma_ps = 0, up_ps = 0, down_ps = 0, port_ps = 0, /* when each may decide again */
		transfer_ps = 0, interrupt_ps, core_ps;
	wire up = { .end = 0 }, down = { .end = 0 };
	int num_blocks = 0;
	answer a = { 0 };

	/* software, down */
	t_ps += 300000; /* system call */
	a.block_start_ps = t_ps;
	t_ps += (q->nesc ? 250000 : 450000) + 200000; /* block layer, driver */
	if (q->nesc && q->write)
		t_ps += copy_ps;
	a.device_start_ps = t_ps;
	t_ps += 4 * 25000; /* two words of the command, two of the node */
	core_ps = t_ps;
	/* four posted writes of 8 B and 20 B each */
	t_ps = edge_after(t_ps + POSTED_PS) + wire_ps(4 * 28) + LINK_PS;
	/* multiplexer: a block per cycle, cut where blocks of 1 KiB end on the disk */
	t_ps = edge_after(t_ps) + cycles(1);
	for (uint64_t at = q->first_byte, left = q->bytes; left != 0; num_blocks++) {
		const uint64_t room = 1024 - at % 1024;

		block_bytes[num_blocks] = left < room ? left : room;
		at += block_bytes[num_blocks];
		left -= block_bytes[num_blocks];
	}
	/* translation: decided a cycle after the block is there, one cycle to look up; blocks follow each other */
	if (q->nesc) {
		t_ps += cycles(1) + cycles(1);
		if (q->num_levels != 0) {
			for (int i = 0; i < q->num_levels; i++)
				t_ps = walk_level_ps(t_ps);
			/* a cycle back, decided a cycle later; a cycle as for a hit */
			t_ps += cycles(1) + cycles(1) + cycles(1);
		}
	}
	for (int i = 0; i < num_blocks; i++) /* data transfer unit: decided a cycle later, one cycle */
		ready_ps[i] = t_ps + cycles(i) + cycles(2);
	if (!q->write) {
		for (int i = 0; i < num_blocks; i++) {
			if (!q->hole) { /* 6,400 MB/s on one port, then 60 ns */
				port_ps = ps_max(port_ps, ready_ps[i]) + (ps_t)block_bytes[i] * 625 / 4;
				ready_ps[i] = port_ps + 60000;
			}
			dma_ps = ps_max(dma_ps, edge_after(ready_ps[i])) + cycles(222) + beats_ps(block_bytes[i]);
			up_ps = edge_before(
				wire_send(&up, edge_at(ps_max(up_ps, dma_ps)), write_bytes(block_bytes[i])));
		}
	} else {
		ps_t done_ps = 0;

		for (int i = 0; i < num_blocks; i++) {
			const ps_t decided_ps = ps_max(dma_ps, edge_after(ready_ps[i]));
			ps_t data_ps;

			dma_ps = decided_ps + cycles(194) + beats_ps(block_bytes[i]);
			/* after 64 cycles of its set-up the data is asked for */
			up_ps = edge_at(ps_max(up_ps, decided_ps + cycles(64)));
			data_ps = wire_send(&up, up_ps, request_bytes(block_bytes[i]));
			up_ps = edge_before(data_ps);
			data_ps += LINK_PS + MEMORY_PS;
			down_ps = ps_max(down_ps, edge_after(data_ps));
			data_ps = wire_send(&down, down_ps, completion_bytes(block_bytes[i]));
			down_ps = edge_before(data_ps);
			data_ps += LINK_PS;
			transfer_ps = ps_max(transfer_ps, edge_after(data_ps)) + cycles(1);
			port_ps = ps_max(port_ps, transfer_ps) + (ps_t)block_bytes[i] * 625 / 4;
			done_ps = port_ps + 60000;
		}
		dma_ps = ps_max(dma_ps, edge_after(done_ps));
	}
	/* completion entry of 16 B and MSI of 4 B: set-up of 8 cycles, two beats; on the wire 40 B and 24 B */
	dma_ps += cycles(8) + cycles(2);
	interrupt_ps = wire_send(&up, edge_at(ps_max(up_ps, dma_ps)), 16 + 24 + 4 + 20) + LINK_PS;
	a.device_end_ps = interrupt_ps;
	/* software, up */
	if (q->nesc)
		t_ps = ps_max(core_ps + 700000, interrupt_ps) + 1100000 + 400000 +
		       700000; /* HLT exit; wake, handler, EOI */
	else
		t_ps = ps_max(core_ps, interrupt_ps) + 400000;
	if (q->nesc && !q->write)
		t_ps += copy_ps;
	a.block_end_ps = t_ps + (q->nesc ? 150000 : 350000);
	a.app_end_ps = a.block_end_ps + 1100000 + 200000;
	return a;
}

#endif
