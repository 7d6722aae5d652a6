#include "workload/fio.h"

#include <gsl/gsl_randist.h>
#include <stdlib.h>

#include "base/assert.h"
#include "workload/fio_draw.h"
#include "workload/fio_plan.h"

typedef enum phase {
	PHASE_DELAYED, /* its group has begun; startdelay may be under way */
	PHASE_RUNNING,
	PHASE_OVER,
} phase;

/* When requests of one direction are due. */
typedef struct pace {
	bool is_limited;
	int64_t per_second; /* requests, or bytes */
	bool counts_bytes;
	ps_t mean_ps;   /* between requests, or bursts */
	ps_t due_ps;    /* of the next request */
	uint64_t moved; /* requests or bytes so far */
	uint64_t burst; /* left of the one that is due */
} pace;

typedef struct process {
	const fio_plan *of;
	uint64_t group;
	phase phase;
	ps_t start_ps, end_ps;
	uint64_t first_byte, depth;

	/* Without flushes, of which there is one at most. */
	uint64_t outstanding, num_issued, num_completed, bytes_issued, bytes_limit, ios_limit;
	uint64_t num_writes; /* submitted */
	bool flushing;       /* waits for its flush */
	bool flushed;        /* since the last write */

	bool look_at_think, think_is_due;
	uint64_t last_think;
	ps_t think_end_ps;

	bool has_direction;
	fio_direction direction;
	ps_t free_ps; /* when one of its places was last free after all had been taken */
	pace paces[FIO_NUM_DIRECTIONS];

	uint64_t next_byte[FIO_NUM_DIRECTIONS]; /* of a sequence, from first_byte */
	uint64_t trimmed_byte, trimmed_bytes;   /* trimwrite: to be written next; 0 bytes = nothing */
	uint64_t rank;                          /* of the pass */
	permutation order, spread[FIO_NUM_DIRECTIONS];
	zipf zipf[FIO_NUM_DIRECTIONS];
	pareto pareto[FIO_NUM_DIRECTIONS];
	rng_stream place_rng, op_rng, size_rng, due_rng;
} process;

/* Which process an outstanding request is of: open addressing, for numbers that come in order. */
typedef struct owner {
	uint64_t number_plus_one; /* 0 = free */
	uint32_t process_idx;
	bool is_flush;
} owner;

struct fio_source {
	fio_plan *plans;
	nescsim_diag *diag;
	process *processes; /* of this vCPU, in the order of their groups */
	size_t num_processes;
	size_t group_begin, group_end; /* processes that have begun and not all ended */
	size_t num_left;               /* of these */
	size_t turn;                   /* who is asked first */
	owner *owners;
	uint64_t owners_mask;
	uint64_t num_submitted, outstanding;
};

/* ---- opening ---------------------------------------------------------------------------------------------------- */

/* How many requests come together. */
static uint64_t draw_burst(process *self)
{
	gsl_rng generator = rng_gsl(&self->due_rng);
	const int64_t mean = self->of->params->burst_ios;

	return mean == 1 ? 1 : gsl_ran_geometric(&generator, 1.0 / (double)mean);
}

static ps_t clamp_ps(__int128 time_ps)
{
	return time_ps > PS_MAX ? PS_MAX : (ps_t)time_ps;
}

static void pace_make(pace *self, const fio_plan *of, fio_direction direction)
{
	const fio_params *params = of->params;
	const int64_t bps = fio_of_direction(&params->rate, direction),
		      iops = fio_of_direction(&params->rate_iops, direction);
	__int128 mean_ps;

	*self = (pace){ .is_limited = bps > 0 || iops > 0,
			.per_second = bps > 0 ? bps : iops,
			.counts_bytes = bps > 0 };
	if (!self->is_limited)
		return;
	mean_ps =
		((__int128)PS_PER_S * (bps > 0 ? (int64_t)of->sizes[direction].min_bytes : 1) + self->per_second / 2) /
		self->per_second;
	self->mean_ps = clamp_ps(params->rate_process == FIO_BURSTY ? mean_ps * params->burst_ios : mean_ps);
}

/* Saturating. */
static uint64_t times(uint64_t num, int64_t factor)
{
	return num > UINT64_MAX / (uint64_t)factor ? UINT64_MAX : num * (uint64_t)factor;
}

