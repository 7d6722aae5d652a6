#include "workload/fio_plan.h"

#define NUM_ASYNC_ENGINES 3 /* the first of ioengine's choices */

int64_t fio_of_direction(const cfg_list *list, fio_direction direction)
{
	const int64_t *values = list->items;

	return values[(size_t)direction < list->num ? (size_t)direction : list->num - 1];
}

static void add_size(fio_sizes *to, int64_t bytes, uint64_t weight)
{
	to->bytes[to->num] = (uint64_t)bytes;
	to->weights[to->num++] = weight;
	if (to->num == 1 || (uint64_t)bytes < to->min_bytes)
		to->min_bytes = (uint64_t)bytes;
	if ((uint64_t)bytes > to->max_bytes)
		to->max_bytes = (uint64_t)bytes;
}

static void plan_sizes(const fio_params *params, fio_direction direction, fio_sizes *out)
{
	const fio_split *splits = params->bssplit.items;
	uint64_t num_open = 0, percent = 0;
	int op = 0;

	for (size_t i = 0; i < params->bssplit.num; i++)
		if (splits[i].op == (int)direction + 1)
			op = splits[i].op;
	for (size_t i = 0; i < params->bssplit.num; i++) {
		if (splits[i].op != op)
			continue;
		num_open += splits[i].percent == 0;
		percent += (uint64_t)splits[i].percent;
	}
	/* Weights are percent times the number of rows without one, so that these divide the rest exactly. */
	for (size_t i = 0; i < params->bssplit.num; i++) {
		if (splits[i].op != op)
			continue;
		if (splits[i].percent)
			add_size(out, splits[i].size_bytes, (uint64_t)splits[i].percent * (num_open ? num_open : 1));
		else
			add_size(out, splits[i].size_bytes, 100 - percent);
	}
	if (out->num == 0)
		add_size(out, fio_of_direction(&params->bs, direction), 1);
}

static void plan_directions(fio_plan *self)
{
	static const struct {
		bool uses[FIO_NUM_DIRECTIONS], is_random;
	} of_rw[] = {
		[FIO_RW_READ] = { { true, false, false }, false },
		[FIO_RW_WRITE] = { { false, true, false }, false },
		[FIO_RW_TRIM] = { { false, false, true }, false },
		[FIO_RW_RANDREAD] = { { true, false, false }, true },
		[FIO_RW_RANDWRITE] = { { false, true, false }, true },
		[FIO_RW_RANDTRIM] = { { false, false, true }, true },
		[FIO_RW_RW] = { { true, true, false }, false },
		[FIO_RW_READWRITE] = { { true, true, false }, false },
		[FIO_RW_RANDRW] = { { true, true, false }, true },
		[FIO_RW_TRIMWRITE] = { { false, true, true }, false },
		[FIO_RW_RANDTRIMWRITE] = { { false, true, true }, true },
	};
	const fio_rw rw = (fio_rw)self->params->rw;

	for (int i = 0; i < FIO_NUM_DIRECTIONS; i++)
		self->uses[i] = of_rw[rw].uses[i];
	self->is_random = of_rw[rw].is_random;
	self->is_mixed = self->uses[FIO_READ] && self->uses[FIO_WRITE];
	self->trims_then_writes = self->uses[FIO_TRIM] && self->uses[FIO_WRITE];
}

static uint64_t percent_of(uint64_t num_bytes, int64_t percent)
{
	return (uint64_t)((unsigned __int128)num_bytes * (uint64_t)percent / 100);
}

