/* Does each replay policy submit what the trace says, when it should? */
#include <stdio.h>

#include "workload/replay_harness.h"

/* Queued at 0, 1, 2, 30, 34 us and 200 ms, completed at 10, 20, 15, 33, 40 us and 201 ms: a burst, then a timer. */
static const char bursts[] = "8,0 0 1 0.000000000 1 Q R 0 + 8 [a]\n"
			     "8,0 0 1 0.000000000 1 D R 0 + 8 [a]\n"
			     "8,0 0 1 0.000001000 1 Q W 8 + 8 [a]\n"
			     "8,0 0 1 0.000001000 1 D W 8 + 8 [a]\n"
			     "8,0 0 1 0.000002000 1 Q R 16 + 8 [a]\n"
			     "8,0 0 1 0.000002000 1 D R 16 + 8 [a]\n"
			     "8,0 0 1 0.000010000 1 C R 0 + 8 [0]\n"
			     "8,0 0 1 0.000015000 1 C R 16 + 8 [0]\n"
			     "8,0 0 1 0.000020000 1 C W 8 + 8 [0]\n"
			     "8,0 0 1 0.000030000 1 Q R 24 + 8 [a]\n"
			     "8,0 0 1 0.000030000 1 D R 24 + 8 [a]\n"
			     "8,0 0 1 0.000033000 1 C R 24 + 8 [0]\n"
			     "8,0 0 1 0.000034000 1 Q R 32 + 8 [a]\n"
			     "8,0 0 1 0.000034000 1 D R 32 + 8 [a]\n"
			     "8,0 0 1 0.000040000 1 C R 32 + 8 [0]\n"
			     "8,0 0 1 0.200000040 1 D FN [a]\n"
			     "8,0 0 1 0.200001040 1 C FN 0 [0]\n";

#define NUM_BURSTS 6

static const ps_t recorded_latency_ps[NUM_BURSTS] = { 10 * PS_PER_US, 19 * PS_PER_US, 13 * PS_PER_US,
						      3 * PS_PER_US,  6 * PS_PER_US,  1 * PS_PER_US };

static harness h;

static void replay_in(const char *text, const char *options, const source_context *context, const ps_t *latency_ps,
		      size_t num_latencies)
{
	test_file file = test_file_text(text);
	test_workload workload;
	char yaml[512];
	source *from;

	snprintf(yaml, sizeof(yaml), "{kind: trace, file: %s%s}", file.name, options);
	test_workload_load(&workload, yaml);
	from = test_source_open(&workload, context);
	assert_false(source_has_app_layer(from));
	harness_run(&h, from, latency_ps, num_latencies);
	source_close(from);
	test_workload_free(&workload);
	test_file_remove(&file);
}

static void replay(const char *text, const char *options, const ps_t *latency_ps, size_t num_latencies)
{
	source_context context = test_context();

	replay_in(text, options, &context, latency_ps, num_latencies);
	assert_int_equal(h.last, SOURCE_END);
}

static void check_times_us(const int64_t *times_us, size_t num)
{
	assert_int_equal(h.num, num);
	for (size_t i = 0; i < num; i++)
		assert_int_equal(h.log[i].submitted_ps, times_us[i] * PS_PER_US);
}

static void test_recorded_latencies_reproduce_recorded_times(void **state)
{
	static const int64_t first_us[] = { 0, 1, 2, 30, 34 };

	(void)state;
	replay(bursts, "", recorded_latency_ps, NUM_BURSTS);
	assert_int_equal(h.num, NUM_BURSTS);
	for (int i = 0; i < 5; i++)
		assert_int_equal(h.log[i].submitted_ps, first_us[i] * PS_PER_US);
	assert_int_equal(h.log[5].submitted_ps, 200000040 * PS_PER_NS);
	assert_int_equal(h.log[1].request.op, IO_WRITE);
	assert_int_equal(h.log[5].request.op, IO_FLUSH);
	assert_int_equal(h.log[5].request.num_sectors, 0);
	assert_int_equal(h.log[3].request.first_sector, 24);
	assert_int_equal(h.log[3].arrival_ps, -1);
}

static void test_slower_device_delays_what_waits_for_it(void **state)
{
	/* Request 3 follows the completion of request 1 by 10 us, and that of no other. */
	static const ps_t latency_ps[] = { 500 * PS_PER_US, 100 * PS_PER_US, 1 * PS_PER_US,
					   3 * PS_PER_US,   6 * PS_PER_US,   1 * PS_PER_US };
	static const int64_t times_us[] = { 0, 1, 2, 111, 115 };

	(void)state;
	replay(bursts, ", max_requests: 5", latency_ps, NUM_BURSTS);
	check_times_us(times_us, 5);
}

