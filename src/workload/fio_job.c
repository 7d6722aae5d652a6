#include "workload/fio_job.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/text.h"
#include "config/config.h"
#include "workload/input.h"

#define MAX_FILE_BYTES ((size_t)1 << 20)
#define MAX_JOBS 1024

#define NUM_KEYS_MAX 64 /* room for those of kind_fio_section */

/* ---- options that are not simply keys of the schema ------------------------------------------------------------- */

typedef enum treatment {
	ALIAS,
	IGNORED,
	REFUSED,
} treatment;

typedef enum notation {
	WHOLE,
	FLAG,
	INVERSE,
	MICROSECONDS,
} notation;

/* What fio_options.def says of one. */
typedef struct option {
	const char *name;
	treatment treatment;
	notation notation;
	const char *key;               /* ALIAS */
	const char *harmless, *advice; /* REFUSED */
} option;

static const option options[] = {
#define ALIAS(name, key, notation) { #name, ALIAS, notation, key, NULL, NULL },
#define IGNORED(name, reason) { #name, IGNORED, WHOLE, NULL, NULL, NULL },
#define REFUSED(name, harmless, advice) { #name, REFUSED, WHOLE, NULL, harmless, advice },
#include "workload/fio_options.def"
#undef ALIAS
#undef IGNORED
#undef REFUSED
};

#define NUM_OPTIONS (sizeof(options) / sizeof(options[0]))

static const option *find_option(const char *name)
{
	for (size_t i = 0; i < NUM_OPTIONS; i++)
		if (strcmp(options[i].name, name) == 0)
			return &options[i];
	return NULL;
}

/* ---- parsing ---------------------------------------------------------------------------------------------------- */

/* What a section says of a key of kind_fio_section, in the config's notation. */
typedef struct setting {
	char *value; /* NULL = nothing */
	size_t line, column;
} setting;

typedef struct parsed_job {
	fio_params params;
	diag_place place;
	char *name;
	cfg_document *document;
} parsed_job;

struct fio_job_file {
	char *name;
	fio_job_params params;
	cfg_variant workload;
	size_t num_jobs;
	parsed_job *parsed[MAX_JOBS];
	fio_job jobs[MAX_JOBS];
};

typedef enum where {
	NOWHERE,
	IN_GLOBAL,
	IN_JOB,
} where;

typedef struct parser {
	const char *name;
	nescsim_diag *diag, *own_diag; /* the latter if the caller has none */
	fio_job_file *file;
	unsigned num_errors;
	bool no_memory;
	size_t line; /* from 1; 0 = words, not lines */
	where where;
	char *job_name;
	size_t job_line, job_column;
	setting globals[NUM_KEYS_MAX], job[NUM_KEYS_MAX]; /* a job begins with the globals before it */
	char *disk;                                       /* the first filename */
	size_t disk_line;
} parser;

/* Returns false, for "return fail(...)". */
static bool fail(parser *p, size_t line, size_t column, const char *path, const char *hint, const char *format, ...)
	__attribute__((format(printf, 6, 7)));

static bool fail(parser *p, size_t line, size_t column, const char *path, const char *hint, const char *format, ...)
{
	const diag_place place = { .file = p->name, .line = line, .column = column, .path = path };
	va_list arguments;

	if (p->num_errors++ >= INPUT_MAX_ERRORS)
		return false;
	va_start(arguments, format);
	diag_add_va(p->diag, NESCSIM_ERROR, NESCSIM_CONFIG, &place, hint, format, arguments);
	va_end(arguments);
	return false;
}

/* What is wrong with a value; where messages about it go. */
typedef struct value_place {
	parser *p;
	const char *option;
	size_t column;
	notation notation;
} value_place;

static bool fail_value(const value_place *at, const char *value, const char *hint, const char *expected)
{
	return fail(at->p, at->p->line, at->column, at->option, hint, "expected %s, not '%.40s'", expected, value);
}

/* A table of these ends with a NULL name. */
typedef struct suffix {
	const char *name;
	uint64_t factor;
} suffix;

