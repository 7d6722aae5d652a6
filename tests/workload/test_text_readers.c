/* Do the text formats with one request per line become the requests that they mean, traps included? */
#include <archive.h>
#include <archive_entry.h>
#include <stdio.h>

#include "workload/workload_test.h"

#define FIO2_HINT " (a line looks like '/dev/sda read 4096 8192')\n"
#define FIO3_HINT " (a line looks like '1500 /dev/sda read 4096 8192', in us)\n"
#define DISKSIM_HINT " (a line looks like '0.551706 0 20941264 16 1', in ms; flags 1 = read)\n"
#define MQSIM_HINT \
	" (a line looks like '551706 0 20941264 16 1', in ns; with times in ms and flags it is format: disksim)\n"
#define CSV_HEADER_HINT                                                                                            \
	" (the first line is 'time_us,op,offset_bytes,size_bytes', and behind it device, latency_us and so on if " \
	"there are such)\n"
#define CSV_EXTRAS "expected the end of the header, or some of ,device,latency_us,issue_us,flags, in this order"
#define CSV_HINT " (a line looks like '551.706,write,4096,8192', with what the header says behind it)\n"
#define CSV_HEADER "time_us,op,offset_bytes,size_bytes"
#define SPC_HINT " (a line looks like '0,20941264,8192,W,0.551706')\n"

/* What an open loop with devices reads. Fails the test on a mistake. */
static size_t read_all(const char *text, const char *format, const char *detected, trace_record *records,
		       size_t max_records)
{
	const trace_options options = { .format = format, .any_device = true };
	test_file file = test_file_text(text);
	nescsim_diag *diag = nescsim_diag_create();
	trace_record record;
	trace_result result;
	size_t num = 0;
	trace *in = NULL;

	trace_open(file.name, file.name, &options, NULL, diag, &in);
	test_assert_diag(diag, file.name, "");
	assert_string_equal(trace_format(in), detected);
	while ((result = trace_next(in, &record)) == TRACE_RECORD) {
		record.device = test_device(in, &record);
		if (num < max_records)
			records[num] = record;
		num++;
	}
	trace_close(in);
	test_assert_diag(diag, file.name, "");
	assert_int_equal(result, TRACE_END);
	nescsim_diag_destroy(diag);
	test_file_remove(&file);
	return num;
}

/* Reading this in the given format must fail with these diagnostics. */
static void check_bad(const char *text, const char *format, const char *expected)
{
	const trace_options options = { .format = format, .any_device = true };
	test_file file = test_file_text(text);
	nescsim_diag *diag = nescsim_diag_create();
	trace_summary summary;

	assert_int_equal(trace_summarize(file.name, file.name, &options, NULL, diag, &summary), NESCSIM_TRACE);
	test_assert_diag(diag, file.name, expected);
	nescsim_diag_destroy(diag);
	test_file_remove(&file);
}

/* A good line (or several), then a bad one each; what is said about it comes with the format's hint. */
static void check_bad_lines(const char *good, const char *const cases[][2], size_t num, const char *hint)
{
	for (size_t i = 0; i < num; i++) {
		char text[512], expected[512];
		unsigned line = 1;

		for (const char *at = good; *at; at++)
			line += *at == '\n';
		snprintf(text, sizeof(text), "%s%s\n", good, cases[i][0]);
		snprintf(expected, sizeof(expected), "T:%u%s%s", line, cases[i][1], hint);
		check_bad(text, NULL, expected);
	}
}

#define CHECK_BAD_LINES(good, cases, hint) check_bad_lines(good, cases, sizeof(cases) / sizeof((cases)[0]), hint)

static void assert_request(const trace_record *record, io_op op, uint32_t device, uint64_t first_sector,
			   uint64_t num_sectors, ps_t queued_ps)
{
	assert_int_equal(record->op, op);
	assert_int_equal(record->flags, 0);
	assert_int_equal(record->device, device);
	assert_int_equal(record->first_sector, first_sector);
	assert_int_equal(record->num_sectors, num_sectors);
	assert_int_equal(record->queued_ps, queued_ps);
	assert_int_equal(record->issued_ps, queued_ps);
}

