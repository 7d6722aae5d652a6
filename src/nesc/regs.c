#include "nesc/regs.h"

#include <stddef.h>
#include <string.h>

#include "base/assert.h"
#include "nesc/memory.h"

#define MAX_LOG2_COMPLETIONS 16

void nesc_command_pack(const nesc_command *command, uint64_t words_out[2])
{
	words_out[0] = (uint64_t)(uint8_t)command->op | (uint64_t)command->flags << 8 |
		       (uint64_t)command->num_nodes << 16 | (uint64_t)command->tag << 32;
	words_out[1] = command->first_sector;
	NESC_ASSERT(nesc_command_unpack(words_out, &(nesc_command){ 0 }), "operation %u, flags %u, %u nodes",
		    (unsigned int)command->op, command->flags, command->num_nodes);
}

void nesc_node_pack(const nesc_node *node, uint64_t words_out[2])
{
	words_out[0] = node->address;
	words_out[1] = (uint64_t)node->offset | (uint64_t)node->bytes << 32;
	NESC_ASSERT(nesc_node_unpack(words_out, &(nesc_node){ 0 }), "node of %u B", node->bytes);
}

void nesc_completion_pack(const nesc_completion *completion, uint8_t bytes_out[NESC_COMPLETION_BYTES])
{
	NESC_ASSERT((uint32_t)completion->status < NESC_NUM_COMPLETION_STATUS, "status %u",
		    (unsigned int)completion->status);
	le32_store(bytes_out, completion->tag);
	le32_store(bytes_out + 4, (uint32_t)completion->status);
	le64_store(bytes_out + 8, 0);
}

bool nesc_command_unpack(const uint64_t words[2], nesc_command *command_out)
{
	*command_out = (nesc_command){
		.op = (nesc_op)(uint8_t)words[0],
		.flags = (uint8_t)(words[0] >> 8),
		.num_nodes = (uint16_t)(words[0] >> 16),
		.tag = (uint32_t)(words[0] >> 32),
		.first_sector = words[1],
	};
	switch (command_out->op) {
	case NESC_READ:
		return command_out->flags == 0 && command_out->num_nodes > 0;
	case NESC_WRITE:
		return (command_out->flags & ~(NESC_PREFLUSH | NESC_FUA)) == 0 && command_out->num_nodes > 0;
	case NESC_FLUSH:
		return command_out->flags == 0 && command_out->num_nodes == 0;
	}
	return false;
}

bool nesc_node_unpack(const uint64_t words[2], nesc_node *node_out)
{
	*node_out = (nesc_node){
		.address = words[0],
		.offset = (uint32_t)words[1],
		.bytes = (uint32_t)(words[1] >> 32),
	};
	return node_out->bytes > 0 && node_out->bytes <= NESC_MAX_NODE_BYTES &&
	       node_out->bytes % NESC_SECTOR_BYTES == 0 &&
	       node_out->address <= UINT64_MAX - node_out->offset - node_out->bytes;
}

bool nesc_completion_unpack(const uint8_t bytes[NESC_COMPLETION_BYTES], nesc_completion *completion_out)
{
	uint32_t status = le32_load(bytes + 4);

	*completion_out = (nesc_completion){ le32_load(bytes), (nesc_completion_status)status };
	return status < NESC_NUM_COMPLETION_STATUS;
}

const char *nesc_completion_text(nesc_completion_status status)
{
	static const char *const texts[NESC_NUM_COMPLETION_STATUS] = {
#define COMPLETION_TEXT(symbol, text) text,
		NESC_COMPLETION_LIST(COMPLETION_TEXT)
#undef COMPLETION_TEXT
	};

	return (uint32_t)status < NESC_NUM_COMPLETION_STATUS ? texts[status] : "unknown";
}

void regs_init(regs *self, uint32_t num_vfs, uint64_t device_bytes)
{
	NESC_ASSERT(num_vfs <= BAR_MAX_VFS, "%u VFs", num_vfs);
	memset(self, 0, sizeof(*self));
	self->num_vfs = num_vfs;
	self->functions[0].device_bytes = device_bytes;
}

