/* Does each VM get the requests that the rule gives it, and are several files one trace? */
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "workload/workload_test.h"
#include "workload/tenants.h"

/* Times in ms; devices 5, 7 and 9 as they appear, latencies so that anchors cross devices. */
static const char three_devices[] = "time_us,op,offset_bytes,size_bytes,device,latency_us\n"
				    "1000,read,0,4096,5,1500\n"
				    "2000,write,4096,4096,7,100\n"
				    "3000,read,8192,512,5,10\n"
				    "4000,read,1048576,512,9,10\n"
				    "5000,write,0,512,7,\n";

typedef struct dealt {
	test_file file;
	nescsim_diag *diag;
	tenants *tenants;
	nescsim_status status;
} dealt;

static dealt deal(const char *text, tenants_rule rule, trace_options options)
{
	dealt self = { .file = test_file_text(text), .diag = nescsim_diag_create() };
	const diag_place place = { .file = "c.yaml", .line = 3, .path = "vms[0].workload" };

	self.status = tenants_create(self.file.name, &options, &rule, &place, self.diag, &self.tenants);
	return self;
}

static void finish(dealt *self, const char *expected)
{
	tenants_destroy(self->tenants);
	test_assert_diag(self->diag, self->file.name, expected);
	nescsim_diag_destroy(self->diag);
	test_file_remove(&self->file);
}

static size_t read_tenant(const tenants *from, uint32_t vm, trace_record *records)
{
	tenant_reader *reader = tenant_open(from, vm);
	trace_result result;
	size_t num = 0;

	while ((result = tenant_next(reader, &records[num])) == TRACE_RECORD)
		num++;
	assert_int_equal(result, TRACE_END);
	tenant_close(reader);
	return num;
}

static void test_a_device_each(void **state)
{
	dealt d = deal(three_devices, (tenants_rule){ .map = TENANTS_BY_DEVICE, .num_vms = 3 }, (trace_options){ 0 });
	trace_record r[8];

	(void)state;
	assert_int_equal(d.status, NESCSIM_OK);
	assert_string_equal(tenants_device(d.tenants, 0, 0), "5");
	assert_string_equal(tenants_device(d.tenants, 2, 0), "9");
	assert_null(tenants_device(d.tenants, 2, 1));
	assert_int_equal(read_tenant(d.tenants, 0, r), 2);
	assert_int_equal(r[0].queued_ps, 0);
	/* The trace's time; and what it follows is the VM's own request, not the other VM's that completed later. */
	assert_int_equal(r[1].queued_ps, 2 * PS_PER_MS);
	assert_int_equal(r[1].ordinal, 1);
	assert_int_equal(r[1].after, TRACE_AFTER_COMPLETION);
	assert_int_equal(r[1].anchor, 0);
	assert_int_equal(r[1].gap_ps, 500 * PS_PER_US);
	assert_int_equal(read_tenant(d.tenants, 1, r), 2);
	assert_int_equal(r[0].after, TRACE_AFTER_START);
	assert_int_equal(r[0].gap_ps, PS_PER_MS);
	assert_int_equal(r[0].first_sector, 8);
	assert_int_equal(tenants_facts(d.tenants, 1)->num_requests, 2);
	assert_int_equal(tenants_facts(d.tenants, 1)->num_completed, 1);
	assert_int_equal(tenants_facts(d.tenants, 1)->end_sector, 16);
	assert_int_equal(tenants_span_ps(d.tenants), 4 * PS_PER_MS);
	/* As often as one likes. */
	assert_int_equal(read_tenant(d.tenants, 1, r), 2);
	finish(&d, "");
}

static void test_fold_puts_devices_side_by_side(void **state)
{
	dealt d = deal(three_devices, (tenants_rule){ .map = TENANTS_FOLD, .num_vms = 2 }, (trace_options){ 0 });
	trace_record r[8];

	(void)state;
	assert_int_equal(d.status, NESCSIM_OK);
	assert_string_equal(tenants_device(d.tenants, 0, 1), "9");
	assert_int_equal(read_tenant(d.tenants, 0, r), 3);
	/* Device 5 ends at sector 17, so device 9 begins at 1 MiB. */
	assert_int_equal(r[1].first_sector, 16);
	assert_int_equal(r[2].first_sector, 2048 + 2048);
	assert_int_equal(tenants_facts(d.tenants, 0)->end_sector, 2048 + 2049);
	finish(&d, "");
}

