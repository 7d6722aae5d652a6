/* Do the registers keep, refuse and pass on what their header says, whatever a guest writes? */
#include <string.h>

#include "base/cmocka_all.h"
#include "base/rng.h"
#include "nesc/regs.h"

#define GUEST_VF 7
#define DEVICE_BYTES (UINT64_C(1) << 30)

static regs_effect write_register(regs *self, uint64_t bar_offset, uint64_t value, uint32_t bytes)
{
	regs_effect effect;

	regs_write(self, bar_offset, value, bytes, &effect);
	return effect;
}

static regs device;

static int set_up(void **state)
{
	(void)state;
	regs_init(&device, BAR_MAX_VFS, DEVICE_BYTES);
	return 0;
}

static uint64_t window(uint32_t vf, bar_register reg)
{
	return bar_window_register(vf, reg);
}

static void words_survive_the_way(void **state)
{
	rng_stream rng = rng_open(1, "words", 0);

	(void)state;
	for (int i = 0; i < 20000; i++) {
		nesc_command command = {
			.op = (nesc_op)(NESC_READ + rng_uniform_u64(&rng, 3)),
			.tag = (uint32_t)rng_bits(&rng),
			.first_sector = rng_bits(&rng),
		}, command_back;
		nesc_node node = {
			.offset = (uint32_t)rng_bits(&rng),
			.bytes = 512 * (1 + (uint32_t)rng_uniform_u64(&rng, 8)),
		}, node_back;
		uint64_t status = rng_uniform_u64(&rng, NESC_NUM_COMPLETION_STATUS);
		nesc_completion completion = { (uint32_t)rng_bits(&rng), (nesc_completion_status)status };
		nesc_completion completion_back;
		uint64_t words[2];
		uint8_t bytes[NESC_COMPLETION_BYTES];

		if (command.op != NESC_FLUSH)
			command.num_nodes = (uint16_t)(1 + rng_uniform_u64(&rng, NESC_MAX_NODES));
		if (command.op == NESC_WRITE)
			command.flags = (uint8_t)rng_uniform_u64(&rng, 4);
		nesc_command_pack(&command, words);
		assert_true(nesc_command_unpack(words, &command_back));
		assert_true(command_back.op == command.op && command_back.flags == command.flags &&
			    command_back.num_nodes == command.num_nodes && command_back.tag == command.tag &&
			    command_back.first_sector == command.first_sector);

		node.address = rng_bits(&rng) >> 1;
		nesc_node_pack(&node, words);
		assert_true(nesc_node_unpack(words, &node_back));
		assert_true(node_back.address == node.address && node_back.offset == node.offset &&
			    node_back.bytes == node.bytes);

		nesc_completion_pack(&completion, bytes);
		assert_true(nesc_completion_unpack(bytes, &completion_back));
		assert_true(completion_back.tag == completion.tag && completion_back.status == completion.status);
	}
}

static void words_lie_where_the_header_says(void **state)
{
	uint64_t words[2];
	uint8_t bytes[NESC_COMPLETION_BYTES];

	(void)state;
	nesc_command_pack(&(nesc_command){ NESC_WRITE, NESC_FUA, 0x1234, 0xdeadbeef, 77 }, words);
	assert_true(words[0] == UINT64_C(0xdeadbeef12340202) && words[1] == 77);
	nesc_node_pack(&(nesc_node){ 0x123456789abc, 0x11223344, 4096 }, words);
	assert_true(words[0] == UINT64_C(0x123456789abc) && words[1] == UINT64_C(0x0000100011223344));
	nesc_completion_pack(&(nesc_completion){ 0xdeadbeef, NESC_COMPLETION_NO_SPACE }, bytes);
	assert_memory_equal(bytes, "\xef\xbe\xad\xde\x05\0\0\0\0\0\0\0\0\0\0\0", 16);
	bytes[5] = 1;
	assert_false(nesc_completion_unpack(bytes, &(nesc_completion){ 0 }));
	assert_string_equal(nesc_completion_text(NESC_COMPLETION_OK), "ok");
	assert_string_equal(nesc_completion_text(NESC_NUM_COMPLETION_STATUS), "unknown");
}

