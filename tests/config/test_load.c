/* Do files, base chains and overrides merge as documented, and is every unreadable input refused with its place? */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cmocka_all.h"
#include "config/sample.h"

/* --- a scratch folder, which is the working directory while a test runs --- */

#define NUM_RANDOM 6 /* letters that mkdtemp() replaces */

static char folder[64], old_folder[4096];

static int enter_folder(void **state)
{
	(void)state;
	strcpy(folder, "/tmp/nescsim_test_");
	memset(folder + strlen(folder), 'X', NUM_RANDOM);
	return getcwd(old_folder, sizeof(old_folder)) && mkdtemp(folder) && chdir(folder) == 0 ? 0 : -1;
}

static int leave_folder(void **state)
{
	char command[100];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf '%s'", folder);
	return chdir(old_folder) == 0 && system(command) == 0 ? 0 : -1;
}

static void write_bytes(const char *name, const char *bytes, size_t num_bytes)
{
	FILE *file = fopen(name, "wb");

	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, num_bytes, file), num_bytes);
	assert_int_equal(fclose(file), 0);
}

static void write_text(const char *name, const char *contents)
{
	write_bytes(name, contents, strlen(contents));
}

/* Loads and decodes a file; checks the status and the messages. */
static cfg_document *read_file(const char *name, const cfg_override *overrides, size_t num_overrides, sample *value_out,
			       nescsim_status expected_status, const char *expected)
{
	nescsim_diag *diag = nescsim_diag_create();
	cfg_document *document;
	nescsim_status status = cfg_load(name, overrides, num_overrides, diag, &document);
	char *messages;

	if (status == NESCSIM_OK) {
		status = cfg_decode(document, &sample_section, value_out, diag);
		if (status != NESCSIM_OK) {
			cfg_document_destroy(document);
			document = NULL;
		}
	}
	messages = sample_messages(diag);
	assert_string_equal(messages, expected);
	assert_int_equal(status, expected_status);
	free(messages);
	nescsim_diag_destroy(diag);
	return document;
}

static void bad_file(const char *name, nescsim_status expected_status, const char *expected)
{
	sample value;

	assert_null(read_file(name, NULL, 0, &value, expected_status, expected));
}

/* --- syntax --- */

static void syntax_errors_have_line_and_column(void **state)
{
	(void)state;
	sample_bad("seed: 1\nbtlb: {entries: 8\n",
		   "t.yaml:3:1: error: YAML syntax: did not find expected ',' or '}', while parsing a flow mapping "
		   "that starts at line 2\n");
	sample_bad("seed: 1\n  check: true\n",
		   "t.yaml:2:8: error: YAML syntax: mapping values are not allowed in this context\n");
	sample_bad("btlb:\n\tentries: 8\n",
		   "t.yaml:2:1: error: YAML syntax: found character that cannot start any token, "
		   "while scanning for the next token\n");
	sample_bad("seed: *nowhere\n", "t.yaml:1:7: error: YAML syntax: found undefined alias\n");
}

static void what_a_config_does_not_need_is_refused(void **state)
{
	(void)state;
	sample_bad("seed: 1\n---\nseed: 2\n", "t.yaml:2:1: error: a second document: one file is one config\n");
	sample_bad("- seed\n", "t.yaml:1:1: error: a config must be a mapping, not a list (key: value)\n");
	sample_bad("seed\n", "t.yaml:1:1: error: a config must be a mapping, not a single value (key: value)\n");
	sample_bad("seed: !!int 5\ntitle: !x y\n",
		   "t.yaml:1:7: error: tags (!...) are not supported (the schema knows the type)\n"
		   "t.yaml:2:8: error: tags (!...) are not supported (the schema knows the type)\n");
	sample_bad("a: &a {seed: 1}\n<<: *a\n", "t.yaml:2:1: error: merge keys (<<) are not supported "
						"(put the shared part into a file and name it with 'base: FILE')\n");
	sample_bad("[seed]: 1\n", "t.yaml:1:1: error: a key must be a name "
				  "(a mapping is written 'key: value')\n");
	sample_bad("title: \"a\\0b\"\n", "t.yaml:1:8: error: a text must not contain the character NUL\n");
}

static void duplicate_keys_name_both_places(void **state)
{
	(void)state;
	sample_bad("seed: 1\nbtlb:\n  entries: 8\n  entries: 16\nseed: 2\n",
		   "t.yaml:4:3: error: duplicate key 'entries', first given at t.yaml:3:3\n"
		   "t.yaml:5:1: error: duplicate key 'seed', first given at t.yaml:1:1\n");
}

