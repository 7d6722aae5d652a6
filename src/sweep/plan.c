#include "sweep/plan.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "metrics/account.h"
#include "run/scenario.h"

#define MAX_MISTAKES 50
#define ENOUGH_POINTS 1000  /* wrong ones, to go on looking for more */
#define RATE_END "_percent" /* of columns in sweep.csv that units.csv gives */

/* ---- making ----------------------------------------------------------------------------------------------------- */

static void keep_first(nescsim_status *first, nescsim_status status)
{
	if (*first == NESCSIM_OK)
		*first = status;
}

/* Puts in the schemes of all points. A configuration that does not take them is destroyed. */
static nescsim_status set_schemes(const sweep_plan *plan, nescsim_diag *diag, nescsim_config **config)
{
	const nescsim_sweep_options *options = plan->options;
	nescsim_status status = NESCSIM_OK;

	if (options->num_schemes != 0)
		status = nescsim_config_set_schemes(*config, options->schemes, options->num_schemes, diag);
	if (status != NESCSIM_OK) {
		nescsim_config_destroy(*config);
		*config = NULL;
	}
	return status;
}

/* What is not UTF-8 cannot be written into sweep.json. */
static nescsim_status check_text(const char *what, const char *text, nescsim_diag *diag)
{
	json_t *json = json_string(text);
	const bool is_good = json != NULL;

	json_decref(json);
	return is_good ? NESCSIM_OK
		       : diag_add(diag, NESCSIM_ERROR, NESCSIM_USAGE, NULL, "write it in UTF-8",
				  "%s has bytes that are no text: '%s'", what, text);
}

static nescsim_status check_texts(const sweep_plan *plan, nescsim_diag *diag)
{
	const nescsim_sweep_options *options = plan->options;
	nescsim_status first = check_text("the name of the configuration", plan->file_name, diag);

	for (size_t i = 0; i < options->num_params; i++)
		keep_first(&first, check_text("--param", options->params[i], diag));
	for (size_t i = 0; i < options->num_overrides; i++) {
		keep_first(&first, check_text("the name of a key", options->overrides[i].path, diag));
		keep_first(&first, check_text("the value of a key", options->overrides[i].value, diag));
	}
	return first;
}

static uint64_t hash_files(const nescsim_config *config)
{
	uint64_t hash = TEXT_HASH;
	size_t num_files;
	const cfg_file *files = cfg_files(config->document, &num_files);

	for (size_t i = 0; i < num_files; i++)
		hash = text_hash(hash, files[i].text);
	return hash;
}

static bool has_key(const param_axis *axis, const char *path)
{
	for (size_t i = 0; i < axis->num_keys; i++)
		if (strcmp(axis->keys[i].path, path) == 0)
			return true;
	return false;
}

/* Keys that mean something else in each point, or nothing. */
static nescsim_status check_keys(const sweep_plan *plan, const param_axis *axis, const diag_place *place,
				 nescsim_diag *diag)
{
	nescsim_status status = NESCSIM_OK;

	for (size_t i = 0; i < axis->num_keys; i++) {
		const char *path = axis->keys[i].path;
		const size_t num_bytes = strlen(path);

		if (axis->keys[i].is_label && (metrics_has_summary_column(path) || strcmp(path, "repeat") == 0))
			status = diag_add(diag, NESCSIM_ERROR, NESCSIM_USAGE, place, "choose another name",
					  "'@%s' is called as another column of sweep.csv", path);
		if (axis->keys[i].is_label && num_bytes > strlen(RATE_END) &&
		    strcmp(path + num_bytes - strlen(RATE_END), RATE_END) == 0)
			status = diag_add(diag, NESCSIM_ERROR, NESCSIM_USAGE, place, "choose another name",
					  "'@%s' ends as the columns of rates do", path);
		if (strcmp(path, "sweep") == 0 || strncmp(path, "sweep.", 6) == 0)
			status = diag_add(diag, NESCSIM_ERROR, NESCSIM_USAGE, place, NULL,
					  "'%s' says what is swept and cannot be swept itself", path);
		if (strcmp(path, "schemes") == 0 && plan->options->num_schemes != 0)
			status = diag_add(diag, NESCSIM_ERROR, NESCSIM_USAGE, place, "leave out --schemes",
					  "'schemes' is swept, and given for all points too");
	}
	return status;
}

