/* Does blktrace's binary format become the requests that were issued, in either byte order and from any number of CPUs? */
#include "workload/workload_test.h"

#include <archive.h>
#include <archive_entry.h>
#include <dirent.h>
#include <stdio.h>
#include <unistd.h>

#define SDA (8u << 20)

static const test_event events[] = {
	{ .time_ns = 1, .action = TEST_NOTIFY, .pdu_bytes = 5, .pdu = "bash" },
	{ .time_ns = 50, .sector = 100, .bytes = 30 * 512, .device = SDA, .action = 1 | 1u << 20 | TEST_WRITE },
	/* A split; its payload is big-endian on every machine. */
	{ .time_ns = 51,
	  .sector = 100,
	  .bytes = 10 * 512,
	  .device = SDA,
	  .action = 12 | TEST_WRITE,
	  .pdu_bytes = 8,
	  .pdu = "\0\0\0\0\0\0\0\156" },
	{ .time_ns = 60,
	  .sector = 110,
	  .bytes = 20 * 512,
	  .device = SDA,
	  .action = 7 | 0x100 | TEST_WRITE,
	  .pdu_bytes = 8,
	  .pdu = "cgroupid" },
	{ .time_ns = 61, .sector = 100, .bytes = 10 * 512, .device = SDA, .action = 7 | TEST_WRITE },
	{ .time_ns = 62, .device = SDA, .action = 9 | 1u << 20 },
	{ .time_ns = 70, .sector = 110, .bytes = 20 * 512, .device = SDA, .action = 8 | TEST_WRITE, .error = 5 },
	{ .time_ns = 80, .sector = 100, .bytes = 10 * 512, .device = SDA, .action = 8 | TEST_WRITE },
	/* A flush with rubbish in its sector field, and a discard */
	{ .time_ns = 90, .sector = UINT64_MAX, .device = SDA, .action = 7 | TEST_FLUSH },
	{ .time_ns = 91, .device = SDA, .action = 8 | TEST_FLUSH },
	{ .time_ns = 92, .sector = 7, .bytes = 512, .device = SDA, .action = 7 | TEST_WRITE | TEST_DISCARD },
	{ .time_ns = 93, .sector = 7, .bytes = 512, .device = SDA, .action = 8 | TEST_WRITE | TEST_DISCARD },
};

static void check_trace(bool big_endian)
{
	uint8_t bytes[1024], *at = bytes;
	test_file file;
	trace_record r[8];

	for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++)
		at = test_put_event(at, &events[i], big_endian);
	file = test_file_make(bytes, (size_t)(at - bytes));
	assert_int_equal(test_read_records(file.name, r, 8), 4);
	test_file_remove(&file);
	assert_int_equal(r[0].op, IO_WRITE);
	assert_int_equal(r[0].device, SDA);
	assert_int_equal(r[0].first_sector, 110);
	assert_int_equal(r[0].num_sectors, 20);
	assert_int_equal(r[0].queued_ps, 0);
	assert_int_equal(r[0].issued_ps, 10000);
	assert_int_equal(r[0].completed_ps, 20000);
	assert_int_equal(r[0].flags, TRACE_DEVICE_ERROR);
	assert_int_equal(r[0].position.event, 4);
	assert_int_equal(r[1].first_sector, 100);
	assert_int_equal(r[1].queued_ps, 0);
	assert_int_equal(r[1].flags, 0);
	assert_int_equal(r[2].op, IO_FLUSH);
	assert_int_equal(r[2].first_sector, 0);
	assert_int_equal(r[2].num_sectors, 0);
	assert_int_equal(r[3].op, IO_DISCARD);
	assert_int_equal(r[3].num_sectors, 1);
}

static void test_little_endian(void **state)
{
	(void)state;
	check_trace(false);
}

static void test_big_endian(void **state)
{
	(void)state;
	check_trace(true);
}

static void test_attributes_come_from_the_category_bits(void **state)
{
	static const test_event event = { .sector = 8,
					  .bytes = 4096,
					  .action = 7 | TEST_WRITE | TEST_FLUSH | TEST_FUA };
	uint8_t bytes[64];
	trace_record r[2];
	test_file file;

	(void)state;
	file = test_file_make(bytes, (size_t)(test_put_event(bytes, &event, false) - bytes));
	assert_int_equal(test_read_records(file.name, r, 2), 1);
	assert_int_equal(r[0].flags, TRACE_PREFLUSH | TRACE_FUA);
	test_file_remove(&file);
}

