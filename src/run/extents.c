/* nescsim extents: a map of a real file, and what it shows. */
#include "nescsim/extents.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "host/layout.h"
#include "host/real_map.h"
#include "metrics/decimal.h"
#include "metrics/table.h"
#include "run/scenario.h"
#include "workload/output.h"

#define NUM_DOUBLINGS 64 /* lengths up to 1 KiB, 2 KiB, 4 KiB, ... */

typedef enum part_kind {
	PART_WRITTEN,
	PART_UNWRITTEN,
	PART_HOLE,
	NUM_PARTS,
} part_kind;

static const char *const part_names[NUM_PARTS] = { "written", "unwritten", "hole" };

/* What the file has of one kind. */
typedef struct part_facts {
	uint64_t num_bytes, num_extents;
	uint64_t *runs; /* lengths, in bytes */
	size_t num_runs;
	uint64_t num_by_doubling[NUM_DOUBLINGS];
} part_facts;

typedef struct map_facts {
	part_facts parts[NUM_PARTS];
	uint64_t num_leaf_entries, num_nodes, node_bytes, node_entries;
	uint32_t depth;
} map_facts;

/* ---- counting --------------------------------------------------------------------------------------------------- */

static uint32_t doubling_of(uint64_t num_bytes)
{
	uint32_t doubling = 0;

	while (doubling < NUM_DOUBLINGS - 1 && (num_bytes - 1) / 1024 >> doubling != 0)
		doubling++;
	return doubling;
}

static void add_run(part_facts *to, uint64_t num_bytes)
{
	if (num_bytes == 0)
		return;
	to->runs[to->num_runs++] = num_bytes;
	to->num_bytes += num_bytes;
	to->num_by_doubling[doubling_of(num_bytes)]++;
}

static int by_length(const void *a, const void *b)
{
	const uint64_t one = *(const uint64_t *)a, two = *(const uint64_t *)b;

	return one < two ? -1 : one > two;
}

/* Extents that continue each other are one run; what lies between two, and behind the last one, is a hole. */
static void count_runs(map_facts *self, const real_map *map)
{
	uint64_t at = 0, run_bytes = 0;

	for (size_t i = 0; i < map->num_extents; i++) {
		const real_extent *e = &map->extents[i];
		part_facts *of = &self->parts[e->is_unwritten ? PART_UNWRITTEN : PART_WRITTEN];
		const bool goes_on = i + 1 < map->num_extents && real_map_continues(e, e + 1);

		add_run(&self->parts[PART_HOLE], e->logical_bytes - at);
		of->num_extents++;
		run_bytes += e->num_bytes;
		at = e->logical_bytes + e->num_bytes;
		if (goes_on)
			continue;
		add_run(of, run_bytes);
		run_bytes = 0;
	}
	if (at < map->file_bytes)
		add_run(&self->parts[PART_HOLE], map->file_bytes - at);
	for (int part = 0; part < NUM_PARTS; part++)
		qsort(self->parts[part].runs, self->parts[part].num_runs, sizeof(uint64_t), by_length);
}

/* The defaults of nesc.tree. */
static nescsim_status default_tree(map_facts *self, uint32_t *max_entries_out, nescsim_diag *diag)
{
	nescsim_config *config;
	const nescsim_status status = nescsim_config_load_text("defaults", "vms: [{workload: {kind: dd, count: 1}}]\n",
							       NULL, 0, diag, &config);

	if (status != NESCSIM_OK)
		return status;
	self->node_bytes = (uint64_t)config->scenario.nesc.tree.node_bytes;
	*max_entries_out = (uint32_t)config->scenario.nesc.tree.max_entries;
	self->node_entries = *max_entries_out != 0 ? *max_entries_out : tree_capacity((uint32_t)self->node_bytes);
	nescsim_config_destroy(config);
	return NESCSIM_OK;
}

