/* Does blkparse's text become the requests that were issued? */
#include "workload/workload_test.h"

static void test_merged_bios_become_one_request(void **state)
{
	trace_record r[4];

	(void)state;
	assert_int_equal(test_read_text("  8,16   0        1     1.000000000   123  Q  WS 2048 + 8 [dd]\n"
					"  8,16   0        2     1.000000100   123  G  WS 2048 + 8 [dd]\n"
					"  8,16   0        3     1.000000200   123  P   N [dd]\n"
					"  8,16   0        4     1.000000300   123  Q  WS 2056 + 8 [dd]\n"
					"  8,16   0        5     1.000000400   123  M  WS 2056 + 8 [dd]\n"
					"  8,16   0        6     1.000000500   123  Q  WS 2040 + 8 [dd]\n"
					"  8,16   0        7     1.000000600   123  F  WS 2040 + 8 [dd]\n"
					"  8,16   0        8     1.000000700   123  U   N [dd] 1\n"
					"  8,16   0        9     1.000000800   123  I  WS 2040 + 24 [dd]\n"
					"  8,16   0       10     1.000000900   123  D  WS 2040 + 24 [dd]\n"
					"  8,16   1        1     1.000005000     0  C  WS 2040 + 24 [0]\n",
					r, 4),
			 1);
	assert_int_equal(r[0].op, IO_WRITE);
	assert_int_equal(r[0].device, 8 << 20 | 16);
	assert_int_equal(r[0].first_sector, 2040);
	assert_int_equal(r[0].num_sectors, 24);
	assert_int_equal(r[0].queued_ps, 0);
	assert_int_equal(r[0].issued_ps, 900000);
	assert_int_equal(r[0].completed_ps, 5000000);
	assert_int_equal(r[0].flags, 0);
	assert_int_equal(r[0].position.line, 10);
}

static void test_split_bio_becomes_several_requests(void **state)
{
	trace_record r[4];

	(void)state;
	assert_int_equal(test_read_text("8,0 0 1 0.000000000 1 Q W 100 + 30 [a]\n"
					"8,0 0 2 0.000000001 1 X W 100 / 110 [a]\n"
					"8,0 0 3 0.000000002 1 D W 110 + 20 [a]\n"
					"8,0 0 4 0.000000003 1 D W 100 + 10 [a]\n"
					"8,0 0 5 0.000000004 1 C W 110 + 20 [0]\n"
					"8,0 0 6 0.000000005 1 C W 100 + 10 [0]\n",
					r, 4),
			 2);
	assert_int_equal(r[0].queued_ps, 0);
	assert_int_equal(r[1].queued_ps, 0);
	assert_int_equal(r[0].num_sectors + r[1].num_sectors, 30);
}

static void test_split_is_seen_without_its_event(void **state)
{
	trace_record r[4];

	(void)state;
	assert_int_equal(test_read_text("8,0 0 1 0.000000000 1 Q R 100 + 30 [a]\n"
					"8,0 0 2 0.000000009 1 D R 120 + 10 [a]\n"
					"8,0 0 3 0.000000010 1 D R 100 + 20 [a]\n"
					"8,0 0 4 0.000000011 1 C R 120 + 10 [0]\n"
					"8,0 0 5 0.000000012 1 C R 100 + 20 [0]\n",
					r, 4),
			 2);
	assert_int_equal(r[0].queued_ps, 0);
	assert_int_equal(r[1].queued_ps, 0);
}