/* Adds an axis of the command line: at the place of the first one before `num_file` that shares a key with it, the other
 * such ones go. */
static nescsim_status add_axis(sweep_plan *plan, size_t *num_file, param_axis *axis, const diag_place *place,
			       nescsim_diag *diag)
{
	size_t to = SIZE_MAX;
	param_axis *axes;

	for (size_t i = 0; i < plan->num_axes; i++) {
		for (size_t j = 0; j < axis->num_keys; j++) {
			if (!has_key(&plan->axes[i], axis->keys[j].path))
				continue;
			if (i >= *num_file)
				return diag_add(diag, NESCSIM_ERROR, NESCSIM_USAGE, place,
						"name all of its values in one list", "the key '%s' is swept twice",
						axis->keys[j].path);
			if (to == SIZE_MAX) {
				to = i;
				break;
			}
			param_fini(&plan->axes[i]);
			memmove(&plan->axes[i], &plan->axes[i + 1], (--plan->num_axes - i) * sizeof(*plan->axes));
			(*num_file)--;
			i--;
			break;
		}
	}
	if (to != SIZE_MAX) {
		param_fini(&plan->axes[to]);
		plan->axes[to] = *axis;
	} else {
		axes = realloc(plan->axes, (plan->num_axes + 1) * sizeof(*axes));
		if (axes == NULL)
			return NESCSIM_NO_MEMORY;
		plan->axes = axes;
		plan->axes[plan->num_axes++] = *axis;
	}
	*axis = (param_axis){ .num_keys = 0 };
	return NESCSIM_OK;
}

/* `folder`: what the values' names of files are relative to, or NULL. */
static nescsim_status add_param(sweep_plan *plan, size_t *num_file, const char *text, const char *folder,
				const diag_place *place, nescsim_diag *diag)
{
	param_axis axis;
	nescsim_status status = param_parse(text, place, diag, &axis);

	axis.place = *place;
	axis.place.path = NULL; /* it does not live as long */
	if (status == NESCSIM_OK && folder != NULL && (axis.folder = strdup(folder)) == NULL)
		status = NESCSIM_NO_MEMORY;
	if (status == NESCSIM_OK)
		status = check_keys(plan, &axis, place, diag);
	if (status == NESCSIM_OK)
		status = add_axis(plan, num_file, &axis, place, diag);
	param_fini(&axis);
	return status;
}

/* "configs/" of "configs/a.yaml", "" of "a.yaml"; to be freed. */
static char *folder_of(const char *file_name)
{
	const char *slash = file_name != NULL ? strrchr(file_name, '/') : NULL;

	return slash == NULL ? strdup("") : strndup(file_name, (size_t)(slash - file_name) + 1);
}

static nescsim_status add_params(sweep_plan *plan, const nescsim_config *config, nescsim_diag *diag)
{
	const nescsim_sweep_options *options = plan->options;
	const cfg_list *listed = &config->scenario.sweep.params;
	size_t num_file = 0;
	nescsim_status first = NESCSIM_OK;

	for (size_t i = 0; i < listed->num; i++) {
		char path[48], *folder;
		diag_place place;

		snprintf(path, sizeof(path), "sweep.params[%zu]", i);
		place = cfg_place(config->document, path);
		folder = folder_of(place.file);
		keep_first(&first, folder == NULL ? NESCSIM_NO_MEMORY
						  : add_param(plan, &num_file, ((const char *const *)listed->items)[i],
							      folder, &place, diag));
		free(folder);
	}
	num_file = plan->num_axes;
	for (size_t i = 0; i < options->num_params; i++) {
		const diag_place place = { .file = "--param" };

		keep_first(&first, add_param(plan, &num_file, options->params[i], NULL, &place, diag));
	}
	return first;
}

static const param_key *find_key(const sweep_plan *plan, size_t index, size_t *axis_out)
{
	for (size_t i = 0;; index -= plan->axes[i++].num_keys) {
		if (index >= plan->axes[i].num_keys)
			continue;
		*axis_out = i;
		return &plan->axes[i].keys[index];
	}
}

