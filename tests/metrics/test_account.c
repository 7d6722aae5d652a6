/* Accounting: what goes into which row, and the bytes of summary.csv and stages.csv. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "metrics/account.h"
#include "metrics/death.h"

enum {
	READ,
	WRITE,
	FLUSH,
	DISCARD,
	NUM_OPS
};

static const metrics_op ops[NUM_OPS] = {
	{ "read", true },
	{ "write", true },
	{ "flush", false },
	{ "discard", false },
};

static char *summary_text(const metrics *self, const metrics_run *run)
{
	char *bytes = NULL;
	size_t num_bytes = 0;
	FILE *out = open_memstream(&bytes, &num_bytes);
	csv_writer csv;

	metrics_begin_summary(&csv, out);
	assert_int_equal(metrics_write_summary(self, run, &csv), NESCSIM_OK);
	assert_int_equal(csv_finish(&csv), NESCSIM_OK);
	fclose(out);
	return bytes;
}

static char *stages_text(const metrics *self)
{
	char *bytes = NULL;
	size_t num_bytes = 0;
	FILE *out = open_memstream(&bytes, &num_bytes);
	csv_writer csv;

	metrics_begin_stages(&csv, out);
	assert_int_equal(metrics_write_stages(self, &csv), NESCSIM_OK);
	assert_int_equal(csv_finish(&csv), NESCSIM_OK);
	fclose(out);
	return bytes;
}

#define SUMMARY_HEADER                                                                                               \
	"scheme,layer,vm,op,requests,bytes,simulated_s,iops,bandwidth_MBps,latency_mean_us,latency_p50_us,"          \
	"latency_p99_us,latency_p999_us,latency_max_us,host_cpu_us_per_request,latency_mean_ci95_us,latency_min_us," \
	"latency_p90_us,failed\n"
#define STAGES_HEADER "scheme,layer,vm,op,stage,service_mean_us,wait_mean_us,share_percent\n"

static void the_rows_of_one_vm(void **unused)
{
	/* 5 requests in all, flush included, took 50 us of host CPU; 2 ms were simulated. */
	const metrics_host_cpu cpu[2] = { { 50 * PS_PER_US, 5 }, { 50 * PS_PER_US, 5 } };
	const metrics_run run = { .simulated_ps = 2 * PS_PER_MS, .host_cpu = cpu };
	metrics *self = metrics_create("nesc", 1, ops, NUM_OPS);
	char *text;

	(void)unused;
	metrics_record(self, 1, READ, METRICS_BLOCK, 1000, 10 * PS_PER_US, NULL, 4096);
	metrics_record(self, 1, READ, METRICS_BLOCK, 2000, 20 * PS_PER_US, NULL, 4096);
	metrics_record(self, 1, READ, METRICS_BLOCK, 3000, 40 * PS_PER_US + 1, NULL, 8192);
	metrics_record(self, 1, WRITE, METRICS_BLOCK, 4000, 5 * PS_PER_US, NULL, 512);
	metrics_record(self, 1, FLUSH, METRICS_BLOCK, 5000, 900 * PS_PER_US, NULL, 0);
	text = summary_text(self, &run);
	assert_string_equal(
		text, SUMMARY_HEADER
		"nesc,block,1,read,3,16384,0.002000,1500.000000,8.192000,23.333334,20.000000,40.000001,40.000001,"
		"40.000001,,,10.000000,40.000001,0\n"
		"nesc,block,1,write,1,512,0.002000,500.000000,0.256000,5.000000,5.000000,5.000000,5.000000,5.000000,,,"
		"5.000000,5.000000,0\n"
		"nesc,block,1,flush,1,0,0.002000,500.000000,,900.000000,900.000000,900.000000,900.000000,900.000000,,,"
		"900.000000,900.000000,0\n"
		"nesc,block,1,all,4,16896,0.002000,2000.000000,8.448000,18.750000,10.000000,40.000001,40.000001,"
		"40.000001,10.000000,,5.000000,40.000001,0\n"
		"nesc,block,all,read,3,16384,0.002000,1500.000000,8.192000,23.333334,20.000000,40.000001,40.000001,"
		"40.000001,,,10.000000,40.000001,0\n"
		"nesc,block,all,write,1,512,0.002000,500.000000,0.256000,5.000000,5.000000,5.000000,5.000000,5.000000,,"
		","
		"5.000000,5.000000,0\n"
		"nesc,block,all,flush,1,0,0.002000,500.000000,,900.000000,900.000000,900.000000,900.000000,900.000000,,"
		","
		"900.000000,900.000000,0\n"
		"nesc,block,all,all,4,16896,0.002000,2000.000000,8.448000,18.750000,10.000000,40.000001,40.000001,"
		"40.000001,10.000000,,5.000000,40.000001,0\n");
	free(text);
	metrics_destroy(self);
}

