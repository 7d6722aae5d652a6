/* Do fio's random variables obey their laws? Every count of n draws with probability p must lie within five standard
 * deviations, sqrt(n p (1 - p)), of n p: 1 in 1.7 million goes further, and seeds are fixed. */
#include "workload/workload_test.h"

#include <math.h>
#include <stdio.h>

#include "workload/fio_draw.h"

#define SIGMAS 5

static void assert_binomial(const char *what, uint64_t num, uint64_t num_draws, double p)
{
	const double expected = (double)num_draws * p, bound = SIGMAS * sqrt(expected * (1 - p)) + 1e-9;

	if (fabs((double)num - expected) > bound)
		fail_msg("%s: %llu of %llu, expected %.1f +- %.1f", what, (unsigned long long)num,
			 (unsigned long long)num_draws, expected, bound);
}

/* The mean of num_draws values with this expectation and standard deviation. */
static void assert_mean(const char *what, double mean, uint64_t num_draws, double expected, double deviation)
{
	const double bound = SIGMAS * deviation / sqrt((double)num_draws);

	if (fabs(mean - expected) > bound)
		fail_msg("%s: %.6g, expected %.6g +- %.2g", what, mean, expected, bound);
}

/* ---- pure draws ------------------------------------------------------------------------------------------------- */

static void a_permutation_visits_every_place_once(void **state)
{
	static const uint64_t nums[] = { 1, 2, 3, 4, 5, 15, 16, 17, 255, 1000, 65536, 65537 };
	static bool seen[65537];
	rng_stream rng = rng_open(1, "permutation", 0);

	(void)state;
	for (size_t i = 0; i < sizeof(nums) / sizeof(nums[0]); i++) {
		const permutation order = permutation_draw(&rng, nums[i]);

		memset(seen, 0, sizeof(seen));
		for (uint64_t rank = 0; rank < nums[i]; rank++) {
			const uint64_t place = permutation_at(&order, rank);

			assert_true(place < nums[i]);
			assert_false(seen[place]);
			seen[place] = true;
		}
	}
}

static void permutations_of_large_disks_stay_inside(void **state)
{
	static const uint64_t nums[] = { (UINT64_C(1) << 52) + 1, UINT64_C(1) << 63, UINT64_MAX };
	rng_stream rng = rng_open(1, "large", 0);

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		const permutation order = permutation_draw(&rng, nums[i]);

		for (uint64_t rank = 0; rank < 100; rank++)
			assert_true(permutation_at(&order, rank) < nums[i]);
	}
}

/* Over many permutations of six places: each rank comes to each place equally often, and so does each pair. */
static void permutations_favour_no_place(void **state)
{
	enum {
		NUM = 6,
		ROUNDS = 60000
	};
	static unsigned single[NUM][NUM], pair[NUM][NUM];
	rng_stream rng = rng_open(1, "fair", 0);

	(void)state;
	for (int round = 0; round < ROUNDS; round++) {
		const permutation order = permutation_draw(&rng, NUM);

		for (uint64_t rank = 0; rank < NUM; rank++)
			single[rank][permutation_at(&order, rank)]++;
		pair[permutation_at(&order, 0)][permutation_at(&order, 1)]++;
	}
	for (int i = 0; i < NUM; i++)
		for (int j = 0; j < NUM; j++) {
			assert_binomial("rank at place", single[i][j], ROUNDS, 1.0 / NUM);
			if (i != j)
				assert_binomial("pair of places", pair[i][j], ROUNDS, 1.0 / NUM / (NUM - 1));
		}
}

