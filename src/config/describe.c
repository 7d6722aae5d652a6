#include <stdlib.h>
#include <string.h>

#include "config/config.h"
#include "config/types.h"

#define LINE_COLUMNS 100

/* What one walk over the schema does with each row. */
typedef struct describer {
	const char *wanted; /* normalised path; NULL = everything */
	const char *from;   /* what a key's source must begin with; NULL = anything */
	FILE *out;          /* NULL = collect the paths only */
	text_buffer path;   /* "vms[].disk.bytes" */
	text_buffer kinds;  /* the variants that the path goes through: "media.kind = nand" */
	size_t num_found, num_written;
	char **paths; /* all normalised paths, when collecting */
	size_t num_paths, capacity;
	bool failed;
} describer;

/* The path without its [...] parts. */
static char *normalised(const char *path)
{
	char *copy = (char *)malloc(strlen(path) + 1), *to = copy;
	bool inside = false;

	if (!copy)
		return NULL;
	for (; *path; path++) {
		inside = *path == '[' || (inside && path[-1] != ']');
		if (!inside)
			*to++ = *path;
	}
	*to = '\0';
	return copy;
}

static bool is_wanted_source(const describer *d, const cfg_key *key)
{
	return !d->from || (key->source && strncmp(key->source, d->from, strlen(d->from)) == 0);
}

static bool is_wanted(const describer *d, const char *path)
{
	size_t length = d->wanted ? strlen(d->wanted) : 0;

	return !d->wanted || (strncmp(path, d->wanted, length) == 0 && (path[length] == '\0' || path[length] == '.'));
}

/* Prints words at four blanks, broken at LINE_COLUMNS. */
static void write_wrapped(FILE *out, const char *label, const char *words)
{
	int column = fprintf(out, "    %-8s ", label);
	const int indent = column;
	bool first = true;

	while (*words) {
		int length = (int)strcspn(words, " ");

		if (!first && column + 1 + length > LINE_COLUMNS) {
			fprintf(out, "\n%*s", indent, "");
			column = indent;
			first = true;
		}
		column += fprintf(out, "%s%.*s", first ? "" : " ", length, words);
		first = false;
		words += length;
		words += strspn(words, " ");
	}
	fputc('\n', out);
}

static void write_type(const cfg_key *key, text_buffer *line)
{
	units_kind kind;

	if (key->type == CFG_ENUM) {
		text_add(line, "one of ");
		list_choices(key->choices, line);
	} else if (key->type == CFG_VARIANT) {
		text_add(line, "a mapping whose %s is one of ", key->variants->tag);
		list_variants(key->variants, line);
	} else if (key->type == CFG_NAMED) {
		text_add(line, "a list of names, each with its own keys: ");
		list_variants(key->variants, line);
	} else if (key->type == CFG_LIST && key->element->type == CFG_ENUM) {
		text_add(line, "a list of ");
		list_choices(key->element->choices, line);
	} else if (key->type == CFG_LIST) {
		text_add(line, key->one_or_list ? "%s, or a list of such" : "a list; each element is %s",
			 type_name(key->element->type));
	} else {
		text_add(line, "%s", type_name(key->type));
	}
	if (type_units(key->type, &kind) && *units_list(kind))
		text_add(line, " (%s)", units_list(kind));
	if (key->power_of_two)
		text_add(line, ", a power of two");
}

static void write_path(describer *d)
{
	fprintf(d->out, "%s%s", d->num_written++ != 0 ? "\n" : "", text_get(&d->path));
	if (d->kinds.num_bytes)
		fprintf(d->out, "   (%s)", text_get(&d->kinds));
	fputc('\n', d->out);
}

