/* Does the guest's time pass as its segments say: interrupts, idling, thinking, splitting? */
#include "replay.h"

#define NO_DLLPS "link: {dllp_share: false}\n"

/* Two single-sector reads with 50 us of think time between their submissions, both allowed to be outstanding: the first
 * interrupt finds the core thinking. Times of the first request as in test_life.c: the core is done with its submission
 * at 850,000 (nesc) and 1,050,000 (host); the interrupt comes at 3,212,000 and 2,672,000. */
#define THINKING NO_DLLPS "vms: [{workload: {kind: dd, request_bytes: 512 B, count: 2, depth: 2, think: 50 us}}]"

/* A running vCPU pays the exit and injection (700) instead of the wake-up (1,100), and no HLT exit: handler 400, EOI
 * 700, copy 60,236 ps, block layer 150: 2,010,236 ps after the interrupt. */
static void an_interrupt_of_a_running_vcpu_costs_an_exit(void **state)
{
	(void)state;
	for (size_t p = 0; p < NUM(both_placements); p++) {
		replay run = replay_run(THINKING, "nesc", both_placements[p]);
		const vcpu_completion *c = &replay_find(&run, 1, 0)->c;

		assert_int_equal(c->device_end_ps, 3212000);
		assert_int_equal(c->block_end_ps, 3212000 + 700000 + 400000 + 700000 + 60236 + 150000);
		assert_int_equal(c->app_end_ps, c->block_end_ps + 1300000);
		assert_int_equal(c->app_split->service_ps[STAGE_INTERRUPT], 1400000);
		replay_free(&run);
	}
}

/* The work resumes behind the interrupt: all that the interrupt took is added to it, and not a picosecond more. */
static void thinking_is_pushed_back_by_interrupts(void **state)
{
	(void)state;
	for (size_t p = 0; p < NUM(both_placements); p++) {
		replay nesc = replay_run(THINKING, "nesc", both_placements[p]);
		replay host = replay_run(THINKING, "host", both_placements[p]);

		/* exit 700, handler 400, EOI 700, copy, block layer 150, process 1,300 ns */
		assert_int_equal(replay_find(&nesc, 1, 1)->c.app_start_ps, 850000 + 50000000 + 3250000 + 60236);
		/* handler 400, block layer 350, process 1,300 ns */
		assert_int_equal(replay_find(&host, 1, 1)->c.app_start_ps, 1050000 + 50000000 + 2050000);
		replay_free(&nesc);
		replay_free(&host);
	}
}

/* With a depth of 1 the interrupt finds the vCPU idle: 3,212,000 + 1,100,000 + ...: 400,000 later than when it ran. */
static void an_interrupt_of_an_idle_vcpu_wakes_it(void **state)
{
	(void)state;
	for (size_t p = 0; p < NUM(both_placements); p++) {
		replay run = replay_run(NO_DLLPS "vms: [{workload: {kind: dd, request_bytes: 512 B, count: 2}}]",
					"nesc", both_placements[p]);
		const vcpu_completion *c = &replay_find(&run, 1, 0)->c;

		assert_int_equal(c->block_end_ps, 3212000 + 1100000 + 400000 + 700000 + 60236 + 150000);
		assert_int_equal(c->app_split->service_ps[STAGE_INTERRUPT], 1800000);
		replay_free(&run);
	}
}

/* A device so fast that its interrupt comes while the vCPU is still on its way into HLT (700 ns from 850,000): it waits
 * for the exit to end, then takes the idle path. */
static void an_interrupt_during_the_hlt_exit_waits_for_it(void **state)
{
	static const char text[] =
		"link: {dllp_share: false, generation: 5, lanes: 16, latency: 0 ps, rc_latency: 0 ps}\n"
		"media: {kind: null}\nnesc: {dma: {read_setup: 0, completion_setup: 0}}\n"
		"host: {exit_hlt: %d ns}\nvms: [{workload: {kind: dd, request_bytes: 512 B, count: 1}}]";

	(void)state;
	for (size_t p = 0; p < NUM(both_placements); p++) {
		replay quick = replay_run(text_of(text, 0), "nesc", both_placements[p]);
		replay slow = replay_run(text_of(text, 10000), "nesc", both_placements[p]);
		const ps_t interrupt_ps = quick.all[0].c.device_end_ps;

		assert_int_equal(slow.all[0].c.device_end_ps, interrupt_ps);
		assert_true(interrupt_ps < 850000 + 10000000);
		assert_int_equal(quick.all[0].c.block_end_ps, interrupt_ps + 2350000 + 60236);
		assert_int_equal(slow.all[0].c.block_end_ps, 850000 + 10000000 + 2350000 + 60236);
		assert_int_equal(slow.all[0].c.block_split->wait_ps[STAGE_INTERRUPT], 850000 + 10000000 - interrupt_ps);
		replay_free(&quick);
		replay_free(&slow);
	}
}

