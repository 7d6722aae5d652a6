#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "config/tree.h"

/* One file of a chain, for finding cycles. */
typedef struct chain_link {
	const struct chain_link *parent;
	dev_t device;
	ino_t inode;
	int layer;
} chain_link;

static const cfg_source *source_create(arena *memory, const char *name)
{
	cfg_source *source = (cfg_source *)arena_alloc(memory, sizeof(*source));
	const char *slash = strrchr(name, '/');

	if (!source)
		return NULL;
	source->name = arena_copy(memory, name, strlen(name));
	source->folder = arena_copy(memory, name, slash ? (size_t)(slash - name) + 1 : 0);
	return source->name && source->folder ? source : NULL;
}

/* Reads a file as a whole. Mistakes are reported at `named_at`, the place that names the file. */
static nescsim_status read_file(const char *name, const diag_place *named_at, chain_link *link, nescsim_diag *diag,
				text_buffer *contents)
{
	FILE *file = fopen(name, "rb");
	char buffer[65536];
	size_t num_read;
	struct stat info;
	nescsim_status status = NESCSIM_OK;

	if (!file || fstat(fileno(file), &info) != 0) {
		status = diag_add(diag, NESCSIM_ERROR, NESCSIM_IO, named_at, NULL, "cannot open '%s': %s", name,
				  strerror(errno));
		if (file)
			fclose(file);
		return status;
	}
	link->device = info.st_dev;
	link->inode = info.st_ino;
	while ((num_read = fread(buffer, 1, sizeof(buffer), file)) > 0 && contents->num_bytes <= MAX_FILE_BYTES)
		text_add_bytes(contents, buffer, num_read);
	if (ferror(file))
		status = diag_add(diag, NESCSIM_ERROR, NESCSIM_IO, named_at, NULL, "cannot read '%s': %s", name,
				  strerror(errno));
	else if (contents->num_bytes > MAX_FILE_BYTES)
		status = diag_add(diag, NESCSIM_ERROR, NESCSIM_CONFIG, named_at, "is it really a config?",
				  "'%s' is larger than 4 MiB", name);
	else if (!text_ok(contents))
		status = NESCSIM_NO_MEMORY;
	fclose(file);
	return status;
}

/* The same for a file that is part of the program; its place among them stands for the inode. */
static nescsim_status read_builtin(const cfg_document *document, const char *name, const diag_place *named_at,
				   chain_link *link, nescsim_diag *diag, text_buffer *contents)
{
	for (size_t i = 0; i < document->num_files; i++) {
		if (strcmp(document->files[i].name, name) != 0)
			continue;
		link->inode = i;
		text_add_bytes(contents, document->files[i].text, strlen(document->files[i].text));
		return text_ok(contents) ? NESCSIM_OK : NESCSIM_NO_MEMORY;
	}
	return diag_add(diag, NESCSIM_ERROR, NESCSIM_IO, named_at, NULL, "'%s' is no part of the program", name);
}

static nescsim_status load_file(cfg_document *document, const char *name, const diag_place *named_at,
				const chain_link *parent, int layer, nescsim_diag *diag, cfg_node **root_out);

/* Takes `base:` out of *root and merges *root over what it names. */
static nescsim_status load_base(cfg_document *document, const cfg_source *source, const chain_link *link,
				nescsim_diag *diag, cfg_node **root)
{
	cfg_entry *entry = node_find(*root, "base");
	nescsim_status status;
	cfg_node *value, *base = NULL;
	diag_place place;
	text_buffer name = TEXT_EMPTY;

	if (!entry)
		return NESCSIM_OK;
	value = entry->value;
	(*root)->num--;
	memmove(entry, entry + 1, (size_t)((*root)->entries + (*root)->num - entry) * sizeof(*entry));
	place = node_place(value, "base");
	if (value->type != NODE_SCALAR || node_is_null(value) || !*value->text)
		return diag_add(diag, NESCSIM_ERROR, NESCSIM_CONFIG, &place, "base: other.yaml",
				"must be the name of one file");
	text_add(&name, "%s%s", value->text[0] == '/' ? "" : source->folder, value->text);
	if (!text_ok(&name))
		status = NESCSIM_NO_MEMORY;
	else if (link->layer <= 1)
		status = diag_add(diag, NESCSIM_ERROR, NESCSIM_CONFIG, &place, NULL,
				  "the chain of base files is longer than %d", MAX_BASE_FILES);
	else
		status = load_file(document, text_get(&name), &place, link, link->layer - 1, diag, &base);
	text_free(&name);
	if (status != NESCSIM_OK)
		return status;
	*root = node_merge(&document->memory, base, *root);
	return *root ? NESCSIM_OK : NESCSIM_NO_MEMORY;
}

