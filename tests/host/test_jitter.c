/* Does jitter make every segment longer by its mean, drawn by the seed alone? */
#include "timing/served.h"

#define COUNT 20000
#define JITTER_NS 100
#define JITTERED                                                                                                    \
	"sim: {seed: %d}\nhost: {jitter: %d ns}\nschemes: [%s]\nvms: [{workload: {kind: dd, request_bytes: 512 B, " \
	"count: %d}}]"

static double mean_ns(const served *run)
{
	double sum_ns = 0;

	for (size_t i = 0; i < run->num; i++)
		sum_ns += (double)(run->all[i].c.app_end_ps - run->all[i].c.app_start_ps) * 1e-3;
	return sum_ns / (double)run->num;
}

static double cpu_ns(const served *run)
{
	double sum_ns = 0;

	for (int owner = 0; owner < CPU_NUM_OWNERS; owner++)
		sum_ns += (double)(run->vcpu_ps[1][owner] + run->thread_ps[1][owner]) * 1e-3;
	return sum_ns / COUNT;
}

/* Segments on the way of one request alone. Cores run them, and the HLT exit, which nobody waits for. */
static void every_segment_takes_longer_by_the_mean(void **state)
{
	static const struct {
		const char *scheme, *name;
		int num_segments, num_others;
	} rows[] = {
		/* call, block layer, driver, 4 register writes; handler, block layer, wake-up, return */
		{ "host", "host", 11, 0 },
		/* the same, HLT wake-up and EOI, and a copy */
		{ "nesc", "nesc", 14, 1 },
		{ "vfio", "vfio", 13, 1 },
		/* call, block layer, driver, kick, event; wake-up, loop, take, worker, call, block layer, driver, 4
		 * register writes; handler, block layer, wake-up, loop, used ring, irqfd; HLT wake-up, handler, EOI,
		 * block layer, wake-up, return */
		{ "virtio", "virtio", 5 + 11 + 6 + 6, 1 },
	};

	(void)state;
	for (size_t i = 0; i < NUM(rows); i++) {
		served without =
			served_run(text_of(JITTERED, 1, 0, rows[i].scheme, COUNT), rows[i].name, SIM_CLUSTERED);
		served with =
			served_run(text_of(JITTERED, 1, JITTER_NS, rows[i].scheme, COUNT), rows[i].name, SIM_CLUSTERED);
		const double extra_ns = mean_ns(&with) - mean_ns(&without);
		const double extra_cpu_ns = cpu_ns(&with) - cpu_ns(&without);
		const int num_run = rows[i].num_segments + rows[i].num_others;
		double least_ns = 1e9;

		for (size_t j = 0; j < with.num; j++)
			least_ns =
				ps_min((ps_t)least_ns, (with.all[j].c.app_end_ps - with.all[j].c.app_start_ps) / 1000);
		print_message("%s: %.2f ns longer, %d segments\n", rows[i].name, extra_ns, rows[i].num_segments);
		/* standard error of the mean of 28 exponentials over 20,000 requests: 3.7 ns; the device's clock: up to
		 * 4 ns */
		assert_true(extra_ns > rows[i].num_segments * JITTER_NS - 16 &&
			    extra_ns < rows[i].num_segments * JITTER_NS + 16);
		assert_true(extra_cpu_ns > num_run * JITTER_NS - 16 && extra_cpu_ns < num_run * JITTER_NS + 16);
		/* it never takes less; the device's edges may fall better */
		assert_true(least_ns > mean_ns(&without) - 8);
		served_free(&without);
		served_free(&with);
	}
}

/* Sum of products that depends on who took how long. */
static uint64_t digest(const served *run)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < run->num; i++)
		sum += (uint64_t)(run->all[i].c.app_end_ps ^ run->all[i].c.app_start_ps << 1) *
		       (run->all[i].request.number * 2 + run->all[i].vm * 1000003 + 1);
	return sum;
}

/* The same seed gives the same times in both placements, whoever shares cores; another seed gives others. */
static void the_seed_decides(void **state)
{
	static const char *const schemes[] = { "host", "nesc", "virtio", "emulation" };
	static const char text[] =
		"sim: {seed: %d}\nhost: {jitter: 50 ns, io_cores: 2}\nguest: {vcpus: 2}\n"
		"schemes: [host, nesc, virtio, emulation]\n"
		"vms: [{count: 4, disk: {bytes: 4 MiB}, workload: {kind: dd, op: mixed, pattern: random, "
		"count: 100, depth: 4}}]";

	(void)state;
	for (size_t i = 0; i < NUM(schemes); i++) {
		served one = served_run(text_of(text, 1), schemes[i], SIM_CLUSTERED);
		served per_unit = served_run(text_of(text, 1), schemes[i], SIM_PER_UNIT);
		served other = served_run(text_of(text, 2), schemes[i], SIM_CLUSTERED);

		assert_int_equal(one.num, 400);
		assert_true(digest(&one) == digest(&per_unit));
		assert_true(digest(&one) != digest(&other));
		served_free(&one);
		served_free(&per_unit);
		served_free(&other);
	}
}

/* Each core and each thread of each VM draws from a stream of its own. */
static void every_core_has_its_own(void **state)
{
	static const char text[] = "sim: {seed: %d}\nhost: {jitter: 50 ns}\nschemes: [virtio]\n"
				   "vms: [{count: 2, disk: {bytes: 4 MiB}, workload: {kind: dd, count: 20}}]";
	served one = served_run(text_of(text, 1), "virtio", SIM_CLUSTERED);
	served other = served_run(text_of(text, 2), "virtio", SIM_CLUSTERED);

	(void)state;
	for (uint32_t vm = 1; vm <= 2; vm++) {
		assert_int_not_equal(one.vcpu_ps[vm][CPU_GUEST], other.vcpu_ps[vm][CPU_GUEST]);
		assert_int_not_equal(one.thread_ps[vm][CPU_VMM], other.thread_ps[vm][CPU_VMM]);
	}
	assert_int_not_equal(one.vcpu_ps[1][CPU_GUEST], one.vcpu_ps[2][CPU_GUEST]);
	assert_int_not_equal(one.thread_ps[1][CPU_VMM], one.thread_ps[2][CPU_VMM]);
	served_free(&one);
	served_free(&other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_segment_takes_longer_by_the_mean),
		cmocka_unit_test(the_seed_decides),
		cmocka_unit_test(every_core_has_its_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