/* A flush alone has no `all` row, and undefined cells are empty. */
static void undefined_cells_are_empty(void **unused)
{
	const metrics_host_cpu cpu[2] = { { 7, 0 }, { 9 * PS_PER_US, 2 } };
	const metrics_run run = { .simulated_ps = 0, .host_cpu = cpu };
	metrics *self = metrics_create("a,b", 1, ops, NUM_OPS);
	char *text = summary_text(self, &run);

	(void)unused;
	assert_string_equal(text, SUMMARY_HEADER);
	free(text);
	metrics_record(self, 1, FLUSH, METRICS_DEVICE, 0, 0, NULL, 12345);
	text = summary_text(self, &run);
	assert_string_equal(
		text, SUMMARY_HEADER
		"\"a,b\",device,1,flush,1,0,0.000000,,,0.000000,0.000000,0.000000,0.000000,0.000000,4.500000,,"
		"0.000000,0.000000,0\n"
		"\"a,b\",device,all,flush,1,0,0.000000,,,0.000000,0.000000,0.000000,0.000000,0.000000,,,"
		"0.000000,0.000000,0\n");
	free(text);
	metrics_destroy(self);
}

/* All numbers but the failures. */
static void assert_same_but_failures(const metrics_summary *a, const metrics_summary *b)
{
	assert_int_equal(a->num_requests, b->num_requests);
	assert_int_equal(a->num_bytes, b->num_bytes);
	assert_int_equal(a->moves_data, b->moves_data);
	assert_true(a->sum_ps == b->sum_ps);
	assert_int_equal(a->min_ps, b->min_ps);
	assert_int_equal(a->p50_ps, b->p50_ps);
	assert_int_equal(a->p90_ps, b->p90_ps);
	assert_int_equal(a->p99_ps, b->p99_ps);
	assert_int_equal(a->p999_ps, b->p999_ps);
	assert_int_equal(a->max_ps, b->max_ps);
	assert_int_equal(a->has_ci95, b->has_ci95);
	assert_int_equal(a->mean_ci95_ps, b->mean_ci95_ps);
	assert_int_equal(a->num_split, b->num_split);
	assert_memory_equal(a->service_ps, b->service_ps, sizeof(a->service_ps));
	assert_memory_equal(a->wait_ps, b->wait_ps, sizeof(a->wait_ps));
}

