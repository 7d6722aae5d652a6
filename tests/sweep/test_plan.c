/* Which points a sweep has, in which order, and what is said when some are wrong. */
#include <unistd.h>

#include "run/scenario.h"
#include "sweep/plan.h"
#include "sweep/sweep_test.h"

/* A file with this section `sweep`, and a plan of it. */
typedef struct planned {
	char name[64];
	nescsim_sweep_options options;
	nescsim_diag *diag;
	sweep_plan plan;
	nescsim_status status;
} planned;

static void plan_with(planned *self, const char *section, const char *const *params, size_t num_params,
		      uint64_t num_repeats)
{
	FILE *file;
	int fd;

	strcpy(self->name, "/tmp/nescsim-plan-XXXXXX");
	fd = mkstemp(self->name);
	assert_true(fd >= 0);
	file = fdopen(fd, "w");
	fprintf(file, "vms: [{workload: {kind: dd, count: 10}}]\nschemes: [nesc]\n%s", section);
	fclose(file);
	self->options = (nescsim_sweep_options){
		.params = params, .num_params = num_params, .num_repeats = num_repeats, .out_folder = "unused"
	};
	self->diag = nescsim_diag_create();
	self->status = plan_make(self->name, &self->options, self->diag, &self->plan);
}

static void done(planned *self)
{
	plan_fini(&self->plan);
	nescsim_diag_destroy(self->diag);
	unlink(self->name);
}

static void assert_points(const planned *self, const char *const *expected, size_t num)
{
	if (self->status != NESCSIM_OK)
		nescsim_diag_print(self->diag, stderr);
	assert_int_equal(self->status, NESCSIM_OK);
	assert_int_equal(self->plan.num_points, num);
	for (size_t i = 0; i < num; i++) {
		text_buffer text = TEXT_EMPTY;

		plan_add_values(&self->plan, i, &text);
		assert_string_equal(text_get(&text), expected[i]);
		text_free(&text);
	}
}

static void the_first_parameter_varies_slowest(void **unused)
{
	static const char *const params[] = { "nesc.btlb.entries=1,2", "zip:nesc.walker.count=1,2;sim.warmup=0,1" };
	static const char *const expected[] = {
		"nesc.btlb.entries=1, nesc.walker.count=1, sim.warmup=0",
		"nesc.btlb.entries=1, nesc.walker.count=2, sim.warmup=1",
		"nesc.btlb.entries=2, nesc.walker.count=1, sim.warmup=0",
		"nesc.btlb.entries=2, nesc.walker.count=2, sim.warmup=1",
	};
	planned self;

	(void)unused;
	plan_with(&self, "", params, NUM(params), 0);
	assert_points(&self, expected, NUM(expected));
	done(&self);
}

static void the_file_says_the_same(void **unused)
{
	static const char section[] =
		"sweep: {params: ['nesc.btlb.entries=1..2', 'zip:nesc.walker.count=1;sim.warmup=3'], repeat: 2}\n";
	static const char *const expected[] = {
		"nesc.btlb.entries=1, nesc.walker.count=1, sim.warmup=3, repeat 1",
		"nesc.btlb.entries=1, nesc.walker.count=1, sim.warmup=3, repeat 2",
		"nesc.btlb.entries=2, nesc.walker.count=1, sim.warmup=3, repeat 1",
		"nesc.btlb.entries=2, nesc.walker.count=1, sim.warmup=3, repeat 2",
	};
	planned self;

	(void)unused;
	plan_with(&self, section, NULL, 0, 0);
	assert_points(&self, expected, NUM(expected));
	done(&self);
}

static void options_take_the_place_of_the_file_s(void **unused)
{
	static const char section[] =
		"sweep: {params: ['nesc.btlb.entries=1..2', 'sim.warmup=7', 'nesc.walker.count=1..9']}\n";
	static const char *const params[] = { "sim.seed=5", "zip:nesc.btlb.entries=4,8;nesc.walker.count=2,4" };
	static const char *const expected[] = {
		"nesc.btlb.entries=4, nesc.walker.count=2, sim.warmup=7, sim.seed=5",
		"nesc.btlb.entries=8, nesc.walker.count=4, sim.warmup=7, sim.seed=5",
	};
	planned self;

	(void)unused;
	plan_with(&self, section, params, NUM(params), 0);
	assert_points(&self, expected, NUM(expected));
	done(&self);
}

