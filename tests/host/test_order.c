/* Do flushes, preflushes and discards do what the block layer promises, and does every request's time add up? */
#include "timing/replay.h"

#include <unistd.h>

#include "base/rng.h"

#define FAST_DISK "vms: [{disk: {bytes: 16 MiB}, workload: {kind: trace, file: %s, policy: fast, depth: 32}}]"

/* Replays a trace given as "RWBS sector sectors" lines, all submitted as fast as possible in this order. */
static replay replay_trace(const char *const *requests, size_t num_requests, const char *scheme,
			   sim_placement placement)
{
	char name[] = P_tmpdir "/nescsim-order-XXXXXX";
	const int descriptor = mkstemp(name);
	FILE *file = fdopen(descriptor, "w");
	replay run;

	assert_non_null(file);
	for (size_t i = 0; i < num_requests; i++) {
		char kind[8];
		unsigned sector = 0, sectors = 0;
		const int num = sscanf(requests[i], "%7s %u %u", kind, &sector, &sectors);

		for (int event = 0; event < 2; event++) {
			fprintf(file, "8,0 0 1 0.%09d 1 %c %s", (int)(1000 * i + 500 * (size_t)event),
				event == 0 ? 'D' : 'C', kind);
			if (num == 3)
				fprintf(file, " %u + %u", sector, sectors);
			else if (event == 1)
				fputs(" 0", file);
			fputs(event == 0 ? " [a]\n" : " [0]\n", file);
		}
	}
	fclose(file);
	run = replay_run(text_of(FAST_DISK, name), scheme, placement);
	unlink(name);
	assert_int_equal(run.num, num_requests);
	return run;
}

static const char *const schemes[] = { "nesc", "host" };

static const vcpu_completion *find(const replay *run, uint64_t number)
{
	return &replay_find(run, 1, number)->c;
}

/* A flush goes to the driver (200 ns of work) when the last of the writes before it has completed in the block layer;
 * it waits for no later write, and holds none up. */
static void a_flush_waits_for_earlier_writes(void **state)
{
	static const char *const requests[] = { "W 0 8", "W 8 64", "R 800 8", "W 100 2", "FN", "W 200 128", "R 900 8" };

	(void)state;
	for (size_t s = 0; s < NUM(schemes); s++)
		for (size_t p = 0; p < NUM(both_placements); p++) {
			replay run = replay_trace(requests, NUM(requests), schemes[s], both_placements[p]);
			const vcpu_completion *flush = find(&run, 4);
			ps_t last_ps = 0;

			assert_int_equal(replay_find(&run, 1, 4)->request.op, IO_FLUSH);
			for (uint64_t i = 0; i < 4; i++)
				if (i != 2)
					last_ps = ps_max(last_ps, find(&run, i)->block_end_ps);
			assert_int_equal(flush->device_start_ps, last_ps + 200000);
			assert_true(flush->block_start_ps < last_ps);
			assert_true(find(&run, 5)->device_start_ps < last_ps); /* not held up */
			assert_true(find(&run, 5)->block_end_ps > flush->block_end_ps);
			replay_free(&run);
		}
}

/* A flush with reads outstanding only goes at once, behind them: reads need not be durable. */
static void a_flush_does_not_wait_for_reads(void **state)
{
	static const char *const requests[] = { "R 0 128", "FN" };

	(void)state;
	for (size_t s = 0; s < NUM(schemes); s++) {
		replay run = replay_trace(requests, NUM(requests), schemes[s], SIM_CLUSTERED);

		assert_true(find(&run, 1)->device_start_ps < find(&run, 0)->device_end_ps);
		assert_int_equal(find(&run, 1)->block_split->wait_ps[STAGE_DRIVER], 0);
		replay_free(&run);
	}
}