/* Does the path lie at or below the key? */
static bool lies_in(const char *path, const char *key)
{
	const size_t num_bytes = strlen(key);

	return strncmp(path, key, num_bytes) == 0 && strchr(".[", path[num_bytes]) != NULL;
}

/* What is set for all points would be replaced without a word. */
static nescsim_status check_overlaps(const sweep_plan *plan, nescsim_diag *diag)
{
	const nescsim_sweep_options *options = plan->options;
	nescsim_status first = NESCSIM_OK;

	for (size_t i = 0; i < plan->num_keys; i++) {
		size_t axis;
		const param_key *key = find_key(plan, i, &axis);

		for (size_t j = 0; !key->is_label && j < options->num_overrides; j++)
			if (strcmp(options->overrides[j].path, key->path) == 0)
				keep_first(&first,
					   diag_add(diag, NESCSIM_ERROR, NESCSIM_USAGE, &plan->axes[axis].place,
						    "--param KEY=VALUE takes the place of what a configuration sweeps",
						    "'%s' is swept, and set for all points", key->path));
	}
	return first;
}

static nescsim_status count_points(sweep_plan *plan, nescsim_diag *diag)
{
	text_buffer product = TEXT_EMPTY;
	bool fits = true;
	nescsim_status status = NESCSIM_OK;

	plan->num_points = 1;
	for (size_t i = 0; i <= plan->num_axes; i++) {
		const uint64_t num = i < plan->num_axes ? plan->axes[i].num_values : plan->num_repeats;

		fits = !__builtin_mul_overflow(plan->num_points, num, &plan->num_points) && fits;
		if (i < plan->num_axes || num > 1)
			text_add(&product, "%s%" PRIu64, i == 0 ? "" : " x ", num);
		plan->num_keys += i < plan->num_axes ? plan->axes[i].num_keys : 0;
	}
	if (!fits || plan->num_points > NESCSIM_SWEEP_MAX_POINTS)
		status = diag_add(diag, NESCSIM_ERROR, NESCSIM_USAGE, NULL, "sweep fewer values, or in several sweeps",
				  "%s points are more than %d", text_get(&product), NESCSIM_SWEEP_MAX_POINTS);
	text_free(&product);
	return status;
}

nescsim_status plan_make(const char *file_name, const nescsim_sweep_options *options, nescsim_diag *diag,
			 sweep_plan *plan_out)
{
	sweep_plan *plan = plan_out;
	nescsim_config *config;
	nescsim_status status;

	*plan = (sweep_plan){ .file_name = file_name, .options = options };
	status = check_texts(plan, diag);
	if (status == NESCSIM_OK)
		status = nescsim_config_load(file_name, options->overrides, options->num_overrides, diag, &config);
	if (status == NESCSIM_OK)
		status = set_schemes(plan, diag, &config);
	if (status != NESCSIM_OK)
		return status;
	plan->config = config;
	plan->files_hash = hash_files(config);
	plan->num_repeats =
		options->num_repeats != 0 ? options->num_repeats : (uint64_t)config->scenario.sweep.num_repeats;
	status = add_params(plan, config, diag);
	plan->figures = scenario_figures(&config->scenario);
	if (status == NESCSIM_OK && plan->figures == NULL)
		status = NESCSIM_NO_MEMORY;
	if (status == NESCSIM_OK && plan->num_axes == 0 && plan->num_repeats == 1)
		status =
			diag_add(diag, NESCSIM_ERROR, NESCSIM_USAGE, NULL,
				 "such as --param nesc.btlb.entries=4,8,16, or --repeat 5", "there is nothing to vary");
	for (size_t i = 0; status == NESCSIM_OK && i < plan->num_axes; i++)
		if (plan->num_repeats > 1 && has_key(&plan->axes[i], "sim.seed"))
			status = diag_add(diag, NESCSIM_ERROR, NESCSIM_USAGE, NULL, "leave one of them out",
					  "'sim.seed' is swept, and repeats vary it too");
	if (status == NESCSIM_OK)
		status = count_points(plan, diag);
	return status == NESCSIM_OK ? check_overlaps(plan, diag) : status;
}

