/* What the medium holds and whose it is, for check mode: a stamp per 512 B sector instead of data, and the owning files of
 * every 1 KiB block.
 *
 * Stated in the thesis: a function reaches only the blocks of its own file. Ours: everything here. Nothing in it takes
 * simulated time. Both tables are sparse: what nobody touched costs nothing and is answered by callbacks.
 *
 * Memory that runs out is remembered instead of being reported at each step: from then on nothing is judged any more, and
 * what content_read() says may be wrong. So look at content_status() before believing a violation, and at the end.
 */
#ifndef NESC_CONTENT_H
#define NESC_CONTENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/assert.h"
#include "base/time.h"
#include "nescsim/error.h"

/* ---- Stamps ---- */

/* X(symbol, name in messages) */
#define CONTENT_KIND_LIST(X)  \
	X(GARBAGE, "garbage") \
	X(ZERO, "zero")       \
	X(INITIAL, "initial") \
	X(DATA, "data")       \
	X(META, "metadata")

/* GARBAGE: old data of others, in a sector that nobody wrote and no file held at the start; all bits are zero. ZERO: reads
 * as zeros. INITIAL: what a file's image held at the start. DATA: a guest's write. META: the host filesystem's journal
 * and metadata. */
typedef enum content_kind {
#define CONTENT_KIND_ENUM(symbol, name) CONTENT_##symbol,
	CONTENT_KIND_LIST(CONTENT_KIND_ENUM)
#undef CONTENT_KIND_ENUM
} content_kind;

#define CONTENT_KIND_SHIFT 61  /* what = kind << 61 | sequence number */
#define CONTENT_OWNER_SHIFT 48 /* where = VM or image number << 48 | sector */
#define CONTENT_MAX_SEQUENCE ((UINT64_C(1) << CONTENT_KIND_SHIFT) - 1)
#define CONTENT_MAX_OWNER UINT32_C(0xffff)
#define CONTENT_MAX_SECTOR ((UINT64_C(1) << CONTENT_OWNER_SHIFT) - 1) /* of a disk or image: 128 PiB */
#define CONTENT_TEXT_BYTES 96                                         /* enough for any stamp's text */

/* What one 512 B sector holds. */
typedef struct content_stamp {
	uint64_t what, where;
} content_stamp;

/* A stamp from its parts, each up to its CONTENT_MAX_... */
static inline content_stamp content_make(content_kind kind, uint64_t sequence, uint32_t owner, uint64_t sector)
{
	NESC_ASSERT_DEBUG(sequence <= CONTENT_MAX_SEQUENCE && owner <= CONTENT_MAX_OWNER &&
				  sector <= CONTENT_MAX_SECTOR,
			  "a stamp's parts are too large");
	return (content_stamp){ .what = (uint64_t)kind << CONTENT_KIND_SHIFT | sequence,
				.where = (uint64_t)owner << CONTENT_OWNER_SHIFT | sector };
}

static inline content_stamp content_garbage(void)
{
	return content_make(CONTENT_GARBAGE, 0, 0, 0);
}

static inline content_stamp content_zero(void)
{
	return content_make(CONTENT_ZERO, 0, 0, 0);
}

static inline content_stamp content_meta(void)
{
	return content_make(CONTENT_META, 0, 0, 0);
}

/* Sector number `sector` of image `image`, as it was at the start. */
static inline content_stamp content_initial(uint32_t image, uint64_t sector)
{
	return content_make(CONTENT_INITIAL, 0, image, sector);
}

/* What write number `sequence` of VM `vm` put at its vLBA `sector` (512 B). */
static inline content_stamp content_data(uint32_t vm, uint64_t sector, uint64_t sequence)
{
	return content_make(CONTENT_DATA, sequence, vm, sector);
}

/* May be none of the enum: bits from elsewhere. */
static inline content_kind content_kind_of(content_stamp stamp)
{
	return (content_kind)(stamp.what >> CONTENT_KIND_SHIFT);
}

static inline uint64_t content_sequence_of(content_stamp stamp)
{
	return stamp.what & CONTENT_MAX_SEQUENCE;
}

static inline uint32_t content_owner_of(content_stamp stamp)
{
	return (uint32_t)(stamp.where >> CONTENT_OWNER_SHIFT);
}

static inline uint64_t content_sector_of(content_stamp stamp)
{
	return stamp.where & CONTENT_MAX_SECTOR;
}

static inline bool content_equal(content_stamp a, content_stamp b)
{
	return a.what == b.what && a.where == b.where;
}

/* Writes the stamp in words ("data of VM 3, sector 4096, write 17"), cut to text_bytes and terminated. Returns `text`. */
const char *content_text(content_stamp stamp, char *text, size_t text_bytes);

/* ---- Pages by number: the sparse table behind this file and the ledgers ---- */

typedef struct page_slot {
	uint64_t number;
	void *page; /* NULL = slot is free */
} page_slot;

/* Zeroed = empty. The pages belong to the user. */
typedef struct page_map {
	page_slot *slots; /* open addressing */
	uint64_t num_slots, num_pages;
	page_slot last; /* the last one found */
} page_map;

/* The page, or NULL. */
void *page_map_find(page_map *map, uint64_t number);

/* Adds a page (not NULL) under a number that has none; false when out of memory. */
bool page_map_add(page_map *map, uint64_t number, void *page);

