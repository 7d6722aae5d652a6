/* Every scheme on every medium, and every trace format, does what it must: whatever is added to a table is tested here
 * before its author writes a test. */
#include "run/run_test.h"

#include "run/scenario.h"

/* A trace of each format, and the device where it has several; a new reader brings one. */
static const struct {
	const char *reader, *file, *device;
} samples[] = {
	{ "blktrace", "traces/postmark.blktrace.0.xz", "" },
	{ "blkparse", "traces/postmark_slice.blkparse.txt.gz", "" },
	{ "vscsi", "traces/samples/random.vscsi2", "" },
	{ "msr", "traces/samples/msr.csv.gz", "smp_0" },
	{ "systor17", "traces/samples/systor17.csv.gz", "" },
	{ "alibaba", "traces/samples/alibaba.csv", "5" },
	{ "tencent", "traces/samples/tencent.csv", "1283" },
	{ "spc", "traces/samples/random.spc", "" },
	{ "fio", "traces/samples/random.fio", "" },
	{ "disksim", "traces/samples/random.disksim", "" },
	{ "mqsim", "traces/samples/random.mqsim", "" },
	{ "csv", "traces/samples/random.csv", "" },
};

/* Other ways to run a scheme than by its defaults; a scheme with parameters brings its own. */
static const struct {
	const char *scheme, *params;
} variants[] = {
	{ "virtio", "cache: writethrough" },
	{ "virtio", "cache: writeback" },
	{ "virtio", "file: true" },
	{ "virtio", "file: true, cache: writethrough" },
	{ "virtio", "file: true, cache: writeback" },
	{ "virtio", "thread: iothread" },
	{ "virtio", "thread: iothread, file: true, cache: writeback" },
	{ "virtio", "thread: iothread, aio: native" },
	{ "virtio", "thread: iothread, poll: 20 us" },
	{ "virtio", "thread: iothread, merge: 64 KiB" },
	{ "virtio", "suppress: false" },
	{ "virtio", "ring: 16, indirect: false, max_request: 8 KiB" },
	{ "emulation", "cache: writethrough" },
	{ "emulation", "cache: writeback" },
	{ "emulation", "file: true" },
	{ "emulation", "mode: pio" },
	{ "emulation", "lba48: true" },
	{ "emulation", "controller: ahci" },
	{ "emulation", "controller: ahci, file: true, cache: writeback" },
};

#define COUNT 40

static const stack_ops *find_stack(const char *name)
{
	for (size_t i = 0; i < stack_table_num; i++)
		if (strcmp(stack_table[i]->name, name) == 0)
			return stack_table[i];
	fail_msg("no scheme %s", name);
	return NULL;
}

/* Contents are verified, with as many VMs as the scheme can serve. */
static nescsim_config *load_dd(const char *scheme, const char *params, const char *medium, const char *placement,
			       uint32_t num_vms)
{
	/* An IDE controller is driven by one vCPU. */
	const bool is_ide = strcmp(scheme, "emulation") == 0 && strstr(params, "ahci") == NULL;
	char text[640];

	snprintf(text, sizeof(text),
		 "sim: {placement: %s, check: true}\nschemes: [%s: {%s}]\nmedia: {kind: \"%s\"}\nguest: {vcpus: %d}\n"
		 "vms: [{count: %u, disk: {bytes: 4 MiB, map: {kind: fragmented, max_extent: 8 KiB}},\n"
		 "       workload: {kind: dd, op: mixed, pattern: random, request_bytes: 12 KiB, depth: 4, count: "
		 "%d}}]\n",
		 placement, scheme, params, medium, is_ide ? 1 : 2, (unsigned)num_vms, COUNT);
	return load(text, NULL, 0);
}

/* All requests complete, and both placements say the same. */
static void run_both(const char *scheme, const char *params, const char *medium)
{
	const uint32_t max_vms = find_stack(scheme)->max_vms, num_vms = max_vms == 0 || max_vms > 3 ? 3 : max_vms;
	nescsim_config *clustered = load_dd(scheme, params, medium, "clustered", num_vms);
	nescsim_config *per_unit = load_dd(scheme, params, medium, "per_unit", num_vms);
	nescsim_result *one = run(clustered, NULL), *other = run(per_unit, NULL);

	assert_int_equal(nescsim_result_num_rows(one), nescsim_result_num_rows(other));
	for (size_t row = 0; row < nescsim_result_num_rows(one); row++) {
		const nescsim_row *a = nescsim_result_row(one, row), *b = nescsim_result_row(other, row);

		assert_string_equal(a->op, b->op);
		assert_int_equal(a->num_requests, b->num_requests);
		assert_int_equal(a->latency_mean_ps, b->latency_mean_ps);
		assert_int_equal(a->latency_max_ps, b->latency_max_ps);
		assert_int_equal(a->simulated_ps, b->simulated_ps);
		assert_int_equal(a->host_cpu_ps_per_request, b->host_cpu_ps_per_request);
	}
	assert_int_equal(nescsim_result_find(one, scheme, "block", 0, "all")->num_requests, COUNT * num_vms);
	assert_int_equal(nescsim_result_find(one, scheme, "block", 0, "all")->num_bytes, COUNT * num_vms * 12288);
	nescsim_result_destroy(one);
	nescsim_result_destroy(other);
	nescsim_config_destroy(clustered);
	nescsim_config_destroy(per_unit);
}

