#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "metrics/decimal.h"
#include "metrics/table.h"
#include "run/outcome.h"

#define MAX_VMS_SHOWN 16
#define MAX_NOTES_SHOWN 20
#define MAX_SLICES 10
#define MIN_MISSES_OVER_TIME 20 /* fewer do not fade */

void nescsim_result_destroy(nescsim_result *result)
{
	if (result == NULL)
		return;
	for (size_t i = 0; result->schemes != NULL && i < result->num_schemes; i++)
		scheme_fini(&result->schemes[i]);
	free(result->schemes);
	free(result->bottlenecks);
	free(result->rows);
	free(result->out_folder);
	json_decref(result->config);
	json_decref(result->figures);
	json_decref(result->notes);
	json_decref(result->files);
	free(result);
}

/* ---- rows ------------------------------------------------------------------------------------------------------- */

static int64_t rounded(metrics_u128 numerator, metrics_u128 denominator)
{
	return denominator == 0 ? 0 : (int64_t)((numerator + denominator / 2) / denominator);
}

static nescsim_status add_row(nescsim_result *result, const scheme_result *scheme, metrics_layer layer, uint32_t vm,
			      uint32_t op)
{
	const metrics_host_cpu *cpu = &scheme->host_cpu[vm];
	metrics_summary summary;
	nescsim_row *rows;
	nescsim_status status = metrics_summarize(scheme->metrics, layer, vm, op, &summary);

	if (status != NESCSIM_OK || (summary.num_requests == 0 && summary.num_failed == 0))
		return status;
	rows = array_with_room(result->rows, result->num_rows, &result->max_rows, sizeof(*rows));
	if (rows == NULL)
		return NESCSIM_NO_MEMORY;
	result->rows = rows;
	result->rows[result->num_rows++] = (nescsim_row){
		.scheme = scheme->ops->name,
		.layer = metrics_layer_name(layer),
		.vm = vm,
		.op = op == METRICS_ALL_OPS ? "all" : scheme_ops[op].name,
		.num_requests = summary.num_requests,
		.num_failed = summary.num_failed,
		.num_bytes = summary.num_bytes,
		.simulated_ps = scheme_simulated_ps(scheme),
		.latency_mean_ps = rounded(summary.sum_ps, summary.num_requests),
		.latency_min_ps = summary.min_ps,
		.latency_p50_ps = summary.p50_ps,
		.latency_p90_ps = summary.p90_ps,
		.latency_p99_ps = summary.p99_ps,
		.latency_p999_ps = summary.p999_ps,
		.latency_max_ps = summary.max_ps,
		.latency_mean_ci95_ps = summary.has_ci95 ? summary.mean_ci95_ps : -1,
		.host_cpu_ps_per_request = rounded(cpu->busy_ps, cpu->num_requests),
	};
	return NESCSIM_OK;
}

/* The rows of summary.csv, in its order. */
static nescsim_status add_rows(nescsim_result *result, const scheme_result *scheme)
{
	for (int layer = 0; layer < METRICS_NUM_LAYERS; layer++) {
		for (uint32_t i = 1; i <= result->num_vms + 1; i++) {
			for (uint32_t op = 0; op <= IO_NUM_OPS; op++) {
				nescsim_status status = add_row(result, scheme, (metrics_layer)layer,
								i <= result->num_vms ? i : METRICS_ALL_VMS,
								op < IO_NUM_OPS ? op : METRICS_ALL_OPS);

				if (status != NESCSIM_OK)
					return status;
			}
		}
	}
	return NESCSIM_OK;
}

size_t nescsim_result_num_rows(const nescsim_result *result)
{
	return result->num_rows;
}

const nescsim_row *nescsim_result_row(const nescsim_result *result, size_t index)
{
	return index < result->num_rows ? &result->rows[index] : NULL;
}

const nescsim_row *nescsim_result_find(const nescsim_result *result, const char *scheme, const char *layer, uint32_t vm,
				       const char *op)
{
	for (size_t i = 0; i < result->num_rows; i++) {
		const nescsim_row *row = &result->rows[i];

		if (row->vm == vm && strcmp(row->scheme, scheme) == 0 && strcmp(row->layer, layer) == 0 &&
		    strcmp(row->op, op) == 0)
			return row;
	}
	return NULL;
}

