/* Does blktrace's binary format become the requests that were issued, in either byte order? */
#include "workload/workload_test.h"

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_little_endian),
		cmocka_unit_test(test_big_endian),
		cmocka_unit_test(test_attributes_come_from_the_category_bits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
