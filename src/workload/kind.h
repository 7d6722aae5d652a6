/* What a workload kind provides: one file, kind_<name>.c, and one line in workloads.def. */
#ifndef WORKLOAD_KIND_H
#define WORKLOAD_KIND_H

#include "workload/source.h"

/* What a workload asks of a file when its requests are one process's operations. */
typedef struct source_file_needs {
	uint64_t file_bytes;      /* it fits no smaller file */
	uint64_t operation_bytes; /* its largest operation */
} source_file_needs;

typedef struct source_kind {
	size_t state_bytes; /* of zeroed memory that the kind gets */
	bool has_app_layer, has_operations;

	/* As source_open(); close() is called in every case. `params` is the kind's decoded section. */
	nescsim_status (*open)(void *state, const void *params, const source_context *context, const diag_place *place,
			       nescsim_diag *diag);
	void (*next)(void *state, ps_t now_ps, source_step *step_out);
	void (*completed)(void *state, uint64_t request_number, ps_t now_ps);
	uint64_t (*expected_requests)(const void *state);
	uint64_t (*expected_bytes)(const void *state); /* NULL: unknown */
	void (*close)(void *state);
	/* As source_validate(); or as source_prepare(), with what is to be shared, its notes (NULL: none) and its end. One of
	 * the two. */
	nescsim_status (*validate)(const void *params, const source_context *context, const diag_place *place,
				   nescsim_diag *diag);
	nescsim_status (*prepare)(const void *params, const source_context *context, const diag_place *place,
				  nescsim_diag *diag, void **shared_out);
	const char *(*notes)(const void *shared);
	void (*unshare)(void *shared);
	/* NULL: it reads none. */
	source_files (*files)(const void *params);
	/* As source_count_tenants(). NULL: it cannot be dealt out. */
	nescsim_status (*count_tenants)(const void *params, const diag_place *place, nescsim_diag *diag,
					uint32_t *num_out);
	/* Can each vCPU be a process that does one operation at a time on a file of its own? Reports why not. NULL: the
	 * kind makes block requests and nothing else. */
	nescsim_status (*file_needs)(const void *params, const source_context *context, const diag_place *place,
				     nescsim_diag *diag, source_file_needs *needs_out);
} source_kind;

#define WORKLOAD(name, help)                  \
	extern const source_kind kind_##name; \
	extern const cfg_section kind_##name##_section;
#include "workload/workloads.def"
#undef WORKLOAD

/* The kind of a decoded workload. */
const source_kind *kind_of(const cfg_variant *workload);

/* Adds a mistake at key `key` of the workload at `place` (which may be NULL). */
nescsim_status kind_report(nescsim_diag *diag, const diag_place *place, const char *key, const char *hint,
			   const char *format, ...) __attribute__((format(printf, 5, 6)));

#endif
