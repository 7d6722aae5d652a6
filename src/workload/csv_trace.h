/* Traces of one request per line with its fields between commas: what each such format is, as data.
 *
 * Lines that repeat the columns' names and blank lines are left out, and so are requests of zero bytes: they have no
 * place on a disk. Bytes that do not fill a sector are rounded out to whole sectors. Lines need not be quite sorted
 * (workload/readahead.h).
 */
#ifndef WORKLOAD_CSV_TRACE_H
#define WORKLOAD_CSV_TRACE_H

#include "workload/readahead.h"

#define CSV_MAX_HOSTS 64  /* told apart, where devices belong to hosts */
#define CSV_HOST_BYTES 64 /* a host's name, with its end */
#define CSV_MAX_HOST_DEVICES (1 << 24)

typedef enum csv_field {
	CSV_TIME,
	CSV_RESPONSE, /* in the notation of the time */
	CSV_OP,
	CSV_HOST,   /* a name, to the left of the device: a device is then host_number */
	CSV_DEVICE, /* a number; nothing is 0 */
	CSV_OFFSET,
	CSV_SIZE, /* to the right of the offset */
	CSV_IGNORED,
} csv_field;

typedef struct csv_column {
	const char *name; /* in the header */
	csv_field field;
	const char *expected; /* for messages; NULL where nothing is checked */
} csv_column;

typedef struct csv_format {
	const csv_column *columns;
	size_t num_columns;
	const char *read, *write; /* in the column CSV_OP, in any case */
	bool skips_blank_op;      /* a line without an operation is no request */
	bool decimal_seconds;     /* times are seconds with decimals; else whole numbers of tick_ps */
	ps_t tick_ps;             /* at least 1 ns; 1 ns with decimal_seconds */
	bool spreads;             /* n requests of one tick are 1/n tick apart */
	uint64_t unit_bytes;      /* of offsets and sizes */
	const char *hint;         /* what a line looks like */
	bool has_header;          /* as its makers write it; it is read with and without */
} csv_format;

/* The state of each reader. */
typedef struct csv_trace {
	readahead ahead;
	const csv_format *format;
	char late_hint[128];
	uint32_t num_hosts;
	char hosts[CSV_MAX_HOSTS][CSV_HOST_BYTES];
} csv_trace;

#define CSV_EMPTY_HINT "a request is a line that reads or writes at least one byte"

/* Does the first line that is not blank have the format's columns, as names or with its operations? */
bool csv_trace_probe(const csv_format *format, const uint8_t *head, size_t num_bytes);

/* The members of a reader. */
nescsim_status csv_trace_init(csv_trace *self, const csv_format *format, input *in);
trace_result csv_trace_next(void *state, trace_record *record_out);
void csv_trace_device_name(const void *state, uint32_t device, char *text, size_t text_bytes);
void csv_trace_fini(void *state);

/* The members of a writer. A device's name is host_number where devices belong to hosts. */
void csv_trace_begin(const csv_format *format, output *out);
void csv_trace_put(const csv_format *format, output *out, const trace_record *record, const char *device);
bool csv_trace_is_host_device(const char *name);
void csv_trace_make_host_device(uint32_t number, char *text, size_t text_bytes);

#endif
