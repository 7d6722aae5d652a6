/* `--set path=value`: each override is a one-key mapping merged over the document, with two comforts: missing
 * mappings are made, and a name reaches into a list of names ([host, nesc]).
 */
#include <string.h>

#include "config/tree.h"

typedef struct setter {
	cfg_document *document;
	arena *memory;
	nescsim_diag *diag;
	const cfg_source *source;
	const char *path;
} setter;

static nescsim_status fail_at(const setter *s, const char *hint, const char *message)
{
	const diag_place place = { .file = s->source->name, .path = s->path };

	return diag_add(s->diag, NESCSIM_ERROR, NESCSIM_CONFIG, &place, hint, "%s", message);
}

static cfg_node *new_mapping(const setter *s, bool implied)
{
	cfg_node *node = node_create(s->memory, NODE_MAPPING, s->source, 0, 0, OVERRIDE_LAYER);

	if (node)
		node->implied = implied;
	return node;
}

/* {key: value}; an implied one, so that merging it says no more than that. */
static cfg_node *new_pair(const setter *s, const char *key, cfg_node *value)
{
	cfg_node *node = new_mapping(s, true);
	const cfg_entry entry = { .key = key, .source = s->source, .value = value };

	return node && value && node_set_last(s->memory, node, &entry) ? node : NULL;
}

static nescsim_status fail_unlisted(const setter *s, const cfg_node *sequence, const char *name)
{
	const diag_place place = { .file = s->source->name, .path = s->path };
	text_buffer hint = TEXT_EMPTY;

	text_add(&hint, "it lists");
	for (size_t i = 0; i < sequence->num; i++) {
		cfg_node *params;
		const char *item_name = node_item_name(sequence->items[i], &params);
		char buffer[SHOWN_BYTES];

		if (item_name)
			text_add(&hint, "%s %s", i ? "," : "", shown(item_name, buffer));
	}
	if (sequence->num == 0)
		text_add(&hint, " nothing");
	diag_add(s->diag, NESCSIM_ERROR, NESCSIM_CONFIG, &place, text_get(&hint), "the list has no '%s'", name);
	text_free(&hint);
	return NESCSIM_CONFIG;
}

/* Moves *slot to where the parameters of the named item are kept, turning `name` into `{name: {}}`. */
static nescsim_status enter_named(const setter *s, cfg_node ***slot, const char *name)
{
	cfg_node **item = node_find_named(**slot, name);

	if (!item)
		return fail_unlisted(s, **slot, name);
	if ((*item)->type == NODE_SCALAR) {
		cfg_node *pair = new_pair(s, name, new_mapping(s, true));

		if (!pair)
			return NESCSIM_NO_MEMORY;
		*item = pair;
	}
	*slot = &(*item)->entries[0].value;
	return NESCSIM_OK;
}

/* Makes *slot something that a name can be looked up in. */
static nescsim_status open_for_name(const setter *s, cfg_node **slot)
{
	cfg_node *node = *slot;

	if (node->type != NODE_SCALAR)
		return NESCSIM_OK;
	if (node_is_null(node)) {
		*slot = new_mapping(s, false);
	} else {
		/* "media: nand" is short for "media: {kind: nand}". */
		cfg_node *pair = new_pair(s, CFG_TAG, node);

		if (pair)
			pair->implied = false;
		*slot = pair;
	}
	return *slot ? NESCSIM_OK : NESCSIM_NO_MEMORY;
}

static nescsim_status enter_name(const setter *s, cfg_node ***slot, const char *name)
{
	nescsim_status status = open_for_name(s, *slot);
	cfg_entry *entry;

	if (status != NESCSIM_OK)
		return status;
	if ((**slot)->type == NODE_SEQUENCE)
		return enter_named(s, slot, name);
	entry = node_find(**slot, name);
	if (!entry) {
		const cfg_entry created = { .key = name, .source = s->source, .value = new_mapping(s, true) };

		if (!created.value || !node_set_last(s->memory, **slot, &created))
			return NESCSIM_NO_MEMORY;
		entry = &(**slot)->entries[(**slot)->num - 1];
	}
	*slot = &entry->value;
	return NESCSIM_OK;
}

static nescsim_status enter_index(const setter *s, cfg_node ***slot, size_t index)
{
	const diag_place place = { .file = s->source->name, .path = s->path };
	cfg_node *node = **slot;

	if (node->type == NODE_MAPPING && node->implied && node->num == 0)
		return fail_at(s, NULL, "the document does not give this list, so that it has no elements");
	if (node->type != NODE_SEQUENCE)
		return fail_at(s, "[0] takes an element of a list", "there is no list here");
	if (index >= node->num)
		return diag_add(s->diag, NESCSIM_ERROR, NESCSIM_CONFIG, &place, "the first element is [0]",
				"element %zu of a list of %zu", index, node->num);
	*slot = &node->items[index];
	return NESCSIM_OK;
}

