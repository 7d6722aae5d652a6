/* A core that runs software, as segments: what every vCPU and every thread of the host is made of.
 *
 * A scheme is a table of segments per kind of core: in which phase of a request's life each runs, which stage it is charged
 * to, whose time it is, and what it costs. The difference between two schemes is the difference between their tables.
 */
#ifndef HOST_CORE_H
#define HOST_CORE_H

#include "base/rng.h"
#include "base/stages.h"
#include "host/host_config.h"
#include "sim/sim.h"

/* X(symbol, name in units.csv, what): whose core time it is. All but GUEST count as host CPU. */
#define CPU_OWNER_LIST(X)                                                       \
	X(GUEST, "guest", "guest mode: kernel, driver, application")            \
	X(KVM, "kvm", "VM exits, injection and wake-up of vCPUs")               \
	X(VMM, "vmm", "the hypervisor's user space: event loop, device models") \
	X(KERNEL, "kernel", "host kernel and processes of the host")            \
	X(POLLING, "polling", "looking for work that is not there yet")         \
	X(APP, "app", "application work of a process of the host")

typedef enum cpu_owner {
#define CPU_OWNER_ENUM(symbol, name, what) CPU_##symbol,
	CPU_OWNER_LIST(CPU_OWNER_ENUM)
#undef CPU_OWNER_ENUM
	CPU_NUM_OWNERS
} cpu_owner;

const char *cpu_owner_name(cpu_owner owner);

/* X(symbol, when) */
#define CORE_PHASE_LIST(X)                                                                 \
	X(APP_SUBMIT, "the application calls")                                             \
	X(BLOCK_SUBMIT, "the block layer takes the request")                               \
	X(DRIVER_SUBMIT, "the driver prepares one piece of it")                            \
	X(COMMAND_WRITE, "each of a command's register writes")                            \
	X(NODE_COPY, "the data of a node is copied to a buffer (writes)")                  \
	X(NODE_WRITE, "each of a node's register writes")                                  \
	X(KICK, "the hypervisor is told of a piece")                                       \
	X(CHUNK, "each chunk of a piece that the core itself moves")                       \
	X(CHUNK_NEXT, "each such chunk but the first: its interrupt")                      \
	X(IDLE_ENTER, "nothing is left to do")                                             \
	X(IRQ_IDLE, "an interrupt finds the core idle")                                    \
	X(IRQ_BUSY, "an interrupt finds the core running")                                 \
	X(IRQ_HANDLER, "the handler, to the end of interrupt")                             \
	X(IRQ_NEXT, "each further request that the interrupt tells of")                    \
	X(PIECE_COPY, "the data of a piece is copied from a buffer (reads)")               \
	X(BLOCK_COMPLETE, "the block layer completes the request")                         \
	X(APP_WAKE, "the application, which slept, runs again")                            \
	X(APP_RETURN, "the application's call returns")                                    \
	X(DISCARD, "a discard that the device does not know")                              \
	X(IO_WAKE, "a thread of the hypervisor, which slept, runs again for a completion") \
	X(IO_WAKE_KICK, "it runs again for a kick")                                        \
	X(IO_LOOP, "its event loop finds completions")                                     \
	X(IO_LOOP_KICK, "its event loop finds kicks and nothing else")                     \
	X(IO_KICK, "it looks at a queue that was kicked")                                  \
	X(IO_TAKE, "it takes a request out of the queue")                                  \
	X(IO_MERGE, "it joins a request to the one before")                                \
	X(IO_SUBMIT, "it hands what it took to the host's kernel, all at once")            \
	X(IO_START, "the host's kernel begins with a request")                             \
	X(IO_STEP, "the host's kernel goes on with a call that waited for the device")     \
	X(IO_MAP, "the host's filesystem looks up a run of the file's blocks")             \
	X(IO_ALLOCATE, "the host's filesystem allocates blocks")                           \
	X(IO_COMMIT, "the host's filesystem commits its journal")                          \
	X(IO_SYNC, "a flush of the file or device is asked for")                           \
	X(IO_CACHE, "the host's page cache is looked up, per page")                        \
	X(IO_COPY, "data is copied from or to the host's page cache")                      \
	X(IO_DONE, "it completes a request of the guest's")                                \
	X(IO_NOTIFY, "it interrupts the guest")

