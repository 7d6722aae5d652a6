#include "host/real_map.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/array.h"
#include "host/real_map_source.h"

#define HINT_LIVE                                                                                             \
	"write its map to a file first (nescsim extents FILE --out MAP) and name that, or name a file in an " \
	"unmounted image as IMAGE:/path"

static const input_words words = {
	.noun = "the map",
	.if_empty = "`nescsim extents FILE --out MAP` writes a map",
	.if_stream = "write the map to a file first",
	.if_long = "a map has one short extent per line",
};

/* ---- extents ---------------------------------------------------------------------------------------------------- */

static uint64_t end_of(const real_extent *of)
{
	return of->logical_bytes + of->num_bytes;
}

bool real_map_continues(const real_extent *extent, const real_extent *next)
{
	return end_of(extent) == next->logical_bytes &&
	       extent->physical_bytes + extent->num_bytes == next->physical_bytes &&
	       extent->is_unwritten == next->is_unwritten;
}

static const char *find_problem(const real_map *map, uint64_t logical, uint64_t physical, uint64_t num,
				uint64_t unit_bytes)
{
	const uint64_t max = REAL_MAP_MAX_BYTES / unit_bytes;

	if (num == 0)
		return "the extent is empty";
	if (num > max || logical > max - num || physical > max - num)
		return "the extent ends beyond 4 EiB";
	if (((logical | physical | num) * unit_bytes) % REAL_MAP_UNIT_BYTES != 0)
		return "the extent is not made of whole KiB";
	if (map->num_extents != 0 && logical * unit_bytes < end_of(&map->extents[map->num_extents - 1]))
		return "the extent begins before the end of the one above it";
	return NULL;
}

real_map_added real_map_add(real_map *map, uint64_t logical, uint64_t physical, uint64_t num, bool is_unwritten,
			    uint64_t line, uint64_t unit_bytes, const char **problem_out)
{
	real_extent *extents;

	*problem_out = find_problem(map, logical, physical, num, unit_bytes);
	if (*problem_out != NULL)
		return REAL_MAP_WRONG;
	extents = array_with_room(map->extents, map->num_extents, &map->max_extents, sizeof(*extents));
	if (extents == NULL)
		return REAL_MAP_NO_MEMORY;
	map->extents = extents;
	map->extents[map->num_extents++] = (real_extent){
		.logical_bytes = logical * unit_bytes,
		.physical_bytes = physical * unit_bytes,
		.num_bytes = num * unit_bytes,
		.line = line,
		.is_unwritten = is_unwritten,
	};
	return REAL_MAP_ADDED;
}

bool real_map_is_text(input *in, const char *line, size_t num_bytes, bool *go_on_out)
{
	const trace_position position = { .line = input_position_lines(in) };

	if (strlen(line) == num_bytes)
		return true;
	*go_on_out = input_report(in, &position, "the file is damaged", "the line holds a zero byte");
	return false;
}

static int by_place(const void *a, const void *b)
{
	const real_extent *one = *(const real_extent *const *)a, *two = *(const real_extent *const *)b;

	return one->physical_bytes < two->physical_bytes ? -1 : one->physical_bytes > two->physical_bytes;
}

/* A file whose parts share blocks cannot be a disk that is written in place. */
static nescsim_status check_places(const real_map *map, const char *shown_source, const diag_place *place,
				   nescsim_diag *diag)
{
	const real_extent **order = malloc((map->num_extents + 1) * sizeof(*order));
	nescsim_status status = NESCSIM_OK;

	if (order == NULL)
		return NESCSIM_NO_MEMORY;
	for (size_t i = 0; i < map->num_extents; i++)
		order[i] = &map->extents[i];
	qsort(order, map->num_extents, sizeof(*order), by_place);
	for (size_t i = 1; status == NESCSIM_OK && i < map->num_extents; i++) {
		const bool swapped = order[i - 1]->logical_bytes > order[i]->logical_bytes;
		const real_extent *one = order[swapped ? i : i - 1], *two = order[swapped ? i - 1 : i];
		const diag_place at_line = { .file = shown_source, .line = (size_t)two->line };

		if (order[i - 1]->physical_bytes + order[i - 1]->num_bytes > order[i]->physical_bytes)
			status = real_map_report(diag, two->line != 0 ? &at_line : place, shown_source, NESCSIM_TRACE,
						 "list a copy of the file that shares nothing (cp --reflink=never)",
						 "the extents at bytes %" PRIu64 " and %" PRIu64
						 " of the file lie on the same blocks of the device",
						 one->logical_bytes, two->logical_bytes);
	}
	free(order);
	return status;
}

