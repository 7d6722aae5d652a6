/* Does the fio generator issue what its options describe? One option per test. */
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
	nescsim_diag_destroy(workload.diag); /* warnings */
	workload.diag = nescsim_diag_create();
	from = test_source_open(&workload, context);
	assert_true(source_has_app_layer(from));
	harness_run(to, from, latency_ps, num_latencies);
	assert_int_equal(to->last, SOURCE_END);
	source_close(from);
	test_workload_free(&workload);
}

static void generate(const char *yaml)
{
	source_context context = test_context();

	generate_in(&h, yaml, &context, ten_us, 1);
}

/* Request number i: operation, byte, length and time. */
static void assert_request(size_t i, io_op op, uint64_t first_byte, uint64_t num_bytes, ps_t submitted_ps)
{
	assert_true(i < h.num);
	assert_int_equal(h.log[i].request.op, op);
	assert_int_equal(h.log[i].request.first_sector * 512, first_byte);
	assert_int_equal(h.log[i].request.num_sectors * 512, num_bytes);
	assert_int_equal(h.log[i].submitted_ps, submitted_ps);
}

#define US(n) ((ps_t)(n)*PS_PER_US)

/* ---- where ------------------------------------------------------------------------------------------------------ */

static void a_sequence_covers_its_region_once(void **state)
{
	(void)state;
	generate("{kind: fio, bs: 8 KiB, offset: 1 MiB, size: 44 KiB}");
	assert_int_equal(h.num, 5); /* the last 4 KiB hold no request */
	for (size_t i = 0; i < 5; i++)
		assert_request(i, IO_READ, 1048576 + 8192 * i, 8192, US(10 * i));
}

static void without_a_size_the_disk_is_the_region(void **state)
{
	source_context context = test_context();

	(void)state;
	context.disk_bytes = 40960;
	generate_in(&h, "{kind: fio, rw: write, bs: 8 KiB, offset: 16 KiB}", &context, ten_us, 1);
	assert_int_equal(h.num, 3);
	assert_request(0, IO_WRITE, 16384, 8192, 0);
	assert_request(2, IO_WRITE, 32768, 8192, US(20));
}

static void percentages_are_of_the_disk(void **state)
{
	source_context context = test_context();

	(void)state;
	context.disk_bytes = 102400; /* half of it is 51200, up to the next multiple of 4096: 53248 */
	generate_in(&h, "{kind: fio, offset_percent: 50, size_percent: 10}", &context, ten_us, 1);
	assert_int_equal(h.num, 2);
	assert_request(0, IO_READ, 53248, 4096, 0);
	generate_in(&h, "{kind: fio, offset_percent: 50, size_percent: 100}", &context, ten_us, 1);
	assert_int_equal(h.num, 12); /* to the end of the disk, not beyond */
}

static void io_size_and_loops_go_over_the_region_again(void **state)
{
	(void)state;
	generate("{kind: fio, size: 12 KiB, io_size: 18 KiB}");
	assert_int_equal(h.num, 5); /* the last one as a whole */
	assert_request(3, IO_READ, 0, 4096, US(30));
	generate("{kind: fio, size: 12 KiB, loops: 3}");
	assert_int_equal(h.num, 9);
	assert_request(8, IO_READ, 8192, 4096, US(80));
	generate("{kind: fio, size: 12 KiB, io_size: 4 KiB}");
	assert_int_equal(h.num, 1);
}

static void number_ios_ends_a_job(void **state)
{
	(void)state;
	generate("{kind: fio, size: 12 KiB, number_ios: 2}");
	assert_int_equal(h.num, 2);
	generate("{kind: fio, size: 12 KiB, number_ios: 7}"); /* no extension */
	assert_int_equal(h.num, 3);
}

