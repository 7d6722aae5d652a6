/* Reads a trace to its end as validation does, going on after mistakes, and looks at all that comes out of it. */
#ifndef TESTS_READ_CHECKED_H
#define TESTS_READ_CHECKED_H

#include <stdbool.h>
#include <stdint.h>

#include "workload/trace.h"

typedef struct read_facts {
	uint64_t num_records, num_errors;
	uint64_t digest; /* of the records */
} read_facts;

/* NULL, or what no trace may make a reader do (static storage). At most `max_results` records and mistakes may come out of
 * it. `packed`: damage may be reported without a place in the unpacked file. */
const char *read_checked(const char *file_name, const char *format, uint64_t max_results, bool packed,
			 read_facts *facts_out);

#endif
