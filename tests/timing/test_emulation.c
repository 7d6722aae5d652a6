/* Does an emulated disk's request take what its trapped accesses and segments say, is one under way at a time where the
 * controller takes one, and does direct assignment take nothing but the guest and the device? */
#include "served.h"

#define NO_DLLPS "link: {dllp_share: false}\n"

#define TRAP_PS 7500000 /* to user space and back 2,300, device model 5,200 */

/* PIO: a block's status and two string instructions. Before each but the first, an interrupt 700 and its handler 400.
 */
#define CHUNK_PS (3 * TRAP_PS)

/* From the guest's command to the device: a picosecond until the thread sees it, command begins 1,000, worker 2,200,
 * call 300, block layer 450, PF driver 200. */
#define DOWN_PS 4150001
/* From the device's interrupt to the guest's: handler 400, block layer 350, wake-up 1,100, main loop 15,500, command
 * ends 500, line 1,000. */
#define UP_PS 18850001

typedef struct variant {
	const char *params;
	int num_submit, num_handler; /* traps */
	bool pio;
} variant;

static const variant variants[] = {
	{ "", 12, 5, false },        { "lba48: true", 17, 5, false },           { "controller: ahci", 1, 5, false },
	{ "mode: pio", 7, 1, true }, { "mode: pio, lba48: true", 12, 1, true },
};

static ps_t copy_ps(uint64_t bytes)
{
	return (ps_t)((bytes * 2000 + 16) / 17); /* at 8,500 MB/s, rounded up */
}

static void one_request_takes_its_traps_and_segments(void **state)
{
	static const struct {
		const char *op;
		uint64_t bytes;
	} requests[] = { { "read", 512 }, { "read", 4096 }, { "write", 1024 }, { "write", 4096 } };

	(void)state;
	for (size_t i = 0; i < NUM(variants); i++)
		for (size_t j = 0; j < NUM(requests); j++)
			for (size_t p = 0; p < NUM(both_placements); p++) {
				const variant *of = &variants[i];
				const bool write = strcmp(requests[j].op, "write") == 0;
				const ps_t chunk_ps = of->pio ? CHUNK_PS + copy_ps(requests[j].bytes) : 0;
				served run = served_run(
					text_of(NO_DLLPS
						"schemes: [emulation: {%s}]\nvms: [{workload: {kind: dd, op: %s, "
						"request_bytes: %d B, count: 1}}]",
						of->params, requests[j].op, (int)requests[j].bytes),
					"emulation", both_placements[p]);
				const vcpu_completion *c = served_find(&run, 1, 0);
				/* call 300, block layer 250, ATA driver 1,000 */
				const ps_t device_start_ps =
					1550000 + (write ? chunk_ps : 0) + of->num_submit * TRAP_PS + DOWN_PS;
				const ps_t device_end_ps =
					device_start_ps + pf_device_ps(device_start_ps, write, 0, requests[j].bytes);

				assert_int_equal(c->device_start_ps, device_start_ps);
				assert_int_equal(c->device_end_ps, device_end_ps);
				/* wake-up 1,100, handler 400, EOI 700, its traps, the data, block layer 150 */
				assert_int_equal(c->block_end_ps, device_end_ps + UP_PS + 2200000 +
									  of->num_handler * TRAP_PS +
									  (write ? 0 : chunk_ps) + 150000);
				assert_int_equal(c->app_end_ps, c->block_end_ps + 1300000);
				assert_int_equal(c->app_split->service_ps[STAGE_COPY],
						 of->pio ? copy_ps(requests[j].bytes) : 0);
				assert_int_equal(c->app_split->service_ps[STAGE_EXIT],
						 (of->num_submit + of->num_handler + (of->pio ? 3 : 0)) * 2300000);
				served_free(&run);
			}
}

/* PIO: a block of 16 sectors each; the last one may be short. 20 KiB are three, the last of 4 KiB. */
static void each_block_of_pio_data_is_moved(void **state)
{
	static const struct {
		uint64_t bytes;
		int num_chunks;
	} rows[] = { { 4096, 1 }, { 8192, 1 }, { 8704, 2 }, { 16384, 2 }, { 20480, 3 } };

	(void)state;
	for (size_t i = 0; i < NUM(rows); i++)
		for (int write = 0; write < 2; write++) {
			served run =
				served_run(text_of("schemes: [emulation: {mode: pio}]\nvms: [{workload: {kind: dd, op: "
						   "%s, request_bytes: %d B, count: 1}}]",
						   write ? "write" : "read", (int)rows[i].bytes),
					   "emulation", SIM_CLUSTERED);
			const latency_split *split = served_find(&run, 1, 0)->block_split;
			const ps_t last_bytes = (ps_t)rows[i].bytes - (rows[i].num_chunks - 1) * 8192;

			assert_int_equal(split->service_ps[STAGE_EXIT], (7 + 1 + 3 * rows[i].num_chunks) * 2300000);
			/* line 1,000, wake-up 1,100, EOI 700; handler 400, block layer 150 */
			assert_int_equal(split->service_ps[STAGE_INTERRUPT],
					 2800000 + (rows[i].num_chunks - 1) * 700000);
			assert_int_equal(split->service_ps[STAGE_COMPLETE], 550000 + (rows[i].num_chunks - 1) * 400000);
			assert_int_equal(split->service_ps[STAGE_COPY],
					 (rows[i].num_chunks - 1) * copy_ps(8192) + copy_ps((uint64_t)last_bytes));
			served_free(&run);
		}
}