static void test_instant_device_leaves_the_think_time(void **state)
{
	static const ps_t latency_ps[] = { 0 };
	/* 1 and 1 us between the burst's requests, then 10 us and 1 us after completions. */
	static const int64_t times_us[] = { 0, 1, 2, 12, 13 };

	(void)state;
	replay(bursts, ", max_requests: 5", latency_ps, 1);
	check_times_us(times_us, 5);
	assert_int_equal(h.think_ps, 13 * PS_PER_US);
}

static void test_completions_out_of_order(void **state)
{
	/* The anchor of request 3 completes before the requests submitted before it. */
	static const ps_t latency_ps[] = { 900 * PS_PER_US, 1, 800 * PS_PER_US, 700 * PS_PER_US, 0, 0 };
	static const int64_t times_us[] = { 0, 1, 2, 12, 713 };

	(void)state;
	replay(bursts, ", max_requests: 5", latency_ps, NUM_BURSTS);
	check_times_us(times_us, 5);
}

static void test_faster_core_thinks_faster_but_timers_stay(void **state)
{
	static const ps_t latency_ps[] = { 0 };
	source_context context = test_context();

	(void)state;
	context.instructions_per_ns_milli = 2500;
	replay_in(bursts, "", &context, latency_ps, 1);
	assert_int_equal(h.log[1].submitted_ps, 400 * PS_PER_NS);
	assert_int_equal(h.log[4].submitted_ps, 5200 * PS_PER_NS);
	assert_int_equal(h.wait_until_ps, INT64_C(199960040) * PS_PER_NS);
	assert_int_equal(h.log[5].submitted_ps, INT64_C(199965240) * PS_PER_NS);
}

static void test_timer_threshold_is_exact(void **state)
{
	static const char text[] = "8,0 0 1 0.000000000 1 D R 0 + 8 [a]\n"
				   "8,0 0 1 0.000000000 1 C R 0 + 8 [0]\n"
				   "8,0 0 1 0.050000000 1 D R 0 + 8 [a]\n"
				   "8,0 0 1 0.050000000 1 C R 0 + 8 [0]\n"
				   "8,0 0 1 0.100000001 1 D R 0 + 8 [a]\n"
				   "8,0 0 1 0.100000001 1 C R 0 + 8 [0]\n";
	static const ps_t latency_ps[] = { 0 };

	(void)state;
	replay(text, "", latency_ps, 1);
	assert_int_equal(h.think_ps, 50 * PS_PER_MS);
	assert_int_equal(h.wait_until_ps, 50 * PS_PER_MS + PS_PER_NS);
	replay(text, ", timer_threshold: 1 s", latency_ps, 1);
	assert_int_equal(h.think_ps, 100 * PS_PER_MS + PS_PER_NS);
	replay(text, ", timer_threshold: 0 s", latency_ps, 1);
	assert_int_equal(h.think_ps, 0);
}

static void test_recorded_times_do_not_wait(void **state)
{
	static const ps_t latency_ps[] = { PS_PER_S };
	static const int64_t times_us[] = { 0, 1, 2, 30, 34 };

	(void)state;
	replay(bursts, ", policy: recorded, max_requests: 5", latency_ps, 1);
	check_times_us(times_us, 5);
	assert_int_equal(h.log[4].arrival_ps, 34 * PS_PER_US);
	assert_int_equal(h.think_ps, 0);
}

static void test_late_vcpu_keeps_the_recorded_arrival(void **state)
{
	test_file file = test_file_text(bursts);
	test_workload workload;
	source_context context = test_context();
	char yaml[256];
	source_step step;
	source *from;

	(void)state;
	snprintf(yaml, sizeof(yaml), "{kind: trace, file: %s, policy: recorded}", file.name);
	test_workload_load(&workload, yaml);
	from = test_source_open(&workload, &context);
	source_next(from, 1000, &step);
	assert_int_equal(step.action, SOURCE_SUBMIT);
	assert_int_equal(step.arrival_ps, 1000);
	source_next(from, 5 * PS_PER_US, &step);
	assert_int_equal(step.action, SOURCE_SUBMIT);
	assert_int_equal(step.arrival_ps, 1 * PS_PER_US + 1000);
	source_close(from);
	test_workload_free(&workload);
	test_file_remove(&file);
}

