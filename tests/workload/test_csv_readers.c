/* Do the traces with one request per line become the requests that they record: units, operations, order, devices? */
#include "workload/workload_test.h"

#include <stdio.h>

#include "workload/csv_trace.h"

#define MSR_HINT " (a line looks like '128166372003061629,usr,0,Read,7014609920,24576,41286')\n"
#define SYSTOR_HINT " (a line looks like '1455592863.117450000,0.000185,W,0,8192,4096')\n"
#define ALIBABA_HINT " (a line looks like '419,W,8792731648,16384,1577808144360767')\n"
#define TENCENT_HINT " (a line looks like '1538323200,12910952,128,0,1283')\n"

/* Reads a text that is free of mistakes; its format must be found out to be this. */
static size_t read_as(const char *format, const char *text, trace_record *records, size_t max_records)
{
	test_file file = test_file_text(text);
	nescsim_diag *diag = nescsim_diag_create();
	trace_result result;
	trace_record record;
	size_t num = 0;
	trace *in;

	assert_int_equal(trace_open(file.name, "x", &(trace_options){ .any_device = true }, NULL, diag, &in),
			 NESCSIM_OK);
	assert_string_equal(trace_format(in), format);
	while ((result = trace_next(in, &record)) == TRACE_RECORD) {
		record.device = test_device(in, &record);
		assert_true(num < max_records);
		records[num++] = record;
	}
	assert_int_equal(result, TRACE_END);
	test_assert_diag(diag, NULL, "");
	trace_close(in);
	nescsim_diag_destroy(diag);
	test_file_remove(&file);
	return num;
}

static void assert_times(const trace_record *record, ps_t queued_ps, ps_t completed_ps)
{
	assert_int_equal(record->queued_ps, queued_ps);
	assert_int_equal(record->issued_ps, queued_ps);
	assert_int_equal(record->completed_ps, completed_ps);
}

static void assert_what(const trace_record *record, io_op op, uint32_t device, uint64_t first_sector,
			uint64_t num_sectors)
{
	assert_int_equal(record->op, op);
	assert_int_equal(record->device, device);
	assert_int_equal(record->first_sector, first_sector);
	assert_int_equal(record->num_sectors, num_sectors);
	assert_int_equal(record->flags, 0);
}

static void test_msr(void **state)
{
	trace_record r[4];

	(void)state;
	assert_int_equal(read_as("msr",
				 "128166372003061629,usr,0,Read,7014609920,24576,41286\n"
				 "128166372003061630,usr,3,Write,512,512,1\n",
				 r, 4),
			 2);
	assert_what(&r[0], IO_READ, 0, 7014609920 / 512, 48);
	assert_times(&r[0], 0, 41286 * 100 * PS_PER_NS);
	assert_int_equal(r[0].position.line, 1);
	assert_what(&r[1], IO_WRITE, 3, 1, 1);
	assert_times(&r[1], 100 * PS_PER_NS, 200 * PS_PER_NS);
}

static void test_systor17(void **state)
{
	trace_record r[4];

	(void)state;
	assert_int_equal(read_as("systor17",
				 "Timestamp,Response,IOType,LUN,Offset,Size\n"
				 "1455592863.117450000,0.000185,W,,8192,4096\n"
				 "1455592863.117451,,,4,,\n"
				 "1455592863.117451,0.1,,4,0,512\n"
				 "1455592864.0,2,R,4,0,512\n",
				 r, 4),
			 2);
	assert_what(&r[0], IO_WRITE, 0, 16, 8);
	assert_times(&r[0], 0, 185 * PS_PER_US);
	assert_int_equal(r[0].position.line, 2);
	assert_what(&r[1], IO_READ, 4, 0, 1);
	assert_times(&r[1], 882550 * PS_PER_US, 882550 * PS_PER_US + 2 * PS_PER_S);
	assert_int_equal(r[1].position.line, 5);
	/* A file may begin with a line that is no request. */
	assert_int_equal(read_as("systor17", "1.5,0.1,,0,0,512\n1.6,0.1,R,0,0,512\n", r, 4), 1);
}