void plan_fini(sweep_plan *plan)
{
	for (size_t i = 0; i < plan->num_axes; i++)
		param_fini(&plan->axes[i]);
	free(plan->axes);
	json_decref(plan->figures);
	nescsim_config_destroy(plan->config);
}

/* ---- points ----------------------------------------------------------------------------------------------------- */

const char *plan_key(const sweep_plan *plan, size_t index)
{
	size_t axis;

	return find_key(plan, index, &axis)->path;
}

const char *plan_value(const sweep_plan *plan, size_t index, uint64_t point)
{
	size_t axis;
	const param_key *key = find_key(plan, index, &axis);

	point /= plan->num_repeats;
	for (size_t i = plan->num_axes - 1; i > axis; i--)
		point /= plan->axes[i].num_values;
	return key->values.items[point % plan->axes[axis].num_values];
}

uint64_t plan_repeat(const sweep_plan *plan, uint64_t point)
{
	return point % plan->num_repeats;
}

void plan_add_values(const sweep_plan *plan, uint64_t point, text_buffer *to)
{
	for (size_t i = 0; i < plan->num_keys; i++)
		text_add(to, "%s%s=%s", i == 0 ? "" : ", ", plan_key(plan, i), plan_value(plan, i, point));
	if (plan->num_repeats > 1)
		text_add(to, "%srepeat %" PRIu64, plan->num_keys == 0 ? "" : ", ", plan_repeat(plan, point) + 1);
}

nescsim_status plan_load(const sweep_plan *plan, uint64_t point, nescsim_diag *diag, nescsim_config **config_out)
{
	size_t num_overrides = plan->options->num_overrides, num_fixed;
	nescsim_override *overrides = calloc(num_overrides + plan->num_keys + 1, sizeof(*overrides));
	nescsim_status status;

	*config_out = NULL;
	if (overrides == NULL)
		return NESCSIM_NO_MEMORY;
	if (num_overrides != 0)
		memcpy(overrides, plan->options->overrides, num_overrides * sizeof(*overrides));
	num_fixed = num_overrides;
	for (size_t i = 0; i < plan->num_keys; i++) {
		size_t axis, at = num_overrides;
		const param_key *key = find_key(plan, i, &axis);

		if (key->is_label)
			continue;
		/* What lies in what another key sets comes behind it, so that every value in the table was simulated. */
		for (size_t j = num_fixed; j < at; j++)
			if (lies_in(overrides[j].path, key->path))
				at = j;
		memmove(&overrides[at + 1], &overrides[at], (num_overrides++ - at) * sizeof(*overrides));
		overrides[at] = (nescsim_override){ .path = key->path,
						    .value = plan_value(plan, i, point),
						    .folder = plan->axes[axis].folder };
	}
	status = scenario_load_again(plan->config, overrides, num_overrides, diag, config_out);
	free(overrides);
	if (status == NESCSIM_OK)
		status = set_schemes(plan, diag, config_out);
	if (status == NESCSIM_OK &&
	    __builtin_add_overflow((*config_out)->scenario.sim.seed, (int64_t)plan_repeat(plan, point),
				   &(*config_out)->scenario.sim.seed)) {
		const diag_place place = { .file = "--repeat", .path = "sim.seed" };

		nescsim_config_destroy(*config_out);
		*config_out = NULL;
		status = diag_add(diag, NESCSIM_ERROR, NESCSIM_CONFIG, &place, "a smaller sim.seed",
				  "there are no seeds left for the repeats");
	}
	return status;
}

/* ---- mistakes --------------------------------------------------------------------------------------------------- */

struct plan_mistake {
	nescsim_status status;
	char *file, *path, *message, *hint; /* NULL but for the message where there is none */
	size_t line, column;
	uint64_t first_point, last_point, num_points;
};

static bool same_text(const char *one, const char *other)
{
	return one == NULL || other == NULL ? one == other : strcmp(one, other) == 0;
}

static char *copy_text(const char *text, bool *failed)
{
	char *copy = text == NULL ? NULL : strdup(text);

	*failed |= text != NULL && copy == NULL;
	return copy;
}