/* Empties the map after calling free_page() on each page. */
void page_map_fini(page_map *map, void (*free_page)(void *page));

/* ---- The medium ---- */

#define CONTENT_PAGE_SECTORS 1024
#define CONTENT_PAGE_BLOCKS (CONTENT_PAGE_SECTORS / 2)
#define CONTENT_FREE 0                        /* owner of a block: free, or the host filesystem's own */
#define CONTENT_MAX_FILE UINT32_C(0x7ffffffd) /* file numbers are 1 ... this */
#define CONTENT_MAX_SHARERS 4                 /* files that share one block; with more it belongs to anyone */

/* Told by whoever laid out the disks; all must answer the same during the whole run. */
typedef struct content_hooks {
	void *context;
	content_stamp (*initial)(void *context, uint64_t physical_sector); /* INITIAL, ZERO or GARBAGE, usually */
	uint32_t (*initial_owner)(void *context, uint64_t block);          /* CONTENT_FREE or a file */
	/* May the function reach blocks of file `owner` (CONTENT_FREE: of none)? */
	bool (*may_touch)(void *context, uint32_t function, uint32_t owner);
} content_hooks;

/* X(symbol, text) */
#define CONTENT_BREACH_LIST(X)                                      \
	X(FOREIGN, "touched a block of a file that is not its own") \
	X(LATE, "touched a block after it had been given to a file not its own")

/* FOREIGN is found by the access, LATE by the change of owner, when the engine ran the access first. */
typedef enum content_breach {
#define CONTENT_BREACH_ENUM(symbol, text) CONTENT_##symbol,
	CONTENT_BREACH_LIST(CONTENT_BREACH_ENUM)
#undef CONTENT_BREACH_ENUM
} content_breach;

typedef struct content_violation {
	content_breach kind;
	uint32_t function;
	uint64_t block;      /* physical, 1 KiB */
	ps_t at_ps;          /* time of the access */
	uint32_t owner;      /* one of the files it belonged to; CONTENT_FREE = none */
	ps_t owned_since_ps; /* by those files */
} content_violation;

/* A set of owners in one word: "as at the start", one file, or a number in `sets`. */
typedef uint32_t content_owners;

/* One block. All zero = as at the start. */
typedef struct content_block {
	ps_t since_ps, previous_since_ps;
	ps_t access_ps; /* the latest rightful access, 0 = none that matters */
	content_owners owners, previous;
	uint32_t access_function;
} content_block;

typedef struct content_set {
	uint32_t files[CONTENT_MAX_SHARERS]; /* ascending */
	uint32_t num_files;                  /* 2 ... 4 */
	uint32_t next;                       /* index + 1 in its bucket's chain */
} content_set;

typedef struct content {
	content_hooks hooks;
	page_map pages;
	content_set *sets; /* each combination of files once, never dropped */
	uint32_t num_sets, max_sets;
	uint32_t *buckets; /* max_sets of them: index + 1 of the first set */
	bool is_out_of_memory;
	uint64_t num_violations;
	content_violation first_violation; /* if there are any */
	uint64_t num_unjudged; /* accesses from before the two last owners that a block remembers: allowed */
} content;

/* Makes it untouched. Allocates nothing. To be ended with content_fini(). */
void content_init(content *medium, const content_hooks *hooks);
void content_fini(content *medium);

/* NESCSIM_OK, or NESCSIM_NO_MEMORY once memory ran out. */
nescsim_status content_status(const content *medium);

/* What a sector of the medium holds: what was last written there, else what hooks.initial says. */
content_stamp content_read(content *medium, uint64_t physical_sector);
void content_write(content *medium, uint64_t physical_sector, content_stamp stamp);

/* From since_ps (>= 0) on the blocks belong to file `owner` alone, or to none (CONTENT_FREE). Of one block changes must be
 * told by ascending time, and before any access that relies on them; of several at one instant only the last counts. A
 * rightful access that is on record with a later time and is not the new owners' is a LATE violation; a block remembers
 * only its latest access, so an earlier one may hide behind one that both owners allow. */
void content_set_owner(content *medium, uint64_t first_block, uint64_t num_blocks, uint32_t owner, ps_t since_ps);

/* The same for one file (not CONTENT_FREE) more or less: deduplicated blocks. A block of none becomes the file's, and one
 * whose last owner leaves is nobody's. A file that owns a block already, or does not, changes nothing. With more than
 * CONTENT_MAX_SHARERS a block is anyone's until content_set_owner(). */
void content_add_owner(content *medium, uint64_t first_block, uint64_t num_blocks, uint32_t owner, ps_t since_ps);
void content_remove_owner(content *medium, uint64_t first_block, uint64_t num_blocks, uint32_t owner, ps_t since_ps);

/* A function reads or writes the block at now_ps (>= 0), in any order with the changes above: judged by the owners at that
 * time; at the very instant of a change both count. False, and a FOREIGN violation, if the function may touch none of
 * them. Before the two last owners nothing is known, and the access is allowed. */
bool content_touch(content *medium, uint64_t block, uint32_t function, ps_t now_ps);

/* Writes the violation in words, cut to text_bytes and terminated. Returns `text`. */
const char *content_violation_text(const content_violation *violation, char *text, size_t text_bytes);

#endif
