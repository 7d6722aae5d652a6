#include "base/stages.h"

#include <stdlib.h>

#include "base/assert.h"

typedef struct kept_piece {
	stage_piece piece;
	struct kept_piece *next; /* for freeing */
} kept_piece;

struct stage_log {
	kept_piece *kept;
};

stage_log *stage_log_create(void)
{
	return calloc(1, sizeof(stage_log));
}

void stage_log_destroy(stage_log *log)
{
	if (log == NULL)
		return;
	while (log->kept != NULL) {
		kept_piece *kept = log->kept;

		log->kept = kept->next;
		free(kept);
	}
	free(log);
}

void stage_log_keep(stage_log *log, const stage_piece **pieces, stage which, bool waits, const char *what, ps_t from_ps,
		    ps_t until_ps)
{
	kept_piece *kept;

	if (until_ps == from_ps)
		return;
	kept = malloc(sizeof(*kept));
	NESC_ASSERT_ALWAYS(kept != NULL, "out of memory for the pieces of one request");
	kept->piece = (stage_piece){
		.before = *pieces,
		.stage = which,
		.waits = waits,
		.what = what,
		.from_ps = from_ps,
		.until_ps = until_ps,
	};
	kept->next = log->kept;
	log->kept = kept;
	*pieces = &kept->piece;
}
