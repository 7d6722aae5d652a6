#include "fuzz/read_checked.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *check_record(const trace_record *record, uint64_t num, ps_t last_queued_ps, size_t num_files,
				uint32_t num_devices)
{
	if (record->ordinal != num)
		return "a record's ordinal is not the number of those before it";
	if (record->op < IO_READ || record->op >= IO_NUM_OPS)
		return "a record has no operation";
	if (record->first_sector > TRACE_MAX_SECTOR || record->num_sectors > TRACE_MAX_SECTOR - record->first_sector)
		return "a record ends beyond the last sector";
	if ((record->num_sectors == 0) != (record->op == IO_FLUSH))
		return "a record other than a flush has no sectors, or a flush has some";
	if (record->queued_ps < last_queued_ps)
		return "a record is earlier than the one before";
	if (record->issued_ps < record->queued_ps)
		return "a record was issued before it was queued";
	if (record->completed_ps != TRACE_NO_TIME && record->completed_ps < record->queued_ps)
		return "a record was completed before it was queued";
	if (record->gap_ps < 0 || (num != 0 && record->anchor >= num))
		return "a record follows itself or a later one";
	if (record->file >= num_files || record->device >= num_devices)
		return "a record is of no file or no device";
	if (record->position.line == 0 && record->position.event == 0)
		return "a record does not know where it stands";
	return NULL;
}

static uint64_t digest(uint64_t sum, uint64_t value)
{
	return (sum ^ value) * UINT64_C(0x100000001b3);
}

static uint64_t digest_record(uint64_t sum, const trace_record *record)
{
	const uint64_t values[] = { (uint64_t)record->op,
				    record->flags,
				    record->device,
				    record->first_sector,
				    record->num_sectors,
				    (uint64_t)record->queued_ps,
				    (uint64_t)record->issued_ps,
				    (uint64_t)record->completed_ps,
				    (uint64_t)record->after,
				    record->anchor };

	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
		sum = digest(sum, values[i]);
	return sum;
}

/* Does every mistake since entry `from` say where it is? */
static bool has_places(const nescsim_diag *diag, size_t from, bool packed)
{
	const nescsim_diag_entry *entry;

	for (; (entry = nescsim_diag_at(diag, from)) != NULL; from++)
		if (entry->severity == NESCSIM_ERROR && entry->line == 0 && strncmp(entry->message, "event ", 6) != 0 &&
		    !(packed && strstr(entry->message, "compressed file")))
			return false;
	return true;
}

static const char *read_all(trace *in, nescsim_diag *diag, uint64_t max_results, bool packed, read_facts *facts)
{
	ps_t last_queued_ps = 0;
	trace_result result;

	for (uint64_t num_results = 0;; num_results++) {
		const size_t num_entries = nescsim_diag_count(diag), num_errors = nescsim_diag_num_errors(diag);
		const char *wrong;
		trace_record record;

		result = trace_next(in, &record);
		if ((nescsim_diag_num_errors(diag) > num_errors) != (result == TRACE_BAD || result == TRACE_BROKEN))
			return "a mistake is not reported, or something else is";
		if (!has_places(diag, num_entries, packed))
			return "a mistake is reported without its line, or event and offset";
		if (result == TRACE_END || result == TRACE_BROKEN)
			return NULL;
		if (num_results == max_results)
			return "more comes out than went in";
		if (result != TRACE_RECORD)
			continue;
		wrong = check_record(&record, facts->num_records, last_queued_ps, trace_num_files(in),
				     trace_num_devices(in));
		if (wrong)
			return wrong;
		last_queued_ps = record.queued_ps;
		facts->num_records++;
		facts->digest = digest_record(facts->digest, &record);
	}
}

const char *read_checked(const char *file_name, const char *format, uint64_t max_results, bool packed,
			 read_facts *facts_out)
{
	const trace_options options = { .format = format, .any_device = true };
	nescsim_diag *diag = nescsim_diag_create();
	const char *wrong = NULL;
	size_t num_files = 1;
	trace *in;

	*facts_out = (read_facts){ .digest = 1 };
	if (trace_open(file_name, file_name, &options, NULL, diag, &in) == NESCSIM_OK) {
		num_files = trace_num_files(in);
		wrong = read_all(in, diag, max_results, packed, facts_out);
		trace_close(in);
	} else if (nescsim_diag_num_errors(diag) == 0) {
		wrong = "a trace that does not open is not reported";
	}
	facts_out->num_errors = nescsim_diag_num_errors(diag);
	if (facts_out->num_errors > INPUT_MAX_ERRORS * num_files)
		wrong = "more mistakes of a file are reported than the limit";
	if (wrong)
		nescsim_diag_print(diag, stderr);
	nescsim_diag_destroy(diag);
	return wrong;
}
