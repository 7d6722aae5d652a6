/* Does the schema's own check find every mistake of a schema, and none in a good one? */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cmocka_all.h"
#include "config/sample.h"

typedef struct one {
	int64_t a, b;
} one;

/* Checks a section of the given rows. */
static void check_rows(const cfg_key *keys, size_t num_keys, const char *expected)
{
	const cfg_section section = { .name = "one", .keys = keys, .num_keys = num_keys, .struct_bytes = sizeof(one) };
	nescsim_diag *diag = nescsim_diag_create();
	nescsim_status status = cfg_schema_check(&section, diag);
	char *messages = sample_messages(diag);

	assert_string_equal(messages, expected);
	assert_int_equal(status, *expected ? NESCSIM_CONFIG : NESCSIM_OK);
	free(messages);
	nescsim_diag_destroy(diag);
}

#define CHECK_ROWS(expected, ...)                                                                                \
	check_rows((const cfg_key[]){ __VA_ARGS__ }, sizeof((const cfg_key[]){ __VA_ARGS__ }) / sizeof(cfg_key), \
		   expected)

#define GOOD .offset_in_struct = offsetof(one, a), .help = "Help.", .source = "assumption"
#define COUNT .name = "a", .type = CFG_COUNT, GOOD

static void a_good_schema_passes(void **state)
{
	nescsim_diag *diag = nescsim_diag_create();

	(void)state;
	assert_int_equal(cfg_schema_check(&sample_section, diag), NESCSIM_OK);
	assert_int_equal(nescsim_diag_count(diag), 0);
	nescsim_diag_destroy(diag);
	CHECK_ROWS("", { COUNT, .default_text = "1" });
}

static void names_are_checked(void **state)
{
	(void)state;
	CHECK_ROWS("error: Big: the name must be of a-z, 0-9 and _\n",
		   { .name = "Big", .type = CFG_COUNT, GOOD, .default_text = "1" });
	CHECK_ROWS("error: base: the name is reserved\n",
		   { .name = "base", .type = CFG_COUNT, GOOD, .default_text = "1" });
	CHECK_ROWS("error: kind: the name is reserved\n",
		   { .name = "kind", .type = CFG_COUNT, GOOD, .default_text = "1" });
	CHECK_ROWS("error: a: listed twice\nerror: a: its member overlaps that of 'a'\n",
		   { COUNT, .default_text = "1" }, { COUNT, .default_text = "1" });
}

static void words_are_required(void **state)
{
	(void)state;
	CHECK_ROWS("error: a: has no help\nerror: a: the default has no source\n",
		   { .name = "a", .type = CFG_COUNT, .default_text = "1", .help = "" });
	CHECK_ROWS("", { .name = "a", .type = CFG_COUNT, .help = "Required, so without a source." });
}

static void defaults_and_limits_are_tried(void **state)
{
	(void)state;
	CHECK_ROWS("default: error: a: 9 is out of range 1 ... 8 (Help.)\n",
		   { COUNT, .default_text = "9", .min_text = "1", .max_text = "8" });
	CHECK_ROWS("default: error: a: 6 is not a power of two (Help.)\n",
		   { COUNT, .default_text = "6", .power_of_two = true });
	CHECK_ROWS("error: a: the limit 'x' is not a whole number\n", { COUNT, .default_text = "9", .max_text = "x" });
	CHECK_ROWS("error: a: the minimum is above the maximum\n",
		   { COUNT, .default_text = "3", .min_text = "4", .max_text = "2" });
	CHECK_ROWS("error: a: the decimal_scale is not a power of ten\n",
		   { .name = "a", .type = CFG_DECIMAL, GOOD, .default_text = "2.4", .decimal_scale = 12 });
	CHECK_ROWS("error: a: power_of_two is for numbers\n",
		   { .name = "a", .type = CFG_BOOL, GOOD, .default_text = "true", .power_of_two = true });
}

