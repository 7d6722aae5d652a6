/* Lists and ranges: what they mean, and what is said about wrong ones. */
#include "sweep/param.h"
#include "sweep/sweep_test.h"

/* Asserts that `text` is one axis whose key number `index` has these values, "|" between them. */
static void check_key(const char *text, size_t index, const char *path, const char *values)
{
	nescsim_diag *diag = nescsim_diag_create();
	char joined[1024] = "";
	param_axis axis;

	if (param_parse(text, NULL, diag, &axis) != NESCSIM_OK)
		fail_msg("%s: %s", text, nescsim_diag_at(diag, 0)->message);
	assert_true(index < axis.num_keys);
	assert_string_equal(axis.keys[index].path, path);
	assert_int_equal(axis.num_values, axis.keys[index].values.num);
	for (size_t i = 0; i < axis.num_values; i++) {
		strcat(joined, i == 0 ? "" : "|");
		strcat(joined, axis.keys[index].values.items[i]);
	}
	assert_string_equal(joined, values);
	param_fini(&axis);
	nescsim_diag_destroy(diag);
}

static void lists_are_split_at_commas(void **unused)
{
	(void)unused;
	check_key("a.b=1,2,4", 0, "a.b", "1|2|4");
	check_key(" a = lru , fifo ", 0, "a", "lru|fifo");
	check_key("a=one", 0, "a", "one");
	check_key("a=4 KiB,8 KiB", 0, "a", "4 KiB|8 KiB");
	check_key("a=x=y", 0, "a", "x=y");
}

static void brackets_and_quotes_keep_values_together(void **unused)
{
	(void)unused;
	check_key("a=[host, nesc],[host]", 0, "a", "[host, nesc]|[host]");
	check_key("a={kind: x, b: [1, 2]},{kind: y}", 0, "a", "{kind: x, b: [1, 2]}|{kind: y}");
	check_key("a=\"1,2\",'3..4'", 0, "a", "\"1,2\"|'3..4'");
	check_key("a=it's,that", 0, "a", "it's|that");
	check_key("a=\"\",x", 0, "a", "\"\"|x");
}

static void ranges_add_or_multiply(void **unused)
{
	(void)unused;
	check_key("a=1..4", 0, "a", "1|2|3|4");
	check_key("a=4..32+4", 0, "a", "4|8|12|16|20|24|28|32");
	check_key("a=1..64*2", 0, "a", "1|2|4|8|16|32|64");
	check_key("a=1..10*3", 0, "a", "1|3|9");
	check_key("a=7..7", 0, "a", "7");
	check_key("a=0..4+2,16..64*4", 0, "a", "0|2|4|16|64");
	check_key("a=9223372036854775806..9223372036854775807+2", 0, "a", "9223372036854775806");
	check_key("a=4611686018427387904..9223372036854775807*2", 0, "a", "4611686018427387904");
}

static void ranges_have_units(void **unused)
{
	(void)unused;
	check_key("a=4 KiB..16 KiB*2", 0, "a", "4 KiB|8 KiB|16 KiB");
	check_key("a=4..16KiB*2", 0, "a", "4 KiB|8 KiB|16 KiB");
	check_key("a=512 B..4 KiB*2", 0, "a", "512 B|1 KiB|2 KiB|4 KiB");
	check_key("a=1 us..2 us+500 ns", 0, "a", "1 us|1.5 us|2 us");
	check_key("a=2..6 cycles+2", 0, "a", "2 cycles|4 cycles|6 cycles");
	check_key("a=100 MB/s..400 MB/s*2", 0, "a", "100 MB/s|200 MB/s|400 MB/s");
}

static void texts_with_dots_are_no_ranges(void **unused)
{
	(void)unused;
	check_key("a=../x.csv,a..b", 0, "a", "../x.csv|a..b");
	check_key("a=0.5,1.5", 0, "a", "0.5|1.5");
}

static void labels_name_values(void **unused)
{
	(void)unused;
	check_key("zip:@setting=I/O thread,\"a, b\",'c';k=1,2,3", 0, "setting", "I/O thread|a, b|c");
	check_key("zip:k=1,2; @n_1 = 3..4", 1, "n_1", "3|4");
}

static void labels_are_written_as_they_are_read(void **unused)
{
	static const char *const values[] = { "plain",  "I/O thread", "a, b",        "a; b",       "",
					      " blank", "3..4",       "3..x",        "a..b",       "[a, b]",
					      "[a",     "b]",         "it's",        "'quoted'",   "\"q\"",
					      "'a', b", "x \"y",      "say \"a,b\"", "{k: 'a;b'}", "\"a\" b" };

	(void)unused;
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		text_buffer text = TEXT_EMPTY, joined = TEXT_EMPTY;

		text_add(&text, "zip:@label=first,");
		param_add_label_value(&text, values[i]);
		text_add(&text, ",last;key=1..3");
		text_add(&joined, "first|%s|last", values[i]);
		check_key(text_get(&text), 0, "label", text_get(&joined));
		text_free(&text);
		text_free(&joined);
	}
}

