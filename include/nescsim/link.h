/* Probing the PCIe link of a configuration alone: no device, no host software, no medium. */
#ifndef NESCSIM_LINK_H
#define NESCSIM_LINK_H

#include <stdint.h>
#include <stdio.h>

#include <nescsim/config.h>
#include <nescsim/error.h>

#ifdef __cplusplus
extern "C" {
#endif

#define NESCSIM_LINK_NUM_ROWS 7

/* Rates are payload bytes per second. A limit is the closed form without credits, tags, latency and bit errors. */
typedef struct nescsim_link_row {
	uint64_t transfer_bytes; /* 64 ... 4096, powers of two */
	int64_t write_up_bps;    /* the device writes host memory, back to back */
	int64_t write_down_bps;  /* the host writes device memory, back to back */
	int64_t write_limit_bps;
	int64_t read_bps; /* the device reads host memory with all its tags in use */
	int64_t read_limit_bps;
	int64_t read_latency_ps; /* one read on an idle link: from its request to the last byte of its data */
	int64_t write_latency_ps;
} nescsim_link_row;

/* Fills in a row per transfer size. */
void nescsim_link_probe(const nescsim_config *config, nescsim_link_row rows_out[NESCSIM_LINK_NUM_ROWS]);

/* Writes them as a table. Returns NESCSIM_OK, NESCSIM_IO or NESCSIM_NO_MEMORY. */
nescsim_status nescsim_link_print(const nescsim_config *config, FILE *out);

#ifdef __cplusplus
}
#endif
#endif
