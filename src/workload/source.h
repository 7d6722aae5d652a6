/* A source of requests: one per vCPU that issues. Generators and trace replay look the same to the guest.
 *
 * The guest asks `next` what to do; the source answers with one step. It is asked again after the step is
 * done (a submission handed to the block layer, think time spent, the time reached, one completion arrived).
 * The source never sees engine time: `now_ps` is the guest's own local time.
 *
 * Some sources have operations: what an application asks for is not a block request but what a filesystem turns into
 * several of them, and into work of the guest's kernel. One operation at a time is under way, from SOURCE_BEGIN to
 * SOURCE_FINISH; block requests may outlive it.
 */
#ifndef WORKLOAD_SOURCE_H
#define WORKLOAD_SOURCE_H

#include "base/diag.h"
#include "config/schema.h"
#include "workload/io.h"

typedef enum source_action {
	SOURCE_SUBMIT,      /* hand `request` to the block layer now; arrival_ps says since when its latency counts */
	SOURCE_THINK,       /* spend `duration_ps` of CPU work on this vCPU (interrupts preempt, hence extend it) */
	SOURCE_WAIT_UNTIL,  /* nothing to do before `until_ps` (a timer; the vCPU may idle) */
	SOURCE_WAIT_EITHER, /* nothing to do before `until_ps` or a completion, whichever is first */
	SOURCE_WAIT,        /* nothing to do before a completion arrives */
	SOURCE_END,         /* no request will follow; outstanding ones still complete */
	SOURCE_FAILED,      /* the input broke midway; the diag given to source_open() says where */
	SOURCE_BEGIN,       /* the application begins an operation (its system call), described by `request` */
	SOURCE_WORK,        /* spend `duration_ps` of the kernel's CPU work on it; interrupts wait for the work's end */
	SOURCE_FINISH,      /* the operation is done: its system call may return */
} source_action;

typedef struct source_step {
	source_action action;
	io_request request; /* SOURCE_SUBMIT; SOURCE_BEGIN: the operation's number (they count for themselves), and
			     * sectors of its file */
	ps_t arrival_ps;    /* SOURCE_SUBMIT: recorded or drawn arrival of an open loop (<= now); -1 = at submission */
	ps_t duration_ps;   /* SOURCE_THINK, SOURCE_WORK */
	ps_t until_ps;      /* SOURCE_WAIT_UNTIL, SOURCE_WAIT_EITHER */
	const char *what;   /* SOURCE_WORK: a name for it, of static storage */
} source_step;

typedef struct source source;

/* What a source needs to know about the vCPU that it feeds. */
typedef struct source_context {
	uint64_t seed;            /* of the run */
	uint32_t vm;              /* VM number from 1 (tenant number in `host`) */
	uint32_t vcpu, num_vcpus; /* this vCPU and how many the VM has; generators share their depth out, slot %
				    * num_vcpus; a trace is replayed on vCPU 0 alone */
	uint64_t disk_bytes;      /* size of the virtual disk */
	int64_t instructions_per_ns_milli;  /* guest.instructions_per_ns * 1000: divides recorded think time */
	const cfg_variant *filesystem;      /* of filesystem_variants: what the workload's requests go through in the
					    * guest; NULL: none */
	const diag_place *filesystem_place; /* where that stands in the config; NULL = unknown */
	uint32_t tenant, num_tenants; /* this VM among those of its entry, from 0, and how many these are; 0 = 1 */
	const void *shared;           /* source_shared_data(): of source_prepare(); NULL = opened alone */
	bool has_own_file;            /* the `disk` is this vCPU's alone: generators deal out their requests, but
					     * not the places */
} source_context;

/* Workload kinds (generators and `trace`) with their schema sections: the config's `workload: {kind: …}`. */
extern const cfg_variants workload_variants;

/* Guest filesystems with their schema sections: the config's `filesystem: {kind: …}`. */
extern const cfg_variants filesystem_variants;

/* Opens the workload for one vCPU, on its filesystem if there is one. Returns NESCSIM_OK, NESCSIM_CONFIG (it does not
 * fit the disk, or the filesystem), NESCSIM_TRACE, NESCSIM_IO or NESCSIM_NO_MEMORY; mistakes are in `diag`, which must
 * outlive the source, as must `workload` and the context's filesystem.
 * `place` is where the workload stands in the config (NULL = unknown). On success *source_out is to be freed with
 * source_close(). */
nescsim_status source_open(const cfg_variant *workload, const source_context *context, const diag_place *place,
			   nescsim_diag *diag, source **source_out);

/* What to do at `now_ps`. No allocation on this path. */
void source_next(source *self, ps_t now_ps, source_step *step_out);

/* The request with this number completed at `now_ps` (in the block layer). */
void source_completed(source *self, uint64_t request_number, ps_t now_ps);

/* True when the source's latency includes a system call (dd, applications): the run then reports the app layer too. */
bool source_has_app_layer(const source *self);

/* True when the app layer's latencies run from SOURCE_BEGIN to SOURCE_FINISH; requests then have no app layer of their
 * own. */
bool source_has_operations(const source *self);

/* Requests that this source will issue in all (operations, if it has any), or 0 when unknown (progress estimates). */
uint64_t source_expected_requests(const source *self);

/* The bytes of these, or 0 when unknown. */
uint64_t source_expected_bytes(const source *self);

void source_close(source *self);

/* What the VMs of an entry share of their workload. */
typedef struct source_shared source_shared;

/* Checks a workload before anything runs - trace exists, is readable and whole, fits the disks; one pass over the file
 * that also counts - and keeps what its sources need of that. `context` is that of the entry's first VM. Adds every
 * mistake (at most 20 per file) to diag. Returns as source_open(). On success *shared_out is to be freed with
 * source_unshare() after all sources; `diag`, `workload` and the context's filesystem must outlive it. */
nescsim_status source_prepare(const cfg_variant *workload, const source_context *context, const diag_place *place,
			      nescsim_diag *diag, source_shared **shared_out);
void source_unshare(source_shared *self);

/* For source_context. */
const void *source_shared_data(const source_shared *self);

/* What the user should know of how the workload is taken, a line each: what was left out or moved, who replays what. ""
 * if nothing. */
const char *source_notes(const source_shared *self);

/* source_prepare() for the checks alone. */
nescsim_status source_validate(const cfg_variant *workload, const source_context *context, const diag_place *place,
			       nescsim_diag *diag);

/* What a workload reads. */
typedef struct source_files {
	const cfg_path *path;
	const char *
		trace_format; /* as trace_options has it: the path may be a pattern, or one file of several; NULL = one file */
} source_files;

/* False when it reads nothing. */
bool source_reads_files(const cfg_variant *workload, source_files *files_out);

/* Names them as they are now, without opening any; those that are not there, too. Returns NESCSIM_OK, NESCSIM_IO (a pattern
 * that matches no file), NESCSIM_TRACE (or too many) or NESCSIM_NO_MEMORY. */
nescsim_status source_visit_files(const source_files *files, io_file_visitor *visit, void *context);

/* How many VMs the workload is for, of an entry that leaves it open (count: 0). Returns as source_prepare(), and
 * NESCSIM_CONFIG for workloads that do not say. */
nescsim_status source_count_tenants(const cfg_variant *workload, const diag_place *place, nescsim_diag *diag,
				    uint32_t *num_out);

#endif
