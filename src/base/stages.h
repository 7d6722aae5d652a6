/* Critical-path accounting: where a request's time goes, piece by piece.
 *
 * Whoever holds a request marks the end of each piece; a mark charges all time since the one before. So the
 * pieces of a request sum exactly to its latency, whatever its path was.
 *
 * For one request, all pieces can also be kept in order (nescsim explain): then its marks carry a log. A copy of the
 * marks shares the log's past and has a future of its own, so the path of the block that finishes last is at hand.
 */
#ifndef BASE_STAGES_H
#define BASE_STAGES_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "base/time.h"

typedef enum stage {
#define STAGE(symbol, name, help) STAGE_##symbol,
#include "base/stages.def"
#undef STAGE
	NUM_STAGES
} stage;

/* Each piece is service (something works on the request) or waiting (it queues). */
typedef struct latency_split {
	ps_t service_ps[NUM_STAGES];
	ps_t wait_ps[NUM_STAGES];
} latency_split;

/* One piece that is kept. The list goes back in time and belongs to the log. */
typedef struct stage_piece {
	const struct stage_piece *before; /* NULL: the first */
	stage stage;
	bool waits;
	const char *what; /* what happens, in words that outlive the log; NULL: the stage's name says it */
	ps_t from_ps, until_ps;
} stage_piece;

/* Memory of kept pieces. */
typedef struct stage_log stage_log;

/* A new empty log; NULL when out of memory. Freed with all its pieces by stage_log_destroy(). */
stage_log *stage_log_create(void);
void stage_log_destroy(stage_log *log);

/* A split under way. */
typedef struct stage_marks {
	latency_split split;
	ps_t last_ps;              /* end of the last piece */
	stage_log *log;            /* NULL: pieces are not kept */
	const stage_piece *pieces; /* the last one kept */
} stage_marks;

/* The stages that a controller's units work in. */
#define STAGE_FIRST_UNIT STAGE_QUEUE
#define NUM_UNIT_STAGES (STAGE_LINK + 1 - STAGE_FIRST_UNIT)

/* A part of a split under way: what happens between the units of a controller. Small, since there is one for each block. */
typedef struct unit_marks {
	ps_t service_ps[NUM_UNIT_STAGES], wait_ps[NUM_UNIT_STAGES]; /* from STAGE_FIRST_UNIT on */
	ps_t last_ps;
	stage_log *log;
	const stage_piece *pieces;
} unit_marks;

/* Keeps the piece from from_ps to until_ps behind *pieces. Called by the marks below. */
void stage_log_keep(stage_log *log, const stage_piece **pieces, stage which, bool waits, const char *what, ps_t from_ps,
		    ps_t until_ps);

static inline void stage_mark_wait(stage_marks *marks, stage which, ps_t until_ps)
{
	if (__builtin_expect(marks->log != NULL, 0))
		stage_log_keep(marks->log, &marks->pieces, which, true, NULL, marks->last_ps, until_ps);
	marks->split.wait_ps[which] += until_ps - marks->last_ps;
	marks->last_ps = until_ps;
}

/* As stage_mark_service(), saying what happens. */
static inline void stage_mark_service_of(stage_marks *marks, stage which, ps_t until_ps, const char *what)
{
	if (__builtin_expect(marks->log != NULL, 0))
		stage_log_keep(marks->log, &marks->pieces, which, false, what, marks->last_ps, until_ps);
	marks->split.service_ps[which] += until_ps - marks->last_ps;
	marks->last_ps = until_ps;
}

static inline void stage_mark_service(stage_marks *marks, stage which, ps_t until_ps)
{
	stage_mark_service_of(marks, which, until_ps, NULL);
}

/* Goes on where `from` has come to. */
static inline void unit_marks_begin(unit_marks *marks, const stage_marks *from)
{
	memset(marks->service_ps, 0, sizeof(marks->service_ps));
	memset(marks->wait_ps, 0, sizeof(marks->wait_ps));
	marks->last_ps = from->last_ps;
	marks->log = from->log;
	marks->pieces = from->pieces;
}

static inline void unit_mark_wait(unit_marks *marks, stage which, ps_t until_ps)
{
	if (__builtin_expect(marks->log != NULL, 0))
		stage_log_keep(marks->log, &marks->pieces, which, true, NULL, marks->last_ps, until_ps);
	marks->wait_ps[which - STAGE_FIRST_UNIT] += until_ps - marks->last_ps;
	marks->last_ps = until_ps;
}

static inline void unit_mark_service_of(unit_marks *marks, stage which, ps_t until_ps, const char *what)
{
	if (__builtin_expect(marks->log != NULL, 0))
		stage_log_keep(marks->log, &marks->pieces, which, false, what, marks->last_ps, until_ps);
	marks->service_ps[which - STAGE_FIRST_UNIT] += until_ps - marks->last_ps;
	marks->last_ps = until_ps;
}

/* Adds a part to what it went on from. */
static inline void stage_marks_add(stage_marks *marks, const unit_marks *part)
{
	for (int i = 0; i < NUM_UNIT_STAGES; i++) {
		marks->split.service_ps[STAGE_FIRST_UNIT + i] += part->service_ps[i];
		marks->split.wait_ps[STAGE_FIRST_UNIT + i] += part->wait_ps[i];
	}
	marks->last_ps = part->last_ps;
	marks->log = part->log;
	marks->pieces = part->pieces;
}

#endif