static void spc_units(void **state)
{
	trace_record r[8];

	(void)state;
	/* The LBA is in blocks, the size in bytes; CRLF, blanks, a blank line and columns of one's own. */
	assert_int_equal(read_all("0,1000,4096,W,10.5\r\n"
				  "\r\n"
				  " 2, 8, 512, r, 10.500001, app, 3\n"
				  "0,1000,1,w,10.500001000001\n"
				  "0,1000,513,R,11\n",
				  NULL, "spc", r, 8),
			 4);
	assert_request(&r[0], IO_WRITE, 0, 1000, 8, 0);
	assert_request(&r[1], IO_READ, 2, 8, 1, PS_PER_US);
	assert_request(&r[2], IO_WRITE, 0, 1000, 1, PS_PER_US + 1);
	assert_request(&r[3], IO_READ, 0, 1000, 2, PS_PER_S / 2);
	for (int i = 0; i < 4; i++)
		assert_int_equal(r[i].completed_ps, TRACE_NO_TIME);
	assert_int_equal(r[1].position.line, 3);
}

static void spc_ends(void **state)
{
	trace_record r[2];

	(void)state;
	assert_int_equal(
		read_all("4294967295,18014398509481983,512,r,0\n0,0,9223372036854775808,w,0", NULL, "spc", r, 2), 2);
	assert_request(&r[0], IO_READ, UINT32_MAX, TRACE_MAX_SECTOR - 1, 1, 0);
	assert_request(&r[1], IO_WRITE, 0, 0, TRACE_MAX_SECTOR, 0);
}

static void spc_mistakes(void **state)
{
	static const char *const cases[][2] = {
		{ "x,0,512,r,1", ":1: error: expected an ASU number below 2^32, found 'x'" },
		{ "0;0;512", ":2: error: expected a comma and the LBA, found ';0;512'" },
		{ "0,-8,512,r,1", ":3: error: expected an LBA below 2^54, found '-8'" },
		{ "0,18014398509481984,512,r,1", ":3: error: expected an LBA below 2^54, found '18014398509481984'" },
		{ "0,18014398509481983,513,r,1",
		  ":21: error: expected a size in bytes that ends below 2^63, found '513'" },
		{ "0,0,0,r,1", ":5: error: expected a size above zero, found '0'" },
		{ "0,0,512,,1", ":9: error: expected an opcode: r or R, w or W, found ','" },
		{ "0,0,512,0,1", ":9: error: expected an opcode: r or R, w or W, found '0'" },
		{ "0,0,512,read,1", ":10: error: expected a comma and the time, found 'ead'" },
		{ "0,0,512,r", ":10: error: expected a comma and the time, found the end of the line" },
		{ "0,0,512,r,1.",
		  ":11: error: expected seconds with at most twelve digits behind the point, found '1.'" },
		{ "0,0,512,r,1.0000000000001",
		  ":11: error: expected seconds with at most twelve digits behind the point, found '1.0000000000001'" },
		{ "0,0,512,r,-1",
		  ":11: error: expected seconds with at most twelve digits behind the point, found '-1'" },
		{ "0,0,512,r,1e3", ":12: error: expected the end of the line, found 'e3'" },
	};

	(void)state;
	CHECK_BAD_LINES("0,0,512,r,1\n", cases, SPC_HINT);
}

static void times_of_lines(void **state)
{
	trace_record r[4];

	(void)state;
	/* Times since 1970 are none of 106 days, but those since the first line are. */
	assert_int_equal(
		read_all("0,0,512,r,1700000000.000001\n0,0,512,r,1709223372.036855775807\n", NULL, "spc", r, 4), 2);
	assert_int_equal(r[1].queued_ps, PS_MAX);
	check_bad("0,0,512,r,0\n0,0,512,r,9223372.036854775808\n", NULL,
		  "T:2: error: the time is more than 106 days after the first (is it in the format's unit?)\n");
	/* One line that is too late is one mistake. */
	check_bad("0,0,512,r,1\n0,0,512,r,9\n0,0,512,r,2.5\n0,0,512,r,3\n0,0,512,r,3\n", NULL,
		  "T:3: error: the time is 6500000.000000 us before that of the line before "
		  "(sort the lines by time)\n");
}

