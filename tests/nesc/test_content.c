/* Does the medium hold what was last written, and is an access judged by who owned the block at that instant, in whatever
 * order accesses and changes are told? */
#include <stdlib.h>
#include <string.h>

#include "base/cmocka_all.h"
#include "base/rng.h"
#include "nesc/content.h"

#define ANYONE UINT32_MAX
#define NUM_BLOCKS (3 * CONTENT_PAGE_BLOCKS)
#define MAX_HISTORY 128
#define FUNCTION_OF_ALL 7 /* may touch whatever is some file's */

/* Sectors 8 ... 63 of the medium are image 5's; the rest is garbage. */
static content_stamp initial_stamp(void *context, uint64_t sector)
{
	uint64_t *num_asked = context;

	if (num_asked)
		++*num_asked;
	return sector >= 8 && sector < 64 ? content_initial(5, sector - 8) : content_garbage();
}

/* Runs of 5 blocks of files 0, 1, 2, 0, 1, 2 ... */
static uint32_t initial_file(void *context, uint64_t block)
{
	(void)context;
	return (uint32_t)(block / 5 % 3);
}

/* Function f is at home in file f; function 0 in what is of no file. */
static bool is_at_home(void *context, uint32_t function, uint32_t file)
{
	(void)context;
	return function == file || (function == FUNCTION_OF_ALL && file != CONTENT_FREE);
}

static const content_hooks hooks = { NULL, initial_stamp, initial_file, is_at_home };

static void a_stamp_keeps_its_parts(void **state)
{
	content_stamp stamp = content_data(CONTENT_MAX_OWNER, CONTENT_MAX_SECTOR, CONTENT_MAX_SEQUENCE);
	content_stamp other = content_initial(3, 7);

	(void)state;
	assert_int_equal(sizeof(stamp), 16);
	assert_int_equal(content_kind_of(stamp), CONTENT_DATA);
	assert_true(content_sequence_of(stamp) == CONTENT_MAX_SEQUENCE);
	assert_int_equal(content_owner_of(stamp), CONTENT_MAX_OWNER);
	assert_true(content_sector_of(stamp) == CONTENT_MAX_SECTOR);
	assert_int_equal(content_kind_of(other), CONTENT_INITIAL);
	assert_int_equal(content_owner_of(other), 3);
	assert_true(content_sector_of(other) == 7);
	assert_true(content_equal(content_garbage(), (content_stamp){ 0, 0 }));
	assert_false(content_equal(content_zero(), content_meta()));
	assert_false(content_equal(content_data(1, 2, 3), content_data(1, 2, 4)));
	assert_false(content_equal(content_data(1, 2, 3), content_data(1, 3, 3)));
}

static void messages_say_what_it_was(void **state)
{
	content_violation violation = {
		.kind = CONTENT_LATE, .function = 2, .block = 77, .at_ps = 900, .owner = 4, .owned_since_ps = 800
	};
	char text[CONTENT_TEXT_BYTES], line[256], cut[8];

	(void)state;
	assert_string_equal(content_text(content_garbage(), text, sizeof(text)), "garbage");
	assert_string_equal(content_text(content_zero(), text, sizeof(text)), "zero");
	assert_string_equal(content_text(content_meta(), text, sizeof(text)), "metadata");
	assert_string_equal(content_text(content_initial(2, 40), text, sizeof(text)), "initial of image 2, sector 40");
	assert_string_equal(content_text(content_data(3, 4096, 17), text, sizeof(text)),
			    "data of VM 3, sector 4096, write 17");
	assert_string_equal(content_text((content_stamp){ UINT64_MAX, 1 }, text, sizeof(text)),
			    "no stamp (0xffffffffffffffff 0x0000000000000001)");
	content_text(content_data(CONTENT_MAX_OWNER, CONTENT_MAX_SECTOR, CONTENT_MAX_SEQUENCE), text, sizeof(text));
	assert_true(strlen(text) < sizeof(text) - 1);
	assert_string_equal(content_text(content_meta(), cut, sizeof(cut)), "metadat");
	assert_string_equal(content_violation_text(&violation, line, sizeof(line)),
			    "function 2 touched a block after it had been given to a file not its own: block 77 at "
			    "900 ps; since 800 ps it belonged to file 4");
	violation.kind = CONTENT_FOREIGN;
	violation.owner = CONTENT_FREE;
	assert_string_equal(content_violation_text(&violation, line, sizeof(line)),
			    "function 2 touched a block of a file that is not its own: block 77 at 900 ps; since 800 "
			    "ps it belonged to no file");
	assert_string_equal(content_violation_text(&violation, cut, sizeof(cut)), "functio");
}

