/* Traces that are written: what comes back is what went in, but for what the format cannot carry, which is said. */
#include <stdio.h>
#include <unistd.h>

#include "base/rng.h"
#include "workload/workload_test.h"
#include "workload/convert.h"
#include "workload/writer.h"

#define NUM_RECORDS 3000
#define NUM_DEVICES 3
#define MAX_DEPTH 24
#define LEAD_PS (INT64_C(1234567) * PS_PER_NS)

#define DATA (1 << IO_READ | 1 << IO_WRITE)
#define FLUSHES (DATA | 1 << IO_FLUSH)
#define ALL (FLUSHES | 1 << IO_DISCARD)

/* What each format carries. A format that can be written and is not here fails the test. */
static const struct carries {
	const char *format;
	ps_t tick_ps;
	bool start, issue, completions, flags;
	unsigned ops;
	bool spreads, is_one_device;
	const char *devices[NUM_DEVICES]; /* what "254,16", "usr_0" and "7" become */
} carries[] = {
	{ "csv", 1, true, true, true, true, ALL, false, false, { "254,16", "usr_0", "7" } },
	{ "blktrace", PS_PER_NS, true, true, true, true, ALL, false, false, { "254,16", "8,0", "8,16" } },
	{ "blkparse", PS_PER_NS, true, true, true, true, ALL, false, false, { "254,16", "8,0", "8,16" } },
	{ "fio", PS_PER_US, true, false, false, false, ALL, false, false, { "254,16", "usr_0", "7" } },
	{ "spc", 1, false, false, false, false, DATA, false, false, { "0", "1", "7" } },
	{ "disksim", 1, false, false, false, false, DATA, false, false, { "0", "1", "7" } },
	{ "mqsim", PS_PER_NS, false, false, false, false, DATA, false, false, { "0", "1", "7" } },
	{ "msr", 100 * PS_PER_NS, false, false, true, false, DATA, false, false, { "disk_0", "usr_0", "disk_1" } },
	{ "systor17", PS_PER_NS, false, false, true, false, DATA, false, false, { "0", "1", "7" } },
	{ "alibaba", PS_PER_US, false, false, false, false, DATA, false, false, { "0", "1", "7" } },
	{ "tencent", PS_PER_S, false, false, false, false, DATA, true, false, { "0", "1", "7" } },
	{ "vscsi", PS_PER_US, false, false, false, false, FLUSHES, false, true, { "0" } },
};

static const char *const device_names[NUM_DEVICES] = { "254,16", "usr_0", "7" };

/* Requests in memory as a stream. */
typedef struct made {
	trace_record records[NUM_RECORDS];
	size_t num, next;
	trace_result end;   /* behind the last */
	unsigned num_empty; /* times that it was reported */
} made;

static trace_result made_next(void *self_in, trace_record *record_out)
{
	made *self = self_in;

	if (self->next == self->num)
		return self->end;
	*record_out = self->records[self->next++];
	return TRACE_RECORD;
}

static const char *made_device_name(void *self, uint32_t device)
{
	(void)self;
	return device_names[device];
}

static void made_close(void *self)
{
	(void)self;
}

static void made_report_empty(void *self)
{
	((made *)self)->num_empty++;
}

static nescsim_status made_open(void *context, nescsim_diag *diag, convert_stream *stream_out)
{
	made *self = context;

	(void)diag;
	self->next = 0;
	*stream_out = (convert_stream){ self, made_next, made_device_name, made_report_empty, made_close };
	return NESCSIM_OK;
}

/* A request in its own part of the disk for each that is outstanding, one flush at a time: nothing that pairing events could
 * mistake. Times down to the picosecond, equal ones now and then. */