static void zero_byte(void **state)
{
	static const char text[] = "0,0,512,r,0\n0,0,512,r,0\0,0\n";

	(void)state;
	test_bad_bytes(text, sizeof(text) - 1, "T:2: error: the line holds a zero byte (the file is damaged)\n");
}

static void compressed(void **state)
{
	static const char text[] = "0,0,512,r,0\r\n0,8,512,w,0.25\r\n";
	struct archive *out = archive_write_new();
	struct archive_entry *entry = archive_entry_new();
	trace_record r[2];
	char packed[1024];
	size_t num_bytes = 0;
	test_file file;

	(void)state;
	assert_int_equal(archive_write_add_filter_gzip(out), ARCHIVE_OK);
	archive_write_set_format_raw(out);
	archive_write_set_bytes_per_block(out, 0);
	assert_int_equal(archive_write_open_memory(out, packed, sizeof(packed), &num_bytes), ARCHIVE_OK);
	archive_entry_set_filetype(entry, AE_IFREG);
	archive_entry_set_pathname(entry, "trace");
	assert_int_equal(archive_write_header(out, entry), ARCHIVE_OK);
	assert_int_equal(archive_write_data(out, text, sizeof(text) - 1), sizeof(text) - 1);
	assert_int_equal(archive_write_close(out), ARCHIVE_OK);
	archive_write_free(out);
	archive_entry_free(entry);
	assert_memory_equal(packed, "\x1f\x8b", 2);
	file = test_file_make(packed, num_bytes);
	assert_int_equal(test_read_records(file.name, r, 2), 2);
	assert_request(&r[1], IO_WRITE, 0, 8, 1, PS_PER_S / 4);
	test_file_remove(&file);
}

static void fio_version_2(void **state)
{
	trace_record r[8];

	(void)state;
	/* Bytes, not sectors; devices in order of use, not of name or of `add`; fewer than 100 us wait as well. */
	assert_int_equal(read_all("fio version 2 iolog\r\n"
				  "b add\r\n"
				  "a add\n"
				  "b add\n"
				  "a open\n"
				  "b open\n"
				  "a read 4096 8192\n"
				  "a wait 1000 0\n"
				  "b write 511 2\n"
				  "anything wait 50\n"
				  "b trim 1024 512\n"
				  "b sync 4096 4096\n"
				  "a datasync\n"
				  "a close\n",
				  NULL, "fio", r, 8),
			 5);
	assert_request(&r[0], IO_READ, 0, 8, 16, 0);
	assert_request(&r[1], IO_WRITE, 1, 0, 2, 1000 * PS_PER_US);
	assert_request(&r[2], IO_DISCARD, 1, 2, 1, 1050 * PS_PER_US);
	assert_request(&r[3], IO_FLUSH, 1, 0, 0, 1050 * PS_PER_US);
	assert_request(&r[4], IO_FLUSH, 0, 0, 0, 1050 * PS_PER_US);
	for (int i = 0; i < 5; i++)
		assert_int_equal(r[i].completed_ps, TRACE_NO_TIME);
	assert_int_equal(r[0].position.line, 7);
}

static void fio_version_3(void **state)
{
	trace_record r[4];

	(void)state;
	/* The first event is the first line's, whatever it is; a name may be a number. */
	assert_int_equal(read_all("fio version 3 iolog\n"
				  "100 7 add\n"
				  "110 7 open\n"
				  "350 7 write 9223372036854775295 513\n"
				  "350 7 sync 0 0\n"
				  "1000350 7 datasync 0 0\n"
				  "1000351 7 close\n",
				  NULL, "fio", r, 4),
			 3);
	assert_request(&r[0], IO_WRITE, 7, TRACE_MAX_SECTOR - 2, 2, 250 * PS_PER_US);
	assert_request(&r[1], IO_FLUSH, 7, 0, 0, 250 * PS_PER_US);
	assert_request(&r[2], IO_FLUSH, 7, 0, 0, PS_PER_S + 250 * PS_PER_US);
}