static void mixed_directions_have_positions_of_their_own(void **state)
{
	uint64_t next[2] = { 0, 0 };

	(void)state;
	generate("{kind: fio, rw: rw, bs: [4 KiB, 8 KiB], size: 1 MiB}");
	for (size_t i = 0; i < h.num; i++) {
		const io_request *request = &h.log[i].request;
		const bool writes = request->op == IO_WRITE;

		assert_int_equal(request->first_sector, next[writes]);
		assert_int_equal(request->num_sectors, writes ? 16 : 8);
		next[writes] += request->num_sectors;
	}
	assert_true(next[0] > 0 && next[1] > 0);
	assert_in_range(next[0] + next[1], 2048, 2048 + 15);
}

static void a_random_map_covers_every_block_once_per_pass(void **state)
{
	static const unsigned num_blocks[] = { 1, 2, 3, 7, 64, 1000 };

	(void)state;
	for (size_t i = 0; i < 6; i++) {
		unsigned seen[1000] = { 0 }, num_in_place = 0;
		char yaml[160];

		snprintf(yaml, sizeof(yaml), "{kind: fio, rw: randread, offset: 4 KiB, size: %u B, loops: 2}",
			 4096 * num_blocks[i] + 100);
		generate(yaml);
		assert_int_equal(h.num, 2 * num_blocks[i]);
		for (size_t j = 0; j < h.num; j++) {
			const uint64_t block = h.log[j].request.first_sector / 8 - 1;

			assert_true(block < num_blocks[i]);
			assert_int_equal(seen[block]++,
					 j / num_blocks[i]); /* not a second time before all had a first */
			num_in_place += block == j % num_blocks[i];
		}
		if (num_blocks[i] == 1000)
			assert_true(num_in_place < 15); /* 2 on average */
	}
}

static void norandommap_draws_anew(void **state)
{
	bool seen[1000] = { false };
	unsigned num_seen = 0;

	(void)state;
	generate("{kind: fio, rw: randread, norandommap: true, size: 4000 KiB}");
	assert_int_equal(h.num, 1000);
	for (size_t i = 0; i < h.num; i++) {
		const uint64_t block = h.log[i].request.first_sector / 8;

		assert_true(block < 1000 && h.log[i].request.first_sector % 8 == 0);
		num_seen += !seen[block];
		seen[block] = true;
	}
	assert_in_range(num_seen, 632 - 50, 632 + 50); /* 1 - 1/e of them; five standard deviations of 9.9 */
}

static void offset_increment_moves_clones(void **state)
{
	bool seen[3] = { false };

	(void)state;
	generate("{kind: fio, size: 4 KiB, offset: 64 KiB, offset_increment: 1 MiB, numjobs: 3}");
	assert_int_equal(h.num, 3);
	for (size_t i = 0; i < 3; i++) {
		const uint64_t clone = (h.log[i].request.first_sector - 128) / 2048;

		assert_int_equal((h.log[i].request.first_sector - 128) % 2048, 0);
		assert_false(seen[clone]);
		seen[clone] = true;
	}
}

static void percentage_random_follows_the_last_request_otherwise(void **state)
{
	unsigned num_next = 0;

	(void)state;
	generate("{kind: fio, rw: randread, percentage_random: 25, number_ios: 4000, loops: 1, size: 1 GiB}");
	assert_int_equal(h.num, 4000);
	for (size_t i = 1; i < h.num; i++)
		num_next += h.log[i].request.first_sector == h.log[i - 1].request.first_sector + 8;
	assert_in_range(num_next, 3000 - 137, 3000 + 137); /* five standard deviations of 27.4 */
	generate("{kind: fio, rw: randread, percentage_random: 0, number_ios: 10}");
	for (size_t i = 0; i < h.num; i++)
		assert_request(i, IO_READ, 4096 * i, 4096, US(10 * i));
}

/* ---- what ------------------------------------------------------------------------------------------------------- */

