/* A result folder that is either whole or not there.
 *
 * Files are written into a temporary sibling, "NAME.partial-…" (base/partial.h), and each is synced; folder_commit() renames it to its
 * final name. A crash leaves at most the sibling, whose name says what it is. Of two that write the same folder at once,
 * on one host or two, the last one's stands, or the first one's if both have the same result.json; neither fails.
 *
 * What may already be at the final name: nothing, an empty folder, or an earlier result folder: one that holds a
 * result.json and, besides it, only regular files of the kinds that nescsim leaves (csv, json, log, txt, html, png,
 * svg, pdf, gp, dat). That one is kept until the new one is complete and then replaced. Everything else is refused and
 * left untouched, so that a stray result.json in a home folder costs nobody anything. A symbolic link is followed.
 *
 * Missing parents are created by folder_begin().
 */
#ifndef METRICS_FOLDER_H
#define METRICS_FOLDER_H

#include <stdbool.h>
#include <stdio.h>

#include "base/diag.h"

/* X(symbol, name): files that a result folder may hold. */
#define FOLDER_FILE_LIST(X)           \
	X(RESULT, "result.json")      \
	X(SUMMARY, "summary.csv")     \
	X(STAGES, "stages.csv")       \
	X(UNITS, "units.csv")         \
	X(CPU, "cpu.csv")             \
	X(HISTOGRAM, "histogram.csv") \
	X(MISSES, "misses.csv")       \
	X(REQUESTS, "requests.csv")

/* And that the folder of a sweep holds: what was asked for, and the table. */
#define SWEEP_PLAN_FILE "sweep.json"
#define SWEEP_TABLE_FILE "sweep.csv"

typedef enum folder_file {
#define FOLDER_FILE_ENUM(symbol, name) FOLDER_##symbol,
	FOLDER_FILE_LIST(FOLDER_FILE_ENUM)
#undef FOLDER_FILE_ENUM
	FOLDER_NUM_FILES
} folder_file;

extern const char *const folder_file_names[FOLDER_NUM_FILES];

typedef struct folder folder;

/* Removes an earlier result folder, or an empty one. Everything else is left untouched, as by folder_begin(), and links are
 * not followed. False when something is there then. */
bool folder_remove_result(const char *path);

/* Checks that a later folder_begin() on `path` can succeed, so that nothing is simulated in vain. Touches nothing.
 * Returns NESCSIM_OK, NESCSIM_USAGE (something else is there, or `path` names no folder), NESCSIM_IO (unwritable
 * parent) or NESCSIM_NO_MEMORY; the reason is in `diag`. */
nescsim_status folder_check_writable(const char *path, nescsim_diag *diag);

/* Makes the folder and its missing parents; one that is there is fine. Returns NESCSIM_OK, NESCSIM_IO (the reason is in
 * `diag`) or NESCSIM_NO_MEMORY. */
nescsim_status folder_make(const char *path, nescsim_diag *diag);

/* Removes what crashed runs left in the folder `parent`: the siblings "NAME.partial-…" of processes of this host that have
 * ended. With `also_of_others` all siblings, for when all results are there: a run that still writes one then fails. What
 * cannot be removed stays. */
void folder_remove_leftovers(const char *parent, bool also_of_others);

/* Starts a result folder. Same statuses as folder_check_writable(). `diag` must live until commit or abort. On success
 * *folder_out ends with folder_commit() or folder_abort(). */
nescsim_status folder_begin(const char *path, nescsim_diag *diag, folder **folder_out);

/* Opens a new file of the folder for writing; `name` has no slash. Ends with folder_close_file(). NULL when it cannot
 * be made (the reason is in diag, and the commit will fail). */
FILE *folder_open_file(folder *self, const char *name);

/* Flushes, syncs and closes a file of folder_open_file(). Returns NESCSIM_OK or NESCSIM_IO (the reason is in diag, and
 * the commit will fail). */
nescsim_status folder_close_file(folder *self, FILE *file);

/* Gives the folder its final name and frees `self`. All files must be closed. Returns NESCSIM_OK, NESCSIM_IO or
 * NESCSIM_USAGE (something else has appeared there). When a file had failed everything is removed; when all files are
 * whole and only the name could not be given, they are kept in the sibling and the hint in diag says where. */
nescsim_status folder_commit(folder *self);

/* Removes what was written and frees `self`. NULL is allowed. Files that are still open are the caller's to close. */
void folder_abort(folder *self);

#endif