/* `number` is that of the VM's process. */
static void process_make(process *self, const fio_plan *of, uint64_t clone, uint64_t number,
			 const source_context *context)
{
	const fio_params *params = of->params;
	const uint64_t seed = params->randseed ? (uint64_t)params->randseed : context->seed;
	const uint64_t stream = (uint64_t)context->vm << 32 | number;
	uint64_t pass_bytes = of->region_bytes - of->region_bytes % of->min_bytes;

	*self = (process){ .of = of, .depth = of->depth, .end_ps = PS_MAX };
	fio_plan_fits(of, clone, context->disk_bytes, &self->first_byte);
	self->place_rng = rng_open(seed, "fio place", stream);
	self->op_rng = rng_open(seed, "fio operation", stream);
	self->size_rng = rng_open(seed, "fio size", stream);
	self->due_rng = rng_open(seed, "fio due", stream);
	if (params->io_size_bytes)
		pass_bytes = (uint64_t)params->io_size_bytes;
	self->bytes_limit = params->time_based ? UINT64_MAX : times(pass_bytes, params->loops);
	self->ios_limit = params->number_ios ? times((uint64_t)params->number_ios, params->loops) : UINT64_MAX;
	for (int i = 0; i < FIO_NUM_DIRECTIONS; i++) {
		const fio_direction direction = (fio_direction)i;
		const fio_law_params *law = params->random_distribution.params;
		rng_stream spread = of->spread[i];
		uint64_t num;

		if (!of->uses[i])
			continue;
		pace_make(&self->paces[i], of, direction);
		self->paces[i].burst = draw_burst(self);
		num = fio_plan_places(of, direction);
		self->spread[i] = permutation_draw(&spread, num);
		if (params->random_distribution.index == FIO_LAW_ZIPF)
			self->zipf[i] = zipf_make(num, (double)law->exponent / FIO_LAW_SCALE);
		else if (params->random_distribution.index == FIO_LAW_PARETO)
			self->pareto[i] = pareto_make(num, (double)law->exponent / FIO_LAW_SCALE);
	}
}

/* The processes of this vCPU, into `out` unless it is NULL. Returns how many. */
static size_t deal_out(const fio_plan *plans, size_t num_jobs, const source_context *context, process *out)
{
	uint64_t number = 0, in_group = 0, group = 0;
	size_t num = 0;

	for (size_t i = 0; i < num_jobs; i++) {
		if (i > 0 && plans[i].params->stonewall) {
			group++;
			in_group = 0;
		}
		for (uint64_t clone = 0; clone < (uint64_t)plans[i].params->numjobs; clone++, number++) {
			if (in_group++ % context->num_vcpus != context->vcpu)
				continue;
			if (out) {
				process_make(&out[num], &plans[i], clone, number, context);
				out[num].group = group;
			}
			num++;
		}
	}
	return num;
}

static bool make_owners(fio_source *self)
{
	uint64_t capacity = 4;
	uint64_t most = 0;

	for (size_t i = 0; i < self->num_processes; i++)
		most += self->processes[i].depth + 1; /* and its flush */
	while (capacity < 2 * most)
		capacity *= 2;
	self->owners = calloc(capacity, sizeof(*self->owners));
	self->owners_mask = capacity - 1;
	return self->owners != NULL;
}

nescsim_status fio_source_open(const fio_job *jobs, size_t num_jobs, const source_context *context, nescsim_diag *diag,
			       fio_source **source_out)
{
	fio_source *self;
	nescsim_status status = fio_validate(jobs, num_jobs, context, NULL);

	*source_out = NULL;
	if (status != NESCSIM_OK) /* once more, to say so; warnings were given when the inputs were checked */
		return fio_validate(jobs, num_jobs, context, diag);
	self = calloc(1, sizeof(*self));
	if (!self)
		return NESCSIM_NO_MEMORY;
	self->diag = diag;
	self->plans = calloc(num_jobs, sizeof(*self->plans));
	for (size_t i = 0; self->plans && i < num_jobs; i++) {
		const fio_params *params = jobs[i].params;

		fio_plan_make(&self->plans[i], params, context);
		for (int j = 0; j < FIO_NUM_DIRECTIONS; j++)
			self->plans[i].spread[j] =
				rng_open(params->randseed ? (uint64_t)params->randseed : context->seed, "fio spread",
					 (uint64_t)context->vm << 32 | i);
	}
	if (self->plans)
		self->num_processes = deal_out(self->plans, num_jobs, context, NULL);
	self->processes = calloc(self->num_processes + 1, sizeof(*self->processes));
	if (self->plans && self->processes) {
		deal_out(self->plans, num_jobs, context, self->processes);
		if (make_owners(self)) {
			*source_out = self;
			return NESCSIM_OK;
		}
	}
	fio_source_close(self);
	return NESCSIM_NO_MEMORY;
}

