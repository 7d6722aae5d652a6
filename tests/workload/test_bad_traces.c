/* Does every mistake in a trace get a message that names the place and what would be right? */
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "workload/workload_test.h"

#define LINE_HINT " (a line looks like '8,16 0 1 0.000000000 123 Q WS 2048 + 8 [dd]')\n"
#define FORMATS \
	"known formats: blktrace, vscsi, blkparse, msr, systor17, alibaba, tencent, spc, fio, disksim, mqsim, csv"
#define UNKNOWN "T: error: the file is no trace of a known format (" FORMATS ")\n"
#define GOOD "8,0 0 1 0.000000000 1 D R 0 + 8 [a]\n"

static void test_empty_file(void **state)
{
	(void)state;
	test_bad_text("", "T: error: the file is empty (give a trace with at least one request)\n");
}

static void test_unknown_format(void **state)
{
	(void)state;
	test_bad_text(
		"Timestamp,Offset,Size\n1,2,3\n",
		"T: error: the file is no trace of a known format: it begins with 'Timestamp,Offset,Size' (" FORMATS
		"; with one of them named as its format, what does not fit is shown)\n");
	test_bad_text("\n\n", UNKNOWN);
}

static void test_text_without_requests(void **state)
{
	(void)state;
	test_bad_text("8,0 0 1 0.000000000 1 Q R 0 + 8 [a]\nCPU0 (sda):\n",
		      "T: error: the trace holds no request "
		      "(a request is an issue event (D); record at least queue, issue and complete)\n");
}