/* Failures only: counts are 0, latencies have no value, and the host's CPU time was spent all the same. */
static void rows_of_failures_alone(void **unused)
{
	const metrics_host_cpu cpu[2] = { { 12 * PS_PER_US, 3 }, { 12 * PS_PER_US, 3 } };
	const metrics_run run = { .simulated_ps = PS_PER_MS, .host_cpu = cpu };
	metrics *self = metrics_create("nesc", 1, ops, NUM_OPS);
	const metrics_summary empty = { .moves_data = true };
	metrics_summary summary;
	char *text;

	(void)unused;
	for (unsigned i = 0; i < 3; i++)
		metrics_record_failed(self, 1, WRITE, METRICS_BLOCK);
	text = summary_text(self, &run);
	assert_string_equal(text,
			    SUMMARY_HEADER "nesc,block,1,write,0,0,0.001000,0.000000,0.000000,,,,,,4.000000,,,,3\n"
					   "nesc,block,1,all,0,0,0.001000,0.000000,0.000000,,,,,,4.000000,,,,3\n"
					   "nesc,block,all,write,0,0,0.001000,0.000000,0.000000,,,,,,4.000000,,,,3\n"
					   "nesc,block,all,all,0,0,0.001000,0.000000,0.000000,,,,,,4.000000,,,,3\n");
	free(text);
	text = stages_text(self);
	assert_string_equal(text, STAGES_HEADER);
	free(text);

	assert_int_equal(metrics_summarize(self, METRICS_BLOCK, 1, WRITE, &summary), NESCSIM_OK);
	assert_int_equal(summary.num_failed, 3);
	assert_same_but_failures(&summary, &empty);
	metrics_destroy(self);
}

/* Takes the last cell off every line. */
static void cut_last_cells(char *text)
{
	char *to = text;

	for (char *line = text, *end; (end = strchr(line, '\n')) != NULL; line = end + 1) {
		const char *comma = memrchr(line, ',', (size_t)(end - line));

		memmove(to, line, (size_t)(comma - line));
		to += comma - line;
		*to++ = '\n';
	}
	*to = '\0';
}

/* Failures beside requests: they change the last column and nothing else. */
static void failures_count_nowhere_else(void **unused)
{
	const metrics_host_cpu cpu[3] = { { 9, 1 }, { 9, 1 }, { 9, 1 } };
	const metrics_run run = { .simulated_ps = PS_PER_S, .host_cpu = cpu };
	const latency_split split = { .service_ps = { [STAGE_MISS] = PS_PER_US } };
	char *rows[2], *stages[2];
	metrics_summary summaries[2][3][NUM_OPS + 1];

	(void)unused;
	for (unsigned with = 0; with < 2; with++) {
		metrics *self = metrics_create("nesc", 2, ops, NUM_OPS);

		for (uint32_t i = 0; i < 400; i++) {
			metrics_record(self, 1 + i % 2, i % 5 % NUM_OPS, METRICS_BLOCK, i * PS_PER_US, PS_PER_US,
				       &split, 512);
			for (unsigned j = 0; with && j < i % 3; j++)
				metrics_record_failed(self, 1 + i % 2, i % 5 % NUM_OPS, METRICS_BLOCK);
		}
		for (uint32_t vm = 0; vm <= 2; vm++) {
			for (uint32_t op = 0; op <= NUM_OPS; op++) {
				metrics_summary *of = &summaries[with][vm][op];

				assert_int_equal(metrics_summarize(self, METRICS_BLOCK, vm,
								   op < NUM_OPS ? op : METRICS_ALL_OPS, of),
						 NESCSIM_OK);
				assert_int_equal(of->num_failed > 0, with);
			}
		}
		rows[with] = summary_text(self, &run);
		cut_last_cells(rows[with]);
		stages[with] = stages_text(self);
		metrics_destroy(self);
	}
	assert_string_equal(rows[0], rows[1]);
	assert_string_equal(stages[0], stages[1]);

	/* VMs add up for each operation, and operations that move data for each VM. */
	for (uint32_t op = 0; op <= NUM_OPS; op++)
		assert_int_equal(summaries[1][METRICS_ALL_VMS][op].num_failed,
				 summaries[1][1][op].num_failed + summaries[1][2][op].num_failed);
	for (uint32_t vm = 0; vm <= 2; vm++)
		assert_int_equal(summaries[1][vm][NUM_OPS].num_failed,
				 summaries[1][vm][READ].num_failed + summaries[1][vm][WRITE].num_failed);

	for (uint32_t vm = 0; vm <= 2; vm++)
		for (uint32_t op = 0; op <= NUM_OPS; op++)
			assert_same_but_failures(&summaries[1][vm][op], &summaries[0][vm][op]);
	for (unsigned with = 0; with < 2; with++) {
		free(rows[with]);
		free(stages[with]);
	}
}

