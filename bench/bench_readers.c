/* How fast traces are read, and whether memory depends on their length.
 *
 *   nescsim_bench_readers [--format NAME] [--lines NUM] [--repeat NUM] [--plain]
 *
 * For each format of readers.def its sample is repeated, with times moved on, until it has NUM lines (or records), and ten
 * times as many; both are read by trace_next(), plain and packed. bench/README.md explains the figures.
 */
#include <archive.h>
#include <archive_entry.h>
#include <ctype.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "workload/trace.h"

#define MAX_SAMPLE_BYTES (16u << 20)
#define MAX_LINES 400000
#define TIMES_LONGER 10

/* Lines per second of one core, from a warm page cache */
#define TARGET_BLKPARSE 2e6
#define TARGET_OTHERS 1e6

typedef struct sample_file {
	const char *format, *file;
	char separator;      /* of columns; ' ' = any number of blanks, '\0' = binary */
	unsigned column;     /* of the time, from 0; binary: the byte that it begins at */
	size_t record_bytes; /* binary */
	unsigned header_lines;
} sample_file;

static const sample_file samples[] = {
	{ "blktrace", "traces/postmark.blktrace.0.xz", '\0', 8, 48, 0 },
	{ "vscsi", "traces/samples/random.vscsi2", '\0', 24, 40, 0 },
	{ "blkparse", "traces/postmark_slice.blkparse.txt.gz", ' ', 3, 0, 0 },
	{ "msr", "traces/samples/msr.csv.gz", ',', 0, 0, 0 },
	{ "systor17", "traces/samples/systor17.csv.gz", ',', 0, 0, 1 },
	{ "alibaba", "traces/samples/alibaba.csv", ',', 4, 0, 0 },
	{ "tencent", "traces/samples/tencent.csv", ',', 0, 0, 0 },
	{ "spc", "traces/samples/random.spc", ',', 4, 0, 0 },
	{ "fio", "traces/samples/random.fio", ' ', 0, 0, 3 },
	{ "disksim", "traces/samples/random.disksim", ' ', 0, 0, 0 },
	{ "mqsim", "traces/samples/random.mqsim", ' ', 0, 0, 0 },
	{ "csv", "traces/samples/random.csv", ',', 0, 0, 1 },
};

/* One line or record. The time is a whole number of its last digit. */
typedef struct line {
	size_t begin, num_bytes;
	size_t time_at, time_bytes; /* within it */
	unsigned num_decimals;
	uint64_t time;
} line;

static char text[MAX_SAMPLE_BYTES];
static line lines[MAX_LINES];
static size_t num_lines;
static uint64_t span; /* what repetitions are apart, in units of the last digit */

static void stop(const char *what, const char *name)
{
	fprintf(stderr, "nescsim_bench_readers: %s %s\n", what, name);
	exit(2);
}

/* ---- samples become long traces ---------------------------------------------------------------------------------- */

static size_t load(const char *name)
{
	nescsim_diag *diag = nescsim_diag_create();
	const uint8_t *bytes;
	size_t num = 0;
	int64_t got;
	input *in;

	if (input_open(name, name, &input_trace_words, NULL, diag, &in) != NESCSIM_OK)
		stop("run it in the source folder: cannot read", name);
	while ((got = input_bytes(in, 4096, &bytes)) > 0 && num + (size_t)got <= sizeof(text)) {
		memcpy(text + num, bytes, (size_t)got);
		num += (size_t)got;
	}
	input_close(in);
	nescsim_diag_destroy(diag);
	return num;
}

static void find_time(const sample_file *of, line *l)
{
	const char *at = text + l->begin, *begin, *const end = at + l->num_bytes;
	bool behind_point = false;

	for (unsigned column = 0;; column++) {
		while (of->separator == ' ' && at < end && *at == ' ')
			at++;
		if (column == of->column)
			break;
		while (at < end && *at != of->separator)
			at++;
		at += of->separator != ' ' && at < end;
	}
	for (begin = at; at < end && (isdigit((unsigned char)*at) || *at == '.'); at++) {
		if (*at == '.') {
			behind_point = true;
			continue;
		}
		l->num_decimals += behind_point;
		l->time = l->time * 10 + (uint64_t)(*at - '0');
	}
	l->time_at = (size_t)(begin - text) - l->begin;
	l->time_bytes = (size_t)(at - begin);
}

static void take_apart(const sample_file *of)
{
	const size_t num_bytes = load(of->file);
	uint64_t first = UINT64_MAX, last = 0;
	size_t at = 0;

	num_lines = 0;
	while (at < num_bytes && num_lines < MAX_LINES) {
		line *l = &lines[num_lines];
		const char *end = memchr(text + at, '\n', num_bytes - at);

		*l = (line){ .begin = at };
		if (of->separator) {
			l->num_bytes = (end ? (size_t)(end + 1 - text) : num_bytes) - at;
			if (num_lines >= of->header_lines)
				find_time(of, l);
		} else {
			l->num_bytes = of->record_bytes;
			if (of->record_bytes == 48) /* blktrace: what follows the event */
				l->num_bytes += (size_t)input_number((uint8_t *)text + at + 46, 2, false);
			l->time_at = of->column;
			l->time = input_number((uint8_t *)text + at + of->column, 8, false);
		}
		at += l->num_bytes;
		if (num_lines >= of->header_lines && (!of->separator || l->time_bytes)) {
			first = l->time < first ? l->time : first;
			last = l->time > last ? l->time : last;
		}
		/* blkparse ends in a summary without times. */
		if (!of->separator || num_lines < of->header_lines || l->time_bytes)
			num_lines++;
	}
	span = last - first + 1;
}

