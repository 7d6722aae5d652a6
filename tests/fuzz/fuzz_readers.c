/* Can a damaged trace crash a reader, stop it, or make it return nonsense? For each format of readers.def, mutations of the
 * files in corpus/<format>/ are read until the time is up, some of them compressed.
 *
 *   fuzz_readers [--format NAME] [--seconds NUM] [--seed NUM] [--corpus FOLDER] [--keep FOLDER]
 *   fuzz_readers [--format NAME] FILE...      reads these as they are, cases that were kept say
 *
 * A reader must survive the sanitizers that this is built with, come to an end, report each mistake with its line or its
 * event and offset, and give out records that make sense, in the order of time. What it does not survive is kept in a
 * file; put it into the corpus when it is mended. Same seed: the same cases, as many as the time allows.
 */
#include <archive.h>
#include <archive_entry.h>
#include <dirent.h>
#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/rng.h"
#include "fuzz/read_checked.h"
#include "workload/reader.h"

#define MAX_BYTES (1u << 20) /* of a case */
#define MAX_SAMPLES 64
#define MAX_PARTS 2
#define CASE_SECONDS 20 /* a case that takes longer hangs */
#define NAME_BYTES 512

typedef struct bytes {
	uint8_t *at;
	size_t num; /* at most MAX_BYTES */
} bytes;

/* Where the child is: its parent keeps the case when it dies. */
typedef struct progress {
	uint64_t round;
	uint32_t num_parts;
} progress;

typedef struct fuzzer {
	const char *format, *infix; /* infix: of recordings; NULL = there are none */
	bytes samples[MAX_SAMPLES];
	size_t num_samples;
	bytes parts[MAX_PARTS], packed;
	rng_stream rng;
	progress *progress;
	char scratch[NAME_BYTES / 2]; /* the folder of the cases */
	uint64_t num_good, num_bad, num_records;
} fuzzer;

static uint64_t seed = 1;
static double seconds = 5;
static const char *corpus = "tests/fuzz/corpus", *keep = ".";

/* Sanitizer builds ask for this. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "hard_rss_limit_mb=2048:strict_string_checks=1:detect_stack_use_after_return=0";
}

static void stop(const char *what, const char *name)
{
	fprintf(stderr, "fuzz_readers: %s %s\n", what, name);
	exit(2);
}

static uint64_t pick(fuzzer *self, uint64_t bound)
{
	return rng_uniform_u64(&self->rng, bound);
}

/* ---- mutations --------------------------------------------------------------------------------------------------- */

static void replace(bytes *of, size_t at, size_t num_old, const void *with, size_t num_new)
{
	if (of->num - num_old + num_new > MAX_BYTES)
		return;
	memmove(of->at + at + num_new, of->at + at + num_old, of->num - at - num_old);
	if (num_new)
		memcpy(of->at + at, with, num_new);
	of->num += num_new - num_old;
}

/* A copy of a piece, as it may be moved within its own file. */
static void copy_piece(bytes *of, size_t at, size_t num_old, const uint8_t *from, size_t num)
{
	uint8_t *piece = malloc(num + 1);

	if (!piece)
		stop("out of memory", "");
	memcpy(piece, from, num);
	replace(of, at, num_old, piece, num);
	free(piece);
}

static void change_byte(fuzzer *self, bytes *of)
{
	static const char interesting[] = "0123456789 \n\t\r+-[](),./#eERWFDQC\"x\0\xff";
	uint8_t *at = of->at + pick(self, of->num);

	switch (pick(self, 3)) {
	case 0:
		*at ^= (uint8_t)(1u << pick(self, 8));
		break;
	case 1:
		*at = (uint8_t)rng_bits(&self->rng);
		break;
	default:
		*at = (uint8_t)interesting[pick(self, sizeof(interesting) - 1)];
		break;
	}
}

static void insert_bytes(fuzzer *self, bytes *of)
{
	uint8_t run[64];
	const size_t num = 1 + pick(self, sizeof(run));

	memset(run, pick(self, 2) ? 0 : (int)pick(self, 256), sizeof(run));
	replace(of, pick(self, of->num + 1), 0, run, num);
}

static void remove_bytes(fuzzer *self, bytes *of)
{
	const size_t at = pick(self, of->num), left = of->num - at;
	const size_t num = 1 + pick(self, 64);

	replace(of, at, num < left ? num : left, NULL, 0);
}

static void truncate_bytes(fuzzer *self, bytes *of)
{
	of->num = 1 + pick(self, of->num);
}

