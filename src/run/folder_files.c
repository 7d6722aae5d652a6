/* The files of a result folder.
 *
 * summary.csv, stages.csv, histogram.csv   see metrics/account.h
 * units.csv      scheme,unit,queue,vm,metric,value: one row per number; `queue` and `vm` are empty where a number
 *                belongs to no queue or VM. Units in the metrics' names. Covers the whole run, warm-up included.
 *   a unit            busy_us, utilisation_percent (of all its servers), servers, served
 *   a queue into it   queues (of that name, one per ring), depth (of each), items (that went through), mean_items (in
 *                     all of them), mean_wait_us (per item), stalled_us (producers that had to wait for a slot)
 *   link_up, link_down also: transfers, tlps, replays, payload_bytes, wire_bytes, stall_<cause>_us
 *   btlb              by VM and for all: hits, misses, merged (neither), inserts, evictions, flushed,
 *                     hit_rate_percent = hits / (hits + misses)
 *   device            blocks, walks and so on: counts of the whole controller
 *   vm[i].vcpu[j]     busy_us, utilisation_percent, and the core's time by owner: cpu_<owner>_us
 *   vm[i].io_thread   the same for the thread that serves the VM, with what it did: requests, passes, wakes, kicks,
 *                     interrupts, device requests, pages, allocation, journal
 *   io_cores          where threads share cores: busy_us (held), utilisation_percent, servers
 *   hypervisor        where it had something to do at run time: counts; cpu_us by VM and for all
 *   failures          by VM: requests that the storage refused, by reason
 *   host_cpu          by VM and for all: busy_us (core time outside guest mode), requests (it was spent on)
 * cpu.csv        scheme,cores,owner,time_us,share_percent,cores_busy,us_per_request: the time of all the scheme's cores, from the
 *                start to the last thing that any of them did, by owner and idle; `all` is their sum
 * requests.csv   scheme,layer,vm,op,first_sector,num_sectors,submit_us,complete_us,latency_us,status (ok, or why it
 *                failed): every request that is not
 *                warm-up, at the block layer, by VM and then by submission. Sectors are 512 B; times count from the
 *                run's start.
 * misses.csv     scheme,from_us,until_us,requests,latency_mean_us,misses,miss_mean_us,interrupts,hypervisor_cpu_us: where a
 *                hypervisor served misses, up to 100 equal slices of the run by time of completion, warm-up left out of
 *                the requests
 * result.json    version, seed, totals and finding per scheme, effective configuration
 */
#include <string.h>

#include "metrics/csv.h"
#include "run/outcome.h"

#define MAX_SLICES 100

/* ---- units.csv -------------------------------------------------------------------------------------------------- */

static const char *const unit_columns[] = { "scheme", "unit", "queue", "vm", "metric", "value" };

/* What the rows under way are about. */
typedef struct unit_rows {
	csv_writer *csv;
	const char *scheme, *unit, *queue;
	const char *vm; /* number, "all" or "" */
} unit_rows;

static void begin_row(const unit_rows *rows, const char *metric)
{
	csv_text(rows->csv, rows->scheme);
	csv_text(rows->csv, rows->unit);
	csv_text(rows->csv, rows->queue);
	csv_text(rows->csv, rows->vm);
	csv_text(rows->csv, metric);
}

static void count_row(const unit_rows *rows, const char *metric, uint64_t value)
{
	begin_row(rows, metric);
	csv_uint(rows->csv, value);
	csv_end_row(rows->csv);
}

static void time_row(const unit_rows *rows, const char *metric, ps_t value_ps)
{
	begin_row(rows, metric);
	csv_us(rows->csv, value_ps);
	csv_end_row(rows->csv);
}

static void ratio_row(const unit_rows *rows, const char *metric, metrics_i128 numerator, metrics_i128 denominator)
{
	begin_row(rows, metric);
	csv_ratio(rows->csv, numerator, denominator);
	csv_end_row(rows->csv);
}

