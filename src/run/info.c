#include "nescsim/info.h"

#include "base/diag.h"
#include "host/real_map.h"
#include "media/medium.h"
#include "stacks/stack.h"
#include "workload/source.h"
#include "workload/trace.h"

const char *nescsim_version(void)
{
	return NESCSIM_VERSION;
}

static const cfg_variants *variants_of(nescsim_list list)
{
	switch (list) {
	case NESCSIM_LIST_SCHEMES:
		return &stack_variants;
	case NESCSIM_LIST_MEDIA:
		return &media_variants;
	case NESCSIM_LIST_WORKLOADS:
		return &workload_variants;
	case NESCSIM_LIST_READERS:
	case NESCSIM_LIST_MAPS:
		break;
	}
	return NULL;
}

size_t nescsim_list_num(nescsim_list list)
{
	const cfg_variants *variants = variants_of(list);

	if (list == NESCSIM_LIST_MAPS)
		return real_map_num_formats;
	return variants == NULL ? trace_num_formats : variants->num_rows;
}

nescsim_item nescsim_list_item(nescsim_list list, size_t index)
{
	const cfg_variants *variants = variants_of(list);

	if (index >= nescsim_list_num(list))
		return (nescsim_item){ .name = NULL };
	if (list == NESCSIM_LIST_MAPS)
		return (nescsim_item){ .name = real_map_formats[index].name, .help = real_map_formats[index].help };
	if (variants == NULL)
		return (nescsim_item){ .name = trace_formats[index].name, .help = trace_formats[index].help };
	return (nescsim_item){ .name = variants->rows[index].name, .help = variants->rows[index].help };
}

const char *nescsim_nearest(const char *word, const char *const *candidates, size_t num_candidates)
{
	return diag_nearest(word, candidates, num_candidates);
}

nescsim_status nescsim_diag_error(nescsim_diag *diag, nescsim_status status, const char *message, const char *hint)
{
	return diag_add(diag, NESCSIM_ERROR, status, NULL, hint, "%s", message);
}