static void every_rw_has_its_operations(void **state)
{
	static const struct {
		const char *rw;
		io_op ops[2];
		bool is_random;
	} rows[] = {
		{ "read", { IO_READ, IO_READ }, false },
		{ "write", { IO_WRITE, IO_WRITE }, false },
		{ "trim", { IO_DISCARD, IO_DISCARD }, false },
		{ "randread", { IO_READ, IO_READ }, true },
		{ "randwrite", { IO_WRITE, IO_WRITE }, true },
		{ "randtrim", { IO_DISCARD, IO_DISCARD }, true },
		{ "rw", { IO_READ, IO_WRITE }, false },
		{ "readwrite", { IO_READ, IO_WRITE }, false },
		{ "randrw", { IO_READ, IO_WRITE }, true },
		{ "trimwrite", { IO_DISCARD, IO_WRITE }, false },
		{ "randtrimwrite", { IO_DISCARD, IO_WRITE }, true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		unsigned num_each[2] = { 0, 0 }, num_jumps = 0;
		char yaml[96];

		snprintf(yaml, sizeof(yaml), "{kind: fio, rw: %s, size: 400 KiB}", rows[i].rw);
		generate(yaml);
		assert_int_equal(h.num, strstr(rows[i].rw, "trimwrite") ? 200 : 100);
		for (size_t j = 0; j < h.num; j++) {
			const io_request *request = &h.log[j].request;

			assert_true(request->op == rows[i].ops[0] || request->op == rows[i].ops[1]);
			num_each[request->op == rows[i].ops[1]]++;
			num_jumps += j > 0 && request->first_sector > h.log[j - 1].request.first_sector + 8;
		}
		assert_true(rows[i].ops[0] == rows[i].ops[1] || (num_each[0] > 20 && num_each[1] > 20));
		assert_true(rows[i].is_random == (num_jumps > 10) || rows[i].ops[0] == IO_READ);
	}
}

static void trimwrite_writes_what_it_has_trimmed(void **state)
{
	(void)state;
	generate("{kind: fio, rw: randtrimwrite, size: 400 KiB, number_ios: 40}");
	assert_int_equal(h.num, 80);
	for (size_t i = 0; i < h.num; i += 2) {
		assert_int_equal(h.log[i].request.op, IO_DISCARD);
		assert_int_equal(h.log[i + 1].request.op, IO_WRITE);
		assert_int_equal(h.log[i].request.first_sector, h.log[i + 1].request.first_sector);
	}
}

static void directions_have_sizes_of_their_own(void **state)
{
	(void)state;
	generate("{kind: fio, rw: randrw, bs: [4 KiB, 16 KiB], size: 1 MiB}");
	for (size_t i = 0; i < h.num; i++) {
		const io_request *request = &h.log[i].request;

		assert_int_equal(request->num_sectors, request->op == IO_READ ? 8 : 32);
		assert_int_equal(request->first_sector % request->num_sectors, 0);
		assert_true(request->first_sector + request->num_sectors <= 2048);
	}
	generate("{kind: fio, rw: trim, bs: [4 KiB, 16 KiB], size: 64 KiB}");
	assert_int_equal(h.log[0].request.num_sectors, 32); /* the last one is for trims too */
}

static void requests_stay_in_their_region(void **state)
{
	static const char *const yaml[] = {
		"{kind: fio, rw: randrw, offset: 8 KiB, size: 100 KiB, bssplit: [{size: 512 B}, {size: 12 KiB}], "
		"number_ios: "
		"999, loops: 99}",
		"{kind: fio, rw: rw, offset: 8 KiB, size: 100 KiB, bssplit: [{size: 4 KiB}, {size: 64 KiB}], "
		"number_ios: "
		"999, loops: 99}",
		"{kind: fio, rw: randread, offset: 8 KiB, size: 100 KiB, bs: 8 KiB, percentage_random: 50, number_ios: "
		"999, "
		"loops: 99}",
		"{kind: fio, rw: randread, offset: 8 KiB, size: 100 KiB, random_distribution: zipf, number_ios: 999, "
		"loops: "
		"99}",
		"{kind: fio, rw: randread, offset: 8 KiB, size: 100 KiB, random_distribution: pareto, number_ios: 999, "
		"loops: 99}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(yaml) / sizeof(yaml[0]); i++) {
		generate(yaml[i]);
		assert_true(h.num > 100);
		for (size_t j = 0; j < h.num; j++) {
			assert_true(h.log[j].request.first_sector >= 16);
			assert_true(h.log[j].request.first_sector + h.log[j].request.num_sectors <= 216);
			assert_true(h.log[j].request.num_sectors > 0);
		}
	}
}

static void flushes_follow_writes(void **state)
{
	static const io_op fsynced[] = { IO_WRITE, IO_WRITE, IO_FLUSH, IO_WRITE, IO_WRITE, IO_FLUSH, IO_WRITE };

	(void)state;
	generate("{kind: fio, rw: write, size: 20 KiB, fsync: 2}");
	assert_int_equal(h.num, 7);
	for (size_t i = 0; i < 7; i++)
		assert_int_equal(h.log[i].request.op, fsynced[i]);
	assert_int_equal(h.log[2].request.num_sectors, 0);
	generate("{kind: fio, rw: write, size: 20 KiB, fdatasync: 2}");
	assert_int_equal(h.num, 7);
	generate("{kind: fio, rw: write, size: 16 KiB, fsync: 2}"); /* the job ends before the second one */
	assert_int_equal(h.num, 5);
	generate("{kind: fio, rw: write, size: 16 KiB, fsync: 2, end_fsync: true}");
	assert_int_equal(h.num, 6);
	assert_int_equal(h.log[5].request.op, IO_FLUSH);
	generate("{kind: fio, rw: read, size: 16 KiB, fsync: 1, end_fsync: true}");
	assert_int_equal(h.num, 4);
}

static void a_job_waits_for_its_flush(void **state)
{
	static const ps_t latencies[] = { US(10), US(50), US(10) }; /* write, flush, ... */

	(void)state;
	{
		source_context context = test_context();

		generate_in(&h, "{kind: fio, rw: write, ioengine: libaio, iodepth: 8, size: 8 KiB, fsync: 1}", &context,
			    latencies, 3);
	}
	assert_int_equal(h.num, 3);
	assert_int_equal(h.log[1].submitted_ps, 0); /* the block layer lets the write go first */
	assert_int_equal(h.log[2].submitted_ps, US(50));
}

/* ---- when ------------------------------------------------------------------------------------------------------- */

static void iodepth_is_kept_by_asynchronous_engines_alone(void **state)
{
	static const struct {
		const char *engine;
		size_t depth;
	} rows[] = { { "libaio", 4 }, { "io_uring", 4 }, { "posixaio", 4 }, { "psync", 1 },
		     { "sync", 1 },   { "vsync", 1 },    { "pvsync", 1 },   { "pvsync2", 1 } };

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char yaml[96];

		snprintf(yaml, sizeof(yaml), "{kind: fio, ioengine: %s, iodepth: 4, number_ios: 20}", rows[i].engine);
		generate(yaml);
		assert_int_equal(h.num, 20);
		assert_int_equal(h.max_outstanding, rows[i].depth);
	}
}

