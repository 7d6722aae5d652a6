/* How fast nescsim is, what a request costs the engine, how much memory a long run takes and how soon it starts.
 *
 *   nescsim_bench [--case NAME] [--placement clustered|per_unit] [--requests N] [--repeat N] [--sleeps N]
 *   nescsim_bench --save FILE | --baseline FILE [...]
 *   nescsim_bench --scaling
 *   nescsim_bench --memory [--requests N]
 *   nescsim_bench --startup [--cli FILE]
 *
 * Without options: everything. bench/README.md explains the figures. Speed is given as a ratio to one bare SimGrid
 * sleep, measured in the same process right before and after, because CPU time alone varies twofold between quiet and
 * busy phases of a machine and the ratio does not.
 */
#include <ftw.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "alloc_count.h"
#include "fuzz/machine.h"
#include "sim/engine.h"

#define SEED 1
#define MAX_REPEAT 20
#define STARTUP_REPEAT 5
#define MILLION 1000000
#define MAX_MILLIONS 1000

#define TARGET_MEMORY_MB 64
#define TARGET_STARTUP_MS 30
#define LEAST_SPEED 0.85 /* of the baseline's */

/* One extent, so every look-up hits once the VF's extent is cached; or 1,024 extents of a node's size (3 tree levels),
 * so that the first block of each 4 KiB node misses and its other three do not. */
#define HIT_NESC "btlb: {entries: 64}"
#define HIT_DISK "bytes: 64 MiB"
#define MISS_DISK "bytes: 4 MiB, map: {kind: fragmented, min_extent: 4 KiB, max_extent: 4 KiB}"
#define MISS_SERIAL_NESC "walker: {merge: none}, translation: {hit_under_miss: none}"
#define MISS_MERGED_NESC "walker: {merge: node}"

typedef struct bench_case {
	const char *name, *what;
	const char *scheme;
	uint32_t num_vfs, depth; /* VFs, or VMs of a scheme without */
	const char *nesc, *disk;
	double target_sleeps; /* clustered; 0 = none */
} bench_case;

static const bench_case cases[] = {
	{ "hit-1x1", "1 VF, depth 1", "nesc", 1, 1, HIT_NESC, HIT_DISK, 1.5 },
	{ "hit-1x16", "1 VF, depth 16", "nesc", 1, 16, HIT_NESC, HIT_DISK, 1.5 },
	{ "hit-1x64", "1 VF, depth 64", "nesc", 1, 64, HIT_NESC, HIT_DISK, 0 },
	{ "hit-8x16", "8 VFs, depth 16", "nesc", 8, 16, HIT_NESC, HIT_DISK, 1.5 },
	{ "hit-64x16", "64 VFs, depth 16", "nesc", 64, 16, HIT_NESC, HIT_DISK, 2 },
	{ "miss-1x16", "1 VF, depth 16, one miss then three hits", "nesc", 1, 16, MISS_SERIAL_NESC, MISS_DISK, 2.5 },
	{ "merge-1x16", "1 VF, depth 16, one miss, three merged", "nesc", 1, 16, MISS_MERGED_NESC, MISS_DISK, 2.5 },
	{ "merge-8x16", "8 VFs, depth 16, one miss, three merged", "nesc", 8, 16, MISS_MERGED_NESC, MISS_DISK, 2.5 },
	{ "virtio-1x1", "1 VM, depth 1", "virtio", 1, 1, HIT_NESC, HIT_DISK, 4 },
	{ "virtio-1x16", "1 VM, depth 16", "virtio", 1, 16, HIT_NESC, HIT_DISK, 4 },
	{ "virtio-8x16", "8 VMs, depth 16", "virtio", 8, 16, HIT_NESC, HIT_DISK, 4 },
	{ "ide-1x1", "1 VM, depth 1", "emulation", 1, 1, HIT_NESC, HIT_DISK, 4 },
};