static void page_numbers_find_their_pages(void **state)
{
	enum {
		NUM = 3000
	};
	static int pages[NUM];
	static uint64_t numbers[NUM];
	rng_stream rng = rng_open(1, "pages", 0);
	page_map map = { 0 };

	(void)state;
	for (size_t i = 0; i < NUM; i++) {
		do
			numbers[i] = rng_bits(&rng) >> rng_uniform_u64(&rng, 60);
		while (page_map_find(&map, numbers[i]));
		assert_true(page_map_add(&map, numbers[i], &pages[i]));
	}
	for (size_t i = 0; i < NUM; i++)
		assert_ptr_equal(page_map_find(&map, numbers[i]), &pages[i]);
	assert_int_equal(map.num_pages, NUM);
	free(map.slots); /* the pages are not malloc'ed */
}

static void sectors_hold_what_was_last_written(void **state)
{
	enum {
		NUM_SECTORS = 3 * CONTENT_PAGE_SECTORS
	};
	static content_stamp written[NUM_SECTORS];
	static bool is_written[NUM_SECTORS];
	const uint64_t far = UINT64_C(1) << 50;
	rng_stream rng = rng_open(1, "sectors", 0);
	content medium;

	(void)state;
	content_init(&medium, &hooks);
	for (uint64_t step = 0; step < 60000; step++) {
		uint64_t sector = rng_uniform_u64(&rng, rng_chance(&rng, 1, 2) ? 100 : NUM_SECTORS);
		content_stamp expected = is_written[sector] ? written[sector] : initial_stamp(NULL, sector);

		assert_true(content_equal(content_read(&medium, sector), expected));
		if (rng_chance(&rng, 1, 4)) {
			/* Garbage can be written too: a copy of it. */
			written[sector] = rng_chance(&rng, 1, 8) ? content_garbage() : content_data(1, sector, step);
			is_written[sector] = true;
			content_write(&medium, sector, written[sector]);
		}
	}
	content_write(&medium, far, content_meta());
	assert_true(content_equal(content_read(&medium, far), content_meta()));
	assert_true(content_equal(content_read(&medium, far + 1), content_garbage()));
	assert_int_equal(content_status(&medium), NESCSIM_OK);
	content_fini(&medium);
}

static void untouched_blocks_cost_nothing(void **state)
{
	uint64_t num_asked = 0;
	content_hooks counting = hooks;
	content medium;

	(void)state;
	counting.context = &num_asked;
	content_init(&medium, &counting);
	for (uint64_t sector = 0; sector < 2000000; sector++)
		assert_true(content_equal(content_read(&medium, sector), initial_stamp(NULL, sector)));
	assert_true(num_asked == 2000000);
	assert_int_equal(medium.pages.num_pages, 0);
	content_set_owner(&medium, 3, UINT64_C(1) << 26, 1, 10); /* 64 GiB freed at once */
	assert_true(medium.pages.num_pages == ((UINT64_C(1) << 26) / CONTENT_PAGE_BLOCKS) + 1);
	assert_true(content_touch(&medium, 1 << 20, 1, 11));
	assert_false(content_touch(&medium, 1 << 20, 2, 11));
	assert_true(content_touch(&medium, 2, 0, 11));
	content_fini(&medium);
}

