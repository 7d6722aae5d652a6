/* QEMU's emulated disk controllers: the guest drives an IDE controller (bus-master DMA, or PIO) or an AHCI one, and each access to
 * one of its registers is a trap to QEMU's device model, which at the last one asks worker threads of the host's kernel for what the
 * disk holds; QEMU's main loop hears of the end. Ours: what the device model does with the whole command is charged to the thread that
 * serves the disk, not to the vCPU.
 *
 * Accesses per command, after Linux' libata. IDE with DMA: six registers of the task file and the command (7), address of the
 * scatter-gather table and direction (3), start (2); by the handler status and stop of the bus master (3), the disk's
 * status, acknowledgement (2): 17 in all. 48-bit addresses take five more. PIO: 7, and a status for each block of data. AHCI: the
 * command's bit; by the handler two causes and two acknowledgements, and what is still under way. */
#include "stacks/rows.h"
#include "stacks/stack.h"

#define TRAPS(phase, when, num)                                                                \
	{ phase, "trapped accesses", STAGE_EXIT, CPU_KVM, COST_EXIT_USER, false, when, num },  \
	{                                                                                      \
		phase, "device model", STAGE_VMM, CPU_VMM, COST_DEVICE_MODEL, false, when, num \
	}

static const core_segment guest_segments[] = {
	ROWS_OF_A_GUEST,
	{ PHASE_DRIVER_SUBMIT, "ATA driver", STAGE_DRIVER, CPU_GUEST, COST_GUEST_ATA_DRIVER, false, WHEN_ALWAYS, 0 },
	TRAPS(PHASE_KICK, WHEN_IDE | WHEN_DMA, 12),
	TRAPS(PHASE_KICK, WHEN_IDE | WHEN_PIO, 7),
	TRAPS(PHASE_KICK, WHEN_IDE | WHEN_LBA48, 5),
	TRAPS(PHASE_KICK, WHEN_AHCI, 1),
	TRAPS(PHASE_IRQ_HANDLER, WHEN_IDE | WHEN_DMA, 5),
	TRAPS(PHASE_IRQ_HANDLER, WHEN_IDE | WHEN_PIO, 1),
	TRAPS(PHASE_IRQ_HANDLER, WHEN_AHCI, 5),
	/* A block of data: the status, two traps of a string instruction for a page each; an interrupt before each but the first,
	 * whose is the command's. */
	{ PHASE_CHUNK_NEXT, "interrupt exit and injection", STAGE_INTERRUPT, CPU_KVM, COST_EXIT_INTERRUPT, false,
	  WHEN_PIO | WHEN_EXITS, 0 },
	{ PHASE_CHUNK_NEXT, "interrupt handler", STAGE_COMPLETE, CPU_GUEST, COST_GUEST_IRQ_HANDLER, false, WHEN_PIO,
	  0 },
	TRAPS(PHASE_CHUNK, WHEN_PIO, 3),
	{ PHASE_CHUNK, "copy by string instructions", STAGE_COPY, CPU_VMM, COST_NONE, true, WHEN_PIO, 0 },
};

static const core_segment thread_segments[] = {
	ROWS_OF_A_HOST_PATH,
	{ PHASE_IO_TAKE, "command begins", STAGE_VMM, CPU_VMM, COST_ATA_START, false, WHEN_ALWAYS, 0 },
	{ PHASE_IO_DONE, "command ends", STAGE_VMM, CPU_VMM, COST_ATA_DONE, false, WHEN_ALWAYS, 0 },
	{ PHASE_IO_NOTIFY, "interrupt line", STAGE_INTERRUPT, CPU_KVM, COST_IRQ_LINE, false, WHEN_ALWAYS, 0 },
};

static const vcpu_stack guest = { .table = CORE_TABLE(guest_segments), .in_guest = true };
static const core_table thread = CORE_TABLE(thread_segments);

#define LBA28_REQUEST_BYTES (256 * 512)
#define LBA28_DISK_BYTES (UINT64_C(512) << 28)
#define LBA48_REQUEST_BYTES (1024 * 512)
#define PIO_CHUNK_BYTES (16 * 512)
#define AHCI_COMMANDS 31