static void zipf_ranks_obey_the_law(void **state)
{
	static const double thetas[] = { 0.01, 0.5, 0.999999, 1, 1.1, 1.2, 2, 5 };
	enum {
		NUM = 200,
		DRAWS = 400000
	};

	(void)state;
	for (size_t i = 0; i < sizeof(thetas) / sizeof(thetas[0]); i++) {
		const zipf law = zipf_make(NUM, thetas[i]);
		rng_stream rng = rng_open(1, "zipf", i);
		uint64_t counts[NUM] = { 0 };
		double sum = 0;

		for (int draw = 0; draw < DRAWS; draw++) {
			const uint64_t rank = zipf_draw(&law, &rng);

			assert_true(rank < NUM);
			counts[rank]++;
		}
		for (int rank = 1; rank <= NUM; rank++)
			sum += pow(rank, -thetas[i]);
		for (int rank = 1; rank <= NUM; rank++) {
			const double p = pow(rank, -thetas[i]) / sum;

			if (p * DRAWS > 20) /* where five standard deviations mean what they say */
				assert_binomial("rank", counts[rank - 1], DRAWS, p);
		}
	}
}

static void zipf_takes_any_number_of_ranks(void **state)
{
	rng_stream rng = rng_open(1, "zipf", 99);
	const zipf one = zipf_make(1, 1.2), many = zipf_make(UINT64_C(1) << 50, 0.3);

	(void)state;
	for (int draw = 0; draw < 10000; draw++) {
		assert_int_equal(zipf_draw(&one, &rng), 0);
		assert_true(zipf_draw(&many, &rng) < UINT64_C(1) << 50);
	}
}

static void pareto_gives_few_ranks_most_draws(void **state)
{
	static const double hs[] = { 0.1, 0.2, 0.5, 0.8 };
	enum {
		NUM = 1000000,
		DRAWS = 200000
	};

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		const pareto law = pareto_make(NUM, hs[i]);
		rng_stream rng = rng_open(1, "pareto", i);
		uint64_t num_first = 0, num_second = 0;

		for (int draw = 0; draw < DRAWS; draw++) {
			const uint64_t rank = pareto_draw(&law, &rng);

			assert_true(rank < NUM);
			num_first += (double)rank < hs[i] * NUM;
			num_second += (double)rank < hs[i] * hs[i] * NUM;
		}
		assert_binomial("first share", num_first, DRAWS, 1 - hs[i]);
		assert_binomial("share of the share", num_second, DRAWS, (1 - hs[i]) * (1 - hs[i]));
	}
}

/* ---- the same in requests --------------------------------------------------------------------------------------- */

/* Called with each request and the time at which it is submitted. */
typedef void (*request_taker)(void *context, const io_request *request, ps_t now_ps);

/* Every request completes at once. */
static void take_all(const char *yaml, request_taker take, void *context)
{
	const source_context given = test_context();
	test_workload workload;
	source_step step;
	ps_t now_ps = 0;
	source *from;

	test_workload_load(&workload, yaml);
	from = test_source_open(&workload, &given);
	for (source_next(from, now_ps, &step); step.action != SOURCE_END; source_next(from, now_ps, &step)) {
		if (step.action == SOURCE_SUBMIT) {
			take(context, &step.request, now_ps);
			source_completed(from, step.request.number, now_ps);
		} else {
			assert_int_equal(step.action, SOURCE_WAIT_UNTIL);
			assert_true(step.until_ps > now_ps);
			now_ps = step.until_ps;
		}
	}
	source_close(from);
	test_workload_free(&workload);
}

typedef struct kinds {
	uint64_t num[IO_NUM_OPS], num_by_sectors[IO_NUM_OPS][129];
} kinds;

static void count_kinds(void *context, const io_request *request, ps_t now_ps)
{
	kinds *self = context;

	(void)now_ps;
	self->num[request->op]++;
	self->num_by_sectors[request->op][request->num_sectors]++;
}

static void rwmixread_is_a_probability(void **state)
{
	static const int percents[] = { 0, 1, 30, 70, 100 };
	enum {
		DRAWS = 100000
	};

	(void)state;
	for (size_t i = 0; i < 5; i++) {
		kinds seen = { .num = { 0 } };
		char yaml[128];

		snprintf(yaml, sizeof(yaml), "{kind: fio, rw: randrw, rwmixread: %d, number_ios: %d}", percents[i],
			 DRAWS);
		take_all(yaml, count_kinds, &seen);
		assert_int_equal(seen.num[IO_READ] + seen.num[IO_WRITE], DRAWS);
		assert_binomial("reads", seen.num[IO_READ], DRAWS, percents[i] / 100.0);
	}
}

