/* Does one request through a virtqueue take what its segments say, are kicks and interrupts left out when the other
 * side is looking and only then, and what do joined requests and a polling thread save? */
#include "served.h"

#define NO_DLLPS "link: {dllp_share: false}\n"

/* The guest's way down: system call 300, block layer 250, driver 300, kick exit 700, event 500. */
#define KICKED_PS 2050000
/* Its way up, idle: wake-up 1,100, handler 400, EOI 700, block layer 150; then the process 1,100 and the call's return
 * 200. */
#define WAKE_PS 1100000
#define HANDLER_PS 1100000
#define BLOCK_PS 150000
#define PROCESS_PS 1300000
#define THREAD_WAKE_PS 1100000
#define TAKE_PS 1000000
#define DONE_PS 1000000 /* used ring 500, irqfd 500 */
/* The host's kernel, once it has the request: block layer 450, PF driver 200; handler 400, block layer 350. */
#define HOST_DOWN_PS 650000
#define HOST_UP_PS 750000

/* ---- one request ------------------------------------------------------------------------------------------------ */

typedef struct variant {
	const char *params;
	ps_t loop_ps;  /* of the thread */
	ps_t start_ps; /* from the batch to the host's block layer */
} variant;

static const variant variants[] = {
	{ "", 15500000, 2500000 }, /* worker 2,200, system call 300 */
	{ "thread: iothread", 1000000, 2500000 },
	{ "thread: iothread, aio: native", 1000000, 700000 },
	{ "file: true", 15500000, 2800000 }, /* and one look-up of 300 in the file's map */
	{ "thread: iothread, file: true, aio: native", 1000000, 1000000 },
	{ "suppress: false", 15500000, 2500000 },
	{ "indirect: false", 15500000, 2500000 },
};

/* From the thread's kick to its first register write. A thread sees what came a picosecond before. */
static ps_t thread_down_ps(const variant *of)
{
	return 1 + THREAD_WAKE_PS + of->loop_ps + TAKE_PS + of->start_ps + HOST_DOWN_PS;
}

/* From the device's interrupt to the guest's. */
static ps_t thread_up_ps(const variant *of)
{
	return 1 + HOST_UP_PS + THREAD_WAKE_PS + of->loop_ps + DONE_PS;
}

static void one_request_takes_the_sum_of_its_segments(void **state)
{
	static const struct {
		const char *op;
		uint64_t bytes;
	} requests[] = { { "read", 512 }, { "read", 4096 }, { "write", 512 }, { "write", 4096 } };

	(void)state;
	for (size_t i = 0; i < NUM(variants); i++)
		for (size_t j = 0; j < NUM(requests); j++)
			for (size_t p = 0; p < NUM(both_placements); p++) {
				served run = served_run(
					text_of(NO_DLLPS "schemes: [virtio: {%s}]\nvms: [{workload: {kind: dd, op: %s, "
							 "request_bytes: %d B, count: 1}}]",
						variants[i].params, requests[j].op, (int)requests[j].bytes),
					"virtio", both_placements[p]);
				const vcpu_completion *c = served_find(&run, 1, 0);
				const ps_t device_start_ps = KICKED_PS + thread_down_ps(&variants[i]);
				const ps_t device_end_ps =
					device_start_ps + pf_device_ps(device_start_ps,
								       strcmp(requests[j].op, "write") == 0, 0,
								       requests[j].bytes);
				const ps_t interrupt_ps = device_end_ps + thread_up_ps(&variants[i]);

				assert_int_equal(c->block_start_ps, 300000);
				assert_int_equal(c->device_start_ps, device_start_ps);
				assert_int_equal(c->device_end_ps, device_end_ps);
				assert_int_equal(c->block_end_ps, interrupt_ps + WAKE_PS + HANDLER_PS + BLOCK_PS);
				assert_int_equal(c->app_end_ps, c->block_end_ps + PROCESS_PS);
				served_free(&run);
			}
}