static void points_get_their_values_and_repeats_their_seeds(void **unused)
{
	static const char *const params[] = { "nesc.btlb.entries=4,8" };
	planned self;
	nescsim_config *config;

	(void)unused;
	plan_with(&self, "sim: {seed: 40}\n", params, NUM(params), 3);
	assert_int_equal(self.plan.num_points, 6);
	for (uint64_t point = 0; point < 6; point++) {
		assert_int_equal(plan_load(&self.plan, point, self.diag, &config), NESCSIM_OK);
		assert_int_equal(config->scenario.sim.seed, 40 + (int)(point % 3));
		assert_int_equal(config->scenario.nesc.btlb.num_entries, point < 3 ? 4 : 8);
		nescsim_config_destroy(config);
	}
	done(&self);
}

/* The map of the plan's point is the file of this name. */
static void assert_map(const planned *self, uint64_t point, const char *expected)
{
	nescsim_config *config;
	const vm_config *vm;

	assert_int_equal(plan_load(&self->plan, point, self->diag, &config), NESCSIM_OK);
	vm = scenario_vm(&config->scenario, 1, NULL);
	assert_string_equal(((const disk_map_extents *)vm->disk.map.params)->file.resolved, expected);
	nescsim_config_destroy(config);
}

/* What the file names is beside it (in /tmp here), what an option names is in the working directory; labels set nothing. */
static void values_name_files_from_where_they_stand(void **unused)
{
	static const char section[] = "sweep: {params: ['zip:@which=one,two;vms[0].disk.map={kind: extents, file: "
				      "a.map},{kind: extents, file: /b.map}']}\n";
	static const char *const params[] = { "vms[0].disk.map={kind: extents, file: a.map}" };
	planned self;

	(void)unused;
	plan_with(&self, section, NULL, 0, 0);
	assert_int_equal(self.plan.num_points, 2);
	assert_string_equal(plan_key(&self.plan, 0), "which");
	assert_string_equal(plan_value(&self.plan, 0, 1), "two");
	assert_map(&self, 0, "/tmp/a.map");
	assert_map(&self, 1, "/b.map");
	done(&self);
	plan_with(&self, "", params, NUM(params), 0);
	assert_map(&self, 0, "a.map");
	done(&self);
}

static void a_label_has_a_name_of_its_own(void **unused)
{
	static const char *const params[] = { "zip:@iops=a,b;sim.warmup=1,2", "zip:@repeat=a,b;sim.seed=1,2" };
	planned self;

	(void)unused;
	plan_with(&self, "", params, NUM(params), 0);
	assert_int_equal(self.status, NESCSIM_USAGE);
	assert_entry(self.diag, 0, "'@iops' is called as another column of sweep.csv", "another name");
	assert_entry(self.diag, 1, "'@repeat'", NULL);
	done(&self);
}

static void the_section_of_figures_is_kept(void **unused)
{
	static const char section[] =
		"sweep: {params: ['sim.warmup=1,2']}\n"
		"figures: [{name: one, x: sim.warmup, y: iops, where: op=read}, {name: two, figure: btlb}]\n";
	planned self;
	nescsim_config *config;
	json_t *effective;

	(void)unused;
	plan_with(&self, section, NULL, 0, 0);
	assert_int_equal(json_array_size(self.plan.figures), 2);
	assert_string_equal(json_string_value(json_object_get(json_array_get(self.plan.figures, 1), "figure")), "btlb");
	/* A point does not depend on them. */
	assert_int_equal(plan_load(&self.plan, 0, self.diag, &config), NESCSIM_OK);
	effective = scenario_effective(&config->scenario);
	assert_null(json_object_get(effective, "figures"));
	json_decref(effective);
	nescsim_config_destroy(config);
	done(&self);
}

/* What a run depends on: a sweep that grows keeps its points. */
static void the_section_is_no_part_of_a_point(void **unused)
{
	static const char *const sections[] = { "", "sweep: {params: ['sim.warmup=1,2'], repeat: 9}\n" };
	static const char *const params[] = { "sim.warmup=1" };
	char *texts[2];

	(void)unused;
	for (size_t i = 0; i < 2; i++) {
		planned self;
		nescsim_config *config;
		json_t *json;

		plan_with(&self, sections[i], params, 1, 1);
		assert_int_equal(plan_load(&self.plan, 0, self.diag, &config), NESCSIM_OK);
		json = scenario_effective(&config->scenario);
		texts[i] = json_dumps(json, 0);
		json_decref(json);
		nescsim_config_destroy(config);
		done(&self);
	}
	assert_string_equal(texts[0], texts[1]);
	free(texts[0]);
	free(texts[1]);
}

