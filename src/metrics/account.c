#include "metrics/account.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "metrics/batch.h"
#include "metrics/histogram.h"

/* Everything about the requests of one (layer, VM, operation). */
struct cell {
	histogram latencies;
	batch_means batches;
	uint64_t num_bytes;
	uint64_t num_failed; /* not in any other number here */
	uint64_t num_split;
	metrics_u128 service_ps[NUM_STAGES], wait_ps[NUM_STAGES];
};

struct metrics {
	char *scheme;
	uint32_t num_vms, num_ops;
	metrics_op *ops;
	struct cell *cells; /* [layer][vm - 1][op] */
};

static const char *const stage_names[] = {
#define STAGE(symbol, name, help) #name,
#include "base/stages.def"
#undef STAGE
};

static const char *const stage_helps[] = {
#define STAGE(symbol, name, help) help,
#include "base/stages.def"
#undef STAGE
};

static const char *const layer_names[] = {
#define LAYER_NAME(symbol, name) name,
	METRICS_LAYER_LIST(LAYER_NAME)
#undef LAYER_NAME
};

/* The columns that scripts may rely on come first, in the documented order. */
static const char *const summary_columns[] = {
	"scheme",
	"layer",
	"vm",
	"op",
	"requests",
	"bytes",
	"simulated_s",
	"iops",
	"bandwidth_MBps",
	"latency_mean_us",
	"latency_p50_us",
	"latency_p99_us",
	"latency_p999_us",
	"latency_max_us",
	"host_cpu_us_per_request",
	"latency_mean_ci95_us",
	"latency_min_us",
	"latency_p90_us",
	"failed",
};

static const char *const stages_columns[] = {
	"scheme", "layer", "vm", "op", "stage", "service_mean_us", "wait_mean_us", "share_percent",
};

static const char *const histogram_columns[] = { "scheme", "layer", "vm", "op", "latency_us", "requests" };

bool metrics_has_summary_column(const char *name)
{
	for (size_t i = 0; i < sizeof(summary_columns) / sizeof(summary_columns[0]); i++)
		if (strcmp(summary_columns[i], name) == 0)
			return true;
	return false;
}

const char *stage_name(stage which)
{
	NESC_ASSERT(which < NUM_STAGES, "no stage %d", (int)which);
	return stage_names[which];
}

const char *stage_help(stage which)
{
	NESC_ASSERT(which < NUM_STAGES, "no stage %d", (int)which);
	return stage_helps[which];
}

ps_t latency_split_sum(const latency_split *split)
{
	ps_t sum_ps = 0;

	for (unsigned i = 0; i < NUM_STAGES; i++) {
		NESC_ASSERT_DEBUG(split->service_ps[i] >= 0 && split->wait_ps[i] >= 0, "negative time in stage %s",
				  stage_names[i]);
		sum_ps += split->service_ps[i] + split->wait_ps[i];
	}
	return sum_ps;
}

const char *metrics_layer_name(metrics_layer layer)
{
	NESC_ASSERT(layer < METRICS_NUM_LAYERS, "no layer %d", (int)layer);
	return layer_names[layer];
}

metrics *metrics_create(const char *scheme, uint32_t num_vms, const metrics_op *ops, uint32_t num_ops)
{
	metrics *self = calloc(1, sizeof(*self));

	NESC_ASSERT(num_vms > 0 && num_ops > 0, "%" PRIu32 " VMs, %" PRIu32 " operations", num_vms, num_ops);
	if (!self)
		return NULL;
	self->num_vms = num_vms;
	self->num_ops = num_ops;
	self->scheme = strdup(scheme);
	self->ops = calloc(num_ops, sizeof(*self->ops));
	/* All-zero cells are empty; pages of those that are never used are never touched. */
	self->cells = calloc((size_t)METRICS_NUM_LAYERS * num_vms * num_ops, sizeof(*self->cells));
	if (!self->scheme || !self->ops || !self->cells) {
		metrics_destroy(self);
		return NULL;
	}
	memcpy(self->ops, ops, num_ops * sizeof(*ops));
	return self;
}

