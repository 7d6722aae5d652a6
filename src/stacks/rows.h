/* Rows that several schemes' tables share. */
#ifndef STACKS_ROWS_H
#define STACKS_ROWS_H

/* A guest's application and kernel above its driver, and how interrupts reach it. */
#define ROWS_OF_A_GUEST                                                                                                    \
	{ PHASE_APP_SUBMIT, "system call", STAGE_APP, CPU_GUEST, COST_GUEST_SYSCALL, false, WHEN_ALWAYS, 0 },              \
		{ PHASE_BLOCK_SUBMIT,                                                                                      \
		  "guest block layer",                                                                                     \
		  STAGE_BLOCK,                                                                                             \
		  CPU_GUEST,                                                                                               \
		  COST_GUEST_BLOCK_SUBMIT,                                                                                 \
		  false,                                                                                                   \
		  WHEN_ALWAYS,                                                                                             \
		  0 },                                                                                                     \
		{ PHASE_IDLE_ENTER, "HLT exit", STAGE_INTERRUPT, CPU_KVM, COST_EXIT_HLT, false, WHEN_ALWAYS, 0 },          \
		{ PHASE_IRQ_IDLE,  "wake-up and injection",                                                                \
		  STAGE_INTERRUPT, CPU_KVM,                                                                                \
		  COST_HLT_WAKE,   false,                                                                                  \
		  WHEN_ALWAYS,     0 },                                                                                    \
		{ PHASE_IRQ_BUSY,      "interrupt exit and injection",                                                     \
		  STAGE_INTERRUPT,     CPU_KVM,                                                                            \
		  COST_EXIT_INTERRUPT, false,                                                                              \
		  WHEN_EXITS,          0 },                                                                                \
		{ PHASE_IRQ_BUSY,        "posted interrupt",                                                               \
		  STAGE_INTERRUPT,       CPU_GUEST,                                                                        \
		  COST_POSTED_INTERRUPT, false,                                                                            \
		  WHEN_POSTED,           0 },                                                                              \
		{ PHASE_IRQ_HANDLER,                                                                                       \
		  "interrupt handler",                                                                                     \
		  STAGE_COMPLETE,                                                                                          \
		  CPU_GUEST,                                                                                               \
		  COST_GUEST_IRQ_HANDLER,                                                                                  \
		  false,                                                                                                   \
		  WHEN_ALWAYS,                                                                                             \
		  0 },                                                                                                     \
		{ PHASE_IRQ_HANDLER, "EOI exit", STAGE_INTERRUPT, CPU_KVM, COST_EXIT_EOI, false, WHEN_EXITS, 0 },          \
		{ PHASE_IRQ_NEXT,      "next completion",                                                                  \
		  STAGE_COMPLETE,      CPU_GUEST,                                                                          \
		  COST_GUEST_IRQ_NEXT, false,                                                                              \
		  WHEN_ALWAYS,         0 },                                                                                \
		{ PHASE_BLOCK_COMPLETE,                                                                                    \
		  "guest block layer",                                                                                     \
		  STAGE_COMPLETE,                                                                                          \
		  CPU_GUEST,                                                                                               \
		  COST_GUEST_BLOCK_COMPLETE,                                                                               \
		  false,                                                                                                   \
		  WHEN_ALWAYS,                                                                                             \
		  0 },                                                                                                     \
		{ PHASE_APP_WAKE, "process wakes", STAGE_APP, CPU_GUEST, COST_GUEST_PROCESS_WAKE, false, WHEN_ALWAYS, 0 }, \
		{ PHASE_APP_RETURN,                                                                                        \
		  "system call returns",                                                                                   \
		  STAGE_APP,                                                                                               \
		  CPU_GUEST,                                                                                               \
		  COST_GUEST_SYSCALL_RETURN,                                                                               \
		  false,                                                                                                   \
		  WHEN_ALWAYS,                                                                                             \
		  0 },                                                                                                     \
	{                                                                                                                  \
		PHASE_DISCARD, "discard refused", STAGE_BLOCK, CPU_GUEST, COST_GUEST_DISCARD, false, WHEN_ALWAYS, 0        \
	}

/* A guest's driver of the device itself, without copies. */
#define ROWS_OF_A_VF_DRIVER                                                                                           \
	{ PHASE_DRIVER_SUBMIT, "VF driver", STAGE_DRIVER, CPU_GUEST, COST_GUEST_DRIVER, false, WHEN_ALWAYS, 0 },      \
		{ PHASE_COMMAND_WRITE, "register write",                                                              \
		  STAGE_DOORBELL,      CPU_GUEST,                                                                     \
		  COST_MMIO_WRITE,     false,                                                                         \
		  WHEN_ALWAYS,         0 },                                                                           \
	{                                                                                                             \
		PHASE_NODE_WRITE, "register write", STAGE_DOORBELL, CPU_GUEST, COST_MMIO_WRITE, false, WHEN_ALWAYS, 0 \
	}