/* ---- recordings: a file for each CPU ----------------------------------------------------------------------------- */

#define POSTMARK "traces/postmark.blktrace.0.xz"
#define MAX_RECORDS 23000

static trace_record whole[MAX_RECORDS], parts[MAX_RECORDS];

typedef struct test_folder {
	char name[64];
} test_folder;

static test_folder folder_make(void)
{
	test_folder folder = { "/tmp/nescsim_test_XXXXXX" };

	assert_non_null(mkdtemp(folder.name));
	return folder;
}

static void folder_remove(const test_folder *folder)
{
	DIR *entries = opendir(folder->name);
	const struct dirent *entry;
	char name[512];

	while ((entry = readdir(entries)) != NULL) {
		snprintf(name, sizeof(name), "%s/%s", folder->name, entry->d_name);
		unlink(name);
	}
	closedir(entries);
	assert_int_equal(rmdir(folder->name), 0);
}

static const char *path(const test_folder *folder, const char *name)
{
	static char text[512];

	snprintf(text, sizeof(text), "%s/%s", folder->name, name);
	return text;
}

static void write_file(const test_folder *folder, const char *name, const void *bytes, size_t num_bytes)
{
	FILE *file = fopen(path(folder, name), "wb");

	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, num_bytes, file), num_bytes);
	fclose(file);
}

static void write_event(const test_folder *folder, const char *name, const test_event *event)
{
	uint8_t bytes[64];

	write_file(folder, name, bytes, (size_t)(test_put_event(bytes, event, false) - bytes));
}

static void pack(const test_folder *folder, const char *name, const void *bytes, size_t num_bytes)
{
	struct archive *out = archive_write_new();
	struct archive_entry *entry = archive_entry_new();

	archive_write_set_format_raw(out);
	archive_write_add_filter_gzip(out);
	assert_int_equal(archive_write_open_filename(out, path(folder, name)), ARCHIVE_OK);
	archive_entry_set_filetype(entry, AE_IFREG);
	assert_int_equal(archive_write_header(out, entry), ARCHIVE_OK);
	assert_int_equal(archive_write_data(out, bytes, num_bytes), (la_ssize_t)num_bytes);
	archive_entry_free(entry);
	assert_int_equal(archive_write_free(out), ARCHIVE_OK);
}

/* Deals PostMark's events round to so many CPUs, one after the other: Q, D and C of a request are nearly always apart. The
 * last file is packed. */
static void deal_out(const test_folder *folder, uint32_t num_cpus)
{
	uint8_t *cpus[4];
	size_t used[4] = { 0 };
	nescsim_diag *diag = nescsim_diag_create();
	const uint8_t *bytes;
	uint32_t next = 0;
	input *in;

	for (uint32_t i = 0; i < num_cpus; i++) {
		cpus[i] = malloc(10000000);
		assert_non_null(cpus[i]);
	}
	assert_int_equal(input_open(POSTMARK, POSTMARK, &input_trace_words, NULL, diag, &in), NESCSIM_OK);
	for (; input_bytes(in, 48, &bytes) == 48; next = (next + 1) % num_cpus) {
		uint8_t *to = cpus[next] + used[next];
		size_t num_payload_bytes = (size_t)input_number(bytes + 46, 2, false);

		assert_in_range(used[next] + 48 + num_payload_bytes, 0, 10000000);
		memcpy(to, bytes, 48);
		to[40] = (uint8_t)next;
		assert_int_equal(input_bytes(in, num_payload_bytes, &bytes), num_payload_bytes);
		memcpy(to + 48, bytes, num_payload_bytes);
		used[next] += 48 + num_payload_bytes;
	}
	input_close(in);
	nescsim_diag_destroy(diag);
	for (uint32_t i = 0; i < num_cpus; i++) {
		char name[32];

		snprintf(name, sizeof(name), "pm.blktrace.%u%s", i, i == num_cpus - 1 ? ".gz" : "");
		(i == num_cpus - 1 ? pack : write_file)(folder, name, cpus[i], used[i]);
		free(cpus[i]);
	}
}

