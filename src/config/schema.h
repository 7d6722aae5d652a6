/* Schema tables: one row per config key, declared beside the struct that receives the value.
 *
 * The same rows drive decoding, range checks, messages, the effective-config dump, `nescsim params` and
 * `nescsim check`. This room knows no key. All numbers are whole: durations in ps, byte counts in bytes,
 * frequencies in Hz, rates in bytes/s, decimals multiplied by their scale.
 */
#ifndef CONFIG_SCHEMA_H
#define CONFIG_SCHEMA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/diag.h"

typedef enum cfg_type {
	CFG_BOOL,      /* bool: true, false (also yes/no, on/off) */
	CFG_COUNT,     /* int64_t: plain number */
	CFG_DURATION,  /* int64_t ps: unit required */
	CFG_BYTES,     /* int64_t bytes: unit required */
	CFG_FREQUENCY, /* int64_t Hz: unit required */
	CFG_RATE,      /* int64_t bytes/s: unit required */
	CFG_CYCLES,    /* int64_t cycles: "12 cycles" */
	CFG_DECIMAL,   /* int64_t: value * decimal_scale */
	CFG_ENUM,      /* int: index into choices */
	CFG_STRING,    /* const char *: owned by the document */
	CFG_PATH,      /* cfg_path */
	CFG_SECTION,   /* the nested struct itself, described by `section` */
	CFG_LIST,      /* cfg_list of elements described by `element` */
	CFG_VARIANT,   /* cfg_variant: a mapping whose `kind` picks the section from `variants`; x means {kind: x} */
	CFG_NAMED,     /* cfg_list of cfg_variant: [a, b], {a: {...}, b: {...}} or [a, {b: {...}}]; by name */
} cfg_type;

typedef struct cfg_path {
	const char *text;     /* as the user wrote it (goes into dumps) */
	const char *resolved; /* relative to the file that names it (to open) */
} cfg_path;

typedef struct cfg_list {
	size_t num;
	void *items; /* array of num elements, each of the element's struct or scalar type */
} cfg_list;

typedef struct cfg_variant {
	int index;        /* into the variants table */
	const char *name; /* the row's name */
	void *params;     /* the chosen section's struct; never NULL (one byte for an empty section) */
} cfg_variant;

typedef struct cfg_section cfg_section;
typedef struct cfg_key cfg_key;

typedef struct cfg_variant_row {
	const char *name;
	const char *help;
	const cfg_section *section;
} cfg_variant_row;

typedef struct cfg_variants {
	const char *tag;          /* the key that chooses: "kind" (merging relies on it); unused by CFG_NAMED */
	const char *default_name; /* when the tag is missing and the row's default_text names none; NULL = required */
	const cfg_variant_row *rows;
	size_t num_rows;
} cfg_variants;

struct cfg_key {
	const char *name;
	cfg_type type;
	size_t offset_in_struct;  /* offsetof() in the section's struct */
	const char *default_text; /* as a user would write it; NULL = required; "" with CFG_STRING/CFG_PATH = none (the
				    * value is then "", never NULL); ignored for CFG_SECTION (its keys have defaults);
				    * "[]" for an empty CFG_LIST; "x" or "{kind: x}" for CFG_VARIANT */
	const char *min_text;     /* inclusive, same notation; NULL = 0 */
	const char *max_text;     /* inclusive; NULL = what fits int64_t */
	const char *const *choices;   /* CFG_ENUM: NULL-terminated */
	const cfg_section *section;   /* CFG_SECTION */
	const cfg_key *element;       /* CFG_LIST */
	const cfg_variants *variants; /* CFG_VARIANT, CFG_NAMED */
	int64_t decimal_scale;        /* CFG_DECIMAL: a power of ten */
	bool power_of_two;            /* numbers only */
	bool one_or_list;             /* CFG_LIST: a single value x, not being a list itself, means [x] */
	const char *help;             /* one sentence, plain words */
	/* Where the default comes from: "thesis: stated", "assumption: ...", "fitted to: ..." (docs/sources.md explains the
	 * short names); not for CFG_SECTION. */
	const char *source;
};

/* Given to a section's own check, so that conflicts between keys are reported at the key's place. */
typedef struct cfg_check cfg_check;

struct cfg_section {
	const char *name; /* for messages */
	const cfg_key *keys;
	size_t num_keys;
	size_t struct_bytes; /* 0 (with a CFG_SECTION row at offset 0): the keys' offsets are in the struct around it */
	/* Optional: cross-key rules, called only when all keys of the section (and of sections in it) decoded well.
	 * Reports with cfg_conflict(). */
	void (*check)(const void *value, cfg_check *check);
};

/* Reports a conflict at the place of `key` (of the section under check; "a.b" and "list[2].c" reach below it). */
void cfg_conflict(cfg_check *check, const char *key, const char *hint, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

#endif
