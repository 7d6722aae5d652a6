/* Our own text of a map; host/real_map.h says what it is. */
#include <string.h>

#include "host/real_map_source.h"
#include "workload/cursor.h"

#define MAGIC "nescsim extents"
#define HEADER "nescsim extents 1 block_bytes BYTES file_bytes BYTES"
#define HINT_HEADER "the first line is: " HEADER
#define HINT_LINE "a line is: LOGICAL PHYSICAL LENGTH [unwritten], in blocks"

static bool detect_text(const char *head, size_t num_bytes)
{
	return num_bytes >= strlen(MAGIC) && memcmp(head, MAGIC, strlen(MAGIC)) == 0;
}

/* Takes this word up to a blank or the end of the line. */
static bool take_word(cursor *c, const char *word, const char *what)
{
	const size_t num = strlen(word);

	cursor_skip_blanks(c);
	if (strncmp(c->at, word, num) != 0 || (c->at[num] != '\0' && c->at[num] != ' ' && c->at[num] != '\t'))
		return cursor_miss(c, what);
	c->at += num;
	return true;
}

static bool take_number(cursor *c, uint64_t max, const char *what, uint64_t *value_out)
{
	cursor_skip_blanks(c);
	return cursor_number(c, max, what, value_out) &&
	       (*c->at == '\0' || *c->at == ' ' || *c->at == '\t' || cursor_miss(c, "a blank behind the number"));
}

static bool take_end(cursor *c)
{
	cursor_skip_blanks(c);
	return *c->at == '\0' || cursor_miss(c, "the end of the line");
}

static bool take_header(cursor *c, real_map *map)
{
	const char *at;
	uint64_t version;

	if (!take_word(c, "nescsim", "'nescsim'") || !take_word(c, "extents", "'extents'") ||
	    !take_number(c, 1, "version 1", &version))
		return false;
	if (version != 1) {
		c->at--;
		return cursor_miss(c, "version 1");
	}
	if (!take_word(c, "block_bytes", "'block_bytes'"))
		return false;
	cursor_skip_blanks(c);
	at = c->at;
	if (!take_number(c, UINT64_C(1) << 30, "the bytes of a block, up to 1 GiB", &map->block_bytes))
		return false;
	if (map->block_bytes < REAL_MAP_UNIT_BYTES || (map->block_bytes & (map->block_bytes - 1)) != 0) {
		c->at = at;
		return cursor_miss(c, "a power of two of at least 1024");
	}
	return take_word(c, "file_bytes", "'file_bytes'") &&
	       take_number(c, REAL_MAP_MAX_BYTES, "the file's size in bytes, up to 2^62", &map->file_bytes) &&
	       take_end(c);
}

/* One extent; false: a mistake or no memory, and *go_on_out whether to go on. */
static nescsim_status read_extent(input *in, const char *line, real_map *map, bool *go_on_out)
{
	cursor c = cursor_begin(in, line);
	uint64_t logical, physical, num;
	bool is_unwritten = false;
	const char *at, *problem;

	cursor_skip_blanks(&c);
	if (*c.at == '\0' || *c.at == '#')
		return NESCSIM_OK;
	at = c.at;
	if (!take_number(&c, UINT64_MAX, "the first block in the file", &logical) ||
	    !take_number(&c, UINT64_MAX, "the first block on the device", &physical) ||
	    !take_number(&c, UINT64_MAX, "the number of blocks", &num)) {
		*go_on_out = cursor_report(in, &c, HINT_LINE);
		return NESCSIM_TRACE;
	}
	cursor_skip_blanks(&c);
	if (*c.at != '\0') {
		is_unwritten = take_word(&c, "unwritten", "'unwritten' or the end of the line");
		if (!is_unwritten || !take_end(&c)) {
			*go_on_out = cursor_report(in, &c, HINT_LINE);
			return NESCSIM_TRACE;
		}
	}
	switch (real_map_add(map, logical, physical, num, is_unwritten, c.position.line, map->block_bytes, &problem)) {
	case REAL_MAP_ADDED:
		return NESCSIM_OK;
	case REAL_MAP_WRONG:
		c.position.column = (uint64_t)(at - c.begin) + 1;
		*go_on_out =
			input_report(in, &c.position, "extents are sorted by their first block in the file, and apart",
				     "%s", problem);
		return NESCSIM_TRACE;
	case REAL_MAP_NO_MEMORY:
		break;
	}
	*go_on_out = false;
	return NESCSIM_NO_MEMORY;
}

static nescsim_status read_text(input *in, real_map *map)
{
	nescsim_status first = NESCSIM_OK;
	bool go_on = true;
	size_t num_bytes;
	char *line;
	int got = input_line(in, &line, &num_bytes);
	cursor c;

	if (got <= 0 || !real_map_is_text(in, line, num_bytes, &go_on))
		return NESCSIM_TRACE;
	c = cursor_begin(in, line);
	if (!take_header(&c, map)) {
		cursor_report(in, &c, HINT_HEADER);
		return NESCSIM_TRACE;
	}
	while (go_on && (got = input_line(in, &line, &num_bytes)) > 0) {
		const nescsim_status status = real_map_is_text(in, line, num_bytes, &go_on)
						      ? read_extent(in, line, map, &go_on)
						      : NESCSIM_TRACE;

		first = first == NESCSIM_OK ? status : first;
	}
	return got < 0 ? NESCSIM_TRACE : first;
}

const real_map_source real_map_text = { .name = "text", .detect = detect_text, .read_text = read_text };