static void fio_mistakes(void **state)
{
	static const char *const version_2[][2] = {
		{ "b read 0 512", ":1: error: expected a file that was added before, found 'b'" },
		{ "b open", ":1: error: expected a file that was added before, found 'b'" },
		{ "a", ":2: error: expected add, open, close, read, write, trim, sync, datasync or wait, "
		       "found the end of the line" },
		{ "a READ 0 512", ":3: error: expected add, open, close, read, write, trim, sync, datasync or wait, "
				  "found 'READ'" },
		{ "100 a read 0 512", ":5: error: expected add, open, close, read, write, trim, sync, datasync or "
				      "wait, found 'a'" },
		{ "a read 9223372036854775808 1",
		  ":8: error: expected an offset in bytes below 2^63, found '9223372036854775808'" },
		{ "a read 9223372036854775807 2",
		  ":28: error: expected a size in bytes that ends below 2^63, found '2'" },
		{ "a write 0 0", ":11: error: expected a size above zero, found '0'" },
		{ "a trim 0", ":9: error: expected a size in bytes that ends below 2^63, found the end of the line" },
		{ "a sync x", ":8: error: expected an offset in bytes, found 'x'" },
		{ "a wait", ":7: error: expected microseconds to wait, found the end of the line" },
		{ "a wait 1.5", ":9: error: expected a length in bytes, found '.5'" },
		{ "a read 0 512 7", ":14: error: expected the end of the line, found '7'" },
		{ "a add 3", ":7: error: expected the end of the line, found '3'" },
	};
	static const char *const version_3[][2] = {
		{ "a read 0 512", ":1: error: expected a time in microseconds, found 'a'" },
		{ "2 a wait 1 0",
		  ":5: error: expected add, open, close, read, write, trim, sync or datasync, found 'wait'" },
		{ "1.5 a read 0 512", ":2: error: expected a blank and the file's name, found '.5'" },
	};

	(void)state;
	CHECK_BAD_LINES("fio version 2 iolog\na add\na read 0 512\n", version_2, FIO2_HINT);
	CHECK_BAD_LINES("fio version 3 iolog\n1 a add\n1 a read 0 512\n", version_3, FIO3_HINT);
	check_bad("fio version 3 iolog\n9 a add\n8 a read 0 512\n9 a read 0 512\n", NULL,
		  "T:3: error: the time is 1.000000 us before that of the line before (sort the lines by time)\n");
	check_bad("fio version 2 iolog\na add\na wait 9223372036855\na sync\n", NULL,
		  "T:3: error: the time is more than 106 days after the first (is it in the format's unit?)\n"
		  "T:4: error: the time is more than 106 days after the first (is it in the format's unit?)\n");
}

static void fio_headers(void **state)
{
	(void)state;
	check_bad("fio version 1 iolog\na add\na sync\n", NULL,
		  "T:1:13: error: expected version '2 iolog' or '3 iolog', found '1' "
		  "(the first line of an iolog is 'fio version 2 iolog')\n");
	check_bad("a add\na sync\n", "fio",
		  "T:1:1: error: expected 'fio version 2 iolog' or 'fio version 3 iolog', found 'a' "
		  "(the first line of an iolog is 'fio version 2 iolog')\n");
	check_bad("fio version 2 iolog\na add\na open\n", NULL,
		  "T: error: the trace holds no request "
		  "(a request is a line with read, write, trim, sync or datasync)\n");
}

static void fio_names(void **state)
{
	char text[1024], name[257], expected[256];

	(void)state;
	memset(name, 'n', sizeof(name) - 1);
	name[256] = '\0';
	snprintf(text, sizeof(text), "fio version 2 iolog\n%s add\n%s add\n%s sync\n", name, name + 1, name + 1);
	snprintf(expected, sizeof(expected), "T:2:1: error: expected a file name of at most 255 bytes, found '%.31s'%s",
		 name, FIO2_HINT);
	check_bad(text, NULL, expected);
}

