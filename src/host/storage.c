#include "host/storage.h"

#include <stdlib.h>
#include <string.h>

static bool is_named(const char *name)
{
	return name != NULL && name[0] != '\0';
}

static uint64_t blocks_at_start(const disk_config *file)
{
	return file->map.index == DISK_MAP_LAZY || file->map.index == DISK_MAP_EXTENTS
		       ? 0
		       : (uint64_t)file->num_bytes / TREE_BLOCK_BYTES;
}

/* Index of the named file, or num_files. */
static uint32_t find_file(const storage_plan *plan, const char *name)
{
	uint32_t index = 0;

	if (!is_named(name))
		return plan->num_files;
	while (index < plan->num_files &&
	       (!is_named(plan->files[index].name) || strcmp(plan->files[index].name, name) != 0))
		index++;
	return index;
}

static nescsim_status add_file(storage_plan *plan, const disk_config *file, uint64_t seed, uint64_t stream,
			       nescsim_diag *diag)
{
	storage_file *files = realloc(plan->files, (plan->num_files + 1) * sizeof(*files));
	uint32_t image = 0;
	nescsim_status status;

	if (files == NULL)
		return NESCSIM_NO_MEMORY;
	plan->files = files;
	files[plan->num_files] = (storage_file){ .name = file->file, .image_name = file->image };
	while (is_named(file->image) &&
	       (!is_named(files[image].image_name) || strcmp(files[image].image_name, file->image) != 0))
		image++;
	files[plan->num_files].image = is_named(file->image) ? image : plan->num_files;
	status = disk_layout_init(&files[plan->num_files].layout, file, plan->num_blocks, seed, stream, diag);
	plan->num_blocks += files[plan->num_files++].layout.room_blocks;
	return status;
}

static bool same_files(const storage_disk *a, const storage_disk *b)
{
	if (a->num_parts != b->num_parts)
		return false;
	for (uint32_t i = 0; i < a->num_parts; i++)
		if (a->parts[i].file != b->parts[i].file)
			return false;
	return true;
}

/* Appends extents of a part as the disk's. */
static size_t append_extents(extent *to, size_t num, const extent *from, size_t num_from, uint64_t first_block)
{
	for (size_t i = 0; i < num_from; i++) {
		to[num] = from[i];
		to[num++].logical_block += first_block;
	}
	return num;
}

/* The parts' extents, moved to where they are in the disk. */
static nescsim_status join_layouts(storage_disk *disk, const storage_file *files)
{
	disk_layout *joined = &disk->layout;
	size_t num_extents = 0, num_unwritten = 0;

	for (uint32_t i = 0; i < disk->num_parts; i++) {
		num_extents += files[disk->parts[i].file].layout.num_extents;
		num_unwritten += files[disk->parts[i].file].layout.num_unwritten;
	}
	joined->extents = malloc((num_extents + 1) * sizeof(extent));
	joined->unwritten = malloc((num_unwritten + 1) * sizeof(extent));
	if (joined->extents == NULL || joined->unwritten == NULL)
		return NESCSIM_NO_MEMORY;
	for (uint32_t i = 0; i < disk->num_parts; i++) {
		const storage_part *part = &disk->parts[i];
		const disk_layout *layout = &files[part->file].layout;

		joined->num_extents = append_extents(joined->extents, joined->num_extents, layout->extents,
						     layout->num_extents, part->first_block);
		joined->num_unwritten = append_extents(joined->unwritten, joined->num_unwritten, layout->unwritten,
						       layout->num_unwritten, part->first_block);
		joined->num_bytes += layout->num_bytes;
		joined->num_blocks += layout->num_blocks;
	}
	return NESCSIM_OK;
}

