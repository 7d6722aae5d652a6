/* Are maps of files read as they are written down, is every mistake found at its place, and can damage make nonsense of one? */
#include "workload/workload_test.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "host/real_map.h"

#define NUM(array) (sizeof(array) / sizeof((array)[0]))
#define NUM_ROUNDS 3000
#define HEADER "nescsim extents 1 block_bytes 4096 file_bytes 1073741824\n"
#define LIST_HEADER "Filesystem type is: ef53\nFile size of a file is 4096 in size is 40960 (10 blocks of 4096 bytes)\n"
#define LIST_TITLES " ext:     logical_offset:        physical_offset: length:   expected: flags:\n"
#define LIST_END "a file: 2 extents found\n"

static nescsim_status read_file(const char *name, const char *format, nescsim_diag *diag, real_map *map_out)
{
	const real_map_options options = { .format = format };

	return real_map_read(name, name, &options, diag, map_out);
}

/* Reads the text; it must be free of mistakes. */
static real_map read_good(const char *text)
{
	test_file file = test_file_text(text);
	nescsim_diag *diag = nescsim_diag_create();
	real_map map;

	if (read_file(file.name, NULL, diag, &map) != NESCSIM_OK)
		nescsim_diag_print(diag, stderr);
	assert_int_equal(nescsim_diag_count(diag), 0);
	nescsim_diag_destroy(diag);
	test_file_remove(&file);
	return map;
}

/* Reading it must fail with these diagnostics ("T" stands for the file). */
static void expect_bad_bytes(const char *bytes, size_t num_bytes, const char *expected)
{
	test_file file = test_file_make(bytes, num_bytes);
	nescsim_diag *diag = nescsim_diag_create();
	real_map map;

	assert_int_equal(read_file(file.name, NULL, diag, &map), NESCSIM_TRACE);
	test_assert_diag(diag, file.name, expected);
	nescsim_diag_destroy(diag);
	real_map_fini(&map);
	test_file_remove(&file);
}

static void expect_bad(const char *text, const char *expected)
{
	expect_bad_bytes(text, strlen(text), expected);
}

static void assert_extent(const real_map *map, size_t index, uint64_t logical, uint64_t physical, uint64_t num,
			  bool is_unwritten)
{
	assert_true(index < map->num_extents);
	assert_int_equal(map->extents[index].logical_bytes, logical * 4096);
	assert_int_equal(map->extents[index].physical_bytes, physical * 4096);
	assert_int_equal(map->extents[index].num_bytes, num * 4096);
	assert_int_equal(map->extents[index].is_unwritten, is_unwritten);
}

/* ---- our own text ----------------------------------------------------------------------------------------------- */

static void a_text_says_what_lies_where(void **state)
{
	real_map map = read_good(HEADER "# a comment\n0 100 5\n\n \t7\t90 1  unwritten \r\n8 200 4294967296");

	(void)state;
	assert_string_equal(map.format, "text");
	assert_int_equal(map.file_bytes, 1 << 30);
	assert_int_equal(map.block_bytes, 4096);
	assert_int_equal(map.num_extents, 3);
	assert_extent(&map, 0, 0, 100, 5, false);
	assert_extent(&map, 1, 7, 90, 1, true);
	assert_extent(&map, 2, 8, 200, UINT64_C(1) << 32, false);
	real_map_fini(&map);
}

static void a_file_may_be_one_hole(void **state)
{
	real_map map = read_good("nescsim extents 1 block_bytes 1024 file_bytes 0");

	(void)state;
	assert_int_equal(map.num_extents, 0);
	real_map_fini(&map);
}

