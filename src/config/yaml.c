/* One YAML document to a tree. What YAML allows and a config does not need is refused with a reason: tags, merge
 * keys, keys that are no scalars, several documents. Aliases are copied.
 */
#include <inttypes.h>
#include <string.h>
#include <yaml.h>

#include "config/tree.h"

typedef struct loader {
	arena *memory;
	yaml_document_t *document;
	const cfg_source *source;
	nescsim_diag *diag;
	const char *path; /* for messages; NULL in files */
	int layer;
	size_t num_nodes;
	nescsim_status status;
} loader;

static diag_place mark_place(const loader *l, yaml_mark_t mark)
{
	diag_place place = { .file = l->source->name, .path = l->path };

	/* The place inside the text of an override would be taken for one in a file. */
	if (!l->path) {
		place.line = mark.line + 1;
		place.column = mark.column + 1;
	}
	return place;
}

static yaml_mark_t offset_mark(const char *bytes, size_t offset)
{
	yaml_mark_t mark = { 0 };

	for (size_t i = 0; i < offset; i++) {
		if (bytes[i] == '\n') {
			mark.line++;
			mark.column = 0;
		} else if (((unsigned char)bytes[i] & 0xc0) != 0x80) {
			mark.column++;
		}
	}
	return mark;
}

static void report(loader *l, yaml_mark_t mark, const char *hint, const char *message)
{
	diag_place place = mark_place(l, mark);

	l->status = diag_add(l->diag, NESCSIM_ERROR, NESCSIM_CONFIG, &place, hint, "%s", message);
}

static void report_parser(loader *l, const yaml_parser_t *parser, const char *bytes, size_t num_bytes)
{
	const char *problem = parser->problem ? parser->problem : "unreadable";
	diag_place place;
	size_t offset = parser->problem_offset < num_bytes ? parser->problem_offset : num_bytes;

	if (parser->error == YAML_MEMORY_ERROR) {
		l->status = NESCSIM_NO_MEMORY;
		return;
	}
	if (parser->error == YAML_READER_ERROR) {
		place = mark_place(l, offset_mark(bytes, offset));
		l->status = diag_add(l->diag, NESCSIM_ERROR, NESCSIM_CONFIG, &place, "a config is UTF-8 text", "%s",
				     problem);
		return;
	}
	place = mark_place(l, parser->problem_mark);
	if (!parser->context) {
		l->status = diag_add(l->diag, NESCSIM_ERROR, NESCSIM_CONFIG, &place, NULL, "YAML syntax: %s", problem);
	} else if (l->path || parser->context_mark.line == parser->problem_mark.line) {
		l->status = diag_add(l->diag, NESCSIM_ERROR, NESCSIM_CONFIG, &place, NULL, "YAML syntax: %s, %s",
				     problem, parser->context);
	} else {
		l->status = diag_add(l->diag, NESCSIM_ERROR, NESCSIM_CONFIG, &place, NULL,
				     "YAML syntax: %s, %s that starts at line %zu", problem, parser->context,
				     parser->context_mark.line + 1);
	}
}

static bool is_default_tag(const yaml_node_t *node)
{
	const char *wanted = node->type == YAML_SCALAR_NODE     ? YAML_STR_TAG
			     : node->type == YAML_SEQUENCE_NODE ? YAML_SEQ_TAG
								: YAML_MAP_TAG;

	return !node->tag || strcmp((const char *)node->tag, wanted) == 0;
}

static cfg_node *convert(loader *l, int index, int depth);

/* The text of a scalar; NULL (reported) when it holds a NUL. */
static const char *scalar_text(loader *l, const yaml_node_t *node)
{
	const char *bytes = (const char *)node->data.scalar.value;
	const char *copy;

	if (memchr(bytes, '\0', node->data.scalar.length)) {
		report(l, node->start_mark, NULL, "a text must not contain the character NUL");
		return NULL;
	}
	copy = arena_copy(l->memory, bytes, node->data.scalar.length);
	if (!copy)
		l->status = NESCSIM_NO_MEMORY;
	return copy;
}

static bool convert_pair(loader *l, cfg_node *mapping, const yaml_node_pair_t *pair, int depth)
{
	const yaml_node_t *key = yaml_document_get_node(l->document, pair->key);
	const cfg_entry *first;
	cfg_entry entry = { .source = l->source };

	if (key->type != YAML_SCALAR_NODE) {
		report(l, key->start_mark, "a mapping is written 'key: value'", "a key must be a name");
		return true;
	}
	entry.key = scalar_text(l, key);
	if (!entry.key)
		return l->status != NESCSIM_NO_MEMORY;
	if (!l->path) {
		entry.line = key->start_mark.line + 1;
		entry.column = key->start_mark.column + 1;
	}
	if (strcmp(entry.key, "<<") == 0) {
		report(l, key->start_mark, "put the shared part into a file and name it with 'base: FILE'",
		       "merge keys (<<) are not supported");
		return true;
	}
	first = node_find(mapping, entry.key);
	if (first) {
		char buffer[SHOWN_BYTES];
		diag_place place = mark_place(l, key->start_mark);

		if (l->path)
			l->status = diag_add(l->diag, NESCSIM_ERROR, NESCSIM_CONFIG, &place, NULL, "duplicate key '%s'",
					     shown(entry.key, buffer));
		else
			l->status = diag_add(l->diag, NESCSIM_ERROR, NESCSIM_CONFIG, &place, NULL,
					     "duplicate key '%s', first given at %s:%zu:%zu", shown(entry.key, buffer),
					     l->source->name, first->line, first->column);
		return true;
	}
	entry.value = convert(l, pair->value, depth + 1);
	return entry.value && node_set_last(l->memory, mapping, &entry);
}