/* A line with its end, or in binary files mostly a record of a usual length */
static void find_piece(fuzzer *self, const bytes *of, size_t *begin_out, size_t *num_out)
{
	static const size_t lengths[] = { 8, 32, 40, 48 };
	const size_t at = pick(self, of->num);
	const uint8_t *end = memchr(of->at + at, '\n', of->num - at);
	const uint8_t *begin = memrchr(of->at, '\n', at);

	if (memchr(of->at, '\0', of->num) && pick(self, 8)) {
		const size_t length = lengths[pick(self, sizeof(lengths) / sizeof(lengths[0]))];

		*begin_out = at - at % length;
		*num_out = of->num - *begin_out < length ? of->num - *begin_out : length;
		return;
	}
	*begin_out = begin ? (size_t)(begin - of->at) + 1 : 0;
	*num_out = (end ? (size_t)(end - of->at) + 1 : of->num) - *begin_out;
}

static void repeat_piece(fuzzer *self, bytes *of)
{
	size_t begin, num;

	find_piece(self, of, &begin, &num);
	copy_piece(of, begin, 0, of->at + begin, num);
}

static void remove_piece(fuzzer *self, bytes *of)
{
	size_t begin, num;

	find_piece(self, of, &begin, &num);
	if (num < of->num)
		replace(of, begin, num, NULL, 0);
}

static void move_piece(fuzzer *self, bytes *of)
{
	size_t begin, num, other, num_other;

	find_piece(self, of, &begin, &num);
	find_piece(self, of, &other, &num_other);
	copy_piece(of, other, 0, of->at + begin, num);
	if (begin >= other)
		begin += num;
	if (begin + num <= of->num)
		replace(of, begin, num, NULL, 0);
}

/* From another sample */
static void splice_piece(fuzzer *self, bytes *of)
{
	const bytes *other = &self->samples[pick(self, self->num_samples)];
	size_t begin, num, from, num_from;

	find_piece(self, of, &begin, &num);
	find_piece(self, other, &from, &num_from);
	copy_piece(of, begin, pick(self, 2) ? num : 0, other->at + from, num_from);
}

static bool is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

static bool is_separator(uint8_t c)
{
	return c == ',' || c == ' ' || c == '\t';
}

static void change_number(fuzzer *self, bytes *of)
{
	static const char *const numbers[] = {
		"0",
		"1",
		"511",
		"65536",
		"2147483648",
		"4294967295",
		"4294967296",
		"9007199254740993",
		"18014398509481984",
		"9223372036854775807",
		"9223372036854775808",
		"18446744073709551615",
		"18446744073709551616",
		"999999999999999999999999999999999999999999",
		"-1",
		"1.5",
		"0.000000001",
		"1e9",
		"00000000000000000000000000001",
		"0x10",
		"",
	};
	size_t begin = pick(self, of->num), end;

	while (begin < of->num && !is_digit(of->at[begin]))
		begin++;
	if (begin == of->num)
		return;
	for (end = begin; end < of->num && is_digit(of->at[end]);)
		end++;
	while (begin && is_digit(of->at[begin - 1]))
		begin--;
	if (pick(self, 2)) {
		const char *number = numbers[pick(self, sizeof(numbers) / sizeof(numbers[0]))];

		replace(of, begin, end - begin, number, strlen(number));
	} else {
		of->at[begin + pick(self, end - begin)] = (uint8_t)('0' + pick(self, 10));
	}
}

/* The fields at a place and behind it change places, or one of them goes. */
static void change_fields(fuzzer *self, bytes *of)
{
	size_t begin = pick(self, of->num), middle, end;

	while (begin && !is_separator(of->at[begin - 1]) && of->at[begin - 1] != '\n')
		begin--;
	for (middle = begin; middle < of->num && !is_separator(of->at[middle]) && of->at[middle] != '\n';)
		middle++;
	if (middle == of->num || of->at[middle] == '\n')
		return;
	for (end = middle + 1; end < of->num && !is_separator(of->at[end]) && of->at[end] != '\n';)
		end++;
	if (pick(self, 3) == 0) {
		replace(of, begin, middle + 1 - begin, NULL, 0);
	} else if (pick(self, 3) == 0) {
		copy_piece(of, begin, 0, of->at + begin, middle + 1 - begin);
	} else {
		char fields[256];
		const int num = snprintf(fields, sizeof(fields), "%.*s%c%.*s", (int)(end - middle - 1),
					 (const char *)of->at + middle + 1, of->at[middle], (int)(middle - begin),
					 (const char *)of->at + begin);

		if (num == (int)(end - begin) && num < (int)sizeof(fields))
			replace(of, begin, end - begin, fields, (size_t)num);
	}
}