static void write_row(describer *d, const cfg_key *key)
{
	text_buffer line = TEXT_EMPTY;
	units_kind kind;

	write_path(d);
	write_type(key, &line);
	write_wrapped(d->out, "type", text_get(&line));
	if (key->type != CFG_SECTION)
		write_wrapped(d->out, "default",
			      !key->default_text   ? "none: must be given"
			      : *key->default_text ? key->default_text
						   : "\"\" (none)");
	if (type_units(key->type, &kind)) {
		text_cut(&line, 0);
		key_range(key, &line);
		write_wrapped(d->out, "range", text_get(&line));
	}
	if (key->source && *key->source)
		write_wrapped(d->out, "source", key->source);
	write_wrapped(d->out, "help", key->help ? key->help : "");
	text_free(&line);
}

/* The variant that is chosen when nobody chooses: default_text is "x", "{tag: x, ...}" or names none. */
static const char *default_variant(const cfg_key *key)
{
	const cfg_variants *variants = key->variants;
	const char *text = key->default_text;

	for (size_t i = 0; text && i < variants->num_rows; i++) {
		const char *name = variants->rows[i].name;
		const char *at = *text == '{' ? strstr(text, variants->tag) : NULL;
		const size_t length = strlen(name);

		at = at ? at + strlen(variants->tag) + strspn(at + strlen(variants->tag), ": ") : text;
		if (strncmp(at, name, length) == 0 && strcspn(at, ",} ") == length)
			return name;
	}
	return variants->default_name ? variants->default_name : "none: must be given";
}

/* The key that chooses the variant: no row of the schema, but a key to its users. */
static void write_tag(describer *d, const cfg_key *key)
{
	const cfg_variants *variants = key->variants;
	text_buffer line = TEXT_EMPTY;

	write_path(d);
	text_add(&line, "one of ");
	list_variants(variants, &line);
	write_wrapped(d->out, "type", text_get(&line));
	write_wrapped(d->out, "default", default_variant(key));
	if (key->source && *key->source)
		write_wrapped(d->out, "source", key->source);
	for (size_t i = 0; i < variants->num_rows; i++) {
		text_cut(&line, 0);
		text_add(&line, "%s: %s", variants->rows[i].name, variants->rows[i].help);
		write_wrapped(d->out, i == 0 ? "help" : "", text_get(&line));
	}
	text_free(&line);
}

/* Notes the path, in its normalised form. */
static void collect(describer *d)
{
	char *path = normalised(text_get(&d->path));

	if (d->num_paths == d->capacity) {
		size_t capacity = d->capacity ? 2 * d->capacity : 64;
		void *paths = realloc(d->paths, capacity * sizeof(*d->paths));

		if (!paths || !path) {
			free(path);
			if (paths)
				d->paths = (char **)paths;
			d->failed = true;
			return;
		}
		d->paths = (char **)paths;
		d->capacity = capacity;
	}
	if (path)
		d->paths[d->num_paths++] = path;
	else
		d->failed = true;
}

static void walk_section(describer *d, const cfg_section *section);

/* The tag is described when it is what is wanted; with its mapping, the mapping's row says the same, if it has one: elements of
 * lists have none. */
static void walk_tag(describer *d, const cfg_key *key, bool has_row)
{
	const size_t mark = d->path.num_bytes;
	char *path;

	text_add(&d->path, ".%s", key->variants->tag);
	path = normalised(text_get(&d->path));
	if (!d->out) {
		collect(d);
	} else if (!path) {
		d->failed = true;
	} else if (has_row ? d->wanted && strcmp(path, d->wanted) == 0 : is_wanted(d, path)) {
		d->num_found++;
		if (is_wanted_source(d, key))
			write_tag(d, key);
	}
	free(path);
	text_cut(&d->path, mark);
}

