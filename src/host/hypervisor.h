/* The hypervisor: makes VFs out of files. */
#ifndef HOST_HYPERVISOR_H
#define HOST_HYPERVISOR_H

#include "host/layout.h"
#include "nesc/device.h"

/* Creates VF `vf` over a laid-out file: builds its extent tree in simulated host memory, and writes ExtentTreeRoot and
 * DeviceSize through the PF. Returns NESCSIM_OK, or NESCSIM_NO_MEMORY when the simulated memory has no room for the tree. */
nescsim_status hypervisor_create_vf(nesc_device *device, const nesc_config *config, uint32_t vf,
				    const disk_layout *layout, uint32_t num_vcpus);

/* Host memory that the trees of these files, and the drivers' buffers and rings, need at most. */
uint64_t hypervisor_memory_bytes(const nesc_config *config, const disk_layout *layouts, uint32_t num_vms,
				 uint32_t num_vcpus);

/* Buffer pages of 4 KiB that a driver's core has for data under way. */
uint64_t driver_num_pages(const nesc_config *config, bool trampoline);

/* Bytes of a VF's trampoline window: buffers and completion rings of all its cores. */
uint64_t driver_window_bytes(const nesc_config *config, bool trampoline, uint32_t num_vcpus);

/* Entries of a completion ring: a power of two that holds every request under way. */
uint32_t driver_ring_entries(const nesc_config *config);

#endif