static void each_mistake_in_a_text_has_a_place(void **state)
{
	static const char *const cases[][2] = {
		{ "nescsim extents 2 block_bytes 4096 file_bytes 1\n", "T:1:17: error: expected version 1, found '2'" },
		{ "nescsim extents 1 block_size 4096 file_bytes 1\n",
		  "T:1:19: error: expected 'block_bytes', found 'block_size'" },
		{ "nescsim extents 1 block_bytes 512 file_bytes 1\n",
		  "T:1:31: error: expected a power of two of at least 1024, found '512'" },
		{ "nescsim extents 1 block_bytes 3072 file_bytes 1\n",
		  "T:1:31: error: expected a power of two of at least 1024, found '3072'" },
		{ "nescsim extents 1 block_bytes 4096\n",
		  "T:1:35: error: expected 'file_bytes', found the end of the line" },
		{ "nescsim extents 1 block_bytes 4096 file_bytes -3\n",
		  "T:1:47: error: expected the file's size in bytes, up to 2^62, found '-3'" },
		{ "nescsim extents 1 block_bytes 4096 file_bytes 3 x\n",
		  "T:1:49: error: expected the end of the line, found 'x'" },
	};
	static const char *const lines[][2] = {
		{ "0 1\n", "T:2:4: error: expected the number of blocks, found the end of the line" },
		{ "x 1 1\n", "T:2:1: error: expected the first block in the file, found 'x'" },
		{ "0 1.5 1\n", "T:2:4: error: expected a blank behind the number, found '.5'" },
		{ "0 1 1 written\n", "T:2:7: error: expected 'unwritten' or the end of the line, found 'written'" },
		{ "0 1 1 unwritten u\n", "T:2:17: error: expected the end of the line, found 'u'" },
		{ "0 1 99999999999999999999\n",
		  "T:2:5: error: expected the number of blocks, found '99999999999999999999'" },
	};
	static const char *const orders[][2] = {
		{ "0 1 0\n", "T:2:1: error: the extent is empty" },
		{ "0 1 2\n1 7 1\n", "T:3:1: error: the extent begins before the end of the one above it" },
		{ "5 1 2\n  1 7 1\n", "T:3:3: error: the extent begins before the end of the one above it" },
		{ "0 1125899906842624 1\n", "T:2:1: error: the extent ends beyond 4 EiB" },
		{ "18446744073709551615 0 1\n", "T:2:1: error: the extent ends beyond 4 EiB" },
	};
	char text[256], expected[400];

	(void)state;
	for (size_t i = 0; i < NUM(cases); i++) {
		snprintf(expected, sizeof(expected),
			 "%s (the first line is: nescsim extents 1 block_bytes BYTES file_bytes BYTES)\n", cases[i][1]);
		expect_bad(cases[i][0], expected);
	}
	for (size_t i = 0; i < NUM(lines) + NUM(orders); i++) {
		const char *const *of = i < NUM(lines) ? lines[i] : orders[i - NUM(lines)];

		snprintf(text, sizeof(text), HEADER "%s", of[0]);
		snprintf(expected, sizeof(expected), "%s (%s)\n", of[1],
			 i < NUM(lines) ? "a line is: LOGICAL PHYSICAL LENGTH [unwritten], in blocks"
					: "extents are sorted by their first block in the file, and apart");
		expect_bad(text, expected);
	}
}

static void all_mistakes_are_told_at_once(void **state)
{
	(void)state;
	expect_bad(
		HEADER "0 1\n2 3 1\n4 y 1\n",
		"T:2:4: error: expected the number of blocks, found the end of the line (a line is: LOGICAL PHYSICAL "
		"LENGTH [unwritten], in blocks)\n"
		"T:4:3: error: expected the first block on the device, found 'y' (a line is: LOGICAL PHYSICAL LENGTH "
		"[unwritten], in blocks)\n");
}

/* Blocks 10 ... 14 and 14 ... 15 of the device; the later line is named, wherever it lies. */
static void blocks_belong_to_one_extent(void **state)
{
	(void)state;
	expect_bad(
		HEADER "0 10 5\n5 14 2\n",
		"T:3: error: the extents at bytes 0 and 20480 of the file lie on the same blocks of the device (list a "
		"copy of the file that shares nothing (cp --reflink=never))\n");
	expect_bad(
		HEADER "0 14 2\n5 10 5\n",
		"T:3: error: the extents at bytes 0 and 20480 of the file lie on the same blocks of the device (list a "
		"copy of the file that shares nothing (cp --reflink=never))\n");
}

