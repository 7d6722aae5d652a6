/* Does a text keep what was added, whatever its length? */
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_text_is_an_empty_string),
		cmocka_unit_test(a_text_grows_and_is_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
