/* Does the ledger accept whatever a linearizable disk may return to a VM with many requests under way, and nothing else? */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/cmocka_all.h"
#include "base/rng.h"
#include "host/ledger.h"

#define VM 3
#define OTHER_VM 4
#define IMAGE 9

/* ---- Small stories ---- */

/* Sectors below 100 are image 9's, the others a hole. */
static content_stamp initial_stamp(void *context, uint64_t sector)
{
	(void)context;
	return sector < 100 ? content_initial(IMAGE, sector) : content_zero();
}

static ledger open_book(void)
{
	const ledger_config config = { .vm = VM, .num_sectors = UINT64_C(1) << 40, .initial = initial_stamp };
	ledger book;

	ledger_init(&book, &config);
	return book;
}

/* May a read of one sector, begun and ended now, return the stamp? */
static bool reads_as(ledger *book, uint64_t sector, content_stamp stamp)
{
	uint32_t handle = ledger_read_begin(book, sector, 1, book->now_ps);
	ledger_violation violation;

	return ledger_read_end(book, handle, &stamp, book->now_ps, &violation);
}

static bool reads_write(ledger *book, uint64_t sector, uint64_t sequence)
{
	return reads_as(book, sector, content_data(VM, sector, sequence));
}

static uint64_t write_now(ledger *book, uint64_t first_sector, uint64_t num_sectors)
{
	uint64_t sequence = ledger_write_begin(book, first_sector, num_sectors, book->now_ps);

	ledger_write_end(book, sequence, false, book->now_ps);
	return sequence;
}

static void untouched_sectors_hold_what_they_held(void **state)
{
	ledger book = open_book();

	(void)state;
	assert_true(reads_as(&book, 7, content_initial(IMAGE, 7)));
	assert_true(reads_as(&book, 100, content_zero()));
	assert_false(reads_as(&book, 7, content_initial(IMAGE, 8)));
	assert_false(reads_as(&book, 7, content_initial(IMAGE + 1, 7)));
	assert_false(reads_as(&book, 7, content_zero()));
	assert_false(reads_as(&book, 7, content_garbage()));
	assert_false(reads_as(&book, 7, content_meta()));
	assert_false(reads_write(&book, 7, 1));
	assert_int_equal(book.pages.num_pages, 0);
	ledger_fini(&book);
}

static void a_write_supersedes_what_completed_before_it(void **state)
{
	ledger book = open_book();

	(void)state;
	assert_true(write_now(&book, 4, 4) == 1);
	assert_true(write_now(&book, 6, 1) == 2);
	assert_true(reads_write(&book, 5, 1));
	assert_true(reads_write(&book, 6, 2));
	assert_false(reads_write(&book, 6, 1));
	assert_false(reads_write(&book, 6, 3));
	assert_false(reads_as(&book, 6, content_data(VM, 7, 2)));
	assert_false(reads_as(&book, 6, content_data(OTHER_VM, 6, 2)));
	assert_false(reads_as(&book, 4, content_initial(IMAGE, 4)));
	assert_true(reads_as(&book, 8, content_initial(IMAGE, 8)));
	ledger_fini(&book);
}

static void of_concurrent_writes_either_may_stay(void **state)
{
	ledger book = open_book();
	uint64_t first, second, third;

	(void)state;
	first = ledger_write_begin(&book, 4, 1, 10);
	second = ledger_write_begin(&book, 4, 1, 11);
	ledger_write_end(&book, second, false, 20);
	third = ledger_write_begin(&book, 4, 1, 21); /* behind the second, beside the first */
	ledger_write_end(&book, first, false, 30);
	assert_true(reads_write(&book, 4, first));
	assert_true(reads_write(&book, 4, second));
	assert_true(reads_write(&book, 4, third));
	assert_false(reads_as(&book, 4, content_initial(IMAGE, 4)));
	ledger_write_end(&book, third, false, 40);
	assert_true(reads_write(&book, 4, first));
	assert_false(reads_write(&book, 4, second));
	assert_true(reads_write(&book, 4, third));
	write_now(&book, 4, 1);
	assert_false(reads_write(&book, 4, first));
	assert_false(reads_write(&book, 4, third));
	ledger_fini(&book);
}

