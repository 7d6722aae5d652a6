#include "workload/workload_test.h"

#include <stdio.h>
#include <unistd.h>

test_file test_file_make(const void *bytes, size_t num_bytes)
{
	test_file file = { "/tmp/nescsim_test_XXXXXX" };
	int descriptor = mkstemp(file.name);

	assert_true(descriptor >= 0);
	assert_int_equal(write(descriptor, bytes, num_bytes), (ssize_t)num_bytes);
	close(descriptor);
	return file;
}

test_file test_file_text(const char *text)
{
	return test_file_make(text, strlen(text));
}

void test_file_remove(test_file *file)
{
	unlink(file->name);
}

char *test_diag_text(const nescsim_diag *diag, const char *file_name)
{
	char *text = NULL, *out, *from, *to;
	size_t num_bytes, name_bytes = file_name ? strlen(file_name) : 0;
	FILE *stream = open_memstream(&text, &num_bytes);

	assert_non_null(stream);
	nescsim_diag_print(diag, stream);
	fclose(stream);
	out = malloc(num_bytes + 1);
	assert_non_null(out);
	for (from = text, to = out; *from;) {
		if (name_bytes && strncmp(from, file_name, name_bytes) == 0) {
			*to++ = 'T';
			from += name_bytes;
		} else {
			*to++ = *from++;
		}
	}
	*to = '\0';
	free(text);
	return out;
}

void test_assert_diag(const nescsim_diag *diag, const char *file_name, const char *expected)
{
	char *text = test_diag_text(diag, file_name);

	assert_string_equal(text, expected);
	free(text);
}

uint32_t test_device(const trace *of, const trace_record *record)
{
	const char *name = trace_device_name(of, record->device), *last = strrchr(name, '_');
	unsigned major, minor;

	if (sscanf(name, "%u,%u", &major, &minor) == 2)
		return major << 20 | minor;
	last = last ? last + 1 : name;
	return *last >= '0' && *last <= '9' ? (uint32_t)strtoul(last, NULL, 10) : record->device;
}

size_t test_read_records(const char *file_name, trace_record *records, size_t max_records)
{
	nescsim_diag *diag = nescsim_diag_create();
	trace_record record;
	trace_result result;
	size_t num = 0;
	trace *in;

	assert_int_equal(trace_open(file_name, file_name, NULL, NULL, diag, &in), NESCSIM_OK);
	while ((result = trace_next(in, &record)) == TRACE_RECORD) {
		record.device = test_device(in, &record);
		if (num < max_records)
			records[num] = record;
		num++;
	}
	trace_close(in);
	test_assert_diag(diag, file_name, "");
	assert_int_equal(result, TRACE_END);
	nescsim_diag_destroy(diag);
	return num;
}

size_t test_read_text(const char *text, trace_record *records, size_t max_records)
{
	test_file file = test_file_text(text);
	size_t num = test_read_records(file.name, records, max_records);

	test_file_remove(&file);
	return num;
}

void test_bad_bytes(const void *bytes, size_t num_bytes, const char *expected)
{
	test_file file = test_file_make(bytes, num_bytes);
	nescsim_diag *diag = nescsim_diag_create();
	trace_summary summary;
	nescsim_status status = trace_summarize(file.name, file.name, NULL, NULL, diag, &summary);

	test_file_remove(&file);
	test_assert_diag(diag, file.name, expected);
	assert_int_equal(status, NESCSIM_TRACE);
	nescsim_diag_destroy(diag);
}

void test_bad_text(const char *text, const char *expected)
{
	test_bad_bytes(text, strlen(text), expected);
}

static uint8_t *put(uint8_t *at, uint64_t value, size_t num_bytes, bool big_endian)
{
	for (size_t i = 0; i < num_bytes; i++)
		at[i] = (uint8_t)(value >> 8 * (big_endian ? num_bytes - 1 - i : i));
	return at + num_bytes;
}

uint8_t *test_put_event(uint8_t *at, const test_event *event, bool big_endian)
{
	at = put(at, 0x65617407, 4, big_endian);
	at = put(at, 1, 4, big_endian);
	at = put(at, event->time_ns, 8, big_endian);
	at = put(at, event->sector, 8, big_endian);
	at = put(at, event->bytes, 4, big_endian);
	at = put(at, event->action, 4, big_endian);
	at = put(at, 100, 4, big_endian);
	at = put(at, event->device, 4, big_endian);
	at = put(at, event->cpu, 4, big_endian);
	at = put(at, event->error, 2, big_endian);
	at = put(at, event->pdu_bytes, 2, big_endian);
	if (event->pdu_bytes)
		memcpy(at, event->pdu, event->pdu_bytes);
	return at + event->pdu_bytes;
}

typedef struct workload_holder {
	cfg_variant workload;
} workload_holder;

static const cfg_key holder_keys[] = {
	{ .name = "workload",
	  .type = CFG_VARIANT,
	  .offset_in_struct = offsetof(workload_holder, workload),
	  .variants = &workload_variants,
	  .help = "The workload under test.",
	  .source = "the test" },
};

