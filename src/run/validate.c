#include "run/validate.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/assert.h"
#include "base/diag.h"
#include "base/units.h"
#include "metrics/progress.h"
#include "metrics/table.h"
#include "nescsim/run.h"
#include "run/scenario.h"

#define NUM(array) (sizeof(array) / sizeof((array)[0]))
#define MAX_SCHEMES 8 /* that one simulation is asked for */

/* ---- the claims ------------------------------------------------------------------------------------------------- */

/* One scheme in one experiment; NULL: none. */
typedef struct claim_place {
	const char *experiment, *scheme;
} claim_place;

typedef struct claim_row {
	nescsim_claim claim;
	claim_quantity quantity;
	claim_place subject, reference;
	int64_t first_bytes, last_bytes;
	claim_bounds bounds;
} claim_row;

#define EXPERIMENT(name)
#define READ "read"
#define WRITE "write"
#define FITTED 1
#define PREDICTED 0
#define THESIS "thesis"
#define DERIVED "derived"
#define KVM_FORUM "KVM Forum 2020"
#define KIB INT64_C(1024)
#define MIB (1024 * KIB)
#define IN(experiment, scheme)             \
	{                                  \
		"" #experiment, "" #scheme \
	}
#define NONE         \
	{            \
		NULL \
	}
#define FROM_TO(first, last) .first_bytes = (first), .last_bytes = (last)
#define WITHIN(from, to)                    \
	{                                   \
		.low = (from), .high = (to) \
	}
#define AT_MOST(to)                            \
	{                                      \
		.low = INT64_MIN, .high = (to) \
	}
#define ABOVE(from)                                             \
	{                                                       \
		.low = (from), .high = INT64_MAX, .above = true \
	}
#define PEAK_AT(bytes)                \
	{                             \
		.peak_bytes = (bytes) \
	}
#define CLAIM(id_, op_, kind, source_, published_, quantity_, subject_, reference_, sizes, bounds_, lacking_) \
	{ .claim = { .id = id_,                                                                               \
		     .op = op_,                                                                               \
		     .fitted = kind,                                                                          \
		     .source = source_,                                                                       \
		     .published = published_,                                                                 \
		     .lacking = lacking_ },                                                                   \
	  .quantity = CLAIM_##quantity_,                                                                      \
	  .subject = subject_,                                                                                \
	  .reference = reference_,                                                                            \
	  sizes,                                                                                              \
	  .bounds = bounds_ },

static const claim_row rows[] = {
#include "run/claims.def"
};

size_t nescsim_num_claims(void)
{
	return NUM(rows);
}

const nescsim_claim *nescsim_claim_at(size_t index)
{
	return index < NUM(rows) ? &rows[index].claim : NULL;
}

static unsigned row_num_sizes(const claim_row *row)
{
	unsigned num = 1;

	while (row->first_bytes << (num - 1) < row->last_bytes)
		num++;
	return num;
}

/* ---- simulations ------------------------------------------------------------------------------------------------ */

/* An experiment at one request size and operation, and the schemes that claims need of it. */
typedef struct cell {
	const char *experiment, *op;
	int64_t request_bytes;
	const char *schemes[MAX_SCHEMES];
	claim_measure measures[MAX_SCHEMES];
	bool simulated[MAX_SCHEMES];
	size_t num_schemes;
} cell;

typedef struct finding {
	nescsim_finding finding;
	text_buffer reading, simulated, missed_at;
} finding;

struct nescsim_validation {
	finding *findings;
	size_t num_findings;
	cell *cells;
	size_t num_cells, max_cells;
};

static cell *find_cell(const nescsim_validation *self, const char *experiment, const char *op, int64_t request_bytes)
{
	for (size_t i = 0; i < self->num_cells; i++) {
		cell *at = &self->cells[i];

		if (at->request_bytes == request_bytes && strcmp(at->experiment, experiment) == 0 &&
		    strcmp(at->op, op) == 0)
			return at;
	}
	return NULL;
}

