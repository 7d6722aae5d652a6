/* gnuplot, run on a script. */
#ifndef PLOT_DRAW_H
#define PLOT_DRAW_H

#include "base/diag.h"
#include "base/text.h"

/* Runs gnuplot on `script` (a file name) in `folder` and appends the picture to `picture`, without the time of its making and
 * whatever gnuplot's settings in the environment are. After `limit_ms` (milliseconds, above 0) it is killed.
 * Returns NESCSIM_OK; NESCSIM_IO (there is no gnuplot: the message names its package; or it cannot be run);
 * NESCSIM_RUN_FAILED (it fails: what it said is in `diag`; or it is killed); NESCSIM_NO_MEMORY. */
nescsim_status plot_draw(const char *folder, const char *script, int limit_ms, text_buffer *picture,
			 nescsim_diag *diag);

#endif