static nescsim_status add_disk(storage_plan *plan, const disk_config *config, uint64_t seed, nescsim_diag *diag)
{
	const uint32_t index = plan->num_disks++;
	storage_disk *disk = &plan->disks[index];
	uint64_t first_block = 0;

	disk->num_parts = (uint32_t)config->append.num + 1;
	disk->parts = calloc(disk->num_parts, sizeof(*disk->parts));
	if (disk->parts == NULL)
		return NESCSIM_NO_MEMORY;
	for (uint32_t i = 0; i < disk->num_parts; i++) {
		const disk_config *file = disk_config_file(config, i);
		uint32_t number = find_file(plan, file->file);

		/* The first VM that names a file says how it lies. */
		if (number == plan->num_files) {
			const nescsim_status status = add_file(plan, file, seed, (index + 1) | (uint64_t)i << 32, diag);

			if (status != NESCSIM_OK)
				return status;
		}
		disk->parts[i] = (storage_part){
			.file = number,
			.first_block = first_block,
			.num_blocks = plan->files[number].layout.num_bytes / TREE_BLOCK_BYTES,
		};
		first_block += disk->parts[i].num_blocks;
	}
	while (!same_files(&plan->disks[disk->same_as], disk))
		disk->same_as++;
	return join_layouts(disk, plan->files);
}

nescsim_status storage_plan_init(storage_plan *plan, const disk_config *const *disks, uint32_t num_vms, uint64_t seed,
				 nescsim_diag *diag)
{
	nescsim_status status = NESCSIM_OK;

	*plan = (storage_plan){ .disks = calloc(num_vms + 1, sizeof(storage_disk)) };
	if (plan->disks == NULL)
		return NESCSIM_NO_MEMORY;
	for (uint32_t i = 0; status == NESCSIM_OK && i < num_vms; i++)
		status = add_disk(plan, disks[i], seed, diag);
	if (status != NESCSIM_OK)
		storage_plan_fini(plan);
	return status;
}

void storage_plan_fini(storage_plan *plan)
{
	for (uint32_t i = 0; i < plan->num_files; i++)
		disk_layout_fini(&plan->files[i].layout);
	for (uint32_t i = 0; i < plan->num_disks; i++) {
		free(plan->disks[i].parts);
		disk_layout_fini(&plan->disks[i].layout);
	}
	free(plan->files);
	free(plan->disks);
	*plan = (storage_plan){ .num_files = 0 };
}

/* Has an earlier file of the configuration this name? */
static bool named_before(const disk_config *const *disks, uint32_t vm, size_t file, const char *name)
{
	for (uint32_t i = 0; i <= vm; i++)
		for (size_t j = 0; j <= disks[i]->append.num; j++) {
			const char *other = disk_config_file(disks[i], j)->file;

			if (i == vm && j == file)
				return false;
			if (is_named(other) && strcmp(other, name) == 0)
				return true;
		}
	return false;
}

uint64_t storage_num_blocks(const disk_config *const *disks, uint32_t num_vms)
{
	uint64_t num_blocks = 0;

	for (uint32_t i = 0; i < num_vms; i++)
		for (size_t j = 0; j <= disks[i]->append.num; j++) {
			const disk_config *file = disk_config_file(disks[i], j);

			if (!is_named(file->file) || !named_before(disks, i, j, file->file))
				num_blocks += blocks_at_start(file);
		}
	return num_blocks;
}

bool storage_shares_file(const storage_plan *plan, uint32_t vm, uint32_t other_vm)
{
	const storage_disk *one = &plan->disks[vm - 1], *other = &plan->disks[other_vm - 1];

	for (uint32_t i = 0; i < one->num_parts; i++)
		for (uint32_t j = 0; j < other->num_parts; j++)
			if (one->parts[i].file == other->parts[j].file)
				return true;
	return false;
}

bool storage_has_holes(const storage_plan *plan)
{
	for (uint32_t i = 0; i < plan->num_files; i++)
		if (plan->files[i].layout.num_blocks < plan->files[i].layout.num_bytes / TREE_BLOCK_BYTES)
			return true;
	return false;
}
