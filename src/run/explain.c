/* One request's life, stage by stage. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "metrics/decimal.h"
#include "metrics/table.h"
#include "nescsim/run.h"
#include "run/scheme.h"

#define SPARE_LIVES 1024 /* how many fit at first */

typedef struct life {
	io_request request;
	bool has_app;
	ps_t submit_ps, end_ps;
	latency_split split;
} life;

/* The first requests of VM 1 by submission. Completions come in another order, and from several vCPUs, so more than
 * wanted are kept and the latest dropped from time to time. */
typedef struct life_list {
	life *lives;
	size_t num, capacity, num_wanted;
	bool out_of_memory;
	bool seen[NUM_STAGES]; /* stages printed */
} life_list;

static int compare_lives(const void *a, const void *b)
{
	const life *one = a, *two = b;

	if (one->submit_ps != two->submit_ps)
		return one->submit_ps < two->submit_ps ? -1 : 1;
	if (one->request.first_sector != two->request.first_sector)
		return one->request.first_sector < two->request.first_sector ? -1 : 1;
	if (one->request.number != two->request.number)
		return one->request.number < two->request.number ? -1 : 1;
	if (one->request.op != two->request.op)
		return one->request.op < two->request.op ? -1 : 1;
	return memcmp(&one->split, &two->split, sizeof(one->split));
}

/* Makes room for one more: drops the latest when there are many more than wanted, grows otherwise. */
static bool make_room(life_list *list)
{
	const size_t capacity = list->capacity == 0 ? SPARE_LIVES : 2 * list->capacity;
	life *lives;

	if (list->num < list->capacity)
		return true;
	if (list->num / 2 > list->num_wanted) {
		qsort(list->lives, list->num, sizeof(*list->lives), compare_lives);
		list->num = list->num_wanted;
		return true;
	}
	lives = realloc(list->lives, capacity * sizeof(*lives));
	if (lives == NULL) {
		list->out_of_memory = true;
		return false;
	}
	list->lives = lives;
	list->capacity = capacity;
	return true;
}

static void observe(void *context, const vcpu_completion *completion)
{
	life_list *list = context;

	if (completion->vm != 1 || !make_room(list))
		return;
	list->lives[list->num++] = (life){
		.request = *completion->request,
		.has_app = completion->has_app,
		.submit_ps = completion->has_app ? completion->app_start_ps : completion->block_start_ps,
		.end_ps = completion->has_app ? completion->app_end_ps : completion->block_end_ps,
		.split = completion->has_app ? completion->app_split : completion->block_split,
	};
}

static void us_cell(table *to, ps_t value_ps)
{
	char text[DECIMAL_TEXT_BYTES];

	decimal_ratio(value_ps, PS_PER_US, 6, text, sizeof(text));
	table_cell(to, "%s", text);
}

static nescsim_status print_life(const char *scheme, const life *of, FILE *out)
{
	static const table_column columns[] = {
		{"stage", TABLE_LEFT},	  {"from us", TABLE_RIGHT},    {"to us", TABLE_RIGHT},
		{"waits us", TABLE_RIGHT}, {"service us", TABLE_RIGHT}, {"share", TABLE_RIGHT},
	};
	const ps_t latency_ps = of->end_ps - of->submit_ps;
	table *to = table_create(columns, sizeof(columns) / sizeof(columns[0]));
	char text[DECIMAL_TEXT_BYTES];
	ps_t from_ps = 0;
	nescsim_status status;

	if (to == NULL)
		return NESCSIM_NO_MEMORY;
	decimal_ratio(latency_ps, PS_PER_US, 6, text, sizeof(text));
	fprintf(out, "\n%s: %s us\n\n", scheme, text);
	for (int i = 0; i < NUM_STAGES; i++) {
		const ps_t stage_ps = of->split.wait_ps[i] + of->split.service_ps[i];

		if (stage_ps == 0)
			continue;
		table_cell(to, "%s", stage_name((stage)i));
		us_cell(to, from_ps);
		us_cell(to, from_ps + stage_ps);
		us_cell(to, of->split.wait_ps[i]);
		us_cell(to, of->split.service_ps[i]);
		decimal_ratio((metrics_i128)stage_ps * 100, latency_ps, 1, text, sizeof(text));
		table_cell(to, "%s %%", text);
		table_end_row(to);
		from_ps += stage_ps;
	}
	status = table_print(to, out);
	table_destroy(to);
	return status;
}

