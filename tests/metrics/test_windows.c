/* The windows of a run against a plain list of samples. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"
#include "metrics/death.h"
#include "metrics/windows.h"

#define PS_PER_HOUR (3600 * PS_PER_S)
#define MAX_SAMPLES 400
#define MAX_SERIES 5

struct sample {
	unsigned series;
	ps_t at_ps;
	int64_t value;
};

struct list {
	unsigned num_series;
	unsigned num_samples;
	struct sample samples[MAX_SAMPLES];
};

struct slices {
	unsigned count;
	windows_slice *slices;
	windows_tally *tallies;
};

static struct slices take_slices(const windows *self, unsigned num_series, unsigned num_slices, ps_t end_ps)
{
	struct slices taken = {
		.slices = malloc(num_slices * sizeof(*taken.slices)),
		.tallies = malloc((size_t)num_slices * num_series * sizeof(*taken.tallies)),
	};

	/* What is not written is seen. */
	memset(taken.tallies, 0xa5, (size_t)num_slices * num_series * sizeof(*taken.tallies));
	taken.count = windows_slices(self, num_slices, end_ps, taken.slices, taken.tallies);
	assert_in_range(taken.count, 1, num_slices);
	return taken;
}

static void free_slices(struct slices *taken)
{
	free(taken->slices);
	free(taken->tallies);
}

/* Somewhere from 1 ns to `max_ps`, all orders of magnitude alike, often at an edge of a window. */
static ps_t draw_time(rng_stream *rng, ps_t max_ps)
{
	ps_t at_ps;

	if (rng_chance(rng, 1, 4)) {
		ps_t width_ps = PS_PER_US << rng_uniform_u64(rng, 34);

		at_ps = width_ps * (ps_t)(rng_chance(rng, 1, 2) ? WINDOWS_MAX : rng_uniform_u64(rng, WINDOWS_MAX)) +
			(ps_t)rng_uniform_u64(rng, 3) - 1;
	} else {
		at_ps = (ps_t)(rng_bits(rng) >> (1 + rng_uniform_u64(rng, 54)));
	}
	return at_ps < PS_PER_NS ? PS_PER_NS : at_ps > max_ps ? PS_PER_NS + at_ps % (max_ps - PS_PER_NS + 1) : at_ps;
}

static void draw_list(rng_stream *rng, struct list *list)
{
	static const ps_t max_times_ps[] = { PS_PER_US,       PS_PER_MS,          PS_PER_S, PS_PER_HOUR,
					     5 * PS_PER_HOUR, 2000 * PS_PER_HOUR, PS_MAX };
	ps_t max_ps = max_times_ps[rng_uniform_u64(rng, sizeof(max_times_ps) / sizeof(max_times_ps[0]))];

	list->num_series = 1 + (unsigned)rng_uniform_u64(rng, MAX_SERIES);
	list->num_samples = (unsigned)rng_uniform_u64(rng, MAX_SAMPLES + 1);
	for (unsigned i = 0; i < list->num_samples; i++)
		list->samples[i] = (struct sample){
			.series = (unsigned)rng_uniform_u64(rng, list->num_series),
			.at_ps = draw_time(rng, max_ps),
			.value = (int64_t)(rng_bits(rng) >> (1 + rng_uniform_u64(rng, 63))),
		};
}

static windows *record(const struct list *list)
{
	windows *self = windows_create(list->num_series);

	assert_non_null(self);
	for (unsigned i = 0; i < list->num_samples; i++)
		windows_add(self, list->samples[i].series, list->samples[i].at_ps, list->samples[i].value);
	return self;
}

static ps_t last_time(const struct list *list)
{
	ps_t last_ps = 0;

	for (unsigned i = 0; i < list->num_samples; i++)
		last_ps = ps_max(last_ps, list->samples[i].at_ps);
	return last_ps;
}

/* The smallest width by which the last time is in one of the windows. */
static ps_t expected_width(ps_t last_ps)
{
	ps_t width_ps = PS_PER_US;

	while (last_ps / width_ps > 1023)
		width_ps *= 2;
	return width_ps;
}