/* The host's kernel below a thread of the hypervisor's user space: from its system call to the device and back. */
#define ROWS_OF_A_HOST_PATH                                                                                                 \
	{ PHASE_IO_WAKE, "thread wakes", STAGE_VMM, CPU_KERNEL, COST_THREAD_WAKE, false, WHEN_ALWAYS, 0 },                  \
		{ PHASE_IO_SUBMIT, "asynchronous I/O", STAGE_HOST, CPU_KERNEL, COST_AIO_SUBMIT,                             \
		  false,           WHEN_AIO_NATIVE,    0 },                                                                 \
		{ PHASE_IO_START, "worker thread", STAGE_HOST, CPU_KERNEL, COST_AIO_WORKER, false, WHEN_AIO_THREADS, 0 },   \
		{ PHASE_IO_START, "system call", STAGE_HOST, CPU_KERNEL, COST_HOST_SYSCALL, false, WHEN_AIO_THREADS, 0 },   \
		{ PHASE_IO_STEP, "worker thread wakes", STAGE_HOST, CPU_KERNEL, COST_THREAD_WAKE, false, WHEN_ALWAYS, 0 },  \
		{ PHASE_IO_MAP, "host filesystem", STAGE_HOST, CPU_KERNEL, COST_FS_MAP, false, WHEN_FILE, 0 },              \
		{ PHASE_IO_ALLOCATE, "host allocation", STAGE_HOST, CPU_KERNEL, COST_FS_ALLOCATE, false, WHEN_FILE, 0 },    \
		{ PHASE_IO_COMMIT, "host journal", STAGE_HOST, CPU_KERNEL, COST_FS_COMMIT, false, WHEN_FILE, 0 },           \
		{ PHASE_IO_SYNC, "host flush", STAGE_HOST, CPU_KERNEL, COST_FSYNC, false, WHEN_ALWAYS, 0 },                 \
		{ PHASE_IO_CACHE, "host page cache", STAGE_HOST, CPU_KERNEL, COST_PAGE, false, WHEN_CACHED, 0 },            \
		{ PHASE_IO_COPY, "copy of pages", STAGE_COPY, CPU_KERNEL, COST_NONE, true, WHEN_CACHED, 0 },                \
		{ PHASE_BLOCK_SUBMIT,                                                                                       \
		  "host block layer",                                                                                       \
		  STAGE_HOST,                                                                                               \
		  CPU_KERNEL,                                                                                               \
		  COST_HOST_BLOCK_SUBMIT,                                                                                   \
		  false,                                                                                                    \
		  WHEN_ALWAYS,                                                                                              \
		  0 },                                                                                                      \
		{ PHASE_DRIVER_SUBMIT, "PF driver", STAGE_HOST, CPU_KERNEL, COST_HOST_DRIVER, false, WHEN_ALWAYS, 0 },      \
		{ PHASE_COMMAND_WRITE, "register write",                                                                    \
		  STAGE_DOORBELL,      CPU_KERNEL,                                                                          \
		  COST_MMIO_WRITE,     false,                                                                               \
		  WHEN_ALWAYS,         0 },                                                                                 \
		{ PHASE_NODE_WRITE, "register write", STAGE_DOORBELL, CPU_KERNEL, COST_MMIO_WRITE, false, WHEN_ALWAYS, 0 }, \
		{ PHASE_IRQ_HANDLER,                                                                                        \
		  "host interrupt handler",                                                                                 \
		  STAGE_HOST,                                                                                               \
		  CPU_KERNEL,                                                                                               \
		  COST_HOST_IRQ_HANDLER,                                                                                    \
		  false,                                                                                                    \
		  WHEN_ALWAYS,                                                                                              \
		  0 },                                                                                                      \
		{ PHASE_IRQ_NEXT, "next completion", STAGE_HOST, CPU_KERNEL, COST_HOST_IRQ_NEXT, false, WHEN_ALWAYS, 0 },   \
		{ PHASE_BLOCK_COMPLETE,                                                                                     \
		  "host block layer",                                                                                       \
		  STAGE_HOST,                                                                                               \
		  CPU_KERNEL,                                                                                               \
		  COST_HOST_BLOCK_COMPLETE,                                                                                 \
		  false,                                                                                                    \
		  WHEN_ALWAYS,                                                                                              \
		  0 },                                                                                                      \
		{ PHASE_IO_LOOP, "main loop", STAGE_VMM, CPU_VMM, COST_MAIN_LOOP, false, WHEN_MAIN_LOOP, 0 },               \
	{                                                                                                                   \
		PHASE_IO_LOOP, "I/O thread's loop", STAGE_VMM, CPU_VMM, COST_IO_THREAD_LOOP, false, WHEN_IOTHREAD, 0        \
	}

#endif