static regs_ring *ring_of(regs *self, const bar_target *target)
{
	return target->function == 0 ? &self->pf_rings[target->ring]
				     : &self->vf_rings[target->function - 1][target->ring];
}

static bool write_completion_ring(regs_ring *ring, uint64_t value)
{
	uint32_t log2_completions = value & 63;

	if (log2_completions > MAX_LOG2_COMPLETIONS)
		return false;
	ring->completion_address = value & ~UINT64_C(63);
	ring->num_completions = UINT32_C(1) << log2_completions;
	return true;
}

static uint64_t read_completion_ring(const regs_ring *ring)
{
	uint64_t log2_completions = 0;

	while (ring->num_completions >> log2_completions > 1)
		log2_completions++;
	return ring->completion_address | log2_completions;
}

/* Both words make the whole; the first alone has no effect yet. */
static void write_command(regs_ring *ring, uint64_t value, regs_effect *effect)
{
	ring->half_command = !ring->half_command;
	if (ring->half_command) {
		ring->command_word = value;
		return;
	}
	effect->action = REGS_COMMAND;
	effect->valid = nesc_command_unpack((uint64_t[2]){ ring->command_word, value }, &effect->command);
}

static void write_node(regs_ring *ring, uint64_t value, regs_effect *effect)
{
	ring->half_node = !ring->half_node;
	if (ring->half_node) {
		ring->node_word = value;
		return;
	}
	effect->action = REGS_NODE;
	effect->valid = nesc_node_unpack((uint64_t[2]){ ring->node_word, value }, &effect->node);
}

static bool write_rewalk(uint64_t value, regs_effect *effect)
{
	if (value < REGS_REWALK || value >= REGS_NUM_REWALKS)
		return false;
	effect->action = REGS_RETRY;
	effect->rewalk = (regs_rewalk)value;
	return true;
}

static bool write_flush_go(const regs *self, uint64_t value, regs_effect *effect)
{
	if (value != 1)
		return false;
	effect->action = REGS_FLUSH;
	effect->function = self->flush_function;
	effect->first_block = self->flush_first_block;
	effect->num_blocks = self->flush_num_blocks ? self->flush_num_blocks : UINT64_MAX;
	return true;
}

/* Stores the value. False: it makes no sense there and is ignored. */
static bool store(regs *self, const bar_target *target, uint64_t value, regs_effect *effect)
{
	regs_function *subject = &self->functions[target->subject];

	switch (target->reg) {
	case BAR_EXTENT_TREE_ROOT:
		subject->tree_root_address = value;
		effect->action = REGS_ROOT;
		effect->tree_root_address = value;
		return true;
	case BAR_REWALK_TREE:
		return write_rewalk(value, effect);
	case BAR_DEVICE_SIZE:
		subject->device_bytes = value;
		effect->action = REGS_SIZE;
		effect->device_bytes = value;
		return true;
	case BAR_FLUSH_FUNCTION:
		if (value > self->num_vfs)
			return false;
		self->flush_function = (uint32_t)value;
		return true;
	case BAR_FLUSH_FIRST_BLOCK:
		self->flush_first_block = value;
		return true;
	case BAR_FLUSH_NUM_BLOCKS:
		self->flush_num_blocks = value;
		return true;
	case BAR_FLUSH_GO:
		return write_flush_go(self, value, effect);
	case BAR_TRAMPOLINE_FUNCTION:
		if (value == 0 || value > self->num_vfs)
			return false;
		self->trampoline_function = (uint32_t)value;
		return true;
	case BAR_TRAMPOLINE_BASE:
		if (self->trampoline_function == 0)
			return false;
		self->functions[self->trampoline_function].trampoline_address = value;
		return true;
	case BAR_TRAMPOLINE_BYTES:
		if (self->trampoline_function == 0)
			return false;
		self->functions[self->trampoline_function].trampoline_bytes = value;
		return true;
	case BAR_COMPLETION_RING:
		return write_completion_ring(ring_of(self, target), value);
	case BAR_COMMAND:
		write_command(ring_of(self, target), value, effect);
		return true;
	case BAR_DMA_LIST_ENTRY:
		write_node(ring_of(self, target), value, effect);
		return true;
	case BAR_MISS_ADDRESS:
	case BAR_MISS_SIZE:
	case BAR_MISS_PENDING:
	case BAR_NUM_REGISTERS:
		break; /* never writable */
	}
	return false;
}