static void test_named_devices(void **state)
{
	static const char *const names[] = { "9", "5" };
	dealt d = deal(three_devices,
		       (tenants_rule){ .map = TENANTS_BY_DEVICE, .names = names, .num_names = 2, .num_vms = 2 },
		       (trace_options){ 0 });
	trace_record r[8];

	(void)state;
	assert_int_equal(d.status, NESCSIM_OK);
	assert_int_equal(read_tenant(d.tenants, 0, r), 1);
	assert_int_equal(r[0].queued_ps, 3 * PS_PER_MS);
	assert_int_equal(read_tenant(d.tenants, 1, r), 2);
	assert_int_equal(tenants_num_left_out(d.tenants), 2);
	finish(&d, "");
}

static void test_rules_that_do_not_fit(void **state)
{
	static const char *const unknown[] = { "5", "6", "5" };
	dealt d = deal(three_devices, (tenants_rule){ .map = TENANTS_BY_DEVICE, .num_vms = 2 }, (trace_options){ 0 });

	(void)state;
	assert_int_equal(d.status, NESCSIM_CONFIG);
	finish(&d,
	       "c.yaml:3: error: vms[0].workload.map: the trace has 3 devices for 2 VMs (raise count to 3, choose map: "
	       "fold, or list some as devices)\n");
	d = deal(three_devices, (tenants_rule){ .map = TENANTS_FOLD, .num_vms = 4 }, (trace_options){ 0 });
	assert_int_equal(d.status, NESCSIM_CONFIG);
	finish(&d, "c.yaml:3: error: vms[0].workload.map: the trace has 3 devices for 4 VMs (lower count to 3)\n");
	d = deal(three_devices, (tenants_rule){ .map = TENANTS_FOLD, .names = unknown, .num_names = 3, .num_vms = 2 },
		 (trace_options){ 0 });
	assert_int_equal(d.status, NESCSIM_CONFIG);
	finish(&d, "c.yaml:3: error: vms[0].workload.devices: the trace holds no request of device '6' (`nescsim trace "
		   "info` "
		   "lists them)\n"
		   "c.yaml:3: error: vms[0].workload.devices: device '5' is named twice (name it once)\n");
	d = deal("time_us,op,offset_bytes,size_bytes,device\n1,read,0,512,1\n2,read,0,x,1\n3,read,0,512,2\n",
		 (tenants_rule){ .map = TENANTS_BY_DEVICE, .num_vms = 1 }, (trace_options){ 0 });
	assert_int_equal(d.status, NESCSIM_TRACE);
	finish(&d, "T:3:10: error: expected a size in bytes that ends below 2^63, found 'x' (a line looks like "
		   "'551.706,write,4096,8192', with what the header says behind it)\n");
}

/* 1,024 devices of 2^63 bytes: 2^64 sectors. */
static void test_devices_too_large_together(void **state)
{
	static char text[65536];
	size_t used = (size_t)snprintf(text, sizeof(text), "time_us,op,offset_bytes,size_bytes,device\n");
	dealt d;

	(void)state;
	for (unsigned i = 0; i < 1024; i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%u,read,9223372036854775296,512,%u\n", i,
					 i);
	d = deal(text, (tenants_rule){ .map = TENANTS_FOLD, .num_vms = 1 }, (trace_options){ 0 });
	assert_int_equal(d.status, NESCSIM_TRACE);
	finish(&d, "T: error: the devices of one VM are larger than 2^63 bytes together (spread the devices over more "
		   "VMs)\n");
}

static void test_counting(void **state)
{
	static const char *const names[] = { "7" };
	test_file file = test_file_text(three_devices);
	const tenants_rule all = { .map = TENANTS_BY_DEVICE }, one = { .names = names, .num_names = 1 };
	const trace_options options = { .skip_ps = 1500 * PS_PER_US };
	nescsim_diag *diag = nescsim_diag_create();
	uint32_t num;

	(void)state;
	assert_int_equal(tenants_count(file.name, &(trace_options){ 0 }, &all, NULL, diag, &num), NESCSIM_OK);
	assert_int_equal(num, 3);
	assert_int_equal(tenants_count(file.name, &(trace_options){ 0 }, &one, NULL, diag, &num), NESCSIM_OK);
	assert_int_equal(num, 1);
	assert_int_equal(tenants_count(file.name, &options, &all, NULL, diag, &num), NESCSIM_OK);
	assert_int_equal(num, 3);
	test_assert_diag(diag, file.name, "");
	nescsim_diag_destroy(diag);
	test_file_remove(&file);
}

