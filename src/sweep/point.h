/* One point of a sweep: its files, and running it. */
#ifndef SWEEP_POINT_H
#define SWEEP_POINT_H

#include "sweep/plan.h"

#define POINTS_FOLDER "points"

/* The folder of all points; to be freed, NULL when out of memory. */
char *points_folder(const char *out_folder);

/* The name of the point's result folder, "OUT/points/0001", with `suffix` behind it; to be freed, NULL when out of
 * memory. */
char *point_path(const char *out_folder, uint64_t point, const char *suffix);

/* Has the folder a whole result of this configuration, made by this version, of files as input_files_remembered() has them? */
bool point_has_result(const char *out_folder, uint64_t point, const nescsim_config *config);

/* Has it one of this configuration, but of other files? */
bool point_read_other_files(const char *out_folder, uint64_t point, const nescsim_config *config);

/* What makes two results the same, as a number: of a configuration, and of a result folder, whole and of this version, at `path`
 * (0: it is none). */
uint64_t point_key(const nescsim_config *config);
uint64_t point_key_of_folder(const char *path);

/* Removes the log if it says nothing: that of a point that went well. */
void point_drop_empty_log(const char *out_folder, uint64_t point);

/* Runs the point in this process. Its result folder is there only if this returns
 * NESCSIM_OK; diag may then still say why this run failed, while another one made the result. */
nescsim_status point_run(const sweep_plan *plan, uint64_t point, nescsim_diag *diag);

#endif
