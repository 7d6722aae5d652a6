/* QEMU's virtio-blk: the guest's driver fills a virtqueue and kicks; QEMU's main loop, or an I/O thread, takes the requests, asks
 * the host's kernel for them and interrupts the guest. With several vCPUs each has a queue of its own, and one thread serves
 * them. */
#include "stacks/rows.h"
#include "stacks/stack.h"

static const core_segment guest_segments[] = {
	ROWS_OF_A_GUEST,
	{ PHASE_DRIVER_SUBMIT, "virtio driver", STAGE_DRIVER, CPU_GUEST, COST_GUEST_VIRTIO_DRIVER, false, WHEN_ALWAYS,
	  0 },
	{ PHASE_KICK, "kick exit", STAGE_EXIT, CPU_KVM, COST_EXIT_KICK, false, WHEN_ALWAYS, 0 },
	{ PHASE_KICK, "event to the thread", STAGE_EXIT, CPU_KVM, COST_EVENTFD_SIGNAL, false, WHEN_ALWAYS, 0 },
};

static const core_segment thread_segments[] = {
	ROWS_OF_A_HOST_PATH,
	{ PHASE_IO_WAKE_KICK, "thread wakes", STAGE_VMM, CPU_KERNEL, COST_THREAD_WAKE, false, WHEN_ALWAYS, 0 },
	{ PHASE_IO_LOOP_KICK, "main loop", STAGE_VMM, CPU_VMM, COST_MAIN_LOOP, false, WHEN_MAIN_LOOP, 0 },
	{ PHASE_IO_LOOP_KICK, "I/O thread's loop", STAGE_VMM, CPU_VMM, COST_IO_THREAD_LOOP, false, WHEN_IOTHREAD, 0 },
	{ PHASE_IO_TAKE, "out of the virtqueue", STAGE_VMM, CPU_VMM, COST_VIRTQUEUE_TAKE, false, WHEN_ALWAYS, 0 },
	{ PHASE_IO_MERGE, "joined", STAGE_VMM, CPU_VMM, COST_VIRTQUEUE_MERGE, false, WHEN_ALWAYS, 0 },
	{ PHASE_IO_DONE, "into the used ring", STAGE_VMM, CPU_VMM, COST_VIRTQUEUE_PUT, false, WHEN_ALWAYS, 0 },
	{ PHASE_IO_NOTIFY, "irqfd", STAGE_INTERRUPT, CPU_KVM, COST_IRQFD, false, WHEN_ALWAYS, 0 },
};

static const vcpu_stack guest = { .table = CORE_TABLE(guest_segments), .in_guest = true };
static const core_table thread = CORE_TABLE(thread_segments);

typedef struct virtio_params {
	stack_backing backing;
	int64_t num_descriptors;
	bool indirect;
	int runs_in;
	int64_t max_request_bytes;
	int64_t merge_bytes;
	bool suppress;
	ps_t poll_ps;
} virtio_params;

typedef enum virtio_runs_in {
	VIRTIO_MAIN_LOOP,
	VIRTIO_IOTHREAD,
} virtio_runs_in;

static const char *const runs_in_choices[] = { "main_loop", "iothread", NULL };

#define HEADER_DESCRIPTORS 2 /* the request's header and its status */

