/* `nescsim link`: measures the link alone, without device, host software or medium. */
#ifndef PCIE_PROBE_H
#define PCIE_PROBE_H

#include <stddef.h>
#include <stdint.h>

#include "base/time.h"
#include "pcie/link_config.h"

#define PCIE_PROBE_MIN_BYTES 64
#define PCIE_PROBE_MAX_BYTES 4096
#define PCIE_PROBE_NUM_ROWS 7 /* powers of two from 64 to 4096 */

/* All addresses are page-aligned and above 4 GiB, as a server's DMA buffers are. Rates are payload bytes per second,
 * rounded down, over enough transfers to be the steady state to within 0.1 %. */
typedef struct pcie_probe_row {
	uint64_t transfer_bytes;
	int64_t write_up_bps;    /* the device writes host memory, back to back */
	int64_t write_down_bps;  /* the host writes device memory, back to back */
	int64_t write_limit_bps; /* closed form: line rate * payload / wire bytes (no credits, no errors) */
	int64_t read_bps;        /* the device reads host memory with all its tags in use */
	int64_t read_limit_bps;  /* closed form of the completions alone (no tags, no latency) */
	ps_t read_latency_ps;    /* one read on an idle link: first byte of the request to last byte of the data */
	ps_t write_latency_ps;   /* one write on an idle link, until it is complete at the root complex */
} pcie_probe_row;

/* Measures one size (1 B ... 1 MiB; beyond the limits of one TLP, reads and writes are cut). */
void pcie_probe_size(const pcie_link_config *config, uint64_t seed, uint64_t transfer_bytes, pcie_probe_row *row_out);

/* Measures the PCIE_PROBE_NUM_ROWS powers of two. */
void pcie_probe_all(const pcie_link_config *config, uint64_t seed, pcie_probe_row rows_out[PCIE_PROBE_NUM_ROWS]);

#endif