/* A VM whose writes all fail issued writes too: its CPU time is not that of its reads. */
static void failures_share_the_host_cpu(void **unused)
{
	const metrics_host_cpu cpu[2] = { { 8 * PS_PER_US, 2 }, { 8 * PS_PER_US, 2 } };
	const metrics_run run = { .simulated_ps = PS_PER_MS, .host_cpu = cpu };
	static const struct {
		uint32_t failed_op;
		const char *rows; /* of VM 1 */
	} cases[] = {
		{ READ,
		  "nesc,block,1,read,1,512,0.001000,1000.000000,0.512000,1.000000,1.000000,1.000000,1.000000,1.000000,"
		  "4.000000,,1.000000,1.000000,1\n"
		  "nesc,block,1,all,1,512,0.001000,1000.000000,0.512000,1.000000,1.000000,1.000000,1.000000,1.000000,"
		  "4.000000,,1.000000,1.000000,1\n" },
		{ WRITE,
		  "nesc,block,1,read,1,512,0.001000,1000.000000,0.512000,1.000000,1.000000,1.000000,1.000000,1.000000,"
		  ",,1.000000,1.000000,0\n"
		  "nesc,block,1,write,0,0,0.001000,0.000000,0.000000,,,,,,,,,,1\n"
		  "nesc,block,1,all,1,512,0.001000,1000.000000,0.512000,1.000000,1.000000,1.000000,1.000000,1.000000,"
		  "4.000000,,1.000000,1.000000,1\n" },
		{ FLUSH,
		  "nesc,block,1,read,1,512,0.001000,1000.000000,0.512000,1.000000,1.000000,1.000000,1.000000,1.000000,"
		  ",,1.000000,1.000000,0\n"
		  "nesc,block,1,flush,0,0,0.001000,0.000000,,,,,,,,,,,1\n"
		  "nesc,block,1,all,1,512,0.001000,1000.000000,0.512000,1.000000,1.000000,1.000000,1.000000,1.000000,"
		  "4.000000,,1.000000,1.000000,0\n" },
	};

	(void)unused;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		metrics *self = metrics_create("nesc", 1, ops, NUM_OPS);
		const size_t num_header = strlen(SUMMARY_HEADER), num_rows = strlen(cases[i].rows);
		char *text;

		metrics_record(self, 1, READ, METRICS_BLOCK, 1000, PS_PER_US, NULL, 512);
		metrics_record_failed(self, 1, cases[i].failed_op, METRICS_BLOCK);
		text = summary_text(self, &run);
		assert_true(strlen(text) > num_header + num_rows);
		assert_memory_equal(text + num_header, cases[i].rows, num_rows);
		assert_int_equal(strncmp(text + num_header + num_rows, "nesc,block,all,", 15), 0);
		free(text);
		metrics_destroy(self);
	}
}

/* Failures of reads and writes are in `all`, those of flushes and discards are not. */
static void all_has_the_failures_of_what_moves_data(void **unused)
{
	metrics *self = metrics_create("nesc", 1, ops, NUM_OPS);
	metrics_summary all;

	(void)unused;
	for (uint32_t op = 0; op < NUM_OPS; op++)
		for (unsigned i = 0; i < 1u << 4 * op; i++)
			metrics_record_failed(self, 1, op, METRICS_APP);
	assert_int_equal(metrics_summarize(self, METRICS_APP, METRICS_ALL_VMS, METRICS_ALL_OPS, &all), NESCSIM_OK);
	assert_int_equal(all.num_failed, 0x11);
	assert_int_equal(metrics_summarize(self, METRICS_APP, METRICS_ALL_VMS, DISCARD, &all), NESCSIM_OK);
	assert_int_equal(all.num_failed, 0x1000);
	assert_int_equal(metrics_summarize(self, METRICS_BLOCK, METRICS_ALL_VMS, METRICS_ALL_OPS, &all), NESCSIM_OK);
	assert_int_equal(all.num_failed, 0);
	metrics_destroy(self);
}