static const cfg_key keys[] = {
	STACK_BACKING_KEYS(virtio_params, backing),
	{ .name = "ring",
	  .type = CFG_COUNT,
	  .offset_in_struct = offsetof(virtio_params, num_descriptors),
	  .default_text = "128",
	  .min_text = "4",
	  .max_text = "32768",
	  .power_of_two = true,
	  .help = "Descriptors of a virtqueue.",
	  .source = "QEMU 2.2: 128 for virtio-blk" },
	{ .name = "indirect",
	  .type = CFG_BOOL,
	  .offset_in_struct = offsetof(virtio_params, indirect),
	  .default_text = "true",
	  .help = "A request takes one descriptor, which names a table, instead of one per segment.",
	  .source = "virtio specification: VIRTIO_RING_F_INDIRECT_DESC, offered by QEMU" },
	{ .name = "thread",
	  .type = CFG_ENUM,
	  .offset_in_struct = offsetof(virtio_params, runs_in),
	  .default_text = "main_loop",
	  .choices = runs_in_choices,
	  .help = "Where requests are served: in the VMM's main loop, or in a thread of their own.",
	  .source = "QEMU 2.2: the main loop unless x-data-plane is asked for" },
	{ .name = "max_request",
	  .type = CFG_BYTES,
	  .offset_in_struct = offsetof(virtio_params, max_request_bytes),
	  .default_text = "504 KiB",
	  .min_text = "4 KiB",
	  .max_text = "16 MiB",
	  .help = "Largest request; the guest splits larger ones.",
	  .source = "QEMU: seg_max of 126 segments, of a page each" },
	{ .name = "merge",
	  .type = CFG_BYTES,
	  .offset_in_struct = offsetof(virtio_params, merge_bytes),
	  .default_text = "0 B",
	  .min_text = "0 B",
	  .max_text = "16 MiB",
	  .help = "Requests that are taken together and continue each other become one of at most this size; 0 = they "
		  "are not joined.",
	  .source = "choice: off; the guest's block layer has merged what can be" },
	{ .name = "suppress",
	  .type = CFG_BOOL,
	  .offset_in_struct = offsetof(virtio_params, suppress),
	  .default_text = "true",
	  .help = "No kick while the thread looks at the queue anyway, no interrupt while the guest's handler does.",
	  .source = "virtio specification: both flags" },
	{ .name = "poll",
	  .type = CFG_DURATION,
	  .offset_in_struct = offsetof(virtio_params, poll_ps),
	  .default_text = "0 us",
	  .min_text = "0",
	  .max_text = "1 s",
	  .help = "The thread looks for work so long before it sleeps, at a full core's cost.",
	  .source = "QEMU 2.2 does not poll" },
};

static void check(const void *value, cfg_check *into)
{
	const virtio_params *params = value;

	stack_backing_check(&params->backing, into);
	if (params->max_request_bytes % 4096 != 0)
		cfg_conflict(into, "max_request", "a multiple of 4 KiB", "a request is made of pages");
	if (params->poll_ps != 0 && params->runs_in == VIRTIO_MAIN_LOOP)
		cfg_conflict(into, "poll", "thread: iothread, or poll: 0 us",
			     "the main loop does not poll, only I/O threads do");
	if (!params->indirect && params->num_descriptors < HEADER_DESCRIPTORS + params->max_request_bytes / 4096)
		cfg_conflict(into, "ring", "raise it, lower max_request, or set indirect: true",
			     "a request of %lld bytes needs %lld descriptors, the ring has %lld",
			     (long long)params->max_request_bytes,
			     (long long)(HEADER_DESCRIPTORS + params->max_request_bytes / 4096),
			     (long long)params->num_descriptors);
}

static void serve(const void *value, stack_served *out)
{
	const virtio_params *params = value;
	const uint32_t ring = (uint32_t)params->num_descriptors;

	*out = (stack_served){
		.guest = &guest,
		.thread = &thread,
		.features = params->runs_in == VIRTIO_IOTHREAD ? WHEN_IOTHREAD : WHEN_MAIN_LOOP,
		.backing = params->backing,
		.device = { .max_requests = params->indirect ? ring : ring / (HEADER_DESCRIPTORS + 1),
			    .num_descriptors = params->indirect ? 0 : ring,
			    .header_descriptors = HEADER_DESCRIPTORS,
			    .max_request_bytes = (uint64_t)params->max_request_bytes,
			    .suppresses = params->suppress },
		.poll_ps = params->poll_ps,
		.merge_bytes = (uint64_t)params->merge_bytes,
	};
}

const char stack_virtio_help[] =
	"QEMU's virtio-blk: a virtqueue, kicks, a thread of the hypervisor, the host's kernel.";
const cfg_section stack_virtio_section = { .name = "schemes.virtio",
					   .keys = keys,
					   .num_keys = sizeof(keys) / sizeof(keys[0]),
					   .struct_bytes = sizeof(virtio_params),
					   .check = check };

const stack_ops stack_virtio = {
	.name = "virtio",
	.help = stack_virtio_help,
	.section = &stack_virtio_section,
	.uses_pf = true,
	.serve = serve,
};
