/* Does every value arrive as written, and does every mistake get its own exact message in one pass? */
#include <stdlib.h>
#include <string.h>

#include "base/cmocka_all.h"
#include "config/sample.h"

static const cfg_variant *variant_at(const cfg_list *list, size_t index)
{
	assert_true(index < list->num);
	return &((const cfg_variant *)list->items)[index];
}

static void check_defaults(const sample *value)
{
	const sample_dram *dram = (const sample_dram *)value->media.params;

	assert_int_equal(value->seed, 1);
	assert_false(value->check);
	assert_string_equal(value->title, "");
	assert_int_equal(value->latency_ps, 250000);
	assert_int_equal(value->clock_hz, 250000000);
	assert_int_equal(value->bandwidth_bps, 1000000000);
	assert_int_equal(value->setup_cycles, 12);
	assert_int_equal(value->rate_micro, 2400000);
	assert_int_equal(value->btlb.entries, 8);
	assert_int_equal(value->btlb.replacement, 0);
	assert_string_equal(value->media.name, "dram");
	assert_int_equal(dram->latency_ps, 50000);
	assert_int_equal(value->vms.num, 0);
	assert_int_equal(value->schemes.num, 2);
	assert_string_equal(variant_at(&value->schemes, 0)->name, "host");
	assert_non_null(variant_at(&value->schemes, 0)->params);
	assert_int_equal(((const sample_scheme *)variant_at(&value->schemes, 1)->params)->depth, 16);
	assert_int_equal(value->depths.num, 2);
	assert_int_equal(((const int64_t *)value->depths.items)[1], 2);
}

static void nothing_written_means_all_defaults(void **state)
{
	static const char *const texts[] = { "",  "# nothing\n", "---\n",           "null",
					     "~", "{}",          "btlb:\nmedia:\n", "btlb: {}\nmedia: ~" };

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		sample value;
		cfg_document *document = sample_good(texts[i], &value);

		check_defaults(&value);
		cfg_document_destroy(document);
	}
}

static void every_type_arrives_as_written(void **state)
{
	sample value;
	const sample_vm *vms;
	const sample_nand *nand;
	cfg_document *document = sample_good("seed: 1_000\n"
					     "check: Yes\n"
					     "title: 'a: b'\n"
					     "latency: 1.5us\n"
					     "clock: \"156.25 MHz\"\n"
					     "bandwidth: 3.2 GB/s\n"
					     "setup: 1 cycle\n"
					     "rate: 1e-1\n"
					     "btlb: {entries: 64, replacement: fifo}\n"
					     "media: {kind: nand, channels: 2, cache: {entries: 16}}\n"
					     "vms:\n"
					     "  - {count: 3, disk: {bytes: 4 GiB, map: m/a.map}, workload: idle}\n"
					     "  - disk: {bytes: 1 KiB, map: /b.map}\n"
					     "    workload: {kind: random, depth: 4}\n"
					     "schemes: [virtio, nesc: {depth: 2}, host]\n"
					     "depths: [1, 1024]\n",
					     &value);

	(void)state;
	assert_int_equal(value.seed, 1000);
	assert_true(value.check);
	assert_string_equal(value.title, "a: b");
	assert_int_equal(value.latency_ps, 1500000);
	assert_int_equal(value.clock_hz, 156250000);
	assert_int_equal(value.bandwidth_bps, 3200000000);
	assert_int_equal(value.setup_cycles, 1);
	assert_int_equal(value.rate_micro, 100000);
	assert_int_equal(value.btlb.entries, 64);
	assert_int_equal(value.btlb.replacement, 1);
	assert_int_equal(value.media.index, 1);
	nand = (const sample_nand *)value.media.params;
	assert_int_equal(nand->num_channels, 2);
	assert_int_equal(nand->num_dies, 8);
	assert_int_equal(nand->cache.entries, 16);
	assert_int_equal(value.vms.num, 2);
	vms = (const sample_vm *)value.vms.items;
	assert_int_equal(vms[0].count, 3);
	assert_int_equal(vms[0].disk.size_bytes, INT64_C(4) << 30);
	assert_string_equal(vms[0].disk.map.text, "m/a.map");
	assert_string_equal(vms[0].disk.map.resolved, "m/a.map");
	assert_string_equal(vms[0].workload.name, "idle");
	assert_non_null(vms[0].workload.params);
	assert_int_equal(vms[1].count, 1);
	assert_string_equal(vms[1].disk.map.resolved, "/b.map");
	assert_int_equal(((const sample_random *)vms[1].workload.params)->depth, 4);
	assert_int_equal(value.schemes.num, 3);
	assert_string_equal(variant_at(&value.schemes, 0)->name, "virtio");
	assert_int_equal(((const sample_scheme *)variant_at(&value.schemes, 1)->params)->depth, 2);
	assert_int_equal(((const int64_t *)value.depths.items)[1], 1024);
	cfg_document_destroy(document);
}