/* ---- several requests ------------------------------------------------------------------------------------------- */

static const char *const two_reads[] = { "R 0 8", "R 800 8" };

/* IDE takes one command: the second is prepared and trapped for when the first has gone through the block layer. */
static void ide_takes_one_command_at_a_time(void **state)
{
	(void)state;
	for (size_t p = 0; p < NUM(both_placements); p++) {
		served run = served_replay("schemes: [emulation]\n", two_reads, 2, 2, "emulation", both_placements[p]);
		const vcpu_completion *first = served_find(&run, 1, 0), *second = served_find(&run, 1, 1);

		assert_true(second->block_start_ps < first->device_start_ps);
		assert_int_equal(second->device_start_ps, first->block_end_ps + 1000000 + 12 * TRAP_PS + DOWN_PS);
		served_free(&run);
	}
}

static int by_device_start(const void *a, const void *b)
{
	const ps_t x = ((const seen *)a)->c.device_start_ps, y = ((const seen *)b)->c.device_start_ps;

	return x < y ? -1 : x > y;
}

/* Nor of two vCPUs: it is one controller. */
static void ide_takes_one_command_of_all_vcpus(void **state)
{
	(void)state;
	for (size_t p = 0; p < NUM(both_placements); p++) {
		served run = served_run(
			"guest: {vcpus: 3}\nschemes: [emulation]\nvms: [{disk: {bytes: 4 MiB}, workload: {kind: "
			"dd, op: mixed, count: 60, depth: 3}}]",
			"emulation", both_placements[p]);

		assert_int_equal(run.num, 60);
		qsort(run.all, run.num, sizeof(seen), by_device_start);
		for (size_t i = 1; i < run.num; i++) {
			/* taken in the pass that told of the one before, at the earliest: begins 1,000, worker and host
			 */
			assert_true(run.all[i].c.device_start_ps >= run.all[i - 1].c.device_end_ps + UP_PS + 4150000);
		}
		served_free(&run);
	}
}

/* AHCI takes 31: the second follows as soon as the core can prepare it. */
static void ahci_commands_overlap(void **state)
{
	(void)state;
	for (size_t p = 0; p < NUM(both_placements); p++) {
		served run = served_replay("schemes: [emulation: {controller: ahci}]\n", two_reads, 2, 2, "emulation",
					   both_placements[p]);

		/* block layer 250, ATA driver 1,000, one trap: each */
		assert_int_equal(served_find(&run, 1, 0)->device_start_ps, 1250000 + TRAP_PS + DOWN_PS);
		assert_int_equal(served_find(&run, 1, 1)->device_start_ps, 2 * (1250000 + TRAP_PS) + DOWN_PS);
		assert_true(served_find(&run, 1, 1)->device_start_ps < served_find(&run, 1, 0)->block_end_ps);
		served_free(&run);
	}
}

/* 40 reads at once: no more than 31 are under way, and that many are. */
static void ahci_takes_31_commands(void **state)
{
	served run = served_run(
		"schemes: [emulation: {controller: ahci}]\nmedia: {kind: \"null\", mean: 10 ms, servers: 64}\n"
		"vms: [{workload: {kind: dd, request_bytes: 1 KiB, count: 40, depth: 40}}]",
		"emulation", SIM_CLUSTERED);
	ps_t first_end_ps = PS_MAX;
	int num_before = 0;

	(void)state;
	for (size_t i = 0; i < run.num; i++)
		first_end_ps = ps_min(first_end_ps, run.all[i].c.block_end_ps);
	for (size_t i = 0; i < run.num; i++)
		num_before += run.all[i].c.device_start_ps < first_end_ps;
	assert_int_equal(num_before, 31);
	served_free(&run);
}

/* FLUSH CACHE is no queued command: it waits for the read before it, and the read behind it waits for it. */
static void a_flush_has_the_device_to_itself(void **state)
{
	static const char *const requests[] = { "R 0 8", "FN", "R 800 8" };
	static const int num_traps[] = { 1, 12 };

	(void)state;
	for (int ide = 0; ide < 2; ide++)
		for (size_t p = 0; p < NUM(both_placements); p++) {
			served run = served_replay(
				text_of("device: {volatile_cache: true}\nschemes: [emulation: {controller: %s}]\n",
					ide ? "ide" : "ahci"),
				requests, 3, 3, "emulation", both_placements[p]);
			const vcpu_completion *flush = served_find(&run, 1, 1), *after = served_find(&run, 1, 2);
			const ps_t down_ps = 1000000 + num_traps[ide] * TRAP_PS + DOWN_PS;

			/* fdatasync() 3,200 by a worker, instead of worker and call */
			assert_int_equal(flush->device_start_ps,
					 served_find(&run, 1, 0)->block_end_ps + down_ps - 2500000 + 3200000);
			assert_int_equal(after->device_start_ps, flush->block_end_ps + down_ps);
			served_free(&run);
		}
}