/* Block 5 is file 1's at first. */
static void the_instant_of_a_change_is_both_owners(void **state)
{
	content medium;

	(void)state;
	content_init(&medium, &hooks);
	content_set_owner(&medium, 5, 1, 2, 100);
	assert_true(content_touch(&medium, 5, 1, 99)); /* told later, but it came before */
	assert_true(content_touch(&medium, 5, 1, 100));
	assert_true(content_touch(&medium, 5, 2, 100));
	assert_true(content_touch(&medium, 5, 2, 101));
	assert_int_equal(medium.num_violations, 0);
	assert_false(content_touch(&medium, 5, 1, 101));
	assert_false(content_touch(&medium, 5, 2, 99));
	assert_false(content_touch(&medium, 5, 3, 100));
	assert_int_equal(medium.num_violations, 3);
	assert_int_equal(medium.first_violation.kind, CONTENT_FOREIGN);
	assert_int_equal(medium.first_violation.function, 1);
	assert_int_equal(medium.first_violation.block, 5);
	assert_int_equal(medium.first_violation.at_ps, 101);
	assert_int_equal(medium.first_violation.owner, 2);
	assert_int_equal(medium.first_violation.owned_since_ps, 100);
	content_fini(&medium);
}

static void an_access_that_ran_first_is_found_by_the_change(void **state)
{
	content medium;

	(void)state;
	content_init(&medium, &hooks);
	assert_true(content_touch(&medium, 5, 1, 100));
	assert_true(content_touch(&medium, 6, 1, 101));
	assert_true(content_touch(&medium, 7, FUNCTION_OF_ALL, 105));
	content_set_owner(&medium, 5, 3, 2, 100);
	assert_int_equal(medium.num_violations, 1);
	assert_int_equal(medium.first_violation.kind, CONTENT_LATE);
	assert_int_equal(medium.first_violation.function, 1);
	assert_int_equal(medium.first_violation.block, 6);
	assert_int_equal(medium.first_violation.at_ps, 101);
	assert_int_equal(medium.first_violation.owner, 2);
	assert_int_equal(medium.first_violation.owned_since_ps, 100);
	content_set_owner(&medium, 5, 3, 3, 100); /* said once */
	assert_int_equal(medium.num_violations, 1);
	content_fini(&medium);
}

static void what_is_forgotten_is_allowed_and_counted(void **state)
{
	content medium;

	(void)state;
	content_init(&medium, &hooks);
	content_set_owner(&medium, 5, 1, 2, 100);
	content_set_owner(&medium, 5, 1, 3, 200);
	assert_true(content_touch(&medium, 5, 1, 100)); /* rightly: file 1's until then */
	assert_true(content_touch(&medium, 5, 4, 50));
	assert_int_equal(medium.num_unjudged, 2);
	assert_true(content_touch(&medium, 5, 2, 100));
	assert_int_equal(medium.num_unjudged, 2);
	assert_false(content_touch(&medium, 5, 1, 101));
	content_fini(&medium);
}

static void up_to_four_files_share_a_block(void **state)
{
	content medium;

	(void)state;
	content_init(&medium, &hooks);
	for (uint32_t file = 2; file <= 4; file++)
		content_add_owner(&medium, 5, 1, file, 10 * file);
	for (uint32_t function = 0; function <= 6; function++)
		assert_int_equal(content_touch(&medium, 5, function, 50), function >= 1 && function <= 4);
	content_add_owner(&medium, 5, 1, 4, 55);
	content_remove_owner(&medium, 5, 1, 6, 55);
	content_remove_owner(&medium, 5, 1, 2, 60);
	assert_false(content_touch(&medium, 5, 2, 61));
	assert_true(content_touch(&medium, 5, 3, 61));
	content_add_owner(&medium, 5, 1, 2, 62);
	content_add_owner(&medium, 5, 1, 6, 63); /* the fifth */
	assert_true(content_touch(&medium, 5, 5, 64));
	content_remove_owner(&medium, 5, 1, 6, 65);
	assert_true(content_touch(&medium, 5, 5, 66));
	content_set_owner(&medium, 5, 1, CONTENT_FREE, 70);
	assert_false(content_touch(&medium, 5, 5, 71));
	assert_true(content_touch(&medium, 5, 0, 71));
	content_add_owner(&medium, 5, 1, 3, 80);
	assert_false(content_touch(&medium, 5, 0, 81));
	content_remove_owner(&medium, 5, 1, 3, 90);
	assert_true(content_touch(&medium, 5, 0, 91));
	content_fini(&medium);
}

