#include "config/sample.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cmocka_all.h"

#define NUM(array) (sizeof(array) / sizeof((array)[0]))

static const char *const replacements[] = { "lru", "fifo", NULL };

static const cfg_key btlb_keys[] = {
	{ .name = "entries",
	  .type = CFG_COUNT,
	  .offset_in_struct = offsetof(sample_btlb, entries),
	  .default_text = "8",
	  .min_text = "1",
	  .max_text = "64",
	  .power_of_two = true,
	  .help = "Cached extents.",
	  .source = "stated" },
	{ .name = "replacement",
	  .type = CFG_ENUM,
	  .offset_in_struct = offsetof(sample_btlb, replacement),
	  .default_text = "lru",
	  .choices = replacements,
	  .help = "Which one goes.",
	  .source = "stated" },
};

static const cfg_section btlb_section = {
	.name = "btlb", .keys = btlb_keys, .num_keys = NUM(btlb_keys), .struct_bytes = sizeof(sample_btlb)
};

static const cfg_key dram_keys[] = {
	{ .name = "latency",
	  .type = CFG_DURATION,
	  .offset_in_struct = offsetof(sample_dram, latency_ps),
	  .default_text = "50 ns",
	  .help = "Access time.",
	  .source = "assumption" },
	{ .name = "bandwidth",
	  .type = CFG_RATE,
	  .offset_in_struct = offsetof(sample_dram, bandwidth_bps),
	  .default_text = "6.4 GB/s",
	  .help = "Peak rate.",
	  .source = "assumption" },
};

static const cfg_section dram_section = {
	.name = "dram", .keys = dram_keys, .num_keys = NUM(dram_keys), .struct_bytes = sizeof(sample_dram)
};

static const cfg_key nand_keys[] = {
	{ .name = "channels",
	  .type = CFG_COUNT,
	  .offset_in_struct = offsetof(sample_nand, num_channels),
	  .default_text = "4",
	  .min_text = "1",
	  .help = "Buses.",
	  .source = "assumption" },
	{ .name = "dies",
	  .type = CFG_COUNT,
	  .offset_in_struct = offsetof(sample_nand, num_dies),
	  .default_text = "8",
	  .min_text = "1",
	  .help = "Dies in all.",
	  .source = "assumption" },
	{ .name = "cache",
	  .type = CFG_SECTION,
	  .offset_in_struct = offsetof(sample_nand, cache),
	  .section = &btlb_section,
	  .help = "Mapping cache." },
};

static void nand_check(const void *value, cfg_check *check)
{
	const sample_nand *nand = (const sample_nand *)value;

	if (nand->num_dies % nand->num_channels)
		cfg_conflict(check, "dies", "a multiple of channels", "%d dies on %d channels", (int)nand->num_dies,
			     (int)nand->num_channels);
	if (nand->cache.entries > 32)
		cfg_conflict(check, "cache.entries", NULL, "too many for the controller");
}

static const cfg_section nand_section = { .name = "nand",
					  .keys = nand_keys,
					  .num_keys = NUM(nand_keys),
					  .struct_bytes = sizeof(sample_nand),
					  .check = nand_check };

static const cfg_variant_row media_rows[] = { { "dram", "Board memory.", &dram_section },
					      { "nand", "Flash.", &nand_section },
					      { "null", "Nothing.", NULL } };

static const cfg_variants media_variants = {
	.tag = "kind", .default_name = "dram", .rows = media_rows, .num_rows = NUM(media_rows)
};

static const cfg_key scheme_keys[] = {
	{ .name = "depth",
	  .type = CFG_COUNT,
	  .offset_in_struct = offsetof(sample_scheme, depth),
	  .default_text = "16",
	  .help = "Requests in flight.",
	  .source = "assumption" },
	{ .name = "cost",
	  .type = CFG_DURATION,
	  .offset_in_struct = offsetof(sample_scheme, cost_ps),
	  .default_text = "1 us",
	  .help = "Time per request.",
	  .source = "assumption" },
};

static const cfg_section scheme_section = {
	.name = "scheme", .keys = scheme_keys, .num_keys = NUM(scheme_keys), .struct_bytes = sizeof(sample_scheme)
};

