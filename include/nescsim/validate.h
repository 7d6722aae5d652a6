/* Published claims, beside what this version simulates. */
#ifndef NESCSIM_VALIDATE_H
#define NESCSIM_VALIDATE_H

#include <stddef.h>
#include <stdio.h>

#include <nescsim/config.h>
#include <nescsim/error.h>

#ifdef __cplusplus
extern "C" {
#endif

/* One row of what was published. Strings are static. */
typedef struct nescsim_claim {
	const char *id;     /* "virtio-latency"; the rows of one claim share it */
	const char *op;     /* "read" or "write" */
	int fitted;         /* 1: constants were chosen to meet it, so that holding is no evidence; 0: a prediction */
	const char *source; /* who says so: "thesis", or "derived" from it by us */
	const char *published; /* the relation in words */
	const char *lacking;   /* what the model would need to meet it, as far as known; or NULL */
} nescsim_claim;

/* Number of rows, and row number `index` (from 0), NULL past the end. */
size_t nescsim_num_claims(void);
const nescsim_claim *nescsim_claim_at(size_t index);

typedef enum nescsim_verdict {
	NESCSIM_HOLDS,
	NESCSIM_MISS,
	NESCSIM_NOT_SIMULATED, /* a scheme that it needs was left out (override of `schemes`) */
} nescsim_verdict;

/* "holds", "MISS" or "not simulated"; static. */
const char *nescsim_verdict_text(nescsim_verdict verdict);

/* A row's outcome. Strings live as long as the nescsim_validation. */
typedef struct nescsim_finding {
	const nescsim_claim *claim;
	const char *reading;   /* the relation as numbers, and the request sizes: "> 6x, 512 B ... 2 KiB" */
	const char *simulated; /* least and most over the sizes: "6.1x ... 7.2x"; "" when not simulated */
	const char *missed_at; /* of a miss: the sizes at which it does not hold: "512 B, 1 KiB"; else "" */
	nescsim_verdict verdict;
} nescsim_finding;

/* What became of some claims. */
typedef struct nescsim_validation nescsim_validation;

/* Simulates the experiments that the claims of these names need, and judges them; no names (num_ids 0): all. The
 * experiments are configs/figures/, which are part of the library; `overrides` (NULL when there are none) change a key in
 * each. `progress` gets a progress line when it is a terminal; NULL = none.
 *
 * Returns NESCSIM_OK, whatever the verdicts; NESCSIM_USAGE (an unknown claim; the nearest match is in diag); or as
 * nescsim_config_load() and nescsim_run(). On success *validation_out is to be freed with nescsim_validation_destroy(),
 * otherwise it is NULL. */
nescsim_status nescsim_validate(const char *const *ids, size_t num_ids, const nescsim_override *overrides,
				size_t num_overrides, FILE *progress, nescsim_diag *diag,
				nescsim_validation **validation_out);

/* NULL is allowed. */
void nescsim_validation_destroy(nescsim_validation *validation);

/* Number of rows judged, and number `index` (from 0) in the order of the claims, NULL past the end. */
size_t nescsim_validation_num(const nescsim_validation *validation);
const nescsim_finding *nescsim_validation_at(const nescsim_validation *validation, size_t index);

/* How many rows have this verdict: fitted ones (1) or predictions (0), which are never counted together. */
size_t nescsim_validation_count(const nescsim_validation *validation, int fitted, nescsim_verdict verdict);

/* Writes both kinds as tables, each with its misses explained and its count. Returns NESCSIM_OK, NESCSIM_IO or
 * NESCSIM_NO_MEMORY. */
nescsim_status nescsim_validation_print(const nescsim_validation *validation, FILE *out);

#ifdef __cplusplus
}
#endif
#endif