size_t nescsim_result_num_schemes(const nescsim_result *result)
{
	return result->num_schemes;
}

const nescsim_bottleneck *nescsim_result_bottleneck(const nescsim_result *result, size_t index)
{
	return index < result->num_schemes ? &result->bottlenecks[index].finding : NULL;
}

/* Applications' view where every request has it, else the block layer's. */
static metrics_layer outermost_layer(const nescsim_result *result)
{
	for (size_t i = 0; i < result->num_schemes; i++)
		if (result->schemes[i].num_without_app != 0)
			return METRICS_BLOCK;
	return METRICS_APP;
}

nescsim_status result_evaluate(nescsim_result *result)
{
	for (size_t i = 0; i < result->num_schemes; i++) {
		nescsim_status status = add_rows(result, &result->schemes[i]);

		if (status != NESCSIM_OK)
			return status;
	}
	result->layer = outermost_layer(result);
	for (size_t i = 0; i < result->num_schemes; i++) {
		bottleneck *of_scheme = &result->bottlenecks[i];
		nescsim_status status = bottleneck_find(&result->schemes[i], result->layer, of_scheme);

		if (status != NESCSIM_OK)
			return status;
		of_scheme->finding.unit = of_scheme->unit;
		of_scheme->finding.sentence = of_scheme->sentence;
	}
	return NESCSIM_OK;
}

/* ---- the table -------------------------------------------------------------------------------------------------- */

static void ratio_cell(table *to, metrics_i128 numerator, metrics_i128 denominator, unsigned num_decimals,
		       const char *suffix)
{
	char text[DECIMAL_TEXT_BYTES];

	if (denominator == 0) {
		table_cell(to, "-");
		return;
	}
	decimal_ratio(numerator, denominator, num_decimals, text, sizeof(text));
	table_cell(to, "%s%s", text, suffix);
}

/* With more decimals where a rate is low. */
static void rate_cell(table *to, metrics_i128 numerator, metrics_i128 denominator, unsigned num_decimals)
{
	if (numerator < denominator)
		num_decimals = 3;
	else if (numerator < 100 * denominator)
		num_decimals = 1;
	ratio_cell(to, numerator, denominator, num_decimals, "");
}

/* Of a row that may have failures only. */
static void latency_cell(table *to, const nescsim_row *row, int64_t value_ps)
{
	ratio_cell(to, value_ps, row->num_requests == 0 ? 0 : PS_PER_US, 3, "");
}

static void us_cell(table *to, int64_t value_ps)
{
	ratio_cell(to, value_ps, PS_PER_US, 3, "");
}

static void print_row(const nescsim_result *result, table *to, size_t scheme_index, const nescsim_row *row,
		      const char *label)
{
	const scheme_result *scheme = &result->schemes[scheme_index];
	const nescsim_row *reference =
		nescsim_result_find(result, result->schemes[0].ops->name, row->layer, row->vm, row->op);
	const bool moves_data = row->num_bytes != 0;
	const bool is_all = strcmp(row->op, "all") == 0;

	if (row->vm == 0 && result->num_vms == 1)
		table_cell(to, "1");
	else if (row->vm == 0)
		table_cell(to, "all");
	else
		table_cell(to, "%" PRIu32, row->vm);
	table_cell(to, "%s", label);
	table_cell(to, "%s", row->scheme);
	table_cell(to, "%" PRIu64, row->num_requests);
	ratio_cell(to, (metrics_i128)row->num_bytes, moves_data ? 1000000 : 0, 1, "");
	rate_cell(to, (metrics_i128)row->num_requests * PS_PER_S, row->simulated_ps, 0);
	rate_cell(to, (metrics_i128)row->num_bytes * (PS_PER_S / 1000000), moves_data ? row->simulated_ps : 0, 1);
	latency_cell(to, row, row->latency_mean_ps);
	latency_cell(to, row, row->latency_p50_ps);
	latency_cell(to, row, row->latency_p99_ps);
	latency_cell(to, row, row->latency_p999_ps);
	latency_cell(to, row, row->latency_max_ps);
	if (is_all)
		us_cell(to, row->host_cpu_ps_per_request);
	else
		table_cell(to, "%s", "");
	if (moves_data || is_all)
		ratio_cell(to, reference == NULL ? 0 : reference->latency_mean_ps,
			   reference == NULL ? 0 : row->latency_mean_ps, 2, "x");
	else
		table_cell(to, "%s", ""); /* what a flush or a discard costs is no measure of a scheme */
	if (is_all && scheme->ops->uses_vfs) {
		const btlb_counts *counts = &scheme->btlb[row->vm];

		ratio_cell(to, (metrics_i128)counts->hits * 100,
			   (metrics_i128)counts->hits + (metrics_i128)counts->misses, 1, " %");
	}
	table_end_row(to);
}