/* Parses one layer and everything below it. *root_out is a mapping on success. */
static nescsim_status load_layer(cfg_document *document, const cfg_source *source, const chain_link *link,
				 const char *bytes, size_t num_bytes, nescsim_diag *diag, cfg_node **root_out)
{
	nescsim_status base_status;
	nescsim_status status =
		yaml_parse(&document->memory, source, link->layer, NULL, bytes, num_bytes, diag, root_out);

	if (!*root_out && status != NESCSIM_OK)
		return status;
	if (node_is_null(*root_out)) {
		*root_out = node_create(&document->memory, NODE_MAPPING, source, 0, 0, link->layer);
		return *root_out ? status : NESCSIM_NO_MEMORY;
	}
	if ((*root_out)->type != NODE_MAPPING) {
		diag_place place = node_place(*root_out, NULL);

		return diag_add(diag, NESCSIM_ERROR, NESCSIM_CONFIG, &place, "key: value",
				"a config must be a mapping, not %s",
				(*root_out)->type == NODE_SCALAR ? "a single value" : "a list");
	}
	base_status = load_base(document, source, link, diag, root_out);
	return status != NESCSIM_OK ? status : base_status;
}

static nescsim_status load_file(cfg_document *document, const char *name, const diag_place *named_at,
				const chain_link *parent, int layer, nescsim_diag *diag, cfg_node **root_out)
{
	const cfg_source *source = source_create(&document->memory, name);
	chain_link link = { .parent = parent, .layer = layer };
	text_buffer contents = TEXT_EMPTY;
	nescsim_status status;

	if (!source)
		return NESCSIM_NO_MEMORY;
	if (!parent)
		document->source = source;
	if (document->files)
		status = read_builtin(document, name, named_at, &link, diag, &contents);
	else
		status = read_file(name, named_at, &link, diag, &contents);
	for (const chain_link *above = parent; above && status == NESCSIM_OK; above = above->parent) {
		if (above->device == link.device && above->inode == link.inode)
			status = diag_add(diag, NESCSIM_ERROR, NESCSIM_CONFIG, named_at, NULL,
					  "the chain of base files comes back to '%s'", name);
	}
	if (status == NESCSIM_OK && document->num_read < MAX_BASE_FILES) {
		const cfg_file read = { .name = source->name,
					.text = arena_copy(&document->memory, text_get(&contents),
							   contents.num_bytes) };

		document->read[document->num_read++] = read;
		if (!read.text)
			status = NESCSIM_NO_MEMORY;
	}
	if (status == NESCSIM_OK)
		status = load_layer(document, source, &link, text_get(&contents), contents.num_bytes, diag, root_out);
	text_free(&contents);
	return status;
}

static nescsim_status finish(cfg_document *document, nescsim_status status, const cfg_override *overrides,
			     size_t num_overrides, nescsim_diag *diag, cfg_document **document_out)
{
	if (status == NESCSIM_OK)
		status = override_apply(document, overrides, num_overrides, diag);
	if (status == NESCSIM_OK)
		*document_out = document;
	else
		cfg_document_destroy(document);
	return status;
}

/* From the disk, or from `files` if there are any. */
static nescsim_status load_chain(const char *file_name, const cfg_file *files, size_t num_files,
				 const cfg_override *overrides, size_t num_overrides, nescsim_diag *diag,
				 cfg_document **document_out)
{
	cfg_document *document = (cfg_document *)calloc(1, sizeof(*document));
	const diag_place place = { .file = file_name };
	nescsim_status status;

	*document_out = NULL;
	if (!document)
		return NESCSIM_NO_MEMORY;
	document->files = files;
	document->num_files = num_files;
	status = load_file(document, file_name, &place, NULL, MAX_BASE_FILES, diag, &document->root);
	document->files = NULL;
	return finish(document, status, overrides, num_overrides, diag, document_out);
}

