/* Progress on a pseudo-terminal, and silence elsewhere. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "metrics/progress.h"

static void silent_without_a_terminal(void **unused)
{
	char *bytes = NULL;
	size_t num_bytes = 0;
	FILE *memory = open_memstream(&bytes, &num_bytes);
	FILE *file = tmpfile();
	progress *self;

	(void)unused;
	assert_null(progress_create(memory, "nesc")); /* has no file descriptor at all */
	self = progress_create(file, "nesc");
	assert_null(self);
	progress_update(self, 1, 2);
	progress_finish(self);
	assert_int_equal(ftell(file), 0);
	fclose(file);
	fclose(memory);
	free(bytes);
}

struct terminal {
	int master;
	FILE *out;
};

static int open_terminal(struct terminal *terminal)
{
	int slave;

	terminal->master = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK);
	if (terminal->master < 0 || grantpt(terminal->master) != 0 || unlockpt(terminal->master) != 0)
		return -1;
	slave = open(ptsname(terminal->master), O_RDWR | O_NOCTTY);
	if (slave < 0)
		return -1;
	terminal->out = fdopen(slave, "w");
	return 0;
}

static void read_terminal(const struct terminal *terminal, char *text, size_t text_bytes)
{
	size_t length = 0;
	ssize_t num_bytes;

	while ((num_bytes = read(terminal->master, text + length, text_bytes - 1 - length)) > 0)
		length += (size_t)num_bytes;
	text[length] = '\0';
}

static void draws_and_clears_on_a_terminal(void **unused)
{
	struct terminal terminal = { .master = -1 };
	char text[4096];
	progress *self;

	(void)unused;
	if (open_terminal(&terminal) != 0)
		skip();
	self = progress_create(terminal.out, "nesc");
	assert_non_null(self);
	progress_update(self, 1, 100);
	read_terminal(&terminal, text, sizeof(text));
	assert_string_equal(text, ""); /* too early to say anything */
	usleep(210000);
	/* The clock is read every few calls only. */
	for (unsigned i = 0; i < 3; i++)
		progress_update(self, 25, 100);
	read_terminal(&terminal, text, sizeof(text));
	assert_string_equal(text, "\rnesc:  25 %, about 1 s left");
	progress_update(self, 26, 100); /* too soon for another line */
	read_terminal(&terminal, text, sizeof(text));
	assert_string_equal(text, "");
	progress_finish(self);
	read_terminal(&terminal, text, sizeof(text));
	assert_string_equal(text, "\r                           \r");
	fclose(terminal.out);
	close(terminal.master);
}

static void an_unknown_total_is_counted_up(void **unused)
{
	struct terminal terminal = { .master = -1 };
	char text[4096];
	progress *self;

	(void)unused;
	if (open_terminal(&terminal) != 0)
		skip();
	self = progress_create(terminal.out, "virtio");
	usleep(210000);
	progress_update(self, 123456, 0);
	read_terminal(&terminal, text, sizeof(text));
	assert_string_equal(text, "\rvirtio: 123456");
	progress_finish(self);
	fclose(terminal.out);
	close(terminal.master);
}

static void frequent_calls_are_cheap_and_draw_rarely(void **unused)
{
	struct terminal terminal = { .master = -1 };
	char text[4096];
	unsigned num_lines = 0;
	progress *self;

	(void)unused;
	if (open_terminal(&terminal) != 0)
		skip();
	self = progress_create(terminal.out, "x");
	for (uint64_t i = 0; i < 20000000; i++)
		progress_update(self, i, 20000000);
	progress_finish(self);
	read_terminal(&terminal, text, sizeof(text));
	for (size_t i = 0; text[i]; i++)
		num_lines += text[i] == 'x';
	assert_in_range(num_lines, 0, 50);
	fclose(terminal.out);
	close(terminal.master);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(silent_without_a_terminal),
		cmocka_unit_test(draws_and_clears_on_a_terminal),
		cmocka_unit_test(an_unknown_total_is_counted_up),
		cmocka_unit_test(frequent_calls_are_cheap_and_draw_rarely),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
