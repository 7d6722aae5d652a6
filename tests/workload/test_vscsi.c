/* Do vscsi's records of both versions become requests, and does whatever else stands in them become what it should? */
#include "workload/workload_test.h"

#include <stdio.h>

#define RANDOM "traces/samples/random.csv"

typedef struct command {
	uint16_t code;
	uint32_t num_bytes;
	uint64_t block, time_us, rt;
} command;

static uint8_t *put(uint8_t *at, uint64_t value, size_t num_bytes)
{
	for (size_t i = 0; i < num_bytes; i++)
		at[i] = (uint8_t)(value >> 8 * i);
	return at + num_bytes;
}

/* Writes a record and returns the place behind it. */
static uint8_t *put_record(uint8_t *at, unsigned version, uint32_t number, const command *c)
{
	if (version == 2) {
		at = put(at, c->code, 2);
		at = put(at, 0x0200, 2);
	}
	at = put(at, number, 4);
	at = put(at, c->num_bytes, 4);
	at = put(at, 1, 4);
	if (version == 1) {
		at = put(at, c->code, 2);
		at = put(at, 0x0100, 2);
	}
	at = put(at, c->block, 8);
	at = put(at, c->time_us, 8);
	return version == 2 ? put(at, c->rt, 8) : at;
}

static size_t put_records(uint8_t *bytes, unsigned version, const command *commands, size_t num)
{
	uint8_t *at = bytes;

	for (size_t i = 0; i < num; i++)
		at = put_record(at, version, (uint32_t)(0x80000000u + 77 * i), &commands[i]);
	return (size_t)(at - bytes);
}

/* Reads the commands as detected, which must be as vscsi. Returns how many requests there are. */
static size_t read_commands(unsigned version, const command *commands, size_t num, trace_record *records,
			    size_t max_records)
{
	uint8_t bytes[4096];
	test_file file = test_file_make(bytes, put_records(bytes, version, commands, num));
	trace_summary summary;

	assert_int_equal(trace_summarize(file.name, file.name, NULL, NULL, NULL, &summary), NESCSIM_OK);
	assert_string_equal(summary.format, "vscsi");
	num = test_read_records(file.name, records, max_records);
	test_file_remove(&file);
	return num;
}

#define READ_COMMANDS(version, commands, r) \
	read_commands(version, commands, sizeof(commands) / sizeof(commands[0]), r, sizeof(r) / sizeof(r[0]))

static void check_units(unsigned version)
{
	static const command commands[] = {
		{ .code = 0x28, .num_bytes = 4096, .block = 24048792, .time_us = 2756778716647, .rt = 400 },
		{ .code = 0x2a, .num_bytes = 513, .block = UINT64_C(1) << 40, .time_us = 2756778716650, .rt = 500 },
	};
	trace_record r[2];

	assert_int_equal(READ_COMMANDS(version, commands, r), 2);
	assert_int_equal(r[0].op, IO_READ);
	assert_int_equal(r[0].first_sector, 24048792);
	assert_int_equal(r[0].num_sectors, 8);
	assert_int_equal(r[0].queued_ps, 0);
	assert_int_equal(r[0].completed_ps, TRACE_NO_TIME);
	assert_int_equal(r[1].op, IO_WRITE);
	assert_int_equal(r[1].first_sector, UINT64_C(1) << 40);
	assert_int_equal(r[1].num_sectors, 2);
	assert_int_equal(r[1].queued_ps, 3 * PS_PER_US);
	assert_int_equal(r[1].completed_ps, TRACE_NO_TIME);
	assert_int_equal(r[1].position.event, 2);
	assert_int_equal(r[1].position.byte, version == 2 ? 40 : 32);
}

static void test_version_1(void **state)
{
	(void)state;
	check_units(1);
}

static void test_version_2(void **state)
{
	(void)state;
	check_units(2);
}

