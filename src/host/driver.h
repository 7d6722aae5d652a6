/* What a driver of the device has in host memory: buffer pages and a completion ring per core. */
#ifndef HOST_DRIVER_H
#define HOST_DRIVER_H

#include <stdbool.h>
#include <stdint.h>

#include "nesc/nesc_config.h"

/* Buffer pages of 4 KiB that a driver's core has for data under way. */
uint64_t driver_num_pages(const nesc_config *config, bool trampoline);

/* Bytes of a VF's trampoline window: buffers and completion rings of all its cores. */
uint64_t driver_window_bytes(const nesc_config *config, bool trampoline, uint32_t num_vcpus);

/* Entries of a completion ring: a power of two that holds every request under way. */
uint32_t driver_ring_entries(const nesc_config *config);

#endif