static void aliases_are_copied(void **state)
{
	sample value;
	const sample_vm *vms;
	cfg_document *document = sample_good("vms:\n  - &one {disk: {bytes: 1 MiB}}\n  - *one\n", &value);

	(void)state;
	assert_int_equal(value.vms.num, 2);
	vms = (const sample_vm *)value.vms.items;
	assert_int_equal(vms[1].disk.size_bytes, 1 << 20);
	cfg_document_destroy(document);
}

static void bombs_are_refused(void **state)
{
	char deep[20000] = "seed: ";
	sample value;
	char *messages;
	char laughs[4000] = "a0: &a0 [x]\n";

	(void)state;
	memset(deep + 6, '[', 10000);
	sample_bad(deep, "t.yaml:1:70: error: nested too deeply\n");
	for (int i = 0; i < 5000; i++)
		memcpy(deep + 6 + 2 * i, "- ", 2);
	assert_null(sample_read(deep, NULL, 0, &value, &messages));
	free(messages);
	sample_bad("seed: &s [*s]\n", "t.yaml:1:7: error: nested too deeply (or an alias that contains itself)\n");
	for (int i = 1; i < 20; i++)
		sprintf(laughs + strlen(laughs), "a%d: &a%d [*a%d, *a%d, *a%d, *a%d, *a%d]\n", i, i, i - 1, i - 1,
			i - 1, i - 1, i - 1);
	assert_null(sample_read(laughs, NULL, 0, &value, &messages));
	assert_non_null(strstr(messages, "the document has too many values (aliases count as often as they are used)"));
	free(messages);
}

/* --- files --- */

static void unreadable_files_are_io_errors(void **state)
{
	(void)state;
	bad_file("none.yaml", NESCSIM_IO, "none.yaml: error: cannot open 'none.yaml': No such file or directory\n");
	assert_int_equal(mkdir("dir", 0700), 0);
	bad_file("dir", NESCSIM_IO, "dir: error: cannot read 'dir': Is a directory\n");
	write_text("top.yaml", "seed: 1\nbase: gone.yaml\n");
	bad_file("top.yaml", NESCSIM_IO,
		 "top.yaml:2:7: error: base: cannot open 'gone.yaml': No such file or directory\n");
}

static void files_that_are_no_text_are_refused(void **state)
{
	static char large[(4 << 20) + 1];

	(void)state;
	write_bytes("nul.yaml", "seed: 1\nti\0tle: x\n", 17);
	bad_file("nul.yaml", NESCSIM_CONFIG,
		 "nul.yaml:2:3: error: contains the character NUL (a config is UTF-8 text)\n");
	write_bytes("latin.yaml", "seed: 1\ntitle: caf\xe9 x\n", 21);
	bad_file("latin.yaml", NESCSIM_CONFIG,
		 "latin.yaml:2:12: error: invalid trailing UTF-8 octet (a config is UTF-8 text)\n");
	write_bytes("bell.yaml", "title: \a\n", 9);
	bad_file("bell.yaml", NESCSIM_CONFIG,
		 "bell.yaml:1:8: error: control characters are not allowed (a config is UTF-8 text)\n");
	memset(large, '#', sizeof(large));
	write_bytes("large.yaml", large, sizeof(large));
	bad_file("large.yaml", NESCSIM_CONFIG,
		 "large.yaml: error: 'large.yaml' is larger than 4 MiB (is it really a config?)\n");
}

/* --- base --- */

static void a_file_is_merged_over_its_base(void **state)
{
	sample value;
	cfg_document *document;
	const sample_vm *vms;

	(void)state;
	assert_int_equal(mkdir("lib", 0700), 0);
	write_text("lib/root.yaml", "seed: 1\ntitle: root\nbtlb: {entries: 16, replacement: fifo}\n");
	write_text("lib/mid.yaml", "base: root.yaml\ntitle: mid\ndepths: [3, 4, 5]\n"
				   "vms: [{disk: {bytes: 1 MiB, map: a.map}}]\n");
	write_text("top.yaml", "base: lib/mid.yaml\nbtlb:\n  entries: 32\ndepths: [7]\n");
	document = read_file("top.yaml", NULL, 0, &value, NESCSIM_OK, "");
	assert_int_equal(value.seed, 1);
	assert_string_equal(value.title, "mid");
	assert_int_equal(value.btlb.entries, 32);
	assert_int_equal(value.btlb.replacement, 1);
	assert_int_equal(value.depths.num, 1);
	vms = (const sample_vm *)value.vms.items;
	assert_string_equal(vms[0].disk.map.text, "a.map");
	assert_string_equal(vms[0].disk.map.resolved, "lib/a.map");
	cfg_document_destroy(document);
}