/* ---- The naive model: every owner that a block ever had ---- */

typedef struct model_owners {
	ps_t since_ps;  /* -1 = at the start */
	uint32_t files; /* bit set, or ANYONE */
} model_owners;

typedef struct model_block {
	model_owners history[MAX_HISTORY];
	size_t num;
	ps_t access_ps; /* latest rightful access */
	uint32_t access_function;
} model_block;

static model_block model[NUM_BLOCKS];

static bool model_allows(uint32_t files, uint32_t function)
{
	if (files == ANYONE)
		return true;
	if (files == 0)
		return function == 0;
	return function == FUNCTION_OF_ALL || (function != 0 && files >> function & 1);
}

static void model_start(void)
{
	for (uint64_t i = 0; i < NUM_BLOCKS; i++) {
		uint32_t file = initial_file(NULL, i);

		model[i].history[0] = (model_owners){ -1, file == 0 ? 0 : 1u << file };
		model[i].num = 1;
		model[i].access_ps = -1;
	}
}

typedef enum model_change {
	MODEL_SET,
	MODEL_ADD,
	MODEL_REMOVE,
} model_change;

/* True if it uncovers an access that came too late. */
static bool model_changes(model_block *block, model_change change, uint32_t file, ps_t since_ps)
{
	model_owners *last = &block->history[block->num - 1];
	uint32_t bit = file == 0 ? 0 : 1u << file, files = bit;
	bool is_late;

	if (change != MODEL_SET && last->files == ANYONE)
		files = ANYONE;
	else if (change == MODEL_ADD)
		files = last->files | bit;
	else if (change == MODEL_REMOVE)
		files = last->files & ~bit;
	if (files != ANYONE && __builtin_popcount(files) > CONTENT_MAX_SHARERS)
		files = ANYONE;
	if (files != last->files || (change == MODEL_SET && block->num == 1)) {
		if (last->since_ps == since_ps) {
			last->files = files;
		} else {
			assert_true(block->num < MAX_HISTORY);
			block->history[block->num++] = (model_owners){ since_ps, files };
		}
	}
	is_late = block->access_ps > since_ps && !model_allows(files, block->access_function);
	if (is_late)
		block->access_ps = -1;
	return is_late;
}

static bool model_touches(model_block *block, uint32_t function, ps_t at_ps)
{
	bool is_allowed = false;

	for (size_t i = 0; i < block->num; i++) {
		ps_t until_ps = i + 1 < block->num ? block->history[i + 1].since_ps : PS_MAX;

		if (block->history[i].since_ps <= at_ps && at_ps <= until_ps)
			is_allowed |= model_allows(block->history[i].files, function);
	}
	if (block->num >= 3 && at_ps <= block->history[block->num - 2].since_ps)
		is_allowed = true; /* forgotten */
	if (is_allowed && at_ps >= block->access_ps) {
		block->access_ps = at_ps;
		block->access_function = function;
	}
	return is_allowed;
}

