#include "workload/order.h"

#include <stdlib.h>

static bool completion_before(order_completion a, order_completion b)
{
	return a.time_ps != b.time_ps ? a.time_ps < b.time_ps : a.ordinal < b.ordinal;
}

static bool heap_push(order *heap, order_completion item)
{
	size_t i = heap->num_completions;

	if (i == heap->max_completions) {
		size_t capacity = i ? 2 * i : 64;
		order_completion *items = realloc(heap->completions, capacity * sizeof(*items));

		if (!items)
			return false;
		heap->completions = items;
		heap->max_completions = capacity;
	}
	heap->num_completions++;
	while (i > 0 && completion_before(item, heap->completions[(i - 1) / 2])) {
		heap->completions[i] = heap->completions[(i - 1) / 2];
		i = (i - 1) / 2;
	}
	heap->completions[i] = item;
	return true;
}

static order_completion heap_pop(order *heap)
{
	order_completion top = heap->completions[0], last = heap->completions[--heap->num_completions];
	size_t i = 0;

	for (;;) {
		size_t child = 2 * i + 1;

		if (child >= heap->num_completions)
			break;
		if (child + 1 < heap->num_completions &&
		    completion_before(heap->completions[child + 1], heap->completions[child]))
			child++;
		if (!completion_before(heap->completions[child], last))
			break;
		heap->completions[i] = heap->completions[child];
		i = child;
	}
	heap->completions[i] = last;
	return top;
}

/* The completions of earlier requests are compared in order of time, each once: those up to this record's queueing that
 * an earlier record has not taken lie between the predecessor's queueing and this one's. */
bool order_add(order *self, trace_record *record)
{
	record->ordinal = self->num_records++;
	record->after = record->ordinal ? TRACE_AFTER_SUBMISSION : TRACE_AFTER_START;
	record->anchor = record->ordinal ? record->ordinal - 1 : 0;
	record->gap_ps = record->queued_ps - self->last_queued_ps;
	while (self->num_completions && self->completions[0].time_ps <= record->queued_ps) {
		order_completion done = heap_pop(self);

		record->after = TRACE_AFTER_COMPLETION;
		record->anchor = done.ordinal;
		record->gap_ps = record->queued_ps - done.time_ps;
	}
	self->last_queued_ps = record->queued_ps;
	if (record->completed_ps == TRACE_NO_TIME)
		return true;
	return heap_push(self, (order_completion){ record->completed_ps, record->ordinal });
}

void order_fini(order *self)
{
	free(self->completions);
	*self = (order){ .num_completions = 0 };
}
