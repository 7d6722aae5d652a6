#include "workload/readahead.h"

#include <stdlib.h>

static readahead_request *request_at(const readahead *self, size_t i)
{
	return &self->ring[(self->first + i) & (self->capacity - 1)];
}

static bool grow(readahead *self)
{
	size_t capacity = self->capacity ? 2 * self->capacity : 64;
	readahead_request *ring = malloc(capacity * sizeof(*ring));

	if (!ring)
		return false;
	for (size_t i = 0; i < self->num; i++)
		ring[i] = *request_at(self, i);
	free(self->ring);
	self->ring = ring;
	self->capacity = capacity;
	self->first = 0;
	return true;
}

/* Behind all that are not later: requests are nearly sorted, so this is seldom far from the end. */
static bool insert(readahead *self, const readahead_request *request)
{
	size_t i = self->num;

	if (self->num == self->capacity && !grow(self))
		return false;
	for (; i > 0 && request_at(self, i - 1)->ticks > request->ticks; i--)
		*request_at(self, i) = *request_at(self, i - 1);
	*request_at(self, i) = *request;
	self->num++;
	if (i == 0)
		self->num_earliest = 1;
	else if (request->ticks == request_at(self, 0)->ticks)
		self->num_earliest++;
	return true;
}

static readahead_request pop(readahead *self)
{
	readahead_request request = *request_at(self, 0);

	self->first = (self->first + 1) & (self->capacity - 1);
	self->num--;
	if (--self->num_earliest == 0)
		while (self->num_earliest < self->num &&
		       request_at(self, self->num_earliest)->ticks == request_at(self, 0)->ticks)
			self->num_earliest++;
	return request;
}

static trace_position position_of(const readahead *self, const readahead_request *request)
{
	if (self->record_bytes)
		return (trace_position){ .event = request->number, .byte = (request->number - 1) * self->record_bytes };
	return (trace_position){ .line = request->number };
}

/* One line or record into the ring. TRACE_RECORD also for what is no request. */
static trace_result read_ahead(readahead *self, readahead_read_fn read, void *state)
{
	readahead_request request;
	trace_position position;
	bool wanted;
	trace_result result = read(state, &request, &wanted);

	if (result != TRACE_RECORD || !wanted)
		return result;
	/* A tick that was spread is closed. */
	if (self->has_base && (self->spreads ? request.ticks <= self->last_ticks : request.ticks < self->last_ticks)) {
		position = position_of(self, &request);
		return trace_bad(
			input_report(self->in, &position, self->late_hint,
				     "the request is earlier than one that stands more than %d requests before it",
				     READAHEAD_WINDOW));
	}
	if (!insert(self, &request)) {
		input_report(self->in, NULL, NULL, "out of memory");
		return TRACE_BROKEN;
	}
	if (self->spreads && self->num_earliest > READAHEAD_MAX_PER_TICK) {
		position = position_of(self, &request);
		input_report(self->in, &position, "cut out the lines of one device",
			     "more than %d requests have the same time", READAHEAD_MAX_PER_TICK);
		return TRACE_BROKEN;
	}
	return TRACE_RECORD;
}

/* How many requests must have been read before the earliest can be given out. */
static size_t wanted_ahead(const readahead *self)
{
	if (!self->spreads)
		return READAHEAD_WINDOW;
	return self->spread_left ? 0 : READAHEAD_WINDOW + self->num_earliest;
}

trace_result readahead_next(readahead *self, readahead_read_fn read, void *state, trace_record *record_out)
{
	const ps_t tick_ps = self->tick_ps;
	readahead_request request;
	ps_t within_ps = 0;

	while (!self->at_end && self->num < wanted_ahead(self)) {
		trace_result result = read_ahead(self, read, state);

		if (result == TRACE_END)
			self->at_end = true;
		else if (result != TRACE_RECORD)
			return result;
	}
	if (self->num == 0)
		return TRACE_END;
	if (self->spreads) {
		if (self->spread_left == 0)
			self->spread_size = self->spread_left = self->num_earliest;
		within_ps = tick_ps / PS_PER_NS * (ps_t)(self->spread_size - self->spread_left) /
			    (ps_t)self->spread_size * PS_PER_NS;
		self->spread_left--;
	}
	request = pop(self);
	if (!self->has_base) {
		self->has_base = true;
		self->base_ticks = request.ticks;
	}
	self->last_ticks = request.ticks;
	*record_out = (trace_record){
		.op = request.op,
		.device = request.device,
		.first_sector = request.first_sector,
		.num_sectors = request.num_sectors,
		.completed_ps = TRACE_NO_TIME,
		.position = position_of(self, &request),
	};
	if (request.ticks - self->base_ticks >= (uint64_t)(PS_MAX / tick_ps) - 1)
		return trace_bad(input_report(self->in, &record_out->position, "the time is wrong, or cut the trace",
					      "the request is more than 106 days after the first"));
	record_out->queued_ps = (ps_t)(request.ticks - self->base_ticks) * tick_ps + within_ps;
	record_out->issued_ps = record_out->queued_ps;
	if (request.response_ticks == READAHEAD_NO_RESPONSE)
		return TRACE_RECORD;
	if (request.response_ticks > (uint64_t)((PS_MAX - record_out->queued_ps) / tick_ps))
		return trace_bad(input_report(self->in, &record_out->position,
					      "the response time is wrong, or cut the trace",
					      "the request ends more than 106 days after the first"));
	record_out->completed_ps = record_out->queued_ps + (ps_t)request.response_ticks * tick_ps;
	return TRACE_RECORD;
}

trace_instant readahead_origin(const void *state)
{
	const readahead *self = state;

	return (trace_instant)self->base_ticks * (uint64_t)self->tick_ps;
}

void readahead_fini(readahead *self)
{
	free(self->ring);
}
