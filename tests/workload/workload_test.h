/* What the tests of the workload room share: traces made on the spot, diagnostics as text, workloads from YAML. */
#ifndef TESTS_WORKLOAD_TEST_H
#define TESTS_WORKLOAD_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"
#include "config/config.h"
#include "workload/source.h"
#include "workload/trace.h"

/* A file with a random name in the temporary folder; the caller removes it with test_file_remove(). */
typedef struct test_file {
	char name[64];
} test_file;

test_file test_file_make(const void *bytes, size_t num_bytes);
test_file test_file_text(const char *text);
void test_file_remove(test_file *file);

/* All of diag as text, one entry per line, with the file's name (if given) shown as "T". To be freed. */
char *test_diag_text(const nescsim_diag *diag, const char *file_name);

/* Fails the test unless diag prints as `expected`. */
void test_assert_diag(const nescsim_diag *diag, const char *file_name, const char *expected);

/* Makes one to four changes - bits, bytes, `interesting` characters or zeros, cuts, repetitions - to a copy of `original` in
 * `mutant` (max_bytes >= num_bytes). Returns how many bytes that has. */
size_t test_mutate(const uint8_t *original, size_t num_bytes, uint8_t *mutant, size_t max_bytes,
		   const char *interesting, rng_stream *rng);

/* The record's device as the trace names it: major << 20 | minor, or the last number of its name, or else its index. */
uint32_t test_device(const trace *of, const trace_record *record);

/* The records of a trace that must be free of mistakes; their devices are test_device()s. Returns how many. */
size_t test_read_records(const char *file_name, trace_record *records, size_t max_records);

/* The same for blkparse text. */
size_t test_read_text(const char *text, trace_record *records, size_t max_records);

/* Reading this must fail with these diagnostics ("T" stands for the file). */
void test_bad_text(const char *text, const char *expected);
void test_bad_bytes(const void *bytes, size_t num_bytes, const char *expected);

/* One binary event. */
typedef struct test_event {
	uint64_t time_ns, sector;
	uint32_t bytes, action, device, cpu;
	uint16_t error, pdu_bytes;
	const void *pdu;
} test_event;

/* Categories as they stand in an action word */
#define TEST_WRITE (1u << 17)
#define TEST_FLUSH (1u << 18)
#define TEST_NOTIFY (1u << 26)
#define TEST_DISCARD (1u << 29)
#define TEST_FUA (1u << 31)

/* Writes the event and returns the place behind it. */
uint8_t *test_put_event(uint8_t *at, const test_event *event, bool big_endian);

/* What one pass over a trace shows. */
typedef struct trace_summary {
	const char *format;
	uint64_t num_requests;
	uint64_t num_by_op[IO_NUM_OPS], bytes_by_op[IO_NUM_OPS];
	uint64_t num_without_completion;
	uint64_t end_sector; /* first sector behind the highest one touched, discards included */
	ps_t span_ps;        /* from the first event to the last queueing or completion */
	uint32_t num_devices;
} trace_summary;

/* Reads the whole trace and reports every mistake (at most INPUT_MAX_ERRORS). A trace without a request is one. */
nescsim_status trace_summarize(const char *file_name, const char *shown_name, const trace_options *options,
			       const diag_place *place, nescsim_diag *diag, trace_summary *summary_out);

/* A workload decoded from YAML flow text such as "{kind: dd, count: 3}". */
typedef struct test_workload {
	cfg_document *document;
	nescsim_diag *diag;
	cfg_variant variant;
} test_workload;

/* Fails the test when the text does not decode. */
void test_workload_load(test_workload *self, const char *text);
void test_workload_free(test_workload *self);

/* The diagnostics of a workload that does not decode. */
void test_bad_workload(const char *text, const char *expected);

/* One vCPU of VM 1 with seed 1, a disk of 1 GiB and one instruction per nanosecond. */
source_context test_context(void);

/* Fails the test when opening fails. */
source *test_source_open(test_workload *workload, const source_context *context);

#endif