static void test_without_completions_times_are_recorded(void **state)
{
	static const char text[] = "8,0 0 1 0.000000000 1 D R 0 + 8 [a]\n"
				   "8,0 0 1 0.000007000 1 D R 0 + 8 [a]\n";
	static const ps_t latency_ps[] = { PS_PER_S };
	static const int64_t times_us[] = { 0, 7 };

	(void)state;
	replay(text, "", latency_ps, 1);
	check_times_us(times_us, 2);
	assert_int_equal(h.log[1].arrival_ps, 7 * PS_PER_US);
}

static void test_fast_keeps_its_depth(void **state)
{
	static const ps_t latency_ps[] = { 10 * PS_PER_US };
	static const int64_t times_us[] = { 0, 0, 10, 10, 20, 20 };

	(void)state;
	replay(bursts, ", policy: fast, depth: 2", latency_ps, 1);
	check_times_us(times_us, NUM_BURSTS);
	assert_int_equal(h.max_outstanding, 2);
	assert_int_equal(h.log[0].arrival_ps, -1);
}

static void test_time_scale_stretches_recorded_time(void **state)
{
	static const ps_t latency_ps[] = { 0 };
	static const int64_t closed_us[] = { 0, 2, 4, 24, 26 }, recorded_us[] = { 0, 2, 4, 60, 68 };

	(void)state;
	replay(bursts, ", max_requests: 5, time_scale: 2", latency_ps, 1);
	check_times_us(closed_us, 5);
	replay(bursts, ", max_requests: 5, time_scale: 2, policy: recorded", latency_ps, 1);
	check_times_us(recorded_us, 5);
	replay(bursts, ", max_requests: 2, time_scale: 0.5, policy: recorded", latency_ps, 1);
	assert_int_equal(h.log[1].submitted_ps, 500 * PS_PER_NS);
}

static const char pair[] = "8,0 0 1 0.000000000 1 Q R 0 + 8 [a]\n"
			   "8,0 0 1 0.000000000 1 D R 0 + 8 [a]\n"
			   "8,0 0 1 0.000001000 1 D R 8 + 8 [a]\n"
			   "8,0 0 1 0.000004000 1 C R 8 + 8 [0]\n"
			   "8,0 0 1 0.000005000 1 C R 0 + 8 [0]\n";

static void test_closed_laps_begin_when_all_has_completed(void **state)
{
	static const ps_t latency_ps[] = { 20 * PS_PER_US, 3 * PS_PER_US };
	static const int64_t times_us[] = { 0, 1, 20, 21, 40, 41 };

	(void)state;
	replay(pair, ", loop: 3", latency_ps, 2);
	check_times_us(times_us, 6);
	replay(pair, ", loop: 3, max_requests: 3", latency_ps, 2);
	check_times_us(times_us, 3);
}

static void test_recorded_laps_begin_at_the_recorded_end(void **state)
{
	static const ps_t latency_ps[] = { PS_PER_S };
	static const int64_t times_us[] = { 0, 1, 5, 6, 10, 11 };

	(void)state;
	replay(pair, ", loop: 3, policy: recorded", latency_ps, 1);
	check_times_us(times_us, 6);
}

/* A timer, a gap that is work, and an arrival behind the end of simulated time, 106 days: none is waited for. */
static void test_what_comes_behind_all_time_breaks_off(void **state)
{
	static const char far_apart[] = "time_us,op,offset_bytes,size_bytes,device,latency_us\n"
					"0,read,0,512,a,1\n"
					"9000000000000,read,0,512,a,1\n";
	static const char *const options[] = { "", ", timer_threshold: 106 d", ", policy: recorded" };
	static const ps_t latency_ps[] = { 0 };
	const source_context context = test_context();

	(void)state;
	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
		char text[64];

		snprintf(text, sizeof(text), "%s, loop: 2", options[i]);
		replay_in(far_apart, text, &context, latency_ps, 1);
		assert_int_equal(h.last, SOURCE_FAILED);
		assert_int_equal(h.num, 3);
	}
}

static void test_other_vcpus_have_nothing_to_do(void **state)
{
	static const ps_t latency_ps[] = { 0 };
	source_context context = test_context();

	(void)state;
	context.num_vcpus = 2;
	context.vcpu = 1;
	replay_in(bursts, "", &context, latency_ps, 1);
	assert_int_equal(h.last, SOURCE_END);
	assert_int_equal(h.num, 0);
}