void metrics_destroy(metrics *self)
{
	if (!self)
		return;
	for (size_t i = 0; self->cells && i < (size_t)METRICS_NUM_LAYERS * self->num_vms * self->num_ops; i++)
		histogram_fini(&self->cells[i].latencies);
	free(self->cells);
	free(self->ops);
	free(self->scheme);
	free(self);
}

const char *metrics_scheme(const metrics *self)
{
	return self->scheme;
}

uint32_t metrics_num_vms(const metrics *self)
{
	return self->num_vms;
}

static struct cell *cell_at(const metrics *self, metrics_layer layer, uint32_t vm, uint32_t op)
{
	NESC_ASSERT(layer < METRICS_NUM_LAYERS && vm >= 1 && vm <= self->num_vms && op < self->num_ops,
		    "layer %d, VM %" PRIu32 ", operation %" PRIu32, (int)layer, vm, op);
	return &self->cells[((size_t)layer * self->num_vms + (vm - 1)) * self->num_ops + op];
}

void metrics_record(metrics *self, uint32_t vm, uint32_t op, metrics_layer layer, ps_t completion_ps, ps_t latency_ps,
		    const latency_split *split, uint64_t bytes)
{
	struct cell *cell = cell_at(self, layer, vm, op);

	histogram_add(&cell->latencies, latency_ps);
	batch_add(&cell->batches, completion_ps, latency_ps);
	if (self->ops[op].moves_data)
		cell->num_bytes += bytes;
	if (!split)
		return;
	NESC_ASSERT_ALWAYS(latency_split_sum(split) == latency_ps,
			   "the pieces of a latency of %" PRId64 " ps sum to %" PRId64 " ps", latency_ps,
			   latency_split_sum(split));
	cell->num_split++;
	for (unsigned i = 0; i < NUM_STAGES; i++) {
		cell->service_ps[i] += (uint64_t)split->service_ps[i];
		cell->wait_ps[i] += (uint64_t)split->wait_ps[i];
	}
}

void metrics_record_failed(metrics *self, uint32_t vm, uint32_t op, metrics_layer layer)
{
	cell_at(self, layer, vm, op)->num_failed++;
}

static bool cell_merge(struct cell *self, const struct cell *other)
{
	batch_merge(&self->batches, &other->batches);
	self->num_bytes += other->num_bytes;
	self->num_split += other->num_split;
	for (unsigned i = 0; i < NUM_STAGES; i++) {
		self->service_ps[i] += other->service_ps[i];
		self->wait_ps[i] += other->wait_ps[i];
	}
	return histogram_merge(&self->latencies, &other->latencies);
}

/* Merges all cells that a row stands for. */
static bool gather(const metrics *self, metrics_layer layer, uint32_t vm, uint32_t op, struct cell *sum)
{
	uint32_t first_vm = vm == METRICS_ALL_VMS ? 1 : vm;
	uint32_t last_vm = vm == METRICS_ALL_VMS ? self->num_vms : vm;

	for (uint32_t i = first_vm; i <= last_vm; i++) {
		for (uint32_t j = 0; j < self->num_ops; j++) {
			const struct cell *cell = cell_at(self, layer, i, j);

			if (op == METRICS_ALL_OPS ? !self->ops[j].moves_data : op != j)
				continue;
			sum->num_failed += cell->num_failed;
			if (cell->latencies.count > 0 && !cell_merge(sum, cell))
				return false;
		}
	}
	return true;
}

