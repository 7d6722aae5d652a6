/* Can nothing but the program's own markup get into a page? */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cmocka_all.h"
#include "report/html.h"

static char file_name[] = "/tmp/nescsim-test-html-XXXXXX";

static html_page begin(void)
{
	html_page page = { .out = NULL };

	assert_int_equal(output_open(file_name, true, NULL, &page.out), NESCSIM_OK);
	return page;
}

static void expect(html_page *page, const char *expected)
{
	char bytes[4096];
	size_t num_bytes;
	FILE *file;

	assert_int_equal(output_finish(page->out), NESCSIM_OK);
	assert_int_equal(output_commit(page->out), NESCSIM_OK);
	output_close(page->out);
	file = fopen(file_name, "re");
	assert_non_null(file);
	num_bytes = fread(bytes, 1, sizeof(bytes) - 1, file);
	bytes[num_bytes] = '\0';
	fclose(file);
	assert_string_equal(bytes, expected);
}

static void markup_is_the_formats_text_is_escaped(void **state)
{
	html_page page = begin();

	(void)state;
	html_add(&page, "<p id=\"%s\">%s, %zu of 100 %%</p>", "\"><script>", "a < b & 'c'", (size_t)7);
	expect(&page, "<p id=\"&quot;&gt;&lt;script&gt;\">a &lt; b &amp; &#39;c&#39;, 7 of 100 %</p>");
}

static void percent_in_a_text_is_no_format(void **state)
{
	html_page page = begin();

	(void)state;
	html_add(&page, "%s", "%s%zu%n");
	expect(&page, "%s%zu%n");
}

/* What no page may have, or would be read as something else: each such byte is replaced. */
static void broken_characters_are_replaced(void **state)
{
	static const struct {
		const char *text, *expected;
	} cases[] = {
		{ "\x01 \x1b \x7f", "\xef\xbf\xbd \xef\xbf\xbd \xef\xbf\xbd" },
		{ "\xff<", "\xef\xbf\xbd&lt;" },
		{ "\xc0\xbc", "\xef\xbf\xbd\xef\xbf\xbd" },                 /* an overlong < */
		{ "\xe0\x80\xbc", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" }, /* another */
		{ "\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" }, /* half of a pair */
		{ "\xc3", "\xef\xbf\xbd" },                                 /* cut off */
		{ "\xc3<", "\xef\xbf\xbd&lt;" },
		{ "\xc2\x85", "\xef\xbf\xbd\xef\xbf\xbd" }, /* a control character beyond ASCII */
		{ "\xef\xbf\xbf", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		html_page page = begin();

		html_add(&page, "%s", cases[i].text);
		expect(&page, cases[i].expected);
	}
}

static void other_languages_pass(void **state)
{
	static const char text[] = "µs \xe2\x89\xa4 \xe6\x97\xa5\xe6\x9c\xac \xf0\x9f\x99\x82\n\tend";
	html_page page = begin();

	(void)state;
	html_add(&page, "%s", text);
	expect(&page, text);
}

static void base64_is_padded(void **state)
{
	static const char *const expected[] = { "", "AA==", "AP8=", "AP+A", "AP+A+w==" };

	(void)state;
	for (size_t num_bytes = 0; num_bytes <= 4; num_bytes++) {
		html_page page = begin();

		html_base64(&page, "\x00\xff\x80\xfb", num_bytes);
		expect(&page, expected[num_bytes]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(markup_is_the_formats_text_is_escaped),
		cmocka_unit_test(percent_in_a_text_is_no_format),
		cmocka_unit_test(broken_characters_are_replaced),
		cmocka_unit_test(other_languages_pass),
		cmocka_unit_test(base64_is_padded),
	};
	const int fd = mkstemp(file_name);
	int failed;

	if (fd < 0)
		return 1;
	close(fd);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	unlink(file_name);
	return failed;
}
