/* What this build of nescsim offers. */
#ifndef NESCSIM_INFO_H
#define NESCSIM_INFO_H

#include <stddef.h>

#include <nescsim/error.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Version of the library ("0.1.0"). */
const char *nescsim_version(void);

/* A name that can be used in a configuration, and one line of help. */
typedef struct nescsim_item {
	const char *name;
	const char *help;
} nescsim_item;

typedef enum nescsim_list {
	NESCSIM_LIST_SCHEMES,   /* schemes: [...] */
	NESCSIM_LIST_MEDIA,     /* media: {kind: ...} */
	NESCSIM_LIST_WORKLOADS, /* vms: [{workload: {kind: ...}}] */
	NESCSIM_LIST_READERS,   /* trace formats */
	NESCSIM_LIST_MAPS,      /* sources of maps of files, for nescsim_extents() */
} nescsim_list;

/* Number of items of a list, and item number `index` (from 0). Strings are static; both are NULL past the end. */
size_t nescsim_list_num(nescsim_list list);
nescsim_item nescsim_list_item(nescsim_list list, size_t index);

/* The candidate that `word` was probably meant to be, or NULL. */
const char *nescsim_nearest(const char *word, const char *const *candidates, size_t num_candidates);

/* Adds one error to diag (which may be NULL), for front ends: printed as "error: message (hint)". `hint` may be NULL.
 * Returns `status`. */
nescsim_status nescsim_diag_error(nescsim_diag *diag, nescsim_status status, const char *message, const char *hint);

#ifdef __cplusplus
}
#endif
#endif