static void test_files_of_several_cpus_are_one_trace(void **state)
{
	static const char *const names[] = { "pm.blktrace.0", "pm.blktrace.2.gz", "pm", "pm.blktrace.*",
					     "*.blktrace.[12]*" };
	const size_t num = test_read_records(POSTMARK, whole, MAX_RECORDS);
	test_folder folder = folder_make();

	(void)state;
	assert_int_equal(num, 22257);
	deal_out(&folder, 3);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		assert_int_equal(test_read_records(path(&folder, names[i]), parts, MAX_RECORDS), num);
		for (size_t j = 0; j < num; j++) {
			/* They stand elsewhere, that is all. */
			assert_in_range(parts[j].file, 0, 2);
			parts[j].file = whole[j].file;
			parts[j].position = whole[j].position;
			assert_memory_equal(&parts[j], &whole[j], sizeof(whole[j]));
		}
	}
	folder_remove(&folder);
}

static const test_event queued = {
	.time_ns = 100, .sector = 8, .bytes = 4096, .action = 1 | TEST_WRITE, .device = SDA
};
static const test_event issued = {
	.time_ns = 150, .sector = 8, .bytes = 4096, .action = 7 | TEST_WRITE, .device = SDA, .cpu = 1
};
static const test_event completed = {
	.time_ns = 175, .sector = 8, .bytes = 4096, .action = 8 | TEST_WRITE, .device = SDA, .cpu = 3
};

static void expect(const test_folder *folder, const char *name, nescsim_status status, const char *expected)
{
	nescsim_diag *diag = nescsim_diag_create();
	trace_summary summary;
	char trace_name[512], *found;

	snprintf(trace_name, sizeof(trace_name), "%s", path(folder, name));
	assert_int_equal(trace_summarize(trace_name, trace_name, NULL, NULL, diag, &summary), status);
	found = test_diag_text(diag, folder->name);
	assert_string_equal(found, expected);
	free(found);
	nescsim_diag_destroy(diag);
}

/* Of an idle CPU, whichever it is. */
static void test_empty_files(void **state)
{
	test_folder folder = folder_make();
	trace_record r[2];

	(void)state;
	write_file(&folder, "sda.blktrace.0", "", 0);
	write_event(&folder, "sda.blktrace.1", &issued);
	write_file(&folder, "sda.blktrace.2", "", 0);
	write_event(&folder, "sda.blktrace.3", &completed);
	write_file(&folder, "sda.blktrace.4", "", 0);
	assert_int_equal(test_read_records(path(&folder, "sda.blktrace.0"), r, 2), 1);
	assert_int_equal(r[0].file, 0); /* of those that are read */
	assert_int_equal(r[0].completed_ps, 25000);
	write_file(&folder, "sda.blktrace.1", "", 0);
	write_file(&folder, "sda.blktrace.3", "", 0);
	expect(&folder, "sda", NESCSIM_TRACE,
	       "T/sda.blktrace.0: error: the file is empty (give a trace with at least one request)\n");
	folder_remove(&folder);
}

static void test_missing_file(void **state)
{
	test_folder folder = folder_make();

	(void)state;
	write_event(&folder, "sda.blktrace.0", &queued);
	write_event(&folder, "sda.blktrace.3", &completed);
	expect(&folder, "sda", NESCSIM_TRACE,
	       "T/sda.blktrace.1: error: the recording has files of up to 4 CPUs, but 2 are missing, this one first "
	       "(copy "
	       "all from where they were recorded; an empty file stands for a CPU that was off)\n");
	folder_remove(&folder);
}

