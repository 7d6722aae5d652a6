/* Does the filesystem make the block requests and the work of its model out of operations, in their order? */
#include <stdio.h>

#include "workload/workload_test.h"

#define MAX_OUT 512
#define MAX_SUBMITTED 1024
#define SECTORS 8 /* per block of 4 KiB */

/* Layout of a disk of 1 GiB with 4 KiB blocks, 8 groups: superblock, one block of group descriptors, 8 + 8 bitmaps, 8 * 512
 * blocks of inodes, a journal of 8192 blocks, files. */
#define DESCRIPTOR_BLOCK 1
#define BITMAP_BLOCK 2
#define INODE_BLOCK 18
#define JOURNAL_BLOCK 4114
#define FILES_BLOCK 12306
#define NUM_LEAVES 367 /* each maps 680 blocks; 367 + 249471 blocks are left for the file */
#define DATA_BLOCK (FILES_BLOCK + NUM_LEAVES)
#define LEAF_SPAN 680
/* With a journal of 4 MiB, the least. */
#define SMALL_JOURNAL_BLOCKS 1024
#define SMALL_FILES_BLOCK (JOURNAL_BLOCK + SMALL_JOURNAL_BLOCKS)
#define SMALL_NUM_LEAVES 378 /* 378 + 256628 blocks */
#define SMALL_DATA_BLOCK (SMALL_FILES_BLOCK + SMALL_NUM_LEAVES)

/* A vCPU and a disk: requests complete when the source waits, one for each wait. */
typedef struct driver {
	source *from;
	ps_t now_ps;
	io_request out[MAX_OUT];
	size_t num_out;
	bool newest_first; /* to complete */
	bool holds;        /* does not complete what is in flight when an operation begins */
	size_t num_held;
	uint64_t next_number, next_operation;
	char text[16384]; /* what has happened, a line each */
	size_t num_text;
	/* of the last operation */
	io_request operation;
	io_request submitted[MAX_SUBMITTED];
	size_t num_submitted, num_before; /* the latter before its BEGIN */
	ps_t work_ps;
	bool stuck;
} driver;

typedef struct fixture {
	cfg_document *document;
	nescsim_diag *diag;
	test_workload workload;
	cfg_variant filesystem;
} fixture;

typedef struct holder {
	cfg_variant filesystem;
} holder;

static const cfg_key holder_keys[] = {
	{ .name = "filesystem",
	  .type = CFG_VARIANT,
	  .offset_in_struct = offsetof(holder, filesystem),
	  .variants = &filesystem_variants,
	  .help = "The filesystem under test.",
	  .source = "the test" },
};

static const cfg_section holder_section = {
	.name = "test", .keys = holder_keys, .num_keys = 1, .struct_bytes = sizeof(holder)
};

static nescsim_status load(fixture *self, const char *filesystem)
{
	char yaml[512];
	holder decoded;
	nescsim_status status;

	snprintf(yaml, sizeof(yaml), "filesystem: %s\n", filesystem);
	self->document = NULL;
	self->diag = nescsim_diag_create();
	status = cfg_load_text("test.yaml", yaml, NULL, 0, self->diag, &self->document);
	if (status == NESCSIM_OK)
		status = cfg_decode(self->document, &holder_section, &decoded, self->diag);
	if (status == NESCSIM_OK)
		self->filesystem = decoded.filesystem;
	return status;
}

static void setup(fixture *self, const char *workload, const char *filesystem)
{
	assert_int_equal(load(self, filesystem), NESCSIM_OK);
	test_workload_load(&self->workload, workload);
}

static void teardown(fixture *self)
{
	test_workload_free(&self->workload);
	cfg_document_destroy(self->document);
	nescsim_diag_destroy(self->diag);
}

static driver d, e;

static void driver_open(driver *self, fixture *on, const source_context *context_in)
{
	source_context context = *context_in;

	memset(self, 0, sizeof(*self));
	context.filesystem = &on->filesystem;
	assert_int_equal(source_validate(&on->workload.variant, &context, NULL, on->workload.diag), NESCSIM_OK);
	self->from = test_source_open(&on->workload, &context);
	assert_true(source_has_app_layer(self->from));
	assert_true(source_has_operations(self->from));
}

