#include "run/checker.h"

#include <inttypes.h>
#include <stdlib.h>

#define SECTORS_PER_BLOCK (TREE_BLOCK_BYTES / IO_SECTOR_BYTES)

static int by_physical_block(const void *a, const void *b)
{
	const checker_extent *one = a, *two = b;

	return one->physical_block < two->physical_block ? -1 : one->physical_block > two->physical_block;
}

static const checker_extent *find_extent(const checker *self, uint64_t block)
{
	size_t low = 0, high = self->num_extents;

	while (low < high) {
		const size_t middle = low + (high - low) / 2;
		const checker_extent *at = &self->extents[middle];

		if (block < at->physical_block)
			high = middle;
		else if (block - at->physical_block >= at->num_blocks)
			low = middle + 1;
		else
			return at;
	}
	return NULL;
}

/* content_hooks */
static content_stamp initial_stamp(void *context, uint64_t physical_sector)
{
	const checker *self = context;
	const uint64_t block = physical_sector / SECTORS_PER_BLOCK;
	const checker_extent *at = find_extent(self, block);

	if (at == NULL)
		return content_garbage();
	return content_initial(self->plan->files[at->file].image,
			       (at->file_block + (block - at->physical_block)) * SECTORS_PER_BLOCK +
				       physical_sector % SECTORS_PER_BLOCK);
}

static uint32_t initial_owner(void *context, uint64_t block)
{
	const checker_extent *at = find_extent(context, block);

	return at == NULL ? CONTENT_FREE : at->file + 1;
}

/* The PF reaches all; a VF the files that its disk is made of. */
static bool may_touch(void *context, uint32_t function, uint32_t owner)
{
	const checker *self = context;
	const storage_disk *disk;

	if (function == 0)
		return true;
	disk = &self->plan->disks[function - 1];
	for (uint32_t i = 0; i < disk->num_parts; i++)
		if (owner == disk->parts[i].file + 1)
			return true;
	return false;
}

/* The part of the VM's disk that a sector lies in, and the sector of its file. */
static const storage_part *part_of(const storage_plan *plan, uint32_t vm, uint64_t sector, uint64_t *file_sector_out)
{
	const storage_disk *disk = &plan->disks[vm - 1];
	const uint64_t block = sector / SECTORS_PER_BLOCK;
	uint32_t part = 0;

	while (part + 1 < disk->num_parts && block >= disk->parts[part + 1].first_block)
		part++;
	*file_sector_out = sector - disk->parts[part].first_block * SECTORS_PER_BLOCK;
	return &disk->parts[part];
}

/* ledger_config.initial */
static content_stamp initial_of_vm(void *context, uint64_t sector)
{
	const checker_core *core = context;
	const storage_plan *plan = core->checker->plan;
	uint64_t file_sector;
	const storage_part *part = part_of(plan, core->vm, sector, &file_sector);

	if (disk_layout_find(&plan->disks[core->vm - 1].layout, sector / SECTORS_PER_BLOCK) == NULL)
		return content_zero();
	return content_initial(plan->files[part->file].image, file_sector);
}

/* ledger_config.may_share: is it the same sector of the same file? */
static bool may_share(void *context, uint32_t vm, uint64_t their_sector, uint64_t sector)
{
	const checker_core *core = context;
	const storage_plan *plan = core->checker->plan;
	uint64_t our_place, their_place;

	if (vm == 0 || vm > plan->num_disks)
		return false;
	return part_of(plan, core->vm, sector, &our_place)->file ==
		       part_of(plan, vm, their_sector, &their_place)->file &&
	       our_place == their_place;
}

static bool only_containment(const scenario *given, const storage_plan *plan, checker_core *disk)
{
	if (given->guest.num_vcpus > 1 || scenario_vm_is_resized(given, disk->vm))
		return true;
	for (uint32_t vm = 1; vm <= plan->num_disks; vm++)
		if (vm != disk->vm && storage_shares_file(plan, disk->vm, vm))
			return true;
	return false;
}

static bool list_extents(checker *self)
{
	const storage_plan *plan = self->plan;
	size_t num = 0;

	for (uint32_t i = 0; i < plan->num_files; i++)
		num += plan->files[i].layout.num_extents;
	self->extents = malloc((num + 1) * sizeof(*self->extents));
	if (self->extents == NULL)
		return false;
	for (uint32_t i = 0; i < plan->num_files; i++)
		for (size_t j = 0; j < plan->files[i].layout.num_extents; j++) {
			const extent *from = &plan->files[i].layout.extents[j];

			self->extents[self->num_extents++] = (checker_extent){
				.physical_block = from->physical_block,
				.num_blocks = from->num_blocks,
				.file_block = from->logical_block,
				.file = i,
			};
		}
	qsort(self->extents, self->num_extents, sizeof(*self->extents), by_physical_block);
	return true;
}

checker *checker_create(const scenario *given, const storage_plan *plan)
{
	checker *self = calloc(1, sizeof(*self));
	content_hooks hooks = { .initial = initial_stamp, .initial_owner = initial_owner, .may_touch = may_touch };

	if (self == NULL)
		return NULL;
	self->plan = plan;
	hooks.context = self;
	content_init(&self->content, &hooks);
	self->num_vcpus = (uint32_t)given->guest.num_vcpus;
	self->cores = calloc((size_t)plan->num_disks * self->num_vcpus + 1, sizeof(*self->cores));
	if (self->cores == NULL || !list_extents(self)) {
		checker_destroy(self);
		return NULL;
	}
	self->num_cores = plan->num_disks * self->num_vcpus;
	for (uint32_t i = 0; i < self->num_cores; i++) {
		checker_core *core = &self->cores[i];
		ledger_config config = {
			.vm = i / self->num_vcpus + 1,
			.context = core,
			.initial = initial_of_vm,
		};

		config.num_sectors = plan->disks[config.vm - 1].layout.num_bytes / IO_SECTOR_BYTES;
		*core = (checker_core){ .checker = self, .vm = config.vm };
		if (only_containment(given, plan, core))
			config.may_share = may_share;
		ledger_init(&core->book, &config);
	}
	return self;
}

void checker_destroy(checker *self)
{
	if (self == NULL)
		return;
	for (uint32_t i = 0; i < self->num_cores; i++)
		ledger_fini(&self->cores[i].book);
	content_fini(&self->content);
	free(self->extents);
	free(self->cores);
	free(self);
}

ledger *checker_ledger(checker *self, uint32_t vm, uint32_t core)
{
	return self == NULL ? NULL : &self->cores[(vm - 1) * self->num_vcpus + core].book;
}

void checker_violated(void *context, const ledger_violation *violation)
{
	checker *self = context;

	if (self->num_violations++ == 0 || violation->end_ps < self->first_violation.end_ps)
		self->first_violation = *violation;
}

uint64_t checker_verdict(const checker *self, char *text, nescsim_status *status_out)
{
	*status_out = content_status(&self->content);
	for (uint32_t i = 0; i < self->num_cores; i++)
		if (ledger_status(&self->cores[i].book) != NESCSIM_OK)
			*status_out = NESCSIM_NO_MEMORY;
	if (self->num_violations != 0)
		ledger_violation_text(&self->first_violation, text, CHECKER_TEXT_BYTES);
	else if (self->content.num_violations != 0)
		content_violation_text(&self->content.first_violation, text, CHECKER_TEXT_BYTES);
	return self->num_violations + self->content.num_violations;
}