static void test_alibaba(void **state)
{
	trace_record r[4];

	(void)state;
	assert_int_equal(
		read_as("alibaba", "419,W,8792731648,16384,1577808144360767\n725,R,4096,512,1577808144360770\n", r, 4),
		2);
	assert_what(&r[0], IO_WRITE, 419, 8792731648 / 512, 32);
	assert_times(&r[0], 0, TRACE_NO_TIME);
	assert_what(&r[1], IO_READ, 725, 8, 1);
	assert_times(&r[1], 3 * PS_PER_US, TRACE_NO_TIME);
}

static void test_tencent(void **state)
{
	trace_record r[8];

	(void)state;
	assert_int_equal(read_as("tencent",
				 "1538323200,12910952,128,0,1283\n"
				 "1538323200,8,1,1,4000000000\n"
				 "1538323200,16,8,1,1283\n"
				 "1538323202,16,8,0,1283\n"
				 "1538323202,24,8,0,1283\n",
				 r, 8),
			 5);
	assert_what(&r[0], IO_READ, 1283, 12910952, 128);
	assert_what(&r[1], IO_WRITE, 4000000000, 8, 1);
	/* Spread within each second. */
	assert_times(&r[0], 0, TRACE_NO_TIME);
	assert_times(&r[1], 333333333 * PS_PER_NS, TRACE_NO_TIME);
	assert_times(&r[2], 666666666 * PS_PER_NS, TRACE_NO_TIME);
	assert_times(&r[3], 2 * PS_PER_S, TRACE_NO_TIME);
	assert_times(&r[4], 2500 * PS_PER_MS, TRACE_NO_TIME);
	assert_int_equal(r[4].first_sector, 24);
}

/* A second of more requests than are read ahead, which belong together all the same. */
static void test_tencent_busy_second(void **state)
{
	const size_t num = 2 * READAHEAD_WINDOW;
	char *text = malloc(num * 16 + 64), *at = text;
	trace_record *r = calloc(num + 1, sizeof(*r));

	(void)state;
	assert_non_null(text);
	assert_non_null(r);
	for (size_t i = 0; i < num; i++)
		at += sprintf(at, "7,%zu,1,0,1\n", i);
	strcpy(at, "8,0,1,0,1\n");
	assert_int_equal(read_as("tencent", text, r, num + 1), num + 1);
	for (size_t i = 0; i < num; i++) {
		assert_int_equal(r[i].first_sector, i);
		assert_int_equal(r[i].queued_ps, (ps_t)(i * 1000000000 / num) * PS_PER_NS);
	}
	assert_int_equal(r[num].queued_ps, PS_PER_S);
	free(text);
	free(r);
}

static void test_tencent_second_too_busy(void **state)
{
	const size_t num = READAHEAD_MAX_PER_TICK + 1;
	char *text = malloc(num * 10 + 1), *at = text;

	(void)state;
	assert_non_null(text);
	for (size_t i = 0; i < num; i++)
		at += sprintf(at, "7,0,1,0,1\n");
	test_bad_text(text, "T:1048577: error: more than 1048576 requests have the same time "
			    "(cut out the lines of one device)\n");
	free(text);
}

