#include "config/tree.h"

#include <stdio.h>
#include <string.h>

cfg_node *node_create(arena *memory, node_type type, const cfg_source *source, size_t line, size_t column, int layer)
{
	cfg_node *node = (cfg_node *)arena_alloc(memory, sizeof(*node));

	if (node) {
		node->type = type;
		node->source = source;
		node->line = line;
		node->column = column;
		node->layer = layer;
	}
	return node;
}

/* Makes room for one more element of element_bytes bytes. */
static void *grown(arena *memory, cfg_node *node, void *elements, size_t element_bytes)
{
	void *larger;

	if (node->num < node->capacity)
		return elements;
	node->capacity = node->capacity ? 2 * node->capacity : 4;
	larger = arena_alloc(memory, node->capacity * element_bytes);
	if (larger && node->num)
		memcpy(larger, elements, node->num * element_bytes);
	return larger;
}

bool node_append(arena *memory, cfg_node *sequence, cfg_node *item)
{
	cfg_node **items = (cfg_node **)grown(memory, sequence, sequence->items, sizeof(*items));

	if (!items || !item)
		return false;
	sequence->items = items;
	sequence->items[sequence->num++] = item;
	return true;
}

bool node_set_last(arena *memory, cfg_node *mapping, const cfg_entry *entry)
{
	cfg_entry *entries = (cfg_entry *)grown(memory, mapping, mapping->entries, sizeof(*entries));

	if (!entries)
		return false;
	mapping->entries = entries;
	mapping->entries[mapping->num++] = *entry;
	return true;
}

bool node_is_null(const cfg_node *node)
{
	static const char *const nulls[] = { "", "~", "null", "Null", "NULL" };

	if (!node)
		return true;
	if (node->type != NODE_SCALAR || !node->plain)
		return false;
	for (size_t i = 0; i < sizeof(nulls) / sizeof(nulls[0]); i++) {
		if (strcmp(node->text, nulls[i]) == 0)
			return true;
	}
	return false;
}

static cfg_entry *find_bytes(const cfg_node *mapping, const char *key, size_t key_bytes)
{
	if (!mapping || mapping->type != NODE_MAPPING)
		return NULL;
	for (size_t i = 0; i < mapping->num; i++) {
		cfg_entry *entry = &mapping->entries[i];

		if (strncmp(entry->key, key, key_bytes) == 0 && entry->key[key_bytes] == '\0')
			return entry;
	}
	return NULL;
}

cfg_entry *node_find(const cfg_node *mapping, const char *key)
{
	return find_bytes(mapping, key, strlen(key));
}

const char *node_find_text(const cfg_node *mapping, const char *key)
{
	const cfg_entry *entry = node_find(mapping, key);

	return entry && entry->value->type == NODE_SCALAR ? entry->value->text : NULL;
}

const char *node_item_name(cfg_node *item, cfg_node **params_out)
{
	*params_out = NULL;
	if (item->type == NODE_SCALAR)
		return item->text;
	if (item->type != NODE_MAPPING || item->num != 1)
		return NULL;
	*params_out = item->entries[0].value;
	return item->entries[0].key;
}

static cfg_node **find_named_bytes(const cfg_node *sequence, const char *name, size_t name_bytes)
{
	for (size_t i = 0; i < sequence->num; i++) {
		cfg_node *params;
		const char *item_name = node_item_name(sequence->items[i], &params);

		if (item_name && strlen(item_name) == name_bytes && memcmp(item_name, name, name_bytes) == 0)
			return &sequence->items[i];
	}
	return NULL;
}

cfg_node **node_find_named(cfg_node *sequence, const char *name)
{
	return find_named_bytes(sequence, name, strlen(name));
}

diag_place node_place(const cfg_node *node, const char *path)
{
	if (!node)
		return (diag_place){ .path = path };
	return (diag_place){ .file = node->source->name, .line = node->line, .column = node->column, .path = path };
}

diag_place entry_place(const cfg_entry *entry, const char *path)
{
	return (diag_place){ .file = entry->source->name, .line = entry->line, .column = entry->column, .path = path };
}

