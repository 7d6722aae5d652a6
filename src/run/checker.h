/* Check mode: does every read return what the last completed write left, and does nobody reach what is not his?
 *
 * The medium keeps a stamp per sector instead of data and knows whose each block is (nesc/content.h); each VM has a ledger
 * of what it may read (host/ledger.h). Where several cores of a VM, or several VMs, use one disk, and where a disk changes
 * its size, only containment is checked: a sector holds zeros, what it held at the start, or what one of them wrote there.
 */
#ifndef RUN_CHECKER_H
#define RUN_CHECKER_H

#include "host/ledger.h"
#include "nesc/content.h"
#include "run/scenario.h"

#define CHECKER_TEXT_BYTES 320

/* A physical extent of a file, as it was at the start. */
typedef struct checker_extent {
	uint64_t physical_block, num_blocks, file_block;
	uint32_t file;
} checker_extent;

typedef struct checker checker;

/* A core's view of its VM's disk: it has a clock of its own, so it has a ledger of its own. */
typedef struct checker_core {
	checker *checker;
	uint32_t vm;
	ledger book;
} checker_core;

struct checker {
	const storage_plan *plan;
	content content;
	checker_extent *extents; /* by physical block */
	size_t num_extents;
	checker_core *cores; /* VM by VM */
	uint32_t num_cores, num_vcpus;
	uint64_t num_violations;
	ledger_violation first_violation;
};

/* NULL when out of memory; to be freed with checker_destroy(). */
checker *checker_create(const scenario *given, const storage_plan *plan);
void checker_destroy(checker *self);

/* The ledger of core number `core` of the VM; NULL without `self`. */
ledger *checker_ledger(checker *self, uint32_t vm, uint32_t core);

/* A read of a VM returned what it may not. */
void checker_violated(void *self, const ledger_violation *violation);

/* Violations of both kinds; *text gets the first one in words (CHECKER_TEXT_BYTES). Or NESCSIM_NO_MEMORY in *status_out. */
uint64_t checker_verdict(const checker *self, char *text, nescsim_status *status_out);

#endif
