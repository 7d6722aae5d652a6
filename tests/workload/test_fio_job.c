/* Does a fio job file mean what fio means by it, and is every mistake in one found and placed? */
#include <stdio.h>

#include "base/rng.h"
#include "workload/fio_job.h"
#include "workload/replay_harness.h"

#define NUM_ROUNDS 4000

static fio_job_file *parse_good(const char *text)
{
	nescsim_diag *diag = nescsim_diag_create();
	fio_job_file *file;

	if (fio_job_parse(text, "T", diag, &file) != NESCSIM_OK || nescsim_diag_count(diag) > 0)
		fail_msg("%s\n%s", text, test_diag_text(diag, "T"));
	nescsim_diag_destroy(diag);
	return file;
}

static void parse_bad(const char *text, const char *expected)
{
	nescsim_diag *diag = nescsim_diag_create();
	fio_job_file *file;

	assert_int_equal(fio_job_parse(text, "T", diag, &file), NESCSIM_CONFIG);
	assert_null(file);
	test_assert_diag(diag, "T", expected);
	nescsim_diag_destroy(diag);
}

static const fio_params *job(const fio_job_file *file, size_t idx)
{
	size_t num_jobs;
	const fio_job *jobs = fio_job_jobs(file, &num_jobs);

	assert_true(idx < num_jobs);
	return jobs[idx].params;
}

/* ---- what is meant ---------------------------------------------------------------------------------------------- */

static void assert_same_numbers(const char *what, const cfg_list *a, const cfg_list *b)
{
	if (a->num != b->num || memcmp(a->items, b->items, a->num * sizeof(int64_t)) != 0)
		fail_msg("%s: other numbers", what);
}

static void assert_same(const char *what, const fio_params *a, const fio_params *b)
{
	const fio_split *a_splits = a->bssplit.items, *b_splits = b->bssplit.items;
	fio_params x = *a, y = *b;

	assert_same_numbers(what, &a->bs, &b->bs);
	assert_same_numbers(what, &a->percentage_random, &b->percentage_random);
	assert_same_numbers(what, &a->rate, &b->rate);
	assert_same_numbers(what, &a->rate_iops, &b->rate_iops);
	assert_int_equal(a->bssplit.num, b->bssplit.num);
	for (size_t i = 0; i < a->bssplit.num; i++) {
		assert_int_equal(a_splits[i].op, b_splits[i].op);
		assert_int_equal(a_splits[i].size_bytes, b_splits[i].size_bytes);
		assert_int_equal(a_splits[i].percent, b_splits[i].percent);
	}
	assert_int_equal(a->random_distribution.index, b->random_distribution.index);
	if (a->random_distribution.index != FIO_LAW_RANDOM)
		assert_int_equal(((const fio_law_params *)a->random_distribution.params)->exponent,
				 ((const fio_law_params *)b->random_distribution.params)->exponent);
	x.bs = x.bssplit = x.percentage_random = x.rate = x.rate_iops = (cfg_list){ .num = 0 };
	y.bs = y.bssplit = y.percentage_random = y.rate = y.rate_iops = (cfg_list){ .num = 0 };
	memset(&x.random_distribution, 0, sizeof(x.random_distribution));
	memset(&y.random_distribution, 0, sizeof(y.random_distribution));
	if (memcmp(&x, &y, sizeof(x)) != 0)
		fail_msg("%s: other values", what);
}