/* A group of rows, the schemes side by side; `label` is what their operation is called. */
static void print_group(const nescsim_result *result, table *to, uint32_t vm, const char *op, const char *label)
{
	table_group(to);
	for (size_t i = 0; i < result->num_schemes; i++) {
		const nescsim_row *row = nescsim_result_find(result, result->schemes[i].ops->name,
							     metrics_layer_name(result->layer), vm, op);

		if (row != NULL)
			print_row(result, to, i, row, label);
	}
}

/* The name of the operation when there are only reads or only writes, whose row the one of all operations repeats. */
static const char *only_op(const nescsim_result *result)
{
	const char *only = NULL;

	for (size_t i = 0; i < result->num_rows; i++) {
		const char *op = result->rows[i].op;

		if (strcmp(op, "all") == 0 || (only != NULL && strcmp(op, only) == 0))
			continue;
		if (only != NULL)
			return NULL;
		only = op;
	}
	return only != NULL && (strcmp(only, "read") == 0 || strcmp(only, "write") == 0) ? only : NULL;
}

/* Requests that the storage refused: how many, and why. */
static void print_failures(const scheme_result *scheme, FILE *out)
{
	uint64_t num_ended[NESC_NUM_COMPLETION_STATUS] = { 0 }, num_failed = 0;
	bool first = true;

	for (uint32_t i = 0; i < scheme->num_cores; i++)
		for (int status = NESC_COMPLETION_OK + 1; status < NESC_NUM_COMPLETION_STATUS; status++) {
			num_ended[status] += scheme->cores[i].num_ended[status];
			num_failed += scheme->cores[i].num_ended[status];
		}
	if (num_failed == 0)
		return;
	fprintf(out, "%s: %" PRIu64 " requests failed (", scheme->ops->name, num_failed);
	for (int status = NESC_COMPLETION_OK + 1; status < NESC_NUM_COMPLETION_STATUS; status++) {
		if (num_ended[status] == 0)
			continue;
		fprintf(out, "%s%" PRIu64 ": %s", first ? "" : "; ", num_ended[status],
			nesc_completion_text((nesc_completion_status)status));
		first = false;
	}
	fprintf(out, ").\n");
}

/* One of a list; what did not happen is left out. */
static void print_count(FILE *out, uint64_t num, const char *one, const char *many)
{
	if (num != 0)
		fprintf(out, ", %" PRIu64 " %s", num, num == 1 ? one : many);
}

