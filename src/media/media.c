#include "media/medium.h"

const medium_ops *const medium_table[] = {
#define X(name) &medium_##name,
#include "media/media.def"
#undef X
};

const size_t medium_table_num = sizeof(medium_table) / sizeof(medium_table[0]);

/* The config's table needs constants, so each medium also exports its section and help under a fixed name. */
#define X(name)                                           \
	extern const cfg_section medium_##name##_section; \
	extern const char medium_##name##_help[];
#include "media/media.def"
#undef X

static const cfg_variant_row media_rows[] = {
#define X(medium) { .name = #medium, .help = medium_##medium##_help, .section = &medium_##medium##_section },
#include "media/media.def"
#undef X
};

const cfg_variants media_variants = {
	.tag = "kind",
	.default_name = "dram",
	.rows = media_rows,
	.num_rows = sizeof(media_rows) / sizeof(media_rows[0]),
};