static void all_rows_are_sums(void **unused)
{
	metrics *self = metrics_create("virtio", 3, ops, NUM_OPS);
	metrics_summary part, all, vm_all, op_all;
	metrics_u128 sum_ps = 0;
	uint64_t num_requests = 0, num_bytes = 0;

	(void)unused;
	for (uint32_t i = 0; i < 9000; i++) {
		uint32_t vm = 1 + i % 3, op = i * 7 / 5 % NUM_OPS;

		metrics_record(self, vm, op, METRICS_BLOCK, i * PS_PER_US, PS_PER_US * (1 + i % 101) + i, NULL,
			       512 + i);
		metrics_record(self, vm, op, METRICS_DEVICE, i * PS_PER_US, 17, NULL, 1);
	}
	for (uint32_t vm = 1; vm <= 3; vm++) {
		for (uint32_t op = READ; op <= WRITE; op++) {
			assert_int_equal(metrics_summarize(self, METRICS_BLOCK, vm, op, &part), NESCSIM_OK);
			sum_ps += part.sum_ps;
			num_requests += part.num_requests;
			num_bytes += part.num_bytes;
			assert_true(part.has_ci95);
		}
	}
	assert_int_equal(metrics_summarize(self, METRICS_BLOCK, METRICS_ALL_VMS, METRICS_ALL_OPS, &all), NESCSIM_OK);
	assert_true(all.sum_ps == sum_ps);
	assert_int_equal(all.num_requests, num_requests);
	assert_int_equal(all.num_bytes, num_bytes);
	assert_true(all.has_ci95 && all.moves_data);
	assert_in_range(num_requests, 4000, 5000); /* flushes and discards are not in it */

	assert_int_equal(metrics_summarize(self, METRICS_BLOCK, METRICS_ALL_VMS, DISCARD, &part), NESCSIM_OK);
	assert_false(part.moves_data);
	assert_int_equal(part.num_bytes, 0);
	assert_in_range(part.num_requests, 2000, 2500);

	/* The two ways to the total agree. */
	sum_ps = 0;
	for (uint32_t vm = 1; vm <= 3; vm++) {
		metrics_summarize(self, METRICS_BLOCK, vm, METRICS_ALL_OPS, &vm_all);
		sum_ps += vm_all.sum_ps;
	}
	assert_true(sum_ps == all.sum_ps);
	sum_ps = 0;
	for (uint32_t op = READ; op <= WRITE; op++) {
		metrics_summarize(self, METRICS_BLOCK, METRICS_ALL_VMS, op, &op_all);
		sum_ps += op_all.sum_ps;
	}
	assert_true(sum_ps == all.sum_ps);

	assert_int_equal(metrics_summarize(self, METRICS_APP, 1, READ, &part), NESCSIM_OK);
	assert_int_equal(part.num_requests, 0);
	assert_string_equal(metrics_scheme(self), "virtio");
	assert_int_equal(metrics_num_vms(self), 3);
	metrics_destroy(self);
	metrics_destroy(NULL);
}

/* The same requests in another order give the same bytes. */
static void order_does_not_matter(void **unused)
{
	const metrics_host_cpu cpu[3] = { { 1, 1 }, { 1, 1 }, { 1, 1 } };
	const metrics_run run = { .simulated_ps = PS_PER_S, .host_cpu = cpu };
	char *texts[2];

	(void)unused;
	for (unsigned direction = 0; direction < 2; direction++) {
		metrics *self = metrics_create("nesc", 2, ops, NUM_OPS);

		for (uint32_t i = 0; i < 2000; i++) {
			uint32_t j = direction ? 1999 - i : i;

			metrics_record(self, 1 + j % 2, j % 5 % NUM_OPS, METRICS_BLOCK, j / 4 * PS_PER_US,
				       PS_PER_NS * (j * 7919 % 1009), NULL, 512);
		}
		texts[direction] = summary_text(self, &run);
		metrics_destroy(self);
	}
	assert_string_equal(texts[0], texts[1]);
	free(texts[0]);
	free(texts[1]);
}