static void a_read_may_return_what_overlapped_it(void **state)
{
	ledger book = open_book();
	content_stamp allowed[5], stamp;
	ledger_violation violation;
	uint32_t handles[6];
	uint64_t before = write_now(&book, 200, 1), around, inside, last;

	(void)state;
	around = ledger_write_begin(&book, 200, 1, 10);
	for (int i = 0; i < 6; i++)
		handles[i] = ledger_read_begin(&book, 200, 1, 20);
	ledger_write_end(&book, around, false, 30);
	inside = write_now(&book, 200, 1);
	ledger_forget(&book, 200, 1, 40);
	last = write_now(&book, 200, 1);
	allowed[0] = content_data(VM, 200, before);
	allowed[1] = content_data(VM, 200, around);
	allowed[2] = content_data(VM, 200, inside);
	allowed[3] = content_zero();
	allowed[4] = content_data(VM, 200, last);
	for (int i = 0; i < 5; i++)
		assert_true(ledger_read_end(&book, handles[i], &allowed[i], 50, &violation));
	stamp = content_data(VM, 200, last + 1);
	assert_false(ledger_read_end(&book, handles[5], &stamp, 50, &violation));
	for (int i = 0; i < 4; i++)
		assert_false(reads_as(&book, 200, allowed[i]));
	ledger_fini(&book);
}

static void at_one_instant_the_order_of_calls_decides(void **state)
{
	ledger book = open_book();
	content_stamp old = content_initial(IMAGE, 4);
	uint64_t sequence = ledger_write_begin(&book, 4, 1, 10);
	ledger_violation violation;
	uint32_t early, late;

	(void)state;
	early = ledger_read_begin(&book, 4, 1, 20);
	ledger_write_end(&book, sequence, false, 20);
	late = ledger_read_begin(&book, 4, 1, 20);
	assert_true(ledger_read_end(&book, early, &old, 20, &violation));
	assert_false(ledger_read_end(&book, late, &old, 20, &violation));
	ledger_fini(&book);
}

static void a_failed_write_supersedes_nothing(void **state)
{
	ledger book = open_book();
	uint64_t good = write_now(&book, 4, 2), bad = ledger_write_begin(&book, 4, 2, 10), next;

	(void)state;
	ledger_write_end(&book, bad, true, 20);
	assert_true(reads_write(&book, 4, good));
	assert_true(reads_write(&book, 4, bad));
	next = write_now(&book, 4, 1);
	assert_false(reads_write(&book, 4, good));
	assert_false(reads_write(&book, 4, bad));
	assert_true(reads_write(&book, 4, next));
	assert_true(reads_write(&book, 5, bad));
	ledger_fini(&book);
}

static void a_failed_read_leaves_nothing(void **state)
{
	ledger book = open_book();

	(void)state;
	for (int i = 0; i < 1000; i++) {
		uint32_t handle = ledger_read_begin(&book, 0, 8, i);

		write_now(&book, 0, 8);
		ledger_read_drop(&book, handle, i);
	}
	assert_true(book.num_requests <= 2 && book.num_nodes <= 16);
	ledger_fini(&book);
}

static void a_large_range_is_forgotten_cheaply(void **state)
{
	const uint64_t first = 50, num = UINT64_C(1) << 27; /* 64 GiB */
	ledger book = open_book();
	uint64_t kept = write_now(&book, 49, 1), sequence;

	(void)state;
	write_now(&book, 5000, 8);
	ledger_forget(&book, first, num, 10);
	assert_true(reads_as(&book, 50, content_zero()));
	assert_true(reads_as(&book, 5000, content_zero()));
	assert_false(reads_write(&book, 5000, 2));
	assert_true(reads_as(&book, first + num - 1, content_zero()));
	assert_false(reads_as(&book, 60, content_initial(IMAGE, 60)));
	assert_true(reads_write(&book, 49, kept));
	sequence = write_now(&book, 1000000, 8);
	assert_true(reads_write(&book, 1000007, sequence));
	assert_true(reads_as(&book, 1000008, content_zero()));
	assert_int_equal(ledger_status(&book), NESCSIM_OK);
	ledger_fini(&book);
}

