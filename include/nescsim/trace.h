/* Looking at block traces. */
#ifndef NESCSIM_TRACE_H
#define NESCSIM_TRACE_H

#include <stdio.h>

#include <nescsim/error.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Reads a whole trace and writes what it holds: its format, requests by operation and by device, their mix, sizes, rate,
 * depth, latency where it is recorded, how sequential they are, the bytes that they touch, and how a workload can replay it.
 * `format` is a reader's name, NULL or "auto" for by content; `device` leaves only one device's requests, NULL all.
 *
 * Returns NESCSIM_OK; NESCSIM_TRACE (every mistake, up to 20, is in diag with its place; nothing is written); NESCSIM_IO
 * (unreadable file, or `out` fails); NESCSIM_USAGE (no such format or device); NESCSIM_NO_MEMORY. Memory depends on how many
 * bytes of the disk the trace touches (1/32768 of them), not on its length. */
nescsim_status nescsim_trace_info(const char *file_name, const char *format, const char *device, FILE *out,
				  nescsim_diag *diag);

#ifdef __cplusplus
}
#endif
#endif