static void wrong_plans_are_refused(void **unused)
{
	static const struct {
		const char *section, *params[2];
		uint64_t num_repeats;
		const char *message, *hint;
	} cases[] = {
		{ "", { NULL }, 0, "nothing to vary", "--param" },
		{ "", { "sim.warmup=1", "sim.warmup=2" }, 0, "'sim.warmup' is swept twice", "one list" },
		{ "sweep: {params: [sim.warmup=1, sim.warmup=2]}\n", { NULL }, 0, "is swept twice", "one list" },
		{ "",
		  { "sim.seed=1..1000", "sim.warmup=1..1001" },
		  0,
		  "1000 x 1001 points are more than 1000000",
		  "fewer" },
		{ "", { "sim.warmup=1..1000" }, UINT64_MAX, "x 18446744073709551615 points are more", "fewer" },
		{ "", { "sim.seed=1,2" }, 2, "repeats vary it too", "leave one" },
		{ "", { "sweep.repeat=1,2" }, 0, "cannot be swept itself", NULL },
	};

	(void)unused;
	for (size_t i = 0; i < NUM(cases); i++) {
		const size_t num_params = (cases[i].params[0] != NULL) + (cases[i].params[1] != NULL);
		planned self;

		plan_with(&self, cases[i].section, cases[i].params, num_params, cases[i].num_repeats);
		assert_int_equal(self.status, NESCSIM_USAGE);
		assert_int_equal(nescsim_diag_num_errors(self.diag), 1);
		assert_entry(self.diag, 0, cases[i].message, cases[i].hint);
		done(&self);
	}
}

static void mistakes_in_the_file_have_their_line(void **unused)
{
	static const char section[] = "sweep:\n  params:\n  - sim.warmup=1\n  - nesc.btlb.entries=4..1\n";
	planned self;

	(void)unused;
	plan_with(&self, section, NULL, 0, 0);
	assert_int_equal(self.status, NESCSIM_USAGE);
	assert_string_equal(nescsim_diag_at(self.diag, 0)->file, self.name);
	assert_int_equal(nescsim_diag_at(self.diag, 0)->line, 6);
	done(&self);
}

/* All at once, each with its parameter and only once. */
static void wrong_points_are_summed_up(void **unused)
{
	static const char *const params[] = { "nesc.btlb.entries=4,0,9999", "nesc.walker.cuont=1,2", "sim.warmup=x,1" };
	plan_mistakes mistakes = { .num = 0 };
	planned self;

	(void)unused;
	plan_with(&self, "", params, NUM(params), 0);
	assert_int_equal(self.plan.num_points, 12);
	for (uint64_t point = 0; point < 12; point++) {
		nescsim_diag *found = nescsim_diag_create();
		nescsim_config *config;
		nescsim_status status = plan_load(&self.plan, point, found, &config);

		assert_int_equal(status, NESCSIM_CONFIG);
		assert_null(config);
		assert_int_equal(plan_mistakes_add(&mistakes, point, status, found), NESCSIM_OK);
		nescsim_diag_destroy(found);
	}
	assert_int_equal(plan_mistakes_report(&mistakes, &self.plan, self.diag), NESCSIM_CONFIG);
	assert_int_equal(nescsim_diag_num_errors(self.diag), 4);
	for (size_t i = 0; i < 4; i++)
		assert_string_equal(nescsim_diag_at(self.diag, i)->file, "--param");
	assert_entry(self.diag, 0, "unknown key: in every point", "'count'");
	assert_string_equal(nescsim_diag_at(self.diag, 1)->path, "sim.warmup");
	assert_entry(self.diag, 1,
		     "in 6 of 12 points, first with nesc.btlb.entries=4, nesc.walker.cuont=1, sim.warmup=x", NULL);
	assert_entry(self.diag, 2, "0 is out of range 1 ... 1024: in 4 of 12 points", NULL);
	assert_entry(self.diag, 3, "9999 is out of range 1 ... 1024: in 4 of 12 points", NULL);
	plan_mistakes_fini(&mistakes);
	done(&self);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_parameter_varies_slowest),
		cmocka_unit_test(the_file_says_the_same),
		cmocka_unit_test(options_take_the_place_of_the_file_s),
		cmocka_unit_test(points_get_their_values_and_repeats_their_seeds),
		cmocka_unit_test(values_name_files_from_where_they_stand),
		cmocka_unit_test(a_label_has_a_name_of_its_own),
		cmocka_unit_test(the_section_of_figures_is_kept),
		cmocka_unit_test(the_section_is_no_part_of_a_point),
		cmocka_unit_test(wrong_plans_are_refused),
		cmocka_unit_test(mistakes_in_the_file_have_their_line),
		cmocka_unit_test(wrong_points_are_summed_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