static void test_files_of_another_recording(void **state)
{
	test_folder folder = folder_make();
	test_event other = completed;

	(void)state;
	write_event(&folder, "sda.blktrace.0", &queued);
	other.device = SDA + 16;
	write_event(&folder, "sda.blktrace.1", &other);
	expect(&folder, "sda.blktrace.0", NESCSIM_TRACE,
	       "T/sda.blktrace.1: error: event 1 at byte 0: the event is of device 8,16, the recording of 8,0 (keep "
	       "the "
	       "files of one recording, and no others of its name, in a folder)\n");
	other.device = SDA;
	other.cpu = 0;
	write_event(&folder, "sda.blktrace.1", &other);
	expect(&folder, "sda.blktrace.1", NESCSIM_TRACE,
	       "T/sda.blktrace.1: error: event 1 at byte 0: the event is of CPU 0, as those of T/sda.blktrace.0 (keep "
	       "the "
	       "files of one recording, and no others of its name, in a folder)\n");
	write_event(&folder, "sda.blktrace.1", &issued);
	write_file(&folder, "sda.blktrace.2", "no trace", 8);
	expect(&folder, "sda", NESCSIM_TRACE,
	       "T/sda.blktrace.2: error: event 1 at byte 0: the file ends within the event: 8 of 48 bytes (copy it "
	       "again, or "
	       "stop blktrace before copying)\n");
	folder_remove(&folder);
}

/* Text that is called so */
static void test_files_of_another_format(void **state)
{
	static const char text[] = "8,0 1 1 0.000000001 1 D R 16 + 8 [x]\n8,0 1 1 0.000000003 1 C R 16 + 8 [0]\n";
	const trace_options options = { .format = "blkparse" };
	test_folder folder = folder_make();
	nescsim_diag *diag = nescsim_diag_create();
	trace_summary summary;
	trace_record r[2];

	(void)state;
	write_file(&folder, "sda.blktrace.0", text, sizeof(text) - 1);
	assert_int_equal(test_read_records(path(&folder, "sda.blktrace.0"), r, 2), 1);
	write_event(&folder, "sda.blktrace.1", &issued);
	expect(&folder, "sda.blktrace.1", NESCSIM_TRACE,
	       "T/sda.blktrace.0: error: it is called as one of the 2 files of a recording, but is of format blkparse "
	       "(name its format, or rename it)\n");
	assert_int_equal(trace_summarize(path(&folder, "sda.blktrace.0"), "T", &options, NULL, diag, &summary),
			 NESCSIM_OK);
	assert_int_equal(summary.num_requests, 1);
	nescsim_diag_destroy(diag);
	folder_remove(&folder);
}

/* Two recordings are two sources, which pair nothing with each other. */
static void test_pattern_of_two_recordings(void **state)
{
	test_folder folder = folder_make();
	trace_options options = { .any_device = true };
	nescsim_diag *diag = nescsim_diag_create();
	test_event event;
	trace_record record;
	trace *from;

	(void)state;
	for (uint32_t i = 0; i < 2; i++) {
		const char *const stem = i ? "sdb" : "sda";
		char name[32];

		event = queued;
		event.device += 16 * i;
		event.time_ns += 10 * i;
		snprintf(name, sizeof(name), "%s.blktrace.0", stem);
		write_event(&folder, name, &event);
		event = issued;
		event.device += 16 * i;
		snprintf(name, sizeof(name), "%s.blktrace.1", stem);
		write_event(&folder, name, &event);
	}
	assert_int_equal(trace_open(path(&folder, "sd?.blktrace.*"), "T", &options, NULL, diag, &from), NESCSIM_OK);
	assert_int_equal(trace_num_files(from), 4);
	for (uint32_t i = 0; i < 2; i++) {
		assert_int_equal(trace_next(from, &record), TRACE_RECORD);
		assert_int_equal(record.device, i);
		assert_int_equal(record.file, 2 * i + 1);
		assert_int_equal(record.queued_ps, 10000 * i);
		assert_string_equal(trace_file_name(from, record.file),
				    path(&folder, i ? "sdb.blktrace.1" : "sda.blktrace.1"));
	}
	assert_int_equal(trace_next(from, &record), TRACE_END);
	trace_close(from);
	nescsim_diag_destroy(diag);
	folder_remove(&folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_little_endian),
		cmocka_unit_test(test_big_endian),
		cmocka_unit_test(test_attributes_come_from_the_category_bits),
		cmocka_unit_test(test_files_of_several_cpus_are_one_trace),
		cmocka_unit_test(test_empty_files),
		cmocka_unit_test(test_missing_file),
		cmocka_unit_test(test_files_of_another_recording),
		cmocka_unit_test(test_files_of_another_format),
		cmocka_unit_test(test_pattern_of_two_recordings),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
