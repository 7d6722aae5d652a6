/* Does every address of the BAR mean what its table says, and nothing else, to everyone? */
#include "base/cmocka_all.h"
#include "nesc/bar.h"

/* The map, written down a second time and on purpose in another form: by rule for every (page, offset, width). */
static bar_target expect(uint32_t page, uint32_t offset, uint32_t bytes, bool is_write, uint32_t num_vfs)
{
	bar_target target = { BAR_NO_REGISTER, BAR_NUM_REGISTERS, page, page, offset, 0 };
	bool readable = true, writable = true;
	uint32_t width = 8, at = offset;

	if (page > num_vfs)
		return (bar_target){ .verdict = BAR_NO_FUNCTION, .reg = BAR_NUM_REGISTERS };
	if (offset >= 2048 && page > 0) {
		target.verdict = BAR_UNUSED_HALF;
		return target;
	}
	if (offset >= 2048) {
		at = (offset - 2048) % 32;
		target.subject = 1 + (offset - 2048) / 32;
	}
	if (offset >= 1024 && offset < 2048) {
		target.reg = offset % 16 == 0 ? BAR_COMMAND : offset % 16 == 8 ? BAR_DMA_LIST_ENTRY : BAR_NUM_REGISTERS;
		target.ring = (offset - 1024) / 16;
		readable = false;
	} else if (offset >= 512 && offset < 1024) {
		target.reg = offset % 8 == 0 ? BAR_COMPLETION_RING : BAR_NUM_REGISTERS;
		target.ring = (offset - 512) / 8;
	} else {
		static const struct {
			uint32_t offset, width;
			bar_register reg;
			bool readable, writable;
		} map[] = {
			{ 0, 8, BAR_EXTENT_TREE_ROOT, true, true },      { 8, 8, BAR_MISS_ADDRESS, true, false },
			{ 16, 4, BAR_MISS_SIZE, true, false },           { 20, 4, BAR_REWALK_TREE, false, true },
			{ 24, 8, BAR_DEVICE_SIZE, true, true },          { 64, 8, BAR_MISS_PENDING, true, false },
			{ 80, 4, BAR_FLUSH_FUNCTION, true, true },       { 88, 8, BAR_FLUSH_FIRST_BLOCK, true, true },
			{ 96, 8, BAR_FLUSH_NUM_BLOCKS, true, true },     { 104, 4, BAR_FLUSH_GO, false, true },
			{ 128, 4, BAR_TRAMPOLINE_FUNCTION, true, true }, { 136, 8, BAR_TRAMPOLINE_BASE, true, true },
			{ 144, 8, BAR_TRAMPOLINE_BYTES, true, true },
		};

		for (size_t i = 0; i < sizeof(map) / sizeof(map[0]); i++) {
			if (map[i].offset == at && (offset < 2048 || at < 32)) {
				target.reg = map[i].reg;
				width = map[i].width;
				readable = map[i].readable;
				writable = map[i].writable;
			}
		}
	}
	if (target.reg == BAR_NUM_REGISTERS || width != bytes || target.subject > num_vfs ||
	    target.ring >= (page == 0 ? 64u : 16u)) {
		target.reg = BAR_NUM_REGISTERS;
		target.subject = page;
		target.ring = 0;
		return target;
	}
	/* Without a window, a page's own five are: its size, to read. */
	if (offset < 32 && page == 0 && target.reg != BAR_DEVICE_SIZE) {
		target.reg = BAR_NUM_REGISTERS;
		return target;
	}
	if (offset < 512 && page > 0 && !(target.reg == BAR_DEVICE_SIZE && !is_write)) {
		target.reg = BAR_NUM_REGISTERS;
		target.verdict = BAR_PRIVILEGED;
		return target;
	}
	if (offset == 24)
		writable = false;
	target.verdict = (is_write ? writable : readable) ? BAR_ALLOWED : BAR_WRONG_DIRECTION;
	return target;
}

static void every_access_means_what_the_map_says(void **state)
{
	static const uint32_t widths[] = { 0, 1, 2, 4, 8, 16, 4096 };
	uint32_t num_vfs_tried[] = { 0, 1, 7, 64 };

	(void)state;
	for (size_t n = 0; n < 4; n++) {
		for (uint64_t offset = 0; offset < BAR_BYTES + BAR_PAGE_BYTES; offset++) {
			for (uint32_t i = 0; i < 14; i++) {
				uint32_t page = (uint32_t)(offset >> 12), in_page = (uint32_t)(offset & 4095);
				bool is_write = i & 1;
				bar_target found = bar_decode(offset, widths[i / 2], is_write, num_vfs_tried[n]);
				bar_target expected = expect(page, in_page, widths[i / 2], is_write, num_vfs_tried[n]);

				if (found.verdict != expected.verdict || found.reg != expected.reg ||
				    found.function != expected.function || found.subject != expected.subject ||
				    found.ring != expected.ring || found.page_offset != expected.page_offset)
					fail_msg("page %u offset 0x%x, %u B, %s: '%s' %s, not '%s' %s", page, in_page,
						 widths[i / 2], is_write ? "write" : "read",
						 bar_verdict_text(found.verdict), bar_register_name(found.reg),
						 bar_verdict_text(expected.verdict), bar_register_name(expected.reg));
			}
		}
	}
}