static void malformed_words_are_told(void **state)
{
	static const uint64_t commands[] = {
		0,       0x10000, /* no operation */
		0x10004, 0x100ff, /* unknown ones */
		0x0001,  0x0002,  /* nothing to move */
		0x10003,          /* a flush that moves something */
		0x10101, 0x0103,  /* flags of a write elsewhere */
		0x10402, 0x18002, /* unknown flags */
	};
	static const uint64_t nodes[][2] = {
		{ 0, 0 },
		{ 0, UINT64_C(511) << 32 },
		{ 0, UINT64_C(513) << 32 },
		{ 0, UINT64_C(4097) << 32 },
		{ 0, UINT64_C(4608) << 32 },
		{ 0, UINT64_C(0x80001000) << 32 },
		{ UINT64_MAX - 511, UINT64_C(512) << 32 },
		{ UINT64_MAX - 4096, UINT64_C(512) << 32 | 4096 },
	};
	nesc_command command;
	nesc_node node;

	(void)state;
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		uint64_t words[2] = { commands[i], 0 };

		if (nesc_command_unpack(words, &command))
			fail_msg("command %zu passes", i);
	}
	for (size_t i = 0; i < sizeof(nodes) / sizeof(nodes[0]); i++) {
		if (nesc_node_unpack(nodes[i], &node))
			fail_msg("node %zu passes", i);
	}
}

static void two_writes_make_a_command_and_two_a_node(void **state)
{
	uint64_t command[2], node[2];
	regs_effect effect;

	(void)state;
	nesc_command_pack(&(nesc_command){ NESC_READ, 0, 2, 9, 64 }, command);
	nesc_node_pack(&(nesc_node){ 0x10000, 512, 1024 }, node);
	for (uint32_t function = 0; function <= BAR_MAX_VFS; function += 32) {
		/* Rings and functions do not see each other's halves. */
		for (uint32_t ring = 0; ring < bar_num_rings(function); ring++) {
			effect = write_register(&device, bar_command(function, ring), command[0], 8);
			assert_true(effect.action == REGS_NOTHING && !effect.ignored);
			effect = write_register(&device, bar_dma_list_entry(function, ring), node[0], 8);
			assert_true(effect.action == REGS_NOTHING && !effect.ignored);
		}
		for (uint32_t ring = 0; ring < bar_num_rings(function); ring++) {
			effect = write_register(&device, bar_dma_list_entry(function, ring), node[1], 8);
			assert_true(effect.action == REGS_NODE && effect.valid);
			assert_true(effect.function == function && effect.ring == ring);
			assert_true(effect.node.address == 0x10000 && effect.node.offset == 512 &&
				    effect.node.bytes == 1024);
			effect = write_register(&device, bar_command(function, ring), command[1], 8);
			assert_true(effect.action == REGS_COMMAND && effect.valid);
			assert_true(effect.function == function && effect.ring == ring);
			assert_true(effect.command.tag == 9 && effect.command.first_sector == 64);
		}
		assert_true(regs_num_ignored(&device, function) == 0);
	}
	write_register(&device, bar_command(GUEST_VF, 0), 0, 8);
	effect = write_register(&device, bar_command(GUEST_VF, 0), 0, 8);
	assert_true(effect.action == REGS_COMMAND && !effect.valid);
}

