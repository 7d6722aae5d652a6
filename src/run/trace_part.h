/* A user's choice of a part of a trace, for what the command line calls a trace. */
#ifndef RUN_TRACE_PART_H
#define RUN_TRACE_PART_H

#include "base/units.h"
#include "nescsim/trace.h"
#include "workload/convert.h"
#include "workload/trace.h"

/* The options to open it with; requests of all devices unless one is chosen. Returns NESCSIM_OK or NESCSIM_USAGE (`skip` or
 * `window` is no time). */
nescsim_status trace_part_options(const nescsim_trace_input *part, nescsim_diag *diag, trace_options *options_out);

/* A positive quantity that the option `name` gives, as text such as `example`. Returns NESCSIM_OK or NESCSIM_USAGE. */
nescsim_status trace_part_quantity(const char *name, units_kind kind, const char *text, const char *example,
				   nescsim_diag *diag, int64_t *value_out);

/* Lines of what was left out of a trace's files. */
void trace_part_print_skipped(const trace *of, FILE *out);

/* Makes the file, and says what it lost. Returns as nescsim_trace_convert(). */
nescsim_status trace_part_write(convert_open_fn open, void *context, const nescsim_trace_output *target, FILE *out,
				nescsim_diag *diag);

#endif