/* What the hypervisor did at run time, in one line; then how misses fade, in tenths of the run. */
static nescsim_status print_hypervisor(const scheme_result *scheme, FILE *out)
{
	static const table_column columns[] = {
		{ "from ms", TABLE_RIGHT },     { "to ms", TABLE_RIGHT },      { "requests", TABLE_RIGHT },
		{ "mean us", TABLE_RIGHT },     { "misses", TABLE_RIGHT },     { "per request", TABLE_RIGHT },
		{ "us per miss", TABLE_RIGHT }, { "interrupts", TABLE_RIGHT }, { "hypervisor", TABLE_RIGHT },
	};
	const hypervisor_counts *counts = &scheme->hypervisor;
	windows_slice slices[MAX_SLICES];
	windows_tally tallies[MAX_SLICES * NUM_WINDOW_SERIES];
	char text[DECIMAL_TEXT_BYTES];
	unsigned num_slices;
	table *to;

	decimal_ratio(scheme->hypervisor_cpu_ps[0], PS_PER_S / 1000, 3, text, sizeof(text));
	fprintf(out, "%s: the hypervisor's core was busy for %s ms", scheme->ops->name, text);
	print_count(out, counts->num_misses, "miss", "misses");
	print_count(out, counts->num_interrupts, "interrupt", "interrupts");
	print_count(out, counts->num_allocations, "allocation", "allocations");
	print_count(out, counts->num_failed_allocations, "refusal", "refusals");
	print_count(out, counts->num_regenerations, "regeneration of a pruned part", "regenerations of pruned parts");
	print_count(out, counts->num_copies, "copy of a shared block", "copies of shared blocks");
	print_count(out, counts->num_pruned, "leaf pruned", "leaves pruned");
	print_count(out, counts->num_actions, "action", "actions");
	print_count(out, counts->num_failed_actions, "action without effect", "actions without effect");
	fputs(".\n", out);
	if (counts->num_misses < MIN_MISSES_OVER_TIME)
		return NESCSIM_OK;
	to = table_create(columns, sizeof(columns) / sizeof(columns[0]));
	if (to == NULL)
		return NESCSIM_NO_MEMORY;
	num_slices = windows_slices(scheme->windows, MAX_SLICES, scheme->run_end_ps, slices, tallies);
	fprintf(out,
		"\nMisses over time, in %s (us per miss: from the hypervisor's look at MissPending to RewalkTree, its "
		"I/O "
		"included;\nhypervisor: share of time that its core is busy with them):\n\n",
		scheme->ops->name);
	for (unsigned i = 0; i < num_slices; i++) {
		const windows_tally *of = &tallies[i * NUM_WINDOW_SERIES];
		const windows_tally *requests = &of[WINDOW_REQUESTS], *misses = &of[WINDOW_MISSES];
		const ps_t until_ps = ps_min(slices[i].until_ps, ps_max(scheme->run_end_ps, slices[i].from_ps));

		ratio_cell(to, slices[i].from_ps, PS_PER_S / 1000, 3, "");
		ratio_cell(to, until_ps, PS_PER_S / 1000, 3, "");
		table_cell(to, "%" PRIu64, requests->count);
		ratio_cell(to, (metrics_i128)requests->sum, (metrics_i128)requests->count * PS_PER_US, 3, "");
		table_cell(to, "%" PRIu64, misses->count);
		ratio_cell(to, (metrics_i128)misses->count, (metrics_i128)requests->count, 3, "");
		ratio_cell(to, (metrics_i128)misses->sum, (metrics_i128)misses->count * PS_PER_US, 3, "");
		table_cell(to, "%" PRIu64, (uint64_t)of[WINDOW_INTERRUPTS].sum);
		ratio_cell(to, (metrics_i128)of[WINDOW_CPU].sum * 100, until_ps - slices[i].from_ps, 1, " %");
		table_end_row(to);
	}
	nescsim_status status = table_print(to, out);

	table_destroy(to);
	return status;
}

/* Application work on the bare machine is time outside guest mode too: a number to compare with care. */
static bool has_application_time(const scheme_result *scheme)
{
	for (uint32_t i = 0; i < scheme->num_cores; i++)
		if (scheme->cores[i].cpu_ps[CPU_APP] != 0)
			return true;
	return false;
}

/* How the workloads were taken. */
static void print_workload_notes(const nescsim_result *result, FILE *out)
{
	const size_t num = json_array_size(result->notes);
	const size_t num_shown = num <= MAX_NOTES_SHOWN ? num : MAX_NOTES_SHOWN - 1;

	if (num != 0)
		fputc('\n', out);
	for (size_t i = 0; i < num_shown; i++)
		fprintf(out, "%s.\n", json_string_value(json_array_get(result->notes, i)));
	if (num_shown < num)
		fprintf(out, "%zu more such notes are in result.json.\n", num - num_shown);
}