static void clones_have_depths_of_their_own(void **state)
{
	(void)state;
	generate("{kind: fio, ioengine: libaio, iodepth: 4, numjobs: 3, number_ios: 20}");
	assert_int_equal(h.num, 60);
	assert_int_equal(h.max_outstanding, 12);
}

static void clones_are_dealt_out_to_vcpus(void **state)
{
	source_context context = test_context();

	(void)state;
	context.num_vcpus = 3;
	for (context.vcpu = 0; context.vcpu < 3; context.vcpu++) {
		generate_in(&h, "{kind: fio, numjobs: 5, number_ios: 10}", &context, ten_us, 1);
		assert_int_equal(h.num, context.vcpu < 2 ? 20 : 10);
		assert_int_equal(h.max_outstanding, context.vcpu < 2 ? 2 : 1);
	}
}

static void a_pause_follows_every_thinktime_blocks(void **state)
{
	(void)state;
	generate("{kind: fio, number_ios: 5, thinktime: 100 us, thinktime_blocks: 2}");
	for (size_t i = 0; i < 5; i++)
		assert_request(i, IO_READ, 4096 * i, 4096, US(10 * i + 100 * (i / 2)));
	assert_int_equal(h.think_ps, 0); /* asleep */
}

static void spinning_is_work(void **state)
{
	(void)state;
	generate("{kind: fio, number_ios: 3, thinktime: 100 us, thinktime_spin: 30 us}");
	assert_int_equal(h.think_ps, US(60));
	assert_int_equal(h.wait_until_ps, US(140));
	assert_request(2, IO_READ, 8192, 4096, US(220));
}