/* A write with a preflush waits like a flush; a later flush waits for it in turn. FUA alone waits for nothing. */
static void a_preflush_waits_and_is_waited_for(void **state)
{
	static const char *const requests[] = { "W 0 64", "FW 64 8", "WF 128 8", "FN" };

	(void)state;
	for (size_t s = 0; s < NUM(schemes); s++)
		for (size_t p = 0; p < NUM(both_placements); p++) {
			replay run = replay_trace(requests, NUM(requests), schemes[s], both_placements[p]);
			const ps_t copy_ps = s == 0 ? 481883 : 0; /* 4 KiB to the trampoline, on nesc */

			assert_true(replay_find(&run, 1, 1)->request.preflush);
			assert_true(replay_find(&run, 1, 2)->request.fua);
			assert_false(replay_find(&run, 1, 2)->request.preflush);
			assert_int_equal(find(&run, 1)->device_start_ps,
					 find(&run, 0)->block_end_ps + 200000 + copy_ps);
			assert_true(find(&run, 2)->device_start_ps < find(&run, 0)->block_end_ps);
			assert_true(find(&run, 3)->device_start_ps >= find(&run, 1)->block_end_ps + 200000);
			replay_free(&run);
		}
}

/* The device knows no discard: the block layer ends it (250 + 150 ns in the guest, 450 + 350 in the host). */
static void a_discard_ends_in_the_block_layer(void **state)
{
	static const char *const requests[] = { "D 0 1024", "R 0 8" };

	(void)state;
	for (size_t s = 0; s < NUM(schemes); s++) {
		replay run = replay_trace(requests, NUM(requests), schemes[s], SIM_CLUSTERED);

		assert_int_equal(replay_find(&run, 1, 0)->request.op, IO_DISCARD);
		assert_false(find(&run, 0)->has_device);
		assert_int_equal(find(&run, 0)->block_end_ps - find(&run, 0)->block_start_ps, s == 0 ? 400000 : 800000);
		assert_true(find(&run, 1)->has_device);
		assert_int_equal(run.result.counts.num_completions, 1);
		assert_int_equal(run.result.counts.num_blocks, 4);
		replay_free(&run);
	}
}

/* A flush is one empty block through all units: no copy, no host read, no access of the medium. */
static void a_flush_moves_nothing(void **state)
{
	static const char *const requests[] = { "FN", "W 0 1" };

	(void)state;
	for (size_t s = 0; s < NUM(schemes); s++) {
		replay run = replay_trace(requests, NUM(requests), schemes[s], SIM_CLUSTERED);

		assert_int_equal(run.result.counts.num_blocks, 2);
		assert_int_equal(run.result.counts.num_written_blocks, 1);
		assert_int_equal(find(&run, 0)->block_split->service_ps[STAGE_COPY], 0);
		assert_int_equal(find(&run, 0)->block_split->service_ps[STAGE_MEDIA],
				 4000); /* a cycle through its unit */
		assert_int_equal(find(&run, 0)->block_split->service_ps[STAGE_LINK], 0);
		replay_free(&run);
	}
}

/* ---- holes ------------------------------------------------------------------------------------------------------ */

#define ALL_HOLES                                                                                                \
	"vms: [{disk: {bytes: 1 MiB, map: {kind: fragmented, hole_percent: 100}}, workload: {kind: dd, op: %s, " \
	"count: 20, depth: 4}}]"

/* Nothing to write to: but for the one that gets the last 4 KiB every write fails, on the VF once the hypervisor has said so, on
 * the host before the device sees it; the run goes on to its end. */
static void writes_to_holes_fail(void **state)
{
	(void)state;
	for (size_t s = 0; s < NUM(schemes); s++) {
		uint64_t num_refused = 0;
		replay run = replay_run(text_of("hypervisor: {quota: 4 KiB}\n" ALL_HOLES, "write"), schemes[s],
					SIM_CLUSTERED);

		assert_int_equal(run.result.num_completed, 20);
		assert_int_equal(run.result.num_failed, s == 0 ? 19 : 20);
		for (size_t i = 0; i < run.num; i++)
			num_refused +=
				run.all[i].c.status == (s == 0 ? NESC_COMPLETION_QUOTA : NESC_COMPLETION_NO_MAPPING);
		assert_int_equal(num_refused, run.result.num_failed);
		replay_free(&run);
	}
}