static void random_changes_follow_the_history(void **state)
{
	uint64_t num_late = 0, num_foreign = 0, num_allowed = 0, num_unjudged = 0;

	(void)state;
	for (uint64_t round = 0; round < 60; round++) {
		rng_stream rng = rng_open(1, "owners", round);
		uint64_t num_violations = 0;
		ps_t now_ps = 0;
		content medium;

		content_init(&medium, &hooks);
		model_start();
		for (int step = 0; step < 1000; step++) {
			uint64_t near = CONTENT_PAGE_BLOCKS - 4;
			uint64_t block = near + rng_uniform_u64(&rng, 8);

			now_ps += (ps_t)rng_uniform_u64(&rng, 4);
			if (rng_chance(&rng, 1, 20) || step < 3) {
				model_change change = rng_chance(&rng, 1, 3)   ? MODEL_SET
						      : rng_chance(&rng, 2, 3) ? MODEL_ADD
									       : MODEL_REMOVE;
				bool is_long = rng_chance(&rng, 1, 4);
				uint64_t first = is_long ? rng_uniform_u64(&rng, 3) * CONTENT_PAGE_BLOCKS : block;
				uint64_t num = is_long ? CONTENT_PAGE_BLOCKS : 1 + rng_uniform_u64(&rng, 5);
				uint32_t file = (uint32_t)rng_uniform_u64(&rng, 7);

				if (change != MODEL_SET && file == 0)
					file = 1;
				for (uint64_t i = first; i < first + num; i++) {
					bool is_late = model_changes(&model[i], change, file, now_ps);

					num_violations += is_late;
					num_late += is_late;
				}
				if (change == MODEL_SET)
					content_set_owner(&medium, first, num, file, now_ps);
				else if (change == MODEL_ADD)
					content_add_owner(&medium, first, num, file, now_ps);
				else
					content_remove_owner(&medium, first, num, file, now_ps);
			} else {
				uint32_t function = (uint32_t)rng_uniform_u64(&rng, 8);
				ps_t at_ps = now_ps + (ps_t)rng_uniform_u64(&rng, 60) - 30;
				bool is_allowed;

				if (step > 500 && rng_chance(&rng, 1, 4)) /* where pages are still whole */
					block = rng_uniform_u64(&rng, NUM_BLOCKS);
				at_ps = at_ps < 0 ? 0 : at_ps;
				is_allowed = model_touches(&model[block], function, at_ps);
				num_violations += !is_allowed;
				num_foreign += !is_allowed;
				num_allowed += is_allowed;
				assert_int_equal(content_touch(&medium, block, function, at_ps), is_allowed);
			}
			assert_int_equal(medium.num_violations, num_violations);
		}
		assert_int_equal(content_status(&medium), NESCSIM_OK);
		num_unjudged += medium.num_unjudged;
		content_fini(&medium);
	}
	assert_true(num_late > 50 && num_foreign > 5000 && num_allowed > 5000 && num_unjudged > 50);
}

static void many_combinations_of_files_stay_apart(void **state)
{
	enum {
		NUM = 600
	};
	static uint32_t files[NUM][CONTENT_MAX_SHARERS];
	rng_stream rng = rng_open(1, "sets", 0);
	uint32_t num_sets;
	content medium;

	(void)state;
	content_init(&medium, &hooks);
	for (int pass = 0; pass < 2; pass++) {
		for (uint64_t i = 0; i < NUM; i++) {
			content_set_owner(&medium, i, 1, CONTENT_FREE, pass);
			for (uint64_t k = 0; k < 2 + i % 3; k++) {
				uint64_t place = k < 2 && pass == 1 ? 1 - k : k; /* in another order */

				if (pass == 0)
					files[i][k] = 100 + (uint32_t)rng_uniform_u64(&rng, 1000);
				content_add_owner(&medium, i, 1, files[i][place], pass);
			}
		}
		if (pass == 0)
			num_sets = medium.num_sets;
	}
	assert_int_equal(medium.num_sets, num_sets); /* each only once */
	for (uint64_t i = 0; i < NUM; i++) {
		for (uint64_t k = 0; k < NUM; k++) {
			uint32_t function = files[k][0];
			bool is_owner = false;

			for (uint64_t j = 0; j < 2 + i % 3; j++)
				is_owner |= files[i][j] == function;
			assert_int_equal(content_touch(&medium, i, function, 2), is_owner);
		}
	}
	content_fini(&medium);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_stamp_keeps_its_parts),
		cmocka_unit_test(messages_say_what_it_was),
		cmocka_unit_test(page_numbers_find_their_pages),
		cmocka_unit_test(sectors_hold_what_was_last_written),
		cmocka_unit_test(untouched_blocks_cost_nothing),
		cmocka_unit_test(the_instant_of_a_change_is_both_owners),
		cmocka_unit_test(an_access_that_ran_first_is_found_by_the_change),
		cmocka_unit_test(what_is_forgotten_is_allowed_and_counted),
		cmocka_unit_test(up_to_four_files_share_a_block),
		cmocka_unit_test(random_changes_follow_the_history),
		cmocka_unit_test(many_combinations_of_files_stay_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