static void test_preflush_and_fua_become_three_requests(void **state)
{
	trace_record r[4];

	(void)state;
	assert_int_equal(test_read_text("8,0 0 1 0.000000000 1 Q FWFSM 500 + 8 [jbd2]\n"
					"8,0 0 2 0.000000010 1 G FWFSM 500 + 8 [jbd2]\n"
					"8,0 0 3 0.000000020 1 D FN [kworker]\n"
					"8,0 0 4 0.000001000 1 C FN 0 [0]\n"
					"8,0 0 5 0.000001010 1 D WSM 500 + 8 [kworker]\n"
					"8,0 0 6 0.000002000 1 C WSM 500 + 8 [0]\n"
					"8,0 0 7 0.000002010 1 D FN [kworker]\n"
					"8,0 0 8 0.000003000 1 C FN 0 [0]\n"
					"8,0 0 9 0.000003001 1 C WSM 500 [0]\n",
					r, 4),
			 3);
	assert_int_equal(r[0].op, IO_FLUSH);
	assert_int_equal(r[0].queued_ps, 0);
	assert_int_equal(r[0].issued_ps, 20000);
	assert_int_equal(r[1].op, IO_WRITE);
	assert_int_equal(r[1].flags, 0);
	assert_int_equal(r[1].queued_ps, 1000000);
	assert_int_equal(r[1].after, TRACE_AFTER_COMPLETION);
	assert_int_equal(r[1].anchor, 0);
	assert_int_equal(r[1].gap_ps, 0);
	assert_int_equal(r[2].op, IO_FLUSH);
	assert_int_equal(r[2].queued_ps, 2000000);
	assert_int_equal(r[2].anchor, 1);
	assert_int_equal(r[2].gap_ps, 0);
}

static void test_native_preflush_and_fua_are_attributes(void **state)
{
	trace_record r[4];

	(void)state;
	assert_int_equal(test_read_text("8,0 0 1 0.000000000 1 Q FWFS 500 + 8 [a]\n"
					"8,0 0 2 0.000000010 1 D FWFS 500 + 8 [a]\n"
					"8,0 0 3 0.000000020 1 C FWFS 500 + 8 [0]\n"
					"8,0 0 4 0.000000030 1 Q WFS 600 + 8 [a]\n"
					"8,0 0 5 0.000000040 1 D WFS 600 + 8 [a]\n"
					"8,0 0 6 0.000000050 1 C WFS 600 + 8 [0]\n",
					r, 4),
			 2);
	assert_int_equal(r[0].flags, TRACE_PREFLUSH | TRACE_FUA);
	assert_int_equal(r[0].queued_ps, 0);
	assert_int_equal(r[1].flags, TRACE_FUA);
	assert_int_equal(r[1].queued_ps, 30000);
}

static void test_one_flush_serves_several_bios(void **state)
{
	trace_record r[4];

	(void)state;
	assert_int_equal(test_read_text("8,0 0 1 0.000000000 1 Q FWS [a]\n"
					"8,0 0 2 0.000000005 2 Q FWS [b]\n"
					"8,0 0 3 0.000000010 3 D FF [kworker]\n"
					"8,0 0 4 0.000000020 3 Q FWS [a]\n"
					"8,0 0 5 0.000000030 3 C FF 0 [0]\n"
					"8,0 0 6 0.000000031 3 C WS 0 [0]\n"
					"8,0 0 7 0.000000032 3 C WS 0 [0]\n"
					"8,0 0 8 0.000000040 3 D FN [kworker]\n"
					"8,0 0 9 0.000000050 3 C FN 0 [0]\n",
					r, 4),
			 2);
	assert_int_equal(r[0].queued_ps, 0);
	assert_int_equal(r[0].completed_ps, 30000);
	/* The block layer runs one flush at a time: the second is queued when the first ends. */
	assert_int_equal(r[1].queued_ps, 30000);
	assert_int_equal(r[1].issued_ps, 40000);
}

static void test_requeued_request_counts_once(void **state)
{
	trace_record r[4];

	(void)state;
	assert_int_equal(test_read_text("8,0 0 1 0.000000000 1 Q R 0 + 8 [a]\n"
					"8,0 0 2 0.000000010 1 D R 0 + 8 [a]\n"
					"8,0 0 3 0.000000020 1 R R 0 + 8 [a]\n"
					"8,0 0 4 0.000000030 1 D R 0 + 8 [a]\n"
					"8,0 0 5 0.000000040 1 C R 0 + 8 [0]\n",
					r, 4),
			 1);
	assert_int_equal(r[0].issued_ps, 10000);
	assert_int_equal(r[0].completed_ps, 40000);
}