/* Said in the thesis of a 4 KiB page per function. */
static void address_4224_is_vf_1_offset_128(void **state)
{
	bar_target target = bar_decode(4224, 8, true, 64);

	(void)state;
	assert_int_equal(target.function, 1);
	assert_int_equal(target.page_offset, 128);
}

/* Counted over the 512 8-byte slots of every page: what a guest can do at all. */
static void a_guest_reaches_only_its_rings_and_its_size(void **state)
{
	(void)state;
	for (uint32_t vf = 1; vf <= BAR_MAX_VFS; vf++) {
		uint32_t num_readable = 0, num_writable = 0;

		for (uint32_t slot = 0; slot < BAR_PAGE_BYTES / 8; slot++) {
			for (uint32_t i = 0; i < 6; i++) {
				uint32_t bytes = i < 2 ? 8 : 4;
				uint64_t offset = bar_page(vf) + 8 * slot + (i >= 4 ? 4 : 0);
				bar_target target = bar_decode(offset, bytes, i & 1, BAR_MAX_VFS);

				assert_int_equal(target.function, vf);
				assert_int_equal(target.subject, vf);
				if (target.verdict != BAR_ALLOWED)
					continue;
				assert_int_equal(bytes, 8);
				num_readable += !(i & 1);
				num_writable += i & 1;
				if (target.reg != BAR_DEVICE_SIZE || (i & 1))
					assert_true(target.reg == BAR_COMPLETION_RING || target.reg == BAR_COMMAND ||
						    target.reg == BAR_DMA_LIST_ENTRY);
			}
		}
		assert_int_equal(num_readable, 1 + BAR_MAX_VF_RINGS);
		assert_int_equal(num_writable, 3 * BAR_MAX_VF_RINGS);
	}
}

static void far_offsets_are_no_function(void **state)
{
	static const uint64_t offsets[] = { BAR_BYTES, UINT64_C(1) << 44, UINT64_MAX, UINT64_C(0x100000001000) };

	(void)state;
	for (size_t i = 0; i < sizeof(offsets) / sizeof(offsets[0]); i++)
		assert_int_equal(bar_decode(offsets[i], 8, true, 64).verdict, BAR_NO_FUNCTION);
}

static void check_register(uint64_t offset, bar_register reg, uint32_t bytes, bool is_write, uint32_t subject)
{
	bar_target target = bar_decode(offset, bytes, is_write, BAR_MAX_VFS);

	assert_int_equal(target.verdict, BAR_ALLOWED);
	assert_int_equal(target.reg, reg);
	assert_int_equal(target.subject, subject);
	if (subject > 0) /* no VF, no window */
		assert_int_equal(bar_decode(offset, bytes, is_write, subject - 1).verdict, BAR_NO_REGISTER);
}

static void drivers_find_their_registers(void **state)
{
	(void)state;
	for (uint32_t function = 0; function <= BAR_MAX_VFS; function++) {
		for (uint32_t ring = 0; ring < bar_num_rings(function); ring++) {
			const struct {
				uint64_t offset;
				bar_register reg;
			} cases[] = {
				{ bar_command(function, ring), BAR_COMMAND },
				{ bar_dma_list_entry(function, ring), BAR_DMA_LIST_ENTRY },
				{ bar_completion_ring(function, ring), BAR_COMPLETION_RING },
			};

			for (size_t i = 0; i < 3; i++) {
				bar_target target = bar_decode(cases[i].offset, 8, true, 64);

				assert_int_equal(target.verdict, BAR_ALLOWED);
				assert_int_equal(target.reg, cases[i].reg);
				assert_int_equal(target.function, function);
				assert_int_equal(target.ring, ring);
			}
		}
		assert_int_equal(bar_decode(bar_own_device_size(function), 8, false, 64).reg, BAR_DEVICE_SIZE);
	}
#define CHECK_PF(symbol, name, offset, bytes, readable, writable)                        \
	check_register(bar_pf_register(BAR_##symbol), BAR_##symbol, bytes, writable, 0); \
	assert_string_equal(bar_register_name(BAR_##symbol), name);
	BAR_PF_REGISTER_LIST(CHECK_PF)
	for (uint32_t vf = 1; vf <= BAR_MAX_VFS; vf++) {
#define CHECK_WINDOW(symbol, name, offset, bytes, readable, writable) \
	check_register(bar_window_register(vf, BAR_##symbol), BAR_##symbol, bytes, writable, vf);
		BAR_WINDOW_REGISTER_LIST(CHECK_WINDOW)
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_access_means_what_the_map_says),
		cmocka_unit_test(address_4224_is_vf_1_offset_128),
		cmocka_unit_test(a_guest_reaches_only_its_rings_and_its_size),
		cmocka_unit_test(far_offsets_are_no_function),
		cmocka_unit_test(drivers_find_their_registers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