static void zips_pair_keys(void **unused)
{
	(void)unused;
	check_key("zip:a=1,2;b=x,y", 0, "a", "1|2");
	check_key("zip:a=1,2;b=x,y", 1, "b", "x|y");
	check_key("zip:a=1..2 ; b={c: 'd;e'},2 ; c=5,6", 1, "b", "{c: 'd;e'}|2");
}

static void mistakes_say_what_is_right(void **unused)
{
	static const struct {
		const char *text, *message, *hint;
	} cases[] = {
		{ "", "is not KEY=LIST", "nesc.btlb.entries=4,8,16" },
		{ "a", "'a' is not KEY=LIST", "nesc.btlb.entries=4,8,16" },
		{ "=1", "'=1' is not KEY=LIST", NULL },
		{ "a=", "the list of 'a' is empty", "1,2,4" },
		{ "a=  ", "the list of 'a' is empty", "1,2,4" },
		{ "a=1,,2", "an empty item", "\"\"" },
		{ "a=1,", "an empty item", "\"\"" },
		{ "a=4..1", "is empty", "1..64*2" },
		{ "a=1..", "is not FIRST..LAST", "1..64*2" },
		{ "a=1..8/2", "is not FIRST..LAST", "1..64*2" },
		{ "a=0.5..2", "is not FIRST..LAST", "1..64*2" },
		{ "a=1..99999999999999999999", "is not FIRST..LAST", "1..64*2" },
		{ "a=0..8*2", "never gets to its end", "1..64*2" },
		{ "a=1..8*1", "never gets to its end", "1..64*2" },
		{ "a=1..8+0", "never gets to its end", "1..64*2" },
		{ "a=1 KiB..4 us*2", "do not go together", "512 B..64 KiB*2" },
		{ "a=1..1000000000", "more than 1000000 values", "larger steps" },
		{ "zip:a=1,2", "two keys or more", "zip:KEY=LIST;KEY=LIST" },
		{ "@a=1,2", "'a' sets nothing", "zip:@setting=LIST;KEY=LIST" },
		{ "zip:@a=1,2;@b=3,4", "'a' sets nothing", "pair it with what it names" },
		{ "zip:@a.b=1;c=2", "not 'a.b'", "such as @setting" },
		{ "zip:@=1;c=2", "not ''", "such as @setting" },
		{ "zip:@a=1;a=2", "named twice", NULL },
		{ "zip:a=1,2;b=1", "'a' has 2 values and 'b' has 1", "equally many" },
		{ "zip:a=1;a=2", "named twice", NULL },
		{ "zip:a=1;", "is not KEY=LIST", NULL },
	};

	(void)unused;
	for (size_t i = 0; i < NUM(cases); i++) {
		nescsim_diag *diag = nescsim_diag_create();
		const diag_place place = { .file = "--param" };
		param_axis axis;

		assert_int_equal(param_parse(cases[i].text, &place, diag, &axis), NESCSIM_USAGE);
		assert_int_equal(nescsim_diag_num_errors(diag), 1);
		assert_entry(diag, 0, cases[i].message, cases[i].hint);
		assert_string_equal(nescsim_diag_at(diag, 0)->file, "--param");
		param_fini(&axis);
		nescsim_diag_destroy(diag);
	}
}

static void all_mistakes_are_said(void **unused)
{
	nescsim_diag *diag = nescsim_diag_create();
	param_axis axis;

	(void)unused;
	assert_int_equal(param_parse("zip:a=1,,4..2;b=;c", NULL, diag, &axis), NESCSIM_USAGE);
	assert_int_equal(nescsim_diag_num_errors(diag), 4);
	param_fini(&axis);
	nescsim_diag_destroy(diag);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lists_are_split_at_commas),
		cmocka_unit_test(brackets_and_quotes_keep_values_together),
		cmocka_unit_test(ranges_add_or_multiply),
		cmocka_unit_test(ranges_have_units),
		cmocka_unit_test(texts_with_dots_are_no_ranges),
		cmocka_unit_test(labels_name_values),
		cmocka_unit_test(labels_are_written_as_they_are_read),
		cmocka_unit_test(zips_pair_keys),
		cmocka_unit_test(mistakes_say_what_is_right),
		cmocka_unit_test(all_mistakes_are_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