/* A binary number at an even place */
static void change_word(fuzzer *self, bytes *of)
{
	static const uint64_t words[] = {
		0,
		1,
		UINT64_MAX,
		UINT64_C(1) << 31,
		UINT32_MAX,
		UINT64_C(1) << 53,
		UINT64_C(1) << 54,
		INT64_MAX,
		UINT64_C(1) << 63,
		512,
		511,
	};
	const uint64_t word = words[pick(self, sizeof(words) / sizeof(words[0]))];
	const size_t num = (size_t)2 << pick(self, 3);
	const size_t at = pick(self, of->num) & ~(size_t)1;
	const bool big_endian = pick(self, 4) == 0;

	for (size_t i = 0; i < num && at + i < of->num; i++)
		of->at[at + i] = (uint8_t)(word >> 8 * (big_endian ? num - 1 - i : i));
}

/* Beyond the reader's buffer, or a line beyond the longest */
static void grow(fuzzer *self, bytes *of)
{
	if (pick(self, 8))
		return;
	if (pick(self, 2)) {
		const size_t num = of->num;

		for (uint64_t times = pick(self, 200); times && of->num + num <= MAX_BYTES; times--)
			replace(of, of->num, 0, of->at, num);
	} else {
		uint8_t *run = malloc(2 * INPUT_MAX_LINE_BYTES);
		const size_t at = pick(self, of->num);

		if (!run)
			stop("out of memory", "");
		memset(run, of->at[at], 2 * INPUT_MAX_LINE_BYTES);
		replace(of, at, 0, run, INPUT_MAX_LINE_BYTES - 40 + pick(self, 100));
		free(run);
	}
}

static void (*const mutations[])(fuzzer *self, bytes *of) = {
	change_byte,   change_byte,   insert_bytes,  remove_bytes, truncate_bytes, repeat_piece,
	remove_piece,  move_piece,    splice_piece,  change_word,  change_word,    change_number,
	change_number, change_number, change_fields, grow,
};

static void mutate(fuzzer *self, bytes *of)
{
	for (uint64_t num = 1 + pick(self, 4); num && of->num; num--)
		mutations[pick(self, sizeof(mutations) / sizeof(mutations[0]))](self, of);
}

/* ---- cases ------------------------------------------------------------------------------------------------------- */

static void part_name(const fuzzer *self, uint32_t part, char *name)
{
	if (self->progress->num_parts > 1)
		snprintf(name, NAME_BYTES, "%s/case%s%u", self->scratch, self->infix, part);
	else
		snprintf(name, NAME_BYTES, "%s/case", self->scratch);
}

static void write_file(const char *name, const bytes *of)
{
	FILE *file;

	unlink(name); /* a file that is overwritten may go to the disk at once */
	file = fopen(name, "wb");
	if (!file || fwrite(of->at, 1, of->num, file) != of->num || fclose(file) != 0)
		stop("cannot write", name);
}

static void write_case(const fuzzer *self, uint32_t part, const bytes *of)
{
	char name[NAME_BYTES];

	part_name(self, part, name);
	write_file(name, of);
}

static void pack(fuzzer *self, const bytes *of)
{
	static const char *const filters[] = { "gzip", "bzip2", "xz", "zstd" };
	struct archive *out = archive_write_new();
	struct archive_entry *entry = archive_entry_new();

	archive_write_set_format_raw(out);
	archive_write_add_filter_by_name(out, filters[pick(self, sizeof(filters) / sizeof(filters[0]))]);
	archive_write_set_options(out, "compression-level=1");
	archive_write_set_bytes_per_block(out, 0);
	archive_entry_set_filetype(entry, AE_IFREG);
	if (archive_write_open_memory(out, self->packed.at, MAX_BYTES, &self->packed.num) != ARCHIVE_OK ||
	    archive_write_header(out, entry) != ARCHIVE_OK ||
	    archive_write_data(out, of->at, of->num) != (la_ssize_t)of->num || archive_write_close(out) != ARCHIVE_OK)
		stop("cannot compress:", archive_error_string(out));
	archive_entry_free(entry);
	archive_write_free(out);
}

/* Reads the case that was written. More can come out of packed bytes than their number. */
static void read_case(fuzzer *self, const char *format, uint64_t max_results, bool packed, read_facts *facts)
{
	char name[NAME_BYTES];
	const char *wrong;

	part_name(self, 0, name);
	alarm(CASE_SECONDS);
	wrong = read_checked(name, format, max_results, packed, facts);
	alarm(0);
	if (wrong) {
		fprintf(stderr, "%s: %s\n", self->format, wrong);
		exit(1);
	}
}