void fio_source_close(fio_source *self)
{
	if (!self)
		return;
	free(self->owners);
	free(self->processes);
	free(self->plans);
	free(self);
}

/* ---- whose request ---------------------------------------------------------------------------------------------- */

static void owners_put(fio_source *self, uint64_t number, owner its)
{
	uint64_t at = number & self->owners_mask;

	while (self->owners[at].number_plus_one)
		at = (at + 1) & self->owners_mask;
	self->owners[at] = its;
	self->owners[at].number_plus_one = number + 1;
}

static owner owners_take(fio_source *self, uint64_t number)
{
	const uint64_t mask = self->owners_mask;
	uint64_t hole = number & mask;
	owner taken;

	while (self->owners[hole].number_plus_one != number + 1) {
		NESC_ASSERT(self->owners[hole].number_plus_one != 0, "a completion of nothing");
		hole = (hole + 1) & mask;
	}
	taken = self->owners[hole];
	/* What was put behind it because it was there moves up. */
	for (uint64_t at = (hole + 1) & mask; self->owners[at].number_plus_one; at = (at + 1) & mask) {
		const uint64_t home = (self->owners[at].number_plus_one - 1) & mask;

		if (((at - home) & mask) < ((at - hole) & mask))
			continue;
		self->owners[hole] = self->owners[at];
		hole = at;
	}
	self->owners[hole].number_plus_one = 0;
	return taken;
}

/* ---- one request ------------------------------------------------------------------------------------------------ */

/* A size of at most `most_bytes`, which holds the smallest. */
static uint64_t draw_bytes(process *self, fio_direction direction, uint64_t most_bytes)
{
	const fio_sizes *from = &self->of->sizes[direction];
	uint64_t sum = 0, draw;

	if (from->num == 1)
		return from->bytes[0];
	for (size_t i = 0; i < from->num; i++)
		sum += from->bytes[i] <= most_bytes ? from->weights[i] : 0;
	if (sum == 0)
		return from->min_bytes; /* fits, with a share of nothing */
	draw = rng_uniform_u64(&self->size_rng, sum);
	for (size_t i = 0; i < from->num; i++) {
		if (from->bytes[i] > most_bytes)
			continue;
		if (draw < from->weights[i])
			return from->bytes[i];
		draw -= from->weights[i];
	}
	return from->min_bytes;
}

static uint64_t draw_place(process *self, fio_direction direction)
{
	const fio_plan *of = self->of;
	const uint64_t num = fio_plan_places(of, direction);
	uint64_t rank;

	if (of->has_map) {
		if (self->rank == 0)
			self->order = permutation_draw(&self->place_rng, num);
		rank = permutation_at(&self->order, self->rank);
		self->rank = (self->rank + 1) % num;
		return rank;
	}
	if (of->params->random_distribution.index == FIO_LAW_RANDOM)
		return rng_uniform_u64(&self->place_rng, num);
	if (of->params->random_distribution.index == FIO_LAW_ZIPF)
		rank = zipf_draw(&self->zipf[direction], &self->place_rng);
	else
		rank = pareto_draw(&self->pareto[direction], &self->place_rng);
	return permutation_at(&self->spread[direction], rank);
}

/* Where the next request goes, from first_byte, and how long it is. */
static uint64_t next_place(process *self, fio_direction direction, uint64_t *num_bytes_out)
{
	const fio_plan *of = self->of;
	const fio_sizes *its_sizes = &of->sizes[direction];
	const uint64_t share = (uint64_t)fio_of_direction(&of->params->percentage_random, direction);
	uint64_t first_byte;

	if (of->is_random && (share == 100 || rng_chance(&self->op_rng, share, 100))) {
		first_byte = draw_place(self, direction) * its_sizes->min_bytes;
		*num_bytes_out = draw_bytes(self, direction, its_sizes->max_bytes);
	} else {
		first_byte = self->next_byte[direction];
		if (of->region_bytes - first_byte < its_sizes->min_bytes)
			first_byte = 0;
		*num_bytes_out = draw_bytes(self, direction, of->region_bytes - first_byte);
	}
	self->next_byte[direction] = first_byte + *num_bytes_out;
	return first_byte;
}

