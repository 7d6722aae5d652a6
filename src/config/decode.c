#include <inttypes.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/assert.h"
#include "config/tree.h"
#include "config/types.h"

typedef struct decoder {
	cfg_document *document;
	arena *memory;
	nescsim_diag *diag;
	text_buffer path;     /* of the value at hand */
	const cfg_node *near; /* nearest node that exists: the place for what is missing */
	bool no_memory;
} decoder;

struct cfg_check {
	decoder *decoder;
	const cfg_node *node; /* of the section; NULL when it is not in the document */
	bool failed;
};

static bool decode_value(decoder *d, const cfg_key *key, cfg_node *node, void *destination);
static bool decode_section(decoder *d, const cfg_section *section, cfg_node *node, const char *skipped_key,
			   void *destination);

/* Adds ".name" to the path; returns the length to cut it back to. */
static size_t path_enter(decoder *d, const char *name)
{
	size_t mark = d->path.num_bytes;

	text_add(&d->path, "%s%s", mark ? "." : "", name);
	return mark;
}

static const char *path_text(const decoder *d)
{
	return d->path.num_bytes ? text_get(&d->path) : NULL;
}

/* Reports at the node, or at the nearest one that exists. Always false, for "return fail(...)". */
static bool fail(decoder *d, const cfg_node *node, const char *hint, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

static bool fail(decoder *d, const cfg_node *node, const char *hint, const char *format, ...)
{
	diag_place place = node_place(node ? node : d->near, path_text(d));
	va_list arguments;

	if (!place.file)
		place.file = d->document->source->name;
	va_start(arguments, format);
	diag_add_va(d->diag, NESCSIM_ERROR, NESCSIM_CONFIG, &place, hint && *hint ? hint : NULL, format, arguments);
	va_end(arguments);
	return false;
}

static void *take(decoder *d, size_t num_bytes)
{
	void *memory = arena_alloc(d->memory, num_bytes ? num_bytes : 1);

	if (!memory)
		d->no_memory = true;
	return memory;
}

static bool fail_type(decoder *d, const cfg_key *key, const cfg_node *node)
{
	static const char *const found[] = {
		[NODE_SCALAR] = "a single value", [NODE_SEQUENCE] = "a list", [NODE_MAPPING] = "a mapping"
	};

	const bool takes_words = key->type == CFG_NAMED || (key->type == CFG_LIST && key->element->type < CFG_SECTION);
	text_buffer hint = TEXT_EMPTY;

	if (node_is_null(node))
		return fail(d, node, key->help, "has no value; expected %s", type_name(key->type));
	if (takes_words && node->type == NODE_SCALAR && strlen(node->text) < SHOWN_BYTES)
		text_add(&hint, "such as [%s]: ", node->text);
	text_add(&hint, "%s", key->help ? key->help : "");
	fail(d, node, text_get(&hint), "expected %s, not %s", type_name(key->type), found[node->type]);
	text_free(&hint);
	return false;
}

/* "did you mean 'x'? " where a candidate is near. */
static void add_nearest(text_buffer *hint, const char *nearest)
{
	if (nearest)
		text_add(hint, "did you mean '%s'? ", nearest);
}

static bool fail_choice(decoder *d, const cfg_node *node, const char *what, const char *word, const char *nearest,
			const text_buffer *choices)
{
	text_buffer hint = TEXT_EMPTY;
	char buffer[SHOWN_BYTES];

	add_nearest(&hint, nearest);
	text_add(&hint, "choices: %s", text_get(choices));
	fail(d, node, text_get(&hint), "unknown %s '%s'", what, shown(word, buffer));
	text_free(&hint);
	return false;
}

/* --- scalars --- */

static bool decode_bool(decoder *d, const cfg_node *node, bool *destination)
{
	static const struct {
		const char *word;
		bool value;
	} words[] = { { "true", true }, { "false", false }, { "yes", true },
		      { "no", false },  { "on", true },     { "off", false } };
	char buffer[SHOWN_BYTES];

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcasecmp(node->text, words[i].word) == 0) {
			*destination = words[i].value;
			return true;
		}
	}
	return fail(d, node, NULL, "expected true or false, not '%s'", shown(node->text, buffer));
}

