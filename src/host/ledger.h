/* What a VM may expect to read, for check mode: per 512 B sector of its disk, the set of values that a read may return.
 *
 * Ours. A sector is a register: a write takes effect at some instant between its submission and its completion, each of
 * its sectors at an instant of its own, and a read samples each sector at some instant of its life. So a read may return
 * what a write left that overlapped it, or that completed before it unless another write lies wholly between the two. That
 * is exact for one read; that two reads agree on the order of concurrent writes is not checked.
 *
 * One ledger per VM, told of its requests in the VM's own order: now_ps never decreases, and at one instant the order of
 * the calls is the order of the events. Untouched sectors cost nothing, completed requests leave no record.
 *
 * Memory that runs out is remembered instead of being reported at each step: from then on every read is accepted and
 * ledger_status() says so.
 */
#ifndef HOST_LEDGER_H
#define HOST_LEDGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/time.h"
#include "nesc/content.h"
#include "nescsim/error.h"

#define LEDGER_PAGE_SECTORS 1024
#define LEDGER_MAX_VALUES 16 /* of a sector, before those of failed writes are lumped together */

typedef struct ledger_config {
	uint32_t vm;          /* number in the stamps of its writes */
	uint64_t num_sectors; /* of the disk, at its largest */
	void *context;
	/* What the VM's sector held at the start: INITIAL of its image, ZERO in a hole. Always the same answer. */
	content_stamp (*initial)(void *context, uint64_t sector);
	/* NULL, or the disk is shared and only containment is checked: a sector may hold zeros, its initial stamp, or what
	 * any VM wrote as a sector for which this is true: `their_sector` of VM `vm` is this VM's `sector` (asked for the
	 * ledger's own VM too, whose other cores have ledgers and numbers of their own). */
	bool (*may_share)(void *context, uint32_t vm, uint64_t their_sector, uint64_t sector);
} ledger_config;

/* A read that returned what it may not. */
typedef struct ledger_violation {
	uint32_t vm;
	uint64_t sector; /* the first bad one */
	uint64_t num_bad_sectors;
	content_stamp found, expected;      /* expected: one acceptable value, of several perhaps */
	uint64_t first_sector, num_sectors; /* the read */
	ps_t begin_ps, end_ps;
} ledger_violation;

/* A value that a sector may hold: 0 = initial, LEDGER_ZERO | sequence = zeros, else the sequence number of a write. */
typedef struct ledger_entry {
	uint64_t value;        /* UINT64_MAX = there are several */
	uint64_t end_sequence; /* last number given out when it completed; of several: first index + 1 in `nodes` */
} ledger_entry;

/* Values in a list: of a sector's, or of a read's. Any sequence number first ... last; several only where failed writes
 * share a node. */
typedef struct ledger_node {
	uint64_t first_value, last_value;
	uint64_t end_sequence;        /* in a sector's list */
	uint64_t sector, num_sectors; /* in a read's list */
	uint32_t next;                /* index + 1 */
} ledger_node;

/* A request that is under way. */
typedef struct ledger_request {
	uint64_t value; /* of a write; for a read, the last number given out when it began */
	uint64_t first_sector, num_sectors;
	ps_t begin_ps;
	uint32_t older, newer; /* index + 1; free ones are chained by `newer` */
	uint32_t kept;         /* of a read: values that were acceptable when it began and no longer are */
} ledger_request;

typedef struct ledger_queue {
	uint32_t oldest, newest; /* index + 1 in `requests` */
} ledger_queue;

typedef struct ledger {
	ledger_config config;
	page_map pages;
	ledger_node *nodes;
	uint32_t num_nodes, max_nodes, free_node;
	ledger_request *requests;
	uint32_t num_requests, max_requests, free_request;
	ledger_queue writes, reads;
	uint64_t last_sequence; /* given out */
	ps_t now_ps;
	bool is_out_of_memory;
} ledger;

/* Makes it empty. Allocates nothing. To be ended with ledger_fini(), whatever is under way. */
void ledger_init(ledger *book, const ledger_config *config);
void ledger_fini(ledger *book);

/* NESCSIM_OK, or NESCSIM_NO_MEMORY once memory ran out. */
nescsim_status ledger_status(const ledger *book);

/* A write is submitted. Returns its sequence number, from 1: it belongs into the stamps content_data(vm, sector,
 * sequence) that it carries. */
uint64_t ledger_write_begin(ledger *book, uint64_t first_sector, uint64_t num_sectors, ps_t now_ps);

/* A discard (punch) is submitted: a write of ZERO. It takes a sequence number too. */
uint64_t ledger_discard_begin(ledger *book, uint64_t first_sector, uint64_t num_sectors, ps_t now_ps);

/* The write or discard completed. It supersedes, in its sectors, whatever completed before it began; one that failed
 * supersedes nothing, but may have left any of its sectors. */
void ledger_write_end(ledger *book, uint64_t sequence, bool failed, ps_t now_ps);

/* The sectors become zeros at this instant (the host punched, or shrank and grew, the file). Whole pages of sectors that
 * nothing else touches cost little, so a large range may be forgotten. */
void ledger_forget(ledger *book, uint64_t first_sector, uint64_t num_sectors, ps_t now_ps);

/* A read is submitted. Returns a handle (not 0) for one of the next two; 0 when out of memory. */
uint32_t ledger_read_begin(ledger *book, uint64_t first_sector, uint64_t num_sectors, ps_t now_ps);

/* The read completed and returned stamps[num_sectors]. False, and *violation_out, if one of them is not acceptable: not
 * in the set when the read began, nor written by a request that overlapped it. DATA of this very sector whose number was
 * given out during the read is accepted without a look at what its write covered. Handle 0 is accepted. */
bool ledger_read_end(ledger *book, uint32_t handle, const content_stamp *stamps, ps_t now_ps,
		     ledger_violation *violation_out);

/* The read failed: nothing is checked. Handle 0 is allowed. */
void ledger_read_drop(ledger *book, uint32_t handle, ps_t now_ps);

/* Writes the violation in words, cut to text_bytes and terminated. Returns `text`. */
const char *ledger_violation_text(const ledger_violation *violation, char *text, size_t text_bytes);

#endif
