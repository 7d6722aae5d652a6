/* Can a damaged trace crash the readers, or make them return nonsense? Thousands of mutations of small traces in both
 * forms, from a fixed seed; meant to be run under the address sanitizer as well. */
#include "workload/workload_test.h"

#include <stdio.h>

#include "base/rng.h"

#define MAX_BYTES 65536
#define NUM_ROUNDS 3000
#define INTERESTING "0123456789 \n\t+[](),./-FRWDNQGMDCXmP\xff"

static uint8_t original[MAX_BYTES], mutant[2 * MAX_BYTES];

static void check_record(const trace_record *record, uint64_t num, ps_t last_queued_ps)
{
	assert_int_equal(record->ordinal, num);
	assert_true(record->op >= IO_READ && record->op < IO_NUM_OPS);
	assert_true(record->first_sector + record->num_sectors <= TRACE_MAX_SECTOR);
	assert_true((record->num_sectors == 0) == (record->op == IO_FLUSH));
	assert_true(record->queued_ps >= last_queued_ps);
	assert_true(record->issued_ps >= record->queued_ps);
	assert_true(record->completed_ps == TRACE_NO_TIME || record->completed_ps >= record->queued_ps);
	assert_true(record->gap_ps >= 0);
	assert_true(num == 0 || record->anchor < num);
}

/* Reads the mutant, going on after mistakes as validation does. Returns whether it was read without one. */
static bool read_mutant(const char *name, size_t num_bytes)
{
	nescsim_diag *diag = nescsim_diag_create();
	FILE *file = fopen(name, "wb");
	uint64_t num = 0;
	ps_t last_queued_ps = 0;
	trace_record record;
	trace *in;
	bool good;

	assert_non_null(file);
	assert_int_equal(fwrite(mutant, 1, num_bytes, file), num_bytes);
	fclose(file);
	if (trace_open(name, name, &(trace_options){ .any_device = true }, NULL, diag, &in) == NESCSIM_OK) {
		for (trace_result result = TRACE_BAD; result == TRACE_BAD || result == TRACE_RECORD;) {
			size_t num_errors = nescsim_diag_num_errors(diag);

			result = trace_next(in, &record);
			/* A mistake is always reported, and nothing else is. */
			assert_int_equal(nescsim_diag_num_errors(diag) > num_errors,
					 result == TRACE_BAD || result == TRACE_BROKEN);
			if (result != TRACE_RECORD)
				continue;
			check_record(&record, num++, last_queued_ps);
			last_queued_ps = record.queued_ps;
		}
		trace_close(in);
	} else {
		assert_true(nescsim_diag_num_errors(diag) > 0);
	}
	assert_true(nescsim_diag_num_errors(diag) <= INPUT_MAX_ERRORS);
	good = nescsim_diag_num_errors(diag) == 0;
	nescsim_diag_destroy(diag);
	return good;
}

static void fuzz(size_t num_bytes, const char *stream)
{
	rng_stream rng = rng_open(1, stream, 0);
	test_file file = test_file_text("");
	unsigned num_good = 0;

	memcpy(mutant, original, num_bytes);
	assert_true(read_mutant(file.name, num_bytes));
	for (int round = 0; round < NUM_ROUNDS; round++)
		num_good += read_mutant(file.name,
					test_mutate(original, num_bytes, mutant, sizeof(mutant), INTERESTING, &rng));
	/* Some mutations do no harm, most do: otherwise the fuzzer would not reach what it is for. */
	assert_in_range(num_good, NUM_ROUNDS / 100, NUM_ROUNDS * 9 / 10);
	test_file_remove(&file);
}

/* A shipped trace, unpacked, up to so many bytes of whole lines. */
static size_t load_text(const char *name, size_t max_bytes)
{
	size_t used = 0, num_bytes;
	nescsim_diag *diag = nescsim_diag_create();
	char *line;
	input *in;

	assert_int_equal(input_open(name, name, &input_trace_words, NULL, diag, &in), NESCSIM_OK);
	while (input_line(in, &line, &num_bytes) == 1 && used + num_bytes + 1 < max_bytes) {
		memcpy(original + used, line, num_bytes);
		used += num_bytes;
		original[used++] = '\n';
	}
	input_close(in);
	nescsim_diag_destroy(diag);
	return used;
}

static void test_text(void **state)
{
	(void)state;
	fuzz(load_text("traces/postmark_slice.blkparse.txt.gz", 16384), "text");
}