/* Of all that the guest waits for, nothing is copied, and each piece has its stage. */
static void each_segment_has_its_stage(void **state)
{
	(void)state;
	for (size_t i = 0; i < NUM(variants); i++) {
		served run =
			served_run(text_of(NO_DLLPS "schemes: [virtio: {%s}]\nvms: [{workload: {kind: dd, count: 1}}]",
					   variants[i].params),
				   "virtio", SIM_CLUSTERED);
		const latency_split *split = served_find(&run, 1, 0)->app_split;

		assert_int_equal(split->service_ps[STAGE_APP], 300000 + 1100000 + 200000);
		assert_int_equal(split->service_ps[STAGE_BLOCK], 250000);
		assert_int_equal(split->service_ps[STAGE_DRIVER], 300000);
		assert_int_equal(split->service_ps[STAGE_EXIT], 1200000);
		assert_int_equal(split->service_ps[STAGE_VMM],
				 2 * (THREAD_WAKE_PS + variants[i].loop_ps) + TAKE_PS + 500000);
		assert_int_equal(split->wait_ps[STAGE_VMM], 1);
		assert_int_equal(split->service_ps[STAGE_HOST], variants[i].start_ps + HOST_DOWN_PS + HOST_UP_PS);
		assert_int_equal(split->wait_ps[STAGE_HOST], 1);
		/* irqfd, wake-up, EOI */
		assert_int_equal(split->service_ps[STAGE_INTERRUPT], 500000 + 1100000 + 700000);
		assert_int_equal(split->service_ps[STAGE_COMPLETE], 400000 + BLOCK_PS);
		assert_int_equal(split->service_ps[STAGE_COPY] + split->wait_ps[STAGE_COPY], 0);
		assert_int_equal(split->service_ps[STAGE_WALK] + split->service_ps[STAGE_TRANSLATE], 0);
		served_free(&run);
	}
}

/* Core time by owner: the guest's 2,700 less the VF's register writes and copies; exits; the VMM's loops and
 * descriptors; the host's kernel with the thread's wake-ups. */
static void each_owner_pays_its_segments(void **state)
{
	served run = served_run("schemes: [virtio]\nvms: [{workload: {kind: dd, count: 10}}]", "virtio", SIM_CLUSTERED);

	(void)state;
	/* call 300, block layer 250, driver 300, handler 400, block layer 150, process 1,100, return 200 */
	assert_int_equal(run.vcpu_ps[1][CPU_GUEST], 10 * INT64_C(2700000));
	/* kick 700, event 500, HLT 700, wake-up 1,100, EOI 700 */
	assert_int_equal(run.vcpu_ps[1][CPU_KVM], 10 * INT64_C(3700000));
	assert_int_equal(run.thread_ps[1][CPU_KVM], 10 * INT64_C(500000));
	assert_int_equal(run.thread_ps[1][CPU_VMM], 10 * (2 * INT64_C(15500000) + 1000000 + 500000));
	/* two wake-ups, worker and call 2,500, block layers 800, driver 200, four register writes of 25, handler 400 */
	assert_int_equal(run.thread_ps[1][CPU_KERNEL],
			 10 * (2 * INT64_C(1100000) + 2500000 + 800000 + 200000 + 100000 + 400000));
	assert_int_equal(run.thread_ps[1][CPU_POLLING], 0);
	assert_int_equal(run.counts[1].num_requests, 10);
	assert_int_equal(run.counts[1].num_wakes, 20);
	assert_int_equal(run.counts[1].num_kicks, 10);
	assert_int_equal(run.counts[1].num_interrupts, 10);
	served_free(&run);
}

/* The ring limits how much is under way, not what a request may be: 64 KiB in pieces of 8 KiB, each a request of the
 * thread's. */
static void a_large_request_is_split(void **state)
{
	served run = served_run("schemes: [virtio: {max_request: 8 KiB}]\n"
				"vms: [{workload: {kind: dd, request_bytes: 64 KiB, count: 3}}]",
				"virtio", SIM_CLUSTERED);

	(void)state;
	assert_int_equal(run.num, 3);
	assert_int_equal(run.counts[1].num_requests, 24);
	served_free(&run);
}

/* ---- suppression ------------------------------------------------------------------------------------------------ */

/* A trace's requests have no system call. Each piece takes the guest 300 (driver) and, with a kick, 1,200 more. */
static const char *const two_pieces[] = { "R 0 16" };
static const char *const two_written_pieces[] = { "W 0 16" };
static const char *const three_pieces[] = { "W 0 24" };

/* The first piece is in the ring at 1,750,000 (block layer 250): a thread that takes no time to wake up looks at the
 * queue from 1,750,001 on, for as long as it takes that piece out. Whether the second one needs a kick is decided at
 * 2,050,000, by what was so just before. */
