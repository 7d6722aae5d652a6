/* fio's jobs as a source of requests: what one job's options are, and how the jobs of a VM run on its vCPUs.
 *
 * A job has `numjobs` clones; each is a process with its own depth, pace, position and random streams. Processes are
 * dealt out to the vCPUs: number i of those that begin together runs on vCPU i % num_vcpus. All use the VM's one disk.
 * Jobs that stonewall and those behind them begin when all before them have ended; since vCPUs do not wait for each
 * other, that takes one vCPU, or one process at a time.
 */
#ifndef WORKLOAD_FIO_H
#define WORKLOAD_FIO_H

#include "workload/kind.h"

#define FIO_MAX_PROCESSES 4096 /* of one VM */
#define FIO_MAX_SPLITS 64      /* sizes of one direction */
#define FIO_LAW_SCALE 1000000

typedef enum fio_direction {
	FIO_READ,
	FIO_WRITE,
	FIO_TRIM,
	FIO_NUM_DIRECTIONS,
} fio_direction;

typedef enum fio_rw {
	FIO_RW_READ,
	FIO_RW_WRITE,
	FIO_RW_TRIM,
	FIO_RW_RANDREAD,
	FIO_RW_RANDWRITE,
	FIO_RW_RANDTRIM,
	FIO_RW_RW,
	FIO_RW_READWRITE,
	FIO_RW_RANDRW,
	FIO_RW_TRIMWRITE,
	FIO_RW_RANDTRIMWRITE,
} fio_rw;

typedef enum fio_law {
	FIO_LAW_RANDOM,
	FIO_LAW_ZIPF,
	FIO_LAW_PARETO,
} fio_law;

typedef enum fio_pace {
	FIO_LINEAR,
	FIO_POISSON,
	FIO_BURSTY,
} fio_pace;

typedef enum fio_submit_mode {
	FIO_INLINE,
	FIO_OFFLOAD,
} fio_submit_mode;

typedef enum fio_blocks_type {
	FIO_COMPLETED,
	FIO_ISSUED,
} fio_blocks_type;

typedef struct fio_split {
	int op; /* 0 = all directions, else a fio_direction + 1 */
	int64_t size_bytes, percent;
} fio_split;

/* The options of one job, as kind_fio_section decodes them. Lists of one to three are for reads, writes, trims. */
typedef struct fio_params {
	int rw, ioengine, io_submit_mode, rate_process, thinktime_blocks_type;
	bool direct, norandommap, time_based, end_fsync, stonewall;
	cfg_list bs, bssplit, percentage_random, rate, rate_iops;
	cfg_variant random_distribution;
	int64_t size_bytes, size_percent, io_size_bytes;
	int64_t offset_bytes, offset_percent, offset_increment_bytes;
	int64_t number_ios, loops, iodepth, numjobs, rwmixread;
	int64_t thinktime_blocks, burst_ios, fsync, fdatasync, randseed;
	ps_t thinktime_ps, thinktime_spin_ps, runtime_ps, startdelay_ps;
} fio_params;

typedef struct fio_law_params {
	int64_t exponent; /* times FIO_LAW_SCALE */
} fio_law_params;

typedef struct fio_job {
	const fio_params *params;
	const diag_place *place; /* for mistakes; NULL = unknown */
} fio_job;

/* What the source_kind functions of fio_kind_...() do, for jobs in this order. `jobs` and what they point to must outlive
 * the source. */
typedef struct fio_source fio_source;

/* As source_validate(). Warns of a depth that a synchronous engine does not have. */
nescsim_status fio_validate(const fio_job *jobs, size_t num_jobs, const source_context *context, nescsim_diag *diag);

/* As source_open(), of which it makes the part for the context's vCPU. On success *source_out is to be freed with
 * fio_source_close(). */
nescsim_status fio_source_open(const fio_job *jobs, size_t num_jobs, const source_context *context, nescsim_diag *diag,
			       fio_source **source_out);

void fio_source_next(fio_source *self, ps_t now_ps, source_step *step_out);
void fio_source_completed(fio_source *self, uint64_t request_number, ps_t now_ps);
uint64_t fio_source_expected_requests(const fio_source *self);

/* NULL is allowed. */
void fio_source_close(fio_source *self);

#endif