static void disksim_units(void **state)
{
	trace_record r[8];

	(void)state;
	/* Milliseconds, blocks, flags in hexadecimal: 10 is bit 4, a write; b has bit 0, a read. */
	assert_int_equal(read_all("\n"
				  "0.5 0 100 8 1\r\n"
				  " 1.500000001\t3 7 1 0\n"
				  "2 0 100 8 10\n"
				  "2 0 100 8 11\n"
				  "2 0 100 8 0xb\n"
				  "2 0 100 8 2\n",
				  NULL, "disksim", r, 8),
			 6);
	assert_request(&r[0], IO_READ, 0, 100, 8, 0);
	assert_request(&r[1], IO_WRITE, 3, 7, 1, PS_PER_MS + 1);
	assert_request(&r[2], IO_WRITE, 0, 100, 8, 1500 * PS_PER_US);
	assert_int_equal(r[3].op, IO_READ);
	assert_int_equal(r[4].op, IO_READ);
	assert_int_equal(r[5].op, IO_WRITE);
	for (int i = 0; i < 6; i++)
		assert_int_equal(r[i].completed_ps, TRACE_NO_TIME);
}

static void mqsim_units(void **state)
{
	trace_record r[2];

	(void)state;
	assert_int_equal(read_all("128166372003061629 1 100 8 0\r\n128166372003061630 4 18014398509481983 1 1\r\n",
				  NULL, "mqsim", r, 2),
			 2);
	assert_request(&r[0], IO_WRITE, 1, 100, 8, 0);
	assert_request(&r[1], IO_READ, 4, TRACE_MAX_SECTOR - 1, 1, PS_PER_NS);
	assert_int_equal(r[0].completed_ps, TRACE_NO_TIME);
}

/* The same five numbers are ns or ms; the codes of the operation agree. */
static void disksim_or_mqsim(void **state)
{
	static const char text[] = "3 0 0 1 1\n5 0 0 1 0\n";
	trace_record r[2];

	(void)state;
	assert_int_equal(read_all(text, NULL, "mqsim", r, 2), 2);
	assert_request(&r[0], IO_READ, 0, 0, 1, 0);
	assert_request(&r[1], IO_WRITE, 0, 0, 1, 2 * PS_PER_NS);
	assert_int_equal(read_all(text, "disksim", "disksim", r, 2), 2);
	assert_request(&r[0], IO_READ, 0, 0, 1, 0);
	assert_request(&r[1], IO_WRITE, 0, 0, 1, 2 * PS_PER_MS);
	check_bad("3 0 0 1 1\n5.25 0 0 1 0\n5 0 0 1 11\n", NULL,
		  "T:2:1: error: expected whole nanoseconds, found '5.25'" MQSIM_HINT
		  "T:3:9: error: expected a type: 0 = write, 1 = read, found '11'" MQSIM_HINT);
}

