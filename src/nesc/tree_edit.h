/* Changes of extent trees that a device may be reading.
 *
 * Ours: copy on write. The bytes of a node never change while the device can reach it. An edit copies the nodes from
 * the changed leaves up to the root and returns the new root, which the caller writes to ExtentTreeRoot. The nodes that
 * were replaced are retired: they stay as they were until the caller frees them, once no walk that began before the new
 * root was written is under way. Until then the old root's whole tree says what it said.
 *
 * Every entry owns the blocks from its own first one to the next entry's (the very first entry of a tree also those
 * before it), so a gap belongs to the entry before it, and a pruned entry's first block is mapped. All leaves keep the
 * same depth. A node that overflows, or is left at most half full, is packed together with a neighbour below the same
 * node if that saves one.
 *
 * The trees come from tree_build() and these functions, with the same node_bytes. An edit costs O(depth * entries of a
 * node) + O(extents in the leaves it rebuilds); of memory it needs the copied path and little more.
 */
#ifndef NESC_TREE_EDIT_H
#define NESC_TREE_EDIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "nesc/memory.h"
#include "nesc/tree.h"

/* The mapping that a tree is to say, from its owner (the host filesystem's map of the file). Outside of what an edit is
 * told of, it says what it said when the tree was made or last edited. */
typedef struct tree_source {
	/* The first extent that ends after `block` (it may begin before it), not wholly beyond TREE_MAX_BLOCK; false if
	 * there is none. Extents that continue each other are merged where they fall into one leaf. */
	bool (*next)(const void *context, uint64_t block, extent *found_out);
	const void *context;
} tree_source;

/* One tree's editor. The caller sets the first five members; the tree itself stays the caller's. */
typedef struct tree_editor {
	host_memory *memory;
	uint32_t node_bytes, max_entries; /* max_entries 0 = capacity, as in tree_build() */
	tree_source source;
	uint64_t num_nodes; /* of the live tree: starts as tree_num_nodes(), kept up to date by the edits */

	uint64_t *retired; /* addresses of replaced nodes not yet freed, oldest first; ours */
	size_t num_retired, max_retired;
} tree_editor;

/* Each edit returns the new root, or 0 when simulated memory or our own is exhausted: then nothing has changed, and the
 * old root is still the tree's. The caller flushes the BTLB where the mapping changed. */

/* The source has changed within [first_block, + num_blocks) (num_blocks may be UINT64_MAX) and nowhere else: makes the
 * tree say what it says. Leaves in the range are rebuilt from the source, neighbouring ones together, into evenly
 * filled ones. What lies in a pruned entry stays pruned: the entry is extended over extents that are new behind it, and
 * dropped when the source has none left in it. */
uint64_t tree_edit_replace(tree_editor *editor, uint64_t root_address, uint64_t first_block, uint64_t num_blocks);

/* If `block` lies in a pruned entry, brings back a leaf of at most max_entries extents around it, about half of them
 * before the block; the rest of the entry stays pruned (no entry where the source has nothing). Afterwards the block is
 * an extent or a hole, as the source says. Otherwise returns the root as it is. */
uint64_t tree_edit_regenerate(tree_editor *editor, uint64_t root_address, uint64_t block);

/* Cuts the leaf off that covers `block`: its entry's child becomes NULL. Pruned neighbours in a node become one entry,
 * a node of nothing else is cut itself, but never the root. Returns the root as it is when that is a leaf, or when the
 * block is in no leaf. */
uint64_t tree_edit_prune(tree_editor *editor, uint64_t root_address, uint64_t block);

/* Frees the `num` (<= num_retired) nodes that were retired first. */
void tree_editor_free_retired(tree_editor *editor, size_t num);

/* Frees all retired nodes and the list. The tree is left, to be freed with tree_free(). */
void tree_editor_fini(tree_editor *editor);

#endif