/* ---- sources ---------------------------------------------------------------------------------------------------- */

typedef enum source_kind {
	KIND_TEXT,
	KIND_IMAGE,
	KIND_LIVE,
} source_kind;

static const struct {
	const real_map_source *source;
	source_kind kind;
} sources[] = {
#define MAP_TEXT(name, help) { &real_map_##name, KIND_TEXT },
#define MAP_IMAGE(name, help) { &real_map_##name, KIND_IMAGE },
#define MAP_LIVE(name, help) { &real_map_##name, KIND_LIVE },
#include "host/real_maps.def"
#undef MAP_TEXT
#undef MAP_IMAGE
#undef MAP_LIVE
};

const real_map_format real_map_formats[] = {
#define MAP_TEXT(name, help) { #name, help },
#define MAP_IMAGE MAP_TEXT
#define MAP_LIVE MAP_TEXT
#include "host/real_maps.def"
#undef MAP_TEXT
#undef MAP_IMAGE
#undef MAP_LIVE
};

const size_t real_map_num_formats = sizeof(real_map_formats) / sizeof(real_map_formats[0]);

#define NUM_SOURCES (sizeof(sources) / sizeof(sources[0]))

nescsim_status real_map_report(nescsim_diag *diag, const diag_place *place, const char *shown_source,
			       nescsim_status status, const char *hint, const char *format, ...)
{
	const diag_place at_source = { .file = shown_source };
	va_list arguments;

	va_start(arguments, format);
	diag_add_va(diag, NESCSIM_ERROR, status, place != NULL ? place : &at_source, hint, format, arguments);
	va_end(arguments);
	return status;
}

/* Row of `sources` by its name, or NUM_SOURCES. */
static size_t find_named(const char *format)
{
	size_t row = 0;

	while (row < NUM_SOURCES && strcmp(sources[row].source->name, format) != 0)
		row++;
	return row;
}

static size_t find_kind(source_kind kind)
{
	size_t row = 0;

	while (row < NUM_SOURCES && sources[row].kind != kind)
		row++;
	return row;
}

static nescsim_status report_format(const char *format, nescsim_diag *diag)
{
	const char *names[NUM_SOURCES], *nearest;
	char hint[64];

	for (size_t i = 0; i < NUM_SOURCES; i++)
		names[i] = sources[i].source->name;
	nearest = diag_nearest(format, names, NUM_SOURCES);
	if (nearest != NULL)
		snprintf(hint, sizeof(hint), "did you mean %s?", nearest);
	return diag_add(diag, NESCSIM_ERROR, NESCSIM_USAGE, NULL, nearest != NULL ? hint : "`nescsim maps` lists them",
			"there is no format of maps '%s'", format);
}

/* The text format of the content, or NUM_SOURCES. What cannot be unpacked may be a disk whose map can be asked for; where
 * that cannot be, it is a broken map. */
static nescsim_status detect_text(const char *source, const char *shown_source, const real_map_options *options,
				  nescsim_diag *diag, size_t *row_out)
{
	size_t row = 0, num_bytes;
	const uint8_t *head;
	input *in;
	const nescsim_status status =
		input_open(source, shown_source, &words, options->place, options->may_be_live ? NULL : diag, &in);

	*row_out = NUM_SOURCES;
	if (status != NESCSIM_OK)
		return options->may_be_live && status != NESCSIM_NO_MEMORY ? NESCSIM_OK : status;
	num_bytes = input_head(in, &head);
	while (row < NUM_SOURCES &&
	       (sources[row].kind != KIND_TEXT || !sources[row].source->detect((const char *)head, num_bytes)))
		row++;
	input_close(in);
	*row_out = row;
	return NESCSIM_OK;
}

