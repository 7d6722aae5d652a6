/* The output of filefrag -v (e2fsprogs), for one file:
 *
 *   Filesystem type is: ef53
 *   File size of NAME is 1073741824 (262144 blocks of 4096 bytes)
 *    ext:     logical_offset:        physical_offset: length:   expected: flags:
 *      0:        0..     131:      33135..     33266:    132:
 *      4:      339..    4240:      33474..     37375:   3902:      33474: last,unwritten,eof
 *   NAME: 10 extents found
 *
 * A file that the filesystem lists block by block looks the same. Without its last line a list is taken to be cut off.
 */
#include <string.h>

#include "host/real_map_source.h"
#include "workload/cursor.h"

#define HINT_SIZE "such as: File size of NAME is 1073741824 (262144 blocks of 4096 bytes)"
#define HINT_EXTENT "such as: 0: 0.. 131: 33135.. 33266: 132: 33200: last,eof"
#define SIZE_WORDS "File size of "

/* How far the list is. */
typedef enum list_step {
	LIST_HEAD,    /* before the file's size */
	LIST_EXTENTS, /* behind it */
	LIST_END,     /* behind the number of extents */
} list_step;

static bool starts_with(const char *text, const char *words)
{
	return strncmp(text, words, strlen(words)) == 0;
}

static bool detect_filefrag(const char *head, size_t num_bytes)
{
	static const char *const openings[] = { "Filesystem type is: ", SIZE_WORDS };

	for (size_t i = 0; i < sizeof(openings) / sizeof(openings[0]); i++)
		if (num_bytes >= strlen(openings[i]) && starts_with(head, openings[i]))
			return true;
	return false;
}

/* The last " is " that is followed by a number: names may hold any words. */
static const char *find_size(const char *line)
{
	const char *found = NULL;

	for (const char *at = strstr(line, " is "); at != NULL; at = strstr(at + 1, " is "))
		found = at + 4;
	return found == NULL ? line + strlen(line) : found;
}

static bool take_words(cursor *c, const char *words, const char *what)
{
	if (!starts_with(c->at, words))
		return cursor_miss(c, what);
	c->at += strlen(words);
	return true;
}

static bool take_size(cursor *c, real_map *map)
{
	const char *at;
	uint64_t num_blocks;

	c->at = find_size(c->at);
	if (!cursor_number(c, REAL_MAP_MAX_BYTES, "the file's size in bytes", &map->file_bytes) ||
	    !take_words(c, " (", "'('") || !cursor_number(c, UINT64_MAX, "a number of blocks", &num_blocks) ||
	    !take_words(c, num_blocks == 1 ? " block of " : " blocks of ", "'blocks of'"))
		return false;
	at = c->at;
	if (!cursor_number(c, UINT64_C(1) << 30, "the bytes of a block", &map->block_bytes))
		return false;
	if (map->block_bytes < REAL_MAP_UNIT_BYTES || (map->block_bytes & (map->block_bytes - 1)) != 0) {
		c->at = at;
		return cursor_miss(c, "blocks of a power of two, at least 1024 bytes (filefrag -b4096)");
	}
	return take_words(c, " bytes)", "'bytes)'") && (*c->at == '\0' || cursor_miss(c, "the end of the line"));
}

/* First and last block: "FIRST.. LAST:". */
static bool take_range(cursor *c, const char *what, uint64_t *first_out, uint64_t *last_out)
{
	cursor_skip_blanks(c);
	if (!cursor_number(c, REAL_MAP_MAX_BYTES, what, first_out) || !take_words(c, "..", "'..'"))
		return false;
	cursor_skip_blanks(c);
	return cursor_number(c, REAL_MAP_MAX_BYTES, "the last block of the range", last_out) &&
	       cursor_char(c, ':', "':'");
}

/* One of the words behind the last ':'. *problem_out: why such an extent is of no use. */
static bool take_flag(cursor *c, bool *is_unwritten, const char **problem_out)
{
	static const struct {
		const char *name, *problem;
	} flags[] = {
#define X(flag, name, problem) { name, problem },
		REAL_MAP_FLAG_LIST(X)
#undef X
		/* What filefrag says beyond FIEMAP; older ones shorten a name. */
		{ "eof", NULL },
		{ "unknown", "the filesystem does not know the extent's place" },
	};
	const size_t num = strcspn(c->at, ", \t");

	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
		if (strlen(flags[i].name) == num && strncmp(c->at, flags[i].name, num) == 0) {
			*problem_out = flags[i].problem;
			*is_unwritten |= strcmp(flags[i].name, "unwritten") == 0;
			if (*problem_out == NULL)
				c->at += num;
			return true;
		}
	return cursor_miss(c, "a flag of filefrag's");
}

typedef struct listed_extent {
	uint64_t first, last, physical_first, physical_last, num;
	bool is_unwritten;
	const char *problem; /* of a flag, at the cursor */
} listed_extent;

