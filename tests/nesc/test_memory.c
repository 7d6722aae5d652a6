/* Does the arena hand out the lowest fitting range, zeroed and apart from every other, and take it back whole? */
#include <stdlib.h>
#include <string.h>

#include "base/cmocka_all.h"
#include "base/rng.h"
#include "nesc/memory.h"

#define BASE UINT64_C(0x7ff000) /* a multiple of 4 KiB but not of 8 KiB, so that alignment is by address, not offset */
#define ARENA_BYTES 65536

static void numbers_are_little_endian(void **state)
{
	uint8_t bytes[16] = { 0 };

	(void)state;
	le64_store(bytes + 1, UINT64_C(0x8899aabbccddeeff));
	assert_memory_equal(bytes + 1, "\xff\xee\xdd\xcc\xbb\xaa\x99\x88", 8);
	assert_int_equal(bytes[0] | bytes[9], 0);
	assert_true(le64_load(bytes + 1) == UINT64_C(0x8899aabbccddeeff));
	assert_int_equal(le32_load(bytes + 1), 0xccddeeff);
	assert_int_equal(le16_load(bytes + 7), 0x8899);
	le32_store(bytes + 3, 0xf1020304);
	le16_store(bytes + 3, 0xf506);
	assert_int_equal(le32_load(bytes + 3), 0xf102f506);
}

static void only_the_arena_is_reachable(void **state)
{
	host_memory memory;

	(void)state;
	assert_int_equal(memory_init(&memory, BASE, 5000), NESCSIM_OK); /* 8192 after rounding */
	assert_ptr_equal(memory_at(&memory, BASE, 0), memory.pages);
	assert_ptr_equal(memory_at(&memory, BASE + 8191, 1), memory.pages + 8191);
	assert_ptr_equal(memory_at(&memory, BASE, 8192), memory.pages);
	assert_null(memory_at(&memory, BASE, 8193));
	assert_null(memory_at(&memory, BASE + 8191, 2));
	assert_null(memory_at(&memory, BASE + 8193, 0));
	assert_null(memory_at(&memory, BASE - 1, 1));
	assert_null(memory_at(&memory, 0, 1));
	assert_null(memory_at(&memory, UINT64_MAX, 2));
	assert_null(memory_at(&memory, BASE + 1, UINT64_MAX));
	assert_true(memory_alloc(&memory, 8193, 1) == 0);
	assert_true(memory_alloc(&memory, UINT64_MAX, 4096) == 0);
	assert_true(memory_alloc(&memory, 1, UINT64_C(1) << 63) == 0);
	memory_fini(&memory);
	memory_fini(&memory);
}

static void a_large_host_costs_nothing(void **state)
{
	host_memory memory;
	uint64_t address;

	(void)state;
	assert_int_equal(memory_init(&memory, HOST_MEMORY_BASE, UINT64_C(64) << 30), NESCSIM_OK);
	address = memory_alloc(&memory, UINT64_C(48) << 30, 4096);
	assert_true(address == HOST_MEMORY_BASE);
	memory_at(&memory, address, UINT64_C(48) << 30)[(UINT64_C(48) << 30) - 1] = 1;
	memory_free(&memory, address, UINT64_C(48) << 30);
	memory_fini(&memory);
}

/* The most holes that allocations can leave: one before each and one behind, at every number of them. */
static void holes_on_all_sides_fit_the_table(void **state)
{
	uint64_t addresses[100];
	host_memory memory;

	(void)state;
	assert_int_equal(memory_init(&memory, BASE, 2 * 4096 * 100 + 4096), NESCSIM_OK);
	for (size_t i = 0; i < 100; i++) {
		addresses[i] = memory_alloc(&memory, 4096, 8192);
		assert_true(addresses[i] == BASE + 4096 + 8192 * i);
		assert_int_equal(memory.num_free, i + 2);
		assert_true(memory.num_free <= memory.max_free);
	}
	for (size_t i = 0; i < 100; i += 2)
		memory_free(&memory, addresses[i], 4096);
	for (size_t i = 1; i < 100; i += 2)
		memory_free(&memory, addresses[i], 4096);
	assert_int_equal(memory.num_free, 1);
	memory_fini(&memory);
}

/* Lowest address at which the owner map has room, or 0. */
static uint64_t first_fit(const uint8_t *is_used, uint64_t bytes, uint64_t align)
{
	uint64_t run_bytes = 0;

	for (uint64_t start = 0; start + bytes <= ARENA_BYTES; start++) {
		if ((BASE + start) % align != 0)
			continue;
		for (run_bytes = 0; run_bytes < bytes && !is_used[start + run_bytes]; run_bytes++)
			;
		if (run_bytes == bytes)
			return BASE + start;
	}
	return 0;
}

static void random_use_follows_the_map(void **state)
{
	enum {
		MAX_HELD = 64
	};
	static uint8_t is_used[ARENA_BYTES];
	rng_stream rng = rng_open(1, "memory", 0);
	struct {
		uint64_t address, bytes;
	} held[MAX_HELD];
	size_t num_held = 0, num_exhausted = 0;
	uint64_t used_bytes = 0;
	host_memory memory;

	(void)state;
	memset(is_used, 0, sizeof(is_used));
	assert_int_equal(memory_init(&memory, BASE, ARENA_BYTES), NESCSIM_OK);
	for (int step = 0; step < 4000; step++) {
		if (num_held < MAX_HELD && rng_chance(&rng, 11, 20)) {
			uint64_t bytes = 1 + rng_uniform_u64(&rng, rng_chance(&rng, 1, 4) ? 9000 : 600);
			uint64_t align = UINT64_C(1) << rng_uniform_u64(&rng, 14);
			uint64_t expected = first_fit(is_used, bytes, align);
			uint64_t address = memory_alloc(&memory, bytes, align);
			uint8_t *at = memory_at(&memory, address, bytes);

			assert_true(address == expected);
			if (address == 0) {
				num_exhausted++;
				continue;
			}
			for (uint64_t i = 0; i < bytes; i++)
				assert_int_equal(at[i], 0);
			memset(at, 0xa5, bytes);
			memset(is_used + (address - BASE), 1, bytes);
			held[num_held].address = address;
			held[num_held++].bytes = bytes;
			used_bytes += bytes;
		} else if (num_held > 0) {
			size_t i = rng_uniform_u64(&rng, num_held);

			for (uint64_t k = 0; k < held[i].bytes; k++)
				assert_int_equal(memory_at(&memory, held[i].address, held[i].bytes)[k], 0xa5);
			memory_free(&memory, held[i].address, held[i].bytes);
			memset(is_used + (held[i].address - BASE), 0, held[i].bytes);
			used_bytes -= held[i].bytes;
			held[i] = held[--num_held];
		}
		assert_true(memory.used_bytes == used_bytes);
		assert_true(memory.num_allocations == num_held);
	}
	assert_true(num_exhausted > 50);
	while (num_held > 0) {
		num_held--;
		memory_free(&memory, held[num_held].address, held[num_held].bytes);
	}
	memory_free(&memory, 0, 0);
	assert_int_equal(memory.num_free, 1);
	assert_true(memory_alloc(&memory, ARENA_BYTES, 1) == BASE);
	memory_fini(&memory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_are_little_endian),  cmocka_unit_test(only_the_arena_is_reachable),
		cmocka_unit_test(a_large_host_costs_nothing), cmocka_unit_test(holes_on_all_sides_fit_the_table),
		cmocka_unit_test(random_use_follows_the_map),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
