/* What an effective configuration has otherwise than the schema's defaults. The JSON that cfg_dump_json() writes has the
 * schema's shape, so that both are walked side by side; defaults are decoded and dumped the same way, which makes equal values
 * equal texts. */
#include <inttypes.h>
#include <string.h>

#include "base/text.h"
#include "config/config.h"
#include "config/tree.h"
#include "config/types.h"

typedef struct lister {
	cfg_document *document; /* an empty one, for decode_default() */
	void (*on_change)(const cfg_change *change, void *context);
	void *context;
	text_buffer path; /* of the value at hand */
	bool no_memory;
} lister;

static void list_section(lister *self, const cfg_section *section, const char *tag, json_t *object, json_t *defaults);

static void add_value(text_buffer *to, json_t *value)
{
	const char *key;
	json_t *item;
	size_t index;
	bool first = true;

	if (json_is_string(value)) {
		text_add(to, "%s", json_string_value(value));
	} else if (json_is_boolean(value)) {
		text_add(to, "%s", json_is_true(value) ? "true" : "false");
	} else if (json_is_integer(value)) {
		text_add(to, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
	} else if (json_is_array(value)) {
		text_add(to, "[");
		json_array_foreach(value, index, item)
		{
			text_add(to, "%s", index == 0 ? "" : ", ");
			add_value(to, item);
		}
		text_add(to, "]");
	} else if (json_is_object(value)) {
		text_add(to, "{");
		json_object_foreach(value, key, item)
		{
			text_add(to, "%s%s: ", first ? "" : ", ", key);
			add_value(to, item);
			first = false;
		}
		text_add(to, "}");
	}
}

/* Shows a change at the path at hand; `value` and `by_default` (NULL = none) are texts or JSON. */
static void show(lister *self, json_t *value, json_t *by_default, const char *help, bool is_file)
{
	text_buffer value_text = TEXT_EMPTY, default_text = TEXT_EMPTY;
	cfg_change change = { .path = text_get(&self->path), .help = help, .is_file = is_file };

	add_value(&value_text, value);
	add_value(&default_text, by_default);
	change.value = text_get(&value_text);
	change.default_text = by_default != NULL ? text_get(&default_text) : NULL;
	if (text_ok(&value_text) && text_ok(&default_text) && text_ok(&self->path))
		self->on_change(&change, self->context);
	else
		self->no_memory = true;
	text_free(&value_text);
	text_free(&default_text);
}

/* The default of a row, a new reference; NULL when it has none. */
static json_t *default_of(lister *self, const cfg_key *key)
{
	json_t *value = NULL;
	void *memory;

	if (key->default_text == NULL)
		return NULL;
	memory = arena_alloc(&self->document->memory, type_bytes(key));
	if (memory != NULL && decode_default(self->document, key, text_get(&self->path), memory, NULL))
		value = dump_value(key, memory);
	self->no_memory = self->no_memory || value == NULL;
	return value;
}

static void list_variant(lister *self, const cfg_key *key, json_t *value, json_t *by_default)
{
	const cfg_variants *variants = key->variants;
	const char *kind = json_string_value(json_object_get(value, variants->tag));
	const char *default_kind = json_string_value(json_object_get(by_default, variants->tag));
	const cfg_variant_row *row = kind != NULL ? variants_find(variants, kind, NULL) : NULL;
	const size_t mark = self->path.num_bytes;
	const bool is_default = default_kind != NULL && kind != NULL && strcmp(kind, default_kind) == 0;

	if (row == NULL) {
		show(self, value, by_default, NULL, false);
		return;
	}
	if (!is_default) {
		json_t *name = variants->default_name != NULL ? json_string(variants->default_name) : NULL;

		if (default_kind != NULL || name == NULL || strcmp(kind, variants->default_name) != 0) {
			text_add(&self->path, ".%s", variants->tag);
			show(self, json_object_get(value, variants->tag),
			     default_kind != NULL ? json_object_get(by_default, variants->tag) : name, row->help,
			     false);
			text_cut(&self->path, mark);
		}
		json_decref(name);
	}
	if (row->section != NULL)
		list_section(self, row->section, variants->tag, value, is_default ? by_default : NULL);
}

static void list_items(lister *self, const cfg_key *key, json_t *array, json_t *by_default)
{
	const cfg_key *element = key->element;
	const size_t mark = self->path.num_bytes;

	if (json_equal(array, by_default))
		return;
	if ((element->type != CFG_SECTION && element->type != CFG_VARIANT) || json_array_size(array) == 0) {
		show(self, array, by_default, key->help, element->type == CFG_PATH);
		return;
	}
	for (size_t i = 0; i < json_array_size(array); i++) {
		json_t *item = json_array_get(array, i);

		text_add(&self->path, "[%zu]", i);
		if (element->type == CFG_SECTION)
			list_section(self, element->section, NULL, item, NULL);
		else
			list_variant(self, element, item, NULL);
		text_cut(&self->path, mark);
	}
}

static json_t *names_of(json_t *object)
{
	json_t *names = json_array(), *params;
	const char *name;

	json_object_foreach(object, name, params) json_array_append_new(names, json_string(name));
	return names;
}

/* Which names, and then what is said of each. */
static void list_named(lister *self, const cfg_key *key, json_t *object, json_t *by_default)
{
	json_t *names = names_of(object), *default_names = by_default != NULL ? names_of(by_default) : NULL;
	const size_t mark = self->path.num_bytes;

	if (!json_equal(names, default_names))
		show(self, names, default_names, key->help, false);
	for (size_t i = 0; i < json_array_size(names); i++) {
		const char *name = json_string_value(json_array_get(names, i));
		const cfg_variant_row *row = variants_find(key->variants, name, NULL);

		text_add(&self->path, ".%s", name);
		if (row == NULL)
			show(self, json_object_get(object, name), NULL, NULL, false);
		else if (row->section != NULL)
			list_section(self, row->section, NULL, json_object_get(object, name), NULL);
		text_cut(&self->path, mark);
	}
	json_decref(names);
	json_decref(default_names);
}

static void list_key(lister *self, const cfg_key *key, json_t *value, json_t *by_default)
{
	switch (key->type) {
	case CFG_SECTION:
		list_section(self, key->section, NULL, value, by_default);
		break;
	case CFG_LIST:
		list_items(self, key, value, by_default);
		break;
	case CFG_VARIANT:
		list_variant(self, key, value, by_default);
		break;
	case CFG_NAMED:
		list_named(self, key, value, by_default);
		break;
	default:
		if (!json_equal(value, by_default))
			show(self, value, by_default, key->help,
			     key->type == CFG_PATH && json_string_length(value) != 0);
	}
}

static const cfg_key *find_key(const cfg_section *section, const char *name)
{
	for (size_t i = 0; i < section->num_keys; i++)
		if (strcmp(section->keys[i].name, name) == 0)
			return &section->keys[i];
	return NULL;
}

/* Compares with `defaults`, an object of the section's shape, or with the rows' own ones. `tag` is no key of the section. */
static void list_section(lister *self, const cfg_section *section, const char *tag, json_t *object, json_t *defaults)
{
	const size_t mark = self->path.num_bytes;
	const char *name;
	json_t *unknown;

	for (size_t i = 0; i < section->num_keys; i++) {
		const cfg_key *key = &section->keys[i];
		json_t *value = json_object_get(object, key->name);
		json_t *by_default;

		if (value == NULL)
			continue;
		text_add(&self->path, "%s%s", mark != 0 ? "." : "", key->name);
		by_default = defaults != NULL           ? json_incref(json_object_get(defaults, key->name))
			     : key->type == CFG_SECTION ? NULL
							: default_of(self, key);
		list_key(self, key, value, by_default);
		json_decref(by_default);
		text_cut(&self->path, mark);
	}
	json_object_foreach(object, name, unknown)
	{
		if (find_key(section, name) != NULL || (tag != NULL && strcmp(tag, name) == 0))
			continue;
		text_add(&self->path, "%s%s", mark != 0 ? "." : "", name);
		show(self, unknown, NULL, NULL, false);
		text_cut(&self->path, mark);
	}
}

nescsim_status cfg_list_changes(const cfg_section *section, json_t *effective,
				void (*on_change)(const cfg_change *change, void *context), void *context)
{
	lister self = { .on_change = on_change, .context = context, .path = TEXT_EMPTY };
	nescsim_status status = cfg_load_text("defaults", "{}", NULL, 0, NULL, &self.document);

	if (status != NESCSIM_OK)
		return NESCSIM_NO_MEMORY;
	list_section(&self, section, NULL, effective, NULL);
	if (!text_ok(&self.path))
		self.no_memory = true;
	text_free(&self.path);
	cfg_document_destroy(self.document);
	return self.no_memory ? NESCSIM_NO_MEMORY : NESCSIM_OK;
}