static void a_kick_is_left_out_while_the_thread_looks(void **state)
{
	static const struct {
		int take_ps;
		bool looks;
	} rows[] = { { 0, false }, { 299998, false }, { 299999, true }, { 1000000, true } };

	(void)state;
	for (size_t i = 0; i < NUM(rows); i++)
		for (int suppress = 0; suppress < 2; suppress++)
			for (size_t p = 0; p < NUM(both_placements); p++) {
				served run = served_replay(
					text_of("host: {virtqueue_take: %d ps, thread_wake: 0 ns, main_loop: 0 ns}\n"
						"schemes: [virtio: {max_request: 4 KiB, suppress: %s}]\n",
						rows[i].take_ps, suppress ? "true" : "false"),
					two_pieces, 1, 1, "virtio", both_placements[p]);
				const int num_kicks = rows[i].looks && suppress ? 1 : 2;

				assert_int_equal(run.counts[1].num_requests, 2);
				assert_int_equal(run.counts[1].num_kicks, num_kicks);
				assert_int_equal(run.counts[1].num_suppressed_kicks, 2 - num_kicks);
				assert_int_equal(served_find(&run, 1, 0)->block_split->service_ps[STAGE_EXIT],
						 num_kicks * 1200000);
				served_free(&run);
			}
}

/* The thread that woke up for the first piece serves all three: the others came while its loop ran. But it was not looking
 * then, so each had to kick. */
static void a_thread_on_its_way_does_not_look(void **state)
{
	(void)state;
	for (size_t p = 0; p < NUM(both_placements); p++) {
		served run = served_replay("schemes: [virtio: {max_request: 4 KiB}]\n", three_pieces, 1, 1, "virtio",
					   both_placements[p]);

		assert_int_equal(run.counts[1].num_kicks, 3);
		assert_int_equal(run.counts[1].num_suppressed_kicks, 0);
		assert_int_equal(run.counts[1].num_requests, 3);
		served_free(&run);
	}
}

/* Two pieces of a write that completes in the page cache; the loop hears of that in its next pass. They are taken in one
 * pass, and told of behind each other: `put` and irqfd 500 each. The guest, which wakes up in no time, is in its handler
 * from the first one's interrupt on for 1,100: the second needs no interrupt if it is decided by then. */
static void an_interrupt_is_left_out_while_the_handler_looks(void **state)
{
	static const struct {
		int put_ps;
		bool looks;
	} rows[] = { { 0, false }, { 1, true }, { 500000, true }, { 1100000, true }, { 1100001, false } };

	(void)state;
	for (size_t i = 0; i < NUM(rows); i++)
		for (int suppress = 0; suppress < 2; suppress++)
			for (size_t p = 0; p < NUM(both_placements); p++) {
				served run = served_replay(text_of("host: {virtqueue_put: %d ps, hlt_wake: 0 ns}\n"
								   "schemes: [virtio: {max_request: 4 KiB, cache: "
								   "writeback, suppress: %s}]\n",
								   rows[i].put_ps, suppress ? "true" : "false"),
							   two_written_pieces, 1, 1, "virtio", both_placements[p]);
				/* worker and call 2,500, a page 300, 4 KiB at 8.5 GB/s */
				const ps_t cached_ps = 2500000 + 300000 + 481883;
				/* the first piece's interrupt */
				const ps_t interrupt_ps = 1750001 + 1100000 + 15500000 + 2 * (1000000 + cached_ps) +
							  15500000 + rows[i].put_ps + 500000;
				const ps_t handled_ps = interrupt_ps + 1100000;
				const ps_t second_ps = interrupt_ps + rows[i].put_ps;
				const int num_interrupts = rows[i].looks && suppress ? 1 : 2;
				ps_t end_ps;

				assert_int_equal(run.counts[1].num_passes, 2);
				assert_int_equal(run.counts[1].num_interrupts, num_interrupts);
				assert_int_equal(run.counts[1].num_suppressed_interrupts, 2 - num_interrupts);
				if (suppress && (rows[i].looks || second_ps + 500000 < handled_ps))
					/* found by the handler, with or without an interrupt of its own: 100 */
					end_ps = ps_max(handled_ps, second_ps) + 100000;
				else if (second_ps + 500000 <= handled_ps)
					/* an interrupt that waited: exit 700, handler 1,100 */
					end_ps = handled_ps + 1800000;
				else
					/* HLT exit 700, no time to wake up, handler 1,100 */
					end_ps = ps_max(handled_ps + 700000, second_ps + 500000) + 1100000;
				assert_int_equal(served_find(&run, 1, 0)->block_end_ps, end_ps + 150000);
				served_free(&run);
			}
}