static size_t find_scheme(const cell *at, const char *scheme)
{
	size_t i = 0;

	while (i < at->num_schemes && strcmp(at->schemes[i], scheme) != 0)
		i++;
	return i;
}

/* Notes that this place is needed at this size. */
static nescsim_status need(nescsim_validation *self, const claim_place *place, const char *op, int64_t request_bytes)
{
	cell *at;

	if (place->experiment == NULL)
		return NESCSIM_OK;
	at = find_cell(self, place->experiment, op, request_bytes);
	if (at == NULL) {
		cell *cells = array_with_room(self->cells, self->num_cells, &self->max_cells, sizeof(*cells));

		if (cells == NULL)
			return NESCSIM_NO_MEMORY;
		self->cells = cells;
		at = &self->cells[self->num_cells++];
		*at = (cell){ .experiment = place->experiment, .op = op, .request_bytes = request_bytes };
	}
	if (find_scheme(at, place->scheme) == at->num_schemes) {
		NESC_ASSERT(at->num_schemes < MAX_SCHEMES, "%zu schemes", at->num_schemes);
		at->schemes[at->num_schemes++] = place->scheme;
	}
	return NESCSIM_OK;
}

/* Leaves the schemes that the configuration lists and claims need; false: there is none. */
static bool choose_schemes(cell *at, nescsim_config *config, nescsim_diag *diag, nescsim_status *status_out)
{
	const char *chosen[MAX_SCHEMES];
	size_t num_chosen = 0;

	for (size_t i = 0; i < config->scenario.schemes.num; i++) {
		const char *name = scenario_scheme(&config->scenario, i, NULL)->name;
		const size_t scheme = find_scheme(at, name);

		if (scheme < at->num_schemes) {
			at->simulated[scheme] = true;
			chosen[num_chosen++] = name;
		}
	}
	if (num_chosen != 0)
		*status_out = nescsim_config_set_schemes(config, chosen, num_chosen, diag);
	return num_chosen != 0;
}

static nescsim_status take_measures(cell *at, const nescsim_result *result, nescsim_diag *diag)
{
	for (size_t i = 0; i < at->num_schemes; i++) {
		const nescsim_row *row = nescsim_result_find(result, at->schemes[i], "app", 1, at->op);

		if (!at->simulated[i])
			continue;
		if (row == NULL || row->num_requests == 0 || row->simulated_ps <= 0 || row->latency_mean_ps <= 0)
			return diag_add(diag, NESCSIM_ERROR, NESCSIM_RUN_FAILED, NULL, NULL,
					"%s: no %s of an application took any time under %s", at->experiment, at->op,
					at->schemes[i]);
		at->measures[i] = (claim_measure){ .mean_ps = row->latency_mean_ps,
						   .num_bytes = row->num_bytes,
						   .simulated_ps = row->simulated_ps };
	}
	return NESCSIM_OK;
}

/* Loads the experiment with these of the user's overrides that fit it, behind each other; those that do not are about other
 * experiments. fits_out[] says which did. `kept` has room for them and for two more. */
static nescsim_status load_fitting(const char *name, const nescsim_override *overrides, size_t num_overrides,
				   bool *fits_out, nescsim_override *kept, size_t *num_kept_out)
{
	size_t num_kept = 0;

	for (size_t i = 0; i < num_overrides; i++) {
		nescsim_diag *diag = nescsim_diag_create();
		nescsim_config *config;
		nescsim_status status;

		if (diag == NULL)
			return NESCSIM_NO_MEMORY;
		kept[num_kept] = overrides[i];
		status = scenario_load_builtin(name, experiment_files, num_experiment_files, kept, num_kept + 1, diag,
					       &config);
		nescsim_config_destroy(config);
		nescsim_diag_destroy(diag);
		if (status != NESCSIM_OK && status != NESCSIM_CONFIG)
			return status;
		if (status == NESCSIM_OK) {
			num_kept++;
			fits_out[i] = true;
		}
	}
	*num_kept_out = num_kept;
	return NESCSIM_OK;
}

