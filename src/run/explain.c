/* One request's life, piece by piece. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "metrics/decimal.h"
#include "metrics/table.h"
#include "nescsim/run.h"
#include "run/machine.h"
#include "run/scheme.h"

/* The request that is asked for. */
typedef struct life {
	uint64_t number;
	bool found, failed, has_app;
	io_request request;
	ps_t submit_ps, latency_ps;
	latency_split split;
	const stage_piece *pieces; /* backwards in time; the log's */
} life;

#define MIN_REPEATS 3 /* of two lines that are worth a line that says so */

/* Pieces that follow each other and are the same; or the two lines before, again and again. */
typedef struct life_line {
	stage_piece piece; /* from the first one's begin to the last one's end */
	uint64_t num_pieces;
	uint64_t num_repeats; /* 0: the line is of its own */
} life_line;

static bool observe(void *context, const vcpu_completion *completion)
{
	life *wanted = context;
	const ps_t begin_ps = completion->has_app ? completion->app_start_ps : completion->block_start_ps;
	const ps_t end_ps = completion->has_app ? completion->app_end_ps : completion->block_end_ps;

	/* Other vCPUs have a request of that number too, without pieces; so has one that took no time. */
	if (completion->vm != 1 || !completion->has_block || completion->request->number != wanted->number ||
	    (completion->pieces == NULL && begin_ps != end_ps))
		return false;
	wanted->found = true;
	wanted->failed = completion->status != NESC_COMPLETION_OK;
	wanted->has_app = completion->has_app;
	wanted->request = *completion->request;
	wanted->submit_ps = begin_ps;
	wanted->latency_ps = end_ps - begin_ps;
	wanted->split = *(completion->has_app ? completion->app_split : completion->block_split);
	wanted->pieces = completion->pieces;
	return true;
}

/* ---- lines ------------------------------------------------------------------------------------------------------ */

/* The pieces must follow each other without gaps from the submission to the end, and sum to what the results count. */
static void check_pieces(const life *of)
{
	latency_split sum = { .service_ps = { 0 } };
	ps_t at_ps = of->submit_ps + of->latency_ps;

	for (const stage_piece *piece = of->pieces; piece != NULL; piece = piece->before) {
		NESC_ASSERT_ALWAYS(piece->until_ps == at_ps && piece->from_ps < at_ps,
				   "request %" PRIu64 ": %s from %" PRId64 " to %" PRId64
				   ", but the next piece begins at %" PRId64,
				   of->number, stage_name(piece->stage), piece->from_ps, piece->until_ps, at_ps);
		(piece->waits ? sum.wait_ps : sum.service_ps)[piece->stage] += piece->until_ps - piece->from_ps;
		at_ps = piece->from_ps;
	}
	NESC_ASSERT_ALWAYS(at_ps == of->submit_ps,
			   "request %" PRIu64 ": submitted at %" PRId64 ", but its first piece begins at %" PRId64,
			   of->number, of->submit_ps, at_ps);
	for (int i = 0; i < NUM_STAGES; i++)
		NESC_ASSERT_ALWAYS(sum.wait_ps[i] == of->split.wait_ps[i] &&
					   sum.service_ps[i] == of->split.service_ps[i],
				   "request %" PRIu64 ": the pieces of %s are %" PRId64 " and %" PRId64
				   ", its split %" PRId64 " and %" PRId64,
				   of->number, stage_name((stage)i), sum.wait_ps[i], sum.service_ps[i],
				   of->split.wait_ps[i], of->split.service_ps[i]);
}

static bool same_kind(const stage_piece *one, const stage_piece *two)
{
	return one->stage == two->stage && one->waits == two->waits &&
	       (one->what == two->what ||
		(one->what != NULL && two->what != NULL && strcmp(one->what, two->what) == 0));
}

static bool same_line(const life_line *one, const life_line *two)
{
	return same_kind(&one->piece, &two->piece) && one->num_pieces == two->num_pieces;
}

/* Two lines that alternate (a copy and its register writes, node by node) are kept once. Returns how many lines are
 * left. */