void regs_write(regs *self, uint64_t bar_offset, uint64_t value, uint32_t bytes, regs_effect *effect_out)
{
	const bar_target target = bar_decode(bar_offset, bytes, true, self->num_vfs);

	effect_out->action = REGS_NOTHING;
	effect_out->function = target.subject;
	effect_out->ring = target.ring;
	effect_out->ignored = effect_out->valid = false;
	if (bytes == 4)
		value = (uint32_t)value;
	if (target.verdict != BAR_ALLOWED || !store(self, &target, value, effect_out)) {
		self->functions[target.function].ignored[target.verdict]++;
		effect_out->ignored = true;
	}
}

uint64_t regs_read(regs *self, uint64_t bar_offset, uint32_t bytes)
{
	bar_target target = bar_decode(bar_offset, bytes, false, self->num_vfs);
	const regs_function *subject = &self->functions[target.subject];

	if (target.verdict != BAR_ALLOWED) {
		self->functions[target.function].ignored[target.verdict]++;
		return 0;
	}
	switch (target.reg) {
	case BAR_EXTENT_TREE_ROOT:
		return subject->tree_root_address;
	case BAR_MISS_ADDRESS:
		return subject->miss_address;
	case BAR_MISS_SIZE:
		return subject->miss_bytes;
	case BAR_DEVICE_SIZE:
		return subject->device_bytes;
	case BAR_MISS_PENDING:
		return self->miss_pending;
	case BAR_FLUSH_FUNCTION:
		return self->flush_function;
	case BAR_FLUSH_FIRST_BLOCK:
		return self->flush_first_block;
	case BAR_FLUSH_NUM_BLOCKS:
		return self->flush_num_blocks;
	case BAR_TRAMPOLINE_FUNCTION:
		return self->trampoline_function;
	case BAR_TRAMPOLINE_BASE:
		return self->functions[self->trampoline_function].trampoline_address;
	case BAR_TRAMPOLINE_BYTES:
		return self->functions[self->trampoline_function].trampoline_bytes;
	case BAR_COMPLETION_RING:
		return read_completion_ring(ring_of(self, &target));
	case BAR_REWALK_TREE:
	case BAR_FLUSH_GO:
	case BAR_COMMAND:
	case BAR_DMA_LIST_ENTRY:
	case BAR_NUM_REGISTERS:
		break; /* never readable */
	}
	return 0;
}

void regs_set_miss(regs *self, uint32_t function, uint64_t address, uint32_t bytes)
{
	NESC_ASSERT(function >= 1 && function <= self->num_vfs && !regs_miss_pending(self, function),
		    "function %u has a miss in its registers already", function);
	self->functions[function].miss_address = address;
	self->functions[function].miss_bytes = bytes;
	self->miss_pending |= UINT64_C(1) << (function - 1);
}

bool regs_end_miss(regs *self, uint32_t function)
{
	const bool was_pending = regs_miss_pending(self, function);

	self->miss_pending &= ~(UINT64_C(1) << (function - 1));
	self->functions[function].miss_address = 0;
	self->functions[function].miss_bytes = 0;
	return was_pending;
}

uint64_t regs_num_ignored(const regs *self, uint32_t function)
{
	uint64_t num_ignored = 0;

	for (uint32_t verdict = 0; verdict < BAR_NUM_VERDICTS; verdict++)
		num_ignored += self->functions[function].ignored[verdict];
	return num_ignored;
}