/* What the claim is about stays as it is. */
static nescsim_status simulate(cell *at, const nescsim_override *given, size_t num_given, bool *fits_out,
			       nescsim_override *overrides, nescsim_diag *diag)
{
	char name[64], bytes[48];
	size_t num_overrides;
	nescsim_config *config;
	nescsim_result *result = NULL;
	nescsim_status status;

	snprintf(name, sizeof(name), "figures/%s.yaml", at->experiment);
	units_format(UNITS_BYTES, 1, at->request_bytes, bytes, sizeof(bytes));
	status = load_fitting(name, given, num_given, fits_out, overrides, &num_overrides);
	if (status != NESCSIM_OK)
		return status;
	overrides[num_overrides] = (nescsim_override){ .path = "vms[0].workload.op", .value = at->op };
	overrides[num_overrides + 1] = (nescsim_override){ .path = "vms[0].workload.request_bytes", .value = bytes };
	status = scenario_load_builtin(name, experiment_files, num_experiment_files, overrides, num_overrides + 2, diag,
				       &config);
	if (status == NESCSIM_OK && choose_schemes(at, config, diag, &status)) {
		if (status == NESCSIM_OK)
			status = nescsim_run(config, NULL, diag, &result);
		if (status == NESCSIM_OK)
			status = take_measures(at, result, diag);
	}
	nescsim_result_destroy(result);
	nescsim_config_destroy(config);
	return status;
}

/* Moves what is not there yet: all simulations have the same warnings. */
static void merge_diag(const nescsim_diag *from, nescsim_diag *to)
{
	for (size_t i = 0; i < nescsim_diag_count(from); i++) {
		const nescsim_diag_entry *entry = nescsim_diag_at(from, i);
		const diag_place place = { entry->file, entry->line, entry->column, entry->path };
		bool known = false;

		for (size_t j = 0; to != NULL && j < nescsim_diag_count(to); j++)
			known |= strcmp(nescsim_diag_at(to, j)->message, entry->message) == 0;
		if (!known)
			diag_add(to, entry->severity, entry->status, &place, entry->hint, "%s", entry->message);
	}
}

/* Each of the user's overrides has to fit an experiment that is run; one that fits none is a mistake. */
static nescsim_status check_overrides(const nescsim_validation *self, const nescsim_override *overrides,
				      size_t num_overrides, nescsim_override *kept, bool *fits, nescsim_diag *diag)
{
	nescsim_status status = NESCSIM_OK;
	size_t num_kept;
	char name[64];

	for (size_t i = 0; status == NESCSIM_OK && i < self->num_cells; i++) {
		if (i != 0 && strcmp(self->cells[i].experiment, self->cells[i - 1].experiment) == 0)
			continue;
		snprintf(name, sizeof(name), "figures/%s.yaml", self->cells[i].experiment);
		status = load_fitting(name, overrides, num_overrides, fits, kept, &num_kept);
	}
	for (size_t i = 0; status == NESCSIM_OK && i < num_overrides; i++) {
		nescsim_config *config;

		if (fits[i])
			continue;
		snprintf(name, sizeof(name), "figures/%s.yaml", self->cells[0].experiment);
		status = scenario_load_builtin(name, experiment_files, num_experiment_files, &overrides[i], 1, diag,
					       &config);
		nescsim_config_destroy(config);
		if (status == NESCSIM_OK) /* only together with others is it a mistake */
			status = diag_add(diag, NESCSIM_ERROR, NESCSIM_CONFIG, NULL, NULL,
					  "--set %s=%s does not fit the others", overrides[i].path, overrides[i].value);
	}
	return status;
}