static void test_csv(void **state)
{
	(void)state;
	fuzz(load_text("traces/samples/msr.csv.gz", 16384), "msr");
	fuzz(load_text("traces/samples/systor17.csv.gz", 16384), "systor17");
	fuzz(load_text("traces/samples/alibaba.csv", 16384), "alibaba");
	fuzz(load_text("traces/samples/tencent.csv", 16384), "tencent");
}

static void test_binary(void **state)
{
	static const uint32_t actions[] = { 1, 7, 8, 6, 12, 1 | TEST_FLUSH, 9, TEST_NOTIFY };
	rng_stream rng = rng_open(1, "binary events", 0);
	uint8_t *at = original;

	(void)state;
	for (uint64_t i = 0; i < 150; i++) {
		test_event event = {
			.time_ns = 1000 * i,
			.sector = 8 * rng_uniform_u64(&rng, 20),
			.bytes = (uint32_t)(4096 * rng_uniform_u64(&rng, 3)),
			.action = actions[rng_uniform_u64(&rng, sizeof(actions) / sizeof(actions[0]))],
			.device = 8u << 20,
		};

		event.action |= rng_chance(&rng, 1, 2) ? TEST_WRITE : 0;
		event.action |= rng_chance(&rng, 1, 5) ? TEST_FLUSH | TEST_FUA : 0;
		event.action |= rng_chance(&rng, 1, 9) ? TEST_DISCARD : 0;
		event.pdu = "\0\0\0\0\0\0\0\20payload" /* split at sector 16 */;
		event.pdu_bytes = (uint16_t)rng_uniform_u64(&rng, 14);
		at = test_put_event(at, &event, false);
	}
	fuzz((size_t)(at - original), "binary");
}

/* The samples of the formats with one request per line. */
static void test_lines(void **state)
{
	static const char *const files[] = { "traces/samples/random.csv", "traces/samples/random.disksim",
					     "traces/samples/random.fio", "traces/samples/random.mqsim",
					     "traces/samples/random.spc" };

	(void)state;
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		fuzz(load_text(files[i], sizeof(original)), files[i]);
}

static void test_compressed(void **state)
{
	FILE *file = fopen("traces/postmark_slice.blkparse.txt.gz", "rb");
	size_t num_bytes;

	(void)state;
	assert_non_null(file);
	num_bytes = fread(original, 1, sizeof(original), file);
	fclose(file);
	fuzz(num_bytes, "compressed");
}

/* Lines in any order and number: everything that the pairing of events can meet. */
static void test_shuffled_events(void **state)
{
	static const char *const rwbs[] = { "R", "W", "WS", "D", "FN", "FWFSM", "WFS", "FWS", "N" };
	static const char actions[] = "QQQQDDDDCCCCRX";
	rng_stream rng = rng_open(1, "events", 0);
	test_file file = test_file_text("");

	(void)state;
	for (int round = 0; round < 300; round++) {
		size_t used = 0;

		for (int i = 0; i < 400; i++) {
			const char *what = rwbs[rng_uniform_u64(&rng, 9)];
			char action = actions[rng_uniform_u64(&rng, sizeof(actions) - 1)];
			unsigned sector = (unsigned)rng_uniform_u64(&rng, 24);
			unsigned num = (unsigned)rng_uniform_u64(&rng, 12);
			const char *tail = action == 'C' ? "[0]" : "[a]";
			char *at = (char *)mutant + used;

			at += sprintf(at, "8,%u 0 1 0.%09d 1 %c %s ", (unsigned)rng_uniform_u64(&rng, 2), i / 2, action,
				      what);
			if (action == 'X')
				at += sprintf(at, "%u / %u %s\n", sector, sector + num, tail);
			else if (!strcmp(what, "FN") || !strcmp(what, "FWS"))
				at += sprintf(at, "%s%s\n", action == 'C' ? "0 " : "", tail);
			else
				at += sprintf(at, "%u + %u %s\n", sector, num, tail);
			used = (size_t)(at - (char *)mutant);
		}
		assert_true(read_mutant(file.name, used));
	}
	test_file_remove(&file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text),       cmocka_unit_test(test_csv),
		cmocka_unit_test(test_lines),      cmocka_unit_test(test_binary),
		cmocka_unit_test(test_compressed), cmocka_unit_test(test_shuffled_events),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