/* A whole number with or without a suffix of the table. False when it is none, or too large. */
static bool read_number(const char *text, const suffix *suffixes, uint64_t default_factor, uint64_t *value_out)
{
	char *end;
	unsigned long long number;
	uint64_t factor = default_factor;

	if (!isdigit((unsigned char)*text))
		return false;
	errno = 0;
	number = strtoull(text, &end, text[0] == '0' && (text[1] == 'x' || text[1] == 'X') ? 16 : 10);
	while (*end == ' ' || *end == '\t')
		end++;
	if (*end) {
		const suffix *found = suffixes;

		while (found->name && strcasecmp(found->name, end) != 0)
			found++;
		if (!found->name)
			return false;
		factor = found->factor;
	}
	if (errno || (unsigned __int128)number * factor > INT64_MAX)
		return false;
	*value_out = number * factor;
	return true;
}

#define KI UINT64_C(1024)
#define KILO UINT64_C(1000)

/* By kb_base=1024 k is 1024 and ki is 1000. */
static const suffix sizes[] = {
	{ "b", 1 },
	{ "k", KI },
	{ "kb", KI },
	{ "m", KI *KI },
	{ "mb", KI *KI },
	{ "g", KI *KI *KI },
	{ "gb", KI *KI *KI },
	{ "t", KI *KI *KI *KI },
	{ "tb", KI *KI *KI *KI },
	{ "p", KI *KI *KI *KI *KI },
	{ "pb", KI *KI *KI *KI *KI },
	{ "ki", KILO },
	{ "kib", KILO },
	{ "mi", KILO *KILO },
	{ "mib", KILO *KILO },
	{ "gi", KILO *KILO *KILO },
	{ "gib", KILO *KILO *KILO },
	{ "ti", KILO *KILO *KILO *KILO },
	{ "tib", KILO *KILO *KILO *KILO },
	{ "pi", KILO *KILO *KILO *KILO *KILO },
	{ "pib", KILO *KILO *KILO *KILO *KILO },
	{ NULL, 0 },
};

/* In us. */
static const suffix times[] = {
	{ "us", 1 },
	{ "usec", 1 },
	{ "ms", KILO },
	{ "msec", KILO },
	{ "s", KILO *KILO },
	{ "m", 60 * KILO *KILO },
	{ "h", 3600 * KILO *KILO },
	{ "d", 86400 * KILO *KILO },
	{ NULL, 0 },
};

/* Without blanks at its end. */
static void trim_end(char *text)
{
	size_t length = strlen(text);

	while (length > 0 && isspace((unsigned char)text[length - 1]))
		text[--length] = '\0';
}

/* The text within YAML's double quotes. */
static void add_quoted(text_buffer *out, const char *text)
{
	text_add(out, "\"");
	for (; *text; text++) {
		if (isalnum((unsigned char)*text) || strchr("_-.:", *text))
			text_add_bytes(out, text, 1);
		else
			text_add(out, "\\x%02x", (unsigned)(unsigned char)*text);
	}
	text_add(out, "\"");
}

static bool convert_bool(const value_place *at, const char *value, text_buffer *out)
{
	if (strcmp(value, "0") != 0 && strcmp(value, "1") != 0)
		return fail_value(at, value, NULL, "0 or 1");
	text_add(out, (*value == '1') != (at->notation == INVERSE) ? "true" : "false");
	return true;
}

static bool convert_scalar(const value_place *at, const cfg_key *key, const char *value, text_buffer *out)
{
	uint64_t number;

	switch (key->type) {
	case CFG_BOOL:
		return convert_bool(at, value, out);
	case CFG_COUNT:
		if (!read_number(value, sizes, 1, &number) || (at->notation == INVERSE && number > 100))
			return fail_value(at, value, key->help,
					  at->notation == INVERSE ? "a percentage" : "a whole number");
		text_add(out, "%llu", (unsigned long long)(at->notation == INVERSE ? 100 - number : number));
		return true;
	case CFG_BYTES:
	case CFG_RATE:
		if (!read_number(value, sizes, 1, &number))
			return fail_value(at, value, "such as 512, 4k, 64m or 1g",
					  key->type == CFG_BYTES ? "a size" : "a rate");
		text_add(out, "%llu B%s", (unsigned long long)number, key->type == CFG_BYTES ? "" : "/s");
		return true;
	case CFG_DURATION:
		if (!read_number(value, times, at->notation == MICROSECONDS ? 1 : KILO * KILO, &number))
			return fail_value(at, value,
					  at->notation == MICROSECONDS
						  ? "such as 10, 10us or 1ms; without a unit it is in us"
						  : "such as 10, 10s or 500ms; without a unit it is in s",
					  "a time");
		text_add(out, "%llu us", (unsigned long long)number);
		return true;
	default:
		add_quoted(out, value);
		return true;
	}
}

