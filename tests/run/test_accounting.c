/* Is all time of all cores somebody's, in every scheme, and is what a request costs the host what its owners spent? */
#include "run/run_test.h"

#define OWNERS 6
#define MAX_SCHEMES 8

/* The rows of cpu.csv for one scheme, times in ps. */
typedef struct cpu_rows {
	char scheme[16];
	int64_t num_cores;
	int64_t owner_ps[OWNERS], idle_ps, all_ps;
	double share_percent, cores_busy; /* of all owners but idle */
	double us_per_request[OWNERS];
	int num_rows;
} cpu_rows;

static const char *const owners[OWNERS] = { "guest", "kvm", "vmm", "kernel", "polling", "app" };
#define GUEST 0

/* "12.345678" us. */
static int64_t ps_of(const char *us)
{
	const char *point = strchr(us, '.');

	assert_non_null(point);
	assert_int_equal(strlen(point + 1), 6);
	return strtoll(us, NULL, 10) * 1000000 + strtoll(point + 1, NULL, 10);
}

static size_t read_cpu(const char *folder, cpu_rows rows[MAX_SCHEMES])
{
	char *text = read_file(folder, "cpu.csv"), *saved = NULL;
	size_t num = 0;

	memset(rows, 0, MAX_SCHEMES * sizeof(*rows));
	for (char *line = strtok_r(text, "\n", &saved); line != NULL; line = strtok_r(NULL, "\n", &saved)) {
		char scheme[16], owner[16], us[32];
		double share, busy, per_request;
		long long num_cores;
		cpu_rows *of;
		bool known = false;

		if (line == text) {
			assert_string_equal(line, "scheme,cores,owner,time_us,share_percent,cores_busy,us_per_request");
			continue;
		}
		assert_int_equal(sscanf(line, "%15[^,],%lld,%15[^,],%31[^,],%lf,%lf,%lf", scheme, &num_cores, owner, us,
					&share, &busy, &per_request),
				 7);
		if (num == 0 || strcmp(rows[num - 1].scheme, scheme) != 0)
			strcpy(rows[num++].scheme, scheme);
		of = &rows[num - 1];
		of->num_rows++;
		of->num_cores = num_cores;
		for (int i = 0; i < OWNERS; i++) {
			if (strcmp(owner, owners[i]) != 0)
				continue;
			of->owner_ps[i] = ps_of(us);
			of->us_per_request[i] = per_request;
			of->share_percent += share;
			of->cores_busy += busy;
			known = true;
		}
		if (strcmp(owner, "idle") == 0)
			of->idle_ps = ps_of(us);
		else if (strcmp(owner, "all") == 0)
			of->all_ps = ps_of(us);
		else
			assert_true(known);
	}
	free(text);
	return num;
}

static void assert_near(double got, double expected, double error)
{
	if (got < expected - error || got > expected + error)
		fail_msg("%.9f is not %.9f", got, expected);
}

/* Runs the config and checks every scheme's rows; `num_cores` by scheme, in the config's order. */
static void check(const char *text, const int *num_cores, size_t num_schemes)
{
	const scratch place = scratch_make();
	nescsim_config *config = load(text, NULL, 0);
	nescsim_result *result = run(config, place.out);
	cpu_rows rows[MAX_SCHEMES];

	assert_int_equal(read_cpu(place.out, rows), num_schemes);
	for (size_t i = 0; i < num_schemes; i++) {
		const cpu_rows *of = &rows[i];
		/* what the application asked for */
		const nescsim_row *all = nescsim_result_find(
			result, of->scheme, strstr(text, "filesystem") != NULL ? "app" : "block", 0, "all");
		int64_t sum_ps = 0, host_ps = 0, per_request_ps;
		double end_us;

		assert_int_equal(of->num_rows, OWNERS + 2);
		assert_int_equal(of->num_cores, num_cores[i]);
		for (int owner = 0; owner < OWNERS; owner++) {
			sum_ps += of->owner_ps[owner];
			host_ps += owner == GUEST ? 0 : of->owner_ps[owner];
		}
		/* cores x end, the end being when the last core was done: not before the last completion */
		assert_int_equal(sum_ps + of->idle_ps, of->all_ps);
		assert_int_equal(of->all_ps % of->num_cores, 0);
		end_us = (double)(of->all_ps / of->num_cores) * 1e-6;
		assert_true(of->all_ps / of->num_cores >= all->simulated_ps);
		assert_true(of->idle_ps >= 0);
		/* the same as shares, rounded to 6 digits each */
		assert_near(of->cores_busy, (double)sum_ps * 1e-6 / end_us, 6e-6);
		assert_near(of->share_percent, 100 * (double)sum_ps / (double)of->all_ps, 6e-6);
		/* what the host spent, over all requests (none of the warm-up, none failed) */
		per_request_ps = host_ps / (int64_t)all->num_requests;
		assert_in_range(all->host_cpu_ps_per_request, per_request_ps, per_request_ps + 1);
		for (int owner = 0; owner < OWNERS; owner++)
			assert_near(of->us_per_request[owner],
				    (double)of->owner_ps[owner] * 1e-6 / (double)all->num_requests, 1e-6);
	}
	nescsim_result_destroy(result);
	nescsim_config_destroy(config);
	scratch_remove(&place);
}