/* A request of this direction is handed over: when is the next one due? */
static void pace_advance(process *self, fio_direction direction, uint64_t num_bytes)
{
	pace *its = &self->paces[direction];
	const fio_params *params = self->of->params;

	if (!its->is_limited)
		return;
	switch ((fio_pace)params->rate_process) {
	case FIO_LINEAR:
		its->moved += its->counts_bytes ? num_bytes : 1;
		its->due_ps = clamp_ps(self->start_ps + (__int128)its->moved * PS_PER_S / its->per_second);
		break;
	case FIO_POISSON:
		its->due_ps = clamp_ps((__int128)its->due_ps + rng_exponential_ps(&self->due_rng, its->mean_ps));
		break;
	case FIO_BURSTY:
		if (--its->burst > 0)
			break;
		its->due_ps = clamp_ps((__int128)its->due_ps + rng_exponential_ps(&self->due_rng, its->mean_ps));
		its->burst = draw_burst(self);
		break;
	}
}

static void step_submit(fio_source *all, process *self, io_request request, ps_t arrival_ps, source_step *step)
{
	request.number = all->num_submitted++;
	owners_put(all, request.number,
		   (owner){ .process_idx = (uint32_t)(self - all->processes), .is_flush = request.op == IO_FLUSH });
	all->outstanding++;
	*step = (source_step){ .action = SOURCE_SUBMIT, .request = request, .arrival_ps = arrival_ps };
}

static void submit_flush(fio_source *all, process *self, source_step *step)
{
	self->flushing = true;
	self->flushed = true;
	step_submit(all, self, (io_request){ .op = IO_FLUSH }, -1, step);
}

static void submit(fio_source *all, process *self, source_step *step)
{
	static const io_op ops[] = { [FIO_READ] = IO_READ, [FIO_WRITE] = IO_WRITE, [FIO_TRIM] = IO_DISCARD };
	const fio_plan *of = self->of;
	const fio_direction direction = self->direction;
	const pace *its = &self->paces[direction];
	uint64_t first_byte, num_bytes;
	ps_t arrival_ps = -1;

	if (of->trims_then_writes && direction == FIO_WRITE) {
		first_byte = self->trimmed_byte;
		num_bytes = self->trimmed_bytes;
		self->trimmed_bytes = 0;
	} else {
		first_byte = next_place(self, direction, &num_bytes);
	}
	if (of->trims_then_writes && direction == FIO_TRIM) {
		self->trimmed_byte = first_byte;
		self->trimmed_bytes = num_bytes;
	} else {
		/* What is trimmed to be written counts once. */
		self->bytes_issued += num_bytes;
		self->num_issued++;
	}
	if (direction == FIO_WRITE) {
		self->num_writes++;
		self->flushed = false;
	}
	if (its->is_limited && of->params->io_submit_mode == FIO_OFFLOAD)
		arrival_ps = ps_max(its->due_ps, self->free_ps);
	pace_advance(self, direction, num_bytes);
	self->has_direction = false;
	self->look_at_think = of->params->thinktime_ps > 0;
	self->outstanding++;
	step_submit(all, self,
		    (io_request){
			    .op = ops[direction],
			    .first_sector = (self->first_byte + first_byte) / IO_SECTOR_BYTES,
			    .num_sectors = num_bytes / IO_SECTOR_BYTES,
		    },
		    arrival_ps, step);
}

/* ---- one process ------------------------------------------------------------------------------------------------ */

typedef enum verdict {
	ASKS,    /* *step is filled in */
	BLOCKED, /* until a completion, or *until_ps */
	ENDED,
} verdict;

#define NOT_BEGUN (-1)

/* Has it submitted all that it will? */
static bool is_through(const process *self, ps_t now_ps)
{
	if (self->trimmed_bytes > 0 && now_ps < self->end_ps)
		return false;
	return self->bytes_issued >= self->bytes_limit || self->num_issued >= self->ios_limit || now_ps >= self->end_ps;
}