static void disksim_and_mqsim_mistakes(void **state)
{
	static const char *const disksim[][2] = {
		{ "1.0000000001 0 0 1 1", ":1: error: expected milliseconds with at most nine digits behind the point, "
					  "found '1.0000000001'" },
		{ "1.5 -1 0 1 1", ":5: error: expected a device number below 2^32, found '-1'" },
		{ "1.5 0 18014398509481984 1 1", ":7: error: expected a block below 2^54, found '18014398509481984'" },
		{ "1.5 0 18014398509481983 2 1",
		  ":25: error: expected a number of sectors that ends below 2^54, found '2'" },
		{ "1.5 0 0 0 1", ":9: error: expected a size above zero, found '0'" },
		{ "1.5 0 0 1", ":10: error: expected hexadecimal flags with bit 0 = 1 for a read, "
			       "found the end of the line" },
		{ "1.5 0 0 1 R", ":11: error: expected hexadecimal flags with bit 0 = 1 for a read, found 'R'" },
		{ "1.5 0 0 1 1g", ":11: error: expected hexadecimal flags with bit 0 = 1 for a read, found '1g'" },
		{ "1.5 0 0 1 0x", ":11: error: expected hexadecimal flags with bit 0 = 1 for a read, found '0x'" },
		{ "1.5 0 0 1 1 0", ":13: error: expected the end of the line, found '0'" },
	};
	static const char *const mqsim[][2] = {
		{ "99999999999999999999 0 0 1 1",
		  ":1: error: expected whole nanoseconds, found '99999999999999999999'" },
		{ "5 4294967296 0 1 1", ":3: error: expected a device number below 2^32, found '4294967296'" },
		{ "5 0 18014398509481984 1 1", ":5: error: expected an LBA below 2^54, found '18014398509481984'" },
		{ "5 0 18014398509481983 2 1",
		  ":23: error: expected a number of sectors that ends below 2^54, found '2'" },
		{ "5 0 0 0 1", ":7: error: expected a size above zero, found '0'" },
		{ "5 0 0 1 2", ":9: error: expected a type: 0 = write, 1 = read, found '2'" },
		{ "5 0 0 1", ":8: error: expected a type: 0 = write, 1 = read, found the end of the line" },
		{ "5 0 0 1 1 1", ":11: error: expected the end of the line, found '1'" },
	};

	(void)state;
	CHECK_BAD_LINES("1.5 0 0 1 1\n", disksim, DISKSIM_HINT);
	CHECK_BAD_LINES("5 0 0 1 1\n", mqsim, MQSIM_HINT);
	check_bad("5 0 0 1 1\n4 0 0 1 1\n", NULL,
		  "T:2: error: the time is 0.001000 us before that of the line before (sort the lines by time)\n");
	check_bad("5 0 0 1 1\n4 0 0 1 1\n", "disksim",
		  "T:2: error: the time is 1000.000000 us before that of the line before (sort the lines by time)\n");
}

static void csv_columns(void **state)
{
	trace_record r[8];

	(void)state;
	assert_int_equal(read_all("# made up\r\n"
				  "\r\n" CSV_HEADER "\r\n"
				  "1000.5,read,4096,8192\r\n"
				  "# a remark\n"
				  " 1000.500001 , write , 511 , 2 \n"
				  "1001,flush,0,0\n"
				  "1001,discard,9223372036854775296,512",
				  NULL, "csv", r, 8),
			 4);
	assert_request(&r[0], IO_READ, 0, 8, 16, 0);
	assert_request(&r[1], IO_WRITE, 0, 0, 2, 1);
	assert_request(&r[2], IO_FLUSH, 0, 0, 0, PS_PER_US / 2);
	assert_request(&r[3], IO_DISCARD, 0, TRACE_MAX_SECTOR - 1, 1, PS_PER_US / 2);
	for (int i = 0; i < 4; i++)
		assert_int_equal(r[i].completed_ps, TRACE_NO_TIME);
	assert_int_equal(r[1].position.line, 6);

	assert_int_equal(read_all(CSV_HEADER ",device\n0,read,0,512,4294967295\n", NULL, "csv", r, 8), 1);
	assert_request(&r[0], IO_READ, UINT32_MAX, 0, 1, 0);
	assert_int_equal(r[0].completed_ps, TRACE_NO_TIME);

	assert_int_equal(read_all(CSV_HEADER ",latency_us\n7,read,0,512,12.5\n8,read,0,512,0\n9,read,0,512,\n", NULL,
				  "csv", r, 8),
			 3);
	assert_request(&r[0], IO_READ, 0, 0, 1, 0);
	assert_int_equal(r[0].completed_ps, 12500000);
	assert_int_equal(r[1].completed_ps, PS_PER_US);
	assert_int_equal(r[2].completed_ps, TRACE_NO_TIME);

	/* Names may be quoted; what is empty is nothing. */
	assert_int_equal(
		read_all(CSV_HEADER
			 ",device,latency_us,issue_us,flags\n"
			 "1,write,0,512,\"254,16\",3,2,pf\n2,read,0,512,sda1,,,e\n3,read,0,512,\"254,16\",,,\n",
			 NULL, "csv", r, 8),
		3);
	assert_int_equal(r[0].completed_ps, 3 * PS_PER_US);
	assert_int_equal(r[0].issued_ps, 2 * PS_PER_US);
	assert_int_equal(r[0].flags, TRACE_PREFLUSH | TRACE_FUA);
	assert_int_equal(r[1].issued_ps, r[1].queued_ps);
	assert_int_equal(r[1].completed_ps, TRACE_NO_TIME);
	assert_int_equal(r[1].flags, TRACE_DEVICE_ERROR);
	assert_int_equal(r[2].device, r[0].device);
	assert_int_not_equal(r[1].device, r[0].device);

	/* The time before the first request counts where it says so. */
	assert_int_equal(
		read_all("since_start_us,op,offset_bytes,size_bytes,issue_us\n7,read,0,512,1\n", NULL, "csv", r, 8), 1);
	assert_int_equal(r[0].queued_ps, 7 * PS_PER_US);
	assert_int_equal(r[0].issued_ps, 8 * PS_PER_US);

	assert_int_equal(
		read_all(CSV_HEADER ",device,latency_us\n7,read,0,512,3,9223372036854.775807\n", NULL, "csv", r, 8), 1);
	assert_request(&r[0], IO_READ, 3, 0, 1, 0);
	assert_int_equal(r[0].completed_ps, PS_MAX);
}