static void run_case(fuzzer *self, bool packs)
{
	const char *const format = pick(self, 8) ? self->format : NULL;
	uint64_t max_results = 0;
	read_facts facts, packed_facts;

	for (uint32_t i = 0; i < self->progress->num_parts; i++) {
		write_case(self, i, &self->parts[i]);
		max_results += self->parts[i].num;
	}
	read_case(self, format, max_results, false, &facts);
	self->num_good += facts.num_errors == 0;
	self->num_bad += facts.num_errors != 0;
	self->num_records += facts.num_records;
	if (!packs)
		return;
	pack(self, &self->parts[0]);
	if (!self->packed.num)
		return;
	write_case(self, 0, &self->packed);
	read_case(self, format, max_results, true, &packed_facts);
	if (facts.num_records != packed_facts.num_records || facts.digest != packed_facts.digest) {
		fprintf(stderr, "%s: a compressed trace is read otherwise than the plain one\n", self->format);
		exit(1);
	}
	mutate(self, &self->packed);
	write_case(self, 0, &self->packed);
	read_case(self, format, UINT64_MAX, true, &packed_facts);
}

static double now_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static void set_part(fuzzer *self, uint32_t part, const bytes *from)
{
	self->parts[part].num = 0;
	replace(&self->parts[part], 0, 0, from->at, from->num);
}

static void fuzz(fuzzer *self)
{
	const double end_s = now_s() + seconds;

	self->progress->num_parts = 1;
	for (size_t i = 0; i < self->num_samples; i++) {
		set_part(self, 0, &self->samples[i]);
		run_case(self, true);
	}
	if (!self->num_good || !self->num_records)
		stop("no file is a trace without mistakes in the corpus of", self->format);
	while (now_s() < end_s) {
		self->progress->round++;
		self->progress->num_parts = self->infix && pick(self, 3) == 0 ? MAX_PARTS : 1;
		for (uint32_t i = 0; i < self->progress->num_parts; i++) {
			set_part(self, i, &self->samples[pick(self, self->num_samples)]);
			if (i == 0 || pick(self, 2))
				mutate(self, &self->parts[i]);
		}
		run_case(self, self->progress->num_parts == 1 && pick(self, 16) == 0);
	}
	/* Some mutations do no harm, most do: otherwise this would not reach what it is for. */
	if (self->progress->round > 500 && (self->num_good < 5 || self->num_bad < 50))
		stop("nearly all cases are alike of", self->format);
	printf("%-9s %8" PRIu64 " cases, %8" PRIu64 " without a mistake, %10" PRIu64 " requests\n", self->format,
	       self->progress->round, self->num_good, self->num_records);
}

/* ---- the corpus -------------------------------------------------------------------------------------------------- */