static void names_may_come_as_a_mapping_too(void **state)
{
	sample value;
	cfg_document *document = sample_good("schemes: {nesc: {depth: 3}, host: , virtio: {}}", &value);

	(void)state;
	assert_int_equal(value.schemes.num, 3);
	assert_string_equal(variant_at(&value.schemes, 0)->name, "nesc");
	assert_int_equal(((const sample_scheme *)variant_at(&value.schemes, 0)->params)->depth, 3);
	assert_int_equal(((const sample_scheme *)variant_at(&value.schemes, 2)->params)->depth, 16);
	cfg_document_destroy(document);
}

static void a_kind_named_null_is_a_name(void **state)
{
	sample value;
	cfg_document *document = sample_good("media: {kind: null}", &value);

	(void)state;
	assert_string_equal(value.media.name, "null");
	cfg_document_destroy(document);
	sample_bad("media: null", "t.yaml:1:8: error: media: 'null' could mean no value or the kind of this name "
				  "(write {kind: null})\n");
}

static void unknown_keys_name_the_nearest(void **state)
{
	(void)state;
	sample_bad("btlb:\n  entires: 8\n", "t.yaml:2:3: error: btlb.entires: unknown key (did you mean 'entries'?)\n");
	sample_bad("btlb: {size: 8}\n",
		   "t.yaml:1:8: error: btlb.size: unknown key (known keys: entries, replacement)\n");
	sample_bad("media: {kind: nand, chanels: 2}",
		   "t.yaml:1:21: error: media.chanels: unknown key (did you mean 'channels'?)\n");
	sample_bad("media: {knid: nand}", "t.yaml:1:9: error: media.knid: unknown key (did you mean 'kind'?)\n");
	sample_bad("media: {kind: 'null', x: 2}", "t.yaml:1:23: error: media.x: unknown key (known keys: kind)\n");
	sample_bad("schemes: [host: {x: 1}]",
		   "t.yaml:1:18: error: schemes.host.x: unknown key (there are no keys here)\n");
}

static void missing_keys_are_reported_at_their_section(void **state)
{
	(void)state;
	sample_bad("vms:\n  - count: 2\n    disk: {map: x}\n  - count: 1\n",
		   "t.yaml:3:11: error: vms[0].disk.bytes: missing required key (Size of the virtual disk.)\n"
		   "t.yaml:4:5: error: vms[1].disk.bytes: missing required key (Size of the virtual disk.)\n");
	sample_bad("vms: [{disk: {bytes: 1 MiB}, workload: {depth: 2, kind: }}]",
		   "t.yaml:1:57: error: vms[0].workload.kind: has no value; expected a name (random, idle)\n");
}

static void wrong_types_say_what_is_expected(void **state)
{
	(void)state;
	sample_bad("seed: [1]\n"
		   "check: maybe\n"
		   "title: {a: 1}\n"
		   "btlb: 8\n"
		   "media: [nand]\n"
		   "vms: {count: 1}\n"
		   "schemes: host\n"
		   "depths: [1, x, [2]]\n"
		   "latency:\n",
		   "t.yaml:1:7: error: seed: expected a whole number, not a list (Seed of all streams.)\n"
		   "t.yaml:2:8: error: check: expected true or false, not 'maybe'\n"
		   "t.yaml:3:8: error: title: expected a text, not a mapping (Free text.)\n"
		   "t.yaml:4:7: error: btlb: expected a mapping, not a single value (The cache.)\n"
		   "t.yaml:5:8: error: media: expected a mapping, not a list (The medium.)\n"
		   "t.yaml:6:6: error: vms: expected a list, not a mapping (Virtual machines.)\n"
		   "t.yaml:7:10: error: schemes: expected a list of names, not a single value (such as [host]: Schemes "
		   "to compare.)\n"
		   "t.yaml:8:13: error: depths[1]: expected a whole number, not 'x'\n"
		   "t.yaml:8:16: error: depths[2]: expected a whole number, not a list (A depth.)\n"
		   "t.yaml:9:9: error: latency: has no value; expected a duration (One way.)\n");
	sample_bad("media: {kind: [nand]}",
		   "t.yaml:1:15: error: media.kind: expected a name, not a list (dram, nand, null)\n");
	sample_bad("schemes: [[host], {host: {}, nesc: {}}, nesc: 4]",
		   "t.yaml:1:11: error: schemes: each item must be one name, or one name with its parameters "
		   "([a, b] or [a, {b: {...}}])\n"
		   "t.yaml:1:19: error: schemes: each item must be one name, or one name with its parameters "
		   "([a, b] or [a, {b: {...}}])\n"
		   "t.yaml:1:47: error: schemes.nesc: expected a mapping, not a single value\n");
}

