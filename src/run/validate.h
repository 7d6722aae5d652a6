/* How a published claim is judged: what its rows measure, and which values they accept. */
#ifndef RUN_VALIDATE_H
#define RUN_VALIDATE_H

#include <stdbool.h>

#include "base/text.h"
#include "base/time.h"
#include "config/config.h"
#include "metrics/decimal.h"
#include "nescsim/validate.h"

#define CLAIM_MAX_SIZES 16

/* The files of configs/figures/ that claims.def names, and their bases; made by CMake. */
extern const cfg_file experiment_files[];
extern const size_t num_experiment_files;

/* In kB/s, ns or thousandths. */
typedef enum claim_quantity {
	CLAIM_RATE,
	CLAIM_LATENCY,
	CLAIM_MORE_LATENCY,
	CLAIM_TIMES_LATENCY,
	CLAIM_TIMES_RATE,
} claim_quantity;

typedef struct claim_bounds {
	int64_t low, high;  /* INT64_MIN, INT64_MAX: none */
	bool above;         /* `low` itself is too low */
	int64_t peak_bytes; /* instead of both: the size with the largest value; 0 = no matter */
} claim_bounds;

/* What holding a claim of a kind means, by nescsim_claim.fitted. */
typedef struct claim_kind {
	const char *name, *meaning;
} claim_kind;

extern const claim_kind claim_kinds[2];

/* A row of the tables of claims, in columns that are called so. */
#define CLAIM_NUM_COLUMNS 7
extern const char *const claim_columns[CLAIM_NUM_COLUMNS];
void claim_cells(const nescsim_finding *of, const char *cells_out[CLAIM_NUM_COLUMNS]);

/* Adds "5 hold, 7 miss"; false, and nothing, when there is no claim of the kind. */
bool claim_add_count(const nescsim_validation *from, int fitted, text_buffer *text);

/* What one simulation gave, in one scheme and operation. */
typedef struct claim_measure {
	ps_t mean_ps;
	uint64_t num_bytes;
	ps_t simulated_ps; /* > 0 */
} claim_measure;

/* An exact value: a fraction of the quantity's unit. */
typedef struct claim_value {
	metrics_i128 numerator, denominator; /* > 0 */
} claim_value;

/* The quantity; `reference` is NULL where it needs none. */
claim_value claim_evaluate(claim_quantity quantity, const claim_measure *subject, const claim_measure *reference);

/* -1, 0, 1: one is less than, equal to, more than the other. */
int claim_compare(claim_value one, claim_value other);

/* Which of the values, at sizes that double from first_bytes on, are not as the bounds want it: bit i for value i. */
unsigned claim_misses(const claim_bounds *bounds, int64_t first_bytes, const claim_value *values, unsigned num_values);

#endif