static void write_unit(unit_rows rows, const unit_result *unit, ps_t run_ps)
{
	rows.unit = unit->name;
	time_row(&rows, "busy_us", unit->busy_ps);
	ratio_row(&rows, "utilisation_percent", (metrics_i128)unit->busy_ps * 100,
		  (metrics_i128)run_ps * (metrics_i128)unit->num_servers);
	count_row(&rows, "servers", unit->num_servers);
	count_row(&rows, "served", unit->num_served);
	for (uint32_t i = 0; i < unit->num_queues; i++) {
		const queue_result *queue = &unit->queues[i];

		rows.queue = queue->name;
		count_row(&rows, "queues", queue->num_queues);
		count_row(&rows, "depth", queue->depth);
		count_row(&rows, "items", queue->num_items);
		ratio_row(&rows, "mean_items", queue->occupied_ps, run_ps);
		ratio_row(&rows, "mean_wait_us", queue->occupied_ps, (metrics_i128)queue->num_items * PS_PER_US);
		time_row(&rows, "stalled_us", queue->stalled_ps);
	}
}

static void write_link(unit_rows rows, const scheme_result *scheme)
{
	for (int side = 0; side < PCIE_NUM_SIDES; side++) {
		const pcie_stats *stats = &scheme->link[side];
		char name[UNIT_NAME_BYTES];

		snprintf(name, sizeof(name), "link_%s", pcie_side_name((pcie_side)side));
		rows.unit = name;
		count_row(&rows, "transfers", stats->num_transfers);
		count_row(&rows, "tlps", stats->num_tlps);
		count_row(&rows, "replays", stats->num_replays);
		count_row(&rows, "payload_bytes", stats->payload_bytes);
		count_row(&rows, "wire_bytes", stats->wire_bytes);
		for (int cause = 0; cause < PCIE_NUM_CAUSES; cause++) {
			char metric[64];

			snprintf(metric, sizeof(metric), "stall_%s_us", pcie_cause_name((pcie_cause)cause));
			time_row(&rows, metric, stats->stall_ps[cause]);
		}
	}
}

/* "all" for number 0; valid until the next call with the same buffer. */
static const char *vm_text(uint32_t vm, char buffer[16])
{
	if (vm == 0)
		return "all";
	snprintf(buffer, 16, "%u", vm);
	return buffer;
}

static void write_btlb(unit_rows rows, const scheme_result *scheme)
{
	char buffer[16];

	rows.unit = "btlb";
	for (uint32_t i = 1; i <= scheme->num_vms + 1; i++) {
		const uint32_t vm = i <= scheme->num_vms ? i : 0;
		const btlb_counts *counts = &scheme->btlb[vm];

		rows.vm = vm_text(vm, buffer);
		count_row(&rows, "hits", counts->hits);
		count_row(&rows, "misses", counts->misses);
		count_row(&rows, "merged", counts->merged);
		count_row(&rows, "inserts", counts->inserts);
		count_row(&rows, "evictions", counts->evictions);
		count_row(&rows, "flushed", counts->flushed);
		ratio_row(&rows, "hit_rate_percent", (metrics_i128)counts->hits * 100,
			  (metrics_i128)counts->hits + (metrics_i128)counts->misses);
	}
}

static void write_device(unit_rows rows, const nesc_device_counts *counts)
{
	rows.unit = "device";
	count_row(&rows, "blocks", counts->num_blocks);
	count_row(&rows, "read_blocks", counts->num_read_blocks);
	count_row(&rows, "written_blocks", counts->num_written_blocks);
	count_row(&rows, "zero_blocks", counts->num_zero_blocks);
	count_row(&rows, "walks", counts->num_walks);
	count_row(&rows, "walk_fetches", counts->num_walk_fetches);
	count_row(&rows, "merged_walks", counts->num_merged);
	count_row(&rows, "completions", counts->num_completions);
	count_row(&rows, "interrupts", counts->num_interrupts);
	count_row(&rows, "errors", counts->num_errors);
	if (counts->num_misses[0] + counts->num_misses[1] != 0) {
		count_row(&rows, "missed_read_blocks", counts->num_misses[0]);
		count_row(&rows, "missed_write_blocks", counts->num_misses[1]);
	}
	count_row(&rows, "ignored_accesses", counts->num_ignored_accesses);
}