static nescsim_status add_mistake(plan_mistakes *self, uint64_t point, const nescsim_diag_entry *entry)
{
	struct plan_mistake *items;
	bool failed = false;

	for (size_t i = 0; i < self->num; i++) {
		struct plan_mistake *known = &self->items[i];

		if (same_text(known->path, entry->path) && same_text(known->message, entry->message)) {
			known->num_points += known->last_point != point;
			known->last_point = point;
			return NESCSIM_OK;
		}
	}
	if (self->num == MAX_MISTAKES)
		return NESCSIM_OK;
	items = realloc(self->items, (self->num + 1) * sizeof(*items));
	if (items == NULL)
		return NESCSIM_NO_MEMORY;
	self->items = items;
	items[self->num++] = (struct plan_mistake){
		.status = entry->status,
		.file = copy_text(entry->file, &failed),
		.path = copy_text(entry->path, &failed),
		.message = copy_text(entry->message, &failed),
		.hint = copy_text(entry->hint, &failed),
		.line = entry->line,
		.column = entry->column,
		.first_point = point,
		.last_point = point,
		.num_points = 1,
	};
	return failed ? NESCSIM_NO_MEMORY : NESCSIM_OK;
}

nescsim_status plan_mistakes_add(plan_mistakes *self, uint64_t point, nescsim_status status, const nescsim_diag *found)
{
	keep_first(&self->status, status);
	self->num_points++;
	self->num_looked = point + 1;
	for (size_t i = 0; i < nescsim_diag_count(found); i++) {
		const nescsim_diag_entry *entry = nescsim_diag_at(found, i);

		if (entry->severity == NESCSIM_ERROR && add_mistake(self, point, entry) != NESCSIM_OK)
			return NESCSIM_NO_MEMORY;
	}
	return status == NESCSIM_NO_MEMORY ? status : NESCSIM_OK;
}

/* The swept key that the path lies in, or that lies in what the path names; or SIZE_MAX. */
static size_t key_at(const sweep_plan *plan, const char *path)
{
	size_t axis;

	for (size_t i = 0; path != NULL && i < plan->num_keys; i++)
		if (!find_key(plan, i, &axis)->is_label &&
		    (lies_in(path, plan_key(plan, i)) || lies_in(plan_key(plan, i), path)))
			return i;
	return SIZE_MAX;
}

bool plan_mistakes_are_enough(const plan_mistakes *self)
{
	return self->num == MAX_MISTAKES && self->num_points >= ENOUGH_POINTS;
}

nescsim_status plan_mistakes_report(const plan_mistakes *self, const sweep_plan *plan, nescsim_diag *diag)
{
	for (size_t i = 0; i < self->num; i++) {
		const struct plan_mistake *of = &self->items[i];
		const size_t key = key_at(plan, of->path);
		const bool is_override = of->file != NULL && strcmp(of->file, "--set") == 0;
		diag_place place = { .file = of->file, .line = of->line, .column = of->column, .path = of->path };
		size_t axis;
		text_buffer where = TEXT_EMPTY;

		if (is_override && key != SIZE_MAX) {
			find_key(plan, key, &axis);
			place = plan->axes[axis].place;
			place.path = of->path;
		}
		if (of->num_points == plan->num_points)
			text_add(&where, "in every point");
		else if (of->num_points > 1)
			text_add(&where, "in %" PRIu64 " of %" PRIu64 " points, first with ", of->num_points,
				 plan->num_points);
		else
			text_add(&where, "with ");
		if (of->num_points < plan->num_points)
			plan_add_values(plan, of->first_point, &where);
		diag_add(diag, NESCSIM_ERROR, of->status, &place, of->hint, "%s: %s", of->message, text_get(&where));
		text_free(&where);
	}
	if (self->num == MAX_MISTAKES)
		diag_add(diag, NESCSIM_ERROR, self->status, NULL, NULL,
			 "and maybe more: %" PRIu64 " of the first %" PRIu64 " points are wrong", self->num_points,
			 self->num_looked);
	return self->status;
}

void plan_mistakes_fini(plan_mistakes *self)
{
	for (size_t i = 0; i < self->num; i++) {
		free(self->items[i].file);
		free(self->items[i].path);
		free(self->items[i].message);
		free(self->items[i].hint);
	}
	free(self->items);
}