static void say(driver *self, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void say(driver *self, const char *format, ...)
{
	va_list arguments;
	int num;

	va_start(arguments, format);
	num = vsnprintf(self->text + self->num_text, sizeof(self->text) - self->num_text, format, arguments);
	va_end(arguments);
	assert_true(num >= 0 && self->num_text + (size_t)num < sizeof(self->text));
	self->num_text += (size_t)num;
}

static const char *op_name(io_op op)
{
	static const char *const names[] = {
#define NAME(symbol, name) name,
		IO_OP_LIST(NAME)
#undef NAME
	};

	return names[op];
}

static void complete(driver *self, size_t index)
{
	const uint64_t number = self->out[index].number;

	say(self, "%llu done\n", (unsigned long long)number);
	self->num_out--;
	memmove(&self->out[index], &self->out[index + 1], (self->num_out - index) * sizeof(self->out[0]));
	self->now_ps += PS_PER_US;
	source_completed(self->from, number, self->now_ps);
}

/* Drives to the end of the next operation. False when none follows, or when it waits for what the disk holds back. */
static bool operate(driver *self)
{
	bool in_operation = self->stuck;
	source_step step;

	if (!self->stuck) {
		self->num_text = self->num_submitted = self->num_before = 0;
		self->work_ps = 0;
	}
	self->stuck = false;
	for (;;) {
		source_next(self->from, self->now_ps, &step);
		switch (step.action) {
		case SOURCE_BEGIN:
			assert_false(in_operation);
			assert_int_equal(step.request.number, self->next_operation++);
			in_operation = true;
			self->operation = step.request;
			self->num_before = self->num_submitted;
			if (self->holds)
				self->num_held = self->num_out;
			say(self, "begin %s %llu+%llu\n", op_name(step.request.op),
			    (unsigned long long)step.request.first_sector,
			    (unsigned long long)step.request.num_sectors);
			break;
		case SOURCE_WORK:
			assert_true(in_operation);
			assert_true(step.duration_ps > 0);
			self->now_ps += step.duration_ps;
			self->work_ps += step.duration_ps;
			say(self, "%s %lld ns\n", step.what, (long long)(step.duration_ps / PS_PER_NS));
			break;
		case SOURCE_SUBMIT:
			assert_int_equal(step.request.number, self->next_number++);
			assert_int_equal(step.arrival_ps, -1);
			assert_true(self->num_out < MAX_OUT);
			assert_true(self->num_submitted < MAX_SUBMITTED);
			self->out[self->num_out++] = self->submitted[self->num_submitted++] = step.request;
			say(self, "%llu %s %llu+%llu%s%s\n", (unsigned long long)step.request.number,
			    op_name(step.request.op), (unsigned long long)step.request.first_sector,
			    (unsigned long long)step.request.num_sectors, step.request.preflush ? " preflush" : "",
			    step.request.fua ? " fua" : "");
			break;
		case SOURCE_WAIT:
			assert_true(in_operation);
			if (self->num_out == self->num_held) {
				self->stuck = true;
				return false;
			}
			complete(self, self->newest_first ? self->num_out - 1 : self->num_held);
			break;
		case SOURCE_FINISH:
			assert_true(in_operation);
			say(self, "finish\n");
			return true;
		case SOURCE_END:
			assert_false(in_operation);
			return false;
		case SOURCE_THINK:
		case SOURCE_WAIT_UNTIL:
		case SOURCE_WAIT_EITHER:
		case SOURCE_FAILED:
			fail_msg("unexpected action %d", (int)step.action);
		}
	}
}

/* The text of each operation of a workload, one after the other. */
static void assert_operations(const char *workload, const char *filesystem, bool newest_first,
			      const char *const *expected)
{
	source_context context = test_context();
	fixture on;
	size_t num = 0;

	setup(&on, workload, filesystem);
	driver_open(&d, &on, &context);
	d.newest_first = newest_first;
	while (operate(&d)) {
		assert_non_null(expected[num]);
		assert_string_equal(d.text, expected[num]);
		num++;
	}
	assert_null(expected[num]);
	assert_int_equal(source_expected_requests(d.from), num);
	source_close(d.from);
	teardown(&on);
}

/* Is this a write to the blocks of a log? */
static bool is_log(const io_request *request, uint64_t first_block, uint64_t num_blocks)
{
	return request->op == IO_WRITE && request->first_sector >= first_block * SECTORS &&
	       request->first_sector < (first_block + num_blocks) * SECTORS;
}

/* ---- sequences -------------------------------------------------------------------------------------------------- */

static void test_overwrite_with_fsync_logs_the_inode(void **state)
{
	static const char *const expected[] = {
		"begin write 0+8\nextent look-up 500 ns\njournal handle 500 ns\n0 write 98448+8\n0 done\n"
		"wake-up 1100 ns\nsync 500 ns\ncommit begin 6000 ns\ncommit blocks 900 ns\n"
		"1 write 32920+8\n2 write 32928+8\n1 done\n2 done\nwake-up 1100 ns\n"
		"3 write 32936+8 preflush fua\n3 done\nwake-up 1100 ns\ncommit end 6000 ns\nfinish\n",
		"begin write 8+8\nextent look-up 500 ns\njournal handle 500 ns\n4 write 98456+8\n4 done\n"
		"wake-up 1100 ns\nsync 500 ns\ncommit begin 6000 ns\ncommit blocks 900 ns\n"
		"5 write 32944+8\n6 write 32952+8\n5 done\n6 done\nwake-up 1100 ns\n"
		"7 write 32960+8 preflush fua\n7 done\nwake-up 1100 ns\ncommit end 6000 ns\nfinish\n",
		NULL,
	};

	(void)state;
	assert_operations("{kind: dd, op: write, count: 2}", "ext4", false, expected);
}

static void test_commit_block_waits_for_all_blocks_in_any_order(void **state)
{
	static const char *const expected[] = {
		"begin write 0+1\nextent look-up 500 ns\njournal handle 500 ns\n0 write 98448+1\n0 done\n"
		"wake-up 1100 ns\nsync 500 ns\ncommit begin 6000 ns\ncommit blocks 900 ns\n"
		"1 write 32920+8\n2 write 32928+8\n2 done\n1 done\nwake-up 1100 ns\n"
		"3 write 32936+8 preflush fua\n3 done\nwake-up 1100 ns\ncommit end 6000 ns\nfinish\n",
		NULL,
	};

	(void)state;
	assert_operations("{kind: dd, op: write, count: 1, request_bytes: 512 B}", "ext4", true, expected);
}

static void test_extending_write_logs_inode_bitmap_and_descriptor(void **state)
{
	static const char *const per_block[] = {
		"begin write 0+8\nextent look-up 500 ns\njournal handle 500 ns\nblock allocation 2000 ns\n"
		"0 write 101384+8\n0 done\nwake-up 1100 ns\nsync 500 ns\ncommit begin 6000 ns\ncommit blocks 1500 ns\n"
		"1 write 32920+8\n2 write 32928+8\n3 write 32936+8\n4 write 32944+8\n"
		"1 done\n2 done\n3 done\n4 done\nwake-up 1100 ns\n"
		"5 write 32952+8 preflush fua\n5 done\nwake-up 1100 ns\ncommit end 6000 ns\nfinish\n",
		NULL,
	};
	static const char *const merged[] = {
		"begin write 0+8\nextent look-up 500 ns\njournal handle 500 ns\nblock allocation 2000 ns\n"
		"0 write 101384+8\n0 done\nwake-up 1100 ns\nsync 500 ns\ncommit begin 6000 ns\ncommit blocks 1500 ns\n"
		"1 write 32920+32\n1 done\nwake-up 1100 ns\n"
		"2 write 32952+8 preflush fua\n2 done\nwake-up 1100 ns\ncommit end 6000 ns\nfinish\n",
		NULL,
	};

	(void)state;
	assert_operations("{kind: dd, op: write, count: 1}", "{kind: ext4, file: empty}", false, per_block);
	assert_operations("{kind: dd, op: write, count: 1}", "{kind: ext4, file: empty, journal_requests: merged}",
			  false, merged);
}

static void test_new_blocks_are_written_whole(void **state)
{
	/* 4 KiB from sector 4 on: the second write finds the first half of its two blocks allocated. */
	static const char *const expected[] = {
		"begin write 4+8\nextent look-up 500 ns\njournal handle 500 ns\nblock allocation 2000 ns\n"
		"0 write 101384+16\n0 done\nfinish\n",
		"begin write 12+8\nextent look-up 1000 ns\njournal handle 500 ns\nblock allocation 2000 ns\n"
		"1 write 101396+12\n1 done\nfinish\n",
		"begin write 4+8\nextent look-up 500 ns\njournal handle 500 ns\n2 write 101388+8\n2 done\nfinish\n",
		NULL,
	};

	(void)state;
	assert_operations("{kind: dd, op: write, count: 3, region_offset: 2 KiB, region_bytes: 8 KiB}",
			  "{kind: ext4, file: empty, sync: none}", false, expected);
}

static void test_fdatasync_commits_only_what_the_data_need(void **state)
{
	static const char *const overwrite[] = {
		"begin write 0+8\nextent look-up 500 ns\njournal handle 500 ns\n0 write 98448+8\n0 done\n"
		"wake-up 1100 ns\nsync 500 ns\n1 flush 0+0\n1 done\nfinish\n",
		NULL,
	};
	/* Allocates; grows within the block; overwrites. */
	static const char *const fill[] = {
		"begin write 0+4\nextent look-up 500 ns\njournal handle 500 ns\nblock allocation 2000 ns\n"
		"0 write 101384+8\n0 done\nwake-up 1100 ns\nsync 500 ns\ncommit begin 6000 ns\ncommit blocks 1500 ns\n"
		"1 write 32920+8\n2 write 32928+8\n3 write 32936+8\n4 write 32944+8\n"
		"1 done\n2 done\n3 done\n4 done\nwake-up 1100 ns\n"
		"5 write 32952+8 preflush fua\n5 done\nwake-up 1100 ns\ncommit end 6000 ns\nfinish\n",
		"begin write 4+4\nextent look-up 500 ns\njournal handle 500 ns\n6 write 101388+4\n6 done\n"
		"wake-up 1100 ns\nsync 500 ns\ncommit begin 6000 ns\ncommit blocks 900 ns\n"
		"7 write 32960+8\n8 write 32968+8\n7 done\n8 done\nwake-up 1100 ns\n"
		"9 write 32976+8 preflush fua\n9 done\nwake-up 1100 ns\ncommit end 6000 ns\nfinish\n",
		"begin write 0+4\nextent look-up 500 ns\njournal handle 500 ns\n10 write 101384+4\n10 done\n"
		"wake-up 1100 ns\nsync 500 ns\n11 flush 0+0\n11 done\nfinish\n",
		NULL,
	};

	(void)state;
	assert_operations("{kind: dd, op: write, count: 1}", "{kind: ext4, sync: fdatasync}", false, overwrite);
	assert_operations("{kind: dd, op: write, count: 3, request_bytes: 2 KiB, region_bytes: 4 KiB}",
			  "{kind: ext4, file: empty, sync: fdatasync}", false, fill);
}

static void test_no_barriers_no_flushes(void **state)
{
	static const char *const fsync[] = {
		"begin write 0+8\nextent look-up 500 ns\njournal handle 500 ns\n0 write 98448+8\n0 done\n"
		"wake-up 1100 ns\nsync 500 ns\ncommit begin 6000 ns\ncommit blocks 900 ns\n"
		"1 write 32920+8\n2 write 32928+8\n1 done\n2 done\nwake-up 1100 ns\n"
		"3 write 32936+8\n3 done\nwake-up 1100 ns\ncommit end 6000 ns\nfinish\n",
		NULL,
	};
	/* No wait but for the data, whose wake-up is that of the operation's end. */
	static const char *const fdatasync[] = {
		"begin write 0+8\nextent look-up 500 ns\njournal handle 500 ns\n0 write 98448+8\n0 done\n"
		"sync 500 ns\nfinish\n",
		NULL,
	};

	(void)state;
	assert_operations("{kind: dd, op: write, count: 1}", "{kind: ext4, barriers: false}", false, fsync);
	assert_operations("{kind: dd, op: write, count: 1}", "{kind: ext4, barriers: false, sync: fdatasync}", false,
			  fdatasync);
}

static void test_one_sync_commits_several_writes(void **state)
{
	static const char *const expected[] = {
		"begin write 0+8\nextent look-up 500 ns\njournal handle 500 ns\nblock allocation 2000 ns\n"
		"0 write 101384+8\n0 done\nfinish\n",
		"begin write 8+8\nextent look-up 500 ns\njournal handle 500 ns\nblock allocation 2000 ns\n"
		"1 write 101392+8\n1 done\nwake-up 1100 ns\nsync 500 ns\ncommit begin 6000 ns\ncommit blocks 1500 ns\n"
		"2 write 32920+32\n2 done\nwake-up 1100 ns\n"
		"3 write 32952+8 preflush fua\n3 done\nwake-up 1100 ns\ncommit end 6000 ns\nfinish\n",
		"begin write 16+8\nextent look-up 500 ns\njournal handle 500 ns\nblock allocation 2000 ns\n"
		"4 write 101400+8\n4 done\nfinish\n",
		NULL,
	};

	(void)state;
	assert_operations("{kind: dd, op: write, count: 3}",
			  "{kind: ext4, file: empty, sync_every: 2, journal_requests: merged}", false, expected);
}

static void test_reads(void **state)
{
	static const char *const allocated[] = {
		"begin read 1+3\nextent look-up 500 ns\n0 read 98449+3\n0 done\nfinish\n",
		NULL,
	};
	static const char *const hole[] = {
		"begin read 0+16\nextent look-up 500 ns\nzeros 800 ns\nfinish\n",
		NULL,
	};

	(void)state;
	assert_operations("{kind: dd, count: 1, request_bytes: 1536 B, region_offset: 512 B}", "ext4", false,
			  allocated);
	assert_operations("{kind: dd, count: 1, request_bytes: 8 KiB}", "{kind: ext4, file: empty}", false, hole);
}

static void test_work_adds_up(void **state)
{
	source_context context = test_context();
	fixture on;

	(void)state;
	setup(&on, "{kind: dd, op: write, count: 1}",
	      "{kind: ext4, file: empty, map: 1 ns, allocate: 10 ns, handle: 100 ns, sync_call: 1 us, "
	      "commit_begin: 10 us, commit_block: 100 us, commit_end: 10 ms, wake: 100 ms}");
	driver_open(&d, &on, &context);
	assert_true(operate(&d));
	/* Five blocks of the journal; three wake-ups: after the data, the log, the commit block. */
	assert_int_equal(d.work_ps / PS_PER_NS, 310511111);
	source_close(d.from);
	teardown(&on);
	setup(&on, "{kind: dd, count: 1, request_bytes: 12 KiB}",
	      "{kind: ext4, file: empty, map: 0 ns, zero_block: 3 ns}");
	driver_open(&d, &on, &context);
	assert_true(operate(&d));
	assert_string_equal(d.text, "begin read 0+24\nzeros 9 ns\nfinish\n");
	source_close(d.from);
	teardown(&on);
}

static void test_overwrites_within_a_tick_change_the_inode_once(void **state)
{
	source_context context = test_context();
	fixture on;
	size_t num_commits = 0;

	(void)state;
	setup(&on, "{kind: dd, op: write, count: 20}", "{kind: ext4, timestamp_tick: 100 us}");
	driver_open(&d, &on, &context);
	for (ps_t tick = -1; operate(&d);) {
		const ps_t begin_ps = d.now_ps;

		/* The data and either a commit of three blocks or a flush. */
		assert_int_equal(d.submitted[1].op, d.num_submitted == 4 ? IO_WRITE : IO_FLUSH);
		num_commits += d.num_submitted == 4;
		assert_true(d.num_submitted == 4 || begin_ps / (100 * PS_PER_US) == tick);
		tick = begin_ps / (100 * PS_PER_US);
	}
	/* 20 writes in some 80 to 440 us */
	assert_in_range(num_commits, 1, 6);
	source_close(d.from);
	teardown(&on);
}

/* ---- metadata, journal and checkpoints -------------------------------------------------------------------------- */

/* What a filesystem with an empty file must have allocated, logged and put in place. */
typedef struct oracle {
	bool allocated[2048]; /* file blocks; the workload's region is smaller */
	uint64_t dirty[64], num_dirty;
	uint64_t in_log[64], num_in_log;
	uint64_t head; /* of the log, in blocks since the beginning */
	uint64_t num_checkpoints;
	uint64_t end_sector;    /* the file's size */
	bool has_stopped_clock; /* timestamps do not change */
} oracle;

static void add(uint64_t *set, uint64_t *num, uint64_t block)
{
	for (uint64_t i = 0; i < *num; i++)
		if (set[i] == block)
			return;
	assert_true(*num < 64);
	set[(*num)++] = block;
}

static uint64_t num_extents(const oracle *self)
{
	uint64_t num = 0;

	for (uint64_t i = 0; i < 2048; i++)
		num += self->allocated[i] && (i == 0 || !self->allocated[i - 1]);
	return num;
}

/* The request's data lie where the operation says, padded where a new block begins or ends. Takes note of new blocks. */
static void check_write(oracle *self, const io_request *operation, const io_request *data)
{
	const uint64_t base = (uint64_t)SMALL_DATA_BLOCK * SECTORS;
	uint64_t first = operation->first_sector, end = first + operation->num_sectors;
	const uint64_t first_block = first / SECTORS, last_block = (end - 1) / SECTORS;

	if (!self->allocated[first_block])
		first = first_block * SECTORS;
	if (!self->allocated[last_block])
		end = (last_block + 1) * SECTORS;
	assert_int_equal(data->first_sector - base, first);
	assert_int_equal(data->num_sectors, end - first);
	if (!self->has_stopped_clock || operation->first_sector + operation->num_sectors > self->end_sector)
		add(self->dirty, &self->num_dirty, INODE_BLOCK);
	if (self->end_sector < operation->first_sector + operation->num_sectors)
		self->end_sector = operation->first_sector + operation->num_sectors;
	for (uint64_t block = first_block, end_block; block <= last_block; block = end_block) {
		for (end_block = block; end_block <= last_block && !self->allocated[end_block]; end_block++)
			self->allocated[end_block] = true;
		if (end_block == block) {
			end_block++;
			continue;
		}
		/* One run of new blocks, one change of the file's map. */
		add(self->dirty, &self->num_dirty, INODE_BLOCK);
		add(self->dirty, &self->num_dirty, BITMAP_BLOCK);
		add(self->dirty, &self->num_dirty, DESCRIPTOR_BLOCK);
		for (uint64_t i = block; num_extents(self) > 4 && i < end_block; i++)
			add(self->dirty, &self->num_dirty, SMALL_FILES_BLOCK + i / LEAF_SPAN);
	}
}

/* A read asks the disk for the allocated parts, and for nothing else. */
static void check_read(const oracle *self, const io_request *operation, const io_request *requests, size_t num)
{
	const uint64_t base = (uint64_t)SMALL_DATA_BLOCK * SECTORS;
	uint64_t at = operation->first_sector;
	const uint64_t end = at + operation->num_sectors;

	for (size_t i = 0; i < num; i++) {
		const uint64_t from = requests[i].first_sector - base;

		assert_int_equal(requests[i].op, IO_READ);
		assert_true(requests[i].num_sectors > 0);
		for (; at < from; at++)
			assert_false(self->allocated[at / SECTORS]);
		for (; at < from + requests[i].num_sectors; at++)
			assert_true(self->allocated[at / SECTORS]);
		/* The longest run: the next sector is not the disk's. */
		assert_true(at == end || !self->allocated[at / SECTORS]);
	}
	for (; at < end; at++)
		assert_false(self->allocated[at / SECTORS]);
	assert_true(at == end);
}

static void check_in_place(oracle *self, const io_request *requests, size_t num)
{
	assert_int_equal(num, self->num_in_log);
	for (size_t i = 0; i < num; i++) {
		bool found = false;

		assert_int_equal(requests[i].num_sectors, SECTORS);
		assert_false(requests[i].preflush || requests[i].fua);
		for (uint64_t j = 0; j < self->num_in_log; j++)
			if (self->in_log[j] * SECTORS == requests[i].first_sector) {
				self->in_log[j] = UINT64_MAX;
				found = true;
			}
		assert_true(found);
	}
	self->num_in_log = 0;
	self->num_checkpoints++;
}

static oracle model;

/* Random reads and writes of the file's beginning. */
static void compare_with_oracle(const char *workload, const char *filesystem, uint64_t seed)
{
	source_context context = test_context();
	const uint64_t log_block = JOURNAL_BLOCK + 1, num_log_blocks = SMALL_JOURNAL_BLOCKS - 1;
	uint64_t num_writes = 0, num_reads = 0, num_commits = 0, num_flushes = 0, num_tails = 0;
	fixture on;

	memset(&model, 0, sizeof(model));
	model.has_stopped_clock = strstr(filesystem, "timestamp_tick: 1 s") != NULL;
	context.seed = seed;
	setup(&on, workload, filesystem);
	driver_open(&d, &on, &context);
	while (operate(&d)) {
		io_request reads[8], in_place[64];
		size_t num_asked = 0, num_in_place = 0;
		uint64_t num_logged = 0;

		for (size_t i = 0; i < d.num_submitted; i++) {
			const io_request *request = &d.submitted[i];

			if (request->op == IO_FLUSH) {
				assert_int_equal(model.num_dirty, 0);
				num_flushes++;
			} else if (request->first_sector == JOURNAL_BLOCK * SECTORS) {
				/* It follows the in-place writes, whatever the vCPU does meanwhile. */
				assert_true(request->preflush && request->fua);
				num_tails++;
			} else if (i < d.num_before) {
				in_place[num_in_place++ % 64] = *request;
			} else if (d.operation.op == IO_READ) {
				reads[num_asked++ % 8] = *request;
			} else if (is_log(request, log_block, num_log_blocks)) {
				assert_int_equal(request->first_sector / SECTORS - log_block,
						 model.head % num_log_blocks);
				assert_int_equal(request->num_sectors, SECTORS);
				model.head++;
				num_logged++;
				assert_int_equal(request->preflush && request->fua, num_logged == model.num_dirty + 2);
			} else {
				check_write(&model, &d.operation, request);
			}
		}
		if (num_in_place != 0)
			check_in_place(&model, in_place, num_in_place);
		if (d.operation.op == IO_READ) {
			check_read(&model, &d.operation, reads, num_asked);
			num_reads++;
			continue;
		}
		num_writes++;
		assert_int_equal(num_logged, model.num_dirty == 0 ? 0 : model.num_dirty + 2);
		num_commits += num_logged != 0;
		for (uint64_t j = 0; j < model.num_dirty; j++)
			add(model.in_log, &model.num_in_log, model.dirty[j]);
		model.num_dirty = 0;
	}
	/* The last tail may be due when the workload ends. */
	assert_in_range(model.num_checkpoints - num_tails, 0, 1);
	assert_int_equal(num_reads + num_writes, d.next_operation);
	assert_int_equal(num_flushes + num_commits, num_writes);
	source_close(d.from);
	teardown(&on);
}

static void test_any_sequence_agrees_with_a_slow_model(void **state)
{
	(void)state;
	/* Requests of one and a half blocks, half a block off, all over the first 8 MB of the file. */
	compare_with_oracle("{kind: dd, op: mixed, pattern: random, count: 1500, request_bytes: 6 KiB, "
			    "region_offset: 2560 B, region_bytes: 8000 KiB}",
			    "{kind: ext4, file: empty, journal_bytes: 4 MiB}", 1);
	assert_true(num_extents(&model) > 4);
	assert_true(model.head > 3 * (SMALL_JOURNAL_BLOCKS - 1));
	assert_true(model.num_checkpoints >= 10);
}

static void test_files_that_fill_up_agree_with_a_slow_model(void **state)
{
	(void)state;
	/* Extents appear, become more than the inode holds, and join. */
	for (uint64_t seed = 1; seed <= 20; seed++) {
		compare_with_oracle("{kind: dd, op: write, pattern: random, count: 60, region_bytes: 64 KiB}",
				    "{kind: ext4, file: empty, journal_bytes: 4 MiB, timestamp_tick: 1 s}", seed);
		assert_true(num_extents(&model) <= 3);
	}
	/* The second checkpoint has less to put in place than the first. */
	compare_with_oracle("{kind: dd, op: write, pattern: random, count: 300, region_bytes: 64 KiB}",
			    "{kind: ext4, file: empty, journal_bytes: 4 MiB}", 1);
	assert_true(model.num_checkpoints >= 2);
}

/* Runs `num` operations, each of which must finish. */
static void operate_times(driver *self, int num)
{
	for (int i = 0; i < num; i++)
		assert_true(operate(self));
}

static void test_checkpoint_follows_a_quarter_of_the_journal(void **state)
{
	source_context context = test_context();
	fixture on;

	(void)state;
	setup(&on, "{kind: dd, op: write, count: 1000}", "{kind: ext4, journal_bytes: 4 MiB}");
	driver_open(&d, &on, &context);
	/* 1023 blocks, 3 per commit: 255 are used after 85. */
	operate_times(&d, 85);
	assert_int_equal(d.num_before, 0);
	assert_true(operate(&d));
	assert_int_equal(d.num_before, 1);
	assert_int_equal(d.submitted[0].first_sector, INODE_BLOCK * SECTORS);
	assert_int_equal(d.submitted[0].number, 85 * 4);
	/* Done when the operation first waits; then the tail of the log moves, without anybody waiting for it. */
	assert_string_equal(d.text,
			    "340 write 144+8\nbegin write 680+8\nextent look-up 500 ns\njournal handle 500 ns\n"
			    "341 write 41784+8\n340 done\n342 write 32912+8 preflush fua\n341 done\nwake-up 1100 ns\n"
			    "sync 500 ns\ncommit begin 6000 ns\ncommit blocks 900 ns\n343 write 34960+8\n"
			    "344 write 34968+8\n342 done\n343 done\n344 done\nwake-up 1100 ns\n"
			    "345 write 34976+8 preflush fua\n345 done\nwake-up 1100 ns\ncommit end 6000 ns\nfinish\n");
	/* The next one begins when 255 blocks have been used again. */
	operate_times(&d, 84);
	assert_int_equal(d.num_before, 0);
	assert_true(operate(&d));
	assert_int_equal(d.num_before, 1);
	source_close(d.from);
	teardown(&on);
}

static void test_journal_space_is_reused_only_after_the_checkpoint(void **state)
{
	source_context context = test_context();
	fixture on;

	(void)state;
	setup(&on, "{kind: dd, op: write, count: 1000}", "{kind: ext4, journal_bytes: 4 MiB}");
	driver_open(&d, &on, &context);
	operate_times(&d, 85);
	d.holds = true;
	/* All 341 commits that fit, without a block to spare. */
	operate_times(&d, 256);
	assert_false(operate(&d));
	assert_true(d.stuck);
	assert_int_equal(d.num_out, 1);
	assert_int_equal(d.out[0].first_sector, INODE_BLOCK * SECTORS);
	/* The block in place does not suffice: the superblock still points at the log's old contents. */
	d.num_text = 0;
	complete(&d, 0);
	d.num_held = 1;
	assert_false(operate(&d));
	assert_true(d.stuck);
	assert_string_equal(d.text, "340 done\n1366 write 32912+8 preflush fua\n");
	d.num_text = 0;
	complete(&d, 0);
	d.num_held = 0;
	assert_true(operate(&d));
	assert_string_equal(d.text,
			    "1366 done\ncommit blocks 900 ns\n1367 write 32920+8\n1368 write 32928+8\n1367 done\n"
			    "1368 done\nwake-up 1100 ns\n1369 write 32936+8 preflush fua\n1369 done\n"
			    "wake-up 1100 ns\ncommit end 6000 ns\nfinish\n");
	/* Only what the checkpoint covered is free: the rest needs the next one. */
	assert_true(operate(&d));
	assert_int_equal(d.num_before, 1);
	source_close(d.from);
	teardown(&on);
	/* 5 and 3 blocks in turn: after 255 commits 2 are left, and 3 are needed. */
	setup(&on, "{kind: dd, op: write, count: 1000, request_bytes: 2 KiB}",
	      "{kind: ext4, file: empty, journal_bytes: 4 MiB}");
	driver_open(&d, &on, &context);
	operate_times(&d, 64);
	assert_int_equal(d.num_before, 0);
	d.holds = true;
	operate_times(&d, 191);
	assert_false(operate(&d));
	assert_true(d.stuck);
	assert_int_equal(d.num_out, 3);
	source_close(d.from);
	teardown(&on);
}

static void test_merged_log_requests_end_at_the_journal_s_end(void **state)
{
	source_context context = test_context();
	io_request log[4];
	size_t num = 0;
	fixture on;

	(void)state;
	setup(&on, "{kind: dd, op: write, count: 1000}",
	      "{kind: ext4, file: empty, journal_bytes: 4 MiB, journal_requests: merged}");
	driver_open(&d, &on, &context);
	/* 5 blocks per commit: 1023 = 204 * 5 + 3. */
	operate_times(&d, 205);
	for (size_t i = 0; i < d.num_submitted; i++)
		if (is_log(&d.submitted[i], JOURNAL_BLOCK + 1, SMALL_JOURNAL_BLOCKS - 1))
			log[num++ % 4] = d.submitted[i];
	assert_int_equal(num, 3);
	assert_int_equal(log[0].first_sector, (JOURNAL_BLOCK + 1 + 1020) * SECTORS);
	assert_int_equal(log[0].num_sectors, 3 * SECTORS);
	assert_int_equal(log[1].first_sector, (JOURNAL_BLOCK + 1) * SECTORS);
	assert_int_equal(log[1].num_sectors, 1 * SECTORS);
	assert_int_equal(log[2].first_sector, (JOURNAL_BLOCK + 2) * SECTORS);
	assert_true(log[2].fua && !log[1].fua && !log[0].fua);
	source_close(d.from);
	teardown(&on);
}

static void test_each_group_touched_has_its_bitmap_logged(void **state)
{
	source_context context = test_context();
	fixture on;

	(void)state;
	/* File block 20095 is the first of the disk's second group. */
	assert_int_equal(DATA_BLOCK + 20095, 32768);
	setup(&on, "{kind: dd, op: write, count: 1, request_bytes: 8 KiB, region_offset: 82305024 B}",
	      "{kind: ext4, file: empty}");
	driver_open(&d, &on, &context);
	assert_true(operate(&d));
	assert_int_equal(d.operation.first_sector, UINT64_C(20094) * SECTORS);
	/* Data; descriptor block, inode, two bitmaps, group descriptors; commit block. */
	assert_int_equal(d.num_submitted, 7);
	source_close(d.from);
	teardown(&on);
}

static void test_an_extent_ends_after_32768_blocks(void **state)
{
	source_context context = test_context();
	fixture on;

	(void)state;
	setup(&on, "{kind: dd, op: write, count: 9, request_bytes: 64 MiB}", "{kind: ext4, file: empty}");
	driver_open(&d, &on, &context);
	/* Four extents in 512 MiB: data; descriptor block, inode, a bitmap or two, group descriptors; commit block. */
	for (uint64_t i = 0; i < 8; i++) {
		assert_true(operate(&d));
		assert_int_equal(d.num_submitted, 6 + i % 2);
	}
	/* The fifth, and the nodes for 16384 blocks from 131072 on. */
	assert_true(operate(&d));
	assert_int_equal(d.num_submitted, 6 + (147455 / LEAF_SPAN - 131072 / LEAF_SPAN + 1));
	source_close(d.from);
	teardown(&on);
}

static void test_extents_of_32768_blocks_do_not_join(void **state)
{
	source_context context = test_context();

	(void)state;
	for (context.seed = 1; context.seed <= 8; context.seed++) {
		bool written[5] = { false };
		uint64_t num_written = 0;
		fixture on;

		setup(&on,
		      "{kind: dd, op: write, pattern: random, count: 100, request_bytes: 128 MiB, region_bytes: 640 "
		      "MiB}",
		      "{kind: ext4, file: empty}");
		driver_open(&d, &on, &context);
		while (num_written < 5) {
			uint64_t slot, leaves;

			assert_true(operate(&d));
			slot = d.operation.first_sector / 262144;
			leaves = (slot * 32768 + 32767) / LEAF_SPAN - slot * 32768 / LEAF_SPAN + 1;
			num_written += !written[slot];
			/* Four are in the inode: data, descriptor block, inode, 2 bitmaps, group descriptors, commit block. */
			assert_int_equal(d.num_submitted, written[slot] ? 4 : num_written < 5 ? 7 : 7 + leaves);
			written[slot] = true;
		}
		source_close(d.from);
		teardown(&on);
	}
}

static void test_transactions_stay_below_a_quarter_of_the_journal(void **state)
{
	source_context context = test_context();
	uint64_t num_logged = 0, num_commits = 0;
	fixture on;

	(void)state;
	/* Nobody syncs; each write changes another node of the extent tree, most of the time. */
	setup(&on, "{kind: dd, op: write, pattern: random, count: 3000}",
	      "{kind: ext4, file: empty, sync: none, journal_bytes: 4 MiB}");
	driver_open(&d, &on, &context);
	while (operate(&d)) {
		for (size_t i = d.num_before; i < d.num_submitted; i++) {
			if (!is_log(&d.submitted[i], JOURNAL_BLOCK + 1, SMALL_JOURNAL_BLOCKS - 1))
				continue;
			num_logged++;
			if (d.submitted[i].fua) {
				/* It was full: one more write might not have fitted. */
				assert_in_range(num_logged, 240, 255);
				num_logged = 0;
				num_commits++;
				/* The operation that found it full goes on, so the process wakes twice. */
				assert_non_null(strstr(d.text, "\ncommit end 7100 ns\njournal handle 500 ns\n"));
			}
		}
	}
	assert_int_equal(num_logged, 0);
	assert_true(num_commits > 3);
	source_close(d.from);
	teardown(&on);
}

/* ---- layout ----------------------------------------------------------------------------------------------------- */

static void test_vcpus_have_files_and_journals_of_their_own(void **state)
{
	source_context context = test_context();
	const uint64_t file_blocks = (262144 - FILES_BLOCK) / 2;
	fixture on;

	(void)state;
	setup(&on, "{kind: dd, op: write, count: 2000, depth: 2, region_bytes: 487 MiB}", "ext4");
	context.num_vcpus = 2;
	driver_open(&d, &on, &context);
	context.vcpu = 1;
	driver_open(&e, &on, &context);
	for (uint64_t i = 0; i < 1000; i++) {
		assert_true(operate(&d));
		assert_true(operate(&e));
		/* Each process goes through its own file. */
		assert_int_equal(d.operation.first_sector, i * SECTORS);
		assert_int_equal(e.operation.first_sector, i * SECTORS);
		assert_int_equal(d.submitted[d.num_before].first_sector, (FILES_BLOCK + i) * SECTORS);
		assert_int_equal(e.submitted[e.num_before].first_sector, (FILES_BLOCK + file_blocks + i) * SECTORS);
		/* Commit blocks in the halves of the journal: 4095 blocks behind a superblock each, 3 per commit. */
		assert_int_equal(d.submitted[d.num_submitted - 1].first_sector,
				 (JOURNAL_BLOCK + 1 + (i * 3 + 2) % 4095) * SECTORS);
		assert_int_equal(e.submitted[e.num_submitted - 1].first_sector,
				 (JOURNAL_BLOCK + 4096 + 1 + (i * 3 + 2) % 4095) * SECTORS);
		if (d.num_before != 0) {
			assert_int_equal(d.submitted[0].first_sector, INODE_BLOCK * SECTORS);
			assert_int_equal(e.submitted[0].first_sector, (INODE_BLOCK + 1) * SECTORS);
		}
	}
	assert_false(operate(&d));
	assert_false(operate(&e));
	source_close(d.from);
	source_close(e.from);
	teardown(&on);
	/* The last block of the last file is the disk's last or, for fairness, the one before. */
	setup(&on, "{kind: dd, op: write, count: 2, depth: 2, region_offset: 511664128 B, region_bytes: 4 KiB}",
	      "ext4");
	assert_int_equal(file_blocks - 1, 511664128 / 4096);
	driver_open(&e, &on, &context);
	assert_true(operate(&e));
	assert_int_equal(e.submitted[0].first_sector, UINT64_C(262143) * SECTORS);
	source_close(e.from);
	teardown(&on);
}

static void test_journal_is_as_large_as_mke2fs_makes_it(void **state)
{
	static const struct {
		uint64_t disk_blocks, num_groups, journal_blocks;
	} cases[] = {
		{ 2048, 1, 1024 },      { 32767, 1, 1024 },        { 32768, 1, 4096 },    { 262143, 8, 4096 },
		{ 262144, 8, 8192 },    { 524287, 16, 8192 },      { 524288, 16, 16384 }, { 1048575, 32, 16384 },
		{ 1048576, 32, 32768 }, { 33554432, 1024, 32768 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const uint64_t num_groups = cases[i].num_groups;
		const uint64_t journal_block = 1 + (num_groups + 127) / 128 + 2 * num_groups + 512 * num_groups;
		source_context context = test_context();
		fixture on;

		context.disk_bytes = cases[i].disk_blocks * 4096;
		setup(&on, "{kind: dd, op: write, count: 1}", "ext4");
		driver_open(&d, &on, &context);
		assert_true(operate(&d));
		assert_int_equal(d.submitted[0].first_sector, (journal_block + cases[i].journal_blocks) * SECTORS);
		assert_int_equal(d.submitted[1].first_sector, (journal_block + 1) * SECTORS);
		source_close(d.from);
		teardown(&on);
	}
}

/* ---- mistakes --------------------------------------------------------------------------------------------------- */

static const diag_place workload_place = { .file = "test.yaml", .line = 7, .column = 3, .path = "vms[0].workload" };
static const diag_place filesystem_place = { .file = "test.yaml", .line = 9, .column = 5, .path = "vms[0].filesystem" };

static void assert_invalid(const char *workload, const char *filesystem, source_context context, const char *expected)
{
	fixture on;
	source *from;

	setup(&on, workload, filesystem);
	context.filesystem = &on.filesystem;
	context.filesystem_place = &filesystem_place;
	assert_int_equal(source_validate(&on.workload.variant, &context, &workload_place, on.workload.diag),
			 NESCSIM_CONFIG);
	test_assert_diag(on.workload.diag, NULL, expected);
	assert_int_equal(source_open(&on.workload.variant, &context, &workload_place, NULL, &from), NESCSIM_CONFIG);
	assert_null(from);
	teardown(&on);
}

static void test_workload_must_be_processes_with_one_operation_each(void **state)
{
	source_context context = test_context();

	(void)state;
	assert_invalid("{kind: trace, file: nothing}", "ext4", context,
		       "test.yaml:9:5: error: vms[0].filesystem: workload 'trace' is block requests, which go past a "
		       "filesystem (filesystem: none, or another workload)\n");
	assert_invalid(
		"{kind: dd, count: 1, arrival: poisson}", "ext4", context,
		"test.yaml:7:3: error: vms[0].workload.arrival: on a filesystem each vCPU is a process that does "
		"one operation at a time (arrival: closed, or filesystem: none)\n");
	context.num_vcpus = 3;
	assert_invalid(
		"{kind: dd, count: 1, depth: 4}", "ext4", context,
		"test.yaml:7:3: error: vms[0].workload.depth: on a filesystem each vCPU is a process that does one "
		"operation at a time, and there are 3 vCPUs (lower it, raise guest.vcpus, or filesystem: none)\n");
}

static void assert_valid(const char *workload, const char *filesystem, source_context context)
{
	fixture on;

	setup(&on, workload, filesystem);
	context.filesystem = &on.filesystem;
	assert_int_equal(source_validate(&on.workload.variant, &context, NULL, on.workload.diag), NESCSIM_OK);
	teardown(&on);
}

static void test_files_must_fit_the_disk(void **state)
{
	static const char *const workload = "{kind: dd, count: 1, region_offset: 1 MiB, region_bytes: 99 MiB}";
	source_context context = test_context();

	(void)state;
	context.num_vcpus = 2;
	/* 2 * 25600 blocks and their 38 leaves each; metadata of two groups, 1030 blocks; a journal of 4096. */
	context.disk_bytes = UINT64_C(200) << 20;
	assert_invalid(
		workload, "{kind: ext4, file: empty}", context,
		"test.yaml:9:5: error: vms[0].filesystem: the disk of 209715200 bytes is too small for the "
		"filesystem with a file of 104857600 bytes for each vCPU (raise disk.bytes to 231022592 B or more, "
		"or ask for less of the file)\n");
	context.disk_bytes = 231022592;
	assert_valid(workload, "{kind: ext4, file: empty}", context);
	context.disk_bytes = 231022592 - 1024;
	assert_invalid(
		workload, "{kind: ext4, file: empty}", context,
		"test.yaml:9:5: error: vms[0].filesystem: the disk of 231021568 bytes is too small for the "
		"filesystem with a file of 104857600 bytes for each vCPU (raise disk.bytes to 231022592 B or more, "
		"or ask for less of the file)\n");
	/* Below 8 MiB mke2fs makes no journal. */
	context.disk_bytes = 4 << 20;
	assert_invalid("{kind: dd, count: 1}", "ext4", context,
		       "test.yaml:9:5: error: vms[0].filesystem: the disk of 4194304 bytes is too small for the "
		       "filesystem with a file of 4096 bytes for each vCPU (raise disk.bytes to 8388608 B or more, "
		       "or ask for less of the file)\n");
	context.disk_bytes = 8388608;
	assert_valid("{kind: dd, count: 1}", "ext4", context);
	assert_invalid("{kind: dd, count: 1, region_offset: 7000000 TiB}", "ext4", context,
		       "test.yaml:9:5: error: vms[0].filesystem: the disk of 8388608 bytes is too small for the "
		       "filesystem with a file of 7696581394432004096 bytes for each vCPU (no disk is that large)\n");
}

static void test_journal_must_hold_one_write(void **state)
{
	source_context context = test_context();

	(void)state;
	context.num_vcpus = 16;
	/* Descriptor block, inode, 2 bitmaps, 2 blocks of group descriptors, 14 nodes of the extent tree, commit block: a
	 * quarter of 84 blocks, behind a superblock. */
	assert_invalid(
		"{kind: dd, count: 1, request_bytes: 32 MiB}", "{kind: ext4, file: empty, journal_bytes: 4 MiB}",
		context,
		"test.yaml:9:5: error: vms[0].filesystem.journal_bytes: a transaction of one write, 21 blocks, is "
		"more than a quarter of a vCPU's share of the journal (raise it to 5570560 B or more)\n");
	assert_valid("{kind: dd, count: 1, request_bytes: 32 MiB}",
		     "{kind: ext4, file: empty, journal_bytes: 5570560 B}", context);
	assert_valid("{kind: dd, count: 1, request_bytes: 32 MiB}", "{kind: ext4, journal_bytes: 4 MiB}", context);
}

static void assert_bad_filesystem(const char *filesystem, const char *expected)
{
	fixture on;

	assert_int_equal(load(&on, filesystem), NESCSIM_CONFIG);
	test_assert_diag(on.diag, NULL, expected);
	cfg_document_destroy(on.document);
	nescsim_diag_destroy(on.diag);
}

static void test_conflicting_keys_are_reported(void **state)
{
	(void)state;
	assert_bad_filesystem("{kind: ext4, journal_bytes: 5000000 B}",
			      "test.yaml:1:41: error: filesystem.journal_bytes: the journal is made of blocks "
			      "(a multiple of block_bytes)\n");
	assert_bad_filesystem("{kind: ext4, journal_bytes: 4092 KiB}",
			      "test.yaml:1:41: error: filesystem.journal_bytes: a journal has at least 1024 blocks "
			      "(such as 4 MiB, or 0 for mke2fs's choice)\n");
}

static void test_none_leaves_the_workload_alone(void **state)
{
	source_context context = test_context();
	fixture on;
	source_step step;
	source *from;

	(void)state;
	setup(&on, "{kind: dd, count: 1, depth: 4}", "{}");
	context.filesystem = &on.filesystem;
	from = test_source_open(&on.workload, &context);
	assert_false(source_has_operations(from));
	source_next(from, 0, &step);
	assert_int_equal(step.action, SOURCE_SUBMIT);
	assert_int_equal(step.request.first_sector, 0);
	source_close(from);
	teardown(&on);
}

static void test_schema_is_legal(void **state)
{
	nescsim_diag *diag = nescsim_diag_create();

	(void)state;
	assert_int_equal(cfg_schema_check(&holder_section, diag), NESCSIM_OK);
	test_assert_diag(diag, NULL, "");
	nescsim_diag_destroy(diag);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_overwrite_with_fsync_logs_the_inode),
		cmocka_unit_test(test_commit_block_waits_for_all_blocks_in_any_order),
		cmocka_unit_test(test_extending_write_logs_inode_bitmap_and_descriptor),
		cmocka_unit_test(test_new_blocks_are_written_whole),
		cmocka_unit_test(test_fdatasync_commits_only_what_the_data_need),
		cmocka_unit_test(test_no_barriers_no_flushes),
		cmocka_unit_test(test_one_sync_commits_several_writes),
		cmocka_unit_test(test_reads),
		cmocka_unit_test(test_work_adds_up),
		cmocka_unit_test(test_overwrites_within_a_tick_change_the_inode_once),
		cmocka_unit_test(test_any_sequence_agrees_with_a_slow_model),
		cmocka_unit_test(test_files_that_fill_up_agree_with_a_slow_model),
		cmocka_unit_test(test_checkpoint_follows_a_quarter_of_the_journal),
		cmocka_unit_test(test_journal_space_is_reused_only_after_the_checkpoint),
		cmocka_unit_test(test_merged_log_requests_end_at_the_journal_s_end),
		cmocka_unit_test(test_each_group_touched_has_its_bitmap_logged),
		cmocka_unit_test(test_an_extent_ends_after_32768_blocks),
		cmocka_unit_test(test_extents_of_32768_blocks_do_not_join),
		cmocka_unit_test(test_transactions_stay_below_a_quarter_of_the_journal),
		cmocka_unit_test(test_vcpus_have_files_and_journals_of_their_own),
		cmocka_unit_test(test_journal_is_as_large_as_mke2fs_makes_it),
		cmocka_unit_test(test_workload_must_be_processes_with_one_operation_each),
		cmocka_unit_test(test_files_must_fit_the_disk),
		cmocka_unit_test(test_journal_must_hold_one_write),
		cmocka_unit_test(test_conflicting_keys_are_reported),
		cmocka_unit_test(test_none_leaves_the_workload_alone),
		cmocka_unit_test(test_schema_is_legal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