/* Values between commas; what is left out has the element's default. */
static bool convert_list(const value_place *at, const cfg_key *key, char *value, text_buffer *out)
{
	bool good = true;
	char *item;

	text_add(out, "[");
	while ((item = strsep(&value, ","))) {
		item += strspn(item, " \t");
		trim_end(item);
		if (*item)
			good &= convert_scalar(at, key->element, item, out);
		else
			text_add(out, "%s", key->element->default_text);
		text_add(out, ", ");
	}
	text_add(out, "]");
	return good;
}

/* "4k/60:64k/40" */
static bool add_splits(const value_place *at, const cfg_section *split, const char *list, const char *op,
		       text_buffer *out)
{
	const cfg_key *size_key = &split->keys[0], *percent_key = &split->keys[1];
	char *copy = strdup(list), *rest = copy, *share;
	bool good = copy != NULL;

	at->p->no_memory |= !copy;
	while (good && (share = strsep(&rest, ":"))) {
		const char *size = strsep(&share, "/");

		text_add(out, "{%s: ", size_key->name);
		good = convert_scalar(at, size_key, size, out);
		if (good && share && *share) {
			text_add(out, ", %s: ", percent_key->name);
			good = convert_scalar(at, percent_key, share, out);
			if (good && strcmp(share, "0") == 0)
				good = fail_value(at, share, "leave the size out", "a share of 1 to 100 %");
		}
		text_add(out, ", op: %s}, ", op);
	}
	free(copy);
	return good;
}

/* "4k/60:64k/40,8k/100": one list for all directions, or those of reads, writes and trims, of which the last stands for
 * what is left out. */
static bool convert_split(const value_place *at, const cfg_key *key, char *value, text_buffer *out)
{
	static const char *const ops[] = { "read", "write", "trim" };
	const cfg_section *split = key->element->section;
	const bool for_all = strchr(value, ',') == NULL;
	const char *list = NULL;
	char *rest = value;
	bool good = true;

	text_add(out, "[");
	if (for_all)
		good = add_splits(at, split, value, "all", out);
	for (size_t op = 0; good && !for_all && op < FIO_NUM_DIRECTIONS; op++) {
		if (rest)
			list = strsep(&rest, ",");
		good = add_splits(at, split, list, ops[op], out);
	}
	if (good && !for_all && rest)
		good = fail(at->p, at->p->line, at->column, at->option, "reads,writes,trims", "more than three lists");
	text_add(out, "]");
	return good;
}

/* "zipf:1.2": the kind, and its first key. */
static bool convert_variant(const value_place *at, const cfg_key *key, char *value, text_buffer *out)
{
	char *parameter = value;
	const char *kind = strsep(&parameter, ":");

	text_add(out, "{kind: ");
	add_quoted(out, kind);
	for (size_t i = 0; parameter && i < key->variants->num_rows; i++) {
		const cfg_variant_row *row = &key->variants->rows[i];

		if (strcmp(row->name, kind) != 0)
			continue;
		if (!row->section)
			return fail_value(at, parameter, NULL, "nothing behind the colon");
		text_add(out, ", %s: ", row->section->keys[0].name);
		add_quoted(out, parameter);
	}
	text_add(out, "}");
	return true;
}

static bool convert(const value_place *at, const cfg_key *key, char *value, text_buffer *out)
{
	if (strchr(value, '$'))
		return fail(at->p, at->p->line, at->column, at->option, "write the value itself",
			    "variables are not substituted");
	if (key->type == CFG_LIST && key->element->type == CFG_SECTION)
		return convert_split(at, key, value, out);
	if (key->type == CFG_LIST)
		return convert_list(at, key, value, out);
	if (key->type == CFG_VARIANT)
		return convert_variant(at, key, value, out);
	return convert_scalar(at, key, value, out);
}

