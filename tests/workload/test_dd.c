/* Does the dd generator issue the sequences that its keys describe? */
#include <stdio.h>

#include "workload/replay_harness.h"

static const ps_t ten_us[] = { 10 * PS_PER_US };

static harness h, other;

static void generate_in(harness *to, const char *yaml, const source_context *context, const ps_t *latency_ps,
			size_t num_latencies)
{
	test_workload workload;
	source *from;

	test_workload_load(&workload, yaml);
	assert_int_equal(source_validate(&workload.variant, context, NULL, workload.diag), NESCSIM_OK);
	from = test_source_open(&workload, context);
	assert_true(source_has_app_layer(from));
	harness_run(to, from, latency_ps, num_latencies);
	assert_int_equal(to->last, SOURCE_END);
	assert_int_equal(source_expected_requests(from), to->num);
	source_close(from);
	test_workload_free(&workload);
}

static void generate(const char *yaml)
{
	source_context context = test_context();

	generate_in(&h, yaml, &context, ten_us, 1);
}

static void test_sequential_reads_follow_each_other(void **state)
{
	(void)state;
	generate("{kind: dd, count: 5, request_bytes: 8 KiB, region_offset: 1 MiB}");
	assert_int_equal(h.num, 5);
	for (size_t i = 0; i < 5; i++) {
		assert_int_equal(h.log[i].request.op, IO_READ);
		assert_int_equal(h.log[i].request.first_sector, 2048 + 16 * i);
		assert_int_equal(h.log[i].request.num_sectors, 16);
		assert_int_equal(h.log[i].submitted_ps, (ps_t)i * 10 * PS_PER_US);
		assert_int_equal(h.log[i].arrival_ps, -1);
	}
	assert_int_equal(h.max_outstanding, 1);
}

static void test_sequence_starts_over_at_the_end_of_the_region(void **state)
{
	(void)state;
	generate("{kind: dd, op: write, bytes: 5 KiB, request_bytes: 1 KiB, region_offset: 1 KiB, "
		 "region_bytes: 3500 B}");
	assert_int_equal(h.num, 5);
	assert_int_equal(h.log[2].request.first_sector, 6);
	assert_int_equal(h.log[3].request.first_sector, 2);
	assert_int_equal(h.log[3].request.op, IO_WRITE);
}

static void test_depth_is_kept(void **state)
{
	(void)state;
	generate("{kind: dd, count: 9, depth: 4}");
	assert_int_equal(h.max_outstanding, 4);
	for (size_t i = 0; i < 9; i++)
		assert_int_equal(h.log[i].submitted_ps, (ps_t)(i / 4) * 10 * PS_PER_US);
}

static void test_think_time_lies_between_requests(void **state)
{
	(void)state;
	generate("{kind: dd, count: 3, think: 5 us}");
	assert_int_equal(h.log[0].submitted_ps, 0);
	assert_int_equal(h.log[1].submitted_ps, 15 * PS_PER_US);
	assert_int_equal(h.log[2].submitted_ps, 30 * PS_PER_US);
	assert_int_equal(h.think_ps, 10 * PS_PER_US);
}

static void test_vcpus_share_count_depth_and_sequence(void **state)
{
	static const size_t expected_num[] = { 4, 3, 3 }, expected_depth[] = { 2, 2, 1 };
	bool seen[10] = { false };
	source_context context = test_context();

	(void)state;
	context.num_vcpus = 3;
	for (context.vcpu = 0; context.vcpu < 3; context.vcpu++) {
		generate_in(&h, "{kind: dd, count: 10, depth: 5}", &context, ten_us, 1);
		assert_int_equal(h.num, expected_num[context.vcpu]);
		assert_int_equal(h.max_outstanding, expected_depth[context.vcpu]);
		for (size_t i = 0; i < h.num; i++) {
			uint64_t place = h.log[i].request.first_sector / 8;

			assert_int_equal(place, context.vcpu + 3 * i);
			assert_true(place < 10);
			assert_false(seen[place]);
			seen[place] = true;
		}
	}
}