static void test_requeued_request_may_grow(void **state)
{
	trace_record r[4];

	(void)state;
	assert_int_equal(test_read_text("8,0 0 1 0.000000000 1 Q R 0 + 8 [a]\n"
					"8,0 0 2 0.000000010 1 D R 0 + 8 [a]\n"
					"8,0 0 3 0.000000020 1 R R 0 + 8 [a]\n"
					"8,0 0 4 0.000000025 1 Q R 8 + 8 [a]\n"
					"8,0 0 5 0.000000030 1 D R 0 + 16 [a]\n"
					"8,0 0 6 0.000000040 1 C R 0 + 16 [0]\n",
					r, 4),
			 1);
	assert_int_equal(r[0].num_sectors, 16);
	assert_int_equal(r[0].completed_ps, 40000);
}

static void test_completion_in_parts_ends_with_the_last(void **state)
{
	trace_record r[4];

	(void)state;
	assert_int_equal(test_read_text("8,0 0 1 0.000000000 1 Q R 0 + 16 [a]\n"
					"8,0 0 2 0.000000010 1 D R 0 + 16 [a]\n"
					"8,0 0 3 0.000000020 1 C R 0 + 8 [0]\n"
					"8,0 0 4 0.000000030 1 C R 8 + 8 [0]\n",
					r, 4),
			 1);
	assert_int_equal(r[0].first_sector, 0);
	assert_int_equal(r[0].num_sectors, 16);
	assert_int_equal(r[0].completed_ps, 30000);
}

static void test_device_error_is_a_flag(void **state)
{
	trace_record r[4];

	(void)state;
	assert_int_equal(test_read_text("8,0 0 1 0.000000000 1 Q R 0 + 16 [a]\n"
					"8,0 0 2 0.000000010 1 D R 0 + 16 [a]\n"
					"8,0 0 3 0.000000020 1 C R 0 + 16 ( 10000) [-5]\n",
					r, 4),
			 1);
	assert_int_equal(r[0].flags, TRACE_DEVICE_ERROR);
	assert_int_equal(r[0].completed_ps, 20000);
}

static void test_other_lines_are_skipped(void **state)
{
	trace_record r[4];

	(void)state;
	assert_int_equal(
		test_read_text("Input file disk.blktrace.0 added\n"
			       "\n"
			       "8,0 0 0 0.000000000 1 m N cfq1 schedule\n"
			       "8,0 0 1 0.000000000 1 A R 100 + 8 <- (8,1) 36\r\n"
			       "8,0 0 2 0.000000010 1 Q R 100 + 8 [a b] c]\r\n"
			       "8,0 0 3 0.000000011 1 S R 100 + 8 [a]\n"
			       "8,0 0 4 0.000000012 1 UT N [a] 1\n"
			       "8,0 0 5 0.000000013 1 D R 0 (12 00 00 00 24 00 ..) [a]\n"
			       "8,0 0 6 0.000000014 1 D R 36 (12 00 00 00 24 00 ..) [a]\n"
			       "8,0 0 7 0.000000015 1 D R 100 + 8 [a]\n"
			       "8,0 0 8 0.000000016 1 C R (12 00 ..) [0]\n"
			       "8,0 0 9 0.000000020 1 C R 100 + 8 [0]\n"
			       "CPU0 (sda):\n"
			       " Reads Queued:           1,        4KiB\t Writes Queued:           0,        0KiB\n"
			       "8,0 0 9 9.000000000 1 D R 100 + 8 [after the end]\n",
			       r, 4),
		1);
	assert_int_equal(r[0].first_sector, 100);
	assert_int_equal(r[0].queued_ps, 10000);
}

static void test_requests_come_in_order_of_queueing(void **state)
{
	trace_record r[4];

	(void)state;
	assert_int_equal(test_read_text("8,0 0 1 0.000000000 1 Q W 0 + 8 [a]\n"
					"8,0 0 2 0.000000010 1 Q R 800 + 8 [a]\n"
					"8,0 0 3 0.000000020 1 D R 800 + 8 [a]\n"
					"8,0 0 4 0.000000030 1 C R 800 + 8 [0]\n"
					"8,0 0 5 0.000000040 1 D W 0 + 8 [a]\n"
					"8,0 0 6 0.000000050 1 C W 0 + 8 [0]\n",
					r, 4),
			 2);
	assert_int_equal(r[0].op, IO_WRITE);
	assert_int_equal(r[1].op, IO_READ);
}