/* Simulated time ends after 106 days: a job that sleeps or works beyond is a mistake, not a wait for ever. */
static void a_job_beyond_all_time_breaks_off(void **state)
{
	static const char *const endless[] = {
		"{kind: fio, number_ios: 200, thinktime: 1 d}",
		"{kind: fio, number_ios: 200, thinktime: 1 d, thinktime_spin: 1 d}",
	};
	const source_context context = test_context();

	(void)state;
	for (size_t i = 0; i < sizeof(endless) / sizeof(endless[0]); i++) {
		test_workload workload;
		source *from;
		char *text;

		test_workload_load(&workload, endless[i]);
		from = test_source_open(&workload, &context);
		harness_run(&h, from, ten_us, 1);
		assert_int_equal(h.last, SOURCE_FAILED);
		text = test_diag_text(workload.diag, NULL);
		assert_non_null(strstr(text, "a fio job takes more than 106 days"));
		free(text);
		source_close(from);
		test_workload_free(&workload);
	}
}

static void a_pause_waits_for_all_requests(void **state)
{
	static const ps_t latencies[] = { US(10), US(20), US(30), US(40) };
	source_context context = test_context();

	(void)state;
	generate_in(&h, "{kind: fio, ioengine: libaio, iodepth: 4, number_ios: 5, thinktime: 100 us}", &context,
		    latencies, 4);
	for (size_t i = 0; i < 4; i++)
		assert_request(i, IO_READ, 4096 * i, 4096, 0);
	assert_request(4, IO_READ, 4 * 4096, 4096, US(140));
	/* Submissions count at once. */
	generate_in(
		&h,
		"{kind: fio, ioengine: libaio, iodepth: 4, number_ios: 2, thinktime: 100 us, thinktime_blocks_type: "
		"issue}",
		&context, latencies, 4);
	assert_request(1, IO_READ, 4096, 4096, US(110));
}

static void a_rate_spaces_requests(void **state)
{
	(void)state;
	generate("{kind: fio, number_ios: 5, rate_iops: 10000}");
	for (size_t i = 0; i < 5; i++)
		assert_request(i, IO_READ, 4096 * i, 4096, US(100 * i));
	generate("{kind: fio, number_ios: 5, rate: 40960000 B/s}");
	for (size_t i = 0; i < 5; i++)
		assert_request(i, IO_READ, 4096 * i, 4096, US(100 * i));
}

static void who_is_behind_its_rate_makes_up_for_it(void **state)
{
	static const ps_t latencies[] = { US(250), US(10) };
	source_context context = test_context();

	(void)state;
	generate_in(&h, "{kind: fio, number_ios: 5, rate_iops: 10000}", &context, latencies, 2);
	assert_int_equal(h.log[1].submitted_ps, US(250));
	assert_int_equal(h.log[2].submitted_ps, US(260));
	assert_int_equal(h.log[3].submitted_ps, US(510));
	assert_int_equal(h.log[4].submitted_ps, US(520));
	assert_int_equal(h.log[1].arrival_ps, -1); /* as fio counts */
}

