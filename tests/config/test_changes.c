/* Which keys does an effective configuration have otherwise than the defaults, and which defaults are those? */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cmocka_all.h"
#include "base/text.h"
#include "config/sample.h"

static void add_line(const cfg_change *change, void *context)
{
	text_add(context, "%s: %s, not %s%s%s\n", change->path, change->value,
		 change->default_text != NULL ? change->default_text : "(required)",
		 change->help == NULL ? ", unknown" : "", change->is_file ? ", a file" : "");
}

static void expect_changes(json_t *effective, const char *expected)
{
	text_buffer lines = TEXT_EMPTY;

	assert_non_null(effective);
	assert_int_equal(cfg_list_changes(&sample_section, effective, add_line, &lines), NESCSIM_OK);
	assert_string_equal(text_get(&lines), expected);
	text_free(&lines);
	json_decref(effective);
}

static void expect_of_text(const char *contents, const char *expected)
{
	sample value;
	cfg_document *document = sample_good(contents, &value);

	expect_changes(cfg_dump_json(&sample_section, &value), expected);
	cfg_document_destroy(document);
}

#define VM "vms: [{disk: {bytes: 4 GiB}}]\n"
#define VM_CHANGE "vms[0].disk.bytes: 4 GiB, not (required)\n"

static void defaults_are_no_changes(void **state)
{
	(void)state;
	expect_of_text(VM, VM_CHANGE);
	/* Written out, and in other units. */
	expect_of_text(VM "btlb: {entries: 8}\nmedia: {kind: dram, latency: 50000 ps}\n", VM_CHANGE);
}

static void a_value_is_shown_with_its_default(void **state)
{
	(void)state;
	expect_of_text(VM "btlb: {entries: 16, replacement: fifo}\ncheck: true\n",
		       "check: true, not false\n"
		       "btlb.entries: 16, not 8\n"
		       "btlb.replacement: fifo, not lru\n" VM_CHANGE);
}

/* Another kind has other keys: they are compared with their own defaults. */
static void a_kind_brings_its_own_defaults(void **state)
{
	(void)state;
	expect_of_text(VM "media: {kind: nand, channels: 2, dies: 8}\n", "media.kind: nand, not dram\n"
									 "media.channels: 2, not 4\n" VM_CHANGE);
	expect_of_text("vms: [{disk: {bytes: 4 GiB}, workload: idle}]\n",
		       VM_CHANGE "vms[0].workload.kind: idle, not random\n");
}

static void names_come_first_then_what_they_have(void **state)
{
	(void)state;
	expect_of_text(VM "schemes: [virtio, nesc: {depth: 2}]\n",
		       VM_CHANGE "schemes: [virtio, nesc], not [host, nesc]\n"
				 "schemes.nesc.depth: 2, not 16\n");
}

static void lists_of_values_are_shown_whole(void **state)
{
	(void)state;
	expect_of_text(VM "depths: [1, 1024]\n", VM_CHANGE "depths: [1, 1024], not [1, 2]\n");
}

static void names_of_files_are_marked(void **state)
{
	(void)state;
	expect_of_text("vms: [{disk: {bytes: 4 GiB, map: m/a.map}}]\n",
		       VM_CHANGE "vms[0].disk.map: m/a.map, not , a file\n");
}

/* A result of another version may have keys that this one lacks, or lack some, or have them in another shape. */
static void other_versions_are_told(void **state)
{
	(void)state;
	expect_changes(json_loads("{\"turbo\": 7, \"btlb\": {\"entries\": 8, \"ways\": {\"a\": [1, true]}}, "
				  "\"media\": {\"kind\": \"tape\"}, \"seed\": \"x\", \"schemes\": {\"old\": {}}}",
				  0, NULL),
		       "seed: x, not 1\n"
		       "btlb.ways: {a: [1, true]}, not (required), unknown\n"
		       "media: {kind: tape}, not {kind: dram, latency: 50 ns, bandwidth: 6.4 GB/s}, unknown\n"
		       "schemes: [old], not [host, nesc]\n"
		       "schemes.old: {}, not (required), unknown\n"
		       "turbo: 7, not (required), unknown\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults_are_no_changes),
		cmocka_unit_test(a_value_is_shown_with_its_default),
		cmocka_unit_test(a_kind_brings_its_own_defaults),
		cmocka_unit_test(names_come_first_then_what_they_have),
		cmocka_unit_test(lists_of_values_are_shown_whole),
		cmocka_unit_test(names_of_files_are_marked),
		cmocka_unit_test(other_versions_are_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