/* A core's time by owner; not idle. */
static void write_owners(unit_rows *rows, const ps_t cpu_ps[CPU_NUM_OWNERS], ps_t run_ps)
{
	char metric[64];
	ps_t busy_ps = 0;

	for (int owner = 0; owner < CPU_NUM_OWNERS; owner++)
		busy_ps += cpu_ps[owner];
	time_row(rows, "busy_us", busy_ps);
	ratio_row(rows, "utilisation_percent", (metrics_i128)busy_ps * 100, run_ps);
	for (int owner = 0; owner < CPU_NUM_OWNERS; owner++) {
		snprintf(metric, sizeof(metric), "cpu_%s_us", cpu_owner_name((cpu_owner)owner));
		time_row(rows, metric, cpu_ps[owner]);
	}
}

/* Only where there were unwritten extents. */
static void converted_row(unit_rows *rows, uint64_t num_blocks)
{
	if (num_blocks != 0)
		count_row(rows, "converted_blocks", num_blocks);
}

static void write_thread(unit_rows rows, const thread_result *thread, ps_t run_ps)
{
	const io_thread_counts *counts = &thread->counts;

	write_owners(&rows, thread->cpu_ps, run_ps);
	count_row(&rows, "requests", counts->num_requests);
	count_row(&rows, "joined_requests", counts->num_merged);
	count_row(&rows, "passes", counts->num_passes);
	count_row(&rows, "wakes", counts->num_wakes);
	count_row(&rows, "kicks", counts->num_kicks);
	count_row(&rows, "suppressed_kicks", counts->num_suppressed_kicks);
	count_row(&rows, "interrupts", counts->num_interrupts);
	count_row(&rows, "suppressed_interrupts", counts->num_suppressed_interrupts);
	count_row(&rows, "device_requests", counts->path.num_device_requests);
	count_row(&rows, "page_hits", counts->path.num_cache_hits);
	count_row(&rows, "page_misses", counts->path.num_cache_misses);
	count_row(&rows, "pages_written", counts->path.num_pages_written);
	count_row(&rows, "allocated_blocks", counts->path.num_allocated_blocks);
	converted_row(&rows, counts->path.num_converted_blocks);
	count_row(&rows, "zeroed_blocks", counts->path.num_zeroed_blocks);
	count_row(&rows, "refused_allocations", counts->path.num_failed_allocations);
	count_row(&rows, "journal_commits", counts->path.num_commits);
	count_row(&rows, "journal_blocks", counts->path.num_journal_blocks);
}

static void write_cores(unit_rows rows, const scheme_result *scheme)
{
	const ps_t run_ps = scheme_run_ps(scheme);
	char buffer[16], name[UNIT_NAME_BYTES];

	for (uint32_t i = 0; i < scheme->num_cores; i++) {
		const core_result *core = &scheme->cores[i];

		snprintf(name, sizeof(name), "vm[%u].vcpu[%u]", core->vm, core->vcpu);
		rows.unit = name;
		rows.vm = vm_text(core->vm, buffer);
		write_owners(&rows, core->cpu_ps, run_ps);
	}
	for (uint32_t i = 0; i < scheme->num_threads; i++) {
		snprintf(name, sizeof(name), "vm[%u].io_thread", scheme->threads[i].vm);
		rows.unit = name;
		rows.vm = vm_text(scheme->threads[i].vm, buffer);
		write_thread(rows, &scheme->threads[i], run_ps);
	}
	if (scheme->has_io_cores) {
		rows.unit = "io_cores";
		rows.vm = "";
		time_row(&rows, "busy_us", scheme->io_cores_busy_ps);
		ratio_row(&rows, "utilisation_percent", (metrics_i128)scheme->io_cores_busy_ps * 100,
			  (metrics_i128)run_ps * scheme->num_io_cores);
		count_row(&rows, "servers", scheme->num_io_cores);
	}
	rows.unit = "host_cpu";
	for (uint32_t i = 1; i <= scheme->num_vms + 1; i++) {
		const uint32_t vm = i <= scheme->num_vms ? i : 0;

		rows.vm = vm_text(vm, buffer);
		ratio_row(&rows, "busy_us", (metrics_i128)scheme->host_cpu[vm].busy_ps, PS_PER_US);
		count_row(&rows, "requests", scheme->host_cpu[vm].num_requests);
	}
}