static nescsim_status print_notes(const nescsim_result *result, FILE *out)
{
	nescsim_status status = NESCSIM_OK;
	const bool is_app = result->layer == METRICS_APP;

	fprintf(out, "\nLatencies in us, %s.\n",
		is_app ? "as the application sees them, system call included" : "at the (guest's) block layer");
	if (only_op(result) == NULL)
		fprintf(out, "Op `all` is reads and writes.\n");
	fprintf(out, "Host CPU: core time outside guest mode, in us per request of any op.\n");
	for (size_t i = 0; i < result->num_schemes; i++)
		if (has_application_time(&result->schemes[i]))
			fprintf(out, "In %s that includes the application's own work, elsewhere guest time.\n",
				result->schemes[i].ops->name);
	if (result->num_schemes > 1)
		fprintf(out, "Speed-up: mean latency of %s divided by the scheme's.\n", result->schemes[0].ops->name);
	if (result->num_vms > MAX_VMS_SHOWN)
		fprintf(out, "%" PRIu32 " VMs are shown together; summary.csv has a row for each.\n", result->num_vms);
	fputc('\n', out);
	for (size_t i = 0; i < result->num_schemes; i++)
		fprintf(out, "%s: %s.\n", result->schemes[i].ops->name, result->bottlenecks[i].sentence);
	for (size_t i = 0; i < result->num_schemes; i++)
		print_failures(&result->schemes[i], out);
	for (size_t i = 0; status == NESCSIM_OK && i < result->num_schemes; i++)
		if (result->schemes[i].has_hypervisor)
			status = print_hypervisor(&result->schemes[i], out);
	print_workload_notes(result, out);
	if (result->is_checked)
		fprintf(out, "\nChecked: every read returned what it had to, and nobody reached what was not his.\n"
			     "(Of VMs with several vCPUs, and of shared or resized disks: what one of their own VMs "
			     "wrote.)\n");
	if (result->out_folder != NULL) {
		fprintf(out, "\nResults: %s (", result->out_folder);
		for (int i = 0; i < FOLDER_NUM_FILES; i++)
			if (result_has_file(result, (folder_file)i))
				fprintf(out, "%s%s", i == 0 ? "" : ", ", folder_file_names[i]);
		fputs(")\n", out);
	}
	return status;
}

/* ---- where the time goes ---------------------------------------------------------------------------------------- */

/* A row with a value per scheme, left out where it is 0 in all. */
static void breakdown_row(const nescsim_result *result, table *to, const char *label, const metrics_i128 *numerators,
			  const metrics_i128 *denominators)
{
	bool any = false;

	for (size_t i = 0; i < result->num_schemes; i++)
		any |= numerators[i] != 0;
	if (!any)
		return;
	table_cell(to, "%s", label);
	for (size_t i = 0; i < result->num_schemes; i++)
		ratio_cell(to, numerators[i], denominators[i], 3, "");
	table_end_row(to);
}

/* Mean time of a request per stage, then core time per request by owner; the schemes side by side. */
static nescsim_status fill_breakdown(const nescsim_result *result, table *to, metrics_summary *summaries,
				     scheme_cpu *cpu, metrics_i128 *numerators, metrics_i128 *denominators)
{
	for (size_t i = 0; i < result->num_schemes; i++) {
		nescsim_status status = metrics_summarize(result->schemes[i].metrics, result->layer, METRICS_ALL_VMS,
							  METRICS_ALL_OPS, &summaries[i]);

		if (status != NESCSIM_OK)
			return status;
		cpu[i] = scheme_cores(&result->schemes[i]);
		denominators[i] = (metrics_i128)summaries[i].num_split * PS_PER_US;
	}
	for (int which = 0; which < NUM_STAGES; which++) {
		for (size_t i = 0; i < result->num_schemes; i++)
			numerators[i] = (metrics_i128)(summaries[i].service_ps[which] + summaries[i].wait_ps[which]);
		breakdown_row(result, to, stage_name((stage)which), numerators, denominators);
	}
	for (size_t i = 0; i < result->num_schemes; i++)
		numerators[i] = (metrics_i128)summaries[i].sum_ps;
	breakdown_row(result, to, "latency, us", numerators, denominators);
	table_group(to);
	for (int owner = 0; owner < CPU_NUM_OWNERS; owner++) {
		char label[32];

		snprintf(label, sizeof(label), "CPU %s, us", cpu_owner_name((cpu_owner)owner));
		for (size_t i = 0; i < result->num_schemes; i++) {
			numerators[i] = cpu[i].owner_ps[owner];
			denominators[i] = (metrics_i128)result->schemes[i].host_cpu[0].num_requests * PS_PER_US;
		}
		breakdown_row(result, to, label, numerators, denominators);
	}
	for (size_t i = 0; i < result->num_schemes; i++) {
		denominators[i] = result->schemes[i].cores_end_ps;
		numerators[i] = (metrics_i128)cpu[i].num_cores * denominators[i] - cpu[i].idle_ps;
	}
	breakdown_row(result, to, "cores busy", numerators, denominators);
	for (size_t i = 0; i < result->num_schemes; i++) {
		numerators[i] = scheme_simulated_ps(&result->schemes[i]);
		denominators[i] = PS_PER_S / 1000;
	}
	breakdown_row(result, to, "run, ms", numerators, denominators);
	return NESCSIM_OK;
}