static const cfg_variant_row scheme_rows[] = { { "host", "Bare.", NULL },
					       { "nesc", "Mapped by the device.", &scheme_section },
					       { "virtio", "Ring.", &scheme_section } };

static const cfg_variants scheme_variants = { .rows = scheme_rows, .num_rows = NUM(scheme_rows) };

static const cfg_key disk_keys[] = {
	{ .name = "bytes",
	  .type = CFG_BYTES,
	  .offset_in_struct = offsetof(sample_disk, size_bytes),
	  .min_text = "1 KiB",
	  .max_text = "1 TiB",
	  .help = "Size of the virtual disk." },
	{ .name = "map",
	  .type = CFG_PATH,
	  .offset_in_struct = offsetof(sample_disk, map),
	  .default_text = "",
	  .help = "Extent map.",
	  .source = "none" },
};

static const cfg_section disk_section = {
	.name = "disk", .keys = disk_keys, .num_keys = NUM(disk_keys), .struct_bytes = sizeof(sample_disk)
};

static const cfg_key random_keys[] = {
	{ .name = "block",
	  .type = CFG_BYTES,
	  .offset_in_struct = offsetof(sample_random, block_bytes),
	  .default_text = "4 KiB",
	  .help = "Request size.",
	  .source = "assumption" },
	{ .name = "depth",
	  .type = CFG_COUNT,
	  .offset_in_struct = offsetof(sample_random, depth),
	  .default_text = "1",
	  .help = "Requests in flight.",
	  .source = "assumption" },
};

static const cfg_section random_section = {
	.name = "random", .keys = random_keys, .num_keys = NUM(random_keys), .struct_bytes = sizeof(sample_random)
};

static const cfg_variant_row workload_rows[] = { { "random", "Random reads.", &random_section },
						 { "idle", "Nothing.", NULL } };

static const cfg_variants workload_variants = { .tag = "kind", .rows = workload_rows, .num_rows = NUM(workload_rows) };

static const cfg_key vm_keys[] = {
	{ .name = "count",
	  .type = CFG_COUNT,
	  .offset_in_struct = offsetof(sample_vm, count),
	  .default_text = "1",
	  .min_text = "1",
	  .max_text = "64",
	  .help = "Equal machines.",
	  .source = "assumption" },
	{ .name = "disk",
	  .type = CFG_SECTION,
	  .offset_in_struct = offsetof(sample_vm, disk),
	  .section = &disk_section,
	  .help = "The disk." },
	{ .name = "workload",
	  .type = CFG_VARIANT,
	  .offset_in_struct = offsetof(sample_vm, workload),
	  .default_text = "random",
	  .variants = &workload_variants,
	  .help = "What it does.",
	  .source = "assumption" },
};

static const cfg_section vm_section = {
	.name = "vm", .keys = vm_keys, .num_keys = NUM(vm_keys), .struct_bytes = sizeof(sample_vm)
};

static const cfg_key vm_element = { .name = "vm", .type = CFG_SECTION, .section = &vm_section };
static const cfg_key depth_element = {
	.name = "depth", .type = CFG_COUNT, .min_text = "1", .max_text = "1024", .help = "A depth."
};