nescsim_status cfg_load(const char *file_name, const cfg_override *overrides, size_t num_overrides, nescsim_diag *diag,
			cfg_document **document_out)
{
	return load_chain(file_name, NULL, 0, overrides, num_overrides, diag, document_out);
}

nescsim_status cfg_load_files(const char *name, const cfg_file *files, size_t num_files, const cfg_override *overrides,
			      size_t num_overrides, nescsim_diag *diag, cfg_document **document_out)
{
	return load_chain(name, files, num_files, overrides, num_overrides, diag, document_out);
}

const cfg_file *cfg_files(const cfg_document *document, size_t *num_out)
{
	*num_out = document->num_read;
	return document->read;
}

nescsim_status cfg_load_text(const char *name, const char *contents, const cfg_override *overrides,
			     size_t num_overrides, nescsim_diag *diag, cfg_document **document_out)
{
	cfg_document *document = (cfg_document *)calloc(1, sizeof(*document));
	const chain_link link = { .layer = MAX_BASE_FILES };
	cfg_source *source;
	nescsim_status status = NESCSIM_NO_MEMORY;

	*document_out = NULL;
	if (!document)
		return NESCSIM_NO_MEMORY;
	source = (cfg_source *)arena_alloc(&document->memory, sizeof(*source));
	if (source) {
		source->name = arena_copy(&document->memory, name, strlen(name));
		source->folder = "";
		document->source = source;
		if (source->name)
			status = load_layer(document, source, &link, contents, strlen(contents), diag, &document->root);
	}
	return finish(document, status, overrides, num_overrides, diag, document_out);
}

/* Gives the node, and what is in it, the place that its user knows. */
static void place_at(cfg_node *node, size_t line, size_t column)
{
	node->line = line;
	node->column = column;
	for (size_t i = 0; i < node->num && node->type != NODE_SCALAR; i++) {
		if (node->type == NODE_SEQUENCE) {
			place_at(node->items[i], line, column);
		} else {
			node->entries[i].line = line;
			node->entries[i].column = column;
			place_at(node->entries[i].value, line, column);
		}
	}
}

static nescsim_status set_option(cfg_document *document, const cfg_option *option, nescsim_diag *diag)
{
	arena *memory = &document->memory;
	cfg_entry *given = node_find(document->root, option->key);
	cfg_entry entry = {
		.key = arena_copy(memory, option->key, strlen(option->key)),
		.source = document->source,
		.line = option->line,
		.column = option->column,
	};
	nescsim_status status = yaml_parse(memory, document->source, MAX_BASE_FILES, option->key, option->value,
					   strlen(option->value), diag, &entry.value);

	if (status != NESCSIM_OK)
		return status;
	if (!entry.value) {
		entry.value = node_create(memory, NODE_SCALAR, document->source, 0, 0, MAX_BASE_FILES);
		if (!entry.value)
			return NESCSIM_NO_MEMORY;
		entry.value->text = "";
		entry.value->plain = true;
	}
	place_at(entry.value, option->line, option->column);
	if (given)
		*given = entry;
	else if (!node_set_last(memory, document->root, &entry))
		return NESCSIM_NO_MEMORY;
	return entry.key ? NESCSIM_OK : NESCSIM_NO_MEMORY;
}

nescsim_status cfg_load_options(const char *name, size_t line, size_t column, const cfg_option *options,
				size_t num_options, nescsim_diag *diag, cfg_document **document_out)
{
	cfg_document *document = (cfg_document *)calloc(1, sizeof(*document));
	const cfg_source *source;
	nescsim_status result = NESCSIM_OK;

	*document_out = NULL;
	if (!document)
		return NESCSIM_NO_MEMORY;
	source = source_create(&document->memory, name);
	document->source = source;
	if (source)
		document->root = node_create(&document->memory, NODE_MAPPING, source, line, column, MAX_BASE_FILES);
	if (!document->root)
		result = NESCSIM_NO_MEMORY;
	for (size_t i = 0; document->root && i < num_options; i++) {
		const nescsim_status status = set_option(document, &options[i], diag);

		if (result == NESCSIM_OK)
			result = status;
	}
	return finish(document, result, NULL, 0, diag, document_out);
}

void cfg_document_destroy(cfg_document *document)
{
	if (!document)
		return;
	arena_free(&document->memory);
	free(document);
}

diag_place cfg_place(const cfg_document *document, const char *path)
{
	const cfg_node *node = node_walk(document->root, path);

	return node_place(node, path);
}
