/* Does a flag say what was set strictly before, whatever its writer changes its mind about? */
#include "small_units.h"

#include "base/rng.h"
#include "sim/signal.h"

static void what_is_set_at_an_instant_is_seen_after_it(void **state)
{
	sim_signal it = { .num = 0 };

	(void)state;
	assert_false(sim_signal_before(&it, 0));
	sim_signal_set(&it, 100, true);
	sim_signal_set(&it, 200, false);
	assert_false(sim_signal_before(&it, 100));
	assert_true(sim_signal_before(&it, 101));
	assert_true(sim_signal_before(&it, 200));
	assert_false(sim_signal_before(&it, 201));
	sim_signal_fini(&it);
}

/* What is set takes back what was set for then and later, and leaves what was set for earlier. */
static void the_future_can_be_revised(void **state)
{
	sim_signal it = { .num = 0 };

	(void)state;
	sim_signal_set(&it, 100, true);
	sim_signal_set(&it, 200, false);
	sim_signal_set(&it, 300, true);
	sim_signal_set(&it, 150, false); /* neither 200 nor 300 happen */
	assert_true(sim_signal_before(&it, 150));
	assert_false(sim_signal_before(&it, 151));
	assert_false(sim_signal_before(&it, 1000));
	sim_signal_set(&it, 1000, true);
	sim_signal_set(&it, 1000, false); /* at the very time */
	assert_false(sim_signal_before(&it, 1001));
	sim_signal_set(&it, 2000, true);
	sim_signal_set(&it, 1500, true); /* sooner */
	assert_false(sim_signal_before(&it, 1500));
	assert_true(sim_signal_before(&it, 1501));
	assert_true(sim_signal_before(&it, 3000));
	sim_signal_fini(&it);
}

/* A long run's changes are forgotten once they have been read, and what is no change is not kept. */
static void what_is_past_is_forgotten(void **state)
{
	sim_signal it = { .num = 0 };
	uint32_t max;

	(void)state;
	sim_signal_set(&it, 1, true);
	max = it.max;
	for (ps_t t_ps = 2; t_ps < 100000; t_ps++) {
		sim_signal_set(&it, t_ps, t_ps % 2 != 0);
		assert_int_equal(sim_signal_before(&it, t_ps), t_ps % 2 == 0);
	}
	for (ps_t t_ps = 100000; t_ps < 200000; t_ps++)
		sim_signal_set(&it, t_ps, true);
	assert_int_equal(it.max, max);
	sim_signal_fini(&it);
}

#define SPAN 400

/* Against a table of the value at every instant; few instants, so that ties and revisions abound. */
static void agrees_with_a_table(void **state)
{
	(void)state;
	for (uint64_t number = 0; number < 500; number++) {
		rng_stream rng = rng_open(number, "signal", 0);
		bool from[SPAN + 1] = { false }; /* from[t]: from t on */
		sim_signal it = { .num = 0 };
		ps_t read_ps = 1;

		while (read_ps < SPAN) {
			const ps_t at_ps = read_ps + (ps_t)rng_uniform_u64(&rng, 30);
			const bool value = rng_uniform_u64(&rng, 2) != 0;

			if (rng_uniform_u64(&rng, 3) != 0 && at_ps <= SPAN) {
				sim_signal_set(&it, at_ps, value);
				for (ps_t t_ps = at_ps; t_ps <= SPAN; t_ps++)
					from[t_ps] = value;
			} else {
				read_ps += (ps_t)rng_uniform_u64(&rng, 8);
				if (read_ps > SPAN)
					break;
				assert_int_equal(sim_signal_before(&it, read_ps), from[read_ps - 1]);
			}
		}
		sim_signal_fini(&it);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_set_at_an_instant_is_seen_after_it),
		cmocka_unit_test(the_future_can_be_revised),
		cmocka_unit_test(what_is_past_is_forgotten),
		cmocka_unit_test(agrees_with_a_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