static const char far[] = "8,0 0 1 0.000000000 1 D R 0 + 8 [a]\n"
			  "8,0 0 1 0.000001000 1 D W 1000 + 16 [a]\n"
			  "8,0 0 1 0.000002000 1 D W 2040 + 8 [a]\n"
			  "8,0 0 1 0.000002000 1 D D 0 + 2048 [a]\n";

static void test_addresses_wrap(void **state)
{
	static const ps_t latency_ps[] = { 0 };
	source_context context = test_context();

	(void)state;
	context.disk_bytes = 1008 * IO_SECTOR_BYTES;
	replay_in(far, ", policy: fast, address: wrap", &context, latency_ps, 1);
	assert_int_equal(h.num, 4);
	assert_int_equal(h.log[1].request.first_sector, 992); /* moved down: its end lies beyond the disk */
	assert_int_equal(h.log[1].request.num_sectors, 16);
	assert_int_equal(h.log[2].request.first_sector, 24);
	assert_int_equal(h.log[3].request.first_sector, 0);
	assert_int_equal(h.log[3].request.num_sectors, 1008); /* discards are cut */
}

static void test_addresses_scale(void **state)
{
	static const ps_t latency_ps[] = { 0 };
	source_context context = test_context();

	(void)state;
	context.disk_bytes = 512 * IO_SECTOR_BYTES;
	replay_in(far, ", policy: fast, address: scale", &context, latency_ps, 1);
	assert_int_equal(h.num, 4);
	assert_int_equal(h.log[1].request.first_sector, 248); /* 1000 / 4, aligned to 4 KiB as it was */
	assert_int_equal(h.log[2].request.first_sector, 504);
	context.disk_bytes = 4096 * IO_SECTOR_BYTES;
	replay_in(far, ", policy: fast, address: scale", &context, latency_ps, 1);
	assert_int_equal(h.log[2].request.first_sector, 4080);
}

static void test_broken_trace_fails_midway(void **state)
{
	static const char text[] = "8,0 0 1 0.000000000 1 D R 0 + 8 [a]\n"
				   "8,0 0 1 0.000000000 1 C R 0 + 8 [0]\n"
				   "8,0 0 1 0.000001000 1 D R rubbish\n";
	test_file file = test_file_text(text);
	test_workload workload;
	source_context context = test_context();
	char yaml[256];
	static const ps_t latency_ps[] = { 0 };
	source *from;

	(void)state;
	snprintf(yaml, sizeof(yaml), "{kind: trace, file: %s}", file.name);
	test_workload_load(&workload, yaml);
	from = test_source_open(&workload, &context);
	harness_run(&h, from, latency_ps, 1);
	assert_int_equal(h.last, SOURCE_FAILED);
	assert_int_equal(h.num, 1);
	test_assert_diag(workload.diag, file.name,
			 "T:3:27: error: expected a sector below 2^54, found 'rubbish' "
			 "(a line looks like '8,16 0 1 0.000000000 123 Q WS 2048 + 8 [dd]')\n");
	source_close(from);
	test_workload_free(&workload);
	test_file_remove(&file);
}

static void test_postmark_issues_every_request_whatever_the_device(void **state)
{
	test_workload workload;
	source_context context = test_context();
	uint64_t num = 0, done = 0, num_by_op[IO_NUM_OPS] = { 0 };
	ps_t now_ps = 0, think_ps = 0;
	source_step step;
	source *from;

	(void)state;
	test_workload_load(&workload, "{kind: trace, file: traces/postmark.blktrace.0.xz}");
	assert_int_equal(source_validate(&workload.variant, &context, NULL, workload.diag), NESCSIM_OK);
	from = test_source_open(&workload, &context);
	for (;;) {
		source_next(from, now_ps, &step);
		if (step.action == SOURCE_SUBMIT) {
			assert_int_equal(step.request.number, num);
			num_by_op[step.request.op]++;
			num++;
		} else if (step.action == SOURCE_THINK) {
			now_ps += step.duration_ps;
			think_ps += step.duration_ps;
		} else if (step.action == SOURCE_WAIT_UNTIL) {
			now_ps = step.until_ps;
		} else if (step.action == SOURCE_WAIT) {
			/* Oldest first, and only when the source can do nothing else: the deepest queues. */
			assert_true(done < num);
			now_ps += 1000;
			source_completed(from, done++, now_ps);
		} else {
			break;
		}
	}
	assert_int_equal(step.action, SOURCE_END);
	assert_int_equal(num, 22257);
	assert_int_equal(num_by_op[IO_READ], 9940);
	assert_int_equal(num_by_op[IO_WRITE], 6733);
	assert_int_equal(num_by_op[IO_FLUSH], 5);
	assert_int_equal(num_by_op[IO_DISCARD], 5579);
	/* The sum of all recorded gaps up to 50 ms; the rest of the 9.0 s are timers and waits for the disk. */
	assert_int_equal(think_ps, INT64_C(5519160596) * PS_PER_NS);
	source_close(from);
	test_workload_free(&workload);
}