static void assert_same(const real_map *a, const real_map *b)
{
	assert_int_equal(a->file_bytes, b->file_bytes);
	assert_int_equal(a->num_extents, b->num_extents);
	for (size_t i = 0; i < a->num_extents; i++) {
		assert_int_equal(a->extents[i].logical_bytes, b->extents[i].logical_bytes);
		assert_int_equal(a->extents[i].physical_bytes, b->extents[i].physical_bytes);
		assert_int_equal(a->extents[i].num_bytes, b->extents[i].num_bytes);
		assert_int_equal(a->extents[i].is_unwritten, b->extents[i].is_unwritten);
	}
}

/* The shipped maps, one of them compressed; and one whose places are finer than its blocks. */
static void what_is_written_reads_the_same(void **state)
{
	static const char *const names[] = { "traces/extents/fresh.map", "traces/extents/frag1m.map",
					     "traces/extents/frag64k.map.xz", "traces/extents/small.map" };
	static const size_t num_extents[] = { 19, 158, 3948, 17 };

	(void)state;
	for (size_t i = 0; i <= NUM(names); i++) {
		test_file file = test_file_text("");
		real_map map, again;
		output *out;

		assert_int_equal(read_file(names[i % NUM(names)], NULL, NULL, &map), NESCSIM_OK);
		assert_int_equal(map.num_extents, num_extents[i % NUM(names)]);
		if (i == NUM(names)) {
			map.block_bytes = 4096;
			map.extents[0].num_bytes = 1024;
		}
		assert_int_equal(output_open(file.name, true, NULL, &out), NESCSIM_OK);
		real_map_write(&map, out);
		assert_int_equal(output_finish(out), NESCSIM_OK);
		assert_int_equal(output_commit(out), NESCSIM_OK);
		output_close(out);
		assert_int_equal(read_file(file.name, "text", NULL, &again), NESCSIM_OK);
		assert_same(&map, &again);
		assert_int_equal(again.block_bytes, i >= 3 ? 1024 : 4096);
		real_map_fini(&map);
		real_map_fini(&again);
		test_file_remove(&file);
	}
}

/* ---- filefrag --------------------------------------------------------------------------------------------------- */

/* Without -e, neighbours in one extent may be listed one by one; what is expected stands only where it was missed. */
static void a_list_says_what_lies_where(void **state)
{
	real_map map = read_good(
		LIST_HEADER LIST_TITLES
		"   0:        0..       3:      33135..     33138:      4:             merged\n"
		"   1:        5..       5:      40000..     40000:      1:      33139: unwritten,shared\n"
		"   2:        8..       9:      40001..     40002:      2:      40003: last,unwritten,eof\n" LIST_END);

	(void)state;
	assert_string_equal(map.format, "filefrag");
	assert_int_equal(map.file_bytes, 40960);
	assert_int_equal(map.block_bytes, 4096);
	assert_int_equal(map.num_extents, 3);
	assert_extent(&map, 0, 0, 33135, 4, false);
	assert_extent(&map, 1, 5, 40000, 1, true);
	assert_extent(&map, 2, 8, 40001, 2, true);
	real_map_fini(&map);
	map = read_good(
		"File size of x is 1 (1 block of 1024 bytes)\n"
		"   0:        0..       0:          9..         9:      1:             last,eof\nx: 1 extent found\n");
	assert_int_equal(map.file_bytes, 1);
	assert_int_equal(map.extents[0].physical_bytes, 9 * 1024);
	real_map_fini(&map);
	map = read_good("File size of x is 0 (0 blocks of 4096 bytes)\nx: 0 extents found\n");
	assert_int_equal(map.num_extents, 0);
	real_map_fini(&map);
}

#define HINT_LIST " (such as: 0: 0.. 131: 33135.. 33266: 132: 33200: last,eof)\n"
#define HINT_FLAG                                                                                                  \
	" (a virtual disk needs blocks of its own: write the file out (sync), or copy it to a filesystem without " \
	"compression, encryption and inline data)\n"