static size_t write_line(const sample_file *of, const line *l, uint64_t later, char *to)
{
	const uint64_t time = l->time + later;
	char number[64];
	uint64_t unit = 1;
	int num = 0;

	memcpy(to, text + l->begin, l->num_bytes);
	if (!of->separator) {
		for (size_t i = 0; i < 8; i++)
			to[l->time_at + i] = (char)(uint8_t)(time >> 8 * i);
		return l->num_bytes;
	}
	for (unsigned i = 0; i < l->num_decimals; i++)
		unit *= 10;
	if (l->num_decimals)
		num = snprintf(number, sizeof(number), "%" PRIu64 ".%0*" PRIu64, time / unit, (int)l->num_decimals,
			       time % unit);
	else
		num = snprintf(number, sizeof(number), "%" PRIu64, time);
	memcpy(to + l->time_at, number, (size_t)num);
	memcpy(to + l->time_at + (size_t)num, text + l->begin + l->time_at + l->time_bytes,
	       l->num_bytes - l->time_at - l->time_bytes);
	return l->num_bytes + (size_t)num - l->time_bytes;
}

static void write_trace(const sample_file *of, uint64_t wanted, const char *name)
{
	static char longer[INPUT_MAX_LINE_BYTES + 64];
	FILE *out = fopen(name, "wb");
	uint64_t later = 0;
	size_t i = 0;

	if (!out)
		stop("cannot write", name);
	for (uint64_t num = 0; num < wanted; num++) {
		const size_t num_bytes =
			i < of->header_lines ? lines[i].num_bytes : write_line(of, &lines[i], later, longer);

		if (fwrite(i < of->header_lines ? text + lines[i].begin : longer, 1, num_bytes, out) != num_bytes)
			stop("cannot write", name);
		if (++i == num_lines) {
			i = of->header_lines;
			later += span;
		}
	}
	if (fclose(out) != 0)
		stop("cannot write", name);
}

static void pack(const char *from, const char *filter, const char *level, const char *to)
{
	struct archive *out = archive_write_new();
	struct archive_entry *entry = archive_entry_new();
	FILE *in = fopen(from, "rb");
	static char block[1 << 16];
	size_t got;

	archive_write_set_format_raw(out);
	archive_entry_set_filetype(entry, AE_IFREG);
	if (!in || archive_write_add_filter_by_name(out, filter) != ARCHIVE_OK ||
	    archive_write_set_options(out, level) != ARCHIVE_OK || archive_write_open_filename(out, to) != ARCHIVE_OK ||
	    archive_write_header(out, entry) != ARCHIVE_OK)
		stop("cannot compress", to);
	while ((got = fread(block, 1, sizeof(block), in)) > 0)
		if (archive_write_data(out, block, got) != (la_ssize_t)got)
			stop("cannot compress", to);
	fclose(in);
	archive_entry_free(entry);
	archive_write_free(out);
}

/* ---- measurements ------------------------------------------------------------------------------------------------ */

typedef struct figures {
	double cpu_s; /* user and system: how the kernel parts them is a guess by its clock ticks */
	long peak_kib;
	uint64_t num_requests;
} figures;

static double cpu_seconds(const struct rusage *usage)
{
	return (double)(usage->ru_utime.tv_sec + usage->ru_stime.tv_sec) +
	       (double)(usage->ru_utime.tv_usec + usage->ru_stime.tv_usec) * 1e-6;
}

/* What a process of its own does, so that the peak is this trace's. */
static int read_trace(const char *format, const char *name)
{
	const trace_options options = { .format = format, .any_device = true };
	nescsim_diag *diag = nescsim_diag_create();
	trace_result result = TRACE_BROKEN;
	struct rusage before, after;
	uint64_t num_requests = 0;
	trace_record record;
	trace *in;

	getrusage(RUSAGE_SELF, &before);
	if (trace_open(name, name, &options, NULL, diag, &in) == NESCSIM_OK) {
		while ((result = trace_next(in, &record)) == TRACE_RECORD)
			num_requests++;
		trace_close(in);
	}
	getrusage(RUSAGE_SELF, &after);
	nescsim_diag_print(diag, stderr);
	nescsim_diag_destroy(diag);
	printf("%.6f %ld %" PRIu64 "\n", cpu_seconds(&after) - cpu_seconds(&before), after.ru_maxrss, num_requests);
	return result == TRACE_END ? 0 : 1;
}