static bool fail_number(decoder *d, const cfg_key *key, const cfg_node *node, units_kind kind, units_result result)
{
	static const char *const finest[] = { [UNITS_COUNT] = "whole number",
					      [UNITS_DURATION] = "whole number of ps",
					      [UNITS_BYTES] = "whole number of B",
					      [UNITS_FREQUENCY] = "whole number of Hz",
					      [UNITS_RATE] = "whole number of B/s",
					      [UNITS_CYCLES] = "whole number of cycles",
					      [UNITS_DECIMAL] = NULL };
	const char *units = units_list(kind), *name = units_kind_name(kind);
	char buffer[SHOWN_BYTES], step[48];
	const char *value = shown(node->text, buffer);
	text_buffer hint = TEXT_EMPTY;

	switch (result) {
	case UNITS_NO_UNIT:
		text_add(&hint, "write it with one of %s", units);
		fail(d, node, text_get(&hint), "'%s' has no unit; expected %s", value, name);
		break;
	case UNITS_BAD_UNIT:
		if (*units)
			text_add(&hint, "units: %s", units);
		else
			text_add(&hint, "digits without a unit");
		fail(d, node, text_get(&hint), "expected %s, not '%s'", name, value);
		break;
	case UNITS_OVERFLOW:
		key_range(key, &hint);
		fail(d, node, text_get(&hint), "'%s' is too large", value);
		break;
	case UNITS_INEXACT:
		if (kind == UNITS_DECIMAL) {
			units_format(UNITS_DECIMAL, key->decimal_scale, 1, step, sizeof(step));
			fail(d, node, NULL, "'%s' is not a multiple of %s", value, step);
		} else {
			fail(d, node, NULL, "'%s' is not a %s", value, finest[kind]);
		}
		break;
	default:
		if (*units)
			text_add(&hint, "units: %s", units);
		fail(d, node, text_get(&hint), "expected %s, not '%s'", name, value);
	}
	text_free(&hint);
	return false;
}

static bool decode_number(decoder *d, const cfg_key *key, const cfg_node *node, units_kind kind, int64_t *destination)
{
	int64_t value, low = key_min(key), high = key_max(key);
	units_result result = units_parse(kind, key->decimal_scale, node->text, &value);
	char buffer[SHOWN_BYTES];

	if (result != UNITS_OK)
		return fail_number(d, key, node, kind, result);
	if (value < low || value > high) {
		text_buffer range = TEXT_EMPTY;

		key_range(key, &range);
		fail(d, node, key->help, "%s is out of range %s", shown(node->text, buffer), text_get(&range));
		text_free(&range);
		return false;
	}
	if (key->power_of_two && (value <= 0 || (value & (value - 1)) != 0))
		return fail(d, node, key->help, "%s is not a power of two", shown(node->text, buffer));
	*destination = value;
	return true;
}

static bool decode_enum(decoder *d, const cfg_key *key, const cfg_node *node, int *destination)
{
	text_buffer choices = TEXT_EMPTY;

	for (int i = 0; key->choices[i]; i++) {
		if (strcmp(key->choices[i], node->text) == 0) {
			*destination = i;
			return true;
		}
	}
	if (node_is_null(node))
		return fail_type(d, key, node);
	list_choices(key->choices, &choices);
	fail_choice(d, node, "choice", node->text, diag_nearest(node->text, key->choices, key_num_choices(key)),
		    &choices);
	text_free(&choices);
	return false;
}

static bool decode_path(decoder *d, const cfg_node *node, cfg_path *destination)
{
	bool relative = node->text[0] != '/' && node->text[0] != '\0';
	const char *folder = relative ? node->source->folder : "";
	size_t folder_bytes = strlen(folder);
	char *resolved = (char *)take(d, folder_bytes + strlen(node->text) + 1);

	if (!resolved)
		return false;
	memcpy(resolved, folder, folder_bytes);
	strcpy(resolved + folder_bytes, node->text);
	*destination = (cfg_path){ .text = node->text, .resolved = resolved };
	return true;
}

/* --- lists and variants --- */

