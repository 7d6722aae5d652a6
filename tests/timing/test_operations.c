/* Does an operation on a file take what its sequence of work and requests says, and does who counts operations count
 * operations? */
#include "served.h"

/* Blocks of 1 KiB and merged journal writes keep every request within a node, whose time the oracle knows. */
#define OPERATION                                                                                        \
	"link: {dllp_share: false}\nschemes: [%s]\nvms: [{filesystem: {kind: ext4, block_bytes: 1 KiB, " \
	"journal_requests: merged%s}, workload: {kind: dd, op: %s, count: 1, region_bytes: 1 MiB}}]"

/* The app's view of the operation. */
static const vcpu_completion *find_operation(const served *run)
{
	for (size_t i = 0; i < run->num; i++)
		if (run->all[i].c.has_app)
			return &run->all[i].c;
	fail_msg("no operation ended");
	return NULL;
}

/* One request of the PF's from the block layer's call to its end. */
typedef struct scheme_costs {
	const char *name;
	ps_t down_ps; /* block layer, driver */
	ps_t up_ps;   /* from the interrupt to the block layer's end */
} scheme_costs;

static const scheme_costs schemes[] = {
	{ "vfio", 250000 + 200000, 1100000 + 400000 + 700000 + 150000 },
	{ "host", 450000 + 200000, 400000 + 350000 },
};

static ps_t request_ps(const scheme_costs *of, ps_t block_start_ps, bool write, uint64_t bytes)
{
	return of->down_ps + pf_device_ps(block_start_ps + of->down_ps, write, 0, bytes) + of->up_ps;
}

/* 4 KiB of blocks that are there, with fsync: system call 300, look-up 500, journal handle 500; the data; wake-up
 * 1,100, sync 500, commit begins 6,000, three blocks of the journal 300 each; descriptor and inode; wake-up; the commit
 * block; wake-up, commit ends 6,000; the process wakes up 1,100 and its call returns 200. */
static void an_overwrite_with_fsync_is_its_sequence(void **state)
{
	(void)state;
	for (size_t i = 0; i < NUM(schemes); i++)
		for (size_t p = 0; p < NUM(both_placements); p++) {
			const scheme_costs *of = &schemes[i];
			served run =
				served_run(text_of(OPERATION, of->name, "", "write"), of->name, both_placements[p]);
			const vcpu_completion *c = find_operation(&run);
			ps_t t_ps = 300000 + 500000 + 500000;

			assert_int_equal(served_find(&run, 1, 0)->block_start_ps, t_ps);
			t_ps += request_ps(of, t_ps, true, 4096);
			assert_int_equal(served_find(&run, 1, 0)->block_end_ps, t_ps);
			t_ps += 1100000 + 500000 + 6000000 + 3 * 300000;
			assert_int_equal(served_find(&run, 1, 1)->block_start_ps, t_ps);
			t_ps += request_ps(of, t_ps, true, 2048) + 1100000;
			assert_int_equal(served_find(&run, 1, 2)->block_start_ps, t_ps);
			t_ps += request_ps(of, t_ps, true, 1024) + 1100000 + 6000000 + 1100000 + 200000;
			assert_int_equal(c->app_start_ps, 0);
			assert_int_equal(c->app_end_ps, t_ps);
			assert_int_equal(c->app_split->service_ps[STAGE_APP], 300000 + 1100000 + 200000);
			assert_int_equal(c->app_split->service_ps[STAGE_FS], 17700000);
			assert_int_equal(run.num, 4);
			served_free(&run);
		}
}

/* Whatever it did last, a process that slept wakes up once at the end (1,100), and one that did not does not. */
static void a_process_that_slept_wakes_up(void **state)
{
	static const struct {
		const char *params, *op;
		ps_t before_ps, after_ps; /* work before the data's request and behind it */
		uint64_t bytes;           /* 0: no request */
		bool sleeps;
	} rows[] = {
		{ "", "read", 500000, 0, 4096, true },
		{ ", sync: none", "write", 1000000, 0, 4096, true },
		/* nothing to commit, nothing to flush: the call alone */
		{ ", sync: fdatasync, barriers: false", "write", 1000000, 500000, 4096, true },
		/* zeros for four blocks of a file that has none */
		{ ", file: empty", "read", 500000 + 4 * 400000, 0, 0, false },
	};

	(void)state;
	for (size_t i = 0; i < NUM(rows); i++)
		for (size_t s = 0; s < NUM(schemes); s++) {
			const scheme_costs *of = &schemes[s];
			served run = served_run(text_of(OPERATION, of->name, rows[i].params, rows[i].op), of->name,
						SIM_CLUSTERED);
			ps_t t_ps = 300000 + rows[i].before_ps;

			if (rows[i].bytes != 0)
				t_ps += request_ps(of, t_ps, strcmp(rows[i].op, "write") == 0, rows[i].bytes);
			t_ps += rows[i].after_ps + (rows[i].sleeps ? 1100000 : 0) + 200000;
			assert_int_equal(find_operation(&run)->app_end_ps, t_ps);
			assert_int_equal(run.num, rows[i].bytes != 0 ? 2 : 1);
			served_free(&run);
		}
}

/* The filesystem's work is the guest's, or the host's kernel's where there is no guest. */
static void the_filesystems_work_is_the_kernels(void **state)
{
	served guest = served_run(text_of(OPERATION, "vfio", "", "write"), "vfio", SIM_CLUSTERED);
	served host = served_run(text_of(OPERATION, "host", "", "write"), "host", SIM_CLUSTERED);

	(void)state;
	/* call, wake-up and return 1,600, work 17,700; per request block layer 400, driver 200, 4 register writes,
	 * handler 400: the commit's 2 KiB and 1 KiB are a node too */
	assert_int_equal(guest.vcpu_ps[1][CPU_GUEST], 1600000 + 17700000 + 3 * 1100000);
	assert_int_equal(host.vcpu_ps[1][CPU_KERNEL], 1600000 + 17700000 + 3 * 1500000);
	assert_int_equal(host.vcpu_ps[1][CPU_APP], 0);
	served_free(&guest);
	served_free(&host);
}

/* Many operations in every scheme: each has one app row, its requests have none; pieces add up (served_run()), and none
 * takes less than its work. */
static void every_operation_is_told_once(void **state)
{
	static const char *const names[] = { "host", "nesc", "virtio", "emulation", "vfio" };

	(void)state;
	for (size_t i = 0; i < NUM(names); i++) {
		served run = served_run(
			"sim: {check: true}\nguest: {vcpus: 2}\nschemes: [host, nesc, virtio, emulation, vfio]\n"
			"vms: [{disk: {bytes: 64 MiB}, filesystem: {kind: ext4, file: empty}, workload: {kind: "
			"dd, op: mixed, pattern: random, count: 60, depth: 2, region_bytes: 4 MiB}}]",
			names[i], SIM_CLUSTERED);
		uint64_t num_operations = 0;

		for (size_t j = 0; j < run.num; j++) {
			const vcpu_completion *c = &run.all[j].c;

			assert_true(c->in_operation);
			assert_int_not_equal(c->has_app, c->has_block);
			num_operations += c->has_app;
			if (c->has_app)
				assert_true(c->app_split->service_ps[STAGE_FS] >= 500000);
		}
		assert_int_equal(num_operations, 60);
		assert_true(run.num > 3 * 60);
		served_free(&run);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_overwrite_with_fsync_is_its_sequence),
		cmocka_unit_test(a_process_that_slept_wakes_up),
		cmocka_unit_test(the_filesystems_work_is_the_kernels),
		cmocka_unit_test(every_operation_is_told_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