/* One page is kept sector by sector before it is written whole, the other is not. */
static void a_whole_page_stays_beside_a_concurrent_write(void **state)
{
	const uint64_t page = LEDGER_PAGE_SECTORS;
	ledger book = open_book();
	uint64_t whole, beside;

	(void)state;
	write_now(&book, page + 7, 1);
	whole = ledger_write_begin(&book, page, 2 * page, 0);
	beside = ledger_write_begin(&book, page, 2 * page, 0);
	ledger_write_end(&book, whole, false, 0);
	ledger_write_end(&book, beside, false, 0);
	for (uint64_t sector = page; sector < 3 * page; sector += 7) {
		assert_true(reads_write(&book, sector, whole));
		assert_true(reads_write(&book, sector, beside));
		assert_false(reads_as(&book, sector, content_zero()));
	}
	write_now(&book, page, 2 * page);
	assert_false(reads_write(&book, page, whole));
	assert_false(reads_write(&book, 3 * page - 1, beside));
	ledger_fini(&book);
}

/* The other VM has the file 100 sectors further on. */
static bool may_share(void *context, uint32_t vm, uint64_t their_sector, uint64_t sector)
{
	(void)context;
	return (vm == VM && their_sector == sector) || (vm == OTHER_VM && their_sector == sector + 100);
}

static void a_shared_disk_contains_what_its_vms_wrote(void **state)
{
	const ledger_config config = {
		.vm = VM, .num_sectors = 1000, .initial = initial_stamp, .may_share = may_share
	};
	ledger book;
	uint64_t old;

	(void)state;
	ledger_init(&book, &config);
	old = write_now(&book, 4, 1);
	write_now(&book, 4, 1);
	assert_true(reads_write(&book, 4, old));
	assert_true(reads_as(&book, 4, content_data(OTHER_VM, 104, 1000)));
	assert_true(reads_as(&book, 4, content_initial(IMAGE, 4)));
	assert_true(reads_as(&book, 4, content_zero()));
	assert_false(reads_as(&book, 4, content_data(OTHER_VM, 4, 1)));
	assert_false(reads_as(&book, 4, content_data(VM + OTHER_VM, 4, 1)));
	assert_false(reads_as(&book, 4, content_initial(IMAGE, 5)));
	assert_false(reads_as(&book, 4, content_garbage()));
	assert_int_equal(book.pages.num_pages, 0);
	ledger_fini(&book);
}

static void a_violation_says_what_and_when(void **state)
{
	ledger book = open_book();
	content_stamp stamps[4];
	ledger_violation violation;
	char text[512], cut[5];
	uint32_t handle;

	(void)state;
	write_now(&book, 10, 4);
	for (uint64_t i = 0; i < 4; i++)
		stamps[i] = content_data(i < 2 ? VM : OTHER_VM, 10 + i, 1);
	handle = ledger_read_begin(&book, 10, 4, 100);
	assert_false(ledger_read_end(&book, handle, stamps, 250, &violation));
	assert_int_equal(violation.vm, VM);
	assert_int_equal(violation.sector, 12);
	assert_int_equal(violation.num_bad_sectors, 2);
	assert_int_equal(violation.first_sector, 10);
	assert_int_equal(violation.num_sectors, 4);
	assert_true(content_equal(violation.found, stamps[2]));
	assert_true(content_equal(violation.expected, content_data(VM, 12, 1)));
	assert_int_equal(violation.begin_ps, 100);
	assert_int_equal(violation.end_ps, 250);
	assert_string_equal(ledger_violation_text(&violation, text, sizeof(text)),
			    "VM 3: sector 12 reads as data of VM 4, sector 12, write 1, where data of VM 3, sector 12, "
			    "write 1 would be right (2 bad of the 4 sectors from 10 on, read from 100 ps to 250 ps)");
	assert_string_equal(ledger_violation_text(&violation, cut, sizeof(cut)), "VM 3");
	ledger_fini(&book);
}

/* Fifty thousand writes at depth 16 over 64 sectors, below a read that never ends, then as many that all fail. */
static void completed_requests_leave_no_record(void **state)
{
	rng_stream rng = rng_open(1, "bounded", 0);
	ledger book = open_book();
	uint64_t under_way[16];
	uint64_t most_nodes = 0;

	(void)state;
	ledger_read_begin(&book, 0, 64, 0);
	for (int i = 0; i < 16; i++)
		under_way[i] = ledger_write_begin(&book, rng_uniform_u64(&rng, 57), 8, 0);
	for (int step = 0; step < 100000; step++) {
		size_t i = rng_uniform_u64(&rng, 16);

		if (step == 50000)
			most_nodes = book.num_nodes;
		ledger_write_end(&book, under_way[i], step >= 50000, step);
		under_way[i] = rng_chance(&rng, 1, 9) ? ledger_discard_begin(&book, rng_uniform_u64(&rng, 57), 8, step)
						      : ledger_write_begin(&book, rng_uniform_u64(&rng, 57), 8, step);
	}
	/* 18 values at most in a sector, and as many as had been there that the long read remembers. */
	assert_true(book.num_requests == 17);
	assert_true(most_nodes < 64 * 18);
	assert_true(book.num_nodes < 64 * 2 * (LEDGER_MAX_VALUES + 2));
	ledger_fini(&book);
}

