/* The bytes of an extent-tree node (the layout is in nesc/tree.h), for those who read or write them. */
#ifndef NESC_TREE_NODE_H
#define NESC_TREE_NODE_H

#include <stdbool.h>
#include <stdint.h>

#include "nesc/memory.h"
#include "nesc/tree.h"

/* node_kind() */
#define TREE_NODE_POINTERS 0
#define TREE_EXTENTS 1

/* num_blocks of a node pointer that covers this many blocks or more */
#define TREE_SATURATED UINT32_MAX

static inline const uint8_t *entry_at(const uint8_t *node, uint32_t index)
{
	return node + TREE_HEADER_BYTES + (size_t)index * TREE_ENTRY_BYTES;
}

static inline uint64_t entry_first(const uint8_t *node, uint32_t index)
{
	return le64_load(entry_at(node, index));
}

/* A child's address or a physical block. */
static inline uint64_t entry_target(const uint8_t *node, uint32_t index)
{
	return le64_load(entry_at(node, index) + 8);
}

static inline uint32_t entry_num_blocks(const uint8_t *node, uint32_t index)
{
	return le32_load(entry_at(node, index) + 16);
}

static inline uint32_t entry_flags(const uint8_t *node, uint32_t index)
{
	return le32_load(entry_at(node, index) + 20);
}

static inline uint32_t node_kind(const uint8_t *node)
{
	return le16_load(node + 4);
}

static inline uint32_t node_num_entries(const uint8_t *node)
{
	return le16_load(node + 6);
}

static inline bool node_is_sound(const uint8_t *node, uint32_t node_bytes)
{
	return le32_load(node) == TREE_MAGIC && node_kind(node) <= TREE_EXTENTS &&
	       TREE_HEADER_BYTES + node_num_entries(node) * TREE_ENTRY_BYTES <= node_bytes;
}

/* The node there, or NULL when there is none. */
static inline const uint8_t *sound_node(const host_memory *memory, uint32_t node_bytes, uint64_t address)
{
	const uint8_t *node = memory_at(memory, address, node_bytes);

	return node && node_is_sound(node, node_bytes) ? node : NULL;
}

/* Makes zeroed bytes a node without entries. */
static inline void node_start(uint8_t *node, uint32_t kind)
{
	le32_store(node, TREE_MAGIC);
	le16_store(node + 4, (uint16_t)kind);
}

/* Appends the entry of [first, limit) to a node that has room; a node pointer's num_blocks saturates. */
static inline void node_append(uint8_t *node, uint64_t first, uint64_t limit, uint64_t target, uint32_t flags)
{
	uint32_t num_entries = node_num_entries(node);
	uint64_t num_blocks = limit - first;
	uint8_t *entry = node + TREE_HEADER_BYTES + (size_t)num_entries * TREE_ENTRY_BYTES;

	le64_store(entry, first);
	le64_store(entry + 8, target);
	le32_store(entry + 16, num_blocks < TREE_SATURATED ? (uint32_t)num_blocks : TREE_SATURATED);
	le32_store(entry + 20, flags);
	le16_store(node + 6, (uint16_t)(num_entries + 1));
}

#endif