static void each_direction_has_its_rate(void **state)
{
	unsigned num_reads = 0, num_writes = 0;

	(void)state;
	generate("{kind: fio, rw: randrw, runtime: 10 ms, time_based: true, rate_iops: [10000, 30000]}");
	for (size_t i = 0; i < h.num; i++) {
		num_reads += h.log[i].request.op == IO_READ;
		num_writes += h.log[i].request.op == IO_WRITE;
	}
	assert_in_range(num_reads, 99, 101);
	assert_in_range(num_writes, 298, 301);
}

static void inline_submission_waits_before_it_sleeps(void **state)
{
	static const ps_t latencies[] = { US(1000), US(10) };
	source_context context = test_context();

	(void)state;
	generate_in(&h, "{kind: fio, ioengine: libaio, iodepth: 8, number_ios: 3, rate_iops: 10000}", &context,
		    latencies, 2);
	assert_int_equal(h.log[1].submitted_ps, US(1000)); /* due at 100 us, but request 0 was outstanding */
	generate_in(
		&h,
		"{kind: fio, ioengine: libaio, iodepth: 8, number_ios: 3, rate_iops: 10000, io_submit_mode: offload}",
		&context, latencies, 2);
	assert_int_equal(h.log[1].submitted_ps, US(100));
	assert_int_equal(h.log[1].arrival_ps, US(100));
	assert_int_equal(h.log[2].submitted_ps, US(200));
}

static void an_offloaded_request_arrives_when_it_is_due_and_has_a_place(void **state)
{
	static const ps_t latencies[] = { US(1000) };
	source_context context = test_context();

	(void)state;
	generate_in(
		&h,
		"{kind: fio, ioengine: libaio, iodepth: 2, number_ios: 4, rate_iops: 10000, io_submit_mode: offload}",
		&context, latencies, 1);
	assert_int_equal(h.log[0].arrival_ps, 0);
	assert_int_equal(h.log[1].arrival_ps, US(100));
	assert_int_equal(h.log[2].arrival_ps, US(1000)); /* due at 200 us, when two were outstanding */
	assert_int_equal(h.log[3].arrival_ps, US(1100));
}

static void runtime_ends_a_job_and_time_based_prolongs_it(void **state)
{
	(void)state;
	generate("{kind: fio, runtime: 95 us}");
	assert_int_equal(h.num, 10);
	generate("{kind: fio, runtime: 95 us, size: 8 KiB}");
	assert_int_equal(h.num, 2);
	generate("{kind: fio, runtime: 95 us, size: 8 KiB, time_based: true}");
	assert_int_equal(h.num, 10);
	generate("{kind: fio, runtime: 95 us, thinktime: 1 s}"); /* not after the pause */
	assert_int_equal(h.num, 1);
	generate("{kind: fio, runtime: 95 us, rate_iops: 1}");
	assert_int_equal(h.num, 1);
}

static void startdelay_postpones_everything(void **state)
{
	(void)state;
	generate("{kind: fio, startdelay: 500 us, runtime: 15 us, rate_iops: 100000}");
	assert_int_equal(h.num, 2);
	assert_request(0, IO_READ, 0, 4096, US(500));
	assert_request(1, IO_READ, 4096, 4096, US(510));
}

/* ---- seeds ------------------------------------------------------------------------------------------------------ */

#define DRAWS                                                                                                    \
	"rw: randrw, norandommap: true, number_ios: 300, ioengine: libaio, iodepth: 4, bssplit: [{size: 4 KiB, " \
	"percent: "                                                                                              \
	"50}, {size: 8 KiB}], rate_iops: 100000, rate_process: poisson"