static void each_mistake_in_a_list_has_a_place(void **state)
{
	static const char *const cases[][2] = {
		{ "   0: 0.. 3: 10.. 13: 5:\n",
		  "T:4:23: error: expected as many blocks as both ranges have, found '5:'" HINT_LIST },
		{ "   0: 0.. 3: 10.. 12: 4:\n",
		  "T:4:23: error: expected as many blocks as both ranges have, found '4:'" HINT_LIST },
		{ "   0: 3.. 0: 10.. 13: 4:\n",
		  "T:4:23: error: expected as many blocks as both ranges have, found '4:'" HINT_LIST },
		{ "   0: 0. 3: 10.. 13: 4:\n", "T:4:8: error: expected '..', found '.'" HINT_LIST },
		{ "   0: 0.. a: 10.. 13: 4:\n",
		  "T:4:11: error: expected the last block of the range, found 'a:'" HINT_LIST },
		{ "   0: 0.. 3: 10.. 13: 4: 9\n", "T:4:27: error: expected ':', found the end of the line" HINT_LIST },
		{ "   0: 0.. 3: 10.. 13: 4: last,odd\n",
		  "T:4:31: error: expected a flag of filefrag's, found 'odd'" HINT_LIST },
		{ "Discontinuity: block 3\n",
		  "T:4:1: error: expected an extent or the number of extents found, found 'Discontinuity:'" HINT_LIST },
		{ "   0: 0.. 3: 10.. 13: 4:\n   1: 3.. 3: 20.. 20: 1:\n",
		  "T:5:4: error: the extent begins before the end of the one above it (extents are listed in the order "
		  "of the file)\n" },
		{ "File size of b is 1 (1 block of 1024 bytes)\n",
		  "T:4:1: error: this is a second file's list (list one file at a time)\n" },
	};
	static const char *const flags[][2] = {
		{ "unknown_loc", "the filesystem does not know the extent's place" },
		{ "unknown", "the filesystem does not know the extent's place" },
		{ "delalloc", "the filesystem has not chosen the extent's place yet" },
		{ "encoded", "the extent is compressed or otherwise not the file's own bytes" },
		{ "encrypted", "the extent is encrypted, not the file's own bytes" },
		{ "not_aligned", "the extent does not begin or end with a block" },
		{ "inline", "the data lies within the filesystem's metadata, in no block" },
		{ "tail_packed", "the data shares a block with other files" },
	};
	char text[512], expected[512];

	(void)state;
	for (size_t i = 0; i < NUM(cases); i++) {
		snprintf(text, sizeof(text), LIST_HEADER LIST_TITLES "%s" LIST_END, cases[i][0]);
		expect_bad(text, cases[i][1]);
	}
	for (size_t i = 0; i < NUM(flags); i++) {
		snprintf(text, sizeof(text), LIST_HEADER LIST_TITLES "   0: 0.. 3: 10.. 13: 4: last,%s,eof\n" LIST_END,
			 flags[i][0]);
		snprintf(expected, sizeof(expected), "T:4:31: error: %s: %s" HINT_FLAG, flags[i][0], flags[i][1]);
		expect_bad(text, expected);
	}
}

/* Behind one, the extent would be another: here a written one. */
static void zero_bytes_hide_nothing(void **state)
{
	static const char text[] = HEADER "0 10 5\0 unwritten\n";
	static const char list[] = LIST_HEADER LIST_TITLES "   0: 0..3: 10..13: 4:\0 unwritten\n" LIST_END;

	(void)state;
	expect_bad_bytes(text, sizeof(text) - 1, "T:2: error: the line holds a zero byte (the file is damaged)\n");
	expect_bad_bytes(list, sizeof(list) - 1, "T:4: error: the line holds a zero byte (the file is damaged)\n");
}

/* It is not taken for a disk. */
static void a_damaged_packing_is_named(void **state)
{
	static const char cut[] = "\x1f\x8b\x08\0\0\0\0\0\0\x03\xff";
	test_file file = test_file_make(cut, sizeof(cut) - 1);
	nescsim_diag *diag = nescsim_diag_create();
	real_map map;
	char *text;

	(void)state;
	assert_int_equal(read_file(file.name, NULL, diag, &map), NESCSIM_TRACE);
	text = test_diag_text(diag, file.name);
	assert_non_null(strstr(text, "the compressed file is damaged"));
	free(text);
	nescsim_diag_destroy(diag);
	real_map_fini(&map);
	test_file_remove(&file);
}