static verdict finish(fio_source *all, process *self, source_step *step)
{
	if (self->outstanding > 0)
		return BLOCKED;
	if (self->of->params->end_fsync && self->num_writes > 0 && !self->flushed) {
		submit_flush(all, self, step);
		return ASKS;
	}
	self->phase = PHASE_OVER;
	return ENDED;
}

static bool flush_is_due(const process *self)
{
	const fio_params *params = self->of->params;

	if (self->flushed || self->num_writes == 0)
		return false;
	return (params->fsync && self->num_writes % (uint64_t)params->fsync == 0) ||
	       (params->fdatasync && self->num_writes % (uint64_t)params->fdatasync == 0);
}

/* Does a pause begin behind the requests so far? It is asked once after each, when there is a place for the next one. */
static bool pause_begins(process *self)
{
	const fio_params *params = self->of->params;
	const uint64_t counted =
		params->thinktime_blocks_type == FIO_COMPLETED ? self->num_completed : self->num_issued;

	if (counted < self->last_think + (uint64_t)params->thinktime_blocks)
		return false;
	self->last_think = counted;
	return true;
}

/* The pause that is due, once nothing is outstanding. */
static verdict think(process *self, ps_t now_ps, source_step *step, ps_t *until_ps)
{
	const fio_params *params = self->of->params;

	if (self->outstanding > 0)
		return BLOCKED;
	if (self->think_end_ps == NOT_BEGUN) {
		self->think_end_ps = clamp_ps((__int128)now_ps + params->thinktime_ps);
		if (params->thinktime_spin_ps > 0 && self->think_end_ps < PS_MAX) {
			*step = (source_step){ .action = SOURCE_THINK, .duration_ps = params->thinktime_spin_ps };
			return ASKS;
		}
	}
	*until_ps = ps_min(self->think_end_ps, self->end_ps);
	return BLOCKED;
}

static fio_direction draw_direction(process *self)
{
	const fio_plan *of = self->of;

	if (of->is_mixed)
		return rng_chance(&self->op_rng, (uint64_t)of->params->rwmixread, 100) ? FIO_READ : FIO_WRITE;
	if (of->trims_then_writes)
		return self->trimmed_bytes > 0 ? FIO_WRITE : FIO_TRIM;
	return of->uses[FIO_READ] ? FIO_READ : of->uses[FIO_WRITE] ? FIO_WRITE : FIO_TRIM;
}

/* Chooses the direction, and says when its request is due: a direction that is ahead of its rate gives way to the other
 * one. */
static ps_t choose_direction(process *self, ps_t now_ps)
{
	const int64_t reads = self->of->params->rwmixread;
	const pace *its, *other;

	if (!self->has_direction)
		self->direction = draw_direction(self);
	self->has_direction = true;
	its = &self->paces[self->direction];
	if (its->due_ps <= now_ps || !self->of->is_mixed || reads == 0 || reads == 100)
		return its->due_ps;
	other = &self->paces[self->direction == FIO_READ ? FIO_WRITE : FIO_READ];
	if (other->due_ps < its->due_ps) {
		self->direction = self->direction == FIO_READ ? FIO_WRITE : FIO_READ;
		its = other;
	}
	return its->due_ps;
}

static verdict process_next(fio_source *all, process *self, ps_t now_ps, source_step *step, ps_t *until_ps)
{
	ps_t due_ps;

	*until_ps = PS_MAX;
	if (self->phase == PHASE_OVER)
		return ENDED;
	if (self->phase == PHASE_DELAYED) {
		if (now_ps < self->start_ps) {
			*until_ps = self->start_ps;
			return BLOCKED;
		}
		self->phase = PHASE_RUNNING;
	}
	if (self->flushing)
		return BLOCKED;
	if (is_through(self, now_ps))
		return finish(all, self, step);
	if (self->look_at_think) {
		if (self->outstanding >= self->depth)
			return BLOCKED;
		self->look_at_think = false;
		self->think_is_due = pause_begins(self);
		self->think_end_ps = NOT_BEGUN;
	}
	if (self->think_is_due && self->think_end_ps != NOT_BEGUN && now_ps >= self->think_end_ps)
		self->think_is_due = false;
	if (self->think_is_due)
		return think(self, now_ps, step, until_ps);
	if (flush_is_due(self)) {
		submit_flush(all, self, step);
		return ASKS;
	}
	if (self->outstanding >= self->depth)
		return BLOCKED;
	due_ps = choose_direction(self, now_ps);
	if (now_ps < due_ps) {
		/* Without an offload fio waits for all that is outstanding before it sleeps. */
		if (self->of->params->io_submit_mode == FIO_OFFLOAD || self->outstanding == 0)
			*until_ps = ps_min(due_ps, self->end_ps);
		return BLOCKED;
	}
	submit(all, self, step);
	return ASKS;
}