/* What `node` still says when everything below `layer` is dropped: a new mapping of the entries that stay. */
static cfg_node *drop_below(arena *memory, const cfg_node *mapping, int layer)
{
	cfg_node *kept =
		node_create(memory, NODE_MAPPING, mapping->source, mapping->line, mapping->column, mapping->layer);

	if (!kept)
		return NULL;
	kept->implied = mapping->implied;
	for (size_t i = 0; i < mapping->num; i++) {
		cfg_entry entry = mapping->entries[i];

		if (entry.value->type == NODE_MAPPING) {
			entry.value = drop_below(memory, entry.value, layer);
			if (!entry.value)
				return NULL;
			if (entry.value->num == 0 && mapping->entries[i].value->layer < layer)
				continue;
		} else if (entry.value->layer < layer) {
			continue;
		}
		if (!node_set_last(memory, kept, &entry))
			return NULL;
	}
	return kept;
}

cfg_node *node_overlay(arena *memory, cfg_node *base, cfg_node *over)
{
	for (size_t i = 0; i < over->num; i++) {
		cfg_entry *entry = node_find(base, over->entries[i].key);
		cfg_node *value;

		if (!entry) {
			if (!node_set_last(memory, base, &over->entries[i]))
				return NULL;
			continue;
		}
		value = node_merge(memory, entry->value, over->entries[i].value);
		if (!value)
			return NULL;
		*entry = over->entries[i];
		entry->value = value;
	}
	base->implied = base->implied && over->implied;
	if (over->line) { /* a file's place helps more than "--set" */
		base->source = over->source;
		base->line = over->line;
		base->column = over->column;
	}
	if (over->layer > base->layer && !over->implied)
		base->layer = over->layer;
	return base;
}

cfg_node *node_merge(arena *memory, cfg_node *base, cfg_node *over)
{
	const char *over_kind, *base_kind;

	if (!over || base == over)
		return base;
	if (!base)
		return over;
	if (base->type == NODE_MAPPING && over->type == NODE_SCALAR && over->plain && !*over->text)
		return base;
	if (base->type != NODE_MAPPING || over->type != NODE_MAPPING)
		return over;
	over_kind = node_find_text(over, CFG_TAG);
	base_kind = node_find_text(base, CFG_TAG);
	if (over_kind && (!base_kind || strcmp(over_kind, base_kind) != 0)) {
		cfg_node *kept = drop_below(memory, base, node_find(over, CFG_TAG)->value->layer);

		if (!kept)
			return NULL;
		if (!base_kind)
			kept->below_kind = base;
		base = kept;
	}
	if (over->below_kind)
		base->below_kind = over->below_kind;
	return node_overlay(memory, base, over);
}

bool path_next(const char **cursor, bool first, path_step *step_out)
{
	const char *c = *cursor;

	*step_out = (path_step){ 0 };
	if (*c == '[' && !first) {
		size_t num_digits = strspn(c + 1, "0123456789");

		if (num_digits == 0 || num_digits > 9 || c[1 + num_digits] != ']')
			return false;
		for (size_t i = 1; i <= num_digits; i++)
			step_out->index = 10 * step_out->index + (size_t)(c[i] - '0');
		*cursor = c + num_digits + 2;
		return **cursor == '\0' || **cursor == '.' || **cursor == '[';
	}
	if (!first) {
		if (*c != '.')
			return false;
		c++;
	}
	step_out->name = c;
	step_out->name_bytes = strcspn(c, ".[]");
	*cursor = c + step_out->name_bytes;
	return step_out->name_bytes > 0 && **cursor != ']';
}

const cfg_node *node_walk(const cfg_node *from, const char *path)
{
	path_step step;
	bool first = true;

	while (from && *path && path_next(&path, first, &step)) {
		const cfg_node *next = NULL;

		first = false;
		if (!step.name) {
			if (from->type == NODE_SEQUENCE && step.index < from->num)
				next = from->items[step.index];
		} else if (from->type == NODE_MAPPING) {
			const cfg_entry *entry = find_bytes(from, step.name, step.name_bytes);

			next = entry ? entry->value : NULL;
		} else if (from->type == NODE_SEQUENCE) {
			cfg_node *const *item = find_named_bytes(from, step.name, step.name_bytes);
			cfg_node *params = NULL;

			if (item)
				node_item_name(*item, &params);
			next = params ? params : item ? *item : NULL;
		}
		if (!next)
			break;
		from = next;
	}
	return from;
}

const char *shown(const char *value, char buffer[SHOWN_BYTES])
{
	size_t length = strlen(value);

	if (length < SHOWN_BYTES)
		return value;
	length = SHOWN_BYTES - 4;
	while (length > 0 && ((unsigned char)value[length] & 0xc0) == 0x80)
		length--; /* not in the middle of a UTF-8 character */
	snprintf(buffer, SHOWN_BYTES, "%.*s...", (int)length, value);
	return buffer;
}