/* ---- joined requests -------------------------------------------------------------------------------------------- */

/* All three are in the ring by the time that the thread has woken up and looped: it takes them in one pass, and those
 * become one that continue each other. */
static void requests_that_continue_each_other_are_joined(void **state)
{
	static const struct {
		const char *requests[3];
		const char *merge;
		bool joined;
	} rows[] = {
		{ { "R 0 8", "R 800 8", "R 808 8" }, "64 KiB", true },
		{ { "W 0 8", "W 800 8", "W 808 1" }, "64 KiB", true },
		{ { "R 0 8", "R 800 8", "R 808 8" }, "8 KiB", true },
		{ { "R 0 8", "R 800 8", "R 808 9" }, "8 KiB", false }, /* too long */
		{ { "R 0 8", "R 800 8", "R 808 8" }, "0 B", false },
		{ { "R 0 8", "R 800 8", "R 809 8" }, "64 KiB", false }, /* a gap */
		{ { "R 0 8", "R 800 8", "R 792 8" }, "64 KiB", false }, /* backwards */
		{ { "R 0 8", "R 800 8", "W 808 8" }, "64 KiB", false },
		{ { "R 792 8", "R 800 8", "R 0 8" }, "64 KiB", true },  /* the first two */
		{ { "R 792 8", "R 0 8", "R 800 8" }, "64 KiB", false }, /* not behind each other in the ring */
	};

	(void)state;
	for (size_t i = 0; i < NUM(rows); i++)
		for (size_t p = 0; p < NUM(both_placements); p++) {
			served run = served_replay(
				text_of("sim: {check: true}\nschemes: [virtio: {thread: iothread, merge: %s}]\n"
					"host: {io_thread_loop: 5 us}\n",
					rows[i].merge),
				rows[i].requests, 3, 3, "virtio", both_placements[p]);

			assert_int_equal(run.counts[1].num_requests, 3);
			assert_int_equal(run.counts[1].num_merged, rows[i].joined);
			assert_int_equal(run.counts[1].path.num_device_requests, rows[i].joined ? 2 : 3);
			assert_int_equal(run.device.num_completions, rows[i].joined ? 2 : 3);
			served_free(&run);
		}
}

static ps_t hypervisor_ps(const vcpu_completion *c)
{
	ps_t sum_ps = 0;

	for (int s = STAGE_VMM; s <= STAGE_HOST; s++)
		sum_ps += c->block_split->service_ps[s] + c->block_split->wait_ps[s];
	return sum_ps;
}

/* Joined, they share the way to the device and back: one batch, 200 for joining; told of behind each other. */
static void joined_requests_share_a_path(void **state)
{
	static const char *const requests[] = { "R 800 4", "R 804 4" };

	(void)state;
	for (size_t p = 0; p < NUM(both_placements); p++) {
		served run = served_replay(NO_DLLPS "schemes: [virtio: {merge: 64 KiB}]\n", requests, 2, 2, "virtio",
					   both_placements[p]);
		const vcpu_completion *first = served_find(&run, 1, 0), *second = served_find(&run, 1, 1);
		/* The pass: wake-up, loop, two taken, joined, one worker, host. */
		const ps_t device_start_ps = 1750001 + 1100000 + 15500000 + 2000000 + 200000 + 2500000 + 650000;
		const ps_t device_end_ps = device_start_ps + pf_device_ps(device_start_ps, false, 0, 4096);

		assert_int_equal(first->device_start_ps, device_start_ps);
		assert_int_equal(first->device_end_ps, device_end_ps);
		assert_int_equal(second->device_start_ps, device_start_ps);
		assert_int_equal(second->device_end_ps, device_end_ps);
		/* The guest finds the second one as it looks for the first: 100, and 150 in the block layer. */
		assert_int_equal(second->block_end_ps, first->block_end_ps + 250000);
		/* The second one is in the ring 1,750 later, and told of 1,000 later. */
		assert_int_equal(hypervisor_ps(first), hypervisor_ps(second) + 1750000 - 1000000);
		served_free(&run);
	}
}

