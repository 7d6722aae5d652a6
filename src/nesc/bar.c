#include "nesc/bar.h"

#include <stddef.h>

#include "base/assert.h"

typedef struct register_row {
	const char *name;
	uint16_t offset;
	uint8_t bytes;
	bool readable, writable;
} register_row;

static const register_row rows[BAR_NUM_REGISTERS] = {
#define REGISTER_ROW(symbol, name, offset, bytes, readable, writable) \
	[BAR_##symbol] = { name, offset, bytes, readable, writable },
	BAR_WINDOW_REGISTER_LIST(REGISTER_ROW) BAR_PF_REGISTER_LIST(REGISTER_ROW) BAR_RING_REGISTER_LIST(REGISTER_ROW)
#undef REGISTER_ROW
};

#define CASE_OF_REGISTER(symbol, name, offset, bytes, readable, writable) \
	case offset:                                                      \
		return BAR_##symbol;

/* Register that begins at this offset of a window, or BAR_NUM_REGISTERS. */
static bar_register window_register_at(uint32_t window_offset)
{
	switch (window_offset) {
		BAR_WINDOW_REGISTER_LIST(CASE_OF_REGISTER)
	default:
		return BAR_NUM_REGISTERS;
	}
}

/* The same for the PF's own registers. */
static bar_register pf_register_at(uint32_t page_offset)
{
	switch (page_offset) {
		BAR_PF_REGISTER_LIST(CASE_OF_REGISTER)
	default:
		return BAR_NUM_REGISTERS;
	}
}

static bool is_width_of(bar_register reg, uint32_t bytes)
{
	return reg != BAR_NUM_REGISTERS && rows[reg].bytes == bytes;
}

static void settle(bar_target *target, bar_register reg, bool is_write)
{
	bool fits = is_write ? rows[reg].writable : rows[reg].readable;

	target->reg = reg;
	target->verdict = fits ? BAR_ALLOWED : BAR_WRONG_DIRECTION;
}

static void decode_window(bar_target *target, uint32_t bytes, bool is_write, uint32_t num_vfs)
{
	uint32_t window_offset = target->page_offset - BAR_WINDOWS;
	uint32_t vf = window_offset / BAR_WINDOW_BYTES + 1;
	bar_register reg = window_register_at(window_offset % BAR_WINDOW_BYTES);

	if (vf > num_vfs || !is_width_of(reg, bytes))
		return;
	target->subject = vf;
	settle(target, reg, is_write);
}

static void decode_ring(bar_target *target, uint32_t bytes, bool is_write)
{
	bool is_doorbell = target->page_offset >= BAR_RINGS;
	uint32_t offset = target->page_offset - (is_doorbell ? BAR_RINGS : BAR_COMPLETION_RINGS);
	uint32_t ring = is_doorbell ? offset / BAR_RING_BYTES : offset / BAR_COMPLETION_RING_BYTES;
	bar_register reg = BAR_COMPLETION_RING;

	if (is_doorbell)
		reg = (offset & 8) ? BAR_DMA_LIST_ENTRY : BAR_COMMAND;
	if ((offset & 7) != 0 || !is_width_of(reg, bytes) || ring >= bar_num_rings(target->function))
		return;
	target->ring = ring;
	settle(target, reg, is_write);
}

/* The rest of the registers: the same offsets mean the same on every page, but only the PF's page gives access. */
static void decode_common(bar_target *target, uint32_t bytes, bool is_write)
{
	bar_register own = window_register_at(target->page_offset);
	bar_register global = pf_register_at(target->page_offset);

	if (is_width_of(own, bytes)) {
		if (own == BAR_DEVICE_SIZE && !is_write)
			settle(target, own, false);
		else if (target->function != 0)
			target->verdict = BAR_PRIVILEGED;
		else if (own == BAR_DEVICE_SIZE) { /* the PF's is what the medium has */
			target->reg = own;
			target->verdict = BAR_WRONG_DIRECTION;
		}
	} else if (is_width_of(global, bytes)) {
		if (target->function == 0)
			settle(target, global, is_write);
		else
			target->verdict = BAR_PRIVILEGED;
	}
}

bar_target bar_decode(uint64_t bar_offset, uint32_t bytes, bool is_write, uint32_t num_vfs)
{
	bar_target target = { .verdict = BAR_NO_FUNCTION, .reg = BAR_NUM_REGISTERS };

	if (bar_offset / BAR_PAGE_BYTES > num_vfs)
		return target;
	target.function = target.subject = (uint32_t)(bar_offset / BAR_PAGE_BYTES);
	target.page_offset = (uint32_t)(bar_offset % BAR_PAGE_BYTES);
	target.verdict = BAR_NO_REGISTER;
	if (target.page_offset >= BAR_REGISTER_BYTES) {
		if (target.function == 0)
			decode_window(&target, bytes, is_write, num_vfs);
		else
			target.verdict = BAR_UNUSED_HALF;
	} else if (target.page_offset >= BAR_COMPLETION_RINGS) {
		decode_ring(&target, bytes, is_write);
	} else {
		decode_common(&target, bytes, is_write);
	}
	return target;
}

const char *bar_register_name(bar_register reg)
{
	return (uint32_t)reg < BAR_NUM_REGISTERS ? rows[reg].name : "none";
}

const char *bar_verdict_text(bar_verdict verdict)
{
	static const char *const texts[BAR_NUM_VERDICTS] = {
#define VERDICT_TEXT(symbol, text) text,
		BAR_VERDICT_LIST(VERDICT_TEXT)
#undef VERDICT_TEXT
	};

	return (uint32_t)verdict < BAR_NUM_VERDICTS ? texts[verdict] : "unknown";
}

uint64_t bar_pf_register(bar_register reg)
{
	NESC_ASSERT(pf_register_at(rows[reg].offset) == reg, "%s is not the PF's", bar_register_name(reg));
	return rows[reg].offset;
}

uint64_t bar_window_register(uint32_t vf, bar_register reg)
{
	NESC_ASSERT(vf >= 1 && vf <= BAR_MAX_VFS, "VF %u", vf);
	NESC_ASSERT(window_register_at(rows[reg].offset) == reg, "%s is not in a window", bar_register_name(reg));
	return BAR_WINDOWS + (vf - 1) * BAR_WINDOW_BYTES + rows[reg].offset;
}