static bool decode_list(decoder *d, const cfg_key *key, cfg_node *node, cfg_list *destination)
{
	size_t item_bytes = type_bytes(key->element), mark = d->path.num_bytes;
	unsigned char *items;
	bool good = true;

	if (key->one_or_list && node->type == NODE_SCALAR && !node_is_null(node)) {
		items = (unsigned char *)take(d, item_bytes);
		*destination = (cfg_list){ .num = 1, .items = items };
		return items && decode_value(d, key->element, node, items);
	}
	if (node->type != NODE_SEQUENCE)
		return fail_type(d, key, node);
	items = (unsigned char *)take(d, node->num * item_bytes);
	if (!items)
		return false;
	for (size_t i = 0; i < node->num; i++) {
		text_add(&d->path, "[%zu]", i);
		good &= decode_value(d, key->element, node->items[i], items + i * item_bytes);
		text_cut(&d->path, mark);
	}
	*destination = (cfg_list){ .num = node->num, .items = items };
	return good;
}

/* The parsed text of a default; NULL when it is not good YAML (reported) or when out of memory. */
static cfg_node *default_node(decoder *d, const cfg_key *key)
{
	static const cfg_source source = { .name = "default", .folder = "" };
	cfg_node *node = NULL;

	if (key->type == CFG_LIST || key->type == CFG_VARIANT || key->type == CFG_NAMED) {
		if (yaml_parse(d->memory, &source, 0, NULL, key->default_text, strlen(key->default_text), d->diag,
			       &node) == NESCSIM_NO_MEMORY)
			d->no_memory = true;
		return node;
	}
	node = node_create(d->memory, NODE_SCALAR, &source, 0, 0, 0);
	if (node)
		node->text = key->default_text;
	else
		d->no_memory = true;
	return node;
}

/* The kind that a mapping without a tag has; NULL = it must name one. */
static const char *default_kind(decoder *d, const cfg_key *key)
{
	const cfg_node *node;

	if (key->default_text && *key->default_text) {
		node = default_node(d, key);
		if (node && node->type == NODE_SCALAR && variants_find(key->variants, node->text, NULL))
			return node->text;
		if (node && node_find_text(node, CFG_TAG))
			return node_find_text(node, CFG_TAG);
	}
	return key->variants->default_name;
}

static bool decode_params(decoder *d, const cfg_variants *variants, size_t index, cfg_node *node,
			  const char *skipped_key, cfg_variant *destination)
{
	const cfg_variant_row *row = &variants->rows[index];
	void *params = take(d, row->section ? row->section->struct_bytes : 1);
	static const cfg_section empty = { .name = "empty" };

	*destination = (cfg_variant){ .index = (int)index, .name = row->name, .params = params };
	return params && decode_section(d, row->section ? row->section : &empty, node, skipped_key, params);
}

static bool decode_variant(decoder *d, const cfg_key *key, cfg_node *node, cfg_variant *destination)
{
	const cfg_entry *tag;
	const cfg_node *tag_node = NULL;
	const char *kind, *kind_by_default = default_kind(d, key);
	text_buffer choices = TEXT_EMPTY;
	size_t index, mark;
	bool good = false;

	if (node_is_null(node) && *node->text && variants_find(key->variants, node->text, NULL))
		return fail(d, node, "write {kind: null}", "'%s' could mean no value or the kind of this name",
			    node->text);
	if (node->type == NODE_SCALAR && !node_is_null(node)) {
		/* "media: nand" */
		tag_node = node;
		node = NULL;
	} else if (node->type == NODE_SEQUENCE) {
		return fail_type(d, key, node);
	} else if ((tag = node_find(node, CFG_TAG)) != NULL) {
		tag_node = tag->value;
	}
	kind = tag_node ? tag_node->text : kind_by_default;
	list_variants(key->variants, &choices);
	mark = path_enter(d, CFG_TAG);
	if (tag_node && tag_node->type != NODE_SCALAR)
		fail(d, tag_node, text_get(&choices), "expected a name, not %s",
		     tag_node->type == NODE_SEQUENCE ? "a list" : "a mapping");
	else if (!kind)
		fail(d, node, text_get(&choices), "missing required key");
	else if (variants_find(key->variants, kind, &index))
		good = true;
	else if (node_is_null(tag_node))
		fail(d, tag_node, text_get(&choices), "has no value; expected a name");
	else
		fail_choice(d, tag_node, "kind", kind, variants_nearest(key->variants, kind), &choices);
	text_cut(&d->path, mark);
	text_free(&choices);
	if (!good)
		return false;
	if (node && node->below_kind && kind_by_default && strcmp(kind, kind_by_default) == 0) {
		/* The lower layers' keys were of this kind after all. */
		node = node_overlay(d->memory, node->below_kind, node);
		if (!node) {
			d->no_memory = true;
			return false;
		}
	}
	return decode_params(d, key->variants, index, node, CFG_TAG, destination);
}

