/* Does the effective value, written as YAML or as JSON, read back as the same value? */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cmocka_all.h"
#include "config/sample.h"

static const char full[] = "seed: 9007199254740993\n"
			   "check: true\n"
			   "title: \"quote \\\" backslash \\\\ tab \\t bell \\a \\u00e9 \\U0001F600 # : -\"\n"
			   "latency: 1.5us\n"
			   "clock: 333333333 Hz\n"
			   "bandwidth: 4 MiB/s\n"
			   "setup: 1 cycle\n"
			   "rate: 0.1\n"
			   "btlb: {entries: 64, replacement: fifo}\n"
			   "media: {kind: nand, channels: 2, cache: {entries: 16}}\n"
			   "vms:\n"
			   "  - {count: 3, disk: {bytes: 4 GiB, map: m/a.map}, workload: idle}\n"
			   "  - {disk: {bytes: 1025 B, map: 'null'}, workload: {kind: random, depth: 4}}\n"
			   "schemes: [virtio, nesc: {depth: 2}, host]\n"
			   "depths: [1, 1024]\n";

static const char full_yaml[] =
	"seed: 9007199254740993\n"
	"check: true\n"
	"title: \"quote \\\" backslash \\\\ tab \\u0009 bell \\u0007 \\u00E9 \\U0001F600 # : -\"\n"
	"latency: 1.5 us\n"
	"clock: 333333333 Hz\n"
	"bandwidth: 4 MiB/s\n"
	"setup: 1 cycle\n"
	"rate: 0.1\n"
	"btlb:\n"
	"  entries: 64\n"
	"  replacement: fifo\n"
	"media:\n"
	"  kind: nand\n"
	"  channels: 2\n"
	"  dies: 8\n"
	"  cache:\n"
	"    entries: 16\n"
	"    replacement: lru\n"
	"vms:\n"
	"  - count: 3\n"
	"    disk:\n"
	"      bytes: 4 GiB\n"
	"      map: m/a.map\n"
	"    workload:\n"
	"      kind: idle\n"
	"  - count: 1\n"
	"    disk:\n"
	"      bytes: 1025 B\n"
	"      map: \"null\"\n"
	"    workload:\n"
	"      kind: random\n"
	"      block: 4 KiB\n"
	"      depth: 4\n"
	"schemes:\n"
	"  virtio:\n"
	"    depth: 16\n"
	"    cost: 1 us\n"
	"  nesc:\n"
	"    depth: 2\n"
	"    cost: 1 us\n"
	"  host: {}\n"
	"depths:\n"
	"  - 1\n"
	"  - 1024\n";

static char *dumped_yaml(const sample *value)
{
	char *yaml = NULL;
	size_t num_bytes;
	FILE *out = open_memstream(&yaml, &num_bytes);

	cfg_dump_yaml(&sample_section, value, out);
	fclose(out);
	return yaml;
}

static char *dumped_json(const sample *value)
{
	json_t *json = cfg_dump_json(&sample_section, value);
	char *words = json_dumps(json, JSON_COMPACT);

	json_decref(json);
	return words;
}

static void the_yaml_dump_is_canonical(void **state)
{
	sample value;
	cfg_document *document = sample_good(full, &value);
	char *yaml = dumped_yaml(&value);

	(void)state;
	assert_string_equal(yaml, full_yaml);
	free(yaml);
	cfg_document_destroy(document);
}

static void the_json_dump_has_units_and_exact_numbers(void **state)
{
	sample value;
	cfg_document *document = sample_good("schemes: [host]\nmedia: {kind: null}\ndepths: []", &value);
	char *json = dumped_json(&value);

	(void)state;
	assert_string_equal(json,
			    "{\"seed\":1,\"check\":false,\"title\":\"\",\"latency\":\"250 ns\",\"clock\":\"250 MHz\","
			    "\"bandwidth\":\"1 GB/s\",\"setup\":\"12 cycles\",\"rate\":\"2.4\","
			    "\"btlb\":{\"entries\":8,\"replacement\":\"lru\"},\"media\":{\"kind\":\"null\"},"
			    "\"vms\":[],\"schemes\":{\"host\":{}},\"depths\":[]}");
	free(json);
	cfg_document_destroy(document);
}

