/* Do the shipped traces hold what their README says, and do both forms of a trace give the same requests? */
#include "workload/workload_test.h"

#define BINARY "traces/postmark.blktrace.0.xz"
#define SLICE "traces/postmark_slice.blkparse.txt.gz"
#define SLICE_REQUESTS 69
#define SLICE_BEGIN_NS INT64_C(4942387313) /* of the run */

static void test_postmark_counts(void **state)
{
	nescsim_diag *diag = nescsim_diag_create();
	trace_summary summary;

	(void)state;
	assert_int_equal(trace_summarize(BINARY, BINARY, NULL, NULL, diag, &summary), NESCSIM_OK);
	assert_int_equal(nescsim_diag_count(diag), 0);
	nescsim_diag_destroy(diag);
	assert_string_equal(summary.format, "blktrace");
	assert_int_equal(summary.num_requests, 22257);
	assert_int_equal(summary.num_by_op[IO_READ], 9940);
	assert_int_equal(summary.num_by_op[IO_WRITE], 6733);
	assert_int_equal(summary.num_by_op[IO_FLUSH], 5);
	assert_int_equal(summary.num_by_op[IO_DISCARD], 5579);
	assert_int_equal(summary.bytes_by_op[IO_READ], 71090176);
	assert_int_equal(summary.bytes_by_op[IO_WRITE], 240943104);
	assert_int_equal(summary.num_without_completion, 0);
	assert_int_equal(summary.end_sector * IO_SECTOR_BYTES, 543453184);
	assert_int_equal(summary.num_devices, 1);
	assert_int_equal(summary.span_ps / PS_PER_MS, 9004);
}

static void test_slice_counts(void **state)
{
	trace_summary summary;

	(void)state;
	assert_int_equal(trace_summarize(SLICE, SLICE, NULL, NULL, NULL, &summary), NESCSIM_OK);
	assert_string_equal(summary.format, "blkparse");
	assert_int_equal(summary.num_requests, SLICE_REQUESTS);
	assert_int_equal(summary.num_by_op[IO_READ], 33);
	assert_int_equal(summary.num_by_op[IO_WRITE], 33);
	assert_int_equal(summary.num_by_op[IO_FLUSH], 2);
	assert_int_equal(summary.num_by_op[IO_DISCARD], 1);
	assert_int_equal(summary.num_without_completion, 0);
}

/* The slice is a piece of the run that is kept in binary form: its requests must be found there, in a row. */
static void test_text_and_binary_agree(void **state)
{
	trace_record slice[SLICE_REQUESTS], record;
	ps_t offset_ps = SLICE_BEGIN_NS * PS_PER_NS;
	size_t matched = 0;
	trace *in;

	(void)state;
	assert_int_equal(test_read_records(SLICE, slice, SLICE_REQUESTS), SLICE_REQUESTS);
	assert_int_equal(trace_open(BINARY, BINARY, NULL, NULL, NULL, &in), NESCSIM_OK);
	while (matched < SLICE_REQUESTS && trace_next(in, &record) == TRACE_RECORD) {
		const trace_record *wanted = &slice[matched];

		if (record.queued_ps < offset_ps)
			continue;
		if (matched) {
			assert_int_equal(record.after, wanted->after);
			assert_int_equal(record.ordinal - record.anchor, wanted->ordinal - wanted->anchor);
			assert_int_equal(record.gap_ps, wanted->gap_ps);
		}
		assert_int_equal(record.op, wanted->op);
		assert_int_equal(record.flags, wanted->flags);
		assert_int_equal(test_device(in, &record), wanted->device);
		assert_int_equal(record.first_sector, wanted->first_sector);
		assert_int_equal(record.num_sectors, wanted->num_sectors);
		assert_int_equal(record.queued_ps - offset_ps, wanted->queued_ps);
		assert_int_equal(record.issued_ps - offset_ps, wanted->issued_ps);
		assert_int_equal(record.completed_ps - offset_ps, wanted->completed_ps);
		matched++;
	}
	trace_close(in);
	assert_int_equal(matched, SLICE_REQUESTS);
}

static void test_order_and_anchors_are_sound(void **state)
{
	trace_record record, before = { .queued_ps = 0 };
	uint64_t num = 0;
	trace *in;

	(void)state;
	assert_int_equal(trace_open(BINARY, BINARY, NULL, NULL, NULL, &in), NESCSIM_OK);
	while (trace_next(in, &record) == TRACE_RECORD) {
		assert_int_equal(record.ordinal, num);
		assert_true(record.queued_ps >= before.queued_ps);
		assert_true(record.issued_ps >= record.queued_ps);
		assert_true(record.completed_ps >= record.issued_ps);
		assert_true(record.gap_ps >= 0);
		if (record.after == TRACE_AFTER_SUBMISSION) {
			assert_int_equal(record.anchor, num - 1);
			assert_int_equal(record.gap_ps, record.queued_ps - before.queued_ps);
		} else if (num) {
			assert_int_equal(record.after, TRACE_AFTER_COMPLETION);
			assert_true(record.anchor < num);
			assert_true(record.gap_ps <= record.queued_ps - before.queued_ps);
		}
		before = record;
		num++;
	}
	trace_close(in);
	assert_int_equal(num, 22257);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_postmark_counts),
		cmocka_unit_test(test_slice_counts),
		cmocka_unit_test(test_text_and_binary_agree),
		cmocka_unit_test(test_order_and_anchors_are_sound),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