/* ---- polling ---------------------------------------------------------------------------------------------------- */

#define POLLING NO_DLLPS "schemes: [virtio: {thread: iothread, poll: %s}]\nvms: [{workload: {kind: dd, count: %d}}]"
#define POLLED 5

/* A thread that never looks away: the first kick wakes it up; from then on there are neither kicks nor wake-ups, its
 * event loop runs for the device's interrupts only, and all the time between is polling. */
static void polling_saves_kicks_and_wake_ups(void **state)
{
	(void)state;
	for (size_t p = 0; p < NUM(both_placements); p++) {
		served run = served_run(text_of(POLLING, "1 ms", POLLED), "virtio", both_placements[p]);
		ps_t polled_ps = 0, call_ps = 0, told_ps = 0;

		for (uint64_t i = 0; i < POLLED; i++) {
			const vcpu_completion *c = served_find(&run, 1, i);
			const ps_t seen_ps = call_ps + 850000 + (i == 0 ? 1200000 : 0) + 1;
			const ps_t device_start_ps =
				seen_ps + (i == 0 ? THREAD_WAKE_PS + 1000000 : 0) + TAKE_PS + 2500000 + HOST_DOWN_PS;
			const ps_t device_end_ps =
				device_start_ps + pf_device_ps(device_start_ps, false, i * 4096, 4096);
			const ps_t interrupt_ps = device_end_ps + 1 + HOST_UP_PS + 1000000 + DONE_PS;

			assert_int_equal(c->device_start_ps, device_start_ps);
			assert_int_equal(c->device_end_ps, device_end_ps);
			assert_int_equal(c->app_end_ps, interrupt_ps + WAKE_PS + HANDLER_PS + BLOCK_PS + PROCESS_PS);
			/* for the request (but the first), and for the device behind four register writes */
			polled_ps += (i == 0 ? 0 : seen_ps - told_ps) + device_end_ps + 1 - (device_start_ps + 100000);
			told_ps = interrupt_ps;
			call_ps = c->app_end_ps;
		}
		assert_int_equal(run.thread_ps[1][CPU_POLLING], polled_ps);
		assert_int_equal(run.counts[1].num_wakes, 1);
		assert_int_equal(run.counts[1].num_kicks, 1);
		assert_int_equal(run.counts[1].num_suppressed_kicks, POLLED - 1);
		served_free(&run);
	}
}

/* A thread that looks for 1 us only, less than anything takes: it sleeps each time, and has burnt the 1 us for nothing.
 */
static void polling_in_vain_costs_and_saves_nothing(void **state)
{
	(void)state;
	for (size_t p = 0; p < NUM(both_placements); p++) {
		served polls = served_run(text_of(POLLING, "1 us", POLLED), "virtio", both_placements[p]);
		served sleeps = served_run(text_of(POLLING, "0 us", POLLED), "virtio", both_placements[p]);

		assert_int_equal(polls.num, POLLED);
		for (size_t i = 0; i < POLLED; i++)
			assert_int_equal(polls.all[i].c.app_end_ps, sleeps.all[i].c.app_end_ps);
		assert_int_equal(polls.counts[1].num_wakes, 2 * POLLED);
		assert_int_equal(polls.counts[1].num_suppressed_kicks, 0);
		/* before each wake-up but the first, from sleep */
		assert_int_equal(polls.thread_ps[1][CPU_POLLING], (2 * POLLED - 1) * INT64_C(1000000));
		assert_int_equal(sleeps.thread_ps[1][CPU_POLLING], 0);
		served_free(&polls);
		served_free(&sleeps);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_request_takes_the_sum_of_its_segments),
		cmocka_unit_test(each_segment_has_its_stage),
		cmocka_unit_test(each_owner_pays_its_segments),
		cmocka_unit_test(a_large_request_is_split),
		cmocka_unit_test(a_kick_is_left_out_while_the_thread_looks),
		cmocka_unit_test(a_thread_on_its_way_does_not_look),
		cmocka_unit_test(an_interrupt_is_left_out_while_the_handler_looks),
		cmocka_unit_test(requests_that_continue_each_other_are_joined),
		cmocka_unit_test(joined_requests_share_a_path),
		cmocka_unit_test(polling_saves_kicks_and_wake_ups),
		cmocka_unit_test(polling_in_vain_costs_and_saves_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