static void load(const char *name, bytes *to)
{
	FILE *file = fopen(name, "rb");

	to->at = malloc(MAX_BYTES);
	if (!file || !to->at)
		stop("cannot read", name);
	to->num = fread(to->at, 1, MAX_BYTES, file);
	fclose(file);
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void load_samples(fuzzer *self)
{
	char name[NAME_BYTES], *names[MAX_SAMPLES];
	const struct dirent *entry;
	DIR *folder;

	snprintf(name, sizeof(name), "%s/%s", corpus, self->format);
	folder = opendir(name);
	if (!folder)
		stop("a format needs a sample or two in", name);
	while ((entry = readdir(folder)) != NULL && self->num_samples < MAX_SAMPLES)
		if (*entry->d_name != '.')
			names[self->num_samples++] = strdup(entry->d_name);
	closedir(folder);
	qsort(names, self->num_samples, sizeof(names[0]), compare_names);
	for (size_t i = 0; i < self->num_samples; i++) {
		snprintf(name, sizeof(name), "%s/%s/%s", corpus, self->format, names[i]);
		load(name, &self->samples[i]);
		if (!self->samples[i].num)
			stop("an empty file in the corpus:", name);
		free(names[i]);
	}
	if (!self->num_samples)
		stop("a format needs a sample or two in", name);
}

static void fini(fuzzer *self)
{
	for (size_t i = 0; i < self->num_samples; i++)
		free(self->samples[i].at);
	for (uint32_t i = 0; i < MAX_PARTS; i++)
		free(self->parts[i].at);
	free(self->packed.at);
}

/* ---- one process per format -------------------------------------------------------------------------------------- */

static void keep_case(fuzzer *self)
{
	for (uint32_t i = 0; i < self->progress->num_parts; i++) {
		char from[NAME_BYTES], to[NAME_BYTES];
		bytes kept;

		part_name(self, i, from);
		if (self->progress->num_parts > 1)
			snprintf(to, sizeof(to), "%s/%s-%" PRIu64 "-%" PRIu64 "%s%u", keep, self->format, seed,
				 self->progress->round, self->infix, i);
		else
			snprintf(to, sizeof(to), "%s/%s-%" PRIu64 "-%" PRIu64, keep, self->format, seed,
				 self->progress->round);
		load(from, &kept);
		write_file(to, &kept);
		free(kept.at);
		fprintf(stderr, "%s: kept as %s\n", self->format, to);
	}
}

static void remove_cases(fuzzer *self)
{
	char name[NAME_BYTES];

	for (uint32_t num_parts = 1; num_parts <= MAX_PARTS; num_parts++)
		for (uint32_t i = 0; i < num_parts && (num_parts == 1 || self->infix); i++) {
			self->progress->num_parts = num_parts;
			part_name(self, i, name);
			unlink(name);
		}
	rmdir(self->scratch);
}

static bool fuzz_format(size_t index)
{
	static const trace_reader *const readers[] = {
#define READER(name, help) &reader_##name,
#include "workload/readers.def"
#undef READER
	};
	const char *folder = getenv("TMPDIR");
	fuzzer self = { .format = trace_formats[index].name, .infix = readers[index]->part_infix };
	int status;
	pid_t child;

	self.progress = mmap(NULL, sizeof(*self.progress), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	snprintf(self.scratch, sizeof(self.scratch), "%s/nescsim_fuzz_XXXXXX", folder ? folder : "/tmp");
	if (self.progress == MAP_FAILED || !mkdtemp(self.scratch))
		stop("cannot make the folder", self.scratch);
	fflush(NULL);
	child = fork();
	if (child == 0) {
		self.rng = rng_open(seed, self.format, 0);
		load_samples(&self);
		for (uint32_t i = 0; i < MAX_PARTS; i++)
			self.parts[i].at = malloc(MAX_BYTES);
		self.packed.at = malloc(MAX_BYTES);
		if (!self.parts[0].at || !self.parts[1].at || !self.packed.at)
			stop("out of memory", "");
		fuzz(&self);
		fini(&self);
		exit(0);
	}
	if (child < 0 || waitpid(child, &status, 0) != child)
		stop("cannot start a process for", self.format);
	if (WIFSIGNALED(status))
		fprintf(stderr, "%s: %s\n", self.format,
			WTERMSIG(status) == SIGALRM ? "a case takes too long" : strsignal(WTERMSIG(status)));
	/* Exit 2: something else than the reader is wrong. */
	if (status != 0 && !(WIFEXITED(status) && WEXITSTATUS(status) == 2))
		keep_case(&self);
	remove_cases(&self);
	munmap(self.progress, sizeof(*self.progress));
	return status == 0;
}

static int read_files(const char *format, char *const *names)
{
	int status = 0;

	for (; *names; names++) {
		read_facts facts;
		const char *wrong = read_checked(*names, format, UINT64_MAX, true, &facts);

		printf("%s: %s, %" PRIu64 " requests, %" PRIu64 " mistakes\n", *names, wrong ? wrong : "fine",
		       facts.num_records, facts.num_errors);
		status |= wrong != NULL;
	}
	return status;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "format", required_argument, NULL, 'f' }, { "seconds", required_argument, NULL, 't' },
		{ "seed", required_argument, NULL, 's' },   { "corpus", required_argument, NULL, 'c' },
		{ "keep", required_argument, NULL, 'k' },   { NULL, 0, NULL, 0 },
	};
	const char *format = NULL;
	bool good = true, found = false;
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case 'f':
			format = optarg;
			break;
		case 't':
			seconds = strtod(optarg, NULL);
			break;
		case 's':
			seed = strtoull(optarg, NULL, 10);
			break;
		case 'c':
			corpus = optarg;
			break;
		case 'k':
			keep = optarg;
			break;
		default:
			return 2;
		}
	}
	if (optind < argc)
		return read_files(format, argv + optind);
	for (size_t i = 0; i < trace_num_formats; i++) {
		if (format && strcmp(format, trace_formats[i].name) != 0)
			continue;
		found = true;
		good &= fuzz_format(i);
	}
	if (!found)
		stop("unknown format", format);
	return good ? 0 : 1;
}