/* One name of a CFG_NAMED list, given at `place`. `places` are those of the items so far. */
static bool decode_named_item(decoder *d, const cfg_key *key, const char *name, diag_place *places,
			      const diag_place *place, cfg_node *params, cfg_list *destination)
{
	cfg_variant *items = (cfg_variant *)destination->items;
	const cfg_node *outer = d->near;
	text_buffer hint = TEXT_EMPTY;
	const char *nearest;
	char buffer[SHOWN_BYTES];
	size_t index, mark = path_enter(d, name);
	diag_place here = *place;
	bool good = true;

	here.path = path_text(d);
	if (!variants_find(key->variants, name, &index)) {
		text_cut(&d->path, mark);
		here.path = path_text(d);
		nearest = variants_nearest(key->variants, name);
		add_nearest(&hint, nearest);
		text_add(&hint, "choices: ");
		list_variants(key->variants, &hint);
		diag_add(d->diag, NESCSIM_ERROR, NESCSIM_CONFIG, &here, text_get(&hint), "unknown name '%s'",
			 shown(name, buffer));
		text_free(&hint);
		return false;
	}
	for (size_t i = 0; i < destination->num; i++) {
		if (items[i].index == (int)index) {
			diag_add(d->diag, NESCSIM_ERROR, NESCSIM_CONFIG, &here, NULL,
				 "listed twice, first at %s:%zu:%zu", places[i].file, places[i].line, places[i].column);
			good = false;
		}
	}
	if (params && !node_is_null(params) && params->type != NODE_MAPPING) {
		good = fail(d, params, NULL, "expected a mapping, not %s",
			    params->type == NODE_SCALAR ? "a single value" : "a list");
	} else if (good) {
		good = decode_params(d, key->variants, index, params, NULL, &items[destination->num]);
		places[destination->num++] = *place;
	}
	d->near = outer;
	text_cut(&d->path, mark);
	return good;
}

/* Where overrides alone made a mapping ("schemes.nesc.x=1" with no schemes in the document), they speak about the
 * default list: returns that list with their parameters in it. */
static cfg_node *named_from_default(decoder *d, const cfg_key *key, cfg_node *overrides)
{
	cfg_node *list = default_node(d, key);

	for (size_t i = 0; list && list->type == NODE_SEQUENCE && i < overrides->num; i++) {
		cfg_entry *entry = &overrides->entries[i];
		cfg_node **item = node_find_named(list, entry->key), *pair, *params = NULL;

		if (!item && entry->value->implied)
			continue; /* reported by the caller, which knows the place */
		if (item)
			node_item_name(*item, &params);
		pair = node_create(d->memory, NODE_MAPPING, entry->source, entry->line, entry->column, OVERRIDE_LAYER);
		if (!pair || !node_set_last(d->memory, pair, entry))
			return NULL;
		pair->entries[0].value = node_merge(d->memory, params, entry->value);
		if (!pair->entries[0].value)
			return NULL;
		if (item)
			*item = pair;
		else if (!node_append(d->memory, list, pair))
			return NULL;
	}
	return list;
}

static bool fail_unlisted(decoder *d, const cfg_entry *entry, const cfg_node *list)
{
	size_t mark = path_enter(d, entry->key);
	diag_place place = entry_place(entry, path_text(d));
	text_buffer hint = TEXT_EMPTY;
	bool any = false;

	text_add(&hint, "it lists ");
	for (size_t i = 0; i < list->num; i++) {
		cfg_node *params;
		const char *name = NULL;

		if (list->type == NODE_SEQUENCE)
			name = node_item_name(list->items[i], &params);
		else if (!list->entries[i].value->implied)
			name = list->entries[i].key;
		if (name)
			text_add(&hint, "%s%s", any ? ", " : "", name);
		any = any || name;
	}
	diag_add(d->diag, NESCSIM_ERROR, NESCSIM_CONFIG, &place, text_get(&hint), "the list has no such name");
	text_free(&hint);
	text_cut(&d->path, mark);
	return false;
}