/* Latencies make a closed loop possible, and only they do. */
static void csv_closed_loop(void **state)
{
	static const char *const texts[] = {
		CSV_HEADER ",latency_us\n0,read,0,512,5\n7,read,512,512,1\n",
		CSV_HEADER ",latency_us\n0,read,0,512,\n7,read,512,512,\n",
		CSV_HEADER "\n0,read,0,512\n7,read,512,512\n",
	};
	trace_record r[2];

	(void)state;
	assert_int_equal(read_all(texts[0], NULL, "csv", r, 2), 2);
	assert_int_equal(r[1].after, TRACE_AFTER_COMPLETION);
	assert_int_equal(r[1].gap_ps, 2 * PS_PER_US);
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		const diag_place place = { .file = "c.yaml", .line = 1, .path = "workload" };
		const source_context context = test_context();
		test_file file = test_file_text(texts[i]);
		test_workload workload;
		char yaml[128];

		snprintf(yaml, sizeof(yaml), "{kind: trace, file: %s, policy: closed}", file.name);
		test_workload_load(&workload, yaml);
		assert_int_equal(source_validate(&workload.variant, &context, &place, workload.diag),
				 i == 0 ? NESCSIM_OK : NESCSIM_CONFIG);
		test_workload_free(&workload);
		test_file_remove(&file);
	}
}

