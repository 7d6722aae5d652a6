/* What somebody wants drawn: the options of `nescsim plot`, or an entry of the section `figures` of a configuration, as the
 * result folder keeps it. */
#ifndef PLOT_WISH_H
#define PLOT_WISH_H

#include <stddef.h>

#include "base/diag.h"
#include "config/arena.h"

/* NULL: as the figure says, or none. */
typedef struct plot_wish {
	const char *name;   /* of its files; NULL: the figure's, or made of x and y */
	const char *figure; /* of the table of figures; NULL: x against y */
	const char *title, *x, *y, *by;
	const char *const *where;
	size_t num_where;
} plot_wish;

/* Reads "figures" of a result.json or sweep.json; a file without any has no wishes. Returns NESCSIM_OK; NESCSIM_IO
 * (unreadable); NESCSIM_CONFIG (no JSON, or none that nescsim wrote: reported); NESCSIM_NO_MEMORY. What *wishes_out points
 * to belongs to `memory`. */
nescsim_status plot_wishes_read(const char *file_name, arena *memory, nescsim_diag *diag, plot_wish **wishes_out,
				size_t *num_out);

#endif