static void write_hypervisor(unit_rows rows, const scheme_result *scheme)
{
	const hypervisor_counts *counts = &scheme->hypervisor;
	char buffer[16];

	rows.unit = "hypervisor";
	count_row(&rows, "interrupts", counts->num_interrupts);
	count_row(&rows, "misses", counts->num_misses);
	count_row(&rows, "allocations", counts->num_allocations);
	count_row(&rows, "refused_allocations", counts->num_failed_allocations);
	count_row(&rows, "allocated_blocks", counts->num_allocated_blocks);
	converted_row(&rows, counts->num_converted_blocks);
	count_row(&rows, "zeroed_blocks", counts->num_zeroed_blocks);
	count_row(&rows, "regenerations", counts->num_regenerations);
	count_row(&rows, "copied_blocks", counts->num_copies);
	count_row(&rows, "moved_blocks", counts->num_moved_blocks);
	count_row(&rows, "shared_blocks", counts->num_shared_blocks);
	count_row(&rows, "pruned_leaves", counts->num_pruned);
	count_row(&rows, "tree_nodes", counts->num_tree_nodes);
	count_row(&rows, "tree_nodes_written", counts->num_tree_nodes_written);
	count_row(&rows, "requests", counts->num_requests);
	count_row(&rows, "actions", counts->num_actions);
	count_row(&rows, "actions_without_effect", counts->num_failed_actions);
	for (uint32_t i = 1; i <= scheme->num_vms + 1; i++) {
		const uint32_t vm = i <= scheme->num_vms ? i : 0;

		rows.vm = vm_text(vm, buffer);
		time_row(&rows, "cpu_us", scheme->hypervisor_cpu_ps[vm]);
	}
}

static const char *status_name(nesc_completion_status status)
{
	static const char *const names[NESC_NUM_COMPLETION_STATUS] = {
		[NESC_COMPLETION_OK] = "ok",
		[NESC_COMPLETION_BAD_COMMAND] = "bad_command",
		[NESC_COMPLETION_BAD_ADDRESS] = "bad_address",
		[NESC_COMPLETION_NO_MAPPING] = "no_mapping",
		[NESC_COMPLETION_OUT_OF_RANGE] = "out_of_range",
		[NESC_COMPLETION_NO_SPACE] = "no_space",
		[NESC_COMPLETION_QUOTA] = "quota",
		[NESC_COMPLETION_NO_FUNCTION] = "no_function",
	};

	return names[status];
}

/* Reasons that nobody met have no row. */
static void write_failures(unit_rows rows, const scheme_result *scheme)
{
	char buffer[16];

	rows.unit = "failures";
	for (uint32_t vm = 1; vm <= scheme->num_vms; vm++) {
		rows.vm = vm_text(vm, buffer);
		for (int status = NESC_COMPLETION_OK + 1; status < NESC_NUM_COMPLETION_STATUS; status++) {
			uint64_t num = 0;

			for (uint32_t i = 0; i < scheme->num_cores; i++)
				num += scheme->cores[i].vm == vm ? scheme->cores[i].num_ended[status] : 0;
			if (num != 0)
				count_row(&rows, status_name((nesc_completion_status)status), num);
		}
	}
}

