#include "base/partial.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#define MARK ".partial-"
#define MAX_HOST_BYTES 65 /* as of gethostname() on Linux */

/* The host's name, as far as it can be a part of a file's. */
static void find_host(char host[MAX_HOST_BYTES])
{
	if (gethostname(host, MAX_HOST_BYTES) != 0)
		host[0] = '\0';
	host[MAX_HOST_BYTES - 1] = '\0';
	for (char *at = host; *at != '\0'; at++)
		if (*at == '/')
			*at = '_';
}

char *partial_name(const char *path)
{
	char host[MAX_HOST_BYTES], *name;
	uint32_t random;

	find_host(host);
	if (getrandom(&random, sizeof(random), GRND_NONBLOCK) != (ssize_t)sizeof(random)) {
		struct timespec now;

		clock_gettime(CLOCK_REALTIME, &now);
		random = (uint32_t)(now.tv_nsec ^ now.tv_sec);
	}
	return asprintf(&name, "%s" MARK "%s-%ld-%08" PRIx32, path, host, (long)getpid(), random) < 0 ? NULL : name;
}

bool partial_is(const char *name)
{
	return strstr(name, MARK) != NULL;
}

bool partial_is_dead(const char *name)
{
	const char *mark = strstr(name, MARK);
	char host[MAX_HOST_BYTES], *end;
	size_t host_bytes;
	long process;

	if (mark == NULL)
		return false;
	mark += strlen(MARK);
	find_host(host);
	host_bytes = strlen(host);
	if (strncmp(mark, host, host_bytes) != 0 || mark[host_bytes] != '-')
		return false;
	process = strtol(mark + host_bytes + 1, &end, 10);
	return process > 0 && *end == '-' && kill((pid_t)process, 0) != 0 && errno == ESRCH;
}