/* More failed writes than are kept apart: still none is missing, and one good write ends them. */
static void many_failed_writes_are_all_acceptable(void **state)
{
	ledger book = open_book();
	uint64_t sequence;

	(void)state;
	write_now(&book, 0, 1);
	for (int i = 0; i < 100; i++) {
		sequence = i % 10 == 5 ? ledger_discard_begin(&book, 0, 1, i) : ledger_write_begin(&book, 0, 1, i);
		ledger_write_end(&book, sequence, true, i);
	}
	for (uint64_t i = 0; i < 100; i++)
		assert_true(i % 10 == 5 || reads_write(&book, 0, 2 + i));
	assert_true(reads_as(&book, 0, content_zero()));
	assert_true(reads_write(&book, 0, 1));
	assert_false(reads_write(&book, 0, 102));
	sequence = write_now(&book, 0, 1);
	for (uint64_t i = 1; i < sequence; i++)
		assert_false(reads_write(&book, 0, i));
	assert_false(reads_as(&book, 0, content_zero()));
	assert_true(reads_write(&book, 0, sequence));
	ledger_fini(&book);
}

/* Those that share a node stay until a write supersedes the last of them. */
static void the_last_failed_write_outlives_what_began_before_its_end(void **state)
{
	ledger book = open_book();
	uint64_t beside, last;

	(void)state;
	for (int i = 0; i < 40; i++)
		ledger_write_end(&book, ledger_write_begin(&book, 0, 1, 0), true, 0);
	last = ledger_write_begin(&book, 0, 1, 0);
	beside = ledger_write_begin(&book, 0, 1, 0);
	ledger_write_end(&book, last, true, 0);
	ledger_write_end(&book, beside, false, 0);
	assert_true(reads_write(&book, 0, last));
	assert_true(reads_write(&book, 0, beside));
	assert_false(reads_as(&book, 0, content_initial(IMAGE, 0)));
	ledger_fini(&book);
}

static void good_writes_are_kept_apart_however_many(void **state)
{
	ledger book = open_book();
	uint64_t beside;

	(void)state;
	for (uint64_t i = 1; i <= 40; i++)
		ledger_write_begin(&book, 0, 1, 0);
	for (uint64_t i = 1; i < 40; i++)
		ledger_write_end(&book, i, false, 0);
	beside = ledger_write_begin(&book, 0, 1, 0);
	ledger_write_end(&book, 40, false, 0);
	for (uint64_t i = 1; i <= 40; i++)
		assert_true(reads_write(&book, 0, i));
	ledger_write_end(&book, beside, false, 0);
	for (uint64_t i = 1; i < 40; i++)
		assert_false(reads_write(&book, 0, i));
	assert_true(reads_write(&book, 0, 40));
	ledger_fini(&book);
}

/* ---- A linearizable disk beside a naive judge that remembers every request ---- */

#define MAX_CELLS 12
#define MAX_OPS 400
#define MAX_DEPTH 16
#define MAX_READ_SECTORS 4096
#define NUM_FAULT_RUNS 10
#define NEVER INT_MAX

/* What a cell holds: the number of the request that wrote it, or one of these. */
#define HELD_INITIAL (-1)
#define HELD_FOREIGN (-2) /* another VM's data of the same sector */
#define HELD_GARBAGE (-3)
#define HELD_ELSEWHERE (-4) /* minus the number of a request: what it meant for another sector */

/* Sectors that a request has wholly or not at all and that take effect together. */
typedef struct geometry {
	const char *name;
	size_t num_cells;
	uint64_t starts[MAX_CELLS + 1];
} geometry;

