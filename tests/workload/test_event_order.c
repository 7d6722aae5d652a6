/* Can events that no block layer would write, in any order and number, upset their pairing? The readers' fuzzer
 * (tests/fuzz/fuzz_readers.c) damages single places of a trace and hardly gets there. */
#include "fuzz/read_checked.h"
#include "workload/workload_test.h"

#include <stdio.h>

#include "base/rng.h"

#define NUM_ROUNDS 300
#define NUM_EVENTS 400

static void write_events(rng_stream *rng, FILE *out)
{
	static const char *const rwbs[] = { "R", "W", "WS", "D", "FN", "FWFSM", "WFS", "FWS", "N" };
	static const char actions[] = "QQQQDDDDCCCCRX";

	for (int i = 0; i < NUM_EVENTS; i++) {
		const char *what = rwbs[rng_uniform_u64(rng, sizeof(rwbs) / sizeof(rwbs[0]))];
		const char action = actions[rng_uniform_u64(rng, sizeof(actions) - 1)];
		const unsigned sector = (unsigned)rng_uniform_u64(rng, 24), num = (unsigned)rng_uniform_u64(rng, 12);
		const char *tail = action == 'C' ? "[0]" : "[a]";

		fprintf(out, "8,%u 0 1 0.%09d 1 %c %s ", (unsigned)rng_uniform_u64(rng, 2), i / 2, action, what);
		if (action == 'X')
			fprintf(out, "%u / %u %s\n", sector, sector + num, tail);
		else if (!strcmp(what, "FN") || !strcmp(what, "FWS"))
			fprintf(out, "%s%s\n", action == 'C' ? "0 " : "", tail);
		else
			fprintf(out, "%u + %u %s\n", sector, num, tail);
	}
}

static void test_events_in_any_order(void **state)
{
	rng_stream rng = rng_open(1, "events", 0);
	test_file file = test_file_text("");

	(void)state;
	for (int round = 0; round < NUM_ROUNDS; round++) {
		FILE *out = fopen(file.name, "w");
		read_facts facts;
		const char *wrong;

		assert_non_null(out);
		write_events(&rng, out);
		assert_int_equal(fclose(out), 0);
		wrong = read_checked(file.name, NULL, NUM_EVENTS, false, &facts);
		if (wrong)
			fail_msg("round %d: %s", round, wrong);
		assert_int_equal(facts.num_errors, 0);
		assert_in_range(facts.num_records, NUM_EVENTS / 8, NUM_EVENTS / 2);
	}
	test_file_remove(&file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_events_in_any_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