/* ---- one line --------------------------------------------------------------------------------------------------- */

static void fail_unknown(parser *p, const char *name, size_t column)
{
	const char *names[NUM_OPTIONS + NUM_KEYS_MAX], *nearest;
	char hint[96] = "remove it; docs/fio.md lists what is known";
	size_t num = 0;

	for (size_t i = 0; i < kind_fio_section.num_keys; i++)
		names[num++] = kind_fio_section.keys[i].name;
	for (size_t i = 0; i < NUM_OPTIONS; i++)
		names[num++] = options[i].name;
	nearest = diag_nearest(name, names, num);
	if (nearest)
		snprintf(hint, sizeof(hint), "did you mean '%s'?", nearest);
	fail(p, p->line, column, name, hint, "this option is unknown, or not simulated");
}

static void setting_clear(setting *self)
{
	free(self->value);
	self->value = NULL;
}

static void settings_clear(setting *settings)
{
	for (size_t i = 0; i < NUM_KEYS_MAX; i++)
		setting_clear(&settings[i]);
}

/* Index of the key that is called `name` and `ending`, or that of no key: num_keys. */
static size_t index_of_key(const char *name, const char *ending)
{
	const size_t length = strlen(name);
	size_t i = 0;

	while (i < kind_fio_section.num_keys && (strncmp(kind_fio_section.keys[i].name, name, length) != 0 ||
						 strcmp(kind_fio_section.keys[i].name + length, ending) != 0))
		i++;
	return i;
}

/* The last one counts, also where one is in percent and the other is not. */
static void keep_setting(parser *p, const char *name, bool in_percent, const char *value, size_t column)
{
	setting *settings = p->where == IN_GLOBAL ? p->globals : p->job;
	const size_t num_keys = kind_fio_section.num_keys;
	const size_t whole = index_of_key(name, ""), percent = index_of_key(name, "_percent");
	setting *to = &settings[in_percent ? percent : whole];

	setting_clear(&settings[whole]);
	if (percent < num_keys)
		setting_clear(&settings[percent]);
	*to = (setting){ .value = strdup(value), .line = p->line, .column = column };
	p->no_memory |= !to->value;
}

/* fio would use several files or disks; a VM has one. */
static void take_file_name(parser *p, const char *value, size_t column)
{
	if (strchr(value, ':')) {
		fail(p, p->line, column, "filename", "name one file: the VM's disk", "several files are not simulated");
	} else if (!p->disk) {
		p->disk = strdup(value);
		p->disk_line = p->line;
		p->no_memory |= !p->disk;
	} else if (strcmp(p->disk, value) != 0) {
		fail(p, p->line, column, "filename", "one job file per VM",
		     "another file than in line %zu, but all jobs use the VM's one disk", p->disk_line);
	}
}

/* `value` is NULL where there is no "=". */
static void take_option(parser *p, const char *name, char *value, size_t column, size_t value_column)
{
	const option *its = find_option(name);
	value_place at = { .p = p, .option = name, .column = value ? value_column : column };
	text_buffer converted = TEXT_EMPTY;
	char set[] = "1";
	const char *key_name = name;
	bool in_percent;
	size_t key_idx;

	if (p->where == NOWHERE) {
		fail(p, p->line, column, name, "put [global] or a job's [name] before it",
		     "this option is in no section");
		return;
	}
	if (its && its->treatment == REFUSED) {
		if (!value || !its->harmless || strcmp(value, its->harmless) != 0)
			fail(p, p->line, column, name, its->advice, "this option is not simulated");
		return;
	}
	if (its && its->treatment == IGNORED) {
		if (strcmp(name, "filename") == 0 && value)
			take_file_name(p, value, value_column);
		return;
	}
	if (its) {
		key_name = its->key;
		at.notation = its->notation;
	}
	key_idx = index_of_key(key_name, "");
	if (key_idx == kind_fio_section.num_keys) {
		fail_unknown(p, name, column);
		return;
	}
	if (!value && at.notation == FLAG)
		value = set;
	if (!value || !*value) {
		fail(p, p->line, at.column, name, kind_fio_section.keys[key_idx].help, "has no value");
		return;
	}
	in_percent = value[strlen(value) - 1] == '%';
	if (in_percent) {
		const size_t percent_idx = index_of_key(key_name, "_percent");

		if (percent_idx == kind_fio_section.num_keys) {
			fail_value(&at, value, kind_fio_section.keys[key_idx].help, "a value that is not in percent");
			return;
		}
		key_idx = percent_idx;
		value[strlen(value) - 1] = '\0';
	}
	if (convert(&at, &kind_fio_section.keys[key_idx], value, &converted))
		keep_setting(p, key_name, in_percent, text_get(&converted), at.column);
	p->no_memory |= !text_ok(&converted);
	text_free(&converted);
}

