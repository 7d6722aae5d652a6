/* Is a compressed trace read as the plain one, and is a damaged one noticed? */
#include <archive.h>
#include <archive_entry.h>
#include <stdio.h>
#include <unistd.h>

#include "base/rng.h"
#include "workload/workload_test.h"

#define NUM_LINES 3000

typedef int (*add_filter)(struct archive *);

static const struct {
	const char *name;
	add_filter add;
} filters[] = {
	{ "plain", archive_write_add_filter_none },  { "gzip", archive_write_add_filter_gzip },
	{ "bzip2", archive_write_add_filter_bzip2 }, { "xz", archive_write_add_filter_xz },
	{ "zstd", archive_write_add_filter_zstd },
};

#define NUM_FILTERS (sizeof(filters) / sizeof(filters[0]))

static char plain[NUM_LINES * 48];
static char packed[2 * sizeof(plain)];
static size_t plain_bytes;

static int make_plain(void **state)
{
	rng_stream rng = rng_open(1, "lines", 0);

	(void)state;
	for (int i = 0; i < NUM_LINES; i++)
		plain_bytes += (size_t)sprintf(plain + plain_bytes, "8,0 0 1 0.%09d 1 D R %u + 8 [a]\n", i,
					       (unsigned)rng_uniform_u64(&rng, 1000000));
	return 0;
}

static size_t pack(add_filter add)
{
	struct archive *out = archive_write_new();
	struct archive_entry *entry = archive_entry_new();
	size_t used = 0;

	assert_int_equal(add(out), ARCHIVE_OK);
	archive_write_set_format_raw(out);
	archive_write_set_bytes_per_block(out, 0);
	assert_int_equal(archive_write_open_memory(out, packed, sizeof(packed), &used), ARCHIVE_OK);
	archive_entry_set_filetype(entry, AE_IFREG);
	archive_entry_set_pathname(entry, "trace");
	assert_int_equal(archive_write_header(out, entry), ARCHIVE_OK);
	assert_int_equal(archive_write_data(out, plain, plain_bytes), (la_ssize_t)plain_bytes);
	assert_int_equal(archive_write_close(out), ARCHIVE_OK);
	archive_write_free(out);
	archive_entry_free(entry);
	return used;
}

static void test_every_compression_reads_the_same(void **state)
{
	(void)state;
	for (size_t i = 0; i < NUM_FILTERS; i++) {
		test_file file = test_file_make(packed, pack(filters[i].add));
		trace_record last[NUM_LINES];

		assert_int_equal(test_read_records(file.name, last, NUM_LINES), NUM_LINES);
		assert_int_equal(last[NUM_LINES - 1].queued_ps, (NUM_LINES - 1) * PS_PER_NS);
		test_file_remove(&file);
	}
}

static void test_cut_compression_is_an_error(void **state)
{
	(void)state;
	for (size_t i = 1; i < NUM_FILTERS; i++) {
		size_t num_bytes = pack(filters[i].add);

		/* Near the beginning, in the middle, and within the checksum at the end. */
		for (int cut = 0; cut < 3; cut++) {
			size_t kept = cut == 0 ? 20 : cut == 1 ? num_bytes / 2 : num_bytes - 3;
			test_file file = test_file_make(packed, kept);
			nescsim_diag *diag = nescsim_diag_create();
			trace_summary summary;

			if (trace_summarize(file.name, file.name, NULL, NULL, diag, &summary) != NESCSIM_TRACE ||
			    !strstr(nescsim_diag_at(diag, 0)->message, "compressed file is damaged"))
				fail_msg("%s cut to %zu of %zu bytes: %s", filters[i].name, kept, num_bytes,
					 test_diag_text(diag, NULL));
			test_file_remove(&file);
			nescsim_diag_destroy(diag);
		}
	}
}

static void test_lines_across_buffers(void **state)
{
	/* Lines of all lengths around the size of a block, the last one without its end. */
	static char text[3 * INPUT_MAX_LINE_BYTES];
	size_t lengths[] = { 0, 1, INPUT_MAX_LINE_BYTES - 1, INPUT_MAX_LINE_BYTES, 7, 65000 };
	size_t used = 0, num_bytes;
	test_file file;
	char *line;
	input *in;

	(void)state;
	for (size_t i = 0; i < 6; i++) {
		memset(text + used, 'a' + (int)i, lengths[i]);
		used += lengths[i];
		if (i < 5)
			text[used++] = '\n';
	}
	file = test_file_make(text, used);
	assert_int_equal(input_open(file.name, "x", &input_trace_words, NULL, NULL, &in), NESCSIM_OK);
	for (size_t i = 0; i < 6; i++) {
		assert_int_equal(input_line(in, &line, &num_bytes), 1);
		assert_int_equal(num_bytes, lengths[i]);
		assert_int_equal(line[num_bytes], '\0');
		assert_true(num_bytes == 0 || (line[0] == 'a' + (int)i && line[num_bytes - 1] == 'a' + (int)i));
		assert_int_equal(input_position_lines(in), i + 1);
	}
	assert_int_equal(input_position_bytes(in), used);
	assert_int_equal(input_line(in, &line, &num_bytes), 0);
	input_close(in);
	test_file_remove(&file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_compression_reads_the_same),
		cmocka_unit_test(test_cut_compression_is_an_error),
		cmocka_unit_test(test_lines_across_buffers),
	};

	return cmocka_run_group_tests(tests, make_plain, NULL);
}
