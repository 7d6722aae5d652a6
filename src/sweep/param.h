/* What `--param` and `sweep.params` say: which keys take which values.
 *
 *   KEY=LIST                  one axis of the grid
 *   zip:KEY=LIST;KEY=LIST…    keys that change together, as one axis: all first values, then all second ones …
 *
 * A LIST has its items between commas. An item is a value as --set takes it, or a range of whole numbers:
 *
 *   4..32+4                   4, 8, 12 … 32; without +STEP in steps of 1
 *   1..64*2                   1, 2, 4 … 64
 *   512 B..64 KiB*2           with units, which a first number without one takes from the last: 1..64 KiB*2
 *
 * The last number is a bound: 1..10*3 is 1, 3, 9. Commas, semicolons and two dots inside of [], {}, "" or '' belong to
 * the value.
 *
 * A KEY of a zip may be a label, "@setting": it sets nothing, but names the values of the others in a column of its own.
 */
#ifndef SWEEP_PARAM_H
#define SWEEP_PARAM_H

#include <stdbool.h>
#include <stddef.h>

#include "base/diag.h"
#include "base/text.h"

#define PARAM_MAX_VALUES 1000000 /* of one key */

/* Texts that live on the heap. */
typedef struct text_list {
	char **items;
	size_t num, capacity;
} text_list;

typedef struct param_key {
	char *path; /* "nesc.btlb.entries", or the name of a label: "setting" */
	bool is_label;
	text_list values; /* as --set would take them; a label's without quotation marks */
} param_key;

/* Keys that change together; each has as many values as the others. */
typedef struct param_axis {
	param_key *keys;
	size_t num_keys, num_values;
	/* What names of files in the values are relative to, with a '/' at its end, on the heap; NULL = the working
	 * directory. Of who parsed it to fill in. */
	char *folder;
	diag_place place; /* where it stands; likewise */
} param_axis;

/* Takes one parameter apart. All mistakes go into diag, at `place`. Returns NESCSIM_OK, NESCSIM_USAGE (no KEY=LIST, an
 * empty item or range, lists of a zip that differ in length, a zip of labels only, a label elsewhere, a key twice, over
 * PARAM_MAX_VALUES values) or
 * NESCSIM_NO_MEMORY. *axis_out is to be freed with param_fini() in every case. */
nescsim_status param_parse(const char *text, const diag_place *place, nescsim_diag *diag, param_axis *axis_out);

void param_fini(param_axis *axis);

/* Adds the value of a label as a list has it: in quotation marks if it would else be another text, or several. */
void param_add_label_value(text_buffer *list, const char *value);

#endif
