/* The null medium: constant or exponential service on 1-n servers, in order of arrival.
 *
 * For theory (M/M/1, M/D/1, M/M/n) and to test the simulator itself; its service does not depend on the access.
 */
#include <stddef.h>

#include "base/rng.h"
#include "media/medium.h"

#define NULL_MAX_SERVERS 256

enum null_service {
	NULL_CONSTANT,
	NULL_EXPONENTIAL
};

typedef struct null_params {
	int64_t capacity_bytes;
	int service;
	ps_t mean_ps;
	int64_t num_servers;
} null_params;

typedef struct null_state {
	rng_stream rng;
	ps_t free_ps[NULL_MAX_SERVERS];
} null_state;

static const char *const null_services[] = { "constant", "exponential", NULL };

static const cfg_key null_keys[] = {
	{ .name = "capacity",
	  .type = CFG_BYTES,
	  .offset_in_struct = offsetof(null_params, capacity_bytes),
	  .default_text = "1 GiB",
	  .min_text = "1 MiB",
	  .max_text = "1024 TiB",
	  .help = "Size of the medium.",
	  .source = "choice: as the VC707 board" },
	{ .name = "service",
	  .type = CFG_ENUM,
	  .offset_in_struct = offsetof(null_params, service),
	  .default_text = "constant",
	  .choices = null_services,
	  .help = "Distribution of the service time.",
	  .source = "choice: the simplest" },
	{ .name = "mean",
	  .type = CFG_DURATION,
	  .offset_in_struct = offsetof(null_params, mean_ps),
	  .default_text = "0 ps",
	  .min_text = "0",
	  .max_text = "1000 s",
	  .help = "Mean service time of one access (a block of at most 1 KiB).",
	  .source = "choice: takes no time" },
	{ .name = "servers",
	  .type = CFG_COUNT,
	  .offset_in_struct = offsetof(null_params, num_servers),
	  .default_text = "1",
	  .min_text = "1",
	  .max_text = "256",
	  .help = "Accesses that are served at once.",
	  .source = "choice: the simplest" },
};

const cfg_section medium_null_section = {
	.name = "media (null)",
	.keys = null_keys,
	.num_keys = sizeof(null_keys) / sizeof(null_keys[0]),
	.struct_bytes = sizeof(null_params),
};

const char medium_null_help[] = "Constant or exponential service on 1-n servers: for theory and tests.";

static void null_init(void *state, const void *params, uint64_t seed)
{
	(void)params;
	((null_state *)state)->rng = rng_open(seed, "media.null", 0);
}

static uint64_t null_capacity_bytes(const void *params)
{
	return (uint64_t)((const null_params *)params)->capacity_bytes;
}

static bool null_in_order(const void *params)
{
	const null_params *given = params;

	return given->num_servers == 1 || given->service == NULL_CONSTANT;
}

static uint32_t null_num_servers(const void *params)
{
	return (uint32_t)((const null_params *)params)->num_servers;
}

static medium_times null_serve(void *state, const void *params, const medium_access *access, ps_t arrival_ps)
{
	null_state *self = state;
	const null_params *given = params;
	ps_t *server = &self->free_ps[0];
	medium_times times;

	(void)access;
	for (int64_t i = 1; i < given->num_servers; i++)
		if (self->free_ps[i] < *server)
			server = &self->free_ps[i];
	times.start_ps = ps_max(arrival_ps, *server);
	times.busy_ps =
		given->service == NULL_CONSTANT ? given->mean_ps : rng_exponential_ps(&self->rng, given->mean_ps);
	times.done_ps = *server = times.start_ps + times.busy_ps;
	return times;
}

const medium_ops medium_null = {
	.name = "null",
	.help = medium_null_help,
	.section = &medium_null_section,
	.state_bytes = sizeof(null_state),
	.init = null_init,
	.capacity_bytes = null_capacity_bytes,
	.in_order = null_in_order,
	.num_servers = null_num_servers,
	.max_pending = null_num_servers,
	.serve = null_serve,
};
