/* What nescsim_result is inside, and who fills in and writes its parts. */
#ifndef RUN_OUTCOME_H
#define RUN_OUTCOME_H

#include <jansson.h>

#include "metrics/folder.h"
#include "nescsim/result.h"
#include "run/scheme.h"

#define SATURATED_PPM 800000 /* a unit this busy is called the bottleneck */

typedef struct bottleneck {
	nescsim_bottleneck finding;
	char unit[UNIT_NAME_BYTES];
	char sentence[256];
} bottleneck;

struct nescsim_result {
	json_t *config;  /* effective */
	json_t *figures; /* that the configuration wants */
	json_t *notes;   /* what the user should know of the workloads: an array of texts */
	json_t *files; /* that it was made of, besides the configuration: input_files_list(); NULL without out_folder */
	int64_t seed;
	bool has_requests; /* requests.csv is asked for */
	bool is_checked;   /* check mode, and no violation */
	uint32_t num_vms;
	scheme_result *schemes;
	bottleneck *bottlenecks;
	size_t num_schemes;
	nescsim_row *rows;
	size_t num_rows, max_rows;
	metrics_layer layer; /* the outermost one that all requests have: what the table shows */
	char *out_folder;    /* or NULL */
};

/* Makes rows and bottlenecks once all schemes are simulated. Returns NESCSIM_OK or NESCSIM_NO_MEMORY. */
nescsim_status result_evaluate(nescsim_result *result);

/* Finds what limits the scheme. Returns NESCSIM_OK or NESCSIM_NO_MEMORY. */
nescsim_status bottleneck_find(const scheme_result *scheme, metrics_layer layer, bottleneck *bottleneck_out);

/* Writes all files. Returns NESCSIM_OK, NESCSIM_IO or NESCSIM_NO_MEMORY. */
nescsim_status result_write(const nescsim_result *result, folder *into);

/* Does the folder get this file? */
bool result_has_file(const nescsim_result *result, folder_file file);

/* numerator / denominator in millionths, halves up; 0 / 0 is 0. */
uint32_t ratio_ppm(metrics_u128 numerator, metrics_u128 denominator);

#endif