static nescsim_status simulate_all(nescsim_validation *self, const nescsim_override *overrides, size_t num_overrides,
				   FILE *out, nescsim_diag *diag)
{
	nescsim_override *kept = calloc(num_overrides + 2, sizeof(*kept));
	bool *fits = calloc(num_overrides + 1, sizeof(*fits));
	progress *line = out != NULL ? progress_create(out, "validate") : NULL;
	nescsim_status status = kept == NULL || fits == NULL ? NESCSIM_NO_MEMORY : NESCSIM_OK;

	if (status == NESCSIM_OK)
		status = check_overrides(self, overrides, num_overrides, kept, fits, diag);
	for (size_t i = 0; status == NESCSIM_OK && i < self->num_cells; i++) {
		nescsim_diag *own = nescsim_diag_create();

		status = own == NULL ? NESCSIM_NO_MEMORY
				     : simulate(&self->cells[i], overrides, num_overrides, fits, kept, own);
		if (own != NULL)
			merge_diag(own, diag);
		nescsim_diag_destroy(own);
		progress_update(line, i + 1, self->num_cells);
	}
	progress_finish(line);
	free(fits);
	free(kept);
	return status;
}

/* ---- words ------------------------------------------------------------------------------------------------------ */

static void add_size(text_buffer *to, int64_t num_bytes)
{
	char text[48];

	units_format(UNITS_BYTES, 1, num_bytes, text, sizeof(text));
	text_add(to, "%s", text);
}

/* In MB/s, us or times; bounds without needless decimals. */
static void add_number(text_buffer *to, claim_value value, unsigned num_decimals, bool shorten)
{
	char text[DECIMAL_TEXT_BYTES];
	size_t length = decimal_ratio(value.numerator, value.denominator * 1000, num_decimals, text, sizeof(text));

	while (shorten && text[length - 1] == '0')
		text[--length] = '\0';
	if (shorten && text[length - 1] == '.')
		text[--length] = '\0';
	text_add(to, "%s", text);
}

static const char *unit_of(claim_quantity quantity)
{
	static const char *const units[] = { " MB/s", " us", " us", "x", "x" };

	return units[quantity];
}

static void add_bound(text_buffer *to, int64_t bound)
{
	add_number(to, (claim_value){ bound, 1 }, 3, true);
}

static void write_reading(const claim_row *row, text_buffer *to)
{
	const claim_bounds *bounds = &row->bounds;

	if (bounds->peak_bytes != 0) {
		text_add(to, "largest at ");
		add_size(to, bounds->peak_bytes);
		text_add(to, " of ");
	} else {
		if (bounds->high == INT64_MAX) {
			text_add(to, bounds->above ? "> " : ">= ");
		} else if (bounds->low == INT64_MIN) {
			text_add(to, "<= ");
		} else {
			add_bound(to, bounds->low);
			text_add(to, " ... ");
		}
		add_bound(to, bounds->high == INT64_MAX ? bounds->low : bounds->high);
		text_add(to, "%s, ", unit_of(row->quantity));
	}
	add_size(to, row->first_bytes);
	if (row->last_bytes != row->first_bytes) {
		text_add(to, " ... ");
		add_size(to, row->last_bytes);
	}
}

static void write_simulated(const claim_row *row, const claim_value *values, unsigned num_values, text_buffer *to)
{
	const unsigned num_decimals = row->quantity == CLAIM_RATE ? 1 : 3;
	unsigned least = 0, most = 0;

	for (unsigned i = 1; i < num_values; i++) {
		least = claim_compare(values[i], values[least]) < 0 ? i : least;
		most = claim_compare(values[i], values[most]) > 0 ? i : most;
	}
	if (row->bounds.peak_bytes != 0) {
		add_size(to, row->first_bytes << most);
		text_add(to, ": ");
	} else if (claim_compare(values[least], values[most]) != 0) {
		add_number(to, values[least], num_decimals, false);
		text_add(to, " ... ");
	}
	add_number(to, values[most], num_decimals, false);
	text_add(to, "%s", unit_of(row->quantity));
}