static nescsim_status write_units(const nescsim_result *result, FILE *out)
{
	csv_writer csv;

	csv_begin(&csv, out, unit_columns, sizeof(unit_columns) / sizeof(unit_columns[0]));
	for (size_t i = 0; i < result->num_schemes; i++) {
		const scheme_result *scheme = &result->schemes[i];
		const unit_rows rows = { .csv = &csv, .scheme = scheme->ops->name, .unit = "", .queue = "", .vm = "" };

		for (uint32_t unit = 0; unit < scheme->num_units; unit++)
			write_unit(rows, &scheme->units[unit], scheme_run_ps(scheme));
		write_link(rows, scheme);
		if (scheme->ops->uses_vfs)
			write_btlb(rows, scheme);
		write_device(rows, &scheme->device);
		write_cores(rows, scheme);
		if (scheme->has_hypervisor)
			write_hypervisor(rows, scheme);
		write_failures(rows, scheme);
	}
	return csv_finish(&csv);
}

/* ---- the other files -------------------------------------------------------------------------------------------- */

static nescsim_status write_summary(const nescsim_result *result, FILE *out)
{
	nescsim_status status = NESCSIM_OK;
	csv_writer csv;

	metrics_begin_summary(&csv, out);
	for (size_t i = 0; status == NESCSIM_OK && i < result->num_schemes; i++) {
		const metrics_run run = {
			.simulated_ps = scheme_simulated_ps(&result->schemes[i]),
			.host_cpu = result->schemes[i].host_cpu,
		};

		status = metrics_write_summary(result->schemes[i].metrics, &run, &csv);
	}
	return status == NESCSIM_OK ? csv_finish(&csv) : status;
}

/* Files that know only what requests took. */
static nescsim_status write_metrics(const nescsim_result *result, FILE *out, void (*begin)(csv_writer *csv, FILE *out),
				    nescsim_status (*write)(const metrics *self, csv_writer *csv))
{
	nescsim_status status = NESCSIM_OK;
	csv_writer csv;

	begin(&csv, out);
	for (size_t i = 0; status == NESCSIM_OK && i < result->num_schemes; i++)
		status = write(result->schemes[i].metrics, &csv);
	return status == NESCSIM_OK ? csv_finish(&csv) : status;
}

static nescsim_status write_stages(const nescsim_result *result, FILE *out)
{
	return write_metrics(result, out, metrics_begin_stages, metrics_write_stages);
}

static nescsim_status write_histogram(const nescsim_result *result, FILE *out)
{
	return write_metrics(result, out, metrics_begin_histogram, metrics_write_histogram);
}

static nescsim_status write_requests(const nescsim_result *result, FILE *out)
{
	static const char *const columns[] = { "scheme",      "layer",     "vm",          "op",         "first_sector",
					       "num_sectors", "submit_us", "complete_us", "latency_us", "status" };
	csv_writer csv;

	csv_begin(&csv, out, columns, sizeof(columns) / sizeof(columns[0]));
	for (size_t i = 0; i < result->num_schemes; i++) {
		const scheme_result *scheme = &result->schemes[i];
		const request_record *request;

		while ((request = sorter_next(scheme->requests)) != NULL) {
			csv_text(&csv, scheme->ops->name);
			csv_text(&csv, metrics_layer_name(METRICS_BLOCK));
			csv_uint(&csv, request->vm);
			csv_text(&csv, scheme_ops[request->op].name);
			csv_uint(&csv, request->first_sector);
			csv_uint(&csv, request->num_sectors);
			csv_us(&csv, request->submit_ps);
			csv_us(&csv, request->complete_ps);
			csv_us(&csv, request->complete_ps - request->submit_ps);
			csv_text(&csv, status_name(request->status));
			csv_end_row(&csv);
		}
		if (sorter_failed(scheme->requests))
			return NESCSIM_IO;
	}
	return csv_finish(&csv);
}