/* A timer wakes an idle vCPU like an interrupt: HLT exit, then the wake-up (1,100 ns) before it submits; latency counts
 * from the arrival all the same. */
static void a_timer_wakes_an_idle_vcpu(void **state)
{
	static const char text[] = NO_DLLPS
		"vms: [{workload: {kind: dd, request_bytes: 512 B, count: 3, arrival: periodic, interval: 1 ms}}]";

	(void)state;
	for (size_t p = 0; p < NUM(both_placements); p++) {
		replay nesc = replay_run(text, "nesc", both_placements[p]);
		replay host = replay_run(text, "host", both_placements[p]);

		for (uint64_t i = 1; i < 3; i++) {
			const vcpu_completion *guest = &replay_find(&nesc, 1, i)->c,
					      *bare = &replay_find(&host, 1, i)->c;

			assert_int_equal(guest->app_start_ps, (ps_t)i * PS_PER_MS);
			assert_int_equal(guest->app_split->wait_ps[STAGE_APP], 1100000);
			assert_int_equal(guest->device_start_ps, (ps_t)i * PS_PER_MS + 1100000 + 750000);
			assert_int_equal(bare->app_start_ps, (ps_t)i * PS_PER_MS);
			assert_int_equal(bare->app_split->wait_ps[STAGE_APP], 0);
			assert_int_equal(bare->device_start_ps, (ps_t)i * PS_PER_MS + 950000);
		}
		replay_free(&nesc);
		replay_free(&host);
	}
}

/* On the PF a request ends where the file's extent ends: 64 KiB over extents of 4 KiB are 16 commands; a VF takes it
 * whole. */
static void the_host_splits_at_extents(void **state)
{
	static const char text[] =
		"vms: [{disk: {bytes: 1 MiB, map: {kind: fragmented, min_extent: 4 KiB, max_extent: 4 KiB}}, "
		"workload: {kind: dd, op: %s, request_bytes: 64 KiB, count: 16}}]";
	static const char *const ops[] = { "read", "write" };

	(void)state;
	for (size_t i = 0; i < NUM(ops); i++) {
		replay host = replay_run(text_of(text, ops[i]), "host", SIM_CLUSTERED);
		replay nesc = replay_run(text_of(text, ops[i]), "nesc", SIM_CLUSTERED);

		assert_int_equal(host.result.num_completed, 16);
		assert_int_equal(host.result.counts.num_completions, 16 * 16);
		assert_int_equal(host.result.counts.num_blocks, 1024);
		assert_int_equal(nesc.result.num_completed, 16);
		assert_int_equal(nesc.result.counts.num_completions, 16);
		assert_int_equal(nesc.result.counts.num_blocks, 1024);
		replay_free(&host);
		replay_free(&nesc);
	}
}

/* Extents of a random size, requests that straddle them: as many commands as extents are touched, counted from the
 * layout. */
static void the_host_splits_as_often_as_the_layout_says(void **state)
{
	enum {
		KIB = 24,
		COUNT = 40
	};
	disk_map_fragmented map = { .min_extent_bytes = 1024, .max_extent_bytes = 9 * 1024 };
	const disk_config disk = { .num_bytes = KIB * COUNT * 1024,
				   .map = { .index = DISK_MAP_FRAGMENTED, .params = &map } };
	uint64_t num_pieces = 0;
	disk_layout layout;
	replay run = replay_run_seeded(
		text_of("vms: [{disk: {bytes: %d KiB, map: {kind: fragmented, min_extent: 1 KiB, max_extent: 9 KiB}}, "
			"workload: {kind: dd, request_bytes: %d KiB, count: %d}}]",
			KIB * COUNT, KIB, COUNT),
		"host", SIM_CLUSTERED, 5);

	(void)state;
	assert_int_equal(disk_layout_init(&layout, &disk, 0, 5, 1, NULL), NESCSIM_OK);
	for (uint64_t request = 0; request < COUNT; request++)
		for (uint64_t block = request * KIB; block < (request + 1) * KIB; block++)
			num_pieces += block == request * KIB ||
				      disk_layout_find(&layout, block) != disk_layout_find(&layout, block - 1);
	assert_true(num_pieces > 2 * COUNT);
	assert_int_equal(run.result.counts.num_completions, num_pieces);
	disk_layout_fini(&layout);
	replay_free(&run);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_interrupt_of_a_running_vcpu_costs_an_exit),
		cmocka_unit_test(thinking_is_pushed_back_by_interrupts),
		cmocka_unit_test(an_interrupt_of_an_idle_vcpu_wakes_it),
		cmocka_unit_test(an_interrupt_during_the_hlt_exit_waits_for_it),
		cmocka_unit_test(a_timer_wakes_an_idle_vcpu),
		cmocka_unit_test(the_host_splits_at_extents),
		cmocka_unit_test(the_host_splits_as_often_as_the_layout_says),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
