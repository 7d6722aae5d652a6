/* Does a text keep what was added, whatever its length? */
#include <stdio.h>
#include <string.h>

#include "base/cmocka_all.h"
#include "base/text.h"

static void an_empty_text_is_an_empty_string(void **state)
{
	text_buffer empty = TEXT_EMPTY;

	(void)state;
	assert_string_equal(text_get(&empty), "");
	assert_true(text_ok(&empty));
	text_free(&empty);
}

static void a_text_grows_and_is_cut(void **state)
{
	text_buffer target = TEXT_EMPTY;

	(void)state;
	for (int i = 0; i < 1000; i++)
		text_add(&target, "%d,", i % 10);
	assert_int_equal(target.num_bytes, 2000);
	assert_int_equal(strlen(text_get(&target)), 2000);
	text_cut(&target, 4);
	text_add_bytes(&target, "xyz", 2);
	assert_string_equal(text_get(&target), "0,1,xy");
	text_cut(&target, 100);
	assert_string_equal(text_get(&target), "0,1,xy");
	text_free(&target);
	assert_string_equal(text_get(&target), "");
}

static void a_shell_takes_words_back(void **state)
{
	static const char *const words[] = { "plain-_+=.,:/@%09",     "",  "a b",     "it's", "'",
					     "$HOME `id` \\ \" *\n;", "~", "\xc3\xa9" };
	text_buffer command = TEXT_EMPTY;
	char said[256] = "", expected[256] = "";
	FILE *shell;

	(void)state;
	text_add(&command, "printf '<%%s>'");
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		text_add(&command, " ");
		text_add_shell_word(&command, words[i]);
		snprintf(expected + strlen(expected), sizeof(expected) - strlen(expected), "<%s>", words[i]);
	}
	assert_true(text_ok(&command));
	assert_non_null(strstr(text_get(&command), " plain-_+=.,:/@%09 '' 'a b' 'it'\\''s' "));
	shell = popen(text_get(&command), "r");
	assert_non_null(shell);
	said[fread(said, 1, sizeof(said) - 1, shell)] = '\0';
	assert_int_equal(pclose(shell), 0);
	assert_string_equal(said, expected);
	text_free(&command);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_text_is_an_empty_string),
		cmocka_unit_test(a_text_grows_and_is_cut),
		cmocka_unit_test(a_shell_takes_words_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
