#include <stdalign.h>
#include <string.h>

#include "base/assert.h"
#include "config/types.h"

#define VALUE(type) sizeof(type), alignof(type)

static const struct {
	size_t bytes, alignment; /* 0 = by the row */
	const char *name;        /* NULL = by the dimension */
	int units;               /* units_kind, or -1 */
} types[] = {
	[CFG_BOOL] = { VALUE(bool), "true or false", -1 },
	[CFG_COUNT] = { VALUE(int64_t), NULL, UNITS_COUNT },
	[CFG_DURATION] = { VALUE(int64_t), NULL, UNITS_DURATION },
	[CFG_BYTES] = { VALUE(int64_t), NULL, UNITS_BYTES },
	[CFG_FREQUENCY] = { VALUE(int64_t), NULL, UNITS_FREQUENCY },
	[CFG_RATE] = { VALUE(int64_t), NULL, UNITS_RATE },
	[CFG_CYCLES] = { VALUE(int64_t), NULL, UNITS_CYCLES },
	[CFG_DECIMAL] = { VALUE(int64_t), NULL, UNITS_DECIMAL },
	[CFG_ENUM] = { VALUE(int), "a name", -1 },
	[CFG_STRING] = { VALUE(const char *), "a text", -1 },
	[CFG_PATH] = { VALUE(cfg_path), "a file name", -1 },
	[CFG_SECTION] = { 0, 0, "a mapping", -1 },
	[CFG_LIST] = { VALUE(cfg_list), "a list", -1 },
	[CFG_VARIANT] = { VALUE(cfg_variant), "a mapping", -1 },
	[CFG_NAMED] = { VALUE(cfg_list), "a list of names", -1 },
};

bool type_units(cfg_type type, units_kind *kind_out)
{
	if (types[type].units < 0)
		return false;
	*kind_out = (units_kind)types[type].units;
	return true;
}

size_t type_bytes(const cfg_key *key)
{
	return key->type == CFG_SECTION ? key->section->struct_bytes : types[key->type].bytes;
}

size_t type_alignment(const cfg_key *key)
{
	size_t most = 1;

	if (key->type != CFG_SECTION)
		return types[key->type].alignment;
	for (size_t i = 0; i < key->section->num_keys; i++) {
		size_t alignment = type_alignment(&key->section->keys[i]);

		if (alignment > most)
			most = alignment;
	}
	return most;
}

const char *type_name(cfg_type type)
{
	return types[type].name ? types[type].name : units_kind_name((units_kind)types[type].units);
}

static int64_t limit(const cfg_key *key, const char *limit_text, int64_t otherwise)
{
	units_kind kind;
	int64_t value = otherwise;

	if (limit_text && type_units(key->type, &kind)) {
		units_result result = units_parse(kind, key->decimal_scale, limit_text, &value);

		NESC_ASSERT_ALWAYS(result == UNITS_OK, "the limit '%s' of key '%s'", limit_text, key->name);
	}
	return value;
}

int64_t key_min(const cfg_key *key)
{
	return limit(key, key->min_text, 0);
}

int64_t key_max(const cfg_key *key)
{
	return limit(key, key->max_text, INT64_MAX);
}

void key_range(const cfg_key *key, text_buffer *out)
{
	units_kind kind;
	char low[48];

	if (!type_units(key->type, &kind))
		return;
	units_format(kind, key->decimal_scale, key_min(key), low, sizeof(low));
	if (key->max_text)
		text_add(out, "%s ... %s", key->min_text ? key->min_text : low, key->max_text);
	else
		text_add(out, ">= %s", key->min_text ? key->min_text : low);
}

size_t key_num_choices(const cfg_key *key)
{
	size_t num = 0;

	while (key->choices[num])
		num++;
	return num;
}

const cfg_variant_row *variants_find(const cfg_variants *variants, const char *name, size_t *index_out)
{
	for (size_t i = 0; i < variants->num_rows; i++) {
		if (strcmp(variants->rows[i].name, name) == 0) {
			if (index_out)
				*index_out = i;
			return &variants->rows[i];
		}
	}
	return NULL;
}

void list_choices(const char *const *choices, text_buffer *out)
{
	for (size_t i = 0; choices[i]; i++)
		text_add(out, "%s%s", i ? ", " : "", choices[i]);
}

void list_variants(const cfg_variants *variants, text_buffer *out)
{
	for (size_t i = 0; i < variants->num_rows; i++)
		text_add(out, "%s%s", i ? ", " : "", variants->rows[i].name);
}

const char *variants_nearest(const cfg_variants *variants, const char *name)
{
	const char *names[256];
	size_t num = variants->num_rows < 256 ? variants->num_rows : 256;

	for (size_t i = 0; i < num; i++)
		names[i] = variants->rows[i].name;
	return diag_nearest(name, names, num);
}
