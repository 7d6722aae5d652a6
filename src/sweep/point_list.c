#include "sweep/point_list.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "sweep/executor.h"

/* A number of decimal digits at *at, which moves behind it. */
static bool take_number(const char **at, uint64_t *number_out)
{
	char *end;

	if (!isdigit((unsigned char)**at))
		return false;
	*number_out = strtoull(*at, &end, 10);
	*at = end; /* one that is too large is the largest, and no point's */
	return true;
}

static nescsim_status complain(nescsim_diag *diag, const char *hint, const char *item, size_t item_bytes,
			       const char *what)
{
	const diag_place place = { .file = "--points" };

	return diag_add(diag, NESCSIM_ERROR, NESCSIM_USAGE, &place, hint, "'%.*s' %s", (int)item_bytes, item, what);
}

static nescsim_status take_item(const char *item, size_t item_bytes, const sweep_plan *plan, nescsim_diag *diag,
				uint64_t *bits)
{
	const char *at = item;
	uint64_t first, last;
	char hint[64];

	if (!take_number(&at, &first))
		return complain(diag, "such as 1-50,52", item, item_bytes, "is no number of a point");
	last = first;
	if (*at == '-') {
		at++;
		if (!take_number(&at, &last))
			return complain(diag, "such as 1-50,52", item, item_bytes, "is no range of points");
	}
	if (at != item + item_bytes)
		return complain(diag, "such as 1-50,52", item, item_bytes, "is no number or range of points");
	if (first > last)
		return complain(diag, "the smaller number comes first", item, item_bytes, "is empty");
	if (first == 0 || last > plan->num_points) {
		snprintf(hint, sizeof(hint), "they are numbered from 1 to %" PRIu64, plan->num_points);
		return complain(diag, hint, item, item_bytes, "is not among the points of this sweep");
	}
	for (uint64_t point = first; point <= last; point++)
		job_add(bits, point - 1);
	return NESCSIM_OK;
}

nescsim_status point_list_parse(const char *text, const sweep_plan *plan, nescsim_diag *diag, uint64_t *bits,
				uint64_t *num_out)
{
	nescsim_status status = NESCSIM_OK;

	for (const char *item = text;; item++) {
		const size_t item_bytes = strcspn(item, ",");

		if (take_item(item, item_bytes, plan, diag, bits) != NESCSIM_OK)
			status = NESCSIM_USAGE;
		item += item_bytes;
		if (*item == '\0')
			break;
	}
	*num_out = 0;
	for (size_t i = 0; i < job_num_words(plan); i++)
		*num_out += (uint64_t)__builtin_popcountll(bits[i]);
	return status;
}

void point_list_add(const uint64_t *points, size_t num_points, text_buffer *to)
{
	for (size_t i = 0, next; i < num_points; i = next) {
		for (next = i + 1; next < num_points && points[next] == points[next - 1] + 1; next++)
			;
		text_add(to, "%s%" PRIu64, i == 0 ? "" : ",", points[i] + 1);
		if (next > i + 1)
			text_add(to, "-%" PRIu64, points[next - 1] + 1);
	}
}