/* A device as fast as the recorded one and a processor as fast as the recorded one: every request of a real trace,
 * bursts, journal commits and timers included, must be submitted at the very picosecond at which it was queued. */
static void test_postmark_reproduces_its_recorded_times(void **state)
{
	static const char file_name[] = "traces/postmark.blktrace.0.xz";
	ps_t completed_ps[64], now_ps = 0; /* outstanding; at most 35 */
	uint64_t number[64], num = 0;
	size_t num_outstanding = 0;
	source_context context = test_context();
	test_workload workload;
	trace_record record;
	source_step step;
	trace *recorded;
	source *from;

	(void)state;
	test_workload_load(&workload, "{kind: trace, file: traces/postmark.blktrace.0.xz}");
	from = test_source_open(&workload, &context);
	assert_int_equal(trace_open(file_name, file_name, NULL, NULL, NULL, &recorded), NESCSIM_OK);
	for (;;) {
		ps_t next_ps = PS_MAX;

		source_next(from, now_ps, &step);
		if (step.action == SOURCE_END)
			break;
		if (step.action == SOURCE_SUBMIT) {
			assert_int_equal(trace_next(recorded, &record), TRACE_RECORD);
			assert_int_equal(now_ps, record.queued_ps);
			assert_int_equal(step.request.first_sector, record.first_sector);
			assert_true(num_outstanding < 64);
			completed_ps[num_outstanding] = record.completed_ps;
			number[num_outstanding++] = num++;
			continue;
		}
		for (size_t i = 0; i < num_outstanding; i++)
			next_ps = ps_min(next_ps, completed_ps[i]);
		if (step.action == SOURCE_WAIT)
			now_ps = next_ps;
		else
			now_ps = step.action == SOURCE_THINK ? now_ps + step.duration_ps : step.until_ps;
		for (size_t i = 0; i < num_outstanding;) {
			if (completed_ps[i] > now_ps) {
				i++;
				continue;
			}
			source_completed(from, number[i], completed_ps[i]);
			num_outstanding--;
			completed_ps[i] = completed_ps[num_outstanding];
			number[i] = number[num_outstanding];
		}
	}
	assert_int_equal(num, 22257);
	trace_close(recorded);
	source_close(from);
	test_workload_free(&workload);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_recorded_latencies_reproduce_recorded_times),
		cmocka_unit_test(test_slower_device_delays_what_waits_for_it),
		cmocka_unit_test(test_instant_device_leaves_the_think_time),
		cmocka_unit_test(test_completions_out_of_order),
		cmocka_unit_test(test_faster_core_thinks_faster_but_timers_stay),
		cmocka_unit_test(test_timer_threshold_is_exact),
		cmocka_unit_test(test_recorded_times_do_not_wait),
		cmocka_unit_test(test_late_vcpu_keeps_the_recorded_arrival),
		cmocka_unit_test(test_without_completions_times_are_recorded),
		cmocka_unit_test(test_fast_keeps_its_depth),
		cmocka_unit_test(test_time_scale_stretches_recorded_time),
		cmocka_unit_test(test_closed_laps_begin_when_all_has_completed),
		cmocka_unit_test(test_recorded_laps_begin_at_the_recorded_end),
		cmocka_unit_test(test_what_comes_behind_all_time_breaks_off),
		cmocka_unit_test(test_other_vcpus_have_nothing_to_do),
		cmocka_unit_test(test_addresses_wrap),
		cmocka_unit_test(test_addresses_scale),
		cmocka_unit_test(test_broken_trace_fails_midway),
		cmocka_unit_test(test_postmark_issues_every_request_whatever_the_device),
		cmocka_unit_test(test_postmark_reproduces_its_recorded_times),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