static void a_miss_goes_through_the_registers(void **state)
{
	regs_effect effect;

	(void)state;
	assert_true(regs_read(&device, bar_pf_register(BAR_MISS_PENDING), 8) == 0);
	regs_set_miss(&device, 64, UINT64_C(0x123400), 2048);
	regs_set_miss(&device, 1, 512, 512);
	assert_true(regs_read(&device, bar_pf_register(BAR_MISS_PENDING), 8) == (UINT64_C(1) << 63 | 1));
	assert_true(regs_read(&device, window(64, BAR_MISS_ADDRESS), 8) == 0x123400);
	assert_true(regs_read(&device, window(64, BAR_MISS_SIZE), 4) == 2048);

	/* The guest's own page shows nothing of it, nor can it end the wait. */
	assert_true(regs_read(&device, bar_page(64) + 8, 8) == 0);
	effect = write_register(&device, bar_page(64) + 0x14, 1, 4);
	assert_true(effect.ignored && effect.action == REGS_NOTHING && regs_miss_pending(&device, 64));
	assert_true(device.functions[64].ignored[BAR_PRIVILEGED] == 2);

	assert_true(write_register(&device, window(64, BAR_REWALK_TREE), 0, 4).ignored);
	assert_true(write_register(&device, window(64, BAR_REWALK_TREE), REGS_NUM_REWALKS, 4).ignored);
	assert_false(regs_end_miss(&device, 2)); /* has no miss */
	effect = write_register(&device, window(64, BAR_REWALK_TREE), UINT64_C(0x900000000) | REGS_FAIL_NO_SPACE, 4);
	assert_true(effect.action == REGS_RETRY && effect.function == 64 && effect.rewalk == REGS_FAIL_NO_SPACE);
	assert_true(regs_miss_pending(&device, 64)); /* until the effect reaches translation */
	assert_true(regs_end_miss(&device, 64));
	assert_false(regs_miss_pending(&device, 64));
	assert_true(regs_miss_pending(&device, 1));
	assert_true(regs_read(&device, window(64, BAR_MISS_ADDRESS), 8) == 0);
	regs_set_miss(&device, 64, 4096, 512); /* the next one in the queue */
	effect = write_register(&device, window(64, BAR_REWALK_TREE), 1, 4);
	assert_true(effect.action == REGS_RETRY && effect.rewalk == REGS_REWALK);
	assert_true(write_register(&device, window(3, BAR_REWALK_TREE), 1, 4).action == REGS_RETRY);
}

