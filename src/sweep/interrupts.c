#include "sweep/interrupts.h"

#include <stddef.h>
#include <time.h>

#define NS_PER_S INT64_C(1000000000)

void interrupts_watch(interrupts *self)
{
	static const int ends[] = { SIGINT, SIGTERM, SIGHUP };
	static const struct sigaction plain = { .sa_handler = SIG_DFL };
	struct sigaction before;

	sigemptyset(&self->watched);
	sigaddset(&self->watched, SIGCHLD);
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		if (sigaction(ends[i], NULL, &before) == 0 && before.sa_handler != SIG_IGN)
			sigaddset(&self->watched, ends[i]); /* nohup is respected */
	/* Where it is ignored, children cannot be waited for. */
	sigaction(SIGCHLD, &plain, &self->child_before);
	sigprocmask(SIG_BLOCK, &self->watched, &self->mask_before);
}

void interrupts_unwatch(const interrupts *self)
{
	static const struct timespec now;

	/* What came is dealt with, and must not reach the process now. */
	while (sigtimedwait(&self->watched, NULL, &now) > 0)
		;
	sigaction(SIGCHLD, &self->child_before, NULL);
	sigprocmask(SIG_SETMASK, &self->mask_before, NULL);
}

bool interrupts_wait(const interrupts *self, int64_t most_ns)
{
	const struct timespec most = { .tv_sec = most_ns / NS_PER_S, .tv_nsec = most_ns % NS_PER_S };
	const int got = sigtimedwait(&self->watched, NULL, &most);

	return got > 0 && got != SIGCHLD;
}

static bool wait_for_either(const void *self, int64_t most_ns)
{
	return interrupts_wait(self, most_ns);
}

program_end interrupts_run(const interrupts *self, const char *const *words, const char *hidden, int64_t most_ns,
			   program_output *output)
{
	const char *const all_hidden[] = { hidden, NULL };
	const program_call call = {
		.words = words,
		.hidden = all_hidden,
		.mask = &self->mask_before,
		.most_ns = most_ns,
		.wait = wait_for_either,
		.context = self,
	};

	return program_run(&call, output);
}

nescsim_status interrupts_report(nescsim_diag *diag)
{
	return diag_add(diag, NESCSIM_ERROR, NESCSIM_RUN_FAILED, NULL,
			"the same command goes on from here, `nescsim sweep` with --resume", "interrupted");
}
