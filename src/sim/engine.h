/* The few things that nescsim asks of SimGrid. One engine clock unit is one picosecond, always whole.
 *
 * Only engine.c includes SimGrid's headers. Traps of the packaged release that shaped this file: one platform per
 * process and no way to build one in C (so a tiny file is generated once, and runs rebase their time); no mutex with
 * condition variable (its timeout loses the mutex); a timeout may leave a token behind (callers loop on their own
 * state); a deadlock ends the run with status 0 (callers count).
 */
#ifndef SIM_ENGINE_H
#define SIM_ENGINE_H

#include <stdbool.h>

#include "base/time.h"

/* Engine times beyond this lose single picoseconds (doubles). */
#define ENGINE_HORIZON_PS (INT64_C(1) << 53)

/* Starts the engine if this process has not yet. False when it cannot be started. */
bool engine_start(void);

/* An actor that will run body(argument) in the next engine_run(). */
void *engine_actor_create(const char *name, void (*body)(void *argument), void *argument);

/* Runs until no actor is left or none can go on. */
void engine_run(void);

ps_t engine_now_ps(void);

/* Blocks the calling actor until the absolute time; returns at once, without yielding, when that is not in the future. */
void engine_sleep_until(ps_t engine_ps);

void engine_yield(void);

/* Suspends the calling actor until engine_resume(). Cheaper than a semaphore; but resuming an actor that is not suspended
 * does nothing, so callers keep a state word that is set first, and loop on it. */
void engine_suspend(void *actor);
void engine_resume(void *actor);

void *engine_semaphore_create(void);
void engine_semaphore_destroy(void *semaphore);
void engine_release(void *semaphore);
void engine_acquire(void *semaphore);

/* Acquires within duration_ps > 0. True on timeout. */
bool engine_acquire_timeout(void *semaphore, ps_t duration_ps);

#endif