static void test_missing_queue_or_completion_is_allowed(void **state)
{
	trace_record r[4];

	(void)state;
	assert_int_equal(test_read_text("8,0 0 1 0.000000000 1 C R 16 + 8 [0]\n"
					"8,0 0 2 0.000000010 1 D R 800 + 8 [a]\n"
					"8,0 0 3 0.000000030 1 C R 800 + 8 [0]\n"
					"8,0 0 4 0.000000040 1 D W 0 + 8 [a]\n",
					r, 4),
			 2);
	assert_int_equal(r[0].queued_ps, 10000);
	assert_int_equal(r[1].queued_ps, 40000);
	assert_int_equal(r[1].completed_ps, TRACE_NO_TIME);
}

static void test_equal_requests_in_flight_complete_in_order(void **state)
{
	trace_record r[4];

	(void)state;
	assert_int_equal(test_read_text("8,0 0 1 0.000000000 1 Q R 0 + 8 [a]\n"
					"8,0 0 2 0.000000001 1 Q R 0 + 8 [a]\n"
					"8,0 0 3 0.000000010 1 D R 0 + 8 [a]\n"
					"8,0 0 4 0.000000020 1 D R 0 + 8 [a]\n"
					"8,0 0 5 0.000000030 1 C R 0 + 8 [0]\n"
					"8,0 0 6 0.000000040 1 C R 0 + 8 [0]\n",
					r, 4),
			 2);
	assert_int_equal(r[0].queued_ps, 0);
	assert_int_equal(r[0].completed_ps, 30000);
	assert_int_equal(r[1].queued_ps, 1000);
	assert_int_equal(r[1].completed_ps, 40000);
}

static void test_device_can_be_chosen(void **state)
{
	static const char text[] = "8,0 0 1 0.000000000 1 D R 0 + 8 [a]\n"
				   "8,16 0 2 0.000000010 1 D R 8 + 8 [a]\n"
				   "8,16 0 3 0.000000020 1 C R 8 + 8 [0]\n"
				   "8,0 0 4 0.000000030 1 C R 0 + 8 [0]\n";
	test_file file = test_file_text(text);
	trace_options options = { .device = "8,16" };
	trace_summary summary;

	(void)state;
	assert_int_equal(trace_summarize(file.name, "x", &options, NULL, NULL, &summary), NESCSIM_OK);
	assert_int_equal(summary.num_requests, 1);
	assert_int_equal(summary.end_sector, 16);
	options = (trace_options){ .any_device = true };
	assert_int_equal(trace_summarize(file.name, "x", &options, NULL, NULL, &summary), NESCSIM_OK);
	assert_int_equal(summary.num_requests, 2);
	assert_int_equal(summary.num_devices, 2);
	test_file_remove(&file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_merged_bios_become_one_request),
		cmocka_unit_test(test_split_bio_becomes_several_requests),
		cmocka_unit_test(test_split_is_seen_without_its_event),
		cmocka_unit_test(test_preflush_and_fua_become_three_requests),
		cmocka_unit_test(test_native_preflush_and_fua_are_attributes),
		cmocka_unit_test(test_one_flush_serves_several_bios),
		cmocka_unit_test(test_requeued_request_counts_once),
		cmocka_unit_test(test_requeued_request_may_grow),
		cmocka_unit_test(test_completion_in_parts_ends_with_the_last),
		cmocka_unit_test(test_device_error_is_a_flag),
		cmocka_unit_test(test_other_lines_are_skipped),
		cmocka_unit_test(test_requests_come_in_order_of_queueing),
		cmocka_unit_test(test_missing_queue_or_completion_is_allowed),
		cmocka_unit_test(test_equal_requests_in_flight_complete_in_order),
		cmocka_unit_test(test_device_can_be_chosen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