/* ---- judging ---------------------------------------------------------------------------------------------------- */

/* NULL: not simulated. */
static const claim_measure *measure_of(const nescsim_validation *self, const claim_place *place, const char *op,
				       int64_t request_bytes)
{
	const cell *at = find_cell(self, place->experiment, op, request_bytes);
	const size_t scheme = find_scheme(at, place->scheme);

	return at->simulated[scheme] ? &at->measures[scheme] : NULL;
}

static nescsim_verdict judge(const nescsim_validation *self, const claim_row *row, finding *to)
{
	claim_value values[CLAIM_MAX_SIZES];
	const unsigned num_values = row_num_sizes(row);
	unsigned misses;
	bool first = true;

	NESC_ASSERT(num_values <= CLAIM_MAX_SIZES, "%s: %u sizes", row->claim.id, num_values);
	for (unsigned i = 0; i < num_values; i++) {
		const int64_t bytes = row->first_bytes << i;
		const bool alone = row->reference.experiment == NULL;
		const claim_measure *subject = measure_of(self, &row->subject, row->claim.op, bytes);
		const claim_measure *reference = alone ? NULL : measure_of(self, &row->reference, row->claim.op, bytes);

		if (subject == NULL || (!alone && reference == NULL))
			return NESCSIM_NOT_SIMULATED;
		values[i] = claim_evaluate(row->quantity, subject, reference);
	}
	write_simulated(row, values, num_values, &to->simulated);
	misses = claim_misses(&row->bounds, row->first_bytes, values, num_values);
	for (unsigned i = 0; i < num_values; i++) {
		if ((misses >> i & 1) == 0)
			continue;
		text_add(&to->missed_at, "%s", first ? "" : ", ");
		add_size(&to->missed_at, row->first_bytes << i);
		first = false;
	}
	return misses == 0 ? NESCSIM_HOLDS : NESCSIM_MISS;
}

static nescsim_status judge_all(nescsim_validation *self)
{
	for (size_t i = 0; i < self->num_findings; i++) {
		finding *at = &self->findings[i];
		const claim_row *row = (const claim_row *)at->finding.claim; /* its first member */

		write_reading(row, &at->reading);
		at->finding.verdict = judge(self, row, at);
		if (!text_ok(&at->reading) || !text_ok(&at->simulated) || !text_ok(&at->missed_at))
			return NESCSIM_NO_MEMORY;
		at->finding.reading = text_get(&at->reading);
		at->finding.simulated = text_get(&at->simulated);
		at->finding.missed_at = text_get(&at->missed_at);
	}
	return NESCSIM_OK;
}

/* ---- the public interface --------------------------------------------------------------------------------------- */

static nescsim_status unknown_claim(const char *id, nescsim_diag *diag)
{
	const char *ids[NUM(rows)];
	const char *nearest;
	text_buffer hint = TEXT_EMPTY;
	nescsim_status status;

	for (size_t i = 0; i < NUM(rows); i++)
		ids[i] = rows[i].claim.id;
	nearest = diag_nearest(id, ids, NUM(rows));
	text_add(&hint, nearest != NULL ? "did you mean %s?" : "they are:", nearest);
	for (size_t i = 0; nearest == NULL && i < NUM(rows); i++)
		if (i == 0 || strcmp(ids[i], ids[i - 1]) != 0)
			text_add(&hint, "%s %s", i == 0 ? "" : ",", ids[i]);
	status = diag_add(diag, NESCSIM_ERROR, NESCSIM_USAGE, NULL, text_get(&hint), "there is no claim '%s'", id);
	text_free(&hint);
	return status;
}

static bool is_chosen(const claim_row *row, const char *const *ids, size_t num_ids)
{
	for (size_t i = 0; i < num_ids; i++)
		if (strcmp(row->claim.id, ids[i]) == 0)
			return true;
	return num_ids == 0;
}