static void make_records(made *self, uint64_t seed)
{
	ps_t now_ps = LEAD_PS, free_ps[MAX_DEPTH] = { 0 };
	rng_stream random = rng_open(seed, "records", 0);

	self->num = 0;
	self->end = TRACE_END;
	while (self->num < NUM_RECORDS) {
		/* The devices appear in their order. */
		const uint32_t slot = self->num < NUM_DEVICES ? 6 + (uint32_t)self->num
							      : (uint32_t)rng_uniform_u64(&random, MAX_DEPTH);
		trace_record *record = &self->records[self->num];

		if (rng_uniform_u64(&random, 8) != 0)
			now_ps += (ps_t)rng_uniform_u64(&random, 300 * PS_PER_US);
		if (free_ps[slot] > now_ps)
			continue;
		*record = (trace_record){
			.op = slot == 0   ? IO_FLUSH
			      : slot == 1 ? IO_DISCARD
			      : slot % 2  ? IO_WRITE
					  : IO_READ,
			.device = slot % NUM_DEVICES,
			.queued_ps = now_ps,
			.issued_ps = now_ps + (ps_t)rng_uniform_u64(&random, 10 * PS_PER_US),
		};
		if (slot == 0)
			record->device = 0;
		if (record->op != IO_FLUSH) {
			record->first_sector = slot * 1000000 + rng_uniform_u64(&random, 1000);
			record->num_sectors = 1 + rng_uniform_u64(&random, 256);
		}
		if (record->op == IO_WRITE && slot == 3)
			record->flags = TRACE_FUA;
		if (rng_uniform_u64(&random, 50) == 0)
			record->flags |= TRACE_DEVICE_ERROR;
		record->completed_ps = record->issued_ps + PS_PER_US + (ps_t)rng_uniform_u64(&random, 2 * PS_PER_MS);
		free_ps[slot] = record->completed_ps + PS_PER_US;
		self->num++;
	}
}

static test_file unused_name(void)
{
	test_file file = test_file_make("", 0);

	assert_int_equal(unlink(file.name), 0);
	return file;
}

static ps_t round_down(ps_t time_ps, ps_t tick_ps)
{
	return time_ps - time_ps % tick_ps;
}

/* Reads the file and compares it with what the format should have kept. */
static void check_file(const char *file_name, const struct carries *format, const made *from)
{
	const trace_options options = { .any_device = true };
	nescsim_diag *diag = nescsim_diag_create();
	const ps_t lead_ps = format->start ? 0 : round_down(from->records[0].queued_ps, format->tick_ps);
	trace_record record;
	ps_t last_ps = 0;
	trace *back;

	assert_int_equal(trace_open(file_name, file_name, &options, NULL, diag, &back), NESCSIM_OK);
	assert_string_equal(trace_format(back), format->format); /* by its content */
	for (size_t i = 0; i < from->num; i++) {
		const trace_record *before = &from->records[i];

		if (!(format->ops & 1u << before->op))
			continue;
		assert_int_equal(trace_next(back, &record), TRACE_RECORD);
		assert_int_equal(record.op, before->op);
		assert_int_equal(record.first_sector, before->first_sector);
		assert_int_equal(record.num_sectors, before->num_sectors);
		assert_string_equal(trace_device_name(back, record.device), format->devices[before->device]);
		assert_int_equal(record.flags, format->flags ? before->flags : 0);
		if (format->spreads)
			assert_int_equal(round_down(record.queued_ps, format->tick_ps),
					 round_down(before->queued_ps, format->tick_ps) - lead_ps);
		else
			assert_int_equal(record.queued_ps, round_down(before->queued_ps, format->tick_ps) - lead_ps);
		assert_true(record.queued_ps >= last_ps);
		last_ps = record.queued_ps;
		assert_int_equal(record.issued_ps,
				 format->issue ? round_down(before->issued_ps, format->tick_ps) : record.queued_ps);
		assert_int_equal(record.completed_ps,
				 format->completions ? round_down(before->completed_ps, format->tick_ps) - lead_ps
						     : TRACE_NO_TIME);
	}
	assert_int_equal(trace_next(back, &record), TRACE_END);
	assert_int_equal(nescsim_diag_count(diag), 0);
	trace_close(back);
	nescsim_diag_destroy(diag);
}