static void mistakes_in_a_base_are_reported_in_its_file(void **state)
{
	(void)state;
	assert_int_equal(mkdir("lib", 0700), 0);
	write_text("lib/root.yaml", "seed: x\nseed: 2\n");
	write_text("top.yaml", "base: lib/root.yaml\n");
	bad_file("top.yaml", NESCSIM_CONFIG,
		 "lib/root.yaml:2:1: error: duplicate key 'seed', first given at lib/root.yaml:1:1\n");
	write_text("lib/root.yaml", "seed: x\n");
	bad_file("top.yaml", NESCSIM_CONFIG, "lib/root.yaml:1:7: error: seed: expected a whole number, not 'x'\n");
}

static void base_cycles_are_found(void **state)
{
	char name[32], contents[64];

	(void)state;
	write_text("a.yaml", "base: ./b.yaml\n");
	write_text("b.yaml", "base: a.yaml\n");
	bad_file("a.yaml", NESCSIM_CONFIG,
		 "./b.yaml:1:7: error: base: the chain of base files comes back to './a.yaml'\n");
	write_text("self.yaml", "base: self.yaml\n");
	bad_file("self.yaml", NESCSIM_CONFIG,
		 "self.yaml:1:7: error: base: the chain of base files comes back to 'self.yaml'\n");
	for (int i = 0; i < 40; i++) {
		snprintf(name, sizeof(name), "c%d.yaml", i);
		snprintf(contents, sizeof(contents), "base: c%d.yaml\n", i + 1);
		write_text(name, contents);
	}
	bad_file("c0.yaml", NESCSIM_CONFIG, "c31.yaml:1:7: error: base: the chain of base files is longer than 32\n");
}

static void a_base_is_one_file_name(void **state)
{
	(void)state;
	sample_bad("base: [a, b]\n", "t.yaml:1:7: error: base: must be the name of one file (base: other.yaml)\n");
	sample_bad("base:\n", "t.yaml:1:6: error: base: must be the name of one file (base: other.yaml)\n");
}

static void another_kind_drops_the_keys_of_the_base(void **state)
{
	sample value;
	cfg_document *document;

	(void)state;
	write_text("nand.yaml", "media: {kind: nand, channels: 2, cache: {entries: 16}}\n");
	write_text("top.yaml", "base: nand.yaml\nmedia: {kind: dram, latency: 70 ns}\n");
	document = read_file("top.yaml", NULL, 0, &value, NESCSIM_OK, "");
	assert_int_equal(((const sample_dram *)value.media.params)->latency_ps, 70000);
	cfg_document_destroy(document);
	write_text("same.yaml", "base: nand.yaml\nmedia: {kind: nand, dies: 16}\n");
	document = read_file("same.yaml", NULL, 0, &value, NESCSIM_OK, "");
	assert_int_equal(((const sample_nand *)value.media.params)->num_channels, 2);
	assert_int_equal(((const sample_nand *)value.media.params)->num_dies, 16);
	cfg_document_destroy(document);
}

static void a_base_without_a_kind_has_the_default_kind(void **state)
{
	sample value;
	cfg_document *document;

	(void)state;
	write_text("plain.yaml", "media: {latency: 70 ns}\n");
	write_text("dram.yaml", "base: plain.yaml\nmedia: {kind: dram, bandwidth: 1 GB/s}\n");
	document = read_file("dram.yaml", NULL, 0, &value, NESCSIM_OK, "");
	assert_int_equal(((const sample_dram *)value.media.params)->latency_ps, 70000);
	assert_int_equal(((const sample_dram *)value.media.params)->bandwidth_bps, 1000000000);
	cfg_document_destroy(document);
	write_text("nand.yaml", "base: plain.yaml\nmedia: {kind: nand}\n");
	document = read_file("nand.yaml", NULL, 0, &value, NESCSIM_OK, "");
	assert_int_equal(((const sample_nand *)value.media.params)->num_channels, 4);
	cfg_document_destroy(document);
}