static void test_commands(void **state)
{
	static const uint16_t reads[] = { 0x08, 0x28, 0xa8, 0x88 }, writes[] = { 0x0a, 0x2a, 0xaa, 0x8a },
			      flushes[] = { 0x35, 0x91 };
	command commands[10];
	trace_record r[10];
	size_t num = 0;

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		commands[num++] = (command){ .code = reads[i], .num_bytes = 512 };
		commands[num++] = (command){ .code = writes[i], .num_bytes = 512 };
	}
	for (size_t i = 0; i < 2; i++)
		commands[num++] = (command){ .code = flushes[i], .block = 77 };
	assert_int_equal(READ_COMMANDS(2, commands, r), 10);
	for (size_t i = 0; i < 8; i++)
		assert_int_equal(r[i].op, i % 2 ? IO_WRITE : IO_READ);
	for (size_t i = 8; i < 10; i++) {
		assert_int_equal(r[i].op, IO_FLUSH);
		assert_int_equal(r[i].first_sector, 0);
		assert_int_equal(r[i].num_sectors, 0);
	}
}

/* INQUIRY, UNMAP, both WRITE SAMEs and a read of nothing are no requests; trace info says so with the first of each. */
static void test_left_out(void **state)
{
	static const command commands[] = {
		{ .code = 0x28, .num_bytes = 512 },  { .code = 0x12, .num_bytes = 36 },
		{ .code = 0x42, .num_bytes = 24 },   { .code = 0x41, .num_bytes = 512 },
		{ .code = 0x93, .num_bytes = 512 },  { .code = 0x28 },
		{ .code = 0x88, .num_bytes = 4096 },
	};
	static const struct {
		const char *why;
		uint64_t num, first_event;
	} expected[] = {
		{ "of commands that neither read, write nor flush", 1, 2 },
		{ "of UNMAP or WRITE SAME, whose blocks are not recorded", 3, 3 },
		{ "of zero bytes", 1, 6 },
	};
	uint8_t bytes[512];
	test_file file = test_file_make(bytes, put_records(bytes, 2, commands, 7));
	trace_record record;
	unsigned num = 0;
	trace *in;

	(void)state;
	assert_int_equal(trace_open(file.name, file.name, NULL, NULL, NULL, &in), NESCSIM_OK);
	while (trace_next(in, &record) == TRACE_RECORD)
		num++;
	assert_int_equal(num, 2);
	for (size_t i = 0; i < 3; i++) {
		const input_skips *skips = trace_skipped(in, 0, i);

		assert_non_null(skips);
		assert_string_equal(skips->why, expected[i].why);
		assert_int_equal(skips->num, expected[i].num);
		assert_int_equal(skips->first_event, expected[i].first_event);
		assert_int_equal(skips->first_line, 0);
	}
	assert_null(trace_skipped(in, 0, 3));
	trace_close(in);
	test_file_remove(&file);
}

/* Written as they complete: given out by time, each with its own place in the file. */
static void test_unsorted_records_are_sorted(void **state)
{
	static const command commands[] = {
		{ .code = 0x28, .num_bytes = 512, .block = 1, .time_us = 30 },
		{ .code = 0x28, .num_bytes = 512, .block = 2, .time_us = 10 },
		{ .code = 0x28, .num_bytes = 512, .block = 3, .time_us = 10 },
		{ .code = 0x28, .num_bytes = 512, .block = 4, .time_us = 20 },
	};
	static const uint64_t blocks[] = { 2, 3, 4, 1 }, queued_us[] = { 0, 0, 10, 20 };
	trace_record r[4];

	(void)state;
	assert_int_equal(READ_COMMANDS(1, commands, r), 4);
	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(r[i].first_sector, blocks[i]);
		assert_int_equal(r[i].position.event, blocks[i]);
		assert_int_equal(r[i].position.byte, 32 * (blocks[i] - 1));
		assert_int_equal(r[i].queued_ps, (ps_t)queued_us[i] * PS_PER_US);
	}
}

