/* What does each request of a trace follow? */
#include <stdio.h>

#include "workload/workload_test.h"

/* One read, issued as soon as it is queued. */
typedef struct span {
	int queued_ns, completed_ns;
} span;

static size_t read_spans(const span *spans, size_t num, trace_record *records)
{
	char text[4096];
	size_t used = 0;

	/* At one time completions come first, as the program saw them. */
	for (int t = 0; t < 1000; t++) {
		for (size_t i = 0; i < num; i++)
			if (spans[i].completed_ns == t)
				used += (size_t)snprintf(text + used, sizeof(text) - used,
							 "8,0 0 1 0.%09d 1 C R %zu + 8 [0]\n", t, 8 * i);
		for (size_t i = 0; i < num; i++)
			if (spans[i].queued_ns == t)
				used += (size_t)snprintf(text + used, sizeof(text) - used,
							 "8,0 0 1 0.%09d 1 Q R %zu + 8 [a]\n"
							 "8,0 0 1 0.%09d 1 D R %zu + 8 [a]\n",
							 t, 8 * i, t, 8 * i);
	}
	return test_read_text(text, records, num);
}

static void check(const trace_record *record, trace_after after, uint64_t anchor, ps_t gap_ns)
{
	assert_int_equal(record->after, after);
	assert_int_equal(record->anchor, anchor);
	assert_int_equal(record->gap_ps, gap_ns * PS_PER_NS);
}

static void test_one_at_a_time_follows_completions(void **state)
{
	static const span spans[] = { { 0, 10 }, { 15, 30 }, { 32, 40 } };
	trace_record r[3];

	(void)state;
	assert_int_equal(read_spans(spans, 3, r), 3);
	check(&r[0], TRACE_AFTER_START, 0, 0);
	check(&r[1], TRACE_AFTER_COMPLETION, 0, 5);
	check(&r[2], TRACE_AFTER_COMPLETION, 1, 2);
}

static void test_a_burst_follows_its_predecessors(void **state)
{
	static const span spans[] = { { 0, 100 }, { 3, 101 }, { 7, 102 } };
	trace_record r[3];

	(void)state;
	assert_int_equal(read_spans(spans, 3, r), 3);
	check(&r[1], TRACE_AFTER_SUBMISSION, 0, 3);
	check(&r[2], TRACE_AFTER_SUBMISSION, 1, 4);
}

static void test_a_burst_after_one_completion_shares_it_once(void **state)
{
	static const span spans[] = { { 0, 10 }, { 12, 50 }, { 13, 51 }, { 17, 52 } };
	trace_record r[4];

	(void)state;
	assert_int_equal(read_spans(spans, 4, r), 4);
	check(&r[1], TRACE_AFTER_COMPLETION, 0, 2);
	check(&r[2], TRACE_AFTER_SUBMISSION, 1, 1);
	check(&r[3], TRACE_AFTER_SUBMISSION, 2, 4);
}

static void test_the_latest_completion_counts_not_the_latest_request(void **state)
{
	static const span spans[] = { { 0, 20 }, { 1, 10 }, { 30, 40 } };
	trace_record r[3];

	(void)state;
	assert_int_equal(read_spans(spans, 3, r), 3);
	check(&r[2], TRACE_AFTER_COMPLETION, 0, 10);
}

static void test_a_completion_before_the_predecessor_does_not_count(void **state)
{
	static const span spans[] = { { 0, 5 }, { 10, 90 }, { 20, 91 } };
	trace_record r[3];

	(void)state;
	assert_int_equal(read_spans(spans, 3, r), 3);
	check(&r[1], TRACE_AFTER_COMPLETION, 0, 5);
	check(&r[2], TRACE_AFTER_SUBMISSION, 1, 10);
}

static void test_a_completion_at_the_very_time_counts(void **state)
{
	static const span spans[] = { { 0, 5 }, { 5, 9 }, { 8, 10 } };
	trace_record r[3];

	(void)state;
	assert_int_equal(read_spans(spans, 3, r), 3);
	check(&r[1], TRACE_AFTER_COMPLETION, 0, 0);
	check(&r[2], TRACE_AFTER_SUBMISSION, 1, 3);
}

static void test_a_long_one_is_an_anchor_when_it_completes(void **state)
{
	static const span spans[] = { { 0, 100 }, { 1, 10 }, { 12, 20 }, { 25, 30 }, { 104, 120 } };
	trace_record r[5];

	(void)state;
	assert_int_equal(read_spans(spans, 5, r), 5);
	check(&r[2], TRACE_AFTER_COMPLETION, 1, 2);
	check(&r[3], TRACE_AFTER_COMPLETION, 2, 5);
	check(&r[4], TRACE_AFTER_COMPLETION, 0, 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_at_a_time_follows_completions),
		cmocka_unit_test(test_a_burst_follows_its_predecessors),
		cmocka_unit_test(test_a_burst_after_one_completion_shares_it_once),
		cmocka_unit_test(test_the_latest_completion_counts_not_the_latest_request),
		cmocka_unit_test(test_a_completion_before_the_predecessor_does_not_count),
		cmocka_unit_test(test_a_completion_at_the_very_time_counts),
		cmocka_unit_test(test_a_long_one_is_an_anchor_when_it_completes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
