/* Critical-path accounting: where a request's time goes, piece by piece.
 *
 * Whoever holds a request marks the end of each piece; a mark charges all time since the one before. So the
 * pieces of a request sum exactly to its latency, whatever its path was.
 */
#ifndef BASE_STAGES_H
#define BASE_STAGES_H

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

/* A split under way. */
typedef struct stage_marks {
	latency_split split;
	ps_t last_ps; /* end of the last piece */
} stage_marks;

static inline void stage_mark_wait(stage_marks *marks, stage which, ps_t until_ps)
{
	marks->split.wait_ps[which] += until_ps - marks->last_ps;
	marks->last_ps = until_ps;
}

static inline void stage_mark_service(stage_marks *marks, stage which, ps_t until_ps)
{
	marks->split.service_ps[which] += until_ps - marks->last_ps;
	marks->last_ps = until_ps;
}

#endif