/* ---- all of a vCPU's processes ---------------------------------------------------------------------------------- */

/* The next ones that begin together. False: there are none. */
static bool begin_group(fio_source *self, ps_t now_ps)
{
	self->group_begin = self->group_end;
	if (self->group_begin == self->num_processes)
		return false;
	while (self->group_end < self->num_processes &&
	       self->processes[self->group_end].group == self->processes[self->group_begin].group) {
		process *it = &self->processes[self->group_end++];
		const fio_params *params = it->of->params;

		it->start_ps = clamp_ps((__int128)now_ps + params->startdelay_ps);
		if (params->runtime_ps > 0)
			it->end_ps = clamp_ps((__int128)it->start_ps + params->runtime_ps);
		it->free_ps = it->start_ps;
		for (int i = 0; i < FIO_NUM_DIRECTIONS; i++)
			it->paces[i].due_ps = it->paces[i].is_limited ? it->start_ps : 0;
	}
	self->num_left = self->group_end - self->group_begin;
	self->turn = 0;
	return true;
}

void fio_source_next(fio_source *self, ps_t now_ps, source_step *step_out)
{
	for (;;) {
		ps_t until_ps = PS_MAX;
		const size_t num = self->group_end - self->group_begin;

		if (self->num_left == 0) {
			if (begin_group(self, now_ps))
				continue;
			*step_out = (source_step){ .action = SOURCE_END };
			return;
		}
		for (size_t i = 0; i < num; i++) {
			const size_t asked = (self->turn + i) % num;
			process *it = &self->processes[self->group_begin + asked];
			const bool was_over = it->phase == PHASE_OVER;
			ps_t its_until_ps;

			switch (process_next(self, it, now_ps, step_out, &its_until_ps)) {
			case ASKS:
				self->turn = (asked + 1) % num;
				return;
			case BLOCKED:
				until_ps = ps_min(until_ps, its_until_ps);
				break;
			case ENDED:
				self->num_left -= !was_over;
				break;
			}
		}
		if (self->num_left == 0)
			continue;
		if (until_ps == PS_MAX && self->outstanding == 0) {
			/* Simulated time ends before any process goes on. */
			diag_add(self->diag, NESCSIM_ERROR, NESCSIM_CONFIG, NULL,
				 "lower number_ios, thinktime or startdelay, or set runtime",
				 "a fio job takes more than 106 days");
			*step_out = (source_step){ .action = SOURCE_FAILED };
			return;
		}
		*step_out = (source_step){ .action = SOURCE_WAIT, .until_ps = until_ps };
		if (until_ps != PS_MAX)
			step_out->action = self->outstanding > 0 ? SOURCE_WAIT_EITHER : SOURCE_WAIT_UNTIL;
		return;
	}
}

void fio_source_completed(fio_source *self, uint64_t request_number, ps_t now_ps)
{
	const owner whose = owners_take(self, request_number);
	process *it = &self->processes[whose.process_idx];

	self->outstanding--;
	if (whose.is_flush) {
		it->flushing = false;
		return;
	}
	if (it->outstanding-- == it->depth)
		it->free_ps = now_ps;
	it->num_completed++;
}

/* If all were of this size. */
static uint64_t requests_of(const process *it, uint64_t block_bytes)
{
	const uint64_t num = (it->bytes_limit - 1) / block_bytes + 1;

	return num < it->ios_limit ? num : it->ios_limit;
}

uint64_t fio_source_expected_requests(const fio_source *self)
{
	uint64_t num = 0;

	for (size_t i = 0; i < self->num_processes; i++) {
		const process *it = &self->processes[i];
		const uint64_t least = requests_of(it, it->of->max_bytes), its_num = requests_of(it, it->of->min_bytes);

		if (it->end_ps != PS_MAX || it->of->params->runtime_ps > 0 || least != its_num)
			return 0;
		num += it->of->trims_then_writes ? 2 * its_num : its_num;
	}
	return num;
}
