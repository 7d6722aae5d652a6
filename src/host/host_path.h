/* The host's way from a virtual disk to the PF: page cache, filesystem map and journal, block layer, PF driver.
 *
 * It belongs to one thread of the hypervisor's and runs on that thread's core. Requests that the guest made go in as
 * host_ops; what the device has done for them comes back by ring_driver_complete() on `ring`.
 */
#ifndef HOST_HOST_PATH_H
#define HOST_HOST_PATH_H

#include "host/file_map.h"
#include "host/journal.h"
#include "host/page_cache.h"
#include "host/ring_driver.h"
#include "host/virtual_queue.h"

/* How the hypervisor opens the virtual disk. */
typedef enum host_cache {
	HOST_CACHE_NONE,         /* past the page cache; the guest sees a volatile cache, and flushes */
	HOST_CACHE_WRITETHROUGH, /* through the page cache; every write is flushed before it completes */
	HOST_CACHE_WRITEBACK,    /* writes complete in the page cache; the guest flushes */
} host_cache;

typedef enum host_step {
	HOST_STEP_BEGIN,
	HOST_STEP_FILLED, /* pages were read */
	HOST_STEP_MOVED,  /* the data is where it has to be */
	HOST_STEP_SYNC,   /* a flush begins */
	HOST_STEP_PAGES,  /* dirty pages are being written */
	HOST_STEP_JOURNAL,
	HOST_STEP_COMMIT,
	HOST_STEP_FLUSH,
	HOST_STEP_DONE,
	HOST_STEP_WRITTEN, /* a run of dirty pages was written for another op, or for none */
} host_step;

/* Room for contents. */
typedef struct host_stamps {
	content_stamp *items;
	uint64_t max;
} host_stamps;

/* What the hypervisor asks its kernel for: one of the guest's requests, or several that continue each other; or a run of pages
 * that is written back. */
typedef struct host_op {
	nesc_op op;
	uint64_t first_byte, num_bytes; /* of the virtual disk */
	content_stamp *stamps;          /* check mode */
	/* Room of its own, kept for the record's next user: for joined requests, and for pages. */
	host_stamps joined_stamps, page_stamps;
	nesc_completion_status status;
	stage_marks marks;    /* of the path that ended last */
	latency_split prefix; /* as its guest requests were joined */
	bool has_part;
	driver_part part;
	guest_request *first, *last; /* NULL: nobody waits */
	host_step step;
	uint32_t num_left;  /* device requests and runs of pages under way */
	bool allocates;     /* in the list of those that do */
	bool commits;       /* it writes the journal, others wait */
	uint64_t next_byte; /* reads through the page cache: so far they came */
	uint64_t first_page, limit_page;
	uint32_t num_pages; /* from first_page on: being read or written */
	uint64_t held_pages[2];
	uint32_t num_held_pages;
	uint64_t run_number;    /* a run of pages: in the order of their begin */
	uint64_t limit_run;     /* a flush: waits for runs up to this; 0: not known yet */
	struct host_op *parent; /* a run of pages: who waits for it */
	struct host_op *next_run;
	struct host_op *next, *next_allocating;
} host_op;

typedef struct host_ops {
	host_op *first, *last;
} host_ops;

static inline void host_ops_append(host_ops *ops, host_op *added)
{
	added->next = NULL;
	if (ops->last == NULL)
		ops->first = added;
	else
		ops->last->next = added;
	ops->last = added;
}

static inline host_op *host_ops_pop(host_ops *ops)
{
	host_op *first = ops->first;

	if (first != NULL) {
		ops->first = first->next;
		if (first->next == NULL)
			ops->last = NULL;
	}
	return first;
}

typedef struct host_path_config {
	const host_config *host;
	const nesc_config *nesc;
	const disk_layout *layout;
	host_cache cache;
	bool device_is_volatile;                      /* it has to be flushed */
	bool is_file;                                 /* mapped and allocated by the host's filesystem */
	uint64_t arena_first_block, arena_num_blocks; /* of the medium, for holes of the file; may be none */
	journal_area journal;
	uint32_t pf_ring;
	bool is_checked;       /* blocks have contents */
	uint32_t max_requests; /* of the guest's under way */
	uint64_t max_request_bytes;
	uint32_t cache_pages, max_dirty_pages;
	uint32_t writeback_pages; /* written by one request at most */
} host_path_config;

typedef struct host_path_counts {
	uint64_t num_device_requests;
	uint64_t num_allocated_blocks, num_zeroed_blocks, num_failed_allocations;
	uint64_t num_converted_blocks; /* of unwritten extents, on their first write */
	uint64_t num_commits, num_journal_blocks;
	uint64_t num_cache_hits, num_cache_misses; /* pages that reads looked for */
	uint64_t num_pages_written;
} host_path_counts;

struct host_io;

typedef struct host_path {
	host_core *core;
	host_path_config config;
	ring_driver ring;
	file_map map;
	page_cache cache;
	journal_area journal;
	bool is_committing;
	uint32_t num_background;       /* runs of pages that nobody waits for */
	host_op *first_run, *last_run; /* of pages, under way */
	uint64_t num_runs;
	host_op *allocating; /* new blocks of theirs are being filled */
	host_ops ready;      /* nothing of them is under way: their next step is due */
	host_ops waiting;    /* for others: for pages, or a commit */
	host_op *free_ops;
	struct host_io *free_ios;
	struct host_io **io_chunks;
	host_op **op_chunks;
	uint32_t num_io_chunks, num_op_chunks;
	bool has_cache;
	host_fs_pieces pieces;
	host_path_counts counts;
	content_stamp *zeros; /* check mode: of one of the filesystem's blocks */
} host_path;

/* On `on`, whose unit is registered. Returns NESCSIM_OK or NESCSIM_NO_MEMORY; to be freed with host_path_fini() in both
 * cases. */
nescsim_status host_path_init(host_path *self, host_core *on, nesc_device *device, const host_path_config *config);
void host_path_fini(host_path *self);

/* A record to fill in: zeroed but for its own stamps. */
host_op *host_path_new_op(host_path *self);
void host_path_free_op(host_path *self, host_op *op);

/* Room for num_sectors stamps; check mode only. */
content_stamp *host_stamps_room(host_stamps *room, uint64_t num_sectors);

/* Goes on with the op until it waits for the device or for others, or its call returns to the hypervisor: true. Then its marks
 * end now, and it is done, unless a flush has to follow: a call of its own. */
bool host_path_advance(host_path *self, host_op *op);

/* Goes on with all ops that need not wait any more, in the host's kernel; those whose call returns are appended. */
void host_path_advance_ready(host_path *self, host_ops *returned);

#endif
