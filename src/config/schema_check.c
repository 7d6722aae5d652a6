#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "config/tree.h"
#include "config/types.h"

typedef struct checker {
	cfg_document *document; /* an empty one, for decoding defaults */
	nescsim_diag *diag;
	text_buffer path;
	bool failed;
} checker;

static void wrong(checker *c, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void wrong(checker *c, const char *format, ...)
{
	const diag_place place = { .path = text_get(&c->path) };
	va_list arguments;

	c->failed = true;
	va_start(arguments, format);
	diag_add_va(c->diag, NESCSIM_ERROR, NESCSIM_CONFIG, &place, NULL, format, arguments);
	va_end(arguments);
}

static bool is_name(const char *name)
{
	return name && *name && name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_")] == '\0';
}

static bool is_empty(const char *words)
{
	return !words || !*words;
}

/* A list of choices that is longer than this has probably lost its NULL. */
#define MAX_CHOICES 64

static void check_choices(checker *c, const cfg_key *key)
{
	size_t num = 0;

	if (!key->choices) {
		wrong(c, "has no choices");
		return;
	}
	for (; key->choices[num] && num < MAX_CHOICES; num++) {
		if (!is_name(key->choices[num]))
			wrong(c, "the choice '%s' is no name", key->choices[num]);
		for (size_t i = 0; i < num; i++) {
			if (strcmp(key->choices[i], key->choices[num]) == 0)
				wrong(c, "the choice '%s' is listed twice", key->choices[num]);
		}
	}
	if (num == 0 || num == MAX_CHOICES)
		wrong(c, num ? "the choices do not end with NULL" : "has no choices");
}

/* False when the limit is no quantity of the row's dimension. */
static bool check_limit(checker *c, const cfg_key *key, units_kind kind, const char *limit_text)
{
	int64_t value;

	if (!limit_text || units_parse(kind, key->decimal_scale, limit_text, &value) == UNITS_OK)
		return true;
	wrong(c, "the limit '%s' is not %s", limit_text, units_kind_name(kind));
	return false;
}

static bool is_power_of_ten(int64_t value)
{
	while (value > 0 && value % 10 == 0)
		value /= 10;
	return value == 1;
}

/* False when the row is so wrong that its default cannot be tried. */
static bool check_number(checker *c, const cfg_key *key, units_kind kind)
{
	if (kind == UNITS_DECIMAL && !is_power_of_ten(key->decimal_scale)) {
		wrong(c, "the decimal_scale is not a power of ten");
		return false;
	}
	if (!check_limit(c, key, kind, key->min_text) || !check_limit(c, key, kind, key->max_text))
		return false;
	if (key_min(key) > key_max(key))
		wrong(c, "the minimum is above the maximum");
	return true;
}

/* Which row owns each byte of a struct. */
typedef struct layout {
	size_t struct_bytes;
	const cfg_key **owners; /* NULL when out of memory: overlaps are not looked for then */
} layout;

static void check_section(checker *c, const cfg_section *section, const char *reserved, const layout *outer);

static void check_variants(checker *c, const cfg_key *key)
{
	const cfg_variants *variants = key->variants;
	size_t mark = c->path.num_bytes;

	if (!variants || variants->num_rows == 0) {
		wrong(c, "has no variants");
		return;
	}
	if (key->type == CFG_VARIANT && (!variants->tag || strcmp(variants->tag, CFG_TAG) != 0))
		wrong(c, "the tag must be '%s'", CFG_TAG);
	if (variants->default_name && !variants_find(variants, variants->default_name, NULL))
		wrong(c, "the default name '%s' is no variant", variants->default_name);
	for (size_t i = 0; i < variants->num_rows; i++) {
		const cfg_variant_row *row = &variants->rows[i];
		size_t first = 0;

		text_add(&c->path, ".%s", row->name ? row->name : "?");
		if (!is_name(row->name))
			wrong(c, "the name must be of a-z, 0-9 and _");
		else if (variants_find(variants, row->name, &first) && first != i)
			wrong(c, "listed twice");
		if (is_empty(row->help))
			wrong(c, "has no help");
		if (row->section)
			check_section(c, row->section, key->type == CFG_VARIANT ? CFG_TAG : NULL, NULL);
		text_cut(&c->path, mark);
	}
}

static void check_default(checker *c, const cfg_key *key)
{
	void *value = malloc(type_bytes(key) ? type_bytes(key) : 1);

	if (value && !decode_default(c->document, key, text_get(&c->path), value, c->diag))
		c->failed = true;
	free(value);
}

static void check_row(checker *c, const cfg_key *key, const layout *in, bool is_element)
{
	bool failed_before = c->failed, whole = true;
	size_t mark = c->path.num_bytes;
	units_kind kind;

	c->failed = false;
	if (key->type == CFG_SECTION && !key->section) {
		wrong(c, "has no section");
	} else if (key->type == CFG_SECTION) {
		check_section(c, key->section, NULL, key->offset_in_struct == 0 ? in : NULL);
	} else if (key->type == CFG_LIST && !key->element) {
		wrong(c, "has no element");
	} else if (key->type == CFG_LIST) {
		text_add(&c->path, "[]");
		check_row(c, key->element, NULL, true);
		text_cut(&c->path, mark);
	} else if (key->type == CFG_VARIANT || key->type == CFG_NAMED) {
		check_variants(c, key);
	} else if (key->type == CFG_ENUM) {
		check_choices(c, key);
	} else if (type_units(key->type, &kind)) {
		whole = check_number(c, key, kind);
	}
	if (key->power_of_two && !type_units(key->type, &kind))
		wrong(c, "power_of_two is for numbers");
	if (key->one_or_list && key->type != CFG_LIST)
		wrong(c, "one_or_list is for lists");
	/* The default of a composite row is tried only when all below it is well: else it would assert. */
	if (!is_element && key->type != CFG_SECTION && key->default_text && whole && !c->failed)
		check_default(c, key);
	if (!is_element && is_empty(key->help))
		wrong(c, "has no help");
	if (!is_element && key->type != CFG_SECTION && key->default_text && is_empty(key->source))
		wrong(c, "the default has no source");
	c->failed = c->failed || failed_before;
}

static void check_member(checker *c, const layout *in, const cfg_key *key)
{
	size_t end = key->offset_in_struct + type_bytes(key);
	const cfg_key *other = NULL;

	if (end > in->struct_bytes) {
		wrong(c, "lies outside the struct");
		return;
	}
	if (key->offset_in_struct % type_alignment(key))
		wrong(c, "its member is misaligned");
	for (size_t i = key->offset_in_struct; in->owners && i < end; i++) {
		if (in->owners[i] && in->owners[i] != other) {
			other = in->owners[i];
			wrong(c, "its member overlaps that of '%s'", other->name);
		}
		in->owners[i] = key;
	}
}

static void check_keys(checker *c, const cfg_section *section, const char *reserved, const layout *in)
{
	for (size_t i = 0; i < section->num_keys; i++) {
		const cfg_key *key = &section->keys[i];
		size_t mark = c->path.num_bytes;

		text_add(&c->path, "%s%s", mark ? "." : "", key->name ? key->name : "?");
		if (!is_name(key->name))
			wrong(c, "the name must be of a-z, 0-9 and _");
		else if ((reserved && strcmp(key->name, reserved) == 0) || strcmp(key->name, CFG_TAG) == 0)
			wrong(c, "the name is reserved");
		for (size_t j = 0; j < i && key->name; j++) {
			if (section->keys[j].name && strcmp(key->name, section->keys[j].name) == 0)
				wrong(c, "listed twice");
		}
		if (is_name(key->name) && (key->type != CFG_SECTION || key->section))
			check_member(c, in, key);
		check_row(c, key, in, false);
		text_cut(&c->path, mark);
	}
}

/* `reserved`: a name that no key of this section may have, or NULL. `outer`: the struct that a section without one of
 * its own (struct_bytes 0) lies in, or NULL. */
static void check_section(checker *c, const cfg_section *section, const char *reserved, const layout *outer)
{
	layout own = { .struct_bytes = section->struct_bytes };

	if (section->struct_bytes == 0 && outer) {
		check_keys(c, section, reserved, outer);
		return;
	}
	own.owners = (const cfg_key **)calloc(own.struct_bytes + 1, sizeof(*own.owners));
	check_keys(c, section, reserved, &own);
	free(own.owners);
}

static bool has_required(const cfg_section *section)
{
	for (size_t i = 0; i < section->num_keys; i++) {
		const cfg_key *key = &section->keys[i];

		if (key->type == CFG_SECTION ? has_required(key->section) : !key->default_text)
			return true;
	}
	return false;
}

/* The defaults together must pass the sections' own checks. (Kinds that only a user chooses may ask for more.) */
static void check_defaults_together(checker *c, const cfg_section *section)
{
	/* A section without a struct of its own is tried with the one around it. */
	if (section->struct_bytes > 0 && !has_required(section)) {
		void *value = malloc(section->struct_bytes);

		if (value && cfg_decode(c->document, section, value, c->diag) != NESCSIM_OK)
			c->failed = true;
		free(value);
	}
	for (size_t i = 0; i < section->num_keys; i++) {
		const cfg_key *key = &section->keys[i];

		if (key->type == CFG_SECTION && has_required(section))
			check_defaults_together(c, key->section);
	}
}

nescsim_status cfg_schema_check(const cfg_section *section, nescsim_diag *diag)
{
	checker c = { .diag = diag };
	bool no_memory;

	if (cfg_load_text("defaults", "", NULL, 0, NULL, &c.document) != NESCSIM_OK)
		return NESCSIM_NO_MEMORY;
	check_section(&c, section, "base", NULL);
	if (!c.failed)
		check_defaults_together(&c, section);
	no_memory = !text_ok(&c.path) || c.document->memory.failed;
	text_free(&c.path);
	cfg_document_destroy(c.document);
	return no_memory ? NESCSIM_NO_MEMORY : c.failed ? NESCSIM_CONFIG : NESCSIM_OK;
}
