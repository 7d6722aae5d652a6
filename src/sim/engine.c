#include "sim/engine.h"

#include <simgrid/actor.h>
#include <simgrid/engine.h>
#include <simgrid/host.h>
#include <simgrid/semaphore.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static sg_host_t engine_host;

static const char engine_platform[] = "<?xml version='1.0'?>\n"
				      "<!DOCTYPE platform SYSTEM \"https://simgrid.org/simgrid.dtd\">\n"
				      "<platform version=\"4.1\">\n"
				      "  <zone id=\"machine\" routing=\"None\">\n"
				      "    <host id=\"host\" speed=\"1Gf\"/>\n"
				      "  </zone>\n"
				      "</platform>\n";

/* The loader reads named files only; one in memory needs no folder that might be missing or read-only. */
static bool engine_load_platform(void)
{
	const int descriptor = memfd_create("nescsim-platform.xml", 0);
	const size_t num_bytes = sizeof(engine_platform) - 1;
	char name[64];
	bool written;

	if (descriptor < 0)
		return false;
	written = write(descriptor, engine_platform, num_bytes) == (ssize_t)num_bytes;
	snprintf(name, sizeof(name), "/proc/self/fd/%d", descriptor);
	if (written)
		simgrid_load_platform(name);
	close(descriptor);
	return written;
}

bool engine_start(void)
{
	/* Private arguments: the engine must not see the user's. Sanitizers follow threads, not raw contexts. */
	static char program[] = "nescsim";
	static char quiet[] = "--log=root.thres:critical";
	static char guard[] = "--cfg=contexts/guard-size:0";
	static char stack[] = "--cfg=contexts/stack-size:128";
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
	static char factory[] = "--cfg=contexts/factory:thread";
	char *arguments[] = { program, quiet, guard, factory, NULL };
	int num_arguments = 4;

	(void)stack;
#else
	char *arguments[] = { program, quiet, guard, stack, NULL };
	int num_arguments = 4;
#endif

	static const int signals[] = { SIGINT, SIGSEGV, SIGABRT, SIGBUS, SIGILL, SIGFPE };
	struct sigaction actions[sizeof(signals) / sizeof(signals[0])];

	if (engine_host != NULL)
		return true;
	/* The engine takes over signals; an interrupted program should end as any other. */
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		sigaction(signals[i], NULL, &actions[i]);
	simgrid_init(&num_arguments, arguments);
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		sigaction(signals[i], &actions[i], NULL);
	if (!engine_load_platform())
		return false;
	engine_host = sg_host_by_name("host");
	return engine_host != NULL;
}

typedef struct engine_start_data {
	void (*body)(void *argument);
	void *argument;
} engine_start_data;

static void engine_actor_main(int argc, char *argv[])
{
	engine_start_data *data = sg_actor_get_data(sg_actor_self());
	engine_start_data start = *data;

	(void)argc;
	(void)argv;
	free(data);
	start.body(start.argument);
}

void *engine_actor_create(const char *name, void (*body)(void *argument), void *argument)
{
	engine_start_data *data = malloc(sizeof(*data));
	sg_actor_t actor;

	if (data == NULL)
		return NULL;
	data->body = body;
	data->argument = argument;
	/* The one-call constructor passes argc and argv only, hence the three steps. */
	actor = sg_actor_init(name, engine_host);
	sg_actor_set_data(actor, data);
	sg_actor_start(actor, engine_actor_main, 0, NULL);
	return actor;
}

void engine_run(void)
{
	simgrid_run();
}

ps_t engine_now_ps(void)
{
	return (ps_t)simgrid_get_clock();
}

void engine_sleep_until(ps_t engine_ps)
{
	sg_actor_sleep_until((double)engine_ps);
}

void engine_yield(void)
{
	sg_actor_yield();
}

void engine_suspend(void *actor)
{
	sg_actor_suspend(actor);
}

void engine_resume(void *actor)
{
	sg_actor_resume(actor);
}

void *engine_semaphore_create(void)
{
	return sg_sem_init(0);
}

void engine_semaphore_destroy(void *semaphore)
{
	sg_sem_destroy(semaphore);
}

void engine_release(void *semaphore)
{
	sg_sem_release(semaphore);
}

void engine_acquire(void *semaphore)
{
	sg_sem_acquire(semaphore);
}

bool engine_acquire_timeout(void *semaphore, ps_t duration_ps)
{
	return sg_sem_acquire_timeout(semaphore, (double)duration_ps) != 0;
}