/* Which source it is, by its name and content. NUM_SOURCES: none, and it was said why. */
static size_t detect(const char *source, const char *shown_source, const real_map_options *options, nescsim_diag *diag,
		     nescsim_status *status_out)
{
	struct stat information;
	size_t row = NUM_SOURCES;

	if (stat(source, &information) != 0) {
		if (strstr(source, ":/") != NULL)
			return find_kind(KIND_IMAGE);
		*status_out = real_map_report(diag, options->place, shown_source, NESCSIM_IO, NULL,
					      "cannot read the map '%s': %s", shown_source, strerror(errno));
		return NUM_SOURCES;
	}
	if (S_ISREG(information.st_mode))
		*status_out = detect_text(source, shown_source, options, diag, &row);
	if (*status_out != NESCSIM_OK)
		return NUM_SOURCES;
	if (row < NUM_SOURCES || options->may_be_live)
		return row < NUM_SOURCES ? row : find_kind(KIND_LIVE);
	*status_out = real_map_report(diag, options->place, shown_source, NESCSIM_TRACE, HINT_LIVE,
				      "'%s' is no map by its content, and a configuration cannot ask a mounted "
				      "filesystem for one: tomorrow it might be another",
				      shown_source);
	return NUM_SOURCES;
}

static nescsim_status read_text(const real_map_source *from, const char *source, const char *shown_source,
				const diag_place *place, nescsim_diag *diag, real_map *map)
{
	nescsim_status status;
	input *in;

	status = input_open(source, shown_source, &words, place, diag, &in);
	if (status != NESCSIM_OK)
		return status;
	status = from->read_text(in, map);
	input_close(in);
	return status;
}

nescsim_status real_map_read(const char *source, const char *shown_source, const real_map_options *options,
			     nescsim_diag *diag, real_map *map_out)
{
	const bool by_content = options->format == NULL || strcmp(options->format, "auto") == 0;
	nescsim_status status = NESCSIM_OK;
	size_t row;

	*map_out = (real_map){ .num_extents = 0 };
	row = by_content ? detect(source, shown_source, options, diag, &status) : find_named(options->format);
	if (row == NUM_SOURCES)
		return by_content ? status : report_format(options->format, diag);
	if (sources[row].kind == KIND_LIVE && !options->may_be_live)
		return real_map_report(diag, options->place, shown_source, NESCSIM_TRACE, HINT_LIVE,
				       "a configuration cannot ask a mounted filesystem for a map: tomorrow it might "
				       "be another");
	map_out->format = sources[row].source->name;
	if (sources[row].kind == KIND_TEXT)
		status = read_text(sources[row].source, source, shown_source, options->place, diag, map_out);
	else
		status = sources[row].source->read_file(source, shown_source, options, diag, map_out);
	if (status == NESCSIM_OK)
		status = check_places(map_out, shown_source, options->place, diag);
	return status;
}

char *real_map_image_of(const char *source)
{
	const char *colon = strstr(source, ":/");

	return colon == NULL || colon == source ? NULL : strndup(source, (size_t)(colon - source));
}

void real_map_fini(real_map *map)
{
	free(map->extents);
	*map = (real_map){ .num_extents = 0 };
}

/* ---- writing ---------------------------------------------------------------------------------------------------- */

void real_map_write(const real_map *map, output *out)
{
	uint64_t unit_bytes = map->block_bytes;

	/* Filesystems may place extents finer than they say that their blocks are. */
	for (size_t i = 0; i < map->num_extents; i++) {
		const real_extent *e = &map->extents[i];

		if (((e->logical_bytes | e->physical_bytes | e->num_bytes) & (unit_bytes - 1)) != 0)
			unit_bytes = REAL_MAP_UNIT_BYTES;
	}
	output_text(out, "nescsim extents 1 block_bytes %" PRIu64 " file_bytes %" PRIu64 "\n", unit_bytes,
		    map->file_bytes);
	for (size_t i = 0; i < map->num_extents; i++) {
		const real_extent *e = &map->extents[i];

		output_text(out, "%" PRIu64 " %" PRIu64 " %" PRIu64 "%s\n", e->logical_bytes / unit_bytes,
			    e->physical_bytes / unit_bytes, e->num_bytes / unit_bytes,
			    e->is_unwritten ? " unwritten" : "");
	}
}