static const geometry geometries[] = {
	{ "sectors", 6, { 1021, 1022, 1023, 1024, 1025, 1026, 1027 } },
	{ "blocks", 5, { 1018, 1020, 1022, 1024, 1026, 1028 } },
	{ "one", 1, { 98, 99 } },
	{ "mixed", 8, { 95, 96, 98, 99, 101, 102, 104, 106, 107 } },
	{ "pages", 6, { 1020, 1024, 1600, 2048, 3072, 3073, 3080 } },
};
#define NUM_GEOMETRIES (sizeof(geometries) / sizeof(geometries[0]))

/* X(symbol, name) */
#define FAULT_LIST(X)                                            \
	X(NONE, "none")                                          \
	X(LOST, "write never applied")                           \
	X(STALE, "read of an older value")                       \
	X(MISDIRECTED, "write applied to another sector")        \
	X(FOREIGN, "another VM's stamp in place of a write")     \
	X(GARBAGE, "garbage in place of a write")                \
	X(FOREIGN_READ, "another VM's stamp in place of a read") \
	X(GARBAGE_READ, "garbage in place of a read")

typedef enum fault {
#define FAULT_ENUM(symbol, name) FAULT_##symbol,
	FAULT_LIST(FAULT_ENUM)
#undef FAULT_ENUM
	NUM_FAULTS,
} fault;

static const char *const fault_names[] = {
#define FAULT_NAME(symbol, name) name,
	FAULT_LIST(FAULT_NAME)
#undef FAULT_NAME
};

typedef struct op {
	bool is_read, is_discard, failed;
	size_t first, limit; /* cells */
	int begin, end;      /* events */
	uint64_t sequence;
	bool is_done[MAX_CELLS];
	int sampled[MAX_CELLS];
	uint32_t handle, second_handle;
} op;

typedef struct world {
	rng_stream rng;
	const geometry *cells;
	fault fault;
	size_t fault_op;
	bool is_seeded, is_observed, is_caught;
	ledger book;
	ps_t now_ps;
	int event;
	op ops[MAX_OPS];
	size_t num_ops;
	size_t under_way[MAX_DEPTH], num_under_way, depth;
	uint64_t num_writes;
	int disk[MAX_CELLS], right_disk[MAX_CELLS]; /* right: without the fault */
	int history[MAX_CELLS][MAX_OPS + 1];        /* what the right disk held */
	size_t num_history[MAX_CELLS];
	uint64_t num_reads, num_tried, num_refused;
} world;

static size_t cell_of(const geometry *cells, uint64_t sector)
{
	size_t cell = 0;

	while (cell + 1 < cells->num_cells && sector >= cells->starts[cell + 1])
		cell++;
	return cell;
}

static content_stamp initial_of_cell(void *context, uint64_t sector)
{
	return cell_of(context, sector) % 3 == 0 ? content_zero() : content_initial(IMAGE, sector);
}

static content_stamp stamp_of(const world *it, int held, uint64_t sector)
{
	if (held == HELD_INITIAL)
		return initial_of_cell((void *)(uintptr_t)it->cells, sector);
	if (held == HELD_FOREIGN)
		return content_data(OTHER_VM, sector, it->num_writes);
	if (held == HELD_GARBAGE)
		return content_garbage();
	if (held <= HELD_ELSEWHERE)
		return content_data(VM, sector + 1, it->ops[HELD_ELSEWHERE - held].sequence);
	return it->ops[held].is_discard ? content_zero() : content_data(VM, sector, it->ops[held].sequence);
}

static bool covers(const op *request, size_t cell)
{
	return cell >= request->first && cell < request->limit;
}

/* Does a good write of the cell lie wholly between the event `end` and the read? */
static bool is_superseded(const world *it, const op *read, size_t cell, int end)
{
	for (size_t i = 0; i < it->num_ops; i++) {
		const op *write = &it->ops[i];

		if (!write->is_read && !write->failed && covers(write, cell) && write->begin > end &&
		    write->end < read->begin)
			return true;
	}
	return false;
}

/* The naive judge. */
static bool may_return(const world *it, const op *read, size_t cell, content_stamp stamp)
{
	uint64_t sector = it->cells->starts[cell];

	if (content_equal(stamp, stamp_of(it, HELD_INITIAL, sector)) && !is_superseded(it, read, cell, -1))
		return true;
	for (size_t i = 0; i < it->num_ops; i++) {
		const op *write = &it->ops[i];

		if (!write->is_read && covers(write, cell) && content_equal(stamp, stamp_of(it, (int)i, sector)) &&
		    !is_superseded(it, read, cell, write->end))
			return true;
	}
	return false;
}