static nescsim_status print_breakdown(const nescsim_result *result, FILE *out)
{
	const size_t num = result->num_schemes;
	table_column *columns = calloc(num + 1, sizeof(*columns));
	metrics_summary *summaries = calloc(num, sizeof(*summaries));
	scheme_cpu *cpu = calloc(num, sizeof(*cpu));
	metrics_i128 *terms = calloc(2 * num, sizeof(*terms));
	nescsim_status status = NESCSIM_NO_MEMORY;
	table *to = NULL;

	if (columns != NULL && summaries != NULL && cpu != NULL && terms != NULL) {
		columns[0] = (table_column){ "", TABLE_LEFT };
		for (size_t i = 0; i < num; i++)
			columns[i + 1] = (table_column){ result->schemes[i].ops->name, TABLE_RIGHT };
		to = table_create(columns, num + 1);
	}
	if (to != NULL)
		status = fill_breakdown(result, to, summaries, cpu, terms, terms + num);
	if (status == NESCSIM_OK) {
		fputs("\nWhere a request's time goes, and its cores' time:\n\n", out);
		status = table_print(to, out);
	}
	table_destroy(to);
	free(terms);
	free(cpu);
	free(summaries);
	free(columns);
	return status;
}

nescsim_status nescsim_result_print(const nescsim_result *result, FILE *out)
{
	static const table_column columns[] = {
		{ "VM", TABLE_RIGHT },       { "op", TABLE_LEFT },        { "scheme", TABLE_LEFT },
		{ "requests", TABLE_RIGHT }, { "MB", TABLE_RIGHT },       { "IOPS", TABLE_RIGHT },
		{ "MB/s", TABLE_RIGHT },     { "mean", TABLE_RIGHT },     { "p50", TABLE_RIGHT },
		{ "p99", TABLE_RIGHT },      { "p99.9", TABLE_RIGHT },    { "max", TABLE_RIGHT },
		{ "host CPU", TABLE_RIGHT }, { "speed-up", TABLE_RIGHT }, { "BTLB hits", TABLE_RIGHT },
	};
	table *to = table_create(columns, sizeof(columns) / sizeof(columns[0]));
	const uint32_t whole = METRICS_ALL_VMS; /* with what the hypervisor did for none in particular */
	const char *label;
	nescsim_status status;

	if (to == NULL)
		return NESCSIM_NO_MEMORY;
	label = only_op(result);
	if (label == NULL) {
		label = "all";
		for (uint32_t op = 0; op < IO_NUM_OPS; op++)
			print_group(result, to, whole, scheme_ops[op].name, scheme_ops[op].name);
	}
	print_group(result, to, whole, "all", label);
	for (uint32_t vm = 1; result->num_vms > 1 && result->num_vms <= MAX_VMS_SHOWN && vm <= result->num_vms; vm++)
		print_group(result, to, vm, "all", label);
	status = table_print(to, out);
	table_destroy(to);
	if (status != NESCSIM_OK)
		return status;
	status = print_breakdown(result, out);
	if (status == NESCSIM_OK)
		status = print_notes(result, out);
	if (status != NESCSIM_OK)
		return status;
	return fflush(out) != 0 || ferror(out) ? NESCSIM_IO : NESCSIM_OK;
}