static void options_mean_keys_of_the_config(void **state)
{
	static const struct {
		const char *option, *key;
	} rows[] = {
		{ "rw=randrw", "rw: randrw" },
		{ "readwrite=trimwrite", "rw: trimwrite" },
		{ "ioengine=io_uring", "ioengine: io_uring" },
		{ "bs=4k", "bs: 4 KiB" },
		{ "bs=4K", "bs: 4 KiB" },
		{ "bs=8kb", "bs: 8 KiB" },
		{ "bs=1m", "bs: 1 MiB" },
		{ "bs=512", "bs: 512 B" },
		{ "bs=512b", "bs: 512 B" },
		{ "bs=0x1000", "bs: 4 KiB" },
		{ "bs=512kib", "bs: 512 kB" },
		{ "blocksize=8k,32k", "bs: [8 KiB, 32 KiB]" },
		{ "bs=8k, 32k ,1m", "bs: [8 KiB, 32 KiB, 1 MiB]" },
		{ "bs=,8k", "bs: [4 KiB, 8 KiB]" },
		{ "bssplit=4k/60:64k/40", "bssplit: [{size: 4 KiB, percent: 60}, {size: 64 KiB, percent: 40}]" },
		{ "bssplit=4k/60:64k:8k/", "bssplit: [{size: 4 KiB, percent: 60}, {size: 64 KiB}, {size: 8 KiB}]" },
		{ "bssplit=4k/60:64k/40,8k/100",
		  "bssplit: [{size: 4 KiB, percent: 60, op: read}, {size: 64 KiB, percent: 40, op: read}, "
		  "{size: 8 KiB, percent: 100, op: write}, {size: 8 KiB, percent: 100, op: trim}]" },
		{ "bssplit=4k,8k,16k",
		  "bssplit: [{size: 4 KiB, op: read}, {size: 8 KiB, op: write}, {size: 16 KiB, op: trim}]" },
		{ "size=1g", "size: 1 GiB" },
		{ "size=1t", "size: 1 TiB" },
		{ "size=50%", "size_percent: 50" },
		{ "offset=1m", "offset: 1 MiB" },
		{ "offset=25%", "offset_percent: 25" },
		{ "offset_increment=64k", "offset_increment: 64 KiB" },
		{ "io_size=10m", "io_size: 10 MiB" },
		{ "io_limit=10m", "io_size: 10 MiB" },
		{ "number_ios=2k", "number_ios: 2048" },
		{ "loops=3", "loops: 3" },
		{ "runtime=30", "runtime: 30 s" },
		{ "runtime=2m", "runtime: 120 s" },
		{ "timeout=500ms", "runtime: 500 ms" },
		{ "runtime=1h", "runtime: 3600 s" },
		{ "runtime=1\ntime_based", "{runtime: 1 s, time_based: true" },
		{ "runtime=1\ntime_based=0", "runtime: 1 s" },
		{ "startdelay=2", "startdelay: 2 s" },
		{ "thinktime=10", "thinktime: 10 us" },
		{ "thinktime=10ms", "thinktime: 10 ms" },
		{ "thinktime=10\nthinktime_spin=4", "{thinktime: 10 us, thinktime_spin: 4 us" },
		{ "thinktime_blocks=4\nthinktime_blocks_type=issue",
		  "{thinktime_blocks: 4, thinktime_blocks_type: issue" },
		{ "iodepth=32", "iodepth: 32" },
		{ "numjobs=4\nfilename=x", "numjobs: 4" },
		{ "rwmixread=70", "rwmixread: 70" },
		{ "rwmixwrite=70", "rwmixread: 30" },
		{ "norandommap", "norandommap: true" },
		{ "random_distribution=zipf", "random_distribution: zipf" },
		{ "random_distribution=zipf:1.2", "random_distribution: {kind: zipf, theta: 1.2}" },
		{ "random_distribution=pareto:0.3", "random_distribution: {kind: pareto, h: 0.3}" },
		{ "percentage_random=20,100", "percentage_random: [20, 100]" },
		{ "rate=1m,500k", "rate: [1048576 B/s, 512000 B/s]" },
		{ "rate=,500k", "rate: [0 B/s, 512000 B/s]" },
		{ "rate_iops=1000", "rate_iops: 1000" },
		{ "rate_iops=1000\nrate_process=poisson", "{rate_iops: 1000, rate_process: poisson" },
		{ "rate_iops=9\nrate_process=bursty\nburst_ios=3",
		  "{rate_iops: 9, rate_process: bursty, burst_ios: 3" },
		{ "io_submit_mode=offload", "io_submit_mode: offload" },
		{ "fsync=3", "fsync: 3" },
		{ "fdatasync=1", "fdatasync: 1" },
		{ "end_fsync=1", "end_fsync: true" },
		{ "randseed=7", "randseed: 7" },
		{ "stonewall", "stonewall: true" },
		{ "wait_for_previous", "stonewall: true" },
		{ "buffered=0", "direct: true" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char text[512], yaml[512];
		test_workload expected;
		fio_job_file *file;

		snprintf(text, sizeof(text), "[j]\n%s%s\n", strstr(rows[i].option, "buffered") ? "" : "direct=1\n",
			 rows[i].option);
		snprintf(yaml, sizeof(yaml), "%s%s, kind: fio}", rows[i].key[0] == '{' ? "" : "{", rows[i].key);
		file = parse_good(text);
		test_workload_load(&expected, yaml);
		assert_same(rows[i].option, job(file, 0), expected.variant.params);
		test_workload_free(&expected);
		fio_job_close(file);
	}
}

static void globals_hold_for_the_jobs_behind_them(void **state)
{
	fio_job_file *file = parse_good("[global]\ndirect=1\niodepth=4\nioengine=libaio\nfilename=x\nsize=50%\n"
					"[a]\n[b]\niodepth=8\nsize=1m\n[global]\niodepth=16\nsize=2m\n[c]\nsize=10%\n");

	(void)state;
	assert_int_equal(job(file, 0)->iodepth, 4);
	assert_int_equal(job(file, 0)->size_percent, 50);
	assert_int_equal(job(file, 1)->iodepth, 8);
	assert_int_equal(job(file, 1)->size_bytes, 1 << 20); /* instead of the percentage */
	assert_int_equal(job(file, 1)->size_percent, 0);
	assert_int_equal(job(file, 2)->iodepth, 16);
	assert_int_equal(job(file, 2)->size_bytes, 0);
	assert_int_equal(job(file, 2)->size_percent, 10);
	fio_job_close(file);
}

static void the_last_value_counts(void **state)
{
	fio_job_file *file = parse_good("[a]\ndirect=0\ndirect=1\nbs=4k\nbs=8k\nrwmixread=10\nrwmixwrite=20");

	(void)state;
	assert_int_equal(*(const int64_t *)job(file, 0)->bs.items, 8192);
	assert_int_equal(job(file, 0)->rwmixread, 80);
	fio_job_close(file);
}

static void comments_blanks_and_line_ends_do_not_matter(void **state)
{
	fio_job_file *file = parse_good("; a comment\n# another=1\n\n  [a job] ; its name\r\n"
					"\tdirect = 1 # on\r\n bs\t=\t8k ;x\n   \n;[b]\niodepth=1");
	size_t num_jobs;

	(void)state;
	fio_job_jobs(file, &num_jobs);
	assert_int_equal(num_jobs, 1);
	assert_string_equal(fio_job_jobs(file, &num_jobs)->place->path, "a job");
	assert_int_equal(fio_job_jobs(file, &num_jobs)->place->line, 4);
	assert_int_equal(*(const int64_t *)job(file, 0)->bs.items, 8192);
	fio_job_close(file);
}

static void words_are_a_job(void **state)
{
	static const char *const good[] = { "rw=randwrite", "bs=8k", "numjobs=3", "norandommap", "rate_iops=100" };
	static const char *const bad[] = { "rw=up", "bs=5x", "[a]", "iodept=3" };
	nescsim_diag *diag = nescsim_diag_create();
	fio_job_file *file;

	(void)state;
	assert_int_equal(fio_job_words(good, 5, "T", diag, &file), NESCSIM_OK);
	assert_int_equal(nescsim_diag_count(diag), 0);
	assert_int_equal(job(file, 0)->rw, FIO_RW_RANDWRITE);
	assert_int_equal(job(file, 0)->numjobs, 3);
	assert_true(job(file, 0)->direct && job(file, 0)->norandommap);
	fio_job_close(file);
	assert_int_equal(fio_job_words(bad, 4, "T", diag, &file), NESCSIM_CONFIG);
	test_assert_diag(
		diag, "T",
		"T: error: bs: expected a size, not '5x' (such as 512, 4k, 64m or 1g)\n"
		"T: error: [a]: this option is unknown, or not simulated (remove it; docs/fio.md lists what is known)\n"
		"T: error: iodept: this option is unknown, or not simulated (did you mean 'iodepth'?)\n"
		"T: error: rw: unknown choice 'up' (choices: read, write, trim, randread, randwrite, randtrim, rw, "
		"readwrite, randrw, trimwrite, randtrimwrite)\n");
	nescsim_diag_destroy(diag);
}

/* ---- what is not ------------------------------------------------------------------------------------------------ */

static void all_mistakes_are_placed(void **state)
{
	(void)state;
	parse_bad(
		"bs=4k\n[j]\ndirect=1\n bs = 5x\niodept=4\nzonemode=zbd\nrw=randrw:8\nruntime=soon\nnumjobs\n"
		"bs=$pagesize\nio_size=10%\niodepth=0\nsync=1\nno option\n=1\n",
		"T:1:1: error: bs: this option is in no section (put [global] or a job's [name] before it)\n"
		"T:4:7: error: bs: expected a size, not '5x' (such as 512, 4k, 64m or 1g)\n"
		"T:5:1: error: iodept: this option is unknown, or not simulated (did you mean 'iodepth'?)\n"
		"T:6:1: error: zonemode: this option is unknown, or not simulated (remove it; docs/fio.md lists what "
		"is "
		"known)\n"
		"T:8:9: error: runtime: expected a time, not 'soon' (such as 10, 10s or 500ms; without a unit it is in "
		"s)\n"
		"T:9:1: error: numjobs: has no value (Clones of the job, dealt out to the VM's vCPUs.)\n"
		"T:10:4: error: bs: variables are not substituted (write the value itself)\n"
		"T:11:9: error: io_size: expected a value that is not in percent, not '10%' (Bytes that the job moves "
		"before it ends, the last request as a whole; 0 = as many as `size`.)\n"
		"T:13:1: error: sync: this option is not simulated (fsync or fdatasync flush after writes)\n"
		"T:14:1: error: a line is a section, an option or a comment (name=value)\n"
		"T:15:1: error: a line is a section, an option or a comment (name=value)\n"
		"T:7:4: error: rw: unknown choice 'randrw:8' (did you mean 'randrw'? choices: read, write, trim, "
		"randread, "
		"randwrite, randtrim, rw, readwrite, randrw, trimwrite, randtrimwrite)\n"
		"T:12:9: error: iodepth: 0 is out of range 1 ... 65536 (Requests that each clone keeps outstanding; "
		"synchronous engines keep one whatever this says. A request is submitted as soon as one completes.)\n");
}

static void values_that_do_not_go_together_are_placed(void **state)
{
	(void)state;
	parse_bad("[j]\ndirect=1\nrate=1m\nrate_iops=100\nbssplit=4k/50:8k/20\nbs=1000",
		  "T:6:4: error: bs: 1000 bytes are not a multiple of 512 (such as 4 KiB)\n"
		  "T:5:9: error: bssplit: the shares add up to 70 % (shares of a direction add up to 100)\n"
		  "T:4:11: error: rate_iops: rate is given as well (remove one of the two)\n");
	parse_bad("[j]\ndirect=1\nbssplit=4k/0:8k/100",
		  "T:3:9: error: bssplit: expected a share of 1 to 100 %, not '0' (leave the size out)\n");
	parse_bad("[j]\ndirect=1\nbssplit=4k,8k,16k,32k",
		  "T:3:9: error: bssplit: more than three lists (reads,writes,trims)\n");
	parse_bad("[j]\ndirect=1\nrandom_distribution=random:2",
		  "T:3:21: error: random_distribution: expected nothing behind the colon, not '2'\n");
}

static void a_mistake_in_global_is_reported_once(void **state)
{
	(void)state;
	parse_bad(
		"[global]\ndirect=1\niodepth=0\n[a]\n[b]\n",
		"T:3:9: error: iodepth: 0 is out of range 1 ... 65536 (Requests that each clone keeps outstanding; "
		"synchronous engines keep one whatever this says. A request is submitted as soon as one completes.)\n");
}

static void a_buffered_job_is_a_mistake(void **state)
{
	(void)state;
	parse_bad("[a]\nrw=read",
		  "T:1:1: error: job 'a' is buffered, by fio's default; the guest's page cache is not simulated (add "
		  "direct=1, to [global] for all jobs)\n");
	parse_bad("[a]\ndirect=0",
		  "T:2:8: error: direct: buffered I/O goes through the guest's page cache, which is not simulated "
		  "(direct=1, as in fio on a raw disk)\n");
}

static void a_file_has_jobs(void **state)
{
	(void)state;
	parse_bad("", "T: error: there is no job in this file (such as [job] and rw=randread)\n");
	parse_bad("[global]\nbs=4k\n", "T: error: there is no job in this file (such as [job] and rw=randread)\n");
	parse_bad("[a\nbs=4k\n", "T:1:1: error: a section's name must end with ] ([global] or [name of the job])\n");
}

static void jobs_share_one_disk(void **state)
{
	nescsim_diag *diag = nescsim_diag_create();
	fio_job_file *file;

	(void)state;
	parse_bad("[global]\ndirect=1\n[a]\nfilename=x\n[b]\nfilename=x\n[c]\nfilename=y\n[d]\nfilename=u:v",
		  "T:8:10: error: filename: another file than in line 4, but all jobs use the VM's one disk (one job "
		  "file "
		  "per VM)\n"
		  "T:10:10: error: filename: several files are not simulated (name one file: the VM's disk)\n");
	assert_int_equal(fio_job_parse("[a]\ndirect=1\nnumjobs=2", "T", diag, &file), NESCSIM_OK);
	test_assert_diag(
		diag, "T",
		"T: warning: without a filename fio gives each job and clone a file of its own; here all use one "
		"disk (such as filename=/dev/vdb, for fio to do so too)\n");
	fio_job_close(file);
	nescsim_diag_destroy(diag);
}

static void every_row_of_the_table_does_what_it_says(void **state)
{
	char text[256], expected[256];
	size_t num_keys = 0;

	(void)state;
#define ALIAS(option, key_name, notation)                                         \
	for (size_t i = 0; i < kind_fio_section.num_keys; i++)                    \
		num_keys += strcmp(kind_fio_section.keys[i].name, key_name) == 0; \
	assert_int_equal(num_keys, 1);                                            \
	num_keys = 0;
#define IGNORED(option, reason)                                                      \
	snprintf(text, sizeof(text), "[j]\ndirect=1\n%s=1\n%s\n", #option, #option); \
	fio_job_close(parse_good(text));
#define REFUSED(option, harmless, advice)                                                                      \
	snprintf(text, sizeof(text), "[j]\ndirect=1\n%s=other\n", #option);                                    \
	snprintf(expected, sizeof(expected), "T:3:1: error: %s: this option is not simulated (%s)\n", #option, \
		 advice);                                                                                      \
	parse_bad(text, expected);                                                                             \
	if (harmless) {                                                                                        \
		snprintf(text, sizeof(text), "[j]\ndirect=1\n%s=%s\n", #option, (const char *)harmless);       \
		fio_job_close(parse_good(text));                                                               \
	}
#include "workload/fio_options.def"
}

static void no_more_than_twenty_mistakes_are_listed(void **state)
{
	nescsim_diag *diag = nescsim_diag_create();
	fio_job_file *file;
	char text[400] = "[j]\ndirect=1\n";

	(void)state;
	for (int i = 0; i < 50; i++)
		strcat(text, "bs=x\n");
	assert_int_equal(fio_job_parse(text, "T", diag, &file), NESCSIM_CONFIG);
	assert_int_equal(nescsim_diag_num_errors(diag), INPUT_MAX_ERRORS);
	assert_int_equal(nescsim_diag_count(diag), INPUT_MAX_ERRORS + 1);
	nescsim_diag_destroy(diag);
}

static void files_that_are_none_are_refused(void **state)
{
	static char large[(1 << 20) + 2];
	static const struct {
		const char *bytes;
		size_t num_bytes;
		const char *message;
	} rows[] = {
		{ "[a]\0", 4, "T: error: not a text (is it really a job file?)\n" },
		{ large, sizeof(large), "T: error: larger than 1 MiB (is it really a job file?)\n" },
	};
	fio_job_file *file;

	(void)state;
	memset(large, '\n', sizeof(large));
	for (size_t i = 0; i < 2; i++) {
		nescsim_diag *diag = nescsim_diag_create();
		test_file bad = test_file_make(rows[i].bytes, rows[i].num_bytes);

		assert_int_equal(fio_job_open(bad.name, bad.name, NULL, diag, &file), NESCSIM_CONFIG);
		test_assert_diag(diag, bad.name, rows[i].message);
		test_file_remove(&bad);
		nescsim_diag_destroy(diag);
	}
	assert_int_equal(fio_job_open("nowhere.fio", "nowhere.fio", NULL, NULL, &file), NESCSIM_IO);
	assert_int_equal(fio_job_open(".", ".", NULL, NULL, &file), NESCSIM_IO);
}

/* ---- running ---------------------------------------------------------------------------------------------------- */

static harness h;

static void run_file(const char *text, const source_context *context)
{
	static const ps_t latency_ps = 10 * PS_PER_US;
	fio_job_file *file = parse_good(text);
	nescsim_diag *diag = nescsim_diag_create();
	source_shared *shared;
	source_context given = *context;
	source *from;

	assert_int_equal(source_prepare(fio_job_workload(file), context, NULL, diag, &shared), NESCSIM_OK);
	given.shared = source_shared_data(shared);
	assert_int_equal(source_open(fio_job_workload(file), &given, NULL, diag, &from), NESCSIM_OK);
	harness_run(&h, from, &latency_ps, 1);
	assert_int_equal(h.last, SOURCE_END);
	source_close(from);
	source_unshare(shared);
	nescsim_diag_destroy(diag);
	fio_job_close(file);
}

#define TWO_JOBS "[global]\ndirect=1\nsize=16k\nfilename=x\n[a]\nrw=write\n[b]\nrw=read\noffset=1m\n"

static void jobs_run_at_the_same_time(void **state)
{
	const source_context context = test_context();

	(void)state;
	run_file(TWO_JOBS, &context);
	assert_int_equal(h.num, 8);
	assert_int_equal(h.max_outstanding, 2);
	assert_int_equal(h.log[7].submitted_ps, 30 * PS_PER_US);
}

static void jobs_are_dealt_out_to_vcpus(void **state)
{
	source_context context = test_context();

	(void)state;
	context.num_vcpus = 2;
	context.vcpu = 1;
	run_file(TWO_JOBS, &context);
	assert_int_equal(h.num, 4);
	assert_int_equal(h.log[0].request.op, IO_READ);
}

static void a_stonewalled_job_waits_for_those_before(void **state)
{
	const source_context context = test_context();

	(void)state;
	run_file(TWO_JOBS "stonewall\n", &context);
	assert_int_equal(h.num, 8);
	assert_int_equal(h.max_outstanding, 1);
	for (size_t i = 0; i < 8; i++)
		assert_int_equal(h.log[i].request.op, i < 4 ? IO_WRITE : IO_READ);
}

static void a_config_names_the_file(void **state)
{
	test_file file = test_file_text(TWO_JOBS), broken = test_file_text("[j]\ndirect=1\nbs=x\n");
	const source_context context = test_context();
	static const ps_t latency_ps = 10 * PS_PER_US;
	test_workload workload;
	char yaml[128];
	source *from;

	(void)state;
	snprintf(yaml, sizeof(yaml), "{kind: fio_job, file: %s}", file.name);
	test_workload_load(&workload, yaml);
	assert_int_equal(source_validate(&workload.variant, &context, NULL, workload.diag), NESCSIM_OK);
	from = test_source_open(&workload, &context); /* alone */
	harness_run(&h, from, &latency_ps, 1);
	assert_int_equal(h.num, 8);
	source_close(from);
	test_workload_free(&workload);
	snprintf(yaml, sizeof(yaml), "{kind: fio_job, file: %s}", broken.name);
	test_workload_load(&workload, yaml);
	assert_int_equal(source_validate(&workload.variant, &context, NULL, workload.diag), NESCSIM_CONFIG);
	test_assert_diag(workload.diag, broken.name,
			 "T:3:4: error: bs: expected a size, not 'x' (such as 512, 4k, 64m or 1g)\n");
	test_workload_free(&workload);
	test_file_remove(&file);
	test_file_remove(&broken);
}

/* ---- anything --------------------------------------------------------------------------------------------------- */

/* Whatever stands in a file, it is parsed, or it has mistakes that are reported; and what is parsed can be opened, or is
 * said not to fit. */
static void broken_files_are_mistakes_and_no_crashes(void **state)
{
	static const char original[] =
		"; mutants of this\n[global]\nfilename=/dev/vdb\nioengine=libaio\ndirect=1\nsize=64m\n[database]\n"
		"rw=randrw\nrwmixread=70\nbssplit=4k/60:8k/30:16k/10,512/100\nrandom_distribution=zipf:1.2\niodepth=4\n"
		"number_ios=20\nthinktime=10us\n[log]\nstonewall\nrw=write\nbs=4k,8k\nfdatasync=1\nrate_iops=2000,,9\n"
		"rate_process=poisson\noffset=50%\nnumjobs=2\nruntime=1\ntime_based\n";
	static const char interesting[] = "0123456789 \n\t[]=;#,:/%$.kmgt-\\\"{}'&*!|>\xff";
	rng_stream rng = rng_open(1, "job fuzz", 0);
	unsigned num_good = 0;

	(void)state;
	for (int round = 0; round < NUM_ROUNDS; round++) {
		char text[sizeof(original) + 256];
		size_t length = sizeof(original) - 1;
		nescsim_diag *diag = nescsim_diag_create();
		source_context context = test_context();
		fio_job_file *file;
		source *from;

		memcpy(text, original, sizeof(original));
		for (uint64_t change = 0; change < 1 + (uint64_t)round % 4 && length > 0; change++) {
			const size_t at = rng_uniform_u64(&rng, length);
			size_t piece = 1 + rng_uniform_u64(&rng, 40);

			piece = piece < length - at ? piece : length - at;
			switch (rng_uniform_u64(&rng, 6)) {
			case 0:
				text[at] = interesting[rng_uniform_u64(&rng, sizeof(interesting) - 1)];
				break;
			case 1: /* take a piece out */
				memmove(text + at, text + at + piece, length - at - piece);
				length -= piece;
				break;
			case 2: /* repeat a piece */
				memmove(text + at + piece, text + at, length - at);
				length += piece;
				break;
			case 3: /* another digit */
			case 4:
				for (size_t i = at; i < length; i++)
					if (text[i] >= '0' && text[i] <= '9') {
						text[i] = (char)('0' + rng_uniform_u64(&rng, 10));
						break;
					}
				break;
			default:
				text[at] = (char)(1 + rng_uniform_u64(&rng, 255));
				break;
			}
		}
		text[length] = '\0';
		if (fio_job_parse(text, "T", diag, &file) == NESCSIM_OK) {
			num_good++;
			assert_int_equal(nescsim_diag_num_errors(diag), 0);
			if (source_open(fio_job_workload(file), &context, NULL, diag, &from) == NESCSIM_OK) {
				source_step step;
				ps_t now_ps = 0;

				for (int i = 0; i < 100; i++) {
					source_next(from, now_ps, &step);
					if (step.action == SOURCE_END)
						break;
					if (step.action == SOURCE_SUBMIT) {
						assert_true(step.request.first_sector + step.request.num_sectors <=
							    context.disk_bytes / 512);
						assert_true((step.request.num_sectors == 0) ==
							    (step.request.op == IO_FLUSH));
						source_completed(from, step.request.number, now_ps);
					} else if (step.action == SOURCE_THINK) {
						now_ps += step.duration_ps;
					} else {
						assert_true(step.until_ps > now_ps);
						now_ps = step.until_ps;
					}
				}
				source_close(from);
			} else {
				assert_true(nescsim_diag_num_errors(diag) > 0);
			}
			fio_job_close(file);
		} else {
			assert_in_range(nescsim_diag_num_errors(diag), 1, INPUT_MAX_ERRORS);
			assert_null(file);
		}
		nescsim_diag_destroy(diag);
	}
	/* Else this would be a test of the mistakes alone. */
	assert_in_range(num_good, NUM_ROUNDS / 20, NUM_ROUNDS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(options_mean_keys_of_the_config),
		cmocka_unit_test(globals_hold_for_the_jobs_behind_them),
		cmocka_unit_test(the_last_value_counts),
		cmocka_unit_test(comments_blanks_and_line_ends_do_not_matter),
		cmocka_unit_test(words_are_a_job),
		cmocka_unit_test(all_mistakes_are_placed),
		cmocka_unit_test(values_that_do_not_go_together_are_placed),
		cmocka_unit_test(a_mistake_in_global_is_reported_once),
		cmocka_unit_test(a_buffered_job_is_a_mistake),
		cmocka_unit_test(a_file_has_jobs),
		cmocka_unit_test(jobs_share_one_disk),
		cmocka_unit_test(every_row_of_the_table_does_what_it_says),
		cmocka_unit_test(no_more_than_twenty_mistakes_are_listed),
		cmocka_unit_test(files_that_are_none_are_refused),
		cmocka_unit_test(jobs_run_at_the_same_time),
		cmocka_unit_test(jobs_are_dealt_out_to_vcpus),
		cmocka_unit_test(a_stonewalled_job_waits_for_those_before),
		cmocka_unit_test(a_config_names_the_file),
		cmocka_unit_test(broken_files_are_mistakes_and_no_crashes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