static void move_on(world *it)
{
	it->event++;
	if (rng_chance(&it->rng, 1, 2))
		it->now_ps += (ps_t)rng_uniform_u64(&it->rng, 5);
}

static uint64_t num_sectors_of(const world *it, const op *request)
{
	return it->cells->starts[request->limit] - it->cells->starts[request->first];
}

static void apply_cell(world *it, size_t number, size_t cell)
{
	op *request = &it->ops[number];
	bool is_faulty = it->fault != FAULT_NONE && number >= it->fault_op && !it->is_seeded;

	request->is_done[cell] = true;
	if (request->is_read) {
		int held = it->disk[cell], older;

		if (it->fault == FAULT_STALE && is_faulty && it->num_history[cell] > 1) {
			older = it->history[cell][rng_uniform_u64(&it->rng, it->num_history[cell] - 1)];
			if (!content_equal(stamp_of(it, older, it->cells->starts[cell]),
					   stamp_of(it, held, it->cells->starts[cell]))) {
				held = older;
				it->is_seeded = true;
			}
		} else if ((it->fault == FAULT_FOREIGN_READ || it->fault == FAULT_GARBAGE_READ) && is_faulty) {
			held = it->fault == FAULT_FOREIGN_READ ? HELD_FOREIGN : HELD_GARBAGE;
			it->is_seeded = true;
		}
		request->sampled[cell] = held;
		it->is_observed |= held != it->right_disk[cell];
		return;
	}
	if (request->failed && rng_chance(&it->rng, 1, 2))
		return;
	it->right_disk[cell] = (int)number;
	it->history[cell][it->num_history[cell]++] = (int)number;
	is_faulty &= it->fault == FAULT_LOST || it->fault == FAULT_MISDIRECTED || it->fault == FAULT_FOREIGN ||
		     it->fault == FAULT_GARBAGE;
	is_faulty &= !request->failed && !request->is_discard;
	it->is_seeded |= is_faulty;
	if (!is_faulty)
		it->disk[cell] = (int)number;
	else if (it->fault == FAULT_MISDIRECTED)
		it->disk[(cell + 1) % it->cells->num_cells] = HELD_ELSEWHERE - (int)number;
	else if (it->fault == FAULT_FOREIGN)
		it->disk[cell] = HELD_FOREIGN;
	else if (it->fault == FAULT_GARBAGE)
		it->disk[cell] = HELD_GARBAGE;
}

static void begin_op(world *it)
{
	size_t num_cells = it->cells->num_cells;
	op *request = &it->ops[it->num_ops];
	uint64_t sector, num_sectors;

	*request = (op){ .begin = it->event, .end = NEVER };
	request->first = rng_uniform_u64(&it->rng, num_cells);
	request->limit = request->first + 1 + rng_uniform_u64(&it->rng, num_cells - request->first);
	request->is_read = rng_chance(&it->rng, 1, 2);
	request->is_discard = !request->is_read && rng_chance(&it->rng, 1, 8);
	request->failed = !request->is_read && rng_chance(&it->rng, 1, 12);
	sector = it->cells->starts[request->first];
	num_sectors = num_sectors_of(it, request);
	if (request->is_read) {
		request->handle = ledger_read_begin(&it->book, sector, num_sectors, it->now_ps);
		request->second_handle = ledger_read_begin(&it->book, sector, num_sectors, it->now_ps);
	} else {
		request->sequence = request->is_discard
					    ? ledger_discard_begin(&it->book, sector, num_sectors, it->now_ps)
					    : ledger_write_begin(&it->book, sector, num_sectors, it->now_ps);
		assert_true(request->sequence == ++it->num_writes);
	}
	it->under_way[it->num_under_way++] = it->num_ops++;
}

/* The host punches a hole at an instant. */
static void forget_cells(world *it)
{
	op *request = &it->ops[it->num_ops++];
	size_t cell = rng_uniform_u64(&it->rng, it->cells->num_cells);

	*request = (op){ .is_discard = true, .first = cell, .limit = cell + 1, .begin = it->event, .end = it->event };
	request->sequence = ++it->num_writes;
	ledger_forget(&it->book, it->cells->starts[cell], num_sectors_of(it, request), it->now_ps);
	apply_cell(it, it->num_ops - 1, cell);
}