nescsim_status metrics_summarize(const metrics *self, metrics_layer layer, uint32_t vm, uint32_t op,
				 metrics_summary *summary_out)
{
	struct cell sum = { 0 };
	metrics_summary summary = { 0 };

	NESC_ASSERT(op == METRICS_ALL_OPS || op < self->num_ops, "no operation %" PRIu32, op);
	if (!gather(self, layer, vm, op, &sum)) {
		histogram_fini(&sum.latencies);
		return NESCSIM_NO_MEMORY;
	}
	summary.moves_data = op == METRICS_ALL_OPS || self->ops[op].moves_data;
	summary.num_requests = sum.latencies.count;
	summary.num_failed = sum.num_failed;
	if (summary.num_requests > 0) {
		summary.num_bytes = sum.num_bytes;
		summary.sum_ps = sum.latencies.sum_ps;
		summary.min_ps = sum.latencies.min_ps;
		summary.max_ps = sum.latencies.max_ps;
		summary.p50_ps = histogram_percentile(&sum.latencies, 500000);
		summary.p90_ps = histogram_percentile(&sum.latencies, 900000);
		summary.p99_ps = histogram_percentile(&sum.latencies, 990000);
		summary.p999_ps = histogram_percentile(&sum.latencies, 999000);
		summary.has_ci95 = batch_half_width(&sum.batches, &summary.mean_ci95_ps);
		summary.num_split = sum.num_split;
		memcpy(summary.service_ps, sum.service_ps, sizeof(sum.service_ps));
		memcpy(summary.wait_ps, sum.wait_ps, sizeof(sum.wait_ps));
	}
	histogram_fini(&sum.latencies);
	*summary_out = summary;
	return NESCSIM_OK;
}

/* Requests of all operations, flushes and discards included, served or failed. */
static uint64_t count_issued(const metrics *self, metrics_layer layer, uint32_t vm)
{
	uint64_t num_issued = 0;

	for (uint32_t i = 1; i <= self->num_vms; i++) {
		for (uint32_t op = 0; op < self->num_ops; op++) {
			const struct cell *cell = cell_at(self, layer, i, op);

			if (vm == METRICS_ALL_VMS || vm == i)
				num_issued += cell->latencies.count + cell->num_failed;
		}
	}
	return num_issued;
}

/* A row that stands for something: its place and its numbers. */
struct row {
	metrics_layer layer;
	uint32_t vm, op;
	metrics_summary summary;
};

typedef void write_row(const metrics *self, const struct row *row, const void *context, csv_writer *csv);

/* Calls `write` for every row that has requests or failures, in the order of the CSVs. */
static nescsim_status for_each_row(const metrics *self, write_row *write, const void *context, csv_writer *csv)
{
	for (unsigned layer = 0; layer < METRICS_NUM_LAYERS; layer++) {
		for (uint32_t i = 1; i <= self->num_vms + 1; i++) {
			for (uint32_t op = 0; op <= self->num_ops; op++) {
				struct row row = {
					.layer = (metrics_layer)layer,
					.vm = i <= self->num_vms ? i : METRICS_ALL_VMS,
					.op = op < self->num_ops ? op : METRICS_ALL_OPS,
				};
				nescsim_status status =
					metrics_summarize(self, row.layer, row.vm, row.op, &row.summary);

				if (status)
					return status;
				if (row.summary.num_requests > 0 || row.summary.num_failed > 0)
					write(self, &row, context, csv);
			}
		}
	}
	return NESCSIM_OK;
}

static void write_place(const metrics *self, metrics_layer layer, uint32_t vm, uint32_t op, csv_writer *csv)
{
	csv_text(csv, self->scheme);
	csv_text(csv, layer_names[layer]);
	if (vm == METRICS_ALL_VMS)
		csv_text(csv, "all");
	else
		csv_uint(csv, vm);
	csv_text(csv, op == METRICS_ALL_OPS ? "all" : self->ops[op].name);
}

/* One of the row's latencies, which it has when it has requests. */
static void write_latency(const metrics_summary *summary, ps_t latency_ps, csv_writer *csv)
{
	if (summary->num_requests > 0)
		csv_us(csv, latency_ps);
	else
		csv_empty(csv);
}