/* Nor is another vCPU's command under way meanwhile. The commit blocks of a filesystem end with a flush, which may have
 * pages to write before, for 200 us, and is told of when all that is on the medium; reads go on beside them. */
static void a_flush_has_the_device_of_all_vcpus_to_itself(void **state)
{
	served run = served_run(
		"device: {volatile_cache: true}\nguest: {vcpus: 2}\nmedia: {kind: \"null\", mean: 200 us, servers: "
		"64}\n"
		"schemes: [emulation: {controller: ahci, cache: writeback}]\n"
		"vms: [{disk: {bytes: 64 MiB}, filesystem: ext4, workload: {kind: dd, op: mixed, count: 600, "
		"pattern: random, depth: 2, region_bytes: 16 MiB}}]",
		"emulation", SIM_CLUSTERED);
	int num_flushes = 0;

	(void)state;
	for (size_t i = 0; i < run.num; i++) {
		const vcpu_completion *flush = &run.all[i].c;

		if (!flush->has_block || !run.all[i].request.fua)
			continue;
		num_flushes++;
		for (size_t j = 0; j < run.num; j++) {
			const vcpu_completion *other = &run.all[j].c;

			/* a thread that is awake need not wake up */
			if (j != i && other->has_block && other->has_device)
				assert_true(other->device_end_ps <= flush->device_start_ps ||
					    other->device_start_ps >= flush->device_end_ps + UP_PS - 1100001);
		}
	}
	assert_in_range(num_flushes, 250, 350);
	served_free(&run);
}

/* The same through a virtqueue: nobody waits for anybody. */
static void a_virtqueues_flush_has_not(void **state)
{
	static const char *const requests[] = { "R 0 8", "FN", "R 800 8" };
	served run = served_replay("device: {volatile_cache: true}\nschemes: [virtio: {thread: iothread}]\nmedia: "
				   "{kind: \"null\", mean: 1 ms, servers: 8}\n",
				   requests, 3, 3, "virtio", SIM_CLUSTERED);
	const ps_t first_end_ps = served_find(&run, 1, 0)->device_end_ps;

	(void)state;
	assert_true(served_find(&run, 1, 1)->device_start_ps < first_end_ps);
	assert_true(served_find(&run, 1, 2)->device_start_ps < first_end_ps);
	served_free(&run);
}

/* ---- direct assignment ------------------------------------------------------------------------------------------ */

/* System call 300, block layer 250, driver 200; the PF's part; HLT wake-up 1,100, handler 400, EOI 700, block layer
 * 150: the guest's, without copies, walks or a hypervisor. */
static void a_device_of_ones_own_takes_the_guest_and_the_device(void **state)
{
	static const uint64_t sizes[] = { 512, 4096 };

	(void)state;
	for (size_t i = 0; i < NUM(sizes); i++)
		for (int write = 0; write < 2; write++)
			for (size_t p = 0; p < NUM(both_placements); p++) {
				served run = served_run(text_of(NO_DLLPS
								"schemes: [vfio]\nvms: [{workload: {kind: dd, op: %s, "
								"request_bytes: %d B, count: 1}}]",
								write ? "write" : "read", (int)sizes[i]),
							"vfio", both_placements[p]);
				const vcpu_completion *c = served_find(&run, 1, 0);
				const ps_t device_end_ps = 750000 + pf_device_ps(750000, write, 0, sizes[i]);

				assert_int_equal(c->device_start_ps, 750000);
				assert_int_equal(c->device_end_ps, device_end_ps);
				assert_int_equal(c->block_end_ps, device_end_ps + 2200000 + 150000);
				assert_int_equal(c->app_end_ps, c->block_end_ps + 1300000);
				assert_int_equal(c->app_split->service_ps[STAGE_COPY], 0);
				assert_int_equal(c->app_split->service_ps[STAGE_INTERRUPT], 1800000);
				assert_int_equal(run.vcpu_ps[1][CPU_GUEST], 2700000);
				assert_int_equal(run.vcpu_ps[1][CPU_KVM], 2500000);
				assert_int_equal(run.vcpu_ps[1][CPU_KERNEL], 0);
				served_free(&run);
			}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_request_takes_its_traps_and_segments),
		cmocka_unit_test(each_block_of_pio_data_is_moved),
		cmocka_unit_test(ide_takes_one_command_at_a_time),
		cmocka_unit_test(ide_takes_one_command_of_all_vcpus),
		cmocka_unit_test(ahci_commands_overlap),
		cmocka_unit_test(ahci_takes_31_commands),
		cmocka_unit_test(a_flush_has_the_device_to_itself),
		cmocka_unit_test(a_flush_has_the_device_of_all_vcpus_to_itself),
		cmocka_unit_test(a_virtqueues_flush_has_not),
		cmocka_unit_test(a_device_of_ones_own_takes_the_guest_and_the_device),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