/* What the read returns, one of its cells replaced by `odd` (none with odd_cell = MAX_CELLS). */
static bool judge(world *it, const op *read, uint32_t handle, size_t odd_cell, int odd, ledger_violation *violation)
{
	static content_stamp stamps[MAX_READ_SECTORS];
	size_t num = 0;

	for (size_t cell = read->first; cell < read->limit; cell++) {
		for (uint64_t sector = it->cells->starts[cell]; sector < it->cells->starts[cell + 1]; sector++)
			stamps[num++] = stamp_of(it, cell == odd_cell ? odd : read->sampled[cell], sector);
	}
	return ledger_read_end(&it->book, handle, stamps, it->now_ps, violation);
}

static void end_read(world *it, const op *read)
{
	uint64_t num_odd = it->num_ops + (uint64_t)-HELD_ELSEWHERE;
	size_t odd_cell = read->first + rng_uniform_u64(&it->rng, read->limit - read->first);
	/* Mostly something recent. */
	int odd = (int)(num_odd - 1 -
			rng_uniform_u64(&it->rng, rng_chance(&it->rng, 7, 8) && num_odd > 40 ? 40 : num_odd));
	bool is_right = true, is_odd_right = true;
	ledger_violation violation;

	odd += HELD_ELSEWHERE;
	if (odd >= 0 && (it->ops[odd].is_read || !covers(&it->ops[odd], odd_cell)))
		odd = it->history[odd_cell][rng_uniform_u64(&it->rng, it->num_history[odd_cell])];
	for (size_t cell = read->first; cell < read->limit; cell++) {
		content_stamp stamp = stamp_of(it, read->sampled[cell], it->cells->starts[cell]);
		bool may = may_return(it, read, cell, stamp);

		assert_true(may || it->is_observed); /* so the judge itself raises no false alarm */
		is_right &= may;
		if (cell == odd_cell)
			may = may_return(it, read, cell, stamp_of(it, odd, it->cells->starts[cell]));
		is_odd_right &= may;
	}
	assert_int_equal(judge(it, read, read->handle, MAX_CELLS, 0, &violation), is_right);
	it->is_caught |= !is_right;
	it->num_reads++;
	if (it->fault != FAULT_NONE) {
		ledger_read_drop(&it->book, read->second_handle, it->now_ps);
		return;
	}
	assert_int_equal(judge(it, read, read->second_handle, odd_cell, odd, &violation), is_odd_right);
	it->num_tried++;
	if (!is_odd_right) {
		it->num_refused++;
		assert_int_equal(cell_of(it->cells, violation.sector), odd_cell);
		assert_true(content_equal(violation.found, stamp_of(it, odd, violation.sector)));
	}
}

static void end_op(world *it, size_t index)
{
	size_t number = it->under_way[index];
	op *request = &it->ops[number];

	for (size_t cell = request->first; cell < request->limit; cell++) {
		if (!request->is_done[cell])
			apply_cell(it, number, cell);
	}
	request->end = it->event;
	if (request->is_read)
		end_read(it, request);
	else
		ledger_write_end(&it->book, request->sequence, request->failed, it->now_ps);
	it->under_way[index] = it->under_way[--it->num_under_way];
}

static void run_world(world *it, uint64_t seed, const geometry *cells, size_t depth, fault seeded)
{
	ledger_config config = {
		.vm = VM, .num_sectors = 5000, .context = (void *)(uintptr_t)cells, .initial = initial_of_cell
	};

	memset(it, 0, sizeof(*it));
	it->rng = rng_open(seed, cells->name, seeded);
	it->cells = cells;
	it->fault = seeded;
	it->fault_op = rng_uniform_u64(&it->rng, MAX_OPS * 3 / 4);
	it->depth = depth;
	ledger_init(&it->book, &config);
	for (size_t cell = 0; cell < cells->num_cells; cell++) {
		it->disk[cell] = it->right_disk[cell] = HELD_INITIAL;
		it->history[cell][it->num_history[cell]++] = HELD_INITIAL;
	}
	while (it->num_ops < MAX_OPS || it->num_under_way > 0) {
		uint64_t choice = rng_uniform_u64(&it->rng, 20);

		move_on(it);
		if (it->num_under_way == 0 ? it->num_ops < MAX_OPS
					   : choice < 8 && it->num_under_way < it->depth && it->num_ops < MAX_OPS) {
			begin_op(it);
		} else if (choice < 14) {
			size_t number = it->under_way[rng_uniform_u64(&it->rng, it->num_under_way)];
			op *request = &it->ops[number];
			size_t cell = request->first + rng_uniform_u64(&it->rng, request->limit - request->first);

			if (!request->is_done[cell])
				apply_cell(it, number, cell);
		} else if (choice < 19) {
			end_op(it, rng_uniform_u64(&it->rng, it->num_under_way));
		} else if (it->num_ops < MAX_OPS && rng_chance(&it->rng, 1, 3)) {
			forget_cells(it);
		}
	}
	assert_int_equal(ledger_status(&it->book), NESCSIM_OK);
	ledger_fini(&it->book);
}