static const cfg_key sample_keys[] = {
	{ .name = "seed",
	  .type = CFG_COUNT,
	  .offset_in_struct = offsetof(sample, seed),
	  .default_text = "1",
	  .help = "Seed of all streams.",
	  .source = "assumption" },
	{ .name = "check",
	  .type = CFG_BOOL,
	  .offset_in_struct = offsetof(sample, check),
	  .default_text = "false",
	  .help = "Verify data.",
	  .source = "assumption" },
	{ .name = "title",
	  .type = CFG_STRING,
	  .offset_in_struct = offsetof(sample, title),
	  .default_text = "",
	  .help = "Free text.",
	  .source = "none" },
	{ .name = "latency",
	  .type = CFG_DURATION,
	  .offset_in_struct = offsetof(sample, latency_ps),
	  .default_text = "250 ns",
	  .max_text = "1 ms",
	  .help = "One way.",
	  .source = "measured: X" },
	{ .name = "clock",
	  .type = CFG_FREQUENCY,
	  .offset_in_struct = offsetof(sample, clock_hz),
	  .default_text = "250 MHz",
	  .min_text = "1 MHz",
	  .max_text = "5 GHz",
	  .help = "Device clock.",
	  .source = "stated" },
	{ .name = "bandwidth",
	  .type = CFG_RATE,
	  .offset_in_struct = offsetof(sample, bandwidth_bps),
	  .default_text = "1 GB/s",
	  .help = "Cap.",
	  .source = "stated" },
	{ .name = "setup",
	  .type = CFG_CYCLES,
	  .offset_in_struct = offsetof(sample, setup_cycles),
	  .default_text = "12 cycles",
	  .help = "Set-up.",
	  .source = "fitted" },
	{ .name = "rate",
	  .type = CFG_DECIMAL,
	  .offset_in_struct = offsetof(sample, rate_micro),
	  .default_text = "2.4",
	  .min_text = "0.1",
	  .max_text = "10",
	  .decimal_scale = 1000000,
	  .help = "Instructions per ns.",
	  .source = "assumption" },
	{ .name = "btlb",
	  .type = CFG_SECTION,
	  .offset_in_struct = offsetof(sample, btlb),
	  .section = &btlb_section,
	  .help = "The cache." },
	{ .name = "media",
	  .type = CFG_VARIANT,
	  .offset_in_struct = offsetof(sample, media),
	  .default_text = "{kind: dram}",
	  .variants = &media_variants,
	  .help = "The medium.",
	  .source = "stated" },
	{ .name = "vms",
	  .type = CFG_LIST,
	  .offset_in_struct = offsetof(sample, vms),
	  .default_text = "[]",
	  .element = &vm_element,
	  .help = "Virtual machines.",
	  .source = "none" },
	{ .name = "schemes",
	  .type = CFG_NAMED,
	  .offset_in_struct = offsetof(sample, schemes),
	  .default_text = "[host, nesc]",
	  .variants = &scheme_variants,
	  .help = "Schemes to compare.",
	  .source = "stated" },
	{ .name = "depths",
	  .type = CFG_LIST,
	  .offset_in_struct = offsetof(sample, depths),
	  .default_text = "[1, 2]",
	  .element = &depth_element,
	  .one_or_list = true,
	  .help = "Depths to try.",
	  .source = "assumption" },
};

const cfg_section sample_section = {
	.name = "sample", .keys = sample_keys, .num_keys = NUM(sample_keys), .struct_bytes = sizeof(sample)
};

char *sample_messages(const nescsim_diag *diag)
{
	char *messages = NULL;
	size_t num_bytes;
	FILE *out = open_memstream(&messages, &num_bytes);

	nescsim_diag_print(diag, out);
	fclose(out);
	return messages;
}

cfg_document *sample_read(const char *contents, const cfg_override *overrides, size_t num_overrides, sample *value_out,
			  char **messages_out)
{
	nescsim_diag *diag = nescsim_diag_create();
	cfg_document *document = NULL;
	nescsim_status status = cfg_load_text("t.yaml", contents, overrides, num_overrides, diag, &document);

	assert_true((status == NESCSIM_OK) == (document != NULL));
	if (document) {
		status = cfg_decode(document, &sample_section, value_out, diag);
		if (status != NESCSIM_OK) {
			cfg_document_destroy(document);
			document = NULL;
		}
	}
	assert_true((status == NESCSIM_OK) == (nescsim_diag_num_errors(diag) == 0));
	*messages_out = sample_messages(diag);
	nescsim_diag_destroy(diag);
	return document;
}

cfg_document *sample_good(const char *contents, sample *value_out)
{
	char *messages;
	cfg_document *document = sample_read(contents, NULL, 0, value_out, &messages);

	assert_string_equal(messages, "");
	free(messages);
	return document;
}

static void bad(const char *contents, const cfg_override *overrides, size_t num_overrides, const char *expected)
{
	sample value;
	char *messages;
	cfg_document *document = sample_read(contents, overrides, num_overrides, &value, &messages);

	assert_string_equal(messages, expected);
	assert_null(document);
	free(messages);
}

void sample_bad(const char *contents, const char *messages)
{
	bad(contents, NULL, 0, messages);
}

void sample_bad_override(const char *contents, const char *path, const char *value, const char *messages)
{
	const cfg_override override = { .path = path, .value = value };

	bad(contents, &override, 1, messages);
}