static void test_header_or_none(void **state)
{
	static const char *const cases[][3] = {
		{ "msr", "Timestamp,Hostname,DiskNumber,Type,Offset,Size,ResponseTime\n", "10,a,0,Read,0,512,1\n" },
		{ "systor17", "Timestamp,Response,IOType,LUN,Offset,Size\n", "1.5,0.5,R,0,0,512\n" },
		{ "alibaba", "device_id,opcode,offset,length,timestamp\n", "1,R,0,512,9\n" },
		{ "tencent", "timestamp, offset, size, IOType, volumeid\n", "1,0,1,0,1\n" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *header = cases[i][1], *line = cases[i][2];
		char text[512];
		trace_record r[4];

		assert_int_equal(read_as(cases[i][0], line, r, 4), 1);
		snprintf(text, sizeof(text), "%s%s", header, line);
		assert_int_equal(read_as(cases[i][0], text, r, 4), 1);
		/* Files joined by cat, with blank lines, and the last line without its end. */
		snprintf(text, sizeof(text), "\n \t\n%s%s\n%s%.*s", header, line, header, (int)strlen(line) - 1, line);
		assert_int_equal(read_as(cases[i][0], text, r, 4), 2);
	}
}

static void test_crlf_blanks_and_case(void **state)
{
	trace_record r[4];

	(void)state;
	assert_int_equal(read_as("msr", "10,a,0,read,0,512,1\r\n 20 , a b ,0, WRITE ,512, 512, 1 \r\n", r, 4), 2);
	assert_what(&r[1], IO_WRITE, 0, 1, 1);
	assert_times(&r[1], PS_PER_US, PS_PER_US + 100 * PS_PER_NS);
	assert_int_equal(read_as("systor17", "Timestamp,Response,IOType,LUN,Offset,Size\r\n1,1,r,0,0,512\r\n", r, 4),
			 1);
}

static void test_bytes_are_rounded_out_to_sectors(void **state)
{
	trace_record r[4];

	(void)state;
	assert_int_equal(read_as("alibaba", "1,R,511,2,0\n1,R,512,1,0\n1,W,1000,24,0\n1,W,1000,25,0\n", r, 4), 4);
	assert_what(&r[0], IO_READ, 1, 0, 2);
	assert_what(&r[1], IO_READ, 1, 1, 1);
	assert_what(&r[2], IO_WRITE, 1, 1, 1);
	assert_what(&r[3], IO_WRITE, 1, 1, 2);
}

/* It is not the first request either. */
static void test_zero_bytes_are_left_out(void **state)
{
	trace_record r[4];

	(void)state;
	assert_int_equal(read_as("msr", "10,a,0,Read,0,0,1\n20,a,0,Read,0,512,1\n30,a,0,Write,7,0,1\n", r, 4), 1);
	assert_times(&r[0], 0, 100 * PS_PER_NS);
	assert_int_equal(read_as("tencent", "1,0,0,0,1\n1,0,1,0,1\n", r, 4), 1);
	test_bad_text("1,R,0,0,9\n", "T: error: the trace holds no request "
				     "(a request is a line that reads or writes at least one byte)\n");
}

static void test_unsorted_lines_are_sorted(void **state)
{
	trace_record r[8];

	(void)state;
	assert_int_equal(read_as("msr",
				 "300,a,0,Read,1024,512,1\n"
				 "100,a,0,Read,0,512,250\n"
				 "300,a,0,Read,1536,512,1\n"
				 "200,a,0,Read,512,512,1\n",
				 r, 8),
			 4);
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(r[i].first_sector, i);
	assert_times(&r[0], 0, 25 * PS_PER_US);
	assert_int_equal(r[0].position.line, 2);
	assert_times(&r[1], 10 * PS_PER_US, 10 * PS_PER_US + 100 * PS_PER_NS);
	assert_times(&r[3], 20 * PS_PER_US, 20 * PS_PER_US + 100 * PS_PER_NS);
	assert_int_equal(read_as("tencent", "2,1,1,0,1\n1,0,1,0,1\n2,2,1,0,1\n", r, 8), 3);
	assert_times(&r[0], 0, TRACE_NO_TIME);
	assert_times(&r[1], PS_PER_S, TRACE_NO_TIME);
	assert_times(&r[2], 1500 * PS_PER_MS, TRACE_NO_TIME);
	assert_int_equal(r[2].first_sector, 2);
}

/* Lines of ascending time, then one that belongs before the first. */
static char *late_line(size_t num_sorted)
{
	char *text = malloc((num_sorted + 1) * 32), *at = text;

	assert_non_null(text);
	for (size_t i = 0; i < num_sorted; i++)
		at += sprintf(at, "1,R,0,512,%zu\n", 1000 + i);
	strcpy(at, "1,W,0,512,999\n");
	return text;
}

static void test_as_late_as_can_be(void **state)
{
	trace_record *r = calloc(READAHEAD_WINDOW, sizeof(*r));
	char *text = late_line(READAHEAD_WINDOW - 1);

	(void)state;
	assert_non_null(r);
	assert_int_equal(read_as("alibaba", text, r, READAHEAD_WINDOW), READAHEAD_WINDOW);
	assert_int_equal(r[0].op, IO_WRITE);
	assert_int_equal(r[1].queued_ps, PS_PER_US);
	free(text);
	free(r);
	text = late_line(READAHEAD_WINDOW);
	test_bad_text(text,
		      "T:16385: error: the request is earlier than one that stands more than 16384 requests before it "
		      "(sort the lines by column 5, such as by sort -s -t, -k5,5n)\n");
	free(text);
}

/* A second is closed when it has been spread. */
static void test_late_for_its_second(void **state)
{
	char *text = malloc(16 * (READAHEAD_WINDOW + 2)), *at = text;

	(void)state;
	assert_non_null(text);
	at += sprintf(at, "1,0,1,0,1\n");
	for (size_t i = 0; i < READAHEAD_WINDOW; i++)
		at += sprintf(at, "2,0,1,0,1\n");
	strcpy(at, "1,0,1,0,1\n");
	test_bad_text(text,
		      "T:16386: error: the request is earlier than one that stands more than 16384 requests before it "
		      "(sort the lines by column 1, such as by sort -s -t, -k1,1n)\n");
	free(text);
}

static void test_packed(void **state)
{
	trace_record r[100];
	test_file file;
	/* "1,R,0,512,9\n" by gzip -n */
	static const uint8_t packed[] = { 0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0xff, 0x33,
					  0xd4, 0x09, 0xd2, 0x31, 0xd0, 0x31, 0x35, 0x34, 0xd2, 0xb1, 0xe4,
					  0x02, 0x00, 0x61, 0x6a, 0xf9, 0x61, 0x0c, 0x00, 0x00, 0x00 };

	(void)state;
	file = test_file_make(packed, sizeof(packed));
	assert_int_equal(test_read_records(file.name, r, 100), 1);
	assert_what(&r[0], IO_READ, 1, 0, 1);
	test_file_remove(&file);
}

static void test_mistakes_of_a_line(void **state)
{
	static const char msr[] = "10,a,0,Read,0,512,1\n", systor17[] = "1.5,0.5,R,0,0,512\n",
			  alibaba[] = "1,R,0,512,9\n", tencent[] = "1,0,1,0,1\n";
	static const struct {
		const char *good, *line, *message, *hint;
	} cases[] = {
		{ msr, "x,a,0,Read,0,512,1\n", "1: error: expected a time in units of 100 ns, found 'x'", MSR_HINT },
		{ msr, "9223372036854775808,a,0,Read,0,512,1\n",
		  "1: error: expected a time in units of 100 ns, found '9223372036854775808'", MSR_HINT },
		{ msr, "1.5,a,0,Read,0,512,1\n", "2: error: expected a comma, found '.5'", MSR_HINT },
		{ msr, "1,a,usr,Read,0,512,1\n", "5: error: expected a disk number below 2^24, found 'usr'", MSR_HINT },
		{ msr, "1,a,4294967296,Read,0,512,1\n",
		  "5: error: expected a disk number below 2^24, found '4294967296'", MSR_HINT },
		{ msr, "1,a,0,Flush,0,512,1\n", "7: error: expected Read or Write, found 'Flush'", MSR_HINT },
		{ msr, "1,a,0,,0,512,1\n", "7: error: expected Read or Write, found ','", MSR_HINT },
		{ msr, "1,a,0,Read,-1,512,1\n", "12: error: expected an offset in bytes up to 2^63, found '-1'",
		  MSR_HINT },
		{ msr, "1,a,0,Read,9223372036854775809,512,1\n",
		  "12: error: expected an offset in bytes up to 2^63, found '9223372036854775809'", MSR_HINT },
		{ msr, "1,a,0,Read,9223372036854775807,2,1\n",
		  "32: error: expected a size in bytes that ends below 2^63, found '2'", MSR_HINT },
		{ msr, "1,a,0,Read,0,512,-1\n",
		  "18: error: expected a response time below 106 days in units of 100 ns, found '-1'", MSR_HINT },
		{ msr, "1,a,0,Read,0,512\n", "17: error: expected a comma, found the end of the line", MSR_HINT },
		{ msr, "1,a,0,Read,0,512,1,2\n", "19: error: expected the end of the line, found ','", MSR_HINT },
		{ systor17, "1.0000000001,0.5,R,0,0,512\n",
		  "1: error: expected a time in seconds with up to nine decimals, found '1.0000000001'", SYSTOR_HINT },
		{ systor17, "1.,0.5,R,0,0,512\n",
		  "1: error: expected a time in seconds with up to nine decimals, found '1.'", SYSTOR_HINT },
		{ systor17, "1,,R,0,0,512\n",
		  "3: error: expected a response time below 106 days in seconds with up to nine decimals, found ','",
		  SYSTOR_HINT },
		{ systor17, "1,0.5,Read,0,0,512\n", "7: error: expected R, W or nothing, found 'Read'", SYSTOR_HINT },
		{ systor17, "1,0.5,,0,0\n", "7: error: expected R, W or nothing, found ','", SYSTOR_HINT },
		{ systor17, "1,0.5,R,x,0,512\n", "9: error: expected a LUN below 2^32, found 'x'", SYSTOR_HINT },
		{ alibaba, "1,0,0,512,9\n", "3: error: expected R or W, found '0'", ALIBABA_HINT },
		{ alibaba, "1,R,0,512,9.5\n", "12: error: expected the end of the line, found '.5'", ALIBABA_HINT },
		{ tencent, "1,0,1,2,1\n", "7: error: expected 0 (read) or 1 (write), found '2'", TENCENT_HINT },
		{ tencent, "1,18014398509481985,1,0,1\n",
		  "3: error: expected an offset in sectors up to 2^54, found '18014398509481985'", TENCENT_HINT },
		{ tencent, "1,18014398509481983,2,0,1\n",
		  "21: error: expected a size in sectors that ends below 2^54, found '2'", TENCENT_HINT },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char text[256], expected[512];

		snprintf(text, sizeof(text), "%s%s", cases[i].good, cases[i].line);
		snprintf(expected, sizeof(expected), "T:2:%s%s", cases[i].message, cases[i].hint);
		test_bad_text(text, expected);
	}
	test_bad_bytes("1,R,0,512,9\n1,R,\0,512,9\n", 24,
		       "T:2: error: the line holds a NUL byte (the file is damaged)\n");
}

static void test_last_byte_below_the_limit(void **state)
{
	trace_record r[4];

	(void)state;
	assert_int_equal(read_as("alibaba", "1,R,9223372036854775807,1,9\n", r, 4), 1);
	assert_what(&r[0], IO_READ, 1, TRACE_MAX_SECTOR - 1, 1);
	assert_int_equal(read_as("tencent", "1,18014398509481983,1,0,1\n", r, 4), 1);
	assert_what(&r[0], IO_READ, 1, TRACE_MAX_SECTOR - 1, 1);
}

static void test_too_long_a_time(void **state)
{
	(void)state;
	test_bad_text("10,a,0,Read,0,512,1\n128166372003061629,a,0,Read,0,512,1\n11,a,0,Read,0,512,92233720368547\n",
		      "T:3: error: the request ends more than 106 days after the first "
		      "(the response time is wrong, or cut the trace)\n"
		      "T:2: error: the request is more than 106 days after the first "
		      "(the time is wrong, or cut the trace)\n");
	test_bad_text("1,0,1,0,1\n9223373,0,1,0,1\n", "T:2: error: the request is more than 106 days after the first "
						      "(the time is wrong, or cut the trace)\n");
}

static void test_device_by_its_name(void **state)
{
	test_file file = test_file_text("419,W,0,16384,10\n725,R,4096,512,20\n419,R,0,512,30\n");
	nescsim_diag *diag = nescsim_diag_create();
	trace_options options = { .device = "419" };
	trace_summary summary;

	(void)state;
	assert_int_equal(trace_summarize(file.name, "x", &options, NULL, diag, &summary), NESCSIM_OK);
	assert_int_equal(summary.num_requests, 2);
	assert_int_equal(summary.num_without_completion, 2);
	options.device = "725";
	assert_int_equal(trace_summarize(file.name, "x", &options, NULL, diag, &summary), NESCSIM_OK);
	assert_int_equal(summary.num_requests, 1);
	assert_int_equal(summary.end_sector, 9);
	options.device = "0,419";
	assert_int_equal(trace_summarize(file.name, "x", &options, NULL, diag, &summary), NESCSIM_TRACE);
	options.device = "4";
	assert_int_equal(trace_summarize(file.name, "x", &options, NULL, diag, &summary), NESCSIM_TRACE);
	options.device = "";
	assert_int_equal(trace_summarize(file.name, "x", &options, NULL, diag, &summary), NESCSIM_TRACE);
	test_assert_diag(diag, NULL,
			 "x: error: the trace holds no request of device '0,419' (it has 419, 725)\n"
			 "x: error: the trace holds no request of device '4' (it has 419, 725)\n"
			 "x:2: error: the trace holds requests of several devices: 419 and 725 "
			 "(choose one with device: '419', or give each a VM with count: 0 and map: by_device)\n");
	nescsim_diag_destroy(diag);
	test_file_remove(&file);
}

/* Whether a closed loop is possible. */
static void test_completions(void **state)
{
	static const struct {
		const char *text;
		bool completes;
	} cases[] = {
		{ "10,a,0,Read,0,512,1\n", true },
		{ "1.5,0.5,R,0,0,512\n", true },
		{ "1,R,0,512,9\n", false },
		{ "1,0,1,0,1\n", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		test_file file = test_file_text(cases[i].text);
		nescsim_diag *diag = nescsim_diag_create();
		trace *in;

		assert_int_equal(trace_open(file.name, "x", NULL, NULL, diag, &in), NESCSIM_OK);
		assert_int_equal(trace_records_completions(in), cases[i].completes);
		trace_close(in);
		nescsim_diag_destroy(diag);
		test_file_remove(&file);
	}
}

/* What is nearly such a file is none. */
static void test_other_text_is_not_taken(void **state)
{
	static const char *const cases[] = {
		"1,R,0,512\n",
		"1,R,0,512,9,9\n",
		"1,X,0,512,9\n",
		"x,R,0,512,9\n",
		"1,0,1,2,1\n",
		"10,a,0,Trim,0,512,1\n",
		"Timestamp,Hostname,DiskNumber,Type,Offset,Size\n",
		",,,,,\n",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		test_file file = test_file_text(cases[i]);
		trace_summary summary;

		assert_int_equal(trace_summarize(file.name, "x", NULL, NULL, NULL, &summary), NESCSIM_TRACE);
		assert_null(summary.format);
		test_file_remove(&file);
	}
}

/* A format that is named is taken at its word, and says what it misses. */
static void test_format_can_be_named(void **state)
{
	test_file file = test_file_text("1,R,0,512,9\n");
	nescsim_diag *diag = nescsim_diag_create();
	trace_summary summary;

	(void)state;
	assert_int_equal(trace_summarize(file.name, "x", &(trace_options){ .format = "tencent" }, NULL, diag, &summary),
			 NESCSIM_TRACE);
	test_assert_diag(diag, NULL, "x:1:3: error: expected an offset in sectors up to 2^54, found 'R'" TENCENT_HINT);
	nescsim_diag_destroy(diag);
	test_file_remove(&file);
}

/* The shipped samples hold what traces/README.md says. */
static void test_samples(void **state)
{
	static const struct {
		const char *format, *file;
		uint64_t num_requests, num_devices;
	} cases[] = {
		{ "msr", "traces/samples/msr.csv.gz", 80, 2 },
		{ "systor17", "traces/samples/systor17.csv.gz", 70, 1 },
		{ "alibaba", "traces/samples/alibaba.csv", 96, 3 },
		{ "tencent", "traces/samples/tencent.csv", 111, 3 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		trace_summary summary;

		assert_int_equal(trace_summarize(cases[i].file, "x", &(trace_options){ .any_device = true }, NULL, NULL,
						 &summary),
				 NESCSIM_OK);
		assert_string_equal(summary.format, cases[i].format);
		assert_int_equal(summary.num_requests, cases[i].num_requests);
		assert_int_equal(summary.num_devices, cases[i].num_devices);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_msr),
		cmocka_unit_test(test_systor17),
		cmocka_unit_test(test_alibaba),
		cmocka_unit_test(test_tencent),
		cmocka_unit_test(test_tencent_busy_second),
		cmocka_unit_test(test_tencent_second_too_busy),
		cmocka_unit_test(test_header_or_none),
		cmocka_unit_test(test_crlf_blanks_and_case),
		cmocka_unit_test(test_bytes_are_rounded_out_to_sectors),
		cmocka_unit_test(test_zero_bytes_are_left_out),
		cmocka_unit_test(test_unsorted_lines_are_sorted),
		cmocka_unit_test(test_as_late_as_can_be),
		cmocka_unit_test(test_late_for_its_second),
		cmocka_unit_test(test_packed),
		cmocka_unit_test(test_mistakes_of_a_line),
		cmocka_unit_test(test_last_byte_below_the_limit),
		cmocka_unit_test(test_too_long_a_time),
		cmocka_unit_test(test_device_by_its_name),
		cmocka_unit_test(test_completions),
		cmocka_unit_test(test_other_text_is_not_taken),
		cmocka_unit_test(test_format_can_be_named),
		cmocka_unit_test(test_samples),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