static void the_rows_of_stages(void **unused)
{
	latency_split split = { .service_ps = { [STAGE_LINK] = 2 * PS_PER_US, [STAGE_MEDIA] = 5 * PS_PER_US },
				.wait_ps = { [STAGE_QUEUE] = 3 * PS_PER_US } };
	metrics *self = metrics_create("nesc", 1, ops, NUM_OPS);
	char *text;

	(void)unused;
	assert_int_equal(latency_split_sum(&split), 10 * PS_PER_US);
	metrics_record(self, 1, READ, METRICS_BLOCK, 0, 10 * PS_PER_US, &split, 512);
	split.wait_ps[STAGE_QUEUE] = 0;
	split.wait_ps[STAGE_LINK] = 1;
	metrics_record(self, 1, READ, METRICS_BLOCK, 0, 7 * PS_PER_US + 1, &split, 512);
	/* Without a split: in the summary, not in the stages. */
	metrics_record(self, 1, READ, METRICS_BLOCK, 0, PS_PER_S, NULL, 512);
	text = stages_text(self);
	assert_string_equal(text, STAGES_HEADER "nesc,block,1,read,queue,0.000000,1.500000,17.647058\n"
						"nesc,block,1,read,media,5.000000,0.000000,58.823526\n"
						"nesc,block,1,read,link,2.000000,0.000001,23.529416\n"
						"nesc,block,1,all,queue,0.000000,1.500000,17.647058\n"
						"nesc,block,1,all,media,5.000000,0.000000,58.823526\n"
						"nesc,block,1,all,link,2.000000,0.000001,23.529416\n"
						"nesc,block,all,read,queue,0.000000,1.500000,17.647058\n"
						"nesc,block,all,read,media,5.000000,0.000000,58.823526\n"
						"nesc,block,all,read,link,2.000000,0.000001,23.529416\n"
						"nesc,block,all,all,queue,0.000000,1.500000,17.647058\n"
						"nesc,block,all,all,media,5.000000,0.000000,58.823526\n"
						"nesc,block,all,all,link,2.000000,0.000001,23.529416\n");
	free(text);
	metrics_destroy(self);
}

/* Stages of a row sum to its mean latency, exactly, also where 64 bits would not do. */
static void stages_sum_to_the_latency(void **unused)
{
	metrics *self = metrics_create("nesc", 2, ops, NUM_OPS);
	metrics_summary summary;
	metrics_u128 sum_ps = 0;

	(void)unused;
	for (uint32_t i = 0; i < 4000; i++) {
		latency_split split = { .service_ps = { 0 } };

		for (unsigned j = 0; j < NUM_STAGES; j++) {
			split.service_ps[j] = (ps_t)1 << (i + j) % 58;
			split.wait_ps[j] = i * j;
		}
		metrics_record(self, 1 + i % 2, i % NUM_OPS, METRICS_BLOCK, i, latency_split_sum(&split), &split, 512);
	}
	assert_int_equal(metrics_summarize(self, METRICS_BLOCK, METRICS_ALL_VMS, METRICS_ALL_OPS, &summary),
			 NESCSIM_OK);
	for (unsigned i = 0; i < NUM_STAGES; i++)
		sum_ps += summary.service_ps[i] + summary.wait_ps[i];
	assert_true(sum_ps == summary.sum_ps);
	assert_true(sum_ps > (metrics_u128)PS_MAX);
	assert_int_equal(summary.num_split, summary.num_requests);
	metrics_destroy(self);
}