static void check_tallies(const struct list *list, const struct slices *taken)
{
	windows_tally total[MAX_SERIES] = { { 0 } }, all[MAX_SERIES] = { { 0 } };

	for (unsigned i = 0; i < taken->count; i++) {
		windows_tally naive[MAX_SERIES] = { { 0 } };

		for (unsigned j = 0; j < list->num_samples; j++) {
			const struct sample *sample = &list->samples[j];

			if (sample->at_ps < taken->slices[i].from_ps)
				continue;
			if (sample->at_ps >= taken->slices[i].until_ps && sample->at_ps != PS_MAX)
				continue;
			if (sample->at_ps == PS_MAX && i + 1 < taken->count)
				continue;
			naive[sample->series].count++;
			naive[sample->series].sum += (uint64_t)sample->value;
		}
		for (unsigned j = 0; j < list->num_series; j++) {
			const windows_tally *found = &taken->tallies[i * list->num_series + j];

			assert_int_equal(found->count, naive[j].count);
			assert_true(found->sum == naive[j].sum);
			total[j].count += found->count;
			total[j].sum += found->sum;
		}
	}
	for (unsigned i = 0; i < list->num_samples; i++) {
		all[list->samples[i].series].count++;
		all[list->samples[i].series].sum += (uint64_t)list->samples[i].value;
	}
	for (unsigned j = 0; j < list->num_series; j++) {
		assert_int_equal(total[j].count, all[j].count);
		assert_true(total[j].sum == all[j].sum);
	}
}

static void check_times(const struct list *list, const struct slices *taken, unsigned num_slices, ps_t end_ps)
{
	const ps_t width_ps = expected_width(last_time(list)), until_ps = ps_max(end_ps, last_time(list));
	const ps_t slice_ps = taken->slices[0].until_ps;
	const windows_slice *last = &taken->slices[taken->count - 1];

	assert_int_equal(taken->slices[0].from_ps, 0);
	for (unsigned i = 1; i < taken->count; i++)
		assert_int_equal(taken->slices[i].from_ps, taken->slices[i - 1].until_ps);
	for (unsigned i = 0; i + 1 < taken->count; i++)
		assert_int_equal(taken->slices[i].until_ps - taken->slices[i].from_ps, slice_ps);
	if (last->until_ps < PS_MAX)
		assert_int_equal(last->until_ps - last->from_ps, slice_ps);
	assert_true(slice_ps % width_ps == 0 || slice_ps == PS_MAX);

	/* They cover the run, none of them is beyond it, and with one window less in each they would not cover it. */
	assert_true(last->from_ps <= until_ps && (until_ps < last->until_ps || last->until_ps == PS_MAX));
	if (slice_ps < PS_MAX)
		assert_true((metrics_u128)(slice_ps - width_ps) * num_slices <= (metrics_u128)until_ps);
}

static void slices_agree_with_a_list(void **unused)
{
	rng_stream rng = rng_open(1, "test_windows", 0);

	(void)unused;
	for (unsigned round = 0; round < 400; round++) {
		static const unsigned numbers[] = { 1, 2, 7, 10, 16, 100 };
		struct list list;
		windows *self;

		draw_list(&rng, &list);
		self = record(&list);
		for (unsigned i = 0; i < 4; i++) {
			unsigned num_slices = numbers[rng_uniform_u64(&rng, sizeof(numbers) / sizeof(numbers[0]))];
			ps_t last_ps = last_time(&list);
			ps_t ends_ps[] = { last_ps, 0, last_ps / 2, draw_time(&rng, PS_MAX) };
			struct slices taken = take_slices(self, list.num_series, num_slices, ends_ps[i]);

			check_times(&list, &taken, num_slices, ends_ps[i]);
			check_tallies(&list, &taken);
			free_slices(&taken);
		}
		windows_destroy(self);
	}
}