typedef enum core_phase {
#define CORE_PHASE_ENUM(symbol, when) PHASE_##symbol,
	CORE_PHASE_LIST(CORE_PHASE_ENUM)
#undef CORE_PHASE_ENUM
	NUM_PHASES
} core_phase;

/* What a platform, a scheme's parameters or a VM's disk are like. A row runs where all features that it names are there. */
#define CORE_FEATURE_LIST(X)                                            \
	X(EXITS, "interrupts reach a guest by exits (host.interrupts)") \
	X(POSTED, "by posted interrupts")                               \
	X(COPIES, "data goes through trampoline buffers")               \
	X(MAIN_LOOP, "requests are served in the VMM's main loop")      \
	X(IOTHREAD, "in a thread of their own")                         \
	X(AIO_NATIVE, "the host kernel's asynchronous I/O")             \
	X(AIO_THREADS, "worker threads that block")                     \
	X(FILE, "the virtual disk is a file")                           \
	X(CACHED, "through the host's page cache")                      \
	X(IDE, "an IDE controller")                                     \
	X(AHCI, "an AHCI controller")                                   \
	X(LBA48, "48-bit addresses of an ATA command")                  \
	X(PIO, "the core moves an ATA command's data itself")           \
	X(DMA, "the device model moves it")

typedef enum core_feature_bit {
#define CORE_FEATURE_ENUM(symbol, what) CORE_FEATURE_BIT_##symbol,
	CORE_FEATURE_LIST(CORE_FEATURE_ENUM)
#undef CORE_FEATURE_ENUM
} core_feature_bit;

enum {
	WHEN_ALWAYS = 0,
#define CORE_FEATURE_ENUM(symbol, what) WHEN_##symbol = 1 << CORE_FEATURE_BIT_##symbol,
	CORE_FEATURE_LIST(CORE_FEATURE_ENUM)
#undef CORE_FEATURE_ENUM
};

/* One row of a scheme's table. */
typedef struct core_segment {
	core_phase phase;
	const char *name;
	stage stage;
	cpu_owner owner;
	cost cost;      /* COST_NONE with `copies` */
	bool copies;    /* takes the bytes at the host's copy rate instead */
	uint32_t when;  /* WHEN_*: features that must all be there */
	uint32_t times; /* how often in a row; 0 = once */
} core_segment;

typedef struct core_table {
	const core_segment *segments; /* in the order in which they run within a phase */
	uint32_t num_segments;
} core_table;

#define CORE_TABLE(array)                                                               \
	{                                                                               \
		.segments = (array), .num_segments = sizeof(array) / sizeof((array)[0]) \
	}

#define CORE_MAX_SEGMENTS 64
#define CORE_CLOCK_HZ INT64_C(1000000000000) /* software acts to the picosecond */

typedef struct core_phase_costs {
	uint32_t first, num; /* in segments */
	ps_t fixed_ps;       /* sum, without copies */
} core_phase_costs;

typedef struct host_core {
	sim_unit unit; /* local_ps: until when the core is busy */
	core_segment segments[CORE_MAX_SEGMENTS];
	ps_t segment_ps[CORE_MAX_SEGMENTS]; /* fixed cost */
	core_phase_costs phases[NUM_PHASES];
	uint64_t copy_ps_per_byte_q32;
	ps_t cpu_ps[CPU_NUM_OWNERS];
	ps_t jitter_ps; /* mean of what a segment takes longer; 0: none does */
	rng_stream jitter;
} host_core;

typedef struct core_params {
	const host_config *host;
	const guest_config *guest;
	const hypervisor_config *hypervisor;
	const core_table *table;
	uint32_t features;     /* WHEN_* */
	uint64_t seed, stream; /* of its jitter */
} core_params;

/* Features that the platform has. */
uint32_t core_platform_features(const host_config *host);

/* Fills in the tables; the unit is its owner's to register. */
void core_init(host_core *self, const core_params *params);

/* Runs a phase: the core is busy, its owners are charged, the request's marks move on (NULL: nobody waits for it). */
void core_run(host_core *self, core_phase phase, uint64_t num_bytes, stage_marks *marks);

/* Does the phase do anything at all? */
static inline bool core_has_phase(const host_core *self, core_phase phase)
{
	return self->phases[phase].num != 0;
}

#endif