/* The node as a tree of our own. NULL when it makes no sense to go on (reported) or when out of memory. */
static cfg_node *convert(loader *l, int index, int depth)
{
	const yaml_node_t *source = yaml_document_get_node(l->document, index);
	yaml_mark_t mark = source->start_mark;
	cfg_node *node;

	if (depth > MAX_DEPTH) {
		report(l, mark, "or an alias that contains itself", "nested too deeply");
		return NULL;
	}
	if (++l->num_nodes > MAX_NODES) {
		report(l, mark, "aliases count as often as they are used", "the document has too many values");
		return NULL;
	}
	node = node_create(l->memory,
			   source->type == YAML_MAPPING_NODE    ? NODE_MAPPING
			   : source->type == YAML_SEQUENCE_NODE ? NODE_SEQUENCE
								: NODE_SCALAR,
			   l->source, l->path ? 0 : mark.line + 1, l->path ? 0 : mark.column + 1, l->layer);
	if (!node)
		return NULL;
	if (!is_default_tag(source))
		report(l, mark, "the schema knows the type", "tags (!...) are not supported");
	if (source->type == YAML_SCALAR_NODE) {
		node->plain = source->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
		node->text = scalar_text(l, source);
		if (!node->text)
			node->text = "";
	} else if (source->type == YAML_SEQUENCE_NODE) {
		const yaml_node_item_t *item = source->data.sequence.items.start;

		for (; item < source->data.sequence.items.top; item++) {
			if (!node_append(l->memory, node, convert(l, *item, depth + 1)))
				return NULL;
		}
	} else {
		const yaml_node_pair_t *pair = source->data.mapping.pairs.start;

		for (; pair < source->data.mapping.pairs.top; pair++) {
			if (!convert_pair(l, node, pair, depth))
				return NULL;
		}
	}
	return node;
}

static bool parser_open(yaml_parser_t *parser, const char *bytes, size_t num_bytes)
{
	if (!yaml_parser_initialize(parser))
		return false;
	yaml_parser_set_input_string(parser, (const unsigned char *)bytes, num_bytes);
	return true;
}

/* The library's time grows with the square of the depth, so deep nesting is looked for event by event, before the
 * document is built. False when too deep (reported). */
static bool check_depth(loader *l, const char *bytes, size_t num_bytes)
{
	yaml_parser_t parser;
	yaml_event_t event;
	int depth = 0;
	bool done = false;

	if (!parser_open(&parser, bytes, num_bytes)) {
		l->status = NESCSIM_NO_MEMORY;
		return false;
	}
	while (!done && yaml_parser_parse(&parser, &event)) {
		if (event.type == YAML_SEQUENCE_START_EVENT || event.type == YAML_MAPPING_START_EVENT)
			depth++;
		else if (event.type == YAML_SEQUENCE_END_EVENT || event.type == YAML_MAPPING_END_EVENT)
			depth--;
		if (depth > MAX_DEPTH)
			report(l, event.start_mark, NULL, "nested too deeply");
		done = event.type == YAML_STREAM_END_EVENT || depth > MAX_DEPTH;
		yaml_event_delete(&event);
	}
	yaml_parser_delete(&parser);
	return depth <= MAX_DEPTH;
}

nescsim_status yaml_parse(arena *memory, const cfg_source *source, int layer, const char *path, const char *bytes,
			  size_t num_bytes, nescsim_diag *diag, cfg_node **root_out)
{
	yaml_parser_t parser;
	yaml_document_t document, next;
	loader l = { .memory = memory, .source = source, .diag = diag, .path = path, .layer = layer };
	const char *nul = (const char *)memchr(bytes, '\0', num_bytes);

	*root_out = NULL;
	if (nul) {
		report(&l, offset_mark(bytes, (size_t)(nul - bytes)), "a config is UTF-8 text",
		       "contains the character NUL");
		return l.status;
	}
	if (!check_depth(&l, bytes, num_bytes))
		return l.status;
	if (!parser_open(&parser, bytes, num_bytes))
		return NESCSIM_NO_MEMORY;
	if (!yaml_parser_load(&parser, &document)) {
		report_parser(&l, &parser, bytes, num_bytes);
		yaml_parser_delete(&parser);
		return l.status;
	}
	l.document = &document;
	if (yaml_document_get_root_node(&document)) {
		*root_out = convert(&l, 1, 0);
		if (!*root_out && l.status == NESCSIM_OK)
			l.status = NESCSIM_NO_MEMORY;
		/* What follows the document: nothing, or else it is a mistake. */
		if (!yaml_parser_load(&parser, &next)) {
			report_parser(&l, &parser, bytes, num_bytes);
		} else {
			if (yaml_document_get_root_node(&next))
				report(&l, next.start_mark, NULL, "a second document: one file is one config");
			yaml_document_delete(&next);
		}
	}
	yaml_document_delete(&document);
	yaml_parser_delete(&parser);
	return l.status;
}