static void an_empty_section_says_nothing_and_null_resets(void **state)
{
	sample value;
	cfg_document *document;

	(void)state;
	write_text("root.yaml", "btlb: {entries: 16}\n");
	write_text("empty.yaml", "base: root.yaml\nbtlb:\n");
	write_text("null.yaml", "base: root.yaml\nbtlb: null\n");
	document = read_file("empty.yaml", NULL, 0, &value, NESCSIM_OK, "");
	assert_int_equal(value.btlb.entries, 16);
	cfg_document_destroy(document);
	document = read_file("null.yaml", NULL, 0, &value, NESCSIM_OK, "");
	assert_int_equal(value.btlb.entries, 8);
	cfg_document_destroy(document);
}

/* --- overrides --- */

static cfg_document *overridden(const char *contents, const cfg_override *overrides, size_t num_overrides,
				sample *value_out)
{
	char *messages;
	cfg_document *document = sample_read(contents, overrides, num_overrides, value_out, &messages);

	assert_string_equal(messages, "");
	free(messages);
	return document;
}

#define OVERRIDDEN(contents, value, ...)                            \
	overridden(contents, (const cfg_override[]){ __VA_ARGS__ }, \
		   sizeof((const cfg_override[]){ __VA_ARGS__ }) / sizeof(cfg_override), value)

static void overrides_reach_mappings_lists_and_names(void **state)
{
	sample value;
	const sample_vm *vms;
	const cfg_variant *schemes;
	cfg_document *document = OVERRIDDEN(
		"vms: [{disk: {bytes: 1 MiB}}]\nschemes: [host, nesc]\ndepths: [1, 2]\n", &value, { "seed", "5", NULL },
		{ "btlb.entries", "32", NULL }, { "vms[0].disk.bytes", "2 MiB", NULL },
		{ "vms[0].workload.depth", "9", NULL }, { "schemes.nesc.depth", "3", NULL },
		{ "depths[1]", "77", NULL }, { "title", "'x: y'", NULL }, { "seed", "6", NULL });

	(void)state;
	assert_int_equal(value.seed, 6);
	assert_int_equal(value.btlb.entries, 32);
	assert_string_equal(value.title, "x: y");
	vms = (const sample_vm *)value.vms.items;
	assert_int_equal(vms[0].disk.size_bytes, 2 << 20);
	assert_int_equal(((const sample_random *)vms[0].workload.params)->depth, 9);
	schemes = (const cfg_variant *)value.schemes.items;
	assert_int_equal(value.schemes.num, 2);
	assert_int_equal(((const sample_scheme *)schemes[1].params)->depth, 3);
	assert_int_equal(((const int64_t *)value.depths.items)[1], 77);
	cfg_document_destroy(document);
}

static void a_name_in_the_default_list_can_be_overridden(void **state)
{
	sample value;
	const cfg_variant *schemes;
	cfg_document *document = OVERRIDDEN("", &value, { "schemes.nesc.depth", "3", NULL });

	(void)state;
	assert_int_equal(value.schemes.num, 2);
	schemes = (const cfg_variant *)value.schemes.items;
	assert_string_equal(schemes[0].name, "host");
	assert_int_equal(((const sample_scheme *)schemes[1].params)->depth, 3);
	cfg_document_destroy(document);
	document = OVERRIDDEN("schemes: {host: , nesc: {cost: 2 us}}", &value, { "schemes.nesc.depth", "3", NULL });
	schemes = (const cfg_variant *)value.schemes.items;
	assert_int_equal(((const sample_scheme *)schemes[1].params)->cost_ps, 2000000);
	assert_int_equal(((const sample_scheme *)schemes[1].params)->depth, 3);
	cfg_document_destroy(document);
	document = OVERRIDDEN("schemes: [host]", &value, { "schemes.virtio", "{depth: 2}", NULL },
			      { "schemes.virtio.cost", "5 ns", NULL });
	schemes = (const cfg_variant *)value.schemes.items;
	assert_int_equal(value.schemes.num, 2);
	assert_int_equal(((const sample_scheme *)schemes[1].params)->depth, 2);
	assert_int_equal(((const sample_scheme *)schemes[1].params)->cost_ps, 5000);
	cfg_document_destroy(document);
}

static void a_name_outside_the_list_is_not_added_by_the_way(void **state)
{
	static const char in_default[] =
		"--set: error: schemes.virtio: the list has no such name (it lists host, nesc)\n";

	(void)state;
	sample_bad_override("schemes: [host, nesc]", "schemes.virtio.depth", "2",
			    "--set: error: schemes.virtio.depth: the list has no 'virtio' (it lists host, nesc)\n");
	sample_bad_override("schemes: {host: , nesc: }", "schemes.virtio.depth", "2", in_default);
	sample_bad_override("", "schemes.virtio.depth", "2", in_default);
	sample_bad_override(
		"schemes: [host]", "schemes.nsec", "{}",
		"--set: error: schemes: unknown name 'nsec' (did you mean 'nesc'? choices: host, nesc, virtio)\n");
}