/* The losses as they are counted from the records and what the format carries. */
static void check_losses(const convert_result *result, const struct carries *format, const made *from)
{
	uint64_t num = 0, num_left_out = 0, num_flags = 0, num_issue = 0, num_rounded = 0;

	for (size_t i = 0; i < from->num; i++) {
		const trace_record *record = &from->records[i];

		if (!(format->ops & 1u << record->op)) {
			num_left_out++;
			continue;
		}
		num++;
		num_flags += record->flags != 0;
		num_issue += record->issued_ps != record->queued_ps;
		num_rounded += record->completed_ps % format->tick_ps != 0;
	}
	assert_string_equal(result->format, format->format);
	assert_int_equal(result->num_written, num);
	assert_int_equal(result->num_left_out[IO_FLUSH] + result->num_left_out[IO_DISCARD], num_left_out);
	assert_int_equal(result->num_lost_flags, format->flags ? 0 : num_flags);
	assert_int_equal(result->num_lost_completions, format->completions ? 0 : num);
	assert_int_equal(result->lead_ps != 0, !format->start);
	assert_int_equal(result->num_too_large + result->num_incomplete + result->num_other_devices, 0);
	if (!format->issue)
		assert_int_equal(result->issue.num, num_issue);
	assert_int_equal(result->shows_issue, format->issue);
	if (format->completions && format->start)
		assert_int_equal(result->completion.num, num_rounded);
	assert_true(format->spreads || result->queueing.most_ps < format->tick_ps);
	assert_int_equal(result->queueing.num != 0, format->tick_ps != 1);
}

static void every_format_brings_back_what_it_can_carry(void **state)
{
	static made from;

	(void)state;
	for (size_t i = 0; i < trace_num_formats; i++) {
		const struct carries *format = NULL;

		if (!trace_writer_of(trace_formats[i].name))
			continue;
		for (size_t j = 0; j < sizeof(carries) / sizeof(carries[0]); j++)
			if (strcmp(carries[j].format, trace_formats[i].name) == 0)
				format = &carries[j];
		if (!format)
			fail_msg("what does %s carry?", trace_formats[i].name);
		for (uint64_t seed = 1; seed <= 3; seed++) {
			nescsim_diag *diag = nescsim_diag_create();
			test_file file = unused_name();
			const convert_target target = { file.name, format->format, false };
			convert_result result;

			make_records(&from, seed);
			for (size_t j = 0; format->is_one_device && j < from.num; j++)
				from.records[j].device = 0;
			assert_int_equal(convert(made_open, &from, &target, diag, &result), NESCSIM_OK);
			check_losses(&result, format, &from);
			check_file(file.name, format, &from);
			convert_result_fini(&result);
			nescsim_diag_destroy(diag);
			test_file_remove(&file);
		}
	}
}

/* Converting fails like this, and leaves nothing. */
static void check_fails(made *from, const char *format, nescsim_status expected_status, const char *expected)
{
	nescsim_diag *diag = nescsim_diag_create();
	test_file file = unused_name();
	const convert_target target = { file.name, format, false };
	convert_result result;

	assert_int_equal(convert(made_open, from, &target, diag, &result), expected_status);
	assert_int_equal(access(file.name, F_OK), -1);
	test_assert_diag(diag, file.name, expected);
	convert_result_fini(&result);
	nescsim_diag_destroy(diag);
}

static void what_a_format_cannot_hold_at_all_is_an_error(void **state)
{
	static made from;

	(void)state;
	from = (made){ .records = { { .op = IO_FLUSH, .completed_ps = PS_PER_US } }, .num = 1, .end = TRACE_END };
	check_fails(
		&from, "spc", NESCSIM_TRACE,
		"error: nothing to write to 'T': the trace holds flushes or discards only, for which the format has no "
		"notation\n");
	from.records[0] = (trace_record){ .op = IO_READ, .num_sectors = 8, .completed_ps = TRACE_NO_TIME };
	check_fails(
		&from, "msr", NESCSIM_TRACE,
		"error: nothing to write to 'T': the format needs to know when requests completed, and the trace does "
		"not show it (convert it to another format)\n");
	from.records[0].num_sectors = UINT64_C(1) << 24;
	check_fails(&from, "blktrace", NESCSIM_TRACE,
		    "error: nothing to write to 'T': every request is larger than the format can say\n");
	from = (made){ .num = 2, .end = TRACE_END };
	from.records[0] = from.records[1] =
		(trace_record){ .op = IO_READ, .num_sectors = 8, .completed_ps = PS_PER_US };
	from.records[1].device = 1;
	check_fails(
		&from, "vscsi", NESCSIM_TRACE,
		"error: a file of format vscsi is one device's, and there are several: 254,16 and usr_0 (--device NAME "
		"takes one of them)\n");
	from.num = 0;
	check_fails(&from, "csv", NESCSIM_TRACE, "");
	assert_int_equal(from.num_empty, 1);
}