static void end_job(parser *p);

static void take_section(parser *p, char *name, size_t column)
{
	char *end = strrchr(name, ']');

	end_job(p);
	p->where = NOWHERE;
	if (!end || end[1] || end == name) {
		fail(p, p->line, column, NULL, "[global] or [name of the job]", "a section's name must end with ]");
		p->where = IN_JOB; /* so that its options are looked at */
		return;
	}
	*end = '\0';
	p->where = strcmp(name, "global") == 0 ? IN_GLOBAL : IN_JOB;
	if (p->where == IN_GLOBAL)
		return;
	p->job_name = strdup(name);
	p->job_line = p->line;
	p->job_column = column;
	p->no_memory |= !p->job_name;
	for (size_t i = 0; i < NUM_KEYS_MAX; i++) {
		p->job[i] = p->globals[i];
		if (p->globals[i].value)
			p->job[i].value = strdup(p->globals[i].value);
		p->no_memory |= p->globals[i].value && !p->job[i].value;
	}
}

/* "name=value" or "name", which begins at `column`. */
static void take_assignment(parser *p, char *name, size_t column)
{
	const char *begin = name;
	char *value = strchr(name, '=');
	size_t value_column = column;

	if (value) {
		*value++ = '\0';
		trim_end(name);
		value += strspn(value, " \t");
		value_column = column + (size_t)(value - begin);
	} else if (strncmp(name, "include", 7) == 0) {
		name[7] = '\0';
	}
	if (!*name || name[strcspn(name, " \t")])
		fail(p, p->line, column, NULL, "name=value", "a line is a section, an option or a comment");
	else
		take_option(p, name, value, column, value_column);
}

static void take_line(parser *p, char *line)
{
	char *begin = line + strspn(line, " \t");
	const size_t column = (size_t)(begin - line) + 1;

	begin[strcspn(begin, ";#")] = '\0';
	trim_end(begin);
	if (*begin == '[')
		take_section(p, begin + 1, column);
	else if (*begin)
		take_assignment(p, begin, column);
}

/* ---- jobs ------------------------------------------------------------------------------------------------------- */

/* Mistakes of a global option are found again with each job. */
static void report_once(parser *p, const nescsim_diag *found)
{
	for (size_t i = 0; i < nescsim_diag_count(found); i++) {
		const nescsim_diag_entry *entry = nescsim_diag_at(found, i);
		bool known = false;

		for (size_t j = 0; j < nescsim_diag_count(p->diag) && !known; j++) {
			const nescsim_diag_entry *other = nescsim_diag_at(p->diag, j);

			known = other->line == entry->line && other->column == entry->column && other->file &&
				strcmp(other->file, p->name) == 0 && strcmp(other->message, entry->message) == 0;
		}
		if (!known)
			fail(p, entry->line, entry->column, entry->path, entry->hint, "%s", entry->message);
	}
}