static void bad_quantities_say_what_would_be_right(void **state)
{
	(void)state;
	sample_bad("latency: 250\n"
		   "clock: 250 MB\n"
		   "bandwidth: fast\n"
		   "setup: 1.5 cycles\n"
		   "rate: 2.40000001\n"
		   "seed: 4k\n",
		   "t.yaml:1:10: error: latency: '250' has no unit; expected a duration "
		   "(write it with one of ps, ns, us, ms, s, min, h, d)\n"
		   "t.yaml:2:8: error: clock: expected a frequency, not '250 MB' (units: Hz, kHz, MHz, GHz)\n"
		   "t.yaml:3:12: error: bandwidth: expected a data rate, not 'fast' "
		   "(units: B/s, kB/s, MB/s, GB/s, KiB/s, MiB/s, GiB/s)\n"
		   "t.yaml:4:8: error: setup: '1.5 cycles' is not a whole number of cycles\n"
		   "t.yaml:5:7: error: rate: '2.40000001' is not a multiple of 1e-6\n"
		   "t.yaml:6:7: error: seed: expected a whole number, not '4k' (digits without a unit)\n");
	sample_bad("latency: 1e40 s\nseed: 1.5", "t.yaml:1:10: error: latency: '1e40 s' is too large (0 ... 1 ms)\n"
						 "t.yaml:2:7: error: seed: '1.5' is not a whole number\n");
}

static void out_of_range_says_the_range_and_the_help(void **state)
{
	(void)state;
	sample_bad("btlb: {entries: 128}\n"
		   "latency: 2 ms\n"
		   "clock: 1 kHz\n"
		   "rate: 11\n"
		   "seed: -1\n"
		   "vms: [{disk: {bytes: 512 B}}]\n",
		   "t.yaml:1:17: error: btlb.entries: 128 is out of range 1 ... 64 (Cached extents.)\n"
		   "t.yaml:2:10: error: latency: 2 ms is out of range 0 ... 1 ms (One way.)\n"
		   "t.yaml:3:8: error: clock: 1 kHz is out of range 1 MHz ... 5 GHz (Device clock.)\n"
		   "t.yaml:4:7: error: rate: 11 is out of range 0.1 ... 10 (Instructions per ns.)\n"
		   "t.yaml:5:7: error: seed: -1 is out of range >= 0 (Seed of all streams.)\n"
		   "t.yaml:6:22: error: vms[0].disk.bytes: 512 B is out of range 1 KiB ... 1 TiB "
		   "(Size of the virtual disk.)\n");
	sample_bad("btlb: {entries: 12}",
		   "t.yaml:1:17: error: btlb.entries: 12 is not a power of two (Cached extents.)\n");
}

static void bad_choices_list_the_good_ones(void **state)
{
	(void)state;
	sample_bad("btlb: {replacement: lruu}", "t.yaml:1:21: error: btlb.replacement: unknown choice 'lruu' (did you "
						"mean 'lru'? choices: lru, fifo)\n");
	sample_bad("btlb: {replacement: random}",
		   "t.yaml:1:21: error: btlb.replacement: unknown choice 'random' (choices: lru, fifo)\n");
	sample_bad("btlb: {replacement: }",
		   "t.yaml:1:21: error: btlb.replacement: has no value; expected a name (Which one goes.)\n");
	sample_bad("media: {kind: nan}", "t.yaml:1:15: error: media.kind: unknown kind 'nan' (did you mean 'nand'? "
					 "choices: dram, nand, null)\n");
	sample_bad("media: flash", "t.yaml:1:8: error: media.kind: unknown kind 'flash' (choices: dram, nand, null)\n");
	sample_bad("schemes: [host, nsec]", "t.yaml:1:17: error: schemes: unknown name 'nsec' (did you mean 'nesc'? "
					    "choices: host, nesc, virtio)\n");
}