static bool decode_named(decoder *d, const cfg_key *key, cfg_node *node, cfg_list *destination)
{
	diag_place *places;
	bool good = true;

	if (node->type == NODE_MAPPING && node->implied && key->default_text) {
		cfg_node *list = named_from_default(d, key, node);

		if (!list) {
			d->no_memory = true;
			return false;
		}
		for (size_t i = 0; list->type == NODE_SEQUENCE && i < node->num; i++) {
			if (!node_find_named(list, node->entries[i].key))
				good = fail_unlisted(d, &node->entries[i], list);
		}
		node = list;
	}
	if (node->type == NODE_SCALAR)
		return fail_type(d, key, node);
	destination->num = 0;
	destination->items = take(d, node->num * sizeof(cfg_variant));
	places = (diag_place *)take(d, node->num * sizeof(*places));
	if (!destination->items || !places)
		return false;
	for (size_t i = 0; i < node->num; i++) {
		cfg_node *params = NULL;
		const char *name;
		diag_place place;

		if (node->type == NODE_MAPPING) {
			name = node->entries[i].key;
			params = node->entries[i].value;
			place = entry_place(&node->entries[i], NULL);
			if (params->implied && !node->implied && variants_find(key->variants, name, NULL)) {
				good = fail_unlisted(d, &node->entries[i], node);
				continue;
			}
		} else {
			name = node_item_name(node->items[i], &params);
			place = node_place(node->items[i], NULL);
			if (!name) {
				good = fail(d, node->items[i], "[a, b] or [a, {b: {...}}]",
					    "each item must be one name, or one name with its parameters");
				continue;
			}
		}
		good &= decode_named_item(d, key, name, places, &place, params, destination);
	}
	return good;
}

/* --- sections --- */

static bool decode_value(decoder *d, const cfg_key *key, cfg_node *node, void *destination)
{
	units_kind kind;

	if (!node)
		return key->type == CFG_SECTION && decode_section(d, key->section, NULL, NULL, destination);
	switch (key->type) {
	case CFG_SECTION:
		if (!node_is_null(node) && node->type != NODE_MAPPING)
			return fail_type(d, key, node);
		return decode_section(d, key->section, node, NULL, destination);
	case CFG_LIST:
		return decode_list(d, key, node, (cfg_list *)destination);
	case CFG_VARIANT:
		return decode_variant(d, key, node, (cfg_variant *)destination);
	case CFG_NAMED:
		return decode_named(d, key, node, (cfg_list *)destination);
	default:
		break;
	}
	if (node->type != NODE_SCALAR || (node_is_null(node) && key->type != CFG_ENUM))
		return fail_type(d, key, node);
	if (type_units(key->type, &kind))
		return decode_number(d, key, node, kind, (int64_t *)destination);
	if (key->type == CFG_BOOL)
		return decode_bool(d, node, (bool *)destination);
	if (key->type == CFG_ENUM)
		return decode_enum(d, key, node, (int *)destination);
	if (key->type == CFG_PATH)
		return decode_path(d, node, (cfg_path *)destination);
	*(const char **)destination = node->text;
	return true;
}

bool decode_default(cfg_document *document, const cfg_key *key, const char *path, void *destination, nescsim_diag *diag)
{
	decoder d = { .document = document, .memory = &document->memory, .diag = diag, .near = document->root };
	cfg_node *node;
	bool good;

	text_add(&d.path, "%s", path);
	node = default_node(&d, key);
	good = node && decode_value(&d, key, node, destination);
	text_free(&d.path);
	return good;
}

/* A default is our own text: if it is illegal, that is our bug, which tests find by cfg_schema_check(). */
static bool decode_own_default(decoder *d, const cfg_key *key, void *destination)
{
	nescsim_diag *mistakes = nescsim_diag_create();
	bool good;

	if (!mistakes) {
		d->no_memory = true;
		return false;
	}
	good = decode_default(d->document, key, text_get(&d->path), destination, mistakes);
	NESC_ASSERT_ALWAYS(nescsim_diag_count(mistakes) == 0, "default '%s' of '%s': %s", key->default_text,
			   text_get(&d->path), nescsim_diag_at(mistakes, 0)->message);
	nescsim_diag_destroy(mistakes);
	if (!good)
		d->no_memory = true;
	return good;
}