/* Reading two good commands and this one must fail with these diagnostics. */
static void check_bad(const command *third, size_t cut_bytes, const char *expected)
{
	command commands[3] = { { .code = 0x28, .num_bytes = 512, .time_us = 5 }, { .code = 0x28, .num_bytes = 512 } };
	uint8_t bytes[128];

	commands[2] = *third;
	test_bad_bytes(bytes, put_records(bytes, 2, commands, 3) - cut_bytes, expected);
}

static void test_mistakes(void **state)
{
	static const command good = { .code = 0x2a, .num_bytes = 512 };
	command c = good;

	(void)state;
	check_bad(&good, 1,
		  "T: error: event 3 at byte 80: the file ends within the record: 39 of 40 bytes "
		  "(copy or download it again)\n");
	c.block = UINT64_C(1) << 54;
	check_bad(&c, 0,
		  "T: error: event 3 at byte 80: sector 18014398509481984 is beyond any disk (the file is damaged)\n");
	c.block = UINT64_MAX;
	check_bad(&c, 0,
		  "T: error: event 3 at byte 80: sector 18446744073709551615 is beyond any disk (the file is "
		  "damaged)\n");
	c = good;
	c.time_us = UINT64_C(1) << 63;
	check_bad(&c, 0,
		  "T: error: event 3 at byte 80: the time 9223372036854775808 us is beyond any clock (the file is "
		  "damaged)\n");
	c.time_us = UINT64_C(107) * 24 * 3600 * 1000000;
	check_bad(&c, 0,
		  "T: error: event 3 at byte 80: the request is more than 106 days after the first "
		  "(the time is wrong, or cut the trace)\n");
}

/* The last block of the largest disk there can be */
static void test_last_block(void **state)
{
	static const command commands[] = { { .code = 0x28, .num_bytes = 512, .block = (UINT64_C(1) << 54) - 1 } };
	trace_record r[1];

	(void)state;
	assert_int_equal(READ_COMMANDS(1, commands, r), 1);
	assert_int_equal(r[0].first_sector + r[0].num_sectors, TRACE_MAX_SECTOR);
}

/* Beyond the records that detection looks at, and where the format is named. */
static void test_wrong_version(void **state)
{
	static const command good = { .code = 0x28, .num_bytes = 512 };
	uint8_t bytes[4096], *at = bytes;
	test_file file;
	nescsim_diag *diag = nescsim_diag_create();
	trace_summary summary;

	(void)state;
	for (uint32_t i = 0; i < 20; i++)
		at = put_record(at, 2, i, &good);
	bytes[18 * 40 + 3] = 7;
	test_bad_bytes(bytes, (size_t)(at - bytes),
		       "T: error: event 19 at byte 720: the record has version 7 instead of 2 "
		       "(the file is damaged or no vscsi trace)\n");
	file = test_file_text("no records, but text that is long enough");
	assert_int_equal(
		trace_summarize(file.name, file.name, &(trace_options){ .format = "vscsi" }, NULL, diag, &summary),
		NESCSIM_TRACE);
	test_assert_diag(diag, file.name,
			 "T: error: event 1 at byte 0: the record has version 32 instead of 1 "
			 "(the file is damaged or no vscsi trace)\n");
	nescsim_diag_destroy(diag);
	test_file_remove(&file);
}

/* Both versions are told from one record, even where a number looks like the other version's word. */
static void test_detection(void **state)
{
	static const command commands[] = { { .code = 0x28, .num_bytes = 512 }, { .code = 0x2a, .num_bytes = 512 } };
	uint8_t bytes[128], *at = bytes;
	trace_record r[2];
	test_file file;

	(void)state;
	assert_int_equal(read_commands(1, commands, 1, r, 2), 1);
	assert_int_equal(read_commands(2, commands, 1, r, 2), 1);
	at = put_record(at, 1, 0x02000028, &commands[0]);
	at = put_record(at, 1, 0x02000029, &commands[1]);
	file = test_file_make(bytes, (size_t)(at - bytes));
	assert_int_equal(test_read_records(file.name, r, 2), 2);
	assert_int_equal(r[1].op, IO_WRITE);
	test_file_remove(&file);
}

