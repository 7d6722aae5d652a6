/* Storage media: when does an access start and end?
 *
 * A medium is one file with a medium_ops table and one line in media.def. It is pure: told the time, it answers
 * with times. The device serialises the calls, in the order in which accesses reach it.
 */
#ifndef MEDIA_MEDIUM_H
#define MEDIA_MEDIUM_H

#include "base/time.h"
#include "config/schema.h"

typedef struct medium_access {
	bool is_write;
	uint64_t first_byte; /* from the start of the medium */
	uint32_t num_bytes;
} medium_access;

typedef struct medium_times {
	ps_t start_ps; /* a server took it */
	ps_t done_ps;  /* a read's data is there, a write is durable */
	ps_t busy_ps;  /* time for which it kept its server from others */
} medium_times;

typedef struct medium_ops {
	const char *name;
	const char *help;
	const cfg_section *section;
	size_t state_bytes;
	/* Prepares the zeroed state; params is the decoded section. Draws come from a stream of `seed`. */
	void (*init)(void *state, const void *params, uint64_t seed);
	/* Capacity in bytes. */
	uint64_t (*capacity_bytes)(const void *params);
	/* True when accesses end in the order in which they came. */
	bool (*in_order)(const void *params);
	/* Number of servers that work at once, for the utilisation. */
	uint32_t (*num_servers)(const void *params);
	/* Accesses that may be under way at once: each needs a buffer for its data. */
	uint32_t (*max_pending)(const void *params);
	/* Serves an access that arrives at `arrival_ps` (never decreasing from call to call). */
	medium_times (*serve)(void *state, const void *params, const medium_access *access, ps_t arrival_ps);
} medium_ops;

#define X(name) extern const medium_ops medium_##name;
#include "media/media.def"
#undef X

/* All media, in the order of media.def; `media: {kind: …}` of the config. */
extern const medium_ops *const medium_table[];
extern const size_t medium_table_num;
extern const cfg_variants media_variants;

#endif