static nescsim_status decode(parser *p, parsed_job *job)
{
	cfg_option given[NUM_KEYS_MAX];
	nescsim_diag *found = nescsim_diag_create();
	nescsim_status status;
	size_t num = 0;

	if (!found)
		return NESCSIM_NO_MEMORY;
	for (size_t i = 0; i < kind_fio_section.num_keys; i++)
		if (p->job[i].value)
			given[num++] = (cfg_option){ .key = kind_fio_section.keys[i].name,
						     .value = p->job[i].value,
						     .line = p->job[i].line,
						     .column = p->job[i].column };
	status = cfg_load_options(p->name, p->job_line, p->job_column, given, num, found, &job->document);
	if (status == NESCSIM_OK)
		status = cfg_decode(job->document, &kind_fio_section, &job->params, found);
	report_once(p, found);
	nescsim_diag_destroy(found);
	return status;
}

/* Decodes the job that ends here, if there is one. */
static void end_job(parser *p)
{
	fio_job_file *file = p->file;
	parsed_job *job;

	if (p->where == IN_JOB && p->job_name && file->num_jobs == MAX_JOBS) {
		fail(p, p->job_line, p->job_column, NULL, NULL, "more than %d jobs", MAX_JOBS);
	} else if (p->where == IN_JOB && p->job_name) {
		job = calloc(1, sizeof(*job));
		if (!job || decode(p, job) == NESCSIM_NO_MEMORY)
			p->no_memory = true;
		if (!p->job[index_of_key("direct", "")].value)
			fail(p, p->job_line, p->job_column, NULL, "add direct=1, to [global] for all jobs",
			     "job '%.60s' is buffered, by fio's default; the guest's page cache is not simulated",
			     p->job_name);
		if (job) {
			job->name = p->job_name;
			job->place = (diag_place){
				.file = file->name, .line = p->job_line, .column = p->job_column, .path = job->name
			};
			file->jobs[file->num_jobs] = (fio_job){ .params = &job->params, .place = &job->place };
			file->parsed[file->num_jobs++] = job;
			p->job_name = NULL;
		}
	}
	free(p->job_name);
	p->job_name = NULL;
	settings_clear(p->job);
}

/* What only the whole file shows. */
static void check_whole(parser *p)
{
	const fio_job_file *file = p->file;
	const diag_place place = { .file = p->name };
	int64_t num_processes = 0;

	for (size_t i = 0; i < file->num_jobs; i++)
		num_processes += file->parsed[i]->params.numjobs;
	if (file->num_jobs == 0 && p->num_errors == 0)
		fail(p, 0, 0, NULL, "such as [job] and rw=randread", "there is no job in this file");
	if (!p->disk && num_processes > 1 && p->num_errors == 0 && p->line > 0)
		diag_add(p->diag, NESCSIM_WARNING, NESCSIM_CONFIG, &place,
			 "such as filename=/dev/vdb, for fio to do so too",
			 "without a filename fio gives each job and clone a file of its own; here all use one disk");
	if (p->num_errors > INPUT_MAX_ERRORS)
		diag_add(p->diag, NESCSIM_WARNING, NESCSIM_CONFIG, &place, NULL,
			 "what is wrong after the first %d mistakes is not listed", INPUT_MAX_ERRORS);
}

static int index_of_kind(void)
{
	size_t i = 0;

	while (workload_variants.rows[i].section != &kind_fio_job_section)
		i++;
	return (int)i;
}

/* NULL: no memory. To be ended with parser_end(). */
static parser *parser_begin(const char *shown_name, nescsim_diag *diag)
{
	parser *p = calloc(1, sizeof(*p));

	NESC_ASSERT(kind_fio_section.num_keys <= NUM_KEYS_MAX, "more keys than NUM_KEYS_MAX");
	if (!p)
		return NULL;
	p->name = shown_name;
	p->own_diag = diag ? NULL : nescsim_diag_create();
	p->diag = diag ? diag : p->own_diag;
	p->file = calloc(1, sizeof(*p->file));
	if (p->file)
		p->file->name = strdup(shown_name);
	if (p->diag && p->file && p->file->name)
		return p;
	fio_job_close(p->file);
	nescsim_diag_destroy(p->own_diag);
	free(p);
	return NULL;
}