static void assert_same(const struct slices *a, const struct slices *b, unsigned num_series)
{
	assert_int_equal(a->count, b->count);
	for (unsigned i = 0; i < a->count; i++) {
		assert_int_equal(a->slices[i].from_ps, b->slices[i].from_ps);
		assert_int_equal(a->slices[i].until_ps, b->slices[i].until_ps);
	}
	for (unsigned i = 0; i < a->count * num_series; i++) {
		assert_int_equal(a->tallies[i].count, b->tallies[i].count);
		assert_true(a->tallies[i].sum == b->tallies[i].sum);
	}
}

static int by_time(const void *a, const void *b)
{
	const struct sample *one = a, *two = b;

	return (one->at_ps > two->at_ps) - (one->at_ps < two->at_ps);
}

/* Every window of them, not only slices. */
static void order_does_not_matter(void **unused)
{
	rng_stream rng = rng_open(2, "test_windows", 0);

	(void)unused;
	for (unsigned round = 0; round < 60; round++) {
		struct list list;
		struct slices first = { 0 };

		draw_list(&rng, &list);
		for (unsigned order = 0; order < 4; order++) {
			struct slices taken;
			windows *self;

			if (order == 1)
				qsort(list.samples, list.num_samples, sizeof(list.samples[0]), by_time);
			for (unsigned i = 0; order == 2 && i < list.num_samples / 2; i++) {
				struct sample keep = list.samples[i];

				list.samples[i] = list.samples[list.num_samples - 1 - i];
				list.samples[list.num_samples - 1 - i] = keep;
			}
			for (unsigned i = list.num_samples; order == 3 && i > 1; i--) {
				uint64_t other = rng_uniform_u64(&rng, i);
				struct sample keep = list.samples[i - 1];

				list.samples[i - 1] = list.samples[other];
				list.samples[other] = keep;
			}
			self = record(&list);
			taken = take_slices(self, list.num_series, WINDOWS_MAX, last_time(&list));
			windows_destroy(self);
			if (order == 0) {
				first = taken;
				continue;
			}
			assert_same(&first, &taken, list.num_series);
			free_slices(&taken);
		}
		free_slices(&first);
	}
}

/* A window's width as the reader sees it, when every window is a slice of its own. */
static ps_t width_of(const windows *self, ps_t end_ps)
{
	struct slices taken = take_slices(self, 1, WINDOWS_MAX, end_ps);
	ps_t width_ps = taken.slices[0].until_ps;

	free_slices(&taken);
	return width_ps;
}

static void the_width_doubles_only_when_it_must(void **unused)
{
	windows *self = windows_create(1);

	(void)unused;
	windows_add(self, 0, 1024 * PS_PER_US - 1, 1);
	assert_int_equal(width_of(self, 0), PS_PER_US);
	windows_add(self, 0, 1024 * PS_PER_US, 1);
	assert_int_equal(width_of(self, 0), 2 * PS_PER_US);
	windows_add(self, 0, 2048 * PS_PER_US - 1, 1);
	assert_int_equal(width_of(self, 0), 2 * PS_PER_US);
	/* Several doublings at once, and none for what comes before. */
	windows_add(self, 0, 65536 * PS_PER_US, 1);
	assert_int_equal(width_of(self, 0), 128 * PS_PER_US);
	windows_add(self, 0, 0, 1);
	assert_int_equal(width_of(self, 0), 128 * PS_PER_US);
	windows_destroy(self);
}

static void the_last_window_counts(void **unused)
{
	windows *self = windows_create(1);
	struct slices taken;

	(void)unused;
	windows_add(self, 0, 1024 * PS_PER_US - 1, 7);
	taken = take_slices(self, 1, WINDOWS_MAX, 0);
	assert_int_equal(taken.count, WINDOWS_MAX);
	assert_int_equal(taken.tallies[WINDOWS_MAX - 1].count, 1);
	assert_true(taken.tallies[WINDOWS_MAX - 1].sum == 7);
	free_slices(&taken);
	windows_destroy(self);
}