static void schemes_on_media(void **state)
{
	(void)state;
	for (size_t i = 0; i < nescsim_list_num(NESCSIM_LIST_SCHEMES); i++)
		for (size_t j = 0; j < nescsim_list_num(NESCSIM_LIST_MEDIA); j++)
			run_both(nescsim_list_item(NESCSIM_LIST_SCHEMES, i).name, "",
				 nescsim_list_item(NESCSIM_LIST_MEDIA, j).name);
}

static void variants_of_schemes(void **state)
{
	(void)state;
	for (size_t i = 0; i < stack_table_num; i++) {
		size_t num = 0;

		for (size_t j = 0; j < NUM(variants); j++) {
			if (strcmp(variants[j].scheme, stack_table[i]->name) != 0)
				continue;
			num++;
			run_both(variants[j].scheme, variants[j].params, "dram");
		}
		if (num == 0 && stack_table[i]->serve != NULL)
			fail_msg("scheme %s has no variants in this test", stack_table[i]->name);
	}
}

static void readers_replay(void **state)
{
	(void)state;
	for (size_t i = 0; i < nescsim_list_num(NESCSIM_LIST_READERS); i++) {
		const char *reader = nescsim_list_item(NESCSIM_LIST_READERS, i).name;
		const char *file = NULL, *device = "";
		nescsim_config *config;
		nescsim_result *result;
		char text[512];

		for (size_t j = 0; j < NUM(samples); j++)
			if (strcmp(samples[j].reader, reader) == 0) {
				file = samples[j].file;
				device = samples[j].device;
			}
		if (file == NULL)
			fail_msg("reader %s has no sample trace in this test", reader);
		snprintf(text, sizeof(text),
			 "vms: [{workload: {kind: trace, format: %s, file: %s, device: '%s', max_requests: 60}}]\n",
			 reader, file, device);
		config = load(text, NULL, 0);
		result = run(config, NULL);
		for (size_t j = 0; j < nescsim_result_num_schemes(result); j++) {
			static const char *const ops[] = { "read", "write", "flush", "discard" };
			const char *scheme = nescsim_result_bottleneck(result, j)->scheme;
			uint64_t num_requests = 0;

			for (size_t op = 0; op < NUM(ops); op++) {
				const nescsim_row *row = nescsim_result_find(result, scheme, "block", 1, ops[op]);

				num_requests += row == NULL ? 0 : row->num_requests;
			}
			assert_int_equal(num_requests, 60);
		}
		nescsim_result_destroy(result);
		nescsim_config_destroy(config);
	}
}

/* Names, ranges, defaults and sources of all keys of all rooms. */
static void schema_is_sound(void **state)
{
	nescsim_diag *diag = nescsim_diag_create();
	nescsim_status status = cfg_schema_check(&scenario_section, diag);

	(void)state;
	nescsim_diag_print(diag, stderr);
	assert_int_equal(status, NESCSIM_OK);
	nescsim_diag_destroy(diag);
}

static void lists_end(void **state)
{
	(void)state;
	for (int list = NESCSIM_LIST_SCHEMES; list <= NESCSIM_LIST_READERS; list++) {
		const size_t num = nescsim_list_num((nescsim_list)list);

		assert_true(num > 0);
		for (size_t i = 0; i < num; i++) {
			assert_true(strlen(nescsim_list_item((nescsim_list)list, i).name) > 0);
			assert_true(strlen(nescsim_list_item((nescsim_list)list, i).help) > 0);
		}
		assert_null(nescsim_list_item((nescsim_list)list, num).name);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(schemes_on_media), cmocka_unit_test(variants_of_schemes),
		cmocka_unit_test(readers_replay),   cmocka_unit_test(schema_is_sound),
		cmocka_unit_test(lists_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
