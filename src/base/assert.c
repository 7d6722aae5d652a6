#include "base/assert.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

assert_context_t assert_context = { .now_ps = -1 };

void assert_failed(const char *file, int line, const char *condition, const char *format, ...)
{
	va_list arguments;

	if (assert_context.refresh)
		assert_context.refresh(&assert_context);
	fprintf(stderr, "%s:%d: bug: ", file, line);
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fprintf(stderr, " [%s]", condition);
	if (assert_context.now_ps >= 0)
		fprintf(stderr, " at %" PRId64 " ps", assert_context.now_ps);
	if (assert_context.actor)
		fprintf(stderr, " in actor '%s'", assert_context.actor);
	fputc('\n', stderr);
	fflush(stderr);
	abort();
}