static nescsim_status check_ids(const char *const *ids, size_t num_ids, nescsim_diag *diag)
{
	nescsim_status status = NESCSIM_OK;

	for (size_t i = 0; i < num_ids; i++) {
		bool known = false;

		for (size_t j = 0; j < NUM(rows); j++)
			known |= is_chosen(&rows[j], &ids[i], 1);
		if (!known)
			status = unknown_claim(ids[i], diag);
	}
	return status;
}

/* Notes the rows to judge and the simulations that they need. */
static nescsim_status plan(nescsim_validation *self, const char *const *ids, size_t num_ids)
{
	nescsim_status status = NESCSIM_OK;

	self->findings = calloc(NUM(rows), sizeof(*self->findings));
	if (self->findings == NULL)
		return NESCSIM_NO_MEMORY;
	for (size_t i = 0; i < NUM(rows); i++) {
		const claim_row *row = &rows[i];

		if (!is_chosen(row, ids, num_ids))
			continue;
		self->findings[self->num_findings++].finding.claim = &row->claim;
		for (unsigned j = 0; status == NESCSIM_OK && j < row_num_sizes(row); j++) {
			status = need(self, &row->subject, row->claim.op, row->first_bytes << j);
			if (status == NESCSIM_OK)
				status = need(self, &row->reference, row->claim.op, row->first_bytes << j);
		}
	}
	return status;
}

nescsim_status nescsim_validate(const char *const *ids, size_t num_ids, const nescsim_override *overrides,
				size_t num_overrides, FILE *progress_out, nescsim_diag *diag,
				nescsim_validation **validation_out)
{
	nescsim_validation *self = calloc(1, sizeof(*self));
	nescsim_status status = self == NULL ? NESCSIM_NO_MEMORY : check_ids(ids, num_ids, diag);

	*validation_out = NULL;
	if (status == NESCSIM_OK)
		status = plan(self, ids, num_ids);
	if (status == NESCSIM_OK)
		status = simulate_all(self, overrides, num_overrides, progress_out, diag);
	if (status == NESCSIM_OK)
		status = judge_all(self);
	if (status != NESCSIM_OK) {
		nescsim_validation_destroy(self);
		return status;
	}
	*validation_out = self;
	return NESCSIM_OK;
}

void nescsim_validation_destroy(nescsim_validation *validation)
{
	if (validation == NULL)
		return;
	for (size_t i = 0; i < validation->num_findings; i++) {
		text_free(&validation->findings[i].reading);
		text_free(&validation->findings[i].simulated);
		text_free(&validation->findings[i].missed_at);
	}
	free(validation->findings);
	free(validation->cells);
	free(validation);
}

size_t nescsim_validation_num(const nescsim_validation *validation)
{
	return validation->num_findings;
}

const nescsim_finding *nescsim_validation_at(const nescsim_validation *validation, size_t index)
{
	return index < validation->num_findings ? &validation->findings[index].finding : NULL;
}

size_t nescsim_validation_count(const nescsim_validation *validation, int fitted, nescsim_verdict verdict)
{
	size_t num = 0;

	for (size_t i = 0; i < validation->num_findings; i++) {
		const nescsim_finding *at = &validation->findings[i].finding;

		num += at->claim->fitted == fitted && at->verdict == verdict;
	}
	return num;
}

/* ---- the tables ------------------------------------------------------------------------------------------------- */

const char *nescsim_verdict_text(nescsim_verdict verdict)
{
	static const char *const texts[] = {
		[NESCSIM_HOLDS] = "holds",
		[NESCSIM_MISS] = "MISS",
		[NESCSIM_NOT_SIMULATED] = "not simulated",
	};

	return texts[verdict];
}

const claim_kind claim_kinds[] = {
	{ "Predictions", "no constant was chosen to meet them" },
	{ "Calibration points", "constants were chosen to meet them, so that holding is no evidence" },
};

const char *const claim_columns[] = { "claim", "op", "source", "published", "read as", "simulated", "verdict" };