#define NUM_CASES (sizeof(cases) / sizeof(cases[0]))

static const char *const placement_names[] = { [SIM_CLUSTERED] = "clustered", [SIM_PER_UNIT] = "per_unit" };

typedef struct options {
	const char *case_name; /* NULL = all */
	int placement;         /* -1 = both */
	uint64_t num_requests; /* 0 = the default of what is run */
	uint64_t num_repeats;
	uint64_t num_sleeps; /* of each measurement of the bare sleep; 0 = none, for profiles */
	bool memory, startup, scaling;
	const char *save, *baseline; /* files of ratios */
	const char *cli;
	double exec_s; /* a --startup child: when its parent started it; 0 = not given */
} options;

static double seconds(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* ---- the bare sleep --------------------------------------------------------------------------------------------- */

typedef struct bare_sleep {
	uint64_t num_sleeps;
	double cpu_s;
} bare_sleep;

static void bare_sleep_main(void *argument)
{
	bare_sleep *self = argument;
	const ps_t start_ps = engine_now_ps();

	self->cpu_s = -seconds(CLOCK_PROCESS_CPUTIME_ID);
	for (uint64_t i = 1; i <= self->num_sleeps; i++)
		engine_sleep_until(start_ps + (ps_t)i);
	self->cpu_s += seconds(CLOCK_PROCESS_CPUTIME_ID);
}

/* CPU time of one sleep in us; 0 without sleeps. */
static double measure_bare_sleep(uint64_t num_sleeps)
{
	bare_sleep bare = { .num_sleeps = num_sleeps };

	if (num_sleeps == 0)
		return 0;
	if (!engine_start() || engine_actor_create("sleeper", bare_sleep_main, &bare) == NULL) {
		fputs("nescsim_bench: the engine does not start\n", stderr);
		exit(1);
	}
	engine_run();
	return 1e6 * bare.cpu_s / (double)num_sleeps;
}

/* ---- one run ---------------------------------------------------------------------------------------------------- */

typedef struct mark {
	double wall_s, cpu_s;
	alloc_counts allocations;
	long max_rss_kib;
} mark;

static mark take_mark(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return (mark){
		.wall_s = seconds(CLOCK_MONOTONIC),
		.cpu_s = seconds(CLOCK_PROCESS_CPUTIME_ID),
		.allocations = alloc_count,
		.max_rss_kib = usage.ru_maxrss,
	};
}

/* Marks are taken at the end of the warm-up, every `interval` completions after it, and at the last one; so neither
 * set-up nor the filling of pools counts. */
typedef struct stopwatch {
	uint64_t num_warmup, interval, num_requests; /* interval 0: only at both ends */
	uint64_t num_completed, next;
	mark *marks;
	uint32_t num_marks, max_marks;
} stopwatch;

static void stopwatch_completed(void *context, const vcpu_completion *completion)
{
	stopwatch *self = context;

	(void)completion;
	if (++self->num_completed != self->next)
		return;
	if (self->num_marks < self->max_marks)
		self->marks[self->num_marks++] = take_mark();
	self->next += self->interval;
	if (self->interval == 0 || self->next > self->num_requests)
		self->next = self->num_requests;
}

static machine_result run_case(const bench_case *what, sim_placement placement, stopwatch *watch)
{
	static char text[1024];
	const uint64_t per_vf = watch->num_requests / what->num_vfs;
	machine_result result;

	watch->num_requests = per_vf * what->num_vfs;
	watch->next = watch->num_warmup;
	snprintf(text, sizeof(text),
		 "host: {cores: 1024}\n"
		 "media: {kind: dram, capacity: 16 GiB}\n"
		 "nesc: {%s}\n"
		 "vms:\n"
		 "  - count: %" PRIu32 "\n"
		 "    disk: {%s}\n"
		 "    workload: {kind: dd, op: read, pattern: random, request_bytes: 4 KiB, count: %" PRIu64
		 ", depth: %" PRIu32 "}\n",
		 what->nesc, what->num_vfs, what->disk, per_vf, what->depth);
	result = machine_run(text, what->scheme, placement, SEED, stopwatch_completed, watch);
	if (!result.config_ok || result.outcome != SIM_FINISHED || result.num_completed != watch->num_requests ||
	    result.num_failed != 0) {
		fprintf(stderr,
			"nescsim_bench: %s (%s) did not finish: outcome %d, %" PRIu64 " of %" PRIu64
			" requests, %" PRIu64 " failed\n%s",
			what->name, placement_names[placement], result.outcome, result.num_completed,
			watch->num_requests, result.num_failed, result.description != NULL ? result.description : "");
		exit(1);
	}
	free(result.description);
	return result;
}

/* ---- speed ------------------------------------------------------------------------------------------------------ */

typedef struct span {
	double min, max;
} span;

static void span_add(span *self, double value)
{
	if (self->max == 0 || value < self->min)
		self->min = value;
	if (self->max == 0 || value > self->max)
		self->max = value;
}

typedef struct figures {
	const bench_case *what;
	sim_placement placement;
	uint64_t num_requests, num_measured;
	span requests_per_s, cpu_us, sleep_us, ratio;
	double best_ratio; /* of the least disturbed run to the least disturbed sleep; 0 without sleeps */
	machine_result result;
	alloc_counts allocations; /* between the marks of the last run */
} figures;

static figures measure_case(const bench_case *what, sim_placement placement, const options *with)
{
	figures measured = { .what = what, .placement = placement };

	for (uint64_t i = 0; i < with->num_repeats; i++) {
		mark marks[2];
		stopwatch watch = { .marks = marks, .max_marks = 2 };
		double before_us, after_us, cpu_us;

		watch.num_requests = with->num_requests;
		if (watch.num_requests == 0)
			watch.num_requests = placement == SIM_CLUSTERED ? 400000 : 40000;
		watch.num_warmup = 1 + watch.num_requests / 20;
		before_us = measure_bare_sleep(with->num_sleeps);
		measured.result = run_case(what, placement, &watch);
		after_us = measure_bare_sleep(with->num_sleeps);
		measured.num_requests = watch.num_requests;
		measured.num_measured = watch.num_requests - watch.num_warmup;
		cpu_us = 1e6 * (marks[1].cpu_s - marks[0].cpu_s) / (double)measured.num_measured;
		span_add(&measured.requests_per_s, (double)measured.num_measured / (marks[1].wall_s - marks[0].wall_s));
		span_add(&measured.cpu_us, cpu_us);
		span_add(&measured.sleep_us, before_us);
		span_add(&measured.sleep_us, after_us);
		if (with->num_sleeps != 0)
			span_add(&measured.ratio, cpu_us / ((before_us + after_us) / 2));
		measured.allocations.own = marks[1].allocations.own - marks[0].allocations.own;
		measured.allocations.all = marks[1].allocations.all - marks[0].allocations.all;
	}
	/* A disturbed sleep would flatter its run, so the verdict does not go by the least ratio of a run. */
	if (with->num_sleeps != 0)
		measured.best_ratio = measured.cpu_us.min / measured.sleep_us.min;
	return measured;
}

static void print_speed(const figures *measured)
{
	const double target = measured->placement == SIM_CLUSTERED ? measured->what->target_sleeps : 0;

	printf("%-11s %-10s %5.0f..%-5.0f %6.2f..%-6.2f %5.2f..%-5.2f", measured->what->name,
	       placement_names[measured->placement], 1e-3 * measured->requests_per_s.min,
	       1e-3 * measured->requests_per_s.max, measured->cpu_us.min, measured->cpu_us.max, measured->sleep_us.min,
	       measured->sleep_us.max);
	if (measured->best_ratio == 0)
		printf(" %7s %14s %7s\n", "-", "-", "-");
	else
		printf(" %7.2f %6.2f..%-6.2f", measured->best_ratio, measured->ratio.min, measured->ratio.max);
	if (measured->best_ratio != 0 && target == 0)
		printf(" %7s\n", "-");
	else if (measured->best_ratio != 0)
		printf(" %7g %s\n", target, measured->best_ratio <= target ? "met" : "MISSED");
	fflush(stdout);
}

static void print_calls(const figures *measured)
{
	const sim_counters *calls = &measured->result.engine;
	const btlb_counts *lookups = &measured->result.btlb;
	const double num = (double)measured->num_requests, looked_up = (double)(lookups->hits + lookups->misses),
		     counted = looked_up == 0 ? 1 : looked_up; /* schemes without VFs look nothing up */
	char own[16] = "no count";

	/* Set-up allocates: a count of 0 since the start would say that nothing counts. */
	if (alloc_count.own != 0)
		snprintf(own, sizeof(own), "%.5f", (double)measured->allocations.own / (double)measured->num_measured);
	printf("%-11s %-10s %6.2f %6.2f %6.2f %8.2f %6.2f %6.2f %6.2f %8s %6.1f%% %6.1f%%\n", measured->what->name,
	       placement_names[measured->placement], (double)calls->num_sleeps / num, (double)calls->num_blocks / num,
	       (double)calls->num_yields / num, (double)calls->num_releases / num, (double)calls->num_steps / num,
	       (double)calls->num_heap_events / num, (double)measured->allocations.all / (double)measured->num_measured,
	       own, 100.0 * (double)lookups->misses / counted,
	       100.0 * (double)lookups->misses / (counted + (double)lookups->merged));
}

/* ---- the baseline ------------------------------------------------------------------------------------------------ */

/* Ratios by case, a line each, so that machines of different speed can be compared. */
static int save_baseline(const figures *measured, size_t num, const char *file_name)
{
	FILE *file = fopen(file_name, "w");

	if (file == NULL) {
		perror(file_name);
		return 1;
	}
	for (size_t i = 0; i < num; i++)
		if (measured[i].placement == SIM_CLUSTERED)
			fprintf(file, "%s %.2f\n", measured[i].what->name, measured[i].best_ratio);
	if (fclose(file) != 0) {
		perror(file_name);
		return 1;
	}
	return 0;
}

/* 1 if a case is slower than LEAST_SPEED allows. */
static int check_baseline(const figures *measured, size_t num, const char *file_name)
{
	FILE *file = fopen(file_name, "r");
	char name[64];
	double ratio;
	int status = 0;

	if (file == NULL) {
		perror(file_name);
		return 1;
	}
	printf("\nSpeed relative to %s (at least %.2f)\n", file_name, LEAST_SPEED);
	while (fscanf(file, "%63s %lf", name, &ratio) == 2)
		for (size_t i = 0; i < num; i++)
			if (measured[i].placement == SIM_CLUSTERED && strcmp(measured[i].what->name, name) == 0) {
				const double speed = ratio / measured[i].best_ratio;

				printf("%-11s %5.2f %s\n", name, speed, speed < LEAST_SPEED ? "SLOWER" : "ok");
				status |= speed < LEAST_SPEED;
			}
	fclose(file);
	return status;
}

static int bench_speed(const options *with)
{
	static figures measured[2 * NUM_CASES];
	size_t num = 0;

	printf("Speed: 4 KiB random reads on DRAM; min..max of %" PRIu64 " runs; ratio = CPU time per request / bare "
	       "sleep, of the least\ntimes (by which the target is judged) and run by run\n",
	       with->num_repeats);
	printf("%-11s %-10s %12s %14s %12s %7s %14s %7s\n", "case", "placement", "1000 req/s", "CPU us/req", "sleep us",
	       "ratio", "run by run", "target");
	for (int placement = SIM_CLUSTERED; placement <= SIM_PER_UNIT; placement++)
		for (size_t i = 0; i < NUM_CASES; i++) {
			if ((with->placement >= 0 && with->placement != placement) ||
			    (with->case_name != NULL && strcmp(with->case_name, cases[i].name) != 0))
				continue;
			measured[num] = measure_case(&cases[i], (sim_placement)placement, with);
			print_speed(&measured[num++]);
		}
	if (num == 0) {
		fprintf(stderr, "nescsim_bench: no case '%s'; there are", with->case_name);
		for (size_t i = 0; i < NUM_CASES; i++)
			fprintf(stderr, " %s", cases[i].name);
		fputc('\n', stderr);
		return 2;
	}
	puts("\nPer request: engine calls, steps and heap events; allocations of the whole process and of nescsim's "
	     "own code\nafter the warm-up; misses in % of hits and misses, and of all look-ups, merged ones included");
	printf("%-11s %-10s %6s %6s %6s %8s %6s %6s %6s %8s %7s %7s\n", "case", "placement", "sleeps", "blocks",
	       "yields", "releases", "steps", "events", "alloc", "own", "miss", "of all");
	for (size_t i = 0; i < num; i++)
		print_calls(&measured[i]);
	if (with->save != NULL)
		return save_baseline(measured, num, with->save);
	return with->baseline != NULL ? check_baseline(measured, num, with->baseline) : 0;
}

/* ---- scaling ----------------------------------------------------------------------------------------------------- */

static void scale(const options *with, const char *what, uint64_t value, uint32_t num_vfs, uint32_t depth,
		  const char *nesc, const char *disk)
{
	const bench_case point = { what, what, "nesc", num_vfs, depth, nesc, disk, 0 };
	const figures measured = measure_case(&point, SIM_CLUSTERED, with);

	printf("%-14s %9" PRIu64 " %12.0f %10.2f %7.2f %7.2f\n", what, value, 1e-3 * measured.requests_per_s.max,
	       measured.cpu_us.min, measured.best_ratio,
	       (double)measured.result.engine.num_heap_events / (double)measured.num_requests);
	fflush(stdout);
}

/* What a request costs as the machine grows; each dimension by itself. */
static int bench_scaling(const options *with)
{
	static const uint64_t num_extents[] = { 1, 1000, 10000, 100000, 1000000 };
	char text[2][128];

	printf("Scaling: 4 KiB random reads on DRAM, nesc, clustered\n%-14s %9s %12s %10s %7s %7s\n", "", "",
	       "1000 req/s", "CPU us/req", "ratio", "events");
	for (uint32_t num_vfs = 1; num_vfs <= 64; num_vfs *= 2)
		scale(with, "VFs", num_vfs, num_vfs, 16, HIT_NESC, HIT_DISK);
	for (uint32_t depth = 1; depth <= 256; depth *= 4)
		scale(with, "depth", depth, 1, depth, HIT_NESC, HIT_DISK);
	for (uint32_t entries = 1; entries <= 64; entries *= 4) {
		snprintf(text[0], sizeof(text[0]), "btlb: {entries: %" PRIu32 "}", entries);
		scale(with, "BTLB entries", entries, 8, 16, text[0], HIT_DISK);
	}
	for (size_t i = 0; i < sizeof(num_extents) / sizeof(num_extents[0]); i++) {
		snprintf(text[1], sizeof(text[1]),
			 num_extents[i] == 1 ? "bytes: 4 GiB"
					     : "bytes: %" PRIu64
					       " KiB, map: {kind: fragmented, min_extent: 4 KiB, max_extent: 4 KiB}",
			 4 * num_extents[i]);
		scale(with, "extents", num_extents[i], 1, 16, HIT_NESC, text[1]);
	}
	return 0;
}

/* ---- memory ----------------------------------------------------------------------------------------------------- */

static const bench_case *find_case(const char *name)
{
	for (size_t i = 0; i < NUM_CASES; i++)
		if (strcmp(cases[i].name, name) == 0)
			return &cases[i];
	abort();
}

static int bench_memory(const options *with)
{
	static mark marks[MAX_MILLIONS + 1];
	stopwatch watch = { .num_warmup = 10000, .interval = MILLION, .marks = marks, .max_marks = MAX_MILLIONS + 1 };
	span speeds = { 0 };
	double first = 0, last = 0, before_us, after_us, peak_mb;

	watch.num_requests = with->num_requests != 0 ? with->num_requests : 10 * MILLION;
	before_us = measure_bare_sleep(with->num_sleeps);
	run_case(find_case("hit-1x16"), SIM_CLUSTERED, &watch);
	peak_mb = 1.024e-3 * (double)take_mark().max_rss_kib;
	after_us = measure_bare_sleep(with->num_sleeps);
	printf("\nMemory: hit-1x16, clustered, %" PRIu64 " requests\n", watch.num_requests);
	printf("%-24s %12s %12s %12s\n", "requests", "1000 req/s", "CPU us/req", "peak MB");
	for (uint32_t i = 1; i < watch.num_marks; i++) {
		const uint64_t from = watch.num_warmup + (i - 1) * watch.interval;
		const uint64_t to = i + 1 < watch.num_marks ? from + watch.interval : watch.num_requests;
		const double num = (double)(to - from), cpu_s = marks[i].cpu_s - marks[i - 1].cpu_s;

		last = num / cpu_s;
		first = i == 1 ? last : first;
		span_add(&speeds, last);
		printf("%10" PRIu64 " ..%10" PRIu64 " %13.0f %12.3f %12.1f\n", from, to,
		       1e-3 * num / (marks[i].wall_s - marks[i - 1].wall_s), 1e6 * cpu_s / num,
		       1.024e-3 * (double)marks[i].max_rss_kib);
	}
	printf("peak %.1f MB (target < %d: %s), after the warm-up %+.2f MB; speed by CPU time: last / first %.3f, "
	       "slowest / fastest %.3f;\nbare sleep %.2f us before, %.2f us after\n",
	       peak_mb, TARGET_MEMORY_MB, peak_mb < TARGET_MEMORY_MB ? "met" : "MISSED",
	       peak_mb - 1.024e-3 * (double)marks[0].max_rss_kib, last / first, speeds.min / speeds.max, before_us,
	       after_us);
	return 0;
}

/* ---- start-up --------------------------------------------------------------------------------------------------- */

static double main_s, first_s;

static void startup_completed(void *context, const vcpu_completion *completion)
{
	(void)context;
	(void)completion;
	first_s = seconds(CLOCK_MONOTONIC);
}

/* A process of its own: one request. */
static int bench_startup_child(const options *with)
{
	static const char text[] = "vms: [{workload: {kind: dd, count: 1}}]\n";
	const machine_result result = machine_run(text, "nesc", SIM_CLUSTERED, SEED, startup_completed, NULL);

	if (!result.config_ok || result.num_completed != 1)
		return 1;
	/* Both on the same clock of the same machine, so the parent's time can be compared. */
	printf("%.6f %.6f\n", first_s - main_s, with->exec_s != 0 ? first_s - with->exec_s : 0.0);
	return 0;
}

static bool own_file(char *buffer, size_t num_bytes)
{
	const ssize_t length = readlink("/proc/self/exe", buffer, num_bytes - 1);

	if (length <= 0)
		return false;
	buffer[length] = '\0';
	return true;
}

/* Runs a program; its output goes to output_fd. False when it fails. */
static bool run_child(const char *const arguments[], int output_fd)
{
	int status;
	pid_t child;

	fflush(NULL);
	child = fork();
	if (child == 0) {
		if (dup2(output_fd, STDOUT_FILENO) >= 0)
			execv(arguments[0], (char *const *)(uintptr_t)arguments); /* its type is older than const */
		_exit(127);
	}
	return child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static int remove_entry(const char *path, const struct stat *status, int flag, struct FTW *position)
{
	(void)status;
	(void)flag;
	(void)position;
	return remove(path);
}

/* Wall time of a whole `nescsim run` of one request, result folder included. */
static void bench_cli(const char *cli)
{
	char folder[] = "/tmp/nescsim-bench-XXXXXX", config[64], results[64];
	span wall_ms = { 0 };
	FILE *file;

	if (access(cli, X_OK) != 0) {
		printf("nescsim run: the tool is not built (looked for %s)\n", cli);
		return;
	}
	if (mkdtemp(folder) == NULL) {
		perror(folder);
		return;
	}
	snprintf(config, sizeof(config), "%s/one.yaml", folder);
	file = fopen(config, "w");
	if (file != NULL) {
		fputs("schemes: [nesc]\nvms:\n  - workload: {kind: dd, count: 1}\n", file);
		fclose(file);
	}
	for (int i = 0; i < STARTUP_REPEAT; i++) {
		const char *arguments[] = { cli, "run", config, "--out", results, NULL };
		FILE *nowhere = fopen("/dev/null", "w");
		double start_s;
		bool ok;

		snprintf(results, sizeof(results), "%s/%d", folder, i);
		start_s = seconds(CLOCK_MONOTONIC);
		ok = nowhere != NULL && run_child(arguments, fileno(nowhere));
		span_add(&wall_ms, 1e3 * (seconds(CLOCK_MONOTONIC) - start_s));
		if (nowhere != NULL)
			fclose(nowhere);
		if (!ok) {
			puts("nescsim run: failed");
			wall_ms.max = 0;
			break;
		}
	}
	if (wall_ms.max != 0)
		printf("nescsim run of one request, exec to exit, its files synced: %.1f..%.1f ms\n", wall_ms.min,
		       wall_ms.max);
	nftw(folder, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

static int bench_startup(const char *cli)
{
	static char self[4096], found[4200];
	span main_ms = { 0 }, exec_ms = { 0 };

	if (!own_file(self, sizeof(self)))
		return 1;
	for (int i = 0; i < STARTUP_REPEAT; i++) {
		char start[32];
		const char *arguments[] = { self, "--startup", "--exec-time", start, NULL };
		double from_main, from_exec;
		FILE *answer = tmpfile();
		bool ok;

		snprintf(start, sizeof(start), "%.6f", seconds(CLOCK_MONOTONIC));
		ok = answer != NULL && run_child(arguments, fileno(answer));
		if (answer != NULL) {
			rewind(answer);
			ok = ok && fscanf(answer, "%lf %lf", &from_main, &from_exec) == 2;
			fclose(answer);
		}
		if (!ok) {
			fputs("nescsim_bench: the child failed\n", stderr);
			return 1;
		}
		span_add(&main_ms, 1e3 * from_main);
		span_add(&exec_ms, 1e3 * from_exec);
	}
	printf("\nStart-up: first request complete %.1f..%.1f ms after exec (target < %d: %s), "
	       "%.1f..%.1f ms after main()\n",
	       exec_ms.min, exec_ms.max, TARGET_STARTUP_MS, exec_ms.min < TARGET_STARTUP_MS ? "met" : "MISSED",
	       main_ms.min, main_ms.max);
	if (cli != NULL) {
		snprintf(found, sizeof(found), "%s", cli);
	} else {
		*strrchr(self, '/') = '\0';
		snprintf(found, sizeof(found), "%s/../nescsim", self);
	}
	bench_cli(found);
	return 0;
}

/* ---- main ------------------------------------------------------------------------------------------------------- */

static int usage(const char *program)
{
	fprintf(stderr,
		"usage: %s [--case NAME] [--placement clustered|per_unit] [--requests N] [--repeat N] [--sleeps N]\n"
		"       %s --save FILE | --baseline FILE: writes the ratios, or fails where they are 15 %% worse\n"
		"       %s --scaling | --memory [--requests N] | --startup [--cli FILE]\n"
		"cases:\n",
		program, program, program);
	for (size_t i = 0; i < NUM_CASES; i++)
		fprintf(stderr, "  %-12s %s\n", cases[i].name, cases[i].what);
	return 2;
}

static bool parse_count(const char *text, uint64_t min, uint64_t max, uint64_t *out)
{
	char *end;

	*out = strtoull(text, &end, 10);
	return end != text && *end == '\0' && *out >= min && *out <= max;
}

int main(int argc, char **argv)
{
	static const struct option known[] = {
		{ "case", required_argument, NULL, 'c' },
		{ "placement", required_argument, NULL, 'p' },
		{ "requests", required_argument, NULL, 'n' },
		{ "repeat", required_argument, NULL, 'r' },
		{ "sleeps", required_argument, NULL, 's' },
		{ "memory", no_argument, NULL, 'm' },
		{ "startup", no_argument, NULL, 'u' },
		{ "cli", required_argument, NULL, 'l' },
		{ "exec-time", required_argument, NULL, 'e' },
		{ "scaling", no_argument, NULL, 'a' },
		{ "save", required_argument, NULL, 'w' },
		{ "baseline", required_argument, NULL, 'b' },
		{ NULL, 0, NULL, 0 },
	};
	options with = { .placement = -1, .num_repeats = 3, .num_sleeps = 200000 };
	char self[4096];
	int option, status;
	bool ok = true;

	machine_hashes = false;

	main_s = seconds(CLOCK_MONOTONIC);
	while ((option = getopt_long(argc, argv, "", known, NULL)) != -1)
		switch (option) {
		case 'c':
			with.case_name = optarg;
			break;
		case 'p':
			for (int i = SIM_CLUSTERED; i <= SIM_PER_UNIT; i++)
				if (strcmp(optarg, placement_names[i]) == 0)
					with.placement = i;
			ok = ok && with.placement >= 0;
			break;
		case 'n': /* enough for the warm-up of 64 VFs x depth 16, and no more than the memory table holds */
			ok = ok && parse_count(optarg, 40000, (uint64_t)MAX_MILLIONS * MILLION, &with.num_requests);
			break;
		case 'r':
			ok = ok && parse_count(optarg, 1, MAX_REPEAT, &with.num_repeats);
			break;
		case 's':
			ok = ok && parse_count(optarg, 0, 100 * MILLION, &with.num_sleeps);
			break;
		case 'm':
			with.memory = true;
			break;
		case 'a':
			with.scaling = true;
			break;
		case 'w':
			with.save = optarg;
			break;
		case 'b':
			with.baseline = optarg;
			break;
		case 'u':
			with.startup = true;
			break;
		case 'l':
			with.cli = optarg;
			break;
		case 'e':
			with.exec_s = strtod(optarg, NULL);
			break;
		default:
			ok = false;
		}
	if (!ok || optind != argc)
		return usage(argv[0]);
	if (with.exec_s != 0)
		return bench_startup_child(&with);
	if (with.scaling)
		return bench_scaling(&with);
	if (with.memory)
		return bench_memory(&with);
	if (with.startup)
		return bench_startup(with.cli);
	status = bench_speed(&with);
	if (status == 0 && argc == 1) {
		/* In a process of its own: the peak of one that has run all cases says nothing. */
		const char *arguments[] = { self, "--memory", NULL };

		status = own_file(self, sizeof(self)) && run_child(arguments, STDOUT_FILENO) ? 0 : 1;
		if (status == 0)
			status = bench_startup(with.cli);
		puts("");
		if (status == 0)
			status = bench_scaling(&with);
	}
	return status;
}
