/* What each request of a trace follows, worked out from the recorded times as the requests come in order of queueing. */
#ifndef WORKLOAD_ORDER_H
#define WORKLOAD_ORDER_H

#include "workload/trace.h"

/* One completion that no later request has been compared with yet. */
typedef struct order_completion {
	ps_t time_ps;
	uint64_t ordinal;
} order_completion;

/* Zeroed at the start. */
typedef struct order {
	order_completion *completions; /* a heap, earliest on top; of equal times the lower ordinal */
	size_t num_completions, max_completions;
	ps_t last_queued_ps;
	uint64_t num_records;
} order;

/* Sets the record's ordinal, after, anchor and gap_ps. False when out of memory. */
bool order_add(order *self, trace_record *record);

void order_fini(order *self);

#endif