static void a_list_is_whole(void **state)
{
	(void)state;
	expect_bad(LIST_HEADER LIST_TITLES "   0: 0.. 3: 10.. 13: 4:\n",
		   "T:4: error: the list ends before the number of extents found (take the whole output of filefrag "
		   "-v)\n");
	expect_bad("Filesystem type is: ef53\n",
		   "T:1: error: the list ends before the file's size (take the whole output of filefrag -v)\n");
	expect_bad(
		"File size of x is 10 (1 block of 512 bytes)\n",
		"T:1:34: error: expected blocks of a power of two, at least 1024 bytes (filefrag -b4096), found '512' "
		"(such as: File size of NAME is 1073741824 (262144 blocks of 4096 bytes))\n");
	expect_bad("File size of x\n",
		   "T:1:15: error: expected the file's size in bytes, found the end of the line (such as: File size of "
		   "NAME is 1073741824 (262144 blocks of 4096 bytes))\n");
}

/* ---- which source ----------------------------------------------------------------------------------------------- */

#define HINT_LIVE                                                                                            \
	" (write its map to a file first (nescsim extents FILE --out MAP) and name that, or name a file in " \
	"an unmounted image as IMAGE:/path)\n"

static void no_configuration_asks_a_mounted_filesystem(void **state)
{
	test_file file = test_file_text("bytes of a guest\n");
	nescsim_diag *diag = nescsim_diag_create();
	char expected[512];
	real_map map;

	(void)state;
	snprintf(expected, sizeof(expected),
		 "T: error: 'T' is no map by its content, and a configuration cannot ask a mounted filesystem for one: "
		 "tomorrow it might be another" HINT_LIVE "T: error: a configuration cannot ask a mounted filesystem "
		 "for a map: tomorrow it might be another" HINT_LIVE);
	assert_int_equal(read_file(file.name, "auto", diag, &map), NESCSIM_TRACE);
	assert_int_equal(read_file(file.name, "fiemap", diag, &map), NESCSIM_TRACE);
	test_assert_diag(diag, file.name, expected);
	nescsim_diag_destroy(diag);
	test_file_remove(&file);
}

static void a_format_that_is_named_is_taken(void **state)
{
	test_file file = test_file_text(HEADER);
	nescsim_diag *diag = nescsim_diag_create();
	real_map map;

	(void)state;
	assert_int_equal(read_file(file.name, "filefrag", diag, &map), NESCSIM_TRACE);
	real_map_fini(&map);
	assert_int_equal(read_file(file.name, "filefrg", diag, &map), NESCSIM_USAGE);
	assert_int_equal(read_file("no/such.map", NULL, diag, &map), NESCSIM_IO);
	assert_int_equal(read_file("no/such.img:/file", NULL, diag, &map), NESCSIM_IO);
	test_assert_diag(diag, file.name,
			 "T:1:1: error: expected an extent or the number of extents found, found 'nescsim'" HINT_LIST
			 "error: there is no format of maps 'filefrg' (did you mean filefrag?)\n"
			 "no/such.map: error: cannot read the map 'no/such.map': No such file or directory\n"
			 "no/such.img:/file: error: cannot read the image of 'no/such.img:/file': No such file or "
			 "directory\n");
	nescsim_diag_destroy(diag);
	test_file_remove(&file);
}

/* A place that the user gave is where it is said that the file is not there. */
static void the_place_is_the_users(void **state)
{
	const diag_place place = { .file = "c.yaml", .line = 3, .column = 9, .path = "vms[0].disk.map.file" };
	const real_map_options options = { .place = &place };
	nescsim_diag *diag = nescsim_diag_create();
	real_map map;

	(void)state;
	assert_int_equal(real_map_read("no/such.map", "such.map", &options, diag, &map), NESCSIM_IO);
	test_assert_diag(diag, NULL,
			 "c.yaml:3:9: error: vms[0].disk.map.file: cannot read the map 'such.map': No such file or "
			 "directory\n");
	nescsim_diag_destroy(diag);
}

/* ---- damage ----------------------------------------------------------------------------------------------------- */