static void a_name_listed_twice_is_a_mistake(void **state)
{
	(void)state;
	sample_bad("schemes:\n - nesc\n - host\n - nesc: {depth: 2}\n",
		   "t.yaml:4:4: error: schemes.nesc: listed twice, first at t.yaml:2:4\n");
}

static void conflicts_are_found_when_all_else_is_well(void **state)
{
	(void)state;
	sample_bad("media: {kind: nand, channels: 3}",
		   "t.yaml:1:8: error: media.dies: 8 dies on 3 channels (a multiple of channels)\n");
	sample_bad("media:\n  kind: nand\n  dies: 9\n  cache:\n    entries: 64\n",
		   "t.yaml:3:9: error: media.dies: 9 dies on 4 channels (a multiple of channels)\n"
		   "t.yaml:5:14: error: media.cache.entries: too many for the controller\n");
	sample_bad("media: {kind: nand, channels: 3, dies: x}",
		   "t.yaml:1:40: error: media.dies: expected a whole number, not 'x'\n");
}

static void long_and_odd_words_are_shortened_in_messages(void **state)
{
	(void)state;
	sample_bad("seed: 'aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffff'",
		   "t.yaml:1:7: error: seed: expected a whole number, not "
		   "'aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeee...'\n");
	sample_bad("seed: \"\\e[31m\\n\"", "t.yaml:1:7: error: seed: expected a whole number, not '\\x1b[31m\\x0a'\n");
}

static void one_value_may_stand_for_a_list_of_one(void **state)
{
	sample value;
	cfg_document *document = sample_good("depths: 7", &value);

	(void)state;
	assert_int_equal(value.depths.num, 1);
	assert_int_equal(*(const int64_t *)value.depths.items, 7);
	cfg_document_destroy(document);
	sample_bad("depths: 0", "t.yaml:1:9: error: depths: 0 is out of range 1 ... 1024 (A depth.)\n");
	sample_bad("depths: {a: 1}", "t.yaml:1:9: error: depths: expected a list, not a mapping (Depths to try.)\n");
	sample_bad("depths:", "t.yaml:1:8: error: depths: has no value; expected a list (Depths to try.)\n");
	sample_bad("vms: 7", "t.yaml:1:6: error: vms: expected a list, not a single value (Virtual machines.)\n");
}

static void a_place_is_found_by_its_path(void **state)
{
	sample value;
	cfg_document *document = sample_good("vms:\n"
					     "  - disk:\n"
					     "      bytes: 1 MiB\n"
					     "schemes: [host, nesc: {depth: 4}]\n",
					     &value);
	static const struct {
		const char *path;
		size_t line, column;
	} cases[] = {
		{ "vms[0].disk.bytes", 3, 14 },  { "vms[0].disk.map", 3, 7 }, { "vms[7].disk", 2, 3 },
		{ "schemes.nesc.depth", 4, 31 }, { "schemes.host.x", 4, 11 }, { "media.latency", 1, 1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		diag_place place = cfg_place(document, cases[i].path);

		assert_string_equal(place.file, "t.yaml");
		assert_string_equal(place.path, cases[i].path);
		assert_int_equal(place.line, cases[i].line);
		assert_int_equal(place.column, cases[i].column);
	}
	cfg_document_destroy(document);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_written_means_all_defaults),
		cmocka_unit_test(every_type_arrives_as_written),
		cmocka_unit_test(names_may_come_as_a_mapping_too),
		cmocka_unit_test(a_kind_named_null_is_a_name),
		cmocka_unit_test(unknown_keys_name_the_nearest),
		cmocka_unit_test(missing_keys_are_reported_at_their_section),
		cmocka_unit_test(wrong_types_say_what_is_expected),
		cmocka_unit_test(bad_quantities_say_what_would_be_right),
		cmocka_unit_test(out_of_range_says_the_range_and_the_help),
		cmocka_unit_test(bad_choices_list_the_good_ones),
		cmocka_unit_test(a_name_listed_twice_is_a_mistake),
		cmocka_unit_test(conflicts_are_found_when_all_else_is_well),
		cmocka_unit_test(long_and_odd_words_are_shortened_in_messages),
		cmocka_unit_test(one_value_may_stand_for_a_list_of_one),
		cmocka_unit_test(a_place_is_found_by_its_path),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