static void a_run_in_ten_slices(void **unused)
{
	windows *self = windows_create(2);
	windows_slice slices[10];
	windows_tally tallies[10][2];

	(void)unused;
	/* Windows 0 ... 99 of 1 us: one request in each, whose latency grows, and a miss in the first ten. */
	for (unsigned i = 0; i < 100; i++) {
		windows_add(self, 0, i * PS_PER_US + 5, i);
		if (i < 10)
			windows_add(self, 1, i * PS_PER_US + 5, 0);
	}
	assert_int_equal(windows_slices(self, 10, 100 * PS_PER_US - 1, slices, tallies[0]), 10);
	for (unsigned i = 0; i < 10; i++) {
		assert_int_equal(slices[i].from_ps, i * 10 * PS_PER_US);
		assert_int_equal(slices[i].until_ps, (i + 1) * 10 * PS_PER_US);
		assert_int_equal(tallies[i][0].count, 10);
		assert_true(tallies[i][0].sum == 45 + 100 * i);
		assert_int_equal(tallies[i][1].count, i == 0 ? 10 : 0);
		assert_true(tallies[i][1].sum == 0);
	}
	/* The end is part of the run: 101 windows go up in slices of eleven. */
	assert_int_equal(windows_slices(self, 10, 100 * PS_PER_US, slices, tallies[0]), 10);
	assert_int_equal(slices[9].from_ps, 99 * PS_PER_US);
	assert_int_equal(slices[9].until_ps, 110 * PS_PER_US);
	assert_int_equal(tallies[9][0].count, 1);
	windows_destroy(self);
}

static void nothing_added_is_an_empty_run(void **unused)
{
	windows *self = windows_create(1);
	windows_slice slices[10];
	windows_tally tallies[10];

	(void)unused;
	assert_int_equal(windows_slices(self, 10, 0, slices, tallies), 1);
	assert_int_equal(slices[0].from_ps, 0);
	assert_int_equal(slices[0].until_ps, PS_PER_US);
	assert_int_equal(windows_slices(self, 10, PS_MAX, slices, tallies), 10);
	assert_int_equal(slices[9].until_ps, PS_MAX);
	for (unsigned i = 0; i < 10; i++)
		assert_true(tallies[i].count == 0 && tallies[i].sum == 0);
	windows_destroy(self);
	windows_destroy(NULL);
}

/* The last instant of all, and sums beyond 64 bits. */
static void the_ends_of_the_range(void **unused)
{
	windows *self = windows_create(1);
	windows_slice slice;
	windows_tally tally;

	(void)unused;
	for (unsigned i = 0; i < 1000; i++)
		windows_add(self, 0, PS_MAX, INT64_MAX);
	windows_add(self, 0, 0, INT64_MAX);
	assert_int_equal(windows_slices(self, 1, PS_MAX, &slice, &tally), 1);
	assert_int_equal(slice.until_ps, PS_MAX);
	assert_int_equal(tally.count, 1001);
	assert_true(tally.sum == (metrics_u128)INT64_MAX * 1001);
	windows_destroy(self);
}

static void wrong_arguments_abort(void **unused)
{
	windows *self = windows_create(2);
	windows_slice slice;
	windows_tally tallies[2];

	(void)unused;
	assert_aborts(windows_create(0));
	assert_aborts(windows_add(self, 2, 0, 0));
	assert_aborts(windows_add(self, 0, -1, 0));
	assert_aborts(windows_add(self, 0, 0, -1));
	assert_aborts(windows_slices(self, 0, 0, &slice, tallies));
	assert_aborts(windows_slices(self, 1, -1, &slice, tallies));
	windows_destroy(self);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(slices_agree_with_a_list),
		cmocka_unit_test(order_does_not_matter),
		cmocka_unit_test(the_width_doubles_only_when_it_must),
		cmocka_unit_test(the_last_window_counts),
		cmocka_unit_test(a_run_in_ten_slices),
		cmocka_unit_test(nothing_added_is_an_empty_run),
		cmocka_unit_test(the_ends_of_the_range),
		cmocka_unit_test(wrong_arguments_abort),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