static void csv_mistakes(void **state)
{
	static const char *const cases[][2] = {
		{ "-1,read,0,512,0,0",
		  ":1: error: expected a time_us with at most six digits behind the point, found '-1'" },
		{ "1.0000001,read,0,512,0,0",
		  ":1: error: expected a time_us with at most six digits behind the point, found '1.0000001'" },
		{ "1", ":2: error: expected a comma and op, found the end of the line" },
		{ "1,,0,512,0,0", ":3: error: expected an operation: read, write, flush or discard, found ','" },
		{ "1,R,0,512,0,0", ":3: error: expected an operation: read, write, flush or discard, found 'R'" },
		{ "1,reads,0,512,0,0",
		  ":3: error: expected an operation: read, write, flush or discard, found 'reads'" },
		{ "1,read,9223372036854775808,1,0,0",
		  ":8: error: expected an offset_bytes below 2^63, found '9223372036854775808'" },
		{ "1,read,9223372036854775807,2,0,0",
		  ":28: error: expected a size in bytes that ends below 2^63, found '2'" },
		{ "1,write,0,0,0,0", ":11: error: expected a size above zero, found '0'" },
		{ "1,flush,4096,0,0,0", ":9: error: expected 0 as a flush's offset_bytes, found '4096'" },
		{ "1,flush,0,512,0,0", ":11: error: expected 0 as a flush's size_bytes, found '512'" },
		{ "1,read,0,512", ":13: error: expected a comma and the device, found the end of the line" },
		{ "1,read,0,512,,0", ":14: error: expected a device's name of 1 to 255 bytes, found ','" },
		{ "1,read,0,512,sda 1,0", ":18: error: expected a comma and latency_us, found '1'" },
		{ "1,read,0,512,\"sda,0",
		  ":14: error: expected a device's name with quotation marks on both sides, found '\"sda'" },
		{ "1,read,0,512,0", ":15: error: expected a comma and latency_us, found the end of the line" },
		{ "1,read,0,512,0,9223372036854.775808",
		  ":16: error: expected a latency_us below 106 days with at most six digits behind the point, "
		  "found '9223372036854.775808'" },
		{ "1,read,0,512,0,0,0", ":17: error: expected the end of the line, found ','" },
	};

	(void)state;
	CHECK_BAD_LINES(CSV_HEADER ",device,latency_us\n1,read,0,512,0,0\n", cases, CSV_HINT);
	check_bad(CSV_HEADER "\n1,read,0,512,0\n", NULL,
		  "T:2:13: error: expected the end of the line, found ','" CSV_HINT);
	check_bad(CSV_HEADER "\n2,read,0,512\n1.5,read,0,512\n", NULL,
		  "T:3: error: the time is 0.500000 us before that of the line before (sort the lines by time)\n");
	check_bad(CSV_HEADER ",latency_us\n2,read,0,512,0\n3,read,0,512,9223372036854\n", NULL,
		  "T:3: error: the request completes more than 106 days after the first "
		  "(is it in the format's unit?)\n");
}

static void csv_headers(void **state)
{
	(void)state;
	check_bad("time_us,offset_bytes,op\n", NULL,
		  "T:1:9: error: expected the column op, found 'offset_bytes'" CSV_HEADER_HINT);
	check_bad("time_us,op,offset,size\n", NULL,
		  "T:1:12: error: expected the column offset_bytes, found 'offset'" CSV_HEADER_HINT);
	check_bad(
		"time_us,op,offset_bytes\n", NULL,
		"T:1:24: error: expected a comma and the column size_bytes, found the end of the line" CSV_HEADER_HINT);
	check_bad(CSV_HEADER ",latency_us,device\n", NULL, "T:1:46: error: " CSV_EXTRAS ", found ','" CSV_HEADER_HINT);
	check_bad(CSV_HEADER ",devices\n", NULL, "T:1:35: error: " CSV_EXTRAS ", found ','" CSV_HEADER_HINT);
	check_bad(CSV_HEADER ",host\n", NULL, "T:1:35: error: " CSV_EXTRAS ", found ','" CSV_HEADER_HINT);
	/* Without one there is nothing to tell the format by, nor the columns. */
	check_bad("1,read,0,512\n", "csv",
		  "T:1:1: error: expected the header " CSV_HEADER
		  ", or since_start_us in the place of time_us, found '1'" CSV_HEADER_HINT);
	check_bad(CSV_HEADER "\n# nothing\n", NULL,
		  "T: error: the trace holds no request (a request is a line such as '551.706,write,4096,8192')\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(csv_columns),      cmocka_unit_test(csv_closed_loop),
		cmocka_unit_test(csv_mistakes),     cmocka_unit_test(csv_headers),
		cmocka_unit_test(disksim_units),    cmocka_unit_test(mqsim_units),
		cmocka_unit_test(disksim_or_mqsim), cmocka_unit_test(disksim_and_mqsim_mistakes),
		cmocka_unit_test(fio_version_2),    cmocka_unit_test(fio_version_3),
		cmocka_unit_test(fio_mistakes),     cmocka_unit_test(fio_headers),
		cmocka_unit_test(fio_names),        cmocka_unit_test(spc_units),
		cmocka_unit_test(spc_ends),         cmocka_unit_test(spc_mistakes),
		cmocka_unit_test(times_of_lines),   cmocka_unit_test(zero_byte),
		cmocka_unit_test(compressed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