static size_t fold_lines(life_line *lines, size_t num_lines)
{
	size_t num = 0;

	for (size_t i = 0; i < num_lines;) {
		size_t end = i + 2;

		while (end + 1 < num_lines && same_line(&lines[end], &lines[i]) &&
		       same_line(&lines[end + 1], &lines[i + 1]))
			end += 2;
		lines[num++] = lines[i];
		if (end < i + 2 + 2 * MIN_REPEATS) {
			i++;
			continue;
		}
		lines[num++] = lines[i + 1];
		lines[num++] = (life_line){
			.piece = { .from_ps = lines[i + 2].piece.from_ps, .until_ps = lines[end - 1].piece.until_ps },
			.num_repeats = (end - i - 2) / 2,
		};
		i = end;
	}
	return num;
}

/* The pieces in the order of time, equal neighbours together. NULL when out of memory; to be freed. */
static life_line *make_lines(const life *of, size_t *num_out)
{
	const stage_piece **pieces;
	life_line *lines;
	size_t num_pieces = 0, num = 0;

	for (const stage_piece *piece = of->pieces; piece != NULL; piece = piece->before)
		num_pieces++;
	pieces = calloc(num_pieces + 1, sizeof(*pieces));
	lines = calloc(num_pieces + 1, sizeof(*lines));
	if (pieces == NULL || lines == NULL) {
		free(pieces);
		free(lines);
		return NULL;
	}
	for (const stage_piece *piece = of->pieces; piece != NULL; piece = piece->before)
		pieces[--num_pieces] = piece;
	for (size_t i = 0; pieces[i] != NULL; i++) {
		if (num != 0 && same_kind(&lines[num - 1].piece, pieces[i])) {
			lines[num - 1].piece.until_ps = pieces[i]->until_ps;
			lines[num - 1].num_pieces++;
		} else {
			lines[num++] = (life_line){ .piece = *pieces[i], .num_pieces = 1 };
		}
	}
	free(pieces);
	*num_out = fold_lines(lines, num);
	return lines;
}

/* ---- words ------------------------------------------------------------------------------------------------------ */

static void us_cell(table *to, ps_t value_ps)
{
	char text[DECIMAL_TEXT_BYTES];

	decimal_ratio(value_ps, PS_PER_US, 6, text, sizeof(text));
	table_cell(to, "%s", text);
}

/* A piece without words of its own gets those of its stage, the first time. */
static void print_line(table *to, const life *of, const life_line *line)
{
	const stage_piece *piece = &line->piece;

	us_cell(to, piece->from_ps - of->submit_ps);
	us_cell(to, piece->until_ps - of->submit_ps);
	us_cell(to, piece->until_ps - piece->from_ps);
	if (line->num_repeats != 0) {
		table_cell(to, "...");
		table_cell(to, "%s", "");
		table_cell(to, "the two above, %" PRIu64 " times more", line->num_repeats);
		table_end_row(to);
		return;
	}
	table_cell(to, "%s", stage_name(piece->stage));
	table_cell(to, piece->waits ? "waits" : "works");
	if (piece->what != NULL && line->num_pieces > 1)
		table_cell(to, "%s x%" PRIu64, piece->what, line->num_pieces);
	else if (piece->what != NULL)
		table_cell(to, "%s", piece->what);
	else
		table_cell(to, "%s%s", piece->waits ? "for " : "", stage_help(piece->stage));
	table_end_row(to);
}

