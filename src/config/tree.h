/* The tree of a loaded document: nodes with their places, merging of layers, and dotted paths. Private to this room.
 *
 * Layers: every file of a `base:` chain is a layer, the outermost base the lowest; all overrides together are the
 * highest. Merging a higher layer over a lower one:
 *   - mappings merge key by key; everything else (scalars, lists, a list over a mapping) replaces;
 *   - an empty value over a mapping says nothing and leaves the mapping as it is (`null` or ~ replaces it, and then
 *     stands for all defaults);
 *   - where the higher mapping names another `kind` than the lower one, the lower layers' keys are dropped, so that
 *     no parameter of one kind leaks into another. Where the lower one names no kind, whether it was the same kind
 *     is known only to the schema: the keys are set aside, and the decoder takes them back (below_kind).
 */
#ifndef CONFIG_TREE_H
#define CONFIG_TREE_H

#include "base/diag.h"
#include "base/text.h"
#include "config/arena.h"
#include "config/config.h"

/* The key that chooses a variant. Merging depends on it, so that it is the same in every schema. */
#define CFG_TAG "kind"

#define MAX_DEPTH 64
#define MAX_NODES ((size_t)200000)
#define MAX_FILE_BYTES ((size_t)4 << 20)
#define MAX_BASE_FILES 32
#define OVERRIDE_LAYER (MAX_BASE_FILES + 1)

/* A file or a set of overrides. */
typedef struct cfg_source {
	const char *name;   /* for messages */
	const char *folder; /* with a '/' at its end; "" = the working directory */
} cfg_source;

typedef enum node_type {
	NODE_SCALAR,
	NODE_SEQUENCE,
	NODE_MAPPING,
} node_type;

typedef struct cfg_node cfg_node;

typedef struct cfg_entry {
	const char *key;
	const cfg_source *source;
	size_t line, column;
	cfg_node *value;
} cfg_entry;

struct cfg_node {
	node_type type;
	bool plain;   /* scalar without quotes: may mean null */
	bool implied; /* mapping that only the path of an override calls for */
	int layer;
	const cfg_source *source;
	size_t line, column;
	const char *text;     /* scalar */
	cfg_node **items;     /* sequence */
	cfg_entry *entries;   /* mapping */
	size_t num, capacity; /* items or entries */
	cfg_node *below_kind; /* mapping with a kind: a lower layer's keys, given without a kind */
};

struct cfg_document {
	arena memory;
	const cfg_source *source; /* the file that was asked for */
	cfg_node *root;           /* a mapping */
	const cfg_file *files;    /* while loading: where files are, instead of the disk; or NULL */
	size_t num_files;
	cfg_file read[MAX_BASE_FILES]; /* the chain as it was read, in `memory` */
	size_t num_read;
};

/* A new empty node; NULL when out of memory. */
cfg_node *node_create(arena *memory, node_type type, const cfg_source *source, size_t line, size_t column, int layer);

/* Appends to a sequence or a mapping; false when out of memory. */
bool node_append(arena *memory, cfg_node *sequence, cfg_node *item);
bool node_set_last(arena *memory, cfg_node *mapping, const cfg_entry *entry);

/* True for a missing node and for an unquoted empty value, ~ or null. */
bool node_is_null(const cfg_node *node);

/* The entry of this key, or NULL (also when the node is no mapping). */
cfg_entry *node_find(const cfg_node *mapping, const char *key);

/* Text of a scalar entry, or NULL. */
const char *node_find_text(const cfg_node *mapping, const char *key);

/* The item of a list of names ([a, {b: {...}}]) that has this name, or NULL. */
cfg_node **node_find_named(cfg_node *sequence, const char *name);

/* Name of an item of a list of names, or NULL when it is none; *params_out is its mapping or NULL. */
const char *node_item_name(cfg_node *item, cfg_node **params_out);

/* Where the node stands; `path` is stored as it is. `node` may be NULL. */
diag_place node_place(const cfg_node *node, const char *path);
diag_place entry_place(const cfg_entry *entry, const char *path);

/* `over` merged over `base` (either may be NULL). Both are used up. NULL when out of memory. */
cfg_node *node_merge(arena *memory, cfg_node *base, cfg_node *over);

/* The mapping `over` merged over the mapping `base`, of the same kind whatever they say. NULL when out of memory. */
cfg_node *node_overlay(arena *memory, cfg_node *base, cfg_node *over);

/* Node at the dotted path below `from`, or the nearest parent that exists. */
const cfg_node *node_walk(const cfg_node *from, const char *path);

/* One step of a dotted path: a name or an index. */
typedef struct path_step {
	const char *name; /* not terminated; NULL = an index */
	size_t name_bytes, index;
} path_step;

/* Reads the step at *cursor and moves on; false when there is no well-formed step. `first` = at the path's start. */
bool path_next(const char **cursor, bool first, path_step *step_out);

/* Parses one YAML document. Mistakes go into diag, with `path` (NULL in files). *root_out is NULL for an empty
 * document. Returns NESCSIM_OK, NESCSIM_CONFIG or NESCSIM_NO_MEMORY. */
nescsim_status yaml_parse(arena *memory, const cfg_source *source, int layer, const char *path, const char *bytes,
			  size_t num_bytes, nescsim_diag *diag, cfg_node **root_out);

/* Applies overrides in their order. */
nescsim_status override_apply(cfg_document *document, const cfg_override *overrides, size_t num_overrides,
			      nescsim_diag *diag);

/* Decodes a row's default (which it must have) into *destination; mistakes go into diag. */
bool decode_default(cfg_document *document, const cfg_key *key, const char *path, void *destination,
		    nescsim_diag *diag);

/* The text cut to what a message can bear. */
#define SHOWN_BYTES 48
const char *shown(const char *value, char buffer[SHOWN_BYTES]);

#endif
