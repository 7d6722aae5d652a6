/* Do queues obey queueing theory? A Poisson source, a queue that never fills, and the null medium as server: mean
 * waiting time within 2 % of the closed form, and Little's law.
 *
 * How many arrivals: the mean of n successive waiting times of M/M/1 (in units of the service time) has the asymptotic
 * variance rho (2 + 5 rho - 4 rho^2 + rho^3) / (1 - rho)^4 / n; M/D/1 has less. A standard error of at most 0.6 % of
 * the mean rho / (1 - rho) takes 0.8 M at a load of 0.5, 1.7 M at 0.7 and 12.3 M at 0.9; for M/D/1, about half. We
 * take more. */
#include "media/media_choice.h"

#include "base/rng.h"
#include "sim/sim.h"

#define SERVICE_PS PS_PER_US
#define PICOSECOND_CLOCK_HZ INT64_C(1000000000000)
#define QUEUE_DEPTH 4096

typedef struct poisson {
	sim_unit unit;
	sim_queue *out;
	rng_stream rng;
	ps_t mean_ps, next_ps;
	uint64_t num_left;
} poisson;

static sim_wait poisson_step(sim_unit *self, ps_t limit_ps)
{
	poisson *source = (poisson *)self;

	while (source->num_left != 0) {
		if (source->next_ps > limit_ps)
			return SIM_WAIT_UNTIL(source->next_ps);
		if (sim_full(source->out)) /* would spoil the result: told by stalled_ps */
			return SIM_WAIT_SLOT(source->out);
		self->local_ps = ps_max(self->local_ps, source->next_ps);
		sim_push(self, source->out, 0, (sim_item){ 0 });
		source->next_ps += rng_exponential_ps(&source->rng, source->mean_ps);
		source->num_left--;
	}
	return SIM_WAIT_DONE;
}

typedef struct station {
	sim_unit unit;
	media_choice *medium;
	bool one_server; /* pops when the server is free; else at once, and the medium queues */
	uint64_t num_served;
	double sum_wait_ps;
	ps_t last_ps;
} station;

static sim_wait station_step(sim_unit *self, ps_t limit_ps)
{
	station *at = (station *)self;
	sim_wait wait;

	for (;;) {
		medium_times times;
		ps_t ready_ps;

		if (!sim_single_ready(self, self->inputs[0], limit_ps, &wait))
			return wait;
		ready_ps = sim_pop(self, self->inputs[0]).ready_ps;
		times = media_serve(at->medium, (medium_access){ .num_bytes = 1024 }, self->local_ps);
		at->sum_wait_ps += (double)(times.start_ps - ready_ps);
		at->num_served++;
		if (at->one_server)
			self->local_ps = times.done_ps;
		at->last_ps = times.done_ps;
	}
}

typedef struct observed {
	double wait;   /* mean, in service times */
	double queued; /* mean number in the queue */
	double busy;   /* arrivals times mean service over time and servers */
} observed;

static observed observe(const char *medium_text, int num_servers, int load_percent, uint64_t num_arrivals)
{
	sim_kernel *kernel = sim_kernel_create(SIM_CLUSTERED);
	media_choice medium = media_open(medium_text, 11);
	poisson source = { .num_left = 0 };
	station at = { .num_served = 0 };
	observed seen;

	sim_unit_init(kernel, &source.unit, "source", poisson_step, SIM_MERGE, PICOSECOND_CLOCK_HZ);
	sim_unit_init(kernel, &at.unit, "station", station_step, SIM_AHEAD, PICOSECOND_CLOCK_HZ);
	at.medium = &medium;
	at.one_server = num_servers == 1;
	source.rng = rng_open(11, "arrivals", 0);
	source.mean_ps = SERVICE_PS * 100 / (load_percent * num_servers);
	source.num_left = num_arrivals;
	source.out = sim_queue_create(kernel, "queue", &source.unit, &at.unit, QUEUE_DEPTH);
	assert_int_equal(sim_run(kernel), SIM_FINISHED);
	assert_int_equal(at.num_served, num_arrivals);
	assert_int_equal(source.out->stalled_ps, 0);
	seen.wait = at.sum_wait_ps / (double)num_arrivals / SERVICE_PS;
	seen.queued = (double)source.out->occupied_ps / (double)at.last_ps;
	seen.busy = (double)num_arrivals * SERVICE_PS / num_servers / (double)at.last_ps;
	sim_kernel_destroy(kernel);
	media_close(&medium);
	return seen;
}