void claim_cells(const nescsim_finding *of, const char *cells_out[CLAIM_NUM_COLUMNS])
{
	const char *const cells[] = { of->claim->id,
				      of->claim->op,
				      of->claim->source,
				      of->claim->published,
				      of->reading,
				      of->simulated,
				      nescsim_verdict_text(of->verdict) };

	memcpy(cells_out, cells, sizeof(cells));
}

bool claim_add_count(const nescsim_validation *from, int fitted, text_buffer *text)
{
	const size_t num_holds = nescsim_validation_count(from, fitted, NESCSIM_HOLDS);
	const size_t num_misses = nescsim_validation_count(from, fitted, NESCSIM_MISS);
	const size_t num_left = nescsim_validation_count(from, fitted, NESCSIM_NOT_SIMULATED);

	if (num_holds + num_misses + num_left == 0)
		return false;
	text_add(text, "%zu hold, %zu miss", num_holds, num_misses);
	if (num_left != 0)
		text_add(text, ", %zu not simulated", num_left);
	return true;
}

static nescsim_status print_table(const nescsim_validation *self, int fitted, FILE *out)
{
	table_column columns[CLAIM_NUM_COLUMNS];
	table *to;
	nescsim_status status;

	for (size_t i = 0; i < CLAIM_NUM_COLUMNS; i++)
		columns[i] = (table_column){ claim_columns[i], TABLE_LEFT };
	to = table_create(columns, CLAIM_NUM_COLUMNS);
	if (to == NULL)
		return NESCSIM_NO_MEMORY;
	for (size_t i = 0; i < self->num_findings; i++) {
		const nescsim_finding *at = &self->findings[i].finding;
		const char *cells[CLAIM_NUM_COLUMNS];

		if (at->claim->fitted != fitted)
			continue;
		claim_cells(at, cells);
		for (size_t j = 0; j < CLAIM_NUM_COLUMNS; j++)
			table_cell(to, "%s", cells[j]);
		table_end_row(to);
	}
	status = table_print(to, out);
	table_destroy(to);
	return status;
}

static nescsim_status print_kind(const nescsim_validation *self, int fitted, FILE *out)
{
	text_buffer count = TEXT_EMPTY;
	nescsim_status status;

	if (!claim_add_count(self, fitted, &count))
		return NESCSIM_OK;
	fprintf(out, "%s: %s.\n\n", claim_kinds[fitted].name, claim_kinds[fitted].meaning);
	status = print_table(self, fitted, out);
	if (nescsim_validation_count(self, fitted, NESCSIM_MISS) != 0)
		fputc('\n', out);
	for (size_t i = 0; i < self->num_findings; i++) {
		const nescsim_finding *at = &self->findings[i].finding;

		if (at->claim->fitted == fitted && at->verdict == NESCSIM_MISS)
			fprintf(out, "MISS %s, %s: at %s. Lacking: %s.\n", at->claim->id, at->claim->op, at->missed_at,
				at->claim->lacking != NULL ? at->claim->lacking : "not known");
	}
	fprintf(out, "\n%s: %s.\n", claim_kinds[fitted].name, text_get(&count));
	if (!text_ok(&count))
		status = NESCSIM_NO_MEMORY;
	text_free(&count);
	return status;
}

nescsim_status nescsim_validation_print(const nescsim_validation *validation, FILE *out)
{
	nescsim_status status = print_kind(validation, 1, out);

	if (status == NESCSIM_OK) {
		bool both = false;

		for (size_t i = 1; i < validation->num_findings; i++)
			both |= validation->findings[i].finding.claim->fitted !=
				validation->findings[0].finding.claim->fitted;
		if (both)
			fputc('\n', out);
		status = print_kind(validation, 0, out);
	}
	if (status != NESCSIM_OK)
		return status;
	return fflush(out) != 0 || ferror(out) ? NESCSIM_IO : NESCSIM_OK;
}