static world the_world;

/* Exactly the naive judge's answers, for what the disk returned and for other values. */
static void a_right_disk_raises_no_alarm(void **state)
{
	uint64_t num_reads = 0, num_tried = 0, num_refused = 0;

	(void)state;
	for (uint64_t seed = 0; seed < 60; seed++) {
		size_t kind = seed % 10 == 9 ? NUM_GEOMETRIES - 1 : seed % (NUM_GEOMETRIES - 1);

		run_world(&the_world, seed, &geometries[kind], 1 + seed * 7 % MAX_DEPTH, FAULT_NONE);
		assert_false(the_world.is_caught);
		num_reads += the_world.num_reads;
		num_tried += the_world.num_tried;
		num_refused += the_world.num_refused;
	}
	assert_true(num_reads > 9000 && num_refused > num_tried / 4 && num_refused < num_tried * 3 / 4);
}

/* How many depends on the depth: at depth 1 a value is right or wrong, at depth 16 on six sectors most writes overlap. That
 * every read gets the naive judge's answer is checked on the way. */
static void seeded_faults_are_caught(void **state)
{
	static const size_t depths[] = { 1, 4, 16 };

	(void)state;
	for (fault seeded = FAULT_NONE + 1; seeded < NUM_FAULTS; seeded++) {
		for (size_t i = 0; i < sizeof(depths) / sizeof(depths[0]); i++) {
			unsigned num_seeded = 0, num_seen = 0, num_caught = 0;

			for (uint64_t seed = 0; seed < NUM_FAULT_RUNS; seed++) {
				run_world(&the_world, seed, &geometries[seed % (NUM_GEOMETRIES - 1)], depths[i],
					  seeded);
				num_seeded += the_world.is_seeded;
				num_seen += the_world.is_observed;
				num_caught += the_world.is_caught;
			}
			print_message("depth %2u: %-40s seeded %u, seen by a read %u, caught %u\n", (unsigned)depths[i],
				      fault_names[seeded], num_seeded, num_seen, num_caught);
			assert_true(num_caught <= num_seen && num_seen <= num_seeded);
			assert_true(num_seeded > NUM_FAULT_RUNS * 3 / 4 && num_seen > NUM_FAULT_RUNS / 6);
			if (seeded > FAULT_MISDIRECTED)
				assert_int_equal(num_caught, num_seen); /* nothing right looks like it */
			if (depths[i] == 1)
				assert_true(num_caught * 10 >= num_seen * 9);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(untouched_sectors_hold_what_they_held),
		cmocka_unit_test(a_write_supersedes_what_completed_before_it),
		cmocka_unit_test(of_concurrent_writes_either_may_stay),
		cmocka_unit_test(a_read_may_return_what_overlapped_it),
		cmocka_unit_test(at_one_instant_the_order_of_calls_decides),
		cmocka_unit_test(a_failed_write_supersedes_nothing),
		cmocka_unit_test(a_failed_read_leaves_nothing),
		cmocka_unit_test(a_large_range_is_forgotten_cheaply),
		cmocka_unit_test(a_whole_page_stays_beside_a_concurrent_write),
		cmocka_unit_test(a_shared_disk_contains_what_its_vms_wrote),
		cmocka_unit_test(a_violation_says_what_and_when),
		cmocka_unit_test(completed_requests_leave_no_record),
		cmocka_unit_test(many_failed_writes_are_all_acceptable),
		cmocka_unit_test(the_last_failed_write_outlives_what_began_before_its_end),
		cmocka_unit_test(good_writes_are_kept_apart_however_many),
		cmocka_unit_test(a_right_disk_raises_no_alarm),
		cmocka_unit_test(seeded_faults_are_caught),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