static nescsim_status print_life(const char *scheme, const life *of, FILE *out)
{
	static const table_column columns[] = {
		{ "from us", TABLE_RIGHT }, { "to us", TABLE_RIGHT }, { "us", TABLE_RIGHT },
		{ "stage", TABLE_LEFT },    { "", TABLE_LEFT },       { "what", TABLE_LEFT },
	};
	table *to = table_create(columns, sizeof(columns) / sizeof(columns[0]));
	size_t num_lines = 0;
	life_line *lines = make_lines(of, &num_lines);
	nescsim_status status = NESCSIM_NO_MEMORY;

	if (to != NULL && lines != NULL) {
		fprintf(out, "\n%s%s:\n\n", scheme, of->failed ? " (the request fails)" : "");
		for (size_t i = 0; i < num_lines; i++)
			print_line(to, of, &lines[i]);
		table_group(to);
		us_cell(to, 0);
		us_cell(to, of->latency_ps);
		us_cell(to, of->latency_ps);
		table_cell(to, "total");
		table_end_row(to);
		status = table_print(to, out);
	}
	table_destroy(to);
	free(lines);
	return status;
}

static void print_head(const life *of, bool has_more_vcpus, FILE *out)
{
	const io_request *request = &of->request;

	fprintf(out, "Request %" PRIu64 " of VM 1%s: %s", of->number, has_more_vcpus ? "'s first vCPU" : "",
		scheme_ops[request->op].name);
	if (request->op != IO_FLUSH)
		fprintf(out, " of %" PRIu64 " bytes at byte %" PRIu64, request->num_sectors * IO_SECTOR_BYTES,
			request->first_sector * IO_SECTOR_BYTES);
	fprintf(out, "%s%s\n", request->preflush ? ", preflush" : "", request->fua ? ", FUA" : "");
	fprintf(out, "Times count from its submission, %s%s.\n",
		of->has_app ? "system call included" : "at the (guest's) block layer",
		scheme_ops[request->op].moves_data ? "; the path is that of the block that ends last" : "");
}

/* ---- the run ---------------------------------------------------------------------------------------------------- */

static nescsim_status explain_scheme(scheme_run *run, uint64_t request_number, FILE *out, nescsim_diag *diag)
{
	const stack_ops *ops = scenario_scheme(&run->config->scenario, run->scheme_index, NULL);
	const bool has_more_vcpus = run->config->scenario.guest.num_vcpus > 1;
	life wanted = { .number = request_number };
	uint64_t num_requests = 0;
	scheme_result result;
	nescsim_status status;

	run->log = stage_log_create();
	if (run->log == NULL)
		return NESCSIM_NO_MEMORY;
	run->logged_number = request_number;
	run->observe = observe;
	run->context = &wanted;
	status = scheme_simulate(run, diag, &result);
	if (status == NESCSIM_OK)
		num_requests = result.cores[0].num_requests;
	scheme_fini(&result);
	if (status == NESCSIM_OK && !wanted.found)
		status = diag_add(diag, NESCSIM_ERROR, NESCSIM_USAGE, NULL, "they are counted from 0",
				  "there is no request %" PRIu64 ": VM 1%s has %" PRIu64, request_number,
				  has_more_vcpus ? "'s first vCPU" : "", num_requests);
	if (status == NESCSIM_OK) {
		check_pieces(&wanted);
		if (run->scheme_index == 0)
			print_head(&wanted, has_more_vcpus, out);
		status = print_life(ops->name, &wanted, out);
	}
	stage_log_destroy(run->log);
	return status == NESCSIM_OK && ferror(out) ? NESCSIM_IO : status;
}

nescsim_status nescsim_explain(const nescsim_config *config, uint64_t request_number, FILE *out, nescsim_diag *diag)
{
	const scenario *given = &config->scenario;
	storage_plan plan;
	inputs ready;
	nescsim_status status = inputs_prepare(&ready, config, diag);

	if (status != NESCSIM_OK) {
		inputs_fini(&ready);
		return status;
	}
	status = machine_plan(given, diag, &plan);
	for (size_t i = 0; status == NESCSIM_OK && i < given->schemes.num; i++) {
		scheme_run run = { .config = config, .scheme_index = i, .inputs = &ready, .plan = &plan };

		status = explain_scheme(&run, request_number, out, diag);
	}
	storage_plan_fini(&plan);
	inputs_fini(&ready);
	if (status == NESCSIM_OK && (fflush(out) != 0 || ferror(out)))
		status = NESCSIM_IO;
	return status;
}