static void test_vcpus_without_a_slot_stay_idle(void **state)
{
	source_context context = test_context();
	size_t num = 0;

	(void)state;
	context.num_vcpus = 4;
	for (context.vcpu = 0; context.vcpu < 4; context.vcpu++) {
		generate_in(&h, "{kind: dd, count: 7, depth: 2}", &context, ten_us, 1);
		assert_true(context.vcpu < 2 ? h.max_outstanding == 1 : h.num == 0);
		num += h.num;
	}
	assert_int_equal(num, 7);
}

static void test_random_places_are_aligned_inside_and_spread(void **state)
{
	unsigned num_by_quarter[4] = { 0 };

	(void)state;
	generate("{kind: dd, count: 4000, pattern: random, request_bytes: 16 KiB, region_offset: 512 KiB, "
		 "region_bytes: 64 MiB}");
	for (size_t i = 0; i < h.num; i++) {
		uint64_t sector = h.log[i].request.first_sector;

		assert_in_range(sector, 1024, 1024 + 131072 - 32);
		assert_int_equal((sector - 1024) % 32, 0);
		num_by_quarter[(sector - 1024) / 32768]++;
	}
	/* 1000 expected in each quarter, standard deviation 27. */
	for (int i = 0; i < 4; i++)
		assert_in_range(num_by_quarter[i], 890, 1110);
}

static void test_mixed_draws_its_share_of_reads(void **state)
{
	unsigned num_reads = 0;

	(void)state;
	generate("{kind: dd, count: 4000, op: mixed, read_percent: 70}");
	for (size_t i = 0; i < h.num; i++)
		num_reads += h.log[i].request.op == IO_READ;
	/* 2800 expected, standard deviation 29. */
	assert_in_range(num_reads, 2690, 2910);
	generate("{kind: dd, count: 100, op: mixed, read_percent: 0}");
	for (size_t i = 0; i < h.num; i++)
		assert_int_equal(h.log[i].request.op, IO_WRITE);
}

static void test_poisson_arrivals_have_their_mean_and_spread(void **state)
{
	uint64_t num_long = 0;
	ps_t span_ps;

	(void)state;
	generate("{kind: dd, count: 4000, arrival: poisson, interval: 50 us}");
	span_ps = h.log[3999].arrival_ps;
	/* Mean 50 us, standard deviation of the mean of 4000: 0.79 us. */
	assert_in_range(span_ps / 4000, 47 * PS_PER_US, 53 * PS_PER_US);
	for (size_t i = 1; i < h.num; i++) {
		num_long += h.log[i].arrival_ps - h.log[i - 1].arrival_ps > 100 * PS_PER_US;
		assert_int_equal(h.log[i].submitted_ps, h.log[i].arrival_ps);
	}
	/* exp(-2) of 3999 = 541 expected beyond twice the mean, standard deviation 22. */
	assert_in_range(num_long, 453, 629);
}

static void test_poisson_vcpus_add_up_to_the_rate(void **state)
{
	source_context context = test_context();
	ps_t span_ps;

	(void)state;
	context.num_vcpus = 2;
	generate_in(&h, "{kind: dd, count: 8000, arrival: poisson, interval: 50 us}", &context, ten_us, 1);
	assert_int_equal(h.num, 4000);
	span_ps = h.log[3999].arrival_ps;
	assert_in_range(span_ps / 4000, 94 * PS_PER_US, 106 * PS_PER_US);
}

static void test_open_loop_does_not_wait_for_completions(void **state)
{
	static const ps_t forever_ps[] = { PS_PER_S };
	source_context context = test_context();

	(void)state;
	context.num_vcpus = 2;
	context.vcpu = 1;
	generate_in(&h, "{kind: dd, count: 6, arrival: periodic, interval: 10 us}", &context, forever_ps, 1);
	assert_int_equal(h.num, 3);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(h.log[i].arrival_ps, (ps_t)(10 + 20 * i) * PS_PER_US);
		assert_int_equal(h.log[i].request.first_sector, 8 * (1 + 2 * i));
	}
}