static void both_dumps_read_back_to_the_same_value(void **state)
{
	static const char *const texts[] = { full,
					     "",
					     "title: ''",
					     "title: ' x'",
					     "title: 'x  y'",
					     "title: '~'",
					     "title: '-'",
					     "title: '---'",
					     "title: '...'",
					     "title: '12 monkeys'",
					     "title: '#x'",
					     "title: 'x #y'",
					     "title: 'a:'",
					     "title: \"\\x85\\u2028\\x7f\"",
					     "schemes: []",
					     "schemes: {}",
					     "media: {kind: null}",
					     "latency: 0",
					     "title: \"\\uFEFF\\uD7FF\"" };

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		sample value, again;
		cfg_document *document = sample_good(texts[i], &value), *reread;
		char *yaml = dumped_yaml(&value), *json = dumped_json(&value), *second;

		reread = sample_good(yaml, &again);
		assert_string_equal(again.title, value.title);
		second = dumped_yaml(&again);
		assert_string_equal(second, yaml);
		free(second);
		cfg_document_destroy(reread);
		if (!strpbrk(json, "\x7f\xc2\xe2\xef")) { /* JSON writes some characters that YAML wants escaped */
			reread = sample_good(json, &again);
			second = dumped_json(&again);
			assert_string_equal(second, json);
			free(second);
			cfg_document_destroy(reread);
		}
		free(yaml);
		free(json);
		cfg_document_destroy(document);
	}
}

/* --- the reference --- */

static char *described_of(const char *path, const char *source, nescsim_status expected_status)
{
	char *words = NULL;
	size_t num_bytes;
	FILE *out = open_memstream(&words, &num_bytes);
	nescsim_diag *diag = nescsim_diag_create();
	char *messages;

	assert_int_equal(cfg_describe(&sample_section, path, source, out, diag), expected_status);
	fclose(out);
	messages = sample_messages(diag);
	nescsim_diag_destroy(diag);
	if (expected_status == NESCSIM_OK) {
		assert_string_equal(messages, "");
		free(messages);
		return words;
	}
	assert_string_equal(words, "");
	free(words);
	return messages;
}

static char *described(const char *path, nescsim_status expected_status)
{
	return described_of(path, NULL, expected_status);
}

static void check_described(const char *path, nescsim_status status, const char *expected)
{
	char *words = described(path, status);

	assert_string_equal(words, expected);
	free(words);
}

static void a_key_is_described_with_all_that_is_known(void **state)
{
	(void)state;
	check_described("btlb.entries", NESCSIM_OK,
			"btlb.entries\n"
			"    type     a whole number, a power of two\n"
			"    default  8\n"
			"    range    1 ... 64\n"
			"    source   stated\n"
			"    help     Cached extents.\n");
	check_described("vms[0].disk", NESCSIM_OK,
			"vms[].disk\n"
			"    type     a mapping\n"
			"    help     The disk.\n"
			"\n"
			"vms[].disk.bytes\n"
			"    type     a size (B, kB, MB, GB, TB, KiB, MiB, GiB, TiB)\n"
			"    default  none: must be given\n"
			"    range    1 KiB ... 1 TiB\n"
			"    help     Size of the virtual disk.\n"
			"\n"
			"vms[].disk.map\n"
			"    type     a file name\n"
			"    default  \"\" (none)\n"
			"    source   none\n"
			"    help     Extent map.\n");
	check_described("media.channels", NESCSIM_OK,
			"media.channels   (media.kind = nand)\n"
			"    type     a whole number\n"
			"    default  4\n"
			"    range    >= 1\n"
			"    source   assumption\n"
			"    help     Buses.\n");
	check_described("schemes.nesc.cost", NESCSIM_OK,
			"schemes.nesc.cost\n"
			"    type     a duration (ps, ns, us, ms, s, min, h, d)\n"
			"    default  1 us\n"
			"    range    >= 0\n"
			"    source   assumption\n"
			"    help     Time per request.\n");
}