/* The least time of the repetitions, and the largest peak. */
static figures measure(const char *format, const char *name, uint64_t num_repeats)
{
	figures least = { .cpu_s = 1e9 };
	char program[512], command[2048];
	const ssize_t num_bytes = readlink("/proc/self/exe", program, sizeof(program) - 1);

	if (num_bytes < 0)
		stop("cannot find", "itself");
	program[num_bytes] = '\0';
	snprintf(command, sizeof(command), "'%s' --format %s --read '%s'", program, format, name);
	for (uint64_t i = 0; i < num_repeats; i++) {
		FILE *child = popen(command, "r");
		figures found;

		if (!child ||
		    fscanf(child, "%lf %ld %" SCNu64, &found.cpu_s, &found.peak_kib, &found.num_requests) != 3 ||
		    pclose(child) != 0)
			stop("cannot read", name);
		least.num_requests = found.num_requests;
		if (found.cpu_s < least.cpu_s)
			least.cpu_s = found.cpu_s;
		if (found.peak_kib > least.peak_kib)
			least.peak_kib = found.peak_kib;
	}
	return least;
}

static double file_bytes(const char *name)
{
	struct stat information;

	return stat(name, &information) == 0 ? (double)information.st_size : 0;
}

static void bench(const sample_file *of, uint64_t wanted, uint64_t num_repeats, bool only_plain, const char *folder)
{
	static const struct {
		const char *name, *filter, *level;
	} packings[] = { { "plain", NULL, NULL },
			 { "gz", "gzip", "compression-level=6" },
			 { "xz", "xz", "compression-level=1" },
			 { "zst", "zstd", "compression-level=3" } };
	const double target = strcmp(of->format, "blkparse") == 0 ? TARGET_BLKPARSE : TARGET_OTHERS;
	char plain[2][256], packed[256];

	take_apart(of);
	for (int i = 0; i < 2; i++) {
		snprintf(plain[i], sizeof(plain[i]), "%s/%s.%d", folder, of->format, i);
		write_trace(of, i ? TIMES_LONGER * wanted : wanted, plain[i]);
	}
	for (size_t p = 0; p < (only_plain ? 1 : sizeof(packings) / sizeof(packings[0])); p++) {
		figures found[2];
		const double num = (double)(TIMES_LONGER * wanted);

		for (int i = 0; i < 2; i++) {
			snprintf(packed, sizeof(packed), "%s/packed", folder);
			if (packings[p].filter)
				pack(plain[i], packings[p].filter, packings[p].level, packed);
			found[i] = measure(of->format, packings[p].filter ? packed : plain[i], i ? num_repeats : 1);
			unlink(packed);
		}
		printf("%-9s %-6s %9.2f %9.0f %8.2f %9.2f %+9.2f   %s\n", of->format, packings[p].name,
		       num / found[1].cpu_s / 1e6, file_bytes(plain[1]) / found[1].cpu_s / 1e6,
		       (double)found[1].num_requests / num, (double)found[1].peak_kib / 1024,
		       (double)(found[1].peak_kib - found[0].peak_kib) / 1024,
		       packings[p].filter              ? "-"
		       : num / found[1].cpu_s > target ? "met"
						       : "MISSED");
		fflush(stdout);
	}
	unlink(plain[0]);
	unlink(plain[1]);
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "format", required_argument, NULL, 'f' }, { "lines", required_argument, NULL, 'l' },
		{ "repeat", required_argument, NULL, 'r' }, { "plain", no_argument, NULL, 'p' },
		{ "read", required_argument, NULL, '1' },   { NULL, 0, NULL, 0 },
	};
	const char *only = NULL, *name = NULL, *temporary = getenv("TMPDIR");
	uint64_t wanted = 200000, num_repeats = 5;
	bool only_plain = false;
	char folder[128];
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 'f')
			only = optarg;
		else if (option == 'l')
			wanted = strtoull(optarg, NULL, 10);
		else if (option == 'r')
			num_repeats = strtoull(optarg, NULL, 10);
		else if (option == 'p')
			only_plain = true;
		else if (option == '1')
			name = optarg;
		else
			return 2;
	}
	if (name)
		return read_trace(only, name);
	if (wanted == 0 || num_repeats == 0)
		stop("a number is 0", "");
	snprintf(folder, sizeof(folder), "%s/nescsim_bench_XXXXXX", temporary ? temporary : "/tmp");
	if (!mkdtemp(folder))
		stop("cannot make the folder", folder);
	printf("Readers: %" PRIu64 " lines or records of each; least CPU time of %" PRIu64 " runs\n"
	       "format    packed M lines/s      MB/s requests  peak MiB    growth   target\n",
	       TIMES_LONGER * wanted, num_repeats);
	for (size_t i = 0; i < trace_num_formats; i++) {
		const sample_file *of = NULL;

		for (size_t j = 0; j < sizeof(samples) / sizeof(samples[0]); j++)
			if (strcmp(samples[j].format, trace_formats[i].name) == 0)
				of = &samples[j];
		if (!of)
			stop("no sample of", trace_formats[i].name);
		if (!only || strcmp(only, of->format) == 0)
			bench(of, wanted, num_repeats, only_plain, folder);
	}
	rmdir(folder);
	return 0;
}