static bool same_streams(void)
{
	if (h.num != other.num)
		return false;
	for (size_t i = 0; i < h.num; i++)
		if (memcmp(&h.log[i].request, &other.log[i].request, sizeof(io_request)) != 0 ||
		    h.log[i].submitted_ps != other.log[i].submitted_ps)
			return false;
	return true;
}

static void the_same_seed_gives_the_same_requests(void **state)
{
	source_context context = test_context();

	(void)state;
	generate_in(&h, "{kind: fio, " DRAWS "}", &context, ten_us, 1);
	generate_in(&other, "{kind: fio, " DRAWS "}", &context, ten_us, 1);
	assert_true(same_streams());
	context.seed = 2;
	generate_in(&other, "{kind: fio, " DRAWS "}", &context, ten_us, 1);
	assert_false(same_streams());
	/* The job's own seed comes before the run's. */
	generate_in(&h, "{kind: fio, randseed: 7, " DRAWS "}", &context, ten_us, 1);
	context.seed = 3;
	generate_in(&other, "{kind: fio, randseed: 7, " DRAWS "}", &context, ten_us, 1);
	assert_true(same_streams());
	context.vm = 2;
	generate_in(&other, "{kind: fio, randseed: 7, " DRAWS "}", &context, ten_us, 1);
	assert_false(same_streams());
}

/* ---- mistakes --------------------------------------------------------------------------------------------------- */

static void options_that_contradict_are_refused(void **state)
{
	(void)state;
	test_bad_workload(
		"{kind: fio, direct: false}",
		"test.yaml:1:31: error: workload.direct: buffered I/O goes through the guest's page cache, which is "
		"not simulated (direct=1, as in fio on a raw disk)\n");
	test_bad_workload(
		"{kind: fio, bs: 1000 B, offset: 100 B}",
		"test.yaml:1:27: error: workload.bs: 1000 bytes are not a multiple of 512 (such as 4 KiB)\n"
		"test.yaml:1:43: error: workload.offset: 100 bytes are not a multiple of 512 (such as 4 KiB)\n");
	test_bad_workload(
		"{kind: fio, bssplit: [{size: 4 KiB, percent: 30}, {size: 8 KiB, percent: 60}]}",
		"test.yaml:1:32: error: workload.bssplit: the shares add up to 90 % (shares of a direction add up to "
		"100)\n");
	test_bad_workload(
		"{kind: fio, rate: 1 MB/s, rate_iops: 5, size: 1 MiB, size_percent: 3}",
		"test.yaml:1:78: error: workload.size_percent: size is given as well (remove one of the two)\n"
		"test.yaml:1:48: error: workload.rate_iops: rate is given as well (remove one of the two)\n");
	test_bad_workload(
		"{kind: fio, time_based: true, rate_process: poisson, thinktime_spin: 1 us}",
		"test.yaml:1:55: error: workload.rate_process: there is no rate or rate_iops to keep (such as "
		"rate_iops=10000)\n"
		"test.yaml:1:35: error: workload.time_based: there is no runtime to go on for (such as "
		"runtime=1s)\n"
		"test.yaml:1:80: error: workload.thinktime_spin: it is longer than thinktime (a part of thinktime)\n");
	test_bad_workload("{kind: fio, bs: []}",
			  "test.yaml:1:27: error: workload.bs: 0 values for three directions (one value, "
			  "or [reads, writes, trims])\n");
}

static void refuse(const char *yaml, const char *expected)
{
	source_context context = test_context();
	test_workload workload;
	source *from;

	test_workload_load(&workload, yaml);
	assert_int_equal(source_validate(&workload.variant, &context, NULL, workload.diag), NESCSIM_CONFIG);
	test_assert_diag(workload.diag, NULL, expected);
	assert_int_equal(source_open(&workload.variant, &context, NULL, NULL, &from), NESCSIM_CONFIG);
	assert_null(from);
	test_workload_free(&workload);
}