static void a_broken_stream_leaves_no_file(void **state)
{
	static made from;

	(void)state;
	make_records(&from, 1);
	from.end = TRACE_BROKEN;
	check_fails(&from, "csv", NESCSIM_TRACE, "");
}

/* Two reads of one sector, the first queued issued last: blktrace's events do not say which is which. */
static void pairing_that_cannot_be_undone_is_said(void **state)
{
	static made from;
	nescsim_diag *diag = nescsim_diag_create();
	test_file file = unused_name();
	const convert_target target = { file.name, "blktrace", false };
	convert_result result;

	(void)state;
	from = (made){ .num = 2, .end = TRACE_END };
	from.records[0] = (trace_record){
		.op = IO_READ, .num_sectors = 8, .issued_ps = 30 * PS_PER_US, .completed_ps = 40 * PS_PER_US
	};
	from.records[1] = (trace_record){ .op = IO_READ,
					  .num_sectors = 8,
					  .queued_ps = 10 * PS_PER_US,
					  .issued_ps = 20 * PS_PER_US,
					  .completed_ps = 50 * PS_PER_US };
	assert_int_equal(convert(made_open, &from, &target, diag, &result), NESCSIM_OK);
	assert_int_equal(result.queueing.num, 0);
	assert_int_equal(result.issue.num, 2);
	assert_int_equal(result.issue.most_ps, 10 * PS_PER_US);
	convert_result_fini(&result);
	nescsim_diag_destroy(diag);
	test_file_remove(&file);
}

static void a_name_says_the_format(void **state)
{
	(void)state;
	assert_string_equal(convert_format_of("x.csv"), "csv");
	assert_string_equal(convert_format_of("a.b/x.csv.zst"), "csv");
	assert_string_equal(convert_format_of("x.msr.csv.gz"), "msr");
	assert_string_equal(convert_format_of("x.blktrace.0"), "blktrace");
	assert_string_equal(convert_format_of("x.blkparse.txt"), "blkparse");
	assert_null(convert_format_of("a.csv/x"));
	assert_null(convert_format_of("csv"));
	assert_null(convert_format_of("x.trace.gz"));
}

static void what_is_packed_is_the_same_bytes_each_time(void **state)
{
	static const char *const suffixes[] = { "", ".gz", ".bz2", ".xz", ".zst" };
	static made from;

	(void)state;
	make_records(&from, 1);
	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
		static char bytes[2][1 << 20];
		size_t num_bytes[2];

		for (int j = 0; j < 2; j++) {
			nescsim_diag *diag = nescsim_diag_create();
			test_file file = unused_name();
			char name[80];
			const convert_target target = { name, "csv", false };
			convert_result result;
			FILE *in;

			snprintf(name, sizeof(name), "%s%s", file.name, suffixes[i]);
			assert_int_equal(convert(made_open, &from, &target, diag, &result), NESCSIM_OK);
			in = fopen(name, "rb");
			assert_non_null(in);
			num_bytes[j] = fread(bytes[j], 1, sizeof(bytes[j]), in);
			fclose(in);
			unlink(name);
			convert_result_fini(&result);
			nescsim_diag_destroy(diag);
		}
		assert_int_equal(num_bytes[0], num_bytes[1]);
		assert_memory_equal(bytes[0], bytes[1], num_bytes[0]);
		assert_true(num_bytes[0] > 10000 && num_bytes[0] < (i == 0 ? sizeof(bytes[0]) : 150000));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_format_brings_back_what_it_can_carry),
		cmocka_unit_test(what_a_format_cannot_hold_at_all_is_an_error),
		cmocka_unit_test(a_broken_stream_leaves_no_file),
		cmocka_unit_test(pairing_that_cannot_be_undone_is_said),
		cmocka_unit_test(a_name_says_the_format),
		cmocka_unit_test(what_is_packed_is_the_same_bytes_each_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
