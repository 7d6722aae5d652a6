#include <inttypes.h>
#include <string.h>

#include "config/config.h"
#include "config/types.h"

/* Steals `value` (which may be NULL) into the object; false when out of memory. */
static bool put(json_t *object, const char *key, json_t *value)
{
	return json_object_set_new(object, key, value) == 0;
}

static bool dump_section(json_t *object, const cfg_section *section, const void *value);

static json_t *dump_params(const cfg_variants *variants, const cfg_variant *variant, bool with_tag)
{
	json_t *object = json_object();
	const cfg_section *section = variants->rows[variant->index].section;

	if (!object)
		return NULL;
	if ((with_tag && !put(object, variants->tag, json_string(variant->name))) ||
	    (section && !dump_section(object, section, variant->params))) {
		json_decref(object);
		return NULL;
	}
	return object;
}

static json_t *dump_list(const cfg_key *key, const cfg_list *list)
{
	json_t *array = json_array();
	size_t item_bytes = type_bytes(key->element);

	for (size_t i = 0; array && i < list->num; i++) {
		const char *item = (const char *)list->items + i * item_bytes;

		if (json_array_append_new(array, dump_value(key->element, item))) {
			json_decref(array);
			array = NULL;
		}
	}
	return array;
}

static json_t *dump_named(const cfg_key *key, const cfg_list *list)
{
	json_t *object = json_object();
	const cfg_variant *items = (const cfg_variant *)list->items;

	for (size_t i = 0; object && i < list->num; i++) {
		if (!put(object, items[i].name, dump_params(key->variants, &items[i], false))) {
			json_decref(object);
			object = NULL;
		}
	}
	return object;
}

json_t *dump_value(const cfg_key *key, const void *value)
{
	json_t *object;
	char quantity[48];
	units_kind kind;

	switch (key->type) {
	case CFG_BOOL:
		return json_boolean(*(const bool *)value);
	case CFG_COUNT:
		return json_integer(*(const int64_t *)value);
	case CFG_ENUM:
		return json_string(key->choices[*(const int *)value]);
	case CFG_STRING:
		return json_string(*(const char *const *)value);
	case CFG_PATH:
		return json_string(((const cfg_path *)value)->text);
	case CFG_LIST:
		return dump_list(key, (const cfg_list *)value);
	case CFG_VARIANT:
		return dump_params(key->variants, (const cfg_variant *)value, true);
	case CFG_NAMED:
		return dump_named(key, (const cfg_list *)value);
	case CFG_SECTION:
		object = json_object();
		if (object && !dump_section(object, key->section, value)) {
			json_decref(object);
			object = NULL;
		}
		return object;
	default:
		type_units(key->type, &kind);
		units_format(kind, key->decimal_scale, *(const int64_t *)value, quantity, sizeof(quantity));
		return json_string(quantity);
	}
}

static bool dump_section(json_t *object, const cfg_section *section, const void *value)
{
	for (size_t i = 0; i < section->num_keys; i++) {
		const cfg_key *key = &section->keys[i];

		if (!put(object, key->name, dump_value(key, (const char *)value + key->offset_in_struct)))
			return false;
	}
	return true;
}

json_t *cfg_dump_json(const cfg_section *section, const void *value)
{
	json_t *object = json_object();

	if (object && !dump_section(object, section, value)) {
		json_decref(object);
		object = NULL;
	}
	return object;
}

/* --- YAML: the same values, written as a person would --- */

static bool is_plain_text(const char *value)
{
	static const char *const nulls[] = { "null", "Null", "NULL" };
	const char *c = value;

	for (size_t i = 0; i < sizeof(nulls) / sizeof(nulls[0]); i++) {
		if (strcmp(value, nulls[i]) == 0)
			return false;
	}
	if (*c == '-')
		c++;
	if (!strchr("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_/", *c) || *c == '\0')
		return false;
	for (; *c; c++) {
		if (*c == ' ' && c[1] != ' ' && c[1] != '\0')
			continue;
		if (!strchr("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_/.+-", *c))
			return false;
	}
	return true;
}

/* In double quotes, all but printable ASCII escaped: any text comes back as it was. */
static void write_quoted(const char *value, FILE *out)
{
	const unsigned char *c = (const unsigned char *)value;

	fputc('"', out);
	while (*c) {
		uint32_t point = *c++;
		int num_more = point >= 0xf0 ? 3 : point >= 0xe0 ? 2 : point >= 0xc0 ? 1 : 0;

		if (num_more)
			point &= 0x3fu >> num_more;
		for (; num_more > 0 && (*c & 0xc0) == 0x80; num_more--)
			point = point << 6 | (*c++ & 0x3fu);
		if (point == '"' || point == '\\')
			fprintf(out, "\\%c", (int)point);
		else if (point >= 0x20 && point < 0x7f)
			fputc((int)point, out);
		else if (point < 0x10000)
			fprintf(out, "\\u%04" PRIX32, point);
		else
			fprintf(out, "\\U%08" PRIX32, point);
	}
	fputc('"', out);
}

static bool is_block(const json_t *value)
{
	return (json_is_object(value) && json_object_size(value) > 0) ||
	       (json_is_array(value) && json_array_size(value) > 0);
}

static void write_scalar(const json_t *value, FILE *out)
{
	if (json_is_object(value))
		fputs("{}", out);
	else if (json_is_array(value))
		fputs("[]", out);
	else if (json_is_boolean(value))
		fputs(json_is_true(value) ? "true" : "false", out);
	else if (json_is_integer(value))
		fprintf(out, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
	else if (json_is_real(value))
		fprintf(out, "%.17g", json_real_value(value));
	else if (!json_is_string(value))
		fputs("null", out);
	else if (is_plain_text(json_string_value(value)))
		fputs(json_string_value(value), out);
	else
		write_quoted(json_string_value(value), out);
}

/* A non-empty mapping or list as a block. The first line's indentation is already written. */
static void write_block(json_t *value, int indent, FILE *out)
{
	const char *key;
	json_t *item;
	size_t index;
	bool first = true;

	if (json_is_array(value)) {
		json_array_foreach(value, index, item)
		{
			fprintf(out, "%*s- ", first ? 0 : indent, "");
			first = false;
			if (is_block(item)) {
				write_block(item, indent + 2, out);
			} else {
				write_scalar(item, out);
				fputc('\n', out);
			}
		}
		return;
	}
	json_object_foreach(value, key, item)
	{
		fprintf(out, "%*s%s:", first ? 0 : indent, "", key);
		first = false;
		if (is_block(item)) {
			fprintf(out, "\n%*s", indent + 2, "");
			write_block(item, indent + 2, out);
		} else {
			fputc(' ', out);
			write_scalar(item, out);
			fputc('\n', out);
		}
	}
}

void cfg_dump_json_as_yaml(json_t *effective, FILE *out)
{
	if (is_block(effective))
		write_block(effective, 0, out);
	else if (effective != NULL)
		fputs("{}\n", out);
}

void cfg_dump_yaml(const cfg_section *section, const void *value, FILE *out)
{
	json_t *object = cfg_dump_json(section, value);

	cfg_dump_json_as_yaml(object, out);
	json_decref(object);
}
