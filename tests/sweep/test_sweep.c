/* nescsim_sweep() as a library call: it counts, and leaves its caller's signals and children alone. */
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "nescsim/nescsim.h"
#include "sweep/sweep_test.h"

static const char *const params[] = { "nesc.btlb.entries=1,2", "vms[0].workload.count=1,2" };

typedef struct place {
	char root[64], out[80];
	nescsim_diag *diag;
	nescsim_sweep_options options;
	nescsim_sweep_counts counts;
} place;

static int set_up(void **state)
{
	static const char *const schemes[] = { "nesc" };
	place *self = calloc(1, sizeof(*self));

	strcpy(self->root, "/tmp/nescsim-sweep-XXXXXX");
	if (mkdtemp(self->root) == NULL)
		return -1;
	snprintf(self->out, sizeof(self->out), "%s/out", self->root);
	self->diag = nescsim_diag_create();
	self->options = (nescsim_sweep_options){ .schemes = schemes,
						 .num_schemes = 1,
						 .params = params,
						 .num_params = NUM(params),
						 .out_folder = self->out };
	*state = self;
	return 0;
}

static int tear_down(void **state)
{
	place *self = *state;
	char command[128];

	snprintf(command, sizeof(command), "rm -rf '%s'", self->root);
	nescsim_diag_destroy(self->diag);
	free(self);
	return system(command);
}

static nescsim_status sweep(place *self)
{
	return nescsim_sweep("configs/dd.yaml", &self->options, self->diag, &self->counts);
}

static void points_are_counted(void **state)
{
	place *self = *state;

	assert_int_equal(sweep(self), NESCSIM_OK);
	assert_int_equal(self->counts.num_points, 4);
	assert_int_equal(self->counts.num_run, 4);
	assert_int_equal(self->counts.num_kept, 0);
	self->options.num_params = 1;
	self->options.resume = 1;
	/* Both numbers stand for other points now, which are there under others. */
	self->options.overrides = &(nescsim_override){ .path = "vms[0].workload.count", .value = "2" };
	self->options.num_overrides = 1;
	assert_int_equal(sweep(self), NESCSIM_OK);
	assert_int_equal(self->counts.num_points, 2);
	assert_int_equal(self->counts.num_kept, 2);
	self->options.overrides = &(nescsim_override){ .path = "vms[0].workload.count", .value = "3" };
	assert_int_equal(sweep(self), NESCSIM_OK);
	assert_int_equal(self->counts.num_run, 2);
	assert_int_equal(sweep(self), NESCSIM_OK);
	assert_int_equal(self->counts.num_kept, 2);
	assert_int_equal(self->counts.num_run, 0);
	assert_int_equal(nescsim_diag_count(self->diag), 0);
}

/* The same schemes in another order are another table. */
static void the_order_of_schemes_is_kept(void **state)
{
	static const char *const one[] = { "nesc", "host" }, *const other[] = { "host", "nesc" };
	place *self = *state;

	self->options.num_schemes = 2;
	self->options.schemes = one;
	assert_int_equal(sweep(self), NESCSIM_OK);
	self->options.resume = 1;
	self->options.schemes = other;
	assert_int_equal(sweep(self), NESCSIM_OK);
	assert_int_equal(self->counts.num_run, 4);
}

static void executors_that_do_not_fit_are_refused(void **state)
{
	place *self = *state;

	assert_string_equal(nescsim_sweep_executor(0).name, "local");
	for (size_t i = 0; nescsim_sweep_executor(i).name != NULL; i++)
		assert_non_null(nescsim_sweep_executor(i).help);
	self->options.executor = "slurm"; /* without a program */
	assert_int_equal(sweep(self), NESCSIM_USAGE);
	assert_entry(self->diag, 0, "need a program to run", NULL);
	self->options.program = "/no/such/program";
	assert_int_equal(sweep(self), NESCSIM_USAGE);
	assert_entry(self->diag, 1, "cannot run '/no/such/program'", NULL);
	self->options.points = "1";
	assert_int_equal(sweep(self), NESCSIM_USAGE);
	assert_entry(self->diag, 2, "not by the executor 'slurm'", "leave one");
	self->options.executor = NULL;
	self->options.num_tasks = 2;
	assert_int_equal(sweep(self), NESCSIM_USAGE);
	assert_entry(self->diag, 3, "the executor 'local' has no tasks", NULL);
	assert_int_not_equal(access(self->out, F_OK), 0);
}

/* Parts of a sweep, each with its counts; together they are the whole. */
static void parts_make_a_whole(void **state)
{
	place *self = *state;

	self->options.points = "2,4";
	assert_int_equal(sweep(self), NESCSIM_OK);
	assert_int_equal(self->counts.num_points, 2);
	assert_int_equal(self->counts.num_run, 2);
	self->options.points = "1-2";
	assert_int_equal(sweep(self), NESCSIM_OK);
	assert_int_equal(self->counts.num_run, 1);
	assert_int_equal(self->counts.num_kept, 1);
	self->options.points = NULL;
	self->options.resume = 1;
	assert_int_equal(sweep(self), NESCSIM_OK);
	assert_int_equal(self->counts.num_run, 1);
	assert_int_equal(self->counts.num_kept, 3);
	assert_int_equal(nescsim_diag_count(self->diag), 0);
}

static void on_signal(int number)
{
	(void)number;
}

static void signals_and_children_of_the_caller_are_left_alone(void **state)
{
	place *self = *state;
	const struct sigaction ignore = { .sa_handler = SIG_IGN }, handle = { .sa_handler = on_signal };
	struct sigaction before, after;
	sigset_t mask_before, mask_after;
	pid_t child;
	int status;

	/* Without waiting for it: it must still be there to be waited for. */
	child = fork();
	if (child == 0)
		_exit(7);
	sigaction(SIGCHLD, &handle, &before);
	sigprocmask(SIG_SETMASK, NULL, &mask_before);
	assert_int_equal(sweep(self), NESCSIM_OK);
	sigaction(SIGCHLD, NULL, &after);
	assert_true(after.sa_handler == on_signal);
	sigprocmask(SIG_SETMASK, NULL, &mask_after);
	for (int number = 1; number < 32; number++)
		assert_int_equal(sigismember(&mask_before, number), sigismember(&mask_after, number));
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(WEXITSTATUS(status), 7);

	/* Where children are ignored they cannot be waited for, unless somebody sees to it. */
	sigaction(SIGCHLD, &ignore, NULL);
	self->options.resume = 1;
	self->options.params = &(const char *){ "nesc.btlb.entries=3,4" };
	self->options.num_params = 1;
	assert_int_equal(sweep(self), NESCSIM_OK);
	assert_int_equal(self->counts.num_run, 2);
	sigaction(SIGCHLD, &before, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(points_are_counted, set_up, tear_down),
		cmocka_unit_test_setup_teardown(the_order_of_schemes_is_kept, set_up, tear_down),
		cmocka_unit_test_setup_teardown(executors_that_do_not_fit_are_refused, set_up, tear_down),
		cmocka_unit_test_setup_teardown(parts_make_a_whole, set_up, tear_down),
		cmocka_unit_test_setup_teardown(signals_and_children_of_the_caller_are_left_alone, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