static void test_same_seed_same_sequence_whatever_the_device(void **state)
{
	static const char yaml[] = "{kind: dd, count: 500, op: mixed, pattern: random, depth: 7}";
	static const ps_t odd_ps[] = { 3 * PS_PER_US, 90 * PS_PER_US, 1, 25 * PS_PER_US, 7 };
	source_context context = test_context();
	unsigned num_equal = 0;

	(void)state;
	generate_in(&h, yaml, &context, ten_us, 1);
	generate_in(&other, yaml, &context, odd_ps, 5);
	for (size_t i = 0; i < 500; i++) {
		assert_int_equal(h.log[i].request.first_sector, other.log[i].request.first_sector);
		assert_int_equal(h.log[i].request.op, other.log[i].request.op);
	}
	/* Another seed, VM or vCPU draws something else. */
	for (int change = 0; change < 3; change++) {
		context = test_context();
		context.num_vcpus = 1 + (change == 2);
		context.seed += change == 0;
		context.vm += change == 1;
		context.vcpu += change == 2;
		generate_in(&other, yaml, &context, ten_us, 1);
		for (size_t i = 0; i < other.num; i++)
			num_equal += h.log[i].request.first_sector == other.log[i].request.first_sector;
	}
	assert_in_range(num_equal, 0, 3);
}

static void test_conflicting_keys_are_reported(void **state)
{
	(void)state;
	test_bad_workload("{kind: dd}", "test.yaml:1:11: error: workload.count: neither count nor bytes is given "
					"(such as count: 1000, or bytes: 64 MiB)\n");
	test_bad_workload("{kind: dd, count: 1, request_bytes: 1000 B}",
			  "test.yaml:1:47: error: workload.request_bytes: 1000 bytes are not a multiple of 512 "
			  "(such as 512 B or 4 KiB)\n");
	test_bad_workload("{kind: dd, bytes: 5000 B}",
			  "test.yaml:1:29: error: workload.bytes: 5000 bytes are not whole requests of 4096 "
			  "(a multiple of request_bytes)\n");
	test_bad_workload("{kind: dd, count: 1, arrival: poisson, think: 1 us}",
			  "test.yaml:1:57: error: workload.think: an open loop has no think time "
			  "(remove it, or arrival: closed)\n");
}

static void test_region_must_fit_the_disk(void **state)
{
	test_workload workload;
	source_context context = test_context();
	diag_place place = { .file = "test.yaml", .line = 7, .column = 3, .path = "vms[0].workload" };
	source *from;

	(void)state;
	test_workload_load(&workload, "{kind: dd, count: 1, region_offset: 1 GiB, region_bytes: 4 KiB}");
	assert_int_equal(source_validate(&workload.variant, &context, &place, workload.diag), NESCSIM_CONFIG);
	test_assert_diag(workload.diag, NULL,
			 "test.yaml:7:3: error: vms[0].workload.region_bytes: 4096 bytes at offset 1073741824 do not "
			 "fit the disk of 1073741824 bytes (make the disk larger or the region smaller)\n");
	assert_int_equal(source_open(&workload.variant, &context, &place, NULL, &from), NESCSIM_CONFIG);
	assert_null(from);
	test_workload_free(&workload);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sequential_reads_follow_each_other),
		cmocka_unit_test(test_sequence_starts_over_at_the_end_of_the_region),
		cmocka_unit_test(test_depth_is_kept),
		cmocka_unit_test(test_think_time_lies_between_requests),
		cmocka_unit_test(test_vcpus_share_count_depth_and_sequence),
		cmocka_unit_test(test_vcpus_without_a_slot_stay_idle),
		cmocka_unit_test(test_random_places_are_aligned_inside_and_spread),
		cmocka_unit_test(test_mixed_draws_its_share_of_reads),
		cmocka_unit_test(test_poisson_arrivals_have_their_mean_and_spread),
		cmocka_unit_test(test_poisson_vcpus_add_up_to_the_rate),
		cmocka_unit_test(test_open_loop_does_not_wait_for_completions),
		cmocka_unit_test(test_same_seed_same_sequence_whatever_the_device),
		cmocka_unit_test(test_conflicting_keys_are_reported),
		cmocka_unit_test(test_region_must_fit_the_disk),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