static void every_scheme_alone(void **state)
{
	static const int num_cores[] = { 2, 2, 3, 3, 2 };

	(void)state;
	check("guest: {vcpus: 2}\nschemes: [host, nesc, virtio, emulation: {controller: ahci}, vfio]\n"
	      "vms: [{disk: {bytes: 4 MiB}, workload: {kind: dd, op: mixed, pattern: random, count: 100, depth: 4, "
	      "think: 3 "
	      "us}}]\n",
	      num_cores, 5);
}

/* Threads that share cores, and some that have one each. */
static void many_vms(void **state)
{
	static const int shared[] = { 5, 5, 7, 7 }, owned[] = { 5, 5, 10, 10 };

	(void)state;
	for (int io_cores = 0; io_cores <= 2; io_cores += 2) {
		char text[400];

		snprintf(text, sizeof(text),
			 "host: {io_cores: %d}\nschemes: [host, nesc, virtio, emulation: {controller: ahci}]\n"
			 "vms: [{count: 5, disk: {bytes: 4 MiB}, workload: {kind: dd, op: mixed, pattern: random, "
			 "count: 60, "
			 "depth: 3}}]\n",
			 io_cores);
		check(text, io_cores != 0 ? shared : owned, 4);
	}
}

static void threads_that_poll(void **state)
{
	static const int num_cores[] = { 4 };

	(void)state;
	check("schemes: [virtio: {thread: iothread, poll: 1 ms}]\n"
	      "vms: [{count: 2, disk: {bytes: 4 MiB}, workload: {kind: dd, count: 60}}]\n",
	      num_cores, 1);
}

/* The hypervisor's core, where it serves misses, and its work for a VM. */
static void blocks_on_demand(void **state)
{
	static const int num_cores[] = { 3, 4, 4 };

	(void)state;
	check("schemes: [nesc, virtio: {file: true}, emulation: {file: true, cache: writethrough}]\n"
	      "vms: [{count: 2, disk: {bytes: 4 MiB, map: lazy}, workload: {kind: dd, op: write, count: 60}}]\n",
	      num_cores, 3);
}

/* A filesystem makes several block requests of what the application asked for: an operation pays for all of them. */
static void an_operation_pays_for_its_requests(void **state)
{
	static const int num_cores[] = { 2, 2, 4 };

	(void)state;
	check("schemes: [host, nesc, virtio]\n"
	      "vms: [{count: 2, disk: {bytes: 64 MiB}, filesystem: ext4, workload: {kind: dd, op: write, count: 30, "
	      "region_bytes: 4 MiB}}]\n",
	      num_cores, 3);
}

/* One request at a time, back to back: the end is the last completion, and the VM's core is the guest's and KVM's. */
static void the_end_is_the_last_completion(void **state)
{
	const scratch place = scratch_make();
	nescsim_config *config = load("schemes: [host, nesc, virtio, emulation, vfio]\n"
				      "vms: [{disk: {bytes: 4 MiB}, workload: {kind: dd, count: 10}}]\n",
				      NULL, 0);
	nescsim_result *result = run(config, place.out);
	cpu_rows rows[MAX_SCHEMES];
	const size_t num = read_cpu(place.out, rows);

	(void)state;
	assert_int_equal(num, 5);
	for (size_t i = 0; i < num; i++)
		assert_int_equal(rows[i].all_ps,
				 rows[i].num_cores *
					 nescsim_result_find(result, rows[i].scheme, "app", 1, "all")->simulated_ps);
	nescsim_result_destroy(result);
	nescsim_config_destroy(config);
	scratch_remove(&place);
}

/* Operations are what the application sees, what the warm-up counts, and none of the block layer's requests: an
 * overwrite is four of these (data, descriptor, inode, commit). */
static void the_warm_up_counts_operations(void **state)
{
	static const char *const schemes[] = { "host", "nesc", "virtio", "emulation", "vfio" };
	nescsim_config *config = load("sim: {warmup: 5}\nschemes: [host, nesc, virtio, emulation, vfio]\n"
				      "vms: [{filesystem: ext4, workload: {kind: dd, op: write, count: 20}}]\n",
				      NULL, 0);
	nescsim_result *result = run(config, NULL);

	(void)state;
	for (size_t i = 0; i < NUM(schemes); i++) {
		const nescsim_row *app = nescsim_result_find(result, schemes[i], "app", 1, "write");
		const nescsim_row *block = nescsim_result_find(result, schemes[i], "block", 1, "write");

		assert_int_equal(app->num_requests, 15);
		assert_int_equal(app->num_bytes, 15 * 4096);
		assert_int_equal(block->num_requests, 4 * 15);
		assert_int_equal(block->num_bytes, 4 * 15 * 4096);
		assert_null(nescsim_result_find(result, schemes[i], "app", 1, "flush"));
	}
	nescsim_result_destroy(result);
	nescsim_config_destroy(config);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_scheme_alone),
		cmocka_unit_test(many_vms),
		cmocka_unit_test(threads_that_poll),
		cmocka_unit_test(blocks_on_demand),
		cmocka_unit_test(an_operation_pays_for_its_requests),
		cmocka_unit_test(the_end_is_the_last_completion),
		cmocka_unit_test(the_warm_up_counts_operations),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