typedef enum emulation_controller {
	EMULATION_IDE,
	EMULATION_AHCI,
} emulation_controller;

typedef enum emulation_mode {
	EMULATION_DMA,
	EMULATION_PIO,
} emulation_mode;

typedef struct emulation_params {
	stack_backing backing;
	int controller, mode;
	bool lba48;
} emulation_params;

static const char *const controller_choices[] = { "ide", "ahci", NULL };
static const char *const mode_choices[] = { "dma", "pio", NULL };

static const cfg_key keys[] = {
	STACK_BACKING_KEYS(emulation_params, backing),
	{ .name = "controller",
	  .type = CFG_ENUM,
	  .offset_in_struct = offsetof(emulation_params, controller),
	  .default_text = "ide",
	  .choices = controller_choices,
	  .help = "The controller that the guest sees: IDE takes one command at a time, AHCI 31.",
	  .source = "assumption: QEMU's default; the thesis does not state it" },
	{ .name = "mode",
	  .type = CFG_ENUM,
	  .offset_in_struct = offsetof(emulation_params, mode),
	  .default_text = "dma",
	  .choices = mode_choices,
	  .help = "Who moves the data of an IDE command: the controller's bus master, or the guest itself in blocks of "
		  "16 sectors.",
	  .source = "libata: DMA where the controller has it" },
	{ .name = "lba48",
	  .type = CFG_BOOL,
	  .offset_in_struct = offsetof(emulation_params, lba48),
	  .default_text = "false",
	  .help = "IDE commands have 48-bit addresses: five more accesses, and requests up to 512 instead of 128 KiB.",
	  .source = "libata: where an address or length needs it; a disk of 1 GiB does not" },
};

static void check(const void *value, cfg_check *into)
{
	const emulation_params *params = value;

	stack_backing_check(&params->backing, into);
	if (params->controller == EMULATION_AHCI && params->mode == EMULATION_PIO)
		cfg_conflict(into, "mode", "dma, or controller: ide",
			     "an AHCI controller always moves the data itself");
	if (params->controller == EMULATION_AHCI && params->lba48)
		cfg_conflict(into, "lba48", "false, or controller: ide",
			     "AHCI commands are in memory: the length of an address costs no accesses");
}

static void serve(const void *value, stack_served *out)
{
	const emulation_params *params = value;
	const bool is_ide = params->controller == EMULATION_IDE, is_pio = params->mode == EMULATION_PIO;

	*out = (stack_served){
		.guest = &guest,
		.thread = &thread,
		.features = WHEN_MAIN_LOOP | (is_ide ? WHEN_IDE : WHEN_AHCI) | (is_pio ? WHEN_PIO : WHEN_DMA) |
			    (params->lba48 ? WHEN_LBA48 : 0),
		.backing = params->backing,
		.max_vcpus =
			is_ide ? 1 : 0, /* from one command's first register to its last no other vCPU may drive it */
		.device = { .max_requests = is_ide ? 1 : AHCI_COMMANDS,
			    .max_commands = is_ide ? 1 : AHCI_COMMANDS,
			    .max_request_bytes = is_ide && !params->lba48 ? LBA28_REQUEST_BYTES : LBA48_REQUEST_BYTES,
			    .max_disk_bytes = is_ide && !params->lba48 ? LBA28_DISK_BYTES : 0,
			    .chunk_bytes = is_pio ? PIO_CHUNK_BYTES : 0,
			    .flush_alone = true },
	};
}

const char stack_emulation_help[] = "QEMU's emulated IDE or AHCI controller: every register access is a trap.";
const cfg_section stack_emulation_section = { .name = "schemes.emulation",
					      .keys = keys,
					      .num_keys = sizeof(keys) / sizeof(keys[0]),
					      .struct_bytes = sizeof(emulation_params),
					      .check = check };

const stack_ops stack_emulation = {
	.name = "emulation",
	.help = stack_emulation_help,
	.section = &stack_emulation_section,
	.uses_pf = true,
	.serve = serve,
};