static nescsim_status write_misses(const nescsim_result *result, FILE *out)
{
	static const char *const columns[] = { "scheme",       "from_us",         "until_us",
					       "requests",     "latency_mean_us", "misses",
					       "miss_mean_us", "interrupts",      "hypervisor_cpu_us" };
	windows_slice slices[MAX_SLICES];
	windows_tally tallies[MAX_SLICES * NUM_WINDOW_SERIES];
	csv_writer csv;

	csv_begin(&csv, out, columns, sizeof(columns) / sizeof(columns[0]));
	for (size_t i = 0; i < result->num_schemes; i++) {
		const scheme_result *scheme = &result->schemes[i];
		const unsigned num_slices =
			scheme->hypervisor.num_misses == 0
				? 0
				: windows_slices(scheme->windows, MAX_SLICES, scheme->run_end_ps, slices, tallies);

		for (unsigned j = 0; j < num_slices; j++) {
			const windows_tally *of = &tallies[j * NUM_WINDOW_SERIES];

			csv_text(&csv, scheme->ops->name);
			csv_us(&csv, slices[j].from_ps);
			csv_us(&csv, slices[j].until_ps);
			csv_uint(&csv, of[WINDOW_REQUESTS].count);
			csv_ratio(&csv, (metrics_i128)of[WINDOW_REQUESTS].sum,
				  (metrics_i128)of[WINDOW_REQUESTS].count * PS_PER_US);
			csv_uint(&csv, of[WINDOW_MISSES].count);
			csv_ratio(&csv, (metrics_i128)of[WINDOW_MISSES].sum,
				  (metrics_i128)of[WINDOW_MISSES].count * PS_PER_US);
			csv_uint(&csv, (uint64_t)of[WINDOW_INTERRUPTS].sum);
			csv_ratio(&csv, (metrics_i128)of[WINDOW_CPU].sum, PS_PER_US);
			csv_end_row(&csv);
		}
	}
	return csv_finish(&csv);
}

/* A row of cpu.csv: of so many cores' time, this much was `owner`'s. */
static void write_cpu_row(csv_writer *csv, const scheme_result *scheme, const char *owner, metrics_i128 owner_ps,
			  const scheme_cpu *cpu)
{
	csv_text(csv, scheme->ops->name);
	csv_uint(csv, cpu->num_cores);
	csv_text(csv, owner);
	csv_ratio(csv, owner_ps, PS_PER_US);
	csv_ratio(csv, owner_ps * 100, (metrics_i128)cpu->num_cores * scheme->cores_end_ps);
	csv_ratio(csv, owner_ps, scheme->cores_end_ps);
	csv_ratio(csv, owner_ps, (metrics_i128)scheme->host_cpu[0].num_requests * PS_PER_US);
	csv_end_row(csv);
}

static nescsim_status write_cpu(const nescsim_result *result, FILE *out)
{
	static const char *const columns[] = { "scheme",        "cores",      "owner",         "time_us",
					       "share_percent", "cores_busy", "us_per_request" };
	csv_writer csv;

	csv_begin(&csv, out, columns, sizeof(columns) / sizeof(columns[0]));
	for (size_t i = 0; i < result->num_schemes; i++) {
		const scheme_cpu cpu = scheme_cores(&result->schemes[i]);
		metrics_i128 all_ps = cpu.idle_ps;

		for (int owner = 0; owner < CPU_NUM_OWNERS; owner++) {
			write_cpu_row(&csv, &result->schemes[i], cpu_owner_name((cpu_owner)owner), cpu.owner_ps[owner],
				      &cpu);
			all_ps += cpu.owner_ps[owner];
		}
		write_cpu_row(&csv, &result->schemes[i], "idle", cpu.idle_ps, &cpu);
		write_cpu_row(&csv, &result->schemes[i], "all", all_ps, &cpu);
	}
	return csv_finish(&csv);
}

static bool has_requests(const nescsim_result *result)
{
	return result->has_requests;
}

static bool has_misses(const nescsim_result *result)
{
	for (size_t i = 0; i < result->num_schemes; i++)
		if (result->schemes[i].hypervisor.num_misses != 0)
			return true;
	return false;
}