static void the_rows_of_the_histogram(void **unused)
{
	metrics *self = metrics_create("nesc", 2, ops, NUM_OPS);
	char *bytes = NULL;
	size_t num_bytes = 0;
	FILE *out = open_memstream(&bytes, &num_bytes);
	csv_writer csv;

	(void)unused;
	/* 10 and 10.1 us share a slice, 11 us does not; a failure has no latency. */
	metrics_record(self, 1, READ, METRICS_BLOCK, 1000, 10 * PS_PER_US, NULL, 4096);
	metrics_record(self, 1, READ, METRICS_BLOCK, 2000, 11 * PS_PER_US, NULL, 4096);
	metrics_record(self, 1, READ, METRICS_BLOCK, 3000, 10 * PS_PER_US + 100000, NULL, 4096);
	metrics_record(self, 2, READ, METRICS_BLOCK, 3000, 9 * PS_PER_US, NULL, 4096);
	metrics_record(self, 2, FLUSH, METRICS_BLOCK, 4000, 2 * PS_PER_US, NULL, 0);
	metrics_record_failed(self, 2, WRITE, METRICS_BLOCK);
	metrics_begin_histogram(&csv, out);
	assert_int_equal(metrics_write_histogram(self, &csv), NESCSIM_OK);
	assert_int_equal(csv_finish(&csv), NESCSIM_OK);
	fclose(out);
	assert_string_equal(bytes, "scheme,layer,vm,op,latency_us,requests\n"
				   "nesc,block,1,read,10.100000,2\n"
				   "nesc,block,1,read,11.000000,1\n"
				   "nesc,block,2,read,9.000000,1\n"
				   "nesc,block,2,flush,2.000000,1\n");
	free(bytes);
	metrics_destroy(self);
}

static void a_wrong_split_aborts(void **unused)
{
	const latency_split split = { .service_ps = { [STAGE_LINK] = 1000 } };
	metrics *self = metrics_create("nesc", 1, ops, NUM_OPS);

	(void)unused;
	metrics_record(self, 1, READ, METRICS_BLOCK, 0, 1000, &split, 512);
	assert_aborts(metrics_record(self, 1, READ, METRICS_BLOCK, 0, 1001, &split, 512));
	assert_aborts(metrics_record(self, 1, READ, METRICS_BLOCK, 0, 999, &split, 512));
	assert_aborts(metrics_record(self, 2, READ, METRICS_BLOCK, 0, 1000, &split, 512));
	assert_aborts(metrics_record(self, 0, READ, METRICS_BLOCK, 0, 1000, &split, 512));
	assert_aborts(metrics_record(self, 1, NUM_OPS, METRICS_BLOCK, 0, 1000, &split, 512));
	assert_aborts(metrics_record_failed(self, 2, READ, METRICS_BLOCK));
	assert_aborts(metrics_record_failed(self, 1, NUM_OPS, METRICS_BLOCK));
	metrics_destroy(self);
}

static void stages_have_names(void **unused)
{
	(void)unused;
	assert_int_equal(NUM_STAGES, 20);
	assert_string_equal(stage_name(STAGE_APP), "app");
	assert_string_equal(stage_name(STAGE_MISS), "miss");
	assert_int_equal(STAGE_MISS, STAGE_WALK + 1);
	assert_string_equal(stage_name(STAGE_COMPLETE), "complete");
	for (unsigned i = 0; i < NUM_STAGES; i++)
		assert_true(strlen(stage_help((stage)i)) > 10);
	assert_string_equal(metrics_layer_name(METRICS_DEVICE), "device");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_rows_of_one_vm),
		cmocka_unit_test(undefined_cells_are_empty),
		cmocka_unit_test(all_rows_are_sums),
		cmocka_unit_test(order_does_not_matter),
		cmocka_unit_test(the_rows_of_stages),
		cmocka_unit_test(stages_sum_to_the_latency),
		cmocka_unit_test(the_rows_of_the_histogram),
		cmocka_unit_test(a_wrong_split_aborts),
		cmocka_unit_test(stages_have_names),
		cmocka_unit_test(rows_of_failures_alone),
		cmocka_unit_test(failures_count_nowhere_else),
		cmocka_unit_test(failures_share_the_host_cpu),
		cmocka_unit_test(all_has_the_failures_of_what_moves_data),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
