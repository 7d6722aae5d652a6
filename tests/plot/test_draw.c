/* gnuplots that misbehave: what becomes of them, and what is said. Each is a script called gnuplot, alone in PATH. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "plot/draw.h"

typedef struct fixture {
	char folder[64], program[80];
	nescsim_diag *diag;
	text_buffer picture;
	time_t begin;
} fixture;

static nescsim_status draw_with(fixture *of, const char *commands, int limit_ms)
{
	FILE *file;

	*of = (fixture){ .folder = "/tmp/plot_draw_XXXXXX", .diag = nescsim_diag_create(), .picture = TEXT_EMPTY };
	assert_non_null(mkdtemp(of->folder));
	snprintf(of->program, sizeof(of->program), "%s/gnuplot", of->folder);
	file = fopen(of->program, "w");
	assert_non_null(file);
	fprintf(file, "#!/bin/sh\nPATH=/bin:/usr/bin\n%s\n", commands);
	fclose(file);
	assert_int_equal(chmod(of->program, 0700), 0);
	assert_int_equal(setenv("PATH", of->folder, 1), 0);
	of->begin = time(NULL);
	return plot_draw(of->folder, "none.gp", limit_ms, &of->picture, of->diag);
}

static void drop(fixture *of)
{
	unlink(of->program);
	rmdir(of->folder);
	text_free(&of->picture);
	nescsim_diag_destroy(of->diag);
}

/* With its picture open, and with it closed. */
static void one_that_hangs_is_killed(void **unused)
{
	static const char *const hanging[] = { "echo begun; exec sleep 60", "echo whole; exec sleep 60 >&-" };

	(void)unused;
	for (size_t i = 0; i < sizeof(hanging) / sizeof(hanging[0]); i++) {
		fixture of;

		assert_int_equal(draw_with(&of, hanging[i], 300), NESCSIM_RUN_FAILED);
		assert_true(time(NULL) - of.begin < 30);
		assert_int_equal(nescsim_diag_count(of.diag), 1);
		assert_string_equal(nescsim_diag_at(of.diag, 0)->message,
				    "gnuplot was killed: it has drawn nothing in 0.3 s");
		drop(&of);
	}
}

/* One that takes its time between two halves is waited for. */
static void one_that_is_slow_is_not(void **unused)
{
	fixture of;

	(void)unused;
	assert_int_equal(draw_with(&of, "echo one; sleep 0.2; echo other; exec sleep 0.2 >&-", 60000), NESCSIM_OK);
	assert_string_equal(text_get(&of.picture), "one\nother\n");
	drop(&of);
}

/* Its own settings and the time zone are hidden from it, and nothing else is. */
static void settings_in_the_environment_are_hidden(void **unused)
{
	static const char *const names[] = { "GNUTERM", "GNUPLOT_LIB", "GNUFITLOG", "FIT_LOG", "TZ", "OTHER" };
	fixture of;

	(void)unused;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		assert_int_equal(setenv(names[i], "mine", 1), 0);
	assert_int_equal(draw_with(&of, "echo $GNUTERM $GNUPLOT_LIB $GNUFITLOG $FIT_LOG $TZ $OTHER", 60000),
			 NESCSIM_OK);
	assert_string_equal(text_get(&of.picture), "UTC mine\n");
	drop(&of);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_that_hangs_is_killed),
		cmocka_unit_test(one_that_is_slow_is_not),
		cmocka_unit_test(settings_in_the_environment_are_hidden),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
