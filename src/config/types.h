/* What each cfg_type is in memory and in words. Private to this room. */
#ifndef CONFIG_TYPES_H
#define CONFIG_TYPES_H

#include <jansson.h>
#include <stdbool.h>

#include "base/text.h"
#include "base/units.h"
#include "config/schema.h"

/* The dimension of a numeric type; false for the other types. */
bool type_units(cfg_type type, units_kind *kind_out);

/* Size and alignment of the value that the row stores. */
size_t type_bytes(const cfg_key *key);
size_t type_alignment(const cfg_key *key);

/* What a value of this row is called ("a duration", "a mapping"). */
const char *type_name(cfg_type type);

/* The key's range as numbers (its own texts are legal, which cfg_schema_check() verifies). */
int64_t key_min(const cfg_key *key);
int64_t key_max(const cfg_key *key);

/* "1 ... 64", ">= 1" or "" (no limit worth a word). */
void key_range(const cfg_key *key, text_buffer *out);

/* Number of choices of a CFG_ENUM row. */
size_t key_num_choices(const cfg_key *key);

/* Row of this name, or NULL; index_out may be NULL. */
const cfg_variant_row *variants_find(const cfg_variants *variants, const char *name, size_t *index_out);

/* The value that a row stores, as cfg_dump_json() has it; NULL when out of memory. */
json_t *dump_value(const cfg_key *key, const void *value);

/* "a, b, c" */
void list_choices(const char *const *choices, text_buffer *out);
void list_variants(const cfg_variants *variants, text_buffer *out);

/* The nearest of the variants' names, or NULL. */
const char *variants_nearest(const cfg_variants *variants, const char *name);

#endif
