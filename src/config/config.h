/* Loading, decoding, dumping and describing configs by schema tables (config/schema.h). */
#ifndef CONFIG_CONFIG_H
#define CONFIG_CONFIG_H

#include <jansson.h>
#include <stdio.h>

#include "config/schema.h"

/* A loaded document: the tree of a YAML file, its `base:` chain and the overrides, each node with its place. */
typedef struct cfg_document cfg_document;

/* One `--set path=value`. */
typedef struct cfg_override {
	const char *path;  /* "a.b[0].c" */
	const char *value; /* YAML flow text: "4 KiB", "[host, nesc]", "{kind: null}" */
	/* What names of files in the value are relative to, with a '/' at its end; NULL = the working directory. */
	const char *folder;
} cfg_override;

/* Reads `file_name` (and what its `base:` names, relative to it), then applies the overrides in order.
 *
 * Layers. The file is merged over its base, and the overrides over both: mappings merge key by key; scalars and lists
 * replace; an empty value ("nesc:") leaves a mapping below as it is, `null` resets it to its defaults. A mapping that
 * names another `kind` than the one below drops what lower layers gave, so that no parameter of one kind reaches
 * another (overrides among themselves are one layer: their order does not matter for this).
 *
 * Overrides. "a.b[0].c": missing mappings are made; an index must exist; in a list of names ([host, nesc]) a name
 * reaches the parameters of that item ("schemes.nesc.x"). Where the document has no such list, its default is meant.
 *
 * Aliases (*a) are copied; tags, merge keys (<<), several documents, more than 64 levels, 200,000 values or 4 MiB are
 * refused.
 *
 * Returns NESCSIM_OK, NESCSIM_CONFIG (syntax, duplicate keys, base cycles, bad override paths), NESCSIM_IO or
 * NESCSIM_NO_MEMORY; all mistakes are in diag. On success *document_out is to be freed with cfg_document_destroy(). */
nescsim_status cfg_load(const char *file_name, const cfg_override *overrides, size_t num_overrides, nescsim_diag *diag,
			cfg_document **document_out);

/* The same from text in memory; `name` stands for the file in messages, `base:` is relative to the working
 * directory. */
nescsim_status cfg_load_text(const char *name, const char *text, const cfg_override *overrides, size_t num_overrides,
			     nescsim_diag *diag, cfg_document **document_out);

/* A file in memory. */
typedef struct cfg_file {
	const char *name, *text;
} cfg_file;

/* The same from `files`, `name` being one of them and `base:` leading to others, never to the disk. A base is named as the
 * chain names it: the folder of the file that says `base: NAME`, then NAME as it stands ("figures/../vc707.yaml"). The
 * files must outlive the call only. */
nescsim_status cfg_load_files(const char *name, const cfg_file *files, size_t num_files, const cfg_override *overrides,
			      size_t num_overrides, nescsim_diag *diag, cfg_document **document_out);

/* The file and its chain of bases, as they were read: cfg_load_files() makes the same of them again, whatever has happened to
 * those on the disk. They live as long as the document. */
const cfg_file *cfg_files(const cfg_document *document, size_t *num_out);

/* One key of a document that is written in another language than YAML. */
typedef struct cfg_option {
	const char *key;
	const char *value;   /* YAML flow text: "4 KiB", "[1, 2]", "{kind: zipf}" */
	size_t line, column; /* where the user wrote it, from 1 */
} cfg_option;

/* A document made of `options`, so that another notation shares a schema's keys, ranges and messages. Of options with
 * the same key the last counts. `name` stands for the file in messages, which name an option's place; `line` and
 * `column` are those of the whole (0 = unknown). Nothing need outlive the call.
 *
 * Returns NESCSIM_OK, NESCSIM_CONFIG (a value that is no YAML: the caller's fault, without a place) or NESCSIM_NO_MEMORY; all mistakes are in diag. On
 * success *document_out is to be freed with cfg_document_destroy(). */
nescsim_status cfg_load_options(const char *name, size_t line, size_t column, const cfg_option *options,
				size_t num_options, nescsim_diag *diag, cfg_document **document_out);

void cfg_document_destroy(cfg_document *document);

/* Decodes the document into *value_out (section->struct_bytes). Strings, lists and variants belong to the document.
 * Reports every unknown, duplicate, missing, ill-typed, out-of-range and conflicting key in one pass. */
nescsim_status cfg_decode(cfg_document *document, const cfg_section *section, void *value_out, nescsim_diag *diag);

/* Place of a dotted path, for errors found after decoding (a missing trace file, say): nearest existing parent. The
 * place keeps the pointer `path`; its file name belongs to the document. */
diag_place cfg_place(const cfg_document *document, const char *path);

/* The effective value as JSON; a new reference, NULL when out of memory. Quantities with a unit and decimals are texts
 * in canonical form, so that they are exact; a list of names is an object {name: {...}}. */
json_t *cfg_dump_json(const cfg_section *section, const void *value);

/* The effective value as YAML that cfg_load() reads back to the same value. */
void cfg_dump_yaml(const cfg_section *section, const void *value, FILE *out);

/* The same of what cfg_dump_json() gave. */
void cfg_dump_json_as_yaml(json_t *effective, FILE *out);

/* A key whose value is not its default. Texts live as long as the call that shows it. */
typedef struct cfg_change {
	const char *path;         /* "vms[0].disk.bytes" */
	const char *value;        /* as one would write it in a file */
	const char *default_text; /* the same of the default; NULL: the key has none */
	const char *help;         /* what it is; NULL: this schema has no such key */
	bool is_file;             /* a name of a file, relative to the file that the configuration was in */
} cfg_change;

/* Calls on_change for each key that `effective`, which cfg_dump_json() gave for this section (then or in another version),
 * has otherwise than the schema's defaults, in the schema's order. A kind's keys are compared with the defaults of that
 * kind. Returns NESCSIM_OK or NESCSIM_NO_MEMORY. */
nescsim_status cfg_list_changes(const cfg_section *section, json_t *effective,
				void (*on_change)(const cfg_change *change, void *context), void *context);

/* The reference of all keys at and below `path` (NULL = all): path, type, unit, default, range, source, help.
 * `from` leaves only those whose default's source begins with these words (NULL = all; none is no error).
 * Returns NESCSIM_USAGE with the nearest match in diag when the path names nothing. */
nescsim_status cfg_describe(const cfg_section *section, const char *path, const char *from, FILE *out,
			    nescsim_diag *diag);

/* Verifies a schema itself: legal and unique names, help for every row and a source for every default, ranges and
 * defaults that are legal (the checks of sections without required keys included), members inside the struct that
 * do not overlap, decimal scales that are powers of ten, variants tagged `kind`. Every mistake goes into diag;
 * returns NESCSIM_OK, NESCSIM_CONFIG or NESCSIM_NO_MEMORY. For tests: a wrong schema is a bug. */
nescsim_status cfg_schema_check(const cfg_section *section, nescsim_diag *diag);

#endif