static void bssplit_draws_sizes_by_their_shares(void **state)
{
	kinds seen = { .num = { 0 } };

	(void)state;
	/* Two sizes of reads share the 70 % that the third leaves; writes have theirs; trims there are none. */
	take_all("{kind: fio, rw: randrw, number_ios: 200000, io_size: 1 TiB, size: 512 MiB, bssplit: [{size: "
		 "4 KiB, percent: 30, op: read}, {size: 8 KiB, op: read}, {size: 64 KiB, op: read}, {size: "
		 "512 B, percent: 99, op: write}, {size: 32 KiB, percent: 1, op: write}]}",
		 count_kinds, &seen);
	assert_binomial("4 KiB reads", seen.num_by_sectors[IO_READ][8], seen.num[IO_READ], 0.30);
	assert_binomial("8 KiB reads", seen.num_by_sectors[IO_READ][16], seen.num[IO_READ], 0.35);
	assert_binomial("64 KiB reads", seen.num_by_sectors[IO_READ][128], seen.num[IO_READ], 0.35);
	assert_binomial("512 B writes", seen.num_by_sectors[IO_WRITE][1], seen.num[IO_WRITE], 0.99);
	assert_binomial("32 KiB writes", seen.num_by_sectors[IO_WRITE][64], seen.num[IO_WRITE], 0.01);
}

#define NUM_BLOCKS 256

static void count_blocks(void *context, const io_request *request, ps_t now_ps)
{
	(void)now_ps;
	assert_true(request->first_sector / 8 < NUM_BLOCKS);
	((uint64_t *)context)[request->first_sector / 8]++;
}

static int by_count(const void *a, const void *b)
{
	const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? 1 : x > y ? -1 : 0;
}

static void zipf_requests_obey_the_law_at_scattered_places(void **state)
{
	uint64_t counts[NUM_BLOCKS] = { 0 }, sorted[NUM_BLOCKS], clone[NUM_BLOCKS] = { 0 };
	enum {
		DRAWS = 400000
	};
	size_t first = 0, second = 0, same = 0;
	double sum = 0;

	(void)state;
	take_all("{kind: fio, rw: randread, size: 1 MiB, random_distribution: {kind: zipf, theta: 1.2}, "
		 "number_ios: 400000, io_size: 1 TiB}",
		 count_blocks, counts);
	memcpy(sorted, counts, sizeof(counts));
	qsort(sorted, NUM_BLOCKS, sizeof(sorted[0]), by_count);
	for (int rank = 1; rank <= NUM_BLOCKS; rank++)
		sum += pow(rank, -1.2);
	/* The most popular ones are far enough apart for their order to be that of their counts. */
	for (int rank = 1; rank <= 20; rank++)
		assert_binomial("block", sorted[rank - 1], DRAWS, pow(rank, -1.2) / sum);
	for (size_t i = 0; i < NUM_BLOCKS; i++) {
		first = counts[i] == sorted[0] ? i : first;
		second = counts[i] == sorted[1] ? i : second;
	}
	assert_true(first != 0 && second != first + 1);
	/* A second clone draws others, but has the same favourites. */
	take_all("{kind: fio, rw: randread, size: 1 MiB, random_distribution: {kind: zipf, theta: 1.2}, "
		 "number_ios: 400000, numjobs: 2, io_size: 1 TiB}",
		 count_blocks, clone);
	for (size_t i = 0; i < NUM_BLOCKS; i++)
		same = clone[i] > clone[same] ? i : same;
	assert_int_equal(same, first);
	assert_binomial("favourite of two", clone[first], 2 * DRAWS, 1 / sum);
}

typedef struct arrivals {
	uint64_t num, num_batches, num_in_batch, num_by_size[9];
	ps_t last_ps;
	double sum_ps, sum_of_squares, sum_size, sum_size_squares;
} arrivals;