static void an_overridden_kind_keeps_the_other_overrides(void **state)
{
	sample value;
	const sample_nand *nand;
	cfg_document *document = OVERRIDDEN("media: {kind: dram, latency: 70 ns}", &value,
					    { "media.channels", "2", NULL }, { "media.cache.entries", "4", NULL },
					    { "media.kind", "nand", NULL }, { "media.dies", "10", NULL });

	(void)state;
	nand = (const sample_nand *)value.media.params;
	assert_string_equal(value.media.name, "nand");
	assert_int_equal(nand->num_channels, 2);
	assert_int_equal(nand->num_dies, 10);
	assert_int_equal(nand->cache.entries, 4);
	cfg_document_destroy(document);
	document = OVERRIDDEN("media: nand", &value, { "media.channels", "1", NULL });
	assert_int_equal(((const sample_nand *)value.media.params)->num_channels, 1);
	cfg_document_destroy(document);
	document = OVERRIDDEN("media: {kind: nand, channels: 2}", &value, { "media", "{dies: 2}", NULL });
	assert_int_equal(((const sample_nand *)value.media.params)->num_channels, 2);
	assert_int_equal(((const sample_nand *)value.media.params)->num_dies, 2);
	cfg_document_destroy(document);
}

static void bad_overrides_are_refused(void **state)
{
	(void)state;
	sample_bad_override("", "", "1", "--set: error: : malformed path (a path looks like a.b[0].c)\n");
	sample_bad_override("", "a..b", "1", "--set: error: a..b: malformed path (a path looks like a.b[0].c)\n");
	sample_bad_override("", "[0]", "1", "--set: error: [0]: malformed path (a path looks like a.b[0].c)\n");
	sample_bad_override("", "vms[x]", "1", "--set: error: vms[x]: malformed path (a path looks like a.b[0].c)\n");
	sample_bad_override("", "vms[0]x", "1", "--set: error: vms[0]x: malformed path (a path looks like a.b[0].c)\n");
	sample_bad_override("", "base", "x.yaml",
			    "--set: error: base: the base of a file cannot be overridden (name it in the file)\n");
	sample_bad_override("vms: [{disk: {bytes: 1 MiB}}]", "vms[1].count", "1",
			    "--set: error: vms[1].count: element 1 of a list of 1 (the first element is [0])\n");
	sample_bad_override(
		"", "vms[0].count", "1",
		"--set: error: vms[0].count: the document does not give this list, so that it has no elements\n");
	sample_bad_override("seed: 1", "seed[0]", "1",
			    "--set: error: seed[0]: there is no list here ([0] takes an element of a list)\n");
	sample_bad_override("", "depths", "[1, 2",
			    "--set: error: depths: YAML syntax: did not find expected ',' or ']', "
			    "while parsing a flow sequence\n");
	sample_bad_override("", "btlb.entires", "8",
			    "--set: error: btlb.entires: unknown key (did you mean 'entries'?)\n");
	sample_bad_override("", "latency", "8",
			    "--set: error: latency: '8' has no unit; expected a duration "
			    "(write it with one of ps, ns, us, ms, s, min, h, d)\n");
	sample_bad_override("", "title", "", "--set: error: title: has no value; expected a text (Free text.)\n");
}

/* --- files that are part of the program --- */

static void builtin(const char *name, nescsim_status expected_status, const char *expected, int64_t expected_seed)
{
	static const cfg_file files[] = {
		{ "a/top.yaml", "base: ../low.yaml\nseed: 3\n" },
		{ "a/../low.yaml", "seed: 1\nbtlb: {entries: 4}\n" },
		{ "lost.yaml", "base: none.yaml\n" },
		{ "ring.yaml", "base: ring.yaml\n" },
	};
	nescsim_diag *diag = nescsim_diag_create();
	cfg_document *document;
	sample value;
	char *messages;

	assert_int_equal(cfg_load_files(name, files, sizeof(files) / sizeof(files[0]), NULL, 0, diag, &document),
			 expected_status);
	messages = sample_messages(diag);
	assert_string_equal(messages, expected);
	if (document) {
		assert_int_equal(cfg_decode(document, &sample_section, &value, diag), NESCSIM_OK);
		assert_int_equal(value.seed, expected_seed);
		assert_int_equal(value.btlb.entries, 4);
	}
	cfg_document_destroy(document);
	free(messages);
	nescsim_diag_destroy(diag);
}