static void members_must_lie_in_the_struct(void **state)
{
	static const cfg_key inner_keys[] = {
		{ .name = "b", .type = CFG_COUNT, .offset_in_struct = offsetof(one, b), .help = "Help." }
	};
	static const cfg_section without_struct = { .name = "inner", .keys = inner_keys, .num_keys = 1 };

	(void)state;
	CHECK_ROWS("error: a: lies outside the struct\n",
		   { .name = "a", .type = CFG_COUNT, .offset_in_struct = sizeof(one), .help = "Help." });
	CHECK_ROWS("", { COUNT, .default_text = "1" },
		   { .name = "inner", .type = CFG_SECTION, .section = &without_struct, .help = "Help." });
	CHECK_ROWS("error: inner.b: its member overlaps that of 'c'\n",
		   { .name = "c", .type = CFG_COUNT, .offset_in_struct = offsetof(one, b), .help = "Help." },
		   { .name = "inner", .type = CFG_SECTION, .section = &without_struct, .help = "Help." });
	CHECK_ROWS("error: a: its member is misaligned\n",
		   { .name = "a", .type = CFG_COUNT, .offset_in_struct = 4, .help = "Help." });
}

static void choices_and_variants_are_checked(void **state)
{
	static const char *const good[] = { "x", "y", NULL };
	static const char *const twice[] = { "x", "X Y", "x", NULL };
	static const cfg_variant_row rows[] = { { "x", "Help.", NULL }, { "x", "", NULL } };
	static const cfg_variants wrong_tag = { .tag = "type", .default_name = "z", .rows = rows, .num_rows = 2 };

	(void)state;
	CHECK_ROWS("", { .name = "a", .type = CFG_ENUM, GOOD, .choices = good, .default_text = "y" });
	CHECK_ROWS("default: error: a: unknown choice 'z' (choices: x, y)\n",
		   { .name = "a", .type = CFG_ENUM, GOOD, .choices = good, .default_text = "z" });
	CHECK_ROWS("error: a: the choice 'X Y' is no name\nerror: a: the choice 'x' is listed twice\n",
		   { .name = "a", .type = CFG_ENUM, GOOD, .choices = twice, .default_text = "x" });
	CHECK_ROWS("error: a: has no choices\n", { .name = "a", .type = CFG_ENUM, GOOD, .default_text = "x" });
	CHECK_ROWS("error: a: lies outside the struct\n"
		   "error: a: the tag must be 'kind'\nerror: a: the default name 'z' is no variant\n"
		   "error: a.x: listed twice\nerror: a.x: has no help\n",
		   { .name = "a", .type = CFG_VARIANT, GOOD, .variants = &wrong_tag, .default_text = "{}" });
}

static void never_pass(const void *value, cfg_check *check)
{
	(void)value;
	cfg_conflict(check, "a", NULL, "never good");
}

static void defaults_must_agree_with_each_other(void **state)
{
	const cfg_key keys[] = { { COUNT, .default_text = "1" } };
	const cfg_section section = {
		.name = "one", .keys = keys, .num_keys = 1, .struct_bytes = sizeof(one), .check = never_pass
	};
	nescsim_diag *diag = nescsim_diag_create();
	char *messages;

	(void)state;
	assert_int_equal(cfg_schema_check(&section, diag), NESCSIM_CONFIG);
	messages = sample_messages(diag);
	assert_string_equal(messages, "defaults: error: a: never good\n");
	free(messages);
	nescsim_diag_destroy(diag);
}

static void decoding_an_illegal_default_is_a_bug(void **state)
{
	const cfg_key keys[] = { { COUNT, .default_text = "x" } };
	const cfg_section section = { .name = "one", .keys = keys, .num_keys = 1, .struct_bytes = sizeof(one) };
	pid_t child = fork();
	int status;

	(void)state;
	assert_true(child >= 0);
	if (child == 0) {
		cfg_document *document;
		one value;

		signal(SIGABRT, SIG_DFL);
		close(STDERR_FILENO);
		cfg_load_text("t", "", NULL, 0, NULL, &document);
		cfg_decode(document, &section, &value, NULL);
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_good_schema_passes),
		cmocka_unit_test(names_are_checked),
		cmocka_unit_test(words_are_required),
		cmocka_unit_test(defaults_and_limits_are_tried),
		cmocka_unit_test(members_must_lie_in_the_struct),
		cmocka_unit_test(choices_and_variants_are_checked),
		cmocka_unit_test(defaults_must_agree_with_each_other),
		cmocka_unit_test(decoding_an_illegal_default_is_a_bug),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