static void assert_within(const char *what, int load_percent, double seen, double expected, double percent)
{
	const double error = 100 * (seen / expected - 1);

	print_message("%s at load 0.%d: %.4f, theory %.4f, %+.2f %%\n", what, load_percent / 10, seen, expected, error);
	assert_true(error > -percent && error < percent);
}

#define EXPONENTIAL "media: {kind: null, service: exponential, mean: 1 us}"
#define CONSTANT "media: {kind: null, service: constant, mean: 1 us}"
#define TWO_SERVERS "media: {kind: null, service: exponential, mean: 1 us, servers: 2}"

/* Mean wait rho / (1 - rho) service times; mean queue rho^2 / (1 - rho) (Little: arrival rate times wait). */
static void check_mm1(int load_percent, uint64_t num_arrivals)
{
	const observed seen = observe(EXPONENTIAL, 1, load_percent, num_arrivals);
	const double rho = load_percent / 100.0;

	assert_within("M/M/1 wait", load_percent, seen.wait, rho / (1 - rho), 2);
	assert_within("M/M/1 queue", load_percent, seen.queued, rho * rho / (1 - rho), 2);
	assert_within("M/M/1 offered", load_percent, seen.busy, rho, 0.5);
}

/* Pollaczek and Khinchine: half of that. */
static void check_md1(int load_percent, uint64_t num_arrivals)
{
	const observed seen = observe(CONSTANT, 1, load_percent, num_arrivals);
	const double rho = load_percent / 100.0;

	assert_within("M/D/1 wait", load_percent, seen.wait, rho / (1 - rho) / 2, 2);
	assert_within("M/D/1 queue", load_percent, seen.queued, rho * rho / (1 - rho) / 2, 2);
}

static void mm1_at_half_load(void **state)
{
	(void)state;
	check_mm1(50, 1600000);
}

static void mm1_at_load_07(void **state)
{
	(void)state;
	check_mm1(70, 3000000);
}

static void mm1_at_load_09(void **state)
{
	(void)state;
	check_mm1(90, 14000000);
}

static void md1_at_half_load(void **state)
{
	(void)state;
	check_md1(50, 1600000);
}

static void md1_at_load_07(void **state)
{
	(void)state;
	check_md1(70, 2000000);
}

static void md1_at_load_09(void **state)
{
	(void)state;
	check_md1(90, 9000000);
}

/* Erlang's C for two servers: a customer waits with probability 2 rho^2 / (1 + rho), then 1 / (2 (1 - rho)). */
static void mm2_by_erlang(void **state)
{
	static const struct {
		int load_percent;
		uint64_t num_arrivals;
	} rows[] = { { 50, 2000000 }, { 70, 2500000 } };

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const observed seen = observe(TWO_SERVERS, 2, rows[i].load_percent, rows[i].num_arrivals);
		const double rho = rows[i].load_percent / 100.0;

		assert_within("M/M/2 wait", rows[i].load_percent, seen.wait, rho * rho / (1 - rho * rho), 2);
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest light[] = {
		cmocka_unit_test(mm1_at_half_load), cmocka_unit_test(mm1_at_load_07),
		cmocka_unit_test(md1_at_half_load), cmocka_unit_test(md1_at_load_07),
		cmocka_unit_test(mm2_by_erlang),
	};
	const struct CMUnitTest heavy[] = { cmocka_unit_test(mm1_at_load_09), cmocka_unit_test(md1_at_load_09) };

	(void)argv;
	return argc > 1 ? cmocka_run_group_tests(heavy, NULL, NULL) : cmocka_run_group_tests(light, NULL, NULL);
}