static bool take_extent(cursor *c, listed_extent *e)
{
	const char *at;
	uint64_t number;

	*e = (listed_extent){ .num = 0 };
	if (!cursor_number(c, UINT64_MAX, "the extent's number", &number) || !cursor_char(c, ':', "':'") ||
	    !take_range(c, "the first block in the file", &e->first, &e->last) ||
	    !take_range(c, "the first block on the device", &e->physical_first, &e->physical_last))
		return false;
	cursor_skip_blanks(c);
	at = c->at;
	if (!cursor_number(c, REAL_MAP_MAX_BYTES, "the number of blocks", &e->num) || !cursor_char(c, ':', "':'"))
		return false;
	cursor_skip_blanks(c);
	/* Where it was expected to lie is left out where it does. */
	if (*c->at >= '0' && *c->at <= '9' &&
	    (!cursor_number(c, REAL_MAP_MAX_BYTES, "the expected block", &number) || !cursor_char(c, ':', "':'")))
		return false;
	cursor_skip_blanks(c);
	while (*c->at != '\0') {
		if (!take_flag(c, &e->is_unwritten, &e->problem))
			return false;
		if (e->problem != NULL)
			return true;
		while (*c->at == ',' || *c->at == ' ' || *c->at == '\t')
			c->at++;
	}
	if (e->last < e->first || e->last - e->first + 1 != e->num || e->physical_last < e->physical_first ||
	    e->physical_last - e->physical_first + 1 != e->num) {
		c->at = at;
		return cursor_miss(c, "as many blocks as both ranges have");
	}
	return true;
}

static nescsim_status read_extent(input *in, const char *line, real_map *map, bool *go_on_out)
{
	cursor c = cursor_begin(in, line);
	const char *problem;
	listed_extent e;

	cursor_skip_blanks(&c);
	if (!take_extent(&c, &e)) {
		*go_on_out = cursor_report(in, &c, HINT_EXTENT);
		return NESCSIM_TRACE;
	}
	if (e.problem != NULL) {
		c.position.column = (uint64_t)(c.at - c.begin) + 1;
		*go_on_out = input_report(in, &c.position, REAL_MAP_FLAG_HINT, "%.*s: %s", (int)strcspn(c.at, ", \t"),
					  c.at, e.problem);
		return NESCSIM_TRACE;
	}
	switch (real_map_add(map, e.first, e.physical_first, e.num, e.is_unwritten, c.position.line, map->block_bytes,
			     &problem)) {
	case REAL_MAP_ADDED:
		return NESCSIM_OK;
	case REAL_MAP_WRONG:
		c.position.column = 1 + strspn(line, " \t");
		*go_on_out =
			input_report(in, &c.position, "extents are listed in the order of the file", "%s", problem);
		return NESCSIM_TRACE;
	case REAL_MAP_NO_MEMORY:
		break;
	}
	*go_on_out = false;
	return NESCSIM_NO_MEMORY;
}

static bool is_summary(const char *line)
{
	const char *at = strstr(line, " found");

	return at != NULL && strstr(line, ": ") != NULL && strstr(line, " extent") != NULL;
}

/* A line that is no extent. */
static nescsim_status read_other(input *in, const char *line, real_map *map, list_step *step, bool *go_on_out)
{
	cursor c = cursor_begin(in, line);

	if (starts_with(line, SIZE_WORDS)) {
		if (*step != LIST_HEAD) {
			c.position.column = 1;
			*go_on_out = false;
			input_report(in, &c.position, "list one file at a time", "this is a second file's list");
			return NESCSIM_TRACE;
		}
		*step = LIST_EXTENTS;
		if (take_size(&c, map))
			return NESCSIM_OK;
		*go_on_out = false; /* without it no extent can be read */
		cursor_report(in, &c, HINT_SIZE);
		return NESCSIM_TRACE;
	}
	if (*step == LIST_EXTENTS && is_summary(line)) {
		*step = LIST_END;
		return NESCSIM_OK;
	}
	if (starts_with(line, "Filesystem ") || starts_with(line + strspn(line, " "), "ext:") ||
	    line[strspn(line, " \t")] == '\0')
		return NESCSIM_OK;
	cursor_miss(&c, "an extent or the number of extents found");
	*go_on_out = cursor_report(in, &c, HINT_EXTENT);
	return NESCSIM_TRACE;
}

static nescsim_status read_line(input *in, const char *line, size_t num_bytes, real_map *map, list_step *step,
				bool *go_on_out)
{
	const char *at = line + strspn(line, " ");

	if (!real_map_is_text(in, line, num_bytes, go_on_out))
		return NESCSIM_TRACE;
	if (*step == LIST_EXTENTS && *at >= '0' && *at <= '9' && !is_summary(line))
		return read_extent(in, line, map, go_on_out);
	return read_other(in, line, map, step, go_on_out);
}

static nescsim_status read_filefrag(input *in, real_map *map)
{
	nescsim_status first = NESCSIM_OK;
	list_step step = LIST_HEAD;
	bool go_on = true;
	size_t num_bytes;
	char *line;
	int got = 0;

	while (go_on && (got = input_line(in, &line, &num_bytes)) > 0) {
		const nescsim_status status = read_line(in, line, num_bytes, map, &step, &go_on);

		first = first == NESCSIM_OK ? status : first;
	}
	if (got < 0 || first != NESCSIM_OK)
		return first == NESCSIM_NO_MEMORY ? first : NESCSIM_TRACE;
	if (step != LIST_END) {
		const trace_position position = { .line = input_position_lines(in) };

		input_report(in, &position, "take the whole output of filefrag -v",
			     step == LIST_HEAD ? "the list ends before the file's size"
					       : "the list ends before the number of extents found");
		return NESCSIM_TRACE;
	}
	return NESCSIM_OK;
}

const real_map_source real_map_filefrag = { .name = "filefrag", .detect = detect_filefrag, .read_text = read_filefrag };