static void write_summary_row(const metrics *self, const struct row *row, const void *context, csv_writer *csv)
{
	const metrics_run *run = context;
	const metrics_summary *summary = &row->summary;
	const metrics_host_cpu *cpu = &run->host_cpu[row->vm];

	write_place(self, row->layer, row->vm, row->op, csv);
	csv_uint(csv, summary->num_requests);
	csv_uint(csv, summary->num_bytes);
	csv_ratio(csv, run->simulated_ps, PS_PER_S);
	csv_ratio(csv, (metrics_i128)summary->num_requests * PS_PER_S, run->simulated_ps);
	if (summary->moves_data) /* bytes / s / 10^6 */
		csv_ratio(csv, (metrics_i128)summary->num_bytes * (PS_PER_S / 1000000), run->simulated_ps);
	else
		csv_empty(csv);
	csv_ratio(csv, (metrics_i128)summary->sum_ps, (metrics_i128)summary->num_requests * PS_PER_US);
	write_latency(summary, summary->p50_ps, csv);
	write_latency(summary, summary->p99_ps, csv);
	write_latency(summary, summary->p999_ps, csv);
	write_latency(summary, summary->max_ps, csv);
	if (row->op == METRICS_ALL_OPS ||
	    summary->num_requests + summary->num_failed == count_issued(self, row->layer, row->vm))
		csv_ratio(csv, (metrics_i128)cpu->busy_ps, (metrics_i128)cpu->num_requests * PS_PER_US);
	else
		csv_empty(csv);
	if (summary->has_ci95)
		csv_us(csv, summary->mean_ci95_ps);
	else
		csv_empty(csv);
	write_latency(summary, summary->min_ps, csv);
	write_latency(summary, summary->p90_ps, csv);
	csv_uint(csv, summary->num_failed);
	csv_end_row(csv);
}

void metrics_begin_summary(csv_writer *csv, FILE *out)
{
	csv_begin(csv, out, summary_columns, sizeof(summary_columns) / sizeof(summary_columns[0]));
}

nescsim_status metrics_write_summary(const metrics *self, const metrics_run *run, csv_writer *csv)
{
	return for_each_row(self, write_summary_row, run, csv);
}

static void write_stage_rows(const metrics *self, const struct row *row, const void *context, csv_writer *csv)
{
	const metrics_summary *summary = &row->summary;
	metrics_u128 total_ps = 0;

	(void)context;
	for (unsigned i = 0; i < NUM_STAGES; i++)
		total_ps += summary->service_ps[i] + summary->wait_ps[i];
	for (unsigned i = 0; i < NUM_STAGES; i++) {
		metrics_u128 stage_ps = summary->service_ps[i] + summary->wait_ps[i];
		metrics_i128 per_request_us = (metrics_i128)summary->num_split * PS_PER_US;

		if (stage_ps == 0)
			continue;
		write_place(self, row->layer, row->vm, row->op, csv);
		csv_text(csv, stage_names[i]);
		csv_ratio(csv, (metrics_i128)summary->service_ps[i], per_request_us);
		csv_ratio(csv, (metrics_i128)summary->wait_ps[i], per_request_us);
		csv_ratio(csv, (metrics_i128)stage_ps * 100, (metrics_i128)total_ps);
		csv_end_row(csv);
	}
}

void metrics_begin_stages(csv_writer *csv, FILE *out)
{
	csv_begin(csv, out, stages_columns, sizeof(stages_columns) / sizeof(stages_columns[0]));
}

nescsim_status metrics_write_stages(const metrics *self, csv_writer *csv)
{
	return for_each_row(self, write_stage_rows, NULL, csv);
}

void metrics_begin_histogram(csv_writer *csv, FILE *out)
{
	csv_begin(csv, out, histogram_columns, sizeof(histogram_columns) / sizeof(histogram_columns[0]));
}

nescsim_status metrics_write_histogram(const metrics *self, csv_writer *csv)
{
	histogram_slice slices[HISTOGRAM_MAX_SLICES];

	for (unsigned layer = 0; layer < METRICS_NUM_LAYERS; layer++) {
		for (uint32_t vm = 1; vm <= self->num_vms; vm++) {
			for (uint32_t op = 0; op < self->num_ops; op++) {
				const histogram *latencies = &cell_at(self, layer, vm, op)->latencies;
				size_t num_slices;

				if (latencies->out_of_memory)
					return NESCSIM_NO_MEMORY;
				num_slices = histogram_slices(latencies, slices);
				for (size_t i = 0; i < num_slices; i++) {
					write_place(self, (metrics_layer)layer, vm, op, csv);
					csv_us(csv, slices[i].high_ps);
					csv_uint(csv, slices[i].count);
					csv_end_row(csv);
				}
			}
		}
	}
	return NESCSIM_OK;
}