static void check_map(const real_map *map)
{
	uint64_t end = 0;

	for (size_t i = 0; i < map->num_extents; i++) {
		const real_extent *e = &map->extents[i];

		assert_true(e->num_bytes > 0 && e->logical_bytes >= end);
		assert_int_equal((e->logical_bytes | e->physical_bytes | e->num_bytes) % 1024, 0);
		end = e->logical_bytes + e->num_bytes;
		assert_true(end <= REAL_MAP_MAX_BYTES && e->physical_bytes + e->num_bytes <= REAL_MAP_MAX_BYTES);
		for (size_t j = 0; j < i; j++)
			assert_true(map->extents[j].physical_bytes + map->extents[j].num_bytes <= e->physical_bytes ||
				    map->extents[j].physical_bytes >= e->physical_bytes + e->num_bytes);
	}
	assert_true(map->file_bytes <= REAL_MAP_MAX_BYTES);
	assert_true(map->block_bytes >= 1024 && (map->block_bytes & (map->block_bytes - 1)) == 0);
}

/* A mutant is refused with words, or is a map like any other. */
static void fuzz(const char *text, const char *stream)
{
	static uint8_t mutant[16384];
	const size_t num_bytes = strlen(text);
	rng_stream rng = rng_open(1, stream, 0);
	test_file file = test_file_text("");
	unsigned num_good = 0;

	for (int round = 0; round < NUM_ROUNDS; round++) {
		const size_t num = test_mutate((const uint8_t *)text, num_bytes, mutant, sizeof(mutant),
					       "0123456789 \n\t#.:,-x\xff", &rng);
		nescsim_diag *diag = nescsim_diag_create();
		FILE *out = fopen(file.name, "wb");
		nescsim_status status;
		real_map map;

		assert_int_equal(fwrite(mutant, 1, num, out), num);
		fclose(out);
		status = read_file(file.name, NULL, diag, &map);
		assert_int_equal(status == NESCSIM_OK, nescsim_diag_num_errors(diag) == 0);
		assert_true(nescsim_diag_num_errors(diag) <= 20);
		if (status == NESCSIM_OK)
			check_map(&map);
		num_good += status == NESCSIM_OK;
		real_map_fini(&map);
		nescsim_diag_destroy(diag);
	}
	/* Some mutations do no harm, most do: otherwise the fuzzer would not reach what it is for. */
	assert_in_range(num_good, NUM_ROUNDS / 100, NUM_ROUNDS * 9 / 10);
	test_file_remove(&file);
}

static void a_damaged_text_is_refused_or_a_map(void **state)
{
	(void)state;
	fuzz(HEADER "# comment\n0 9000 3\n3 9003 2 unwritten\n5 9005 1\n12 700 8\n20 720 5\n26 400000 10 unwritten\n"
		    "40 300 1\n41 302 1\n42 304 1 unwritten\n60 8000 6\n80 7990 10\n",
	     "real_map.text");
}

static void a_damaged_list_is_refused_or_a_map(void **state)
{
	(void)state;
	fuzz(LIST_HEADER LIST_TITLES
	     "   0:        0..       3:      33135..     33138:      4:             merged\n"
	     "   1:        5..       5:      40000..     40000:      1:      33139: unwritten,shared\n"
	     "   2:        6..       7:      50000..     50001:      2:      40001:\n"
	     "   3:        8..       9:      40001..     40002:      2:      50002: last,unwritten,eof\n" LIST_END,
	     "real_map.list");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_text_says_what_lies_where),
		cmocka_unit_test(a_file_may_be_one_hole),
		cmocka_unit_test(each_mistake_in_a_text_has_a_place),
		cmocka_unit_test(all_mistakes_are_told_at_once),
		cmocka_unit_test(blocks_belong_to_one_extent),
		cmocka_unit_test(what_is_written_reads_the_same),
		cmocka_unit_test(a_list_says_what_lies_where),
		cmocka_unit_test(each_mistake_in_a_list_has_a_place),
		cmocka_unit_test(a_list_is_whole),
		cmocka_unit_test(zero_bytes_hide_nothing),
		cmocka_unit_test(a_damaged_packing_is_named),
		cmocka_unit_test(no_configuration_asks_a_mounted_filesystem),
		cmocka_unit_test(a_format_that_is_named_is_taken),
		cmocka_unit_test(the_place_is_the_users),
		cmocka_unit_test(a_damaged_text_is_refused_or_a_map),
		cmocka_unit_test(a_damaged_list_is_refused_or_a_map),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
