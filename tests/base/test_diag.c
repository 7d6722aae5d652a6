/* Are mistakes kept, counted and printed as promised, and is the nearest word the one that was meant? */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cmocka_all.h"
#include "base/diag.h"

static void every_status_has_a_text_and_an_exit_code(void **state)
{
	(void)state;
	assert_string_equal(nescsim_status_text(NESCSIM_OK), "ok");
	assert_int_equal(nescsim_status_exit_code(NESCSIM_OK), 0);
	assert_int_equal(nescsim_status_exit_code(NESCSIM_RUN_FAILED), 1);
	assert_int_equal(nescsim_status_exit_code(NESCSIM_USAGE), 2);
	assert_int_equal(nescsim_status_exit_code(NESCSIM_CONFIG), 3);
	assert_int_equal(nescsim_status_exit_code(NESCSIM_TRACE), 3);
	assert_int_equal(nescsim_status_exit_code(NESCSIM_IO), 4);
	assert_string_equal(nescsim_status_text((nescsim_status)99), "unknown status");
	assert_int_equal(nescsim_status_exit_code((nescsim_status)99), 1);
}

static void entries_print_one_per_line_without_the_parts_they_lack(void **state)
{
	const diag_place full = { .file = "a.yaml", .line = 3, .column = 7, .path = "vms[0].disk" };
	const diag_place line_only = { .file = "a.yaml", .line = 3 };
	const diag_place override = { .file = "--set", .path = "nesc.x" };
	nescsim_diag *diag = nescsim_diag_create();
	char *printed = NULL;
	size_t printed_bytes;
	FILE *out = open_memstream(&printed, &printed_bytes);

	(void)state;
	assert_int_equal(diag_add(diag, NESCSIM_ERROR, NESCSIM_CONFIG, &full, "try %d", "no %s", "disk"),
			 NESCSIM_CONFIG);
	diag_add(diag, NESCSIM_WARNING, NESCSIM_TRACE, &line_only, NULL, "odd");
	diag_add(diag, NESCSIM_ERROR, NESCSIM_CONFIG, &override, NULL, "bad");
	diag_add(diag, NESCSIM_ERROR, NESCSIM_IO, NULL, NULL, "esc\033[31m\n");
	nescsim_diag_print(diag, out);
	fclose(out);
	assert_string_equal(printed, "a.yaml:3:7: error: vms[0].disk: no disk (try %d)\n"
				     "a.yaml:3: warning: odd\n"
				     "--set: error: nesc.x: bad\n"
				     "error: esc\\x1b[31m\\x0a\n");
	assert_int_equal(nescsim_diag_count(diag), 4);
	assert_int_equal(nescsim_diag_num_errors(diag), 3);
	assert_null(nescsim_diag_at(diag, 4));
	free(printed);
	nescsim_diag_destroy(diag);
}

static void an_entry_stays_where_it_is_while_others_are_added(void **state)
{
	nescsim_diag *diag = nescsim_diag_create();
	const nescsim_diag_entry *first;

	(void)state;
	diag_add(diag, NESCSIM_ERROR, NESCSIM_CONFIG, NULL, NULL, "first");
	first = nescsim_diag_at(diag, 0);
	for (int i = 0; i < 1000; i++)
		diag_add(diag, NESCSIM_ERROR, NESCSIM_CONFIG, NULL, NULL, "number %d", i);
	assert_ptr_equal(first, nescsim_diag_at(diag, 0));
	assert_string_equal(first->message, "first");
	assert_string_equal(nescsim_diag_at(diag, 1000)->message, "number 999");
	nescsim_diag_destroy(diag);
}

static void no_collection_keeps_nothing(void **state)
{
	(void)state;
	assert_int_equal(diag_add(NULL, NESCSIM_ERROR, NESCSIM_IO, NULL, NULL, "lost"), NESCSIM_IO);
	assert_int_equal(nescsim_diag_count(NULL), 0);
	assert_int_equal(nescsim_diag_num_errors(NULL), 0);
	assert_null(nescsim_diag_at(NULL, 0));
	nescsim_diag_destroy(NULL);
}

static void the_nearest_word_is_the_one_meant(void **state)
{
	static const char *const words[] = { "entries", "replacement", "partition", "latency", "depth", "lru", "fifo" };
	static const struct {
		const char *word, *nearest;
	} cases[] = {
		{ "entires", "entries" },
		{ "Entries", "entries" },
		{ "entrys", "entries" },
		{ "replacment", "replacement" },
		{ "lat", "latency" },
		{ "dpeth", "depth" },
		{ "lfu", "lru" },
		{ "lruu", "lru" },
		{ "FIFO", "fifo" },
		{ "fi", NULL },
		{ "bandwidth", NULL },
		{ "", NULL },
		{ "x", NULL },
		{ "part", "partition" },
	};
	char long_word[1000];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *nearest = diag_nearest(cases[i].word, words, sizeof(words) / sizeof(words[0]));

		if (cases[i].nearest) {
			assert_non_null(nearest);
			assert_string_equal(nearest, cases[i].nearest);
		} else {
			assert_null(nearest);
		}
	}
	memset(long_word, 'a', sizeof(long_word) - 1);
	long_word[sizeof(long_word) - 1] = '\0';
	assert_null(diag_nearest(long_word, words, 7));
	assert_null(diag_nearest("depth", words, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_status_has_a_text_and_an_exit_code),
		cmocka_unit_test(entries_print_one_per_line_without_the_parts_they_lack),
		cmocka_unit_test(an_entry_stays_where_it_is_while_others_are_added),
		cmocka_unit_test(no_collection_keeps_nothing),
		cmocka_unit_test(the_nearest_word_is_the_one_meant),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
