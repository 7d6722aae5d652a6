/* What a fio job's options come to: the requests that it may make, and where. Plain values; no request is made here. */
#ifndef WORKLOAD_FIO_PLAN_H
#define WORKLOAD_FIO_PLAN_H

#include "base/rng.h"
#include "workload/fio.h"

/* The sizes of one direction. */
typedef struct fio_sizes {
	size_t num;
	uint64_t bytes[FIO_MAX_SPLITS];
	uint64_t weights[FIO_MAX_SPLITS];
	uint64_t min_bytes, max_bytes;
} fio_sizes;

/* What all clones of a job share. */
typedef struct fio_plan {
	const fio_params *params;
	fio_sizes sizes[FIO_NUM_DIRECTIONS];
	bool uses[FIO_NUM_DIRECTIONS];
	bool is_random, is_mixed, trims_then_writes;
	bool has_map;                          /* every block once per pass */
	uint64_t min_bytes, max_bytes;         /* of the directions that it uses */
	uint64_t first_byte, region_bytes;     /* of clone 0 */
	uint64_t depth;                        /* of each clone */
	rng_stream spread[FIO_NUM_DIRECTIONS]; /* where popular blocks lie */
} fio_plan;

/* The direction's value of a list of one to three whole numbers. */
int64_t fio_of_direction(const cfg_list *list, fio_direction direction);

/* All but `spread`. `params` must outlive the plan; whether its region holds a request, and fits the disk, is fio_validate()'s
 * to say. */
void fio_plan_make(fio_plan *self, const fio_params *params, const source_context *context);

/* Where clone k begins, and false when its region does not fit the disk. */
bool fio_plan_fits(const fio_plan *self, uint64_t clone, uint64_t disk_bytes, uint64_t *first_byte_out);

/* At how many places of its region a request of this direction can begin; its largest one fits at each. */
uint64_t fio_plan_places(const fio_plan *self, fio_direction direction);

#endif