/* The tree of a disk that is as large as all that the map has. */
static nescsim_status count_tree(map_facts *self, const real_map *map, nescsim_diag *diag)
{
	const real_extent *last = map->num_extents == 0 ? NULL : &map->extents[map->num_extents - 1];
	const uint64_t end_bytes = last == NULL ? 0 : last->logical_bytes + last->num_bytes;
	host_memory memory = { .pages = NULL };
	uint64_t root_address = 0;
	disk_layout layout = { .num_extents = 0 };
	uint32_t max_entries;
	nescsim_status status = default_tree(self, &max_entries, diag);

	if (status == NESCSIM_OK)
		status = disk_layout_pack(&layout, map, end_bytes, 0);
	/* At least two entries per node, and extents of any length. */
	if (status == NESCSIM_OK)
		status = memory_init(&memory, HOST_MEMORY_BASE,
				     (2 * layout.num_extents + layout.num_blocks / UINT32_MAX + 64) * self->node_bytes);
	if (status == NESCSIM_OK) {
		root_address = tree_build(&memory, (uint32_t)self->node_bytes, max_entries, layout.extents,
					  layout.num_extents);
		status = root_address == 0 ? NESCSIM_NO_MEMORY : NESCSIM_OK;
	}
	if (status == NESCSIM_OK) {
		self->depth = tree_depth(&memory, (uint32_t)self->node_bytes, root_address);
		self->num_nodes = tree_num_nodes(&memory, (uint32_t)self->node_bytes, root_address);
		self->num_leaf_entries = self->parts[PART_WRITTEN].num_runs;
	}
	memory_fini(&memory);
	disk_layout_fini(&layout);
	return status;
}

/* ---- words ------------------------------------------------------------------------------------------------------ */

static void cell(table *to, metrics_i128 numerator, metrics_i128 denominator, unsigned num_decimals)
{
	char text[DECIMAL_TEXT_BYTES];

	if (denominator == 0) {
		table_cell(to, "-");
		return;
	}
	decimal_ratio(numerator, denominator, num_decimals, text, sizeof(text));
	table_cell(to, "%s", text);
}

static void part_row(table *to, const part_facts *of, part_kind part)
{
	const size_t num = of->num_runs;

	table_cell(to, "%s", part_names[part]);
	cell(to, of->num_bytes, INT64_C(1) << 20, 1);
	if (part == PART_HOLE)
		table_cell(to, "-");
	else
		table_cell(to, "%" PRIu64, of->num_extents);
	table_cell(to, "%zu", num);
	cell(to, num == 0 ? 0 : of->runs[0], num == 0 ? 0 : 1024, 0);
	cell(to, num == 0 ? 0 : of->runs[(num - 1) / 2], num == 0 ? 0 : 1024, 0);
	cell(to, of->num_bytes, (metrics_i128)num * 1024, 1);
	cell(to, num == 0 ? 0 : of->runs[num - 1], num == 0 ? 0 : 1024, 0);
	table_end_row(to);
}

static nescsim_status print_table(table *to, FILE *out)
{
	const nescsim_status status = to == NULL ? NESCSIM_NO_MEMORY : table_print(to, out);

	table_destroy(to);
	return status;
}

static nescsim_status print_parts(const map_facts *self, FILE *out)
{
	static const table_column columns[] = {
		{ "part", TABLE_LEFT },      { "MiB", TABLE_RIGHT },     { "extents", TABLE_RIGHT },
		{ "runs", TABLE_RIGHT },     { "min KiB", TABLE_RIGHT }, { "median KiB", TABLE_RIGHT },
		{ "mean KiB", TABLE_RIGHT }, { "max KiB", TABLE_RIGHT },
	};
	table *to = table_create(columns, sizeof(columns) / sizeof(columns[0]));

	for (int part = 0; to != NULL && part < NUM_PARTS; part++)
		part_row(to, &self->parts[part], (part_kind)part);
	return print_table(to, out);
}

static void doubling_text(uint32_t doubling, char *text, size_t text_bytes)
{
	static const char *const units[] = { "KiB", "MiB", "GiB", "TiB", "PiB", "EiB", "ZiB" };

	snprintf(text, text_bytes, "%u %s", 1U << doubling % 10, units[doubling / 10]);
}

/* From the first length that there is to the last. */
static nescsim_status print_lengths(const map_facts *self, FILE *out)
{
	static const table_column columns[] = {
		{ "run up to", TABLE_RIGHT },
		{ "written", TABLE_RIGHT },
		{ "unwritten", TABLE_RIGHT },
		{ "hole", TABLE_RIGHT },
	};
	table *to = table_create(columns, sizeof(columns) / sizeof(columns[0]));
	uint32_t first = NUM_DOUBLINGS, last = 0;

	for (uint32_t doubling = 0; doubling < NUM_DOUBLINGS; doubling++)
		for (int part = 0; part < NUM_PARTS; part++)
			if (self->parts[part].num_by_doubling[doubling] != 0) {
				first = doubling < first ? doubling : first;
				last = doubling;
			}
	for (uint32_t doubling = first; to != NULL && doubling <= last; doubling++) {
		char text[16];

		doubling_text(doubling, text, sizeof(text));
		table_cell(to, "%s", text);
		for (int part = 0; part < NUM_PARTS; part++)
			table_cell(to, "%" PRIu64, self->parts[part].num_by_doubling[doubling]);
		table_end_row(to);
	}
	return print_table(to, out);
}