static void builtin_files_have_builtin_bases(void **state)
{
	(void)state;
	builtin("a/top.yaml", NESCSIM_OK, "", 3);
	builtin("a/../low.yaml", NESCSIM_OK, "", 1);
	builtin("lost.yaml", NESCSIM_IO, "lost.yaml:1:7: error: base: 'none.yaml' is no part of the program\n", 0);
	builtin("ring.yaml", NESCSIM_CONFIG,
		"ring.yaml:1:7: error: base: the chain of base files comes back to 'ring.yaml'\n", 0);
	builtin("top.yaml", NESCSIM_IO, "top.yaml: error: 'top.yaml' is no part of the program\n", 0);
}

/* Loads and decodes options; checks the status and the messages. */
static void read_options(const cfg_option *options, size_t num_options, sample *value_out, cfg_document **document_out,
			 const char *expected)
{
	nescsim_diag *diag = nescsim_diag_create();
	nescsim_status status = cfg_load_options("job", 3, 1, options, num_options, diag, document_out);
	char *messages;

	if (status == NESCSIM_OK)
		status = cfg_decode(*document_out, &sample_section, value_out, diag);
	messages = sample_messages(diag);
	assert_string_equal(messages, expected);
	assert_int_equal(status, *expected ? NESCSIM_CONFIG : NESCSIM_OK);
	free(messages);
	nescsim_diag_destroy(diag);
}

static void options_of_another_notation_share_the_schema(void **state)
{
	static const cfg_option good[] = { { "seed", "5", 4, 6 },
					   { "depths", "[1, 2]", 5, 8 },
					   { "seed", "6", 6, 6 },
					   { "media", "{kind: nand}", 7, 7 } };
	static const cfg_option bad[] = { { "seed", "x", 4, 6 }, { "depths", "[1, 0]", 5, 8 }, { "sed", "6", 6, 1 } };
	static const cfg_option broken[] = { { "seed", "[1", 4, 6 } };
	cfg_document *document;
	sample value;

	(void)state;
	read_options(good, 4, &value, &document, "");
	assert_int_equal(value.seed, 6); /* the last counts */
	assert_int_equal(value.depths.num, 2);
	assert_string_equal(value.media.name, "nand");
	cfg_document_destroy(document);
	read_options(bad, 3, &value, &document,
		     "job:4:6: error: seed: expected a whole number, not 'x'\n"
		     "job:5:8: error: depths[1]: 0 is out of range 1 ... 1024 (A depth.)\n"
		     "job:6:1: error: sed: unknown key (did you mean 'seed'?)\n");
	cfg_document_destroy(document);
	read_options(broken, 1, &value, &document,
		     "job: error: seed: YAML syntax: did not find expected ',' or ']', while parsing a flow "
		     "sequence\n");
	assert_null(document);
}

int main(void)
{
#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, enter_folder, leave_folder)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(syntax_errors_have_line_and_column),
		cmocka_unit_test(what_a_config_does_not_need_is_refused),
		cmocka_unit_test(duplicate_keys_name_both_places),
		cmocka_unit_test(aliases_are_copied),
		cmocka_unit_test(bombs_are_refused),
		IN_FOLDER(unreadable_files_are_io_errors),
		IN_FOLDER(files_that_are_no_text_are_refused),
		IN_FOLDER(a_file_is_merged_over_its_base),
		IN_FOLDER(mistakes_in_a_base_are_reported_in_its_file),
		IN_FOLDER(base_cycles_are_found),
		cmocka_unit_test(a_base_is_one_file_name),
		IN_FOLDER(another_kind_drops_the_keys_of_the_base),
		IN_FOLDER(a_base_without_a_kind_has_the_default_kind),
		IN_FOLDER(an_empty_section_says_nothing_and_null_resets),
		cmocka_unit_test(overrides_reach_mappings_lists_and_names),
		cmocka_unit_test(a_name_in_the_default_list_can_be_overridden),
		cmocka_unit_test(a_name_outside_the_list_is_not_added_by_the_way),
		cmocka_unit_test(an_overridden_kind_keeps_the_other_overrides),
		cmocka_unit_test(bad_overrides_are_refused),
		cmocka_unit_test(builtin_files_have_builtin_bases),
		cmocka_unit_test(options_of_another_notation_share_the_schema),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