static void the_pf_sets_up_its_vfs(void **state)
{
	regs_effect effect;

	(void)state;
	assert_false(write_register(&device, window(GUEST_VF, BAR_EXTENT_TREE_ROOT), 0x1000, 8).ignored);
	assert_false(write_register(&device, window(GUEST_VF, BAR_DEVICE_SIZE), 1 << 20, 8).ignored);
	assert_true(regs_read(&device, window(GUEST_VF, BAR_EXTENT_TREE_ROOT), 8) == 0x1000);
	assert_true(regs_read(&device, bar_own_device_size(GUEST_VF), 8) == 1 << 20);
	assert_true(regs_read(&device, bar_own_device_size(0), 8) == DEVICE_BYTES);
	assert_true(write_register(&device, bar_own_device_size(0), 1, 8).ignored);
	assert_true(regs_read(&device, bar_own_device_size(0), 8) == DEVICE_BYTES);

	assert_true(write_register(&device, bar_pf_register(BAR_TRAMPOLINE_BASE), 1, 8).ignored); /* of whom? */
	assert_true(write_register(&device, bar_pf_register(BAR_TRAMPOLINE_BYTES), 1, 8).ignored);
	assert_true(write_register(&device, bar_pf_register(BAR_TRAMPOLINE_FUNCTION), 0, 4).ignored);
	assert_true(write_register(&device, bar_pf_register(BAR_TRAMPOLINE_FUNCTION), 65, 4).ignored);
	assert_false(write_register(&device, bar_pf_register(BAR_TRAMPOLINE_FUNCTION), GUEST_VF, 4).ignored);
	assert_false(write_register(&device, bar_pf_register(BAR_TRAMPOLINE_BASE), 0x20000, 8).ignored);
	assert_false(write_register(&device, bar_pf_register(BAR_TRAMPOLINE_BYTES), 0x10000, 8).ignored);
	assert_true(regs_read(&device, bar_pf_register(BAR_TRAMPOLINE_FUNCTION), 4) == GUEST_VF);
	assert_true(regs_read(&device, bar_pf_register(BAR_TRAMPOLINE_BASE), 8) == 0x20000);
	assert_true(regs_read(&device, bar_pf_register(BAR_TRAMPOLINE_BYTES), 8) == 0x10000);
	assert_true(regs_dma_allowed(&device, GUEST_VF, 0x20000, 0x10000));
	assert_true(regs_dma_allowed(&device, GUEST_VF, 0x2ff00, 0x100));
	assert_false(regs_dma_allowed(&device, GUEST_VF, 0x2ff00, 0x101));
	assert_false(regs_dma_allowed(&device, GUEST_VF, 0x1ffff, 2));
	assert_false(regs_dma_allowed(&device, GUEST_VF, UINT64_MAX, 2));
	assert_false(regs_dma_allowed(&device, GUEST_VF, 0x20000, UINT64_MAX));
	assert_false(regs_dma_allowed(&device, GUEST_VF + 1, 0x20000, 1));
	assert_false(regs_dma_allowed(&device, GUEST_VF + 1, 0, 1));
	assert_true(regs_dma_allowed(&device, 0, UINT64_MAX, 1));

	assert_true(write_register(&device, bar_pf_register(BAR_FLUSH_FUNCTION), 65, 4).ignored);
	assert_true(write_register(&device, bar_pf_register(BAR_FLUSH_GO), 0, 4).ignored);
	effect = write_register(&device, bar_pf_register(BAR_FLUSH_GO), 1, 4);
	assert_true(effect.action == REGS_FLUSH && effect.function == 0 && effect.first_block == 0 &&
		    effect.num_blocks == UINT64_MAX);
	write_register(&device, bar_pf_register(BAR_FLUSH_FUNCTION), GUEST_VF, 4);
	write_register(&device, bar_pf_register(BAR_FLUSH_FIRST_BLOCK), 100, 8);
	write_register(&device, bar_pf_register(BAR_FLUSH_NUM_BLOCKS), 5, 8);
	effect = write_register(&device, bar_pf_register(BAR_FLUSH_GO), 1, 4);
	assert_true(effect.action == REGS_FLUSH && effect.function == GUEST_VF && effect.first_block == 100 &&
		    effect.num_blocks == 5);
	assert_true(regs_read(&device, bar_pf_register(BAR_FLUSH_FUNCTION), 4) == GUEST_VF);
	assert_true(regs_read(&device, bar_pf_register(BAR_FLUSH_FIRST_BLOCK), 8) == 100);
	assert_true(regs_read(&device, bar_pf_register(BAR_FLUSH_NUM_BLOCKS), 8) == 5);
	assert_true(regs_read(&device, bar_pf_register(BAR_FLUSH_GO), 4) == 0);
	assert_true(device.functions[0].ignored[BAR_WRONG_DIRECTION] == 2); /* its size; FlushGo */
}

static void completion_rings_have_an_address_and_a_length(void **state)
{
	const regs_ring *ring = regs_ring_of(&device, GUEST_VF, 15);

	(void)state;
	assert_int_equal(ring->num_completions, 0);
	assert_false(write_register(&device, bar_completion_ring(GUEST_VF, 15), 0x40000 | 8, 8).ignored);
	assert_true(ring->completion_address == 0x40000);
	assert_int_equal(ring->num_completions, 256);
	assert_true(regs_read(&device, bar_completion_ring(GUEST_VF, 15), 8) == (0x40000 | 8));
	assert_true(write_register(&device, bar_completion_ring(GUEST_VF, 15), 0x50000 | 17, 8).ignored);
	assert_true(device.functions[GUEST_VF].ignored[BAR_ALLOWED] == 1);
	assert_true(ring->completion_address == 0x40000);
	assert_true(write_register(&device, bar_completion_ring(GUEST_VF, 15) + 8, 0x50000, 8).ignored);
}