static void a_region_must_fit_the_disk(void **state)
{
	(void)state;
	refuse("{kind: fio, offset: 1 GiB}",
	       "error: size: 0 bytes of the disk of 1073741824 bytes hold no request of 4096 (make size, or the disk, "
	       "larger)\n");
	refuse("{kind: fio, size: 512 MiB, numjobs: 4, offset_increment: 256 MiB}",
	       "error: size: the region of 536870912 bytes from byte 805306368 does not fit the disk of 1073741824 "
	       "bytes "
	       "(lower offset, offset_increment or size, or make the disk larger)\n");
	refuse("{kind: fio, size: 4 KiB, bssplit: [{size: 4 KiB}, {size: 8 KiB}]}",
	       "error: size: 4096 bytes of the disk of 1073741824 bytes hold no request of 8192 (make size, or the "
	       "disk, "
	       "larger)\n");
}

static void a_depth_without_effect_is_warned_of(void **state)
{
	source_context context = test_context();
	test_workload workload;

	(void)state;
	test_workload_load(&workload, "{kind: fio, iodepth: 4}");
	assert_int_equal(source_validate(&workload.variant, &context, NULL, workload.diag), NESCSIM_OK);
	test_assert_diag(
		workload.diag, NULL,
		"warning: iodepth 4 has no effect: a synchronous ioengine has one request outstanding (such as "
		"ioengine=libaio)\n");
	test_workload_free(&workload);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_sequence_covers_its_region_once),
		cmocka_unit_test(without_a_size_the_disk_is_the_region),
		cmocka_unit_test(percentages_are_of_the_disk),
		cmocka_unit_test(io_size_and_loops_go_over_the_region_again),
		cmocka_unit_test(number_ios_ends_a_job),
		cmocka_unit_test(mixed_directions_have_positions_of_their_own),
		cmocka_unit_test(a_random_map_covers_every_block_once_per_pass),
		cmocka_unit_test(norandommap_draws_anew),
		cmocka_unit_test(offset_increment_moves_clones),
		cmocka_unit_test(percentage_random_follows_the_last_request_otherwise),
		cmocka_unit_test(every_rw_has_its_operations),
		cmocka_unit_test(trimwrite_writes_what_it_has_trimmed),
		cmocka_unit_test(directions_have_sizes_of_their_own),
		cmocka_unit_test(requests_stay_in_their_region),
		cmocka_unit_test(flushes_follow_writes),
		cmocka_unit_test(a_job_waits_for_its_flush),
		cmocka_unit_test(iodepth_is_kept_by_asynchronous_engines_alone),
		cmocka_unit_test(clones_have_depths_of_their_own),
		cmocka_unit_test(clones_are_dealt_out_to_vcpus),
		cmocka_unit_test(a_pause_follows_every_thinktime_blocks),
		cmocka_unit_test(spinning_is_work),
		cmocka_unit_test(a_job_beyond_all_time_breaks_off),
		cmocka_unit_test(a_pause_waits_for_all_requests),
		cmocka_unit_test(a_rate_spaces_requests),
		cmocka_unit_test(who_is_behind_its_rate_makes_up_for_it),
		cmocka_unit_test(each_direction_has_its_rate),
		cmocka_unit_test(inline_submission_waits_before_it_sleeps),
		cmocka_unit_test(an_offloaded_request_arrives_when_it_is_due_and_has_a_place),
		cmocka_unit_test(runtime_ends_a_job_and_time_based_prolongs_it),
		cmocka_unit_test(startdelay_postpones_everything),
		cmocka_unit_test(the_same_seed_gives_the_same_requests),
		cmocka_unit_test(options_that_contradict_are_refused),
		cmocka_unit_test(a_region_must_fit_the_disk),
		cmocka_unit_test(a_depth_without_effect_is_warned_of),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