static void test_fields_of_a_line(void **state)
{
	static const char *const cases[][2] = {
		{ "8;0 0 1 0.000000000 1 D R 0 + 8 [a]\n",
		  ":2: error: expected the device as major,minor, found ';0'" },
		{ "9999,0 0 1 0.000000000 1 D R 0 + 8 [a]\n",
		  ":1: error: expected the device as major,minor, found '9999,0'" },
		{ "8,0 x 1 0.000000000 1 D R 0 + 8 [a]\n", ":5: error: expected a CPU number, found 'x'" },
		{ "8,0 0 -1 0.000000000 1 D R 0 + 8 [a]\n", ":7: error: expected a sequence number, found '-1'" },
		{ "8,0 0 1 -1.000000000 1 D R 0 + 8 [a]\n",
		  ":9: error: expected a time below 106 days as seconds.nanoseconds, found '-1.000000000'" },
		{ "8,0 0 1 9999999.000000000 1 D R 0 + 8 [a]\n",
		  ":9: error: expected a time below 106 days as seconds.nanoseconds, found '9999999.000000000'" },
		{ "8,0 0 1 1.5 1 D R 0 + 8 [a]\n", ":11: error: expected nine digits of nanoseconds, found '5'" },
		{ "8,0 0 1 0.000000000 ? D R 0 + 8 [a]\n", ":21: error: expected a process number, found '?'" },
		{ "8,0 0 1 0.000000000 1 Y R 0 + 8 [a]\n",
		  ":23: error: expected an action (Q, G, M, D, C, ...), found 'Y'" },
		{ "8,0 0 1 0.000000000 1 D K 0 + 8 [a]\n",
		  ":25: error: expected an operation such as R, WS, FWFSM, DS or FN, found 'K'" },
		{ "8,0 0 1 0.000000000 1 D R -8 + 8 [a]\n", ":27: error: expected a sector below 2^54, found '-8'" },
		{ "8,0 0 1 0.000000000 1 D R 18014398509481985 + 8 [a]\n",
		  ":27: error: expected a sector below 2^54, found '18014398509481985'" },
		{ "8,0 0 1 0.000000000 1 D R 99999999999999999999999 + 8 [a]\n",
		  ":27: error: expected a sector below 2^54, found '99999999999999999999999'" },
		{ "8,0 0 1 0.000000000 1 D R 18014398509481983 + 8 [a]\n",
		  ":47: error: expected a number of sectors that ends below 2^54, found '8'" },
		{ "8,0 0 1 0.000000000 1 D R 0 + 8\n",
		  ":32: error: expected the process as [name], found the end of the line" },
		{ "8,0 0 1 0.000000000 1 D R 0 + 8 [postma\n",
		  ":33: error: expected the process as [name], found '[postma'" },
		{ "8,0 0 1 0.000000000 1 C R 0 + 8 [x]\n", ":34: error: expected an error number, found 'x]'" },
		{ "8,0 0 1 0.000000000 1 X R 0 + 8 [a]\n",
		  ":29: error: expected '/' and the sector of the rest, found '+'" },
		{ "8,0 0\n", ":6: error: expected a sequence number, found the end of the line" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char text[512], expected[512];

		snprintf(text, sizeof(text), GOOD "%s", cases[i][0]);
		snprintf(expected, sizeof(expected), "T:2%s" LINE_HINT, cases[i][1]);
		test_bad_text(text, expected);
	}
}

static void test_all_mistakes_in_one_pass(void **state)
{
	(void)state;
	test_bad_text(GOOD "8,0 0 1 0.000000000 1 D K 0 + 8 [a]\n" GOOD "8,0 0 1 0.0 1 D R 0 + 8 [a]\n",
		      "T:2:25: error: expected an operation such as R, WS, FWFSM, DS or FN, found 'K'" LINE_HINT
		      "T:4:11: error: expected nine digits of nanoseconds, found '0'" LINE_HINT);
}

static void test_no_more_than_twenty_mistakes(void **state)
{
	char text[4096] = GOOD;
	test_file file;
	nescsim_diag *diag = nescsim_diag_create();

	(void)state;
	for (int i = 0; i < 40; i++)
		strcat(text, "8,0 0 1 rubbish\n");
	file = test_file_text(text);
	assert_int_equal(trace_summarize(file.name, "x", NULL, NULL, diag, &(trace_summary){ .format = NULL }),
			 NESCSIM_TRACE);
	assert_int_equal(nescsim_diag_num_errors(diag), INPUT_MAX_ERRORS);
	assert_int_equal(nescsim_diag_count(diag), INPUT_MAX_ERRORS + 1); /* and that there may be more */
	assert_int_equal(nescsim_diag_at(diag, INPUT_MAX_ERRORS - 1)->line, INPUT_MAX_ERRORS + 1);
	nescsim_diag_destroy(diag);
	test_file_remove(&file);
}

static void test_times_must_not_decrease(void **state)
{
	(void)state;
	test_bad_text("8,0 0 1 2.000000001 1 D R 0 + 8 [a]\n8,0 0 1 1.500000000 1 D R 0 + 8 [a]\n",
		      "T:2: error: the time 1.500000000 s is before that of the event before (2.000000001 s) "
		      "(sort the lines by time (blkparse -i NAME does))\n");
}

static void test_unprintable_bytes_are_not_echoed(void **state)
{
	(void)state;
	test_bad_text(GOOD "8,0 0 1 0.000000000 1 \x1b[31m\n",
		      "T:2:23: error: expected an action (Q, G, M, D, C, ...), found '?[31m'" LINE_HINT);
}

static void test_endless_line(void **state)
{
	size_t num_bytes = 200000;
	char *text = malloc(num_bytes + 1);

	(void)state;
	assert_non_null(text);
	memset(text, ' ', num_bytes);
	memcpy(text, GOOD, strlen(GOOD));
	text[num_bytes] = '\0';
	test_bad_text(text, "T:2: error: the line is longer than 65536 bytes "
			    "(a text trace has one short event per line)\n");
	free(text);
}

static void test_second_device(void **state)
{
	(void)state;
	test_bad_text("8,0 0 1 0.000000000 1 D R 0 + 8 [a]\n8,16 0 1 0.000000000 1 D R 0 + 8 [a]\n",
		      "T:2: error: the trace holds requests of several devices: 8,0 and 8,16 "
		      "(choose one with device: '8,0', or give each a VM with count: 0 and map: by_device)\n");
}

static size_t two_events(uint8_t *bytes, const test_event *second)
{
	static const test_event first = {
		.time_ns = 10, .sector = 8, .bytes = 4096, .action = 7, .pdu_bytes = 3, .pdu = "abc"
	};
	uint8_t *at = test_put_event(bytes, &first, false);

	return (size_t)(test_put_event(at, second, false) - bytes);
}

static void test_truncated_binary(void **state)
{
	static const test_event second = {
		.time_ns = 20, .sector = 8, .bytes = 4096, .action = 8, .pdu_bytes = 9, .pdu = "123456789"
	};
	uint8_t bytes[256];
	size_t num_bytes = two_events(bytes, &second);

	(void)state;
	test_bad_bytes(bytes, num_bytes - 9 - 20,
		       "T: error: event 2 at byte 51: the file ends within the event: 28 of 48 bytes "
		       "(copy it again, or stop blktrace before copying)\n");
	test_bad_bytes(bytes, num_bytes - 2,
		       "T: error: event 2 at byte 51: the file ends within the event: 7 of 9 payload bytes "
		       "(copy it again, or stop blktrace before copying)\n");
}

static void test_binary_garbage(void **state)
{
	static const test_event second = { .time_ns = 20, .sector = 8, .bytes = 4096, .action = 8 };
	uint8_t bytes[256];
	size_t num_bytes = two_events(bytes, &second);

	(void)state;
	memcpy(bytes + 51, "\xde\xad\xbe\xef", 4);
	test_bad_bytes(bytes, num_bytes,
		       "T: error: event 2 at byte 51: the event begins with 0xefbeadde instead of the magic number "
		       "0x65617407 (the file is damaged or not a blktrace file)\n");
	memcpy(bytes + 51, "\x06\x74\x61\x65", 4);
	test_bad_bytes(bytes, num_bytes,
		       "T: error: event 2 at byte 51: the event has format version 6, only 7 is known "
		       "(convert it with blkparse to text)\n");
}

static void test_binary_values(void **state)
{
	uint8_t bytes[256];

	(void)state;
	test_bad_bytes(bytes, two_events(bytes, &(test_event){ .time_ns = 9, .action = 8 }),
		       "T: error: event 2 at byte 51: the time 9 ns is before that of the event before (10 ns) "
		       "(leave the files of several CPUs apart, or join them by blkparse -i NAME -d FILE)\n");
	test_bad_bytes(bytes, two_events(bytes, &(test_event){ .time_ns = UINT64_MAX, .action = 8 }),
		       "T: error: event 2 at byte 51: the time is more than 106 days after the first event "
		       "(the file is damaged, or of another recording)\n");
	test_bad_bytes(bytes, two_events(bytes, &(test_event){ .time_ns = 10, .action = 99 }),
		       "T: error: event 2 at byte 51: unknown action 99 (the file is damaged)\n");
	test_bad_bytes(
		bytes,
		two_events(bytes, &(test_event){ .time_ns = 10, .action = 7, .bytes = 512, .sector = UINT64_MAX }),
		"T: error: event 2 at byte 51: sector 18446744073709551615 is beyond any disk "
		"(the file is damaged)\n");
}

/* Opens a workload on this file; its diagnostics must be these. */
static void check_workload(const char *file_name, const char *options, nescsim_status status, const char *expected)
{
	diag_place place = { .file = "c.yaml", .line = 3, .column = 5, .path = "vms[0].workload" };
	source_context context = test_context();
	test_workload workload;
	char yaml[512];

	context.disk_bytes = 1 << 20;
	snprintf(yaml, sizeof(yaml), "{kind: trace, file: %s%s}", file_name, options);
	test_workload_load(&workload, yaml);
	assert_int_equal(source_validate(&workload.variant, &context, &place, workload.diag), status);
	test_assert_diag(workload.diag, file_name, expected);
	test_workload_free(&workload);
}

static void test_file_that_cannot_be_read(void **state)
{
	(void)state;
	check_workload("/no/such/file", "", NESCSIM_IO,
		       "c.yaml:3:5: error: vms[0].workload: cannot read trace 'T': No such file or directory\n");
	check_workload("/tmp", "", NESCSIM_IO,
		       "c.yaml:3:5: error: vms[0].workload: cannot read trace 'T': it is a directory "
		       "(name one file in it)\n");
}

static void test_address_beyond_the_disk(void **state)
{
	test_file file = test_file_text("8,0 0 1 0.000000000 1 D R 2040 + 8 [a]\n"
					"8,0 0 1 0.000000000 1 D R 2041 + 8 [a]\n"
					"8,0 0 1 0.000000000 1 D W 0 + 4096 [a]\n");

	(void)state;
	check_workload(
		file.name, ", policy: fast", NESCSIM_TRACE,
		"T:2: error: the request ends at byte 1049088, the disk has 1048576 "
		"(make the disk larger, or choose address: wrap or address: scale)\n"
		"c.yaml:3:5: error: vms[0].workload.address: VM 1's requests reach up to byte 2097152, its disk has "
		"1048576 (make disk.bytes 2 MiB or more, or choose address: wrap or address: scale)\n");
	check_workload(file.name, ", policy: fast, address: wrap", NESCSIM_TRACE,
		       "T:3: error: the request of 2097152 bytes is larger than the disk of 1048576 "
		       "(make the disk larger)\n");
	test_file_remove(&file);
}

static void test_closed_loop_needs_completions(void **state)
{
	test_file file = test_file_text(GOOD);

	(void)state;
	check_workload(file.name, "", NESCSIM_OK, "");
	check_workload(file.name, ", policy: closed", NESCSIM_CONFIG,
		       "c.yaml:3:5: error: vms[0].workload.policy: a closed loop needs completions and the trace "
		       "records none (policy: recorded or policy: fast)\n");
	test_file_remove(&file);
}

static void test_wrong_format_or_device(void **state)
{
	test_file file = test_file_text(GOOD);

	(void)state;
	check_workload(file.name, ", format: blktrace", NESCSIM_TRACE,
		       "T: error: event 1 at byte 0: the file ends within the event: 36 of 48 bytes "
		       "(copy it again, or stop blktrace before copying)\n");
	check_workload(file.name, ", device: '8,1'", NESCSIM_TRACE,
		       "T: error: the trace holds no request of device '8,1' (it has 8,0)\n");
	test_file_remove(&file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_empty_file),
		cmocka_unit_test(test_unknown_format),
		cmocka_unit_test(test_text_without_requests),
		cmocka_unit_test(test_fields_of_a_line),
		cmocka_unit_test(test_all_mistakes_in_one_pass),
		cmocka_unit_test(test_no_more_than_twenty_mistakes),
		cmocka_unit_test(test_times_must_not_decrease),
		cmocka_unit_test(test_unprintable_bytes_are_not_echoed),
		cmocka_unit_test(test_endless_line),
		cmocka_unit_test(test_second_device),
		cmocka_unit_test(test_truncated_binary),
		cmocka_unit_test(test_binary_garbage),
		cmocka_unit_test(test_binary_values),
		cmocka_unit_test(test_file_that_cannot_be_read),
		cmocka_unit_test(test_address_beyond_the_disk),
		cmocka_unit_test(test_closed_loop_needs_completions),
		cmocka_unit_test(test_wrong_format_or_device),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