/* What chooses a variant is no row of the schema, but a key to its users. */
static void a_kind_is_described(void **state)
{
	(void)state;
	check_described("media.kind", NESCSIM_OK,
			"media.kind\n"
			"    type     one of dram, nand, null\n"
			"    default  dram\n"
			"    source   stated\n"
			"    help     dram: Board memory.\n"
			"             nand: Flash.\n"
			"             null: Nothing.\n");
	check_described("media.knid", NESCSIM_USAGE,
			"error: there is no key 'media.knid' (did you mean 'media.kind'?)\n");
}

static void keys_can_be_chosen_by_source(void **state)
{
	char *words = described_of(NULL, "state", NESCSIM_OK);

	(void)state;
	assert_non_null(strstr(words, "btlb.entries\n"));
	assert_non_null(strstr(words, "\n\nbtlb.replacement\n"));
	assert_null(strstr(words, "media.latency"));
	free(words);
	words = described_of("media.channels", "state", NESCSIM_OK);
	assert_string_equal(words, "");
	free(words);
	words = described_of("media.chanels", "state", NESCSIM_USAGE);
	free(words);
}

static void without_a_key_everything_is_described(void **state)
{
	char *words = described(NULL, NESCSIM_OK);

	(void)state;
	assert_non_null(strstr(words, "\nmedia.cache.replacement   (media.kind = nand)\n"));
	assert_non_null(strstr(words, "\nvms[].workload.block   (vms[].workload.kind = random)\n"));
	assert_non_null(strstr(words, "    type     one of lru, fifo\n"));
	assert_non_null(strstr(words, "    type     a mapping whose kind is one of dram, nand, null\n"));
	free(words);
}

static void a_wrong_key_gets_the_nearest(void **state)
{
	(void)state;
	check_described("btlb.entires", NESCSIM_USAGE,
			"error: there is no key 'btlb.entires' (did you mean 'btlb.entries'?)\n");
	check_described("channels", NESCSIM_USAGE,
			"error: there is no key 'channels' (did you mean 'media.channels'?)\n");
	check_described("nesc.xyz.replacment", NESCSIM_USAGE,
			"error: there is no key 'nesc.xyz.replacment' (did you mean 'btlb.replacement'?)\n");
	check_described("qqqqqq", NESCSIM_USAGE,
			"error: there is no key 'qqqqqq' (without a key, all keys are listed)\n");
}

/* Not what cfg_dump_json() makes, but a file may hold it. */
static void null_and_fractions_are_written(void **state)
{
	json_t *value = json_pack("{s:n, s:[n, f], s:f}", "a", "b", 0.5, "c", 1e300);
	char *yaml = NULL;
	size_t num_bytes;
	FILE *out = open_memstream(&yaml, &num_bytes);

	(void)state;
	cfg_dump_json_as_yaml(value, out);
	fclose(out);
	assert_string_equal(yaml, "a: null\nb:\n  - null\n  - 0.5\nc: 1.0000000000000001e+300\n");
	free(yaml);
	json_decref(value);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_yaml_dump_is_canonical),
		cmocka_unit_test(the_json_dump_has_units_and_exact_numbers),
		cmocka_unit_test(both_dumps_read_back_to_the_same_value),
		cmocka_unit_test(null_and_fractions_are_written),
		cmocka_unit_test(a_key_is_described_with_all_that_is_known),
		cmocka_unit_test(a_kind_is_described),
		cmocka_unit_test(keys_can_be_chosen_by_source),
		cmocka_unit_test(without_a_key_everything_is_described),
		cmocka_unit_test(a_wrong_key_gets_the_nearest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
