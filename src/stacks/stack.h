/* Virtualization schemes. A scheme is one file with a stack_ops table and one line in stacks.def. */
#ifndef STACKS_STACK_H
#define STACKS_STACK_H

#include "host/io_thread.h"
#include "host/storage.h"
#include "host/vcpu.h"

/* What a scheme builds on: one VM (or tenant) at a time. */
typedef struct stack_vm {
	sim_kernel *kernel;
	nesc_device *device;
	const host_config *host;
	const guest_config *guest;
	const hypervisor_config *hypervisor;
	const nesc_config *nesc;
	uint64_t seed;
	bool sriov;          /* true SR-IOV: VFs are known to the IOMMU */
	bool volatile_cache; /* the device's */
	const disk_layout *layout;
	uint32_t vm; /* from 1 */
	uint32_t num_vcpus;
	source *const *sources; /* by vCPU; NULL: nothing to do */
	stage_log *log;         /* vcpu_config.log, for the first vCPU; NULL: none */
	uint64_t logged_number;
	ledger *const *books; /* by vCPU: vcpu_config.book and what belongs to it */
	void (*violated)(void *checker, const ledger_violation *violation);
	void *checker;
	void (*completed)(void *context, const vcpu_completion *completion);
	void *context;
	const storage_plan *plan;
	uint64_t medium_blocks;  /* 1 KiB */
	bool is_checked;         /* blocks have contents */
	sim_core_pool *io_cores; /* that the hypervisor's threads share; NULL: each has one of its own */
	vcpu **vcpus_out;        /* num_vcpus entries to fill in */
	io_thread **thread_out;  /* of schemes with `serve` */
} stack_vm;

typedef enum stack_aio {
	STACK_AIO_THREADS,
	STACK_AIO_NATIVE,
} stack_aio;

/* What the hypervisor's user space keeps the virtual disk on, and how it asks its kernel for it. */
typedef struct stack_backing {
	int cache; /* host_cache */
	int aio;   /* stack_aio */
	bool is_file;
} stack_backing;

extern const char *const stack_cache_choices[], *const stack_aio_choices[];

/* The keys of a stack_backing that is `member` of a scheme's parameters. */
#define STACK_BACKING_KEYS(params, member)                                                                             \
	{ .name = "cache",                                                                                             \
	  .type = CFG_ENUM,                                                                                            \
	  .offset_in_struct = offsetof(params, member.cache),                                                          \
	  .default_text = "none",                                                                                      \
	  .choices = stack_cache_choices,                                                                              \
	  .help = "Whether data goes through the host's page cache, and what a guest's flush then means: `none` goes " \
		  "past it, `writethrough` flushes every write, `writeback` only when the guest asks.",                \
	  .source = "assumption: past the cache, so that the same device is compared; the thesis does not state it" }, \
		{ .name = "aio",                                                                                       \
		  .type = CFG_ENUM,                                                                                    \
		  .offset_in_struct = offsetof(params, member.aio),                                                    \
		  .default_text = "threads",                                                                           \
		  .choices = stack_aio_choices,                                                                        \
		  .help = "How requests reach the host's kernel: by worker threads that block, or by its own "         \
			  "asynchronous I/O (past the page cache only).",                                              \
		  .source = "QEMU 2.2: threads" },                                                                     \
	{                                                                                                              \
		.name = "file", .type = CFG_BOOL, .offset_in_struct = offsetof(params, member.is_file),                \
		.default_text = "false",                                                                               \
		.help = "The virtual disk is a file of the host's filesystem, which maps it and allocates on demand; " \
			"else its part of the PF's block device.",                                                     \
		.source = "thesis: stated (virtio and emulation map the raw PF in the raw experiments)"                \
	}

/* Conflicts between these keys. */
void stack_backing_check(const stack_backing *backing, cfg_check *check);

/* A scheme whose VMs have a virtual device that a thread of the hypervisor serves. */
typedef struct stack_served {
	const vcpu_stack *guest;
	const core_table *thread;
	uint32_t features; /* WHEN_*, of both tables */
	stack_backing backing;
	uint32_t max_vcpus;    /* of a VM; 0: any number */
	virtual_device device; /* has_volatile_cache follows from the backing */
	ps_t poll_ps;
	uint64_t merge_bytes;
} stack_served;

typedef struct stack_ops {
	const char *name;
	const char *help;
	const cfg_section *section; /* schemes.<name>.… */
	bool uses_vfs, uses_pf;     /* what the device must have */
	uint32_t max_vms;           /* that it can serve; 0: as many as the device */
	/* One of the two: VMs that drive the device by themselves, a vCPU per ring, all with the same table; or what
	 * the scheme's parameters make of a served one. */
	const vcpu_stack *vcpus;
	void (*serve)(const void *params, stack_served *out);
} stack_ops;

/* Connects one VM. Returns NESCSIM_OK or NESCSIM_NO_MEMORY. */
nescsim_status stack_build(const stack_ops *ops, const void *params, const stack_vm *vm);

/* Threads of the hypervisor per VM. */
uint32_t stack_num_threads(const stack_ops *ops);

#define X(name) extern const stack_ops stack_##name;
#include "stacks/stacks.def"
#undef X

extern const stack_ops *const stack_table[];
extern const size_t stack_table_num;
extern const cfg_variants stack_variants; /* of `schemes` */

#endif