/* Puts the value at the last name of the path. */
static nescsim_status set_name(const setter *s, cfg_node **slot, const char *name, cfg_node *value)
{
	nescsim_status status = open_for_name(s, slot);
	cfg_node *pair;

	if (status != NESCSIM_OK)
		return status;
	if ((*slot)->type == NODE_SEQUENCE && node_find_named(*slot, name)) {
		status = enter_named(s, &slot, name);
		if (status != NESCSIM_OK)
			return status;
		*slot = node_merge(s->memory, *slot, value);
		return *slot ? NESCSIM_OK : NESCSIM_NO_MEMORY;
	}
	pair = new_pair(s, name, value);
	if (!pair)
		return NESCSIM_NO_MEMORY;
	if ((*slot)->type == NODE_SEQUENCE)
		return node_append(s->memory, *slot, pair) ? NESCSIM_OK : NESCSIM_NO_MEMORY;
	*slot = node_merge(s->memory, *slot, pair);
	return *slot ? NESCSIM_OK : NESCSIM_NO_MEMORY;
}

/* Checks the whole path before anything is changed. */
static nescsim_status check_path(const setter *s)
{
	const char *cursor = s->path;
	path_step step;
	int num_steps = 0;

	do {
		if (!path_next(&cursor, num_steps == 0, &step))
			return fail_at(s, "a path looks like a.b[0].c", "malformed path");
		if (++num_steps > MAX_DEPTH)
			return fail_at(s, NULL, "the path is too long");
	} while (*cursor);
	if (num_steps == 1 && strcmp(s->path, "base") == 0)
		return fail_at(s, "name it in the file", "the base of a file cannot be overridden");
	return NESCSIM_OK;
}

static nescsim_status apply_one(setter *s, const cfg_override *override)
{
	nescsim_status status = check_path(s);
	const char *cursor = s->path;
	cfg_node *value = NULL, **slot = &s->document->root;
	bool first = true;

	if (status != NESCSIM_OK)
		return status;
	status = yaml_parse(s->memory, s->source, OVERRIDE_LAYER, s->path, override->value, strlen(override->value),
			    s->diag, &value);
	if (status != NESCSIM_OK)
		return status;
	if (!value) {
		value = node_create(s->memory, NODE_SCALAR, s->source, 0, 0, OVERRIDE_LAYER);
		if (!value)
			return NESCSIM_NO_MEMORY;
		value->text = "";
		value->plain = true;
	}
	while (status == NESCSIM_OK) {
		const char *name = NULL;
		path_step step;

		path_next(&cursor, first, &step);
		first = false;
		if (step.name) {
			name = arena_copy(s->memory, step.name, step.name_bytes);
			if (!name)
				return NESCSIM_NO_MEMORY;
		}
		if (*cursor == '\0' && name)
			return set_name(s, slot, name, value);
		status = name ? enter_name(s, &slot, name) : enter_index(s, &slot, step.index);
		if (*cursor == '\0' && status == NESCSIM_OK) {
			*slot = node_merge(s->memory, *slot, value);
			return *slot ? NESCSIM_OK : NESCSIM_NO_MEMORY;
		}
	}
	return status;
}

nescsim_status override_apply(cfg_document *document, const cfg_override *overrides, size_t num_overrides,
			      nescsim_diag *diag)
{
	cfg_source *sources = arena_alloc(&document->memory, (num_overrides + 1) * sizeof(*sources));
	nescsim_status result = sources ? NESCSIM_OK : NESCSIM_NO_MEMORY;

	for (size_t i = 0; sources && i < num_overrides; i++) {
		const char *folder = overrides[i].folder ? overrides[i].folder : "";
		setter s = { .document = document, .memory = &document->memory, .diag = diag, .source = &sources[i] };
		nescsim_status status = NESCSIM_NO_MEMORY;

		sources[i] = (cfg_source){ .name = "--set",
					   .folder = arena_copy(&document->memory, folder, strlen(folder)) };
		s.path = arena_copy(&document->memory, overrides[i].path, strlen(overrides[i].path));
		if (s.path && sources[i].folder)
			status = apply_one(&s, &overrides[i]);
		if (result == NESCSIM_OK)
			result = status;
	}
	return result;
}