static bool fail_unknown(decoder *d, const cfg_section *section, const cfg_entry *entry, const char *tag)
{
	const char **names = (const char **)calloc(section->num_keys + 1, sizeof(*names));
	diag_place place;
	text_buffer hint = TEXT_EMPTY;
	size_t mark, num_names = 0;
	char buffer[SHOWN_BYTES];
	const char *nearest;

	if (!names) {
		d->no_memory = true;
		return false;
	}
	if (tag)
		names[num_names++] = tag;
	for (size_t i = 0; i < section->num_keys; i++)
		names[num_names++] = section->keys[i].name;
	nearest = diag_nearest(entry->key, names, num_names);
	if (nearest) {
		text_add(&hint, "did you mean '%s'?", nearest);
	} else {
		text_add(&hint, num_names ? "known keys: " : "there are no keys here");
		for (size_t i = 0; i < num_names; i++)
			text_add(&hint, "%s%s", i ? ", " : "", names[i]);
	}
	mark = path_enter(d, shown(entry->key, buffer));
	place = entry_place(entry, path_text(d));
	diag_add(d->diag, NESCSIM_ERROR, NESCSIM_CONFIG, &place, text_get(&hint), "unknown key");
	text_cut(&d->path, mark);
	text_free(&hint);
	free(names);
	return false;
}

static const cfg_key *section_find(const cfg_section *section, const char *name)
{
	for (size_t i = 0; i < section->num_keys; i++) {
		if (strcmp(section->keys[i].name, name) == 0)
			return &section->keys[i];
	}
	return NULL;
}

/* `node` is a mapping, an empty value or NULL (all defaults). `skipped_key` (a variant's tag) was read already. */
static bool decode_section(decoder *d, const cfg_section *section, cfg_node *node, const char *skipped_key,
			   void *destination)
{
	unsigned char *base = (unsigned char *)destination;
	const cfg_node *outer = d->near;
	cfg_node *mapping = node_is_null(node) ? NULL : node;
	bool good = true;

	if (node)
		d->near = node;
	memset(destination, 0, section->struct_bytes);
	/* First what is there, in the document's order, then what is not. */
	for (size_t i = 0; mapping && i < mapping->num; i++) {
		const cfg_entry *entry = &mapping->entries[i];
		const cfg_key *key = section_find(section, entry->key);
		size_t mark;

		if (skipped_key && strcmp(entry->key, skipped_key) == 0)
			continue;
		if (!key) {
			good = fail_unknown(d, section, entry, skipped_key);
			continue;
		}
		mark = path_enter(d, key->name);
		good &= decode_value(d, key, entry->value, base + key->offset_in_struct);
		text_cut(&d->path, mark);
	}
	for (size_t i = 0; i < section->num_keys; i++) {
		const cfg_key *key = &section->keys[i];
		size_t mark;

		if (node_find(mapping, key->name))
			continue;
		mark = path_enter(d, key->name);
		if (key->type == CFG_SECTION)
			good &= decode_section(d, key->section, NULL, NULL, base + key->offset_in_struct);
		else if (key->default_text)
			good &= decode_own_default(d, key, base + key->offset_in_struct);
		else
			good = fail(d, NULL, key->help, "missing required key");
		text_cut(&d->path, mark);
	}
	if (good && section->check) {
		cfg_check check = { .decoder = d, .node = mapping };

		section->check(destination, &check);
		good = !check.failed;
	}
	d->near = outer;
	return good;
}

void cfg_conflict(cfg_check *check, const char *key, const char *hint, const char *format, ...)
{
	decoder *d = check->decoder;
	const cfg_node *node = check->node ? node_walk(check->node, key) : NULL;
	size_t mark = d->path.num_bytes;
	text_buffer message = TEXT_EMPTY;
	va_list arguments;

	check->failed = true;
	va_start(arguments, format);
	text_add_va(&message, format, arguments);
	va_end(arguments);
	if (*key)
		path_enter(d, key);
	fail(d, node, hint, "%s", text_get(&message));
	text_cut(&d->path, mark);
	text_free(&message);
}

nescsim_status cfg_decode(cfg_document *document, const cfg_section *section, void *value_out, nescsim_diag *diag)
{
	decoder d = { .document = document, .memory = &document->memory, .diag = diag, .near = document->root };
	bool good = decode_section(&d, section, document->root, NULL, value_out);

	if (!text_ok(&d.path))
		d.no_memory = true;
	text_free(&d.path);
	if (good)
		return NESCSIM_OK;
	return d.no_memory || document->memory.failed ? NESCSIM_NO_MEMORY : NESCSIM_CONFIG;
}