/* What the stages are that some scheme's request was in. */
static void print_legend(const bool seen[NUM_STAGES], FILE *out)
{
	fputc('\n', out);
	for (int i = 0; i < NUM_STAGES; i++)
		if (seen[i])
			fprintf(out, "%-11s %s\n", stage_name((stage)i), stage_help((stage)i));
}

static void print_head(const life *of, uint64_t request_number, FILE *out)
{
	const io_request *request = &of->request;

	fprintf(out, "Request %" PRIu64 " of VM 1: %s", request_number, scheme_ops[request->op].name);
	if (request->op != IO_FLUSH)
		fprintf(out, " of %" PRIu64 " bytes at byte %" PRIu64, request->num_sectors * IO_SECTOR_BYTES,
			request->first_sector * IO_SECTOR_BYTES);
	fprintf(out, "%s%s\n", request->preflush ? ", preflush" : "", request->fua ? ", FUA" : "");
	fprintf(out, "Times count from the submission, %s.\n",
		of->has_app ? "system call included" : "at the (guest's) block layer");
	fprintf(out, "A stage that is entered more than once (by pieces, copies or exits) is shown as one.\n");
}

static nescsim_status explain_scheme(const scheme_run *run, uint64_t request_number, FILE *out, nescsim_diag *diag)
{
	life_list *list = run->context;
	const stack_ops *ops = scenario_scheme(&run->config->scenario, run->scheme_index, NULL);
	scheme_result result;
	nescsim_status status;

	list->num = 0;
	status = scheme_simulate(run, diag, &result);
	scheme_fini(&result);
	if (status == NESCSIM_OK && list->out_of_memory)
		status = NESCSIM_NO_MEMORY;
	if (status != NESCSIM_OK)
		return status;
	if (list->num <= request_number)
		return diag_add(diag, NESCSIM_ERROR, NESCSIM_USAGE, NULL, "they are counted from 0",
				"there is no request %" PRIu64 ": VM 1 has %zu", request_number, list->num);
	qsort(list->lives, list->num, sizeof(*list->lives), compare_lives);
	for (int i = 0; i < NUM_STAGES; i++) {
		const latency_split *split = &list->lives[request_number].split;

		list->seen[i] = list->seen[i] || split->wait_ps[i] + split->service_ps[i] != 0;
	}
	if (run->scheme_index == 0)
		print_head(&list->lives[request_number], request_number, out);
	status = print_life(ops->name, &list->lives[request_number], out);
	return status == NESCSIM_OK && ferror(out) ? NESCSIM_IO : status;
}

nescsim_status nescsim_explain(const nescsim_config *config, uint64_t request_number, FILE *out, nescsim_diag *diag)
{
	const scenario *given = &config->scenario;
	life_list list = {0};
	disk_layout *layouts;
	nescsim_status status = nescsim_config_check_inputs(config, diag);

	if (status != NESCSIM_OK)
		return status;
	list.num_wanted = request_number == UINT64_MAX ? SIZE_MAX : (size_t)request_number + 1;
	layouts = layouts_create(given);
	if (layouts == NULL)
		status = NESCSIM_NO_MEMORY;
	for (size_t i = 0; status == NESCSIM_OK && i < given->schemes.num; i++) {
		const scheme_run run = {
			.config = config,
			.scheme_index = i,
			.layouts = layouts,
			.observe = observe,
			.context = &list,
		};

		status = explain_scheme(&run, request_number, out, diag);
	}
	if (status == NESCSIM_OK)
		print_legend(list.seen, out);
	layouts_destroy(layouts, scenario_num_vms(given));
	free(list.lives);
	if (status == NESCSIM_OK && (fflush(out) != 0 || ferror(out)))
		status = NESCSIM_IO;
	return status;
}