/* Walks below a row, or below a list's element, which is none: the keys of its section, element or variants. */
static void walk_below(describer *d, const cfg_key *key, bool has_row)
{
	size_t path_mark = d->path.num_bytes, kinds_mark = d->kinds.num_bytes;

	switch (key->type) {
	case CFG_SECTION:
		walk_section(d, key->section);
		break;
	case CFG_LIST:
		text_add(&d->path, "[]");
		walk_below(d, key->element, false);
		break;
	case CFG_VARIANT:
	case CFG_NAMED:
		if (key->type == CFG_VARIANT)
			walk_tag(d, key, has_row);
		for (size_t i = 0; i < key->variants->num_rows; i++) {
			const cfg_variant_row *row = &key->variants->rows[i];

			if (key->type == CFG_NAMED)
				text_add(&d->path, ".%s", row->name);
			else
				text_add(&d->kinds, "%s%s.%s = %s", kinds_mark ? ", " : "", text_get(&d->path),
					 key->variants->tag, row->name);
			if (row->section)
				walk_section(d, row->section);
			text_cut(&d->path, path_mark);
			text_cut(&d->kinds, kinds_mark);
		}
		break;
	default:
		break;
	}
	text_cut(&d->path, path_mark);
}

static void walk_section(describer *d, const cfg_section *section)
{
	for (size_t i = 0; i < section->num_keys; i++) {
		const cfg_key *key = &section->keys[i];
		size_t mark = d->path.num_bytes;

		text_add(&d->path, "%s%s", mark ? "." : "", key->name);
		if (!d->out) {
			collect(d);
		} else {
			char *path = normalised(text_get(&d->path));

			if (!path)
				d->failed = true;
			else if (is_wanted(d, path)) {
				d->num_found++;
				if (is_wanted_source(d, key))
					write_row(d, key);
			}
			free(path);
		}
		walk_below(d, key, true);
		text_cut(&d->path, mark);
	}
}

static const char *last_part(const char *path)
{
	const char *dot = strrchr(path, '.');

	return dot ? dot + 1 : path;
}

/* The path that was probably meant: the whole one nearest, else one that ends in (nearly) the same name. */
static const char *meant(const describer *all, const char *wanted)
{
	const char **parts;
	const char *nearest = diag_nearest(wanted, (const char *const *)all->paths, all->num_paths);

	if (nearest || all->num_paths == 0)
		return nearest;
	for (size_t i = 0; i < all->num_paths; i++) {
		if (strcmp(last_part(all->paths[i]), last_part(wanted)) == 0)
			return all->paths[i];
	}
	parts = (const char **)malloc(all->num_paths * sizeof(*parts));
	if (!parts)
		return NULL;
	for (size_t i = 0; i < all->num_paths; i++)
		parts[i] = last_part(all->paths[i]);
	nearest = diag_nearest(last_part(wanted), parts, all->num_paths);
	for (size_t i = 0; nearest && i < all->num_paths; i++) {
		if (parts[i] == nearest) {
			nearest = all->paths[i];
			break;
		}
	}
	free(parts);
	return nearest;
}

nescsim_status cfg_describe(const cfg_section *section, const char *path, const char *from, FILE *out,
			    nescsim_diag *diag)
{
	char *wanted = path ? normalised(path) : NULL;
	describer rows = { .wanted = wanted, .from = from, .out = out }, all = { .out = NULL };
	nescsim_status status = NESCSIM_OK;

	if (path && !wanted)
		return NESCSIM_NO_MEMORY;
	walk_section(&rows, section);
	if (rows.num_found == 0 && path) {
		const char *nearest;
		text_buffer hint = TEXT_EMPTY;

		walk_section(&all, section);
		nearest = meant(&all, wanted);
		if (nearest)
			text_add(&hint, "did you mean '%s'?", nearest);
		else
			text_add(&hint, "without a key, all keys are listed");
		status = diag_add(diag, NESCSIM_ERROR, NESCSIM_USAGE, NULL, text_get(&hint), "there is no key '%s'",
				  path);
		text_free(&hint);
	}
	if (rows.failed || all.failed || !text_ok(&rows.path) || !text_ok(&rows.kinds))
		status = NESCSIM_NO_MEMORY;
	for (size_t i = 0; i < all.num_paths; i++)
		free(all.paths[i]);
	free(all.paths);
	text_free(&rows.path);
	text_free(&rows.kinds);
	text_free(&all.path);
	text_free(&all.kinds);
	free(wanted);
	return status;
}