void fio_plan_make(fio_plan *self, const fio_params *params, const source_context *context)
{
	bool draws_all_places = true;
	uint64_t rest_bytes;

	*self = (fio_plan){ .params = params, .depth = (uint64_t)params->iodepth };
	plan_directions(self);
	for (int i = 0; i < FIO_NUM_DIRECTIONS; i++) {
		plan_sizes(params, (fio_direction)i, &self->sizes[i]);
		if (!self->uses[i])
			continue;
		if (self->min_bytes == 0 || self->sizes[i].min_bytes < self->min_bytes)
			self->min_bytes = self->sizes[i].min_bytes;
		if (self->sizes[i].max_bytes > self->max_bytes)
			self->max_bytes = self->sizes[i].max_bytes;
		if (fio_of_direction(&params->percentage_random, (fio_direction)i) < 100)
			draws_all_places = false;
	}
	self->has_map = self->is_random && !params->norandommap && draws_all_places &&
			params->random_distribution.index == FIO_LAW_RANDOM && self->min_bytes == self->max_bytes;
	if (params->ioengine >= NUM_ASYNC_ENGINES)
		self->depth = 1;
	self->first_byte = (uint64_t)params->offset_bytes;
	if (params->offset_percent) {
		const uint64_t before = percent_of(context->disk_bytes, params->offset_percent) + self->min_bytes - 1;

		self->first_byte = before - before % self->min_bytes;
	}
	rest_bytes = self->first_byte < context->disk_bytes ? context->disk_bytes - self->first_byte : 0;
	self->region_bytes = (uint64_t)params->size_bytes;
	if (params->size_percent)
		self->region_bytes = percent_of(context->disk_bytes, params->size_percent);
	if (params->size_bytes == 0 && (params->size_percent == 0 || self->region_bytes > rest_bytes))
		self->region_bytes = rest_bytes;
}

bool fio_plan_fits(const fio_plan *self, uint64_t clone, uint64_t disk_bytes, uint64_t *first_byte_out)
{
	const unsigned __int128 first_byte =
		(unsigned __int128)self->first_byte + (unsigned __int128)self->params->offset_increment_bytes * clone;

	*first_byte_out = (uint64_t)first_byte;
	return first_byte + self->region_bytes <= disk_bytes;
}

uint64_t fio_plan_places(const fio_plan *self, fio_direction direction)
{
	return (self->region_bytes - self->sizes[direction].max_bytes) / self->sizes[direction].min_bytes + 1;
}

nescsim_status fio_validate(const fio_job *jobs, size_t num_jobs, const source_context *context, nescsim_diag *diag)
{
	nescsim_status status = NESCSIM_OK;
	uint64_t num_processes = 0, num_in_group = 0;
	fio_plan of;

	for (size_t i = 0; i < num_jobs; i++) {
		const fio_params *params = jobs[i].params;
		const diag_place *place = jobs[i].place;
		uint64_t first_byte;

		fio_plan_make(&of, params, context);
		if (of.region_bytes < of.max_bytes)
			status = kind_report(diag, place, "size", "make size, or the disk, larger",
					     "%llu bytes of the disk of %llu bytes hold no request of %llu",
					     (unsigned long long)of.region_bytes,
					     (unsigned long long)context->disk_bytes, (unsigned long long)of.max_bytes);
		else if (!fio_plan_fits(&of, (uint64_t)params->numjobs - 1, context->disk_bytes, &first_byte))
			status = kind_report(
				diag, place, "size", "lower offset, offset_increment or size, or make the disk larger",
				"the region of %llu bytes from byte %llu does not fit the disk of %llu bytes",
				(unsigned long long)of.region_bytes, (unsigned long long)first_byte,
				(unsigned long long)context->disk_bytes);
		if (i > 0 && params->stonewall) {
			if (num_in_group > 1 && context->num_vcpus > 1)
				status = kind_report(diag, place, "stonewall", "set guest.vcpus: 1",
						     "it would wait for jobs on other vCPUs, which is not simulated");
			num_in_group = 0;
		}
		num_in_group += (uint64_t)params->numjobs;
		num_processes += (uint64_t)params->numjobs;
		if (params->stonewall && i > 0 && params->numjobs > 1 && context->num_vcpus > 1)
			status = kind_report(diag, place, "stonewall", "set guest.vcpus: 1",
					     "its clones would wait on other vCPUs, which is not simulated");
		if (params->iodepth > 1 && of.depth == 1)
			diag_add(diag, NESCSIM_WARNING, NESCSIM_CONFIG, place, "such as ioengine=libaio",
				 "iodepth %lld has no effect: a synchronous ioengine has one request outstanding",
				 (long long)params->iodepth);
	}
	if (num_processes > FIO_MAX_PROCESSES)
		status = kind_report(diag, jobs[num_jobs - 1].place, "numjobs", "lower it",
				     "%llu processes in one VM are more than %d", (unsigned long long)num_processes,
				     FIO_MAX_PROCESSES);
	return status;
}