static nescsim_status parser_end(parser *p, fio_job_file **file_out)
{
	fio_job_file *file = p->file;
	nescsim_status status;

	end_job(p);
	check_whole(p);
	status = p->no_memory ? NESCSIM_NO_MEMORY : p->num_errors > 0 ? NESCSIM_CONFIG : NESCSIM_OK;
	settings_clear(p->globals);
	nescsim_diag_destroy(p->own_diag);
	free(p->disk);
	free(p);
	if (status != NESCSIM_OK) {
		fio_job_close(file);
		return status;
	}
	file->params = (fio_job_params){ .file = { .text = file->name, .resolved = file->name }, .parsed = file };
	file->workload = (cfg_variant){ .index = index_of_kind(), .name = "fio_job", .params = &file->params };
	*file_out = file;
	return NESCSIM_OK;
}

nescsim_status fio_job_parse(const char *text, const char *shown_name, nescsim_diag *diag, fio_job_file **file_out)
{
	parser *p = parser_begin(shown_name, diag);
	char *copy = strdup(text), *rest = copy, *line;

	*file_out = NULL;
	if (!p) {
		free(copy);
		return NESCSIM_NO_MEMORY;
	}
	p->no_memory = !copy;
	while (!p->no_memory && (line = strsep(&rest, "\n"))) {
		p->line++;
		take_line(p, line);
	}
	free(copy);
	return parser_end(p, file_out);
}

nescsim_status fio_job_words(const char *const *given, size_t num_words, const char *shown_name, nescsim_diag *diag,
			     fio_job_file **file_out)
{
	parser *p = parser_begin(shown_name, diag);
	char section[] = "command line]";

	*file_out = NULL;
	if (!p)
		return NESCSIM_NO_MEMORY;
	take_section(p, section, 0);
	keep_setting(p, "direct", false, "true", 0);
	for (size_t i = 0; i < num_words && !p->no_memory; i++) {
		char *copy = strdup(given[i]);

		if (copy)
			take_assignment(p, copy, 0);
		p->no_memory |= !copy;
		free(copy);
	}
	return parser_end(p, file_out);
}

nescsim_status fio_job_open(const char *file_name, const char *shown_name, const diag_place *place, nescsim_diag *diag,
			    fio_job_file **file_out)
{
	const diag_place file_place = { .file = shown_name };
	text_buffer text = TEXT_EMPTY;
	char buffer[4096];
	size_t num_bytes;
	nescsim_status status;
	FILE *in = fopen(file_name, "rb");

	*file_out = NULL;
	if (!in)
		return diag_add(diag, NESCSIM_ERROR, NESCSIM_IO, place ? place : &file_place, NULL,
				"cannot read job file '%s': %s", shown_name, strerror(errno));
	while (text.num_bytes <= MAX_FILE_BYTES && (num_bytes = fread(buffer, 1, sizeof(buffer), in)) > 0)
		text_add_bytes(&text, buffer, num_bytes);
	if (ferror(in))
		status = diag_add(diag, NESCSIM_ERROR, NESCSIM_IO, place ? place : &file_place, NULL,
				  "cannot read job file '%s': %s", shown_name, strerror(errno));
	else if (!text_ok(&text))
		status = NESCSIM_NO_MEMORY;
	else if (text.num_bytes > MAX_FILE_BYTES || strlen(text_get(&text)) != text.num_bytes)
		status = diag_add(diag, NESCSIM_ERROR, NESCSIM_CONFIG, &file_place, "is it really a job file?",
				  text.num_bytes > MAX_FILE_BYTES ? "larger than 1 MiB" : "not a text");
	else
		status = fio_job_parse(text_get(&text), shown_name, diag, file_out);
	fclose(in);
	text_free(&text);
	return status;
}

void fio_job_close(fio_job_file *file)
{
	if (!file)
		return;
	for (size_t i = 0; i < file->num_jobs; i++) {
		cfg_document_destroy(file->parsed[i]->document);
		free(file->parsed[i]->name);
		free(file->parsed[i]);
	}
	free(file->name);
	free(file);
}

const fio_job *fio_job_jobs(const fio_job_file *file, size_t *num_out)
{
	*num_out = file->num_jobs;
	return file->jobs;
}

const cfg_variant *fio_job_workload(const fio_job_file *file)
{
	return &file->workload;
}