static void end_batch(arrivals *self)
{
	const double size = (double)self->num_in_batch;

	self->num_batches++;
	self->sum_size += size;
	self->sum_size_squares += size * size;
	self->num_by_size[self->num_in_batch < 8 ? self->num_in_batch : 8]++;
	self->num_in_batch = 0;
}

/* Requests at one time are a batch. */
static void count_arrival(void *context, const io_request *request, ps_t now_ps)
{
	arrivals *self = context;

	(void)request;
	if (self->num++ > 0 && now_ps != self->last_ps) {
		const double gap_ps = (double)(now_ps - self->last_ps);

		self->sum_ps += gap_ps;
		self->sum_of_squares += gap_ps * gap_ps;
		end_batch(self);
	}
	self->num_in_batch++;
	self->last_ps = now_ps;
}

/* Exponential gaps: mean and variance (whose estimate has a standard deviation of sqrt(8 / n) times itself). */
static void assert_exponential(const char *what, const arrivals *seen, double mean_ps)
{
	const uint64_t num = seen->num_batches;
	const double mean = seen->sum_ps / (double)num;
	const double variance = seen->sum_of_squares / (double)num - mean * mean;

	assert_mean(what, mean, num, mean_ps, mean_ps);
	assert_mean("variance", variance, num, mean_ps * mean_ps, sqrt(8) * mean_ps * mean_ps);
}

static void poisson_gaps_are_exponential(void **state)
{
	arrivals seen = { .num = 0 }, by_bytes = { .num = 0 };

	(void)state;
	take_all("{kind: fio, rate_iops: 40000, rate_process: poisson, number_ios: 200000, ioengine: libaio, "
		 "iodepth: 64}",
		 count_arrival, &seen);
	assert_int_equal(seen.num, 200000);
	assert_int_equal(seen.num_batches, 199999);
	assert_exponential("poisson", &seen, 25e6);
	take_all("{kind: fio, bs: 8 KiB, rate: 81920000 B/s, rate_process: poisson, number_ios: 100000}", count_arrival,
		 &by_bytes);
	assert_exponential("poisson by bytes", &by_bytes, 100e6);
}

static void bursts_are_geometric_and_come_as_a_poisson_process(void **state)
{
	static const int means[] = { 1, 4, 16 };

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		const double p = 1.0 / means[i];
		arrivals seen = { .num = 0 };
		char yaml[160];

		snprintf(yaml, sizeof(yaml),
			 "{kind: fio, rate_iops: 40000, rate_process: bursty, burst_ios: %d, number_ios: 260000}",
			 means[i]);
		take_all(yaml, count_arrival, &seen);
		assert_exponential("bursts", &seen, 25e6 * means[i]);
		assert_mean("size of a burst", seen.sum_size / (double)seen.num_batches, seen.num_batches, means[i],
			    sqrt(1 - p) / p + 1e-9);
		for (int size = 1; size < 8; size++)
			assert_binomial("bursts of a size", seen.num_by_size[size], seen.num_batches,
					pow(1 - p, size - 1) * p);
		/* The rate is kept whatever the bursts are: num requests in the time, with the spread of both laws. */
		assert_mean("time per request", (double)seen.last_ps / (double)seen.num, seen.num, 25e6,
			    25e6 * sqrt(2.0 * means[i]));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_permutation_visits_every_place_once),
		cmocka_unit_test(permutations_of_large_disks_stay_inside),
		cmocka_unit_test(permutations_favour_no_place),
		cmocka_unit_test(zipf_ranks_obey_the_law),
		cmocka_unit_test(zipf_takes_any_number_of_ranks),
		cmocka_unit_test(pareto_gives_few_ranks_most_draws),
		cmocka_unit_test(rwmixread_is_a_probability),
		cmocka_unit_test(bssplit_draws_sizes_by_their_shares),
		cmocka_unit_test(zipf_requests_obey_the_law_at_scattered_places),
		cmocka_unit_test(poisson_gaps_are_exponential),
		cmocka_unit_test(bursts_are_geometric_and_come_as_a_poisson_process),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