static json_t *totals(const nescsim_result *result, const scheme_result *scheme)
{
	const char *layer = metrics_layer_name(result->layer);
	json_t *by_op = json_object();

	for (size_t i = 0; i < result->num_rows; i++) {
		const nescsim_row *row = &result->rows[i];

		if (row->vm != 0 || strcmp(row->scheme, scheme->ops->name) != 0 || strcmp(row->layer, layer) != 0)
			continue;
		json_object_set_new(by_op, row->op,
				    json_pack("{s:I, s:I, s:I, s:I, s:I}", "requests", (json_int_t)row->num_requests,
					      "bytes", (json_int_t)row->num_bytes, "latency_mean_ps",
					      (json_int_t)row->latency_mean_ps, "latency_p99_ps",
					      (json_int_t)row->latency_p99_ps, "latency_max_ps",
					      (json_int_t)row->latency_max_ps));
	}
	return by_op;
}

static nescsim_status write_json(const nescsim_result *result, FILE *out)
{
	json_t *schemes = json_array();
	json_t *root;
	nescsim_status status = NESCSIM_OK;

	for (size_t i = 0; i < result->num_schemes; i++) {
		const scheme_result *scheme = &result->schemes[i];
		const nescsim_bottleneck *finding = &result->bottlenecks[i].finding;

		json_array_append_new(
			schemes,
			json_pack("{s:s, s:I, s:s, s:o, s:{s:s, s:b, s:s, s:I, s:s, s:I}}", "name", scheme->ops->name,
				  "simulated_ps", (json_int_t)scheme_simulated_ps(scheme), "layer",
				  metrics_layer_name(result->layer), "totals", totals(result, scheme), "bottleneck",
				  "text", result->bottlenecks[i].sentence, "saturated", finding->saturated, "unit",
				  result->bottlenecks[i].unit, "utilisation_ppm", (json_int_t)finding->utilisation_ppm,
				  "stage", finding->stage, "stage_ppm", (json_int_t)finding->stage_ppm));
	}
	root = json_pack("{s:s, s:I, s:O, s:o, s:O, s:O}", "nescsim", NESCSIM_VERSION, "seed", (json_int_t)result->seed,
			 "notes", result->notes, "schemes", schemes, "config", result->config, "files", result->files);
	if (root != NULL && json_array_size(result->figures) != 0 &&
	    json_object_set(root, "figures", result->figures) != 0)
		status = NESCSIM_NO_MEMORY;
	if (root == NULL || status != NESCSIM_OK)
		status = NESCSIM_NO_MEMORY;
	else if (json_dumpf(root, out, JSON_INDENT(2)) != 0 || fputc('\n', out) == EOF)
		status = NESCSIM_IO;
	json_decref(root);
	return status;
}

static const struct {
	nescsim_status (*write)(const nescsim_result *result, FILE *out);
	bool (*is_wanted)(const nescsim_result *result); /* NULL: always */
} files[FOLDER_NUM_FILES] = {
	[FOLDER_RESULT] = { write_json, NULL },
	[FOLDER_SUMMARY] = { write_summary, NULL },
	[FOLDER_STAGES] = { write_stages, NULL },
	[FOLDER_UNITS] = { write_units, NULL },
	[FOLDER_CPU] = { write_cpu, NULL },
	[FOLDER_HISTOGRAM] = { write_histogram, NULL },
	[FOLDER_MISSES] = { write_misses, has_misses },
	[FOLDER_REQUESTS] = { write_requests, has_requests },
};

bool result_has_file(const nescsim_result *result, folder_file file)
{
	return files[file].is_wanted == NULL || files[file].is_wanted(result);
}

nescsim_status result_write(const nescsim_result *result, folder *into)
{
	for (int i = 0; i < FOLDER_NUM_FILES; i++) {
		nescsim_status status, closed;
		FILE *out;

		if (!result_has_file(result, (folder_file)i))
			continue;
		out = folder_open_file(into, folder_file_names[i]);
		if (out == NULL)
			return NESCSIM_IO;
		status = files[i].write(result, out);
		closed = folder_close_file(into, out);
		if (status != NESCSIM_OK || closed != NESCSIM_OK)
			return status != NESCSIM_OK ? status : closed;
	}
	return NESCSIM_OK;
}