static nescsim_status print_facts(const map_facts *self, const real_map *map, const char *source_name, FILE *out)
{
	nescsim_status status;

	fprintf(out, "%s: %s, a file of %" PRIu64 " bytes in blocks of %" PRIu64 "\n\n", source_name, map->format,
		map->file_bytes, map->block_bytes);
	status = print_parts(self, out);
	if (status != NESCSIM_OK)
		return status;
	fprintf(out,
		"\nNeSC's tree (nodes of %" PRIu64 " bytes, %" PRIu64 " entries): %" PRIu64 " extents, depth %" PRIu32
		", %" PRIu64 " nodes.\n\n",
		self->node_bytes, self->node_entries, self->num_leaf_entries, self->depth, self->num_nodes);
	status = print_lengths(self, out);
	if (status != NESCSIM_OK)
		return status;
	return fflush(out) != 0 || ferror(out) ? NESCSIM_IO : NESCSIM_OK;
}

/* ---- the map's file --------------------------------------------------------------------------------------------- */

/* Nobody shall lose a disk because the wrong name was typed: what is replaced is a map, or empty. */
static nescsim_status check_target(const char *map_name, nescsim_diag *diag)
{
	const real_map_options options = { .format = "text" };
	const diag_place place = { .file = map_name };
	struct stat information;
	nescsim_status status;
	real_map old;

	if (stat(map_name, &information) != 0 || (S_ISREG(information.st_mode) && information.st_size == 0))
		return NESCSIM_OK;
	status = real_map_read(map_name, map_name, &options, NULL, &old);
	real_map_fini(&old);
	if (status == NESCSIM_OK || status == NESCSIM_NO_MEMORY)
		return status;
	return diag_add(diag, NESCSIM_ERROR, NESCSIM_USAGE, &place, "name another file, or remove this one",
			"what is there is no map, and is not replaced");
}

static nescsim_status write_map(const real_map *map, const char *map_name, nescsim_diag *diag)
{
	output *out;
	nescsim_status status = output_open(map_name, true, diag, &out);

	if (status != NESCSIM_OK)
		return status;
	real_map_write(map, out);
	return output_end(out, NESCSIM_OK);
}

/* ---- the call --------------------------------------------------------------------------------------------------- */

static nescsim_status look_at(const real_map *map, const char *source_name, FILE *out, nescsim_diag *diag)
{
	map_facts *facts = calloc(1, sizeof(*facts));
	nescsim_status status = facts == NULL ? NESCSIM_NO_MEMORY : NESCSIM_OK;

	for (int part = 0; status == NESCSIM_OK && part < NUM_PARTS; part++) {
		facts->parts[part].runs = malloc((map->num_extents + 1) * sizeof(uint64_t));
		if (facts->parts[part].runs == NULL)
			status = NESCSIM_NO_MEMORY;
	}
	if (status == NESCSIM_OK) {
		count_runs(facts, map);
		status = count_tree(facts, map, diag);
	}
	if (status == NESCSIM_OK)
		status = print_facts(facts, map, source_name, out);
	for (int part = 0; facts != NULL && part < NUM_PARTS; part++)
		free(facts->parts[part].runs);
	free(facts);
	return status;
}

nescsim_status nescsim_extents(const char *source_name, const char *format, const char *map_name, FILE *out,
			       nescsim_diag *diag)
{
	const real_map_options options = { .format = format, .may_be_live = true };
	real_map map;
	nescsim_status status = real_map_read(source_name, source_name, &options, diag, &map);

	if (status == NESCSIM_OK && map_name != NULL)
		status = check_target(map_name, diag);
	if (status == NESCSIM_OK && map_name != NULL)
		status = write_map(&map, map_name, diag);
	if (status == NESCSIM_OK)
		status = look_at(&map, source_name, out, diag);
	real_map_fini(&map);
	return status;
}
