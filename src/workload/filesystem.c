#include "workload/filesystem.h"

#include <stddef.h>

typedef enum filesystem_kind {
	FILESYSTEM_NONE,
} filesystem_kind;

static const cfg_section none_section = { .name = "filesystem none", .keys = NULL, .num_keys = 0, .struct_bytes = 1 };

static const cfg_variant_row rows[] = {
	[FILESYSTEM_NONE] = { "none", "the workload asks the disk itself", &none_section },
};

const cfg_variants filesystem_variants = {
	.tag = "kind",
	.default_name = "none",
	.rows = rows,
	.num_rows = sizeof(rows) / sizeof(rows[0]),
};

bool filesystem_is_used(const source_context *context)
{
	return context->filesystem != NULL && context->filesystem->index != FILESYSTEM_NONE;
}