/* Files of other formats stay theirs. */
static void test_takes_no_other_format(void **state)
{
	static const char *const files[][2] = {
		{ "blktrace", "traces/postmark.blktrace.0.xz" },
		{ "blkparse", "traces/postmark_slice.blkparse.txt.gz" },
		{ "msr", "traces/samples/msr.csv.gz" },
		{ "csv", RANDOM },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		trace *in;

		assert_int_equal(trace_open(files[i][1], "x", NULL, NULL, NULL, &in), NESCSIM_OK);
		assert_string_equal(trace_format(in), files[i][0]);
		trace_close(in);
	}
}

/* random.csv as vscsi records. Returns how many bytes they take. */
static size_t make_sample(unsigned version, uint8_t *bytes)
{
	static const uint16_t codes[] = { [IO_READ] = 0x28, [IO_WRITE] = 0x2a, [IO_FLUSH] = 0x35, [IO_DISCARD] = 0x42 };
	uint8_t *at = bytes;
	uint32_t number = 0x80000000;
	trace_record record;
	trace *in;

	assert_int_equal(trace_open(RANDOM, RANDOM, &(trace_options){ .any_device = true }, NULL, NULL, &in),
			 NESCSIM_OK);
	while (trace_next(in, &record) == TRACE_RECORD) {
		const command c = {
			.code = codes[record.op],
			.num_bytes = record.op == IO_DISCARD ? 24 : (uint32_t)record.num_sectors * IO_SECTOR_BYTES,
			.block = record.op == IO_DISCARD ? 0 : record.first_sector,
			.time_us = UINT64_C(2756778716647) + (uint64_t)(record.queued_ps / PS_PER_US),
			.rt = record.completed_ps == TRACE_NO_TIME
				      ? 0
				      : (uint64_t)((record.completed_ps - record.queued_ps) / PS_PER_US),
		};

		at = put_record(at, version, number++, &c);
	}
	trace_close(in);
	return (size_t)(at - bytes);
}

static void sample_name(unsigned version, char *text, size_t text_bytes)
{
	snprintf(text, text_bytes, "traces/samples/random.vscsi%u", version);
}

/* The shipped samples are what --write makes of random.csv. */
static void test_samples(void **state)
{
	(void)state;
	for (unsigned version = 1; version <= 2; version++) {
		uint8_t made[8192], shipped[8192];
		const size_t num_bytes = make_sample(version, made);
		trace_summary summary;
		char name[64];
		FILE *file;

		sample_name(version, name, sizeof(name));
		file = fopen(name, "rb");
		assert_non_null(file);
		assert_int_equal(fread(shipped, 1, sizeof(shipped), file), num_bytes);
		fclose(file);
		assert_memory_equal(made, shipped, num_bytes);
		assert_int_equal(trace_summarize(name, name, NULL, NULL, NULL, &summary), NESCSIM_OK);
		assert_string_equal(summary.format, "vscsi");
		assert_int_equal(summary.num_requests, 67);
	}
}

static int write_samples(void)
{
	for (unsigned version = 1; version <= 2; version++) {
		uint8_t made[8192];
		const size_t num_bytes = make_sample(version, made);
		char name[64];
		FILE *file;
		bool ok;

		sample_name(version, name, sizeof(name));
		file = fopen(name, "wb");
		ok = file && fwrite(made, 1, num_bytes, file) == num_bytes;
		if (!file || fclose(file) != 0 || !ok)
			return 1;
	}
	return 0;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_version_1),
		cmocka_unit_test(test_version_2),
		cmocka_unit_test(test_commands),
		cmocka_unit_test(test_left_out),
		cmocka_unit_test(test_unsorted_records_are_sorted),
		cmocka_unit_test(test_mistakes),
		cmocka_unit_test(test_last_block),
		cmocka_unit_test(test_wrong_version),
		cmocka_unit_test(test_detection),
		cmocka_unit_test(test_takes_no_other_format),
		cmocka_unit_test(test_samples),
	};

	if (argc == 2 && strcmp(argv[1], "--write") == 0)
		return write_samples();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