static const cfg_section holder_section = {
	.name = "test",
	.keys = holder_keys,
	.num_keys = 1,
	.struct_bytes = sizeof(workload_holder),
};

static nescsim_status load(test_workload *self, const char *text)
{
	char yaml[2048];
	workload_holder holder;
	nescsim_status status;

	snprintf(yaml, sizeof(yaml), "workload: %s\n", text);
	self->document = NULL;
	self->diag = nescsim_diag_create();
	status = cfg_load_text("test.yaml", yaml, NULL, 0, self->diag, &self->document);
	if (status == NESCSIM_OK)
		status = cfg_decode(self->document, &holder_section, &holder, self->diag);
	if (status == NESCSIM_OK)
		self->variant = holder.workload;
	return status;
}

void test_workload_load(test_workload *self, const char *text)
{
	nescsim_status status = load(self, text);

	test_assert_diag(self->diag, NULL, "");
	assert_int_equal(status, NESCSIM_OK);
}

void test_workload_free(test_workload *self)
{
	cfg_document_destroy(self->document);
	nescsim_diag_destroy(self->diag);
}

void test_bad_workload(const char *text, const char *expected)
{
	test_workload workload;
	nescsim_status status = load(&workload, text);

	test_assert_diag(workload.diag, NULL, expected);
	assert_int_equal(status, NESCSIM_CONFIG);
	test_workload_free(&workload);
}

source_context test_context(void)
{
	return (source_context){
		.seed = 1,
		.vm = 1,
		.num_vcpus = 1,
		.disk_bytes = UINT64_C(1) << 30,
		.instructions_per_ns_milli = 1000,
	};
}

source *test_source_open(test_workload *workload, const source_context *context)
{
	source *self;
	nescsim_status status = source_open(&workload->variant, context, NULL, workload->diag, &self);

	test_assert_diag(workload->diag, NULL, "");
	assert_int_equal(status, NESCSIM_OK);
	return self;
}

static void count_record(trace_summary *summary, const trace_record *record)
{
	summary->num_requests++;
	summary->num_by_op[record->op]++;
	summary->bytes_by_op[record->op] += record->num_sectors * IO_SECTOR_BYTES;
	if (record->completed_ps == TRACE_NO_TIME)
		summary->num_without_completion++;
	if (record->first_sector + record->num_sectors > summary->end_sector)
		summary->end_sector = record->first_sector + record->num_sectors;
	summary->span_ps = ps_max(summary->span_ps, ps_max(record->queued_ps, record->completed_ps));
}

nescsim_status trace_summarize(const char *file_name, const char *shown_name, const trace_options *options,
			       const diag_place *place, nescsim_diag *diag, trace_summary *summary_out)
{
	nescsim_status status;
	trace_record record;
	trace *self;

	memset(summary_out, 0, sizeof(*summary_out));
	status = trace_open(file_name, shown_name, options, place, diag, &self);
	if (status != NESCSIM_OK)
		return status;
	summary_out->format = trace_format(self);
	for (;;) {
		trace_result result = trace_next(self, &record);

		if (result == TRACE_END)
			break;
		if (result != TRACE_RECORD)
			status = NESCSIM_TRACE;
		if (result == TRACE_BROKEN)
			break;
		if (result == TRACE_RECORD)
			count_record(summary_out, &record);
	}
	if (status == NESCSIM_OK && summary_out->num_requests == 0) {
		trace_report_empty(self);
		status = NESCSIM_TRACE;
	}
	summary_out->num_devices = trace_num_devices(self);
	trace_close(self);
	return status;
}

size_t test_mutate(const uint8_t *original, size_t num_bytes, uint8_t *mutant, size_t max_bytes,
		   const char *interesting, rng_stream *rng)
{
	uint64_t num_changes = 1 + rng_uniform_u64(rng, 4);

	memcpy(mutant, original, num_bytes);
	for (uint64_t change = 0; change < num_changes && num_bytes > 1; change++) {
		size_t at = rng_uniform_u64(rng, num_bytes);
		size_t length = 1 + rng_uniform_u64(rng, 64);

		if (length > num_bytes - at)
			length = num_bytes - at;
		switch (rng_uniform_u64(rng, 7)) {
		case 0:
			mutant[at] ^= (uint8_t)(1u << rng_uniform_u64(rng, 8));
			break;
		case 1:
			mutant[at] = (uint8_t)rng_bits(rng);
			break;
		case 2: /* its NUL, too */
			mutant[at] = (uint8_t)interesting[rng_uniform_u64(rng, strlen(interesting) + 1)];
			break;
		case 3: /* cut the end off */
			num_bytes = at + 1;
			break;
		case 4: /* take a piece out */
			memmove(mutant + at, mutant + at + length, num_bytes - at - length);
			num_bytes -= length;
			break;
		case 5: /* repeat a piece */
			if (num_bytes + length > max_bytes)
				break;
			memmove(mutant + at + length, mutant + at, num_bytes - at);
			num_bytes += length;
			break;
		default: /* overwrite with all ones: the largest numbers */
			memset(mutant + at, 0xff, length < 8 ? length : 8);
			break;
		}
	}
	return num_bytes;
}