static void reads_of_holes_do_not_fail(void **state)
{
	(void)state;
	for (size_t s = 0; s < NUM(schemes); s++) {
		replay run = replay_run(text_of(ALL_HOLES, "read"), schemes[s], SIM_CLUSTERED);

		assert_int_equal(run.result.num_failed, 0);
		assert_int_equal(run.result.counts.num_completions, s == 0 ? 20 : 0);
		assert_int_equal(run.result.counts.num_zero_blocks, s == 0 ? 80 : 0);
		replay_free(&run);
	}
}

/* ---- accounting ------------------------------------------------------------------------------------------------- */

/* Random workloads, thousands of requests: replay_run() asserts that in each layer the pieces of each request are not
 * negative and sum exactly to its latency. */
static void every_picosecond_has_a_stage(void **state)
{
	static const char *const arrivals[] = { "", ", think: 3 us", ", arrival: poisson, interval: 6 us" };
	uint64_t num_requests = 0;

	(void)state;
	for (uint64_t number = 0; number < 24; number++) {
		rng_stream rng = rng_open(number, "accounting", 0);
		const char *text = text_of("guest: {vcpus: %d}\nnesc: {btlb: {entries: %d}, walker: {count: %d}, "
					   "vlba_queue: %d, plba_queue: %d, "
					   "dma: {queue: %d, outstanding_reads: %d}}\n"
					   "vms: [{count: %d, disk: {bytes: 2 MiB, map: {kind: fragmented, min_extent: "
					   "1 KiB, max_extent: 20 KiB}}, "
					   "workload: {kind: dd, op: mixed, pattern: random, request_bytes: %d B, "
					   "count: 300, depth: %d%s}}]",
					   1 + (int)rng_uniform_u64(&rng, 3), 1 + (int)rng_uniform_u64(&rng, 16),
					   1 + (int)rng_uniform_u64(&rng, 4), 1 + (int)rng_uniform_u64(&rng, 16),
					   1 + (int)rng_uniform_u64(&rng, 16), 1 + (int)rng_uniform_u64(&rng, 8),
					   1 + (int)rng_uniform_u64(&rng, 8), 1 + (int)rng_uniform_u64(&rng, 3),
					   512 * (1 + (int)rng_uniform_u64(&rng, 40)),
					   1 + (int)rng_uniform_u64(&rng, 16), arrivals[number % 3]);
		replay run = replay_run_seeded(text, schemes[number % 2], SIM_CLUSTERED, number);

		assert_int_equal(run.result.num_failed, 0);
		for (size_t i = 0; i < run.num; i++) {
			const vcpu_completion *c = &run.all[i].c;

			/* the layers nest; a piece of a split request is within the whole */
			assert_true(c->has_app && c->has_device);
			assert_true(c->app_start_ps <= c->block_start_ps && c->block_start_ps <= c->device_start_ps);
			assert_true(c->device_end_ps <= c->block_end_ps && c->block_end_ps <= c->app_end_ps);
			assert_true(c->device_start_ps < c->device_end_ps);
		}
		num_requests += run.num;
		replay_free(&run);
	}
	assert_true(num_requests > 7000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_flush_waits_for_earlier_writes),
		cmocka_unit_test(a_flush_does_not_wait_for_reads),
		cmocka_unit_test(a_preflush_waits_and_is_waited_for),
		cmocka_unit_test(a_discard_ends_in_the_block_layer),
		cmocka_unit_test(a_flush_moves_nothing),
		cmocka_unit_test(writes_to_holes_fail),
		cmocka_unit_test(reads_of_holes_do_not_fail),
		cmocka_unit_test(every_picosecond_has_a_stage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