static void test_window(void **state)
{
	test_file file = test_file_text(three_devices);
	const trace_options options = { .any_device = true, .skip_ps = PS_PER_MS, .window_ps = 2 * PS_PER_MS + 1 };
	nescsim_diag *diag = nescsim_diag_create();
	trace_record r[3], behind;
	trace *in;

	(void)state;
	assert_int_equal(trace_open(file.name, file.name, &options, NULL, diag, &in), NESCSIM_OK);
	for (int i = 0; i < 3; i++)
		assert_int_equal(trace_next(in, &r[i]), TRACE_RECORD);
	assert_int_equal(trace_next(in, &behind), TRACE_END);
	/* From the skipped part nothing is left to wait for: its completion at 1.5 ms is no anchor. */
	assert_int_equal(r[0].queued_ps, 0);
	assert_int_equal(r[1].after, TRACE_AFTER_COMPLETION);
	assert_int_equal(r[1].anchor, 0);
	assert_int_equal(r[1].gap_ps, 900 * PS_PER_US);
	assert_int_equal(r[2].queued_ps, 2 * PS_PER_MS);
	trace_close(in);
	nescsim_diag_destroy(diag);
	test_file_remove(&file);
}

static void test_empty_window(void **state)
{
	test_file file = test_file_text(three_devices);
	const trace_options options = { .any_device = true, .skip_ps = PS_PER_S };
	nescsim_diag *diag = nescsim_diag_create();
	trace_summary summary;

	(void)state;
	assert_int_equal(trace_summarize(file.name, file.name, &options, NULL, diag, &summary), NESCSIM_TRACE);
	test_assert_diag(diag, file.name,
			 "T: error: the trace holds no request in this window (lower skip, or raise window)\n");
	nescsim_diag_destroy(diag);
	test_file_remove(&file);
}

/* A folder of traces. */
typedef struct test_folder {
	char name[64], pattern[80];
} test_folder;

static test_folder folder_make(const char *const *texts, size_t num)
{
	test_folder self = { .name = "/tmp/nescsim-traces-XXXXXX" };
	char name[96];

	assert_non_null(mkdtemp(self.name));
	snprintf(self.pattern, sizeof(self.pattern), "%s/*.csv", self.name);
	for (size_t i = 0; i < num; i++) {
		FILE *file;

		snprintf(name, sizeof(name), "%s/%zu.csv", self.name, i);
		file = fopen(name, "w");
		assert_non_null(file);
		fputs(texts[i], file);
		fclose(file);
	}
	return self;
}

static void folder_remove(const test_folder *self, size_t num)
{
	char name[96];

	for (size_t i = 0; i < num; i++) {
		snprintf(name, sizeof(name), "%s/%zu.csv", self->name, i);
		unlink(name);
	}
	assert_int_equal(rmdir(self->name), 0);
}

/* MSR's way: a file per volume, of several hosts, whose clocks are one. */
static void test_files_are_one_trace(void **state)
{
	static const char *const texts[] = {
		"128166372003061630,usr,0,Read,512,512,1\n128166372003061650,usr,0,Read,1024,512,1\n",
		"128166372003061629,prn,0,Write,0,512,50\n128166372003061640,prn,1,Read,0,512,1\n",
		"128166372003061645,usr,0,Write,4096,512,1\n",
	};
	static const struct {
		const char *device;
		ps_t queued_ps;
		uint32_t file;
	} expected[] = {
		{ "prn_0", 0, 1 },
		{ "usr_0", 100 * PS_PER_NS, 0 },
		{ "prn_1", 1100 * PS_PER_NS, 1 },
		{ "usr_0", 1600 * PS_PER_NS, 2 },
		{ "usr_0", 2100 * PS_PER_NS, 0 },
	};
	const test_folder folder = folder_make(texts, 3);
	const trace_options options = { .any_device = true };
	nescsim_diag *diag = nescsim_diag_create();
	trace_record record;
	trace *in;

	(void)state;
	assert_int_equal(trace_open(folder.pattern, folder.pattern, &options, NULL, diag, &in), NESCSIM_OK);
	assert_int_equal(trace_num_files(in), 3);
	for (size_t i = 0; i < 5; i++) {
		assert_int_equal(trace_next(in, &record), TRACE_RECORD);
		assert_string_equal(trace_device_name(in, record.device), expected[i].device);
		assert_int_equal(record.queued_ps, expected[i].queued_ps);
		assert_int_equal(record.file, expected[i].file);
	}
	/* The completion of the first, at 5.0 us, is still to come: the last one follows the one before it. */
	assert_int_equal(record.after, TRACE_AFTER_COMPLETION);
	assert_int_equal(record.anchor, 3);
	assert_int_equal(trace_next(in, &record), TRACE_END);
	assert_int_equal(trace_num_devices(in), 3);
	trace_close(in);
	test_assert_diag(diag, NULL, "");
	nescsim_diag_destroy(diag);
	folder_remove(&folder, 3);
}

