/* Checks against our own bugs. A user's mistake is never an assertion: it is reported through nescsim_diag.
 *
 *   NESC_ASSERT_DEBUG   invariants in hot code; gone with NDEBUG (release builds)
 *   NESC_ASSERT         arguments and states; gone only with NESCSIM_NO_ASSERT
 *   NESC_ASSERT_ALWAYS  where going on would give a wrong result that looks right
 *
 * A failure prints file:line, the condition, the message, the simulated time and the actor to stderr and aborts.
 * Each takes a condition and a printf format: NESC_ASSERT(depth > 0, "queue '%s' has depth %d", name, depth).
 */
#ifndef BASE_ASSERT_H
#define BASE_ASSERT_H

#include "base/time.h"

/* Who runs, and when; kept up to date by src/sim. There is one simulation per process. */
typedef struct assert_context {
	ps_t now_ps;       /* simulated time; -1 = no simulation runs */
	const char *actor; /* name of the running actor; NULL = none */
	/* Optional: called on failure only, to fill in the two fields above, so that running costs nothing. */
	void (*refresh)(struct assert_context *context);
} assert_context_t;

extern assert_context_t assert_context;

/* Prints the failure and aborts. Called by the macros. */
_Noreturn void assert_failed(const char *file, int line, const char *condition, const char *format, ...)
	__attribute__((format(printf, 4, 5), cold));

#define NESC_ASSERT_ALWAYS(condition, ...)                                          \
	do {                                                                        \
		if (__builtin_expect(!(condition), 0))                              \
			assert_failed(__FILE__, __LINE__, #condition, __VA_ARGS__); \
	} while (0)

/* Compiled, never run: names stay used and the format stays checked. */
#define NESC_ASSERT_OFF(condition, ...)                                             \
	do {                                                                        \
		if (0 && !(condition))                                              \
			assert_failed(__FILE__, __LINE__, #condition, __VA_ARGS__); \
	} while (0)

#ifdef NESCSIM_NO_ASSERT
#define NESC_ASSERT(condition, ...) NESC_ASSERT_OFF(condition, __VA_ARGS__)
#else
#define NESC_ASSERT(condition, ...) NESC_ASSERT_ALWAYS(condition, __VA_ARGS__)
#endif

#ifdef NDEBUG
#define NESC_ASSERT_DEBUG(condition, ...) NESC_ASSERT_OFF(condition, __VA_ARGS__)
#else
#define NESC_ASSERT_DEBUG(condition, ...) NESC_ASSERT_ALWAYS(condition, __VA_ARGS__)
#endif

#endif