/* A guest that writes every 4 and 8 bytes of its page changes its own rings, and nothing else in the whole device. */
static void a_guest_changes_nothing_but_its_rings(void **state)
{
	static regs before;
	uint64_t num_accesses = 0, num_effects = 0;

	(void)state;
	for (uint32_t vf = 1; vf <= BAR_MAX_VFS; vf++) {
		regs_init(&device, BAR_MAX_VFS, DEVICE_BYTES);
		for (uint32_t i = 1; i <= BAR_MAX_VFS; i++) {
			device.functions[i].tree_root_address = 4096 * i;
			device.functions[i].device_bytes = 512 * i;
			device.functions[i].trampoline_bytes = i;
			regs_set_miss(&device, i, 512 * i, 512);
		}
		before = device;
		num_accesses = num_effects = 0;
		for (uint32_t slot = 0; slot < BAR_PAGE_BYTES / 8; slot++) {
			for (uint32_t i = 0; i < 3; i++) {
				uint64_t offset = bar_page(vf) + 8 * slot + (i == 2 ? 4 : 0);
				regs_effect effect = write_register(&device, offset, 1, i == 0 ? 8 : 4);
				uint64_t value = regs_read(&device, offset, i == 0 ? 8 : 4);

				num_accesses += 2;
				num_effects += !effect.ignored;
				assert_int_equal(effect.action, REGS_NOTHING);
				if (bar_decode(offset, i == 0 ? 8 : 4, false, BAR_MAX_VFS).verdict == BAR_ALLOWED) {
					num_effects++;
					assert_true(value != 0);
				} else {
					assert_true(value == 0);
				}
			}
		}
		assert_true(num_effects == 4 * BAR_MAX_VF_RINGS + 1);
		assert_true(regs_num_ignored(&device, vf) == num_accesses - num_effects);
		for (uint32_t ring = 0; ring < BAR_MAX_VF_RINGS; ring++) {
			assert_true(device.vf_rings[vf - 1][ring].half_command);
			assert_true(device.vf_rings[vf - 1][ring].half_node);
		}
		memset(device.functions[vf].ignored, 0, sizeof(device.functions[vf].ignored));
		memcpy(device.vf_rings[vf - 1], before.vf_rings[vf - 1], sizeof(before.vf_rings[vf - 1]));
		assert_memory_equal(&device, &before, sizeof(device));
	}
}

/* Beyond the VFs that exist there is nothing; the access is counted with the PF. */
static void absent_vfs_have_no_registers(void **state)
{
	(void)state;
	regs_init(&device, 2, DEVICE_BYTES);
	assert_true(write_register(&device, bar_command(3, 0), 1, 8).ignored);
	assert_true(regs_read(&device, bar_own_device_size(3), 8) == 0);
	assert_true(device.functions[0].ignored[BAR_NO_FUNCTION] == 2);
	assert_true(write_register(&device, window(3, BAR_EXTENT_TREE_ROOT), 1, 8).ignored);
	assert_true(device.functions[0].ignored[BAR_NO_REGISTER] == 1);
	assert_true(device.functions[3].tree_root_address == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words_survive_the_way),
		cmocka_unit_test(words_lie_where_the_header_says),
		cmocka_unit_test(malformed_words_are_told),
		cmocka_unit_test_setup(two_writes_make_a_command_and_two_a_node, set_up),
		cmocka_unit_test_setup(a_miss_goes_through_the_registers, set_up),
		cmocka_unit_test_setup(the_pf_sets_up_its_vfs, set_up),
		cmocka_unit_test_setup(completion_rings_have_an_address_and_a_length, set_up),
		cmocka_unit_test_setup(a_guest_changes_nothing_but_its_rings, set_up),
		cmocka_unit_test_setup(absent_vfs_have_no_registers, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