/* Each mistake is told with its own file, also behind a good one; and files of other years are no one trace. */
static void test_mistakes_in_several_files(void **state)
{
	static const char *const broken[] = { "1000,usr,0,Read,512,512,1\n1001,usr,0,Raed,512,512,1\n",
					      "1000,usr,0,Read,512,512,1\n1002,usr,0,Read,x,512,1\n" };
	static const char *const apart[] = { "1000,usr,0,Read,512,512,1\n",
					     "128166372003061630,usr,0,Read,512,512,1\n" };
	/* It begins after 104 days and takes 12. */
	static const char *const ends_late[] = { "1000,usr,0,Read,512,512,1\n",
						 "90000000001000,usr,0,Read,512,512,10000000000000\n" };
	const trace_options options = { .any_device = true };
	nescsim_diag *diag = nescsim_diag_create();
	test_folder folder = folder_make(broken, 2);
	trace_summary summary;
	char *text;

	(void)state;
	assert_int_equal(trace_summarize(folder.pattern, folder.pattern, &options, NULL, diag, &summary),
			 NESCSIM_TRACE);
	text = test_diag_text(diag, NULL);
	assert_non_null(strstr(text, "0.csv:2:12: error: expected Read or Write, found 'Raed'"));
	assert_non_null(strstr(text, "1.csv:2:17: error: expected an offset"));
	free(text);
	folder_remove(&folder, 2);
	nescsim_diag_destroy(diag);
	diag = nescsim_diag_create();
	folder = folder_make(apart, 2);
	assert_int_equal(trace_summarize(folder.pattern, folder.pattern, &options, NULL, diag, &summary),
			 NESCSIM_TRACE);
	text = test_diag_text(diag, NULL);
	assert_non_null(strstr(text, "1.csv:1: error: the file begins more than 106 days after the earliest one"));
	free(text);
	folder_remove(&folder, 2);
	nescsim_diag_destroy(diag);
	diag = nescsim_diag_create();
	folder = folder_make(ends_late, 2);
	assert_int_equal(trace_summarize(folder.pattern, folder.pattern, &options, NULL, diag, &summary),
			 NESCSIM_TRACE);
	text = test_diag_text(diag, NULL);
	assert_non_null(strstr(text, "1.csv:1: error: the request is, or ends, more than 106 days after the first"));
	free(text);
	folder_remove(&folder, 2);
	assert_int_equal(trace_summarize(folder.pattern, folder.pattern, &options, NULL, diag, &summary), NESCSIM_IO);
	nescsim_diag_destroy(diag);
}

/* A pattern is one only where no file has that name. */
static void test_a_name_with_a_star(void **state)
{
	const test_folder folder = folder_make(NULL, 0);
	trace_summary summary;
	FILE *file = fopen(folder.pattern, "w");

	(void)state;
	assert_non_null(file);
	fputs(three_devices, file);
	fclose(file);
	assert_int_equal(trace_summarize(folder.pattern, folder.pattern, &(trace_options){ .any_device = true }, NULL,
					 NULL, &summary),
			 NESCSIM_OK);
	assert_int_equal(summary.num_requests, 5);
	unlink(folder.pattern);
	folder_remove(&folder, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_device_each),
		cmocka_unit_test(test_fold_puts_devices_side_by_side),
		cmocka_unit_test(test_named_devices),
		cmocka_unit_test(test_rules_that_do_not_fit),
		cmocka_unit_test(test_devices_too_large_together),
		cmocka_unit_test(test_counting),
		cmocka_unit_test(test_window),
		cmocka_unit_test(test_empty_window),
		cmocka_unit_test(test_files_are_one_trace),
		cmocka_unit_test(test_mistakes_in_several_files),
		cmocka_unit_test(test_a_name_with_a_star),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
