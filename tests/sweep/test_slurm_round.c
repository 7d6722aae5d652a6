/* The files of an array of tasks: every point is dealt once, and the script repeats the sweep's own words. */
#include <stdbool.h>
#include <unistd.h>

#include "sweep/executor.h"
#include "sweep/point_list.h"
#include "sweep/slurm_round.h"
#include "sweep/sweep_test.h"

typedef struct place {
	char root[64], out[80], command[256];
	nescsim_sweep_options options;
	sweep_plan plan;
} place;

static int set_up(void **state)
{
	place *self = calloc(1, sizeof(*self));

	strcpy(self->root, "/tmp/nescsim-round-XXXXXX");
	if (mkdtemp(self->root) == NULL)
		return -1;
	snprintf(self->out, sizeof(self->out), "%s/out", self->root);
	snprintf(self->command, sizeof(self->command), "mkdir -p '%s/slurm'", self->out);
	self->options = (nescsim_sweep_options){ .out_folder = self->out, .program = "/bin/echo" };
	self->plan = (sweep_plan){ .file_name = "-it's.yaml", .options = &self->options };
	*state = self;
	return system(self->command);
}

static int tear_down(void **state)
{
	place *self = *state;
	int code;

	snprintf(self->command, sizeof(self->command), "rm -rf '%s'", self->root);
	code = system(self->command);
	free(self);
	return code;
}

/* Reads the lines of the file `points`: each point that is missing is in one of them, and no other. */
static void check_dealt(const slurm_round *round, const sweep_plan *plan, const uint64_t *missing, size_t most_per_task)
{
	const size_t num_words = job_num_words(plan);
	uint64_t *all = calloc(num_words, sizeof(*all)), num_dealt = 0, task = 0;
	char path[256], *line = NULL;
	size_t line_bytes = 0;
	FILE *file;

	snprintf(path, sizeof(path), "%s/points", round->folder);
	file = fopen(path, "r");
	assert_non_null(file);
	for (; getline(&line, &line_bytes, file) > 0; task++) {
		uint64_t *bits = calloc(num_words, sizeof(*bits)), num;

		line[strcspn(line, "\n")] = '\0';
		assert_int_equal(point_list_parse(line, plan, NULL, bits, &num), NESCSIM_OK);
		assert_true(num > 0 && num <= most_per_task);
		num_dealt += num;
		for (size_t i = 0; i < round->num_points; i++)
			assert_int_equal(job_has(bits, round->points[i]), slurm_round_task(round, i) == task);
		for (size_t i = 0; i < num_words; i++) {
			assert_int_equal(all[i] & bits[i], 0);
			all[i] |= bits[i];
		}
		free(bits);
	}
	assert_int_equal(task, round->num_tasks);
	assert_int_equal(num_dealt, round->num_points);
	assert_memory_equal(all, missing, num_words * sizeof(*all));
	free(all);
	free(line);
	fclose(file);
}

static void every_point_is_dealt_once(void **state)
{
	static const struct {
		uint64_t num_points, every, most_tasks, num_tasks;
		size_t most_per_task;
	} cases[] = {
		{ 1, 1, 64, 1, 1 },   { 7, 1, 3, 3, 3 },         { 200, 3, 8, 8, 9 },
		{ 64, 1, 64, 64, 1 }, { 30000, 1, 1, 3, 10000 }, { 65, 1, 64, 64, 2 },
	};
	place *self = *state;

	for (size_t i = 0; i < NUM(cases); i++) {
		uint64_t *missing;
		slurm_round round;
		char number[16];

		self->plan.num_points = cases[i].num_points;
		missing = calloc(job_num_words(&self->plan), sizeof(*missing));
		for (uint64_t point = 0; point < cases[i].num_points; point += cases[i].every)
			job_add(missing, point);
		assert_int_equal(slurm_round_make(&self->plan, missing, cases[i].most_tasks, self->root, NULL, &round),
				 NESCSIM_OK);
		assert_int_equal(round.num_tasks, cases[i].num_tasks);
		snprintf(number, sizeof(number), "/%zu", i + 1); /* a new folder each time */
		assert_string_equal(strrchr(round.folder, '/'), number);
		check_dealt(&round, &self->plan, missing, cases[i].most_per_task);
		slurm_round_fini(&round);
		free(missing);
	}
}

/* Eight tasks and a key of eight values, of which one takes long: each task gets its share. */
static void what_values_have_in_common_is_spread(void **state)
{
	place *self = *state;
	uint64_t missing[2] = { UINT64_MAX }, slow[8] = { 0 };
	slurm_round round;

	self->plan.num_points = 64;
	assert_int_equal(slurm_round_make(&self->plan, missing, 8, self->root, NULL, &round), NESCSIM_OK);
	for (size_t i = 7; i < 64; i += 8)
		slow[slurm_round_task(&round, i)]++;
	assert_int_equal(slow[0], 4);
	assert_int_equal(slow[7], 4);
	slurm_round_fini(&round);
}

/* The shell gives the program each word as it was, whatever is in it. */
static void the_script_repeats_the_sweep_s_words(void **state)
{
	static const nescsim_override overrides[] = { { .path = "vms[0].workload",
							.value = "{kind: dd, x: \"$HOME `id`\"}" } };
	static const char *const params[] = { "a=1..4*2", "zip:b='x',\"y\";c=\\1,\n2" };
	static const char *const schemes[] = { "nesc", "host" };
	place *self = *state;
	char expected[512], said[512] = "";
	uint64_t missing[1] = { 7 };
	slurm_round round;
	FILE *script;

	self->plan.num_points = 3;
	self->options.overrides = overrides;
	self->options.num_overrides = NUM(overrides);
	self->options.params = params;
	self->options.num_params = NUM(params);
	self->options.schemes = schemes;
	self->options.num_schemes = NUM(schemes);
	self->options.num_repeats = 3;
	assert_int_equal(slurm_round_make(&self->plan, missing, 1, self->root, NULL, &round), NESCSIM_OK);
	snprintf(self->command, sizeof(self->command), "SLURM_ARRAY_TASK_ID=0 sh '%s'", round.script);
	script = popen(self->command, "r");
	assert_non_null(script);
	assert_true(fread(said, 1, sizeof(said) - 1, script) > 0);
	assert_int_equal(pclose(script), 0);
	snprintf(expected, sizeof(expected),
		 "sweep --quiet --points 1-3 --out %s --jobs 1 --repeat 3 --schemes nesc,host --set %s=%s --param %s "
		 "--param %s -- %s\n",
		 self->out, overrides[0].path, overrides[0].value, params[0], params[1], self->plan.file_name);
	assert_string_equal(said, expected);
	slurm_round_fini(&round);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(every_point_is_dealt_once, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_values_have_in_common_is_spread, set_up, tear_down),
		cmocka_unit_test_setup_teardown(the_script_repeats_the_sweep_s_words, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
